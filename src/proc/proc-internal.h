/* Private to the proc room: the guardian (guard.c) and a sandbox's files. */
#ifndef SOLDER_PROC_INTERNAL_H
#define SOLDER_PROC_INTERNAL_H

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

#define GUARD_END SIGUSR1

/* Turns the calling process, a fresh fork of `parent` with all signals blocked, into a guardian and
 * forks its child. Returns as fork() does. */
pid_t guard_fork(pid_t parent);
/* The guardian's main loop. Forwards SIGTERM to the child's process group. The descriptor `lock`
 * (0: none) stays open until no process is left. */
_Noreturn void guard_watch(pid_t child, int lock);

/* close_range() from `from` upwards, with a fallback for kernels that lack it. */
void guard_descriptors(int from, int flags);

#if defined(__x86_64__) || defined(__aarch64__)
#define SANDBOX_FILTERS 1
#endif

/* Creates a file in memory holding the bytes, positioned at its start. */
int sandbox_file(const void *data, size_t len, int *fd, struct err *err);
/* The same with a program for bubblewrap's --seccomp; -1 if there is none for this architecture. */
int sandbox_filter(int *fd, struct err *err);

#endif
