#include "explain/source-internal.h"

#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

struct symbol {
	uint64_t addr, size;
	const char *name; /* in the mapping */
};

struct source {
	int fd;
	Elf *elf;
	Dwarf *dwarf; /* NULL: no debug information */
	Dwarf_Die unit;
	bool in_unit;
	struct symbol *symbols; /* by address */
	size_t n, cap;
};

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

static void add_symbols(struct source *s, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t n = data && header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	GElf_Sym sym;

	for (size_t i = 0; i < n && i < INT32_MAX && gelf_getsym(data, (int)i, &sym); i++) {
		unsigned type = GELF_ST_TYPE(sym.st_info);
		const char *name = elf_strptr(s->elf, header->sh_link, sym.st_name);

		if ((type != STT_OBJECT && type != STT_FUNC) || !sym.st_size || !name || !*name ||
			sym.st_shndx == SHN_UNDEF)
			continue;
		if (s->n == s->cap) {
			s->cap = s->cap ? s->cap * 2 : 4096;
			s->symbols = xreallocarray(s->symbols, s->cap, sizeof(*s->symbols));
		}
		s->symbols[s->n++] = (struct symbol){sym.st_value, sym.st_size, name};
	}
}

/* The table for the loader has only a part of the names; it serves where there is no other. */
static void read_symbols(struct source *s)
{
	static const unsigned types[] = {SHT_SYMTAB, SHT_DYNSYM};

	for (size_t t = 0; t < ARRAY_SIZE(types) && !s->n; t++) {
		Elf_Scn *section = NULL;
		GElf_Shdr header;

		while ((section = elf_nextscn(s->elf, section)))
			if (gelf_getshdr(section, &header) && header.sh_type == types[t])
				add_symbols(s, section, &header);
	}
	sort_array(s->symbols, s->n, sizeof(*s->symbols), by_address);
}

int source_open(const char *path, struct source **ret, struct err *err)
{
	struct source *s = xcalloc(1, sizeof(*s));

	*ret = NULL;
	elf_version(EV_CURRENT);
	s->fd = file_open(path, err);
	if (s->fd < 0) {
		free(s);
		return -1;
	}
	s->elf = elf_begin(s->fd, ELF_C_READ_MMAP, NULL);
	if (!s->elf) {
		err_set(err, ERR_INPUT, "reading '%s': %s", path, elf_errmsg(-1));
		source_free(s);
		return -1;
	}
	s->dwarf = dwarf_begin_elf(s->elf, DWARF_C_READ, NULL);
	read_symbols(s);
	*ret = s;
	return 0;
}

void source_free(struct source *s)
{
	if (!s)
		return;
	dwarf_end(s->dwarf);
	elf_end(s->elf);
	close(s->fd);
	free(s->symbols);
	free(s);
}

void cleanup_source(struct source **s)
{
	source_free(*s);
}

struct Dwarf *source_debug(struct source *s)
{
	return s->dwarf;
}

bool source_has_lines(const struct source *s)
{
	return s->dwarf;
}

/* Not every compiler writes the index of addresses (.debug_aranges). */
static bool find_unit(struct source *s, uint64_t addr)
{
	Dwarf_CU *unit = NULL;

	if (s->in_unit && dwarf_haspc(&s->unit, addr) > 0)
		return true;
	s->in_unit = dwarf_addrdie(s->dwarf, addr, &s->unit) != NULL;
	while (!s->in_unit &&
		dwarf_get_units(s->dwarf, unit, &unit, NULL, NULL, &s->unit, NULL) == 0)
		s->in_unit = dwarf_haspc(&s->unit, addr) > 0;
	return s->in_unit;
}

bool source_line(struct source *s, uint64_t addr, const char **file, unsigned *line)
{
	Dwarf_Line *found;
	const char *path;
	int number = 0;

	if (!s->dwarf || !find_unit(s, addr))
		return false;
	found = dwarf_getsrc_die(&s->unit, addr);
	path = found ? dwarf_linesrc(found, NULL, NULL) : NULL;
	if (!path || dwarf_lineno(found, &number) != 0 || number <= 0)
		return false;
	*file = path_base(path);
	*line = (unsigned)number;
	return true;
}

const char *source_symbol(const struct source *s, uint64_t addr, uint64_t *offset)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->symbols[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || addr - s->symbols[low - 1].addr >= s->symbols[low - 1].size)
		return NULL;
	*offset = addr - s->symbols[low - 1].addr;
	return s->symbols[low - 1].name;
}
