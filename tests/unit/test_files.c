/* Where files are written, and scratch folders: those of killed processes go, others stay. */
#include "scratch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static char *made(const char *root)
{
	struct err err = ERR_INIT;
	char *path = scratch_make(root, "p", &err);

	if (!path)
		fail_msg("%s", err.msg);
	return path;
}

static void test_stale(void **state)
{
	static const char *const others[] = {"p.short", "p.toolong", "q.abcdef", "pp.abcdef"};
	CLEANUP_FREE char *first = NULL, *second = NULL, *stale = NULL;
	struct stat st;

	scratch_file(*state, "p.abcdef/deep/file", "", 0644);
	scratch_file(*state, "p.abcdef/.lock", "", 0600);
	scratch_file(*state, "p.nolock/file", "", 0644);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		scratch_file(*state, others[i], "", 0644);
	scratch_file(*state, "p.abcfil", "no folder", 0644);
	first = made(*state);
	second = made(*state);
	assert_true(path_is_dir(first));
	assert_string_not_equal(first, second);
	assert_int_equal(stat(first, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	stale = xasprintf("%s/p.abcdef", (char *)*state);
	assert_false(path_exists(stale));
	assert_int_equal(scratch_entries(*state), ARRAY_SIZE(others) + 4);
}

static void test_killed(void **state)
{
	CLEANUP_FREE char *own = made(*state), *after = NULL;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		free(made(*state));
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(scratch_entries(*state), 2);
	after = made(*state);
	assert_int_equal(scratch_entries(*state), 2);
	assert_true(path_is_dir(own));
	assert_true(path_is_dir(after));
}

static void test_nowhere(void **state)
{
	CLEANUP_FREE char *none = xasprintf("%s/none", (char *)*state);
	struct err err = ERR_INIT;

	assert_null(scratch_make(none, "p", &err));
	assert_non_null(strstr(err.msg, "cannot create a folder in"));
}

/* What stands there and is no file is not replaced by one. */
static void test_file_write_through(void **state)
{
	char *root = *state, got[8] = "";
	CLEANUP_FREE char *link = xasprintf("%s/link", root), *pipe = xasprintf("%s/pipe", root);
	CLEANUP_CLOSE int fd = -1;
	struct err err = ERR_INIT;
	struct stat st;

	scratch_file(root, "d/f", "old", 0644);
	free(scratch_shell(root, "ln -s d/f link && mkfifo pipe"));
	assert_int_equal(file_write(link, "new", 3, 0644, &err), 0);
	assert_content(root, "d/f", "new");
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	fd = open(pipe, O_RDWR | O_CLOEXEC);
	assert_int_equal(file_write(pipe, "text", 4, 0644, &err), 0);
	assert_int_equal(read(fd, got, sizeof(got)), 4);
	assert_string_equal(got, "text");
	assert_int_equal(scratch_entries(root), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_stale), SCRATCH_TEST(test_killed),
		SCRATCH_TEST(test_nowhere), SCRATCH_TEST(test_file_write_through)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
