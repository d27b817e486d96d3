/* From finished steps to the tree that users get. Declared in build/cpython.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/file.h"
#include "build/cpython.h"
#include "build/output.h"
#include "build/relocate.h"

#define KEY_FILE "share/solder/key"
#define MANIFEST_FILE "share/solder/build.json"
#define MANIFEST_MAX ((size_t)4 << 20)

static bool has_text(const char *dir, const char *file, const char *text)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", dir, file);
	CLEANUP_BUF struct buf found = BUF_INIT;
	struct err ignored = ERR_INIT;

	return file_read(path, MANIFEST_MAX, &found, &ignored) == 0 && !strcmp(found.data, text);
}

bool cpython_is_current(const char *dir, const char *key)
{
	return has_text(dir, KEY_FILE, key);
}

int cpython_check_output(const char *dir, struct err *err)
{
	CLEANUP_FREE char *key = xasprintf("%s/" KEY_FILE, dir);
	int empty;

	if (!path_exists(dir) || path_exists(key))
		return 0;
	empty = path_is_dir(dir) ? dir_is_empty(dir, err) : 0;
	if (empty)
		return empty < 0 ? -1 : 0;
	err_set(err, ERR_ENVIRONMENT, "'%s' is there and was not made by solder", dir);
	return err_hint(err, "name another place with -o DIR, or remove it");
}

/* What the packages bring for run time: shared data (terminfo) and the texts of licences. */
static int add_packages(const struct cpython_plan *p, const struct cache *cache,
	const struct folder *tree, struct err *err)
{
	for (size_t i = 0; i < p->plan.n; i++) {
		CLEANUP_FREE char *path = cache_tree(cache, p->plan.steps[i]->id);
		CLEANUP_FOLDER struct folder made = FOLDER_INIT;

		if (folder_open(path, &made, err) < 0)
			return -1;
		if (p->plan.steps[i] != p->compile &&
			tree_copy_below(&made, "install/share", tree, "share", err) < 0)
			return -1;
		if (tree_copy_below(&made, "licences", tree, "share/licenses", err) < 0)
			return -1;
	}
	return 0;
}

/* And the libpython.so that was linked with it, if the compile's own is not what is wanted. */
static int add_interpreter(const struct cpython_plan *p, const struct cache *cache,
	const struct folder *tree, struct err *err)
{
	CLEANUP_FREE char *path = cache_tree(cache, p->link->id);
	CLEANUP_FREE char *from = xasprintf("python%s", p->series);
	CLEANUP_FREE char *to = xasprintf("bin/python%s", p->series);
	CLEANUP_FREE char *library = xasprintf("libpython%s.so.1.0", p->series);
	CLEANUP_FREE char *to_library = xasprintf("lib/libpython%s.so.1.0", p->series);
	CLEANUP_FOLDER struct folder made = FOLDER_INIT;
	CLEANUP_CLOSE int fd = -1;
	int copied;

	if (folder_open(path, &made, err) < 0)
		return -1;
	copied = tree_copy_below(&made, from, tree, to, err);
	if (copied < 1)
		return copied < 0 ? -1 : err_set(err, ERR_INPUT, "'%s' has no '%s'", path, from);
	fd = file_open_below(tree, to, err);
	if (fd < 0)
		return -1;
	if (fchmod(fd, 0755) < 0)
		return err_sys(err, "cannot make '%s/%s' executable", tree->path, to);
	return tree_copy_below(&made, library, tree, to_library, err) < 0 ? -1 : 0;
}

static int read_epoch(
	const struct cpython_plan *p, const struct cache *cache, long long *epoch, struct err *err)
{
	CLEANUP_FREE char *path = cache_tree(cache, p->compile->id);
	CLEANUP_FOLDER struct folder compiled = FOLDER_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (folder_open(path, &compiled, err) < 0 ||
		file_read_below(&compiled, "source-date-epoch", 64, &text, err) < 0)
		return -1;
	*epoch = strtoll(text.data, NULL, 10);
	return 0;
}

/* The patches that a package's source got, {"file", "reason", "sha256"}. A recipe is part of the
 * key of its step, so these are the ones. */
static int add_patches(const struct step *s, json_t *package, struct err *err)
{
	json_t *patches = json_array();
	int failed = 0;

	for (size_t i = 0; failed == 0 && i < s->recipe->n_patches; i++) {
		const struct recipe_patch *patch = &s->recipe->patches[i];
		CLEANUP_FREE char *path = recipe_patch_path(s->recipe, patch);
		char hex[SHA256_HEX_SIZE];

		if (!version_matches(s->version, patch->versions))
			continue;
		failed = sha256_file(path, hex, NULL, err);
		if (failed == 0)
			json_array_append_new(
				patches, json_pack("{s:s, s:s, s:s}", "file", patch->file, "reason",
						 patch->reason, "sha256", hex));
	}
	if (json_array_size(patches))
		json_object_set(package, "patches", patches);
	json_decref(patches);
	return failed;
}

static int add_all_patches(const struct cpython_plan *p, json_t *manifest, struct err *err)
{
	json_t *package;
	size_t i;

	json_array_foreach (json_object_get(manifest, "packages"), i, package) {
		const char *name = json_string_value(json_object_get(package, "name"));

		for (size_t k = 0; name && k < p->plan.n; k++) {
			const struct step *s = p->plan.steps[k];

			if (s->recipe && s->version && !strcmp(s->recipe->name, name) &&
				add_patches(s, package, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* What only the finished steps know. Times do not survive every copy of a tree, so the date is
 * written down, too. *ret is to be freed. */
static int complete_manifest(const struct cpython_plan *p, const char *manifest, long long epoch,
	char **ret, struct err *err)
{
	json_t *j = json_loads(manifest, 0, NULL);
	int failed;

	if (!json_is_object(j))
		bug("the manifest of a distribution is no JSON object");
	failed = add_all_patches(p, j, err);
	json_object_set_new(j, "source_date_epoch", json_integer(epoch));
	*ret = json_dumps(j, JSON_INDENT(2));
	json_decref(j);
	return failed;
}

static int fill(const struct cpython_plan *p, const struct cache *cache, const char *dir,
	const char *key, const char *manifest, struct err *err)
{
	CLEANUP_FREE char *path = cache_tree(cache, p->tree->id);
	CLEANUP_FOLDER struct folder made = FOLDER_INIT, tree = FOLDER_INIT;

	if (folder_open(path, &made, err) < 0 || folder_open(dir, &tree, err) < 0 ||
		tree_copy_below(&made, "python", &tree, ".", err) < 0 ||
		add_interpreter(p, cache, &tree, err) < 0 ||
		add_packages(p, cache, &tree, err) < 0 ||
		make_dirs_below(&tree, "share/solder", err) < 0 ||
		file_write_below(&tree, KEY_FILE, key, strlen(key), 0644, err) < 0 ||
		file_write_below(&tree, MANIFEST_FILE, manifest, strlen(manifest), 0644, err) < 0)
		return -1;
	/* A link that stays within the output of its step may lead out of this tree. */
	return output_check(dir, err);
}

/* The two places beside `dir` that the trees pass on their way. Their names are fixed, so that
 * whatever a killed build left there is found. */
struct beside {
	char *fresh, *old;
};

static void beside_release(struct beside *b)
{
	free(b->fresh);
	free(b->old);
}

/* After a kill between the two renames the old tree stands aside; it comes back. */
static int repair(const char *dir, const struct beside *b, struct err *err)
{
	if (!path_exists(dir) && path_exists(b->old) && path_rename(b->old, dir, err) < 0)
		return -1;
	return tree_remove(b->old, err) < 0 || tree_remove(b->fresh, err) < 0 ? -1 : 0;
}

/* Puts the fresh tree where `dir` is. The old one goes aside first and is removed last. */
static int swap_in(const char *dir, const struct beside *b, struct err *err)
{
	if (!path_exists(dir))
		return path_rename(b->fresh, dir, err);
	if (path_rename(dir, b->old, err) < 0)
		return -1;
	if (path_rename(b->fresh, dir, err) < 0) {
		rename(b->old, dir);
		return -1;
	}
	return tree_remove(b->old, err);
}

int cpython_assemble(const struct cpython_plan *p, const struct cache *cache, const char *dir,
	const char *key, const char *manifest, struct err *err)
{
	CLEANUP(beside_release)
	struct beside b = {xasprintf("%s.solder-new", dir), xasprintf("%s.solder-old", dir)};
	CLEANUP_FREE char *complete = NULL;
	struct err ignored = ERR_INIT;
	long long epoch;

	if (read_epoch(p, cache, &epoch, err) < 0 ||
		complete_manifest(p, manifest, epoch, &complete, err) < 0)
		return -1;
	if (repair(dir, &b, err) < 0)
		return err_wrap(err, "clearing away what an interrupted build left at '%s'", dir);
	if (cpython_is_current(dir, key) && has_text(dir, MANIFEST_FILE, complete))
		return 1;
	if (cpython_check_output(dir, err) < 0)
		return -1;
	if (make_dirs(b.fresh, err) < 0 || fill(p, cache, b.fresh, key, complete, err) < 0 ||
		relocate_pin_times(b.fresh, epoch, err) < 0 || swap_in(dir, &b, err) < 0) {
		tree_remove(b.fresh, &ignored);
		return err_wrap(err, "putting the distribution together at '%s'", dir);
	}
	return 0;
}
