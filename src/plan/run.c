/* Runs the steps of a plan. Declared in plan/plan.h.
 *
 * Any number of builds may share a cache. The build that makes a step holds its lock; others
 * continue with steps that are ready, and use the result once it exists, or the lock once it is
 * free.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/file.h"
#include "base/term.h"
#include "proc/lock.h"
#include "proc/parallel.h"
#include "plan/plan-internal.h"
#include "plan/record.h"
#include "tar/tar.h"

/* A step that builds CPython with a profile takes an hour or two on a slow machine. */
#define PATIENCE_S (12 * 3600)
/* What a step may need that links with LTO: no other is begun beside running ones with less. */
#define MEMORY_MIN ((uint64_t)1 << 30)

struct plan_session {
	struct plan *plan;
	const struct plan_options *options;
	struct plan_result *result;
	struct jobserver *jobserver;
	struct jobserver *farm; /* for steps elsewhere; NULL: the same */
	uint64_t slots;         /* a bit for each in use */
	uint64_t waiting;       /* since when we wait for another build's step; 0: we do not */
	size_t steps, begun;    /* to run, as counted at the start */
	size_t running;
	bool said_memory;
	int line; /* overall progress line */
};

/* A running step. */
struct running_step {
	struct plan_session *run;
	struct step *step;
	char *root; /* the step's folder, as seen on the host */
	int lock;
	int line; /* progress line */
	bool away, launches;
	unsigned int slot; /* when away; from 0 */
};

/* ---- a step ---------------------------------------------------------------------------------- */

/* Populates the step's folder, in the child before it becomes the step's shell. */
static int prepare_folder(void *ctx, struct err *err)
{
	const struct running_step *g = ctx;
	const struct step *s = g->step;
	const struct cache *cache = g->run->options->cache;
	CLEANUP_FREE char *src = xasprintf("%s/src", g->root);
	CLEANUP_FOLDER struct folder root = FOLDER_INIT;

	if (folder_open(g->root, &root, err) < 0)
		return -1;
	for (size_t i = 0; i < s->n_needs; i++) {
		CLEANUP_FREE char *path = cache_tree(cache, s->needs[i]->id);
		CLEANUP_FOLDER struct folder tree = FOLDER_INIT;

		if (s->merge[i] &&
			(folder_open(path, &tree, err) < 0 ||
				tree_copy_needed(&tree, "install", &root, "deps", err) < 0))
			return -1;
	}
	for (size_t i = 0; i < s->files.n; i += 2) {
		CLEANUP_FREE char *to = xasprintf("%s/recipe/%s", g->root, s->files.v[i + 1]);
		CLEANUP_FREE char *above = path_dir(to);

		if (make_dirs(above, err) < 0 || tree_copy(s->files.v[i], to, err) < 0)
			return -1;
	}
	if (s->source && (path_is_dir(s->source) ? tree_copy(s->source, src, err)
						 : tar_extract(s->source, src, 1, NULL, err)) < 0)
		return -1;
	return s->prepare ? s->prepare(s, cache, g->root, err) : 0;
}

static struct jobserver *jobserver_for(const struct plan_session *r, bool farmed)
{
	return farmed && r->farm ? r->farm : r->jobserver;
}

/* The clean environment: nothing is inherited from the caller, but what the launcher is told. */
static void fill_env(const struct running_step *g, const char *seen, struct strv *env)
{
	const struct plan_session *r = g->run;
	const struct step *s = g->step;

	static const char *const folders[][2] = {{"SRC", "src"}, {"DEPS", "deps"}, {"OUT", "out"},
		{"RECIPE", "recipe"}, {"HOME", "home"}, {"TMPDIR", "tmp"}};
	CLEANUP_BUF struct buf makeflags = BUF_INIT;

	strv_addf(env, "S=%s", seen);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		strv_addf(env, "%s=%s/%s", folders[i][0], seen, folders[i][1]);
	for (size_t i = 0; i < s->n_views; i++) {
		CLEANUP_FREE char *tree = cache_tree(r->options->cache, s->views[i].step->id);
		CLEANUP_FREE char *path = sandbox_view(r->options->sandbox, tree, i);
		const char *below = s->views[i].below;

		strv_addf(env, "%s=%s%s%s", s->views[i].name, path, *below ? "/" : "", below);
	}
	jobserver_makeflags(jobserver_for(r, g->launches), &makeflags);
	strv_addf(env, "MAKEFLAGS=%s", makeflags.data);
	strv_addf(env, "JOBS=%u", r->options->jobs);
	strv_add(env, "LC_ALL=C.UTF-8");
	strv_add(env, "TZ=UTC");
	if (g->launches)
		launch_env(r->options->launcher, env);
	for (size_t i = 0; i < s->env.n; i++) {
		/* Keys hold compiler flags with a placeholder for the folder, which varies. */
		CLEANUP_BUF struct buf value = BUF_INIT;

		buf_adds(&value, s->env.v[i]);
		buf_replace(&value, "@S@", seen);
		strv_add(env, value.data);
	}
}

/* Starts the step's script in its folder. */
static int start_script(struct running_step *g, int out, struct proc **ret, struct err *err)
{
	static const char *const parts[] = {"src", "deps", "out", "recipe", "home", "tmp"};
	static const char *const bins[] = {"/usr/local/bin", "/usr/bin", "/bin"};
	const struct plan_options *o = g->run->options;
	const struct step *s = g->step;
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT, fds = STRV_INIT;
	CLEANUP_STRV struct strv views = STRV_INIT, programs = STRV_INIT, opened = STRV_INIT;
	CLEANUP(sandbox_release) struct strv files = STRV_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", g->root, parts[i]);

		if (make_dirs(path, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < s->n_views; i++)
		strv_take(&views, cache_tree(o->cache, s->views[i].step->id));
	/* Programs that it runs: by name where the system's folders may have links, and by path. */
	for (size_t i = 0; i < s->programs.n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(bins); k++)
			strv_addf(&programs, "%s/%s", bins[k], s->programs.v[i]);
	step_tools(s, &programs);
	if (g->launches)
		strv_take(&programs, launch_program(o->launcher));
	if ((g->launches && launch_open(o, s, g->root, &opened, err) < 0) ||
		sandbox_prefix(o->sandbox, g->root, &views, &programs, g->launches ? &opened : NULL,
			&argv, &files, err) < 0)
		return -1;
	strv_add(&argv, "/bin/sh");
	strv_add(&argv, "-euc");
	strv_addf(&argv, "cd \"$SRC\"\n%s", s->script);
	fill_env(g, o->sandbox == SANDBOX_NONE ? g->root : SANDBOX_ROOT, &env);
	for (size_t i = 0; i < files.n; i++)
		strv_add(&fds, files.v[i]);
	jobserver_fds(jobserver_for(g->run, g->launches), &fds);
	return proc_start(&(struct proc_spec){.argv = &argv,
				  .env = &env,
				  .out = out,
				  .err = -1,
				  .fds = &fds,
				  .lock = g->lock,
				  .run = prepare_folder,
				  .ctx = g},
		ret, err);
}

/* The folder that goes elsewhere, in the step's folder. */
static char *away_folder(const struct running_step *g)
{
	return xasprintf("%s/step", g->root);
}

static int hand_out(void *ctx, struct err *err)
{
	const struct running_step *g = ctx;
	const struct plan_options *o = g->run->options;
	CLEANUP_FREE char *dir = away_folder(g);

	return o->elsewhere->hand_out(g->step, o->cache, dir, err);
}

/* Creates the step's folder, and lets the command take it elsewhere. */
static int start_elsewhere(struct running_step *g, int out, struct proc **ret, struct err *err)
{
	CLEANUP_FREE char *dir = away_folder(g);

	if (make_dirs(dir, err) < 0)
		return -1;
	return elsewhere_start(g->run->options, g->step,
		&(struct elsewhere_start){.dir = dir,
			.slot = g->slot + 1,
			.out = out,
			.lock = g->lock,
			.run = hand_out,
			.ctx = g},
		ret, err);
}

/* Creates the step's folder and its log, and starts its script, or the command. */
static int start_step(struct running_step *g, struct proc **ret, struct err *err)
{
	const struct plan_options *o = g->run->options;
	CLEANUP_FREE char *log = cache_log(o->cache, g->step->id);
	CLEANUP_CLOSE int out = -1;

	if (cache_work(o->cache, g->step->id, &g->root, err) < 0)
		return -1;
	out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (out < 0)
		return err_sys(err, "cannot create the log '%s'", log);
	return g->away ? start_elsewhere(g, out, ret, err) : start_script(g, out, ret, err);
}

/* The line's result also says how much is left, unless that is unknown. */
static void end_running_step(struct running_step *g, const char *word, bool keep)
{
	struct plan_session *r = g->run;
	struct plan_outlook o = plan_look(r->plan, r->options->jobs);
	CLEANUP_FREE char *done = NULL;
	char left[32];

	format_duration(left, o.left);
	if (!word && o.left && !o.unknown)
		word = done = xasprintf("done, about %s left", left);
	progress_end(r->options->progress, g->line, word ? word : "done");
	if (g->root && !keep)
		cache_work_remove(r->options->cache, g->root);
	g->step->started = 0;
	r->running--;
	close(g->lock);
	jobserver_release(jobserver_for(r, g->away || g->launches));
	if (g->away)
		r->slots &= ~(1ull << g->slot);
	free(g->root);
	free(g);
}

/* 1: we are to make the step, and hold its lock. 0: another build is making it or has made it. */
static int take_step(struct plan_session *r, struct step *s, int *lock, struct err *err)
{
	CLEANUP_FREE char *path = cache_lock_path(r->options->cache, s->id), *holder = NULL;
	int got = lock_try(path, lock, err);

	if (got < 0)
		return -1;
	s->cached = cache_use(r->options->cache, s->id, NULL);
	if (s->cached && got)
		close(*lock);
	if (s->cached)
		r->result->reused++;
	if (got || s->cached) {
		r->waiting = 0;
		return !s->cached;
	}
	if (r->waiting) {
		uint64_t waited = clock_ns() - r->waiting;

		if (waited < lock_patience(PATIENCE_S))
			return 0;
		lock_gave_up(path, waited, err);
		return err_wrap(err, "another solder is making %s", s->title);
	}
	holder = lock_holder(path);
	progress_say(r->options->progress, "another solder is making %s: %s; waiting for it",
		s->title, holder);
	r->waiting = clock_ns();
	return 0;
}

static bool is_ready(const struct step *s)
{
	for (size_t i = 0; i < s->n_needs; i++) {
		if (!s->needs[i]->cached)
			return false;
	}
	return !s->started && !s->lost;
}

/* Whether the next step must wait for memory. */
static bool is_short(struct plan_session *r)
{
	uint64_t left = r->running ? memory_left() : UINT64_MAX;
	char text[32];

	if (left >= MEMORY_MIN)
		return false;
	format_bytes(text, left);
	if (!r->said_memory)
		progress_say(r->options->progress,
			"only %s of memory are left: the next step waits for those that run", text);
	r->said_memory = true;
	return true;
}

/* The pool has as many places as there are slots. */
static void take_slot(struct plan_session *r, struct running_step *g)
{
	while (r->slots & 1ull << g->slot)
		g->slot++;
	r->slots |= 1ull << g->slot;
}

/* Starts the next ready step. */
static int start_next(void *ctx, struct proc **ret, void **job, struct err *err)
{
	struct plan_session *r = ctx;
	struct plan_outlook o = plan_look(r->plan, r->options->jobs);
	CLEANUP_FREE char *numbered = NULL;
	enum { UNKNOWN, NO, YES } full = UNKNOWN;

	progress_left(r->options->progress, r->line, r->steps > o.steps ? r->steps - o.steps : 0,
		r->steps, o.unknown ? 0 : o.left);
	for (size_t i = 0; i < r->plan->n; i++) {
		struct step *s = r->plan->steps[i];
		bool away = elsewhere_takes(r->options, s);
		bool launches = !away && launch_takes(r->options, s);
		struct jobserver *tokens = jobserver_for(r, away || launches);
		struct running_step *g;
		int lock, got;

		if (s->cached || !is_ready(s))
			continue;
		if (!away && full == UNKNOWN)
			full = is_short(r) ? YES : NO;
		if ((!away && full == YES) || !jobserver_acquire(tokens))
			continue;
		got = take_step(r, s, &lock, err);
		if (got <= 0)
			jobserver_release(tokens);
		if (got < 0)
			return -1;
		if (got == 0)
			continue;
		g = xcalloc(1, sizeof(*g));
		*g = (struct running_step){
			.run = r, .step = s, .lock = lock, .away = away, .launches = launches};
		if (away)
			take_slot(r, g);
		s->started = clock_ns();
		r->running++;
		numbered = xasprintf("[%zu/%zu] %s", ++r->begun, r->steps, s->title);
		g->line = progress_start(r->options->progress, numbered, s->estimate);
		if (start_step(g, ret, err) < 0) {
			end_running_step(g, "failed", false);
			return err_wrap(err, "building %s", s->title);
		}
		r->result->run++;
		*job = g;
		return POOL_STARTED;
	}
	for (size_t i = 0; i < r->plan->n; i++)
		if (!r->plan->steps[i]->cached && !r->plan->steps[i]->lost)
			return POOL_NOT_NOW;
	return POOL_NO_MORE;
}

/* Puts the finished step's output into the cache. */
static int keep_output(const struct plan_options *o, const struct step *s, const char *out,
	uint64_t took, struct err *err)
{
	struct cache_notes notes = {.title = s->title,
		.inputs = &s->inputs,
		.took = took,
		.shared = *s->shared && !launch_takes(o, s) ? s->shared : NULL};

	for (size_t i = 0; i < s->n_needs; i++)
		if (!step_is_shared(s->needs[i], o->cache))
			notes.shared = NULL;
	return cache_commit(o->cache, s->id, out, &notes, err);
}

/* What came of a step elsewhere. */
static int take_back(
	const struct running_step *g, const char *out, uint64_t *took, int failed, struct err *err)
{
	const struct plan_options *o = g->run->options;
	CLEANUP_FREE char *dir = away_folder(g), *log = cache_log(o->cache, g->step->id);

	elsewhere_take_log(dir, log);
	if (failed == 0)
		failed = o->elsewhere->take_back(g->step, dir, out, took, err);
	return failed < 0 ? err_wrap(err, "the executor") : 0;
}

static int finish_step(struct running_step *g, struct proc *proc, struct err *err)
{
	struct step *s = g->step;
	const struct plan_options *o = g->run->options;
	CLEANUP_FREE char *out = xasprintf("%s/out", g->root);
	uint64_t took = clock_ns() - s->started;
	bool keep = false;
	int failed = proc_result(proc, err);

	if (g->away && (failed == 0 || err->code != ERR_INTERRUPTED))
		failed = take_back(g, out, &took, failed, err);

	if (failed < 0) {
		CLEANUP_FREE char *log = cache_log(o->cache, s->id);

		if (err->code == ERR_CHILD)
			explain_failure(log, err);
		keep = o->keep_work;
		if (keep)
			progress_say(
				o->progress, "the folder of the failed step is kept: %s", g->root);
	} else {
		failed = output_check(out, err);
	}
	if (failed < 0)
		err_wrap(err, "building %s", s->title);
	else
		failed = keep_output(o, s, out, took, err);
	s->cached = s->ran = failed == 0;
	end_running_step(g, failed < 0 ? "failed" : NULL, keep);
	return failed;
}

static int end_step(void *ctx, void *job, struct proc *proc, struct err *err)
{
	struct plan_session *r = ctx;
	struct step *s = ((struct running_step *)job)->step;
	struct err why = ERR_INIT;

	if (finish_step(job, proc, &why) == 0)
		return 0;
	if (!r->options->keep_going || why.code == ERR_INTERRUPTED) {
		*err = why;
		return -1;
	}
	progress_warn(r->options->progress, "%s", why.msg);
	s->failure = xasprintf("%s%s%s", why.msg, *why.hint ? "\nhint: " : "", why.hint);
	s->lost = true;
	r->result->failed++;
	for (size_t i = 0; i < r->plan->n; i++)
		for (size_t k = 0; k < r->plan->steps[i]->n_needs; k++)
			r->plan->steps[i]->lost |= r->plan->steps[i]->needs[k]->lost;
	return 0;
}

static void drop_step(void *ctx, void *job)
{
	(void)ctx;
	end_running_step(job, "ended", false);
}

int plan_run(struct plan *p, const struct plan_options *options, struct plan_result *result,
	struct err *err)
{
	struct plan_session r = {.plan = p, .options = options, .result = result};
	const struct proc_pool pool = {.jobs = POOL_PLACES,
		.progress = options->progress,
		.start = start_next,
		.end = end_step,
		.drop = drop_step,
		.ctx = &r};
	CLEANUP_FREE char *text = plan_outlook_text(p, options->jobs);
	uint64_t start = clock_ns();
	struct rusage usage;
	int failed;

	*result = (struct plan_result){0};
	for (size_t i = 0; i < p->n; i++) {
		result->reused += p->steps[i]->cached;
		if (p->steps[i]->cached)
			cache_touch(options->cache, p->steps[i]->id);
	}
	r.steps = p->n - result->reused;
	if (jobserver_new(options->jobs, &r.jobserver, err) < 0 ||
		(options->farm_jobs && jobserver_new(options->farm_jobs, &r.farm, err) < 0)) {
		jobserver_free(r.jobserver);
		return -1;
	}
	if (r.steps)
		progress_say(options->progress, "%s", text);
	r.line = r.steps ? progress_overall(options->progress, "all steps") : -1;
	failed = proc_pool_run(&pool, err);
	progress_end(options->progress, r.line, "");
	jobserver_free(r.jobserver);
	jobserver_free(r.farm);
	result->took = clock_ns() - start;
	/* Guardians wait for all that their steps start, and are waited for here. */
	if (r.steps && getrusage(RUSAGE_CHILDREN, &usage) == 0)
		result->largest = (uint64_t)usage.ru_maxrss << 10;
	return failed;
}
