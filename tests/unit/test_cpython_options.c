/* What a build's options change: only the compile's key, or only the link's. */
#include <stdio.h>

#include "base/file.h"
#include "builds.h"

enum { PROFILE, COMPILE, TREE, LINK, N_STEPS };
struct ids {
	char of[N_STEPS][96];
};

static void settle(
	struct plans *p, const char *recipes, const struct cpython_options *o, struct ids *ids)
{
	struct cpython_build b;
	const struct cpython_plan *made = &b.plan;

	builds_plan(p, recipes, o, &b);
	const struct step *const steps[] = {made->profile, made->compile, made->tree, made->link};

	for (size_t i = 0; i < N_STEPS; i++)
		snprintf(ids->of[i], sizeof(ids->of[i]), "%s", steps[i] ? steps[i]->id : "");
	builds_unplan(&b);
}

static void test_keys(void **state)
{
	struct plans *p = *state;
	struct cpython_options plain;
	struct ids before, after;

	cpython_defaults(&plain);
	settle(p, "recipes", &plain, &before);
	for (size_t i = 0; i < cpython_n_options; i++) {
		const struct cpython_option *option = &cpython_option_table[i];
		bool number = !strcmp(option->choices, "N");
		struct cpython_options o = plain;
		CLEANUP_STRV struct strv choices = STRV_INIT;

		strv_split(&choices, number ? "0|7" : option->choices, "|");
		assert_true(choices.n > 1);
		assert_string_equal(cpython_option_get(&plain, option), choices.v[0]);
		assert_true(cpython_option_is_default(&plain, option));
		/* They have steps of their own, or need an LLVM; or concern the finished tree. */
		if (!strcmp(option->name, "bolt") || !strcmp(option->name, "glibc") ||
			!strcmp(option->name, "jit") || !strcmp(option->name, "embed") ||
			!strcmp(option->name, "cross"))
			continue;
		cpython_option_set(&o, option, choices.v[1]);
		assert_false(cpython_option_is_default(&o, option));
		settle(p, "recipes", &o, &after);
		assert_int_equal(
			strcmp(before.of[COMPILE], after.of[COMPILE]) != 0, option->compiles);
		assert_int_equal(strcmp(before.of[TREE], after.of[TREE]) != 0, option->compiles);
		assert_string_not_equal(before.of[LINK], after.of[LINK]);
	}
}

/* What is not chosen is in no key, so that new options leave caches as they are. */
static void test_defaults_in_no_key(void **state)
{
	struct plans *p = *state;
	struct cpython_options o;
	struct cpython_build b;
	const struct strv *lines;

	cpython_defaults(&o);
	o.bind = "lazy";
	builds_plan(p, "recipes", &o, &b);
	lines = &b.plan.link->env;
	assert_true(strv_has(lines, "BIND=lazy"));
	assert_true(strv_has(lines, "TLS=initial-exec"));
	for (size_t i = 0; i < lines->n; i++) {
		assert_true(strncmp(lines->v[i], "SYMBOLIC=", 9) != 0);
		assert_true(strncmp(lines->v[i], "PLT=", 4) != 0);
	}
	builds_unplan(&b);
}

/* The key of a step has the files of the recipe that it reads: a change of one makes it run, and
 * what needs it, and nothing else. */
static void test_files_in_keys(void **state)
{
	static const struct {
		const char *file;
		const char *changed; /* first letters of steps */
	} cases[] = {
		{"link.sh", "l"},
		{"bytecode.sh", "t"},
		{"bytecode.py", "t"},
		{"native.mk", "ctl"},
		{"compile.sh", "ctl"},
		{"profile.sh", "pctl"},
		{"fit.sh", "ctl"},
		{"common.sh", "pctl"},
		{"flags.sh", "pctl"},
		{"config.site", "pctl"},
		{"modules.txt", "pctl"},
		{"extension-path.patch", "pctl"},
		{"ssl-der-end.patch", ""}, /* for other versions */
		{"recipe.yaml", ""},
		{"README", ""},
		{"profiles/index.yaml", ""},
	};
	struct plans *p = *state;
	CLEANUP_FREE char *recipes = xasprintf("%s/recipes", p->root);
	struct cpython_options o;
	struct ids before, after;

	free(scratch_shell(".", "cp -R recipes %s/recipes", p->root));
	cpython_defaults(&o);
	o.profile = "train";
	settle(p, recipes, &o, &before);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		free(scratch_shell(recipes, "echo '# a comment' >>cpython/%s", cases[i].file));
		settle(p, recipes, &o, &after);
		for (size_t k = 0; k < N_STEPS; k++) {
			bool changed = strcmp(before.of[k], after.of[k]) != 0;

			if (changed != (strchr(cases[i].changed, "pctl"[k]) != NULL))
				fail_msg("%s: step %zu", cases[i].file, k);
		}
		before = after;
	}
}

/* What a script names of $RECIPE is declared. */
static void test_files_are_declared(void **state)
{
	static const char *const scripts[] = {"profile.sh", "compile.sh", "bytecode.sh", "link.sh"};
	struct plans *p = *state;
	struct cpython_options o;
	struct cpython_build b;

	cpython_defaults(&o);
	o.profile = "train";
	builds_plan(p, "recipes", &o, &b);
	const struct step *const steps[] = {
		b.plan.profile, b.plan.compile, b.plan.tree, b.plan.link};

	for (size_t i = 0; i < N_STEPS; i++) {
		CLEANUP_BUF struct buf all = BUF_INIT;
		CLEANUP_FREE char *script = scratch_read("recipes/cpython", scripts[i]);

		buf_adds(&all, script);
		for (size_t k = 0; k < steps[i]->files.n; k += 2) {
			CLEANUP_FREE char *text =
				scratch_read("recipes/cpython", steps[i]->files.v[k + 1]);

			buf_adds(&all, text);
		}
		for (const char *at = all.data; (at = strstr(at, "$RECIPE/")); at++) {
			CLEANUP_FREE char *name =
				xstrndup(at + 8, strspn(at + 8, LETTERS_AND_DIGITS ".-_/"));

			/* Of training that is not CPython's own, and of another machine. */
			if (!strcmp(name, "training") || !strcmp(name, "train.py") ||
				!strcmp(name, "cross.sh"))
				continue;
			if (!strv_has(&steps[i]->files, name))
				fail_msg("%s reads %s", scripts[i], name);
		}
	}
	builds_unplan(&b);
}

static void test_values(void **state)
{
	const struct cpython_option *tls = cpython_find_option("tls");
	const struct cpython_option *shuffle = cpython_find_option("shuffle");

	(void)state;
	assert_true(cpython_option_takes(tls, "desc"));
	assert_false(cpython_option_takes(tls, "des"));
	assert_false(cpython_option_takes(tls, ""));
	assert_true(cpython_option_takes(shuffle, "0"));
	assert_true(cpython_option_takes(shuffle, "123456789"));
	assert_false(cpython_option_takes(shuffle, ""));
	assert_false(cpython_option_takes(shuffle, "01"));
	assert_false(cpython_option_takes(shuffle, "-1"));
	assert_false(cpython_option_takes(shuffle, "1; true"));
	assert_false(cpython_option_takes(shuffle, "1234567890"));
}

/* Single options count before sets, and sets before defaults. */
static void test_sets(void **state)
{
	struct cpython_options o = {.protector = "weak", .bind = "lazy"};

	(void)state;
	cpython_fill_hardening(&o, "full");
	assert_string_equal(o.protector, "weak");
	assert_string_equal(o.bind, "lazy");
	assert_string_equal(o.fortify, "3");
	assert_null(o.frame_pointers);
	cpython_fill_hardening(&o, "none");
	cpython_fill_defaults(&o);
	assert_string_equal(o.fortify, "3");
	assert_string_equal(o.frame_pointers, "yes");
	assert_null(cpython_hardening_of(&o));

	cpython_defaults(&o);
	assert_string_equal(cpython_hardening_of(&o), "standard");
	o.cet = "yes";
	assert_null(cpython_hardening_of(&o));
	for (size_t i = 0; i < cpython_n_options; i++) {
		struct cpython_options full = {0};

		cpython_fill_hardening(&full, "full");
		assert_int_equal(cpython_is_hardening(&cpython_option_table[i]),
			cpython_option_get(&full, &cpython_option_table[i]) != NULL);
	}
}

/* The same flags for CPython and its libraries, said even where they are nobody's default. */
static void test_code_flags(void **state)
{
	static const struct {
		const char *hardening, *frame_pointers;
		char triple[24];
		const char *flags;
	} cases[] = {
		{"standard", "yes", "x86_64-linux-gnu",
			"-fstack-protector -fstack-clash-protection -U_FORTIFY_SOURCE "
			"-D_FORTIFY_SOURCE=2 -fcf-protection=none -fno-omit-frame-pointer "
			"-momit-leaf-frame-pointer"},
		{"full", "leaf", "aarch64-linux-gnu",
			"-fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE "
			"-D_FORTIFY_SOURCE=3 -mbranch-protection=standard -fno-omit-frame-pointer "
			"-mno-omit-leaf-frame-pointer"},
		{"none", "no", "riscv64-linux-gnu",
			"-fno-stack-protector -U_FORTIFY_SOURCE -fomit-frame-pointer"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cpython_options o = {.frame_pointers = cases[i].frame_pointers};
		struct toolchain t = builds_toolchain();
		char triple[24];
		CLEANUP_FREE char *flags = NULL;

		snprintf(triple, sizeof(triple), "%s", cases[i].triple);
		t.triple = triple;
		cpython_fill_hardening(&o, cases[i].hardening);
		cpython_fill_defaults(&o);
		flags = cpython_code_flags(&o, &t);
		assert_string_equal(flags, cases[i].flags);
	}
}

/* All that are shipped can be read, say what matters, and give way to what is said. */
static void test_presets(void **state)
{
	static const char *const said[] = {"link", "lto", "tls", "pie", "interposition", "symbolic",
		"bind", "modules", "protector", "clash", "fortify", "cet", "frame-pointers",
		"glibc"};
	CLEANUP_STRV struct strv names = STRV_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(preset_list("recipes", &names, &err), 0);
	assert_true(names.n >= 6);
	for (size_t i = 0; i < names.n; i++) {
		char recipes[] = "recipes";
		struct cpython_build b = {
			.recipes = recipes, .request = {.like = names.v[i], .hardening = "full"}};
		struct cpython_options *o = &b.request.options;

		o->lto = "none";
		if (cpython_settle_options(&b, &err) < 0)
			fail_msg("%s", err.msg);
		assert_string_equal(o->lto, "none");
		assert_string_equal(cpython_hardening_of(o), "full");
		assert_non_null(b.request.cc);
		for (size_t k = 0; k < ARRAY_SIZE(said); k++)
			assert_true(strv_has(&b.preset->settings, said[k]));
		preset_free(b.preset);
	}
}

/* A tree that is older than an option says nothing of it. */
static void test_older_tree(void **state)
{
	CLEANUP_CPYTHON_RECORD struct cpython_record r = {0};
	const struct cpython_options *o = &r.request.options;
	struct err err = ERR_INIT;

	scratch_file(*state, "share/solder/build.json",
		"{\"distribution\": {\"python\": \"3.13.15\", \"triple\": \"x86_64-linux-gnu\"},"
		" \"options\": {\"lto\": \"full\", \"cc\": \"gcc\", \"sources\": \"debian\"}}",
		0644);
	assert_int_equal(cpython_record_read(*state, *state, NULL, &r, &err), 0);
	assert_string_equal(o->lto, "full");
	assert_string_equal(o->link, "static");
	assert_string_equal(o->zlib, "classic");
	assert_string_equal(o->startup, "plain");
	assert_string_equal(o->glibc, "native");
	assert_int_equal(cpython_option_says(o, "glibc=native"), 1);
	assert_int_equal(cpython_option_says(o, "glibc!=native"), 0);
	assert_int_equal(cpython_option_says(o, "glibc!=2.17"), 1);
	assert_int_equal(cpython_option_says(o, "glibc!=1"), -1);
	assert_string_equal(o->frame_pointers, "no");
	assert_string_equal(cpython_hardening_of(o), "none");
	assert_string_equal(o->profile, "none");
}

/* A level of x86-64 is a target, and the same as --march; what contradicts it is refused. */
static void test_targets(void **state)
{
	static const struct {
		const char *target, *march, *settled; /* NULL: refused */
	} cases[] = {
		{NULL, NULL, "baseline"},
		{"x86_64-unknown-linux-gnu", NULL, "baseline"},
		{"x86_64-unknown-linux-gnu", "v3", "v3"},
		{"x86_64_v3-unknown-linux-gnu", NULL, "v3"},
		{"x86_64_v3-unknown-linux-gnu", "v3", "v3"},
		{"x86_64_v3-unknown-linux-gnu", "v2", NULL},
		{"x86_64_v3-unknown-linux-gnu", "baseline", NULL},
		{"x86_64_v9-unknown-linux-gnu", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cpython_build b = {.request = {.target = cases[i].target,
						  .options = {.march = cases[i].march}}};
		struct err err = ERR_INIT;
		int got = cpython_settle_options(&b, &err);

		assert_int_equal(got, cases[i].settled ? 0 : -1);
		if (cases[i].settled)
			assert_string_equal(b.request.options.march, cases[i].settled);
		else
			assert_int_equal(err.code, ERR_USAGE);
	}
}

/* A tree knows its target, to be built again for the same. */
static void test_target_of_tree(void **state)
{
	CLEANUP_CPYTHON_RECORD struct cpython_record r = {0};
	struct err err = ERR_INIT;

	scratch_file(*state, "share/solder/build.json",
		"{\"distribution\": {\"python\": \"3.13.15\", \"triple\": \"x86_64-linux-gnu\"},"
		" \"options\": {\"march\": \"v3\", \"cc\": \"gcc\", \"sources\": \"debian\","
		" \"target\": \"x86_64_v3-unknown-linux-gnu\"}}",
		0644);
	assert_int_equal(cpython_record_read(*state, *state, NULL, &r, &err), 0);
	assert_string_equal(r.request.target, "x86_64_v3-unknown-linux-gnu");
	assert_string_equal(r.request.options.march, "v3");
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(cpython_find_option("plt")->variable, "PLT");
	assert_null(cpython_find_option("PLT"));
	assert_null(cpython_find_option("cc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANS_TEST(test_keys),
		PLANS_TEST(test_defaults_in_no_key),
		PLANS_TEST(test_files_in_keys),
		PLANS_TEST(test_files_are_declared),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_code_flags),
		cmocka_unit_test(test_presets),
		cmocka_unit_test(test_targets),
		SCRATCH_TEST(test_target_of_tree),
		SCRATCH_TEST(test_older_tree),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
