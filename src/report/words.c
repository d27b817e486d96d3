/* Text as people read it: UTF-8, made safe, measured, broken into lines. */
#include <string.h>
#include <wchar.h>

#include "report/report-internal.h"

size_t utf8_decode(const char *s, size_t len, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (n == 1) {
		*code = p[0];
		return 1;
	}
	if (!n || p[0] > 0xf4 || n > len)
		return 0;
	*code = p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3fu);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return n;
}

/* Characters without a shape of their own that change how others are shown: marks and embeddings
 * of direction, separators of lines, fillers, tags, and code points that are no characters. */
static bool misleading(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {{0x00ad, 0x00ad}, {0x061c, 0x061c}, {0x115f, 0x1160}, {0x17b4, 0x17b5},
		{0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
		{0x3164, 0x3164}, {0xfdd0, 0xfdef}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0},
		{0xfff0, 0xfffb}, {0xe0000, 0xe0fff}};

	if ((code & 0xfffe) == 0xfffe)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	}
	return false;
}

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
		uint32_t code = 0;
		size_t n = utf8_decode(s, len, &code);

		if (code == '\n' && n)
			buf_adds(out, lines ? "\n" : "\\n");
		else if (code == '\t' && n && lines)
			buf_addf(out, "%*s", 8 - (int)(column(out, start) % 8), "");
		else if (code == '\t' && n)
			buf_adds(out, "\\t");
		else if (!n || code < 0x20 || (code >= 0x7f && code < 0xa0))
			buf_addf(out, "\\x%02x", n ? (unsigned int)code : (unsigned char)*s);
		else if (code > 0x7f && misleading(code))
			buf_addf(out, "\\u{%04x}", (unsigned int)code);
		else
			buf_add(out, s, n);
		s += n ? n : 1;
		len -= n ? n : 1;
	}
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
