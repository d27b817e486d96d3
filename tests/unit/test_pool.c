/* Children side by side, functions in children, and what children may use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "proc/parallel.h"
#include "proc/proc.h"
#include "scratch.h"

/* Numbers of children of a pool, of which `fails` (0: none) fails. */
struct numbers {
	const char *root;
	size_t n, next, fails;
	int ended, dropped, running, most;
};

struct number {
	struct numbers *all;
	size_t i;
};

/* The odd ones take longer. */
static int write_number(void *ctx, struct err *err)
{
	const struct number *n = ctx;
	CLEANUP_FREE char *path = xasprintf("%s/%zu", n->all->root, n->i);

	usleep(n->i % 2 ? 60000 : 10000);
	if (n->i == n->all->fails)
		return err_set(err, ERR_INPUT, "number %zu is bad", n->i);
	return file_write(path, "x", 1, 0644, err);
}

static int start_number(void *ctx, struct proc **ret, void **job, struct err *err)
{
	struct numbers *all = ctx;
	struct number *n;

	if (all->next == all->n)
		return POOL_NO_MORE;
	/* The third has to wait for the first two. */
	if (all->next == 2 && all->ended < 2)
		return POOL_NOT_NOW;
	n = xcalloc(1, sizeof(*n));
	*n = (struct number){all, all->next++};
	*job = n;
	all->running++;
	all->most = all->running > all->most ? all->running : all->most;
	return proc_start(
		&(struct proc_spec){.out = -1, .err = -1, .run = write_number, .ctx = n}, ret, err);
}

static void drop_number(void *ctx, void *job)
{
	struct numbers *all = ctx;

	all->dropped++;
	free(job);
}

static int end_number(void *ctx, void *job, struct proc *proc, struct err *err)
{
	struct numbers *all = ctx;

	all->ended++;
	all->running--;
	free(job);
	return proc_result(proc, err);
}

static int run_numbers(struct numbers *all, unsigned int jobs, struct err *err)
{
	return proc_pool_run(&(struct proc_pool){.jobs = jobs,
				     .start = start_number,
				     .end = end_number,
				     .drop = drop_number,
				     .ctx = all},
		err);
}

static void test_pool(void **state)
{
	struct numbers all = {.root = *state, .n = 9, .fails = 99};
	struct err err = ERR_INIT;
	CLEANUP_FREE char *made = NULL;

	assert_int_equal(run_numbers(&all, 3, &err), 0);
	assert_int_equal(all.ended, 9);
	assert_int_equal(all.dropped, 0);
	assert_int_equal(all.most, 3);
	made = scratch_shell(*state, "ls | wc -l");
	assert_string_equal(made, "9\n");
	all = (struct numbers){.root = *state};
	assert_int_equal(run_numbers(&all, 0, &err), 0);
	assert_int_equal(all.ended, 0);
}

static void test_pool_fails(void **state)
{
	struct numbers all = {.root = *state, .n = 9, .fails = 4};
	struct err err = ERR_INIT;

	assert_int_equal(run_numbers(&all, 2, &err), -1);
	assert_int_equal(err.code, ERR_INPUT);
	assert_string_equal(err.msg, "number 4 is bad");
	assert_int_equal(all.dropped, all.running);
	assert_true(all.next < all.n);
}

static void test_late_in_pool(void **state)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	struct proc_spec spec = {
		.argv = &argv, .out = -1, .err = -1, .time_ms = 100, .grace_ms = 100};
	struct err err = ERR_INIT;
	struct proc *p;

	(void)state;
	strv_split(&argv, "/bin/sh -c", " ");
	strv_add(&argv, "trap '' TERM; sleep 60 & wait; sleep 60");
	assert_int_equal(proc_start(&spec, &p, &err), 0);
	while (proc_wait_any(&p, 1, 1000) < 0)
		;
	assert_true(proc_late(p));
	assert_int_equal(proc_result(p, &err), -1);
	assert_int_equal(err.code, ERR_CHILD);
	assert_string_equal(err.msg, "took longer than 0.1 s and was ended");
	proc_free(p);
}

static void test_pid(void **state)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	pid_t pid = 0;
	struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1, .pid = &pid};

	(void)state;
	strv_split(&argv, "/bin/sh -c", " ");
	strv_add(&argv, "echo $$");
	assert_int_equal(proc_run(&spec, true, 100, 0, &out, &err), 0);
	assert_true(pid > 0);
	assert_int_equal(strtol(out.data, NULL, 10), pid);
}

static void test_limits(void **state)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct proc_spec spec = {.argv = &argv,
		.out = -1,
		.err = -1,
		.limits = {.data = (uint64_t)8 << 30, .file = 2 << 20, .cpu = 7}};

	(void)state;
	strv_split(&argv, "/bin/sh -c", " ");
	strv_add(&argv, "ulimit -d; ulimit -f; ulimit -t; ulimit -c");
	assert_int_equal(proc_run(&spec, true, 100, 0, &out, &err), 0);
	assert_string_equal(out.data, "8388608\n4096\n7\n0\n");
}

/* Sanitizers have mapped more than any limit: nothing may be allocated once it is set. */
static void test_limits_long_environment(void **state)
{
	const char *home = getenv("HOME");
	CLEANUP_FREE char *before = xstrdup(home ? home : "/"), *longer = xcalloc(1, 100000);

	memset(longer, 'x', 99999);
	setenv("HOME", longer, 1);
	test_limits(state);
	setenv("HOME", before, 1);
}

/* As where a container or an administrator forbids cores. */
static void test_limits_below_ours(void **state)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct proc_spec spec = {
		.argv = &argv, .out = -1, .err = -1, .limits = {.file = 2 << 20, .cpu = 7}};
	const struct rlimit none = {0, 0};

	(void)state;
	assert_int_equal(setrlimit(RLIMIT_CORE, &none), 0);
	strv_split(&argv, "/bin/sh -c", " ");
	strv_add(&argv, "ulimit -Hc; ulimit -Hf");
	assert_int_equal(proc_run(&spec, true, 100, 0, &out, &err), 0);
	assert_string_equal(out.data, "0\n4096\n");
}

static void test_processors(void **state)
{
	CLEANUP_FREE char *online = scratch_shell(*state, "getconf _NPROCESSORS_ONLN");
	unsigned int n = processors();

	assert_true(n >= 1);
	assert_true(n <= strtoul(online, NULL, 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_pool),
		SCRATCH_TEST(test_pool_fails),
		cmocka_unit_test(test_late_in_pool),
		cmocka_unit_test(test_pid),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_limits_long_environment),
		cmocka_unit_test(test_limits_below_ours),
		SCRATCH_TEST(test_processors),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
