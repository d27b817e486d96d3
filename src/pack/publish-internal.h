/* Several files of a folder, replaced as one act.
 *
 * What is new is written and synced in a folder beside its place, which one rename turns into a
 * journal: before it nothing has happened, after it all of it will. Then the files are moved out of
 * the journal. A run that is killed in between leaves the journal, and the next one that writes
 * into the folder moves the rest.
 *
 * At every moment SHA256SUMS is true of each archive in the folder that it names: the first to be
 * moved is a list without what is about to be replaced, and the last one is the whole. Its
 * signature, which holds for that one alone, follows, and then downloads.json.
 */
#ifndef SOLDER_PACK_PUBLISH_INTERNAL_H
#define SOLDER_PACK_PUBLISH_INTERNAL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/progress.h"

/* The list in a journal that comes before the archives. */
#define FIRST_SUMS_FILE "SHA256SUMS.first"
#define INDEX_FILE "downloads.json"
/* Of scratch folders beside what is published. */
#define SCRATCH ".solder-pack"

/* Has a run that was killed, or still runs, left something to be done in the folder? */
bool publish_is_pending(const char *folder);
/* Does it, and says so. The folder is locked by the caller. ERR_ENVIRONMENT if somebody else made
 * the journal, or could change it. */
int publish_complete(const char *folder, struct progress *progress, struct err *err);
/* `stage`, a folder of mode 0700 on the same file system, holds the files, each synced; it is gone
 * afterwards. The folder is locked, and nothing is pending. After a failure something may be. */
int publish_commit(const char *stage, const char *folder, struct err *err);

/* An archive that is replaced by another of the same name. */
struct renewal {
	const char *name, *old, *hex;
};

/* If FOLDER/downloads.json has digests of archives that are replaced, writes one with the new ones
 * to `path`. What it cannot read it leaves to pack_index() to complain of. */
int index_renew(const char *folder, const struct renewal *renewals, size_t n, const char *path,
	struct err *err);

#endif
