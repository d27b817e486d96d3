/* Libraries for linkers alone: names, and where at run time the code is.
 *
 * A linker reads the table of symbols, whose length section headers tell, and writes DT_SONAME into
 * what it makes. The loader finds symbols through a hash table, and this one's is empty: whatever
 * is looked up in the library is found in the one that it needs. The name is at the end of the
 * file, in room enough for any path, so that a few lines in any language can change it:
 *
 *	header, program headers, .hash, .dynsym    read-only
 *	.dynamic                                   writable: older loaders write into it
 *	.symtab, .shstrtab, section headers        not loaded
 *	.dynstr                                    read-only: names, MARK, the library's own name
 *
 * .symtab has nothing but the name of a file: debuggers that find one leave .dynsym alone, whose
 * addresses lead nowhere.
 *
 * Addresses are offsets plus a multiple of the largest size of a page, one more for each segment.
 */
#include <stdlib.h>

#include "elf/image.h"

#define PAGE ((uint64_t)0x10000)
/* Symbols keep their distances, by which linkers know what is one variable, far from what is
 * loaded, of which linkers see whether it is read-only. */
#define SHIFT ((uint64_t)1 << 40)
#define MAX_SYMBOLS 1000000

static const char mark[] = ELF_STUB_MARK;

enum { NONE, HASH, DYNSYM, DYNAMIC, TEXT, DATA, TLS, SYMTAB, SHSTRTAB, DYNSTR, N_SECTIONS };
enum { LOAD_FIRST, LOAD_DYNAMIC, LOAD_NAMES, PH_DYNAMIC, PH_STACK, PH_RELRO, N_SEGMENTS };

static const char section_names[] =
	"\0.hash\0.dynsym\0.dynamic\0.text\0.data\0.tbss\0.symtab\0.shstrtab\0.dynstr";

struct stub {
	struct buf symbols, names;
	size_t n;                       /* symbols, with the first, which is none */
	uint64_t needed, rpath, soname; /* names */
};

static uint64_t add_name(struct stub *s, const char *name)
{
	uint64_t at = s->names.len;

	buf_add(&s->names, name, strlen(name) + 1);
	return at;
}

static void add_symbol(struct stub *s, const Elf64_Sym *from, const char *name)
{
	unsigned type = ELF64_ST_TYPE(from->st_info);
	Elf64_Sym sym = *from;

	sym.st_name = (uint32_t)add_name(s, name);
	sym.st_shndx = type == STT_TLS                             ? TLS
		       : type == STT_FUNC || type == STT_GNU_IFUNC ? TEXT
								   : DATA;
	if (type != STT_TLS)
		sym.st_value += SHIFT;
	buf_add(&s->symbols, &sym, sizeof(sym));
	s->n++;
}

static bool is_export(const Elf64_Sym *sym)
{
	unsigned bind = ELF64_ST_BIND(sym->st_info), see = ELF64_ST_VISIBILITY(sym->st_other);

	return sym->st_name && sym->st_shndx != SHN_UNDEF &&
	       (bind == STB_GLOBAL || bind == STB_WEAK || bind == STB_GNU_UNIQUE) &&
	       (see == STV_DEFAULT || see == STV_PROTECTED);
}

static int read_library(const struct elf_image *img, struct stub *s, struct err *err)
{
	struct elf_dynamic dyn;
	struct elf_names names;
	uint64_t count;
	const char *name;
	Elf64_Sym sym = {0};

	if (!img->is64 || img->swap)
		return err_set(err, ERR_UNSUPPORTED,
			"there are stubs of 64-bit libraries in this machine's byte order alone");
	if (elf_dynamic_read(img, &dyn, err) < 0 || elf_count_symbols(img, &dyn, &count, err) < 0)
		return -1;
	names = (struct elf_names){(const char *)dyn.strtab.p, dyn.strtab.n, dyn.strtab.n * 8};
	if (!dyn.has[DT_SONAME] || count > MAX_SYMBOLS)
		return err_set(err, ERR_INPUT, "it is no library with a name and few symbols");
	buf_add(&s->names, "", 1);
	buf_add(&s->symbols, &sym, sizeof(sym));
	s->n = 1;
	for (uint64_t i = 1; i < count; i++) {
		elf_sym(img, dyn.symtab.p + i * sizeof(sym), &sym);
		if (!is_export(&sym))
			continue;
		if (elf_name(&names, sym.st_name, &name, err) < 0)
			return -1;
		add_symbol(s, &sym, name);
	}
	if (elf_name(&names, dyn.value[DT_SONAME], &name, err) < 0)
		return -1;
	s->needed = add_name(s, name);
	s->rpath = add_name(s, "$ORIGIN");
	buf_add(&s->names, mark, sizeof(mark));
	s->soname = s->names.len;
	buf_reserve(&s->names, ELF_STUB_ROOM);
	for (size_t i = 0; i < ELF_STUB_ROOM; i++)
		buf_add(&s->names, i < strlen(name) ? name + i : "", 1);
	return 0;
}

static void section(Elf64_Shdr *sh, const char *name, uint32_t type, uint64_t flags, uint64_t at,
	uint64_t page, uint64_t size)
{
	const char *p = section_names + 1;

	while (strcmp(p, name) != 0)
		p += strlen(p) + 1;
	*sh = (Elf64_Shdr){.sh_name = (uint32_t)(p - section_names),
		.sh_type = type,
		.sh_flags = flags,
		.sh_addr = flags & SHF_ALLOC ? at + page * PAGE : 0,
		.sh_offset = at,
		.sh_size = size,
		.sh_addralign = type == SHT_STRTAB ? 1 : 8};
}

static void segment(Elf64_Phdr *ph, uint32_t type, uint32_t flags, const Elf64_Shdr *first,
	uint64_t from, uint64_t end)
{
	*ph = (Elf64_Phdr){.p_type = type,
		.p_flags = flags,
		.p_offset = from,
		.p_vaddr = first->sh_addr - first->sh_offset + from,
		.p_filesz = end - from,
		.p_memsz = end - from,
		.p_align = type == PT_LOAD ? PAGE : 8};
	ph->p_paddr = ph->p_vaddr;
}

struct file {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[N_SEGMENTS];
};

struct places {
	uint64_t hash, symbols, dynamic, names;
	Elf64_Dyn dynamic_table[12];
	Elf64_Sym symtab[2];
	Elf64_Shdr sh[N_SECTIONS];
};

static void place(const struct stub *s, struct places *p)
{
	uint64_t symtab, shstr, shdrs;

	p->hash = sizeof(struct file);
	p->symbols = (p->hash + (3 + s->n) * sizeof(uint32_t) + 7) & ~(uint64_t)7;
	p->dynamic = p->symbols + s->symbols.len;
	symtab = p->dynamic + sizeof(p->dynamic_table);
	shstr = symtab + sizeof(p->symtab);
	shdrs = (shstr + sizeof(section_names) + 7) & ~(uint64_t)7;
	p->names = shdrs + sizeof(p->sh);
	p->sh[NONE] = (Elf64_Shdr){0};
	section(&p->sh[HASH], ".hash", SHT_HASH, SHF_ALLOC, p->hash, 0,
		(3 + s->n) * sizeof(uint32_t));
	section(&p->sh[DYNSYM], ".dynsym", SHT_DYNSYM, SHF_ALLOC, p->symbols, 0, s->symbols.len);
	section(&p->sh[DYNAMIC], ".dynamic", SHT_DYNAMIC, SHF_ALLOC | SHF_WRITE, p->dynamic, 1,
		sizeof(p->dynamic_table));
	/* Symbols have to be in some section; these are empty. */
	section(&p->sh[TEXT], ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0, 0, 0);
	section(&p->sh[DATA], ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0, 0, 0);
	section(&p->sh[TLS], ".tbss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, 0, 0, 0);
	section(&p->sh[SYMTAB], ".symtab", SHT_SYMTAB, 0, symtab, 0, sizeof(p->symtab));
	section(&p->sh[SHSTRTAB], ".shstrtab", SHT_STRTAB, 0, shstr, 0, sizeof(section_names));
	section(&p->sh[DYNSTR], ".dynstr", SHT_STRTAB, SHF_ALLOC, p->names, 2, s->names.len);
	p->sh[TEXT].sh_addr = p->sh[DATA].sh_addr = SHIFT;
	/* Of a variable that a program has a copy of, linkers take this alignment. */
	p->sh[TEXT].sh_addralign = p->sh[DATA].sh_addralign = p->sh[TLS].sh_addralign = 64;
	p->sh[HASH].sh_entsize = 4;
	p->sh[HASH].sh_link = DYNSYM;
	p->sh[DYNSYM].sh_entsize = p->sh[SYMTAB].sh_entsize = sizeof(Elf64_Sym);
	p->sh[DYNSYM].sh_link = p->sh[SYMTAB].sh_link = p->sh[DYNAMIC].sh_link = DYNSTR;
	/* The number of local symbols. */
	p->sh[DYNSYM].sh_info = 1;
	p->sh[SYMTAB].sh_info = ARRAY_SIZE(p->symtab);
	p->sh[DYNAMIC].sh_entsize = sizeof(Elf64_Dyn);
}

static void fill_tables(const struct stub *s, struct places *p)
{
	const Elf64_Dyn table[ARRAY_SIZE(p->dynamic_table)] = {
		{DT_NEEDED, {s->needed}},
		{DT_SONAME, {s->soname}},
		{DT_RPATH, {s->rpath}},
		{DT_HASH, {p->sh[HASH].sh_addr}},
		{DT_STRTAB, {p->sh[DYNSTR].sh_addr}},
		{DT_SYMTAB, {p->sh[DYNSYM].sh_addr}},
		{DT_STRSZ, {s->names.len}},
		{DT_SYMENT, {sizeof(Elf64_Sym)}},
		{DT_FLAGS, {DF_BIND_NOW}},
		{DT_FLAGS_1, {DF_1_NOW}},
		{DT_NULL, {0}},
	};

	memcpy(p->dynamic_table, table, sizeof(table));
	p->symtab[1] = (Elf64_Sym){.st_name = (uint32_t)s->needed,
		.st_info = ELF64_ST_INFO(STB_LOCAL, STT_FILE),
		.st_shndx = SHN_ABS};
}

static void fill_headers(
	const struct elf_image *img, const struct stub *s, const struct places *p, struct file *f)
{
	const Elf64_Shdr *dynamic = &p->sh[DYNAMIC], *dynstr = &p->sh[DYNSTR];
	uint64_t end = p->dynamic + dynamic->sh_size;

	*f = (struct file){0};
	memcpy(f->eh.e_ident, ELFMAG, SELFMAG);
	f->eh.e_ident[EI_CLASS] = ELFCLASS64;
	f->eh.e_ident[EI_DATA] = img->big_endian ? ELFDATA2MSB : ELFDATA2LSB;
	f->eh.e_ident[EI_VERSION] = EV_CURRENT;
	f->eh.e_type = ET_DYN;
	f->eh.e_machine = img->machine;
	f->eh.e_version = EV_CURRENT;
	f->eh.e_ehsize = sizeof(f->eh);
	f->eh.e_phoff = sizeof(f->eh);
	f->eh.e_phentsize = sizeof(f->ph[0]);
	f->eh.e_phnum = N_SEGMENTS;
	f->eh.e_shoff = p->names - sizeof(p->sh);
	f->eh.e_shentsize = sizeof(p->sh[0]);
	f->eh.e_shnum = N_SECTIONS;
	f->eh.e_shstrndx = SHSTRTAB;
	segment(&f->ph[LOAD_FIRST], PT_LOAD, PF_R, &p->sh[HASH], 0, p->dynamic);
	segment(&f->ph[LOAD_DYNAMIC], PT_LOAD, PF_R | PF_W, dynamic, p->dynamic, end);
	segment(&f->ph[LOAD_NAMES], PT_LOAD, PF_R, dynstr, p->names, p->names + s->names.len);
	segment(&f->ph[PH_DYNAMIC], PT_DYNAMIC, PF_R | PF_W, dynamic, p->dynamic, end);
	segment(&f->ph[PH_RELRO], PT_GNU_RELRO, PF_R, dynamic, p->dynamic, end);
	/* To the end of the page, or nothing of it would be made read-only. */
	f->ph[LOAD_DYNAMIC].p_memsz = f->ph[PH_RELRO].p_memsz =
		PAGE - f->ph[LOAD_DYNAMIC].p_vaddr % PAGE;
	f->ph[PH_STACK] =
		(Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W, .p_align = 16};
}

static void add_at(struct buf *out, uint64_t at, const void *data, size_t n)
{
	while (out->len < at)
		buf_add(out, "", 1);
	buf_add(out, data, n);
}

static void write_stub(const struct elf_image *img, const struct stub *s, struct buf *out)
{
	/* One bucket, whose chain ends before it begins; the second number is that of symbols. */
	const uint32_t hash[3] = {1, (uint32_t)s->n, 0};
	struct places p = {0};
	struct file f;

	place(s, &p);
	fill_tables(s, &p);
	fill_headers(img, s, &p, &f);
	buf_clear(out);
	add_at(out, 0, &f, sizeof(f));
	add_at(out, p.hash, hash, sizeof(hash));
	add_at(out, p.symbols, s->symbols.data, s->symbols.len);
	add_at(out, p.dynamic, p.dynamic_table, sizeof(p.dynamic_table));
	add_at(out, p.sh[SYMTAB].sh_offset, p.symtab, sizeof(p.symtab));
	add_at(out, p.sh[SHSTRTAB].sh_offset, section_names, sizeof(section_names));
	add_at(out, f.eh.e_shoff, p.sh, sizeof(p.sh));
	add_at(out, p.names, s->names.data, s->names.len);
}

int elf_stub_make(const char *library, struct buf *out, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};
	struct stub s = {0};
	struct elf_image img;
	int failed;

	if (elf_map_open(library, &map, err) < 0)
		return -1;
	failed = elf_image_init(&img, map.data, map.size, err);
	if (failed == 0)
		failed = read_library(&img, &s, err);
	if (failed == 0)
		write_stub(&img, &s, out);
	buf_release(&s.symbols);
	buf_release(&s.names);
	return failed < 0 ? err_wrap(err, "making a stub of '%s'", library) : 0;
}

/* The name of the library that it needs, which is in front of the search path. */
static const char *real_name(const struct buf *file)
{
	const char *p =
		file->data + file->len - ELF_STUB_ROOM - sizeof(mark) - sizeof("$ORIGIN") - 1;

	while (p > file->data && p[-1])
		p--;
	return p;
}

const char *elf_stub_name(const struct buf *file)
{
	size_t tail = sizeof(mark) + ELF_STUB_ROOM;
	const char *end = file->len > tail ? file->data + file->len : NULL;

	return end && elf_is(file->data, file->len) && !end[-1] &&
			       !memcmp(end - tail, mark, sizeof(mark))
		       ? end - ELF_STUB_ROOM
		       : NULL;
}

int elf_stub_rename(struct buf *file, const char *name, struct err *err)
{
	size_t n;

	name = name ? name : real_name(file);
	n = strlen(name);
	if (n >= ELF_STUB_ROOM)
		return err_set(err, ERR_INPUT, "the path is longer than %d bytes: '%s'",
			ELF_STUB_ROOM - 1, name);
	memset(file->data + file->len - ELF_STUB_ROOM, 0, ELF_STUB_ROOM);
	memcpy(file->data + file->len - ELF_STUB_ROOM, name, n);
	return 0;
}
