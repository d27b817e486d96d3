/* A cache in a scratch folder and plans of a few lines of shell. */
#ifndef SOLDER_TESTS_PLANS_H
#define SOLDER_TESTS_PLANS_H

#include "plan/plan.h"
#include "scratch.h"

struct plans {
	char *root; /* the scratch folder */
	char *dir;  /* the cache's */
	struct cache *cache;
	struct plan plan;
	struct plan_options options; /* two jobs, no sandbox */
	struct plan_result result;
	struct err err;
};

int plans_setup(void **state);
int plans_teardown(void **state);
/* A step with PATH in its environment; its title is "NAME 1.0". */
struct step *plans_step(struct plans *p, const char *name, const char *script);
/* Forgets the steps, to plan anew. */
void plans_clear(struct plans *p);
void plans_settle(struct plans *p);
/* Settles and runs; the test fails if that fails. */
void plans_run(struct plans *p);
/* Settles and runs; the test fails unless that fails. */
void plans_run_fails(struct plans *p);
/* The content of a file of a finished step, to be freed. */
char *plans_result(const struct plans *p, const struct step *s, const char *name);
/* How many entries the cache's folder `part` has. */
unsigned int plans_entries(const struct plans *p, const char *part);
/* The number in ROOT/NAME, waiting for it to appear. */
long plans_pid(const struct plans *p, const char *name);
/* Fails the test if the process goes on for five seconds. */
void plans_assert_ends(long pid);

#define PLANS_TEST(f) cmocka_unit_test_setup_teardown(f, plans_setup, plans_teardown)

#endif
