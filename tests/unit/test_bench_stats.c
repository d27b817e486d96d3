/* Results of campaigns whose truth is known. Exact values: tests/oracle/stats.py. */
#include <math.h>

#include "bench/bench-internal.h"
#include "campaigns.h"
#include "scratch.h"

static struct bench *make(
	const double *ratios, unsigned int arms, unsigned int rounds, double noise, uint64_t seed)
{
	const struct campaign_plan plan = {.seed = seed,
		.rounds = rounds,
		.workloads = 10,
		.ratios = ratios,
		.arms = arms,
		.noise = noise,
		.round_noise = 0.05,
		.resamples = 400};

	return campaign_make(&plan);
}

static void compute(const struct bench *b, struct bench_result *result)
{
	struct err err = ERR_INIT;

	if (bench_compute(b, result, &err) < 0)
		fail_msg("%s", err.msg);
}

static void test_quantiles(void **state)
{
	(void)state;
	/* From printed tables. */
	assert_float_equal(stats_t_quantile(1, 0.025), 12.706, 5e-4);
	assert_float_equal(stats_t_quantile(9, 0.025), 2.262, 5e-4);
	assert_float_equal(stats_t_quantile(39, 0.005), 2.708, 5e-4);
	assert_float_equal(stats_t_quantile(1e6, 0.025), 1.960, 5e-4);
	assert_float_equal(stats_t_quantile(5, 0.5), 0, 1e-9);
}

static void test_intervals(void **state)
{
	double half;
	struct bench_interval i =
		stats_interval((struct stats_estimate){log(1.1), 0}, 10, 0.05, &half);

	(void)state;
	assert_float_equal(i.low, 1.1, 1e-12);
	assert_float_equal(i.high, 1.1, 1e-12);
	assert_float_equal(half, 0, 0);
	i = stats_interval((struct stats_estimate){0, 0.01}, 1, 0.05, &half);
	assert_true(i.low <= 0 && isinf(i.high) && isinf(half));
	/* 2.262 * sqrt(10 / 9) * 0.01 */
	i = stats_interval((struct stats_estimate){0, 0.01}, 10, 0.05, &half);
	assert_float_equal(half, 0.023845, 1e-5);
	assert_float_equal(i.high, exp(half), 1e-12);
}

static void test_verdicts(void **state)
{
	static const double ratios[] = {1.05, 0.95, 1.002, 1};
	CLEANUP_BENCH struct bench *b = make(ratios, 4, 20, 0.005, 1);
	CLEANUP_BENCH_RESULT struct bench_result result;

	(void)state;
	compute(b, &result);
	assert_true(result.verdicts);
	assert_int_equal(result.copy, BENCH_GATE_PASSED);
	assert_int_equal(result.slowed, BENCH_GATE_NONE);
	assert_int_equal(result.arms[1].verdict, BENCH_SLOWER);
	assert_int_equal(result.arms[2].verdict, BENCH_FASTER);
	assert_int_equal(result.arms[3].verdict, BENCH_EQUAL);
	assert_int_equal(result.arms[1].different, 10);
	assert_int_equal(result.arms[3].different, 0);
	assert_float_equal(result.arms[1].ratio, 1.05, 0.002);
	assert_int_equal(result.arms[1].cells[3].verdict, BENCH_SLOWER);
	assert_true(bench_precise(b, &result));
	b->options.precision = 0.0001;
	assert_false(bench_precise(b, &result));
}

/* With much noise nothing can be said, and the copy is not called equal. */
static void test_noise(void **state)
{
	static const double ratios[] = {1.02, 1};
	CLEANUP_BENCH struct bench *b = make(ratios, 2, 10, 0.15, 2);
	CLEANUP_BENCH_RESULT struct bench_result result;

	(void)state;
	compute(b, &result);
	assert_false(result.verdicts);
	assert_int_equal(result.copy, BENCH_GATE_NOISY);
	assert_int_equal(result.arms[1].verdict, BENCH_NO_VERDICT);
	assert_int_equal(result.arms[1].cells[0].verdict, BENCH_NO_VERDICT);
	assert_non_null(strstr(result.copy_reason, "byte-identical copy of base"));
	/* Nor is that enough, however little is asked. */
	b->options.precision = 1;
	assert_false(bench_precise(b, &result));
}

static void test_gate_fails(void **state)
{
	static const double ratios[] = {1.02, 1.03};
	CLEANUP_BENCH struct bench *b = make(ratios, 2, 20, 0.002, 3);
	CLEANUP_BENCH_RESULT struct bench_result result;

	(void)state;
	compute(b, &result);
	assert_int_equal(result.copy, BENCH_GATE_FAILED);
	assert_false(result.verdicts);
	assert_int_equal(result.arms[1].verdict, BENCH_NO_VERDICT);
	assert_int_equal(result.arms[1].different, 0);
	bench_result_release(&result);
	/* Equal, but further off than the gate allows. */
	for (size_t i = 0; i < b->n_rounds; i++) {
		for (size_t j = 0; j < b->rounds[i].n; j++) {
			struct bench_observation *o = &b->rounds[i].v[j];

			if (o->arm == 2)
				o->user = (int64_t)((double)o->user * 1.008 / 1.03);
		}
	}
	b->options.margin = 0.02;
	compute(b, &result);
	assert_int_equal(result.copy, BENCH_GATE_FAILED);
}

/* What is larger than the error that the gate shows is said, less that error. */
static void test_beyond_noise(void **state)
{
	static const double ratios[] = {2.24, 0.5, 1.02, 1};
	CLEANUP_BENCH struct bench *b = make(ratios, 4, 10, 0.06, 5);
	CLEANUP_BENCH_RESULT struct bench_result result;

	(void)state;
	compute(b, &result);
	assert_int_equal(result.copy, BENCH_GATE_NOISY);
	assert_true(result.noise > 0.01 && result.noise < 0.2);
	assert_int_equal(result.arms[1].verdict, BENCH_SLOWER);
	assert_float_equal(
		result.arms[1].at_least, result.arms[1].suite.low / exp(result.noise), 1e-9);
	assert_true(result.arms[1].at_least > 1.8 && result.arms[1].at_least < 2.24);
	assert_int_equal(result.arms[1].different, 10);
	assert_int_equal(result.arms[2].verdict, BENCH_FASTER);
	assert_true(result.arms[2].at_least > 1.6 && result.arms[2].at_least < 2);
	assert_int_equal(result.arms[3].verdict, BENCH_NO_VERDICT);
	assert_int_equal(result.arms[3].different, 0);
	assert_float_equal(result.arms[3].at_least, 0, 0);
}

/* Nobody knows the error where there is no copy. */
static void test_gate_missing(void **state)
{
	static const double ratios[] = {1.1, 1};
	CLEANUP_BENCH struct bench *b = make(ratios, 2, 20, 0.002, 4);
	CLEANUP_BENCH_RESULT struct bench_result result;

	(void)state;
	b->arms[2].role = BENCH_ROLE_ARM;
	compute(b, &result);
	assert_int_equal(result.copy, BENCH_GATE_NONE);
	assert_false(result.verdicts);
	assert_non_null(result.copy_reason);
}

static void test_gate_slowed(void **state)
{
	static const double ratios[] = {1.0, 1.02, 1};
	CLEANUP_BENCH struct bench *b = make(ratios, 3, 20, 0.003, 5);
	CLEANUP_BENCH_RESULT struct bench_result result;

	(void)state;
	b->arms[2].role = BENCH_ROLE_SLOWED;
	b->arms[2].slowdown = 0.02;
	compute(b, &result);
	assert_int_equal(result.slowed, BENCH_GATE_PASSED);
	assert_true(result.verdicts);
	bench_result_release(&result);
	/* The arm that is not slowed at all is not found. */
	b->arms[2].role = BENCH_ROLE_ARM;
	b->arms[1].role = BENCH_ROLE_SLOWED;
	compute(b, &result);
	assert_int_equal(result.slowed, BENCH_GATE_FAILED);
	assert_false(result.verdicts);
}

static void test_looks(void **state)
{
	static const double ratios[] = {1.0, 1};
	struct bench_options options;
	double levels[BENCH_LOOKS_MAX];

	(void)state;
	bench_defaults(&options);
	for (unsigned int rounds = 1; rounds <= 100; rounds++) {
		struct bench *b;
		double sum = 0;

		options.rounds = rounds;
		b = bench_new(&options);
		bench_look_levels(b, levels);
		for (size_t i = 0; i < b->n_looks; i++)
			sum += levels[i];
		assert_float_equal(sum, 0.05, 1e-12);
		assert_int_equal(b->looks[b->n_looks - 1], rounds);
		assert_int_equal(b->n_looks, 1 + (rounds > 10) + (rounds > 20) + (rounds > 40));
		bench_free(b);
	}
	/* 15 of 40 rounds: at the level of the look at 20. */
	for (unsigned int rounds = 10; rounds <= 15; rounds += 5) {
		const struct campaign_plan plan = {.rounds = rounds,
			.planned = 40,
			.workloads = 2,
			.ratios = ratios,
			.arms = 2,
			.noise = 0.01,
			.resamples = 100};
		CLEANUP_BENCH struct bench *b = campaign_make(&plan);
		CLEANUP_BENCH_RESULT struct bench_result result;

		compute(b, &result);
		assert_int_equal(result.look, rounds == 10 ? 0 : 1);
		assert_float_equal(result.alpha, 0.0125, 1e-12);
	}
}

static void test_dropped_rounds(void **state)
{
	static const double ratios[] = {1.1, 1};
	CLEANUP_BENCH struct bench *b = make(ratios, 2, 12, 0.001, 6);
	CLEANUP_BENCH_RESULT struct bench_result result;

	(void)state;
	for (size_t j = 0; j < b->rounds[4].n; j++)
		b->rounds[4].v[j].user *= 1 + (int64_t)j % 7;
	b->rounds[4].dropped = xstrdup("steal 12 %");
	compute(b, &result);
	assert_int_equal(result.rounds, 11);
	assert_int_equal(result.dropped, 1);
	assert_float_equal(result.arms[1].ratio, 1.1, 0.001);
	assert_true(result.arms[1].half_width < 0.005);
}

static void check_left_out(const struct bench *b, size_t w, const char *why)
{
	CLEANUP_BENCH_RESULT struct bench_result result;

	compute(b, &result);
	assert_int_equal(result.counting, 9);
	assert_string_equal(result.why[w], why);
	assert_int_equal(result.arms[1].cells[w].verdict, BENCH_NO_VERDICT);
	assert_float_equal(result.arms[1].ratio, 1.1, 0.001);
}

/* A workload that failed once, in any arm, is left out for all, and the reason is kept. */
static void test_left_out(void **state)
{
	static const double ratios[] = {1.1, 1};
	CLEANUP_BENCH struct bench *b = make(ratios, 2, 10, 0.001, 7);
	struct bench_observation *o = &b->rounds[3].v[5 * 3 + 1];

	(void)state;
	assert_int_equal(o->workload, 5);
	o->user *= 30;
	o->status = BENCH_SIGNAL;
	o->code = 11;
	check_left_out(b, 5, "arm1: killed by signal 11 in round 4");
	o->status = BENCH_EXIT;
	o->code = 3;
	check_left_out(b, 5, "arm1: exit code 3 in round 4");
	b->rounds[3].dropped = xstrdup("load");
	check_left_out(b, 5, "arm1: exit code 3 in round 4");
	free(b->rounds[3].dropped);
	b->rounds[3].dropped = NULL;
	o->status = BENCH_TIMEOUT;
	check_left_out(b, 5, "arm1: no end within 120 s in round 4");
	o->status = BENCH_OK;
	o->user = 0;
	check_left_out(b, 5, "arm1: took no time that this machine can measure");
	*o = b->rounds[3].v[--b->rounds[3].n];
	check_left_out(b, 5, "arm1: not run in every round");
}

static void test_nothing_left(void **state)
{
	static const double ratios[] = {1};
	const struct campaign_plan plan = {
		.rounds = 5, .workloads = 1, .ratios = ratios, .arms = 1, .resamples = 10};
	CLEANUP_BENCH struct bench *b = campaign_make(&plan);
	struct bench_result result;
	struct err err = ERR_INIT;

	(void)state;
	b->rounds[0].v[0].status = BENCH_EXIT;
	assert_int_equal(bench_compute(b, &result, &err), -1);
	assert_non_null(strstr(err.msg, "no workload ran in every arm; w0: base: exit code 0"));
	b->rounds[0].v[0].status = BENCH_OK;
	for (size_t i = 1; i < 5; i++)
		b->rounds[i].dropped = xstrdup("steal");
	assert_int_equal(bench_compute(b, &result, &err), -1);
	assert_non_null(strstr(err.msg, "4 of 5 rounds were dropped, the last because steal"));
	b->rounds[4].lasted = 100;
	b->rounds[4].foreign = 80;
	assert_int_equal(bench_compute(b, &result, &err), -1);
	assert_non_null(strstr(err.hint, "--load 100"));
}

/* Data without noise: intervals of no width, never a division by nothing. */
static void test_constant(void **state)
{
	static const double ratios[] = {1.5, 1};
	const struct campaign_plan plan = {
		.rounds = 10, .workloads = 2, .ratios = ratios, .arms = 2, .resamples = 50};
	CLEANUP_BENCH struct bench *b = campaign_make(&plan);
	CLEANUP_BENCH_RESULT struct bench_result result;

	(void)state;
	compute(b, &result);
	assert_float_equal(result.arms[1].half_width, 0, 1e-9);
	assert_int_equal(result.arms[1].verdict, BENCH_SLOWER);
	assert_int_equal(result.arms[2].verdict, BENCH_EQUAL);
	assert_float_equal(result.arms[2].cells[0].p, 1, 0);
	assert_float_equal(result.arms[1].cells[0].p, 2.0 / 1024, 1e-15);
}

/* Whatever the number of processors. */
static void test_threads(void **state)
{
	static const double ratios[] = {1.01, 1};
	CLEANUP_BENCH struct bench *b = make(ratios, 2, 20, 0.02, 8);
	struct err err = ERR_INIT;
	cpu_set_t all, one;
	double half = -1;

	(void)state;
	b->options.resamples = 1234;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	for (int i = 0; i < 2; i++) {
		CLEANUP_BENCH_RESULT struct bench_result result;

		assert_int_equal(sched_setaffinity(0, sizeof(all), i ? &one : &all), 0);
		assert_int_equal(bench_compute(b, &result, &err), 0);
		if (half >= 0)
			assert_memory_equal(&half, &result.arms[1].half_width, sizeof(half));
		half = result.arms[1].half_width;
	}
	sched_setaffinity(0, sizeof(all), &all);
}

/* Few layouts make wide intervals, however many rounds. */
static void test_layouts(void **state)
{
	static const double ratios[] = {1.0, 1};
	struct campaign_plan plan = {.seed = 11,
		.rounds = 40,
		.workloads = 10,
		.layouts = 4,
		.ratios = ratios,
		.arms = 2,
		.noise = 0.005,
		.layout_noise = 0.02,
		.resamples = 400};
	CLEANUP_BENCH struct bench *b = campaign_make(&plan);
	CLEANUP_BENCH_RESULT struct bench_result layouts, rounds;

	(void)state;
	compute(b, &layouts);
	b->options.layouts = 1;
	compute(b, &rounds);
	assert_true(layouts.arms[1].half_width > 3 * rounds.arms[1].half_width);
	assert_true(layouts.arms[1].suite.low < 1 && layouts.arms[1].suite.high > 1);
}

/* How often the interval holds the truth, over many campaigns of 10 rounds at the 1.25 % level,
 * and how often a copy is called different. The seeds are fixed: the counts are always the same. */
static void test_coverage(void **state)
{
	static const double ratios[] = {1.03, 1};
	unsigned int held = 0, different = 0, cells = 0;
	const unsigned int campaigns = 400;

	(void)state;
	for (unsigned int i = 0; i < campaigns; i++) {
		const struct campaign_plan plan = {.seed = 1000 + i,
			.rounds = 10,
			.planned = 40,
			.workloads = 8,
			.ratios = ratios,
			.arms = 2,
			.noise = 0.02,
			.round_noise = 0.1,
			.resamples = 200};
		CLEANUP_BENCH struct bench *b = campaign_make(&plan);
		CLEANUP_BENCH_RESULT struct bench_result result;

		compute(b, &result);
		held += result.arms[1].suite.low <= 1.03 && result.arms[1].suite.high >= 1.03;
		different += result.arms[2].suite.low > 1 || result.arms[2].suite.high < 1;
		cells += result.arms[2].different > 0;
	}
	print_message("# held %u, copy called different %u, some workload of it %u, of %u\n", held,
		different, cells, campaigns);
	assert_in_range(held, 385, campaigns);
	assert_in_range(different, 0, 15);
	assert_in_range(cells, 0, 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_intervals),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_gate_fails),
		cmocka_unit_test(test_beyond_noise),
		cmocka_unit_test(test_gate_missing),
		cmocka_unit_test(test_gate_slowed),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_dropped_rounds),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_nothing_left),
		cmocka_unit_test(test_constant),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_coverage),
	};

	return cmocka_run_group_tests_name("bench_stats", tests, NULL, NULL);
}
