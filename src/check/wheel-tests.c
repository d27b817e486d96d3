/* A package's own tests, from its source distribution, under both interpreters: only a difference
 * counts. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "check/check-internal.h"
#include "tar/tar.h"

#define SDIST_MAX_BYTES ((uint64_t)2 << 30)
#define SDIST_MAX_ENTRIES 100000
#define NAMES_MAX 20

/* One run of the tests with one interpreter. */
struct own_run {
	struct strv failed;
	json_t *counts; /* NULL: it did not come to its end */
	char *ended;
	bool late;
};

static void own_run_release(struct own_run *r)
{
	strv_release(&r->failed);
	json_decref(r->counts);
	free(r->ended);
}

static int run_tests(const struct wheel_work *work, const struct wheel_python *python,
	const char *folder, const struct strv *only, struct own_run *r, struct err *err)
{
	CLEANUP(wheel_attempt_release) struct wheel_attempt a = {0};
	CLEANUP_STRV struct strv words = STRV_INIT, lines = STRV_INIT;
	CLEANUP_FREE char *begun = NULL;

	strv_add(&words, folder);
	for (size_t i = 0; only && i < only->n; i++)
		strv_add(&words, only->v[i]);
	if (wheel_run(work, python, "tests", words.v, words.n, &a, err) < 0)
		return -1;
	strv_split(&lines, a.result.data, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		json_t *line = json_loads(lines.v[i], 0, NULL);
		const char *failed = check_text(line, "failed"), *begin = check_text(line, "begin");

		if (failed && !strv_has(&r->failed, failed))
			strv_add(&r->failed, failed);
		if (json_is_integer(json_object_get(line, "passed")) && !r->counts)
			r->counts = json_incref(line);
		free(steal(&begun));
		begun = begin ? xstrdup(begin) : NULL;
		json_decref(line);
	}
	r->late = a.late;
	if (!r->counts)
		r->ended = xasprintf("%s%s%.200s", *a.ended ? a.ended : "ended early",
			begun ? " in " : "", begun ? begun : "");
	return 0;
}

/* Those of `a` that are not in `b`. */
static void only_in(const struct strv *a, const struct strv *b, struct strv *out)
{
	for (size_t i = 0; i < a->n; i++) {
		if (!strv_has(b, a->v[i]))
			strv_add(out, a->v[i]);
	}
}

/* The folder of tests in a source distribution, which has one folder; NULL: none. The caller frees
 * it. */
static char *find_tests(const char *source)
{
	static const char *const names[] = {"tests", "test", "testing"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", source, names[i]);
		CLEANUP_STRV struct strv files = STRV_INIT;
		struct err ignored = ERR_INIT;

		if (!path_is_dir(path))
			continue;
		dir_list(path, &files, &ignored);
		for (size_t k = 0; k < files.n; k++) {
			if (ends_with(files.v[k], ".py") &&
				(!strncmp(files.v[k], "test", 4) ||
					ends_with(files.v[k], "_test.py")))
				return steal(&path);
		}
	}
	return NULL;
}

/* Downloads and unpacks the source, and puts the tests where the package itself is not beside them:
 * returns 1 with their folder, 0 with the reason, or -1. */
static int obtain_tests(const struct wheel_work *work, char **folder, char **why, struct err *err)
{
	const struct tar_limits limits = {
		.max_bytes = SDIST_MAX_BYTES, .max_entries = SDIST_MAX_ENTRIES};
	CLEANUP_FREE char *dir = xasprintf("%s/sdist", work->dir), *archive = NULL, *found = NULL;
	CLEANUP_FREE char *source = xasprintf("%s/source", work->dir);
	CLEANUP_STRV struct strv words = STRV_INIT, names = STRV_INIT, pip = STRV_INIT;
	CLEANUP_BUF struct buf said = BUF_INIT;

	/* Of "PYTHON -I -m pip" only the interpreter. */
	strv_add(&pip, work->all->pip.v[0]);
	strv_add(&pip, "-I");
	strv_addf(&words, "%s/sdist.py", work->all->data);
	strv_add(&words, dir);
	strv_addf(&words, "%s==%s", work->wheel->name, work->wheel->version);
	if (make_dirs(dir, err) < 0)
		return -1;
	if (pip_run(&pip, &words, dir, PIP_MAX_OUTPUT, PIP_LIMIT_MS, &said, err) < 0) {
		if (err->code != ERR_CHILD)
			return -1;
		*why = xstrndup(said.len ? said.data : "no answer",
			said.len ? strcspn(said.data, "\n") : 9);
		return 0;
	}
	if (dir_list(dir, &names, err) < 0)
		return -1;
	archive = xasprintf("%s/%s", dir, names.n ? names.v[0] : "");
	if (!names.n || tar_extract(archive, source, 1, &limits, err) < 0) {
		if (names.n && err->code != ERR_INPUT)
			return -1;
		*why = xstrdup(names.n ? err->msg : "there is no source distribution");
		return 0;
	}
	found = find_tests(source);
	if (!found) {
		*why = xstrdup("its source distribution has no folder of tests");
		return 0;
	}
	*folder = xasprintf("%s/own/%s", work->dir, path_base(found));
	if (tree_copy(found, *folder, err) < 0 || tree_remove(source, err) < 0)
		return -1;
	return 1;
}

static json_t *names_json(const struct strv *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->n && i < NAMES_MAX; i++)
		json_array_append_new(list, json_text(names->v[i]));
	return list;
}

static json_t *counts_json(const struct own_run *r)
{
	return r->counts ? json_incref(r->counts)
			 : json_pack("{s:o}", "ended", json_text(r->ended));
}

/* Keeps of `names` what is in `others`. */
static void keep_common(struct strv *names, const struct strv *others)
{
	CLEANUP_STRV struct strv all = *names;

	*names = (struct strv)STRV_INIT;
	for (size_t i = 0; i < all.n; i++) {
		if (strv_has(others, all.v[i]))
			strv_add(names, all.v[i]);
	}
}

/* Tests that fail now and then are everywhere: a difference must show twice. */
static int confirm(struct wheel_work *work, const char *folder, struct strv *ours,
	struct strv *theirs, struct err *err)
{
	CLEANUP(own_run_release) struct own_run here = {0}, there = {0};
	CLEANUP_STRV struct strv differ = STRV_INIT, only_here = STRV_INIT, only_there = STRV_INIT;

	for (size_t i = 0; i < ours->n + theirs->n; i++)
		strv_add(&differ, i < ours->n ? ours->v[i] : theirs->v[i - ours->n]);
	if (run_tests(work, &work->all->here, folder, &differ, &here, err) < 0 ||
		run_tests(work, &work->all->reference, folder, &differ, &there, err) < 0)
		return -1;
	only_in(&here.failed, &there.failed, &only_here);
	only_in(&there.failed, &here.failed, &only_there);
	keep_common(ours, &only_here);
	keep_common(theirs, &only_there);
	return 0;
}

static int compare(struct wheel_work *work, const char *folder, struct err *err)
{
	const struct wheels *all = work->all;
	CLEANUP(own_run_release) struct own_run here = {0}, there = {0};
	CLEANUP_STRV struct strv ours = STRV_INIT, theirs = STRV_INIT;
	struct wheel *w = work->wheel;

	if (run_tests(work, &all->here, folder, NULL, &here, err) < 0 ||
		run_tests(work, &all->reference, folder, NULL, &there, err) < 0)
		return -1;
	if (here.counts && there.counts) {
		only_in(&here.failed, &there.failed, &ours);
		only_in(&there.failed, &here.failed, &theirs);
		if (ours.n + theirs.n && confirm(work, folder, &ours, &theirs, err) < 0)
			return -1;
	}
	w->own_tests = json_pack("{s:o, s:o, s:o, s:o}", "here", counts_json(&here), "reference",
		counts_json(&there), "fail_only_here", names_json(&ours), "fail_only_there",
		names_json(&theirs));
	/* A time limit says something of the machine, not of the interpreter. */
	if (!ours.n && (here.counts || !there.counts || here.late))
		return 0;
	w->verdict = CHECK_BREAKS_ONLY_HERE;
	free(w->why);
	w->why = ours.n ? xasprintf("its own test %s fails only here", ours.v[0])
			: xasprintf("its own tests come to their end only with the reference: %s",
				  here.ended);
	return 0;
}

int wheel_own_tests(struct wheel_work *work, struct err *err)
{
	CLEANUP_FREE char *folder = NULL, *why = NULL;
	CLEANUP_STRV struct strv words = STRV_INIT;
	CLEANUP_BUF struct buf said = BUF_INIT;
	CLEANUP_FREE char *tmp = xasprintf("%s/tmp", work->dir);
	int got = obtain_tests(work, &folder, &why, err);

	if (got == 1) {
		/* Beside pytest, what most tests of compiled packages ask for. */
		strv_split(&words, PIP_INSTALL, " ");
		strv_addf(&words, "%s/site", work->dir);
		strv_split(&words, "pytest hypothesis pytest-asyncio", " ");
		if (pip_run(&work->all->pip, &words, tmp, PIP_MAX_OUTPUT, PIP_LIMIT_MS, &said,
			    err) < 0) {
			if (err->code != ERR_CHILD)
				return -1;
			why = pip_complaint(&said);
			got = 0;
		}
	}
	if (got == 1)
		return compare(work, folder, err);
	if (got == 0)
		work->wheel->own_tests = json_pack("{s:o}", "why", json_text(why));
	return got;
}
