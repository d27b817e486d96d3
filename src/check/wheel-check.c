/* Handles one wheel from start to end, in a process forked for it. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "check/check-internal.h"
#include "tar/tar.h"

#define EXERCISE_MAX ((size_t)1 << 20)
#define PIP_TIMEOUT_MS (30 * 60 * 1000)
#define PIP_OUTPUT_MAX ((size_t)4 << 20)

/* Runs pip: returns 1; 0 if it failed, recorded in the wheel; or -1. */
static int run_pip(
	struct wheel_work *work, const struct strv *words, const char *doing, struct err *err)
{
	CLEANUP_FREE char *tmp = xasprintf("%s/tmp", work->dir), *said = NULL;
	CLEANUP_BUF struct buf output = BUF_INIT;
	const char *last;

	if (pip_run(&work->all->pip, words, tmp, PIP_OUTPUT_MAX, PIP_TIMEOUT_MS, &output, err) == 0)
		return 1;
	if (err->code != ERR_CHILD)
		return -1;
	/* The first line of its last error. */
	last = output.len ? output.data : "it said nothing";
	for (const char *p = last; (p = strstr(p, "ERROR: "));)
		last = p += strlen("ERROR: ");
	said = xstrndup(last, strcspn(last, "\n"));
	if (strstr(said, "No matching distribution"))
		wheel_not_checked(work->wheel, "no wheel for this Python and platform: %s", said);
	else if (strstr(said, "not a supported wheel"))
		wheel_not_checked(work->wheel, "%s", said);
	else
		wheel_not_checked(work->wheel, "%s: pip: %s (%s)", doing, said, err->msg);
	return 0;
}

static int visit_download(void *ctx, const struct tree_entry *e, struct err *err)
{
	char **found = ctx;

	(void)err;
	if (!*found && S_ISREG(e->st->st_mode) && ends_with(e->rel, ".whl"))
		*found = xstrdup(e->path);
	return 0;
}

/* Finds the wheel, or downloads it: returns 1, 0 with the reason, or -1. */
static int obtain(struct wheel_work *work, char **file, struct err *err)
{
	const struct python *dist = work->all->here.dist;
	const char *soabi = py_config(dist, "SOABI");
	/* Downloads are stored by SOABI, so that other builds of the same version can use them. */
	CLEANUP_FREE char *shelf =
		xasprintf("%s/%s/%s", work->all->downloads, soabi ? soabi : dist->series,
			work->item->requirement ? work->item->requirement : "");
	CLEANUP_FREE char *dir = xasprintf("%s/download", work->dir), *fresh = NULL;
	CLEANUP_STRV struct strv words = STRV_INIT;
	int got;

	if (work->item->file)
		*file = xstrdup(work->item->file);
	else if (path_is_dir(shelf) && tree_walk(shelf, visit_download, file, err) < 0)
		return -1;
	if (*file)
		return 1;
	if (make_dirs(dir, err) < 0)
		return -1;
	strv_split(&words, "-q download --no-deps --only-binary :all: --progress-bar off -d", " ");
	strv_add(&words, dir);
	strv_add(&words, work->item->requirement);
	got = run_pip(work, &words, "downloading", err);
	if (got == 1 && tree_walk(dir, visit_download, &fresh, err) < 0)
		return -1;
	if (got == 1 && !fresh)
		wheel_not_checked(work->wheel, "pip downloaded no wheel");
	if (got != 1 || !fresh)
		return got < 0 ? -1 : 0;
	*file = xasprintf("%s/%s", shelf, path_base(fresh));
	return path_rename(fresh, *file, err) < 0 ? -1 : 1;
}

/* Installs the wheel and its dependencies into DIR/site: returns 1, 0 with the reason, or -1. */
static int install(struct wheel_work *work, const char *file, struct err *err)
{
	static const char mark[] = "# requires:";
	CLEANUP_STRV struct strv words = STRV_INIT;
	CLEANUP_FREE char *beside = path_dir(file);
	CLEANUP_BUF struct buf text = BUF_INIT;

	strv_split(&words,
		"-q install --only-binary :all: --progress-bar off --no-compile "
		"--no-warn-script-location --root-user-action=ignore --target",
		" ");
	strv_addf(&words, "%s/site", work->dir);
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
	char runner[SHA256_HEX_SIZE], exercise[SHA256_HEX_SIZE] = "-", hex[SHA256_HEX_SIZE];
	CLEANUP_FREE char *key = NULL;

	if (sha256_file(all->runner, runner, NULL, err) < 0 ||
		(work->exercise && sha256_file(work->exercise, exercise, NULL, err) < 0))
		return -1;
	key = xasprintf("%s\n%s\n%s\n%s\n%s\n%s\n", WHEEL_RESULT_FORM, work->wheel->sha256,
		all->here.identity, all->compared ? all->reference.identity : "-", runner,
		exercise);
	sha256_hex(key, strlen(key), hex);
	*path = xasprintf("%s/%s-%.16s.json", all->results, work->item->name, hex);
	return 0;
}

/* Unpacks, audits and predicts; `modules` receives the modules to import. Returns 1, 0 with the
 * reason why there is nothing to try, or -1. */
static int audit(struct wheel_work *work, const char *file, struct strv *modules, struct err *err)
{
	const struct tar_limits limits = {WHEEL_MAX_BYTES, WHEEL_MAX_ENTRIES, .wheel = true};
	CLEANUP(wheel_audit_release) struct wheel_audit found = {0};
	CLEANUP_FREE char *dir = xasprintf("%s/unpacked", work->dir);

	if (tar_extract(file, dir, 0, &limits, err) < 0) {
		if (err->code != ERR_INPUT)
			return -1;
		wheel_not_checked(work->wheel, "%s", err->msg);
		return 0;
	}
	if (wheel_audit_read(work->all, dir, &found, err) < 0 ||
		wheel_predict(work->all, &found, work->wheel, err) < 0 || tree_remove(dir, err) < 0)
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

static int check_one(struct wheel_work *work, struct err *err)
{
	static const char *const folders[] = {"home", "tmp", "cwd", "site"};
	CLEANUP(wheel_trials_release) struct wheel_trials here = {0}, reference = {0};
	CLEANUP_STRV struct strv modules = STRV_INIT;
	CLEANUP_FREE char *file = NULL, *kept = NULL, *name = NULL, *text = NULL;
	const struct wheels *all = work->all;
	struct wheel *w = work->wheel, old;
	struct err ignored = ERR_INIT;
	char hex[SHA256_HEX_SIZE];
	uint64_t start = clock_ns(), size;
	json_t *json;
	int got;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", work->dir, folders[i]);

		if (make_dirs(path, err) < 0)
			return -1;
	}
	got = obtain(work, &file, err);
	if (got != 1)
		return got;
	if (sha256_file(file, hex, &size, err) < 0)
		return -1;
	w->file = xstrdup(path_base(file));
	w->sha256 = xstrdup(hex);
	w->size = (int64_t)size;
	if (!wheel_name_parse(file, &name, &w->version)) {
		wheel_not_checked(w, "'%s' is not the name of a wheel", w->file);
		return 0;
	}
	if (result_path(work, &kept, err) < 0)
		return -1;
	/* An unreadable result is recreated. */
	json = py_json_load(kept, &ignored);
	if (wheel_from_json(json, &old)) {
		wheel_release(w);
		*w = old;
		w->reused = true;
		json_decref(json);
		return 0;
	}
	json_decref(json);
	got = audit(work, file, &modules, err);
	if (got == 1)
		got = install(work, file, err);
	if (got != 1)
		return got;
	if (wheel_try(work, &all->here, &modules, &here, err) < 0 ||
		(all->compared && wheel_try(work, &all->reference, &modules, &reference, err) < 0))
		return -1;
	wheel_judge(w, &here, all->compared ? &reference : NULL);
	wheel_weigh(w);
	w->seconds = (int64_t)((clock_ns() - start) / 1000000000);
	json = wheel_json(w);
	text = json_dumps(json, JSON_INDENT(1));
	json_decref(json);
	return file_write(kept, text, strlen(text), 0644, err);
}

int wheel_check(struct wheel_work *work, struct err *err)
{
	CLEANUP(wheel_release) struct wheel w = WHEEL_INIT;
	CLEANUP_FREE char *answer = xasprintf("%s/answer.json", work->dir), *text = NULL;
	CLEANUP_FREE char *exercise = xasprintf("%s/%s.py", work->all->exercises, work->item->name);
	json_t *json;

	w.name = xstrdup(work->item->name);
	work->wheel = &w;
	work->exercise = path_exists(exercise) ? exercise : NULL;
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
