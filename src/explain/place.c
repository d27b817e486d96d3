#include "explain/explain.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* Does the copy take itself for the whole, and find the standard library? */
static bool is_at_home(const struct explain_place *place, const struct python *dist)
{
	CLEANUP_STRV struct strv env = STRV_INIT, lines = STRV_INIT;
	CLEANUP_FREE char *stdlib = dist->stdlib ? realpath(dist->stdlib, NULL) : NULL;
	const struct py_program copy = {.interpreter = place->interpreter,
		.options = PY_ISOLATED,
		.env = &env,
		.cwd = place->root};
	struct err ignored = ERR_INIT;

	return py_home(&copy, &lines, &ignored) == 0 && lines.n >= 2 &&
	       !strcmp(lines.v[0], place->root) && stdlib && !strcmp(lines.v[1], stdlib);
}

int explain_place(
	const struct python *dist, const char *root, struct explain_place *place, struct err *err)
{
	const char *library = py_below(dist->prefix, dist->libpython_loaded);
	struct err ignored = ERR_INIT;

	*place = (struct explain_place){
		.original = xstrdup(dist->interpreter), .prefix = xstrdup(dist->prefix)};
	if (make_dirs(root, err) < 0)
		return -1;
	place->root = realpath(root, NULL);
	if (!place->root)
		return err_sys(err, "cannot resolve '%s'", root);
	place->interpreter = xasprintf("%s/bin/python", place->root);
	if (py_copy(dist, place->root, place->interpreter, err) < 0)
		return -1;
	/* Beside the program it cannot be put; such a one is run where it is. */
	if (library && strncmp(library, "bin/", 4) != 0 &&
		py_copy_library(dist, place->root, err) < 0)
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
		const char *rest = py_below(place->root, object);

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
