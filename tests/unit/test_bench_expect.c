/* Forecasts beside what simulated campaigns then show. */
#include <math.h>

#include "bench/bench-internal.h"
#include "campaigns.h"
#include "scratch.h"

#define CAMPAIGNS 60

static struct bench *make(double ratio, unsigned int rounds, uint64_t seed)
{
	const double ratios[] = {ratio, 1};
	const struct campaign_plan plan = {.seed = seed,
		.rounds = rounds,
		.workloads = 20,
		.ratios = ratios,
		.arms = 2,
		.noise = 0.03,
		.round_noise = 0.05,
		.resamples = 200};

	return campaign_make(&plan);
}

static void compute(const struct bench *b, struct bench_result *result)
{
	struct err err = ERR_INIT;

	if (bench_compute(b, result, &err) < 0)
		fail_msg("%s", err.msg);
}

/* The half-width of the last look is what was forecast, within a fifth on average. */
static void test_half_width(void **state)
{
	static const unsigned int rounds[] = {10, 20, 40};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rounds); i++) {
		double sum = 0;

		for (uint64_t seed = 1; seed <= CAMPAIGNS; seed++) {
			CLEANUP_BENCH struct bench *b = make(1, rounds[i], seed);
			CLEANUP_BENCH_RESULT struct bench_result result;
			struct bench_outlook outlook;

			compute(b, &result);
			bench_expect(b, &outlook);
			assert_int_equal(outlook.n, b->n_looks);
			assert_int_equal(outlook.looks[outlook.n - 1].rounds, rounds[i]);
			sum += log(result.widest / outlook.looks[outlook.n - 1].half_width);
		}
		if (fabs(sum / CAMPAIGNS) > 0.2)
			fail_msg("%u rounds: %g of the forecast", rounds[i], exp(sum / CAMPAIGNS));
	}
}

/* A difference that is called visible is found in four campaigns of five. */
static void test_visible(void **state)
{
	double visible = 0;
	unsigned int found = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= CAMPAIGNS; seed++) {
		CLEANUP_BENCH struct bench *b = make(1, 20, seed);
		struct bench_outlook outlook;

		bench_expect(b, &outlook);
		visible += outlook.looks[outlook.n - 1].visible / CAMPAIGNS;
	}
	for (uint64_t seed = 1; seed <= CAMPAIGNS; seed++) {
		CLEANUP_BENCH struct bench *b = make(exp(visible), 20, 1000 + seed);
		CLEANUP_BENCH_RESULT struct bench_result result;

		compute(b, &result);
		found += result.arms[1].suite.low > 1;
	}
	if (found < CAMPAIGNS * 65 / 100 || found > CAMPAIGNS * 95 / 100)
		fail_msg("%u of %d", found, CAMPAIGNS);
}

/* Single disturbances do not decide; nothing is known without pairs, or of layouts. */
static void test_noise(void **state)
{
	CLEANUP_BENCH struct bench *b = make(1, 10, 1);
	CLEANUP_FREE char *text = NULL;
	struct bench_outlook outlook;
	double d[101];

	(void)state;
	for (size_t i = 0; i < 101; i++)
		d[i] = i % 2 ? 0.01 : -0.01;
	assert_float_equal(stats_pair_noise(d, 101), 0.01, 1e-12);
	d[7] = 3;
	assert_in_range(stats_pair_noise(d, 101) * 1e5, 1000, 1100);
	assert_true(isnan(stats_pair_noise(d, 0)));
	/* What the rehearsal saw counts more than rounds; time for fewer rounds is respected. */
	json_object_set_new(b->machine, "pair_noise", json_real(0.1));
	json_object_set_new(b->machine, "round_seconds", json_real(10));
	b->options.max_time = 95;
	bench_expect(b, &outlook);
	assert_float_equal(outlook.noise, 0.1, 0);
	assert_int_equal(outlook.n, 1);
	assert_int_equal(outlook.looks[0].rounds, 6);
	text = bench_outlook_text(&outlook);
	assert_non_null(strstr(text, "after 6 rounds; four campaigns of five find"));
	b->options.layouts = 2;
	bench_expect(b, &outlook);
	assert_int_equal(outlook.n, 0);
	assert_null(bench_outlook_text(&outlook));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_half_width),
		cmocka_unit_test(test_visible),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
