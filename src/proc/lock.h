/* Sharing folders: taking turns with other processes, and checking who owns a folder.
 *
 * We lock (flock) only files of our own that nobody else may open: a folder, or a file that others
 * can read, could be locked by any of them. The file names its holder, for messages.
 */
#ifndef SOLDER_PROC_LOCK_H
#define SOLDER_PROC_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct progress;

/* Creates the file and locks it. 1: locked, with its descriptor, which unlocks when closed; 0:
 * someone else holds it; -1: error, and errno is ENOLCK where files cannot be locked. A file
 * created by another user is refused. */
int lock_try(const char *path, int *fd, struct err *err);
/* "pid 123 (solder build), since 12:30:05", or "another process"; the caller frees it. */
char *lock_holder(const char *path);
/* Retries lock_try() until it succeeds, for at most `seconds`, or $SOLDER_LOCK_TIMEOUT if set.
 * `busy` ("another solder is writing in 'X'") begins both the message given once to `progress` (may
 * be NULL) and the error. 0: locked; -1: as for lock_try(), or out of time, or interrupted. */
int lock_wait(const char *path, const char *busy, unsigned int seconds, struct progress *progress,
	int *fd, struct err *err);
/* How long to wait for others, in nanoseconds: $SOLDER_LOCK_TIMEOUT (seconds), else `seconds`. */
uint64_t lock_patience(unsigned int seconds);
/* Sets the error for giving up; the caller adds "PREFIX: ...". Returns -1. */
int lock_gave_up(const char *path, uint64_t waited, struct err *err);

/* A lock whose file is removed on release. */
struct file_lock;
/* Waits for at most ten minutes, or $SOLDER_LOCK_TIMEOUT seconds; `progress` (may be NULL) then
 * says for whom. `what` is what others are writing to, for messages. 0: locked; 1: files cannot be
 * locked there, and *ret is NULL; -1: out of time, interrupted, or the file cannot be created. */
int lock_take(const char *path, const char *what, struct progress *progress, struct file_lock **ret,
	struct err *err);
/* The same for writing into a folder; the lock file is FOLDER/.solder-lock. */
int folder_lock(
	const char *folder, struct progress *progress, struct file_lock **ret, struct err *err);
void lock_release(struct file_lock *lock);
void cleanup_file_lock(struct file_lock **lock);
#define CLEANUP_FILE_LOCK CLEANUP(cleanup_file_lock)

/* Fails (ERR_ENVIRONMENT, with a hint) if the folder `path` belongs to anyone but this user, root,
 * or the owner of "/", or if others can write in it. With `sticky` they may if nobody can rename
 * other users' files, as in /tmp. A missing folder is fine. */
int folder_trust(const char *path, bool sticky, struct err *err);
/* The same for the folders above `path`; sticky ones are fine. */
int folder_trust_above(const char *path, struct err *err);

#endif
