/* Plans that are run as one, and plans that go on after a failure. */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "plans.h"

/* A plan of one tree: a library, a compile with it, and a link that only the name tells apart. */
static void plan_tree(struct plans *p, struct plan *tree, const char *name)
{
	CLEANUP_FREE char *compile =
		xasprintf("echo compile >>%s/log; cp \"$LIB/f\" \"$OUT/c\"", p->root);
	CLEANUP_FREE char *library =
		xasprintf("echo library >>%s/log; echo l >\"$OUT/f\"", p->root);
	CLEANUP_FREE char *link =
		xasprintf("echo %s >>%s/log; cat \"$C/c\" >\"$OUT/%s\"", name, p->root, name);
	struct step *l, *c, *last;

	l = plans_step(p, "library", library);
	c = plans_step(p, "compile", compile);
	step_view(c, "LIB", l, "");
	last = plans_step(p, "link", link);
	step_view(last, "C", c, "");
	*tree = p->plan;
	p->plan = (struct plan){0};
	assert_int_equal(plan_settle(tree, p->cache, &p->err), 0);
}

static void test_shared(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *log = NULL, *first = NULL, *second = NULL;
	struct plan trees[3], all = {0};

	plan_tree(p, &trees[0], "one");
	plan_tree(p, &trees[1], "two");
	plan_tree(p, &trees[2], "one");
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++)
		plan_join(&all, &trees[i]);
	assert_int_equal(all.n, 4);
	assert_null(trees[0].steps[0]->same);
	assert_ptr_equal(trees[1].steps[1]->same, trees[0].steps[1]);
	assert_null(trees[1].steps[2]->same);
	assert_ptr_equal(trees[1].steps[2]->needs[0], trees[0].steps[1]);
	assert_ptr_equal(trees[2].steps[2]->same, trees[0].steps[2]);
	assert_int_equal(plan_run(&all, &p->options, &p->result, &p->err), 0);
	assert_int_equal(p->result.run, 4);
	assert_true(trees[0].steps[1]->ran && trees[1].steps[2]->ran);
	log = scratch_shell(p->root, "sort log");
	assert_string_equal(log, "compile\nlibrary\none\ntwo\n");
	first = plans_result(p, trees[0].steps[2], "one");
	second = plans_result(p, trees[1].steps[2], "two");
	assert_string_equal(first, "l\n");
	assert_string_equal(second, "l\n");
	plan_release(&all);
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++)
		plan_release(&trees[i]);
}

/* a fails; b needs it, and c needs b; d goes on, and e needs d. */
static void plan_failing(struct plans *p)
{
	struct step *a = plans_step(p, "a", "echo the reason; exit 3"), *b, *d;

	b = plans_step(p, "b", "true");
	step_need(b, a, false);
	step_need(plans_step(p, "c", "true"), b, false);
	d = plans_step(p, "d", "sleep 0.3");
	step_need(plans_step(p, "e", "true"), d, false);
	plans_settle(p);
}

static void test_keep_going(void **state)
{
	static const bool lost[] = {true, true, true, false, false};
	struct plans *p = *state;

	plan_failing(p);
	p->options.keep_going = true;
	assert_int_equal(plan_run(&p->plan, &p->options, &p->result, &p->err), 0);
	assert_int_equal(p->result.failed, 1);
	assert_int_equal(p->result.run, 3);
	for (size_t i = 0; i < ARRAY_SIZE(lost); i++) {
		const struct step *s = p->plan.steps[i];

		if (s->lost != lost[i] || s->ran == lost[i] || s->cached == lost[i])
			fail_msg("%s", s->name);
	}
	assert_non_null(strstr(p->plan.steps[0]->failure, "the reason"));
	assert_null(p->plan.steps[1]->failure);
	assert_int_equal(p->err.code, ERR_NONE);
	assert_int_equal(plans_entries(p, "work"), 0);
}

static void test_stop(void **state)
{
	struct plans *p = *state;

	plan_failing(p);
	assert_int_equal(plan_run(&p->plan, &p->options, &p->result, &p->err), -1);
	assert_non_null(strstr(p->err.msg, "the reason"));
	assert_false(p->plan.steps[4]->ran);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANS_TEST(test_shared), PLANS_TEST(test_keep_going), PLANS_TEST(test_stop)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
