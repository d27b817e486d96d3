/* SHA256SUMS, as sha256sum writes and reads it. */
#ifndef SOLDER_PACK_SUMS_INTERNAL_H
#define SOLDER_PACK_SUMS_INTERNAL_H

#include "base/err.h"
#include "base/file.h"

#define SUMS_FILE "SHA256SUMS"

struct sum {
	const char *name, *hex;
};

/* Writes to `path` what FOLDER/SHA256SUMS says, with these digests in place of others of the same
 * names. */
int sums_write(
	const char *path, const char *folder, const struct sum *sums, size_t n, struct err *err);
/* 1 and the digest if FOLDER/SHA256SUMS names the file, else 0. */
int sums_get(const char *folder, const char *name, char hex[SHA256_HEX_SIZE], struct err *err);
/* Fails if an archive's digest is not the one that `said` (a file, say) has. */
int sums_compare(const char *archive, const char *said, const char *got, const char *wanted,
	struct err *err);

#endif
