/* Any bytes as ld.so.cache; every name that is reported must end inside them.
 *
 * Source: src/python/ldcache.c
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "python/python-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool measure(void *ctx, const struct ldcache_entry *e)
{
	size_t *n = ctx;

	*n += strlen(e->soname) + strlen(e->path) + (e->hwcaps ? strlen(e->hwcaps) : 0);
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Without bytes behind it. */
	CLEANUP_FREE uint8_t *copy = xcalloc(size ? size : 1, 1);
	struct err err = ERR_INIT;
	size_t n = 0;

	if (size)
		memcpy(copy, data, size);
	if (ldcache_each(copy, size, measure, &n, &err) < 0 && !err.msg[0])
		abort();
	return 0;
}
