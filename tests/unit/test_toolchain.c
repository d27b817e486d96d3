/* What is asked of a compiler, and of what it runs. */
#include "scratch.h"

#include "base/file.h"
#include "cpython/cpython-internal.h"

/* A gcc by its words, whose ld is one of ours. It "links" by doing nothing. */
static const char cc[] = "#!/bin/sh\n"
			 "case $1 in\n"
			 "--version) echo 'gcc (Ours) 12.2.0'; echo more ;;\n"
			 "-dumpmachine) echo x86_64-pc-linux-gnu ;;\n"
			 "-dumpversion | -dumpfullversion) echo 12.2.0 ;;\n"
			 "-print-prog-name=*) echo \"$(dirname \"$0\")/${1#*=}\" ;;\n"
			 "esac\n";

static void test_words(void **state)
{
	static const struct toolchain_needs needs = {0};
	CLEANUP(cleanup_toolchain) struct toolchain *t = NULL;
	CLEANUP_FREE char *path = xasprintf("%s/gcc", (char *)*state);
	struct err err = ERR_INIT;

	scratch_file(*state, "gcc", cc, 0755);
	scratch_file(*state, "ld", "#!/bin/sh\necho GNU ld 2.40\necho more\n", 0755);
	if (toolchain_find(path, &needs, &t, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(t->family, CC_GCC);
	assert_string_equal(t->version, "gcc (Ours) 12.2.0");
	assert_string_equal(t->triple, "x86_64-linux-gnu");
	assert_string_equal(t->linker, "GNU ld 2.40");
}

/* Builds with another linker are others. */
static void test_identity(void **state)
{
	static const struct toolchain_needs needs = {0};
	CLEANUP_FREE char *path = xasprintf("%s/gcc", (char *)*state), *before = NULL;
	struct err err = ERR_INIT;

	scratch_file(*state, "gcc", cc, 0755);
	for (int i = 0; i < 2; i++) {
		CLEANUP(cleanup_toolchain) struct toolchain *t = NULL;

		scratch_file(*state, "ld", i ? "#!/bin/sh\necho 2\n" : "#!/bin/sh\necho 1\n", 0755);
		if (toolchain_find(path, &needs, &t, &err) < 0)
			fail_msg("%s", err.msg);
		if (before)
			assert_string_not_equal(t->identity, before);
		else
			before = xstrdup(t->identity);
	}
}

/* BOLT's programs are those of the newest release that is there, beside each other. */
static void test_bolt(void **state)
{
	static const struct toolchain_needs needs = {.bolt = true}, nothing = {0};
	static const char *const programs[] = {"llvm-bolt-40", "merge-fdata-40", "llvm-objcopy-40"};
	CLEANUP_FREE char *path = xasprintf("%s/gcc", (char *)*state);
	CLEANUP_FREE char *search = xasprintf("%s:%s", (char *)*state, getenv("PATH"));
	CLEANUP_FREE char *before = xstrdup(getenv("PATH"));
	CLEANUP(cleanup_toolchain) struct toolchain *t = NULL, *plain = NULL;
	CLEANUP_STRV struct strv env = STRV_INIT, with = STRV_INIT;
	struct err err = ERR_INIT;

	scratch_file(*state, "gcc", cc, 0755);
	scratch_file(*state, "ld", "#!/bin/sh\necho GNU ld 2.40\n", 0755);
	scratch_file(*state, "valgrind", "#!/bin/sh\n", 0755);
	setenv("PATH", search, 1);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		scratch_file(*state, programs[i], "#!/bin/sh\necho 'LLVM version 40.1.0'\n", 0755);
		err = (struct err)ERR_INIT;
		if (toolchain_find(path, &needs, &t, &err) == 0)
			break;
		assert_non_null(strstr(err.msg,
			i ? "there is no llvm-objcopy beside" : "there is no merge-fdata beside"));
	}
	assert_non_null(t);
	assert_int_equal(strcmp(path_base(t->bolt), "llvm-bolt-40"), 0);
	assert_int_equal(strncmp(t->bolt_identity, "LLVM 40 ", 8), 0);
	if (toolchain_find(path, &nothing, &plain, &err) < 0)
		fail_msg("%s", err.msg);
	setenv("PATH", before, 1);
	/* A compile is keyed by neither. */
	toolchain_env(t, &with);
	toolchain_env(plain, &env);
	assert_int_equal(with.n, env.n);
	for (size_t i = 0; i < env.n; i++)
		assert_string_equal(env.v[i], with.v[i]);
	assert_string_equal(t->identity, plain->identity);
	strv_release(&with);
	toolchain_bolt_env(t, &with);
	assert_int_equal(with.n, 3);
}

/* A clang that makes code for another machine is told so wherever it is called, and is forgotten
 * wherever it is written down; its tools are LLVM's, also without LTO. */
static void test_crossed_clang(void **state)
{
	static const char *const programs[] = {
		"llvm-ar", "llvm-ranlib", "llvm-nm", "llvm-strip", "llvm-objcopy", "ld.lld"};
	CLEANUP_FREE char *path = xasprintf("%s/clang-39", (char *)*state);
	CLEANUP_FREE char *strip = xasprintf("STRIP=%s/llvm-strip", (char *)*state);
	CLEANUP_FREE char *told = xasprintf("CC=%s --target=aarch64-linux-gnu "
					    "--start-no-unused-arguments -fuse-ld=lld "
					    "--end-no-unused-arguments",
		path);
	CLEANUP(cleanup_toolchain) struct toolchain *t = NULL;
	CLEANUP_STRV struct strv env = STRV_INIT, names = STRV_INIT;
	struct toolchain_needs needs = {0};
	struct err err = ERR_INIT;
	size_t n = 0;

	needs.target = target_find("aarch64-unknown-linux-gnu", &err);
	assert_non_null(needs.target);
	scratch_file(*state, "clang-39",
		"#!/bin/sh\n"
		"case $1 in\n"
		"--version) echo 'clang version 39.1.0' ;;\n"
		"-print-prog-name=*) echo \"$(dirname \"$0\")/${1#*=}\" ;;\n"
		"--target=aarch64-linux-gnu) ;;\n"
		"*) exit 1 ;;\n"
		"esac\n",
		0755);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		scratch_file(*state, programs[i], "#!/bin/sh\necho 'LLVM version 39.1.0'\n", 0755);
	if (toolchain_find(path, &needs, &t, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(t->triple, "aarch64-linux-gnu");
	toolchain_env(t, &env);
	for (size_t i = 0; i < env.n; i++)
		n += !strcmp(env.v[i], told) || !strcmp(env.v[i], strip);
	assert_int_equal(n, 2);
	toolchain_names(t, &names);
	/* The longer first: what is left of it would be no compiler. Without a C++ compiler there
	 * is no other by this path. */
	assert_string_equal(names.v[0], told + strlen("CC="));
	assert_string_equal(names.v[1], "cc");
	assert_string_equal(names.v[2], path);
}

/* gcc by its name for this machine stands for the target's; one of a third machine is refused. */
static void test_crossed_gcc(void **state)
{
	static const char *const tools[] = {"ar", "ranlib", "nm", "strip", "objcopy", "ld"};
	CLEANUP_FREE char *search = xasprintf("%s:%s", (char *)*state, getenv("PATH"));
	CLEANUP_FREE char *before = xstrdup(getenv("PATH"));
	CLEANUP_FREE char *here = xasprintf("%s/gcc", (char *)*state);
	CLEANUP(cleanup_toolchain) struct toolchain *t = NULL, *other = NULL;
	struct toolchain_needs needs = {0};
	struct err err = ERR_INIT;

	needs.target = target_find("s390x-unknown-linux-gnu", &err);
	scratch_file(*state, "gcc", cc, 0755);
	scratch_file(*state, "s390x-linux-gnu-gcc-39",
		"#!/bin/sh\n"
		"case $1 in\n"
		"--version) echo 'gcc (Ours) 39.1.0' ;;\n"
		"-dumpmachine) echo s390x-linux-gnu ;;\n"
		"-print-prog-name=*) echo \"$(dirname \"$0\")/s390x-linux-gnu-ld\" ;;\n"
		"esac\n",
		0755);
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		CLEANUP_FREE char *name = xasprintf("s390x-linux-gnu-%s", tools[i]);

		scratch_file(*state, name, "#!/bin/sh\necho GNU 2.40\n", 0755);
	}
	setenv("PATH", search, 1);
	if (toolchain_find("gcc-39", &needs, &t, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(toolchain_find(here, &needs, &other, &err), -1);
	setenv("PATH", before, 1);
	assert_non_null(strstr(err.msg, "makes code for x86_64-linux-gnu"));
	assert_string_equal(path_base(t->cc), "s390x-linux-gnu-gcc-39");
	assert_string_equal(path_base(t->ar), "s390x-linux-gnu-ar");
	assert_null(t->cross_flags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_words), SCRATCH_TEST(test_identity),
		SCRATCH_TEST(test_bolt), SCRATCH_TEST(test_crossed_clang),
		SCRATCH_TEST(test_crossed_gcc)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
