/* Unpacks an archive into a new or empty folder: reader.c reads it, inside.c places what is in it,
 * and here the folder is made, locked, and taken back when anything is refused. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "tar/tar-internal.h"
#include "base/file.h"

/* Opens the folder to unpack into, which must be empty, and locks it: of two that unpack into one
 * at the same time, the one that fails would remove what the other wrote. */
static int open_root(const char *dir, const char *made, struct err *err)
{
	CLEANUP_CLOSE int fd = -1;
	int root, empty;

	if (make_dirs(dir, err) < 0) {
		dirs_remove(dir, made);
		return -1;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "cannot list '%s'", dir);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return err_set(err, ERR_ENVIRONMENT,
			"cannot unpack into '%s': another program is unpacking there", dir);
	empty = dir_is_empty(dir, err);
	if (empty < 0)
		return -1;
	if (!empty)
		return err_set(
			err, ERR_ENVIRONMENT, "cannot unpack into '%s': it is not empty", dir);
	root = fd;
	fd = -1;
	return root;
}

/* Removes what is in a folder. A failure leaves rubbish and changes nothing else, so the error
 * that brought us here is the one to report. */
static void empty_folder(const char *dir)
{
	CLEANUP_STRV struct strv names = STRV_INIT;
	struct err ignored = ERR_INIT;

	dir_list(dir, &names, &ignored);
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", dir, names.v[i]);

		tree_remove(path, &ignored);
	}
}

static int unpack_all(struct tar_inside *u, int fd, struct err *err)
{
	struct archive_entry *e;
	int r = tar_reader_open(u->reader, fd, err);

	if (r < 0)
		return -1;
	while ((r = tar_reader_next(u->reader, &e, err)) == 1)
		if (tar_inside_put(u, e) < 0)
			return -1;
	if (r == 0 && !u->reader->n)
		return tar_refuse(u->reader, err, "it holds nothing");
	return r < 0 ? -1 : tar_inside_finish(u);
}

int tar_extract_fd(int fd, const char *archive, const char *dir, int strip,
	const struct tar_limits *limits, struct err *err)
{
	CLEANUP(tar_reader_release)
	struct tar_reader reader = {
		.name = archive, .verb = "unpack", .limits = limits ? *limits : TAR_LIMITS_DEFAULT};
	CLEANUP(tar_inside_release)
	struct tar_inside u = {.reader = &reader, .root = -1, .strip = strip, .err = err};
	CLEANUP_FREE char *made = dirs_missing(dir);
	struct stat st;

	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		err_set(err, ERR_INPUT, "cannot unpack '%s': it is no file", archive);
		return err_hint(err, "save what a pipe brings to a file first");
	}
	u.root = open_root(dir, made, err);
	if (u.root < 0)
		return -1;
	if (unpack_all(&u, fd, err) == 0)
		return 0;
	empty_folder(dir);
	dirs_remove(dir, made);
	return -1;
}

int tar_extract(const char *archive, const char *dir, int strip, const struct tar_limits *limits,
	struct err *err)
{
	CLEANUP_CLOSE int fd = file_open(archive, err);

	if (fd < 0)
		return -1;
	return tar_extract_fd(fd, archive, dir, strip, limits, err);
}
