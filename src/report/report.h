/* Human-readable output. A command builds a model (JSON, printed as is by `--json`) and from it a
 * document: headings, text, facts, tables and pictures, in order. Two writers render a document: as
 * text for a terminal, and as a self-contained HTML page.
 *
 *	struct doc *doc = doc_new("solder check: python3.13");
 *
 *	doc_fact(doc, "prefix", dist.prefix);
 *	doc_table(doc, "Rules", columns, ARRAY_SIZE(columns));
 *	doc_row(doc, cells);
 *	doc_write_text(doc, stdout);
 *	doc_free(doc);
 *
 * All strings are copied. Untrusted text from files and networks may be passed unchanged: the
 * writers escape it (control characters on a terminal, markup on a page).
 */
#ifndef SOLDER_REPORT_H
#define SOLDER_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

/* Prints the model as JSON, keys in insertion order, with a final newline. "format"
 * ("solder-check") and "version" come first; the version is an integer that is raised when a key is
 * removed or changes its meaning. New keys may appear at any time. A model that already has both
 * keeps its own. */
void report_json(const char *format, const json_t *model, FILE *out);
/* Prints the start of such an object, up to the first key, for streaming output. */
void report_json_begin(const char *format, FILE *out);

/* The summary of a distribution: "distribution" (what was built), "build" (optional: duration and
 * number of steps), "artifacts" (a table). */
void report_summary(const json_t *model, FILE *out);

/* Appends `s`, made safe, as HTML or XML text or as a double-quoted attribute; with `lines`, line
 * feeds are kept. */
void html_add_text(struct buf *out, const char *s, bool lines);
/* Appends markup, escaping each %s in this way; %zu is the only other conversion. */
__attribute__((format(printf, 2, 3))) void html_addf(struct buf *out, const char *fmt, ...);

struct doc;

/* If title is NULL, the text begins with the first element. */
struct doc *doc_new(const char *title);
void doc_free(struct doc *doc);
void cleanup_doc(struct doc **doc);
#define CLEANUP_DOC CLEANUP(cleanup_doc)

void doc_heading(struct doc *doc, const char *text);
__attribute__((format(printf, 2, 3))) void doc_text(struct doc *doc, const char *fmt, ...);
/* One line "key  value"; adjacent facts are aligned. A NULL value is shown as "-". */
void doc_fact(struct doc *doc, const char *key, const char *value);
__attribute__((format(printf, 3, 4))) void doc_factf(
	struct doc *doc, const char *key, const char *fmt, ...);
/* Fixed-pitch text, unchanged: a program's errors, a disassembly. `label` goes above it; long
 * listings are collapsed on a page. */
void doc_listing(struct doc *doc, const char *label, const char *text);

/* Code, or other fixed-pitch lines, in two columns (one if `right` is NULL). Rows and notes follow
 * until the next element. `label` goes above; the titles head the columns. */
void doc_sides(struct doc *doc, const char *label, const char *left, const char *right);
struct doc_half {
	const char *count; /* NULL, here and below: nothing */
	const char *mark;  /* a significant word or two */
	const char *code;  /* NULL: no such line on this side */
};
struct doc_sides_row {
	const char *place; /* shared by both, such as a line number */
	struct doc_half left, right;
	bool same; /* the two correspond; otherwise they only share the row */
};
void doc_sides_row(struct doc *doc, const struct doc_sides_row *row);
/* A line across both columns. */
void doc_sides_note(struct doc *doc, const char *text);

enum doc_column_flags {
	DOC_RIGHT = 1,   /* numbers */
	DOC_WRAP = 2,    /* long text: wraps and takes the remaining width */
	DOC_VERDICT = 4, /* a verdict: the page shows its tone and can filter by value */
	DOC_TERM = 8,    /* on a page, cells that are terms link to their text */
};

struct doc_column {
	const char *title;
	unsigned int flags;
};

/* Starts a table; rows follow until the next element. `caption` may be NULL. */
void doc_table(struct doc *doc, const char *caption, const struct doc_column *columns, size_t n);
/* One cell for each column; NULL is shown as "-". */
void doc_row(struct doc *doc, const char *const *cells);
/* Tone of a verdict: good, bad, doubtful, or neither. */
enum doc_tone { DOC_PLAIN, DOC_GOOD, DOC_BAD, DOC_DOUBT };
/* Sets the tone of a cell in the row just added, in a DOC_VERDICT column; the default is plain.
 * Writers never interpret the cell's text: whoever makes the judgement sets its tone. */
void doc_cell_tone(struct doc *doc, size_t column, enum doc_tone tone);

/* Starts a glossary; terms follow until the next element. The caption appears on pages only. */
void doc_glossary(struct doc *doc, const char *caption);
/* `name` must be unique among the document's terms; `text` (NULL: nothing) is shown everywhere,
 * `more` (paragraphs; NULL: nothing) on pages only. */
void doc_term(struct doc *doc, const char *name, const char *text, const char *more);

/* On a page, collapses the last table or glossary to its caption and row count. */
void doc_fold(struct doc *doc);

/* A picture: `svg` comes from one of the chart functions below, or is another complete <svg>
 * element that uses classes from page.css and no colours of its own, so that it follows light and
 * dark. It is copied into the page unescaped; the caller still owns it. `alt` goes below it; a
 * terminal gets `alt` if `alt_on_terminal`, otherwise nothing. */
void doc_picture(struct doc *doc, const char *svg, const char *alt, bool alt_on_terminal);

/* `width` 0: that of the terminal, or unlimited if there is no terminal, so that each row is one
 * line. Colour only if `colour`. */
void doc_write_text(const struct doc *doc, FILE *out, unsigned int width, bool colour);
/* A complete page: self-contained, printable, works on a phone and in light and dark. */
void doc_write_html(const struct doc *doc, FILE *out);
/* Writes the page to `path` by renaming a temporary file. */
int doc_save_html(const struct doc *doc, const char *path, struct err *err);

/* Charts. Each function returns SVG for doc_picture(), in a wide and a narrow version; the page
 * shows the one that fits. The caller frees it. Invalid values (NaN, infinity, a ratio that is not
 * positive) are not drawn; their rows say "not measured". Long names are shortened to fit, with the
 * full name in the tooltip. */
struct chart_words {
	const char *title;
	const char *about; /* a sentence or two for those who cannot see the picture */
	const char *less;  /* what lying left of 1 means, such as "faster"; NULL: no label */
	const char *more;  /* the same for right of 1 */
};

/* Ratios to the reference, all positive; 1 means equal. */
struct chart_arm {
	const char *name;
	const double *ratios;
	size_t n;
	double mean, low, high; /* the geometric mean and its interval; NAN if unknown */
};
/* The distribution of each arm's ratios on a common logarithmic axis, labelled in percent, or in
 * factors if the range is large. Fewer than 15 values are drawn as points. */
char *chart_violins(const struct chart_words *words, const struct chart_arm *arms, size_t n);

struct chart_interval {
	const char *name;
	double point, low, high; /* ratios */
	enum doc_tone tone;
	bool summary; /* set apart from the rows above, as their mean */
};
/* A forest plot. `band` is the half-width of the range that counts as equal, 0.01 for 1 %; 0:
 * none. */
char *chart_forest(
	const struct chart_words *words, const struct chart_interval *rows, size_t n, double band);

struct chart_series {
	const char *name;
	const char *unit;     /* "%", "ms"; "" for none */
	const double *values; /* one per round */
	double limit;         /* drawn as a dashed line; NAN: none */
};
/* Series over rounds 1 to `rounds`, stacked vertically; dropped rounds are marked in all of them.
 * `dropped` may be NULL. */
char *chart_rounds(const struct chart_words *words, const struct chart_series *series,
	size_t n_series, const bool *dropped, size_t rounds);

struct chart_part {
	const char *name;
	double value;
	enum doc_tone tone; /* DOC_DOUBT for an unexplained part */
};
/* Signed parts, each starting where the previous one ended, and their sum, named `total`. Parts
 * that are not numbers are left out, and the sum then says so. */
char *chart_waterfall(const struct chart_words *words, const char *unit,
	const struct chart_part *parts, size_t n, const char *total);

struct chart_stack {
	const char *unit;
	const char *const *parts; /* names; easiest to read with the largest first */
	size_t n_parts;           /* if more than eight, those after the seventh are merged */
	const char *const *bars;  /* names */
	const double *values;     /* all parts of the first bar, then of the second; >= 0 */
	size_t n_bars;
};
/* For each bar its parts end to end, from zero, with a legend of names and values below. */
char *chart_stack(const struct chart_words *words, const struct chart_stack *stack);

#endif
