/* Workloads chosen from a campaign. */
#include "bench/bench-internal.h"
#include "scratch.h"

static struct bench *five_workloads(void)
{
	struct bench_options options;
	struct bench *b;

	bench_defaults(&options);
	b = bench_new(&options);
	bench_add_arm(b, "one", BENCH_ROLE_ARM);
	for (size_t w = 0; w < 5; w++) {
		CLEANUP_FREE char *name = xasprintf("%s%zu", w == 3 ? "start" : "work", w);

		bench_add_workload(b, name, "loop");
	}
	bench_add_round(b, 5);
	for (unsigned int w = 0; w < 5; w++)
		b->rounds[0].v[b->rounds[0].n++] =
			(struct bench_observation){.workload = 4 - w, .user = 10 + 4 - w};
	b->counts = xcalloc(5, sizeof(*b->counts));
	for (int w = 0; w < 5; w++)
		b->counts[w].once = 100 + w;
	return b;
}

/* Filters choose, and leave out; what was observed goes with its workload. */
static void test_select(void **state)
{
	CLEANUP_BENCH struct bench *b = five_workloads(), *few = five_workloads();
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(bench_select(b, "work, nothing", 0, &err), -1);
	assert_string_equal(err.msg, "no workload has a name like 'nothing'");
	err = (struct err)ERR_INIT;
	assert_int_equal(bench_select(b, "start,-start", 0, &err), -1);
	assert_string_equal(err.msg, "no workload is left");
	err = (struct err)ERR_INIT;
	assert_int_equal(bench_select(b, "-start,-work1", 0, &err), 0);
	assert_int_equal(b->n_workloads, 3);
	assert_string_equal(b->workloads[2].name, "work4");
	assert_int_equal(b->rounds[0].n, 3);
	for (size_t i = 0; i < 3; i++) {
		static const int64_t numbers[] = {0, 2, 4};

		assert_int_equal(b->rounds[0].v[2 - i].workload, i);
		assert_int_equal(b->rounds[0].v[2 - i].user, 10 + numbers[i]);
		assert_int_equal(b->counts[i].once, 100 + numbers[i]);
	}
	/* Every second, beginning with the first, is at most three. */
	assert_int_equal(bench_select(few, NULL, 3, &err), 0);
	assert_int_equal(few->n_workloads, 3);
	assert_string_equal(few->workloads[1].name, "work2");
	assert_string_equal(few->workloads[2].name, "work4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_select),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
