/* Ratios on a logarithmic axis: violins or points, and forest plots. */
#include "report/report-internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DENSITY_POINTS 96
/* More values would not change the picture; every k-th of the sorted values is used. */
#define DENSITY_VALUES 4096
/* Fewer values have no shape: they are drawn as points. */
#define FEW 15
#define POINT 4.0
/* Intervals may stretch the axis to either side by this fraction of the points' range. */
#define STRETCH 0.3

struct violins {
	const struct chart_words *words;
	const struct chart_arm *arms;
	size_t n;
};

struct forest {
	const struct chart_words *words;
	const struct chart_interval *rows;
	size_t n;
	double band;
};

static void widen(double *lo, double *hi, double ratio)
{
	if (!chart_ratio(ratio))
		return;
	*lo = fmin(*lo, log(ratio));
	*hi = fmax(*hi, log(ratio));
}

/* x0 and x1 are set once the texts are placed. */
static struct scale scale_of(double lo, double hi)
{
	double pad = fmax((hi - lo) * 0.04, 0.002);

	return (struct scale){.lo = lo - pad, .hi = hi + pad};
}

static int compare_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The usable logarithms, sorted, thinned; the caller frees them. */
static double *logarithms(const struct chart_arm *arm, size_t *ret)
{
	double *v = xcalloc(arm->n ? arm->n : 1, sizeof(*v));
	size_t n = 0, kept = 0, every;

	for (size_t i = 0; i < arm->n; i++) {
		if (chart_ratio(arm->ratios[i]))
			v[n++] = log(arm->ratios[i]);
	}
	sort_array(v, n, sizeof(*v), compare_doubles);
	every = (n + DENSITY_VALUES - 1) / DENSITY_VALUES;
	for (size_t i = 0; i < n; i += every ? every : 1)
		v[kept++] = v[i];
	*ret = kept;
	return v;
}

/* Silverman's rule of thumb: h = 0.9 min(s, IQR / 1.34) n^(-1/5), with s the standard deviation
 * and IQR the distance between the quartiles. 0 if all values are equal. */
static double bandwidth(const double *v, size_t n)
{
	double mean = 0, square = 0, deviation, quartiles, least;

	for (size_t i = 0; i < n; i++)
		mean += v[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		square += (v[i] - mean) * (v[i] - mean);
	deviation = n > 1 ? sqrt(square / (double)(n - 1)) : 0;
	quartiles = n > 3 ? (v[n * 3 / 4] - v[n / 4]) / 1.34 : deviation;
	least = quartiles > 0 ? fmin(deviation, quartiles) : deviation;
	return 0.9 * least * pow((double)n, -0.2);
}

/* A Gaussian kernel density: f(x) = 1 / (n h sqrt(2 pi)) sum exp(-((x - v_i) / h)^2 / 2). The
 * leading factor is left out, since every violin is scaled to its row's height. */
static double density(const double *v, size_t n, double h, double x)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		double d = (x - v[i]) / h;

		if (fabs(d) < 6)
			sum += exp(-d * d / 2);
	}
	return sum;
}

/* Sorted values in a row; those that would touch are moved below and above. */
static void draw_points(
	struct canvas *c, const struct scale *s, const double *v, size_t n, double middle)
{
	double taken[] = {-1e9, -1e9, -1e9};

	for (size_t i = 0; i < n; i++) {
		double x = scale_x(s, v[i]);
		size_t lane = 0;

		for (size_t k = 1; k < ARRAY_SIZE(taken) && x - taken[lane] < 2 * POINT; k++)
			lane = taken[k] < taken[lane] ? k : lane;
		taken[lane] = x;
		buf_addf(c->out, "<circle class=\"shape\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>\n",
			x,
			middle + (lane == 1          ? -2 * POINT
					 : lane == 2 ? 2 * POINT
						     : 0),
			POINT);
	}
}

static void draw_violin(struct canvas *c, const struct scale *s, const double *v, size_t n,
	double middle, double half)
{
	double at[DENSITY_POINTS], f[DENSITY_POINTS], most = 0, h, lo, hi;

	h = bandwidth(v, n);
	if (!(h > 0)) {
		double x = scale_x(s, v[0]);

		chart_line(c, x, middle - half, x, middle + half, "rule");
		return;
	}
	lo = fmax(v[0] - 2 * h, s->lo);
	hi = fmin(v[n - 1] + 2 * h, s->hi);
	for (size_t i = 0; i < DENSITY_POINTS; i++) {
		at[i] = lo + (hi - lo) * (double)i / (DENSITY_POINTS - 1);
		f[i] = density(v, n, h, at[i]);
		most = fmax(most, f[i]);
	}
	buf_adds(c->out, "<path class=\"shape\" d=\"");
	for (size_t i = 0; i < 2 * DENSITY_POINTS; i++) {
		size_t k = i < DENSITY_POINTS ? i : 2 * DENSITY_POINTS - 1 - i;
		double y = f[k] / most * half * (i < DENSITY_POINTS ? -1 : 1);

		buf_addf(c->out, "%s%.1f %.1f", i ? "L" : "M", scale_x(s, at[k]), middle + y);
	}
	buf_adds(c->out, "Z\"/>\n");
}

/* Labels both directions below the axis. */
static void draw_directions(
	struct canvas *c, const struct scale *s, double y, const struct chart_words *words)
{
	CLEANUP_FREE char *less = words->less ? xasprintf("← %s", words->less) : NULL;
	CLEANUP_FREE char *more = words->more ? xasprintf("%s →", words->more) : NULL;
	double one = scale_x(s, 0);

	if (less && one - s->x0 > chart_text_width(less, CHART_TEXT))
		chart_text(c, one - 8, y, one, "soft end", less);
	if (more && s->x1 - one > chart_text_width(more, CHART_TEXT))
		chart_text(c, one + 8, y, c->width - one, "soft", more);
}

/* The values of each arm, its mean and the interval. */
static double draw_violins(struct canvas *c, const void *ctx)
{
	const struct violins *p = ctx;
	double lo = -0.01, hi = 0.01, name = 0, y = CHART_TOP + 4, bottom;
	struct tick ticks[CHART_TICKS];
	struct rows r;
	struct scale s;
	size_t n;

	for (size_t i = 0; i < p->n; i++) {
		const struct chart_arm *arm = &p->arms[i];

		name = fmax(name, chart_text_width(arm->name, CHART_TEXT));
		for (size_t k = 0; k < arm->n; k++)
			widen(&lo, &hi, arm->ratios[k]);
		widen(&lo, &hi, arm->mean);
	}
	r = chart_rows_layout(c, name, chart_text_width("not measured", CHART_TEXT), 56);
	/* Tails reach beyond the values. */
	s = scale_of(lo - (hi - lo) * 0.06, hi + (hi - lo) * 0.06);
	s.x0 = r.x0;
	s.x1 = r.x1;
	bottom = y + r.height * (double)p->n;
	n = chart_ratio_ticks(s.lo, s.hi, chart_tick_room(&s), ticks);
	chart_axis(c, &s, ticks, n, y, bottom, false);
	chart_line(c, scale_x(&s, 0), y, scale_x(&s, 0), bottom, "zero");
	for (size_t i = 0; i < p->n; i++, y += r.height) {
		const struct chart_arm *arm = &p->arms[i];
		CLEANUP_FREE double *v = logarithms(arm, &n);
		/* Drawn below the points, which the mean would hide. */
		double mean = y + r.plot + (n < FEW ? 18 : 0), half = n < FEW ? 7 : 11;
		char value[32] = "not measured";

		if (n && n < FEW)
			draw_points(c, &s, v, n, y + r.plot - 6);
		else if (n)
			draw_violin(c, &s, v, n, y + r.plot, 25);
		if (chart_ratio(arm->mean)) {
			double x = scale_x(&s, log(arm->mean));

			if (chart_ratio(arm->low) && chart_ratio(arm->high)) {
				double low = scale_x(&s, fmax(s.lo, log(arm->low)));
				double high = scale_x(&s, fmin(s.hi, log(arm->high)));

				chart_rect(c, low, mean - 3, high - low, 6, "mark");
			}
			chart_line(c, x, mean - half, x, mean + half, "rule");
			chart_format_ratio(value, arm->mean, chart_in_factors(s.lo, s.hi));
		}
		chart_row_text(c, &r, y, arm->name, value, "strong");
	}
	draw_directions(c, &s, bottom + 36, p->words);
	return bottom + (p->words->less || p->words->more ? 46 : 24);
}

char *chart_violins(const struct chart_words *words, const struct chart_arm *arms, size_t n)
{
	const struct violins p = {words, arms, n};

	return chart_both(words, draw_violins, &p);
}

static void format_interval(
	char out[96], const struct chart_interval *row, bool narrow, bool factors)
{
	char point[32], low[32], high[32];

	if (!chart_ratio(row->point)) {
		snprintf(out, 96, "not measured");
		return;
	}
	chart_format_ratio(point, row->point, factors);
	if (!chart_ratio(row->low) || !chart_ratio(row->high)) {
		snprintf(out, 96, "%s", point);
		return;
	}
	chart_format_ratio(low, row->low, factors);
	chart_format_ratio(high, row->high, factors);
	/* Write the unit once. */
	if (strstr(low, " %") && strstr(high, " %")) {
		*strstr(low, " %") = '\0';
		*strstr(high, " %") = '\0';
	}
	snprintf(out, 96, narrow ? "%s (%s…%s)" : "%s  (%s … %s)", point, low, high);
}

/* An end beyond the axis is drawn as an arrowhead. */
static void draw_interval(
	struct canvas *c, const struct scale *s, const struct chart_interval *row, double y)
{
	const char *tone = chart_tone(row->tone, "plain");
	double x, ends[] = {log(row->low), log(row->high)};

	if (!chart_ratio(row->point))
		return;
	x = scale_x(s, log(row->point));
	if (chart_ratio(row->low) && chart_ratio(row->high)) {
		chart_line(c, scale_x(s, fmin(s->hi, fmax(s->lo, ends[0]))), y,
			scale_x(s, fmin(s->hi, fmax(s->lo, ends[1]))), y, tone);
		for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
			double at = scale_x(s, ends[i]);
			bool before = ends[i] < s->lo;

			if (before || ends[i] > s->hi)
				buf_addf(c->out, "<path class=\"%s\" d=\"M%.1f %.1fl%d -4v8Z\"/>\n",
					tone, before ? s->x0 : s->x1, y, before ? 7 : -7);
			else
				chart_line(c, at, y - 3, at, y + 3, tone);
		}
	}
	if (row->summary)
		buf_addf(c->out, "<path class=\"%s\" d=\"M%.1f %.1fl7 -7l7 7l-7 7Z\"/>\n", tone,
			x - 7, y);
	else
		buf_addf(c->out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", tone,
			x, y);
}

/* Points always fit; intervals only as far as they do not squeeze the rest. */
static struct scale forest_scale(const struct forest *p)
{
	double least = p->band > 0 && p->band < 1 ? p->band * 1.5 : 0.01;
	double lo = -least, hi = least, wide_lo = lo, wide_hi = hi, span;

	for (size_t i = 0; i < p->n; i++) {
		widen(&lo, &hi, p->rows[i].point);
		if (!chart_ratio(p->rows[i].point))
			continue;
		widen(&wide_lo, &wide_hi, p->rows[i].low);
		widen(&wide_lo, &wide_hi, p->rows[i].high);
	}
	span = (hi - lo) * STRETCH;
	return scale_of(fmin(lo, fmax(wide_lo, lo - span)), fmax(hi, fmin(wide_hi, hi + span)));
}

static double draw_forest(struct canvas *c, const void *ctx)
{
	const struct forest *p = ctx;
	double name = 0, value = 0, y = CHART_TOP + 16, bottom;
	struct tick ticks[CHART_TICKS];
	char text[96];
	struct rows r;
	struct scale s = forest_scale(p);
	bool factors = chart_in_factors(s.lo, s.hi);
	size_t n;

	for (size_t i = 0; i < p->n; i++) {
		name = fmax(name, chart_text_width(p->rows[i].name, CHART_TEXT));
		format_interval(text, &p->rows[i], c->narrow, factors);
		value = fmax(value, chart_text_width(text, CHART_TEXT));
	}
	r = chart_rows_layout(c, name, value, 16);
	s.x0 = r.x0;
	s.x1 = r.x1;
	bottom = y + r.height * (double)p->n + 4;
	if (p->band > 0 && p->band < 1) {
		double x = scale_x(&s, log1p(-p->band));

		chart_rect(c, x, y, scale_x(&s, log1p(p->band)) - x, bottom - y, "band");
	}
	n = chart_ratio_ticks(s.lo, s.hi, chart_tick_room(&s), ticks);
	chart_axis(c, &s, ticks, n, y, bottom, true);
	chart_line(c, scale_x(&s, 0), y, scale_x(&s, 0), bottom, "zero");
	for (size_t i = 0; i < p->n; i++, y += r.height) {
		const struct chart_interval *row = &p->rows[i];

		if (row->summary && i && !row[-1].summary)
			chart_line(c, 0, y + 1, c->width, y + 1, "axis");
		format_interval(text, row, c->narrow, factors);
		draw_interval(c, &s, row, y + r.plot);
		chart_row_text(c, &r, y, row->name, text, row->summary ? "strong" : "");
	}
	draw_directions(c, &s, bottom + 34, p->words);
	return bottom + (p->words->less || p->words->more ? 44 : 24);
}

char *chart_forest(
	const struct chart_words *words, const struct chart_interval *rows, size_t n, double band)
{
	const struct forest p = {words, rows, n, band};

	return chart_both(words, draw_forest, &p);
}
