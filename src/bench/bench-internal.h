/* Private to this room. */
#ifndef SOLDER_BENCH_INTERNAL_H
#define SOLDER_BENCH_INTERNAL_H

#include <sched.h>

#include "bench/bench.h"

/* ---- a campaign in memory ------------------------------------------------------------------- */

/* As in files; NULL-terminated. */
extern const char *const bench_role_names[], *const bench_status_names[];

/* Equal, or both NULL. */
bool bench_same_text(const char *a, const char *b);
struct bench_link *bench_add_link(struct bench_arm *arm);
void bench_link_release(struct bench_link *link);
void bench_workload_release(struct bench_workload *w);
/* Returns NULL, or n_workloads, if the name is unknown. */
struct bench_arm *bench_find_arm(const struct bench *b, const char *name);
size_t bench_find_workload(const struct bench *b, const char *name);

/* Adds the workloads of an index (an array) in the same way as bench_add_suite(); `from` names its
 * source in messages. */
int suite_add_index(struct bench *b, const json_t *index, const char *from, struct err *err);
/* Parses an index; NULL unless it is an array. The caller owns it. */
json_t *suite_parse_index(const struct buf *text, const char *from, struct err *err);

/* ---- the order ------------------------------------------------------------------------------ */

/* xoshiro256** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS
 * 47, 2021), its state filled by SplitMix64 from a seed and a stream, so that each use has its own
 * numbers, whatever the order of uses: the state is four outputs of SplitMix64 started at
 * seed XOR mix(stream), mix() being the first output of SplitMix64 started at stream. */
struct bench_random {
	uint64_t s[4];
};
void bench_random_seed(struct bench_random *r, uint64_t seed, uint64_t stream);
uint64_t bench_random_next(struct bench_random *r);
/* Uniform and unbiased below n (not 0), by Lemire's method. */
uint64_t bench_random_below(struct bench_random *r, uint64_t n);

/* Shuffles 0 .. n-1 into `v`. */
void bench_random_shuffle(struct bench_random *r, unsigned int *v, size_t n);

/* The number of rows in a balanced square: `arms` if even, twice that if odd. */
size_t bench_square_rows(size_t arms);
/* One row of Williams' design ("Experimental Designs Balanced for the Estimation of Residual
 * Effects", Australian J. Sci. Res. A 2, 1949): over all rows, each arm appears equally often in
 * each position, and follows every other arm equally often. */
void bench_square_row(size_t arms, size_t row, unsigned int *order);

/* The order of the index-th kept round: `workloads` receives the order of workloads, and `arms` the
 * order of arms for the i-th of them, at arms[i * n_arms]. Each workload uses the rows of the
 * square in random order, all of them before any repeats. */
void bench_order(uint64_t seed, size_t index, size_t n_workloads, size_t n_arms,
	unsigned int *workloads, unsigned int *arms);
/* The layout of the index-th kept round: random order, all layouts before any repeats. */
unsigned int bench_order_layout(uint64_t seed, size_t index, unsigned int layouts);

/* Uses of random numbers: the upper half of the stream number; the lower half is an index. */
enum bench_stream {
	STREAM_BOOTSTRAP = 1, /* index: the resample */
	STREAM_WORKLOADS,     /* index: the round */
	STREAM_ARMS,          /* index: the block of rounds */
	STREAM_LAYOUT,        /* index: the block of rounds */
	STREAM_ROUND,         /* index: the round as started, including dropped ones */
};

uint64_t stream(enum bench_stream purpose, uint64_t index);

/* ---- statistics (stats.c) ------------------------------------------------------------------- */

/* The verdict from an interval; never BENCH_NO_VERDICT. */
enum bench_verdict stats_judge(struct bench_interval i, double margin);
/* Same for one workload among many: a difference also needs its adjusted p. */
enum bench_verdict stats_judge_one(
	struct bench_interval i, double margin, double adjusted, double alpha);
/* Faster or slower. */
bool stats_differs(enum bench_verdict verdict);

/* The median; sorts v. n is not 0. */
double stats_median(double *v, size_t n);
/* Wilcoxon's signed-rank test against 0, two-sided; 1 when every d is 0 or n is 0. */
double stats_signed_rank(const double *d, size_t n);
/* Adjusts p values by Benjamini and Hochberg. */
void stats_adjust(const double *p, size_t n, double *adjusted);
/* The t that Student's distribution exceeds with probability `tail` (above 0, at most 0.5). */
double stats_t_quantile(double df, double tail);
/* The two-sided p of Student's t. */
double stats_t_test(double t, double df);
/* The probability that F with these degrees of freedom is `f` or more. */
double stats_f_test(double f, double between, double within);

/* Welch's interval and test (Biometrika 34, 1947) of the difference of two independent estimates
 * with these standard errors, each with its degrees of freedom. */
struct stats_difference {
	double half_width; /* infinite if an error is */
	double p;
};
struct stats_difference stats_welch(
	double difference, const double error[2], const double df[2], double alpha);

/* One host's estimate: a log ratio. */
struct stats_host {
	double log, error, df;
};
/* Over all hosts; pool.c documents it. */
struct stats_pooled {
	double log, half_width;
	double other; /* half-width for one more host; infinite with two */
	double tau, i2, q, p;
};
/* What a host counts in the mean: 1 / (error^2 + tau2), finite even without any spread. */
double stats_weight(double error, double tau2);
struct stats_pooled stats_pool(const struct stats_host *v, size_t n, double alpha);
/* True if any two hosts are equal within the margin, by Welch's interval of their difference. */
bool stats_all_equal(const struct stats_host *v, size_t n, double alpha, double margin);

struct stats_estimate {
	double log;
	double error; /* standard deviation of the bootstrap */
};
/* The standard error over n units, corrected for the bootstrap's narrowness; infinite if n < 2. */
double stats_error(double error, size_t n);
/* exp(log ± t * stats_error) with n - 1 degrees of freedom; 0 and infinity if n < 2. `half` (may be
 * NULL) receives the half-width in logs. */
struct bench_interval stats_interval(struct stats_estimate e, size_t n, double alpha, double *half);

/* The log ratios of a campaign, all finite. The arms exclude the reference. */
struct stats_input {
	size_t arms, workloads, rounds;
	const double *d;            /* d[(a * workloads + w) * rounds + r] */
	const unsigned int *layout; /* for each round, below `layouts`; NULL: rounds are the unit */
	unsigned int layouts;
	unsigned int resamples;
	uint64_t seed;
};
/* Returns the median of each cell [a * workloads + w]; then, for each arm, the mean of its medians
 * with the error for these workloads; then the same with resampled workloads. The caller frees it;
 * NULL if interrupted. */
struct stats_estimate *stats_bootstrap(const struct stats_input *in, struct err *err);

/* The standard deviation of the log ratios of pairs that should be equal; NAN without any. */
double stats_pair_noise(const double *d, size_t n);
/* The half-width to expect, in logs; `visible` receives the difference that is found in four
 * campaigns of five. */
double stats_expect(
	double noise, size_t workloads, unsigned int rounds, double alpha, double *visible);

/* The level of each look. */
void bench_look_levels(const struct bench *b, double *levels);
/* True if the precision is reached for every arm that the user named, and every gate is judged. */
bool bench_precise(const struct bench *b, const struct bench_result *result);

/* ---- one process (trial.c) ------------------------------------------------------------------ */

struct trial {
	const struct strv *argv; /* argv[0] is a path */
	const struct strv *env;
	const char *cwd;
	int output;         /* descriptor for stderr; stdout is discarded */
	int cpu;            /* to pin it to; -1: any */
	bool randomize;     /* addresses, even if we run without randomization */
	unsigned int limit; /* seconds */
	uint64_t spin;      /* ns of CPU time to burn before exec */
};

/* Runs it once and adds its measurements to *o (whose numbers are 0 before the first run; a status
 * other than BENCH_OK stays). The child is forked, prepared and measured first, and waits at a
 * pipe; then the clock is read, the pipe written, the end awaited, and the clock read again. The
 * child's usage before the start is subtracted. An error is always ours, never the program's. */
int trial_run(const struct trial *t, struct bench_observation *o, struct err *err);

/* Why hardware counters are not available, or NULL if they are; static text. */
const char *trial_counters(void);

/* ---- the machine ---------------------------------------------------------------------------- */

/* The last processor available to us, or -1 if unknown; *count receives the number of them. */
int trial_cpu(int *count);
/* Moves our own process off that processor, if there is another; *before receives the old set, for
 * sched_setaffinity(). Returns true if it moved. */
bool trial_leave(int cpu, cpu_set_t *before);

/* Times of one processor (cpu < 0: of all) since boot, in ns. */
struct cpu_times {
	int64_t busy, steal;
};
/* Returns false if the machine does not provide them. */
bool cpu_times(int cpu, struct cpu_times *times);
/* CPU time used by ended children, plus ourselves if `self`, in ns. */
int64_t cpu_used(bool self);
/* Adds a description of the machine to the object. */
void machine_describe(json_t *machine, int cpu, int processors);

/* ---- the arms' copies (stage.c) ------------------------------------------------------------- */

struct stage {
	char *root;    /* the scratch folder, created by us */
	char *pycache; /* for bytecode */
	char *home, *cwd;
	bool alone; /* an arm is at the shared path */
	int output; /* a file for the stderr of processes */
};

/* Creates the scratch folder below `scratch` with all copies, and checks that each starts and finds
 * its library. Notes are stored in the arms. */
int stage_open(struct bench *b, const char *scratch, struct stage *s, struct err *err);
/* Removes the remains of killed runs; stage_open() does so, too. */
void stage_clear(const char *scratch);
/* Removes the scratch folder. */
void stage_close(struct stage *s);
/* The path of an arm's interpreter in one layout; the caller frees it. */
char *stage_python(const struct stage *s, size_t arm, unsigned int layout);
/* Moves the first copy of an arm to a path shared by all arms, and empties the bytecode folder; or,
 * if `alone` is false, moves it back. */
int stage_isolate(struct stage *s, size_t arm, bool alone, struct err *err);
/* The last line written to `output`, or NULL; the caller frees it. */
char *stage_complaint(const struct stage *s);

/* ---- a campaign under way -------------------------------------------------------------------- */

struct run {
	struct bench *b;
	const struct bench_setup *setup;
	struct stage stage;
	int cpu, processors;
	uint64_t begin, earlier; /* ns: start of this process, total of earlier rounds */
	double *pairs;           /* log ratios of copy and reference, for each workload rehearsed */
	size_t n_pairs;
	int64_t pairs_wall; /* ns, all of them */
};

struct play {
	size_t workload, arm;
	unsigned int layout;
	uint64_t loops;
	uint64_t hash_seed, padding;
	bool timed; /* otherwise it may write bytecode */
};

/* True if the number of loops is adjustable for this workload. */
bool play_loops(const struct bench_workload *w);
/* The command and the environment of a process. */
void play_argv(const struct run *run, const struct play *play, struct strv *argv);
void play_env(const struct run *run, const struct play *play, struct strv *env);
/* Runs one observation's process or processes. */
int play_run(const struct run *run, const struct play *play, struct bench_observation *o,
	struct err *err);
/* If `o` ended badly, leaves its workload out from now on and records why. */
void play_note_failure(struct run *run, const struct bench_observation *o);
/* Leaves out workloads that need a module that an arm lacks, reported as such and not as
 * failures. */
int play_check_needs(struct run *run, struct err *err);
/* Saves the campaign as it is now, if it has a file. */
int play_save(const struct run *run, struct err *err);

/* Runs each workload once in each copy of each arm, to write bytecode and find failures; on the
 * reference first, to choose the loops of workloads that have no nominal time. */
int rehearse_campaign(struct run *run, struct err *err);

/* ---- pictures (charts.c) --------------------------------------------------------------------- */

/* For a campaign, for the changes of one arm, and for one arm on several hosts. */
void charts_add(struct doc *doc, const struct bench *b, const struct bench_result *result);
void charts_add_changes(struct doc *doc, const struct bench *before,
	const struct bench_comparison *c, const struct bench_arm_changes *arm);
void charts_add_pooled(
	struct doc *doc, const struct bench *b, const struct bench_pool *p, size_t a);

/* ---- words (page.c); the caller frees them -------------------------------------------------- */

/* "0.9981 to 1.0020" */
char *page_interval(struct bench_interval i);
/* Adds a row of why a workload does not count, and the table with the first one; nothing if `why`
 * is NULL. */
void page_add_why(
	struct doc *doc, const char *caption, bool *begun, const char *workload, const char *why);
/* A sentence on each gate of a campaign, which messages call `which`. */
void page_add_gates(struct doc *doc, const char *which, const struct bench_result *r);

/* ---- JSON (json.c) -------------------------------------------------------------------------- */

/* [low, high] */
json_t *bench_interval_json(struct bench_interval i);

#endif
