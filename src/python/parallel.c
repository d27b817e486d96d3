#include "python/parallel.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/interrupt.h"
#include "base/mem.h"

#define WINDOW 256
#define MAX_THREADS 64
#define WAIT_NS 100000000

struct pool {
	const struct py_work *work;
	size_t n;
	pthread_mutex_t lock;
	pthread_cond_t made;  /* for the taker */
	pthread_cond_t taken; /* for workers that are too far ahead */
	size_t next, n_taken;
	bool *done;
	bool stop;
};

static void *worker(void *arg)
{
	struct pool *p = arg;

	pthread_mutex_lock(&p->lock);
	while (!p->stop && p->next < p->n) {
		size_t i;

		if (p->next >= p->n_taken + WINDOW) {
			pthread_cond_wait(&p->taken, &p->lock);
			continue;
		}
		i = p->next++;
		pthread_mutex_unlock(&p->lock);
		p->work->make(p->work->ctx, i);
		pthread_mutex_lock(&p->lock);
		p->done[i] = true;
		pthread_cond_signal(&p->made);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* With the lock held; wakes at least ten times a second. */
static void wait_for_one(struct pool *p)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += WAIT_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&p->made, &p->lock, &until);
}

/* Takes what is next until all is taken or something ends it. Without a worker it makes things
 * itself. */
static int take_all(struct pool *p, bool alone, struct err *err)
{
	const struct py_work *w = p->work;
	int failed = 0;

	pthread_mutex_lock(&p->lock);
	while (p->n_taken < p->n && !failed) {
		bool ready = p->done[p->n_taken];

		if (!ready && !alone)
			wait_for_one(p);
		pthread_mutex_unlock(&p->lock);
		if (w->wait)
			w->wait(w->ctx, p->n_taken);
		failed = interrupt_check(err);
		if (!failed && !ready && alone) {
			w->make(w->ctx, p->n_taken);
			p->done[p->n_taken] = true;
			p->next = p->n_taken + 1;
		} else if (!failed && ready) {
			failed = w->take ? w->take(w->ctx, p->n_taken, err) : 0;
		}
		pthread_mutex_lock(&p->lock);
		if (!failed && ready) {
			p->n_taken++;
			pthread_cond_broadcast(&p->taken);
		}
	}
	p->stop = true;
	pthread_cond_broadcast(&p->taken);
	pthread_mutex_unlock(&p->lock);
	return failed;
}

static size_t processors(void)
{
	cpu_set_t set;
	int n;

	/* Those that we may run on, which in a container may be fewer than there are. */
	n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (size_t)n;
}

int py_parallel(const struct py_work *work, size_t n, struct err *err)
{
	struct pool p = {.work = work,
		.n = n,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.made = PTHREAD_COND_INITIALIZER,
		.taken = PTHREAD_COND_INITIALIZER};
	size_t wanted = processors(), n_threads = 0;
	pthread_t threads[MAX_THREADS];
	int failed;

	p.done = xcalloc(n ? n : 1, sizeof(*p.done));
	while (n_threads < wanted && n_threads < n &&
		pthread_create(&threads[n_threads], NULL, worker, &p) == 0)
		n_threads++;
	failed = take_all(&p, n_threads == 0, err);
	for (size_t i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = p.n_taken; work->dropped && i < n; i++) {
		if (p.done[i])
			work->dropped(work->ctx, i);
	}
	free(p.done);
	return failed;
}
