/* How pip is run, by whatever rule, probe or check needs it. */
#ifndef SOLDER_CHECK_PIP_INTERNAL_H
#define SOLDER_CHECK_PIP_INTERNAL_H

#include "base/buf.h"

/* Adds what pip gets of our environment: what every program gets, with `tmp` as TMPDIR if that is
 * not NULL, and by name what tells pip where packages come from. */
void pip_environment(const char *tmp, struct strv *env);

#endif
