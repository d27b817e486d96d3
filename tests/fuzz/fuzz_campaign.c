/* Any bytes, read as a campaign: an error, or one that is written and read back the same and whose
 * results are numbers.
 *
 * Source: src/bench/file.c
 */
#include "fuzz.h"

#include <math.h>

#include "bench/bench.h"

static void check_results(struct bench *b)
{
	CLEANUP_BENCH_RESULT struct bench_result result = {0};
	struct err err = ERR_INIT;

	if (b->options.resamples > 20)
		b->options.resamples = 20;
	if (bench_compute(b, &result, &err) < 0) {
		fuzz_check(err.msg[0]);
		return;
	}
	fuzz_check(result.counting > 0 && result.rounds >= 2);
	for (size_t a = 0; a < result.n_arms; a++) {
		const struct bench_arm_result *arm = &result.arms[a];

		fuzz_check(
			isfinite(arm->ratio) && !isnan(arm->suite.low) && !isnan(arm->suite.high));
		fuzz_check(!isnan(arm->general.low) && !isnan(arm->general.high));
		for (size_t w = 0; a > 0 && w < result.n_workloads; w++)
			fuzz_check(result.why[w] || (arm->cells[w].p >= 0 && arm->cells[w].p <= 1));
	}
	json_decref(bench_result_json(b, &result));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BENCH struct bench *b = NULL, *again = NULL;
	CLEANUP_FREE char *text = NULL;
	struct err err = ERR_INIT;
	json_t *x, *y;

	if (bench_from_memory((const char *)data, size, &b, &err) < 0) {
		fuzz_check(err.code == ERR_INPUT && err.msg[0]);
		return 0;
	}
	x = bench_to_json(b);
	text = json_dumps(x, JSON_REAL_PRECISION(17));
	fuzz_check(text && bench_from_memory(text, strlen(text), &again, &err) == 0);
	y = bench_to_json(again);
	fuzz_check(json_equal(x, y));
	json_decref(x);
	json_decref(y);
	check_results(b);
	return 0;
}
