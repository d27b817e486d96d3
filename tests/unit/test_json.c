/* Structs as JSON, and JSON of others as structs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "report/json.h"

struct all {
	char *text;
	const char *none;
	bool yes;
	double real, nan;
	struct strv words;
	uint8_t u8;
	uint16_t u16;
	unsigned int u32;
	uint64_t u64;
	int i32;
	int64_t i64;
};

static const struct json_field fields[] = {
	JSON_FIELD(struct all, text),
	JSON_FIELD(struct all, none, .optional = true),
	JSON_FIELD(struct all, yes),
	JSON_FIELD_AS("number", struct all, real, .min = -1, .max = 3),
	JSON_FIELD(struct all, nan, .optional = true),
	JSON_FIELD(struct all, words),
	JSON_FIELD(struct all, u8),
	JSON_FIELD(struct all, u16),
	JSON_FIELD(struct all, u32, .min = 7, .max = 9),
	JSON_FIELD(struct all, u64),
	JSON_FIELD(struct all, i32),
	JSON_FIELD(struct all, i64),
};

static void all_release(struct all *a)
{
	free(a->text);
	strv_release(&a->words);
}

static void test_both_ways(void **state)
{
	CLEANUP(all_release)
	struct all a = {.text = xstrdup("tex\xc3\xbf"),
		.yes = true,
		.real = 2.5,
		.nan = NAN,
		.u8 = 255,
		.u16 = 65535,
		.u32 = 8,
		.u64 = 1ull << 53,
		.i32 = -2147483647 - 1,
		.i64 = -5};
	CLEANUP(all_release) struct all b = {.text = xstrdup("old"), .none = "stays"};
	json_t *o = json_object();
	struct err err = ERR_INIT;
	char *text;

	(void)state;
	strv_split(&a.words, "one two", " ");
	json_put(o, &a, fields, ARRAY_SIZE(fields));
	text = json_dumps(o, JSON_COMPACT);
	assert_string_equal(text,
		"{\"text\":\"tex\xc3\xbf\",\"none\":null,\"yes\":true,\"number\":2.5,\"nan\":null,"
		"\"words\":[\"one\",\"two\"],\"u8\":255,\"u16\":65535,\"u32\":8,"
		"\"u64\":9007199254740992,\"i32\":-2147483648,\"i64\":-5}");
	assert_int_equal(json_get(o, "", &b, fields, ARRAY_SIZE(fields), &err), 0);
	assert_string_equal(b.text, a.text);
	assert_string_equal(b.none, "stays");
	assert_true(b.yes && b.real == 2.5 && b.nan == 0);
	assert_int_equal(b.words.n, 2);
	assert_true(b.u8 == 255 && b.u16 == 65535 && b.u32 == 8 && b.u64 == 1ull << 53);
	assert_true(b.i32 == a.i32 && b.i64 == -5);
	free(text);
	json_decref(o);
}

static void test_refused(void **state)
{
	static const struct {
		const char *key, *value, *msg;
	} cases[] = {
		{"text", "1", "arms[2].text: is not a text"},
		{"text", "\"a\\u0000b\"", "arms[2].text: is too long or holds control characters"},
		{"text", "\"a\\u001bb\"", "arms[2].text: is too long or holds control characters"},
		{"yes", "0", "arms[2].yes: is neither true nor false"},
		{"number", "\"1\"", "arms[2].number: is not a number"},
		{"number", "3.1", "arms[2].number: is out of range"},
		{"words", "{}", "arms[2].words: is not a list"},
		{"words", "[\"a\", 1]", "arms[2].words: is not a text"},
		{"u8", "256", "arms[2].u8: 256 is not between 0 and 255"},
		{"u16", "1.0", "arms[2].u16: is not a whole number"},
		{"u32", "10", "arms[2].u32: 10 is not between 7 and 9"},
		{"u64", "-1", "arms[2].u64: -1 is not between 0 and 9007199254740992"},
		{"i32", "2147483648",
			"arms[2].i32: 2147483648 is not between -2147483648 and 2147483647"},
		{"i64", NULL, "arms[2].i64: is missing"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(all_release) struct all a = {.text = xstrdup(""), .u32 = 7};
		json_t *o = json_object();
		struct err err = ERR_INIT;

		json_put(o, &a, fields, ARRAY_SIZE(fields));
		if (cases[i].value)
			json_object_set_new(o, cases[i].key,
				json_loads(cases[i].value, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL));
		else
			json_object_del(o, cases[i].key);
		assert_int_equal(json_get(o, "arms[2]", &a, fields, ARRAY_SIZE(fields), &err), -1);
		assert_int_equal(err.code, ERR_INPUT);
		assert_string_equal(err.msg, cases[i].msg);
		json_decref(o);
	}
}

static void test_text(void **state)
{
	json_t *odd = json_text("\xff"
				"a\xc3"),
	       *null = json_text(NULL);

	(void)state;
	assert_string_equal(json_string_value(odd), "\\xffa\\xc3");
	assert_true(json_is_null(null));
	json_decref(odd);
	json_decref(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
