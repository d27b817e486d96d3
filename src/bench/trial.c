/* Observes one process: forks and prepares it and lets it wait at a pipe; then reads the clock,
 * writes to the pipe, awaits the end, and reads the clock again. Between the two readings, only the
 * exec is ours. */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
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
#include "bench/bench-internal.h"
#include "proc/proc.h"

/* ---- hardware counters --------------------------------------------------------------------- */

static const uint64_t events[] = {
	PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_INSTRUCTIONS, PERF_COUNT_HW_BRANCH_MISSES};
#define N_COUNTERS ARRAY_SIZE(events)

/* Counts for the process and its children, from its next exec on; -1: not supported. */
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

/* Adds the counters and closes them; those unsupported, or not running all the time, become
 * BENCH_NONE. */
static void add_counters(const int fd[N_COUNTERS], struct bench_observation *o)
{
	int64_t *const sums[N_COUNTERS] = {&o->cycles, &o->instructions, &o->branch_misses};

	for (size_t i = 0; i < N_COUNTERS; i++) {
		uint64_t value[3]; /* count, time enabled, time running */

		if (fd[i] < 0 || read(fd[i], value, sizeof(value)) != sizeof(value) ||
			value[1] != value[2] || value[1] == 0)
			*sums[i] = BENCH_NONE;
		else if (*sums[i] != BENCH_NONE)
			*sums[i] += (int64_t)value[0];
		if (fd[i] >= 0)
			close(fd[i]);
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

/* ---- the child ----------------------------------------------------------------------------- */

/* Sent by the child before it waits. */
struct ready {
	struct rusage used;
	int error; /* errno of a failure, or 0 */
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

static int prepare_child(const struct trial *t)
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
	/* However we were started: only counted processes run without randomization. */
	if (t->randomize && now >= 0 && (now & ADDR_NO_RANDOMIZE) &&
		personality((unsigned long)now & ~(unsigned long)ADDR_NO_RANDOMIZE) < 0)
		return errno;
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(t->output, 2) < 0 ||
		chdir(t->cwd) < 0)
		return errno;
	return 0;
}

/* The child: does all the preparation before it reads the pipe. */
__attribute__((noreturn)) static void run_child(
	const struct trial *t, int ready, int start, pid_t parent)
{
	struct ready message = {.error = 0};
	char byte;

	setsid(); /* detach from the terminal */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	message.error = prepare_child(t);
	getrusage(RUSAGE_SELF, &message.used);
	if (write(ready, &message, sizeof(message)) != sizeof(message) || message.error ||
		read(start, &byte, 1) != 1)
		_exit(127);
	if (t->spin) {
		for (int64_t until = cpu_clock() + (int64_t)t->spin; cpu_clock() < until;)
			;
	}
	execve(t->argv->v[0], t->argv->v, t->env->v);
	message.error = errno;
	_exit(write(ready, &message, sizeof(message)) < 0 ? 126 : 127);
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
		/* Otherwise the child would wait for itself if we die. */
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

/* Waits for the child to end: returns 0, 1 if its time is up, or -1 if we were interrupted. */
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
	/* The kernel keeps the peak across exec: values below the peak at fork are invisible. */
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

static int observe_child(const struct trial *t, struct child *c, bool *reaped,
	struct bench_observation *o, struct err *err)
{
	struct ready ready;
	struct rusage used;
	struct cpu_times before, after;
	int counters[N_COUNTERS], status, ended;
	uint64_t begin, end;
	bool steal;
	pid_t got;
	ssize_t n;

	do
		n = read(c->ready, &ready, sizeof(ready));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(ready))
		return err_set(err, ERR_ENVIRONMENT, "the process for '%s' ended before it began",
			t->argv->v[0]);
	if (ready.error) {
		errno = ready.error;
		return err_sys(err, "cannot prepare a process for '%s'", t->argv->v[0]);
	}
	for (size_t i = 0; i < N_COUNTERS; i++)
		counters[i] = open_counter(events[i], c->pid);
	steal = cpu_times(t->cpu, &before);
	begin = clock_ns();
	if (write(c->start, "", 1) != 1) {
		add_counters(counters, o);
		return err_sys(err, "cannot start '%s'", t->argv->v[0]);
	}
	ended = await_end(c, t->limit, &end, err);
	/* Kills the rest of its group before its number can be reused. */
	kill(-c->pid, SIGKILL);
	do
		got = wait4(c->pid, &status, 0, &used);
	while (got < 0 && errno == EINTR);
	*reaped = got == c->pid;
	add_counters(counters, o);
	if (ended < 0)
		return -1;
	if (!*reaped)
		return err_sys(err, "cannot wait for '%s'", t->argv->v[0]);
	o->wall += (int64_t)(end - begin);
	add_usage(o, &used, &ready.used);
	add_status(o, status, ended == 1);
	if (!steal || !cpu_times(t->cpu, &after))
		o->steal = BENCH_NONE;
	else if (o->steal != BENCH_NONE)
		o->steal += after.steal - before.steal;
	/* exec may fail after the start. */
	if (read(c->ready, &ready, sizeof(ready)) != sizeof(ready))
		return 0;
	errno = ready.error;
	return err_sys(err, "cannot run '%s'", t->argv->v[0]);
}

int trial_run(const struct trial *t, struct bench_observation *o, struct err *err)
{
	struct child c = {.pid = -1, .pidfd = -1, .ready = -1, .start = -1};
	bool reaped = false;
	int result = start_child(t, &c, err), status;

	if (result == 0)
		result = observe_child(t, &c, &reaped, o, err);
	/* Kills the child and its group. After reaping, its number may already belong to another
	 * process. */
	if (c.pid > 0 && !reaped) {
		kill(-c.pid, SIGKILL);
		kill(c.pid, SIGKILL);
		while (waitpid(c.pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (c.pidfd >= 0)
		close(c.pidfd);
	close(c.ready);
	close(c.start);
	return result;
}
