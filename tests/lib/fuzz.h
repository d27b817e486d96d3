/* What fuzz targets have in common. */
#ifndef SOLDER_TESTS_FUZZ_H
#define SOLDER_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property of what was read does not hold. */
__attribute__((unused)) static inline void fuzz_check(bool holds)
{
	if (!holds)
		abort();
}

/* A refusal says why. */
__attribute__((unused)) static inline void fuzz_check_err(const struct err *err)
{
	fuzz_check(err->code != ERR_NONE && err->msg[0]);
}

/* The bytes as a file that /proc/self/fd/N opens; for readers that want a path. */
__attribute__((unused)) static inline int fuzz_file(const uint8_t *data, size_t size, char path[64])
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

#endif
