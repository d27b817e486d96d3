/* Is a distribution what its recorded inputs give? Built again, by this very program. */
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parallel.h"
#include "cpython/toolchain.h"
#include "cmd/build-internal.h"
#include "cmd/cmd.h"
#include "cmd/pack-internal.h"

#define DIFFERENCES_MAX 100
#define ARCHIVE_DIFFERENCES_MAX 20 /* of each */
#define LEVEL 3                    /* the archives are compared, not kept */

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static void add_option(struct strv *argv, const char *name, const char *value)
{
	strv_add(argv, name);
	strv_add(argv, value);
}

/* A profile is an input: the same one is used, from the cache. */
static int add_profile(
	const json_t *options, const struct cache *cache, struct strv *argv, struct err *err)
{
	CLEANUP_FREE char *profile = NULL;

	if (strcmp(text(options, "opt"), "pgo") != 0)
		return 0;
	profile = cmd_find_profile(cache, text(options, "profile"));
	if (!profile)
		return err_set(err, ERR_UNSUPPORTED,
			"cannot build again: the cache '%s' no longer has the profile %s",
			cache->dir, text(options, "profile"));
	add_option(argv, "--profile", profile);
	return 0;
}

/* Builds before an option was there were made as is its default. */
static void add_choices(const json_t *options, struct strv *argv)
{
	for (size_t i = 0; i < cpython_n_options; i++) {
		const char *name = cpython_option_table[i].name;

		if (!json_object_get(options, name))
			continue;
		strv_addf(argv, "--%s", name);
		strv_add(argv, text(options, name));
	}
}

static int build_command(const json_t *build, const struct cache *cache, const char *other,
	const char *out, unsigned int jobs, struct strv *argv, struct err *err)
{
	static const char *const names[] = {"cc", "sources"};
	const json_t *options = json_object_get(build, "options");
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n < 0)
		return err_sys(err, "cannot find this program");
	exe[n] = '\0';
	if (!options) {
		err_set(err, ERR_INPUT,
			"the distribution does not say with which options it was "
			"built");
		return err_hint(err, "it is of an older solder; build it with this one first");
	}
	if (json_is_true(json_object_get(options, "own_source")))
		return err_set(err, ERR_UNSUPPORTED,
			"cannot build again: the source was the user's own, not a locked one");
	strv_add(argv, exe);
	strv_add(argv, "build");
	strv_addf(argv, "cpython@%s", text(json_object_get(build, "distribution"), "python"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		strv_addf(argv, "--%s", names[i]);
		strv_add(argv, text(options, names[i]));
	}
	add_choices(options, argv);
	add_option(argv, "--cache", other);
	add_option(argv, "--output", out);
	strv_add(argv, "--jobs");
	strv_addf(argv, "%u", jobs);
	strv_add(argv, "--offline");
	strv_add(argv, "--quiet");
	return add_profile(options, cache, argv, err);
}

/* Copies what CPython is built from: the finished steps of all other packages. */
static int copy_packages(const struct cache *cache, const char *other, struct err *err)
{
	const struct cache copies = {.dir = (char *)other};
	CLEANUP_STRV struct strv ids = STRV_INIT;

	cache_entries(cache, "", &ids);
	for (size_t i = 0; i < ids.n; i++) {
		CLEANUP_FREE char *from = cache_entry(cache, ids.v[i]);
		CLEANUP_FREE char *to = cache_entry(&copies, ids.v[i]);

		if (strncmp(ids.v[i], "cpython-", 8) != 0 && tree_copy(from, to, err) < 0)
			return -1;
	}
	return 0;
}

/* A cache of its own, so that every step runs, with the sources that are downloaded already. */
static int make_cache(
	const struct cache *cache, const char *other, bool only_cpython, struct err *err)
{
	CLEANUP_FREE char *sources = cache_sources(cache);
	CLEANUP_FREE char *link = xasprintf("%s/sources", other);

	if (make_dirs(other, err) < 0)
		return -1;
	if (!path_exists(link) && symlink(sources, link) < 0)
		return err_sys(err, "cannot create '%s'", link);
	return only_cpython ? copy_packages(cache, other, err) : 0;
}

static int rebuild(const struct strv *argv, struct progress *progress, struct err *err)
{
	int line = progress_start(progress, "build again", 0);
	int failed = pack_rebuild(argv, err);

	progress_end(progress, line, failed < 0 ? "failed" : "done");
	return failed;
}

/* What two archives of one name differ in. 1: they do. */
static int compare_archive(
	const json_t *a, const json_t *b, const char *scratch, json_t *list, struct err *err)
{
	json_t *d;

	if (b && !strcmp(text(a, "sha256"), text(b, "sha256")))
		return 0;
	if (b)
		return pack_compare_archives(text(a, "path"), text(b, "path"), scratch,
			       ARCHIVE_DIFFERENCES_MAX, list, err) < 0
			       ? -1
			       : 1;
	d = json_object();
	json_object_set(d, "path", json_object_get(a, "name"));
	json_object_set_new(d, "what", json_string("only one build has it"));
	json_array_append_new(list, d);
	return 1;
}

static const json_t *archive_called(const json_t *archives, const char *name)
{
	const json_t *a;
	size_t i;

	json_array_foreach (archives, i, a) {
		if (!strcmp(text(a, "name"), name))
			return a;
	}
	return NULL;
}

/* Returns how many differ, or -1. */
static int compare_archives(const json_t *first, const json_t *second, const char *scratch,
	json_t *list, struct err *err)
{
	const json_t *archives = json_object_get(first, "archives");
	const json_t *others = json_object_get(second, "archives");
	int differ = 0, got = 0;
	const json_t *a;
	size_t i;

	json_array_foreach (archives, i, a) {
		got = compare_archive(
			a, archive_called(others, text(a, "name")), scratch, list, err);
		if (got < 0)
			return -1;
		differ += got;
	}
	json_array_foreach (others, i, a) {
		if (!archive_called(archives, text(a, "name")))
			differ += compare_archive(a, NULL, scratch, list, err);
	}
	return differ;
}

static int pack_both(const struct pack_values *v, const char *dir, const char *fresh,
	const char *scratch, const struct cache *cache, const struct cache *other,
	struct progress *progress, json_t *list, json_t *result, struct err *err)
{
	struct pack_values quick = *v;
	CLEANUP_FREE char *a = xasprintf("%s/first", scratch);
	CLEANUP_FREE char *b = xasprintf("%s/second", scratch);
	json_t *first = NULL, *second = NULL;
	int differ = -1;

	quick.level = LEVEL;
	if (cmd_pack_write(&quick, dir, a, 1, cache, progress, &first, err) == 0 &&
		cmd_pack_write(&quick, fresh, b, 2, other, progress, &second, err) == 0) {
		differ = compare_archives(first, second, scratch, list, err);
		json_object_set(result, "archives", json_object_get(first, "archives"));
		json_object_set(result, "archives_again", json_object_get(second, "archives"));
	}
	json_decref(first);
	json_decref(second);
	return differ;
}

/* Another compiler gives other bytes: that would say nothing of the build. */
static int check_compiler(const json_t *build, struct err *err)
{
	const char *was = text(json_object_get(build, "distribution"), "compiler");
	const json_t *options = json_object_get(build, "options");
	struct toolchain_needs needs = {.lto = strcmp(text(options, "lto"), "none") != 0,
		.pgo = !strcmp(text(options, "opt"), "pgo")};
	CLEANUP(cleanup_toolchain) struct toolchain *t = NULL;

	if (toolchain_find(text(options, "cc"), &needs, &t, err) < 0)
		return err_wrap(err, "cannot build again with the compiler '%s'", was);
	if (!strcmp(t->version, was))
		return 0;
	return err_set(err, ERR_UNSUPPORTED,
		"cannot build again: the compiler was '%s', and '%s' is '%s' here", was,
		text(options, "cc"), t->version);
}

/* A second build that found the first one's cache would build nothing. */
static int check_keep(const char *dir, struct err *err)
{
	DIR *listing = opendir(dir);
	unsigned int n = 0;

	while (listing && readdir(listing))
		n++;
	if (listing)
		closedir(listing);
	if (n <= 2)
		return 0;
	err_set(err, ERR_USAGE, "--keep: '%s' is not empty", dir);
	return err_hint(err, "what an earlier build left there would be used again");
}

static int verify(const struct pack_values *v, const char *dir, const char *scratch,
	const struct cache *cache, struct progress *progress, json_t *result, struct err *err)
{
	CLEANUP_PACKAGE struct package *p = NULL;
	CLEANUP(cleanup_cache) struct cache *other = NULL;
	CLEANUP_FREE char *place = xasprintf("%s/another cache", scratch);
	CLEANUP_FREE char *fresh = xasprintf("%s/another place", scratch);
	CLEANUP_STRV struct strv argv = STRV_INIT;
	/* Builds have as many as there are processors, unless told otherwise. */
	unsigned int jobs = v->jobs ? v->jobs : processors() + 1;
	json_t *list = json_array();
	int trees, archives;

	json_object_set_new(result, "differences", list);
	json_object_set_new(result, "jobs", json_integer(jobs));
	if (pack_open(dir, &p, err) < 0 ||
		build_command(pack_build(p), cache, place, fresh, jobs, &argv, err) < 0 ||
		check_compiler(pack_build(p), err) < 0 ||
		make_cache(cache, place, v->only_cpython, err) < 0 ||
		rebuild(&argv, progress, err) < 0 || cache_open(place, &other, err) < 0)
		return -1;
	trees = pack_compare(dir, fresh, DIFFERENCES_MAX, list, err);
	if (trees < 0)
		return -1;
	archives = pack_both(v, dir, fresh, scratch, cache, other, progress, list, result, err);
	if (archives < 0)
		return -1;
	json_object_set_new(result, "files_that_differ", json_integer(trees));
	json_object_set_new(result, "archives_that_differ", json_integer(archives));
	return trees || archives;
}

static void set_verdict(json_t *result, bool differs)
{
	json_int_t jobs = json_integer_value(json_object_get(result, "jobs"));

	json_object_set_new(result, "verdict",
		json_sprintf("%s, built again with %lld job%s",
			differs ? "not reproducible"
				: "reproducible: trees and archives are the same to the bit",
			(long long)jobs, plural((unsigned long long)jobs)));
}

int cmd_pack_verify(const struct pack_values *v, const char *dir, const struct cache *cache,
	struct progress *progress, json_t **result, struct err *err)
{
	CLEANUP_FREE char *scratch = NULL;
	struct err ignored = ERR_INIT;
	int differs;

	if (v->keep && check_keep(v->keep, err) < 0)
		return -1;
	scratch = v->keep ? path_absolute(v->keep) : cmd_scratch(NULL, "pack", err);
	if (!scratch)
		return -1;
	*result = json_object();
	differs = verify(v, dir, scratch, cache, progress, *result, err);
	set_verdict(*result, differs);
	if (!v->keep)
		tree_remove(scratch, &ignored);
	return differs;
}
