#include "releases.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char keys[] = "/tmp/test-keys-XXXXXX";
static char *fingerprints[2];

static const char upstream_set[] =
	"# A comment that stays.\nset: upstream\nbase: url\nsources:\n"
	"  - package: demo\n    version: 1.2.3\n"
	"    urls: [\"http://127.0.0.1:1/demo-1.2.3.tar.gz\"] # and this one\n    size: 10\n"
	"    sha256: 60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb\n"
	"  # Nothing is known of its releases.\n"
	"  - package: last\n    version: 7\n    urls: [\"http://127.0.0.1:1/last-7.tar.gz\"]\n"
	"    size: 10\n"
	"    sha256: 60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb\n";

static const char debian_set[] =
	"set: debian\nbase: apt\nsuites: [sid]\nsources:\n"
	"  - package: demo\n    version: 1.2.3\n    path: pool/main/d/demo/demo_1.2.3.orig.tar.gz\n"
	"    size: 10\n"
	"    sha256: 60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb\n";

/* `gpg` with a home of its own. */
#define GPG "gpg --homedir '%s' --batch --quiet --no-tty --pinentry-mode loopback --passphrase '' "

int releases_keys(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(keys));
	for (size_t i = 0; i < ARRAY_SIZE(fingerprints); i++) {
		CLEANUP_FREE char *said = scratch_shell(keys,
			GPG
			"--quick-gen-key 'key%zu <key%zu@example.org>' ed25519 sign never 2>&1 && " GPG
			"--with-colons --list-keys key%zu@example.org | grep ^fpr | cut -d: -f10",
			keys, i, i, keys, i);
		char *line = strrchr(said, '\n');

		assert_non_null(line);
		*line = '\0';
		line = strrchr(said, '\n');
		fingerprints[i] = xstrdup(line ? line + 1 : said);
		assert_int_equal(strlen(fingerprints[i]), 40);
	}
	return 0;
}

int releases_no_keys(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	free(scratch_shell(keys, "gpgconf --homedir '%s' --kill all", keys));
	for (size_t i = 0; i < ARRAY_SIZE(fingerprints); i++)
		free(fingerprints[i]);
	return tree_remove(keys, &err);
}

void releases_serve(struct releases_world *w, enum releases_page page, const char *name)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", w->root, name);
	struct buf body = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(file_read(path, 1 << 24, &body, &err), 0);
	free(w->bodies[page]);
	w->pages[page].size = body.len;
	w->pages[page].body = w->bodies[page] = buf_steal(&body);
}

void releases_sign(const struct releases_world *w, const char *fingerprint, const char *name)
{
	free(scratch_shell(w->root, GPG "--yes --armor --local-user %s --detach-sign -o %s.asc %s",
		keys, fingerprint, name, name));
}

void releases_sign_debian(struct releases_world *w, const char *fingerprint)
{
	char hex[SHA256_HEX_SIZE];
	CLEANUP_FREE char *text = NULL;

	sha256_hex(w->pages[PAGE_SOURCES].body, w->pages[PAGE_SOURCES].size, hex);
	text = xasprintf("Suite: sid\nSHA256:\n %s %zu main/source/Sources.gz\n", hex,
		w->pages[PAGE_SOURCES].size);
	scratch_file(w->root, "Release", text, 0644);
	free(scratch_shell(w->root, GPG "--yes --local-user %s --clearsign -o InRelease Release",
		keys, fingerprint));
	releases_serve(w, PAGE_IN_RELEASE, "InRelease");
}

static void make_recipe(struct releases_world *w)
{
	const char *base = httpd_base(w->server);
	CLEANUP_FREE char *text = xasprintf(
		"name: demo\nsummary: s\nlicence: MIT\nlicence-files: [L]\ndepends: []\nbuild: b\n"
		"releases:\n  notes: \"https://demo.example.org/{version}.html\"\n"
		"  known-as: [demo-src]\n"
		"  upstream:\n    index: %s/files/\n    match: \"demo-{version}.tar.gz\"\n"
		"  debian:\n    match: \"demo_{version}.orig.tar.*\"\n    same: yes\n"
		"  signed:\n    - suffix: .asc\n      openpgp: [%s]\n      key: demo.asc\n",
		base, w->signer);

	scratch_file(w->root, "recipes/demo/recipe.yaml", text, 0644);
	scratch_file(w->root, "recipes/last/recipe.yaml",
		"name: last\nsummary: s\nlicence: MIT\nlicence-files: [L]\ndepends: []\nbuild: b\n",
		0644);
	scratch_file(w->root, "recipes/sets/upstream.yaml", upstream_set, 0644);
	scratch_file(w->root, "recipes/sets/debian.yaml", debian_set, 0644);
	free(scratch_shell(w->root,
		"mkdir -p recipes/keys && " GPG "--armor --export %s >recipes/keys/demo.asc && " GPG
		"--export %s >keyring.gpg",
		keys, w->signer, keys, w->signer));
}

static void make_files(struct releases_world *w)
{
	CLEANUP_FREE char *path = xasprintf("%s/demo-1.2.4.tar.gz", w->root);
	CLEANUP_FREE char *index = NULL;
	char asc[SHA256_HEX_SIZE];
	struct err err = ERR_INIT;
	uint64_t size;

	free(scratch_shell(w->root,
		"mkdir demo-1.2.4 && head -c 60000 /dev/urandom >demo-1.2.4/noise && "
		"tar czf demo-1.2.4.tar.gz demo-1.2.4"));
	assert_int_equal(sha256_file(path, w->sha256, &size, &err), 0);
	releases_sign(w, w->signer, "demo-1.2.4.tar.gz");
	releases_serve(w, PAGE_FILE, "demo-1.2.4.tar.gz");
	releases_serve(w, PAGE_POOL, "demo-1.2.4.tar.gz");
	releases_serve(w, PAGE_ASC, "demo-1.2.4.tar.gz.asc");
	releases_serve(w, PAGE_POOL_ASC, "demo-1.2.4.tar.gz.asc");
	sha256_hex(w->pages[PAGE_ASC].body, w->pages[PAGE_ASC].size, asc);
	index = xasprintf("Package: demo\nVersion: 1.2.4-1\nChecksums-Sha256:\n"
			  " %s %llu demo_1.2.4.orig.tar.gz\n %s %zu demo_1.2.4.orig.tar.gz.asc\n"
			  "Directory: pool/main/d/demo\n\n",
		w->sha256, (unsigned long long)size, asc, w->pages[PAGE_ASC].size);
	scratch_file(w->root, "Sources", index, 0644);
	free(scratch_shell(w->root, "gzip -n Sources"));
	releases_serve(w, PAGE_SOURCES, "Sources.gz");
	releases_sign_debian(w, w->signer);
}

int releases_setup(void **state)
{
	static const char *const paths[] = {"/files/", "/files/demo-1.2.4.tar.gz",
		"/files/demo-1.2.4.tar.gz.asc", "/demo.git/info/refs?service=git-upload-pack",
		"/debian/dists/sid/InRelease", "/debian/dists/sid/main/source/Sources.gz",
		"/debian/pool/main/d/demo/demo_1.2.4.orig.tar.gz",
		"/debian/pool/main/d/demo/demo_1.2.4.orig.tar.gz.asc"};
	static const char page[] =
		"<a href=\"demo-1.2.3.tar.gz\">old</a> "
		"<a href='/files/demo-1.2.4.tar.gz'>new</a> <a href=demo-2.0.tar.gz>"
		"<a href=\"https://other.example.org/demo-1.2.9.tar.gz\">";
	static const char tags[] = "001e# service=git-upload-pack\n0000003f0 refs/heads/v1.2.8\n"
				   "003f1 refs/tags/v1.2.4\n003f2 refs/tags/v1.2.4^{}\n"
				   "003f3 refs/tags/v1.2.5rc1\n";
	struct releases_world *w = xcalloc(1, sizeof(*w));

	scratch_setup((void **)&w->root);
	for (size_t i = 0; i < N_PAGES; i++)
		w->pages[i] = (struct httpd_page){.path = paths[i], .mode = HTTPD_RANGES};
	w->pages[PAGE_INDEX].body = page;
	w->pages[PAGE_INDEX].size = strlen(page);
	w->pages[PAGE_TAGS].body = tags;
	w->pages[PAGE_TAGS].size = strlen(tags);
	w->keys = keys;
	w->signer = fingerprints[0];
	w->other = fingerprints[1];
	w->server = httpd_start(w->pages, N_PAGES);
	w->recipes = xasprintf("%s/recipes", w->root);
	w->cache = xasprintf("%s/cache", w->root);
	w->mirror = xasprintf("%s/debian", httpd_base(w->server));
	w->keyring = xasprintf("%s/keyring.gpg", w->root);
	make_recipe(w);
	make_files(w);
	w->options = (struct update_options){.recipes = w->recipes,
		.cache = w->cache,
		.mirror = w->mirror,
		.keyring = w->keyring};
	*state = w;
	return 0;
}

int releases_teardown(void **state)
{
	struct releases_world *w = *state;
	void *root = w->root;

	httpd_stop(w->server);
	update_release(&w->result);
	for (size_t i = 0; i < N_PAGES; i++)
		free(w->bodies[i]);
	strv_release(&w->options.packages);
	strv_release(&w->options.advisories);
	free(w->recipes);
	free(w->cache);
	free(w->mirror);
	free(w->keyring);
	free(w);
	return scratch_teardown(&root);
}

int releases_run(struct releases_world *w)
{
	update_release(&w->result);
	w->err = (struct err)ERR_INIT;
	return update_run(&w->options, &w->result, &w->err);
}

const struct update_row *releases_row(
	const struct releases_world *w, const char *set, enum update_state state)
{
	for (size_t i = 0; i < w->result.n; i++) {
		const struct update_row *r = &w->result.rows[i];

		if (!strcmp(r->package, "demo") && !strcmp(r->set, set) && r->state == state)
			return r;
	}
	for (size_t i = 0; i < w->result.n; i++)
		print_error("%s %s: %s %s %s\n", w->result.rows[i].set, w->result.rows[i].package,
			update_state_name(w->result.rows[i].state),
			w->result.rows[i].newest ? w->result.rows[i].newest : "-",
			w->result.rows[i].why ? w->result.rows[i].why : "");
	fail_msg("no row '%s' in the set '%s' (%s)", update_state_name(state), set, w->err.msg);
	return NULL;
}

void releases_recipe(struct releases_world *w, const char *from, const char *to)
{
	CLEANUP_FREE char *text = scratch_read(w->root, "recipes/demo/recipe.yaml");
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_adds(&b, text);
	assert_int_equal(buf_replace(&b, from, to), 1);
	scratch_file(w->root, "recipes/demo/recipe.yaml", b.data, 0644);
}

char *releases_set(const struct releases_world *w, const char *set)
{
	CLEANUP_FREE char *name = xasprintf("recipes/sets/%s.yaml", set);

	return scratch_read(w->root, name);
}

void releases_untouched(struct releases_world *w)
{
	CLEANUP_FREE char *upstream = releases_set(w, "upstream");
	CLEANUP_FREE char *debian = releases_set(w, "debian");
	CLEANUP_FREE char *work = xasprintf("%s/work", w->cache);
	CLEANUP_FREE char *sets = xasprintf("%s/sets", w->recipes);

	assert_string_equal(upstream, upstream_set);
	assert_string_equal(debian, debian_set);
	assert_int_equal(scratch_entries(work), 0);
	assert_int_equal(scratch_entries(sets), 2);
}
