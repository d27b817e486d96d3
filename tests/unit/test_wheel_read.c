/* tar_wheel_read(): wheels in memory, and what is refused of them. */
#include "tarball.h"

#include <zlib.h>

struct seen {
	struct strv names;
	struct buf content; /* of all */
	size_t last;        /* the size of the last */
	unsigned int date;
};

static void zip_begin(struct scratch *s)
{
	tar_begin_as(s, ZIP, ARCHIVE_FILTER_NONE);
}

static bool begins_with_mark(const void *start, size_t n)
{
	return n >= 4 && !memcmp(start, "MARK", 4);
}

static int see(void *ctx, const char *name, const void *data, size_t size, struct err *err)
{
	struct seen *seen = ctx;

	assert_true(begins_with_mark(data, size));
	strv_add(&seen->names, name);
	if (size < 1 << 20)
		buf_add(&seen->content, data, size);
	seen->last = size;
	return strcmp(name, "stop") ? 0 : err_set(err, ERR_INPUT, "stopped");
}

/* Makes the archive by Python: `code` has it as z. */
static void zip_by_python(const struct scratch *s, const char *code)
{
	CLEANUP_FREE char *command = xasprintf("cd '%s' && python3 -c \"import zipfile\n"
					       "z = zipfile.ZipFile('a.tar', 'w')\n%s\nz.close()\"",
		s->root, code);

	assert_int_equal(system(command), 0);
}

/* Reads the archive; the caller releases what was seen. */
static int read_it(const struct scratch *s, uint64_t max_bytes, struct seen *seen, char **folders,
	struct err *err)
{
	struct tar_wheel wheel = {
		.limits = {.max_bytes = max_bytes, .max_entries = 10, .wheel = true},
		.memory = 1 << 20,
		.scratch = s->root,
		.wants = begins_with_mark,
		.visit = see,
		.ctx = seen};
	int r;

	*seen = (struct seen){STRV_INIT, BUF_INIT, 0, 0};
	buf_reserve(&seen->content, 0);
	r = tar_wheel_read(s->tar, &wheel, err);
	seen->date = wheel.date;
	if (folders)
		*folders = strv_join(&wheel.folders, " ");
	strv_release(&wheel.folders);
	return r;
}

static void release(struct seen *seen)
{
	strv_release(&seen->names);
	buf_release(&seen->content);
}

static void assert_seen(
	const struct scratch *s, const char *names, const char *content, const char *folders)
{
	CLEANUP_FREE char *got = NULL, *in = NULL;
	struct err err = ERR_INIT;
	struct seen seen;

	if (read_it(s, 1 << 20, &seen, &in, &err) < 0)
		fail_msg("%s", err.msg);
	got = strv_join(&seen.names, " ");
	assert_string_equal(got, names);
	assert_string_equal(seen.content.data, content);
	assert_string_equal(in, folders);
	release(&seen);
}

static void assert_not_read(const struct scratch *s, uint64_t max_bytes, const char *why)
{
	struct err err = ERR_INIT;
	struct seen seen;

	assert_int_equal(read_it(s, max_bytes, &seen, NULL, &err), -1);
	assert_int_equal(err.code, ERR_INPUT);
	if (!strstr(err.msg, why))
		fail_msg("'%s' is not in: %s", why, err.msg);
	release(&seen);
}

/* Only what is wanted by its first bytes comes, with the folders of all. */
static void test_wanted(void **state)
{
	struct scratch *s = *state;
	CLEANUP_FREE char *big = xcalloc(1, 100001), *both = NULL;

	memset(big, 'm', 100000);
	memcpy(big, "MARK", 4);
	both = xasprintf("%sMARK", big);
	zip_begin(s);
	tar_add_file(s, "pkg/big", big);
	tar_add_file(s, "pkg/short", "MAR");
	tar_add_file(s, "pkg/empty", "");
	tar_add_folder(s, "pkg/lone/");
	tar_add_file(s, "pkg/deep/er/text", "no MARK in front");
	tar_add_file(s, "./a//small", "MARK");
	tar_end(s);
	assert_seen(s, "pkg/big a/small", both, "a pkg pkg/deep pkg/deep/er pkg/lone");
	zip_begin(s);
	tar_add_file(s, "stop", "MARK");
	tar_end(s);
	assert_not_read(s, 1 << 20, "stopped");
}

/* Stored and not deflated. */
static void test_stored(void **state)
{
	struct scratch *s = *state;

	zip_by_python(s, "z.writestr('x/f', 'MARK it')");
	assert_seen(s, "x/f", "MARK it", "x");
}

/* Of the newest entry; the first day that zip knows is none. */
static void test_date(void **state)
{
	static const struct {
		const char *days;
		unsigned int date;
	} tests[] = {{"(1980, 1, 1),", 0},
		{"(2024, 12, 31), (2025, 5, 25), (1980, 1, 1)", 20250525},
		{"(1980, 1, 2),", 19800102}};
	struct scratch *s = *state;
	struct err err = ERR_INIT;
	struct seen seen;

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		CLEANUP_FREE char *code =
			xasprintf("for day in %s:\n    z.writestr(zipfile.ZipInfo("
				  "str(day), day + (1, 2, 3)), '')",
				tests[i].days);

		zip_by_python(s, code);
		assert_int_equal(read_it(s, 1 << 20, &seen, NULL, &err), 0);
		assert_int_equal(seen.date, tests[i].date);
		release(&seen);
	}
}

/* Two of one name, names that lead out, links: whether they are wanted or not. Limits count all. */
static void test_refused(void **state)
{
	static const struct {
		const char *first, *second, *why;
	} pairs[] = {
		{"a", "a", "would replace a file"},
		{"a", "./a", "would replace a file"},
		{"a", "a/b", "would replace a file"},
		{"a/b", "a", "would replace a file"},
		{"a/b/c", "a/b/c/", "would replace a file"},
		{"b", "b//c", "would replace a file"},
		{"a", "b/../../c", "has a '..' component"},
		{"a", "/b", "has an absolute path"},
		{"a", ".", "is the root, but not a folder"},
	};
	CLEANUP_FREE char *big = xcalloc(1, 1026);
	struct scratch *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		zip_begin(s);
		tar_add_file(s, pairs[i].first, "one");
		tar_add_file(s, "a!", "between");
		if (ends_with(pairs[i].second, "/"))
			tar_add_folder(s, pairs[i].second);
		else
			tar_add_file(s, pairs[i].second, "other");
		tar_end(s);
		assert_not_read(s, 1 << 20, pairs[i].why);
	}
	memset(big, 'x', 1025);
	zip_begin(s);
	tar_add_file(s, "big", big);
	tar_end(s);
	assert_not_read(s, 1 << 10, "unpacks to more than");
	zip_begin(s);
	tar_add_symlink(s, "link", "target");
	tar_end(s);
	assert_not_read(s, 1 << 20, "is a link, which would be installed as a file");
	tar_begin_as(s, ZIP, ARCHIVE_FILTER_NONE);
	for (int i = 0; i < 11; i++) {
		CLEANUP_FREE char *name = xasprintf("f%d", i);

		tar_add_file(s, name, "x");
	}
	tar_end(s);
	assert_not_read(s, 1 << 20, "more than 10 entries");
}

/* Whatever byte is wrong, what is read is right, or it is refused. */
static void test_damaged(void **state)
{
	static const char text[] = "MARK and some content that is worth a checksum, a checksum";
	struct scratch *s = *state;
	CLEANUP_BUF struct buf whole = BUF_INIT;
	struct err err = ERR_INIT;
	unsigned int refused = 0;

	zip_begin(s);
	tar_add_file(s, "a/b", text);
	tar_end(s);
	assert_int_equal(file_read(s->tar, 1 << 20, &whole, &err), 0);
	for (size_t at = 0; at < whole.len; at++) {
		struct seen seen;

		whole.data[at] ^= 0x15;
		assert_int_equal(file_write(s->tar, whole.data, whole.len, 0644, &err), 0);
		whole.data[at] ^= 0x15;
		if (read_it(s, 1 << 20, &seen, NULL, &err) < 0)
			refused++;
		else if (seen.names.n)
			assert_string_equal(seen.content.data, text);
		release(&seen);
	}
	assert_true(refused > 80);
	for (size_t n = 0; n < whole.len; n++) {
		assert_int_equal(file_write(s->tar, whole.data, n, 0644, &err), 0);
		assert_not_read(s, 1 << 20, "cannot unpack");
	}
}

/* Puts another number for one that stands in all headers. */
static void replace_all(const struct scratch *s, const struct buf *whole, uint32_t was, uint32_t is)
{
	CLEANUP_BUF struct buf other = BUF_INIT;
	struct err err = ERR_INIT;

	buf_add(&other, whole->data, whole->len);
	for (char *p = other.data; (p = memmem(p, other.len - (size_t)(p - other.data), &was, 4));)
		memcpy(p, &is, 4);
	assert_int_equal(file_write(s->tar, other.data, other.len, 0644, &err), 0);
}

/* What all headers say, and is not so. */
static void test_lies(void **state)
{
	CLEANUP_FREE char *big = xcalloc(1, 100001);
	struct scratch *s = *state;
	CLEANUP_BUF struct buf whole = BUF_INIT;
	struct err err = ERR_INIT;

	memset(big, 'm', 100000);
	memcpy(big, "MARK", 4);
	zip_begin(s);
	tar_add_file(s, "big", big);
	tar_end(s);
	assert_int_equal(file_read(s->tar, 1 << 20, &whole, &err), 0);
	replace_all(s, &whole, 100000, 100001);
	assert_not_read(s, 1 << 30, "holds less than it declares");
	replace_all(s, &whole, 100000, 99999);
	assert_not_read(s, 1 << 30, "holds more than it declares");
	/* No memory is taken for what cannot be in it. */
	replace_all(s, &whole, 100000, 1000000000);
	assert_not_read(s, 1 << 30, "holds less than it declares");
	replace_all(s, &whole, (uint32_t)crc32(0, (const Bytef *)big, 100000), 1);
	assert_not_read(s, 1 << 30, "its checksum is another");
}

/* More than memory should hold has a file behind it, which leaves nothing. */
static void test_large(void **state)
{
	struct scratch *s = *state;
	struct err err = ERR_INIT;
	unsigned int left;
	struct seen seen;

	zip_by_python(s, "for name, n in ('a', 0), ('b', (8 << 20) + 5), ('c', 0):\n"
			 "    z.writestr(name, b'MARK' + bytes(n), zipfile.ZIP_DEFLATED, 1)");
	left = entries_of(s->root);
	if (read_it(s, 1 << 24, &seen, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(seen.names.n, 3);
	assert_int_equal(seen.last, 4);
	assert_string_equal(seen.content.data, "MARKMARK");
	release(&seen);
	assert_int_equal(entries_of(s->root), left);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_wanted),
		TEST(test_stored),
		TEST(test_date),
		TEST(test_refused),
		TEST(test_damaged),
		TEST(test_lies),
		TEST(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
