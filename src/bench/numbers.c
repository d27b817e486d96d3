/* Medians, the signed-rank test, adjusted p values, Student's quantile. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench-internal.h"

/* Above this the normal approximation is good to more digits than anyone reads. */
#define EXACT_MAX 100

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double stats_median(double *v, size_t n)
{
	sort_array(v, n, sizeof(*v), by_value);
	return (v[(n - 1) / 2] + v[n / 2]) / 2;
}

struct ranked {
	double size;
	bool positive;
	unsigned int rank2; /* twice the mid-rank, which makes it whole */
};

static int by_size(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return (x->size > y->size) - (x->size < y->size);
}

/* Sorts and ranks; returns the sum of t^3 - t over groups of t ties. */
static double rank(struct ranked *v, size_t n)
{
	double ties = 0;

	sort_array(v, n, sizeof(*v), by_size);
	for (size_t i = 0, end; i < n; i = end) {
		double t;

		for (end = i + 1; end < n && v[end].size <= v[i].size; end++)
			;
		for (size_t j = i; j < end; j++)
			v[j].rank2 = (unsigned int)(i + 1 + end);
		t = (double)(end - i);
		ties += t * t * t - t;
	}
	return ties;
}

/* The smaller tail of the exact distribution: each rank counts or not, with probability 1/2. */
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
	double ties, mean, variance, z, m;
	unsigned int sum2 = 0;
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		if (d[i] < 0 || d[i] > 0)
			v[used++] = (struct ranked){.size = fabs(d[i]), .positive = d[i] > 0};
	}
	if (used == 0)
		return 1;
	ties = rank(v, used);
	for (size_t i = 0; i < used; i++)
		sum2 += v[i].positive ? v[i].rank2 : 0;
	if (used <= EXACT_MAX)
		return fmin(1, 2 * exact_tail(v, used, sum2));
	m = (double)used;
	mean = m * (m + 1) / 4;
	variance = m * (m + 1) * (2 * m + 1) / 24 - ties / 48;
	z = (fabs((double)sum2 / 2 - mean) - 0.5) / sqrt(variance);
	return z > 0 ? erfc(z / sqrt(2)) : 1;
}

struct numbered {
	double p;
	size_t index;
};

static int by_p(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	return (x->p > y->p) - (x->p < y->p);
}

void stats_adjust(const double *p, size_t n, double *adjusted)
{
	CLEANUP_FREE struct numbered *v = xcalloc(n + 1, sizeof(*v));
	double least = 1;

	for (size_t i = 0; i < n; i++)
		v[i] = (struct numbered){p[i], i};
	sort_array(v, n, sizeof(*v), by_p);
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

double stats_error(double error, size_t n)
{
	return n < 2 ? INFINITY : sqrt((double)n / (double)(n - 1)) * error;
}

struct bench_interval stats_interval(
	double log_ratio, double error, size_t n, double alpha, double *half)
{
	double m = (double)n, width = INFINITY;

	if (n >= 2)
		width = stats_t_quantile(m - 1, alpha / 2) * stats_error(error, n);
	if (half)
		*half = width;
	return (struct bench_interval){exp(log_ratio - width), exp(log_ratio + width)};
}
