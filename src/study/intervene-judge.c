/* Predictions, measurements, and whether they agree. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/intervene.h"

/* How far a measured effect may be from the predicted one and still be called of its size. */
#define FACTOR 2

struct intervene_counts intervene_counts_of(const int64_t causes[EXPLAIN_N_CAUSES])
{
	struct intervene_counts c = {0};

	for (size_t i = 0; i < EXPLAIN_N_CAUSES; i++) {
		c.causes[i] = (double)causes[i];
		c.total += c.causes[i];
	}
	return c;
}

struct intervene_counts intervene_extrapolate(
	const struct intervene_counts *once, const struct intervene_counts *twice, uint64_t loops)
{
	double more = loops > 1 ? (double)(loops - 1) : 0;
	struct intervene_counts c = {.total = once->total + more * (twice->total - once->total)};

	for (size_t i = 0; i < EXPLAIN_N_CAUSES; i++)
		c.causes[i] = once->causes[i] + more * (twice->causes[i] - once->causes[i]);
	return c;
}

/* (x - y) / (log x - log y) */
static double logarithmic_mean(double x, double y)
{
	double ratio = log(x / y);

	return fabs(ratio) < 1e-12 ? x : (x - y) / ratio;
}

struct intervene_prediction intervene_predict(const struct intervene_counts *base,
	const struct intervene_counts *flipped, const bool *counts, size_t n)
{
	struct intervene_prediction p = {0};
	double used = 0;

	for (size_t w = 0; w < n; w++) {
		double mean = logarithmic_mean(flipped[w].total, base[w].total);

		if (counts && !counts[w])
			continue;
		used++;
		p.all += log(flipped[w].total / base[w].total);
		for (size_t i = 0; i < EXPLAIN_N_CAUSES; i++)
			p.causes[i] += (flipped[w].causes[i] - base[w].causes[i]) / mean;
	}
	p.all /= used;
	for (size_t i = 0; i < EXPLAIN_N_CAUSES; i++)
		p.causes[i] /= used;
	return p;
}

double intervene_moved(const struct intervene_prediction *p, enum intervene_factor factor)
{
	double moved = 0;

	for (size_t i = 0; i < EXPLAIN_N_CAUSES; i++)
		if (intervene_moves(factor, i))
			moved += p->causes[i];
	return moved;
}

/* ---- measured ------------------------------------------------------------------------------ */

/* The campaign with other arms: `base`, then all in their order, then the product of those that are
 * summed, then what is left of arm 0. */
struct view {
	const struct bench *from;
	size_t base;
	const size_t *summed;
	size_t n_summed;
	struct bench *to;
};

/* The times of one workload in one round, by arm; false if one is missing. */
static bool times_of(
	const struct view *v, const struct bench_round *round, size_t workload, double *times)
{
	size_t found = 0;

	for (size_t i = 0; i < round->n; i++) {
		const struct bench_observation *o = &round->v[i];

		if (o->workload != workload || o->status != BENCH_OK)
			continue;
		times[o->arm] = (double)bench_time(o, v->from->options.measure);
		found++;
	}
	return found == v->from->n_arms;
}

static void observe(struct bench_round *round, size_t workload, size_t arm, double time)
{
	round->v[round->n++] = (struct bench_observation){.workload = (unsigned int)workload,
		.arm = (unsigned int)arm,
		.wall = llround(time),
		.user = llround(time)};
}

static void copy_round(const struct view *v, const struct bench_round *from)
{
	struct bench_round *to = bench_add_round(v->to, v->to->n_arms * v->to->n_workloads);
	double times[BENCH_ARMS_MAX];
	size_t n = v->from->n_arms;

	to->layout = from->layout;
	to->dropped = from->dropped ? xstrdup(from->dropped) : NULL;
	for (size_t w = 0; w < v->from->n_workloads; w++) {
		double product = 1, base;

		if (!times_of(v, from, w, times))
			continue;
		base = times[v->base];
		for (size_t i = 0; i < v->n_summed; i++)
			product *= times[v->summed[i]] / base;
		observe(to, w, 0, base);
		for (size_t a = 0; a < n; a++)
			observe(to, w, 1 + a, times[a]);
		observe(to, w, 1 + n, base * product);
		observe(to, w, 2 + n, times[0] / product);
	}
}

static void make_view(struct view *v)
{
	v->to = bench_new(&v->from->options);
	v->to->n_looks = v->from->n_looks;
	memcpy(v->to->looks, v->from->looks, sizeof(v->to->looks));
	bench_add_arm(v->to, "base", BENCH_ROLE_ARM);
	for (size_t a = 0; a < v->from->n_arms; a++)
		bench_add_arm(v->to, v->from->arms[a].name, BENCH_ROLE_ARM);
	bench_add_arm(v->to, "sum", BENCH_ROLE_ARM);
	bench_add_arm(v->to, "rest", BENCH_ROLE_ARM);
	for (size_t w = 0; w < v->from->n_workloads; w++) {
		const struct bench_workload *from = &v->from->workloads[w];
		struct bench_workload *to = bench_add_workload(v->to, from->name, from->kind);

		to->loops = from->loops;
		to->failed = from->failed ? xstrdup(from->failed) : NULL;
	}
	for (size_t i = 0; i < v->from->n_rounds; i++)
		copy_round(v, &v->from->rounds[i]);
}

static struct intervene_time time_of(const struct bench_arm_result *arm)
{
	return (struct intervene_time){log(arm->ratio), log(arm->suite.low), log(arm->suite.high)};
}

int intervene_measured(const struct bench *b, size_t base, const size_t *summed, size_t n_summed,
	struct intervene_time *ret, struct intervene_time *ret_sum, struct intervene_time *ret_rest,
	struct err *err)
{
	struct view v = {.from = b, .base = base, .summed = summed, .n_summed = n_summed};
	CLEANUP_BENCH_RESULT struct bench_result result = {0};
	CLEANUP_BENCH struct bench *owned = NULL;

	make_view(&v);
	owned = v.to;
	if (bench_compute(owned, &result, err) < 0)
		return -1;
	for (size_t a = 0; a < b->n_arms; a++)
		ret[a] = time_of(&result.arms[1 + a]);
	*ret_sum = time_of(&result.arms[1 + b->n_arms]);
	*ret_rest = time_of(&result.arms[2 + b->n_arms]);
	return 0;
}

/* ---- judged -------------------------------------------------------------------------------- */

const char *intervene_verdict_name(enum intervene_verdict verdict)
{
	static const char *const names[] = {[INTERVENE_AGREES] = "agrees",
		[INTERVENE_NO_DIFFERENCE] = "no difference",
		[INTERVENE_UNDECIDED] = "undecided",
		[INTERVENE_AGREES_IN_SIGN] = "agrees in sign",
		[INTERVENE_UNKNOWN] = "layout or unknown"};

	return names[verdict];
}

enum doc_tone intervene_verdict_tone(enum intervene_verdict verdict)
{
	static const enum doc_tone tones[] = {[INTERVENE_AGREES] = DOC_GOOD,
		[INTERVENE_NO_DIFFERENCE] = DOC_PLAIN,
		[INTERVENE_UNDECIDED] = DOC_DOUBT,
		[INTERVENE_AGREES_IN_SIGN] = DOC_PLAIN,
		[INTERVENE_UNKNOWN] = DOC_DOUBT};

	return tones[verdict];
}

static bool within(const struct intervene_time *t, double value)
{
	return t->low <= value && value <= t->high;
}

enum intervene_verdict intervene_judge(
	double predicted, const struct intervene_time *measured, double margin)
{
	double limit = log1p(margin), size = measured->log / predicted;

	if (within(measured, predicted)) {
		if (!within(measured, 0))
			return INTERVENE_AGREES;
		return measured->low >= -limit && measured->high <= limit ? INTERVENE_NO_DIFFERENCE
									  : INTERVENE_UNDECIDED;
	}
	/* A prediction of 0 makes the size infinite. */
	if (!within(measured, 0) && size >= 1.0 / FACTOR && size <= FACTOR)
		return INTERVENE_AGREES_IN_SIGN;
	return INTERVENE_UNKNOWN;
}
