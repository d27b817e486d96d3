/* Any text as apt's sources, in both formats, and as its configuration.
 *
 * Source: src/fetch/mirror.c
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fetch/fetch-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = xstrndup((const char *)data, size);

	for (int deb822 = 0; deb822 < 2; deb822++) {
		CLEANUP_STRV struct strv bases = STRV_INIT;

		apt_sources_parse(text, deb822, &bases);
		for (size_t i = 0; i < bases.n; i++) {
			if (strncasecmp(bases.v[i], "http", 4) != 0 || strpbrk(bases.v[i], " \t\n"))
				abort();
		}
	}
	free(apt_proxy(text, "http://mirror.example/debian"));
	free(apt_proxy("Acquire::http::Proxy \"DIRECT\";", text));
	free(url_shown(text));
	return 0;
}
