#include "bench/counters-internal.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/trial-internal.h"

static const uint64_t events[] = {
	PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_INSTRUCTIONS, PERF_COUNT_HW_BRANCH_MISSES};

static int open_counter(uint64_t event, pid_t pid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = event,
		.disabled = 1,
		.inherit = 1,
		.enable_on_exec = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};

	return (int)syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

void counters_open(struct counters *c, pid_t pid)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->fd); i++)
		c->fd[i] = open_counter(events[i], pid);
}

void counters_add(const struct counters *c, struct bench_observation *o)
{
	int64_t *const sums[] = {&o->cycles, &o->instructions, &o->branch_misses};

	for (size_t i = 0; i < ARRAY_SIZE(c->fd); i++) {
		uint64_t value[3]; /* count, time enabled, time running */
		bool whole = c->fd[i] >= 0 &&
			     read(c->fd[i], value, sizeof(value)) == sizeof(value) &&
			     value[1] == value[2] && value[1] > 0;

		if (!whole)
			*sums[i] = BENCH_NONE;
		else if (*sums[i] != BENCH_NONE)
			*sums[i] += (int64_t)value[0];
	}
}

void counters_close(struct counters *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->fd); i++) {
		if (c->fd[i] >= 0)
			close(c->fd[i]);
	}
}

const char *trial_counters(void)
{
	int fd = open_counter(PERF_COUNT_HW_INSTRUCTIONS, 0);

	if (fd >= 0) {
		close(fd);
		return NULL;
	}
	return errno == ENOENT || errno == EOPNOTSUPP || errno == ENODEV
		       ? "the machine has no counters"
	       : errno == EACCES || errno == EPERM
		       ? "not permitted (kernel.perf_event_paranoid, or the container)"
		       : "the kernel refuses";
}
