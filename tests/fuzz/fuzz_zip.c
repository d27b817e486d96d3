/* Any bytes as a zip archive: what is taken has headers that fill the file up to its directory, and
 * a member that is read has the size that the directory says.
 *
 * Source: src/tar/zip.c src/tar/reader.c
 */
#include "fuzz.h"

#include "tar/tar-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(zip_release) struct zip_list list = {0};
	CLEANUP_BUF struct buf member = BUF_INIT;
	struct err err = ERR_INIT;
	char path[64];
	int fd = fuzz_file(data, size, path), got;

	if (zip_read(fd, 100, &list, &err) < 0) {
		fuzz_check_err(&err);
	} else {
		fuzz_check(list.n <= 100 && (!list.n || list.v[0].offset == 0));
		for (size_t i = 0; i < list.n; i++) {
			fuzz_check(list.v[i].offset < list.v[i + 1].offset);
			fuzz_check(list.v[i].packed < list.v[i + 1].offset - list.v[i].offset);
		}
		fuzz_check(list.v[list.n].offset < size);
	}
	got = tar_member(path, "METADATA", 1 << 16, &member, &err);
	if (got < 0)
		fuzz_check_err(&err);
	for (size_t i = 0; got == 1 && list.n && i < list.n; i++) {
		const struct zip_entry *e = &list.v[i];

		if (e->length == 10 && !memcmp(e->name, "a/METADATA", 10))
			fuzz_check(member.len == e->size);
	}
	close(fd);
	return 0;
}
