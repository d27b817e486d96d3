#include "elf/image.h"

#include <string.h>

/* What the sections of one object file hold. */
struct object {
	bool intermediate; /* sections for a link-time optimiser */
	bool loaded;       /* sections with code or data */
	uint64_t abs32;
	size_t globals;
	uint64_t budget; /* bytes of tables that may still be read: real ones do not overlap */
};

static bool is_bitcode(const void *data, size_t n)
{
	/* Raw, and in the wrapper that some systems put around it. */
	return n >= 4 && (!memcmp(data, "BC\xc0\xde", 4) || !memcmp(data, "\xde\xc0\x17\x0b", 4));
}

static int table(const struct elf_image *img, const Elf64_Shdr *sh, struct object *o,
	struct elf_slice *s, struct err *err)
{
	if (!elf_section_bytes(img, sh, s))
		return err_set(err, ERR_INPUT, "a section is beyond the end of file");
	if (s->n > o->budget)
		return err_set(err, ERR_INPUT, "sections overlap");
	o->budget -= s->n;
	return 0;
}

static int count_abs32(
	const struct elf_image *img, const Elf64_Shdr *sh, struct object *o, struct err *err)
{
	bool addend = sh->sh_type == SHT_RELA;
	size_t size = elf_rel_size(img, addend);
	struct elf_slice s;
	Elf64_Shdr target;

	if (img->machine != EM_X86_64)
		return 0;
	if (sh->sh_info >= img->shnum)
		return err_set(err, ERR_INPUT, "relocations for a section that does not exist");
	elf_shdr(img, sh->sh_info, &target);
	if (!(target.sh_flags & SHF_ALLOC))
		return 0;
	if (table(img, sh, o, &s, err) < 0)
		return -1;
	for (size_t i = 0; i < s.n / size; i++) {
		uint32_t symbol, type;

		elf_rel(img, s.p + i * size, &symbol, &type);
		o->abs32 += type == R_X86_64_32 || type == R_X86_64_32S;
	}
	return 0;
}

static int count_globals(
	const struct elf_image *img, const Elf64_Shdr *sh, struct object *o, struct err *err)
{
	size_t size = elf_sym_size(img);
	struct elf_slice s;
	Elf64_Sym sym;

	if (table(img, sh, o, &s, err) < 0)
		return -1;
	for (size_t i = 1; i < s.n / size; i++) {
		unsigned bind;

		elf_sym(img, s.p + i * size, &sym);
		bind = ELF64_ST_BIND(sym.st_info);
		o->globals += sym.st_shndx != SHN_UNDEF &&
			      (bind == STB_GLOBAL || bind == STB_WEAK || bind == STB_GNU_UNIQUE);
	}
	return 0;
}

static int read_object(const struct elf_image *img, struct object *o, struct err *err)
{
	Elf64_Shdr sh;

	o->budget = img->size;
	for (uint32_t i = 1; i < img->shnum; i++) {
		elf_shdr(img, i, &sh);
		if (elf_section_begins(img, &sh, ".gnu.lto_") ||
			elf_section_begins(img, &sh, ".llvm.lto"))
			o->intermediate = true;
		/* Notes about the processor also stand in objects that hold nothing else. */
		if (sh.sh_flags & SHF_ALLOC && sh.sh_type != SHT_NOTE && sh.sh_size)
			o->loaded = true;
		if ((sh.sh_type == SHT_RELA || sh.sh_type == SHT_REL) &&
			count_abs32(img, &sh, o, err) < 0)
			return -1;
		if (sh.sh_type == SHT_SYMTAB && count_globals(img, &sh, o, err) < 0)
			return -1;
	}
	return 0;
}

static int read_elf_member(
	const struct elf_image *img, struct archive_facts *facts, struct err *err)
{
	struct object o = {0};

	if (img->type == ET_REL && facts->machine == 0) {
		facts->machine = img->machine;
		facts->bits = img->is64 ? 64 : 32;
	}
	if (img->type != ET_REL || img->machine != facts->machine ||
		facts->bits != (img->is64 ? 64u : 32u)) {
		facts->foreign_members++;
		return 0;
	}
	if (read_object(img, &o, err) < 0)
		return -1;
	if (o.intermediate && !o.loaded) {
		facts->lto_members++;
		return 0;
	}
	facts->fat_lto_members += o.intermediate;
	facts->abs32_relocs += o.abs32;
	facts->defined_globals += o.globals;
	return 0;
}

static int read_member(void *ctx, const struct elf_archive_member *member, struct err *err)
{
	struct archive_facts *facts = ctx;
	struct elf_image img;

	facts->members++;
	if (is_bitcode(member->data, member->size)) {
		facts->bitcode_members++;
		return 0;
	}
	if (member->size < SELFMAG || memcmp(member->data, ELFMAG, SELFMAG) != 0) {
		facts->foreign_members++;
		return 0;
	}
	if (elf_image_init(&img, member->data, member->size, err) < 0 ||
		read_elf_member(&img, facts, err) < 0)
		return err_wrap(err, "member '%s'", member->name);
	return 0;
}

int archive_facts_read(const char *path, struct archive_facts *facts, struct err *err)
{
	*facts = (struct archive_facts){0};
	return elf_archive_each(path, read_member, facts, err);
}

int archive_facts_from_memory(
	const void *data, size_t len, struct archive_facts *facts, struct err *err)
{
	*facts = (struct archive_facts){0};
	return elf_archive_each_in_memory(data, len, read_member, facts, err);
}
