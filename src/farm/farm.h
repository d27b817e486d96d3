/* Whole steps, made elsewhere.
 *
 * A step is handed out as a folder that holds all that it needs. Any scheduler may take that folder
 * to a machine, run `solder step FOLDER` there, and bring it back:
 *
 *   step.json       what to make, in which environment, and what is expected of the machine
 *   script.sh       the step's script
 *   inputs/source   the source: the archive as it was downloaded, or a folder, packed
 *   inputs/recipe   the files that the step finds in $RECIPE, packed
 *   inputs/ID       the output of another step, packed
 *
 * and then, from the worker:
 *
 *   output.tar.zst  the step's output, as `solder pack` writes archives
 *   log             what its programs printed
 *   result.json     digests of both, and how long the step took; written last, when it succeeded
 *
 * A worker refuses inputs that do not have the digests of step.json, and a machine that is not like
 * the one that asks: other compilers, binutils, C library, headers, or kind of sandbox. Its output
 * is believed as far as its digest: who runs the steps decides what they give.
 */
#ifndef SOLDER_FARM_H
#define SOLDER_FARM_H

#include "base/err.h"
#include "base/progress.h"
#include "plan/plan.h"

/* Writes the step, which plan_share() has named, and its inputs into the folder `dir`. */
int farm_hand_out(
	const struct step *s, const struct cache *cache, const char *dir, struct err *err);
/* Unpacks the output that is in `dir` into the new folder `out`, with the limits and refusals of
 * tar_extract(). *took is what the worker says that it took, in nanoseconds. */
int farm_take_back(
	const struct step *s, const char *dir, const char *out, uint64_t *took, struct err *err);

/* ---- the worker ------------------------------------------------------------------------------ */

struct order;
/* Reads a folder's step.json and script. */
int order_open(const char *dir, struct order **ret, struct err *err);
void order_free(struct order *o);
void cleanup_order(struct order **o);
#define CLEANUP_ORDER CLEANUP(cleanup_order)
/* What the machine is to be like (see plan_share()), and the compiler of the step with the words
 * that it is always told; NULL: it has none. */
const char *order_system(const struct order *o);
const char *order_compiler(const struct order *o);

struct farm_work {
	const char *scratch; /* an empty folder of the caller's, which removes it */
	enum sandbox sandbox;
	unsigned int jobs;
	struct progress *progress;
};
/* Makes the step, and puts output, log and result into its folder. */
int farm_work(const struct order *o, const struct farm_work *work, struct err *err);

#endif
