/* What a person reads. Commands build a model (JSON, printed as it is by `--json`), and from it a
 * document: headings, text, facts, tables and pictures, in order. One document has two writers:
 * text for a terminal, and a page that needs nothing from the network.
 *
 *	struct doc *doc = doc_new("solder check: python3.13");
 *
 *	doc_fact(doc, "prefix", dist.prefix);
 *	doc_table(doc, "Rules", columns, ARRAY_SIZE(columns));
 *	doc_row(doc, cells);
 *	doc_write_text(doc, stdout);
 *	doc_free(doc);
 *
 * All texts are copied. What comes from files and networks may be passed as it is: the writers
 * escape (control characters on a terminal, markup on a page).
 */
#ifndef SOLDER_REPORT_H
#define SOLDER_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

/* The model as JSON, keys in the order in which they were set, with a final newline. Before them
 * stand "format" ("solder-check") and "version", a whole number that is raised when a key changes
 * its meaning or goes; new keys may come at any time. A model that has both keeps its own. */
void report_json(const char *format, const json_t *model, FILE *out);
/* The beginning of such an object, up to where its first key follows, for what is printed as it
 * comes. */
void report_json_begin(const char *format, FILE *out);

/* The summary of a distribution: "distribution" (what was built), "build" (optional: how long,
 * how many steps), "artifacts" (a table). */
void report_summary(const json_t *model, FILE *out);

/* Appends `s`, made safe, as text or as a double-quoted attribute of HTML or XML; with `lines`,
 * line feeds stay. */
void html_add_text(struct buf *out, const char *s, bool lines);
/* Appends markup in which each %s is such a text; %zu is the only other conversion. */
__attribute__((format(printf, 2, 3))) void html_addf(struct buf *out, const char *fmt, ...);

struct doc;

/* Without a title (NULL) the text begins with the first element. */
struct doc *doc_new(const char *title);
void doc_free(struct doc *doc);
void cleanup_doc(struct doc **doc);
#define CLEANUP_DOC CLEANUP(cleanup_doc)

void doc_heading(struct doc *doc, const char *text);
__attribute__((format(printf, 2, 3))) void doc_text(struct doc *doc, const char *fmt, ...);
/* One line "key  value"; neighbours are aligned. A NULL value is shown as "-". */
void doc_fact(struct doc *doc, const char *key, const char *value);
/* Text in a fixed pitch, as it is: an error's output, a disassembly. `label` stands above it; on
 * a page it folds away when it is long. */
void doc_listing(struct doc *doc, const char *label, const char *text);

/* Code, or other lines in a fixed pitch, of two sides beside each other (`right` NULL: of one);
 * rows and notes follow until the next element. `label` stands above; the sides' titles head them.
 */
void doc_sides(struct doc *doc, const char *label, const char *left, const char *right);
struct doc_half {
	const char *count; /* NULL, as the others: nothing */
	const char *mark;  /* a word or two that matter */
	const char *code;  /* NULL: there is no such line on this side */
};
struct doc_sides_row {
	const char *place; /* of both, such as a number of a line */
	struct doc_half left, right;
	bool same; /* the two belong together; else they only share the row */
};
void doc_sides_row(struct doc *doc, const struct doc_sides_row *row);
/* A line across both. */
void doc_sides_note(struct doc *doc, const char *text);

enum doc_column_flags {
	DOC_RIGHT = 1,   /* numbers */
	DOC_WRAP = 2,    /* long text: wraps, takes what room is left */
	DOC_VERDICT = 4, /* a judgement: the page shows its tone and has a filter over its values */
	DOC_TERM = 8,    /* on a page, cells that are terms lead to their text */
};

struct doc_column {
	const char *title;
	unsigned int flags;
};

/* Starts a table; rows follow until the next element. `caption` may be NULL. */
void doc_table(struct doc *doc, const char *caption, const struct doc_column *columns, size_t n);
/* One cell for each column; NULL is shown as "-". */
void doc_row(struct doc *doc, const char *const *cells);
/* How a judgement is shown: good, bad, doubtful, or neither. */
enum doc_tone { DOC_PLAIN, DOC_GOOD, DOC_BAD, DOC_DOUBT };
/* The tone of a cell of the row just added, in a column with DOC_VERDICT; without it, plain. The
 * word in the cell says nothing to the writers: the tone comes from where the judgement is made. */
void doc_cell_tone(struct doc *doc, size_t column, enum doc_tone tone);

/* Starts a glossary; terms follow until the next element. The caption is for pages alone. */
void doc_glossary(struct doc *doc, const char *caption);
/* `name` is told apart from all other terms of the document; `text` (NULL: nothing) is shown
 * everywhere, `more` (paragraphs; NULL: nothing) on a page alone. */
void doc_term(struct doc *doc, const char *name, const char *text, const char *more);

/* On a page the last table or glossary is folded away, its caption and number of rows stay. */
void doc_fold(struct doc *doc);

/* A picture: `svg` is what one of the chart functions below returned, or another complete <svg>
 * element with classes from page.css and no colours of its own, so that it follows light and dark
 * (the caller still owns it). It is put into the page as it is. `alt` stands below it; the
 * terminal gets `alt` if `alt_on_terminal`, and nothing otherwise. */
void doc_picture(struct doc *doc, const char *svg, const char *alt, bool alt_on_terminal);

/* `width` 0: that of the terminal; where there is none no line is broken, a row is a line; colour
 * only if `colour`. */
void doc_write_text(const struct doc *doc, FILE *out, unsigned int width, bool colour);
/* A whole page: no network, readable on a phone, light and dark, printable. */
void doc_write_html(const struct doc *doc, FILE *out);
/* The page written to `path` by way of a rename. */
int doc_save_html(const struct doc *doc, const char *path, struct err *err);

/* Charts. Each function returns SVG for doc_picture(), once for wide and once for narrow places;
 * the page shows the one that fits. The caller frees it. Values that are no number (NaN, infinity,
 * a ratio that is not positive) are not drawn; their rows say "not measured". Names may be of any
 * length: they are shortened to the room there is, and the whole name is in the tooltip. */
struct chart_words {
	const char *title;
	const char *about; /* what is to be seen, in a sentence or two, for who cannot see it */
	const char *less;  /* what it means to lie left of 1, "faster"; NULL: nothing is said */
	const char *more;  /* the same for right of 1 */
};

/* Ratios to the reference, all of them positive, 1 being equal. */
struct chart_arm {
	const char *name;
	const double *ratios;
	size_t n;
	double mean, low, high; /* the geometric mean and its interval; NAN where there is none */
};
/* The distribution of ratios in each arm on a common logarithmic axis, labelled in percent, or in
 * factors where it is long. Fewer than 15 values are drawn as points. */
char *chart_violins(const struct chart_words *words, const struct chart_arm *arms, size_t n);

struct chart_interval {
	const char *name;
	double point, low, high; /* ratios */
	enum doc_tone tone;
	bool summary; /* set apart from the rows above: a mean of them */
};
/* A forest plot. `band` is the half-width of what counts as equal, 0.01 for 1 %; 0: none. */
char *chart_forest(
	const struct chart_words *words, const struct chart_interval *rows, size_t n, double band);

struct chart_series {
	const char *name;
	const char *unit;     /* "%", "ms"; "" for none */
	const double *values; /* one for each round */
	double limit;         /* a dashed line; NAN: none */
};
/* Series over rounds 1 to `rounds`, one below the other; dropped rounds are marked in all of them.
 * `dropped` may be NULL. */
char *chart_rounds(const struct chart_words *words, const struct chart_series *series,
	size_t n_series, const bool *dropped, size_t rounds);

struct chart_part {
	const char *name;
	double value;
	enum doc_tone tone; /* DOC_DOUBT for what is unexplained */
};
/* Signed parts, each starting where the one before ended, and their sum under the name `total`.
 * A part that is no number is not counted, and the sum then says so. */
char *chart_waterfall(const struct chart_words *words, const char *unit,
	const struct chart_part *parts, size_t n, const char *total);

struct chart_stack {
	const char *unit;
	const char *const *parts; /* names; the largest first is the best to read */
	size_t n_parts;          /* those beyond the seventh are drawn as one, if more than eight */
	const char *const *bars; /* names */
	const double *values;    /* all parts of the first bar, then of the second; >= 0 */
	size_t n_bars;
};
/* For each bar its parts beside each other, from zero, and below the names and values of parts. */
char *chart_stack(const struct chart_words *words, const struct chart_stack *stack);

#endif
