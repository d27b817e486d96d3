#include "code/code-internal.h"

#include <endian.h>
#include <string.h>

#define MAX_LENGTH 15

/* What follows an opcode. */
#define M 1  /* a ModRM byte */
#define B 2  /* one byte */
#define Z 4  /* four bytes, or two with an operand-size prefix */
#define H 8  /* two bytes */
#define X 16 /* nothing: there is no such instruction */
#define S 32 /* a prefix, an escape, or a rule of its own */

/* clang-format off */
static const uint8_t one_byte[256] = {
	/* 00 */ M, M, M, M, B, Z, X, X, M, M, M, M, B, Z, X, S,
	/* 10 */ M, M, M, M, B, Z, X, X, M, M, M, M, B, Z, X, X,
	/* 20 */ M, M, M, M, B, Z, S, X, M, M, M, M, B, Z, S, X,
	/* 30 */ M, M, M, M, B, Z, S, X, M, M, M, M, B, Z, S, X,
	/* 40 */ S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
	/* 50 */ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	/* 60 */ X, X, S, M, S, S, S, S, Z, M | Z, B, M | B, 0, 0, 0, 0,
	/* 70 */ B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
	/* 80 */ M | B, M | Z, X, M | B, M, M, M, M, M, M, M, M, M, M, M, S,
	/* 90 */ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, X, 0, 0, 0, 0, 0,
	/* a0 */ S, S, S, S, 0, 0, 0, 0, B, Z, 0, 0, 0, 0, 0, 0,
	/* b0 */ B, B, B, B, B, B, B, B, S, S, S, S, S, S, S, S,
	/* c0 */ M | B, M | B, H, 0, S, S, M | B, M | Z, H | B, 0, H, 0, 0, B, X, 0,
	/* d0 */ M, M, M, M, X, X, X, 0, M, M, M, M, M, M, M, M,
	/* e0 */ B, B, B, B, B, B, B, B, S, S, X, B, 0, 0, 0, 0,
	/* f0 */ S, 0, S, S, 0, 0, S, S, 0, 0, 0, 0, 0, 0, M, M,
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
	/* 80 */ S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
	/* 90 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* a0 */ 0, 0, 0, M, M | B, M, M, M, 0, 0, 0, M, M | B, M, M, M,
	/* b0 */ M, M, M, M, M, M, M, M, M, M, M | B, M, M, M, M, M,
	/* c0 */ M, M, M | B, M, M | B, M | B, M | B, M, 0, 0, 0, 0, 0, 0, 0, 0,
	/* d0 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* e0 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* f0 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
};
/* clang-format on */

struct reader {
	const uint8_t *p;
	size_t n;
	size_t pos;
	uint8_t rex;
	bool address32;
};

static bool next(struct reader *r, uint8_t *byte)
{
	if (r->pos >= r->n)
		return false;
	*byte = r->p[r->pos++];
	return true;
}

/* A little-endian number of 1, 2, 4 or 8 bytes, with its sign. */
static bool number(struct reader *r, size_t size, int64_t *out)
{
	uint64_t v = 0;

	if (r->n - r->pos < size)
		return false;
	memcpy(&v, r->p + r->pos, size);
	r->pos += size;
	v = le64toh(v);
	*out = size == 8 ? (int64_t)v : (int64_t)(v << (64 - 8 * size)) >> (64 - 8 * size);
	return true;
}

static bool read_memory(struct reader *r, struct x86_decoded *in, uint8_t mod, uint8_t rm)
{
	size_t disp = mod == 1 ? 1 : mod == 2 ? 4 : 0;
	uint8_t sib;

	in->memory = true;
	if (rm == 5 && mod == 0) {
		in->rip = true;
		return number(r, 4, &in->disp);
	}
	if (rm != 4) {
		in->base = rm | (r->rex & 1) << 3;
	} else {
		if (!next(r, &sib))
			return false;
		in->index = ((sib >> 3) & 7) | (r->rex & 2) << 2;
		if (in->index == 4)
			in->index = X86_NO_REGISTER;
		in->base = (sib & 7) | (r->rex & 1) << 3;
		if ((sib & 7) == 5 && mod == 0) {
			in->base = X86_NO_REGISTER;
			disp = 4;
		}
	}
	return disp == 0 || number(r, disp, &in->disp);
}

static bool read_modrm(struct reader *r, struct x86_decoded *in, bool registers)
{
	uint8_t byte;

	if (!next(r, &byte))
		return false;
	in->modrm = true;
	in->reg = ((byte >> 3) & 7) | (r->rex & 4) << 1;
	if (byte >> 6 == 3 || registers) {
		in->rm = (byte & 7) | (r->rex & 1) << 3;
		return true;
	}
	return read_memory(r, in, byte >> 6, byte & 7);
}

/* What one of the tables says. */
static bool read_operands(struct reader *r, struct x86_decoded *in, unsigned what)
{
	int64_t ignored;

	if (what & M && !read_modrm(r, in, false))
		return false;
	if (what & H && !number(r, 2, &in->imm))
		return false;
	if (what & Z && !number(r, in->p66 && !in->wide ? 2 : 4, &in->imm))
		return false;
	return !(what & B) || number(r, 1, what & H ? &ignored : &in->imm);
}

static bool vector_operands(struct reader *r, struct x86_decoded *in)
{
	bool imm;

	if (!next(r, &in->opcode))
		return false;
	switch (in->map) {
	case 1:
		if (in->opcode == 0x77 && r->p[0] != 0x62)
			return true;
		imm = (in->opcode >= 0x70 && in->opcode <= 0x73) || in->opcode == 0xc2 ||
		      (in->opcode >= 0xc4 && in->opcode <= 0xc6);
		break;
	case 2:
	case 5:
	case 6:
	case 9:
		imm = false;
		break;
	case 3:
	case 8:
		imm = true;
		break;
	case 10:
		return read_modrm(r, in, false) && number(r, 4, &in->imm);
	default:
		return false;
	}
	return read_modrm(r, in, false) && (!imm || number(r, 1, &in->imm));
}

/* C5 (2 bytes), C4 and 8F (3 bytes), 62 (4 bytes); r->pos is after the first of them. */
static bool read_vector(struct reader *r, struct x86_decoded *in, uint8_t first)
{
	uint8_t a, b, c;

	in->vector = true;
	if (!next(r, &a))
		return false;
	if (first == 0xc5) {
		r->rex = (uint8_t)((~a >> 5) & 4);
		in->vvvv = (uint8_t)((~a >> 3) & 15);
		in->map = 1;
		in->f3 = (a & 3) == 2;
		in->f2 = (a & 3) == 3;
		return vector_operands(r, in);
	}
	if (!next(r, &b))
		return false;
	r->rex = (uint8_t)((~a >> 5) & 7);
	in->wide = b & 0x80;
	in->vvvv = (uint8_t)((~b >> 3) & 15);
	in->map = first == 0x62 ? a & 7 : a & 31;
	in->f3 = (b & 3) == 2;
	in->f2 = (b & 3) == 3;
	if (first == 0x62 && (!(b & 4) || a & 8 || !next(r, &c)))
		return false;
	return vector_operands(r, in);
}

static bool read_0f(struct reader *r, struct x86_decoded *in)
{
	int64_t ignored;

	if (!next(r, &in->opcode))
		return false;
	in->map = 1;
	switch (in->opcode) {
	case 0x38:
		in->map = 2;
		return next(r, &in->opcode) && read_modrm(r, in, false);
	case 0x3a:
		in->map = 3;
		return next(r, &in->opcode) && read_modrm(r, in, false) && number(r, 1, &in->imm);
	case 0x20 ... 0x23: /* control and debug registers: never in memory */
		return read_modrm(r, in, true);
	case 0x78: /* extrq and insertq have two bytes more than vmread */
		return read_modrm(r, in, false) && (!(in->p66 || in->f2) || number(r, 2, &ignored));
	case 0x80 ... 0x8f:
		return number(r, 4, &in->imm);
	default:
		return !(two_bytes[in->opcode] & X) && read_operands(r, in, two_bytes[in->opcode]);
	}
}

static bool read_special(struct reader *r, struct x86_decoded *in)
{
	switch (in->opcode) {
	case 0x0f:
		return read_0f(r, in);
	case 0x8f:
		if (r->pos < r->n && (r->p[r->pos] & 31) >= 8)
			return read_vector(r, in, 0x8f);
		return read_modrm(r, in, false) && (in->reg & 7) == 0;
	case 0x62:
	case 0xc4:
	case 0xc5:
		return read_vector(r, in, in->opcode);
	case 0xa0 ... 0xa3:
		return number(r, r->address32 ? 4 : 8, &in->imm);
	case 0xb8 ... 0xbf:
		return number(r, in->wide ? 8 : in->p66 ? 2 : 4, &in->imm);
	case 0xe8:
	case 0xe9: /* an operand-size prefix is only padding here */
		return number(r, 4, &in->imm);
	case 0xf6:
	case 0xf7:
		if (!read_modrm(r, in, false))
			return false;
		return (in->reg & 7) > 1 || read_operands(r, in, in->opcode == 0xf6 ? B : Z);
	default:
		return false;
	}
}

/* REX counts only where it stands right before the opcode. */
static bool read_prefixes(struct reader *r, struct x86_decoded *in)
{
	while (next(r, &in->opcode)) {
		uint8_t rex = r->rex;

		r->rex = 0;
		switch (in->opcode) {
		case 0x40 ... 0x4f:
			r->rex = in->opcode;
			continue;
		case 0x64:
			in->fs = true;
			continue;
		case 0x66:
			in->p66 = true;
			continue;
		case 0x67:
			r->address32 = true;
			continue;
		case 0xf2:
			in->f2 = true;
			continue;
		case 0xf3:
			in->f3 = true;
			continue;
		case 0x65:
			in->fs = false;
			continue;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0xf0:
			continue;
		default:
			r->rex = rex;
			return true;
		}
	}
	return false;
}

static bool is_defined(const struct x86_decoded *in)
{
	if (in->map != 0 || in->vector)
		return true;
	if (in->opcode == 0xff)
		return (in->reg & 7) != 7;
	return in->opcode != 0xfe || (in->reg & 7) <= 1;
}

bool x86_decode(const uint8_t *p, size_t n, struct x86_decoded *in)
{
	struct reader r = {.p = p, .n = n < MAX_LENGTH ? n : MAX_LENGTH};
	unsigned what;

	*in = (struct x86_decoded){.base = X86_NO_REGISTER, .index = X86_NO_REGISTER};
	if (!read_prefixes(&r, in))
		return false;
	in->wide = r.rex & 8;
	what = one_byte[in->opcode];
	if (what & X || !(what & S ? read_special(&r, in) : read_operands(&r, in, what)))
		return false;
	/* push, pop, xchg, mov and bswap have their register in the opcode. */
	if (!in->modrm && !in->vector)
		in->rm = (in->opcode & 7) | (r.rex & 1) << 3;
	in->len = (uint8_t)r.pos;
	return is_defined(in);
}

#undef M
#undef B
#undef Z
#undef H
#undef X
#undef S

#define BIT(r) (1u << (r))
#define RAX BIT(0)
#define RCX BIT(1)
#define RDX BIT(2)
#define RBX BIT(3)
#define RBP BIT(5)
#define RSI BIT(6)
#define RDI BIT(7)

static uint32_t rm_bit(const struct x86_decoded *in)
{
	return in->modrm && !in->memory ? BIT(in->rm) : 0;
}

static uint32_t one_byte_writes(const struct x86_decoded *in)
{
	uint32_t reg = BIT(in->reg), rm = rm_bit(in);
	unsigned op = in->opcode, group = in->reg & 7;

	switch (op) {
	case 0x00 ... 0x37: /* add, or, adc, sbb, and, sub, xor */
		return (op & 7) < 2 ? rm : (op & 7) < 4 ? reg : RAX;
	case 0x58 ... 0x5f:
		return BIT(in->rm);
	case 0x63:
	case 0x69:
	case 0x6b:
	case 0x8a:
	case 0x8b:
	case 0x8d:
		return reg;
	case 0x80 ... 0x83:
		return group == 7 ? 0 : rm;
	case 0x86:
	case 0x87:
		return reg | rm;
	case 0x88:
	case 0x89:
	case 0x8c:
	case 0x8f:
	case 0xc0:
	case 0xc1:
	case 0xc6:
	case 0xc7:
	case 0xd0 ... 0xd3:
		return rm;
	case 0x91 ... 0x97:
		return RAX | BIT(in->rm);
	case 0x98:
	case 0xa0:
	case 0xa1:
	case 0xd7:
	case 0xe4:
	case 0xe5:
	case 0xec:
	case 0xed:
		return RAX;
	case 0x99:
		return RDX;
	case 0x6c ... 0x6f:
	case 0xa4 ... 0xa7:
	case 0xaa ... 0xaf:
		return RAX | RCX | RSI | RDI;
	case 0xb0 ... 0xbf:
		return BIT(in->rm);
	case 0xc9:
		return RBP;
	case 0xf6:
	case 0xf7:
		return group < 2 ? 0 : group < 4 ? rm : RAX | RDX;
	case 0xfe:
	case 0xff:
		return group < 2 ? rm : 0;
	default:
		return 0;
	}
}

static uint32_t two_byte_writes(const struct x86_decoded *in)
{
	uint32_t reg = BIT(in->reg), rm = rm_bit(in);

	switch (in->opcode) {
	case 0x01:
	case 0x31:
	case 0xa2:
		return RAX | RBX | RCX | RDX;
	case 0x2c:
	case 0x2d:
		return in->f2 || in->f3 ? reg : 0;
	case 0x02:
	case 0x03:
	case 0x40 ... 0x4f:
	case 0x50:
	case 0xaf:
	case 0xb6 ... 0xb8:
	case 0xbc ... 0xbf:
	case 0xc5:
	case 0xd7:
		return reg;
	case 0x20:
	case 0x21:
	case 0x90 ... 0x9f:
	case 0xa4:
	case 0xa5:
	case 0xab ... 0xad:
	case 0xb3:
	case 0xba:
	case 0xbb:
	case 0xc7:
		return rm;
	case 0x1e: /* the shadow stack pointer */
		return in->f3 ? rm : 0;
	case 0x7e:
		return in->f3 ? 0 : rm;
	case 0xb0:
	case 0xb1:
		return rm | RAX;
	case 0xc0:
	case 0xc1:
		return reg | rm;
	case 0xc8 ... 0xcf:
		return BIT(in->rm);
	default:
		return 0;
	}
}

static uint32_t vector_writes(const struct x86_decoded *in)
{
	uint32_t reg = BIT(in->reg);

	if (in->map == 1)
		return in->opcode == 0x93 || (in->opcode >= 0x78 && in->opcode <= 0x79)
			       ? reg
			       : two_byte_writes(in) & (reg | rm_bit(in));
	if (in->map == 2)
		return in->opcode >= 0xf2 ? reg | BIT(in->vvvv) : 0;
	if (in->map == 3)
		return in->opcode == 0xf0                         ? reg
		       : in->opcode >= 0x14 && in->opcode <= 0x17 ? rm_bit(in)
								  : 0;
	return reg | BIT(in->vvvv);
}

uint32_t x86_writes(const struct x86_decoded *in)
{
	if (in->vector)
		return vector_writes(in);
	switch (in->map) {
	case 0:
		return one_byte_writes(in);
	case 1:
		return two_byte_writes(in);
	case 2:
		return in->opcode >= 0xf0 ? BIT(in->reg) : 0;
	default:
		return in->opcode >= 0x14 && in->opcode <= 0x17 ? rm_bit(in) : 0;
	}
}
