/* Inside the room: bytes, headers and tables of one ELF image. */
#ifndef SOLDER_ELF_IMAGE_H
#define SOLDER_ELF_IMAGE_H

#include <elf.h>

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
uint16_t elf_u16(const struct elf_image *img, const uint8_t *p);
uint32_t elf_u32(const struct elf_image *img, const uint8_t *p);
uint64_t elf_u64(const struct elf_image *img, const uint8_t *p);
/* 4 or 8 bytes, by class. */
uint64_t elf_word(const struct elf_image *img, const uint8_t *p);
size_t elf_word_size(const struct elf_image *img);

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
/* Does the section's name equal `name`, or begin with it? */
bool elf_section_is(const struct elf_image *img, const Elf64_Shdr *sh, const char *name);
bool elf_section_begins(const struct elf_image *img, const Elf64_Shdr *sh, const char *name);

/* The bytes from a virtual address to the end of what the file has for its segment. `what` names
 * the thing in messages. */
int elf_at(const struct elf_image *img, uint64_t addr, const char *what, struct elf_slice *out,
	struct err *err);
/* As elf_at(), cut to `len` bytes, all of which must be there. */
int elf_at_len(const struct elf_image *img, uint64_t addr, uint64_t len, const char *what,
	struct elf_slice *out, struct err *err);

/* Tags below ELF_DT_COUNT by number, the others by name. An absent tag reads as 0; has() tells
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
	struct elf_slice symtab; /* from DT_SYMTAB to the end of its segment */
	uint32_t max_symbol;     /* the highest symbol that a relocation uses */
};

/* Reads the tags of dyn->entries and cuts it at DT_NULL. */
void elf_read_tags(const struct elf_image *img, struct elf_dynamic *dyn);
/* Sets symtab and dynsym_count. */
int elf_find_symtab(const struct elf_image *img, struct elf_dynamic *dyn, struct err *err);
/* How many dynamic symbols there are, as far as anything in the file says. */
int elf_count_symbols(const struct elf_image *img, const struct elf_dynamic *dyn, uint64_t *count,
	struct err *err);

/* The tables of dynamic relocations; those that are not there are empty. */
struct elf_reloc_tables {
	struct elf_slice rela;
	struct elf_slice rel;
	struct elf_slice plt; /* without entries that are in one of the others */
	bool plt_addend;
};

int elf_find_relocs(const struct elf_image *img, const struct elf_dynamic *dyn,
	struct elf_reloc_tables *t, struct err *err);

/* Reads PT_DYNAMIC with all that hangs on it. */
int elf_read_dynamic(const struct elf_image *img, const Elf64_Phdr *ph, struct elf_facts *facts,
	struct err *err);
/* Fills relocs, relr, tls_relocs, and dyn->max_symbol. */
int elf_read_relocs(const struct elf_image *img, struct elf_dynamic *dyn, struct elf_facts *facts,
	struct err *err);

/* Names in the copy of DT_STRTAB. The sum of their lengths has a ceiling of a multiple of the
 * table's size, so that names that share one long tail cannot make sorting slow. */
struct elf_names {
	const char *base;
	size_t size;
	uint64_t budget;
};

int elf_name(struct elf_names *names, uint64_t offset, const char **out, struct err *err);

/* Fill exports and undefined, and versions and glibc. */
int elf_read_symbols(const struct elf_image *img, const struct elf_dynamic *dyn,
	struct elf_names *names, struct elf_facts *facts, struct err *err);

#endif
