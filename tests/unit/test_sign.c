/* Keys and signatures in the hands of minisign, signify and openssl, and theirs in ours. */
#include "scratch.h"

#include <sys/stat.h>

#include "pack/pack.h"
#include "pack/pack-internal.h"

static const char text[] = "list of digests\n";

static bool have(const char *program)
{
	CLEANUP_FREE char *path = find_program(program);

	if (!path)
		print_message("skipped: %s is not installed\n", program);
	return path != NULL;
}

static char *at(void **state, const char *name)
{
	return xasprintf("%s/%s", (char *)*state, name);
}

static void read_secret(void **state, const char *name, const char *password, struct key *k)
{
	CLEANUP_FREE char *path = at(state, name);
	CLEANUP_FREE char *word = password ? at(state, password) : NULL;
	struct err err = ERR_INIT;

	if (key_read_secret(path, word, k, &err) < 0)
		fail_msg("%s", err.msg);
}

static void read_public(void **state, const char *name, struct key *k)
{
	CLEANUP_FREE char *path = at(state, name);
	struct err err = ERR_INIT;

	if (key_read_public(path, k, &err) < 0)
		fail_msg("%s", err.msg);
}

static void secret_refused(void **state, const char *name, const char *password, const char *why)
{
	CLEANUP_FREE char *path = at(state, name);
	CLEANUP_FREE char *word = password ? at(state, password) : NULL;
	struct err err = ERR_INIT;
	CLEANUP_KEY struct key k = {0};

	assert_int_equal(key_read_secret(path, word, &k, &err), -1);
	if (!strstr(err.msg, why))
		fail_msg("'%s' does not say '%s'", err.msg, why);
}

static int verify(const struct key *k, const char *of, const char *signature)
{
	struct err err = ERR_INIT;
	int code = sign_verify(k, of, strlen(of), signature, strlen(signature), "sig", &err);

	assert_int_equal(err.code, code < 0 ? ERR_INPUT : ERR_NONE);
	return code;
}

/* Signs with a secret key, and verifies what comes out with a public one and in other hands. */
static void sign_and_verify(
	void **state, const char *secret, const char *password, const char *public)
{
	CLEANUP_BUF struct buf signature = BUF_INIT, again = BUF_INIT;
	CLEANUP_KEY struct key s = {0}, p = {0}, t = {0};
	CLEANUP_FREE char *spelled = NULL;
	struct err err = ERR_INIT;

	read_secret(state, secret, password, &s);
	assert_int_equal(sign_text(&s, text, strlen(text), "file:list", &signature, &err), 0);
	assert_int_equal(sign_text(&s, text, strlen(text), "file:list", &again, &err), 0);
	assert_string_equal(signature.data, again.data);
	read_public(state, public, &p);
	assert_int_equal(verify(&p, text, signature.data), 0);
	assert_int_equal(verify(&p, "other", signature.data), -1);
	spelled = key_public_text(&s);
	assert_int_equal(key_read_public(spelled, &t, &err), 0);
	assert_int_equal(verify(&t, text, signature.data), 0);
	scratch_file(*state, "list", text, 0644);
	scratch_file(*state, "list.sig", signature.data, 0644);
	free(scratch_shell(*state, "minisign -V -q -P %s -m list -x list.sig", spelled));
	free(scratch_shell(*state,
		"{ echo untrusted comment: x; echo %s; } >spelled.pub && "
		"signify-openbsd -V -q -p spelled.pub -m list -x list.sig",
		spelled));
	free(scratch_shell(*state,
		"echo x >>list; ! minisign -V -q -P %s -m list -x list.sig 2>/dev/null && "
		"! signify-openbsd -V -q -p spelled.pub -m list -x list.sig 2>/dev/null",
		spelled));
}

static void test_minisign(void **state)
{
	CLEANUP_KEY struct key p = {0};

	if (!have("minisign") || !have("signify-openbsd"))
		skip();
	free(scratch_shell(
		*state, "minisign -G -W -p m.pub -s m.key >/dev/null && chmod 600 m.key"));
	sign_and_verify(state, "m.key", NULL, "m.pub");
	/* theirs, of the text and of its digest */
	scratch_file(*state, "list", text, 0644);
	read_public(state, "m.pub", &p);
	for (int i = 0; i < 2; i++) {
		CLEANUP_FREE char *theirs = scratch_shell(*state,
			"minisign -S %s -s m.key -m list -x theirs -t 'a  b' >/dev/null && cat "
			"theirs",
			i ? "-l" : "");

		assert_int_equal(verify(&p, text, theirs), 0);
		assert_int_equal(verify(&p, "other", theirs), -1);
	}
}

/* Locked as `minisign -G` locks it, with less memory; the password is "word". */
static const char locked[] =
	"untrusted comment: minisign encrypted secret key\n"
	"RWRTY0IyY0ea1poJCyWCd+yPum+ZQZov+"
	"ySJgVEGV8lEzNEUjpcAAAgAAAAAAAAAAAEAAAAAh3Ob96U70k0eC7p7XNtNQmRSPSRA+RH0icCIdP5qi+"
	"54El2PNtHYPFU0g1eLfj9/"
	"51QsdgckZTuYMlJAMGwJQoIxIrdD9LCFL9zeiWe0AuK6xLbd2R6AVEc42Sw0PmfQ+V0kA1DPRh0=\n";
static const char locked_public[] = "RWQYAd/oo85FpbeMxu2SOU4tS8Kf0HX9gLBu8mwfHkSBIwbEifeckH82\n";

static void test_locked(void **state)
{
	scratch_file(*state, "l.key", locked, 0600);
	scratch_file(*state, "l.pub", locked_public, 0644);
	scratch_file(*state, "word", "word\n", 0600);
	scratch_file(*state, "wrong", "sword\n", 0600);
	scratch_file(*state, "open", "word\n", 0644);
	secret_refused(state, "l.key", NULL, "locked with a password");
	secret_refused(state, "l.key", "wrong", "the password does not open");
	secret_refused(state, "l.key", "open", "others can read");
	if (!have("minisign") || !have("signify-openbsd"))
		skip();
	sign_and_verify(state, "l.key", "word", "l.pub");
}

static void test_signify(void **state)
{
	CLEANUP_FREE char *theirs = NULL;
	CLEANUP_KEY struct key p = {0};

	if (!have("minisign") || !have("signify-openbsd"))
		skip();
	free(scratch_shell(*state, "signify-openbsd -G -n -p s.pub -s s.sec && chmod 600 s.sec"));
	sign_and_verify(state, "s.sec", NULL, "s.pub");
	scratch_file(*state, "list", text, 0644);
	theirs = scratch_shell(
		*state, "signify-openbsd -S -s s.sec -m list -x theirs && cat theirs");
	read_public(state, "s.pub", &p);
	assert_int_equal(verify(&p, text, theirs), 0);
	assert_int_equal(verify(&p, "other", theirs), -1);
	/* a password of its own kind */
	free(scratch_shell(*state,
		"python3 -c \"import base64; t = open('s.sec').read().split(chr(10)); "
		"b = bytearray(base64.b64decode(t[1])); b[7] = 42; "
		"print(t[0]); print(base64.b64encode(b).decode())\" >e.sec && chmod 600 e.sec"));
	secret_refused(state, "e.sec", NULL, "locked in signify's way");
}

static void test_openssl(void **state)
{
	if (!have("minisign") || !have("signify-openbsd"))
		skip();
	free(scratch_shell(*state,
		"openssl genpkey -algorithm ed25519 -out o.pem && chmod 600 o.pem && "
		"openssl pkey -in o.pem -pubout -out o.pub && "
		"openssl pkey -in o.pem -aes256 -passout pass:word -out l.pem && chmod 600 l.pem "
		"&& "
		"openssl genrsa -out r.pem 2>/dev/null && chmod 600 r.pem"));
	scratch_file(*state, "word", "word\n", 0600);
	scratch_file(*state, "wrong", "sword\n", 0600);
	sign_and_verify(state, "o.pem", NULL, "o.pub");
	sign_and_verify(state, "l.pem", "word", "o.pub");
	secret_refused(state, "l.pem", NULL, "locked with a password");
	secret_refused(state, "l.pem", "wrong", "the password does not open");
	secret_refused(state, "r.pem", NULL, "not a secret key");
	secret_refused(state, "o.pub", NULL, "others can read");
}

#define OPEN "untrusted comment: signify secret key\n" SECRET "\n"
#define SECRET                                                                                     \
	"RWRCSwAAAADmXEyPkBdLeflkfiNVfuyhr+7rZwVkbZdNpuUl962yLrcK8M7+KUh9V1Efm5tEhmmRFEh5RXcx"     \
	"QEA3qAR8Fpe7hWUiHDlYJlUtJw/TEgWIt2CIhJ26NmPsBn+jHxQFjCc="
#define PUBLIC "RWRNpuUl962yLoVlIhw5WCZVLScP0xIFiLdgiISdujZj7AZ/ox8UBYwn"

static void test_private(void **state)
{
	CLEANUP_FREE char *damaged = xstrdup(OPEN);
	static const mode_t modes[] = {0644, 0640, 0604, 0620, 0602};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		scratch_file(*state, "key", OPEN, modes[i]);
		secret_refused(state, "key", NULL, "others can read");
	}
	scratch_file(*state, "key", PUBLIC, 0600);
	secret_refused(state, "key", NULL, "not a secret key");
	damaged[120] = damaged[120] == 'A' ? 'B' : 'A';
	scratch_file(*state, "key", damaged, 0600);
	secret_refused(state, "key", NULL, "do not belong together");
	free(scratch_shell(*state, "mkfifo -m 600 pipe"));
	secret_refused(state, "pipe", NULL, "is not a file");
	secret_refused(state, "gone", NULL, "cannot open");
}

/* Any bit of a signature that is changed, and any part that is missing. */
static void test_damaged(void **state)
{
	CLEANUP_BUF struct buf signature = BUF_INIT;
	CLEANUP_KEY struct key s = {0};
	struct err err = ERR_INIT;
	const char *comment;
	size_t first, global;

	scratch_file(*state, "key", OPEN, 0600);
	read_secret(state, "key", NULL, &s);
	assert_int_equal(sign_text(&s, text, strlen(text), "file:list", &signature, &err), 0);
	first = strcspn(signature.data, "\n") + 1;
	comment = strstr(signature.data, "\ntrusted comment: ");
	global = (size_t)(strchr(comment + 1, '\n') - signature.data) + 1;
	/* by two bits at least, so that no unused bit of base64 is hit */
	for (size_t i = first; i < signature.len - 1; i++) {
		char kept = signature.data[i];

		if (kept == '\n' || kept == '=' || (size_t)(comment - signature.data) == i)
			continue;
		signature.data[i] = kept == 'A' ? 'z' : 'A';
		assert_int_equal(verify(&s, text, signature.data), -1);
		signature.data[i] = kept;
	}
	for (size_t n = 0; n < signature.len - 1; n++) {
		CLEANUP_FREE char *cut = xstrndup(signature.data, n);
		bool whole = n == (size_t)(comment - signature.data) ||
			     n == (size_t)(comment - signature.data) + 1;

		/* two lines are what signify makes */
		assert_int_equal(verify(&s, text, cut), whole ? 0 : -1);
	}
	assert_true(global < signature.len);
	assert_int_equal(verify(&s, text, signature.data), 0);
	s.id[0] ^= 1;
	assert_int_equal(verify(&s, text, signature.data), -1);
	s.has_id = false;
	assert_int_equal(verify(&s, text, signature.data), 0);
	s.public[0] ^= 1;
	assert_int_equal(verify(&s, text, signature.data), -1);
}

static void unpack_refused(void **state, const char *archive, const char *why)
{
	CLEANUP_FREE char *path = at(state, archive), *to = at(state, "to");
	struct err err = ERR_INIT;

	assert_int_equal(pack_unpack_signed(path, PUBLIC, to, 1, NULL, &err), -1);
	if (!strstr(err.msg, why))
		fail_msg("'%s' does not say '%s'", err.msg, why);
	assert_false(path_exists(to));
}

static void sign_list(void **state)
{
	CLEANUP_FREE char *list = scratch_read(*state, "SHA256SUMS");
	CLEANUP_BUF struct buf signature = BUF_INIT;
	CLEANUP_KEY struct key s = {0};
	struct err err = ERR_INIT;

	scratch_file(*state, "key", OPEN, 0600);
	read_secret(state, "key", NULL, &s);
	assert_int_equal(sign_text(&s, list, strlen(list), "", &signature, &err), 0);
	scratch_file(*state, "SHA256SUMS.sig", signature.data, 0644);
}

/* Whatever is missing or does not fit, nothing is unpacked. */
static void test_unpack_signed(void **state)
{
	CLEANUP_FREE char *path = at(state, "a.tar"), *to = at(state, "to");
	struct err err = ERR_INIT;

	free(scratch_shell(
		*state, "mkdir top && echo x >top/file && tar -cf a.tar top && cp a.tar b.tar"));
	unpack_refused(state, "a.tar", "SHA256SUMS");
	free(scratch_shell(*state, "sha256sum a.tar >SHA256SUMS"));
	unpack_refused(state, "a.tar", "SHA256SUMS.sig");
	sign_list(state);
	unpack_refused(state, "b.tar", "does not name 'b.tar'");
	assert_int_equal(pack_unpack_signed(path, PUBLIC, to, 1, NULL, &err), 0);
	free(scratch_shell(*state, "rm -r to && sha256sum b.tar >>SHA256SUMS"));
	unpack_refused(state, "a.tar", "not this key's signature");
	sign_list(state);
	free(scratch_shell(*state, "echo x >>a.tar"));
	unpack_refused(state, "a.tar", "is not what SHA256SUMS says");
	free(scratch_shell(*state, "echo bad >>SHA256SUMS"));
	sign_list(state);
	unpack_refused(state, "a.tar", "is none that 'sha256sum -c' would read");
	scratch_file(*state, "SHA256SUMS.sig", "", 0644);
	unpack_refused(state, "a.tar", "not a signature");
}

static void test_public(void **state)
{
	static const char *const bad[] = {"", "\n", "x\n" PUBLIC "\n",
		PUBLIC "\n" PUBLIC "\n" PUBLIC, "RW",
		"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", PUBLIC "A",
		"untrusted comment: only\n", SECRET "\n"};
	CLEANUP_KEY struct key k = {0};
	struct err err = ERR_INIT;

	scratch_file(*state, "key", "untrusted comment: x\r\n" PUBLIC "\r\n", 0644);
	read_public(state, "key", &k);
	scratch_file(*state, "key", PUBLIC, 0644);
	read_public(state, "key", &k);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP_FREE char *path = at(state, "key");

		scratch_file(*state, "key", bad[i], 0644);
		assert_int_equal(key_read_public(path, &k, &err), -1);
		assert_int_equal(err.code, ERR_INPUT);
	}
	assert_int_equal(key_parse_public(PUBLIC "\0x", 58, "x", &k, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_minisign), SCRATCH_TEST(test_locked),
		SCRATCH_TEST(test_signify), SCRATCH_TEST(test_openssl), SCRATCH_TEST(test_private),
		SCRATCH_TEST(test_damaged), SCRATCH_TEST(test_unpack_signed),
		SCRATCH_TEST(test_public)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
