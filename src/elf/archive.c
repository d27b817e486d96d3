/* Static archives: their members, and whether these can be linked by anyone.
 *
 * An archive is a magic string and members, each with a header of 60 bytes: name (16), time, owner,
 * group and mode, size (10), all in decimal digits and spaces, and a mark at the end. Names of more
 * than 15 characters stand in a member called "//", and the header has "/" and a place there. A
 * member called "/" or "/SYM64/" is the index of symbols. */
#include "elf/image.h"

#define MAGIC "!<arch>\n"
#define MAGIC_THIN "!<thin>\n"
#define MAGIC_SIZE 8
#define HEADER_SIZE 60
#define NAME_SIZE 16
#define SIZE_AT 48
#define SIZE_SIZE 10
#define FMAG_AT 58
#define MAX_NAME 4096

/* Digits, then spaces. Ten digits always fit, and so do fifteen. */
static int parse_number(const char *p, size_t n, uint64_t *out, const char *what, struct err *err)
{
	size_t i = 0, digits;

	*out = 0;
	for (; i < n && p[i] >= '0' && p[i] <= '9'; i++)
		*out = *out * 10 + (uint64_t)(p[i] - '0');
	digits = i;
	while (i < n && p[i] == ' ')
		i++;
	return digits && i == n ? 0 : err_set(err, ERR_INPUT, "%s is no number", what);
}

/* Copies the name that a header has, from the table of long names if it says so: there it is ended
 * by "/\n" (GNU) or "\n". */
static int read_name(
	const char *field, const struct elf_slice *table, char name[MAX_NAME + 1], struct err *err)
{
	const char *p = field, *end;
	uint64_t offset;
	size_t left;

	if (!memcmp(field, "#1/", 3))
		return err_set(err, ERR_UNSUPPORTED, "an archive with names in the BSD form");
	if (field[0] == '/') {
		if (parse_number(
			    field + 1, NAME_SIZE - 1, &offset, "the place of a long name", err) < 0)
			return -1;
		if (offset >= table->n)
			return err_set(
				err, ERR_INPUT, "a long name is beyond the table of long names");
		p = (const char *)table->p + offset;
		left = table->n - (size_t)offset;
		end = memchr(p, '\n', left < MAX_NAME + 2 ? left : MAX_NAME + 2);
		if (!end)
			return err_set(err, ERR_INPUT, "a long name has no end");
		if (end > p && end[-1] == '/')
			end--;
	} else {
		end = memchr(field, '/', NAME_SIZE);
		if (!end)
			for (end = field + NAME_SIZE; end > field && end[-1] == ' '; end--)
				;
	}
	if (end - p > MAX_NAME)
		return err_set(err, ERR_INPUT, "a member has a name of %zu bytes", end - p);
	if (end == p || memchr(p, '\0', (size_t)(end - p)))
		return err_set(err, ERR_INPUT, "a member has no proper name");
	memcpy(name, p, (size_t)(end - p));
	name[end - p] = '\0';
	return 0;
}

static bool is_field(const char *field, const char *name)
{
	size_t n = strlen(name);

	return !memcmp(field, name, n) && field[n] == ' ';
}

int elf_archive_each(
	const void *data, size_t len, elf_archive_visit visit, void *ctx, struct err *err)
{
	struct elf_slice long_names = {0};
	char name[MAX_NAME + 1];
	size_t pos = MAGIC_SIZE;

	if (len >= MAGIC_SIZE && !memcmp(data, MAGIC_THIN, MAGIC_SIZE)) {
		err_set(err, ERR_UNSUPPORTED, "a thin archive, which only names its members");
		return err_hint(err, "make a full one with 'ar rcs' from the same objects");
	}
	if (len < MAGIC_SIZE || memcmp(data, MAGIC, MAGIC_SIZE) != 0)
		return err_set(err, ERR_INPUT, "not an archive");
	while (pos < len) {
		const char *h = (const char *)data + pos;
		struct elf_archive_member m = {.name = name, .data = h + HEADER_SIZE};
		uint64_t size;

		if (len - pos < HEADER_SIZE)
			return err_set(
				err, ERR_INPUT, "the archive is cut off in a member's header");
		if (h[FMAG_AT] != '`' || h[FMAG_AT + 1] != '\n')
			return err_set(err, ERR_INPUT, "no member's header where one should be");
		if (parse_number(h + SIZE_AT, SIZE_SIZE, &size, "a member's size", err) < 0)
			return -1;
		pos += HEADER_SIZE;
		if (size > len - pos)
			return err_set(err, ERR_INPUT, "the archive is cut off in a member");
		m.size = (size_t)size;
		pos += m.size;
		/* Members begin at even places; the last one may lack its padding. */
		if (pos < len)
			pos += pos & 1;
		if (is_field(h, "/") || is_field(h, "/SYM64/"))
			continue;
		if (is_field(h, "//"))
			long_names = (struct elf_slice){m.data, m.size};
		else if (read_name(h, &long_names, name, err) < 0 || visit(ctx, &m, err) < 0)
			return -1;
	}
	return 0;
}

/* Collected over the sections of one object file. */
struct object {
	bool intermediate; /* sections for a link-time optimiser */
	bool loaded;       /* sections with code or data */
	uint64_t abs32;
	size_t globals;
};

static int read_object(const struct elf_image *img, struct object *o, struct err *err)
{
	uint64_t budget = img->size; /* of tables to read: real ones do not overlap */

	for (uint32_t i = 1; i < img->shnum; i++) {
		bool relocs, symbols;
		struct elf_slice s;
		Elf64_Shdr sh;
		size_t size;

		elf_shdr(img, i, &sh);
		if (elf_section_begins(img, &sh, ".gnu.lto_") ||
			elf_section_begins(img, &sh, ".llvm.lto"))
			o->intermediate = true;
		/* Notes about the processor also stand in objects that hold nothing else. */
		if (sh.sh_flags & SHF_ALLOC && sh.sh_type != SHT_NOTE && sh.sh_size)
			o->loaded = true;
		symbols = sh.sh_type == SHT_SYMTAB;
		relocs = img->machine == EM_X86_64 &&
			 (sh.sh_type == SHT_RELA || sh.sh_type == SHT_REL);
		if (relocs) {
			Elf64_Shdr target;

			if (sh.sh_info >= img->shnum)
				return err_set(err, ERR_INPUT,
					"relocations for a section that does not exist");
			elf_shdr(img, sh.sh_info, &target);
			relocs = target.sh_flags & SHF_ALLOC;
		}
		if (!relocs && !symbols)
			continue;
		if (!elf_section_bytes(img, &sh, &s))
			return err_set(err, ERR_INPUT, "a section is beyond the end of file");
		if (s.n > budget)
			return err_set(err, ERR_INPUT, "sections overlap");
		budget -= s.n;
		size = symbols ? elf_sym_size(img) : elf_rel_size(img, sh.sh_type == SHT_RELA);
		for (size_t k = symbols; k < s.n / size; k++) {
			uint32_t symbol, type;
			unsigned bind;
			Elf64_Sym sym;

			if (relocs) {
				elf_rel(img, s.p + k * size, &symbol, &type);
				o->abs32 += type == R_X86_64_32 || type == R_X86_64_32S;
				continue;
			}
			elf_sym(img, s.p + k * size, &sym);
			bind = ELF64_ST_BIND(sym.st_info);
			o->globals +=
				sym.st_shndx != SHN_UNDEF &&
				(bind == STB_GLOBAL || bind == STB_WEAK || bind == STB_GNU_UNIQUE);
		}
	}
	return 0;
}

static int read_member(void *ctx, const struct elf_archive_member *member, struct err *err)
{
	struct elf_archive_facts *facts = ctx;
	const void *data = member->data;
	struct object o = {0};
	struct elf_image img;
	unsigned bits;

	facts->members++;
	/* Raw, and in the wrapper that some systems put around it. */
	if (member->size >= 4 &&
		(!memcmp(data, "BC\xc0\xde", 4) || !memcmp(data, "\xde\xc0\x17\x0b", 4))) {
		facts->bitcode_members++;
		return 0;
	}
	if (!elf_is(data, member->size)) {
		facts->foreign_members++;
		return 0;
	}
	if (elf_image_init(&img, data, member->size, err) < 0)
		return err_wrap(err, "member '%s'", member->name);
	bits = img.is64 ? 64 : 32;
	if (img.type == ET_REL && facts->machine == 0) {
		facts->machine = img.machine;
		facts->bits = bits;
	}
	if (img.type != ET_REL || img.machine != facts->machine || bits != facts->bits) {
		facts->foreign_members++;
		return 0;
	}
	if (read_object(&img, &o, err) < 0)
		return err_wrap(err, "member '%s'", member->name);
	if (o.intermediate && !o.loaded) {
		facts->lto_members++;
		return 0;
	}
	facts->fat_lto_members += o.intermediate;
	facts->abs32_relocs += o.abs32;
	facts->defined_globals += o.globals;
	return 0;
}

int elf_archive_facts_from_memory(
	const void *data, size_t len, struct elf_archive_facts *facts, struct err *err)
{
	*facts = (struct elf_archive_facts){0};
	return elf_archive_each(data, len, read_member, facts, err);
}

int elf_archive_facts_read(const char *path, struct elf_archive_facts *facts, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};

	if (elf_map_open(path, &map, err) < 0)
		return -1;
	if (elf_archive_facts_from_memory(map.data, map.size, facts, err) < 0)
		return err_wrap(err, "reading '%s'", path);
	return 0;
}
