#include "explain/explain.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "proc/proc.h"

#define PROBE_OUTPUT ((size_t)64 << 10)
#define PROBE_MS 30000

static const char probe[] = "import os, sys\n"
			    "print(sys.base_prefix)\n"
			    "print(os.path.realpath(os.path.dirname(os.__file__)))\n";

static int link_all(const char *from, const char *to, const char *except, struct err *err)
{
	DIR *dir = opendir(from);
	struct dirent *e;
	int result = 0;

	if (!dir)
		return err_sys(err, "cannot read '%s'", from);
	while (result == 0 && (e = readdir(dir))) {
		CLEANUP_FREE char *target = xasprintf("%s/%s", from, e->d_name);
		CLEANUP_FREE char *link = xasprintf("%s/%s", to, e->d_name);

		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
			(!except || strcmp(e->d_name, except)) && symlink(target, link) < 0)
			result = err_sys(err, "cannot create '%s'", link);
	}
	closedir(dir);
	return result;
}

/* Puts a copy of PREFIX/rel, a libpython, at ROOT/rel: Python takes its prefix from where that is.
 * The folders on the way become real ones. */
static int copy_library(const char *prefix, const char *root, const char *rel, struct err *err)
{
	CLEANUP_FREE char *from = xasprintf("%s/%s", prefix, rel);
	CLEANUP_FREE char *to = xasprintf("%s/%s", root, rel);

	for (const char *slash = strchr(rel, '/'); slash; slash = strchr(slash + 1, '/')) {
		int n = (int)(slash - rel);
		CLEANUP_FREE char *source = xasprintf("%s/%.*s", prefix, n, rel);
		CLEANUP_FREE char *folder = xasprintf("%s/%.*s", root, n, rel);

		if (unlink(folder) < 0)
			return err_sys(err, "cannot remove '%s'", folder);
		if (make_dirs(folder, err) < 0 || link_all(source, folder, NULL, err) < 0)
			return -1;
	}
	if (unlink(to) < 0)
		return err_sys(err, "cannot remove '%s'", to);
	return tree_copy(from, to, err);
}

/* What comes behind "FOLDER/" in the path; NULL: it is not there. */
static const char *below(const char *folder, const char *path)
{
	size_t n = strlen(folder);

	return path && !strncmp(path, folder, n) && path[n] == '/' ? path + n + 1 : NULL;
}

/* Does the copy take itself for the whole, and find the standard library? */
static bool is_at_home(const struct explain_place *place, const struct dist *dist)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT, lines = STRV_INIT;
	CLEANUP_BUF struct buf output = BUF_INIT;
	CLEANUP_FREE char *stdlib = dist->stdlib ? realpath(dist->stdlib, NULL) : NULL;
	const struct proc_spec spec = {
		.argv = &argv, .env = &env, .cwd = place->root, .out = -1, .err = -1};
	struct err ignored = ERR_INIT;

	strv_add(&argv, place->interpreter);
	strv_add(&argv, "-ISBc");
	strv_add(&argv, probe);
	if (proc_run(&spec, true, PROBE_OUTPUT, PROBE_MS, &output, &ignored) < 0)
		return false;
	strv_split(&lines, output.data ? output.data : "", "\n");
	return lines.n == 2 && !strcmp(lines.v[0], place->root) && stdlib &&
	       !strcmp(lines.v[1], stdlib);
}

int explain_place(
	const struct dist *dist, const char *root, struct explain_place *place, struct err *err)
{
	CLEANUP_FREE char *bin = xasprintf("%s/bin", root);
	struct err ignored = ERR_INIT;

	const char *library = below(dist->prefix, dist->libpython_loaded);

	*place = (struct explain_place){
		.original = xstrdup(dist->interpreter), .prefix = xstrdup(dist->prefix)};
	if (make_dirs(bin, err) < 0)
		return -1;
	place->root = realpath(root, NULL);
	if (!place->root)
		return err_sys(err, "cannot resolve '%s'", root);
	place->interpreter = xasprintf("%s/bin/python", place->root);
	if (link_all(dist->prefix, place->root, "bin", err) < 0 ||
		tree_copy(dist->interpreter, place->interpreter, err) < 0 ||
		(library && strncmp(library, "bin/", 4) != 0 &&
			copy_library(dist->prefix, place->root, library, err) < 0))
		return -1;
	place->moved = is_at_home(place, dist);
	if (place->moved)
		return 0;
	free(place->interpreter);
	place->interpreter = xstrdup(dist->interpreter);
	return tree_remove(place->root, &ignored);
}

void explain_place_restore(const struct explain_place *place, struct callgrind *run)
{
	size_t n = strlen(place->interpreter);

	if (!place->moved)
		return;
	for (size_t i = 0; i < run->objects.n; i++) {
		char *object = run->objects.v[i];
		const char *rest = below(place->root, object);

		if (!rest)
			continue;
		run->objects.v[i] = strcmp(object, place->interpreter)
					    ? xasprintf("%s/%s", place->prefix, rest)
					    : xstrdup(place->original);
		free(object);
	}
	if (run->command && !strncmp(run->command, place->interpreter, n)) {
		char *command = xasprintf("%s%s", place->original, run->command + n);

		free(run->command);
		run->command = command;
	}
}

void explain_place_release(struct explain_place *place)
{
	free(place->root);
	free(place->interpreter);
	free(place->original);
	free(place->prefix);
	*place = (struct explain_place){0};
}
