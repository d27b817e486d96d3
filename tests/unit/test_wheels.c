/* Wheels made for the purpose, checked with the system's python3. No network. */
#include "scratch.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "check/check-internal.h"
#include "python/python.h"

#define MODULE(name, top, body)                                                                    \
	"#include <Python.h>\n" top "static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "     \
	"\"" name "\", NULL, -1, NULL};\nPyMODINIT_FUNC PyInit_" name "(void)\n{\n" body           \
	"\treturn PyModule_Create(&def);\n}\n"

struct source {
	const char *name, *text, *link;
};

static const struct source sources[] = {
	{"good", MODULE("good", "", ""), ""},
	{"missing",
		MODULE("missing", "PyObject *PyNoSuch_Function(void);\n",
			"\tPyNoSuch_Function();\n"),
		""},
	{"overlinked", MODULE("overlinked", "", ""), "-Wl,--no-as-needed -L. -lpython9.9"},
	{"nolibrary", MODULE("nolibrary", "", ""), "-Wl,--no-as-needed -L. -lnot-anywhere"},
	{"collides", MODULE("collides", "int Py_GetRecursionLimit(void) { return 1; }\n", ""), ""},
	{"crashes", MODULE("crashes", "", "\t*(volatile int *)0 = 1;\n"), ""},
	{"quits", MODULE("quits", "#include <stdlib.h>\n", "\t_Exit(7);\n"), ""},
	{"tls",
		MODULE("tls",
			"__thread char big[1500] __attribute__((tls_model(\"initial-exec\")));\n",
			"\tbig[7] = 1;\n"),
		""},
};

static void compile(const char *root, const struct source *s)
{
	CLEANUP_FREE char *file = xasprintf("%s.c", s->name), *out = NULL;

	scratch_file(root, file, s->text, 0644);
	out = scratch_shell(root,
		"cc -shared -fPIC -w -I\"$(python3 -c 'import sysconfig; "
		"print(sysconfig.get_path(\"include\"))')\" %s -o %s.so %s",
		file, s->name, s->link);
}

__attribute__((format(printf, 2, 3))) static void make_wheel(const char *root, const char *fmt, ...)
{
	CLEANUP_FREE char *args = NULL, *here = path_absolute("tests/lib/wheel.py"), *out = NULL;
	va_list ap;

	va_start(ap, fmt);
	args = xvasprintf(fmt, ap);
	va_end(ap);
	out = scratch_shell(root, "python3 '%s' %s", here, args);
}

/* Whoever runs the tests may have told pip to go elsewhere. */
static void prepare(const char *root)
{
	CLEANUP_FREE char *here = path_absolute("wheels/run.py"), *out = NULL;

	setenv("PIP_NO_INDEX", "1", 1);
	setenv("PIP_CONFIG_FILE", "/dev/null", 1);
	unsetenv("PIP_FIND_LINKS");
	out = scratch_shell(root,
		"mkdir -p wheels data && cp '%s' data/ && "
		"for l in python9.9 not-anywhere; do echo | "
		"cc -shared -fPIC -x c - -o lib$l.so -Wl,-soname,lib$l.so; done",
		here);
}

static json_t *check_by(
	const char *root, struct check_wheel_options options, int expect, struct err *err)
{
	CLEANUP_FREE char *what = xasprintf("%s/wheels", root), *data = xasprintf("%s/data", root);
	CLEANUP_FREE char *state = xasprintf("%s/state", root);
	CLEANUP_PYTHON struct python dist = {0};
	json_t *model = json_object();

	options.what = what;
	options.data_dir = data;
	options.state_dir = state;
	options.jobs = 2;

	if (py_find("python3", &dist, err) < 0)
		fail_msg("%s", err->msg);
	if (check_wheels(&dist, &options, NULL, model, err) != expect)
		fail_msg("%s", err->msg);
	return model;
}

static json_t *check(const char *root, const char *against, int expect, struct err *err)
{
	return check_by(root, (struct check_wheel_options){.against = against}, expect, err);
}

static const json_t *wheel(const json_t *model, const char *name)
{
	const json_t *w;
	size_t i;

	json_array_foreach (json_object_get(model, "wheels"), i, w) {
		if (!strcmp(json_string_value(json_object_get(w, "name")), name))
			return w;
	}
	fail_msg("no wheel '%s'", name);
	return NULL;
}

static void assert_wheel(const json_t *model, const char *name, const char *verdict,
	const char *prediction, const char *why)
{
	const json_t *w = wheel(model, name);
	const char *said = json_string_value(json_object_get(w, "why"));

	if (strcmp(json_string_value(json_object_get(w, "verdict")), verdict) != 0)
		fail_msg("%s: %s", name, json_dumps(w, 0));
	if (prediction)
		assert_string_equal(
			json_string_value(json_object_get(w, "prediction")), prediction);
	if (why && (!said || !strstr(said, why)))
		fail_msg("%s: '%s' does not say '%s'", name, said ? said : "", why);
}

static json_int_t summary(const json_t *model, const char *group, const char *key)
{
	const json_t *counts = json_object_get(json_object_get(model, "summary"), "wheels");

	return json_integer_value(
		json_object_get(group ? json_object_get(counts, group) : counts, key));
}

static void test_verdicts(void **state)
{
	const char *root = *state;
	struct err err = ERR_INIT;
	const json_t *failure;
	json_t *model;

	prepare(root);
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		compile(root, &sources[i]);
		make_wheel(root, "make wheels %s py3-none-any %s.so", sources[i].name,
			sources[i].name);
	}
	model = check(root, NULL, 0, &err);
	assert_true(json_is_null(json_object_get(model, "against")));
	assert_wheel(model, "good", "works", "works", NULL);
	assert_wheel(model, "missing", "fails", "missing symbols", "PyNoSuch_Function");
	assert_wheel(model, "overlinked", "fails", "needs libpython.so", "libpython9.9.so");
	assert_wheel(model, "nolibrary", "fails", "missing library", "libnot-anywhere.so");
	assert_wheel(model, "collides", "works", "may collide", NULL);
	assert_wheel(model, "tls", "works", "TLS may not fit", NULL);
	assert_wheel(model, "quits", "fails", "works", "quits.quits: exit code 7");
	assert_wheel(model, "crashes", "fails", "works", "killed by SIGSEGV");
	failure = json_array_get(json_object_get(wheel(model, "crashes"), "failures"), 0);
	failure = json_object_get(failure, "here");
	assert_string_equal(json_string_value(json_object_get(failure, "signal")), "SIGSEGV");
	assert_non_null(strstr(json_string_value(json_object_get(failure, "frame")), "File \""));
	/* good, missing, overlinked and nolibrary as said, crashes not */
	assert_int_equal(summary(model, "predictions", "right"), 4);
	assert_int_equal(summary(model, "predictions", "wrong"), 1);
	assert_int_equal(summary(model, "predictions", "not about loading"), 1);
	assert_int_equal(summary(model, "predictions", "unsure"), 2);
	assert_int_equal(summary(model, NULL, "works"), 3);
	assert_int_equal(summary(model, NULL, "fails"), 5);
	json_decref(model);
}

/* None of these is installed, and none stops the good one. */
static void test_bad_wheels(void **state)
{
	const char *root = *state;
	struct err err = ERR_INIT;
	json_t *model;

	prepare(root);
	compile(root, &sources[0]);
	make_wheel(root, "make wheels good py3-none-any good.so");
	make_wheel(root, "entry wheels hostile py3-none-any ../../../outside");
	make_wheel(root, "entry wheels absolute py3-none-any '%s/outside'", root);
	make_wheel(root, "lie wheels liar py3-none-any");
	make_wheel(root, "link wheels linked py3-none-any");
	make_wheel(root, "tar wheels tarry py3-none-any");
	make_wheel(root, "make wheels short py3-none-any good.so");
	make_wheel(root, "cut wheels/short-1.0-py3-none-any.whl");
	make_wheel(root, "make wheels windows cp39-cp39-win_amd64 good.so");
	make_wheel(root, "make wheels empty py3-none-any");
	scratch_file(root, "wheels/words-1.0-py3-none-any.whl", "PK\3\4 no zip", 0644);
	scratch_file(root, "wheels/unnamed.whl", "x", 0644);
	model = check(root, NULL, 0, &err);
	assert_wheel(model, "good", "works", "works", NULL);
	assert_wheel(model, "hostile", "not checked", NULL, "'..'");
	assert_wheel(model, "absolute", "not checked", NULL, "absolute path");
	assert_wheel(model, "liar", "not checked", NULL, "two sizes");
	assert_wheel(model, "linked", "not checked", NULL, "would be installed as a file");
	assert_wheel(model, "tarry", "not checked", NULL, "does not begin as a zip archive");
	assert_wheel(model, "short", "not checked", NULL, "truncated or corrupt");
	assert_wheel(model, "windows", "not checked", NULL, "not a supported wheel");
	assert_wheel(model, "empty", "not checked", NULL, "no extension modules");
	assert_wheel(model, "words", "not checked", NULL, "truncated or corrupt");
	assert_wheel(model, "unnamed.whl", "not checked", NULL, "not the name of a wheel");
	assert_int_equal(summary(model, NULL, "not checked"), 10);
	CLEANUP_FREE char *outside = xasprintf("%s/outside", root);
	CLEANUP_FREE char *scratch = xasprintf("%s/state/scratch", root);

	assert_false(path_exists(outside));
	assert_false(path_exists(scratch));
	json_decref(model);
}

static void test_exercise_reuse_and_reference(void **state)
{
	const char *root = *state;
	struct err err = ERR_INIT;
	json_t *model;

	prepare(root);
	compile(root, &sources[0]);
	make_wheel(root, "make wheels good py3-none-any good.so");
	scratch_file(root, "data/exercises.txt",
		"# all\n[other]\nassert False\n[good]\nfrom good import good\n\nassert "
		"good.__name__\n[last]\nassert False\n",
		0644);
	model = check(root, "python3", 0, &err);
	assert_wheel(model, "good", "works", "works", NULL);
	assert_null(json_object_get(wheel(model, "good"), "reused"));
	assert_string_equal(
		json_string_value(json_object_get(wheel(model, "good"), "exercise")), "passed");
	json_decref(model);
	model = check(root, "python3", 0, &err);
	assert_wheel(model, "good", "works", "works", NULL);
	assert_true(json_is_true(json_object_get(wheel(model, "good"), "reused")));
	json_decref(model);
	/* another exercise is another question */
	scratch_file(root, "data/exercises.txt", "[good]\nassert False, 'bad sum'", 0644);
	model = check(root, "python3", 0, &err);
	assert_wheel(model, "good", "fails on both", "works", "exercise: AssertionError: bad sum");
	assert_int_equal(summary(model, "predictions", "not about loading"), 1);
	json_decref(model);
}

/* Without what differs from run to run. */
static json_t *timeless(json_t *model)
{
	static const char *const keys[] = {"seconds", "disk", "memory", "reused"};
	json_t *w;
	size_t i;

	json_array_foreach (json_object_get(model, "wheels"), i, w) {
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			json_object_del(w, keys[k]);
	}
	json_object_del(json_object_get(model, "wheels_run"), "seconds");
	json_object_del(json_object_get(model, "wheels_run"), "peak_disk");
	return model;
}

static void assert_not_merged(const char *root, const char *files, const char *message)
{
	CLEANUP_STRV struct strv list = STRV_INIT;
	struct err err = ERR_INIT;

	strv_split(&list, files, " ");
	json_decref(check_by(root, (struct check_wheel_options){.merge = &list}, -1, &err));
	if (!strstr(err.msg, message))
		fail_msg("'%s' does not say '%s'", err.msg, message);
}

static void test_shards(void **state)
{
	static const char *const bad[][2] = {{"other", "another pair of interpreters"},
		{"longer", "is incomplete"}, {"no", "not the result of a shard"}};
	const char *root = *state;
	struct err err = ERR_INIT;
	json_t *whole, *merged, *part;
	CLEANUP_STRV struct strv files = STRV_INIT;
	CLEANUP_FREE char *twice = NULL, *old = NULL;

	prepare(root);
	compile(root, &sources[0]);
	make_wheel(root, "make wheels good py3-none-any good.so");
	make_wheel(root, "make wheels empty py3-none-any");
	make_wheel(root, "make wheels last py3-none-any good.so");
	for (unsigned int i = 2; i >= 1; i--) {
		CLEANUP_FREE char *path = xasprintf("%s/%u.json", root, i);

		part = check_by(root,
			(struct check_wheel_options){.shard = i, .of_shards = 2, .disk = 1}, 0,
			&err);
		assert_int_equal(json_array_size(json_object_get(part, "wheels")), 3 - i);
		json_object_set_new(part, "rules", json_array());
		assert_int_equal(json_dump_file(part, path, 0), 0);
		json_decref(part);
		strv_add(&files, path);
	}
	merged = timeless(check_by(root, (struct check_wheel_options){.merge = &files}, 0, &err));
	whole = timeless(check(root, NULL, 0, &err));
	if (!json_equal(merged, whole))
		fail_msg("%s\n%s", json_dumps(merged, 0), json_dumps(whole, 0));
	json_decref(merged);
	json_decref(whole);
	twice = xasprintf("%s %s", files.v[0], files.v[0]);
	assert_not_merged(root, twice, "are the same shard");
	assert_not_merged(root, files.v[0], "shard 1 is missing");
	assert_not_merged(root, files.v[1], "shard 2 is missing");
	old = scratch_shell(root,
		"sed 's/\"pair\": \"./&x/' 1.json >other.json; sed 's/\"listed\": 3/\"listed\": 5/' "
		"1.json >longer.json; sed 's/shard/none/' 1.json >no.json");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s.json", root, bad[i][0]);

		assert_not_merged(root, path, bad[i][1]);
	}
}

/* Nothing of the wheel is run. */
static void test_audit_only(void **state)
{
	const char *root = *state;
	struct err err = ERR_INIT;
	json_t *model;

	prepare(root);
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		if (strcmp(sources[i].name, "missing") != 0 &&
			strcmp(sources[i].name, "quits") != 0)
			continue;
		compile(root, &sources[i]);
		make_wheel(root, "make wheels %s py3-none-any %s.so", sources[i].name,
			sources[i].name);
	}
	model = check_by(root, (struct check_wheel_options){.audit = true}, 0, &err);
	assert_wheel(model, "missing", "not checked", "missing symbols", "audited only");
	assert_wheel(model, "quits", "not checked", "works", "audited only");
	json_decref(model);
	/* and that is no result to be taken for one */
	model = check(root, NULL, 0, &err);
	assert_wheel(model, "quits", "fails", "works", "exit code 7");
	json_decref(model);
}

/* pip finds the source beside the wheels, and in it the tests, if there are any. */
static void test_own_tests(void **state)
{
	static const char *const names[] = {"good", "last", "none"};
	static const char *const whys[] = {"pytest" /* there is none without an index */,
		"has no folder of tests", "it has no source distribution"};
	const char *root = *state;
	CLEANUP_FREE char *here = path_absolute("wheels"), *out = NULL;
	CLEANUP_FREE char *links = xasprintf("%s/wheels", root);
	struct check_wheel_options options = {.against = "python3", .own_tests = true};
	struct err err = ERR_INIT;
	json_t *model;

	prepare(root);
	compile(root, &sources[0]);
	setenv("PIP_FIND_LINKS", links, 1);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		make_wheel(root, "make wheels %s py3-none-any good.so", names[i]);
	out = scratch_shell(root,
		"cp '%s'/sdist.py '%s'/tests.py data && mkdir -p good-1.0/tests last-1.0/docs && "
		"echo >good-1.0/tests/test_a.py && tar czf wheels/good-1.0.tar.gz good-1.0 && "
		"tar czf wheels/last-1.0.tar.gz last-1.0",
		here, here);
	model = check_by(root, options, 0, &err);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *why =
			check_text(json_object_get(wheel(model, names[i]), "own_tests"), "why");

		if (!why || !strstr(why, whys[i]))
			fail_msg("%s: '%s'", names[i], why ? why : "");
	}
	assert_wheel(model, "good", "works", "works", NULL);
	json_decref(model);
	unsetenv("PIP_FIND_LINKS");
	options.against = NULL;
	json_decref(check_by(root, options, -1, &err));
	assert_non_null(strstr(err.msg, "compared with those of a reference"));
}

static void test_one_run_at_a_time(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *path = xasprintf("%s/state/lock", root);
	CLEANUP_CLOSE int lock = -1;
	struct err err = ERR_INIT;

	prepare(root);
	make_wheel(root, "make wheels empty py3-none-any");
	scratch_file(root, "state/lock", "", 0644);
	lock = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	json_decref(check(root, NULL, -1, &err));
	assert_non_null(strstr(err.msg, "another check of wheels is using"));
}

static void read_list(
	const char *what, const char *data, const char *filter, size_t n, const char *message)
{
	const struct check_wheel_options options = {
		.what = what, .data_dir = data, .filter = filter};
	CLEANUP(wheel_list_release) struct wheel_list list = {0};
	struct err err = ERR_INIT;

	if (!message) {
		if (wheel_list_read(&options, &list, &err) < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(list.n, n);
		return;
	}
	assert_int_equal(wheel_list_read(&options, &list, &err), -1);
	if (!strstr(err.msg, message))
		fail_msg("'%s' does not say '%s'", err.msg, message);
}

static void test_lists(void **state)
{
	static const char *const bad[] = {"--index-url=x", "-rfile", "a b", "../x.whl",
		"http://x/y", "a>=1", "a==", "a[b]", "git+x", "==1"};
	const char *root = *state;
	CLEANUP_FREE char *names = xasprintf("%s/names", root);

	read_list("top:500", "wheels", NULL, 500, NULL);
	read_list("top:500", "wheels", "num", 6, NULL);
	read_list("top:0", "wheels", NULL, 0, "has no number");
	read_list("top:x", "wheels", NULL, 0, "has no number");
	read_list("top:9999", "wheels", NULL, 0, "has only");
	read_list("wheels/few.txt", "wheels", NULL, 8, NULL);
	read_list("wheels/few.txt", "wheels", "nothing", 0, "whose names contain 'nothing'");
	scratch_file(
		root, "names", "# words\n\n  Zope.Interface==5.0+x  # this\r\nruamel.yaml\n", 0644);
	read_list(names, "wheels", "zope-interface", 1, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		scratch_file(root, "names", bad[i], 0644);
		read_list(names, "wheels", NULL, 0, "not the name of a package");
	}
	scratch_file(root, "names", "", 0644);
	read_list(names, "wheels", NULL, 0, "has no wheels");
}

/* The list that ships is in the form that names are compared in, without doubles; each exercise
 * belongs to one of it. */
static void test_shipped_names(void **state)
{
	const struct check_wheel_options options = {
		.what = "wheels/top-500.txt", .data_dir = "wheels"};
	CLEANUP(wheel_list_release) struct wheel_list list = {0};
	CLEANUP_STRV struct strv names = STRV_INIT, exercises = STRV_INIT;
	CLEANUP_FREE char *out = scratch_shell(
		".", "sed -n 's/^\\[\\([a-z0-9-]*\\)\\]$/\\1/p' wheels/exercises.txt");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(wheel_list_read(&options, &list, &err), 0);
	assert_int_equal(list.n, 500);
	for (size_t i = 0; i < list.n; i++) {
		assert_string_equal(list.v[i].name, list.v[i].requirement);
		assert_false(strv_has(&names, list.v[i].name));
		strv_add(&names, list.v[i].name);
	}
	strv_split(&exercises, out, "\n");
	assert_true(exercises.n >= 150);
	for (size_t i = 0; i < exercises.n; i++) {
		if (!strv_has(&names, exercises.v[i]))
			fail_msg("'%s' is an exercise for nothing", exercises.v[i]);
	}
}

static void test_names(void **state)
{
	static const char *const bad[] = {"x.zip", "a-1.whl", ".whl", "a-b-c-d-e-f-g.whl"};
	CLEANUP_FREE char *name = NULL, *version = NULL;

	(void)state;
	assert_true(
		wheel_name_parse("/x/Zope.Interface__a-5.0-cp313-abi3-any.whl", &name, &version));
	assert_string_equal(name, "zope-interface-a");
	assert_string_equal(version, "5.0");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(wheel_name_parse(bad[i], &name, &version));
}

/* One trial with each interpreter; NULL: it worked. */
static void assert_judged(const char *here, const char *there, const char *verdict)
{
	char m[] = "m", n[] = "n";
	struct wheel_trial v[4] = {{.what = m, .ok = !here}, {.what = n, .ok = true},
		{.what = m, .ok = !there}, {.what = n, .ok = true}};
	const struct wheel_trials ours = {v, 2}, theirs = {v + 2, 2};
	CLEANUP(wheel_release) struct wheel w = WHEEL_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i].said = json_pack("{s:b, s:s*}", "ok", v[i].ok, "error",
			i == 0   ? here
			: i == 2 ? there
				 : NULL);
	wheel_judge(&w, &ours, &theirs);
	assert_string_equal(check_verdict_word(w.verdict), verdict);
	assert_int_equal(w.imported, 1 + !here);
	assert_int_equal(w.imported_by_reference, 1 + !there);
	if (here || there)
		assert_non_null(strstr(w.why, here ? here : there));
	else
		assert_null(w.why);
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		json_decref(v[i].said);
}

static void test_judgement(void **state)
{
	(void)state;
	assert_judged(NULL, NULL, "works");
	assert_judged("lost", NULL, "breaks only here");
	assert_judged(NULL, "lost", "works only here");
	assert_judged("lost", "gone", "fails on both");
}

/* A static tree and two others beside it, of which one is its counterpart. */
static void test_counterpart(void **state)
{
	const char *root = *state;
	static const char *const trees[][3] = {{"a", "static", "-O3"}, {"b", "shared", "-O2"},
		{"c", "shared", "-O3"}, {"d", "shared", "-O3"}};
	CLEANUP_FREE char *prefix = xasprintf("%s/a", root), *want = xasprintf("%s/c", root);
	CLEANUP_FREE char *other = xasprintf("%s/c", root), *found = NULL, *none = NULL;
	struct python dist = {.prefix = prefix}, shared = {.prefix = other};

	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		CLEANUP_FREE char *name = xasprintf("%s/share/solder/build.json", trees[i][0]);
		CLEANUP_FREE char *text =
			xasprintf("{\"distribution\": {\"python\": \"3.13.1\", \"link\": \"%s\", "
				  "\"optimisation\": \"%s\", \"tls\": \"x\", \"compiler\": \"c\", "
				  "\"triple\": \"t\"}}",
				trees[i][1], trees[i][2]);

		scratch_file(root, name, text, 0644);
	}
	found = wheel_find_counterpart(&dist);
	assert_string_equal(found, want);
	none = wheel_find_counterpart(&shared);
	assert_null(none);
}

/* pip keeps its configuration, the way to the index and the certificates, and gets nothing else. */
static void test_pip_environment(void **state)
{
	static const char *const kept[] = {"PIP_INDEX_URL", "https_proxy", "HTTPS_PROXY",
		"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "XDG_CONFIG_HOME"};
	static const char *const dropped[] = {"SECRET_TOKEN", "PYTHONPATH", "PYTHONHOME",
		"LD_LIBRARY_PATH", "VIRTUAL_ENV", "GIT_DIR", "PIPX_HOME", "TMPDIR"};
	CLEANUP_STRV struct strv env = STRV_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		setenv(kept[i], "here", 1);
	for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
		setenv(dropped[i], "here", 1);
	py_pip_environment("/scratch", &env);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		CLEANUP_FREE char *word = xasprintf("%s=here", kept[i]);

		if (!strv_has(&env, word))
			fail_msg("%s is lost", kept[i]);
		unsetenv(kept[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(dropped); i++) {
		CLEANUP_FREE char *word = xasprintf("%s=here", dropped[i]);

		if (strv_has(&env, word))
			fail_msg("%s gets in", dropped[i]);
		unsetenv(dropped[i]);
	}
	assert_true(strv_has(&env, "TMPDIR=/scratch"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_verdicts),
		SCRATCH_TEST(test_bad_wheels),
		SCRATCH_TEST(test_exercise_reuse_and_reference),
		SCRATCH_TEST(test_shards),
		SCRATCH_TEST(test_audit_only),
		SCRATCH_TEST(test_own_tests),
		SCRATCH_TEST(test_one_run_at_a_time),
		SCRATCH_TEST(test_lists),
		SCRATCH_TEST(test_shipped_names),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_judgement),
		SCRATCH_TEST(test_counterpart),
		cmocka_unit_test(test_pip_environment),
	};

	return cmocka_run_group_tests_name("wheels", tests, NULL, NULL);
}
