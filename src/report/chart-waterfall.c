/* Waterfalls: one row for each part, on a linear axis. */
#include "report/report-internal.h"

#include <math.h>
#include <stdlib.h>

struct waterfall {
	const char *unit;
	const struct chart_part *parts;
	size_t n;
	const char *total;
};

static double sum_of(const struct waterfall *p, bool *complete)
{
	double sum = 0;

	*complete = true;
	for (size_t i = 0; i < p->n; i++) {
		if (chart_number(p->parts[i].value))
			sum += p->parts[i].value;
		else
			*complete = false;
	}
	return sum;
}

/* How far the bars reach to both sides. */
static void reach(const struct waterfall *p, double *lo, double *hi)
{
	double at = 0;

	*lo = *hi = 0;
	for (size_t i = 0; i < p->n; i++) {
		if (!chart_number(p->parts[i].value))
			continue;
		at += p->parts[i].value;
		*lo = fmin(*lo, at);
		*hi = fmax(*hi, at);
	}
	if (*lo == *hi)
		*hi = 1;
}

static void format_value(char out[64], const struct waterfall *p, double v, int decimals)
{
	char number[32];

	if (!chart_number(v)) {
		snprintf(out, 64, "not measured");
		return;
	}
	chart_format(number, v, decimals, true);
	snprintf(out, 64, *p->unit ? "%s %s" : "%s", number, p->unit);
}

static int decimals_of(const struct waterfall *p)
{
	double largest = 0;
	bool whole = true;

	for (size_t i = 0; i < p->n; i++) {
		double v = p->parts[i].value;

		if (!chart_number(v))
			continue;
		largest = fmax(largest, fabs(v));
		whole = whole && v == nearbyint(v);
	}
	return whole ? 0 : chart_decimals(largest);
}

static void draw_bar(struct canvas *c, const struct scale *s, double from, double to, double y,
	const char *classes)
{
	double x0 = scale_x(s, fmin(from, to)), x1 = scale_x(s, fmax(from, to));

	chart_rect(c, x0, y - 8, fmax(x1 - x0, 1), 16, classes);
}

static double draw_rows(struct canvas *c, const struct waterfall *p, const struct rows *r,
	const struct scale *s, double y)
{
	int decimals = decimals_of(p);
	double at = 0;
	char text[64];

	for (size_t i = 0; i < p->n; i++, y += r->height) {
		const struct chart_part *part = &p->parts[i];
		double from = at, middle = y + r->plot;

		format_value(text, p, part->value, decimals);
		chart_row_text(c, r, y, part->name, text, "");
		if (!chart_number(part->value))
			continue;
		at = from + part->value;
		draw_bar(c, s, from, at, middle,
			chart_tone(part->tone, part->value < 0 ? "plain" : "bar"));
		chart_line(c, scale_x(s, at), middle + 8, scale_x(s, at), middle + r->height - 8,
			"link");
	}
	return y;
}

static double draw_total(struct canvas *c, const struct waterfall *p, const struct rows *r,
	const struct scale *s, double y)
{
	bool complete;
	double sum = sum_of(p, &complete);
	CLEANUP_FREE char *name =
		xasprintf("%s%s", p->total, complete ? "" : ", without what was not measured");
	char text[64];

	format_value(text, p, sum, decimals_of(p));
	chart_row_text(c, r, y, name, text, "strong");
	draw_bar(c, s, 0, sum, y + r->plot, "total");
	return y + r->height;
}

static double draw_waterfall(struct canvas *c, const void *ctx)
{
	const struct waterfall *p = ctx;
	double name = 0, value = 0, lo, hi, y = CHART_TOP, bottom;
	size_t n = p->n + 1, n_ticks;
	struct tick ticks[CHART_TICKS];
	char text[64];
	struct rows r;
	struct scale s;
	bool complete;

	for (size_t i = 0; i < p->n; i++) {
		name = fmax(name, chart_text_width(p->parts[i].name, CHART_TEXT));
		format_value(text, p, p->parts[i].value, decimals_of(p));
		value = fmax(value, chart_text_width(text, CHART_TEXT));
	}
	name = fmax(name, chart_text_width(p->total, CHART_TEXT) * 1.1);
	format_value(text, p, sum_of(p, &complete), decimals_of(p));
	value = fmax(value, chart_text_width(text, CHART_TEXT) * 1.1);
	r = chart_rows_layout(c, name, value, 20);
	reach(p, &lo, &hi);
	s = (struct scale){lo, hi, r.x0, r.x1};
	bottom = y + r.height * (double)n + 2;
	n_ticks = chart_ticks(lo, hi, chart_tick_room(&s), ticks);
	chart_tick_unit(ticks, n_ticks, p->unit, true);
	chart_axis(c, &s, ticks, n_ticks, y, bottom, false);
	chart_line(c, scale_x(&s, 0), y, scale_x(&s, 0), bottom, "zero");
	y = draw_rows(c, p, &r, &s, y);
	draw_total(c, p, &r, &s, y);
	return bottom + 24;
}

char *chart_waterfall(const struct chart_words *words, const char *unit,
	const struct chart_part *parts, size_t n, const char *total)
{
	const struct waterfall p = {unit, parts, n, total};

	return chart_both(words, draw_waterfall, &p);
}
