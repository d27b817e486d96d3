/* apt's configuration, and mirrors found through it. */
#include "world.h"

static void test_mirror(void **state)
{
	struct world *w = *state;
	CLEANUP_FREE char *mirror = xasprintf("%s/debian//", httpd_base(w->server));

	w->pages[0].path = "/debian/pool/x_1.0.orig.tar.gz";
	w->urls[0] = "pool/x_1.0.orig.tar.gz";
	w->options.mirror = mirror;
	assert_fetched(w);
}

static void test_mirror_of_apt(void **state)
{
	struct world *w = *state;
	CLEANUP_FREE char *list = xasprintf("%s/etc/apt/sources.list", w->root);
	CLEANUP_FREE char *text = xasprintf("deb %s/none/debian x main\ndeb %s/debian x main\n",
		httpd_base(w->server), httpd_base(w->server));

	w->pages[0].path = "/debian/pool/x_1.0.orig.tar.gz";
	w->urls[0] = "pool/x_1.0.orig.tar.gz";
	w->options.apt_root = w->root;
	assert_fails(w, "apt is configured with no Debian mirror");
	put_file(list, text, strlen(text));
	assert_fetched(w);
	assert_int_equal(httpd_requests(w->server), 2);
}

static void test_apt_sources(void **state)
{
	struct world *w = *state;
	CLEANUP_FREE char *list = xasprintf("%s/etc/apt/sources.list", w->root);
	static const struct {
		const char *suffix, *text;
	} files[] = {
		{"", "# deb http://a/debian x main\n"
		     "deb http://b/debian/ x main\n"
		     "deb-src [ arch=amd64 signed-by=/k ] https://c/debian x main # why\n"
		     "deb http://b/debian x-updates main\n"
		     "deb http://e/debian-security x-security main\n"
		     "deb http://f/debian x-security main\n"
		     "deb http://h/ubuntu x main\n"
		     "deb http://i/archive/debian/20250101T000000Z x main\n"
		     "deb file:/debian x main\n"
		     "deb http://j/debian ./\n"},
		{".d/a.list", "deb http://2/debian x main"},
		{".d/b.sources", "Types: deb\nURIs: http://4/debian http://3/debian\n"
				 "Suites: x x-updates\nComponents: main\n"},
		{".d/c.list.disabled", "deb http://5/debian x main"},
		{".d/d.sources", "Types: deb\nURIs: http://6/debian\nSuites: x\nComponents: main\n"
				 "Enabled: no\n"},
	};
	CLEANUP_STRV struct strv bases = STRV_INIT;
	CLEANUP_FREE char *joined = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(apt_mirrors(w->root, &bases, &err), 0);
	assert_int_equal(bases.n, 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP_FREE char *path = xasprintf("%s%s", list, files[i].suffix);

		put_file(path, files[i].text, strlen(files[i].text));
	}
	assert_int_equal(apt_mirrors(w->root, &bases, &err), 0);
	joined = strv_join(&bases, " ");
	assert_string_equal(joined,
		"http://b/debian https://c/debian http://i/archive/debian/20250101T000000Z "
		"http://2/debian http://4/debian http://3/debian");
	put_file(list, "deb nonsense\n", 13);
	assert_int_equal(apt_mirrors(w->root, &bases, &err), -1);
	assert_string_equal(err.msg, "asking apt for its mirrors: exit code 100");
	assert_string_equal(err.hint, "it said last: E: The list of sources could not be read.");
}

static void assert_proxy(const char *dump, const char *url, const char *expected)
{
	CLEANUP_FREE char *proxy = apt_proxy(dump, url);

	if (!expected)
		assert_null(proxy);
	else
		assert_string_equal(proxy, expected);
}

static void test_apt_proxy(void **state)
{
	const char *dump = "APT \"\";\n"
			   "Acquire::http \"\";\n"
			   "Acquire::http::Proxy \"http://p:1/\";\n"
			   "Acquire::http::Proxy::near \"DIRECT\";\n"
			   "Acquire::http::Proxy::far \"http://q:2\";\n";

	(void)state;
	assert_proxy("", "http://a/debian", NULL);
	assert_proxy("Acquire::http::Proxy \"\";\n", "http://a/debian", NULL);
	assert_proxy(dump, "http://a/debian", "http://p:1/");
	assert_proxy(dump, "https://a/debian", "http://p:1/");
	assert_proxy(dump, "http://near:80/debian", "");
	assert_proxy(dump, "http://me:pw@far/debian", "http://q:2");
	assert_proxy("acquire::https::proxy \"http://s\";\n", "https://a/", "http://s");
	assert_proxy("acquire::https::proxy \"http://s\";\n", "http://a/", NULL);
}

static void test_url_shown(void **state)
{
	CLEANUP_FREE char *hidden = url_shown("http://me:pw@host/a@b");
	CLEANUP_FREE char *plain = url_shown("http://host/a@b");

	(void)state;
	assert_string_equal(hidden, "http://host/a@b");
	assert_string_equal(plain, "http://host/a@b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_mirror),
		TEST(test_mirror_of_apt),
		TEST(test_apt_sources),
		TEST(test_apt_proxy),
		TEST(test_url_shown),
	};

	/* the loopback is reached directly, whatever the machine is set up with */
	setenv("no_proxy", "127.0.0.1", 1);
	return cmocka_run_group_tests_name("mirror", tests, NULL, NULL);
}
