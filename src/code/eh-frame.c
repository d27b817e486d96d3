#include "code/code-internal.h"

#include <string.h>

/* How pointers are written (DWARF's exception header encodings). */
#define PE_OMIT 0xff
#define PE_FORM 0x0f
#define PE_APPLY 0x70
#define PE_PCREL 0x10
#define PE_INDIRECT 0x80

#define MAX_AUGMENTATION 16

struct cursor {
	const struct elf_image *img;
	const uint8_t *start; /* of .eh_frame */
	const uint8_t *p;
	const uint8_t *end;
	uint64_t addr; /* of `start` */
};

static bool leb128(struct cursor *c, uint64_t *out)
{
	unsigned shift = 0;

	*out = 0;
	while (c->p < c->end) {
		uint8_t byte = *c->p++;

		if (shift < 64)
			*out |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

static size_t form_size(uint8_t encoding)
{
	switch (encoding & PE_FORM) {
	case 0x00: /* absptr */
	case 0x04: /* udata8 */
	case 0x0c:
		return 8;
	case 0x02:
	case 0x0a:
		return 2;
	case 0x03:
	case 0x0b:
		return 4;
	default:
		return 0;
	}
}

/* A number in the form of `encoding`, without what it is relative to. */
static bool encoded(struct cursor *c, uint8_t encoding, uint64_t *out)
{
	size_t size = form_size(encoding);

	if (size == 0 || (size_t)(c->end - c->p) < size)
		return false;
	if (size == 2)
		*out = elf_u16(c->img, c->p);
	else if (size == 4)
		*out = elf_u32(c->img, c->p);
	else
		*out = elf_u64(c->img, c->p);
	if (encoding & 8 && size < 8) {
		unsigned unused = 64 - 8 * (unsigned)size;

		*out = (uint64_t)((int64_t)(*out << unused) >> unused);
	}
	c->p += size;
	return true;
}

/* The encoding of addresses in the FDEs of a CIE, whose content begins at c->p. */
static bool read_cie(struct cursor *c, uint8_t *encoding)
{
	const char *letters;
	uint64_t ignored;
	uint8_t version;
	size_t n;

	*encoding = 0;
	if (c->p == c->end)
		return false;
	version = *c->p++;
	letters = (const char *)c->p;
	n = strnlen(letters, (size_t)(c->end - c->p));
	if (n > MAX_AUGMENTATION || n == (size_t)(c->end - c->p))
		return false;
	c->p += n + 1;
	if (letters[0] != 'z')
		return letters[0] == '\0';
	if (!leb128(c, &ignored) || !leb128(c, &ignored))
		return false;
	if (version == 1)
		c->p += c->p < c->end;
	else if (!leb128(c, &ignored))
		return false;
	if (!leb128(c, &ignored))
		return false;
	for (const char *letter = letters + 1; *letter && c->p < c->end; letter++) {
		if (*letter == 'R') {
			*encoding = *c->p;
			return true;
		}
		if (*letter == 'L')
			c->p++;
		else if (*letter == 'P') {
			uint8_t how = *c->p++;

			if (how != PE_OMIT && !encoded(c, how, &ignored))
				return false;
		}
	}
	return true;
}

/* The record at c->p: its content, and the number that tells CIE from FDE. Moves past the record;
 * false at the end. */
static bool next_record(struct cursor *c, struct cursor *content, uint32_t *id)
{
	uint64_t len;

	if (c->end - c->p < 4)
		return false;
	len = elf_u32(c->img, c->p);
	c->p += 4;
	if (len == 0xffffffff) {
		if (c->end - c->p < 8)
			return false;
		len = elf_u64(c->img, c->p);
		c->p += 8;
	}
	if (len < 4 || len > (uint64_t)(c->end - c->p))
		return false;
	*content = *c;
	content->end = c->p + len;
	*id = elf_u32(c->img, c->p);
	content->p = c->p + 4;
	c->p += len;
	return true;
}

static bool cie_encoding(const struct cursor *fde, uint32_t back, uint8_t *encoding)
{
	const uint8_t *from = fde->p - 4;
	struct cursor at = *fde, content;
	uint32_t id;

	if (back > (size_t)(from - fde->start))
		return false;
	at.p = from - back;
	at.end = from;
	return next_record(&at, &content, &id) && id == 0 && read_cie(&content, encoding);
}

static void read_fde(struct code *code, struct cursor *c, uint8_t encoding)
{
	uint64_t at = c->addr + (uint64_t)(c->p - c->start), start, size;

	if (encoding & PE_INDIRECT || !encoded(c, encoding, &start) ||
		!encoded(c, encoding & 0x07, &size))
		return;
	if ((encoding & PE_APPLY) == PE_PCREL)
		start += at;
	else if (encoding & PE_APPLY)
		return;
	if (size)
		code_add_function(code, start, start + size, NULL);
}

static void read_records(struct code *code, struct cursor *c)
{
	uint64_t last_cie = UINT64_MAX; /* its place; bogus ones wrap around and are not found */
	uint8_t encoding = 0;
	struct cursor content;
	uint32_t id;

	while (next_record(c, &content, &id)) {
		uint64_t cie = (uint64_t)(content.p - 4 - c->start) - id;

		if (id == 0)
			continue;
		if (cie != last_cie) {
			last_cie = UINT64_MAX;
			if (!cie_encoding(&content, id, &encoding))
				continue;
			last_cie = cie;
		}
		read_fde(code, &content, encoding);
	}
}

/* Without section headers, .eh_frame_hdr tells where .eh_frame is. */
static bool by_segment(const struct code *code, struct cursor *c)
{
	const struct elf_image *img = &code->img;
	struct err ignored = ERR_INIT;
	struct elf_slice s;
	Elf64_Phdr ph;
	uint64_t at;

	for (uint32_t i = 0; i < img->phnum; i++) {
		elf_phdr(img, i, &ph);
		if (ph.p_type != PT_GNU_EH_FRAME || !elf_bytes(img, ph.p_offset, ph.p_filesz, &s) ||
			s.n < 8)
			continue;
		*c = (struct cursor){img, s.p, s.p + 4, s.p + s.n, ph.p_vaddr};
		if ((s.p[1] & PE_APPLY) != PE_PCREL || !encoded(c, s.p[1], &at))
			return false;
		at += ph.p_vaddr + 4;
		if (elf_at(img, at, ".eh_frame", &s, &ignored) < 0)
			return false;
		*c = (struct cursor){img, s.p, s.p, s.p + s.n, at};
		return true;
	}
	return false;
}

/* What does not parse ends the list and is no error: only function bounds hang on it. */
int code_read_eh_frame(struct code *code, struct err *err)
{
	const struct elf_image *img = &code->img;
	struct elf_slice s;
	struct cursor c;
	Elf64_Shdr sh;

	for (uint32_t i = 1; i < img->shnum; i++) {
		elf_shdr(img, i, &sh);
		if (!elf_section_is(img, &sh, ".eh_frame") || sh.sh_type == SHT_NOBITS)
			continue;
		if (!elf_section_bytes(img, &sh, &s))
			return err_set(err, ERR_INPUT, ".eh_frame is beyond the end of file");
		c = (struct cursor){img, s.p, s.p, s.p + s.n, sh.sh_addr};
		read_records(code, &c);
		return 0;
	}
	if (by_segment(code, &c))
		read_records(code, &c);
	return 0;
}
