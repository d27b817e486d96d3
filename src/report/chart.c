/* Building blocks for charts. */
#include "report/report-internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define WIDE 1000.0
#define NARROW 360.0
#define HUGE_NUMBER 1e100

bool chart_number(double v)
{
	return isfinite(v) && fabs(v) < HUGE_NUMBER;
}

bool chart_ratio(double v)
{
	return isfinite(v) && v > 1 / HUGE_NUMBER && v < HUGE_NUMBER;
}

double scale_x(const struct scale *s, double v)
{
	return s->x0 + (v - s->lo) / (s->hi - s->lo) * (s->x1 - s->x0);
}

/* The smallest of 1, 2, 5 times a power of ten that is >= v. */
static double nice(double v)
{
	double power = pow(10, floor(log10(v)));
	double m = v / power;

	return power * (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10);
}

size_t chart_ticks(double lo, double hi, double want, struct tick ticks[CHART_TICKS])
{
	double step = nice((hi - lo) / (want < 1                        ? 1
					       : want > CHART_TICKS / 2 ? CHART_TICKS / 2
									: want));
	double k = ceil(lo / step - 1e-9), decimals = -floor(log10(step) + 1e-9);
	size_t n = 0;

	for (; k * step <= hi + step * 1e-9 && n < CHART_TICKS; k++, n++) {
		ticks[n].at = k * step;
		chart_format(ticks[n].label, k * step,
			decimals < 0    ? 0
			: decimals < 12 ? (int)decimals
					: 12,
			false);
	}
	return n;
}

bool chart_in_factors(double lo, double hi)
{
	return hi - lo > log(3);
}

static size_t factor_ticks(double lo, double hi, double want, struct tick ticks[CHART_TICKS])
{
	static const double steps[] = {1, 2, 5};
	int first = (int)floor(lo / M_LN10), last = (int)ceil(hi / M_LN10);
	bool between = (last - first) * 3 <= want * 2;
	int every = between ? 1 : (int)ceil((last - first) / (want < 1 ? 1 : want));
	size_t n = 0;

	for (int e = first; e <= last; e++) {
		for (size_t i = 0; i < (between ? 3 : 1); i++) {
			double at = e * M_LN10 + log(steps[i]);

			if (at < lo - 1e-9 || at > hi + 1e-9 || e % (every ? every : 1) ||
				n == CHART_TICKS)
				continue;
			ticks[n].at = at;
			snprintf(ticks[n++].label, sizeof(ticks[0].label), "×%g",
				steps[i] * pow(10, e));
		}
	}
	return n;
}

size_t chart_ratio_ticks(double lo, double hi, double want, struct tick ticks[CHART_TICKS])
{
	size_t n;

	if (chart_in_factors(lo, hi))
		return factor_ticks(lo, hi, want, ticks);
	n = chart_ticks((exp(lo) - 1) * 100, (exp(hi) - 1) * 100, want, ticks);
	chart_tick_unit(ticks, n, "%", true);
	for (size_t i = 0; i < n; i++)
		ticks[i].at = log1p(ticks[i].at / 100);
	return n;
}

void chart_tick_unit(struct tick *ticks, size_t n, const char *unit, bool plus)
{
	for (size_t i = 0; i < n; i++) {
		char number[32];

		snprintf(number, sizeof(number), "%s", ticks[i].label);
		snprintf(ticks[i].label, sizeof(ticks[i].label), "%s%.20s%s%.8s",
			plus && ticks[i].at > 0 ? "+" : "", number, *unit ? " " : "", unit);
	}
}

double chart_tick_room(const struct scale *s)
{
	return (s->x1 - s->x0) / 54;
}

int chart_decimals(double largest, bool whole)
{
	double digits = largest > 0 && !whole ? 2 - floor(log10(largest)) : 0;

	return digits < 0 ? 0 : digits > 9 ? 9 : (int)digits;
}

void chart_format(char out[32], double v, int decimals, bool plus)
{
	char plain[64];
	const char *sign, *digits = plain;
	size_t whole, n = 0;

	if (!chart_number(v)) {
		snprintf(out, 32, "-");
		return;
	}
	if (fabs(v) >= 1e15)
		snprintf(plain, sizeof(plain), "%.3g", v);
	else
		snprintf(plain, sizeof(plain), "%.*f", decimals, v);
	digits += *digits == '-';
	/* No sign if the value rounds to zero. */
	sign = !digits[strspn(digits, "0.")] ? "" : v < 0 ? "−" : plus ? "+" : "";
	n = (size_t)snprintf(out, 32, "%s", sign);
	whole = strspn(digits, "0123456789");
	for (size_t i = 0; digits[i] && n + 2 < 32; i++) {
		if (i && i < whole && (whole - i) % 3 == 0 && !strchr(digits, 'e'))
			out[n++] = ',';
		out[n++] = digits[i];
	}
	out[n] = '\0';
}

void chart_format_value(char out[CHART_VALUE], double v, int decimals, bool plus, const char *unit)
{
	char number[32];

	chart_format(number, v, decimals, plus);
	if (chart_number(v))
		snprintf(out, CHART_VALUE, *unit ? "%s %s" : "%s", number, unit);
	else
		snprintf(out, CHART_VALUE, "not measured");
}

void chart_format_ratio(char out[32], double ratio, bool factors)
{
	char number[32];

	if (factors || ratio >= 10 || ratio < 0.1) {
		snprintf(out, 32, "×%.3g", ratio);
		return;
	}
	chart_format(number, (ratio - 1) * 100, 1, true);
	snprintf(out, 32, "%.24s %%", number);
}

/* Advance widths of common sans-serif fonts in thousandths, by character class. */
static double advance(uint32_t code)
{
	if (code >= 0x1100 && wcwidth((wchar_t)code) != 1)
		return wcwidth((wchar_t)code) == 0 ? 0 : 1.05;
	if (code < 0x80 && strchr("ijlI.,:;|!'`()[]f t", (int)code))
		return 0.36;
	if (code < 0x80 && strchr("mwMW@%", (int)code))
		return 0.95;
	if ((code >= 'A' && code <= 'Z') || code > 0x2ff)
		return 0.72;
	return 0.6;
}

double chart_text_width(const char *s, double size)
{
	double width = 0;

	for (const char *end = s + strlen(s); s < end;)
		width += advance(utf8_next(&s, end));
	return width * size;
}

void chart_text(
	struct canvas *c, double x, double y, double room, const char *classes, const char *s)
{
	CLEANUP_FREE char *safe = text_safe(s, false);
	size_t len = strlen(safe);

	buf_addf(c->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, classes);
	if (!len || chart_text_width(safe, CHART_TEXT) <= room) {
		html_addf(c->out, "%s</text>\n", s);
		return;
	}
	/* Cut at a character boundary. */
	do {
		do
			len--;
		while (len && ((unsigned char)safe[len] & 0xc0) == 0x80);
		safe[len] = '\0';
	} while (len && chart_text_width(safe, CHART_TEXT) + 0.72 * CHART_TEXT > room);
	html_addf(c->out, "<title>%s</title>%s…</text>\n", s, safe);
}

void chart_line(struct canvas *c, double x1, double y1, double x2, double y2, const char *classes)
{
	buf_addf(c->out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n",
		x1, y1, x2, y2, classes);
}

void chart_rect(struct canvas *c, double x, double y, double w, double h, const char *classes)
{
	buf_addf(c->out,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"%s\"/>\n", x, y,
		w > 0 ? w : 0, h > 0 ? h : 0, classes);
}

const char *chart_tone(enum doc_tone tone, const char *plain)
{
	return tone == DOC_GOOD    ? "good"
	       : tone == DOC_BAD   ? "bad"
	       : tone == DOC_DOUBT ? "doubt"
				   : plain;
}

void chart_axis(struct canvas *c, const struct scale *s, const struct tick *ticks, size_t n,
	double y0, double y1, bool above)
{
	double taken = -1e9;

	for (size_t i = 0; i < n; i++) {
		double x = scale_x(s, ticks[i].at);
		double half = chart_text_width(ticks[i].label, CHART_TICK) / 2;

		chart_line(c, x, y0, x, y1, "grid");
		if (x - half < taken + 6 || x - half < 0 || x + half > c->width)
			continue;
		taken = x + half;
		chart_text(c, x, y1 + 16, c->width, "tick middle", ticks[i].label);
		if (above)
			chart_text(c, x, y0 - 6, c->width, "tick middle", ticks[i].label);
	}
}

struct rows chart_rows_layout(
	const struct canvas *c, double widest_name, double widest_value, double drawing)
{
	struct rows r = {.value_room = widest_value + 4};
	double name;

	if (c->narrow) {
		r.height = drawing + 24;
		r.plot = 20 + drawing / 2;
		r.baseline = 14;
		r.x0 = 8;
		r.x1 = c->width - 8;
		r.name_room = c->width - r.value_room - 12;
		return r;
	}
	/* Long names must leave room for the drawing. */
	name = fmin(widest_name + 4, fmin(c->width * 0.4, c->width * 0.5 - r.value_room));
	r.height = drawing + 8;
	r.plot = r.height / 2;
	r.baseline = r.height / 2 + 4.5;
	r.x0 = name + 16;
	r.x1 = c->width - r.value_room - 16;
	r.name_room = name;
	return r;
}

void chart_row_text(struct canvas *c, const struct rows *r, double y, const char *name,
	const char *value, const char *classes)
{
	CLEANUP_FREE char *end = xasprintf("end %s", classes);

	chart_text(c, 0, y + r->baseline, r->name_room, classes, name);
	chart_text(c, c->width, y + r->baseline, r->value_room + 8, end, value);
}

char *chart_both(const struct chart_words *words, chart_draw draw, const void *ctx)
{
	struct buf out = BUF_INIT;

	for (int narrow = 0; narrow <= 1; narrow++) {
		CLEANUP_BUF struct buf body = BUF_INIT;
		struct canvas c = {&body, narrow, narrow ? NARROW : WIDE};
		double height;

		chart_text(&c, 0, 14, c.width, "head", words->title);
		height = draw(&c, ctx);
		buf_addf(&out,
			"<svg class=\"chart chart-%s\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
			"xmlns=\"http://www.w3.org/2000/svg\">",
			narrow ? "narrow" : "wide", c.width, height);
		html_addf(&out, "<title>%s</title>", words->title);
		if (words->about)
			html_addf(&out, "<desc>%s</desc>", words->about);
		buf_addf(&out, "\n%s</svg>\n", body.data);
	}
	return buf_steal(&out);
}
