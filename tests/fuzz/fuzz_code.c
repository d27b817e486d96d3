/* Any bytes as code, twice: as an ELF file of its own, and as the only function of one that has
 * a GOT with every kind of slot. Instructions must cover the functions without gap or overlap, and
 * the counts must be those of the instructions.
 *
 * Source: src/code/code.c src/code/x86.c src/code/x86-decode.c
 * Source: src/code/arm64.c src/code/walk.c src/code/eh-frame.c src/code/uses.c src/code/isa.c
 */
#include "fuzz.h"

#include <elf.h>

#include "code/code.h"
#include "elf/elf.h"

#define TEXT 0x10000
#define PLT 0x8000
#define GOT 0x20000
#define SLOTS 6
#define MAX_TEXT 0x8000

enum { S_NULL, S_TEXT, S_PLT, S_GOT, S_RELA, S_SYMTAB, S_NAMES, S_COUNT };

struct wrapper {
	Elf64_Ehdr eh;
	Elf64_Shdr sh[S_COUNT];
	Elf64_Rela rela[SLOTS];
	Elf64_Sym sym[2];
	uint8_t plt[32];
	char names[64];
	uint8_t text[MAX_TEXT];
};

struct seen {
	uint64_t next;
	struct code_counts code;
};

static int visit(void *ctx, const struct code_function *f, const struct code_insn *insns, size_t n,
	struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	fuzz_check(n > 0);
	for (size_t i = 0; i < n; i++) {
		const struct code_insn *insn = &insns[i];

		fuzz_check(insn->len > 0 && insn->len <= 15 && insn->class < CODE_N_CLASSES);
		fuzz_check(insn->addr >= f->addr && insn->addr - f->addr + insn->len <= f->size);
		fuzz_check(insn->addr == f->addr || insn->addr == s->next);
		fuzz_check(code_class_name(insn->class) != NULL);
		fuzz_check(!insn->symbol || strlen(insn->symbol) < (size_t)-1);
		fuzz_check(!insn->site || insn->class < CODE_N_SITES);
		s->next = insn->addr + insn->len;
		if (f->plt)
			continue;
		if (insn->class == CODE_INSN_UNKNOWN)
			s->code.unknown += insn->len;
		else
			s->code.instructions++;
		if (insn->site)
			s->code.sites[insn->class]++;
	}
	return 0;
}

static int visit_use(void *ctx, const struct code_use *use, struct err *err)
{
	(void)ctx;
	(void)err;
	fuzz_check(use->symbol > 0 && code_use_name(use->kind) != NULL);
	fuzz_check(!use->user || strlen(use->user) < (size_t)-1);
	return 0;
}

static void walk(const void *data, size_t size)
{
	struct code_counts code, plain;
	struct seen seen = {0};
	struct code_isa isa;
	struct err err = ERR_INIT;

	if (code_uses_in_memory(data, size, visit_use, NULL, &err) < 0)
		fuzz_check_err(&err);

	if (code_each_in_memory(data, size, visit, &seen, &code, &err) < 0) {
		fuzz_check_err(&err);
		return;
	}
	fuzz_check(
		code.instructions == seen.code.instructions && code.unknown == seen.code.unknown);
	fuzz_check(!memcmp(code.sites, seen.code.sites, sizeof(code.sites)));
	if (code_isa_in_memory(data, size, &isa, &err) < 0) {
		fuzz_check_err(&err);
	} else {
		for (size_t i = 0; i < CODE_ISA_LEVELS; i++)
			fuzz_check(isa.levels[i].functions <= isa.levels[i].insns &&
				   isa.levels[i].insns <= code.instructions);
		code_isa_release(&isa);
	}
	fuzz_check(code_each_in_memory(data, size, NULL, NULL, &plain, &err) == 0);
	fuzz_check(!memcmp(&plain, &code, sizeof(code)));
}

static void section(struct wrapper *w, int i, const char *name, uint32_t type, uint64_t flags,
	uint64_t addr, uint64_t offset, uint64_t size)
{
	size_t at = (size_t)w->sh[S_NAMES].sh_size;

	memcpy(w->names + at, name, strlen(name) + 1);
	w->sh[S_NAMES].sh_size += strlen(name) + 1;
	w->sh[i] = (Elf64_Shdr){.sh_name = (uint32_t)at,
		.sh_type = type,
		.sh_flags = flags,
		.sh_addr = addr,
		.sh_offset = offset,
		.sh_size = size};
}

static void wrap(struct wrapper *w, const uint8_t *data, size_t size, bool arm)
{
	static const uint32_t types[2][SLOTS] = {
		{R_X86_64_GLOB_DAT, R_X86_64_TPOFF64, R_X86_64_DTPMOD64, R_X86_64_DTPOFF64,
			R_X86_64_TLSDESC, R_X86_64_IRELATIVE},
		{R_AARCH64_GLOB_DAT, R_AARCH64_TLS_TPREL, R_AARCH64_TLS_DTPMOD,
			R_AARCH64_TLS_DTPREL, R_AARCH64_TLSDESC, R_AARCH64_IRELATIVE},
	};

	*w = (struct wrapper){0};
	memcpy(w->eh.e_ident, ELFMAG "\2\1\1", 7);
	w->eh.e_type = ET_DYN;
	w->eh.e_machine = arm ? EM_AARCH64 : EM_X86_64;
	w->eh.e_shoff = offsetof(struct wrapper, sh);
	w->eh.e_shentsize = sizeof(Elf64_Shdr);
	w->eh.e_shnum = S_COUNT;
	w->eh.e_shstrndx = S_NAMES;
	w->sh[S_NAMES].sh_size = 1;
	section(w, S_TEXT, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, TEXT,
		offsetof(struct wrapper, text), size);
	section(w, S_PLT, ".plt", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, PLT,
		offsetof(struct wrapper, plt), sizeof(w->plt));
	section(w, S_GOT, ".got", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, GOT, 0, 16 * SLOTS);
	section(w, S_RELA, ".rela.dyn", SHT_RELA, SHF_ALLOC, 0, offsetof(struct wrapper, rela),
		sizeof(w->rela));
	section(w, S_SYMTAB, ".symtab", SHT_SYMTAB, 0, 0, offsetof(struct wrapper, sym),
		sizeof(w->sym));
	w->sh[S_SYMTAB].sh_link = S_NAMES;
	w->sh[S_NAMES].sh_type = SHT_STRTAB;
	w->sh[S_NAMES].sh_offset = offsetof(struct wrapper, names);
	for (size_t i = 0; i < SLOTS; i++)
		w->rela[i] = (Elf64_Rela){GOT + 16 * i, ELF64_R_INFO(0, types[arm][i]), 0};
	w->sym[1] = (Elf64_Sym){.st_name = 1,
		.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
		.st_shndx = S_TEXT,
		.st_value = TEXT};
	memcpy(w->plt, data, size < sizeof(w->plt) ? size : sizeof(w->plt));
	memcpy(w->text, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wrapper w;

	walk(data, size);
	if (size < 2 || size - 1 > MAX_TEXT)
		return 0;
	wrap(&w, data + 1, size - 1, data[0] & 1);
	walk(&w, sizeof(w));
	return 0;
}
