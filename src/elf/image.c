#include "elf/image.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define MAX_PHDRS 65536
#define MAX_SECTIONS (1u << 24)
#define LEAST_PAGE 4096u

int elf_map_open(const char *path, struct elf_map *map, struct err *err)
{
	CLEANUP_CLOSE int fd = file_open(path, err);
	struct stat st;
	void *data;

	*map = (struct elf_map){0};
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_sys(err, "cannot examine '%s'", path);
	if ((uint64_t)st.st_size > ELF_MAX_FILE_SIZE || (uint64_t)st.st_size > SIZE_MAX / 2)
		return err_set(err, ERR_UNSUPPORTED, "'%s' is too large", path);
	if (st.st_size == 0)
		return 0;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return err_sys(err, "cannot map '%s'", path);
	map->data = data;
	map->size = (size_t)st.st_size;
	return 0;
}

void elf_map_release(struct elf_map *map)
{
	if (map->data)
		munmap((void *)map->data, map->size);
	*map = (struct elf_map){0};
}

void elf_phdr(const struct elf_image *img, uint32_t i, Elf64_Phdr *ph)
{
	const uint8_t *p = img->phdrs + i * img->phentsize;
	size_t w = elf_word_size(img);
	/* The flags stand second in the 64-bit form and second to last in the 32-bit form. */
	const uint8_t *words = p + (img->is64 ? 8 : 4);

	*ph = (Elf64_Phdr){
		.p_type = elf_u32(img, p),
		.p_flags = elf_u32(img, p + (img->is64 ? 4 : 24)),
		.p_offset = elf_word(img, words),
		.p_vaddr = elf_word(img, words + w),
		.p_paddr = elf_word(img, words + 2 * w),
		.p_filesz = elf_word(img, words + 3 * w),
		.p_memsz = elf_word(img, words + 4 * w),
		.p_align = elf_word(img, p + (img->is64 ? 48 : 28)),
	};
}

void elf_shdr(const struct elf_image *img, uint32_t i, Elf64_Shdr *sh)
{
	const uint8_t *p = img->shdrs + i * img->shentsize;
	size_t w = elf_word_size(img);

	*sh = (Elf64_Shdr){
		.sh_name = elf_u32(img, p),
		.sh_type = elf_u32(img, p + 4),
		.sh_flags = elf_word(img, p + 8),
		.sh_addr = elf_word(img, p + 8 + w),
		.sh_offset = elf_word(img, p + 8 + 2 * w),
		.sh_size = elf_word(img, p + 8 + 3 * w),
		.sh_link = elf_u32(img, p + 8 + 4 * w),
		.sh_info = elf_u32(img, p + 12 + 4 * w),
		.sh_addralign = elf_word(img, p + 16 + 4 * w),
		.sh_entsize = elf_word(img, p + 16 + 5 * w),
	};
}

size_t elf_sym_size(const struct elf_image *img)
{
	return img->is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
}

void elf_sym(const struct elf_image *img, const uint8_t *p, Elf64_Sym *sym)
{
	sym->st_name = elf_u32(img, p);
	sym->st_info = p[img->is64 ? 4 : 12];
	sym->st_other = p[img->is64 ? 5 : 13];
	sym->st_shndx = elf_u16(img, p + (img->is64 ? 6 : 14));
	sym->st_value = elf_word(img, p + (img->is64 ? 8 : 4));
	sym->st_size = elf_word(img, p + (img->is64 ? 16 : 8));
}

size_t elf_rel_size(const struct elf_image *img, bool addend)
{
	return elf_word_size(img) * (addend ? 3 : 2);
}

void elf_rel(const struct elf_image *img, const uint8_t *p, uint32_t *symbol, uint32_t *type)
{
	uint64_t info = elf_word(img, p + elf_word_size(img));

	*symbol = (uint32_t)(img->is64 ? info >> 32 : info >> 8);
	*type = (uint32_t)(img->is64 ? info & 0xffffffff : info & 0xff);
}

bool elf_bytes(const struct elf_image *img, uint64_t offset, uint64_t len, struct elf_slice *out)
{
	uint64_t end;

	if (__builtin_add_overflow(offset, len, &end) || end > img->size)
		return false;
	*out = (struct elf_slice){img->data + offset, (size_t)len};
	return true;
}

bool elf_section_bytes(const struct elf_image *img, const Elf64_Shdr *sh, struct elf_slice *out)
{
	if (sh->sh_type == SHT_NOBITS) {
		*out = (struct elf_slice){0};
		return true;
	}
	return elf_bytes(img, sh->sh_offset, sh->sh_size, out);
}

static bool name_has(const struct elf_image *img, const Elf64_Shdr *sh, const char *name, size_t n)
{
	const struct elf_slice *names = &img->shstrtab;

	return sh->sh_name < names->n && names->n - sh->sh_name >= n &&
	       !memcmp(names->p + sh->sh_name, name, n);
}

bool elf_section_is(const struct elf_image *img, const Elf64_Shdr *sh, const char *name)
{
	return name_has(img, sh, name, strlen(name) + 1);
}

bool elf_section_begins(const struct elf_image *img, const Elf64_Shdr *sh, const char *name)
{
	return name_has(img, sh, name, strlen(name));
}

bool elf_find_section(const struct elf_image *img, const char *name, Elf64_Shdr *sh)
{
	for (uint32_t i = 0; i < img->shnum; i++) {
		elf_shdr(img, i, sh);
		if (elf_section_is(img, sh, name))
			return true;
	}
	return false;
}

uint64_t elf_rest_of_page(const struct elf_image *img, uint32_t load)
{
	uint64_t end, rest;
	Elf64_Phdr ph, next;

	elf_phdr(img, load, &ph);
	if (ph.p_memsz > ph.p_filesz || ph.p_filesz > img->size ||
		ph.p_offset > img->size - ph.p_filesz)
		return 0;
	end = ph.p_vaddr + ph.p_filesz;
	rest = -end % LEAST_PAGE;
	/* Segments are in ascending order. */
	for (uint32_t i = load + 1; i < img->phnum; i++) {
		elf_phdr(img, i, &next);
		if (next.p_type != PT_LOAD)
			continue;
		if (next.p_vaddr - next.p_vaddr % LEAST_PAGE < end + rest)
			return 0;
		break;
	}
	end = ph.p_offset + ph.p_filesz;
	return img->size - end < rest ? img->size - end : rest;
}

int elf_at(const struct elf_image *img, uint64_t addr, const char *what, struct elf_slice *out,
	struct err *err)
{
	uint64_t offset = 0, end = 0, end_addr = 0;
	uint32_t last = 0;
	bool found = false;
	Elf64_Phdr ph;

	for (uint32_t i = 0; i < img->phnum; i++) {
		elf_phdr(img, i, &ph);
		if (ph.p_type != PT_LOAD)
			continue;
		if (!found && addr >= ph.p_vaddr &&
			(addr - ph.p_vaddr < ph.p_filesz ||
				addr - ph.p_vaddr < ph.p_filesz + elf_rest_of_page(img, i))) {
			if (!elf_bytes(img, ph.p_offset, ph.p_filesz, out))
				return err_set(err, ERR_INPUT,
					"%s is in a segment beyond the end of file", what);
			offset = ph.p_offset + (addr - ph.p_vaddr);
			found = true;
		} else if (!found || ph.p_vaddr != end_addr || ph.p_offset != end ||
			   !elf_bytes(img, end, ph.p_filesz, out)) {
			continue;
		}
		end = ph.p_offset + ph.p_filesz;
		end_addr = ph.p_vaddr + ph.p_filesz;
		last = i;
	}
	if (!found)
		return err_set(err, ERR_INPUT, "%s is in no segment (address 0x%llx)", what,
			(unsigned long long)addr);
	/* Segments may overlap, so that this one ends before the address. */
	if (!elf_bytes(img, offset, end + elf_rest_of_page(img, last) - offset, out))
		return err_set(err, ERR_INPUT, "%s is behind the end of its segment", what);
	return 0;
}

int elf_at_len(const struct elf_image *img, uint64_t addr, uint64_t len, const char *what,
	struct elf_slice *out, struct err *err)
{
	if (elf_at(img, addr, what, out, err) < 0)
		return -1;
	if (len > out->n)
		return err_set(err, ERR_INPUT, "%s is larger than its segment", what);
	out->n = (size_t)len;
	return 0;
}

/* Finds the section headers and their names. Counts that do not fit the ELF header stand in the
 * first section header. */
static int read_sections(struct elf_image *img, uint64_t shoff, uint32_t names, struct err *err)
{
	struct elf_slice s;
	Elf64_Shdr sh;

	if (img->shentsize < (img->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)))
		return err_set(err, ERR_INPUT, "section headers of %zu bytes", img->shentsize);
	if (!elf_bytes(img, shoff, img->shentsize, &s))
		return err_set(err, ERR_INPUT, "the section headers are beyond the end of file");
	img->shdrs = s.p;
	elf_shdr(img, 0, &sh);
	if (img->shnum == 0 && sh.sh_size > MAX_SECTIONS)
		return err_set(err, ERR_INPUT, "too many sections");
	if (img->shnum == 0)
		img->shnum = (uint32_t)sh.sh_size;
	if (names == SHN_XINDEX)
		names = sh.sh_link;
	if (img->phnum == PN_XNUM)
		img->phnum = sh.sh_info;
	if (!elf_bytes(img, shoff, (uint64_t)img->shnum * img->shentsize, &s))
		return err_set(err, ERR_INPUT, "the section headers are beyond the end of file");
	for (uint32_t i = 1; i < img->shnum; i++) {
		elf_shdr(img, i, &sh);
		if (sh.sh_type != SHT_NULL && !elf_section_bytes(img, &sh, &s))
			return err_set(err, ERR_INPUT, "section %u is beyond the end of file", i);
	}
	if (names == SHN_UNDEF || img->shnum == 0)
		return 0;
	if (names >= img->shnum)
		return err_set(err, ERR_INPUT, "the section with section names does not exist");
	elf_shdr(img, names, &sh);
	elf_section_bytes(img, &sh, &img->shstrtab);
	return 0;
}

/* Finds the program headers. */
static int read_segments(struct elf_image *img, uint64_t phoff, struct err *err)
{
	struct elf_slice s = {0};

	if (img->phnum == PN_XNUM)
		return err_set(err, ERR_INPUT, "the count of segments is missing");
	if (img->phnum > MAX_PHDRS)
		return err_set(err, ERR_INPUT, "too many segments");
	if (img->phnum && img->phentsize < (img->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
		return err_set(err, ERR_INPUT, "program headers of %zu bytes", img->phentsize);
	if (img->phnum && !elf_bytes(img, phoff, (uint64_t)img->phnum * img->phentsize, &s))
		return err_set(err, ERR_INPUT, "the program headers are beyond the end of file");
	img->phdrs = s.p;
	return 0;
}

bool elf_is(const void *start, size_t n)
{
	return n >= SELFMAG && memcmp(start, ELFMAG, SELFMAG) == 0;
}

bool elf_ident(const void *start, size_t n, unsigned *bits, uint16_t *machine)
{
	const uint8_t *p = start;

	if (n < EI_NIDENT + 4 || !elf_is(start, n))
		return false;
	*bits = p[EI_CLASS] == ELFCLASS64 ? 64 : p[EI_CLASS] == ELFCLASS32 ? 32 : 0;
	*machine = p[EI_DATA] == ELFDATA2MSB ? (uint16_t)(p[18] << 8 | p[19])
					     : (uint16_t)(p[19] << 8 | p[18]);
	return true;
}

int elf_image_init(struct elf_image *img, const void *data, size_t size, struct err *err)
{
	const uint8_t *p = data, *tail;
	struct err bad = ERR_INIT;
	uint64_t shoff;
	size_t w;

	*img = (struct elf_image){.data = data, .size = size};
	if (!elf_is(data, size))
		return err_set(err, ERR_INPUT, "not an ELF file");
	if (size < EI_NIDENT)
		return err_set(err, ERR_INPUT, "the ELF header is cut off");
	if ((p[EI_CLASS] != ELFCLASS32 && p[EI_CLASS] != ELFCLASS64) ||
		(p[EI_DATA] != ELFDATA2LSB && p[EI_DATA] != ELFDATA2MSB) ||
		p[EI_VERSION] != EV_CURRENT)
		return err_set(err, ERR_UNSUPPORTED,
			"unsupported kind of ELF (class %u, byte order %u, version %u)",
			p[EI_CLASS], p[EI_DATA], p[EI_VERSION]);
	img->is64 = p[EI_CLASS] == ELFCLASS64;
	img->big_endian = p[EI_DATA] == ELFDATA2MSB;
	img->swap = img->big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	if (size < (img->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
		return err_set(err, ERR_INPUT, "the ELF header is cut off");
	img->type = elf_u16(img, p + 16);
	img->machine = elf_u16(img, p + 18);
	if (img->type != ET_REL && img->type != ET_EXEC && img->type != ET_DYN)
		return err_set(err, ERR_UNSUPPORTED,
			"neither an object, nor an executable, nor a shared object (ELF type %u)",
			img->type);
	w = elf_word_size(img);
	tail = p + 24 + 3 * w; /* after e_shoff */
	shoff = elf_word(img, p + 24 + 2 * w);
	img->phentsize = elf_u16(img, tail + 6);
	img->phnum = elf_u16(img, tail + 8);
	img->shentsize = elf_u16(img, tail + 10);
	img->shnum = shoff ? elf_u16(img, tail + 12) : 0;
	if (shoff && read_sections(img, shoff, elf_u16(img, tail + 14), &bad) < 0) {
		/* Neither the kernel nor the loader reads sections: only objects, and files without
		 * segments, are nothing without them. */
		if (img->type == ET_REL || img->phnum == 0) {
			*err = bad;
			return -1;
		}
		img->shnum = 0;
		img->shdrs = NULL;
		img->shstrtab = (struct elf_slice){0};
		snprintf(img->odd, sizeof(img->odd), "%.63s", bad.msg);
	}
	return read_segments(img, elf_word(img, p + 24 + w), err);
}
