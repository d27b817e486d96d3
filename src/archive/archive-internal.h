/* Between the files of this room. */
#ifndef SOLDER_ARCHIVE_ARCHIVE_INTERNAL_H
#define SOLDER_ARCHIVE_ARCHIVE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The checksum of what came out of a gzip stream. */
struct gzip_check {
	uint32_t table[256];
	uint32_t crc;
	uint32_t size; /* modulo 2^32, as gzip keeps it */
};

void gzip_check_init(struct gzip_check *c);
void gzip_check_add(struct gzip_check *c, const void *data, size_t n);
/* Does the trailer of the file contradict what was added? Zeros behind it are padding. Of a file
 * with several members nothing is known, so nothing is held against it. */
bool gzip_check_failed(const struct gzip_check *c, int fd);

#endif
