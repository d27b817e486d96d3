/* Code sites: single instructions, the small libraries of the fuzz corpus, and damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "code/code-internal.h"
#include "scratch.h"

#define CORPUS "tests/fuzz/corpus/code/"

static void test_lengths(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		unsigned len; /* 0: no instruction */
	} cases[] = {
		{"\x90", 1, 1},
		{"\xf3\x0f\x1e\xfa", 4, 4},                           /* endbr64 */
		{"\x66\x66\x48\xe8\0\0\0\0", 8, 8},                   /* padded call */
		{"\x67\xe8\0\0\0\0", 6, 6},                           /* relaxed call */
		{"\x66\x48\xff\x15\0\0\0\0", 8, 8},                   /* call through the GOT */
		{"\x64\x48\x8b\x04\x25\0\0\0\0", 9, 9},               /* mov %fs:0,%rax */
		{"\x66\x66\x66\x64\x48\x8b\x04\x25\0\0\0\0", 12, 12}, /* relaxed local-dynamic */
		{"\x48\xb8\1\2\3\4\5\6\7\x08", 10, 10},               /* movabs */
		{"\x66\xb8\1\2", 4, 4},                               /* mov $…,%ax */
		{"\x48\xa1\1\2\3\4\5\6\7\x08", 10, 10},               /* movabs from memory */
		{"\x67\xa1\1\2\3\4", 6, 6},
		{"\xc8\1\2\3", 4, 4}, /* enter */
		{"\xf6\xc1\1", 3, 3}, /* test $1,%cl */
		{"\xf7\xc1\1\2\3\4", 6, 6},
		{"\xf7\xd1", 2, 2}, /* not */
		{"\x66\x81\xc1\1\2", 5, 5},
		{"\x8b\x84\x24\1\2\3\4", 7, 7},       /* base, displacement */
		{"\x8b\x04\xc5\1\2\3\4", 7, 7},       /* index, no base */
		{"\xc5\xf8\x77", 3, 3},               /* vzeroupper */
		{"\xc4\xe3\x7d\x19\xc1\1", 6, 6},     /* vextractf128 */
		{"\x62\xf1\x7c\x48\x10\x40\1", 7, 7}, /* vmovups, 512 bits */
		{"\x0f\x3a\x0f\xc1\4", 5, 5},         /* palignr */
		{"\x66\x0f\x78\xc1\1\2", 6, 6},       /* extrq */
		{"\x8f\xe8\x78\xc0\xc1\1", 6, 6},     /* vprotb */
		{"\x0f\x0b", 2, 2},                   /* ud2 */
		{"\x06", 1, 0},
		{"\xff\xff", 2, 0},
		{"\xfe\xd0", 2, 0},
		{"\x0f\x04", 2, 0},
		{"\x8f\xc8", 2, 0}, /* cut off */
		{"\xe8\0\0\0", 4, 0},
		{"\x48", 1, 0},
		{"\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90", 16, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct x86_decoded in;
		bool ok = x86_decode((const uint8_t *)cases[i].bytes, cases[i].n, &in);

		if (ok != (cases[i].len > 0) || (ok && in.len != cases[i].len))
			fail_msg("case %zu: %s, %u bytes", i, ok ? "decoded" : "refused", in.len);
	}
}

static void test_written_registers(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t writes;
	} cases[] = {
		{"\x48\x89\xc3", 1u << 3},             /* mov %rax,%rbx */
		{"\x48\x8b\xc3", 1u << 0},             /* mov %rbx,%rax */
		{"\x48\x39\xc3", 0},                   /* cmp */
		{"\x41\x5f", 1u << 15},                /* pop %r15 */
		{"\x50", 0},                           /* push */
		{"\x49\x0f\xc8", 1u << 8},             /* bswap %r8 */
		{"\x0f\x28\xc1", 0},                   /* movaps between vectors */
		{"\x66\x48\x0f\x7e\xc1", 1u << 1},     /* movq %xmm0,%rcx */
		{"\xf2\x48\x0f\x2c\xc1", 1u << 0},     /* cvttsd2si */
		{"\xc4\xe2\x70\xf2\xc2", 1u | 1u << 1} /* andn: the second is a source */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct x86_decoded in;

		assert_true(
			x86_decode((const uint8_t *)cases[i].bytes, strlen(cases[i].bytes), &in));
		assert_int_equal(x86_writes(&in), cases[i].writes);
	}
}

struct expected {
	const char *file;
	uint64_t functions, stubs;
	uint64_t sites[CODE_N_SITES];
};

/* Two functions with thread-local variables, two calls of one exported function, two of another
 * library's, one through a pointer, and one variable of another library. */
static const struct expected libraries[] = {
	{"gd.so", 3, 3,
		{[CODE_SITE_TLS_GD] = 1,
			[CODE_SITE_TLS_LD] = 1,
			[CODE_SITE_CALL_PLT_OWN] = 2,
			[CODE_SITE_CALL_PLT_OTHER] = 2,
			[CODE_SITE_CALL_INDIRECT] = 1,
			[CODE_SITE_GOT_LOAD] = 1}},
	/* The PLT, without section headers, looks like one more function. */
	{"bare.so", 4, 0,
		{[CODE_SITE_TLS_GD] = 1,
			[CODE_SITE_TLS_LD] = 1,
			[CODE_SITE_CALL_PLT_OWN] = 2,
			[CODE_SITE_CALL_PLT_OTHER] = 2,
			[CODE_SITE_CALL_INDIRECT] = 1,
			[CODE_SITE_GOT_LOAD] = 1}},
	{"desc.so", 3, 0,
		{[CODE_SITE_TLS_DESC] = 2,
			[CODE_SITE_CALL_GOT] = 4,
			[CODE_SITE_CALL_INDIRECT] = 1,
			[CODE_SITE_GOT_LOAD] = 1}},
	/* Three calls of __stack_chk_fail on top. */
	{"ie.so", 3, 3,
		{[CODE_SITE_TLS_IE] = 3,
			[CODE_SITE_CALL_PLT_OWN] = 2,
			[CODE_SITE_CALL_PLT_OTHER] = 5,
			[CODE_SITE_CALL_INDIRECT] = 1,
			[CODE_SITE_GOT_LOAD] = 1}},
	{"arm-desc.so", 3, 2,
		{[CODE_SITE_TLS_DESC] = 2,
			[CODE_SITE_CALL_PLT_OWN] = 2,
			[CODE_SITE_CALL_PLT_OTHER] = 2,
			[CODE_SITE_CALL_INDIRECT] = 1,
			[CODE_SITE_GOT_LOAD] = 1}},
	{"arm-gd.so", 3, 3,
		{[CODE_SITE_TLS_GD] = 2,
			[CODE_SITE_CALL_PLT_OWN] = 2,
			[CODE_SITE_CALL_PLT_OTHER] = 2,
			[CODE_SITE_CALL_INDIRECT] = 1,
			[CODE_SITE_GOT_LOAD] = 1}},
};

static void test_libraries(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		const struct expected *e = &libraries[i];
		CLEANUP_FREE char *path = xasprintf(CORPUS "%s", e->file);
		struct code_counts code;
		struct err err = ERR_INIT;

		assert_int_equal(code_each(path, NULL, NULL, &code, &err), 0);
		assert_int_equal(code.functions, e->functions);
		assert_int_equal(code.stubs, e->stubs);
		assert_int_equal(code.unknown, 0);
		for (size_t k = 0; k < CODE_N_SITES; k++)
			if (code.sites[k] != e->sites[k])
				fail_msg("%s: %s %d, not %d", e->file, code_class_name(k),
					(int)code.sites[k], (int)e->sites[k]);
	}
}

struct tally {
	uint64_t classes[CODE_N_CLASSES];
	uint64_t symbols;
	uint64_t parts; /* of sites that another instruction counts for */
	unsigned calls_of_own;
	unsigned left; /* visits until an error */
};

static int count(void *ctx, const struct code_function *f, const struct code_insn *insns, size_t n,
	struct err *err)
{
	struct tally *t = ctx;

	if (t->left && --t->left == 0)
		return err_set(err, ERR_INTERRUPTED, "enough");
	for (size_t i = 0; i < n; i++) {
		t->classes[insns[i].class]++;
		t->symbols += insns[i].symbol != NULL;
		t->parts += insns[i].class < CODE_N_SITES && !insns[i].site;
		t->calls_of_own += !f->plt && insns[i].class == CODE_SITE_CALL_PLT_OWN &&
				   insns[i].symbol && !strcmp(insns[i].symbol, "own");
	}
	return 0;
}

static void test_every_instruction(void **state)
{
	struct tally t = {0};
	struct code_counts code;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(code_each(CORPUS "ie.so", count, &t, &code, &err), 0);
	assert_int_equal(t.calls_of_own, 2);
	/* Three functions load and store the value; at four exits: load, compare, branch. */
	assert_int_equal(t.classes[CODE_INSN_STACK_PROTECTOR], 3 * 2 + 4 * 3);
	assert_int_equal(t.classes[CODE_INSN_CONTROL_FLOW], 3);
	assert_int_equal(t.classes[CODE_INSN_UNKNOWN], 0);
	assert_true(t.classes[CODE_INSN_PLT_STUB] > 6);
	assert_true(t.classes[CODE_INSN_FRAME] > 6);
	assert_true(t.parts > 0);
	t = (struct tally){.left = 2};
	assert_int_equal(code_each(CORPUS "ie.so", count, &t, NULL, &err), -1);
	assert_int_equal(err.code, ERR_INTERRUPTED);
}

static void test_whole_sequences(void **state)
{
	struct tally t = {0};
	struct err err = ERR_INIT;

	(void)state;
	/* Both the lea and the call; for a descriptor, the thread pointer too. */
	assert_int_equal(code_each(CORPUS "gd.so", count, &t, NULL, &err), 0);
	assert_int_equal(t.classes[CODE_SITE_TLS_GD], 2);
	assert_int_equal(t.classes[CODE_SITE_TLS_LD], 2);
	t = (struct tally){0};
	assert_int_equal(code_each(CORPUS "arm-gd.so", count, &t, NULL, &err), 0);
	assert_int_equal(t.classes[CODE_SITE_TLS_GD], 6);
	assert_true(t.classes[CODE_INSN_CONTROL_FLOW] > 0);
	t = (struct tally){0};
	assert_int_equal(code_each(CORPUS "arm-desc.so", count, &t, NULL, &err), 0);
	assert_true(t.classes[CODE_SITE_TLS_DESC] >= 2 * 5);
}

static void test_functions(void **state)
{
	CLEANUP_CODE_FUNCTIONS struct code_functions f = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(code_functions_read(CORPUS "gd.so", &f, &err), 0);
	assert_int_equal(f.n, 3);
	assert_string_equal(f.v[0].name, "own");
	assert_string_equal(f.v[1].name, "a");
	assert_string_equal(f.v[2].name, "b");
	assert_true(f.v[0].addr < f.v[1].addr && f.v[0].addr + f.v[0].size <= f.v[1].addr);
}

/* Bounds from .eh_frame alone: the names of the dynamic symbols are made into data's. */
static void test_functions_without_symbols(void **state)
{
	CLEANUP_BUF struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	struct elf_image img;
	struct code_counts code;
	Elf64_Shdr sh;

	(void)state;
	assert_int_equal(file_read(CORPUS "ie.so", 1 << 20, &file, &err), 0);
	assert_int_equal(elf_image_init(&img, file.data, file.len, &err), 0);
	for (uint32_t i = 0; i < img.shnum; i++) {
		elf_shdr(&img, i, &sh);
		if (sh.sh_type != SHT_DYNSYM)
			continue;
		for (size_t k = 0; k < sh.sh_size; k += sizeof(Elf64_Sym)) {
			char *info = file.data + sh.sh_offset + k + 4;

			*info = (char)ELF64_ST_INFO(ELF64_ST_BIND(*info), STT_OBJECT);
		}
	}
	assert_int_equal(code_each_in_memory(file.data, file.len, NULL, NULL, &code, &err), 0);
	assert_int_equal(code.functions, 3);
	assert_int_equal(code.sites[CODE_SITE_TLS_IE], 3);
	assert_int_equal(code.sites[CODE_SITE_CALL_PLT_OTHER], 5);
}

static int add_use(void *ctx, const struct code_use *use, struct err *err)
{
	struct strv *list = ctx;

	(void)err;
	assert_true(use->symbol > 0);
	strv_addf(list, "%u %s %s", use->symbol, code_use_name(use->kind),
		use->user ? use->user : "-");
	return 0;
}

/* What the files' own functions use of others, by code and by words of data. */
static void test_uses(void **state)
{
	static const struct {
		const char *file, *symbol, *use;
	} expected[] = {
		{"ie.so", "other", "call own"},
		{"ie.so", "other_data", "address a"},
		{"ie.so", "__stack_chk_fail", "call own"},
		{"ie.so", "__stack_chk_fail", "call a"},
		{"ie.so", "__stack_chk_fail", "call b"},
		{"gd.so", "other", "call own"},
		{"gd.so", "other_data", "address a"},
		{"arm-gd.so", "other", "call own"},
		{"arm-gd.so", "other_data", "address a"},
		{"arm-gd.so", "other", "call b"}, /* a jump in tail position */
		{"arm-desc.so", "other", "call own"},
	};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		CLEANUP_FREE char *path = xasprintf(CORPUS "%s", expected[i].file), *text = NULL;
		CLEANUP_ELF_FACTS struct elf_facts f = {0};
		CLEANUP_STRV struct strv list = STRV_INIT;

		assert_int_equal(elf_facts_read(path, &f, &err), 0);
		assert_int_equal(code_uses(path, add_use, &list, &err), 0);
		for (size_t k = 0; k < f.n_undefined; k++) {
			if (!strcmp(f.undefined[k].name, expected[i].symbol))
				text = xasprintf("%u %s", f.undefined[k].index, expected[i].use);
		}
		assert_non_null(text);
		if (!strv_has(&list, text))
			fail_msg("%s: no %s", expected[i].file, text);
	}
	assert_int_equal(code_uses("Makefile", add_use, NULL, &err), -1);
	assert_int_equal(err.code, ERR_INPUT);
}

/* What only a program has: a copy of a library's variable; and what a table holds. */
static void test_uses_compiled(void **state)
{
	static const char source[] = "extern int shared_one;\n"
				     "int shared_two(void);\n"
				     "int (*table[2])(void) = {shared_two, shared_two};\n"
				     "int reads(void) { return shared_one; }\n"
				     "void _start(void) { reads(); table[0](); }\n";
	CLEANUP_STRV struct strv list = STRV_INIT;
	CLEANUP_FREE char *exe = xasprintf("%s/exe", (char *)*state);
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	struct err err = ERR_INIT;
	size_t copies = 0, words = 0;

	scratch_file(*state, "lib.c", "int shared_one; int shared_two(void) { return 2; }", 0644);
	scratch_file(*state, "exe.c", source, 0644);
	free(scratch_shell(*state,
		"cc -w -shared -fPIC -nostdlib lib.c -o lib.so && "
		"cc -w -O1 -fno-inline -fPIE -pie -nostdlib exe.c lib.so -o exe"));
	assert_int_equal(elf_facts_read(exe, &f, &err), 0);
	assert_int_equal(code_uses(exe, add_use, &list, &err), 0);
	for (size_t i = 0; i < list.n; i++) {
		copies += ends_with(list.v[i], " copy reads") ||
			  ends_with(list.v[i], " address reads");
		words += ends_with(list.v[i], " data table");
	}
	assert_int_equal(copies, 1);
	assert_int_equal(words, 2);
}

/* The start files of a newer glibc hand over no function, those of an older one do. */
static void test_start(void **state)
{
	static const struct {
		const char *code;
		enum code_start start;
	} cases[] = {
		{"xor %ecx, %ecx; lea f(%rip), %rdi; call f; hlt", CODE_START_NO_INIT},
		{"lea f(%rip), %rcx; lea f(%rip), %rdi; call *f(%rip); hlt", CODE_START_INIT},
		{"mov $f, %rcx; mov $f, %rdi; call f; hlt", CODE_START_INIT},
		{"lea f(%rip), %rcx; xor %ecx, %ecx; call f; hlt", CODE_START_NO_INIT},
		{"xor %edx, %edx; call f; hlt", CODE_START_UNKNOWN},
		{"xor %ecx, %ecx; hlt", CODE_START_UNKNOWN},
	};
	CLEANUP_FREE char *exe = xasprintf("%s/exe", (char *)*state);
	struct err err = ERR_INIT;
	enum code_start start;

#ifndef __x86_64__
	skip();
#endif
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		free(scratch_shell(*state,
			"printf '.globl _start, f\n.text\nf: ret\n_start: %%s\n' '%s' >s.s && "
			"cc -nostdlib -static -no-pie s.s -o exe",
			cases[i].code));
		assert_int_equal(code_start(exe, &start, &err), 0);
		if (start != cases[i].start)
			fail_msg("%s: %d", cases[i].code, (int)start);
	}
	assert_int_equal(code_start("Makefile", &start, &err), -1);
}

static void test_start_arm64(void **state)
{
	/* nop; mov x3, #0; mov x4, #0; bl, and adrp x3; bl */
	static const uint32_t none[] = {0xd503201f, 0xd2800003, 0xd2800004, 0x97ffffe5};
	static const uint32_t some[] = {0xd503201f, 0x90000003, 0x91000063, 0x97ffffe5};
	const uint32_t *const codes[] = {none, some, none};
	static const enum code_start starts[] = {
		CODE_START_NO_INIT, CODE_START_INIT, CODE_START_UNKNOWN};
	struct {
		Elf64_Ehdr eh;
		Elf64_Phdr ph;
		uint32_t code[4];
	} image = {.eh = {.e_type = ET_EXEC,
			   .e_machine = EM_AARCH64,
			   .e_phoff = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 1,
			   .e_entry = 0x1000},
		.ph = {PT_LOAD, PF_R | PF_X, sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr), 0x1000,
			0x1000, 16, 16, 1}};
	CLEANUP_FREE char *path = xasprintf("%s/exe", (char *)*state);
	struct err err = ERR_INIT;
	enum code_start start;

	memcpy(image.eh.e_ident, ELFMAG "\2\1\1", 7);
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		memcpy(image.code, codes[i], sizeof(image.code));
		/* The last is cut off before its call. */
		image.ph.p_filesz = i == 2 ? 12 : 16;
		assert_int_equal(file_write(path, &image, sizeof(image), 0644, &err), 0);
		assert_int_equal(code_start(path, &start, &err), 0);
		assert_int_equal(start, starts[i]);
	}
}

/* Cut off or overwritten at every place: an error or counts, and no access beyond the bytes, which
 * the sanitizers see to. */
static void test_damage(void **state)
{
	CLEANUP_BUF struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	unsigned refused = 0;
	struct code_counts code;

	(void)state;
	assert_int_equal(file_read(CORPUS "gd.so", 1 << 20, &file, &err), 0);
	for (size_t n = 0; n < file.len; n += 7) {
		CLEANUP_FREE char *copy = xcalloc(n + 1, 1);

		memcpy(copy, file.data, n);
		refused += code_each_in_memory(copy, n, NULL, NULL, &code, &err) < 0;
	}
	assert_true(refused > 100);
	for (size_t at = 0; at < file.len; at += 3) {
		CLEANUP_STRV struct strv list = STRV_INIT;
		char was = file.data[at];

		file.data[at] = (char)0xff;
		if (code_uses_in_memory(file.data, file.len, add_use, &list, &err) < 0)
			assert_true(err.code != ERR_NONE && err.msg[0]);
		if (code_each_in_memory(file.data, file.len, NULL, NULL, &code, &err) < 0)
			assert_true(err.code != ERR_NONE && err.msg[0]);
		file.data[at] = was;
	}
}

static void refuse(struct buf *file, enum err_code why)
{
	struct code_counts code;
	struct err err = ERR_INIT;

	assert_int_equal(code_each_in_memory(file->data, file->len, NULL, NULL, &code, &err), -1);
	assert_int_equal(err.code, why);
}

static void test_refused(void **state)
{
	CLEANUP_BUF struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	Elf64_Ehdr *eh;
	Elf64_Shdr *sh;

	(void)state;
	assert_int_equal(file_read(CORPUS "gd.so", 1 << 20, &file, &err), 0);
	eh = (Elf64_Ehdr *)file.data;
	eh->e_machine = EM_RISCV;
	refuse(&file, ERR_UNSUPPORTED);
	eh->e_machine = EM_X86_64;
	eh->e_type = ET_REL;
	refuse(&file, ERR_UNSUPPORTED);
	eh->e_type = ET_DYN;
	sh = (Elf64_Shdr *)(file.data + eh->e_shoff);
	for (unsigned i = 0; i < eh->e_shnum; i++) {
		if (!(sh[i].sh_flags & SHF_EXECINSTR))
			continue;
		sh[i].sh_type = SHT_NOBITS; /* as in a companion */
		refuse(&file, ERR_UNSUPPORTED);
		sh[i].sh_type = SHT_PROGBITS;
		sh[i].sh_size = file.len - sh[i].sh_offset; /* over the next section */
		refuse(&file, ERR_INPUT);
		return;
	}
	fail_msg("no code in the library");
}

static void test_missing(void **state)
{
	struct code_functions f;
	struct code_counts code;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(code_each("tests/fuzz/corpus/code/none", NULL, NULL, &code, &err), -1);
	assert_int_equal(err.code, ERR_ENVIRONMENT);
	assert_int_equal(code_functions_read("Makefile", &f, &err), -1);
	assert_int_equal(err.code, ERR_INPUT);
}

static void test_properties(void **state)
{
	struct elf_facts f = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(elf_facts_read(CORPUS "ie.so", &f, &err), 0);
	assert_true(f.properties.ibt && f.properties.shstk && !f.properties.bti);
	elf_facts_release(&f);
	assert_int_equal(elf_facts_read(CORPUS "arm-gd.so", &f, &err), 0);
	assert_true(f.properties.bti && f.properties.pac && !f.properties.gcs);
	assert_false(f.properties.ibt);
	elf_facts_release(&f);
	assert_int_equal(elf_facts_read(CORPUS "gd.so", &f, &err), 0);
	assert_false(f.properties.ibt || f.properties.shstk || f.properties.isa_level);
	elf_facts_release(&f);
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CODE_N_CLASSES; i++)
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(code_class_name(i), code_class_name(k));
	assert_string_equal(code_class_name(CODE_SITE_CALL_PLT_OWN), "call-plt-own");
	assert_string_equal(elf_reloc_name(EM_X86_64, R_X86_64_RELATIVE), "R_X86_64_RELATIVE");
	assert_string_equal(elf_reloc_name(EM_AARCH64, R_AARCH64_TLSDESC), "R_AARCH64_TLSDESC");
	assert_null(elf_reloc_name(EM_AARCH64, 2));
	assert_null(elf_reloc_name(EM_X86_64, ELF_RELOC_UNKNOWN));
	assert_null(elf_reloc_name(EM_MIPS, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_written_registers),
		cmocka_unit_test(test_libraries),
		cmocka_unit_test(test_every_instruction),
		cmocka_unit_test(test_whole_sequences),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_functions_without_symbols),
		cmocka_unit_test(test_uses),
		SCRATCH_TEST(test_uses_compiled),
		SCRATCH_TEST(test_start),
		SCRATCH_TEST(test_start_arm64),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_properties),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
