/* Relocation: what is rewritten must be right for the programs that read it. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cpython/cpython-internal.h"
#include "scratch.h"

#define BUILD_ROOT "/tmp/solder-build/x.AAAA"

/* Two words in a row that readers of the file depend on, and values of every shape. */
static const char sysconfig[] =
	"# system configuration generated and used by the sysconfig module\n"
	"build_time_vars = {'prefix': '/install',\n"
	" 'exec_prefix': '/install',\n"
	" 'LIBDIR': '/install/lib',\n"
	" 'CC': '/usr/bin/gcc-12 -pthread',\n"
	" 'AR': '/usr/bin/gcc-ar-12',\n"
	" 'INSTALL': '/usr/bin/install -c',\n"
	" 'CFLAGS': '-O3 -I" BUILD_ROOT "/deps/include -I/install/include',\n"
	" 'LDFLAGS': '-L" BUILD_ROOT "/deps/lib -L/install/lib -Wl,-rpath,/install/lib',\n"
	" 'CONFIG_ARGS': \"'--prefix=/install' 'CC=/usr/bin/gcc-12'\",\n"
	" 'srcdir': '" BUILD_ROOT "/src',\n"
	" 'OTHER': '/installation /opt/install',\n"
	/* As releases before 3.13 break lines. */
	" 'LDSHARED': '/usr/bin/gcc-12 -B" BUILD_ROOT "/deps/sysroot '\n"
	"             '-Wl,-rpath-link," BUILD_ROOT "/deps/sysroot -shared',\n"
	" 'QUOTED': \"it's \"\n"
	"           'here',\n"
	" 'NUMBER': 3}\n";

static const char makefile[] = "prefix=\t/install\n"
			       "exec_prefix=\t${prefix}\n"
			       "LIBDIR=\t$(exec_prefix)/lib\n"
			       "INSTALL=\t/usr/bin/install -c\n"
			       "CC=\t/usr/bin/gcc-12\n"
			       "VPATH=\t" BUILD_ROOT "/src\n"
			       "show:\n\t@echo '$(prefix)|$(LIBDIR)|$(INSTALL)|$(CC)'\n";

static const char details[] =
	"{\"schema_version\": \"1.0\", \"base_prefix\": \"/install\",\n"
	" \"base_interpreter\": \"/install/bin/python3.14\",\n"
	" \"libpython\": {\"dynamic\": \"/install/lib/libpython3.14.so.1.0\"},\n"
	" \"c_api\": {\"headers\": \"/install/include/python3.14\", \"list\": [\"x\"]}}\n";

#define CONFIG "lib/python3.14/config-3.14-x86_64-linux-gnu"

static void make_files(const char *tree)
{
	scratch_file(tree, "lib/python3.14/_sysconfigdata__linux_x86.py", sysconfig, 0644);
	scratch_file(tree, CONFIG "/Makefile", makefile, 0644);
	scratch_file(tree, "lib/pkgconfig/python-3.14.pc",
		"prefix=/install\nexec_prefix=${prefix}\nlibdir=${exec_prefix}/lib\n"
		"includedir=${prefix}/include\nName: Python\nDescription: x\nVersion: 3.14\n"
		"Libs: -L${libdir} -lpython3.14\nCflags: -I${includedir}/python3.14\n",
		0644);
	scratch_file(tree, "lib/python3.14/build-details.json", details, 0644);
	scratch_file(tree, "lib/python3.14/plain.py", "x = '/install'\n", 0644);
	scratch_file(tree, "include/python3.14/pyconfig.h", "#define X 1\n", 0644);
	/* An interpreter that says what it was asked to run. */
	scratch_file(tree, "bin/python3.14", "#!/bin/sh\necho \"python: $*\"\n", 0755);
	scratch_file(tree, "bin/pip3", "#!/install/bin/python3.14\nimport sys\n", 0755);
	scratch_file(tree, "bin/2to3", "#!/usr/bin/env python3\n", 0755);
}

/* The tree is made in one place and read in another, whose path has blanks. */
static char *relocated(const char *root)
{
	CLEANUP_FREE char *built = xasprintf("%s/built", root);
	char *moved = xasprintf("%s/moved to a 'new' place", root);
	CLEANUP_STRV struct strv tools = STRV_INIT;
	struct relocation r = {.root = BUILD_ROOT,
		.arguments = " -B" BUILD_ROOT "/deps/sysroot -Wl,-rpath-link," BUILD_ROOT
			     "/deps/sysroot",
		.tools = &tools};
	struct err err = ERR_INIT;

	strv_add(&tools, "/usr/bin/gcc-12");
	strv_add(&tools, "cc");
	strv_add(&tools, "/usr/bin/gcc-ar-12");
	strv_add(&tools, "ar");
	make_files(built);
	if (relocate_tree(built, &r, &err) < 0 ||
		relocate_verify(built, BUILD_ROOT, NULL, &err) < 0 ||
		relocate_verify(built, INSTALL_PREFIX "/deps", NULL, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(rename(built, moved), 0);
	return moved;
}

/* Without quotes, which make and pkg-config cannot stand in paths. */
static char *relocated_plain(const char *root)
{
	CLEANUP_FREE char *moved = relocated(root);
	char *plain = xasprintf("%s/moved to a new place", root);

	assert_int_equal(rename(moved, plain), 0);
	return plain;
}

static void test_sysconfig(void **state)
{
	CLEANUP_FREE char *tree = relocated(*state), *dir = xasprintf("%s/lib/python3.14", tree);
	CLEANUP_FREE char *text = scratch_read(dir, "_sysconfigdata__linux_x86.py");
	CLEANUP_FREE char *out = NULL;

	/* What uv's parser takes as the start, and the dict in the form that it reads. */
	assert_int_equal(strncmp(text, sysconfig, strcspn(sysconfig, "{") + 1), 0);
	scratch_file(*state, "check.py",
		"import ast, shlex, sys\n"
		"import _sysconfigdata__linux_x86 as m\n"
		"v, p = m.build_time_vars, sys.argv[1]\n"
		"q = shlex.quote(p)\n"
		"def check(name, want):\n"
		"    assert v[name] == want, (name, v[name], want)\n"
		"check('prefix', p)\n"
		"check('exec_prefix', p)\n"
		"check('LIBDIR', p + '/lib')\n"
		"check('CC', 'cc -pthread')\n"
		"check('AR', 'ar')\n"
		"check('INSTALL', '/usr/bin/install -c')\n"
		"check('OTHER', '/installation /opt/install')\n"
		"check('NUMBER', 3)\n"
		"check('LDSHARED', 'cc -shared')\n"
		"check('QUOTED', \"it's here\")\n"
		"assert shlex.split(v['CFLAGS']) == ['-O3', '-I' + p + '/include'], v['CFLAGS']\n"
		"assert shlex.split(v['LDFLAGS']) == \\\n"
		"    ['-L' + p + '/lib', '-Wl,-rpath,' + p + '/lib'], v['LDFLAGS']\n"
		"assert '/tmp/solder' not in repr(v)\n"
		"assert shlex.split(v['CONFIG_ARGS'])[1] == 'CC=cc'\n"
		"source = open(m.__file__).read().split('build_time_vars = ', 1)[1]\n"
		"ast.literal_eval(source[:source.index('}') + 1])\n"
		"print('fine')\n",
		0644);
	out = scratch_shell(tree,
		"PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=lib/python3.14 python3 ../check.py \"$PWD\"");
	assert_string_equal(out, "fine\n");
}

static void test_makefile(void **state)
{
	CLEANUP_FREE char *tree = relocated_plain(*state);
	CLEANUP_FREE char *want = xasprintf("%s|%s/lib|/usr/bin/install -c|cc\n", tree, tree),
			  *direct = NULL;
	CLEANUP_FREE char *relative = NULL, *included = NULL, *linked = NULL;

	direct = scratch_shell("/", "make -s -f '%s/" CONFIG "/Makefile' show", tree);
	assert_string_equal(direct, want);
	relative = scratch_shell(tree, "cd " CONFIG "; make -s show");
	assert_string_equal(relative, want);
	scratch_file(*state, "user/Makefile", "include $(PYTHON)\n", 0644);
	included = scratch_shell(*state,
		"cd user; make -s PYTHON='../moved\\ to\\ a\\ new\\ place/" CONFIG
		"/Makefile' show");
	assert_string_equal(included, want);
	linked = scratch_shell(
		*state, "ln -s 'moved to a new place' l; make -s -f l/" CONFIG "/Makefile show");
	assert_non_null(strstr(linked, "|/usr/bin/install -c|cc\n"));
	assert_null(strstr(linked, "/install/lib"));
}

/* Quotes are no trouble either, outside of include lines. */
static void test_makefile_quotes(void **state)
{
	CLEANUP_FREE char *tree = relocated(*state), *out = NULL;

	out = scratch_shell(tree,
		"echo 'where:; @echo \"$(prefix)\"' >>" CONFIG "/Makefile\n"
		"test \"$(make -s -f \"$PWD/" CONFIG "/Makefile\" where)\" = \"$PWD\"; echo fine");
	assert_string_equal(out, "fine\n");
}

static void test_pkg_config(void **state)
{
	CLEANUP_FREE char *tree = relocated_plain(*state), *out = NULL, *words = NULL;

	out = scratch_shell(tree, "PKG_CONFIG_PATH=\"$PWD/lib/pkgconfig\" "
				  "pkg-config --variable=prefix python-3.14 | sed 's/\\\\//g'");
	assert_non_null(strstr(out, tree));
	/* As a command line uses it: the shell's words must name folders that are there. */
	words = scratch_shell(tree,
		"eval set -- $(PKG_CONFIG_PATH=\"$PWD/lib/pkgconfig\" "
		"pkg-config --cflags --libs python-3.14); test $# = 3\n"
		"test \"${3}\" = -lpython3.14; cd \"${1#-I}\"; test -f pyconfig.h\n"
		"cd \"${2#-L}\"; test -d python3.14; echo fine");
	assert_string_equal(words, "fine\n");
}

static void test_scripts(void **state)
{
	CLEANUP_FREE char *tree = relocated(*state), *direct = NULL, *linked = NULL,
			  *compiled = NULL;
	CLEANUP_FREE char *want = NULL, *real = realpath(tree, NULL), *other = NULL;
	struct stat st;

	direct = scratch_shell(tree, "bin/pip3 install 'two words'");
	assert_string_equal(direct, "python: bin/pip3 install two words\n");
	linked = scratch_shell(tree, "mkdir '../my bin'; ln -s \"$PWD/bin/pip3\" '../my bin/pip'; "
				     "cd /; \"$OLDPWD/../my bin/pip\" x");
	want = xasprintf("python: %s/../my bin/pip x\n", real);
	assert_string_equal(linked, want);
	/* The same file is a Python program. */
	compiled = scratch_shell(tree, "python3 -c 'import ast, sys; "
				       "print(len(ast.parse(open(\"bin/pip3\").read()).body))'");
	assert_string_equal(compiled, "2\n");
	other = scratch_read(tree, "bin/2to3");
	assert_string_equal(other, "#!/usr/bin/env python3\n");
	CLEANUP_FREE char *path = xasprintf("%s/bin/pip3", tree);

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
}

static void test_details(void **state)
{
	CLEANUP_FREE char *tree = relocated(*state), *out = NULL;

	out = scratch_shell(tree,
		"python3 -c '\n"
		"import json, os\n"
		"d = json.load(open(\"lib/python3.14/build-details.json\"))\n"
		"here = os.path.abspath(\"lib/python3.14\")\n"
		"base = os.path.normpath(os.path.join(here, d[\"base_prefix\"]))\n"
		"assert base == os.getcwd(), base\n"
		"for p in d[\"base_interpreter\"], d[\"c_api\"][\"headers\"]:\n"
		"    assert os.path.exists(os.path.join(base, p)), p\n"
		"assert d[\"libpython\"][\"dynamic\"] == \"lib/libpython3.14.so.1.0\"\n"
		"assert d[\"schema_version\"] == \"1.0\" and d[\"c_api\"][\"list\"] == [\"x\"]\n"
		"print(list(d)[1])'");
	assert_string_equal(out, "base_prefix\n");
}

/* Nothing else is rewritten, and to do it twice is to do it once. */
static void test_untouched(void **state)
{
	CLEANUP_FREE char *tree = relocated(*state), *plain = NULL, *binary = NULL;
	CLEANUP_STRV struct strv tools = STRV_INIT;
	struct relocation r = {.root = BUILD_ROOT, .tools = &tools};
	struct err err = ERR_INIT;

	plain = scratch_read(tree, "lib/python3.14/plain.py");
	assert_string_equal(plain, "x = '/install'\n");
	binary = xasprintf("%s/bin/elf", tree);
	assert_int_equal(file_write(binary, "#!/install/bin/x\n\0" BUILD_ROOT, 42, 0755, &err), 0);
	assert_int_equal(relocate_tree(tree, &r, &err), 0);
	CLEANUP_FREE char *same = scratch_read(tree, "bin/elf");

	assert_memory_equal(same, "#!/install/bin/x\n\0" BUILD_ROOT, 42);
	scratch_file(tree, "lib/python3.14/build-details.json", "{", 0644);
	assert_int_equal(relocate_tree(tree, &r, &err), -1);
	assert_non_null(strstr(err.msg, "build-details.json"));
}

static void test_verify(void **state)
{
	CLEANUP_FREE char *tree = relocated(*state);
	struct err err = ERR_INIT;
	char data[200] = {0};

	/* In text, in the middle of a binary, at its very end. */
	assert_int_equal(relocate_verify(tree, "/no/such/text", NULL, &err), 0);
	memcpy(data + 100, BUILD_ROOT, strlen(BUILD_ROOT));
	for (int i = 0; i < 7; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/lib/leak%d.so", tree, i);

		assert_int_equal(file_write(path, data, i ? sizeof(data) : 100 + strlen(BUILD_ROOT),
					 0644, &err),
			0);
	}
	assert_int_equal(relocate_verify(tree, BUILD_ROOT, NULL, &err), -1);
	assert_int_equal(err.code, ERR_INPUT);
	assert_non_null(strstr(err.msg, "7 files still name"));
	assert_non_null(strstr(err.msg, "\n  lib/leak0.so"));
	assert_null(strstr(err.msg, "leak5"));
}

static void test_times(void **state)
{
	CLEANUP_FREE char *tree = relocated(*state), *times = NULL;
	CLEANUP_FREE char *link = xasprintf("%s/bin/python", tree);
	struct err err = ERR_INIT;

	assert_int_equal(symlink("python3.14", link), 0);
	assert_int_equal(relocate_pin_times(tree, 1234567890, &err), 0);
	times = scratch_shell(tree, "find . -mindepth 1 -printf '%%T@\\n' | sort | uniq");
	assert_string_equal(times, "1234567890.0000000000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_sysconfig),
		SCRATCH_TEST(test_makefile),
		SCRATCH_TEST(test_makefile_quotes),
		SCRATCH_TEST(test_pkg_config),
		SCRATCH_TEST(test_scripts),
		SCRATCH_TEST(test_details),
		SCRATCH_TEST(test_untouched),
		SCRATCH_TEST(test_verify),
		SCRATCH_TEST(test_times),
	};

	return cmocka_run_group_tests_name("relocate", tests, NULL, NULL);
}
