/* Reads the facts of elf.h: from segments what the loader uses, from sections what only people and
 * debuggers do. */
#include <stdlib.h>

#include "elf/image.h"

#define MAX_INTERP 4096
#define MAX_BUILD_ID 64
#define MAX_LINK 4096
#define MAX_BOLT 65536
/* Real names share at most a few tails ("foo" in "xfoo") and symbols at most a few versions. */
#define NAME_BUDGET 16

/* Strings that are in no table of the file's live in a list of the facts. */
static const char *keep(struct elf_facts *facts, char *text)
{
	strv_take(&facts->kept, text);
	return text;
}

/* Properties are padded to the word size of the file's class. */
static void read_properties(
	const struct elf_image *img, const uint8_t *p, size_t n, struct elf_properties *out)
{
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

/* "BOLT revision: REVISION, command line: …" */
static void read_bolt(const char *text, size_t n, struct elf_facts *facts)
{
	static const char revision[] = "BOLT revision: ", command[] = ", command line: ";
	CLEANUP_FREE char *copy = NULL;
	char *end;

	if (facts->bolt.revision || n > MAX_BOLT || n < strlen(revision) ||
		memcmp(text, revision, strlen(revision)) != 0)
		return;
	copy = xstrndup(text + strlen(revision), n - strlen(revision));
	end = strstr(copy, command);
	if (end)
		facts->bolt.command = keep(facts, xstrdup(end + strlen(command)));
	facts->bolt.revision =
		keep(facts, xstrndup(copy, end ? (size_t)(end - copy) : strlen(copy)));
	facts->bolt.applied = true;
}

/* Takes the first build id, the properties, and what BOLT says. What does not parse ends the list
 * and is no error: nothing else hangs on notes. */
static void read_notes(const struct elf_image *img, const struct elf_slice *s, uint64_t align,
	struct elf_facts *facts)
{
	uint64_t mask = align == 8 ? 7 : 3;
	uint64_t pos = 0;

	while (pos <= s->n && s->n - pos >= sizeof(Elf64_Nhdr)) {
		const uint8_t *p = s->p + pos;
		/* Sums of a position in the file and 32-bit numbers do not overflow. */
		uint64_t name_size = elf_u32(img, p), size = elf_u32(img, p + 4);
		uint64_t desc = pos + ((sizeof(Elf64_Nhdr) + name_size + mask) & ~mask);
		uint32_t type = elf_u32(img, p + 8);

		if (desc > s->n || size > s->n - desc)
			return;
		pos = desc + ((size + mask) & ~mask);
		if (name_size != sizeof(ELF_NOTE_GNU) ||
			memcmp(p + sizeof(Elf64_Nhdr), ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) != 0)
			continue;
		if (type == NT_GNU_BUILD_ID && !facts->build_id && size && size <= MAX_BUILD_ID) {
			char hex[2 * MAX_BUILD_ID + 1];

			for (size_t i = 0; i < size; i++)
				snprintf(hex + 2 * i, 3, "%02x", s->p[desc + i]);
			facts->build_id = keep(facts, xstrdup(hex));
		} else if (type == NT_GNU_PROPERTY_TYPE_0) {
			read_properties(img, s->p + desc, (size_t)size, &facts->properties);
		} else if (type == NT_GNU_GOLD_VERSION) { /* BOLT's has the same number */
			read_bolt((const char *)s->p + desc, (size_t)size, facts);
		}
	}
}

/* All notes together may be read twice over: real ones do not overlap. */
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
		if (elf_section_begins(img, &sh, ".bolt.org."))
			facts->bolt.applied = true;
		if (elf_section_begins(img, &sh, ".bolt.instr."))
			facts->bolt.applied = facts->bolt.instrumented = true;
		if (s.n == 0)
			continue;
		if (elf_section_is(img, &sh, ".debug_info") ||
			elf_section_is(img, &sh, ".zdebug_info")) {
			facts->debug_info = true;
		} else if (elf_section_is(img, &sh, ".gnu_debuglink")) {
			size_t max = s.n < MAX_LINK ? s.n : MAX_LINK;
			size_t len = strnlen((const char *)s.p, max);

			if (!facts->debuglink && len && len < max)
				facts->debuglink = keep(facts, xstrdup((const char *)s.p));
		} else if (sh.sh_type == SHT_NOTE && spend(&budget, s.n)) {
			read_notes(img, &s, sh.sh_addralign, facts);
		}
	}
}

/* A companion keeps the headers of what it leaves out. */
static bool is_debug_only(const struct elf_image *img)
{
	Elf64_Shdr sh;

	for (uint32_t i = 0; i < img->shnum; i++) {
		elf_shdr(img, i, &sh);
		if (sh.sh_type == SHT_NOBITS && sh.sh_size &&
			(elf_section_is(img, &sh, ".text") || elf_section_is(img, &sh, ".dynamic")))
			return true;
	}
	return false;
}

/* Everything but PT_DYNAMIC. */
static int read_segments(const struct elf_image *img, struct elf_facts *facts, struct err *err)
{
	uint64_t budget = 2 * (uint64_t)img->size;

	for (uint32_t i = 0; i < img->phnum; i++) {
		struct elf_slice s = {0};
		bool there;
		Elf64_Phdr ph;

		elf_phdr(img, i, &ph);
		there = elf_bytes(img, ph.p_offset, ph.p_filesz, &s);
		switch (ph.p_type) {
		case PT_LOAD:
			if ((ph.p_flags & (PF_W | PF_X)) == (PF_W | PF_X))
				facts->wx_segment = true;
			if (!facts->debug_only && !there)
				return err_set(
					err, ERR_INPUT, "a segment is beyond the end of file");
			break;
		case PT_TLS:
			facts->has_tls = true;
			facts->tls_size = ph.p_memsz;
			facts->tls_align = ph.p_align;
			break;
		case PT_GNU_STACK:
			facts->stack = ph.p_flags & PF_X ? ELF_STACK_EXEC : ELF_STACK_NONEXEC;
			break;
		case PT_GNU_RELRO:
			facts->relro = ELF_RELRO_PARTIAL;
			break;
		case PT_INTERP:
			if (facts->debug_only || facts->interp || ph.p_filesz == 0)
				break;
			if (!there)
				return err_set(err, ERR_INPUT,
					"the interpreter's name is beyond the end of file");
			if (s.n > MAX_INTERP || s.p[s.n - 1])
				return err_set(err, ERR_INPUT, "the interpreter's name has no end");
			facts->interp = keep(facts, xstrdup((const char *)s.p));
			break;
		case PT_NOTE:
			if (!facts->debug_only && there && spend(&budget, s.n))
				read_notes(img, &s, ph.p_align, facts);
			break;
		default:
			break;
		}
	}
	return 0;
}

/* The names that tags have, and what flags say. */
static int read_tags(const struct elf_image *img, const struct elf_dynamic *dyn,
	struct elf_names *names, struct elf_facts *facts, struct err *err)
{
	const struct {
		int tag;
		const char **out;
	} single[] = {
		{DT_SONAME, &facts->soname},
		{DT_RPATH, &facts->rpath},
		{DT_RUNPATH, &facts->runpath},
	};
	size_t w = elf_word_size(img), needed = 0;
	uint64_t flags = dyn->value[DT_FLAGS];
	const struct elf_slice *s = &dyn->entries;

	facts->dynamic = true;
	facts->sysv_hash = dyn->has[DT_HASH];
	facts->gnu_hash = dyn->gnu_hash;
	facts->n_init = dyn->value[DT_INIT_ARRAYSZ] / w;
	facts->symbolic = dyn->has[DT_SYMBOLIC] || flags & DF_SYMBOLIC;
	facts->bind_now = dyn->has[DT_BIND_NOW] || flags & DF_BIND_NOW || dyn->flags_1 & DF_1_NOW;
	facts->textrel = dyn->has[DT_TEXTREL] || flags & DF_TEXTREL;
	facts->static_tls = flags & DF_STATIC_TLS;
	if (facts->kind == ELF_KIND_SHARED &&
		(dyn->flags_1 & DF_1_PIE || (facts->interp && !dyn->has[DT_SONAME])))
		facts->kind = ELF_KIND_PIE;
	for (size_t i = 0; i < ARRAY_SIZE(single); i++)
		if (dyn->has[single[i].tag] &&
			elf_name(names, dyn->value[single[i].tag], single[i].out, err) < 0)
			return -1;
	for (size_t pos = 0; pos < s->n; pos += 2 * w)
		needed += elf_word(img, s->p + pos) == DT_NEEDED;
	if (needed)
		facts->needed = xcalloc(needed, sizeof(*facts->needed));
	for (size_t pos = 0; pos < s->n; pos += 2 * w)
		if (elf_word(img, s->p + pos) == DT_NEEDED &&
			elf_name(names, elf_word(img, s->p + pos + w),
				&facts->needed[facts->n_needed++], err) < 0)
			return -1;
	return 0;
}

static int read_dynamic(const struct elf_image *img, struct elf_facts *facts, struct err *err)
{
	struct elf_names names = {.base = ""};
	struct elf_dynamic dyn;
	int found = elf_dynamic_read(img, &dyn, err);

	if (found <= 0)
		return found;
	if (dyn.strtab.n) {
		/* One NUL more than the file has, for a table that does not end in one. */
		char *copy = xcalloc(dyn.strtab.n + 1, 1);

		memcpy(copy, dyn.strtab.p, dyn.strtab.n);
		names = (struct elf_names){
			keep(facts, copy), dyn.strtab.n, (uint64_t)dyn.strtab.n * NAME_BUDGET};
	}
	if (read_tags(img, &dyn, &names, facts, err) < 0 ||
		elf_read_relocs(img, &dyn, facts, err) < 0 ||
		elf_read_symbols(img, &dyn, &names, facts, err) < 0)
		return -1;
	return 0;
}

int elf_facts_from_memory(const void *data, size_t len, struct elf_facts *facts, struct err *err)
{
	struct elf_image img;

	*facts = (struct elf_facts){0};
	if (elf_image_init(&img, data, len, err) < 0)
		return -1;
	facts->file_size = img.size;
	facts->machine = img.machine;
	facts->bits = img.is64 ? 64 : 32;
	facts->big_endian = img.big_endian;
	facts->kind = img.type == ET_REL    ? ELF_KIND_OBJECT
		      : img.type == ET_EXEC ? ELF_KIND_EXECUTABLE
					    : ELF_KIND_SHARED;
	facts->debug_only = is_debug_only(&img);
	if (img.odd[0])
		facts->note = keep(facts,
			xasprintf("%s; the loader does not read them: facts are from segments",
				img.odd));
	if (read_segments(&img, facts, err) < 0 ||
		(!facts->debug_only && read_dynamic(&img, facts, err) < 0)) {
		elf_facts_release(facts);
		return -1;
	}
	read_sections(&img, facts);
	if (!facts->debug_only) {
		char *why = elf_misplaced(&img);

		facts->misplaced = why ? keep(facts, why) : NULL;
	}
	if (facts->relro == ELF_RELRO_PARTIAL && facts->bind_now)
		facts->relro = ELF_RELRO_FULL;
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
	free(facts->copies);
	free(facts->versions);
	strv_release(&facts->kept);
	*facts = (struct elf_facts){0};
}
