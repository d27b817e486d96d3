/* The shared counterpart of a static build, as solder build leaves it. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "check/wheel-internal.h"

static json_t *load_description(const char *prefix)
{
	CLEANUP_FREE char *path = xasprintf("%s/share/solder/build.json", prefix);
	struct err ignored = ERR_INIT;
	json_t *build = py_json_load(path, &ignored);
	json_t *distribution = json_incref(json_object_get(build, "distribution"));

	json_decref(build);
	return distribution;
}

static bool is_counterpart(const json_t *ours, const json_t *theirs)
{
	static const char *const same[] = {"python", "optimisation", "tls", "compiler", "triple"};
	const char *link = json_string_value(json_object_get(theirs, "link"));

	if (!link || strcmp(link, "shared") != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		const json_t *value = json_object_get(ours, same[i]);

		if (!value || !json_equal(value, json_object_get(theirs, same[i])))
			return false;
	}
	return true;
}

/* The first in the order of names, so that every run takes the same. */
static char *search(const char *parent, const json_t *ours)
{
	char *found = NULL;
	DIR *dir = opendir(parent);
	const struct dirent *e;

	while (dir && (e = readdir(dir))) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", parent, e->d_name);
		json_t *theirs = e->d_name[0] == '.' ? NULL : load_description(path);

		if (is_counterpart(ours, theirs) && (!found || strcmp(path, found) < 0)) {
			free(found);
			found = steal(&path);
		}
		json_decref(theirs);
	}
	if (dir)
		closedir(dir);
	return found;
}

char *wheel_find_counterpart(const struct python *dist)
{
	CLEANUP_FREE char *parent = path_dir(dist->prefix);
	json_t *ours = load_description(dist->prefix);
	const char *link = json_string_value(json_object_get(ours, "link"));
	char *found = NULL;

	if (link && !strcmp(link, "static"))
		found = search(parent, ours);
	json_decref(ours);
	return found;
}
