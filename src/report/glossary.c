/* The texts to which words of a page lead. */
#include <string.h>

#include "report/report-internal.h"

/* Headings' anchors have no two dashes in a row. */
static void add_anchor(struct buf *out, const char *name)
{
	buf_adds(out, "term--");
	html_add_slug(out, name);
}

bool glossary_anchor(struct buf *out, const struct doc *doc, const char *name)
{
	for (size_t i = 0; i < doc->n; i++) {
		const struct doc_table *t = &doc->elements[i].table;

		if (doc->elements[i].kind != DOC_GLOSSARY)
			continue;
		for (size_t r = 0; r < t->n_rows; r++) {
			if (strcmp(t->cells[r * TERM_COLUMNS + TERM_NAME], name) != 0)
				continue;
			add_anchor(out, name);
			return true;
		}
	}
	return false;
}

void glossary_html(struct buf *out, const struct doc_element *e)
{
	if (e->label && !e->folded) {
		buf_adds(out, "<div class=\"caption\">");
		html_add_text(out, e->label, false);
		buf_adds(out, "</div>\n");
	}
	buf_adds(out, "<dl class=\"glossary\">\n");
	for (size_t r = 0; r < e->table.n_rows; r++) {
		char **cells = &e->table.cells[r * TERM_COLUMNS];

		buf_adds(out, "<div id=\"");
		add_anchor(out, cells[TERM_NAME]);
		buf_adds(out, "\"><dt>");
		html_add_text(out, cells[TERM_NAME], false);
		buf_adds(out, "</dt>\n<dd>");
		for (int c = TERM_TEXT; c <= TERM_MORE; c++)
			html_add_paragraphs(out, cells[c] ? cells[c] : "");
		buf_adds(out, "</dd></div>\n");
	}
	buf_adds(out, "</dl>\n");
}
