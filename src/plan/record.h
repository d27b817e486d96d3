/* Records of trees, written when a tree is made so that later changes can be detected.
 *
 * A record is text: one line for every file, folder and link, "KIND MODE SIZE MTIME INODE SHA256
 * PATH", and a last line with the digest of everything before it. For a link, size and digest are
 * those of its target path. MTIME (nanoseconds) and INODE are 0 in records that must not vary
 * between copies of the same tree.
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
	char sha256[65]; /* "-" for folders */
	char *path;      /* relative to the tree */
};

struct record {
	struct record_entry *v; /* in tree_walk() order */
	size_t n;
};

void record_release(struct record *r);
#define CLEANUP_RECORD CLEANUP(record_release)

/* True if the path stays below the tree: relative, without "." and "..". */
bool record_takes_path(const char *path);

/* Reads a whole tree. `leave_out` (may be NULL) selects entries to skip. */
int record_make(
	const char *tree, bool (*leave_out)(const char *path), struct record *ret, struct err *err);
/* `anywhere`: omit times and inodes. */
int record_write(const struct record *r, const char *path, bool anywhere, struct err *err);
/* Rejects a damaged record. */
int record_read(const char *path, struct record *ret, struct err *err);

/* How closely a tree is compared with its record. */
enum record_depth {
	RECORD_LOOK, /* kinds, modes, sizes, times and inodes; added files are differences */
	RECORD_ALL,  /* kinds, modes, sizes and contents; added files are differences */
	/* Recorded entries only: kinds, sizes, contents and who may execute them. Copies have other
	 * modes under another umask. */
	RECORD_WITHIN,
};

/* 0: as recorded; 1: different, and *why, which the caller frees, names the first difference
 * ("bin/x has 10 bytes instead of 20"); 2 (RECORD_LOOK only): only times or inodes differ, as in a
 * copy; -1: error. */
int record_check(const struct record *r, const char *tree, enum record_depth depth, char **why,
	struct err *err);
/* Like RECORD_WITHIN, for one entry. */
int record_check_entry(
	const struct record_entry *e, const struct folder *tree, char **why, struct err *err);

/* Checks the output of a step. Its script is untrusted, and programs outside the sandbox copy, pack
 * and merge the output: ours, tar, the user's. So it may hold only folders, files and links that
 * stay within it, wherever it is put. Rejects a tree that is itself a link, devices, pipes,
 * sockets, setuid or setgid files, and links that are absolute or climb out of the tree. ".." after
 * a name in a link is rejected too, since the name may be a link. Dangling links within the tree
 * are fine. */
int output_check(const char *tree, struct err *err);

#endif
