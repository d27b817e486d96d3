/* Which sources a build uses: the set, the versions, and where the files are. */
#ifndef SOLDER_PLAN_SOURCES_H
#define SOLDER_PLAN_SOURCES_H

#include "base/progress.h"
#include "plan/cache.h"
#include "cpython/cpython.h"
#include "fetch/fetch.h"

struct sources_options {
	const char *recipes; /* the folder of recipes */
	const char *set;     /* "auto", "upstream" or "debian" */
	const char *wanted;  /* "3.13", "3.13.5"; NULL: the default series */
	const char *source;  /* the user's own CPython, folder or tarball; NULL: a locked one */
	bool offline;
	const struct cache *cache;
	struct fetcher *fetcher;
	struct progress *progress;
};

/* The series that is built when none is named. */
#define CPYTHON_DEFAULT "3.13"

struct sources {
	struct lock *lock;
	char *reason;          /* why this set */
	struct chosen *chosen; /* dependencies first, CPython last */
	size_t n;
	char *version; /* of the user's own source */
};

/* Settles the set and a version for CPython and every package that it needs. */
int sources_choose(const struct sources_options *o, struct sources *ret, struct err *err);
void sources_release(struct sources *s);

/* Takes from a folder whatever any set locks, so that it counts as downloaded; *n receives how many
 * files of it are in the store now. A file with a locked name and other bytes is an error. */
int sources_import(const struct sources_options *o, const char *dir, size_t *n, struct err *err);

/* Is it downloaded already? Whether it is intact is verified before it is used. */
bool sources_is_stored(const struct cache *cache, const struct lock_entry *e);

/* Downloads what the steps that must run need, and tells them where it is. */
int sources_fetch(struct plan *plan, struct fetcher *f, struct err *err);
/* Downloads everything that was chosen. `paths` (may be NULL) receives the files. */
int sources_fetch_all(
	const struct sources *s, struct fetcher *f, struct strv *paths, struct err *err);

#endif
