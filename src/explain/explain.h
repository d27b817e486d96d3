/* Why one interpreter executes more instructions than another.
 *
 * callgrind (valgrind's call-graph profiler) counts how often each machine instruction of a run was
 * executed. What each instruction is comes from the file that holds it (code/code.h). Both together
 * give causes: so many instructions for access to thread-local variables, so many in PLT stubs, and
 * so on. Everything is counted, nothing is sampled or estimated; each executed instruction has
 * exactly one cause, and the sums are checked against callgrind's own total.
 *
 *	struct explain_answer *answer;
 *
 *	if (explain_find(&question, &answer, err) == 0 && explain_examine(answer, progress, err) ==
 *0) explain_write(answer, doc); explain_free(answer);
 *
 * Executed instructions are not time: prediction, caches and layout do not show here. What this
 * says about speed is checked by measuring it (bench/bench.h).
 */
#ifndef SOLDER_EXPLAIN_H
#define SOLDER_EXPLAIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/progress.h"
#include "report/report.h"

/* What an executed instruction was for. All but the last four (and __tls_get_addr) are in the
 * interpreter itself: the program that was run, and its libpython. */
enum explain_cause {
	/* Computing a thread-local variable's place: the sequence in the code, stubs that lead to
	 * __tls_get_addr, and what is executed in there, wherever that is. A load directly behind
	 * the call counts too, as it does where it is one with the computing. */
	EXPLAIN_TLS,
	EXPLAIN_PLT_OWN,   /* stubs that lead back into the same file, as others may take over */
	EXPLAIN_PLT_OTHER, /* stubs that lead to other files, and those that ask the loader */
	EXPLAIN_GOT_OWN,   /* loading the address of a symbol that the library itself defines from
			    * the GOT, for anything but a call, since others may define it too */
	EXPLAIN_GOT,       /* loading any other address from there */
	EXPLAIN_ADDRESS, /* computing one next to the code (x86: lea), which is what linkers make of
			  * a GOT load when they can */
	EXPLAIN_CALL,    /* call instructions of all kinds, and tail calls */
	EXPLAIN_FRAME,   /* entry and exit of functions: push, pop, stack pointer, return */
	EXPLAIN_SPILL,   /* registers to and from the stack */
	EXPLAIN_GUARD,   /* the stack protector */
	EXPLAIN_MARKER,  /* landing pads of control-flow protection */
	EXPLAIN_WORK,    /* everything else that the interpreter does */
	EXPLAIN_UNKNOWN, /* executed in its files, but in no function that they tell of */
	EXPLAIN_LIBC,    /* the C library and its parts (libm, …) */
	EXPLAIN_LOADER,  /* ld.so, without __tls_get_addr */
	EXPLAIN_OBJECTS, /* extension modules and other libraries */
	EXPLAIN_NOWHERE, /* callgrind's "???": stubs of the files in the three above, code in no
			  * file */
	EXPLAIN_N_CAUSES,
};

/* "tls", "plt-own", …; and in words, "thread-local access", …. */
const char *explain_cause_name(enum explain_cause cause);
const char *explain_cause_words(enum explain_cause cause);

/* ---- one run ------------------------------------------------------------------------------- */

struct explain_run {
	const char *interpreter; /* a path */
	const char *name;        /* for messages; NULL: the path */
	const char *script;      /* a path; NULL: only starts (-c pass) */
	uint64_t loops;          /* its argument */
	uint64_t shift;          /* of explain_find_shift(), or 0 */
	int digits;              /* that the argument has at least, for equally long ones; or 0 */
	const char *scratch;     /* a folder for everything that is written */
	unsigned int limit;      /* seconds for the run; 0: none */
};

/* The program itself: ERR_UNSUPPORTED, with a hint, where there is no valgrind. */
int explain_find_valgrind(char **ret, struct err *err);
/* Python's allocator asks in which mebibyte an address is, and what it finds there takes it along
 * one way or another; its caches hash addresses. Two interpreters are comparable when their first
 * arenas (of 1 MiB, from 3.10 on) begin alike in such a block. *shift is by how much the memory of
 * a run must be moved so that its first arena begins a block; *found is false, and *shift 0, for a
 * program that has no such arena. `script` and `loops` are not used. */
int explain_find_shift(
	const struct explain_run *spec, bool *found, uint64_t *shift, struct err *err);
/* Runs `interpreter script loops` twice, without valgrind, so that bytecode is there, and with it:
 * no address randomization, hash seed 0, nothing in the environment from outside. Gives the
 * executed instructions by cause, which add up to all. Only the process itself counts, neither what
 * it forks nor programs that it starts. An interpreter that fails is ERR_CHILD, with the last that
 * it said. */
int explain_count(
	const struct explain_run *spec, int64_t causes[EXPLAIN_N_CAUSES], struct err *err);

/* ---- one or two Pythons explained ---------------------------------------------------------- */

struct explain_question {
	const char *given[2]; /* Pythons, or callgrind's files; the second may be NULL */
	const char *name[2];  /* what they are called; NULL: A and B */
	bool from_callgrind;  /* nothing is run: `given` are files, made with --dump-instr=yes
			       * --skip-plt=no; the programs that ran must be where they were */
	bool startup;         /* only how they start */
	bool whole;           /* whole processes count, start and end included */
	bool all_code;        /* machine code whole, not only what is hot */
	bool page;            /* it will be shown on a page, which has machine code unasked */
	const struct strv *workloads; /* names … */
	const struct strv *scripts;   /* … and files */
	unsigned int loops, limit;    /* of each workload; seconds for a run, 0: none */
	const char *function;         /* show this one alone; NULL: all */
	const char *scratch;          /* a folder, not needed with from_callgrind */
};

struct explain_answer;

/* Reads the files, or finds the Pythons and copies them to places with equally long paths. Two of
 * different versions are ERR_INPUT. The question must outlive the answer; *ret is to be freed, NULL
 * on failure. */
int explain_find(const struct explain_question *q, struct explain_answer **ret, struct err *err);
/* Runs them, and finds out everything. */
int explain_examine(struct explain_answer *a, struct progress *progress, struct err *err);
void explain_free(struct explain_answer *a);

/* All but the machine code, and that; and everything as JSON. */
void explain_write(const struct explain_answer *a, struct doc *doc);
void explain_write_code(const struct explain_answer *a, struct doc *doc);
json_t *explain_json(const struct explain_answer *a);

#endif
