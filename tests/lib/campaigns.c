#include "campaigns.h"

#include <math.h>

double campaign_normal(struct bench_random *r)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += (double)(bench_random_next(r) >> 11) / 0x1p53;
	return sum;
}

static void add_arms(struct bench *b, const struct campaign_plan *plan)
{
	bench_add_arm(b, "base", BENCH_ROLE_ARM);
	for (unsigned int a = 0; a + 1 < plan->arms; a++) {
		char name[16];

		snprintf(name, sizeof(name), "arm%u", a + 1);
		bench_add_arm(b, name, BENCH_ROLE_ARM);
	}
	bench_add_arm(b, "copy", BENCH_ROLE_COPY);
}

static void add_round(struct bench *b, const struct campaign_plan *plan, struct bench_random *r,
	const double *layouts)
{
	double shared = plan->round_noise * campaign_normal(r);
	struct bench_round *round = bench_add_round(b, b->n_arms * b->n_workloads);

	round->layout = bench_order_layout(plan->seed, b->n_rounds - 1, b->options.layouts);
	for (unsigned int w = 0; w < b->n_workloads; w++) {
		for (unsigned int a = 0; a < b->n_arms; a++) {
			double t = log(a ? plan->ratios[a - 1] : 1) + log(0.2 + 0.01 * w) + shared +
				   layouts[round->layout * b->n_arms + a] +
				   plan->noise * campaign_normal(r);
			struct bench_observation *o = &round->v[round->n++];

			*o = (struct bench_observation){
				.workload = w,
				.arm = a,
				.user = (int64_t)(exp(t) * 1e6) * 1000,
				.wall = (int64_t)(exp(t) * 1.01e9),
				.max_rss = 9000,
				.steal = BENCH_NONE,
				.cycles = BENCH_NONE,
				.instructions = BENCH_NONE,
				.branch_misses = BENCH_NONE,
			};
		}
	}
}

struct bench *campaign_make(const struct campaign_plan *plan)
{
	struct bench_options options;
	struct bench_random r;
	struct bench *b;
	double layouts[BENCH_LAYOUTS_MAX * BENCH_ARMS_MAX];

	bench_defaults(&options);
	options.seed = plan->seed;
	options.rounds = plan->planned ? plan->planned : plan->rounds;
	options.layouts = plan->layouts ? plan->layouts : 1;
	if (plan->resamples)
		options.resamples = plan->resamples;
	b = bench_new(&options);
	add_arms(b, plan);
	bench_random_seed(&r, plan->seed, 12345);
	for (unsigned int w = 0; w < plan->workloads; w++) {
		char name[16];

		snprintf(name, sizeof(name), "w%u", w);
		bench_add_workload(b, name, "loop")->loops = 100 + w;
	}
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++)
		layouts[i] = plan->layout_noise * campaign_normal(&r);
	for (unsigned int i = 0; i < plan->rounds; i++)
		add_round(b, plan, &r, layouts);
	return b;
}

struct bench *campaign_of(uint64_t seed, double ratio, unsigned int layouts)
{
	const double ratios[] = {ratio, 1};
	const struct campaign_plan plan = {.seed = seed,
		.rounds = 20,
		.workloads = 12,
		.layouts = layouts,
		.ratios = ratios,
		.arms = ARRAY_SIZE(ratios),
		.noise = 0.004,
		.round_noise = 0.05,
		.resamples = 400};

	return campaign_make(&plan);
}
