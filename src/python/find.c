/* Follows what the user named to the interpreter's ELF file, one hop at a time. */
#include <ctype.h>
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

/* "key = value" lines; keys are case-insensitive. Only absolute paths count as values. */
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

/* "python3.13", "python3.13t" and the like, but not "python3.13-config". */
static bool is_versioned_name(const char *name)
{
	const char *p = name + 8;

	if (strncmp(name, "python3.", 8) != 0 || !isdigit((unsigned char)*p))
		return false;
	p += strspn(p, "0123456789");
	return p[strspn(p, "abcdefghijklmnopqrstuvwxyz")] == '\0';
}

/* The first name that is executable; failing that, one that exists, so that the error is about
 * it. */
static char *python_in(const char *bin)
{
	CLEANUP_STRV struct strv all = STRV_INIT;
	CLEANUP_FREE char *broken = NULL;
	const char *names[] = {"python3", "python", NULL};
	struct err ignored = ERR_INIT;

	dir_list(bin, &all, &ignored);
	for (size_t i = 0; i < all.n; i++) {
		if (is_versioned_name(all.v[i]) &&
			(!names[2] || elf_version_compare(all.v[i], names[2]) > 0))
			names[2] = all.v[i];
	}
	for (size_t i = 0; i < ARRAY_SIZE(names) && names[i]; i++) {
		CLEANUP_FREE char *full = xasprintf("%s/%s", bin, names[i]);

		if (path_is_dir(full) || !path_exists(full))
			continue;
		if (access(full, X_OK) == 0)
			return steal(&full);
		if (!broken)
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

/* ---- one hop ------------------------------------------------------------------------------- */

struct hops {
	struct python
		*dist; /* its trail gets a sentence per hop, its venv the first one on the way */
	char *path;    /* the current place */
	char *called;  /* the most recent link named like a Python */
	bool done;
};

/* Takes ownership of `path`. */
static int hop_to(struct hops *h, char *path)
{
	free(h->path);
	h->path = path;
	return 0;
}

static int hop_into_folder(struct hops *h, struct err *err)
{
	CLEANUP_FREE char *shims = xasprintf("%s/shims", h->path);
	char *python = py_python_below(h->path);

	if (!python)
		python = python_in(h->path);
	if (!python) {
		err_set(err, ERR_INPUT, "'%s' holds no Python: there is no bin/python3 in it",
			h->path);
		return path_is_dir(shims)
			       ? err_hint(err,
					 "it is pyenv's own folder: name one below '%s/versions'",
					 h->path)
			       : err_hint(err,
					 "name an interpreter, its prefix, or a virtual environment");
	}
	strv_addf(&h->dist->trail, "the interpreter of the folder '%s' is '%s'", h->path, python);
	return hop_to(h, python);
}

static int hop_link(struct hops *h, struct err *err)
{
	CLEANUP_FREE char *dir = path_dir(h->path), *next = NULL, *to = NULL, *real = NULL;
	char target[PATH_MAX];
	ssize_t n = readlink(h->path, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(err, "cannot read the link '%s'", h->path);
	target[n] = '\0';
	strv_addf(&h->dist->trail, "'%s' is a symbolic link to '%s'%s", h->path, target,
		!strncmp(target, "/etc/alternatives/", 18) ? ", one of the system's alternatives"
							   : "");
	if (py_python_name(h->path)) {
		free(h->called);
		h->called = xstrdup(h->path);
	}
	/* Resolve links and dots in the folders; the last component is the next hop. */
	next = *target == '/' ? xstrdup(target) : xasprintf("%s/%s", dir, target);
	to = path_dir(next);
	real = realpath(to, NULL);
	return hop_to(h, real ? xasprintf("%s/%s", strcmp(real, "/") ? real : "", path_base(next))
			      : steal(&next));
}

/* The interpreter in a virtual environment is a copy: `home` tells where the installation is. */
static int hop_from_venv(
	struct hops *h, const char *venv, const struct pyvenv *cfg, struct err *err)
{
	const char *base = path_base(h->path);
	CLEANUP_FREE char *same = cfg->home ? xasprintf("%s/%s", cfg->home, base) : NULL;
	CLEANUP_FREE char *three = cfg->home ? xasprintf("%s/python3", cfg->home) : NULL;
	const char *const places[] = {same, cfg->executable, three};

	if (!cfg->home)
		return err_set(
			err, ERR_INPUT, "'%s/pyvenv.cfg' does not say what it was made from", venv);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!places[i] || !strcmp(places[i], h->path) || access(places[i], X_OK) < 0)
			continue;
		strv_addf(&h->dist->trail, "'%s' is a copy of '%s'", h->path, places[i]);
		return hop_to(h, xstrdup(places[i]));
	}
	err_set(err, ERR_INPUT,
		"the virtual environment '%s' was made from '%s', which has no '%s'", venv,
		cfg->home, base);
	return err_hint(err, "its Python was moved or removed: recreate it");
}

/* A program without any sign of a Python may be a launcher that turns into one when started under
 * that name (its own, or that of a link to it), so run it to find out which. */
static int hop_program(struct hops *h, struct err *err)
{
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};
	CLEANUP_FREE char *exe = NULL;
	const char *name = py_python_name(h->path) ? h->path : h->called;
	struct err failed = ERR_INIT;
	struct stat started, here;

	h->done = true;
	/* An unreadable file is reported by the next reader. */
	if (!name || elf_facts_read(h->path, &facts, &failed) < 0 || py_starts_python(&facts))
		return 0;
	if (h->dist->no_run) {
		strv_addf(&h->dist->trail,
			"nothing in '%s' shows that it starts a Python: if it is a launcher, only running it shows which one",
			h->path);
		return 0;
	}
	if (py_ask_started(name, &exe, &failed) < 0) {
		/* The reason why a Python itself does not run is reported elsewhere. */
		if (name == h->called)
			strv_addf(&h->dist->trail,
				"'%s', started as '%s', does not answer as a Python (%s)", h->path,
				name, failed.msg);
		return interrupt_check(err);
	}
	h->dist->answers = stat(exe, &started) == 0 && stat(h->path, &here) == 0 &&
			   started.st_dev == here.st_dev && started.st_ino == here.st_ino;
	if (h->dist->answers || exe[0] != '/' || access(exe, X_OK) < 0)
		return 0;
	strv_addf(&h->dist->trail, "'%s' is a launcher; started as '%s' it becomes '%s'", h->path,
		name, exe);
	h->done = false;
	return hop_to(h, steal(&exe));
}

/* The program in a "#!" line; resolves env(1). */
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

static int hop_script(struct hops *h, const char *head, struct err *err)
{
	CLEANUP_FREE char *root = pyenv_shim_root(head);
	CLEANUP_FREE char *program = script_interpreter(head), *next = NULL;

	if (root) {
		strv_addf(&h->dist->trail, "'%s' is a shim of pyenv", h->path);
		if (pyenv_which(root, path_base(h->path), &next, &h->dist->trail, err) < 0)
			return -1;
		strv_addf(&h->dist->trail, "the shim runs '%s'", next);
		return hop_to(h, steal(&next));
	}
	if (py_python_name(program) && strcmp(program, h->path) != 0) {
		next = path_absolute(program);
		strv_addf(&h->dist->trail, "'%s' is a script that '%s' runs", h->path, next);
		return hop_to(h, steal(&next));
	}
	if (!py_python_name(h->path)) {
		err_set(err, ERR_INPUT, "'%s' is a script of '%s', not an interpreter", h->path,
			program);
		return err_hint(err, "name the interpreter that it runs");
	}
	/* A script called python runs one; ask which. */
	if (h->dist->no_run) {
		err_set(err, ERR_INPUT,
			"'%s' is a script, and only running it shows which Python it starts",
			h->path);
		return err_hint(err, "name the interpreter itself, or leave out --no-run");
	}
	if (py_ask_started(h->path, &next, err) < 0)
		return err_wrap(err, "asking the script '%s' for its interpreter", h->path);
	if (next[0] != '/' || !strcmp(next, h->path))
		return err_set(err, ERR_INPUT, "the script '%s' does not run a Python", h->path);
	strv_addf(&h->dist->trail,
		"'%s' is a script of '%s'; it runs '%s', which is examined without it", h->path,
		program, next);
	return hop_to(h, steal(&next));
}

/* The virtual environment that `path` belongs to, by Python's own rule: a pyvenv.cfg in its folder
 * or one level up. */
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

static int hop(struct hops *h, struct err *err)
{
	CLEANUP_PYVENV struct pyvenv cfg = {0};
	CLEANUP_FREE char *venv = NULL;
	CLEANUP_CLOSE int fd = -1;
	char head[HEAD_SIZE + 1];
	struct stat st;
	ssize_t n;

	if (lstat(h->path, &st) < 0)
		return errno != ENOENT && errno != ENOTDIR
			       ? err_sys(err, "cannot examine '%s'", h->path)
			       : err_set(err, ERR_INPUT, "'%s' does not exist", h->path);
	if (S_ISDIR(st.st_mode))
		return hop_into_folder(h, err);
	venv = venv_of(h->path, &cfg);
	if (venv && (!h->dist->venv || strcmp(h->dist->venv, venv) != 0)) {
		strv_addf(&h->dist->trail, "'%s' is a virtual environment, made from '%s'", venv,
			cfg.home ? cfg.home : "?");
		if (!h->dist->venv)
			h->dist->venv = xstrdup(venv);
	}
	if (S_ISLNK(st.st_mode))
		return hop_link(h, err);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INPUT, "'%s' is neither a file nor a folder", h->path);
	fd = file_open(h->path, err);
	if (fd < 0)
		return -1;
	n = read(fd, head, HEAD_SIZE);
	if (n < 0)
		return err_sys(err, "cannot read '%s'", h->path);
	head[n] = '\0';
	if (elf_is(head, (size_t)n))
		return venv ? hop_from_venv(h, venv, &cfg, err) : hop_program(h, err);
	if (n > 2 && head[0] == '#' && head[1] == '!')
		return hop_script(h, head, err);
	err_set(err, ERR_INPUT, "'%s' is not an interpreter: neither an ELF file nor a script",
		h->path);
	return err_hint(err, "name an interpreter, its prefix, or a virtual environment");
}

int py_follow(const char *what, struct python *dist, char **ret, struct err *err)
{
	CLEANUP_FREE char *found = NULL, *path = NULL, *called = NULL, *real = NULL;
	struct hops h = {.dist = dist};
	int n = 0, failed = 0;

	if (!strchr(what, '/') && !path_exists(what)) {
		found = find_program(what);
		if (!found) {
			err_set(err, ERR_INPUT, "there is no '%s', neither here nor on PATH", what);
			return err_hint(
				err, "name an interpreter, its prefix, or a virtual environment");
		}
	}
	h.path = path_absolute(found ? found : what);
	if (found)
		strv_addf(&dist->trail, "'%s' on PATH is '%s'", what, h.path);
	while (!failed && !h.done && n++ < PY_MAX_HOPS)
		failed = hop(&h, err);
	path = h.path;
	called = h.called;
	/* The last sentence of the trail tells how we got to what failed. */
	if (failed)
		return dist->trail.n && err->code == ERR_INPUT
			       ? err_wrap(err, "%s", dist->trail.v[dist->trail.n - 1])
			       : -1;
	if (!h.done)
		return err_set(err, ERR_INPUT,
			"'%s' leads through more than %d links and scripts: a circle?", what,
			PY_MAX_HOPS);
	real = realpath(path, NULL);
	if (!real)
		return err_sys(err, "cannot resolve '%s'", path);
	if (strcmp(real, path) != 0)
		strv_addf(&dist->trail, "with the links in its folders resolved, '%s' is '%s'",
			path, real);
	*ret = steal(&real);
	return 0;
}
