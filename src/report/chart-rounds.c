/* Series over rounds: small charts stacked on a common axis. */
#include "report/report-internal.h"

#include <math.h>
#include <stdlib.h>

#define PANEL 76.0
#define GAP 34.0
/* With more rounds the points would run together. */
#define MOST_POINTS 120

struct rounds {
	const struct chart_series *series;
	size_t n_series;
	const bool *dropped;
	size_t rounds;
};

static struct scale scale_of(const struct rounds *p, const struct chart_series *series, double y)
{
	double lo = 0, hi = 0;

	for (size_t i = 0; i <= p->rounds; i++) {
		double v = i < p->rounds ? series->values[i] : series->limit;

		lo = chart_number(v) ? fmin(lo, v) : lo;
		hi = chart_number(v) ? fmax(hi, v) : hi;
	}
	if (hi == lo)
		hi = 1;
	/* y grows downwards, so swap the ends. */
	return (struct scale){lo, hi + (hi - lo) * 0.08, y + PANEL, y};
}

static void draw_panel(struct canvas *c, const struct rounds *p, const struct chart_series *series,
	const struct scale *x, double top)
{
	struct scale y = scale_of(p, series, top);
	double half = fmax((scale_x(x, 2) - scale_x(x, 1)) / 2, 1.5);
	struct tick ticks[CHART_TICKS];
	size_t n = chart_ticks(y.lo, y.hi, 3, ticks);
	CLEANUP_FREE char *name = *series->unit ? xasprintf("%s, %s", series->name, series->unit)
						: xstrdup(series->name);
	bool pen = false;

	chart_text(c, 0, top - 10, c->width, "strong", name);
	for (size_t i = 0; i < n; i++) {
		double at = scale_x(&y, ticks[i].at);

		chart_line(c, x->x0, at, x->x1, at, ticks[i].at == 0 ? "axis" : "grid");
		chart_text(c, x->x0 - 8, at + 4, x->x0 - 8, "tick end", ticks[i].label);
	}
	for (size_t i = 0; p->dropped && i < p->rounds; i++) {
		if (p->dropped[i])
			chart_rect(
				c, scale_x(x, (double)i + 1) - half, top, 2 * half, PANEL, "lost");
	}
	if (chart_number(series->limit))
		chart_line(c, x->x0, scale_x(&y, series->limit), x->x1, scale_x(&y, series->limit),
			"limit");
	buf_adds(c->out, "<path class=\"rule\" d=\"");
	for (size_t i = 0; i < p->rounds; i++) {
		/* A round without a number is a gap. */
		bool there = chart_number(series->values[i]);

		if (there)
			buf_addf(c->out, "%s%.1f %.1f", pen ? "L" : "M", scale_x(x, (double)i + 1),
				scale_x(&y, series->values[i]));
		pen = there;
	}
	buf_adds(c->out, "\"/>\n");
	for (size_t i = 0; i < p->rounds && p->rounds <= MOST_POINTS; i++) {
		if (chart_number(series->values[i]))
			buf_addf(c->out,
				"<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>\n",
				p->dropped && p->dropped[i] ? "doubt" : "mark",
				scale_x(x, (double)i + 1), scale_x(&y, series->values[i]));
	}
}

/* Labels some of the rounds, without touching. */
static void draw_numbers(struct canvas *c, const struct rounds *p, const struct scale *x, double y)
{
	struct tick ticks[CHART_TICKS];
	size_t n = chart_ticks(1, (double)p->rounds, chart_tick_room(x), ticks), step = 1;
	double least = chart_text_width("1,000 ", CHART_TICK);

	if (n > 1 && ticks[1].at - ticks[0].at >= 1)
		step = (size_t)llround(ticks[1].at - ticks[0].at);
	for (size_t i = 1; i <= p->rounds; i = i == 1 && step > 1 ? step : i + step) {
		char label[32];

		/* The label of the first step may not fit next to that of round 1. */
		if (i > 1 && i == step && scale_x(x, (double)i) - scale_x(x, 1) < least)
			continue;
		chart_format(label, (double)i, 0, false);
		chart_text(c, scale_x(x, (double)i), y, c->width, "tick middle", label);
	}
}

static double draw_rounds(struct canvas *c, const void *ctx)
{
	const struct rounds *p = ctx;
	double left = 0, y = CHART_TOP + 22;
	size_t lost = 0;
	struct scale x;

	if (!p->rounds || !p->n_series) {
		chart_text(c, 0, y, c->width, "soft", "not measured");
		return y + 12;
	}
	for (size_t i = 0; i < p->n_series; i++) {
		struct scale s = scale_of(p, &p->series[i], 0);
		struct tick ticks[CHART_TICKS];
		size_t n = chart_ticks(s.lo, s.hi, 3, ticks);

		for (size_t k = 0; k < n; k++)
			left = fmax(left, chart_text_width(ticks[k].label, CHART_TEXT) + 12);
	}
	for (size_t i = 0; p->dropped && i < p->rounds; i++)
		lost += p->dropped[i];
	x = (struct scale){0.5, (double)p->rounds + 0.5, fmin(left, c->width / 3), c->width - 6};
	for (size_t i = 0; i < p->n_series; i++, y += PANEL + GAP)
		draw_panel(c, p, &p->series[i], &x, y);
	y -= GAP;
	draw_numbers(c, p, &x, y + 18);
	chart_text(c, left, y + 38, c->width - left, "soft", "round");
	if (lost) {
		CLEANUP_FREE char *text = xasprintf("%zu of %zu rounds dropped", lost, p->rounds);
		double at = c->width - chart_text_width(text, CHART_TEXT) - 18;

		chart_rect(c, at, y + 28, 12, 12, "lost");
		chart_text(c, at + 18, y + 38, c->width - at, "soft", text);
	}
	return y + 46;
}

char *chart_rounds(const struct chart_words *words, const struct chart_series *series,
	size_t n_series, const bool *dropped, size_t rounds)
{
	const struct rounds p = {series, n_series, dropped, rounds};

	return chart_both(words, draw_rounds, &p);
}
