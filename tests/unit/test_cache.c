/* Entries of the cache: believed only as they were made, and removed only when nobody uses them. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "plans.h"

/* One finished step. */
static const char *made(struct plans *p)
{
	plans_step(p, "a", "echo text >\"$OUT/file\"; mkdir \"$OUT/d\"; chmod 666 \"$OUT/file\"");
	plans_run(p);
	return p->plan.steps[0]->id;
}

static char *entry(const struct plans *p)
{
	return cache_entry(p->cache, p->plan.steps[0]->id);
}

/* Plans and runs the same step again; it must run, for this reason. */
static void runs_again(struct plans *p, const char *reason)
{
	plans_clear(p);
	made(p);
	assert_int_equal(p->result.run, 1);
	assert_true(p->plan.steps[0]->damaged);
	if (!strstr(p->plan.steps[0]->reason, reason))
		fail_msg("'%s' does not say '%s'", p->plan.steps[0]->reason, reason);
	plans_clear(p);
	made(p);
	assert_int_equal(p->result.run, 0);
}

static void test_changed(void **state)
{
	static const char *const changes[][2] = {
		{"printf x >tree/file", "file has 1 bytes instead of 5"},
		{"rm tree/file", "file is missing"}, {"touch tree/new", "new was added"},
		{"chmod 600 tree/file", "file has the mode 0600 instead of 0644"},
		{"rm -r tree", "there is no tree"}, {"rm files", "no record of its files"},
		{"sed -i s/text/test/ tree/file", "file has another content"},
		{"truncate -s -9 files", "the record of its files cannot be used"}};
	struct plans *p = *state;

	made(p);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		CLEANUP_FREE char *path = entry(p);

		free(scratch_shell(path, "%s", changes[i][0]));
		runs_again(p, changes[i][1]);
		assert_int_equal(plans_entries(p, "work"), 0);
	}
}

/* What only reading shows is found when everything is read. */
static void test_content(void **state)
{
	struct plans *p = *state;
	const char *id = made(p);
	CLEANUP_FREE char *path = entry(p), *why = NULL;

	free(scratch_shell(path, "touch -r tree/file t; printf T | dd of=tree/file conv=notrunc "
				 "2>/dev/null; touch -r t tree/file; rm t"));
	assert_int_equal(cache_check(p->cache, id, false, &why, &p->err), 0);
	assert_int_equal(cache_check(p->cache, id, true, &why, &p->err), 1);
	assert_string_equal(why, "file has another content");
}

/* A copy of a cache is read once, and then known. */
static void test_copied(void **state)
{
	struct plans *p = *state;
	const char *id = made(p);
	CLEANUP_FREE char *path = entry(p), *before = NULL, *after = NULL, *again = NULL;

	before = scratch_read(path, "files");
	free(scratch_shell(path, "cp -a tree copy; rm -r tree; mv copy tree"));
	assert_true(cache_use(p->cache, id, NULL));
	after = scratch_read(path, "files");
	assert_string_not_equal(before, after);
	assert_true(cache_use(p->cache, id, NULL));
	again = scratch_read(path, "files");
	assert_string_equal(after, again);
}

/* Of an older solder. */
static void test_record(void **state)
{
	struct plans *p = *state;
	const char *id = made(p);
	CLEANUP_FREE char *path = entry(p);

	assert_int_equal(cache_record(p->cache, id, &p->err), 1);
	free(scratch_shell(path, "rm files title; touch -d @1000000000 ."));
	assert_false(cache_use(p->cache, id, NULL));
	assert_int_equal(cache_record(p->cache, id, &p->err), 0);
	assert_true(cache_use(p->cache, id, NULL));
	CLEANUP_FREE char *time = scratch_shell(path, "stat -c %%Y .");
	CLEANUP_FREE char *title = cache_title(p->cache, id);
	assert_string_equal(time, "1000000000\n");
	assert_string_equal(title, id);
	cache_touch(p->cache, id);
	CLEANUP_FREE char *now = scratch_shell(path, "stat -c %%Y .");
	assert_string_not_equal(now, time);
}

static void test_remove(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *id = xstrdup(made(p));
	CLEANUP(cleanup_cache) struct cache *other = NULL;
	int lock;

	assert_int_equal(cache_open(p->dir, &other, &p->err), 0);
	/* This process has it from the build. */
	assert_int_equal(cache_remove(other, id, &p->err), 1);
	cache_free(p->cache);
	p->cache = other;
	other = NULL;
	p->options.cache = p->cache;
	assert_int_equal(cache_lock(p->cache, id, &lock, &p->err), 1);
	assert_int_equal(cache_remove(p->cache, id, &p->err), 1);
	close(lock);
	assert_int_equal(plans_entries(p, "store"), 1);
	assert_int_equal(plans_entries(p, "logs"), 1);
	assert_int_equal(cache_remove(p->cache, id, &p->err), 0);
	assert_int_equal(plans_entries(p, "store"), 0);
	assert_int_equal(plans_entries(p, "work"), 0);
	assert_int_equal(plans_entries(p, "logs"), 0);
}

/* Whoever can write in a cache decides what is built. */
static void test_others(void **state)
{
	static const char *const opened[] = {"cache", "cache/store", "cache/sources", "cache/work"};
	struct plans *p = *state;
	CLEANUP_FREE char *path = NULL;
	struct cache *none = NULL;

	made(p);
	path = entry(p);
	/* The step had opened its file to all. */
	CLEANUP_FREE char *mode = scratch_shell(path, "stat -c %%a tree/file");
	assert_string_equal(mode, "644\n");
	for (size_t i = 0; i < ARRAY_SIZE(opened); i++) {
		for (int k = 0; k < 2; k++) {
			struct err err = ERR_INIT;

			free(scratch_shell(p->root, "chmod %s %s", k ? "o+w" : "g+w", opened[i]));
			assert_int_equal(cache_open(p->dir, &none, &err), -1);
			assert_non_null(strstr(err.msg, "other users can write"));
			assert_int_equal(cache_open_to_read(p->dir, &none, &err), -1);
			free(scratch_shell(p->root, "chmod go-w %s", opened[i]));
		}
	}
	if (geteuid() == 0) {
		struct err err = ERR_INIT;

		free(scratch_shell(p->root, "chown 12345 cache/store"));
		assert_int_equal(cache_open(p->dir, &none, &err), -1);
		assert_non_null(strstr(err.msg, "12345"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {PLANS_TEST(test_changed), PLANS_TEST(test_content),
		PLANS_TEST(test_copied), PLANS_TEST(test_record), PLANS_TEST(test_remove),
		PLANS_TEST(test_others)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
