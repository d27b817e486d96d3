/* Any text as SHA256SUMS: what is taken and written again reads the same.
 *
 * Source: src/pack/sums.c
 */
#include "fuzz.h"

#include "pack/pack-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *copy = xstrndup((const char *)data, size);
	CLEANUP_SUMS struct sums sums = {0}, again = {0};
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (sums_parse(copy, strlen(copy), "sums", &sums, &err) < 0) {
		fuzz_check_err(&err);
		return 0;
	}
	for (size_t i = 0; i < sums.n; i++)
		fuzz_check(
			strspn(sums.v[i].hex, "0123456789abcdefABCDEF") == 64 && *sums.v[i].name);
	sums_text(&sums, &text);
	if (!text.len)
		return 0;
	fuzz_check(sums_parse(text.data, text.len, "sums", &again, &err) == 0);
	fuzz_check(again.n == sums.n);
	for (size_t i = 0; i < sums.n; i++)
		fuzz_check(!strcmp(sums.v[i].name, again.v[i].name) &&
			   !strcmp(sums.v[i].hex, again.v[i].hex));
	return 0;
}
