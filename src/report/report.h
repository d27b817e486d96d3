/* One report model, a JSON object, and its writers. */
#ifndef SOLDER_REPORT_H
#define SOLDER_REPORT_H

#include <jansson.h>
#include <stdio.h>

/* The model as JSON, keys in the order in which they were set, with a final newline. */
void report_json(const json_t *model, FILE *out);

/* The summary of a distribution: "distribution" (what was built), "build" (optional: how long,
 * how many steps), "artifacts" (a table). */
void report_summary(const json_t *model, FILE *out);

#endif
