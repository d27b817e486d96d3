/* Plays rounds until the result is precise enough. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "bench/bench-internal.h"

#define PADDING_END 4096

/* Makes all observations of a round, in its order. */
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
		if (play_run(run, &play, o, err) < 0)
			return -1;
		round->n++;
		play_note_failure(run, o);
	}
	return 0;
}

/* Why a round does not count, or NULL; the caller frees it. */
static char *why_disturbed(const struct bench *b, const struct bench_round *round)
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

/* Warns about the load: once if rounds cannot be dropped for it, for each dropped round, and once
 * about the consequences. */
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

/* Records the load since `before`, during which the trials used `used` ns. A kernel that does not
 * account for processors (gVisor's /proc/stat is all zeros) reports less than that. */
static void note_load(const struct run *run, const struct cpu_times *before, int64_t used,
	struct bench_round *round)
{
	struct cpu_times after;

	round->steal = round->foreign = BENCH_NONE;
	if (before && cpu_times(run->cpu, &after) && 2 * (after.busy - before->busy) >= used) {
		round->steal = after.steal - before->steal;
		round->foreign = after.busy - before->busy - used;
		round->foreign = round->foreign < 0 ? 0 : round->foreign;
	}
	for (size_t i = 0; before && round->foreign == BENCH_NONE && i < round->n; i++)
		round->v[i].steal = BENCH_NONE;
}

static int play_round(struct run *run, struct err *err)
{
	struct bench *b = run->b;
	struct bench_round *round = bench_add_round(b, b->n_arms * b->n_workloads);
	struct progress *p = run->setup->progress;
	uint64_t previous = b->n_rounds > 1 ? (uint64_t)b->rounds[b->n_rounds - 2].lasted : 0;
	unsigned int all = b->looks[b->n_looks - 1], number = bench_kept(b);
	CLEANUP_FREE char *name = NULL;
	char left[32];
	int64_t used = cpu_used(run->processors < 2);
	struct cpu_times before;
	bool known = cpu_times(run->cpu, &before);
	uint64_t begin;
	int line;

	/* "round 3 of 40, 12 min at most": the time for this round and all that may follow. */
	format_duration(left, previous * (all + 1 - number));
	name = previous ? xasprintf("round %u of %u, %s at most", number, all, left)
			: xasprintf("round %u of %u", number, all);
	line = progress_start(p, name, previous);
	begin = clock_ns();
	round->started = (int64_t)time(NULL);
	if (play_all(run, round, line, err) < 0) {
		progress_end(p, line, "stopped");
		free(round->v);
		b->n_rounds--;
		return -1;
	}
	round->lasted = (int64_t)(clock_ns() - begin);
	note_load(run, known ? &before : NULL, cpu_used(run->processors < 2) - used, round);
	round->dropped = why_disturbed(b, round);
	progress_end(p, line, round->dropped ? "dropped" : "done");
	say_load(b, p);
	return 0;
}

static bool all_failed(const struct bench *b)
{
	size_t n = 0;

	for (size_t w = 0; w < b->n_workloads; w++)
		n += b->workloads[w].failed != NULL;
	return n == b->n_workloads;
}

/* Takes a look: sets *enough if the campaign can end. */
static int take_look(struct run *run, bool *enough, struct err *err)
{
	const struct bench *b = run->b;
	CLEANUP_BENCH_RESULT struct bench_result result = {0};
	bool slowed;

	if (bench_compute(b, &result, err) < 0)
		return -1;
	*enough = bench_precise(b, &result);
	slowed = result.slowed != BENCH_GATE_NONE && result.copy == BENCH_GATE_PASSED;
	progress_say(run->setup->progress,
		"look after %u round%s, at %.2f %%: half-width %.2f %%, wanted %.2f %%; gate %s: %s",
		result.rounds, plural(result.rounds), 100 * result.alpha, 100 * result.widest,
		100 * b->options.precision, bench_gate_name(slowed ? result.slowed : result.copy),
		*enough                                    ? "enough"
		: result.rounds < b->looks[b->n_looks - 1] ? "going on"
							   : "this was the last");
	return 0;
}

/* After a round, sets *stop to the reason for ending, or NULL. */
static int decide_stop(struct run *run, const char **stop, struct err *err)
{
	struct bench *b = run->b;
	unsigned int kept = bench_kept(b);
	uint64_t lasted = run->earlier + clock_ns() - run->begin;
	bool enough = false;

	for (size_t i = 0; i < b->n_looks && !all_failed(b); i++) {
		if (b->looks[i] == kept && !b->rounds[b->n_rounds - 1].dropped && kept >= 2 &&
			take_look(run, &enough, err) < 0)
			return -1;
	}
	*stop = all_failed(b)                      ? "every workload failed"
		: enough                           ? "precision"
		: kept >= b->looks[b->n_looks - 1] ? "rounds"
		: b->options.max_time && lasted >= (uint64_t)b->options.max_time * 1000000000
			? "time"
		: b->n_rounds >= 2 * (size_t)kept + 10 || b->n_rounds >= BENCH_ROUNDS_MAX
			? "disturbed"
			: NULL;
	return 0;
}

static int play_rounds(struct run *run, struct err *err)
{
	struct bench *b = run->b;
	const char *stop;

	if (play_save(run, err) < 0 || rehearse_campaign(run, err) < 0)
		return -1;
	for (stop = all_failed(b) ? "every workload failed" : NULL; !stop;) {
		if (play_round(run, err) < 0 || play_save(run, err) < 0 ||
			decide_stop(run, &stop, err) < 0)
			return -1;
	}
	b->stopped = xstrdup(stop);
	return play_save(run, err);
}

int bench_run(struct bench *b, const struct bench_setup *setup, struct err *err)
{
	struct run run = {.b = b, .setup = setup, .begin = clock_ns()};
	cpu_set_t before;
	bool moved;
	int result;

	if (b->stopped) {
		/* it may have been killed after its last round */
		stage_clear(setup->scratch);
		return 0;
	}
	if (b->n_arms < 2 || b->n_workloads == 0 ||
		b->n_arms * b->n_workloads * b->options.rounds > BENCH_OBSERVATIONS_MAX)
		return err_set(
			err, ERR_USAGE, "there are too few or too many arms, workloads and rounds");
	for (size_t i = 0; i < b->n_rounds; i++)
		run.earlier += (uint64_t)b->rounds[i].lasted;
	run.cpu = trial_cpu(&run.processors);
	moved = trial_leave(run.cpu, &before);
	machine_describe(b->machine, run.cpu, run.processors);
	result = stage_open(b, setup->scratch, &run.stage, err);
	if (result == 0)
		result = play_rounds(&run, err);
	stage_close(&run.stage);
	if (moved)
		sched_setaffinity(0, sizeof(before), &before);
	return result;
}
