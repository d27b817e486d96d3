/* tar_extract() against truncated, corrupt and oversized archives. */
#include <fcntl.h>

#include "tarball.h"

/* Cut anywhere in what follows the data of gzip. libarchive has no words for that. */
static void test_cut_trailer(void **state)
{
	struct scratch *s = *state;
	struct err err = ERR_INIT;
	struct stat st;

	for (off_t cut = 1; cut <= 8; cut++) {
		tar_begin_as(s, GNU, ARCHIVE_FILTER_GZIP);
		tar_add_file(s, "f", "text");
		tar_end(s);
		assert_int_equal(stat(s->tar, &st), 0);
		assert_int_equal(truncate(s->tar, st.st_size - cut), 0);
		assert_int_equal(tar_extract(s->tar, s->out, 0, NULL, &err), -1);
		assert_non_null(strstr(err.msg, "truncated or corrupt"));
		assert_null(strstr(err.msg, "(null)"));
	}
}

/* Enough that cannot be compressed, so that there is something to cut. */
static void add_noise(struct scratch *s, const char *name)
{
	struct buf noise = BUF_INIT;
	uint32_t x = 1;

	for (int i = 0; i < 200000; i++) {
		char c;

		x = x * 1664525u + 1013904223u;
		c = (char)('!' + (x >> 24) % 90);
		buf_add(&noise, &c, 1);
	}
	tar_add_file(s, name, noise.data);
	buf_release(&noise);
}

static void test_truncated(void **state)
{
	static const int filters[] = {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP,
		ARCHIVE_FILTER_BZIP2, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_ZSTD};
	struct scratch *s = *state;
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		for (int part = 1; part <= 9; part++) {
			tar_begin_as(s, GNU, filters[i]);
			add_noise(s, "f");
			tar_end(s);
			assert_int_equal(stat(s->tar, &st), 0);
			assert_int_equal(truncate(s->tar, st.st_size * part / 10), 0);
			assert_refused(s, "truncated or corrupt");
		}
		/* the file is complete, what follows it is not */
		tar_begin_as(s, GNU, filters[i]);
		add_noise(s, "f");
		tar_end(s);
		assert_int_equal(stat(s->tar, &st), 0);
		st.st_size = filters[i] == ARCHIVE_FILTER_NONE ? 512 + 200192 : st.st_size - 3;
		assert_int_equal(truncate(s->tar, st.st_size), 0);
		assert_refused(s, "truncated");
	}
}

static void test_corrupt(void **state)
{
	static const int filters[] = {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_BZIP2, ARCHIVE_FILTER_XZ};
	struct scratch *s = *state;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		tar_begin_as(s, GNU, filters[i]);
		add_noise(s, "f");
		tar_end(s);
		int fd = open(s->tar, O_WRONLY | O_CLOEXEC);

		assert_true(fd >= 0);
		assert_int_equal(pwrite(fd, "????????", 8, 100000), 8);
		close(fd);
		assert_refused(s, "corrupt");
	}
	assert_int_equal(file_write(s->tar, "no archive", 10, 0644, &err), 0);
	assert_refused(s, "no tar archive");
	assert_int_equal(file_write(s->tar, "", 0, 0644, &err), 0);
	assert_refused(s, "no archive");
	tar_begin(s);
	tar_end(s);
	assert_refused(s, "it holds nothing");
	assert_int_equal(unlink(s->tar), 0);
	assert_int_equal(tar_extract(s->tar, s->out, 0, NULL, &err), -1);
	assert_false(path_exists(s->out));
	tar_begin(s);
	tar_end(s);
}

/* gzip allows padding and several members; neither may be taken for damage. */
static void test_gzip_forms(void **state)
{
	struct scratch *s = *state;
	CLEANUP_BUF struct buf tar = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	tar_begin_as(s, GNU, ARCHIVE_FILTER_GZIP);
	add_noise(s, "f");
	tar_end(s);
	assert_int_equal(stat(s->tar, &st), 0);
	assert_int_equal(truncate(s->tar, st.st_size + 3000), 0);
	tar_unpack(s, 0);
	assert_int_equal(tree_remove(s->out, &err), 0);
	/* a second member that unpacks to nothing */
	assert_int_equal(truncate(s->tar, st.st_size), 0);
	assert_int_equal(file_read(s->tar, 1 << 20, &tar, &err), 0);
	buf_add(&tar, "\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0", 20);
	assert_int_equal(file_write(s->tar, tar.data, tar.len, 0644, &err), 0);
	tar_unpack(s, 0);
	assert_int_equal(tree_remove(s->out, &err), 0);
	/* each of them is verified, and what follows the last is not ignored */
	tar.data[st.st_size - 6] ^= 1;
	assert_int_equal(file_write(s->tar, tar.data, tar.len, 0644, &err), 0);
	assert_refused(s, "corrupt");
	tar.data[st.st_size - 6] ^= 1;
	buf_adds(&tar, "more");
	assert_int_equal(file_write(s->tar, tar.data, tar.len, 0644, &err), 0);
	assert_refused(s, "corrupt");
}

static void test_bomb(void **state)
{
	struct scratch *s = *state;
	const struct tar_limits limits = {.max_bytes = 1 << 20, .max_entries = 1000};
	CLEANUP_FREE char *zeros = xcalloc(1, (4 << 20) + 1);
	struct archive_entry *e;
	struct stat st;

	memset(zeros, '0', 4 << 20);
	tar_begin_as(s, GNU, ARCHIVE_FILTER_XZ);
	tar_add_file(s, "zeros", zeros);
	tar_end(s);
	assert_int_equal(stat(s->tar, &st), 0);
	assert_true(st.st_size < 8192);
	assert_refused_with(s, 0, &limits, "unpacks to more than 1048576 bytes");
	/* a file that is one hole, its size declared in a header of 512 bytes */
	tar_begin_as(s, PAX, ARCHIVE_FILTER_NONE);
	e = archive_entry_new();
	archive_entry_copy_pathname(e, "hole");
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_size(e, (la_int64_t)1 << 40);
	archive_entry_sparse_add_entry(e, 0, 512);
	assert_int_equal(archive_write_header(s->a, e), ARCHIVE_OK);
	assert_int_equal(archive_write_data(s->a, zeros, 512), 512);
	archive_entry_free(e);
	tar_end(s);
	assert_refused_with(s, 0, &limits, "unpacks to more than 1048576 bytes");
}

/* A header of ustar, whose other fields are zeros. */
static void add_header(struct buf *tar, const char *name, char type, size_t size)
{
	char h[512] = {0};
	unsigned int sum = 0;

	snprintf(h, 100, "%s", name);
	snprintf(h + 100, 8, "0000644");
	snprintf(h + 124, 12, "%011zo", size);
	memset(h + 148, ' ', 8);
	h[156] = type;
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	buf_add(tar, h, sizeof(h));
}

static void pad(struct buf *tar, size_t unit)
{
	while (tar->len % unit)
		buf_add(tar, "", 1);
}

/* The reader keeps the whole map of a sparse file, which a few compressed bytes can say. */
static void test_map(void **state)
{
	static const char records[] = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
				      "21 GNU.sparse.name=f\n25 GNU.sparse.realsize=0\n";
	struct scratch *s = *state;
	const size_t n = 1200000, size = 8 + 4 * n;
	CLEANUP_BUF struct buf tar = BUF_INIT;
	struct err err = ERR_INIT;

	add_header(&tar, "pax", 'x', sizeof(records) - 1);
	buf_adds(&tar, records);
	pad(&tar, 512);
	add_header(&tar, "f", '0', size);
	buf_addf(&tar, "%zu\n", n);
	for (size_t i = 0; i < n; i++)
		buf_adds(&tar, "0\n0\n");
	pad(&tar, 512);
	assert_int_equal(file_write(s->tar, tar.data, tar.len, 0644, &err), 0);
	assert_refused(s, "the map of a sparse file, has more than 4 MiB");
}

static void test_compressed_twice(void **state)
{
	struct scratch *s = *state;

	s->a = archive_write_new();
	archive_write_set_format_gnutar(s->a);
	archive_write_add_filter_gzip(s->a);
	archive_write_add_filter_gzip(s->a);
	assert_int_equal(archive_write_open_filename(s->a, s->tar), ARCHIVE_OK);
	tar_add_file(s, "f", "x");
	tar_end(s);
	assert_refused(s, "compressed more than once");
}

static void test_too_many(void **state)
{
	struct scratch *s = *state;
	const struct tar_limits limits = {.max_bytes = 1 << 20, .max_entries = 20};
	CLEANUP_BUF struct buf deep = BUF_INIT;
	struct err err = ERR_INIT;

	tar_begin(s);
	for (int i = 0; i < 21; i++) {
		CLEANUP_FREE char *name = xasprintf("f%d", i);

		tar_add_file(s, name, "x");
	}
	tar_end(s);
	assert_refused_with(s, 0, &limits, "more than 20 entries");
	tar_unpack(s, 0);
	assert_int_equal(entries_of(s->out), 21);
	assert_int_equal(tree_remove(s->out, &err), 0);
	for (int i = 0; i < 101; i++)
		buf_adds(&deep, "d/");
	tar_begin(s);
	tar_add_folder(s, deep.data);
	tar_end(s);
	assert_refused(s, "nested deeper");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_cut_trailer),
		TEST(test_truncated),
		TEST(test_corrupt),
		TEST(test_gzip_forms),
		TEST(test_bomb),
		TEST(test_map),
		TEST(test_compressed_twice),
		TEST(test_too_many),
	};

	return cmocka_run_group_tests_name("archive_damage", tests, NULL, NULL);
}
