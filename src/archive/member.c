/* One file out of an archive, into memory. */
#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "archive/archive-internal.h"
#include "base/interrupt.h"

#define BLOCK (1 << 16)
#define ENTRIES_MAX 300000

static struct archive *open_reader(const char *archive, struct err *err)
{
	struct archive *a = archive_read_new();

	if (!a)
		bug("no memory for an archive");
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_format_tar(a);
	archive_read_support_format_zip_seekable(a);
	if (archive_read_open_filename(a, archive, BLOCK) == ARCHIVE_OK)
		return a;
	err_set(err, ERR_INPUT, "cannot read '%s': it is no archive, or truncated or corrupt: %s",
		archive, archive_reason(a));
	archive_read_free(a);
	return NULL;
}

/* Is `name` "FOLDER/rel"? */
static bool is_member(const char *name, const char *rel)
{
	const char *slash;

	if (name && !strncmp(name, "./", 2))
		name += 2;
	slash = name ? strchr(name, '/') : NULL;
	return slash && !strcmp(slash + 1, rel);
}

/* 1: `a` stands at it; 0: there is none. */
static int seek(struct archive *a, const char *archive, const char *rel, struct err *err)
{
	struct archive_entry *e;
	size_t n = 0;
	int r;

	while ((r = archive_read_next_header(a, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		if (interrupt_check(err) < 0)
			return -1;
		if (archive_entry_filetype(e) == AE_IFREG && !archive_entry_hardlink(e) &&
			is_member(archive_entry_pathname(e), rel))
			return 1;
		if (++n > ENTRIES_MAX)
			return err_set(err, ERR_INPUT, "cannot read '%s': it has over %d entries",
				archive, ENTRIES_MAX);
	}
	if (r == ARCHIVE_EOF)
		return 0;
	return err_set(err, ERR_INPUT, "cannot read '%s': it is truncated or corrupt: %s", archive,
		archive_reason(a));
}

static int read_content(struct archive *a, const char *archive, const char *rel, size_t max,
	struct buf *out, struct err *err)
{
	char block[4096];
	la_ssize_t n;

	while ((n = archive_read_data(a, block, sizeof(block))) > 0) {
		if (out->len + (size_t)n > max)
			return err_set(err, ERR_INPUT, "'%s' in '%s' has over %zu bytes", rel,
				archive, max);
		buf_add(out, block, (size_t)n);
	}
	if (n == 0)
		return 1;
	return err_set(err, ERR_INPUT, "cannot read '%s': it is truncated or corrupt: %s", archive,
		archive_reason(a));
}

int archive_member(
	const char *archive, const char *rel, size_t max, struct buf *out, struct err *err)
{
	struct archive *a = open_reader(archive, err);
	int found;

	if (!a)
		return -1;
	found = seek(a, archive, rel, err);
	if (found == 1)
		found = read_content(a, archive, rel, max, out, err);
	archive_read_free(a);
	return found;
}
