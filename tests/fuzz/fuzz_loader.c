/* Any text as what ld.so says of itself: each name that is kept is part of it.
 *
 * Source: src/python/loader.c
 */
#include "fuzz.h"

#include "python/loader.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = xstrndup((const char *)data, size);
	struct loader l = {0};

	parse_diagnostics(&l, text);
	fuzz_check(l.hwcaps.n <= 32 && l.dirs.n <= size);
	fuzz_check(!l.lib || strlen(l.lib) < size);
	for (size_t i = 0; i < l.dirs.n; i++)
		fuzz_check(strstr(text, l.dirs.v[i]) != NULL);
	free(l.lib);
	free(l.platform);
	strv_release(&l.dirs);
	strv_release(&l.hwcaps);
	return 0;
}
