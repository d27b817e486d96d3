/* Does what was counted cost what was counted? Interventions: builds of one tree, B, that differ in
 * one factor each (counterfactuals), predicted by instructions and measured in one campaign.
 *
 * For a counterfactual F of the tree B:
 *
 *	predicted   the mean over workloads of log(instructions of F / instructions of B), for
 *	            processes that run as many loops as the timed ones (callgrind's counts with one
 *	            loop and with two give both, start-up included)
 *	measured    the same of times, with bench's interval (bench/bench.h): the campaign as it is,
 *	            computed with B as the reference
 *
 * A cause's part of the prediction is its difference divided by the logarithmic mean of the two
 * totals, (F - B) / log(F / B), so that the parts of all causes add up to the whole exactly.
 *
 * Shares of A's: what is B-relative is scaled by B's ratio to A, for instructions and time each.
 *
 * The rule, for a prediction p, the measured m and its interval, all logs:
 *
 *	agrees             p lies in the interval, and 0 does not
 *	no difference      p lies in the interval, which lies within 1/(1+margin) .. 1+margin
 *	undecided          p lies in the interval, and so does 0
 *	agrees in sign     0 does not lie in the interval, p and m have the same sign, and one is
 *	                   at most twice the other: instructions differ in what they cost
 *	layout or unknown  all else: an effect without a prediction or against it, of another
 *	                   size than instructions suggest, or none where there should be one
 *
 * The first that applies. A relink moves all code, which alone can change a time by some percent;
 * nothing here tells such luck from a cause, hence the last words.
 */
#ifndef SOLDER_STUDY_INTERNAL_H
#define SOLDER_STUDY_INTERNAL_H

#include "cpython/cpython.h"
#include "explain/explain.h"
#include "study/study.h"

/* ---- predicted ----------------------------------------------------------------------------- */

/* Instructions of a process of one workload. */
struct study_counts {
	double total;
	double causes[EXPLAIN_N_CAUSES];
};

/* From what explain_count() gives. */
struct study_counts study_counts_of(const int64_t causes[EXPLAIN_N_CAUSES]);
/* From runs with one loop and with two, what one with `loops` executes. */
struct study_counts study_extrapolate(
	const struct study_counts *once, const struct study_counts *twice, uint64_t loops);

/* Logs: all of it, and each cause's part. */
struct study_prediction {
	double all;
	double causes[EXPLAIN_N_CAUSES];
};
/* Over n workloads (at least one), of which those with `counts` (may be NULL: all) false are left
 * out. */
struct study_prediction study_predict(const struct study_counts *base,
	const struct study_counts *flipped, const bool *counts, size_t n);

/* ---- what can be flipped ------------------------------------------------------------------- */

/* What a factor should move, in words ("PLT stubs"), and its part of a prediction. */
const char *study_moves_words(enum study_factor factor);
double study_moved(const struct study_prediction *p, enum study_factor factor);

/* How a tree was built. */
struct study_tree {
	const char *link; /* "static", "shared" */
	const char *triple;
	const char *settings[STUDY_N_FACTORS];
};

struct study_flip {
	enum study_factor factor;
	const char *from; /* the tree's setting */
	const char *to;   /* static */
	char *why_not;    /* NULL: it can be flipped */
	bool summed;      /* in the sum that is set against the whole difference */
};

enum { STUDY_FLIPS_MAX = 16 };
struct study_plan {
	struct study_flip flips[STUDY_FLIPS_MAX];
	size_t n;
	bool towards; /* the sum is of what leads to A's settings; false: of one flip per factor */
};

/* All flips of the tree `b` that `wanted` asks for. What cannot be flipped is there too, with the
 * reason. Where it is known how A was built (`a`, may be NULL), the flips are summed that give B
 * what A has. A static interpreter has in effect the cheapest TLS model, and no interposition of
 * its own functions. */
int study_plan_flips(const struct study_tree *a, const struct study_tree *b, const char *wanted,
	struct study_plan *plan, struct err *err);
void study_plan_release(struct study_plan *plan);
#define CLEANUP_STUDY_PLAN CLEANUP(study_plan_release)

/* ---- measured ------------------------------------------------------------------------------ */

struct study_time {
	double log, low, high; /* relative to B */
};

/* What a campaign says with `base` as the reference: `ret[arm]` for every arm, and for `ret_sum`
 * and `ret_rest` the product of the arms in `summed` and what is then left to arm 0, both with
 * intervals of their own from the same rounds. */
int study_measured(const struct bench *b, size_t base, const size_t *summed, size_t n_summed,
	struct study_time *ret, struct study_time *ret_sum, struct study_time *ret_rest,
	struct err *err);

/* ---- judged -------------------------------------------------------------------------------- */

enum study_verdict {
	STUDY_AGREES,
	STUDY_NO_DIFFERENCE,
	STUDY_UNDECIDED,
	STUDY_AGREES_IN_SIGN,
	STUDY_UNKNOWN,
	STUDY_NOT_JUDGED, /* the campaign does not find a copy equal */
};
/* "agrees", …, "layout or unknown", "no verdict". */
const char *study_verdict_name(enum study_verdict verdict);
enum doc_tone study_verdict_tone(enum study_verdict verdict);
enum study_verdict study_judge(double predicted, const struct study_time *measured, double margin);

/* ---- the experiment ------------------------------------------------------------------------ */

/* A Python that takes part. */
struct study_arm {
	char *name;
	char *tree;    /* what is named: as given, or the folder that was built */
	char *counted; /* where it is counted; NULL: there */
	struct study_counts *once, *twice; /* of each workload, with so many loops */
	struct study_prediction predicted; /* relative to the base */
	struct study_time measured;
};

struct study {
	const struct study_request *request;
	char *scratch;                /* for trees and runs */
	struct cpython_record record; /* of B */
	struct study_plan plan;
	bool alone; /* there is no A but B itself */
	/* For each flip, and last for the base: */
	struct cpython_outlook outlook[STUDY_FLIPS_MAX + 1];
	size_t arm_of[STUDY_FLIPS_MAX]; /* 0: it is in no campaign */
	struct study_arm arms[BENCH_ARMS_MAX];
	size_t n_arms; /* A, B, the base if it is not B, then the flips */
	size_t base;   /* what was flipped: B, or what the same inputs give now */
	struct bench *bench;
	struct bench_result result;
	struct study_prediction sum, rest;
	struct study_time sum_time, rest_time;
};

#endif
