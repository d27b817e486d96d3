/* Facts as JSON, for every command that prints them. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "code/code.h"
#include "base/file.h"
#include "python/python.h"

#define JSON_MAX ((size_t)16 << 20)

json_t *py_json_load(const char *path, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	json_error_t why;
	json_t *value;

	if (file_read(path, JSON_MAX, &text, err) < 0)
		return NULL;
	value = json_loadb(text.data, text.len, 0, &why);
	if (!value)
		err_set(err, ERR_INPUT, "'%s' is not JSON: line %d: %s", path, why.line, why.text);
	return value;
}

/* Names in files are bytes; JSON is UTF-8. */
static json_t *bytes_json(const char *s, bool hexadecimal)
{
	json_t *value = s ? json_string(s) : json_null();
	CLEANUP_BUF struct buf plain = BUF_INIT;

	if (value)
		return value;
	for (; *s; s++) {
		if ((unsigned char)*s < 0x80)
			buf_add(&plain, s, 1);
		else if (hexadecimal)
			buf_addf(&plain, "\\x%02x", (unsigned char)*s);
		else
			buf_adds(&plain, "?");
	}
	return json_string(plain.data);
}

json_t *py_text_json(const char *s)
{
	return bytes_json(s, true);
}

json_t *py_ascii_json(const char *s)
{
	return bytes_json(s, false);
}

/* An object of keys and values, which it takes; NULL ends them. */
struct member {
	const char *key;
	json_t *value;
};
#define OBJECT(...) object_json((const struct member[]){__VA_ARGS__, {NULL, NULL}})

static json_t *object_json(const struct member *members)
{
	json_t *o = json_object();

	for (; members->key; members++)
		json_object_set_new(o, members->key, members->value);
	return o;
}

static json_t *text(const char *s)
{
	return py_text_json(s);
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *texts(const char *const *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, text(v[i]));
	return list;
}

json_t *py_json(const struct python *dist)
{
	return OBJECT({"given", text(dist->given)}, {"venv", text(dist->venv)},
		{"interpreter", text(dist->interpreter)}, {"prefix", text(dist->prefix)},
		{"trail", texts((const char *const *)dist->trail.v, dist->trail.n)},
		{"system", json_boolean(dist->system)}, {"runs", json_boolean(dist->runs)},
		{"why_not", text(dist->why_not)}, {"version", text(dist->version)},
		{"series", text(dist->series)}, {"abiflags", text(dist->abiflags)},
		{"stdlib", text(dist->stdlib)}, {"dynload", text(dist->dynload)},
		{"link", text(py_link_name(dist->link))},
		{"libpython_shared", text(dist->libpython_shared)},
		{"libpython_static", text(dist->libpython_static)},
		{"libpython_loaded", text(dist->libpython_loaded)},
		{"libpython_loaded_why", text(dist->libpython_loaded_why)},
		{"says", dist->says ? json_deep_copy(dist->says) : json_null()});
}

char *py_reloc_text(uint16_t machine, uint32_t type)
{
	const char *name = elf_reloc_name(machine, type);

	return name                        ? xstrdup(name)
	       : type == ELF_RELOC_UNKNOWN ? xstrdup("unknown types")
					   : xasprintf("type %u", type);
}

static json_t *machine_json(uint16_t machine)
{
	const char *name = elf_machine_name(machine);

	return name ? text(name) : number(machine);
}

json_t *py_elf_json(const struct elf_facts *f)
{
	const struct elf_properties *p = &f->properties;
	const struct elf_tls_relocs *t = &f->tls_relocs;
	json_t *versions = json_array(), *undefined = json_array(), *relocs = json_array();

	for (size_t i = 0; i < f->n_versions; i++)
		json_array_append_new(versions, OBJECT({"file", text(f->versions[i].file)},
							{"version", text(f->versions[i].version)}));
	for (size_t i = 0; i < f->n_undefined; i++) {
		const struct elf_undefined *u = &f->undefined[i];

		json_array_append_new(
			undefined, OBJECT({"name", text(u->name)}, {"version", text(u->version)},
					   {"weak", json_boolean(u->weak)}));
	}
	for (size_t i = 0; i < f->n_relocs; i++) {
		const struct elf_reloc_count *r = &f->relocs[i];
		CLEANUP_FREE char *name = py_reloc_text(f->machine, r->type);
		json_t *type = r->type == ELF_RELOC_UNKNOWN ? json_null() : number(r->type);

		json_array_append_new(relocs,
			OBJECT({"name", text(name)}, {"type", type}, {"count", number(r->count)}));
	}
	return OBJECT({"size", number(f->file_size)}, {"kind", text(elf_kind_name(f->kind))},
		{"machine", machine_json(f->machine)}, {"bits", number(f->bits)},
		{"big_endian", json_boolean(f->big_endian)}, {"dynamic", json_boolean(f->dynamic)},
		{"interp", text(f->interp)}, {"soname", text(f->soname)},
		{"needed", texts(f->needed, f->n_needed)}, {"rpath", text(f->rpath)},
		{"runpath", text(f->runpath)}, {"glibc", text(f->glibc)}, {"versions", versions},
		{"tls", OBJECT({"segment", json_boolean(f->has_tls)}, {"size", number(f->tls_size)},
				{"align", number(f->tls_align)}, {"model", text(elf_tls_model(f))},
				{"static_tls", json_boolean(f->static_tls)},
				{"dtpmod", number(t->dtpmod)}, {"dtpoff", number(t->dtpoff)},
				{"tpoff", number(t->tpoff)}, {"desc", number(t->desc)},
				{"own", number(t->own)})},
		{"relocations", relocs}, {"relr", number(f->relr)},
		{"relro", text(elf_relro_name(f->relro))}, {"bind_now", json_boolean(f->bind_now)},
		{"symbolic", json_boolean(f->symbolic)}, {"stack", text(elf_stack_name(f->stack))},
		{"wx_segment", json_boolean(f->wx_segment)}, {"textrel", json_boolean(f->textrel)},
		{"properties",
			OBJECT({"ibt", json_boolean(p->ibt)}, {"shstk", json_boolean(p->shstk)},
				{"bti", json_boolean(p->bti)}, {"pac", json_boolean(p->pac)},
				{"gcs", json_boolean(p->gcs)},
				{"isa_level", p->isa_level ? number(p->isa_level) : json_null()})},
		{"build_id", text(f->build_id)}, {"symtab", json_boolean(f->symtab)},
		{"debug_info", json_boolean(f->debug_info)}, {"debuglink", text(f->debuglink)},
		{"debug_only", json_boolean(f->debug_only)}, {"note", text(f->note)},
		{"exports", texts(f->exports, f->n_exports)}, {"undefined", undefined});
}

json_t *py_code_json(const struct code_counts *code)
{
	json_t *sites = json_object();

	for (unsigned int i = 0; i < CODE_N_SITES; i++)
		json_object_set_new(sites, code_site_name(i), number(code->sites[i]));
	return OBJECT({"sites", sites}, {"functions", number(code->functions)},
		{"instructions", number(code->instructions)},
		{"unknown_bytes", number(code->unknown)}, {"gap_bytes", number(code->gaps)},
		{"plt_stubs", number(code->stubs)});
}

json_t *py_archive_json(const struct archive_facts *f)
{
	return OBJECT({"machine", machine_json(f->machine)}, {"bits", number(f->bits)},
		{"members", number(f->members)}, {"bitcode_members", number(f->bitcode_members)},
		{"lto_members", number(f->lto_members)},
		{"fat_lto_members", number(f->fat_lto_members)},
		{"foreign_members", number(f->foreign_members)},
		{"abs32_relocations", number(f->abs32_relocs)},
		{"defined_globals", number(f->defined_globals)});
}

json_t *py_file_json(const struct py_file *file)
{
	return OBJECT({"path", text(file->path)}, {"rel", text(file->rel)},
		{"role", text(py_role_name(file->role))}, {"site", json_boolean(file->site)},
		{"problem", text(file->problem)},
		{"elf", file->problem ? json_null() : py_elf_json(&file->facts)});
}

/* ---- the artifacts of a distribution ------------------------------------------------------- */

/* `name` says what the ELF file is; the rest is of its facts. */
static int add_artifact(const char *path, const char *name, json_t *list, struct err *err)
{
	static const char *const keys[] = {
		"needed", "glibc", "soname", "rpath", "runpath", "relro", "bind_now"};
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	enum py_link link;
	json_t *all, *o;

	if (elf_facts_read(path, &f, err) < 0)
		return -1;
	link = py_link_of(&f);
	all = py_elf_json(&f);
	o = OBJECT({"name", text(name)}, {"file", text(path_base(path))},
		{"size", json_incref(json_object_get(all, "size"))},
		{"kind", json_incref(json_object_get(all, "kind"))},
		/* The library itself is linked in neither way. */
		{"link", text(link != PY_LINK_UNKNOWN               ? py_link_name(link)
				 : elf_exports(&f, "Py_Initialize") ? "(this file)"
								    : "none")},
		{"tls", text(elf_tls_model(&f))}, {"exports", number(f.n_exports)});
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		json_object_set(o, keys[i], json_object_get(all, keys[i]));
	json_decref(all);
	return json_array_append_new(list, o);
}

static int add_archive(const char *path, json_t *list, struct err *err)
{
	struct archive_facts f;
	struct stat st;
	json_t *o;

	if (archive_facts_read(path, &f, err) < 0)
		return err_wrap(err, "reading '%s'", path);
	if (stat(path, &st) < 0)
		return err_sys(err, "cannot examine '%s'", path);
	o = OBJECT({"name", text("static library")}, {"file", text(path_base(path))},
		{"size", number((uint64_t)st.st_size)},
		{"kind", text(f.bitcode_members || f.lto_members || f.foreign_members
					 ? "not all machine code"
				 : f.abs32_relocs ? "machine code"
						  : "machine code, PIC")},
		{"link", text("(this file)")}, {"tls", json_null()},
		{"exports", number(f.defined_globals)}, {"needed", json_array()},
		{"glibc", json_null()}, {"members", number(f.members)});
	return json_array_append_new(list, o);
}

int py_artifacts_json(const char *dir, json_t **ret, struct err *err)
{
	CLEANUP_FREE char *record = xasprintf("%s/share/solder/build.json", dir);
	CLEANUP_FREE char *python = NULL, *library = NULL, *archive = NULL;
	struct err ignored = ERR_INIT;
	json_t *build, *built, *list;
	const char *series;
	int failed;

	if (access(record, R_OK) < 0 && errno == EACCES)
		return err_sys(err, "cannot read '%s'", record);
	build = py_json_load(record, &ignored);
	series = json_string_value(json_object_get(build, "series"));
	if (!series) {
		json_decref(build);
		err_set(err, ERR_INPUT, "'%s' is not a distribution that solder built", dir);
		return err_hint(err, "it should hold share/solder/build.json");
	}
	python = xasprintf("%s/bin/python%s", dir, series);
	library = xasprintf("%s/lib/libpython%s.so.1.0", dir, series);
	archive = xasprintf("%s/lib/libpython%s.a", dir, series);
	built = json_object_get(build, "distribution");
	json_object_set_new(built, "path", text(dir));
	list = json_array();
	failed = add_artifact(python, "interpreter", list, err) < 0 ||
		 add_artifact(library, "shared library", list, err) < 0 ||
		 add_archive(archive, list, err) < 0;
	if (failed)
		json_decref(list);
	else
		*ret = json_pack("{s:O*, s:o}", "distribution", built, "artifacts", list);
	json_decref(build);
	return failed ? -1 : 0;
}
