/* Work on many things by all processors that we may use, taken in order.
 *
 * parallel() calls make(ctx, i) for 0 ≤ i < n on worker threads, and take(ctx, i) for each in
 * ascending order on the calling thread, so that take may print and need not lock. Workers are
 * never more than a window ahead of what was taken, which bounds what is waiting. An interrupt, or
 * -1 from take, ends the work; `dropped` is called for what was made and not taken.
 */
#ifndef SOLDER_PROC_PARALLEL_H
#define SOLDER_PROC_PARALLEL_H

#include <stddef.h>

#include "base/err.h"

struct parallel_work {
	void (*make)(void *ctx, size_t i);
	int (*take)(void *ctx, size_t i, struct err *err); /* may be NULL */
	void (*dropped)(void *ctx, size_t i);              /* may be NULL */
	void (*wait)(void *ctx, size_t taken); /* at least five times a second; may be NULL */
	void *ctx;
};

/* How many processors we have: those that we may run on, and no more than the quota of our control
 * group pays for. From 1 to 4096. */
unsigned int processors(void);

int parallel(const struct parallel_work *work, size_t n, struct err *err);

#endif
