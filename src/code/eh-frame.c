/* Bounds of functions from .eh_frame, which stripped files keep: it is needed at run time.
 *
 * It tells how to unwind the stack, for C++ exceptions and backtraces. It is a list of records,
 * each with its length before it. A frame description (FDE) says of one function where it begins,
 * how many bytes it has, and how to find the caller's registers; the first two are what we want.
 * What many FDEs have in common stands in a common information record (CIE), to which each points
 * back. One number tells them apart: 0 for a CIE; in an FDE, the distance back to its CIE.
 *
 * How addresses are written in an FDE is said in its CIE, by the letter R in a string called the
 * augmentation ("zR", "zPLR"): four bits for the form (2, 4 or 8 bytes, signed or not), three for
 * what the number is relative to, mostly its own place (PC-relative). So a CIE must be read as far
 * as that byte, past the version, the string, two alignments and the return address's register,
 * in LEB128: seven bits a byte, the eighth says that more follow.
 *
 * Without section headers, PT_GNU_EH_FRAME finds a header whose first word points to it. */
#include "code/code-internal.h"

#define PE_OMIT 0xff
#define PE_FORM 0x0f
#define PE_SIGNED 0x08
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

/* Passes a number in LEB128. */
static bool skip_leb128(struct cursor *c)
{
	while (c->p < c->end)
		if (!(*c->p++ & 0x80))
			return true;
	return false;
}

/* A number in the form of `encoding`, without what it is relative to. */
static bool read_encoded(struct cursor *c, uint8_t encoding, uint64_t *out)
{
	static const uint8_t sizes[16] = {[0x00] = 8,
		[0x02] = 2,
		[0x03] = 4,
		[0x04] = 8, /* … */
		[0x0a] = 2,
		[0x0b] = 4,
		[0x0c] = 8};
	size_t size = sizes[encoding & PE_FORM];

	if (size == 0 || (size_t)(c->end - c->p) < size)
		return false;
	*out = size == 2   ? elf_u16(c->img, c->p)
	       : size == 4 ? elf_u32(c->img, c->p)
			   : elf_u64(c->img, c->p);
	if (encoding & PE_SIGNED && size < 8) {
		unsigned unused = 64 - 8 * (unsigned)size;

		*out = (uint64_t)((int64_t)(*out << unused) >> unused);
	}
	c->p += size;
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

/* The encoding of addresses in an FDE, by its CIE, which is `back` bytes before the number in front
 * of fde->p. */
static bool cie_encoding(const struct cursor *fde, uint32_t back, uint8_t *encoding)
{
	const uint8_t *from = fde->p - 4;
	struct cursor at = *fde, c;
	const char *letters;
	uint64_t ignored;
	uint32_t id;
	uint8_t version;
	size_t n;

	*encoding = 0;
	if (back > (size_t)(from - fde->start))
		return false;
	at.p = from - back;
	at.end = from;
	if (!next_record(&at, &c, &id) || id != 0 || c.p == c.end)
		return false;
	version = *c.p++;
	letters = (const char *)c.p;
	n = strnlen(letters, (size_t)(c.end - c.p));
	if (n > MAX_AUGMENTATION || n == (size_t)(c.end - c.p))
		return false;
	c.p += n + 1;
	if (letters[0] != 'z')
		return letters[0] == '\0';
	if (!skip_leb128(&c) || !skip_leb128(&c))
		return false;
	if (version == 1)
		c.p += c.p < c.end;
	else if (!skip_leb128(&c))
		return false;
	if (!skip_leb128(&c))
		return false;
	for (const char *letter = letters + 1; *letter && c.p < c.end; letter++) {
		uint8_t how = *c.p;

		if (*letter == 'R') {
			*encoding = how;
			return true;
		}
		if (*letter == 'L' || *letter == 'P')
			c.p++;
		if (*letter == 'P' && how != PE_OMIT && !read_encoded(&c, how, &ignored))
			return false;
	}
	return true;
}

static void read_records(struct code *code, struct cursor *c)
{
	uint64_t last_cie = UINT64_MAX; /* its place; bogus ones wrap around and are not found */
	uint8_t encoding = 0;
	struct cursor fde;
	uint32_t id;

	while (next_record(c, &fde, &id)) {
		uint64_t cie = (uint64_t)(fde.p - 4 - c->start) - id;
		uint64_t at = c->addr + (uint64_t)(fde.p - c->start), start, size;

		if (id == 0)
			continue;
		if (cie != last_cie) {
			last_cie = UINT64_MAX;
			if (!cie_encoding(&fde, id, &encoding))
				continue;
			last_cie = cie;
		}
		if (encoding & PE_INDIRECT || !read_encoded(&fde, encoding, &start) ||
			!read_encoded(&fde, encoding & PE_FORM & ~PE_SIGNED, &size))
			continue;
		if ((encoding & PE_APPLY) == PE_PCREL)
			start += at;
		else if (encoding & PE_APPLY)
			continue;
		if (size)
			code_add_function(code, start, start + size, NULL);
	}
}

/* A record that does not parse ends the list and is no error: only function bounds depend on it. */
int code_read_eh_frame(struct code *code, struct err *err)
{
	const struct elf_image *img = &code->img;
	struct err ignored = ERR_INIT;
	struct elf_slice s;
	struct cursor c;
	Elf64_Shdr sh;
	Elf64_Phdr ph;
	uint64_t at;

	if (elf_find_section(img, ".eh_frame", &sh) && sh.sh_type != SHT_NOBITS) {
		if (!elf_section_bytes(img, &sh, &s))
			return err_set(err, ERR_INPUT, ".eh_frame is beyond the end of file");
		c = (struct cursor){img, s.p, s.p, s.p + s.n, sh.sh_addr};
		read_records(code, &c);
		return 0;
	}
	for (uint32_t i = 0; i < img->phnum; i++) {
		elf_phdr(img, i, &ph);
		if (ph.p_type != PT_GNU_EH_FRAME || !elf_bytes(img, ph.p_offset, ph.p_filesz, &s) ||
			s.n < 8)
			continue;
		c = (struct cursor){img, s.p, s.p + 4, s.p + s.n, ph.p_vaddr};
		if ((s.p[1] & PE_APPLY) != PE_PCREL || !read_encoded(&c, s.p[1], &at))
			return 0;
		at += ph.p_vaddr + 4;
		if (elf_at(img, at, ".eh_frame", &s, &ignored) < 0)
			return 0;
		c = (struct cursor){img, s.p, s.p, s.p + s.n, at};
		read_records(code, &c);
		return 0;
	}
	return 0;
}
