/* Which processor trials run on, and what else happened there. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/trial-internal.h"

int trial_cpu(int *count)
{
	cpu_set_t set;
	int last = -1;

	*count = 1;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return -1;
	*count = CPU_COUNT(&set);
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (CPU_ISSET((size_t)i, &set))
			last = i;
	}
	return last;
}

bool trial_leave(int cpu, cpu_set_t *before)
{
	cpu_set_t others;

	if (cpu < 0 || sched_getaffinity(0, sizeof(*before), before) < 0 || CPU_COUNT(before) < 2)
		return false;
	others = *before;
	CPU_CLR((size_t)cpu, &others);
	return sched_setaffinity(0, sizeof(others), &others) == 0;
}

bool cpu_times(int cpu, struct cpu_times *times)
{
	static char text[1 << 16];
	char name[24];
	long long v[8] = {0};
	int64_t tick = 1000000000 / sysconf(_SC_CLK_TCK);
	CLEANUP_CLOSE int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	const char *line;

	if (n <= 0)
		return false;
	text[n] = '\0';
	if (cpu >= 0)
		snprintf(name, sizeof(name), "\ncpu%d ", cpu);
	line = cpu >= 0 ? strstr(text, name) : text;
	if (!line || sscanf(line + (cpu >= 0), "%*s %lld %lld %lld %lld %lld %lld %lld %lld", &v[0],
			     &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) != 8)
		return false;
	times->busy = (v[0] + v[1] + v[2] + v[5] + v[6]) * tick;
	times->steal = v[7] * tick;
	return true;
}

static int64_t used_by(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return ((int64_t)u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000 +
	       ((int64_t)u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000;
}

int64_t cpu_used(bool self)
{
	return used_by(RUSAGE_CHILDREN) + (self ? used_by(RUSAGE_SELF) : 0);
}
