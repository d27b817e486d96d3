/* Any text as METADATA of a wheel: fields are lines of it.
 *
 * Source: src/pack/sbom.c
 */
#include "fuzz.h"

#include "pack/sbom.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = xstrndup((const char *)data, size);
	CLEANUP_FREE char *name = wheel_field(text, "Name"), *licence = wheel_licence(text);
	CLEANUP_FREE char *id = identifier("installed", name);

	fuzz_check(strstr(text, name) != NULL && !strpbrk(name, "\r\n") && *licence);
	normalise(name);
	fuzz_check(!id[strspn(id, LETTERS_AND_DIGITS ".-")]);
	return 0;
}
