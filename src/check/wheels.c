/* Wheels side by side: the list, the processes, the model. Declared in check/check.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "check/pip-internal.h"
#include "check/wheel-internal.h"
#include "proc/proc.h"

#define ANSWER_MAX ((size_t)64 << 20)
#define PIP_ASK_MS 60000

/* A wheel of the list. */
struct wheel_job {
	struct wheel_work work;
	int line;
	json_t *answer;
};

struct wheel_run {
	struct wheels *all;
	const struct wheel_list *list;
	struct progress *progress;
	struct wheel_job *jobs; /* one for each of the list */
	size_t next;
};

static void wheels_release(struct wheels *all)
{
	wheel_python_release(&all->here);
	wheel_python_release(&all->reference);
	strv_release(&all->pip);
	free(all->downloads);
	free(all->results);
	free(all->scratch);
	free(all->runner);
	free(all->exercises);
}

/* One run at a time has the state folder, so what is in scratch is nobody's any more. */
static int take_state(const char *dir, const char *scratch, int *lock, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/lock", dir);

	if (make_dirs(dir, err) < 0)
		return -1;
	*lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (*lock < 0)
		return err_sys(err, "cannot open '%s'", path);
	if (TEMP_FAILURE_RETRY(flock(*lock, LOCK_EX | LOCK_NB)) < 0)
		return errno == EWOULDBLOCK ? err_set(err, ERR_ENVIRONMENT,
						      "another check of wheels is using '%s'", dir)
					    : err_sys(err, "cannot lock '%s'", path);
	return tree_remove(scratch, err);
}

static bool has_pip(const struct strv *argv)
{
	CLEANUP_STRV struct strv ask = STRV_INIT, env = STRV_INIT;
	CLEANUP_BUF struct buf output = BUF_INIT;
	struct proc_spec spec = {.argv = &ask, .env = &env, .out = -1, .err = -1};
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < argv->n; i++)
		strv_add(&ask, argv->v[i]);
	strv_add(&ask, "--version");
	pip_environment(NULL, &env);
	return proc_run(&spec, true, 4096, PIP_ASK_MS, &output, &ignored) == 0;
}

/* The interpreter's own pip, or that of the reference working on its behalf. */
static int find_pip(struct wheels *all, struct err *err)
{
	const char *here = all->here.dist->interpreter;

	strv_add(&all->pip, here);
	strv_split(&all->pip, "-I -m pip", " ");
	if (has_pip(&all->pip))
		return 0;
	if (all->compared) {
		strv_clear(&all->pip);
		strv_add(&all->pip, all->reference.dist->interpreter);
		strv_split(&all->pip, "-I -m pip --python", " ");
		strv_add(&all->pip, here);
		if (has_pip(&all->pip))
			return 0;
	}
	err_set(err, ERR_UNSUPPORTED, "'%s' has no pip, which wheels are installed with", here);
	return err_hint(err, "run '%s -m ensurepip', or install the system's package of pip", here);
}

/* Wheels for the one must fit the other, too. */
static int check_same(const struct python *here, const struct python *there, struct err *err)
{
	const char *a = py_config(here, "SOABI"), *b = py_config(there, "SOABI");

	if (!there->runs)
		return err_set(err, ERR_UNSUPPORTED, "the reference '%s' cannot be run: %s",
			there->interpreter, there->why_not);
	if (here->major == there->major && here->minor == there->minor && a && b && !strcmp(a, b))
		return 0;
	err_set(err, ERR_USAGE, "the reference '%s' is %s (%s), but '%s' is %s (%s)",
		there->interpreter, there->version, b ? b : "no SOABI", here->interpreter,
		here->version, a ? a : "no SOABI");
	return err_hint(err, "compare interpreters of the same version and kind");
}

static int prepare(struct wheels *all, const struct python *dist, const struct python *reference,
	struct err *err)
{
	const struct check_wheel_options *o = all->options;
	CLEANUP_FREE char *state = NULL, *data = NULL;
	const char *other = py_other_implementation(dist);

	if (other)
		return err_set(err, ERR_UNSUPPORTED,
			"wheels are judged as CPython loads them; '%s' is %s", dist->interpreter,
			other);
	if (!dist->runs)
		return err_set(err, ERR_UNSUPPORTED, "wheels need an interpreter that runs: %s",
			dist->why_not);
	/* absolute: children work in folders of their own */
	state = path_absolute(o->state_dir);
	data = path_absolute(o->data_dir);
	all->downloads = xasprintf("%s/downloads", state);
	all->results = xasprintf("%s/results", state);
	all->runner = xasprintf("%s/run.py", data);
	all->exercises = xasprintf("%s/exercises", data);
	if (!path_exists(all->runner))
		return err_set(err, ERR_INPUT, "'%s' is missing", all->runner);
	all->compared = reference != NULL;
	if (reference && check_same(dist, reference, err) < 0)
		return -1;
	if (wheel_python_read(dist, &all->here, err) < 0 ||
		(reference && wheel_python_read(reference, &all->reference, err) < 0))
		return -1;
	if (make_dirs(all->downloads, err) < 0 || make_dirs(all->results, err) < 0)
		return -1;
	return find_pip(all, err);
}

static int check_in_child(void *work, struct err *err)
{
	return wheel_check(work, err);
}

static int start_wheel(void *ctx, struct proc **ret, void **job, struct err *err)
{
	struct wheel_run *r = ctx;
	struct wheel_job *j = &r->jobs[r->next];
	struct proc_spec spec = {.out = -1, .err = -1, .run = check_in_child, .ctx = &j->work};
	CLEANUP_FREE char *label = NULL;

	if (r->next == r->list->n)
		return POOL_NO_MORE;
	j->work = (struct wheel_work){.all = r->all,
		.item = &r->list->v[r->next],
		.dir = xasprintf("%s/%zu", r->all->scratch, r->next)};
	if (make_dirs(j->work.dir, err) < 0 || proc_start(&spec, ret, err) < 0)
		return -1;
	r->next++;
	label = xasprintf("%s (%zu of %zu)", j->work.item->name, r->next, r->list->n);
	j->line = progress_start(r->progress, label, 0);
	*job = j;
	return POOL_STARTED;
}

/* The answer of a process that ended; when there is none, the reason is the verdict's. */
static json_t *read_answer(const struct wheel_job *j, const struct err *how)
{
	CLEANUP_FREE char *path = xasprintf("%s/answer.json", j->work.dir);
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	json_t *answer = NULL;

	if (file_read(path, ANSWER_MAX, &text, &ignored) == 0)
		answer = json_loadb(text.data, text.len, 0, NULL);
	if (json_is_string(json_object_get(answer, "verdict")))
		return answer;
	json_decref(answer);
	answer = json_object();
	json_object_set_new(answer, "name", py_text_json(j->work.item->name));
	json_object_set_new(answer, "version", json_null());
	wheel_not_checked(answer, "the process that checked it ended: %s",
		*how->msg ? how->msg : "without an answer");
	return answer;
}

static void drop_wheel(void *ctx, void *job)
{
	const struct wheel_run *r = ctx;
	const struct wheel_job *j = job;
	struct err ignored = ERR_INIT;

	progress_end(r->progress, j->line, "ended");
	tree_remove(j->work.dir, &ignored);
}

static int end_wheel(void *ctx, void *job, struct proc *proc, struct err *err)
{
	const struct wheel_run *r = ctx;
	struct wheel_job *j = job;
	struct err how = ERR_INIT;
	CLEANUP_FREE char *word = NULL;

	if (proc_result(proc, &how) < 0 && how.code == ERR_INTERRUPTED) {
		drop_wheel(ctx, job);
		*err = how;
		return -1;
	}
	j->answer = read_answer(j, &how);
	word = xasprintf("%s%s", json_string_value(json_object_get(j->answer, "verdict")),
		json_object_get(j->answer, "reused") ? " (from an earlier run)" : "");
	progress_end(r->progress, j->line, word);
	return tree_remove(j->work.dir, err);
}

static int check_list(struct wheels *all, const struct wheel_list *list, struct progress *progress,
	json_t *model, struct err *err)
{
	struct wheel_run r = {.all = all, .list = list, .progress = progress};
	struct proc_pool pool = {.jobs = all->options->jobs,
		.progress = progress,
		.start = start_wheel,
		.end = end_wheel,
		.drop = drop_wheel,
		.ctx = &r};
	json_t *array = json_object_get(model, "wheels");
	int failed;

	r.jobs = xcalloc(list->n, sizeof(*r.jobs));
	if (!array) {
		array = json_array();
		json_object_set_new(model, "wheels", array);
	}
	failed = proc_pool_run(&pool, err);
	for (size_t i = 0; i < list->n; i++) {
		json_t *answer = r.jobs[i].answer;

		free(r.jobs[i].work.dir);
		if (!answer)
			continue;
		wheel_weigh_prediction(answer);
		wheel_count(model, answer);
		json_array_append_new(array, answer);
	}
	free(r.jobs);
	return failed;
}

static int check_against(const struct python *dist, const struct python *reference,
	const struct check_wheel_options *options, struct progress *progress, json_t *model,
	struct err *err)
{
	CLEANUP(wheels_release) struct wheels all = {.options = options};
	CLEANUP(wheel_list_release) struct wheel_list list = {0};
	CLEANUP_FREE char *state = NULL;
	CLEANUP_CLOSE int lock = -1;
	int failed;

	if (wheel_list_read(options, &list, err) < 0)
		return -1;
	state = path_absolute(options->state_dir);
	all.scratch = xasprintf("%s/scratch", state);
	if (take_state(options->state_dir, all.scratch, &lock, err) < 0 ||
		prepare(&all, dist, reference, err) < 0)
		return -1;
	json_object_set_new(
		model, "against", reference ? py_text_json(reference->interpreter) : json_null());
	failed = check_list(&all, &list, progress, model, err);
	if (failed == 0)
		failed = tree_remove(all.scratch, err);
	return failed;
}

int check_wheels(const struct python *dist, const struct check_wheel_options *options,
	struct progress *progress, json_t *model, struct err *err)
{
	CLEANUP_PYTHON struct python reference = {0};
	CLEANUP_FREE char *beside = options->against ? NULL : wheel_find_counterpart(dist);
	const char *against = options->against ? options->against : beside;

	if (!against) {
		progress_say(progress, "no reference interpreter: wheels either work or fail");
		return check_against(dist, NULL, options, progress, model, err);
	}
	if (py_find(against, &reference, err) < 0)
		return err_wrap(err, "looking for the reference interpreter");
	return check_against(dist, &reference, options, progress, model, err);
}
