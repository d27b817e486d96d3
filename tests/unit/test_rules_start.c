/* Rules about what happens at start: an interpreter that a script plays, or the system's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "installation.h"
#include "scratch.h"

/* What the rules named in `ids` say with this program as the interpreter. */
static char *broken(void *state, const char *program, const char *ids, const char *command)
{
	CLEANUP_FREE char *prefix = xasprintf("%s/a place", (const char *)state);
	CLEANUP_STRV struct strv only = STRV_INIT;
	struct world w;
	char *found;

	strv_split(&only, ids, " ");
	world_facts(&w, prefix);
	scratch_file(prefix, "bin/python3.13", program, 0755);
	if (command)
		scratch_file(prefix, "bin/pydoc3", command, 0755);
	scratch_file(prefix, "bin/pip-of-others", "import module_that_is_gone\n", 0755);
	found = world_broken(&w, &only);
	world_release(&w);
	scratch_remove(state, "a place");
	return found;
}

static void test_bytecode(void **state)
{
	static const struct {
		const char *program, *broken;
	} cases[] = {
		{"#!/bin/sh\necho 83 0 1800 0 0\n", ""},
		{"#!/bin/sh\necho 83 83 1800 1800 390\n", "bytecode=warn"},
		{"#!/bin/sh\necho 83 0 1800 1 0\n", "bytecode=warn"},
		{"#!/bin/sh\necho 83 1 1799 0 2\n", "bytecode=warn"},
		{"#!/bin/sh\necho 83 of 83\n", "bytecode=not checked"},
		{"#!/bin/sh\n", "bytecode=not checked"},
		{"#!/bin/sh\necho 83 0 1800 0 0\nexit 1\n", "bytecode=not checked"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *found = broken(*state, cases[i].program, "bytecode", NULL);

		if (strcmp(found, cases[i].broken) != 0)
			fail_msg("case %zu: '%s' instead of '%s'", i, found, cases[i].broken);
	}
}

static void test_commands(void **state)
{
	static const struct {
		const char *command, *broken;
	} cases[] = {
		{"import json\nfrom os import path\n", ""},
		{"#!/bin/sh\n'''exec' x \"$@\"\n' '''\nimport json\n", ""},
		{"#!/bin/sh\necho \"no Python\" | cat\n", ""},
		{"import module_that_is_gone\n", "commands=fail"},
		{"from module_that_is_gone.x import y\n", "commands=fail"},
		{"from . import json\n", ""},
		{"\xff\n", ""},
		{NULL, "commands=not checked"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *found = broken(
			*state, "#!/bin/sh\nexec python3 \"$@\"\n", "commands", cases[i].command);

		if (strcmp(found, cases[i].broken) != 0)
			fail_msg("case %zu: '%s' instead of '%s'", i, found, cases[i].broken);
	}
}

static void test_privileged(void **state)
{
	static const struct {
		const char *rpath, *runpath, *broken;
	} cases[] = {
		{"$ORIGIN/../lib", NULL, "privileged-start=note"},
		{NULL, "/usr/lib:${ORIGIN}/../lib", "privileged-start=note"},
		{"/usr/lib", NULL, ""},
		{NULL, NULL, ""},
	};
	char needed[] = "libpython3.13.so.1.0", *list[] = {needed};
	CLEANUP_STRV struct strv only = STRV_INIT;

	strv_add(&only, "privileged-start");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *found = NULL;
		struct world w;

		world_facts(&w, *state);
		w.v[PYTHON].facts.needed = (void *)list;
		w.v[PYTHON].facts.n_needed = 1;
		w.v[PYTHON].facts.rpath = (char *)cases[i].rpath;
		w.v[PYTHON].facts.runpath = (char *)cases[i].runpath;
		found = world_broken(&w, &only);
		if (strcmp(found, cases[i].broken) != 0)
			fail_msg("case %zu: '%s' instead of '%s'", i, found, cases[i].broken);
		world_release(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_bytecode),
		SCRATCH_TEST(test_commands),
		SCRATCH_TEST(test_privileged),
	};

	return cmocka_run_group_tests_name("rules over starting", tests, NULL, NULL);
}
