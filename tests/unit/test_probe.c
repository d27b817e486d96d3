/* Probes: the table, what is read from a script, how it is judged; and two runs that need no
 * Python. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "check/check.h"
#include "check/check-internal.h"
#include "scratch.h"

static void see(const char *text, struct probe_seen *seen)
{
	probe_seen_release(seen);
	probe_seen_parse(text, seen);
}

static void test_parse(void **state)
{
	struct probe_seen seen = {0};
	char *text;

	(void)state;
	see("import=ok\nnoise\nUPPER=no\n=x\napi=executable\nimport=SIGSEGV\nempty=\na=b=c\n"
	    "crash: import: SIGSEGV\ncrash: again\nskip: needs more\n",
		&seen);
	assert_int_equal(seen.keys.n, 4);
	assert_string_equal(probe_seen_value(&seen, "import"), "SIGSEGV");
	assert_string_equal(probe_seen_value(&seen, "empty"), "");
	assert_string_equal(probe_seen_value(&seen, "a"), "b=c");
	assert_null(probe_seen_value(&seen, "UPPER"));
	assert_int_equal(seen.crashes.n, 2);
	assert_string_equal(seen.crashes.v[0], "import: SIGSEGV");
	assert_string_equal(seen.skip, "needs more");
	text = probe_seen_text(&seen);
	assert_string_equal(text, "import=SIGSEGV, api=executable, empty=, a=b=c");
	free(text);
	see("", &seen);
	text = probe_seen_text(&seen);
	assert_string_equal(text, "");
	free(text);
	probe_seen_release(&seen);
}

static void test_ceiling(void **state)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct probe_seen seen = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_addf(&text, "key-%d=x\ncrash: %d\n", i, i);
	see(text.data, &seen);
	assert_true(seen.keys.n <= 100 && seen.crashes.n <= 100);
	probe_seen_release(&seen);
}

static void test_patterns(void **state)
{
	(void)state;
	assert_true(probe_matches("ok", "ok"));
	assert_false(probe_matches("ok", "okay"));
	assert_false(probe_matches("ok", ""));
	assert_true(probe_matches("crash|SystemError", "SystemError"));
	assert_true(probe_matches("crash|SystemError", "SIGABRT"));
	assert_true(probe_matches("crash|hang", "SIGSEGV"));
	assert_false(probe_matches("crash|SystemError", "ok"));
	assert_false(probe_matches("crash", "SIGTERM"));
	assert_true(probe_matches("crash", "crash"));
}

static const struct probe *find(const char *id)
{
	for (size_t i = 0; i < probe_table_n; i++)
		if (!strcmp(probe_table[i].id, id))
			return &probe_table[i];
	fail_msg("there is no probe %s", id);
	return NULL;
}

static void expect(
	const char *id, enum py_link link, int minor, const char *text, const char *wanted_wrong)
{
	CLEANUP_STRV struct strv wrong = STRV_INIT;
	CLEANUP_FREE char *got = NULL;
	struct probe_seen seen = {0};
	const struct probe_expectation *e;

	see(text, &seen);
	e = probe_expectation_for(find(id), link, minor, &seen);
	assert_non_null(e);
	assert_int_equal(probe_holds(e, &seen, &wrong), !*wanted_wrong);
	got = strv_join(&wrong, "; ");
	assert_string_equal(got, wanted_wrong);
	probe_seen_release(&seen);
}

/* The probe that must break on a static interpreter fails when it does not. */
static void test_library_first(void **state)
{
	(void)state;
	expect("library-first", PY_LINK_STATIC, 13, "import=SystemError\n", "");
	expect("library-first", PY_LINK_STATIC, 11, "import=SIGSEGV\n", "");
	expect("library-first", PY_LINK_STATIC, 13, "import=ok\nnone=same\nruntimes=2\n",
		"import is ok, not crash|SystemError|ImportError");
	expect("library-first", PY_LINK_SHARED, 13, "import=ok\nnone=same\nruntimes=1\n", "");
	expect("library-first", PY_LINK_SHARED, 13, "import=SIGSEGV\n",
		"import is SIGSEGV, not ok; none is not seen, not same; runtimes is not seen, not "
		"1");
}

/* What a static interpreter does with its libpython's name is a fact of its file. */
static void test_answers(void **state)
{
	static const char *const probes[] = {"overlinked-extension", "library-first"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++)
		expect(probes[i], PY_LINK_STATIC, 13,
			"answers=yes\nimport=ok\napi=executable\nnone=same\nruntimes=2\n",
			"runtimes is 2, not 1");
	expect("overlinked-extension", PY_LINK_STATIC, 13,
		"answers=no\nimport=ok\napi=executable\nnone=same\nruntimes=2\n", "");
}

static void test_versions(void **state)
{
	static const char old[] = "compare=ok\nprogram-runtime=same\nprogram-thread-state=same\n"
				  "handle-runtime=differs\nhandle-thread-state=same\n"
				  "call-small-integer=ok\ncall-list=SIGABRT\ncall-error=ok\n"
				  "call-gil=ok\ncall-thread-state=ok\n";

	(void)state;
	expect("handle-copy", PY_LINK_STATIC, 11, old, "");
	expect("handle-copy", PY_LINK_STATIC, 12, old,
		"handle-thread-state is same, not null; call-error is ok, not crash; call-gil is "
		"ok, not crash|hang; call-thread-state is ok, not crash");
}

static void test_conditions(void **state)
{
	(void)state;
	expect("embed-shared", PY_LINK_STATIC, 13,
		"run=ok\nneeds-libpython=yes\nloader-finds=none\nwithout-rpath=missing-library\n",
		"");
	expect("embed-shared", PY_LINK_SHARED, 13,
		"run=ok\nneeds-libpython=yes\nloader-finds=none\nwithout-rpath=ok\n",
		"without-rpath is ok, not missing-library");
	expect("embed-shared", PY_LINK_SHARED, 13,
		"run=ok\nneeds-libpython=yes\nloader-finds=ours\nwithout-rpath=ok\n", "");
	expect("embed-shared", PY_LINK_STATIC, 13,
		"run=ok\nneeds-libpython=yes\nloader-finds=none\nsays-place=yes\n"
		"without-rpath=missing-library\n",
		"without-rpath is missing-library, not ok");
	/* One runtime by the library's handle, and so everything works. */
	expect("handle-copy", PY_LINK_STATIC, 13,
		"answers=yes\ncompare=ok\nprogram-runtime=same\nprogram-thread-state=same\n"
		"handle-runtime=same\nhandle-thread-state=same\ncall-small-integer=ok\n"
		"call-list=SIGSEGV\ncall-error=ok\ncall-gil=ok\ncall-thread-state=ok\n",
		"call-list is SIGSEGV, not ok");
	expect("tls", PY_LINK_SHARED, 13,
		"library-static-tls=yes\nlibrary-needs-gnu2-tls=no\nwhen-used-up=no-static-tls\n",
		"");
	expect("tls", PY_LINK_SHARED, 13,
		"library-static-tls=no\nlibrary-needs-gnu2-tls=no\nwhen-used-up=no-static-tls\n",
		"when-used-up is no-static-tls, not ok");
}

static bool known_need(const char *word)
{
	static const char *const plain[] = {"cc", "c++", "headers", "shared", "static", "module"};

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (!strcmp(word, plain[i]))
			return true;
	return !strncmp(word, "program:", 8) || !strncmp(word, "python:", 7) ||
	       !strncmp(word, "tool:", 5);
}

/* Every probe has a script, known needs, and for each link mode an expectation with a reason. */
static void test_table(void **state)
{
	const struct probe_seen nothing = {0};

	(void)state;
	assert_true(probe_table_n >= 22);
	for (size_t i = 0; i < probe_table_n; i++) {
		const struct probe *p = &probe_table[i];
		CLEANUP_FREE char *script = xasprintf("probes/%s.sh", p->id);
		CLEANUP_STRV struct strv words = STRV_INIT;

		assert_true(path_exists(script));
		assert_true(p->test[0] == 'T' && p->title[0] && p->seconds > 0);
		strv_split(&words, p->needs, " ");
		for (size_t k = 0; k < words.n; k++)
			assert_true(known_need(words.v[k]));
		for (int link = PY_LINK_STATIC; link <= PY_LINK_DUAL; link++) {
			const struct probe_expectation *e =
				probe_expectation_for(p, (enum py_link)link, 13, &nothing);

			assert_non_null(e);
			assert_true(strlen(e->why) > 10);
			assert_false(probe_holds(e, &nothing, NULL));
		}
		assert_null(probe_expectation_for(p, PY_LINK_UNKNOWN, 13, &nothing));
	}
}

/* A Python that is none: a script under its name, so that nothing but the needs is looked at. */
static json_t *probe_fake(const char *root, const char *id, int *result, struct err *err)
{
	CLEANUP_STRV struct strv only = STRV_INIT;
	CLEANUP_FREE char *probes = path_absolute("probes");
	CLEANUP_FREE char *interpreter = xasprintf("%s/interpreter", root);
	struct python dist = {.interpreter = interpreter,
		.prefix = (char *)"/nowhere",
		.series = (char *)"3.13",
		.major = 3,
		.minor = 13,
		.runs = true,
		.link = PY_LINK_STATIC};
	const struct check_probe_options options = {
		.only = &only, .probes_dir = probes, .scratch = root};
	json_t *model = json_object();

	scratch_file(root, "interpreter", "#!/bin/sh\nexit 0\n", 0755);
	dist.says = json_object();
	strv_add(&only, id);
	*err = (struct err)ERR_INIT;
	*result = check_probes(&dist, &options, NULL, model, err);
	json_decref(dist.says);
	return model;
}

static const char *member(const json_t *model, size_t i, const char *key)
{
	return json_string_value(
		json_object_get(json_array_get(json_object_get(model, "probes"), i), key));
}

static void test_missing(void **state)
{
	struct err err;
	int result;
	json_t *model = probe_fake(*state, "T6", &result, &err);

	assert_int_equal(result, 0);
	assert_int_equal(json_array_size(json_object_get(model, "probes")), 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(member(model, i, "verdict"), "not checked");
		assert_string_equal(member(model, i, "why"),
			"needs libpython as a shared library; this installation has none");
	}
	json_decref(model);
}

static void test_runs(void **state)
{
	struct err err;
	int result;
	json_t *model = probe_fake(*state, "ctypes-pythonapi", &result, &err);

	/* The script under Python's name says yes to everything. */
	assert_int_equal(result, 0);
	assert_string_equal(member(model, 0, "seen"), "run=ok");
	assert_string_equal(member(model, 0, "verdict"), "pass");
	assert_non_null(strstr(member(model, 0, "log"), "pythonapi.py"));
	json_decref(model);
}

static void test_unknown(void **state)
{
	struct err err;
	int result;
	json_t *model = probe_fake(*state, "extensoin", &result, &err);

	assert_int_equal(result, -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_string_equal(err.msg, "there is no probe 'extensoin'");
	assert_string_equal(err.hint, "did you mean 'extension'?");
	json_decref(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_ceiling),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_library_first),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_table),
		SCRATCH_TEST(test_missing),
		SCRATCH_TEST(test_runs),
		SCRATCH_TEST(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
