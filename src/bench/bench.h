/* Comparing interpreters: campaigns of paired observations, and what they say.
 *
 * A campaign has arms (interpreters; the first is the reference), workloads, and rounds. In every
 * round each arm runs each workload once, in a fresh process. Everything observed is kept in the
 * campaign's file; everything said about it is computed from that file alone, so that it can be
 * computed again, by anyone, and differently.
 *
 * A workload's ratio is the median over rounds of its time relative to the reference's in the same
 * round, the suite's their geometric mean over workloads. Of each it is said that it is equal
 * within a margin (1 %), faster, slower or undecided, from intervals that rounds resampled as a
 * whole give. The data are judged at 10, 20 and 40 rounds alone, and the level of 5 % is split
 * among those looks. A hidden arm, a byte-identical copy of the reference, must come out equal:
 * else only what exceeds the error that this shows is said. stats.c has the statistics in full,
 * with their sources.
 *
 * Load: a round is dropped when the hypervisor took more than steal_limit plus twice what it
 * usually takes here, which the rehearsal shows, or other processes more than foreign_limit of the
 * trials' processor. Where the kernel accounts for less than the trials themselves used (gVisor's
 * /proc/stat is all zeros), the load is unknown: no round is dropped, and the report says so.
 *
 * A workload that failed once in one arm (crash, exit code, time limit), or for which an arm lacks
 * a module, is left out for all arms, and listed.
 */
#ifndef SOLDER_BENCH_H
#define SOLDER_BENCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/progress.h"
#include "report/report.h"

/* Most processes last so long, unless another duration is chosen: ns of CPU time. */
#define BENCH_PROCESS_NS 60000000ull

/* Ceilings of a campaign, also held by the reader of its file. */
enum {
	BENCH_ARMS_MAX = 16,
	BENCH_WORKLOADS_MAX = 512,
	BENCH_ROUNDS_MAX = 4096,
	BENCH_LAYOUTS_MAX = 64,
	BENCH_LOOKS_MAX = 4,
	BENCH_WORDS_MAX = 64, /* arguments of a workload */
	BENCH_OBSERVATIONS_MAX = 2000000,
};
#define BENCH_FILE_MAX ((size_t)64 << 20)
/* Seeds are below this, so that every JSON reader can hold them. */
#define BENCH_SEED_END ((uint64_t)1 << 53)

enum bench_role {
	BENCH_ROLE_ARM,    /* named by the user; the first is the reference */
	BENCH_ROLE_COPY,   /* the byte-identical copy of the reference */
	BENCH_ROLE_SLOWED, /* the reference, slowed by `slowdown` */
};

/* Another link of an arm's objects: the layout of the code differs, and nothing else. */
struct bench_link {
	char *given;
	char *interpreter;
	char *sha256;
	char *lib_sha256; /* or NULL */
};

struct bench_arm {
	char *name;
	enum bench_role role;
	char *given;       /* as named on the command line */
	char *interpreter; /* the file that was copied */
	char *version;
	char *link;       /* "static", "shared", "dual", "unknown" */
	char *sha256;     /* of the interpreter */
	char *lib_sha256; /* of the libpython that it loads, or NULL */
	char *note;       /* what could not be made equal, or NULL */
	double slowdown;  /* 0.02: by 2 % */
	/* Other links: layout l runs number l modulo n_links + 1, of which the one above is 0. */
	struct bench_link *links;
	size_t n_links;
};

/* How a workload is run: `python FILE ARGS... LOOPS` for "loop", `python FILE ARGS...` for
 * "script"; `python FILE --worker ... --loops=LOOPS ARGS...` with pyperf on PYTHONPATH for
 * "pyperformance"; `python ARGS...`, so many times one after the other as there are loops, for
 * "startup" (their times are added: one start alone is too short for this). */
struct bench_workload {
	char *name;
	char *stresses; /* a sentence */
	char *kind;     /* "loop", "startup", "script", "pyperformance" */
	char *file;     /* NULL: none */
	struct strv args;
	struct strv needs; /* modules that a Python may lack; not kept in the file */
	char *failed;      /* why it is left out: what failed, in which arm; NULL */
	char *uncounted;   /* why its instructions were not counted; NULL */
	uint64_t loops;    /* frozen by the calibration; 1 when there are none to choose */
	uint64_t nominal;  /* what one process took on the reference then, in ns of CPU time */
};

enum bench_status { BENCH_OK, BENCH_EXIT, BENCH_SIGNAL, BENCH_TIMEOUT };

/* "Not supported" for what the machine does not tell. */
#define BENCH_NONE (-1)

/* One process. */
struct bench_observation {
	unsigned int workload, arm;
	enum bench_status status;
	int64_t code;      /* exit code or signal */
	int64_t wall;      /* ns, from the start signal until the end was noticed */
	int64_t user;      /* ns */
	int64_t system;    /* ns */
	int64_t voluntary; /* context switches */
	int64_t involuntary;
	int64_t minor_faults;
	int64_t major_faults;
	int64_t max_rss; /* KiB; BENCH_NONE if solder's own would hide it */
	int64_t steal;   /* ns of the processor, in ticks of the kernel */
	int64_t cycles;  /* hardware counters, user mode */
	int64_t instructions;
	int64_t branch_misses;
	int64_t padding; /* bytes added to the environment */
};
#define BENCH_COLUMNS 17

struct bench_round {
	unsigned int layout;
	uint64_t hash_seed;
	int64_t started; /* seconds since 1970 */
	int64_t lasted;  /* ns */
	int64_t steal;   /* ns, whole round */
	int64_t foreign; /* ns of our processor that others used, whole round; BENCH_NONE */
	char *dropped;   /* why the round does not count, or NULL */
	struct bench_observation *v;
	size_t n;
};

/* Instructions of a workload in an arm, user mode, as valgrind executed them. */
struct bench_count {
	uint64_t loops; /* of the first process; 0: it has none, and is the only one */
	int64_t once;   /* of that process, start-up and all; 0: not counted */
	int64_t twice;  /* of one with twice the loops */
};

/* Which time is judged. CPU time is user + system: it leaves out waiting and other processes. */
enum bench_measure { BENCH_CPU, BENCH_WALL };

struct bench_options {
	uint64_t seed;
	unsigned int rounds;    /* at most */
	unsigned int layouts;   /* 1: no layouts */
	double alpha;           /* 0.05 */
	double margin;          /* 0.01 */
	double precision;       /* 0.005 */
	double gate;            /* 0.005 */
	unsigned int max_time;  /* seconds, rehearsals included; 0: none */
	unsigned int limit;     /* seconds for one process */
	double steal_limit;     /* share of a round, above which it is dropped: 0.05 */
	double foreign_limit;   /* the same for other processes on our processor: 0.10 */
	unsigned int resamples; /* 10000 */
	enum bench_measure measure;
};

/* A campaign. All of it is owned. */
struct bench {
	struct bench_options options;
	unsigned int looks[BENCH_LOOKS_MAX]; /* rounds, ascending; the last is options.rounds */
	size_t n_looks;
	json_t *machine; /* what it ran on: an object of texts and numbers */
	char *suite;     /* "own", "script", "pyperformance" */
	char *stopped;   /* why no more rounds are wanted, or NULL */
	struct bench_arm *arms;
	size_t n_arms;
	struct bench_workload *workloads;
	size_t n_workloads;
	struct bench_round *rounds;
	size_t n_rounds, cap_rounds;
	char *counter;              /* "valgrind-3.19.0"; NULL: nothing was counted */
	struct bench_count *counts; /* [workload * n_arms + arm], or NULL */
};

void bench_defaults(struct bench_options *options);
/* An empty campaign with these options (their looks planned) and seed. */
struct bench *bench_new(const struct bench_options *options);
void bench_free(struct bench *b);
void cleanup_bench(struct bench **b);
#define CLEANUP_BENCH CLEANUP(cleanup_bench)

/* Appends a zeroed element; the pointer holds until the next call. */
struct bench_arm *bench_add_arm(struct bench *b, const char *name, enum bench_role role);
struct bench_workload *bench_add_workload(struct bench *b, const char *name, const char *kind);
/* A round with room for so many observations. */
struct bench_round *bench_add_round(struct bench *b, size_t room);
/* May an arm be called so? Letters, digits and "._+-", at most 40, the first no dot: names become
 * names of files. */
bool bench_arm_name_ok(const char *name);

/* The time that `measure` picks, in ns. */
int64_t bench_time(const struct bench_observation *o, enum bench_measure measure);
/* Rounds that were not dropped. */
unsigned int bench_kept(const struct bench *b);
/* The time that solder itself takes for one process, in ns: rounds last that much longer than the
 * processes in them. NAN before the first round, and for a file whose rounds last less. */
double bench_overhead(const struct bench *b);
/* The share of a round above which it is dropped for what the hypervisor took. */
double bench_steal_limit(const struct bench *b);
/* Did others use more of the trials' processor than a round may lose? Not where it is unknown. */
bool bench_crowded(const struct bench *b, const struct bench_round *round);
/* Rounds in which the machine did not tell what else ran. */
unsigned int bench_unwatched(const struct bench *b);
/* How many arms the user named. */
size_t bench_named(const struct bench *b);

/* ---- the file ------------------------------------------------------------------------------ */

/* Reads a campaign; a file that is none, is damaged or passes a ceiling is an error that says
 * where. */
int bench_load(const char *path, struct bench **ret, struct err *err);
int bench_from_memory(const char *data, size_t size, struct bench **ret, struct err *err);
/* Writes it by way of a rename. */
int bench_save(const struct bench *b, const char *path, struct err *err);
/* As JSON; the caller owns it. */
json_t *bench_to_json(const struct bench *b);
/* Writes DIR/ARM.json for each arm that the user named, in the format of pyperf 1.0: one value per
 * process, in seconds for one loop. Workloads that do not count are left out. */
int bench_save_pyperf(const struct bench *b, const char *dir, struct err *err);

/* ---- running ------------------------------------------------------------------------------- */

/* Adds the Python that a person named (see py_find()); an error if it cannot be run here or is
 * older than 3.8. A name that an arm has already makes it another link of that arm, if it is of
 * the same version and form and another file; there are then as many layouts as links at least. */
int bench_add_python(struct bench *b, const char *name, const char *what, struct err *err);
/* The same for a word of the command line, "NAME=PYTHON", or PYTHON alone: it is called by the
 * letter of its place, or the next that is free. */
int bench_add_word(struct bench *b, const char *word, struct err *err);
/* Adds the copy of the reference, and the slowed arm if `slowdown` is not 0. After all others. */
void bench_add_hidden(struct bench *b, double slowdown);

/* Adds the workloads of the folder `dir` as its index.json lists them: those whose name holds one
 * of the comma-separated words of `filter` (NULL: all). An error if none is left. */
int bench_add_suite(struct bench *b, const char *dir, const char *filter, struct err *err);
/* Adds any program as the only workload; `args` may be NULL. */
int bench_add_script(struct bench *b, const char *file, const struct strv *args, struct err *err);

/* Installs pyperformance and pyperf, of fixed versions, into the folder `dir` with the pip of the
 * first arm that has one. */
int bench_install_pyperformance(const struct bench *b, const char *dir, struct err *err);
/* Adds the benchmarks of the pyperformance in `dir` (what `pip install --target` made, or a
 * checkout with pyperf beside it) that need no other package, as `filter` says; `index` is the
 * program pyperformance_index.py, which the reference runs. `dir` is then what setup.workloads must
 * be. For a campaign that is continued (it has workloads) it only checks that the versions are the
 * same. */
int bench_add_pyperformance(
	struct bench *b, const char *index, const char *dir, const char *filter, struct err *err);

struct bench_setup {
	const char *workloads;     /* the folder that relative files of workloads are in */
	const char *scratch;       /* an existing folder for the arms' copies, with room for them */
	const char *file;          /* where the campaign is kept after every step; NULL: nowhere */
	unsigned int duration;     /* ms that a process should last; 0: chosen from its start */
	struct progress *progress; /* may be NULL */
};

/* Runs the campaign, or what is missing of one that was interrupted, until b->stopped says why no
 * more is wanted; one that is stopped already is left as it is.
 *
 * Every arm, the copy and all, is a real copy of its interpreter (and of the libpython that it
 * loads from its own tree) under SCRATCH/aNN/bin/python, with links to the rest of the prefix: so
 * that all have equally long paths, and none has older pages in memory than another. Layouts are
 * more such copies: of the arm's other links in turn, and where there are none with other physical
 * pages only (docs/bench.md, "Layout"). A Python that
 * does not find itself there is run all the same, with a note. Bytecode is kept in a folder of the
 * campaign (-X pycache_prefix), filled by a rehearsal that no one times; no tree is written to.
 * Each process is pinned to the last processor that we may use, we to the others. It starts with
 * the same environment (a hash seed for the round, and padding of 0 to 4095 random bytes), in the
 * same folder, with address space randomization as the system has it.
 *
 * The slowed arm is the reference whose process burns `slowdown` of the workload's nominal time
 * before it becomes the interpreter: the measured way is the same, the amount is known, and
 * nothing of the interpreter has to cooperate.
 *
 * The place of a dropped round in the order is played again. A workload that fails is not run
 * again. On an interrupt the round that was under way is forgotten, the rest is in the file, and
 * the error is ERR_INTERRUPTED. */
int bench_run(struct bench *b, const struct bench_setup *setup, struct err *err);

/* ---- instructions -------------------------------------------------------------------------- */

/* Can instructions be counted here? *version receives what valgrind calls itself. An error
 * (ERR_UNSUPPORTED) if it is not installed. The caller frees it. */
int bench_counter(char **version, struct err *err);

/* Counts the instructions of every workload that did not fail, in every arm but a slowed one, where
 * that is still to be done. Uses workloads, scratch, file (saved after each workload) and
 * progress.
 *
 * Every process runs under callgrind, its cache simulation off, with address randomization off,
 * hash seed 0 and an environment that always is the same. All arms take their turns in the same
 * folder, since the hashes of paths depend on it: so two runs of one file agree to the instruction,
 * unless the program itself looks at the time, at numbers of files and processes, or for chance
 * (python -E ignores the hash seed). "loop" workloads run with one loop and with two: the
 * difference is free of the start-up. What a process starts with exec is not counted. A workload
 * that fails is recorded as uncounted. */
int bench_count(struct bench *b, const struct bench_setup *setup, struct err *err);

/* Instructions for one loop, or of the whole process where there are none to choose; NAN if they
 * were not counted, or the second process executed no more than the first. */
double bench_instructions(const struct bench *b, size_t workload, size_t arm);
/* The geometric mean of the ratios to the reference, over the workloads counted in all arms but
 * slowed ones (*n, may be NULL); NAN if there is none. */
double bench_instructions_ratio(const struct bench *b, size_t arm, size_t *n);
/* As JSON: {"counter", "arms": [{"name", "role", "ratio", "workloads": [{"name", "instructions",
 * "ratio"}]}]}, or null if nothing was counted. */
json_t *bench_instructions_json(const struct bench *b);

/* ---- results ------------------------------------------------------------------------------- */

enum bench_verdict {
	BENCH_NO_VERDICT,
	BENCH_FASTER,
	BENCH_SLOWER,
	BENCH_EQUAL,
	BENCH_UNDECIDED,
};
const char *bench_verdict_name(enum bench_verdict verdict);
enum doc_tone bench_verdict_tone(enum bench_verdict verdict);

struct bench_interval {
	double low, high; /* ratios; 0 and infinity when nothing can be said */
};

struct bench_cell {
	double ratio;
	struct bench_interval interval;
	double error; /* the standard error behind the interval, in logs */
	double p, adjusted;
	double minima; /* ratio of the fastest observations: a diagnostic only */
	double time;   /* ns for one loop: the median over rounds, also in the reference */
	enum bench_verdict verdict;
	double at_least; /* the factor that is left of it beyond the noise of a failed gate; or 0 */
};

struct bench_arm_result {
	double ratio;
	struct bench_interval suite, general;
	double error;      /* the standard error behind `suite`, in logs */
	double half_width; /* of `suite`, in logs: 0.005 is half a percent */
	enum bench_verdict verdict;
	double at_least;          /* as in a cell */
	unsigned int different;   /* workloads called faster or slower */
	struct bench_cell *cells; /* one for each workload; zeroed where it does not count */
};

enum bench_gate { BENCH_GATE_NONE, BENCH_GATE_PASSED, BENCH_GATE_FAILED, BENCH_GATE_NOISY };
const char *bench_gate_name(enum bench_gate gate);

struct bench_result {
	unsigned int rounds, dropped; /* that count; that do not */
	size_t look;                  /* index of the look whose level is used */
	double alpha;                 /* that level */
	unsigned int resamples;
	size_t units; /* what was resampled: rounds, or layouts */
	size_t n_arms, n_workloads;
	size_t counting;               /* workloads that count */
	char **why;                    /* for each workload: why it does not count, or NULL */
	struct bench_arm_result *arms; /* that of the reference is ratio 1 and no verdict */
	enum bench_gate copy, slowed;
	char *copy_reason, *slowed_reason; /* a sentence each, or NULL */
	bool verdicts;                     /* no gate stands in the way */
	double noise;                      /* N where one does, in logs */
	double widest;                     /* half-width of the arms that the user named, in logs */
};

/* Computes everything from the observations, by all processors; the result does not depend on their
 * number. Rounds beyond the last look do not count. An error if there are fewer than two rounds or
 * no workload that counts. */
int bench_compute(const struct bench *b, struct bench_result *result, struct err *err);
void bench_result_release(struct bench_result *result);
#define CLEANUP_BENCH_RESULT CLEANUP(bench_result_release)

/* The result as JSON: {"rounds", "alpha", "gates", "arms": [{"ratio", …, "workloads": […]}]}. */
json_t *bench_result_json(const struct bench *b, const struct bench_result *result);

/* ---- two campaigns ------------------------------------------------------------------------- */

/* How a ratio to the reference differs between two campaigns, which are independent: Welch's
 * interval and test (Biometrika 34, 1947) on the two log ratios, with the standard errors of the
 * campaigns' own bootstraps and n - 1 degrees of freedom for each. Changes of workloads have p
 * adjusted within an arm, as in one campaign. What differs between days, but not within one
 * campaign, is in neither error. */
struct bench_change {
	double before, after; /* ratios to the reference */
	double ratio;         /* after / before */
	struct bench_interval interval;
	double p, adjusted;         /* adjusted is p for the suite */
	enum bench_verdict verdict; /* faster: relative to the reference it is so in the second */
};

struct bench_arm_changes {
	size_t before, after; /* the arm in each campaign */
	struct bench_change suite;
	struct bench_change *workloads;
	unsigned int different; /* workloads called faster or slower */
};

struct bench_comparison {
	struct bench_result before, after; /* over the workloads that count in both */
	size_t n_workloads;
	size_t *workload_before, *workload_after; /* where each of them is in its campaign */
	size_t n_arms;
	struct bench_arm_changes *arms; /* of that name in both, and last the copy */
	bool verdicts;                  /* no gate of either stands in the way */
};

/* Compares what two campaigns say of arms of the same name. A workload that does not count in both
 * is left out of both: its `failed` is set. An error if they have no arm or workload in common, or
 * judge different times. */
int bench_compare(
	struct bench *before, struct bench *after, struct bench_comparison *ret, struct err *err);
void bench_comparison_release(struct bench_comparison *c);
#define CLEANUP_BENCH_COMPARISON CLEANUP(bench_comparison_release)

/* As JSON: {"verdicts", "before", "after" (results), "changes": [{"arm", "ratio", …}]}. */
json_t *bench_comparison_json(const struct bench *before, const struct bench *after,
	const struct bench_comparison *comparison);

/* ---- documents ----------------------------------------------------------------------------- */

/* A campaign and its result (NULL: only what was counted). With `all` every workload is listed and
 * there are pictures; else those that were called different. */
struct doc *bench_doc(const struct bench *b, const struct bench_result *result, bool all);
/* Two campaigns, read from `files`. */
struct doc *bench_comparison_doc(const struct bench *before, const struct bench *after,
	const struct bench_comparison *comparison, const char *const files[2], bool all);

#endif
