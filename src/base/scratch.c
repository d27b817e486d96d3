/* Folders that do not outlive their process, even if it is killed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define RANDOM "XXXXXX"
#define ATTEMPTS 100
#define LOCK ".lock"

/* True if only the X of mkdtemp()'s "PREFIX.XXXXXX" are replaced. */
bool scratch_is(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	return !strncmp(name, prefix, n) && name[n] == '.' &&
	       strlen(name + n + 1) == strlen(RANDOM);
}

int scratch_end(const char *path, struct err *err)
{
	CLEANUP_STRV struct strv names = STRV_INIT;
	struct err ignored = ERR_INIT;

	dir_list(path, &names, &ignored);
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *entry = xasprintf("%s/%s", path, names.v[i]);

		if (strcmp(names.v[i], LOCK) != 0 && tree_remove(entry, err) < 0)
			return -1;
	}
	return tree_remove(path, err);
}

/* A folder's user holds a lock on the file in it; the folder itself could be locked by others. A
 * folder whose file is locked, or cannot be locked, stays; one without the file is removed if
 * empty. Links and other users' folders stay. */
static void clear_one(const char *path)
{
	CLEANUP_CLOSE int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP_CLOSE int lock =
		dir < 0 ? -1 : openat(dir, LOCK, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct err ignored = ERR_INIT;
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0 || st.st_uid != geteuid())
		return;
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0)
		scratch_end(path, &ignored);
	else if (lock < 0)
		rmdir(path);
}

void scratch_clear(const char *within, const char *prefix)
{
	CLEANUP_STRV struct strv names = STRV_INIT;
	struct err ignored = ERR_INIT;

	dir_list(within, &names, &ignored);
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", within, names.v[i]);

		if (scratch_is(names.v[i], prefix))
			clear_one(path);
	}
}

/* Locks it until the process ends; the descriptor stays open. Fails if another process that is
 * clearing up interferes. */
static bool claim(const char *path)
{
	CLEANUP_FREE char *lock = xasprintf("%s/" LOCK, path);
	int fd = open(lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0 && (flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
		path_exists(lock))
		return true;
	if (fd >= 0)
		close(fd);
	return false;
}

char *scratch_make(const char *within, const char *prefix, struct err *err)
{
	scratch_clear(within, prefix);
	for (int i = 0; i < ATTEMPTS; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s." RANDOM, within, prefix);

		if (!mkdtemp(path)) {
			err_sys(err, "cannot create a folder in '%s'", within);
			return NULL;
		}
		if (claim(path))
			return steal(&path);
	}
	err_set(err, ERR_ENVIRONMENT, "cannot keep a folder in '%s'", within);
	return NULL;
}
