/* Which of the levels of x86-64 (x86-64-v2, v3, v4 of its psABI) code needs, told by the encodings
 * of its instructions. What no level has (AES, SHA, ADX, …) is not counted. */
#include <capstone/capstone.h>
#include <stdlib.h>
#include <string.h>

#include <elf.h>

#include "code/code-internal.h"

/* An instruction behind its prefixes. */
struct opcode {
	const uint8_t *p;
	size_t n;
	bool p66, f2, f3, wide;
};

static struct opcode skip_prefixes(const uint8_t *p, size_t n)
{
	struct opcode o = {.p = p, .n = n};

	for (; o.n > 1; o.p++, o.n--) {
		if (*o.p == 0x66)
			o.p66 = true;
		else if (*o.p == 0xf2)
			o.f2 = true;
		else if (*o.p == 0xf3)
			o.f3 = true;
		else if (!memchr("\x2e\x36\x3e\x26\x64\x65\x67\xf0", *o.p, 8))
			break;
	}
	if (o.n > 1 && (*o.p & 0xf0) == 0x40) {
		o.wide = *o.p & 8;
		o.p++;
		o.n--;
	}
	return o;
}

/* 0F 38 and 0F 3A. */
static unsigned long_opcode(const struct opcode *o)
{
	uint8_t op = o->p[2];

	if (o->p[1] == 0x3a) /* SSE4.1, palignr of SSSE3, SSE4.2 */
		return (op >= 0x08 && op <= 0x0f) || (op >= 0x14 && op <= 0x22) ||
				       (op >= 0x40 && op <= 0x42) || (op >= 0x60 && op <= 0x63)
			       ? 2
			       : 0;
	if (op == 0xf0 || op == 0xf1) /* crc32 of SSE4.2, or movbe */
		return o->f2 ? 2 : 3;
	return op <= 0x41 ? 2 : 0; /* SSSE3, SSE4.1, pcmpgtq of SSE4.2 */
}

/* 0F and a byte. */
static unsigned short_opcode(const struct opcode *o)
{
	switch (o->p[1]) {
	case 0xb8: /* popcnt */
		return o->f3 ? 2 : 0;
	case 0xbd: /* lzcnt. With the same prefix bsf is tzcnt, which compilers mean as bsf. */
		return o->f3 ? 3 : 0;
	case 0x7c: /* SSE3: haddps, … */
	case 0x7d:
	case 0xd0:
		return o->p66 || o->f2 ? 2 : 0;
	case 0xf0: /* lddqu */
		return o->f2 ? 2 : 0;
	case 0x12: /* movddup, movsldup */
		return o->f2 || o->f3 ? 2 : 0;
	case 0x16: /* movshdup */
		return o->f3 ? 2 : 0;
	case 0xc7: /* cmpxchg16b */
		return o->wide && o->n > 2 && (o->p[2] & 0x38) == 8 && o->p[2] < 0xc0 ? 2 : 0;
	default:
		return 0;
	}
}

/* VEX: AVX, AVX2, FMA, BMI, …, and the mask registers of AVX-512, which have opcodes of their own.
 */
static unsigned vex_opcode(const struct opcode *o)
{
	bool is_short = *o->p == 0xc5;
	uint8_t map = is_short ? 1 : o->p[1] & 0x1f;
	uint8_t op = o->n > (is_short ? 2 : 3) ? o->p[is_short ? 2 : 3] : 0;

	if (map == 3)
		return op >= 0x30 && op <= 0x33 ? 4 : 3;
	return map == 1 && op &&
			       memchr("\x41\x42\x44\x45\x46\x47\x4a\x4b\x90\x91\x92\x93\x98\x99",
				       op, 14)
		       ? 4
		       : 3;
}

unsigned code_isa_level(const uint8_t *bytes, size_t len)
{
	const struct opcode o = skip_prefixes(bytes, len);

	if (o.n < 2)
		return 0;
	if (*o.p == 0xc4 || *o.p == 0xc5)
		return vex_opcode(&o);
	if (*o.p == 0x62) /* EVEX */
		return 4;
	if (*o.p != 0x0f)
		return 0;
	return (o.p[1] == 0x38 || o.p[1] == 0x3a) && o.n > 2 ? long_opcode(&o) : short_opcode(&o);
}

/* What one function has of one level. */
struct user {
	uint64_t insns;
	uint8_t bytes[16]; /* of the first */
	uint8_t len;
	uint64_t at;
};

struct isa_walk {
	struct code_isa *isa;
	uint64_t function; /* the one that is being read */
	struct user now[CODE_ISA_LEVELS], most[CODE_ISA_LEVELS];
};

static void take(struct isa_walk *w, const struct code_function *f, const struct code_insn *insn,
	unsigned level)
{
	struct code_isa_use *use = &w->isa->levels[level];
	struct user *now = &w->now[level];

	if (!now->insns++) {
		use->functions++;
		now->at = insn->addr;
		now->len = insn->len < sizeof(now->bytes) ? insn->len : sizeof(now->bytes);
		memcpy(now->bytes, insn->bytes, now->len);
	}
	use->insns++;
	if (now->insns <= w->most[level].insns)
		return;
	/* The name is copied once for each function that takes the lead. */
	if (now->at != w->most[level].at) {
		free(use->function);
		use->function = f->name ? xstrdup(f->name) : NULL;
		use->addr = f->addr;
	}
	w->most[level] = *now;
}

static bool asks_processor(const struct code_insn *insn)
{
	return (insn->len == 2 && !memcmp(insn->bytes, "\x0f\xa2", 2)) ||   /* cpuid */
	       (insn->len == 3 && !memcmp(insn->bytes, "\x0f\x01\xd0", 3)); /* xgetbv */
}

static int read_piece(void *ctx, const struct code_function *f, const struct code_insn *insns,
	size_t n, struct err *err)
{
	struct isa_walk *w = ctx;

	(void)err;
	if (f->plt)
		return 0;
	if (f->addr != w->function)
		memset(w->now, 0, sizeof(w->now));
	w->function = f->addr;
	for (size_t i = 0; i < n; i++) {
		unsigned level = insns[i].class == CODE_INSN_UNKNOWN
					 ? 0
					 : code_isa_level(insns[i].bytes, insns[i].len);

		if (level)
			take(w, f, &insns[i], level);
		else
			w->isa->asks = w->isa->asks || asks_processor(&insns[i]);
	}
	return 0;
}

/* The word for an instruction, from Capstone. */
static void name_insn(const struct user *user, char mnemonic[CODE_MNEMONIC_MAX])
{
	cs_insn *insn;
	csh capstone;

	if (!user->len || cs_open(CS_ARCH_X86, CS_MODE_64, &capstone) != CS_ERR_OK)
		return;
	if (cs_disasm(capstone, user->bytes, user->len, user->at, 1, &insn) == 1) {
		snprintf(mnemonic, CODE_MNEMONIC_MAX, "%s", insn->mnemonic);
		cs_free(insn, 1);
	}
	cs_close(&capstone);
}

int code_isa_in_memory(const void *data, size_t len, struct code_isa *isa, struct err *err)
{
	CLEANUP_CODE struct code code = {0};
	struct isa_walk w = {.isa = isa};
	struct code_counts counts = {0};

	*isa = (struct code_isa){0};
	if (code_open(&code, data, len, err) < 0)
		return -1;
	if (code.img.machine != EM_X86_64)
		return err_set(err, ERR_UNSUPPORTED, "levels are those of x86-64");
	if (code_walk(&code, false, read_piece, &w, &counts, err) < 0) {
		code_isa_release(isa);
		return -1;
	}
	isa->functions = counts.functions;
	for (size_t i = 0; i < CODE_ISA_LEVELS; i++)
		name_insn(&w.most[i], isa->levels[i].mnemonic);
	return 0;
}

int code_isa_read(const char *path, struct code_isa *isa, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};

	*isa = (struct code_isa){0};
	if (elf_map_open(path, &map, err) < 0)
		return -1;
	if (code_isa_in_memory(map.data, map.size, isa, err) < 0)
		return err_wrap(err, "reading the code of '%s'", path);
	return 0;
}

void code_isa_release(struct code_isa *isa)
{
	for (size_t i = 0; i < CODE_ISA_LEVELS; i++)
		free(isa->levels[i].function);
	*isa = (struct code_isa){0};
}
