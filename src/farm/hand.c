/* The side that asks: a step is written into a folder, and its output taken from there. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/file.h"
#include "farm/farm-internal.h"
#include "plan/record.h"
#include "tar/tar.h"

/* Packs a list into INPUTS below `dir`. */
static int pack_input(const char *dir, const char *name, struct tar_list *list, int64_t mtime,
	struct order_file *f, struct err *err)
{
	const struct tar_options options = {.level = LEVEL, .threads = 2, .mtime = mtime};
	CLEANUP_FREE char *plain = xasprintf("%s/" INPUTS "%s", dir, name);
	CLEANUP_FREE char *packed = xasprintf("%s.tar.zst", plain);
	struct tar_result result;

	if (tar_write(packed, list, &options, &result, err) < 0)
		return -1;
	if (rename(packed, plain) < 0)
		return err_sys(err, "cannot rename '%s'", packed);
	*f = (struct order_file){xasprintf(INPUTS "%s", name), xstrdup(result.hex), result.size};
	return 0;
}

/* The date that stands for a source folder, which steps read from the files at its top. */
static int newest_at_top(void *ctx, const struct tree_entry *e, struct err *err)
{
	int64_t *newest = ctx;

	(void)err;
	if (S_ISREG(e->st->st_mode) && !strchr(e->rel, '/') && e->st->st_mtime > *newest)
		*newest = e->st->st_mtime;
	return 0;
}

static int add_source(const struct step *s, const char *dir, struct order *o, struct err *err)
{
	CLEANUP_FREE char *to = xasprintf("%s/" INPUTS "source", dir);
	CLEANUP_TAR_LIST struct tar_list list = {0};
	char hex[SHA256_HEX_SIZE];
	int64_t mtime = EPOCH;

	if (!s->source)
		return 0;
	if (path_is_dir(s->source))
		return tree_walk(s->source, newest_at_top, &mtime, err) < 0 ||
				       tar_list_add_tree(&list, s->source, "source", err) < 0 ||
				       pack_input(dir, "source", &list, mtime, &o->source, err) < 0
			       ? -1
			       : 0;
	if (tree_copy(s->source, to, err) < 0 || sha256_file(to, hex, &o->source.size, err) < 0)
		return -1;
	o->source.name = xstrdup(INPUTS "source");
	o->source.sha256 = xstrdup(hex);
	return 0;
}

static int add_recipe(const struct step *s, const char *dir, struct order *o, struct err *err)
{
	CLEANUP_TAR_LIST struct tar_list list = {0};

	if (!s->files.n)
		return 0;
	for (size_t i = 0; i < s->files.n; i += 2) {
		CLEANUP_FREE char *as = xasprintf("recipe/%s", s->files.v[i + 1]);
		struct stat st;

		if (stat(s->files.v[i], &st) < 0)
			return err_sys(err, "cannot examine '%s'", s->files.v[i]);
		tar_list_add_file(&list, s->files.v[i], as, st.st_mode & 0100);
		strv_add(&o->files, s->files.v[i + 1]);
	}
	return pack_input(dir, "recipe", &list, EPOCH, &o->recipe, err);
}

/* Packs the tree of a need, once. */
static int add_tree(const struct step *need, const struct cache *cache, const char *dir,
	struct order *o, struct err *err)
{
	CLEANUP_FREE char *tree = cache_tree(cache, need->id);
	CLEANUP_TAR_LIST struct tar_list list = {0};

	for (size_t i = 0; i < o->n_trees; i++)
		if (!strcmp(o->trees[i].name + strlen(INPUTS), need->id))
			return 0;
	return tar_list_add_tree(&list, tree, "tree", err) < 0
		       ? -1
		       : pack_input(
				 dir, need->id, &list, EPOCH, ARRAY_ADD(o->trees, o->n_trees), err);
}

static int add_needs(const struct step *s, const struct cache *cache, const char *dir,
	struct order *o, struct err *err)
{
	for (size_t i = 0; i < s->n_needs; i++) {
		if (!s->merge[i])
			continue;
		*ARRAY_ADD(o->needs, o->n_needs) =
			(struct order_need){.id = xstrdup(s->needs[i]->id)};
		if (add_tree(s->needs[i], cache, dir, o, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < s->n_views; i++) {
		*ARRAY_ADD(o->needs, o->n_needs) =
			(struct order_need){.id = xstrdup(s->views[i].step->id),
				.name = xstrdup(s->views[i].name),
				.below = xstrdup(s->views[i].below)};
		if (add_tree(s->views[i].step, cache, dir, o, err) < 0)
			return -1;
	}
	return 0;
}

/* The programs that the environment names: the worker must have the same. */
static int add_tools(const struct step *s, struct order *o, struct err *err)
{
	CLEANUP_STRV struct strv tools = STRV_INIT;
	char hex[SHA256_HEX_SIZE];

	step_tools(s, &tools);
	for (size_t i = 0; i < tools.n; i++) {
		if (sha256_file(tools.v[i], hex, NULL, err) < 0)
			return -1;
		strv_add(&o->tools, tools.v[i]);
		strv_add(&o->tools, hex);
	}
	for (size_t i = 0; i < s->env.n; i++)
		strv_add(&o->env, s->env.v[i]);
	for (size_t i = 0; i < s->programs.n; i++)
		strv_add(&o->programs, s->programs.v[i]);
	return 0;
}

int farm_hand_out(const struct step *s, const struct cache *cache, const char *dir, struct err *err)
{
	CLEANUP_ORDER struct order *o = xcalloc(1, sizeof(*o));
	CLEANUP_FREE char *folder = xasprintf("%s/" INPUTS, dir), *text = NULL;
	CLEANUP_FREE char *path = xasprintf("%s/" ORDER_FILE, dir);
	CLEANUP_FREE char *script = xasprintf("%s/" SCRIPT_FILE, dir);
	char hex[SHA256_HEX_SIZE];
	json_t *root;

	if (!s->system)
		return err_set(err, ERR_ENVIRONMENT,
			"what the step sees of this machine is not known, so no other can be like it");
	o->id = xstrdup(s->id);
	o->title = xstrdup(s->title);
	o->system = xstrdup(s->system);
	sha256_hex(s->script, strlen(s->script), hex);
	o->script_file = (struct order_file){xstrdup(SCRIPT_FILE), xstrdup(hex), strlen(s->script)};
	if (make_dirs(folder, err) < 0 ||
		file_write(script, s->script, strlen(s->script), 0644, err) < 0 ||
		add_source(s, dir, o, err) < 0 || add_recipe(s, dir, o, err) < 0 ||
		add_needs(s, cache, dir, o, err) < 0 || add_tools(s, o, err) < 0)
		return -1;
	root = order_json(o);
	text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	return file_write(path, text, strlen(text), 0644, err);
}

int farm_take_back(
	const struct step *s, const char *dir, const char *out, uint64_t *took, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/" RESULT_FILE, dir);
	CLEANUP_RESULT struct result r = {0};
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_CLOSE int fd = -1, log = -1;

	if (!path_exists(path))
		return err_set(err, ERR_CHILD, "it ended well and brought no result");
	if (file_read(path, RESULT_MAX, &text, err) < 0)
		return -1;
	if (result_parse(text.data, text.len, &r, err) < 0)
		return err_wrap(err, "'%s'", path);
	if (strcmp(r.id, s->id) != 0)
		return err_set(err, ERR_INPUT, "it brought the result of another step");
	fd = open_known(dir,
		&(struct order_file){(char *)OUTPUT_FILE, r.output_sha256, r.output_size}, err);
	if (fd < 0 || tar_extract_fd(fd, OUTPUT_FILE, out, 1, NULL, err) < 0)
		return -1;
	log = open_known(
		dir, &(struct order_file){(char *)LOG_FILE, r.log_sha256, r.log_size}, err);
	if (log < 0)
		return -1;
	*took = r.took_ns;
	return 0;
}
