/* Files, folders and paths.
 *
 * Files that others read are written under a temporary name in the same folder, synced and renamed:
 * a reader sees the old file, the new file or none, never a part of one.
 */
#ifndef SOLDER_BASE_FILE_H
#define SOLDER_BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Opens a regular file to read; the caller closes it. Links are followed. A folder, device, pipe or
 * socket is refused before it is opened, so that nothing waits for a writer. -1 on failure. */
int file_open(const char *path, struct err *err);

/* Reads a whole regular file, refusing one of more than `max` bytes. `out` is replaced. */
int file_read(const char *path, size_t max, struct buf *out, struct err *err);
/* The same of what is left to read of an open file; `path` is for messages. */
int file_read_fd(int fd, const char *path, size_t max, struct buf *out, struct err *err);

/* As pread(), until `n` bytes or the end of the file: fewer are its end, -1 and errno a failure. */
ssize_t file_pread(int fd, void *data, size_t n, off_t at);

/* As write(), until everything is written: 0, or -1 and errno. */
int write_fully(int fd, const void *data, size_t len);

/* Writes `len` bytes to `path` by way of a temporary file in the same folder. A link that leads
 * somewhere stays, and so do devices and pipes, which are written into. The temporary file has no
 * name until it is complete; what a kill in the moment before the rename leaves is removed by the
 * next that writes the same file. On failure nothing is left. */
int file_write(const char *path, const void *data, size_t len, mode_t mode, struct err *err);

/* True if the path exists, if only as a dangling link, or if that cannot be determined: then
 * using it reports the reason. */
bool path_exists(const char *path);
bool path_is_dir(const char *path);
/* Adds the names of what is in a folder, sorted, without "." and "..". */
int dir_list(const char *path, struct strv *names, struct err *err);
/* 1: the folder is empty; 0: it is not; -1: it cannot be listed. */
int dir_is_empty(const char *path, struct err *err);

/* Creates a folder and those above it, with 0755 whatever the umask allows beyond. One that is
 * there already is fine. */
int make_dirs(const char *path, struct err *err);
/* The topmost of the folders that make_dirs() would create; NULL if `path` is there. To be freed.
 */
char *dirs_missing(const char *path);
/* Takes make_dirs() back: removes `path` and those above it up to `first`, what dirs_missing() said
 * before, unless somebody has put something into them. */
void dirs_remove(const char *path, const char *first);

/* Removes a file, link or whole tree, also one with folders that lack write permission. A path
 * that does not exist is fine. Links are removed, never followed. */
int tree_remove(const char *path, struct err *err);

/* Copies a tree: regular files (sharing blocks with the original where the file system can),
 * folders and symbolic links, with modes and times, but without setuid, setgid and sticky bits.
 * Files and links at a target path are replaced, folders are merged. Devices, sockets and pipes are
 * an error. `from` and `to` may be or lead through links; below them none is followed. */
int tree_copy(const char *from, const char *to, struct err *err);

/* Calls `visit` for every entry below `root` in sorted order, a folder before what is in it. Links
 * are reported as links and never followed, also when a folder becomes one meanwhile. A return of
 * -1 ends the walk, and so does an interrupt. */
struct folder;
struct stat;
struct tree_entry {
	const struct folder *in; /* where it is, open: for the functions of base/below.h */
	const char *name;        /* what it is called there */
	const char *path;        /* from the root's path on: to show, and for trees of our own */
	const char *rel;         /* below the root */
	const struct stat *st;
};
typedef int (*tree_visit)(void *ctx, const struct tree_entry *e, struct err *err);
int tree_walk(const char *root, tree_visit visit, void *ctx, struct err *err);

/* SHA-256 over the names, kinds, executable bits and contents of all that is below root. Devices,
 * sockets and pipes are an error. */
int tree_digest(const char *root, char hex[65], struct err *err);

/* A new folder WITHIN/PREFIX.XXXXXX of this process, to be freed; NULL on failure. The caller
 * removes it. Those that killed processes left there, under the same prefix, are removed first: a
 * file in it, ".lock", is locked (flock) for as long as the process lives. */
char *scratch_make(const char *within, const char *prefix, struct err *err);
/* Only removes those of killed processes. */
void scratch_clear(const char *within, const char *prefix);
/* Removes one of this process, its lock last: what a kill leaves of it is found again. */
int scratch_end(const char *path, struct err *err);
/* True for a name that scratch_make() could give under this prefix. */
bool scratch_is(const char *name, const char *prefix);

/* Syncs a file or folder itself (not what is below it) to the disk. */
int path_sync(const char *path, struct err *err);

/* Renames onto `to`, creating its folder first, and syncs that folder. */
int path_rename(const char *from, const char *to, struct err *err);

/* Exchanges what stands at two paths of one file system in one step, and syncs the folder of `b`.
 * 1: that cannot be done there. */
int path_exchange(const char *a, const char *b, struct err *err);
/* Syncs the whole file system that `path` is on: all that was written below it is on the disk. */
int path_sync_all(const char *path, struct err *err);

/* The part after the last slash, inside `path`. */
const char *path_base(const char *path);
/* The part before the last slash, or "."; the caller frees it. */
char *path_dir(const char *path);
/* The absolute form, links left alone; the caller frees it. */
char *path_absolute(const char *path);
/* $XDG_CACHE_HOME/solder, or ~/.cache/solder: where `what` ("the cache is"). The caller frees it;
 * NULL if neither variable says it. */
char *user_cache(const char *what, struct err *err);
/* Looks a program up as execvp would; NULL if none. The caller frees it. */
char *find_program(const char *name);

/* Seconds on the monotonic clock, in nanoseconds. */
uint64_t clock_ns(void);

/* SHA-256, in lower-case hexadecimal with the final NUL. */
#define SHA256_HEX_SIZE 65
void sha256_hex(const void *data, size_t len, char hex[SHA256_HEX_SIZE]);
/* Of a file, read in pieces; `size` (may be NULL) receives how many bytes it had. */
int sha256_file(const char *path, char hex[SHA256_HEX_SIZE], uint64_t *size, struct err *err);
/* Of what is left to read of an open file; `path` is for messages. */
int sha256_fd(int fd, const char *path, char hex[SHA256_HEX_SIZE], uint64_t *size, struct err *err);

#endif
