/* The document model behind both writers, and helpers shared for text and charts.
 *
 * Each chart is drawn twice by the same function, once wide and once narrow. Coordinates are those
 * of the viewBox, whose width roughly matches the available CSS pixels, so text appears at the size
 * set in the style sheet.
 */
#ifndef SOLDER_REPORT_INTERNAL_H
#define SOLDER_REPORT_INTERNAL_H

#include <stdint.h>

#include "base/term.h"
#include "report/report.h"

/* ---- documents ----------------------------------------------------------------------------- */

enum doc_kind {
	DOC_HEADING,
	DOC_TEXT,
	DOC_FACT,
	DOC_LISTING,
	DOC_TABLE,
	DOC_PICTURE,
	DOC_SIDES,
	DOC_GLOSSARY
};

/* All strings are owned. */
struct doc_table {
	struct doc_column *columns;
	size_t n_columns;
	char **cells;         /* row after row; NULL where nothing was given */
	enum doc_tone *tones; /* one per cell */
	size_t n_rows;
	size_t cap_rows;
};

struct doc_element {
	enum doc_kind kind;
	char *label; /* heading, key, label, caption, alt; NULL where optional */
	char *text;  /* text, value, listing, svg; "one" or "two" sides */
	bool alt_on_terminal;
	bool folded; /* collapsed on a page; tables and glossaries only */
	struct doc_table table;
};

struct doc {
	char *title;
	struct doc_element *elements;
	size_t n;
};

/* Terms are stored as table rows with these columns. */
enum term_column { TERM_NAME, TERM_TEXT, TERM_MORE, TERM_COLUMNS };

/* Sides are stored as a table with these text columns. */
enum sides_column {
	SIDES_SAME, /* "" or NULL */
	SIDES_NOTE, /* NULL in rows */
	SIDES_PLACE,
	SIDES_LEFT, /* count, mark, code */
	SIDES_RIGHT = SIDES_LEFT + 3,
	SIDES_COLUMNS = SIDES_RIGHT + 3,
};

/* Like doc_write_text(), for one table or pair of sides. */
void text_table(const struct doc_element *element, FILE *out, unsigned int width, bool colour);
void sides_text(const struct doc_element *element, FILE *out, unsigned int width, bool colour);
void sides_html(struct buf *out, const struct doc_element *element);

/* ---- text ---------------------------------------------------------------------------------- */

/* Like buf_add_safe(), but with `lines` line feeds stay and tabs expand to multiples of 8. */
void text_add_safe(struct buf *out, const char *s, bool lines);
/* The same, as a new string. */
char *text_safe(const char *s, bool lines);

/* Prints `s`, made safe, on its own line. */
void text_styled_line(FILE *out, enum term_style style, const char *s);

/* Terminal columns taken by the first `len` bytes, which must be safe. */
size_t text_width(const char *s, size_t len);
/* Number of leading bytes, at most `len`, that fit into `width` columns. */
size_t text_fit(const char *s, size_t len, size_t width);

/* Number of bytes of `s` that fit on a line of `width` columns; *next is where the next line
 * starts. Breaks at spaces. A longer word is broken after a slash or similar, or anywhere, if
 * `break_words`; otherwise it stays whole. Always makes progress. */
size_t text_line(const char *s, size_t width, bool break_words, size_t *next);

/* The style sheet and script embedded in the page. */
extern const char page_css[], page_css_end[];
extern const char page_js[], page_js_end[];

/* ---- charts -------------------------------------------------------------------------------- */

#define CHART_TEXT 13.0 /* font size of names and values, as in page.css */
#define CHART_TICK 12.0 /* font size of ticks */
#define CHART_TOP 30.0  /* top of the drawing area, below the title */
#define CHART_TICKS 24  /* maximum per axis */

struct canvas {
	struct buf *out;
	bool narrow;
	double width;
};

/* Draws below CHART_TOP and returns the total height used. */
typedef double (*chart_draw)(struct canvas *c, const void *ctx);
char *chart_both(const struct chart_words *words, chart_draw draw, const void *ctx);

/* False for NaN, infinities and numbers so large that their differences would overflow. */
bool chart_number(double v);
bool chart_ratio(double v);

/* A linear scale; ratios are passed as logarithms. */
struct scale {
	double lo, hi; /* lo < hi */
	double x0, x1;
};
double scale_x(const struct scale *s, double v);

struct tick {
	double at;
	char label[32];
};
/* Fills in about `want` round numbers from lo to hi; returns how many. */
size_t chart_ticks(double lo, double hi, double want, struct tick ticks[CHART_TICKS]);
/* The same for logarithms of ratios: percent, or factors if the range is large. */
size_t chart_ratio_ticks(double lo, double hi, double want, struct tick ticks[CHART_TICKS]);
/* Appends the unit to each label, and prefixes positive ones with a plus if `plus`. */
void chart_tick_unit(struct tick *ticks, size_t n, const char *unit, bool plus);
/* Number of labels that fit between x0 and x1. */
double chart_tick_room(const struct scale *s);

/* "1,234.5" with a real minus sign and thousands separators; `plus` also signs positive numbers. */
void chart_format(char out[32], double v, int decimals, bool plus);
/* Decimals needed to show three digits of `largest`; 0 if all values are whole. */
int chart_decimals(double largest, bool whole);
/* The number with its unit, or "not measured" if it is not a number. */
#define CHART_VALUE 64
void chart_format_value(char out[CHART_VALUE], double v, int decimals, bool plus, const char *unit);
/* True if a logarithmic axis over this range is labelled in factors rather than percent. Its values
 * are formatted the same way. */
bool chart_in_factors(double lo, double hi);
/* A ratio as "+3.4 %"; as "×12" with `factors`, or where percent would be unwieldy. */
void chart_format_ratio(char out[32], double ratio, bool factors);

/* Estimated width of a text in the page's font; errs on the wide side. */
double chart_text_width(const char *s, double size);
/* Draws text cut to `room`, with the full text in its tooltip. `classes` come from page.css;
 * "middle" and "end" set the anchor. */
void chart_text(
	struct canvas *c, double x, double y, double room, const char *classes, const char *s);
void chart_line(struct canvas *c, double x1, double y1, double x2, double y2, const char *classes);
void chart_rect(struct canvas *c, double x, double y, double w, double h, const char *classes);
/* "good", "bad" or "doubt"; otherwise `plain`. */
const char *chart_tone(enum doc_tone tone, const char *plain);

/* Grid lines from y0 to y1 with labels below y1 (and above y0 if `above`); labels never touch. */
void chart_axis(struct canvas *c, const struct scale *s, const struct tick *ticks, size_t n,
	double y0, double y1, bool above);

/* Rows with a name, a drawing and a value. On a narrow canvas the name and value go above the
 * drawing. */
struct rows {
	double height;   /* per row */
	double plot;     /* from the top of a row to the middle of its drawing */
	double baseline; /* from the top of a row to its text baseline */
	double x0, x1;   /* extent of the drawing */
	double name_room, value_room;
};
struct rows chart_rows_layout(
	const struct canvas *c, double widest_name, double widest_value, double drawing);
void chart_row_text(struct canvas *c, const struct rows *r, double y, const char *name,
	const char *value, const char *classes);

#endif
