/* Links, scripts and names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/file.h"
#include "check/check-internal.h"

/* Links below these folders were put there by users, not by the installation. */
static bool installed(const char *rel)
{
	return strstr(rel, "site-packages/") || strstr(rel, "dist-packages/");
}

struct walk {
	struct rule_run *r;
	void (*see)(struct rule_run *r, const char *path, const char *target);
};

static int see_entry(void *ctx, const struct tree_entry *e, struct err *err)
{
	const struct walk *w = ctx;
	CLEANUP_FREE char *target = NULL;

	if (!S_ISLNK(e->st->st_mode) || installed(e->rel))
		return 0;
	target = link_read_below(e->in, e->name, err);
	if (target)
		w->see(w->r, e->path, target);
	return target ? 0 : -1;
}

static void each_link(
	struct rule_run *r, void (*see)(struct rule_run *r, const char *path, const char *target))
{
	struct walk w = {r, see};
	struct err err = ERR_INIT;
	/* Of a shared prefix only the standard library is Python's own. */
	const char *root = r->s->dist->system ? r->s->dist->stdlib : r->s->dist->prefix;

	if (!root)
		rule_unchecked(r, "the standard library was not found");
	else if (tree_walk(root, see_entry, &w, &err) < 0)
		rule_unchecked(r, "%s", err.msg);
}

static void see_dangling(struct rule_run *r, const char *path, const char *target)
{
	if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR))
		rule_find(r, path, "leads to '%s', which does not exist", target);
}

static void see_outside(struct rule_run *r, const char *path, const char *target)
{
	if (target[0] == '/')
		rule_find(r, path, "leads to '%s': right in one place only", target);
	else if (access(path, F_OK) == 0 && !path_below(path, r->s->dist->prefix))
		rule_find(r, path, "leads to '%s', outside the distribution", target);
}

static void dangling_links(struct rule_run *r)
{
	each_link(r, see_dangling);
}

static void absolute_links(struct rule_run *r)
{
	each_link(r, see_outside);
}

/* Names of programs that belong to Python, where bin/ is shared with others. */
static bool python_program(const char *name)
{
	static const char *const names[] = {"python", "pydoc", "idle", "2to3", "pip", "pyvenv"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strncmp(name, names[i], strlen(names[i])))
			return true;
	}
	return false;
}

/* gdb reads these beside the program that they are named after; no one starts them. */
static bool for_gdb(const char *name)
{
	size_t n = strlen(name);

	return n > 7 && !strcmp(name + n - 7, "-gdb.py");
}

/* The program of a "#!" line; NULL if the file is no script. The caller frees it. */
static char *shebang(const struct tree_entry *e)
{
	struct err ignored = ERR_INIT;
	CLEANUP_CLOSE int fd = file_open_below(e->in, e->name, &ignored);
	char line[512];
	const char *p = line + 2;
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	line[n > 0 ? n : 0] = '\0';
	if (strncmp(line, "#!", 2) != 0)
		return NULL;
	p += strspn(p, " \t");
	return xstrndup(p, strcspn(p, " \t\r\n"));
}

static bool system_program(const char *program)
{
	static const char *const names[] = {
		"/bin/sh", "/bin/bash", "/usr/bin/env", "/usr/bin/sh", "/usr/bin/bash"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(program, names[i]))
			return true;
	}
	return false;
}

struct scripts {
	struct rule_run *r;
	size_t seen;
};

static int see_script(void *ctx, const struct tree_entry *e, struct err *err)
{
	struct scripts *s = ctx;
	const char *path = e->path, *rel = e->rel;
	CLEANUP_FREE char *program = NULL;

	(void)err;
	/* Only what is executable, and not what lies in folders below. */
	if (!S_ISREG(e->st->st_mode) || !(e->st->st_mode & 0111) || strchr(rel, '/') ||
		for_gdb(rel) || (s->r->s->dist->system && !python_program(rel)))
		return 0;
	program = shebang(e);
	if (!program)
		return 0;
	s->seen++;
	if (program[0] != '/')
		rule_find(s->r, path, "starts with '#!%s', which depends on the current folder",
			program);
	else if (!strncmp(program, "/install/", 9) || !strncmp(program, "/build/", 7))
		rule_find(s->r, path, "starts with '#!%s', a path of the build", program);
	else if (access(program, X_OK) < 0)
		rule_find(s->r, path, "starts with '#!%s', which does not exist", program);
	else if (s->r->s->relocatable && !system_program(program))
		rule_find(s->r, path, "starts with '#!%s': right in one place only", program);
	return 0;
}

static void shebangs(struct rule_run *r)
{
	CLEANUP_FREE char *bin = path_dir(r->s->dist->interpreter);
	struct scripts s = {.r = r};
	struct err err = ERR_INIT;

	if (tree_walk(bin, see_script, &s, &err) < 0)
		rule_unchecked(r, "%s", err.msg);
	else if (!s.seen)
		rule_unchecked(r, "there are no scripts in '%s'", bin);
}

static void python_links(struct rule_run *r)
{
	static const char *const names[] = {"python", "python3"};
	CLEANUP_FREE char *bin = path_dir(r->s->dist->interpreter);
	CLEANUP_FREE char *pip = xasprintf("%s/pip", bin), *pip3 = xasprintf("%s/pip3", bin);
	size_t seen = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", bin, names[i]);

		if (!path_exists(path)) {
			if (r->s->relocatable)
				rule_find(r, bin, "has no '%s'", names[i]);
			continue;
		}
		seen++;
		/* Dangling ones have a rule of their own. */
		if (access(path, F_OK) == 0 && !same_file(path, r->s->dist->interpreter))
			rule_find(r, path, "is not %s", rule_short(r, r->s->dist->interpreter));
	}
	if (!seen && !r->s->relocatable)
		rule_find(r, bin, "has neither 'python3' nor 'python'");
	if (r->s->relocatable && path_exists(pip3) && !path_exists(pip))
		rule_find(r, bin, "has 'pip3' and no 'pip'");
}

static void interpreter_name(struct rule_run *r)
{
	const char *base = path_base(r->s->dist->interpreter), *series = r->s->dist->series;

	if (!series)
		rule_unchecked(r, "its version is not known");
	else if (!strstr(base, series))
		rule_find(r, r->s->dist->interpreter, "does not name its version, %s", series);
}

const struct check_rule rules_layout[] = {
	{"dangling-links", CHECK_ERROR, 0, "whatever is started or linked by that name is missing",
		"remove the link, or ship what it leads to",
		"Symbolic links lead to something: in the whole prefix, or below the standard "
		"library where the prefix is shared with other software.",
		dangling_links},
	{"absolute-links", CHECK_ERROR, NEEDS_RELOCATABLE,
		"after a move the link leads to nothing, or into another installation",
		"make the link relative",
		"No symbolic link of a distribution that can be moved is absolute or leads out of "
		"it.",
		absolute_links},
	{"shebangs", CHECK_ERROR, 0, "the script does not start",
		"start scripts through /bin/sh and find the interpreter beside the script",
		"The program that a script in bin/ names in its first line exists. In a "
		"distribution that can be moved it is /bin/sh or /usr/bin/env, and never a path "
		"of the build (/install, /build).",
		shebangs},
	{"python-links", CHECK_ERROR, NEEDS_OWN_PREFIX,
		"`python` or `python3` starts another Python than the one that was installed, or "
		"none",
		"make python and python3 links to pythonX.Y, and let ensurepip make pip "
		"(--default-pip)",
		"bin/python3 or bin/python is there, and what there is of them is the interpreter. "
		"A distribution that can be moved has both, and bin/pip beside bin/pip3: scripts "
		"ask for `#!/usr/bin/env python`, and nobody else will make them.",
		python_links},
	{"interpreter-name", CHECK_NOTE, 0, "profilers tell the version by the program's name",
		"install it as pythonX.Y with a link python3",
		"The interpreter's real file is named with its version.", interpreter_name},
};
const size_t n_rules_layout = ARRAY_SIZE(rules_layout);
