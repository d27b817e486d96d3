/* Writes share/solder/build.json, the description of how a distribution was built, and reads it for
 * rebuilding the same. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/data.h"
#include "base/file.h"
#include "cpython/cpython-internal.h"
#include "report/json.h"

#define MANIFEST_FILE "share/solder/build.json"
#define MANIFEST_MAX ((size_t)4 << 20)
#define ROOT_MAX 4096

/* The options that rebuild the same. A profile is identified by content: trained or given, the same
 * profile is the same input. */
static json_t *options_json(
	const struct cpython_build *b, const char *profile, const char *bolt_profile)
{
	json_t *j = json_object();

	for (size_t i = 0; i < cpython_n_options; i++) {
		const struct cpython_option *option = &cpython_option_table[i];

		json_object_set_new(j, option->name,
			json_string(cpython_option_get(&b->request.options, option)));
	}
	json_object_set_new(j, "cc", json_string(path_base(b->full->cc)));
	json_object_set_new(j, "sources", json_string(b->sources.lock->set));
	if (b->target)
		json_object_set_new(j, "target", json_string(b->target->name));
	json_object_set_new(j, "own_source", json_boolean(b->request.source != NULL));
	json_object_set_new(j, "profile", json_string(b->plan.profile ? profile : "none"));
	if (b->plan.bolt_profile)
		json_object_set_new(j, "bolt_profile", json_string(bolt_profile));
	return j;
}

/* The digest of the profile in a finished step. */
static int profile_digest(const struct cache *cache, const struct step *s, const char *below,
	char hex[SHA256_HEX_SIZE], struct err *err)
{
	CLEANUP_FREE char *tree = cache_tree(cache, s->id);
	CLEANUP_FREE char *dir = xasprintf("%s/%s", tree, below);

	return tree_digest(dir, hex, err);
}

/* The digest of the compile's own libpython.so, if the tree has another one; else NULL. */
static int compiled_library(const struct cpython_build *b, json_t **ret, struct err *err)
{
	const struct cpython_plan *p = &b->plan;
	CLEANUP_FREE char *name = xasprintf("libpython%s%s.so.1.0", p->series, p->abiflags);
	CLEANUP_FREE char *last = cache_tree(b->cache, p->last->id);
	CLEANUP_FREE char *compile = cache_tree(b->cache, p->compile->id);
	CLEANUP_FREE char *own = xasprintf("%s/%s", last, name);
	CLEANUP_FREE char *path = xasprintf("%s/build/%s", compile, name);
	char hex[SHA256_HEX_SIZE];

	*ret = NULL;
	if (!p->dual && !path_exists(own))
		return 0;
	if (sha256_file(path, hex, NULL, err) < 0)
		return -1;
	*ret = json_string(hex);
	return 0;
}

int cpython_manifest(const struct cpython_build *b, json_t **ret, struct err *err)
{
	const struct cpython_options *o = &b->request.options;
	const char *hardening = cpython_hardening_of(o);
	const struct sources *s = &b->sources;
	CLEANUP_BUF struct buf how = BUF_INIT;
	CLEANUP_FREE char *fit = NULL, *bolt = NULL;
	char profile[SHA256_HEX_SIZE], bolt_profile[SHA256_HEX_SIZE];
	json_t *packages, *patches, *report, *compiled = NULL;
	bool used;

	if ((b->plan.profile &&
		    profile_digest(b->cache, b->plan.profile, "profile", profile, err) < 0) ||
		(b->plan.bolt_profile && profile_digest(b->cache, b->plan.bolt_profile, BOLT_FOLDER,
						 bolt_profile, err) < 0) ||
		profile_fit(b, &used, &fit, err) < 0 || compiled_library(b, &compiled, err) < 0)
		return -1;
	if (bolt_report(b, &report, err) < 0) {
		json_decref(compiled);
		return -1;
	}
	bolt = bolt_text(report);
	buf_addf(&how, "-O%s, PGO %s, LTO %s, PIE %s, hardening %s",
		!strcmp(o->debug, "yes") ? "g" : o->optimize, used ? "yes" : "no", o->lto, o->pie,
		hardening ? hardening : "of its own");
	for (size_t i = 0; i < cpython_n_options; i++) {
		const struct cpython_option *option = &cpython_option_table[i];

		if (!option->always && !cpython_option_is_default(o, option) &&
			!(hardening && cpython_is_hardening(option)))
			buf_addf(&how, ", %s %s", option->name, cpython_option_get(o, option));
	}
	packages = json_array();
	for (size_t i = 0; i < s->n; i++) {
		const struct chosen *c = &s->chosen[i];

		if (sysroot_is_recipe(c->recipe->name))
			continue;
		if (cpython_patches(c, o, &patches, err) < 0) {
			json_decref(packages);
			json_decref(report);
			json_decref(compiled);
			return -1;
		}
		json_array_append_new(packages,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:o*}", "name", c->recipe->name,
				"version", c->version, "licence", c->recipe->licence, "sha256",
				c->lock ? c->lock->sha256 : c->source_digest, "source",
				c->lock ? c->lock->urls.v[0] : "given by the user", "patches",
				patches));
	}
	*ret = json_pack(
		"{s:s, s:s, s:{s:s, s:s, s:s*, s:s, s:s, s:s*, s:s, s:s, s:s*, s:s}, s:o, s:o, s:o*, s:o*}",
		"series", b->plan.series, "abiflags", b->plan.abiflags, "distribution", "python",
		s->chosen[s->n - 1].version, "link", o->link, "like", b->request.like,
		"optimisation", how.data, "profile", fit, "bolt", bolt, "tls", o->tls, "compiler",
		b->full->version, "linker", b->full->linker, "triple", b->full->triple, "options",
		options_json(b, profile, bolt_profile), "packages", packages, "bolt", report,
		"compiled", compiled);
	return *ret ? 0
		    : err_set(err, ERR_INPUT, "the compiler '%s' does not say its version in UTF-8",
			      b->full->cc);
}

void cpython_record_release(struct cpython_record *record)
{
	json_decref(record->all);
	free(record->profile);
	free(record->bolt_profile);
	*record = (struct cpython_record){0};
}

/* How trees were built that are older than an option: by its default, if it is not named here. */
static const struct cpython_setting before[] = {{"frame-pointers", "no"}, {"protector", "none"},
	{"clash", "no"}, {"fortify", "0"}, {"zlib", "classic"}, {"startup", "plain"},
	{"glibc", "native"}, {"soname", "no"}, {"tk", "no"}};

static int read_options(
	const char *path, const json_t *options, struct cpython_request *request, struct err *err)
{
	for (size_t i = 0; i < cpython_n_options; i++) {
		const struct cpython_option *option = &cpython_option_table[i];
		const json_t *value = json_object_get(options, option->name);
		const char *text = json_string_value(value);
		bool number = !strcmp(option->choices, "N");

		if (!value)
			continue;
		if (!text || !cpython_option_takes(option, text))
			return err_set(err, ERR_INPUT, "'%s': '%s' is %s%s", path, option->name,
				number ? "no whole number" : "none of ",
				number ? "" : option->choices);
		cpython_option_set(&request->options, option, text);
	}
	cpython_fill(&request->options, before, ARRAY_SIZE(before));
	cpython_fill_defaults(&request->options);
	request->cc = json_word(options, "cc");
	request->sources = json_word(options, "sources");
	request->target = json_word(options, "target");
	return request->cc && request->sources ? 0
					       : err_set(err, ERR_INPUT, "'%s' is damaged", path);
}

/* Trees from before profiles were locked have no word for none. */
static int read_profile(const char *tree, const char *cache, const json_t *options,
	struct cpython_record *r, struct err *err)
{
	CLEANUP(cleanup_cache) struct cache *opened = NULL;
	CLEANUP_FREE char *recipes = NULL;
	struct cpython_options *o = &r->request.options;
	const char *digest = json_word(options, "profile");
	const char *of_bolt = json_word(options, "bolt_profile");

	o->profile = "none";
	if (digest && !strcmp(digest, "none"))
		digest = NULL;
	if (!digest && !of_bolt)
		return 0;
	if (data_folder("recipes", NULL, &recipes, err) < 0 ||
		cache_open_to_read(cache, &opened, err) < 0)
		return -1;
	if (digest)
		o->profile = r->profile =
			profile_find(recipes, opened, "cpython-profile", "profile", digest, err);
	if (of_bolt && (!digest || r->profile))
		o->bolt_profile = r->bolt_profile = profile_find(
			recipes, opened, "cpython-bolt-profile", BOLT_FOLDER, of_bolt, err);
	if ((!digest || r->profile) && (!of_bolt || r->bolt_profile))
		return 0;
	if (err->code)
		return -1;
	return err_set(err, ERR_UNSUPPORTED,
		"the profile that '%s' was built with is not locked, and the cache '%s' does not have it",
		tree, opened->dir);
}

int cpython_record_read(const char *tree, const char *cache, const char *source,
	struct cpython_record *ret, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/" MANIFEST_FILE, tree);
	CLEANUP_CPYTHON_RECORD struct cpython_record r = {0};
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct cpython_request *q = &r.request;
	const json_t *built, *options;

	if (!path_exists(path)) {
		err_set(err, ERR_UNSUPPORTED, "'%s' was not built by solder", tree);
		return err_hint(err, "there is no '%s'", path);
	}
	if (file_read(path, MANIFEST_MAX, &text, err) < 0)
		return -1;
	r.all = json_loadb(text.data, text.len, 0, NULL);
	built = json_object_get(r.all, "distribution");
	options = json_object_get(r.all, "options");
	cpython_request_defaults(q);
	q->cache = cache;
	q->source = source;
	q->version = json_word(built, "python");
	r.triple = json_word(built, "triple");
	r.compiler = json_word(built, "compiler") ? json_word(built, "compiler") : "unknown";
	if (json_is_object(r.all) && !options) {
		err_set(err, ERR_UNSUPPORTED, "'%s' does not say with which options it was built",
			path);
		return err_hint(err, "it is of an older solder; build it again with this one");
	}
	if (!q->version || !r.triple)
		return err_set(err, ERR_INPUT, "'%s' is damaged", path);
	if (read_options(path, options, q, err) < 0)
		return -1;
	if (json_is_true(json_object_get(options, "own_source")) && !source) {
		err_set(err, ERR_UNSUPPORTED, "'%s' was built from a source of the user's own",
			tree);
		return err_hint(err, "name it with --source");
	}
	if (read_profile(tree, cache, options, &r, err) < 0)
		return -1;
	*ret = r;
	r = (struct cpython_record){0};
	return 0;
}

int cpython_record_check_compiler(const struct cpython_record *record, struct err *err)
{
	const struct cpython_options *o = &record->request.options;
	const char *name = record->request.target;
	const struct target *target = name ? target_find(name, err) : NULL;
	const struct toolchain_needs needs = {.lto = strcmp(o->lto, "none") != 0,
		.bolt = !strcmp(o->bolt, "yes"),
		.target = target_is_crossed(target, o) ? target : NULL};
	CLEANUP(cleanup_toolchain) struct toolchain *t = NULL;

	if (name && !target)
		return -1;
	if (toolchain_find(record->request.cc, &needs, &t, err) < 0)
		return err_wrap(err, "the compiler was '%s'", record->compiler);
	return !strcmp(t->version, record->compiler)
		       ? 0
		       : err_set(err, ERR_UNSUPPORTED,
				 "the compiler was '%s', and '%s' is '%s' here", record->compiler,
				 record->request.cc, t->version);
}

int cpython_find_compile(const struct cache *c, const char *library, const json_t *manifest,
	char **objects, char **root, struct err *err)
{
	CLEANUP_STRV struct strv ids = STRV_INIT;
	const char *said = json_word(manifest, "compiled");
	char hex[SHA256_HEX_SIZE], other[SHA256_HEX_SIZE];
	struct stat st, st_other;

	if (stat(library, &st) < 0)
		return err_sys(err, "cannot examine '%s'", library);
	if (!said && sha256_file(library, hex, NULL, err) < 0)
		return -1;
	cache_entries(c, "cpython-compile", &ids);
	for (size_t i = 0; i < ids.n; i++) {
		CLEANUP_FREE char *tree = cache_tree(c, ids.v[i]), *why = NULL;
		CLEANUP_FREE char *build = xasprintf("%s/build", tree);
		CLEANUP_FREE char *path = xasprintf("%s/%s", build, path_base(library));
		CLEANUP_FREE char *root_file = xasprintf("%s/build-root", tree);
		CLEANUP_BUF struct buf text = BUF_INIT;

		if (stat(path, &st_other) < 0 || (!said && st_other.st_size != st.st_size))
			continue;
		if (sha256_file(path, other, NULL, err) < 0)
			return -1;
		if (strcmp(said ? said : hex, other) != 0)
			continue;
		cache_hold(c, ids.v[i]);
		cache_touch(c, ids.v[i]);
		if (cache_check(c, ids.v[i], true, &why, err) < 0)
			return -1;
		if (why) {
			err_set(err, ERR_INPUT, "the cache's '%s' is not what was built: %s",
				ids.v[i], why);
			return err_hint(err, "'solder build' makes it again");
		}
		if (file_read(root_file, ROOT_MAX, &text, err) < 0)
			return -1;
		*objects = steal(&build);
		*root = buf_steal(&text);
		return 1;
	}
	return 0;
}

int cpython_find_source(const struct cache *c, const json_t *manifest, char **path, struct err *err)
{
	CLEANUP_STRV struct strv names = STRV_INIT;
	CLEANUP_FREE char *folder = NULL;
	struct err ignored = ERR_INIT;
	const char *digest = NULL;
	char hex[SHA256_HEX_SIZE];
	const json_t *package;
	size_t k;

	json_array_foreach (json_object_get(manifest, "packages"), k, package) {
		const char *name = json_word(package, "name");

		if (name && !strcmp(name, "cpython"))
			digest = json_word(package, "sha256");
	}
	if (!digest || strlen(digest) != SHA256_HEX_SIZE - 1 || strchr(digest, '/'))
		return 0;
	folder = cache_source(c, digest, "");
	if (dir_list(folder, &names, &ignored) < 0)
		return 0;
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *file = cache_source(c, digest, names.v[i]);

		if (!strstr(names.v[i], ".tar"))
			continue;
		if (sha256_file(file, hex, NULL, err) < 0)
			return -1;
		if (strcmp(hex, digest) != 0)
			continue;
		*path = steal(&file);
		return 1;
	}
	return 0;
}
