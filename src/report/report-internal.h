/* The document behind both writers, what they share about text, and what the charts share.
 *
 * A chart is drawn twice by the same function, for a wide and for a narrow place. Coordinates are
 * those of the viewBox, whose width is about that of the place in CSS pixels, so that text has the
 * size that the style gives it.
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
	enum doc_tone *tones; /* of the cells */
	size_t n_rows;
	size_t cap_rows;
};

struct doc_element {
	enum doc_kind kind;
	char *label; /* heading, key, label, caption, alt; NULL where optional */
	char *text;  /* text, value, listing, svg; "one" or "two" sides */
	bool alt_on_terminal;
	bool folded; /* a table or glossary, on a page */
	struct doc_table table;
};

struct doc {
	char *title;
	struct doc_element *elements;
	size_t n;
	size_t cap;
};

/* Terms are kept as rows of a table with these columns. */
enum term_column { TERM_NAME, TERM_TEXT, TERM_MORE, TERM_COLUMNS };

/* Sides are kept as a table with these columns, which are all text. */
enum sides_column {
	SIDES_SAME, /* "" or NULL */
	SIDES_NOTE, /* NULL in rows */
	SIDES_PLACE,
	SIDES_LEFT, /* count, mark, code */
	SIDES_RIGHT = SIDES_LEFT + 3,
	SIDES_COLUMNS = SIDES_RIGHT + 3,
};

/* As doc_write_text() does it, for one table or pair of sides. */
void text_table(const struct doc_element *element, FILE *out, unsigned int width, bool colour);
void sides_text(const struct doc_element *element, FILE *out, unsigned int width, bool colour);
void sides_html(struct buf *out, const struct doc_element *element);

/* ---- text ---------------------------------------------------------------------------------- */

/* Appends `s` as buf_add_safe() does; but with `lines`, line feeds stay and tabs become spaces up
 * to the next multiple of 8. */
void text_add_safe(struct buf *out, const char *s, bool lines);
/* The same as a string of its own. */
char *text_safe(const char *s, bool lines);

/* Prints `s`, made safe, on a line of its own. */
void text_styled_line(FILE *out, enum term_style style, const char *s);

/* Columns that the first `len` bytes take on a terminal. They must be safe. */
size_t text_width(const char *s, size_t len);
/* How many of the first `len` bytes fit into `width` columns. */
size_t text_fit(const char *s, size_t len, size_t width);

/* How many bytes of `s` go on a line of `width` columns; *next is where the following line starts.
 * Lines end at spaces; a longer word is broken behind a slash or the like, or anywhere, if
 * `break_words`, and else left whole. Always gets on. */
size_t text_line(const char *s, size_t width, bool break_words, size_t *next);

/* What the page embeds. */
extern const char page_css[], page_css_end[];
extern const char page_js[], page_js_end[];

/* ---- charts -------------------------------------------------------------------------------- */

#define CHART_TEXT 13.0 /* font size of names and values, as in page.css */
#define CHART_TICK 12.0 /* of ticks */
#define CHART_TOP 30.0  /* where the drawing starts, below the title */
#define CHART_TICKS 24  /* at most so many on an axis */

struct canvas {
	struct buf *out;
	bool narrow;
	double width;
};

/* Draws below CHART_TOP and returns the height that it has taken in all. */
typedef double (*chart_draw)(struct canvas *c, const void *ctx);
char *chart_both(const struct chart_words *words, chart_draw draw, const void *ctx);

/* Numbers beyond this are treated as none: their differences would overflow. */
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
/* Round numbers from lo to hi, about `want` of them; returns how many. */
size_t chart_ticks(double lo, double hi, double want, struct tick ticks[CHART_TICKS]);
/* The same for logarithms of ratios: percent, or factors if the range is large. */
size_t chart_ratio_ticks(double lo, double hi, double want, struct tick ticks[CHART_TICKS]);
/* Puts the unit behind each label, and a plus before positive ones if `plus`. */
void chart_tick_unit(struct tick *ticks, size_t n, const char *unit, bool plus);
/* How many labels have room between x0 and x1. */
double chart_tick_room(const struct scale *s);

/* "1,234.5", a true minus, thousands apart; `plus` writes the sign of positive numbers too. */
void chart_format(char out[32], double v, int decimals, bool plus);
/* Decimals that show three digits of `largest`; none where all values are whole. */
int chart_decimals(double largest, bool whole);
/* The number with its unit; "not measured" for what is none. */
#define CHART_VALUE 64
void chart_format_value(char out[CHART_VALUE], double v, int decimals, bool plus, const char *unit);
/* Does an axis of logarithms over that range say factors, not percent? Its values do as it does. */
bool chart_in_factors(double lo, double hi);
/* A ratio as "+3.4 %", or with `factors`, or where percent are unwieldy, as "×12". */
void chart_format_ratio(char out[32], double ratio, bool factors);

/* The estimated width of a text in the page's font; errs to the wide side. */
double chart_text_width(const char *s, double size);
/* A text that is cut to `room`, with the whole in its tooltip. `classes` are those of page.css;
 * "middle" and "end" anchor it. */
void chart_text(
	struct canvas *c, double x, double y, double room, const char *classes, const char *s);
void chart_line(struct canvas *c, double x1, double y1, double x2, double y2, const char *classes);
void chart_rect(struct canvas *c, double x, double y, double w, double h, const char *classes);
/* "good", "bad", "doubt"; `plain` for the others. */
const char *chart_tone(enum doc_tone tone, const char *plain);

/* Grid lines from y0 to y1 with labels below y1 (and, if `above`, over y0); no two labels touch. */
void chart_axis(struct canvas *c, const struct scale *s, const struct tick *ticks, size_t n,
	double y0, double y1, bool above);

/* Rows of a name, a drawing and a value. On a narrow canvas the name and the value stand above
 * the drawing. */
struct rows {
	double height;   /* of one row */
	double plot;     /* from the top of a row to the middle of its drawing */
	double baseline; /* from the top of a row to the baseline of its texts */
	double x0, x1;   /* the drawing */
	double name_room, value_room;
};
struct rows chart_rows_layout(
	const struct canvas *c, double widest_name, double widest_value, double drawing);
void chart_row_text(struct canvas *c, const struct rows *r, double y, const char *name,
	const char *value, const char *classes);

#endif
