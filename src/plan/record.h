/* Records of trees: written when a tree is made, so that later changes are noticed.
 *
 * A record is text: a line for every file, folder and link, "KIND MODE SIZE MTIME INODE SHA256
 * PATH", and a last one with the digest of all that is before it. Of a link, size and digest are
 * those of where it leads. MTIME (nanoseconds) and INODE are 0 in records that are to be the same
 * for the same tree anywhere.
 */
#ifndef SOLDER_PLAN_RECORD_H
#define SOLDER_PLAN_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/below.h"
#include "base/err.h"

struct record_entry {
	char kind; /* f, d, l */
	mode_t mode;
	uint64_t size, mtime_ns, inode;
	char sha256[65]; /* "-" of folders */
	char *path;      /* below the tree */
};

struct record {
	struct record_entry *v; /* in the order of tree_walk() */
	size_t n;
};

void record_release(struct record *r);
#define CLEANUP_RECORD CLEANUP(record_release)

/* Is a path below the tree, and nowhere else: relative, without "." and ".."? */
bool record_takes_path(const char *path);

/* Reads all of a tree. `leave_out` (may be NULL) says what the record is not to have. */
int record_make(
	const char *tree, bool (*leave_out)(const char *path), struct record *ret, struct err *err);
/* `anywhere`: without times and inodes. */
int record_write(const struct record *r, const char *path, bool anywhere, struct err *err);
/* Refuses one that is damaged. */
int record_read(const char *path, struct record *ret, struct err *err);

/* How a tree is compared with its record. */
enum record_depth {
	RECORD_LOOK, /* kinds, modes, sizes, times and inodes; nothing may have been added */
	RECORD_ALL,  /* kinds, modes, sizes and contents; nothing may have been added */
	/* Only of what the record has: kinds, sizes, contents and who may execute it. Copies have
	 * other modes under another umask. */
	RECORD_WITHIN,
};

/* 0: as recorded; 1: not, and *why, to be freed, says what differs first ("bin/x has 10 bytes
 * instead of 20"); 2 (of RECORD_LOOK): but for times or inodes, as those of a copy do; -1. */
int record_check(const struct record *r, const char *tree, enum record_depth depth, char **why,
	struct err *err);
/* As RECORD_WITHIN, of one entry. */
int record_check_entry(
	const struct record_entry *e, const struct folder *tree, char **why, struct err *err);

/* Checks the output of a step. Its script is untrusted, and programs outside of the sandbox copy,
 * pack and merge the output: ours, tar, the user's. So it may hold only folders, files and links
 * that stay within it, wherever it is put. Refused are a tree that is a link itself, devices,
 * pipes, sockets, files with setuid or setgid, and links that are absolute or climb out of the
 * tree. ".." after a name in a link is refused, too, since the name may be a link. Dangling links
 * within the tree are fine. */
int output_check(const char *tree, struct err *err);

#endif
