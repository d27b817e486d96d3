/* What is asked of a compiler, and of what it runs. */
#include "scratch.h"

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
	static const struct toolchain_needs needs = {false, false};
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
	static const struct toolchain_needs needs = {false, false};
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

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_words), SCRATCH_TEST(test_identity)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
