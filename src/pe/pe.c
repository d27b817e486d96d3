/* Reads the facts of pe.h: headers, then the directories of imports, delayed imports and exports.
 */
#include "pe/pe.h"

#include <stdlib.h>
#include <string.h>

#include "elf/image.h"

#define MAX_SECTIONS 96 /* Windows loads no more */
#define MAX_IMPORTS 4096
#define MAX_NAME 4096

#define COFF_SIZE 20
#define SECTION_SIZE 40
#define IS_DLL 0x2000

enum directory { EXPORTS = 0, IMPORTS = 1, DELAYED = 13 };

struct image {
	const uint8_t *p;
	size_t n;
	const uint8_t *sections;
	unsigned n_sections;
	const uint8_t *directories;
	uint32_t n_directories;
	uint32_t headers; /* bytes mapped at address 0 */
	/* Bytes of names and tables that may be read: real ones do not share much. */
	uint64_t budget;
	bool wide;
	struct pe_facts *facts;
};

/* The bytes of the file from a relative virtual address to the end of its section. */
static bool at_address(const struct image *img, uint32_t rva, const uint8_t **p, size_t *n)
{
	if (rva < img->headers && img->headers <= img->n) {
		*p = img->p + rva;
		*n = img->headers - rva;
		return true;
	}
	for (unsigned i = 0; i < img->n_sections; i++) {
		const uint8_t *s = img->sections + (size_t)i * SECTION_SIZE;
		uint32_t start = le32(s + 12), size = le32(s + 16), offset = le32(s + 20);

		if (rva < start || rva - start >= size)
			continue;
		if (offset > img->n || size > img->n - offset)
			return false;
		*p = img->p + offset + (rva - start);
		*n = size - (rva - start);
		return true;
	}
	return false;
}

static int get(struct image *img, uint32_t rva, size_t size, const char *what, const uint8_t **p,
	struct err *err)
{
	size_t n;

	if (!at_address(img, rva, p, &n) || size > n)
		return err_set(err, ERR_INPUT, "%s is not in the file", what);
	if (size > img->budget)
		return err_set(err, ERR_INPUT, "its tables overlap");
	img->budget -= size;
	return 0;
}

static int get_name(struct image *img, uint32_t rva, const char **out, struct err *err)
{
	const uint8_t *p, *end;
	size_t n;

	if (!at_address(img, rva, &p, &n) || !(end = memchr(p, 0, n < MAX_NAME ? n : MAX_NAME)) ||
		end == p)
		return err_set(err, ERR_INPUT, "a name is not in the file");
	if ((size_t)(end - p) > img->budget)
		return err_set(err, ERR_INPUT, "its names overlap");
	img->budget -= (size_t)(end - p);
	strv_take(&img->facts->kept, xstrndup((const char *)p, (size_t)(end - p)));
	*out = img->facts->kept.v[img->facts->kept.n - 1];
	return 0;
}

/* The address of a directory, or 0. */
static uint32_t directory(const struct image *img, enum directory which)
{
	return which < img->n_directories ? le32(img->directories + 8 * (size_t)which) : 0;
}

/* Counts the words of a table that ends with 0. */
static int count_words(struct image *img, uint32_t rva, uint32_t *count, struct err *err)
{
	size_t size = img->wide ? 8 : 4;
	const uint8_t *p;

	for (*count = 0;; ++*count) {
		if (get(img, rva, size, "a table of imports", &p, err) < 0)
			return -1;
		if (!le32(p) && (!img->wide || !le32(p + 4)))
			return 0;
		if (__builtin_add_overflow(rva, (uint32_t)size, &rva))
			return err_set(err, ERR_INPUT, "a table of imports has no end");
	}
}

static int read_imports(struct image *img, enum directory which, struct err *err)
{
	struct pe_facts *facts = img->facts;
	bool delayed = which == DELAYED;
	uint32_t rva = directory(img, which), size = delayed ? 32 : 20;
	const uint8_t *p;

	for (; rva; rva += size) {
		struct pe_import import = {.delayed = delayed};
		uint32_t name, table;

		if (get(img, rva, size, "the table of libraries", &p, err) < 0)
			return -1;
		name = le32(p + (delayed ? 4 : 12));
		/* The table of names; old linkers leave it out, and the other one has names too. */
		table = le32(p + (delayed ? 16 : 0));
		if (!delayed && !table)
			table = le32(p + 16);
		if (!name)
			return 0;
		/* Addresses of delayed imports were absolute in files of Visual C++ 6. */
		if (delayed && !(le32(p) & 1))
			return err_set(err, ERR_UNSUPPORTED,
				"its delayed imports are of a form older than 2002");
		if (get_name(img, name, &import.dll, err) < 0 ||
			(table && count_words(img, table, &import.n_names, err) < 0))
			return -1;
		if (facts->n_imports == MAX_IMPORTS)
			return err_set(err, ERR_INPUT, "too many libraries");
		*ARRAY_ADD(facts->imports, facts->n_imports) = import;
		if (rva > UINT32_MAX - size)
			return err_set(err, ERR_INPUT, "the table of libraries has no end");
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_exports(struct image *img, struct err *err)
{
	struct pe_facts *facts = img->facts;
	uint32_t rva = directory(img, EXPORTS), count;
	const uint8_t *p, *names;
	size_t kept = 0;

	if (!rva)
		return 0;
	if (get(img, rva, 40, "the table of exports", &p, err) < 0)
		return -1;
	count = le32(p + 24);
	if (!count)
		return 0;
	if (get(img, le32(p + 32), (size_t)count * 4, "the table of exported names", &names, err) <
		0)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		const char *name;

		if (get_name(img, le32(names + (size_t)i * 4), &name, err) < 0)
			return -1;
		*ARRAY_ADD(facts->exports, facts->n_exports) = name;
	}
	sort_array(facts->exports, facts->n_exports, sizeof(*facts->exports), compare_names);
	for (size_t i = 0; i < facts->n_exports; i++) {
		if (!kept || strcmp(facts->exports[kept - 1], facts->exports[i]) != 0)
			facts->exports[kept++] = facts->exports[i];
	}
	facts->n_exports = kept;
	return 0;
}

static int read_headers(struct image *img, struct err *err)
{
	struct pe_facts *facts = img->facts;
	uint32_t start, optional, least;
	const uint8_t *coff, *opt;

	if (img->n < 64 || img->p[0] != 'M' || img->p[1] != 'Z')
		return err_set(err, ERR_INPUT, "not a PE file");
	start = le32(img->p + 60);
	if (start > img->n || img->n - start < 4 + COFF_SIZE)
		return err_set(err, ERR_UNSUPPORTED, "it is a program for DOS alone");
	if (memcmp(img->p + start, "PE\0\0", 4) != 0)
		return err_set(err, ERR_UNSUPPORTED, "it is a program for DOS or 16-bit Windows");
	coff = img->p + start + 4;
	opt = coff + COFF_SIZE;
	optional = le16(coff + 16);
	facts->machine = le16(coff);
	facts->dll = le16(coff + 18) & IS_DLL;
	img->n_sections = le16(coff + 2);
	if (img->n_sections > MAX_SECTIONS)
		return err_set(err, ERR_INPUT, "too many sections");
	if (optional < 2 ||
		(size_t)(img->p + img->n - opt) < optional + (size_t)img->n_sections * SECTION_SIZE)
		return err_set(err, ERR_INPUT, "the headers are cut off");
	if (le16(opt) != 0x10b && le16(opt) != 0x20b)
		return err_set(err, ERR_INPUT, "the optional header is of an unknown kind");
	img->wide = le16(opt) == 0x20b;
	facts->bits = img->wide ? 64 : 32;
	least = img->wide ? 112 : 96;
	if (optional < least)
		return err_set(err, ERR_INPUT, "the optional header is cut off");
	facts->subsystem_major = le16(opt + 48);
	facts->subsystem_minor = le16(opt + 50);
	facts->subsystem = le16(opt + 68);
	img->headers = le32(opt + 60);
	img->n_directories = le32(opt + least - 4);
	if (img->n_directories > (optional - least) / 8)
		img->n_directories = (optional - least) / 8;
	img->directories = opt + least;
	img->sections = opt + optional;
	return 0;
}

bool pe_is(const void *data, size_t len)
{
	const uint8_t *p = data;

	return len >= 2 && p[0] == 'M' && p[1] == 'Z';
}

int pe_facts_from_memory(const void *data, size_t len, struct pe_facts *facts, struct err *err)
{
	struct image img = {.p = data, .n = len, .budget = 4 * (uint64_t)len, .facts = facts};

	*facts = (struct pe_facts){0};
	if (read_headers(&img, err) == 0 && read_imports(&img, IMPORTS, err) == 0 &&
		read_imports(&img, DELAYED, err) == 0 && read_exports(&img, err) == 0)
		return 0;
	pe_facts_release(facts);
	return -1;
}

int pe_facts_read(const char *path, struct pe_facts *facts, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};

	*facts = (struct pe_facts){0};
	if (elf_map_open(path, &map, err) < 0 ||
		pe_facts_from_memory(map.data, map.size, facts, err) < 0)
		return err_wrap(err, "reading '%s'", path);
	return 0;
}

void pe_facts_release(struct pe_facts *facts)
{
	free(facts->imports);
	free(facts->exports);
	strv_release(&facts->kept);
	*facts = (struct pe_facts){0};
}

const char *pe_machine_name(uint16_t machine)
{
	switch (machine) {
	case PE_MACHINE_AMD64:
		return "amd64";
	case PE_MACHINE_ARM64:
		return "arm64";
	case PE_MACHINE_I386:
		return "x86";
	default:
		return NULL;
	}
}
