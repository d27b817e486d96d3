/* What the files of base/file.h and base/below.h share. */
#ifndef SOLDER_BASE_FILE_INTERNAL_H
#define SOLDER_BASE_FILE_INTERNAL_H

#include "base/below.h"
#include "base/file.h"

/* How a path below a folder is resolved. */
enum resolve {
	RESOLVE_BY_KERNEL, /* openat2(); errno is ENOSYS or EPERM where there is none */
	RESOLVE_BY_WALK,
	RESOLVE_AS_CAN, /* the first, and the second where there is none */
};

/* openat() below a folder, errno of a link on the way being ELOOP. */
int open_below(int top, const char *rel, int flags, mode_t mode, enum resolve how);

/* How a new file comes to be. */
enum fresh {
	FRESH_UNNAMED, /* O_TMPFILE: without a name, so that a kill leaves nothing */
	FRESH_NAMED,
	FRESH_AS_CAN,
};

/* Writes the file `name` of a folder; `path` is for messages. */
int write_in(int dir, const char *name, const char *path, const void *data, size_t len, mode_t mode,
	enum fresh how, struct err *err);

/* Closes fd and fails unless it is of a regular file; `path` is for messages. */
int only_file(int fd, const char *path, struct err *err);
/* "'PATH' is a folder, not a file". */
int not_a_file(const char *path, mode_t mode, struct err *err);

#endif
