#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "check/pip-internal.h"
#include "check/probe-internal.h"
#include "proc/proc.h"

#define ASK_TIMEOUT_MS 60000
#define INSTALL_TIMEOUT_MS 900000

static char *first_program(const char *const *names)
{
	for (; *names; names++) {
		char *found = find_program(*names);

		if (found)
			return found;
	}
	return NULL;
}

/* A module of the standard library that is a shared object: whoever embeds Python should be able
 * to import it, and it takes the C API from whoever loads it. */
static char *find_module(const struct python *dist)
{
	static const char *const names[] = {
		"_ctypes", "_bz2", "_lzma", "_sqlite3", "_ssl", "zlib", "_json", "_struct", "math"};
	const char *suffix = py_config(dist, "EXT_SUFFIX");

	for (size_t i = 0; suffix && dist->dynload && i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s%s", dist->dynload, names[i], suffix);

		if (path_exists(path))
			return xstrdup(names[i]);
	}
	return NULL;
}

static char *find_include(const struct python *dist)
{
	const char *dir =
		json_string_value(json_object_get(json_object_get(dist->says, "paths"), "include"));
	CLEANUP_FREE char *header = xasprintf("%s/Python.h", dir ? dir : "");

	return dir && path_exists(header) ? xstrdup(dir) : NULL;
}

static void add(struct probe_target *t, const char *name, const char *value)
{
	strv_addf(&t->env, "%s=%s", name, value ? value : "");
}

static void add_ours(struct probe_target *t, const char *name, const char *below_home)
{
	const char *value = getenv(name), *home = getenv("HOME");

	if (value)
		add(t, name, value);
	else if (below_home && home)
		strv_addf(&t->env, "%s=%s/%s", name, home, below_home);
}

static void add_static_libs(struct probe_target *t)
{
	static const char *const names[] = {"MODLIBS", "LIBS", "SYSLIBS"};
	CLEANUP_BUF struct buf libs = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = py_config(t->dist, names[i]);

		buf_addf(&libs, "%s%s", i ? " " : "", value ? value : "");
	}
	add(t, "STATIC_LIBS", libs.data);
}

static void describe(struct probe_target *t, const char *probes_dir, bool offline)
{
	const struct python *d = t->dist;
	const char *path = getenv("PATH");
	CLEANUP_FREE char *probes = path_absolute(probes_dir);

	strv_addf(&t->env, "PATH=%s/bin:%s", t->site, path ? path : "/usr/bin:/bin");
	strv_addf(&t->env, "HOME=%s/home", t->dir);
	strv_addf(&t->env, "TMPDIR=%s/tmp", t->dir);
	add(t, "LC_ALL", "C.UTF-8");
	/* cargo is rustup's, mostly, and finds its toolchains and its settings there. */
	add_ours(t, "CARGO_HOME", ".cargo");
	add_ours(t, "RUSTUP_HOME", ".rustup");
	add(t, "PYTHON", d->interpreter);
	add(t, "SERIES", d->series);
	add(t, "PREFIX", d->prefix);
	add(t, "LINK", py_link_name(d->link));
	add(t, "LIBPYTHON", d->libpython_shared);
	add(t, "LIBPYTHON_A", d->libpython_static);
	add(t, "INCLUDE", t->include);
	add(t, "LIBPL", py_config(d, "LIBPL"));
	add(t, "LIBPC", py_config(d, "LIBPC"));
	add(t, "EXT", py_config(d, "EXT_SUFFIX"));
	add(t, "MODULE", t->module);
	add(t, "CC", t->cc);
	add(t, "CXX", t->cxx);
	add(t, "PROBES", probes);
	add(t, "SITE", t->site);
	add(t, "OFFLINE", offline ? "1" : "");
	add_static_libs(t);
}

int probe_target_init(struct probe_target *t, const struct python *dist, const char *scratch,
	const char *name, const char *probes_dir, bool offline, struct err *err)
{
	static const char *const cc[] = {"cc", "gcc", "clang", NULL};
	static const char *const cxx[] = {"c++", "g++", "clang++", NULL};
	static const char *const dirs[] = {"home", "tmp", "site"};
	CLEANUP_FREE char *root = path_absolute(scratch);

	*t = (struct probe_target){.dist = dist};
	t->dir = xasprintf("%s/%s", root, name);
	t->site = xasprintf("%s/site", t->dir);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		CLEANUP_FREE char *dir = xasprintf("%s/%s", t->dir, dirs[i]);

		if (make_dirs(dir, err) < 0)
			return -1;
	}
	t->module = find_module(dist);
	t->include = find_include(dist);
	t->cc = first_program(cc);
	t->cxx = first_program(cxx);
	describe(t, probes_dir, offline);
	return 0;
}

void probe_target_release(struct probe_target *t)
{
	strv_release(&t->env);
	free(t->dir);
	free(t->site);
	free(t->module);
	free(t->include);
	free(t->cc);
	free(t->cxx);
}

static bool has_module(const struct probe_target *t, const char *module)
{
	CLEANUP_STRV struct strv env = STRV_INIT, args = STRV_INIT;
	CLEANUP_BUF struct buf ignored = BUF_INIT;
	struct err why = ERR_INIT;

	strv_addf(&env, "PYTHONPATH=%s", t->site);
	strv_add(&args, module);
	return py_run(&(struct py_program){.interpreter = t->dist->interpreter,
			      .code = "import importlib.util, sys\n"
				      "sys.exit(importlib.util.find_spec(sys.argv[1]) is None)\n",
			      .args = &args,
			      .env = &env,
			      .limit_ms = ASK_TIMEOUT_MS},
		       &ignored, &why) == 0;
}

static bool has_program(const struct probe_target *t, const char *name)
{
	CLEANUP_FREE char *ours = xasprintf("%s/bin/%s", t->site, name);
	CLEANUP_FREE char *found = path_exists(ours) ? xstrdup(ours) : find_program(name);

	return found != NULL;
}

/* The parts of a word: "KIND:NAME:PACKAGE". The package is called like the name by default. */
struct need {
	struct strv parts;
	const char *kind, *name, *package;
};

static void need_split(const char *word, struct need *need)
{
	*need = (struct need){0};
	strv_split(&need->parts, word, ":");
	need->kind = need->parts.v[0];
	need->name = need->parts.n > 1 ? need->parts.v[1] : "";
	need->package = need->parts.n > 2 ? need->parts.v[2] : need->name;
}

static bool from_pypi(const struct need *need)
{
	return !strcmp(need->kind, "python") || !strcmp(need->kind, "tool");
}

static bool there(const struct need *need, const struct probe_target *t)
{
	if (!strcmp(need->kind, "python"))
		return has_module(t, need->name);
	return has_program(t, need->name);
}

static char *lacks(const struct need *need, const struct probe_target *t)
{
	const struct {
		const char *kind;
		bool there;
		const char *text;
	} plain[] = {
		{"cc", t->cc, "needs a C compiler"},
		{"c++", t->cxx, "needs a C++ compiler"},
		{"headers", t->include, "needs Python.h; this installation has no headers"},
		{"shared", t->dist->libpython_shared,
			"needs libpython as a shared library; this installation has none"},
		{"static", t->dist->libpython_static,
			"needs libpython as a static library; this installation has none"},
		{"module", t->module, "needs an extension module in lib-dynload"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (!strcmp(need->kind, plain[i].kind))
			return plain[i].there ? NULL : xstrdup(plain[i].text);
	if (there(need, t))
		return NULL;
	if (from_pypi(need))
		return xasprintf(
			"needs %s, which --install-consumers fetches from PyPI", need->package);
	return xasprintf("needs %s", need->name);
}

char *probe_missing(const struct probe *probe, const struct probe_target *t)
{
	CLEANUP_STRV struct strv words = STRV_INIT;

	strv_split(&words, probe->needs, " ");
	for (size_t i = 0; i < words.n; i++) {
		struct need need;
		char *text;

		need_split(words.v[i], &need);
		text = lacks(&need, t);
		strv_release(&need.parts);
		if (text)
			return text;
	}
	return NULL;
}

/* The interpreter's own pip, or another's that installs for it. */
static int pip_command(const struct probe_target *t, struct strv *argv, struct err *err)
{
	static const char *const others[] = {"python3", "python", NULL};

	if (has_module(t, "pip")) {
		strv_add(argv, t->dist->interpreter);
		strv_add(argv, "-I");
		strv_add(argv, "-m");
		strv_add(argv, "pip");
		return 0;
	}
	for (const char *const *name = others; *name; name++) {
		CLEANUP_STRV struct strv ask = STRV_INIT, env = STRV_INIT;
		CLEANUP_BUF struct buf out = BUF_INIT;
		struct proc_spec spec = {.argv = &ask, .env = &env, .out = -1, .err = -1};
		struct err ignored = ERR_INIT;

		strv_split(&ask, *name, " ");
		strv_split(&ask, "-I -m pip --version", " ");
		pip_environment(NULL, &env);
		if (proc_run(&spec, true, 65536, ASK_TIMEOUT_MS, &out, &ignored) == 0) {
			strv_split(argv, *name, " ");
			strv_split(argv, "-I -m pip --python", " ");
			strv_add(argv, t->dist->interpreter);
			return 0;
		}
	}
	return err_set(err, ERR_UNSUPPORTED,
		"there is no pip, neither the interpreter's own nor "
		"one of a python3 on PATH");
}

/* Into a folder of its own first: pip replaces the whole bin of one that it installs into. */
static int install(
	const struct probe_target *t, const struct strv *pip, const char *package, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_FREE char *fresh = xasprintf("%s/tmp/%s", t->dir, package);
	struct proc_spec spec = {.argv = &argv, .env = &env, .out = -1, .err = -1};
	struct err ignored = ERR_INIT;
	int r;

	for (size_t i = 0; i < pip->n; i++)
		strv_add(&argv, pip->v[i]);
	strv_split(&argv, "install --quiet --no-input --disable-pip-version-check", " ");
	strv_add(&argv, "--target");
	strv_add(&argv, fresh);
	strv_add(&argv, package);
	pip_environment(NULL, &env);
	if (proc_run(&spec, true, 1 << 20, INSTALL_TIMEOUT_MS, &out, err) == 0) {
		r = tree_copy(fresh, t->site, err);
		tree_remove(fresh, &ignored);
		return r;
	}
	if (err->code == ERR_INTERRUPTED)
		return -1;
	/* The last lines say why. */
	return err_wrap(err, "%s", out.len > 600 ? out.data + out.len - 600 : out.data);
}

static void wanted_packages(const struct probe *const *chosen, size_t n,
	const struct probe_target *t, struct strv *packages)
{
	for (size_t i = 0; i < n; i++) {
		CLEANUP_STRV struct strv words = STRV_INIT;

		strv_split(&words, chosen[i]->needs, " ");
		for (size_t k = 0; k < words.n; k++) {
			struct need need;

			need_split(words.v[k], &need);
			if (from_pypi(&need) && !strv_has(packages, need.package) &&
				!there(&need, t))
				strv_add(packages, need.package);
			strv_release(&need.parts);
		}
	}
}

int probe_install(const struct probe *const *chosen, size_t n, const struct probe_target *t,
	struct progress *progress, struct err *err)
{
	CLEANUP_STRV struct strv packages = STRV_INIT, pip = STRV_INIT;

	wanted_packages(chosen, n, t, &packages);
	if (packages.n == 0)
		return 0;
	if (pip_command(t, &pip, err) < 0) {
		progress_warn(progress, "no consumers installed: %s", err->msg);
		return interrupt_check(err);
	}
	for (size_t i = 0; i < packages.n; i++) {
		CLEANUP_FREE char *name = xasprintf("pip install %s", packages.v[i]);
		int line = progress_start(progress, name, 0);
		int r = install(t, &pip, packages.v[i], err);

		progress_end(progress, line, r < 0 ? "failed" : "done");
		if (r < 0 && err->code == ERR_INTERRUPTED)
			return -1;
		if (r < 0)
			progress_warn(progress, "%s: %s", name, err->msg);
	}
	return 0;
}
