/* A baseline, and the forms for continuous integration, over models made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "check/check.h"
#include "report/report.h"
#include "scratch.h"

/* One rule of each verdict, a probe that fails, a wheel that breaks; what strangers named is
 * hostile. */
static json_t *make_model(const char *prefix)
{
	json_error_t why;
	CLEANUP_FREE char *text = xasprintf(
		"{\"python\": {\"prefix\": \"%s\"},\n"
		" \"rules\": [\n"
		"  {\"id\": \"bind-now\", \"severity\": \"warning\", \"verdict\": \"warn\",\n"
		"   \"reason\": \"r\", \"todo\": \"link, 50%% of it: again\", \"findings\": [\n"
		"    {\"where\": \"bin/a b\", \"what\": \"binds\\nlazily \\u001b[31m<&\\\">\"},\n"
		"    {\"what\": \"%s/lib is odd\"}]},\n"
		"  {\"id\": \"relro\", \"severity\": \"error\", \"verdict\": \"pass\",\n"
		"   \"reason\": \"r\", \"findings\": []},\n"
		"  {\"id\": \"pie\", \"severity\": \"note\", \"verdict\": \"note\",\n"
		"   \"reason\": \"r\", \"todo\": \"t\", \"more\": 3,\n"
		"   \"findings\": [{\"where\": \"/x\", \"what\": \"w\"}]},\n"
		"  {\"id\": \"stack\", \"severity\": \"error\", \"verdict\": \"not checked\",\n"
		"   \"reason\": \"r\", \"why\": \"no <file>\", \"findings\": []}],\n"
		" \"probes\": [{\"id\": \"T1\", \"link\": \"static\", \"title\": \"t\",\n"
		"   \"verdict\": \"fail\", \"expected\": \"a=1\", \"seen\": \"a=2\"}],\n"
		" \"wheels\": [{\"name\": \"numpy\", \"verdict\": \"breaks only here\",\n"
		"   \"why\": \"symbol\"}, {\"name\": \"six\", \"verdict\": \"works\"}]}",
		prefix, prefix);
	json_t *model = json_loads(text, 0, &why);

	if (!model)
		fail_msg("line %d: %s", why.line, why.text);
	return model;
}

static const char *verdict(const json_t *model, const char *list, size_t i)
{
	return json_string_value(
		json_object_get(json_array_get(json_object_get(model, list), i), "verdict"));
}

static int compare(void *state, json_t *old, json_t *model, struct err *err)
{
	CLEANUP_FREE char *text = json_dumps(old, 0);
	CLEANUP_FREE char *path = xasprintf("%s/old.json", (const char *)state);
	json_t *read;
	int result;

	scratch_file(state, "old.json", text, 0644);
	result = check_baseline_read(path, &read, err);

	if (result == 0) {
		check_baseline(model, read);
		json_decref(read);
	}
	return result;
}

static void test_known(void **state)
{
	json_t *old = make_model("/was/here"), *model = make_model("/is/there");
	struct err err = ERR_INIT;

	assert_int_equal(compare(*state, old, model, &err), 0);
	assert_string_equal(verdict(model, "rules", 0), "known");
	assert_string_equal(verdict(model, "rules", 1), "pass");
	assert_string_equal(verdict(model, "rules", 2), "known");
	assert_string_equal(verdict(model, "rules", 3), "not checked");
	assert_string_equal(verdict(model, "probes", 0), "known");
	assert_string_equal(verdict(model, "wheels", 0), "known");
	check_summarise(model);
	assert_false(check_found(model, CHECK_NOTE));
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(model, "summary"), "known")), 4);
	json_decref(old);
	json_decref(model);
}

static void test_new(void **state)
{
	json_t *old = make_model("/p"), *model = make_model("/p");
	json_t *rule = json_array_get(json_object_get(model, "rules"), 0);
	struct err err = ERR_INIT;

	json_array_append_new(json_object_get(rule, "findings"),
		json_pack("{s:s, s:s}", "where", "bin/new", "what", "binds lazily"));
	/* One more of those that are only counted. */
	json_object_set_new(
		json_array_get(json_object_get(model, "rules"), 2), "more", json_integer(4));
	/* Still failing, but otherwise than before. */
	json_object_set_new(
		json_array_get(json_object_get(model, "probes"), 0), "seen", json_string("a=3"));
	assert_int_equal(compare(*state, old, model, &err), 0);
	assert_string_equal(verdict(model, "rules", 0), "warn");
	assert_string_equal(verdict(model, "rules", 2), "note");
	assert_string_equal(verdict(model, "probes", 0), "fail");
	check_summarise(model);
	assert_true(check_found(model, CHECK_ERROR));
	json_decref(old);
	json_decref(model);
}

/* Of wheels, a list says what is another than before; also if that run had a baseline itself. */
static void test_news(void **state)
{
	json_t *old = make_model("/p"), *model = make_model("/p"), *third = make_model("/p");
	json_t *wheels = json_object_get(model, "wheels"), *news;
	struct err err = ERR_INIT;

	assert_int_equal(compare(*state, third, old, &err), 0);
	assert_int_equal(json_array_size(json_object_get(old, "wheels_new")), 0);
	assert_true(json_is_array(json_object_get(old, "wheels_new")));
	assert_string_equal(verdict(old, "wheels", 0), "known");

	json_object_set_new(json_array_get(wheels, 1), "verdict", json_string("fails on both"));
	json_object_set_new(json_array_get(wheels, 1), "why", json_string("a reason"));
	json_object_set_new(json_array_get(wheels, 1), "version", json_string("2"));
	json_array_append_new(wheels, json_pack("{s:s, s:s}", "name", "added", "verdict", "works"));
	json_array_append_new(wheels, json_pack("{s:s}", "verdict", "works"));
	assert_int_equal(compare(*state, old, model, &err), 0);
	assert_string_equal(verdict(model, "wheels", 0), "known");
	news = json_object_get(model, "wheels_new");
	assert_int_equal(json_array_size(news), 3);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(news, 0), "name")), "six");
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(json_array_get(news, 0), "before"), "verdict")),
		"works");
	assert_true(json_is_null(json_object_get(json_array_get(news, 1), "before")));
	json_decref(old);
	json_decref(model);
	json_decref(third);
}

static void test_bad_baseline(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "{\"rules\": 3}", "{\"rules\": [], \"rules\": []}"};
	struct err err = ERR_INIT;
	json_t *old;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/bad.json", (const char *)*state);

		scratch_file(*state, "bad.json", texts[i], 0644);
		assert_int_equal(check_baseline_read(path, &old, &err), -1);
		assert_int_equal(err.code, ERR_INPUT);
		assert_non_null(strstr(err.hint, "--json"));
	}
}

static void test_github(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	json_t *model = make_model("/p");

	(void)state;
	check_ci(model, CHECK_GITHUB, &out);
	assert_string_equal(out.data,
		"::warning title=solder check%3A bind-now::bin/a b: binds\\nlazily "
		"\\x1b[31m<&\">%0AWhat to do: link, 50%25 of it: again.\n"
		"::warning title=solder check%3A bind-now::/p/lib is odd%0A"
		"What to do: link, 50%25 of it: again.\n"
		"::notice title=solder check%3A pie::/x: w%0AWhat to do: t.\n"
		"::notice title=solder check%3A pie::and 3 more findings%0AWhat to do: t.\n"
		"::error title=solder check%3A T1%2C static::expected a=1, saw a=2\n"
		"::error title=solder check%3A numpy::symbol\n");
	json_decref(model);
}

static void test_junit(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	json_t *model = make_model("/p");

	(void)state;
	check_ci(model, CHECK_JUNIT, &out);
	assert_non_null(strstr(out.data, "<testsuite name=\"solder check: rules\" tests=\"4\" "
					 "failures=\"1\" skipped=\"1\">"));
	assert_non_null(strstr(out.data,
		"<testcase classname=\"solder.rules\" name=\"bind-now\"><failure type=\"warning\" "
		"message=\"link, 50% of it: again\">bin/a b: binds\\nlazily "
		"\\x1b[31m&lt;&amp;&quot;&gt;\n"));
	assert_non_null(strstr(out.data, "name=\"relro\"></testcase>"));
	assert_non_null(strstr(out.data, "name=\"pie\"><system-out>/x: w\n"));
	assert_non_null(strstr(out.data, "<skipped message=\"no &lt;file&gt;\"/>"));
	assert_non_null(strstr(out.data, "<testsuite name=\"solder check: wheels\" tests=\"2\" "
					 "failures=\"1\" skipped=\"0\">"));
	json_decref(model);
}

static json_t *sarif_run(const json_t *model)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	json_t *log, *run;

	check_ci(model, CHECK_SARIF, &out);
	log = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(log);
	run = json_incref(json_array_get(json_object_get(log, "runs"), 0));
	json_decref(log);
	return run;
}

static const char *fingerprint(const json_t *run, size_t i)
{
	const json_t *result = json_array_get(json_object_get(run, "results"), i);

	return json_string_value(
		json_object_get(json_object_get(result, "partialFingerprints"), "solder/v1"));
}

static void test_sarif(void **state)
{
	json_t *model = make_model("/p"), *moved = make_model("/another/place");
	json_t *run = sarif_run(model), *other = sarif_run(moved), *results, *locations;
	const char *uri;

	(void)state;
	results = json_object_get(run, "results");
	assert_int_equal(json_array_size(results), 6);
	json_unpack(json_array_get(results, 0), "{s:o}", "locations", &locations);
	json_unpack(json_array_get(locations, 0), "{s:{s:{s:s}}}", "physicalLocation",
		"artifactLocation", "uri", &uri);
	assert_string_equal(uri, "bin/a%20b");
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(fingerprint(run, i), fingerprint(other, i));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(fingerprint(run, i), fingerprint(run, k));
	}
	json_decref(run);
	json_decref(other);
	json_decref(model);
	json_decref(moved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_known),
		SCRATCH_TEST(test_new),
		SCRATCH_TEST(test_news),
		SCRATCH_TEST(test_bad_baseline),
		cmocka_unit_test(test_github),
		cmocka_unit_test(test_junit),
		cmocka_unit_test(test_sarif),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
