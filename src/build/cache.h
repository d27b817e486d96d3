/* The content-addressed cache of finished steps.
 *
 *   CACHE/store/NAME-KEY/tree     what the step made (KEY: 16 hexadecimal digits)
 *   CACHE/store/NAME-KEY/inputs   the lines that the key is made of, "label=value"
 *   CACHE/store/NAME-KEY/took     how long it took, in nanoseconds
 *   CACHE/sources/SHA256/FILE     verified downloads (the fetch room's)
 *   CACHE/logs/NAME-KEY.log       the output of the step's programs
 *   CACHE/work/NAME-KEY.XXXXXX    a step that is running
 *   CACHE/locks/NAME-KEY          held with flock() while a step runs
 *
 * An entry of the store appears by one rename and is never changed afterwards, so that readers
 * need no lock and any number of builds can share a cache.
 */
#ifndef SOLDER_BUILD_CACHE_H
#define SOLDER_BUILD_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct cache {
	char *dir; /* absolute */
};

/* Opens DIR, or $XDG_CACHE_HOME/solder, or ~/.cache/solder; creates the folders and clears away
 * what builds that were killed left in `work`. */
int cache_open(const char *dir, struct cache **ret, struct err *err);
/* The same for reading: nothing is created or cleared, and it need not be writable. A DIR that is
 * not there is an error; the others may be missing, and then nothing is found. */
int cache_open_to_read(const char *dir, struct cache **ret, struct err *err);
void cache_free(struct cache *c);
void cleanup_cache(struct cache **c);

/* Paths of an entry; the caller frees them. */
char *cache_tree(const struct cache *c, const char *id);
char *cache_log(const struct cache *c, const char *id);

bool cache_has(const struct cache *c, const char *id);
/* How long an entry took to make; 0 if unknown. */
uint64_t cache_took(const struct cache *c, const char *id);
/* The id of the newest entry of a step of that name, or NULL; the caller frees it. */
char *cache_latest(const struct cache *c, const char *name);
int cache_inputs(const struct cache *c, const char *id, struct strv *lines, struct err *err);

/* Locks an entry for making it: returns 1 and the lock's descriptor, 0 when another process
 * holds it, -1 on error. Closing the descriptor unlocks. */
int cache_lock(const struct cache *c, const char *id, int *fd, struct err *err);

/* A fresh folder for making the entry, whose lock the caller holds until it is removed. Clears away
 * what builds that were killed left of the same. Where the cache's path has blanks, the folder is
 * in TMPDIR and `work` has a link to it. */
int cache_work(const struct cache *c, const char *id, char **path, struct err *err);
void cache_work_remove(const struct cache *c, const char *path);

/* Makes `tree` (a folder in `work`) the entry's tree. */
int cache_commit(const struct cache *c, const char *id, const char *tree, const struct strv *inputs,
	uint64_t took, struct err *err);

#endif
