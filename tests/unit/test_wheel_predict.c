/* What one wheel shows, and what only another one would: predictions from files, nothing loaded. */
#include "scratch.h"

#include "base/file.h"
#include "check/check-internal.h"

/* A module or library at `name` (below root), and what it is linked with. */
__attribute__((format(printf, 4, 5))) static void put(
	const char *root, const char *name, const char *text, const char *fmt, ...)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", root, name), *dir = path_dir(path);
	CLEANUP_FREE char *source = xasprintf("%s.c", name), *flags = NULL;
	struct err err = ERR_INIT;
	va_list ap;

	va_start(ap, fmt);
	flags = xvasprintf(fmt, ap);
	va_end(ap);
	assert_int_equal(make_dirs(dir, &err), 0);
	scratch_file(root, source, text, 0644);
	free(scratch_shell(root, "cc -shared -fPIC -w -Wl,--no-as-needed -o %s %s %s && rm %s",
		name, source, flags, source));
}

/* Of what is below root/wheel. */
static void predicts(const char *root, const struct python *dist, const char *prediction,
	const char *expected, const char *because)
{
	CLEANUP(wheel_audit_release) struct wheel_audit audit = {0};
	CLEANUP(wheel_release) struct wheel w = WHEEL_INIT;
	CLEANUP_FREE char *file = xasprintf("%s/w.whl", root);
	struct wheel_python here = {0};
	struct err err = ERR_INIT;
	json_t *model;

	free(scratch_shell(root, "cd wheel && rm -f ../w.whl && python3 -m zipfile -c ../w.whl *"));
	if (wheel_python_read(dist, &here, &err) < 0 ||
		wheel_audit_read(file, root, &audit, &err) < 0 ||
		wheel_predict(&here, &audit, &w, &err) < 0)
		fail_msg("%s", err.msg);
	model = wheel_json(&w);
	assert_string_equal(check_text(model, "prediction"), prediction);
	assert_string_equal(check_text(model, "expected"), expected);
	if (!strstr(w.because, because))
		fail_msg("'%s' is not in: %s", because, w.because);
	json_decref(model);
	wheel_python_release(&here);
}

#define MODULE(name, calls)                                                                        \
	"int PyBack_Value(void);\nvoid *PyInit_" name "(void)\n{\n\t" calls "\treturn 0;\n}\n"
#define USES MODULE("front", "PyBack_Value();\n")

static void test_other_wheel(void **state)
{
	const char *root = *state;
	CLEANUP_PYTHON struct python dist = {0};
	struct err err = ERR_INIT;

	if (py_find("python3", &dist, &err) < 0)
		fail_msg("%s", err.msg);
	put(root, "libback.so", "int PyBack_Value(void) { return 1; }", "-Wl,-soname,libback.so.1");
	/* The folder of another wheel, by way of a search path, has the library. */
	put(root, "wheel/front/front.so", USES, "libback.so -Wl,-rpath,'${ORIGIN}/../back'");
	predicts(root, &dist, "needs another wheel", "unsure", "libback.so.1 of 'back' must come");
	predicts(root, &dist, "needs another wheel", "unsure", "whether there is PyBack_Value");
	/* Through a library of its own. */
	put(root, "wheel/front/libmiddle.so", "int middle;",
		"libback.so -Wl,-soname,libmiddle.so "
		"-Wl,-rpath,'$ORIGIN/../back'");
	put(root, "wheel/front/front.so", USES, "%s", "wheel/front/libmiddle.so");
	predicts(root, &dist, "needs another wheel", "unsure", "of 'back' must come");
	/* The library that needs the symbol is loaded by a module that brings the other one. */
	put(root, "wheel/front/libmiddle.so",
		"int PyBack_Value(void); int middle(void) { return "
		"PyBack_Value(); }",
		"-Wl,-soname,libmiddle.so");
	put(root, "wheel/front/front.so", MODULE("front", ""),
		"wheel/front/libmiddle.so libback.so -Wl,-rpath,'$ORIGIN/../back'");
	predicts(root, &dist, "needs another wheel", "unsure", "whether there is PyBack_Value");
	/* No other library: nothing else can define it. */
	put(root, "wheel/front/libmiddle.so", "int middle;", "-Wl,-soname,libmiddle.so");
	put(root, "wheel/front/front.so", USES, "%s", "wheel/front/libmiddle.so");
	predicts(root, &dist, "missing symbols", "breaks", "does not export PyBack_Value");
	/* It is in the wheel itself after all. */
	put(root, "wheel/front/libmiddle.so", "int PyBack_Value(void) { return 1; }", "%s",
		"-Wl,-soname,libmiddle.so");
	put(root, "wheel/front/front.so", USES, "wheel/front/libmiddle.so -Wl,-rpath,'$ORIGIN'");
	predicts(root, &dist, "works", "works", "every symbol and library is there");
}

/* A library of the wheel that the loader would not find, unless the package loads it by hand. */
static void test_off_path(void **state)
{
	const char *root = *state, *front = "wheel/front/front.so", *mid = "wheel/front/libmid.so";
	const char *off = "library on no path";
	CLEANUP_PYTHON struct python dist = {0};
	struct err err = ERR_INIT;

	if (py_find("python3", &dist, &err) < 0)
		fail_msg("%s", err.msg);
	put(root, "wheel/front/libleaf.so", "int leaf;", "-Wl,-soname,libleaf.so");
	put(root, mid, "int mid;", "wheel/front/libleaf.so -Wl,-soname,libmid.so");
	put(root, front, MODULE("front", ""),
		"-Wl,--enable-new-dtags wheel/front/libmid.so -Wl,-rpath,'$ORIGIN'");
	predicts(
		root, &dist, off, "unsure", "libleaf.so (which front/libmid.so needs); found only");
	/* It is there already when it is looked for. */
	put(root, front, MODULE("front", ""),
		"wheel/front/libmid.so wheel/front/libleaf.so -Wl,-rpath,'$ORIGIN'");
	predicts(root, &dist, "works", "works", "");
	/* DT_RPATH holds for what is loaded, too. */
	put(root, front, MODULE("front", ""),
		"-Wl,--disable-new-dtags wheel/front/libmid.so -Wl,-rpath,'$ORIGIN'");
	predicts(root, &dist, "works", "works", "");
	put(root, front, MODULE("front", ""), "%s", "wheel/front/libmid.so");
	predicts(root, &dist, off, "unsure", "libmid.so (which front/front.so needs)");
	/* A path of its own. */
	put(root, mid, "int mid;",
		"wheel/front/libleaf.so -Wl,-soname,libmid.so -Wl,-rpath,'$ORIGIN'");
	put(root, front, MODULE("front", ""),
		"-Wl,--enable-new-dtags wheel/front/libmid.so -Wl,-rpath,'$ORIGIN'");
	predicts(root, &dist, "works", "works", "");
}

/* Names are compared as the loader compares them: exactly, and after its expansions. */
static void test_names(void **state)
{
	const char *root = *state;
	CLEANUP_PYTHON struct python dist = {0};
	struct err err = ERR_INIT;

	if (py_find("python3", &dist, &err) < 0)
		fail_msg("%s", err.msg);
	put(root, "libone.so", "int one;", "-Wl,-soname,'$ORIGIN/../libs/libone.so'");
	put(root, "wheel/libs/libone.so", "int one;", "-Wl,-soname,other");
	put(root, "wheel/front/front.so", MODULE("front", ""), "libone.so");
	predicts(root, &dist, "works", "works", "");
	put(root, "libone.so", "int one;", "-Wl,-soname,libone.so.2");
	put(root, "wheel/front/front.so", MODULE("front", ""), "libone.so");
	predicts(root, &dist, "missing library", "breaks", "libone.so.2");
	/* libpython as a path is libpython all the same, and "libpythonic" is not. */
	put(root, "libone.so", "int one;", "-Wl,-soname,'$ORIGIN/libpython9.9.so'");
	put(root, "wheel/front/front.so", MODULE("front", ""), "libone.so");
	predicts(root, &dist, "needs libpython.so", "breaks", "$ORIGIN/libpython9.9.so (of 20");
	predicts(
		root, &dist, "needs libpython.so", "breaks", ", though auditwheel takes that out)");
	put(root, "libone.so", "int one;", "-Wl,-soname,libpythonic.so");
	put(root, "wheel/front/front.so", MODULE("front", ""), "libone.so");
	predicts(root, &dist, "missing library", "breaks", "libpythonic.so");
}

/* A Python that could not be asked has the suffixes that its version has. */
static void test_unasked(void **state)
{
	const char *root = *state;
	CLEANUP(wheel_audit_release) struct wheel_audit audit = {0};
	CLEANUP_FREE char *ours = NULL, *file = xasprintf("%s/w.whl", root);
	CLEANUP_PYTHON struct python dist = {0};
	struct wheel_python here = {0};
	struct err err = ERR_INIT;

	if (py_find("python3", &dist, &err) < 0 || wheel_python_read(&dist, &here, &err) < 0)
		fail_msg("%s", err.msg);
	ours = xasprintf("wheel/front.cpython-%d%d-any-machine.so", dist.major, dist.minor);
	put(root, ours, MODULE("front", ""), "%s", "");
	put(root, "wheel/other.cpython-42-any-machine.so", MODULE("other", ""), "%s", "");
	put(root, "wheel/third.abi3.so", MODULE("third", ""), "%s", "");
	free(scratch_shell(root, "cd wheel && python3 -m zipfile -c ../w.whl *"));
	assert_int_equal(wheel_audit_read(file, root, &audit, &err), 0);
	json_decref(dist.says);
	dist.says = NULL;
	wheel_audit_roles(&here, &audit);
	assert_int_equal(audit.counts[WHEEL_EXTENSION], 2);
	assert_int_equal(audit.counts[WHEEL_FOREIGN], 1);
	wheel_python_release(&here);
}

/* glibc has a reserve for what is loaded late; musl has none. */
static void test_static_tls(void **state)
{
	const char *root = *state;
	CLEANUP_PYTHON struct python dist = {0};
	struct err err = ERR_INIT;

	if (py_find("python3", &dist, &err) < 0)
		fail_msg("%s", err.msg);
	put(root, "wheel/front/front.so",
		"__thread int tls;\nvoid *PyInit_front(void)\n{\n\treturn &tls;\n}\n", "%s",
		"-ftls-model=initial-exec");
	predicts(root, &dist, "works", "works", "every symbol and library is there");
	dist.musl = true;
	predicts(
		root, &dist, "TLS may not fit", "breaks", "static TLS of 4 bytes; musl keeps none");
}

static void test_age(void **state)
{
	CLEANUP_FREE char *none = wheel_libpython_age(0), *old = wheel_libpython_age(20250524);

	(void)state;
	assert_string_equal(none, "");
	assert_string_equal(old, " (of 2025-05-24, when auditwheel did not yet take that out)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_other_wheel),
		SCRATCH_TEST(test_off_path),
		SCRATCH_TEST(test_names),
		SCRATCH_TEST(test_unasked),
		SCRATCH_TEST(test_static_tls),
		cmocka_unit_test(test_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
