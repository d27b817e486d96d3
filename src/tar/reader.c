/* Reads tar and zip archives, entry by entry, and checks the archive as a whole.
 *
 * A package of Debian is its tar archive of files. For tar two of libarchive's readers are chained,
 * one that only decompresses and one that only reads tar. In between all bytes are counted, whether
 * they belong to files, padding or headers; and at the end the rest of the compressed stream is
 * read too, so that its checksum is verified. gzip is inflated before the first of them, by zlib:
 * libarchive reads past the checksum of gzip without a look at it. Zip is read by its central
 * directory, which says all sizes beforehand, and which zip.c holds against the rest.
 *
 * What goes wrong while libarchive calls us back is kept in `failed`: it would make "truncated" of
 * it, and a broken disk would pass for a broken archive. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tar/tar-internal.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/term.h"

#define TAR_BLOCK 512
/* libarchive keeps headers and maps of sparse files whole, maps at twelve times their size. */
#define HELD_MAX (4u << 20)
#define GZIP_WINDOW (15 + 16) /* the largest; with the header and the checksum of gzip */
/* A package of Debian is an archive of ar: this, and members, each behind a header of text. */
#define DEB_MAGIC "!<arch>\ndebian-binary "
#define DEB_FIRST 8
#define DEB_HEADER 60
#define DEB_MEMBERS_MAX 16

/* The archive chooses its names, and messages go to terminals: what would steer one, or is no
 * UTF-8, becomes '?'. */
void tar_make_harmless(char *text)
{
	while (*text) {
		uint32_t code;
		size_t n = utf8_decode(text, strlen(text), &code);

		if (!n || code < 0x20 || (code >= 0x7f && code < 0xa0)) {
			*text = '?';
			n = 1;
		}
		text += n;
	}
}

const char *tar_reason(struct archive *a)
{
	const char *text = archive_error_string(a);

	return text ? text : "libarchive does not say where";
}

int tar_refuse(struct tar_reader *r, struct err *err, const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	if (r->failed.code) {
		*err = r->failed;
		return -1;
	}
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	/* some of libarchive's messages end in a newline */
	text[strcspn(text, "\n")] = '\0';
	tar_make_harmless(text);
	return err_set(err, ERR_INPUT, "cannot %s '%s': %s", r->verb, r->name, text);
}

int tar_refuse_size(struct tar_reader *r, struct err *err)
{
	tar_refuse(r, err, "it unpacks to more than %" PRIu64 " bytes", r->limits.max_bytes);
	return err_hint(err, "if you trust it, 'solder unpack --max-gib N' takes more");
}

/* Some bytes of the file; as read(). */
static ssize_t read_file(struct tar_reader *r, unsigned char *to, size_t n)
{
	ssize_t got;

	if (n > r->left)
		n = (size_t)r->left;
	do
		got = read(r->fd, to, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		err_sys(&r->failed, "cannot read '%s'", r->name);
	else
		r->left -= (uint64_t)got;
	return got;
}

/* For libarchive: bytes of the file, or what they inflate to. A file of gzip is made of members,
 * each with its checksum; zeros between and after them are padding. */
static la_ssize_t read_block(struct archive *a, void *ctx, const void **block)
{
	struct tar_reader *r = ctx;
	z_stream *z = &r->inflate;
	ssize_t n;
	int got;

	archive_set_error(a, EIO, "it cannot be read");
	*block = r->out;
	if (!r->gzip)
		return read_file(r, r->out, sizeof(r->out));
	z->next_out = r->out;
	for (z->avail_out = sizeof(r->out); z->avail_out;) {
		if (!z->avail_in) {
			n = read_file(r, r->in, sizeof(r->in));
			if (n == 0 && r->in_member)
				archive_set_error(a, EILSEQ, "truncated gzip input");
			if (n < 0 || (n == 0 && r->in_member))
				return -1;
			if (n == 0)
				break;
			z->next_in = r->in;
			z->avail_in = (unsigned int)n;
		}
		for (; !r->in_member && z->avail_in && !*z->next_in; z->next_in++)
			z->avail_in--;
		if (!z->avail_in)
			continue;
		if (!r->in_member)
			inflateReset(z);
		got = inflate(z, Z_NO_FLUSH);
		r->in_member = got != Z_STREAM_END;
		if (got != Z_OK && got != Z_STREAM_END) {
			archive_set_error(a, EILSEQ, "%s", z->msg ? z->msg : zError(got));
			return -1;
		}
	}
	return (la_ssize_t)(sizeof(r->out) - z->avail_out);
}

/* For libarchive: the tar archive. */
static la_ssize_t read_stream(struct archive *tar, void *ctx, const void **block)
{
	struct tar_reader *r = ctx;
	size_t n = 0, zeros = 0;
	la_int64_t offset;
	int got;

	archive_set_error(tar, EIO, "the compressed stream cannot be read");
	do {
		if (interrupt_check(&r->failed) < 0)
			return -1;
		got = archive_read_data_block(r->raw, block, &n, &offset);
		if (got == ARCHIVE_EOF)
			return 0;
		if (got != ARCHIVE_OK)
			return tar_refuse(r, &r->failed, "it is truncated or corrupt: %s",
				tar_reason(r->raw));
	} while (!n);
	r->stream_bytes += n;
	if (r->stream_bytes > r->limits.max_bytes)
		return tar_refuse_size(r, &r->failed);
	r->held += n;
	if (r->held > HELD_MAX)
		return tar_refuse(r, &r->failed,
			"a header in it, or the map of a sparse file, has more than %u MiB",
			HELD_MAX >> 20);
	while (zeros < n && zeros < TAR_BLOCK && !((const char *)*block)[n - 1 - zeros])
		zeros++;
	r->zeros = zeros == n ? r->zeros + zeros : zeros;
	return (la_ssize_t)n;
}

static la_int64_t seek_file(struct archive *a, void *ctx, la_int64_t offset, int whence)
{
	const struct tar_reader *r = ctx;
	off_t at = lseek(r->fd, offset, whence);

	if (at < 0)
		archive_set_error(a, errno, "it cannot be read at any place");
	return at < 0 ? ARCHIVE_FATAL : at;
}

/* Goes to where the files of a package of Debian begin, a tar archive in the file, and sets how
 * long it is; for other files, to the start. */
static int find_stream(struct tar_reader *r, off_t *start, struct err *err)
{
	char text[DEB_HEADER + 1] = "";
	off_t at = DEB_FIRST;

	*start = 0;
	r->left = UINT64_MAX;
	if (file_pread(r->fd, text, strlen(DEB_MAGIC), 0) != (ssize_t)strlen(DEB_MAGIC) ||
		memcmp(text, DEB_MAGIC, strlen(DEB_MAGIC)) != 0)
		return 0;
	for (int i = 0; i < DEB_MEMBERS_MAX; i++) {
		const char *size = text + 48, *end = size + 10;
		uint64_t n = 0;

		if (file_pread(r->fd, text, DEB_HEADER, at) != DEB_HEADER ||
			memcmp(end, "`\n", 2) != 0)
			break;
		while (size < end && *size >= '0' && *size <= '9')
			n = n * 10 + (uint64_t)(*size++ - '0');
		at += DEB_HEADER;
		if (!strncmp(text, "data.tar", strlen("data.tar"))) {
			*start = at;
			r->deb = true;
			r->left = n;
			return lseek(r->fd, at, SEEK_SET) < 0
				       ? err_sys(err, "cannot read '%s'", r->name)
				       : 0;
		}
		at += (off_t)(n + n % 2);
	}
	return tar_refuse(r, err, "it is a package of Debian without files, or truncated");
}

int tar_reader_open(struct tar_reader *r, int fd, struct err *err)
{
	struct archive_entry *ignored;
	unsigned char magic[2];
	struct err bad = ERR_INIT;
	off_t start;

	r->fd = fd;
	if (find_stream(r, &start, err) < 0)
		return -1;
	r->entries = archive_read_new();
	if (!r->entries)
		bug("out of memory");
	if (zip_is(fd)) {
		if (zip_read(fd, r->limits.max_entries, &r->zip, &bad) < 0)
			return tar_refuse(r, err, "%s", bad.msg);
		archive_read_support_format_zip_seekable(r->entries);
		archive_read_set_seek_callback(r->entries, seek_file);
		if (archive_read_open(r->entries, r, NULL, read_block, NULL) != ARCHIVE_OK)
			return tar_refuse(
				r, err, "it is truncated or corrupt: %s", tar_reason(r->entries));
		return 0;
	}
	if (r->limits.wheel)
		return tar_refuse(r, err, "it does not begin as a zip archive");
	r->gzip = file_pread(fd, magic, 2, start) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
	r->in_member = true;
	if (r->gzip && inflateInit2(&r->inflate, GZIP_WINDOW) != Z_OK)
		bug("zlib cannot be used");
	r->raw = archive_read_new();
	if (!r->raw)
		bug("out of memory");
	archive_read_support_filter_gzip(r->raw);
	archive_read_support_filter_bzip2(r->raw);
	archive_read_support_filter_xz(r->raw);
	archive_read_support_filter_zstd(r->raw);
	archive_read_support_format_raw(r->raw);
	archive_read_support_format_tar(r->entries);
	if (archive_read_open(r->raw, r, NULL, read_block, NULL) != ARCHIVE_OK ||
		archive_read_next_header(r->raw, &ignored) != ARCHIVE_OK)
		return tar_refuse(r, err, "it is no archive, or truncated or corrupt: %s",
			tar_reason(r->raw));
	/* what is read counts as one */
	if (archive_filter_count(r->raw) + r->gzip > 2)
		return tar_refuse(r, err, "it is compressed more than once");
	if (archive_read_open(r->entries, r, NULL, read_stream, NULL) != ARCHIVE_OK)
		return tar_refuse(r, err, "it is no tar archive, or truncated or corrupt: %s",
			tar_reason(r->entries));
	return 0;
}

/* The next header; of a package of Debian, the next of what it has below usr. */
static int next_header(struct tar_reader *r, struct archive_entry **e)
{
	char block[4096];

	for (;;) {
		const char *name;
		int got;

		r->held = 0;
		got = archive_read_next_header(r->entries, e);
		if (!r->deb || (got != ARCHIVE_OK && got != ARCHIVE_WARN))
			return got;
		name = archive_entry_pathname(*e);
		if (!name || !strncmp(name, "./usr/", strlen("./usr/")))
			return got;
		/* What libarchive passes over by itself would be held against the limit. */
		do
			r->held = 0;
		while (archive_read_data(r->entries, block, sizeof(block)) > 0);
	}
}

int tar_reader_next(struct tar_reader *r, struct archive_entry **e, struct err *err)
{
	struct err bad = ERR_INIT;
	const void *block;
	la_ssize_t n;
	int got;

	if (interrupt_check(err) < 0)
		return -1;
	got = next_header(r, e);
	if (got == ARCHIVE_OK || got == ARCHIVE_WARN) {
		if (++r->n > r->limits.max_entries)
			return tar_refuse(r, err, "it has more than %" PRIu64 " entries",
				r->limits.max_entries);
		if (!r->raw && zip_next(&r->zip, *e, &bad) < 0)
			return tar_refuse(r, err, "%s", bad.msg);
		return 1;
	}
	if (got != ARCHIVE_EOF)
		return tar_refuse(r, err, "it is no %s archive, or truncated or corrupt: %s",
			r->raw ? "tar" : "zip", tar_reason(r->entries));
	if (!r->raw)
		return zip_finish(&r->zip, &bad) < 0 ? tar_refuse(r, err, "%s", bad.msg) : 0;
	do {
		r->held = 0;
		n = read_stream(r->entries, r, &block);
	} while (n > 0);
	if (n < 0)
		return tar_refuse(r, err, "it cannot be read");
	if (r->n && r->zeros < TAR_BLOCK)
		return tar_refuse(r, err, "it is truncated: the mark at its end is missing");
	return 0;
}

void tar_reader_release(struct tar_reader *r)
{
	archive_read_free(r->entries);
	archive_read_free(r->raw);
	inflateEnd(&r->inflate);
	zip_release(&r->zip);
}

/* True for "FOLDER/rel", whatever the folder. */
static bool is_member(const char *name, const char *rel)
{
	const char *slash;

	if (name && !strncmp(name, "./", 2))
		name += 2;
	slash = name ? strchr(name, '/') : NULL;
	return slash && !strcmp(slash + 1, rel);
}

int tar_member(const char *archive, const char *rel, size_t max, struct buf *out, struct err *err)
{
	CLEANUP_CLOSE int fd = file_open(archive, err);
	CLEANUP(tar_reader_release)
	struct tar_reader r = {.name = archive, .verb = "read", .limits = TAR_LIMITS_DEFAULT};
	struct archive_entry *e;
	char block[4096];
	la_ssize_t n;
	int found;

	if (fd < 0 || tar_reader_open(&r, fd, err) < 0)
		return -1;
	while ((found = tar_reader_next(&r, &e, err)) == 1) {
		bool wanted = archive_entry_filetype(e) == AE_IFREG && !archive_entry_hardlink(e) &&
			      is_member(archive_entry_pathname(e), rel);

		/* In tar, what is passed over is read, too, block by block as all that is held. */
		if (!wanted && !r.raw)
			continue;
		do {
			r.held = 0;
			n = archive_read_data(r.entries, block, sizeof(block));
			if (n < 0)
				return tar_refuse(&r, err, "it is truncated or corrupt: %s",
					tar_reason(r.entries));
			if (wanted && out->len + (size_t)n > max)
				return err_set(err, ERR_INPUT, "'%s' in '%s' has over %zu bytes",
					rel, archive, max);
			if (wanted)
				buf_add(out, block, (size_t)n);
		} while (n > 0);
		if (wanted)
			return 1;
	}
	return found;
}
