/* Documents: what both writers do with hostile, empty, wide and many things. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "report/report-internal.h"

static const struct doc_column verdicts[] = {
	{"rule", 0}, {"verdict", DOC_VERDICT}, {"count", DOC_RIGHT}, {"what", DOC_WRAP}};

static char *text_of(const struct doc *doc, unsigned int width, bool colour)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	doc_write_text(doc, out, width, colour);
	fclose(out);
	assert_int_equal(strlen(text), len);
	return text;
}

static char *page_of(const struct doc *doc)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	doc_write_html(doc, out);
	fclose(out);
	assert_int_equal(strlen(text), len);
	return text;
}

/* The page behind its head, which holds style and script. */
static const char *body_of(const char *page)
{
	const char *body = strstr(page, "<body>");

	assert_non_null(body);
	return body;
}

static size_t count(const char *s, const char *part)
{
	size_t n = 0, len = strlen(part);

	/* The sanitizer's strstr() measures all of s at every call. */
	for (const char *end = s + strlen(s); (s = memmem(s, (size_t)(end - s), part, len));
		s += len)
		n++;
	return n;
}

/* Where there is no terminal a row is a line, and words stay whole. */
static void test_unbroken(void **state)
{
	CLEANUP_DOC struct doc *doc = doc_new("solder check: python3.13");
	char words[2001], where[501];
	const char *const cells[] = {where, "pass", "1", words};
	CLEANUP_FREE char *text = NULL, *row = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(words) - 1; i++)
		words[i] = i % 10 == 9 && i + 2 < sizeof(words) ? ' ' : 'w';
	words[sizeof(words) - 1] = '\0';
	memset(where, 'x', sizeof(where) - 1);
	where[sizeof(where) - 1] = '\0';
	doc_text(doc, "%s", words);
	doc_table(doc, "All", verdicts, 4);
	doc_row(doc, cells);
	text = text_of(doc, 0, false);
	row = xasprintf("\n%s  pass         1  %s\n", where, words);
	if (!strstr(text, row))
		fail_msg("%s", text);
	assert_int_equal(count(text, words), 2);
}

static void test_text(void **state)
{
	CLEANUP_DOC struct doc *doc = doc_new("solder check: python3.13");
	const char *rows[][4] = {{"E01", "pass", "1,591", "nothing"}, {"E02", "fail", NULL, NULL}};
	CLEANUP_FREE char *text = NULL;

	(void)state;
	doc_fact(doc, "prefix", "/opt/python");
	doc_fact(doc, "link mode", NULL);
	doc_heading(doc, "Rules");
	doc_text(doc, "%d of %d hold.", 1, 2);
	doc_table(doc, "All", verdicts, 4);
	doc_row(doc, rows[0]);
	doc_row(doc, rows[1]);
	doc_picture(doc, "<svg></svg>", "unseen", false);
	doc_picture(doc, "<svg></svg>", "A picture of it.", true);
	doc_listing(doc, "output", "a\n\n\tb");
	text = text_of(doc, 80, false);
	assert_string_equal(text, "solder check: python3.13\n"
				  "\n"
				  "prefix     /opt/python\n"
				  "link mode  -\n"
				  "\n"
				  "Rules\n"
				  "-----\n"
				  "1 of 2 hold.\n"
				  "\n"
				  "All\n"
				  "rule  verdict  count  what\n"
				  "E01   pass     1,591  nothing\n"
				  "E02   fail         -  -\n"
				  "\n"
				  "A picture of it.\n"
				  "\n"
				  "output\n"
				  "    a\n"
				  "\n"
				  "            b\n");
}

static struct doc *sides_of(const char *right)
{
	struct doc *doc = doc_new("t");
	const struct doc_sides_row rows[] = {{"12", {"1,000", NULL, "testq %rsi, %rsi"},
						     {"1,000", NULL, "testq %rbx, %rbx"}, true},
		{NULL, {"1,000", "tls le", "movq %fs:-8, %rax"},
			{"7", "tls gd", "leaq 1(%rip), %rdi"}, false},
		{"9", {NULL, NULL, NULL}, {"7", "tls gd", "callq <__tls_get_addr>@plt"}, false},
		{NULL, {"2", NULL, "\033[1mretq"}, {NULL, NULL, NULL}, false}};

	doc_sides(doc, "f, hot", "A: f", right);
	doc_sides_note(doc, "f.c");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		doc_sides_row(doc, &rows[i]);
	doc_sides_note(doc, "… 3 instructions not shown");
	return doc;
}

static void test_sides(void **state)
{
	CLEANUP_DOC struct doc *two = sides_of("B: f"), *one = sides_of(NULL);
	CLEANUP_FREE char *wide = text_of(two, 80, false), *narrow = text_of(two, 44, false);
	CLEANUP_FREE char *alone = text_of(one, 80, false), *tight = text_of(two, 70, false);

	(void)state;
	assert_string_equal(wide, "t\n\n"
				  "f, hot\n"
				  "   A: f                                    B: f\n"
				  "f.c\n"
				  "12 1,000        testq %rsi, %rsi           1,000        testq "
				  "%rbx, %rbx\n"
				  "   1,000 tls le movq %fs:-8, %rax        |     7 tls gd leaq "
				  "1(%rip), %rdi\n"
				  " 9                                       >     7 tls gd callq "
				  "<__tls_get_addr>@…\n"
				  "       2        \\x1b[1mretq              <\n"
				  "… 3 instructions not shown\n");
	assert_non_null(strstr(tight, ">     7 tls gd callq <__tls_get_a…\n"));
	assert_non_null(strstr(narrow, "A 12 1,000        testq %rsi, %rsi\n"
				       "B 12 1,000        testq %rbx, %rbx\n"));
	assert_non_null(strstr(alone, "   1,000 tls le movq %fs:-8, %rax\n"));
}

static void test_sides_page(void **state)
{
	CLEANUP_DOC struct doc *doc = sides_of("B: f");
	CLEANUP_FREE char *page = page_of(doc);

	(void)state;
	assert_non_null(strstr(page, "callq &lt;__tls_get_addr&gt;@plt</td></tr>"));
	assert_non_null(strstr(page, "<tr class=\"apart\"><td class=\"place nil\"></td>"));
	assert_non_null(strstr(page, "<tr class=\"note\"><td colspan=\"7\">f.c</td></tr>"));
}

/* A value of several lines keeps them on the page, too. */
static void test_facts_page(void **state)
{
	CLEANUP_DOC struct doc *doc = doc_new("t");
	CLEANUP_FREE char *page = NULL;

	(void)state;
	doc_fact(doc, "found", "first <hop>\nsecond");
	page = page_of(doc);
	assert_non_null(strstr(page, "<dt>found</dt><dd>first &lt;hop&gt;\nsecond</dd>"));
	assert_null(strstr(body_of(page), "\\n"));
	assert_non_null(strstr(page, "white-space: pre-line"));
}

static void test_colour(void **state)
{
	CLEANUP_DOC struct doc *doc = doc_new("t");
	const char *row[] = {"E02", "not checked: needs cc", "1", "x"};

	(void)state;
	doc_table(doc, NULL, verdicts, 4);
	doc_row(doc, row);
	doc_cell_tone(doc, 1, DOC_DOUBT);
	for (unsigned int width = 20; width <= 80; width += 60) {
		CLEANUP_FREE char *plain = text_of(doc, width, false);
		CLEANUP_FREE char *coloured = text_of(doc, width, true);

		assert_null(strchr(plain, '\033'));
		assert_non_null(strstr(coloured, "\033[33mnot"));
	}
}

static void safe(const char *from, const char *to)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	text_add_safe(&b, from, false);
	assert_string_equal(b.data ? b.data : "", to);
}

static void test_safe(void **state)
{
	(void)state;
	safe("", "");
	safe("Grüße, 漢字 🐍", "Grüße, 漢字 🐍");
	safe("\033[31mred\007\177", "\\x1b[31mred\\x07\\u007f");
	safe("a\nb\tc\r", "a\\nb\\tc\\x0d");
	/* A C1 control in UTF-8 and bare; overlong; a surrogate; too large; cut off. */
	safe("\xc2\x9b", "\\u009b");
	safe("\x9b", "\\x9b");
	safe("\xc0\xaf", "\\xc0\\xaf");
	safe("\xed\xa0\x80", "\\xed\\xa0\\x80");
	safe("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	safe("\xe6\xbc", "\\xe6\\xbc");
	safe("\xff!", "\\xff!");
	/* Right-to-left override, zero-width space, byte order mark, a tag, a noncharacter. */
	safe("a\u202eb", "a\\u202eb");
	safe("\u200b\ufeff\U000e0041\uffff", "\\u200b\\ufeff\\udb40\\udc41\\uffff");
}

static void test_lines(void **state)
{
	size_t next;

	(void)state;
	assert_int_equal(text_line("one two three", 7, true, &next), 7);
	assert_int_equal(next, 8);
	assert_int_equal(text_line("one two three", 6, true, &next), 3);
	assert_int_equal(text_line("", 10, true, &next), 0);
	assert_int_equal(next, 0);
	assert_int_equal(text_line("abcdefghij", 4, true, &next), 4);
	assert_int_equal(text_line("abcdefghij", 4, false, &next), 10);
	/* Behind a slash, if that is not too early. */
	assert_int_equal(text_line("lib/python3", 6, true, &next), 4);
	assert_int_equal(text_line("l/python3.13", 6, true, &next), 6);
	/* A character that is wider than the line still gets on. */
	assert_int_equal(text_line("漢字", 1, true, &next), 3);
	assert_int_equal(next, 3);
	assert_int_equal(text_line("   ", 2, true, &next), 0);
	assert_int_equal(next, 3);
}

/* Whatever the width, no line of a table is longer, and nothing gets lost. */
static void test_widths(void **state)
{
	CLEANUP_DOC struct doc *doc = doc_new("t");
	const char *rows[][4] = {
		{"lib/python3.13/lib-dynload/_ssl.cpython-313-x86_64-linux-gnu.so", "fail",
			"1,234,567", "exports deflate, which collides with the interpreter's own"},
		{"漢字漢字漢字漢字漢字漢字漢字漢字", "not checked: needs a compiler", NULL,
			"Überlängenwörterbuchverlagshaus\x1b[2J and more of the same"},
		{"", "", "", ""}};

	(void)state;
	doc_table(doc, "A caption", verdicts, 4);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		doc_row(doc, rows[i]);
	for (unsigned int width = 20; width < 220; width++) {
		CLEANUP_FREE char *text = text_of(doc, width, false);
		size_t letters = 0;

		for (const char *p = text; *p; p += strcspn(p, "\n") + 1) {
			size_t w = text_width(p, strcspn(p, "\n"));

			if (w > width)
				fail_msg("%zu columns at a width of %u:\n%s", w, width, text);
		}
		for (const char *p = text; *p; p++)
			letters += *p == 'w' || *p == 'v';
		/* Blocks repeat the titles. */
		if (letters != 7 && letters != 11)
			fail_msg("%zu letters at a width of %u:\n%s", letters, width, text);
		assert_null(strchr(text, '\033'));
	}
}

static void test_empty(void **state)
{
	CLEANUP_DOC struct doc *doc = doc_new("");
	CLEANUP_FREE char *text = NULL, *page = NULL;

	(void)state;
	doc_table(doc, NULL, verdicts, 4);
	doc_listing(doc, NULL, "");
	doc_text(doc, "%s", "");
	doc_heading(doc, "");
	text = text_of(doc, 80, true);
	assert_non_null(strstr(text, "(none)"));
	page = page_of(doc);
	assert_non_null(strstr(page, "<td colspan=\"4\">none</td>"));
	assert_non_null(strstr(page, "<h2 id=\"section\">"));
}

static void test_escaping(void **state)
{
	static const char hostile[] = "</script><script>alert(\"1\")</script>&'\x1b\xff\u202e";
	CLEANUP_DOC struct doc *doc = doc_new(hostile);
	const char *row[] = {hostile, hostile, hostile, hostile};
	const struct doc_column columns[] = {
		{hostile, 0}, {hostile, DOC_VERDICT}, {hostile, DOC_RIGHT}, {hostile, DOC_WRAP}};
	CLEANUP_FREE char *page = NULL;

	(void)state;
	doc_fact(doc, hostile, hostile);
	for (int i = 0; i < 3; i++)
		doc_heading(doc, hostile);
	doc_text(doc, "%s", hostile);
	doc_listing(doc, hostile, hostile);
	doc_table(doc, hostile, columns, 4);
	doc_row(doc, row);
	doc_picture(doc, "<svg></svg>", hostile, true);
	page = page_of(doc);
	assert_int_equal(count(page, "<script"), 1);
	assert_int_equal(count(page, "</script"), 1);
	assert_int_equal(count(body_of(page), "alert(\""), 0);
	assert_int_equal(count(page, "\x1b"), 0);
	assert_int_equal(count(page, "\u202e"), 0);
	assert_int_equal(count(page, "\xff"), 0);
	assert_int_equal(count(page, "id=\"script-script-alert-1-script-x1b-xff-u202e\""), 0);
	assert_int_equal(count(page, "<h2 id="), 3);
	assert_int_equal(count(page, "-2\">"), 2 + 1);
}

/* What the policy names is what stands there; no attribute could run or style anything. */
static void test_policy(void **state)
{
	CLEANUP_DOC struct doc *doc = doc_new("t");
	CLEANUP_FREE char *page = NULL;

	(void)state;
	assert_null(strstr(page_css, "</"));
	assert_null(strstr(page_js, "</"));
	assert_null(strstr(page_js, "<!--"));
	assert_null(strchr(page_css, '\r'));
	assert_null(strchr(page_js, '\r'));
	assert_int_equal(strlen(page_css), page_css_end - page_css);
	assert_int_equal(strlen(page_js), page_js_end - page_js);
	page = page_of(doc);
	assert_int_equal(count(page, "default-src 'none'"), 1);
	assert_int_equal(count(page, "'sha256-"), 2);
	assert_int_equal(count(page, "unsafe"), 0);
	assert_int_equal(count(page, " style="), 0);
	assert_int_equal(count(page, "http:") + count(page, "https:"), 0);
}

/* What is laid out as blocks on a phone. */
static void test_blocks(void **state)
{
	static const struct doc_column columns[] = {{"file", DOC_WRAP}, {"number", DOC_RIGHT},
		{"a", DOC_RIGHT}, {"b", DOC_RIGHT}, {"verdict", DOC_VERDICT}};
	CLEANUP_DOC struct doc *doc = doc_new("t");
	CLEANUP_FREE char *page = NULL;

	(void)state;
	doc_table(doc, "a name and a number", columns, 2);
	doc_table(doc, "numbers", columns + 1, 3);
	doc_table(doc, "long text", columns, 3);
	doc_table(doc, "a verdict", columns + 3, 2);
	page = page_of(doc);
	assert_int_equal(count(page, "<div class=\"table scroll\">"), 1);
	assert_int_equal(count(page, "<div class=\"table scroll few\">"), 1);
	assert_int_equal(count(page, "<div class=\"table stack\">"), 1);
	assert_int_equal(count(page, "<div class=\"table stack few\">"), 1);
}

static void test_glossary(void **state)
{
	static const struct doc_column columns[] = {{"verdict", DOC_VERDICT}, {"rule", DOC_TERM}};
	CLEANUP_DOC struct doc *doc = doc_new("t");
	CLEANUP_FREE char *text = NULL, *page = NULL;

	(void)state;
	doc_table(doc, NULL, columns, 2);
	doc_row(doc, (const char *[]){"fail", "bind-now"});
	doc_row(doc, (const char *[]){"pass", "A <rule>"});
	doc_row(doc, (const char *[]){"bind-now", "another"});
	doc_glossary(doc, "What they mean");
	doc_term(doc, "bind-now", "The short text.", "One.\n\nTwo.");
	doc_glossary(doc, "Others");
	doc_term(doc, "A <rule>", NULL, "The long text.");
	doc_fold(doc);
	text = text_of(doc, 60, false);
	assert_non_null(strstr(text, "\nbind-now: The short text.\n"));
	assert_null(strstr(text, "Two."));
	assert_null(strstr(text, "What they mean"));
	assert_null(strstr(text, "The long text."));
	page = page_of(doc);
	assert_int_equal(count(page, "<a href=\"#term--bind-now\">bind-now</a>"), 1);
	assert_int_equal(count(page, "id=\"term--bind-now\""), 1);
	assert_int_equal(count(page, "<a href=\"#term--a-rule-\">A &lt;rule&gt;</a>"), 1);
	assert_int_equal(count(page, "id=\"term--a-rule-\""), 1);
	assert_int_equal(count(page, "<a href=\"#term--another"), 0);
	assert_int_equal(count(page, "<p>One.</p>\n<p>Two.</p>"), 1);
	assert_int_equal(count(page, "<summary>Others (1)</summary>"), 1);
}

static void test_many_rows(void **state)
{
	CLEANUP_DOC struct doc *doc = doc_new("t");
	CLEANUP_FREE char *text = NULL, *page = NULL;

	(void)state;
	doc_table(doc, "many", verdicts, 4);
	for (int i = 0; i < 10000; i++) {
		char name[32];
		const char *row[] = {
			name, i % 3 ? "pass" : "fail", name, "the same for all of them"};

		snprintf(name, sizeof(name), "%d", i);
		doc_row(doc, row);
		doc_cell_tone(doc, 1, i % 3 ? DOC_GOOD : DOC_BAD);
	}
	text = text_of(doc, 60, false);
	assert_int_equal(count(text, "\n"), 10000 + 4);
	page = page_of(doc);
	assert_int_equal(count(page, "<tr>"), 10001);
	assert_int_equal(count(page, "class=\"verdict bad\""), 3334);
}

static void test_save(void **state)
{
	char dir[] = "/tmp/solder-report-XXXXXX";
	CLEANUP_DOC struct doc *doc = doc_new("t");
	CLEANUP_FREE char *path = NULL, *missing = NULL, *page = page_of(doc);
	CLEANUP_BUF struct buf saved = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/page.html", dir);
	missing = xasprintf("%s/no/page.html", dir);
	assert_int_equal(doc_save_html(doc, path, &err), 0);
	assert_int_equal(file_read(path, 1 << 20, &saved, &err), 0);
	assert_string_equal(saved.data, page);
	assert_int_equal(doc_save_html(doc, missing, &err), -1);
	assert_non_null(strstr(err.msg, "writing the report: "));
	assert_int_equal(tree_remove(dir, &err), 0);
}

static void test_tones(void **state)
{
	CLEANUP_DOC struct doc *doc = doc_new("t");
	CLEANUP_FREE char *text = NULL, *page = NULL;

	(void)state;
	doc_table(doc, NULL, verdicts, 4);
	for (int tone = DOC_PLAIN; tone <= DOC_DOUBT; tone++) {
		doc_row(doc, (const char *[]){"E01", "fail", "1", "fail"});
		if (tone)
			doc_cell_tone(doc, 1, (enum doc_tone)tone);
	}
	text = text_of(doc, 80, true);
	page = page_of(doc);
	assert_non_null(strstr(text, "E01   fail         1  fail\n"));
	assert_non_null(strstr(text, "E01   \x1b[32mfail"));
	assert_non_null(strstr(text, "E01   \x1b[31mfail"));
	assert_non_null(strstr(text, "E01   \x1b[33mfail"));
	assert_int_equal(count(text, "\x1b[3"), 3);
	assert_int_equal(count(page, "class=\"verdict plain\""), 1);
	assert_int_equal(count(page, "class=\"verdict good\""), 1);
	assert_int_equal(count(page, "class=\"verdict bad\""), 1);
	assert_int_equal(count(page, "class=\"verdict doubt\""), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unbroken),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_sides_page),
		cmocka_unit_test(test_facts_page),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_safe),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_escaping),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_glossary),
		cmocka_unit_test(test_many_rows),
		cmocka_unit_test(test_save),
		cmocka_unit_test(test_tones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
