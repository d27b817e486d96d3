#include "code/code-internal.h"

#define REG_RAX 0
#define REG_RSP 4
#define REG_RBP 5
#define REG_RDI 7
/* rax, rcx, rdx, rsi, rdi, r8 to r11 */
#define CALLER_SAVED 0x0fc7u

/* What glibc keeps beside the thread pointer: variables are below it. */
#define TCB_STACK_GUARD 0x28

struct step {
	struct code_walk *w;
	const struct x86_decoded *in;
	struct code_insn *insn;
	uint64_t next;
	/* What the instruction leaves in a register, over and above the registers that it clears.
	 */
	uint8_t to;
	struct held_value held;
	uint32_t clobbers;
};

static const struct held_value *held_in(const struct step *s, uint8_t reg)
{
	static const struct held_value nothing = {.at = -1};

	return reg < X86_NO_REGISTER ? &s->w->held[reg] : &nothing;
}

static void leave(struct step *s, uint8_t reg, struct held_value held)
{
	s->to = reg;
	s->held = held;
}

/* mov from memory or a register into a whole register */
static bool is_load(const struct x86_decoded *in)
{
	return in->map == 0 && in->opcode == 0x8b;
}

static void forget_all(struct code_walk *w)
{
	for (size_t i = 0; i < X86_NO_REGISTER; i++)
		w->held[i] = (struct held_value){.at = -1};
}

/* %fs:OFFSET without a register. */
static void at_thread_pointer(struct step *s)
{
	const struct x86_decoded *in = s->in;

	if (in->disp < 0) {
		code_site(s->insn, CODE_SITE_TLS_LE);
	} else if (in->disp == TCB_STACK_GUARD) {
		s->insn->class = CODE_INSN_STACK_PROTECTOR;
		if (is_load(in)) {
			leave(s, in->reg, code_held(s->w, HELD_GUARD));
			return;
		}
		if (held_in(s, in->reg)->kind == HELD_STACK && held_in(s, in->reg)->at >= 0)
			s->w->v[held_in(s, in->reg)->at].class = CODE_INSN_STACK_PROTECTOR;
		s->w->guard_compared = true;
	} else if (in->disp == 0 && is_load(in)) {
		leave(s, in->reg, code_held(s->w, HELD_TP));
	} else if (in->disp == 0 && in->opcode == 0x03) {
		struct held_value tp = {.kind = HELD_TP, .at = -1};

		code_tp_with(s->w, &tp, held_in(s, in->reg), s->insn);
	}
}

/* %fs: with registers. */
static void beside_thread_pointer(struct step *s)
{
	const struct held_value *base = held_in(s, s->in->base);
	const struct held_value *index = held_in(s, s->in->index);
	struct held_value tp = {.kind = HELD_TP, .at = -1};

	if (base->kind != HELD_NOTHING && base->kind != HELD_STACK)
		code_tp_with(s->w, &tp, base, s->insn);
	else if (index->kind != HELD_NOTHING && index->kind != HELD_STACK)
		code_tp_with(s->w, &tp, index, s->insn);
	else if (s->in->disp < 0)
		code_site(s->insn, CODE_SITE_TLS_LE);
	else
		code_tp_with(s->w, &tp, base, s->insn);
}

static void thread_memory(struct step *s)
{
	if (s->in->rip)
		return;
	if (s->in->base == X86_NO_REGISTER && s->in->index == X86_NO_REGISTER)
		at_thread_pointer(s);
	else
		beside_thread_pointer(s);
}

static void lea_beside(struct step *s, uint64_t addr)
{
	const struct code_slot *slot = code_slot_at(s->w->code, addr);

	if (!slot)
		return;
	/* The padding before the lea is what tells the two sequences apart. */
	if (slot->kind == SLOT_DTPMOD && s->in->reg == REG_RDI)
		leave(s, s->in->reg, code_held(s->w, s->in->p66 ? HELD_GD_ARG : HELD_LD_ARG));
	else if (slot->kind == SLOT_DESC)
		leave(s, s->in->reg, code_held(s->w, HELD_DESC_ARG));
	s->held.value = addr;
}

static void memory_beside(struct step *s)
{
	const struct x86_decoded *in = s->in;
	uint64_t addr = s->next + (uint64_t)in->disp;
	struct held_value held;

	if (in->map == 0 && in->opcode == 0x8d) {
		lea_beside(s, addr);
		return;
	}
	if (!code_read_got(s->w, s->insn, addr, &held))
		return;
	if (is_load(in))
		leave(s, in->reg, held);
	else if (in->map == 0 && in->opcode == 0x03 && held.kind == HELD_TPOFF)
		code_tp_with(s->w, held_in(s, in->reg), &held, s->insn);
}

/* A thread pointer in a register, used as an address. */
static void memory_by_register(struct step *s)
{
	const struct held_value *base = held_in(s, s->in->base);
	const struct held_value *index = held_in(s, s->in->index);

	if (index->kind == HELD_TP) {
		const struct held_value *swap = base;

		base = index;
		index = swap;
	}
	if (base->kind == HELD_TP) {
		if (index->kind == HELD_TPOFF || index->kind == HELD_DESC ||
			index->kind == HELD_CONST)
			code_tp_with(s->w, base, index, s->insn);
		else if (s->in->disp < 0)
			code_tp_constant(s->w, base, s->insn);
	} else if (s->in->map == 0 && s->in->opcode == 0x8d && index->kind == HELD_NOTHING &&
		   (base->kind == HELD_CONST || base->kind == HELD_DESC)) {
		/* From a module's offset to a variable's. */
		leave(s, s->in->reg, *base);
	} else if (s->in->base == REG_RSP || (s->in->base == REG_RBP && s->w->frame_pointer)) {
		if (is_load(s->in)) {
			leave(s, s->in->reg, code_held(s->w, HELD_STACK));
		} else if (s->in->map == 0 && (s->in->opcode & ~2u) == 0x39 &&
			   held_in(s, s->in->reg)->kind == HELD_GUARD) {
			/* clang loads the value again and compares it with what was kept. */
			s->insn->class = CODE_INSN_STACK_PROTECTOR;
			s->w->guard_compared = true;
		}
	}
}

static void call_through_register(struct step *s, bool call)
{
	const struct x86_decoded *in = s->in;
	const struct held_value *held = held_in(s, in->memory ? in->base : in->rm);

	if (in->memory && held->kind == HELD_DESC_ARG && call && in->disp == 0 &&
		in->index == X86_NO_REGISTER) {
		code_site(s->insn, CODE_SITE_TLS_DESC);
		code_part_at(s->w, held->at, CODE_SITE_TLS_DESC);
		code_through_slot(s->w, s->insn, held->value, call, NULL);
		/* It keeps all registers but the one with its result. */
		s->clobbers = 0;
		leave(s, REG_RAX, code_held(s->w, HELD_DESC));
	} else if (!in->memory && held->kind == HELD_GOT) {
		code_part_at(s->w, held->at, CODE_SITE_CALL_GOT);
		code_through_slot(s->w, s->insn, held->value, call, held_in(s, REG_RDI));
	} else if (call) {
		code_site(s->insn, CODE_SITE_CALL_INDIRECT);
	} else {
		s->insn->class = CODE_INSN_JUMP_INDIRECT;
	}
}

static void through_memory(struct step *s, bool call)
{
	const struct x86_decoded *in = s->in;
	uint64_t addr = s->next + (uint64_t)in->disp;

	s->clobbers = CALLER_SAVED;
	if (in->memory && in->rip && !in->fs && code_in_got(s->w->code, addr))
		code_through_slot(s->w, s->insn, addr, call, held_in(s, REG_RDI));
	else
		call_through_register(s, call);
	if (!call)
		forget_all(s->w);
}

/* Calls, jumps and branches; false if it is none. */
static bool transfer(struct step *s)
{
	const struct x86_decoded *in = s->in;
	uint64_t target = s->next + (uint64_t)in->imm;

	if (in->vector || in->map > 1)
		return false;
	if (in->map == 0 && in->opcode == 0xff) {
		unsigned group = in->reg & 7;

		if (group != 2 && group != 4)
			return false;
		through_memory(s, group == 2);
		return true;
	}
	if (in->map == 0 && in->opcode == 0xe8) {
		s->clobbers = CALLER_SAVED;
		code_transfer(s->w, s->insn, target, CODE_CALL, held_in(s, REG_RDI));
		return true;
	}
	if (in->map == 0 && (in->opcode == 0xe9 || in->opcode == 0xeb)) {
		code_transfer(s->w, s->insn, target, CODE_JUMP, held_in(s, REG_RDI));
		forget_all(s->w);
		return true;
	}
	if (in->map == 0 ? in->opcode < 0x70 || in->opcode > 0x7f
			 : in->opcode < 0x80 || in->opcode > 0x8f)
		return false;
	code_transfer(s->w, s->insn, target, CODE_BRANCH, held_in(s, REG_RDI));
	return true;
}

/* Arithmetic and moves between registers, and with constants. */
static void registers(struct step *s)
{
	const struct x86_decoded *in = s->in;
	unsigned op = in->opcode;

	if (in->map != 0 || in->vector)
		return;
	if ((op == 0x89 || op == 0x8b) && in->wide) {
		uint8_t from = op == 0x89 ? in->reg : in->rm;

		leave(s, op == 0x89 ? in->rm : in->reg, *held_in(s, from));
	} else if ((op == 0x01 || op == 0x03) && in->wide) {
		const struct held_value *a = held_in(s, in->rm), *b = held_in(s, in->reg);

		if (a->kind == HELD_TP)
			code_tp_with(s->w, a, b, s->insn);
		else if (b->kind == HELD_TP)
			code_tp_with(s->w, b, a, s->insn);
	} else if ((op == 0x81 || op == 0x83) && in->wide &&
		   ((in->reg & 7) == 0 || (in->reg & 7) == 5)) {
		if (held_in(s, in->rm)->kind == HELD_TP)
			code_tp_constant(s->w, held_in(s, in->rm), s->insn);
	} else if ((op == 0x05 || op == 0x2d) && in->wide) {
		if (held_in(s, REG_RAX)->kind == HELD_TP)
			code_tp_constant(s->w, held_in(s, REG_RAX), s->insn);
	} else if (op == 0xc7 && in->wide && in->imm <= 0) {
		leave(s, in->rm, code_held(s->w, HELD_CONST));
	}
}

static bool is_control_flow_marker(const struct x86_decoded *in)
{
	/* endbr64, endbr32 and rdssp are no-operations where they are not known. */
	return in->map == 1 && in->opcode == 0x1e && in->f3 && !in->memory;
}

static bool is_frame(const struct x86_decoded *in)
{
	unsigned op = in->opcode;

	if (in->map != 0 || in->vector)
		return false;
	if ((op >= 0x50 && op <= 0x5f) || op == 0xc8 || op == 0xc9 || op == 0xc2 || op == 0xc3)
		return true;
	if (in->memory)
		return op == 0x8d && in->reg == REG_RSP;
	if (op == 0x81 || op == 0x83)
		return in->rm == REG_RSP && (in->reg & 7) != 7;
	if (op == 0x89 || op == 0x8b)
		return in->wide && ((in->rm == REG_RSP && in->reg == REG_RBP) ||
					   (in->rm == REG_RBP && in->reg == REG_RSP));
	return false;
}

/* A whole register to or from the stack. */
static bool is_spill(const struct code_walk *w, const struct x86_decoded *in)
{
	unsigned op = in->opcode;

	if (!in->memory || in->rip || in->fs || in->vector || in->index != X86_NO_REGISTER ||
		!(in->base == REG_RSP || (in->base == REG_RBP && w->frame_pointer)))
		return false;
	if (in->map == 0)
		return op == 0x89 || op == 0x8b;
	return in->map == 1 && (op == 0x10 || op == 0x11 || op == 0x28 || op == 0x29);
}

static void plain_class(struct step *s)
{
	const struct x86_decoded *in = s->in;

	if (s->insn->class != CODE_INSN_OTHER)
		return;
	if (is_control_flow_marker(in)) {
		s->insn->class = CODE_INSN_CONTROL_FLOW;
	} else if (is_frame(in)) {
		s->insn->class = CODE_INSN_FRAME;
	} else if (is_spill(s->w, in)) {
		s->insn->class = CODE_INSN_SPILL;
		if (in->map == 0 && in->opcode == 0x89 && held_in(s, in->reg)->kind == HELD_GUARD)
			s->insn->class = CODE_INSN_STACK_PROTECTOR;
	}
	if (in->map == 0 && in->wide && !in->memory &&
		((in->opcode == 0x89 && in->reg == REG_RSP && in->rm == REG_RBP) ||
			(in->opcode == 0x8b && in->rm == REG_RSP && in->reg == REG_RBP)))
		s->w->frame_pointer = true;
}

static void update_registers(struct step *s)
{
	uint32_t writes = s->clobbers | x86_writes(s->in);

	for (size_t i = 0; writes; i++, writes >>= 1)
		if (writes & 1)
			s->w->held[i] = (struct held_value){.at = -1};
	if (s->to != X86_NO_REGISTER)
		s->w->held[s->to] = s->held;
	/* Nothing falls through a return. */
	if (s->in->map == 0 && (s->in->opcode == 0xc3 || s->in->opcode == 0xc2))
		forget_all(s->w);
}

size_t code_step_x86(struct code_walk *w, const uint8_t *p, size_t left, uint64_t addr)
{
	bool after_compare = w->guard_compared;
	struct x86_decoded in;
	struct step s = {.w = w, .in = &in, .to = X86_NO_REGISTER, .held = {.at = -1}};

	if (!x86_decode(p, left, &in))
		return 0;
	w->guard_compared = false;
	s.insn = code_add(w, p, in.len, addr);
	s.next = addr + in.len;
	if (transfer(&s)) {
		if (after_compare && s.insn->class == CODE_INSN_OTHER)
			s.insn->class = CODE_INSN_STACK_PROTECTOR;
	} else if (in.memory && in.fs && !(in.map == 0 && in.opcode == 0x8d)) {
		thread_memory(&s);
	} else if (in.memory && in.rip) {
		memory_beside(&s);
	} else if (in.memory) {
		memory_by_register(&s);
	} else {
		registers(&s);
	}
	plain_class(&s);
	update_registers(&s);
	return in.len;
}

uint64_t code_stub_x86(const uint8_t *p, size_t n, uint64_t addr)
{
	struct x86_decoded in;

	/* endbr64, then the jump, perhaps with a prefix from the days of MPX. */
	for (int i = 0; i < 2 && x86_decode(p, n, &in); i++) {
		if (in.map == 0 && in.opcode == 0xff && (in.reg & 7) == 4 && in.rip)
			return addr + in.len + (uint64_t)in.disp;
		if (!is_control_flow_marker(&in))
			return 0;
		p += in.len;
		n -= in.len;
		addr += in.len;
	}
	return 0;
}
