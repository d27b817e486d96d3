/* Runs modules and exercises in child processes with resource limits. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "check/check-internal.h"
#include "proc/proc.h"

#define BATCH 16 /* modules imported in one process */
#define TRY_SECONDS 300
#define TRY_DATA_GIB 8
#define TRY_FILE_MAX ((uint64_t)2 << 30)
#define OUTPUT_MAX ((size_t)256 << 10)
#define RESULT_MAX ((size_t)4 << 20)
#define LD_LOG_MAX ((size_t)16 << 20)

void wheel_attempt_release(struct wheel_attempt *a)
{
	buf_release(&a->output);
	buf_release(&a->result);
	free(a->ended);
}

static int run_once(const struct wheel_work *work, const struct wheel_python *python,
	const char *kind, char *const *names, size_t n, bool trace, struct wheel_attempt *a,
	struct err *err)
{
	static const char threads[] =
		"TZ=UTC OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 "
		"NUMEXPR_NUM_THREADS=1 POLARS_MAX_THREADS=1";
	static const char *const emulated = "QEMU_CPU";
	CLEANUP_FREE char *result = xasprintf("%s/result", work->dir);
	CLEANUP_FREE char *cwd = xasprintf("%s/cwd", work->dir);
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	const struct check_wheel_options *o = work->all->options;
	const unsigned int seconds = o->seconds ? o->seconds : TRY_SECONDS;
	struct proc_spec spec = {.argv = &argv,
		.env = &env,
		.cwd = cwd,
		.out = -1,
		.err = -1,
		.limits = {.data = (uint64_t)(o->memory ? o->memory : TRY_DATA_GIB) << 30,
			.file = TRY_FILE_MAX,
			.cpu = seconds}};
	const char *path = getenv("PATH");
	struct err child = ERR_INIT;
	uint64_t start;

	machine_prefix(python->dist->interpreter, &argv);
	strv_add(&argv, python->dist->interpreter);
	strv_split(&argv, "-I -S -B -X faulthandler", " ");
	if (!strcmp(kind, "tests"))
		strv_addf(&argv, "%s/tests.py", work->all->data);
	else
		strv_add(&argv, work->all->runner);
	strv_addf(&argv, "%s/site", work->dir);
	strv_add(&argv, result);
	strv_add(&argv, kind);
	for (size_t i = 0; i < n; i++)
		strv_add(&argv, names[i]);
	strv_addf(&env, "PATH=%s", path ? path : "/usr/bin:/bin");
	strv_addf(&env, "HOME=%s/home", work->dir);
	strv_addf(&env, "TMPDIR=%s/tmp", work->dir);
	strv_add(&env, "LC_ALL=C.UTF-8");
	strv_split(&env, threads, " ");
	/* Not all that an emulator can be is emulated well: SVE of qemu 7.2, for one. */
	proc_keep(&emulated, 1, &env);
	if (trace) {
		strv_add(&env, "LD_DEBUG=files");
		strv_addf(&env, "LD_DEBUG_OUTPUT=%s/ld", work->dir);
	}
	if (tree_remove(result, err) < 0)
		return -1;
	start = clock_ns();
	a->died = proc_run(&spec, true, OUTPUT_MAX, seconds * 1000, &a->output, &child) < 0;
	if (a->died && child.code != ERR_CHILD) {
		*err = child;
		return -1;
	}
	a->ended = xstrdup(a->died ? child.msg : "");
	a->late = a->died && (clock_ns() - start >= (uint64_t)seconds * 1000000000 ||
				     strstr(a->ended, "SIGXCPU"));
	buf_reserve(&a->result, 0);
	return path_exists(result) ? file_read(result, RESULT_MAX, &a->result, err) : 0;
}

int wheel_run(const struct wheel_work *work, const struct wheel_python *python, const char *kind,
	char *const *names, size_t n, struct wheel_attempt *a, struct err *err)
{
	return run_once(work, python, kind, names, n, false, a, err);
}

/* The libpythons that the loader mapped, from its logs, which are removed. */
static json_t *loaded_libpythons(const struct wheel_work *work)
{
	static const char mark[] = "calling init: ";
	CLEANUP_STRV struct strv seen = STRV_INIT;
	CLEANUP_STRV struct strv names = STRV_INIT;
	json_t *list = json_array();
	struct err ignored = ERR_INIT;

	dir_list(work->dir, &names, &ignored);
	for (size_t n = 0; n < names.n; n++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", work->dir, names.v[n]);
		CLEANUP_BUF struct buf text = BUF_INIT;

		if (strncmp(names.v[n], "ld.", 3) != 0)
			continue;
		if (file_read(path, LD_LOG_MAX, &text, &ignored) == 0) {
			for (const char *p = text.data; (p = strstr(p, mark));) {
				CLEANUP_FREE char *file = NULL;

				p += strlen(mark);
				file = xstrndup(p, strcspn(p, "\n"));
				if (py_is_libpython(file, true) && !strv_has(&seen, file))
					strv_add(&seen, file);
			}
		}
		unlink(path);
	}
	for (size_t i = 0; i < seen.n; i++)
		json_array_append_new(list, json_text(seen.v[i]));
	return list;
}

/* The innermost Python frame, as printed by faulthandler. */
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

static void add_trial(struct wheel_trials *trials, const char *what, bool ok, json_t *said)
{
	*ARRAY_ADD(trials->v, trials->n) =
		(struct wheel_trial){.what = xstrdup(what), .ok = ok, .said = said};
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

/* Counts the "end" records in the result up to the first failure, `max` at most, since the tried
 * code can write there, too. */
static size_t count_good(const struct wheel_attempt *a, size_t max)
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

/* Tries one module or exercise in its own process, with the loader's log: this result counts. */
static int try_alone(const struct wheel_work *work, const struct wheel_python *python,
	const char *kind, char *name, struct wheel_trials *trials, struct err *err)
{
	CLEANUP(wheel_attempt_release) struct wheel_attempt a = {0};
	json_t *line, *end = NULL, *libpythons, *error;
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
	error = json_object_get(end, "error");
	if (!strcmp(kind, "import"))
		kind = name;
	if (end && json_is_null(error) && !a.died) {
		add_trial(trials, kind, true, json_pack("{s:b}", "ok", 1));
	} else if (end && !json_is_null(error)) {
		add_trial(trials, kind, false,
			json_pack("{s:b, s:O*, s:O?, s:n, s:O}", "ok", 0, "error", error, "frame",
				json_object_get(end, "frame"), "signal", "libpythons", libpythons));
	} else {
		/* The process died during the attempt. */
		const char *killed = strstr(a.ended, "killed by ");
		const char *fatal = strstr(a.output.data, "Fatal Python error: ");
		CLEANUP_FREE char *frame = crash_frame(a.output.data);
		CLEANUP_FREE char *text = xasprintf("%s%s%.*s", a.ended, fatal ? "; " : "",
			fatal ? (int)strcspn(fatal, "\n") : 0, fatal ? fatal : "");

		add_trial(trials, kind, false,
			json_pack("{s:b, s:o, s:o, s:o, s:O}", "ok", 0, "error", json_text(text),
				"signal", json_text(killed ? killed + strlen("killed by ") : NULL),
				"frame", json_text(frame), "libpythons", libpythons));
	}
	json_decref(libpythons);
	json_decref(end);
	return 0;
}

/* Imports as many modules as work in one process; the first that fails is retried alone. */
int wheel_try(const struct wheel_work *work, const struct wheel_python *python,
	const struct strv *modules, struct wheel_trials *trials, struct err *err)
{
	for (size_t i = 0; i < modules->n;) {
		CLEANUP(wheel_attempt_release) struct wheel_attempt a = {0};
		size_t n = modules->n - i < BATCH ? modules->n - i : BATCH, good;

		if (run_once(work, python, "import", modules->v + i, n, false, &a, err) < 0)
			return -1;
		good = count_good(&a, n);
		/* All were imported, but the process died at exit: find the culprit. */
		if (good == n && a.died)
			good = 0;
		for (size_t k = 0; k < good; k++)
			add_trial(trials, modules->v[i + k], true, json_pack("{s:b}", "ok", 1));
		i += good;
		if (good < n && try_alone(work, python, "import", modules->v[i++], trials, err) < 0)
			return -1;
	}
	return work->exercise ? try_alone(work, python, "exercise", work->exercise, trials, err)
			      : 0;
}
