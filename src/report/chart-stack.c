/* Stacked bars: the composition of a total. */
#include "report/report-internal.h"

#include <math.h>
#include <stdlib.h>

/* As many as page.css has colours for; the last one is for the rest. */
#define COLOURS 8
#define BAR 26.0
#define LEGEND_ROW 22.0
#define SWATCH 12.0

/* The chart as drawn: parts without a colour of their own are merged. */
struct stack {
	const char *unit;
	const char *parts[COLOURS];
	size_t n_parts;
	const char *const *bars;
	size_t n_bars;
	double *values; /* COLOURS of them per bar */
	double longest; /* longest bar */
	int decimals;
};

static void format_value(char out[CHART_VALUE], const struct stack *p, size_t bar, size_t part)
{
	chart_format_value(out, p->values[bar * COLOURS + part], p->decimals, false, p->unit);
}

static void draw_bar(
	struct canvas *c, const struct stack *p, const struct scale *s, size_t bar, double y)
{
	double at = 0;
	char text[CHART_VALUE];

	for (size_t i = 0; i < p->n_parts; i++) {
		double v = p->values[bar * COLOURS + i], x = scale_x(s, at);

		at += v;
		if (v <= 0)
			continue;
		format_value(text, p, bar, i);
		buf_addf(c->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" ", x,
			y, fmax(scale_x(s, at) - x, 0.5), BAR);
		html_addf(c->out, "class=\"part part-%zu\"><title>%s: %s</title></rect>\n", i,
			p->parts[i], text);
	}
}

/* Part names, with one column of values per bar; returns its bottom. */
static double draw_legend(struct canvas *c, const struct stack *p, double y)
{
	double name = 0, value = 0, gap = c->narrow ? 12 : 20, room, first;
	bool heads = p->n_bars > 1;
	char text[CHART_VALUE];

	for (size_t i = 0; i < p->n_parts; i++) {
		name = fmax(name, chart_text_width(p->parts[i], CHART_TEXT));
		for (size_t b = 0; b < p->n_bars; b++) {
			format_value(text, p, b, i);
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
	for (size_t i = 0; i < p->n_parts; i++, y += LEGEND_ROW) {
		char class[32];

		snprintf(class, sizeof(class), "part part-%zu", i);
		chart_rect(c, 0, y + 4, SWATCH, SWATCH, class);
		chart_text(c, SWATCH + 8, y + 14, room, "", p->parts[i]);
		for (size_t b = 0; b < p->n_bars; b++) {
			format_value(text, p, b, i);
			chart_text(c, first + (value + gap) * (double)b, y + 14, value + 8, "end",
				text);
		}
	}
	return y;
}

static double draw_stack(struct canvas *c, const void *ctx)
{
	const struct stack *p = ctx;
	struct scale s = {0, p->longest, 12, c->width - 12};
	struct tick ticks[CHART_TICKS];
	double y = CHART_TOP, step = BAR + (p->n_bars > 1 ? 24 : 8);
	double bottom = y + step * (double)p->n_bars + 2;
	size_t n = chart_ticks(0, s.hi, chart_tick_room(&s), ticks);

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
	CLEANUP_FREE double *values =
		xcalloc(stack->n_bars ? stack->n_bars : 1, COLOURS * sizeof(*values));
	struct stack p = {.unit = stack->unit,
		.n_parts = stack->n_parts < COLOURS ? stack->n_parts : COLOURS,
		.bars = stack->bars,
		.n_bars = stack->n_bars,
		.values = values};
	double largest = 0;
	bool whole = true;

	for (size_t i = 0; i < p.n_parts; i++)
		p.parts[i] = i == COLOURS - 1 && stack->n_parts > COLOURS ? "all others"
									  : stack->parts[i];
	for (size_t b = 0; b < stack->n_bars; b++) {
		double sum = 0;

		for (size_t i = 0; i < stack->n_parts; i++) {
			double v = stack->values[b * stack->n_parts + i];

			v = chart_number(v) && v > 0 ? v : 0;
			values[b * COLOURS + (i < COLOURS ? i : COLOURS - 1)] += v;
			sum += v;
			largest = fmax(largest, v);
			whole = whole && v == nearbyint(v);
		}
		p.longest = fmax(p.longest, sum);
	}
	p.longest = p.longest > 0 ? p.longest : 1;
	p.decimals = chart_decimals(largest, whole);
	return chart_both(words, draw_stack, &p);
}
