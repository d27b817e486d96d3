/* What a step's output may hold, and what solder does with one that it may not. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "plan/record.h"
#include "scratch.h"

static void test_output(void **state)
{
	static const struct {
		const char *make, *why; /* NULL: it is fine */
	} cases[] = {
		{"mkdir -p a/b && touch a/b/c && ln -s ../b/c a/b/d && ln -s b a/e", NULL},
		{"ln -s nowhere dangling && mkdir a && ln -s ../dangling a/up", NULL},
		{"mkdir -p a/b && ln -s ../../x//y/./z a/b/c && ln -s . here && ln -s .. a/back",
			NULL},
		{"mkdir shared && chmod 2755 shared", NULL},
		{"ln -s /var/tmp/x share", "'share' in the output is a link to '/var/tmp/x'"},
		{"ln -s .. lib", "'lib' in the output is a link to '..'"},
		{"mkdir bin && ln -s /etc/passwd bin/python3.13",
			"'bin/python3.13' in the output is a link to '/etc/passwd'"},
		{"ln -s /etc licences", "'licences' in the output is a link to '/etc'"},
		{"mkdir -p a/b && ln -s ../../../x a/b/c", "leads out of it"},
		/* Each by itself stays within, the second by way of the first does not. */
		{"mkdir -p a/b && ln -s ../.. a/b/top && ln -s top/../x a/b/y", "'top/../x'"},
		{"mkdir -p a && ln -s b/.. a/c", "leads out of it"},
		{"mkfifo a", "'a' in the output is a pipe"},
		{"touch a && chmod 4755 a", "'a' in the output runs with the rights of its owner"},
		{"touch a && chmod 2755 a", "of its group (mode 2755)"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *out = xasprintf("%s/out%zu", (char *)*state, i);
		struct err err = ERR_INIT;
		int got;

		assert_int_equal(mkdir(out, 0755), 0);
		free(scratch_shell(out, "%s", cases[i].make));
		got = output_check(out, &err);
		if (got != (cases[i].why ? -1 : 0) ||
			(cases[i].why && !strstr(err.msg, cases[i].why)))
			fail_msg("%s: %s", cases[i].make, err.msg);
	}
}

static void test_output_itself(void **state)
{
	CLEANUP_FREE char *link = xasprintf("%s/link", (char *)*state);
	CLEANUP_FREE char *file = xasprintf("%s/file", (char *)*state);
	CLEANUP_FREE char *none = xasprintf("%s/none", (char *)*state);
	struct err err = ERR_INIT;

	free(scratch_shell(*state, "mkdir away && ln -s away link && touch file"));
	assert_int_equal(output_check(link, &err), -1);
	assert_string_equal(err.msg, "the output is a link, not a folder");
	assert_int_equal(output_check(file, &err), -1);
	assert_string_equal(err.msg, "the output is a file, not a folder");
	assert_int_equal(output_check(none, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_output),
		SCRATCH_TEST(test_output_itself),
	};

	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
