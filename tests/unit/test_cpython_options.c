/* What a build's options change: only the compile's key, or only the link's. */
#include <stdio.h>

#include "cpython/cpython.h"
#include "plans.h"

struct ids {
	char compile[96], tree[96], link[96];
};

static struct toolchain toolchain(void)
{
	static char word[] = "gcc";

	return (struct toolchain){.family = CC_GCC,
		.cc = word,
		.cxx = word,
		.ar = word,
		.ranlib = word,
		.nm = word,
		.strip = word,
		.objcopy = word,
		.version = word,
		.triple = word,
		.identity = word};
}

static void settle(struct plans *p, const struct cpython_options *o, struct ids *ids)
{
	const struct toolchain tools = toolchain();
	struct recipe *recipe = NULL;
	struct cpython_plan plan = {0};
	struct chosen chosen = {.version = "3.13.15", .source = "/nowhere"};

	assert_int_equal(recipe_load("recipes", "cpython", &recipe, &p->err), 0);
	chosen.recipe = recipe;
	assert_int_equal(cpython_plan(o, &chosen, 1, &tools, &tools, &plan, &p->err), 0);
	assert_int_equal(plan_settle(&plan.plan, p->cache, &p->err), 0);
	snprintf(ids->compile, sizeof(ids->compile), "%s", plan.compile->id);
	snprintf(ids->tree, sizeof(ids->tree), "%s", plan.tree->id);
	snprintf(ids->link, sizeof(ids->link), "%s", plan.link->id);
	plan_release(&plan.plan);
	recipe_free(recipe);
}

static void test_keys(void **state)
{
	struct plans *p = *state;
	struct cpython_options plain;
	struct ids before, after;

	cpython_defaults(&plain);
	settle(p, &plain, &before);
	for (size_t i = 0; i < cpython_n_options; i++) {
		const struct cpython_option *option = &cpython_option_table[i];
		struct cpython_options o = plain;
		CLEANUP_STRV struct strv choices = STRV_INIT;

		strv_split(&choices, option->choices ? option->choices : "0|7", "|");
		assert_true(choices.n > 1);
		assert_string_equal(cpython_option_get(&plain, option), choices.v[0]);
		assert_true(cpython_option_is_default(&plain, option));
		/* Trains a profile: other steps. */
		if (!strcmp(option->name, "opt"))
			continue;
		cpython_option_set(&o, option, choices.v[1]);
		assert_false(cpython_option_is_default(&o, option));
		settle(p, &o, &after);
		assert_int_equal(strcmp(before.compile, after.compile) != 0, option->compiles);
		assert_int_equal(strcmp(before.tree, after.tree) != 0, option->compiles);
		assert_string_not_equal(before.link, after.link);
	}
}

/* What is not chosen is in no key, so that new options leave caches as they are. */
static void test_defaults_in_no_key(void **state)
{
	struct plans *p = *state;
	struct cpython_options o;
	CLEANUP_STRV struct strv lines = STRV_INIT;
	const struct toolchain tools = toolchain();
	struct recipe *recipe = NULL;
	struct cpython_plan plan = {0};
	struct chosen chosen = {.version = "3.13.15", .source = "/nowhere"};

	cpython_defaults(&o);
	o.bind = "lazy";
	assert_int_equal(recipe_load("recipes", "cpython", &recipe, &p->err), 0);
	chosen.recipe = recipe;
	assert_int_equal(cpython_plan(&o, &chosen, 1, &tools, &tools, &plan, &p->err), 0);
	for (size_t i = 0; i < plan.link->env.n; i++)
		strv_add(&lines, plan.link->env.v[i]);
	assert_true(strv_has(&lines, "BIND=lazy"));
	assert_true(strv_has(&lines, "TLS=initial-exec"));
	for (size_t i = 0; i < lines.n; i++) {
		assert_true(strncmp(lines.v[i], "SYMBOLIC=", 9) != 0);
		assert_true(strncmp(lines.v[i], "PLT=", 4) != 0);
	}
	plan_release(&plan.plan);
	recipe_free(recipe);
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
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
