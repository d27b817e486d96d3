/* Relinks arms that solder built, to vary their layout. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "python/python.h"
#include "study/study-internal.h"

/* Name of our links in a campaign: "relink 3", with the number of the shuffle. */
#define GIVEN "relink "

/* Reads how an arm was built; fails if it cannot be relinked in seconds. */
static int open_record(const struct bench_arm *arm, struct cpython_record *record, struct err *err)
{
	CLEANUP_PYTHON struct python dist = {0};
	struct cpython_outlook outlook;

	if (py_find(arm->interpreter, &dist, err) < 0 ||
		cpython_record_read(dist.prefix, NULL, NULL, record, err) < 0 ||
		cpython_look(&record->request, &outlook, err) < 0)
		return -1;
	return outlook.compiles ? err_set(err, ERR_UNSUPPORTED, "its compile is not in the cache")
				: 0;
}

/* Makes the k-th link of an arm, with the given shuffle, in its own folder *dir (caller frees). */
static int relink(const struct cpython_record *record, const char *shuffle, const char *scratch,
	size_t arm, size_t k, char **dir, struct err *err)
{
	struct cpython_request request = record->request;

	*dir = xasprintf("%s/%02zu-%02zu", scratch, arm, k);
	request.options.shuffle = shuffle;
	request.output = *dir;
	request.quiet = true;
	return cpython_build(&request, err);
}

static int add_links(struct bench *b, size_t arm, const struct cpython_record *record,
	const char *scratch, struct err *err)
{
	for (unsigned int i = 1; i < b->options.layouts; i++) {
		CLEANUP_FREE char *shuffle = xasprintf("%u", i), *dir = NULL;
		struct bench_arm *a = &b->arms[arm];
		struct bench_link *made;

		if (relink(record, shuffle, scratch, arm, i, &dir, err) < 0 ||
			bench_add_python(b, a->name, dir, err) < 0)
			return err_wrap(err, "linking '%s' again", a->given);
		made = &a->links[a->n_links - 1];
		free(made->given);
		made->given = xasprintf(GIVEN "%s", shuffle);
	}
	return 0;
}

int study_relink(struct bench *b, const char *scratch, struct progress *progress, struct err *err)
{
	for (size_t i = 0; i < b->n_arms; i++) {
		CLEANUP_CPYTHON_RECORD struct cpython_record record = {0};
		struct err why = ERR_INIT;

		if (b->arms[i].n_links)
			continue;
		if (open_record(&b->arms[i], &record, &why) < 0)
			progress_warn(progress,
				"'%s' cannot be linked again (%s): its copies vary in physical pages only",
				b->arms[i].name, why.msg);
		else if (add_links(b, i, &record, scratch, err) < 0)
			return -1;
	}
	return 0;
}

/* The shuffle number of one of our links; NULL for other links. */
static const char *shuffle_of(const struct bench_link *link)
{
	const char *number = link->given && !strncmp(link->given, GIVEN, strlen(GIVEN))
				     ? link->given + strlen(GIVEN)
				     : NULL;

	return number && cpython_option_takes(cpython_find_option("shuffle"), number) ? number
										      : NULL;
}

/* Recreates a link that was not kept. Its digest is checked when the campaign resumes. */
static int restore(const struct cpython_record *record, struct bench_link *link,
	const char *scratch, size_t arm, size_t k, struct err *err)
{
	CLEANUP_PYTHON struct python dist = {0};
	CLEANUP_FREE char *dir = NULL;

	if (relink(record, shuffle_of(link), scratch, arm, k, &dir, err) < 0 ||
		py_find(dir, &dist, err) < 0)
		return -1;
	free(link->interpreter);
	link->interpreter = steal(&dist.interpreter);
	return 0;
}

int study_relink_again(struct bench *b, const char *scratch, struct err *err)
{
	for (size_t i = 0; i < b->n_arms; i++) {
		CLEANUP_CPYTHON_RECORD struct cpython_record record = {0};
		struct bench_arm *arm = &b->arms[i];

		for (size_t k = 0; k < arm->n_links; k++) {
			if (!shuffle_of(&arm->links[k]))
				continue;
			if ((!record.all &&
				    (!arm->interpreter || open_record(arm, &record, err) < 0)) ||
				restore(&record, &arm->links[k], scratch, i, k + 1, err) < 0)
				return err_wrap(err, "linking '%s' again", arm->name);
		}
	}
	return 0;
}

bool study_has_relinks(const struct bench *b)
{
	for (size_t i = 0; i < b->n_arms; i++) {
		for (size_t k = 0; k < b->arms[i].n_links; k++) {
			if (shuffle_of(&b->arms[i].links[k]))
				return true;
		}
	}
	return false;
}
