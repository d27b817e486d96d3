/* Campaigns as if they had been run: seeded noise around known ratios. */
#ifndef SOLDER_TESTS_CAMPAIGNS_H
#define SOLDER_TESTS_CAMPAIGNS_H

#include "bench/bench-internal.h"

struct campaign_plan {
	uint64_t seed;
	unsigned int rounds, workloads;
	unsigned int planned;   /* options.rounds; 0: as many as `rounds` */
	unsigned int layouts;   /* 0: one */
	const double *ratios;   /* of the arms after the reference, the last being its copy */
	unsigned int arms;      /* how many ratios */
	double noise;           /* standard deviation of one observation, in logs */
	double round_noise;     /* of what all observations of a round share */
	double layout_noise;    /* of what an arm has in one layout */
	unsigned int resamples; /* 0: the default */
};

/* The arms are "base", "arm1", …, and "copy"; workloads "w0", "w1", … */
struct bench *campaign_make(const struct campaign_plan *plan);
/* One arm of this ratio, and the copy: 20 rounds of 12 workloads, with little noise. */
struct bench *campaign_of(uint64_t seed, double ratio, unsigned int layouts);
/* About standard normal: the sum of twelve uniform numbers less six. */
double campaign_normal(struct bench_random *r);

#endif
