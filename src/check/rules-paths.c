/* Rules about descriptions of the installation: sysconfig, .pc files, python3-config and
 * build-details.json must match the installed files. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "check/check-internal.h"
#include "proc/proc.h"
#include "report/json.h"

/* Limit for the value of a variable in a .pc file. */
#define VALUE_MAX 4096
#define CONFIG_MS 60000

static void check_folders(struct rule_run *r, const char *const *names, size_t n)
{
	const struct python *d = r->dist;

	for (size_t i = 0; i < n; i++) {
		const char *path = py_config(d, names[i]);

		if (path && *path && !path_is_dir(path))
			rule_find(r, path, "is %s of sysconfig, and no folder", names[i]);
		else if (path && *path && r->relocatable && !rule_path_below(path, d->prefix))
			rule_find(
				r, path, "is %s of sysconfig, outside the distribution", names[i]);
	}
}

static void sysconfig_paths(struct rule_run *r)
{
	/* Folders that are always installed. Another rule covers headers. */
	static const char *const names[] = {
		"prefix", "exec_prefix", "BINDIR", "LIBDIR", "LIBDEST", "DESTSHARED", "LIBPL"};
	static const char *const schemes[] = {"stdlib", "platstdlib"};
	const json_t *paths = json_object_get(r->dist->says, "paths");

	check_folders(r, names, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		const char *path = json_word(paths, schemes[i]);

		if (path && !path_is_dir(path))
			rule_find(r, path, "is the path '%s' of sysconfig, and no folder",
				schemes[i]);
	}
}

static void sysconfig_leftovers(struct rule_run *r)
{
	static const char *const names[] = {"BINLIBDEST", "SCRIPTDIR", "DESTLIB", "MACHDESTLIB"};

	check_folders(r, names, ARRAY_SIZE(names));
}

static void headers(struct rule_run *r)
{
	static const char *const names[] = {"Python.h", "pyconfig.h"};
	static const char *const variables[] = {"INCLUDEPY", "CONFINCLUDEPY"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *dir = py_config(r->dist, variables[i]);
		CLEANUP_FREE char *path = xasprintf("%s/%s", dir ? dir : "", names[i]);

		if (!dir || !*dir)
			rule_unchecked(r, "sysconfig has no %s", variables[i]);
		else if (!path_exists(path))
			rule_find(r, path, "is not there");
	}
}

/* What leads to the libpython beside it is as good: stub-library is about it. */
static bool is_stub(const struct rule_run *r, const char *path)
{
	const struct py_file *f;

	for (size_t i = 0; (f = rule_next(r, ROLE(PY_ROLE_STUB), &i));)
		if (rule_same_file(path, f->path))
			return true;
	return false;
}

static void sysconfig_library(struct rule_run *r)
{
	static const char *const names[] = {"LDLIBRARY", "INSTSONAME"};
	const struct python *d = r->dist;
	const char *libdir = py_config(d, "LIBDIR"), *libpl = py_config(d, "LIBPL");

	if (!libdir || !path_is_dir(libdir)) {
		rule_unchecked(r, "LIBDIR is not a folder; see sysconfig-paths");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *name = py_config(d, names[i]);
		CLEANUP_FREE char *path = xasprintf("%s/%s", libdir, name ? name : "");

		if (!name || !*name)
			continue;
		/* Tools search both folders. */
		if (!path_exists(path) && libpl) {
			free(path);
			path = xasprintf("%s/%s", libpl, name);
		}
		if (!path_exists(path))
			rule_find(
				r, libdir, "holds no %s, which sysconfig calls %s", name, names[i]);
		else if (strstr(name, ".so") && d->libpython_shared &&
			 !rule_same_file(path, d->libpython_shared) && !is_stub(r, path))
			rule_find(r, path,
				"is %s of sysconfig, and not the libpython that ships (%s)",
				names[i], d->libpython_shared);
	}
}

/* The value in a line NAME=VALUE, NAME="VALUE" or, with the separator ':', NAME: VALUE; NULL if not
 * found. The caller frees it. */
static char *value_of(const char *text, const char *name, char separator)
{
	size_t n = strlen(name);

	for (const char *p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		if (strncmp(p, name, n) != 0 || p[n] != separator)
			continue;
		p += n + 1;
		if (separator == ':')
			return xstrndup(p, strcspn(p, "\n"));
		p += *p == '"' || *p == '\'';
		return xstrndup(p, strcspn(p, "\"'\n"));
	}
	return NULL;
}

static char *config_script(const struct python *d)
{
	CLEANUP_FREE char *bin = path_dir(d->interpreter);
	CLEANUP_FREE char *path = xasprintf("%s/python%s%s-config", bin, d->series ? d->series : "",
		d->abiflags ? d->abiflags : "");

	return path_exists(path) ? steal(&path) : NULL;
}

static void link_mode(struct rule_run *r)
{
	const struct python *d = r->dist;
	const char *shared = py_config(d, "Py_ENABLE_SHARED");
	const char *ldlibrary = py_config(d, "LDLIBRARY");
	CLEANUP_FREE char *path = config_script(d), *says = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!shared)
		rule_unchecked(r, "sysconfig has no Py_ENABLE_SHARED");
	else if (ldlibrary && *ldlibrary && !strcmp(shared, "1") != !!strstr(ldlibrary, ".so"))
		rule_find(r, d->interpreter, "says Py_ENABLE_SHARED %s, but LDLIBRARY %s", shared,
			ldlibrary);
	if (shared && d->libpython_shared && strcmp(shared, "1") != 0)
		rule_find(r, d->interpreter,
			"says Py_ENABLE_SHARED %s, and a shared libpython ships: %s", shared,
			d->libpython_shared);
	if (!path || !rule_read_text(path, &text)) {
		rule_unchecked(r, "there is no python%s-config", d->series ? d->series : "3");
		return;
	}
	says = value_of(text.data, "PY_ENABLE_SHARED", '=');
	if (!says)
		rule_unchecked(r, "its python-config does not say PY_ENABLE_SHARED");
	else if (shared && strcmp(says, shared) != 0)
		rule_find(r, path, "says PY_ENABLE_SHARED=%s; sysconfig says %s", says, shared);
}

/* Splits compiler flags at blanks, except after a backslash. */
static void flag_words(const char *flags, struct strv *out)
{
	static const char blanks[] = " \t\n";

	for (const char *p = flags + strspn(flags, blanks); *p; p += strspn(p, blanks)) {
		CLEANUP_BUF struct buf word = BUF_INIT;

		for (; *p && !strchr(blanks, *p); p++) {
			p += *p == '\\' && p[1];
			buf_add(&word, p, 1);
		}
		if (!strv_has(out, word.data))
			strv_add(out, word.data);
	}
}

/* Checks the folders of -I and -L flags and, with `libraries`, that one of the -L folders has the
 * library of each -lpython. */
static void check_flags(struct rule_run *r, const char *where, const char *flags, bool libraries)
{
	CLEANUP_STRV struct strv words = STRV_INIT, folders = STRV_INIT;

	flag_words(flags, &words);
	for (size_t i = 0; i < words.n; i++) {
		const char *word = words.v[i];

		if (!check_listed("-I* -L*", word) || !word[2])
			continue;
		if (!path_is_dir(word + 2))
			rule_find(r, where, "gives %s, which is no folder", word);
		else if (word[1] == 'L')
			strv_add(&folders, word + 2);
	}
	for (size_t i = 0; libraries && folders.n && i < words.n; i++) {
		bool found = false;

		if (strncmp(words.v[i], "-lpython", 8) != 0)
			continue;
		for (size_t k = 0; k < folders.n; k++) {
			CLEANUP_FREE char *a =
				xasprintf("%s/lib%s.a", folders.v[k], words.v[i] + 2);
			CLEANUP_FREE char *so =
				xasprintf("%s/lib%s.so", folders.v[k], words.v[i] + 2);

			found = found || path_exists(so) || path_exists(a);
		}
		if (!found)
			rule_find(r, where, "gives %s, and none of its folders holds that library",
				words.v[i]);
	}
}

static void python_config(struct rule_run *r)
{
	/* The first three print a folder, the rest flags. */
	static const char *const options[] = {
		"--prefix", "--exec-prefix", "--configdir", "--includes", "--cflags", "--ldflags"};
	CLEANUP_FREE char *path = config_script(r->dist);

	if (!path) {
		rule_unchecked(r, "there is no python%s-config beside the interpreter",
			r->dist->series ? r->dist->series : "3");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
		CLEANUP_BUF struct buf out = BUF_INIT;
		struct proc_spec spec = {
			.argv = &argv, .env = &env, .cwd = "/", .out = -1, .err = -1};
		struct err err = ERR_INIT;

		strv_add(&argv, path);
		strv_add(&argv, options[i]);
		if (!strcmp(options[i], "--ldflags"))
			strv_add(&argv, "--embed");
		strv_add(&env, "PATH=/usr/local/bin:/usr/bin:/bin");
		strv_add(&env, "LC_ALL=C");
		if (proc_run(&spec, false, 1 << 16, CONFIG_MS, &out, &err) < 0) {
			rule_find(r, path, "%s fails: %s", options[i], err.msg);
			return;
		}
		if (i >= 3) {
			check_flags(r, path, out.data, false);
			continue;
		}
		out.data[strcspn(out.data, "\n")] = '\0';
		if (!path_is_dir(out.data))
			rule_find(
				r, path, "%s gives '%s', which is no folder", options[i], out.data);
	}
}

/* Checks one .pc file; false if it is missing or cannot be read. */
static bool check_pc(struct rule_run *r, const char *path)
{
	static const char *const fields[] = {"Cflags", "Libs"};
	CLEANUP_FREE char *real = realpath(path, NULL), *dir = real ? path_dir(real) : NULL;
	CLEANUP_BUF struct buf text = BUF_INIT, escaped = BUF_INIT;

	if (!real || !rule_read_text(real, &text))
		return false;
	/* Escaped in the same way as by pkg-config. */
	buf_adds(&escaped, dir);
	buf_replace(&escaped, " ", "\\ ");
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		CLEANUP_FREE char *value = value_of(text.data, fields[i], ':');
		CLEANUP_BUF struct buf flags = BUF_INIT;

		buf_adds(&flags, value ? value : "");
		/* Several rounds, since values refer to others; limited, since the text is
		 * untrusted. */
		for (int round = 0; round < 8 && flags.len <= 1 << 16; round++) {
			const char *start = strstr(flags.data, "${");
			CLEANUP_FREE char *name = NULL, *reference = NULL, *found = NULL;

			if (!start)
				break;
			name = xstrndup(start + 2, strcspn(start + 2, "}"));
			reference = xasprintf("${%s}", name);
			found = !strcmp(name, "pcfiledir") ? xstrdup(escaped.data)
							   : value_of(text.data, name, '=');
			if (found && strlen(found) > VALUE_MAX)
				break;
			buf_replace(&flags, reference, found ? found : "");
		}
		check_flags(r, path, flags.data, true);
	}
	return true;
}

static void pkg_config(struct rule_run *r)
{
	static const char *const ends[] = {"", "-embed"};
	const struct python *d = r->dist;
	const char *libpc = py_config(d, "LIBPC"), *version = py_config(d, "LDVERSION");
	CLEANUP_FREE char *below = xasprintf("%s/lib/pkgconfig", d->prefix);
	const char *dir = libpc && *libpc ? libpc : below;

	if (!path_is_dir(dir)) {
		if (r->relocatable)
			rule_find(r, dir, "is not there: no .pc files");
		else
			rule_unchecked(r, "there is no folder '%s'", dir);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/python-%s%s.pc", dir,
			version && *version ? version : d->series, ends[i]);

		if (!check_pc(r, path))
			rule_find(r, path, "is not there, or cannot be read");
	}
}

/* Relative paths are relative to base_prefix, and that to the file itself. */
static void check_detail(struct rule_run *r, const char *where, const char *base,
	const json_t *value, const char *name)
{
	const char *path = json_string_value(value);
	CLEANUP_FREE char *whole = NULL;

	if (!path)
		return;
	whole = path[0] == '/' ? xstrdup(path) : xasprintf("%s/%s", base, path);
	if (!path_exists(whole))
		rule_find(r, where, "says %s is '%s', which does not exist", name, path);
	else if (r->relocatable && path[0] == '/')
		rule_find(r, where, "says %s is '%s': right in one place only", name, path);
}

static void build_details(struct rule_run *r)
{
	static const char *const names[][2] = {{NULL, "base_interpreter"}, {"libpython", "dynamic"},
		{"libpython", "dynamic_stableabi"}, {"libpython", "static"}, {"c_api", "headers"},
		{"c_api", "pkgconfig_path"}};
	const struct python *d = r->dist;
	CLEANUP_FREE char *path = xasprintf("%s/build-details.json", d->stdlib ? d->stdlib : "");
	CLEANUP_FREE char *base = NULL;
	struct err err = ERR_INIT;
	const char *prefix;
	json_t *model;

	if (d->minor < 14 && !path_exists(path)) {
		rule_unchecked(r, "3.14 is the first version that has a build-details.json");
		return;
	}
	model = py_json_load(path, &err);
	if (!model) {
		rule_find(r, path, "%s", path_exists(path) ? err.msg : "is not there");
		return;
	}
	prefix = json_word(model, "base_prefix");
	base = !prefix            ? xstrdup(d->prefix)
	       : prefix[0] == '/' ? xstrdup(prefix)
				  : xasprintf("%s/%s", d->stdlib, prefix);
	check_detail(r, path, d->stdlib, json_object_get(model, "base_prefix"), "base_prefix");
	for (size_t i = 0; path_is_dir(base) && i < ARRAY_SIZE(names); i++) {
		const json_t *from = names[i][0] ? json_object_get(model, names[i][0]) : model;

		check_detail(r, path, base, json_object_get(from, names[i][1]), names[i][1]);
	}
	json_decref(model);
}

static void sysconfig_form(struct rule_run *r)
{
	static const char head[] = "# system configuration generated and used by the sysconfig "
				   "module\nbuild_time_vars = {";
	CLEANUP_FREE char *path = rule_sysconfig_data(r->dist);
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!path || !rule_read_text(path, &text))
		rule_unchecked(r, "the module of build-time variables is not where it usually is");
	else if (strncmp(text.data, head, strlen(head)) != 0)
		rule_find(
			r, path, "does not begin with the comment and the dict that uv looks for");
}

const struct check_rule rules_paths[] = {
	{"sysconfig-paths", CHECK_ERROR, NEEDS_RUN,
		"build tools look for headers, libraries and modules where there are none",
		"correct the variable, in _sysconfigdata_*.py or where it is made",
		"The folders that sysconfig names exist: prefix, BINDIR, LIBDIR, LIBDEST, "
		"DESTSHARED, LIBPL, and the paths of the standard library. In a "
		"distribution that can be moved they lie inside it, wherever it is.",
		.apply = sysconfig_paths},
	{"sysconfig-leftovers", CHECK_NOTE, NEEDS_RUN,
		"nobody is known to read these variables; they show what the build was told",
		"none, unless a tool of yours reads them",
		"Variables of CPython's own makefile that stay in sysconfig and name folders "
		"(BINLIBDEST, SCRIPTDIR, DESTLIB, MACHDESTLIB) name such that exist.",
		.apply = sysconfig_leftovers},
	{"sysconfig-library", CHECK_ERROR, NEEDS_RUN,
		"PyInstaller, PyO3, CMake and others take the library's name from there",
		"ship the library under that name, or correct the variable",
		"LDLIBRARY and INSTSONAME exist in LIBDIR or LIBPL and are the libpython that "
		"ships.",
		.apply = sysconfig_library},
	{"sysconfig-form", CHECK_WARNING, NEEDS_RELOCATABLE,
		"uv refuses to install the distribution",
		"leave the first two lines as CPython writes them; append code after the dict",
		"uv rewrites the variables of a distribution that it installs, and reads "
		"_sysconfigdata_*.py only in the form that CPython writes: its comment in the "
		"first line, `build_time_vars = {` in the second.",
		.apply = sysconfig_form},
	{"headers", CHECK_WARNING, NEEDS_RUN, "extension modules cannot be compiled",
		"install the headers (Debian: python3.X-dev)",
		"INCLUDEPY/Python.h and CONFINCLUDEPY/pyconfig.h exist.", .apply = headers},
	{"link-mode", CHECK_WARNING, NEEDS_RUN,
		"tools that ask python3-config and tools that ask sysconfig link different "
		"libraries",
		"take both from one build, or correct one of them",
		"Py_ENABLE_SHARED and LDLIBRARY of sysconfig, the shared library that ships and "
		"PY_ENABLE_SHARED in python3-config agree on whether libpython is shared.",
		.apply = link_mode},
	{"python-config", CHECK_ERROR, 0, "makefiles that ask it get folders that do not exist",
		"let the script compute its prefix from its own place",
		"pythonX.Y-config runs, and the folders of --prefix, --exec-prefix, --configdir, "
		"--includes, --cflags and --ldflags --embed exist.",
		.apply = python_config},
	{"pkg-config", CHECK_ERROR, 0, "meson, CMake and autotools get folders that do not exist",
		"write prefix=${pcfiledir}/../.. into the .pc files",
		"python-X.Y.pc and python-X.Y-embed.pc exist in LIBPC, the folders of their flags "
		"exist, and one of them holds the library that they name.",
		.apply = pkg_config},
	{"build-details", CHECK_ERROR, NEEDS_RUN,
		"tools that read it instead of running Python are led astray",
		"make its paths relative to the file, and true",
		"The paths in build-details.json (3.14 and later) exist; in a distribution that "
		"can be moved they are relative.",
		.apply = build_details},
	{0},
};
