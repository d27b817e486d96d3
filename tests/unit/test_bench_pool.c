/* One campaign on several hosts: known numbers, known ratios, and what is not one campaign. */
#include <math.h>
#include <stdlib.h>

#include "bench/bench-internal.h"
#include "campaigns.h"
#include "scratch.h"

static struct bench *make(uint64_t seed, double ratio, unsigned int layouts)
{
	struct bench *b = campaign_of(seed, ratio, layouts);

	for (size_t a = 0; a < b->n_arms; a++)
		b->arms[a].sha256 = xasprintf("%064zx", a % 2);
	return b;
}

static const char *const files[] = {"d/a.json", "d/b.json", "e/c.json"};

static void pool(struct bench *const *hosts, size_t n, struct bench_pool *p)
{
	struct err err = ERR_INIT;

	if (bench_pool_hosts(hosts, files, n, p, &err) < 0)
		fail_msg("%s", err.msg);
}

static void near(double a, double b, double error)
{
	if (!(fabs(a - b) <= error))
		fail_msg("%.17g is not %.17g", a, b);
}

/* Numbers of statsmodels 0.15: combine_effects(method_re="iterated", use_t=True) and, for p,
 * anova_generic(use_var="unequal"). */
static void test_numbers(void **state)
{
	static const struct {
		struct stats_host v[5];
		size_t n;
		double log, tau2, q, p, half_width;
	} cases[] = {
		{{{0.01, 0.002, 19}, {0.016, 0.003, 9}}, 2, 0.0125833333333, 1.15e-05,
			2.76923076923, 0.114233410059, 0.0377491674772},
		{{{0.0002, 0.0021, 39}, {-0.0005, 0.0018, 39}, {0.0196, 0.0025, 39}}, 3,
			0.00635040977865, 0.000124725066045, 48.3753536583, 8.15422419907e-09,
			0.0282522548039},
		{{{0.07, 0.004, 19}, {0.069, 0.003, 19}, {0.072, 0.005, 9}}, 3, 0.0698543563069, 0,
			0.266579973992, 0.879005550279, 0.00930945754596},
		{{{0.01, 0.001, 4}, {0.02, 0.004, 9}, {0.005, 0.003, 39}, {0.03, 0.002, 19},
			 {-0.01, 0.006, 19}},
			5, 0.0114940854272, 0.000210093948665, 106.100478469, 9.63228188089e-10,
			0.0185266225819},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct stats_pooled p = stats_pool(cases[i].v, cases[i].n, 0.05);

		near(p.log, cases[i].log, 1e-10);
		near(p.tau * p.tau, cases[i].tau2, 1e-11);
		near(p.q, cases[i].q, 1e-9);
		near(p.p, cases[i].p, 1e-9);
		near(p.half_width, cases[i].half_width, 1e-8);
	}
}

/* Two hosts: Q's test is Welch's, and one more host is beyond what can be said. */
static void test_two(void **state)
{
	const struct stats_host v[] = {{0.010, 0.002, 19}, {0.016, 0.003, 9}};
	const double errors[] = {0.002, 0.003}, df[] = {19, 9};
	struct stats_pooled p = stats_pool(v, 2, 0.05);

	(void)state;
	near(p.p, stats_welch(0.006, errors, df, 0.05).p, 1e-12);
	assert_true(isinf(p.other));
	assert_true(p.half_width > 12.7 / sqrt(1 / 4e-6 + 1 / 9e-6));
}

/* Hosts without any spread, and one that knows nothing. */
static void test_degenerate(void **state)
{
	const struct stats_host same[] = {{0.01, 0, 19}, {0.01, 0, 19}};
	const struct stats_host apart[] = {{0.01, 0, 19}, {0.02, 0, 19}};
	const struct stats_host vague[] = {{0.01, 0.001, 19}, {0.02, 10, 19}};

	(void)state;
	near(stats_pool(same, 2, 0.05).tau, 0, 0);
	near(stats_pool(same, 2, 0.05).p, 1, 1e-12);
	assert_true(stats_all_equal(same, 2, 0.05, 0.01));
	near(stats_pool(apart, 2, 0.05).log, 0.015, 1e-12);
	near(stats_pool(apart, 2, 0.05).tau, 0.01 / sqrt(2), 1e-9);
	assert_true(stats_pool(apart, 2, 0.05).p < 1e-9);
	near(stats_pool(vague, 2, 0.05).log, 0.01, 1e-6);
	assert_false(stats_all_equal(vague, 2, 0.05, 0.01));
}

/* The page gives hosts without any spread the same weight. */
static void test_weights(void **state)
{
	struct bench *hosts[] = {make(1, 1.02, 0), make(2, 1.02, 0)};
	CLEANUP_BENCH_POOL struct bench_pool p;
	CLEANUP_DOC struct doc *doc = NULL;
	CLEANUP_FREE char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	pool(hosts, 2, &p);
	p.arms[1].tau = p.results[0].arms[1].error = p.results[1].arms[1].error = 0;
	doc = bench_pool_doc(hosts, &p, false);
	doc_write_text(doc, out, 100, false);
	fclose(out);
	assert_null(strstr(text, "nan"));
	assert_non_null(strstr(text, "50 %"));
	bench_free(hosts[0]);
	bench_free(hosts[1]);
}

/* Of 40 pools of three hosts with one ratio few may differ at 5 %; none if they are equal. */
static void test_same(void **state)
{
	unsigned int differ = 0, same = 0;

	(void)state;
	for (uint64_t i = 0; i < 40; i++) {
		struct bench *hosts[] = {make(3 * i + 1, 1.03, 0), make(3 * i + 2, 1.03, 0),
			make(3 * i + 3, 1.03, 0)};
		CLEANUP_BENCH_POOL struct bench_pool p;

		pool(hosts, 3, &p);
		differ += p.arms[1].p <= 0.05;
		same += p.arms[1].same == BENCH_SAME;
		assert_int_not_equal(p.arms[1].verdict, BENCH_FASTER);
		for (size_t h = 0; h < 3; h++)
			bench_free(hosts[h]);
	}
	assert_true(differ <= 6);
	assert_true(same >= 35);
}

static void test_differs(void **state)
{
	struct bench *hosts[] = {make(1, 1.0, 0), make(2, 1.0, 0), make(3, 1.02, 0)};
	CLEANUP_BENCH_POOL struct bench_pool p;

	(void)state;
	pool(hosts, 3, &p);
	assert_true(p.verdicts);
	assert_string_equal(p.names.v[2], "c.json");
	assert_int_equal(p.arms[1].same, BENCH_SAME_NOT);
	assert_true(p.arms[1].p < 1e-6);
	assert_true(p.arms[1].i2 > 0.9);
	near(p.arms[1].tau, log(1.02) / sqrt(3), 0.002);
	near(p.arms[1].lowest, 1, 0.003);
	near(p.arms[1].highest, 1.02, 0.003);
	assert_int_equal(p.arms[1].verdict, BENCH_UNDECIDED);
	assert_true(p.differ[1] >= 10);
	/* The copy is the same everywhere, and so is each of its workloads. */
	assert_int_equal(p.arms[2].same, BENCH_SAME);
	assert_int_equal(p.differ[2], 0);
	for (size_t h = 0; h < 3; h++)
		bench_free(hosts[h]);
}

/* What fails on one host counts on none; a host without its gate withholds all verdicts. */
static void test_left_out(void **state)
{
	struct bench *hosts[] = {make(1, 1.02, 0), make(2, 1.02, 0)};
	CLEANUP_BENCH_POOL struct bench_pool p, q;

	(void)state;
	hosts[1]->workloads[3].failed = xstrdup("arm1: exit code 1");
	pool(hosts, 2, &p);
	assert_int_equal(p.results[0].counting, 11);
	assert_int_equal(p.results[1].counting, 11);
	assert_string_equal(p.results[0].why[3], "in 'b.json': arm1: exit code 1");
	assert_true(p.cells[1 * p.n_workloads + 3].ratio <= 0);
	for (size_t i = 0; i < hosts[1]->n_rounds; i++) {
		for (size_t k = 0; k < hosts[1]->rounds[i].n; k++) {
			struct bench_observation *o = &hosts[1]->rounds[i].v[k];

			o->user += o->arm == 2 ? o->user / 20 : 0;
		}
	}
	pool(hosts, 2, &q);
	assert_false(q.verdicts);
	assert_int_equal(q.arms[1].same, BENCH_SAME_NO_VERDICT);
	assert_int_equal(q.arms[1].verdict, BENCH_NO_VERDICT);
	assert_int_equal(q.differ[1], 0);
	bench_free(hosts[0]);
	bench_free(hosts[1]);
}

/* One host that is too noisy withholds the verdicts, not the numbers. */
static void test_noisy(void **state)
{
	const double ratios[] = {1.2, 1};
	struct bench *hosts[3];
	CLEANUP_BENCH_POOL struct bench_pool p;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct campaign_plan plan = {.seed = i + 1,
			.rounds = 10,
			.workloads = 4,
			.ratios = ratios,
			.arms = 2,
			.noise = 0.05,
			.resamples = 400};

		hosts[i] = campaign_make(&plan);
		for (size_t a = 0; a < hosts[i]->n_arms; a++)
			hosts[i]->arms[a].sha256 = xstrdup("00");
	}
	pool(hosts, 3, &p);
	assert_int_equal(p.results[0].copy, BENCH_GATE_NOISY);
	assert_false(p.verdicts);
	assert_int_equal(p.arms[1].verdict, BENCH_NO_VERDICT);
	near(p.arms[1].ratio, 1.2, 0.05);
	for (size_t h = 0; h < 3; h++)
		bench_free(hosts[h]);
}

static void set(char **text, const char *value)
{
	free(*text);
	*text = xstrdup(value);
}

static void change(struct bench *b, int how)
{
	switch (how) {
	case 0:
		set(&b->arms[1].sha256, "12");
		break;
	case 1:
		set(&b->arms[0].lib_sha256, "12");
		break;
	case 2:
		set(&b->arms[1].version, "3.14.0");
		break;
	case 3:
		set(&b->arms[1].name, "other");
		break;
	case 4:
		set(&b->workloads[2].name, "other");
		break;
	case 5:
		strv_add(&b->workloads[2].args, "2");
		break;
	case 6:
		set(&b->suite, "pyperformance");
		break;
	case 7:
		b->options.measure = BENCH_WALL;
		break;
	case 8:
		json_object_set_new(b->machine, "solder", json_string("9"));
		break;
	case 9:
		b->n_workloads--;
		break;
	case 10:
		b->options.layouts = 3;
		break;
	case 11:
		free(b->arms[1].sha256);
		b->arms[1].sha256 = NULL;
		break;
	}
}

static void test_other_campaigns(void **state)
{
	static const char *const messages[] = {"'arm1' is another file in each",
		"'base' is another file in each", "'arm1' is Python ? in one, 3.14.0 in the other",
		"arm 2 is 'arm1' in one, 'other' in the other",
		"workload 3 is 'w2' in one, 'other' in the other",
		"'w2' is another program in each", "the other 'pyperformance'",
		"one judges CPU time, the other wall time", "one is of solder ?, the other of 9",
		"one has 12 workloads, the other 11", "one has 1 layouts, the other 3",
		"'arm1' is another file in each"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		struct bench *hosts[] = {make(1, 1.02, 0), make(2, 1.02, 0)};
		CLEANUP_BENCH_POOL struct bench_pool p;
		struct err err = ERR_INIT;

		change(hosts[1], (int)i);
		assert_int_equal(bench_pool_hosts(hosts, files, 2, &p, &err), -1);
		if (!strstr(err.msg, messages[i]))
			fail_msg("'%s' is not in: %s", messages[i], err.msg);
		hosts[1]->n_workloads = 12;
		bench_free(hosts[0]);
		bench_free(hosts[1]);
	}
}

static void test_impossible(void **state)
{
	struct bench *hosts[] = {make(1, 1.02, 0), make(1, 1.02, 0)};
	struct bench *flat[] = {make(1, 1.02, 0), make(2, 1.02, 0)};
	CLEANUP_BENCH_POOL struct bench_pool p;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(bench_pool_hosts(hosts, files, 2, &p, &err), -1);
	assert_non_null(strstr(err.msg, "are one and the same measurement"));
	assert_int_equal(bench_pool_hosts(hosts, files, 1, &p, &err), -1);
	/* More layouts were asked for than were drawn. */
	flat[0]->options.layouts = flat[1]->options.layouts = 2;
	assert_int_equal(bench_pool_hosts(flat, files, 2, &p, &err), -1);
	assert_non_null(strstr(err.msg, "has a single layout"));
	/* No digest anywhere is not the same file. */
	flat[0]->options.layouts = flat[1]->options.layouts = 1;
	change(flat[0], 11);
	change(flat[1], 11);
	assert_int_equal(bench_pool_hosts(flat, files, 2, &p, &err), -1);
	assert_non_null(strstr(err.msg, "no digest says which file 'arm1' is"));
	for (size_t i = 0; i < 2; i++) {
		bench_free(hosts[i]);
		bench_free(flat[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_two), cmocka_unit_test(test_degenerate),
		cmocka_unit_test(test_weights), cmocka_unit_test(test_same),
		cmocka_unit_test(test_differs), cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_noisy), cmocka_unit_test(test_other_campaigns),
		cmocka_unit_test(test_impossible)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
