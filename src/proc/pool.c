/* Children side by side. Declared in proc/proc.h. */
#include "base/interrupt.h"
#include "proc/parallel.h"
#include "base/progress.h"
#include "proc/proc.h"

#define TICK_MS 100

static int run_places(const struct proc_pool *pool, unsigned int places, struct proc **procs,
	void **jobs, struct err *err)
{
	for (;;) {
		int next = POOL_STARTED, ended;
		bool busy = false;

		if (interrupt_check(err) < 0)
			return -1;
		for (unsigned int i = 0; i < places; i++) {
			if (!procs[i] && next == POOL_STARTED)
				next = pool->start(pool->ctx, &procs[i], &jobs[i], err);
			if (next < 0)
				return -1;
			busy |= procs[i] != NULL;
		}
		if (!busy && next == POOL_NO_MORE)
			return 0;
		ended = proc_wait_any(procs, places, TICK_MS);
		progress_tick(pool->progress);
		if (ended >= 0) {
			CLEANUP(cleanup_proc) struct proc *proc = steal(&procs[ended]);

			if (pool->end(pool->ctx, jobs[ended], proc, err) < 0)
				return -1;
		}
	}
}

int proc_pool_run(const struct proc_pool *pool, struct err *err)
{
	unsigned int places = pool->jobs ? pool->jobs : processors();
	struct proc *procs[POOL_PLACES] = {0};
	void *jobs[POOL_PLACES];
	int failed;

	places = places < POOL_PLACES ? places : POOL_PLACES;
	failed = run_places(pool, places, procs, jobs, err);
	/* Their times of grace run side by side. */
	for (unsigned int i = 0; i < places; i++)
		proc_terminate(procs[i]);
	for (unsigned int i = 0; i < places; i++) {
		if (!procs[i])
			continue;
		proc_free(procs[i]);
		if (pool->drop)
			pool->drop(pool->ctx, jobs[i]);
	}
	return failed;
}
