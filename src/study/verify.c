/* Verifies that a distribution is reproducible: rebuilds it from its recorded inputs, elsewhere and
 * with a different number of jobs. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "pack/pack.h"
#include "report/json.h"
#include "study/study-internal.h"

#define DIFFERENCES_MAX 100
#define ARCHIVE_DIFFERENCES_MAX 20 /* per archive */

/* Rebuilds in a cache of its own, so that every step runs, using the sources already downloaded
 * and, with `only_cpython`, the prebuilt dependencies of CPython. */
static int build_again(const struct study_verify *how, const char *place, const char *fresh,
	struct progress *progress, struct err *err)
{
	CLEANUP_CPYTHON_RECORD struct cpython_record record = {0};
	CLEANUP_PACKAGE struct package *package = NULL;
	int line, failed;

	/* Fail before the build if the tree cannot be packed. */
	if (pack_open(how->dir, &package, err) < 0)
		return -1;
	if (cpython_record_read(how->dir, how->cache->dir, NULL, &record, err) < 0 ||
		cpython_record_check_compiler(&record, err) < 0)
		return err_wrap(err, "cannot build again");
	if (cache_derive(how->cache, place, how->only_cpython ? "cpython-" : NULL, err) < 0)
		return -1;
	record.request.cache = place;
	record.request.output = fresh;
	record.request.jobs = how->jobs;
	record.request.offline = record.request.quiet = true;
	line = progress_start(progress, "build again", 0);
	failed = cpython_build(&record.request, err);
	progress_end(progress, line, failed < 0 ? "failed" : "done");
	return failed < 0 ? err_wrap(err, "building again") : 0;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *s = json_word(object, key);

	return s ? s : "";
}

static const json_t *archive_called(const json_t *archives, const char *name)
{
	const json_t *a;
	size_t i;

	json_array_foreach (archives, i, a) {
		if (!strcmp(text_of(a, "name"), name))
			return a;
	}
	return NULL;
}

/* Compares archives by name; one that is in only one list differs, too. Returns the number of
 * differences, or -1. */
static int compare_archives(const json_t *first, const json_t *second, const char *scratch,
	json_t *list, struct err *err)
{
	int differ = 0;
	const json_t *a, *b;
	size_t i;

	for (int side = 0; side < 2; side++) {
		json_array_foreach (side ? second : first, i, a) {
			b = archive_called(side ? first : second, text_of(a, "name"));
			if (b && (side || !strcmp(text_of(a, "sha256"), text_of(b, "sha256"))))
				continue;
			differ++;
			if (!b)
				json_array_append_new(list,
					json_pack("{s:O, s:s}", "path", json_object_get(a, "name"),
						"what", "only one build has it"));
			else if (pack_compare_archives(text_of(a, "path"), text_of(b, "path"),
					 scratch, ARCHIVE_DIFFERENCES_MAX, list, err) < 0)
				return -1;
		}
	}
	return differ;
}

/* Counts the differing files and archives. */
static int compare_builds(const struct study_verify *how, const char *place, const char *fresh,
	json_t *result, int *files, int *archives, struct err *err)
{
	CLEANUP(cleanup_cache) struct cache *other = NULL;
	CLEANUP_FREE char *a = xasprintf("%s/first", how->scratch);
	CLEANUP_FREE char *b = xasprintf("%s/second", how->scratch);
	json_t *list = json_array(), *first = NULL, *second = NULL;

	json_object_set_new(result, "differences", list);
	if (cache_open(place, &other, err) < 0)
		return -1;
	*archives = -1;
	*files = pack_compare(how->dir, fresh, DIFFERENCES_MAX, list, err);
	if (*files >= 0 && how->pack(how->ctx, how->dir, a, 1, how->cache, &first, err) == 0 &&
		how->pack(how->ctx, fresh, b, 2, other, &second, err) == 0) {
		*archives = compare_archives(json_object_get(first, "archives"),
			json_object_get(second, "archives"), how->scratch, list, err);
		json_object_set(result, "archives", json_object_get(first, "archives"));
		json_object_set(result, "archives_again", json_object_get(second, "archives"));
	}
	json_decref(first);
	json_decref(second);
	return *archives < 0 ? -1 : 0;
}

int study_verify(
	const struct study_verify *how, struct progress *progress, json_t **result, struct err *err)
{
	CLEANUP_FREE char *place = xasprintf("%s/another cache", how->scratch);
	CLEANUP_FREE char *fresh = xasprintf("%s/another place", how->scratch);
	int files, archives;

	*result = json_object();
	if (build_again(how, place, fresh, progress, err) < 0 ||
		compare_builds(how, place, fresh, *result, &files, &archives, err) < 0)
		return -1;
	json_object_set_new(*result, "jobs", json_integer(how->jobs));
	json_object_set_new(*result, "files_that_differ", json_integer(files));
	json_object_set_new(*result, "archives_that_differ", json_integer(archives));
	json_object_set_new(*result, "verdict",
		json_sprintf("%s, built again with %u job%s",
			files || archives
				? "not reproducible"
				: "reproducible: trees and archives are the same to the bit",
			how->jobs, plural(how->jobs)));
	return files || archives;
}
