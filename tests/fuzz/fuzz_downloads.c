/* Any text as the list of downloads, whose entries may be dropped but not changed, and every one of
 * its keys and addresses as the name of an archive.
 *
 * Source: src/pack/index.c
 */
#include "fuzz.h"

#include "pack/index.c"

static void name_of(const char *text)
{
	CLEANUP(name_release) struct archive_name n = {0};

	if (!split_name(text, &n))
		return;
	CLEANUP_FREE char *key = key_of(&n);
	CLEANUP_FREE char *url = url_of("https://host/x", text);
	CLEANUP_FREE char *file = file_of(url, "https://host/x");

	fuzz_check(n.major < 1000 && n.rank > 0 && *key && file && !strcmp(file, text));
	is_better(text, &n, text);
	json_decref(entry_json(&n, url, "00"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = xstrndup((const char *)data, size);
	json_t *index = NULL, *dropped = json_array(), *e;
	struct err err = ERR_INIT;
	const char *key;
	size_t before;
	char path[64];
	int fd = fuzz_file(data, size, path);

	name_of(text);
	if (read_index(path, &index, &err) < 0) {
		fuzz_check_err(&err);
	} else {
		before = json_object_size(index);
		json_object_foreach (index, key, e) {
			const char *url = json_string_value(json_object_get(e, "url"));

			name_of(key);
			name_of(url ? url : "");
		}
		drop_gone("/nonexistent", "https://host/x", index, dropped);
		fuzz_check(json_object_size(index) + json_array_size(dropped) == before);
	}
	json_decref(index);
	json_decref(dropped);
	close(fd);
	return 0;
}
