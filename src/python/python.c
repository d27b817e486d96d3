/* A Python installation: combines its own answers with what is read from files. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "python/python-internal.h"
#include "report/json.h"

#define MAX_HEADER (256 * 1024)

const char *py_config(const struct python *dist, const char *name)
{
	json_t *vars = json_object_get(dist->says, "config_vars"), *value;

	value = json_object_get(vars, name);
	/* Replace a number by a string, so that the text has an owner. */
	if (json_is_integer(value)) {
		value = json_sprintf("%lld", (long long)json_integer_value(value));
		json_object_set_new(vars, name, value);
	}
	return json_string_value(value);
}

char *py_project_name(const char *name, size_t n)
{
	char *out = xstrndup(name, n), *to = out;

	for (const char *p = out; *p; p++) {
		bool separator = strchr("-_.", *p);

		if (!separator)
			*to++ = (char)tolower((unsigned char)*p);
		else if (to > out && to[-1] != '-')
			*to++ = '-';
	}
	*to = '\0';
	return out;
}

const char *py_link_name(enum py_link link)
{
	static const char *const names[] = {"unknown", "static", "shared", "dual"};

	return names[link];
}

bool py_is_libpython(const char *name, bool stub)
{
	const char *base = path_base(name);

	return !strncmp(base, "libpython", 9) && isdigit((unsigned char)base[9]) &&
	       (stub ||
		       (strcmp(base, "libpython3.so") != 0 && strcmp(base, "libpython3t.so") != 0));
}

const char *py_other_implementation(const struct python *dist)
{
	static const struct {
		const char *says, *name;
	} known[] = {{"pypy", "PyPy"}, {"graalpy", "GraalPy"}, {"rustpython", "RustPython"}};
	const char *says = json_word(dist->says, "implementation");
	const char *base = path_base(dist->interpreter);

	if (says && !strcmp(says, "cpython"))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (says ? !strcmp(says, known[i].says)
			 : !strncmp(base, known[i].says, strlen(known[i].says)))
			return known[i].name;
	}
	return says;
}

enum py_link py_link_of(const struct elf_facts *facts)
{
	bool program = facts->kind == ELF_KIND_EXECUTABLE || facts->kind == ELF_KIND_PIE;

	if (elf_exports(facts, "Py_Initialize")) {
		if (program)
			return PY_LINK_STATIC;
		return facts->interp ? PY_LINK_DUAL : PY_LINK_UNKNOWN;
	}
	for (size_t i = 0; program && i < facts->n_needed; i++) {
		if (py_is_libpython(facts->needed[i], false))
			return PY_LINK_SHARED;
	}
	return PY_LINK_UNKNOWN;
}

bool py_answers(const struct python *dist)
{
	return (dist->link == PY_LINK_STATIC || dist->link == PY_LINK_DUAL) && !dist->musl &&
	       dist->soname && dist->libpython_shared &&
	       !strcmp(dist->soname, path_base(dist->libpython_shared));
}

bool py_runs(const struct python *dist)
{
	return dist->runs || dist->emulator;
}

bool py_python_name(const char *path)
{
	const char *base = path_base(path);

	return !strncmp(base, "python", 6) || !strncmp(base, "pypy", 4) ||
	       !strncmp(base, "graalpy", 7);
}

bool py_starts_python(const struct elf_facts *facts)
{
	static const char *const names[] = {"Py_BytesMain", "_Py_UnixMain", "Py_Main"};

	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
		if (elf_exports(facts, names[n]) || elf_wants(facts, names[n]))
			return true;
	}
	return false;
}

bool py_is_interpreter(const char *path, const struct elf_facts *facts)
{
	if (facts->kind == ELF_KIND_OBJECT || (facts->kind == ELF_KIND_SHARED && !facts->interp))
		return false;
	return py_starts_python(facts) || py_python_name(path);
}

/* ---- places -------------------------------------------------------------------------------- */

static char *real_or_copy(const char *path)
{
	char *real = realpath(path, NULL);

	return real ? real : xstrdup(path);
}

/* True if the prefix is shared with other software: /usr and the like, conda's prefixes, and those
 * in the user's home (a Python in ~/bin or ~/.local/bin). */
static bool is_system_prefix(const char *prefix)
{
	CLEANUP_FREE char *conda = xasprintf("%s/conda-meta", prefix);
	const char *home = getenv("HOME");
	CLEANUP_FREE char *real = home && *home ? realpath(home, NULL) : NULL;
	CLEANUP_FREE char *local = real ? xasprintf("%s/.local", real) : NULL;

	return !strcmp(prefix, "/") || !strcmp(prefix, "/usr/local") ||
	       !strcmp(path_base(prefix), "usr") || path_is_dir(conda) ||
	       (real && (!strcmp(prefix, real) || !strcmp(prefix, local)));
}

/* "3.13", or "3.13t", from a folder lib/python3.13 with a standard library; NULL unless there is
 * exactly one. */
static char *series_below(const char *prefix)
{
	CLEANUP_FREE char *lib = xasprintf("%s/lib", prefix), *found = NULL;
	CLEANUP_STRV struct strv names = STRV_INIT;
	struct err ignored = ERR_INIT;

	dir_list(lib, &names, &ignored);
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *os = xasprintf("%s/%s/os.py", lib, names.v[i]);

		if (strncmp(names.v[i], "python3.", 8) != 0 || access(os, F_OK) < 0)
			continue;
		if (found)
			return NULL;
		found = xstrdup(names.v[i] + 6);
	}
	return steal(&found);
}

/* PY_VERSION from the installed header. */
static char *version_in_header(const struct python *dist)
{
	static const char define[] = "#define PY_VERSION";
	CLEANUP_FREE char *path = xasprintf("%s/include/python%s%s/patchlevel.h", dist->prefix,
		dist->series, dist->abiflags ? dist->abiflags : "");
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (file_read(path, MAX_HEADER, &text, &ignored) < 0)
		return NULL;
	for (const char *p = text.data; (p = strstr(p, define));) {
		p += strlen(define);
		p += strspn(p, " \t");
		if (*p == '"')
			return xstrndup(p + 1, strcspn(p + 1, "\"\n"));
	}
	return NULL;
}

/* For an interpreter that does not run: guesses from its name and place. */
static void version_from_place(struct python *dist)
{
	const char *base = path_base(dist->interpreter), *flags;

	if (!strncmp(base, "python", 6) && isdigit((unsigned char)base[6]) && strchr(base, '.')) {
		flags = base + 6 + strspn(base + 6, "0123456789.");
		dist->series = xstrndup(base + 6, (size_t)(flags - base - 6));
		if (strspn(flags, "abcdefghijklmnopqrstuvwxyz") == strlen(flags))
			dist->abiflags = xstrdup(flags);
	} else {
		dist->series = series_below(dist->prefix);
		flags = dist->series ? dist->series + strcspn(dist->series, "t") : "";
		if (*flags) {
			dist->abiflags = xstrdup(flags);
			dist->series[flags - dist->series] = '\0';
		}
	}
	if (!dist->series)
		return;
	if (sscanf(dist->series, "%d.%d", &dist->major, &dist->minor) != 2)
		dist->major = dist->minor = 0;
	dist->version = version_in_header(dist);
	if (dist->version)
		sscanf(dist->version, "%*d.%*d.%d", &dist->micro);
}

/* Takes ownership of `path`; returns its real path if it is a folder, else NULL. */
static char *existing_dir(char *path)
{
	CLEANUP_FREE char *given = path;

	return given && path_is_dir(given) ? real_or_copy(given) : NULL;
}

static void find_places(struct python *dist)
{
	static const char *const libs[] = {"lib", "lib64"};
	const json_t *paths = json_object_get(dist->says, "paths");
	const char *prefix = json_word(dist->says, "base_prefix");
	const char *stdlib = json_word(paths, "stdlib");
	CLEANUP_FREE char *bin = path_dir(dist->interpreter), *above = path_dir(bin);

	dist->prefix = real_or_copy(prefix && path_is_dir(prefix) ? prefix : above);
	dist->system = is_system_prefix(dist->prefix);
	if (!dist->runs && !dist->version)
		version_from_place(dist);
	if (stdlib)
		dist->stdlib = existing_dir(xstrdup(stdlib));
	for (size_t i = 0; !dist->stdlib && dist->series && i < ARRAY_SIZE(libs); i++)
		dist->stdlib = existing_dir(xasprintf("%s/%s/python%s%s", dist->prefix, libs[i],
			dist->series, dist->abiflags && strchr(dist->abiflags, 't') ? "t" : ""));
	if (dist->stdlib)
		dist->dynload = existing_dir(xasprintf("%s/lib-dynload", dist->stdlib));
}

/* ---- libpython ----------------------------------------------------------------------------- */

/* The first regular file, links resolved, with one of the names in one of the folders. */
static char *first_file(const struct strv *dirs, const struct strv *names)
{
	for (size_t k = 0; k < names->n; k++) {
		for (size_t i = 0; i < dirs->n; i++) {
			CLEANUP_FREE char *path = xasprintf("%s/%s", dirs->v[i], names->v[k]);
			struct stat st;

			if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
				return real_or_copy(path);
		}
	}
	return NULL;
}

/* The libraries that ship with it, if they exist: names from sysconfig variables first, then usual
 * names; most specific folder first. */
static void find_libraries(struct python *dist)
{
	static const char *const all_flags[] = {"", "t", "m", "d", "td", "dm"};
	static const struct {
		const char *variable, *suffix;
	} named[] = {{"INSTSONAME", ".so"}, {"LDLIBRARY", ".so"}, {"LIBRARY", ".a"}};
	CLEANUP_STRV struct strv dirs = STRV_INIT, shared = STRV_INIT, archives = STRV_INIT;
	const char *multiarch = py_config(dist, "MULTIARCH");
	const char *const places[] = {py_config(dist, "LIBDIR"), py_config(dist, "LIBPL")};
	const char *prefix = strcmp(dist->prefix, "/") ? dist->prefix : "";

	if (!dist->series || py_other_implementation(dist))
		return;
	strv_addf(&dirs, "%s/lib", prefix);
	strv_addf(&dirs, "%s/lib64", prefix);
	if (multiarch)
		strv_addf(&dirs, "%s/lib/%s", prefix, multiarch);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (places[i] && *places[i] == '/')
			strv_add(&dirs, places[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(named); i++) {
		const char *name = py_config(dist, named[i].variable);

		if (name && strstr(name, named[i].suffix) && !strchr(name, '/') &&
			py_is_libpython(name, true))
			strv_add(!strcmp(named[i].suffix, ".a") ? &archives : &shared, name);
	}
	for (size_t i = 0; i < (dist->abiflags ? 1 : ARRAY_SIZE(all_flags)); i++) {
		const char *flags = dist->abiflags ? dist->abiflags : all_flags[i];

		strv_addf(&shared, "libpython%s%s.so.1.0", dist->series, flags);
		strv_addf(&shared, "libpython%s%s.so.1", dist->series, flags);
		strv_addf(&shared, "libpython%s%s.so", dist->series, flags);
		strv_addf(&archives, "libpython%s%s.a", dist->series, flags);
		strv_addf(&archives, "libpython%s%s-pic.a", dist->series, flags);
	}
	dist->libpython_shared = first_file(&dirs, &shared);
	dist->libpython_static = first_file(&dirs, &archives);
}

static int find_loaded(struct python *dist, const struct elf_facts *facts, struct err *err)
{
	const struct py_chain chain = {dist->interpreter, facts};
	CLEANUP_FREE char *found = NULL;

	for (size_t i = 0; !found && i < facts->n_needed; i++) {
		if (!py_is_libpython(facts->needed[i], true))
			continue;
		free(dist->libpython_loaded_why);
		if (py_loader_find(&chain, 1, facts->needed[i], &found, &dist->libpython_loaded_why,
			    err) < 0)
			return -1;
	}
	if (found)
		dist->libpython_loaded = real_or_copy(found);
	return 0;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static int find_python(const char *what, struct python *dist, struct err *err)
{
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};

	if (py_follow(what, dist, &dist->interpreter, err) < 0 ||
		elf_facts_read(dist->interpreter, &facts, err) < 0)
		return -1;
	dist->link = py_link_of(&facts);
	dist->soname = facts.soname ? xstrdup(facts.soname) : NULL;
	dist->musl = py_is_musl(facts.interp);
	if (!dist->answers && !py_is_interpreter(dist->interpreter, &facts)) {
		err_set(err, ERR_INPUT, "'%s' is not a Python interpreter", dist->interpreter);
		if (dist->trail.n)
			err_wrap(err, "%s", dist->trail.v[dist->trail.n - 1]);
		return err_hint(err,
			"it is an ELF file that does not start one ('solder inspect' shows it)");
	}
	if (py_ask(dist, &facts, err) < 0)
		return -1;
	find_places(dist);
	find_libraries(dist);
	if (dist->libpython_shared && !strcmp(dist->libpython_shared, dist->interpreter))
		dist->link = PY_LINK_DUAL;
	return find_loaded(dist, &facts, err);
}

static int find_or_release(const char *what, bool run, struct python *dist, struct err *err)
{
	*dist = (struct python){.no_run = !run};
	dist->given = xstrdup(what);
	/* Answers of programs that a signal interrupted say nothing about the Python. */
	if (interrupt_check(err) == 0 && find_python(what, dist, err) == 0 &&
		interrupt_check(err) == 0)
		return 0;
	py_release(dist);
	return -1;
}

int py_find(const char *what, struct python *dist, struct err *err)
{
	return find_or_release(what, true, dist, err);
}

int py_find_unrun(const char *what, struct python *dist, struct err *err)
{
	return find_or_release(what, false, dist, err);
}

void py_release(struct python *dist)
{
	char *const texts[] = {dist->given, dist->venv, dist->interpreter, dist->prefix,
		dist->why_not, dist->version, dist->series, dist->abiflags, dist->stdlib,
		dist->dynload, dist->libpython_shared, dist->libpython_static,
		dist->libpython_loaded, dist->libpython_loaded_why, dist->soname};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(texts[i]);
	strv_release(&dist->trail);
	json_decref(dist->says);
	*dist = (struct python){0};
}
