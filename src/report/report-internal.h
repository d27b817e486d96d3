/* The document behind both writers, and what they share about text. */
#ifndef SOLDER_REPORT_INTERNAL_H
#define SOLDER_REPORT_INTERNAL_H

#include <stdint.h>

#include "base/term.h"
#include "report/report.h"

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
	char *text;  /* text, value, listing, svg */
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

/* Appends `s` as buf_add_safe() does; but with `lines`, line feeds stay and tabs become spaces up
 * to the next multiple of 8. */
void text_add_safe(struct buf *out, const char *s, bool lines);

/* Prints `s`, made safe, on a line of its own. */
void text_styled_line(FILE *out, enum term_style style, const char *s);

/* The same as a string of its own. */
char *text_safe(const char *s, bool lines);

/* Columns that the first `len` bytes take on a terminal. They must be safe. */
size_t text_width(const char *s, size_t len);
/* How many of the first `len` bytes fit into `width` columns. */
size_t text_fit(const char *s, size_t len, size_t width);

/* How many bytes of `s` go on a line of `width` columns; *next is where the following line starts.
 * Lines end at spaces; a longer word is broken behind a slash or the like, or anywhere, if
 * `break_words`, and else left whole. Always gets on. */
size_t text_line(const char *s, size_t width, bool break_words, size_t *next);

/* As doc_write_text() does it, for one table. */
void text_table(const struct doc_element *element, FILE *out, unsigned int width, bool colour);

/* Terms are kept as rows of a table with these columns. */
enum term_column { TERM_NAME, TERM_TEXT, TERM_MORE, TERM_COLUMNS };
void glossary_html(struct buf *out, const struct doc_element *element);
/* The address on the page of the glossary's text; false: there is no such term. */
bool glossary_anchor(struct buf *out, const struct doc *doc, const char *name);
/* Appends letters and digits of `s`, with a dash between words. */
void html_add_slug(struct buf *out, const char *s);
/* Appends `text` as paragraphs, which empty lines separate. */
void html_add_paragraphs(struct buf *out, const char *text);

/* Sides are kept as a table with these columns, which are all text. */
enum sides_column {
	SIDES_SAME, /* "" or NULL */
	SIDES_NOTE, /* NULL in rows */
	SIDES_PLACE,
	SIDES_LEFT, /* count, mark, code */
	SIDES_RIGHT = SIDES_LEFT + 3,
	SIDES_COLUMNS = SIDES_RIGHT + 3,
};
void sides_text(const struct doc_element *element, FILE *out, unsigned int width, bool colour);
void sides_html(struct buf *out, const struct doc_element *element);

/* Appends `s`, made safe, as text or as a double-quoted attribute of HTML. */
void html_add_text(struct buf *out, const char *s, bool lines);

/* What the page embeds. */
extern const char page_css[], page_css_end[];
extern const char page_js[], page_js_end[];

#endif
