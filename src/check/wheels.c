/* Checks wheels in parallel: the list, the processes, the model. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#include "check/check-internal.h"
#include "proc/lock.h"
#include "proc/proc.h"

/* A wheel of the list. */
struct wheel_job {
	struct wheel_child child;
	struct wheel_work work;
	struct wheel wheel; /* the result */
};

struct wheel_run {
	struct wheels *all;
	const struct wheel_list *list;
	struct progress *progress;
	struct wheel_job *jobs; /* one per entry of the list */
	size_t next, running, ended;
	size_t tried;       /* those of `ended` that are no results of an earlier run */
	uint64_t start;     /* when the first of them began */
	uint64_t peak_disk; /* with a budget, as far as was measured: whenever a wheel ends */
	bool full;          /* the budget is used up until one ends */
};

static void wheels_release(struct wheels *all)
{
	wheel_python_release(&all->here);
	wheel_python_release(&all->reference);
	strv_release(&all->pip);
	free(all->downloads);
	free(all->results);
	free(all->scratch);
	free(all->data);
	free(all->runner);
	free(all->exercises);
	free(all->pip_cache);
}

/* The description that solder left in a distribution it built, or NULL. */
static json_t *load_description(const char *prefix)
{
	CLEANUP_FREE char *path = xasprintf("%s/share/solder/build.json", prefix);
	struct err ignored = ERR_INIT;
	json_t *build = py_json_load(path, &ignored);
	json_t *distribution = json_incref(json_object_get(build, "distribution"));

	json_decref(build);
	return distribution;
}

char *wheel_find_counterpart(const struct python *dist)
{
	static const char *const same[] = {"python", "optimisation", "tls", "compiler", "triple"};
	CLEANUP_FREE char *parent = path_dir(dist->prefix);
	json_t *ours = load_description(dist->prefix);
	const char *link = check_text(ours, "link");
	CLEANUP_STRV struct strv names = STRV_INIT;
	struct err ignored = ERR_INIT;
	char *found = NULL;

	if (link && !strcmp(link, "static"))
		dir_list(parent, &names, &ignored);
	/* The first by name, so that every run picks the same. */
	for (size_t n = 0; !found && n < names.n; n++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", parent, names.v[n]);
		json_t *theirs = names.v[n][0] == '.' ? NULL : load_description(path);
		bool fits =
			check_text(theirs, "link") && !strcmp(check_text(theirs, "link"), "shared");

		for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
			const json_t *value = json_object_get(ours, same[i]);

			fits = fits && value && json_equal(value, json_object_get(theirs, same[i]));
		}
		found = fits ? steal(&path) : NULL;
		json_decref(theirs);
	}
	json_decref(ours);
	return found;
}

/* Only one run at a time holds the state folder, so the contents of scratch are stale. */
static int take_state(const char *dir, const char *scratch, int *lock, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/lock", dir);
	int got;

	if (make_dirs(dir, err) < 0 || (got = lock_try(path, lock, err)) < 0)
		return -1;
	if (!got)
		return err_set(err, ERR_ENVIRONMENT, "another check of wheels is using '%s'", dir);
	return tree_remove(scratch, err);
}

/* Wheels for one must also fit the other. */
static int check_same(const struct python *here, const struct python *there, struct err *err)
{
	const char *a = py_config(here, "SOABI"), *b = py_config(there, "SOABI");

	if (!py_runs(there))
		return err_set(err, ERR_UNSUPPORTED, "the reference '%s' cannot be run: %s",
			there->interpreter, there->why_not);
	if (here->major == there->major && here->minor == there->minor && a && b && !strcmp(a, b))
		return 0;
	err_set(err, ERR_USAGE, "the reference '%s' is %s (%s), but '%s' is %s (%s)",
		there->interpreter, there->version, b ? b : "no SOABI", here->interpreter,
		here->version, a ? a : "no SOABI");
	return err_hint(err, "compare interpreters of the same version and kind");
}

/* `state` and `data` are absolute, since children run in their own folders. `local`: the wheels are
 * files, not names. */
static int prepare_wheels(struct wheels *all, const char *state, const char *data,
	const struct python *dist, const struct python *reference, bool local, struct err *err)
{
	const char *other = py_other_implementation(dist);
	const char *const pips[] = {reference ? reference->interpreter : NULL, NULL};

	if (other)
		return err_set(err, ERR_UNSUPPORTED,
			"wheels are judged as CPython loads them; '%s' is %s", dist->interpreter,
			other);
	if (!py_runs(dist))
		return err_set(err, ERR_UNSUPPORTED, "wheels need an interpreter that runs: %s",
			dist->why_not);
	all->downloads = xasprintf("%s/downloads", state);
	all->results = xasprintf("%s/results", state);
	all->pip_cache = xasprintf("%s/pip", state);
	all->data = xstrdup(data);
	all->runner = xasprintf("%s/run.py", data);
	all->exercises = xasprintf("%s/exercises.txt", data);
	all->compared = reference != NULL;
	if (!path_exists(all->runner))
		return err_set(err, ERR_INPUT, "'%s' is missing", all->runner);
	if ((reference && check_same(dist, reference, err) < 0) ||
		wheel_python_read(dist, &all->here, err) < 0 ||
		(reference && wheel_python_read(reference, &all->reference, err) < 0) ||
		make_dirs(all->downloads, err) < 0 || make_dirs(all->results, err) < 0)
		return -1;
	/* Files are only audited: nothing is installed. */
	if (all->options->audit && local)
		return 0;
	if (pip_find(dist->interpreter, pips, &all->pip))
		return 0;
	err_set(err, ERR_UNSUPPORTED, "'%s' has no pip, which wheels are installed with",
		dist->interpreter);
	return err_hint(err, "run '%s -m ensurepip', or install the system's package of pip",
		dist->interpreter);
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

	if (r->next == r->list->n)
		return POOL_NO_MORE;
	if (r->full && r->running)
		return POOL_NOT_NOW;
	j->child.dir = xasprintf("%s/%zu", r->all->scratch, r->next);
	j->work = (struct wheel_work){
		.all = r->all, .item = &r->list->v[r->next], .dir = j->child.dir};
	if (wheel_child_start(&j->child, r->list, r->next, &spec, r->progress, ret, err) < 0)
		return -1;
	r->next++;
	r->running++;
	*job = j;
	return POOL_STARTED;
}

static void drop_wheel(void *ctx, void *job)
{
	const struct wheel_run *r = ctx;
	const struct wheel_job *j = job;

	wheel_child_drop(&j->child, r->progress);
}

/* How much is left, by what wheels have taken so far in this run; none before a few were tried. The
 * caller frees it. */
static char *time_left(const struct wheel_run *r)
{
	size_t left = r->list->n - r->ended;
	char time[32];

	if (r->tried < 4 || !left)
		return xstrdup("");
	format_duration(time, (clock_ns() - r->start) / r->tried * left);
	return xasprintf("; %zu left, about %s", left, time);
}

static void measure_disk(struct wheel_run *r)
{
	uint64_t budget = (uint64_t)r->all->options->disk << 30;
	uint64_t held;

	if (!budget)
		return;
	held = wheel_disk_hold(r->all);
	r->full = held > budget;
	r->peak_disk = held > r->peak_disk ? held : r->peak_disk;
}

static int end_wheel(void *ctx, void *job, struct proc *proc, struct err *err)
{
	struct wheel_run *r = ctx;
	struct wheel_job *j = job;
	CLEANUP_FREE char *left = NULL, *word = NULL;
	struct err how;
	json_t *answer;

	if (wheel_child_end(&j->child, proc, r->progress, &answer, &how, err) < 0)
		return -1;
	if (!wheel_from_json(answer, &j->wheel)) {
		j->wheel.name = xstrdup(j->work.item->name);
		wheel_not_checked(&j->wheel, "the process that checked it ended: %s",
			*how.msg ? how.msg : "without an answer");
	}
	json_decref(answer);
	r->running--;
	r->ended++;
	r->tried += !j->wheel.reused;
	if (j->wheel.reused && !r->tried)
		r->start = clock_ns();
	left = time_left(r);
	word = xasprintf("%s%s%s", check_verdict_word(j->wheel.verdict),
		j->wheel.reused ? " (from an earlier run)" : "", left);
	progress_end(r->progress, j->child.line, word);
	if (!j->wheel.reused)
		measure_disk(r);
	if (tree_remove(j->child.dir, err) < 0)
		return -1;
	if (r->full)
		measure_disk(r);
	return 0;
}

void wheel_pair(const struct wheels *all, char hex[65])
{
	CLEANUP_FREE char *text = xasprintf(
		"%s\n%s\n", all->here.identity, all->compared ? all->reference.identity : "-");

	sha256_hex(text, strlen(text), hex);
}

/* What merging needs to know, and what it took. */
static void describe_run(const struct wheel_run *r, uint64_t seconds, json_t *model)
{
	const struct check_wheel_options *o = r->all->options;
	char pair[SHA256_HEX_SIZE];
	json_t *run;

	wheel_pair(r->all, pair);
	run = json_pack("{s:s, s:I, s:I}", "pair", pair, "listed", (json_int_t)r->list->whole,
		"seconds", (json_int_t)seconds);
	if (o->disk)
		json_object_set_new(run, "peak_disk", json_integer((json_int_t)r->peak_disk));
	if (o->of_shards)
		json_object_set_new(
			run, "shard", json_pack("[i, i]", (int)o->shard, (int)o->of_shards));
	json_object_set_new(model, "wheels_run", run);
}

/* The wheels of other runs for these interpreters. */
static int merge(const struct python *dist, const struct python *reference,
	const struct strv *files, json_t *model, struct err *err)
{
	CLEANUP(wheels_release) struct wheels all = {.compared = reference != NULL};
	char pair[SHA256_HEX_SIZE];

	if (!py_runs(dist))
		return err_set(err, ERR_UNSUPPORTED, "wheels need an interpreter that runs: %s",
			dist->why_not);
	if (wheel_python_read(dist, &all.here, err) < 0 ||
		(reference && wheel_python_read(reference, &all.reference, err) < 0))
		return -1;
	wheel_pair(&all, pair);
	json_object_set_new(
		model, "against", reference ? json_text(reference->interpreter) : json_null());
	return wheel_merge(files, pair, model, err);
}

static int check_against(const struct python *dist, const struct python *reference,
	const struct check_wheel_options *options, struct progress *progress, json_t *model,
	struct err *err)
{
	CLEANUP(wheels_release) struct wheels all = {.options = options};
	CLEANUP(wheel_list_release) struct wheel_list list = {0};
	CLEANUP_FREE char *state = path_absolute(options->state_dir);
	CLEANUP_FREE char *data = path_absolute(options->data_dir);
	CLEANUP_CLOSE int lock = -1;
	const uint64_t start = clock_ns();
	struct wheel_run r = {.all = &all, .list = &list, .progress = progress, .start = start};
	struct proc_pool pool = {.jobs = options->jobs,
		.progress = progress,
		.start = start_wheel,
		.end = end_wheel,
		.drop = drop_wheel,
		.ctx = &r};
	int failed;

	if (wheel_list_read(options, &list, err) < 0)
		return -1;
	all.scratch = xasprintf("%s/scratch", state);
	if (take_state(options->state_dir, all.scratch, &lock, err) < 0 ||
		prepare_wheels(&all, state, data, dist, reference, list.v[0].file != NULL, err) < 0)
		return -1;
	json_object_set_new(
		model, "against", reference ? json_text(reference->interpreter) : json_null());
	r.jobs = xcalloc(list.n, sizeof(*r.jobs));
	failed = proc_pool_run(&pool, err);
	for (size_t i = 0; i < list.n; i++) {
		struct wheel *w = &r.jobs[i].wheel;

		if (w->name) {
			wheel_count(model, w);
			json_array_append_new(check_list(model, "wheels"), wheel_json(w));
		}
		wheel_release(w);
		free(r.jobs[i].child.dir);
	}
	free(r.jobs);
	describe_run(&r, (clock_ns() - start) / 1000000000, model);
	return failed < 0 ? -1 : tree_remove(all.scratch, err);
}

int check_wheels(const struct python *dist, const struct check_wheel_options *options,
	struct progress *progress, json_t *model, struct err *err)
{
	CLEANUP_PYTHON struct python reference = {0};
	CLEANUP_FREE char *beside = options->against ? NULL : wheel_find_counterpart(dist);
	const char *against = options->against ? options->against : beside;

	if (!against)
		progress_say(progress, "no reference interpreter: wheels either work or fail");
	else if (py_find(against, &reference, err) < 0)
		return err_wrap(err, "looking for the reference interpreter");
	if (options->own_tests && !against)
		return err_set(err, ERR_USAGE,
			"a package's own tests are compared with those of a reference, and there is "
			"none");
	if (options->merge && options->merge->n)
		return merge(dist, against ? &reference : NULL, options->merge, model, err);
	return check_against(dist, against ? &reference : NULL, options, progress, model, err);
}
