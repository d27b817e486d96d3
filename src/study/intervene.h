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
#ifndef SOLDER_EXPLAIN_INTERVENE_H
#define SOLDER_EXPLAIN_INTERVENE_H

#include "bench/bench.h"
#include "explain/explain.h"

/* ---- what can be flipped ------------------------------------------------------------------- */

enum intervene_factor {
	INTERVENE_TLS,
	INTERVENE_SYMBOLIC,
	INTERVENE_INTERPOSITION,
	INTERVENE_PLT,
	INTERVENE_BIND,
	INTERVENE_PIE,
	INTERVENE_VISIBILITY,
	INTERVENE_N_FACTORS,
};

/* As solder build calls the option ("tls"), in words ("TLS model"), what it should move ("PLT
 * stubs"), and whether an executed instruction of that cause counts as such. */
const char *intervene_name(enum intervene_factor factor);
const char *intervene_words(enum intervene_factor factor);
const char *intervene_moves_words(enum intervene_factor factor);
bool intervene_moves(enum intervene_factor factor, enum explain_cause cause);

/* How a tree was built. */
struct intervene_tree {
	const char *link; /* "static", "shared" */
	const char *triple;
	const char *settings[INTERVENE_N_FACTORS];
};

struct intervene_flip {
	enum intervene_factor factor;
	const char *from; /* the tree's setting */
	const char *to;   /* static */
	char *why_not;    /* NULL: it can be flipped */
	bool summed;      /* in the sum that is set against the whole difference */
};

enum { INTERVENE_FLIPS_MAX = 16 };
struct intervene_plan {
	struct intervene_flip flips[INTERVENE_FLIPS_MAX];
	size_t n;
	bool towards; /* the sum is of what leads to A's settings; false: of one flip per factor */
};

/* All flips of the tree `b` that `wanted` asks for: "all", or names and name=value pairs, separated
 * by commas. What cannot be flipped is there too, with the reason. Where it is known how A was
 * built (`a`, may be NULL), the flips are summed that give B what A has. A static interpreter has
 * in effect the cheapest TLS model, and no interposition of its own functions. */
int intervene_plan(const struct intervene_tree *a, const struct intervene_tree *b,
	const char *wanted, struct intervene_plan *plan, struct err *err);
void intervene_plan_release(struct intervene_plan *plan);
#define CLEANUP_INTERVENE_PLAN CLEANUP(intervene_plan_release)

/* ---- predicted ----------------------------------------------------------------------------- */

/* Instructions of a process of one workload. */
struct intervene_counts {
	double total;
	double causes[EXPLAIN_N_CAUSES];
};

/* From what explain_count() gives. */
struct intervene_counts intervene_counts_of(const int64_t causes[EXPLAIN_N_CAUSES]);
/* From runs with one loop and with two, what one with `loops` executes. */
struct intervene_counts intervene_extrapolate(
	const struct intervene_counts *once, const struct intervene_counts *twice, uint64_t loops);

/* Logs: all of it, and each cause's part. */
struct intervene_prediction {
	double all;
	double causes[EXPLAIN_N_CAUSES];
};
/* Over n workloads (at least one), of which those with `counts` (may be NULL: all) false are left
 * out. */
struct intervene_prediction intervene_predict(const struct intervene_counts *base,
	const struct intervene_counts *flipped, const bool *counts, size_t n);
/* The part that the factor should move. */
double intervene_moved(const struct intervene_prediction *p, enum intervene_factor factor);

/* ---- measured ------------------------------------------------------------------------------ */

struct intervene_time {
	double log, low, high; /* relative to B */
};

/* What a campaign says with `base` as the reference: `ret[arm]` for every arm, and for `ret_sum`
 * and `ret_rest` the product of the arms in `summed` and what is then left to arm 0, both with
 * intervals of their own from the same rounds. */
int intervene_measured(const struct bench *b, size_t base, const size_t *summed, size_t n_summed,
	struct intervene_time *ret, struct intervene_time *ret_sum, struct intervene_time *ret_rest,
	struct err *err);

/* ---- judged -------------------------------------------------------------------------------- */

enum intervene_verdict {
	INTERVENE_AGREES,
	INTERVENE_NO_DIFFERENCE,
	INTERVENE_UNDECIDED,
	INTERVENE_AGREES_IN_SIGN,
	INTERVENE_UNKNOWN,
};
/* "agrees", …, "layout or unknown". */
const char *intervene_verdict_name(enum intervene_verdict verdict);
enum doc_tone intervene_verdict_tone(enum intervene_verdict verdict);
enum intervene_verdict intervene_judge(
	double predicted, const struct intervene_time *measured, double margin);

#endif
