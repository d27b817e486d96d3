/* Who uses a symbol that the loader looks up.
 *
 * Code reaches such a symbol by way of a slot, and the walk over it says which. Data have the
 * symbol's address in a word of their own, by a relocation like R_X86_64_64, and code may call by
 * way of that word. A program may keep a copy of a library's variable (R_X86_64_COPY) and reach it
 * like any of its own. For these two the addresses in instructions tell, on x86-64. */
#include "code/code-internal.h"

#include <stdlib.h>

/* Something at an address: a variable, a section; a program's copy of a library's variable, or a
 * word with the address of a symbol. */
struct thing {
	uint64_t start, end;
	const char *name; /* NULL: none */
	uint32_t symbol;  /* of a copy, or of a word */
	bool copy;
};

struct things {
	struct thing *v; /* sorted, once all are there */
	size_t n;
};

struct uses {
	const struct code *code;
	struct things variables, sections;
	struct things places; /* copies and words */
	code_use_visit visit;
	void *ctx;
};

static void uses_release(struct uses *u)
{
	free(u->variables.v);
	free(u->sections.v);
	free(u->places.v);
}

static void add_thing(struct things *all, uint64_t size, struct thing thing)
{
	thing.end = thing.start + size;
	/* An overflow is no place. */
	if (thing.end > thing.start)
		*ARRAY_ADD(all->v, all->n) = thing;
}

static const struct thing *thing_at(const struct things *all, uint64_t addr)
{
	size_t i = COUNT_UPTO(all->v, all->n, start, addr);

	return i && addr < all->v[i - 1].end ? &all->v[i - 1] : NULL;
}

static int compare_things(const void *a, const void *b)
{
	const struct thing *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->name && y->name ? strcmp(x->name, y->name) : 0;
}

static void sort_things(struct things *all)
{
	sort_array(all->v, all->n, sizeof(*all->v), compare_things);
}

/* The variables among the symbols of a table; every name in `names` has an end. */
static void add_variables(
	struct uses *u, const struct elf_slice *symbols, const struct elf_slice *names)
{
	const struct elf_image *img = &u->code->img;
	size_t size = elf_sym_size(img);
	Elf64_Sym sym;

	for (size_t pos = size; pos < symbols->n && symbols->n - pos >= size; pos += size) {
		elf_sym(img, symbols->p + pos, &sym);
		if (ELF64_ST_TYPE(sym.st_info) == STT_OBJECT && sym.st_shndx != SHN_UNDEF &&
			sym.st_name && sym.st_name < names->n)
			add_thing(&u->variables, sym.st_size,
				(struct thing){.start = sym.st_value,
					.name = (const char *)names->p + sym.st_name});
	}
}

/* Local variables are only in .symtab. */
static void find_variables(struct uses *u, const struct elf_dynamic *dyn, uint64_t n_symbols)
{
	const struct elf_image *img = &u->code->img;
	struct elf_slice symbols = {dyn->symtab.p, (size_t)n_symbols * elf_sym_size(img)};
	struct elf_slice names = u->code->dynstr, table, strings;
	Elf64_Shdr sh, link;

	for (uint32_t i = 1; i < img->shnum; i++) {
		elf_shdr(img, i, &sh);
		if (sh.sh_type != SHT_SYMTAB || sh.sh_link >= img->shnum)
			continue;
		elf_shdr(img, sh.sh_link, &link);
		if (elf_section_bytes(img, &sh, &table) &&
			elf_section_bytes(img, &link, &strings) && strings.n &&
			!strings.p[strings.n - 1]) {
			symbols = table;
			names = strings;
		}
		break;
	}
	add_variables(u, &symbols, &names);
	sort_things(&u->variables);
}

static void find_sections(struct uses *u)
{
	const struct elf_image *img = &u->code->img;
	const struct elf_slice *names = &img->shstrtab;
	Elf64_Shdr sh;

	for (uint32_t i = 1; i < img->shnum; i++) {
		elf_shdr(img, i, &sh);
		if (sh.sh_flags & SHF_ALLOC && !(sh.sh_flags & SHF_TLS) && sh.sh_name < names->n &&
			memchr(names->p + sh.sh_name, 0, names->n - sh.sh_name))
			add_thing(&u->sections, sh.sh_size,
				(struct thing){.start = sh.sh_addr,
					.name = (const char *)names->p + sh.sh_name});
	}
	sort_things(&u->sections);
}

static int use_by_word(struct uses *u, uint64_t addr, uint32_t symbol, struct err *err)
{
	const struct thing *variable = thing_at(&u->variables, addr);
	const struct thing *section = variable ? NULL : thing_at(&u->sections, addr);
	const struct code_use use = {symbol, CODE_USE_DATA,
		variable  ? variable->name
		: section ? section->name
			  : NULL,
		variable ? variable->start : addr};

	return u->visit(u->ctx, &use, err);
}

static int read_words(struct uses *u, const struct elf_relocs *relocs, struct err *err)
{
	const struct elf_image *img = &u->code->img;
	const uint32_t copy = img->machine == EM_X86_64 ? R_X86_64_COPY : R_AARCH64_COPY;
	size_t size = elf_rel_size(img, relocs->addend), sym_size = elf_sym_size(img);

	for (size_t pos = 0; relocs->s.n - pos >= size; pos += size) {
		uint64_t addr = elf_word(img, relocs->s.p + pos);
		uint32_t symbol, type;
		Elf64_Sym sym;

		elf_rel(img, relocs->s.p + pos, &symbol, &type);
		if (!symbol || !type || symbol >= u->code->dynsym.n / sym_size ||
			elf_reloc_kind(img->machine, type) != ELF_RELOC_OTHER)
			continue;
		elf_sym(img, u->code->dynsym.p + symbol * sym_size, &sym);
		add_thing(&u->places, type == copy ? sym.st_size : elf_word_size(img),
			(struct thing){.start = addr, .symbol = symbol, .copy = type == copy});
		if (type != copy && use_by_word(u, addr, symbol, err) < 0)
			return -1;
	}
	return 0;
}

static enum code_use_kind kind_of(uint8_t class)
{
	return class <= CODE_SITE_TLS_DESC   ? CODE_USE_TLS
	       : class == CODE_SITE_GOT_LOAD ? CODE_USE_ADDRESS
					     : CODE_USE_CALL;
}

/* The copy or word that the instruction's own numbers lead to, or NULL. */
static const struct thing *place_of(
	const struct uses *u, const struct code_insn *insn, enum code_use_kind *kind)
{
	const struct thing *place = NULL;
	struct x86_decoded in;

	if (!x86_decode(insn->bytes, insn->len, &in))
		return NULL;
	if (in.memory && in.rip)
		place = thing_at(&u->places, insn->addr + insn->len + (uint64_t)in.disp);
	else if (in.memory && in.base == X86_NO_REGISTER && !in.fs)
		place = thing_at(&u->places, (uint64_t)in.disp);
	if (!place) {
		place = thing_at(&u->places, (uint64_t)in.imm);
		place = place && place->copy ? place : NULL;
	}
	/* call and jmp */
	*kind = place && place->copy                                        ? CODE_USE_COPY
		: in.op == 0xff && ((in.reg & 7) == 2 || (in.reg & 7) == 4) ? CODE_USE_CALL
									    : CODE_USE_ADDRESS;
	return place;
}

static int read_code(void *ctx, const struct code_function *f, const struct code_insn *insns,
	size_t n, struct err *err)
{
	struct uses *u = ctx;
	bool places = u->places.n && u->code->img.machine == EM_X86_64;

	for (size_t i = 0; i < n && !f->plt; i++) {
		const struct code_insn *insn = &insns[i];
		struct code_use use = {insn->import, kind_of(insn->class), f->name, f->addr};
		const struct thing *place =
			places && !insn->import ? place_of(u, insn, &use.kind) : NULL;

		if (place)
			use.symbol = place->symbol;
		if ((place || (insn->import && insn->class < CODE_N_SITES)) &&
			u->visit(u->ctx, &use, err) < 0)
			return -1;
	}
	return 0;
}

int code_uses_in_memory(
	const void *data, size_t len, code_use_visit visit, void *ctx, struct err *err)
{
	CLEANUP_CODE struct code code = {0};
	CLEANUP(uses_release) struct uses u = {.code = &code, .visit = visit, .ctx = ctx};
	struct elf_relocs tables[ELF_N_RELOC_TABLES];
	struct code_counts ignored = {0};
	struct elf_dynamic dyn;
	uint64_t n_symbols;
	int dynamic;

	if (code_open(&code, data, len, err) < 0)
		return -1;
	dynamic = elf_dynamic_read(&code.img, &dyn, err);
	if (dynamic <= 0)
		return dynamic;
	if (elf_find_relocs(&code.img, &dyn, tables, err) < 0 ||
		elf_count_symbols(&code.img, &dyn, &n_symbols, err) < 0)
		return -1;
	find_variables(&u, &dyn, n_symbols);
	find_sections(&u);
	for (size_t i = 0; i < ELF_N_RELOC_TABLES; i++) {
		if (read_words(&u, &tables[i], err) < 0)
			return -1;
	}
	sort_things(&u.places);
	return code_walk(&code, false, read_code, &u, &ignored, err);
}

int code_uses(const char *path, code_use_visit visit, void *ctx, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};

	if (elf_map_open(path, &map, err) < 0)
		return -1;
	if (code_uses_in_memory(map.data, map.size, visit, ctx, err) < 0)
		return err_wrap(err, "reading the code of '%s'", path);
	return 0;
}

const char *code_use_name(enum code_use_kind kind)
{
	static const char *const names[] = {"call", "address", "thread-local", "copy", "data"};

	return names[kind];
}
