/* Concurrent children, and the jobserver that their makes share. Declared in proc/proc.h.
 *
 * The jobserver follows GNU make's protocol: MAKEFLAGS carries --jobserver-auth=R,W, the two ends
 * of a pipe that holds one byte per job that may start (GNU make manual, "POSIX Jobserver
 * Interaction"). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
	/* Start them all at once, so that their grace periods overlap. */
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

struct jobserver {
	unsigned int tokens;
	int r, w;
	/* The same pipe, reopened: O_NONBLOCK is shared through the open file description, and
	 * makes expect theirs to block. */
	int poll_r;
};

int jobserver_new(unsigned int tokens, struct jobserver **ret, struct err *err)
{
	struct jobserver *j;
	char path[64];
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "cannot create the jobserver's pipe");
	j = xcalloc(1, sizeof(*j));
	*j = (struct jobserver){.tokens = tokens, .r = ends[0], .w = ends[1]};
	snprintf(path, sizeof(path), "/proc/self/fd/%d", j->r);
	j->poll_r = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (j->poll_r < 0) {
		jobserver_free(j);
		return err_sys(err, "cannot open the jobserver's pipe");
	}
	for (unsigned int i = 0; i < tokens; i++)
		jobserver_release(j);
	*ret = j;
	return 0;
}

void jobserver_free(struct jobserver *j)
{
	if (!j)
		return;
	close(j->r);
	close(j->w);
	if (j->poll_r >= 0)
		close(j->poll_r);
	free(j);
}

bool jobserver_acquire(struct jobserver *j)
{
	char token;

	return read(j->poll_r, &token, 1) == 1;
}

void jobserver_release(struct jobserver *j)
{
	while (write(j->w, "+", 1) < 0 && errno == EINTR)
		;
}

void jobserver_makeflags(const struct jobserver *j, struct buf *out)
{
	buf_addf(out, " -j%u --jobserver-auth=%d,%d", j->tokens, j->r, j->w);
}

void jobserver_fds(const struct jobserver *j, struct strv *fds)
{
	strv_addf(fds, "%d", j->r);
	strv_addf(fds, "%d", j->w);
}
