#include "world.h"

char good_body[BODY_SIZE], wrong_body[BODY_SIZE];
char digest[SHA256_HEX_SIZE];

int world_setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	snprintf(w->root, sizeof(w->root), "/tmp/test-fetch-XXXXXX");
	assert_non_null(mkdtemp(w->root));
	for (size_t i = 0; i < BODY_SIZE; i++) {
		good_body[i] = (char)(i * 7 + i / 251);
		wrong_body[i] = (char)(i * 11);
	}
	sha256_hex(good_body, BODY_SIZE, digest);
	w->store = xasprintf("%s/store", w->root);
	w->stored = xasprintf("%s/%s/x-1.0.tar.gz", w->store, digest);
	w->partial = xasprintf("%s/partial/%s", w->store, digest);
	for (size_t i = 0; i < ARRAY_SIZE(w->pages); i++)
		w->pages[i] = (struct httpd_page){.path = "-"};
	w->pages[0] = (struct httpd_page){
		.path = "/x", .mode = HTTPD_PLAIN, .body = good_body, .size = BODY_SIZE};
	w->server = httpd_start(w->pages, ARRAY_SIZE(w->pages));
	w->url[0] = xasprintf("%s/x", httpd_base(w->server));
	w->url[1] = xasprintf("%s/y", httpd_base(w->server));
	w->urls[0] = w->url[0];
	w->options = (struct fetch_options){.store = w->store, .stall_s = 2};
	w->source = (struct source){.package = "x",
		.version = "1.0",
		.urls = w->urls,
		.size = BODY_SIZE,
		.sha256 = digest,
		.file = "x-1.0.tar.gz"};
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;

	httpd_stop(w->server);
	assert_int_equal(tree_remove(w->root, &err), 0);
	free(w->store);
	free(w->stored);
	free(w->partial);
	free(w->url[0]);
	free(w->url[1]);
	free(w);
	return 0;
}

int world_fetch(struct world *w, struct err *err)
{
	struct fetcher *f = fetcher_new(&w->options);
	CLEANUP_FREE char *path = NULL;
	int r = fetch_source(f, &w->source, &path, err);

	if (r == 0)
		assert_string_equal(path, w->stored);
	fetcher_free(f);
	return r;
}

void put_file(const char *path, const void *data, size_t n)
{
	CLEANUP_FREE char *dir = path_dir(path);
	struct err err = ERR_INIT;

	assert_int_equal(make_dirs(dir, &err), 0);
	assert_int_equal(file_write(path, data, n, 0644, &err), 0);
}

long size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

void assert_fetched(struct world *w)
{
	char hex[SHA256_HEX_SIZE];
	struct err err = ERR_INIT;

	if (world_fetch(w, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(sha256_file(w->stored, hex, NULL, &err), 0);
	assert_string_equal(hex, digest);
	assert_false(path_exists(w->partial));
}

void assert_fails(struct world *w, const char *message)
{
	struct err err = ERR_INIT;

	assert_int_equal(world_fetch(w, &err), -1);
	if (!strstr(err.msg, message))
		fail_msg("'%s' does not say '%s'", err.msg, message);
	assert_false(path_exists(w->stored));
}
