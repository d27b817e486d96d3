/* One process, observed. */
#ifndef SOLDER_BENCH_TRIAL_INTERNAL_H
#define SOLDER_BENCH_TRIAL_INTERNAL_H

#include <sched.h>

#include "bench/bench.h"

struct trial {
	const struct strv *argv; /* argv[0] is a path */
	const struct strv *env;
	const char *cwd;
	int output;         /* descriptor for stderr; stdout goes nowhere */
	int cpu;            /* to which it is pinned; -1: to none */
	bool randomize;     /* addresses, whatever we were started with */
	unsigned int limit; /* seconds */
	uint64_t spin;      /* ns of CPU time that it burns before it becomes the program */
};

/* Runs it once and adds what was seen to *o (whose numbers are 0 before the first time; a status
 * other than BENCH_OK stays). A child is forked, prepared and measured first, and waits at a pipe;
 * the clock is read, the pipe written, the end awaited, the clock read again. What the child used
 * before is taken off. An error is one of ours, never the program's. */
int trial_run(const struct trial *t, struct bench_observation *o, struct err *err);

/* Why hardware counters are not available, or NULL when they are; static text. */
const char *trial_counters(void);

/* The last processor that we may use, -1 if the system does not tell; *count is how many there
 * are. */
int trial_cpu(int *count);
/* Our own process leaves that one to the trials, if there is another; *before receives where it
 * ran, for sched_setaffinity(). Returns whether it moved. */
bool trial_leave(int cpu, cpu_set_t *before);

/* Times of one processor (all of them: cpu < 0) since the start of the machine, in ns. */
struct cpu_times {
	int64_t busy, steal;
};
/* false if the machine does not tell. */
bool cpu_times(int cpu, struct cpu_times *times);
/* CPU time that ended children, and we ourselves if `self`, have used, in ns. */
int64_t cpu_used(bool self);

#endif
