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

static void draw_bar(struct canvas *c, const struct scale *s, double from, double to, double y,
	const char *classes)
{
	double x0 = scale_x(s, fmin(from, to)), x1 = scale_x(s, fmax(from, to));

	chart_rect(c, x0, y - 8, fmax(x1 - x0, 1), 16, classes);
}

static double draw_waterfall(struct canvas *c, const void *ctx)
{
	const struct waterfall *p = ctx;
	double name = chart_text_width(p->total, CHART_TEXT) * 1.1, value;
	double lo = 0, hi = 0, sum = 0, largest = 0, y = CHART_TOP, bottom;
	bool whole = true, complete = true;
	CLEANUP_FREE char *total = NULL;
	struct tick ticks[CHART_TICKS];
	char text[CHART_VALUE];
	size_t n_ticks;
	struct rows r;
	struct scale s;
	int decimals;

	for (size_t i = 0; i < p->n; i++) {
		double v = p->parts[i].value;

		name = fmax(name, chart_text_width(p->parts[i].name, CHART_TEXT));
		if (!chart_number(v)) {
			complete = false;
			continue;
		}
		sum += v;
		lo = fmin(lo, sum);
		hi = fmax(hi, sum);
		largest = fmax(largest, fabs(v));
		whole = whole && v == nearbyint(v);
	}
	hi = lo == hi ? 1 : hi;
	decimals = chart_decimals(largest, whole);
	chart_format_value(text, sum, decimals, true, p->unit);
	value = chart_text_width(text, CHART_TEXT) * 1.1;
	for (size_t i = 0; i < p->n; i++) {
		chart_format_value(text, p->parts[i].value, decimals, true, p->unit);
		value = fmax(value, chart_text_width(text, CHART_TEXT));
	}
	r = chart_rows_layout(c, name, value, 20);
	s = (struct scale){lo, hi, r.x0, r.x1};
	bottom = y + r.height * (double)(p->n + 1) + 2;
	n_ticks = chart_ticks(lo, hi, chart_tick_room(&s), ticks);
	chart_tick_unit(ticks, n_ticks, p->unit, true);
	chart_axis(c, &s, ticks, n_ticks, y, bottom, false);
	chart_line(c, scale_x(&s, 0), y, scale_x(&s, 0), bottom, "zero");
	sum = 0;
	for (size_t i = 0; i < p->n; i++, y += r.height) {
		const struct chart_part *part = &p->parts[i];
		double from = sum, middle = y + r.plot;

		chart_format_value(text, part->value, decimals, true, p->unit);
		chart_row_text(c, &r, y, part->name, text, "");
		if (!chart_number(part->value))
			continue;
		sum += part->value;
		draw_bar(c, &s, from, sum, middle,
			chart_tone(part->tone, part->value < 0 ? "plain" : "bar"));
		chart_line(c, scale_x(&s, sum), middle + 8, scale_x(&s, sum), middle + r.height - 8,
			"link");
	}
	total = xasprintf("%s%s", p->total, complete ? "" : ", without what was not measured");
	chart_format_value(text, sum, decimals, true, p->unit);
	chart_row_text(c, &r, y, total, text, "strong");
	draw_bar(c, &s, 0, sum, y + r.plot, "total");
	return bottom + 24;
}

char *chart_waterfall(const struct chart_words *words, const char *unit,
	const struct chart_part *parts, size_t n, const char *total)
{
	const struct waterfall p = {unit, parts, n, total};

	return chart_both(words, draw_waterfall, &p);
}
