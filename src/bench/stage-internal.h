/* The arms of a campaign, set up so that they differ in nothing but what is compared. */
#ifndef SOLDER_BENCH_STAGE_INTERNAL_H
#define SOLDER_BENCH_STAGE_INTERNAL_H

#include "bench/bench.h"

struct stage {
	char *root;    /* the scratch folder, made by us */
	char *pycache; /* for bytecode */
	char *home, *cwd;
	int output; /* a file for what a process prints to stderr */
};

/* Makes the scratch folder below `scratch` and all copies in it, and checks that each starts and
 * finds its library. Notes go to the arms. */
int stage_open(struct bench *b, const char *scratch, struct stage *s, struct err *err);
/* Removes it. */
void stage_close(struct stage *s);
/* The interpreter of an arm in one layout; to be freed. */
char *stage_python(const struct stage *s, size_t arm, unsigned int layout);
/* The last line that went to `output`, or NULL; to be freed. */
char *stage_complaint(const struct stage *s);

#endif
