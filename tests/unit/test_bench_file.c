/* Campaigns on disk: all comes back, damage is named, pyperf gets its own format. */
#include "bench/bench.h"
#include "campaigns.h"
#include "scratch.h"

#include "base/file.h"

static struct bench *make(void)
{
	static const double ratios[] = {1.05, 1};
	const struct campaign_plan plan = {.seed = 42,
		.rounds = 3,
		.planned = 40,
		.workloads = 2,
		.layouts = 2,
		.ratios = ratios,
		.arms = 2,
		.noise = 0.01};
	struct bench *b = campaign_make(&plan);

	json_object_set_new(b->machine, "cpu", json_string("a processor"));
	b->stopped = xstrdup("interrupted");
	b->arms[0].given = xstrdup("python3");
	b->arms[0].version = xstrdup("3.13.5");
	b->arms[2].note = xstrdup("shares libpython");
	b->workloads[1].stresses = xstrdup("calls");
	b->workloads[1].file = xstrdup("calls.py");
	strv_add(&b->workloads[1].args, "-c");
	strv_add(&b->workloads[1].args, "pass\n");
	b->rounds[1].dropped = xstrdup("steal took 7.1 % of it");
	b->rounds[1].steal = 123;
	b->rounds[2].v[1].status = BENCH_SIGNAL;
	b->rounds[2].v[1].code = 11;
	b->rounds[2].v[0].cycles = 1234567;
	b->rounds[2].v[0].max_rss = BENCH_NONE;
	return b;
}

static void test_round_trip(void **state)
{
	CLEANUP_BENCH struct bench *b = make(), *again = NULL;
	CLEANUP_FREE char *path = xasprintf("%s/campaign.json", (const char *)*state);
	struct err err = ERR_INIT;
	json_t *x, *y;

	assert_int_equal(bench_save(b, path, &err), 0);
	if (bench_load(path, &again, &err) < 0)
		fail_msg("%s", err.msg);
	x = bench_to_json(b);
	y = bench_to_json(again);
	assert_true(json_equal(x, y));
	json_decref(x);
	json_decref(y);
	assert_int_equal(again->n_looks, 3);
	assert_int_equal(again->rounds[2].v[1].status, BENCH_SIGNAL);
	assert_int_equal(again->rounds[2].v[0].max_rss, BENCH_NONE);
	assert_int_equal(again->rounds[2].v[0].cycles, 1234567);
	assert_string_equal(again->workloads[1].args.v[1], "pass\n");
	assert_null(again->rounds[0].dropped);
	assert_string_equal(again->stopped, "interrupted");
}

static void test_not_utf8(void **state)
{
	CLEANUP_BENCH struct bench *b = make(), *again = NULL;
	CLEANUP_FREE char *path = xasprintf("%s/campaign.json", (const char *)*state);
	struct err err = ERR_INIT;

	b->arms[1].given = xstrdup("/opt/p\xff/python");
	assert_int_equal(bench_save(b, path, &err), 0);
	assert_int_equal(bench_load(path, &again, &err), 0);
	assert_string_equal(again->arms[1].given, "/opt/p?/python");
}

/* Replaces what a path of keys leads to: numbers are indexes. */
static void put(json_t *j, const char *path, json_t *value)
{
	CLEANUP_FREE char *copy = xstrdup(path);
	char *save = NULL, *key = strtok_r(copy, "/", &save), *next;

	for (; (next = strtok_r(NULL, "/", &save)); key = next)
		j = json_is_array(j) ? json_array_get(j, strtoul(key, NULL, 10))
				     : json_object_get(j, key);
	if (json_is_array(j) && !value)
		json_array_remove(j, strtoul(key, NULL, 10));
	else if (json_is_array(j))
		json_array_set_new(j, strtoul(key, NULL, 10), value);
	else if (!value)
		json_object_del(j, key);
	else
		json_object_set_new(j, key, value);
}

/* Each change of one value makes it an error that names the place. */
static const struct {
	const char *path, *value, *message;
} damages[] = {
	{"format", "\"x\"", "this is not a campaign"},
	{"format", NULL, "this is not a campaign"},
	{"version", "2", "version 2 of the format is not known"},
	{"version", "0", "version: 0 is not between 1"},
	{"machine", "[]", "machine: is missing"},
	{"suite", "7", "suite: is not a text"},
	{"suite", "\"a\\u0001\"", "control characters"},
	{"options", NULL, "options: is missing"},
	{"options/seed", "-1", "options.seed: -1 is not between"},
	{"options/seed", "1.5", "options.seed: is not a whole number"},
	{"options/measure", "\"both\"", "options.measure: is neither"},
	{"options/rounds", "5000", "options.rounds: 5000 is not between 1 and 4096"},
	{"options/rounds", "41", "looks: do not end with options.rounds"},
	{"options/rounds", "20", "looks: 40 is not between"},
	{"options/layouts", "0", "options.layouts: 0"},
	{"options/resamples", "2000000000", "options.resamples"},
	{"options/alpha", "0", "options.alpha: is out of range"},
	{"options/margin", "\"1\"", "options.margin: is not a number"},
	{"options/gate", NULL, "options.gate: is missing"},
	{"looks", "[10,10,40]", "looks: 10 is not between 11 and 40"},
	{"looks", "[]", "looks: do not end"},
	{"looks", "[1,2,3,4,40]", "looks: has too many elements"},
	{"arms", "{}", "arms: is not a list"},
	{"arms", "[{}]", "arms: are fewer than two"},
	{"arms/1/name", "\"base\"", "arms[1].name: is also the name of another arm"},
	{"arms/1/name", "\"../x\"", "arms[1].name: cannot be the name"},
	{"arms/1/name", "\"\"", "arms[1].name: cannot be the name"},
	{"arms/1/role", "\"king\"", "arms[1].role: is none of"},
	{"arms/0/role", "\"copy\"", "arms[0].role: is not that of a reference"},
	{"arms/2/slowdown", "-1", "arms[2].slowdown: is out of range"},
	{"arms/2/note", "[]", "arms[2].note: is not a text"},
	{"workloads/0", "null", "workloads[0].name: is missing"},
	{"workloads/1/name", "\"w0\"", "workloads[1].name: is that of another"},
	{"workloads/1/name", "\"\"", "workloads[1].name: is empty"},
	{"workloads/1/args", "[1]", "workloads[1].args: holds something"},
	{"workloads/1/args/0", "\"a\\u0000b\"", "\\u0000 is not allowed"},
	{"workloads/1/loops", "0", "workloads[1].loops: 0 is not between"},
	{"columns/3", "\"codes\"", "columns: are not those"},
	{"rounds", "1", "rounds: is not a list"},
	{"rounds/0", "3", "rounds[0].layout: is missing"},
	{"rounds/1/layout", "2", "rounds[1].layout: 2 is not between 0 and 1"},
	{"rounds/1/hash_seed", "4294967296", "rounds[1].hash_seed"},
	{"rounds/1/steal", "\"\"", "rounds[1].steal: is not a whole number"},
	{"rounds/1/dropped", "false", "rounds[1].dropped: is not a text"},
	{"rounds/2/observations/5", "[]", "rounds[2].observations[5]: is not a row"},
	{"rounds/2/observations/5/0", "2", "observations[5].workload: 2 is not between"},
	{"rounds/2/observations/5/1", "3", "observations[5].arm: 3 is not between"},
	{"rounds/2/observations/5/1", "0", "rounds[2].observations[5]: occurs twice"},
	{"rounds/2/observations/5/2", "\"good\"", "observations[5].status: is unknown"},
	{"rounds/2/observations/5/4", "null", "observations[5].wall: is not a whole"},
	{"rounds/2/observations/5/5", "-1", "observations[5].user: -1 is not between"},
	{"rounds/2/observations/5/5", "9223372036854775807", "observations[5].user"},
};

static void test_damage(void **state)
{
	CLEANUP_BENCH struct bench *b = make();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		json_t *j = bench_to_json(b), *good = json_deep_copy(j);
		CLEANUP_FREE char *text = NULL;
		struct bench *read = NULL;
		struct err err = ERR_INIT;

		put(good, damages[i].path,
			damages[i].value ? json_loads(damages[i].value,
						   JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL)
					 : NULL);
		text = json_dumps(good, 0);
		json_decref(j);
		json_decref(good);
		assert_int_equal(bench_from_memory(text, strlen(text), &read, &err), -1);
		assert_int_equal(err.code, ERR_INPUT);
		if (!strstr(err.msg, damages[i].message))
			fail_msg("%s = %s: '%s'", damages[i].path, damages[i].value, err.msg);
	}
}

static void test_no_json(void **state)
{
	CLEANUP_FREE char *path = xasprintf("%s/f", (const char *)*state);
	struct bench *b = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(bench_load(path, &b, &err), -1);
	assert_int_equal(err.code, ERR_ENVIRONMENT);
	scratch_file(*state, "f", "", 0644);
	assert_int_equal(bench_load(path, &b, &err), -1);
	scratch_file(*state, "f", "{\"format\": \"solder bench\",\n \"format\": 1}", 0644);
	assert_int_equal(bench_load(path, &b, &err), -1);
	assert_non_null(strstr(err.msg, "f' cannot be read as a campaign: line 2"));
	assert_non_null(strstr(err.hint, "solder bench -o"));
}

static void test_arm_names(void **state)
{
	(void)state;
	assert_true(bench_arm_name_ok("static-3.13_x+1"));
	assert_false(bench_arm_name_ok(""));
	assert_false(bench_arm_name_ok(".x"));
	assert_false(bench_arm_name_ok("a/b"));
	assert_false(bench_arm_name_ok("a b"));
	assert_false(bench_arm_name_ok("12345678901234567890123456789012345678901"));
}

/* What failed and what was dropped is not in it; one value per process, for one loop. */
static void test_pyperf(void **state)
{
	CLEANUP_BENCH struct bench *b = make();
	CLEANUP_FREE char *dir = xasprintf("%s/pyperf", (const char *)*state);
	CLEANUP_FREE char *path = xasprintf("%s/arm1.json", dir);
	struct err err = ERR_INIT;
	json_t *j, *benchmarks, *runs;

	assert_int_equal(bench_save_pyperf(b, dir, &err), 0);
	assert_int_equal(scratch_entries(dir), 2);
	j = json_load_file(path, 0, NULL);
	benchmarks = json_object_get(j, "benchmarks");
	assert_int_equal(json_array_size(benchmarks), 1);
	runs = json_object_get(json_array_get(benchmarks, 0), "runs");
	assert_int_equal(json_array_size(runs), 2);
	assert_float_equal(json_real_value(json_array_get(
				   json_object_get(json_array_get(runs, 1), "values"), 0)),
		(double)b->rounds[2].v[4].user / 1e9 / 101, 1e-15);
	json_decref(j);
	b->rounds[2].v[4].status = BENCH_EXIT;
	assert_int_equal(bench_save_pyperf(b, dir, &err), -1);
	assert_non_null(strstr(err.msg, "nothing to write for pyperf"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_round_trip),
		SCRATCH_TEST(test_not_utf8),
		SCRATCH_TEST(test_damage),
		SCRATCH_TEST(test_no_json),
		SCRATCH_TEST(test_arm_names),
		SCRATCH_TEST(test_pyperf),
	};

	return cmocka_run_group_tests_name("bench_file", tests, NULL, NULL);
}
