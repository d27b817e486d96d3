#include "elf/image.h"

#include <string.h>

/* Finds the table of dynamic symbols, with how many there are, and that of their names. */
static int find_tables(const struct elf_image *img, struct elf_dynamic *dyn,
	struct elf_slice *names, uint64_t *count, struct err *err)
{
	Elf64_Phdr ph = {0};

	for (uint32_t i = 0; i < img->phnum && ph.p_type != PT_DYNAMIC; i++)
		elf_phdr(img, i, &ph);
	*count = 0;
	if (ph.p_type != PT_DYNAMIC)
		return 0;
	if (!elf_bytes(img, ph.p_offset, ph.p_filesz, &dyn->entries))
		return err_set(err, ERR_INPUT, "the dynamic section is beyond the end of file");
	elf_read_tags(img, dyn);
	if (!dyn->has[DT_STRTAB] || !dyn->value[DT_STRSZ])
		return 0;
	if (elf_find_symtab(img, dyn, err) < 0 ||
		elf_at_len(img, dyn->value[DT_STRTAB], dyn->value[DT_STRSZ], "the string table",
			names, err) < 0)
		return -1;
	return elf_count_symbols(img, dyn, count, err);
}

static int find_word(const struct elf_image *img, const char *name, uint64_t *word, struct err *err)
{
	struct elf_dynamic dyn = {0};
	struct elf_slice names = {0}, bytes;
	struct err ignored = ERR_INIT;
	size_t n = strlen(name) + 1;
	uint64_t count;
	Elf64_Sym sym;

	if (find_tables(img, &dyn, &names, &count, err) < 0)
		return -1;
	for (uint64_t i = 1; i < count; i++) {
		elf_sym(img, dyn.symtab.p + i * elf_sym_size(img), &sym);
		if (sym.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(sym.st_info) != STT_OBJECT ||
			sym.st_name >= names.n || names.n - sym.st_name < n ||
			memcmp(names.p + sym.st_name, name, n) != 0)
			continue;
		/* A program's copy of a library's variable has bytes in memory only. */
		if (elf_at_len(img, sym.st_value, elf_word_size(img), name, &bytes, &ignored) < 0)
			return 0;
		*word = elf_word(img, bytes.p);
		return 1;
	}
	return 0;
}

int elf_export_word(const char *path, const char *name, uint64_t *word, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};
	struct elf_image img;
	int found;

	*word = 0;
	if (elf_map_open(path, &map, err) < 0)
		return -1;
	found = elf_image_init(&img, map.data, map.size, err);
	if (found == 0)
		found = find_word(&img, name, word, err);
	return found < 0 ? err_wrap(err, "reading '%s'", path) : found;
}
