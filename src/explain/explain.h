/* Why one interpreter executes more instructions than another.
 *
 * Weights come from callgrind (valgrind's call-graph profiler) with instruction-level counts: how
 * often each machine instruction of a run was executed. What each instruction is comes from the
 * file that holds it (elf/elf.h). Both together give causes: so many instructions for access to
 * thread-local variables, so many in PLT stubs, and so on. Everything is counted, nothing is
 * sampled or estimated; each executed instruction is in exactly one cause, and the sums are checked
 * against callgrind's own total.
 *
 *	CLEANUP_CALLGRIND struct callgrind run = {0};
 *	CLEANUP_WEIGHTS struct explain_weights weights = {0};
 *
 *	if (callgrind_read(path, &run, err) < 0 || explain_weigh(&run, &weights, err) < 0)
 *		return -1;
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

#include "code/code.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/progress.h"
#include "python/python.h"

/* ---- callgrind's output -------------------------------------------------------------------- */

/* Ceilings; files beyond them are refused. */
#define CALLGRIND_MAX_FILE_SIZE ((uint64_t)4 << 30)
enum {
	CALLGRIND_MAX_ADDRESSES = 8 << 20, /* different ones that were executed */
	CALLGRIND_MAX_OBJECTS = 1024,
	CALLGRIND_MAX_ID = 4 << 20,    /* of compressed names */
	CALLGRIND_MAX_COLUMNS = 64,    /* events of one file */
	CALLGRIND_MAX_CALLS = 1 << 20, /* loose ones that are kept; more do not help */
};

/* What one instruction cost itself: the instructions executed there ("Ir"), without what it
 * called. Never 0. */
struct callgrind_cost {
	uint64_t addr;     /* as in the object's file: callgrind takes the load address off */
	int64_t count;     /* negative only after callgrind_subtract() */
	uint32_t object;   /* in `objects` */
	uint32_t function; /* in `functions`, the name that callgrind knows */
};

/* A call into code that callgrind assigns to no object. It knows objects by their .text alone, so
 * this is how PLT stubs and .init are found: at absolute addresses, and only what the caller's
 * instruction says about its target tells where the object was loaded. */
struct callgrind_loose_call {
	uint64_t addr;   /* of the calling instruction, in its object's file */
	uint64_t target; /* in the memory of the run */
	uint32_t object; /* of the caller */
};

/* One or more runs. Owned by the caller: start from {0}, end with callgrind_release(). */
struct callgrind {
	char *command; /* of the first file, control characters as "?"; NULL: it says nothing */
	struct strv objects;          /* paths; "???" is callgrind's word for none */
	struct strv functions;        /* names; the same one may be there more than once */
	struct callgrind_cost *costs; /* sorted by object and address, each pair once */
	size_t n_costs;
	struct callgrind_loose_call *calls; /* in the file's order */
	size_t n_calls;
	int64_t total; /* the sum of all counts, which is what the files say it is */
	unsigned parts;
	size_t forked; /* processes that explain_run() did not count */
};

/* Reads the format of callgrind 1 (valgrind's manual, "Callgrind Format Specification"): any number
 * of parts, positions by instruction (--dump-instr=yes), names and positions compressed or not.
 * Costs are added to what `run` holds already, so that several runs become one. Inclusive costs of
 * calls are passed over. The self costs of every part must add up to its "totals:", or without one
 * to its "summary:"; a file that ends early does not. After an error `run` is empty. */
int callgrind_read(const char *path, struct callgrind *run, struct err *err);
int callgrind_from_memory(const void *data, size_t len, struct callgrind *run, struct err *err);
void callgrind_release(struct callgrind *run);
/* Takes the counts of `less` off, address by address: what is left is what `run` did and `less` did
 * not. An address that `less` executed more often is left with a negative count. Both must have had
 * their files at the same addresses. The loose calls stay those of `run`. */
int callgrind_subtract(struct callgrind *run, const struct callgrind *less, struct err *err);
#define CLEANUP_CALLGRIND CLEANUP(callgrind_release)

/* A place from which to run an interpreter, below a folder of our choice: the names of files are on
 * the stack, in strings and in caches, so what two interpreters do is comparable only when theirs
 * are equally long. */
struct explain_place {
	char *root;
	char *interpreter; /* a copy below `root`; or the original, where `moved` is false */
	char *original;
	char *prefix; /* of the original */
	bool moved;
};

/* Puts a copy of the interpreter, and of a libpython in its prefix, below `root`, which is created,
 * and links beside it to all else that is in its prefix. One that does not find its way about from
 * there is run where it is, and `root` is removed. Owned by the caller: end with
 * explain_place_release(), also after an error. */
int explain_place(
	const struct python *dist, const char *root, struct explain_place *place, struct err *err);
/* Names the original in the run, so that the copy may go. */
void explain_place_restore(const struct explain_place *place, struct callgrind *run);
void explain_place_release(struct explain_place *place);

/* How to get such a file. The instructions of PLT stubs are counted where they are
 * (--skip-plt=no); otherwise callgrind adds them to the calls. */
struct explain_run {
	const char *interpreter; /* a path */
	const char *name;        /* for messages; NULL: the path */
	const char *script;      /* a path; NULL: only starts (-c pass) */
	uint64_t loops;          /* its argument */
	uint64_t shift;          /* of explain_find_shift(), or 0 */
	int digits;              /* that it has at least: equally long arguments; or 0 */
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
/* Runs `interpreter script loops` twice: without valgrind, so that bytecode is there, and with it;
 * no address randomization, hash seed 0, nothing in the environment from outside. Adds the result
 * to `run`. Only the process itself counts: what it forks begins with its counts, and programs that
 * it starts are none of the interpreter's. An interpreter that fails is ERR_CHILD, with the last
 * that it said. */
int explain_run(const struct explain_run *spec, struct callgrind *run, struct err *err);
/* The same with `loops` and with twice as many, and the one taken off the other: what `loops` loops
 * execute, without what comes before, between and after them. Loops must be at least 1. */
int explain_run_loops(const struct explain_run *spec, struct callgrind *run, struct err *err);

/* ---- weights ------------------------------------------------------------------------------- */

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
	EXPLAIN_ADDRESS, /* computing one beside the code (x86: lea), which is what linkers make of
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

/* A function of the interpreter; those of one name, LTO's and other suffixes folded, are one. */
struct explain_function {
	char *name;      /* "" : all that have none */
	int64_t entries; /* executions of its first instruction */
	int64_t total;
	int64_t causes[EXPLAIN_N_CAUSES];
};

/* Sites of one kind with one target in one function. */
struct explain_site {
	char *function;     /* folded */
	const char *class;  /* code_class_name(), static */
	uint8_t kind;       /* enum code_site */
	char *symbol;       /* what it leads to; "" when the file does not say */
	uint64_t sites;     /* that were executed */
	int64_t executions; /* of the site: the call, the load */
};

/* A file of the interpreter. */
struct explain_object {
	char *path;
	char *machine;
	bool named; /* has names for (nearly all of) its functions: matching is possible */
	int64_t total;
	int64_t in_named; /* executed in functions that have a name */
	int64_t unknown;  /* executed in no function that it tells of, or amid an instruction */
};

/* Counts are negative only where the run is a difference and did less of something. Owned by the
 * caller: start from {0}, end with explain_weights_release(). */
struct explain_weights {
	int64_t total;
	char *version; /* "3.13.5", of Python, as its files say from 3.11 on; NULL: they do not */
	/* What was executed less often with more loops: how many addresses, and by how much in
	 * all (0 or less). It is in all the numbers here. */
	size_t n_less;
	int64_t less;
	size_t forked;                    /* processes that are not in here */
	int64_t causes[EXPLAIN_N_CAUSES]; /* add up to `total` */
	/* The interpreter's own, by CODE_SITE_… and CODE_INSN_…; add up to `objects`' totals. */
	int64_t classes[64];
	uint64_t class_in_files[64];        /* of CODE_SITE_…: sites that the files have */
	uint64_t class_sites[64];           /* of them: those that were executed */
	int64_t class_executions[64];       /* and how often in all */
	int64_t tls_stubs;                  /* of the causes: in PLT stubs to __tls_get_addr … */
	int64_t tls_get_addr;               /* … and in it and what it calls */
	int64_t tls_calls;                  /* how often it was called */
	struct explain_function *functions; /* by name */
	size_t n_functions;
	struct explain_site *sites; /* by function, class and symbol */
	size_t n_sites;
	struct explain_object *objects;
	size_t n_objects;
};

/* Reads the code of the interpreter's files, which must be those that ran: of the objects of the
 * run the one that the command names, and every one called python, python3.13 or libpython*. That
 * the causes and the classes add up to the totals is checked here; if they do not, the error says
 * where counts are missing. A run that was made without --skip-plt=no is ERR_UNSUPPORTED. */
int explain_weigh(const struct callgrind *run, struct explain_weights *weights, struct err *err);
void explain_weights_release(struct explain_weights *weights);
#define CLEANUP_WEIGHTS CLEANUP(explain_weights_release)

/* The part of a name before what compilers add for copies and parts of a function (.lto_priv.0,
 * .constprop.0, .isra.0, .part.0, .cold, .llvm.…): how many characters of it. */
size_t explain_fold(const char *name);

/* ---- attribution --------------------------------------------------------------------------- */

/* Rows of the comparison: the causes, with entry and exit apart for functions that run in one of
 * the two only. */
struct explain_row {
	const char *name;  /* static: explain_cause_name(), or "frame-one-only" */
	const char *words; /* static */
	bool explained;    /* names a difference in how it was made; false: work, … */
	int64_t a, b;
};

struct explain_pair {
	const char *name;     /* borrowed from the weights */
	const char *class;    /* of sites; NULL */
	const char *class_b;  /* what it is in B: another, when the same access is made in another
			       * way there */
	const char *symbol;   /* of sites; NULL */
	uint8_t kind, kind_b; /* of sites: enum code_site */
	int64_t a, b;         /* instructions of a function, executions of a site */
	bool in_a, in_b;      /* executed there at all */
	/* What they are ordered by. Of functions the difference. Of sites the instructions, with
	 * those of a call of __tls_get_addr: the difference where both have the same class, else
	 * the greater number. */
	double weight;
	enum explain_cause most; /* of functions: the cause that differs most, or is most of it */
};

/* B against A; where there is no B, B's numbers are 0 and the lists are ordered by A. */
struct explain_result {
	bool pair;
	bool matched; /* functions were matched by name: both have names */
	int64_t total_a, total_b;
	struct explain_row rows[EXPLAIN_N_CAUSES + 1]; /* add up to the totals */
	size_t n_rows;
	struct explain_pair *functions; /* what weighs most, first */
	size_t n_functions;
	struct explain_pair *sites;
	size_t n_sites;
	/* Of the difference: instructions in causes that name how the file was made. */
	int64_t explained;
};

/* `b` may be NULL. The weights must outlive the result. */
int explain_compare(const struct explain_weights *a, const struct explain_weights *b,
	struct explain_result *result, struct err *err);
void explain_result_release(struct explain_result *result);
#define CLEANUP_EXPLAIN_RESULT CLEANUP(explain_result_release)

/* All of it as JSON. */
json_t *explain_weights_json(const struct explain_weights *weights);
json_t *explain_result_json(const struct explain_result *result);

/* ---- functions inlined in one --------------------------------------------------------------- */

/* A function whose code holds inlined copies of another. */
struct explain_host {
	char *name; /* folded; "" when debug information does not say */
	int64_t executed;
};

/* A function of the interpreter that ran as a function of its own in one, and in inlined copies in
 * the other. Instructions of copies are those at the addresses that debug information gives for
 * them, with what is inlined in them in turn; compilers mix a copy's instructions with those around
 * it, so these are as exact as that. They are no cause: each has one already. */
struct explain_inlined {
	const char *name;           /* borrowed from the weights */
	bool in_a;                  /* the copies are in A, the function in B; false: the reverse */
	int64_t entries;            /* where it is a function */
	int64_t frame;              /* entry and exit there */
	int64_t a, b;               /* instructions of the function, and of all copies */
	struct explain_host *hosts; /* functions with copies that ran; what executed most, first */
	size_t n_hosts;
};

/* Functions that ran in one only, and how many of them ran inlined in the other. */
struct explain_alone {
	size_t functions, inlined;
	int64_t frame, inlined_frame; /* instructions of entry and exit */
};

/* [0] is A, [1] is B. Owned by the caller: start from {0}, end with explain_inlining_release(). */
struct explain_inlining {
	struct explain_inlined *v; /* by entries */
	size_t n;
	struct explain_alone alone[2];
	struct strv missing[2]; /* why not all that is inlined there is known */
};

struct explain_ran {
	const struct callgrind *run;
	const struct explain_weights *weights;
};

/* Both must be named (explain_result.matched). Debug information is read from the files that ran,
 * of functions in which something was executed; what is damaged is `missing`, no error. The weights
 * must outlive the result. */
int explain_find_inlined(const struct explain_ran *a, const struct explain_ran *b,
	struct explain_inlining *inlining, struct err *err);
void explain_inlining_release(struct explain_inlining *inlining);
#define CLEANUP_INLINING CLEANUP(explain_inlining_release)
json_t *explain_inlining_json(const struct explain_inlining *inlining);

/* ---- code side by side --------------------------------------------------------------------- */

/* Sets two sequences side by side so that equal runs stand beside each other: rows in the order of
 * both, each with an index of `a`, of `b`, or of both; where neither's are equal to the other's,
 * they share rows too, without being the `same`. The number of equal pairs is the greatest that is
 * possible as long as no more than `effort` edits lie between two ends that are searched; beyond,
 * it is good. Time grows with effort² and with the length. The caller frees *rows (never NULL). */
#define EXPLAIN_NONE SIZE_MAX
#define EXPLAIN_ALIGN_EFFORT 2048
struct explain_aligned {
	size_t a, b; /* EXPLAIN_NONE: nothing on this side */
	bool same;
};
size_t explain_align(const uint64_t *a, size_t n, const uint64_t *b, size_t m, unsigned effort,
	struct explain_aligned **rows);

/* What two instructions have in common that differ in registers, distances and constants alone:
 * the mnemonic and the kinds of operands, as a number. Texts as Capstone writes them. */
uint64_t explain_shape(const char *mnemonic, const char *operands);

struct explain_code_insn {
	uint64_t addr;     /* as in the file */
	int64_t count;     /* executions; of loops, so that it may be below 0 */
	uint64_t shape;    /* with the name of what is called */
	const char *class; /* code_class_name(), static */
	const char *mark;  /* the same in a few letters, "" for what is nothing special; static */
	char *text;        /* AT&T syntax on x86; names for addresses where the file has them */
	const char *file;  /* of the source, its last component; NULL: not known */
	unsigned line;
	bool site;
};

/* A contiguous piece: the function, or a part or copy that a compiler set apart (.cold, …). */
struct explain_code_part {
	char *name; /* whole, with suffixes */
	uint64_t addr, size;
	int64_t count; /* of all its instructions */
	struct explain_code_insn *v;
	size_t n;
};

/* All parts of one function, by address. Owned by the caller: start from {0}, end with
 * explain_code_release(). */
struct explain_code {
	struct explain_code_part *parts;
	size_t n;
	struct strv files;  /* private */
	size_t n_before;    /* private */
	char *why_no_lines; /* NULL: there are lines */
};

/* Disassembles the functions of the given (folded) names in the interpreter's files of the run:
 * `codes` has `n` members, in the order of the names; those of functions that are not there stay
 * empty. The code is read once for all of them. */
int explain_code_read(const struct callgrind *run, const char *const *functions, size_t n,
	struct explain_code *codes, struct err *err);
void explain_code_release(struct explain_code *code);

struct explain_side_row {
	const struct explain_code_insn *a, *b; /* NULL: nothing on this side */
	bool same;                             /* of one shape */
	bool hot;                              /* to be shown when not all is */
};

/* A part of A beside that of B; one of the two may be NULL. */
struct explain_side_part {
	const struct explain_code_part *a, *b;
	struct explain_side_row *rows;
	size_t n;
};

struct explain_sides {
	struct explain_side_part *parts;
	size_t n;
};

/* Parts are paired by name, ordered by executions, aligned, and searched for what is hot: the
 * instructions, with some around them, that make up most of the executions and of the difference.
 * `b` may be NULL. Points into both codes. */
void explain_sides_make(
	const struct explain_code *a, const struct explain_code *b, struct explain_sides *sides);
void explain_sides_release(struct explain_sides *sides);
#define CLEANUP_EXPLAIN_SIDES CLEANUP(explain_sides_release)

/* Every row, those that are not hot too. */
json_t *explain_sides_json(const struct explain_sides *sides);

/* ---- starting ------------------------------------------------------------------------------ */

enum { EXPLAIN_LD_RUNS = 15 };

/* What glibc's loader says of itself under LD_DEBUG; numbers that it did not say are 0. */
struct explain_ld {
	bool statistics; /* it said the cycles and relocations */
	/* All, and of it …: of the run with the least of EXPLAIN_LD_RUNS. */
	uint64_t cycles, cycles_relocating, cycles_loading;
	uint64_t cycles_middle;       /* all, of the run in the middle */
	uint64_t relocations, cached; /* with a lookup; whose lookup was remembered */
	uint64_t relative;            /* without, as far as DT_RELACOUNT tells */
	uint64_t objects;             /* loaded, without the program */
	uint64_t bindings;            /* symbols bound to a definition */
	uint64_t searches;            /* tables of symbols searched for that */
};

/* Adds what `text` says: the output of LD_DEBUG=statistics, of files,bindings,symbols, or of all.
 * Lines of other kinds are passed over. */
void explain_ld_read(const char *text, size_t len, struct explain_ld *ld);

/* A file, or one of the kernel's names ("[heap]", "" for none), in the memory of the process when
 * it ends. Bytes. */
struct explain_mapping {
	char *path;
	uint64_t size, resident;
	uint64_t written; /* private pages that are no longer the file's */
};

/* What a process asked of the kernel, from exec to exit: seen with ptrace. */
struct explain_trace {
	uint64_t calls, opens, opens_failed;
	uint64_t looks, looks_failed; /* stat, access, readlink and the like */
	/* Files mapped by mmap(), so without the program itself; their bytes, each time. */
	uint64_t maps, mapped;
	uint64_t faults; /* minor ones: pages touched for the first time */
	uint64_t major_faults;
	struct strv files;                /* that were opened, once each, in order */
	struct explain_mapping *mappings; /* by path */
	size_t n_mappings;
};

struct explain_count {
	char *name;
	uint64_t n;
};

/* Why something is not known stands beside it; NULL when it is. Owned by the caller: start from
 * {0}, end with explain_startup_release(). */
struct explain_startup {
	struct explain_ld ld;
	char *no_ld;
	struct explain_trace trace;
	char *no_trace;
	/* Dynamic relocations of the files that are mapped, by type ("R_X86_64_RELATIVE"; RELR's
	 * addresses as "RELR"), and by file. */
	struct explain_count *types, *objects;
	size_t n_types, n_objects;
	struct strv modules; /* imported, by name */
	struct strv kinds;   /* of each: "built-in", "frozen", "extension", "source", "other" */
	char *no_modules;
};

/* Starts the interpreter several times (`-c pass`), in `scratch`, with the environment that
 * explain_run() gives. */
int explain_startup(const char *interpreter, const char *scratch, struct explain_startup *startup,
	struct err *err);
void explain_startup_release(struct explain_startup *startup);
json_t *explain_startup_json(const struct explain_startup *startup);

#endif
