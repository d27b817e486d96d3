/* Any bytes as every text of a document: neither writer may let through what steers a terminal or
 * makes markup, and both write valid UTF-8.
 *
 * Source: src/report/html.c src/report/text.c src/report/words.c
 */
#include "fuzz.h"

#include "report/report-internal.h"

static size_t count(const char *s, const char *part)
{
	size_t n = 0, len = strlen(part);

	/* The sanitizer's strstr() measures all of s at every call. */
	for (const char *end = s + strlen(s); (s = memmem(s, (size_t)(end - s), part, len));
		s += len)
		n++;
	return n;
}

static void fill(struct doc *doc, const char *s)
{
	const struct doc_column columns[] = {
		{s, DOC_TERM}, {s, DOC_VERDICT}, {"n", DOC_RIGHT}, {s, DOC_WRAP}};
	const char *row[] = {s, s, s, s};

	doc_fact(doc, s, s);
	doc_heading(doc, s);
	doc_text(doc, "%s", s);
	doc_listing(doc, s, s);
	/* The same elements whatever the text is: they are counted. */
	for (int two = 0; two < 2; two++) {
		doc_sides(doc, s, s, two ? s : NULL);
		doc_sides_row(doc, &(struct doc_sides_row){s, {s, NULL, s}, {NULL, s, s}, true});
		doc_sides_row(doc, &(struct doc_sides_row){s, {s, NULL, s}, {NULL, s, s}, false});
		doc_sides_note(doc, s);
	}
	doc_table(doc, s, columns, ARRAY_SIZE(columns));
	doc_row(doc, row);
	doc_glossary(doc, s);
	doc_term(doc, s, s, s);
	doc_picture(doc, "<svg></svg>", s, true);
}

static void check_text(const char *s, size_t len)
{
	while (len) {
		uint32_t code;
		size_t n = utf8_decode(s, len, &code);

		fuzz_check(n > 0);
		fuzz_check(code == '\n' ||
			   (code >= 0x20 && code != 0x7f && (code < 0x80 || code >= 0xa0)));
		fuzz_check(code != 0x202e && code != 0x200b && code != 0xfeff);
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

/* How many of a part the same document with a harmless text has. */
static size_t wanted(const char *part)
{
	static char *reference;

	if (!reference) {
		CLEANUP_DOC struct doc *doc = doc_new("x");
		size_t len;

		fill(doc, "x");
		reference = written(doc, true, 0, &len);
	}
	return count(reference, part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *s = xstrndup((const char *)data, size < 4096 ? size : 4096);
	CLEANUP_DOC struct doc *doc = doc_new(s);
	CLEANUP_FREE char *text = NULL, *page = NULL;
	const char *body;
	size_t len;

	fill(doc, s);
	text = written(doc, false, 20 + (unsigned int)(size % 100), &len);
	check_text(text, len);
	page = written(doc, true, 0, &len);
	body = strstr(page, "<body>");
	fuzz_check(body != NULL);
	check_text(body, strlen(body));
	fuzz_check(count(page, "<script") == 1 && count(page, "<svg") == 1);
	fuzz_check(count(page, "<td") == wanted("<td"));
	/* Lines make paragraphs and let listings fold. */
	if (*s && !strchr(s, '\n'))
		fuzz_check(count(page, "<") == wanted("<") && count(page, ">") == wanted(">"));
	return 0;
}
