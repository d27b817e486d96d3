/* The statistics: how a verdict is computed, and everything that it rests on.
 *
 * t[w,a,r] is the time of workload w in arm a in round r. All work is done on the log ratios
 *
 *	d[w,a,r] = log(t[w,a,r] / t[w,reference,r])
 *
 * of rounds that were not dropped, so that disturbances of a whole round cancel. R is their number.
 *
 *   - A workload's ratio is exp(median over rounds of d). The median, because minima pick the
 *     luckiest layout and means the unluckiest moment.
 *   - The suite's ratio is exp(mean over workloads of those medians): the geometric mean.
 *   - Intervals come from B bootstrap resamples of whole rounds (the same rounds for all arms and
 *     workloads, which preserves their correlation). S is the standard deviation of the resampled
 *     log estimates; the interval is
 *
 *	exp(estimate ± t(n-1, 1-alpha/2) * sqrt(n/(n-1)) * S)
 *
 *     with n = R: the bootstrap's t interval with its narrowness corrected, which for a mean is
 *     exactly Student's (Hesterberg, "What Teachers Should Know About the Bootstrap", The American
 *     Statistician 69, 2015; Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
 *     chapters 6 and 12). If arms ran in several layouts, whole layouts are resampled with all
 *     their rounds, and n is the number of layouts: layout is a random effect, and few layouts mean
 *     a wide interval however many rounds there were (Davison and Hinkley, "Bootstrap Methods and
 *     their Application", 1997, section 3.8).
 *   - The suite has two intervals, which answer two questions. `suite`: these workloads, on another
 *     day. `general`: other workloads like these; there each resample also draws the workloads
 *     with replacement, and n is the smaller of R and the number of workloads. Verdicts follow
 *     `suite`.
 *   - p of a workload: Wilcoxon's signed-rank test of d against 0, two-sided, with mid-ranks for
 *     ties and zeros left out; exact (the whole permutation distribution) up to 100 rounds, above
 *     that the normal approximation with corrections for ties and continuity. Arms run in random
 *     order within a round, so that under "no difference" d is symmetric and the test is exact.
 *   - Many workloads: p is adjusted within an arm by Benjamini and Hochberg ("Controlling the
 *     False Discovery Rate", JRSS B 57, 1995) over the workloads that count.
 *
 * A verdict is given at the level alpha of the look (below), for a margin m (1 %):
 *
 *	equal      the interval lies within 1/(1+m) .. 1+m
 *	faster     otherwise, if the whole interval lies below 1
 *	slower     otherwise, if the whole interval lies above 1
 *	undecided  otherwise
 *
 * A single workload is called faster or slower only if its adjusted p is also at most alpha.
 *
 * Looks: the data are judged at 10, 20 and 40 rounds (and at the last, if different), and nowhere
 * else. The level (5 % in all) is split among the looks in proportion to the rounds that each adds:
 * with 40 rounds, 1.25 % at 10, 1.25 % at 20 and 2.5 % at 40 (linear spending: Kim and DeMets,
 * Biometrika 74, 1987; the parts are simply added, which is Bonferroni and therefore safe). A
 * campaign that ends between looks, for lack of time, is judged at the level of the look that it
 * did not reach. It stops early only when the half-width of every arm's suite interval is at most
 * `precision` and no gate is too noisy to judge, whatever the estimates are.
 *
 * Gates: every campaign has a hidden arm, a byte-identical copy of the reference. It must come out
 * equal, with its ratio within ±0.5 % and at most a tenth of its workloads called different. A
 * self-test campaign also has an arm slowed by a known amount, which must come out slower. A gate
 * that fails shows how far off an arm of known ratio was measured: N, the largest |log| between
 * that ratio and an end of its interval. An arm (or a workload, with the copy's own N there if it
 * is larger) whose interval lies further from 1 than N is still called faster or slower, by at
 * least exp(distance - N); everything else gets no verdict.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proc/parallel.h"
#include "bench/bench-internal.h"

enum bench_verdict stats_judge(struct bench_interval i, double margin)
{
	if (i.low >= 1 / (1 + margin) && i.high <= 1 + margin)
		return BENCH_EQUAL;
	return i.high < 1 ? BENCH_FASTER : i.low > 1 ? BENCH_SLOWER : BENCH_UNDECIDED;
}

bool stats_differs(enum bench_verdict verdict)
{
	return verdict == BENCH_FASTER || verdict == BENCH_SLOWER;
}

enum bench_verdict stats_judge_one(
	struct bench_interval i, double margin, double adjusted, double alpha)
{
	enum bench_verdict verdict = stats_judge(i, margin);

	return stats_differs(verdict) && adjusted > alpha ? BENCH_UNDECIDED : verdict;
}

double stats_error(double error, size_t n)
{
	return n < 2 ? INFINITY : sqrt((double)n / (double)(n - 1)) * error;
}

struct bench_interval stats_interval(struct stats_estimate e, size_t n, double alpha, double *half)
{
	double width = INFINITY;

	if (n >= 2)
		width = stats_t_quantile((double)n - 1, alpha / 2) * stats_error(e.error, n);
	if (half)
		*half = width;
	return (struct bench_interval){exp(e.log - width), exp(e.log + width)};
}

/* ---- medians, the signed-rank test, adjusted p, Student's quantile --------------------------- */

/* Above this, the normal approximation is accurate to more digits than anyone reads. */
#define EXACT_MAX 100

/* Compares elements by the double that they start with. */
static int by_first(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double stats_median(double *v, size_t n)
{
	sort_array(v, n, sizeof(*v), by_first);
	return (v[(n - 1) / 2] + v[n / 2]) / 2;
}

struct ranked {
	double size;
	bool positive;
	unsigned int rank2; /* twice the mid-rank, to make it an integer */
};

/* The smaller tail of the exact distribution, in which each rank is positive with probability
 * 1/2. */
static double exact_tail(const struct ranked *v, size_t n, unsigned int sum2)
{
	unsigned int total = (unsigned int)(n * (n + 1)), reached = 0;
	CLEANUP_FREE double *chance = xcalloc(total + 1, sizeof(*chance));
	double below = 0, above = 0;

	chance[0] = 1;
	for (size_t i = 0; i < n; i++) {
		unsigned int step = v[i].rank2;

		reached += step;
		for (unsigned int s = reached + 1; s-- > 0;)
			chance[s] = (chance[s] + (s >= step ? chance[s - step] : 0)) / 2;
	}
	for (unsigned int s = 0; s <= total; s++) {
		if (s <= sum2)
			below += chance[s];
		if (s >= sum2)
			above += chance[s];
	}
	return fmin(below, above);
}

double stats_signed_rank(const double *d, size_t n)
{
	CLEANUP_FREE struct ranked *v = xcalloc(n + 1, sizeof(*v));
	double ties = 0, mean, variance, z, m;
	unsigned int sum2 = 0;
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		if (d[i] < 0 || d[i] > 0)
			v[used++] = (struct ranked){.size = fabs(d[i]), .positive = d[i] > 0};
	}
	if (used == 0)
		return 1;
	sort_array(v, used, sizeof(*v), by_first);
	for (size_t i = 0, end; i < used; i = end) {
		double t;

		for (end = i + 1; end < used && v[end].size <= v[i].size; end++)
			;
		for (size_t j = i; j < end; j++) {
			v[j].rank2 = (unsigned int)(i + 1 + end);
			sum2 += v[j].positive ? v[j].rank2 : 0;
		}
		t = (double)(end - i);
		ties += t * t * t - t;
	}
	if (used <= EXACT_MAX)
		return fmin(1, 2 * exact_tail(v, used, sum2));
	m = (double)used;
	mean = m * (m + 1) / 4;
	variance = m * (m + 1) * (2 * m + 1) / 24 - ties / 48;
	z = (fabs((double)sum2 / 2 - mean) - 0.5) / sqrt(variance);
	return z > 0 ? erfc(z / sqrt(2)) : 1;
}

void stats_adjust(const double *p, size_t n, double *adjusted)
{
	struct numbered {
		double p;
		size_t index;
	};
	CLEANUP_FREE struct numbered *v = xcalloc(n + 1, sizeof(*v));
	double least = 1;

	for (size_t i = 0; i < n; i++)
		v[i] = (struct numbered){p[i], i};
	sort_array(v, n, sizeof(*v), by_first);
	for (size_t i = n; i-- > 0;) {
		least = fmin(least, v[i].p * (double)n / (double)(i + 1));
		adjusted[v[i].index] = least;
	}
}

/* The continued fraction of the incomplete beta function (Abramowitz and Stegun, 26.5.8), by
 * Lentz's method as modified by Thompson and Barnett. */
static double beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double c = 1, d = 1 - (a + b) * x / (a + 1), f;

	d = 1 / (fabs(d) < tiny ? tiny : d);
	f = d;
	for (int i = 1; i < 1000; i++) {
		double m = i, change = 1;
		double terms[2] = {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
			-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))};

		for (int j = 0; j < 2; j++) {
			d = 1 + terms[j] * d;
			d = 1 / (fabs(d) < tiny ? tiny : d);
			c = 1 + terms[j] / c;
			c = fabs(c) < tiny ? tiny : c;
			change = c * d;
			f *= change;
		}
		if (fabs(change - 1) < 1e-15)
			break;
	}
	return f;
}

static double beta_regularized(double a, double b, double x)
{
	double front;

	if (x <= 0 || x >= 1)
		return x >= 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double stats_t_quantile(double df, double tail)
{
	double low = 0, high = 1;

	while (beta_regularized(df / 2, 0.5, df / (df + high * high)) / 2 > tail)
		high *= 2;
	for (int i = 0; i < 200 && high - low > 1e-14 * high; i++) {
		double t = (low + high) / 2;

		if (beta_regularized(df / 2, 0.5, df / (df + t * t)) / 2 > tail)
			low = t;
		else
			high = t;
	}
	return (low + high) / 2;
}

double stats_t_test(double t, double df)
{
	return beta_regularized(df / 2, 0.5, df / (df + t * t));
}

double stats_f_test(double f, double between, double within)
{
	return beta_regularized(within / 2, between / 2, within / (within + between * f));
}

struct stats_difference stats_welch(
	double difference, const double error[2], const double df[2], double alpha)
{
	double v = error[0] * error[0], w = error[1] * error[1], both = sqrt(v + w);
	double freedom = (v + w) * (v + w) / (v * v / df[0] + w * w / df[1]);

	if (both > 0 && isfinite(both))
		return (struct stats_difference){
			.half_width = stats_t_quantile(freedom, alpha / 2) * both,
			.p = stats_t_test(difference / both, freedom)};
	/* No spread at all, or a single unit, which proves nothing. */
	return (struct stats_difference){.half_width = both > 0 ? INFINITY : 0,
		.p = both > 0 || fabs(difference) <= 0 ? 1 : 0};
}

/* ---- resampling rounds, layouts and workloads ----------------------------------------------- */

/* Sums are taken over pieces of this many resamples and added in order, so that the result does not
 * depend on the number of threads. */
#define PIECE 100u

struct bootstrap {
	const struct stats_input *in;
	const unsigned int *sorted;            /* for each cell, rounds in ascending order of d */
	const struct stats_estimate *estimate; /* only the logs are set, at first */
	size_t cells, quantities;
	/* First and second moments about the estimate: [piece * quantities + quantity]. */
	struct moments {
		double s1, s2;
	} * sums;
};

static void add_moments(struct moments *m, double deviation)
{
	m->s1 += deviation;
	m->s2 += deviation * deviation;
}

/* The median of d with each round counted `weight` times; `total` is the sum of the weights. */
static double weighted_median(
	const double *d, const unsigned int *sorted, const unsigned int *weight, unsigned int total)
{
	unsigned int low = (total - 1) / 2, high = total / 2, passed = 0;
	size_t i = 0;
	double first;

	for (passed = weight[sorted[0]]; passed <= low; passed += weight[sorted[i]])
		i++;
	first = d[sorted[i]];
	while (passed <= high)
		passed += weight[sorted[++i]];
	return (first + d[sorted[i]]) / 2;
}

static void resample_piece(void *ctx, size_t piece)
{
	const struct bootstrap *boot = ctx;
	const struct stats_input *in = boot->in;
	struct moments *sums = boot->sums + piece * boot->quantities;
	CLEANUP_FREE unsigned int *weight = xcalloc(in->rounds, sizeof(*weight));
	CLEANUP_FREE unsigned int *layouts = xcalloc(in->layouts + 1, sizeof(*layouts));
	CLEANUP_FREE unsigned int *workloads = xcalloc(in->workloads, sizeof(*workloads));
	double w = (double)in->workloads;

	for (size_t i = piece * PIECE; i < (piece + 1) * PIECE && i < in->resamples; i++) {
		struct bench_random random;
		unsigned int total = in->layout ? 0 : (unsigned int)in->rounds;

		bench_random_seed(&random, in->seed, stream(STREAM_BOOTSTRAP, i));
		memset(weight, 0, in->rounds * sizeof(*weight));
		memset(layouts, 0, in->layouts * sizeof(*layouts));
		memset(workloads, 0, in->workloads * sizeof(*workloads));
		for (size_t k = 0; !in->layout && k < in->rounds; k++)
			weight[bench_random_below(&random, in->rounds)]++;
		for (size_t k = 0; in->layout && k < in->layouts; k++)
			layouts[bench_random_below(&random, in->layouts)]++;
		for (size_t k = 0; in->layout && k < in->rounds; k++)
			total += weight[k] = layouts[in->layout[k]];
		for (size_t k = 0; k < in->workloads; k++)
			workloads[bench_random_below(&random, in->workloads)]++;
		for (size_t a = 0; a < in->arms; a++) {
			size_t suite = boot->cells + a;
			double fixed = 0, general = 0, all = boot->estimate[suite].log;

			for (size_t k = 0; k < in->workloads; k++) {
				size_t cell = a * in->workloads + k, at = cell * in->rounds;
				double m = weighted_median(
					in->d + at, boot->sorted + at, weight, total);

				add_moments(&sums[cell], m - boot->estimate[cell].log);
				fixed += m;
				general += m * workloads[k];
			}
			add_moments(&sums[suite], fixed / w - all);
			add_moments(&sums[suite + in->arms], general / w - all);
		}
	}
}

struct stats_estimate *stats_bootstrap(const struct stats_input *in, struct err *err)
{
	struct place {
		double d;
		unsigned int round;
	};
	size_t n = in->rounds, cells = in->arms * in->workloads, quantities = cells + 2 * in->arms;
	size_t pieces = (in->resamples + PIECE - 1) / PIECE;
	CLEANUP_FREE struct place *v = xcalloc(n, sizeof(*v));
	CLEANUP_FREE unsigned int *sorted = xcalloc(cells * n + 1, sizeof(*sorted));
	CLEANUP_FREE struct moments *sums = xcalloc(pieces * quantities + 1, sizeof(*sums));
	CLEANUP_FREE struct stats_estimate *e = xcalloc(quantities + 1, sizeof(*e));
	struct bootstrap boot = {in, sorted, e, cells, quantities, sums};
	const struct parallel_work work = {.make = resample_piece, .ctx = &boot};

	for (size_t cell = 0; cell < cells; cell++) {
		for (size_t r = 0; r < n; r++)
			v[r] = (struct place){in->d[cell * n + r], (unsigned int)r};
		sort_array(v, n, sizeof(*v), by_first);
		for (size_t r = 0; r < n; r++)
			sorted[cell * n + r] = v[r].round;
		e[cell].log = (v[(n - 1) / 2].d + v[n / 2].d) / 2;
		e[cells + cell / in->workloads].log += e[cell].log;
	}
	for (size_t a = 0; a < in->arms; a++)
		e[cells + in->arms + a].log = e[cells + a].log /= (double)in->workloads;
	if (parallel(&work, pieces, err) < 0)
		return NULL;
	for (size_t q = 0; q < quantities; q++) {
		double b = in->resamples, s1 = 0, s2 = 0;

		for (size_t i = 0; i < pieces; i++) {
			s1 += sums[i * quantities + q].s1;
			s2 += sums[i * quantities + q].s2;
		}
		e[q].error = b < 2 ? 0 : sqrt(fmax(0, (s2 - s1 * s1 / b) / (b - 1)));
	}
	return steal(&e);
}
