/* Prepares a Python for probes: folders, programs, packages from PyPI, and the environment. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "check/check-internal.h"
#include "proc/proc.h"

#define ASK_TIMEOUT_MS 60000
#define INSTALL_TIMEOUT_MS 900000

/* A compiler of a machine with glibc makes nothing for musl, but for those of these names. */
#ifdef __GLIBC__
#define CC_OF_MUSL "musl-gcc", "musl-clang"
#define CXX_OF_MUSL NULL
#else
#define CC_OF_MUSL "cc", "gcc", "clang"
#define CXX_OF_MUSL "c++", "g++", "clang++"
#endif

static char *first_program(const char *const *names)
{
	char *found = NULL;

	for (; *names && !found; names++)
		found = find_program(*names);
	return found;
}

/* Sets the environment of the scripts, as documented in probes/common.sh. */
static void describe(struct probe_target *t, const char *probes_dir, bool offline)
{
	/* cargo usually comes from rustup, and finds its toolchains and settings there. */
	static const char *const ours[][2] = {{"CARGO_HOME", ".cargo"}, {"RUSTUP_HOME", ".rustup"}};
	static const char *const libs[] = {"MODLIBS", "LIBS", "SYSLIBS"};
	const struct python *d = t->dist;
	const char *path = getenv("PATH"), *home = getenv("HOME");
	CLEANUP_FREE char *probes = path_absolute(probes_dir);
	CLEANUP_BUF struct buf static_libs = BUF_INIT;

	strv_addf(&t->env, "PATH=%s/bin:%s", t->site, path ? path : "/usr/bin:/bin");
	strv_addf(&t->env, "HOME=%s/home", t->dir);
	strv_addf(&t->env, "TMPDIR=%s/tmp", t->dir);
	for (size_t i = 0; i < ARRAY_SIZE(libs); i++) {
		const char *value = py_config(d, libs[i]);

		buf_addf(&static_libs, "%s%s", i ? " " : "", value ? value : "");
	}
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		const char *value = getenv(ours[i][0]);

		if (value)
			strv_addf(&t->env, "%s=%s", ours[i][0], value);
		else if (home)
			strv_addf(&t->env, "%s=%s/%s", ours[i][0], home, ours[i][1]);
	}
	const char *const variables[][2] = {{"LC_ALL", "C.UTF-8"}, {"PYTHON", d->interpreter},
		{"SERIES", d->series}, {"PREFIX", d->prefix}, {"LINK", py_link_name(d->link)},
		{"ANSWERS", py_answers(d) ? "yes" : "no"}, {"LIBPYTHON", d->libpython_shared},
		{"LIBPYTHON_A", d->libpython_static}, {"INCLUDE", t->include},
		{"LIBPL", py_config(d, "LIBPL")}, {"LIBPC", py_config(d, "LIBPC")},
		{"EXT", py_config(d, "EXT_SUFFIX")}, {"MODULE", t->module}, {"CC", t->cc},
		{"CXX", t->cxx}, {"PROBES", probes}, {"SITE", t->site},
		{"OFFLINE", offline ? "1" : ""}, {"STATIC_LIBS", static_libs.data}};

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		strv_addf(
			&t->env, "%s=%s", variables[i][0], variables[i][1] ? variables[i][1] : "");
}

int probe_target_init(struct probe_target *t, const struct python *dist, const char *scratch,
	const char *name, const char *probes_dir, bool offline, struct err *err)
{
	static const char *const cc[] = {"cc", "gcc", "clang", NULL};
	static const char *const cxx[] = {"c++", "g++", "clang++", NULL};
	static const char *const of_musl[] = {CC_OF_MUSL, NULL}, *const cxx_of_musl[] = {
									 CXX_OF_MUSL, NULL};
	static const char *const dirs[] = {"home", "tmp", "site"};
	/* Standard library modules that are shared objects: a program that embeds Python should be
	 * able to import them, and they get the C API from the program that loads them. */
	static const char *const modules[] = {
		"_ctypes", "_bz2", "_lzma", "_sqlite3", "_ssl", "zlib", "_json", "_struct", "math"};
	const char *suffix = py_config(dist, "EXT_SUFFIX");
	const char *include = check_text(json_object_get(dist->says, "paths"), "include");
	CLEANUP_FREE char *root = path_absolute(scratch);
	CLEANUP_FREE char *header = xasprintf("%s/Python.h", include ? include : "");

	*t = (struct probe_target){.dist = dist};
	t->dir = xasprintf("%s/%s", root, name);
	t->site = xasprintf("%s/site", t->dir);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		CLEANUP_FREE char *dir = xasprintf("%s/%s", t->dir, dirs[i]);

		if (make_dirs(dir, err) < 0)
			return -1;
	}
	for (size_t i = 0; suffix && dist->dynload && !t->module && i < ARRAY_SIZE(modules); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s%s", dist->dynload, modules[i], suffix);

		t->module = path_exists(path) ? xstrdup(modules[i]) : NULL;
	}
	t->include = include && path_exists(header) ? xstrdup(include) : NULL;
	t->cc = first_program(dist->musl ? of_musl : cc);
	t->cxx = first_program(dist->musl ? cxx_of_musl : cxx);
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
	CLEANUP_STRV struct strv args = STRV_INIT, env = STRV_INIT;
	const struct py_program program = {.interpreter = t->dist->interpreter,
		.code = "import importlib.util, sys\n"
			"sys.exit(importlib.util.find_spec(sys.argv[1]) is None)\n",
		.args = &args,
		.env = &env,
		.limit_ms = ASK_TIMEOUT_MS};
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;

	strv_addf(&env, "PYTHONPATH=%s", t->site);
	strv_add(&args, module);
	return py_run(&program, &out, &ignored) == 0;
}

/* The parts of a word: "KIND:NAME:PACKAGE". The package defaults to the name. */
struct need {
	struct strv parts;
	const char *kind, *name, *package;
	bool pypi; /* available from PyPI */
};

static struct need need_of(const char *word)
{
	struct need need = {0};

	strv_split(&need.parts, word, ":");
	need.kind = need.parts.v[0];
	need.name = need.parts.n > 1 ? need.parts.v[1] : "";
	need.package = need.parts.n > 2 ? need.parts.v[2] : need.name;
	need.pypi = check_listed("python tool", need.kind);
	return need;
}

static bool is_there(const struct need *need, const struct probe_target *t)
{
	CLEANUP_FREE char *program = NULL;

	if (!strcmp(need->kind, "python"))
		return has_module(t, need->name);
	program = xasprintf("%s/bin/%s", t->site, need->name);
	if (!path_exists(program)) {
		free(program);
		program = find_program(need->name);
	}
	return program;
}

char *probe_missing(const struct probe *probe, const struct probe_target *t)
{
	const struct {
		const char *kind;
		const char *there, *text;
	} plain[] = {
		{"cc", t->cc,
			t->dist->musl ? "needs musl-gcc (package musl-tools)"
				      : "needs a C compiler"},
		{"c++", t->cxx,
			t->dist->musl ? "needs a C++ compiler for musl" : "needs a C++ compiler"},
		{"headers", t->include, "needs Python.h; this installation has no headers"},
		{"shared", t->dist->libpython_shared,
			"needs libpython as a shared library; this installation has none"},
		{"static", t->dist->libpython_static,
			"needs libpython as a static library; this installation has none"},
		{"module", t->module, "needs an extension module in lib-dynload"},
	};
	CLEANUP_STRV struct strv words = STRV_INIT;
	char *text = NULL;

	strv_split(&words, probe->needs, " ");
	for (size_t i = 0; i < words.n && !text; i++) {
		struct need need = need_of(words.v[i]);
		size_t k = 0;

		while (k < ARRAY_SIZE(plain) && strcmp(need.kind, plain[k].kind) != 0)
			k++;
		if (k < ARRAY_SIZE(plain))
			text = plain[k].there ? NULL : xstrdup(plain[k].text);
		else if (!is_there(&need, t))
			text = xasprintf("needs %s%s", need.pypi ? need.package : need.name,
				need.pypi ? ", which --install-consumers fetches from PyPI" : "");
		strv_release(&need.parts);
	}
	return text;
}

/* Installs into a fresh folder first, since pip replaces the whole bin of its target. */
static int install(
	const struct probe_target *t, const struct strv *pip, const char *package, struct err *err)
{
	CLEANUP_STRV struct strv words = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_FREE char *fresh = xasprintf("%s/tmp/%s", t->dir, package);
	struct err ignored = ERR_INIT;
	int r;

	strv_split(&words, "install --quiet --no-input --disable-pip-version-check --target", " ");
	strv_add(&words, fresh);
	strv_add(&words, package);
	if (pip_run(pip, &words, NULL, 1 << 20, INSTALL_TIMEOUT_MS, &out, err) == 0) {
		r = tree_copy(fresh, t->site, err);
		tree_remove(fresh, &ignored);
		return r;
	}
	if (err->code == ERR_INTERRUPTED)
		return -1;
	/* The last lines have the reason. */
	return err_wrap(err, "%s", out.len > 600 ? out.data + out.len - 600 : out.data);
}

int probe_install(const struct probe *const *chosen, size_t n, const struct probe_target *t,
	struct progress *progress, struct err *err)
{
	static const char *const others[] = {"python3", "python", NULL};
	CLEANUP_STRV struct strv packages = STRV_INIT, pip = STRV_INIT, words = STRV_INIT;

	for (size_t i = 0; i < n; i++)
		strv_split(&words, chosen[i]->needs, " ");
	for (size_t i = 0; i < words.n; i++) {
		struct need need = need_of(words.v[i]);

		if (need.pypi && !strv_has(&packages, need.package) && !is_there(&need, t))
			strv_add(&packages, need.package);
		strv_release(&need.parts);
	}
	if (packages.n && !pip_find(t->dist->interpreter, others, &pip)) {
		progress_warn(progress, "no consumers installed: there is no pip, neither the "
					"interpreter's own nor one of a python3 on PATH");
		return interrupt_check(err);
	}
	for (size_t i = 0; i < packages.n; i++) {
		CLEANUP_FREE char *name = xasprintf("pip install %s", packages.v[i]);
		int line = progress_start(progress, name, 0);
		struct err failure = ERR_INIT;
		int r = install(t, &pip, packages.v[i], &failure);

		progress_end(progress, line, r < 0 ? "failed" : "done");
		if (r < 0 && failure.code == ERR_INTERRUPTED) {
			*err = failure;
			return -1;
		}
		if (r < 0)
			progress_warn(progress, "%s: %s", name, failure.msg);
	}
	return 0;
}
