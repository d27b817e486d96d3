/* Any text as the name of a wheel, as a list of packages, and as what is written while wheels are
 * tried.
 *
 * Source: src/check/wheel-list.c src/check/wheel-try.c
 */
#include "fuzz.h"

#include "check/wheel-try.c"

#include "check/wheel-list.c"

static void list_of(const uint8_t *data, size_t size)
{
	CLEANUP(wheel_list_release) struct wheel_list list = {0};
	struct err err = ERR_INIT;
	char path[64];
	int fd = fuzz_file(data, size, path);

	if (read_names(path, LIST_MAX, &list, &err) < 0)
		fuzz_check_err(&err);
	for (size_t i = 0; i < list.n; i++) {
		const struct wheel_item *item = &list.v[i];

		/* It becomes an argument of pip and part of the names of files. */
		fuzz_check(item->name && *item->name && !strpbrk(item->name, "/ \t"));
		fuzz_check(!item->requirement || !strpbrk(item->requirement, "/ \t") ||
			   item->requirement[0] != '-');
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = xstrndup((const char *)data, size);
	CLEANUP_FREE char *name = NULL, *version = NULL, *frame = crash_frame(text);
	struct wheel_attempt a = {0};

	fuzz_check(!frame || strlen(frame) <= size);
	if (wheel_name_parse(text, &name, &version)) {
		fuzz_check(name && version && !strchr(name, '/') && !strchr(version, '/'));
		fuzz_check(!strpbrk(name, "_.ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
	}
	list_of(data, size);
	buf_adds(&a.result, text);
	fuzz_check(count_good(&a, 3) <= 3);
	wheel_attempt_release(&a);
	return 0;
}
