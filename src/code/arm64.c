/* Classes AArch64 instructions, one by one.
 *
 * All instructions have four bytes, in little-endian order; which one it is stands in the upper
 * bits, registers mostly in the lower ones: Rd (or Rt) in 0 to 4, Rn in 5 to 9, Rm in 16 to 20.
 * Register 31 is the stack pointer or the zero register, by instruction.
 *
 * An address needs two instructions: adrp gives the page (4 KiB) it is on, and an add or the load
 * itself the rest. So the sequences of code.c look like this:
 *
 *	thread pointer    mrs x1, tpidr_el0
 *	local-exec        add x1, x1, #hi, lsl #12; add x1, x1, #lo
 *	initial-exec      adrp x0, slot; ldr x0, [x0, #lo]; add x0, x1, x0
 *	global-dynamic    adrp x0, slot; add x0, x0, #lo; bl __tls_get_addr
 *	descriptor        adrp x0, slot; ldr x2, [x0, #lo]; add x0, x0, #lo; blr x2; add x0, x1, x0
 *	PLT stub          adrp x16, slot; ldr x17, [x16, #lo]; add x16, x16, #lo; br x17
 *	GOT load          adrp x0, slot; ldr x0, [x0, #lo]
 *
 * Variables lie above the thread pointer here, after 16 bytes of the C library's. With BTI every
 * target of an indirect jump begins with a landing pad, with PAC functions sign their return
 * address. Both are no-operations to older processors.
 *
 * This file has been compared with objdump: over what a cross compiler makes of small sources, and
 * over three libraries of its sysroot, libc among them. It has never run on an AArch64 machine, nor
 * has what it counts been held against what such a machine executes. */
#include <endian.h>
#include <string.h>

#include "code/code-internal.h"

#define SP 31
#define X0 0
#define X1 1
#define FP 29
#define LR 30

/* x0 to x18, and x30, which the call itself writes */
#define CALLER_SAVED 0x4007ffffu

/* Bytes of glibc's own at the thread pointer. */
#define TCB_SIZE 16

struct arm_step {
	struct code_walk *w;
	struct code_insn *insn;
	uint32_t op;
	uint64_t addr;
	unsigned d, n, m; /* Rd, Rn, Rm */
	bool keep;        /* registers are already up to date */
};

static const struct held_value nothing_held = {.at = -1};

static uint32_t read_op(const uint8_t *p)
{
	uint32_t op;

	memcpy(&op, p, sizeof(op));
	return le32toh(op);
}

/* `bits` bits from `low` up, with their sign. */
static int64_t field(uint32_t op, unsigned low, unsigned bits)
{
	return (int64_t)((uint64_t)op << (64 - low - bits)) >> (64 - bits);
}

/* adr, adrp */
static bool is_adr(uint32_t op)
{
	return (op & 0x1f000000) == 0x10000000;
}

static uint64_t adr_target(uint32_t op, uint64_t addr)
{
	uint64_t imm = (uint64_t)field(op, 5, 19) << 2 | ((op >> 29) & 3);

	return op >> 31 ? (addr & ~(uint64_t)0xfff) + (imm << 12) : addr + imm;
}

/* ldr Xt, [Xn, #imm] */
static bool is_load64(uint32_t op)
{
	return (op & 0xffc00000) == 0xf9400000;
}

/* Loads and stores with an unsigned offset: any size, general and vector registers. */
static bool is_unsigned_offset(uint32_t op)
{
	return (op & 0x3b000000) == 0x39000000;
}

static uint64_t unsigned_offset(uint32_t op)
{
	/* The offset counts in operands; 128-bit vector registers have a size of their own. */
	unsigned scale = (op & 0xfc800000) == 0x3c800000 ? 4 : op >> 30;

	return (uint64_t)((op >> 10) & 0xfff) << scale;
}

/* bti; then paciasp, autiasp, their relatives for key B, x17 and a zero modifier; xpaclri */
static bool is_control_flow_marker(uint32_t op)
{
	uint32_t hint = op & 0xf00;

	return (op & 0xffffff3f) == 0xd503241f || op == 0xd50320ff ||
	       ((op & 0xfffff01f) == 0xd503201f && (hint == 0x300 || hint == 0x100));
}

static struct held_value held_in(const struct arm_step *s, unsigned reg)
{
	return reg == SP ? nothing_held : s->w->held[reg];
}

static void put(struct arm_step *s, unsigned reg, struct held_value held)
{
	if (reg != SP)
		s->w->held[reg] = held;
	s->keep = true;
}

static void forget(struct arm_step *s, uint32_t registers)
{
	for (size_t i = 0; registers; i++, registers >>= 1)
		if (registers & 1)
			s->w->held[i] = nothing_held;
	s->keep = true;
}

/* blr and br, and the forms that check a signature */
static void by_register(struct arm_step *s, bool call)
{
	struct held_value held = held_in(s, s->n), arg = held_in(s, X0);

	if (held.kind == HELD_DESC_ARG && call) {
		code_site(s->insn, CODE_SITE_TLS_DESC);
		code_part_at(s->w, held.at, CODE_SITE_TLS_DESC);
		code_through_slot(s->w, s->insn, held.value, true, NULL);
		if (code_slot_at(s->w->code, held.value) && arg.kind == HELD_PAGE)
			code_part_at(s->w, arg.at, CODE_SITE_TLS_DESC);
		/* It keeps all registers but x0, x1 and the link. */
		forget(s, 1u << X0 | 1u << X1 | 1u << LR);
		put(s, X0, code_held(s->w, HELD_DESC));
		return;
	}
	if (held.kind == HELD_GOT) {
		code_part_at(s->w, held.at, CODE_SITE_CALL_GOT);
		code_through_slot(s->w, s->insn, held.value, call, &arg);
	} else if (call) {
		code_site(s->insn, CODE_SITE_CALL_INDIRECT);
	} else {
		s->insn->class = CODE_INSN_JUMP_INDIRECT;
	}
	forget(s, call ? CALLER_SAVED : UINT32_MAX);
}

/* Calls, jumps, branches and returns; false for other instructions. */
static bool transfer(struct arm_step *s)
{
	uint32_t op = s->op;
	bool call = op >> 31;

	if ((op & 0x7c000000) == 0x14000000) { /* b, bl */
		code_transfer(s->w, s->insn, s->addr + ((uint64_t)field(op, 0, 26) << 2),
			call ? CODE_CALL : CODE_JUMP, &s->w->held[X0]);
		forget(s, call ? CALLER_SAVED : UINT32_MAX);
	} else if ((op & 0xff000000) == 0x54000000 || (op & 0x7e000000) == 0x34000000) {
		code_transfer(s->w, s->insn, s->addr + ((uint64_t)field(op, 5, 19) << 2),
			CODE_BRANCH, &s->w->held[X0]); /* b.cond, cbz, cbnz */
	} else if ((op & 0x7e000000) == 0x36000000) {
		code_transfer(s->w, s->insn, s->addr + ((uint64_t)field(op, 5, 14) << 2),
			CODE_BRANCH, &s->w->held[X0]); /* tbz, tbnz */
	} else if ((op & 0xfffffc1f) == 0xd63f0000 || (op & 0xfefff800) == 0xd63f0800) {
		by_register(s, true);
	} else if ((op & 0xfffffc1f) == 0xd61f0000 || (op & 0xfefff800) == 0xd61f0800) {
		by_register(s, false);
	} else if ((op & 0xfffffc1f) == 0xd65f0000 || (op & 0xfffffbff) == 0xd65f0bff) {
		s->insn->class = CODE_INSN_FRAME; /* ret */
		forget(s, UINT32_MAX);
	} else {
		return false;
	}
	return true;
}

/* add Xd, Xn, #imm{, lsl #12} */
static void add_constant(struct arm_step *s)
{
	struct held_value from = held_in(s, s->n), to = nothing_held;
	bool high = s->op & 0x400000;

	if (from.kind == HELD_PAGE) {
		const struct code_slot *slot;

		to = code_held(s->w, HELD_PAGE);
		to.value = from.value + ((uint64_t)((s->op >> 10) & 0xfff) << (high ? 12 : 0));
		slot = code_slot_at(s->w->code, to.value);
		if (slot && slot->kind == ELF_RELOC_DTPMOD) {
			to.kind = HELD_GD_ARG;
			code_part_at(s->w, from.at, CODE_SITE_TLS_GD);
		} else if (slot && slot->kind == ELF_RELOC_DESC) {
			code_part(s->insn, CODE_SITE_TLS_DESC);
		}
	} else if (from.kind == HELD_TP) {
		code_tp_constant(s->w, &from, s->insn);
		/* The low part of the offset is added next. */
		if (high)
			to = from;
	} else if (from.kind == HELD_DESC || from.kind == HELD_CONST) {
		to = from;
	}
	put(s, s->d, to);
}

static void load_or_store(struct arm_step *s)
{
	struct held_value from = held_in(s, s->n), to = nothing_held;
	uint64_t offset = unsigned_offset(s->op);
	const struct code_slot *slot;

	if (from.kind == HELD_PAGE && is_load64(s->op)) {
		if (code_read_got(s->w, s->insn, from.value + offset, &to)) {
			if (to.kind == HELD_DESC_ARG)
				code_part(s->insn, CODE_SITE_TLS_DESC);
			code_part_at(s->w, from.at, s->insn->class);
		}
	} else if (from.kind == HELD_TP && offset >= TCB_SIZE) {
		code_tp_constant(s->w, &from, s->insn);
	} else if (from.kind == HELD_GOT) {
		slot = code_slot_at(s->w->code, from.value);
		if (slot && slot->stack_guard)
			s->insn->class = CODE_INSN_STACK_PROTECTOR;
	}
	/* Stores and vector registers write no general register. */
	if ((s->op & 0x04000000) || ((s->op >> 22) & 3) == 0)
		s->keep = true;
	else
		put(s, s->d, to);
}

/* Follows the values that matter through loads, moves and additions. */
static void values(struct arm_step *s)
{
	uint32_t op = s->op;
	struct held_value n = held_in(s, s->n), m = held_in(s, s->m), to = nothing_held;
	bool add = (op & 0xffe0fc00) == 0x8b000000;     /* add Xd, Xn, Xm */
	bool indexed = (op & 0x3b200c00) == 0x38200800; /* loads and stores at Xn + Xm */

	if (is_adr(op)) {
		to = code_held(s->w, HELD_PAGE);
		to.value = adr_target(op, s->addr);
		put(s, s->d, to);
	} else if ((op & 0xffffffe0) == 0xd53bd040) { /* mrs Xd, tpidr_el0 */
		put(s, s->d, code_held(s->w, HELD_TP));
	} else if ((op & 0xff800000) == 0x91000000) {
		add_constant(s);
	} else if (is_unsigned_offset(op)) {
		load_or_store(s);
	} else if ((op & 0xff000000) == 0x58000000) { /* ldr Xd, near */
		code_read_got(s->w, s->insn, s->addr + ((uint64_t)field(op, 5, 19) << 2), &to);
		put(s, s->d, to);
	} else if (add || indexed) {
		if (n.kind == HELD_TP)
			code_tp_with(s->w, &n, &m, s->insn);
		else if (m.kind == HELD_TP)
			code_tp_with(s->w, &m, &n, s->insn);
		if (add)
			put(s, s->d, to);
	} else if ((op & 0xffe0ffe0) == 0xaa0003e0) { /* mov Xd, Xm */
		put(s, s->d, m);
	} else if ((op & 0xdf800000) == 0xd2800000) { /* movz, movk */
		put(s, s->d, code_held(s->w, HELD_CONST));
	}
}

/* The general registers that it may write: most instructions have one, in the lowest bits. */
static uint32_t writes(const struct arm_step *s)
{
	uint32_t op = s->op, bits = 1u << s->d;

	/* Loads and stores: of pairs both, of others one; also what is written back. Of vectors,
	 * elsewhere, only moves to general registers; telling them apart is not worth it. */
	if (((op >> 25) & 5) == 4) {
		if ((op & 0x3a000000) == 0x28000000)
			bits |= 1u << ((op >> 10) & 31);
		if ((op & 0x3f000000) == 0x08000000)
			bits |= 1u << s->m;
		bits = 1u << s->n | (op & 0x04000000 ? 0 : bits);
	}
	return bits & ~(1u << SP);
}

static uint8_t plain_class(const struct arm_step *s)
{
	uint32_t op = s->op;

	if (is_control_flow_marker(op))
		return CODE_INSN_CONTROL_FLOW;
	if ((op & 0xbf8003ff) == 0x910003ff) /* add or sub sp, sp */
		return CODE_INSN_FRAME;
	/* mov between sp and x29 */
	if ((op & 0xfffffc00) == 0x91000000 && (s->d == SP || s->n == SP) &&
		(s->d == FP || s->n == FP))
		return CODE_INSN_FRAME;
	if (s->n != SP)
		return CODE_INSN_OTHER;
	if ((op & 0x3b800000) == 0x28800000) /* pairs that move the stack pointer */
		return CODE_INSN_FRAME;
	/* pairs, and single registers of 64 and 128 bits */
	if ((op & 0x3a000000) == 0x28000000 ||
		(is_unsigned_offset(op) && (op >> 30 == 3 || (op & 0xff800000) == 0x3d800000)))
		return CODE_INSN_SPILL;
	return CODE_INSN_OTHER;
}

size_t code_step_arm64(struct code_walk *w, const uint8_t *p, size_t left, uint64_t addr)
{
	struct arm_step s = {.w = w, .addr = addr};
	unsigned group;

	if (left < 4)
		return 0;
	s.op = read_op(p);
	/* Groups that hold no instructions, or only some of the newest extensions. */
	group = (s.op >> 25) & 15;
	if (group == 0 || group == 1 || group == 3)
		return 0;
	s.d = s.op & 31;
	s.n = (s.op >> 5) & 31;
	s.m = (s.op >> 16) & 31;
	s.insn = code_add(w, p, 4, addr);
	if (!transfer(&s)) {
		values(&s);
		if (!s.keep)
			forget(&s, writes(&s));
	}
	if (s.insn->class == CODE_INSN_OTHER)
		s.insn->class = plain_class(&s);
	return 4;
}

uint64_t code_stub_arm64(const uint8_t *p, size_t n, uint64_t addr)
{
	uint32_t page, load;

	/* bti c, then adrp x16; ldr x17, [x16, …] */
	if (n >= 4 && read_op(p) == 0xd503245f) {
		p += 4;
		n -= 4;
		addr += 4;
	}
	if (n < 8)
		return 0;
	page = read_op(p);
	load = read_op(p + 4);
	if (!is_adr(page) || (page & 31) != 16 || !is_load64(load) || ((load >> 5) & 31) != 16)
		return 0;
	return adr_target(page, addr) + unsigned_offset(load);
}
