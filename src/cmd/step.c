/* solder step: makes one step of a build that another machine has handed out. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/cmd.h"
#include "cpython/cpython.h"
#include "farm/farm.h"
#include "proc/parallel.h"

struct values {
	const char *sandbox;
	unsigned int jobs;
};

static void defaults(void *values)
{
	*(struct values *)values = (struct values){.sandbox = "auto", .jobs = processors()};
}

/* Nobody waits for a step when the other end of our output is gone: ssh, for one, tells in no other
 * way that it was ended. */
static void *watch_output(void *ctx)
{
	struct pollfd ends[] = {{.fd = 1}, {.fd = 2}};

	(void)ctx;
	for (;;) {
		if (poll(ends, ARRAY_SIZE(ends), -1) <= 0)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
			if (ends[i].revents & (POLLERR | POLLHUP))
				kill(getpid(), SIGHUP);
			if (ends[i].revents)
				ends[i].fd = -1;
		}
	}
	return NULL;
}

static int work(const struct values *v, const char *dir, const char *scratch,
	struct progress *progress, struct err *err)
{
	struct farm_work work = {.scratch = scratch, .jobs = v->jobs, .progress = progress};
	CLEANUP_ORDER struct order *o = NULL;
	const char *reason;

	if (order_open(dir, &o, err) < 0 ||
		sandbox_choose(v->sandbox, &work.sandbox, &reason, err) < 0 ||
		cpython_check_system(
			order_compiler(o), order_system(o), work.sandbox, reason, err) < 0)
		return -1;
	return farm_work(o, &work, err);
}

static int run(const void *values, const struct strv *args, struct err *err)
{
	CLEANUP_FREE char *dir = path_absolute(args->v[0]);
	CLEANUP_FREE char *scratch = cmd_scratch(NULL, "step", err);
	struct progress *progress;
	struct err failed = ERR_INIT;
	pthread_t watch;
	int got;

	if (!scratch)
		return -1;
	if (pthread_create(&watch, NULL, watch_output, NULL) == 0)
		pthread_detach(watch);
	progress = progress_new(stderr, PROGRESS_AUTO);
	got = work(values, dir, scratch, progress, err);
	progress_free(progress);
	if (scratch_end(scratch, &failed) < 0 && got == 0) {
		*err = failed;
		return -1;
	}
	return got;
}

#define AT(field) offsetof(struct values, field)

static const struct opt opts[] = {
	{"jobs", 'j', OPT_COUNT, "N", "run N jobs at a time (all processors)", AT(jobs)},
	{"sandbox", 0, OPT_CHOICE, "auto|bwrap|none", "isolate the step from network and system",
		AT(sandbox)},
};

const struct command cmd_step = {
	.name = "step",
	.summary = "make one step that 'solder build --executor' handed out",
	.args = "DIR",
	.about =
		"Makes the step that DIR describes (step.json), from what is in DIR alone, and puts its\n"
		"output, its log and their digests there. The machine must have the same compiler, binutils,\n"
		"C library and kind of sandbox as the one that asks; another one is refused.\n\n"
		"The work is done below TMPDIR, and nothing is left there. When the reader of its output is\n"
		"gone, the step is given up.",
	.example = "solder build --executor 'srun solder step {dir}'",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct values),
	.defaults = defaults,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
