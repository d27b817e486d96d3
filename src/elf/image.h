/* Inside the room, and for code, macho and pe: bytes, headers and tables of one ELF image. */
#ifndef SOLDER_ELF_IMAGE_H
#define SOLDER_ELF_IMAGE_H

#include <elf.h>
#include <string.h>

#include "elf/elf.h"

/* A file mapped read-only. */
struct elf_map {
	const void *data;
	size_t size;
};

#define CLEANUP_ELF_MAP CLEANUP(elf_map_release)

/* Refuses what is no regular file and what exceeds ELF_MAX_FILE_SIZE. An empty file has no data. */
int elf_map_open(const char *path, struct elf_map *map, struct err *err);
void elf_map_release(struct elf_map *map);

struct elf_slice {
	const uint8_t *p;
	size_t n;
};

/* Does not own the bytes. After elf_image_init() both header tables and all sections lie inside
 * them. A section table that does not is left out where the loader needs none, see `odd`. */
struct elf_image {
	const uint8_t *data;
	size_t size;
	bool is64;
	bool big_endian;
	bool swap; /* the file's byte order is not the host's */
	uint16_t type;
	uint16_t machine;
	uint32_t phnum;
	uint32_t shnum;
	size_t phentsize;
	size_t shentsize;
	const uint8_t *phdrs;
	const uint8_t *shdrs;
	struct elf_slice shstrtab; /* empty when sections have no names */
	char odd[64];              /* why there are no sections; empty: nothing is odd */
};

int elf_image_init(struct elf_image *img, const void *data, size_t size, struct err *err);

/* Numbers in the file's byte order, at any alignment. The caller has checked the bounds. */
static inline uint16_t elf_u16(const struct elf_image *img, const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return img->swap ? __builtin_bswap16(v) : v;
}

static inline uint32_t elf_u32(const struct elf_image *img, const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return img->swap ? __builtin_bswap32(v) : v;
}

static inline uint64_t elf_u64(const struct elf_image *img, const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return img->swap ? __builtin_bswap64(v) : v;
}

/* The same of forms of files that have one byte order. */
static inline uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* 4 or 8 bytes, by class. */
static inline uint64_t elf_word(const struct elf_image *img, const uint8_t *p)
{
	return img->is64 ? elf_u64(img, p) : elf_u32(img, p);
}

static inline size_t elf_word_size(const struct elf_image *img)
{
	return img->is64 ? 8 : 4;
}

/* Headers and records in the 64-bit form. The index is below phnum or shnum. */
void elf_phdr(const struct elf_image *img, uint32_t i, Elf64_Phdr *ph);
void elf_shdr(const struct elf_image *img, uint32_t i, Elf64_Shdr *sh);
size_t elf_sym_size(const struct elf_image *img);
void elf_sym(const struct elf_image *img, const uint8_t *p, Elf64_Sym *sym);
size_t elf_rel_size(const struct elf_image *img, bool addend);
void elf_rel(const struct elf_image *img, const uint8_t *p, uint32_t *symbol, uint32_t *type);

/* Both give false when the bytes are not all in the file. */
bool elf_bytes(const struct elf_image *img, uint64_t offset, uint64_t len, struct elf_slice *out);
bool elf_section_bytes(const struct elf_image *img, const Elf64_Shdr *sh, struct elf_slice *out);
/* True if the section's name equals `name`, or begins with it. */
bool elf_section_is(const struct elf_image *img, const Elf64_Shdr *sh, const char *name);
bool elf_section_begins(const struct elf_image *img, const Elf64_Shdr *sh, const char *name);
/* The first section of that name. */
bool elf_find_section(const struct elf_image *img, const char *name, Elf64_Shdr *sh);

/* Segments are mapped in pages: how many bytes of the file behind one are in memory as well, up to
 * the end of its page, unless that memory is cleared for variables, or the next segment's. */
uint64_t elf_rest_of_page(const struct elf_image *img, uint32_t load);

/* The bytes from a virtual address to the end of what the file has for its segment, and for
 * segments that go on where it ends, in memory and in the file (patchelf makes such tables), and to
 * the end of the page that the last of them ends in (it makes such files, too, and they load).
 * `what` names the thing in messages. */
int elf_at(const struct elf_image *img, uint64_t addr, const char *what, struct elf_slice *out,
	struct err *err);
/* As elf_at(), cut to `len` bytes, all of which must be there. */
int elf_at_len(const struct elf_image *img, uint64_t addr, uint64_t len, const char *what,
	struct elf_slice *out, struct err *err);

/* Tags below ELF_DT_COUNT by number, the others by name. An absent tag reads as 0; `has` tells
 * the difference where 0 has a meaning. */
#define ELF_DT_COUNT 38
struct elf_dynamic {
	struct elf_slice entries; /* up to DT_NULL */
	uint64_t value[ELF_DT_COUNT];
	bool has[ELF_DT_COUNT];
	uint64_t flags_1;
	uint64_t gnu_hash;
	uint64_t versym;
	uint64_t verneed;
	uint64_t verneednum;
	uint64_t dynsym_count;   /* what the section headers say about DT_SYMTAB; 0: nothing */
	struct elf_slice symtab; /* from DT_SYMTAB to the end of its segment; may be empty */
	struct elf_slice strtab; /* DT_STRTAB; may be empty */
	uint32_t max_symbol;     /* the highest symbol that a relocation uses */
};

/* Reads PT_DYNAMIC, and finds the two tables: 1, or 0 if the file has none. */
int elf_dynamic_read(const struct elf_image *img, struct elf_dynamic *dyn, struct err *err);
/* The number of dynamic symbols, as far as anything in the file tells it. */
int elf_count_symbols(const struct elf_image *img, const struct elf_dynamic *dyn, uint64_t *count,
	struct err *err);

/* A table of relocations; with `addend`, of the longer form. */
struct elf_relocs {
	struct elf_slice s;
	bool addend;
};

/* The tables of dynamic relocations; those that are not there, or lie in another, are empty. */
#define ELF_N_RELOC_TABLES 3
int elf_find_relocs(const struct elf_image *img, const struct elf_dynamic *dyn,
	struct elf_relocs tables[ELF_N_RELOC_TABLES], struct err *err);

/* The values that the loader puts in the place of dynamic relocations. */
enum elf_reloc_kind {
	ELF_RELOC_OTHER,
	ELF_RELOC_ADDRESS, /* of a symbol, at load time: GLOB_DAT */
	ELF_RELOC_LAZY,    /* of a function, perhaps at its first call: JUMP_SLOT */
	ELF_RELOC_IFUNC,   /* of the file's own choice */
	ELF_RELOC_TPOFF,   /* thread-local: offset from the thread pointer, … */
	ELF_RELOC_DTPMOD,  /* … the module's number, … */
	ELF_RELOC_DTPOFF,  /* … the offset in its block, … */
	ELF_RELOC_DESC,    /* … or a descriptor */
};
enum elf_reloc_kind elf_reloc_kind(uint16_t machine, uint32_t type);

/* What of the segments cannot be loaded as meant, to be freed; NULL: nothing. */
char *elf_misplaced(const struct elf_image *img);

/* Names in the copy of DT_STRTAB. The sum of their lengths has a ceiling of a multiple of the
 * table's size, so that names that share one long tail cannot make sorting slow. */
struct elf_names {
	const char *base;
	size_t size;
	uint64_t budget;
};

/* Parts of reading facts: relocs, relr, tls_relocs and dyn->max_symbol; exports and undefined,
 * versions and glibc. */
int elf_read_relocs(const struct elf_image *img, struct elf_dynamic *dyn, struct elf_facts *facts,
	struct err *err);
int elf_name(struct elf_names *names, uint64_t offset, const char **out, struct err *err);
int elf_read_symbols(const struct elf_image *img, const struct elf_dynamic *dyn,
	struct elf_names *names, struct elf_facts *facts, struct err *err);

#endif
