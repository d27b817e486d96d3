/* Parts of `solder check`. */
#ifndef SOLDER_CMD_CHECK_INTERNAL_H
#define SOLDER_CMD_CHECK_INTERNAL_H

#include <jansson.h>

#include "check/check.h"
#include "report/report.h"

/* The answer in a sentence, findings from the worst on, and what was checked; with `all`, what
 * holds and why the rest was not checked. */
struct doc *cmd_check_doc(const struct python *dist, const json_t *model, bool all);

struct probe_values {
	bool all, install_consumers;
	struct strv ids;     /* only these */
	const char *against; /* may be NULL */
};

/* Probes in a scratch folder that is gone afterwards. */
int cmd_check_probes(
	const struct probe_values *v, const struct python *dist, json_t *model, struct err *err);
/* The table of probes: what failed or could not be checked, or all. */
void cmd_check_add_probes(struct doc *doc, const json_t *probes, bool all);

struct wheel_values {
	const char *what;   /* NULL: no wheels */
	const char *filter; /* the last two may be NULL */
	const char *state;
	unsigned int jobs;
};

/* Downloads and results are kept in `state`, or beside the cache of builds. */
int cmd_check_wheels(const struct wheel_values *v, const char *against, const struct python *dist,
	json_t *model, struct err *err);
/* The table of wheels; why each failed if it breaks only here, or for `all`. */
void cmd_check_add_wheels(struct doc *doc, const json_t *model, bool all);

#endif
