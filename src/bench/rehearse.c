/* Preparation, before anything counts: chooses loops, writes bytecode, finds failures. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "bench/bench-internal.h"

#define MS ((int64_t)1000000)
#define SHORTEST ((int64_t)BENCH_PROCESS_NS)
#define LONGEST (400 * MS)
/* A workload that is still too short with this many loops does nothing. */
#define LOOPS_MAX ((uint64_t)1 << 30)

/* The duration of a process, unless the user chose one. Noise comes from moments and from whole
 * processes: a longer process has no less of it, and is further in time from the one it is compared
 * with. Many short processes tell more in the same time. With independent noise, n processes of
 * length t in a given time, with a start-up of length s, show an effect on the work with weight
 * (t - s) / t * sqrt(n), n = 1 / t: the maximum is at t = 3 s. */
static int64_t wanted_duration(const struct run *run, int64_t start)
{
	int64_t wanted = 3 * start;

	if (run->setup->duration)
		return run->setup->duration * MS;
	return wanted < SHORTEST ? SHORTEST : wanted > LONGEST ? LONGEST : wanted;
}

static int rehearse_once(struct run *run, size_t w, size_t arm, unsigned int layout, uint64_t loops,
	int64_t *time, struct err *err)
{
	const struct play play = {
		.workload = w, .arm = arm, .layout = layout, .loops = loops, .hash_seed = 1};
	struct bench_observation o = {.workload = (unsigned int)w, .arm = (unsigned int)arm};

	if (play_run(run, &play, &o, err) < 0)
		return -1;
	play_note_failure(run, &o);
	*time = bench_time(&o, run->b->options.measure);
	return 0;
}

/* Chooses the loops of a workload on the reference. Start-ups are repeated until they take half as
 * long as other workloads, since each one is short. */
static int calibrate(struct run *run, size_t w, struct err *err)
{
	struct bench_workload *workload = &run->b->workloads[w];
	int64_t once, many = 0, each, target, half = wanted_duration(run, 0) / 2;
	uint64_t tried = workload->loops < 2 ? 2 : workload->loops;

	/* The first run writes the bytecode. */
	for (int i = 0; i < 2; i++) {
		if (rehearse_once(run, w, 0, 0, 1, &once, err) < 0)
			return -1;
		if (workload->failed)
			return 0;
	}
	if (!play_loops(workload)) {
		once = once < 1 ? 1 : once;
		if (!strcmp(workload->kind, "startup"))
			workload->loops = half > once ? (uint64_t)(half / once) : 1;
		workload->nominal = (uint64_t)once * workload->loops;
		return 0;
	}
	/* Runs with one loop and with many separate the cost of a loop from the rest. "Many" is
	 * enough for a difference of half the wanted duration, since noise can be as long as a
	 * start-up. */
	for (;; tried *= 4) {
		if (rehearse_once(run, w, 0, 0, tried, &many, err) < 0)
			return -1;
		if (workload->failed || many - once >= half || tried >= LOOPS_MAX)
			break;
	}
	each = (many - once) / (int64_t)(tried - 1);
	each = each < 1 ? 1 : each;
	target = wanted_duration(run, once - each);
	workload->loops = target > once ? 1 + (uint64_t)((target - once) / each) : 1;
	workload->nominal = (uint64_t)(once + (int64_t)(workload->loops - 1) * each);
	return 0;
}

/* Runs the copy after the reference as a round would, to see how far equal arms are apart. */
static int rehearse_pair(struct run *run, size_t w, struct err *err)
{
	const struct bench *b = run->b;
	struct bench_observation o[2];
	size_t copy = 0;

	while (copy + 1 < b->n_arms && b->arms[copy].role != BENCH_ROLE_COPY)
		copy++;
	for (size_t i = 0; i < 2; i++) {
		const struct play play = {.workload = w,
			.arm = i ? copy : 0,
			.loops = b->workloads[w].loops,
			.hash_seed = 1 + w,
			.padding = 512 * i,
			.timed = true};

		o[i] = (struct bench_observation){
			.workload = (unsigned int)w, .arm = (unsigned int)play.arm};
		if (interrupt_check(err) < 0 || play_run(run, &play, &o[i], err) < 0)
			return -1;
		play_note_failure(run, &o[i]);
		run->pairs_wall += o[i].wall;
	}
	if (!b->workloads[w].failed && bench_time(&o[0], b->options.measure) > 0 &&
		bench_time(&o[1], b->options.measure) > 0)
		run->pairs[run->n_pairs++] = log((double)bench_time(&o[1], b->options.measure) /
						 (double)bench_time(&o[0], b->options.measure));
	return 0;
}

/* Says what the campaign will be able to see. */
static void say_outlook(struct run *run)
{
	struct bench *b = run->b;
	CLEANUP_FREE char *text = NULL;
	struct bench_outlook outlook;

	if (run->n_pairs) {
		json_object_set_new(b->machine, "pair_noise",
			json_real(stats_pair_noise(run->pairs, run->n_pairs)));
		json_object_set_new(b->machine, "round_seconds",
			json_real((double)run->pairs_wall / 2e9 * (double)b->n_arms));
	}
	bench_expect(b, &outlook);
	text = bench_outlook_text(&outlook);
	if (text)
		progress_say(run->setup->progress, "to be expected: %s", text);
}

static int rehearse_workload(struct run *run, size_t w, struct err *err)
{
	const struct bench *b = run->b;
	const struct bench_workload *workload = &b->workloads[w];
	int64_t ignored;

	if (!workload->failed && workload->nominal == 0 && calibrate(run, w, err) < 0)
		return -1;
	for (size_t a = 0; a < b->n_arms; a++) {
		for (unsigned int l = 0; l < b->options.layouts && !workload->failed; l++) {
			if (interrupt_check(err) < 0 ||
				rehearse_once(run, w, a, l, 1, &ignored, err) < 0)
				return -1;
		}
	}
	if (!b->n_rounds && !workload->failed && rehearse_pair(run, w, err) < 0)
		return -1;
	return play_save(run, err);
}

int rehearse_campaign(struct run *run, struct err *err)
{
	struct bench *b = run->b;
	struct progress *p = run->setup->progress;
	uint64_t begin = clock_ns(), lasted;
	struct cpu_times before, after;
	bool known = cpu_times(run->cpu, &before);
	int line = progress_start(p, "rehearsal", 0);
	int result = play_check_needs(run, err);

	run->pairs = xcalloc(b->n_workloads + 1, sizeof(*run->pairs));
	run->n_pairs = 0;
	for (size_t w = 0; result == 0 && w < b->n_workloads; w++) {
		progress_count(p, line, w, b->n_workloads);
		result = rehearse_workload(run, w, err);
	}
	/* Measures the usual steal only over more than two seconds; ticks are too coarse for
	 * less. */
	lasted = clock_ns() - begin;
	if (known && lasted > 2000 * (uint64_t)MS && cpu_times(run->cpu, &after))
		json_object_set_new(b->machine, "usual_steal",
			json_real((double)(after.steal - before.steal) / (double)lasted));
	progress_end(p, line, result == 0 ? "done" : "stopped");
	if (result == 0)
		say_outlook(run);
	free(run->pairs);
	run->pairs = NULL;
	return result;
}
