/* Downloads from a server that misbehaves in every way it can. */
#include <signal.h>
#include <sys/wait.h>

#include "world.h"

static void test_plain(void **state)
{
	struct world *w = *state;
	struct stat st;

	assert_fetched(w);
	assert_int_equal(stat(w->stored, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(httpd_requests(w->server), 1);
	/* the second time nothing is asked for, and no network is needed */
	w->options.offline = true;
	assert_fetched(w);
	assert_int_equal(httpd_requests(w->server), 1);
}

static void test_undeclared(void **state)
{
	struct world *w = *state;

	w->pages[0].mode = HTTPD_UNDECLARED;
	assert_fetched(w);
}

static void test_resume(void **state)
{
	struct world *w = *state;

	w->pages[0].mode = HTTPD_RANGES;
	put_file(w->partial, good_body, 100000);
	assert_fetched(w);
	assert_int_equal(httpd_last_range(w->server), 100000);
	assert_int_equal(httpd_requests(w->server), 1);
}

static void test_resume_ignored(void **state)
{
	struct world *w = *state;

	put_file(w->partial, wrong_body, 100000);
	assert_fetched(w);
	assert_int_equal(httpd_last_range(w->server), 100000);
	assert_int_equal(httpd_requests(w->server), 1);
}

static void test_resume_of_wrong_bytes(void **state)
{
	struct world *w = *state;

	w->pages[0].mode = HTTPD_RANGES;
	put_file(w->partial, wrong_body, 100000);
	assert_fetched(w);
	assert_int_equal(httpd_last_range(w->server), -1);
	assert_int_equal(httpd_requests(w->server), 2);
}

static void test_resume_of_complete(void **state)
{
	struct world *w = *state;

	put_file(w->partial, good_body, BODY_SIZE);
	assert_fetched(w);
	assert_int_equal(httpd_requests(w->server), 0);
}

static void test_resume_of_complete_but_wrong(void **state)
{
	struct world *w = *state;

	put_file(w->partial, wrong_body, BODY_SIZE);
	assert_fetched(w);
	assert_int_equal(httpd_last_range(w->server), -1);
}

static void test_wrong_range(void **state)
{
	struct world *w = *state;

	w->pages[0].mode = HTTPD_WRONG_RANGE;
	put_file(w->partial, good_body, 1000);
	assert_fails(w, "another part");
	assert_int_equal(size_of(w->partial), 1000);
}

static void test_cut(void **state)
{
	struct world *w = *state;

	/* goes on after each break, a few times */
	w->pages[0].mode = HTTPD_CUT;
	w->pages[0].cut = 100000;
	assert_fetched(w);
	assert_int_equal(httpd_requests(w->server), 3);
}

static void test_cut_often(void **state)
{
	struct world *w = *state;

	w->pages[0].mode = HTTPD_CUT;
	w->pages[0].cut = 1000;
	assert_fails(w, w->url[0]);
	assert_int_equal(size_of(w->partial), 4000);
	w->pages[0].mode = HTTPD_RANGES;
	assert_fetched(w);
	assert_int_equal(httpd_last_range(w->server), 4000);
}

static void test_undeclared_cut(void **state)
{
	struct world *w = *state;

	w->pages[0].mode = HTTPD_UNDECLARED;
	w->pages[0].size = 1000;
	assert_fails(w, "1000 of 300000 bytes");
	assert_int_equal(size_of(w->partial), 1000);
}

static void test_wrong_digest(void **state)
{
	struct world *w = *state;
	CLEANUP_FREE char *neighbour = xasprintf("%s/neighbour/file", w->store);
	char wrong[SHA256_HEX_SIZE];

	sha256_hex(wrong_body, BODY_SIZE, wrong);
	put_file(neighbour, "x", 1);
	w->pages[0].body = wrong_body;
	assert_fails(w, digest);
	assert_fails(w, wrong);
	assert_fails(w, w->url[0]);
	assert_false(path_exists(w->partial));
	assert_int_equal(size_of(neighbour), 1);
}

static void test_second_place(void **state)
{
	struct world *w = *state;

	w->urls[1] = w->url[1];
	w->pages[0].body = wrong_body;
	w->pages[1] = (struct httpd_page){
		.path = "/y", .mode = HTTPD_PLAIN, .body = good_body, .size = BODY_SIZE};
	assert_fetched(w);
}

static void test_no_place(void **state)
{
	struct world *w = *state;

	w->urls[1] = w->url[1];
	w->urls[2] = "ftp://127.0.0.1/x";
	w->pages[0] = (struct httpd_page){.path = "/x", .mode = HTTPD_STATUS, .status = 503};
	assert_fails(w, "/x: HTTP status 503");
	assert_fails(w, "/y: HTTP status 404");
	assert_fails(w, "ftp://127.0.0.1/x: only http and https are allowed");
	assert_false(path_exists(w->partial));
}

static void test_too_much(void **state)
{
	struct world *w = *state;

	w->source.size = 1000;
	assert_fails(w, "300000 bytes, locked are 1000");
	assert_false(path_exists(w->partial));
	w->pages[0].mode = HTTPD_UNDECLARED;
	assert_fails(w, "more than the locked 1000 bytes");
	assert_true(size_of(w->partial) <= 1000);
	w->source.size = BODY_SIZE;
	w->options.max_bytes = 1000;
	assert_fails(w, "more than the ceiling of 1000");
}

static void test_too_little(void **state)
{
	struct world *w = *state;

	/* what has arrived before is not given up for it */
	put_file(w->partial, good_body, 5000);
	w->pages[0].size = 2000;
	assert_fails(w, "2000 bytes, locked are 300000");
	assert_int_equal(size_of(w->partial), 5000);
}

static void test_stall(void **state)
{
	struct world *w = *state;

	w->pages[0].mode = HTTPD_STALL;
	w->pages[0].cut = 3000;
	w->options.stall_s = 1;
	assert_fails(w, "stalled: less than 1 KiB/s for 1 s");
	assert_int_equal(size_of(w->partial), 3000);
}

static void test_redirect(void **state)
{
	struct world *w = *state;

	w->urls[0] = w->url[1];
	w->pages[1] =
		(struct httpd_page){.path = "/y", .mode = HTTPD_REDIRECT, .location = "z/../x"};
	assert_fetched(w);
}

static void test_redirect_loop(void **state)
{
	struct world *w = *state;

	w->pages[0] = (struct httpd_page){.path = "/x", .mode = HTTPD_REDIRECT, .location = "/x"};
	assert_fails(w, "more than 5 redirects");
	assert_int_equal(httpd_requests(w->server), 6);
}

static void test_redirect_elsewhere(void **state)
{
	static const char *const targets[] = {"file:///etc/passwd", "ftp://127.0.0.1/x"};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		w->pages[0] = (struct httpd_page){
			.path = "/x", .mode = HTTPD_REDIRECT, .location = targets[i]};
		assert_fails(w, targets[i]);
		assert_fails(w, "is refused: only http and https");
	}
}

static void test_redirect_rules(void **state)
{
	(void)state;
	assert_null(redirect_refused("http://a/", "https://b/"));
	assert_null(redirect_refused("http://a/", "HTTP://b/"));
	assert_null(redirect_refused("https://a/", "https://b/"));
	assert_non_null(redirect_refused("https://a/", "http://b/"));
	assert_non_null(redirect_refused("HTTPS://a/", "http://b/"));
	assert_non_null(redirect_refused("http://a/", "file:///x"));
	assert_non_null(redirect_refused("http://a/", "httpx://b/"));
	assert_non_null(redirect_refused("http://a/", ""));
}

/* A TLS server that answers every request for /r with a redirect to the plain server. */
static pid_t start_tls(struct world *w, const char *dir, int port)
{
	CLEANUP_FREE char *answer = xasprintf("%s/r", dir);
	CLEANUP_FREE char *text = xasprintf(
		"HTTP/1.0 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n", w->url[0]);
	CLEANUP_FREE char *where = xasprintf("127.0.0.1:%d", port);
	CLEANUP_FREE char *make =
		xasprintf("cd '%s' && openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out "
			  "cert -days 2 "
			  "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 >/dev/null 2>&1",
			dir);
	pid_t pid;

	put_file(answer, text, strlen(text));
	if (system(make) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		if (chdir(dir) == 0 && freopen("/dev/null", "r+", stdin) &&
			freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr))
			execlp("openssl", "openssl", "s_server", "-accept", where, "-key", "key",
				"-cert", "cert", "-HTTP", (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void test_redirect_from_tls(void **state)
{
	struct world *w = *state;
	CLEANUP_FREE char *dir = xasprintf("%s/tls", w->root);
	CLEANUP_FREE char *cert = xasprintf("%s/cert", dir);
	CLEANUP_FREE char *url = NULL;
	struct err err = ERR_INIT;
	int port = 20000 + getpid() % 20000, status;
	pid_t pid = start_tls(w, dir, port);

	if (pid < 0)
		skip();
	url = xasprintf("https://127.0.0.1:%d/r", port);
	w->urls[0] = url;
	setenv("CURL_CA_BUNDLE", cert, 1);
	/* It is there in an instant, and on a busy machine in half a minute. */
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(world_fetch(w, &err), -1);
		if (!strstr(err.msg, "connect"))
			break;
		usleep(50000);
	}
	unsetenv("CURL_CA_BUNDLE");
	/* without the certificate there is no answer at all */
	assert_fails(w, "certificate");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (!strstr(err.msg, "https may not be left for http"))
		fail_msg("%s", err.msg);
	assert_int_equal(httpd_requests(w->server), 0);
}

static void test_probe(void **state)
{
	struct world *w = *state;
	struct fetcher *f = fetcher_new(&w->options);
	CLEANUP_FREE char *why = NULL, *why_not = NULL, *closed = NULL;

	assert_true(fetch_probe(f, w->url[0], &why));
	assert_null(why);
	assert_false(fetch_probe(f, w->url[1], &why_not));
	assert_non_null(strstr(why_not, "HTTP status 404"));
	assert_false(fetch_probe(f, "http://127.0.0.1:1/", &closed));
	assert_non_null(strstr(closed, "127.0.0.1"));
	fetcher_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_plain),
		TEST(test_undeclared),
		TEST(test_resume),
		TEST(test_resume_ignored),
		TEST(test_resume_of_wrong_bytes),
		TEST(test_resume_of_complete),
		TEST(test_resume_of_complete_but_wrong),
		TEST(test_wrong_range),
		TEST(test_cut),
		TEST(test_cut_often),
		TEST(test_undeclared_cut),
		TEST(test_wrong_digest),
		TEST(test_second_place),
		TEST(test_no_place),
		TEST(test_too_much),
		TEST(test_too_little),
		TEST(test_stall),
		TEST(test_redirect),
		TEST(test_redirect_loop),
		TEST(test_redirect_elsewhere),
		TEST(test_redirect_rules),
		TEST(test_redirect_from_tls),
		TEST(test_probe),
	};

	/* the loopback is reached directly, whatever the machine is set up with */
	setenv("no_proxy", "127.0.0.1", 1);
	return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
