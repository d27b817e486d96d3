/* Untrusted trees: the output of a build step, an unpacked archive, someone else's Python.
 *
 * Such a tree may hold links that lead anywhere, and its creator may still be changing it. So
 * nothing in it is named by a path from outside: its top folder is opened once, and everything else
 * is reached below that descriptor without following any link, not even in the last component. If a
 * folder is replaced by a link at any moment, before or during the work, a call fails; it is never
 * redirected. The kernel resolves whole paths this way (openat2); where it cannot, they are walked
 * folder by folder with O_NOFOLLOW.
 *
 * `rel` is a path below a folder: "share/solder/key". Paths that are absolute, empty or contain
 * ".." are refused like links. Messages name folder and path.
 */
#ifndef SOLDER_BASE_BELOW_H
#define SOLDER_BASE_BELOW_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"

/* An open folder. */
struct folder {
	int fd;
	char *path; /* for messages */
};

#define FOLDER_INIT                                                                                \
	{                                                                                          \
		.fd = -1                                                                           \
	}
#define CLEANUP_FOLDER CLEANUP(folder_close)

/* Opens the top of a tree. `path` comes from the caller or the user, so links in it are followed. 0
 * or -1; in either case the caller must close `ret`. */
int folder_open(const char *path, struct folder *ret, struct err *err);
void folder_close(struct folder *f);

/* The same for a folder below another. */
int folder_open_below(
	const struct folder *top, const char *rel, struct folder *ret, struct err *err);

/* Adds the names of its entries, sorted, without "." and "..". */
int folder_list(const struct folder *f, struct strv *names, struct err *err);

/* 1: *st describes the entry, which may be a link; 0: there is none; -1: unknown, or its path leads
 * through a link. */
int stat_below(const struct folder *top, const char *rel, struct stat *st, struct err *err);

/* Opens a regular file for reading; returns its descriptor, which the caller closes, or -1. */
int file_open_below(const struct folder *top, const char *rel, struct err *err);

/* Like file_read() and file_write() in base/file.h. A link at the destination is replaced. */
int file_read_below(
	const struct folder *top, const char *rel, size_t max, struct buf *out, struct err *err);
int file_write_below(const struct folder *top, const char *rel, const void *data, size_t len,
	mode_t mode, struct err *err);

/* The target of a link, which the caller frees; NULL on failure. */
char *link_read_below(const struct folder *top, const char *rel, struct err *err);

/* Creates a folder and its parents, with mode 0755. Existing ones are fine. */
int make_dirs_below(const struct folder *top, const char *rel, struct err *err);

/* Like tree_copy(), for the file or whole folder at `from_rel`. Parents of `to_rel` are created. 1:
 * copied; 0: `from_rel` does not exist. */
int tree_copy_below(const struct folder *from, const char *from_rel, const struct folder *to,
	const char *to_rel, struct err *err);
/* The same, but `from_rel` must exist. Returns 0 or -1. */
int tree_copy_needed(const struct folder *from, const char *from_rel, const struct folder *to,
	const char *to_rel, struct err *err);

/* Shared with base/file.c and base/tree.c, and with tests. */

/* How a path below a folder is resolved. */
enum resolve {
	RESOLVE_BY_KERNEL, /* openat2(); errno is ENOSYS or EPERM if unavailable */
	RESOLVE_BY_WALK,
	RESOLVE_AS_CAN, /* the first, or the second if that is unavailable */
};

/* openat() below a folder; errno is ELOOP for a link on the way. */
int open_below(int top, const char *rel, int flags, mode_t mode, enum resolve how);

/* How a new file is created. */
enum fresh {
	FRESH_UNNAMED, /* O_TMPFILE: unnamed, so that a kill leaves nothing */
	FRESH_NAMED,
	FRESH_AS_CAN,
};

/* Writes the file `name` in a folder; `path` is for messages. */
int write_in(int dir, const char *name, const char *path, const void *data, size_t len, mode_t mode,
	enum fresh how, struct err *err);

/* Fails, closing fd, unless it is a regular file; `path` is for messages. */
int only_file(int fd, const char *path, struct err *err);
/* "'PATH' is a folder, not a file". */
int not_a_file(const char *path, mode_t mode, struct err *err);

#endif
