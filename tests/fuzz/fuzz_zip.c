/* Any bytes as a zip archive: what is taken has headers that fill the file up to its directory, a
 * member that is read has the size that the directory says, and what is read in memory is what a
 * whole unpacking would put at its name.
 *
 * Source: src/tar/zip.c src/tar/reader.c src/tar/wheel.c
 */
#include "fuzz.h"

#include "tar/tar-internal.h"

static bool is_odd(const void *start, size_t n)
{
	return n && (*(const uint8_t *)start & 1);
}

static int visit(void *ctx, const char *name, const void *data, size_t size, struct err *err)
{
	const struct zip_list *list = ctx;
	size_t i = 0, n = strlen(name);

	(void)err;
	fuzz_check(is_odd(data, size) && n && name[0] != '/' && name[n - 1] != '/');
	while (i < list->n &&
		(list->v[i].size != size || list->v[i].crc != crc32(0, data, (unsigned int)size)))
		i++;
	fuzz_check(i < list->n);
	return 0;
}

/* As a wheel. */
static void read_whole(const char *path, const struct zip_list *list)
{
	struct tar_wheel wheel = {
		.limits = {.max_bytes = 1 << 20, .max_entries = 100, .wheel = true},
		.memory = 1 << 12,
		.scratch = "/tmp",
		.wants = is_odd,
		.visit = visit,
		.ctx = (void *)list};
	struct err err = ERR_INIT;

	if (tar_wheel_read(path, &wheel, &err) < 0)
		fuzz_check_err(&err);
	for (size_t i = 1; i < wheel.folders.n; i++)
		fuzz_check(strcmp(wheel.folders.v[i - 1], wheel.folders.v[i]) < 0);
	strv_release(&wheel.folders);
}

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
		read_whole(path, &list);
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
