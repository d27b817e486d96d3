#include "elf/image.h"

#include <stdlib.h>
#include <string.h>

#define MAX_INTERP 4096
#define MAX_BUILD_ID 64
#define MAX_LINK 4096

static void keep_build_id(const uint8_t *id, size_t n, struct elf_facts *facts)
{
	static const char digits[] = "0123456789abcdef";

	facts->build_id_copy = xcalloc(2 * n + 1, 1);
	for (size_t i = 0; i < n; i++) {
		facts->build_id_copy[2 * i] = digits[id[i] >> 4];
		facts->build_id_copy[2 * i + 1] = digits[id[i] & 15];
	}
	facts->build_id = facts->build_id_copy;
}

/* Properties are padded to the word size of the file's class. */
static void read_properties(
	const struct elf_image *img, const uint8_t *p, size_t n, struct elf_facts *facts)
{
	struct elf_properties *out = &facts->properties;
	size_t mask = elf_word_size(img) - 1;

	while (n >= 8) {
		uint32_t type = elf_u32(img, p), size = elf_u32(img, p + 4), bits;
		uint64_t padded = ((uint64_t)size + mask) & ~(uint64_t)mask;

		if (size > n - 8)
			return;
		bits = size == 4 ? elf_u32(img, p + 8) : 0;
		if (img->machine == EM_X86_64 || img->machine == EM_386) {
			if (type == GNU_PROPERTY_X86_FEATURE_1_AND) {
				out->ibt = bits & 1;
				out->shstk = bits & 2;
			} else if (type == GNU_PROPERTY_X86_ISA_1_NEEDED && bits & 15) {
				out->isa_level = 32 - (unsigned)__builtin_clz(bits & 15);
			}
		} else if (img->machine == EM_AARCH64 &&
			   type == GNU_PROPERTY_AARCH64_FEATURE_1_AND) {
			out->bti = bits & 1;
			out->pac = bits & 2;
			out->gcs = bits & 4;
		}
		if (padded > n - 8)
			return;
		p += 8 + padded;
		n -= 8 + (size_t)padded;
	}
}

static bool is_gnu_note(
	const struct elf_image *img, const uint8_t *p, uint64_t name_size, uint32_t type)
{
	return elf_u32(img, p + 8) == type && name_size == sizeof(ELF_NOTE_GNU) &&
	       !memcmp(p + sizeof(Elf64_Nhdr), ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU));
}

/* Takes the first build id, and the properties. What does not parse ends the list and is no error:
 * nothing else hangs on notes. */
static void read_notes(const struct elf_image *img, const struct elf_slice *s, uint64_t align,
	struct elf_facts *facts)
{
	uint64_t mask = align == 8 ? 7 : 3;
	uint64_t pos = 0;

	while (pos <= s->n && s->n - pos >= sizeof(Elf64_Nhdr)) {
		const uint8_t *p = s->p + pos;
		/* Sums of a position in the file and 32-bit numbers do not overflow. */
		uint64_t name_size = elf_u32(img, p), desc_size = elf_u32(img, p + 4);
		uint64_t desc = pos + ((sizeof(Elf64_Nhdr) + name_size + mask) & ~mask);

		if (desc > s->n || desc_size > s->n - desc)
			return;
		if (is_gnu_note(img, p, name_size, NT_GNU_BUILD_ID) && !facts->build_id &&
			desc_size > 0 && desc_size <= MAX_BUILD_ID)
			keep_build_id(s->p + desc, (size_t)desc_size, facts);
		if (is_gnu_note(img, p, name_size, NT_GNU_PROPERTY_TYPE_0))
			read_properties(img, s->p + desc, (size_t)desc_size, facts);
		pos = desc + ((desc_size + mask) & ~mask);
	}
}

static int keep_interp(
	const struct elf_image *img, const Elf64_Phdr *ph, struct elf_facts *facts, struct err *err)
{
	struct elf_slice s;

	if (facts->interp || ph->p_filesz == 0)
		return 0;
	if (!elf_bytes(img, ph->p_offset, ph->p_filesz, &s))
		return err_set(err, ERR_INPUT, "the interpreter's name is beyond the end of file");
	if (s.n > MAX_INTERP || s.p[s.n - 1])
		return err_set(err, ERR_INPUT, "the interpreter's name has no end");
	facts->interp_copy = xstrdup((const char *)s.p);
	facts->interp = facts->interp_copy;
	return 0;
}

static void keep_debuglink(const struct elf_slice *s, struct elf_facts *facts)
{
	size_t len = strnlen((const char *)s->p, s->n < MAX_LINK ? s->n : MAX_LINK);

	if (facts->debuglink || len == 0 || len == s->n || len == MAX_LINK)
		return;
	facts->debuglink_copy = xstrndup((const char *)s->p, len);
	facts->debuglink = facts->debuglink_copy;
}

/* A companion keeps the headers of what it leaves out. */
static void find_debug_only(const struct elf_image *img, struct elf_facts *facts)
{
	Elf64_Shdr sh;

	for (uint32_t i = 0; i < img->shnum && !facts->debug_only; i++) {
		elf_shdr(img, i, &sh);
		facts->debug_only =
			sh.sh_type == SHT_NOBITS && sh.sh_size &&
			(elf_section_is(img, &sh, ".text") || elf_section_is(img, &sh, ".dynamic"));
	}
}

/* All notes and sections together may be read twice over: real ones do not overlap. */
static bool spend(uint64_t *budget, size_t n)
{
	if (n > *budget)
		return false;
	*budget -= n;
	return true;
}

static void read_sections(const struct elf_image *img, struct elf_facts *facts)
{
	uint64_t budget = 2 * (uint64_t)img->size;
	struct elf_slice s;
	Elf64_Shdr sh;

	for (uint32_t i = 1; i < img->shnum; i++) {
		elf_shdr(img, i, &sh);
		if (sh.sh_type == SHT_NULL || !elf_section_bytes(img, &sh, &s))
			continue;
		if (sh.sh_type == SHT_SYMTAB)
			facts->symtab = true;
		if (s.n == 0)
			continue;
		if (elf_section_is(img, &sh, ".debug_info") ||
			elf_section_is(img, &sh, ".zdebug_info"))
			facts->debug_info = true;
		else if (elf_section_is(img, &sh, ".gnu_debuglink"))
			keep_debuglink(&s, facts);
		else if (sh.sh_type == SHT_NOTE && spend(&budget, s.n))
			read_notes(img, &s, sh.sh_addralign, facts);
	}
}

static int read_load(
	const struct elf_image *img, const Elf64_Phdr *ph, struct elf_facts *facts, struct err *err)
{
	struct elf_slice s;

	if ((ph->p_flags & (PF_W | PF_X)) == (PF_W | PF_X))
		facts->wx_segment = true;
	if (!facts->debug_only && !elf_bytes(img, ph->p_offset, ph->p_filesz, &s))
		return err_set(err, ERR_INPUT, "a segment is beyond the end of file");
	return 0;
}

/* Everything but PT_DYNAMIC, which is left in `dynamic`. */
static int read_segments(
	const struct elf_image *img, Elf64_Phdr *dynamic, struct elf_facts *facts, struct err *err)
{
	uint64_t budget = 2 * (uint64_t)img->size;
	struct elf_slice s;
	Elf64_Phdr ph;

	for (uint32_t i = 0; i < img->phnum; i++) {
		elf_phdr(img, i, &ph);
		if (ph.p_type == PT_LOAD && read_load(img, &ph, facts, err) < 0)
			return -1;
		if (ph.p_type == PT_TLS) {
			facts->has_tls = true;
			facts->tls_size = ph.p_memsz;
			facts->tls_align = ph.p_align;
		} else if (ph.p_type == PT_GNU_STACK) {
			facts->stack = ph.p_flags & PF_X ? ELF_STACK_EXEC : ELF_STACK_NONEXEC;
		} else if (ph.p_type == PT_GNU_RELRO) {
			facts->relro = ELF_RELRO_PARTIAL;
		} else if (facts->debug_only) {
			continue;
		} else if (ph.p_type == PT_DYNAMIC) {
			*dynamic = ph;
		} else if (ph.p_type == PT_INTERP && keep_interp(img, &ph, facts, err) < 0) {
			return -1;
		} else if (ph.p_type == PT_NOTE && elf_bytes(img, ph.p_offset, ph.p_filesz, &s) &&
			   spend(&budget, s.n)) {
			read_notes(img, &s, ph.p_align, facts);
		}
	}
	return 0;
}

static int read_image(const struct elf_image *img, struct elf_facts *facts, struct err *err)
{
	Elf64_Phdr dynamic = {0};

	facts->file_size = img->size;
	facts->machine = img->machine;
	facts->bits = img->is64 ? 64 : 32;
	facts->big_endian = img->big_endian;
	facts->kind = img->type == ET_REL    ? ELF_KIND_OBJECT
		      : img->type == ET_EXEC ? ELF_KIND_EXECUTABLE
					     : ELF_KIND_SHARED;
	find_debug_only(img, facts);
	if (img->odd[0])
		facts->note = facts->note_copy = xasprintf(
			"%s; the loader does not read them: facts are from segments", img->odd);
	if (read_segments(img, &dynamic, facts, err) < 0)
		return -1;
	read_sections(img, facts);
	if (dynamic.p_filesz && elf_read_dynamic(img, &dynamic, facts, err) < 0)
		return -1;
	if (facts->relro == ELF_RELRO_PARTIAL && facts->bind_now)
		facts->relro = ELF_RELRO_FULL;
	return 0;
}

int elf_facts_from_memory(const void *data, size_t len, struct elf_facts *facts, struct err *err)
{
	struct elf_image img;

	*facts = (struct elf_facts){0};
	if (elf_image_init(&img, data, len, err) < 0 || read_image(&img, facts, err) < 0) {
		elf_facts_release(facts);
		return -1;
	}
	return 0;
}

int elf_facts_read(const char *path, struct elf_facts *facts, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};

	*facts = (struct elf_facts){0};
	if (elf_map_open(path, &map, err) < 0)
		return -1;
	if (elf_facts_from_memory(map.data, map.size, facts, err) < 0)
		return err_wrap(err, "reading '%s'", path);
	return 0;
}

void elf_facts_release(struct elf_facts *facts)
{
	free(facts->needed);
	free(facts->relocs);
	free(facts->exports);
	free(facts->undefined);
	free(facts->versions);
	free(facts->strtab);
	free(facts->interp_copy);
	free(facts->build_id_copy);
	free(facts->debuglink_copy);
	free(facts->note_copy);
	*facts = (struct elf_facts){0};
}
