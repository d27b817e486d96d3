/* PYTHON.json, format version 8. Its readers refuse keys that they do not know. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/below.h"
#include "base/file.h"
#include "pack/pack-internal.h"

#define CONFIG_MAX ((size_t)1 << 20)

static json_t *words_json(const char *text, const char *drop)
{
	CLEANUP_STRV struct strv words = STRV_INIT;
	json_t *list = json_array();

	strv_split(&words, text, " \t\n");
	for (size_t i = 0; i < words.n; i++) {
		if (!drop || strncmp(words.v[i], drop, strlen(drop)) != 0)
			json_array_append_new(list, py_text_json(words.v[i]));
	}
	return list;
}

static json_t *strv_json(const struct strv *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(list, py_text_json(s->v[i]));
	return list;
}

static const char *config(const struct package *p, const char *name)
{
	return package_text(json_object_get(p->says, "python_config_vars"), name);
}

static bool has_link(const json_t *links, const char *name)
{
	const json_t *link;
	size_t i;

	json_array_foreach (links, i, link) {
		if (!strcmp(package_text(link, "name"), name))
			return true;
	}
	return false;
}

/* "-lm -ldl": libraries of the system, as nothing else is asked of the final link. */
static void add_links(json_t *links, const char *flags)
{
	CLEANUP_STRV struct strv words = STRV_INIT;

	strv_split(&words, flags, " \t");
	for (size_t i = 0; i < words.n; i++) {
		json_t *link;

		if (strncmp(words.v[i], "-l", 2) != 0 || has_link(links, words.v[i] + 2))
			continue;
		link = json_object();
		json_object_set_new(link, "name", py_text_json(words.v[i] + 2));
		json_object_set_new(link, "system", json_true());
		json_array_append_new(links, link);
	}
}

/* libc is in every link; it is not said. */
static json_t *needed_json(const struct elf_facts *f)
{
	json_t *links = json_array();

	for (size_t i = 0; i < f->n_needed; i++) {
		const char *name = f->needed[i];
		json_t *link;

		if (strncmp(name, "lib", 3) != 0 || !strncmp(name, "libc.so", 7) ||
			!strstr(name, ".so"))
			continue;
		link = json_object();
		json_object_set_new(link, "name",
			json_stringn(name + 3, (size_t)(strstr(name, ".so") - name - 3)));
		json_object_set_new(link, "system", json_true());
		json_array_append_new(links, link);
	}
	return links;
}

/* "python/build/Modules/main.o" is "build/Modules/main.o" in the JSON. */
static const char *in_json(const char *name)
{
	return name + strlen("python/");
}

static bool has(const struct tar_list *full, const char *rel)
{
	CLEANUP_FREE char *name = xasprintf("python/%s", rel);

	return tar_list_find(full, name) != NULL;
}

/* The licences of a package of ours, and where their texts are. */
static void add_licences(
	const struct package *p, const char *package, const struct tar_list *full, json_t *e)
{
	CLEANUP_FREE char *below = xasprintf("python/licenses/%s/", package);
	json_t *licences = json_object_get(e, "licenses");
	json_t *paths = json_object_get(e, "license_paths");
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(p->build, "packages"), i, item) {
		if (!strcmp(package_text(item, "name"), package))
			json_array_append(licences, json_object_get(item, "licence"));
	}
	for (size_t j = 0; j < full->n; j++) {
		if (full->v[j].kind == PACK_FILE && !strncmp(full->v[j].name, below, strlen(below)))
			json_array_append_new(paths, py_text_json(in_json(full->v[j].name)));
	}
}

static json_t *extension(
	const struct package *p, const char *module, const char *init, const struct tar_list *full)
{
	const char *const *packages = package_libraries(module);
	json_t *e = json_object();

	json_object_set_new(e, "in_core", json_false());
	json_object_set_new(e, "init_fn", json_string(init));
	json_object_set_new(e, "links", json_array());
	json_object_set_new(e, "objs", json_array());
	json_object_set_new(e, "required", json_false());
	json_object_set_new(e, "variant", json_string("default"));
	if (!packages)
		return e;
	json_object_set_new(e, "licenses", json_array());
	json_object_set_new(e, "license_paths", json_array());
	for (; *packages; packages++)
		add_licences(p, *packages, full, e);
	return e;
}

static void put_extension(json_t *extensions, const char *module, json_t *e)
{
	json_t *variants = json_array();

	json_array_append_new(variants, e);
	json_object_set_new(extensions, module, variants);
}

/* A module of its own file, which the names of both say. */
static void put_shared(const struct package *p, const struct tar_list *full, const char *module,
	const char *lib, json_t *links, json_t *extensions)
{
	CLEANUP_FREE char *init = xasprintf("PyInit_%s", module);
	json_t *e = extension(p, module, init, full);

	json_object_set_new(e, "links", links);
	json_object_set_new(e, "shared_lib", py_text_json(lib));
	put_extension(extensions, module, e);
}

static void add_shared(const struct package *p, const struct tar_list *full, json_t *extensions)
{
	for (size_t i = 0; i < p->files.n; i++) {
		const struct py_file *f = &p->files.v[i];
		CLEANUP_FREE char *lib = xasprintf("install/%s", f->rel);
		CLEANUP_FREE char *module = package_module(f->rel);

		if (f->role == PY_ROLE_EXTENSION && !f->site && has(full, lib))
			put_shared(p, full, module, lib, needed_json(&f->facts), extensions);
	}
	/* a module whose file is a link to another's */
	for (size_t i = 0; i < full->n; i++) {
		const struct tar_entry *link = &full->v[i];
		CLEANUP_FREE char *module = package_module(link->name);

		if (link->kind == PACK_LINK && strstr(link->name, "/lib-dynload/") &&
			!json_object_get(extensions, module))
			put_shared(p, full, module, in_json(link->name), json_array(), extensions);
	}
}

/* Of a line of Setup, "name file.c sub/other.c -DFLAG": the objects that the build has. */
static void add_objects(const struct strv *words, const struct tar_list *full, json_t *objs)
{
	for (size_t i = 1; i < words->n; i++) {
		const char *dot = strrchr(words->v[i], '.');
		CLEANUP_FREE char *o = NULL;

		if (!dot || strcmp(dot, ".c") != 0)
			continue;
		o = xasprintf("build/Modules/%.*s.o", (int)(dot - words->v[i]), words->v[i]);
		if (has(full, o))
			json_array_append_new(objs, py_text_json(o));
	}
}

/* The lines of a file of the config folder; none if it is not there. The first failure stays. */
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

/* The table of built-in modules, as config.c has it: {"marshal", PyMarshal_Init}. For some, which
 * need none, the function is NULL there. */
static json_t *read_inittab(const struct package *p, struct err *err)
{
	CLEANUP_STRV struct strv lines = STRV_INIT;
	json_t *table = json_object();

	read_config(p, "config.c", &lines, err);
	for (size_t i = 0; i < lines.n; i++) {
		char module[64], init[64];

		if (sscanf(lines.v[i], " {\"%63[^\"]\", %63[A-Za-z0-9_]}", module, init) == 2)
			json_object_set_new(table, module, json_string(init));
	}
	return table;
}

/* The first mention of a module counts. */
static void read_setup(const struct package *p, const char *setup, const struct tar_list *full,
	json_t *extensions, struct err *err)
{
	CLEANUP_STRV struct strv lines = STRV_INIT;

	read_config(p, setup, &lines, err);
	for (size_t i = 0; i < lines.n; i++) {
		CLEANUP_STRV struct strv words = STRV_INIT;
		json_t *e;

		strv_split(&words, lines.v[i], " \t");
		if (words.n < 2 || !(isalpha((unsigned char)words.v[0][0]) || words.v[0][0] == '_'))
			continue;
		e = json_array_get(json_object_get(extensions, words.v[0]), 0);
		if (!e || json_object_get(e, "shared_lib") ||
			json_array_size(json_object_get(e, "objs")))
			continue;
		add_objects(&words, full, json_object_get(e, "objs"));
	}
}

/* Modules that no Setup names belong to the interpreter itself. */
static void add_builtins(
	const struct package *p, const struct tar_list *full, json_t *extensions, struct err *err)
{
	static const char *const setups[] = {
		"Setup.local", "Setup.bootstrap", "Setup.stdlib", "Setup"};
	const json_t *builtins = json_object_get(p->says, "builtins"), *name;
	json_t *inittab = read_inittab(p, err);
	size_t i;

	json_array_foreach (builtins, i, name) {
		const char *module = json_string_value(name);

		put_extension(extensions, module,
			extension(p, module, package_text(inittab, module), full));
	}
	json_decref(inittab);
	for (i = 0; i < ARRAY_SIZE(setups); i++)
		read_setup(p, setups[i], full, extensions, err);
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
	json_t *core = json_object(), *objs = json_array(), *links = json_array();

	for (size_t i = 0; i < full->n; i++) {
		const char *name = in_json(full->v[i].name), *dot = strrchr(name, '.');

		if (full->v[i].kind == PACK_FILE && !strncmp(name, "build/", 6) && dot &&
			!strcmp(dot, ".o") && strcmp(name, "build/Modules/config.o") != 0 &&
			!is_listed(extensions, name))
			json_array_append_new(objs, py_text_json(name));
	}
	add_links(links, config(p, "LIBS"));
	add_links(links, config(p, "SYSLIBS"));
	json_object_set_new(core, "objs", objs);
	json_object_set_new(core, "links", links);
	if (p->dist.libpython_shared) {
		CLEANUP_FREE char *rel =
			xasprintf("install%s", p->dist.libpython_shared + strlen(p->dir));

		json_object_set_new(core, "shared_lib", py_text_json(rel));
	}
	if (p->dist.libpython_static) {
		CLEANUP_FREE char *rel = xasprintf("install/lib/libpython%s%s.a", p->dist.series,
			package_text(p->says, "abiflags"));

		if (has(full, rel))
			json_object_set_new(core, "static_lib", py_text_json(rel));
	}
	return core;
}

static char *object_format(const struct package *p)
{
	const char *cc = package_text(json_object_get(p->build, "distribution"), "compiler");
	const char *release = strstr(cc, "clang version ");

	if (!strstr(p->opts, "lto") || !release)
		return xstrdup("elf");
	release += strlen("clang version ");
	return xasprintf("llvm-bitcode:%.*s", (int)strcspn(release, " "), release);
}

static json_t *build_info(const struct package *p, const struct tar_list *full, struct err *err)
{
	CLEANUP_FREE char *config_c = xasprintf("install/%s/config.c", p->config_rel);
	CLEANUP_FREE char *format = object_format(p);
	json_t *info = json_object(), *extensions = json_object();

	add_shared(p, full, extensions);
	add_builtins(p, full, extensions, err);
	json_object_set_new(info, "core", core_json(p, full, extensions));
	json_object_set_new(info, "extensions", extensions);
	json_object_set_new(info, "inittab_object", json_string("build/Modules/config.o"));
	json_object_set_new(info, "inittab_source", json_string(config_c));
	json_object_set_new(info, "inittab_cflags", words_json(config(p, "PY_CORE_CFLAGS"), "-I"));
	json_object_set_new(info, "object_file_format", json_string(format));
	return info;
}

static json_t *crt_features(const struct package *p)
{
	json_t *list = json_array();
	const char *highest = "0";

	json_array_append_new(
		list, json_string(strstr(p->triple, "musl") ? "musl-dynamic" : "glibc-dynamic"));
	for (size_t i = 0; i < p->files.n; i++) {
		const char *v = p->files.v[i].facts.glibc;

		if (v && !p->files.v[i].site && strverscmp(v, highest) > 0)
			highest = v;
	}
	if (*highest != '0') {
		CLEANUP_FREE char *text = xasprintf("glibc-max-symbol-version:%s", highest);

		json_array_append_new(list, json_string(text));
	}
	return list;
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
	CLEANUP_FREE char *exe = xasprintf("install/bin/python%s", p->dist.series);
	CLEANUP_FREE char *platform = xasprintf("install/%s", p->config_rel);
	json_t *j = json_copy(p->says), *loading = json_array();
	struct err bad = ERR_INIT;
	char *text;

	json_object_del(j, "builtins");
	json_object_del(j, "abiflags");
	json_object_set_new(j, "version", json_string("8"));
	json_object_set_new(j, "target_triple", json_string(p->triple));
	json_object_set_new(j, "build_options", json_string(p->opts));
	json_object_set_new(j, "optimizations",
		json_string(p->opts + (strncmp(p->opts, "freethreaded+", 13) ? 0 : 13)));
	json_object_set_new(j, "crt_features", crt_features(p));
	json_object_set_new(j, "libpython_link_mode",
		json_string(p->dist.libpython_shared ? "shared" : "static"));
	json_object_set_new(j, "python_exe", py_text_json(exe));
	json_object_set_new(j, "python_symbol_visibility", json_string("global-default"));
	json_array_append_new(loading, json_string("builtin"));
	json_array_append_new(loading, json_string("shared-library"));
	json_object_set_new(j, "python_extension_module_loading", loading);
	json_object_set_new(j, "python_stdlib_test_packages", strv_json(&p->tests));
	json_object_set_new(j, "python_stdlib_platform_config", json_string(platform));
	json_object_set_new(j, "licenses", licences(p));
	if (has(full, "licenses/cpython/LICENSE"))
		json_object_set_new(j, "license_path", json_string("licenses/cpython/LICENSE"));
	json_object_set_new(j, "run_tests", json_string("build/run_tests.py"));
	json_object_set_new(j, "build_info", build_info(p, full, &bad));
	text = bad.code ? NULL : json_dumps(j, JSON_INDENT(2) | JSON_SORT_KEYS);
	json_decref(j);
	if (bad.code)
		*err = bad;
	return text;
}
