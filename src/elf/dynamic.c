/* The dynamic section: what the loader reads, found as the loader finds it.
 *
 * It is a list of tags with values. DT_STRTAB has all names. DT_SYMTAB has all symbols, but nothing
 * says how many: the loader needs no count, it looks names up in a hash table (DT_HASH or
 * DT_GNU_HASH) that tells it where to look. Versions hang on the symbols by number: DT_VERSYM has
 * one per symbol, DT_VERNEED says which version of which library that number is. */
#include <ctype.h>

#include "elf/image.h"

/* Version indexes have 15 bits, so that no file has use for more. */
#define MAX_VERSIONS 0x8000
#define VERSION_MASK 0x7fff

int elf_name(struct elf_names *names, uint64_t offset, const char **out, struct err *err)
{
	size_t len;

	if (offset >= names->size)
		return err_set(err, ERR_INPUT, "a name is beyond the end of the string table");
	len = strlen(names->base + offset);
	if (len >= names->size - offset)
		return err_set(err, ERR_INPUT, "a name runs past the end of the string table");
	if (len > names->budget)
		return err_set(err, ERR_INPUT, "the names in the string table overlap too much");
	names->budget -= len;
	*out = names->base + offset;
	return 0;
}

int elf_dynamic_read(const struct elf_image *img, struct elf_dynamic *dyn, struct err *err)
{
	size_t w = elf_word_size(img), pos;
	bool found = false;
	Elf64_Phdr ph, it;
	Elf64_Shdr sh;

	*dyn = (struct elf_dynamic){0};
	for (uint32_t i = 0; i < img->phnum; i++) {
		elf_phdr(img, i, &it);
		if (it.p_type != PT_DYNAMIC || !it.p_filesz)
			continue;
		ph = it;
		found = true;
	}
	if (!found)
		return 0;
	if (!elf_bytes(img, ph.p_offset, ph.p_filesz, &dyn->entries))
		return err_set(err, ERR_INPUT, "the dynamic section is beyond the end of file");
	/* Up to DT_NULL, or up to the end: the loader would run on, we need not. */
	for (pos = 0; dyn->entries.n - pos >= 2 * w; pos += 2 * w) {
		uint64_t tag = elf_word(img, dyn->entries.p + pos);
		uint64_t value = elf_word(img, dyn->entries.p + pos + w);

		if (tag == DT_NULL)
			break;
		if (tag < ELF_DT_COUNT) {
			dyn->value[tag] = value;
			dyn->has[tag] = true;
		} else if (tag == DT_FLAGS_1) {
			dyn->flags_1 = value;
		} else if (tag == DT_GNU_HASH) {
			dyn->gnu_hash = value;
		} else if (tag == DT_VERSYM) {
			dyn->versym = value;
		} else if (tag == DT_VERNEED) {
			dyn->verneed = value;
		} else if (tag == DT_VERNEEDNUM) {
			dyn->verneednum = value;
		}
	}
	dyn->entries.n = pos;
	if (dyn->has[DT_STRTAB] && dyn->value[DT_STRSZ] &&
		elf_at_len(img, dyn->value[DT_STRTAB], dyn->value[DT_STRSZ], "the string table",
			&dyn->strtab, err) < 0)
		return -1;
	if (!dyn->has[DT_SYMTAB])
		return 1;
	if (dyn->value[DT_SYMENT] && dyn->value[DT_SYMENT] != elf_sym_size(img))
		return err_set(err, ERR_INPUT, "symbols of %llu bytes",
			(unsigned long long)dyn->value[DT_SYMENT]);
	if (elf_at(img, dyn->value[DT_SYMTAB], "the dynamic symbol table", &dyn->symtab, err) < 0)
		return -1;
	for (uint32_t i = 0; i < img->shnum; i++) {
		elf_shdr(img, i, &sh);
		if (sh.sh_type == SHT_DYNSYM && sh.sh_addr == dyn->value[DT_SYMTAB])
			dyn->dynsym_count = sh.sh_size / elf_sym_size(img);
	}
	return 1;
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
	uint64_t room = dyn->symtab.n / elf_sym_size(img), by_hash = 0, by_gnu_hash = 0, n;
	struct elf_slice s;

	*count = 0;
	if (!dyn->has[DT_SYMTAB])
		return 0;
	if (dyn->has[DT_HASH] && !wide) {
		if (elf_at(img, dyn->value[DT_HASH], "DT_HASH", &s, err) < 0)
			return -1;
		if (s.n < 8)
			return err_set(err, ERR_INPUT, "DT_HASH is cut off");
		by_hash = elf_u32(img, s.p + 4);
	}
	if (dyn->gnu_hash && count_by_gnu_hash(img, dyn->gnu_hash, &by_gnu_hash, err) < 0)
		return -1;
	n = dyn->max_symbol ? (uint64_t)dyn->max_symbol + 1 : 0;
	n = by_hash > n ? by_hash : n;
	n = by_gnu_hash > n ? by_gnu_hash : n;
	if (!by_hash && !by_gnu_hash && dyn->dynsym_count > n && dyn->dynsym_count <= room)
		n = dyn->dynsym_count;
	if (n > room)
		return err_set(err, ERR_INPUT, "the dynamic symbols do not fit their segment");
	*count = n;
	return 0;
}

/* Reads DT_VERNEED: a list of files, each with a list of versions. Both are chains of relative
 * offsets. Puts the version's names into `by_index` too. */
static int read_needed_versions(const struct elf_image *img, const struct elf_dynamic *dyn,
	struct elf_names *names, struct elf_version_need *by_index, struct elf_facts *facts,
	struct err *err)
{
	struct elf_slice s;
	uint64_t pos = 0;

	if (elf_at(img, dyn->verneed, "DT_VERNEED", &s, err) < 0)
		return -1;
	for (uint64_t i = 0; i < dyn->verneednum; i++) {
		struct elf_version_need need;
		const char *file, *version;
		uint64_t at;
		uint32_t next;

		if (pos > s.n || s.n - pos < sizeof(Elf64_Verneed))
			return err_set(err, ERR_INPUT, "DT_VERNEED is larger than its segment");
		if (elf_name(names, elf_u32(img, s.p + pos + 4), &file, err) < 0)
			return -1;
		at = pos + elf_u32(img, s.p + pos + 8);
		for (unsigned left = elf_u16(img, s.p + pos + 2); left; left--) {
			if (at > s.n || s.n - at < sizeof(Elf64_Vernaux))
				return err_set(
					err, ERR_INPUT, "a needed version is beyond its segment");
			if (facts->n_versions >= MAX_VERSIONS)
				return err_set(err, ERR_INPUT, "too many needed versions");
			if (elf_name(names, elf_u32(img, s.p + at + 8), &version, err) < 0)
				return -1;
			need = (struct elf_version_need){
				file, version, elf_u16(img, s.p + at + 4) & VER_FLG_WEAK};
			*ARRAY_ADD(facts->versions, facts->n_versions) = need;
			by_index[elf_u16(img, s.p + at + 6) & VERSION_MASK] = need;
			next = elf_u32(img, s.p + at + 12);
			if (next == 0)
				break;
			if (next < sizeof(Elf64_Vernaux))
				return err_set(err, ERR_INPUT, "needed versions overlap");
			at += next;
		}
		next = elf_u32(img, s.p + pos + 12);
		if (next == 0)
			break;
		if (next < sizeof(Elf64_Verneed))
			return err_set(err, ERR_INPUT, "the records of DT_VERNEED overlap");
		pos += next;
	}
	return 0;
}

const char *elf_glibc_release(const char *version)
{
	static const char prefix[] = "GLIBC_";
	/* Not functions, but what a loader can do; one that lacks it lacks the name. */
	static const struct {
		const char *name, *release;
	} abilities[] = {{"ABI_DT_RELR", "2.36"}, {"ABI_GNU_TLS", "2.42"}, {"ABI_GNU2_TLS", "2.42"},
		{"ABI_DT_X86_64_PLT", "2.43"}};

	if (strncmp(version, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	version += sizeof(prefix) - 1;
	for (size_t i = 0; i < ARRAY_SIZE(abilities); i++) {
		if (!strcmp(version, abilities[i].name))
			return abilities[i].release;
	}
	return isdigit((unsigned char)*version) && !version[strspn(version, "0123456789.")]
		       ? version
		       : NULL;
}

static void find_glibc(struct elf_facts *facts)
{
	const char *packed = elf_glibc_release("GLIBC_ABI_DT_RELR");

	for (size_t i = 0; i < facts->n_versions; i++) {
		const char *release = elf_glibc_release(facts->versions[i].version);

		if (release && !facts->versions[i].weak &&
			(!facts->glibc || elf_version_compare(release, facts->glibc) > 0))
			facts->glibc = release;
	}
	/* Linkers that do not ask for this leave older loaders to crash. */
	if (facts->relr && facts->glibc && elf_version_compare(facts->glibc, packed) < 0)
		facts->glibc = packed;
}

static int compare_names(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	return x == y ? 0 : strcmp(x, y);
}

static int compare_undefined(const void *a, const void *b)
{
	const struct elf_undefined *x = a, *y = b;
	int r = compare_names(&x->name, &y->name);

	if (r || x->version == y->version)
		return r;
	return !x->version ? -1 : !y->version ? 1 : strcmp(x->version, y->version);
}

enum symbol_role { SYMBOL_NEITHER, SYMBOL_EXPORT, SYMBOL_UNDEFINED };

static enum symbol_role role_of(const Elf64_Sym *sym)
{
	unsigned bind = ELF64_ST_BIND(sym->st_info);
	unsigned visibility = ELF64_ST_VISIBILITY(sym->st_other);

	if (sym->st_name == 0 || (bind != STB_GLOBAL && bind != STB_WEAK && bind != STB_GNU_UNIQUE))
		return SYMBOL_NEITHER;
	if (sym->st_shndx == SHN_UNDEF)
		return SYMBOL_UNDEFINED;
	return visibility == STV_DEFAULT || visibility == STV_PROTECTED ? SYMBOL_EXPORT
									: SYMBOL_NEITHER;
}

int elf_read_symbols(const struct elf_image *img, const struct elf_dynamic *dyn,
	struct elf_names *names, struct elf_facts *facts, struct err *err)
{
	CLEANUP_FREE struct elf_version_need *by_index = xcalloc(MAX_VERSIONS, sizeof(*by_index));
	size_t size = elf_sym_size(img), exports = 0, undefined = 0, kept = 0;
	struct elf_slice versym = {0};
	uint64_t count;
	Elf64_Sym sym;

	if (dyn->verneed && read_needed_versions(img, dyn, names, by_index, facts, err) < 0)
		return -1;
	find_glibc(facts);
	if (elf_count_symbols(img, dyn, &count, err) < 0)
		return -1;
	if (dyn->versym && count &&
		elf_at_len(img, dyn->versym, count * 2, "DT_VERSYM", &versym, err) < 0)
		return -1;
	for (uint64_t i = 1; i < count; i++) {
		elf_sym(img, dyn->symtab.p + i * size, &sym);
		exports += role_of(&sym) == SYMBOL_EXPORT;
		undefined += role_of(&sym) == SYMBOL_UNDEFINED;
	}
	facts->exports = xcalloc(exports + 1, sizeof(*facts->exports));
	facts->undefined = xcalloc(undefined + 1, sizeof(*facts->undefined));
	for (uint64_t i = 1; i < count; i++) {
		struct elf_undefined u = {.index = (uint32_t)i};
		enum symbol_role role;

		elf_sym(img, dyn->symtab.p + i * size, &sym);
		role = role_of(&sym);
		if (role == SYMBOL_NEITHER)
			continue;
		if (elf_name(names, sym.st_name, &u.name, err) < 0)
			return -1;
		if (versym.n) {
			uint16_t v = elf_u16(img, versym.p + i * 2) & VERSION_MASK;

			u.version = by_index[v].version;
			u.library = by_index[v].file;
		}
		u.weak = ELF64_ST_BIND(sym.st_info) == STB_WEAK;
		if (role == SYMBOL_UNDEFINED)
			facts->undefined[facts->n_undefined++] = u;
		else
			facts->exports[facts->n_exports++] = u.name;
		if (role == SYMBOL_EXPORT && u.version)
			*ARRAY_ADD(facts->copies, facts->n_copies) = u;
	}
	sort_array(facts->exports, facts->n_exports, sizeof(*facts->exports), compare_names);
	sort_array(
		facts->undefined, facts->n_undefined, sizeof(*facts->undefined), compare_undefined);
	sort_array(facts->copies, facts->n_copies, sizeof(*facts->copies), compare_undefined);
	for (size_t i = 0; i < facts->n_exports; i++)
		if (kept == 0 || compare_names(&facts->exports[i], &facts->exports[kept - 1]) != 0)
			facts->exports[kept++] = facts->exports[i];
	facts->n_exports = kept;
	return 0;
}
