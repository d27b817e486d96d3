/* The side that works: one step is made from its folder, in a cache of its own. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/below.h"
#include "base/file.h"
#include "farm/farm-internal.h"
#include "plan/record.h"
#include "tar/tar.h"

/* Tools of another release would make other code under the same key. */
static int check_tools(const struct order *o, struct err *err)
{
	char hex[SHA256_HEX_SIZE];

	for (size_t i = 0; i < o->tools.n; i += 2) {
		if (sha256_file(o->tools.v[i], hex, NULL, err) < 0)
			return err_hint(
				err, "install what the machine has that asks for this step");
		if (!strcmp(hex, o->tools.v[i + 1]))
			continue;
		err_set(err, ERR_ENVIRONMENT,
			"'%s' is not the one of the machine that asks for this step",
			o->tools.v[i]);
		return err_hint(err, "let both have the same packages");
	}
	return 0;
}

/* Unpacks an archive of the order into the new folder `to`. */
static int unpack(
	const struct order *o, const struct order_file *f, const char *to, struct err *err)
{
	CLEANUP_CLOSE int fd = open_known(o->dir, f, err);

	return fd < 0 ? -1 : tar_extract_fd(fd, f->name, to, 1, NULL, err);
}

/* Makes the tree of another step an entry of the cache. */
static int take_tree(const struct order *o, const struct order_file *f, const struct cache *cache,
	const char *scratch, struct err *err)
{
	const char *id = f->name + strlen(INPUTS);
	CLEANUP_FREE char *tree = xasprintf("%s/tree", scratch);
	const struct cache_notes notes = {.title = id, .inputs = &(struct strv)STRV_INIT};

	return unpack(o, f, tree, err) < 0 || output_check(tree, err) < 0 ||
			       cache_commit(cache, id, tree, &notes, err) < 0
		       ? -1
		       : 0;
}

/* The step of the plan with this id, which is added if it is not there. */
static struct step *add_step(struct plan *p, const char *id, const char *title)
{
	CLEANUP_FREE char *name = xstrndup(id, (size_t)(strrchr(id, '-') - id));
	struct step *s;

	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->steps[i]->id, id))
			return p->steps[i];
	s = plan_add(p, name, title);
	snprintf(s->id, sizeof(s->id), "%s", id);
	s->reason = xstrdup("asked for");
	return s;
}

/* The plan of the one step, whose needs are in the cache. */
static int make_plan(const struct order *o, const struct cache *cache, const char *scratch,
	struct plan *p, struct err *err)
{
	CLEANUP_FREE char *recipe = xasprintf("%s/recipe", scratch);
	CLEANUP_CLOSE int source = o->source.name ? open_known(o->dir, &o->source, err) : -1;
	struct step *s, *need;

	if (o->source.name && source < 0)
		return -1;
	if (o->recipe.name && unpack(o, &o->recipe, recipe, err) < 0)
		return -1;
	for (size_t i = 0; i < o->n_trees; i++) {
		const char *id = o->trees[i].name + strlen(INPUTS);

		if (take_tree(o, &o->trees[i], cache, scratch, err) < 0)
			return err_wrap(err, "taking '%s'", o->trees[i].name);
		need = add_step(p, id, id);
		need->cached = cache_use(cache, id, NULL);
	}
	for (size_t i = 0; i < o->n_needs; i++) {
		CLEANUP_FREE char *name = xasprintf(INPUTS "%s", o->needs[i].id);
		size_t k = 0;

		while (k < o->n_trees && strcmp(o->trees[k].name, name) != 0)
			k++;
		if (k == o->n_trees || !strcmp(o->needs[i].id, o->id))
			return err_set(err, ERR_INPUT, "the tree '%s' is not there", name);
	}
	s = add_step(p, o->id, o->title);
	s->script = xstrdup(o->script);
	s->source = o->source.name ? xasprintf("%s/%s", o->dir, o->source.name) : NULL;
	for (size_t i = 0; i < o->env.n; i++)
		strv_add(&s->env, o->env.v[i]);
	for (size_t i = 0; i < o->programs.n; i++)
		strv_add(&s->programs, o->programs.v[i]);
	for (size_t i = 0; i < o->files.n; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", recipe, o->files.v[i]);

		step_file(s, path, o->files.v[i]);
	}
	for (size_t i = 0; i < o->n_needs; i++) {
		const struct order_need *n = &o->needs[i];

		need = add_step(p, n->id, n->id);
		if (n->name)
			step_view(s, n->name, need, n->below ? n->below : "");
		else
			step_need(s, need, true);
	}
	return 0;
}

static int give_log(
	const struct order *o, const struct cache *cache, struct result *r, struct err *err)
{
	CLEANUP_FREE char *from = cache_log(cache, o->id);
	CLEANUP_FREE char *to = xasprintf("%s/" LOG_FILE, o->dir);
	char hex[SHA256_HEX_SIZE];

	if (tree_copy(from, to, err) < 0 || sha256_file(to, hex, &r->log_size, err) < 0)
		return -1;
	r->log_sha256 = xstrdup(hex);
	return 0;
}

static int give_output(
	const struct order *o, const struct cache *cache, struct result *r, struct err *err)
{
	const struct tar_options options = {.level = LEVEL, .threads = 2, .mtime = EPOCH};
	CLEANUP_FREE char *tree = cache_tree(cache, o->id), *text = NULL;
	CLEANUP_FREE char *to = xasprintf("%s/" OUTPUT_FILE, o->dir);
	CLEANUP_FREE char *path = xasprintf("%s/" RESULT_FILE, o->dir);
	CLEANUP_TAR_LIST struct tar_list list = {0};
	struct tar_result packed;
	json_t *root;

	if (tar_list_add_tree(&list, tree, "tree", err) < 0 ||
		tar_write(to, &list, &options, &packed, err) < 0)
		return -1;
	r->id = xstrdup(o->id);
	r->output_sha256 = xstrdup(packed.hex);
	r->output_size = packed.size;
	r->took_ns = cache_took(cache, o->id);
	root = result_json(r);
	text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	return file_write(path, text, strlen(text), 0644, err);
}

int farm_work(const struct order *o, const struct farm_work *work, struct err *err)
{
	CLEANUP_FREE char *dir = xasprintf("%s/cache", work->scratch);
	CLEANUP(cleanup_cache) struct cache *cache = NULL;
	CLEANUP(plan_release) struct plan plan = {0};
	CLEANUP_RESULT struct result r = {0};
	struct plan_options options = {
		.jobs = work->jobs, .sandbox = work->sandbox, .progress = work->progress};
	struct plan_result ran;
	struct err ignored = ERR_INIT;

	if (check_tools(o, err) < 0 || cache_open(dir, &cache, err) < 0 ||
		make_plan(o, cache, work->scratch, &plan, err) < 0)
		return -1;
	options.cache = cache;
	if (plan_run(&plan, &options, &ran, err) < 0) {
		give_log(o, cache, &r, &ignored);
		return -1;
	}
	return give_log(o, cache, &r, err) < 0 ? -1 : give_output(o, cache, &r, err);
}
