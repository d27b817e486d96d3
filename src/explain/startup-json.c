#include "explain/explain.h"

#include "python/python.h"

static json_t *integer(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *loader(const struct explain_startup *s)
{
	const struct explain_ld *l = &s->ld;

	if (s->no_ld)
		return json_pack("{s:o}", "not_known", py_ascii_json(s->no_ld));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "cycles",
		integer(l->cycles), "cycles_middle", integer(l->cycles_middle), "cycles_relocating",
		integer(l->cycles_relocating), "cycles_loading", integer(l->cycles_loading),
		"relocations", integer(l->relocations), "relocations_cached", integer(l->cached),
		"relocations_relative", integer(l->relative), "objects", integer(l->objects),
		"bindings", integer(l->bindings), "tables_searched", integer(l->searches));
}

static json_t *trace(const struct explain_startup *s)
{
	const struct explain_trace *t = &s->trace;
	json_t *files = json_array(), *mappings = json_array();

	for (size_t i = 0; i < t->files.n; i++)
		json_array_append_new(files, py_ascii_json(t->files.v[i]));
	for (size_t i = 0; i < t->n_mappings; i++)
		json_array_append_new(mappings, json_pack("{s:o, s:o, s:o, s:o}", "path",
							py_ascii_json(t->mappings[i].path), "size",
							integer(t->mappings[i].size), "resident",
							integer(t->mappings[i].resident), "written",
							integer(t->mappings[i].written)));
	if (s->no_trace) {
		json_decref(files);
		json_decref(mappings);
		return json_pack("{s:o}", "not_known", py_ascii_json(s->no_trace));
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "calls",
		integer(t->calls), "opens", integer(t->opens), "opens_failed",
		integer(t->opens_failed), "looks", integer(t->looks), "looks_failed",
		integer(t->looks_failed), "files_mapped", integer(t->maps), "bytes_mapped",
		integer(t->mapped), "minor_faults", integer(t->faults), "major_faults",
		integer(t->major_faults), "files", files, "mappings", mappings);
}

static json_t *counts(const struct explain_count *v, size_t n)
{
	json_t *o = json_object();

	for (size_t i = 0; i < n; i++) {
		CLEANUP_BUF struct buf key = BUF_INIT;

		for (const char *p = v[i].name; *p; p++)
			buf_add(&key, (unsigned char)*p < 0x80 ? p : "?", 1);
		json_object_set_new(o, key.data ? key.data : "", integer(v[i].n));
	}
	return o;
}

json_t *explain_startup_json(const struct explain_startup *s)
{
	json_t *modules = json_object();

	for (size_t i = 0; i < s->modules.n; i++)
		json_object_set_new(modules, s->modules.v[i], py_ascii_json(s->kinds.v[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "loader", loader(s), "trace", trace(s),
		"relocations", counts(s->types, s->n_types), "relocations_by_file",
		counts(s->objects, s->n_objects), "modules", modules);
}
