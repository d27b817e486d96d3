/* Inside the room: what collects the costs while a file is read. */
#ifndef SOLDER_EXPLAIN_CALLGRIND_INTERNAL_H
#define SOLDER_EXPLAIN_CALLGRIND_INTERNAL_H

#include "explain/explain.h"

/* By object, then by address. */
int callgrind_compare(const void *a, const void *b);
/* How many costs from the i-th on are of its object. */
size_t callgrind_of_object(const struct callgrind *run, size_t i);
/* The first of the costs of an object at `addr` or behind it; n if there is none. */
size_t callgrind_first_at(const struct callgrind_cost *costs, size_t n, uint64_t addr);

#define COST_TABLE_PENDING 32

/* Costs by object and address. Neighbouring addresses are neighbours in the table, since that is
 * how they come; where a group of them goes depends on a random number, so that no file can choose
 * its collisions. */
struct cost_table {
	/* Objects are one higher here: free slots have 0. A count may come to 0 and stays. */
	struct callgrind_cost *slots;
	size_t mask;
	size_t n;
	uint64_t seed;
	/* The group of the last address, and where it starts. */
	uint64_t group;
	uint32_t group_object;
	size_t group_slot;
	/* What is added later: by then the slots have come from memory. */
	struct callgrind_cost pending[COST_TABLE_PENDING];
	size_t pending_first[COST_TABLE_PENDING];
	unsigned n_pending;
};

void cost_table_init(struct cost_table *t);
void cost_table_release(struct cost_table *t);
/* Adds to what is there; the first function's name stays. A count of 0 adds nothing. What is too
 * much may be an error of a later call only. */
int cost_table_add(struct cost_table *t, const struct callgrind_cost *cost, struct err *err);
/* Gives the costs away, sorted, but for those that came to 0. */
int cost_table_take(struct cost_table *t, struct callgrind_cost **ret, size_t *n, struct err *err);

#endif
