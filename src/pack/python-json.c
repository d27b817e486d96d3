/* PYTHON.json, format version 8. Its readers reject unknown keys. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/below.h"
#include "base/file.h"
#include "pack/pack-internal.h"

#define CONFIG_MAX ((size_t)1 << 20)

static const char *config(const struct package *p, const char *name)
{
	return package_text(json_object_get(p->says, "python_config_vars"), name);
}

/* Maps "python/build/Modules/main.o" to "build/Modules/main.o" for the JSON. */
static const char *in_json(const char *name)
{
	return name + strlen("python/");
}

static bool has(const struct tar_list *full, const char *rel)
{
	CLEANUP_FREE char *name = xasprintf("python/%s", rel);

	return tar_list_find(full, name) != NULL;
}

/* Parses "-lm -ldl". All are system libraries, since the final link uses no others. */
static void add_links(json_t *links, const char *flags)
{
	CLEANUP_STRV struct strv words = STRV_INIT;

	strv_split(&words, flags, " \t");
	for (size_t i = 0; i < words.n; i++) {
		const char *name = words.v[i] + 2;
		bool known = strncmp(words.v[i], "-l", 2) != 0;

		for (size_t k = 0; !known && k < json_array_size(links); k++)
			known = !strcmp(package_text(json_array_get(links, k), "name"), name);
		if (!known)
			json_array_append_new(links,
				json_pack("{s:o, s:b}", "name", json_text(name), "system", 1));
	}
}

/* libc is always linked, so it is omitted. What the tree has is no system's. */
static json_t *needed_json(const struct tar_list *full, const struct elf_facts *f)
{
	json_t *links = json_array();

	for (size_t i = 0; i < f->n_needed; i++) {
		const char *name = f->needed[i], *end = strstr(name, ".so");
		CLEANUP_FREE char *path = NULL;

		if (strncmp(name, "lib", 3) != 0 || !strncmp(name, "libc.so", 7) || !end)
			continue;
		path = xasprintf("install/lib/%s", name);
		json_array_append_new(links,
			has(full, path) ? json_pack("{s:o*, s:s}", "name",
						  json_stringn(name + 3, (size_t)(end - name - 3)),
						  "path_dynamic", path)
					: json_pack("{s:o*, s:b}", "name",
						  json_stringn(name + 3, (size_t)(end - name - 3)),
						  "system", 1));
	}
	return links;
}

/* Adds an extension module; if it links packages of ours, with their licences and paths of the
 * licence texts. Both names show that a shared module is a file of its own. */
static void add_extension(const struct package *p, const struct tar_list *full, json_t *extensions,
	const char *module, const char *init, const char *shared, json_t *links)
{
	const char *const *package = package_libraries(module);
	json_t *licences = package ? json_array() : NULL, *paths = package ? json_array() : NULL;
	const json_t *item;
	size_t i;

	for (; package && *package; package++) {
		CLEANUP_FREE char *below = xasprintf("python/licenses/%s/", *package);

		json_array_foreach (json_object_get(p->build, "packages"), i, item) {
			if (!strcmp(package_text(item, "name"), *package))
				json_array_append(licences, json_object_get(item, "licence"));
		}
		for (i = 0; i < full->n; i++) {
			const char *name = full->v[i].name;

			if (full->v[i].kind == TAR_FILE && !strncmp(name, below, strlen(below)))
				json_array_append_new(paths, json_text(in_json(name)));
		}
	}
	json_object_set_new(extensions, module,
		json_pack("[{s:b, s:s, s:o, s:[], s:b, s:s, s:o*, s:o*, s:o*}]", "in_core", 0,
			"init_fn", init, "links", links, "objs", "required", 0, "variant",
			"default", "licenses", licences, "license_paths", paths, "shared_lib",
			shared ? json_text(shared) : NULL));
}

static void add_shared(const struct package *p, const struct tar_list *full, json_t *extensions)
{
	for (size_t i = 0; i < p->files.n; i++) {
		const struct py_file *f = &p->files.v[i];
		CLEANUP_FREE char *lib = xasprintf("install/%s", f->rel);
		CLEANUP_FREE char *module = package_module(f->rel);
		CLEANUP_FREE char *init = xasprintf("PyInit_%s", module);

		if (f->role == PY_ROLE_EXTENSION && !f->site && has(full, lib))
			add_extension(p, full, extensions, module, init, lib,
				needed_json(full, &f->facts));
	}
	/* a module whose file is a link to another module's */
	for (size_t i = 0; i < full->n; i++) {
		const struct tar_entry *link = &full->v[i];
		CLEANUP_FREE char *module = package_module(link->name);
		CLEANUP_FREE char *init = xasprintf("PyInit_%s", module);

		if (link->kind == TAR_LINK && strstr(link->name, "/lib-dynload/") &&
			!json_object_get(extensions, module))
			add_extension(p, full, extensions, module, init, in_json(link->name),
				json_array());
	}
}

/* The lines of a file in the config folder; empty if the file is missing. Keeps the first
 * failure. */
static void read_config(
	const struct package *p, const char *name, struct strv *lines, struct err *err)
{
	CLEANUP_FREE char *rel = xasprintf("%s/%s", p->config_rel, name);
	CLEANUP_FOLDER struct folder top = FOLDER_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct stat st;

	if (!err->code && folder_open(p->dir, &top, err) == 0 &&
		stat_below(&top, rel, &st, err) == 1 &&
		file_read_below(&top, rel, CONFIG_MAX, &text, err) == 0 && text.len)
		strv_split(lines, text.data, "\n");
}

/* For a line of Setup, "name file.c sub/other.c -DFLAG", finds the objects that the build has. A
 * module's first mention counts. */
static void read_setup_line(const char *line, const struct tar_list *full, json_t *extensions)
{
	CLEANUP_STRV struct strv words = STRV_INIT;
	json_t *e, *objs;

	strv_split(&words, line, " \t");
	if (words.n < 2 || !(isalpha((unsigned char)words.v[0][0]) || words.v[0][0] == '_'))
		return;
	e = json_array_get(json_object_get(extensions, words.v[0]), 0);
	objs = json_object_get(e, "objs");
	if (!e || json_object_get(e, "shared_lib") || json_array_size(objs))
		return;
	for (size_t i = 1; i < words.n; i++) {
		const char *dot = strrchr(words.v[i], '.');
		CLEANUP_FREE char *o = NULL;

		if (!dot || strcmp(dot, ".c") != 0)
			continue;
		o = xasprintf("build/Modules/%.*s.o", (int)(dot - words.v[i]), words.v[i]);
		if (has(full, o))
			json_array_append_new(objs, json_text(o));
	}
}

/* Reads the table of built-in modules in config.c: {"marshal", PyMarshal_Init}. Modules that need
 * no init function have NULL. Those not named in Setup belong to the interpreter itself. */
static void add_builtins(
	const struct package *p, const struct tar_list *full, json_t *extensions, struct err *err)
{
	static const char *const setups[] = {
		"Setup.local", "Setup.bootstrap", "Setup.stdlib", "Setup"};
	const json_t *builtins = json_object_get(p->says, "builtins"), *name;
	CLEANUP_STRV struct strv lines = STRV_INIT;
	json_t *inittab = json_object();
	size_t i;

	read_config(p, "config.c", &lines, err);
	for (i = 0; i < lines.n; i++) {
		char module[64], init[64];

		if (sscanf(lines.v[i], " {\"%63[^\"]\", %63[A-Za-z0-9_]}", module, init) == 2)
			json_object_set_new(inittab, module, json_string(init));
	}
	json_array_foreach (builtins, i, name) {
		const char *module = json_string_value(name);

		add_extension(p, full, extensions, module, package_text(inittab, module), NULL,
			json_array());
	}
	json_decref(inittab);
	strv_clear(&lines);
	for (i = 0; i < ARRAY_SIZE(setups); i++)
		read_config(p, setups[i], &lines, err);
	for (i = 0; i < lines.n; i++)
		read_setup_line(lines.v[i], full, extensions);
	json_array_foreach (builtins, i, name) {
		json_t *e = json_array_get(json_object_get(extensions, json_string_value(name)), 0);
		bool core = !json_array_size(json_object_get(e, "objs"));

		json_object_set_new(e, "in_core", json_boolean(core));
		json_object_set_new(e, "required", json_boolean(core));
	}
}

static bool is_listed(const json_t *extensions, const char *object)
{
	const char *name;
	json_t *variants;

	json_object_foreach ((json_t *)extensions, name, variants) {
		const json_t *objs = json_object_get(json_array_get(variants, 0), "objs"), *o;
		size_t i;

		json_array_foreach (objs, i, o) {
			if (!strcmp(json_string_value(o), object))
				return true;
		}
	}
	return false;
}

static json_t *core_json(
	const struct package *p, const struct tar_list *full, const json_t *extensions)
{
	json_t *objs = json_array(), *links = json_array(), *shared = NULL, *library = NULL;

	for (size_t i = 0; i < full->n; i++) {
		const char *name = in_json(full->v[i].name);

		if (full->v[i].kind == TAR_FILE && !strncmp(name, "build/", 6) &&
			ends_with(name, ".o") && strcmp(name, "build/Modules/config.o") != 0 &&
			!is_listed(extensions, name))
			json_array_append_new(objs, json_text(name));
	}
	add_links(links, config(p, "LIBS"));
	add_links(links, config(p, "SYSLIBS"));
	if (p->dist.libpython_shared) {
		CLEANUP_FREE char *rel =
			xasprintf("install%s", p->dist.libpython_shared + strlen(p->dir));

		shared = json_text(rel);
	}
	if (p->dist.libpython_static) {
		CLEANUP_FREE char *rel = xasprintf("install/lib/libpython%s%s.a", p->dist.series,
			package_text(p->says, "abiflags"));

		library = has(full, rel) ? json_text(rel) : NULL;
	}
	return json_pack("{s:o, s:o, s:o*, s:o*}", "objs", objs, "links", links, "shared_lib",
		shared, "static_lib", library);
}

static json_t *build_info(const struct package *p, const struct tar_list *full, struct err *err)
{
	const char *cc = package_text(json_object_get(p->build, "distribution"), "compiler");
	const char *clang = strstr(p->opts, "lto") ? strstr(cc, "clang version ") : NULL;
	json_t *extensions = json_object(), *cflags = json_array(), *format;
	CLEANUP_STRV struct strv words = STRV_INIT;

	add_shared(p, full, extensions);
	add_builtins(p, full, extensions, err);
	strv_split(&words, config(p, "PY_CORE_CFLAGS"), " \t\n");
	for (size_t i = 0; i < words.n; i++) {
		if (strncmp(words.v[i], "-I", 2) != 0)
			json_array_append_new(cflags, json_text(words.v[i]));
	}
	clang = clang ? clang + strlen("clang version ") : NULL;
	format = clang ? json_sprintf("llvm-bitcode:%.*s", (int)strcspn(clang, " "), clang)
		       : json_string("elf");
	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o}", "core", core_json(p, full, extensions),
		"extensions", extensions, "inittab_object", "build/Modules/config.o",
		"inittab_source", json_sprintf("install/%s/config.c", p->config_rel),
		"inittab_cflags", cflags, "object_file_format", format);
}

static json_t *crt_features(const struct package *p)
{
	bool musl = strstr(p->triple, "musl");
	const char *highest = "0";

	for (size_t i = 0; i < p->files.n; i++) {
		const char *v = p->files.v[i].facts.glibc;

		if (v && !p->files.v[i].site && strverscmp(v, highest) > 0)
			highest = v;
	}
	return json_pack("[s, o*]", musl ? "musl-dynamic" : "glibc-dynamic",
		*highest == '0' ? NULL : json_sprintf("glibc-max-symbol-version:%s", highest));
}

static json_t *licences(const struct package *p)
{
	json_t *list = json_array();
	CLEANUP_STRV struct strv ids = STRV_INIT;
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(p->build, "packages"), i, item)
		strv_split(&ids, package_text(item, "licence"), " ()");
	strv_sort(&ids);
	for (i = 0; i < ids.n; i++) {
		if (strcmp(ids.v[i], "AND") && strcmp(ids.v[i], "OR") && strcmp(ids.v[i], "WITH") &&
			(!i || strcmp(ids.v[i], ids.v[i - 1])))
			json_array_append_new(list, json_string(ids.v[i]));
	}
	return list;
}

char *python_json(const struct package *p, const struct tar_list *full, struct err *err)
{
	static const char licence[] = "licenses/cpython/LICENSE";
	CLEANUP_FREE char *exe = xasprintf(
		"install/bin/python%s%s", p->dist.series, package_text(p->says, "abiflags"));
	CLEANUP_FREE char *platform = xasprintf("install/%s", p->config_rel);
	json_t *j = json_copy(p->says), *tests = json_array();
	struct err bad = ERR_INIT;
	char *text;

	for (size_t i = 0; i < p->tests.n; i++)
		json_array_append_new(tests, json_text(p->tests.v[i]));
	json_object_del(j, "builtins");
	json_object_del(j, "abiflags");
	json_object_update_new(j,
		json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:s, s:[s, s], s:o, s:o, s:o, s:s*, "
			  "s:s, s:o}",
			"version", "8", "target_triple", p->triple, "build_options", p->opts,
			"optimizations", p->opts + (strncmp(p->opts, "freethreaded+", 13) ? 0 : 13),
			"crt_features", crt_features(p), "libpython_link_mode",
			p->dist.libpython_shared ? "shared" : "static", "python_exe",
			json_text(exe), "python_symbol_visibility", "global-default",
			"python_extension_module_loading", "builtin", "shared-library",
			"python_stdlib_test_packages", tests, "python_stdlib_platform_config",
			json_text(platform), "licenses", licences(p), "license_path",
			has(full, licence) ? licence : NULL, "run_tests", "build/run_tests.py",
			"build_info", build_info(p, full, &bad)));
	if (has(full, "install/lib/libtcl9.0.so"))
		json_object_update_new(
			j, json_pack("{s:s, s:[s, s, s]}", "tcl_library_path", "install/lib",
				   "tcl_library_paths", "tcl9", "tcl9.0", "tk9.0"));
	text = bad.code ? NULL : json_dumps(j, JSON_INDENT(2) | JSON_SORT_KEYS);
	json_decref(j);
	if (bad.code)
		*err = bad;
	return text;
}
