/* archive_unpack() of zip archives: the refusals are those of tar. */
#include "tarball.h"

static void zip_begin(struct scratch *s)
{
	tar_begin_as(s, ZIP, ARCHIVE_FILTER_NONE);
}

static void test_good(void **state)
{
	struct scratch *s = *state;
	CLEANUP_FREE char *script = xasprintf("%s/bin/run", s->out);
	struct stat st;

	zip_begin(s);
	tar_add_folder(s, "pkg/");
	tar_add_file(s, "pkg/__init__.py", "content");
	tar_add(s, "bin/run", AE_IFREG, 06777, "#!/bin/sh\n", NULL);
	tar_add_symlink(s, "pkg/link", "__init__.py");
	tar_end(s);
	tar_unpack(s, 0);
	assert_content(s->out, "pkg/__init__.py", "content");
	assert_content(s->out, "pkg/link", "content");
	assert_int_equal(stat(script, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
}

static void test_outside(void **state)
{
	static const char *const names[] = {"../outside/victim", "a/../../outside/victim", ".."};
	struct scratch *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		zip_begin(s);
		tar_add_file(s, "first", "x");
		tar_add_file(s, names[i], "hostile");
		tar_end(s);
		assert_refused(s, "'..'");
	}
	zip_begin(s);
	tar_add_file(s, s->victim, "hostile");
	tar_end(s);
	assert_refused(s, "absolute path");
	zip_begin(s);
	tar_add_symlink(s, "link", "../outside");
	tar_add_file(s, "link/victim", "hostile");
	tar_end(s);
	assert_refused(s, "'link' is a link that");
	zip_begin(s);
	tar_add_folder(s, "d/");
	tar_add_symlink(s, "link", "d");
	tar_add_file(s, "link/f", "x");
	tar_end(s);
	assert_refused(s, "'link/f' would be placed through 'link'");
}

/* A few kilobytes that unpack to megabytes. */
static void test_bomb(void **state)
{
	const struct unpack_limits bytes = {.max_bytes = 1 << 20, .max_entries = 10};
	const struct unpack_limits entries = {.max_bytes = 1 << 30, .max_entries = 2};
	CLEANUP_FREE char *zeros = xcalloc(1, (2 << 20) + 1);
	struct stat st;
	struct scratch *s = *state;

	memset(zeros, '0', 2 << 20);
	zip_begin(s);
	for (int i = 0; i < 3; i++) {
		CLEANUP_FREE char *name = xasprintf("f%d", i);

		tar_add_file(s, name, zeros);
	}
	tar_end(s);
	assert_int_equal(stat(s->tar, &st), 0);
	assert_true(st.st_size < 100000);
	assert_refused_with(s, 0, &bytes, "unpacks to more than");
	assert_refused_with(s, 0, &entries, "more than 2 entries");
}

/* Every length that a broken download may have, and one wrong byte at many places. */
static void test_damaged(void **state)
{
	struct scratch *s = *state;
	CLEANUP_BUF struct buf whole = BUF_INIT;
	struct err err = ERR_INIT;
	unsigned int refused = 0;

	zip_begin(s);
	tar_add_file(s, "a", "some content that is worth a checksum");
	tar_add_file(s, "b/c", "more");
	tar_end(s);
	assert_int_equal(file_read(s->tar, 1 << 20, &whole, &err), 0);
	for (size_t n = 0; n < whole.len; n += 7) {
		assert_int_equal(file_write(s->tar, whole.data, n, 0644, &err), 0);
		assert_refused(s, "cannot unpack");
	}
	for (size_t at = 0; at < whole.len; at++) {
		whole.data[at] ^= 0x15;
		assert_int_equal(file_write(s->tar, whole.data, whole.len, 0644, &err), 0);
		if (archive_unpack(s->tar, s->out, 0, NULL, &err) < 0) {
			assert_untouched(s);
			refused++;
		} else {
			assert_int_equal(tree_remove(s->out, &err), 0);
		}
		whole.data[at] ^= 0x15;
	}
	/* the content itself is under a checksum */
	assert_true(refused > 40);
}

static void test_not_a_zip(void **state)
{
	struct scratch *s = *state;
	struct err err = ERR_INIT;

	assert_int_equal(file_write(s->tar, "PK\3\4 and then words", 20, 0644, &err), 0);
	assert_refused(s, "truncated or corrupt");
	zip_begin(s);
	tar_end(s);
	assert_refused(s, "cannot unpack");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_good),
		TEST(test_outside),
		TEST(test_bomb),
		TEST(test_damaged),
		TEST(test_not_a_zip),
	};

	return cmocka_run_group_tests_name("archive-zip", tests, NULL, NULL);
}
