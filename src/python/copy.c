/* An interpreter in another place, with links to the rest of its prefix. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "python/python.h"

const char *py_below(const char *folder, const char *path)
{
	size_t n = strlen(folder);

	return path && !strncmp(path, folder, n) && path[n] == '/' ? path + n + 1 : NULL;
}

/* Links every entry of `from` into the folder `to`, except `except` (NULL: none). */
static int link_entries(const char *from, const char *to, const char *except, struct err *err)
{
	DIR *dir = opendir(from);
	struct dirent *e;
	int result = 0;

	if (!dir)
		return err_sys(err, "cannot read '%s'", from);
	while (result == 0 && (errno = 0, e = readdir(dir))) {
		CLEANUP_FREE char *target = xasprintf("%s/%s", from, e->d_name);
		CLEANUP_FREE char *place = xasprintf("%s/%s", to, e->d_name);

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
			(except && !strcmp(e->d_name, except)))
			continue;
		if (symlink(target, place) < 0)
			result = err_sys(err, "cannot create '%s'", place);
	}
	if (result == 0 && errno)
		result = err_sys(err, "cannot read '%s'", from);
	closedir(dir);
	return result;
}

int py_copy(const struct python *dist, const char *root, const char *python, struct err *err)
{
	CLEANUP_FREE char *bin = xasprintf("%s/bin", root);

	return make_dirs(bin, err) < 0 || link_entries(dist->prefix, root, "bin", err) < 0 ||
			       tree_copy(dist->interpreter, python, err) < 0
		       ? -1
		       : 0;
}

int py_copy_library(const struct python *dist, const char *root, struct err *err)
{
	const char *prefix = dist->prefix, *rel = py_below(prefix, dist->libpython_loaded);
	CLEANUP_FREE char *to = NULL;

	if (!rel)
		return 0;
	to = xasprintf("%s/%s", root, rel);
	for (const char *slash = strchr(rel, '/'); slash; slash = strchr(slash + 1, '/')) {
		int n = (int)(slash - rel);
		CLEANUP_FREE char *source = xasprintf("%s/%.*s", prefix, n, rel);
		CLEANUP_FREE char *place = xasprintf("%s/%.*s", root, n, rel);

		if (unlink(place) < 0)
			return err_sys(err, "cannot remove '%s'", place);
		if (mkdir(place, 0755) < 0)
			return err_sys(err, "cannot create '%s'", place);
		if (link_entries(source, place, NULL, err) < 0)
			return -1;
	}
	if (unlink(to) < 0)
		return err_sys(err, "cannot remove '%s'", to);
	return tree_copy(dist->libpython_loaded, to, err);
}
