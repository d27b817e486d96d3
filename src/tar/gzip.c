/* libarchive reads past the CRC-32 of gzip without a look at it. */
#include <sys/stat.h>
#include <unistd.h>

#include "tar/tar-internal.h"
#include "base/file.h"

#define TRAILER_SIZE 8
#define HEADER_SIZE 10
#define CHUNK_SIZE 65536
#define POLYNOMIAL 0xedb88320u

void gzip_check_init(struct gzip_check *c)
{
	*c = (struct gzip_check){.crc = UINT32_MAX};
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i;

		for (int bit = 0; bit < 8; bit++)
			value = value >> 1 ^ (value & 1 ? POLYNOMIAL : 0);
		c->table[i] = value;
	}
}

void gzip_check_add(struct gzip_check *c, const void *data, size_t n)
{
	const unsigned char *p = data;
	uint32_t crc = c->crc;

	for (size_t i = 0; i < n; i++)
		crc = c->table[(crc ^ p[i]) & 0xff] ^ crc >> 8;
	c->crc = crc;
	c->size += (uint32_t)n;
}

static uint32_t little_endian(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool trailer_matches(const struct gzip_check *c, const unsigned char *t)
{
	return little_endian(t) == (uint32_t)~c->crc && little_endian(t + 4) == c->size;
}

/* Magic number, method, and flags, level and system as far as they are defined. */
static bool is_header(const unsigned char *p)
{
	return p[0] == 0x1f && p[1] == 0x8b && p[2] == 8 && !(p[3] & 0xe0) &&
	       (p[8] == 0 || p[8] == 2 || p[8] == 4) && (p[9] <= 13 || p[9] == 255);
}

static int has_members(int fd, unsigned char *chunk)
{
	off_t at = 1; /* behind the first */
	ssize_t n;

	while ((n = file_pread(fd, chunk, CHUNK_SIZE, at)) >= HEADER_SIZE) {
		for (ssize_t i = 0; i + HEADER_SIZE <= n; i++) {
			if (is_header(chunk + i))
				return 1;
		}
		at += n - HEADER_SIZE + 1;
	}
	return n < 0 ? -1 : 0;
}

int gzip_check_failed(const struct gzip_check *c, int fd)
{
	CLEANUP_FREE unsigned char *chunk = xcalloc(1, CHUNK_SIZE);
	struct stat st;
	ssize_t n, end;
	int more;

	if (fstat(fd, &st) < 0)
		return -1;
	n = file_pread(
		fd, chunk, CHUNK_SIZE, st.st_size > CHUNK_SIZE ? st.st_size - CHUNK_SIZE : 0);
	if (n < 0)
		return -1;
	/* zeros may be padding, or be the upper bytes of the size */
	for (end = n; end > TRAILER_SIZE && !chunk[end - 1]; end--) {
		if (trailer_matches(c, chunk + end - TRAILER_SIZE))
			return 0;
	}
	if (end >= TRAILER_SIZE && trailer_matches(c, chunk + end - TRAILER_SIZE))
		return 0;
	more = has_members(fd, chunk);
	return more < 0 ? -1 : !more;
}
