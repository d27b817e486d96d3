/* From a name to an interpreter: links, environments, pyenv, wrappers; and the files it has. */
#include "scratch.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "python/python-internal.h"

#define ELF_FILE "tests/fuzz/corpus/elf/pie"

static void put_elf(const char *root, const char *name)
{
	CLEANUP_FREE char *to = xasprintf("%s/%s", root, name), *dir = path_dir(to);
	struct err err = ERR_INIT;

	assert_int_equal(make_dirs(dir, &err), 0);
	assert_int_equal(tree_copy(ELF_FILE, to, &err), 0);
	assert_int_equal(chmod(to, 0755), 0);
}

static void put_link(const char *root, const char *name, const char *target)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", root, name), *dir = path_dir(path);
	struct err err = ERR_INIT;

	assert_int_equal(make_dirs(dir, &err), 0);
	assert_int_equal(symlink(target, path), 0);
}

/* "what", below root unless it has no slash, must lead to root/expected. */
static void leads_to(const char *root, const char *what, const char *expected, const char *sentence)
{
	CLEANUP_FREE char *full = strchr(what, '/') ? xasprintf("%s/%s", root, what) : NULL;
	CLEANUP_FREE char *want = xasprintf("%s/%s", root, expected), *got = NULL, *trail = NULL;
	CLEANUP_FREE char *real = realpath(want, NULL);
	struct err err = ERR_INIT;
	struct python dist = {0};

	if (py_follow(full ? full : what, &dist, &got, &err) < 0)
		fail_msg("%s: %s", what, err.msg);
	assert_string_equal(got, real);
	trail = strv_join(&dist.trail, "\n");
	if (!strstr(trail, sentence))
		fail_msg("%s: '%s' is not in: %s", what, sentence, trail);
	py_release(&dist);
}

static void fails(const char *root, const char *what, const char *message)
{
	CLEANUP_FREE char *full = strchr(what, '/') ? xasprintf("%s/%s", root, what) : NULL;
	char *got = NULL;
	struct err err = ERR_INIT;
	struct python dist = {0};

	assert_int_equal(py_follow(full ? full : what, &dist, &got, &err), -1);
	if (!strstr(err.msg, message))
		fail_msg("%s: '%s' is not in: %s", what, message, err.msg);
	py_release(&dist);
}

static void test_folders_and_links(void **state)
{
	const char *root = *state;

	put_elf(root, "plain/bin/python3.13");
	put_elf(root, "plain/bin/python3.9");
	put_elf(root, "plain/bin/python3.13-config");
	leads_to(root, "plain/bin/python3.9", "plain/bin/python3.9", "");
	leads_to(root, "plain/", "plain/bin/python3.13", "interpreter of the folder");
	leads_to(root, "plain/bin/", "plain/bin/python3.13", "");
	put_link(root, "plain/bin/python3", "python3.9");
	leads_to(root, "plain/", "plain/bin/python3.9", "symbolic link to 'python3.9'");
	put_elf(root, "full/python/install/bin/python3");
	leads_to(root, "full/", "full/python/install/bin/python3", "");
	leads_to(root, "full/python/", "full/python/install/bin/python3", "");
	put_link(root, "elsewhere", "plain");
	leads_to(root, "elsewhere/bin/python3.13", "plain/bin/python3.13", "links in its folders");
	put_link(root, "a", "b");
	put_link(root, "b", "a");
	fails(root, "./a", "a circle?");
	put_link(root, "self/bin/python3", "../../self");
	fails(root, "self/", "holds no Python");
	put_link(root, "dangling/bin/python3", "nowhere");
	fails(root, "dangling/", "nowhere' does not exist");
	fails(root, "dangling/bin/python3", "is a symbolic link to 'nowhere'");
	scratch_file(root, "empty/x", "", 0644);
	fails(root, "empty/", "holds no Python");
	fails(root, "empty/x", "not an interpreter");
	fails(root, "empty/x/y", "does not exist");
	fails(root, "no-such-python", "neither here nor on PATH");
	fails("", "/dev/null", "neither a file nor a folder");
}

static void test_environments(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *good = xasprintf("home = %s/base/bin\nversion = 3\n", root);
	CLEANUP_FREE char *nested = xasprintf("Home=%s/copy/bin  \r\n", root);
	CLEANUP_FREE char *self = xasprintf("home = %s/self/bin\n", root);

	put_elf(root, "base/bin/python3.13");
	put_link(root, "linked/bin/python3", "../../base/bin/python3.13");
	scratch_file(root, "linked/pyvenv.cfg", good, 0644);
	leads_to(root, "linked/", "base/bin/python3.13", "is a virtual environment, made from");
	put_elf(root, "copy/bin/python3.13");
	scratch_file(root, "copy/pyvenv.cfg", good, 0644);
	leads_to(root, "copy/bin/python3.13", "base/bin/python3.13", "is a copy");
	put_elf(root, "nested/bin/python3.13");
	scratch_file(root, "nested/pyvenv.cfg", nested, 0644);
	leads_to(root, "nested/", "base/bin/python3.13", "copy' is a virtual environment");
	put_elf(root, "self/bin/python3.13");
	scratch_file(root, "self/pyvenv.cfg", self, 0644);
	fails(root, "self/", "was made from");
	put_elf(root, "gone/bin/python3");
	scratch_file(root, "gone/pyvenv.cfg", "home = /nowhere/bin\n", 0644);
	fails(root, "gone/", "was made from '/nowhere/bin', which has no 'python3'");
	scratch_file(root, "gone/pyvenv.cfg", "= = =\nhome\nhome bin\nhome = relative\n\xff", 0644);
	fails(root, "gone/", "does not say what it was made from");
}

static void test_pyvenv_parse(void **state)
{
	static const struct {
		const char *text, *home, *executable;
	} cases[] = {
		{"", NULL, NULL},
		{"home = /a b \nexecutable=/c", "/a b", "/c"},
		{"HOME=/a\nhome=/b", "/a", NULL},
		{"  home\t=\t/x\r\n", "/x", NULL},
		{"homes = /x\n=/y\nhome=", NULL, NULL},
		{"executable = python\n", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_PYVENV struct pyvenv cfg = {0};

		pyvenv_parse(cases[i].text, &cfg);
		assert_int_equal(cfg.home != NULL, cases[i].home != NULL);
		assert_int_equal(cfg.executable != NULL, cases[i].executable != NULL);
		if (cfg.home)
			assert_string_equal(cfg.home, cases[i].home);
		if (cfg.executable)
			assert_string_equal(cfg.executable, cases[i].executable);
	}
}

/* A PYENV_ROOT with versions of which each has a python3, and a shim for it. */
static void make_pyenv(const char *root)
{
	static const char *const versions[] = {"3.12.9", "3.12.10", "3.12-dev", "3.13.0rc2",
		"3.13.0t", "3.13.0", "3.1.4", "pypy3.10-7.3.12"};
	CLEANUP_FREE char *shim = xasprintf(
		"#!/usr/bin/env bash\nset -e\nprogram=\"${0##*/}\"\nexport PYENV_ROOT=\"%s\"\n"
		"exec \"%s/libexec/pyenv\" exec \"$program\" \"$@\"\n",
		root, root);
	CLEANUP_FREE char *shims = xasprintf("%s/shims:%s/outside", root, root);

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		CLEANUP_FREE char *name = xasprintf("versions/%s/bin/python3", versions[i]);

		put_elf(root, name);
	}
	scratch_file(root, "shims/python3", shim, 0755);
	scratch_file(root, "shims/python9", shim, 0755);
	put_elf(root, "outside/python3");
	setenv("PATH", shims, 1);
	unsetenv("PYENV_DIR");
}

static void test_pyenv(void **state)
{
	static const struct {
		const char *selection, *version;
	} cases[] = {
		{"3.12.9", "3.12.9"},
		{"3.12", "3.12.10"},
		{"python-3.12", "3.12.10"},
		{"3.13", "3.13.0"},
		{"3.13t", "3.13.0t"},
		{"3.1", "3.1.4"},
		{"3.13.0rc2", "3.13.0rc2"},
		{"9.9:3.12.9:3.13.0", "3.12.9"},
	};
	const char *root = *state;
	CLEANUP_FREE char *path = xstrdup(getenv("PATH"));

	make_pyenv(root);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *want = xasprintf("versions/%s/bin/python3", cases[i].version);

		setenv("PYENV_VERSION", cases[i].selection, 1);
		leads_to(root, "shims/python3", want, "by PYENV_VERSION");
	}
	leads_to(root, "python3", "versions/3.12.9/bin/python3", "on PATH is");
	setenv("PYENV_VERSION", "3.12.9", 1);
	fails(root, "shims/python9", "has no 'python9'");
	setenv("PYENV_VERSION", "9.9", 1);
	leads_to(root, "shims/python3", "outside/python3", "the next one on PATH");
	fails(root, "shims/python9", "which is not installed");
	unsetenv("PYENV_VERSION");
	scratch_file(root, "version", "# all\n\n../evil\n..\n3.1 more words\n3.13.0\n", 0644);
	leads_to(root, "shims/python3", "versions/3.1.4/bin/python3", "selection is '3.1:3.13.0'");
	scratch_file(root, "project/.python-version", "3.13.0\r\n", 0644);
	scratch_file(root, "project/deep/x", "", 0644);
	CLEANUP_FREE char *deep = xasprintf("%s/project/deep", root);
	setenv("PYENV_DIR", deep, 1);
	leads_to(root, "shims/python3", "versions/3.13.0/bin/python3", ".python-version'");
	unsetenv("PYENV_DIR");
	scratch_file(root, "version", "system\n", 0644);
	leads_to(root, "shims/python3", "outside/python3", "selection is 'system'");
	setenv("PATH", path, 1);
}

static void test_wrappers(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *found = find_program("/usr/bin/python3"), *real = NULL, *text = NULL;
	CLEANUP_PYTHON struct python dist = {0};
	CLEANUP_FREE char *got = NULL, *wrapper = xasprintf("%s/python3", root);
	struct err err = ERR_INIT;

	put_elf(root, "python3.13");
	text = xasprintf("#!%s/python3.13\n", root);
	scratch_file(root, "tool", text, 0755);
	leads_to(root, "./tool", "python3.13", "is a script that");
	scratch_file(root, "other", "#!/bin/sh\nexit 0\n", 0755);
	fails(root, "./other", "is a script of '/bin/sh', not an interpreter");
	scratch_file(root, "python", "#!/bin/sh\necho no\n", 0755);
	fails(root, "./python", "does not run a Python");
	scratch_file(root, "pythonx", "#!/bin/sh\nexit 3\n", 0755);
	fails(root, "./pythonx", "exit code 3");
	scratch_file(root, "odd", "#!\n", 0755);
	fails(root, "./odd", "is a script of");
	if (!found)
		skip();
	scratch_file(root, "python3", "#!/bin/sh\nexec /usr/bin/python3 \"$@\"\n", 0755);
	real = realpath(found, NULL);
	assert_int_equal(py_follow(wrapper, &dist, &got, &err), 0);
	assert_string_equal(got, real);
}

/* A program in the folder, from C. */
static void put_program(const char *root, const char *name, const char *text)
{
	CLEANUP_FREE char *source = xasprintf("%s.c", name);

	scratch_file(root, source, text, 0644);
	free(scratch_shell(root, "cc -w -o %s %s", name, source));
}

/* A compiled launcher that becomes a Python when it is called one, by a link or a hard link. */
static void test_launchers(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *found = find_program("/usr/bin/python3"), *real = NULL;
	const char *const names[] = {"bin/python3", "bin/python3.99", "hard/python3"};

	if (!found)
		skip();
	real = realpath(found, NULL);
	put_program(root, "tools",
		"#include <string.h>\n#include <unistd.h>\nint main(int n, char **v)\n{\n"
		"char *b = strrchr(v[0], '/');\nif (!strncmp(b ? b + 1 : v[0], \"python\", 6))\n"
		"execv(\"/usr/bin/python3\", v);\nreturn 9;\n}\n");
	put_link(root, "bin/python3", "../tools");
	put_link(root, "bin/python3.99", "python3");
	put_link(root, "bin/pypy", "../tools");
	free(scratch_shell(root, "mkdir hard && ln tools hard/python3"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", root, names[i]);
		CLEANUP_FREE char *trail = NULL;
		CLEANUP_PYTHON struct python dist = {0}, unrun = {0};
		struct err err = ERR_INIT;

		if (py_find(path, &dist, &err) < 0)
			fail_msg("%s: %s", names[i], err.msg);
		assert_string_equal(dist.interpreter, real);
		assert_true(dist.runs);
		trail = strv_join(&dist.trail, "\n");
		assert_non_null(strstr(trail, "is a launcher; started as"));
		if (i < 2)
			continue;
		/* From files alone it has only its name, and the trail says so. */
		assert_int_equal(py_find_unrun(path, &unrun, &err), 0);
		free(trail);
		trail = strv_join(&unrun.trail, "\n");
		assert_non_null(strstr(trail, "shows that it starts a Python"));
	}
	for (size_t i = 0; i < 2; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", root, i ? "tools" : "bin/pypy");
		CLEANUP_PYTHON struct python dist = {0};
		struct err err = ERR_INIT;

		assert_int_equal(py_find(path, &dist, &err), -1);
		assert_non_null(strstr(err.msg, "is not a Python interpreter"));
	}
}

static void test_too_old(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *path = xasprintf("%s/python2", root);
	CLEANUP_FREE char *wrapper = xasprintf("%s/python", root), *script = NULL;
	const char *const names[] = {path, wrapper};

	put_program(root, "python2.7",
		"#include <stdio.h>\n#include <string.h>\n#include <unistd.h>\n"
		"int main(int n, char **v)\n{\nchar exe[4096] = {0};\n"
		"if (n == 2 && !strcmp(v[1], \"-V\"))\n"
		"return !fprintf(stderr, \"Python 2.7.18\\n\");\n"
		"if (n < 2 || strcmp(v[1], \"-E\")) {\n"
		"fprintf(stderr, \"Unknown option: -I\\nusage: ...\\n\");\nreturn 2;\n}\n"
		"readlink(\"/proc/self/exe\", exe, 4095);\nputs(exe);\nreturn 0;\n}\n");
	put_link(root, "python2", "python2.7");
	script = xasprintf("#!/bin/sh\nexec %s/python2.7 \"$@\"\n", root);
	scratch_file(root, "python", script, 0755);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_PYTHON struct python dist = {0};
		struct err err = ERR_INIT;

		if (py_find(names[i], &dist, &err) < 0)
			fail_msg("%s", err.msg);
		assert_false(dist.runs);
		assert_true(!strncmp(dist.why_not, "too old: Python 2.7.18", 22));
		assert_string_equal(dist.version, "2.7.18");
		assert_string_equal(dist.series, "2.7");
		assert_true(dist.major == 2 && dist.minor == 7);
	}
}

/* The program's name is no Python's, what it says is not CPython. */
static void test_other_implementation(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *path = xasprintf("%s/bin/python3", root);
	CLEANUP_PYTHON struct python dist = {0};
	struct err err = ERR_INIT;

	put_program(root, "other",
		"#include <stdio.h>\n#include <string.h>\n#include <unistd.h>\n"
		"int main(int n, char **v)\n{\nchar exe[4096] = {0};\n"
		"readlink(\"/proc/self/exe\", exe, 4095);\n"
		"puts(strstr(v[n - 1], \"json\") ? \"{\\\"implementation\\\": \\\"pypy\\\", "
		"\\\"version_info\\\": [3, 10, 14, \\\"final\\\", 0]}\" : exe);\n"
		"return 0;\n}\n");
	put_link(root, "bin/python3", "../other");
	if (py_find(path, &dist, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(dist.runs && dist.answers);
	assert_string_equal(dist.version, "3.10.14");
	assert_string_equal(py_other_implementation(&dist), "PyPy");
	json_object_set_new(dist.says, "implementation", json_string("cpython"));
	assert_null(py_other_implementation(&dist));
	json_object_set_new(dist.says, "implementation", json_string("new"));
	assert_string_equal(py_other_implementation(&dist), "new");
	/* Of one that does not run, its name tells. */
	json_decref(steal(&dist.says));
	assert_null(py_other_implementation(&dist));
	free(dist.interpreter);
	dist.interpreter = xstrdup("/opt/bin/pypy3.10");
	assert_string_equal(py_other_implementation(&dist), "PyPy");
}

static void test_libpython_names(void **state)
{
	static const char *const names[] = {"libpython3.13.so.1.0", "libpython2.7.so.1.0",
		"$ORIGIN/../lib/libpython3.13.so.1.0", "/opt/lib/libpython3.13t.so"};
	static const char *const others[] = {
		"libpythonqt.so", "libpython/libc.so.6", "python3", "mylibpython3.so"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_true(py_is_libpython(names[i], true));
		assert_true(py_is_libpython(names[i], false));
		assert_false(py_is_libpython(others[i], true));
	}
	assert_true(py_is_libpython("libpython3.so", true));
	assert_false(py_is_libpython("$ORIGIN/libpython3.so", false));
}

static void test_real_python(void **state)
{
	CLEANUP_FREE char *found = find_program("/usr/bin/python3");
	CLEANUP_PYTHON struct python dist = {0};
	CLEANUP_PYTHON_FILES struct py_files files = {0};
	struct err err = ERR_INIT;
	json_t *model, *mapped;
	size_t extensions = 0;

	(void)state;
	if (!found)
		skip();
	if (py_find(found, &dist, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(dist.runs && !dist.why_not && dist.major == 3 && dist.system);
	assert_non_null(dist.version);
	assert_non_null(dist.stdlib);
	assert_non_null(py_config(&dist, "EXT_SUFFIX"));
	assert_non_null(py_config(&dist, "Py_ENABLE_SHARED"));
	assert_null(py_config(&dist, "no such variable"));
	/* What the loader really mapped is what the search order says. */
	mapped = json_object_get(dist.says, "libpython_mapped");
	assert_int_equal(json_array_size(mapped), dist.libpython_loaded ? 1 : 0);
	if (dist.libpython_loaded)
		assert_string_equal(
			json_string_value(json_array_get(mapped, 0)), dist.libpython_loaded);
	assert_int_equal(py_files_read(&dist, &files, &err), 0);
	for (size_t i = 0; i < files.n; i++) {
		assert_true(i == 0 || strcmp(files.v[i - 1].rel, files.v[i].rel) < 0);
		extensions += files.v[i].role == PY_ROLE_EXTENSION;
	}
	assert_true(extensions > 0);
	model = py_json(&dist);
	assert_string_equal(json_string_value(json_object_get(model, "version")), dist.version);
	json_decref(model);
}

/* One that cannot be run still has what its place shows. */
static void test_not_running(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *what = xasprintf("%s/p", root);
	CLEANUP_PYTHON struct python dist = {0};
	CLEANUP_PYTHON_FILES struct py_files files = {0};
	struct err err = ERR_INIT;

	put_elf(root, "p/bin/python3.13");
	put_elf(root, "p/lib/libpython3.13.so.1.0");
	put_elf(root, "p/lib/python3.13/site-packages/m/good.so");
	scratch_file(root, "p/lib/python3.13/os.py", "", 0644);
	scratch_file(root, "p/lib/python3.13/lib-dynload/cut.so",
		"\177ELF, and then no more of what "
		"an ELF file must have at least",
		0644);
	scratch_file(root, "p/lib/python3.13/lib-dynload/empty.so", "", 0644);
	scratch_file(root, "p/lib/libscript.so", "/* GNU ld script */ INPUT(-lm)\n", 0644);
	scratch_file(root, "p/include/python3.13/patchlevel.h",
		"#define PY_VERSION_X 1\n#define PY_VERSION   \"3.13.7\"\n", 0644);
	if (py_find(what, &dist, &err) < 0)
		fail_msg("%s", err.msg);
	assert_false(dist.runs);
	assert_non_null(dist.why_not);
	assert_null(dist.says);
	assert_string_equal(dist.series, "3.13");
	assert_string_equal(dist.version, "3.13.7");
	assert_int_equal(dist.micro, 7);
	assert_non_null(dist.stdlib);
	assert_non_null(strstr(dist.libpython_shared, "/p/lib/libpython3.13.so.1.0"));
	assert_int_equal(dist.link, PY_LINK_UNKNOWN);
	assert_int_equal(py_files_read(&dist, &files, &err), 0);
	assert_int_equal(files.n, 5);
	assert_string_equal(files.v[0].rel, "bin/python3.13");
	assert_int_equal(files.v[0].role, PY_ROLE_INTERPRETER);
	assert_non_null(strstr(files.v[2].problem, "cut.so"));
	assert_string_equal(files.v[3].problem, "it is empty");
	assert_true(files.v[4].site && !files.v[4].problem);
}

/* The ABI is in the interpreter's name, or else in that of the library's folder. */
static void test_abi_by_names(void **state)
{
	static const struct {
		const char *program, *folder, *abiflags;
	} cases[] = {{"python3.13td", "python3.13t", "td"}, {"python3.13d", "python3.13", "d"},
		{"python", "python3.13t", "t"}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *what =
			xasprintf("%s/%zu/bin/%s", (char *)*state, i, cases[i].program);
		CLEANUP_FREE char *program = xasprintf("%zu/bin/%s", i, cases[i].program);
		CLEANUP_FREE char *os = xasprintf("%zu/lib/%s/os.py", i, cases[i].folder);
		CLEANUP_FREE char *library =
			xasprintf("%zu/lib/libpython3.13%s.so.1.0", i, cases[i].abiflags);
		CLEANUP_PYTHON struct python dist = {0};
		struct err err = ERR_INIT;

		put_elf(*state, program);
		put_elf(*state, library);
		scratch_file(*state, os, "", 0644);
		if (py_find(what, &dist, &err) < 0)
			fail_msg("%s", err.msg);
		assert_string_equal(dist.series, "3.13");
		assert_string_equal(dist.abiflags, cases[i].abiflags);
		assert_string_equal(path_base(dist.stdlib), cases[i].folder);
		assert_string_equal(path_base(dist.libpython_shared), path_base(library));
	}
}

/* Where musl's loader is missing, its package is named; and that loader asks no program's name. */
static void test_musl(void **state)
{
	CLEANUP_FREE char *what = xasprintf("%s/m", (char *)*state);
	CLEANUP_PYTHON struct python dist = {0};
	struct err err = ERR_INIT;

	put_elf(*state, "m/lib/libpython3.13.so.1.0");
	scratch_file(*state, "m/lib/python3.13/os.py", "", 0644);
	free(scratch_shell(*state,
		"mkdir m/bin && echo 'void Py_Initialize(void) {} void _start(void) {}' | "
		"cc -x c - -pie -fPIE -nostdlib -Wl,--export-dynamic -o m/bin/python3.13 "
		"-Wl,-soname,libpython3.13.so.1.0 "
		"-Wl,--dynamic-linker=/nowhere/ld-musl-x86_64.so.1"));
	if (py_find(what, &dist, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(dist.musl && !dist.runs && dist.link == PY_LINK_STATIC);
	assert_string_equal(dist.why_not,
		"its loader '/nowhere/ld-musl-x86_64.so.1' is not here (package musl)");
	assert_string_equal(dist.soname, "libpython3.13.so.1.0");
	assert_non_null(dist.libpython_shared);
	assert_false(py_answers(&dist));
	dist.musl = false;
	assert_true(py_answers(&dist));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_abi_by_names),
		SCRATCH_TEST(test_folders_and_links),
		SCRATCH_TEST(test_environments),
		cmocka_unit_test(test_pyvenv_parse),
		SCRATCH_TEST(test_pyenv),
		SCRATCH_TEST(test_wrappers),
		SCRATCH_TEST(test_launchers),
		SCRATCH_TEST(test_too_old),
		SCRATCH_TEST(test_other_implementation),
		cmocka_unit_test(test_libpython_names),
		cmocka_unit_test(test_real_python),
		SCRATCH_TEST(test_not_running),
		SCRATCH_TEST(test_musl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
