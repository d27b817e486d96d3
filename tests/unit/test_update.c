/* `solder lock` against a mirror that has a newer release, or lies about one. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "releases.h"

static void assert_vouched(const struct update_row *r, const char *who)
{
	for (size_t i = 0; i < r->vouch.n; i++)
		if (strstr(r->vouch.v[i], who))
			return;
	fail_msg("'%s' is not among those who vouch", who);
}

/* The package failed in the set for a reason that has all these words, and nothing was written. */
static void assert_failed(struct releases_world *w, const char *set, const char *const *words)
{
	const struct update_row *r;

	w->options.set = set;
	assert_int_equal(releases_run(w), 0);
	r = releases_row(w, set, UPDATE_FAILED);
	for (; *words; words++)
		if (!strstr(r->why, *words))
			fail_msg("no '%s' in: %s", *words, r->why);
	releases_untouched(w);
}
#define ASSERT_FAILED(w, set, ...) assert_failed(w, set, (const char *const[]){__VA_ARGS__, NULL})

static void test_newer(void **state)
{
	struct releases_world *w = *state;
	CLEANUP_FREE char *upstream = NULL, *debian = NULL, *again = NULL;
	CLEANUP_FREE char *entry = xasprintf(
		"\n  - package: demo\n    version: 1.2.4\n    urls: [%s/files/demo-1.2.4.tar.gz]\n"
		"    size: %zu\n    sha256: %s\n  # Nothing",
		httpd_base(w->server), w->pages[PAGE_FILE].size, w->sha256);
	CLEANUP_FREE char *stored = xasprintf("cache/sources/%s/demo-1.2.4.tar.gz", w->sha256);
	const struct update_row *r;

	assert_int_equal(releases_run(w), 0);
	r = releases_row(w, "upstream", UPDATE_LOCKED);
	assert_string_equal(r->version, "1.2.3");
	assert_string_equal(r->newest, "1.2.4");
	assert_string_equal(r->notes, "https://demo.example.org/1.2.4.html");
	assert_vouched(r, w->signer);
	assert_vouched(r, "Debian's digest");
	r = releases_row(w, "debian", UPDATE_LOCKED);
	assert_vouched(r, "Debian's archive");
	assert_vouched(r, w->signer);
	assert_string_equal(releases_row(w, "upstream", UPDATE_SERIES)->newest, "2.0");
	assert_int_equal(w->result.written.n, 2);
	upstream = releases_set(w, "upstream");
	assert_true(!strncmp(upstream, "# A comment that stays.\n", 24));
	assert_non_null(strstr(upstream, "# and this one"));
	if (!strstr(upstream, entry))
		fail_msg("%s", upstream);
	debian = releases_set(w, "debian");
	assert_non_null(strstr(debian, "path: pool/main/d/demo/demo_1.2.4.orig.tar.gz\n"));
	/* What was downloaded serves the build. */
	free(scratch_read(w->root, stored));
	/* The second time there is nothing to do. */
	assert_int_equal(releases_run(w), 0);
	assert_string_equal(releases_row(w, "upstream", UPDATE_CURRENT)->version, "1.2.4");
	assert_int_equal(w->result.written.n, 0);
	again = releases_set(w, "upstream");
	assert_string_equal(again, upstream);
}

static void test_dry_run(void **state)
{
	struct releases_world *w = *state;

	w->options.dry_run = true;
	assert_int_equal(releases_run(w), 0);
	releases_row(w, "upstream", UPDATE_LOCKED);
	releases_row(w, "debian", UPDATE_LOCKED);
	assert_int_equal(w->result.written.n, 0);
	releases_untouched(w);
}

static void test_asked(void **state)
{
	struct releases_world *w = *state;

	strv_add(&w->options.packages, "demo@3");
	ASSERT_FAILED(w, "upstream", "no release 3");
	strv_clear(&w->options.packages);
	strv_add(&w->options.packages, "demo@2");
	/* Named on the page, and not there. */
	ASSERT_FAILED(w, "upstream", "listed, but its file is not there", "HTTP status 404");
	strv_clear(&w->options.packages);
	strv_add(&w->options.packages, "dem");
	assert_int_equal(releases_run(w), -1);
	assert_int_equal(w->err.code, ERR_USAGE);
	assert_string_equal(w->err.hint, "did you mean 'demo'?");
}

static void test_tags(void **state)
{
	struct releases_world *w = *state;
	CLEANUP_FREE char *index = xasprintf(
		"index: %s/files/\n    match: \"demo-{version}.tar.gz\"", httpd_base(w->server));
	CLEANUP_FREE char *tags = xasprintf("tags: %s/demo.git\n    match: \"v{version}\"\n"
					    "    url: \"%s/files/demo-{version}.tar.gz\"",
		httpd_base(w->server), httpd_base(w->server));

	releases_recipe(w, index, tags);
	w->options.set = "upstream";
	assert_int_equal(releases_run(w), 0);
	assert_string_equal(releases_row(w, "upstream", UPDATE_LOCKED)->newest, "1.2.4");
}

static void test_other_key(void **state)
{
	struct releases_world *w = *state;

	releases_sign(w, w->other, "demo-1.2.4.tar.gz");
	releases_serve(w, PAGE_ASC, "demo-1.2.4.tar.gz.asc");
	ASSERT_FAILED(w, "upstream", w->other, w->signer);
	/* The file of the keys has the other one, too, but it is not the one that is locked. */
	free(scratch_shell(w->root,
		"gpg --homedir %s --batch --armor --export %s >recipes/keys/demo.asc", w->keys,
		w->other));
	ASSERT_FAILED(w, "upstream", w->other, w->signer);
	scratch_remove(w->root, "recipes/keys/demo.asc");
	ASSERT_FAILED(w, "upstream", w->other, w->signer, "there is no");
}

static void test_wrong_signature(void **state)
{
	struct releases_world *w = *state;

	scratch_file(w->root, "x", "something else", 0644);
	releases_sign(w, w->signer, "x");
	releases_serve(w, PAGE_ASC, "x.asc");
	ASSERT_FAILED(w, "upstream", "is not one of this file", w->signer);
	scratch_file(w->root, "y", "no signature", 0644);
	releases_serve(w, PAGE_ASC, "y");
	ASSERT_FAILED(w, "upstream", "what stands for a signature is none", w->signer);
	w->pages[PAGE_ASC].mode = HTTPD_STATUS;
	w->pages[PAGE_ASC].status = 404;
	ASSERT_FAILED(w, "upstream", "it has no signature", w->signer);
}

static void test_expired_key(void **state)
{
	struct releases_world *w = *state;
	CLEANUP_FREE char *said = NULL;
	char *fingerprint;

	/* A key of an hour in 2020 signs in 2020, and, prolonged, today. */
	said = scratch_shell(w->root,
		"mkdir -m 700 g && exec 2>/dev/null; g='gpg --homedir g --batch --quiet "
		"--pinentry-mode loopback --passphrase '; $g '' --faked-system-time 20200101T000000 "
		"--quick-gen-key old@example.org ed25519 sign seconds=3600 && "
		"$g '' --armor --export >recipes/keys/demo.asc && "
		"$g '' --faked-system-time 20200101T001000 --armor --detach-sign "
		"-o then.asc demo-1.2.4.tar.gz && "
		"f=$($g '' --with-colons --list-keys | grep ^fpr | cut -d: -f10) && "
		"$g '' --quick-set-expire $f 0 && "
		"$g '' --armor --detach-sign -o now.asc demo-1.2.4.tar.gz && echo $f");
	fingerprint = said;
	fingerprint[strcspn(fingerprint, "\n")] = '\0';
	releases_recipe(w, w->signer, fingerprint);
	releases_serve(w, PAGE_ASC, "now.asc");
	ASSERT_FAILED(w, "upstream", "it was signed after the key", fingerprint);
	releases_serve(w, PAGE_ASC, "then.asc");
	assert_int_equal(releases_run(w), 0);
	assert_vouched(releases_row(w, "upstream", UPDATE_LOCKED), fingerprint);
	free(scratch_shell(w->root, "gpgconf --homedir g --kill all"));
}

static void test_withdrawn(void **state)
{
	struct releases_world *w = *state;

	for (int status = 404; status <= 410; status += 6) {
		w->pages[PAGE_FILE].mode = w->pages[PAGE_POOL].mode = HTTPD_STATUS;
		w->pages[PAGE_FILE].status = status;
		w->pages[PAGE_POOL].status = 404;
		ASSERT_FAILED(w, "upstream", "listed, but its file is not there", "withdrawn");
		ASSERT_FAILED(w, "debian", "listed, but its file is not there", "withdrawn");
	}
}

static void test_length(void **state)
{
	struct releases_world *w = *state;
	size_t size = w->pages[PAGE_FILE].size;

	/* More is promised than comes. */
	w->pages[PAGE_FILE].mode = w->pages[PAGE_POOL].mode = HTTPD_CUT;
	w->pages[PAGE_FILE].cut = w->pages[PAGE_POOL].cut = 100;
	ASSERT_FAILED(w, "upstream", "demo-1.2.4.tar.gz");
	ASSERT_FAILED(w, "debian", "demo_1.2.4.orig.tar.gz");
	/* Less is promised, and so it comes to an end: without a signature the archive itself
	 * tells, and Debian's index. */
	w->pages[PAGE_FILE].mode = w->pages[PAGE_POOL].mode = HTTPD_PLAIN;
	w->pages[PAGE_FILE].size = w->pages[PAGE_POOL].size = size / 2;
	ASSERT_FAILED(w, "upstream", "is not one of this file");
	ASSERT_FAILED(w, "debian", "bytes, locked are");
	w->pages[PAGE_FILE].mode = HTTPD_UNDECLARED;
	releases_recipe(w, "  signed:\n", "  known-as: []\n");
	releases_recipe(w, "    - suffix: .asc\n", "");
	free(scratch_shell(w->root, "sed -i '/openpgp:/d; /key:/d; /known-as: .demo/d' "
				    "recipes/demo/recipe.yaml"));
	ASSERT_FAILED(w, "upstream", "demo-1.2.4.tar.gz", "cannot");
	/* The list of the index is signed, the index is another. */
	w->pages[PAGE_SOURCES].size--;
	ASSERT_FAILED(w, "debian", "its signed list says");
}

static void test_debian_differs(void **state)
{
	struct releases_world *w = *state;

	free(scratch_shell(w->root, "mv demo-1.2.4.tar.gz was && mkdir other && "
				    "echo >other/x && tar czf demo-1.2.4.tar.gz other"));
	releases_sign(w, w->signer, "demo-1.2.4.tar.gz");
	releases_serve(w, PAGE_FILE, "demo-1.2.4.tar.gz");
	releases_serve(w, PAGE_ASC, "demo-1.2.4.tar.gz.asc");
	ASSERT_FAILED(w, "upstream", "one of them is not upstream's file", w->sha256);
}

static void test_debian_unsigned(void **state)
{
	struct releases_world *w = *state;

	releases_sign_debian(w, w->other);
	ASSERT_FAILED(w, "debian", w->other, "not in");
	w->pages[PAGE_IN_RELEASE].body = "SHA256:\n";
	w->pages[PAGE_IN_RELEASE].size = 8;
	ASSERT_FAILED(w, "debian", "not signed");
	/* Upstream's own signature still counts. */
	w->options.set = "upstream";
	assert_int_equal(releases_run(w), 0);
	assert_vouched(releases_row(w, "upstream", UPDATE_LOCKED), w->signer);
}

static void test_nobody_vouches(void **state)
{
	struct releases_world *w = *state;

	free(scratch_shell(w->root, "sed -i '/signed:/,$d' recipes/demo/recipe.yaml"));
	releases_recipe(w, "    same: yes\n", "    same: no\n");
	ASSERT_FAILED(w, "upstream", "nothing vouches for");
}

/* A program in the place of cosign, which says what it was asked. */
static void test_sigstore(void **state)
{
	struct releases_world *w = *state;
	CLEANUP_FREE char *path = xasprintf("%s/bin:%s", w->root, getenv("PATH"));
	CLEANUP_FREE char *before = xstrdup(getenv("PATH")), *asked = NULL;

	free(scratch_shell(w->root,
		"sed -i 's/openpgp: .*/sigstore: me@example.org/; "
		"s|key: demo.asc|issuer: https://login.example.org|' recipes/demo/recipe.yaml"));
	scratch_file(w->root, "bin/cosign",
		"#!/bin/sh\necho \"$@\" >\"${0%/bin/cosign}/asked\"\n"
		"if [ -e \"${0%/bin/cosign}/no\" ]; then echo none of the expected identities; "
		"exit 1; fi\n",
		0755);
	scratch_file(w->root, "no", "", 0644);
	setenv("PATH", path, 1);
	ASSERT_FAILED(w, "upstream", "none of the expected identities", "locked is me@example.org");
	scratch_remove(w->root, "no");
	assert_int_equal(releases_run(w), 0);
	assert_vouched(releases_row(w, "upstream", UPDATE_LOCKED), "Sigstore me@example.org");
	asked = scratch_read(w->root, "asked");
	assert_non_null(strstr(asked, "verify-blob --bundle "));
	assert_non_null(strstr(asked, "--certificate-identity me@example.org "
				      "--certificate-oidc-issuer https://login.example.org -- "));
	assert_non_null(strstr(asked, "/demo-1.2.4.tar.gz\n"));
	setenv("PATH", before, 1);
}

static void test_check(void **state)
{
	struct releases_world *w = *state;
	unsigned int requests = httpd_requests(w->server);

	w->options.check = true;
	w->options.set = "upstream";
	assert_int_equal(releases_run(w), 0);
	assert_string_equal(releases_row(w, "upstream", UPDATE_NEWER)->newest, "1.2.4");
	assert_int_equal(httpd_requests(w->server), requests + 1); /* the page */
	assert_int_equal(w->result.n_advisories, 0);
	releases_untouched(w);
}

static void test_check_advisory(void **state)
{
	struct releases_world *w = *state;
	CLEANUP_FREE char *osv = xasprintf("%s/osv.json", w->root);

	scratch_file(w->root, "osv.json",
		"{\"vulns\": [{\"id\": \"CVE-1\", \"summary\": \"bad\", \"affected\": [{\"package\": "
		"{\"name\": \"Demo\"}, \"ranges\": [{\"type\": \"SEMVER\", \"events\": "
		"[{\"introduced\": \"0\"}, {\"fixed\": \"1.2.4\"}]}]}]}]}",
		0644);
	strv_add(&w->options.advisories, osv);
	w->options.check = w->options.offline = true;
	assert_int_equal(releases_run(w), 0);
	assert_int_equal(w->result.n, 0);
	assert_int_equal(w->result.n_advisories, 2);
	assert_string_equal(w->result.advisories[0].id, "CVE-1");
	assert_string_equal(w->result.advisories[0].fixed, "1.2.4");
	assert_string_equal(w->result.advisories[1].set, "debian");
	assert_int_equal(httpd_requests(w->server), 0);
	/* With the fixed release locked there is none. */
	strv_release(&w->options.advisories);
	w->options.check = w->options.offline = false;
	assert_int_equal(releases_run(w), 0);
	strv_add(&w->options.advisories, osv);
	w->options.check = w->options.offline = true;
	assert_int_equal(releases_run(w), 0);
	assert_int_equal(w->result.n_advisories, 0);
}

/* Ctrl-C in the middle of a download. */
static void test_interrupt(void **state)
{
	struct releases_world *w = *state;
	int status = 0;
	pid_t pid;

	w->pages[PAGE_FILE].mode = HTTPD_STALL;
	w->pages[PAGE_FILE].cut = 1000;
	w->options.set = "upstream";
	pid = fork();
	if (!pid) {
		interrupt_install();
		_exit(releases_run(w) < 0 && w->err.code == ERR_INTERRUPTED ? 42 : 1);
	}
	while (httpd_requests(w->server) < 2)
		usleep(10000);
	usleep(50000);
	kill(pid, SIGINT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
	releases_untouched(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RELEASES_TEST(test_newer),
		RELEASES_TEST(test_dry_run),
		RELEASES_TEST(test_asked),
		RELEASES_TEST(test_tags),
		RELEASES_TEST(test_other_key),
		RELEASES_TEST(test_wrong_signature),
		RELEASES_TEST(test_expired_key),
		RELEASES_TEST(test_withdrawn),
		RELEASES_TEST(test_length),
		RELEASES_TEST(test_debian_differs),
		RELEASES_TEST(test_debian_unsigned),
		RELEASES_TEST(test_nobody_vouches),
		RELEASES_TEST(test_sigstore),
		RELEASES_TEST(test_check),
		RELEASES_TEST(test_check_advisory),
		RELEASES_TEST(test_interrupt),
	};

	return cmocka_run_group_tests(tests, releases_keys, releases_no_keys);
}
