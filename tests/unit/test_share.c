/* Finished steps by way of a server: that keeps them, loses them, or lies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "httpd.h"
#include "plans.h"
#include "share/share-internal.h"

#define SYSTEM "headers=1"

/* Two machines; the first one fills the server's store. */
struct machines {
	struct plans *p;
	char *store;
	struct httpd *server;
	struct share_options options;
	struct share *share;
	struct progress *progress;
	FILE *said;
	char *text; /* what was said */
	size_t size;
};

static int setup(void **state)
{
	struct machines *m = xcalloc(1, sizeof(*m));
	void *plans;
	struct err err = ERR_INIT;

	plans_setup(&plans);
	m->p = plans;
	m->store = xasprintf("%s/store", m->p->root);
	if (make_dirs(m->store, &err) < 0)
		fail_msg("%s", err.msg);
	m->server = httpd_start_store(m->store);
	m->options = (struct share_options){.url = httpd_base(m->server), .mode = "readwrite"};
	m->said = open_memstream(&m->text, &m->size);
	m->progress = progress_new(m->said, PROGRESS_QUIET);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	struct machines *m = *state;
	void *plans = m->p;

	progress_free(m->progress);
	fclose(m->said);
	httpd_stop(m->server);
	free(m->text);
	free(m->store);
	plans_teardown(&plans);
	free(m);
	return 0;
}

static void plan(struct machines *m, const char *system)
{
	struct step *a, *b;

	plans_clear(m->p);
	a = plans_step(m->p, "a", "echo made a; echo a >\"$OUT/a\"; ln -s a \"$OUT/l\"");
	b = plans_step(
		m->p, "b", "mkdir \"$OUT/d\"; cp \"$V\" \"$OUT/d/b\"; chmod 755 \"$OUT/d/b\"");
	step_view(b, "V", a, "a");
	plans_settle(m->p);
	plan_share(&m->p->plan, system);
}

/* A build, as far as steps go: returns how many ran. */
static size_t build(struct machines *m)
{
	struct plans *p = m->p;
	struct err err = ERR_INIT;
	struct share *s;

	if (share_open(&m->options, m->progress, &s, &err) < 0 ||
		share_take(s, &p->plan, p->cache, &err) < 0 ||
		plan_run(&p->plan, &p->options, &p->result, &err) < 0 ||
		share_give(s, &p->plan, p->cache, &err) < 0)
		fail_msg("%s", err.msg);
	m->p->err = (struct err)ERR_INIT;
	share_free(s);
	return p->result.run;
}

static void assert_right(const struct machines *m)
{
	CLEANUP_FREE char *a = plans_result(m->p, m->p->plan.steps[0], "a");
	CLEANUP_FREE char *l = plans_result(m->p, m->p->plan.steps[0], "l");
	CLEANUP_FREE char *b = plans_result(m->p, m->p->plan.steps[1], "d/b");

	assert_string_equal(a, "a\n");
	assert_string_equal(l, "a\n");
	assert_string_equal(b, "a\n");
	assert_int_equal(plans_entries(m->p, "work"), 0);
}

/* The cache is empty again, and nothing was said: each text is said once. */
static void move_on(struct machines *m)
{
	struct err err = ERR_INIT;

	cache_free(m->p->cache);
	if (tree_remove(m->p->dir, &err) < 0 || cache_open(m->p->dir, &m->p->cache, &err) < 0)
		fail_msg("%s", err.msg);
	m->p->options.cache = m->p->cache;
	progress_free(m->progress);
	m->progress = progress_new(m->said, PROGRESS_QUIET);
	rewind(m->said);
	plan(m, SYSTEM);
}

/* Exactly one line of warning, with this word in it; NULL: none. */
static void assert_said(struct machines *m, const char *word)
{
	CLEANUP_FREE char *text = NULL;
	const char *first;

	fflush(m->said);
	text = xstrndup(m->text, m->size);
	first = strstr(text, "warning: ");
	if (!word) {
		assert_null(first);
		return;
	}
	if (!first || !strstr(text, word) || strstr(first + 1, "warning: "))
		fail_msg("said, instead of one line with '%s': %s", word, text);
}

static void fill(struct machines *m)
{
	plan(m, SYSTEM);
	assert_int_equal(build(m), 2);
	assert_said(m, NULL);
	move_on(m);
}

static void test_given_and_taken(void **state)
{
	struct machines *m = *state;
	CLEANUP_FREE char *log = NULL, *text = NULL, *why = NULL;
	struct err err = ERR_INIT;
	uint64_t took;

	plan(m, SYSTEM);
	build(m);
	took = cache_took(m->p->cache, m->p->plan.steps[0]->id);
	move_on(m);
	m->options.mode = "read";
	assert_int_equal(build(m), 0);
	assert_said(m, NULL);
	assert_right(m);
	for (size_t i = 0; i < 2; i++) {
		const struct step *s = m->p->plan.steps[i];

		assert_true(s->remote && s->cached && step_is_shared(s, m->p->cache));
		assert_int_equal(cache_check(m->p->cache, s->id, true, &why, &err), 0);
	}
	assert_int_equal(cache_took(m->p->cache, m->p->plan.steps[0]->id), took);
	log = cache_log(m->p->cache, m->p->plan.steps[0]->id);
	text = scratch_read("", log);
	assert_string_equal(text, "made a\n");
	/* What is there whole is not sent again. */
	m->options.mode = "readwrite";
	plan(m, SYSTEM);
	assert_int_equal(build(m), 0);
}

static void test_modes(void **state)
{
	struct machines *m = *state;

	plan(m, SYSTEM);
	m->options.mode = "read";
	assert_int_equal(build(m), 2);
	assert_int_equal(scratch_entries(m->store), 0);
	m->options.mode = "write";
	plan(m, SYSTEM);
	assert_int_equal(build(m), 0);
	assert_true(scratch_entries(m->store) > 4);
	move_on(m);
	assert_int_equal(build(m), 2);
	m->options.url = NULL;
	move_on(m);
	assert_int_equal(build(m), 2);
}

/* Steps of another system have other names, and what was made with theirs has none. */
static void test_systems(void **state)
{
	struct machines *m = *state;
	char before[65];

	fill(m);
	snprintf(before, sizeof(before), "%s", m->p->plan.steps[1]->shared);
	plan(m, "headers=2");
	assert_string_not_equal(m->p->plan.steps[1]->shared, before);
	assert_int_equal(build(m), 2);
	assert_said(m, NULL);
	/* The system changes between a and b: a stays in the cache. */
	move_on(m);
	m->options.url = NULL;
	assert_int_equal(build(m), 2);
	plan(m, "headers=2");
	cache_remove(m->p->cache, m->p->plan.steps[1]->id, &m->p->err);
	cache_free(m->p->cache);
	cache_open(m->p->dir, &m->p->cache, &m->p->err);
	m->p->options.cache = m->p->cache;
	cache_remove(m->p->cache, m->p->plan.steps[1]->id, &m->p->err);
	plan(m, "headers=2");
	assert_int_equal(build(m), 1);
	assert_false(step_is_shared(m->p->plan.steps[0], m->p->cache));
	assert_false(step_is_shared(m->p->plan.steps[1], m->p->cache));
}

/* Ways of a server, and the word that tells of them. */
static const struct {
	const char *method;
	struct httpd_page how;
	const char *word;
} ways[] = {
	{"GET", {.path = "/ac/", .mode = HTTPD_STATUS, .status = 500}, "HTTP status 500"},
	{"GET", {.path = "/ac/", .mode = HTTPD_STATUS, .status = 403}, "HTTP status 403"},
	{"GET", {.path = "/ac/", .mode = HTTPD_GARBAGE}, "not the description of a step"},
	{"GET", {.path = "/ac/", .mode = HTTPD_FLIP}, "refused"},
	{"GET", {.path = "/ac/", .mode = HTTPD_DROP}, "/ac/"},
	{"GET", {.path = "/ac/", .mode = HTTPD_CUT, .cut = 20}, "/ac/"},
	{"GET", {.path = "/ac/", .mode = HTTPD_STALL, .cut = 20}, "stalled"},
	{"GET", {.path = "/ac/", .mode = HTTPD_REDIRECT, .location = "file:///etc/passwd"},
		"is refused"},
	{"GET", {.path = "/ac/", .mode = HTTPD_HANG}, "stalled"},
	{"GET", {.path = "/cas/", .mode = HTTPD_STATUS, .status = 503}, "HTTP status 503"},
	{"GET", {.path = "/cas/", .mode = HTTPD_GARBAGE}, "not what it is called"},
	{"GET", {.path = "/cas/", .mode = HTTPD_FLIP}, "not what it is called"},
	{"GET", {.path = "/cas/", .mode = HTTPD_DROP}, "/cas/"},
	{"GET", {.path = "/cas/", .mode = HTTPD_CUT, .cut = 0}, "/cas/"},
	{"GET", {.path = "/cas/", .mode = HTTPD_CUT, .cut = 50}, "/cas/"},
	{"GET", {.path = "/cas/", .mode = HTTPD_STALL, .cut = 50}, "stalled"},
};

static void test_misbehaviour(void **state)
{
	struct machines *m = *state;

	fill(m);
	m->options.mode = "read";
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		httpd_misbehave(m->server, ways[i].method, &ways[i].how);
		m->options.stall_s = !strcmp(ways[i].word, "stalled");
		assert_int_equal(build(m), 2);
		assert_right(m);
		assert_said(m, ways[i].word);
		move_on(m);
	}
	httpd_misbehave(m->server, NULL, NULL);
	assert_int_equal(build(m), 0);
	assert_said(m, NULL);
}

/* A server that does not answer is asked once. */
static void test_left_alone(void **state)
{
	static const struct httpd_page bad = {.path = "/", .mode = HTTPD_STATUS, .status = 500};
	struct machines *m = *state;
	unsigned int before;

	fill(m);
	httpd_misbehave(m->server, "GET", &bad);
	before = httpd_requests(m->server);
	assert_int_equal(build(m), 2);
	assert_int_equal(httpd_requests(m->server), before + 1);
	move_on(m);
	m->options.url = "http://127.0.0.1:9";
	assert_int_equal(build(m), 2);
	assert_said(m, "127.0.0.1");
}

static void test_full(void **state)
{
	static const struct httpd_page ways_to_refuse[] = {
		{.path = "/cas/", .mode = HTTPD_STATUS, .status = 507},
		{.path = "/cas/", .mode = HTTPD_DROP},
		{.path = "/cas/", .mode = HTTPD_HANG},
		{.path = "/ac/", .mode = HTTPD_STATUS, .status = 403},
		{.path = "/ac/", .mode = HTTPD_STATUS, .status = 500},
	};
	struct machines *m = *state;

	m->options.stall_s = 1;
	for (size_t i = 0; i < ARRAY_SIZE(ways_to_refuse); i++) {
		plan(m, SYSTEM);
		httpd_misbehave(m->server, "PUT", &ways_to_refuse[i]);
		assert_int_equal(build(m), 2);
		assert_right(m);
		assert_said(m, ways_to_refuse[i].path);
		move_on(m);
		/* No entry whose archives are not there. */
		assert_int_equal(build(m), 2);
		move_on(m);
	}
}

/* Archives that are gone are no trouble, and come back. */
static void test_lost_archives(void **state)
{
	struct machines *m = *state;
	CLEANUP_STRV struct strv names = STRV_INIT;
	struct err err = ERR_INIT;

	fill(m);
	if (dir_list(m->store, &names, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", m->store, names.v[i]);

		if (!strncmp(names.v[i], "cas-", 4))
			remove(path);
	}
	assert_int_equal(build(m), 2);
	assert_said(m, NULL);
	move_on(m);
	assert_int_equal(build(m), 0);
}

/* Replaces the archive of the first step by one that a script makes and that lies beyond its
 * digest. */
static void put_archive(struct machines *m, const char *script)
{
	CLEANUP_FREE char *made = xasprintf("%s/evil", m->p->root), *kept = NULL, *text = NULL;
	CLEANUP_FREE char *entry = xasprintf("%s/ac-%s", m->store, m->p->plan.steps[0]->shared);
	CLEANUP_FREE char *said = scratch_shell(m->p->root, "%s", script);
	CLEANUP_BUF struct buf old = BUF_INIT;
	CLEANUP_ENTRY struct entry e = {0};
	struct err err = ERR_INIT;
	char hex[SHA256_HEX_SIZE];

	if (file_read(entry, 10000, &old, &err) < 0 ||
		entry_parse(old.data, old.len, "", NULL, &e, &err) < 0 ||
		sha256_file(made, hex, &e.archive_size, &err) < 0)
		fail_msg("%s", err.msg);
	kept = xasprintf("%s/cas-%s", m->store, hex);
	if (path_rename(made, kept, &err) < 0)
		fail_msg("%s", err.msg);
	free(e.archive_sha256);
	e.archive_sha256 = xstrdup(hex);
	text = entry_json(&e, "a");
	if (file_write(entry, text, strlen(text), 0644, &err) < 0)
		fail_msg("%s", err.msg);
}

static void test_hostile_archives(void **state)
{
	static const char *const scripts[] = {
		"mkdir -p t u; echo x >t/a; echo x >u/a; tar -czf evil t u",
		"mkdir -p v; ln -s ../x v/a; tar -czf evil v",
		"mkdir -p w; mkfifo w/a; tar -czf evil w",
		"echo a >a; tar -czPf evil --transform s,^,t/../../, a",
	};
	struct machines *m = *state;

	fill(m);
	m->options.mode = "read";
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		put_archive(m, scripts[i]);
		assert_int_equal(build(m), 1);
		assert_right(m);
		assert_said(m, "the output of a 1.0 is refused");
		move_on(m);
	}
}

static void test_signatures(void **state)
{
	struct machines *m = *state;
	static const char *const names[] = {"key", "other"};
	char *secret[2], *public[2];
	CLEANUP_FREE char *a = NULL, *b = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 2; i++) {
		CLEANUP_FREE char *make = NULL;

		secret[i] = xasprintf("%s/%s", m->p->root, names[i]);
		public[i] = xasprintf("%s.pub", secret[i]);
		make = xasprintf("umask 077; openssl genpkey -algorithm ed25519 -out %s && "
				 "openssl pkey -in %s -pubout -out %s",
			secret[i], secret[i], public[i]);
		assert_int_equal(system(make), 0);
	}
	m->options.key = secret[0];
	fill(m);
	m->options.mode = "read";
	m->options.key = public[0];
	assert_int_equal(build(m), 0);
	assert_said(m, NULL);
	move_on(m);
	m->options.key = public[1];
	assert_int_equal(build(m), 2);
	assert_said(m, "the entry of a 1.0 is refused");
	move_on(m);
	/* the signed entry of another step */
	m->options.key = public[0];
	a = xasprintf("%s/ac-%s", m->store, m->p->plan.steps[0]->shared);
	b = xasprintf("%s/ac-%s", m->store, m->p->plan.steps[1]->shared);
	if (file_read(b, 10000, &text, &err) < 0 ||
		file_write(a, text.data, text.len, 0644, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(build(m), 1);
	assert_right(m);
	assert_said(m, "the entry of a 1.0 is refused");
	move_on(m);
	/* without a signature; those who may write replace it */
	m->options.key = NULL;
	m->options.mode = "write";
	remove(a);
	assert_int_equal(build(m), 2);
	move_on(m);
	m->options.mode = "readwrite";
	m->options.key = secret[0];
	assert_int_equal(build(m), 1);
	assert_said(m, "it is not signed");
	move_on(m);
	assert_int_equal(build(m), 0);
	/* a public key signs nothing */
	m->options.key = public[0];
	assert_int_equal(share_open(&m->options, NULL, &m->share, &err), -1);
	for (size_t i = 0; i < 2; i++) {
		free(secret[i]);
		free(public[i]);
	}
}

static void test_entries(void **state)
{
	static const char hex[] =
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	static const char *const bad[] = {"", "[]", "{}", "{\"format\": 1}",
		"{\"format\": \"solder-step\", \"version\": 2}",
		"{\"format\": \"solder-step\", \"version\": 1}"};
	struct entry e = {.archive_sha256 = xstrdup(hex),
			     .log_sha256 = xstrdup(hex),
			     .archive_size = 5,
			     .log_size = 7,
			     .took_ns = 9},
		     back;
	CLEANUP_FREE char *text = entry_json(&e, "a"), *large = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(entry_parse(text, strlen(text), "n", NULL, &back, &err), 0);
	assert_string_equal(back.archive_sha256, hex);
	assert_int_equal(back.took_ns, 9);
	entry_release(&back);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(entry_parse(bad[i], strlen(bad[i]), "n", NULL, &back, &err), -1);
	e.archive_size = STEP_ARCHIVE_MAX + 1;
	large = entry_json(&e, "a");
	assert_int_equal(entry_parse(large, strlen(large), "n", NULL, &back, &err), -1);
	free(e.archive_sha256);
	e.archive_sha256 = xstrdup("../../etc/passwd");
	free(large);
	e.archive_size = 5;
	large = entry_json(&e, "a");
	assert_int_equal(entry_parse(large, strlen(large), "n", NULL, &back, &err), -1);
	entry_release(&e);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_given_and_taken),
		TEST(test_modes),
		TEST(test_systems),
		TEST(test_misbehaviour),
		TEST(test_left_alone),
		TEST(test_full),
		TEST(test_lost_archives),
		TEST(test_hostile_archives),
		TEST(test_signatures),
		cmocka_unit_test(test_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
