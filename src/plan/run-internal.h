/* Private to the build room. */
#ifndef SOLDER_PLAN_RUN_INTERNAL_H
#define SOLDER_PLAN_RUN_INTERNAL_H

#include "base/err.h"

/* Adds to a step's failure what its log says: the likely cause (as the hint), the last 30 lines
 * and the log's path. */
void explain_failure(const char *log, struct err *err);

#endif
