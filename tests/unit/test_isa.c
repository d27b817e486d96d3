/* The levels of x86-64 that code needs: single instructions, and all of a library against Capstone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <capstone/capstone.h>
#include <string.h>

#include "base/file.h"
#include "code/code.h"

static void test_single(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		unsigned level;
	} cases[] = {
		{"\xc3", 1, 0},                     /* ret */
		{"\x0f\xaf\xc1", 3, 0},             /* imul */
		{"\xf3\x0f\xbc\xc1", 4, 0},         /* tzcnt, or bsf */
		{"\x66\x0f\xef\xc0", 4, 0},         /* pxor */
		{"\x66\x0f\x38\xdc\xc1", 5, 0},     /* aesenc */
		{"\xf3\x0f\xb8\xc1", 4, 2},         /* popcnt */
		{"\xf3\x48\x0f\xb8\xc1", 5, 2},     /* popcnt, 64 bits */
		{"\x66\x0f\x38\x00\xc1", 5, 2},     /* pshufb */
		{"\x66\x0f\x3a\x0f\xc1\x08", 6, 2}, /* palignr */
		{"\xf2\x0f\x38\xf1\xc1", 5, 2},     /* crc32 */
		{"\x48\x0f\xc7\x0f", 4, 2},         /* cmpxchg16b */
		{"\x0f\xc7\x0f", 3, 0},             /* cmpxchg8b */
		{"\xf2\x0f\x12\xc1", 4, 2},         /* movddup */
		{"\x66\x0f\x12\x01", 4, 0},         /* movlpd */
		{"\xf3\x0f\xbd\xc1", 4, 3},         /* lzcnt */
		{"\x0f\x38\xf0\x01", 4, 3},         /* movbe */
		{"\xc5\xf8\x77", 3, 3},             /* vzeroupper */
		{"\xc4\xe2\xf9\xf7\xc1", 5, 3},     /* shlx */
		{"\xc4\xe3\xfd\x00\xc1\x4e", 6, 3}, /* vpermq */
		{"\x62\xf1\xfe\x48\x6f\x06", 6, 4}, /* vmovdqu64 */
		{"\xc5\xf8\x92\xc8", 4, 4},         /* kmovw */
		{"\xc4\xe3\xf9\x30\xc1\x08", 6, 4}, /* kshiftrw */
		{"", 0, 0},
		{"\xc5", 1, 0},
		{"\x66\x66\x66", 3, 0},
		{"\x0f\x38", 2, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (code_isa_level((const uint8_t *)cases[i].bytes, cases[i].n) != cases[i].level)
			fail_msg("case %zu", i);
	}
}

static unsigned level_by_groups(csh capstone, const cs_insn *insn)
{
	static const struct {
		unsigned group, level;
	} table[] = {{X86_GRP_AVX512, 4}, {X86_GRP_CDI, 4}, {X86_GRP_DQI, 4}, {X86_GRP_BWI, 4},
		{X86_GRP_AVX, 3}, {X86_GRP_AVX2, 3}, {X86_GRP_BMI, 3}, {X86_GRP_BMI2, 3},
		{X86_GRP_FMA, 3}, {X86_GRP_SSE3, 2}, {X86_GRP_SSSE3, 2}, {X86_GRP_SSE41, 2},
		{X86_GRP_SSE42, 2}};

	switch (insn->id) {
	case X86_INS_TZCNT:
		return 0;
	case X86_INS_POPCNT:
	case X86_INS_CMPXCHG16B:
	case X86_INS_CRC32:
		return 2;
	case X86_INS_LZCNT:
	case X86_INS_MOVBE:
		return 3;
	default:
		break;
	}
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (cs_insn_group(capstone, insn, table[i].group))
			return table[i].level;
	}
	return 0;
}

struct comparison {
	csh capstone;
	cs_insn *insn;
	size_t compared, of[CODE_ISA_LEVELS];
};

static int compare(void *ctx, const struct code_function *f, const struct code_insn *insns,
	size_t n, struct err *err)
{
	struct comparison *c = ctx;

	(void)err;
	for (size_t i = 0; i < n && !f->plt; i++) {
		const uint8_t *p = insns[i].bytes;
		size_t left = insns[i].len;
		uint64_t at = insns[i].addr;
		unsigned ours = code_isa_level(p, left), theirs;

		/* All that we count, and a part of the rest. */
		if ((!ours && i % 8) || !cs_disasm_iter(c->capstone, &p, &left, &at, c->insn))
			continue;
		theirs = level_by_groups(c->capstone, c->insn);
		c->compared++;
		c->of[ours]++;
		/* Some of AVX-512 is in no group of Capstone 4's. */
		if (ours != theirs && !(ours == 4 && insns[i].bytes[0] == 0x62) &&
			!(ours >= 3 && theirs == 0))
			fail_msg("%s %s at %jx: %u, Capstone says %u", c->insn->mnemonic,
				c->insn->op_str, (uintmax_t)insns[i].addr, ours, theirs);
	}
	return 0;
}

static void test_against_capstone(void **state)
{
	static const char *const files[] = {"/lib/x86_64-linux-gnu/libc.so.6",
		"/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/lib64/libc.so.6"};
	struct comparison c = {0};
	struct err err = ERR_INIT;
	struct code_isa isa;

	(void)state;
#ifndef __x86_64__
	skip();
#endif
	assert_int_equal(cs_open(CS_ARCH_X86, CS_MODE_64, &c.capstone), CS_ERR_OK);
	cs_option(c.capstone, CS_OPT_DETAIL, CS_OPT_ON);
	c.insn = cs_malloc(c.capstone);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (!path_exists(files[i]))
			continue;
		if (code_each(files[i], compare, &c, NULL, &err) < 0 ||
			code_isa_read(files[i], &isa, &err) < 0)
			fail_msg("%s", err.msg);
		assert_true(isa.asks || i != 1);
		assert_true(isa.levels[3].insns > 0);
		assert_true(isa.levels[3].functions <= isa.functions);
		assert_true(isa.levels[3].mnemonic[0]);
		code_isa_release(&isa);
	}
	cs_free(c.insn, 1);
	cs_close(&c.capstone);
	assert_true(c.compared > 10000);
	for (size_t level = 2; level < CODE_ISA_LEVELS; level++)
		assert_true(c.of[level] > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single),
		cmocka_unit_test(test_against_capstone),
	};

	return cmocka_run_group_tests_name("isa", tests, NULL, NULL);
}
