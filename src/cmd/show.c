/* solder show: what a built distribution is, read back from its files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/cmd.h"
#include "python/python.h"
#include "elf/elf.h"
#include "report/report.h"

struct values {
	bool json;
};

static json_t *string_list(const char *const *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, py_text_json(v[i]));
	return list;
}

static json_t *optional(const char *text)
{
	return py_text_json(text);
}

/* The library itself is linked in neither way. */
static const char *link_mode(const struct elf_facts *f)
{
	enum py_link link = py_link_of(f);

	if (link != PY_LINK_UNKNOWN)
		return py_link_name(link);
	return elf_exports(f, "Py_Initialize") ? "(this file)" : "none";
}

static int collect_elf(const char *path, const char *name, json_t *list, struct err *err)
{
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	json_t *a;

	if (elf_facts_read(path, &f, err) < 0)
		return -1;
	a = json_object();
	json_object_set_new(a, "name", json_string(name));
	json_object_set_new(a, "file", py_text_json(path_base(path)));
	json_object_set_new(a, "size", json_integer((json_int_t)f.file_size));
	json_object_set_new(a, "kind", json_string(elf_kind_name(f.kind)));
	json_object_set_new(a, "link", json_string(link_mode(&f)));
	json_object_set_new(a, "tls", json_string(elf_tls_model(&f)));
	json_object_set_new(a, "exports", json_integer((json_int_t)f.n_exports));
	json_object_set_new(a, "needed", string_list(f.needed, f.n_needed));
	json_object_set_new(a, "glibc", optional(f.glibc));
	json_object_set_new(a, "soname", optional(f.soname));
	json_object_set_new(a, "rpath", optional(f.rpath));
	json_object_set_new(a, "runpath", optional(f.runpath));
	json_object_set_new(a, "relro", json_string(elf_relro_name(f.relro)));
	json_object_set_new(a, "bind_now", json_boolean(f.bind_now));
	json_array_append_new(list, a);
	return 0;
}

static int collect_archive(const char *path, json_t *list, struct err *err)
{
	struct archive_facts f;
	struct stat st;
	json_t *a;

	if (archive_facts_read(path, &f, err) < 0 || stat(path, &st) < 0)
		return err_wrap(err, "reading '%s'", path);
	a = json_object();
	json_object_set_new(a, "name", json_string("static library"));
	json_object_set_new(a, "file", py_text_json(path_base(path)));
	json_object_set_new(a, "size", json_integer((json_int_t)st.st_size));
	json_object_set_new(a, "kind",
		json_string(f.bitcode_members || f.lto_members || f.foreign_members
				    ? "not all machine code"
			    : f.abs32_relocs ? "machine code"
					     : "machine code, PIC"));
	json_object_set_new(a, "link", json_string("(this file)"));
	json_object_set_new(a, "tls", json_null());
	json_object_set_new(a, "exports", json_integer((json_int_t)f.defined_globals));
	json_object_set_new(a, "needed", json_array());
	json_object_set_new(a, "glibc", json_null());
	json_object_set_new(a, "members", json_integer((json_int_t)f.members));
	json_array_append_new(list, a);
	return 0;
}

int cmd_collect(const char *dir, json_t **ret, struct err *err)
{
	CLEANUP_FREE char *manifest_path = xasprintf("%s/share/solder/build.json", dir);
	CLEANUP_FREE char *python = NULL, *library = NULL, *archive = NULL;
	struct err ignored = ERR_INIT;
	json_t *manifest, *model, *list;
	const char *series;
	int failed;

	if (access(manifest_path, R_OK) < 0 && errno == EACCES)
		return err_sys(err, "cannot read '%s'", manifest_path);
	manifest = py_json_load(manifest_path, &ignored);
	series = json_string_value(json_object_get(manifest, "series"));
	if (!series) {
		json_decref(manifest);
		err_set(err, ERR_INPUT, "'%s' is not a distribution that solder built", dir);
		return err_hint(err, "it should hold share/solder/build.json");
	}
	python = xasprintf("%s/bin/python%s", dir, series);
	library = xasprintf("%s/lib/libpython%s.so.1.0", dir, series);
	archive = xasprintf("%s/lib/libpython%s.a", dir, series);
	model = json_object();
	list = json_array();
	json_object_set(model, "distribution", json_object_get(manifest, "distribution"));
	json_object_set_new(json_object_get(model, "distribution"), "path", py_text_json(dir));
	json_object_set_new(model, "artifacts", list);
	failed = collect_elf(python, "interpreter", list, err) < 0 ||
		 collect_elf(library, "shared library", list, err) < 0 ||
		 collect_archive(archive, list, err) < 0;
	json_decref(manifest);
	if (failed) {
		json_decref(model);
		return -1;
	}
	*ret = model;
	return 0;
}

static int run(const void *values, const struct strv *args, struct err *err)
{
	const struct values *v = values;
	json_t *model;

	if (cmd_collect(args->v[0], &model, err) < 0)
		return -1;
	if (v->json)
		report_json("solder-show", model, stdout);
	else
		report_summary(model, stdout);
	json_decref(model);
	return 0;
}

static const struct opt opts[] = {
	{"json", 0, OPT_FLAG, NULL, "print JSON instead of text", offsetof(struct values, json)},
};

const struct command cmd_show = {
	.name = "show",
	.summary = "say what a built distribution is, from its files",
	.args = "DIR",
	.about = "Reads the three artifacts of a distribution that solder built (the interpreter, "
		 "the "
		 "shared and\nthe static library) and prints size, kind, link mode, TLS model, "
		 "exported "
		 "symbols, glibc\nversion needed and DT_NEEDED of each.\n\n"
		 "The TLS model is what the dynamic relocations show. Nothing is run: all of it is "
		 "read from files.",
	.example = "solder show dist/cpython\nsolder show --json dist/cpython | jq .artifacts",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct values),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
