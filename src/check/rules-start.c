/* Rules about starting the interpreter and its commands. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/embed.h"
#include "base/file.h"
#include "check/check-internal.h"
#include "proc/proc.h"

#define RUN_MS 60000
#define MAX_OUTPUT ((size_t)1 << 18)

/* Runs code in the interpreter, isolated and without writing bytecode. */
static bool run_code(
	struct rule_run *r, const char *code, const struct strv *arguments, struct buf *out)
{
	CLEANUP_STRV struct strv env = STRV_INIT;
	const struct py_program program = {.interpreter = r->dist->interpreter,
		.options = "-I -B",
		.code = code,
		.args = arguments,
		.env = &env,
		.max_output = MAX_OUTPUT,
		.limit_ms = RUN_MS};
	struct err err = ERR_INIT;

	strv_add(&env, "LC_ALL=C.UTF-8");
	if (py_run(&program, out, &err) == 0)
		return true;
	rule_unchecked(r, "the interpreter could not be asked: %s", err.msg);
	return false;
}

EMBED(bytecode_code, "src/check/bytecode.py");

static void bytecode(struct rule_run *r)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	const char *where = r->dist->stdlib ? r->dist->stdlib : r->dist->prefix;
	unsigned int read, invalid, files, stale, ms;

	if (!run_code(r, bytecode_code, NULL, &out))
		return;
	if (sscanf(out.data ? out.data : "", "%u %u %u %u %u", &read, &invalid, &files, &stale,
		    &ms) != 5) {
		rule_unchecked(r, "the interpreter's answer is not what was asked for");
		return;
	}
	if (stale)
		rule_find(r, where, "%u of %u files of bytecode do not belong to their sources",
			stale, files);
	if (invalid)
		rule_find(r, where,
			"%u of %u modules that 'import json, asyncio' reads have no valid "
			"bytecode: compiling them takes %u ms of each start that cannot store it",
			invalid, read, ms);
}

EMBED(commands_code, "src/check/commands.py");

/* Adds Python's own commands, such as "pip3.13". */
static int see_command(void *ctx, const struct tree_entry *e, struct err *err)
{
	static const char digits[] = "-.0123456789";
	size_t n = !strncmp(e->rel, "2to3", 4) ? 4 : strcspn(e->rel, digits);
	CLEANUP_FREE char *name = xstrndup(e->rel, n);

	(void)err;
	if (S_ISREG(e->st->st_mode) && (e->st->st_mode & 0111) &&
		check_listed("pydoc idle 2to3 pip pyvenv", name) &&
		!e->rel[n + strspn(e->rel + n, digits)])
		strv_add(ctx, e->path);
	return 0;
}

static void commands(struct rule_run *r)
{
	CLEANUP_FREE char *bin = path_dir(r->dist->interpreter);
	CLEANUP_STRV struct strv list = STRV_INIT, lines = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	if (tree_walk(bin, see_command, &list, &err) < 0)
		rule_unchecked(r, "%s", err.msg);
	else if (!list.n)
		rule_unchecked(r, "there are no commands of Python's in '%s'", bin);
	else if (run_code(r, commands_code, &list, &out))
		strv_split(&lines, out.data ? out.data : "", "\n");
	for (size_t i = 0; i < lines.n; i++) {
		CLEANUP_STRV struct strv words = STRV_INIT;

		strv_split(&words, lines.v[i], "\t");
		if (words.n == 3)
			rule_find(r, words.v[0], "does not start: import of %s: %s", words.v[1],
				words.v[2]);
	}
}

static bool by_origin(const char *path)
{
	while (path && (path = strchr(path, '$')) && !py_begins_with_origin(path))
		path++;
	return path != NULL;
}

static void privileged_start(struct rule_run *r)
{
	const struct py_file *f = r->interpreter;

	for (size_t k = 0; k < f->facts.n_needed; k++) {
		const char *needed = f->facts.needed[k];

		if (py_is_libpython(needed, true) &&
			(by_origin(needed) || by_origin(f->facts.rpath) ||
				by_origin(f->facts.runpath)))
			rule_find(r, f->path,
				"finds %s by $ORIGIN, which the loader does not follow for a "
				"program with capabilities or a set-user-ID bit",
				needed);
	}
}

const struct check_rule rules_start[] = {
	{"bytecode", CHECK_WARNING, NEEDS_RUN,
		"each start compiles again what it imports, which takes several times as long",
		"compile it in place (python -m compileall), or ship bytecode that is checked by "
		"content (--invalidation-mode checked-hash)",
		"The standard library's bytecode is there for what `import json, asyncio` reads, "
		"and what there is belongs to its source: by the time of the source's last change, "
		"or by its content. Copies that do not keep times (`cp -r`, git, ostree, Nix, "
		"object stores) make the first kind invalid; where it cannot be written, every "
		"start pays.",
		.apply = bytecode},
	{"commands", CHECK_ERROR, NEEDS_RUN, "the command ends with an error",
		"do not install commands of modules that are left out",
		"What Python's own commands (pip, pydoc, idle, 2to3) import at their top can be "
		"imported. Without _tkinter, idle3 cannot.",
		.apply = commands},
	{"privileged-start", CHECK_NOTE, NEEDS_FILE,
		"a copy that setcap or chmod u+s made privileged does not start",
		"take an interpreter with libpython inside (a static one) for that",
		"The loader ignores $ORIGIN in programs that run with more rights than their "
		"caller's (AT_SECURE), as whoever places a link to the program would decide what "
		"it loads. An interpreter that needs libpython and finds it by $ORIGIN then ends "
		"with \"cannot open shared object file\".",
		.apply = privileged_start},
	{0},
};
