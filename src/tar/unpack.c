/* Which reader an archive needs, and the checks on the stream as a whole.
 *
 * For tar two readers are chained, one that only decompresses and one that only reads tar: in
 * between all bytes are counted, whether they belong to files, padding or headers, and at the end
 * the rest of the compressed stream is read too, so that its checksum is verified. Zip is read by
 * its central directory, which says all sizes beforehand.
 */
#include "tar/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tar/tar-internal.h"
#include "base/file.h"
#include "base/mem.h"

#define TAR_BLOCK 512
/* libarchive keeps headers and maps of sparse files whole, maps at twelve times their size. */
#define HELD_MAX (4u << 20)

const char *tar_reason(struct archive *a)
{
	const char *text = archive_error_string(a);

	return text ? text : "libarchive does not say where";
}

static void count_zeros(struct unpack *u, const char *data, size_t n)
{
	size_t zeros = 0;

	while (zeros < n && zeros < TAR_BLOCK && !data[n - 1 - zeros])
		zeros++;
	u->zeros = zeros == n ? u->zeros + zeros : zeros;
	if (u->zeros > TAR_BLOCK)
		u->zeros = TAR_BLOCK;
}

static la_ssize_t read_stream(struct archive *tar, void *ctx, const void **block)
{
	struct unpack *u = ctx;
	la_int64_t offset;
	size_t n = 0;
	int r;

	archive_set_error(tar, EIO, "the compressed stream cannot be read");
	do {
		if (unpack_check_interrupt(u) < 0)
			return -1;
		r = archive_read_data_block(u->raw, block, &n, &offset);
		if (r == ARCHIVE_EOF)
			return 0;
		if (r != ARCHIVE_OK) {
			unpack_refuse(u, "it is truncated or corrupt: %s", tar_reason(u->raw));
			return -1;
		}
	} while (!n);
	u->stream_bytes += n;
	if (u->stream_bytes > u->limits.max_bytes)
		return unpack_refuse_size(u);
	u->held += n;
	if (u->held > HELD_MAX) {
		unpack_refuse(u,
			"a header in it, or the map of a sparse file, has more than %u MiB",
			HELD_MAX >> 20);
		return -1;
	}
	count_zeros(u, *block, n);
	if (u->gzip)
		gzip_check_add(&u->gzip_check, *block, n);
	return (la_ssize_t)n;
}

static int open_tar(struct unpack *u, int fd)
{
	struct archive_entry *ignored;

	u->raw = archive_read_new();
	if (!u->raw)
		bug("out of memory");
	archive_read_support_filter_gzip(u->raw);
	archive_read_support_filter_bzip2(u->raw);
	archive_read_support_filter_xz(u->raw);
	archive_read_support_filter_zstd(u->raw);
	archive_read_support_format_raw(u->raw);
	archive_read_support_format_tar(u->reader);
	if (input_open(&u->input, fd, u->raw) != ARCHIVE_OK ||
		archive_read_next_header(u->raw, &ignored) != ARCHIVE_OK)
		return unpack_refuse(
			u, "it is no archive, or truncated or corrupt: %s", tar_reason(u->raw));
	/* the file itself counts as one */
	if (archive_filter_count(u->raw) > 2)
		return unpack_refuse(u, "it is compressed more than once");
	u->gzip = archive_filter_code(u->raw, 0) == ARCHIVE_FILTER_GZIP;
	gzip_check_init(&u->gzip_check);
	if (archive_read_open(u->reader, u, NULL, read_stream, NULL) != ARCHIVE_OK)
		return unpack_refuse(u, "it is no tar archive, or truncated or corrupt: %s",
			tar_reason(u->reader));
	return 0;
}

/* `err` has what the zip reader found. */
static int refuse_zip(struct unpack *u, const struct err *err)
{
	return unpack_refuse(u, "%s", err->msg);
}

static int open_readers(struct unpack *u, int fd)
{
	struct err bad = ERR_INIT;

	u->reader = archive_read_new();
	if (!u->reader)
		bug("out of memory");
	if (!zip_is(fd))
		return u->limits.wheel ? unpack_refuse(u, "it does not begin as a zip archive")
				       : open_tar(u, fd);
	if (zip_read(fd, u->limits.max_entries, &u->zip, &bad) < 0)
		return refuse_zip(u, &bad);
	archive_read_support_format_zip_seekable(u->reader);
	if (input_open(&u->input, fd, u->reader) != ARCHIVE_OK)
		return unpack_refuse(u, "it is truncated or corrupt: %s", tar_reason(u->reader));
	return 0;
}

/* What follows the last entry of a tar archive. */
static int check_end_of_tar(struct unpack *u, int fd)
{
	const void *block;
	la_ssize_t n;
	int failed;

	do {
		u->held = 0;
		n = read_stream(u->reader, u, &block);
	} while (n > 0);
	if (n < 0)
		return -1;
	failed = u->gzip ? gzip_check_failed(&u->gzip_check, fd) : 0;
	if (failed < 0)
		u->input.error = errno;
	if (failed)
		return unpack_refuse(u, "it is corrupt: the checksum of gzip is wrong");
	if (u->entries && u->zeros < TAR_BLOCK)
		return unpack_refuse(u, "it is truncated: the mark at its end is missing");
	return 0;
}

static int next_entry(struct unpack *u, struct archive_entry **e)
{
	u->held = 0;
	return archive_read_next_header(u->reader, e);
}

static int unpack_all(struct unpack *u, int fd)
{
	struct err bad = ERR_INIT;
	struct archive_entry *e;
	int r;

	while ((r = next_entry(u, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		if (++u->entries > u->limits.max_entries)
			return unpack_refuse(
				u, "it has more than %" PRIu64 " entries", u->limits.max_entries);
		if (!u->raw && zip_next(&u->zip, e, &bad) < 0)
			return refuse_zip(u, &bad);
		if (unpack_check_interrupt(u) < 0 || unpack_entry(u, e) < 0)
			return -1;
	}
	if (r != ARCHIVE_EOF)
		return unpack_refuse(u, "it is no %s archive, or truncated or corrupt: %s",
			u->raw ? "tar" : "zip", tar_reason(u->reader));
	if (u->raw && check_end_of_tar(u, fd) < 0)
		return -1;
	if (!u->raw && zip_finish(&u->zip, &bad) < 0)
		return refuse_zip(u, &bad);
	if (!u->entries)
		return unpack_refuse(u, "it holds nothing");
	return unpack_finish_folders(u);
}

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
	struct err ignored = ERR_INIT;
	DIR *listing = opendir(dir);
	struct dirent *e;

	while (listing && (e = readdir(listing))) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", dir, e->d_name);

		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			tree_remove(path, &ignored);
	}
	if (listing)
		closedir(listing);
}

static void unpack_release(struct unpack *u)
{
	archive_read_free(u->reader);
	archive_read_free(u->raw);
	zip_release(&u->zip);
	for (size_t i = 0; i < u->n_folders; i++)
		free(u->folders[i].path);
	free(u->folders);
	strv_release(&u->top);
	if (u->root >= 0)
		close(u->root);
}

int tar_extract_fd(int fd, const char *archive, const char *dir, int strip,
	const struct tar_limits *limits, struct err *err)
{
	CLEANUP(unpack_release)
	struct unpack u = {
		.archive = archive,
		.limits = limits ? *limits : UNPACK_LIMITS_DEFAULT,
		.root = -1,
		.strip = strip,
		.err = err,
	};
	CLEANUP_FREE char *made = dirs_missing(dir);
	struct stat st;

	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		err_set(err, ERR_INPUT, "cannot unpack '%s': it is no file", archive);
		return err_hint(err, "save what a pipe brings to a file first");
	}
	u.root = open_root(dir, made, err);
	if (u.root < 0)
		return -1;
	if (open_readers(&u, fd) == 0 && unpack_all(&u, fd) == 0)
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
