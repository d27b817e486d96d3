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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Without bytes behind it. */
	CLEANUP_FREE uint8_t *copy = xcalloc(size ? size : 1, 1);
	struct err err = ERR_INIT;
	struct ldcache_entry e;
	struct ldcache cache;
	size_t n = 0;
	int got = -1;

	if (size)
		memcpy(copy, data, size);
	if (ldcache_open(copy, size, &cache, &err) == 0) {
		while ((got = ldcache_next(&cache, &e, &err)) > 0)
			n += strlen(e.soname) + strlen(e.path) + (e.hwcaps ? strlen(e.hwcaps) : 0);
	}
	if ((got < 0 && !err.msg[0]) || (n && !size))
		abort();
	return 0;
}
