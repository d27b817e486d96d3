/* A document as one page that needs nothing else. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/report-internal.h"

/* Listings of more lines fold away. */
#define FOLD_LINES 16
/* Cells of up to so many columns are not broken. */
#define SHORT_CELL 28
/* A table of so few columns, without long text, is not stretched over the page. */
#define FEW_COLUMNS 3
/* More do not fit a phone. */
#define NARROW_COLUMNS 4
/* A table of contents is worth its place from so many headings on. */
#define CONTENTS_FROM 3

void html_add_text(struct buf *out, const char *s, bool lines)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;

	text_add_safe(&safe, s, lines);
	for (size_t i = 0; i < safe.len; i++) {
		switch (safe.data[i]) {
		case '&':
			buf_adds(out, "&amp;");
			break;
		case '<':
			buf_adds(out, "&lt;");
			break;
		case '>':
			buf_adds(out, "&gt;");
			break;
		case '"':
			buf_adds(out, "&quot;");
			break;
		default:
			buf_add(out, safe.data + i, 1);
		}
	}
}

/* "<TAG>text</TAG>" */
static void element(struct buf *out, const char *tag, const char *s)
{
	buf_addf(out, "<%s>", tag);
	html_add_text(out, s, false);
	buf_addf(out, "</%s>", tag);
}

/* What a content security policy calls a script or style by: the SHA-256 of its bytes. */
static void add_hash(struct buf *out, const char *start, const char *end)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char hex[SHA256_HEX_SIZE];
	unsigned char raw[33] = {0};

	sha256_hex(start, (size_t)(end - start), hex);
	for (size_t i = 0; i < 32; i++) {
		char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

		raw[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	buf_adds(out, "'sha256-");
	for (size_t i = 0; i < 33; i += 3) {
		unsigned int v =
			(unsigned int)raw[i] << 16 | (unsigned int)raw[i + 1] << 8 | raw[i + 2];
		char four[5] = {digits[v >> 18], digits[v >> 12 & 63], digits[v >> 6 & 63],
			i == 30 ? '=' : digits[v & 63], '\0'};

		buf_adds(out, four);
	}
	buf_adds(out, "'");
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
	buf_adds(out, "\">\n");
	element(out, "title", title);
	buf_adds(out, "\n<style>");
	buf_add(out, page_css, (size_t)(page_css_end - page_css));
	buf_adds(out, "</style>\n<script>");
	buf_add(out, page_js, (size_t)(page_js_end - page_js));
	buf_adds(out, "</script>\n</head>\n");
}

void html_add_slug(struct buf *out, const char *s)
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

/* The anchor of the heading with this index: its words, and its number, which makes it unique. */
static void add_anchor(struct buf *out, const struct doc *doc, size_t index)
{
	size_t start = out->len, number = 0;

	for (size_t i = 0; i < index; i++)
		number += doc->elements[i].kind == DOC_HEADING &&
			  !strcmp(doc->elements[i].label, doc->elements[index].label);
	html_add_slug(out, doc->elements[index].label);
	if (out->len == start)
		buf_adds(out, "section");
	if (number || out->len == start)
		buf_addf(out, "-%zu", number + 1);
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
		if (doc->elements[i].kind != DOC_HEADING)
			continue;
		buf_adds(out, "<li><a href=\"#");
		add_anchor(out, doc, i);
		buf_adds(out, "\">");
		html_add_text(out, doc->elements[i].label, false);
		buf_adds(out, "</a></li>\n");
	}
	buf_adds(out, "</ol></nav>\n");
}

static void add_listing(struct buf *out, const struct doc_element *e)
{
	const char *text = e->text ? e->text : "", *label = e->label ? e->label : "Output";
	size_t lines = *text ? 1 : 0;

	for (const char *p = text; *p; p++)
		lines += *p == '\n' && p[1];
	if (lines > FOLD_LINES) {
		buf_adds(out, "<details class=\"listing\"><summary>");
		html_add_text(out, label, false);
		buf_addf(out, " <span class=\"count\">%zu lines</span></summary>", lines);
	} else {
		buf_adds(out, "<figure class=\"listing\"><figcaption>");
		html_add_text(out, label, false);
		buf_adds(out, "</figcaption>");
	}
	buf_adds(out, "<pre tabindex=\"0\" role=\"region\" aria-label=\"");
	html_add_text(out, label, false);
	/* A line feed right behind the tag would be dropped. */
	buf_adds(out, "\">\n");
	html_add_text(out, text, true);
	buf_adds(out, lines > FOLD_LINES ? "</pre></details>\n" : "</pre></figure>\n");
}

static const char *tone_name(enum doc_tone tone)
{
	static const char *const names[] = {[DOC_PLAIN] = "plain",
		[DOC_GOOD] = "good",
		[DOC_BAD] = "bad",
		[DOC_DOUBT] = "doubt"};

	return names[tone];
}

/* How a cell is laid out; "nil" ones are left out of blocks. */
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

/* The column that names the row: the first of words. */
static size_t title_column(const struct doc_table *t)
{
	size_t c = 0;

	while (c < t->n_columns && (t->columns[c].flags & (DOC_RIGHT | DOC_VERDICT)))
		c++;
	return c;
}

static void add_cell(struct buf *out, const struct doc *doc, const struct doc_table *t, size_t r,
	size_t c, bool label)
{
	const char *s = t->cells[r * t->n_columns + c];
	unsigned int flags = t->columns[c].flags;
	bool header = c == title_column(t);
	const char *class = cell_class(flags, s);
	CLEANUP_BUF struct buf anchor = BUF_INIT;
	bool term = flags & DOC_TERM && s && glossary_anchor(&anchor, doc, s);

	buf_adds(out, header ? "<th scope=\"row\"" : "<td");
	if (*class)
		buf_addf(out, " class=\"%s\"", class);
	if (label) {
		buf_adds(out, " data-label=\"");
		html_add_text(out, t->columns[c].title, false);
		buf_adds(out, "\"");
	}
	buf_adds(out, ">");
	if (flags & DOC_VERDICT)
		buf_addf(out, "<span class=\"verdict %s\">",
			tone_name(t->tones[r * t->n_columns + c]));
	if (term)
		buf_addf(out, "<a href=\"#%s\">", anchor.data);
	html_add_text(out, s ? s : "-", false);
	if (term)
		buf_adds(out, "</a>");
	if (flags & DOC_VERDICT)
		buf_adds(out, "</span>");
	buf_adds(out, header ? "</th>" : "</td>");
}

static bool has_column(const struct doc_table *t, unsigned int flags)
{
	for (size_t c = 0; c < t->n_columns; c++) {
		if (t->columns[c].flags & flags)
			return true;
	}
	return false;
}

/* Tables with verdicts, long text or many columns become blocks on a phone; others have room, or
 * scroll in their frame. */
static bool stacks(const struct doc_table *t)
{
	/* A name and a number share a line, however long the name. */
	if (t->n_columns == 2 && t->columns[1].flags & DOC_RIGHT)
		return false;
	return has_column(t, DOC_WRAP | DOC_VERDICT) || t->n_columns > NARROW_COLUMNS;
}

static const char *table_class(const struct doc_table *t)
{
	bool few = t->n_columns <= FEW_COLUMNS && !has_column(t, DOC_WRAP);

	if (stacks(t))
		return few ? "stack few" : "stack";
	return few ? "scroll few" : "scroll";
}

static void add_columns(struct buf *out, const struct doc_table *t)
{
	buf_adds(out, "<thead><tr>");
	for (size_t c = 0; c < t->n_columns; c++) {
		unsigned int flags = t->columns[c].flags;

		buf_addf(out, "<th scope=\"col\"%s data-kind=\"%s\">",
			flags & DOC_RIGHT ? " class=\"num\"" : "",
			flags & DOC_VERDICT ? "verdict"
			: flags & DOC_RIGHT ? "number"
					    : "text");
		html_add_text(out, t->columns[c].title, false);
		buf_adds(out, "</th>");
	}
	buf_adds(out, "</tr></thead>\n");
}

static void begin_fold(struct buf *out, const struct doc_element *e)
{
	if (!e->folded)
		return;
	buf_adds(out, "<details class=\"listing\"><summary>");
	html_add_text(out, e->label ? e->label : "Table", false);
	buf_addf(out, " (%zu)</summary>\n", e->table.n_rows);
}

static void add_table(struct buf *out, const struct doc *doc, const struct doc_element *e)
{
	const struct doc_table *t = &e->table;
	const char *class = table_class(t);

	begin_fold(out, e);
	buf_addf(out,
		"<div class=\"table %s\"><div class=\"frame\" tabindex=\"0\" role=\"region\" "
		"aria-label=\"",
		class);
	html_add_text(out, e->label ? e->label : "Table", false);
	buf_adds(out, "\"><table>");
	if (e->label && !e->folded)
		element(out, "caption", e->label);
	add_columns(out, t);
	buf_adds(out, "<tbody>\n");
	for (size_t r = 0; r < t->n_rows; r++) {
		buf_adds(out, "<tr>");
		for (size_t c = 0; c < t->n_columns; c++)
			add_cell(out, doc, t, r, c, stacks(t));
		buf_adds(out, "</tr>\n");
	}
	if (!t->n_rows)
		buf_addf(out, "<tr class=\"none\"><td colspan=\"%zu\">none</td></tr>\n",
			t->n_columns);
	buf_adds(out, "</tbody></table></div></div>\n");
	if (e->folded)
		buf_adds(out, "</details>\n");
}

static void add_picture(struct buf *out, const struct doc_element *e)
{
	buf_adds(out, "<figure class=\"picture\">");
	buf_adds(out, e->text ? e->text : "");
	if (e->label)
		element(out, "figcaption", e->label);
	buf_adds(out, "</figure>\n");
}

void html_add_paragraphs(struct buf *out, const char *text)
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

static size_t add_facts(struct buf *out, const struct doc *doc, size_t i)
{
	buf_adds(out, "<dl class=\"facts\">\n");
	for (; i < doc->n && doc->elements[i].kind == DOC_FACT; i++) {
		buf_adds(out, "<div>");
		element(out, "dt", doc->elements[i].label);
		buf_adds(out, "<dd>");
		html_add_text(out, doc->elements[i].text, true);
		buf_adds(out, "</dd>");
		buf_adds(out, "</div>\n");
	}
	buf_adds(out, "</dl>\n");
	return i;
}

static void add_body(struct buf *out, const struct doc *doc)
{
	buf_adds(out, "<section>\n");
	for (size_t i = 0; i < doc->n;) {
		const struct doc_element *e = &doc->elements[i];

		if (e->kind == DOC_FACT) {
			i = add_facts(out, doc, i);
			continue;
		}
		if (e->kind == DOC_HEADING) {
			buf_adds(out, "</section>\n<section aria-labelledby=\"");
			add_anchor(out, doc, i);
			buf_adds(out, "\">\n<h2 id=\"");
			add_anchor(out, doc, i);
			buf_adds(out, "\">");
			html_add_text(out, e->label, false);
			buf_adds(out, "</h2>\n");
		} else if (e->kind == DOC_TEXT) {
			html_add_paragraphs(out, e->text);
		} else if (e->kind == DOC_LISTING) {
			add_listing(out, e);
		} else if (e->kind == DOC_TABLE) {
			add_table(out, doc, e);
		} else if (e->kind == DOC_SIDES) {
			sides_html(out, e);
		} else if (e->kind == DOC_GLOSSARY) {
			begin_fold(out, e);
			glossary_html(out, e);
			buf_adds(out, e->folded ? "</details>\n" : "");
		} else {
			add_picture(out, e);
		}
		i++;
	}
	buf_adds(out, "</section>\n");
}

static void page(struct buf *out, const struct doc *doc)
{
	add_head(out, doc->title);
	buf_adds(out, "<body>\n<a class=\"skip\" href=\"#content\">Skip to the content</a>\n"
		      "<header>");
	element(out, "h1", doc->title);
	buf_adds(out, "<div id=\"tools\"></div></header>\n");
	add_contents(out, doc);
	buf_adds(out, "<main id=\"content\">\n");
	add_body(out, doc);
	buf_adds(out, "</main>\n<footer>Made by solder " SOLDER_VERSION ".</footer>\n"
		      "</body>\n</html>\n");
}

void doc_write_html(const struct doc *doc, FILE *out)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	page(&text, doc);
	fwrite(text.data, 1, text.len, out);
}

int doc_save_html(const struct doc *doc, const char *path, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	page(&text, doc);
	if (file_write(path, text.data, text.len, 0644, err) < 0)
		return err_wrap(err, "writing the report");
	return 0;
}
