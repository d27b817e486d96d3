/* How Pythons start, as solder explain shows it. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cmd/explain-internal.h"

/* Of the files whose memory is listed. */
#define MIN_RESIDENT ((uint64_t)64 << 10)
#define PAGE 4096

struct table {
	struct doc *doc;
	const struct explain_startup *a, *b; /* b may be NULL */
};

static void row(
	const struct table *t, const char *what, bool in_a, uint64_t a, bool in_b, uint64_t b)
{
	int64_t x = (int64_t)a, y = (int64_t)b;
	struct cell c[3];
	const char *cells[] = {what, in_a ? cell_whole(&c[0], x) : NULL,
		in_b ? cell_whole(&c[1], y) : NULL, in_a && in_b ? cell_change(&c[2], x, y) : NULL};

	doc_row(t->doc, cells);
}

static void start_table(const struct table *t, const char *caption, const char *what)
{
	const struct doc_column columns[] = {{what, DOC_WRAP}, {t->b ? "A" : "number", DOC_RIGHT},
		{"B", DOC_RIGHT}, {"difference", DOC_RIGHT}};

	doc_table(t->doc, caption, columns, t->b ? 4 : 2);
}

static void add_loader(const struct table *t)
{
	static const struct {
		const char *what;
		size_t offset;
	} rows[] = {
		{"cycles in the loader before main(), least of 15 runs",
			offsetof(struct explain_ld, cycles)},
		{"the same, run in the middle", offsetof(struct explain_ld, cycles_middle)},
		{"of them for relocation", offsetof(struct explain_ld, cycles_relocating)},
		{"of them for mapping files", offsetof(struct explain_ld, cycles_loading)},
		{"relocations with a lookup of a symbol", offsetof(struct explain_ld, relocations)},
		{"relocations whose lookup was remembered", offsetof(struct explain_ld, cached)},
		{"symbols bound to a definition", offsetof(struct explain_ld, bindings)},
		{"tables of symbols searched", offsetof(struct explain_ld, searches)},
		{"libraries and extension modules loaded", offsetof(struct explain_ld, objects)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t a = 0, b = 0;

		memcpy(&a, (const char *)&t->a->ld + rows[i].offset, sizeof(a));
		if (t->b)
			memcpy(&b, (const char *)&t->b->ld + rows[i].offset, sizeof(b));
		row(t, rows[i].what, !t->a->no_ld, a, t->b && !t->b->no_ld, b);
	}
}

/* Where most runs take much longer than the shortest, even that one may have been disturbed. */
static void say_noisy(struct doc *doc, const char *letter, const struct explain_startup *s)
{
	if (s && !s->no_ld && 2 * s->ld.cycles_middle > 3 * s->ld.cycles)
		doc_text(doc,
			"%s: the loader's cycles are noisy: the run in the middle took %.1f times "
			"the shortest. Compare them on a quiet machine.",
			letter, (double)s->ld.cycles_middle / (double)s->ld.cycles);
}

/* Of the files that are mapped at the end: the program too, which the kernel maps. */
static struct explain_mapping files(const struct explain_startup *s)
{
	struct explain_mapping sum = {0};

	for (size_t i = 0; s && i < s->trace.n_mappings; i++)
		if (s->trace.mappings[i].path[0] == '/') {
			sum.size += s->trace.mappings[i].size;
			sum.written += s->trace.mappings[i].written;
		}
	return sum;
}

static void add_trace(const struct table *t)
{
	const struct explain_trace *a = &t->a->trace, *b = t->b ? &t->b->trace : NULL;
	bool in_a = !t->a->no_trace, in_b = t->b && !t->b->no_trace;

	row(t, "system calls", in_a, a->calls, in_b, b ? b->calls : 0);
	row(t, "files opened", in_a, a->opens, in_b, b ? b->opens : 0);
	row(t, "files not found (open)", in_a, a->opens_failed, in_b, b ? b->opens_failed : 0);
	row(t, "looks at files (stat, readlink, …)", in_a, a->looks, in_b, b ? b->looks : 0);
	row(t, "files not found (stat, access)", in_a, a->looks_failed, in_b,
		b ? b->looks_failed : 0);
	row(t, "mappings of files made", in_a, a->maps, in_b, b ? b->maps : 0);
	row(t, "bytes of files mapped at the end", in_a, files(t->a).size, in_b, files(t->b).size);
	row(t, "pages touched (minor faults)", in_a, a->faults, in_b, b ? b->faults : 0);
	row(t, "pages of files written to (private copies)", in_a, files(t->a).written / PAGE, in_b,
		files(t->b).written / PAGE);
}

static uint64_t of_kind(const struct explain_startup *s, const char *kind)
{
	uint64_t n = 0;

	for (size_t i = 0; s && i < s->kinds.n; i++)
		n += !kind || !strcmp(s->kinds.v[i], kind);
	return n;
}

static void add_modules(const struct table *t)
{
	static const char *const kinds[] = {"built-in", "frozen", "source", "extension"};
	bool in_a = !t->a->no_modules, in_b = t->b && !t->b->no_modules;

	row(t, "modules imported", in_a, of_kind(t->a, NULL), in_b, of_kind(t->b, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		CLEANUP_FREE char *what = xasprintf("of them %s", kinds[i]);

		row(t, what, in_a, of_kind(t->a, kinds[i]), in_b, of_kind(t->b, kinds[i]));
	}
}

static const struct explain_count *find(
	const struct explain_count *v, size_t n, const char *name, bool base)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(base ? path_base(v[i].name) : v[i].name, base ? path_base(name) : name))
			return &v[i];
	return NULL;
}

/* Files are matched by their last component: the two are in folders of their own. */
static void add_counts(const struct table *t, const struct explain_count *a, size_t n_a,
	const struct explain_count *b, size_t n_b, bool base)
{
	for (size_t i = 0; i < n_a; i++) {
		const struct explain_count *other = find(b, n_b, a[i].name, base);

		row(t, base ? path_base(a[i].name) : a[i].name, true, a[i].n, t->b,
			other ? other->n : 0);
	}
	for (size_t i = 0; i < n_b; i++)
		if (!find(a, n_a, b[i].name, base))
			row(t, base ? path_base(b[i].name) : b[i].name, true, 0, true, b[i].n);
}

static void add_relocations(const struct table *t)
{
	const struct explain_startup *a = t->a, *b = t->b;

	if (a->no_trace || (b && b->no_trace))
		return;
	start_table(t, "Relocations in the files that are mapped, by type", "type");
	add_counts(t, a->types, a->n_types, b ? b->types : NULL, b ? b->n_types : 0, false);
	start_table(t, "Relocations by file", "file");
	add_counts(t, a->objects, a->n_objects, b ? b->objects : NULL, b ? b->n_objects : 0, true);
}

static const struct explain_mapping *mapping(const struct explain_startup *s, const char *path)
{
	for (size_t i = 0; s && i < s->trace.n_mappings; i++)
		if (!strcmp(path_base(s->trace.mappings[i].path), path_base(path)))
			return &s->trace.mappings[i];
	return NULL;
}

static void mapping_row(const struct table *t, const char *path)
{
	const struct explain_mapping *a = mapping(t->a, path), *b = mapping(t->b, path);
	struct cell c[4];
	const char *cells[] = {*path ? path_base(path) : "(no file)",
		a ? cell_whole(&c[0], (int64_t)(a->resident / PAGE)) : NULL,
		a ? cell_whole(&c[1], (int64_t)(a->written / PAGE)) : NULL,
		b ? cell_whole(&c[2], (int64_t)(b->resident / PAGE)) : NULL,
		b ? cell_whole(&c[3], (int64_t)(b->written / PAGE)) : NULL};

	if ((a && a->resident >= MIN_RESIDENT) || (b && b->resident >= MIN_RESIDENT))
		doc_row(t->doc, cells);
}

static void add_memory(const struct table *t)
{
	static const struct doc_column two[] = {{"mapping", DOC_WRAP}, {"A: pages", DOC_RIGHT},
		{"written", DOC_RIGHT}, {"B: pages", DOC_RIGHT}, {"written", DOC_RIGHT}};
	static const struct doc_column one[] = {
		{"mapping", DOC_WRAP}, {"pages", DOC_RIGHT}, {"written", DOC_RIGHT}};
	const struct explain_trace *a = &t->a->trace;

	doc_table(t->doc, "Memory at the end, in pages of 4 KiB", t->b ? two : one, t->b ? 5 : 3);
	for (size_t i = 0; i < a->n_mappings; i++)
		mapping_row(t, a->mappings[i].path);
	for (size_t i = 0; t->b && i < t->b->trace.n_mappings; i++)
		if (!mapping(t->a, t->b->trace.mappings[i].path))
			mapping_row(t, t->b->trace.mappings[i].path);
}

static void say_only(struct doc *doc, const char *letter, const struct explain_startup *s,
	const struct explain_startup *other)
{
	CLEANUP_STRV struct strv only = STRV_INIT;
	CLEANUP_FREE char *names = NULL;

	for (size_t i = 0; i < s->modules.n; i++)
		if (!strv_has(&other->modules, s->modules.v[i]))
			strv_addf(&only, "%s (%s)", s->modules.v[i], s->kinds.v[i]);
	if (!only.n || !other->modules.n)
		return;
	names = strv_join(&only, ", ");
	doc_text(doc, "Only %s imports %s.", letter, names);
}

static void say_unknown(struct doc *doc, const char *side, const struct explain_startup *s)
{
	if (s->no_ld)
		doc_text(doc, "%sWhat the loader does is not known: %s.", side, s->no_ld);
	if (s->no_trace)
		doc_text(doc, "%sFiles, pages, system calls and relocations are not known: %s.",
			side, s->no_trace);
	if (s->no_modules)
		doc_text(doc, "%sThe modules are not known: %s.", side, s->no_modules);
}

void explain_page_startup(struct doc *doc, const struct explain_page *p, bool all)
{
	const struct table t = {doc, p->a->startup, p->b ? p->b->startup : NULL};

	doc_heading(doc, "Starting");
	start_table(&t, "From the start to the end of -c pass", "what");
	add_loader(&t);
	add_trace(&t);
	add_modules(&t);
	say_unknown(doc, t.b ? "A: " : "", t.a);
	if (t.b)
		say_unknown(doc, "B: ", t.b);
	say_noisy(doc, "A", t.a);
	say_noisy(doc, "B", t.b);
	if (t.b) {
		say_only(doc, "A", t.a, t.b);
		say_only(doc, "B", t.b, t.a);
	}
	if (!all)
		return;
	add_relocations(&t);
	if (!t.a->no_trace && !(t.b && t.b->no_trace))
		add_memory(&t);
}

int explain_start(struct explain_side *side, const char *scratch, struct err *err)
{
	side->startup = xcalloc(1, sizeof(*side->startup));
	return explain_startup(side->interpreter, scratch, side->startup, err);
}

void explain_start_release(struct explain_side *side)
{
	if (side->startup)
		explain_startup_release(side->startup);
	free(side->startup);
}
