#include "proc/parallel.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/mem.h"

#define WINDOW 256
#define MAX_THREADS 64
#define PROCESSORS_MAX 4096
#define WAIT_NS 100000000

struct crew {
	const struct parallel_work *work;
	size_t n;
	pthread_mutex_t lock;
	pthread_cond_t made;  /* signals the taker */
	pthread_cond_t taken; /* signals workers that are too far ahead */
	size_t next, n_made, n_taken;
	bool *done;
	bool stop;
};

static void *worker(void *arg)
{
	struct crew *p = arg;

	pthread_mutex_lock(&p->lock);
	while (!p->stop && p->next < p->n) {
		size_t i;

		if (p->work->take && p->next >= p->n_taken + WINDOW) {
			pthread_cond_wait(&p->taken, &p->lock);
			continue;
		}
		i = p->next++;
		pthread_mutex_unlock(&p->lock);
		p->work->make(p->work->ctx, i);
		pthread_mutex_lock(&p->lock);
		p->done[i] = true;
		p->n_made++;
		/* The taker is woken for the one that it waits for, or, if nothing is taken, once.
		 */
		if (p->work->take ? i == p->n_taken : p->n_made == p->n)
			pthread_cond_signal(&p->made);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Called with the lock held; wakes at least ten times a second. */
static void wait_for_one(struct crew *p)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += WAIT_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&p->made, &p->lock, &until);
}

/* Calls `look` with the folder of our control group and of those above it (version 2). */
static void each_group(void (*look)(const char *folder, void *ctx), void *ctx)
{
	static const char root[] = "/sys/fs/cgroup";
	char text[4096], *group, *end;
	CLEANUP_CLOSE int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	group = strncmp(text, "0::/", 4) ? strstr(text, "\n0::/") : text;
	if (!group)
		return;
	group = strchr(group, '/');
	group[strcspn(group, "\n")] = '\0';
	/* In a container the path may be one from outside; then start at the root. */
	do {
		CLEANUP_FREE char *folder = xasprintf("%s%s", root, group);

		look(folder, ctx);
		end = strrchr(group, '/');
		if (end)
			*end = '\0';
	} while (end);
}

static void look_quota(const char *folder, void *ctx)
{
	CLEANUP_FREE char *path = xasprintf("%s/cpu.max", folder);
	CLEANUP_FCLOSE FILE *f = fopen(path, "re");
	unsigned int *least = ctx;
	unsigned long long most, period;

	if (f && fscanf(f, "%llu %llu", &most, &period) == 2 && period && most / period < *least)
		*least = (unsigned int)((most + period - 1) / period);
}

unsigned int processors(void)
{
	cpu_set_t set;
	/* More processors than fit into the set: then affinity does not limit us. */
	long n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set)
							      : sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int most = PROCESSORS_MAX;

	each_group(look_quota, &most);
	if (n < 1 || !most)
		return 1;
	return (unsigned long)n < most ? (unsigned int)n : most;
}

/* The number after `label` in a file of lines "label number", times `unit`; 0: there is none. */
static uint64_t read_number(const char *folder, const char *file, const char *label, uint64_t unit)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", folder, file);
	CLEANUP_FCLOSE FILE *f = fopen(path, "re");
	size_t n = strlen(label);
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, label, n))
			return strtoull(line + n, NULL, 10) * unit;
	return 0;
}

/* What the kernel keeps of files counts as used, and can be given up. */
static void look_memory(const char *folder, void *ctx)
{
	uint64_t most = read_number(folder, "memory.max", "", 1), *least = ctx, left;
	uint64_t used = read_number(folder, "memory.current", "", 1);
	uint64_t files = read_number(folder, "memory.stat", "inactive_file ", 1);

	used -= files < used ? files : used;
	left = used < most ? most - used : 0;
	if (most && left < *least)
		*least = left;
}

uint64_t memory_left(void)
{
	uint64_t left = read_number("/proc", "meminfo", "MemAvailable:", 1024);

	left = left ? left : UINT64_MAX;
	each_group(look_memory, &left);
	return left;
}

int parallel(const struct parallel_work *work, size_t n, struct err *err)
{
	struct crew p = {.work = work,
		.n = n,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.made = PTHREAD_COND_INITIALIZER,
		.taken = PTHREAD_COND_INITIALIZER};
	unsigned int wanted = processors();
	pthread_t threads[MAX_THREADS];
	size_t n_threads = 0;
	int failed = 0;

	p.done = xcalloc(n + 1, sizeof(*p.done));
	while (n_threads < wanted && n_threads < MAX_THREADS && n_threads < n &&
		pthread_create(&threads[n_threads], NULL, worker, &p) == 0)
		n_threads++;
	pthread_mutex_lock(&p.lock);
	while (!failed && p.n_taken < n) {
		size_t i = p.n_taken;
		bool ready = p.done[i];

		if (!ready && n_threads)
			wait_for_one(&p);
		pthread_mutex_unlock(&p.lock);
		if (work->wait)
			work->wait(work->ctx, i);
		failed = interrupt_check(err);
		if (!failed && !n_threads) {
			/* No thread could be started: work here. */
			work->make(work->ctx, i);
			p.done[i] = ready = true;
		}
		if (!failed && ready && work->take)
			failed = work->take(work->ctx, i, err);
		pthread_mutex_lock(&p.lock);
		if (!failed && ready) {
			p.n_taken++;
			pthread_cond_broadcast(&p.taken);
		}
	}
	p.stop = true;
	pthread_cond_broadcast(&p.taken);
	pthread_mutex_unlock(&p.lock);
	for (size_t i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = p.n_taken; work->dropped && i < n; i++) {
		if (p.done[i])
			work->dropped(work->ctx, i);
	}
	free(p.done);
	return failed;
}
