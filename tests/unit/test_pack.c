/* The archive writer: the same content gives the same bytes, and others read them. */
#include "scratch.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tar/tar.h"
#include "base/file.h"

#define MTIME 1234567890

static struct tar_result packed(
	const char *root, const char *name, struct tar_list *list, unsigned int threads)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", root, name);
	struct tar_options options = {.level = 3, .threads = threads, .mtime = MTIME};
	struct tar_result result;
	struct err err = ERR_INIT;
	char hex[SHA256_HEX_SIZE];
	uint64_t size;

	if (tar_write(path, list, &options, &result, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(sha256_file(path, hex, &size, &err), 0);
	assert_string_equal(hex, result.hex);
	assert_int_equal(size, result.size);
	return result;
}

static void add_tree(struct tar_list *list, const char *root, const char *dir)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", root, dir);
	struct err err = ERR_INIT;

	if (tar_list_add_tree(list, path, "python", &err) < 0)
		fail_msg("%s", err.msg);
}

/* The listing of GNU tar, which reads the headers with other eyes. */
static void assert_listing(const char *root, const char *archive, const char *expected)
{
	CLEANUP_FREE char *got = scratch_shell(root,
		"TZ=UTC LC_ALL=C tar -tvf %s --full-time | "
		"sed 's/  */ /g'",
		archive);

	assert_string_equal(got, expected);
}

static void test_listing(void **state)
{
	const char *root = *state;
	CLEANUP_TAR_LIST struct tar_list list = {0};

	scratch_file(root, "t/b", "bb", 0600);
	scratch_file(root, "t/a.x", "x", 04777);
	scratch_file(root, "t/a/inner", "", 0444);
	free(scratch_shell(root, "ln -s ../b t/a/link && mkdir -m 700 t/empty && ln t/b t/hard"));
	add_tree(&list, root, "t");
	tar_list_add_bytes(&list, "made", 4, "python/new/deep");
	tar_list_add_bytes(&list, "other", 5, "python/b");
	packed(root, "a.tar", &list, 1);
	assert_listing(root, "a.tar",
		"drwxr-xr-x root/root 0 2009-02-13 23:31:30 python/\n"
		"drwxr-xr-x root/root 0 2009-02-13 23:31:30 python/a/\n"
		"-rw-r--r-- root/root 0 2009-02-13 23:31:30 python/a/inner\n"
		"lrwxrwxrwx root/root 0 2009-02-13 23:31:30 python/a/link -> ../b\n"
		"-rwxr-xr-x root/root 1 2009-02-13 23:31:30 python/a.x\n"
		"-rw-r--r-- root/root 5 2009-02-13 23:31:30 python/b\n"
		"drwxr-xr-x root/root 0 2009-02-13 23:31:30 python/empty/\n"
		"-rw-r--r-- root/root 2 2009-02-13 23:31:30 python/hard\n"
		"drwxr-xr-x root/root 0 2009-02-13 23:31:30 python/new/\n"
		"-rw-r--r-- root/root 4 2009-02-13 23:31:30 python/new/deep\n");
}

static void test_drop_and_find(void **state)
{
	const char *root = *state;
	CLEANUP_TAR_LIST struct tar_list list = {0};

	scratch_file(root, "t/test/one", "1", 0644);
	scratch_file(root, "t/tests", "2", 0644);
	add_tree(&list, root, "t");
	assert_int_equal(tar_list_drop(&list, "python/test"), 2);
	assert_null(tar_list_find(&list, "python/test/one"));
	assert_non_null(tar_list_find(&list, "python/tests"));
	tar_list_add_symlink(&list, "tests", "python/l");
	packed(root, "a.tar", &list, 1);
	assert_listing(root, "a.tar",
		"drwxr-xr-x root/root 0 2009-02-13 23:31:30 python/\n"
		"lrwxrwxrwx root/root 0 2009-02-13 23:31:30 python/l -> tests\n"
		"-rw-r--r-- root/root 1 2009-02-13 23:31:30 python/tests\n");
}

static char *repeat(const char *text, size_t n)
{
	struct buf b = BUF_INIT;

	while (n--)
		buf_adds(&b, text);
	return buf_steal(&b);
}

/* What was taken out does not change which of two entries was added last. */
static void test_drop_and_replace(void **state)
{
	const char *root = *state;
	CLEANUP_TAR_LIST struct tar_list list = {0};

	tar_list_add_bytes(&list, "", 0, "python/a");
	tar_list_add_bytes(&list, "", 0, "python/b");
	tar_list_add_bytes(&list, "old", 3, "python/c");
	tar_list_drop(&list, "python/a");
	tar_list_drop(&list, "python/b");
	tar_list_add_bytes(&list, "other", 5, "python/c");
	assert_int_equal(tar_list_find(&list, "python/c")->len, 5);
	packed(root, "a.tar", &list, 1);
	assert_listing(root, "a.tar",
		"drwxr-xr-x root/root 0 2009-02-13 23:31:30 python/\n"
		"-rw-r--r-- root/root 5 2009-02-13 23:31:30 python/c\n");
}

static void assert_fails(
	const char *root, const char *name, struct tar_list *list, const char *message)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", root, name);
	struct tar_options options = {.level = 1};
	struct tar_result result;
	struct err err = ERR_INIT;

	assert_int_equal(tar_write(path, list, &options, &result, &err), -1);
	if (!strstr(err.msg, message))
		fail_msg("'%s' does not say '%s'", err.msg, message);
	assert_false(path_exists(path));
}

/* Two names of one file, which unpacks as one; the first has to come first. */
static void test_second_name(void **state)
{
	const char *root = *state;
	CLEANUP_TAR_LIST struct tar_list list = {0}, alone = {0}, late = {0};
	CLEANUP_FREE char *archive = xasprintf("%s/a.tar", root), *to = xasprintf("%s/o", root);
	CLEANUP_FREE char *inodes = NULL;
	struct err err = ERR_INIT;

	scratch_file(root, "t/bin/one", "1", 0755);
	scratch_file(root, "t/lib/two", "1", 0644);
	add_tree(&list, root, "t");
	tar_list_add_name(&list, "python/bin/one", "python/lib/two", true);
	packed(root, "a.tar", &list, 1);
	assert_listing(root, "a.tar",
		"drwxr-xr-x root/root 0 2009-02-13 23:31:30 python/\n"
		"drwxr-xr-x root/root 0 2009-02-13 23:31:30 python/bin/\n"
		"-rwxr-xr-x root/root 1 2009-02-13 23:31:30 python/bin/one\n"
		"drwxr-xr-x root/root 0 2009-02-13 23:31:30 python/lib/\n"
		"hrwxr-xr-x root/root 0 2009-02-13 23:31:30 python/lib/two link to python/bin/one\n");
	assert_int_equal(tar_extract(archive, to, 1, NULL, &err), 0);
	inodes = scratch_shell(root, "stat -c %%i o/bin/one o/lib/two | sort -u | wc -l");
	assert_string_equal(inodes, "1\n");
	tar_list_add_name(&alone, "python/bin/one", "python/lib/two", true);
	assert_fails(root, "b.tar", &alone, "is no file before it");
	tar_list_add_bytes(&late, "1", 1, "python/z");
	tar_list_add_name(&late, "python/z", "python/a", true);
	assert_fails(root, "b.tar", &late, "is no file before it");
}

/* What tar_extract() refuses is not packed; the topmost folder counts as the root. */
static void test_refused(void **state)
{
	CLEANUP_FREE char *deep = repeat("d/", 101), *name = xasprintf("%sf", deep);
	struct tar_list list = {0};

	tar_list_add_symlink(&list, "/etc/hosts", "python/share/link");
	assert_fails(*state, "no.tar", &list,
		"'python/share/link': it is a link that leads outside, to an");
	tar_list_release(&list);
	tar_list_add_symlink(&list, "../../python", "python/share/link");
	assert_fails(*state, "no.tar", &list, "it is a link that leads outside by '..'");
	tar_list_release(&list);
	tar_list_add_symlink(&list, "lib/../bin", "python/link");
	assert_fails(*state, "no.tar", &list, "it is a link that may lead outside by '..'");
	tar_list_release(&list);
	tar_list_add_bytes(&list, "", 0, name);
	assert_fails(*state, "no.tar", &list, "it is nested too deep");
	tar_list_release(&list);
}

/* Just what ustar can hold, and just what it cannot. */
static void test_long_names(void **state)
{
	const char *root = *state;
	CLEANUP_TAR_LIST struct tar_list list = {0};
	CLEANUP_FREE char *n100 = repeat("0123456789", 10), *n150 = repeat("abcdefghij", 15);
	CLEANUP_FREE char *split = xasprintf("%s/%s", n150, n100);
	CLEANUP_FREE char *over = xasprintf("%s/%s1", n150, n100);
	CLEANUP_FREE char *all = NULL;
	CLEANUP_FREE char *expected = NULL;

	tar_list_add_bytes(&list, "x", 1, n100);
	packed(root, "plain.tar", &list, 1);
	free(scratch_shell(root, "! grep -q PaxHeader plain.tar"));
	tar_list_release(&list);
	tar_list_add_bytes(&list, "x", 1, split);
	packed(root, "split.tar", &list, 1);
	free(scratch_shell(root, "test $(grep -c PaxHeader split.tar) = 1")); /* of the folder */
	tar_list_add_bytes(&list, "y", 1, over);
	tar_list_add_symlink(&list, split, "l");
	packed(root, "long.tar", &list, 1);
	all = scratch_shell(root, "tar -tf long.tar");
	expected = xasprintf("%s/\n%s\n%s\nl\n", n150, split, over);
	assert_string_equal(all, expected);
	free(all);
	all = scratch_shell(root,
		"mkdir u && tar -xf long.tar -C u && readlink u/l && "
		"cat 'u/%s' && python3 -c \"import tarfile; "
		"print(len(tarfile.open('long.tar').getnames()))\"",
		over);
	free(expected);
	expected = xasprintf("%s\ny4\n", split);
	assert_string_equal(all, expected);
}

/* More than the job of one worker, and hard to compress. */
static void fill(struct tar_list *list)
{
	const size_t len = (size_t)40 << 20;
	CLEANUP_FREE unsigned char *noise = xcalloc(1, len);
	uint64_t x = 88172645463325252u;

	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		noise[i] = (unsigned char)(x & 0x1f);
	}
	tar_list_add_bytes(list, noise, len, "python/noise");
}

static void test_any_threads(void **state)
{
	const char *root = *state;
	static const char *const names[] = {"a.tar.zst", "a.tar.gz"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_TAR_LIST struct tar_list one = {0}, four = {0};
		struct tar_result first, second;

		fill(&one);
		fill(&four);
		first = packed(root, names[i], &one, 1);
		second = packed(root, names[i], &four, 4);
		assert_string_equal(first.hex, second.hex);
		assert_int_equal(first.entries, 2);
		assert_int_equal(first.bytes, (size_t)40 << 20);
	}
	free(scratch_shell(root, "zstd -q -t a.tar.zst && gzip -t a.tar.gz"));
	/* no name, no time */
	CLEANUP_FREE char *head = scratch_shell(root, "head -c 8 a.tar.gz | od -An -tx1");
	assert_string_equal(head, " 1f 8b 08 00 00 00 00 00\n");
}

/* So it is at every level that 'solder pack' has by itself, and where jobs become longer. */
static void test_threads_at_each_level(void **state)
{
	static const int levels[] = {1, 6, 9, 15, 16, 19};
	const size_t size = (size_t)30 << 20;
	CLEANUP_FREE char *path = xasprintf("%s/a.tar.zst", (char *)*state);
	CLEANUP_FREE char *data = xcalloc(1, size);

	for (size_t i = 0; i < size; i++)
		data[i] = (char)("the same words"[i % 14] + (i >> 20));
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		struct tar_result results[2];

		for (unsigned int k = 0; k < 2; k++) {
			CLEANUP_TAR_LIST struct tar_list list = {0};
			struct tar_options options = {
				.level = levels[i], .threads = k ? 4 : 1, .mtime = MTIME};
			struct err err = ERR_INIT;

			tar_list_add_bytes(&list, data, size, "f");
			assert_int_equal(tar_write(path, &list, &options, &results[k], &err), 0);
		}
		assert_string_equal(results[0].hex, results[1].hex);
	}
}

/* What there is to read is known before, and counted while it is read. */
static void test_counted(void **state)
{
	const char *root = *state;
	CLEANUP_TAR_LIST struct tar_list list = {0};
	CLEANUP_FREE char *path = xasprintf("%s/a.tar.gz", root);
	atomic_uint_least64_t read = 0;
	struct tar_options options = {.level = 1, .mtime = MTIME, .read = &read};
	struct tar_result result;
	struct err err = ERR_INIT;
	uint64_t bytes;

	scratch_file(root, "t/f", "12345", 0644);
	scratch_file(root, "t/g", "123", 0644);
	scratch_file(root, "other", "1234567", 0644);
	add_tree(&list, root, "t");
	CLEANUP_FREE char *other = xasprintf("%s/other", root);
	tar_list_add_file(&list, other, "python/f", false);
	tar_list_add_bytes(&list, "x", 1, "python/h");
	assert_int_equal(tar_list_bytes(&list, NULL, &bytes, &err), 0);
	assert_int_equal(bytes, 10);
	assert_int_equal(tar_write(path, &list, &options, &result, &err), 0);
	assert_int_equal(atomic_load(&read), 10);
	assert_int_equal(result.bytes, 11);
}

/* Neither the time, nor the mode, nor the owner of the files on the disk matter. */
static void test_only_content_counts(void **state)
{
	const char *root = *state;
	CLEANUP_TAR_LIST struct tar_list first = {0}, second = {0};

	scratch_file(root, "one/f", "same", 0600);
	scratch_file(root, "one/g", "same", 0700);
	scratch_file(root, "two/g", "same", 0755);
	scratch_file(root, "two/f", "same", 0644);
	free(scratch_shell(root, "touch -d @1 two/f two"));
	add_tree(&first, root, "one");
	add_tree(&second, root, "two");
	assert_string_equal(packed(root, "1.tar.zst", &first, 1).hex,
		packed(root, "2.tar.zst", &second, 2).hex);
}

static void test_first(void **state)
{
	const char *root = *state;
	CLEANUP_TAR_LIST struct tar_list list = {0};
	CLEANUP_FREE char *path = xasprintf("%s/a.tar", root);
	struct tar_options options = {.level = 1, .mtime = MTIME, .first = "p/z"};
	struct tar_result result;
	struct err err = ERR_INIT;
	CLEANUP_FREE char *names = NULL;

	tar_list_add_bytes(&list, "", 0, "p/a");
	tar_list_add_bytes(&list, "z", 1, "p/z");
	assert_int_equal(tar_write(path, &list, &options, &result, &err), 0);
	names = scratch_shell(root, "tar -tf a.tar");
	assert_string_equal(names, "p/z\np/\np/a\n");
}

/* A time before 1970 and beyond eleven octal digits. */
static void test_times(void **state)
{
	static const int64_t times[] = {-1, (int64_t)1 << 33, 0};
	static const char *const years[] = {"1969", "2242", "1970"};
	const char *root = *state;
	CLEANUP_FREE char *path = xasprintf("%s/a.tar", root);

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		CLEANUP_TAR_LIST struct tar_list list = {0};
		struct tar_options options = {.level = 1, .mtime = times[i]};
		CLEANUP_FREE char *year = NULL;
		struct tar_result result;
		struct err err = ERR_INIT;

		tar_list_add_bytes(&list, "z", 1, "z");
		assert_int_equal(tar_write(path, &list, &options, &result, &err), 0);
		year = scratch_shell(
			root, "TZ=UTC tar -tvf a.tar | awk '{ printf \"%%.4s\", $4 }'");
		assert_string_equal(year, years[i]);
	}
}

static void test_failures(void **state)
{
	const char *root = *state;
	CLEANUP_TAR_LIST struct tar_list list = {0}, twisted = {0};
	CLEANUP_FREE char *gone = xasprintf("%s/gone", root), *out = NULL;
	struct err err = ERR_INIT;

	tar_list_add_file(&list, gone, "python/gone", false);
	assert_fails(root, "out/a.tar.gz", &list, "No such file");
	out = xasprintf("%s/out", root);
	assert_int_equal(scratch_entries(out), 0);
	assert_fails(root, "out/a.zip", &list, ".tar.zst");
	tar_list_add_bytes(&twisted, "x", 1, "python/f");
	tar_list_add_bytes(&twisted, "x", 1, "python/f/g");
	assert_fails(root, "out/b.tar", &twisted, "is not a folder");
	free(scratch_shell(root, "mkdir p && mkfifo p/pipe"));
	free(gone);
	gone = xasprintf("%s/p", root);
	assert_int_equal(tar_list_add_tree(&list, gone, "x", &err), -1);
	assert_non_null(strstr(err.msg, "a pipe"));
}

/* A folder that becomes a link after the tree was listed does not bring in what is elsewhere. */
static void test_swapped_folder(void **state)
{
	const char *root = *state;
	CLEANUP_TAR_LIST struct tar_list list = {0};
	CLEANUP_FREE char *path = xasprintf("%s/x.tar", root);
	struct tar_options options = {.level = 3, .mtime = MTIME};
	struct tar_result result;
	struct err err = ERR_INIT;

	scratch_file(root, "away/file", "secret", 0644);
	scratch_file(root, "t/sub/file", "content", 0644);
	add_tree(&list, root, "t");
	free(scratch_shell(root, "mv t/sub was && ln -s ../away t/sub"));
	assert_int_equal(tar_write(path, &list, &options, &result, &err), -1);
	assert_non_null(strstr(err.msg, "is a link or leads through one"));
	assert_false(path_exists(path));
}

static void test_back(void **state)
{
	const char *root = *state;
	CLEANUP_TAR_LIST struct tar_list list = {0};
	CLEANUP_FREE char *archive = xasprintf("%s/a.tar.zst", root),
			  *to = xasprintf("%s/to", root);
	struct err err = ERR_INIT;

	scratch_file(root, "t/d/file", "content", 0755);
	free(scratch_shell(root, "ln -s d/file t/link"));
	add_tree(&list, root, "t");
	packed(root, "a.tar.zst", &list, 2);
	if (tar_extract(archive, to, 1, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	assert_content(to, "link", "content");
}

/* One file of an archive that others made, without unpacking it. */
static void test_member(void **state)
{
	static const char *const names[] = {"a.tar", "a.tar.gz", "a.tar.xz", "a.zip"};
	const char *root = *state;
	CLEANUP_FREE char *cut = xasprintf("%s/cut.tar.gz", root);
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	scratch_file(root, "top/Tools/wanted", "content", 0644);
	free(scratch_shell(root,
		"python3 -m zipfile -c a.zip top && mkdir -p top/a/Tools && echo no "
		">top/a/Tools/wanted && "
		/* more than is held at a time, before the file that is wanted */
		"head -c 6M /dev/urandom >top/Tools/large && "
		"ln -s wanted top/Tools/link && tar --sort=name -cf a.tar ./top && "
		"gzip -k a.tar && xz -0k a.tar && head -c 60 a.tar.gz >cut.tar.gz"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", root, names[i]);

		assert_int_equal(tar_member(path, "Tools/wanted", 7, &out, &err), 1);
		assert_string_equal(out.data, "content");
		out.len = 0;
		assert_int_equal(tar_member(path, "wanted", 7, &out, &err), 0);
		assert_int_equal(tar_member(path, "Tools/link", 7, &out, &err), 0);
		assert_int_equal(tar_member(path, "Tools/wanted", 6, &out, &err), -1);
		assert_non_null(strstr(err.msg, "over 6 bytes"));
		err = (struct err)ERR_INIT;
	}
	assert_int_equal(tar_member(cut, "Tools/wanted", 7, &out, &err), -1);
	assert_non_null(strstr(err.msg, "truncated or corrupt"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_listing),
		SCRATCH_TEST(test_drop_and_find), SCRATCH_TEST(test_drop_and_replace),
		SCRATCH_TEST(test_second_name), SCRATCH_TEST(test_refused),
		SCRATCH_TEST(test_long_names), SCRATCH_TEST(test_any_threads),
		SCRATCH_TEST(test_threads_at_each_level), SCRATCH_TEST(test_counted),
		SCRATCH_TEST(test_only_content_counts), SCRATCH_TEST(test_first),
		SCRATCH_TEST(test_times), SCRATCH_TEST(test_failures),
		SCRATCH_TEST(test_swapped_folder), SCRATCH_TEST(test_back),
		SCRATCH_TEST(test_member)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
