/* Any text as METADATA of a wheel: fields are lines of it.
 *
 * Source: src/pack/sbom.c
 */
#include "fuzz.h"

#include "pack/sbom.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = xstrndup((const char *)data, size);
	CLEANUP_FREE char *name = wheel_field(text, "Name");
	CLEANUP_FREE char *project = py_project_name(name, strlen(name));
	CLEANUP_FREE char *id = identifier("installed", name);
	json_t *artifact = json_object();

	set_wheel_licence(artifact, text);
	json_decref(artifact);
	fuzz_check(strstr(text, name) != NULL && !strpbrk(name, "\r\n"));
	fuzz_check(strlen(project) <= strlen(name));
	fuzz_check(!id[strspn(id, LETTERS_AND_DIGITS ".-")]);
	return 0;
}
