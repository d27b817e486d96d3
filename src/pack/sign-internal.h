/* Ed25519 signatures of a list, in the forms of minisign and signify.
 *
 * One file serves both: signify reads its first two lines, and minisign all four. Therefore the
 * text itself is signed, as signify does, not a digest of it. Signatures that minisign made of a
 * digest are verified, too.
 */
#ifndef SOLDER_PACK_SIGN_INTERNAL_H
#define SOLDER_PACK_SIGN_INTERNAL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct key {
	unsigned char id[8]; /* chosen when the key was made; it only says which key to take */
	bool has_id;         /* not in PEM */
	unsigned char public[32];
	unsigned char seed[32]; /* the secret */
};

#define CLEANUP_KEY CLEANUP(key_release)

/* Overwrites the secret. */
void key_release(struct key *k);
/* A secret key of `minisign -G` or `signify -G -n`, or PEM (PKCS #8). `password` names a file whose
 * first line opens it; may be NULL. Files that others can read are refused. */
int key_read_secret(const char *path, const char *password, struct key *k, struct err *err);
/* The same of a text; `password` is the word itself, or NULL. `path` is for messages. */
int key_parse_secret(const char *text, size_t len, const char *path, const char *password,
	struct key *k, struct err *err);
/* A public key: a file of minisign or signify, PEM, or the 56 characters ("RW…") themselves. */
int key_read_public(const char *given, struct key *k, struct err *err);
int key_parse_public(
	const char *text, size_t len, const char *path, struct key *k, struct err *err);
/* "RW…", as `minisign -P` takes it; to be freed. */
char *key_public_text(const struct key *k);

/* The same key, text and comment always give the same bytes. */
int sign_text(const struct key *k, const char *text, size_t len, const char *comment,
	struct buf *signature, struct err *err);
/* Is `signature` (a file's content, `path` for messages) one of this key over the text? Else
 * ERR_INPUT. */
int sign_verify(const struct key *k, const char *text, size_t len, const char *signature,
	size_t signature_len, const char *path, struct err *err);

#endif
