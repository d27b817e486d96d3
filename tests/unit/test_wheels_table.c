/* The table of wheels, in a terminal of any width and on a page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/check-internal.h"

#define REASON                                                                                     \
	"no wheel for this Python and platform: No matching distribution found for "               \
	"shiboken6==6.12.0"
#define BECAUSE "the interpreter does not export PyDateTimeAPI, PyDateTime_FromDateAndTime"

static json_t *wheel(const char *name, const char *verdict, const char *prediction,
	const char *expected, const char *exercise)
{
	return json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:s*, s:s, s:i, s:i, s:[]}", "name", name,
		"version", "2026.11.15", "verdict", verdict, "prediction", prediction, "expected",
		expected, "exercise", exercise, "because", BECAUSE, "modules", 106, "imported", 105,
		"failures");
}

static json_t *make_model(void)
{
	json_t *wheels = json_array(), *model = json_pack("{s:o}", "wheels", wheels), *w;
	size_t i;

	json_array_append_new(wheels, wheel("good", "works", "works", "works", "passed"));
	json_array_append_new(wheels, wheel("bare", "works", "works", "works", "none"));
	json_array_append_new(wheels,
		wheel("pyside6-essentials", "works", "missing symbols", "breaks", "passed"));
	json_array_append_new(wheels,
		wheel("opencv-python-headless", "works", "needs another wheel", "unsure", "none"));
	json_array_append_new(
		wheels, wheel("shiboken6", "not checked", "needs another wheel", "unsure", NULL));
	json_object_set_new(json_array_get(wheels, 4), "why", json_string(REASON));
	json_array_append_new(
		wheels, wheel("broken", "breaks only here", "missing symbols", "breaks", "failed"));
	json_object_set_new(json_array_get(wheels, 5), "why", json_string("exercise: no reason"));
	json_array_foreach (wheels, i, w) {
		CLEANUP(wheel_release) struct wheel known = WHEEL_INIT;

		assert_true(wheel_from_json(w, &known));
		wheel_weigh(&known);
		wheel_count(model, &known);
		json_array_set_new(wheels, i, wheel_json(&known));
	}
	return model;
}

/* As text of that width, or as a page (0); the caller frees it. */
static char *written(const json_t *model, unsigned int width)
{
	char given[] = "python3";
	const struct python dist = {.given = given, .interpreter = given, .prefix = given};
	struct doc *doc = check_page(&dist, model, false);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (width)
		doc_write_text(doc, out, width, false);
	else
		doc_write_html(doc, out);
	fclose(out);
	doc_free(doc);
	return text;
}

/* Every word of the sentence stands there whole, in this order. */
static void has_words(const char *text, const char *sentence)
{
	CLEANUP_STRV struct strv words = STRV_INIT;

	strv_split(&words, sentence, " ");
	for (size_t i = 0; i < words.n; i++) {
		const char *found = strstr(text, words.v[i]);

		if (!found)
			fail_msg("'%s' is not in:\n%s", words.v[i], text);
		text = found + strlen(words.v[i]);
	}
}

static void test_widths(void **state)
{
	static const unsigned int widths[] = {80, 100, 140};
	json_t *model = make_model();

	(void)state;
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		CLEANUP_FREE char *text = written(model, widths[i]);
		const char *why = strstr(text, "\nWhy\n");

		assert_non_null(strstr(text, "verdict "));
		assert_non_null(why);
		for (const char *p = text; *p; p += strcspn(p, "\n") + 1)
			assert_true(strcspn(p, "\n") <= widths[i]);
		has_words(why, "shiboken6 " REASON);
		has_words(why, "pyside6-essentials predicted: " BECAUSE);
		has_words(text, "bare 2026.11.15 works 105 of 106 pyside6-essentials");
		if (getenv("SHOW"))
			puts(text);
	}
	json_decref(model);
}

static void test_marks(void **state)
{
	json_t *model = make_model();
	CLEANUP_FREE char *text = written(model, 140), *page = written(model, 0);

	(void)state;
	has_words(text, "works good 2026.11.15 works 105 of 106");
	assert_null(strstr(text, "works (imports only)  good"));
	assert_non_null(strstr(text, "works (imports only)  bare"));
	assert_non_null(strstr(text, "wrong: missing symbols"));
	assert_non_null(strstr(text, "unsure: needs another wheel"));
	/* What came true is not marked, nor what was not tried. */
	has_words(text, "breaks only here broken 2026.11.15 missing symbols");
	has_words(text, "not checked shiboken6 2026.11.15 needs another wheel");
	assert_non_null(strstr(text, "Predictions: 3 right, 1 wrong, 1 unsure"));
	assert_non_null(strstr(page, "works (imports only)"));
	assert_non_null(strstr(page, "wrong: missing symbols"));
	assert_non_null(strstr(page, "verdict good\">works (imports only)<"));
	assert_non_null(strstr(page, "verdict bad\">breaks only here<"));
	assert_non_null(strstr(page, "verdict doubt\">not checked<"));
	assert_non_null(strstr(page, "verdict bad\">wrong: missing symbols<"));
	assert_non_null(strstr(page, "verdict doubt\">unsure: needs another wheel<"));
	json_decref(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
