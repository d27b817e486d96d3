/* Rules about links, scripts and names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/file.h"
#include "check/check-internal.h"

struct link_walk {
	struct rule_run *r;
	bool outside; /* look for links that leave the distribution, instead of dangling ones */
};

static int see_link(void *ctx, const struct tree_entry *e, struct err *err)
{
	const struct link_walk *w = ctx;
	CLEANUP_FREE char *target = NULL;

	/* Users install below these folders. */
	if (!S_ISLNK(e->st->st_mode) || strstr(e->rel, "site-packages/") ||
		strstr(e->rel, "dist-packages/"))
		return 0;
	target = link_read_below(e->in, e->name, err);
	if (!target)
		return -1;
	if (!w->outside) {
		if (access(e->path, F_OK) < 0 &&
			(errno == ENOENT || errno == ELOOP || errno == ENOTDIR))
			rule_find(w->r, e->path, "leads to '%s', which does not exist", target);
	} else if (target[0] == '/') {
		rule_find(w->r, e->path, "leads to '%s': right in one place only", target);
	} else if (access(e->path, F_OK) == 0 && !rule_path_below(e->path, w->r->dist->prefix)) {
		rule_find(w->r, e->path, "leads to '%s', outside the distribution", target);
	}
	return 0;
}

static void each_link(struct rule_run *r, bool outside)
{
	struct link_walk w = {r, outside};
	struct err err = ERR_INIT;
	/* In a shared prefix, only the standard library is Python's own. */
	const char *root = r->dist->system ? r->dist->stdlib : r->dist->prefix;

	if (!root)
		rule_unchecked(r, "the standard library was not found");
	else if (tree_walk(root, see_link, &w, &err) < 0)
		rule_unchecked(r, "%s", err.msg);
}

static void dangling_links(struct rule_run *r)
{
	each_link(r, false);
}

static void absolute_links(struct rule_run *r)
{
	each_link(r, true);
}

/* The program in a "#!" line; NULL if the file is not a script. The caller frees it. */
static char *shebang(const struct tree_entry *e)
{
	struct err ignored = ERR_INIT;
	CLEANUP_CLOSE int fd = file_open_below(e->in, e->name, &ignored);
	char line[512];
	const char *p = line + 2;
	ssize_t n = fd < 0 ? -1 : file_pread(fd, line, sizeof(line) - 1, 0);

	line[n > 0 ? n : 0] = '\0';
	if (strncmp(line, "#!", 2) != 0)
		return NULL;
	p += strspn(p, " \t");
	return xstrndup(p, strcspn(p, " \t\r\n"));
}

struct script_walk {
	struct rule_run *r;
	size_t seen;
};

static int see_script(void *ctx, const struct tree_entry *e, struct err *err)
{
	struct script_walk *w = ctx;
	const struct rule_run *r = w->r;
	CLEANUP_FREE char *program = NULL;

	(void)err;
	/* Only executables, and not those in subfolders. Files for gdb, named after a program and
	 * placed next to it, are not started by anyone. In a shared bin/, only programs that belong
	 * to Python. */
	if (!S_ISREG(e->st->st_mode) || !(e->st->st_mode & 0111) || strchr(e->rel, '/') ||
		ends_with(e->rel, "-gdb.py") ||
		(r->dist->system &&
			!check_listed("python* pydoc* idle* 2to3* pip* pyvenv*", e->rel)))
		return 0;
	program = shebang(e);
	if (!program)
		return 0;
	w->seen++;
	if (program[0] != '/')
		rule_find(w->r, e->path, "starts with '#!%s', which depends on the current folder",
			program);
	else if (check_listed("/install/* /build/*", program))
		rule_find(w->r, e->path, "starts with '#!%s', a path of the build", program);
	else if (access(program, X_OK) < 0)
		rule_find(w->r, e->path, "starts with '#!%s', which does not exist", program);
	else if (r->relocatable &&
		 !check_listed("/bin/sh /bin/bash /usr/bin/env /usr/bin/sh /usr/bin/bash", program))
		rule_find(w->r, e->path, "starts with '#!%s': right in one place only", program);
	return 0;
}

static void shebangs(struct rule_run *r)
{
	CLEANUP_FREE char *bin = path_dir(r->dist->interpreter);
	struct script_walk w = {.r = r};
	struct err err = ERR_INIT;

	if (tree_walk(bin, see_script, &w, &err) < 0)
		rule_unchecked(r, "%s", err.msg);
	else if (!w.seen)
		rule_unchecked(r, "there are no scripts in '%s'", bin);
}

static void python_links(struct rule_run *r)
{
	static const char *const names[] = {"python", "python3"};
	CLEANUP_FREE char *bin = path_dir(r->dist->interpreter);
	CLEANUP_FREE char *pip = xasprintf("%s/pip", bin), *pip3 = xasprintf("%s/pip3", bin);
	size_t seen = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", bin, names[i]);

		if (!path_exists(path)) {
			if (r->relocatable)
				rule_find(r, bin, "has no '%s'", names[i]);
			continue;
		}
		seen++;
		/* Another rule covers dangling links. */
		if (access(path, F_OK) == 0 && !rule_same_file(path, r->dist->interpreter))
			rule_find(r, path, "is not %s", rule_short(r, r->dist->interpreter));
	}
	if (!seen && !r->relocatable)
		rule_find(r, bin, "has neither 'python3' nor 'python'");
	if (r->relocatable && path_exists(pip3) && !path_exists(pip))
		rule_find(r, bin, "has 'pip3' and no 'pip'");
}

static void interpreter_name(struct rule_run *r)
{
	const char *base = path_base(r->dist->interpreter), *series = r->dist->series;

	if (!series)
		rule_unchecked(r, "its version is not known");
	else if (!strstr(base, series))
		rule_find(r, r->dist->interpreter, "does not name its version, %s", series);
}

const struct check_rule rules_layout[] = {
	{"dangling-links", CHECK_ERROR, 0, "whatever is started or linked by that name is missing",
		"remove the link, or ship what it leads to",
		"Symbolic links lead to something: in the whole prefix, or below the standard "
		"library where the prefix is shared with other software.",
		.apply = dangling_links},
	{"absolute-links", CHECK_ERROR, NEEDS_RELOCATABLE,
		"after a move the link leads to nothing, or into another installation",
		"make the link relative",
		"No symbolic link of a distribution that can be moved is absolute or leads out of "
		"it.",
		.apply = absolute_links},
	{"shebangs", CHECK_ERROR, 0, "the script does not start",
		"start scripts through /bin/sh and find the interpreter beside the script",
		"The program that a script in bin/ names in its first line exists. In a "
		"distribution that can be moved it is /bin/sh or /usr/bin/env, and never a path "
		"of the build (/install, /build).",
		.apply = shebangs},
	{"python-links", CHECK_ERROR, NEEDS_OWN_PREFIX,
		"`python` or `python3` starts another Python than the one that was installed, or "
		"none",
		"make python and python3 links to pythonX.Y, and let ensurepip make pip "
		"(--default-pip)",
		"bin/python3 or bin/python is there, and what there is of them is the interpreter. "
		"A distribution that can be moved has both, and bin/pip beside bin/pip3: scripts "
		"ask for `#!/usr/bin/env python`, and nobody else will make them.",
		.apply = python_links},
	{"interpreter-name", CHECK_NOTE, 0, "profilers tell the version by the program's name",
		"install it as pythonX.Y with a link python3",
		"The interpreter's real file is named with its version.",
		.apply = interpreter_name},
	{0},
};
