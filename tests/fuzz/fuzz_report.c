/* Any bytes as every text of a document: neither writer may let through what steers a terminal or
 * makes markup, and both write valid UTF-8. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/report-internal.h"

static void check(bool holds)
{
	if (!holds)
		abort();
}

static size_t count(const char *s, const char *part)
{
	size_t n = 0;

	for (; (s = strstr(s, part)); s += strlen(part))
		n++;
	return n;
}

static void fill(struct doc *doc, const char *s)
{
	const struct doc_column columns[] = {
		{s, 0}, {s, DOC_VERDICT}, {"n", DOC_RIGHT}, {s, DOC_WRAP}};
	const char *row[] = {s, s, s, s};

	doc_fact(doc, s, s);
	doc_heading(doc, s);
	doc_text(doc, "%s", s);
	doc_listing(doc, s, s);
	doc_table(doc, s, columns, ARRAY_SIZE(columns));
	doc_row(doc, row);
	doc_picture(doc, "<svg></svg>", s, true);
}

static void check_text(const char *s, size_t len)
{
	while (len) {
		uint32_t code;
		size_t n = utf8_decode(s, len, &code);

		check(n > 0);
		check(code == '\n' ||
			(code >= 0x20 && code != 0x7f && (code < 0x80 || code >= 0xa0)));
		check(code != 0x202e && code != 0x200b && code != 0xfeff);
		s += n;
		len -= n;
	}
}

static char *written(const struct doc *doc, bool page, unsigned int width, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (page)
		doc_write_html(doc, out);
	else
		doc_write_text(doc, out, width, false);
	fclose(out);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *s = xstrndup((const char *)data, size < 4096 ? size : 4096);
	CLEANUP_DOC struct doc *doc = doc_new(s), *tame = doc_new("x");
	CLEANUP_FREE char *text = NULL, *page = NULL, *reference = NULL;
	size_t len, lines = 0;

	fill(doc, s);
	fill(tame, "x");
	text = written(doc, false, 20 + (unsigned int)(size % 100), &len);
	check_text(text, len);
	page = written(doc, true, 0, &len);
	reference = written(tame, true, 0, &len);
	check_text(strstr(page, "<body>"), strlen(strstr(page, "<body>")));
	/* As many elements as the same document with a harmless text has: paragraphs and the kind
	 * of listing may differ with the number of lines. */
	for (const char *p = s; *p; p++)
		lines += *p == '\n';
	check(count(page, "<script") == 1 && count(page, "<svg") == 1);
	check(count(page, "<td") == count(reference, "<td"));
	if (!lines && *s)
		check(count(page, "<") == count(reference, "<") &&
			count(page, ">") == count(reference, ">"));
	return 0;
}
