/* Files, folders and paths.
 *
 * Files that others read are written under a temporary name in the same folder, synced and renamed:
 * a reader sees the old file, the new file or none, never a partial one.
 */
#ifndef SOLDER_BASE_FILE_H
#define SOLDER_BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Opens a regular file for reading; the caller closes it. Follows links. Folders, devices, pipes
 * and sockets are refused before opening, so that nothing blocks waiting for a writer. -1 on
 * failure. */
int file_open(const char *path, struct err *err);

/* Reads a whole regular file, refusing more than `max` bytes. Replaces the content of `out`. */
int file_read(const char *path, size_t max, struct buf *out, struct err *err);
/* The same for the rest of an open file; `path` is for messages. */
int file_read_fd(int fd, const char *path, size_t max, struct buf *out, struct err *err);

/* Like pread(), but reads until `n` bytes or end of file: a short count means end of file, -1 (with
 * errno) an error. */
ssize_t file_pread(int fd, void *data, size_t n, off_t at);

/* Like write(), but writes everything: 0, or -1 with errno. */
int write_fully(int fd, const void *data, size_t len);

/* Writes `len` bytes to `path` through a temporary file in the same folder. If `path` is a link,
 * its target is written and the link stays; devices and pipes are written in place. The temporary
 * file is unnamed until complete; if a kill just before the rename leaves it, the next writer of
 * the same file removes it. A failure leaves nothing. */
int file_write(const char *path, const void *data, size_t len, mode_t mode, struct err *err);

/* True if the path exists, even as a dangling link, or if that cannot be determined: using it will
 * then report the reason. */
bool path_exists(const char *path);
bool path_is_dir(const char *path);
/* Adds the names of a folder's entries, sorted, without "." and "..". */
int dir_list(const char *path, struct strv *names, struct err *err);
/* 1: the folder is empty; 0: it is not; -1: it cannot be listed. */
int dir_is_empty(const char *path, struct err *err);

/* Creates a folder and its parents, with mode 0755 less the umask. Existing ones are fine. */
int make_dirs(const char *path, struct err *err);
/* The topmost folder that make_dirs() would create; NULL if `path` exists. The caller frees it. */
char *dirs_missing(const char *path);
/* Undoes make_dirs(): removes `path` and its parents up to `first`, the earlier result of
 * dirs_missing(), unless something has been put into them. */
void dirs_remove(const char *path, const char *first);

/* Removes a file, link or whole tree, including folders that lack write permission. A missing path
 * is fine. Links are removed, never followed. */
int tree_remove(const char *path, struct err *err);

/* Copies a tree: regular files (as reflinks where the file system can), folders and symbolic links,
 * with modes and times, but without setuid, setgid and sticky bits. Replaces files and links at the
 * target, merges folders. Devices, sockets and pipes are an error. `from` and `to` may be or
 * contain links; none below them is followed. */
int tree_copy(const char *from, const char *to, struct err *err);

/* Calls `visit` for every entry below `root` in sorted order, a folder before its contents. Links
 * are reported as such and never followed, even if a folder is replaced by one meanwhile. The walk
 * ends if `visit` returns -1, and on an interrupt. */
struct folder;
struct stat;
struct tree_entry {
	const struct folder *in; /* the open parent folder, for use with base/below.h */
	const char *name;        /* its name there */
	const char *path; /* starting with root's path: for messages, and for trees of our own */
	const char *rel;  /* relative to root */
	const struct stat *st;
};
typedef int (*tree_visit)(void *ctx, const struct tree_entry *e, struct err *err);
int tree_walk(const char *root, tree_visit visit, void *ctx, struct err *err);

/* SHA-256 over the names, kinds, executable bits and contents of everything below root. Devices,
 * sockets and pipes are an error. */
int tree_digest(const char *root, char hex[65], struct err *err);

/* Creates a folder WITHIN/PREFIX.XXXXXX for this process; the caller removes it, and frees the
 * path. NULL on failure. Folders with the same prefix left by killed processes are removed first:
 * each holds a file, ".lock", that is locked (flock) for the life of its process. */
char *scratch_make(const char *within, const char *prefix, struct err *err);
/* Only removes the folders of killed processes. */
void scratch_clear(const char *within, const char *prefix);
/* Removes one of this process's folders, its lock last, so that what a kill leaves is found
 * again. */
int scratch_end(const char *path, struct err *err);
/* True if scratch_make() could generate this name with this prefix. */
bool scratch_is(const char *name, const char *prefix);

/* Syncs a file or folder itself (not its contents) to disk. */
int path_sync(const char *path, struct err *err);

/* Renames `from` to `to`, creating the parent folder first, and syncs that folder. */
int path_rename(const char *from, const char *to, struct err *err);

/* Atomically exchanges two paths on one file system, and syncs the parent folder of `b`. 1: not
 * supported there. */
int path_exchange(const char *a, const char *b, struct err *err);
/* Syncs the whole file system of `path`, and so everything written below it. */
int path_sync_all(const char *path, struct err *err);

/* The part after the last slash; points into `path`. */
const char *path_base(const char *path);
/* The part before the last slash, or "."; the caller frees it. */
char *path_dir(const char *path);
/* The absolute form, without resolving links; the caller frees it. */
char *path_absolute(const char *path);
/* $XDG_CACHE_HOME/solder, or ~/.cache/solder. `what` ("the cache is") is for messages. The caller
 * frees it; NULL if neither variable gives an absolute path. */
char *user_cache(const char *what, struct err *err);
/* Looks a program up as execvp() would; NULL if not found. The caller frees it. */
char *find_program(const char *name);

/* The monotonic clock, in nanoseconds. */
uint64_t clock_ns(void);

/* SHA-256, in lower-case hexadecimal with the final NUL. */
#define SHA256_HEX_SIZE 65
void sha256_hex(const void *data, size_t len, char hex[SHA256_HEX_SIZE]);
bool sha256_is_hex(const char *s); /* has that form */
/* Of a file, read in chunks; `size` (may be NULL) receives the number of bytes. */
int sha256_file(const char *path, char hex[SHA256_HEX_SIZE], uint64_t *size, struct err *err);
/* Of the rest of an open file; `path` is for messages. */
int sha256_fd(int fd, const char *path, char hex[SHA256_HEX_SIZE], uint64_t *size, struct err *err);

#endif
