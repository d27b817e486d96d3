/* The page of one file: every fact with the words that a person reads. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "code/code.h"
#include "base/file.h"
#include "base/progress.h"
#include "cmd/inspect-internal.h"

static void fact_bytes(struct doc *doc, const char *key, uint64_t n)
{
	CLEANUP_FREE char *text = NULL;
	char human[32];

	format_bytes(human, n);
	text = n < 1024 ? xasprintf("%" PRIu64 " bytes", n)
			: xasprintf("%" PRIu64 " bytes (%s)", n, human);
	doc_fact(doc, key, text);
}

static void fact_number(struct doc *doc, const char *key, uint64_t n)
{
	CLEANUP_FREE char *text = xasprintf("%" PRIu64, n);

	doc_fact(doc, key, text);
}

static const char *kind_words(const struct elf_facts *f)
{
	if (f->debug_only)
		return "companion with debug information only";
	switch (f->kind) {
	case ELF_KIND_OBJECT:
		return "object file";
	case ELF_KIND_EXECUTABLE:
		return "executable at a fixed address, not PIE";
	case ELF_KIND_PIE:
		return "position-independent executable (PIE)";
	default:
		return f->interp ? "shared object that can also be run" : "shared object";
	}
}

static void page_identity(struct doc *doc, const struct inspect_item *item)
{
	const struct elf_facts *f = &item->file.facts;
	const char *name = elf_machine_name(f->machine);
	CLEANUP_FREE char *machine = name ? xasprintf("%s, %u bits, %s-endian", name, f->bits,
						    f->big_endian ? "big" : "little")
					  : xasprintf("number %u, %u bits, %s-endian", f->machine,
						    f->bits, f->big_endian ? "big" : "little");

	doc_fact(doc, "file", item->file.path);
	fact_bytes(doc, "size", f->file_size);
	doc_fact(doc, "type", kind_words(f));
	doc_fact(doc, "role", py_role_name(item->file.role));
	doc_fact(doc, "machine", machine);
	doc_fact(doc, "loader", f->interp);
	doc_fact(doc, "SONAME", f->soname);
	doc_fact(doc, "RPATH", f->rpath);
	doc_fact(doc, "RUNPATH", f->runpath);
	doc_fact(doc, "highest glibc", f->glibc);
	doc_fact(doc, "build-id", f->build_id);
	if (f->note)
		doc_fact(doc, "note", f->note);
}

static void page_protection(struct doc *doc, const struct elf_facts *f)
{
	static const char *const stacks[] = {
		"no PT_GNU_STACK: the kernel's default", "not executable", "executable"};

	doc_fact(doc, "RELRO", elf_relro_name(f->relro));
	doc_fact(doc, "binding", f->bind_now ? "at start (BIND_NOW)" : "lazy");
	doc_fact(doc, "stack", stacks[f->stack]);
	doc_fact(doc, "W+X segment", f->wx_segment ? "yes" : "none");
	doc_fact(doc, "text relocations", f->textrel ? "yes" : "none");
	doc_fact(doc, "symbolic", f->symbolic ? "yes (-Bsymbolic)" : "no");
}

static void page_symbols(struct doc *doc, const struct elf_facts *f)
{
	CLEANUP_FREE char *link =
		f->debuglink ? xasprintf("in '%s', by its link", f->debuglink) : NULL;

	fact_number(doc, "exported symbols", f->n_exports);
	fact_number(doc, "undefined symbols", f->n_undefined);
	doc_fact(doc, "symbol table", f->symtab ? "yes" : f->note ? "not known" : "stripped");
	doc_fact(doc, "debug information",
		f->debug_info ? "in the file"
		: link        ? link
		: f->note     ? "not known"
			      : "none");
}

static void page_tls(struct doc *doc, const struct elf_facts *f)
{
	CLEANUP_FREE char *segment = f->has_tls
					     ? xasprintf("%" PRIu64 " bytes, aligned to %" PRIu64,
						       f->tls_size, f->tls_align)
					     : NULL;

	doc_fact(doc, "TLS segment", segment ? segment : "none");
	doc_fact(doc, "TLS by relocations", elf_tls_model(f));
	doc_fact(doc, "DF_STATIC_TLS", f->static_tls ? "yes" : "no");
}

static void page_libraries(struct doc *doc, const json_t *libraries)
{
	static const struct doc_column columns[] = {
		{"DT_NEEDED", 0}, {"found", DOC_WRAP}, {"by", DOC_WRAP}};
	const json_t *l;
	size_t i;

	if (json_array_size(libraries) == 0)
		return;
	doc_table(doc, "Needed libraries, where the loader would find them", columns,
		ARRAY_SIZE(columns));
	json_array_foreach (libraries, i, l) {
		const char *found = json_string_value(json_object_get(l, "found"));
		const char *cells[] = {json_string_value(json_object_get(l, "needed")),
			found ? found : "not found", json_string_value(json_object_get(l, "why"))};

		doc_row(doc, cells);
	}
}

/* One row for each library, with its versions in ascending order. */
static void page_versions(struct doc *doc, const struct elf_facts *f)
{
	static const struct doc_column columns[] = {
		{"library", 0}, {"symbol versions needed", DOC_WRAP}};

	if (f->n_versions == 0)
		return;
	doc_table(doc, "Symbol versions", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < f->n_versions; i++) {
		CLEANUP_STRV struct strv versions = STRV_INIT;
		CLEANUP_FREE char *text = NULL;
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = !strcmp(f->versions[k].file, f->versions[i].file);
		if (seen)
			continue;
		for (size_t k = i; k < f->n_versions; k++) {
			if (!strcmp(f->versions[k].file, f->versions[i].file))
				strv_add(&versions, f->versions[k].version);
		}
		strv_sort_versions(&versions);
		text = strv_join(&versions, " ");
		doc_row(doc, (const char *[]){f->versions[i].file, text});
	}
}

static void add_count(struct doc *doc, const char *name, uint64_t n)
{
	CLEANUP_FREE char *count = xasprintf("%" PRIu64, n);

	doc_row(doc, (const char *[]){name, count});
}

static void page_relocations(struct doc *doc, const struct elf_facts *f)
{
	static const struct doc_column columns[] = {{"type", 0}, {"count", DOC_RIGHT}};

	if (f->n_relocs == 0 && f->relr == 0)
		return;
	doc_table(doc, "Dynamic relocations", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < f->n_relocs; i++) {
		CLEANUP_FREE char *name = py_reloc_text(f->machine, f->relocs[i].type);

		add_count(doc, name, f->relocs[i].count);
	}
	if (f->relr)
		add_count(doc, "relative, in DT_RELR", f->relr);
}

static uint64_t code_number(const struct code_counts *code, size_t row)
{
	const uint64_t more[] = {code->functions, code->instructions, code->unknown, code->gaps};

	return row < CODE_N_SITES ? code->sites[row] : more[row - CODE_N_SITES];
}

void inspect_code_table(struct doc *doc, const struct inspect_item *const *items,
	const char *const *titles, size_t n)
{
	static const char *const more[] = {"functions", "instructions",
		"bytes in functions that are no instruction", "bytes of code outside functions"};
	struct doc_column columns[4] = {{"in the code", 0}};
	size_t used = 1;

	for (size_t i = 0; i < n && used < ARRAY_SIZE(columns); i++) {
		if (items[i]->has_code)
			columns[used++] = (struct doc_column){titles[i], DOC_RIGHT};
	}
	if (used == 1)
		return;
	doc_table(doc, "Code", columns, used);
	for (size_t row = 0; row < CODE_N_SITES + ARRAY_SIZE(more); row++) {
		const char *cells[ARRAY_SIZE(columns)] = {
			row < CODE_N_SITES ? code_site_words(row) : more[row - CODE_N_SITES]};
		char text[ARRAY_SIZE(columns)][24];
		size_t c = 1;

		for (size_t i = 0; i < n && c < used; i++) {
			if (!items[i]->has_code)
				continue;
			snprintf(text[c], sizeof(text[c]), "%" PRIu64,
				code_number(&items[i]->code, row));
			cells[c] = text[c];
			c++;
		}
		doc_row(doc, cells);
	}
}

void inspect_calls_picture(struct doc *doc, const struct inspect_item *const *items,
	const char *const *titles, size_t n)
{
	static const struct chart_words words = {.title = "Calls in the code",
		.about = "How many call instructions of each kind there are."};
	static const enum code_site kinds[] = {CODE_SITE_CALL_DIRECT, CODE_SITE_CALL_PLT_OTHER,
		CODE_SITE_CALL_PLT_OWN, CODE_SITE_CALL_INDIRECT, CODE_SITE_CALL_GOT};
	static const char *const parts[] = {"direct", "through the PLT, to other files",
		"through the PLT, to the same file", "indirect", "through the GOT"};
	const char *bars[2];
	double values[2 * ARRAY_SIZE(kinds)];
	struct chart_stack stack = {.unit = "",
		.parts = parts,
		.n_parts = ARRAY_SIZE(kinds),
		.bars = bars,
		.values = values};
	CLEANUP_FREE char *svg = NULL;
	size_t at = 0;

	for (size_t i = 0; i < n && stack.n_bars < ARRAY_SIZE(bars); i++) {
		if (!items[i]->has_code)
			continue;
		bars[stack.n_bars++] = titles[i];
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
			values[at++] = (double)items[i]->code.sites[kinds[k]];
	}
	if (!stack.n_bars)
		return;
	svg = chart_stack(&words, &stack);
	doc_picture(doc, svg, "Places in the code, not how often they are executed.", false);
}

static int larger_first(const void *a, const void *b)
{
	const struct inspect_size *x = a, *y = b;

	return x->size != y->size ? (x->size < y->size) - (x->size > y->size)
				  : strcmp(x->name, y->name);
}

void inspect_sizes_picture(struct doc *doc, struct inspect_size *sizes, size_t n)
{
	static const struct chart_words words = {.title = "Sizes of the files",
		.about = "What each ELF file adds to their size, the largest first."};
	CLEANUP_FREE const char **parts = xcalloc(n + 1, sizeof(*parts));
	CLEANUP_FREE double *values = xcalloc(n + 1, sizeof(*values));
	CLEANUP_FREE char *svg = NULL, *about = NULL;
	uint64_t all = 0;
	char human[32];
	bool small;

	if (n < 2)
		return;
	sort_array(sizes, n, sizeof(*sizes), larger_first);
	small = sizes[0].size < 1 << 20;
	for (size_t i = 0; i < n; i++) {
		parts[i] = path_base(sizes[i].name);
		values[i] = (double)sizes[i].size / (small ? 1 << 10 : 1 << 20);
		all += sizes[i].size;
	}
	format_bytes(human, all);
	svg = chart_stack(&words, &(struct chart_stack){.unit = small ? "KiB" : "MiB",
					  .parts = parts,
					  .n_parts = n,
					  .bars = (const char *[]){"size"},
					  .values = values,
					  .n_bars = 1});
	about = xasprintf(
		"%s in all, with symbols and debug information where a file has them.", human);
	doc_picture(doc, svg, about, false);
}

static void page_names(struct doc *doc, const struct elf_facts *f)
{
	CLEANUP_BUF struct buf exports = BUF_INIT, undefined = BUF_INIT;

	for (size_t i = 0; i < f->n_exports; i++)
		buf_addf(&exports, "%s\n", f->exports[i]);
	for (size_t i = 0; i < f->n_undefined; i++) {
		const struct elf_undefined *u = &f->undefined[i];

		buf_addf(&undefined, "%s%s%s%s\n", u->name, u->version ? "@" : "",
			u->version ? u->version : "", u->weak ? " (weak)" : "");
	}
	if (exports.len)
		doc_listing(doc, "Exported symbols", exports.data);
	if (undefined.len)
		doc_listing(doc, "Undefined symbols", undefined.data);
}

void inspect_page(struct doc *doc, const struct inspect_item *item, bool symbols)
{
	const struct elf_facts *f = &item->file.facts;

	if (item->file.problem) {
		doc_fact(doc, "file", item->file.path);
		doc_fact(doc, "not read", item->file.problem);
		return;
	}
	page_identity(doc, item);
	page_protection(doc, f);
	page_tls(doc, f);
	page_symbols(doc, f);
	if (item->wants_code && !item->has_code)
		doc_fact(doc, "code", item->code_problem);
	page_libraries(doc, item->libraries);
	page_versions(doc, f);
	page_relocations(doc, f);
	inspect_code_table(doc, &item, (const char *[]){"count"}, 1);
	inspect_calls_picture(doc, &item, (const char *[]){"count"}, 1);
	if (symbols)
		page_names(doc, f);
}

void inspect_archive_page(struct doc *doc, uint64_t size, const struct archive_facts *f)
{
	const char *machine = elf_machine_name(f->machine);
	bool machine_code = !f->bitcode_members && !f->lto_members && !f->foreign_members;
	CLEANUP_FREE char *of =
		f->bits ? xasprintf("%s, %u bits", machine ? machine : "other", f->bits) : NULL;

	fact_bytes(doc, "size", size);
	doc_fact(doc, "type", "static library");
	doc_fact(doc, "machine", of);
	fact_number(doc, "members", f->members);
	doc_fact(doc, "all machine code", machine_code ? "yes" : "no");
	fact_number(doc, "LLVM bitcode", f->bitcode_members);
	fact_number(doc, "LTO, no machine code", f->lto_members);
	fact_number(doc, "LTO and machine code", f->fat_lto_members);
	fact_number(doc, "other members", f->foreign_members);
	fact_number(doc, "absolute relocations", f->abs32_relocs);
	fact_number(doc, "defined symbols", f->defined_globals);
}
