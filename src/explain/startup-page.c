/* Startup of Pythons: its part of the document, and JSON. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "explain/explain-internal.h"

/* Smallest resident size of a file in the memory list. */
#define MIN_RESIDENT ((uint64_t)64 << 10)

enum source_of { LOADER, KERNEL, MODULES };

/* Startup numbers: JSON key (NULL: not in JSON) and label (NULL: not shown). */
static const struct number_row {
	enum source_of of;
	const char *key, *words;
	size_t offset;
} numbers[] = {
#define AT(field) offsetof(struct explain_startup, field)
	{LOADER, "cycles", "cycles in the loader before main(), least of 15 runs", AT(ld.cycles)},
	{LOADER, "cycles_relocating", "of them for relocation", AT(ld.cycles_relocating)},
	{LOADER, "cycles_loading", "of them for mapping files", AT(ld.cycles_loading)},
	{LOADER, "cycles_middle", "cycles in the loader, middle of 15 runs", AT(ld.cycles_middle)},
	{LOADER, "relocations", "relocations with a lookup of a symbol", AT(ld.relocations)},
	{LOADER, "relocations_cached", "relocations whose lookup was remembered", AT(ld.cached)},
	{LOADER, "relocations_relative", NULL, AT(ld.relative)},
	{LOADER, "bindings", "symbols bound to a definition", AT(ld.bindings)},
	{LOADER, "tables_searched", "tables of symbols searched", AT(ld.searches)},
	{LOADER, "objects", "libraries and extension modules loaded", AT(ld.objects)},
	{KERNEL, "calls", "system calls", AT(trace.calls)},
	{KERNEL, "opens", "files opened", AT(trace.opens)},
	{KERNEL, "opens_failed", "files not found (open)", AT(trace.opens_failed)},
	{KERNEL, "looks", "looks at files (stat, readlink, …)", AT(trace.looks)},
	{KERNEL, "looks_failed", "files not found (stat, access)", AT(trace.looks_failed)},
	{KERNEL, "files_mapped", "mappings of files made", AT(trace.maps)},
	{KERNEL, "bytes_mapped", NULL, AT(trace.mapped)},
	{KERNEL, NULL, "bytes of files mapped at the end", AT(file_bytes)},
	{KERNEL, "minor_faults", "pages touched (minor faults)", AT(trace.faults)},
	{KERNEL, "major_faults", NULL, AT(trace.major_faults)},
	{KERNEL, NULL, "pages of files written to (private copies)", AT(file_pages_written)},
	{MODULES, NULL, "modules imported", AT(n_modules)},
	{MODULES, NULL, "of them built-in", AT(n_built_in)},
	{MODULES, NULL, "of them frozen", AT(n_frozen)},
	{MODULES, NULL, "of them source", AT(n_source)},
	{MODULES, NULL, "of them extension", AT(n_extension)},
#undef AT
};

static int64_t number_of(const struct explain_startup *s, const struct number_row *row)
{
	int64_t n;

	memcpy(&n, (const char *)s + row->offset, sizeof(n));
	return n;
}

static const char *why_unknown(const struct explain_startup *s, enum source_of of)
{
	return of == LOADER ? s->no_ld : of == KERNEL ? s->no_trace : s->no_modules;
}

struct pair {
	struct doc *doc;
	const struct explain_startup *a, *b; /* b may be NULL */
};

static void start_table(const struct pair *p, const char *caption, const char *what)
{
	const struct doc_column columns[] = {{what, DOC_WRAP}, {p->b ? "A" : "number", DOC_RIGHT},
		{"B", DOC_RIGHT}, {"difference", DOC_RIGHT}};

	doc_table(p->doc, caption, columns, p->b ? 4 : 2);
}

/* ---- the answer ---------------------------------------------------------------------------- */

/* "71 % of its 24,000 relocations are in libpython3.13.so.1.0" */
static void say_relocations(const struct explain_startup *s, struct buf *text)
{
	const struct explain_number *most = s->n_objects ? &s->objects[0] : NULL;
	struct explain_cell c;

	if (most && s->relocations)
		buf_addf(text, "; %.0f %% of its %s relocations are in %s",
			100.0 * (double)most->n / (double)s->relocations,
			explain_cell_whole(&c, (int64_t)s->relocations), path_base(most->name));
}

static void write_headline_alone(const struct explain_answer *answer, struct doc *doc)
{
	const struct explain_startup *s = &answer->a->startup;
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_STRV struct strv parts = STRV_INIT;
	CLEANUP_FREE char *last = NULL, *first = NULL;
	struct explain_cell c;

	if (answer->counted)
		strv_addf(&parts, "executes %s instructions",
			explain_cell_whole(&c, answer->result.total_a));
	if (!s->no_trace)
		strv_addf(&parts, "makes %s system calls",
			explain_cell_whole(&c, (int64_t)s->trace.calls));
	if (!s->no_trace)
		strv_addf(
			&parts, "opens %s files", explain_cell_whole(&c, (int64_t)s->trace.opens));
	if (!s->no_modules)
		strv_addf(&parts, "imports %zu modules", s->modules.n);
	if (!parts.n)
		return;
	last = parts.v[--parts.n];
	first = strv_join(&parts, ", ");
	buf_addf(
		&text, "To start, %s %s%s%s", answer->a->label, first, *first ? " and " : "", last);
	if (!s->no_trace)
		say_relocations(s, &text);
	doc_text(doc, "%s.", text.data);
}

/* "makes 23 more system calls" */
static void say_more(struct strv *parts, const char *verb, uint64_t a, uint64_t b, const char *what)
{
	uint64_t n = b > a ? b - a : a - b;
	struct explain_cell c;

	if (n)
		strv_addf(parts, "%s %s %s %s%s", verb, explain_cell_whole(&c, (int64_t)n),
			b > a ? "more" : "fewer", what, plural(n));
}

/* Counts are reproducible to the last digit and are reported as is. The loader's cycles are clock
 * time: reported only if it has a different amount of work and the runs of the two do not
 * overlap. */
static void write_headline(const struct explain_answer *answer, struct doc *doc)
{
	const struct explain_startup *a = &answer->a->startup, *b = &answer->b->startup;
	const struct explain_result *r = &answer->result;
	CLEANUP_STRV struct strv parts = STRV_INIT;
	CLEANUP_FREE char *first = NULL, *last = NULL;

	if (answer->counted && r->total_a && llabs(r->total_b - r->total_a) >= r->total_a / 20000)
		strv_addf(&parts, "executes %.2f %% %s instructions",
			100 * explain_share(llabs(r->total_b - r->total_a), r->total_a),
			r->total_b > r->total_a ? "more" : "fewer");
	if (!a->no_trace && !b->no_trace) {
		say_more(&parts, "makes", a->trace.calls, b->trace.calls, "system call");
		say_more(&parts, "opens", a->trace.opens, b->trace.opens, "file");
		say_more(&parts, "has", a->relocations, b->relocations, "relocation");
	}
	if (!a->no_modules && !b->no_modules)
		say_more(&parts, "imports", a->n_modules, b->n_modules, "module");
	if (!a->no_ld && !b->no_ld && a->ld.cycles && b->ld.cycles &&
		(a->ld.searches != b->ld.searches || a->relocations != b->relocations) &&
		(a->ld.cycles_middle < b->ld.cycles || b->ld.cycles_middle < a->ld.cycles))
		strv_addf(&parts, "spends %.2f times the cycles in the loader",
			(double)b->ld.cycles / (double)a->ld.cycles);
	if (!parts.n) {
		doc_text(doc, "%s and %s start alike, as far as is known.", answer->a->label,
			answer->b->label);
		return;
	}
	last = parts.v[--parts.n];
	first = strv_join(&parts, ", ");
	doc_text(doc, "To start, %s %s%s%s, compared with %s.", answer->b->label, first,
		*first ? " and " : "", last, answer->a->label);
}

/* ---- tables -------------------------------------------------------------------------------- */

static const int64_t *find_number(const struct explain_number *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(path_base(v[i].name), path_base(name)))
			return &v[i].n;
	return NULL;
}

/* Files are matched by their last component, because the two are in different folders. */
static void add_numbers(const struct pair *p, const struct explain_number *a, size_t n_a,
	const struct explain_number *b, size_t n_b)
{
	static const int64_t zero = 0;

	for (size_t i = 0; i < n_a; i++) {
		const int64_t *other = find_number(b, n_b, a[i].name);

		explain_row(p->doc, path_base(a[i].name), &a[i].n,
			!p->b   ? NULL
			: other ? other
				: &zero,
			0);
	}
	for (size_t i = 0; i < n_b; i++)
		if (!find_number(a, n_a, b[i].name))
			explain_row(p->doc, path_base(b[i].name), &zero, &b[i].n, 0);
}

static const struct explain_mapping *find_mapping(const struct explain_startup *s, const char *path)
{
	for (size_t i = 0; s && i < s->trace.n_mappings; i++)
		if (!strcmp(path_base(s->trace.mappings[i].path), path_base(path)))
			return &s->trace.mappings[i];
	return NULL;
}

static void add_mapping(const struct pair *p, const char *path)
{
	const struct explain_mapping *both[] = {find_mapping(p->a, path), find_mapping(p->b, path)};
	const char *cells[5] = {*path ? path_base(path) : "(no file)"};
	struct explain_cell c[4];
	bool large = false;

	for (size_t k = 0; k < 2; k++) {
		if (!both[k])
			continue;
		large = large || both[k]->resident >= MIN_RESIDENT;
		cells[1 + 2 * k] =
			explain_cell_whole(&c[2 * k], (int64_t)(both[k]->resident / EXPLAIN_PAGE));
		cells[2 + 2 * k] = explain_cell_whole(
			&c[2 * k + 1], (int64_t)(both[k]->written / EXPLAIN_PAGE));
	}
	if (large)
		doc_row(p->doc, cells);
}

static void write_files(const struct pair *p)
{
	const struct doc_column columns[] = {{"mapping", DOC_WRAP},
		{p->b ? "A: pages" : "pages", DOC_RIGHT}, {"written", DOC_RIGHT},
		{"B: pages", DOC_RIGHT}, {"written", DOC_RIGHT}};
	static const struct explain_startup none = {0};
	const struct explain_startup *a = p->a, *b = p->b ? p->b : &none;

	start_table(p, "Relocations in the files that are mapped, by type", "type");
	add_numbers(p, a->types, a->n_types, b->types, b->n_types);
	start_table(p, "Relocations by file", "file");
	add_numbers(p, a->objects, a->n_objects, b->objects, b->n_objects);
	doc_table(p->doc, "Memory at the end, in pages of 4 KiB", columns, p->b ? 5 : 3);
	for (size_t i = 0; i < a->trace.n_mappings; i++)
		add_mapping(p, a->trace.mappings[i].path);
	for (size_t i = 0; i < b->trace.n_mappings; i++)
		if (!find_mapping(a, b->trace.mappings[i].path))
			add_mapping(p, b->trace.mappings[i].path);
}

/* Gaps and doubts about one of the two, and the modules that only it imports. */
static void write_notes(const struct pair *p, const struct explain_python *python,
	const struct explain_startup *other)
{
	const struct explain_startup *s = &python->startup;
	const char *letter = s == p->a ? "A" : "B", *side = !p->b ? "" : s == p->a ? "A: " : "B: ";
	CLEANUP_STRV struct strv only = STRV_INIT;
	CLEANUP_FREE char *names = NULL;

	if (python->no_counts)
		doc_text(p->doc, "%sExecuted instructions are not known: %s.", side,
			python->no_counts);
	if (s->no_ld)
		doc_text(p->doc, "%sWhat the loader does is not known: %s.", side, s->no_ld);
	if (s->no_trace)
		doc_text(p->doc, "%sFiles, pages, system calls and relocations are not known: %s.",
			side, s->no_trace);
	if (s->no_modules)
		doc_text(p->doc, "%sThe modules are not known: %s.", side, s->no_modules);
	/* If most runs take much longer than the shortest, even that one may have been
	 * disturbed. */
	if (!s->no_ld && 2 * s->ld.cycles_middle > 3 * s->ld.cycles)
		doc_text(p->doc,
			"%sThe loader's cycles are noisy: the median run took %.1f times the shortest. Compare them on a quiet machine.",
			side, (double)s->ld.cycles_middle / (double)s->ld.cycles);
	for (size_t i = 0; other && other->modules.n && i < s->modules.n; i++)
		if (!strv_has(&other->modules, s->modules.v[i]))
			strv_addf(&only, "%s (%s)", s->modules.v[i], s->kinds.v[i]);
	names = strv_join(&only, ", ");
	if (only.n)
		doc_text(p->doc, "Only %s imports %s.", letter, names);
}

void explain_write_startup(const struct explain_answer *answer, struct doc *doc)
{
	const struct pair p = {doc, &answer->a->startup, answer->b ? &answer->b->startup : NULL};

	if (answer->q->startup)
		p.b ? write_headline(answer, doc) : write_headline_alone(answer, doc);
	doc_heading(doc, "Starting");
	start_table(&p, "From the start to the end of -c pass", "what");
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct number_row *row = &numbers[i];
		int64_t a = number_of(p.a, row), b = p.b ? number_of(p.b, row) : 0;

		if (row->words)
			explain_row(doc, row->words, why_unknown(p.a, row->of) ? NULL : &a,
				p.b && !why_unknown(p.b, row->of) ? &b : NULL, 0);
	}
	write_notes(&p, answer->a, p.b);
	if (p.b)
		write_notes(&p, answer->b, p.a);
	if (answer->q->startup && !p.a->no_trace && !(p.b && p.b->no_trace))
		write_files(&p);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static json_t *numbers_json(const struct explain_startup *s, enum source_of of)
{
	json_t *o = json_object();

	if (why_unknown(s, of)) {
		json_object_set_new(o, "not_known", json_ascii(why_unknown(s, of)));
		return o;
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i].of == of && numbers[i].key)
			json_object_set_new(o, numbers[i].key,
				json_integer((json_int_t)number_of(s, &numbers[i])));
	return o;
}

static json_t *list_json(const struct explain_number *v, size_t n)
{
	json_t *o = json_object();

	for (size_t i = 0; i < n; i++) {
		CLEANUP_BUF struct buf key = BUF_INIT;

		for (const char *p = v[i].name; *p; p++)
			buf_add(&key, (unsigned char)*p < 0x80 ? p : "?", 1);
		json_object_set_new(o, key.data ? key.data : "", json_integer((json_int_t)v[i].n));
	}
	return o;
}

json_t *explain_startup_json(const struct explain_startup *s)
{
	const struct explain_trace *t = &s->trace;
	json_t *modules = json_object(), *trace = numbers_json(s, KERNEL);
	json_t *files = json_array(), *mappings = json_array();

	for (size_t i = 0; i < t->files.n; i++)
		json_array_append_new(files, json_ascii(t->files.v[i]));
	for (size_t i = 0; i < t->n_mappings; i++)
		json_array_append_new(mappings,
			json_pack("{s:o, s:I, s:I, s:I}", "path", json_ascii(t->mappings[i].path),
				"size", (json_int_t)t->mappings[i].size, "resident",
				(json_int_t)t->mappings[i].resident, "written",
				(json_int_t)t->mappings[i].written));
	if (!s->no_trace)
		json_object_update_new(
			trace, json_pack("{s:O, s:O}", "files", files, "mappings", mappings));
	json_decref(files);
	json_decref(mappings);
	for (size_t i = 0; i < s->modules.n; i++)
		json_object_set_new(modules, s->modules.v[i], json_ascii(s->kinds.v[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "loader", numbers_json(s, LOADER), "trace",
		trace, "relocations", list_json(s->types, s->n_types), "relocations_by_file",
		list_json(s->objects, s->n_objects), "modules", modules);
}
