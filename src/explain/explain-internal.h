/* Private to this room, in the order of the work: read profiles (callgrind.c, profile.c) or make
 * them (run.c), weigh them (weigh.c, causes.c), compare (compare.c), find inlined copies
 * (inlined.c) and disassemble (disasm.c, listing.c). startup.c and trace.c examine startup
 * separately. page.c and json.c present the results. */
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
	CALLGRIND_MAX_ADDRESSES = 8 << 20, /* distinct executed addresses */
	CALLGRIND_MAX_OBJECTS = 1024,
	CALLGRIND_MAX_ID = 4 << 20,    /* of compressed names */
	CALLGRIND_MAX_COLUMNS = 64,    /* events of one file */
	CALLGRIND_MAX_CALLS = 1 << 20, /* loose calls kept; more would not help */
};

/* Self cost of one instruction: the instructions executed there ("Ir"), excluding callees. Never
 * 0. */
struct callgrind_cost {
	uint64_t addr;     /* file address: callgrind subtracts the load address */
	int64_t count;     /* negative only after callgrind_subtract() */
	uint32_t object;   /* index into `objects` */
	uint32_t function; /* index into `functions`; the name callgrind gives it */
};

/* A call into code that callgrind assigns to no object. callgrind knows objects by their .text
 * only, so PLT stubs and .init show up at absolute addresses; only the target encoded in the
 * calling instruction tells where the object was loaded. */
struct callgrind_loose_call {
	uint64_t addr;   /* of the calling instruction, in its file */
	uint64_t target; /* absolute, in the memory of the run */
	uint32_t object; /* of the caller */
};

/* One or more runs. The caller owns it: start from {0}, end with callgrind_release(). */
struct callgrind {
	char *command; /* of the first file, control characters as "?"; NULL if not recorded */
	struct strv objects;          /* paths; "???" is callgrind's name for no object */
	struct strv functions;        /* names, possibly with duplicates */
	struct callgrind_cost *costs; /* sorted by object and address, no duplicates */
	size_t n_costs;
	struct callgrind_loose_call *calls; /* in file order */
	size_t n_calls;
	int64_t total; /* sum of all counts; matches the totals in the files */
	unsigned parts;
	size_t forked; /* forked processes that explain_run() did not count */
};

/* Reads callgrind format 1 (valgrind's manual, "Callgrind Format Specification"): any number of
 * parts, positions by instruction (--dump-instr=yes), names and positions compressed or not. Adds
 * the costs to those already in `run`, so several runs can be merged. Skips inclusive costs of
 * calls. The self costs of each part must add up to its "totals:", or without one to its
 * "summary:", which catches truncated files. After an error `run` is empty. */
int callgrind_read(const char *path, struct callgrind *run, struct err *err);
int callgrind_from_memory(const void *data, size_t len, struct callgrind *run, struct err *err);
void callgrind_release(struct callgrind *run);
/* Costs of "???" that lie in the code of the interpreter's files move there: stubs, and parts of
 * functions outside .text. */
int callgrind_settle(struct callgrind *run, struct err *err);
#define CLEANUP_CALLGRIND CLEANUP(callgrind_release)
/* Subtracts the counts of `less`, address by address: the result is what `run` did and `less` did
 * not. An address that `less` executed more often gets a negative count. Both must have had their
 * files loaded at the same addresses. The loose calls remain those of `run`. After an error `run`
 * is empty. */
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
/* Moves on to the next object with executed instructions; false at the end. */
bool callgrind_next_object(const struct callgrind *run, struct callgrind_object *object);
/* Index of the first cost of the object at or above `addr`; n if there is none. */
size_t callgrind_first_at(const struct callgrind_object *object, uint64_t addr);

/* Costs by object and address, collected while reading a file. Addresses arrive in clusters, so
 * neighbours in memory are neighbours in the table; the slot of each group depends on a random
 * number, so no file can choose its collisions. New costs queue briefly while their slot is fetched
 * from memory. */
#define COST_TABLE_PENDING 32
struct cost_table {
	/* Objects are stored plus one, so that 0 marks a free slot. A count that drops to 0 keeps
	 * its slot. */
	struct callgrind_cost *slots;
	size_t mask;
	size_t n;
	uint64_t seed;
	/* The most recent group, and where it starts. */
	uint64_t group;
	uint32_t group_object;
	size_t group_slot;
	struct callgrind_cost pending[COST_TABLE_PENDING];
	size_t pending_first[COST_TABLE_PENDING];
	unsigned n_pending;
};
void cost_table_init(struct cost_table *t);
void cost_table_release(struct cost_table *t);
/* Adds to an existing cost, which keeps its first function. A count of 0 adds nothing. An overflow
 * may not be reported until a later call. */
int cost_table_add(struct cost_table *t, const struct callgrind_cost *cost, struct err *err);
/* Hands over the costs, sorted, without those that came to 0. */
int cost_table_take(struct cost_table *t, struct callgrind_cost **ret, size_t *n, struct err *err);

/* ---- runs ---------------------------------------------------------------------------------- */

/* A location below a folder of our choice to run an interpreter from. File names end up on the
 * stack, in strings and in caches, so two interpreters are comparable only if theirs are equally
 * long. */
struct explain_place {
	char *root;
	char *interpreter; /* a copy below `root`; the original if not `moved` */
	char *original;
	char *prefix; /* of the original */
	bool moved;
};

/* Creates `root` and puts a copy of the interpreter there, with a copy of any libpython in its
 * prefix and links to the rest of that prefix. If the copy does not find its prefix from there,
 * `root` is removed and the original runs in place. The caller owns the place: end with
 * explain_place_release(), even after an error. */
int explain_place(const struct python *python, const char *root, struct explain_place *place,
	struct err *err);
/* Puts the original's name into the run, so that the copy can be deleted. */
void explain_place_restore(const struct explain_place *place, struct callgrind *run);
void explain_place_release(struct explain_place *place);

/* Adds the profile of a run to `run`; explain_count() says how it is made. Instructions in PLT
 * stubs are counted at the stubs (--skip-plt=no); otherwise callgrind adds them to the calls. */
int explain_run(const struct explain_run *spec, struct callgrind *run, struct err *err);
/* Runs with `loops` and with twice as many, and subtracts: the result is what `loops` loops
 * execute, without anything before, between or after them. `loops` must be at least 1. */
int explain_run_loops(const struct explain_run *spec, struct callgrind *run, struct err *err);
/* Adds the entire environment of every run. */
void explain_environment(struct strv *env);

/* ---- weights ------------------------------------------------------------------------------- */

/* By CODE_SITE_… and CODE_INSN_… for the interpreter's own files; by name for all others. */
enum explain_cause explain_cause_of_class(unsigned class);
enum explain_cause explain_cause_of_object(const char *path);
/* True if the cause reflects how the file was made: linked, laid out, inlined. Differences in these
 * count as explained. A module's code is work, whether built in or in its own file. */
bool explain_cause_explains(enum explain_cause cause);
/* True for __tls_get_addr, TLS descriptor functions, and functions called only by these. */
bool explain_is_tls_function(const char *name);
/* True for a file of the interpreter: the program of the command, one called python, or
 * libpython. */
bool explain_is_interpreter(const char *object, const char *command);
/* The length of the name without the suffixes that compilers add for copies and parts of a function
 * (.lto_priv.0, .constprop.0, .isra.0, .part.0, .cold, .llvm.…). */
size_t explain_fold(const char *name);

/* A function of the interpreter. Functions whose names differ only in suffixes of LTO and the like
 * are merged. */
struct explain_function {
	char *name;      /* "" for all unnamed code */
	int64_t entries; /* executions of its first instruction */
	int64_t total;
	int64_t causes[EXPLAIN_N_CAUSES];
};

/* Sites of the same kind and target in one function. */
struct explain_site {
	char *function;     /* folded */
	uint8_t kind;       /* enum code_site */
	char *symbol;       /* its target; "" if the file does not tell */
	uint64_t sites;     /* number of executed sites */
	int64_t executions; /* of the site itself: the call, the load */
};

/* A file of the interpreter. */
struct explain_object {
	char *path;
	bool named; /* (nearly) all functions have names, so they can be matched */
	int64_t total;
	int64_t in_named; /* executed in named functions */
	int64_t unknown;  /* executed outside known functions, or in the middle of an instruction */
	char *bolt;       /* the revision of the BOLT that rewrote it, "" if not said; or NULL */
	int64_t in_parts; /* executed in parts split off (NAME.cold, NAME.warm) */
	int64_t in_left;  /* executed in functions that BOLT left where they were */
};

/* A name of a function that counts under another one. */
struct explain_alias {
	char *name, *of; /* folded */
};

/* Counts are negative only if the run is a difference and did less of something. The caller owns
 * it: start from {0}, end with explain_weights_release(). */
struct explain_weights {
	int64_t total;
	char *version; /* of Python, "3.13.5", from its files (3.11 or later); NULL if unknown */
	/* Addresses executed less often with more loops: how many, and by how much in total (0 or
	 * less). All numbers here include them. */
	size_t n_less;
	int64_t less;
	size_t forked;                    /* forked processes, not counted here */
	int64_t causes[EXPLAIN_N_CAUSES]; /* add up to `total` */
	/* The interpreter's own, by CODE_SITE_… and CODE_INSN_…; add up to the totals of
	 * `objects`. */
	int64_t classes[CODE_N_CLASSES];
	uint64_t class_in_files[CODE_N_SITES];  /* sites in the files */
	uint64_t class_sites[CODE_N_SITES];     /* number of executed sites */
	int64_t class_executions[CODE_N_SITES]; /* total executions of these sites */
	int64_t tls_stubs;    /* part of EXPLAIN_TLS: in PLT stubs to __tls_get_addr */
	int64_t tls_get_addr; /* part of EXPLAIN_TLS: in __tls_get_addr and its callees */
	int64_t tls_calls;    /* calls of __tls_get_addr */
	struct explain_function *functions; /* sorted by name */
	size_t n_functions;
	struct explain_site *sites; /* sorted by function, class and symbol */
	size_t n_sites;
	struct explain_object *objects;
	size_t n_objects;
	struct explain_alias *aliases; /* other names of executed functions; sorted by name */
	size_t n_aliases;
	struct explain_alias *joined; /* by explain_join(); sorted by name */
	size_t n_joined;
};

/* Reads the code of the interpreter's files: the run's objects that the command names or that are
 * called python, python3.13 or libpython*. They must be the files that ran. Checks that causes and
 * classes add up to the totals; if not, the error says where counts are missing. A run made without
 * --skip-plt=no is ERR_UNSUPPORTED. Settles the run first. */
int explain_weigh(struct callgrind *run, struct explain_weights *weights, struct err *err);
void explain_weights_release(struct explain_weights *weights);
#define CLEANUP_WEIGHTS CLEANUP(explain_weights_release)
/* Comparator: by function, class and symbol. */
int explain_compare_sites(const void *a, const void *b);
/* Merges functions of the same name, and sites of the same kind; sorts both, and aliases. */
void explain_merge_equal(struct explain_weights *w);
/* Functions that run in `w` alone, and are one with another in the other's file, count under that
 * one's name; `joined` tells which. */
void explain_join(struct explain_weights *w, const struct explain_weights *other);
/* By folded name; if not found, a function without executions. */
const struct explain_function *explain_find_function(
	const struct explain_weights *weights, const char *name);

/* ---- attribution --------------------------------------------------------------------------- */

/* Rows of the comparison: the causes, with entry and exit of functions that run in only one of the
 * two split off. */
struct explain_row {
	const char *name;  /* static: explain_cause_name(), or "frame-one-only" */
	const char *words; /* static */
	enum explain_cause cause;
	bool explained; /* explain_cause_explains() */
	int64_t a, b;
};

struct explain_pair {
	const char *name;     /* borrowed from the weights */
	const char *symbol;   /* of sites; else NULL */
	uint8_t kind, kind_b; /* of sites, enum code_site; they differ if B makes the same access in
				 another way */
	int64_t a, b;         /* instructions of a function, executions of a site */
	bool in_a, in_b;      /* executed there */
	/* Sort key. Functions: the difference. Sites: instructions, including those of
	 * __tls_get_addr per call; the difference if both have the same class, else the larger
	 * number. */
	double weight;
	enum explain_cause most; /* of functions: the cause with the largest difference, or the
				    largest cause */
};

/* B relative to A. Without a B, its numbers are 0 and the lists are sorted by A. */
struct explain_result {
	bool pair;
	bool matched; /* functions were matched by name, because both have names */
	int64_t total_a, total_b;
	struct explain_row rows[EXPLAIN_N_CAUSES + 1]; /* add up to the totals */
	size_t n_rows;
	struct explain_pair *functions; /* heaviest first */
	size_t n_functions;
	struct explain_pair *sites;
	size_t n_sites;
	/* The part of the difference in causes that reflect how the file was made. */
	int64_t explained;
};

/* `b` may be NULL. The weights must outlive the result. */
int explain_compare(const struct explain_weights *a, const struct explain_weights *b,
	struct explain_result *result, struct err *err);
void explain_result_release(struct explain_result *result);
#define CLEANUP_EXPLAIN_RESULT CLEANUP(explain_result_release)

/* ---- inlined functions ---------------------------------------------------------------------- */

/* A function that contains inlined copies of another. */
struct explain_host {
	char *name; /* folded; "" if debug information does not say */
	int64_t executed;
};

/* A function of the interpreter that ran out of line in one and inlined in the other. Instructions
 * of a copy are those at the addresses that debug information gives for it, including anything
 * inlined into it. Compilers mix a copy's instructions with the surrounding code, so the numbers
 * are no more exact than that. Copies are not a cause: each instruction already has one. */
struct explain_inlined {
	const char *name; /* borrowed from the weights */
	bool in_a;        /* the copies are in A and the function in B; false: the reverse */
	int64_t entries;  /* of the out-of-line function */
	int64_t frame;    /* its entry and exit instructions */
	int64_t a, b;     /* instructions of the function, or of all copies */
	struct explain_host *hosts; /* functions with executed copies; most executed first */
	size_t n_hosts;
};

/* Functions that ran in one only, and how many of them ran inlined in the other. */
struct explain_alone {
	size_t functions, inlined;
	int64_t frame, inlined_frame; /* instructions of entry and exit */
};

/* [0] is A, [1] is B. Owned by the caller: start from {0}, end with explain_inlining_release(). */
struct explain_inlining {
	struct explain_inlined *v; /* sorted by entries */
	size_t n;
	struct explain_alone alone[2];
	struct strv missing[2]; /* why some inlining there is unknown */
};

struct explain_ran {
	const struct callgrind *run;
	const struct explain_weights *weights;
};

/* Both must be named (explain_result.matched). Reads debug information, for executed functions
 * only, from the files that ran; damaged debug information is reported in `missing`, not as an
 * error. The weights must outlive the result. */
int explain_find_inlined(const struct explain_ran *a, const struct explain_ran *b,
	struct explain_inlining *inlining, struct err *err);
void explain_inlining_release(struct explain_inlining *inlining);
#define CLEANUP_INLINING CLEANUP(explain_inlining_release)

/* Debug information and symbols of a file. Addresses are file addresses. */
struct source;
int source_open(const char *path, struct source **ret, struct err *err);
void source_free(struct source **s);
#define CLEANUP_SOURCE CLEANUP(source_free)
/* libdw's handle, owned by the source; NULL if there is no debug information. */
struct Dwarf *source_debug(struct source *s);
/* *file is the last component of the path, valid as long as the source. */
bool source_line(struct source *s, uint64_t addr, const char **file, unsigned *line);
/* The variable or function that contains the address, and the offset into it; NULL if none. */
const char *source_symbol(const struct source *s, uint64_t addr, uint64_t *offset);

/* ---- machine code -------------------------------------------------------------------------- */

/* Aligns two sequences so that equal runs share rows: rows in the order of both, each with an index
 * of `a`, of `b`, or of both. Unequal elements of both may share a row too, not marked `same`. The
 * number of equal pairs is the maximum as long as the searched stretches need no more than `effort`
 * edits; beyond that it is merely good. Time grows with effort² and with the length. The caller
 * frees *rows (never NULL). */
#define EXPLAIN_NONE SIZE_MAX
#define EXPLAIN_ALIGN_EFFORT 2048
struct explain_aligned {
	size_t a, b; /* EXPLAIN_NONE: none in this row */
	bool same;
};
size_t explain_align(const uint64_t *a, size_t n, const uint64_t *b, size_t m, unsigned effort,
	struct explain_aligned **rows);

/* A hash of the mnemonic and the kinds of operands, equal for instructions that differ only in
 * registers, offsets and constants. Takes text as Capstone writes it. */
uint64_t explain_shape(const char *mnemonic, const char *operands);

struct explain_code_insn {
	uint64_t addr;     /* file address */
	int64_t count;     /* executions; of loops, so it may be negative */
	uint64_t shape;    /* includes the name of the called function */
	const char *class; /* code_class_name(), static */
	const char *mark;  /* a short form of it, "" for ordinary instructions; static */
	char *text;        /* AT&T syntax on x86; names for addresses where known */
	const char *file;  /* source file, last component; NULL if unknown */
	unsigned line;
	bool site;
};

/* A contiguous piece of code: the function, or a part or copy split off by the compiler (.cold,
 * …). */
struct explain_code_part {
	char *name; /* with suffixes */
	uint64_t addr, size;
	int64_t count; /* sum over its instructions */
	struct explain_code_insn *v;
	size_t n;
};

/* All parts of one function, by address. The caller owns it: start from {0}, end with
 * explain_code_release(). */
struct explain_code {
	struct explain_code_part *parts;
	size_t n;
	struct strv files;  /* private */
	size_t n_before;    /* private */
	char *why_no_lines; /* NULL if there are line numbers */
};

/* Disassembles the functions with the given (folded) names in the interpreter's files of the run.
 * `codes` has `n` members, in the order of the names; those of missing functions stay empty. Reads
 * the code once for all of them. */
int explain_code_read(const struct callgrind *run, const char *const *functions, size_t n,
	struct explain_code *codes, struct err *err);
void explain_code_release(struct explain_code *code);

struct explain_listing_row {
	const struct explain_code_insn *a, *b; /* NULL: none in this row */
	bool same;                             /* equal shapes */
	bool hot;                              /* shown even in a shortened listing */
};

/* A part of A aligned with its counterpart in B; one may be NULL. */
struct explain_listing_part {
	const struct explain_code_part *a, *b;
	struct explain_listing_row *rows;
	size_t n;
};

struct explain_listing {
	struct explain_listing_part *parts;
	size_t n;
};

/* Pairs parts by name, sorts them by executions, aligns them, and marks hot rows: the instructions,
 * with some context, that make up most of the executions and of the difference. `b` may be NULL.
 * Points into both codes. */
void explain_listing_make(const struct explain_code *a, const struct explain_code *b,
	struct explain_listing *listing);
void explain_listing_release(struct explain_listing *listing);
#define CLEANUP_EXPLAIN_LISTING CLEANUP(explain_listing_release)

/* ---- startup ------------------------------------------------------------------------------- */

enum { EXPLAIN_LD_RUNS = 15, EXPLAIN_PAGE = 4096 };

/* Output of glibc's loader under LD_DEBUG. Numbers that it did not print are 0. */
struct explain_ld {
	bool statistics; /* it printed cycles and relocations */
	/* In total, relocating and loading: the run with the fewest cycles of EXPLAIN_LD_RUNS. */
	uint64_t cycles, cycles_relocating, cycles_loading;
	uint64_t cycles_middle;       /* in total, of the median run */
	uint64_t relocations, cached; /* with a symbol lookup; with a cached one */
	uint64_t relative;            /* without lookup, as far as DT_RELACOUNT tells */
	uint64_t objects;             /* loaded, excluding the program */
	uint64_t bindings;            /* symbols bound to a definition */
	uint64_t searches;            /* symbol tables searched for them */
};

/* Adds the contents of `text`: the output of LD_DEBUG=statistics, of files,bindings,symbols, or of
 * all. Ignores other lines. */
void explain_ld_read(const char *text, size_t len, struct explain_ld *ld);

/* A file, or a kernel name ("[heap]", "" for anonymous), mapped in the process when it exits. In
 * bytes. */
struct explain_mapping {
	char *path;
	uint64_t size, resident;
	uint64_t written; /* private pages that no longer come from the file */
};

/* System calls and memory of a process from exec to exit, observed with ptrace. */
struct explain_trace {
	uint64_t calls, opens, opens_failed;
	uint64_t looks, looks_failed; /* stat, access, readlink and the like; how many failed */
	/* Files mapped with mmap(), so excluding the program itself; bytes, counting every
	 * mapping. */
	uint64_t maps, mapped;
	uint64_t faults; /* minor faults: first touch of a page */
	uint64_t major_faults;
	struct strv files;                /* opened files, without duplicates, in order */
	struct explain_mapping *mappings; /* sorted by path */
	size_t n_mappings;
};

/* Runs `argv` in the folder `cwd` under ptrace. If tracing is not permitted or the program failed,
 * *why receives the reason (caller frees). Returns -1 only on an interrupt. */
int explain_trace_run(const struct strv *argv, const struct strv *env, const char *cwd,
	struct explain_trace *trace, char **why, struct err *err);
/* Adds the mappings in the text of /proc/PID/smaps. */
void explain_trace_read_smaps(const char *text, struct explain_trace *trace);
void explain_trace_release(struct explain_trace *trace);

struct explain_number {
	char *name;
	int64_t n;
};

/* Each no_… is the reason why something is unknown, or NULL. The caller owns it: start from {0},
 * end with explain_startup_release(). */
struct explain_startup {
	struct explain_ld ld;
	char *no_ld;
	struct explain_trace trace;
	char *no_trace;
	/* Dynamic relocations of the mapped files, by type ("R_X86_64_RELATIVE"; RELR addresses as
	 * "RELR") and by file. */
	struct explain_number *types, *objects;
	size_t n_types, n_objects;
	uint64_t relocations;
	/* Over the files mapped at exit, including the program, which the kernel maps. */
	uint64_t file_bytes, file_pages_written;
	struct strv modules; /* imported, by name */
	struct strv kinds;   /* parallel to `modules`: "built-in", "frozen", "extension", "source",
				"other" */
	uint64_t n_modules, n_built_in, n_frozen, n_extension, n_source;
	char *no_modules;
};

/* Starts the interpreter several times (`-c pass`) in `scratch`, with the environment of
 * explain_environment(). */
int explain_startup(const char *interpreter, const char *scratch, struct explain_startup *startup,
	struct err *err);
void explain_startup_release(struct explain_startup *startup);

/* ---- the answer ---------------------------------------------------------------------------- */

/* How many functions a page shows as code if none is requested. */
enum { EXPLAIN_PAGE_CODES = 3 };

/* One of the two, and everything known about it. */
struct explain_python {
	const char *given; /* as in the question */
	char *label; /* for sentences: "NAME (A)", "A (GIVEN)"; with one Python: NAME, GIVEN */
	char *interpreter;          /* path; NULL with from_callgrind */
	struct explain_place place; /* where it ran from */
	bool aligned;       /* its arenas start at the same offset as in other aligned runs */
	char *version;      /* NULL if unknown (with from_callgrind) */
	const char *link;   /* "static", "shared", …; NULL with from_callgrind */
	int64_t *workloads; /* executed instructions, per workload */
	struct callgrind run;
	struct explain_weights weights;
	struct explain_code codes[EXPLAIN_PAGE_CODES]; /* of the functions shown as code */
	struct explain_startup startup;
	bool started;    /* `startup` is valid */
	char *no_counts; /* with --startup: why its instructions are unknown, or NULL */
};

struct explain_answer {
	const struct explain_question *q;
	struct explain_python pythons[2];
	const struct explain_python *a, *b; /* the same; b is NULL if there is only one */
	struct strv workloads;              /* names; empty with from_callgrind */
	bool counted;                       /* executed instructions are known for all */
	struct explain_result result;
	struct explain_inlining inlining;           /* empty if functions are not matched */
	char *function;                             /* the requested function, folded; NULL: all */
	const char *code_names[EXPLAIN_PAGE_CODES]; /* shown as code */
	size_t n_codes;
};

/* True if the function or site is to be listed. If not all functions are matched, a name found in
 * only one may belong to unnamed code in the other: halves of pairs would look like differences. */
bool explain_is_shown(const struct explain_answer *a, const struct explain_pair *pair);

/* Formats into the cell: "1,234,567", "12.34 %", …. */
struct explain_cell {
	char text[48];
};
const char *explain_cell_whole(struct explain_cell *cell, int64_t n);
const char *explain_cell_percent(struct explain_cell *cell, int64_t part, int64_t total);
/* The change from a to b, with its sign; and as a share of `total`. */
const char *explain_cell_change(struct explain_cell *cell, int64_t a, int64_t b);
const char *explain_cell_change_share(
	struct explain_cell *cell, int64_t a, int64_t b, int64_t total);
/* 0 if `total` is 0. */
double explain_share(int64_t part, int64_t total);
/* A row: label, A, B, their difference, and the difference as a share of `total`, as far as the
 * table has columns. NULL: unknown or absent. */
void explain_row(
	struct doc *doc, const char *what, const int64_t *a, const int64_t *b, int64_t total);

/* Functions of one that are merged in the other. */
void explain_write_joined(
	const struct explain_weights *w, char letter, char other, struct doc *doc);
/* One interpreter's instructions by cause; and an explanation of the causes, for pages only. */
void explain_write_causes(const struct explain_answer *a, struct doc *doc);
void explain_write_glossary(const struct explain_answer *a, struct doc *doc);
/* How they start. With --startup, a one-sentence answer comes first, and relocations and memory per
 * file come last. */
void explain_write_startup(const struct explain_answer *a, struct doc *doc);
json_t *explain_startup_json(const struct explain_startup *startup);

#endif
