/* Rounds until enough is known. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "bench/bench-internal.h"
#include "bench/run-internal.h"
#include "bench/trial-internal.h"

#define PADDING_END 4096

bool workload_loops(const struct bench_workload *w)
{
	return !strcmp(w->kind, "loop") || !strcmp(w->kind, "pyperformance");
}

void run_make_argv(const struct run *run, const struct play *play, struct strv *argv)
{
	const struct bench_workload *w = &run->b->workloads[play->workload];

	strv_take(argv, run->stage.alone ? stage_python_alone(&run->stage)
					 : stage_python(&run->stage, play->arm, play->layout));
	strv_addf(argv, "-Xpycache_prefix=%s", run->stage.pycache);
	if (play->timed)
		strv_add(argv, "-B");
	if (w->file)
		strv_addf(argv, "%s%s%s", w->file[0] == '/' ? "" : run->setup->workloads,
			w->file[0] == '/' ? "" : "/", w->file);
	if (!strcmp(w->kind, "pyperformance")) {
		/* One value of so many loops, in this process. */
		strv_split(argv, "--worker --values=1 --warmups=0", " ");
		strv_addf(argv, "--loops=%llu", (unsigned long long)play->loops);
	}
	for (size_t i = 0; i < w->args.n; i++)
		strv_add(argv, w->args.v[i]);
	if (!strcmp(w->kind, "loop"))
		strv_addf(argv, "%llu", (unsigned long long)play->loops);
}

void run_make_env(const struct run *run, const struct play *play, struct strv *env)
{
	CLEANUP_FREE char *padding = xcalloc(play->padding + 1, 1);

	memset(padding, 'x', play->padding);
	strv_add(env, "PATH=/usr/local/bin:/usr/bin:/bin");
	strv_add(env, "LC_ALL=C.UTF-8");
	strv_add(env, "TZ=UTC");
	strv_addf(env, "HOME=%s", run->stage.home);
	strv_addf(env, "TMPDIR=%s", run->stage.cwd);
	strv_add(env, "PYTHONNOUSERSITE=1");
	strv_addf(env, "PYTHONHASHSEED=%llu", (unsigned long long)play->hash_seed);
	if (!strcmp(run->b->workloads[play->workload].kind, "pyperformance"))
		strv_addf(env, "PYTHONPATH=%s", run->setup->workloads);
	strv_addf(env, "SOLDER_BENCH_PADDING=%s", padding);
}

int run_play(const struct run *run, const struct play *play, struct bench_observation *o,
	struct err *err)
{
	const struct bench *b = run->b;
	const struct bench_workload *w = &b->workloads[play->workload];
	uint64_t times = strcmp(w->kind, "startup") ? 1 : play->loops;
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	struct trial trial = {.argv = &argv,
		.env = &env,
		.cwd = run->stage.cwd,
		.output = run->stage.output,
		.cpu = run->cpu,
		.limit = b->options.limit,
		.randomize = play->timed};

	run_make_argv(run, play, &argv);
	run_make_env(run, play, &env);
	o->padding = (int64_t)play->padding;
	if (play->timed)
		trial.spin = (uint64_t)(b->arms[play->arm].slowdown * (double)w->nominal /
					(double)times);
	if (ftruncate(run->stage.output, 0) < 0)
		return err_sys(err, "cannot empty the file for output");
	for (uint64_t i = 0; i < times && o->status == BENCH_OK; i++) {
		if (trial_run(&trial, o, err) < 0)
			return err_wrap(
				err, "running '%s' in '%s'", w->name, b->arms[play->arm].name);
	}
	return 0;
}

void run_note_failure(struct run *run, const struct bench_observation *o)
{
	struct bench_workload *w = &run->b->workloads[o->workload];
	const char *arm = run->b->arms[o->arm].name;
	CLEANUP_FREE char *said = NULL, *what = NULL;

	if (o->status == BENCH_OK || w->failed)
		return;
	said = stage_complaint(&run->stage);
	what = o->status == BENCH_TIMEOUT
		       ? xasprintf("no end within %u s", run->b->options.limit)
		       : xasprintf("%s %lld",
				 o->status == BENCH_EXIT ? "exit code" : "killed by signal",
				 (long long)o->code);
	w->failed = xasprintf("%s: %s%s%s", arm, what, said ? ": " : "", said ? said : "");
	progress_warn(
		run->setup->progress, "'%s' is left out for all arms: %s", w->name, w->failed);
}

/* All observations of a round, in its order. */
static int play_all(struct run *run, struct bench_round *round, int line, struct err *err)
{
	struct bench *b = run->b;
	unsigned int workloads[BENCH_WORKLOADS_MAX];
	CLEANUP_FREE unsigned int *arms = xcalloc(b->n_arms * b->n_workloads, sizeof(*arms));
	struct bench_random r;
	size_t index = bench_kept(b) - 1;

	bench_random_seed(&r, b->options.seed, stream(STREAM_ROUND, b->n_rounds - 1));
	round->hash_seed = 1 + bench_random_below(&r, UINT32_MAX);
	round->layout = bench_order_layout(b->options.seed, index, b->options.layouts);
	bench_order(b->options.seed, index, b->n_workloads, b->n_arms, workloads, arms);
	for (size_t i = 0; i < b->n_workloads * b->n_arms; i++) {
		const struct play play = {.workload = workloads[i / b->n_arms],
			.arm = arms[i],
			.layout = round->layout,
			.loops = b->workloads[workloads[i / b->n_arms]].loops,
			.hash_seed = round->hash_seed,
			.padding = bench_random_below(&r, PADDING_END),
			.timed = true};
		struct bench_observation *o = &round->v[round->n];

		progress_count(run->setup->progress, line, i, b->n_workloads * b->n_arms);
		if (interrupt_check(err) < 0)
			return -1;
		if (b->workloads[play.workload].failed)
			continue;
		*o = (struct bench_observation){
			.workload = (unsigned int)play.workload, .arm = (unsigned int)play.arm};
		if (run_play(run, &play, o, err) < 0)
			return -1;
		round->n++;
		run_note_failure(run, o);
	}
	return 0;
}

/* Why a round does not count, or NULL; to be freed. */
static char *disturbed(const struct bench *b, const struct bench_round *round)
{
	double lasted = (double)round->lasted;

	if (round->steal != BENCH_NONE && (double)round->steal > bench_steal_limit(b) * lasted)
		return xasprintf("the hypervisor took %.1f %% of its time",
			100 * (double)round->steal / lasted);
	if (bench_crowded(b, round))
		return xasprintf("other processes used %.1f %% of its processor",
			100 * (double)round->foreign / lasted);
	return NULL;
}

/* "round 3 of 40, 12 min": how long it and all that may follow last at most; to be freed. */
static char *round_name(const struct bench *b, uint64_t previous)
{
	unsigned int all = b->looks[b->n_looks - 1], number = bench_kept(b);
	uint64_t left = previous * (all + 1 - number);
	char text[32];

	if (!previous)
		return xasprintf("round %u of %u", number, all);
	format_duration(text, left);
	return xasprintf("round %u of %u, %s at most", number, all, text);
}

/* What the machine told of the time since `before`, in which the trials used `used`. A kernel that
 * does not account for processors (gVisor's /proc/stat is all zeros) has seen less than that. */
static void note_load(const struct run *run, const struct cpu_times *before, int64_t used,
	struct bench_round *round)
{
	struct cpu_times after;

	if (cpu_times(run->cpu, &after) && 2 * (after.busy - before->busy) >= used) {
		round->steal = after.steal - before->steal;
		round->foreign = after.busy - before->busy - used;
		round->foreign = round->foreign < 0 ? 0 : round->foreign;
		return;
	}
	for (size_t i = 0; i < round->n; i++)
		round->v[i].steal = BENCH_NONE;
}

/* Said once each: that no round can be dropped, and what comes of dropping them. */
static void say_load(const struct bench *b, struct progress *p)
{
	const struct bench_round *last = &b->rounds[b->n_rounds - 1];
	unsigned int kept = bench_kept(b), dropped = (unsigned int)b->n_rounds - kept;

	if (last->foreign == BENCH_NONE && bench_unwatched(b) == 1)
		progress_warn(p, "this machine does not tell what else runs on its processors: no "
				 "round is dropped for that");
	if (last->dropped)
		progress_warn(p, "this round does not count: %s", last->dropped);
	if (last->dropped && dropped == 2)
		progress_say(p,
			"dropped rounds are played again; if none counts from now on, it ends "
			"after %u more%s",
			2 * kept + 10 - (unsigned int)b->n_rounds,
			bench_crowded(b, last) ? " (--load 100 would count them all)" : "");
}

static int play_round(struct run *run, struct err *err)
{
	struct bench *b = run->b;
	struct bench_round *round = bench_add_round(b, b->n_arms * b->n_workloads);
	struct progress *p = run->setup->progress;
	uint64_t previous = b->n_rounds > 1 ? (uint64_t)b->rounds[b->n_rounds - 2].lasted : 0;
	CLEANUP_FREE char *name = round_name(b, previous);
	int line = progress_start(p, name, previous);
	uint64_t begin = clock_ns();
	int64_t used = cpu_used(run->processors < 2);
	struct cpu_times before;
	bool known = cpu_times(run->cpu, &before);

	round->started = (int64_t)time(NULL);
	if (play_all(run, round, line, err) < 0) {
		progress_end(p, line, "stopped");
		free(round->v);
		b->n_rounds--;
		return -1;
	}
	round->lasted = (int64_t)(clock_ns() - begin);
	round->steal = round->foreign = BENCH_NONE;
	if (known)
		note_load(run, &before, cpu_used(run->processors < 2) - used, round);
	round->dropped = disturbed(b, round);
	progress_end(p, line, round->dropped ? "dropped" : "done");
	say_load(b, p);
	return 0;
}

static void stop(struct bench *b, const char *why)
{
	free(b->stopped);
	b->stopped = xstrdup(why);
}

/* At a look: is it enough? */
static int look(struct run *run, struct err *err)
{
	struct bench *b = run->b;
	CLEANUP_BENCH_RESULT struct bench_result result = {0};
	double widest = 0;

	if (bench_compute(b, run->setup->threads, &result, err) < 0)
		return -1;
	for (size_t a = 1; a < b->n_arms; a++) {
		if (b->arms[a].role == BENCH_ROLE_ARM)
			widest = fmax(widest, result.arms[a].half_width);
	}
	if (bench_precise(b, &result))
		stop(b, "precision");
	progress_say(run->setup->progress,
		"look after %u round%s, at %.2f %%: half-width %.2f %%, wanted %.2f %%; gate %s: "
		"%s",
		result.rounds, plural(result.rounds), 100 * result.alpha, 100 * widest,
		100 * b->options.precision,
		result.slowed == BENCH_GATE_NONE || result.copy != BENCH_GATE_PASSED
			? bench_gate_name(result.copy)
			: bench_gate_name(result.slowed),
		b->stopped                                 ? "enough"
		: result.rounds < b->looks[b->n_looks - 1] ? "going on"
							   : "this was the last");
	return 0;
}

/* After a round: should there be another? */
static int decide(struct run *run, struct err *err)
{
	struct bench *b = run->b;
	unsigned int kept = bench_kept(b);
	uint64_t lasted = run->earlier + clock_ns() - run->begin;

	if (bench_all_failed(b)) {
		stop(b, "every workload failed");
		return 0;
	}
	for (size_t i = 0; i < b->n_looks; i++) {
		if (b->looks[i] == kept && !b->rounds[b->n_rounds - 1].dropped && kept >= 2 &&
			look(run, err) < 0)
			return -1;
	}
	if (b->stopped)
		return 0;
	if (kept >= b->looks[b->n_looks - 1])
		stop(b, "rounds");
	else if (b->options.max_time && lasted >= (uint64_t)b->options.max_time * 1000000000)
		stop(b, "time");
	else if (b->n_rounds >= 2 * (size_t)kept + 10 || b->n_rounds >= BENCH_ROUNDS_MAX)
		stop(b, "disturbed");
	return 0;
}

int run_save(const struct run *run, struct err *err)
{
	return run->setup->file ? bench_save(run->b, run->setup->file, err) : 0;
}

static int play_rounds(struct run *run, struct err *err)
{
	struct bench *b = run->b;

	if (run_save(run, err) < 0 || run_rehearse(run, err) < 0)
		return -1;
	if (bench_all_failed(b))
		stop(b, "every workload failed");
	while (!b->stopped) {
		if (play_round(run, err) < 0 || run_save(run, err) < 0 || decide(run, err) < 0)
			return -1;
	}
	return run_save(run, err);
}

int bench_run(struct bench *b, const struct bench_setup *setup, struct err *err)
{
	struct run run = {.b = b, .setup = setup, .begin = clock_ns()};
	cpu_set_t before;
	bool moved;
	int result;

	if (b->stopped) {
		/* it may have been killed behind its last round */
		stage_clear(setup->scratch);
		return 0;
	}
	if (b->n_arms < 2 || b->n_workloads == 0 ||
		b->n_arms * b->n_workloads * b->options.rounds > BENCH_OBSERVATIONS_MAX)
		return err_set(err, ERR_USAGE,
			"there are too few or too many arms, workloads and "
			"rounds");
	for (size_t i = 0; i < b->n_rounds; i++)
		run.earlier += (uint64_t)b->rounds[i].lasted;
	run.cpu = trial_cpu(&run.processors);
	moved = trial_leave(run.cpu, &before);
	run_describe_machine(&run);
	result = stage_open(b, setup->scratch, &run.stage, err);
	if (result == 0)
		result = play_rounds(&run, err);
	stage_close(&run.stage);
	if (moved)
		sched_setaffinity(0, sizeof(before), &before);
	return result;
}
