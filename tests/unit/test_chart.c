/* Charts: well-formed whatever the numbers, numbers and ticks as they should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/report-internal.h"

static const struct chart_words words = {"a <title>", "what \"it\" shows", "faster", "slower"};

static size_t count(const char *s, const char *part)
{
	size_t n = 0, len = strlen(part);

	/* The sanitizer's strstr() measures all of s at every call. */
	for (const char *end = s + strlen(s); (s = memmem(s, (size_t)(end - s), part, len));
		s += len)
		n++;
	return n;
}

/* Both pictures are there, every element is closed, and no coordinate is no number. Ends the
 * picture's life. */
static void well_formed(char *svg)
{
	int depth = 0;

	assert_int_equal(count(svg, "<svg "), 2);
	assert_int_equal(count(svg, "</svg>"), 2);
	assert_int_equal(count(svg, "<title>a &lt;title&gt;</title>"), 2);
	for (const char *p = svg; (p = strchr(p, '<')); p++) {
		const char *end = strchr(p, '>');

		assert_non_null(end);
		/* No attribute holds a bare '<'. */
		assert_null(memchr(p + 1, '<', (size_t)(end - p - 1)));
		if (p[1] == '/')
			depth--;
		else if (end[-1] != '/')
			depth++;
		for (const char *q = p; q < end; q++) {
			if (!strncmp(q, "nan", 3) || !strncmp(q, "inf", 3))
				fail_msg("no number in %.80s", p);
		}
		assert_true(depth >= 0);
	}
	assert_int_equal(depth, 0);
	free(svg);
}

static void format(double v, int decimals, bool plus, const char *wanted)
{
	char text[32];

	chart_format(text, v, decimals, plus);
	assert_string_equal(text, wanted);
}

static void test_format(void **state)
{
	(void)state;
	format(0, 0, false, "0");
	format(0, 1, true, "0.0");
	format(-0.04, 1, true, "0.0");
	format(-0.06, 1, true, "−0.1");
	format(1591, 0, false, "1,591");
	format(-1234567.891, 2, false, "−1,234,567.89");
	format(999, 0, true, "+999");
	format(123456789012345, 0, false, "123,456,789,012,345");
	format(1e15, 2, false, "1e+15");
	format(-1e99, 2, false, "−1e+99");
	format(NAN, 0, false, "-");
	format(INFINITY, 0, false, "-");
}

static void ratio(double v, bool factors, const char *wanted)
{
	char text[32];

	chart_format_ratio(text, v, factors);
	assert_string_equal(text, wanted);
}

static void test_ratios(void **state)
{
	(void)state;
	ratio(1, false, "0.0 %");
	ratio(1, true, "×1");
	ratio(1.0934, false, "+9.3 %");
	ratio(1.0934, true, "×1.09");
	ratio(0.5, false, "−50.0 %");
	ratio(2.999, false, "+199.9 %");
	ratio(10, false, "×10");
	ratio(1234.5, false, "×1.23e+03");
	ratio(0.01, false, "×0.01");
}

/* Within the range, in order, with the labels that they should have. */
static void ticks(bool ratios, double lo, double hi, double want, const char *wanted)
{
	struct tick t[CHART_TICKS];
	size_t n = ratios ? chart_ratio_ticks(log(lo), log(hi), want, t)
			  : chart_ticks(lo, hi, want, t);
	CLEANUP_BUF struct buf all = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		buf_addf(&all, "%s%s", i ? "|" : "", t[i].label);
		assert_true(i == 0 || t[i].at > t[i - 1].at);
	}
	assert_string_equal(all.data ? all.data : "", wanted);
}

static void test_ticks(void **state)
{
	(void)state;
	ticks(false, 0, 10, 5, "0|2|4|6|8|10");
	ticks(false, -0.25, 0.25, 5, "−0.2|−0.1|0.0|0.1|0.2");
	ticks(false, 0, 1893221, 4, "0|500,000|1,000,000|1,500,000");
	ticks(false, 0, 1e-9, 2, "0.0000000000|0.0000000005|0.0000000010");
	ticks(true, 0.97, 1.13, 4, "0 %|+5 %|+10 %");
	ticks(true, 0.995, 1.005, 5, "−0.4 %|−0.2 %|0.0 %|+0.2 %|+0.4 %");
	ticks(true, 0.5, 20, 8, "×0.5|×1|×2|×5|×10|×20");
	ticks(true, 1e-90, 1e90, 4, "×1e-90|×1e-45|×1|×1e+45|×1e+90");
}

static void test_text_fits(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct canvas c = {.out = &out, .width = 300};

	(void)state;
	chart_text(&c, 1, 2, 300, "soft", "short & \"sweet\"");
	assert_string_equal(out.data,
		"<text x=\"1.0\" y=\"2.0\" class=\"soft\">short &amp; &quot;sweet&quot;</text>\n");
	buf_clear(&out);
	chart_text(&c, 1, 2, 60, "", "長い長い長い長い名前 <b>");
	assert_string_equal(out.data,
		"<text x=\"1.0\" y=\"2.0\" class=\"\"><title>長い長い長い長い名前 "
		"&lt;b&gt;</title>長い長…</text>\n");
	buf_clear(&out);
	chart_text(&c, 1, 2, -5, "", "x");
	assert_non_null(strstr(out.data, "</title>…</text>"));
}

static const double odd[] = {NAN, INFINITY, -INFINITY, 0, -1, 1, 1.02, 0.9, 1e-300, DBL_MAX, 1e99,
	-1e99, DBL_MIN, 1.0000001};

/* A picture of two bars with the same parts. */
static char *stacked(const double *values, size_t n)
{
	CLEANUP_FREE double *twice = xcalloc(2 * n + 1, sizeof(*twice));
	CLEANUP_FREE const char **names = xcalloc(n + 1, sizeof(*names));

	for (size_t i = 0; i < 2 * n; i++) {
		twice[i] = values[i % n];
		names[i % n] = "\"part\"\xff";
	}
	return chart_stack(&words,
		&(struct chart_stack){"%", names, n, (const char *[]){"<one>", "two"}, twice, 2});
}

static void test_odd_numbers(void **state)
{
	struct chart_arm arms[3] = {{"all", odd, ARRAY_SIZE(odd), 1.5, NAN, INFINITY},
		{"none", NULL, 0, NAN, NAN, NAN}, {"one", odd + 6, 1, 1.02, 1e-99, 1e99}};
	struct chart_interval rows[ARRAY_SIZE(odd)];
	struct chart_part parts[ARRAY_SIZE(odd)];
	bool dropped[ARRAY_SIZE(odd)] = {true};
	struct chart_series series[] = {{"odd", "ms", odd, INFINITY}, {"<&>", "", odd, 1e99}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		rows[i] = (struct chart_interval){
			"<row>\x1b", odd[i], odd[(i + 1) % 14], odd[(i + 5) % 14], i % 4, i > 11};
		parts[i] = (struct chart_part){"\"part\"\xff", odd[i], i % 4};
	}
	well_formed(chart_violins(&words, arms, 3));
	well_formed(chart_forest(&words, rows, ARRAY_SIZE(odd), NAN));
	well_formed(chart_forest(&words, rows, ARRAY_SIZE(odd), 0.01));
	well_formed(chart_rounds(&words, series, 2, dropped, ARRAY_SIZE(odd)));
	well_formed(chart_waterfall(&words, "%", parts, ARRAY_SIZE(odd), "<total>"));
	well_formed(stacked(odd, ARRAY_SIZE(odd)));
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		arms[0].ratios = odd + i;
		arms[0].n = 1;
		series[0].values = odd + i;
		well_formed(chart_violins(&words, arms, 1));
		well_formed(chart_forest(&words, rows + i, 1, 2));
		well_formed(chart_rounds(&words, series, 1, NULL, 1));
		well_formed(chart_waterfall(&words, "%", parts + i, 1, "total"));
		well_formed(stacked(odd + i, 1));
	}
}

static void test_empty(void **state)
{
	(void)state;
	well_formed(chart_violins(&words, NULL, 0));
	well_formed(chart_forest(&words, NULL, 0, 0.01));
	well_formed(chart_rounds(&words, NULL, 0, NULL, 0));
	well_formed(chart_waterfall(&words, "%", NULL, 0, "total"));
	well_formed(stacked(NULL, 0));
}

/* The x of the first element with this class in the wide picture, or its width. */
static double attribute(const char *svg, const char *class, const char *name)
{
	CLEANUP_FREE char *mark = xasprintf("class=\"%s\"", class);
	CLEANUP_FREE char *key = xasprintf(" %s=\"", name);
	const char *end = strstr(svg, mark), *p, *found = NULL;

	assert_non_null(end);
	for (p = end; *p != '<'; p--)
		;
	for (; (p = strstr(p, key)) && p < end; p++)
		found = p;
	assert_non_null(found);
	return strtod(found + strlen(key), NULL);
}

/* Where things stand agrees with what they say. */
static void test_places(void **state)
{
	const struct chart_part parts[] = {
		{"up", 6, DOC_PLAIN}, {"down", -2, DOC_PLAIN}, {"rest", 4, DOC_DOUBT}};
	const struct chart_interval rows[] = {
		{"low", 0.5, 0.4, 0.6, DOC_GOOD, false}, {"high", 2, 1.9, 2.1, DOC_BAD, false}};
	CLEANUP_FREE char *fall = chart_waterfall(&words, "%", parts, 3, "sum");
	CLEANUP_FREE char *forest = chart_forest(&words, rows, 2, 0);
	double unit, zero;

	(void)state;
	unit = attribute(fall, "total", "width") / 8;
	assert_true(fabs(attribute(fall, "bar", "width") - 6 * unit) < 0.2);
	assert_true(fabs(attribute(fall, "plain", "width") - 2 * unit) < 0.2);
	assert_true(fabs(attribute(fall, "plain", "x") - attribute(fall, "doubt", "x")) < 0.2);
	assert_true(fabs(attribute(fall, "total", "x") - attribute(fall, "bar", "x")) < 0.2);
	assert_int_equal(count(fall, "end strong\">+8 %<"), 2);
	assert_int_equal(count(fall, "−2 %"), 2);
	/* Half and double lie as far from 1, on a logarithmic axis. */
	zero = attribute(forest, "zero", "x1");
	const char *high = strstr(forest, "<circle class=\"bad\" cx=\"");
	const char *low = strstr(forest, "<circle class=\"good\" cx=\"");

	assert_non_null(high);
	assert_non_null(low);
	assert_true(fabs(strtod(high + 24, NULL) - zero - (zero - strtod(low + 25, NULL))) < 0.3);
}

/* Axis and values speak of percent, or both of factors. */
static void test_one_unit(void **state)
{
	const struct chart_interval rows[] = {
		{"low", 0.9, 0.85, 0.95, DOC_GOOD, false}, {"high", 4, 3.8, 4.2, DOC_BAD, false}};
	const struct chart_part part = {"part", 6, DOC_PLAIN};
	CLEANUP_FREE char *near = chart_forest(&words, rows, 1, 0);
	CLEANUP_FREE char *far = chart_forest(&words, rows, 2, 0);
	CLEANUP_FREE char *fall = chart_waterfall(&words, "%", &part, 1, "sum");

	(void)state;
	assert_int_equal(count(near, "×"), 0);
	assert_int_equal(count(far, " %"), 0);
	assert_non_null(strstr(far, ">×0.9 "));
	assert_non_null(strstr(fall, "middle\">0.0 %<"));
	assert_non_null(strstr(fall, "middle\">+2.0 %<"));
}

/* A few values have no distribution to be seen. */
static void test_few_values_are_points(void **state)
{
	double values[15];
	struct chart_arm arm = {"few", values, 14, 1.1, 1.09, 1.11};
	CLEANUP_FREE char *few = NULL, *many = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		values[i] = 1 + (double)(i * 7 % 15) / 100;
	few = chart_violins(&words, &arm, 1);
	arm.n = 15;
	many = chart_violins(&words, &arm, 1);
	assert_int_equal(count(few, "<circle class=\"shape\""), 2 * 14);
	assert_int_equal(count(few, "<path class=\"shape\""), 0);
	assert_int_equal(count(many, "<circle class=\"shape\""), 0);
	assert_int_equal(count(many, "<path class=\"shape\""), 2);
}

/* Widths are as values; what has no colour of its own is in the last. */
static void test_stack(void **state)
{
	const double values[] = {40, 20, 10, 9, 8, 7, 1, 0.5, 0.5, 4};
	const char *names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
	CLEANUP_FREE char *svg = chart_stack(
		&words, &(struct chart_stack){"%", names, 10, (const char *[]){"all"}, values, 1});

	(void)state;
	assert_true(fabs(attribute(svg, "part part-0", "width") -
			    2 * attribute(svg, "part part-1", "width")) < 0.2);
	assert_true(fabs(attribute(svg, "part part-2", "width") -
			    2 * attribute(svg, "part part-7", "width")) < 0.2);
	assert_int_equal(count(svg, "all others: 5.0 %"), 2);
	assert_int_equal(count(svg, ">a: 40.0 %"), 2);
	assert_int_equal(count(svg, "part-8"), 0);
	well_formed(xstrdup(svg));
}

static void test_missing_parts_are_said(void **state)
{
	const struct chart_part parts[] = {{"known", 6, DOC_PLAIN}, {"lost", NAN, DOC_PLAIN}};
	CLEANUP_FREE char *svg = chart_waterfall(&words, "%", parts, 2, "sum");

	(void)state;
	assert_int_equal(count(svg, "not measured</text>"), 2);
	assert_non_null(strstr(svg, "sum, without what was not measured"));
}

static void test_many(void **state)
{
	size_t n = 200000;
	double *values = xcalloc(n, sizeof(*values));
	struct chart_arm arm = {"many", values, n, 1.1, 1.09, 1.11};
	struct chart_series series = {"many", "", values, NAN};
	char *svg;

	(void)state;
	for (size_t i = 0; i < n; i++)
		values[i] = 1 + (double)(i * 7919 % n) / (double)n / 5;
	svg = chart_violins(&words, &arm, 1);
	assert_true(strlen(svg) < 20000);
	well_formed(svg);
	well_formed(chart_rounds(&words, &series, 1, NULL, 5000));
	free(values);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_ratios),
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_text_fits),
		cmocka_unit_test(test_odd_numbers),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_one_unit),
		cmocka_unit_test(test_few_values_are_points),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_missing_parts_are_said),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
