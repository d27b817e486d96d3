/* Any text as a recipe, as a preset and as the locks of a set; what is taken is complete.
 *
 * Source: src/recipe/yaml.c src/recipe/lock.c src/recipe/profiles.c src/recipe/releases.c
 *   src/recipe/version.c
 */
#include "fuzz.h"

#include "recipe/recipe.c"
#include "recipe/preset.c"

#define read_place read_lock_place
#define read_entry read_lock_entry
#include "recipe/lock.c"
#include "recipe/profiles.c"

static void recipe_of(const char *path)
{
	CLEANUP(cleanup_recipe) struct recipe *r = xcalloc(1, sizeof(*r));
	CLEANUP(yaml_release) struct yaml y = {0};
	struct err err = ERR_INIT;

	r->name = xstrdup("zlib");
	if (yaml_load(path, &y, &err) < 0 || read_recipe(&y, r, &err) < 0) {
		fuzz_check_err(&err);
		return;
	}
	fuzz_check(r->licence);
	for (size_t i = 0; i < r->n_patches; i++) {
		fuzz_check(r->patches[i].file && r->patches[i].reason);
		version_matches("3.13.5", r->patches[i].versions);
	}
	for (size_t i = 0; i < r->n_tools; i++)
		fuzz_check(r->tools[i].program && r->tools[i].package);
}

static int takes(const char *option, const char *value, struct err *err)
{
	return strlen(value) < 8 ? 0 : err_set(err, ERR_INPUT, "%s: %s", option, value);
}

static void preset_of(const char *path)
{
	CLEANUP(cleanup_preset) struct preset *p = xcalloc(1, sizeof(*p));
	CLEANUP(yaml_release) struct yaml y = {0};
	struct err err = ERR_INIT;

	if (yaml_load(path, &y, &err) < 0 || read_preset(&y, takes, p, &err) < 0) {
		fuzz_check_err(&err);
		return;
	}
	fuzz_check(p->summary && p->settings.n % 2 == 0 && p->n_sources > 0);
	for (size_t i = 0; i < p->n_sources; i++)
		fuzz_check(p->sources[i].project && p->sources[i].date);
}

static void lock_of(const char *path)
{
	CLEANUP(cleanup_lock) struct lock *l = xcalloc(1, sizeof(*l));
	CLEANUP(yaml_release) struct yaml y = {0};
	const struct lock_entry *found[4];
	struct err err = ERR_INIT;

	l->set = xstrdup("debian");
	if (yaml_load(path, &y, &err) < 0 || read_lock(&y, l, &err) < 0) {
		fuzz_check_err(&err);
		return;
	}
	for (size_t i = 0; i < l->n; i++) {
		fuzz_check(l->entries[i].urls.n > 0 && strlen(l->entries[i].sha256) == 64);
		fuzz_check(lock_find(l, l->entries[i].package, NULL, found, 4) > 0);
	}
}

static void index_of(const char *path)
{
	CLEANUP(cleanup_profiles) struct profiles *p = xcalloc(1, sizeof(*p));
	CLEANUP(yaml_release) struct yaml y = {0};
	struct err err = ERR_INIT;

	if (yaml_load(path, &y, &err) < 0 || read_index(&y, p, &err) < 0) {
		fuzz_check_err(&err);
		return;
	}
	for (size_t i = 0; i < p->n; i++) {
		fuzz_check(p->v[i].size && !strchr(p->v[i].file, '/') && p->v[i].file[0] != '.');
		fuzz_check(profiles_find(p, &p->v[i]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd = fuzz_file(data, size, path);

	recipe_of(path);
	preset_of(path);
	lock_of(path);
	index_of(path);
	close(fd);
	return 0;
}
