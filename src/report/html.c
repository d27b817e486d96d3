/* Writes a document as one self-contained page. */
#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/embed.h"
#include "base/file.h"
#include "report/report-internal.h"

EMBED(page_css, "src/report/page.css");
EMBED(page_js, "src/report/page.js");

/* Longer listings are collapsed. */
#define FOLD_LINES 16
/* Cells of up to this many columns are not wrapped. */
#define SHORT_CELL 28
/* A table with at most this many columns, and no long text, is not stretched to the page. */
#define FEW_COLUMNS 3
/* More columns do not fit on a phone. */
#define NARROW_COLUMNS 4
/* Minimum number of headings for a table of contents. */
#define CONTENTS_FROM 3

void html_add_text(struct buf *out, const char *s, bool lines)
{
	CLEANUP_FREE char *safe = text_safe(s, lines);

	for (const char *p = safe; *p;) {
		size_t n = strcspn(p, "&<>\"");

		buf_add(out, p, n);
		p += n;
		if (*p)
			buf_adds(out, *p == '&'   ? "&amp;"
				      : *p == '<' ? "&lt;"
				      : *p == '>' ? "&gt;"
						  : "&quot;");
		p += *p != '\0';
	}
}

void html_addf(struct buf *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	while (*fmt) {
		size_t n = strcspn(fmt, "%");

		buf_add(out, fmt, n);
		fmt += n;
		if (!strncmp(fmt, "%s", 2))
			html_add_text(out, va_arg(ap, const char *), false);
		else if (!strncmp(fmt, "%zu", 3))
			buf_addf(out, "%zu", va_arg(ap, size_t));
		else if (*fmt)
			bug("html_addf() does not know '%s'", fmt);
		fmt += !*fmt ? 0 : fmt[1] == 'z' ? 3 : 2;
	}
	va_end(ap);
}

/* A script or style as a content security policy names it: the SHA-256 of its bytes. */
static void add_hash(struct buf *out, const char *start, const char *end)
{
	unsigned char raw[SHA256_DIGEST_LENGTH], text[4 * (SHA256_DIGEST_LENGTH / 3 + 1) + 1];

	SHA256((const unsigned char *)start, (size_t)(end - start), raw);
	EVP_EncodeBlock(text, raw, sizeof(raw));
	buf_addf(out, "'sha256-%s'", text);
}

static void add_head(struct buf *out, const char *title)
{
	buf_adds(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		      "<meta name=\"color-scheme\" content=\"light dark\">\n"
		      "<meta name=\"referrer\" content=\"no-referrer\">\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		      "base-uri 'none'; form-action 'none'; style-src ");
	add_hash(out, page_css, page_css_end);
	buf_adds(out, "; script-src ");
	add_hash(out, page_js, page_js_end);
	html_addf(out, "\">\n<title>%s</title>\n<style>", title);
	buf_add(out, page_css, (size_t)(page_css_end - page_css));
	buf_adds(out, "</style>\n<script>");
	buf_add(out, page_js, (size_t)(page_js_end - page_js));
	buf_adds(out, "</script>\n</head>\n");
}

/* Appends the letters and digits of `s`, with dashes between words. */
static void add_slug(struct buf *out, const char *s)
{
	size_t start = out->len;

	for (; *s && out->len - start < 60; s++) {
		char c = (char)tolower((unsigned char)*s);

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			buf_add(out, &c, 1);
		else if (out->len > start && out->data[out->len - 1] != '-')
			buf_adds(out, "-");
	}
}

/* The anchor of the heading with this index: its words and, to make it unique, its number. The
 * caller frees it. */
static char *heading_anchor(const struct doc *doc, size_t index)
{
	const char *label = doc->elements[index].label;
	struct buf out = BUF_INIT;
	size_t number = 0;

	for (size_t i = 0; i < index; i++)
		number += doc->elements[i].kind == DOC_HEADING &&
			  !strcmp(doc->elements[i].label, label);
	add_slug(&out, label);
	if (!out.len)
		buf_adds(&out, "section");
	if (number)
		buf_addf(&out, "-%zu", number + 1);
	return buf_steal(&out);
}

/* The anchor of a term; the double dash keeps it distinct from headings. */
static char *term_anchor(const char *name)
{
	struct buf out = BUF_INIT;

	buf_adds(&out, "term--");
	add_slug(&out, name);
	return buf_steal(&out);
}

static bool is_term(const struct doc *doc, const char *name)
{
	for (size_t i = 0; i < doc->n; i++) {
		const struct doc_table *t = &doc->elements[i].table;

		for (size_t r = 0; doc->elements[i].kind == DOC_GLOSSARY && r < t->n_rows; r++) {
			if (!strcmp(t->cells[r * TERM_COLUMNS + TERM_NAME], name))
				return true;
		}
	}
	return false;
}

static void add_contents(struct buf *out, const struct doc *doc)
{
	size_t n = 0;

	for (size_t i = 0; i < doc->n; i++)
		n += doc->elements[i].kind == DOC_HEADING;
	if (n < CONTENTS_FROM)
		return;
	buf_adds(out, "<nav aria-label=\"On this page\"><ol>\n");
	for (size_t i = 0; i < doc->n; i++) {
		CLEANUP_FREE char *anchor = NULL;

		if (doc->elements[i].kind != DOC_HEADING)
			continue;
		anchor = heading_anchor(doc, i);
		html_addf(out, "<li><a href=\"#%s\">%s</a></li>\n", anchor, doc->elements[i].label);
	}
	buf_adds(out, "</ol></nav>\n");
}

static void add_listing(struct buf *out, const struct doc_element *e)
{
	const char *text = e->text ? e->text : "", *label = e->label ? e->label : "Output";
	size_t lines = *text ? 1 : 0;

	for (const char *p = text; *p; p++)
		lines += *p == '\n' && p[1];
	if (lines > FOLD_LINES)
		html_addf(out,
			"<details class=\"listing\"><summary>%s <span class=\"count\">%zu "
			"lines</span></summary>",
			label, lines);
	else
		html_addf(out, "<figure class=\"listing\"><figcaption>%s</figcaption>", label);
	/* HTML drops a line feed directly after the tag, so add one. */
	html_addf(out, "<pre tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n", label);
	html_add_text(out, text, true);
	buf_adds(out, lines > FOLD_LINES ? "</pre></details>\n" : "</pre></figure>\n");
}

/* CSS class of a cell; "nil" cells are hidden in blocks. */
static const char *cell_class(unsigned int flags, const char *s)
{
	if (flags & DOC_VERDICT)
		return "judged";
	if (!s)
		return flags & DOC_RIGHT ? "num nil" : "nil";
	if (flags & DOC_RIGHT)
		return "num";
	if (flags & DOC_WRAP)
		return "wrap";
	return text_width(s, strlen(s)) <= SHORT_CELL ? "short" : "";
}

/* `header`: the cell names the row. In blocks each cell is labelled with its column's title. */
static void add_cell(struct buf *out, const struct doc *doc, const struct doc_table *t, size_t i,
	bool header, bool label)
{
	static const char *const tones[] = {[DOC_PLAIN] = "plain",
		[DOC_GOOD] = "good",
		[DOC_BAD] = "bad",
		[DOC_DOUBT] = "doubt"};
	const struct doc_column *column = &t->columns[i % t->n_columns];
	const char *s = t->cells[i], *class = cell_class(column->flags, s);
	bool term = column->flags & DOC_TERM && s && is_term(doc, s);

	buf_adds(out, header ? "<th scope=\"row\"" : "<td");
	if (*class)
		html_addf(out, " class=\"%s\"", class);
	if (label)
		html_addf(out, " data-label=\"%s\"", column->title);
	buf_adds(out, ">");
	if (column->flags & DOC_VERDICT)
		html_addf(out, "<span class=\"verdict %s\">", tones[t->tones[i]]);
	if (term) {
		CLEANUP_FREE char *anchor = term_anchor(s);

		html_addf(out, "<a href=\"#%s\">", anchor);
	}
	html_add_text(out, s ? s : "-", false);
	if (term)
		buf_adds(out, "</a>");
	if (column->flags & DOC_VERDICT)
		buf_adds(out, "</span>");
	buf_adds(out, header ? "</th>" : "</td>");
}

static void begin_fold(struct buf *out, const struct doc_element *e)
{
	if (e->folded)
		html_addf(out, "<details class=\"listing\"><summary>%s (%zu)</summary>\n",
			e->label ? e->label : "Table", e->table.n_rows);
}

static void add_table(struct buf *out, const struct doc *doc, const struct doc_element *e)
{
	const struct doc_table *t = &e->table;
	/* The first column that is neither a number nor a verdict names the row. */
	size_t named = t->n_columns;
	unsigned int flags = 0;
	bool stacks, few;

	for (size_t c = 0; c < t->n_columns; c++) {
		flags |= t->columns[c].flags;
		if (named == t->n_columns && !(t->columns[c].flags & (DOC_RIGHT | DOC_VERDICT)))
			named = c;
	}
	/* On a phone, tables with verdicts, long text or many columns become blocks; others fit, or
	 * scroll in their frame. A name and a number share a line, however long the name. */
	stacks = !(t->n_columns == 2 && t->columns[1].flags & DOC_RIGHT) &&
		 (flags & (DOC_WRAP | DOC_VERDICT) || t->n_columns > NARROW_COLUMNS);
	few = t->n_columns <= FEW_COLUMNS && !(flags & DOC_WRAP);
	begin_fold(out, e);
	html_addf(out,
		"<div class=\"table %s%s\"><div class=\"frame\" tabindex=\"0\" role=\"region\" "
		"aria-label=\"%s\"><table>",
		stacks ? "stack" : "scroll", few ? " few" : "", e->label ? e->label : "Table");
	if (e->label && !e->folded)
		html_addf(out, "<caption>%s</caption>", e->label);
	buf_adds(out, "<thead><tr>");
	for (size_t c = 0; c < t->n_columns; c++) {
		unsigned int kind = t->columns[c].flags;

		buf_adds(out,
			kind & DOC_RIGHT ? "<th scope=\"col\" class=\"num\"" : "<th scope=\"col\"");
		html_addf(out, " data-kind=\"%s\">%s</th>",
			kind & DOC_VERDICT ? "verdict"
			: kind & DOC_RIGHT ? "number"
					   : "text",
			t->columns[c].title);
	}
	buf_adds(out, "</tr></thead>\n<tbody>\n");
	for (size_t r = 0; r < t->n_rows; r++) {
		buf_adds(out, "<tr>");
		for (size_t c = 0; c < t->n_columns; c++)
			add_cell(out, doc, t, r * t->n_columns + c, c == named, stacks);
		buf_adds(out, "</tr>\n");
	}
	if (!t->n_rows)
		html_addf(out, "<tr class=\"none\"><td colspan=\"%zu\">none</td></tr>\n",
			t->n_columns);
	buf_adds(out, "</tbody></table></div></div>\n");
	buf_adds(out, e->folded ? "</details>\n" : "");
}

/* Empty lines separate paragraphs. */
static void add_paragraphs(struct buf *out, const char *text)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		CLEANUP_FREE char *one = end ? xstrndup(text, (size_t)(end - text)) : xstrdup(text);

		buf_adds(out, "<p>");
		html_add_text(out, one, true);
		buf_adds(out, "</p>\n");
		text += strlen(one);
		text += strspn(text, "\n");
	}
}

/* The texts that terms on the page link to. */
static void add_glossary(struct buf *out, const struct doc_element *e)
{
	begin_fold(out, e);
	if (e->label && !e->folded)
		html_addf(out, "<div class=\"caption\">%s</div>\n", e->label);
	buf_adds(out, "<dl class=\"glossary\">\n");
	for (size_t r = 0; r < e->table.n_rows; r++) {
		char **cells = &e->table.cells[r * TERM_COLUMNS];
		CLEANUP_FREE char *anchor = term_anchor(cells[TERM_NAME]);

		html_addf(out, "<div id=\"%s\"><dt>%s</dt>\n<dd>", anchor, cells[TERM_NAME]);
		for (int c = TERM_TEXT; c <= TERM_MORE; c++)
			add_paragraphs(out, cells[c] ? cells[c] : "");
		buf_adds(out, "</dd></div>\n");
	}
	buf_adds(out, "</dl>\n");
	buf_adds(out, e->folded ? "</details>\n" : "");
}

static size_t add_facts(struct buf *out, const struct doc *doc, size_t i)
{
	buf_adds(out, "<dl class=\"facts\">\n");
	for (; i < doc->n && doc->elements[i].kind == DOC_FACT; i++) {
		html_addf(out, "<div><dt>%s</dt><dd>", doc->elements[i].label);
		html_add_text(out, doc->elements[i].text, true);
		buf_adds(out, "</dd></div>\n");
	}
	buf_adds(out, "</dl>\n");
	return i;
}

static void add_elements(struct buf *out, const struct doc *doc)
{
	for (size_t i = 0; i < doc->n; i++) {
		const struct doc_element *e = &doc->elements[i];

		switch (e->kind) {
		case DOC_FACT:
			i = add_facts(out, doc, i) - 1;
			break;
		case DOC_HEADING: {
			CLEANUP_FREE char *anchor = heading_anchor(doc, i);

			html_addf(out,
				"</section>\n<section aria-labelledby=\"%s\">\n<h2 "
				"id=\"%s\">%s</h2>\n",
				anchor, anchor, e->label);
			break;
		}
		case DOC_TEXT:
			add_paragraphs(out, e->text);
			break;
		case DOC_LISTING:
			add_listing(out, e);
			break;
		case DOC_TABLE:
			add_table(out, doc, e);
			break;
		case DOC_SIDES:
			sides_html(out, e);
			break;
		case DOC_GLOSSARY:
			add_glossary(out, e);
			break;
		case DOC_PICTURE:
			buf_adds(out, "<figure class=\"picture\">");
			buf_adds(out, e->text ? e->text : "");
			if (e->label)
				html_addf(out, "<figcaption>%s</figcaption>", e->label);
			buf_adds(out, "</figure>\n");
		}
	}
}

static void add_page(struct buf *out, const struct doc *doc)
{
	const char *title = doc->title ? doc->title : "solder";

	add_head(out, title);
	html_addf(out,
		"<body>\n<a class=\"skip\" href=\"#content\">Skip to the content</a>\n"
		"<header><h1>%s</h1><div id=\"tools\"></div></header>\n",
		title);
	add_contents(out, doc);
	buf_adds(out, "<main id=\"content\">\n<section>\n");
	add_elements(out, doc);
	buf_adds(out, "</section>\n</main>\n<footer>Made by solder " SOLDER_VERSION ".</footer>\n"
		      "</body>\n</html>\n");
}

void doc_write_html(const struct doc *doc, FILE *out)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	add_page(&text, doc);
	fwrite(text.data, 1, text.len, out);
}

int doc_save_html(const struct doc *doc, const char *path, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	add_page(&text, doc);
	if (file_write(path, text.data, text.len, 0644, err) < 0)
		return err_wrap(err, "writing the report");
	return 0;
}
