/* The floor of glibc: stub libraries, which architectures have one, and the check of a tree. */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "cpython/cpython-internal.h"
#include "scratch.h"

/* Of symbols that moved in 2.34, in all forms; one that appeared later; variables of one place. */
static const char libc_list[] = "GLIBC_2.14 memcpy F\n"
				"GLIBC_2.2.5 memcpy F\n"
				"GLIBC_2.2.5 pthread_create F\n"
				"GLIBC_2.34 pthread_create F\n"
				"GLIBC_2.32 pthread_sigmask F\n"
				"GLIBC_2.2.5 pthread_sigmask F\n"
				"GLIBC_2.2.5 dlopen F\n"
				"GLIBC_2.34 dlopen F\n"
				"GLIBC_2.2.5 pthread_mutex_lock F\n"
				"GLIBC_2.2.5 __pthread_mutex_lock F\n"
				"GLIBC_2.2.5 pthread_atfork F\n"
				"GLIBC_2.2.5 environ D 0x8\n"
				"GLIBC_2.2.5 __environ D 0x8\n"
				"GLIBC_2.2.5 stdout D 0x8\n"
				"GLIBC_2.25 getrandom F\n";

static char *stubs(const char *dir, const char *floor)
{
	char cwd[4096];

	assert_non_null(getcwd(cwd, sizeof(cwd)));
	scratch_file(dir, "libc.abilist", libc_list, 0644);
	scratch_file(dir, "libpthread.abilist", "GLIBC_2.2.5 __libpthread_version_placeholder F\n",
		0644);
	scratch_file(dir, "libdl.abilist", "GLIBC_2.2.5 __libdl_version_placeholder F\n", 0644);
	return scratch_shell(dir,
		"awk -v floor=%s -f '%s/recipes/glibc/stubs.awk' *.abilist && cat libc.map "
		"libpthread.map libdl.map",
		floor, cwd);
}

static void test_stubs(void **state)
{
	CLEANUP_FREE char *old = stubs(*state, "2.17"), *data = NULL, *late = NULL, *new = NULL;

	assert_string_equal(old,
		"GLIBC_2.14 {\n  memcpy;\n};\n"
		"GLIBC_2.2.5 {\n  pthread_mutex_lock;\n  environ;\n  __environ;\n  stdout;\n};\n"
		"GLIBC_2.2.5 {\n  pthread_create;\n  pthread_sigmask;\n  __pthread_mutex_lock;\n};\n"
		"GLIBC_2.2.5 {\n  dlopen;\n};\n");
	data = scratch_read(*state, "libc.s");
	assert_non_null(strstr(data, ".weak environ\n"));
	assert_non_null(strstr(data, ".globl __environ\n"));
	assert_non_null(strstr(data, ".globl stdout\n"));
	assert_non_null(strstr(data, "environ:\n.globl __environ\n"));
	assert_non_null(strstr(data, "__environ:\n.space 0x8\n"));
	late = stubs(*state, "2.33");
	assert_non_null(strstr(late, "GLIBC_2.25 {\n  getrandom;\n};\n"));
	assert_non_null(strstr(late, "GLIBC_2.32 {\n  pthread_sigmask;\n};\n"));
	assert_non_null(strstr(late, "GLIBC_2.2.5 {\n  dlopen;\n};\n"));
	new = stubs(*state, "2.34");
	assert_non_null(strstr(new, "GLIBC_2.34 {\n  pthread_create;\n  dlopen;\n};\n"));
	assert_non_null(strstr(new, "  __pthread_mutex_lock;\n"));
	assert_null(strstr(new, "pthread_atfork"));
}

/* The floor that comes of an option, or what is said instead. */
static void assert_settled(
	const char *glibc, bool said, const char *triple, const char *relr, const char *wanted)
{
	char copy[64];
	struct toolchain t = {.triple = copy};
	struct cpython_options o = {.glibc = glibc, .relr = relr};
	struct err err = ERR_INIT;

	snprintf(copy, sizeof(copy), "%s", triple);
	if (sysroot_settle(&o, said, &t, "2.36", &err) < 0)
		assert_non_null(strstr(err.msg, wanted));
	else
		assert_string_equal(o.glibc, wanted);
}

static void test_settle(void **state)
{
	(void)state;
	assert_settled("native", true, "x86_64-linux-gnu", "yes", "native");
	assert_settled("2.17", true, "x86_64-linux-gnu", "no", "2.17");
	assert_settled("2.17", true, "aarch64-linux-gnu", "no", "2.17");
	assert_settled("2.17", false, "sparc64-linux-gnu", "no", "native");
	assert_settled("2.17", true, "sparc64-linux-gnu", "no", "for 'sparc64-linux-gnu'");
	assert_settled("2.35", true, "x86_64-linux-gnu", "yes", "--relr needs glibc 2.36");
	assert_settled("2.36", true, "x86_64-linux-gnu", "yes", "2.36");
	assert_settled("2.17", false, "x86_64-linux-gnu", "yes", "--relr needs glibc 2.36");
	assert_settled("2.17", false, "sparc64-linux-gnu", "yes", "native");
	assert_settled("2.38", true, "x86_64-linux-gnu", "no", "glibc is 2.36, older than 2.38");
}

static void test_check(void **state)
{
	CLEANUP_FREE char *copy = xasprintf("%s/bin/program", (char *)*state);
	struct err err = ERR_INIT;

	scratch_file(*state, "bin/text", "GLIBC_9.9", 0644);
	assert_int_equal(sysroot_check(*state, "2.2", &err), 0);
	assert_int_equal(tree_copy("/proc/self/exe", copy, &err), 0);
	assert_int_equal(sysroot_check(*state, "99.0", &err), 0);
	assert_int_equal(sysroot_check(*state, NULL, &err), 0);
	assert_int_equal(sysroot_check(*state, "2.2", &err), -1);
	assert_non_null(strstr(err.msg, "'bin/program' needs "));
	assert_non_null(strstr(err.msg, " of GLIBC_2."));
	assert_non_null(strstr(err.msg, ", which is newer than glibc 2.2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_stubs), cmocka_unit_test(test_settle), SCRATCH_TEST(test_check)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
