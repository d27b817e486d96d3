/* Why one interpreter executes more instructions than another.
 *
 * callgrind (valgrind's call-graph profiler) counts how often each machine instruction of a run was
 * executed. The file that contains an instruction tells its purpose (code/code.h). Together they
 * give causes: so many instructions for access to thread-local variables, so many in PLT stubs, and
 * so on. Everything is counted, nothing is sampled or estimated. Each executed instruction has
 * exactly one cause, and the sums are checked against callgrind's own total.
 *
 *	struct explain_answer *answer;
 *
 *	if (explain_find(&question, &answer, err) == 0 &&
 *		explain_examine(answer, progress, err) == 0)
 *		explain_write(answer, doc);
 *	explain_free(answer);
 *
 * Executed instructions are not time: branch prediction, caches and layout do not show here.
 * Conclusions about speed are checked by measuring it (bench/bench.h).
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

/* The purpose of an executed instruction. All but the last four (and __tls_get_addr) are in the
 * interpreter itself: the program that ran, and its libpython. */
enum explain_cause {
	/* Computing the address of a thread-local variable: the code sequence, stubs that lead to
	 * __tls_get_addr, and everything executed in it, wherever it lives. A load right after the
	 * call counts too, just as it does when the load is part of the computation. */
	EXPLAIN_TLS,
	EXPLAIN_PLT_OWN,   /* stubs that lead back into the same file, because its symbols can be
			      interposed */
	EXPLAIN_PLT_OTHER, /* stubs to other files, and those that call the loader */
	EXPLAIN_GOT_OWN,   /* loading from the GOT, other than for a call, the address of a symbol
			      that the library itself defines, because it can be interposed */
	EXPLAIN_GOT,       /* loading any other address from the GOT */
	EXPLAIN_ADDRESS, /* PC-relative address computation (x86: lea), which linkers make of a GOT
			    load when they can */
	EXPLAIN_CALL,    /* all call instructions, and tail calls */
	EXPLAIN_FRAME,   /* function entry and exit: push, pop, stack pointer, return */
	EXPLAIN_SPILL,   /* saving and restoring registers on the stack */
	EXPLAIN_GUARD,   /* the stack protector */
	EXPLAIN_MARKER,  /* landing pads for control-flow protection */
	EXPLAIN_WORK,    /* everything else in the interpreter */
	EXPLAIN_UNKNOWN, /* executed in its files, outside all known functions */
	EXPLAIN_LIBC,    /* the C library and its parts (libm, …) */
	EXPLAIN_LOADER,  /* ld.so, without __tls_get_addr */
	EXPLAIN_OBJECTS, /* extension modules and other libraries */
	EXPLAIN_NOWHERE, /* callgrind's "???": stubs of files in the three categories above, code in
			    no file */
	EXPLAIN_N_CAUSES,
};

/* "tls", "plt-own", …; and as words, "thread-local access", …. */
const char *explain_cause_name(enum explain_cause cause);
const char *explain_cause_words(enum explain_cause cause);

/* ---- one run ------------------------------------------------------------------------------- */

struct explain_run {
	const char *interpreter; /* a path */
	const char *name;        /* for messages; NULL: the path */
	const char *script;      /* a path; NULL: startup only (-c pass) */
	uint64_t loops;          /* argument of the script */
	uint64_t shift;          /* from explain_find_shift(), or 0 */
	int digits; /* minimum width of the argument, for arguments of equal length; or 0 */
	const char *scratch; /* a folder for all output files */
	unsigned int limit;  /* per run, in seconds; 0: none */
};

/* The path of valgrind. Without valgrind: ERR_UNSUPPORTED, with a hint. */
int explain_find_valgrind(char **ret, struct err *err);
/* Python's allocator looks up addresses by mebibyte and takes different paths depending on what it
 * finds there; its caches hash addresses. Two interpreters are comparable only if their first
 * arenas (of 1 MiB, since 3.10) start at the same offset in such a block. *shift is how far the
 * memory of a run must move for its first arena to start on a block boundary. *found is false, and
 * *shift 0, for a program without such an arena. `script` and `loops` are ignored. */
int explain_find_shift(
	const struct explain_run *spec, bool *found, uint64_t *shift, struct err *err);
/* Runs `interpreter script loops` twice: without valgrind, to create the bytecode, then with it. No
 * address randomization, hash seed 0, nothing inherited from the environment. Returns the executed
 * instructions by cause, which add up to the total. Counts only the process itself, neither its
 * forks nor programs it starts. If the interpreter fails: ERR_CHILD, with the end of its output. */
int explain_count(
	const struct explain_run *spec, int64_t causes[EXPLAIN_N_CAUSES], struct err *err);

/* ---- one or two Pythons explained ---------------------------------------------------------- */

struct explain_question {
	const char *given[2]; /* Pythons, or callgrind files; the second may be NULL */
	const char *name[2];  /* display names; NULL: A and B */
	bool from_callgrind;  /* run nothing: `given` are files made with --dump-instr=yes
				 --skip-plt=no, and the programs that ran must still be in place */
	bool startup;         /* examine only startup */
	bool whole;           /* count whole processes, including startup and shutdown */
	bool all_code;        /* show all machine code, not only hot parts */
	bool page;            /* the output is a page, which shows machine code by default */
	const struct strv *workloads; /* names */
	const struct strv *scripts;   /* and their files */
	unsigned int loops, limit;    /* loops of each workload; seconds per run, 0: none */
	const char *function;         /* show only this one; NULL: all */
	const char *scratch;          /* a folder; not needed with from_callgrind */
};

struct explain_answer;

/* Reads the files, or finds the Pythons and copies them to paths of equal length. Different Python
 * versions are ERR_INPUT. The question must outlive the answer. The caller frees *ret (NULL on
 * failure). */
int explain_find(const struct explain_question *q, struct explain_answer **ret, struct err *err);
/* Runs them and collects all results. */
int explain_examine(struct explain_answer *a, struct progress *progress, struct err *err);
void explain_free(struct explain_answer *a);

/* Everything but the machine code; the machine code; and everything as JSON. */
void explain_write(const struct explain_answer *a, struct doc *doc);
void explain_write_code(const struct explain_answer *a, struct doc *doc);
json_t *explain_json(const struct explain_answer *a);

#endif
