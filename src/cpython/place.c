/* Where the tree lies, in what programs are linked with: lib/libpython3.13.so (--embed here).
 *
 * It is a stub (elf/elf.h) beside the library. Until the tree is placed, and in archives, its name
 * is the library's, which the loader searches for, as with the link that lies there otherwise.
 * After that src/cpython/sysconfig.py does the same whenever it finds the tree moved. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/below.h"
#include "base/file.h"
#include "cpython/cpython-internal.h"
#include "elf/elf.h"

/* As in archives. */
#define LIBRARY_MODE 0644

int place_add(const struct folder *tree, const char *library, const char *place, struct err *err)
{
	CLEANUP_FREE char *real = xasprintf("%s/lib/%s.1.0", tree->path, library);
	CLEANUP_FREE char *rel = xasprintf("lib/%s", library);
	CLEANUP_FREE char *name = xasprintf("%s/lib/%s", place, library);
	CLEANUP_BUF struct buf file = BUF_INIT, there = BUF_INIT;
	struct stat st;
	int got;

	if (elf_stub_make(real, &file, err) < 0 || elf_stub_rename(&file, name, err) < 0 ||
		(got = stat_below(tree, rel, &st, err)) < 0)
		return -1;
	if (got && S_ISREG(st.st_mode) && (size_t)st.st_size == file.len &&
		file_read_below(tree, rel, ELF_STUB_MAX, &there, err) < 0)
		return -1;
	if (there.len == file.len && !memcmp(there.data, file.data, file.len))
		return 0;
	return file_write_below(tree, rel, file.data, file.len, LIBRARY_MODE, err);
}

/* Renews the name in a stub; leaves anything else. */
static int renew(const struct folder *lib, const char *name, const char *place, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/lib/%s", place, name);
	CLEANUP_BUF struct buf file = BUF_INIT;
	const char *old;
	struct stat st;

	if (fstatat(lib->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
		(size_t)st.st_size > ELF_STUB_MAX)
		return 0;
	if (file_read_below(lib, name, ELF_STUB_MAX, &file, err) < 0)
		return -1;
	old = elf_stub_name(&file);
	if (!old || !strcmp(old, path))
		return 0;
	if (elf_stub_rename(&file, path, err) < 0)
		return -1;
	return file_write_below(lib, name, file.data, file.len, st.st_mode & 0777, err);
}

int cpython_place(const char *tree, struct err *err)
{
	CLEANUP_FREE char *place = realpath(tree, NULL);
	CLEANUP_FREE char *path = place ? xasprintf("%s/lib", place) : NULL;
	CLEANUP_FOLDER struct folder lib = FOLDER_INIT;
	CLEANUP_STRV struct strv names = STRV_INIT;
	struct dirent *e;
	DIR *list;

	if (!place)
		return err_sys(err, "cannot find '%s'", tree);
	list = opendir(path);
	while (list && (e = readdir(list)))
		if (!strncmp(e->d_name, "libpython", 9) && ends_with(e->d_name, ".so"))
			strv_add(&names, e->d_name);
	if (list)
		closedir(list);
	if (names.n && folder_open(path, &lib, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++)
		if (renew(&lib, names.v[i], place, err) < 0)
			return err_wrap(err,
				"telling programs that are linked with '%s/lib/%s' "
				"where it lies",
				place, names.v[i]);
	return 0;
}
