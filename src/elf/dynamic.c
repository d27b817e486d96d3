#include "elf/image.h"

#include <string.h>

/* Real names share at most a few tails ("foo" in "xfoo") and symbols at most a few versions. */
#define NAME_BUDGET 16

int elf_name(struct elf_names *names, uint64_t offset, const char **out, struct err *err)
{
	size_t len;

	if (offset >= names->size)
		return err_set(err, ERR_INPUT, "a name is beyond the end of the string table");
	len = strlen(names->base + offset);
	if (len >= names->size - offset)
		return err_set(err, ERR_INPUT, "a name runs past the end of the string table");
	if (len > names->budget)
		return err_set(err, ERR_INPUT, "the names in the string table overlap too much");
	names->budget -= len;
	*out = names->base + offset;
	return 0;
}

static void keep_tag(struct elf_dynamic *dyn, uint64_t tag, uint64_t value)
{
	if (tag < ELF_DT_COUNT) {
		dyn->value[tag] = value;
		dyn->has[tag] = true;
	} else if (tag == DT_FLAGS_1) {
		dyn->flags_1 = value;
	} else if (tag == DT_GNU_HASH) {
		dyn->gnu_hash = value;
	} else if (tag == DT_VERSYM) {
		dyn->versym = value;
	} else if (tag == DT_VERNEED) {
		dyn->verneed = value;
	} else if (tag == DT_VERNEEDNUM) {
		dyn->verneednum = value;
	}
}

/* Reads the tags up to DT_NULL, or up to the end: the loader would run on, we need not. */
void elf_read_tags(const struct elf_image *img, struct elf_dynamic *dyn)
{
	size_t w = elf_word_size(img);
	size_t n = dyn->entries.n / (2 * w);
	size_t i;

	for (i = 0; i < n; i++) {
		const uint8_t *p = dyn->entries.p + i * 2 * w;
		uint64_t tag = elf_word(img, p);

		if (tag == DT_NULL)
			break;
		keep_tag(dyn, tag, elf_word(img, p + w));
	}
	dyn->entries.n = i * 2 * w;
}

static int copy_strtab(const struct elf_image *img, const struct elf_dynamic *dyn,
	struct elf_names *names, struct elf_facts *facts, struct err *err)
{
	struct elf_slice s;

	if (!dyn->has[DT_STRTAB] || dyn->value[DT_STRSZ] == 0)
		return 0;
	if (elf_at_len(img, dyn->value[DT_STRTAB], dyn->value[DT_STRSZ], "the string table", &s,
		    err) < 0)
		return -1;
	/* One NUL more than the file has, for a table that does not end in one. */
	facts->strtab = xcalloc(s.n + 1, 1);
	memcpy(facts->strtab, s.p, s.n);
	*names = (struct elf_names){facts->strtab, s.n, (uint64_t)s.n * NAME_BUDGET};
	return 0;
}

static int read_tag_names(const struct elf_image *img, const struct elf_dynamic *dyn,
	struct elf_names *names, struct elf_facts *facts, struct err *err)
{
	const struct {
		int tag;
		const char **out;
	} single[] = {
		{DT_SONAME, &facts->soname},
		{DT_RPATH, &facts->rpath},
		{DT_RUNPATH, &facts->runpath},
	};
	size_t w = elf_word_size(img), n = dyn->entries.n / (2 * w), needed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(single); i++)
		if (dyn->has[single[i].tag] &&
			elf_name(names, dyn->value[single[i].tag], single[i].out, err) < 0)
			return -1;
	for (size_t i = 0; i < n; i++)
		needed += elf_word(img, dyn->entries.p + i * 2 * w) == DT_NEEDED;
	if (needed == 0)
		return 0;
	facts->needed = xcalloc(needed, sizeof(*facts->needed));
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = dyn->entries.p + i * 2 * w;

		if (elf_word(img, p) != DT_NEEDED)
			continue;
		if (elf_name(names, elf_word(img, p + w), &facts->needed[facts->n_needed++], err) <
			0)
			return -1;
	}
	return 0;
}

static void read_flags(const struct elf_dynamic *dyn, struct elf_facts *facts)
{
	uint64_t flags = dyn->value[DT_FLAGS];

	facts->dynamic = true;
	facts->symbolic = dyn->has[DT_SYMBOLIC] || flags & DF_SYMBOLIC;
	facts->bind_now = dyn->has[DT_BIND_NOW] || flags & DF_BIND_NOW || dyn->flags_1 & DF_1_NOW;
	facts->textrel = dyn->has[DT_TEXTREL] || flags & DF_TEXTREL;
	facts->static_tls = flags & DF_STATIC_TLS;
	if (facts->kind == ELF_KIND_SHARED &&
		(dyn->flags_1 & DF_1_PIE || (facts->interp && !dyn->has[DT_SONAME])))
		facts->kind = ELF_KIND_PIE;
}

/* The loader has no count of symbols, only hash tables that do not name every one of them. */
int elf_find_symtab(const struct elf_image *img, struct elf_dynamic *dyn, struct err *err)
{
	Elf64_Shdr sh;

	if (!dyn->has[DT_SYMTAB])
		return 0;
	if (dyn->value[DT_SYMENT] && dyn->value[DT_SYMENT] != elf_sym_size(img))
		return err_set(err, ERR_INPUT, "symbols of %llu bytes",
			(unsigned long long)dyn->value[DT_SYMENT]);
	if (elf_at(img, dyn->value[DT_SYMTAB], "the dynamic symbol table", &dyn->symtab, err) < 0)
		return -1;
	for (uint32_t i = 0; i < img->shnum; i++) {
		elf_shdr(img, i, &sh);
		if (sh.sh_type == SHT_DYNSYM && sh.sh_addr == dyn->value[DT_SYMTAB])
			dyn->dynsym_count = sh.sh_size / elf_sym_size(img);
	}
	return 0;
}

int elf_read_dynamic(
	const struct elf_image *img, const Elf64_Phdr *ph, struct elf_facts *facts, struct err *err)
{
	struct elf_dynamic dyn = {0};
	struct elf_names names = {.base = ""};

	if (!elf_bytes(img, ph->p_offset, ph->p_filesz, &dyn.entries))
		return err_set(err, ERR_INPUT, "the dynamic section is beyond the end of file");
	elf_read_tags(img, &dyn);
	if (copy_strtab(img, &dyn, &names, facts, err) < 0 ||
		read_tag_names(img, &dyn, &names, facts, err) < 0)
		return -1;
	read_flags(&dyn, facts);
	if (elf_find_symtab(img, &dyn, err) < 0 || elf_read_relocs(img, &dyn, facts, err) < 0 ||
		elf_read_symbols(img, &dyn, &names, facts, err) < 0)
		return -1;
	return 0;
}
