/* Questions about one file, or about its facts. */
#include <stdlib.h>

#include "elf/image.h"

static int compare_name(const void *name, const void *item)
{
	return strcmp(name, *(const char *const *)item);
}

bool elf_exports(const struct elf_facts *facts, const char *name)
{
	return facts->n_exports && bsearch(name, facts->exports, facts->n_exports,
					   sizeof(*facts->exports), compare_name);
}

bool elf_wants(const struct elf_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->n_undefined; i++) {
		if (!strcmp(facts->undefined[i].name, name))
			return true;
	}
	return false;
}

uint64_t elf_reloc_count(const struct elf_facts *facts, uint32_t type)
{
	for (size_t i = 0; i < facts->n_relocs; i++)
		if (facts->relocs[i].type == type)
			return facts->relocs[i].count;
	return 0;
}

const char *elf_tls_model(const struct elf_facts *facts)
{
	const struct elf_tls_relocs *r = &facts->tls_relocs;

	if (facts->has_tls && r->own == 0 &&
		(facts->kind == ELF_KIND_EXECUTABLE || facts->kind == ELF_KIND_PIE))
		return "local-exec";
	if (r->dtpmod)
		return "global-dynamic";
	if (r->desc)
		return "descriptors";
	if (r->tpoff || facts->static_tls)
		return "initial-exec";
	for (size_t i = 0; i < facts->n_undefined; i++) {
		const char *name = facts->undefined[i].name;

		/* i386 has a second one, with its own way of passing the argument. */
		if (!strcmp(name, "__tls_get_addr") || !strcmp(name, "___tls_get_addr"))
			return "global-dynamic";
	}
	return "none";
}

int elf_version_compare(const char *a, const char *b)
{
	for (;;) {
		size_t n, m;
		int r;

		/* Without leading zeros, the longer number is the larger one. */
		a += strspn(a, "0");
		b += strspn(b, "0");
		n = strspn(a, "0123456789");
		m = strspn(b, "0123456789");
		if (n != m)
			return n < m ? -1 : 1;
		r = memcmp(a, b, n);
		if (r)
			return r < 0 ? -1 : 1;
		a += n + strcspn(a + n, "0123456789");
		b += n + strcspn(b + n, "0123456789");
		if (!*a || !*b)
			return (*a != '\0') - (*b != '\0');
	}
}

const char *elf_kind_name(enum elf_kind kind)
{
	static const char *const names[] = {"object", "executable", "pie", "shared"};

	return names[kind];
}

const char *elf_relro_name(enum elf_relro relro)
{
	static const char *const names[] = {"none", "partial", "full"};

	return names[relro];
}

const char *elf_stack_name(enum elf_stack stack)
{
	static const char *const names[] = {"missing", "nonexec", "exec"};

	return names[stack];
}

const char *elf_machine_name(uint16_t machine)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} names[] = {{EM_X86_64, "x86_64"}, {EM_AARCH64, "aarch64"}, {EM_386, "i686"},
		{EM_ARM, "arm"}, {EM_RISCV, "riscv"}, {EM_PPC64, "ppc64"}, {EM_S390, "s390x"}};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return NULL;
}

int elf_section_from_memory(const void *data, size_t len, const char *name, size_t max,
	struct buf *out, struct err *err)
{
	struct elf_image img;
	struct elf_slice s;
	Elf64_Shdr sh;

	buf_clear(out);
	if (elf_image_init(&img, data, len, err) < 0)
		return -1;
	if (!elf_find_section(&img, name, &sh))
		return 0;
	if (!elf_section_bytes(&img, &sh, &s))
		err_set(err, ERR_INPUT, "the section is beyond the end of file");
	else if (sh.sh_flags & SHF_COMPRESSED)
		err_set(err, ERR_UNSUPPORTED, "the section is compressed");
	else if (s.n > max)
		err_set(err, ERR_UNSUPPORTED, "the section has %zu bytes", s.n);
	else {
		buf_add(out, s.p, s.n);
		return 1;
	}
	return err_wrap(err, "reading '%s'", name);
}

int elf_section_read(
	const char *path, const char *name, size_t max, struct buf *out, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};
	int found = -1;

	if (elf_map_open(path, &map, err) == 0)
		found = elf_section_from_memory(map.data, map.size, name, max, out, err);
	return found < 0 ? err_wrap(err, "reading '%s'", path) : found;
}

/* The name of the section of an ELF file in memory that has the byte; NULL if none has. */
static char *section_with(const void *data, size_t len, uint64_t offset)
{
	struct elf_image img;
	struct err ignored = ERR_INIT;
	Elf64_Shdr sh;

	if (elf_image_init(&img, data, len, &ignored) < 0)
		return NULL;
	for (uint32_t i = 0; i < img.shnum; i++) {
		elf_shdr(&img, i, &sh);
		if (sh.sh_type == SHT_NULL || sh.sh_type == SHT_NOBITS || offset < sh.sh_offset ||
			offset - sh.sh_offset >= sh.sh_size)
			continue;
		if (sh.sh_name >= img.shstrtab.n)
			return xstrdup("");
		return xstrndup(
			(const char *)img.shstrtab.p + sh.sh_name, img.shstrtab.n - sh.sh_name);
	}
	return NULL;
}

struct section_search {
	const char *start;
	uint64_t offset;
	char *name;
};

static int search_member(void *ctx, const struct elf_archive_member *m, struct err *err)
{
	struct section_search *s = ctx;
	uint64_t at = (uint64_t)((const char *)m->data - s->start);
	CLEANUP_FREE char *section = NULL;

	(void)err;
	if (s->name || s->offset < at || s->offset - at >= m->size)
		return 0;
	section = section_with(m->data, m->size, s->offset - at);
	s->name = section ? xasprintf("%s of %s", section, m->name) : xstrdup(m->name);
	return 0;
}

int elf_section_at(const char *path, uint64_t offset, char **name, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};
	struct section_search s = {.offset = offset};
	struct err ignored = ERR_INIT;

	*name = NULL;
	if (elf_map_open(path, &map, err) < 0)
		return err_wrap(err, "reading '%s'", path);
	s.start = map.data;
	elf_archive_each(map.data, map.size, search_member, &s, &ignored);
	*name = s.name ? s.name : section_with(map.data, map.size, offset);
	return *name != NULL;
}

static int find_word(const struct elf_image *img, const char *name, uint64_t *word, struct err *err)
{
	size_t n = strlen(name) + 1;
	struct err ignored = ERR_INIT;
	struct elf_dynamic dyn;
	struct elf_slice bytes;
	uint64_t count;
	Elf64_Sym sym;

	if (elf_dynamic_read(img, &dyn, err) < 0 || elf_count_symbols(img, &dyn, &count, err) < 0)
		return -1;
	for (uint64_t i = 1; i < count; i++) {
		elf_sym(img, dyn.symtab.p + i * elf_sym_size(img), &sym);
		if (sym.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(sym.st_info) != STT_OBJECT ||
			sym.st_name >= dyn.strtab.n || dyn.strtab.n - sym.st_name < n ||
			memcmp(dyn.strtab.p + sym.st_name, name, n) != 0)
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
