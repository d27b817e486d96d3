/* Facts as JSON, for every command that prints them. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "code/code.h"
#include "base/file.h"
#include "python/python.h"
#include "report/json.h"

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

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

json_t *py_json(const struct python *dist)
{
	return JSON_OBJECT({"given", json_text(dist->given)}, {"venv", json_text(dist->venv)},
		{"interpreter", json_text(dist->interpreter)}, {"prefix", json_text(dist->prefix)},
		{"trail", json_texts((const char *const *)dist->trail.v, dist->trail.n)},
		{"system", json_boolean(dist->system)}, {"runs", json_boolean(dist->runs)},
		{"why_not", json_text(dist->why_not)}, {"version", json_text(dist->version)},
		{"series", json_text(dist->series)}, {"abiflags", json_text(dist->abiflags)},
		{"stdlib", json_text(dist->stdlib)}, {"dynload", json_text(dist->dynload)},
		{"link", json_text(py_link_name(dist->link))}, {"soname", json_text(dist->soname)},
		{"libpython_shared", json_text(dist->libpython_shared)},
		{"libpython_static", json_text(dist->libpython_static)},
		{"libpython_loaded", json_text(dist->libpython_loaded)},
		{"libpython_loaded_why", json_text(dist->libpython_loaded_why)},
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

	return name ? json_text(name) : number(machine);
}

static json_t *bolt_json(const struct elf_bolt *bolt)
{
	if (!bolt->applied)
		return json_null();
	return JSON_OBJECT({"revision", json_text(bolt->revision)},
		{"command", json_text(bolt->command)},
		{"instrumented", json_boolean(bolt->instrumented)});
}

json_t *py_elf_json(const struct elf_facts *f)
{
	const struct elf_properties *p = &f->properties;
	const struct elf_tls_relocs *t = &f->tls_relocs;
	json_t *versions = json_array(), *undefined = json_array(), *relocs = json_array();

	for (size_t i = 0; i < f->n_versions; i++)
		json_array_append_new(
			versions, JSON_OBJECT({"file", json_text(f->versions[i].file)},
					  {"version", json_text(f->versions[i].version)},
					  {"weak", json_boolean(f->versions[i].weak)}));
	for (size_t i = 0; i < f->n_undefined; i++) {
		const struct elf_undefined *u = &f->undefined[i];

		json_array_append_new(undefined, JSON_OBJECT({"name", json_text(u->name)},
							 {"version", json_text(u->version)},
							 {"weak", json_boolean(u->weak)}));
	}
	for (size_t i = 0; i < f->n_relocs; i++) {
		const struct elf_reloc_count *r = &f->relocs[i];
		CLEANUP_FREE char *name = py_reloc_text(f->machine, r->type);
		json_t *type = r->type == ELF_RELOC_UNKNOWN ? json_null() : number(r->type);

		json_array_append_new(relocs, JSON_OBJECT({"name", json_text(name)}, {"type", type},
						      {"count", number(r->count)}));
	}
	return JSON_OBJECT({"size", number(f->file_size)},
		{"kind", json_text(elf_kind_name(f->kind))}, {"machine", machine_json(f->machine)},
		{"bits", number(f->bits)}, {"big_endian", json_boolean(f->big_endian)},
		{"dynamic", json_boolean(f->dynamic)}, {"interp", json_text(f->interp)},
		{"soname", json_text(f->soname)}, {"needed", json_texts(f->needed, f->n_needed)},
		{"rpath", json_text(f->rpath)}, {"runpath", json_text(f->runpath)},
		{"glibc", json_text(f->glibc)}, {"versions", versions},
		{"tls", JSON_OBJECT({"segment", json_boolean(f->has_tls)},
				{"size", number(f->tls_size)}, {"align", number(f->tls_align)},
				{"model", json_text(elf_tls_model(f))},
				{"static_tls", json_boolean(f->static_tls)},
				{"dtpmod", number(t->dtpmod)}, {"dtpoff", number(t->dtpoff)},
				{"tpoff", number(t->tpoff)}, {"desc", number(t->desc)},
				{"own", number(t->own)})},
		{"relocations", relocs}, {"relr", number(f->relr)},
		{"relro", json_text(elf_relro_name(f->relro))},
		{"bind_now", json_boolean(f->bind_now)}, {"symbolic", json_boolean(f->symbolic)},
		{"stack", json_text(elf_stack_name(f->stack))},
		{"wx_segment", json_boolean(f->wx_segment)}, {"textrel", json_boolean(f->textrel)},
		{"properties",
			JSON_OBJECT({"ibt", json_boolean(p->ibt)},
				{"shstk", json_boolean(p->shstk)}, {"bti", json_boolean(p->bti)},
				{"pac", json_boolean(p->pac)}, {"gcs", json_boolean(p->gcs)},
				{"isa_level", p->isa_level ? number(p->isa_level) : json_null()})},
		{"bolt", bolt_json(&f->bolt)}, {"misplaced", json_text(f->misplaced)},
		{"build_id", json_text(f->build_id)}, {"symtab", json_boolean(f->symtab)},
		{"debug_info", json_boolean(f->debug_info)}, {"debuglink", json_text(f->debuglink)},
		{"debug_only", json_boolean(f->debug_only)}, {"note", json_text(f->note)},
		{"exports", json_texts(f->exports, f->n_exports)}, {"undefined", undefined});
}

json_t *py_code_json(const struct code_counts *code)
{
	json_t *sites = json_object();

	for (unsigned int i = 0; i < CODE_N_SITES; i++)
		json_object_set_new(sites, code_class_name(i), number(code->sites[i]));
	return JSON_OBJECT({"sites", sites}, {"functions", number(code->functions)},
		{"instructions", number(code->instructions)},
		{"unknown_bytes", number(code->unknown)}, {"gap_bytes", number(code->gaps)},
		{"plt_stubs", number(code->stubs)}, {"parts", number(code->parts)},
		{"split", number(code->split)}, {"moved", number(code->moved)},
		{"left", number(code->left)}, {"old_bytes", number(code->old)});
}

json_t *py_archive_json(const struct elf_archive_facts *f)
{
	return JSON_OBJECT({"machine", machine_json(f->machine)}, {"bits", number(f->bits)},
		{"members", number(f->members)}, {"bitcode_members", number(f->bitcode_members)},
		{"lto_members", number(f->lto_members)},
		{"fat_lto_members", number(f->fat_lto_members)},
		{"foreign_members", number(f->foreign_members)},
		{"abs32_relocations", number(f->abs32_relocs)},
		{"defined_globals", number(f->defined_globals)});
}

json_t *py_file_json(const struct py_file *file)
{
	return JSON_OBJECT({"path", json_text(file->path)}, {"rel", json_text(file->rel)},
		{"role", json_text(py_role_name(file->role))}, {"site", json_boolean(file->site)},
		{"problem", json_text(file->problem)},
		{"elf", file->problem ? json_null() : py_elf_json(&file->facts)});
}

/* ---- the artifacts of a distribution ------------------------------------------------------- */

/* `name` says which ELF file this is; the rest comes from its facts. */
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
	o = JSON_OBJECT({"name", json_text(name)}, {"file", json_text(path_base(path))},
		{"size", json_incref(json_object_get(all, "size"))},
		{"kind", json_incref(json_object_get(all, "kind"))},
		/* The library itself is neither static nor shared. */
		{"link", json_text(link != PY_LINK_UNKNOWN            ? py_link_name(link)
				   : elf_exports(&f, "Py_Initialize") ? "(this file)"
								      : "none")},
		{"tls", json_text(elf_tls_model(&f))}, {"exports", number(f.n_exports)});
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		json_object_set(o, keys[i], json_object_get(all, keys[i]));
	json_decref(all);
	return json_array_append_new(list, o);
}

static int add_archive(const char *path, json_t *list, struct err *err)
{
	struct elf_archive_facts f;
	struct stat st;
	json_t *o;

	if (elf_archive_facts_read(path, &f, err) < 0)
		return err_wrap(err, "reading '%s'", path);
	if (stat(path, &st) < 0)
		return err_sys(err, "cannot examine '%s'", path);
	o = JSON_OBJECT({"name", json_text("static library")}, {"file", json_text(path_base(path))},
		{"size", number((uint64_t)st.st_size)},
		{"kind", json_text(f.bitcode_members || f.lto_members || f.foreign_members
					   ? "not all machine code"
				   : f.abs32_relocs ? "machine code"
						    : "machine code, PIC")},
		{"link", json_text("(this file)")}, {"tls", json_null()},
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
	const char *series, *abiflags;
	int failed;

	if (access(record, R_OK) < 0 && errno == EACCES)
		return err_sys(err, "cannot read '%s'", record);
	build = py_json_load(record, &ignored);
	series = json_word(build, "series");
	if (!series) {
		json_decref(build);
		err_set(err, ERR_INPUT, "'%s' is not a distribution that solder built", dir);
		return err_hint(err, "it should hold share/solder/build.json");
	}
	abiflags = json_word(build, "abiflags") ? json_word(build, "abiflags") : "";
	python = xasprintf("%s/bin/python%s%s", dir, series, abiflags);
	library = xasprintf("%s/lib/libpython%s%s.so.1.0", dir, series, abiflags);
	archive = xasprintf("%s/lib/libpython%s%s.a", dir, series, abiflags);
	built = json_object_get(build, "distribution");
	json_object_set_new(built, "path", json_text(dir));
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
