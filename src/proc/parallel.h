/* Parallel work on all available processors, with results taken in order.
 *
 * parallel() calls make(ctx, i) for 0 ≤ i < n on worker threads, and take(ctx, i) in ascending
 * order on the calling thread, so take may print and needs no lock. Workers stay within a fixed
 * window ahead of take, which bounds the number of pending results. An interrupt, or -1 from take,
 * ends the work; `dropped` is then called for each result that was made but not taken.
 */
#ifndef SOLDER_PROC_PARALLEL_H
#define SOLDER_PROC_PARALLEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct parallel_work {
	void (*make)(void *ctx, size_t i);
	int (*take)(void *ctx, size_t i, struct err *err); /* may be NULL */
	void (*dropped)(void *ctx, size_t i);              /* may be NULL */
	void (*wait)(void *ctx, size_t taken); /* at least five times a second; may be NULL */
	void *ctx;
};

/* The number of usable processors: limited by our CPU affinity and by our control group's quota.
 * From 1 to 4096. */
unsigned int processors(void);

/* How many bytes of memory programs can still be given: the system's, and that of our control
 * group. UINT64_MAX: unknown. */
uint64_t memory_left(void);

int parallel(const struct parallel_work *work, size_t n, struct err *err);

#endif
