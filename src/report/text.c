/* A document for a terminal. */
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report/report-internal.h"

/* Narrower, nothing is readable; wider, no line is. */
#define MIN_WIDTH 20
#define MAX_WIDTH 400
/* What is no terminal is read by programs: one line is one row, however long. */
#define UNBROKEN (1u << 20)
/* Values start behind the longest key of their block, but not further to the right than this. */
#define MAX_KEY_WIDTH 24
#define TEXT_INDENT 2

/* Paragraphs and values: words stay whole, so that paths can be copied. `first` columns of the
 * first line are taken already. Lines behind a line feed, which may be a stranger's, never begin
 * where ours do. */
static void flow(FILE *out, const char *s, size_t width, size_t indent, size_t first)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;
	const char *p;

	text_add_safe(&safe, s, true);
	p = safe.data ? safe.data : "";
	while (true) {
		size_t line = strcspn(p, "\n"), next;
		CLEANUP_FREE char *text = xstrndup(p, line);
		const char *t = text;
		size_t room = width > indent + MIN_WIDTH / 2 ? width - indent : MIN_WIDTH / 2;

		do {
			size_t n = text_line(t, room, false, &next);

			fprintf(out, "%*s%.*s\n", n ? (int)(indent - first) : 0, "", (int)n, t);
			first = 0;
			t += next;
		} while (*t);
		if (!p[line])
			break;
		p += line + 1;
		indent = indent ? indent : TEXT_INDENT;
	}
}

static void bold(FILE *out, const char *s, bool colour)
{
	text_styled_line(out, colour ? TERM_BOLD : TERM_PLAIN, s);
}

static void heading(FILE *out, const char *s, size_t width, bool colour)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;
	size_t n;

	bold(out, s, colour);
	text_add_safe(&safe, s, false);
	n = text_width(safe.data ? safe.data : "", safe.len);
	for (size_t i = 0; i < n && i < width; i++)
		fputc('-', out);
	fputc('\n', out);
}

static size_t key_width(const char *key)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;

	text_add_safe(&safe, key, false);
	return text_width(safe.data ? safe.data : "", safe.len);
}

/* The facts from `i` on that stand together; returns the index behind them. */
static size_t facts(const struct doc *doc, size_t i, FILE *out, size_t width)
{
	size_t end = i, keys = 0;

	for (; end < doc->n && doc->elements[end].kind == DOC_FACT; end++) {
		size_t w = key_width(doc->elements[end].label);

		keys = w > keys ? w : keys;
	}
	keys = keys > MAX_KEY_WIDTH ? MAX_KEY_WIDTH : keys;
	for (; i < end; i++) {
		const struct doc_element *e = &doc->elements[i];
		CLEANUP_BUF struct buf key = BUF_INIT;
		size_t w = key_width(e->label);

		text_add_safe(&key, e->label, false);
		fputs(key.data ? key.data : "", out);
		if (w > keys) {
			fputc('\n', out);
			w = 0;
		}
		flow(out, e->text, width, keys + 2, w);
	}
	return end;
}

static void listing(const struct doc_element *e, FILE *out, bool colour)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;
	const char *p;

	if (e->label)
		bold(out, e->label, colour);
	text_add_safe(&safe, e->text ? e->text : "", true);
	for (p = safe.data ? safe.data : ""; *p; p += strspn(p, "\n") ? 1 : 0) {
		size_t n = strcspn(p, "\n");

		fprintf(out, "%*s%.*s\n", n ? 4 : 0, "", (int)n, p);
		p += n;
	}
}

static unsigned int terminal_width(FILE *out)
{
	struct winsize size = {0};
	int fd = term_fd(out);

	if (fd >= 0 && isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return UNBROKEN;
}

/* Is there something to be seen of it on a terminal? */
static bool is_shown(const struct doc_element *e)
{
	for (size_t r = 0; e->kind == DOC_GLOSSARY && r < e->table.n_rows; r++)
		if (e->table.cells[r * TERM_COLUMNS + TERM_TEXT])
			return true;
	return e->kind != DOC_GLOSSARY && (e->kind != DOC_PICTURE || e->alt_on_terminal);
}

/* The terms with a text, as paragraphs. */
static void glossary(const struct doc_element *e, FILE *out, size_t width)
{
	bool begun = false;

	for (size_t r = 0; r < e->table.n_rows; r++) {
		char **cells = &e->table.cells[r * TERM_COLUMNS];
		CLEANUP_FREE char *text = xasprintf(
			"%s: %s", cells[TERM_NAME], cells[TERM_TEXT] ? cells[TERM_TEXT] : "");

		if (!cells[TERM_TEXT])
			continue;
		if (begun)
			fputc('\n', out);
		begun = true;
		flow(out, text, width, 0, 0);
	}
}

static void elements(const struct doc *doc, FILE *out, unsigned int width, bool colour)
{
	for (size_t i = 0; i < doc->n;) {
		const struct doc_element *e = &doc->elements[i];

		if (!is_shown(e)) {
			i++;
			continue;
		}
		/* What stands under a heading follows its rule without a gap. */
		if (i == 0 || e[-1].kind != DOC_HEADING)
			fputc('\n', out);
		if (e->kind == DOC_FACT) {
			i = facts(doc, i, out, width);
			continue;
		}
		if (e->kind == DOC_HEADING)
			heading(out, e->label, width, colour);
		else if (e->kind == DOC_LISTING)
			listing(e, out, colour);
		else if (e->kind == DOC_TABLE)
			text_table(e, out, width, colour);
		else if (e->kind == DOC_SIDES)
			sides_text(e, out, width, colour);
		else if (e->kind == DOC_GLOSSARY)
			glossary(e, out, width);
		else
			flow(out, e->kind == DOC_TEXT ? e->text : e->label, width, 0, 0);
		i++;
	}
}

void doc_write_text(const struct doc *doc, FILE *out, unsigned int width, bool colour)
{
	/* Widths of characters are those of Unicode, whatever the locale of the process. */
	locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL), old = NULL;

	if (unicode)
		old = uselocale(unicode);
	if (!width)
		width = terminal_width(out);
	if (width != UNBROKEN)
		width = width < MIN_WIDTH ? MIN_WIDTH : width > MAX_WIDTH ? MAX_WIDTH : width;
	bold(out, doc->title, colour);
	elements(doc, out, width, colour);
	if (unicode) {
		uselocale(old);
		freelocale(unicode);
	}
}
