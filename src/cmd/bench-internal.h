/* What solder bench shows. */
#ifndef SOLDER_CMD_BENCH_INTERNAL_H
#define SOLDER_CMD_BENCH_INTERNAL_H

#include "bench/bench.h"
#include "report/report.h"

/* How many arms the user named. */
size_t bench_named(const struct bench *b);

/* A campaign and its result as a document; with `all` every workload is listed, else those that
 * were called different. */
struct doc *bench_doc(const struct bench *b, const struct bench_result *result, bool all);

/* Adds the pictures: violins of workload ratios, a forest for each arm, what happened in each
 * round. */
void bench_charts(struct doc *doc, const struct bench *b, const struct bench_result *result);

#endif
