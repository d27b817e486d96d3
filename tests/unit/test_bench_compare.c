/* Two campaigns with known ratios, compared. */
#include <math.h>
#include <stdlib.h>

#include "bench/bench-internal.h"
#include "campaigns.h"
#include "scratch.h"

static void compare(struct bench *a, struct bench *b, struct bench_comparison *c)
{
	struct err err = ERR_INIT;

	if (bench_compare(a, b, c, &err) < 0)
		fail_msg("%s", err.msg);
}

/* From tables of Student's distribution, and in closed form for 1 and 2 degrees of freedom. */
static void test_student(void **state)
{
	(void)state;
	assert_true(fabs(stats_t_test(1, 1) - 0.5) < 1e-12);
	assert_true(fabs(stats_t_test(3, 2) - (1 - 3 / sqrt(11))) < 1e-12);
	assert_true(fabs(stats_t_test(2.228, 10) - 0.05) < 1e-4);
	assert_true(fabs(stats_t_test(-2.228, 10) - 0.05) < 1e-4);
	assert_true(fabs(stats_t_test(stats_t_quantile(7.5, 0.02), 7.5) - 0.04) < 1e-12);
}

static void test_changed(void **state)
{
	CLEANUP_BENCH struct bench *a = campaign_of(1, 1.02, 0), *b = campaign_of(2, 1.06, 0);
	CLEANUP_BENCH_COMPARISON struct bench_comparison c;

	(void)state;
	compare(a, b, &c);
	assert_true(c.verdicts);
	assert_int_equal(c.n_arms, 2);
	assert_int_equal(c.n_workloads, 12);
	assert_int_equal(c.arms[0].suite.verdict, BENCH_SLOWER);
	assert_true(fabs(c.arms[0].suite.ratio - 1.06 / 1.02) < 0.004);
	assert_true(c.arms[0].suite.interval.low < 1.06 / 1.02);
	assert_true(c.arms[0].suite.interval.high > 1.06 / 1.02);
	assert_true(c.arms[0].different >= 10);
	assert_int_equal(a->arms[c.arms[1].before].role, BENCH_ROLE_COPY);
	assert_int_equal(c.arms[1].suite.verdict, BENCH_EQUAL);
}

/* Welch's numbers by another way: both standard errors back from the printed intervals. */
static void test_welch(void **state)
{
	CLEANUP_BENCH struct bench *a = campaign_of(3, 1.01, 0), *b = campaign_of(4, 1.02, 0);
	CLEANUP_BENCH_COMPARISON struct bench_comparison c;
	double x, y, df, width;

	(void)state;
	compare(a, b, &c);
	x = c.before.arms[1].half_width / stats_t_quantile(19, c.before.alpha / 2);
	y = c.after.arms[1].half_width / stats_t_quantile(19, c.after.alpha / 2);
	df = 19 * pow(x * x + y * y, 2) / (pow(x, 4) + pow(y, 4));
	assert_true(df >= 19 && df <= 38);
	width = stats_t_quantile(df, 0.025) * sqrt(x * x + y * y);
	assert_true(
		fabs(log(c.arms[0].suite.interval.high / c.arms[0].suite.ratio) - width) < 1e-9);
	assert_true(fabs(c.arms[0].suite.ratio - c.after.arms[1].ratio / c.before.arms[1].ratio) <
		    1e-12);
}

/* The same ratios, other noise: of 20 pairs few may differ at 5 %, and of one and the same campaign
 * nothing. */
static void test_unchanged(void **state)
{
	unsigned int differ = 0;

	(void)state;
	for (uint64_t i = 0; i < 20; i++) {
		CLEANUP_BENCH struct bench *a = campaign_of(10 + i, 1.03, 0),
					   *b = campaign_of(50 + i, 1.03, 0);
		CLEANUP_BENCH_COMPARISON struct bench_comparison c;

		compare(a, b, &c);
		differ += c.arms[0].suite.p < 0.05;
	}
	assert_true(differ <= 4);
	{
		CLEANUP_BENCH struct bench *a = campaign_of(1, 1.03, 0),
					   *b = campaign_of(1, 1.03, 0);
		CLEANUP_BENCH_COMPARISON struct bench_comparison c;

		compare(a, b, &c);
		assert_true(fabs(c.arms[0].suite.ratio - 1) < 1e-15);
		assert_true(c.arms[0].suite.p > 0.99);
		assert_int_equal(c.arms[0].different, 0);
	}
}

/* Layouts are the unit: two of them leave next to no degrees of freedom. */
static void test_layouts(void **state)
{
	CLEANUP_BENCH struct bench *a = campaign_of(1, 1.02, 2), *b = campaign_of(2, 1.03, 2);
	CLEANUP_BENCH_COMPARISON struct bench_comparison c;

	(void)state;
	compare(a, b, &c);
	assert_int_equal(c.before.units, 2);
	assert_int_not_equal(c.arms[0].suite.verdict, BENCH_FASTER);
	assert_true(c.arms[0].suite.interval.high > c.arms[0].suite.interval.low);
}

/* What fails in one campaign, or is not in it, is left out of both. */
static void test_common(void **state)
{
	CLEANUP_BENCH struct bench *a = campaign_of(1, 1.02, 0), *b = campaign_of(2, 1.02, 0);
	CLEANUP_BENCH_COMPARISON struct bench_comparison c;

	(void)state;
	a->workloads[3].failed = xstrdup("arm1: exit code 1");
	b->workloads[5].name[0] = 'x';
	compare(a, b, &c);
	assert_int_equal(c.n_workloads, 10);
	assert_int_equal(c.before.counting, 10);
	assert_int_equal(c.after.counting, 10);
	assert_string_equal(c.after.why[3], "in the first campaign: arm1: exit code 1");
	assert_string_equal(c.before.why[5], "is not in the second campaign");
	assert_int_equal(c.workload_before[4], 6);
	assert_int_equal(c.workload_after[4], 6);
}

static void test_impossible(void **state)
{
	CLEANUP_BENCH struct bench *a = campaign_of(1, 1.02, 0), *b = campaign_of(2, 1.02, 0);
	struct bench_comparison c;
	struct err err = ERR_INIT;

	(void)state;
	b->options.measure = BENCH_WALL;
	assert_int_equal(bench_compare(a, b, &c, &err), -1);
	assert_string_equal(err.msg, "one campaign judges CPU time, the other wall time");
	b->options.measure = BENCH_CPU;
	b->arms[1].name[0] = 'x';
	assert_int_equal(bench_compare(a, b, &c, &err), -1);
	assert_string_equal(err.msg, "the campaigns have no arm in common but the reference");
	b->n_rounds = 1;
	assert_int_equal(bench_compare(a, b, &c, &err), -1);
	assert_non_null(strstr(err.msg, "the second campaign: "));
	/* All of them are to be freed. */
	b->n_rounds = 20;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_student),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_welch),
		cmocka_unit_test(test_unchanged),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_common),
		cmocka_unit_test(test_impossible),
	};

	return cmocka_run_group_tests_name("bench_compare", tests, NULL, NULL);
}
