/* Lets a program run up to its Nth system call of some kinds, and then kills it or makes that call
 * fail. All of its threads are followed, none of the programs that it starts.
 *
 *   stepper [--calls NAME,…] [--from TEXT] [--at N] [--do kill|ERRNO] [--report FILE] -- COMMAND…
 *
 * Counted are the calls named (without --calls: all), from the first one on that has a path with
 * TEXT in it. The report is "COUNT ACTED NAME PATH": how many there were until the end or the
 * deed, and whether it was done (1) and to which call; then a line "NAME COUNT" for each kind. A
 * call that fails is not made. It ends as the command does; with 137 if that was killed, with 77
 * where ptrace is not allowed.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

#include <elf.h>

enum { NOT_ALLOWED = 77, USAGE = 64, NOT_STARTED = 127, ALL = 512 };

/* Instead of the place of the argument that is a path. */
enum { NO_PATH = -1 };

static const struct kind {
	const char *name;
	long number;
	int path;
} kinds[] = {
#ifdef SYS_open
	{"open", SYS_open, 0},
	{"rename", SYS_rename, 1},
	{"mkdir", SYS_mkdir, 0},
	{"rmdir", SYS_rmdir, 0},
	{"unlink", SYS_unlink, 0},
	{"link", SYS_link, 1},
	{"symlink", SYS_symlink, 1},
	{"chmod", SYS_chmod, 0},
	{"readlink", SYS_readlink, 0},
	{"stat", SYS_stat, 0},
	{"lstat", SYS_lstat, 0},
	{"access", SYS_access, 0},
#endif
#ifdef SYS_renameat
	{"renameat", SYS_renameat, 3},
#endif
	{"renameat2", SYS_renameat2, 3},
	{"openat", SYS_openat, 1},
	{"openat2", SYS_openat2, 1},
	{"mkdirat", SYS_mkdirat, 1},
	{"unlinkat", SYS_unlinkat, 1},
	{"linkat", SYS_linkat, 3},
	{"symlinkat", SYS_symlinkat, 2},
	{"fchmodat", SYS_fchmodat, 1},
	{"readlinkat", SYS_readlinkat, 1},
	{"newfstatat", SYS_newfstatat, 1},
	{"statx", SYS_statx, 1},
	{"utimensat", SYS_utimensat, 1},
	{"read", SYS_read, NO_PATH},
	{"pread64", SYS_pread64, NO_PATH},
	{"write", SYS_write, NO_PATH},
	{"pwrite64", SYS_pwrite64, NO_PATH},
	{"writev", SYS_writev, NO_PATH},
	{"fsync", SYS_fsync, NO_PATH},
	{"fdatasync", SYS_fdatasync, NO_PATH},
	{"syncfs", SYS_syncfs, NO_PATH},
	{"flock", SYS_flock, NO_PATH},
	{"fchmod", SYS_fchmod, NO_PATH},
	{"ftruncate", SYS_ftruncate, NO_PATH},
	{"copy_file_range", SYS_copy_file_range, NO_PATH},
	{"ioctl", SYS_ioctl, NO_PATH},
	{"getdents64", SYS_getdents64, NO_PATH},
	{"pipe2", SYS_pipe2, NO_PATH},
	{"socket", SYS_socket, NO_PATH},
	{"dup3", SYS_dup3, NO_PATH},
	{"fcntl", SYS_fcntl, NO_PATH},
	{"close", SYS_close, NO_PATH},
	{"wait4", SYS_wait4, NO_PATH},
};

static const struct {
	const char *name;
	int number;
} errors[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EMFILE", EMFILE}, {"EINTR", EINTR},
	{"EACCES", EACCES}, {"EROFS", EROFS}, {"EDQUOT", EDQUOT}, {"ENOLCK", ENOLCK},
	{"ENOSYS", ENOSYS}, {"EXDEV", EXDEV}, {"EINVAL", EINVAL}};

struct plan {
	bool wanted[ALL];
	const char *from, *report;
	unsigned long at; /* 0: never */
	int error;        /* 0: kill */
};

/* A thread in the middle of the call that is to fail. */
struct state {
	const struct plan *plan;
	pid_t leader, failing;
	bool counting, acted;
	unsigned long count, of_kind[ARRAY_SIZE(kinds)];
	const char *name;
	char path[4096];
};

static const struct kind *kind_of(uint64_t number)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if ((uint64_t)kinds[i].number == number)
			return &kinds[i];
	}
	return NULL;
}

/* What a call that takes a descriptor works on. */
static void read_descriptor(pid_t pid, uint64_t fd, char path[4096])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)pid, (int)fd);
	n = readlink(link, path, 4095);
	path[n > 0 ? n : 0] = '\0';
}

/* Page by page: what lies behind the last one may not be there. */
static void read_path(pid_t pid, uint64_t addr, char path[4096])
{
	size_t done = 0;

	path[0] = '\0';
	while (done < 4096) {
		size_t n = 4096 - (addr + done) % 4096;
		struct iovec here = {path + done, n < 4096 - done ? n : 4096 - done}, there;

		there.iov_len = here.iov_len;
		/* An address of another process is a number. */
		memcpy(&there.iov_base, &(uintptr_t){(uintptr_t)(addr + done)}, sizeof(void *));
		if (process_vm_readv(pid, &here, 1, &there, 1, 0) != (ssize_t)here.iov_len)
			break;
		if (memchr(path + done, '\0', here.iov_len))
			return;
		done += here.iov_len;
	}
	path[0] = '\0';
}

/* The number of the call that has begun, or the result of the one that ends. */
static void set_call(pid_t pid, bool result, long value)
{
	struct user_regs_struct regs;
	struct iovec all = {&regs, sizeof(regs)};

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all) < 0)
		return;
#if defined(__x86_64__)
	if (result)
		regs.rax = (unsigned long long)value;
	else
		regs.orig_rax = (unsigned long long)value;
#elif defined(__aarch64__)
	int number = (int)value;
	struct iovec call = {&number, sizeof(number)};

	if (!result) {
		ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &call);
		return;
	}
	regs.regs[0] = (unsigned long long)value;
#else
#error "registers of this machine are not known"
#endif
	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &all);
}

static void on_entry(pid_t pid, uint64_t number, const uint64_t *args, struct state *s)
{
	const struct kind *kind = kind_of(number);
	const struct plan *plan = s->plan;
	char path[4096] = "";

	if (s->acted || number >= ALL)
		return;
	if (kind && kind->path != NO_PATH)
		read_path(pid, args[kind->path], path);
	else if (kind)
		read_descriptor(pid, args[0], path);
	if (!s->counting)
		s->counting = !plan->from || strstr(path, plan->from);
	if (!s->counting || !plan->wanted[number])
		return;
	if (kind)
		s->of_kind[kind - kinds]++;
	if (++s->count != plan->at)
		return;
	s->acted = true;
	s->name = kind ? kind->name : "other";
	memcpy(s->path, path, sizeof(path));
	if (!plan->error) {
		kill(s->leader, SIGKILL);
		return;
	}
	s->failing = pid;
	set_call(pid, false, -1);
}

static void on_syscall(pid_t pid, struct state *s)
{
	struct __ptrace_syscall_info info = {0};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		on_entry(pid, info.entry.nr, (const uint64_t *)info.entry.args, s);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && s->failing == pid) {
		set_call(pid, true, -s->plan->error);
		s->failing = 0;
	}
}

/* Until the first process has ended; returns its status. */
static int follow(struct state *s)
{
	int status = 0, deliver;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid <= 0)
			continue;
		if (!WIFSTOPPED(status)) {
			if (pid == s->leader)
				return status;
			continue;
		}
		deliver = 0;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			on_syscall(pid, s);
		/* new threads begin with a stop that is nobody's signal */
		else if (status >> 16 == 0 && WSTOPSIG(status) != SIGSTOP)
			deliver = WSTOPSIG(status);
		ptrace(PTRACE_SYSCALL, pid, NULL, deliver);
	}
	return status;
}

static void write_report(const struct state *s)
{
	FILE *f = s->plan->report ? fopen(s->plan->report, "w") : stderr;

	if (!f)
		return;
	fprintf(f, "%lu %d %s %s\n", s->count, s->acted, s->name ? s->name : "-", s->path);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		fprintf(f, "%s %lu\n", kinds[i].name, s->of_kind[i]);
	if (f != stderr)
		fclose(f);
}

static int usage(const char *what)
{
	fprintf(stderr, "stepper: %s\n", what);
	return USAGE;
}

static int want(struct plan *plan, char *names)
{
	char *rest, *name;

	while ((name = strtok_r(names, ",", &rest))) {
		bool found = false;

		names = NULL;
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			if (!strcmp(kinds[i].name, name))
				found = plan->wanted[kinds[i].number] = true;
		}
#ifdef SYS_open
		if (!found)
			return usage("no such call");
#endif
		/* Other machines lack the calls that have newer forms. */
		(void)found;
	}
	return 0;
}

static int parse(int argc, char **argv, struct plan *plan, int *rest)
{
	const char *what = "kill", *calls = NULL;

	for (*rest = 1; *rest + 1 < argc && strcmp(argv[*rest], "--") != 0; *rest += 2) {
		const char *name = argv[*rest], *value = argv[*rest + 1];

		if (!strcmp(name, "--calls"))
			calls = value;
		else if (!strcmp(name, "--from"))
			plan->from = value;
		else if (!strcmp(name, "--at"))
			plan->at = strtoul(value, NULL, 10);
		else if (!strcmp(name, "--do"))
			what = value;
		else if (!strcmp(name, "--report"))
			plan->report = value;
		else
			return usage("no such option");
	}
	if (*rest + 1 >= argc)
		return usage("no command behind '--'");
	++*rest;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		if (!strcmp(errors[i].name, what))
			plan->error = errors[i].number;
	}
	if (!plan->error && strcmp(what, "kill") != 0)
		return usage("--do takes kill, EIO, ENOSPC, EMFILE, EINTR and some more");
	if (!calls)
		memset(plan->wanted, true, sizeof(plan->wanted));
	return calls ? want(plan, xstrdup(calls)) : 0;
}

int main(int argc, char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
			     PTRACE_O_EXITKILL;
	struct plan plan = {0};
	struct state s = {.plan = &plan};
	int rest, status = parse(argc, argv, &plan, &rest);

	if (status)
		return status;
	s.leader = fork();
	if (s.leader == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(NOT_ALLOWED);
		raise(SIGSTOP);
		execvp(argv[rest], argv + rest);
		_exit(NOT_STARTED);
	}
	if (s.leader < 0 || waitpid(s.leader, &status, __WALL) < 0)
		return NOT_ALLOWED;
	if (WIFSTOPPED(status)) {
		if (ptrace(PTRACE_SETOPTIONS, s.leader, NULL, options) < 0) {
			kill(s.leader, SIGKILL);
			return NOT_ALLOWED;
		}
		ptrace(PTRACE_SYSCALL, s.leader, NULL, 0);
		status = follow(&s);
	}
	write_report(&s);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
