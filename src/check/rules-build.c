/* Rules about the build: compiler options and completeness. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "check/check-internal.h"

#define STRINGS_MAX ((size_t)512 << 20)

/* Stands for the producer that gcc records for code generated at link time. */
#define LINK_TIME "link-time optimisation"

/* Options that necessarily differ between objects for executables and libraries, those that do not
 * change the code, and three that gcc records for anything it generates when linking. */
static const char ignored_options[] =
	"-fPI* -fpi* -ftls-model* -g* -W* -I* -D* -std* -fno-semantic* -fsemantic* -flinker-output* "
	"-dumpbase* -o* -flto-partition* -ffat-lto* -fuse-linker* -fresolution* -fasynchronous* "
	"-fno-PI* -fno-pi* -fprofile-partial* -fltrans* -fwpa* -fno-openmp* -fno-openacc* "
	"-fcf-protection=none* -frandom-seed*";

/* Collects the options of the compilers named in the strings of debug information ("GNU C17 12.2.0
 * -O2 …"), each once. */
static void options_of(const char *data, size_t len, struct strv *out)
{
	for (size_t at = 0; at < len; at += strlen(data + at) + 1) {
		const char *s = data + at;
		CLEANUP_STRV struct strv words = STRV_INIT;

		if (!strncmp(s, "GNU C", 5) || !strncmp(s, "GNU GIMPLE", 10) ||
			!strncmp(s, "clang version", 13) || !strncmp(s, "Debian clang", 12))
			strv_split(&words, s, " ");
		if (!strncmp(s, "GNU GIMPLE", 10) && !strv_has(out, LINK_TIME))
			strv_add(out, LINK_TIME);
		for (size_t i = 0; i < words.n; i++) {
			const char *word = words.v[i];

			if (word[0] == '-' && word[1] && !check_listed(ignored_options, word) &&
				!strv_has(out, word))
				strv_add(out, word);
		}
	}
	strv_sort(out);
}

/* Returns false, with a reason, if the file does not record how it was compiled. */
static bool read_options(struct rule_run *r, const struct py_file *f, struct strv *out)
{
	CLEANUP_BUF struct buf strings = BUF_INIT;
	struct err err = ERR_INIT;
	int found = elf_section_read(f->path, ".debug_str", STRINGS_MAX, &strings, &err);

	if (found < 0)
		rule_unchecked(r, "%s", err.msg);
	else if (!found || !strings.len)
		rule_unchecked(r, "'%s' has no debug information that would tell", f->rel);
	else
		options_of(strings.data, strings.len, out);
	if (found > 0 && strings.len && !out->n)
		rule_unchecked(r, "the compiler of '%s' recorded no options", f->rel);
	return out->n;
}

static void missing_options(struct rule_run *r, const struct py_file *has, const struct strv *a,
	const struct py_file *lacks, const struct strv *b)
{
	CLEANUP_STRV struct strv only = STRV_INIT;
	CLEANUP_FREE char *joined = NULL;

	for (size_t i = 0; i < a->n; i++) {
		if (!strv_has(b, a->v[i]))
			strv_add(&only, a->v[i]);
	}
	if (!only.n)
		return;
	joined = strv_join(&only, ", ");
	rule_find(r, lacks->path, "was compiled without %s, unlike %s", joined, has->rel);
}

static void flags_agree(struct rule_run *r)
{
	const struct py_file *a = r->interpreter, *b = r->library;
	CLEANUP_STRV struct strv of_a = STRV_INIT, of_b = STRV_INIT;

	if (!read_options(r, a, &of_a) || !read_options(r, b, &of_b))
		return;
	missing_options(r, a, &of_a, b, &of_b);
	missing_options(r, b, &of_b, a, &of_a);
}

/* Modules of the standard library that some Linux builds lack, each with its requirement. */
static const struct {
	const char *name, *why;
} optional_modules[] = {
	{"_tkinter", "needs Tcl/Tk"},
	{"_gdbm", "needs gdbm, which is under the GPL"},
	{"_dbm", "needs Berkeley DB, ndbm or gdbm"},
	{"nis", "needs libnsl; removed in 3.13"},
	{"ossaudiodev", "needs the headers of OSS; removed in 3.13"},
	{"idlelib", "needs Tcl/Tk"},
	{"tkinter", "needs Tcl/Tk"},
	{"turtle", "needs Tcl/Tk"},
	{"turtledemo", "needs Tcl/Tk"},
	{"ensurepip", "distributions with a packager of their own leave it out"},
	{"lib2to3", "not needed by programs; removed in 3.13"},
};

/* Symbolic links count: two modules may share a file. */
static bool has_module(const struct python *d, const char *name)
{
	CLEANUP_FREE char *file = xasprintf("%s/%s.py", d->stdlib, name);
	CLEANUP_FREE char *package = xasprintf("%s/%s/__init__.py", d->stdlib, name);
	const json_t *item;
	size_t i;

	if (path_exists(file) || path_exists(package))
		return true;
	json_array_foreach (json_object_get(d->says, "builtins"), i, item) {
		if (json_is_string(item) && !strcmp(json_string_value(item), name))
			return true;
	}
	json_array_foreach (json_object_get(d->says, "extension_suffixes"), i, item) {
		const char *suffix = json_string_value(item);
		CLEANUP_FREE char *path = xasprintf(
			"%s/%s%s", d->dynload ? d->dynload : "", name, suffix ? suffix : "");

		if (d->dynload && access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static void modules(struct rule_run *r, bool optional)
{
	/* sys.stdlib_module_names includes the modules of all systems, and two frozen ones. */
	static const char no_files[] =
		"_msi _overlapped _scproxy _winapi _wmi msilib msvcrt nt winreg winsound "
		"_android_support _apple_support _ios_support _frozen_importlib "
		"_frozen_importlib_external";
	const json_t *names = json_object_get(r->dist->says, "stdlib_module_names"), *item;
	size_t i;

	if (!json_array_size(names) || !r->dist->stdlib) {
		rule_unchecked(
			r, "sys.stdlib_module_names is not there (3.10 is the first to have it)");
		return;
	}
	json_array_foreach (names, i, item) {
		const char *name = json_string_value(item), *why = NULL;

		if (!name || check_listed(no_files, name))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(optional_modules); k++) {
			if (!strcmp(name, optional_modules[k].name))
				why = optional_modules[k].why;
		}
		if (!!why != optional || has_module(r->dist, name))
			continue;
		if (why)
			rule_find(r, r->dist->stdlib, "has no module '%s' (%s)", name, why);
		else
			rule_find(r, r->dist->stdlib, "has no module '%s'", name);
	}
}

static void stdlib_modules(struct rule_run *r)
{
	modules(r, false);
}

static void optional_modules_found(struct rule_run *r)
{
	modules(r, true);
}

const struct check_rule rules_build[] = {
	{"flags-agree", CHECK_WARNING, NEEDS_STATIC | NEEDS_LIBRARY,
		"programs that embed Python run slower, or other, code than the interpreter",
		"build both from the same objects",
		"The interpreter and libpython were compiled with the same options, as their debug "
		"information records them (DW_AT_producer). Options for position-independence, "
		"thread-local storage, interposition, warnings and debug information do not count.",
		.apply = flags_agree},
	{"stdlib-modules", CHECK_ERROR, NEEDS_RUN,
		"`import` of a module that every Python has fails",
		"build it: a library or its headers were missing when CPython was configured",
		"Each module in sys.stdlib_module_names is built in, or is a source file, a "
		"package or an extension module of the standard library. Left out are "
		"modules of other systems and those of `optional-modules`.",
		.apply = stdlib_modules},
	{"optional-modules", CHECK_NOTE, NEEDS_RUN, "programs that use these modules do not run",
		"install the package that has them, or build with the library",
		"Modules of the standard library that many installations leave out on purpose: "
		"_tkinter and what is above it, _gdbm, _dbm, nis, ossaudiodev, idlelib, lib2to3, "
		"ensurepip.",
		.apply = optional_modules_found},
	{0},
};
