/* solder fetch: download the sources of a set, for building offline. */
#include <stdlib.h>

#include "base/term.h"
#include "cpython/sources.h"
#include "cmd/cmd.h"

struct values {
	const char *sources, *mirror, *cache, *recipes, *from;
	bool json;
};

static void defaults(void *values)
{
	((struct values *)values)->sources = "auto";
}

static int import(const struct values *v, const struct sources_options *so, struct err *err)
{
	size_t n;

	if (sources_import(so, v->from, &n, err) < 0)
		return -1;
	if (!n) {
		err_set(err, ERR_INPUT, "'%s' holds no file that any set locks", v->from);
		return err_hint(err, "recipes/sets/*.yaml name them; 'solder fetch' without --from "
				     "downloads them");
	}
	progress_say(so->progress, "%zu locked files taken from '%s'", n, v->from);
	return 0;
}

static void print_json(const struct sources *sources, const struct strv *paths)
{
	json_t *model = json_object(), *list = json_array();
	size_t at = 0;

	for (size_t i = 0; i < sources->n; i++) {
		const struct chosen *c = &sources->chosen[i];

		if (c->lock)
			json_array_append_new(
				list, json_pack("{s:s, s:s, s:s, s:s}", "package", c->recipe->name,
					      "version", c->version, "sha256", c->lock->sha256,
					      "path", paths->v[at++]));
	}
	json_object_set_new(model, "set", json_string(sources->lock->set));
	json_object_set_new(model, "sources", list);
	report_json("solder-fetch", model, stdout);
	json_decref(model);
}

static int fetch(
	const struct values *v, const struct strv *args, struct progress *progress, struct err *err)
{
	CLEANUP(cleanup_cache) struct cache *cache = NULL;
	CLEANUP_FREE char *recipes = NULL, *store = NULL;
	CLEANUP_STRV struct strv paths = STRV_INIT;
	struct sources_options so = {.set = v->sources, .progress = progress};
	struct fetch_options fo = {.mirror = v->mirror, .progress = progress};
	struct sources sources = {0};
	int failed;

	if (args->n && cmd_parse_package(args->v[0], &so.wanted, err) < 0)
		return -1;
	if (cmd_folder("recipes", v->recipes, &recipes, err) < 0 ||
		cache_open(v->cache, &cache, err) < 0)
		return -1;
	store = cache_sources(cache);
	fo.store = store;
	so.recipes = recipes;
	so.cache = cache;
	so.fetcher = fetcher_new(&fo);
	failed = (v->from && import(v, &so, err) < 0) || sources_choose(&so, &sources, err) < 0 ||
		 sources_fetch_all(&sources, so.fetcher, &paths, err) < 0;
	if (!failed && v->json)
		print_json(&sources, &paths);
	for (size_t i = 0; !failed && !v->json && i < paths.n; i++)
		term_line(stdout, "%s", paths.v[i]);
	sources_release(&sources);
	fetcher_free(so.fetcher);
	return failed ? -1 : 0;
}

static int run(const void *values, const struct strv *args, struct err *err)
{
	const struct values *v = values;
	struct progress *progress = progress_new(stderr, PROGRESS_AUTO);
	int failed = fetch(v, args, progress, err);

	progress_free(progress);
	return failed;
}

#define AT(field) offsetof(struct values, field)

static const struct opt opts[] = {
	{"sources", 0, OPT_CHOICE, "auto|upstream|debian", "take this set of locked sources",
		AT(sources)},
	{"mirror", 0, OPT_STRING, "URL", "download from this Debian mirror (the one that apt uses)",
		AT(mirror)},
	{"from", 0, OPT_STRING, "DIR", "take what this folder of downloaded files has, first",
		AT(from)},
	{"cache", 0, OPT_STRING, "DIR", "use this cache ($XDG_CACHE_HOME/solder)", AT(cache)},
	{"recipes", 0, OPT_STRING, "DIR", "take recipes from this folder", AT(recipes)},
	{"json", 0, OPT_FLAG, NULL, "print JSON instead of text", AT(json)},
};

const struct command cmd_fetch = {
	.name = "fetch",
	.summary = "download and verify all sources that a build needs",
	.args = "[[cpython@]VERSION]",
	.about =
		"Downloads the sources of CPython and of every library that it needs into the cache, verifies\n"
		"each by its locked SHA-256, and prints where they are. Afterwards 'solder build --offline'\n"
		"needs no network. Interrupted downloads resume.\n\n"
		"For a machine without a network, copy the printed files to it in one folder and name that\n"
		"with --from.",
	.example = "solder fetch\nsolder fetch cpython@3.11 --sources debian\nsolder fetch --from "
		   "/media/usb/sources",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct values),
	.defaults = defaults,
	.max_args = 1,
	.run = run,
};
