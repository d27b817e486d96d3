/* Reads the facts of macho.h: the header, the load commands one after another, the symbols. */
#include "macho/macho.h"

#include <stdlib.h>
#include <string.h>

#include "elf/image.h"

#define FAT_MAGIC 0xcafebabeu
#define FAT_MAGIC_64 0xcafebabfu
#define MAGIC 0xfeedfaceu
#define MAGIC_64 0xfeedfacfu
/* Classes of Java have the same magic and, in the place of this count, a version from 45 on. */
#define MAX_SLICES 16
#define MAX_COMMANDS 65536
/* The largest programs have some hundred libraries. */
#define MAX_NAMES 4096
/* As in src/elf/facts.c. */
#define NAME_BUDGET 16

#define HEADER_SIZE 32
#define NLIST_SIZE 16

enum command {
	LC_REQUIRED = 0x80000000u, /* dyld refuses a file if it does not know the command */
	LC_SYMTAB = 0x2,
	LC_LOAD_DYLIB = 0xc,
	LC_ID_DYLIB = 0xd,
	LC_LOAD_WEAK_DYLIB = 0x18 | LC_REQUIRED,
	LC_RPATH = 0x1c | LC_REQUIRED,
	LC_CODE_SIGNATURE = 0x1d,
	LC_REEXPORT_DYLIB = 0x1f | LC_REQUIRED,
	LC_LAZY_LOAD_DYLIB = 0x20,
	LC_DYLD_INFO = 0x22,
	LC_DYLD_INFO_ONLY = 0x22 | LC_REQUIRED,
	LC_LOAD_UPWARD_DYLIB = 0x23 | LC_REQUIRED,
	LC_VERSION_MIN_MACOSX = 0x24,
	LC_BUILD_VERSION = 0x32,
	LC_DYLD_CHAINED_FIXUPS = 0x34 | LC_REQUIRED,
};

/* Of n_type and n_desc in a symbol. */
enum {
	N_STAB = 0xe0,
	N_PEXT = 0x10,
	N_TYPE = 0x0e,
	N_EXT = 0x01,
	N_UNDF = 0x0,
	N_WEAK_REF = 0x0040,
	ORDINAL_DYNAMIC = 0xfe,
	ORDINAL_EXECUTABLE = 0xff,
};

/* The bytes of one slice, and the facts that they become. */
struct reading {
	const uint8_t *p;
	size_t n;
	struct macho_slice *slice;
	struct strv *kept;
	uint32_t symoff, nsyms, stroff, strsize;
};

static uint64_t le64(const uint8_t *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

static uint32_t be32(const uint8_t *p)
{
	return __builtin_bswap32(le32(p));
}

static uint64_t be64(const uint8_t *p)
{
	return __builtin_bswap64(le64(p));
}

static const char *keep(struct strv *kept, const void *text, size_t n)
{
	char *copy = xstrndup(text, n);

	strv_take(kept, copy);
	return copy;
}

/* A string within a command, whose offset is in the word at `field`. */
static int read_string(struct reading *r, const uint8_t *command, uint32_t size, uint32_t field,
	uint32_t least, const char **out, struct err *err)
{
	uint32_t at = le32(command + field);

	if (at < least || at >= size || !memchr(command + at, 0, size - at))
		return err_set(err, ERR_INPUT, "a name is not within its load command");
	*out = keep(r->kept, command + at, size - at);
	return 0;
}

static int read_dylib(
	struct reading *r, uint32_t cmd, const uint8_t *p, uint32_t size, struct err *err)
{
	struct macho_slice *s = r->slice;
	struct macho_library library = {0};

	if (size < 24)
		return err_set(err, ERR_INPUT, "the load command of a library is cut off");
	if (read_string(r, p, size, 8, 24, &library.name, err) < 0)
		return -1;
	library.current = le32(p + 16);
	library.compatible = le32(p + 20);
	if (cmd == LC_ID_DYLIB) {
		s->id = library.name;
		s->id_current = library.current;
		s->id_compatible = library.compatible;
		return 0;
	}
	library.link = cmd == LC_LOAD_WEAK_DYLIB     ? MACHO_WEAK
		       : cmd == LC_REEXPORT_DYLIB    ? MACHO_REEXPORT
		       : cmd == LC_LOAD_UPWARD_DYLIB ? MACHO_UPWARD
		       : cmd == LC_LAZY_LOAD_DYLIB   ? MACHO_LAZY
						     : MACHO_LOAD;
	if (s->n_libraries == MAX_NAMES)
		return err_set(err, ERR_INPUT, "too many libraries");
	*ARRAY_ADD(s->libraries, s->n_libraries) = library;
	return 0;
}

static int read_command(
	struct reading *r, uint32_t cmd, const uint8_t *p, uint32_t size, struct err *err)
{
	struct macho_slice *s = r->slice;
	const char *rpath;

	switch (cmd) {
	case LC_LOAD_DYLIB:
	case LC_ID_DYLIB:
	case LC_LOAD_WEAK_DYLIB:
	case LC_REEXPORT_DYLIB:
	case LC_LAZY_LOAD_DYLIB:
	case LC_LOAD_UPWARD_DYLIB:
		return read_dylib(r, cmd, p, size, err);
	case LC_RPATH:
		if (size < 12)
			return err_set(err, ERR_INPUT, "LC_RPATH is cut off");
		if (read_string(r, p, size, 8, 12, &rpath, err) < 0)
			return -1;
		if (s->n_rpaths == MAX_NAMES)
			return err_set(err, ERR_INPUT, "too many rpaths");
		*ARRAY_ADD(s->rpaths, s->n_rpaths) = rpath;
		return 0;
	case LC_VERSION_MIN_MACOSX:
		if (size < 16)
			return err_set(err, ERR_INPUT, "LC_VERSION_MIN_MACOSX is cut off");
		s->platform = 1;
		s->minimum = le32(p + 8);
		s->sdk = le32(p + 12);
		return 0;
	case LC_BUILD_VERSION:
		if (size < 24)
			return err_set(err, ERR_INPUT, "LC_BUILD_VERSION is cut off");
		/* Of "zippered" files, for macOS and Mac Catalyst, macOS's comes first. */
		if (s->platform == 1)
			return 0;
		s->platform = le32(p + 8);
		s->minimum = le32(p + 12);
		s->sdk = le32(p + 16);
		return 0;
	case LC_SYMTAB:
		if (size < 24)
			return err_set(err, ERR_INPUT, "LC_SYMTAB is cut off");
		r->symoff = le32(p + 8);
		r->nsyms = le32(p + 12);
		r->stroff = le32(p + 16);
		r->strsize = le32(p + 20);
		return 0;
	case LC_CODE_SIGNATURE:
		s->is_signed = true;
		return 0;
	case LC_DYLD_INFO:
	case LC_DYLD_INFO_ONLY:
		s->dyld_info = true;
		return 0;
	case LC_DYLD_CHAINED_FIXUPS:
		s->chained = true;
		return 0;
	default:
		return 0;
	}
}

static int read_commands(struct reading *r, uint32_t total, struct err *err)
{
	const uint8_t *p = r->p + HEADER_SIZE;

	if (total > r->n - HEADER_SIZE)
		return err_set(err, ERR_INPUT, "the load commands are beyond the end of file");
	if (r->slice->n_commands > MAX_COMMANDS)
		return err_set(err, ERR_INPUT, "too many load commands");
	for (uint32_t i = 0; i < r->slice->n_commands; i++) {
		uint32_t size;

		if (total < 8)
			return err_set(err, ERR_INPUT, "load command %u is cut off", i);
		size = le32(p + 4);
		if (size < 8 || size % 4 || size > total)
			return err_set(err, ERR_INPUT, "load command %u has %u bytes", i, size);
		if (read_command(r, le32(p), p, size, err) < 0)
			return -1;
		p += size;
		total -= size;
	}
	return 0;
}

static int compare_undefined(const void *a, const void *b)
{
	const struct macho_undefined *x = a, *y = b;
	int names = strcmp(x->name, y->name);

	return names ? names : (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int ordinal_of(const struct macho_slice *s, uint16_t desc)
{
	int ordinal = desc >> 8;

	if (!(s->flags & MACHO_TWOLEVEL))
		return MACHO_ORDINAL_FLAT;
	return ordinal == ORDINAL_DYNAMIC      ? MACHO_ORDINAL_DYNAMIC
	       : ordinal == ORDINAL_EXECUTABLE ? MACHO_ORDINAL_EXECUTABLE
					       : ordinal;
}

/* Symbols of debuggers (stabs), local ones and common ones of objects are passed over. */
static int read_symbols(struct reading *r, struct err *err)
{
	struct macho_slice *s = r->slice;
	uint64_t budget = (uint64_t)r->strsize * NAME_BUDGET, end;
	const char *names;
	size_t kept = 0;

	end = (uint64_t)r->symoff + (uint64_t)r->nsyms * NLIST_SIZE;
	if (end > r->n || (uint64_t)r->stroff + r->strsize > r->n)
		return err_set(err, ERR_INPUT, "the symbols are beyond the end of file");
	s->symtab = r->nsyms > 0;
	if (!s->symtab)
		return 0;
	/* With a NUL of ours at the end. Not by xstrndup(), which ends at the first. */
	strv_take(
		r->kept, memcpy(xcalloc(1, (size_t)r->strsize + 1), r->p + r->stroff, r->strsize));
	names = r->kept->v[r->kept->n - 1];
	for (uint32_t i = 0; i < r->nsyms; i++) {
		const uint8_t *p = r->p + r->symoff + (size_t)i * NLIST_SIZE;
		uint32_t at = le32(p);
		uint8_t type = p[4];
		uint16_t desc = le16(p + 6);
		const char *name;
		size_t len;

		if ((type & N_STAB) || !(type & N_EXT) || (type & N_PEXT))
			continue;
		if (at >= r->strsize)
			return err_set(err, ERR_INPUT, "the name of symbol %u is not there", i);
		name = names + at;
		len = strlen(name);
		if (len + 1 > budget)
			return err_set(err, ERR_INPUT, "names of symbols overlap");
		budget -= len + 1;
		if ((type & N_TYPE) != N_UNDF)
			*ARRAY_ADD(s->exports, s->n_exports) = name;
		else if (le64(p + 8) == 0)
			*ARRAY_ADD(s->undefined, s->n_undefined) = (struct macho_undefined){
				name, ordinal_of(s, desc), desc & N_WEAK_REF};
	}
	sort_array(s->undefined, s->n_undefined, sizeof(*s->undefined), compare_undefined);
	sort_array(s->exports, s->n_exports, sizeof(*s->exports), compare_names);
	for (size_t i = 0; i < s->n_exports; i++) {
		if (!kept || strcmp(s->exports[kept - 1], s->exports[i]) != 0)
			s->exports[kept++] = s->exports[i];
	}
	s->n_exports = kept;
	return 0;
}

/* A symbol that names a library which is not there. */
static int check_ordinals(const struct macho_slice *s, struct err *err)
{
	for (size_t i = 0; i < s->n_undefined; i++) {
		if (s->undefined[i].ordinal > 0 &&
			(size_t)s->undefined[i].ordinal > s->n_libraries && s->type != MACHO_OBJECT)
			return err_set(err, ERR_INPUT, "'%s' is from library %d, and there are %zu",
				s->undefined[i].name, s->undefined[i].ordinal, s->n_libraries);
	}
	return 0;
}

static int read_slice(const uint8_t *p, size_t n, bool alone, struct macho_slice *slice,
	struct strv *kept, struct err *err)
{
	struct reading r = {.p = p, .n = n, .slice = slice, .kept = kept};
	uint32_t magic;

	if (n < 4)
		return err_set(err, ERR_INPUT, "the Mach-O header is cut off");
	magic = le32(p);
	if (magic == __builtin_bswap32(MAGIC) || magic == __builtin_bswap32(MAGIC_64))
		return err_set(err, ERR_UNSUPPORTED,
			"it is big-endian Mach-O, of PowerPC, which macOS has not run since 2011");
	if (magic == MAGIC && alone)
		return err_set(err, ERR_UNSUPPORTED,
			"it is 32-bit Mach-O, which macOS has not run since 10.15");
	if (magic == MAGIC) {
		slice->unread = true;
		return 0;
	}
	if (magic != MAGIC_64)
		return err_set(err, ERR_INPUT, "not a Mach-O file");
	if (n < HEADER_SIZE)
		return err_set(err, ERR_INPUT, "the Mach-O header is cut off");
	if (alone) {
		slice->cpu = le32(p + 4);
		slice->subtype = le32(p + 8) & 0xffffff;
	} else if (slice->cpu != le32(p + 4)) {
		return err_set(
			err, ERR_INPUT, "a slice is for another processor than its entry says");
	}
	slice->type = le32(p + 12);
	slice->n_commands = le32(p + 16);
	slice->flags = le32(p + 24);
	return read_commands(&r, le32(p + 20), err) < 0 || read_symbols(&r, err) < 0
		       ? -1
		       : check_ordinals(slice, err);
}

static int read_fat(
	const uint8_t *p, size_t n, bool wide, struct macho_facts *facts, struct err *err)
{
	uint32_t count = n < 8 ? 0 : be32(p + 4);
	size_t size = wide ? 32 : 20;

	if (count == 0 || count > MAX_SLICES || n - 8 < count * size)
		return err_set(err, ERR_INPUT, "the table of a universal file is damaged");
	facts->fat = true;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *entry = p + 8 + i * size;
		struct macho_slice s = {.cpu = be32(entry),
			.subtype = be32(entry + 4) & 0xffffff,
			.offset = wide ? be64(entry + 8) : be32(entry + 8),
			.size = wide ? be64(entry + 16) : be32(entry + 12)};
		uint64_t end;

		if (__builtin_add_overflow(s.offset, s.size, &end) || end > n ||
			s.offset < 8 + count * size)
			return err_set(err, ERR_INPUT, "a slice is beyond the end of file");
		for (size_t k = 0; k < facts->n; k++) {
			const struct macho_slice *other = &facts->v[k];

			if (s.offset < other->offset + other->size && other->offset < end)
				return err_set(err, ERR_INPUT, "two slices overlap");
			if (s.cpu == other->cpu && s.subtype == other->subtype)
				return err_set(err, ERR_INPUT, "two slices are for one processor");
		}
		*ARRAY_ADD(facts->v, facts->n) = s;
	}
	for (size_t i = 0; i < facts->n; i++) {
		struct macho_slice *s = &facts->v[i];

		if (read_slice(p + s->offset, (size_t)s->size, false, s, &facts->kept, err) < 0)
			return err_wrap(err, "the slice for %s",
				macho_cpu_name(s->cpu) ? macho_cpu_name(s->cpu)
						       : "another processor");
	}
	return 0;
}

bool macho_is(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t magic = len < 4 ? 0 : le32(p);

	if (magic == __builtin_bswap32(FAT_MAGIC) || magic == __builtin_bswap32(FAT_MAGIC_64))
		return len >= 8 && be32(p + 4) <= MAX_SLICES;
	return magic == MAGIC || magic == MAGIC_64 || magic == __builtin_bswap32(MAGIC) ||
	       magic == __builtin_bswap32(MAGIC_64);
}

int macho_facts_from_memory(
	const void *data, size_t len, struct macho_facts *facts, struct err *err)
{
	uint32_t magic = len < 4 ? 0 : be32(data);
	int r;

	*facts = (struct macho_facts){0};
	if (magic == FAT_MAGIC || magic == FAT_MAGIC_64) {
		r = read_fat(data, len, magic == FAT_MAGIC_64, facts, err);
	} else {
		struct macho_slice *only = ARRAY_ADD(facts->v, facts->n);

		only->size = len;
		r = read_slice(data, len, true, only, &facts->kept, err);
	}
	if (r < 0)
		macho_facts_release(facts);
	return r;
}

int macho_facts_read(const char *path, struct macho_facts *facts, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};

	*facts = (struct macho_facts){0};
	if (elf_map_open(path, &map, err) < 0 ||
		macho_facts_from_memory(map.data, map.size, facts, err) < 0)
		return err_wrap(err, "reading '%s'", path);
	return 0;
}

void macho_facts_release(struct macho_facts *facts)
{
	for (size_t i = 0; i < facts->n; i++) {
		free(facts->v[i].libraries);
		free(facts->v[i].rpaths);
		free(facts->v[i].undefined);
		free(facts->v[i].exports);
	}
	free(facts->v);
	strv_release(&facts->kept);
	*facts = (struct macho_facts){0};
}

bool macho_exports(const struct macho_slice *slice, const char *name)
{
	return slice->n_exports && bsearch(&name, slice->exports, slice->n_exports,
					   sizeof(*slice->exports), compare_names);
}

const struct macho_slice *macho_slice_for(const struct macho_facts *facts, uint32_t cpu)
{
	for (size_t i = 0; i < facts->n; i++) {
		if (facts->v[i].cpu == cpu)
			return &facts->v[i];
	}
	return NULL;
}

const char *macho_cpu_name(uint32_t cpu)
{
	switch (cpu) {
	case MACHO_CPU_X86_64:
		return "x86_64";
	case MACHO_CPU_ARM64:
		return "arm64";
	case 7:
		return "i386";
	case 12:
		return "arm";
	case 18:
		return "ppc";
	case 0x01000012:
		return "ppc64";
	default:
		return NULL;
	}
}

char *macho_version(uint32_t version)
{
	unsigned int patch = version & 0xff;

	return patch ? xasprintf("%u.%u.%u", version >> 16, version >> 8 & 0xff, patch)
		     : xasprintf("%u.%u", version >> 16, version >> 8 & 0xff);
}
