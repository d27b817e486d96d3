/* The arms of a campaign, set up so that they differ in nothing but what is compared. */
#ifndef SOLDER_BENCH_STAGE_INTERNAL_H
#define SOLDER_BENCH_STAGE_INTERNAL_H

#include "bench/bench.h"

struct stage {
	char *root;    /* the scratch folder, made by us */
	char *pycache; /* for bytecode */
	char *home, *cwd;
	bool alone; /* an arm stands at the place of stage_python_alone() */
	int output; /* a file for what a process prints to stderr */
};

/* Makes the scratch folder below `scratch` and all copies in it, and checks that each starts and
 * finds its library. Notes go to the arms. */
int stage_open(struct bench *b, const char *scratch, struct stage *s, struct err *err);
/* Removes what killed runs left there; stage_open() does, too. */
void stage_clear(const char *scratch);
/* Removes it. */
void stage_close(struct stage *s);
/* The interpreter of an arm in one layout; to be freed. */
char *stage_python(const struct stage *s, size_t arm, unsigned int layout);
/* Moves the first copy of an arm to a place that is the same for all arms, where nothing of another
 * arm is in the folder for bytecode; and back. */
int stage_isolate(struct stage *s, size_t arm, struct err *err);
int stage_return(struct stage *s, size_t arm, struct err *err);
/* The interpreter at that place; to be freed. */
char *stage_python_alone(const struct stage *s);
/* The last line that went to `output`, or NULL; to be freed. */
char *stage_complaint(const struct stage *s);

#endif
