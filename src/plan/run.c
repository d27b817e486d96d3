/* Runs the steps of a plan. Declared in plan/plan.h. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tar/tar.h"
#include "base/below.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "plan/output.h"
#include "plan/plan.h"
#include "plan/run-internal.h"

#define RUNNING_MAX 64
#define TICK_MS 100

/* A step on its way. */
struct job {
	struct step *step;
	struct proc *proc;
	char *root; /* the step's folder on this machine */
	int lock;
	int line; /* of the progress */
	uint64_t start;
};

struct run {
	struct plan *plan;
	const struct plan_options *options;
	struct jobserver *jobserver;
	struct job jobs[RUNNING_MAX];
	uint64_t waiting;    /* since when, for a step that another build is making; 0: for none */
	size_t steps, begun; /* that run, as was known at first */
	int line;            /* about all of them */
};

/* What the child needs before it becomes the step's shell. */
struct prepare_context {
	const struct step *step;
	const struct cache *cache;
	const char *root;
};

static int merge_deps(const struct prepare_context *c, struct err *err)
{
	CLEANUP_FOLDER struct folder root = FOLDER_INIT;

	if (folder_open(c->root, &root, err) < 0)
		return -1;
	for (size_t i = 0; i < c->step->n_needs; i++) {
		CLEANUP_FREE char *path = cache_tree(c->cache, c->step->needs[i]->id);
		CLEANUP_FOLDER struct folder tree = FOLDER_INIT;

		if (c->step->merge[i] &&
			(folder_open(path, &tree, err) < 0 ||
				tree_copy_needed(&tree, "install", &root, "deps", err) < 0))
			return -1;
	}
	return 0;
}

static int prepare_folder(void *ctx, struct err *err)
{
	const struct prepare_context *c = ctx;
	CLEANUP_FREE char *src = xasprintf("%s/src", c->root);
	CLEANUP_FREE char *recipe = xasprintf("%s/recipe", c->root);
	CLEANUP_FREE char *extra = xasprintf("%s/train.py", recipe);

	if (merge_deps(c, err) < 0)
		return -1;
	if (c->step->recipe && tree_copy(c->step->recipe->dir, recipe, err) < 0)
		return -1;
	if (c->step->extra_file && tree_copy(c->step->extra_file, extra, err) < 0)
		return -1;
	if (c->step->source && path_is_dir(c->step->source)) {
		if (tree_copy(c->step->source, src, err) < 0)
			return -1;
	} else if (c->step->source) {
		if (tar_extract(c->step->source, src, 1, NULL, err) < 0)
			return -1;
	}
	return c->step->prepare ? c->step->prepare(c->step, c->cache, c->root, err) : 0;
}

static int make_root(const struct run *r, struct job *j, struct err *err)
{
	static const char *const parts[] = {"src", "deps", "out", "recipe", "home", "tmp"};

	if (cache_work(r->options->cache, j->step->id, &j->root, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", j->root, parts[i]);

		if (make_dirs(path, err) < 0)
			return -1;
	}
	return 0;
}

/* The clean environment: nothing of the caller's gets in. */
static void fill_env(const struct run *r, const struct job *j, const char *seen, struct strv *env)
{
	static const char *const folders[][2] = {{"SRC", "src"}, {"DEPS", "deps"}, {"OUT", "out"},
		{"RECIPE", "recipe"}, {"HOME", "home"}, {"TMPDIR", "tmp"}};
	CLEANUP_BUF struct buf makeflags = BUF_INIT;

	strv_addf(env, "S=%s", seen);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		strv_addf(env, "%s=%s/%s", folders[i][0], seen, folders[i][1]);
	for (size_t i = 0; i < j->step->n_views; i++) {
		const struct step_view *v = &j->step->views[i];
		CLEANUP_FREE char *tree = cache_tree(r->options->cache, v->step->id);
		CLEANUP_FREE char *path = sandbox_view(r->options->sandbox, tree, i);

		strv_addf(env, "%s=%s%s%s", v->name, path, *v->below ? "/" : "", v->below);
	}
	jobserver_makeflags(r->jobserver, &makeflags);
	strv_addf(env, "MAKEFLAGS=%s", makeflags.data);
	strv_addf(env, "JOBS=%u", r->options->jobs);
	strv_add(env, "LC_ALL=C.UTF-8");
	strv_add(env, "TZ=UTC");
	for (size_t i = 0; i < j->step->env.n; i++) {
		/* Compiler flags are keyed with a placeholder for the folder, which varies. */
		CLEANUP_BUF struct buf value = BUF_INIT;

		buf_adds(&value, j->step->env.v[i]);
		buf_replace(&value, "@S@", seen);
		strv_add(env, value.data);
	}
}

/* What the script runs by name, where the system's folders may only have links, and by path. */
static void list_programs(const struct step *s, struct strv *programs)
{
	static const char *const folders[] = {"/usr/local/bin", "/usr/bin", "/bin"};

	for (size_t i = 0; s->recipe && i < s->recipe->n_tools; i++)
		for (size_t k = 0; k < ARRAY_SIZE(folders); k++)
			strv_addf(programs, "%s/%s", folders[k], s->recipe->tools[i].program);
	for (size_t i = 0; i < s->env.n; i++) {
		const char *value = strchr(s->env.v[i], '=');
		struct stat st;

		if (value && value[1] == '/' && stat(value + 1, &st) == 0 && S_ISREG(st.st_mode))
			strv_add(programs, value + 1);
	}
}

static int spawn(struct run *r, struct job *j, struct err *err)
{
	bool boxed = r->options->sandbox != SANDBOX_NONE;
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT, fds = STRV_INIT;
	CLEANUP_STRV struct strv views = STRV_INIT, programs = STRV_INIT;
	CLEANUP(sandbox_release) struct strv files = STRV_INIT;
	CLEANUP_FREE char *log = cache_log(r->options->cache, j->step->id);
	CLEANUP_FREE char *inside = boxed ? xstrdup(SANDBOX_ROOT) : xstrdup(j->root);
	struct prepare_context c = {j->step, r->options->cache, j->root};
	CLEANUP_CLOSE int out =
		open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	struct proc_spec spec = {.argv = &argv,
		.env = &env,
		.out = out,
		.err = -1,
		.fds = &fds,
		.lock = j->lock,
		.run = prepare_folder,
		.ctx = &c};

	if (out < 0)
		return err_sys(err, "cannot create the log '%s'", log);
	for (size_t i = 0; i < j->step->n_views; i++)
		strv_take(&views, cache_tree(r->options->cache, j->step->views[i].step->id));
	list_programs(j->step, &programs);
	if (sandbox_prefix(r->options->sandbox, j->root, &views, &programs, &argv, &files, err) < 0)
		return -1;
	strv_add(&argv, "/bin/sh");
	strv_add(&argv, "-euc");
	strv_addf(&argv, "cd \"$SRC\"\n%s", j->step->script);
	fill_env(r, j, inside, &env);
	for (size_t i = 0; i < files.n; i++)
		strv_add(&fds, files.v[i]);
	jobserver_fds(r->jobserver, &fds);
	return proc_start(&spec, &j->proc, err);
}

static void release_job(const struct run *r, struct job *j, bool keep)
{
	proc_free(j->proc);
	if (j->root && !keep)
		cache_work_remove(r->options->cache, j->root);
	free(j->root);
	if (j->step && j->lock >= 0)
		close(j->lock);
	*j = (struct job){.lock = -1};
}

/* Another build is making the step. 0, or -1 if that takes too long. */
static int wait_for(struct run *r, const struct step *s, struct err *err)
{
	CLEANUP_FREE char *holder = NULL;

	if (r->waiting)
		return cache_lock_waited(r->options->cache, s->id, r->waiting, err) < 0
			       ? err_wrap(err, "another solder is making %s", s->title)
			       : 0;
	holder = cache_lock_holder(r->options->cache, s->id);
	progress_say(r->options->progress, "another solder is making %s: %s; waiting for it",
		s->title, holder);
	r->waiting = clock_ns();
	return 0;
}

/* Starts a step if its turn has come: 1 started, 0 not now, -1 error. */
static int try_start(struct run *r, struct step *s, struct err *err)
{
	CLEANUP_FREE char *numbered = NULL;
	struct job *j = r->jobs;
	int lock, got;

	while (j < r->jobs + RUNNING_MAX && j->step)
		j++;
	if (j == r->jobs + RUNNING_MAX || !jobserver_acquire(r->jobserver))
		return 0;
	got = cache_lock(r->options->cache, s->id, &lock, err);
	if (got == 1 && cache_has(r->options->cache, s->id)) {
		close(lock);
		got = 0;
	}
	if (got != 1) {
		jobserver_release(r->jobserver);
		return got == 0 && !cache_has(r->options->cache, s->id) ? wait_for(r, s, err) : got;
	}
	*j = (struct job){.step = s, .lock = lock, .start = clock_ns()};
	s->started = j->start;
	numbered = xasprintf("[%zu/%zu] %s", ++r->begun, r->steps, s->title);
	j->line = progress_start(r->options->progress, numbered, s->estimate);
	if (make_root(r, j, err) < 0 || spawn(r, j, err) < 0) {
		progress_end(r->options->progress, j->line, "failed");
		release_job(r, j, false);
		return err_wrap(err, "building %s", s->title);
	}
	return 1;
}

/* The word in a log is the place to say what is left; never when nothing is known of it. */
static void end_line(const struct run *r, const struct job *j, int failed)
{
	struct plan_outlook o = plan_look(r->plan, r->options->jobs);
	CLEANUP_FREE char *word = NULL;
	char left[32];

	format_duration(left, o.left);
	word = o.left && !o.unknown ? xasprintf("done, about %s left", left) : xstrdup("done");
	progress_end(r->options->progress, j->line, failed < 0 ? "failed" : word);
}

static int finish_job(struct run *r, struct job *j, struct err *err)
{
	CLEANUP_FREE char *out = xasprintf("%s/out", j->root);
	bool keep = false;
	int failed = proc_result(j->proc, err);

	if (failed < 0) {
		CLEANUP_FREE char *log = cache_log(r->options->cache, j->step->id);

		if (err->code == ERR_CHILD)
			explain_failure(log, err);
		err_wrap(err, "building %s", j->step->title);
		keep = r->options->keep_work;
		if (keep)
			progress_say(r->options->progress,
				"the folder of the failed step is kept: %s", j->root);
	} else if (output_check(out, err) < 0) {
		failed = err_wrap(err, "building %s", j->step->title);
	} else {
		failed = cache_commit(r->options->cache, j->step->id, j->step->title, out,
			&j->step->inputs, clock_ns() - j->start, err);
	}
	if (failed == 0)
		j->step->cached = true;
	end_line(r, j, failed);
	release_job(r, j, keep);
	jobserver_release(r->jobserver);
	return failed;
}

static bool is_ready(const struct run *r, const struct step *s)
{
	for (size_t i = 0; i < RUNNING_MAX; i++) {
		if (r->jobs[i].step == s)
			return false;
	}
	for (size_t i = 0; i < s->n_needs; i++) {
		if (!s->needs[i]->cached)
			return false;
	}
	return true;
}

/* Starts what can be started; counts what is still to do. */
static int start_ready(struct run *r, struct plan_result *result, size_t *left, struct err *err)
{
	*left = 0;
	for (size_t i = 0; i < r->plan->n; i++) {
		struct step *s = r->plan->steps[i];
		int started;

		if (s->cached)
			continue;
		++*left;
		if (!is_ready(r, s))
			continue;
		started = try_start(r, s, err);
		if (started < 0)
			return -1;
		if (started) {
			result->run++;
		} else if (cache_has(r->options->cache, s->id)) {
			s->cached = true;
			r->waiting = 0;
			result->reused++;
			--*left;
		}
	}
	return 0;
}

static void show_all(const struct run *r)
{
	struct plan_outlook o = plan_look(r->plan, r->options->jobs);
	size_t done = r->steps > o.steps ? r->steps - o.steps : 0;

	progress_left(r->options->progress, r->line, done, r->steps, o.unknown ? 0 : o.left);
}

static int run_all(struct run *r, struct plan_result *result, struct err *err)
{
	size_t left;

	for (;;) {
		struct proc *procs[RUNNING_MAX];
		int ended;

		if (interrupt_check(err) < 0 || start_ready(r, result, &left, err) < 0)
			return -1;
		if (!left)
			return 0;
		for (size_t i = 0; i < RUNNING_MAX; i++)
			procs[i] = r->jobs[i].proc;
		ended = proc_wait_any(procs, RUNNING_MAX, TICK_MS);
		show_all(r);
		progress_tick(r->options->progress);
		if (ended >= 0 && finish_job(r, &r->jobs[ended], err) < 0)
			return -1;
	}
}

int plan_run(struct plan *p, const struct plan_options *options, struct plan_result *result,
	struct err *err)
{
	struct run r = {.plan = p, .options = options};
	uint64_t start = clock_ns();
	int failed;

	*result = (struct plan_result){0};
	for (size_t i = 0; i < RUNNING_MAX; i++)
		r.jobs[i].lock = -1;
	for (size_t i = 0; i < p->n; i++) {
		result->reused += p->steps[i]->cached;
		if (p->steps[i]->cached)
			cache_touch(options->cache, p->steps[i]->id);
	}
	r.steps = p->n - result->reused;
	if (jobserver_new(options->jobs, &r.jobserver, err) < 0)
		return -1;
	if (r.steps) {
		CLEANUP_FREE char *text = plan_outlook_text(p, options->jobs);

		progress_say(options->progress, "%s", text);
	}
	r.line = r.steps ? progress_overall(options->progress, "all steps") : -1;
	failed = run_all(&r, result, err);
	/* All at once: their time to end runs side by side. */
	for (size_t i = 0; i < RUNNING_MAX; i++)
		proc_terminate(r.jobs[i].proc);
	for (size_t i = 0; i < RUNNING_MAX; i++) {
		if (r.jobs[i].step) {
			progress_end(options->progress, r.jobs[i].line, "ended");
			release_job(&r, &r.jobs[i], false);
		}
	}
	progress_end(options->progress, r.line, "");
	jobserver_free(r.jobserver);
	result->took = clock_ns() - start;
	return failed;
}
