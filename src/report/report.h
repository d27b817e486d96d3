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

/* The model as JSON, keys in the order in which they were set, with a final newline. */
void report_json(const json_t *model, FILE *out);

/* The summary of a distribution: "distribution" (what was built), "build" (optional: how long,
 * how many steps), "artifacts" (a table). */
void report_summary(const json_t *model, FILE *out);

struct doc;

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

enum doc_column_flags {
	DOC_RIGHT = 1,   /* numbers */
	DOC_WRAP = 2,    /* long text: wraps, takes what room is left */
	DOC_VERDICT = 4, /* coloured by its word, and the page has a filter over its values */
};

struct doc_column {
	const char *title;
	unsigned int flags;
};

/* Starts a table; rows follow until the next element. `caption` may be NULL. */
void doc_table(struct doc *doc, const char *caption, const struct doc_column *columns, size_t n);
/* One cell for each column; NULL is shown as "-". */
void doc_row(struct doc *doc, const char *const *cells);

/* A picture: `svg` is a complete <svg> element (the caller still owns it) that uses the classes of
 * report/svg.h and no colours of its own, so that it follows light and dark. Only the page shows
 * it; the terminal gets `alt` if `alt_on_terminal`. */
void doc_picture(struct doc *doc, const char *svg, const char *alt, bool alt_on_terminal);

/* `width` 0: that of the terminal, or 100 when there is none; colour only if `colour`. */
void doc_write_text(const struct doc *doc, FILE *out, unsigned int width, bool colour);
/* A whole page: no network, readable on a phone, light and dark, printable. */
void doc_write_html(const struct doc *doc, FILE *out);
/* The page written to `path` by way of a rename. */
int doc_save_html(const struct doc *doc, const char *path, struct err *err);

/* How a verdict is shown: good, bad, doubtful, or neither. Words that are none of ours are plain.
 */
enum doc_tone { DOC_PLAIN, DOC_GOOD, DOC_BAD, DOC_DOUBT };
enum doc_tone doc_tone_of(const char *verdict);

#endif
