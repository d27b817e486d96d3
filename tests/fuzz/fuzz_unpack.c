/* Any bytes as an archive: refused or unpacked, but never a byte outside the folder, and nothing
 * left behind by a refusal.
 *
 * Source: src/tar/reader.c src/tar/extract.c
 */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tar/tar.h"
#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_empty(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	if (n != 2)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tar_limits limits = {.max_bytes = 1 << 20, .max_entries = 100};
	char root[] = "/tmp/fuzz-unpack-XXXXXX", archive[64];
	struct err err = ERR_INIT;
	int fd = memfd_create("archive", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || !mkdtemp(root))
		abort();
	snprintf(archive, sizeof(archive), "/proc/self/fd/%d", fd);
	for (int strip = 0; strip < 2; strip++) {
		CLEANUP_FREE char *out = xasprintf("%s/a/b/out", root);
		CLEANUP_FREE char *top = xasprintf("%s/a", root);

		if (tar_extract(archive, out, strip, &limits, &err) == 0) {
			if (tree_remove(top, &err) < 0)
				abort();
		}
		check_empty(root);
	}
	close(fd);
	if (tree_remove(root, &err) < 0)
		abort();
	return 0;
}
