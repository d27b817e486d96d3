#include "elf/image.h"

/* AArch64 has the highest numbers, up to 1032. */
#define TYPES 2048

enum tls_kind {
	TLS_NONE,
	TLS_DTPMOD,
	TLS_DTPOFF,
	TLS_TPOFF,
	TLS_DESC,
};

static const struct {
	uint16_t machine;
	uint16_t type;
	enum tls_kind kind;
} tls_types[] = {
	{EM_X86_64, R_X86_64_DTPMOD64, TLS_DTPMOD},
	{EM_X86_64, R_X86_64_DTPOFF64, TLS_DTPOFF},
	{EM_X86_64, R_X86_64_TPOFF64, TLS_TPOFF},
	{EM_X86_64, R_X86_64_TLSDESC, TLS_DESC},
	{EM_AARCH64, R_AARCH64_TLS_DTPMOD, TLS_DTPMOD},
	{EM_AARCH64, R_AARCH64_TLS_DTPREL, TLS_DTPOFF},
	{EM_AARCH64, R_AARCH64_TLS_TPREL, TLS_TPOFF},
	{EM_AARCH64, R_AARCH64_TLSDESC, TLS_DESC},
	{EM_386, R_386_TLS_DTPMOD32, TLS_DTPMOD},
	{EM_386, R_386_TLS_DTPOFF32, TLS_DTPOFF},
	{EM_386, R_386_TLS_TPOFF, TLS_TPOFF},
	{EM_386, R_386_TLS_TPOFF32, TLS_TPOFF},
	{EM_386, R_386_TLS_DESC, TLS_DESC},
	{EM_ARM, R_ARM_TLS_DTPMOD32, TLS_DTPMOD},
	{EM_ARM, R_ARM_TLS_DTPOFF32, TLS_DTPOFF},
	{EM_ARM, R_ARM_TLS_TPOFF32, TLS_TPOFF},
	{EM_ARM, R_ARM_TLS_DESC, TLS_DESC},
	{EM_RISCV, R_RISCV_TLS_DTPMOD32, TLS_DTPMOD},
	{EM_RISCV, R_RISCV_TLS_DTPMOD64, TLS_DTPMOD},
	{EM_RISCV, R_RISCV_TLS_DTPREL32, TLS_DTPOFF},
	{EM_RISCV, R_RISCV_TLS_DTPREL64, TLS_DTPOFF},
	{EM_RISCV, R_RISCV_TLS_TPREL32, TLS_TPOFF},
	{EM_RISCV, R_RISCV_TLS_TPREL64, TLS_TPOFF},
};

struct counter {
	uint8_t kind[TYPES];
	uint64_t count[TYPES];
	uint64_t unknown;
};

/* Into the file's own TLS block, or into another one's? */
static int tls_own(const struct elf_image *img, const struct elf_dynamic *dyn, uint32_t symbol,
	bool *own, struct err *err)
{
	size_t size = elf_sym_size(img);
	Elf64_Sym sym;

	*own = true;
	if (symbol == 0)
		return 0;
	if (symbol >= dyn->symtab.n / size)
		return err_set(err, ERR_INPUT, "a relocation uses a symbol that does not exist");
	elf_sym(img, dyn->symtab.p + symbol * size, &sym);
	*own = sym.st_shndx != SHN_UNDEF;
	return 0;
}

static int count_tls(const struct elf_image *img, const struct elf_dynamic *dyn, enum tls_kind kind,
	uint32_t symbol, struct elf_tls_relocs *tls, struct err *err)
{
	bool own;

	if (tls_own(img, dyn, symbol, &own, err) < 0)
		return -1;
	tls->own += own;
	tls->dtpmod += kind == TLS_DTPMOD;
	tls->dtpoff += kind == TLS_DTPOFF;
	tls->tpoff += kind == TLS_TPOFF;
	tls->desc += kind == TLS_DESC;
	return 0;
}

static int count_table(const struct elf_image *img, struct elf_dynamic *dyn,
	const struct elf_slice *table, bool addend, struct counter *c, struct elf_tls_relocs *tls,
	struct err *err)
{
	size_t size = elf_rel_size(img, addend);

	for (size_t i = 0; i < table->n / size; i++) {
		uint32_t symbol, type;

		elf_rel(img, table->p + i * size, &symbol, &type);
		if (symbol > dyn->max_symbol)
			dyn->max_symbol = symbol;
		if (type >= TYPES) {
			c->unknown++;
			continue;
		}
		c->count[type]++;
		if (c->kind[type] != TLS_NONE &&
			count_tls(img, dyn, c->kind[type], symbol, tls, err) < 0)
			return -1;
	}
	return 0;
}

/* A table of `what` at the address and size that two tags give, with entries of `entry` bytes,
 * which the third tag may state. */
static int find_table(const struct elf_image *img, const struct elf_dynamic *dyn, int addr,
	int size, uint64_t stated, size_t entry, const char *what, struct elf_slice *out,
	struct err *err)
{
	*out = (struct elf_slice){0};
	if (!dyn->has[addr] || dyn->value[size] == 0)
		return 0;
	if (stated && stated != entry)
		return err_set(err, ERR_INPUT, "%s has entries of %llu bytes", what,
			(unsigned long long)stated);
	if (dyn->value[size] % entry)
		return err_set(
			err, ERR_INPUT, "the size of %s is not a multiple of %zu", what, entry);
	return elf_at_len(img, dyn->value[addr], dyn->value[size], what, out, err);
}

/* Some linkers let DT_RELASZ (or DT_RELSZ) cover the PLT's relocations too. */
static bool inside(const struct elf_slice *part, const struct elf_slice *whole)
{
	return part->n && whole->n && part->p >= whole->p && part->p < whole->p + whole->n;
}

int elf_find_relocs(const struct elf_image *img, const struct elf_dynamic *dyn,
	struct elf_reloc_tables *t, struct err *err)
{
	size_t rela_size = elf_rel_size(img, true), rel_size = elf_rel_size(img, false);

	t->plt_addend = dyn->has[DT_PLTREL] ? dyn->value[DT_PLTREL] == DT_RELA : img->is64;
	if (find_table(img, dyn, DT_RELA, DT_RELASZ, dyn->value[DT_RELAENT], rela_size, "DT_RELA",
		    &t->rela, err) < 0 ||
		find_table(img, dyn, DT_REL, DT_RELSZ, dyn->value[DT_RELENT], rel_size, "DT_REL",
			&t->rel, err) < 0 ||
		find_table(img, dyn, DT_JMPREL, DT_PLTRELSZ, 0,
			t->plt_addend ? rela_size : rel_size, "DT_JMPREL", &t->plt, err) < 0)
		return -1;
	if (inside(&t->plt, t->plt_addend ? &t->rela : &t->rel))
		t->plt.n = 0;
	return 0;
}

static int count_all(const struct elf_image *img, struct elf_dynamic *dyn, struct counter *c,
	struct elf_tls_relocs *tls, struct err *err)
{
	struct elf_reloc_tables t;

	if (elf_find_relocs(img, dyn, &t, err) < 0 ||
		count_table(img, dyn, &t.rela, true, c, tls, err) < 0 ||
		count_table(img, dyn, &t.rel, false, c, tls, err) < 0 ||
		count_table(img, dyn, &t.plt, t.plt_addend, c, tls, err) < 0)
		return -1;
	return 0;
}

/* An even word is an address; an odd one is a bitmap of the words that follow the last address. */
static int count_relr(const struct elf_image *img, const struct elf_dynamic *dyn,
	struct elf_facts *facts, struct err *err)
{
	size_t w = elf_word_size(img);
	struct elf_slice table;

	if (find_table(img, dyn, DT_RELR, DT_RELRSZ, dyn->value[DT_RELRENT], w, "DT_RELR", &table,
		    err) < 0)
		return -1;
	for (size_t i = 0; i < table.n / w; i++) {
		uint64_t word = elf_word(img, table.p + i * w);

		facts->relr += word & 1 ? (unsigned)__builtin_popcountll(word >> 1) : 1u;
	}
	return 0;
}

static void keep_counts(const struct counter *c, struct elf_facts *facts)
{
	size_t n = c->unknown > 0;

	for (uint32_t i = 0; i < TYPES; i++)
		n += c->count[i] > 0;
	facts->relocs = xcalloc(n ? n : 1, sizeof(*facts->relocs));
	for (uint32_t i = 0; i < TYPES; i++)
		if (c->count[i])
			facts->relocs[facts->n_relocs++] = (struct elf_reloc_count){i, c->count[i]};
	if (c->unknown)
		facts->relocs[facts->n_relocs++] =
			(struct elf_reloc_count){ELF_RELOC_UNKNOWN, c->unknown};
}

int elf_read_relocs(const struct elf_image *img, struct elf_dynamic *dyn, struct elf_facts *facts,
	struct err *err)
{
	CLEANUP_FREE struct counter *c = xcalloc(1, sizeof(*c));

	/* Its relocations have three types each and another layout. */
	if (img->machine == EM_MIPS && img->is64)
		return err_set(err, ERR_UNSUPPORTED, "the relocations of 64-bit MIPS");
	for (size_t i = 0; i < ARRAY_SIZE(tls_types); i++)
		if (tls_types[i].machine == img->machine)
			c->kind[tls_types[i].type] = (uint8_t)tls_types[i].kind;
	if (count_all(img, dyn, c, &facts->tls_relocs, err) < 0 ||
		count_relr(img, dyn, facts, err) < 0)
		return -1;
	keep_counts(c, facts);
	return 0;
}
