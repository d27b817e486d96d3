/* The guardian: the process between solder and each of its children.
 *
 * A child can leave its group, its session and its parent, but not the subreaper above it. So each
 * child has one: the guardian, which only waits until the child ends or GUARD_END arrives, from
 * solder or, when solder dies, from the kernel. Then it kills everything left below it, and ends as
 * the child did. Its pid is the only one that solder ever signals, and stays valid until solder
 * reaps it.
 */
#include "proc/proc-internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 1

void guard_descriptors(int from, int flags)
{
	DIR *dir;
	struct dirent *e;

	if (close_range((unsigned int)from, ~0u, flags) == 0)
		return;
	dir = opendir("/proc/self/fd");
	while (dir && (e = readdir(dir))) {
		int fd = (int)strtol(e->d_name, NULL, 10);

		if (fd < from || fd == dirfd(dir))
			continue;
		if (flags & (int)CLOSE_RANGE_CLOEXEC)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		else
			close(fd);
	}
	if (dir)
		closedir(dir);
}

pid_t guard_fork(pid_t parent)
{
	pid_t child;

	/* A new session has no terminal: no process below can read from or type into the user's,
	 * and the keys that send signals reach solder alone. */
	setsid();
	prctl(PR_SET_NAME, "guardian");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, GUARD_END);
	if (getppid() != parent)
		_exit(127);
	child = fork();
	if (child > 0)
		setpgid(child, child); /* in both processes, so it is done whichever runs first */
	return child;
}

/* Sends SIGKILL to all current children; returns how many it reached. */
static int kill_children(void)
{
	char path[64];
	int pid, reached = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1)
		reached += kill(pid, SIGKILL) == 0;
	if (f)
		fclose(f);
	return reached;
}

/* Orphans are reparented to us, so repeat until none is left. */
static void end_children(void)
{
	for (;;) {
		int reached = kill_children(), left;

		while ((left = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (left < 0)
			return;
		/* Set-user-ID programs cannot be killed; without the kernel's list of children
		 * nothing can. */
		if (!reached && kill_children() == 0 && waitpid(-1, NULL, WNOHANG) == 0)
			return;
		poll(NULL, 0, LOOK_MS);
	}
}

/* Reaps orphans but never the child itself: until it is reaped, its pid and process group stay its
 * own. */
static bool has_ended(pid_t child)
{
	for (;;) {
		siginfo_t info = {0};

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
			return false;
		if (info.si_pid == child)
			return true;
		waitpid(info.si_pid, NULL, WNOHANG);
	}
}

static _Noreturn void end_like(int status)
{
	sigset_t none;

	if (WIFSIGNALED(status)) {
		prctl(PR_SET_DUMPABLE, 0); /* a core dump must be the child's, not ours */
		signal(WTERMSIG(status), SIG_DFL);
		sigemptyset(&none);
		raise(WTERMSIG(status));
		sigprocmask(SIG_SETMASK, &none, NULL);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

void guard_watch(pid_t child, int lock)
{
	bool over = false;
	sigset_t awaited;
	int status = 0;

	/* Release inherited descriptors: pipes that others read to the end, locks, terminals. */
	if (lock > 0)
		dup2(lock, 0);
	guard_descriptors(lock > 0, 0);
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, GUARD_END);
	while (!over) {
		int sig = sigwaitinfo(&awaited, NULL);

		if (sig == SIGTERM)
			kill(-child, SIGTERM);
		over = sig == GUARD_END || has_ended(child);
	}
	kill(-child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	end_children();
	end_like(status);
}
