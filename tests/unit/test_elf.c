/* The ELF reader: an image made by hand for each fact and for each kind of damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "elf/elf.h"

/* A shared object in one segment, at this address. */
#define BASE 0x10000
#define AT(part) (BASE + offsetof(struct image, part))

enum { PH_LOAD, PH_DYNAMIC, PH_TLS, PH_STACK, PH_RELRO, PH_NOTE, PH_INTERP, PH_COUNT };

enum {
	SYM_NULL,
	SYM_UNDEFINED,
	SYM_WEAK,
	SYM_LOCAL,
	SYM_EXPORT_B,
	SYM_EXPORT_A,
	SYM_EXPORT_A_AGAIN,
	SYM_HIDDEN,
	SYM_COUNT
};

struct image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[PH_COUNT];
	Elf64_Dyn dyn[40];
	size_t n_dyn; /* rides along in the file; no one minds */
	size_t n_str;
	Elf64_Sym sym[SYM_COUNT];
	Elf64_Rela rela[4];
	Elf64_Rela plt[2];
	uint64_t relr[3];
	uint32_t hash[2 + 1 + SYM_COUNT];
	struct {
		uint32_t n_buckets, offset, n_bloom, shift;
		uint64_t bloom;
		uint32_t bucket, chain[SYM_COUNT - SYM_EXPORT_B];
	} gnu_hash;
	uint16_t versym[SYM_COUNT];
	Elf64_Verneed need;
	Elf64_Vernaux aux[4];
	Elf64_Nhdr note;
	char note_name[4];
	uint8_t note_desc[4];
	char interp[16];
	char str[256];
};

static uint32_t add_str(struct image *im, const char *s)
{
	size_t at = im->n_str;

	assert_true(at + strlen(s) + 1 < sizeof(im->str));
	memcpy(im->str + at, s, strlen(s) + 1);
	im->n_str = at + strlen(s) + 1;
	return (uint32_t)at;
}

static void add_dyn(struct image *im, int64_t tag, uint64_t value)
{
	assert_true(im->n_dyn + 1 < ARRAY_SIZE(im->dyn));
	im->dyn[im->n_dyn].d_tag = tag;
	im->dyn[im->n_dyn++].d_un.d_val = value;
}

static Elf64_Dyn *find_dyn(struct image *im, int64_t tag)
{
	for (size_t i = 0; i < im->n_dyn; i++)
		if (im->dyn[i].d_tag == tag)
			return &im->dyn[i];
	fail_msg("no such tag");
	return NULL;
}

static void set_sym(struct image *im, int i, const char *name, int bind, int shndx, int visibility)
{
	im->sym[i] = (Elf64_Sym){
		.st_name = add_str(im, name),
		.st_info = (unsigned char)ELF64_ST_INFO(bind, STT_FUNC),
		.st_other = (unsigned char)visibility,
		.st_shndx = (uint16_t)shndx,
	};
}

static void make_segments(struct image *im)
{
	const Elf64_Phdr all[PH_COUNT] = {
		[PH_LOAD] = {PT_LOAD, PF_R | PF_W, 0, BASE, BASE, sizeof(*im), sizeof(*im), 4096},
		[PH_DYNAMIC] = {PT_DYNAMIC, PF_R, offsetof(struct image, dyn), AT(dyn), 0,
			sizeof(im->dyn), sizeof(im->dyn), 8},
		[PH_TLS] = {PT_TLS, PF_R, 0, BASE, 0, 0, 40, 16},
		[PH_STACK] = {PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16},
		[PH_RELRO] = {PT_GNU_RELRO, PF_R, 0, BASE, 0, 64, 64, 1},
		[PH_NOTE] = {PT_NOTE, PF_R, offsetof(struct image, note), AT(note), 0,
			sizeof(Elf64_Nhdr) + 8, 0, 4},
		[PH_INTERP] = {PT_NULL, PF_R, offsetof(struct image, interp), AT(interp), 0,
			sizeof(im->interp), 0, 1},
	};

	memcpy(im->eh.e_ident, ELFMAG, SELFMAG);
	im->eh.e_ident[EI_CLASS] = ELFCLASS64;
	im->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	im->eh.e_ident[EI_VERSION] = EV_CURRENT;
	im->eh.e_type = ET_DYN;
	im->eh.e_machine = EM_X86_64;
	im->eh.e_phoff = offsetof(struct image, ph);
	im->eh.e_phentsize = sizeof(Elf64_Phdr);
	im->eh.e_phnum = PH_COUNT;
	memcpy(im->ph, all, sizeof(all));
	im->note = (Elf64_Nhdr){4, 4, NT_GNU_BUILD_ID};
	memcpy(im->note_name, "GNU", 4);
	memcpy(im->note_desc, "\x00\x1f\xab\xff", 4);
	memcpy(im->interp, "/lib/ld.so", sizeof("/lib/ld.so"));
}

static void make_symbols(struct image *im)
{
	set_sym(im, SYM_UNDEFINED, "malloc", STB_GLOBAL, SHN_UNDEF, STV_DEFAULT);
	set_sym(im, SYM_WEAK, "__cxa_finalize", STB_WEAK, SHN_UNDEF, STV_DEFAULT);
	set_sym(im, SYM_LOCAL, "local", STB_LOCAL, 1, STV_DEFAULT);
	set_sym(im, SYM_EXPORT_B, "b_function", STB_WEAK, 1, STV_PROTECTED);
	set_sym(im, SYM_EXPORT_A, "a_function", STB_GLOBAL, 1, STV_DEFAULT);
	im->sym[SYM_EXPORT_A_AGAIN] = im->sym[SYM_EXPORT_A];
	set_sym(im, SYM_HIDDEN, "hidden", STB_GLOBAL, 1, STV_HIDDEN);
	im->versym[SYM_UNDEFINED] = 3;
	im->versym[SYM_EXPORT_A] = 1;
	im->need = (Elf64_Verneed){1, 4, add_str(im, "libc.so.6"), sizeof(Elf64_Verneed), 0};
	for (uint16_t i = 0; i < 4; i++) {
		const char *names[] = {
			"GLIBC_2.9", "GLIBC_2.34", "GLIBC_PRIVATE", "GLIBC_ABI_DT_RELR"};

		im->aux[i] = (Elf64_Vernaux){0, 0, (uint16_t)(2 + i), add_str(im, names[i]),
			i < 3 ? sizeof(Elf64_Vernaux) : 0};
	}
	im->hash[0] = 1;
	im->hash[1] = SYM_COUNT;
	im->gnu_hash.n_buckets = 1;
	im->gnu_hash.offset = SYM_EXPORT_B;
	im->gnu_hash.n_bloom = 1;
	im->gnu_hash.bucket = SYM_EXPORT_B;
	im->gnu_hash.chain[ARRAY_SIZE(im->gnu_hash.chain) - 1] = 1;
}

static void make_tags(struct image *im)
{
	add_dyn(im, DT_NEEDED, add_str(im, "libm.so.6"));
	add_dyn(im, DT_NEEDED, im->need.vn_file);
	add_dyn(im, DT_SONAME, add_str(im, "libx.so.1"));
	add_dyn(im, DT_RPATH, add_str(im, "$ORIGIN/../lib"));
	add_dyn(im, DT_STRTAB, AT(str));
	add_dyn(im, DT_STRSZ, sizeof(im->str));
	add_dyn(im, DT_SYMTAB, AT(sym));
	add_dyn(im, DT_SYMENT, sizeof(Elf64_Sym));
	add_dyn(im, DT_GNU_HASH, AT(gnu_hash));
	add_dyn(im, DT_RELA, AT(rela));
	add_dyn(im, DT_RELASZ, sizeof(im->rela));
	add_dyn(im, DT_RELAENT, sizeof(Elf64_Rela));
	add_dyn(im, DT_JMPREL, AT(plt));
	add_dyn(im, DT_PLTRELSZ, sizeof(im->plt));
	add_dyn(im, DT_PLTREL, DT_RELA);
	add_dyn(im, DT_RELR, AT(relr));
	add_dyn(im, DT_RELRSZ, sizeof(im->relr));
	add_dyn(im, DT_RELRENT, 8);
	add_dyn(im, DT_VERSYM, AT(versym));
	add_dyn(im, DT_VERNEED, AT(need));
	add_dyn(im, DT_VERNEEDNUM, 1);
	add_dyn(im, DT_FLAGS, 0);
	add_dyn(im, DT_FLAGS_1, 0);
	for (size_t i = 0; i < ARRAY_SIZE(im->rela); i++)
		im->rela[i].r_info = ELF64_R_INFO(0, R_X86_64_RELATIVE);
	for (size_t i = 0; i < ARRAY_SIZE(im->plt); i++)
		im->plt[i].r_info = ELF64_R_INFO(SYM_UNDEFINED, R_X86_64_JUMP_SLOT);
	im->relr[0] = 0x2000;
	im->relr[1] = 0x15; /* two bits besides the mark */
	im->relr[2] = 0x3000;
}

static void make(struct image *im)
{
	memset(im, 0, sizeof(*im));
	im->n_str = 1;
	make_segments(im);
	make_symbols(im);
	make_tags(im);
}

/* Reads a copy that ends where the sanitizer's guard begins. */
static int read_copy(const void *data, size_t len, struct elf_facts *facts, struct err *err)
{
	void *copy = malloc(len ? len : 1);
	int r;

	memcpy(copy, data, len);
	r = elf_facts_from_memory(copy, len, facts, err);
	free(copy);
	return r;
}

static void good(struct image *im, struct elf_facts *facts)
{
	struct err err = ERR_INIT;

	elf_facts_release(facts);
	if (read_copy(im, sizeof(*im), facts, &err) < 0)
		fail_msg("%s", err.msg);
}

static void bad(struct image *im, const char *message)
{
	struct elf_facts facts;
	struct err err = ERR_INIT;

	assert_int_equal(read_copy(im, sizeof(*im), &facts, &err), -1);
	if (!strstr(err.msg, message))
		fail_msg("'%s' instead of '%s'", err.msg, message);
	assert_null(facts.kept.v);
}

static void test_facts(void **state)
{
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	struct image im;

	(void)state;
	make(&im);
	good(&im, &f);
	assert_int_equal(f.kind, ELF_KIND_SHARED);
	assert_int_equal(f.machine, EM_X86_64);
	assert_int_equal(f.bits, 64);
	assert_int_equal(f.file_size, sizeof(im));
	assert_string_equal(f.soname, "libx.so.1");
	assert_string_equal(f.rpath, "$ORIGIN/../lib");
	assert_null(f.runpath);
	assert_null(f.interp);
	assert_int_equal(f.n_needed, 2);
	assert_string_equal(f.needed[0], "libm.so.6");
	assert_string_equal(f.needed[1], "libc.so.6");
	assert_string_equal(f.build_id, "001fabff");
	assert_true(f.has_tls && f.tls_size == 40 && f.tls_align == 16);
	assert_int_equal(f.relro, ELF_RELRO_PARTIAL);
	assert_int_equal(f.stack, ELF_STACK_NONEXEC);
	assert_false(f.symbolic || f.bind_now || f.textrel || f.static_tls || f.wx_segment);
	assert_false(f.debug_info || f.symtab || f.debug_only);
	assert_int_equal(elf_reloc_count(&f, R_X86_64_RELATIVE), 4);
	assert_int_equal(elf_reloc_count(&f, R_X86_64_JUMP_SLOT), 2);
	assert_int_equal(elf_reloc_count(&f, R_X86_64_COPY), 0);
	assert_int_equal(f.relr, 4);
}

static void test_symbols(void **state)
{
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	struct image im;

	(void)state;
	make(&im);
	good(&im, &f);
	assert_int_equal(f.n_exports, 2);
	assert_string_equal(f.exports[0], "a_function");
	assert_string_equal(f.exports[1], "b_function");
	assert_true(elf_exports(&f, "a_function") && elf_exports(&f, "b_function"));
	assert_false(elf_exports(&f, "hidden") || elf_exports(&f, "local"));
	assert_false(elf_exports(&f, "malloc") || elf_exports(&f, ""));
	assert_int_equal(f.n_undefined, 2);
	assert_string_equal(f.undefined[0].name, "__cxa_finalize");
	assert_true(f.undefined[0].weak && !f.undefined[0].version);
	assert_string_equal(f.undefined[1].name, "malloc");
	assert_string_equal(f.undefined[1].version, "GLIBC_2.34");
	assert_int_equal(f.n_versions, 4);
	assert_string_equal(f.versions[0].file, "libc.so.6");
	assert_string_equal(f.versions[0].version, "GLIBC_2.9");
	assert_string_equal(f.glibc, "2.36");
	assert_string_equal(f.undefined[1].library, "libc.so.6");
	assert_null(f.undefined[0].library);
	assert_int_equal(f.undefined[1].index, SYM_UNDEFINED);
	assert_int_equal(f.n_copies, 0);
	assert_true(f.gnu_hash && !f.sysv_hash);
	/* The same by way of the other hash table, and with none but what a relocation uses. */
	find_dyn(&im, DT_GNU_HASH)->d_tag = DT_HASH;
	find_dyn(&im, DT_HASH)->d_un.d_val = AT(hash);
	good(&im, &f);
	assert_int_equal(f.n_exports, 2);
	assert_true(f.sysv_hash && !f.gnu_hash);
	find_dyn(&im, DT_HASH)->d_tag = DT_DEBUG;
	good(&im, &f);
	assert_int_equal(f.n_exports, 0);
	assert_int_equal(f.n_undefined, 1);
}

/* The release that is needed: by versions, but for weak ones, and by what the loader must know. */
static void test_glibc(void **state)
{
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	struct image im;

	(void)state;
	make(&im);
	im.aux[3].vna_flags = VER_FLG_WEAK; /* GLIBC_ABI_DT_RELR, but the table is there */
	good(&im, &f);
	assert_true(f.versions[3].weak && !f.versions[1].weak);
	assert_string_equal(f.glibc, "2.36");
	find_dyn(&im, DT_RELR)->d_tag = DT_DEBUG;
	good(&im, &f);
	assert_string_equal(f.glibc, "2.34");
	im.aux[1].vna_flags = VER_FLG_WEAK;
	good(&im, &f);
	assert_string_equal(f.glibc, "2.9");
	im.aux[0].vna_flags = VER_FLG_WEAK;
	good(&im, &f);
	assert_null(f.glibc);
	/* A variable that the program defines in the version of a library is a copy. */
	im.versym[SYM_EXPORT_B] = 2;
	good(&im, &f);
	assert_int_equal(f.n_copies, 1);
	assert_string_equal(f.copies[0].name, "b_function");
	assert_string_equal(f.copies[0].version, "GLIBC_2.9");
	assert_true(elf_exports(&f, "b_function"));
	assert_int_equal(f.n_init, 0);
	add_dyn(&im, DT_INIT_ARRAYSZ, 3 * 8);
	good(&im, &f);
	assert_int_equal(f.n_init, 3);
}

static void test_flags(void **state)
{
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	struct image im;

	(void)state;
	make(&im);
	find_dyn(&im, DT_FLAGS)->d_un.d_val =
		DF_SYMBOLIC | DF_BIND_NOW | DF_TEXTREL | DF_STATIC_TLS;
	im.ph[PH_LOAD].p_flags |= PF_X;
	im.ph[PH_STACK].p_flags |= PF_X;
	good(&im, &f);
	assert_true(f.symbolic && f.bind_now && f.textrel && f.static_tls && f.wx_segment);
	assert_int_equal(f.relro, ELF_RELRO_FULL);
	assert_int_equal(f.stack, ELF_STACK_EXEC);
	make(&im);
	add_dyn(&im, DT_SYMBOLIC, 0);
	add_dyn(&im, DT_BIND_NOW, 0);
	add_dyn(&im, DT_TEXTREL, 0);
	im.ph[PH_STACK].p_type = PT_NULL;
	good(&im, &f);
	assert_true(f.symbolic && f.bind_now && f.textrel);
	assert_int_equal(f.stack, ELF_STACK_MISSING);
	make(&im);
	find_dyn(&im, DT_FLAGS_1)->d_un.d_val = DF_1_NOW;
	find_dyn(&im, DT_RPATH)->d_tag = DT_RUNPATH;
	im.ph[PH_RELRO].p_type = PT_NULL;
	good(&im, &f);
	assert_true(f.bind_now && f.relro == ELF_RELRO_NONE && !f.rpath);
	assert_string_equal(f.runpath, "$ORIGIN/../lib");
}

static void test_kinds(void **state)
{
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	struct image im;

	(void)state;
	make(&im);
	im.ph[PH_INTERP].p_type = PT_INTERP;
	good(&im, &f);
	assert_int_equal(f.kind, ELF_KIND_SHARED);
	assert_string_equal(f.interp, "/lib/ld.so");
	find_dyn(&im, DT_SONAME)->d_tag = DT_DEBUG;
	good(&im, &f);
	assert_int_equal(f.kind, ELF_KIND_PIE);
	make(&im);
	find_dyn(&im, DT_FLAGS_1)->d_un.d_val = DF_1_PIE;
	good(&im, &f);
	assert_int_equal(f.kind, ELF_KIND_PIE);
	im.eh.e_type = ET_EXEC;
	im.ph[PH_DYNAMIC].p_type = PT_NULL;
	good(&im, &f);
	assert_int_equal(f.kind, ELF_KIND_EXECUTABLE);
	assert_false(f.dynamic);
	assert_string_equal(elf_tls_model(&f), "local-exec");
	im.eh.e_type = ET_REL;
	good(&im, &f);
	assert_int_equal(f.kind, ELF_KIND_OBJECT);
	im.eh.e_type = ET_CORE;
	bad(&im, "ELF type 4");
}

static void test_tls_models(void **state)
{
	static const struct {
		uint16_t type, machine;
		int symbol;
		uint32_t reloc;
		const char *model;
	} cases[] = {
		{ET_DYN, EM_X86_64, 0, R_X86_64_RELATIVE, "none"},
		{ET_DYN, EM_X86_64, 0, R_X86_64_DTPMOD64, "global-dynamic"},
		{ET_DYN, EM_X86_64, 0, R_X86_64_TPOFF64, "initial-exec"},
		{ET_DYN, EM_X86_64, SYM_UNDEFINED, R_X86_64_TPOFF64, "initial-exec"},
		{ET_DYN, EM_X86_64, 0, R_X86_64_TLSDESC, "descriptors"},
		{ET_DYN, EM_AARCH64, 0, R_AARCH64_TLS_DTPMOD, "global-dynamic"},
		{ET_DYN, EM_AARCH64, 0, R_AARCH64_TLS_TPREL, "initial-exec"},
		{ET_DYN, EM_AARCH64, 0, R_AARCH64_TLSDESC, "descriptors"},
		{ET_DYN, EM_AARCH64, 0, R_X86_64_DTPMOD64, "none"},
		{ET_EXEC, EM_X86_64, 0, R_X86_64_RELATIVE, "local-exec"},
		{ET_EXEC, EM_X86_64, SYM_UNDEFINED, R_X86_64_TPOFF64, "local-exec"},
		{ET_EXEC, EM_X86_64, SYM_EXPORT_A, R_X86_64_TPOFF64, "initial-exec"},
	};
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	struct image im;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make(&im);
		im.eh.e_type = cases[i].type;
		im.eh.e_machine = cases[i].machine;
		im.rela[0].r_info = ELF64_R_INFO((uint64_t)cases[i].symbol, cases[i].reloc);
		good(&im, &f);
		assert_string_equal(elf_tls_model(&f), cases[i].model);
	}
	make(&im);
	im.sym[SYM_WEAK].st_name = add_str(&im, "__tls_get_addr");
	good(&im, &f);
	assert_string_equal(elf_tls_model(&f), "global-dynamic");
	find_dyn(&im, DT_FLAGS)->d_un.d_val = DF_STATIC_TLS;
	good(&im, &f);
	assert_string_equal(elf_tls_model(&f), "initial-exec");
}

static void test_other_class_and_order(void **state)
{
	static const uint8_t image[52 + 32] = {
		0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2MSB, EV_CURRENT, [17] = ET_EXEC, /* type */
		[19] = EM_ARM, [31] = 52, /* where the program headers are */
		[43] = 32, [45] = 1,      /* their size and count */
		[52] = 0x64, 0x74, 0xe5, 0x51, [79] = PF_R | PF_W, /* PT_GNU_STACK */
	};
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(read_copy(image, sizeof(image), &f, &err), 0);
	assert_true(f.bits == 32 && f.big_endian && f.machine == EM_ARM);
	assert_int_equal(f.kind, ELF_KIND_EXECUTABLE);
	assert_int_equal(f.stack, ELF_STACK_NONEXEC);
}

static void damage_header(struct image *im)
{
	make(im);
	im->eh.e_ident[EI_CLASS] = 3;
	bad(im, "unsupported kind of ELF");
	make(im);
	im->eh.e_ident[0] = 'E';
	bad(im, "not an ELF file");
	make(im);
	im->eh.e_phoff = UINT64_MAX - 8;
	bad(im, "program headers are beyond");
	make(im);
	im->eh.e_phentsize = 8;
	bad(im, "program headers of 8 bytes");
	make(im);
	im->eh.e_phnum = PN_XNUM;
	bad(im, "count of segments");
	make(im);
	im->ph[PH_LOAD].p_filesz = UINT64_MAX;
	bad(im, "segment is beyond");
	make(im);
	im->ph[PH_DYNAMIC].p_offset = sizeof(*im);
	bad(im, "dynamic section is beyond");
	make(im);
	im->ph[PH_INTERP].p_type = PT_INTERP;
	im->ph[PH_INTERP].p_filesz = 4;
	bad(im, "interpreter's name has no end");
}

static void test_damage(void **state)
{
	static const struct {
		int64_t tag;
		uint64_t value;
		const char *message;
	} cases[] = {
		{DT_STRTAB, 0, "string table is in no segment"},
		{DT_STRSZ, UINT64_MAX, "string table is larger"},
		{DT_STRSZ, 4, "string table"},
		{DT_SONAME, 1 << 20, "beyond the end of the string table"},
		{DT_NEEDED, 256, "beyond the end of the string table"},
		{DT_SYMENT, 16, "symbols of 16 bytes"},
		{DT_SYMTAB, BASE + sizeof(struct image) - 24, "symbols do not fit"},
		{DT_SYMTAB, 1, "symbol table is in no segment"},
		{DT_GNU_HASH, BASE + sizeof(struct image) - 8, "DT_GNU_HASH is cut off"},
		{DT_GNU_HASH, AT(versym), "DT_GNU_HASH"},
		{DT_RELAENT, 1, "entries of 1 bytes"},
		{DT_RELASZ, 25, "not a multiple"},
		{DT_RELASZ, 24 << 20, "DT_RELA is larger"},
		{DT_PLTRELSZ, 24 << 20, "DT_JMPREL is larger"},
		{DT_RELRSZ, 1 << 20, "DT_RELR is larger"},
		{DT_RELRENT, 4, "DT_RELR has entries"},
		{DT_VERSYM, BASE + sizeof(struct image) - 2, "DT_VERSYM is larger"},
		{DT_VERNEED, BASE + sizeof(struct image) - 2, "DT_VERNEED is larger"},
	};
	struct image im;

	(void)state;
	damage_header(&im);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make(&im);
		find_dyn(&im, cases[i].tag)->d_un.d_val = cases[i].value;
		bad(&im, cases[i].message);
	}
	make(&im);
	memset(im.gnu_hash.chain, 0, sizeof(im) - offsetof(struct image, gnu_hash.chain));
	find_dyn(&im, DT_VERNEEDNUM)->d_un.d_val = 0;
	bad(&im, "chain of DT_GNU_HASH has no end");
	make(&im);
	im.rela[0].r_info = ELF64_R_INFO(1 << 20, R_X86_64_TPOFF64);
	bad(&im, "symbol that does not exist");
	make(&im);
	im.need.vn_aux = 1 << 20;
	bad(&im, "needed version is beyond");
	make(&im);
	im.aux[0].vna_next = 1;
	bad(&im, "needed versions overlap");
	make(&im);
	memset(im.str, 'x', sizeof(im.str));
	bad(&im, "runs past the end");
}

/* Many symbols with the tail of one long name: refused before anyone compares them. */
static void test_overlapping_names(void **state)
{
	struct image im;

	(void)state;
	make(&im);
	memset(im.str, 'x', sizeof(im.str) - 1);
	im.n_dyn = 0;
	memset(im.dyn, 0, sizeof(im.dyn));
	for (size_t i = 0; i < 20; i++)
		add_dyn(&im, DT_NEEDED, i % 4);
	add_dyn(&im, DT_STRTAB, AT(str));
	add_dyn(&im, DT_STRSZ, sizeof(im.str));
	bad(&im, "overlap too much");
}

static void test_every_prefix_and_byte(void **state)
{
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	struct image im;

	(void)state;
	make(&im);
	for (size_t n = 0; n < sizeof(im); n++) {
		struct err err = ERR_INIT;

		assert_int_equal(read_copy(&im, n, &f, &err), -1);
		assert_true(err.msg[0]);
	}
	for (size_t i = 0; i < sizeof(im); i++) {
		const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};

		for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
			struct err err = ERR_INIT;

			make(&im);
			((uint8_t *)&im)[i] = values[k];
			if (read_copy(&im, sizeof(im), &f, &err) == 0)
				elf_facts_release(&f);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_glibc),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_tls_models),
		cmocka_unit_test(test_other_class_and_order),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_overlapping_names),
		cmocka_unit_test(test_every_prefix_and_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
