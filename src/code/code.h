/* The machine code of a file: every instruction, read and classed.
 *
 * The facts of the file itself (sections, symbols, relocations) are elf/elf.h's. What GOT, PLT and
 * the models of thread-local storage are is told in code.c. */
#ifndef SOLDER_CODE_H
#define SOLDER_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

/* Sites: instructions that cost something, or that a loader must serve.
 *
 * Every executable section is read within the bounds of its functions, from .symtab, .dynsym and
 * .eh_frame, so that stripped files work too; x86-64 and AArch64. Instructions are told apart by
 * decoders of our own; bytes that they do not know are put to Capstone, up to a limit. Encodings of
 * vector extensions are measured, not checked. Sequences that the linker relaxed are what they
 * became: the class is that of the code as it stands in the file.
 *
 * What counts as one site:
 *
 *	TLS      one computation of a variable's place: the call of __tls_get_addr or of a
 *	         descriptor's function, the load of an offset from the GOT, or the access by way of
 *	         the thread pointer and a constant. Further accesses by the same address do not
 *	         count, nor do words of the C library's own next to the thread pointer.
 *	calls    every call, and every jump in tail position to a PLT stub, through the GOT, or to
 *	         the start of another function (not to a function's cold part, which without
 *	         symbols looks the same when the jump is unconditional). Other indirect jumps are
 *	         not counted, since a switch looks like a tail call.
 *	GOT      a load for anything but a call: what is loaded for a call, also earlier in the
 *	         function, is part of it.
 *
 * What a register holds is followed from instruction to instruction, not along branches. */
enum code_site {
	CODE_SITE_TLS_LE,         /* thread pointer and a constant */
	CODE_SITE_TLS_IE,         /* thread pointer and an offset from the GOT */
	CODE_SITE_TLS_GD,         /* __tls_get_addr with the module and offset of one variable */
	CODE_SITE_TLS_LD,         /* __tls_get_addr for the module's block */
	CODE_SITE_TLS_DESC,       /* a call through a TLS descriptor */
	CODE_SITE_CALL_DIRECT,    /* to a function of this file */
	CODE_SITE_CALL_PLT_OWN,   /* through the PLT, to a symbol that this file defines */
	CODE_SITE_CALL_PLT_OTHER, /* through the PLT, to a symbol that it does not */
	CODE_SITE_CALL_GOT,       /* through a GOT slot without a PLT stub (-fno-plt) */
	CODE_SITE_CALL_INDIRECT,  /* through any other register or memory */
	CODE_SITE_GOT_LOAD, /* loads an address from the GOT, for data or a function's address */
	CODE_N_SITES,
};

struct code_counts {
	uint64_t sites[CODE_N_SITES];
	uint64_t functions;    /* bounds that were found */
	uint64_t instructions; /* decoded */
	uint64_t unknown;      /* bytes inside functions that are no instruction */
	uint64_t gaps;  /* bytes outside any function, not read; of executable sections, or, in
			 files without section headers, of executable segments */
	uint64_t stubs; /* of the PLT, which is not counted in the numbers above */
	/* Parts that the compiler or BOLT moved away from their functions, by name (NAME.cold,
	 * NAME.warm); they are among `functions`. `split` is how many functions have such parts,
	 * where names are the only evidence. */
	uint64_t parts, split;
	/* Of a file that BOLT rewrote: functions that it moved, functions that it left where they
	 * were, and bytes of old copies, which are among `gaps`. Without symbols an old copy looks
	 * like a function that was left. */
	uint64_t moved, left, old;
};

/* Every instruction has one class: that of the site it is part of, or one of these. */
enum code_class {
	CODE_INSN_STACK_PROTECTOR = CODE_N_SITES,
	CODE_INSN_CONTROL_FLOW,  /* landing pads (endbr64, bti) and pointer authentication */
	CODE_INSN_FRAME,         /* entry and exit of functions: push, pop, stack pointer, return */
	CODE_INSN_SPILL,         /* a register to or from the stack */
	CODE_INSN_PLT_STUB,      /* anything inside a PLT */
	CODE_INSN_JUMP_INDIRECT, /* switch, computed goto, or a tail call: they look alike */
	CODE_INSN_OTHER,
	CODE_INSN_UNKNOWN, /* bytes that are no instruction */
	CODE_N_CLASSES,
};

/* For machines: "stack-protector", …; of a site "tls-local-exec", "call-plt-own", … */
const char *code_class_name(unsigned class);
/* For people: "call through the PLT to the same file", … */
const char *code_site_words(enum code_site site);

struct code_insn {
	uint64_t addr;
	const uint8_t *bytes; /* `len` of them */
	/* Of a direct call or jump: where it leads. Of what goes by way of the GOT: the address of
	 * the slot. 0 otherwise. */
	uint64_t target;
	const char *symbol; /* of the slot or the function there; NULL when the file names none */
	uint32_t import;    /* the slot's symbol, in the table of dynamic symbols; 0: none */
	uint8_t class;      /* enum code_site, or enum code_class */
	uint8_t len;
	bool site;   /* counts as a site; the other instructions of a sequence do not */
	bool direct; /* a call or jump whose target is in the instruction */
	/* Only of x86-64: computes an address from its distance to the instruction (lea), which is
	 * what linkers make of a GOT load when they can; loads from where %rax points, which after
	 * a call is what the function returned. */
	bool address;
	bool by_result;
};

struct code_alias {
	uint64_t addr;
	const char *name;
};

struct code_function {
	const char *name; /* NULL when the file has none; of a PLT, that of its section */
	uint64_t addr;
	uint64_t size;
	bool plt;  /* not a function, but a section of stubs */
	bool left; /* by BOLT where it was, in a file that it rewrote */
	/* Its other names; not filled in by code_functions_read(). */
	const struct code_alias *aliases;
	size_t n_aliases;
};

/* The length of the function's name in that of a part split off from it: 3 for "foo.cold",
 * "foo.cold.1", "foo.warm"; 0 for anything else. */
size_t code_part_of(const char *name);

/* Gets the instructions of one function, in order; large functions come in several pieces. What
 * it is given is valid only during the call. -1 ends the walk. */
typedef int (*code_visit)(void *ctx, const struct code_function *function,
	const struct code_insn *insns, size_t n, struct err *err);

/* Calls `visit` for all functions and PLTs by address; both it and `code` may be NULL. Other
 * machines, object files, and companions that hold only debug information are ERR_UNSUPPORTED. */
int code_each(
	const char *path, code_visit visit, void *ctx, struct code_counts *code, struct err *err);
int code_each_in_memory(const void *data, size_t len, code_visit visit, void *ctx,
	struct code_counts *code, struct err *err);

/* How a symbol that the loader looks up is used. */
enum code_use_kind {
	CODE_USE_CALL,    /* called, or jumped to */
	CODE_USE_ADDRESS, /* its address is loaded, of a function or a variable */
	CODE_USE_TLS,     /* a thread-local variable */
	CODE_USE_COPY,    /* the program's own copy of a library's variable; of x86-64 only */
	CODE_USE_DATA,    /* its address lies in data, a table of functions, say */
};

/* Valid only during the call that it is given to. */
struct code_use {
	uint32_t symbol; /* in the table of dynamic symbols */
	enum code_use_kind kind;
	/* The function or, of CODE_USE_DATA, the variable; where none is known, the section. NULL:
	 * the file has no name for it. */
	const char *user;
	uint64_t addr; /* where the user begins; in a section, the word's */
};

typedef int (*code_use_visit)(void *ctx, const struct code_use *use, struct err *err);

/* Calls `visit` for every use of a symbol that the loader looks up, data first, then code by
 * address. A user may come several times. Fails as code_each() does. */
int code_uses(const char *path, code_use_visit visit, void *ctx, struct err *err);
int code_uses_in_memory(
	const void *data, size_t len, code_use_visit visit, void *ctx, struct err *err);
/* "call", "address", "thread-local", "copy", "data". */
const char *code_use_name(enum code_use_kind kind);

/* Whether a program hands a function of its own, which runs its constructors, to the C library; of
 * x86-64 and AArch64. Programs linked with the start files of glibc 2.34 and later do not, and no
 * older glibc runs their constructors. */
enum code_start { CODE_START_UNKNOWN, CODE_START_INIT, CODE_START_NO_INIT };
int code_start(const char *path, enum code_start *start, struct err *err);

/* Which levels of x86-64 code needs: 2 to 4, for x86-64-v2 to v4. Told by the encodings: VEX is 3,
 * EVEX 4; what no level has (AES, SHA, …), and tzcnt, which compilers write for bsf, are not
 * counted. Whether code is reached on processors that lack them, files do not say. */
#define CODE_ISA_LEVELS 5
#define CODE_MNEMONIC_MAX 32
struct code_isa_use {
	uint64_t insns, functions; /* how many need it, how many functions have one that does */
	char *function;            /* that with the most; NULL: it has no name, or there is none */
	uint64_t addr;             /* where it begins */
	char mnemonic[CODE_MNEMONIC_MAX]; /* of the first in it */
};
struct code_isa {
	struct code_isa_use levels[CODE_ISA_LEVELS]; /* by number */
	uint64_t functions;
	bool asks; /* an instruction asks the processor what it has: cpuid, xgetbv */
};

/* Of one instruction; 0: every x86-64 has it, or no level. */
unsigned code_isa_level(const uint8_t *bytes, size_t len);
/* Owned by the caller, end with code_isa_release(). Fails as code_each() does. */
int code_isa_read(const char *path, struct code_isa *isa, struct err *err);
int code_isa_in_memory(const void *data, size_t len, struct code_isa *isa, struct err *err);
void code_isa_release(struct code_isa *isa);

/* The bounds of the functions alone, by address, without PLTs. Owned by the caller: start from
 * {0}, end with code_functions_release(). */
struct code_functions {
	struct code_function *v;
	size_t n;
	char *names; /* private */
};

int code_functions_read(const char *path, struct code_functions *functions, struct err *err);
void code_functions_release(struct code_functions *functions);

#define CLEANUP_CODE_FUNCTIONS CLEANUP(code_functions_release)

#endif
