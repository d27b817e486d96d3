/* Pythons of another kind: what they are called, what goes with them, which versions and compilers
 * take them. */
#include <stdlib.h>
#include <string.h>

#include "builds.h"

/* Options as the command line has them: "freethreaded=yes debug=yes", then settled. */
static struct cpython_options options(const char *words)
{
	static struct strv all[32];
	static size_t n;
	struct cpython_options o = {0};
	struct strv *list = &all[n++ % ARRAY_SIZE(all)];

	strv_clear(list);
	strv_split(list, words, " =");
	for (size_t i = 0; i + 1 < list->n; i += 2) {
		if (!strcmp(list->v[i], "profile"))
			o.profile = list->v[i + 1];
		else
			cpython_option_set(&o, cpython_find_option(list->v[i]), list->v[i + 1]);
	}
	cpython_fill_abi(&o);
	cpython_fill_defaults(&o);
	return o;
}

static void test_names(void **state)
{
	static const char *const cases[][4] = {
		{"", "", "LDVERSION=3.13", "STDLIB=python3.13"},
		{"freethreaded=yes", "t", "LDVERSION=3.13t", "STDLIB=python3.13t"},
		{"debug=yes", "d", "LDVERSION=3.13d", "STDLIB=python3.13"},
		{"debug=yes freethreaded=yes", "td", "LDVERSION=3.13td", "STDLIB=python3.13t"},
	};
	struct plans *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cpython_options o = options(cases[i][0]);
		struct cpython_build b;

		builds_plan(p, "recipes", &o, &b);
		assert_string_equal(b.plan.abiflags, cases[i][1]);
		const struct step *const steps[] = {b.plan.compile, b.plan.tree, b.plan.link};

		for (size_t k = 0; k < ARRAY_SIZE(steps); k++) {
			assert_true(strv_has(&steps[k]->env, cases[i][2]));
			assert_true(strv_has(&steps[k]->env, cases[i][3]));
		}
		assert_int_equal(
			strv_has(&b.plan.compile->env, "MALLOC=mimalloc"), cases[i][1][0] == 't');
		builds_unplan(&b);
	}
}

/* What contradicts itself is said before anything is looked for. */
static void test_conflicts(void **state)
{
	static const char *const cases[][2] = {
		{"", NULL},
		{"freethreaded=yes", NULL},
		{"freethreaded=yes malloc=mimalloc lto=thin bolt=yes profile=train", NULL},
		{"debug=yes", NULL},
		{"debug=yes freethreaded=yes profile=none", NULL},
		{"debug=yes malloc=mimalloc bolt=auto", NULL},
		{"debug=yes jit=yes-off", NULL},
		{"freethreaded=yes malloc=pymalloc", "allocated by mimalloc alone"},
		{"freethreaded=yes arenas=huge", "the arenas are pymalloc's"},
		{"freethreaded=yes jit=yes-off", "needs the GIL"},
		{"debug=yes profile=train", "--debug with a profile cannot be built"},
		{"debug=yes profile=/some/profile", "--debug with a profile cannot be built"},
		{"debug=yes bolt=yes", "--debug with --bolt cannot be built"},
		{"debug=yes optimize=2", "compiled with -Og"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cpython_options o = options(cases[i][0]);
		struct err err = ERR_INIT;
		int got = cpython_check_abi(&o, &err);

		assert_int_equal(got, cases[i][1] ? -1 : 0);
		if (got < 0)
			assert_int_equal(err.code, ERR_USAGE);
		if (got < 0 && !strstr(err.msg, cases[i][1]))
			fail_msg("%s: %s", cases[i][0], err.msg);
	}
}

/* What differs by version is there alone. */
static struct recipe *own_recipe(void)
{
	struct err err = ERR_INIT;
	struct recipe *r;

	if (recipe_load("recipes", "cpython", &r, &err) < 0)
		fail_msg("%s", err.msg);
	return r;
}

static void test_versions(void **state)
{
	static const struct {
		const char *options, *version;
		enum cc_family family;
		unsigned int major;
		const char *triple, *tail_call, *why;
	} cases[] = {
		{"freethreaded=yes", "3.13.0", CC_GCC, 12, "x86_64-linux-gnu", "no", NULL},
		{"freethreaded=yes", "3.12.9", CC_GCC, 12, "x86_64-linux-gnu", "",
			"CPython 3.12.9 has no free-threaded build, which came with 3.13"},
		{"debug=yes", "3.10.1", CC_GCC, 12, "x86_64-linux-gnu", "no", NULL},
		{"jit=yes", "3.12.9", CC_GCC, 12, "x86_64-linux-gnu", "",
			"CPython 3.12.9 has no JIT, which came with 3.13"},
		{"tk=yes", "3.12.14", CC_GCC, 12, "x86_64-linux-gnu", "",
			"CPython 3.12.14 has no support of Tcl 9, which came with 3.13"},
		{"modules=static", "3.11.16", CC_GCC, 12, "x86_64-linux-gnu", "",
			"CPython 3.11.16 has no libraries in its Setup.stdlib, which came with 3.12"},
		{"modules=static", "3.12.14", CC_GCC, 12, "x86_64-linux-gnu", "no", NULL},
		{"tail-call=yes", "3.13.15", CC_CLANG, 22, "x86_64-linux-gnu", "",
			"CPython 3.13.15 has no interpreter by tail calls, which came with 3.14"},
		{"tail-call=yes", "3.14.0", CC_CLANG, 19, "x86_64-linux-gnu", "yes", NULL},
		{"tail-call=yes", "3.14.0", CC_CLANG, 18, "x86_64-linux-gnu", "",
			"needs clang 19 or newer"},
		{"tail-call=yes", "3.14.0", CC_GCC, 22, "x86_64-linux-gnu", "", "needs clang 19"},
		{"tail-call=yes", "3.14.0", CC_CLANG, 22, "riscv64-linux-gnu", "",
			"for x86-64 or AArch64"},
		{"tail-call=auto", "3.15.2", CC_CLANG, 22, "aarch64-linux-gnu", "yes", NULL},
		{"tail-call=auto", "3.15.2", CC_CLANG, 22, "riscv64-linux-gnu", "no", NULL},
		{"tail-call=auto", "3.15.2", CC_GCC, 12, "x86_64-linux-gnu", "no", NULL},
		{"tail-call=auto", "3.13.15", CC_CLANG, 22, "x86_64-linux-gnu", "no", NULL},
		{"", "3.15.2", CC_CLANG, 22, "x86_64-linux-gnu", "no", NULL},
	};

	CLEANUP(cleanup_recipe) struct recipe *r = own_recipe();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cpython_options o = options(cases[i].options);
		CLEANUP_FREE char *triple = xstrdup(cases[i].triple);
		static char said[] = "a compiler";
		const struct toolchain t = {.family = cases[i].family,
			.major = cases[i].major,
			.triple = triple,
			.version = said};
		const struct chosen c = {.recipe = r, .version = cases[i].version};
		struct err err = ERR_INIT;
		int got = cpython_check_version(&o, &c, &t, &err);

		assert_int_equal(got, cases[i].why ? -1 : 0);
		if (got == 0)
			assert_string_equal(o.tail_call, cases[i].tail_call);
		else if (!strstr(err.msg, cases[i].why))
			fail_msg("%s %s: %s", cases[i].version, cases[i].options, err.msg);
	}
}

/* The JIT names its LLVM until that is there; then what makes it is in the key and in the sandbox.
 */
static void test_jit(void **state)
{
	static const char *const programs[] = {"clang-18", "llvm-readobj-18", "python3"};
	static char triple[] = "x86_64-linux-gnu";
	const struct toolchain t = {.family = CC_GCC, .triple = triple};
	CLEANUP_FREE char *before = xstrdup(getenv("PATH"));
	CLEANUP(cleanup_recipe) struct recipe *r = own_recipe();
	struct chosen c = {.recipe = r, .version = "3.13.15"};
	struct plans *p = *state;
	struct cpython_options o = options("jit=yes-off");
	struct step s = {0};

	setenv("PATH", p->root, 1);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		struct err err = ERR_INIT;
		CLEANUP_FREE char *lacks = xasprintf("there is no '%s' on PATH", programs[i]);

		assert_int_equal(cpython_check_version(&o, &c, &t, &err), -1);
		assert_int_equal(err.code, ERR_ENVIRONMENT);
		assert_non_null(strstr(err.msg, "is made with LLVM 18"));
		assert_non_null(strstr(err.msg, lacks));
		assert_non_null(strstr(err.hint, "clang-18, llvm-18"));
		scratch_file(p->root, programs[i], "#!/bin/sh\n", 0755);
	}
	assert_int_equal(cpython_check_version(&o, &c, &t, &p->err), 0);
	assert_int_equal(cpython_add_jit(&s, &c, &p->err), 0);
	setenv("PATH", before, 1);
	assert_int_equal(s.inputs.n, 1);
	assert_int_equal(strncmp(s.inputs.v[0], "jit=", 4), 0);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		assert_true(strv_has(&s.programs, programs[i]));
	strv_release(&s.inputs);
	strv_release(&s.programs);
}

/* Each release's JIT has an LLVM of its own; and lines of Setup are for those that need them. */
static void test_differences(void **state)
{
	static const struct {
		const char *version, *llvm, *setup, *configure;
	} cases[] = {
		{"3.11.2", NULL, "SETUP=readline readline.c", "CONFIGURE=--with-system-libmpdec"},
		{"3.12.14", NULL, NULL, "CONFIGURE=--with-system-libmpdec"},
		{"3.13.15", "LLVM 18", NULL, "CONFIGURE=--with-system-libmpdec"},
		{"3.14.2", "LLVM 19", NULL, "CONFIGURE=--with-system-libmpdec"},
		{"3.15.0rc1", "LLVM 21", NULL, "CONFIGURE=--with-system-libmpdec"},
		{"3.16.0a0", "LLVM 21", NULL, NULL},
	};
	CLEANUP(cleanup_recipe) struct recipe *r = own_recipe();
	CLEANUP_FREE char *before = xstrdup(getenv("PATH"));
	static char triple[] = "x86_64-linux-gnu";
	const struct toolchain t = {.family = CC_GCC, .triple = triple};

	(void)state;
	setenv("PATH", "/nowhere", 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct chosen c = {.recipe = r, .version = cases[i].version};
		struct cpython_options o = options("jit=yes");
		const char *const *told[] = {&cases[i].setup, &cases[i].configure};
		struct step s = {0};
		size_t n = 0;
		struct err err = ERR_INIT;

		assert_int_equal(cpython_check_version(&o, &c, &t, &err), -1);
		if (!strstr(err.msg, cases[i].llvm ? cases[i].llvm : "has no JIT"))
			fail_msg("%s: %s", cases[i].version, err.msg);
		cpython_tell_differences(&s, &c);
		for (size_t k = 0; k < ARRAY_SIZE(told); k++)
			n += *told[k] != NULL;
		assert_int_equal(s.env.n, n);
		for (size_t k = 0; k < n; k++) {
			const char *want = k == 0 ? cases[i].configure : cases[i].setup;

			if (strncmp(s.env.v[k], want, strlen(want)) != 0)
				fail_msg("%s: %s", cases[i].version, s.env.v[k]);
		}
		strv_release(&s.env);
	}
	setenv("PATH", before, 1);
}

/* Which patches a release gets, and which options have none for it. */
static void test_patches(void **state)
{
	static const struct {
		const char *options, *version, *ends;
	} cases[] = {
		{"", "3.11.2",
			", hypot-version, ssl-der-end; this version has none of startup=fast"},
		{"", "3.12.14",
			", hypot-version, extension-path; this version has none of startup=fast"},
		{"", "3.13.15", ", freeze-startup, class-slots, ascii-paths"},
		{"freethreaded=yes", "3.13.15", ", class-slots, ascii-paths, mimalloc"},
		{"", "3.14.7", ", freeze-startup, class-slots-3.14, ascii-paths"},
		{"arenas=huge startup=plain", "3.14.7",
			", extension-path; this version has none of arenas=huge"},
		{"startup=plain", "3.16.0a0", ", extension-path"},
		{"malloc=mimalloc", "3.15.0rc1",
			"; this version has none of startup=fast, malloc=mimalloc"},
	};
	CLEANUP(cleanup_recipe) struct recipe *r = own_recipe();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct chosen c = {.recipe = r, .version = cases[i].version};
		struct cpython_options o = options(cases[i].options);
		CLEANUP_FREE char *words = cpython_patch_words(&c, &o);

		if (!ends_with(words, cases[i].ends))
			fail_msg("%s: %s", cases[i].version, words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANS_TEST(test_names),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_versions),
		PLANS_TEST(test_jit),
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_patches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
