/* Relocations: their types, and how many there are.
 *
 * A dynamic relocation tells the loader to fill in a word: with an address (GLOB_DAT, JUMP_SLOT),
 * an address of the file itself (RELATIVE), or what thread-local variables need. Each machine
 * numbers and names the types itself. */
#include "elf/image.h"

#define TYPE(name) [name] = {#name, ELF_RELOC_OTHER}
#define KIND(name, kind) [name] = {#name, ELF_RELOC_##kind}

struct reloc_type {
	const char *name;
	enum elf_reloc_kind kind;
};

/* Those of x86-64 are complete; of the others, the types that a dynamic loader handles. */
static const struct reloc_type x86_64[] = {TYPE(R_X86_64_NONE), TYPE(R_X86_64_64),
	TYPE(R_X86_64_PC32), TYPE(R_X86_64_GOT32), TYPE(R_X86_64_PLT32), TYPE(R_X86_64_COPY),
	KIND(R_X86_64_GLOB_DAT, ADDRESS), KIND(R_X86_64_JUMP_SLOT, LAZY), TYPE(R_X86_64_RELATIVE),
	TYPE(R_X86_64_GOTPCREL), TYPE(R_X86_64_32), TYPE(R_X86_64_32S), TYPE(R_X86_64_16),
	TYPE(R_X86_64_PC16), TYPE(R_X86_64_8), TYPE(R_X86_64_PC8), KIND(R_X86_64_DTPMOD64, DTPMOD),
	KIND(R_X86_64_DTPOFF64, DTPOFF), KIND(R_X86_64_TPOFF64, TPOFF), TYPE(R_X86_64_TLSGD),
	TYPE(R_X86_64_TLSLD), TYPE(R_X86_64_DTPOFF32), TYPE(R_X86_64_GOTTPOFF),
	TYPE(R_X86_64_TPOFF32), TYPE(R_X86_64_PC64), TYPE(R_X86_64_GOTOFF64),
	TYPE(R_X86_64_GOTPC32), TYPE(R_X86_64_GOT64), TYPE(R_X86_64_GOTPCREL64),
	TYPE(R_X86_64_GOTPC64), TYPE(R_X86_64_GOTPLT64), TYPE(R_X86_64_PLTOFF64),
	TYPE(R_X86_64_SIZE32), TYPE(R_X86_64_SIZE64), TYPE(R_X86_64_GOTPC32_TLSDESC),
	TYPE(R_X86_64_TLSDESC_CALL), KIND(R_X86_64_TLSDESC, DESC), KIND(R_X86_64_IRELATIVE, IFUNC),
	TYPE(R_X86_64_RELATIVE64), TYPE(R_X86_64_GOTPCRELX), TYPE(R_X86_64_REX_GOTPCRELX)};

static const struct reloc_type aarch64[] = {TYPE(R_AARCH64_NONE), TYPE(R_AARCH64_ABS64),
	TYPE(R_AARCH64_ABS32), TYPE(R_AARCH64_ABS16), TYPE(R_AARCH64_PREL64),
	TYPE(R_AARCH64_PREL32), TYPE(R_AARCH64_PREL16), TYPE(R_AARCH64_COPY),
	KIND(R_AARCH64_GLOB_DAT, ADDRESS), KIND(R_AARCH64_JUMP_SLOT, LAZY),
	TYPE(R_AARCH64_RELATIVE), KIND(R_AARCH64_TLS_DTPMOD, DTPMOD),
	KIND(R_AARCH64_TLS_DTPREL, DTPOFF), KIND(R_AARCH64_TLS_TPREL, TPOFF),
	KIND(R_AARCH64_TLSDESC, DESC), KIND(R_AARCH64_IRELATIVE, IFUNC)};

static const struct reloc_type i386[] = {TYPE(R_386_NONE), TYPE(R_386_32), TYPE(R_386_PC32),
	TYPE(R_386_COPY), TYPE(R_386_GLOB_DAT), TYPE(R_386_JMP_SLOT), TYPE(R_386_RELATIVE),
	KIND(R_386_TLS_TPOFF, TPOFF), KIND(R_386_TLS_DTPMOD32, DTPMOD),
	KIND(R_386_TLS_DTPOFF32, DTPOFF), KIND(R_386_TLS_TPOFF32, TPOFF),
	KIND(R_386_TLS_DESC, DESC), TYPE(R_386_IRELATIVE)};

static const struct reloc_type arm[] = {TYPE(R_ARM_NONE), TYPE(R_ARM_ABS32), TYPE(R_ARM_REL32),
	KIND(R_ARM_TLS_DESC, DESC), KIND(R_ARM_TLS_DTPMOD32, DTPMOD),
	KIND(R_ARM_TLS_DTPOFF32, DTPOFF), KIND(R_ARM_TLS_TPOFF32, TPOFF), TYPE(R_ARM_COPY),
	TYPE(R_ARM_GLOB_DAT), TYPE(R_ARM_JUMP_SLOT), TYPE(R_ARM_RELATIVE), TYPE(R_ARM_IRELATIVE)};

static const struct reloc_type riscv[] = {TYPE(R_RISCV_NONE), TYPE(R_RISCV_32), TYPE(R_RISCV_64),
	TYPE(R_RISCV_RELATIVE), TYPE(R_RISCV_COPY), TYPE(R_RISCV_JUMP_SLOT),
	KIND(R_RISCV_TLS_DTPMOD32, DTPMOD), KIND(R_RISCV_TLS_DTPMOD64, DTPMOD),
	KIND(R_RISCV_TLS_DTPREL32, DTPOFF), KIND(R_RISCV_TLS_DTPREL64, DTPOFF),
	KIND(R_RISCV_TLS_TPREL32, TPOFF), KIND(R_RISCV_TLS_TPREL64, TPOFF),
	TYPE(R_RISCV_IRELATIVE)};

static const struct reloc_type ppc64[] = {TYPE(R_PPC64_NONE), TYPE(R_PPC64_COPY),
	TYPE(R_PPC64_GLOB_DAT), TYPE(R_PPC64_JMP_SLOT), TYPE(R_PPC64_RELATIVE),
	TYPE(R_PPC64_ADDR64), TYPE(R_PPC64_DTPMOD64), TYPE(R_PPC64_TPREL64), TYPE(R_PPC64_DTPREL64),
	TYPE(R_PPC64_JMP_IREL), TYPE(R_PPC64_IRELATIVE)};

static const struct reloc_type s390[] = {TYPE(R_390_NONE), TYPE(R_390_COPY), TYPE(R_390_GLOB_DAT),
	TYPE(R_390_JMP_SLOT), TYPE(R_390_RELATIVE), TYPE(R_390_64), TYPE(R_390_TLS_DTPMOD),
	TYPE(R_390_TLS_DTPOFF), TYPE(R_390_TLS_TPOFF), TYPE(R_390_IRELATIVE)};

static const struct reloc_types {
	uint16_t machine;
	const struct reloc_type *v;
	size_t n;
} machines[] = {
	{EM_X86_64, x86_64, ARRAY_SIZE(x86_64)},
	{EM_AARCH64, aarch64, ARRAY_SIZE(aarch64)},
	{EM_386, i386, ARRAY_SIZE(i386)},
	{EM_ARM, arm, ARRAY_SIZE(arm)},
	{EM_RISCV, riscv, ARRAY_SIZE(riscv)},
	{EM_PPC64, ppc64, ARRAY_SIZE(ppc64)},
	{EM_S390, s390, ARRAY_SIZE(s390)},
};

static struct reloc_types types_of(uint16_t machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i].machine == machine)
			return machines[i];
	return (struct reloc_types){0};
}

const char *elf_reloc_name(uint16_t machine, uint32_t type)
{
	struct reloc_types types = types_of(machine);

	return type < types.n ? types.v[type].name : NULL;
}

enum elf_reloc_kind elf_reloc_kind(uint16_t machine, uint32_t type)
{
	struct reloc_types types = types_of(machine);

	return type < types.n ? types.v[type].kind : ELF_RELOC_OTHER;
}

/* A table at the address and size that two tags give, with entries of `entry` bytes, which
 * `stated` may confirm. */
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

int elf_find_relocs(const struct elf_image *img, const struct elf_dynamic *dyn,
	struct elf_relocs tables[ELF_N_RELOC_TABLES], struct err *err)
{
	struct elf_relocs *rela = &tables[0], *rel = &tables[1], *plt = &tables[2], *whole;

	rela->addend = true;
	rel->addend = false;
	plt->addend = dyn->has[DT_PLTREL] ? dyn->value[DT_PLTREL] == DT_RELA : img->is64;
	if (find_table(img, dyn, DT_RELA, DT_RELASZ, dyn->value[DT_RELAENT],
		    elf_rel_size(img, true), "DT_RELA", &rela->s, err) < 0 ||
		find_table(img, dyn, DT_REL, DT_RELSZ, dyn->value[DT_RELENT],
			elf_rel_size(img, false), "DT_REL", &rel->s, err) < 0 ||
		find_table(img, dyn, DT_JMPREL, DT_PLTRELSZ, 0, elf_rel_size(img, plt->addend),
			"DT_JMPREL", &plt->s, err) < 0)
		return -1;
	/* Some linkers let DT_RELASZ (or DT_RELSZ) cover the PLT's relocations too. */
	whole = plt->addend ? rela : rel;
	if (whole->s.n && plt->s.p >= whole->s.p && plt->s.p < whole->s.p + whole->s.n)
		plt->s.n = 0;
	return 0;
}

/* AArch64 has the highest numbers, up to 1032. */
#define TYPES 2048

static int count_tls(const struct elf_image *img, const struct elf_dynamic *dyn,
	enum elf_reloc_kind kind, uint32_t symbol, struct elf_tls_relocs *tls, struct err *err)
{
	size_t size = elf_sym_size(img);
	bool own = symbol == 0;
	Elf64_Sym sym;

	if (symbol && symbol >= dyn->symtab.n / size)
		return err_set(err, ERR_INPUT, "a relocation uses a symbol that does not exist");
	if (symbol) {
		elf_sym(img, dyn->symtab.p + symbol * size, &sym);
		own = sym.st_shndx != SHN_UNDEF;
	}
	tls->own += own;
	tls->dtpmod += kind == ELF_RELOC_DTPMOD;
	tls->dtpoff += kind == ELF_RELOC_DTPOFF;
	tls->tpoff += kind == ELF_RELOC_TPOFF;
	tls->desc += kind == ELF_RELOC_DESC;
	return 0;
}

int elf_read_relocs(const struct elf_image *img, struct elf_dynamic *dyn, struct elf_facts *facts,
	struct err *err)
{
	CLEANUP_FREE uint64_t *count = xcalloc(TYPES + 1, sizeof(*count)); /* the last: unknown */
	struct reloc_types types = types_of(img->machine);
	struct elf_relocs tables[ELF_N_RELOC_TABLES];
	size_t w = elf_word_size(img), n = 0;
	struct elf_slice relr;

	/* Its relocations have three types each and another layout. */
	if (img->machine == EM_MIPS && img->is64)
		return err_set(err, ERR_UNSUPPORTED, "the relocations of 64-bit MIPS");
	if (elf_find_relocs(img, dyn, tables, err) < 0)
		return -1;
	for (size_t t = 0; t < ELF_N_RELOC_TABLES; t++) {
		const struct elf_slice *s = &tables[t].s;
		size_t size = elf_rel_size(img, tables[t].addend);

		for (size_t pos = 0; pos < s->n; pos += size) {
			enum elf_reloc_kind kind;
			uint32_t symbol, type;

			elf_rel(img, s->p + pos, &symbol, &type);
			if (symbol > dyn->max_symbol)
				dyn->max_symbol = symbol;
			count[type < TYPES ? type : TYPES]++;
			kind = type < types.n ? types.v[type].kind : ELF_RELOC_OTHER;
			if (kind >= ELF_RELOC_TPOFF &&
				count_tls(img, dyn, kind, symbol, &facts->tls_relocs, err) < 0)
				return -1;
		}
	}
	if (find_table(img, dyn, DT_RELR, DT_RELRSZ, dyn->value[DT_RELRENT], w, "DT_RELR", &relr,
		    err) < 0)
		return -1;
	/* An even word is an address, an odd one a bitmap of the words after the last address. */
	for (size_t pos = 0; pos < relr.n; pos += w) {
		uint64_t word = elf_word(img, relr.p + pos);

		facts->relr += word & 1 ? (unsigned)__builtin_popcountll(word >> 1) : 1u;
	}
	for (uint32_t i = 0; i <= TYPES; i++)
		n += count[i] > 0;
	facts->relocs = xcalloc(n ? n : 1, sizeof(*facts->relocs));
	for (uint32_t i = 0; i <= TYPES; i++)
		if (count[i])
			facts->relocs[facts->n_relocs++] = (struct elf_reloc_count){
				i < TYPES ? i : ELF_RELOC_UNKNOWN, count[i]};
	return 0;
}
