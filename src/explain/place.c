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
			strcmp(e->d_name, except) && symlink(target, link) < 0)
			result = err_sys(err, "cannot create '%s'", link);
	}
	closedir(dir);
	return result;
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

	*place = (struct explain_place){.original = xstrdup(dist->interpreter)};
	if (make_dirs(bin, err) < 0)
		return -1;
	place->root = realpath(root, NULL);
	if (!place->root)
		return err_sys(err, "cannot resolve '%s'", root);
	place->interpreter = xasprintf("%s/bin/python", place->root);
	if (link_all(dist->prefix, place->root, "bin", err) < 0 ||
		tree_copy(dist->interpreter, place->interpreter, err) < 0)
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
		if (strcmp(run->objects.v[i], place->interpreter) != 0)
			continue;
		free(run->objects.v[i]);
		run->objects.v[i] = xstrdup(place->original);
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
	*place = (struct explain_place){0};
}
