/* Buffers, lists, paths, files and trees. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/progress.h"
#include "scratch.h"

static void test_buf(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	CLEANUP_FREE char *stolen = NULL;

	(void)state;
	buf_clear(&b);
	stolen = buf_steal(&b);
	assert_string_equal(stolen, "");
	buf_adds(&b, "one");
	buf_addf(&b, " %d", 2);
	buf_add(&b, "\0x", 2);
	assert_int_equal(b.len, 7);
	assert_memory_equal(b.data, "one 2\0x", 8);
	for (int i = 0; i < 100000; i++)
		buf_add(&b, "abc", 3);
	assert_int_equal(b.len, 300007);
	assert_int_equal(b.data[b.len], '\0');
	buf_clear(&b);
	assert_string_equal(b.data, "");
}

static void test_buf_replace(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(buf_replace(&b, "a", "b"), 0);
	buf_adds(&b, "aXaXXa");
	assert_int_equal(buf_replace(&b, "X", "long"), 3);
	assert_string_equal(b.data, "alongalonglonga");
	assert_int_equal(buf_replace(&b, "long", ""), 3);
	assert_string_equal(b.data, "aaa");
	/* What was put in is not looked at again. */
	assert_int_equal(buf_replace(&b, "aa", "aaa"), 1);
	assert_string_equal(b.data, "aaaa");
	assert_int_equal(buf_replace(&b, "b", "c"), 0);
	buf_clear(&b);
	buf_add(&b, "x\0x", 3);
	assert_int_equal(buf_replace(&b, "x", "yy"), 2);
	assert_memory_equal(b.data, "yy\0yy", 6);
}

static void test_versions_and_counts(void **state)
{
	CLEANUP_STRV struct strv s = STRV_INIT;
	CLEANUP_FREE char *joined = NULL;
	char text[32];

	(void)state;
	strv_split(&s, "GLIBC_2.34 GLIBC_2.4 GLIBC_2.2.5 3.13.15 3.13.9 3.9.1 3.13", " ");
	strv_sort_versions(&s);
	joined = strv_join(&s, " ");
	assert_string_equal(joined, "3.9.1 3.13 3.13.9 3.13.15 GLIBC_2.2.5 GLIBC_2.4 GLIBC_2.34");
	assert_string_equal(plural(1), "");
	assert_string_equal(plural(0), "s");
	assert_string_equal(plural(2), "s");
	format_change(text, -0.004);
	assert_string_equal(text, "0 %");
	format_change(text, 0);
	assert_string_equal(text, "0 %");
	format_change(text, -0.4);
	assert_string_equal(text, "-0.40 %");
	format_change(text, 12.345);
	assert_string_equal(text, "+12.35 %");
}

static void test_strv(void **state)
{
	CLEANUP_STRV struct strv s = STRV_INIT;
	CLEANUP_FREE char *joined = NULL, *empty = strv_join(&s, ",");

	(void)state;
	assert_string_equal(empty, "");
	strv_sort(&s);
	assert_false(strv_has(&s, "x"));
	strv_split(&s, " ,b  a,,c ", " ,");
	strv_addf(&s, "%s%d", "d", 1);
	assert_int_equal(s.n, 4);
	strv_sort(&s);
	joined = strv_join(&s, "+");
	assert_string_equal(joined, "a+b+c+d1");
	assert_true(strv_has(&s, "c"));
	assert_null(s.v[s.n]);
	strv_clear(&s);
	assert_int_equal(s.n, 0);
	assert_null(s.v[0]);
	for (int i = 0; i < 1000; i++)
		strv_addf(&s, "%d", i);
	assert_string_equal(s.v[999], "999");
	assert_null(s.v[1000]);
}

static void test_err(void **state)
{
	CLEANUP_FREE char *big = xcalloc(1, 6000);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&err, ERR_INPUT, "short %s", "read"), -1);
	err_hint(&err, "try again");
	err_wrap(&err, "unpacking '%s'", "zlib");
	err_wrap(&err, "building");
	assert_string_equal(err.msg, "building: unpacking 'zlib': short read");
	assert_string_equal(err.hint, "try again");
	assert_int_equal(err.code, ERR_INPUT);
	err_wrap(&err, "building");
	assert_string_equal(err.msg, "building: unpacking 'zlib': short read");
	err_wrap(&err, "build");
	assert_string_equal(err.msg, "build: building: unpacking 'zlib': short read");
	errno = ENOSPC;
	err_sys(&err, "cannot write");
	assert_string_equal(err.msg, "cannot write: No space left on device");
	assert_non_null(strstr(err.hint, "free some space"));
	memset(big, 'x', 5999);
	err_set(&err, ERR_INPUT, "%s", big);
	err_wrap(&err, "%s", big);
	assert_in_range(strlen(err.msg), sizeof(err.msg) - 4, sizeof(err.msg) - 1);
	assert_string_equal(err.msg + strlen(err.msg) - 4, "x…");
}

static void test_paths(void **state)
{
	CLEANUP_FREE char *cwd = getcwd(NULL, 0), *a = path_dir("a/b/c"), *b = path_dir("c");
	CLEANUP_FREE char *c = path_dir("/c"), *d = path_absolute("/x//y"), *e = path_absolute(".");
	CLEANUP_FREE char *f = path_absolute("././/g"), *want = xasprintf("%s/g", cwd);

	(void)state;
	assert_string_equal(path_base("a/b/c"), "c");
	assert_string_equal(path_base("c"), "c");
	assert_string_equal(path_base("a/"), "");
	assert_string_equal(a, "a/b");
	assert_string_equal(b, ".");
	assert_string_equal(c, "/");
	assert_string_equal(d, "/x//y");
	assert_string_equal(e, cwd);
	assert_string_equal(f, want);
}

static void test_find_program(void **state)
{
	char *root = *state;
	CLEANUP_FREE char *saved = xstrdup(getenv("PATH")), *none = NULL, *found = NULL;
	CLEANUP_FREE char *want = xasprintf("%s/bin/tool", root);
	CLEANUP_FREE char *path = xasprintf("%s/no such:%s/bin:/usr/bin", root, root);
	CLEANUP_FREE char *folder = NULL, *direct = NULL;

	scratch_file(root, "bin/tool", "#!/bin/sh\n", 0755);
	scratch_file(root, "bin/data", "", 0644);
	scratch_file(root, "bin/folder/x", "", 0644);
	setenv("PATH", path, 1);
	found = find_program("tool");
	none = find_program("data");
	folder = find_program("folder");
	direct = find_program(want);
	setenv("PATH", saved, 1);
	assert_string_equal(found, want);
	assert_string_equal(direct, want);
	assert_null(none);
	assert_null(folder);
}

static void test_file_read(void **state)
{
	char *root = *state;
	CLEANUP_FREE char *path = xasprintf("%s/f", root), *none = xasprintf("%s/none", root);
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	scratch_file(root, "f", "0123456789", 0644);
	assert_int_equal(file_read(path, 10, &b, &err), 0);
	assert_string_equal(b.data, "0123456789");
	assert_int_equal(file_read(path, 9, &b, &err), -1);
	assert_int_equal(err.code, ERR_INPUT);
	assert_non_null(strstr(err.msg, "larger than 9 bytes"));
	/* A file without an end is refused, not read. */
	assert_int_equal(file_read("/dev/zero", 1 << 20, &b, &err), -1);
	assert_int_equal(file_read(none, 10, &b, &err), -1);
	assert_non_null(strstr(err.msg, "No such file"));
	assert_int_equal(file_read(root, 10, &b, &err), -1);
}

static void test_file_write(void **state)
{
	char *root = *state;
	CLEANUP_FREE char *path = xasprintf("%s/w/f", root), *dir = xasprintf("%s/w", root);
	CLEANUP_FREE char *folder = xasprintf("%s/w/folder", root);
	struct err err = ERR_INIT;
	struct stat st;

	assert_int_equal(file_write(path, "x", 1, 0644, &err), -1);
	assert_int_equal(make_dirs(folder, &err), 0);
	assert_int_equal(file_write(path, "one", 3, 0640, &err), 0);
	assert_int_equal(file_write(path, "two", 3, 0755, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_content(root, "w/f", "two");
	/* A failed write leaves the old state and nothing beside it. */
	assert_int_equal(file_write(folder, "x", 1, 0644, &err), -1);
	assert_int_equal(scratch_entries(dir), 2);
}

/* Readers that look all the time see one whole content or the other. */
static void test_file_write_atomic(void **state)
{
	char *root = *state;
	CLEANUP_FREE char *path = xasprintf("%s/f", root), *dir = xstrdup(root);
	CLEANUP_FREE char *a = xcalloc(1, 100001), *b = xcalloc(1, 100001);
	struct err err = ERR_INIT;
	int status;
	pid_t pid;

	memset(a, 'a', 100000);
	memset(b, 'b', 100000);
	assert_int_equal(file_write(path, a, 100000, 0644, &err), 0);
	pid = fork();
	if (!pid) {
		for (int i = 0; i < 30; i++)
			file_write(path, i % 2 ? a : b, 100000, 0644, &err);
		_exit(0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		CLEANUP_BUF struct buf got = BUF_INIT;

		assert_int_equal(file_read(path, 200000, &got, &err), 0);
		assert_int_equal(got.len, 100000);
		assert_true(!strcmp(got.data, a) || !strcmp(got.data, b));
	}
	assert_int_equal(status, 0);
	assert_int_equal(scratch_entries(dir), 1);
}

static void test_make_dirs(void **state)
{
	char *root = *state;
	CLEANUP_FREE char *deep = xasprintf("%s/a/b/c", root), *bad = xasprintf("%s/f/x", root);
	CLEANUP_FREE char *file = xasprintf("%s/f", root);
	struct err err = ERR_INIT;

	assert_int_equal(make_dirs(deep, &err), 0);
	assert_int_equal(make_dirs(deep, &err), 0);
	assert_true(path_is_dir(deep));
	scratch_file(root, "f", "", 0644);
	assert_int_equal(make_dirs(bad, &err), -1);
	assert_int_equal(make_dirs(file, &err), -1);
	assert_false(path_exists(bad));
}

static void make_tree(const char *root)
{
	CLEANUP_FREE char *link = xasprintf("%s/from/link", root);
	CLEANUP_FREE char *dangling = xasprintf("%s/from/sub/dangling", root);
	CLEANUP_FREE char *up = xasprintf("%s/from/up", root);

	scratch_file(root, "outside", "intact", 0644);
	scratch_file(root, "from/a", "alpha", 0644);
	scratch_file(root, "from/sub/x", "run me", 0755);
	scratch_file(root, "from/sub/deeper/e", "", 0600);
	assert_int_equal(symlink("sub/x", link), 0);
	assert_int_equal(symlink("nowhere", dangling), 0);
	assert_int_equal(symlink("../outside", up), 0);
}

static void test_tree_copy(void **state)
{
	char *root = *state;
	CLEANUP_FREE char *from = xasprintf("%s/from", root), *to = xasprintf("%s/to", root);
	CLEANUP_FREE char *x = xasprintf("%s/from/sub/x", root),
			  *tox = xasprintf("%s/to/sub/x", root);
	CLEANUP_FREE char *link = xasprintf("%s/to/link", root),
			  *fifo = xasprintf("%s/from/p", root);
	char digest_from[SHA256_HEX_SIZE], digest_to[SHA256_HEX_SIZE], target[64] = "";
	struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 2000, .tv_nsec = 5000}};
	struct err err = ERR_INIT;
	struct stat st;

	make_tree(root);
	assert_int_equal(utimensat(AT_FDCWD, x, times, 0), 0);
	/* What stands in the way is replaced, what does not stays. */
	scratch_file(root, "to/a", "old", 0600);
	scratch_file(root, "to/own", "own", 0600);
	assert_int_equal(symlink("own", link), 0);
	assert_int_equal(tree_copy(from, to, &err), 0);
	assert_content(root, "to/own", "own");
	assert_content(root, "to/a", "alpha");
	assert_true(readlink(link, target, sizeof(target) - 1) > 0);
	assert_string_equal(target, "sub/x");
	assert_int_equal(stat(tox, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_mtim.tv_sec, 2000);
	assert_int_equal(st.st_mtim.tv_nsec, 5000);
	scratch_remove(root, "to/own");
	assert_int_equal(tree_digest(from, digest_from, &err), 0);
	assert_int_equal(tree_digest(to, digest_to, &err), 0);
	assert_string_equal(digest_from, digest_to);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(tree_copy(from, to, &err), -1);
	assert_non_null(strstr(err.msg, "neither a file"));
}

/* Writing through a link would change what lies outside of the target. */
static void test_tree_copy_over_link(void **state)
{
	char *root = *state;
	CLEANUP_FREE char *from = xasprintf("%s/from", root), *to = xasprintf("%s/to", root);
	CLEANUP_FREE char *sub = xasprintf("%s/to/sub", root), *a = xasprintf("%s/to/a", root);
	CLEANUP_FREE char *away = xasprintf("%s/away", root);
	struct err err = ERR_INIT;

	make_tree(root);
	assert_int_equal(make_dirs(away, &err), 0);
	assert_int_equal(make_dirs(to, &err), 0);
	assert_int_equal(symlink("../away", sub), 0);
	assert_int_equal(symlink("../outside", a), 0);
	assert_int_equal(tree_copy(from, to, &err), 0);
	assert_int_equal(scratch_entries(away), 0);
	assert_content(root, "outside", "intact");
	assert_content(root, "to/sub/x", "run me");
}

static void test_tree_remove(void **state)
{
	char *root = *state;
	CLEANUP_FREE char *from = xasprintf("%s/from", root), *none = xasprintf("%s/none", root);
	CLEANUP_FREE char *sub = xasprintf("%s/from/sub", root), *link = xasprintf("%s/l", root);
	CLEANUP_FREE char *deeper = xasprintf("%s/from/sub/deeper", root);
	struct err err = ERR_INIT;

	make_tree(root);
	assert_int_equal(chmod(deeper, 0), 0);
	assert_int_equal(chmod(sub, 0500), 0);
	assert_int_equal(symlink("from", link), 0);
	assert_int_equal(tree_remove(none, &err), 0);
	assert_int_equal(tree_remove(link, &err), 0);
	assert_true(path_is_dir(from));
	assert_int_equal(tree_remove(from, &err), 0);
	assert_false(path_exists(from));
	assert_content(root, "outside", "intact");
}

/* As test_tree_remove(), where permissions bind: root's do not. */
static void test_tree_remove_user(void **state)
{
	char *root = *state;
	CLEANUP_FREE char *from = xasprintf("%s/from", root), *sub = xasprintf("%s/from/sub", root);
	struct err err = ERR_INIT;
	int status;
	pid_t pid;

	if (getuid()) {
		print_message("# skip: the test above ran as a plain user already\n");
		skip();
	}
	make_tree(root);
	assert_int_equal(chmod(root, 0777), 0);
	assert_int_equal(chown(root, 65534, 65534), 0);
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(2);
		_exit(make_dirs(sub, &err) < 0 ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* the tree is root's: a plain user must fail, and say so */
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(2);
		_exit(tree_remove(from, &err) == -1 && strstr(err.msg, "cannot remove") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_content(root, "from/sub/x", "run me");
	assert_int_equal(chown(from, 65534, 65534), 0);
	assert_int_equal(chown(sub, 65534, 65534), 0);
	assert_int_equal(chmod(sub, 0), 0);
	scratch_remove(root, "from/sub/deeper");
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(2);
		_exit(tree_remove(from, &err) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(path_exists(from));
}

/* Configure scripts that look for the longest path leave such things behind. */
static void test_deep_tree(void **state)
{
	char *root = *state, *cwd = getcwd(NULL, 0);
	CLEANUP_FREE char *deep = xasprintf("%s/deep", root), *to = xasprintf("%s/to", root);
	char digest[SHA256_HEX_SIZE];
	struct err err = ERR_INIT;

	assert_int_equal(make_dirs(deep, &err), 0);
	assert_int_equal(chdir(deep), 0);
	for (int i = 0; i < 700; i++) {
		assert_int_equal(mkdir("folder", 0755), 0);
		assert_int_equal(chdir("folder"), 0);
	}
	assert_int_equal(chdir(cwd), 0);
	free(cwd);
	/* To read is to recurse: refused. */
	assert_int_equal(tree_digest(deep, digest, &err), -1);
	assert_int_equal(tree_copy(deep, to, &err), -1);
	assert_non_null(strstr(err.msg, "too deep"));
	if (tree_remove(deep, &err) < 0)
		fail_msg("%s", err.msg);
	assert_false(path_exists(deep));
	assert_int_equal(tree_remove(to, &err), 0);
}

static void check_digest_changes(const char *from, char *last, bool changes)
{
	char now[SHA256_HEX_SIZE];
	struct err err = ERR_INIT;

	assert_int_equal(tree_digest(from, now, &err), 0);
	if (changes)
		assert_string_not_equal(now, last);
	else
		assert_string_equal(now, last);
	memcpy(last, now, sizeof(now));
}

static void test_tree_digest(void **state)
{
	char *root = *state;
	CLEANUP_FREE char *from = xasprintf("%s/from", root), *a = xasprintf("%s/from/a", root);
	CLEANUP_FREE char *b = xasprintf("%s/from/b", root),
			  *link = xasprintf("%s/from/link", root);
	struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	char last[SHA256_HEX_SIZE] = "";
	struct err err = ERR_INIT;

	make_tree(root);
	check_digest_changes(from, last, true);
	assert_int_equal(utimensat(AT_FDCWD, a, times, 0), 0);
	assert_int_equal(chmod(a, 0600), 0);
	check_digest_changes(from, last, false);
	assert_int_equal(chmod(a, 0755), 0);
	check_digest_changes(from, last, true);
	assert_int_equal(rename(a, b), 0);
	check_digest_changes(from, last, true);
	scratch_file(root, "from/b", "alphb", 0755);
	check_digest_changes(from, last, true);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("b", link), 0);
	check_digest_changes(from, last, true);
	scratch_file(root, "from/new/x", "", 0644);
	check_digest_changes(from, last, true);
	assert_int_equal(tree_digest("/nonexistent", last, &err), -1);
}

static void test_sha256(void **state)
{
	char *root = *state;
	CLEANUP_FREE char *path = xasprintf("%s/f", root);
	char hex[SHA256_HEX_SIZE];
	struct err err = ERR_INIT;
	uint64_t size;

	sha256_hex("abc", 3, hex);
	assert_string_equal(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	scratch_file(root, "f", "", 0644);
	assert_int_equal(sha256_file(path, hex, &size, &err), 0);
	assert_int_equal(size, 0);
	assert_string_equal(
		hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(sha256_file("/nonexistent", hex, &size, &err), -1);
}

static void test_path_rename(void **state)
{
	char *root = *state;
	CLEANUP_FREE char *from = xasprintf("%s/f", root), *to = xasprintf("%s/x/y/f", root);
	struct err err = ERR_INIT;

	scratch_file(root, "f", "moved", 0644);
	assert_int_equal(path_rename(from, to, &err), 0);
	assert_content(root, "x/y/f", "moved");
	assert_false(path_exists(from));
	assert_int_equal(path_rename(from, to, &err), -1);
}

static void test_formats(void **state)
{
	char text[32];

	(void)state;
	format_duration(text, 3249000000u);
	assert_string_equal(text, "3.2 s");
	format_duration(text, 245000000000u);
	assert_string_equal(text, "4 min 05 s");
	format_duration(text, 3725000000000u);
	assert_string_equal(text, "1 h 02 min");
	format_bytes(text, 812);
	assert_string_equal(text, "812 B");
	format_bytes(text, 4404019);
	assert_string_equal(text, "4.2 MiB");
	format_bytes(text, UINT64_MAX);
	assert_non_null(strstr(text, "TiB"));
}

static void test_arrays(void **state)
{
	struct pair {
		char name;
		uint64_t addr;
	} *v = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(COUNT_UPTO(v, n, addr, 5), 0);
	for (uint64_t i = 0; i < 1000; i++) {
		struct pair *new = ARRAY_ADD(v, n);

		assert_int_equal(new->addr, 0);
		new->addr = 10 * i;
	}
	assert_int_equal(n, 1000);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(v[i].addr, 10 * i);
	assert_int_equal(COUNT_UPTO(v, n, addr, 0), 1);
	assert_int_equal(COUNT_UPTO(v, n, addr, 9), 1);
	assert_int_equal(COUNT_UPTO(v, n, addr, 10), 2);
	assert_int_equal(COUNT_UPTO(v, n, addr, UINT64_MAX), 1000);
	free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arrays),
		SCRATCH_TEST(test_buf),
		SCRATCH_TEST(test_buf_replace),
		SCRATCH_TEST(test_strv),
		cmocka_unit_test(test_versions_and_counts),
		SCRATCH_TEST(test_err),
		SCRATCH_TEST(test_paths),
		SCRATCH_TEST(test_find_program),
		SCRATCH_TEST(test_file_read),
		SCRATCH_TEST(test_file_write),
		SCRATCH_TEST(test_file_write_atomic),
		SCRATCH_TEST(test_make_dirs),
		SCRATCH_TEST(test_tree_copy),
		SCRATCH_TEST(test_tree_copy_over_link),
		SCRATCH_TEST(test_tree_remove),
		SCRATCH_TEST(test_tree_remove_user),
		SCRATCH_TEST(test_deep_tree),
		SCRATCH_TEST(test_tree_digest),
		SCRATCH_TEST(test_sha256),
		SCRATCH_TEST(test_path_rename),
		SCRATCH_TEST(test_formats),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
