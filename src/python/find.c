/* From what a person names to the interpreter's ELF file, one hop at a time. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "python/python-internal.h"

#define MAX_PYVENV (64 * 1024)
#define HEAD_SIZE 8192

void pyvenv_release(struct pyvenv *cfg)
{
	free(cfg->home);
	free(cfg->executable);
	*cfg = (struct pyvenv){0};
}

/* "key = value" lines; keys in any case. Values count only as absolute paths. */
void pyvenv_parse(const char *text, struct pyvenv *cfg)
{
	CLEANUP_STRV struct strv lines = STRV_INIT;

	*cfg = (struct pyvenv){0};
	strv_split(&lines, text, "\r\n");
	for (size_t i = 0; i < lines.n; i++) {
		char *key = lines.v[i] + strspn(lines.v[i], " \t"), *equals = strchr(key, '=');
		size_t len = equals ? (size_t)(equals - key) : 0;
		char **slot, *value, *end;

		while (len > 0 && isspace((unsigned char)key[len - 1]))
			len--;
		slot = len == 4 && !strncasecmp(key, "home", len)          ? &cfg->home
		       : len == 10 && !strncasecmp(key, "executable", len) ? &cfg->executable
									   : NULL;
		if (!slot || *slot)
			continue;
		value = equals + 1 + strspn(equals + 1, " \t");
		for (end = value + strlen(value); end > value && isspace((unsigned char)end[-1]);)
			end--;
		if (*value == '/')
			*slot = xstrndup(value, (size_t)(end - value));
	}
}

/* "python3.13", "python3.13t" and the like, not "python3.13-config". */
static bool is_versioned_name(const char *name)
{
	const char *p = name + 8;

	if (strncmp(name, "python3.", 8) != 0 || !isdigit((unsigned char)*p))
		return false;
	p += strspn(p, "0123456789");
	return p[strspn(p, "abcdefghijklmnopqrstuvwxyz")] == '\0';
}

static char *newest_versioned(const char *bin)
{
	DIR *dir = opendir(bin);
	struct dirent *e;
	char *best = NULL;

	while (dir && (e = readdir(dir))) {
		if (!is_versioned_name(e->d_name) ||
			(best && elf_version_compare(e->d_name, best) <= 0))
			continue;
		free(best);
		best = xstrdup(e->d_name);
	}
	if (dir)
		closedir(dir);
	return best;
}

/* The first that can be run; failing that, one that at least has the name, so that the error is
 * about it. */
static char *python_in(const char *bin)
{
	CLEANUP_FREE char *newest = newest_versioned(bin), *broken = NULL;
	const char *const names[] = {"python3", "python", newest};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *full = names[i] ? xasprintf("%s/%s", bin, names[i]) : NULL;

		if (full && access(full, X_OK) == 0 && !path_is_dir(full))
			return steal(&full);
		if (full && !broken && path_exists(full) && !path_is_dir(full))
			broken = steal(&full);
	}
	return steal(&broken);
}

char *py_python_below(const char *dir)
{
	static const char *const layouts[] = {
		"bin", "install/bin", "python/bin", "python/install/bin"};

	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		CLEANUP_FREE char *bin =
			xasprintf("%s/%s", strcmp(dir, "/") ? dir : "", layouts[i]);
		char *python = python_in(bin);

		if (python)
			return python;
	}
	return NULL;
}

bool py_has_python(const char *dir)
{
	CLEANUP_FREE char *python = py_python_below(dir);

	return python != NULL;
}

static int from_folder(struct python *dist, char **path, struct err *err)
{
	char *python = py_python_below(*path);
	CLEANUP_FREE char *shims = xasprintf("%s/shims", *path);

	if (!python)
		python = python_in(*path);
	if (!python) {
		err_set(err, ERR_INPUT, "'%s' holds no Python: there is no bin/python3 in it",
			*path);
		return path_is_dir(shims)
			       ? err_hint(err,
					 "it is pyenv's own folder: name one below '%s/versions'",
					 *path)
			       : err_hint(err, "name an interpreter, its prefix, or a virtual "
					       "environment");
	}
	strv_addf(&dist->trail, "the interpreter of the folder '%s' is '%s'", *path, python);
	free(*path);
	*path = python;
	return 0;
}

static int from_name(struct python *dist, const char *what, char **ret, struct err *err)
{
	CLEANUP_FREE char *found = NULL;

	if (strchr(what, '/') || path_exists(what)) {
		*ret = path_absolute(what);
		return 0;
	}
	found = find_program(what);
	if (!found) {
		err_set(err, ERR_INPUT, "there is no '%s', neither here nor on PATH", what);
		return err_hint(err, "name an interpreter, its prefix, or a virtual environment");
	}
	*ret = path_absolute(found);
	strv_addf(&dist->trail, "'%s' on PATH is '%s'", what, *ret);
	return 0;
}

/* The environment that `path` belongs to, by the rule of Python itself: a pyvenv.cfg beside it or
 * one folder up. */
static char *venv_of(const char *path, struct pyvenv *cfg)
{
	CLEANUP_FREE char *dir = path_dir(path), *above = path_dir(dir);
	const char *places[] = {above, dir};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		CLEANUP_FREE char *file = xasprintf("%s/pyvenv.cfg", places[i]);
		CLEANUP_BUF struct buf text = BUF_INIT;
		struct err ignored = ERR_INIT;

		if (!path_exists(file) || file_read(file, MAX_PYVENV, &text, &ignored) < 0)
			continue;
		pyvenv_parse(text.data, cfg);
		return xstrdup(places[i]);
	}
	return NULL;
}

/* `path` with the links and dots in its folders resolved, its last part left alone. */
static char *settle_folder(char *path)
{
	CLEANUP_FREE char *given = path, *dir = path_dir(path), *real = realpath(dir, NULL);

	if (!real)
		return steal(&given);
	return xasprintf("%s/%s", strcmp(real, "/") ? real : "", path_base(path));
}

static int follow_link(struct python *dist, char **called, char **path, struct err *err)
{
	CLEANUP_FREE char *dir = path_dir(*path);
	char target[PATH_MAX], *next;
	ssize_t n = readlink(*path, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(err, "cannot read the link '%s'", *path);
	target[n] = '\0';
	strv_addf(&dist->trail, "'%s' is a symbolic link to '%s'%s", *path, target,
		!strncmp(target, "/etc/alternatives/", 18) ? ", one of the system's alternatives"
							   : "");
	next = *target == '/' ? xstrdup(target) : xasprintf("%s/%s", dir, target);
	if (py_python_name(*path)) {
		free(*called);
		*called = steal(path);
	}
	free(*path);
	*path = settle_folder(next);
	return 0;
}

/* The interpreter in an environment is a copy: the installation is where `home` says. */
static int leave_venv(struct python *dist, const char *venv, const struct pyvenv *cfg, char **path,
	struct err *err)
{
	const char *base = path_base(*path);
	CLEANUP_FREE char *same = cfg->home ? xasprintf("%s/%s", cfg->home, base) : NULL;
	CLEANUP_FREE char *three = cfg->home ? xasprintf("%s/python3", cfg->home) : NULL;
	const char *const places[] = {same, cfg->executable, three};

	if (!cfg->home)
		return err_set(
			err, ERR_INPUT, "'%s/pyvenv.cfg' does not say what it was made from", venv);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!places[i] || !strcmp(places[i], *path) || access(places[i], X_OK) < 0)
			continue;
		strv_addf(&dist->trail, "'%s' is a copy; what it was made from is '%s'", *path,
			places[i]);
		free(*path);
		*path = xstrdup(places[i]);
		return 0;
	}
	err_set(err, ERR_INPUT, "the virtual environment '%s' was made from '%s', where no '%s' is",
		venv, cfg->home, base);
	return err_hint(err, "its Python was moved or removed: make it again");
}

/* A script that is called python runs one: it is asked which. */
static int ask_wrapper(struct python *dist, const char *shell, char **path, struct err *err)
{
	CLEANUP_FREE char *exe = NULL;

	if (dist->no_run) {
		err_set(err, ERR_INPUT,
			"'%s' is a script, and which Python it runs is seen by running it", *path);
		return err_hint(err, "name the interpreter itself, or leave out --no-run");
	}
	if (py_ask_started(*path, &exe, err) < 0)
		return err_wrap(err, "asking the script '%s' for its interpreter", *path);
	if (exe[0] != '/' || !strcmp(exe, *path))
		return err_set(err, ERR_INPUT, "the script '%s' does not run a Python", *path);
	strv_addf(&dist->trail,
		"'%s' is a script of '%s'; it runs '%s', which is looked at without it", *path,
		shell, exe);
	free(*path);
	*path = steal(&exe);
	return 0;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A program that shows nothing of a Python may be a launcher that becomes one when it is started
 * by that name (`called`, a link to it or itself): it is asked which. */
static int follow_program(
	struct python *dist, const char *called, char **path, bool *done, struct err *err)
{
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};
	CLEANUP_FREE char *exe = NULL;
	const char *name = py_python_name(*path) ? *path : called;
	struct err failed = ERR_INIT;

	*done = true;
	/* What cannot be read is reported by who reads it next. */
	if (!name || elf_facts_read(*path, &facts, &failed) < 0 || py_starts_python(&facts))
		return 0;
	if (dist->no_run) {
		strv_addf(&dist->trail,
			"nothing in '%s' shows that it starts a Python: if it is a launcher, "
			"which one is seen only by running it",
			*path);
		return 0;
	}
	if (py_ask_started(name, &exe, &failed) < 0) {
		/* Why a Python itself does not run is said elsewhere. */
		if (name == called)
			strv_addf(&dist->trail,
				"'%s', started as '%s', does not answer as a Python (%s)", *path,
				name, failed.msg);
		return interrupt_check(err);
	}
	dist->answers = is_same_file(exe, *path);
	if (dist->answers || exe[0] != '/' || access(exe, X_OK) < 0)
		return 0;
	strv_addf(&dist->trail, "'%s' is a launcher; started as '%s' it becomes '%s'", *path, name,
		exe);
	free(*path);
	*path = steal(&exe);
	*done = false;
	return 0;
}

/* The program that a "#!" line names, with env(1) resolved. */
static char *script_interpreter(const char *head)
{
	CLEANUP_FREE char *line = xstrndup(head + 2, strcspn(head + 2, "\n"));
	CLEANUP_STRV struct strv words = STRV_INIT;
	size_t i = 0;
	char *found;

	strv_split(&words, line, " \t\r");
	if (words.n > 1 && !strcmp(path_base(words.v[0]), "env"))
		i = words.n > 2 && !strcmp(words.v[1], "-S") ? 2 : 1;
	if (i >= words.n)
		return xstrdup("an unnamed program");
	found = find_program(words.v[i]);
	return found ? found : xstrdup(words.v[i]);
}

static int follow_script(struct python *dist, const char *head, char **path, struct err *err)
{
	CLEANUP_FREE char *root = pyenv_shim_root(head);
	CLEANUP_FREE char *program = script_interpreter(head), *next = NULL;

	if (root) {
		strv_addf(&dist->trail, "'%s' is a shim of pyenv", *path);
		if (pyenv_which(root, path_base(*path), &next, &dist->trail, err) < 0)
			return -1;
		strv_addf(&dist->trail, "the shim runs '%s'", next);
	} else if (py_python_name(program) && strcmp(program, *path) != 0) {
		next = path_absolute(program);
		strv_addf(&dist->trail, "'%s' is a script that '%s' runs", *path, next);
	} else if (py_python_name(*path)) {
		return ask_wrapper(dist, program, path, err);
	} else {
		err_set(err, ERR_INPUT, "'%s' is a script of '%s', not an interpreter", *path,
			program);
		return err_hint(err, "name the interpreter that it runs");
	}
	free(*path);
	*path = steal(&next);
	return 0;
}

/* Up to HEAD_SIZE bytes and a NUL. */
static int read_head(const char *path, char head[HEAD_SIZE + 1], size_t *len, struct err *err)
{
	CLEANUP_CLOSE int fd = file_open(path, err);
	ssize_t n = fd < 0 ? -1 : read(fd, head, HEAD_SIZE);

	if (fd < 0)
		return -1;
	if (n < 0)
		return err_sys(err, "cannot read '%s'", path);
	head[n] = '\0';
	*len = (size_t)n;
	return 0;
}

static int follow_file(struct python *dist, const char *venv, const struct pyvenv *cfg,
	const char *called, char **path, bool *done, struct err *err)
{
	char head[HEAD_SIZE + 1];
	size_t len = 0;

	if (read_head(*path, head, &len, err) < 0)
		return -1;
	if (len > 4 && !memcmp(head, "\177ELF", 4))
		return venv ? leave_venv(dist, venv, cfg, path, err)
			    : follow_program(dist, called, path, done, err);
	if (len > 2 && head[0] == '#' && head[1] == '!')
		return follow_script(dist, head, path, err);
	err_set(err, ERR_INPUT, "'%s' is not an interpreter: neither an ELF file nor a script",
		*path);
	return err_hint(err, "name an interpreter, its prefix, or a virtual environment");
}

static void note_venv(struct python *dist, const char *venv, const struct pyvenv *cfg)
{
	if (dist->venv && !strcmp(dist->venv, venv))
		return;
	strv_addf(&dist->trail, "'%s' is a virtual environment, made from '%s'", venv,
		cfg->home ? cfg->home : "?");
	if (!dist->venv)
		dist->venv = xstrdup(venv);
}

static int hop(struct python *dist, char **called, char **path, bool *done, struct err *err)
{
	CLEANUP_PYVENV struct pyvenv cfg = {0};
	CLEANUP_FREE char *venv = NULL;
	struct stat st;

	if (lstat(*path, &st) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return err_sys(err, "cannot examine '%s'", *path);
		return err_set(err, ERR_INPUT, "'%s' does not exist", *path);
	}
	if (S_ISDIR(st.st_mode))
		return from_folder(dist, path, err);
	venv = venv_of(*path, &cfg);
	if (venv)
		note_venv(dist, venv, &cfg);
	if (S_ISLNK(st.st_mode))
		return follow_link(dist, called, path, err);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INPUT, "'%s' is neither a file nor a folder", *path);
	return follow_file(dist, venv, &cfg, *called, path, done, err);
}

/* The last sentence of the trail is how we came to what went wrong. */
static int explain(const struct python *dist, struct err *err)
{
	if (dist->trail.n && err->code == ERR_INPUT)
		err_wrap(err, "%s", dist->trail.v[dist->trail.n - 1]);
	return -1;
}

int py_follow(const char *what, struct python *dist, char **ret, struct err *err)
{
	CLEANUP_FREE char *path = NULL, *real = NULL, *called = NULL;
	bool done = false;

	if (from_name(dist, what, &path, err) < 0)
		return -1;
	for (int hops = 0; !done; hops++) {
		if (hops == PY_MAX_HOPS)
			return err_set(err, ERR_INPUT,
				"'%s' leads through more than %d links and scripts: a circle?",
				what, PY_MAX_HOPS);
		if (hop(dist, &called, &path, &done, err) < 0)
			return explain(dist, err);
	}
	real = realpath(path, NULL);
	if (!real)
		return err_sys(err, "cannot resolve '%s'", path);
	if (strcmp(real, path) != 0)
		strv_addf(&dist->trail, "with the links in its folders resolved, '%s' is '%s'",
			path, real);
	*ret = steal(&real);
	return 0;
}
