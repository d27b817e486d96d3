/* One cache and several builds: at once, interrupted, killed. */
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "plans.h"

#define INTERRUPTED 42

/* Runs the plan in another process. */
static pid_t run_aside(struct plans *p)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	interrupt_install();
	if (plan_settle(&p->plan, p->cache, &p->err) < 0)
		_exit(1);
	if (plan_run(&p->plan, &p->options, &p->result, &p->err) == 0)
		_exit(0);
	_exit(p->err.code == ERR_INTERRUPTED ? INTERRUPTED : 2);
}

static int exit_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void test_two_builds(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *count = NULL;
	pid_t pids[3];

	for (int i = 0; i < 4; i++) {
		CLEANUP_FREE char *name = xasprintf("s%d", i);
		CLEANUP_FREE char *script = xasprintf(
			"echo %s >>%s/count; sleep 0.2; echo made >\"$OUT/f\"", name, p->root);
		struct step *s = plans_step(p, name, script);

		if (i)
			step_need(s, p->plan.steps[i - 1], false);
	}
	for (int i = 0; i < 3; i++)
		pids[i] = run_aside(p);
	for (int i = 0; i < 3; i++)
		assert_int_equal(exit_of(pids[i]), 0);
	count = scratch_shell(p->root, "sort count");
	assert_string_equal(count, "s0\ns1\ns2\ns3\n");
	assert_int_equal(plans_entries(p, "store"), 4);
	assert_int_equal(plans_entries(p, "work"), 0);
}

/* Another build's failure is not ours: we make the step ourselves. */
static void test_other_fails(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *script =
		xasprintf("mkdir %s/first 2>/dev/null && { sleep 0.5; exit 1; }; true", p->root);
	int a, b;
	pid_t pids[2];

	plans_step(p, "a", script);
	pids[0] = run_aside(p);
	pids[1] = run_aside(p);
	a = exit_of(pids[0]);
	b = exit_of(pids[1]);
	assert_int_equal(a + b, 2);
	assert_int_equal(plans_entries(p, "store"), 1);
}

static void interrupt_with(struct plans *p, int sig)
{
	CLEANUP_FREE char *script = xasprintf("(setsid sleep 60) & sleep 60 & echo $! >%s/pid%d\n"
					      "touch \"$OUT/half\"; sleep 60",
		p->root, sig);
	CLEANUP_FREE char *name = xasprintf("pid%d", sig);
	uint64_t start;
	pid_t pid;
	long child;

	plans_clear(p);
	plans_step(p, "first", "true");
	step_need(plans_step(p, "a", script), p->plan.steps[0], false);
	pid = run_aside(p);
	child = plans_pid(p, name);
	start = clock_ns();
	kill(pid, sig);
	assert_int_equal(exit_of(pid), INTERRUPTED);
	assert_true(clock_ns() - start < 6000000000u);
	plans_assert_ends(child);
	/* What was finished stays. */
	assert_int_equal(plans_entries(p, "store"), 1);
	assert_int_equal(plans_entries(p, "work"), 0);
}

static void test_interrupt(void **state)
{
	interrupt_with(*state, SIGINT);
	interrupt_with(*state, SIGTERM);
	interrupt_with(*state, SIGHUP);
}

/* Nobody unwinds after SIGKILL; the next build clears away what was left, and who is in it. */
static void test_killed(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *script = xasprintf(
		"test -e %s/go && exit 0; sleep 60 & echo $! >%s/pid; sleep 60", p->root, p->root);
	CLEANUP(cleanup_cache) struct cache *again = NULL;
	long child;
	pid_t pid;

	plans_step(p, "a", script);
	pid = run_aside(p);
	child = plans_pid(p, "pid");
	kill(pid, SIGKILL);
	assert_int_equal(exit_of(pid), 128 + SIGKILL);
	assert_int_equal(plans_entries(p, "work"), 1);
	plans_assert_ends(child);
	/* The guardian gives the lock back when nothing is left. */
	for (int i = 0; i < 100 && plans_entries(p, "work"); i++) {
		cache_free(again);
		if (cache_open(p->dir, &again, &p->err) < 0)
			fail_msg("%s", p->err.msg);
		usleep(50000);
	}
	assert_int_equal(plans_entries(p, "work"), 0);
	scratch_file(p->root, "go", "", 0644);
	plans_run(p);
	assert_int_equal(p->result.run, 1);
}

/* What another build is working on is left alone. */
static void test_running_is_left(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *script = xasprintf(
		"echo $$ >%s/pid; while ! test -e %s/go; do sleep 0.05; done", p->root, p->root);
	CLEANUP(cleanup_cache) struct cache *again = NULL;
	pid_t pid;

	plans_step(p, "a", script);
	pid = run_aside(p);
	plans_pid(p, "pid");
	assert_int_equal(cache_open(p->dir, &again, &p->err), 0);
	assert_int_equal(plans_entries(p, "work"), 1);
	scratch_file(p->root, "go", "", 0644);
	assert_int_equal(exit_of(pid), 0);
	assert_int_equal(plans_entries(p, "store"), 1);
}

/* A build whose own folder is in what it clears away must not end itself. */
static void test_working_inside(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *stale = xasprintf("%s/work/a-0123456789abcdef.XXXXXX", p->dir);
	pid_t pid;

	assert_non_null(mkdtemp(stale));
	pid = fork();
	if (!pid) {
		struct cache *again = NULL;

		setpgid(0, 0);
		if (chdir(stale) < 0)
			_exit(1);
		_exit(cache_open(p->dir, &again, &p->err) < 0 ? 2 : 0);
	}
	assert_int_equal(exit_of(pid), 0);
}

static void test_bad_caches(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *file = xasprintf("%s/file", p->root);
	CLEANUP_FREE char *spaces = xasprintf("%s/with 'odd' names", p->root);
	struct cache *none = NULL;

	scratch_file(p->root, "file", "", 0644);
	assert_int_equal(cache_open(file, &none, &p->err), -1);
	assert_non_null(strstr(p->err.hint, "--cache"));
	/* Blanks in the cache's path: steps run elsewhere, their results land there. */
	cache_free(p->cache);
	free(p->dir);
	p->dir = xstrdup(spaces);
	if (cache_open(spaces, &p->cache, &p->err) < 0)
		fail_msg("%s", p->err.msg);
	p->options.cache = p->cache;
	plans_step(p, "a", "case $S in *\\ *) exit 1 ;; esac; echo x >\"$OUT/f\"");
	plans_run(p);
	assert_int_equal(plans_entries(p, "store"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANS_TEST(test_two_builds),
		PLANS_TEST(test_other_fails),
		PLANS_TEST(test_interrupt),
		PLANS_TEST(test_killed),
		PLANS_TEST(test_running_is_left),
		PLANS_TEST(test_working_inside),
		PLANS_TEST(test_bad_caches),
	};

	return cmocka_run_group_tests_name("plan_shared", tests, NULL, NULL);
}
