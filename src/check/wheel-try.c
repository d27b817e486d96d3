/* Modules and exercises in child processes, with limits on what they may use. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/term.h"
#include "check/wheel-internal.h"
#include "proc/proc.h"

#define BATCH 16 /* modules that are imported into one process */
#define TRY_TIMEOUT_MS (5 * 60 * 1000)
#define TRY_DATA_MAX ((uint64_t)8 << 30)
#define TRY_FILE_MAX ((uint64_t)2 << 30)
#define OUTPUT_MAX ((size_t)256 << 10)
#define RESULT_MAX ((size_t)4 << 20)
#define LD_LOG_MAX ((size_t)16 << 20)

/* One run of wheels/run.py. */
struct attempt {
	struct buf output; /* what it printed */
	struct buf result;
	bool died;       /* did not end with 0 */
	int code;        /* exit code, or 128 and the signal */
	char ended[256]; /* how, in words */
};

static void attempt_release(struct attempt *a)
{
	buf_release(&a->output);
	buf_release(&a->result);
}

static void try_env(const struct wheel_work *work, bool trace, struct strv *env)
{
	static const char *const threads[] = {"OMP", "OPENBLAS", "MKL", "NUMEXPR", "POLARS_MAX"};
	const char *path = getenv("PATH");

	strv_addf(env, "PATH=%s", path ? path : "/usr/bin:/bin");
	strv_addf(env, "HOME=%s/home", work->dir);
	strv_addf(env, "TMPDIR=%s/tmp", work->dir);
	strv_add(env, "LC_ALL=C.UTF-8");
	strv_add(env, "TZ=UTC");
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		strv_addf(env, "%s_%s=1", threads[i],
			strstr(threads[i], "MAX") ? "THREADS" : "NUM_THREADS");
	if (trace) {
		strv_add(env, "LD_DEBUG=files");
		strv_addf(env, "LD_DEBUG_OUTPUT=%s/ld", work->dir);
	}
}

/* Runs once. A child that fails is not an error of ours: `a` says it. */
static int run_once(const struct wheel_work *work, const struct wheel_python *python,
	const char *kind, char *const *names, size_t n, bool trace, struct attempt *a,
	struct err *err)
{
	CLEANUP_FREE char *result = xasprintf("%s/result", work->dir);
	CLEANUP_FREE char *cwd = xasprintf("%s/cwd", work->dir);
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	struct proc_spec spec = {.argv = &argv,
		.env = &env,
		.cwd = cwd,
		.out = -1,
		.err = -1,
		.limits = {
			.data = TRY_DATA_MAX, .file = TRY_FILE_MAX, .cpu = TRY_TIMEOUT_MS / 1000}};
	struct err child = ERR_INIT;

	strv_add(&argv, python->dist->interpreter);
	strv_split(&argv, "-I -S -B -X faulthandler", " ");
	strv_add(&argv, work->all->runner);
	strv_addf(&argv, "%s/site", work->dir);
	strv_add(&argv, result);
	strv_add(&argv, kind);
	for (size_t i = 0; i < n; i++)
		strv_add(&argv, names[i]);
	try_env(work, trace, &env);
	if (tree_remove(result, err) < 0)
		return -1;
	a->died = proc_run(&spec, true, OUTPUT_MAX, TRY_TIMEOUT_MS, &a->output, &child) < 0;
	if (a->died && child.code != ERR_CHILD) {
		*err = child;
		return -1;
	}
	snprintf(a->ended, sizeof(a->ended), "%.*s",
		(int)(a->died ? utf8_cut(child.msg, sizeof(a->ended) - 1) : 0), child.msg);
	buf_reserve(&a->result, 0);
	return path_exists(result) ? file_read(result, RESULT_MAX, &a->result, err) : 0;
}

/* Which libpythons the loader mapped, from its own log. */
static void read_loader_log(const char *path, json_t *list)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_STRV struct strv seen = STRV_INIT;
	struct err ignored = ERR_INIT;

	if (file_read(path, LD_LOG_MAX, &text, &ignored) < 0)
		return;
	for (char *p = text.data, *end; (p = strstr(p, "calling init: ")); p = end) {
		CLEANUP_FREE char *file = NULL;

		p += strlen("calling init: ");
		end = p + strcspn(p, "\n");
		file = xstrndup(p, (size_t)(end - p));
		if (py_is_libpython(file, true) && !strv_has(&seen, file)) {
			strv_add(&seen, file);
			json_array_append_new(list, py_text_json(file));
		}
	}
}

static json_t *loaded_libpythons(const struct wheel_work *work)
{
	DIR *dir = opendir(work->dir);
	json_t *list = json_array();
	const struct dirent *e;

	while (dir && (e = readdir(dir))) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", work->dir, e->d_name);

		if (!strncmp(e->d_name, "ld.", 3)) {
			read_loader_log(path, list);
			unlink(path);
		}
	}
	if (dir)
		closedir(dir);
	return list;
}

/* The innermost line of Python, as faulthandler printed it. */
static char *crash_frame(const char *output)
{
	const char *p = strstr(output, "most recent call first");
	size_t n;

	p = p ? strstr(p, "  File \"") : NULL;
	if (!p)
		return NULL;
	p += strspn(p, " ");
	n = strcspn(p, "\n");
	return xstrndup(p, n);
}

static void set_text(json_t *o, const char *key, const char *text)
{
	json_object_set_new(o, key, py_text_json(text));
}

static json_t *trial_new(json_t *trials, const char *what, bool ok)
{
	json_t *trial = json_object();

	set_text(trial, "what", what);
	json_object_set_new(trial, "ok", json_boolean(ok));
	json_array_append_new(trials, trial);
	return trial;
}

/* The process ended while it tried this. */
static void describe_death(json_t *trial, const struct attempt *a)
{
	const char *signal = strstr(a->ended, "killed by ");
	CLEANUP_FREE char *frame = crash_frame(a->output.data);
	const char *fatal = strstr(a->output.data, "Fatal Python error: ");
	CLEANUP_FREE char *text = NULL;

	if (fatal)
		text = xasprintf("%s; %.*s", a->ended, (int)strcspn(fatal, "\n"), fatal);
	set_text(trial, "error", text ? text : a->ended);
	set_text(trial, "signal", signal ? signal + strlen("killed by ") : NULL);
	set_text(trial, "frame", frame);
}

static json_t *next_line(char **at)
{
	char *line = *at;
	size_t n = strcspn(line, "\n");

	if (!*line)
		return NULL;
	*at = line + n + (line[n] == '\n');
	return json_loadb(line, n, JSON_DECODE_ANY, NULL);
}

/* The ends in the result, in order: how many there are up to the first failure, `max` at most: what
 * is tried can write there, too. */
static size_t count_good(const struct attempt *a, size_t max)
{
	char *at = a->result.data;
	json_t *line;
	size_t n = 0;
	bool good = true;

	while (good && n < max && (line = next_line(&at))) {
		if (json_object_get(line, "end")) {
			good = json_is_null(json_object_get(line, "error"));
			n += good;
		}
		json_decref(line);
	}
	return n;
}

/* One thing in a process of its own, with the loader's log: this is the one that counts. */
static int try_alone(const struct wheel_work *work, const struct wheel_python *python,
	const char *kind, char *name, json_t *trials, struct err *err)
{
	CLEANUP(attempt_release) struct attempt a = {0};
	const char *what = strcmp(kind, "import") ? kind : name;
	json_t *line, *end = NULL, *trial, *libpythons;
	char *at;

	if (run_once(work, python, kind, &name, 1, true, &a, err) < 0)
		return -1;
	libpythons = loaded_libpythons(work);
	at = a.result.data;
	while ((line = next_line(&at))) {
		if (json_object_get(line, "end") && !end)
			end = json_incref(line);
		json_decref(line);
	}
	if (end && json_is_null(json_object_get(end, "error")) && !a.died) {
		trial_new(trials, what, true);
	} else {
		trial = trial_new(trials, what, false);
		if (end && !json_is_null(json_object_get(end, "error"))) {
			json_object_set(trial, "error", json_object_get(end, "error"));
			json_object_set(trial, "frame", json_object_get(end, "frame"));
			json_object_set_new(trial, "signal", json_null());
		} else {
			describe_death(trial, &a);
		}
		json_object_set(trial, "libpythons", libpythons);
	}
	json_decref(libpythons);
	json_decref(end);
	return 0;
}

/* As many as go well into one process; the first that does not is tried again alone. */
static int try_modules(const struct wheel_work *work, const struct wheel_python *python,
	const struct strv *modules, json_t *trials, struct err *err)
{
	for (size_t i = 0; i < modules->n;) {
		CLEANUP(attempt_release) struct attempt a = {0};
		size_t n = modules->n - i < BATCH ? modules->n - i : BATCH, good;

		if (run_once(work, python, "import", modules->v + i, n, false, &a, err) < 0)
			return -1;
		good = count_good(&a, n);
		/* all imported, and then it died at its end: which one did that? */
		if (good == n && a.died)
			good = 0;
		for (size_t k = 0; k < good; k++)
			trial_new(trials, modules->v[i + k], true);
		i += good;
		if (good < n && try_alone(work, python, "import", modules->v[i++], trials, err) < 0)
			return -1;
	}
	return 0;
}

int wheel_try(struct wheel_work *work, const struct wheel_python *python,
	const struct strv *modules, json_t *trials, struct err *err)
{
	CLEANUP_FREE char *exercise = wheel_exercise(work);

	if (try_modules(work, python, modules, trials, err) < 0)
		return -1;
	return exercise ? try_alone(work, python, "exercise", exercise, trials, err) : 0;
}
