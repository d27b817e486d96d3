/* libarchive's own reader of descriptors loses a failed read behind the filters, which then say
 * "truncated": a broken disk would pass for a broken archive. This one remembers the cause. */
#include <archive.h>
#include <errno.h>
#include <unistd.h>

#include "tar/tar-internal.h"

static la_ssize_t read_block(struct archive *a, void *ctx, const void **block)
{
	struct input *s = ctx;
	ssize_t n;

	do
		n = read(s->fd, s->block, sizeof(s->block));
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		s->error = errno;
		archive_set_error(a, errno, "it cannot be read");
	}
	*block = s->block;
	return n;
}

static la_int64_t seek(struct archive *a, void *ctx, la_int64_t offset, int whence)
{
	const struct input *s = ctx;
	off_t at = lseek(s->fd, offset, whence);

	if (at < 0)
		archive_set_error(a, errno, "it cannot be read at any place");
	return at < 0 ? ARCHIVE_FATAL : at;
}

int input_open(struct input *s, int fd, struct archive *a)
{
	s->fd = fd;
	s->error = 0;
	archive_read_set_seek_callback(a, seek);
	return archive_read_open(a, s, NULL, read_block, NULL);
}
