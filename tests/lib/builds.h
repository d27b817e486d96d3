/* Plans of a CPython, with a compiler of which only the name is known. */
#ifndef SOLDER_TESTS_BUILDS_H
#define SOLDER_TESTS_BUILDS_H

#include "cpython/cpython-internal.h"
#include "plans.h"

struct toolchain builds_toolchain(void);
/* Plans and settles CPython 3.13.15 of these options, with the recipe of a folder; it trains if
 * they say so. Only one at a time. */
void builds_plan(struct plans *p, const char *recipes, const struct cpython_options *o,
	struct cpython_build *b);
void builds_unplan(struct cpython_build *b);

#endif
