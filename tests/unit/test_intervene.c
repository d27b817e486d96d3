/* Interventions: which flips there are, what they predict, what campaigns say of them, and how both
 * are judged. Nothing is built. */
#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "bench/bench-internal.h"
#include "study/study-internal.h"
#include "scratch.h"

static const struct study_tree plain_static = {"static", "x86_64-linux-gnu",
	{[STUDY_TLS] = "initial-exec",
		[STUDY_SYMBOLIC] = "yes",
		[STUDY_INTERPOSITION] = "no",
		[STUDY_PLT] = "yes",
		[STUDY_BIND] = "now",
		[STUDY_PIE] = "yes",
		[STUDY_VISIBILITY] = "hidden"}};

static struct study_tree shared(const char *tls)
{
	struct study_tree t = plain_static;

	t.link = "shared";
	t.settings[STUDY_TLS] = tls;
	return t;
}

/* "tls=initial-exec+ symbolic=no pie=no(why not)": + is summed. To be freed. */
static char *flips(const struct study_tree *a, const struct study_tree *b, const char *wanted)
{
	CLEANUP_STUDY_PLAN struct study_plan plan = {0};
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	if (study_plan_flips(a, b, wanted, &plan, &err) < 0)
		return xasprintf("error %d: %s", err.code, err.msg);
	for (size_t i = 0; i < plan.n; i++) {
		const struct study_flip *f = &plan.flips[i];

		assert_string_equal(f->from, b->settings[f->factor]);
		buf_addf(&out, "%s%s=%s%s", i ? " " : "", study_factor_name(f->factor), f->to,
			f->summed ? "+" : "");
		if (f->why_not)
			buf_addf(&out, "(%s)", f->why_not);
	}
	return buf_steal(&out);
}

static void expect_flips(const struct study_tree *a, const struct study_tree *b, const char *wanted,
	const char *expected)
{
	CLEANUP_FREE char *got = flips(a, b, wanted);

	assert_string_equal(got, expected);
}

static void test_plan(void **state)
{
	const struct study_tree gd = shared("global-dynamic"), ie = shared("initial-exec");

	(void)state;
	expect_flips(&plain_static, &gd, "all",
		"tls=initial-exec+ tls=desc symbolic=no interposition=yes plt=no bind=lazy pie=no "
		"visibility=default");
	expect_flips(&plain_static, &ie, "tls", "tls=global-dynamic tls=desc");
	expect_flips(&plain_static, &gd, "tls=desc, pie", "tls=desc pie=no");
	/* Asked for twice, it is there once. */
	expect_flips(&plain_static, &gd, "pie,pie=no,all,pie",
		"pie=no tls=initial-exec+ tls=desc symbolic=no interposition=yes plt=no bind=lazy "
		"visibility=default");
	expect_flips(&plain_static, &gd, "bind=now,tls=global-dynamic",
		"bind=now(B has now) tls=global-dynamic(B has global-dynamic)");
}

static void test_plan_without_a(void **state)
{
	const struct study_tree gd = shared("global-dynamic");

	(void)state;
	/* One of each factor. */
	expect_flips(NULL, &gd, "tls,bind", "tls=initial-exec+ tls=desc bind=lazy+");
	expect_flips(NULL, &gd, "tls=desc,tls", "tls=desc+ tls=initial-exec");
}

static void test_plan_of_what_cannot_be(void **state)
{
	struct study_tree arm = shared("global-dynamic"), b = plain_static, a = plain_static;

	(void)state;
	arm.triple = "aarch64-linux-gnu";
	expect_flips(NULL, &arm, "tls",
		"tls=initial-exec+ tls=desc(descriptors are this machine's global-dynamic)");
	expect_flips(NULL, &b, "symbolic",
		"symbolic=no(is about libpython.so, which a static interpreter does not run)");
	b.link = "dual";
	expect_flips(
		NULL, &b, "pie", "pie=no(a dual interpreter is a library, which lies anywhere)");
	b.link = "static";
	/* Whatever a static A was told, nothing interposes and its accesses are local-exec. */
	a.settings[STUDY_TLS] = "global-dynamic";
	a.settings[STUDY_SYMBOLIC] = "no";
	b = shared("global-dynamic");
	b.settings[STUDY_SYMBOLIC] = "no";
	expect_flips(&a, &b, "tls,symbolic", "tls=initial-exec+ tls=desc symbolic=yes+");
	a.link = "shared";
	expect_flips(&a, &b, "tls,symbolic", "tls=initial-exec tls=desc symbolic=yes");
}

static void test_plan_errors(void **state)
{
	const struct study_tree gd = shared("global-dynamic");

	(void)state;
	expect_flips(NULL, &gd, "", "error 1: no factor is given");
	expect_flips(NULL, &gd, " ,", "error 1: no factor is given");
	expect_flips(NULL, &gd, "bind,tl", "error 1: 'tl' cannot be flipped");
	expect_flips(NULL, &gd, "tls=", "error 1: 'tls=' cannot be flipped");
	expect_flips(NULL, &gd, "tls=lazy", "error 1: 'tls=lazy' cannot be flipped");
	expect_flips(NULL, &gd, "link=static", "error 1: 'link=static' cannot be flipped");
}

/* ---- predicted ----------------------------------------------------------------------------- */

static void test_extrapolation(void **state)
{
	int64_t causes[EXPLAIN_N_CAUSES] = {[EXPLAIN_TLS] = 60, [EXPLAIN_WORK] = 40};
	struct study_counts once = study_counts_of(causes), twice, many;

	(void)state;
	causes[EXPLAIN_TLS] = 80;
	causes[EXPLAIN_WORK] = 70;
	twice = study_counts_of(causes);
	many = study_extrapolate(&once, &twice, 11);
	assert_true(many.total == 600);
	assert_true(many.causes[EXPLAIN_TLS] == 260);
	assert_true(many.causes[EXPLAIN_WORK] == 340);
	assert_true(study_extrapolate(&once, &twice, 1).total == 100);
	assert_true(study_extrapolate(&once, &twice, 2).total == 150);
}

static void test_prediction(void **state)
{
	const struct study_counts base[] = {
		{.total = 1000, .causes = {[EXPLAIN_TLS] = 200, [EXPLAIN_WORK] = 800}},
		{.total = 50, .causes = {[EXPLAIN_WORK] = 50}},
		{.total = 400, .causes = {[EXPLAIN_TLS] = 100, [EXPLAIN_WORK] = 300}}};
	const struct study_counts flipped[] = {
		{.total = 900, .causes = {[EXPLAIN_TLS] = 80, [EXPLAIN_WORK] = 820}},
		{.total = 500, .causes = {[EXPLAIN_WORK] = 500}},
		{.total = 400, .causes = {[EXPLAIN_TLS] = 90, [EXPLAIN_WORK] = 310}}};
	const bool counts[] = {true, false, true};
	struct study_prediction p = study_predict(base, flipped, counts, 3);
	double sum = 0;

	(void)state;
	assert_true(fabs(p.all - log(0.9) / 2) < 1e-12);
	for (size_t c = 0; c < EXPLAIN_N_CAUSES; c++)
		sum += p.causes[c];
	/* Parts add up, also where a total stays as it is. */
	assert_true(fabs(sum - p.all) < 1e-12);
	assert_true(study_moved(&p, STUDY_TLS) == p.causes[EXPLAIN_TLS]);
	assert_true(p.causes[EXPLAIN_TLS] < p.all && p.causes[EXPLAIN_WORK] > 0);
	assert_true(study_moved(&p, STUDY_PIE) == 0);
	p = study_predict(base, flipped, NULL, 2);
	assert_true(fabs(p.all - (log(0.9) + log(10)) / 2) < 1e-12);
}

/* ---- measured ------------------------------------------------------------------------------ */

#define N_ROUNDS 12

/* Arms A, B, x, y and a copy; two workloads; x takes `x` of B's time, y `y`, B `b` of A's. A round
 * that is slow in all alike, and noise of each process. */
static struct bench *campaign(double b, double x, double y)
{
	struct bench_options options;
	struct bench *c;
	struct bench_random r;

	bench_defaults(&options);
	options.rounds = N_ROUNDS;
	options.resamples = 500;
	c = bench_new(&options);
	for (const char *name = "ABxy"; *name; name++) {
		char one[2] = {*name, '\0'};

		bench_add_arm(c, one, BENCH_ROLE_ARM);
	}
	bench_add_hidden(c, 0);
	bench_add_workload(c, "first", "loop");
	bench_add_workload(c, "second", "loop");
	bench_random_seed(&r, 7, 1);
	for (unsigned round = 0; round < N_ROUNDS; round++) {
		struct bench_round *to = bench_add_round(c, 10);
		double slow = 1 + 0.1 * (double)bench_random_below(&r, 10);

		for (unsigned i = 0; i < 10; i++) {
			const double ratios[] = {1, b, b * x, b * y, 1};
			double noise = 1 + ((double)bench_random_below(&r, 1000) - 500) / 1e6;
			/* Arms stand in any order. */
			unsigned arm = (i + round) % 5;

			to->v[to->n++] = (struct bench_observation){.workload = i / 5,
				.arm = arm,
				.user = llround(2e8 * slow * noise * ratios[arm])};
		}
	}
	return c;
}

static void expect_time(const struct study_time *t, double ratio)
{
	assert_true(fabs(t->log - log(ratio)) < 0.001);
	assert_true(t->low <= t->log && t->log <= t->high);
	assert_true(t->high - t->low < 0.004);
}

static void test_measured(void **state)
{
	CLEANUP_BENCH struct bench *c = campaign(1.1, 0.95, 1.02);
	struct study_time times[BENCH_ARMS_MAX], sum, rest;
	const size_t summed[] = {2, 3};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(study_measured(c, 1, summed, 2, times, &sum, &rest, &err), 0);
	expect_time(&times[0], 1 / 1.1);
	assert_true(times[1].log == 0 && times[1].low == 0 && times[1].high == 0);
	expect_time(&times[2], 0.95);
	expect_time(&times[3], 1.02);
	expect_time(&sum, 0.95 * 1.02);
	expect_time(&rest, 1 / 1.1 / (0.95 * 1.02));
	assert_int_equal(study_measured(c, 1, NULL, 0, times, &sum, &rest, &err), 0);
	assert_true(sum.log == 0);
	expect_time(&rest, 1 / 1.1);
	/* Rounds that do not count, and workloads that failed, are as in the campaign. */
	c->rounds[3].dropped = xstrdup("noise");
	for (size_t i = 0; i < c->rounds[3].n; i++)
		c->rounds[3].v[i].user *= 1 + (int64_t)i;
	c->workloads[1].failed = xstrdup("x: exit code 1");
	for (size_t r = 0; r < c->n_rounds; r++)
		c->rounds[r].v[9].status = BENCH_EXIT;
	assert_int_equal(study_measured(c, 1, summed, 2, times, &sum, &rest, &err), 0);
	expect_time(&times[2], 0.95);
	expect_time(&sum, 0.95 * 1.02);
}

/* ---- judged -------------------------------------------------------------------------------- */

static void test_judged(void **state)
{
	static const struct {
		double predicted, measured, low, high; /* percent */
		enum study_verdict verdict;
	} cases[] = {
		{-7, -6, -8, -4, STUDY_AGREES},
		{0.3, 0.4, 0.1, 0.6, STUDY_AGREES},
		{0, 0.1, -0.5, 0.6, STUDY_NO_DIFFERENCE},
		{0.5, 0.1, -0.5, 0.6, STUDY_NO_DIFFERENCE},
		{0, 0.1, -1.5, 1.6, STUDY_UNDECIDED},
		{-7, -3, -8, 2, STUDY_UNDECIDED},
		{-7, -4, -5, -3, STUDY_AGREES_IN_SIGN},
		{3, 5.5, 5, 6, STUDY_AGREES_IN_SIGN},
		/* Of another size. */
		{-7, -3, -4, -2, STUDY_UNKNOWN},
		{2, 5, 4, 6, STUDY_UNKNOWN},
		/* Against it. */
		{-7, 3, 2, 4, STUDY_UNKNOWN},
		/* None where there should be one, also where it is nearly seen. */
		{-7, 0, -1, 1, STUDY_UNKNOWN},
		{-7, -4, -6, 1, STUDY_UNKNOWN},
		/* One where there should be none. */
		{0, 2, 1, 3, STUDY_UNKNOWN},
		{0.01, 2, 1, 3, STUDY_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct study_time t = {log1p(cases[i].measured / 100),
			log1p(cases[i].low / 100), log1p(cases[i].high / 100)};
		enum study_verdict got = study_judge(log1p(cases[i].predicted / 100), &t, 0.01);

		if (got != cases[i].verdict)
			fail_msg("case %zu: %s", i, study_verdict_name(got));
	}
	assert_string_equal(study_verdict_name(STUDY_UNKNOWN), "layout or unknown");
}

/* Nothing was measured: infinite intervals decide nothing. */
static void test_judged_without_bounds(void **state)
{
	const struct study_time t = {0.01, -INFINITY, INFINITY};

	(void)state;
	assert_int_equal(study_judge(-0.07, &t, 0.01), STUDY_UNDECIDED);
	assert_int_equal(study_judge(0, &t, 0.01), STUDY_UNDECIDED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_plan_without_a),
		cmocka_unit_test(test_plan_of_what_cannot_be),
		cmocka_unit_test(test_plan_errors),
		cmocka_unit_test(test_extrapolation),
		cmocka_unit_test(test_prediction),
		cmocka_unit_test(test_measured),
		cmocka_unit_test(test_judged),
		cmocka_unit_test(test_judged_without_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
