/* What solder bench shows. */
#ifndef SOLDER_CMD_BENCH_INTERNAL_H
#define SOLDER_CMD_BENCH_INTERNAL_H

#include "bench/bench.h"
#include "report/report.h"

#define PYPERFORMANCE "pyperformance"

/* The options of solder bench; 0 and NULL for what was not given. */
struct bench_values {
	unsigned int rounds, max_time, layouts, duration, limit;
	const char *precision, *load, *seed, *filter, *suite, *script, *workloads, *scratch,
		*output;
	const char *measure, *pyperf, *html;
	struct strv from, script_args;
	bool self_test, resume, json, all, count, count_only;
};

/* Refuses what makes no sense together, or would be lost: also places of output that cannot be
 * written, before anything has run. */
int bench_check_usage(const struct bench_values *v, const struct strv *args, struct err *err);

/* A campaign and its result as a document; with `all` every workload is listed, else those that
 * were called different. */
struct doc *bench_doc(const struct bench *b, const struct bench_result *result, bool all);

/* "0.9981 to 1.0020"; to be freed. */
char *bench_interval_text(struct bench_interval i);

/* How results are shown. */
struct bench_view {
	bool all, json;
	const char *html; /* NULL: no page */
};

/* Compares two campaigns, read from `files`, and prints that. Returns the exit code: 1 when an arm
 * is slower in the second, relative to the reference; or -1. */
int bench_show_comparison(struct bench *before, struct bench *after, const struct strv *files,
	const struct bench_view *view, struct err *err);

/* Adds what was counted, if anything was. */
void bench_counts(struct doc *doc, const struct bench *b);
/* A document of that alone. */
struct doc *bench_counts_doc(const struct bench *b);

/* A ratio as a change without its direction: "5.1 %", from twice on "2.24 times"; and the ends of
 * an interval in one direction: "4.9 to 5.2". Both are to be freed. */
char *bench_change_text(double ratio);
char *bench_range_text(struct bench_interval i, bool slower);
/* The names of arms that are compared: "static, shared"; to be freed. */
char *bench_arm_names(const struct bench *b);

/* Adds the pictures: the workloads' ratios, a forest for each arm, what happened in each round. */
void bench_charts(struct doc *doc, const struct bench *b, const struct bench_result *result);

#endif
