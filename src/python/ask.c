/* Runs programs in a Python, and asks it about itself. */
#include <elf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/embed.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/term.h"
#include "python/python-internal.h"
#include "proc/proc.h"
#include "report/json.h"

#define ASK_MS 30000
#define STARTED_MS 20000
#define MAX_OUTPUT ((size_t)1 << 16)
#define MAX_ANSWER ((size_t)16 << 20)

EMBED(py_question, "src/python/ask.py");
EMBED(py_home_question, "src/python/home.py");

int py_run(const struct py_program *program, struct buf *output, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	const struct proc_spec spec = {.argv = &argv,
		.env = program->env ? program->env : &env,
		.cwd = program->cwd ? program->cwd : "/",
		.out = -1,
		.err = -1};

	machine_prefix(program->interpreter, &argv);
	strv_add(&argv, program->interpreter);
	if (program->options)
		strv_split(&argv, program->options, " ");
	if (program->code) {
		strv_add(&argv, "-c");
		strv_add(&argv, program->code);
	}
	for (size_t i = 0; program->args && i < program->args->n; i++)
		strv_add(&argv, program->args->v[i]);
	proc_ask_environment(true, &env);
	return proc_run(&spec, program->with_stderr,
		program->max_output ? program->max_output : MAX_OUTPUT,
		program->limit_ms ? program->limit_ms : ASK_MS, output, err);
}

int py_home(const struct py_program *how, struct strv *lines, struct err *err)
{
	CLEANUP_BUF struct buf output = BUF_INIT;
	struct py_program program = *how;

	program.code = py_home_question;
	if (py_run(&program, &output, err) < 0)
		return -1;
	strv_split(lines, output.data, "\n");
	return 0;
}

int py_ask_started(const char *path, char **exe, struct err *err)
{
	struct py_program program = {.interpreter = path,
		.options = "-I -S",
		.code = "import os; print(os.readlink('/proc/self/exe'))",
		.cwd = ".", /* a shim may depend on it */
		.max_output = PATH_MAX,
		.limit_ms = STARTED_MS};
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err again = ERR_INIT, first = ERR_INIT;

	if (py_run(&program, &out, &first) < 0) {
		if (interrupt_check(err) < 0)
			return -1;
		program.options = "-E -s -S";
		if (py_run(&program, &out, &again) < 0) {
			if (interrupt_check(err) == 0)
				*err = first;
			return -1;
		}
	}
	out.data[strcspn(out.data, "\n")] = '\0';
	*exe = buf_steal(&out);
	return 0;
}

/* The reason why it cannot run, clearer than the kernel's; NULL if it may be able to. */
static char *py_obstacle(const struct python *dist, const struct elf_facts *facts)
{
	const char *name = elf_machine_name(facts->machine);
	const char *emulator = machine_emulator(facts->machine);

	if (!machine_runs(facts->machine) && !dist->emulator) {
		if (!name)
			return xasprintf("it is for machine %u, which this is not", facts->machine);
		return xasprintf("it is for %s, this machine is not%s%s%s", name,
			emulator ? ", and there is no " : "", emulator ? emulator : "",
			emulator ? " (package qemu-user)" : "");
	}
	/* An emulator has a root of its own. */
	if (!dist->emulator && facts->interp && access(facts->interp, X_OK) < 0)
		return xasprintf("its loader '%s' is not here%s", facts->interp,
			py_is_musl(facts->interp) ? " (package musl)" : "");
	return access(dist->interpreter, X_OK) < 0 ? xstrdup("it is not executable") : NULL;
}

/* An interpreter without -I (Python 2, and 3 before 3.4) can still print its version. */
static bool is_too_old(struct python *dist)
{
	const struct py_program program = {.interpreter = dist->interpreter,
		.options = "-V",
		.with_stderr = true,
		.limit_ms = STARTED_MS};
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;
	int major, minor, micro;

	if (py_run(&program, &out, &ignored) < 0 ||
		sscanf(out.data, "Python %d.%d.%d", &major, &minor, &micro) != 3 || major > 3 ||
		(major == 3 && minor >= 4))
		return false;
	dist->major = major;
	dist->minor = minor;
	dist->micro = micro;
	dist->version = xasprintf("%d.%d.%d", major, minor, micro);
	dist->series = xasprintf("%d.%d", major, minor);
	dist->why_not = xasprintf(
		"too old: Python %s, and 3.4 is the first that can be asked", dist->version);
	return true;
}

/* Keeps its answer; sets why_not if it is not the answer of a Python. */
static void py_take_answer(struct python *dist, const struct buf *output)
{
	static const struct {
		const char *name, *letter;
	} levels[] = {{"alpha", "a"}, {"beta", "b"}, {"candidate", "rc"}};
	json_t *says = json_loadb(output->data, output->len, 0, NULL);
	const json_t *info = json_object_get(says, "version_info");
	const char *level = json_string_value(json_array_get(info, 3));
	const char *flags = json_word(says, "abiflags");
	CLEANUP_BUF struct buf version = BUF_INIT;

	if (json_array_size(info) < 5) {
		json_decref(says);
		dist->why_not = xstrdup("it ran, but its answer is not that of a Python");
		return;
	}
	dist->says = says;
	dist->runs = !dist->emulator;
	if (dist->emulator)
		dist->why_not = xasprintf(
			"it is for another machine, and answered through %s", dist->emulator);
	dist->major = (int)json_integer_value(json_array_get(info, 0));
	dist->minor = (int)json_integer_value(json_array_get(info, 1));
	dist->micro = (int)json_integer_value(json_array_get(info, 2));
	buf_addf(&version, "%d.%d.%d", dist->major, dist->minor, dist->micro);
	for (size_t i = 0; level && i < ARRAY_SIZE(levels); i++) {
		if (!strcmp(level, levels[i].name))
			buf_addf(&version, "%s%lld", levels[i].letter,
				(long long)json_integer_value(json_array_get(info, 4)));
	}
	dist->version = buf_steal(&version);
	dist->series = xasprintf("%d.%d", dist->major, dist->minor);
	dist->abiflags = xstrdup(flags ? flags : "");
}

int py_ask(struct python *dist, const struct elf_facts *facts, struct err *err)
{
	struct py_program program = {.interpreter = dist->interpreter,
		.options = PY_ISOLATED,
		.code = py_question,
		.max_output = MAX_ANSWER};
	CLEANUP_BUF struct buf output = BUF_INIT;
	CLEANUP_FREE char *said = NULL;
	struct err failed = ERR_INIT, again = ERR_INIT;
	const char *emulator = machine_emulator(facts->machine);
	CLEANUP_FREE char *qemu = emulator ? find_program(emulator) : NULL;
	uint64_t began = clock_ns();
	bool hangs;

	dist->emulator = qemu ? emulator : NULL;
	dist->why_not = dist->no_run ? xstrdup("it was not run") : py_obstacle(dist, facts);
	if (dist->why_not) {
		dist->emulator = NULL;
		return 0;
	}
	if (py_run(&program, &output, &failed) == 0) {
		py_take_answer(dist, &output);
		return 0;
	}
	dist->emulator = NULL;
	hangs = clock_ns() - began >= ASK_MS * UINT64_C(1000000);
	if (interrupt_check(err) < 0 || (!hangs && is_too_old(dist)))
		return interrupt_check(err);
	/* Run again to capture stderr, unless it hung. */
	buf_clear(&output);
	program.with_stderr = true;
	if (!hangs)
		py_run(&program, &output, &again);
	said = last_line_safe(output.data);
	dist->why_not = xasprintf("%s%s%s", failed.msg, said ? ": " : "", said ? said : "");
	return interrupt_check(err);
}

/* An allowlist, not a blocklist: unexpected names stay out, and so do PYTHON*, LD_*, VIRTUAL_ENV
 * and everybody's tokens. */
void py_pip_environment(const char *tmp, struct strv *env)
{
	static const char *const kept[] = {"PATH", "HOME",
		/* locations of the user's and the site's configuration and of the cache */
		"XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_CACHE_HOME",
		/* proxies, in both spellings in use */
		"http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
		"ALL_PROXY", "NO_PROXY",
		/* trusted certificates, and our credentials */
		"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"};
	static const char *const own_tmp[] = {"TMPDIR"};

	proc_keep(kept, ARRAY_SIZE(kept), env);
	strv_add(env, "LC_ALL=C.UTF-8");
	/* The first of two variables with the same name wins. */
	strv_add(env, "PIP_NO_INPUT=1");
	strv_add(env, "PIP_DISABLE_PIP_VERSION_CHECK=1");
	/* pip's options, one variable each: index, mirror, constraints. */
	for (char **e = environ; *e; e++) {
		if (!strncmp(*e, "PIP_", 4))
			strv_add(env, *e);
	}
	if (tmp)
		strv_addf(env, "TMPDIR=%s", tmp);
	else
		proc_keep(own_tmp, ARRAY_SIZE(own_tmp), env);
}
