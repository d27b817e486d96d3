/* The machine: the processor for trials, its load, and a description. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "bench/bench-internal.h"
#include "python/python.h"

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

int64_t cpu_used(bool self)
{
	int64_t sum = 0;
	struct rusage u;

	for (int i = 0; i < (self ? 2 : 1); i++) {
		getrusage(i ? RUSAGE_SELF : RUSAGE_CHILDREN, &u);
		sum += ((int64_t)u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000 +
		       ((int64_t)u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000;
	}
	return sum;
}

/* Returns the value of a line "KEY : VALUE" in a kernel file, or the first line if `key` is NULL;
 * NULL if not found. The caller frees it. */
static char *kernel_says(const char *path, const char *key)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_STRV struct strv lines = STRV_INIT;
	struct err err = ERR_INIT;

	if (file_read(path, (size_t)8 << 20, &text, &err) < 0 || !text.len)
		return NULL;
	strv_split(&lines, text.data, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		const char *colon = strchr(lines.v[i], ':');

		if (!key)
			return xstrdup(lines.v[i]);
		if (colon && !strncmp(lines.v[i], key, strlen(key)))
			return xstrdup(colon + 1 + strspn(colon + 1, " \t"));
	}
	return NULL;
}

void machine_describe(json_t *machine, int cpu, int processors)
{
	CLEANUP_FREE char *model = kernel_says("/proc/cpuinfo", "model name");
	CLEANUP_FREE char *flags = kernel_says("/proc/cpuinfo", "flags");
	CLEANUP_FREE char *aslr = kernel_says("/proc/sys/kernel/randomize_va_space", NULL);
	const char *why_not = trial_counters();
	CLEANUP_FREE char *counters =
		why_not ? xasprintf("not supported: %s", why_not)
			: xstrdup("cycles, instructions and branch misses in user mode");
	struct utsname u = {.release = ""};
	bool known = uname(&u) == 0;
	json_t *facts = json_pack("{s:s, s:o, s:i, s:o, s:b, s:o, s:o, s:s, s:s}", "solder",
		SOLDER_VERSION, "processor", json_text(model), "processors", processors,
		"pinned_to", cpu < 0 ? json_null() : json_integer(cpu), "virtual",
		flags && strstr(flags, " hypervisor"), "kernel",
		json_text(known ? u.release : NULL), "architecture",
		json_text(known ? u.machine : NULL), "address_randomization",
		!aslr || !strcmp(aslr, "0") ? "off" : "on", "counters", counters);

	json_object_update(machine, facts);
	json_decref(facts);
}
