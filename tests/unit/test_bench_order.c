/* The order of a campaign: balanced, and the same for the same seed. */
#include "bench/bench-internal.h"
#include "scratch.h"

static void test_generator(void **state)
{
	struct bench_random a, b;
	unsigned int seen[10] = {0};

	(void)state;
	bench_random_seed(&a, 1, 2);
	bench_random_seed(&b, 1, 3);
	assert_int_not_equal(bench_random_next(&a), bench_random_next(&b));
	bench_random_seed(&b, 1, 2);
	bench_random_next(&b);
	for (int i = 0; i < 100; i++)
		assert_int_equal(bench_random_next(&a), bench_random_next(&b));
	for (int i = 0; i < 10000; i++)
		seen[bench_random_below(&a, 10)]++;
	for (int i = 0; i < 10; i++)
		assert_in_range(seen[i], 900, 1100);
	assert_int_equal(bench_random_below(&a, 1), 0);
}

/* xoshiro256** from a known state, computed by hand from its definition. */
static void test_generator_definition(void **state)
{
	struct bench_random r = {{1, 2, 3, 4}};

	(void)state;
	/* rotl(2 * 5, 7) * 9 = 11520; then s = {7, 0, 262146, 211106232532992} and 0. */
	assert_int_equal(bench_random_next(&r), 11520);
	assert_int_equal(r.s[0], 1 ^ (4 ^ 2));
	assert_int_equal(r.s[1], 2 ^ (3 ^ 1));
	assert_int_equal(r.s[2], (3 ^ 1) ^ (2u << 17));
	assert_int_equal(r.s[3], (uint64_t)(4 ^ 2) << 45);
	assert_int_equal(bench_random_next(&r), 0);
}

/* Each arm equally often in each place, and after each other arm. */
static void test_square(void **state)
{
	(void)state;
	for (unsigned int arms = 1; arms <= BENCH_ARMS_MAX; arms++) {
		size_t rows = bench_square_rows(arms);
		unsigned int places[BENCH_ARMS_MAX][BENCH_ARMS_MAX] = {0};
		unsigned int follows[BENCH_ARMS_MAX][BENCH_ARMS_MAX] = {0};
		unsigned int order[BENCH_ARMS_MAX];

		assert_int_equal(rows, arms % 2 ? 2 * arms : arms);
		for (size_t row = 0; row < rows; row++) {
			bench_square_row(arms, row, order);
			for (unsigned int i = 0; i < arms; i++) {
				assert_in_range(order[i], 0, arms - 1);
				places[order[i]][i]++;
				if (i > 0)
					follows[order[i - 1]][order[i]]++;
			}
		}
		for (unsigned int i = 0; i < arms; i++) {
			for (unsigned int j = 0; j < arms; j++) {
				assert_int_equal(places[i][j], rows / arms);
				assert_int_equal(follows[i][j], i == j ? 0 : rows / arms);
			}
		}
	}
}

#define WORKLOADS 7
#define ARMS 4

static void test_order(void **state)
{
	unsigned int workloads[WORKLOADS], arms[WORKLOADS * ARMS], again[WORKLOADS];
	unsigned int places[WORKLOADS][ARMS][ARMS] = {0}, first[WORKLOADS] = {0}, moved = 0;

	(void)state;
	for (size_t index = 0; index < 40; index++) {
		unsigned int seen[WORKLOADS] = {0};

		bench_order(99, index, WORKLOADS, ARMS, workloads, arms);
		first[workloads[0]]++;
		for (size_t i = 0; i < WORKLOADS; i++) {
			seen[workloads[i]]++;
			for (size_t k = 0; k < ARMS; k++)
				places[workloads[i]][arms[i * ARMS + k]][k]++;
		}
		for (size_t i = 0; i < WORKLOADS; i++)
			assert_int_equal(seen[i], 1);
		bench_order(99, index, WORKLOADS, ARMS, again, arms);
		assert_memory_equal(again, workloads, sizeof(again));
		bench_order(98, index, WORKLOADS, ARMS, again, arms);
		moved += memcmp(again, workloads, sizeof(again)) != 0;
	}
	for (size_t i = 0; i < WORKLOADS; i++) {
		assert_in_range(first[i], 1, 20);
		for (size_t a = 0; a < ARMS; a++) {
			for (size_t k = 0; k < ARMS; k++)
				assert_int_equal(places[i][a][k], 10);
		}
	}
	assert_in_range(moved, 35, 40);
}

static void test_layouts(void **state)
{
	unsigned int seen[5] = {0}, differ = 0;

	(void)state;
	for (size_t index = 0; index < 40; index++) {
		seen[bench_order_layout(3, index, 5)]++;
		differ += bench_order_layout(3, index, 5) != bench_order_layout(4, index, 5);
		assert_int_equal(bench_order_layout(3, index, 1), 0);
	}
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(seen[i], 8);
	assert_in_range(differ, 15, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generator),
		cmocka_unit_test(test_generator_definition),
		cmocka_unit_test(test_square),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_layouts),
	};

	return cmocka_run_group_tests_name("bench_order", tests, NULL, NULL);
}
