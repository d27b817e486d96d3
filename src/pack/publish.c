/* Replaces several files of a folder as one transaction.
 *
 * New files are written and synced in a staging folder. One rename turns it into a journal: before,
 * nothing has happened; after, everything will. The files are then moved out of the journal. If a
 * run is killed in between, the journal remains, and the next run that writes into the folder moves
 * the rest.
 *
 * At every moment SHA256SUMS is correct for each archive in the folder that it names: the first
 * file moved is a list without the archives about to be replaced, and after the archives comes the
 * complete list. Its signature, valid for the complete list only, follows, and then downloads.json.
 */
#include "pack/pack-internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define JOURNAL ".solder-publish"

bool publish_is_pending(const char *folder)
{
	CLEANUP_FREE char *journal = xasprintf("%s/" JOURNAL, folder);

	return path_exists(journal);
}

/* Whoever could write into the journal controls its content. */
static int check_owner(const char *journal, struct err *err)
{
	struct stat st;

	if (lstat(journal, &st) < 0)
		return err_sys(err, "cannot look at '%s'", journal);
	if (S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022))
		return 0;
	err_set(err, ERR_ENVIRONMENT,
		"'%s' is not a folder of yours that only you can change, so what it holds is not "
		"published",
		journal);
	return err_hint(err, "let its owner pack into this folder again, or remove it");
}

static int rank(const char *name)
{
	static const char *const order[] = {
		FIRST_SUMS_FILE, NULL, SUMS_FILE, SIGNATURE_FILE, INDEX_FILE};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		if (order[i] && !strcmp(name, order[i]))
			return (int)i;
	}
	return 1;
}

static int by_rank(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	return rank(x) != rank(y) ? rank(x) - rank(y) : strcmp(x, y);
}

static int list(const char *journal, struct strv *names, struct err *err)
{
	DIR *dir = opendir(journal);
	struct dirent *e;

	if (!dir)
		return err_sys(err, "cannot list '%s'", journal);
	while ((e = readdir(dir))) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			strv_add(names, e->d_name);
	}
	closedir(dir);
	sort_array(names->v, names->n, sizeof(*names->v), by_rank);
	return 0;
}

/* Once the journal has been renamed, the next run continues from here. */
static int not_done(const char *folder, struct err *err)
{
	err_wrap(err, "publishing in '%s' is not finished", folder);
	return err_hint(err, "remove the cause and pack into it again");
}

static int move_all(const char *folder, const char *journal, struct err *err)
{
	CLEANUP_STRV struct strv names = STRV_INIT;

	if (list(journal, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.v[i];
		CLEANUP_FREE char *from = xasprintf("%s/%s", journal, name);
		CLEANUP_FREE char *to =
			xasprintf("%s/%s", folder, rank(name) == 0 ? SUMS_FILE : name);

		/* Sync each: the order must survive a power failure. */
		if (path_rename(from, to, err) < 0)
			return not_done(folder, err);
	}
	if (rmdir(journal) < 0)
		return err_sys(err, "cannot remove '%s'", journal);
	return 0;
}

int publish_complete(const char *folder, struct progress *progress, struct err *err)
{
	CLEANUP_FREE char *journal = xasprintf("%s/" JOURNAL, folder);

	if (!path_exists(journal))
		return 0;
	if (check_owner(journal, err) < 0 || move_all(folder, journal, err) < 0)
		return -1;
	progress_say(progress, "what an interrupted run was about to publish in '%s' is now there",
		folder);
	return 0;
}

int publish_commit(const char *stage, const char *folder, struct err *err)
{
	CLEANUP_FREE char *journal = xasprintf("%s/" JOURNAL, folder);

	if (path_sync(stage, err) < 0)
		return -1;
	/* The rename may have succeeded, and only the sync failed. */
	if (path_rename(stage, journal, err) < 0)
		return path_exists(journal) ? not_done(folder, err) : -1;
	return move_all(folder, journal, err);
}
