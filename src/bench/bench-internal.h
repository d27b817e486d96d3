/* Shared by the files of this room. */
#ifndef SOLDER_BENCH_INTERNAL_H
#define SOLDER_BENCH_INTERNAL_H

#include <sched.h>

#include "bench/bench.h"

/* ---- a campaign in memory ------------------------------------------------------------------- */

/* As they stand in files, NULL behind the last. */
extern const char *const bench_role_names[], *const bench_status_names[];

struct bench_link *bench_add_link(struct bench_arm *arm);
void bench_link_release(struct bench_link *link);
/* NULL, or n_workloads, if there is none of that name. */
struct bench_arm *bench_find_arm(const struct bench *b, const char *name);
size_t bench_find_workload(const struct bench *b, const char *name);

/* Adds the workloads of an index (JSON) that came `from` somewhere, as bench_add_suite() says. */
int suite_add_index(struct bench *b, const char *text, size_t size, const char *from,
	const char *filter, struct err *err);

/* ---- the order ------------------------------------------------------------------------------ */

/* xoshiro256** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS
 * 47, 2021), its state filled by SplitMix64 from a seed and a stream, so that each use has numbers
 * of its own and nothing depends on the order of uses: the state is four outputs of SplitMix64
 * started at seed XOR mix(stream), mix() being the first output of SplitMix64 started at stream.
 */
struct bench_random {
	uint64_t s[4];
};
void bench_random_seed(struct bench_random *r, uint64_t seed, uint64_t stream);
uint64_t bench_random_next(struct bench_random *r);
/* Uniform below n (not 0): Lemire's method, without bias. */
uint64_t bench_random_below(struct bench_random *r, uint64_t n);

/* Shuffles 0 .. n-1 into `v`. */
void bench_random_shuffle(struct bench_random *r, unsigned int *v, size_t n);

/* How many rows a balanced square for `arms` arms has: as many as arms when they are even, twice
 * as many when they are odd. */
size_t bench_square_rows(size_t arms);
/* One row of Williams' design ("Experimental Designs Balanced for the Estimation of Residual
 * Effects", Australian J. Sci. Res. A 2, 1949): over all rows each arm stands equally often in each
 * place, and follows each other arm equally often. */
void bench_square_row(size_t arms, size_t row, unsigned int *order);

/* What the index-th kept round does: `workloads` receives the order of workloads, and `arms`, for
 * the i-th of them, the order of arms in arms[i * n_arms]. For each workload the rows of the square
 * come in random order, all of them before any comes again. */
void bench_order(uint64_t seed, size_t index, size_t n_workloads, size_t n_arms,
	unsigned int *workloads, unsigned int *arms);
/* The layout of the index-th kept round: all layouts before any comes again, in random order. */
unsigned int bench_order_layout(uint64_t seed, size_t index, unsigned int layouts);

/* The purposes of random numbers: the upper half of their stream, the index is the lower. */
enum bench_stream {
	STREAM_BOOTSTRAP = 1, /* index: the resample */
	STREAM_WORKLOADS,     /* the round */
	STREAM_ARMS,          /* the block of rounds */
	STREAM_LAYOUT,        /* the block of rounds */
	STREAM_ROUND,         /* the round as it was started, dropped ones included */
};

uint64_t stream(enum bench_stream purpose, uint64_t index);

/* ---- statistics (stats.c) ------------------------------------------------------------------- */

/* The verdict that an interval allows; never BENCH_NO_VERDICT. */
enum bench_verdict stats_judge(struct bench_interval i, double margin);
/* The same of one workload among others: a difference also needs its adjusted p. */
enum bench_verdict stats_judge_one(
	struct bench_interval i, double margin, double adjusted, double alpha);
/* Faster or slower. */
bool stats_differs(enum bench_verdict verdict);

/* The median; sorts v. n is not 0. */
double stats_median(double *v, size_t n);
/* Wilcoxon's signed-rank test against 0, two-sided; 1 when every d is 0 or n is 0. */
double stats_signed_rank(const double *d, size_t n);
/* p values adjusted after Benjamini and Hochberg. */
void stats_adjust(const double *p, size_t n, double *adjusted);
/* The t that Student's distribution exceeds with probability `tail` (above 0, at most 0.5). */
double stats_t_quantile(double df, double tail);
/* The two-sided p of Student's t. */
double stats_t_test(double t, double df);

struct stats_estimate {
	double log;
	double error; /* the bootstrap's standard deviation */
};
/* Its standard error over n units, the bootstrap's narrowness corrected; infinite if n < 2. */
double stats_error(double error, size_t n);
/* exp(log ± t * stats_error) with n - 1 degrees of freedom; 0 and infinity if n < 2. `half` (may be
 * NULL) receives the half-width in logs. */
struct bench_interval stats_interval(struct stats_estimate e, size_t n, double alpha, double *half);

/* The log ratios of a campaign, all finite. The reference is not among the arms. */
struct stats_input {
	size_t arms, workloads, rounds;
	const double *d;            /* d[(a * workloads + w) * rounds + r] */
	const unsigned int *layout; /* of each round, below `layouts`; NULL: rounds are the unit */
	unsigned int layouts;
	unsigned int resamples;
	uint64_t seed;
};
/* Of each cell its median [a * workloads + w]; after all of them of each arm the mean of its
 * medians with the error for these workloads, then the same with workloads drawn as well. To be
 * freed; NULL if we were interrupted. */
struct stats_estimate *stats_bootstrap(const struct stats_input *in, struct err *err);

/* The level of each look. */
void bench_look_levels(const struct bench *b, double *levels);
/* Is the precision reached for every arm that the user named, and every gate judged? */
bool bench_precise(const struct bench *b, const struct bench_result *result);

/* ---- one process (trial.c) ------------------------------------------------------------------ */

struct trial {
	const struct strv *argv; /* argv[0] is a path */
	const struct strv *env;
	const char *cwd;
	int output;         /* descriptor for stderr; stdout goes nowhere */
	int cpu;            /* to which it is pinned; -1: to none */
	bool randomize;     /* addresses, whatever we were started with */
	unsigned int limit; /* seconds */
	uint64_t spin;      /* ns of CPU time that it burns before it becomes the program */
};

/* Runs it once and adds what was seen to *o (whose numbers are 0 before the first time; a status
 * other than BENCH_OK stays). A child is forked, prepared and measured first, and waits at a pipe;
 * the clock is read, the pipe written, the end awaited, the clock read again. What the child used
 * before is taken off. An error is one of ours, never the program's. */
int trial_run(const struct trial *t, struct bench_observation *o, struct err *err);

/* Why hardware counters are not available, or NULL when they are; static text. */
const char *trial_counters(void);

/* ---- the machine ---------------------------------------------------------------------------- */

/* The last processor that we may use, -1 if the system does not tell; *count is how many there
 * are. */
int trial_cpu(int *count);
/* Our own process leaves that one to the trials, if there is another; *before receives where it
 * ran, for sched_setaffinity(). Returns whether it moved. */
bool trial_leave(int cpu, cpu_set_t *before);

/* Times of one processor (all of them: cpu < 0) since the start of the machine, in ns. */
struct cpu_times {
	int64_t busy, steal;
};
/* false if the machine does not tell. */
bool cpu_times(int cpu, struct cpu_times *times);
/* CPU time that ended children, and we ourselves if `self`, have used, in ns. */
int64_t cpu_used(bool self);
/* Describes the machine in an object. */
void machine_describe(json_t *machine, int cpu, int processors);

/* ---- the arms' copies (stage.c) ------------------------------------------------------------- */

struct stage {
	char *root;    /* the scratch folder, made by us */
	char *pycache; /* for bytecode */
	char *home, *cwd;
	bool alone; /* an arm stands at the place of all */
	int output; /* a file for what a process prints to stderr */
};

/* Makes the scratch folder below `scratch` and all copies in it, and checks that each starts and
 * finds its library. Notes go to the arms. */
int stage_open(struct bench *b, const char *scratch, struct stage *s, struct err *err);
/* Removes what killed runs left there; stage_open() does, too. */
void stage_clear(const char *scratch);
/* Removes it. */
void stage_close(struct stage *s);
/* The interpreter of an arm in one layout; to be freed. */
char *stage_python(const struct stage *s, size_t arm, unsigned int layout);
/* Moves the first copy of an arm to a place that is the same for all arms, where nothing of another
 * arm is in the folder for bytecode; or (`alone` false) back. */
int stage_isolate(struct stage *s, size_t arm, bool alone, struct err *err);
/* The last line that went to `output`, or NULL; to be freed. */
char *stage_complaint(const struct stage *s);

/* ---- a campaign under way -------------------------------------------------------------------- */

struct run {
	struct bench *b;
	const struct bench_setup *setup;
	struct stage stage;
	int cpu, processors;
	uint64_t begin, earlier; /* ns: when this process began, and what rounds before it lasted */
};

struct play {
	size_t workload, arm;
	unsigned int layout;
	uint64_t loops;
	uint64_t hash_seed, padding;
	bool timed; /* else bytecode may be written */
};

/* Can the loops of this workload be chosen? */
bool play_loops(const struct bench_workload *w);
/* The command and the environment of a process. */
void play_argv(const struct run *run, const struct play *play, struct strv *argv);
void play_env(const struct run *run, const struct play *play, struct strv *env);
/* Runs one observation's process or processes. */
int play_run(const struct run *run, const struct play *play, struct bench_observation *o,
	struct err *err);
/* Records that a workload is left out from now on, if `o` ended badly. */
void play_note_failure(struct run *run, const struct bench_observation *o);
/* Leaves out workloads for which an arm lacks a module: no failure, and said as it is. */
int play_check_needs(struct run *run, struct err *err);
/* Keeps the campaign as it is now, if it has a file. */
int play_save(const struct run *run, struct err *err);

/* Runs each workload once in each copy of each arm, which makes bytecode and shows what does not
 * work; on the reference first, to choose the loops of workloads that have no nominal time. */
int rehearse_campaign(struct run *run, struct err *err);

/* ---- pictures (charts.c) --------------------------------------------------------------------- */

/* Of a campaign, and of what has changed for one arm. */
void charts_add(struct doc *doc, const struct bench *b, const struct bench_result *result);
void charts_add_changes(struct doc *doc, const struct bench *before,
	const struct bench_comparison *c, const struct bench_arm_changes *arm);

#endif
