/* Children: what becomes of them, and that none is left. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "proc/proc.h"
#include "scratch.h"

#define SECOND_NS 1000000000ull

/* Runs a shell script to its end. */
static int run_sh(const char *script, bool both, size_t max, unsigned int timeout_ms,
	struct buf *out, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1};

	*err = (struct err)ERR_INIT;
	strv_add(&argv, "/bin/sh");
	strv_add(&argv, "-c");
	strv_add(&argv, script);
	return proc_run(&spec, both, max, timeout_ms, out, err);
}

static struct proc *start_sh(const char *root, const char *script)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	struct proc_spec spec = {.argv = &argv, .cwd = root, .out = -1, .err = -1};
	struct err err = ERR_INIT;
	struct proc *p;

	strv_add(&argv, "/bin/sh");
	strv_add(&argv, "-c");
	strv_add(&argv, script);
	if (proc_start(&spec, &p, &err) < 0)
		fail_msg("%s", err.msg);
	return p;
}

static struct proc *wait_for(struct proc *p)
{
	uint64_t start = clock_ns();

	while (proc_wait_any(&p, 1, 100) < 0)
		assert_true(clock_ns() - start < 20 * SECOND_NS);
	return p;
}

static void test_results(void **state)
{
	static const struct {
		const char *script, *message;
	} cases[] = {{"exit 3", "exit code 3"}, {"kill -SEGV $$", "killed by SIGSEGV"},
		{"kill -KILL $$", "killed by SIGKILL"}, {"exit 255", "exit code 255"}};
	struct err err = ERR_INIT;
	struct proc *p;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		p = wait_for(start_sh(*state, cases[i].script));
		assert_int_equal(proc_result(p, &err), -1);
		assert_int_equal(err.code, ERR_CHILD);
		assert_string_equal(err.msg, cases[i].message);
		proc_free(p);
	}
	p = wait_for(start_sh(*state, "exit 0"));
	assert_int_equal(proc_result(p, &err), 0);
	proc_free(p);
	proc_free(NULL);
}

static void test_not_started(void **state)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_FREE char *none = xasprintf("%s/none", (char *)*state);
	struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1};
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	strv_add(&argv, "no-such-program-anywhere");
	assert_int_equal(proc_run(&spec, true, 100, 0, &out, &err), -1);
	assert_non_null(strstr(err.msg, "cannot run 'no-such-program-anywhere': No such file"));
	assert_int_equal(err.code, ERR_ENVIRONMENT);
	strv_clear(&argv);
	strv_add(&argv, "true");
	spec.cwd = none;
	assert_int_equal(proc_run(&spec, true, 100, 0, &out, &err), -1);
	assert_non_null(strstr(err.msg, "cannot enter"));
}

static void test_output(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err;

	(void)state;
	assert_int_equal(run_sh("echo one; echo two >&2", false, 100, 0, &out, &err), 0);
	assert_string_equal(out.data, "one\n");
	assert_int_equal(run_sh("echo one; echo two >&2", true, 100, 0, &out, &err), 0);
	assert_string_equal(out.data, "one\ntwo\n");
	assert_int_equal(run_sh("true", true, 100, 0, &out, &err), 0);
	assert_string_equal(out.data, "");
	/* The output of a program that fails is there. */
	assert_int_equal(run_sh("echo why; exit 1", true, 100, 0, &out, &err), -1);
	assert_string_equal(out.data, "why\n");
	/* What is above the ceiling is read and dropped, so that the child does not hang. */
	assert_int_equal(run_sh("head -c 10000000 /dev/zero", true, 5000, 0, &out, &err), 0);
	assert_int_equal(out.len, 5000);
	assert_int_equal(run_sh("cat; echo end", true, 100, 0, &out, &err), 0);
	assert_string_equal(out.data, "end\n");
}

static void test_timeout(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	uint64_t start = clock_ns();
	struct err err;

	(void)state;
	assert_int_equal(run_sh("echo begun; sleep 60", true, 100, 300, &out, &err), -1);
	assert_non_null(strstr(err.msg, "took longer than"));
	assert_string_equal(out.data, "begun\n");
	assert_true(clock_ns() - start < 3 * SECOND_NS);
	/* Who does not listen to SIGTERM is given three seconds. */
	start = clock_ns();
	assert_int_equal(
		run_sh("trap '' TERM; sleep 60; sleep 60", true, 100, 100, &out, &err), -1);
	assert_true(clock_ns() - start < 8 * SECOND_NS);
}

/* Who has to clear up is given the time. */
static void test_grace(void **state)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct proc_spec spec = {
		.argv = &argv, .cwd = *state, .out = -1, .err = -1, .grace_ms = 60000};
	struct err err = ERR_INIT;

	strv_add(&argv, "sh");
	strv_add(&argv, "-c");
	/* Nobody reads any more what it prints then. */
	strv_add(&argv, "exec 2>/dev/null; trap 'sleep 3.5; echo yes >cleared; exit' TERM\n"
			"sleep 60");
	assert_int_equal(proc_run(&spec, true, 100, 300, &out, &err), -1);
	assert_content(*state, "cleared", "yes\n");
}

static int state_of(long pid)
{
	CLEANUP_FREE char *path = xasprintf("/proc/%ld/stat", pid);
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	const char *p;

	if (file_read(path, 4096, &text, &err) < 0)
		return 0;
	p = strrchr(text.data, ')');
	return p ? p[2] : 0;
}

/* Waits until NAME has the number of a process. */
static long pid_from(const char *root, const char *name)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", root, name);
	uint64_t start = clock_ns();
	long pid = 0;

	while (pid <= 0) {
		CLEANUP_BUF struct buf text = BUF_INIT;
		struct err err = ERR_INIT;

		assert_true(clock_ns() - start < 20 * SECOND_NS);
		if (file_read(path, 100, &text, &err) == 0 && strchr(text.data, '\n'))
			pid = strtol(text.data, NULL, 10);
		usleep(10000);
	}
	return pid;
}

/* Whoever it starts, and wherever that goes, ends with it. */
static void test_all_end(void **state)
{
	char *root = *state;
	struct proc *p;
	long a, b;

	/* one whose leader is there, one whose leader went ahead */
	p = start_sh(root, "sleep 60 & echo $! >a; sleep 60");
	a = pid_from(root, "a");
	proc_free(p);
	assert_int_equal(state_of(a), 0);
	p = start_sh(root, "sleep 60 & echo $! >b; exit 0");
	b = pid_from(root, "b");
	wait_for(p);
	assert_int_equal(state_of(b), 0);
	proc_free(p);
	/* Two that left the group, the second below the first. */
	p = start_sh(root, "setsid sh -c 'setsid sleep 60 & echo $! >c; echo $$ >d; sleep 60' &\n"
			   "while ! test -s d; do sleep 0.05; done");
	a = pid_from(root, "c");
	b = pid_from(root, "d");
	wait_for(p);
	assert_int_equal(state_of(a), 0);
	assert_int_equal(state_of(b), 0);
	proc_free(p);
}

/* What a child leaves behind while it goes on is reaped when it ends, and not by us. */
static void test_orphans(void **state)
{
	char *root = *state;
	struct proc *p = start_sh(root, "(sleep 0.1 & echo $! >a)\nsleep 60");
	long pid = pid_from(root, "a");
	uint64_t start = clock_ns();

	while (state_of(pid)) {
		assert_true(clock_ns() - start < 20 * SECOND_NS);
		usleep(10000);
	}
	proc_free(p);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* What a solder does that is killed soon. */
static _Noreturn void start_and_wait(int lock)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1, .lock = lock};
	struct err err = ERR_INIT;
	struct proc *p;

	strv_split(&argv, "sh -c", " ");
	strv_add(&argv, "setsid sh -c 'setsid sleep 60 & sleep 60' & sleep 60");
	proc_start(&spec, &p, &err);
	for (;;)
		pause();
}

/* Nobody below us is left, in some seconds. */
static void assert_childless(void)
{
	uint64_t start = clock_ns();

	while (waitpid(-1, NULL, WNOHANG) >= 0) {
		assert_true(clock_ns() - start < 20 * SECOND_NS);
		usleep(1000);
	}
}

/* Killed with SIGKILL at moments all over the start of a child; what locks its folder comes free
 * only when nothing is left. */
static void test_killed(void **state)
{
	CLEANUP_FREE char *path = xasprintf("%s/lock", (char *)*state);

	/* Whoever escaped would become ours. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	scratch_file(*state, "lock", "", 0644);
	for (unsigned int i = 0; i < 100; i++) {
		int lock = open(path, O_RDWR | O_CLOEXEC);
		CLEANUP_CLOSE int again = open(path, O_RDWR | O_CLOEXEC);
		pid_t pid;

		assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
		pid = fork();
		if (pid == 0)
			start_and_wait(lock);
		close(lock);
		usleep(i * 200);
		kill(pid, SIGKILL);
		assert_int_equal(flock(again, LOCK_EX), 0);
		assert_childless();
	}
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/* A child in a terminal's session would get its keys, and could type into it. */
static void test_no_terminal(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	int master = posix_openpt(O_RDWR | O_NOCTTY), status;
	struct err err;
	pid_t pid;

	(void)state;
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) {
		print_message("# skip: there are no pseudo-terminals here\n");
		skip();
	}
	pid = fork();
	if (pid == 0) {
		setsid();
		/* Opening it makes it ours. */
		if (open(ptsname(master), O_RDWR) < 0 || open("/dev/tty", O_RDWR) < 0)
			_exit(2);
		_exit(run_sh("exec 3<>/dev/tty", true, 100, 0, &out, &err) == 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(master);
}

static int prepare_fails(void *ctx, struct err *err)
{
	err_set(err, ERR_INPUT, "%s is broken", (const char *)ctx);
	return err_hint(err, "mend it");
}

static int prepare_works(void *ctx, struct err *err)
{
	return file_write(ctx, "made", 4, 0644, err);
}

static void test_prepare(void **state)
{
	CLEANUP_FREE char *path = xasprintf("%s/made", (char *)*state);
	CLEANUP_STRV struct strv argv = STRV_INIT;
	char what[] = "archive";
	struct proc_spec spec = {
		.argv = &argv, .out = -1, .err = -1, .run = prepare_fails, .ctx = what};
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	strv_add(&argv, "cat");
	strv_add(&argv, path);
	assert_int_equal(proc_run(&spec, true, 100, 0, &out, &err), -1);
	assert_string_equal(err.msg, "archive is broken");
	assert_string_equal(err.hint, "mend it");
	assert_int_equal(err.code, ERR_INPUT);
	spec.run = prepare_works;
	spec.ctx = path;
	assert_int_equal(proc_run(&spec, true, 100, 0, &out, &err), 0);
	assert_string_equal(out.data, "made");
}

static void test_surroundings(void **state)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT, fds = STRV_INIT;
	struct proc_spec spec = {
		.argv = &argv, .env = &env, .cwd = *state, .out = -1, .err = -1, .fds = &fds};
	CLEANUP_CLOSE int passed = open("/dev/null", O_RDONLY | O_CLOEXEC);
	/* as a library opens them */
	CLEANUP_CLOSE int kept = open("/dev/null", O_RDONLY);
	CLEANUP_CLOSE int high = fcntl(kept, F_DUPFD, 700);
	CLEANUP_FREE char *script = NULL, *want = NULL;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	assert_true(high >= 700);
	script = xasprintf("pwd -P; echo \"$A|$B\"; "
			   "for f in /proc/$$/fd/*; do test -e $f && echo ${f##*/}; done; "
			   "test \"$(readlink /proc/$$/fd/0)\" = /dev/null && echo null");
	want = xasprintf("%s\n1|\n0\n1\n2\n%d\nnull\n", (char *)*state, passed);
	setenv("B", "leaks", 1);
	strv_add(&env, "A=1");
	strv_add(&env, "PATH=/usr/bin:/bin");
	strv_addf(&fds, "%d", passed);
	strv_add(&argv, "sh");
	strv_add(&argv, "-c");
	strv_add(&argv, script);
	assert_int_equal(proc_run(&spec, true, 1000, 0, &out, &err), 0);
	assert_string_equal(out.data, want);
}

/* Nothing of ours that was not named gets into a child. */
static void test_clean_environment(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err;

	(void)state;
	setenv("SECRET_TOKEN", "leaks", 1);
	setenv("LD_PRELOAD", "", 1);
	setenv("TMPDIR", "/var/tmp", 1);
	assert_int_equal(
		run_sh("env | sed 's/=.*//' | sort | grep -vx -e _ -e PWD -e SHLVL -e OLDPWD", true,
			4096, 0, &out, &err),
		0);
	assert_string_equal(out.data, "HOME\nLC_ALL\nPATH\nTMPDIR\n");
	unsetenv("LD_PRELOAD");
	unsetenv("TMPDIR");
}

static void test_wait_any(void **state)
{
	struct proc *procs[3] = {NULL, start_sh(*state, "sleep 60"), start_sh(*state, "sleep 0.3")};
	uint64_t start = clock_ns();

	assert_int_equal(proc_wait_any(procs, 3, 50), -1);
	assert_int_equal(proc_wait_any(procs, 3, 10000), 2);
	assert_true(clock_ns() - start < 8 * SECOND_NS);
	proc_free(procs[1]);
	proc_free(procs[2]);
}

static struct proc *start_make(
	const char *root, const char *name, const struct jobserver *j, const struct strv *fds)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	CLEANUP_BUF struct buf flags = BUF_INIT;
	CLEANUP_FREE char *log = xasprintf("%s/%s.log", root, name);
	CLEANUP_CLOSE int out = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	struct proc_spec spec = {
		.argv = &argv, .env = &env, .cwd = root, .out = out, .err = -1, .fds = fds};
	struct err err = ERR_INIT;
	struct proc *p;

	jobserver_makeflags(j, &flags);
	strv_addf(&env, "MAKEFLAGS=%s", flags.data);
	strv_add(&env, "PATH=/usr/local/bin:/usr/bin:/bin");
	strv_add(&argv, "make");
	strv_addf(&argv, "%s1", name);
	strv_addf(&argv, "%s2", name);
	strv_addf(&argv, "%s3", name);
	strv_addf(&argv, "%s4", name);
	if (proc_start(&spec, &p, &err) < 0)
		fail_msg("%s", err.msg);
	return p;
}

/* Two makes, each with four jobs of a recursive make, must stay within the tokens together. */
static void test_jobserver(void **state)
{
	char *root = *state;
	CLEANUP_STRV struct strv fds = STRV_INIT;
	CLEANUP_FREE char *peak = NULL, *log_a = NULL, *log_b = NULL;
	struct err err = ERR_INIT;
	struct proc *procs[2];
	struct jobserver *j;

	scratch_file(root, "Makefile",
		"a1 a2 a3 a4 b1 b2 b3 b4:\n"
		"\t+@$(MAKE) --no-print-directory -rf inner.mk $@.x $@.y\n",
		0644);
	scratch_file(root, "inner.mk",
		"inner.mk: ;\n%:\n\t@mkdir running/$@; ls running | wc -l >>peak; sleep 0.1; rmdir "
		"running/$@\n",
		0644);
	scratch_file(root, "running/x/x", "", 0644);
	scratch_remove(root, "running/x");
	assert_int_equal(jobserver_new(2, &j, &err), 0);
	jobserver_fds(j, &fds);
	assert_int_equal(fds.n, 2);
	assert_true(jobserver_acquire(j));
	assert_true(jobserver_acquire(j));
	assert_false(jobserver_acquire(j));
	procs[0] = start_make(root, "a", j, &fds);
	procs[1] = start_make(root, "b", j, &fds);
	for (int i = 0; i < 2; i++) {
		int ended = -1;

		while (ended < 0)
			ended = proc_wait_any(procs, 2, 1000);
		assert_int_equal(proc_result(procs[ended], &err), 0);
		proc_free(procs[ended]);
		procs[ended] = NULL;
		jobserver_release(j);
	}
	peak = scratch_shell(root, "sort -n peak | tail -n 1; wc -l <peak");
	assert_string_equal(peak, "2\n16\n");
	log_a = scratch_read(root, "a.log");
	log_b = scratch_read(root, "b.log");
	assert_string_equal(log_a, "");
	assert_string_equal(log_b, "");
	/* All tokens are back. */
	assert_true(jobserver_acquire(j));
	assert_true(jobserver_acquire(j));
	assert_false(jobserver_acquire(j));
	jobserver_free(j);
}

static void test_sandbox(void **state)
{
	char *root = *state;
	CLEANUP_STRV struct strv argv = STRV_INIT, views = STRV_INIT, programs = STRV_INIT;
	CLEANUP(sandbox_release) struct strv files = STRV_INIT;
	CLEANUP_FREE char *view = xasprintf("%s/view", root), *box = xasprintf("%s/box", root);
	CLEANUP_FREE char *seen = NULL, *link = xasprintf("%s/link", root);
	CLEANUP_FREE char *home = xasprintf("%s/house", root);
	struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1, .fds = &files};
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	enum sandbox kind;
	const char *reason;

	assert_int_equal(sandbox_choose("none", &kind, &reason, &err), 0);
	assert_int_equal(kind, SANDBOX_NONE);
	assert_non_null(strstr(reason, "open to the build"));
	assert_int_equal(sandbox_prefix(kind, root, NULL, NULL, NULL, &argv, &files, &err), 0);
	assert_int_equal(argv.n, 0);
	assert_int_equal(sandbox_choose("auto", &kind, &reason, &err), 0);
	if (sandbox_choose("bwrap", &kind, &reason, &err) < 0) {
		print_message("# skip: %s\n", err.msg);
		skip();
	}
	scratch_file(root, "view/f", "seen", 0644);
	scratch_file(root, "box/f", "", 0644);
	/* a compiler elsewhere, with what belongs to it, and another program, alone in a home */
	scratch_file(root, "tools/bin/cc", "#!/bin/sh\ncat \"${0%/bin/cc}/lib/text\"\n", 0755);
	scratch_file(root, "tools/lib/text", "lib", 0644);
	scratch_file(root, "house/bin/cc", "#!/bin/sh\necho mine\n", 0755);
	scratch_file(root, "house/secret", "secret", 0644);
	assert_int_equal(symlink("tools/bin/cc", link), 0);
	strv_add(&views, view);
	strv_add(&programs, link);
	strv_addf(&programs, "%s/house/bin/cc", root);
	strv_add(&programs, "/nowhere/bin/cc");
	setenv("HOME", home, 1);
	seen = sandbox_view(kind, view, 0);
	assert_int_equal(
		sandbox_prefix(kind, box, &views, &programs, NULL, &argv, &files, &err), 0);
	strv_add(&argv, "/bin/sh");
	strv_add(&argv, "-c");
	strv_addf(&argv,
		"cat %s/f; echo new >" SANDBOX_ROOT "/new || exit 1\n"
		"for f in %s/new /usr/new /etc/new /new /dev/new /run/new; do\n"
		"(: >$f) 2>/dev/null && exit 2; done\n"
		"test ! -e %s/box -a ! -e %s/house/secret || exit 3\n"
		"test \"$(grep -c : /proc/net/dev)\" = 1 || exit 4\n"
		": >/tmp/new && : >/var/tmp/new && : >/dev/shm/new || exit 5\n"
		"%s/tools/bin/cc && %s/house/bin/cc || exit 6\n"
		"test \"$(id -un)\" = build || exit 7\n",
		seen, seen, root, root, root, root);
	if (proc_run(&spec, true, 1000, 0, &out, &err) < 0)
		fail_msg("%s: %s", err.msg, out.data);
	assert_string_equal(out.data, "seenlibmine\n");
	assert_content(root, "box/new", "new\n");
}

/* Only programs of other machines are put through an emulator, and only if there is one. */
static void test_machine(void **state)
{
	const char *root = *state;
	/* of 64 bits; its machine is the last byte: big-endian, as s390x (22) is */
	char head[20] = "\177ELF\2\2\1";
	CLEANUP_FREE char *program = xasprintf("%s/program", root);
	CLEANUP_FREE char *qemu = xasprintf("%s/qemu-s390x", root);
	CLEANUP_FREE char *before = xstrdup(getenv("PATH"));
	const char *names[2];
	CLEANUP_STRV struct strv absent = STRV_INIT, own = STRV_INIT, other = STRV_INIT;
	struct err err = ERR_INIT;

	head[19] = 22;
	assert_int_equal(file_write(program, head, sizeof(head), 0755, &err), 0);
	assert_true(machine_runs(machine_here()));
	assert_null(machine_emulator(machine_here()));
	setenv("PATH", root, 1);
	machine_prefix(program, &absent);
	scratch_file(root, "qemu-s390x-static", "#!/bin/sh\n", 0755);
	names[0] = machine_emulator(22);
	scratch_file(root, "qemu-s390x", "#!/bin/sh\n", 0755);
	names[1] = machine_emulator(22);
	machine_prefix("/proc/self/exe", &own);
	machine_prefix(qemu, &own); /* a script */
	machine_prefix(program, &other);
	setenv("PATH", before, 1);
	assert_int_equal(absent.n + own.n, 0);
	if (!machine_runs(22)) {
		assert_string_equal(names[0], "qemu-s390x-static");
		assert_string_equal(names[1], "qemu-s390x");
		assert_true(other.n && !strcmp(other.v[0], qemu));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_results),
		SCRATCH_TEST(test_not_started),
		SCRATCH_TEST(test_output),
		SCRATCH_TEST(test_timeout),
		SCRATCH_TEST(test_grace),
		SCRATCH_TEST(test_all_end),
		SCRATCH_TEST(test_orphans),
		SCRATCH_TEST(test_killed),
		SCRATCH_TEST(test_no_terminal),
		SCRATCH_TEST(test_prepare),
		SCRATCH_TEST(test_surroundings),
		cmocka_unit_test(test_clean_environment),
		SCRATCH_TEST(test_wait_any),
		SCRATCH_TEST(test_jobserver),
		SCRATCH_TEST(test_sandbox),
		SCRATCH_TEST(test_machine),
	};

	return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
