/* Inside the room, in the order of the work: profiles are read (callgrind.c, profile.c) or made
 * (run.c), weighed (weigh.c, causes.c), compared (compare.c), looked through for inlined copies
 * (inlined.c) and disassembled (disasm.c, listing.c); starting is looked at apart (startup.c,
 * trace.c). page.c and json.c show what came of it. */
#ifndef SOLDER_EXPLAIN_INTERNAL_H
#define SOLDER_EXPLAIN_INTERNAL_H

#include "base/mem.h"
#include "code/code.h"
#include "explain/explain.h"
#include "python/python.h"

/* ---- profiles ------------------------------------------------------------------------------ */

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
#define CLEANUP_CALLGRIND CLEANUP(callgrind_release)
/* Takes the counts of `less` off, address by address: what is left is what `run` did and `less` did
 * not. An address that `less` executed more often is left with a negative count. Both must have had
 * their files at the same addresses. The loose calls stay those of `run`. After an error `run` is
 * empty. */
int callgrind_subtract(struct callgrind *run, const struct callgrind *less, struct err *err);

/* The costs of one object. Start from {0}. */
struct callgrind_object {
	const struct callgrind_cost *costs;
	size_t n;
	uint32_t id;
	const char *path;
	bool nowhere;     /* callgrind's "???" */
	bool interpreter; /* explain_is_interpreter() */
};
/* Moves on to the next object in which something was executed; false when there is none. */
bool callgrind_next_object(const struct callgrind *run, struct callgrind_object *object);
/* The first cost of the object at `addr` or above it; n if there is none. */
size_t callgrind_first_at(const struct callgrind_object *object, uint64_t addr);

/* Costs by object and address, gathered while a file is read. Neighbouring addresses are neighbours
 * in the table, since that is how they come; where a group of them goes depends on a random number,
 * so that no file can choose its collisions. What is added waits a little, until its slot has come
 * from memory. */
#define COST_TABLE_PENDING 32
struct cost_table {
	/* Objects are one higher here: free slots have 0. A count may come to 0 and stays. */
	struct callgrind_cost *slots;
	size_t mask;
	size_t n;
	uint64_t seed;
	/* The group of the last address, and where it starts. */
	uint64_t group;
	uint32_t group_object;
	size_t group_slot;
	struct callgrind_cost pending[COST_TABLE_PENDING];
	size_t pending_first[COST_TABLE_PENDING];
	unsigned n_pending;
};
void cost_table_init(struct cost_table *t);
void cost_table_release(struct cost_table *t);
/* Adds to what is there; the first function's name stays. A count of 0 adds nothing. What is too
 * much may be an error of a later call only. */
int cost_table_add(struct cost_table *t, const struct callgrind_cost *cost, struct err *err);
/* Gives the costs away, sorted, but for those that came to 0. */
int cost_table_take(struct cost_table *t, struct callgrind_cost **ret, size_t *n, struct err *err);

/* ---- runs ---------------------------------------------------------------------------------- */

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
 * with links to all else that is in its prefix. One that does not find its prefix from there is run
 * where it is, and `root` is removed. Owned by the caller: end with explain_place_release(), also
 * after an error. */
int explain_place(const struct python *python, const char *root, struct explain_place *place,
	struct err *err);
/* Names the original in the run, so that the copy may go. */
void explain_place_restore(const struct explain_place *place, struct callgrind *run);
void explain_place_release(struct explain_place *place);

/* Adds the profile of a run (explain_count() says how it is made) to `run`. The instructions of PLT
 * stubs are counted where they are (--skip-plt=no); otherwise callgrind adds them to the calls. */
int explain_run(const struct explain_run *spec, struct callgrind *run, struct err *err);
/* The same with `loops` and with twice as many, and the one taken off the other: what `loops` loops
 * execute, without what comes before, between and after them. Loops must be at least 1. */
int explain_run_loops(const struct explain_run *spec, struct callgrind *run, struct err *err);
/* Adds the whole environment of every run. */
void explain_environment(struct strv *env);

/* ---- weights ------------------------------------------------------------------------------- */

/* By CODE_SITE_… and CODE_INSN_…, for the interpreter's own files; and of all other files, by name.
 */
enum explain_cause explain_cause_of_class(unsigned class);
enum explain_cause explain_cause_of_object(const char *path);
/* A cause that tells how the file was made: linked, laid out, inlined. Differences in these are
 * explained. A module's code is work wherever it is, built in or in a file of its own. */
bool explain_cause_explains(enum explain_cause cause);
/* __tls_get_addr, a descriptor's function, or what only these call. */
bool explain_is_tls_function(const char *name);
/* A file of the interpreter: the program of the command, one that is called python, or libpython.
 */
bool explain_is_interpreter(const char *object, const char *command);
/* The part of a name before what compilers add for copies and parts of a function (.lto_priv.0,
 * .constprop.0, .isra.0, .part.0, .cold, .llvm.…): how many characters of it. */
size_t explain_fold(const char *name);

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
	uint8_t kind;       /* enum code_site */
	char *symbol;       /* what it leads to; "" when the file does not say */
	uint64_t sites;     /* that were executed */
	int64_t executions; /* of the site: the call, the load */
};

/* A file of the interpreter. */
struct explain_object {
	char *path;
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
	int64_t classes[CODE_N_CLASSES];
	uint64_t class_in_files[CODE_N_SITES];  /* sites that the files have */
	uint64_t class_sites[CODE_N_SITES];     /* of them: those that were executed */
	int64_t class_executions[CODE_N_SITES]; /* and how often in all */
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
/* By function, class and symbol, for sorting. */
int explain_compare_sites(const void *a, const void *b);
/* By its folded name; one without executions where there is none. */
const struct explain_function *explain_find_function(
	const struct explain_weights *weights, const char *name);

/* ---- attribution --------------------------------------------------------------------------- */

/* Rows of the comparison: the causes, with entry and exit apart for functions that run in one of
 * the two only. */
struct explain_row {
	const char *name;  /* static: explain_cause_name(), or "frame-one-only" */
	const char *words; /* static */
	enum explain_cause cause;
	bool explained; /* explain_cause_explains() */
	int64_t a, b;
};

struct explain_pair {
	const char *name;     /* borrowed from the weights */
	const char *symbol;   /* of sites; NULL */
	uint8_t kind, kind_b; /* of sites, enum code_site: in B it is another where the same access
			       * is made in another way there */
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

/* Debug information and symbols of a file. Addresses are those of the file. */
struct source;
int source_open(const char *path, struct source **ret, struct err *err);
void source_free(struct source **s);
#define CLEANUP_SOURCE CLEANUP(source_free)
/* libdw's handle, the source's own; NULL: no debug information. */
struct Dwarf *source_debug(struct source *s);
/* *file is the last component of its path, and lives as long as the source. */
bool source_line(struct source *s, uint64_t addr, const char **file, unsigned *line);
/* The variable or function that holds the address, and how far into it; NULL: none. */
const char *source_symbol(const struct source *s, uint64_t addr, uint64_t *offset);

/* ---- machine code -------------------------------------------------------------------------- */

/* Sets two sequences next to each other so that equal runs share rows: rows in the order of both,
 * each with an index of `a`, of `b`, or of both; where neither's are equal to the other's, they
 * share rows too, without being the `same`. The number of equal pairs is the greatest that is
 * possible as long as no more than `effort` edits lie between two ends that are searched; beyond,
 * it is good. Time grows with effort² and with the length. The caller frees *rows (never NULL). */
#define EXPLAIN_NONE SIZE_MAX
#define EXPLAIN_ALIGN_EFFORT 2048
struct explain_aligned {
	size_t a, b; /* EXPLAIN_NONE: nothing here */
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

struct explain_listing_row {
	const struct explain_code_insn *a, *b; /* NULL: nothing here */
	bool same;                             /* of one shape */
	bool hot;                              /* to be shown when not all is */
};

/* A part of A and that of B, aligned; one of the two may be NULL. */
struct explain_listing_part {
	const struct explain_code_part *a, *b;
	struct explain_listing_row *rows;
	size_t n;
};

struct explain_listing {
	struct explain_listing_part *parts;
	size_t n;
};

/* Parts are paired by name, ordered by executions, aligned, and searched for what is hot: the
 * instructions, with some around them, that make up most of the executions and of the difference.
 * `b` may be NULL. Points into both codes. */
void explain_listing_make(const struct explain_code *a, const struct explain_code *b,
	struct explain_listing *listing);
void explain_listing_release(struct explain_listing *listing);
#define CLEANUP_EXPLAIN_LISTING CLEANUP(explain_listing_release)

/* ---- starting ------------------------------------------------------------------------------ */

enum { EXPLAIN_LD_RUNS = 15, EXPLAIN_PAGE = 4096 };

/* The output of glibc's loader under LD_DEBUG; numbers that it did not print are 0. */
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

/* The system calls of a process and its memory, from exec to exit: seen with ptrace. */
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

/* Runs `argv` in the folder `cwd` under ptrace. *why receives why nothing is known (to be freed):
 * the kernel does not allow it, the program failed. -1 only when interrupted. */
int explain_trace_run(const struct strv *argv, const struct strv *env, const char *cwd,
	struct explain_trace *trace, char **why, struct err *err);
/* Adds the mappings of the text of /proc/PID/smaps. */
void explain_trace_read_smaps(const char *text, struct explain_trace *trace);
void explain_trace_release(struct explain_trace *trace);

struct explain_number {
	char *name;
	int64_t n;
};

/* Each no_… is why something is not known; NULL when it is. Owned by the caller: start from {0},
 * end with explain_startup_release(). */
struct explain_startup {
	struct explain_ld ld;
	char *no_ld;
	struct explain_trace trace;
	char *no_trace;
	/* Dynamic relocations of the files that are mapped, by type ("R_X86_64_RELATIVE"; RELR's
	 * addresses as "RELR"), and by file. */
	struct explain_number *types, *objects;
	size_t n_types, n_objects;
	uint64_t relocations;
	/* Of the files that are mapped at the end, with the program, which the kernel maps. */
	uint64_t file_bytes, file_pages_written;
	struct strv modules; /* imported, by name */
	struct strv kinds;   /* of each: "built-in", "frozen", "extension", "source", "other" */
	uint64_t n_modules, n_built_in, n_frozen, n_extension, n_source;
	char *no_modules;
};

/* Starts the interpreter several times (`-c pass`), in `scratch`, with the environment that
 * explain_environment() gives. */
int explain_startup(const char *interpreter, const char *scratch, struct explain_startup *startup,
	struct err *err);
void explain_startup_release(struct explain_startup *startup);

/* ---- the answer ---------------------------------------------------------------------------- */

/* So many functions are shown as code on a page when none is asked for. */
enum { EXPLAIN_PAGE_CODES = 3 };

/* One of the two, and what is known of it. */
struct explain_python {
	const char *given; /* of the question */
	char *label;       /* for sentences: "NAME (A)", "A (GIVEN)"; of one: NAME, GIVEN */
	char *interpreter; /* the file; NULL with from_callgrind */
	struct explain_place place; /* where it ran from */
	bool aligned;               /* its arenas begin where those of other such runs do */
	char *version;              /* NULL: not known, with from_callgrind */
	const char *link;           /* "static", "shared", …; NULL with from_callgrind */
	int64_t *workloads;         /* executed instructions of each */
	struct callgrind run;
	struct explain_weights weights;
	struct explain_code codes[EXPLAIN_PAGE_CODES]; /* of the functions that are shown as code */
	struct explain_startup startup;
	bool started;    /* `startup` is known */
	char *no_counts; /* why nothing is known of what it executes, with --startup; NULL */
};

struct explain_answer {
	const struct explain_question *q;
	struct explain_python pythons[2];
	const struct explain_python *a, *b; /* the same; b is NULL when there is one */
	struct strv workloads;              /* names; empty with from_callgrind */
	bool counted;                       /* of all it is known what they execute */
	struct explain_result result;
	struct explain_inlining inlining;           /* empty when functions are not matched */
	char *function;                             /* that is asked for, folded; NULL: all */
	const char *code_names[EXPLAIN_PAGE_CODES]; /* shown as code */
	size_t n_codes;
};

/* The function, or the site, is to be listed. Where not all functions are matched, what only one
 * names may be in the other without a name: halves of pairs would look like differences. */
bool explain_is_shown(const struct explain_answer *a, const struct explain_pair *pair);

/* "1,234,567", "12.34 %", …, in place. */
struct explain_cell {
	char text[48];
};
const char *explain_cell_whole(struct explain_cell *cell, int64_t n);
const char *explain_cell_percent(struct explain_cell *cell, int64_t part, int64_t total);
/* From a to b, with its sign; and as a share of `total`. */
const char *explain_cell_change(struct explain_cell *cell, int64_t a, int64_t b);
const char *explain_cell_change_share(
	struct explain_cell *cell, int64_t a, int64_t b, int64_t total);
/* 0 of nothing. */
double explain_share(int64_t part, int64_t total);
/* A row: what, A, B, their difference, and that as a share of `total`, as far as the table has
 * columns. NULL: not known, or not there. */
void explain_row(
	struct doc *doc, const char *what, const int64_t *a, const int64_t *b, int64_t total);

/* One interpreter's instructions by cause; and what the causes are, which is for pages alone. */
void explain_write_causes(const struct explain_answer *a, struct doc *doc);
void explain_write_glossary(const struct explain_answer *a, struct doc *doc);
/* How they start; with --startup the answer in a sentence comes first, and last relocations and
 * memory file by file. */
void explain_write_startup(const struct explain_answer *a, struct doc *doc);
json_t *explain_startup_json(const struct explain_startup *startup);

#endif
