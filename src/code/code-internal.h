/* Inside the room: what the walk over code and the two machines share.
 *
 * code_open() gathers what is known about a file's code: where it is, where functions begin and
 * end, which words the loader fills in, and with what. code_walk() then runs a machine's step over
 * every instruction of every function, and hands the classed instructions on in pieces.
 */
#ifndef SOLDER_CODE_INTERNAL_H
#define SOLDER_CODE_INTERNAL_H

#include "code/code.h"
#include "elf/image.h"

/* A stretch of addresses: of a function, or of an executable section (a segment, where there are no
 * section headers). */
struct code_span {
	uint64_t start;
	uint64_t end;     /* 0, while functions are gathered: where the next one begins */
	const char *name; /* of a function, in the file's mapping, or of a PLT's section; or NULL */
	const uint8_t *p; /* its bytes */
	uint8_t bolt;     /* of a region: enum code_bolt */
};

/* What BOLT did to a region. */
enum code_bolt { CODE_BOLT_NOT, CODE_BOLT_OLD, CODE_BOLT_NEW };

/* A word that a dynamic relocation fills in. */
struct code_slot {
	uint64_t addr;
	uint32_t symbol;   /* in .dynsym; 0: none */
	uint8_t kind;      /* enum elf_reloc_kind */
	bool defined;      /* the file defines the symbol */
	bool tls_get_addr; /* the symbol is __tls_get_addr */
	bool stack_guard;  /* the symbol is __stack_chk_guard */
};

#define CODE_MAX_GOT 8

struct code {
	struct elf_image img;
	struct code_span *regions; /* executable; sorted, not overlapping; with a name: PLTs */
	size_t n_regions;
	struct code_span got[CODE_MAX_GOT];
	size_t n_got;
	struct code_slot *slots; /* sorted */
	size_t n_slots;
	struct elf_slice dynsym;
	struct elf_slice dynstr;     /* every name in it has an end */
	struct code_span *functions; /* sorted, not overlapping, each inside one region */
	size_t n_functions;
	struct code_alias *aliases; /* further names of functions, by address */
	size_t n_aliases;
	bool symtab;  /* names functions */
	uint64_t old; /* bytes of old copies of functions that BOLT moved */
};

#define CLEANUP_CODE CLEANUP(code_close)

/* The data must outlive the code. */
int code_open(struct code *code, const void *data, size_t len, struct err *err);
void code_close(struct code *code);

/* Fills in parts, split, moved, left and old. */
void code_count_parts(const struct code *code, struct code_counts *counts);

/* Parts of code_open(). */
void code_add_function(struct code *code, uint64_t start, uint64_t end, const char *name);
int code_read_eh_frame(struct code *code, struct err *err);

/* The function that holds an address, or NULL. */
const struct code_span *code_region_at(const struct code *code, uint64_t addr);
const struct code_span *code_function_at(const struct code *code, uint64_t addr);
const struct code_slot *code_slot_at(const struct code *code, uint64_t addr);
/* True if the word is in a section of the GOT or, without section headers, a slot. */
bool code_in_got(const struct code *code, uint64_t addr);
/* The name of a slot's symbol; NULL when it has none, or there is no slot. */
const char *code_slot_name(const struct code *code, const struct code_slot *slot);
/* The slot that the PLT stub at this address jumps through, or NULL when there is no stub. */
const struct code_slot *code_stub(const struct code *code, uint64_t addr);

/* The content of a register, as far as the last instruction that wrote it tells. */
enum held {
	HELD_NOTHING,
	HELD_TP,       /* the thread pointer */
	HELD_TPOFF,    /* a variable's offset, from the GOT */
	HELD_CONST,    /* a constant that may be an offset from the thread pointer */
	HELD_GOT,      /* what a GOT slot has */
	HELD_DESC_ARG, /* the address of a TLS descriptor */
	HELD_DESC,     /* what a descriptor's function gave */
	HELD_GD_ARG,   /* __tls_get_addr's argument, for one variable */
	HELD_LD_ARG,   /* the same for a module */
	HELD_GUARD,    /* the stack protector's value */
	HELD_STACK,    /* a word from the stack */
	HELD_PAGE,     /* an address, in `value` */
};

/* `at` is the instruction's place in the window, -1 once that has moved on. */
struct held_value {
	enum held kind;
	int32_t at;
	uint64_t value;
};

#define CODE_WINDOW 1024
#define CODE_REGISTERS 32

struct code_walk {
	const struct code *code;
	bool names; /* fill in symbols of direct calls too */
	struct code_span function;
	struct code_insn *v; /* the window: instructions whose class may still change */
	size_t n;
	struct held_value held[CODE_REGISTERS];
	enum code_site last_tls; /* in this function; CODE_N_SITES: none */
	bool frame_pointer;      /* this function has one */
	bool guard_compared;     /* the last instruction compared the stack protector's value */
};

/* Adds the instruction, as CODE_INSN_OTHER, and moves `w` on. Returns its length, or 0 if the bytes
 * are no instruction. At most `left` bytes may be read. */
typedef size_t (*code_step)(struct code_walk *w, const uint8_t *p, size_t left, uint64_t addr);
size_t code_step_x86(struct code_walk *w, const uint8_t *p, size_t left, uint64_t addr);
size_t code_step_arm64(struct code_walk *w, const uint8_t *p, size_t left, uint64_t addr);

/* The address of the slot that the stub at `p` jumps through, or 0 if it is no stub. */
uint64_t code_stub_x86(const uint8_t *p, size_t n, uint64_t addr);
uint64_t code_stub_arm64(const uint8_t *p, size_t n, uint64_t addr);

int code_walk(const struct code *code, bool names, code_visit visit, void *ctx,
	struct code_counts *totals, struct err *err);

/* For the machines. */
struct code_insn *code_add(struct code_walk *w, const uint8_t *p, size_t len, uint64_t addr);
void code_site(struct code_insn *insn, enum code_site site);
/* Part of a site that another instruction counts for. */
void code_part(struct code_insn *insn, enum code_site site);
void code_part_at(struct code_walk *w, int32_t at, enum code_site site);
struct held_value code_held(const struct code_walk *w, enum held kind);
/* The thread pointer that `tp` tells of is used with a constant, or with what `other` tells of. */
void code_tp_constant(struct code_walk *w, const struct held_value *tp, struct code_insn *insn);
void code_tp_with(struct code_walk *w, const struct held_value *tp, const struct held_value *other,
	struct code_insn *insn);
/* A call of `target`, or a jump there that may be a call in tail position. `arg` is what the
 * register of the first argument holds. */
enum code_jump { CODE_CALL, CODE_JUMP, CODE_BRANCH };
void code_transfer(struct code_walk *w, struct code_insn *insn, uint64_t target, enum code_jump how,
	const struct held_value *arg);
/* A call or jump through a slot of the GOT. */
void code_through_slot(struct code_walk *w, struct code_insn *insn, uint64_t addr, bool call,
	const struct held_value *arg);
/* Reads a word of the GOT into `held`, as a register would hold it. False if the word is not in the
 * GOT; `held` is then untouched. */
bool code_read_got(
	struct code_walk *w, struct code_insn *insn, uint64_t addr, struct held_value *held);

/* One instruction, taken apart as far as the classes need it. */
#define X86_NO_REGISTER 16
#define X86_VECTOR 0x8000
struct x86_decoded {
	/* The opcode, with the number of its map before it: 0x8b, 0x11e for 0F 1E, 0x2.. for 0F 38,
	 * 0x3.. for 0F 3A. X86_VECTOR is set if VEX, EVEX or XOP said the map. */
	uint16_t op;
	uint8_t len;
	bool wide; /* REX.W */
	bool fs;
	bool p66, f2, f3;
	bool memory;   /* the operand is in memory … */
	bool rip;      /* … at a distance from the next instruction */
	uint8_t reg;   /* with the bits of REX, as all four */
	uint8_t rm;    /* the register, when not in memory */
	uint8_t base;  /* X86_NO_REGISTER: none */
	uint8_t index; /* the same */
	uint8_t vvvv;  /* of VEX and EVEX */
	int64_t disp;
	int64_t imm;
};

/* False if the bytes are no instruction that we know, or are cut off. The encodings of vector
 * extensions are measured, not checked. */
bool x86_decode(const uint8_t *p, size_t n, struct x86_decoded *in);
/* The general registers that it writes, as bits. */
uint32_t x86_writes(const struct x86_decoded *in);

#endif
