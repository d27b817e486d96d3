/* Inside the room: what collects the costs while a file is read. */
#ifndef SOLDER_EXPLAIN_CALLGRIND_INTERNAL_H
#define SOLDER_EXPLAIN_CALLGRIND_INTERNAL_H

#include "explain/explain.h"

/* Costs by object and address. Neighbouring addresses are neighbours in the table, since that is
 * how they come; where a group of them goes depends on a random number, so that no file can choose
 * its collisions. */
struct cost_table {
	struct callgrind_cost *slots; /* free ones have count 0 */
	size_t mask;
	size_t n;
	uint64_t seed;
};

void cost_table_init(struct cost_table *t);
void cost_table_release(struct cost_table *t);
/* Adds to what is there; the first function's name stays. A count of 0 adds nothing. */
int cost_table_add(struct cost_table *t, const struct callgrind_cost *cost, struct err *err);
/* Gives the costs away, sorted. */
struct callgrind_cost *cost_table_take(struct cost_table *t, size_t *n);

#endif
