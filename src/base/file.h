/* Files, folders and paths.
 *
 * Everything that is written for others to read is written beside its place, synced and renamed:
 * whoever looks sees the old file, the new file or none, never a part of one.
 */
#ifndef SOLDER_BASE_FILE_H
#define SOLDER_BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Reads a whole file, refusing one of more than `max` bytes. `out` is replaced. */
int file_read(const char *path, size_t max, struct buf *out, struct err *err);

/* Writes `len` bytes to `path` by way of a temporary file in the same folder. A link that leads
 * somewhere stays, and so do devices and pipes, which are written into. */
int file_write(const char *path, const void *data, size_t len, mode_t mode, struct err *err);

/* Does the path exist (a dangling link does)? */
bool path_exists(const char *path);
bool path_is_dir(const char *path);
/* Is it a folder that can be listed, with nothing in it? */
bool dir_is_empty(const char *path);

/* Creates a folder and those above it. One that is there already is fine. */
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
 * folders and symbolic links, with modes and times. Whatever stands at a target path is replaced,
 * folders are merged. Devices, sockets and pipes are an error. */
int tree_copy(const char *from, const char *to, struct err *err);

/* Calls `visit` for every entry below `root` in sorted order, a folder before what is in it.
 * `rel` is the path below root; links are reported as links. A return of -1 ends the walk. */
struct stat;
typedef int (*tree_visit)(
	void *ctx, const char *path, const char *rel, const struct stat *st, struct err *err);
int tree_walk(const char *root, tree_visit visit, void *ctx, struct err *err);

/* SHA-256 over the names, kinds, executable bits and contents of all that is below root. */
int tree_digest(const char *root, char hex[65], struct err *err);

/* A new folder WITHIN/PREFIX.XXXXXX of this process, to be freed; NULL on failure. The caller
 * removes it. Those that killed processes left there, under the same prefix, are removed first: a
 * file in it, ".lock", is locked (flock) for as long as the process lives. */
char *scratch_make(const char *within, const char *prefix, struct err *err);

/* Locks a folder (flock) for writing into it until *fd, which is the caller's, is closed. Waits for
 * others, which `progress` (may be NULL) then says. 0: it is locked; 1: folders cannot be locked
 * there, errno says why; -1: it cannot be opened, or an interrupt came. */
struct progress;
int folder_lock(const char *folder, struct progress *progress, int *fd, struct err *err);

/* Syncs a file or folder itself (not what is below it) to the disk. */
int path_sync(const char *path, struct err *err);

/* Renames onto `to`, creating its folder first, and syncs that folder. */
int path_rename(const char *from, const char *to, struct err *err);

/* The part after the last slash, inside `path`. */
const char *path_base(const char *path);
/* What stands before the last slash ("." if there is none); the caller frees it. */
char *path_dir(const char *path);
/* The absolute form, links left alone; the caller frees it. */
char *path_absolute(const char *path);
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
