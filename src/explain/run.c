#include "explain/run-internal.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/term.h"
#include "proc/proc.h"

/* What is kept of what a program says. */
#define MAX_OUTPUT ((size_t)64 << 10)

int explain_find_valgrind(char **ret, struct err *err)
{
	*ret = find_program("valgrind");
	if (*ret)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "there is no valgrind on PATH");
	return err_hint(err, "install it (Debian, Fedora: package valgrind), or give files of "
			     "callgrind with --from-callgrind");
}

/* The layout of memory does not change from run to run. */
static int fix_layout(void *ctx, struct err *err)
{
	(void)ctx;
	if (personality(ADDR_NO_RANDOMIZE) < 0)
		return err_sys(err, "cannot turn off address randomization");
	return 0;
}

void run_environment(struct strv *env)
{
	strv_add(env, "PYTHONHASHSEED=0");
	strv_add(env, "PYTHONNOUSERSITE=1");
	/* In the working directory: the name of the scratch folder shall not be in the run. */
	strv_add(env, "PYTHONPYCACHEPREFIX=bytecode");
}

/* *pid, which may be NULL, receives the number of the process that it was. */
static int run_program(const struct explain_run *spec, const char *how, const struct strv *argv,
	pid_t *pid, struct err *err)
{
	CLEANUP_BUF struct buf output = BUF_INIT;
	CLEANUP_STRV struct strv env = STRV_INIT;
	const struct proc_spec proc = {.argv = argv,
		.env = &env,
		.cwd = spec->scratch,
		.out = -1,
		.err = -1,
		.run = fix_layout,
		.pid = pid};

	run_environment(&env);
	if (proc_run(&proc, true, MAX_OUTPUT, spec->limit * 1000, &output, err) == 0)
		return 0;
	if (interrupt_check(err) < 0)
		return -1;
	err_wrap(err, "'%s' %s, running '%s'", spec->name ? spec->name : spec->interpreter, how,
		spec->script ? path_base(spec->script) : "-c pass");
	if (strstr(output.data, "unhandled dwarf") || strstr(output.data, "reading debug info"))
		return err_hint(err,
			"valgrind cannot read its debug information: take a newer valgrind, or a "
			"copy without it (strip --strip-debug)");
	CLEANUP_FREE char *said = last_line_safe(output.data);

	return said ? err_hint(err, "it said last: %s", said) : -1;
}

static void add_python(const struct explain_run *spec, struct strv *argv)
{
	strv_add(argv, spec->interpreter);
	if (!spec->script) {
		strv_add(argv, "-c");
		strv_add(argv, "pass");
		return;
	}
	strv_add(argv, spec->script);
	strv_addf(argv, "%0*llu", spec->digits, (unsigned long long)spec->loops);
}

/* An option with a path in which valgrind looks for "%p" and the like, and, behind it, `pattern`,
 * where it shall find them. */
static void add_file(struct strv *argv, const char *option, const char *path, const char *pattern)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_adds(&text, path);
	buf_replace(&text, "%", "%%");
	strv_addf(argv, "%s=%s%s", option, text.data, pattern);
}

#define ARENA ((uint64_t)1 << 20)
/* Where valgrind puts the first of a program's files (x86-64, AArch64). */
#define FIRST_ADDRESS 0x4000000u
#define MAX_TRACE ((size_t)16 << 20)

/* The place of the first anonymous mapping of an arena's size, in a trace of system calls. */
static bool first_arena(const char *trace, uint64_t *addr)
{
	static const char call[] = "sys_mmap ( 0x0, 1048576, 3, 34,", result[] = "Success(0x";
	const char *at = strstr(trace, call), *end = at ? strchr(at, '\n') : NULL;

	at = at ? strstr(at, result) : NULL;
	if (!at || (end && at > end))
		return false;
	*addr = strtoull(at + sizeof(result) - 1, NULL, 16);
	return true;
}

int explain_find_shift(
	const struct explain_run *spec, bool *found, uint64_t *shift, struct err *err)
{
	CLEANUP_FREE char *log = xasprintf("%s/trace", spec->scratch);
	CLEANUP_FREE char *valgrind = NULL;
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_BUF struct buf trace = BUF_INIT;
	uint64_t addr = 0;
	int result;

	*found = false;
	*shift = 0;
	if (explain_find_valgrind(&valgrind, err) < 0)
		return -1;
	strv_add(&argv, valgrind);
	strv_add(&argv, "--tool=none");
	strv_add(&argv, "--trace-syscalls=yes");
	add_file(&argv, "--log-file", log, "");
	strv_add(&argv, spec->interpreter);
	strv_add(&argv, "-Sc");
	strv_add(&argv, "pass");
	if (run_program(spec, "fails under valgrind", &argv, NULL, err) < 0)
		return -1;
	result = file_read(log, MAX_TRACE, &trace, err);
	unlink(log);
	if (result < 0)
		return -1;
	*found = trace.len && first_arena(trace.data, &addr);
	*shift = *found ? (ARENA - addr % ARENA) % ARENA : 0;
	return 0;
}

/* Reads the profile of the process itself; those of what it forked are counted and removed. */
static int read_profiles(const char *folder, pid_t pid, struct callgrind *run, struct err *err)
{
	CLEANUP_FREE char *own = xasprintf("%s/%ld", folder, (long)pid);
	struct err ignored = ERR_INIT;
	int result = callgrind_read(own, run, err);
	DIR *dir = opendir(folder);
	size_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	tree_remove(folder, &ignored);
	/* Besides ".", ".." and its own. */
	if (result == 0 && n > 3)
		run->forked += n - 3;
	return result;
}

int explain_run(const struct explain_run *spec, struct callgrind *run, struct err *err)
{
	CLEANUP_STRV struct strv plain = STRV_INIT, slow = STRV_INIT;
	CLEANUP_FREE char *valgrind = NULL;
	CLEANUP_FREE char *folder = xasprintf("%s/profiles", spec->scratch);
	pid_t pid = 0;
	int result = explain_find_valgrind(&valgrind, err);

	if (result == 0)
		result = make_dirs(folder, err);
	if (result == 0) {
		add_python(spec, &plain);
		strv_add(&slow, valgrind);
		strv_add(&slow, "--tool=callgrind");
		strv_add(&slow, "--quiet");
		strv_add(&slow, "--dump-instr=yes");
		strv_add(&slow, "--dump-line=no");
		strv_add(&slow, "--skip-plt=no");
		add_file(&slow, "--callgrind-out-file", folder, "/%p");
		if (spec->shift)
			strv_addf(&slow, "--aspace-minaddr=0x%llx",
				(unsigned long long)(FIRST_ADDRESS + spec->shift));
		add_python(spec, &slow);
		result = run_program(spec, "fails", &plain, NULL, err);
	}
	if (result == 0)
		result = run_program(spec, "fails under valgrind", &slow, &pid, err);
	if (result < 0) {
		callgrind_release(run);
		return -1;
	}
	return read_profiles(folder, pid, run, err);
}

int explain_run_loops(const struct explain_run *spec, struct callgrind *run, struct err *err)
{
	CLEANUP_CALLGRIND struct callgrind less = {0};
	struct explain_run once = *spec, twice = *spec;

	twice.loops *= 2;
	once.digits = twice.digits = snprintf(NULL, 0, "%llu", (unsigned long long)twice.loops);
	if (explain_run(&once, &less, err) < 0) {
		callgrind_release(run);
		return -1;
	}
	if (explain_run(&twice, run, err) < 0)
		return -1;
	return callgrind_subtract(run, &less, err);
}
