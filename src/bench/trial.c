#include "bench/trial-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "bench/counters-internal.h"
#include "proc/proc.h"

/* What the child tells before it waits. */
struct ready {
	struct rusage used;
	int error; /* errno of what failed, or 0 */
};

struct child {
	pid_t pid;
	int pidfd;
	int ready; /* read end */
	int start; /* write end */
};

static int64_t cpu_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int prepare(const struct trial *t)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), now = personality(0xffffffff);
	cpu_set_t set;

	proc_seal(NULL);
	if (t->cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET((size_t)t->cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set) < 0)
			return errno;
	}
	/* Wherever we were started: counted processes alone have no randomization. */
	if (t->randomize && now >= 0 && (now & ADDR_NO_RANDOMIZE) &&
		personality((unsigned long)now & ~(unsigned long)ADDR_NO_RANDOMIZE) < 0)
		return errno;
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(t->output, 2) < 0 ||
		chdir(t->cwd) < 0)
		return errno;
	return 0;
}

/* The child: everything that is not the program's own comes before the pipe is read. */
static void run_child(const struct trial *t, int ready, int start, pid_t parent)
{
	struct ready message = {.error = 0};
	char byte;
	int64_t until;

	setsid(); /* away from the terminal */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	message.error = prepare(t);
	getrusage(RUSAGE_SELF, &message.used);
	if (write(ready, &message, sizeof(message)) != sizeof(message) || message.error)
		_exit(127);
	if (read(start, &byte, 1) != 1)
		_exit(127);
	if (t->spin) {
		for (until = cpu_clock() + (int64_t)t->spin; cpu_clock() < until;)
			;
	}
	execve(t->argv->v[0], t->argv->v, t->env->v);
	message.error = errno;
	if (write(ready, &message, sizeof(message)) < 0)
		_exit(126);
	_exit(127);
}

static int start_child(const struct trial *t, struct child *c, struct err *err)
{
	int ready[2], start[2];
	pid_t parent = getpid();

	if (pipe2(ready, O_CLOEXEC) < 0)
		return err_sys(err, "cannot create a pipe");
	if (pipe2(start, O_CLOEXEC) < 0) {
		close(ready[0]);
		close(ready[1]);
		return err_sys(err, "cannot create a pipe");
	}
	c->pid = fork();
	if (c->pid == 0) {
		/* Else the child would wait for itself when we die. */
		close(start[1]);
		run_child(t, ready[1], start[0], parent);
	}
	close(ready[1]);
	close(start[0]);
	c->ready = ready[0];
	c->start = start[1];
	c->pidfd = c->pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pid < 0 || c->pidfd < 0)
		return err_sys(err, "cannot start '%s'", t->argv->v[0]);
	return 0;
}

/* Ends what still runs, the child's own children too. The number of one that was reaped may already
 * be another's. */
static void release_child(struct child *c, bool reaped)
{
	int status;

	if (c->pid > 0 && !reaped) {
		kill(-c->pid, SIGKILL);
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (c->pidfd >= 0)
		close(c->pidfd);
	close(c->ready);
	close(c->start);
}

static int await_ready(
	const struct trial *t, const struct child *c, struct ready *ready, struct err *err)
{
	ssize_t n;

	do
		n = read(c->ready, ready, sizeof(*ready));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(*ready))
		return err_set(err, ERR_ENVIRONMENT, "the process for '%s' ended before it began",
			t->argv->v[0]);
	if (ready->error) {
		errno = ready->error;
		return err_sys(err, "cannot prepare a process for '%s'", t->argv->v[0]);
	}
	return 0;
}

/* Waits until the child ends: 0, 1 when its time is over, or -1 when we were interrupted. */
static int await_end(const struct child *c, unsigned int limit, uint64_t *now, struct err *err)
{
	uint64_t deadline = clock_ns() + (uint64_t)limit * 1000000000;
	struct pollfd p = {.fd = c->pidfd, .events = POLLIN};

	for (;;) {
		int n = poll(&p, 1, (int)(limit < 2000000 ? limit * 1000 : 2000000000));

		*now = clock_ns();
		if (n > 0)
			return 0;
		if (interrupt_check(err) < 0)
			return -1;
		if (*now >= deadline)
			return 1;
		limit = (unsigned int)((deadline - *now) / 1000000000) + 1;
	}
}

static int64_t ns_of(const struct timeval *t)
{
	return (int64_t)t->tv_sec * 1000000000 + (int64_t)t->tv_usec * 1000;
}

static void add_usage(
	struct bench_observation *o, const struct rusage *after, const struct rusage *before)
{
	o->user += ns_of(&after->ru_utime) - ns_of(&before->ru_utime);
	o->system += ns_of(&after->ru_stime) - ns_of(&before->ru_stime);
	o->voluntary += after->ru_nvcsw - before->ru_nvcsw;
	o->involuntary += after->ru_nivcsw - before->ru_nivcsw;
	o->minor_faults += after->ru_minflt - before->ru_minflt;
	o->major_faults += after->ru_majflt - before->ru_majflt;
	/* The kernel keeps the peak across exec: below that of the fork nothing can be seen. */
	if (after->ru_maxrss <= before->ru_maxrss)
		o->max_rss = BENCH_NONE;
	else if (o->max_rss != BENCH_NONE && after->ru_maxrss > o->max_rss)
		o->max_rss = after->ru_maxrss;
	o->user = o->user < 0 ? 0 : o->user;
	o->system = o->system < 0 ? 0 : o->system;
}

static void add_status(struct bench_observation *o, int status, bool late)
{
	if (o->status != BENCH_OK)
		return;
	if (late) {
		o->status = BENCH_TIMEOUT;
	} else if (WIFSIGNALED(status)) {
		o->status = BENCH_SIGNAL;
		o->code = WTERMSIG(status);
	} else if (WEXITSTATUS(status) != 0) {
		o->status = BENCH_EXIT;
		o->code = WEXITSTATUS(status);
	}
}

/* exec may have failed after the start. */
static int check_exec(const struct trial *t, const struct child *c, struct err *err)
{
	struct ready message;

	if (read(c->ready, &message, sizeof(message)) != sizeof(message))
		return 0;
	errno = message.error;
	return err_sys(err, "cannot run '%s'", t->argv->v[0]);
}

static void add_steal(struct bench_observation *o, bool known, int64_t before, int cpu)
{
	struct cpu_times after;

	if (!known || !cpu_times(cpu, &after))
		o->steal = BENCH_NONE;
	else if (o->steal != BENCH_NONE)
		o->steal += after.steal - before;
}

static int observe(const struct trial *t, struct child *c, bool *reaped,
	struct bench_observation *o, struct err *err)
{
	struct ready ready;
	struct rusage used;
	struct counters counters;
	struct cpu_times times;
	uint64_t begin, end;
	bool steal;
	int status, ended;
	pid_t got;

	if (await_ready(t, c, &ready, err) < 0)
		return -1;
	counters_open(&counters, c->pid);
	steal = cpu_times(t->cpu, &times);
	begin = clock_ns();
	if (write(c->start, "", 1) != 1) {
		counters_close(&counters);
		return err_sys(err, "cannot start '%s'", t->argv->v[0]);
	}
	ended = await_end(c, t->limit, &end, err);
	/* What it left behind, or all: before the number of the group can be another's. */
	kill(-c->pid, SIGKILL);
	do
		got = wait4(c->pid, &status, 0, &used);
	while (got < 0 && errno == EINTR);
	*reaped = got == c->pid;
	counters_add(&counters, o);
	counters_close(&counters);
	if (ended < 0)
		return -1;
	if (got != c->pid)
		return err_sys(err, "cannot wait for '%s'", t->argv->v[0]);
	o->wall += (int64_t)(end - begin);
	add_usage(o, &used, &ready.used);
	add_status(o, status, ended == 1);
	add_steal(o, steal, steal ? times.steal : 0, t->cpu);
	return check_exec(t, c, err);
}

int trial_run(const struct trial *t, struct bench_observation *o, struct err *err)
{
	struct child c = {.pid = -1, .pidfd = -1, .ready = -1, .start = -1};
	bool reaped = false;
	int result = start_child(t, &c, err);

	if (result == 0)
		result = observe(t, &c, &reaped, o, err);
	release_child(&c, reaped);
	return result;
}
