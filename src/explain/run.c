/* Runs interpreters under callgrind, from copies in comparable places. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/term.h"
#include "explain/explain-internal.h"
#include "proc/proc.h"

/* Limit on program output, quoted on failure. */
#define MAX_OUTPUT ((size_t)64 << 10)
#define MAX_TRACE ((size_t)16 << 20)
#define ARENA ((uint64_t)1 << 20)
/* Where valgrind maps the first file of a program (x86-64, AArch64). */
#define FIRST_ADDRESS 0x4000000u

int explain_find_valgrind(char **ret, struct err *err)
{
	*ret = find_program("valgrind");
	if (*ret)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "valgrind is not on PATH");
	return err_hint(err,
		"install it (Debian, Fedora: package valgrind), or use callgrind's files with --from-callgrind");
}

void explain_environment(struct strv *env)
{
	strv_add(env, "PYTHONHASHSEED=0");
	strv_add(env, "PYTHONNOUSERSITE=1");
	/* Relative to the working directory, to keep the name of the scratch folder out of the
	 * run. */
	strv_add(env, "PYTHONPYCACHEPREFIX=bytecode");
}

/* Makes the memory layout the same in every run. */
static int fix_layout(void *ctx, struct err *err)
{
	(void)ctx;
	if (personality(ADDR_NO_RANDOMIZE) < 0)
		return err_sys(err, "cannot turn off address randomization");
	return 0;
}

/* *pid receives the process id. */
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
	CLEANUP_FREE char *said = NULL;

	explain_environment(&env);
	if (proc_run(&proc, true, MAX_OUTPUT, spec->limit * 1000, &output, err) == 0)
		return 0;
	if (interrupt_check(err) < 0)
		return -1;
	err_wrap(err, "'%s' %s, running '%s'", spec->name ? spec->name : spec->interpreter, how,
		spec->script ? path_base(spec->script) : "-c pass");
	if (strstr(output.data, "unhandled dwarf") || strstr(output.data, "reading debug info"))
		return err_hint(err,
			"valgrind cannot read its debug information: use a newer valgrind, or a copy without it (strip --strip-debug)");
	said = last_line_safe(output.data);
	return said ? err_hint(err, "it said last: %s", said) : -1;
}

/* Adds an option with a path, quoted because valgrind expands "%p" and the like, followed by
 * `pattern`, in which it shall expand them. */
static void add_file(struct strv *argv, const char *option, const char *path, const char *pattern)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_adds(&text, path);
	buf_replace(&text, "%", "%%");
	strv_addf(argv, "%s=%s%s", option, text.data, pattern);
}

int explain_find_shift(
	const struct explain_run *spec, bool *found, uint64_t *shift, struct err *err)
{
	/* The first anonymous mapping of arena size in a trace of system calls. */
	static const char call[] = "sys_mmap ( 0x0, 1048576, 3, 34,", result[] = "Success(0x";
	CLEANUP_FREE char *log = xasprintf("%s/trace", spec->scratch);
	CLEANUP_FREE char *valgrind = NULL;
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_BUF struct buf trace = BUF_INIT;
	const char *at, *end;
	int failed;
	pid_t pid;

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
	if (run_program(spec, "fails under valgrind", &argv, &pid, err) < 0)
		return -1;
	failed = file_read(log, MAX_TRACE, &trace, err);
	unlink(log);
	if (failed)
		return -1;
	at = trace.len ? strstr(trace.data, call) : NULL;
	end = at ? strchr(at, '\n') : NULL;
	at = at ? strstr(at, result) : NULL;
	if (!at || (end && at > end))
		return 0;
	*found = true;
	*shift = (ARENA - strtoull(at + sizeof(result) - 1, NULL, 16) % ARENA) % ARENA;
	return 0;
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

/* Reads the profile of the process itself; counts and removes those of its forks. */
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
	/* Not counting ".", ".." and the process's own. */
	if (result == 0 && n > 3)
		run->forked += n - 3;
	return result;
}

int explain_run(const struct explain_run *spec, struct callgrind *run, struct err *err)
{
	CLEANUP_STRV struct strv plain = STRV_INIT, slow = STRV_INIT;
	CLEANUP_FREE char *valgrind = NULL;
	CLEANUP_FREE char *folder = xasprintf("%s/profiles", spec->scratch);
	pid_t pid;

	if (explain_find_valgrind(&valgrind, err) < 0 || make_dirs(folder, err) < 0)
		return -1;
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
	if (run_program(spec, "fails", &plain, &pid, err) < 0 ||
		run_program(spec, "fails under valgrind", &slow, &pid, err) < 0)
		return -1;
	return read_profiles(folder, pid, run, err);
}

int explain_run_loops(const struct explain_run *spec, struct callgrind *run, struct err *err)
{
	CLEANUP_CALLGRIND struct callgrind less = {0};
	struct explain_run once = *spec, twice = *spec;

	twice.loops *= 2;
	once.digits = twice.digits = snprintf(NULL, 0, "%llu", (unsigned long long)twice.loops);
	return explain_run(&once, &less, err) < 0 || explain_run(&twice, run, err) < 0
		       ? -1
		       : callgrind_subtract(run, &less, err);
}

int explain_count(const struct explain_run *spec, int64_t causes[EXPLAIN_N_CAUSES], struct err *err)
{
	CLEANUP_WEIGHTS struct explain_weights weights = {0};
	CLEANUP_CALLGRIND struct callgrind run = {0};

	if (explain_run(spec, &run, err) < 0 || explain_weigh(&run, &weights, err) < 0)
		return -1;
	memcpy(causes, weights.causes, sizeof(weights.causes));
	return 0;
}

/* ---- places -------------------------------------------------------------------------------- */

/* True if the copy considers itself the installation and finds the standard library. */
static bool is_at_home(const struct explain_place *place, const struct python *python)
{
	CLEANUP_STRV struct strv env = STRV_INIT, lines = STRV_INIT;
	CLEANUP_FREE char *stdlib = python->stdlib ? realpath(python->stdlib, NULL) : NULL;
	const struct py_program copy = {.interpreter = place->interpreter,
		.options = PY_ISOLATED,
		.env = &env,
		.cwd = place->root};
	struct err ignored = ERR_INIT;

	return py_home(&copy, &lines, &ignored) == 0 && lines.n >= 2 &&
	       !strcmp(lines.v[0], place->root) && stdlib && !strcmp(lines.v[1], stdlib);
}

int explain_place(
	const struct python *python, const char *root, struct explain_place *place, struct err *err)
{
	const char *library = py_below(python->prefix, python->libpython_loaded);
	struct err ignored = ERR_INIT;

	*place = (struct explain_place){
		.original = xstrdup(python->interpreter), .prefix = xstrdup(python->prefix)};
	if (make_dirs(root, err) < 0)
		return -1;
	place->root = realpath(root, NULL);
	if (!place->root)
		return err_sys(err, "cannot resolve '%s'", root);
	place->interpreter = xasprintf("%s/bin/python", place->root);
	if (py_copy(python, place->root, place->interpreter, err) < 0)
		return -1;
	/* A libpython in bin/ cannot be placed next to the copy; such an interpreter runs in
	 * place. */
	if (library && strncmp(library, "bin/", 4) != 0 &&
		py_copy_library(python, place->root, err) < 0)
		return -1;
	place->moved = is_at_home(place, python);
	if (place->moved)
		return 0;
	free(place->interpreter);
	place->interpreter = xstrdup(python->interpreter);
	return tree_remove(place->root, &ignored);
}

void explain_place_restore(const struct explain_place *place, struct callgrind *run)
{
	size_t n = strlen(place->interpreter);

	if (!place->moved)
		return;
	for (size_t i = 0; i < run->objects.n; i++) {
		char *object = run->objects.v[i];
		const char *rest = py_below(place->root, object);

		if (!rest)
			continue;
		run->objects.v[i] = strcmp(object, place->interpreter)
					    ? xasprintf("%s/%s", place->prefix, rest)
					    : xstrdup(place->original);
		free(object);
	}
	if (run->command && !strncmp(run->command, place->interpreter, n)) {
		char *command = xasprintf("%s%s", place->original, run->command + n);

		free(run->command);
		run->command = command;
	}
}

void explain_place_release(struct explain_place *place)
{
	free(place->root);
	free(place->interpreter);
	free(place->original);
	free(place->prefix);
	*place = (struct explain_place){0};
}
