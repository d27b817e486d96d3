#include "code/code-internal.h"

#include <endian.h>
#include <string.h>

#define SP 31 /* or the zero register, by instruction */
#define X0 0
#define LR 30

/* x0 to x18, and x30, which the call itself writes */
#define CALLER_SAVED 0x4007ffffu

/* What glibc keeps at the thread pointer; variables come after it. */
#define TCB_SIZE 16

struct step {
	struct code_walk *w;
	struct code_insn *insn;
	uint32_t op;
	uint64_t addr;
	bool keep; /* registers are already up to date */
};

static uint32_t read_op(const uint8_t *p)
{
	uint32_t op;

	memcpy(&op, p, sizeof(op));
	return le32toh(op);
}

static unsigned rd(uint32_t op)
{
	return op & 31;
}

static unsigned rn(uint32_t op)
{
	return (op >> 5) & 31;
}

static unsigned rm(uint32_t op)
{
	return (op >> 16) & 31;
}

/* `bits` bits from `low` up, with their sign. */
static int64_t field(uint32_t op, unsigned low, unsigned bits)
{
	return (int64_t)((uint64_t)op << (64 - low - bits)) >> (64 - bits);
}

static uint64_t adr_target(uint32_t op, uint64_t addr)
{
	uint64_t imm = (uint64_t)field(op, 5, 19) << 2 | ((op >> 29) & 3);

	return op >> 31 ? (addr & ~(uint64_t)0xfff) + (imm << 12) : addr + imm;
}

static bool is_adr(uint32_t op)
{
	return (op & 0x1f000000) == 0x10000000;
}

/* add Xd, Xn, #imm{, lsl #12} */
static bool is_add_imm(uint32_t op)
{
	return (op & 0xff800000) == 0x91000000;
}

static uint64_t add_imm(uint32_t op)
{
	return (uint64_t)((op >> 10) & 0xfff) << (op & 0x400000 ? 12 : 0);
}

/* Loads and stores with an unsigned offset: any size, general and vector registers. */
static bool is_unsigned_offset(uint32_t op)
{
	return (op & 0x3b000000) == 0x39000000;
}

static uint64_t unsigned_offset(uint32_t op)
{
	unsigned scale = op >> 30;

	/* 128-bit vector registers */
	if ((op & 0xfc800000) == 0x3c800000)
		scale = 4;
	return (uint64_t)((op >> 10) & 0xfff) << scale;
}

/* ldr Xt, [Xn, #imm] */
static bool is_load64(uint32_t op)
{
	return (op & 0xffc00000) == 0xf9400000;
}

static bool is_call_register(uint32_t op)
{
	/* blr, and the forms that check a signature */
	return (op & 0xfffffc1f) == 0xd63f0000 || (op & 0xfefff800) == 0xd63f0800;
}

static bool is_jump_register(uint32_t op)
{
	return (op & 0xfffffc1f) == 0xd61f0000 || (op & 0xfefff800) == 0xd61f0800;
}

static bool is_return(uint32_t op)
{
	return (op & 0xfffffc1f) == 0xd65f0000 || (op & 0xfffffbff) == 0xd65f0bff;
}

static bool is_control_flow_marker(uint32_t op)
{
	/* bti; then paciasp, autiasp, their relatives for key B, x17 and a zero modifier; xpaclri
	 */
	if ((op & 0xffffff3f) == 0xd503241f)
		return true;
	if (op == 0xd50320ff)
		return true;
	if ((op & 0xfffff0ff) == 0xd503201f && ((op & 0xf00) == 0x300 || (op & 0xf00) == 0x100))
		return true;
	return (op & 0xfffff01f) == 0xd503201f && ((op & 0xf00) == 0x300 || (op & 0xf00) == 0x100);
}

static const struct held_value *held_in(const struct step *s, unsigned reg)
{
	static const struct held_value nothing = {.at = -1};

	return reg == SP ? &nothing : &s->w->held[reg];
}

static void put(struct step *s, unsigned reg, struct held_value held)
{
	if (reg != SP)
		s->w->held[reg] = held;
	s->keep = true;
}

static void forget(struct code_walk *w, uint32_t registers)
{
	for (size_t i = 0; registers; i++, registers >>= 1)
		if (registers & 1)
			w->held[i] = (struct held_value){.at = -1};
}

static void call(struct step *s)
{
	forget(s->w, CALLER_SAVED);
	s->keep = true;
}

static void by_register(struct step *s, bool is_call)
{
	struct held_value held = *held_in(s, rn(s->op));
	const struct code_slot *slot;

	if (held.kind == HELD_DESC_ARG && is_call) {
		slot = code_slot_at(s->w->code, held.value);
		code_site(s->insn, CODE_SITE_TLS_DESC);
		code_part_at(s->w, held.at, CODE_SITE_TLS_DESC);
		code_through_slot(s->w, s->insn, held.value, true, NULL);
		if (slot && held_in(s, X0)->kind == HELD_PAGE)
			code_part_at(s->w, held_in(s, X0)->at, CODE_SITE_TLS_DESC);
		/* It keeps all registers but x0, x1 and the link. */
		forget(s->w, 1u << X0 | 1u << 1 | 1u << LR);
		put(s, X0, code_held(s->w, HELD_DESC));
		return;
	}
	if (held.kind == HELD_GOT) {
		code_part_at(s->w, held.at, CODE_SITE_CALL_GOT);
		code_through_slot(s->w, s->insn, held.value, is_call, held_in(s, X0));
	} else if (is_call) {
		code_site(s->insn, CODE_SITE_CALL_INDIRECT);
	} else {
		s->insn->class = CODE_INSN_JUMP_INDIRECT;
	}
	if (is_call)
		call(s);
	else
		forget(s->w, UINT32_MAX);
}

/* Calls, jumps, branches and returns; false if it is none. */
static bool transfer(struct step *s)
{
	uint32_t op = s->op;

	if ((op & 0x7c000000) == 0x14000000) {
		bool is_call = op >> 31;
		uint64_t target = s->addr + ((uint64_t)field(op, 0, 26) << 2);

		code_transfer(
			s->w, s->insn, target, is_call ? CODE_CALL : CODE_JUMP, held_in(s, X0));
		if (is_call)
			call(s);
		else
			forget(s->w, UINT32_MAX);
		return true;
	}
	if ((op & 0xff000000) == 0x54000000 || (op & 0x7e000000) == 0x34000000) {
		code_transfer(s->w, s->insn, s->addr + ((uint64_t)field(op, 5, 19) << 2),
			CODE_BRANCH, held_in(s, X0));
		s->keep = true;
		return true;
	}
	if ((op & 0x7e000000) == 0x36000000) {
		code_transfer(s->w, s->insn, s->addr + ((uint64_t)field(op, 5, 14) << 2),
			CODE_BRANCH, held_in(s, X0));
		s->keep = true;
		return true;
	}
	if (is_call_register(op) || is_jump_register(op)) {
		by_register(s, is_call_register(op));
		return true;
	}
	if (!is_return(op))
		return false;
	s->insn->class = CODE_INSN_FRAME;
	forget(s->w, UINT32_MAX);
	return true;
}

static void add_constant(struct step *s)
{
	struct held_value from = *held_in(s, rn(s->op)), to = {.at = -1};

	if (from.kind == HELD_PAGE) {
		const struct code_slot *slot;

		to = code_held(s->w, HELD_PAGE);
		to.value = from.value + add_imm(s->op);
		slot = code_slot_at(s->w->code, to.value);
		if (slot && slot->kind == SLOT_DTPMOD) {
			to.kind = HELD_GD_ARG;
			code_part_at(s->w, from.at, CODE_SITE_TLS_GD);
		} else if (slot && slot->kind == SLOT_DESC) {
			code_part(s->insn, CODE_SITE_TLS_DESC);
		}
	} else if (from.kind == HELD_TP) {
		code_tp_constant(s->w, &from, s->insn);
		/* The high and the low part of an offset are added one after the other. */
		if (s->op & 0x400000)
			to = from;
	} else if (from.kind == HELD_DESC || from.kind == HELD_CONST) {
		to = from;
	}
	put(s, rd(s->op), to);
}

static void load(struct step *s)
{
	struct held_value from = *held_in(s, rn(s->op)), to = {.at = -1};
	uint64_t offset = unsigned_offset(s->op);

	if (from.kind == HELD_PAGE && is_load64(s->op)) {
		if (!code_read_got(s->w, s->insn, from.value + offset, &to))
			to = (struct held_value){.at = -1};
		else if (to.kind == HELD_DESC_ARG)
			code_part(s->insn, CODE_SITE_TLS_DESC);
		if (to.kind != HELD_NOTHING)
			code_part_at(s->w, from.at, s->insn->class);
	} else if (from.kind == HELD_TP && offset >= TCB_SIZE) {
		code_tp_constant(s->w, &from, s->insn);
	} else if (from.kind == HELD_GOT) {
		const struct code_slot *slot = code_slot_at(s->w->code, from.value);

		if (slot && slot->stack_guard)
			s->insn->class = CODE_INSN_STACK_PROTECTOR;
	}
	/* Stores and vector registers write no general register. */
	if ((s->op & 0x04000000) || ((s->op >> 22) & 3) == 0)
		s->keep = true;
	else
		put(s, rd(s->op), to);
}

static void literal(struct step *s)
{
	uint64_t addr = s->addr + ((uint64_t)field(s->op, 5, 19) << 2);
	struct held_value to = {.at = -1};

	if (!code_read_got(s->w, s->insn, addr, &to))
		to = (struct held_value){.at = -1};
	put(s, rd(s->op), to);
}

/* add Xd, Xn, Xm */
static void add_registers(struct step *s)
{
	struct held_value a = *held_in(s, rn(s->op)), b = *held_in(s, rm(s->op));

	if (a.kind == HELD_TP)
		code_tp_with(s->w, &a, &b, s->insn);
	else if (b.kind == HELD_TP)
		code_tp_with(s->w, &b, &a, s->insn);
	put(s, rd(s->op), (struct held_value){.at = -1});
}

/* Loads and stores with a register as the offset. */
static void indexed(struct step *s)
{
	struct held_value a = *held_in(s, rn(s->op)), b = *held_in(s, rm(s->op));

	if (a.kind == HELD_TP)
		code_tp_with(s->w, &a, &b, s->insn);
	else if (b.kind == HELD_TP)
		code_tp_with(s->w, &b, &a, s->insn);
}

static bool is_stack_access(uint32_t op)
{
	if (rn(op) != SP)
		return false;
	/* pairs, and single registers of 64 and 128 bits */
	if ((op & 0x3a000000) == 0x28000000)
		return true;
	return is_unsigned_offset(op) && (op >> 30 == 3 || (op & 0xff800000) == 0x3d800000);
}

static void plain_class(struct step *s)
{
	uint32_t op = s->op;

	if (s->insn->class != CODE_INSN_OTHER)
		return;
	if (is_control_flow_marker(op))
		s->insn->class = CODE_INSN_CONTROL_FLOW;
	else if ((op & 0xbf8003ff) == 0x910003ff)
		s->insn->class = CODE_INSN_FRAME; /* add or sub sp, sp */
	else if ((op & 0xfffffc00) == 0x91000000 && (rd(op) == SP || rn(op) == SP) &&
		 (rd(op) == 29 || rn(op) == 29))
		s->insn->class = CODE_INSN_FRAME;
	else if ((op & 0x3b800000) == 0x28800000 && rn(op) == SP)
		s->insn->class = CODE_INSN_FRAME; /* pairs that move the stack pointer */
	else if (is_stack_access(op))
		s->insn->class = CODE_INSN_SPILL;
}

/* The general registers that it may write: most instructions have one, in the lowest bits. */
static uint32_t writes(uint32_t op)
{
	unsigned group = (op >> 25) & 15;

	if ((group & 5) == 4) {
		/* loads and stores: of pairs both, of others one; also what is written back */
		uint32_t bits = 1u << rn(op) | 1u << rd(op);

		if ((op & 0x3a000000) == 0x28000000)
			bits |= 1u << ((op >> 10) & 31);
		if ((op & 0x3f000000) == 0x08000000)
			bits |= 1u << rm(op);
		return op & 0x04000000 ? 1u << rn(op) : bits;
	}
	/* vectors: only moves to general registers; telling them apart is not worth it */
	return 1u << rd(op);
}

static void values(struct step *s)
{
	uint32_t op = s->op;

	if (is_adr(op)) {
		struct held_value page = code_held(s->w, HELD_PAGE);

		page.value = adr_target(op, s->addr);
		put(s, rd(op), page);
	} else if ((op & 0xffffffe0) == 0xd53bd040) {
		put(s, rd(op), code_held(s->w, HELD_TP));
	} else if (is_add_imm(op)) {
		add_constant(s);
	} else if (is_unsigned_offset(op)) {
		load(s);
	} else if ((op & 0xff000000) == 0x58000000) {
		literal(s);
	} else if ((op & 0xffe0fc00) == 0x8b000000) {
		add_registers(s);
	} else if ((op & 0x3b200c00) == 0x38200800) {
		indexed(s);
	} else if ((op & 0xffe0ffe0) == 0xaa0003e0) {
		put(s, rd(op), *held_in(s, rm(op))); /* mov Xd, Xm */
	} else if ((op & 0xff800000) == 0xd2800000 || (op & 0xff800000) == 0xf2800000) {
		put(s, rd(op), code_held(s->w, HELD_CONST)); /* movz, movk */
	}
}

/* Groups of encodings that hold no instructions, or only some of the newest extensions. */
static bool is_reserved(uint32_t op)
{
	unsigned group = (op >> 25) & 15;

	return group == 0 || group == 1 || group == 3;
}

size_t code_step_arm64(struct code_walk *w, const uint8_t *p, size_t left, uint64_t addr)
{
	struct step s = {.w = w, .addr = addr};

	if (left < 4)
		return 0;
	s.op = read_op(p);
	if (is_reserved(s.op))
		return 0;
	s.insn = code_add(w, p, 4, addr);
	if (!transfer(&s)) {
		values(&s);
		if (!s.keep)
			forget(w, writes(s.op) & ~(1u << SP));
	}
	plain_class(&s);
	return 4;
}

uint64_t code_stub_arm64(const uint8_t *p, size_t n, uint64_t addr)
{
	uint32_t op;

	/* bti c, then adrp x16; ldr x17, [x16, …] */
	if (n >= 4 && read_op(p) == 0xd503245f) {
		p += 4;
		n -= 4;
		addr += 4;
	}
	if (n < 8)
		return 0;
	op = read_op(p);
	if (!is_adr(op) || rd(op) != 16 || !is_load64(read_op(p + 4)) || rn(read_op(p + 4)) != 16)
		return 0;
	return adr_target(op, addr) + unsigned_offset(read_op(p + 4));
}
