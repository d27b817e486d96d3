/* solder explain --intervene: counterfactual builds, counted and timed. */
#ifndef SOLDER_CMD_EXPLAIN_INTERVENE_H
#define SOLDER_CMD_EXPLAIN_INTERVENE_H

#include "base/buf.h"
#include "base/progress.h"
#include "cpython/cpython.h"
#include "study/intervene.h"
#include "report/report.h"

/* What the command line says. */
struct intervene_request {
	const char *factors; /* NULL: no interventions */
	const char *source, *cache, *campaign;
	unsigned int rounds, max_time, load, jobs; /* 0: as is usual */
	bool dry_run;
	/* Set from the rest of the command. */
	const char *a, *b;          /* as on the command line; one Python: the same */
	const char *workloads;      /* their folder */
	const struct strv *scripts; /* their files */
	const struct strv *names;
	const char *scratch;
	unsigned int limit; /* seconds for a process; 0: none */
};

/* A Python that takes part. */
struct intervene_arm {
	char *name;
	char *tree;    /* what is named: as given, or the folder that was built */
	char *counted; /* where it is counted; NULL: there */
	struct intervene_counts *once, *twice; /* of each workload, with so many loops */
	struct intervene_prediction predicted; /* relative to the base */
	struct intervene_time measured;
};

struct intervention {
	const struct intervene_request *request;
	char *scratch; /* removed at the end */
	struct cpython_record record;
	struct intervene_plan plan;
	bool alone; /* there is no A but B itself */
	/* For each flip, and last for the base: */
	struct cpython_outlook outlook[INTERVENE_FLIPS_MAX + 1];
	size_t arm_of[INTERVENE_FLIPS_MAX]; /* 0: it is in no campaign */
	struct intervene_arm arms[BENCH_ARMS_MAX];
	size_t n_arms; /* A, B, the base if it is not B, then the flips */
	size_t base;   /* what was flipped: B, or what the same inputs give now */
	struct bench *bench;
	struct bench_result result;
	bool counts[BENCH_WORKLOADS_MAX]; /* workloads */
	struct intervene_prediction sum, rest;
	struct intervene_time sum_time, rest_time;
};

/* Plans, and builds unless request->dry_run. */
int intervene_build(
	const struct intervene_request *request, struct intervention *iv, struct err *err);
/* Counts and times. */
int intervene_measure(struct intervention *iv, struct err *err);
void intervention_release(struct intervention *iv);
#define CLEANUP_INTERVENTION CLEANUP(intervention_release)

/* The plan alone, or plan and results. */
void intervene_plan_page(struct doc *doc, const struct intervention *iv);
void intervene_page(struct doc *doc, const struct intervention *iv);
json_t *intervene_plan_json(const struct intervention *iv);
json_t *intervene_json(const struct intervention *iv);

#endif
