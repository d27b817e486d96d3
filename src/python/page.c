/* The page of one file: every fact, in words for people. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/progress.h"
#include "python/python-internal.h"
#include "report/json.h"

static void fact_bytes(struct doc *doc, uint64_t n)
{
	char human[32];

	format_bytes(human, n);
	if (n < 1024)
		doc_factf(doc, "size", "%" PRIu64 " bytes", n);
	else
		doc_factf(doc, "size", "%" PRIu64 " bytes (%s)", n, human);
}

/* What BOLT says that it did, and what the code shows of it. */
static void page_bolt(struct doc *doc, const struct py_item *item)
{
	const struct elf_bolt *bolt = &item->file.facts.bolt;
	const struct code_counts *c = &item->code;
	uint64_t all = c->moved + c->left;

	if (!bolt->applied)
		return;
	doc_factf(doc, "BOLT", "%s, %s%s",
		bolt->instrumented ? "instrumented to be profiled" : "optimised",
		bolt->revision ? "revision " : "without its note",
		bolt->revision ? bolt->revision : "");
	if (bolt->command)
		doc_fact(doc, "", bolt->command);
	if (!item->has_code)
		return;
	if (!item->file.facts.symtab)
		doc_fact(doc, "",
			"stripped: what was moved and split, and which code is an old copy, is not known");
	else if (all)
		doc_factf(doc, "",
			"moved %" PRIu64 " of %" PRIu64 " functions; %" PRIu64
			" have parts elsewhere; old copies: %" PRIu64 " bytes",
			c->moved, all, c->split, c->old);
	else
		doc_factf(doc, "", "moved no function as a whole; %" PRIu64 " have parts elsewhere",
			c->split);
}

static void page_facts(struct doc *doc, const struct py_item *item)
{
	static const char *const stacks[] = {
		"no PT_GNU_STACK: the kernel's default", "not executable", "executable"};
	const struct elf_facts *f = &item->file.facts;
	const char *machine = elf_machine_name(f->machine);
	CLEANUP_FREE char *number = xasprintf("number %u", f->machine);

	doc_fact(doc, "file", item->file.path);
	fact_bytes(doc, f->file_size);
	doc_fact(doc, "type",
		f->debug_only                    ? "companion with debug information only"
		: f->kind == ELF_KIND_OBJECT     ? "object file"
		: f->kind == ELF_KIND_EXECUTABLE ? "executable at a fixed address, not PIE"
		: f->kind == ELF_KIND_PIE        ? "position-independent executable (PIE)"
		: f->interp                      ? "shared object that can also be run"
						 : "shared object");
	doc_fact(doc, "role", py_role_name(item->file.role));
	doc_factf(doc, "machine", "%s, %u bits, %s-endian", machine ? machine : number, f->bits,
		f->big_endian ? "big" : "little");
	doc_fact(doc, "loader", f->interp);
	doc_fact(doc, "SONAME", f->soname);
	doc_fact(doc, "RPATH", f->rpath);
	doc_fact(doc, "RUNPATH", f->runpath);
	doc_fact(doc, "highest glibc", f->glibc);
	doc_fact(doc, "build-id", f->build_id);
	if (f->note)
		doc_fact(doc, "note", f->note);
	page_bolt(doc, item);

	doc_fact(doc, "RELRO", elf_relro_name(f->relro));
	doc_fact(doc, "binding", f->bind_now ? "at start (BIND_NOW)" : "lazy");
	doc_fact(doc, "stack", stacks[f->stack]);
	doc_fact(doc, "W+X segment", f->wx_segment ? "yes" : "none");
	if (f->misplaced)
		doc_fact(doc, "misplaced", f->misplaced);
	doc_fact(doc, "text relocations", f->textrel ? "yes" : "none");
	doc_fact(doc, "symbolic", f->symbolic ? "yes (-Bsymbolic)" : "no");

	if (f->has_tls)
		doc_factf(doc, "TLS segment", "%" PRIu64 " bytes, aligned to %" PRIu64, f->tls_size,
			f->tls_align);
	else
		doc_fact(doc, "TLS segment", "none");
	doc_fact(doc, "TLS by relocations", elf_tls_model(f));
	doc_fact(doc, "DF_STATIC_TLS", f->static_tls ? "yes" : "no");

	doc_factf(doc, "exported symbols", "%zu", f->n_exports);
	doc_factf(doc, "undefined symbols", "%zu", f->n_undefined);
	doc_fact(doc, "symbol table", f->symtab ? "yes" : f->note ? "not known" : "stripped");
	if (f->debuglink && !f->debug_info)
		doc_factf(doc, "debug information", "in '%s', by its link", f->debuglink);
	else
		doc_fact(doc, "debug information",
			f->debug_info ? "in the file"
			: f->note     ? "not known"
				      : "none");
	if (item->wants_code && !item->has_code)
		doc_fact(doc, "code", item->code_problem);
}

static void page_libraries(struct doc *doc, const json_t *libraries)
{
	static const struct doc_column columns[] = {
		{"DT_NEEDED", 0}, {"found", DOC_WRAP}, {"by", DOC_WRAP}};
	const json_t *l;
	size_t i;

	if (json_array_size(libraries) > 0)
		doc_table(doc, "Needed libraries, where the loader would find them", columns,
			ARRAY_SIZE(columns));
	json_array_foreach (libraries, i, l) {
		const char *found = json_word(l, "found");
		const char *cells[] = {
			json_word(l, "needed"), found ? found : "not found", json_word(l, "why")};

		doc_row(doc, cells);
	}
}

/* One row for each library, with its versions in ascending order. */
static void page_versions(struct doc *doc, const struct elf_facts *f)
{
	static const struct doc_column columns[] = {
		{"library", 0}, {"symbol versions needed", DOC_WRAP}};
	CLEANUP_STRV struct strv seen = STRV_INIT;

	if (f->n_versions)
		doc_table(doc, "Symbol versions", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < f->n_versions; i++) {
		CLEANUP_STRV struct strv versions = STRV_INIT;
		CLEANUP_FREE char *text = NULL;
		const char *file = f->versions[i].file;

		if (strv_has(&seen, file))
			continue;
		strv_add(&seen, file);
		for (size_t k = i; k < f->n_versions; k++) {
			if (!strcmp(f->versions[k].file, file))
				strv_add(&versions, f->versions[k].version);
		}
		strv_sort_versions(&versions);
		text = strv_join(&versions, " ");
		doc_row(doc, (const char *[]){file, text});
	}
}

static void page_relocations(struct doc *doc, const struct elf_facts *f)
{
	static const struct doc_column columns[] = {{"type", 0}, {"count", DOC_RIGHT}};

	if (f->n_relocs || f->relr)
		doc_table(doc, "Dynamic relocations", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < f->n_relocs + (f->relr > 0); i++) {
		bool relr = i == f->n_relocs;
		CLEANUP_FREE char *name = relr ? xstrdup("relative, in DT_RELR")
					       : py_reloc_text(f->machine, f->relocs[i].type);
		CLEANUP_FREE char *count =
			xasprintf("%" PRIu64, relr ? f->relr : f->relocs[i].count);

		doc_row(doc, (const char *[]){name, count});
	}
}

void py_code_page(
	struct doc *doc, const struct py_item *const *items, const char *const *titles, size_t n)
{
	static const char *const more[] = {"functions", "parts split off from functions",
		"instructions", "bytes in functions which cannot be decoded",
		"bytes of code outside functions"};
	static const struct chart_words words = {.title = "Calls in the code",
		.about = "How many call instructions of each kind there are."};
	static const enum code_site kinds[] = {CODE_SITE_CALL_DIRECT, CODE_SITE_CALL_PLT_OTHER,
		CODE_SITE_CALL_PLT_OWN, CODE_SITE_CALL_INDIRECT, CODE_SITE_CALL_GOT};
	static const char *const parts[] = {"direct", "PLT, to other files",
		"PLT, to the same file", "indirect", "through the GOT"};
	struct doc_column columns[1 + PY_CODE_MAX] = {{"in the code", 0}};
	double values[PY_CODE_MAX * ARRAY_SIZE(kinds)];
	CLEANUP_FREE char *svg = NULL;

	if (!n)
		return;
	for (size_t i = 0; i < n; i++) {
		columns[1 + i] = (struct doc_column){titles[i], DOC_RIGHT};
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
			values[i * ARRAY_SIZE(kinds) + k] = (double)items[i]->code.sites[kinds[k]];
	}
	doc_table(doc, "Code", columns, 1 + n);
	for (size_t row = 0; row < CODE_N_SITES + ARRAY_SIZE(more); row++) {
		bool site = row < CODE_N_SITES;
		const char *cells[1 + PY_CODE_MAX] = {
			site ? code_site_words(row) : more[row - CODE_N_SITES]};
		char text[PY_CODE_MAX][24];

		for (size_t i = 0; i < n; i++) {
			const struct code_counts *c = &items[i]->code;
			const uint64_t rest[] = {c->functions - c->parts, c->parts, c->instructions,
				c->unknown, c->gaps};

			snprintf(text[i], sizeof(text[i]), "%" PRIu64,
				site ? c->sites[row] : rest[row - CODE_N_SITES]);
			cells[1 + i] = text[i];
		}
		doc_row(doc, cells);
	}
	svg = chart_stack(&words, &(struct chart_stack){.unit = "",
					  .parts = parts,
					  .n_parts = ARRAY_SIZE(parts),
					  .bars = titles,
					  .values = values,
					  .n_bars = n});
	doc_picture(doc, svg, "Places in the code, not how often they are executed.", false);
}

static int larger_first(const void *a, const void *b)
{
	const struct py_size *x = a, *y = b;

	return x->size != y->size ? (x->size < y->size) - (x->size > y->size)
				  : strcmp(x->name, y->name);
}

void py_sizes_picture(struct doc *doc, struct py_size *sizes, size_t n)
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

void py_item_page(struct doc *doc, const struct py_item *item, bool symbols)
{
	const struct elf_facts *f = &item->file.facts;

	if (item->file.problem) {
		doc_fact(doc, "file", item->file.path);
		doc_fact(doc, "not read", item->file.problem);
		return;
	}
	page_facts(doc, item);
	page_libraries(doc, item->libraries);
	page_versions(doc, f);
	page_relocations(doc, f);
	py_code_page(doc, &item, (const char *[]){"count"}, item->has_code);
	if (symbols)
		page_names(doc, f);
}

void py_archive_page(struct doc *doc, uint64_t size, const struct elf_archive_facts *f)
{
	const char *machine = elf_machine_name(f->machine);
	bool machine_code = !f->bitcode_members && !f->lto_members && !f->foreign_members;

	fact_bytes(doc, size);
	doc_fact(doc, "type", "static library");
	if (f->bits)
		doc_factf(doc, "machine", "%s, %u bits", machine ? machine : "other", f->bits);
	else
		doc_fact(doc, "machine", NULL);
	doc_factf(doc, "members", "%zu", f->members);
	doc_fact(doc, "all machine code", machine_code ? "yes" : "no");
	doc_factf(doc, "LLVM bitcode", "%zu", f->bitcode_members);
	doc_factf(doc, "LTO, no machine code", "%zu", f->lto_members);
	doc_factf(doc, "LTO and machine code", "%zu", f->fat_lto_members);
	doc_factf(doc, "other members", "%zu", f->foreign_members);
	doc_factf(doc, "absolute relocations", "%" PRIu64, f->abs32_relocs);
	doc_factf(doc, "defined symbols", "%zu", f->defined_globals);
}
