/* Builds compared with builds of the same sources.
 *
 * Interventions (`solder explain --intervene`): whether counted instructions cost the time that
 * their number suggests. Builds of one tree, B, that differ in one factor each, predicted from
 * instructions and measured in one campaign:
 *
 *	CLEANUP_STUDY struct study *s = NULL;
 *
 *	if (study_open(&request, &s, err) < 0 || study_measure(s, err) < 0)
 *		return -1;
 *	study_page(doc, s);
 *
 * Layouts (`solder bench --layouts`): relinks the arms with their objects in other orders.
 *
 * Reproducibility (`solder pack --verify-reproducible`): rebuilds a tree elsewhere.
 */
#ifndef SOLDER_STUDY_H
#define SOLDER_STUDY_H

#include <jansson.h>

#include "base/buf.h"
#include "base/progress.h"
#include "bench/bench.h"
#include "plan/cache.h"
#include "report/report.h"

/* ---- interventions ------------------------------------------------------------------------- */

/* Factors that can be flipped. */
enum study_factor {
	STUDY_TLS,
	STUDY_SYMBOLIC,
	STUDY_INTERPOSITION,
	STUDY_PLT,
	STUDY_BIND,
	STUDY_PIE,
	STUDY_VISIBILITY,
	STUDY_N_FACTORS,
};
/* The option of solder build ("tls"), and words for it ("TLS model"). */
const char *study_factor_name(enum study_factor factor);
const char *study_factor_words(enum study_factor factor);

struct study_request {
	const char *factors; /* "all", or comma-separated names and name=value pairs */
	const char *source, *cache, *campaign;
	unsigned int rounds, max_time, load, jobs; /* 0: default */
	bool dry_run;
	const char *a, *b;          /* as on the command line; equal if there is only one Python */
	const char *workloads;      /* their folder */
	const struct strv *scripts; /* their files */
	const struct strv *names;
	const char *scratch; /* an existing folder, for trees and runs */
	unsigned int limit;  /* per process, in seconds; 0: none */
};

struct study;
/* Plans, and builds unless request->dry_run. The request must outlive the study. */
int study_open(const struct study_request *request, struct study **ret, struct err *err);
/* Counts and times. */
int study_measure(struct study *s, struct err *err);
void study_free(struct study *s);
void cleanup_study(struct study **s);
#define CLEANUP_STUDY CLEANUP(cleanup_study)

/* The plan only; the results. */
void study_plan_page(struct doc *doc, const struct study *s);
json_t *study_plan_json(const struct study *s);
void study_page(struct doc *doc, const struct study *s);
json_t *study_json(const struct study *s);

/* ---- layouts ------------------------------------------------------------------------------- */

/* Relinks the arms that solder built and that have only one link, with objects in other orders,
 * into folders below `scratch`: as many links as there are layouts. Reports why other arms cannot
 * be relinked. */
int study_relink(struct bench *b, const char *scratch, struct progress *progress, struct err *err);
/* For a resumed campaign: true if it has such links; and recreates them. */
bool study_has_relinks(const struct bench *b);
int study_relink_again(struct bench *b, const char *scratch, struct err *err);

/* ---- reproducibility ----------------------------------------------------------------------- */

struct study_verify {
	const char *dir;     /* a tree that solder built */
	const char *scratch; /* an empty folder for a second cache and tree */
	const struct cache *cache;
	bool only_cpython; /* copy the other packages from the cache */
	unsigned int jobs;
	/* Packs the tree `dir`, with its objects from the cache, into the folder `out`; returns the
	 * result of pack_write(). */
	int (*pack)(void *ctx, const char *dir, const char *out, unsigned int jobs,
		const struct cache *cache, json_t **result, struct err *err);
	void *ctx;
};
/* Builds the tree again and compares trees and archives: 0 if equal, 1 if anything differs, or -1.
 * *result is {"verdict", "differences": [{"path", "what", …}], "files_that_differ",
 * "archives_that_differ", "archives", "archives_again", "jobs"}. */
int study_verify(const struct study_verify *how, struct progress *progress, json_t **result,
	struct err *err);

#endif
