/* Compares predictions with measurements. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/study-internal.h"

/* The largest ratio of a measured to a predicted effect that still counts as the same size. */
#define FACTOR 2

struct study_counts study_counts_of(const int64_t causes[EXPLAIN_N_CAUSES])
{
	struct study_counts c = {0};

	for (size_t i = 0; i < EXPLAIN_N_CAUSES; i++) {
		c.causes[i] = (double)causes[i];
		c.total += c.causes[i];
	}
	return c;
}

struct study_counts study_extrapolate(
	const struct study_counts *once, const struct study_counts *twice, uint64_t loops)
{
	double more = loops > 1 ? (double)(loops - 1) : 0;
	struct study_counts c = {.total = once->total + more * (twice->total - once->total)};

	for (size_t i = 0; i < EXPLAIN_N_CAUSES; i++)
		c.causes[i] = once->causes[i] + more * (twice->causes[i] - once->causes[i]);
	return c;
}

struct study_prediction study_predict(const struct study_counts *base,
	const struct study_counts *flipped, const bool *counts, size_t n)
{
	struct study_prediction p = {0};
	double used = 0;

	for (size_t w = 0; w < n; w++) {
		double ratio = log(flipped[w].total / base[w].total);
		/* Logarithmic mean, (x - y) / (log x - log y). */
		double mean = fabs(ratio) < 1e-12 ? flipped[w].total
						  : (flipped[w].total - base[w].total) / ratio;

		if (counts && !counts[w])
			continue;
		used++;
		p.all += ratio;
		for (size_t i = 0; i < EXPLAIN_N_CAUSES; i++)
			p.causes[i] += (flipped[w].causes[i] - base[w].causes[i]) / mean;
	}
	p.all /= used;
	for (size_t i = 0; i < EXPLAIN_N_CAUSES; i++)
		p.causes[i] /= used;
	return p;
}

/* ---- measuring ----------------------------------------------------------------------------- */

/* Adds a round of `from` to the campaign `to`, whose arms are `base`, then all arms in order, then
 * the product of the summed ones, then the remainder of arm 0. */
static void copy_round(struct bench *to, const struct bench *from, const struct bench_round *round,
	size_t base, const size_t *summed, size_t n_summed)
{
	struct bench_round *copy = bench_add_round(to, to->n_arms * to->n_workloads);

	copy->layout = round->layout;
	copy->dropped = round->dropped ? xstrdup(round->dropped) : NULL;
	for (size_t w = 0; w < from->n_workloads; w++) {
		double times[BENCH_ARMS_MAX + 3], product = 1;
		size_t n = from->n_arms, found = 0;

		for (size_t i = 0; i < round->n; i++) {
			const struct bench_observation *o = &round->v[i];

			if (o->workload != w || o->status != BENCH_OK)
				continue;
			times[1 + o->arm] = (double)bench_time(o, from->options.measure);
			found++;
		}
		if (found != n)
			continue;
		for (size_t i = 0; i < n_summed; i++)
			product *= times[1 + summed[i]] / times[1 + base];
		times[0] = times[1 + base];
		times[1 + n] = times[0] * product;
		times[2 + n] = times[1] / product;
		for (size_t a = 0; a < to->n_arms; a++)
			copy->v[copy->n++] = (struct bench_observation){.workload = (unsigned int)w,
				.arm = (unsigned int)a,
				.wall = llround(times[a]),
				.user = llround(times[a])};
	}
}

static struct study_time time_of(const struct bench_arm_result *arm)
{
	return (struct study_time){log(arm->ratio), log(arm->suite.low), log(arm->suite.high)};
}

int study_measured(const struct bench *b, size_t base, const size_t *summed, size_t n_summed,
	struct study_time *ret, struct study_time *ret_sum, struct study_time *ret_rest,
	struct err *err)
{
	CLEANUP_BENCH_RESULT struct bench_result result = {0};
	CLEANUP_BENCH struct bench *view = bench_new(&b->options);

	view->n_looks = b->n_looks;
	memcpy(view->looks, b->looks, sizeof(view->looks));
	bench_add_arm(view, "base", BENCH_ROLE_ARM);
	for (size_t a = 0; a < b->n_arms; a++)
		bench_add_arm(view, b->arms[a].name, BENCH_ROLE_ARM);
	bench_add_arm(view, "sum", BENCH_ROLE_ARM);
	bench_add_arm(view, "rest", BENCH_ROLE_ARM);
	for (size_t w = 0; w < b->n_workloads; w++) {
		const struct bench_workload *from = &b->workloads[w];
		struct bench_workload *to = bench_add_workload(view, from->name, from->kind);

		to->loops = from->loops;
		to->failed = from->failed ? xstrdup(from->failed) : NULL;
	}
	for (size_t i = 0; i < b->n_rounds; i++)
		copy_round(view, b, &b->rounds[i], base, summed, n_summed);
	if (bench_compute(view, &result, err) < 0)
		return -1;
	for (size_t a = 0; a < b->n_arms; a++)
		ret[a] = time_of(&result.arms[1 + a]);
	*ret_sum = time_of(&result.arms[1 + b->n_arms]);
	*ret_rest = time_of(&result.arms[2 + b->n_arms]);
	return 0;
}

/* ---- judging ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum doc_tone tone;
} verdicts[] = {[STUDY_AGREES] = {"agrees", DOC_GOOD},
	[STUDY_NO_DIFFERENCE] = {"no difference", DOC_PLAIN},
	[STUDY_UNDECIDED] = {"undecided", DOC_DOUBT},
	[STUDY_AGREES_IN_SIGN] = {"agrees in sign", DOC_PLAIN},
	[STUDY_UNKNOWN] = {"layout or unknown", DOC_DOUBT},
	[STUDY_NOT_JUDGED] = {"no verdict", DOC_PLAIN}};

const char *study_verdict_name(enum study_verdict verdict)
{
	return verdicts[verdict].name;
}

enum doc_tone study_verdict_tone(enum study_verdict verdict)
{
	return verdicts[verdict].tone;
}

static bool within(const struct study_time *t, double value)
{
	return t->low <= value && value <= t->high;
}

enum study_verdict study_judge(double predicted, const struct study_time *measured, double margin)
{
	double limit = log1p(margin), size = measured->log / predicted;

	if (within(measured, predicted)) {
		if (!within(measured, 0))
			return STUDY_AGREES;
		return measured->low >= -limit && measured->high <= limit ? STUDY_NO_DIFFERENCE
									  : STUDY_UNDECIDED;
	}
	/* Infinite if the prediction is 0. */
	if (!within(measured, 0) && size >= 1.0 / FACTOR && size <= FACTOR)
		return STUDY_AGREES_IN_SIGN;
	return STUDY_UNKNOWN;
}
