/* What a distribution says of how it was built, as what solder build is told. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cmd/build-internal.h"
#include "cmd/cmd.h"

#define RECORD_MAX ((size_t)4 << 20)

char *cmd_find_profile(const struct cache *cache, const char *digest)
{
	CLEANUP_STRV struct strv ids = STRV_INIT;

	cache_entries(cache, "cpython-profile-", &ids);
	for (size_t i = 0; i < ids.n; i++) {
		CLEANUP_FREE char *tree = cache_tree(cache, ids.v[i]);
		CLEANUP_FREE char *path = xasprintf("%s/profile", tree);
		struct err ignored = ERR_INIT;
		char hex[SHA256_HEX_SIZE];

		if (path_is_dir(path) && tree_digest(path, hex, &ignored) == 0 &&
			!strcmp(hex, digest))
			return steal(&path);
	}
	return NULL;
}

void build_record_release(struct build_record *record)
{
	json_decref(record->all);
	free(record->profile);
	*record = (struct build_record){0};
}

/* Trees from before an option was there were built as is its default. */
static int read_options(
	const char *path, const json_t *options, struct build_values *values, struct err *err)
{
	for (size_t i = 0; i < cpython_n_options; i++) {
		const struct cpython_option *option = &cpython_option_table[i];
		const json_t *value = json_object_get(options, option->name);
		const char *text = json_string_value(value);

		if (!value)
			continue;
		if (!text || !cpython_option_takes(option, text))
			return err_set(err, ERR_INPUT, "'%s': '%s' is %s%s", path, option->name,
				option->choices ? "none of " : "no whole number",
				option->choices ? option->choices : "");
		cpython_option_set(&values->cpython, option, text);
	}
	values->cc = cmd_text(options, "cc");
	values->sources = cmd_text(options, "sources");
	if (!values->cc || !values->sources)
		return err_set(err, ERR_INPUT, "'%s' is damaged", path);
	return 0;
}

static int read_json(const char *tree, const char *path, json_t **ret, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!path_exists(path)) {
		err_set(err, ERR_UNSUPPORTED, "'%s' was not built by solder", tree);
		return err_hint(err, "there is no '%s'", path);
	}
	if (file_read(path, RECORD_MAX, &text, err) < 0)
		return -1;
	*ret = json_loadb(text.data, text.len, 0, NULL);
	if (!json_is_object(*ret))
		return err_set(err, ERR_INPUT, "'%s' is damaged", path);
	if (json_object_get(*ret, "options"))
		return 0;
	err_set(err, ERR_UNSUPPORTED, "'%s' does not say with which options it was built", path);
	return err_hint(err, "it is of an older solder; build it again with this one");
}

static int find_inputs(const char *tree, const char *cache, const char *source,
	struct build_record *r, struct err *err)
{
	const json_t *options = json_object_get(r->all, "options");
	const char *digest = cmd_text(options, "profile");
	CLEANUP(cleanup_cache) struct cache *opened = NULL;

	r->values.source = source;
	if (json_is_true(json_object_get(options, "own_source")) && !source) {
		err_set(err, ERR_UNSUPPORTED, "'%s' was built from a source of the user's own",
			tree);
		return err_hint(err, "name it with --source");
	}
	if (strcmp(r->values.cpython.opt, "pgo") != 0)
		return 0;
	if (cache_open_to_read(cache, &opened, err) < 0)
		return -1;
	r->profile = digest ? cmd_find_profile(opened, digest) : NULL;
	r->values.cpython.profile = r->profile;
	return r->profile ? 0
			  : err_set(err, ERR_UNSUPPORTED,
				    "the cache '%s' does not have the profile that '%s' was built "
				    "with",
				    opened->dir, tree);
}

int cmd_build_record(const char *tree, const char *cache, const char *source,
	struct build_record *record, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/share/solder/build.json", tree);
	CLEANUP_BUILD_RECORD struct build_record r = {0};
	const json_t *built;

	if (read_json(tree, path, &r.all, err) < 0)
		return -1;
	built = json_object_get(r.all, "distribution");
	r.version = cmd_text(built, "python");
	r.triple = cmd_text(built, "triple");
	if (!r.version || !r.triple)
		return err_set(err, ERR_INPUT, "'%s' is damaged", path);
	cmd_build_defaults(&r.values);
	if (read_options(path, json_object_get(r.all, "options"), &r.values, err) < 0 ||
		find_inputs(tree, cache, source, &r, err) < 0)
		return -1;
	r.values.cache = cache;
	*record = r;
	r = (struct build_record){0};
	return 0;
}
