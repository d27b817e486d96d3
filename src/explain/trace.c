/* Traces the system calls of a process with ptrace. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "explain/explain-internal.h"
#include "proc/proc.h"

/* Seconds; the kernel then ends the process. */
#define LIMIT 60
#define MAX_PATH_LENGTH 4096
#define MAX_SMAPS ((size_t)16 << 20)
/* Exit codes of the child before exec. */
enum { REFUSED = 125, NOT_STARTED = 127 };

enum kind { KIND_OTHER, KIND_OPEN, KIND_OPEN_AT, KIND_LOOK, KIND_MAP };

static enum kind kind_of(uint64_t number)
{
	switch (number) {
#ifdef SYS_open
	case SYS_open:
		return KIND_OPEN;
	case SYS_stat:
	case SYS_lstat:
	case SYS_access:
	case SYS_readlink:
		return KIND_LOOK;
#endif
	case SYS_openat:
	case SYS_openat2:
		return KIND_OPEN_AT;
	case SYS_newfstatat:
	case SYS_statx:
	case SYS_faccessat:
	case SYS_faccessat2:
	case SYS_readlinkat:
		return KIND_LOOK;
	case SYS_mmap:
		return KIND_MAP;
	default:
		return KIND_OTHER;
	}
}

/* The system call in progress. */
struct call {
	enum kind kind;
	uint64_t size; /* of a mapping */
	bool of_file;
	char path[MAX_PATH_LENGTH]; /* of an open; "": not read */
};

static void read_path(pid_t pid, uint64_t addr, char path[MAX_PATH_LENGTH])
{
	size_t done = 0;

	/* Page by page: the next page may not be mapped. */
	while (done < MAX_PATH_LENGTH) {
		size_t n = 4096 - (addr + done) % 4096;
		struct iovec here = {path + done, 0}, there = {NULL, 0};

		n = n < MAX_PATH_LENGTH - done ? n : MAX_PATH_LENGTH - done;
		here.iov_len = there.iov_len = n;
		/* An address in another process is just a number. */
		memcpy(&there.iov_base, &(uintptr_t){(uintptr_t)(addr + done)}, sizeof(void *));
		if (process_vm_readv(pid, &here, 1, &there, 1, 0) != (ssize_t)n)
			break;
		if (memchr(path + done, '\0', n))
			return;
		done += n;
	}
	path[0] = '\0';
}

static void on_syscall(pid_t pid, struct explain_trace *trace, struct call *call)
{
	struct __ptrace_syscall_info info = {0};
	bool failed;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		call->kind = kind_of(info.entry.nr);
		call->path[0] = '\0';
		if (call->kind == KIND_OPEN || call->kind == KIND_OPEN_AT)
			read_path(pid, info.entry.args[call->kind == KIND_OPEN_AT], call->path);
		call->size = info.entry.args[1];
		call->of_file = (int)info.entry.args[4] >= 0;
	}
	if (info.op != PTRACE_SYSCALL_INFO_EXIT)
		return;
	failed = info.exit.is_error;
	trace->calls++;
	switch (call->kind) {
	case KIND_OPEN:
	case KIND_OPEN_AT:
		trace->opens += !failed;
		trace->opens_failed += failed;
		if (!failed && *call->path && !strv_has(&trace->files, call->path))
			strv_add(&trace->files, call->path);
		break;
	case KIND_LOOK:
		trace->looks += !failed;
		trace->looks_failed += failed;
		break;
	case KIND_MAP:
		trace->maps += !failed && call->of_file;
		trace->mapped += !failed && call->of_file ? call->size : 0;
		break;
	case KIND_OTHER:
		break;
	}
}

static struct explain_mapping *mapping_of(struct explain_trace *trace, const char *path, size_t n)
{
	struct explain_mapping *m;

	for (size_t i = 0; i < trace->n_mappings; i++)
		if (strlen(trace->mappings[i].path) == n &&
			!memcmp(trace->mappings[i].path, path, n))
			return &trace->mappings[i];
	m = ARRAY_ADD(trace->mappings, trace->n_mappings);
	m->path = xstrndup(path, n);
	return m;
}

void explain_trace_read_smaps(const char *text, struct explain_trace *trace)
{
	struct explain_mapping *m = NULL;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		size_t n = strcspn(text, "\n"), at = strcspn(text, " ");

		if (at < n && memchr(text, '-', at)) {
			/* Range, permissions, offset, device, inode; then the path. */
			for (int word = 0; word < 4; word++) {
				at += strspn(text + at, " ");
				at += strcspn(text + at, " \n");
			}
			at += strspn(text + at, " ");
			m = mapping_of(trace, text + at, n > at ? n - at : 0);
		} else if (m) {
			/* "Rss:   128 kB" */
			const struct {
				const char *key;
				uint64_t *bytes;
			} sizes[] = {{"Size:", &m->size}, {"Rss:", &m->resident},
				/* Not dirty pages: those still backed by the file were merely
				 * written recently. */
				{"Anonymous:", &m->written}};

			for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
				if (!strncmp(text, sizes[i].key, strlen(sizes[i].key)))
					*sizes[i].bytes +=
						1024 *
						strtoull(text + strlen(sizes[i].key), NULL, 10);
		}
	}
}

/* Files in /proc have no size. */
static void read_proc(pid_t pid, const char *name, struct buf *out)
{
	CLEANUP_FREE char *path = xasprintf("/proc/%d/%s", (int)pid, name);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	buf_clear(out);
	while (fd >= 0 && n > 0 && out->len < MAX_SMAPS) {
		buf_reserve(out, 65536);
		n = read(fd, out->data + out->len, 65536);
		out->len += n > 0 ? (size_t)n : 0;
		out->data[out->len] = '\0';
	}
}

static int by_path(const void *a, const void *b)
{
	const struct explain_mapping *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* The process is about to exit but still has its memory. */
static void on_exit_of(pid_t pid, struct explain_trace *trace)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *p;
	unsigned long long minor = 0, major = 0;

	read_proc(pid, "stat", &text);
	/* The program name is in parentheses and may contain anything. */
	p = text.data ? strrchr(text.data, ')') : NULL;
	if (p && sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %llu %*u %llu", &minor, &major) == 2) {
		trace->faults = minor;
		trace->major_faults = major;
	}
	read_proc(pid, "smaps", &text);
	explain_trace_read_smaps(text.data ? text.data : "", trace);
	sort_array(trace->mappings, trace->n_mappings, sizeof(*trace->mappings), by_path);
}

static _Noreturn void become(const struct strv *argv, const struct strv *env, const char *cwd)
{
	int null = open("/dev/null", O_RDWR);

	if (chdir(cwd) < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
		dup2(null, 2) < 0)
		_exit(NOT_STARTED);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(REFUSED);
	setsid(); /* detach from the terminal */
	proc_seal(NULL);
	personality(ADDR_NO_RANDOMIZE);
	alarm(LIMIT);
	raise(SIGSTOP);
	execve(argv->v[0], argv->v, env->v);
	_exit(NOT_STARTED);
}

/* Lets it run to its end; returns its status. */
static int follow(pid_t pid, struct explain_trace *trace, struct err *err, int *status)
{
	struct call call = {0};
	bool started = false;
	int result = 0, deliver = 0;

	while (ptrace(PTRACE_SYSCALL, pid, NULL, deliver) == 0 || errno == ESRCH) {
		pid_t got;

		while ((got = waitpid(pid, status, __WALL)) < 0 && errno == EINTR && result == 0)
			result = interrupt_check(err);
		if (result < 0 || interrupt_check(err) < 0) {
			kill(pid, SIGKILL);
			waitpid(pid, status, __WALL);
			return -1;
		}
		if (got != pid || !WIFSTOPPED(*status))
			return 0;
		deliver = 0;
		if (*status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
			started = true;
		else if (*status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
			on_exit_of(pid, trace);
		else if (WSTOPSIG(*status) == (SIGTRAP | 0x80) && started)
			on_syscall(pid, trace, &call);
		else if (WSTOPSIG(*status) != (SIGTRAP | 0x80) && WSTOPSIG(*status) != SIGTRAP)
			deliver = WSTOPSIG(*status);
	}
	return 0;
}

static char *why_not(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return NULL;
	if (WIFEXITED(status) && WEXITSTATUS(status) == REFUSED)
		return xstrdup("ptrace is not allowed here");
	if (WIFEXITED(status))
		return xasprintf("under ptrace it ended with exit code %d", WEXITSTATUS(status));
	return xasprintf("under ptrace it was killed by signal %d", WTERMSIG(status));
}

int explain_trace_run(const struct strv *argv, const struct strv *env, const char *cwd,
	struct explain_trace *trace, char **why, struct err *err)
{
	const long options =
		PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		become(argv, env, cwd);
	if (pid < 0) {
		*why = xasprintf("no process can be started: %s", strerror(errno));
		return 0;
	}
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	if (WIFSTOPPED(status)) {
		if (ptrace(PTRACE_SETOPTIONS, pid, NULL, options) < 0) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, __WALL);
			*why = xstrdup("ptrace is not allowed here");
			return 0;
		}
		if (follow(pid, trace, err, &status) < 0)
			return -1;
	}
	*why = why_not(status);
	return 0;
}

void explain_trace_release(struct explain_trace *trace)
{
	for (size_t i = 0; i < trace->n_mappings; i++)
		free(trace->mappings[i].path);
	free(trace->mappings);
	strv_release(&trace->files);
	*trace = (struct explain_trace){0};
}
