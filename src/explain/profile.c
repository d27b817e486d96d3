/* A profile in memory: collect, search, subtract, release. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "explain/explain-internal.h"

#define FIRST_SIZE 4096
/* Log2 of the size in bytes of a group of addresses that stay together in the table. */
#define GROUP_BITS 7

void cost_table_init(struct cost_table *t)
{
	*t = (struct cost_table){.mask = FIRST_SIZE - 1, .group = UINT64_MAX};
	t->slots = xcalloc(FIRST_SIZE, sizeof(*t->slots));
	if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) != sizeof(t->seed))
		t->seed = (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u;
}

void cost_table_release(struct cost_table *t)
{
	free(t->slots);
	*t = (struct cost_table){0};
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	return x ^ x >> 32;
}

static size_t first_slot(struct cost_table *t, uint32_t object, uint64_t addr)
{
	uint64_t group = addr >> GROUP_BITS;

	if (group != t->group || object != t->group_object) {
		t->group = group;
		t->group_object = object;
		t->group_slot = (size_t)(mix((group ^ t->seed) + mix(object ^ t->seed))
					 << (GROUP_BITS - 2));
	}
	return t->group_slot + (addr & ((1u << GROUP_BITS) - 1)) / 4;
}

static struct callgrind_cost *slot_of(
	const struct cost_table *t, size_t i, uint32_t object, uint64_t addr)
{
	for (;; i++) {
		struct callgrind_cost *slot = &t->slots[i & t->mask];

		if (slot->object == 0 || (slot->addr == addr && slot->object == object + 1))
			return slot;
	}
}

static void grow(struct cost_table *t)
{
	struct callgrind_cost *old = t->slots;
	size_t n = t->mask + 1;

	t->mask = 2 * n - 1;
	t->slots = xcalloc(2 * n, sizeof(*t->slots));
	for (size_t i = 0; i < n; i++)
		if (old[i].object)
			*slot_of(t, first_slot(t, old[i].object - 1, old[i].addr),
				old[i].object - 1, old[i].addr) = old[i];
	free(old);
}

static int add_now(
	struct cost_table *t, const struct callgrind_cost *cost, size_t first, struct err *err)
{
	struct callgrind_cost *slot = slot_of(t, first, cost->object, cost->addr);

	if (slot->object) {
		if (__builtin_add_overflow(slot->count, cost->count, &slot->count))
			return err_set(err, ERR_INPUT, "the counts are too large");
		return 0;
	}
	*slot = *cost;
	slot->object++;
	if (++t->n > CALLGRIND_MAX_ADDRESSES)
		return err_set(err, ERR_UNSUPPORTED, "more than %d different instructions",
			CALLGRIND_MAX_ADDRESSES);
	if (t->n > t->mask / 2)
		grow(t);
	return 0;
}

static int add_pending(struct cost_table *t, struct err *err)
{
	unsigned n = t->n_pending;

	t->n_pending = 0;
	for (unsigned i = 0; i < n; i++)
		if (add_now(t, &t->pending[i], t->pending_first[i], err) < 0)
			return -1;
	return 0;
}

int cost_table_add(struct cost_table *t, const struct callgrind_cost *cost, struct err *err)
{
	size_t first;

	if (cost->count == 0)
		return 0;
	if (t->n_pending == COST_TABLE_PENDING && add_pending(t, err) < 0)
		return -1;
	first = first_slot(t, cost->object, cost->addr);
	__builtin_prefetch(&t->slots[first & t->mask], 1);
	t->pending_first[t->n_pending] = first;
	t->pending[t->n_pending++] = *cost;
	return 0;
}

/* By object, then by address. */
static int by_place(const void *a, const void *b)
{
	const struct callgrind_cost *x = a, *y = b;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	return (x->addr > y->addr) - (x->addr < y->addr);
}

int cost_table_take(struct cost_table *t, struct callgrind_cost **ret, size_t *n, struct err *err)
{
	struct callgrind_cost *costs;
	size_t kept = 0;

	if (add_pending(t, err) < 0)
		return -1;
	costs = steal(&t->slots);
	for (size_t i = 0; i <= t->mask; i++) {
		if (!costs[i].object || !costs[i].count)
			continue;
		costs[kept] = costs[i];
		costs[kept++].object--;
	}
	sort_array(costs, kept, sizeof(*costs), by_place);
	*n = kept;
	*ret = xreallocarray(costs, kept ? kept : 1, sizeof(*costs));
	cost_table_release(t);
	return 0;
}

bool callgrind_next_object(const struct callgrind *run, struct callgrind_object *o)
{
	size_t end = o->costs ? (size_t)(o->costs - run->costs) + o->n : 0;

	if (end == run->n_costs)
		return false;
	o->costs = &run->costs[end];
	o->id = o->costs->object;
	o->path = run->objects.v[o->id];
	for (o->n = 0; end + o->n < run->n_costs && o->costs[o->n].object == o->id;)
		o->n++;
	o->nowhere = !strcmp(o->path, "???");
	o->interpreter = !o->nowhere && explain_is_interpreter(o->path, run->command);
	return true;
}

size_t callgrind_first_at(const struct callgrind_object *o, uint64_t addr)
{
	return addr ? COUNT_UPTO(o->costs, o->n, addr, addr - 1) : 0;
}

/* The costs of `other` with the object and function numbers of `run`, which receives any that it
 * lacks. Sorted; the caller frees them. */
static struct callgrind_cost *renumbered(struct callgrind *run, const struct callgrind *other)
{
	CLEANUP_FREE uint32_t *objects = xcalloc(other->objects.n + 1, sizeof(*objects));
	struct callgrind_cost *costs = xcalloc(other->n_costs + 1, sizeof(*costs));
	size_t first = run->functions.n;

	for (size_t i = 0; i < other->objects.n; i++) {
		size_t at = 0;

		while (at < run->objects.n && strcmp(run->objects.v[at], other->objects.v[i]) != 0)
			at++;
		if (at == run->objects.n)
			strv_add(&run->objects, other->objects.v[i]);
		objects[i] = (uint32_t)at;
	}
	for (size_t i = 0; i < other->functions.n; i++)
		strv_add(&run->functions, other->functions.v[i]);
	for (size_t i = 0; i < other->n_costs; i++) {
		costs[i] = other->costs[i];
		costs[i].object = objects[costs[i].object];
		costs[i].function += (uint32_t)first;
	}
	sort_array(costs, other->n_costs, sizeof(*costs), by_place);
	return costs;
}

int callgrind_subtract(struct callgrind *run, const struct callgrind *less, struct err *err)
{
	CLEANUP_FREE struct callgrind_cost *a = steal(&run->costs);
	CLEANUP_FREE struct callgrind_cost *b = renumbered(run, less);
	size_t n_a = run->n_costs, n_b = less->n_costs;
	bool overflow = __builtin_sub_overflow(run->total, less->total, &run->total);

	run->costs = xcalloc(n_a + n_b + 1, sizeof(*run->costs));
	run->n_costs = 0;
	for (size_t i = 0, j = 0; (i < n_a || j < n_b) && !overflow;) {
		int d = i == n_a ? 1 : j == n_b ? -1 : by_place(&a[i], &b[j]);
		struct callgrind_cost cost = d <= 0 ? a[i] : b[j];

		overflow = __builtin_sub_overflow(
			d <= 0 ? a[i].count : 0, d >= 0 ? b[j].count : 0, &cost.count);
		if (cost.count)
			run->costs[run->n_costs++] = cost;
		i += d <= 0;
		j += d >= 0;
	}
	if (!overflow)
		return 0;
	callgrind_release(run);
	return err_set(err, ERR_INPUT, "the counts are too large");
}

void callgrind_release(struct callgrind *run)
{
	free(run->command);
	strv_release(&run->objects);
	strv_release(&run->functions);
	free(run->costs);
	free(run->calls);
	*run = (struct callgrind){0};
}
