/* How long it takes to recompute a large campaign: 40 rounds, 30 workloads, 4 arms and the hidden
 * copy, 10,000 resamples. Prints the time with one thread and with all processors. */
#include <stdio.h>
#include <sched.h>

#include "base/file.h"
#include "campaigns.h"

static int measure(const struct bench *b, unsigned int threads)
{
	CLEANUP_BENCH_RESULT struct bench_result result = {0};
	struct err err = ERR_INIT;
	uint64_t start = clock_ns();

	if (bench_compute(b, &result, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return -1;
	}
	printf("  %2u thread%s %.3f s\n", threads,
		threads == 1 ? ": " : "s:", (double)(clock_ns() - start) / 1e9);
	return 0;
}

int main(void)
{
	static const double ratios[] = {1.02, 1.08, 0.97, 1};
	const struct campaign_plan plan = {.seed = 1,
		.rounds = 40,
		.workloads = 30,
		.ratios = ratios,
		.arms = ARRAY_SIZE(ratios),
		.noise = 0.02,
		.round_noise = 0.03};
	CLEANUP_BENCH struct bench *b = campaign_make(&plan);
	cpu_set_t all, one;

	printf("%zu rounds, %zu workloads, %zu arms, %u resamples:\n", b->n_rounds, b->n_workloads,
		b->n_arms, b->options.resamples);
	sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	if (measure(b, 1) < 0)
		return 1;
	sched_setaffinity(0, sizeof(all), &all);
	return CPU_COUNT(&all) > 1 && measure(b, (unsigned int)CPU_COUNT(&all)) < 0;
}
