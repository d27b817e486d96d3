/* One file out of an archive, into memory. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tar/tar-internal.h"
#include "base/interrupt.h"

#define ENTRIES_MAX 300000

/* An archive in the reading. */
struct reader {
	const char *name;
	int fd;
	struct input input;
	struct archive *a;
	bool is_zip;
	struct zip_list zip;
};

static void reader_release(struct reader *r)
{
	archive_read_free(r->a);
	zip_release(&r->zip);
	if (r->fd >= 0)
		close(r->fd);
}

static int damaged(const struct reader *r, const char *why, struct err *err)
{
	return err_set(err, ERR_INPUT, "cannot read '%s': %s", r->name, why);
}

static int refuse(const struct reader *r, struct err *err)
{
	CLEANUP_FREE char *why = NULL;

	if (r->input.error) {
		errno = r->input.error;
		return err_sys(err, "cannot read '%s'", r->name);
	}
	why = xasprintf("it is truncated or corrupt: %s", tar_reason(r->a));
	return damaged(r, why, err);
}

static int open_reader(struct reader *r, struct err *err)
{
	struct err bad = ERR_INIT;

	r->fd = file_open(r->name, err);
	if (r->fd < 0)
		return -1;
	r->a = archive_read_new();
	if (!r->a)
		bug("no memory for an archive");
	r->is_zip = zip_is(r->fd);
	if (r->is_zip && zip_read(r->fd, ENTRIES_MAX, &r->zip, &bad) < 0)
		return damaged(r, bad.msg, err);
	if (r->is_zip) {
		archive_read_support_format_zip_seekable(r->a);
	} else {
		archive_read_support_filter_gzip(r->a);
		archive_read_support_filter_bzip2(r->a);
		archive_read_support_filter_xz(r->a);
		archive_read_support_filter_zstd(r->a);
		archive_read_support_format_tar(r->a);
	}
	return input_open(&r->input, r->fd, r->a) == ARCHIVE_OK ? 0 : refuse(r, err);
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

/* 1: the reader stands at it; 0: there is none. */
static int seek(struct reader *r, const char *rel, struct err *err)
{
	struct err bad = ERR_INIT;
	struct archive_entry *e;
	size_t n = 0;
	int got;

	while ((got = archive_read_next_header(r->a, &e)) == ARCHIVE_OK || got == ARCHIVE_WARN) {
		if (interrupt_check(err) < 0)
			return -1;
		if (r->is_zip && zip_next(&r->zip, e, &bad) < 0)
			return damaged(r, bad.msg, err);
		if (archive_entry_filetype(e) == AE_IFREG && !archive_entry_hardlink(e) &&
			is_member(archive_entry_pathname(e), rel))
			return 1;
		if (++n > ENTRIES_MAX)
			return err_set(err, ERR_INPUT, "cannot read '%s': it has over %d entries",
				r->name, ENTRIES_MAX);
	}
	return got == ARCHIVE_EOF ? 0 : refuse(r, err);
}

static int read_content(
	struct reader *r, const char *rel, size_t max, struct buf *out, struct err *err)
{
	char block[4096];
	la_ssize_t n;

	while ((n = archive_read_data(r->a, block, sizeof(block))) > 0) {
		if (out->len + (size_t)n > max)
			return err_set(err, ERR_INPUT, "'%s' in '%s' has over %zu bytes", rel,
				r->name, max);
		buf_add(out, block, (size_t)n);
	}
	return n == 0 ? 1 : refuse(r, err);
}

int tar_member(const char *archive, const char *rel, size_t max, struct buf *out, struct err *err)
{
	CLEANUP(reader_release) struct reader r = {.name = archive, .fd = -1};
	int found;

	if (open_reader(&r, err) < 0)
		return -1;
	found = seek(&r, rel, err);
	return found == 1 ? read_content(&r, rel, max, out, err) : found;
}
