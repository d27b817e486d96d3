/* solder build, for other commands that build. */
#ifndef SOLDER_CMD_BUILD_INTERNAL_H
#define SOLDER_CMD_BUILD_INTERNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/cache.h"
#include "cpython/cpython.h"

/* What the command line of solder build says. */
struct build_values {
	struct cpython_options cpython;
	const char *cc, *output, *sources, *source, *mirror, *cache, *recipes, *sandbox;
	unsigned int jobs;
	bool offline, why, dry_run, json, quiet, keep_work;
};

void cmd_build_defaults(void *values);

/* What a build would have to do, or had. */
struct build_outlook {
	size_t steps;      /* that are not in the cache */
	bool compiles;     /* CPython itself among them */
	uint64_t estimate; /* ns, 0: nothing to do, or unknown */
};

/* As solder build with these values does, but without a word on stdout: `wanted` is a version or
 * series (NULL: the default). With dry_run, or without an output, it only looks what would be done.
 * `outlook` may be NULL. */
int cmd_build_tree(const struct build_values *values, const char *wanted,
	struct build_outlook *outlook, struct err *err);

/* The cached profile with that content (a folder, to be freed), or NULL. */
char *cmd_find_profile(const struct cache *cache, const char *digest);

/* How a tree was built: its share/solder/build.json. */
struct build_record {
	json_t *all;
	struct build_values values; /* what builds the same again; borrows from `all` */
	const char *version;        /* of CPython */
	const char *triple;
	char *profile;
};

/* Reads it; an error (ERR_UNSUPPORTED) if solder did not build the tree, or if the inputs cannot be
 * had again: the profile is no longer in the cache (NULL: the default one), or the source was the
 * user's own and `source` (may be NULL) does not name it. */
int cmd_build_record(const char *tree, const char *cache, const char *source,
	struct build_record *record, struct err *err);
void build_record_release(struct build_record *record);
#define CLEANUP_BUILD_RECORD CLEANUP(build_record_release)

#endif
