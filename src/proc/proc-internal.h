/* Between the files of this room: the guardian (guard.c) and the files of a sandbox. */
#ifndef SOLDER_PROC_INTERNAL_H
#define SOLDER_PROC_INTERNAL_H

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

#define GUARD_END SIGUSR1

/* Makes the calling process, a fresh fork of `parent` with all signals blocked, a guardian and
 * forks its child. Returns as fork() does. */
pid_t guard_fork(pid_t parent);
/* The guardian's life. A SIGTERM is passed on to the group of the child. The descriptor `lock`
 * (0: none) stays open until nothing is left. */
_Noreturn void guard_watch(pid_t child, int lock);

/* close_range() of all from `from` on, also where the kernel does not have it. */
void guard_descriptors(int from, int flags);

#if defined(__x86_64__) || defined(__aarch64__)
#define SANDBOX_FILTERS 1
#endif

/* A file in memory that holds the bytes, at their beginning. */
int sandbox_file(const void *data, size_t len, int *fd, struct err *err);
/* The same with a program for bubblewrap's --seccomp; -1 where there is none for this machine. */
int sandbox_filter(int *fd, struct err *err);

#endif
