/* Ed25519 signatures of a text, in the formats of minisign and signify.
 *
 * One file serves both: signify reads its first two lines, minisign all four. So we sign the text
 * itself, as signify does, not its digest. minisign's signatures of a digest are also verified.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "sign/sign.h"

#define UNTRUSTED "untrusted comment: "
#define TRUSTED "trusted comment: "

/* Contents of a signature file, decoded. */
struct packed {
	char algorithm[2]; /* "Ed" over the text, "ED" over its BLAKE2b-512 */
	unsigned char id[8], signature[64];
};

struct signature {
	struct packed packed;
	const char *comment; /* minisign's trusted comment; NULL for signify */
	unsigned char global[64];
};

static int no_crypto(struct err *err)
{
	return err_set(err, ERR_ENVIRONMENT, "libcrypto cannot compute Ed25519 signatures");
}

static int sign(
	const struct key *k, const void *data, size_t len, unsigned char out[64], struct err *err)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, k->seed, 32);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = 64;
	int done = key && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
		   EVP_DigestSign(ctx, out, &n, data, len) == 1 && n == 64;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return done ? 0 : no_crypto(err);
}

/* 1 if this key made the signature. */
static int is_signed(const struct key *k, const void *data, size_t len,
	const unsigned char signature[64], struct err *err)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->public, 32);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ready = key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1;
	int good = ready && EVP_DigestVerify(ctx, signature, 64, data, len) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ready ? good : no_crypto(err);
}

int sign_text(const struct key *k, const char *text, size_t len, const char *comment,
	struct buf *signature, struct err *err)
{
	struct packed packed = {.algorithm = {'E', 'd'}};
	CLEANUP_BUF struct buf global = BUF_INIT;
	CLEANUP_FREE char *first = NULL, *second = NULL;
	unsigned char again[64];

	memcpy(packed.id, k->id, sizeof(packed.id));
	if (sign(k, text, len, packed.signature, err) < 0)
		return -1;
	/* minisign's second signature covers the first one and the trusted comment. */
	buf_add(&global, packed.signature, sizeof(packed.signature));
	buf_adds(&global, comment);
	if (sign(k, global.data, global.len, again, err) < 0)
		return -1;
	first = base64_text(&packed, sizeof(packed));
	second = base64_text(again, sizeof(again));
	buf_clear(signature);
	buf_addf(signature, UNTRUSTED "verify with minisign or signify\n%s\n" TRUSTED "%s\n%s\n",
		first, comment, second);
	return 0;
}

static int parse(const struct strv *lines, const char *path, struct signature *s, struct err *err)
{
	bool with_comment = lines->n == 4;

	if ((lines->n != 2 && !with_comment) ||
		strncmp(lines->v[0], UNTRUSTED, strlen(UNTRUSTED)) != 0 ||
		!base64_bytes(lines->v[1], &s->packed, sizeof(s->packed)) ||
		(memcmp(s->packed.algorithm, "Ed", 2) && memcmp(s->packed.algorithm, "ED", 2)) ||
		(with_comment && (strncmp(lines->v[2], TRUSTED, strlen(TRUSTED)) != 0 ||
					 !base64_bytes(lines->v[3], s->global, 64))))
		return err_set(err, ERR_INPUT,
			"'%s' is not a signature of minisign or signify, or not all of one", path);
	s->comment = with_comment ? lines->v[2] + strlen(TRUSTED) : NULL;
	return 0;
}

static int check(const struct key *k, const char *text, size_t len, const struct signature *s,
	const char *path, struct err *err)
{
	CLEANUP_BUF struct buf global = BUF_INIT;
	unsigned char hash[64];
	unsigned int n = 0;
	int good;

	if (!memcmp(s->packed.algorithm, "ED", 2)) {
		if (EVP_Digest(text, len, hash, &n, EVP_blake2b512(), NULL) != 1 || n != 64)
			return err_set(
				err, ERR_ENVIRONMENT, "libcrypto cannot compute BLAKE2b-512");
		text = (const char *)hash;
		len = sizeof(hash);
	}
	good = is_signed(k, text, len, s->packed.signature, err);
	if (good == 1 && s->comment) {
		buf_add(&global, s->packed.signature, sizeof(s->packed.signature));
		buf_adds(&global, s->comment);
		good = is_signed(k, global.data, global.len, s->global, err);
	}
	if (good != 0)
		return good < 0 ? -1 : 0;
	err_set(err, ERR_INPUT, "'%s' is not this key's signature of what is there", path);
	return err_hint(err, "the list or its signature was changed, or replaced in part; trust "
			     "nothing of it, and get both again");
}

int sign_verify(const struct key *k, const char *text, size_t len, const char *signature,
	size_t signature_len, const char *path, struct err *err)
{
	CLEANUP_STRV struct strv lines = STRV_INIT;
	struct signature s;

	/* A NUL would cut the lines short. */
	if (signature_len && !memchr(signature, '\0', signature_len)) {
		CLEANUP_FREE char *copy = xstrndup(signature, signature_len);

		strv_split(&lines, copy, "\r\n");
	}
	if (parse(&lines, path, &s, err) < 0)
		return -1;
	if (k->has_id && memcmp(k->id, s.packed.id, sizeof(k->id)) != 0) {
		char theirs[17], ours[17];

		key_id_text(s.packed.id, theirs);
		key_id_text(k->id, ours);
		return err_set(err, ERR_INPUT, "'%s' was made with the key %s, not with %s", path,
			theirs, ours);
	}
	return check(k, text, len, &s, path, err);
}
