/* Sharing folders: taking turns with other processes, and whose a folder is.
 *
 * What is locked (flock) is always a file of our own that nobody else may open: a folder, or a file
 * that others can read, could be locked by any of them. The file says who holds it, for messages.
 */
#ifndef SOLDER_PROC_LOCK_H
#define SOLDER_PROC_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct progress;

/* Makes the file and locks it. 1 and the descriptor, whose closing unlocks; 0: somebody else holds
 * it; -1: err says why not, and errno is ENOLCK where files cannot be locked. A file that another
 * user has made is refused. */
int lock_try(const char *path, int *fd, struct err *err);
/* "pid 123 (solder build), since 12:30:05", or "another process"; the caller frees it. */
char *lock_holder(const char *path);
/* lock_try() until it succeeds, for so many seconds, or $SOLDER_LOCK_TIMEOUT, at most. `busy`
 * ("another solder is writing in 'X'") begins what `progress` (may be NULL) is told once and the
 * error. 0, or -1 as lock_try(), when the time is over, or by an interrupt. */
int lock_wait(const char *path, const char *busy, unsigned int seconds, struct progress *progress,
	int *fd, struct err *err);
/* How long to wait for others, in nanoseconds: $SOLDER_LOCK_TIMEOUT (seconds), else `seconds`. */
uint64_t lock_patience(unsigned int seconds);
/* Sets the error that ends such waiting: "PREFIX: ..." is the caller's to add. Returns -1. */
int lock_gave_up(const char *path, uint64_t waited, struct err *err);

/* A lock whose file is removed when it is released. */
struct file_lock;
/* Waits for ten minutes at most, or $SOLDER_LOCK_TIMEOUT seconds; `progress` (may be NULL) then
 * says for whom. `what` is where others write, for messages. 0: it is locked; 1: files cannot be
 * locked there, and *ret is NULL; -1: not in time, an interrupt came, or the file cannot be made.
 */
int lock_take(const char *path, const char *what, struct progress *progress, struct file_lock **ret,
	struct err *err);
/* The same for writing into a folder: the file is FOLDER/.solder-lock. */
int folder_lock(
	const char *folder, struct progress *progress, struct file_lock **ret, struct err *err);
void lock_release(struct file_lock *lock);
void cleanup_file_lock(struct file_lock **lock);
#define CLEANUP_FILE_LOCK CLEANUP(cleanup_file_lock)

/* Fails (ERR_ENVIRONMENT, with a hint) if `path`, a folder, belongs to another user than this one,
 * root, or whom "/" belongs to, or if others can write in it. `sticky`: they may, where nobody can
 * rename what is another's, as in /tmp. A folder that is not there is fine. */
int folder_trust(const char *path, bool sticky, struct err *err);
/* The same for the folders above `path`, where sticky ones are fine. */
int folder_trust_above(const char *path, struct err *err);

#endif
