/* Stacked bars: what something consists of. */
#include "report/report-internal.h"

#include <math.h>
#include <stdlib.h>

/* As many as page.css has colours for; the last is that of the rest. */
#define COLOURS 8
#define BAR 26.0
#define LEGEND_ROW 22.0
#define SWATCH 12.0

static size_t drawn_parts(const struct chart_stack *p)
{
	return p->n_parts > COLOURS ? COLOURS : p->n_parts;
}

static double value_at(const struct chart_stack *p, size_t bar, size_t part)
{
	double v = p->values[bar * p->n_parts + part];

	return chart_number(v) && v > 0 ? v : 0;
}

/* What is drawn as part `i` of those that have a colour. */
static double drawn_value(const struct chart_stack *p, size_t bar, size_t i)
{
	double sum = value_at(p, bar, i);

	for (size_t k = i + 1; i == COLOURS - 1 && k < p->n_parts; k++)
		sum += value_at(p, bar, k);
	return sum;
}

static const char *drawn_name(const struct chart_stack *p, size_t i)
{
	return i == COLOURS - 1 && p->n_parts > COLOURS ? "all others" : p->parts[i];
}

static double total(const struct chart_stack *p, size_t bar)
{
	double sum = 0;

	for (size_t i = 0; i < p->n_parts; i++)
		sum += value_at(p, bar, i);
	return sum;
}

/* Whole numbers stay whole. */
static int decimals_of(const struct chart_stack *p)
{
	double largest = 0;
	bool whole = true;

	for (size_t i = 0; i < p->n_bars * p->n_parts; i++) {
		double v = value_at(p, 0, i);

		largest = fmax(largest, v);
		whole = whole && v == nearbyint(v);
	}
	return whole ? 0 : chart_decimals(largest);
}

static void format_value(char out[64], const struct chart_stack *p, double v)
{
	char number[32];

	chart_format(number, v, decimals_of(p), false);
	snprintf(out, 64, *p->unit ? "%s %s" : "%s", number, p->unit);
}

static void draw_bar(
	struct canvas *c, const struct chart_stack *p, const struct scale *s, size_t bar, double y)
{
	double at = 0;
	char text[64];

	for (size_t i = 0; i < drawn_parts(p); i++) {
		double v = drawn_value(p, bar, i), x = scale_x(s, at);

		at += v;
		if (v <= 0)
			continue;
		format_value(text, p, v);
		buf_addf(c->out,
			"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"part "
			"part-%zu\"><title>",
			x, y, fmax(scale_x(s, at) - x, 0.5), BAR, i);
		html_add_text(c->out, drawn_name(p, i), false);
		buf_addf(c->out, ": %s</title></rect>\n", text);
	}
}

/* Names of parts, and the values of each bar in a column; returns where it ends. */
static double draw_legend(struct canvas *c, const struct chart_stack *p, double y)
{
	double name = 0, value = 0, gap = c->narrow ? 12 : 20, room, first;
	bool heads = p->n_bars > 1;
	char text[64];

	for (size_t i = 0; i < drawn_parts(p); i++) {
		name = fmax(name, chart_text_width(drawn_name(p, i), CHART_TEXT));
		for (size_t b = 0; b < p->n_bars; b++) {
			format_value(text, p, drawn_value(p, b, i));
			value = fmax(value, chart_text_width(text, CHART_TEXT));
		}
	}
	for (size_t b = 0; heads && b < p->n_bars; b++)
		value = fmax(value, chart_text_width(p->bars[b], CHART_TICK));
	value = fmin(value, c->width * 0.6 / (double)p->n_bars - gap);
	room = c->width - SWATCH - 8 - (value + gap) * (double)p->n_bars;
	first = SWATCH + 8 + fmin(name + 4, room) + gap + value;
	for (size_t b = 0; heads && b < p->n_bars; b++)
		chart_text(c, first + (value + gap) * (double)b, y + 14, value + 8, "soft end",
			p->bars[b]);
	y += heads ? LEGEND_ROW : 0;
	for (size_t i = 0; i < drawn_parts(p); i++, y += LEGEND_ROW) {
		char class[32];

		snprintf(class, sizeof(class), "part part-%zu", i);
		chart_rect(c, 0, y + 4, SWATCH, SWATCH, class);
		chart_text(c, SWATCH + 8, y + 14, room, "", drawn_name(p, i));
		for (size_t b = 0; b < p->n_bars; b++) {
			format_value(text, p, drawn_value(p, b, i));
			chart_text(c, first + (value + gap) * (double)b, y + 14, value + 8, "end",
				text);
		}
	}
	return y;
}

static double draw_stack(struct canvas *c, const void *ctx)
{
	const struct chart_stack *p = ctx;
	struct scale s = {.x0 = 12, .x1 = c->width - 12};
	struct tick ticks[CHART_TICKS];
	double y = CHART_TOP, step = BAR + (p->n_bars > 1 ? 24 : 8), bottom;
	size_t n;

	for (size_t b = 0; b < p->n_bars; b++)
		s.hi = fmax(s.hi, total(p, b));
	s.hi = s.hi > 0 ? s.hi : 1;
	bottom = y + step * (double)p->n_bars + 2;
	n = chart_ticks(0, s.hi, chart_tick_room(&s), ticks);
	chart_tick_unit(ticks, n, p->unit, false);
	chart_axis(c, &s, ticks, n, y, bottom, false);
	for (size_t b = 0; b < p->n_bars; b++, y += step) {
		if (p->n_bars > 1)
			chart_text(c, s.x0, y + 16, c->width, "", p->bars[b]);
		draw_bar(c, p, &s, b, y + step - BAR);
	}
	return draw_legend(c, p, bottom + 30) + 6;
}

char *chart_stack(const struct chart_words *words, const struct chart_stack *stack)
{
	return chart_both(words, draw_stack, stack);
}
