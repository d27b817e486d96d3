/* Facts as JSON, for every command that prints them. */
#include <string.h>

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

json_t *py_text_json(const char *s)
{
	/* Names in files are bytes; JSON is UTF-8. */
	json_t *value = s ? json_string(s) : json_null();
	CLEANUP_BUF struct buf plain = BUF_INIT;

	if (value)
		return value;
	for (; *s; s++) {
		if ((unsigned char)*s < 0x80)
			buf_add(&plain, s, 1);
		else
			buf_addf(&plain, "\\x%02x", (unsigned char)*s);
	}
	return json_string(plain.data);
}

json_t *py_ascii_json(const char *s)
{
	json_t *value = s ? json_string(s) : json_null();
	CLEANUP_BUF struct buf plain = BUF_INIT;

	if (value)
		return value;
	for (; *s; s++)
		buf_add(&plain, (unsigned char)*s < 0x80 ? s : "?", 1);
	return json_string(plain.data);
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
	json_t *o = json_object();
	const struct {
		const char *key, *value;
	} places[] = {{"given", dist->given}, {"venv", dist->venv},
		{"interpreter", dist->interpreter}, {"prefix", dist->prefix}};
	const struct {
		const char *key, *value;
	} facts[] = {{"why_not", dist->why_not}, {"version", dist->version},
		{"series", dist->series}, {"abiflags", dist->abiflags}, {"stdlib", dist->stdlib},
		{"dynload", dist->dynload}, {"link", py_link_name(dist->link)},
		{"libpython_shared", dist->libpython_shared},
		{"libpython_static", dist->libpython_static},
		{"libpython_loaded", dist->libpython_loaded},
		{"libpython_loaded_why", dist->libpython_loaded_why}};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		json_object_set_new(o, places[i].key, text(places[i].value));
	json_object_set_new(o, "trail", texts((const char *const *)dist->trail.v, dist->trail.n));
	json_object_set_new(o, "system", json_boolean(dist->system));
	json_object_set_new(o, "runs", json_boolean(dist->runs));
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		json_object_set_new(o, facts[i].key, text(facts[i].value));
	json_object_set_new(o, "says", dist->says ? json_deep_copy(dist->says) : json_null());
	return o;
}

static json_t *versions_json(const struct elf_facts *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n_versions; i++) {
		json_t *v = json_object();

		json_object_set_new(v, "file", text(f->versions[i].file));
		json_object_set_new(v, "version", text(f->versions[i].version));
		json_array_append_new(list, v);
	}
	return list;
}

static json_t *undefined_json(const struct elf_facts *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n_undefined; i++) {
		json_t *v = json_object();

		json_object_set_new(v, "name", text(f->undefined[i].name));
		json_object_set_new(v, "version", text(f->undefined[i].version));
		json_object_set_new(v, "weak", json_boolean(f->undefined[i].weak));
		json_array_append_new(list, v);
	}
	return list;
}

char *py_reloc_text(uint16_t machine, uint32_t type)
{
	const char *name = elf_reloc_name(machine, type);

	return name                        ? xstrdup(name)
	       : type == ELF_RELOC_UNKNOWN ? xstrdup("unknown types")
					   : xasprintf("type %u", type);
}

static json_t *properties_json(const struct elf_properties *p)
{
	json_t *o = json_object();

	json_object_set_new(o, "ibt", json_boolean(p->ibt));
	json_object_set_new(o, "shstk", json_boolean(p->shstk));
	json_object_set_new(o, "bti", json_boolean(p->bti));
	json_object_set_new(o, "pac", json_boolean(p->pac));
	json_object_set_new(o, "gcs", json_boolean(p->gcs));
	json_object_set_new(o, "isa_level", p->isa_level ? number(p->isa_level) : json_null());
	return o;
}

static json_t *relocs_json(const struct elf_facts *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n_relocs; i++) {
		CLEANUP_FREE char *name = py_reloc_text(f->machine, f->relocs[i].type);
		json_t *v = json_object();

		json_object_set_new(v, "name", text(name));
		json_object_set_new(v, "type",
			f->relocs[i].type == ELF_RELOC_UNKNOWN ? json_null()
							       : number(f->relocs[i].type));
		json_object_set_new(v, "count", number(f->relocs[i].count));
		json_array_append_new(list, v);
	}
	return list;
}

static json_t *tls_json(const struct elf_facts *f)
{
	json_t *o = json_object();

	json_object_set_new(o, "segment", json_boolean(f->has_tls));
	json_object_set_new(o, "size", number(f->tls_size));
	json_object_set_new(o, "align", number(f->tls_align));
	json_object_set_new(o, "model", text(elf_tls_model(f)));
	json_object_set_new(o, "static_tls", json_boolean(f->static_tls));
	json_object_set_new(o, "dtpmod", number(f->tls_relocs.dtpmod));
	json_object_set_new(o, "dtpoff", number(f->tls_relocs.dtpoff));
	json_object_set_new(o, "tpoff", number(f->tls_relocs.tpoff));
	json_object_set_new(o, "desc", number(f->tls_relocs.desc));
	json_object_set_new(o, "own", number(f->tls_relocs.own));
	return o;
}

json_t *py_elf_json(const struct elf_facts *f)
{
	json_t *o = json_object();
	const char *machine = elf_machine_name(f->machine);

	json_object_set_new(o, "size", number(f->file_size));
	json_object_set_new(o, "kind", text(elf_kind_name(f->kind)));
	json_object_set_new(o, "machine", machine ? text(machine) : number(f->machine));
	json_object_set_new(o, "bits", number(f->bits));
	json_object_set_new(o, "big_endian", json_boolean(f->big_endian));
	json_object_set_new(o, "dynamic", json_boolean(f->dynamic));
	json_object_set_new(o, "interp", text(f->interp));
	json_object_set_new(o, "soname", text(f->soname));
	json_object_set_new(o, "needed", texts(f->needed, f->n_needed));
	json_object_set_new(o, "rpath", text(f->rpath));
	json_object_set_new(o, "runpath", text(f->runpath));
	json_object_set_new(o, "glibc", text(f->glibc));
	json_object_set_new(o, "versions", versions_json(f));
	json_object_set_new(o, "tls", tls_json(f));
	json_object_set_new(o, "relocations", relocs_json(f));
	json_object_set_new(o, "relr", number(f->relr));
	json_object_set_new(o, "relro", text(elf_relro_name(f->relro)));
	json_object_set_new(o, "bind_now", json_boolean(f->bind_now));
	json_object_set_new(o, "symbolic", json_boolean(f->symbolic));
	json_object_set_new(o, "stack", text(elf_stack_name(f->stack)));
	json_object_set_new(o, "wx_segment", json_boolean(f->wx_segment));
	json_object_set_new(o, "textrel", json_boolean(f->textrel));
	json_object_set_new(o, "properties", properties_json(&f->properties));
	json_object_set_new(o, "build_id", text(f->build_id));
	json_object_set_new(o, "symtab", json_boolean(f->symtab));
	json_object_set_new(o, "debug_info", json_boolean(f->debug_info));
	json_object_set_new(o, "debuglink", text(f->debuglink));
	json_object_set_new(o, "debug_only", json_boolean(f->debug_only));
	json_object_set_new(o, "note", text(f->note));
	json_object_set_new(o, "exports", texts(f->exports, f->n_exports));
	json_object_set_new(o, "undefined", undefined_json(f));
	return o;
}

json_t *py_code_json(const struct code_counts *code)
{
	json_t *o = json_object(), *sites = json_object();

	for (unsigned int i = 0; i < CODE_N_SITES; i++)
		json_object_set_new(sites, code_site_name(i), number(code->sites[i]));
	json_object_set_new(o, "sites", sites);
	json_object_set_new(o, "functions", number(code->functions));
	json_object_set_new(o, "instructions", number(code->instructions));
	json_object_set_new(o, "unknown_bytes", number(code->unknown));
	json_object_set_new(o, "gap_bytes", number(code->gaps));
	json_object_set_new(o, "plt_stubs", number(code->stubs));
	return o;
}

json_t *py_archive_json(const struct archive_facts *f)
{
	json_t *o = json_object();
	const char *machine = elf_machine_name(f->machine);

	json_object_set_new(o, "machine", machine ? text(machine) : number(f->machine));
	json_object_set_new(o, "bits", number(f->bits));
	json_object_set_new(o, "members", number(f->members));
	json_object_set_new(o, "bitcode_members", number(f->bitcode_members));
	json_object_set_new(o, "lto_members", number(f->lto_members));
	json_object_set_new(o, "fat_lto_members", number(f->fat_lto_members));
	json_object_set_new(o, "foreign_members", number(f->foreign_members));
	json_object_set_new(o, "abs32_relocations", number(f->abs32_relocs));
	json_object_set_new(o, "defined_globals", number(f->defined_globals));
	return o;
}

json_t *py_file_json(const struct py_file *file)
{
	json_t *o = json_object();

	json_object_set_new(o, "path", text(file->path));
	json_object_set_new(o, "rel", text(file->rel));
	json_object_set_new(o, "role", text(py_role_name(file->role)));
	json_object_set_new(o, "site", json_boolean(file->site));
	json_object_set_new(o, "problem", text(file->problem));
	if (file->problem) {
		json_object_set_new(o, "elf", json_null());
		return o;
	}
	json_object_set_new(o, "elf", py_elf_json(&file->facts));
	return o;
}
