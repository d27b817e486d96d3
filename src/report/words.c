/* Text as people read it: UTF-8, made safe, measured, broken into lines. */
#include <string.h>
#include <wchar.h>

#include "report/report-internal.h"

/* The column that the text behind the last line feed of `out` has reached. */
static size_t column(const struct buf *out, size_t start)
{
	size_t i = out->len;

	while (i > start && out->data[i - 1] != '\n')
		i--;
	return text_width(out->data + i, out->len - i);
}

void text_add_safe(struct buf *out, const char *s, bool lines)
{
	size_t start = out->len, len = strlen(s);

	while (len) {
		size_t n = 1;

		if (*s == '\n')
			buf_adds(out, lines ? "\n" : "\\n");
		else if (*s == '\t' && lines)
			buf_addf(out, "%*s", 8 - (int)(column(out, start) % 8), "");
		else if (*s == '\t')
			buf_adds(out, "\\t");
		else
			n = buf_add_shown(out, s, len);
		s += n;
		len -= n;
	}
}

void text_styled_line(FILE *out, enum term_style style, const char *s)
{
	CLEANUP_BUF struct buf line = BUF_INIT;

	buf_adds(&line, term_sequence(style));
	text_add_safe(&line, s, false);
	buf_adds(&line, style == TERM_PLAIN ? "\n" : term_reset);
	if (style != TERM_PLAIN)
		buf_adds(&line, "\n");
	term_styled(out, line.data);
}

/* What one character takes; those that the C library does not know are as wide as most. */
static size_t code_width(uint32_t code)
{
	int w = code < 0x7f ? 1 : wcwidth((wchar_t)code);

	return w < 0 ? 1 : (size_t)w;
}

size_t text_width(const char *s, size_t len)
{
	size_t width = 0;

	while (len) {
		uint32_t code = '?';
		size_t n = utf8_decode(s, len, &code);

		width += code_width(code);
		n = n ? n : 1;
		s += n;
		len -= n;
	}
	return width;
}

/* Bytes of a word (without spaces) that fit into `width` columns, at least one character. It is
 * cut behind punctuation if that leaves at least half a line. */
static size_t cut_word(const char *s, size_t len, size_t width)
{
	size_t used = 0, fits = 0, nice = 0, nice_used = 0;

	while (fits < len) {
		uint32_t code = '?';
		size_t n = utf8_decode(s + fits, len - fits, &code);
		size_t w = code_width(code);

		if (fits && used + w > width)
			return nice_used * 2 >= width ? nice : fits;
		used += w;
		fits += n ? n : 1;
		if (code < 0x80 && strchr("/_-.,:;=&|)]}", (int)code)) {
			nice = fits;
			nice_used = used;
		}
	}
	return fits;
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
				/* Leading space is part of the word that does not fit. */
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
