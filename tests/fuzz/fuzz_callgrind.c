/* Any bytes as callgrind's output: what is read must add up, twice the same is twice as much, and
 * taking one of them off leaves the other.
 *
 * Source: src/explain/callgrind.c src/explain/profile.c
 */
#include <stdlib.h>
#include <string.h>

#include "explain/explain-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t sum(const struct callgrind *run)
{
	int64_t total = 0;

	for (size_t i = 0; i < run->n_costs; i++) {
		if (run->costs[i].object >= run->objects.n ||
			run->costs[i].function >= run->functions.n)
			abort();
		total += run->costs[i].count;
	}
	return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Without bytes behind it. */
	CLEANUP_FREE uint8_t *copy = xcalloc(size ? size : 1, 1);
	CLEANUP_CALLGRIND struct callgrind run = {0}, less = {0};
	struct err err = ERR_INIT;
	int64_t once;
	size_t n;

	if (size)
		memcpy(copy, data, size);
	if (callgrind_from_memory(copy, size, &run, &err) < 0) {
		if (!err.msg[0] || run.costs || run.objects.v)
			abort();
		return 0;
	}
	once = sum(&run);
	n = run.n_costs;
	if (once != run.total)
		abort();
	if (callgrind_from_memory(copy, size, &run, &err) < 0)
		return 0;
	if (sum(&run) != 2 * once || run.n_costs != n)
		abort();
	if (callgrind_from_memory(copy, size, &less, &err) < 0 ||
		callgrind_subtract(&run, &less, &err) < 0 || run.total != once ||
		sum(&run) != once || run.n_costs != n)
		abort();
	if (callgrind_subtract(&run, &less, &err) < 0 || run.total || run.n_costs)
		abort();
	return 0;
}
