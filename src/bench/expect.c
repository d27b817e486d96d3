/* What a campaign will be able to see, said before it starts.
 *
 * The rehearsal runs the reference and its copy once after the other in each workload, with the
 * loops that were chosen: pairs as in a round, of a known ratio of 1. Their log ratios d show the
 * noise s:
 *
 *	s = sqrt(mean of min(d^2, (3 m)^2)), m = 1.4826 * median of |d|
 *
 * (m estimates the deviation of normal noise; the cut keeps single disturbances from deciding,
 * which the medians over rounds will ignore as well). A campaign that is resumed takes the pairs of
 * its rounds. With W workloads, whose noise is taken as independent, the mean of their medians over
 * R rounds has the standard error s * sqrt(E(R) / (W R)), and the half-width is
 *
 *	t(R-1, 1-alpha/2) * sqrt(R/(R-1)) * that
 *
 * for the level alpha of the look, as in stats.c. E(R) is the variance of a median against that of
 * a mean: pi/2 for many rounds (and normal noise). A difference that is larger than the half-width
 * by t(R-1, 0.8) standard errors is found in four campaigns of five. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench-internal.h"

/* The share of campaigns that miss what is called visible. */
#define MISSED 0.2

double stats_pair_noise(const double *d, size_t n)
{
	CLEANUP_FREE double *size = xcalloc(n + 1, sizeof(*size));
	double cut, sum = 0;

	if (n == 0)
		return NAN;
	for (size_t i = 0; i < n; i++)
		size[i] = fabs(d[i]);
	cut = 3 * 1.4826 * stats_median(size, n);
	for (size_t i = 0; i < n; i++)
		sum += fmin(d[i] * d[i], cut * cut);
	return sqrt(sum / (double)n);
}

double stats_expect(
	double noise, size_t workloads, unsigned int rounds, double alpha, double *visible)
{
	double r = rounds, w = (double)workloads, error, half;

	*visible = INFINITY;
	if (rounds < 2 || workloads == 0)
		return INFINITY;
	error = noise * sqrt(M_PI / 2 / (w * r)) * sqrt(r / (r - 1));
	half = stats_t_quantile(r - 1, alpha / 2) * error;
	*visible = half + stats_t_quantile(r - 1, MISSED) * error;
	return half;
}

/* From the rounds of a campaign that is continued; NAN if there are none. */
static double noise_of_rounds(const struct bench *b)
{
	CLEANUP_FREE double *d = xcalloc(b->n_rounds * b->n_workloads + 1, sizeof(*d));
	CLEANUP_FREE double *t = xcalloc(b->n_workloads + 1, sizeof(*t));
	size_t n = 0;

	for (size_t i = 0; i < b->n_rounds; i++) {
		const struct bench_round *round = &b->rounds[i];

		if (round->dropped)
			continue;
		memset(t, 0, b->n_workloads * sizeof(*t));
		/* Whichever of the two comes second makes the pair. */
		for (size_t k = 0; k < round->n; k++) {
			const struct bench_observation *o = &round->v[k];
			double time = (double)bench_time(o, b->options.measure);

			if (time <= 0 || b->workloads[o->workload].failed ||
				(o->arm != 0 && b->arms[o->arm].role != BENCH_ROLE_COPY))
				continue;
			if (t[o->workload] > 0)
				d[n++] = log(time / t[o->workload]);
			t[o->workload] = time;
		}
	}
	return stats_pair_noise(d, n);
}

void bench_expect(const struct bench *b, struct bench_outlook *ret)
{
	const json_t *rehearsed = json_object_get(b->machine, "pair_noise");
	double round = json_number_value(json_object_get(b->machine, "round_seconds"));
	double levels[BENCH_LOOKS_MAX], of_rounds = noise_of_rounds(b);
	unsigned int fit = BENCH_ROUNDS_MAX;

	*ret = (struct bench_outlook){.noise = NAN};
	/* Nothing rehearsed tells how much layouts differ. */
	if (b->options.layouts > 1)
		return;
	ret->noise = json_is_number(rehearsed) ? json_number_value(rehearsed) : of_rounds;
	for (size_t w = 0; w < b->n_workloads; w++)
		ret->workloads += !b->workloads[w].failed;
	/* The time for the rehearsal is not known beforehand: as much as for three rounds. */
	if (b->options.max_time && round > 0)
		fit = (unsigned int)fmax(2, fmin(fit, b->options.max_time / round - 3));
	bench_look_levels(b, levels);
	for (size_t i = 0; i < b->n_looks && isfinite(ret->noise); i++) {
		struct bench_outlook_look *look = &ret->looks[ret->n++];

		look->rounds = b->looks[i] < fit ? b->looks[i] : fit;
		look->half_width = stats_expect(
			ret->noise, ret->workloads, look->rounds, levels[i], &look->visible);
		if (look->rounds == fit)
			break;
	}
}

json_t *bench_outlook_json(const struct bench_outlook *o)
{
	json_t *looks = json_array();

	for (size_t i = 0; i < o->n; i++)
		json_array_append_new(
			looks, json_pack("{s:i, s:f, s:f}", "rounds", (int)o->looks[i].rounds,
				       "half_width", o->looks[i].half_width, "visible",
				       o->looks[i].visible));
	return json_pack("{s:o, s:i, s:o}", "pair_noise",
		isfinite(o->noise) ? json_real(o->noise) : json_null(), "workloads",
		(int)o->workloads, "looks", looks);
}

char *bench_outlook_text(const struct bench_outlook *o)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!o->n)
		return NULL;
	for (size_t i = 0; i < o->n; i++)
		buf_addf(&text, "%s%.2g %% after %u%s", i ? ", " : "half-width ",
			100 * o->looks[i].half_width, o->looks[i].rounds, i ? "" : " rounds");
	buf_addf(&text,
		"; four campaigns of five find a difference of %.2g %% (pairs deviate by %.1f %%)",
		100 * o->looks[o->n - 1].visible, 100 * o->noise);
	return buf_steal(&text);
}
