/* Parts of `solder pack`. */
#ifndef SOLDER_CMD_PACK_INTERNAL_H
#define SOLDER_CMD_PACK_INTERNAL_H

#include <stdbool.h>

#include "base/progress.h"
#include "plan/cache.h"
#include "pack/pack.h"

struct pack_values {
	const char *output, *cache, *base_url, *keep, *level_given, *sign, *password;
	bool index, verify, only_cpython, without_archive_library, cyclonedx, release, json;
	unsigned int jobs; /* 0: not said */
	unsigned long level;
};

/* Packs `dir` into `out`, with scratch files in TMPDIR. */
int cmd_pack_write(const struct pack_values *v, const char *dir, const char *out, unsigned int jobs,
	const struct cache *cache, struct progress *progress, json_t **result, struct err *err);

/* Builds again and compares; *result says what was found. 1 if anything differs. */
int cmd_pack_verify(const struct pack_values *v, const char *dir, const struct cache *cache,
	struct progress *progress, json_t **result, struct err *err);

#endif
