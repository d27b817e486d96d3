/* Compares interpreters: campaigns of paired observations, and verdicts computed from them.
 *
 * A campaign has arms (interpreters; the first is the reference), workloads, and rounds. In every
 * round each arm runs each workload once, in a fresh process. Every observation is kept in the
 * campaign's file, and every result is computed from that file alone, so that anyone can recompute
 * it, or compute it differently.
 *
 * A workload's ratio is the median over rounds of its time relative to the reference's in the same
 * round; the suite's ratio is the geometric mean over workloads. Each is called equal within a
 * margin (1 %), faster, slower or undecided, based on intervals from resampling whole rounds. The
 * data are judged only after 10, 20 and 40 rounds, and the level of 5 % is split among those looks.
 * A hidden arm, a byte-identical copy of the reference, must come out equal; otherwise only
 * differences larger than the error it reveals are reported. stats.c documents the statistics in
 * full, with sources.
 *
 * Load: a round is dropped if the hypervisor took more than steal_limit plus twice the usual amount
 * (measured by the rehearsal), or if other processes took more than foreign_limit of the trials'
 * processor. Where the kernel accounts for less than the trials themselves used (gVisor's
 * /proc/stat is all zeros), the load is unknown: no round is dropped, and the report says so.
 *
 * A workload that failed even once in one arm (crash, exit code, time limit), or that needs a
 * module that an arm lacks, is left out for all arms, and listed.
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

/* Default duration of a process, in ns of CPU time. */
#define BENCH_PROCESS_NS 60000000ull

/* Limits of a campaign, enforced when its file is read, too. */
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
/* Seeds are below this, so that any JSON reader can represent them. */
#define BENCH_SEED_END ((uint64_t)1 << 53)

enum bench_role {
	BENCH_ROLE_ARM,    /* named by the user; the first is the reference */
	BENCH_ROLE_COPY,   /* the byte-identical copy of the reference */
	BENCH_ROLE_SLOWED, /* the reference, slowed by `slowdown` */
};

/* Another link of an arm's objects: only the layout of the code differs. */
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
	char *note;       /* why it is not fully comparable, or NULL */
	char *packages;   /* the folder of packages for its kind of Python; not kept in the file */
	double slowdown;  /* 0.02: 2 % slower */
	/* Other links: layout l uses number l modulo n_links + 1; number 0 is the one above. */
	struct bench_link *links;
	size_t n_links;
};

/* How a workload is run: `python FILE ARGS... LOOPS` for "loop", `python FILE ARGS...` for
 * "script"; `python FILE --worker ... --loops=LOOPS ARGS...` with pyperf on PYTHONPATH for
 * "pyperformance"; `python ARGS...`, repeated LOOPS times, for "startup" (the times are added up: a
 * single start is too short to measure). */
struct bench_workload {
	char *name;
	char *stresses; /* a sentence */
	char *kind;     /* "loop", "startup", "script", "pyperformance" */
	char *file;     /* or NULL */
	struct strv args;
	struct strv needs; /* modules that a Python may lack; not kept in the file */
	char *packages;    /* what was installed for it, "NAME==VERSION ..."; or NULL */
	char *failed;      /* why it is left out: the failure and its arm, or NULL */
	char *uncounted;   /* why its instructions were not counted, or NULL */
	uint64_t loops;    /* fixed by the calibration; 1 if not adjustable */
	uint64_t nominal;  /* ns of CPU time of one process on the reference, at calibration */
};

enum bench_status { BENCH_OK, BENCH_EXIT, BENCH_SIGNAL, BENCH_TIMEOUT };

/* Stands for a value that the machine does not provide. */
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
	int64_t max_rss; /* KiB; BENCH_NONE if hidden by solder's own */
	int64_t steal;   /* ns on the processor, at the resolution of kernel ticks */
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
	int64_t foreign; /* ns that others used on our processor, whole round; or BENCH_NONE */
	char *dropped;   /* why the round does not count, or NULL */
	struct bench_observation *v;
	size_t n;
};

/* Instructions of a workload in an arm, user mode, as executed by valgrind. */
struct bench_count {
	uint64_t loops; /* of the first process; 0: not adjustable, a single process */
	int64_t once;   /* of that process, including start-up; 0: not counted */
	int64_t twice;  /* of a process with twice the loops */
};

/* The time to judge. CPU time is user + system: it excludes waiting and other processes. */
enum bench_measure { BENCH_CPU, BENCH_WALL };

struct bench_options {
	uint64_t seed;
	unsigned int rounds;    /* at most */
	unsigned int layouts;   /* 1: no layouts */
	double alpha;           /* default 0.05 */
	double margin;          /* default 0.01 */
	double precision;       /* default 0.005 */
	double gate;            /* default 0.005 */
	unsigned int max_time;  /* seconds, including rehearsals; 0: unlimited */
	unsigned int limit;     /* seconds per process */
	double steal_limit;     /* share of a round above which it is dropped; default 0.05 */
	double foreign_limit;   /* same for other processes on our processor; default 0.10 */
	unsigned int resamples; /* default 10000 */
	enum bench_measure measure;
};

/* A campaign; owns everything in it. */
struct bench {
	struct bench_options options;
	unsigned int looks[BENCH_LOOKS_MAX]; /* rounds, ascending; the last is options.rounds */
	size_t n_looks;
	json_t *machine; /* description of the machine: an object of texts and numbers */
	char *suite;   /* "own", "script", "pyperformance VERSION, ...", "own; pyperformance ..." */
	char *stopped; /* why no more rounds are needed, or NULL */
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
/* Creates an empty campaign with these options (and seed), its looks planned. */
struct bench *bench_new(const struct bench_options *options);
/* Plans a single look, after the last round: the whole level is left for it, and it does not end
 * early. */
void bench_look_once(struct bench *b);
void bench_free(struct bench *b);
void cleanup_bench(struct bench **b);
#define CLEANUP_BENCH CLEANUP(cleanup_bench)

/* Appends a zeroed element; the pointer holds until the next call. */
struct bench_arm *bench_add_arm(struct bench *b, const char *name, enum bench_role role);
struct bench_workload *bench_add_workload(struct bench *b, const char *name, const char *kind);
/* Appends a round with room for that many observations. */
struct bench_round *bench_add_round(struct bench *b, size_t room);
/* True if an arm may have this name: letters, digits and "._+-", at most 40, not starting with a
 * dot, since names become file names. */
bool bench_arm_name_ok(const char *name);

/* The time that `measure` picks, in ns. */
int64_t bench_time(const struct bench_observation *o, enum bench_measure measure);
/* Rounds that were not dropped. */
unsigned int bench_kept(const struct bench *b);
/* The overhead of solder per process, in ns: the time of rounds beyond that of their processes. NAN
 * before the first round, and if a file's rounds are shorter than their processes. */
double bench_overhead(const struct bench *b);
/* The share of hypervisor steal above which a round is dropped. */
double bench_steal_limit(const struct bench *b);
/* True if other processes used more of the trials' processor than foreign_limit; false if
 * unknown. */
bool bench_crowded(const struct bench *b, const struct bench_round *round);
/* Rounds for which the machine did not report other load. */
unsigned int bench_unwatched(const struct bench *b);
/* The number of arms that the user named. */
size_t bench_named(const struct bench *b);

/* ---- the file ------------------------------------------------------------------------------ */

/* Reads a campaign. A file of another kind, damaged, or over a limit is an error that names the
 * place. */
int bench_load(const char *path, struct bench **ret, struct err *err);
int bench_from_memory(const char *data, size_t size, struct bench **ret, struct err *err);
/* Writes the file atomically, by renaming. */
int bench_save(const struct bench *b, const char *path, struct err *err);
/* As JSON; the caller owns it. */
json_t *bench_to_json(const struct bench *b);
/* Writes DIR/ARM.json for each arm that the user named, in the format of pyperf 1.0: one value per
 * process, in seconds per loop. Workloads that do not count are left out. */
int bench_save_pyperf(const struct bench *b, const char *dir, struct err *err);

/* ---- running ------------------------------------------------------------------------------- */

/* Adds the Python that the user named (see py_find()); an error if it cannot run here or is older
 * than 3.8. If an arm already has this name, adds it as another link of that arm, provided that it
 * is a different file with the same version and link mode; the campaign then has at least as many
 * layouts as links. */
int bench_add_python(struct bench *b, const char *name, const char *what, struct err *err);
/* Same for a command-line argument, "NAME=PYTHON" or just PYTHON, which is named after the letter
 * of its position, or the next free letter. */
int bench_add_word(struct bench *b, const char *word, struct err *err);
/* Adds the copy of the reference, and the slowed arm if `slowdown` is not 0. Call it last. */
void bench_add_hidden(struct bench *b, double slowdown);

/* Adds the workloads listed in index.json in the folder `dir`. */
int bench_add_suite(struct bench *b, const char *dir, struct err *err);
/* Adds any program as the only workload; `args` may be NULL. */
int bench_add_script(struct bench *b, const char *file, const struct strv *args, struct err *err);

/* Installs fixed versions of pyperformance, pyperf and pip, with the pip of the first arm that has
 * one, into a folder of the user's cache, unless it is there; *dir receives it, and the caller
 * frees it. */
int bench_install_pyperformance(const struct bench *b, char **dir, struct err *err);
/* Adds the results of the benchmarks of the pyperformance in `dir` (made by `pip install --target`,
 * or a checkout with pyperf next to it); with `packages`, also of those that need other packages,
 * which are installed once for each kind of Python below DIR/packages. `program` is
 * pyperformance_index.py. A benchmark that cannot be installed or started in one kind is left out
 * for all arms, with the reason. setup.pyperformance must then be `dir`. For a campaign that is
 * resumed, only checks that the versions are the same. */
int bench_add_pyperformance(struct bench *b, const char *program, const char *dir, bool packages,
	struct progress *progress, struct err *err);

/* Keeps the workloads whose names contain one of the comma-separated words of `filter` (NULL: all)
 * and none of those with a "-" in front; if they are more than `most` (0: any number), every n-th
 * of them, beginning with the first, for the smallest n that does. What was observed of the others
 * is removed. An error if a word matches nothing, or if no workload is left. */
int bench_select(struct bench *b, const char *filter, unsigned int most, struct err *err);

struct bench_setup {
	const char *workloads;     /* base folder of the workloads' relative files */
	const char *pyperformance; /* same for those of pyperformance; NULL: there are none */
	const char *scratch;       /* an existing folder with room for the arms' copies */
	const char *file;          /* where the campaign is saved after every step; NULL: nowhere */
	unsigned int duration;     /* target ms per process; 0: based on the start-up time */
	struct progress *progress; /* may be NULL */
};

/* Runs the campaign, or resumes an interrupted one, until no more rounds are needed; b->stopped
 * then says why. Leaves a campaign that has already stopped as it is.
 *
 * Every arm, including the copy, is a real copy of its interpreter (and of its libpython, if that
 * is in its own tree) under SCRATCH/aNN/bin/python, with links to the rest of the prefix: so all
 * paths have the same length, and no arm has older pages in memory than another. Layouts are more
 * such copies: of the arm's other links in turn, or, without any, copies that differ only in their
 * physical pages (docs/bench.md, "Layout"). A Python that does not find itself there runs anyway,
 * with a note. Bytecode is kept in a folder of the campaign (-X pycache_prefix), filled by an
 * untimed rehearsal; no tree is written to. Each process is pinned to the last processor available
 * to us; solder itself stays on the others. All processes start with the same environment (plus a
 * hash seed for the round, and padding of 0 to 4095 random bytes), in the same folder, with the
 * system's setting of address space randomization.
 *
 * The slowed arm is the reference, whose process burns `slowdown` of the workload's nominal time
 * before exec: it is measured in the same way, the amount is known, and the interpreter need not
 * cooperate.
 *
 * A dropped round is repeated with the same order. A workload that fails is not run again. On an
 * interrupt, the unfinished round is discarded, the file has the rest, and the error is
 * ERR_INTERRUPTED. */
int bench_run(struct bench *b, const struct bench_setup *setup, struct err *err);

/* ---- instructions -------------------------------------------------------------------------- */

/* Checks that instructions can be counted here. *version receives valgrind's version string, which
 * the caller frees. ERR_UNSUPPORTED if valgrind is not installed. */
int bench_counter(char **version, struct err *err);

/* Counts the instructions of all workloads that did not fail, in all arms except slowed ones,
 * skipping those already counted. Uses workloads, scratch, file (saved after each workload) and
 * progress.
 *
 * Every process runs under callgrind without cache simulation, with address randomization off,
 * hash seed 0 and a constant environment. All arms run in the same folder in turn, since the hashes
 * of paths depend on it: so two runs of one file agree to the instruction, unless the program
 * depends on the time, on file or process IDs, or on randomness (python -E ignores the hash seed).
 * "loop" workloads run with one loop and with two: the difference excludes the start-up. Programs
 * that a process starts with exec are not counted. A workload that fails is recorded as uncounted.
 */
int bench_count(struct bench *b, const struct bench_setup *setup, struct err *err);

/* Instructions per loop, or of the whole process if loops are not adjustable. NAN if not counted,
 * or if the second process executed no more than the first. */
double bench_instructions(const struct bench *b, size_t workload, size_t arm);
/* The geometric mean of the ratios to the reference, over the workloads counted in all arms except
 * slowed ones (*n of them; may be NULL); NAN if no workload was. */
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
	double low, high; /* ratios; 0 and infinity if unknown */
};

struct bench_cell {
	double ratio;
	struct bench_interval interval;
	double error; /* standard error of the interval, in logs */
	double p, adjusted;
	double minima; /* ratio of the fastest observations: a diagnostic only */
	double time;   /* ns per loop, median over rounds; set for the reference, too */
	enum bench_verdict verdict;
	double at_least; /* the factor certain even with the noise of a failed gate; or 0 */
};

struct bench_arm_result {
	double ratio;
	struct bench_interval suite, general;
	double error;      /* standard error of `suite`, in logs */
	double half_width; /* of `suite`, in logs: 0.005 is half a percent */
	enum bench_verdict verdict;
	double at_least;          /* as in a cell */
	unsigned int different;   /* workloads called faster or slower */
	struct bench_cell *cells; /* one per workload; zeroed if it does not count */
};

enum bench_gate { BENCH_GATE_NONE, BENCH_GATE_PASSED, BENCH_GATE_FAILED, BENCH_GATE_NOISY };
const char *bench_gate_name(enum bench_gate gate);

struct bench_result {
	unsigned int rounds, dropped; /* counted; not counted */
	size_t look;                  /* index of the look whose level is used */
	double alpha;                 /* that level */
	unsigned int resamples;
	size_t units; /* number of resampled units: rounds, or layouts */
	size_t n_arms, n_workloads;
	size_t counting;               /* workloads that count */
	char **why;                    /* for each workload, why it does not count; or NULL */
	struct bench_arm_result *arms; /* the reference has ratio 1 and no verdict */
	enum bench_gate copy, slowed;
	char *copy_reason, *slowed_reason; /* a sentence each, or NULL */
	bool verdicts;                     /* no gate prevents them */
	double noise;                      /* N if a gate does, in logs */
	double widest; /* largest half-width of the arms that the user named, in logs */
};

/* Computes everything from the observations, on all processors; the result does not depend on their
 * number. Rounds after the last look do not count. An error with fewer than two rounds or without a
 * workload that counts. */
int bench_compute(const struct bench *b, struct bench_result *result, struct err *err);
void bench_result_release(struct bench_result *result);
#define CLEANUP_BENCH_RESULT CLEANUP(bench_result_release)

/* The result as JSON: {"rounds", "alpha", "gates", "arms": [{"ratio", …, "workloads": […]}]}. */
json_t *bench_result_json(const struct bench *b, const struct bench_result *result);

/* What a campaign can be expected to see, from its rehearsal or from the rounds that it has;
 * expect.c documents how. */
struct bench_outlook {
	double noise; /* standard deviation of a pair's log ratio; NAN: unknown, and no looks */
	size_t workloads;
	size_t n;
	struct bench_outlook_look {
		unsigned int rounds;        /* fewer than planned if there is no time for more */
		double half_width, visible; /* in logs; the latter is found in 4 campaigns of 5 */
	} looks[BENCH_LOOKS_MAX];
};
void bench_expect(const struct bench *b, struct bench_outlook *ret);
/* As JSON; and in words, NULL if unknown, which the caller frees. */
json_t *bench_outlook_json(const struct bench_outlook *o);
char *bench_outlook_text(const struct bench_outlook *o);

/* ---- two campaigns ------------------------------------------------------------------------- */

/* The change of a ratio to the reference between two campaigns, which are independent: Welch's
 * interval and test (Biometrika 34, 1947) on the two log ratios, with the standard errors from the
 * campaigns' own bootstraps and n - 1 degrees of freedom for each. The p values of workloads are
 * adjusted within an arm, as in one campaign. Neither error covers variation between days that does
 * not show within one campaign. */
struct bench_change {
	double before, after; /* ratios to the reference */
	double ratio;         /* after / before */
	struct bench_interval interval;
	double p, adjusted;         /* for the suite, adjusted equals p */
	enum bench_verdict verdict; /* faster: the ratio to the reference fell */
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
	size_t *workload_before, *workload_after; /* index of each in its campaign */
	size_t n_arms;
	struct bench_arm_changes *arms; /* arms with the same name in both; the copy comes last */
	bool verdicts;                  /* no gate of either prevents them */
};

/* Compares the results of two campaigns for arms with the same name. A workload that does not count
 * in both is left out of both: its `failed` is set. An error if they have no arm or workload in
 * common, or judge different times. */
int bench_compare(
	struct bench *before, struct bench *after, struct bench_comparison *ret, struct err *err);
void bench_comparison_release(struct bench_comparison *c);
#define CLEANUP_BENCH_COMPARISON CLEANUP(bench_comparison_release)

/* As JSON: {"verdicts", "before", "after" (results), "changes": [{"arm", "ratio", …}]}. */
json_t *bench_comparison_json(const struct bench *before, const struct bench *after,
	const struct bench_comparison *comparison);

/* ---- one campaign on several hosts ----------------------------------------------------------- */

#define BENCH_HOSTS_MAX 32

/* Is an arm's ratio to the reference the same on all hosts? */
enum bench_same {
	BENCH_SAME_NO_VERDICT,
	BENCH_SAME,           /* any two hosts are equal within the margin */
	BENCH_SAME_NOT,       /* they differ by more than their errors explain */
	BENCH_SAME_UNDECIDED, /* neither can be shown */
};
const char *bench_same_name(enum bench_same same);

/* A ratio on several hosts, with the host as a random effect; pool.c documents how, and for what
 * it stands. */
struct bench_pooled {
	double ratio;                   /* the mean over hosts like these */
	struct bench_interval interval; /* of that mean */
	struct bench_interval other;    /* for one more such host; unknown with two */
	double lowest, highest;         /* the hosts' own ratios */
	double tau;                     /* standard deviation between hosts, in logs */
	double i2;                      /* its share of the whole variance, 0 to 1 */
	double q, p, adjusted;          /* Cochran's Q, and how likely it is if all are the same */
	enum bench_verdict verdict;     /* on the mean */
	enum bench_same same;
};

struct bench_pool {
	size_t n;                     /* hosts */
	struct strv names;            /* of their files */
	struct bench_result *results; /* over the workloads that count on all of them */
	size_t n_arms, n_workloads;
	struct bench_pooled *arms; /* [arm]; the reference's is zeroed */
	struct bench_pooled
		*cells;       /* [arm * n_workloads + workload]; zeroed if it does not count */
	unsigned int *differ; /* for each arm: workloads that are not the same on all hosts */
	bool verdicts;        /* all gates passed, and the copy is the same everywhere */
};

/* Pools the results of one campaign that was measured on several hosts, two at least. Campaigns
 * with other Pythons (by digest), workloads or options, and the same measurement twice, are an
 * error. A workload that does not count on one host is left out of all: its `failed` is set. */
int bench_pool_hosts(struct bench *const *hosts, const char *const *files, size_t n,
	struct bench_pool *ret, struct err *err);
void bench_pool_release(struct bench_pool *p);
#define CLEANUP_BENCH_POOL CLEANUP(bench_pool_release)

/* As JSON: {"verdicts", "hosts" (files and results), "arms": [{"name", "ratio", …}]}. */
json_t *bench_pool_json(struct bench *const *hosts, const struct bench_pool *p);
struct doc *bench_pool_doc(struct bench *const *hosts, const struct bench_pool *p, bool all);

/* ---- documents ----------------------------------------------------------------------------- */

/* A campaign and its result (NULL: only the counts). With `all`, lists every workload and adds
 * pictures; otherwise only the workloads called different. */
struct doc *bench_doc(const struct bench *b, const struct bench_result *result, bool all);
/* Two campaigns, read from `files`. */
struct doc *bench_comparison_doc(const struct bench *before, const struct bench *after,
	const struct bench_comparison *comparison, const char *const files[2], bool all);

#endif
