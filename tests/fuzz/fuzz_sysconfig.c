/* Any text as each file that is rewritten for a moved tree: the folder of the build is in none of
 * them afterwards, and what was not text of the build stays.
 *
 * Source: src/cpython/relocate.c
 */
#include "fuzz.h"

#include "cpython/relocate.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const files[] = {"bin/pip", "lib/python3.13/config-3.13/Makefile",
		"lib/python3.13/config-3.13/python-config.py", "lib/pkgconfig/python.pc",
		"lib/python3.13/_sysconfigdata__linux_.py", "lib/python3.13/build-details.json",
		"include/python3.13/pyconfig.h"};
	static char *words[] = {(char *)"gcc-12", (char *)"cc", (char *)"gcc-ar-12", (char *)"ar"};
	const struct strv tools = {words, ARRAY_SIZE(words), ARRAY_SIZE(words)};
	const struct relocation r = {.root = "/tmp/solder", .tools = &tools};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP_BUF struct buf text = BUF_INIT;
		struct err err = ERR_INIT;

		fuzz_check(wants_edit(files[i]));
		buf_add(&text, data, size);
		if (!is_text(&text))
			return 0;
		if (edit("x", files[i], &r, &text, &err) < 0) {
			fuzz_check_err(&err);
			continue;
		}
		/* In strings of JSON it may be spelt in other ways before. */
		if (!strstr(files[i], "json"))
			fuzz_check(!memmem(text.data, text.len, "/tmp/solder", 11));
		if (size >= 8192)
			continue;
		fuzz_check(strlen(text.data) == text.len);
	}
	return 0;
}
