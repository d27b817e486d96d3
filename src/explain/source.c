/* Source lines and symbol names for addresses, using elfutils. */

#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "explain/explain-internal.h"

struct symbol {
	uint64_t addr, size;
	const char *name; /* in the mapping */
};

struct source {
	int fd;
	Elf *elf;
	Dwarf *dwarf; /* NULL if there is no debug information */
	Dwarf_Die unit;
	bool in_unit;
	struct symbol *symbols; /* sorted by address */
	size_t n;
};

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

/* The dynamic symbol table has only some of the names; use it only if there is no other. */
static void read_symbols(struct source *s)
{
	static const unsigned types[] = {SHT_SYMTAB, SHT_DYNSYM};

	for (size_t t = 0; t < ARRAY_SIZE(types) && !s->n; t++)
		for (Elf_Scn *section = NULL; (section = elf_nextscn(s->elf, section));) {
			GElf_Shdr header;
			Elf_Data *data;
			GElf_Sym sym;

			if (!gelf_getshdr(section, &header) || header.sh_type != types[t] ||
				!header.sh_entsize || !(data = elf_getdata(section, NULL)))
				continue;
			for (size_t i = 0; i < header.sh_size / header.sh_entsize &&
					   i < INT32_MAX && gelf_getsym(data, (int)i, &sym);
				i++) {
				unsigned type = GELF_ST_TYPE(sym.st_info);
				const char *name = elf_strptr(s->elf, header.sh_link, sym.st_name);

				if ((type != STT_OBJECT && type != STT_FUNC) || !sym.st_size ||
					!name || !*name || sym.st_shndx == SHN_UNDEF)
					continue;
				*ARRAY_ADD(s->symbols, s->n) =
					(struct symbol){sym.st_value, sym.st_size, name};
			}
		}
	sort_array(s->symbols, s->n, sizeof(*s->symbols), by_address);
}

int source_open(const char *path, struct source **ret, struct err *err)
{
	CLEANUP_SOURCE struct source *s = xcalloc(1, sizeof(*s));

	*ret = NULL;
	elf_version(EV_CURRENT);
	s->fd = file_open(path, err);
	if (s->fd < 0)
		return -1;
	s->elf = elf_begin(s->fd, ELF_C_READ_MMAP, NULL);
	if (!s->elf)
		return err_set(err, ERR_INPUT, "reading '%s': %s", path, elf_errmsg(-1));
	s->dwarf = dwarf_begin_elf(s->elf, DWARF_C_READ, NULL);
	read_symbols(s);
	*ret = steal(&s);
	return 0;
}

void source_free(struct source **source)
{
	struct source *s = *source;

	if (!s)
		return;
	dwarf_end(s->dwarf);
	elf_end(s->elf);
	if (s->fd >= 0)
		close(s->fd);
	free(s->symbols);
	free(s);
}

struct Dwarf *source_debug(struct source *s)
{
	return s->dwarf;
}

/* Not every compiler writes an address index (.debug_aranges). */
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
	size_t n = COUNT_UPTO(s->symbols, s->n, addr, addr);
	const struct symbol *last = n ? &s->symbols[n - 1] : NULL;

	if (!last || addr - last->addr >= last->size)
		return NULL;
	*offset = addr - last->addr;
	return last->name;
}
