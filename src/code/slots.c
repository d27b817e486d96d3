#include "code/code-internal.h"

#include <string.h>

struct code_names code_names(const struct elf_slice *table)
{
	const uint8_t *end = table->n ? memrchr(table->p, 0, table->n) : NULL;

	if (!end)
		return (struct code_names){"", 0};
	return (struct code_names){(const char *)table->p, (size_t)(end - table->p) + 1};
}

const char *code_name(const struct code_names *names, uint64_t offset)
{
	return offset && offset < names->size ? names->base + offset : NULL;
}

static enum slot_kind slot_kind(uint16_t machine, uint32_t type)
{
	static const struct {
		uint16_t machine;
		uint16_t type;
		enum slot_kind kind;
	} kinds[] = {
		{EM_X86_64, R_X86_64_GLOB_DAT, SLOT_ADDRESS},
		{EM_X86_64, R_X86_64_JUMP_SLOT, SLOT_LAZY},
		{EM_X86_64, R_X86_64_IRELATIVE, SLOT_IFUNC},
		{EM_X86_64, R_X86_64_TPOFF64, SLOT_TPOFF},
		{EM_X86_64, R_X86_64_DTPMOD64, SLOT_DTPMOD},
		{EM_X86_64, R_X86_64_TLSDESC, SLOT_DESC},
		{EM_AARCH64, R_AARCH64_GLOB_DAT, SLOT_ADDRESS},
		{EM_AARCH64, R_AARCH64_JUMP_SLOT, SLOT_LAZY},
		{EM_AARCH64, R_AARCH64_IRELATIVE, SLOT_IFUNC},
		{EM_AARCH64, R_AARCH64_TLS_TPREL, SLOT_TPOFF},
		{EM_AARCH64, R_AARCH64_TLS_DTPMOD, SLOT_DTPMOD},
		{EM_AARCH64, R_AARCH64_TLSDESC, SLOT_DESC},
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].machine == machine && kinds[i].type == type)
			return kinds[i].kind;
	return SLOT_NONE;
}

static void name_slot(const struct code *code, struct code_slot *slot)
{
	const struct elf_image *img = &code->img;
	size_t size = elf_sym_size(img);
	const char *name;
	Elf64_Sym sym;

	if (slot->symbol == 0 || slot->symbol >= code->dynsym.n / size)
		return;
	elf_sym(img, code->dynsym.p + slot->symbol * size, &sym);
	slot->defined = sym.st_shndx != SHN_UNDEF;
	name = code_name(&code->dynstr, sym.st_name);
	slot->tls_get_addr = name && !strcmp(name, "__tls_get_addr");
	slot->stack_guard = name && !strcmp(name, "__stack_chk_guard");
}

static void read_table(struct code *code, const struct elf_slice *table, bool addend, size_t *cap)
{
	const struct elf_image *img = &code->img;
	size_t size = elf_rel_size(img, addend);

	for (size_t i = 0; i < table->n / size; i++) {
		const uint8_t *p = table->p + i * size;
		struct code_slot slot = {.addr = elf_word(img, p)};
		uint32_t type;

		elf_rel(img, p, &slot.symbol, &type);
		slot.kind = slot_kind(img->machine, type);
		if (slot.kind == SLOT_NONE)
			continue;
		name_slot(code, &slot);
		if (code->n_slots == *cap) {
			*cap = *cap ? *cap * 2 : 256;
			code->slots = xreallocarray(code->slots, *cap, sizeof(*code->slots));
		}
		code->slots[code->n_slots++] = slot;
	}
}

/* Fixed executables without a dynamic section may still have IRELATIVE relocations. */
static int read_static(struct code *code, size_t *cap, struct err *err)
{
	const struct elf_image *img = &code->img;
	uint64_t budget = img->size;
	struct elf_slice s;
	Elf64_Shdr sh;

	for (uint32_t i = 1; i < img->shnum; i++) {
		elf_shdr(img, i, &sh);
		if (sh.sh_type != SHT_RELA || !(sh.sh_flags & SHF_ALLOC))
			continue;
		if (!elf_section_bytes(img, &sh, &s))
			return err_set(err, ERR_INPUT, "section %u is beyond the end of file", i);
		if (s.n > budget)
			return err_set(err, ERR_INPUT, "sections overlap");
		budget -= s.n;
		read_table(code, &s, true, cap);
	}
	return 0;
}

/* The symbols of .dynsym that are functions; sections may be gone, so it is found as the loader
 * finds it. */
static int read_dynsym(struct code *code, const struct elf_dynamic *dyn, struct err *err)
{
	const struct elf_image *img = &code->img;
	struct elf_slice names = {0};
	uint64_t count;

	if (dyn->has[DT_STRTAB] && dyn->value[DT_STRSZ] &&
		elf_at_len(img, dyn->value[DT_STRTAB], dyn->value[DT_STRSZ], "the string table",
			&names, err) < 0)
		return -1;
	code->dynstr = code_names(&names);
	if (elf_count_symbols(img, dyn, &count, err) < 0)
		return -1;
	/* Relocations may name symbols that no table counts. */
	code->dynsym = dyn->symtab;
	for (uint64_t i = 1; i < count; i++) {
		Elf64_Sym sym;

		elf_sym(img, dyn->symtab.p + i * elf_sym_size(img), &sym);
		if (sym.st_shndx != SHN_UNDEF &&
			(ELF64_ST_TYPE(sym.st_info) == STT_FUNC ||
				ELF64_ST_TYPE(sym.st_info) == STT_GNU_IFUNC))
			code_add_function(code, sym.st_value,
				sym.st_size ? sym.st_value + sym.st_size : 0,
				code_name(&code->dynstr, sym.st_name));
	}
	return 0;
}

static int read_dynamic(struct code *code, const Elf64_Phdr *ph, size_t *cap, struct err *err)
{
	const struct elf_image *img = &code->img;
	struct elf_dynamic dyn = {0};
	struct elf_reloc_tables t;

	if (!elf_bytes(img, ph->p_offset, ph->p_filesz, &dyn.entries))
		return err_set(err, ERR_INPUT, "the dynamic section is beyond the end of file");
	elf_read_tags(img, &dyn);
	if (elf_find_symtab(img, &dyn, err) < 0 || read_dynsym(code, &dyn, err) < 0 ||
		elf_find_relocs(img, &dyn, &t, err) < 0)
		return -1;
	read_table(code, &t.rela, true, cap);
	read_table(code, &t.rel, false, cap);
	read_table(code, &t.plt, t.plt_addend, cap);
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct code_slot *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

int code_read_slots(struct code *code, struct err *err)
{
	size_t cap = 0;
	bool dynamic = false;
	Elf64_Phdr ph;

	code->dynstr = (struct code_names){"", 0};
	for (uint32_t i = 0; i < code->img.phnum && !dynamic; i++) {
		elf_phdr(&code->img, i, &ph);
		dynamic = ph.p_type == PT_DYNAMIC && ph.p_filesz;
	}
	if ((dynamic ? read_dynamic(code, &ph, &cap, err) : read_static(code, &cap, err)) < 0)
		return -1;
	sort_array(code->slots, code->n_slots, sizeof(*code->slots), by_address);
	return 0;
}

const struct code_slot *code_slot_at(const struct code *code, uint64_t addr)
{
	size_t low = 0, high = code->n_slots;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (code->slots[middle].addr == addr)
			return &code->slots[middle];
		if (code->slots[middle].addr < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool code_in_got(const struct code *code, uint64_t addr)
{
	for (size_t i = 0; i < code->n_got; i++)
		if (addr >= code->got[i].start && addr < code->got[i].end)
			return true;
	/* Section headers, where there are any, have the last word. */
	return code->img.shnum == 0 && code_slot_at(code, addr);
}

const char *code_slot_name(const struct code *code, const struct code_slot *slot)
{
	size_t size = elf_sym_size(&code->img);
	Elf64_Sym sym;

	if (slot->symbol == 0 || slot->symbol >= code->dynsym.n / size)
		return NULL;
	elf_sym(&code->img, code->dynsym.p + slot->symbol * size, &sym);
	return code_name(&code->dynstr, sym.st_name);
}
