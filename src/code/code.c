/* Gathers what a file tells about its code before the instructions are read.
 *
 * Code that can be loaded anywhere, or that uses what another file defines, goes by way of words
 * that the loader fills in: slots. Most lie in the *global offset table* (GOT), where each holds
 * the address of a variable, which code loads, or of a function, which code calls through it. Which
 * file defines a symbol is known only at load time, since a program may *interpose* its own; so a
 * library built without further flags reaches even its own exported functions like this.
 *
 * A call of such a function is written as a call of a stub in the *procedure linkage table* (PLT),
 * which jumps through a slot of its own: JUMP_SLOT, filled in at the first call (lazily) or at load
 * time. With -fno-plt, code calls through the slot itself.
 *
 * Thread-local variables lie in one block per thread and file. The *thread pointer* (%fs on x86-64,
 * TPIDR_EL0 on AArch64) leads to these blocks. Those of the program and of the libraries that were
 * loaded with it are at fixed distances from it, those of libraries loaded later anywhere. There
 * are four models of access:
 *
 *	local-exec      the program's own block: the distance is a constant in the instruction
 *	initial-exec    a block at a fixed distance, which the loader puts into a slot (TPOFF)
 *	global-dynamic  any block: two slots have the file's number (DTPMOD) and the offset in
 *	                its block (DTPOFF), and __tls_get_addr makes an address of them.
 *	                Local-dynamic asks once for the file's own block and adds constants
 *	descriptors     any block: a slot (DESC) has a function that the loader chose, which
 *	                returns the distance from the thread pointer
 *
 * The linker *relaxes* a sequence to a cheaper model where it knows more than the compiler did, in
 * place and padded to the same length; so compilers emit each sequence in one fixed form.
 *
 * This file finds three things: executable regions, from sections (or segments, if there are no
 * section headers); slots, from dynamic relocations; and the bounds of functions, from .symtab,
 * .dynsym and, in stripped files, .eh_frame. walk.c and the machines' files then tell which
 * instructions are parts of which sequence. */
#include "code/code-internal.h"

#include <stdlib.h>

/* All structs that are sorted here begin with an address. */
static int by_address(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static const struct code_span *span_at(const struct code_span *v, size_t n, uint64_t addr)
{
	size_t i = COUNT_UPTO(v, n, start, addr);

	return i && addr < v[i - 1].end ? &v[i - 1] : NULL;
}

const struct code_span *code_region_at(const struct code *code, uint64_t addr)
{
	return span_at(code->regions, code->n_regions, addr);
}

const struct code_span *code_function_at(const struct code *code, uint64_t addr)
{
	return span_at(code->functions, code->n_functions, addr);
}

const struct code_slot *code_slot_at(const struct code *code, uint64_t addr)
{
	size_t i = COUNT_UPTO(code->slots, code->n_slots, addr, addr);

	return i && code->slots[i - 1].addr == addr ? &code->slots[i - 1] : NULL;
}

static void add_region(struct code *code, uint64_t addr, const struct elf_slice *s,
	const char *plt_name, enum code_bolt bolt)
{
	uint64_t end;

	if (s->n == 0 || __builtin_add_overflow(addr, (uint64_t)s->n, &end))
		return;
	*ARRAY_ADD(code->regions, code->n_regions) =
		(struct code_span){addr, end, plt_name, s->p, (uint8_t)bolt};
}

static int read_sections(struct code *code, struct err *err)
{
	static const char *const plts[] = {".plt", ".plt.sec", ".plt.got", ".plt.bnd", ".iplt"};
	const struct elf_image *img = &code->img;
	bool bolted = elf_find_section(img, ".bolt.org.text", &(Elf64_Shdr){0});
	struct elf_slice s;
	Elf64_Shdr sh;

	for (uint32_t i = 1; i < img->shnum; i++) {
		enum code_bolt bolt = CODE_BOLT_NOT;
		const char *plt = NULL;

		elf_shdr(img, i, &sh);
		if (!(sh.sh_flags & SHF_ALLOC))
			continue;
		if ((elf_section_is(img, &sh, ".got") || elf_section_is(img, &sh, ".got.plt")) &&
			code->n_got < CODE_MAX_GOT)
			code->got[code->n_got++] = (struct code_span){
				.start = sh.sh_addr, .end = sh.sh_addr + sh.sh_size};
		if (!(sh.sh_flags & SHF_EXECINSTR) || sh.sh_size == 0)
			continue;
		if (sh.sh_type == SHT_NOBITS)
			return err_set(err, ERR_UNSUPPORTED,
				"the code is not in the file, which holds only debug information");
		if (!elf_section_bytes(img, &sh, &s))
			return err_set(err, ERR_INPUT, "section %u is beyond the end of file", i);
		for (size_t k = 0; k < ARRAY_SIZE(plts) && !plt; k++)
			plt = elf_section_is(img, &sh, plts[k]) ? plts[k] : NULL;
		if (elf_section_is(img, &sh, ".bolt.org.text"))
			bolt = CODE_BOLT_OLD;
		else if (bolted && elf_section_begins(img, &sh, ".text"))
			bolt = CODE_BOLT_NEW;
		add_region(code, sh.sh_addr, &s, plt, bolt);
	}
	return 0;
}

static int read_segments(struct code *code, struct err *err)
{
	struct elf_slice s;
	Elf64_Phdr ph;

	for (uint32_t i = 0; i < code->img.phnum; i++) {
		elf_phdr(&code->img, i, &ph);
		if (ph.p_type != PT_LOAD || !(ph.p_flags & PF_X))
			continue;
		if (!elf_bytes(&code->img, ph.p_offset, ph.p_filesz, &s))
			return err_set(err, ERR_INPUT, "a segment is beyond the end of file");
		add_region(code, ph.p_vaddr, &s, NULL, CODE_BOLT_NOT);
	}
	return 0;
}

/* Real sections do not overlap, neither in memory nor in the file; so the bytes to read are at most
 * those of the file. */
static int check_regions(struct code *code, struct err *err)
{
	uint64_t end = 0, total = 0;

	sort_array(code->regions, code->n_regions, sizeof(*code->regions), by_address);
	for (size_t i = 0; i < code->n_regions; i++) {
		const struct code_span *r = &code->regions[i];

		total += r->end - r->start;
		if (r->start < end || total > code->img.size)
			return err_set(err, ERR_INPUT, "executable sections overlap");
		end = r->end;
	}
	return 0;
}

/* The table up to its last NUL, so that every name in it has an end. */
static struct elf_slice whole_names(struct elf_slice table)
{
	const uint8_t *end = table.n ? memrchr(table.p, 0, table.n) : NULL;

	return (struct elf_slice){table.p, end ? (size_t)(end - table.p) + 1 : 0};
}

static const char *name_at(const struct elf_slice *names, uint64_t offset)
{
	return offset && offset < names->n ? (const char *)names->p + offset : NULL;
}

static bool slot_symbol(const struct code *code, const struct code_slot *slot, Elf64_Sym *sym)
{
	size_t size = elf_sym_size(&code->img);

	if (slot->symbol == 0 || slot->symbol >= code->dynsym.n / size)
		return false;
	elf_sym(&code->img, code->dynsym.p + slot->symbol * size, sym);
	return true;
}

const char *code_slot_name(const struct code *code, const struct code_slot *slot)
{
	Elf64_Sym sym;

	return slot && slot_symbol(code, slot, &sym) ? name_at(&code->dynstr, sym.st_name) : NULL;
}

static void add_slots(struct code *code, const struct elf_relocs *relocs)
{
	const struct elf_image *img = &code->img;
	size_t size = elf_rel_size(img, relocs->addend);

	for (size_t pos = 0; relocs->s.n - pos >= size; pos += size) {
		struct code_slot slot = {.addr = elf_word(img, relocs->s.p + pos)};
		const char *name;
		Elf64_Sym sym;
		uint32_t type;

		elf_rel(img, relocs->s.p + pos, &slot.symbol, &type);
		slot.kind = elf_reloc_kind(img->machine, type);
		if (slot.kind == ELF_RELOC_OTHER || slot.kind == ELF_RELOC_DTPOFF)
			continue;
		if (slot_symbol(code, &slot, &sym)) {
			slot.defined = sym.st_shndx != SHN_UNDEF;
			name = name_at(&code->dynstr, sym.st_name);
			slot.tls_get_addr = name && !strcmp(name, "__tls_get_addr");
			slot.stack_guard = name && !strcmp(name, "__stack_chk_guard");
		}
		*ARRAY_ADD(code->slots, code->n_slots) = slot;
	}
}

void code_add_function(struct code *code, uint64_t start, uint64_t end, const char *name)
{
	/* An overflow is an end before the start, which is no function. */
	if (end && end <= start)
		return;
	*ARRAY_ADD(code->functions, code->n_functions) =
		(struct code_span){.start = start, .end = end, .name = name};
}

/* The functions among the first `n` symbols of a table. */
static void add_functions(struct code *code, const struct elf_slice *symbols, uint64_t n,
	const struct elf_slice *names)
{
	size_t size = elf_sym_size(&code->img);
	Elf64_Sym sym;

	for (uint64_t i = 1; i < n; i++) {
		unsigned type = ELF64_ST_TYPE(symbols->p[i * size + 4]);

		if (type != STT_FUNC && type != STT_GNU_IFUNC)
			continue;
		elf_sym(&code->img, symbols->p + i * size, &sym);
		if (sym.st_shndx != SHN_UNDEF)
			code_add_function(code, sym.st_value,
				sym.st_size ? sym.st_value + sym.st_size : 0,
				name_at(names, sym.st_name));
	}
}

static int read_dynamic(struct code *code, const struct elf_dynamic *dyn, struct err *err)
{
	struct elf_relocs tables[ELF_N_RELOC_TABLES];
	uint64_t count;

	code->dynstr = whole_names(dyn->strtab);
	/* Whole: relocations may name symbols that no table counts. */
	code->dynsym = dyn->symtab;
	if (elf_count_symbols(&code->img, dyn, &count, err) < 0 ||
		elf_find_relocs(&code->img, dyn, tables, err) < 0)
		return -1;
	add_functions(code, &dyn->symtab, count, &code->dynstr);
	for (size_t i = 0; i < ELF_N_RELOC_TABLES; i++)
		add_slots(code, &tables[i]);
	return 0;
}

/* Reads what only sections tell: .symtab, and IRELATIVE relocations in a program without a dynamic
 * section. */
static int read_tables(struct code *code, bool dynamic, struct err *err)
{
	const struct elf_image *img = &code->img;
	struct elf_slice strings, names;
	struct elf_relocs relocs = {.addend = true};
	uint64_t budget = img->size;
	bool symtab = false;
	Elf64_Shdr sh, link;

	for (uint32_t i = 1; i < img->shnum; i++) {
		bool relas;

		elf_shdr(img, i, &sh);
		relas = !dynamic && sh.sh_type == SHT_RELA && sh.sh_flags & SHF_ALLOC;
		if (!relas && (symtab || sh.sh_type != SHT_SYMTAB))
			continue;
		if (!elf_section_bytes(img, &sh, &relocs.s))
			return err_set(err, ERR_INPUT, "section %u is beyond the end of file", i);
		if (relocs.s.n > budget)
			return err_set(err, ERR_INPUT, "sections overlap");
		budget -= relocs.s.n;
		if (relas) {
			add_slots(code, &relocs);
			continue;
		}
		symtab = true;
		if (sh.sh_link >= img->shnum)
			return err_set(err, ERR_INPUT, "the symbol table has no names");
		elf_shdr(img, sh.sh_link, &link);
		if (!elf_section_bytes(img, &link, &strings))
			return err_set(
				err, ERR_INPUT, "the names of symbols are beyond the end of file");
		names = whole_names(strings);
		add_functions(code, &relocs.s, relocs.s.n / elf_sym_size(img), &names);
		code->symtab = code->n_functions > 0;
	}
	return 0;
}

/* By address; at one address those with a name first, the ones without a size last. */
static int compare_functions(const void *a, const void *b)
{
	const struct code_span *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (!x->name != !y->name)
		return x->name ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	/* Aliases often come in pairs; the choice must not depend on the table's order. */
	return x->name && x->name != y->name ? strcmp(x->name, y->name) : 0;
}

/* The same name may be in both symbol tables. */
static void add_alias(struct code *code, const struct code_span *f, const char *first)
{
	const struct code_alias *last =
		code->n_aliases ? &code->aliases[code->n_aliases - 1] : NULL;

	if (!strcmp(f->name, first) ||
		(last && last->addr == f->start && !strcmp(f->name, last->name)))
		return;
	*ARRAY_ADD(code->aliases, code->n_aliases) = (struct code_alias){f->start, f->name};
}

/* BOLT leaves the old code of what it moved in place, with its frame descriptions, which nothing
 * tells from live ones; but symbols move along. So what only a frame description knows there is
 * dead, in a file with symbols. */
static bool is_old_copy(
	struct code *code, const struct code_span *f, const struct code_span *r, uint64_t *old_end)
{
	uint64_t start = f->start < *old_end ? *old_end : f->start;
	uint64_t end = f->end > r->end ? r->end : f->end;

	if (r->bolt != CODE_BOLT_OLD || f->name || !code->symtab)
		return false;
	if (end > start) {
		code->old += end - start;
		*old_end = end;
	}
	return true;
}

/* Makes functions of all that was gathered: inside regions, without overlaps, one at a place. */
static void settle_functions(struct code *code)
{
	struct code_span *v = code->functions, *last = NULL;
	size_t n = code->n_functions, kept = 0;
	uint64_t next = 0, old_end = 0;

	sort_array(v, n, sizeof(*v), compare_functions);
	/* The array is compacted in place. */
	for (size_t i = 0; i < n; i++) {
		struct code_span f = v[i];
		const struct code_span *r = code_region_at(code, f.start);

		/* The start of the next function, which may be far away. Only equal starts are
		 * passed over, once. */
		if (next <= f.start) {
			size_t k = i + 1;

			while (k < n && v[k].start == f.start)
				k++;
			next = k < n ? v[k].start : UINT64_MAX;
		}
		if (!r || r->name)
			continue;
		f.p = r->p + (f.start - r->start);
		if (f.end == 0)
			f.end = next;
		if (f.end > r->end)
			f.end = r->end;
		if ((!last || f.start >= last->end) && is_old_copy(code, &f, r, &old_end))
			continue;
		if (!last || f.start >= last->end) {
			v[kept++] = f;
		} else if (f.start > last->start && f.name) {
			/* A name in the midst of a function begins one of its own; what stood after
			 * it belongs to it. A frame description there does not. */
			if (f.end < last->end)
				f.end = last->end;
			last->end = f.start;
			v[kept++] = f;
		} else {
			if (f.end > last->end)
				last->end = f.end;
			if (!last->name && f.start == last->start)
				last->name = f.name;
			else if (f.name && f.start == last->start)
				add_alias(code, &f, last->name);
		}
		last = &v[kept - 1];
	}
	code->n_functions = kept;
}

int code_open(struct code *code, const void *data, size_t len, struct err *err)
{
	const struct elf_image *img = &code->img;
	struct elf_dynamic dyn;
	int dynamic;

	*code = (struct code){0};
	if (elf_image_init(&code->img, data, len, err) < 0)
		return -1;
	if (img->type == ET_REL)
		return err_set(err, ERR_UNSUPPORTED,
			"the code of an object file, whose calls have no targets yet");
	if ((img->machine != EM_X86_64 && img->machine != EM_AARCH64) || !img->is64 ||
		img->big_endian)
		return err_set(err, ERR_UNSUPPORTED,
			"code for this machine (only x86-64 and little-endian AArch64 are read)");
	if ((img->shnum ? read_sections(code, err) : read_segments(code, err)) < 0 ||
		check_regions(code, err) < 0 || (dynamic = elf_dynamic_read(img, &dyn, err)) < 0 ||
		(dynamic && read_dynamic(code, &dyn, err) < 0) ||
		read_tables(code, dynamic, err) < 0 || code_read_eh_frame(code, err) < 0) {
		code_close(code);
		return -1;
	}
	sort_array(code->slots, code->n_slots, sizeof(*code->slots), by_address);
	settle_functions(code);
	return 0;
}

void code_close(struct code *code)
{
	free(code->regions);
	free(code->slots);
	free(code->functions);
	free(code->aliases);
	*code = (struct code){0};
}

bool code_in_got(const struct code *code, uint64_t addr)
{
	for (size_t i = 0; i < code->n_got; i++)
		if (addr >= code->got[i].start && addr < code->got[i].end)
			return true;
	/* Section headers, where there are any, have the last word. */
	return code->img.shnum == 0 && code_slot_at(code, addr);
}

const struct code_slot *code_stub(const struct code *code, uint64_t addr)
{
	const struct code_span *r = code_region_at(code, addr);
	const struct code_slot *slot;
	const uint8_t *p;
	uint64_t at;

	if (!r || (!r->name && code->img.shnum))
		return NULL;
	p = r->p + (addr - r->start);
	at = code->img.machine == EM_AARCH64 ? code_stub_arm64(p, r->end - addr, addr)
					     : code_stub_x86(p, r->end - addr, addr);
	slot = at ? code_slot_at(code, at) : NULL;
	/* Without section headers a function that only jumps on would look the same. */
	return slot && (r->name || slot->kind == ELF_RELOC_LAZY) ? slot : NULL;
}

int code_each_in_memory(const void *data, size_t len, code_visit visit, void *ctx,
	struct code_counts *totals, struct err *err)
{
	CLEANUP_CODE struct code code = {0};
	struct code_counts mine;

	if (!totals)
		totals = &mine;
	*totals = (struct code_counts){0};
	if (code_open(&code, data, len, err) < 0)
		return -1;
	return code_walk(&code, visit != NULL, visit, ctx, totals, err);
}

int code_each(
	const char *path, code_visit visit, void *ctx, struct code_counts *totals, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};

	if (elf_map_open(path, &map, err) < 0)
		return -1;
	if (code_each_in_memory(map.data, map.size, visit, ctx, totals, err) < 0)
		return err_wrap(err, "reading the code of '%s'", path);
	return 0;
}

int code_functions_read(const char *path, struct code_functions *functions, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};
	CLEANUP_CODE struct code code = {0};
	uint64_t size = 1;
	char *p;

	*functions = (struct code_functions){0};
	if (elf_map_open(path, &map, err) < 0)
		return -1;
	if (code_open(&code, map.data, map.size, err) < 0)
		return err_wrap(err, "reading the functions of '%s'", path);
	/* All names go into one block. Those of real files share at most a few tails. */
	for (size_t i = 0; i < code.n_functions; i++) {
		const char *name = code.functions[i].name;

		size += name ? strlen(name) + 1 : 0;
		if (size > 16 * (uint64_t)map.size || size > SIZE_MAX / 2) {
			err_set(err, ERR_INPUT, "the names of functions overlap too much");
			return err_wrap(err, "reading the functions of '%s'", path);
		}
	}
	functions->names = p = xcalloc((size_t)size, 1);
	functions->n = code.n_functions;
	functions->v = xcalloc(functions->n + 1, sizeof(*functions->v));
	for (size_t i = 0; i < functions->n; i++) {
		const struct code_span *f = &code.functions[i];

		functions->v[i] = (struct code_function){
			.name = f->name ? p : NULL, .addr = f->start, .size = f->end - f->start};
		if (f->name)
			p = stpcpy(p, f->name) + 1;
	}
	return 0;
}

void code_functions_release(struct code_functions *functions)
{
	free(functions->v);
	free(functions->names);
	*functions = (struct code_functions){0};
}

static const struct {
	const char *name, *words;
} classes[CODE_N_CLASSES] = {
	[CODE_SITE_TLS_LE] = {"tls-local-exec", "TLS access, local-exec"},
	[CODE_SITE_TLS_IE] = {"tls-initial-exec", "TLS access, initial-exec"},
	[CODE_SITE_TLS_GD] = {"tls-general-dynamic", "TLS access, global-dynamic"},
	[CODE_SITE_TLS_LD] = {"tls-local-dynamic", "TLS access, local-dynamic"},
	[CODE_SITE_TLS_DESC] = {"tls-descriptor", "TLS access, descriptor"},
	[CODE_SITE_CALL_DIRECT] = {"call-direct", "call, direct"},
	[CODE_SITE_CALL_PLT_OWN] = {"call-plt-own", "call through the PLT to the same file"},
	[CODE_SITE_CALL_PLT_OTHER] = {"call-plt-other", "call through the PLT to other files"},
	[CODE_SITE_CALL_GOT] = {"call-got", "call through the GOT"},
	[CODE_SITE_CALL_INDIRECT] = {"call-indirect", "call, indirect"},
	[CODE_SITE_GOT_LOAD] = {"got-load", "load of an address from the GOT"},
	[CODE_INSN_STACK_PROTECTOR] = {.name = "stack-protector"},
	[CODE_INSN_CONTROL_FLOW] = {.name = "control-flow-marker"},
	[CODE_INSN_FRAME] = {.name = "frame"},
	[CODE_INSN_SPILL] = {.name = "spill"},
	[CODE_INSN_PLT_STUB] = {.name = "plt-stub"},
	[CODE_INSN_JUMP_INDIRECT] = {.name = "jump-indirect"},
	[CODE_INSN_OTHER] = {.name = "other"},
	[CODE_INSN_UNKNOWN] = {.name = "unknown"},
};

const char *code_class_name(unsigned class)
{
	return classes[class].name;
}

const char *code_site_words(enum code_site site)
{
	return classes[site].words;
}
