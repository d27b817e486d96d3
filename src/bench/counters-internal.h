/* Hardware counters of a process, where the kernel offers them. */
#ifndef SOLDER_BENCH_COUNTERS_INTERNAL_H
#define SOLDER_BENCH_COUNTERS_INTERNAL_H

#include <sys/types.h>

#include "bench/bench.h"

struct counters {
	int fd[3]; /* cycles, instructions, branch misses; -1: not supported */
};

/* For the process and what it starts, from its next exec on. */
void counters_open(struct counters *c, pid_t pid);
/* Adds them; what is not supported, or was not on the processor all the time, is BENCH_NONE. */
void counters_add(const struct counters *c, struct bench_observation *o);
void counters_close(struct counters *c);

#endif
