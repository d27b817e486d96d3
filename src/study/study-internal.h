/* Tests whether counted instructions cost the time that their number suggests. Interventions: build
 * variants of one tree, B, that differ in one factor each (counterfactuals), predict them from
 * instructions, and measure them in one campaign.
 *
 * For a counterfactual F of the tree B:
 *
 *	predicted   the mean over workloads of log(instructions of F / instructions of B), for
 *	            processes that run as many loops as the timed ones (extrapolated from
 *	            callgrind's counts with one loop and with two, including startup)
 *	measured    the same for times, with bench's interval (bench/bench.h): the whole campaign,
 *	            evaluated with B as the reference
 *
 * A cause's part of the prediction is its difference divided by the logarithmic mean of the two
 * totals, (F - B) / log(F / B), so that the parts of all causes add up exactly to the whole.
 *
 * Shares of A's: numbers relative to B are scaled by B's ratio to A, separately for instructions
 * and time.
 *
 * The verdict, for a prediction p, the measured m and its interval, all logs; the first that
 * applies:
 *
 *	agrees             p lies in the interval, and 0 does not
 *	no difference      p lies in the interval, which lies within 1/(1+margin) .. 1+margin
 *	undecided          p lies in the interval, and so does 0
 *	agrees in sign     0 does not lie in the interval, p and m have the same sign, and one is
 *	                   at most twice the other: instructions differ in cost
 *	layout or unknown  anything else: an effect that was not predicted or has the opposite
 *	                   sign, or of a different size, or a predicted effect that is missing
 *
 * A relink moves all code, which alone can change a time by some percent. Nothing here tells such
 * luck from a cause, hence the last name.
 */
#ifndef SOLDER_STUDY_INTERNAL_H
#define SOLDER_STUDY_INTERNAL_H

#include "cpython/cpython.h"
#include "explain/explain.h"
#include "study/study.h"

/* ---- predictions --------------------------------------------------------------------------- */

/* Instructions of one process of a workload. */
struct study_counts {
	double total;
	double causes[EXPLAIN_N_CAUSES];
};

/* Converts the result of explain_count(). */
struct study_counts study_counts_of(const int64_t causes[EXPLAIN_N_CAUSES]);
/* Extrapolates runs with one loop and with two to a run with `loops`. */
struct study_counts study_extrapolate(
	const struct study_counts *once, const struct study_counts *twice, uint64_t loops);

/* Logs: the total, and each cause's part. */
struct study_prediction {
	double all;
	double causes[EXPLAIN_N_CAUSES];
};
/* Over n workloads (at least one), skipping those with `counts` false (NULL: use all). */
struct study_prediction study_predict(const struct study_counts *base,
	const struct study_counts *flipped, const bool *counts, size_t n);

/* ---- flips --------------------------------------------------------------------------------- */

/* The causes that a factor should move, in words ("PLT stubs"), and their part of a prediction. */
const char *study_moves_words(enum study_factor factor);
double study_moved(const struct study_prediction *p, enum study_factor factor);

/* How a tree was built. */
struct study_tree {
	const char *link; /* "static", "shared", "dual" */
	const char *triple;
	const char *settings[STUDY_N_FACTORS];
};

struct study_flip {
	enum study_factor factor;
	const char *from; /* setting of the tree */
	const char *to;   /* static */
	char *why_not;    /* NULL: can be flipped */
	bool summed;      /* part of the sum that is compared with the whole difference */
};

enum { STUDY_FLIPS_MAX = 16 };
struct study_plan {
	struct study_flip flips[STUDY_FLIPS_MAX];
	size_t n;
	bool towards; /* the sum has the flips towards A's settings; false: one flip per factor */
};

/* Plans all flips of the tree `b` that `wanted` asks for, including those that are impossible, with
 * the reason. If A's settings are known (`a`, may be NULL), the sum has the flips that give B what
 * A has. A static interpreter effectively has the cheapest TLS model and no interposition of its
 * own functions. */
int study_plan_flips(const struct study_tree *a, const struct study_tree *b, const char *wanted,
	struct study_plan *plan, struct err *err);
void study_plan_release(struct study_plan *plan);
#define CLEANUP_STUDY_PLAN CLEANUP(study_plan_release)

/* ---- measurements -------------------------------------------------------------------------- */

struct study_time {
	double log, low, high; /* relative to B */
};

/* Evaluates a campaign with `base` as the reference: `ret[arm]` for every arm, `ret_sum` for the
 * product of the arms in `summed`, and `ret_rest` for the remainder of arm 0. The last two have
 * intervals of their own from the same rounds. */
int study_measured(const struct bench *b, size_t base, const size_t *summed, size_t n_summed,
	struct study_time *ret, struct study_time *ret_sum, struct study_time *ret_rest,
	struct err *err);

/* ---- verdicts ------------------------------------------------------------------------------ */

enum study_verdict {
	STUDY_AGREES,
	STUDY_NO_DIFFERENCE,
	STUDY_UNDECIDED,
	STUDY_AGREES_IN_SIGN,
	STUDY_UNKNOWN,
	STUDY_NOT_JUDGED, /* the campaign does not find the copy equal */
};
/* "agrees", …, "layout or unknown", "no verdict". */
const char *study_verdict_name(enum study_verdict verdict);
enum doc_tone study_verdict_tone(enum study_verdict verdict);
enum study_verdict study_judge(double predicted, const struct study_time *measured, double margin);

/* ---- the experiment ------------------------------------------------------------------------ */

/* A participating Python. */
struct study_arm {
	char *name;
	char *tree;                        /* as given, or the folder of the build */
	char *counted;                     /* the tree that is counted instead; NULL: `tree` */
	struct study_counts *once, *twice; /* per workload, with that many loops */
	struct study_prediction predicted; /* relative to the base */
	struct study_time measured;
};

struct study {
	const struct study_request *request;
	char *scratch;                /* for trees and runs */
	struct cpython_record record; /* of B */
	struct study_plan plan;
	bool alone; /* A is B itself */
	/* One for each flip, then one for the base. */
	struct cpython_outlook outlook[STUDY_FLIPS_MAX + 1];
	size_t arm_of[STUDY_FLIPS_MAX]; /* 0: not in the campaign */
	struct study_arm arms[BENCH_ARMS_MAX];
	size_t n_arms; /* A, B, the base unless it is B, then the flips */
	size_t base;   /* the tree that was flipped: B, or a rebuild of its recorded inputs */
	struct bench *bench;
	struct bench_result result;
	struct study_prediction sum, rest;
	struct study_time sum_time, rest_time;
};

#endif
