/* Text for people: UTF-8, made safe, measured, broken into lines. */
#include <string.h>
#include <wchar.h>

#include "report/report-internal.h"

void text_add_safe(struct buf *out, const char *s, bool lines)
{
	size_t start = out->len, len = strlen(s);

	while (len) {
		size_t n = 1;

		if (*s == '\n' && lines) {
			buf_adds(out, "\n");
			start = out->len;
		} else if (*s == '\t' && lines) {
			size_t column =
				out->len ? text_width(out->data + start, out->len - start) : 0;

			buf_addf(out, "%*s", 8 - (int)(column % 8), "");
		} else if (*s == '\n' || *s == '\t') {
			buf_adds(out, *s == '\n' ? "\\n" : "\\t");
		} else {
			n = buf_add_shown(out, s, len);
		}
		s += n;
		len -= n;
	}
}

char *text_safe(const char *s, bool lines)
{
	struct buf b = BUF_INIT;

	text_add_safe(&b, s, lines);
	return buf_steal(&b);
}

void text_styled_line(FILE *out, enum term_style style, const char *s)
{
	CLEANUP_FREE char *safe = text_safe(s, false);
	CLEANUP_FREE char *line = xasprintf(
		"%s%s%s\n", term_sequence(style), safe, style == TERM_PLAIN ? "" : term_reset);

	term_styled(out, line);
}

/* Characters unknown to the C library are assumed to have the usual width. */
static size_t code_width(uint32_t code)
{
	int w = code < 0x7f ? 1 : wcwidth((wchar_t)code);

	return w < 0 ? 1 : (size_t)w;
}

size_t text_width(const char *s, size_t len)
{
	size_t width = 0;

	for (const char *end = s + len; s < end;)
		width += code_width(utf8_next(&s, end));
	return width;
}

size_t text_fit(const char *s, size_t len, size_t width)
{
	const char *p = s;

	for (size_t used = 0; p < s + len;) {
		const char *next = p;

		used += code_width(utf8_next(&next, s + len));
		if (used > width)
			break;
		p = next;
	}
	return (size_t)(p - s);
}

/* Bytes of a word that go on a line of `width` columns: at least one character, ending after the
 * last punctuation if that fills at least half the line. */
static size_t cut_word(const char *s, size_t len, size_t width)
{
	size_t fits = text_fit(s, len, width), nice;
	const char *next = s;

	if (!fits) {
		utf8_next(&next, s + len);
		fits = (size_t)(next - s);
	}
	if (fits == len)
		return len;
	for (nice = fits; nice && !strchr("/_-.,:;=&|)]}", s[nice - 1]);)
		nice--;
	return text_width(s, nice) * 2 >= width ? nice : fits;
}

size_t text_line(const char *s, size_t width, bool break_words, size_t *next)
{
	size_t at = 0, end = 0;

	width = width ? width : 1;
	for (;;) {
		size_t gap = strspn(s + at, " "), word = strcspn(s + at + gap, " ");

		if (!word)
			break;
		if (text_width(s, at + gap + word) > width) {
			if (!end && break_words) {
				/* Leading space belongs to the word that does not fit. */
				end = cut_word(s, gap + word, width);
				*next = end;
				return end;
			}
			if (end)
				break;
		}
		at += gap + word;
		end = at;
	}
	*next = end + strspn(s + end, " ");
	return end;
}
