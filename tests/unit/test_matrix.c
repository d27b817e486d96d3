/* Matrices: rows, names, exclusions, more options, and errors that show where. */
#include <string.h>

#include "base/file.h"
#include "cpython/cpython.h"
#include "recipe/recipe.h"
#include "scratch.h"

#define AXES "versions: [3.13, '3.10']\noptions:\n  plain: {}\n  quick: {lto: none, bind: lazy}\n"
#define TARGETS "targets: [here, there]\n"

/* Takes "lto", "bind" and "cc" with any value but "wrong". */
static int check(const char *option, const char *value, struct err *err)
{
	if (strcmp(option, "lto") != 0 && strcmp(option, "bind") != 0 && strcmp(option, "cc") != 0)
		return err_set(err, ERR_INPUT, "no option '%s'", option);
	return !strcmp(value, "wrong") ? err_set(err, ERR_INPUT, "no value") : 0;
}

static int load(const char *root, const char *text, struct matrix **m, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/matrix.yaml", root);

	scratch_file(root, "matrix.yaml", text, 0644);
	*m = NULL;
	*err = (struct err)ERR_INIT;
	return matrix_load(path, check, m, err);
}

/* "NAME: option=value …; NAME: …", in the order of the rows. */
static char *rows_of(const char *root, const char *text)
{
	CLEANUP(cleanup_matrix) struct matrix *m = NULL;
	struct buf out = BUF_INIT;
	struct err err;

	if (load(root, text, &m, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < m->n; i++) {
		const struct matrix_row *row = &m->rows[i];

		buf_addf(&out, "%s%s:", i ? "; " : "", row->name);
		for (size_t k = 0; k < row->settings.n; k += 2)
			buf_addf(&out, " %s=%s", row->settings.v[k], row->settings.v[k + 1]);
	}
	return buf_steal(&out);
}

static void test_rows(void **state)
{
	static const struct {
		const char *text, *rows;
	} cases[] = {
		{AXES, "3.13-plain:; 3.13-quick: lto=none bind=lazy; 3.10-plain:; "
		       "3.10-quick: lto=none bind=lazy"},
		{AXES "exclude: [{version: 3.10, options: quick}]",
			"3.13-plain:; 3.13-quick: lto=none bind=lazy; 3.10-plain:"},
		{AXES "exclude: [{options: quick}, {version: 3.13}]", "3.10-plain:"},
		/* What comes later counts, and {} is for all. */
		{AXES "exclude: [{version: 3.10}]\n"
		      "with:\n  - {set: {cc: gcc}}\n  - {options: quick, set: {lto: full, cc: x}}\n",
			"3.13-plain: cc=gcc; 3.13-quick: lto=full bind=lazy cc=x"},
		{AXES TARGETS "exclude: [{version: 3.13}, {target: there, options: plain}]",
			"3.10-plain-here:; 3.10-quick-here: lto=none bind=lazy; "
			"3.10-quick-there: lto=none bind=lazy"},
		/* Rows that would be the same are not, if something tells them apart. */
		{"versions: [3.13]\noptions: {a: {}, b: {}}\n"
		 "with: [{options: b, set: {lto: full}}]\n",
			"3.13-a:; 3.13-b: lto=full"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *rows = rows_of(*state, cases[i].text);

		assert_string_equal(rows, cases[i].rows);
	}
}

static void test_errors(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", ":1:1: "},
		{"[a]", ":1:2: expected a mapping"},
		{"versions: [3.13]", "the key 'options' is missing"},
		{"options: {a: {}}", "the key 'versions' is missing"},
		{"versions: 3.13\noptions: {a: {}}", ":1:11: 'versions' must be a list"},
		{"versions: []\noptions: {a: {}}", ":1:1: the matrix has no rows"},
		{"versions: [3.13]\noptions: {}", "the matrix has no rows"},
		{"versions: [3.13]\noptions: [a]", ":2:11: 'options' must be a mapping"},
		{"versions: [3.13]\noptions: {a: }", "'a' must be a mapping of options"},
		{"versions: [3.13]\noptions: {a: {lto}}", "an option is written 'name: value'"},
		{"versions: [3.13]\noptions: {a: {lto: [x]}}", "an option is written"},
		{"versions: [3.13]\noptions: {a: {tlo: x}}", ":2:15: no option 'tlo'"},
		{"versions: [3.13]\noptions: {a: {lto: wrong}}", ":2:15: no value"},
		{"versions: [3.13]\noptions: {a: {}, a: {}}", "duplicate key"},
		{"versions: [3.13]\noptions: {a/b: {}}", ":2:11: a name has letters"},
		{"versions: [../x]\noptions: {a: {}}", ":1:12: a name has letters"},
		{"versions: [3.13, 3.13]\noptions: {a: {}}", ":1:18: '3.13' is listed twice"},
		{"versions: [3.13]\noptions: {a: {}, b: {}}",
			":2:18: the rows '3.13-a' and '3.13-b' are the same build"},
		{"versions: [3.13]\noptions: {a: {lto: x, cc: y}, b: {cc: y, lto: x}}",
			"are the same build"},
		{"versions: [1, 1-a]\noptions: {a-b: {lto: x}, b: {}}",
			"two rows are named '1-a-b'"},
		{AXES "target: [x]", ":5:1: unknown key 'target'"},
		{AXES "exclude: {version: 3.13}", "'exclude' must be a list"},
		{AXES "exclude: [{version: 3.1}]", ":5:21: '3.1' is none of the matrix's versions"},
		{AXES "exclude: [{options: x}]", "'x' is none of the matrix's options"},
		{AXES "exclude: [{target: x}]", "'x' is none of the matrix's targets"},
		{AXES "exclude: [{version: 3.13, set: {}}]", "unknown key 'set'"},
		{AXES "exclude: [{}]", "no rows: all are excluded"},
		{AXES "with: [{version: 3.13}]", "'set' must be a mapping"},
		{AXES "with: [{version: 3.13, set: {x: y}}]", "no option 'x'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(cleanup_matrix) struct matrix *m = NULL;
		struct err err;

		if (load(*state, cases[i].text, &m, &err) == 0)
			fail_msg("no error: %s", cases[i].text);
		assert_int_equal(err.code, ERR_INPUT);
		if (!strstr(err.msg, cases[i].message))
			fail_msg("'%s' is not in: %s", cases[i].message, err.msg);
	}
}

/* An axis of so many names, "a0, a1, …". */
static void add_axis(
	struct buf *out, const char *begin, size_t n, const char *each, const char *end)
{
	buf_adds(out, begin);
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%sa%zu%s", i ? ", " : "", i, each);
	buf_adds(out, end);
}

static void test_bounds(void **state)
{
	static const struct {
		size_t versions, options;
		const char *message; /* NULL: it is taken */
	} cases[] = {{256, 1, NULL}, {1, 257, "more than 256 are listed"},
		{257, 1, "more than 256 are listed"}, {64, 65, "more than 4096 rows"},
		{257, 0, "more than 256 are listed"}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(cleanup_matrix) struct matrix *m = NULL;
		CLEANUP_BUF struct buf text = BUF_INIT;
		struct err err;
		int got;

		add_axis(&text, "versions: [", cases[i].versions, "", "]\n");
		add_axis(&text, "options: {", cases[i].options, ": {}", "}\n");
		got = load(*state, text.data, &m, &err);
		assert_int_equal(got, cases[i].message ? -1 : 0);
		if (cases[i].message && !strstr(err.msg, cases[i].message))
			fail_msg("'%s' is not in: %s", cases[i].message, err.msg);
	}
}

/* ---- what becomes of a row ------------------------------------------------------------------- */

static struct cpython_matrix *open_rows(
	const char *root, const char *text, const struct cpython_request *base, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/matrix.yaml", root);
	struct cpython_matrix *m = NULL;

	scratch_file(root, "matrix.yaml", text, 0644);
	*err = (struct err)ERR_INIT;
	cpython_matrix_load(base, path, &m, err);
	return m;
}

static void test_requests(void **state)
{
	CLEANUP(cleanup_cpython_matrix) struct cpython_matrix *m = NULL;
	struct cpython_request base;
	struct err err;

	cpython_request_defaults(&base);
	base.quiet = true;
	base.cc = "gcc";
	base.options.pie = "no";
	base.output = "out";
	m = open_rows(*state,
		"versions: [3.13]\n"
		"options: {a: {lto: best, hardening: full}, b: {like: pbs, shuffle: 7}}\n"
		"targets: [x86_64-unknown-linux-gnu]\n",
		&base, &err);
	if (!m)
		fail_msg("%s", err.msg);
	assert_int_equal(m->n, 2);
	assert_string_equal(m->rows[0].output, "out/3.13-a-x86_64-unknown-linux-gnu");
	assert_string_equal(m->rows[0].request.version, "3.13");
	assert_string_equal(m->rows[0].request.target, "x86_64-unknown-linux-gnu");
	assert_string_equal(m->rows[0].request.options.lto, "best");
	assert_string_equal(m->rows[0].request.hardening, "full");
	assert_string_equal(m->rows[0].request.cc, "gcc");
	assert_string_equal(m->rows[0].request.options.pie, "no");
	assert_null(m->rows[0].request.like);
	assert_string_equal(m->rows[1].request.like, "pbs");
	assert_string_equal(m->rows[1].request.options.shuffle, "7");
	assert_null(m->rows[1].request.options.lto);
}

/* What a list says to 'solder build' is what the row is. */
static void test_list(void **state)
{
	CLEANUP(cleanup_cpython_matrix) struct cpython_matrix *m = NULL;
	CLEANUP_STRV struct strv common = STRV_INIT, lines = STRV_INIT;
	struct cpython_request base;
	json_t *list, *row;
	struct err err;

	cpython_request_defaults(&base);
	base.quiet = true;
	base.cc = "/opt/it's gcc";
	m = open_rows(*state, "versions: [3.13]\noptions: {a: {link: shared, profile: none}}\n",
		&base, &err);
	assert_non_null(m);
	list = cpython_matrix_list(m, NULL);
	row = json_array_get(json_object_get(list, "include"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "name")), "3.13-a");
	assert_string_equal(json_string_value(json_object_get(row, "args")),
		"3.13 --cc '/opt/it'\\''s gcc' --profile none --link shared");
	json_decref(list);
	/* In a job, what rows have in common stands as it was given. */
	strv_add(&common, "--jobs=2");
	strv_add(&common, "");
	assert_int_equal(cpython_matrix_jobs(m, "parallel", &common, &lines, &err), 0);
	assert_int_equal(lines.n, 1);
	assert_string_equal(lines.v[0],
		"solder build 3.13 --link shared --profile none --jobs=2 '' -o dist/3.13-a");
}

static void test_request_errors(void **state)
{
	static const struct {
		const char *options, *message;
	} cases[] = {
		{"{link: share}", "'link' cannot be 'share', only static|shared"},
		{"{lto: fastest}", "'lto' cannot be 'fastest', only none|thin|full|best"},
		{"{hardening: most}", "'hardening' cannot be 'most', only standard|none|full"},
		{"{shuffle: 01}", "only a whole number"},
		{"{output: x}", "'output' is not an option that a matrix can set"},
		{"{bind: now}", "--bind is given, and the row '3.13-a' of the matrix sets it, too"},
	};
	struct cpython_request base;

	cpython_request_defaults(&base);
	base.quiet = true;
	base.options.bind = "lazy";
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(cleanup_cpython_matrix) struct cpython_matrix *m = NULL;
		CLEANUP_FREE char *text =
			xasprintf("versions: [3.13]\noptions: {a: %s}\n", cases[i].options);
		struct err err;

		m = open_rows(*state, text, &base, &err);
		assert_null(m);
		if (!strstr(err.msg, cases[i].message))
			fail_msg("'%s' is not in: %s", cases[i].message, err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_rows), SCRATCH_TEST(test_errors),
		SCRATCH_TEST(test_bounds), SCRATCH_TEST(test_requests), SCRATCH_TEST(test_list),
		SCRATCH_TEST(test_request_errors)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
