/* tar_extract() of zip archives: the refusals are those of tar. */
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
	const struct tar_limits bytes = {.max_bytes = 1 << 20, .max_entries = 10};
	const struct tar_limits entries = {.max_bytes = 1 << 30, .max_entries = 2};
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
		if (tar_extract(s->tar, s->out, 0, NULL, &err) < 0) {
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

/* A zip of two stored files, "a" and "bc", as bytes to be changed. */
struct zip {
	struct buf bytes;
	size_t central, end; /* where the directory is and what is behind it */
};

/* Of the first file: where things are behind its header's start, and in the directory. */
enum {
	L_FLAGS = 6,
	L_METHOD = 8,
	L_CRC = 14,
	L_PACKED = 18,
	L_SIZE = 22,
	L_EXTRA = 28,
	L_NAME = 30
};
enum {
	C_VERSION = 6,
	C_FLAGS = 8,
	C_METHOD = 10,
	C_CRC = 16,
	C_PACKED = 20,
	C_SIZE = 24,
	C_EXTRA = 30,
	C_MODE = 40,
	C_OFFSET = 42,
	C_NAME = 46
};
enum { E_DISK = 4, E_COUNT = 10, E_DIRECTORY_SIZE = 12, E_START = 16, E_COMMENT = 20 };

static void put(struct buf *b, unsigned int bytes, uint64_t value)
{
	for (; bytes--; value >>= 8)
		buf_add(b, &(char){(char)value}, 1);
}

static void put_local(struct buf *b, const char *name, const char *text, uint32_t crc)
{
	size_t n = strlen(text);

	buf_add(b, "PK\3\4\24\0\0\0\0\0\0\0\0\0", 14);
	put(b, 4, crc);
	put(b, 4, n);
	put(b, 4, n);
	put(b, 2, strlen(name));
	put(b, 2, 0);
	buf_adds(b, name);
	buf_adds(b, text);
}

static void put_central(struct buf *b, const char *name, const char *text, uint32_t crc, size_t at)
{
	size_t n = strlen(text);

	buf_add(b, "PK\1\2\24\3\24\0\0\0\0\0\0\0\0\0", 16);
	put(b, 4, crc);
	put(b, 4, n);
	put(b, 4, n);
	put(b, 2, strlen(name));
	put(b, 2, 0);
	put(b, 2, 0); /* comment */
	put(b, 4, 0); /* disk, internal attributes */
	put(b, 4, (uint64_t)0100644 << 16);
	put(b, 4, at);
	buf_adds(b, name);
}

static void make_zip(struct zip *z)
{
	size_t second;

	*z = (struct zip){0};
	put_local(&z->bytes, "a", "one", 0x7a6c86f1);
	second = z->bytes.len;
	put_local(&z->bytes, "bc", "other", 0xd9583520);
	z->central = z->bytes.len;
	put_central(&z->bytes, "a", "one", 0x7a6c86f1, 0);
	put_central(&z->bytes, "bc", "other", 0xd9583520, second);
	z->end = z->bytes.len;
	buf_add(&z->bytes, "PK\5\6\0\0\0\0\2\0\2\0", 12);
	put(&z->bytes, 4, z->end - z->central);
	put(&z->bytes, 4, z->central);
	put(&z->bytes, 2, 0);
}

static void set(struct zip *z, size_t at, unsigned int bytes, uint64_t value)
{
	for (; bytes--; value >>= 8)
		z->bytes.data[at++] = (char)value;
}

/* The directory and the end move, and say so, but the headers' offsets do not. */
static void insert(struct zip *z, size_t at, const void *data, size_t n)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_add(&b, z->bytes.data, at);
	buf_add(&b, data, n);
	buf_add(&b, z->bytes.data + at, z->bytes.len - at);
	buf_swap(&b, &z->bytes);
	z->end += n;
	if (at <= z->central) {
		z->central += n;
		set(z, z->end + E_START, 4, z->central);
	} else {
		set(z, z->end + E_DIRECTORY_SIZE, 4, z->end - z->central);
	}
}

static void try_zip(struct scratch *s, struct zip *z, const char *wanted)
{
	struct err err = ERR_INIT;

	assert_int_equal(file_write(s->tar, z->bytes.data, z->bytes.len, 0644, &err), 0);
	if (wanted) {
		assert_refused(s, wanted);
	} else {
		tar_unpack(s, 0);
		assert_content(s->out, "a", "one");
		assert_content(s->out, "bc", "other");
		assert_int_equal(tree_remove(s->out, &err), 0);
	}
	buf_release(&z->bytes);
}

/* One field of the directory, of the header or of the end is changed. */
static void test_contradictions(void **state)
{
	static const struct {
		int where; /* 'l', 'c' or 'e' */
		unsigned int at, bytes;
		uint64_t value;
		const char *wanted;
	} cases[] = {
		{'c', C_CRC, 4, 1, "two checksums"},
		{'l', L_CRC, 4, 1, "two checksums"},
		{'c', C_VERSION, 1, 64, "for newer readers"},
		{'c', C_METHOD, 2, 99, "neither stored nor deflated"},
		{'l', L_METHOD, 2, 99, "compressed in two ways"},
		{'c', C_METHOD, 2, 8, "compressed in two ways"},
		{'c', C_SIZE, 4, 10, "its two sizes differ"},
		{'l', L_SIZE, 4, 10, "two sizes"},
		{'l', L_PACKED, 4, 10, "two sizes"},
		{'c', C_NAME, 1, 'z', "another name"},
		{'l', L_NAME, 1, 'z', "another name"},
		{'c', C_NAME, 1, '\\', "a NUL or a backslash"},
		{'c', C_NAME, 1, 0, "a NUL or a backslash"},
		{'c', C_NAME, 1, 0xe4, "in an unknown encoding"},
		{'c', C_NAME, 1, '/', "a folder by one of name and mode"},
		{'c', C_FLAGS, 2, 1, "encrypted"},
		{'l', L_FLAGS, 2, 1, "other flags"},
		{'l', L_FLAGS, 2, 8, "other flags"},
		{'c', C_FLAGS, 2, 1 << 11, "other flags"},
		{'c', C_MODE, 2, 0040755, "a folder by one of name and mode"},
		{'c', C_MODE, 2, 0010644, "neither file, folder nor link"},
		{'c', C_OFFSET, 4, 1, "it begins with bytes"},
		{'c', C_OFFSET, 4, 34, "it begins with bytes"},
		{'c', C_OFFSET, 4, UINT32_MAX, "no zip64 field"},
		{'l', L_EXTRA, 2, 2, "extra fields do not fit"},
		{'c', C_EXTRA, 2, 2, "extra fields do not fit"},
		{'e', E_COUNT, 2, 1, "one part of several"},
		{'e', E_COUNT - 2, 4, 0x10001, "more than its entries"},
		{'e', E_COUNT - 2, 4, 0x30003, "corrupt"},
		{'e', E_DISK, 2, 1, "one part of several"},
		{'e', E_START, 4, 0, "does not reach"},
		{'e', E_DIRECTORY_SIZE, 4, 0, "does not reach"},
		{'e', E_COMMENT, 2, 5, "does not end in the end"},
	};
	struct scratch *s = *state;
	struct zip z;

	make_zip(&z);
	try_zip(s, &z, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make_zip(&z);
		set(&z,
			cases[i].at + (cases[i].where == 'l'          ? 0
					      : cases[i].where == 'c' ? z.central
								      : z.end),
			cases[i].bytes, cases[i].value);
		try_zip(s, &z, cases[i].wanted);
	}
}

/* Bytes that some readers find and others do not. */
static void test_gaps(void **state)
{
	static const char two_ends[] = "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	static const char unicode[] = "\x75\x70\6\0\1abcdz";
	CLEANUP_BUF struct buf hidden = BUF_INIT;
	struct scratch *s = *state;
	struct zip z;

	put_local(&hidden, "a", "evil", 0);
	make_zip(&z);
	insert(&z, z.central, hidden.data, hidden.len);
	try_zip(s, &z, "'bc' is followed by bytes that belong to no entry");
	make_zip(&z);
	insert(&z, z.end, "PK\5\5\0\0", 6); /* a signature of the directory */
	try_zip(s, &z, "more than its entries");
	make_zip(&z);
	buf_add(&z.bytes, two_ends, 22); /* the last end counts: of an empty archive */
	try_zip(s, &z, "does not reach");
	make_zip(&z);
	set(&z, z.end + E_COMMENT, 2, 5);
	buf_adds(&z.bytes, "hello");
	try_zip(s, &z, NULL);
	make_zip(&z);
	buf_adds(&z.bytes, "hello");
	try_zip(s, &z, "does not end in the end");
	make_zip(&z);
	insert(&z, z.central + C_NAME + 1, unicode, 10);
	set(&z, z.central + C_EXTRA, 2, 10);
	try_zip(s, &z, "a second name");
	make_zip(&z);
	set(&z, z.central + C_NAME + 1 + C_OFFSET, 4, 0); /* both are the first */
	try_zip(s, &z, "overlaps");
	make_zip(&z);
	set(&z, z.central + C_SIZE, 4, 40);
	set(&z, z.central + C_PACKED, 4, 40);
	set(&z, L_SIZE, 4, 40);
	set(&z, L_PACKED, 4, 40);
	try_zip(s, &z, "overlaps");
}

/* The sum of what is there is wrong in both places, and the target of a link is under it, too. */
static void test_checksum(void **state)
{
	struct scratch *s = *state;
	struct zip z;

	make_zip(&z);
	set(&z, L_CRC, 4, 1);
	set(&z, z.central + C_CRC, 4, 1);
	try_zip(s, &z, "'a' is truncated or corrupt");
	make_zip(&z);
	set(&z, L_CRC, 4, 1);
	set(&z, z.central + C_CRC, 4, 1);
	set(&z, z.central + C_MODE, 2, 0120777);
	try_zip(s, &z, "a link whose target is not what its checksum says");
}

static void test_descriptor(void **state)
{
	CLEANUP_BUF struct buf d = BUF_INIT;
	struct scratch *s = *state;
	struct zip z;

	buf_adds(&d, "PK\7\10");
	put(&d, 4, 0xd9583520);
	put(&d, 4, 5);
	put(&d, 4, 5);
	for (int wrong = 0; wrong < 3; wrong++) {
		size_t local = L_NAME + 1 + 3, central;

		make_zip(&z);
		d.data[8] = wrong == 1 ? 6 : 5;
		insert(&z, z.central, d.data, wrong == 2 ? d.len - 1 : d.len);
		central = z.central + C_NAME + 1;
		set(&z, local + L_FLAGS, 2, 8);
		set(&z, local + L_CRC, 4, 0);
		set(&z, local + L_PACKED, 4, 0);
		set(&z, local + L_SIZE, 4, 0);
		set(&z, central + C_FLAGS, 2, 8);
		try_zip(s, &z, wrong == 0 ? NULL : "descriptor");
	}
}

/* Two files with one name, one of them spelt "./a". */
static void test_twice(void **state)
{
	static const char *const names[] = {"a", "./a"};
	struct scratch *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		zip_begin(s);
		tar_add_file(s, "a", "one");
		tar_add_file(s, names[i], "two");
		tar_end(s);
		assert_refused(s, "would replace a file of the same name");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_good),
		TEST(test_outside),
		TEST(test_bomb),
		TEST(test_damaged),
		TEST(test_not_a_zip),
		TEST(test_contradictions),
		TEST(test_gaps),
		TEST(test_checksum),
		TEST(test_descriptor),
		TEST(test_twice),
	};

	return cmocka_run_group_tests_name("archive-zip", tests, NULL, NULL);
}
