/* Classes x86-64 instructions, one by one.
 *
 * How the sequences of code.c look here, where x@gottpoff(%rip), say, is a slot of the GOT, by its
 * distance from the instruction:
 *
 *	local-exec        mov %fs:-8,%eax                     or  mov %fs:0,%rax; mov -8(%rax),%eax
 *	initial-exec      mov x@gottpoff(%rip),%rax           mov %fs:(%rax),%eax
 *	global-dynamic    data16 lea x@tlsgd(%rip),%rdi       call __tls_get_addr
 *	local-dynamic     lea x@tlsld(%rip),%rdi              call __tls_get_addr
 *	descriptor        lea x@tlsdesc(%rip),%rax            call *(%rax); mov %fs:(%rax),%ecx
 *	call, -fno-plt    call *f@GOTPCREL(%rip)
 *	PLT stub          endbr64                             jmp *f@GOT(%rip)
 *	GOT load          mov x@GOTPCREL(%rip),%rax
 *
 * Only the padding of the first lea tells global-dynamic from local-dynamic: both pass a slot of
 * kind DTPMOD. The word at %fs:0 is the thread pointer itself, so that code can have it in a
 * register. The stack protector keeps its value at %fs:0x28. */
#include "code/code-internal.h"

#define REG_RAX 0
#define REG_RSP 4
#define REG_RBP 5
#define REG_RDI 7
/* rax, rcx, rdx, rsi, rdi, r8 to r11 */
#define CALLER_SAVED 0x0fc7u

#define MOV_STORE 0x89
#define MOV_LOAD 0x8b
#define LEA 0x8d

/* From the thread pointer on there are glibc's own words; variables are below it. */
#define TCB_STACK_GUARD 0x28

struct x86_step {
	struct code_walk *w;
	const struct x86_decoded *in;
	struct code_insn *insn;
	uint64_t next;
	/* A value that it leaves in a register, and further registers that it clears. */
	uint8_t to;
	struct held_value held;
	uint32_t clobbers;
};

static const struct held_value nothing_held = {.at = -1};

static const struct held_value *held_in(const struct x86_step *s, uint8_t reg)
{
	return reg < X86_NO_REGISTER ? &s->w->held[reg] : &nothing_held;
}

static void leave(struct x86_step *s, uint8_t reg, struct held_value held)
{
	s->to = reg;
	s->held = held;
}

static void forget_all(struct code_walk *w)
{
	for (size_t i = 0; i < X86_NO_REGISTER; i++)
		w->held[i] = nothing_held;
}

static bool on_stack(const struct x86_step *s)
{
	return s->in->base == REG_RSP || (s->in->base == REG_RBP && s->w->frame_pointer);
}

/* An operand in the segment %fs. */
static void thread_memory(struct x86_step *s)
{
	static const struct held_value tp = {.kind = HELD_TP, .at = -1};
	const struct x86_decoded *in = s->in;
	const struct held_value *base = held_in(s, in->base), *index = held_in(s, in->index);
	const struct held_value *reg = held_in(s, in->reg);

	if (in->rip)
		return;
	if (in->base != X86_NO_REGISTER || in->index != X86_NO_REGISTER) {
		bool by_index = base->kind == HELD_NOTHING || base->kind == HELD_STACK;

		if (by_index && index->kind != HELD_NOTHING && index->kind != HELD_STACK) {
			base = index;
		} else if (by_index && in->disp < 0) {
			code_site(s->insn, CODE_SITE_TLS_LE);
			return;
		}
		code_tp_with(s->w, &tp, base, s->insn);
	} else if (in->disp < 0) {
		code_site(s->insn, CODE_SITE_TLS_LE);
	} else if (in->disp == TCB_STACK_GUARD) {
		s->insn->class = CODE_INSN_STACK_PROTECTOR;
		if (in->op == MOV_LOAD) {
			leave(s, in->reg, code_held(s->w, HELD_GUARD));
			return;
		}
		if (reg->kind == HELD_STACK && reg->at >= 0)
			s->w->v[reg->at].class = CODE_INSN_STACK_PROTECTOR;
		s->w->guard_compared = true;
	} else if (in->disp == 0 && in->op == MOV_LOAD) {
		leave(s, in->reg, code_held(s->w, HELD_TP));
	} else if (in->disp == 0 && in->op == 0x03) {
		code_tp_with(s->w, &tp, reg, s->insn);
	}
}

/* An operand at a distance from the instruction: a slot of the GOT, perhaps. */
static void near_memory(struct x86_step *s)
{
	const struct x86_decoded *in = s->in;
	uint64_t addr = s->next + (uint64_t)in->disp;
	const struct code_slot *slot;
	struct held_value held;

	if (in->op == LEA) {
		slot = code_slot_at(s->w->code, addr);
		if (slot && slot->kind == ELF_RELOC_DTPMOD && in->reg == REG_RDI)
			leave(s, in->reg, code_held(s->w, in->p66 ? HELD_GD_ARG : HELD_LD_ARG));
		else if (slot && slot->kind == ELF_RELOC_DESC)
			leave(s, in->reg, code_held(s->w, HELD_DESC_ARG));
		s->held.value = addr;
	} else if (code_read_got(s->w, s->insn, addr, &held)) {
		if (in->op == MOV_LOAD)
			leave(s, in->reg, held);
		else if (in->op == 0x03 && held.kind == HELD_TPOFF)
			code_tp_with(s->w, held_in(s, in->reg), &held, s->insn);
	}
}

/* An operand where registers point: one may hold the thread pointer. */
static void pointed_memory(struct x86_step *s)
{
	const struct x86_decoded *in = s->in;
	const struct held_value *base = held_in(s, in->base), *index = held_in(s, in->index);

	if (index->kind == HELD_TP) {
		const struct held_value *swap = base;

		base = index;
		index = swap;
	}
	if (base->kind == HELD_TP) {
		if (index->kind == HELD_TPOFF || index->kind == HELD_DESC ||
			index->kind == HELD_CONST)
			code_tp_with(s->w, base, index, s->insn);
		else if (in->disp < 0)
			code_tp_constant(s->w, base, s->insn);
	} else if (in->op == LEA && index->kind == HELD_NOTHING &&
		   (base->kind == HELD_CONST || base->kind == HELD_DESC)) {
		/* From a module's offset to a variable's. */
		leave(s, in->reg, *base);
	} else if (on_stack(s) && in->op == MOV_LOAD) {
		leave(s, in->reg, code_held(s->w, HELD_STACK));
	} else if (on_stack(s) && (in->op & ~2u) == 0x39 &&
		   held_in(s, in->reg)->kind == HELD_GUARD) {
		/* clang loads the value again and compares it with what was kept. */
		s->insn->class = CODE_INSN_STACK_PROTECTOR;
		s->w->guard_compared = true;
	}
}

static void through_operand(struct x86_step *s, bool call)
{
	const struct x86_decoded *in = s->in;
	const struct held_value *held = held_in(s, in->memory ? in->base : in->rm);
	uint64_t addr = s->next + (uint64_t)in->disp;

	s->clobbers = CALLER_SAVED;
	if (in->memory && in->rip && !in->fs && code_in_got(s->w->code, addr)) {
		code_through_slot(s->w, s->insn, addr, call, held_in(s, REG_RDI));
	} else if (in->memory && held->kind == HELD_DESC_ARG && call && in->disp == 0 &&
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
	if (!call)
		forget_all(s->w);
}

/* Calls, jumps and branches; false for other instructions. */
static bool transfer(struct x86_step *s)
{
	const struct x86_decoded *in = s->in;
	uint64_t target = s->next + (uint64_t)in->imm;
	const struct held_value *arg = held_in(s, REG_RDI);

	switch (in->op) {
	case 0xff:
		if ((in->reg & 7) != 2 && (in->reg & 7) != 4)
			return false;
		through_operand(s, (in->reg & 7) == 2);
		return true;
	case 0xe8:
		s->clobbers = CALLER_SAVED;
		code_transfer(s->w, s->insn, target, CODE_CALL, arg);
		return true;
	case 0xe9:
	case 0xeb:
		code_transfer(s->w, s->insn, target, CODE_JUMP, arg);
		forget_all(s->w);
		return true;
	case 0x70 ... 0x7f:
	case 0x180 ... 0x18f:
		code_transfer(s->w, s->insn, target, CODE_BRANCH, arg);
		return true;
	default:
		return false;
	}
}

/* Arithmetic and moves between registers, and with constants. */
static void registers(struct x86_step *s)
{
	const struct x86_decoded *in = s->in;
	const struct held_value *rm = held_in(s, in->rm), *reg = held_in(s, in->reg);

	if (!in->wide)
		return;
	switch (in->op) {
	case MOV_STORE:
		leave(s, in->rm, *reg);
		break;
	case MOV_LOAD:
		leave(s, in->reg, *rm);
		break;
	case 0x01: /* add */
	case 0x03:
		if (rm->kind == HELD_TP)
			code_tp_with(s->w, rm, reg, s->insn);
		else if (reg->kind == HELD_TP)
			code_tp_with(s->w, reg, rm, s->insn);
		break;
	case 0x81: /* add and sub of a constant */
	case 0x83:
		if (rm->kind == HELD_TP && ((in->reg & 7) == 0 || (in->reg & 7) == 5))
			code_tp_constant(s->w, rm, s->insn);
		break;
	case 0x05: /* the same, of %rax */
	case 0x2d:
		if (held_in(s, REG_RAX)->kind == HELD_TP)
			code_tp_constant(s->w, held_in(s, REG_RAX), s->insn);
		break;
	case 0xc7: /* mov of a constant */
		if (in->imm <= 0)
			leave(s, in->rm, code_held(s->w, HELD_CONST));
		break;
	default:
		break;
	}
}

/* endbr64, endbr32 and rdssp: no-operations to processors that do not know them. */
static bool is_control_flow_marker(const struct x86_decoded *in)
{
	return in->op == 0x11e && in->f3 && !in->memory;
}

static bool is_frame(const struct x86_decoded *in)
{
	switch (in->op) {
	case 0x50 ... 0x5f: /* push, pop */
	case 0xc8:          /* enter, leave, ret */
	case 0xc9:
	case 0xc2:
	case 0xc3:
		return true;
	case LEA:
		return in->memory && in->reg == REG_RSP;
	case 0x81:
	case 0x83:
		return !in->memory && in->rm == REG_RSP && (in->reg & 7) != 7;
	case MOV_STORE:
	case MOV_LOAD:
		return !in->memory && in->wide &&
		       ((in->rm == REG_RSP && in->reg == REG_RBP) ||
			       (in->rm == REG_RBP && in->reg == REG_RSP));
	default:
		return false;
	}
}

/* A whole register, of vectors too, to or from the stack. */
static bool is_spill(const struct x86_step *s)
{
	const struct x86_decoded *in = s->in;

	return in->memory && !in->fs && in->index == X86_NO_REGISTER && on_stack(s) &&
	       (in->op == MOV_STORE || in->op == MOV_LOAD || (in->op & ~1u) == 0x110 ||
		       (in->op & ~1u) == 0x128);
}

/* The class of what belongs to no sequence. */
static void plain_class(struct x86_step *s)
{
	const struct x86_decoded *in = s->in;

	if (s->insn->class != CODE_INSN_OTHER)
		return;
	if (is_control_flow_marker(in)) {
		s->insn->class = CODE_INSN_CONTROL_FLOW;
	} else if (is_frame(in)) {
		s->insn->class = CODE_INSN_FRAME;
		if (!in->memory && ((in->op == MOV_STORE && in->rm == REG_RBP) ||
					   (in->op == MOV_LOAD && in->reg == REG_RBP)))
			s->w->frame_pointer = true;
	} else if (is_spill(s)) {
		s->insn->class = in->op == MOV_STORE && held_in(s, in->reg)->kind == HELD_GUARD
					 ? CODE_INSN_STACK_PROTECTOR
					 : CODE_INSN_SPILL;
	}
}

size_t code_step_x86(struct code_walk *w, const uint8_t *p, size_t left, uint64_t addr)
{
	bool after_compare = w->guard_compared;
	struct x86_decoded in;
	struct x86_step s = {.w = w, .in = &in, .to = X86_NO_REGISTER, .held = {.at = -1}};

	if (!x86_decode(p, left, &in))
		return 0;
	w->guard_compared = false;
	s.insn = code_add(w, p, in.len, addr);
	s.next = addr + in.len;
	s.insn->address = in.op == LEA && in.rip && in.wide;
	s.insn->by_result =
		in.op == MOV_LOAD && in.base == REG_RAX && in.index == X86_NO_REGISTER && !in.fs;
	if (transfer(&s)) {
		if (after_compare && s.insn->class == CODE_INSN_OTHER)
			s.insn->class = CODE_INSN_STACK_PROTECTOR;
	} else if (in.memory && in.fs && in.op != LEA) {
		thread_memory(&s);
	} else if (in.memory && in.rip) {
		near_memory(&s);
	} else if (in.memory) {
		pointed_memory(&s);
	} else {
		registers(&s);
	}
	plain_class(&s);
	for (uint32_t i = 0, writes = s.clobbers | x86_writes(&in); writes; i++, writes >>= 1)
		if (writes & 1)
			w->held[i] = nothing_held;
	if (s.to != X86_NO_REGISTER)
		w->held[s.to] = s.held;
	/* Nothing falls through a return. */
	if (in.op == 0xc3 || in.op == 0xc2)
		forget_all(w);
	return in.len;
}

uint64_t code_stub_x86(const uint8_t *p, size_t n, uint64_t addr)
{
	struct x86_decoded in;

	/* endbr64, then the jump, perhaps with a prefix from the days of MPX. */
	for (int i = 0; i < 2 && x86_decode(p, n, &in); i++) {
		if (in.op == 0xff && (in.reg & 7) == 4 && in.rip)
			return addr + in.len + (uint64_t)in.disp;
		if (!is_control_flow_marker(&in))
			return 0;
		p += in.len;
		n -= in.len;
		addr += in.len;
	}
	return 0;
}
