/* One wheel and one Python: the tags as installers take them, and the sentence. No network. */
#include "scratch.h"

#include "base/file.h"
#include "check/check-internal.h"

#define MODULE(top, body)                                                                          \
	"#include <Python.h>\n" top "static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "     \
	"\"m\", NULL, -1, NULL};\nPyMODINIT_FUNC PyInit_m(void)\n{\n" body                         \
	"\treturn PyModule_Create(&def);\n}\n"

static void compile(const char *root, const char *text)
{
	scratch_file(root, "m.c", text, 0644);
	free(scratch_shell(root, "cc -shared -fPIC -w -I\"$(python3 -c 'import sysconfig; "
				 "print(sysconfig.get_path(\"include\"))')\" m.c -o m.so"));
}

/* Of a wheel with that tag, which holds m.so. */
static void says(const char *root, const char *tag, const char *verdict, const char *why)
{
	CLEANUP_FREE char *maker = path_absolute("tests/lib/wheel.py");
	CLEANUP_FREE char *file = xasprintf("%s/wheels/pkg-1.0-%s.whl", root, tag);
	CLEANUP_FREE char *scratch = xasprintf("%s/scratch", root);
	CLEANUP_PYTHON struct python dist = {0};
	struct err err = ERR_INIT;
	json_t *model = json_object(), *item;

	free(scratch_shell(root,
		"rm -rf wheels scratch && mkdir wheels scratch && "
		"python3 '%s' make wheels pkg %s m.so",
		maker, tag));
	if (py_find("python3", &dist, &err) < 0 ||
		check_with(&dist, file, scratch, model, &err) < 0)
		fail_msg("%s: %s", tag, err.msg);
	item = json_array_get(json_object_get(model, "with"), 0);
	assert_string_equal(check_text(item, "verdict"), verdict);
	if (!strstr(check_text(item, "answer"), why))
		fail_msg("%s: '%s' does not say '%s'", tag, check_text(item, "answer"), why);
	json_decref(model);
}

static void test_tags(void **state)
{
	static const struct {
		const char *tag, *verdict, *why;
	} cases[] = {
		{"py3-none-any", "works", "pkg 1.0 will work with CPython 3."},
		{"py2.py3-none-any", "works", "1 extension module: "},
		{"cp32-abi3-linux_@", "works", "every symbol and library is there"},
		{"%-%-manylinux2014_@.manylinux_2_99_@", "works", "every symbol"},
		{"%-none-manylinux_2_5_@", "works", "every symbol"},
		{"py2-none-any", "fails", "installers refuse it: its tag py2-none is not for cp3"},
		{"py399-none-any", "fails", "py399-none is not for"},
		{"cp399-abi3-any", "fails", "cp399-abi3 is not for"},
		{"cp34-cp34m-any", "fails", "cp34-cp34m is not for"},
		{"%-%t-any", "fails", "is not for"},
		{"py3-none-win_amd64", "fails", "win_amd64 is not for"},
		{"py3-none-macosx_11_0_@", "fails", "is not for"},
		{"py3-none-musllinux_1_2_@", "fails", "with glibc 2."},
		{"py3-none-manylinux_2_99_@", "fails", "manylinux_2_99_"},
		{"py3-none-manylinux_2_17_sparc", "fails", "_sparc is not for"},
	};
	const char *root = *state;
	CLEANUP_FREE char *machine = scratch_shell(root, "uname -m | tr -d '\\n'");
	CLEANUP_FREE char *version = scratch_shell(root,
		"python3 -c 'import sys; print(\"cp%%d%%d\" %% sys.version_info[:2], end=\"\")'");

	compile(root, MODULE("", ""));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_BUF struct buf tag = BUF_INIT;

		buf_adds(&tag, cases[i].tag);
		buf_replace(&tag, "@", machine);
		buf_replace(&tag, "%", version);
		says(root, tag.data, cases[i].verdict, cases[i].why);
	}
}

static void test_files(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *scratch = xasprintf("%s/scratch", root);
	struct err err = ERR_INIT;
	json_t *model = json_object();

	compile(root, MODULE("PyObject *PyNoSuch_Function(void);\n", "\tPyNoSuch_Function();\n"));
	says(root, "py3-none-any", "fails", "pkg 1.0 will not work with CPython 3.");
	says(root, "py3-none-any", "fails", "the interpreter does not export PyNoSuch_Function");
	compile(root, MODULE("int Py_GetRecursionLimit(void) { return 1; }\n", ""));
	says(root, "py3-none-any", "not checked", "may or may not work");
	assert_int_equal(check_with(NULL, "pkg.whl", scratch, model, &err), -1);
	assert_non_null(strstr(err.msg, "is not the name of a wheel"));
	json_decref(model);
}

/* Nothing that pip would take for something else reaches it. */
static void test_names(void **state)
{
	static const char *const bad[] = {"-rfile", "http://x/y", "a b", "../x", "a[b]"};
	CLEANUP_PYTHON struct python dist = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = ERR_INIT;
		char *file = NULL;

		assert_int_equal(
			check_with_download(&dist, bad[i], "/nonexistent", &file, &err), -1);
		assert_non_null(strstr(err.msg, "neither a wheel nor the name of a package"));
	}
}

static void test_each(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *maker = path_absolute("tests/lib/wheel.py");
	CLEANUP_FREE char *file = xasprintf("%s/wheels/pkg-1.0-cp32-abi3-any.whl", root);
	CLEANUP_FREE char *real = scratch_shell(root,
		"mkdir bin scratch none && python3 -c 'import sys; print(\"ln -s\", sys.executable, "
		"\"bin/python3.%%d\" %% sys.version_info[1])' | sh && ln -s /bin/true "
		"bin/python3.99 && python3 -c 'import os, sys; "
		"print(os.path.realpath(sys.executable), end=\"\")'");
	CLEANUP_FREE char *path = xasprintf("%s/bin", root), *none = xasprintf("%s/none", root);
	CLEANUP_FREE char *scratch = xasprintf("%s/scratch", root);
	struct err err = ERR_INIT;
	json_t *model = json_object(), *list;

	compile(root, MODULE("", ""));
	free(scratch_shell(
		root, "mkdir wheels && python3 '%s' make wheels pkg cp32-abi3-any m.so", maker));
	setenv("PYENV_ROOT", none, 1);
	setenv("PATH", path, 1);
	if (check_with(NULL, file, scratch, model, &err) < 0)
		fail_msg("%s", err.msg);
	list = json_object_get(model, "with");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(check_text(json_array_get(list, 0), "python"), real);
	assert_string_equal(check_text(json_array_get(list, 0), "verdict"), "works");
	json_decref(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_tags),
		SCRATCH_TEST(test_files),
		cmocka_unit_test(test_names),
		SCRATCH_TEST(test_each),
	};

	return cmocka_run_group_tests_name("wheel-with", tests, NULL, NULL);
}
