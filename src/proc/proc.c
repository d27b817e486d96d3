#include "proc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "proc/proc-internal.h"

#define GRACE_MS 3000
#define MS 1000000ull

struct proc {
	pid_t pid; /* the guardian */
	int pidfd;
	int report;  /* read end of a pipe: the child's pid and, if it failed, its struct err */
	pid_t child; /* 0 until read from `report` */
	bool ended;
	int status;
	uint64_t grace;    /* in nanoseconds */
	uint64_t deadline; /* end of the grace period after a SIGTERM; 0: none was sent */
	unsigned int time_ms;
	uint64_t late_at; /* 0: never */
	bool late;
};

void proc_seal(const struct strv *fds)
{
	sigset_t none;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	guard_descriptors(3, CLOSE_RANGE_CLOEXEC);
	for (size_t i = 0; fds && i < fds->n; i++)
		fcntl((int)strtol(fds->v[i], NULL, 10), F_SETFD, 0);
}

/* With a core limit of one byte the kernel neither writes a core nor starts a program that collects
 * it; with zero it may do the latter. */
static int set_limits(const struct proc_limits *l, struct err *err)
{
	const struct {
		int what;
		rlim_t soft, hard;
	} limits[] = {{RLIMIT_CORE, l->memory || l->data || l->file || l->cpu, 1},
		{RLIMIT_AS, l->memory, l->memory}, {RLIMIT_DATA, l->data, l->data},
		{RLIMIT_FSIZE, l->file, l->file}, {RLIMIT_CPU, l->cpu, l->cpu + 5}};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		__rlimit_resource_t what = (__rlimit_resource_t)limits[i].what;
		struct rlimit limit;

		if (!limits[i].soft)
			continue;
		if (getrlimit(what, &limit) < 0)
			return err_sys(err, "cannot read our limits");
		/* Only root may exceed a hard limit, which is then as strict. */
		limit.rlim_max = MIN(limit.rlim_max, limits[i].hard);
		limit.rlim_cur = MIN(limit.rlim_max, limits[i].soft);
		if (setrlimit(what, &limit) < 0)
			return err_sys(err, "cannot limit a program");
	}
	return 0;
}

/* Runs in the child, from fork to exec. Returns 0 only if there is no program to execute. */
static int become(const struct proc_spec *spec, struct err *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int out = spec->out >= 0 ? spec->out : null;
	CLEANUP_STRV struct strv clean = STRV_INIT;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (null < 0)
		return err_sys(err, "cannot open '/dev/null'");
	if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(spec->err >= 0 ? spec->err : out, 2) < 0)
		return err_sys(err, "cannot redirect the output");
	/* Before the limits: they are for the program, and we may already be beyond them. */
	if (spec->argv && !spec->env)
		proc_clean_environment(&clean);
	if (set_limits(&spec->limits, err) < 0)
		return -1;
	if (spec->run && spec->run(spec->ctx, err) < 0)
		return -1;
	if (!spec->argv)
		return 0;
	if (spec->cwd && chdir(spec->cwd) < 0)
		return err_sys(err, "cannot enter '%s'", spec->cwd);
	proc_seal(spec->fds);
	execvpe(spec->argv->v[0], spec->argv->v, spec->env ? spec->env->v : clean.v);
	return err_sys(err, "cannot run '%s'", spec->argv->v[0]);
}

static void run_child(const struct proc_spec *spec, int report, pid_t parent)
{
	struct err err = ERR_INIT;
	pid_t self = getpid();

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || write(report, &self, sizeof(self)) < 0)
		_exit(127);
	if (become(spec, &err) == 0)
		_exit(0);
	_exit(write(report, &err, sizeof(err)) < 0 ? 126 : 127);
}

static const char *name_of(const struct proc_spec *spec)
{
	return spec->argv ? spec->argv->v[0] : "a process of our own";
}

int proc_start(const struct proc_spec *spec, struct proc **ret, struct err *err)
{
	pid_t parent = getpid();
	sigset_t all, before;
	struct proc *p;
	int report[2];

	if (pipe2(report, O_CLOEXEC) < 0)
		return err_sys(err, "cannot create a pipe");
	p = xcalloc(1, sizeof(*p));
	p->grace = (spec->grace_ms ? spec->grace_ms : GRACE_MS) * MS;
	p->time_ms = spec->time_ms;
	p->late_at = p->time_ms ? clock_ns() + p->time_ms * MS : 0;
	/* Signals sent before the guardian is ready stay pending. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	p->pid = fork();
	if (p->pid == 0) {
		pid_t child = guard_fork(parent);

		if (child == 0)
			run_child(spec, report[1], getppid());
		if (child < 0) {
			err_sys(err, "cannot start '%s'", name_of(spec));
			_exit(write(report[1], &(pid_t){0}, sizeof(pid_t)) < 0 ||
						write(report[1], err, sizeof(*err)) < 0
					? 126
					: 127);
		}
		guard_watch(child, spec->lock);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(report[1]);
	if (p->pid < 0) {
		close(report[0]);
		free(p);
		return err_sys(err, "cannot start '%s'", name_of(spec));
	}
	p->report = report[0];
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (p->pidfd >= 0)
		fcntl(p->pidfd, F_SETFD, FD_CLOEXEC);
	*ret = p;
	return 0;
}

static bool reap(struct proc *p, int options)
{
	pid_t got;

	if (p->ended)
		return true;
	do
		got = waitpid(p->pid, &p->status, options);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		p->status = W_EXITCODE(127, 0);
	p->ended = got != 0;
	return p->ended;
}

void proc_terminate(struct proc *p)
{
	if (!p || p->deadline || reap(p, WNOHANG))
		return;
	p->deadline = clock_ns() + p->grace;
	kill(p->pid, SIGTERM);
}

void proc_free(struct proc *p)
{
	if (!p)
		return;
	proc_terminate(p);
	while (!reap(p, WNOHANG) && clock_ns() < p->deadline)
		poll(NULL, 0, 20);
	if (!p->ended)
		kill(p->pid, GUARD_END);
	reap(p, 0);
	if (p->pidfd >= 0)
		close(p->pidfd);
	close(p->report);
	free(p);
}

void cleanup_proc(struct proc **p)
{
	proc_free(*p);
}

bool proc_late(const struct proc *p)
{
	return p->late;
}

static int say_late(const struct proc *p, struct err *err)
{
	return err_set(err, ERR_CHILD, "took longer than %g s and was ended", p->time_ms / 1e3);
}

/* Asks a running child to end when its time is up, and kills it when its grace period is. */
static void look_at_clock(struct proc *p)
{
	uint64_t now = clock_ns();

	if (p->late_at && now > p->late_at && !p->deadline) {
		p->late = true;
		proc_terminate(p);
	} else if (p->late && now > p->deadline) {
		kill(p->pid, GUARD_END);
	}
}

int proc_wait_any(struct proc *const *procs, size_t n, int timeout_ms)
{
	struct pollfd polls[POOL_PLACES];
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		if (!procs[i])
			continue;
		if (reap(procs[i], WNOHANG))
			return (int)i;
		look_at_clock(procs[i]);
		if (used < ARRAY_SIZE(polls))
			polls[used++] = (struct pollfd){.fd = procs[i]->pidfd, .events = POLLIN};
	}
	if (poll(polls, used, timeout_ms) <= 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (procs[i] && reap(procs[i], WNOHANG))
			return (int)i;
	}
	return -1;
}

pid_t proc_pid(struct proc *p)
{
	if (!p->child && TEMP_FAILURE_RETRY(read(p->report, &p->child, sizeof(p->child))) !=
				 sizeof(p->child))
		p->child = 0;
	return p->child;
}

int proc_result(struct proc *p, struct err *err)
{
	struct err reported;

	reap(p, 0);
	if (WIFEXITED(p->status) && WEXITSTATUS(p->status) == 0)
		return 0;
	/* A child that was interrupted along with us has no valid result. */
	if (interrupt_check(err) < 0)
		return -1;
	if (p->late)
		return say_late(p, err);
	proc_pid(p);
	if (TEMP_FAILURE_RETRY(read(p->report, &reported, sizeof(reported))) ==
		(ssize_t)sizeof(reported)) {
		*err = reported;
		return -1;
	}
	if (WIFEXITED(p->status))
		return err_set(err, ERR_CHILD, "exit code %d", WEXITSTATUS(p->status));
	return err_set(err, ERR_CHILD, "killed by SIG%s", sigabbrev_np(WTERMSIG(p->status)));
}

/* Reads until end of file, an interrupt or the deadline. */
static int drain(const struct proc *p, int fd, size_t max, struct buf *output, struct err *err)
{
	char chunk[4096];

	for (;;) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (interrupt_check(err) < 0)
			return -1;
		if (p->late_at && clock_ns() > p->late_at)
			return say_late(p, err);
		if (poll(&wait, 1, 100) <= 0)
			continue;
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "cannot read what it prints");
		if (n == 0)
			return 0;
		if (output->len < max)
			buf_add(output, chunk,
				max - output->len < (size_t)n ? max - output->len : (size_t)n);
	}
}

int proc_run(const struct proc_spec *spec, bool both, size_t max_output, unsigned int timeout_ms,
	struct buf *output, struct err *err)
{
	CLEANUP(cleanup_proc) struct proc *p = NULL;
	CLEANUP_CLOSE int reader = -1, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct proc_spec inner = *spec;
	int ends[2];

	buf_clear(output);
	buf_reserve(output, 0);
	if (null < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "cannot create a pipe");
	reader = ends[0];
	inner.out = ends[1];
	inner.err = both ? -1 : null;
	inner.time_ms = timeout_ms;
	if (proc_start(&inner, &p, err) < 0) {
		close(ends[1]);
		return -1;
	}
	close(ends[1]);
	if (spec->pid)
		*spec->pid = proc_pid(p);
	if (drain(p, reader, max_output, output, err) < 0)
		return -1;
	return proc_result(p, err);
}

void proc_keep(const char *const *names, size_t n, struct strv *env)
{
	for (size_t i = 0; i < n; i++) {
		const char *value = getenv(names[i]);

		if (value)
			strv_addf(env, "%s=%s", names[i], value);
	}
}

void proc_clean_environment(struct strv *env)
{
	static const char *const names[] = {"PATH", "HOME", "TMPDIR"};

	proc_keep(names, ARRAY_SIZE(names), env);
	strv_add(env, "LC_ALL=C.UTF-8");
}

char *proc_quote(const char *text)
{
	CLEANUP_BUF struct buf word = BUF_INIT;

	buf_adds(&word, text);
	buf_replace(&word, "'", "'\\''");
	return xasprintf("'%s'", word.data ? word.data : "");
}

void proc_ask_environment(bool libraries, struct strv *env)
{
	static const char *const names[] = {"PATH", "HOME", "LD_LIBRARY_PATH"};

	proc_keep(names, ARRAY_SIZE(names) - !libraries, env);
	strv_add(env, "LC_ALL=C.UTF-8");
}
