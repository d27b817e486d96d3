/* The content-addressed cache of finished steps.
 *
 *   CACHE/store/NAME-KEY/tree     the step's output (KEY: 16 hexadecimal digits)
 *   CACHE/store/NAME-KEY/files    the record of the tree (plan/record.h)
 *   CACHE/store/NAME-KEY/inputs   the lines that the key is made of, "label=value"
 *   CACHE/store/NAME-KEY/took     how long it took, in nanoseconds
 *   CACHE/store/NAME-KEY/title    its title, for people
 *   CACHE/store/NAME-KEY/shared   its name in shared caches, if it may be in one
 *   CACHE/sources/SHA256/FILE     verified downloads (owned by the fetch room)
 *   CACHE/logs/NAME-KEY.log       the output of the step's programs
 *   CACHE/work/NAME-KEY.XXXXXX    a running step
 *   CACHE/locks/NAME-KEY          held with flock() while a step runs
 *   CACHE/locks/NAME-KEY.use      held, shared, by users of the entry
 *
 * Store entries appear by a single rename and never change afterwards, so readers need no lock and
 * any number of builds can share a cache. Before an entry is used, its tree is compared with the
 * record: every file's kind, mode, size, time and inode; byte by byte if a time or inode differs,
 * as in a copy of the cache. The mtime of the entry's folder is its last use. A cache belongs to
 * one user: one that others own or can write to is not opened.
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

/* Opens DIR, or $XDG_CACHE_HOME/solder, or ~/.cache/solder; creates the folders and clears what
 * killed builds left in `work`. */
int cache_open(const char *dir, struct cache **ret, struct err *err);
/* The same for reading: creates and clears nothing, and works on a read-only cache. If DIR was
 * given, it must exist; the default folders may be missing, and then the cache is empty. */
int cache_open_to_read(const char *dir, struct cache **ret, struct err *err);
void cache_free(struct cache *c);
void cleanup_cache(struct cache **c);

/* Makes a cache in `dir` that shares the sources of another one. Copies all finished steps except
 * those whose names begin with `all_but`; none if that is NULL. */
int cache_derive(const struct cache *from, const char *dir, const char *all_but, struct err *err);

/* Paths; the caller frees them. */
char *cache_source(const struct cache *c, const char *sha256, const char *file);
char *cache_entry(const struct cache *c, const char *id);
char *cache_tree(const struct cache *c, const char *id);
char *cache_log(const struct cache *c, const char *id);

/* The ids of a step's entries (NULL: of all), most recently used first. */
void cache_entries(const struct cache *c, const char *name, struct strv *ids);

/* True if the entry exists and is intact; it is then protected from removal until the cache is
 * freed. If it exists but is damaged, *why (may be NULL; the caller frees it) says how. */
bool cache_use(const struct cache *c, const char *id, char **why);
/* Marks the entry as used now. */
void cache_touch(const struct cache *c, const char *id);
/* Protects the entry from removal until the cache is freed. */
void cache_hold(const struct cache *c, const char *id);
/* Compares the entry with its record, byte by byte if `all`, else by metadata. 0: intact; 1:
 * damaged, with *why as above; 2, with *why as well: it has no record, being from an older solder;
 * -1: error. */
int cache_check(const struct cache *c, const char *id, bool all, char **why, struct err *err);
/* Writes a record of the current state of an entry that has none (from an older solder). 1: it
 * already has one. */
int cache_record(const struct cache *c, const char *id, struct err *err);
/* Removes an entry and its log. 1: it is in use or being made. */
int cache_remove(const struct cache *c, const char *id, struct err *err);

/* How long an entry took to make; 0 if unknown. */
uint64_t cache_took(const struct cache *c, const char *id);
/* The title of the step that made it, or the id; the caller frees it. */
char *cache_title(const struct cache *c, const char *id);
/* The name under which other machines may have it (see plan_share()), or NULL; the caller frees
 * it. */
char *cache_shared(const struct cache *c, const char *id);
bool cache_inputs(const struct cache *c, const char *id, struct strv *lines);

/* Locks an entry in order to make it: returns 1 and the lock's descriptor, 0 if another process
 * holds it, -1 on error. Closing the descriptor unlocks. */
int cache_lock(const struct cache *c, const char *id, int *fd, struct err *err);
/* The path of that lock file, for proc/lock.h; the caller frees it. */
char *cache_lock_path(const struct cache *c, const char *id);

/* Creates a fresh folder for making the entry; the caller holds its lock until the folder is
 * removed. Clears what killed builds of the same entry left. If the cache's path contains spaces,
 * the folder is in TMPDIR and `work` has a link to it. */
int cache_work(const struct cache *c, const char *id, char **path, struct err *err);
void cache_work_remove(const struct cache *c, const char *path);

/* Makes `tree` (a folder in `work`) the entry's tree, and writes a record of it. */
struct cache_notes {
	const char *title;
	const struct strv *inputs;
	uint64_t took;
	const char *shared; /* may be NULL */
};
int cache_commit(const struct cache *c, const char *id, const char *tree,
	const struct cache_notes *notes, struct err *err);

/* Disk usage of the parts of a cache. */
#define CACHE_N_PARTS 5
struct cache_part {
	const char *name; /* "store", "sources", "logs", "work", "wheels" */
	uint64_t size, files;
};
int cache_measure(const struct cache *c, struct cache_part parts[CACHE_N_PARTS], struct err *err);

/* All entries, least recently used first. */
struct cache_item {
	char *id, *title;
	uint64_t size;
	time_t used;
	/* Set by cache_prune(): why it was selected, or NULL; and whether it was kept because it is
	 * in use. */
	const char *why;
	bool in_use;
};
struct cache_items {
	struct cache_item *v;
	size_t n;
};
int cache_list(const struct cache *c, struct cache_items *ret, struct err *err);
void cache_items_release(struct cache_items *items);

/* Selects the entries to remove. */
struct cache_limits {
	bool damaged; /* those that differ from their record */
	bool by_age, by_size;
	time_t before; /* by_age: entries last used at this time or earlier */
	uint64_t most; /* by_size: the least recently used, until this many bytes are left */
	bool dry_run;  /* remove nothing */
};
int cache_prune(const struct cache *c, const struct cache_limits *limits,
	const struct cache_items *items, struct err *err);

#endif
