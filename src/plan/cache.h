/* The content-addressed cache of finished steps.
 *
 *   CACHE/store/NAME-KEY/tree     what the step made (KEY: 16 hexadecimal digits)
 *   CACHE/store/NAME-KEY/files    the record of the tree (plan/record.h)
 *   CACHE/store/NAME-KEY/inputs   the lines that the key is made of, "label=value"
 *   CACHE/store/NAME-KEY/took     how long it took, in nanoseconds
 *   CACHE/store/NAME-KEY/title    what it is, for people
 *   CACHE/sources/SHA256/FILE     verified downloads (the fetch room's)
 *   CACHE/logs/NAME-KEY.log       the output of the step's programs
 *   CACHE/work/NAME-KEY.XXXXXX    a step that is running
 *   CACHE/locks/NAME-KEY          held with flock() while a step runs
 *   CACHE/locks/NAME-KEY.use      held, shared, by who relies on the entry
 *
 * An entry of the store appears by one rename and is never changed afterwards, so that readers
 * need no lock and any number of builds can share a cache. Before an entry is used, its tree is
 * compared with the record: with a look at every file (kind, mode, size, time, inode), or byte by
 * byte where that shows another time or inode, as in a copy of the cache. The time of the entry's
 * folder is when it was last used. A cache is one user's: one that others own or can write is not
 * opened.
 */
#ifndef SOLDER_PLAN_CACHE_H
#define SOLDER_PLAN_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"

struct cache {
	char *dir;     /* absolute */
	char *sources; /* CACHE/sources */
	struct cache_held *held;
};

/* Opens DIR, or $XDG_CACHE_HOME/solder, or ~/.cache/solder; creates the folders and clears away
 * what builds that were killed left in `work`. */
int cache_open(const char *dir, struct cache **ret, struct err *err);
/* The same for reading: nothing is created or cleared, and it need not be writable. A DIR that is
 * not there is an error; the others may be missing, and then nothing is found. */
int cache_open_to_read(const char *dir, struct cache **ret, struct err *err);
void cache_free(struct cache *c);
void cleanup_cache(struct cache **c);

/* Makes a cache in `dir` that shares the sources of another one. It also gets copies of all
 * finished steps but those whose names begin with `all_but`; NULL: of none. */
int cache_derive(const struct cache *from, const char *dir, const char *all_but, struct err *err);

/* Paths; the caller frees them. */
char *cache_source(const struct cache *c, const char *sha256, const char *file);
char *cache_entry(const struct cache *c, const char *id);
char *cache_tree(const struct cache *c, const char *id);
char *cache_log(const struct cache *c, const char *id);

/* The ids of the entries of a step (NULL: of all), the last used first. */
void cache_entries(const struct cache *c, const char *name, struct strv *ids);

/* Is the entry there, and as its step left it? If so, nobody removes it until the cache is freed.
 * If it is there and not whole, *why (may be NULL; to be freed) says what is wrong. */
bool cache_use(const struct cache *c, const char *id, char **why);
/* Notes that the entry was used now. */
void cache_touch(const struct cache *c, const char *id);
/* Nobody removes the entry until the cache is freed. */
void cache_hold(const struct cache *c, const char *id);
/* Compares the entry with its record, byte by byte or (not `all`) by a look: 0; 1 and *why as
 * above; 2, the same: it has no record, as entries of an older solder; -1. */
int cache_check(const struct cache *c, const char *id, bool all, char **why, struct err *err);
/* Writes the record of an entry that has none, of an older solder, as it is now. 1: it has one. */
int cache_record(const struct cache *c, const char *id, struct err *err);
/* Removes an entry and its log. 1: it is in use, or being made. */
int cache_remove(const struct cache *c, const char *id, struct err *err);

/* How long an entry took to make; 0 if unknown. */
uint64_t cache_took(const struct cache *c, const char *id);
/* The title of the step that made it, or its id; the caller frees it. */
char *cache_title(const struct cache *c, const char *id);
bool cache_inputs(const struct cache *c, const char *id, struct strv *lines);

/* Locks an entry for making it: returns 1 and the lock's descriptor, 0 when another process
 * holds it, -1 on error. Closing the descriptor unlocks. */
int cache_lock(const struct cache *c, const char *id, int *fd, struct err *err);
/* The file of that lock, for base/lock.h; the caller frees it. */
char *cache_lock_path(const struct cache *c, const char *id);

/* A fresh folder for making the entry, whose lock the caller holds until it is removed. Clears away
 * what builds that were killed left of the same. Where the cache's path has blanks, the folder is
 * in TMPDIR and `work` has a link to it. */
int cache_work(const struct cache *c, const char *id, char **path, struct err *err);
void cache_work_remove(const struct cache *c, const char *path);

/* Makes `tree` (a folder in `work`) the entry's tree, with a record of it. */
int cache_commit(const struct cache *c, const char *id, const char *title, const char *tree,
	const struct strv *inputs, uint64_t took, struct err *err);

/* Disk usage of the parts of a cache. */
#define CACHE_N_PARTS 4
struct cache_part {
	const char *name; /* "store", "sources", "logs", "work" */
	uint64_t size, files;
};
int cache_measure(const struct cache *c, struct cache_part parts[CACHE_N_PARTS], struct err *err);

/* All entries, those that were not used for longest first. */
struct cache_item {
	char *id, *title;
	uint64_t size;
	time_t used;
	/* Set by cache_prune(): why it went, or NULL; and that it did not, being in use. */
	const char *why;
	bool in_use;
};
struct cache_items {
	struct cache_item *v;
	size_t n;
};
int cache_list(const struct cache *c, struct cache_items *ret, struct err *err);
void cache_items_release(struct cache_items *items);

/* Which entries are to go. */
struct cache_limits {
	bool damaged; /* those that are not as their steps left them */
	bool by_age, by_size;
	time_t before; /* by_age: those that were last used then, or before */
	uint64_t most; /* by_size: the least recently used, until this is left */
	bool dry_run;  /* none is removed */
};
int cache_prune(const struct cache *c, const struct cache_limits *limits,
	const struct cache_items *items, struct err *err);

#endif
