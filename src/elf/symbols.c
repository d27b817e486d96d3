#include "elf/image.h"

#include <ctype.h>
#include <string.h>

/* Version indexes have 15 bits, so that no file has use for more. */
#define MAX_VERSIONS 0x8000
#define VERSION_MASK 0x7fff

/* The names of versions by index; NULL for those that are not needed versions. */
struct versions {
	const char **by_index;
	struct elf_slice versym; /* empty: symbols have no versions */
};

static int count_by_hash(
	const struct elf_image *img, uint64_t addr, uint64_t *count, struct err *err)
{
	struct elf_slice s;

	if (elf_at(img, addr, "DT_HASH", &s, err) < 0)
		return -1;
	if (s.n < 8)
		return err_set(err, ERR_INPUT, "DT_HASH is cut off");
	*count = elf_u32(img, s.p + 4);
	return 0;
}

/* The last symbol is the end of the last chain. A table without symbols gives no count. */
static int count_by_gnu_hash(
	const struct elf_image *img, uint64_t addr, uint64_t *count, struct err *err)
{
	uint64_t buckets, chains, words;
	uint32_t n_buckets, offset, last = 0;
	struct elf_slice s;

	if (elf_at(img, addr, "DT_GNU_HASH", &s, err) < 0)
		return -1;
	if (s.n < 16)
		return err_set(err, ERR_INPUT, "DT_GNU_HASH is cut off");
	n_buckets = elf_u32(img, s.p);
	offset = elf_u32(img, s.p + 4);
	/* None of these sums can overflow: they are made of 32-bit numbers. */
	buckets = 16 + (uint64_t)elf_u32(img, s.p + 8) * elf_word_size(img);
	chains = buckets + (uint64_t)n_buckets * 4;
	if (chains > s.n)
		return err_set(err, ERR_INPUT, "DT_GNU_HASH is larger than its segment");
	for (uint32_t i = 0; i < n_buckets; i++) {
		uint32_t first = elf_u32(img, s.p + buckets + (size_t)i * 4);

		last = first > last ? first : last;
	}
	*count = 0;
	if (last == 0)
		return 0;
	if (last < offset)
		return err_set(err, ERR_INPUT, "DT_GNU_HASH names symbols before its first one");
	words = (s.n - chains) / 4;
	for (uint64_t i = last - offset; i < words; i++) {
		if (elf_u32(img, s.p + chains + i * 4) & 1) {
			*count = offset + i + 1;
			return 0;
		}
	}
	return err_set(err, ERR_INPUT, "a chain of DT_GNU_HASH has no end");
}

/* Hash tables count exactly, but a GNU one leaves undefined symbols out when there are no others.
 * Then relocations name what they use, and section headers, which may be gone or wrong and are
 * nothing to the loader, the rest. */
int elf_count_symbols(const struct elf_image *img, const struct elf_dynamic *dyn, uint64_t *count,
	struct err *err)
{
	/* These two machines have 64-bit words in DT_HASH. */
	bool wide = img->is64 && (img->machine == EM_S390 || img->machine == EM_ALPHA);
	uint64_t by_hash = 0, by_gnu_hash = 0;

	*count = 0;
	if (!dyn->has[DT_SYMTAB])
		return 0;
	if (dyn->has[DT_HASH] && !wide &&
		count_by_hash(img, dyn->value[DT_HASH], &by_hash, err) < 0)
		return -1;
	if (dyn->gnu_hash && count_by_gnu_hash(img, dyn->gnu_hash, &by_gnu_hash, err) < 0)
		return -1;
	*count = dyn->max_symbol ? (uint64_t)dyn->max_symbol + 1 : 0;
	*count = by_hash > *count ? by_hash : *count;
	*count = by_gnu_hash > *count ? by_gnu_hash : *count;
	if (!by_hash && !by_gnu_hash && dyn->dynsym_count > *count &&
		dyn->dynsym_count <= dyn->symtab.n / elf_sym_size(img))
		*count = dyn->dynsym_count;
	if (*count > dyn->symtab.n / elf_sym_size(img))
		return err_set(err, ERR_INPUT, "the dynamic symbols do not fit their segment");
	return 0;
}

static void add_version(struct elf_facts *facts, size_t *cap, const char *file, const char *version)
{
	if (facts->n_versions == *cap) {
		*cap = *cap ? *cap * 2 : 16;
		facts->versions = xreallocarray(facts->versions, *cap, sizeof(*facts->versions));
	}
	facts->versions[facts->n_versions++] = (struct elf_version_need){file, version};
}

struct need_reader {
	const struct elf_image *img;
	struct elf_slice table;
	struct elf_names *names;
	struct versions *versions;
	struct elf_facts *facts;
	size_t cap;
};

/* The versions needed from one file; `pos` is that of the first. */
static int read_need_versions(
	struct need_reader *r, const char *file, uint64_t pos, unsigned count, struct err *err)
{
	for (unsigned i = 0; i < count; i++) {
		const char *version;
		const uint8_t *p;
		uint32_t next;

		if (pos > r->table.n || r->table.n - pos < sizeof(Elf64_Vernaux))
			return err_set(err, ERR_INPUT, "a needed version is beyond its segment");
		if (r->facts->n_versions >= MAX_VERSIONS)
			return err_set(err, ERR_INPUT, "too many needed versions");
		p = r->table.p + pos;
		if (elf_name(r->names, elf_u32(r->img, p + 8), &version, err) < 0)
			return -1;
		add_version(r->facts, &r->cap, file, version);
		r->versions->by_index[elf_u16(r->img, p + 6) & VERSION_MASK] = version;
		next = elf_u32(r->img, p + 12);
		if (next == 0)
			break;
		if (next < sizeof(Elf64_Vernaux))
			return err_set(err, ERR_INPUT, "needed versions overlap");
		pos += next;
	}
	return 0;
}

static int read_needs(struct need_reader *r, const struct elf_dynamic *dyn, struct err *err)
{
	uint64_t pos = 0;

	if (elf_at(r->img, dyn->verneed, "DT_VERNEED", &r->table, err) < 0)
		return -1;
	for (uint64_t i = 0; i < dyn->verneednum; i++) {
		const char *file;
		const uint8_t *p;
		uint32_t next;

		if (pos > r->table.n || r->table.n - pos < sizeof(Elf64_Verneed))
			return err_set(err, ERR_INPUT, "DT_VERNEED is larger than its segment");
		p = r->table.p + pos;
		if (elf_name(r->names, elf_u32(r->img, p + 4), &file, err) < 0 ||
			read_need_versions(r, file, pos + elf_u32(r->img, p + 8),
				elf_u16(r->img, p + 2), err) < 0)
			return -1;
		next = elf_u32(r->img, p + 12);
		if (next == 0)
			break;
		if (next < sizeof(Elf64_Verneed))
			return err_set(err, ERR_INPUT, "the records of DT_VERNEED overlap");
		pos += next;
	}
	return 0;
}

static void find_glibc(struct elf_facts *facts)
{
	static const char prefix[] = "GLIBC_";

	for (size_t i = 0; i < facts->n_versions; i++) {
		const char *v = facts->versions[i].version;

		if (strncmp(v, prefix, sizeof(prefix) - 1) != 0)
			continue;
		v += sizeof(prefix) - 1;
		if (!isdigit((unsigned char)*v) || v[strspn(v, "0123456789.")])
			continue;
		if (!facts->glibc || elf_version_compare(v, facts->glibc) > 0)
			facts->glibc = v;
	}
}

enum role {
	ROLE_NONE,
	ROLE_EXPORT,
	ROLE_UNDEFINED,
};

static enum role role_of(const Elf64_Sym *sym)
{
	unsigned bind = ELF64_ST_BIND(sym->st_info);
	unsigned visibility = ELF64_ST_VISIBILITY(sym->st_other);

	if (sym->st_name == 0 || (bind != STB_GLOBAL && bind != STB_WEAK && bind != STB_GNU_UNIQUE))
		return ROLE_NONE;
	if (sym->st_shndx == SHN_UNDEF)
		return ROLE_UNDEFINED;
	return visibility == STV_DEFAULT || visibility == STV_PROTECTED ? ROLE_EXPORT : ROLE_NONE;
}

static const char *version_of(
	const struct elf_image *img, const struct versions *versions, uint64_t symbol)
{
	if (versions->versym.n == 0)
		return NULL;
	return versions->by_index[elf_u16(img, versions->versym.p + symbol * 2) & VERSION_MASK];
}

static int keep_symbols(const struct elf_image *img, const struct elf_slice *table,
	const struct versions *versions, struct elf_names *names, struct elf_facts *facts,
	struct err *err)
{
	size_t size = elf_sym_size(img), exports = 0, undefined = 0;
	Elf64_Sym sym;

	for (size_t pos = size; pos < table->n; pos += size) {
		elf_sym(img, table->p + pos, &sym);
		exports += role_of(&sym) == ROLE_EXPORT;
		undefined += role_of(&sym) == ROLE_UNDEFINED;
	}
	facts->exports = xcalloc(exports + 1, sizeof(*facts->exports));
	facts->undefined = xcalloc(undefined + 1, sizeof(*facts->undefined));
	for (size_t pos = size; pos < table->n; pos += size) {
		const char *name;
		enum role role;

		elf_sym(img, table->p + pos, &sym);
		role = role_of(&sym);
		if (role == ROLE_NONE)
			continue;
		if (elf_name(names, sym.st_name, &name, err) < 0)
			return -1;
		if (role == ROLE_EXPORT)
			facts->exports[facts->n_exports++] = name;
		else
			facts->undefined[facts->n_undefined++] = (struct elf_undefined){
				.name = name,
				.version = version_of(img, versions, pos / size),
				.weak = ELF64_ST_BIND(sym.st_info) == STB_WEAK,
			};
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	return x == y ? 0 : strcmp(x, y);
}

static int compare_undefined(const void *a, const void *b)
{
	const struct elf_undefined *x = a, *y = b;
	int r = x->name == y->name ? 0 : strcmp(x->name, y->name);

	if (r || x->version == y->version)
		return r;
	return !x->version ? -1 : !y->version ? 1 : strcmp(x->version, y->version);
}

static void sort_symbols(struct elf_facts *facts)
{
	size_t kept = 0;

	sort_array(facts->exports, facts->n_exports, sizeof(*facts->exports), compare_names);
	sort_array(
		facts->undefined, facts->n_undefined, sizeof(*facts->undefined), compare_undefined);
	for (size_t i = 0; i < facts->n_exports; i++)
		if (kept == 0 || compare_names(&facts->exports[i], &facts->exports[kept - 1]) != 0)
			facts->exports[kept++] = facts->exports[i];
	facts->n_exports = kept;
}

int elf_read_symbols(const struct elf_image *img, const struct elf_dynamic *dyn,
	struct elf_names *names, struct elf_facts *facts, struct err *err)
{
	CLEANUP_FREE const char **by_index = xcalloc(MAX_VERSIONS, sizeof(*by_index));
	struct versions versions = {.by_index = by_index};
	struct need_reader r = {.img = img, .names = names, .versions = &versions, .facts = facts};
	struct elf_slice table = dyn->symtab;
	uint64_t count;

	if (dyn->verneed && read_needs(&r, dyn, err) < 0)
		return -1;
	find_glibc(facts);
	if (elf_count_symbols(img, dyn, &count, err) < 0)
		return -1;
	table.n = (size_t)count * elf_sym_size(img);
	if (dyn->versym && count &&
		elf_at_len(img, dyn->versym, count * 2, "DT_VERSYM", &versions.versym, err) < 0)
		return -1;
	if (keep_symbols(img, &table, &versions, names, facts, err) < 0)
		return -1;
	sort_symbols(facts);
	return 0;
}
