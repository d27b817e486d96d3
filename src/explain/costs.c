#include "explain/callgrind-internal.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define FIRST_SIZE 4096
/* Addresses of so many bytes are neighbours. */
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

static struct callgrind_cost *find(
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

	t->mask = t->mask * 2 + 1;
	t->slots = xcalloc(t->mask + 1, sizeof(*t->slots));
	for (size_t i = 0; i < n; i++) {
		if (!old[i].object)
			continue;
		*find(t, first_slot(t, old[i].object - 1, old[i].addr), old[i].object - 1,
			old[i].addr) = old[i];
	}
	free(old);
}

static int add_now(
	struct cost_table *t, const struct callgrind_cost *cost, size_t first, struct err *err)
{
	struct callgrind_cost *slot = find(t, first, cost->object, cost->addr);

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

static int flush(struct cost_table *t, struct err *err)
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
	if (t->n_pending == COST_TABLE_PENDING && flush(t, err) < 0)
		return -1;
	first = first_slot(t, cost->object, cost->addr);
	__builtin_prefetch(&t->slots[first & t->mask], 1);
	t->pending_first[t->n_pending] = first;
	t->pending[t->n_pending++] = *cost;
	return 0;
}

int callgrind_compare(const void *a, const void *b)
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

	if (flush(t, err) < 0)
		return -1;
	costs = steal(&t->slots);
	for (size_t i = 0; i <= t->mask; i++) {
		if (!costs[i].object || !costs[i].count)
			continue;
		costs[kept] = costs[i];
		costs[kept++].object--;
	}
	sort_array(costs, kept, sizeof(*costs), callgrind_compare);
	*n = kept;
	*ret = xreallocarray(costs, kept ? kept : 1, sizeof(*costs));
	cost_table_release(t);
	return 0;
}
