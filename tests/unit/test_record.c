/* Records of trees: what they notice, and which of them are refused. */
#include "scratch.h"

#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "plan/record.h"

/* ROOT/tree with a file in a folder, a program and a link, and its record in ROOT/files. */
static void setup(char *root)
{
	CLEANUP_FREE char *tree = xasprintf("%s/tree", root), *path = xasprintf("%s/files", root);
	CLEANUP_RECORD struct record r = {0};
	struct err err = ERR_INIT;

	scratch_file(root, "tree/bin/python", "program", 0755);
	scratch_file(root, "tree/lib/ with blanks ", "text", 0644);
	free(scratch_shell(root, "ln -s python tree/bin/python3; mkdir tree/empty"));
	assert_int_equal(record_make(tree, NULL, &r, &err), 0);
	assert_int_equal(r.n, 6);
	assert_int_equal(record_write(&r, path, false, &err), 0);
}

/* What the check answers, and in `why` its reason or "". */
static int check(char *root, enum record_depth depth, char why[256])
{
	CLEANUP_FREE char *tree = xasprintf("%s/tree", root), *path = xasprintf("%s/files", root);
	CLEANUP_FREE char *reason = NULL;
	CLEANUP_RECORD struct record r = {0};
	struct err err = ERR_INIT;
	int got;

	if (record_read(path, &r, &err) < 0)
		fail_msg("%s", err.msg);
	got = record_check(&r, tree, depth, &reason, &err);
	assert_int_equal(got == 1, reason != NULL);
	snprintf(why, 256, "%s", reason ? reason : "");
	return got;
}

static void test_whole(void **state)
{
	char why[256];

	setup(*state);
	for (int depth = RECORD_LOOK; depth <= RECORD_WITHIN; depth++)
		assert_int_equal(check(*state, (enum record_depth)depth, why), 0);
}

/* Each change, made by a line of shell in the tree, what is said of it, and who notices. */
static void test_changes(void **state)
{
	static const struct {
		const char *change, *why;
		bool look, within;
	} table[] = {
		{"printf p >bin/python", "bin/python has 1 bytes instead of 7", true, true},
		{"rm bin/python", "bin/python is missing", true, true},
		{"rm -r bin", "bin is missing", true, true},
		{"rm -r lib empty", "empty is missing", true, true},
		{"chmod 700 bin/python", "bin/python has the mode 0700 instead of 0755", true,
			false},
		{"chmod 644 bin/python", "bin/python has the mode 0644 instead of 0755", true,
			true},
		{"ln -sfn elsewhere bin/python3", "bin/python3 leads elsewhere", true, true},
		{"rm bin/python; mkdir bin/python", "bin/python is a folder instead of a file",
			true, true},
		{"rmdir empty; ln -s lib empty", "empty is a link instead of a folder", true, true},
		{"rm bin/python; mkfifo bin/python", "bin/python is no longer a file", true, true},
		{"touch lib/new", "lib/new was added", true, false},
		/* Same size, same time, same inode: only the content tells. */
		{"touch -r bin/python t; printf q | dd of=bin/python conv=notrunc 2>/dev/null; "
		 "touch -r t bin/python; rm t",
			"bin/python has another content", false, true},
	};
	char *root = *state, why[256];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		free(scratch_shell(root, "rm -rf tree files"));
		setup(root);
		free(scratch_shell(root, "cd tree; %s", table[i].change));
		assert_int_equal(check(root, RECORD_LOOK, why), table[i].look);
		assert_string_equal(why, table[i].look ? table[i].why : "");
		assert_int_equal(check(root, RECORD_ALL, why), 1);
		assert_string_equal(why, table[i].why);
		assert_int_equal(check(root, RECORD_WITHIN, why), table[i].within);
		assert_string_equal(why, table[i].within ? table[i].why : "");
	}
}

/* A copy has other inodes, and a file that was touched another time. */
static void test_moved(void **state)
{
	char why[256];

	setup(*state);
	free(scratch_shell(*state, "cp -a tree copy; rm -r tree; mv copy tree"));
	assert_int_equal(check(*state, RECORD_LOOK, why), 2);
	assert_int_equal(check(*state, RECORD_ALL, why), 0);
}

static bool is_bin(const char *path)
{
	return !strncmp(path, "bin/", 4);
}

/* The same anywhere: without times, inodes and what is left out. */
static void test_anywhere(void **state)
{
	CLEANUP_FREE char *tree = xasprintf("%s/tree", (char *)*state);
	CLEANUP_FREE char *path = xasprintf("%s/files", (char *)*state);
	CLEANUP_FREE char *first = NULL, *second = NULL;
	struct err err = ERR_INIT;

	setup(*state);
	for (int i = 0; i < 2; i++) {
		CLEANUP_RECORD struct record r = {0};

		assert_int_equal(record_make(tree, is_bin, &r, &err), 0);
		assert_int_equal(r.n, 4);
		assert_int_equal(record_write(&r, path, true, &err), 0);
		*(i ? &second : &first) = scratch_read(*state, "files");
		free(scratch_shell(*state, "cp -R tree copy; rm -r tree; mv copy tree"));
	}
	assert_string_equal(first, second);
}

/* Any changed byte, any cut; and names that lead out of the tree, with the right digest. */
static void test_bad_records(void **state)
{
	static const char *const names[] = {"../x", "/x", "a/../x", "a//x", "./x", "..", ""};
	CLEANUP_FREE char *path = xasprintf("%s/files", (char *)*state), *good = NULL;
	CLEANUP_RECORD struct record r = {0};
	struct err err = ERR_INIT;
	size_t n;

	setup(*state);
	good = scratch_read(*state, "files");
	n = strlen(good);
	for (size_t i = 0; i < n; i++) {
		char was = good[i];

		assert_int_equal(file_write(path, good, i, 0644, &err), 0);
		assert_int_equal(record_read(path, &r, &err), -1);
		good[i] = was == '0' ? '1' : '0';
		assert_int_equal(file_write(path, good, n, 0644, &err), 0);
		assert_int_equal(record_read(path, &r, &err), i + 1 < n ? -1 : 0);
		record_release(&r);
		good[i] = was;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct record_entry e = {.kind = 'f', .sha256 = "-", .path = (char *)names[i]};
		struct record bad = {&e, 1};

		assert_int_equal(record_write(&bad, path, false, &err), 0);
		assert_int_equal(record_read(path, &r, &err), -1);
		assert_non_null(strstr(err.msg, "is damaged"));
	}
}

/* A name that would be two lines. */
static void test_line_break(void **state)
{
	CLEANUP_FREE char *tree = xasprintf("%s/tree", (char *)*state);
	CLEANUP_RECORD struct record r = {0};
	struct err err = ERR_INIT;

	scratch_file(*state, "tree/a\nb", "", 0644);
	assert_int_equal(record_make(tree, NULL, &r, &err), -1);
	assert_non_null(strstr(err.msg, "line break"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_whole), SCRATCH_TEST(test_changes),
		SCRATCH_TEST(test_moved), SCRATCH_TEST(test_anywhere),
		SCRATCH_TEST(test_bad_records), SCRATCH_TEST(test_line_break)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
