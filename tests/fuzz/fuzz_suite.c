/* Any text as the index of workloads: what is taken has names, kinds and files below its folder.
 *
 * Source: src/bench/suite.c
 */
#include "fuzz.h"

#include "bench/bench-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bench_options options = {0};
	CLEANUP_BENCH struct bench *b = bench_new(&options);
	/* Without bytes behind it. */
	CLEANUP_FREE char *copy = xcalloc(1, size ? size : 1);
	struct err err = ERR_INIT;
	json_t *index;
	int result;

	memcpy(copy, data, size);
	index = json_loadb(copy, size, JSON_REJECT_DUPLICATES, NULL);
	result = index ? suite_add_index(b, index, "index.json", &err) : 0;
	json_decref(index);
	if (!index)
		return 0;
	if (result < 0) {
		fuzz_check_err(&err);
		return 0;
	}
	fuzz_check(b->n_workloads > 0 && b->n_workloads <= BENCH_WORKLOADS_MAX);
	for (size_t i = 0; i < b->n_workloads; i++) {
		const struct bench_workload *w = &b->workloads[i];

		fuzz_check(w->name && *w->name && w->loops >= 1);
		fuzz_check(!w->file || (w->file[0] != '/' && strcmp(w->file, "..") != 0 &&
					       strncmp(w->file, "../", 3) != 0));
	}
	return 0;
}
