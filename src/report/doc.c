/* Documents in memory. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report/report-internal.h"

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

struct doc *doc_new(const char *title)
{
	struct doc *doc = xcalloc(1, sizeof(*doc));

	doc->title = copy(title);
	return doc;
}

void doc_free(struct doc *doc)
{
	if (!doc)
		return;
	for (size_t i = 0; i < doc->n; i++) {
		struct doc_element *e = &doc->elements[i];
		struct doc_table *t = &e->table;

		free(e->label);
		free(e->text);
		for (size_t c = 0; c < t->n_columns; c++)
			free((char *)t->columns[c].title);
		for (size_t c = 0; c < t->n_columns * t->n_rows; c++)
			free(t->cells[c]);
		free(t->columns);
		free(t->cells);
		free(t->tones);
	}
	free(doc->elements);
	free(doc->title);
	free(doc);
}

void cleanup_doc(struct doc **doc)
{
	doc_free(*doc);
}

static struct doc_element *add_element(
	struct doc *doc, enum doc_kind kind, const char *label, const char *text)
{
	struct doc_element *e = ARRAY_ADD(doc->elements, doc->n);

	*e = (struct doc_element){.kind = kind, .label = copy(label), .text = copy(text)};
	return e;
}

void doc_heading(struct doc *doc, const char *text)
{
	add_element(doc, DOC_HEADING, text, NULL);
}

void doc_text(struct doc *doc, const char *fmt, ...)
{
	struct doc_element *e = add_element(doc, DOC_TEXT, NULL, NULL);
	va_list ap;

	va_start(ap, fmt);
	e->text = xvasprintf(fmt, ap);
	va_end(ap);
}

void doc_fact(struct doc *doc, const char *key, const char *value)
{
	add_element(doc, DOC_FACT, key, value ? value : "-");
}

void doc_factf(struct doc *doc, const char *key, const char *fmt, ...)
{
	struct doc_element *e = add_element(doc, DOC_FACT, key, NULL);
	va_list ap;

	va_start(ap, fmt);
	e->text = xvasprintf(fmt, ap);
	va_end(ap);
}

void doc_listing(struct doc *doc, const char *label, const char *text)
{
	add_element(doc, DOC_LISTING, label, text);
}

void doc_picture(struct doc *doc, const char *svg, const char *alt, bool alt_on_terminal)
{
	add_element(doc, DOC_PICTURE, alt, svg)->alt_on_terminal = alt_on_terminal;
}

static void add_table(struct doc_element *e, const struct doc_column *columns, size_t n)
{
	e->table.columns = xcalloc(n, sizeof(*columns));
	e->table.n_columns = n;
	for (size_t i = 0; i < n; i++)
		e->table.columns[i] = (struct doc_column){
			xstrdup(columns[i].title ? columns[i].title : ""), columns[i].flags};
}

/* The last element's table; the element must be of this kind. */
static struct doc_table *last_table(struct doc *doc, enum doc_kind kind)
{
	if (!doc->n || doc->elements[doc->n - 1].kind != kind)
		bug("a row outside of its table");
	return &doc->elements[doc->n - 1].table;
}

static void add_row(struct doc_table *t, const char *const *cells)
{
	if (t->n_rows == t->cap_rows) {
		t->cap_rows = t->cap_rows ? t->cap_rows * 2 : 16;
		t->cells = xreallocarray(t->cells, t->cap_rows, t->n_columns * sizeof(*t->cells));
		t->tones = xreallocarray(t->tones, t->cap_rows, t->n_columns * sizeof(*t->tones));
	}
	for (size_t c = 0, i = t->n_rows * t->n_columns; c < t->n_columns; c++, i++) {
		t->cells[i] = copy(cells[c]);
		t->tones[i] = DOC_PLAIN;
	}
	t->n_rows++;
}

void doc_table(struct doc *doc, const char *caption, const struct doc_column *columns, size_t n)
{
	if (!n)
		bug("a table without columns");
	add_table(add_element(doc, DOC_TABLE, caption, NULL), columns, n);
}

void doc_row(struct doc *doc, const char *const *cells)
{
	add_row(last_table(doc, DOC_TABLE), cells);
}

void doc_cell_tone(struct doc *doc, size_t column, enum doc_tone tone)
{
	const struct doc_table *t = last_table(doc, DOC_TABLE);

	if (!t->n_rows || column >= t->n_columns)
		bug("a tone without a cell");
	t->tones[(t->n_rows - 1) * t->n_columns + column] = tone;
}

void doc_sides(struct doc *doc, const char *label, const char *left, const char *right)
{
	const struct doc_column columns[SIDES_COLUMNS] = {
		[SIDES_LEFT] = {left, 0}, [SIDES_RIGHT] = {right, 0}};

	add_table(
		add_element(doc, DOC_SIDES, label, right ? "two" : "one"), columns, SIDES_COLUMNS);
}

void doc_sides_row(struct doc *doc, const struct doc_sides_row *row)
{
	const char *cells[SIDES_COLUMNS] = {[SIDES_SAME] = row->same ? "" : NULL,
		[SIDES_PLACE] = row->place,
		[SIDES_LEFT] = row->left.count,
		row->left.mark,
		row->left.code,
		[SIDES_RIGHT] = row->right.count,
		row->right.mark,
		row->right.code};

	add_row(last_table(doc, DOC_SIDES), cells);
}

void doc_sides_note(struct doc *doc, const char *text)
{
	const char *cells[SIDES_COLUMNS] = {[SIDES_NOTE] = text};

	add_row(last_table(doc, DOC_SIDES), cells);
}

void doc_glossary(struct doc *doc, const char *caption)
{
	static const struct doc_column columns[TERM_COLUMNS];

	add_table(add_element(doc, DOC_GLOSSARY, caption, NULL), columns, TERM_COLUMNS);
}

void doc_term(struct doc *doc, const char *name, const char *text, const char *more)
{
	add_row(last_table(doc, DOC_GLOSSARY), (const char *[TERM_COLUMNS]){name, text, more});
}

void doc_fold(struct doc *doc)
{
	enum doc_kind kind = doc->n ? doc->elements[doc->n - 1].kind : DOC_TEXT;

	if (kind != DOC_TABLE && kind != DOC_GLOSSARY)
		bug("only a table or a glossary can be folded");
	doc->elements[doc->n - 1].folded = true;
}
