/* Keys in the formats of minisign, signify and OpenSSL. */
#include "sign/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define FILE_MAX 4096
#define PUBLIC_LENGTH 56 /* of the "RW…" form */
#define SCRYPT_MEMORY_MAX ((uint64_t)2 << 30)

struct packed_public {
	char algorithm[2];
	unsigned char id[8], key[32];
};

/* minisign's format. Its checksum is BLAKE2b-256, which older OpenSSL releases lack; we check
 * instead that the public half matches the secret one. */
struct minisign_secret {
	char algorithm[2], kdf[2], checksum[2];
	unsigned char salt[32], operations[8], memory[8];
	struct minisign_box {
		unsigned char id[8], seed[32], public[32], checksum[32];
	} box;
};

struct signify_secret {
	char algorithm[2], kdf[2];
	unsigned char rounds[4], salt[16], checksum[8], id[8], seed[32], public[32];
};

_Static_assert(sizeof(struct packed_public) == 42, "no padding");
_Static_assert(sizeof(struct minisign_secret) == 158, "no padding");
_Static_assert(sizeof(struct signify_secret) == 104, "no padding");

void key_release(struct key *k)
{
	OPENSSL_cleanse(k, sizeof(*k));
}

char *base64_text(const void *data, size_t n)
{
	char *text = xcalloc(1, (n + 2) / 3 * 4 + 1);

	EVP_EncodeBlock((unsigned char *)text, data, (int)n);
	return text;
}

bool base64_bytes(const char *text, void *out, size_t n)
{
	size_t length = strlen(text), padding = (3 - n % 3) % 3;
	unsigned char bytes[256];
	bool good;

	if (length != (n + 2) / 3 * 4 || length > sizeof(bytes) ||
		strspn(text, LETTERS_AND_DIGITS "+/") != length - padding ||
		strspn(text + length - padding, "=") != padding)
		return false;
	good = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)length) ==
	       (int)(n + padding);
	if (good)
		memcpy(out, bytes, n);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return good;
}

void key_id_text(const unsigned char id[8], char text[17])
{
	for (size_t i = 0; i < 8; i++)
		snprintf(text + 2 * i, 3, "%02X", id[7 - i]);
}

char *key_public_text(const struct key *k)
{
	struct packed_public p = {.algorithm = {'E', 'd'}};

	memcpy(p.id, k->id, sizeof(p.id));
	memcpy(p.key, k->public, sizeof(p.key));
	return base64_text(&p, sizeof(p));
}

static uint64_t little_endian(const unsigned char bytes[8])
{
	uint64_t value = 0;

	for (int i = 7; i >= 0; i--)
		value = value << 8 | bytes[i];
	return value;
}

/* PEM has no key id, but minisign and signify need one. */
static void make_id(struct key *k)
{
	unsigned char digest[EVP_MAX_MD_SIZE] = {0};

	EVP_Digest(k->public, sizeof(k->public), digest, NULL, EVP_sha256(), NULL);
	memcpy(k->id, digest, sizeof(k->id));
}

/* The second line, after a comment, or the only one; NULL if there is neither. */
static const char *payload(const struct strv *lines)
{
	if (lines->n == 1)
		return lines->v[0];
	return lines->n == 2 && !strncmp(lines->v[0], "untrusted comment:", 18) ? lines->v[1]
										: NULL;
}

static void split(const char *text, size_t len, struct strv *lines)
{
	CLEANUP_FREE char *copy = xstrndup(text, len);

	if (strlen(copy) == len)
		strv_split(lines, copy, "\r\n");
	OPENSSL_cleanse(copy, strlen(copy));
}

static void cleanse_lines(struct strv *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		OPENSSL_cleanse(lines->v[i], strlen(lines->v[i]));
	strv_release(lines);
}

static int give_password(char *out, int size, int writing, void *ctx)
{
	const char *password = ctx;
	size_t n = password ? strlen(password) : 0;

	(void)writing;
	if (!n || n > (size_t)size)
		return -1; /* never prompt on the terminal */
	memcpy(out, password, n);
	return (int)n;
}

static bool is_pem(const char *text, size_t len)
{
	return memmem(text, len, "-----BEGIN ", 11) != NULL;
}

/* Reads a PEM key; false if it is not Ed25519. */
static bool take_pem(const char *text, size_t len, bool secret, const char *password, struct key *k)
{
	BIO *bio = BIO_new_mem_buf(text, (int)len);
	EVP_PKEY *key = NULL;
	size_t n = 32, m = 32;
	bool good;

	if (bio && secret)
		key = PEM_read_bio_PrivateKey(bio, NULL, give_password, (void *)password);
	else if (bio)
		key = PEM_read_bio_PUBKEY(bio, NULL, give_password, NULL);
	BIO_free(bio);
	ERR_clear_error();
	good = key && EVP_PKEY_id(key) == EVP_PKEY_ED25519 &&
	       EVP_PKEY_get_raw_public_key(key, k->public, &n) == 1 &&
	       (!secret || EVP_PKEY_get_raw_private_key(key, k->seed, &m) == 1);
	EVP_PKEY_free(key);
	if (good)
		make_id(k);
	return good;
}

int key_parse_public(const char *text, size_t len, const char *path, struct key *k, struct err *err)
{
	CLEANUP_STRV struct strv lines = STRV_INIT;
	struct packed_public p;
	const char *line;

	*k = (struct key){.has_id = true};
	if (is_pem(text, len)) {
		k->has_id = false;
		if (take_pem(text, len, false, NULL, k))
			return 0;
	}
	split(text, len, &lines);
	line = payload(&lines);
	if (!line || !base64_bytes(line, &p, sizeof(p)) || memcmp(p.algorithm, "Ed", 2) != 0)
		return err_set(err, ERR_INPUT,
			"'%s' is not a public key of minisign or signify, nor Ed25519 in PEM",
			path);
	memcpy(k->id, p.id, sizeof(k->id));
	memcpy(k->public, p.key, sizeof(k->public));
	return 0;
}

int key_read_public(const char *given, struct key *k, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct packed_public p;

	if (strlen(given) == PUBLIC_LENGTH && base64_bytes(given, &p, sizeof(p)))
		return key_parse_public(given, PUBLIC_LENGTH, given, k, err);
	if (file_read(given, FILE_MAX, &text, err) < 0)
		return -1;
	return key_parse_public(text.data, text.len, given, k, err);
}

/* Derives the public half from the secret one; false if it does not match the stored one, because
 * of a wrong password or damage. */
static bool fill_public(struct key *k, const unsigned char kept[32])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, k->seed, 32);
	size_t n = 32;
	bool good = key && EVP_PKEY_get_raw_public_key(key, k->public, &n) == 1 &&
		    !memcmp(k->public, kept, 32);

	EVP_PKEY_free(key);
	return good;
}

/* libsodium's mapping from two limits to N and p, with r = 8, which minisign relies on. */
static void scrypt_costs(uint64_t operations, uint64_t memory, uint64_t *n, uint64_t *p)
{
	uint64_t most;

	if (operations < 32768)
		operations = 32768;
	most = operations < memory / 32 ? operations / 32 : memory / 1024;
	for (*n = 2; *n <= most / 2 && *n < (uint64_t)1 << 32; *n *= 2)
		;
	*p = operations < memory / 32 ? 1 : operations / 4 / *n / 8;
}

static int needs_password(const char *path, struct err *err)
{
	err_set(err, ERR_INPUT, "the key '%s' is locked with a password", path);
	return err_hint(err, "put it into a file that only you can read and name that with "
			     "--password-file");
}

static int unlock(
	struct minisign_secret *s, const char *path, const char *password, struct err *err)
{
	unsigned char stream[sizeof(s->box)], *box = (unsigned char *)&s->box;
	uint64_t n, p;

	scrypt_costs(little_endian(s->operations), little_endian(s->memory), &n, &p);
	if (n > SCRYPT_MEMORY_MAX / 1024 || !p || p > 64)
		return err_set(err, ERR_UNSUPPORTED,
			"the key '%s' would take more than %d GiB to unlock", path,
			(int)(SCRYPT_MEMORY_MAX >> 30));
	if (EVP_PBE_scrypt(password, strlen(password), s->salt, sizeof(s->salt), n, 8, p,
		    2 * SCRYPT_MEMORY_MAX, stream, sizeof(stream)) != 1)
		return err_set(err, ERR_ENVIRONMENT,
			"libcrypto cannot unlock the key '%s': it takes %zu MiB of memory", path,
			(size_t)(n >> 10));
	for (size_t i = 0; i < sizeof(stream); i++)
		box[i] ^= stream[i];
	OPENSSL_cleanse(stream, sizeof(stream));
	return 0;
}

static int not_opened(const char *path, bool locked, struct err *err)
{
	return err_set(err, ERR_INPUT,
		locked ? "the password does not open the key '%s', or the key is damaged"
		       : "the key '%s' is damaged: its halves do not belong together",
		path);
}

static int take_minisign(struct minisign_secret *s, const char *path, const char *password,
	struct key *k, struct err *err)
{
	bool locked = memcmp(s->kdf, "\0\0", 2) != 0;

	if (memcmp(s->algorithm, "Ed", 2) || memcmp(s->checksum, "B2", 2) ||
		(locked && memcmp(s->kdf, "Sc", 2)))
		return err_set(err, ERR_UNSUPPORTED,
			"the key '%s' is of a kind of minisign that is not known here", path);
	if (locked && !password)
		return needs_password(path, err);
	if (locked && unlock(s, path, password, err) < 0)
		return -1;
	memcpy(k->id, s->box.id, sizeof(k->id));
	memcpy(k->seed, s->box.seed, sizeof(k->seed));
	return fill_public(k, s->box.public) ? 0 : not_opened(path, locked, err);
}

static int take_signify(
	const struct signify_secret *s, const char *path, struct key *k, struct err *err)
{
	if (memcmp(s->algorithm, "Ed", 2) || memcmp(s->kdf, "BK", 2))
		return err_set(err, ERR_UNSUPPORTED,
			"the key '%s' is of a kind of signify that is not known here", path);
	if (memcmp(s->rounds, "\0\0\0\0", 4) != 0) {
		err_set(err, ERR_UNSUPPORTED,
			"the key '%s' is locked in signify's way, which cannot be opened here",
			path);
		return err_hint(err, "'signify -G -n' makes keys without a password, 'minisign "
				     "-G' such whose password can be used");
	}
	memcpy(k->id, s->id, sizeof(k->id));
	memcpy(k->seed, s->seed, sizeof(k->seed));
	return fill_public(k, s->public) ? 0 : not_opened(path, false, err);
}

int key_parse_secret(const char *text, size_t len, const char *path, const char *password,
	struct key *k, struct err *err)
{
	CLEANUP(cleanse_lines) struct strv lines = STRV_INIT;
	struct minisign_secret minisign;
	struct signify_secret signify;
	const char *line;
	int code;

	*k = (struct key){.has_id = true};
	if (is_pem(text, len)) {
		if (take_pem(text, len, true, password, k))
			return 0;
		if (memmem(text, len, "ENCRYPTED", 9))
			return password ? not_opened(path, true, err) : needs_password(path, err);
	}
	split(text, len, &lines);
	line = payload(&lines);
	if (line && base64_bytes(line, &minisign, sizeof(minisign)))
		code = take_minisign(&minisign, path, password, k, err);
	else if (line && base64_bytes(line, &signify, sizeof(signify)))
		code = take_signify(&signify, path, k, err);
	else
		return err_set(err, ERR_INPUT,
			"'%s' is not a secret key of minisign or signify, nor Ed25519 in PEM",
			path);
	OPENSSL_cleanse(&minisign, sizeof(minisign));
	OPENSSL_cleanse(&signify, sizeof(signify));
	return code;
}

/* Reads a file that must not be accessible to others into `text`. Returns its size. */
static ssize_t read_private(const char *path, char text[FILE_MAX], struct err *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INPUT, "'%s' is not a file", path);
	if (st.st_mode & 077 || (st.st_uid != geteuid() && st.st_uid != 0)) {
		err_set(err, ERR_INPUT, "'%s' is secret, and others can read or change it", path);
		return err_hint(err, "chmod 600 it, and make a new one if others may have read it");
	}
	n = file_pread(fd, text, FILE_MAX, 0);
	if (n < 0)
		return err_sys(err, "cannot read '%s'", path);
	if (n == FILE_MAX)
		return err_set(err, ERR_INPUT, "'%s' is larger than %d bytes", path, FILE_MAX - 1);
	return n;
}

int key_read_secret(const char *path, const char *password, struct key *k, struct err *err)
{
	char text[FILE_MAX], word[FILE_MAX] = "";
	ssize_t n = password ? read_private(password, word, err) : 0;
	int code = -1;

	if (n >= 0) {
		word[n] = '\0';
		word[strcspn(word, "\r\n")] = '\0';
		n = read_private(path, text, err);
		if (n >= 0)
			code = key_parse_secret(
				text, (size_t)n, path, password ? word : NULL, k, err);
	}
	OPENSSL_cleanse(text, sizeof(text));
	OPENSSL_cleanse(word, sizeof(word));
	return code;
}
