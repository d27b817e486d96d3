/* Writes a document to a terminal. */
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report/report-internal.h"

/* Narrower is unreadable, and so are wider lines. */
#define MIN_WIDTH 20
#define MAX_WIDTH 400
/* If not a terminal, output is for programs: one line per row, however long. */
#define UNBROKEN (1u << 20)
/* Values are aligned after the longest key of their block, up to this width. */
#define MAX_KEY_WIDTH 24
#define TEXT_INDENT 2

/* Wraps paragraphs and values, keeping words whole so that paths can be copied. `first` columns of
 * the first line are already used. Text after a line feed, possibly untrusted, never starts in the
 * column of our own lines. */
static void flow(FILE *out, const char *s, size_t width, size_t indent, size_t first)
{
	CLEANUP_FREE char *safe = text_safe(s, true);

	for (char *p = safe, *end; p; p = end) {
		size_t room = width > indent + MIN_WIDTH / 2 ? width - indent : MIN_WIDTH / 2, next;

		end = strchr(p, '\n');
		if (end)
			*end++ = '\0';
		do {
			size_t n = text_line(p, room, false, &next);

			fprintf(out, "%*s%.*s\n", n ? (int)(indent - first) : 0, "", (int)n, p);
			first = 0;
			p += next;
		} while (*p);
		indent = indent ? indent : TEXT_INDENT;
	}
}

/* Writes the run of facts starting at `i`; returns the index after it. */
static size_t write_facts(const struct doc *doc, size_t i, FILE *out, size_t width)
{
	size_t end = i, keys = 0;

	for (; end < doc->n && doc->elements[end].kind == DOC_FACT; end++) {
		CLEANUP_FREE char *key = text_safe(doc->elements[end].label, false);
		size_t w = text_width(key, strlen(key));

		keys = w > keys ? w : keys;
	}
	keys = keys > MAX_KEY_WIDTH ? MAX_KEY_WIDTH : keys;
	for (; i < end; i++) {
		CLEANUP_FREE char *key = text_safe(doc->elements[i].label, false);
		size_t w = text_width(key, strlen(key));

		fprintf(out, "%s%s", key, w > keys ? "\n" : "");
		flow(out, doc->elements[i].text, width, keys + 2, w > keys ? 0 : w);
	}
	return end;
}

static void write_listing(const char *text, FILE *out)
{
	CLEANUP_FREE char *safe = text_safe(text ? text : "", true);

	for (const char *p = safe; *p;) {
		size_t n = strcspn(p, "\n");

		fprintf(out, "%*s%.*s\n", n ? 4 : 0, "", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

/* Prints the terms that have a text, as paragraphs. */
static void write_glossary(const struct doc_element *e, FILE *out, size_t width)
{
	bool begun = false;

	for (size_t r = 0; r < e->table.n_rows; r++) {
		char **cells = &e->table.cells[r * TERM_COLUMNS];
		CLEANUP_FREE char *text = NULL;

		if (!cells[TERM_TEXT])
			continue;
		text = xasprintf("%s: %s", cells[TERM_NAME], cells[TERM_TEXT]);
		if (begun)
			fputc('\n', out);
		begun = true;
		flow(out, text, width, 0, 0);
	}
}

/* False if nothing of it appears on a terminal. */
static bool is_shown(const struct doc_element *e)
{
	for (size_t r = 0; e->kind == DOC_GLOSSARY && r < e->table.n_rows; r++)
		if (e->table.cells[r * TERM_COLUMNS + TERM_TEXT])
			return true;
	return e->kind != DOC_GLOSSARY && (e->kind != DOC_PICTURE || e->alt_on_terminal);
}

static void write_elements(const struct doc *doc, FILE *out, unsigned int width, bool colour)
{
	enum term_style bold = colour ? TERM_BOLD : TERM_PLAIN;

	if (doc->title)
		text_styled_line(out, bold, doc->title);
	for (size_t i = 0; i < doc->n; i++) {
		const struct doc_element *e = &doc->elements[i];

		if (!is_shown(e))
			continue;
		/* No gap between a heading's rule and what follows. */
		if (i ? e[-1].kind != DOC_HEADING : doc->title != NULL)
			fputc('\n', out);
		switch (e->kind) {
		case DOC_FACT:
			i = write_facts(doc, i, out, width) - 1;
			break;
		case DOC_HEADING: {
			CLEANUP_FREE char *safe = text_safe(e->label, false);
			size_t n = text_width(safe, strlen(safe));

			text_styled_line(out, bold, e->label);
			for (size_t k = 0; k < n && k < width; k++)
				fputc('-', out);
			fputc('\n', out);
			break;
		}
		case DOC_LISTING:
			if (e->label)
				text_styled_line(out, bold, e->label);
			write_listing(e->text, out);
			break;
		case DOC_TABLE:
			text_table(e, out, width, colour);
			break;
		case DOC_SIDES:
			sides_text(e, out, width, colour);
			break;
		case DOC_GLOSSARY:
			write_glossary(e, out, width);
			break;
		case DOC_TEXT:
			flow(out, e->text, width, 0, 0);
			break;
		case DOC_PICTURE:
			flow(out, e->label, width, 0, 0);
		}
	}
}

void doc_write_text(const struct doc *doc, FILE *out, unsigned int width, bool colour)
{
	/* Use Unicode character widths, whatever the process's locale. */
	locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL), old = NULL;
	struct winsize size = {0};
	int fd = term_fd(out);

	if (unicode)
		old = uselocale(unicode);
	if (!width && fd >= 0 && isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width)
		width = width < MIN_WIDTH ? MIN_WIDTH : width > MAX_WIDTH ? MAX_WIDTH : width;
	write_elements(doc, out, width ? width : UNBROKEN, colour);
	if (unicode) {
		uselocale(old);
		freelocale(unicode);
	}
}
