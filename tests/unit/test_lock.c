/* Locks that no stranger can take, and folders that others can change. */
#include "scratch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "proc/lock.h"

/* Another process that holds the lock until it is killed. */
static pid_t hold_aside(const char *path)
{
	struct err err = ERR_INIT;
	int ready[2], fd;
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		byte = lock_try(path, &fd, &err) == 1 ? 'y' : 'n';
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_turns(void **state)
{
	CLEANUP_FREE char *path = xasprintf("%s/.solder-lock", (char *)*state);
	struct file_lock *lock = NULL;
	struct err err = ERR_INIT;
	struct stat st;
	int fd;

	assert_int_equal(folder_lock(*state, NULL, &lock, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(lock_try(path, &fd, &err), 0);
	lock_release(lock);
	assert_int_equal(scratch_entries(*state), 0);
	assert_int_equal(lock_try(path, &fd, &err), 1);
	close(fd);
}

/* Who was killed holds nothing, and what it left is cleared away. */
static void test_killed(void **state)
{
	CLEANUP_FREE char *path = xasprintf("%s/.solder-lock", (char *)*state);
	struct file_lock *lock = NULL;
	struct err err = ERR_INIT;

	end(hold_aside(path));
	assert_int_equal(scratch_entries(*state), 1);
	assert_int_equal(folder_lock(*state, NULL, &lock, &err), 0);
	lock_release(lock);
	assert_int_equal(scratch_entries(*state), 0);
}

static void test_patience(void **state)
{
	CLEANUP_FREE char *path = xasprintf("%s/.solder-lock", (char *)*state);
	pid_t pid = hold_aside(path);
	CLEANUP_FREE char *who = xasprintf("pid %ld (", (long)pid), *holder = lock_holder(path);
	struct file_lock *lock = NULL;
	struct err err = ERR_INIT;

	setenv("SOLDER_LOCK_TIMEOUT", "0", 1);
	assert_int_equal(folder_lock(*state, NULL, &lock, &err), -1);
	unsetenv("SOLDER_LOCK_TIMEOUT");
	end(pid);
	assert_non_null(strstr(err.msg, who));
	assert_non_null(strstr(err.msg, "since 20"));
	assert_non_null(strstr(err.hint, "SOLDER_LOCK_TIMEOUT"));
	assert_non_null(strstr(holder, "test_lock"));
	assert_int_equal(lock_patience(7), 7000000000u);
	setenv("SOLDER_LOCK_TIMEOUT", "30", 1);
	assert_int_equal(lock_patience(7), 30000000000u);
	setenv("SOLDER_LOCK_TIMEOUT", "soon", 1);
	assert_int_equal(lock_patience(7), 7000000000u);
	unsetenv("SOLDER_LOCK_TIMEOUT");
}

/* What anybody can lock, the folder and files that can be read, keeps nobody waiting. */
static void test_stranger(void **state)
{
	CLEANUP_CLOSE int folder = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct file_lock *lock = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(flock(folder, LOCK_EX), 0);
	setenv("SOLDER_LOCK_TIMEOUT", "0", 1);
	assert_int_equal(folder_lock(*state, NULL, &lock, &err), 0);
	unsetenv("SOLDER_LOCK_TIMEOUT");
	lock_release(lock);
}

/* What was put in the lock's place stays as it is. */
static void test_put_there(void **state)
{
	static const char *const put[] = {"ln -s file .solder-lock", "ln file .solder-lock",
		"mkfifo .solder-lock", "mkdir .solder-lock"};
	struct file_lock *lock = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(put); i++) {
		struct err err = ERR_INIT;

		free(scratch_shell(
			*state, "rm -rf file .solder-lock; printf dear >file; %s", put[i]));
		assert_int_equal(folder_lock(*state, NULL, &lock, &err), -1);
		assert_null(lock);
		assert_content(*state, "file", "dear");
	}
	if (geteuid() == 0) {
		struct err err = ERR_INIT;

		free(scratch_shell(*state,
			"rm -r .solder-lock; touch .solder-lock; chown 12345 .solder-lock"));
		assert_int_equal(folder_lock(*state, NULL, &lock, &err), -1);
		assert_non_null(strstr(err.msg, "12345"));
	}
}

static void test_text_of_holder(void **state)
{
	CLEANUP_FREE char *path = xasprintf("%s/l", (char *)*state);
	static const char *const texts[][2] = {{"", "another process"}, {"x", "another process"},
		{"-3 4 x\n", "another process"}, {"12 0 a\033]0;b\n", "pid 12 (a?]0;b), since "}};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP_FREE char *holder = NULL;

		scratch_file(*state, "l", texts[i][0], 0600);
		holder = lock_holder(path);
		assert_int_equal(strncmp(holder, texts[i][1], strlen(texts[i][1])), 0);
	}
}

static void test_trust(void **state)
{
	CLEANUP_FREE char *path = xasprintf("%s/d", (char *)*state);
	CLEANUP_FREE char *below = xasprintf("%s/x/y", path);
	struct err err = ERR_INIT;

	assert_int_equal(folder_trust(path, false, &err), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(folder_trust(path, false, &err), 0);
	assert_int_equal(folder_trust_above(below, &err), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(chmod(path, i ? 0757 : 0775), 0);
		assert_int_equal(folder_trust(path, true, &err), -1);
		assert_non_null(strstr(err.msg, "other users can write"));
		assert_int_equal(folder_trust_above(below, &err), -1);
	}
	assert_int_equal(chmod(path, 01777), 0);
	assert_int_equal(folder_trust(path, true, &err), 0);
	assert_int_equal(folder_trust(path, false, &err), -1);
	assert_int_equal(folder_trust_above(below, &err), 0);
	if (geteuid() == 0) {
		assert_int_equal(chmod(path, 0755), 0);
		assert_int_equal(chown(path, 12345, 0), 0);
		assert_int_equal(folder_trust(path, true, &err), -1);
		assert_non_null(strstr(err.msg, "another user (12345)"));
		assert_int_equal(folder_trust_above(below, &err), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_turns), SCRATCH_TEST(test_killed),
		SCRATCH_TEST(test_patience), SCRATCH_TEST(test_stranger),
		SCRATCH_TEST(test_put_there), SCRATCH_TEST(test_text_of_holder),
		SCRATCH_TEST(test_trust)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
