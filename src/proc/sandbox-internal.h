#ifndef SOLDER_PROC_SANDBOX_INTERNAL_H
#define SOLDER_PROC_SANDBOX_INTERNAL_H

#include <stddef.h>

#include "base/err.h"

#if defined(__x86_64__) || defined(__aarch64__)
#define SANDBOX_FILTERS 1
#endif

/* A file in memory that holds the bytes, at their beginning. */
int sandbox_file(const void *data, size_t len, int *fd, struct err *err);
/* The same with a program for bubblewrap's --seccomp; -1 where there is none for this machine. */
int sandbox_filter(int *fd, struct err *err);

#endif
