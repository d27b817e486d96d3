/* Archives: unpacking what others packed.
 *
 * A source archive is data from the network until it is unpacked, so nothing in it is believed:
 * whatever the archive says, nothing is written, linked or led to outside the folder given.
 */
#ifndef SOLDER_ARCHIVE_ARCHIVE_H
#define SOLDER_ARCHIVE_ARCHIVE_H

#include <stdint.h>

#include "base/err.h"

/* What an archive may unpack to. Both the bytes that come out of decompression and the sizes of
 * the files (holes of sparse ones included) are held to max_bytes. */
struct unpack_limits {
	uint64_t max_bytes;
	uint64_t max_entries;
};

#define UNPACK_LIMITS_DEFAULT                                                                      \
	((struct unpack_limits){.max_bytes = (uint64_t)4 << 30, .max_entries = 300000})

/* Unpacks `archive`, a tar archive (plain, or with gzip, bzip2, xz or zstd) or a zip archive, into
 * the new or empty folder `dir`. `strip` is the number of leading path components dropped; with 1
 * the archive must have a single top folder, and what is in it lands in `dir`. A leading "./" does
 * not count. `limits` may be NULL for the default.
 *
 * Kept: permissions, modification times, symbolic and hard links within `dir`. Dropped: owners,
 * setuid, setgid and sticky bits, write permission for group and others, extended attributes and
 * ACLs. The owner can always read files and enter and change folders.
 *
 * Refused, with a message that names archive and entry: absolute paths and '..', devices, pipes
 * and sockets, links that lead outside (or could, by a '..' behind a name), anything placed
 * through a link, a file or link that replaces something of another kind, more than one top folder
 * when stripping, archives that are truncated, corrupt, compressed twice or beyond the limits.
 *
 * On failure whatever was made in `dir` is removed, and `dir` too if it was not there before.
 * Memory is bounded whatever the archive says (what the decompressor needs, and the names of at
 * most 65,536 folders). */
int archive_unpack(const char *archive, const char *dir, int strip,
	const struct unpack_limits *limits, struct err *err);

#endif
