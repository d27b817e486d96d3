/* PYTHON.json, and what goes with the debug information. */
#include "packages.h"

#include <stdlib.h>

/* python/NAME of the full archive, empty. */
static void add(struct tar_list *full, const char *name)
{
	CLEANUP_FREE char *as = xasprintf("python/%s", name);

	tar_list_add_bytes(full, "", 0, as);
}

static json_t *python_json_of(const struct package_fixture *f)
{
	CLEANUP_TAR_LIST struct tar_list full = {0};
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE char *lib = xasprintf("install/%s", zlib_so);
	struct err err = ERR_INIT;

	add(&full, lib);
	add(&full, "install/lib/python3.13/lib-dynload/array.so");
	tar_list_add_symlink(
		&full, "array.so", "python/install/lib/python3.13/lib-dynload/twin.so");
	add(&full, "build/Modules/config.o");
	add(&full, "build/Modules/mathmodule.o");
	add(&full, "build/Python/ceval.o");
	add(&full, "licenses/zlib/LICENSE");
	add(&full, "licenses/cpython/LICENSE");
	text = python_json(&f->p, &full, &err);
	return json_parsed(text);
}

static const json_t *extension_of(const json_t *j, const char *module)
{
	const json_t *all = json_object_get(json_object_get(j, "build_info"), "extensions");
	const json_t *e = json_array_get(json_object_get(all, module), 0);

	if (!e)
		fail_msg("no extension '%s'", module);
	return e;
}

static char *dump(const json_t *j, const char *key)
{
	char *text = json_dumps(json_object_get(j, key), JSON_COMPACT);

	assert_non_null(text);
	return text;
}

static void assert_dump(const json_t *j, const char *key, const char *expected)
{
	CLEANUP_FREE char *text = dump(j, key);

	assert_string_equal(text, expected);
}

static void test_python_json(void **state)
{
	struct package_fixture f;
	const json_t *core;
	json_t *j;

	package_setup(&f, *state);
	strv_add(&f.p.tests, "test");
	f.files[0].facts.glibc = "2.4";
	f.files[2].facts.glibc = "2.17";
	f.files[5].facts.glibc = "2.36"; /* installed later */
	j = python_json_of(&f);
	assert_json_text(j, "version", "8");
	assert_json_text(j, "target_triple", "x86_64-unknown-linux-gnu");
	assert_json_text(j, "build_options", "pgo+lto");
	assert_json_text(j, "optimizations", "pgo+lto");
	assert_json_text(j, "libpython_link_mode", "static");
	assert_json_text(j, "python_exe", "install/bin/python3.13");
	assert_json_text(j, "license_path", "licenses/cpython/LICENSE");
	assert_json_text(j, "python_stdlib_platform_config", "install/lib/python3.13/config-3.13");
	assert_dump(j, "crt_features", "[\"glibc-dynamic\",\"glibc-max-symbol-version:2.17\"]");
	assert_dump(j, "python_stdlib_test_packages", "[\"test\"]");
	assert_dump(j, "licenses", "[\"CNRI-Python\",\"Python-2.0\",\"Zlib\"]");
	/* what was asked for ourselves is no key of the format */
	assert_null(json_object_get(j, "builtins"));
	assert_null(json_object_get(j, "abiflags"));
	assert_json_text(
		json_object_get(j, "build_info"), "object_file_format", "llvm-bitcode:19.1.7");
	assert_json_text(
		json_object_get(j, "build_info"), "inittab_object", "build/Modules/config.o");
	assert_dump(json_object_get(j, "build_info"), "inittab_cflags",
		"[\"-fPIC\",\"-DPy_BUILD_CORE\"]");
	core = json_object_get(json_object_get(j, "build_info"), "core");
	assert_dump(core, "links",
		"[{\"name\":\"dl\",\"system\":true},{\"name\":\"m\",\"system\":true}]");
	assert_null(json_object_get(core, "shared_lib"));
	json_decref(j);
	/* others have this word in the one and not in the other */
	free(f.p.opts);
	f.p.opts = xstrdup("freethreaded+pgo");
	json_object_set_new(f.p.says, "abiflags", json_string("t"));
	j = python_json_of(&f);
	assert_json_text(j, "build_options", "freethreaded+pgo");
	assert_json_text(j, "optimizations", "pgo");
	assert_json_text(j, "python_exe", "install/bin/python3.13t");
	json_decref(j);
	package_release(&f);
}

/* A built-in module has the objects that Setup names, the core all others. */
static void test_python_json_extensions(void **state)
{
	struct package_fixture f;
	const char *needed[] = {"libc.so.6", "libm.so.6"};
	const json_t *e;
	json_t *j;

	package_setup(&f, *state);
	scratch_file(*state, "lib/python3.13/config-3.13/Setup.local",
		"# math elsewhere.c\nmath mathmodule.c -DX gone.c\n", 0644);
	scratch_file(*state, "lib/python3.13/config-3.13/config.c",
		"struct _inittab _PyImport_Inittab[] = {\n    {\"math\", PyInit_math},\n"
		"    /* more */\n    {\"_abc\", _Py_Abc},\n    {\"sys\", NULL},\n    {0, 0}\n};\n",
		0644);
	f.files[4].facts.needed = needed;
	f.files[4].facts.n_needed = 2;
	j = python_json_of(&f);
	e = extension_of(j, "math");
	assert_dump(e, "objs", "[\"build/Modules/mathmodule.o\"]");
	assert_false(json_is_true(json_object_get(e, "in_core")));
	assert_json_text(e, "init_fn", "PyInit_math");
	assert_json_text(extension_of(j, "_abc"), "init_fn", "_Py_Abc");
	e = extension_of(j, "sys");
	assert_json_text(e, "init_fn", "NULL");
	assert_true(json_is_true(json_object_get(e, "in_core")));
	assert_true(json_is_true(json_object_get(e, "required")));
	e = extension_of(j, "zlib");
	assert_json_text(e, "init_fn", "PyInit_zlib");
	assert_dump(e, "links", "[{\"name\":\"m\",\"system\":true}]");
	assert_dump(e, "licenses", "[\"Zlib\"]");
	assert_dump(e, "license_paths", "[\"licenses/zlib/LICENSE\"]");
	assert_non_null(strstr(package_text(e, "shared_lib"), "lib-dynload/zlib.cpython-313"));
	e = extension_of(j, "twin");
	assert_json_text(e, "shared_lib", "install/lib/python3.13/lib-dynload/twin.so");
	assert_null(json_object_get(e, "licenses"));
	assert_dump(json_object_get(json_object_get(j, "build_info"), "core"), "objs",
		"[\"build/Python/ceval.o\"]");
	/* readline is not in this archive */
	assert_null(json_object_get(
		json_object_get(json_object_get(j, "build_info"), "extensions"), "readline"));
	json_decref(j);
	package_release(&f);
}

static void test_python_json_is_sorted(void **state)
{
	CLEANUP_TAR_LIST struct tar_list full = {0};
	CLEANUP_FREE char *first = NULL, *second = NULL;
	const char *last = "", *key;
	struct err err = ERR_INIT;
	struct package_fixture f;
	json_t *j;
	json_t *value;

	package_setup(&f, *state);
	add(&full, "build/Python/a.o");
	first = python_json(&f.p, &full, &err);
	second = python_json(&f.p, &full, &err);
	assert_string_equal(first, second);
	assert_null(strstr(first, *state));
	j = json_parsed(first); /* objects keep the order of the text */
	json_object_foreach (j, key, value) {
		assert_true(strcmp(last, key) < 0);
		last = key;
	}
	json_decref(j);
	package_release(&f);
}

/* gdb's extension lies beside the debug information of those that it is for. */
static void test_gdb_script(void **state)
{
	CLEANUP_TAR_LIST struct tar_list debug = {0}, nothing = {0};
	static const char companion[] = "python/lib/debug/.build-id/ab/cdef.debug";
	const struct tar_entry *link;
	struct package_fixture f;

	package_setup(&f, *state);
	f.files[0].facts.build_id = "abcdef";
	f.files[4].facts.build_id = "123456";
	package_add_gdb(&f.p, "script", 6, &nothing);
	assert_int_equal(nothing.n, 0);
	tar_list_add_bytes(&debug, "", 0, companion);
	tar_list_add_bytes(&debug, "", 0, "python/lib/debug/.build-id/12/3456.debug");
	package_add_gdb(&f.p, "script", 6, &debug);
	assert_int_equal(debug.n, 4);
	link = tar_list_find(&debug, "python/lib/debug/.build-id/ab/cdef.debug-gdb.py");
	assert_non_null(link);
	assert_string_equal(link->link, "../../libpython.py");
	assert_string_equal(tar_list_find(&debug, "python/lib/debug/libpython.py")->data, "script");
	package_release(&f);
}

/* The interpreter says where the folder is, and it may be anybody's. */
static void test_config_folder(void **state)
{
	static const struct {
		const char *libpl;
		bool good;
	} cases[] = {{"/install/lib/python3.13/config-3.13", true}, {"/install/../away", false},
		{"/install/lib/../../away", false}, {"/install/", false}, {"/install//etc", false},
		{"/etc", false}, {"/install/lib/out", false}, {"/install/lib/file", false},
		{"/install/nowhere", false}, {"", false}};
	char *root = *state;
	CLEANUP_FREE char *dir = xasprintf("%s/tree", root);
	struct package_fixture f;

	free(scratch_shell(root, "mkdir -p away tree/lib/python3.13/config-3.13 &&"
				 "ln -s ../../away tree/lib/out && touch tree/lib/file"));
	package_setup(&f, dir);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *vars = json_object_get(f.p.says, "python_config_vars");
		struct err err = ERR_INIT;
		int got;

		json_object_set_new(vars, "LIBPL", json_string(cases[i].libpl));
		got = package_find_config(&f.p, &err);
		if (got != (cases[i].good ? 0 : -1) ||
			(got < 0 && !strstr(err.msg, "which is not in it")))
			fail_msg("%s: %s", cases[i].libpl, err.msg);
		assert_string_equal(f.p.config_rel, "lib/python3.13/config-3.13");
	}
	package_release(&f);
}

static void test_libraries(void **state)
{
	(void)state;
	assert_string_equal(package_libraries("readline")[0], "libedit");
	assert_string_equal(package_libraries("readline")[1], "ncurses");
	assert_null(package_libraries("readline")[2]);
	/* it calls expat through pyexpat */
	assert_null(package_libraries("_elementtree"));
	assert_null(package_libraries("math"));
	/* the first is what a library is made of */
	assert_string_equal(package_libraries("libtcl9")[0], "tcl");
	assert_string_equal(package_libraries("libtcl9tk9")[0], "tk");
	assert_string_equal(package_libraries("_tkinter")[1], "tk");
}

/* A build that was told its target has that name; others are called by their compiler's. */
static void test_triples(void **state)
{
	static const struct {
		const char *build, *triple;
	} cases[] = {
		{"{\"distribution\": {\"triple\": \"x86_64-linux-gnu\"}, \"options\": {}}",
			"x86_64-unknown-linux-gnu"},
		{"{\"distribution\": {\"triple\": \"x86_64-linux-gnu\"},"
		 " \"options\": {\"target\": \"x86_64_v3-unknown-linux-gnu\"}}",
			"x86_64_v3-unknown-linux-gnu"},
		/* It becomes a file's name. */
		{"{\"distribution\": {\"triple\": \"x86_64-linux-gnu\"},"
		 " \"options\": {\"target\": \"../x\"}}",
			"x86_64-unknown-linux-gnu"},
		{"{\"distribution\": {\"triple\": \"arm-other\"}}", "arm-other"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct package p = {.build = json_parsed(cases[i].build)};
		CLEANUP_FREE char *triple = package_triple(&p);

		assert_string_equal(triple, cases[i].triple);
		json_decref(p.build);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_python_json),
		SCRATCH_TEST(test_python_json_extensions), SCRATCH_TEST(test_python_json_is_sorted),
		SCRATCH_TEST(test_gdb_script), SCRATCH_TEST(test_config_folder),
		cmocka_unit_test(test_libraries), cmocka_unit_test(test_triples)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
