/* Is a distribution what its recorded inputs give? Built again, by this very program. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "proc/parallel.h"
#include "cpython/cpython.h"
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

/* Builds again, in a cache of its own, so that every step runs, with the sources that are
 * downloaded already; with `only_cpython`, what CPython is built from is there, too. */
static int build_again(const struct pack_values *v, const char *dir, const struct cache *cache,
	const char *place, const char *fresh, unsigned int jobs, struct progress *progress,
	struct err *err)
{
	CLEANUP_CPYTHON_RECORD struct cpython_record record = {0};
	int line, failed;

	if (cpython_record_read(dir, cache->dir, NULL, &record, err) < 0 ||
		cpython_record_check_compiler(&record, err) < 0)
		return err_wrap(err, "cannot build again");
	if (cache_derive(cache, place, v->only_cpython ? "cpython-" : NULL, err) < 0)
		return -1;
	record.request.cache = place;
	record.request.output = fresh;
	record.request.jobs = jobs;
	record.request.offline = record.request.quiet = true;
	line = progress_start(progress, "build again", 0);
	failed = cpython_build(&record.request, err);
	progress_end(progress, line, failed < 0 ? "failed" : "done");
	return failed < 0 ? err_wrap(err, "building again") : 0;
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
	CLEANUP(cleanup_cache) struct cache *other = NULL;
	CLEANUP_FREE char *place = xasprintf("%s/another cache", scratch);
	CLEANUP_FREE char *fresh = xasprintf("%s/another place", scratch);
	/* Builds have as many as there are processors, unless told otherwise. */
	unsigned int jobs = v->jobs ? v->jobs : processors() + 1;
	json_t *list = json_array();
	int trees, archives;

	json_object_set_new(result, "differences", list);
	json_object_set_new(result, "jobs", json_integer(jobs));
	if (build_again(v, dir, cache, place, fresh, jobs, progress, err) < 0 ||
		cache_open(place, &other, err) < 0)
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
