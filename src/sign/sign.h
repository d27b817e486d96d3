/* Keys and signatures: Ed25519 in the formats of minisign, signify and PEM. */
#ifndef SOLDER_SIGN_H
#define SOLDER_SIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct key {
	unsigned char id[8]; /* chosen at key generation; only identifies the key */
	bool has_id;         /* false for PEM */
	unsigned char public[32];
	unsigned char seed[32]; /* the secret */
};

#define CLEANUP_KEY CLEANUP(key_release)

/* Overwrites the secret. */
void key_release(struct key *k);
/* Reads a secret key made by `minisign -G` or `signify -G -n`, or in PEM (PKCS #8). `password`
 * names a file whose first line unlocks it; may be NULL. Files readable by others are refused. */
int key_read_secret(const char *path, const char *password, struct key *k, struct err *err);
/* The same from memory; `password` is the password itself, or NULL. `path` is for messages. */
int key_parse_secret(const char *text, size_t len, const char *path, const char *password,
	struct key *k, struct err *err);
/* Reads a public key: a minisign or signify file, PEM, or the 56 characters ("RW…") themselves. */
int key_read_public(const char *given, struct key *k, struct err *err);
int key_parse_public(
	const char *text, size_t len, const char *path, struct key *k, struct err *err);
/* "RW…", as `minisign -P` takes it; the caller frees it. */
char *key_public_text(const struct key *k);

/* Deterministic: the same key, text and comment give the same bytes. */
int sign_text(const struct key *k, const char *text, size_t len, const char *comment,
	struct buf *signature, struct err *err);
/* Verifies that `signature` (a file's content; `path` is for messages) is this key's signature of
 * the text; ERR_INPUT if not. */
int sign_verify(const struct key *k, const char *text, size_t len, const char *signature,
	size_t signature_len, const char *path, struct err *err);

/* The caller frees it. */
char *base64_text(const void *data, size_t n);
/* Decodes exactly n bytes; no surrounding whitespace or other characters are allowed. */
bool base64_bytes(const char *text, void *out, size_t n);
/* "A545CEA3E8DF0118", as minisign shows it. */
void key_id_text(const unsigned char id[8], char text[17]);

#endif
