/* The store: offline, damaged, imported, shared, interrupted, full. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/interrupt.h"

#include "world.h"

static void test_offline(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;

	w->options.offline = true;
	assert_fails(w, w->stored);
	assert_int_equal(world_fetch(w, &err), -1);
	assert_non_null(strstr(err.hint, "solder fetch"));
	put_file(w->stored, wrong_body, BODY_SIZE);
	assert_int_equal(world_fetch(w, &err), -1);
	assert_non_null(strstr(err.msg, "damaged"));
	assert_non_null(strstr(err.msg, digest));
	assert_int_equal(size_of(w->stored), BODY_SIZE);
	assert_int_equal(httpd_requests(w->server), 0);
}

static void test_damaged(void **state)
{
	struct world *w = *state;
	CLEANUP_FREE char *aside = xasprintf("%s.damaged", w->stored);
	struct fetcher *f = fetcher_new(&w->options);
	CLEANUP_FREE char *path = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(fetch_stored(f, &w->source, &path, &err), 0);
	put_file(w->stored, wrong_body, 777);
	assert_int_equal(fetch_stored(f, &w->source, &path, &err), -1);
	assert_fetched(w);
	assert_int_equal(size_of(aside), 777);
	assert_int_equal(fetch_stored(f, &w->source, &path, &err), 1);
	fetcher_free(f);
}

static void test_bad_lock(void **state)
{
	struct world *w = *state;

	w->source.file = "../x";
	assert_fails(w, "cannot be the name");
	w->source.file = "x";
	w->source.sha256 = "../../../x";
	assert_fails(w, "64 lower-case");
	assert_false(path_exists(w->store));
}

static void test_import(void **state)
{
	struct world *w = *state;
	CLEANUP_FREE char *dir = xasprintf("%s/downloads", w->root);
	CLEANUP_FREE char *file = xasprintf("%s/x-1.0.tar.gz", dir);
	struct fetcher *f = fetcher_new(&w->options);
	struct err err = ERR_INIT;

	assert_int_equal(fetch_import(f, &w->source, dir, &err), 0);
	put_file(file, wrong_body, BODY_SIZE);
	assert_int_equal(fetch_import(f, &w->source, dir, &err), -1);
	assert_non_null(strstr(err.msg, digest));
	put_file(file, good_body, BODY_SIZE);
	assert_int_equal(fetch_import(f, &w->source, dir, &err), 1);
	assert_int_equal(size_of(w->stored), BODY_SIZE);
	assert_int_equal(fetch_import(f, &w->source, dir, &err), 1);
	fetcher_free(f);
}

/* Two processes at once: one downloads, the wrong_body waits and finds the file. */
static void test_two_at_once(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	pid_t pids[4];
	int status;

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(world_fetch(w, &err) == 0 ? 0 : 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(httpd_requests(w->server), 1);
	assert_fetched(w);
}

/* Ctrl-C arrives while the server stalls, and while another process holds the lock. */
static void interrupted(struct world *w)
{
	struct err err = ERR_INIT;
	uint64_t start = clock_ns();
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		interrupt_install();
		_exit(world_fetch(w, &err) < 0 && err.code == ERR_INTERRUPTED ? 42 : 1);
	}
	usleep(300000);
	kill(pid, SIGINT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
	assert_true(clock_ns() - start < 2000000000u);
}

static void test_interrupt(void **state)
{
	struct world *w = *state;
	CLEANUP_FREE char *lock = xasprintf("%s.lock", w->partial);
	int fd;

	w->options.stall_s = 30;
	w->pages[0].mode = HTTPD_STALL;
	w->pages[0].cut = 5000;
	interrupted(w);
	assert_int_equal(size_of(w->partial), 5000);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	interrupted(w);
	close(fd);
	w->pages[0].mode = HTTPD_RANGES;
	assert_fetched(w);
	assert_int_equal(httpd_last_range(w->server), 5000);
}

/* In a child with a file system of 64 KiB of its own: 77 where that cannot be had. */
static int fetch_onto_full_disk(struct world *w)
{
	struct err err = ERR_INIT;

	if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		make_dirs(w->store, &err) < 0 ||
		mount("none", w->store, "tmpfs", 0, "size=65536") < 0)
		return 77;
	if (world_fetch(w, &err) == 0)
		return 1;
	if (!strstr(err.msg, "No space left on device") || err.code != ERR_ENVIRONMENT)
		return 2;
	return size_of(w->partial) > 0 && !path_exists(w->stored) ? 0 : 3;
}

static void test_disk_full(void **state)
{
	struct world *w = *state;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fetch_onto_full_disk(w));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_offline),
		TEST(test_damaged),
		TEST(test_bad_lock),
		TEST(test_import),
		TEST(test_two_at_once),
		TEST(test_interrupt),
		TEST(test_disk_full),
	};

	/* the loopback is reached directly, whatever the machine is set up with */
	setenv("no_proxy", "127.0.0.1", 1);
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
