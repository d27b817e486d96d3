/* Handles one wheel from start to end, in a process forked for it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/file.h"
#include "check/check-internal.h"

#define EXERCISE_MAX ((size_t)1 << 20)

/* Records in the wheel that pip failed. */
static void pip_failed(
	struct wheel_work *work, const char *said, const char *doing, const struct err *err)
{
	if (strstr(said, "No matching distribution"))
		wheel_not_checked(work->wheel, "no wheel for this Python and platform: %s", said);
	else if (strstr(said, "not a supported wheel"))
		wheel_not_checked(work->wheel, "%s", said);
	else
		wheel_not_checked(work->wheel, "%s: pip: %s (%s)", doing, said, err->msg);
}

/* Runs pip: returns 1; 0 if it failed, recorded in the wheel; or -1. */
static int run_pip(
	struct wheel_work *work, const struct strv *words, const char *doing, struct err *err)
{
	CLEANUP_FREE char *tmp = xasprintf("%s/tmp", work->dir), *said = NULL;
	CLEANUP_BUF struct buf output = BUF_INIT;

	if (pip_run(&work->all->pip, words, tmp, PIP_MAX_OUTPUT, PIP_LIMIT_MS, &output, err) == 0)
		return 1;
	if (err->code != ERR_CHILD)
		return -1;
	said = pip_complaint(&output);
	pip_failed(work, said, doing, err);
	return 0;
}

/* pip's cache is ours to bound if there is a budget. */
static void add_cache(const struct wheel_work *work, struct strv *words)
{
	if (!work->all->options->disk)
		return;
	strv_add(words, "--cache-dir");
	strv_add(words, work->all->pip_cache);
}

/* What is left of a wheel that was judged and removed: "DIGEST SIZE", in a file of this name. */
static const char judged[] = ".judged";

struct shelf {
	char *wheel, *judged;
};

static int visit_shelf(void *ctx, const struct tree_entry *e, struct err *err)
{
	struct shelf *s = ctx;

	(void)err;
	if (!s->wheel && S_ISREG(e->st->st_mode) && ends_with(e->rel, ".whl"))
		s->wheel = xstrdup(e->path);
	if (!s->judged && S_ISREG(e->st->st_mode) && ends_with(e->rel, judged))
		s->judged = xstrdup(e->path);
	return 0;
}

/* Downloads are stored by SOABI, so that other builds of the same version can use them. */
static char *shelf_of(const struct wheel_work *work)
{
	const struct python *dist = work->all->here.dist;
	const char *soabi = py_config(dist, "SOABI");

	return xasprintf("%s/%s/%s", work->all->downloads, soabi ? soabi : dist->series,
		work->item->requirement);
}

/* Downloads the wheel: returns 1, 0 with the reason, or -1. */
static int download(struct wheel_work *work, char **file, struct err *err)
{
	CLEANUP_FREE char *shelf = shelf_of(work), *dir = xasprintf("%s/download", work->dir);
	CLEANUP_FREE char *tmp = xasprintf("%s/tmp", work->dir), *fresh = NULL, *said = NULL;
	CLEANUP_STRV struct strv more = STRV_INIT;
	int got;

	if (make_dirs(dir, err) < 0)
		return -1;
	add_cache(work, &more);
	got = pip_download(
		&work->all->pip, &more, work->item->requirement, dir, tmp, &fresh, &said, err);
	if (got == 0 && said)
		pip_failed(work, said, "downloading", err);
	else if (got == 0)
		wheel_not_checked(work->wheel, "pip downloaded no wheel");
	if (got != 1)
		return got;
	*file = xasprintf("%s/%s", shelf, path_base(fresh));
	return path_rename(fresh, *file, err) < 0 ? -1 : 1;
}

/* Sets the name of the file, its version, digest and size, from itself or from what is left of it:
 * returns 1, 0 with the reason, or -1. */
static int identify(struct wheel_work *work, const char *file, bool is_left, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_FREE char *name = NULL, *version = NULL;
	struct wheel *w = work->wheel;
	char hex[SHA256_HEX_SIZE] = "";
	uint64_t size = 0;

	free(w->file);
	w->file = is_left ? xstrndup(path_base(file), strlen(path_base(file)) - strlen(judged))
			  : xstrdup(path_base(file));
	if (is_left && file_read(file, SHA256_HEX_SIZE + 32, &text, err) < 0)
		return -1;
	if (!is_left && sha256_file(file, hex, &size, err) < 0)
		return -1;
	if (is_left && (sscanf(text.data, "%64s %" SCNu64, hex, &size) != 2 || !sha256_is_hex(hex)))
		return 0;
	free(w->sha256);
	w->sha256 = xstrdup(hex);
	w->size = (int64_t)size;
	if (!wheel_name_parse(w->file, &name, &version)) {
		wheel_not_checked(w, "'%s' is not the name of a wheel", w->file);
		return 0;
	}
	free(w->version);
	w->version = steal(&version);
	return 1;
}

/* Installs the wheel and its dependencies into DIR/site: returns 1, 0 with the reason, or -1. */
static int install(struct wheel_work *work, const char *file, struct err *err)
{
	static const char mark[] = "# requires:";
	CLEANUP_STRV struct strv words = STRV_INIT;
	CLEANUP_FREE char *beside = path_dir(file);
	CLEANUP_BUF struct buf text = BUF_INIT;

	strv_split(&words, PIP_INSTALL, " ");
	strv_addf(&words, "%s/site", work->dir);
	add_cache(work, &words);
	if (work->item->file) {
		strv_add(&words, "--find-links");
		strv_add(&words, beside);
	}
	strv_add(&words, file);
	/* An exercise may need more than the wheel's own dependencies: "# requires: psycopg". */
	if (work->exercise && file_read(work->exercise, EXERCISE_MAX, &text, err) < 0)
		return -1;
	if (work->exercise && !strncmp(text.data, mark, strlen(mark))) {
		text.data[strcspn(text.data, "\n")] = '\0';
		strv_split(&words, text.data + strlen(mark), " ");
	}
	return run_pip(work, &words, "installing", err);
}

/* The file for the result, named by a digest of everything that the result depends on. */
static int result_path(const struct wheel_work *work, char **path, struct err *err)
{
	const struct wheels *all = work->all;
	static const char *const of_tests[] = {"tests.py", "sdist.py"};
	char runner[SHA256_HEX_SIZE], exercise[SHA256_HEX_SIZE] = "-", hex[SHA256_HEX_SIZE];
	char pair[SHA256_HEX_SIZE];
	CLEANUP_FREE char *key = NULL;
	CLEANUP_BUF struct buf tests = BUF_INIT;

	if (sha256_file(all->runner, runner, NULL, err) < 0 ||
		(work->exercise && sha256_file(work->exercise, exercise, NULL, err) < 0))
		return -1;
	buf_reserve(&tests, 0);
	for (size_t i = 0; all->options->own_tests && i < ARRAY_SIZE(of_tests); i++) {
		CLEANUP_FREE char *script = xasprintf("%s/%s", all->data, of_tests[i]);

		if (sha256_file(script, hex, NULL, err) < 0)
			return -1;
		buf_addf(&tests, "\n%s %s", of_tests[i], hex);
	}
	wheel_pair(all, pair);
	key = xasprintf("%s\n%s\n%s\n%s\n%s\n%u %u%s\n", WHEEL_RESULT_FORM, work->wheel->sha256,
		pair, runner, exercise, all->options->memory, all->options->seconds, tests.data);
	sha256_hex(key, strlen(key), hex);
	*path = xasprintf("%s/%s-%.16s.json", all->results, work->item->name, hex);
	return 0;
}

/* Audits and predicts; `modules` receives the modules to import. Returns 1, 0 with the
 * reason why there is nothing to try, or -1. */
static int audit(struct wheel_work *work, const char *file, struct strv *modules, struct err *err)
{
	CLEANUP(wheel_audit_release) struct wheel_audit found = {0};

	if (wheel_audit_read(file, work->dir, &found, err) < 0) {
		if (err->code != ERR_INPUT)
			return -1;
		wheel_not_checked(work->wheel, "%s", err->msg);
		return 0;
	}
	if (wheel_predict(&work->all->here, &found, work->wheel, err) < 0)
		return -1;
	for (size_t i = 0; i < found.n; i++) {
		if (found.v[i].role == WHEEL_EXTENSION)
			strv_add(modules, found.v[i].module);
	}
	if (modules->n || work->exercise)
		return 1;
	wheel_not_checked(work->wheel, "%s",
		found.counts[WHEEL_FOREIGN]
			? "its extension modules are for another Python or machine"
			: "it has no extension modules, and there is no exercise for it");
	return 0;
}

/* Takes the result of an earlier run, if there is one: returns whether. */
static bool reuse(struct wheel *w, const char *kept)
{
	struct err ignored = ERR_INIT;
	/* An unreadable result is recreated. */
	json_t *json = py_json_load(kept, &ignored);
	struct wheel old;
	bool found = wheel_from_json(json, &old);

	json_decref(json);
	if (!found)
		return false;
	wheel_release(w);
	*w = old;
	w->reused = true;
	return true;
}

/* Keeps the result; with a budget, only the digest of the download stays. */
static int keep(const struct wheel_work *work, const char *kept, const char *file, struct err *err)
{
	const struct wheel *w = work->wheel;
	json_t *json = wheel_json(w);
	CLEANUP_FREE char *text = json_dumps(json, JSON_INDENT(1)), *left = NULL, *line = NULL;

	json_decref(json);
	if (file_write(kept, text, strlen(text), 0644, err) < 0)
		return -1;
	if (!work->all->options->disk || work->item->file)
		return 0;
	left = xasprintf("%s%s", file, judged);
	line = xasprintf("%s %jd\n", w->sha256, (intmax_t)w->size);
	return file_write(left, line, strlen(line), 0644, err) < 0 ? -1 : tree_remove(file, err);
}

/* Installs the wheel and tries it with both interpreters: returns 1, 0 with the reason, or -1. */
static int try_both(
	struct wheel_work *work, const char *file, const struct strv *modules, struct err *err)
{
	CLEANUP(wheel_trials_release) struct wheel_trials here = {0}, reference = {0};
	CLEANUP_FREE char *site = xasprintf("%s/site", work->dir);
	const struct wheels *all = work->all;
	struct wheel *w = work->wheel;
	struct rusage usage;
	int got = install(work, file, err);

	if (got != 1)
		return got;
	w->disk = (int64_t)wheel_disk_of(site);
	if (wheel_try(work, &all->here, modules, &here, err) < 0 ||
		(all->compared && wheel_try(work, &all->reference, modules, &reference, err) < 0))
		return -1;
	if (getrusage(RUSAGE_CHILDREN, &usage) == 0)
		w->memory = (int64_t)usage.ru_maxrss << 10;
	wheel_judge(w, &here, all->compared ? &reference : NULL);
	wheel_weigh(w);
	return all->options->own_tests && wheel_own_tests(work, err) < 0 ? -1 : 1;
}

/* Finds the wheel, or downloads it, unless it was judged before: returns 1 with the file; 0: no
 * more to do; or -1. `kept` receives where the result is kept. */
static int obtain(struct wheel_work *work, char **file, char **kept, struct err *err)
{
	CLEANUP_FREE char *shelf = work->item->file ? NULL : shelf_of(work);
	struct shelf found = {.wheel = work->item->file ? xstrdup(work->item->file) : NULL};
	int got = 1;

	if (shelf && path_is_dir(shelf) && tree_walk(shelf, visit_shelf, &found, err) < 0)
		return -1;
	if (!found.wheel && found.judged) {
		got = identify(work, found.judged, true, err);
		if (got == 1 && result_path(work, kept, err) < 0)
			got = -1;
		if (got == 1 && reuse(work->wheel, *kept))
			got = 0;
		else if (got >= 0)
			got = 2;
	}
	free(found.judged);
	*file = found.wheel;
	if (got <= 0)
		return got;
	if (!*file && (got = download(work, file, err)) != 1)
		return got;
	free(steal(kept));
	got = identify(work, *file, false, err);
	if (got == 1 && result_path(work, kept, err) < 0)
		return -1;
	return got == 1 && reuse(work->wheel, *kept) ? 0 : got;
}

static int check_one(struct wheel_work *work, struct err *err)
{
	static const char *const folders[] = {"home", "tmp", "cwd", "site"};
	CLEANUP_STRV struct strv modules = STRV_INIT;
	CLEANUP_FREE char *file = NULL, *kept = NULL;
	struct wheel *w = work->wheel;
	uint64_t start = clock_ns();
	bool final;
	int got;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", work->dir, folders[i]);

		if (make_dirs(path, err) < 0)
			return -1;
	}
	if (wheel_exercise(work->all->exercises, w->name, work->dir, &work->exercise, err) < 0)
		return -1;
	got = obtain(work, &file, &kept, err);
	if (got != 1)
		return got;
	got = audit(work, file, &modules, err);
	if (got == 1 && work->all->options->audit) {
		wheel_not_checked(w, "audited only");
		w->modules = (int64_t)modules.n;
		return 0;
	}
	/* There is nothing to try in it, whoever asks again. */
	final = got == 0;
	if (got == 1)
		got = try_both(work, file, &modules, err);
	if (got < 0 || (got == 0 && !final))
		return got;
	w->seconds = (int64_t)((clock_ns() - start) / 1000000000);
	return keep(work, kept, file, err);
}

int wheel_check(struct wheel_work *work, struct err *err)
{
	CLEANUP(wheel_release) struct wheel w = WHEEL_INIT;
	CLEANUP_FREE char *answer = xasprintf("%s/" WHEEL_ANSWER, work->dir), *text = NULL;
	json_t *json;

	w.name = xstrdup(work->item->name);
	work->wheel = &w;
	if (check_one(work, err) < 0) {
		if (err->code == ERR_INTERRUPTED)
			return -1;
		wheel_not_checked(&w, "%s", err->msg);
	}
	json = wheel_json(&w);
	text = json_dumps(json, 0);
	json_decref(json);
	return file_write(answer, text, strlen(text), 0644, err);
}
