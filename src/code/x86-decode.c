/* Takes x86-64 instructions apart, as far as the classes of code.h need it.
 *
 * An instruction has at most 15 bytes:
 *
 *	prefixes   REX      opcode   ModRM    SIB      displacement   immediate
 *	any        0 or 1   1 to 3   0 or 1   0 or 1   0, 1 or 4      0, 1, 2, 4 or 8
 *
 * Prefixes change the operand size (66) or address size (67), choose a segment (64 is %fs, where
 * thread-local variables live), lock or repeat; many select another instruction under the same
 * opcode, and many are mere padding. REX (40 to 4F) counts only right before the opcode. Its bit W
 * makes operands 64 bits wide; R, X and B are the fourth bits of the register numbers in ModRM.reg,
 * SIB.index, and ModRM.rm or SIB.base.
 *
 * The opcode is a byte of the first map, of the second after 0F, of the third and fourth after
 * 0F 38 and 0F 3A. VEX (C4, C5), EVEX (62) and XOP (8F) say all that prefixes, REX and escapes say
 * in one to three bytes before the opcode, with some bits inverted, and name one more register,
 * vvvv.
 *
 * ModRM holds mod (two bits), reg and rm (three each). reg is a register, or picks one of a group
 * of instructions that share the opcode. With mod 3, rm is a register too; otherwise the operand
 * is in memory, at a base register plus a displacement. Two numbers of rm mean something else
 * there: 4 says that SIB follows, with base, index and scale; 5 with mod 0 is an address relative
 * to the next instruction (%rip), which is how position-independent code reaches its data.
 *
 * So the length of an instruction hangs on two facts about its opcode: whether ModRM follows, and
 * how long the immediate is. Two tables have these, and two more the general registers that it
 * overwrites, since what a register held before is then forgotten. */
#include <endian.h>
#include <string.h>

#include "code/code-internal.h"

#define MAX_LENGTH 15

/* The bytes that follow an opcode. */
#define M 1  /* ModRM */
#define B 2  /* an immediate of one byte */
#define Z 4  /* of four bytes, or two with an operand-size prefix */
#define H 8  /* of two bytes */
#define D 16 /* of four bytes, whatever the prefixes */
#define X 32 /* nothing: there is no such instruction */
#define S 64 /* special() knows */
/* Only from special(): */
#define Q 128 /* an immediate of eight bytes */
#define R 256 /* ModRM that names a register whatever its mod */

/* clang-format off */
static const uint8_t one_byte[256] = {
	/* 00 */ M, M, M, M, B, Z, X, X, M, M, M, M, B, Z, X, S,
	/* 10 */ M, M, M, M, B, Z, X, X, M, M, M, M, B, Z, X, X,
	/* 20 */ M, M, M, M, B, Z, X, X, M, M, M, M, B, Z, X, X,
	/* 30 */ M, M, M, M, B, Z, X, X, M, M, M, M, B, Z, X, X,
	/* 40 */ X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	/* 50 */ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	/* 60 */ X, X, S, M, X, X, X, X, Z, M | Z, B, M | B, 0, 0, 0, 0,
	/* 70 */ B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
	/* 80 */ M | B, M | Z, X, M | B, M, M, M, M, M, M, M, M, M, M, M, S,
	/* 90 */ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, X, 0, 0, 0, 0, 0,
	/* a0 */ S, S, S, S, 0, 0, 0, 0, B, Z, 0, 0, 0, 0, 0, 0,
	/* b0 */ B, B, B, B, B, B, B, B, S, S, S, S, S, S, S, S,
	/* c0 */ M | B, M | B, H, 0, S, S, M | B, M | Z, H | B, 0, H, 0, 0, B, X, 0,
	/* d0 */ M, M, M, M, X, X, X, 0, M, M, M, M, M, M, M, M,
	/* e0 */ B, B, B, B, B, B, B, B, D, D, X, B, 0, 0, 0, 0,
	/* f0 */ X, 0, X, X, 0, 0, S, S, 0, 0, 0, 0, 0, 0, M, M,
};

static const uint8_t two_bytes[256] = {
	/* 00 */ M, M, M, M, X, 0, 0, 0, 0, 0, X, 0, X, M, 0, M | B,
	/* 10 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* 20 */ S, S, S, S, X, X, X, X, M, M, M, M, M, M, M, M,
	/* 30 */ 0, 0, 0, 0, 0, 0, X, 0, S, X, S, X, X, X, X, X,
	/* 40 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* 50 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* 60 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* 70 */ M | B, M | B, M | B, M | B, M, M, M, 0, S, M, X, X, M, M, M, M,
	/* 80 */ D, D, D, D, D, D, D, D, D, D, D, D, D, D, D, D,
	/* 90 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* a0 */ 0, 0, 0, M, M | B, M, M, M, 0, 0, 0, M, M | B, M, M, M,
	/* b0 */ M, M, M, M, M, M, M, M, M, M, M | B, M, M, M, M, M,
	/* c0 */ M, M, M | B, M, M | B, M | B, M | B, M, 0, 0, 0, 0, 0, 0, 0, 0,
	/* d0 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* e0 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* f0 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
};

/* The registers that are written: r is ModRM.reg, m is ModRM.rm unless in memory, b both, o the one
 * in the opcode, a is %rax, d %rdx, x %rax and o, y %rax and m, p %rbp, c what CPUID writes, s what
 * string instructions write; g, n and u depend on the group, e, t and v on a prefix. */
static const char one_byte_writes[] =
	/* 00 */ "mmrraa..mmrraa.." /* 10 */ "mmrraa..mmrraa.."
	/* 20 */ "mmrraa..mmrraa.." /* 30 */ "mmrraa.........."
	/* 40 */ "................" /* 50 */ "........oooooooo"
	/* 60 */ "...r.....r.rssss" /* 70 */ "................"
	/* 80 */ "gggg..bbmmrrmr.m" /* 90 */ ".xxxxxxxad......"
	/* a0 */ "aa..ssss..ssssss" /* b0 */ "oooooooooooooooo"
	/* c0 */ "mm....mm.p......" /* d0 */ "mmmm...a........"
	/* e0 */ "....aa......aa.." /* f0 */ "......uu......nn";

static const char two_bytes_writes[] =
	/* 00 */ ".crr............" /* 10 */ "..............e."
	/* 20 */ "mm..........tt.." /* 30 */ ".c.............."
	/* 40 */ "rrrrrrrrrrrrrrrr" /* 50 */ "r..............."
	/* 60 */ "................" /* 70 */ "..............v."
	/* 80 */ "................" /* 90 */ "mmmmmmmmmmmmmmmm"
	/* a0 */ "..c.mm.....mmm.r" /* b0 */ "yy.m..rrr.mmrrrr"
	/* c0 */ "bb...r.moooooooo" /* d0 */ ".......r........"
	/* e0 */ "................" /* f0 */ "................";
/* clang-format on */

struct reader {
	const uint8_t *p;
	size_t n;
	size_t pos;
	uint8_t rex;
	bool address32;
	bool cut; /* bytes were wanted that are not there: what was read instead is zero */
};

static uint8_t next_byte(struct reader *r)
{
	if (r->pos < r->n)
		return r->p[r->pos++];
	r->cut = true;
	return 0;
}

/* A little-endian number of 1, 2, 4 or 8 bytes, with its sign. */
static int64_t next_number(struct reader *r, size_t size)
{
	uint64_t v = 0;

	if (r->n - r->pos < size) {
		r->cut = true;
		return 0;
	}
	memcpy(&v, r->p + r->pos, size);
	r->pos += size;
	return (int64_t)(le64toh(v) << (64 - 8 * size)) >> (64 - 8 * size);
}

static void read_modrm(struct reader *r, struct x86_decoded *in, bool registers)
{
	uint8_t byte = next_byte(r), mod = byte >> 6, rm = byte & 7;
	size_t disp = mod == 1 ? 1 : mod == 2 ? 4 : 0;

	in->reg = ((byte >> 3) & 7) | (r->rex & 4) << 1;
	if (mod == 3 || registers) {
		in->rm = rm | (r->rex & 1) << 3;
		return;
	}
	in->memory = true;
	if (rm == 5 && mod == 0) {
		in->rip = true;
		disp = 4;
	} else if (rm == 4) {
		uint8_t sib = next_byte(r);

		in->index = ((sib >> 3) & 7) | (r->rex & 2) << 2;
		if (in->index == 4)
			in->index = X86_NO_REGISTER;
		if ((sib & 7) == 5 && mod == 0)
			disp = 4;
		else
			in->base = (sib & 7) | (r->rex & 1) << 3;
	} else {
		in->base = rm | (r->rex & 1) << 3;
	}
	if (disp)
		in->disp = next_number(r, disp);
}

/* VEX of two bytes (C5) and three (C4), XOP of three (8F), EVEX of four (62), whose first was
 * read. */
static unsigned read_vector(struct reader *r, struct x86_decoded *in, uint8_t first)
{
	bool is_short = first == 0xc5, evex = first == 0x62;
	uint8_t a = next_byte(r), b = is_short ? a : next_byte(r), op;
	unsigned map = is_short ? 1 : evex ? a & 7 : a & 31;

	r->rex = (uint8_t)((~a >> 5) & (is_short ? 4 : 7));
	in->wide = !is_short && b & 0x80;
	in->vvvv = (uint8_t)((~b >> 3) & 15);
	in->f3 = (b & 3) == 2;
	in->f2 = (b & 3) == 3;
	if (evex && (!(b & 4) || a & 8))
		return X;
	if (evex)
		next_byte(r);
	op = next_byte(r);
	in->op = (uint16_t)(X86_VECTOR | map << 8 | op);
	switch (map) {
	case 1:
		if (op == 0x77 && !evex) /* vzeroupper */
			return 0;
		return (op >= 0x70 && op <= 0x73) || op == 0xc2 || (op >= 0xc4 && op <= 0xc6)
			       ? M | B
			       : M;
	case 2:
	case 5:
	case 6:
	case 9:
		return M;
	case 3:
	case 8:
		return M | B;
	case 10:
		return M | D;
	default:
		return X;
	}
}

/* The same for opcodes that have a rule of their own. */
static unsigned special(struct reader *r, struct x86_decoded *in)
{
	/* A look ahead; where there is nothing, reading it will fail. */
	uint8_t modrm = r->pos < r->n ? r->p[r->pos] : 0;

	switch (in->op) {
	case 0x8f: /* pop, or XOP, whose map would be a register of another group */
		return (modrm & 31) >= 8 ? read_vector(r, in, 0x8f) : M;
	case 0x62:
	case 0xc4:
	case 0xc5:
		return read_vector(r, in, (uint8_t)in->op);
	case 0xa0 ... 0xa3:
		return r->address32 ? D : Q;
	case 0xb8 ... 0xbf:
		return in->wide ? Q : Z;
	case 0xf6:
	case 0xf7: /* of this group only test has an immediate */
		return (modrm >> 3 & 7) > 1 ? M : in->op == 0xf6 ? M | B : M | Z;
	default:
		break;
	}
	in->op = 0x100 | next_byte(r);
	switch (in->op) {
	case 0x120 ... 0x123: /* control and debug registers: never in memory */
		return R;
	case 0x138:
		in->op = 0x200 | next_byte(r);
		return M;
	case 0x13a:
		in->op = 0x300 | next_byte(r);
		return M | B;
	case 0x178: /* extrq and insertq have two bytes more than vmread */
		return in->p66 || in->f2 ? M | H : M;
	default:
		return two_bytes[in->op & 0xff];
	}
}

bool x86_decode(const uint8_t *p, size_t n, struct x86_decoded *in)
{
	struct reader r = {.p = p, .n = n < MAX_LENGTH ? n : MAX_LENGTH};
	unsigned follows;
	uint8_t op;

	*in = (struct x86_decoded){.base = X86_NO_REGISTER, .index = X86_NO_REGISTER};
	for (;; r.rex = (op & 0xf0) == 0x40 ? op : 0) {
		op = next_byte(&r);
		switch (op) {
		case 0x40 ... 0x4f:
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0xf0:
			continue;
		case 0x64:
		case 0x65:
			in->fs = op == 0x64;
			continue;
		case 0x66:
			in->p66 = true;
			continue;
		case 0x67:
			r.address32 = true;
			continue;
		case 0xf2:
			in->f2 = true;
			continue;
		case 0xf3:
			in->f3 = true;
			continue;
		default:
			break;
		}
		break;
	}
	in->op = op;
	in->wide = r.rex & 8;
	follows = one_byte[op];
	if (follows & S)
		follows = special(&r, in);
	if (follows & (M | R))
		read_modrm(&r, in, follows & R);
	else if (!(in->op & X86_VECTOR)) /* of push, pop, xchg, mov and bswap */
		in->rm = (in->op & 7) | (r.rex & 1) << 3;
	if (follows & H)
		in->imm = next_number(&r, 2);
	if (follows & Z)
		in->imm = next_number(&r, in->p66 && !in->wide ? 2 : 4);
	if (follows & D)
		in->imm = next_number(&r, 4);
	if (follows & Q)
		in->imm = next_number(&r, 8);
	if (follows & B)
		in->imm = next_number(&r, 1);
	in->len = (uint8_t)r.pos;
	if (follows & X || r.cut)
		return false;
	/* Groups with room left. */
	return in->op == 0xff   ? (in->reg & 7) != 7
	       : in->op == 0xfe ? (in->reg & 7) <= 1
	       : in->op == 0x8f ? (in->reg & 7) == 0
				: true;
}

enum { RAX = 1, RCX = 2, RDX = 4, RBX = 8, RBP = 32, RSI = 64, RDI = 128 };

static uint32_t registers_of(char letter, const struct x86_decoded *in)
{
	uint32_t reg = 1u << in->reg, rm = in->memory ? 0 : 1u << in->rm;
	unsigned group = in->reg & 7;

	switch (letter) {
	case 'r':
		return reg;
	case 'm':
	case 'o':
		return rm;
	case 'b':
		return reg | rm;
	case 'a':
		return RAX;
	case 'd':
		return RDX;
	case 'x':
	case 'y':
		return RAX | rm;
	case 'p':
		return RBP;
	case 'c':
		return RAX | RBX | RCX | RDX;
	case 's':
		return RAX | RCX | RSI | RDI;
	case 'g': /* cmp */
		return group == 7 ? 0 : rm;
	case 'n': /* inc and dec; the others call, jump and push */
		return group < 2 ? rm : 0;
	case 'u': /* test, not and neg; multiplications and divisions */
		return group < 2 ? 0 : group < 4 ? rm : RAX | RDX;
	case 'e': /* reads the shadow stack's pointer */
		return in->f3 ? rm : 0;
	case 't': /* from a vector */
		return in->f2 || in->f3 ? reg : 0;
	case 'v':
		return in->f3 ? 0 : rm;
	default:
		return 0;
	}
}

uint32_t x86_writes(const struct x86_decoded *in)
{
	uint32_t reg = 1u << in->reg, rm = in->memory ? 0 : 1u << in->rm, vvvv = 1u << in->vvvv;
	uint8_t op = (uint8_t)in->op;
	bool extract = op >= 0x14 && op <= 0x17; /* from a vector */

	switch (in->op & ~0xff) {
	case 0:
		return registers_of(one_byte_writes[op], in);
	case 0x100:
		return registers_of(two_bytes_writes[op], in);
	case 0x200:
		return op >= 0xf0 ? reg : 0;
	case 0x300:
		return extract ? rm : 0;
	case X86_VECTOR | 0x100:
		return op == 0x93 || op == 0x78 || op == 0x79
			       ? reg
			       : registers_of(two_bytes_writes[op], in) & (reg | rm);
	case X86_VECTOR | 0x200:
		return op >= 0xf2 ? reg | vvvv : 0;
	case X86_VECTOR | 0x300:
		return op == 0xf0 ? reg : extract ? rm : 0;
	default:
		return reg | vvvv;
	}
}
