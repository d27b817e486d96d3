/* Other links of the arms of a campaign that solder built: their layouts (`solder bench
 * --layouts`).
 */
#ifndef SOLDER_STUDY_RELINK_H
#define SOLDER_STUDY_RELINK_H

#include "bench/bench.h"

/* Links the named arms that solder built, and that have one link only, again in other orders, into
 * folders below `scratch`: as many links as there are layouts. Says of the others why they cannot
 * be. */
int relink_arms(struct bench *b, const char *scratch, struct progress *progress, struct err *err);
/* Makes such links again for a campaign that goes on, if it has any. */
bool relink_has(const struct bench *b);
int relink_again(struct bench *b, const char *scratch, struct err *err);

#endif
