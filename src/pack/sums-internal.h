/* SHA256SUMS, as sha256sum writes and reads it. */
#ifndef SOLDER_PACK_SUMS_INTERNAL_H
#define SOLDER_PACK_SUMS_INTERNAL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/file.h"

#define SUMS_FILE "SHA256SUMS"
#define SIGNATURE_FILE "SHA256SUMS.sig"

struct sum {
	char *name; /* without a leading "./" */
	char hex[SHA256_HEX_SIZE];
};

struct sums {
	struct sum *v;
	size_t n, cap;
	struct strv comments;
};

#define CLEANUP_SUMS CLEANUP(sums_release)

void sums_release(struct sums *s);
/* Every form that `sha256sum -c` takes: two blanks, " *", one blank (in the whole file, as there),
 * "SHA256 (NAME) = DIGEST", escaped names, digests in capitals, CRLF; empty lines and "#" comments.
 * Further a byte order mark. A line in no such form makes the whole file unreadable (ERR_INPUT):
 * it may be the one that counts. `path` is for messages. */
int sums_parse(const char *text, size_t len, const char *path, struct sums *s, struct err *err);
/* FOLDER/SHA256SUMS. 1: read; 0: there is none. */
int sums_read(const char *folder, struct sums *s, struct err *err);
/* The same, if FOLDER/SHA256SUMS.sig is this key's signature of it; that either is missing is an
 * error, too. */
struct key;
int sums_read_signed(const char *folder, const struct key *key, struct sums *s, struct err *err);
/* 1 and the digest if it names the file, 0 if not; ERR_INPUT if it has two digests of it. */
int sums_find(const struct sums *s, const char *folder, const char *name, char hex[SHA256_HEX_SIZE],
	struct err *err);
/* In place of others of that name; NULL: takes the name out. */
void sums_set(struct sums *s, const char *name, const char *hex);
/* As sha256sum writes it, sorted by name, comments first. */
void sums_text(struct sums *s, struct buf *text);
/* Fails if an archive's digest is not the one that `said` (a file, say) has. */
int sums_compare(const char *archive, const char *said, const char *got, const char *wanted,
	struct err *err);

#endif
