/* What the files of this room share: the numbers behind the results. */
#ifndef SOLDER_BENCH_INTERNAL_H
#define SOLDER_BENCH_INTERNAL_H

#include "bench/bench.h"

/* What random numbers are for: the upper half of their stream, the index is the lower. */
enum bench_stream {
	STREAM_BOOTSTRAP = 1, /* index: the resample */
	STREAM_WORKLOADS,     /* the round */
	STREAM_ARMS,          /* the block of rounds */
	STREAM_LAYOUT,        /* the block of rounds */
	STREAM_ROUND,         /* the round as it was started, dropped ones included */
};

uint64_t stream(enum bench_stream purpose, uint64_t index);

/* The median; sorts v. n is not 0. */
double stats_median(double *v, size_t n);
/* Wilcoxon's signed-rank test against 0, two-sided; 1 when every d is 0 or n is 0. */
double stats_signed_rank(const double *d, size_t n);
/* p values adjusted after Benjamini and Hochberg. */
void stats_adjust(const double *p, size_t n, double *adjusted);
/* The t that Student's distribution exceeds with probability `tail` (above 0, at most 0.5). */
double stats_t_quantile(double df, double tail);
/* The two-sided p of Student's t. */
double stats_t_test(double t, double df);
/* A bootstrap's standard error over n units, its narrowness corrected; infinite if n < 2. */
double stats_error(double error, size_t n);
/* What an interval says; never BENCH_NO_VERDICT. */
enum bench_verdict stats_judge(struct bench_interval i, double margin);

/* The log ratios of a campaign, all finite. The reference is not among the arms. */
struct stats_input {
	size_t arms, workloads, rounds;
	const double *d;            /* d[(a * workloads + w) * rounds + r] */
	const unsigned int *layout; /* of each round, below `layouts`; NULL: rounds are the unit */
	unsigned int layouts;
	unsigned int resamples;
	uint64_t seed;
};

struct stats_output {
	size_t units;    /* rounds, or layouts that occur */
	double *median;  /* [a * workloads + w] */
	double *error;   /* its standard error */
	double *suite;   /* [a]: mean of the medians */
	double *fixed;   /* its standard error, these workloads */
	double *general; /* its standard error, workloads drawn as well */
};

/* Is there no workload that can still count? */
bool bench_all_failed(const struct bench *b);

void stats_bootstrap(const struct stats_input *in, unsigned int threads, struct stats_output *out);
void stats_output_release(struct stats_output *out);
/* exp(log ± t * sqrt(n / (n - 1)) * error) with n - 1 degrees of freedom; 0 and infinity if n < 2.
 * `half` (may be NULL) receives the half-width in logs. */
struct bench_interval stats_interval(
	double log_ratio, double error, size_t n, double alpha, double *half);

#endif
