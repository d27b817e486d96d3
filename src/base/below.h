/* Trees that strangers made: what a step of a build left, what was unpacked, a Python of unknown
 * hands.
 *
 * Such a tree may hold links that lead anywhere, and whoever made it may still be at work in it.
 * So nothing in it is named by a path from outside: its top folder is opened once, and all else is
 * reached below that descriptor without following a link, the last name included. A folder that is
 * replaced by a link at any moment, before or during the work, makes a call fail; it cannot turn it
 * elsewhere. The kernel resolves whole paths so (openat2); where it cannot, they are walked folder
 * by folder with O_NOFOLLOW.
 *
 * `rel` is a path below a folder: "share/solder/key". One that is absolute, empty or holds ".." is
 * refused like a link. Messages name folder and path.
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

/* Opens the top of a tree. `path` is what the caller or the user names, so links in it are
 * followed. 0 or -1; either way `ret` is to be closed. */
int folder_open(const char *path, struct folder *ret, struct err *err);
void folder_close(struct folder *f);

/* The same of a folder below one. */
int folder_open_below(
	const struct folder *top, const char *rel, struct folder *ret, struct err *err);

/* Adds the names of what is in it, sorted, without "." and "..". */
int folder_list(const struct folder *f, struct strv *names, struct err *err);

/* 1: *st is of what stands there, which may be a link; 0: nothing stands there; -1: it cannot be
 * told, or the way there leads through a link. */
int stat_below(const struct folder *top, const char *rel, struct stat *st, struct err *err);

/* A regular file, to read: its descriptor, which the caller closes, or -1. */
int file_open_below(const struct folder *top, const char *rel, struct err *err);

/* As file_read() and file_write(), which see base/file.h. A link that stands where the file is to
 * be is replaced. */
int file_read_below(
	const struct folder *top, const char *rel, size_t max, struct buf *out, struct err *err);
int file_write_below(const struct folder *top, const char *rel, const void *data, size_t len,
	mode_t mode, struct err *err);

/* The target of a link, to be freed; NULL on failure. */
char *link_read_below(const struct folder *top, const char *rel, struct err *err);

/* Creates a folder and those above it, with 0755. Those that are there are fine. */
int make_dirs_below(const struct folder *top, const char *rel, struct err *err);

/* As tree_copy(), of the file or the folder with all that is in it at `from_rel`. Folders above
 * `to_rel` are created. 1: copied; 0: nothing stands at `from_rel`. */
int tree_copy_below(const struct folder *from, const char *from_rel, const struct folder *to,
	const char *to_rel, struct err *err);
/* The same of what must be there. Returns 0 or -1. */
int tree_copy_needed(const struct folder *from, const char *from_rel, const struct folder *to,
	const char *to_rel, struct err *err);

/* Shared with base/file.c and base/tree.c, and with tests. */

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
