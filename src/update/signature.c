/* Signatures, verified by gpgv, and by cosign or sigstore: no cryptography of our own. */
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/term.h"
#include "proc/proc.h"
#include "update/update-internal.h"

#define KEY_MAX (1u << 20)
#define BUNDLE_MAX (1u << 20)
#define OUTPUT_MAX (1u << 20)
#define VERIFY_MS 120000

const struct release_signer *signer_of(const struct releases *r, const char *version)
{
	for (size_t i = 0; i < r->n_signers; i++)
		if (version_matches(version, r->signers[i].versions))
			return &r->signers[i];
	return NULL;
}

/* Unwraps ASCII armour, which gpgv does not take, or copies what has none. */
static int unwrap_key(const char *from, const char *to, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT, base64 = BUF_INIT, key = BUF_INIT;
	EVP_ENCODE_CTX *ctx;
	int n = 0, last = 0, failed;
	bool inside = false, body = false;
	const char *p;

	if (file_read(from, KEY_MAX, &text, err) < 0)
		return -1;
	if (!memmem(text.data, text.len, "-----BEGIN PGP PUBLIC KEY BLOCK-----", 36))
		return file_write(to, text.data, text.len, 0644, err);
	for (p = text.data; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t len = strcspn(p, "\r\n");

		if (!strncmp(p, "-----", 5)) {
			inside = !strncmp(p, "-----BEGIN", 10);
			body = false;
		} else if (inside && !body) {
			body = !len; /* headers end with an empty line */
		} else if (inside && *p != '=') {
			buf_add(&base64, p, len);
			buf_adds(&base64, "\n");
		}
	}
	buf_reserve(&key, base64.len);
	ctx = EVP_ENCODE_CTX_new();
	EVP_DecodeInit(ctx);
	failed = !base64.len ||
		 EVP_DecodeUpdate(ctx, (unsigned char *)key.data, &n,
			 (const unsigned char *)base64.data, (int)base64.len) < 0 ||
		 EVP_DecodeFinal(ctx, (unsigned char *)key.data + n, &last) < 0;
	EVP_ENCODE_CTX_free(ctx);
	if (failed)
		return err_set(err, ERR_INPUT, "'%s' is not an OpenPGP key", from);
	return file_write(to, key.data, (size_t)(n + last), 0644, err);
}

/* What gpgv says of one or more signatures. */
struct statuses {
	struct strv good;    /* primary keys of valid signatures */
	struct strv unknown; /* keys that are not in the keyring */
	struct strv late;    /* primary keys of signatures that are younger than the key allows */
	char *bad;           /* the key of a signature that does not fit */
};

static void statuses_release(struct statuses *s)
{
	strv_release(&s->good);
	strv_release(&s->unknown);
	strv_release(&s->late);
	free(s->bad);
}

static void read_status(const char *line, struct statuses *s, unsigned long long *expired)
{
	CLEANUP_STRV struct strv w = STRV_INIT;
	const char *word, *key;

	strv_split(&w, line, " ");
	if (w.n < 2 || strcmp(w.v[0], "[GNUPG:]") != 0)
		return;
	word = w.v[1];
	key = w.n > 2 ? w.v[2] : "?";
	if (!strcmp(word, "NEWSIG")) {
		*expired = 0;
	} else if (!strcmp(word, "KEYEXPIRED")) {
		*expired = strtoull(key, NULL, 10);
	} else if (!strcmp(word, "BADSIG") || !strcmp(word, "REVKEYSIG") ||
		   !strcmp(word, "EXPSIG")) {
		free(s->bad);
		s->bad = xstrdup(key);
	} else if (!strcmp(word, "ERRSIG")) {
		strv_add(&s->unknown, w.n > 8 && strlen(w.v[8]) >= 40 ? w.v[8] : key);
	} else if (!strcmp(word, "VALIDSIG") && w.n > 4) {
		/* A key that has expired since was good when the signature was made. */
		bool late = *expired && strtoull(w.v[4], NULL, 10) > *expired;

		strv_add(late ? &s->late : &s->good, w.v[w.n - 1]);
	}
}

/* `file` NULL: `signature` holds what is signed, which goes to `opened`. */
static int run_gpgv(const char *keyring, const char *signature, const char *file,
	const char *opened, struct statuses *s, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, lines = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_FREE char *program = find_program("gpgv");
	struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1};
	struct err ended = ERR_INIT;
	unsigned long long expired = 0;

	if (!program) {
		err_set(err, ERR_ENVIRONMENT,
			"a signature is to be verified, and there is no gpgv");
		return err_hint(err, "install the package gpgv");
	}
	strv_add(&argv, program);
	strv_split(&argv, "--status-fd 1 --weak-digest SHA1 --keyring", " ");
	strv_add(&argv, keyring);
	if (!file) {
		strv_add(&argv, "--output");
		strv_add(&argv, opened);
	}
	strv_add(&argv, "--");
	strv_add(&argv, signature);
	if (file)
		strv_add(&argv, file);
	/* Its exit code alone does not say which of several signatures is good. */
	if (proc_run(&spec, false, OUTPUT_MAX, VERIFY_MS, &out, &ended) < 0 &&
		ended.code != ERR_CHILD) {
		*err = ended;
		return -1;
	}
	strv_split(&lines, out.data ? out.data : "", "\n");
	for (size_t i = 0; i < lines.n; i++)
		read_status(lines.v[i], s, &expired);
	return 0;
}

int signature_open(const char *keyring, const char *file, const char *scratch, struct buf *out,
	struct err *err)
{
	CLEANUP_FREE char *opened = xasprintf("%s/opened", scratch);
	CLEANUP_FREE char *unwrapped = xasprintf("%s/keyring", scratch);
	CLEANUP(statuses_release) struct statuses s = {0};
	struct err ignored = ERR_INIT;
	int got;

	if (unwrap_key(keyring, unwrapped, err) < 0 || tree_remove(opened, err) < 0 ||
		run_gpgv(unwrapped, file, NULL, opened, &s, err) < 0)
		return -1;
	if (s.good.n && !s.bad) {
		got = file_read(opened, OUTPUT_MAX, out, err);
		tree_remove(opened, &ignored);
		return got;
	}
	if (s.bad)
		return err_set(err, ERR_INPUT,
			"the signature of the key %s does not fit what is there", s.bad);
	if (s.unknown.n || s.late.n)
		return err_set(err, ERR_INPUT,
			"it is signed with the key %s, which is not in '%s', or no longer good",
			s.unknown.n ? s.unknown.v[0] : s.late.v[0], keyring);
	return err_set(err, ERR_INPUT, "it is not signed");
}

static int verify_openpgp(const struct release_signer *r, const char *recipes, const char *file,
	const char *signature, const char *scratch, struct strv *vouch, struct err *err)
{
	CLEANUP_FREE char *kept = xasprintf("%s/keys/%s", recipes, r->key);
	CLEANUP_FREE char *keyring = xasprintf("%s/keyring", scratch);
	CLEANUP_FREE char *locked = strv_join(&r->openpgp, ", ");
	CLEANUP(statuses_release) struct statuses s = {0};
	bool missing = !path_exists(kept);
	const char *other;

	/* Without the key, gpgv still tells whose signature it is. */
	if ((missing ? file_write(keyring, "", 0, 0644, err) : unwrap_key(kept, keyring, err)) <
			0 ||
		run_gpgv(keyring, signature, file, NULL, &s, err) < 0)
		return -1;
	if (s.bad)
		return err_set(err, ERR_INPUT,
			"the signature of the key %s is not one of this file, or was withdrawn (locked: %s)",
			s.bad, locked);
	for (size_t i = 0; i < s.good.n; i++) {
		if (strv_has(&r->openpgp, s.good.v[i])) {
			strv_addf(vouch, "OpenPGP %s", s.good.v[i]);
			return 0;
		}
	}
	if (s.late.n) {
		err_set(err, ERR_INPUT,
			"it was signed after the key %s, as it is kept in '%s', expired (locked: %s)",
			s.late.v[0], kept, locked);
		return err_hint(
			err, "get the project's prolonged key, and compare its fingerprint");
	}
	other = s.good.n ? s.good.v[0] : s.unknown.n ? s.unknown.v[0] : NULL;
	if (!other)
		return err_set(err, ERR_INPUT,
			"what stands for a signature is none (locked is the key %s)", locked);
	err_set(err, ERR_INPUT, "it is signed with the key %s, locked is %s%s%s%s", other, locked,
		missing ? "; there is no '" : "", missing ? kept : "", missing ? "'" : "");
	return err_hint(err,
		"has the project changed its key? learn that from the project itself, then "
		"change 'signed' in the recipe and the file of the key");
}

/* The certificate of a Sigstore bundle: whom it names, and its fingerprint. For messages only. */
static char *bundle_identity(const char *bundle)
{
	static const char *const places[] = {"certificate", "x509CertificateChain"};
	CLEANUP_BUF struct buf text = BUF_INIT, der = BUF_INIT, out = BUF_INIT;
	struct err ignored = ERR_INIT;
	json_t *root = NULL, *material, *c;
	const char *raw = NULL;
	unsigned char digest[EVP_MAX_MD_SIZE];
	const unsigned char *at;
	unsigned int n = 0;
	X509 *x = NULL;

	if (file_read(bundle, BUNDLE_MAX, &text, &ignored) == 0)
		root = json_loadb(text.data, text.len, 0, NULL);
	material = json_object_get(root, "verificationMaterial");
	for (size_t i = 0; i < ARRAY_SIZE(places) && !raw; i++) {
		c = json_object_get(material, places[i]);
		if (i)
			c = json_array_get(json_object_get(c, "certificates"), 0);
		raw = json_string_value(json_object_get(c, "rawBytes"));
	}
	if (raw && strlen(raw) % 4 == 0) {
		int len;

		buf_reserve(&der, strlen(raw));
		len = EVP_DecodeBlock(
			(unsigned char *)der.data, (const unsigned char *)raw, (int)strlen(raw));
		at = (const unsigned char *)der.data;
		x = len > 0 ? d2i_X509(NULL, &at, len) : NULL;
	}
	if (x) {
		STACK_OF(OPENSSL_STRING) *emails = X509_get1_email(x);

		buf_add_safe(&out, emails && sk_OPENSSL_STRING_num(emails)
					   ? sk_OPENSSL_STRING_value(emails, 0)
					   : "nobody");
		X509_email_free(emails);
		X509_digest(x, EVP_sha256(), digest, &n);
		buf_adds(&out, " (certificate ");
		for (unsigned int i = 0; i < n; i++)
			buf_addf(&out, "%02X", digest[i]);
		buf_adds(&out, ")");
		X509_free(x);
	}
	json_decref(root);
	return out.len ? buf_steal(&out) : NULL;
}

static int verify_sigstore(const struct release_signer *r, const char *file, const char *bundle,
	struct strv *vouch, struct err *err)
{
	static const char *const kept[] = {"https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY",
		"SSL_CERT_FILE", "XDG_CACHE_HOME", "XDG_DATA_HOME"};
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_FREE char *cosign = find_program("cosign"), *sigstore = find_program("sigstore");
	CLEANUP_FREE char *signer = bundle_identity(bundle), *said = NULL;
	struct proc_spec spec = {.argv = &argv, .env = &env, .out = -1, .err = -1};
	const char *const words[] = {cosign ? "verify-blob" : "verify", cosign ? NULL : "identity",
		"--bundle", bundle, cosign ? "--certificate-identity" : "--cert-identity",
		r->identity, cosign ? "--certificate-oidc-issuer" : "--cert-oidc-issuer", r->issuer,
		"--", file};

	if (!cosign && !sigstore) {
		err_set(err, ERR_ENVIRONMENT,
			"a Sigstore signature is to be verified, and there is neither cosign nor sigstore");
		return err_hint(err, "install one of them: 'pip install sigstore' has the second");
	}
	strv_add(&argv, cosign ? cosign : sigstore);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i])
			strv_add(&argv, words[i]);
	proc_clean_environment(&env);
	proc_keep(kept, ARRAY_SIZE(kept), &env);
	if (proc_run(&spec, true, OUTPUT_MAX, VERIFY_MS, &out, err) < 0) {
		if (err->code != ERR_CHILD)
			return -1;
		said = last_line_safe(out.data ? out.data : "");
		return err_set(err, ERR_INPUT,
			"its Sigstore signature is by %s, locked is %s (%s): %s",
			signer ? signer : "nobody known", r->identity, r->issuer,
			said ? said : err->msg);
	}
	strv_addf(vouch, "Sigstore %s", r->identity);
	return 0;
}

int signature_verify(const struct release_signer *s, const char *recipes, const char *file,
	const char *signature, const char *scratch, struct strv *vouch, struct err *err)
{
	return s->identity ? verify_sigstore(s, file, signature, vouch, err)
			   : verify_openpgp(s, recipes, file, signature, scratch, vouch, err);
}
