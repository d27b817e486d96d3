/* Folders that do not survive their process, not even one that is killed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"

#define RANDOM "XXXXXX"
#define ATTEMPTS 100
#define LOCK ".lock"

/* Is `name` what mkdtemp() makes of "PREFIX.XXXXXX"? */
static bool is_scratch(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	return !strncmp(name, prefix, n) && name[n] == '.' &&
	       strlen(name + n + 1) == strlen(RANDOM);
}

/* Who uses a folder has the file in it locked, not the folder, which is others' to lock. Where
 * there is none yet, or files cannot be locked, nothing is removed but an empty folder. */
static void clear_stale(const char *within, const char *prefix)
{
	DIR *dir = opendir(within);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		CLEANUP_FREE char *path = NULL, *lock = NULL;
		CLEANUP_CLOSE int fd = -1;
		struct err ignored = ERR_INIT;

		if (!is_scratch(e->d_name, prefix))
			continue;
		path = xasprintf("%s/%s", within, e->d_name);
		lock = xasprintf("%s/" LOCK, path);
		fd = open(lock, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			tree_remove(path, &ignored);
		else if (fd < 0 && errno == ENOENT)
			rmdir(path); /* whoever is just making it makes another */
	}
	if (dir)
		closedir(dir);
}

/* Locks it until the process ends, for which the descriptor stays open. Fails if another process,
 * clearing up, came between. */
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
	clear_stale(within, prefix);
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
