#include "explain/callgrind-internal.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define FIRST_SIZE 4096
/* Addresses of so many bytes are neighbours. */
#define GROUP_BITS 7

void cost_table_init(struct cost_table *t)
{
	*t = (struct cost_table){.mask = FIRST_SIZE - 1};
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

static struct callgrind_cost *find(const struct cost_table *t, uint32_t object, uint64_t addr)
{
	uint64_t group = mix((addr >> GROUP_BITS ^ t->seed) + mix(object ^ t->seed));
	size_t i = (size_t)(group << (GROUP_BITS - 2)) + (addr & ((1u << GROUP_BITS) - 1)) / 4;

	for (;; i++) {
		struct callgrind_cost *slot = &t->slots[i & t->mask];

		if (slot->count == 0 || (slot->addr == addr && slot->object == object))
			return slot;
	}
}

static void grow(struct cost_table *t)
{
	struct cost_table bigger = {.mask = t->mask * 2 + 1, .n = t->n, .seed = t->seed};

	bigger.slots = xcalloc(bigger.mask + 1, sizeof(*bigger.slots));
	for (size_t i = 0; i <= t->mask; i++)
		if (t->slots[i].count)
			*find(&bigger, t->slots[i].object, t->slots[i].addr) = t->slots[i];
	free(t->slots);
	*t = bigger;
}

int cost_table_add(struct cost_table *t, const struct callgrind_cost *cost, struct err *err)
{
	struct callgrind_cost *slot;

	if (cost->count == 0)
		return 0;
	slot = find(t, cost->object, cost->addr);
	if (slot->count) {
		if (__builtin_add_overflow(slot->count, cost->count, &slot->count))
			return err_set(err, ERR_INPUT, "the counts are too large");
		return 0;
	}
	*slot = *cost;
	if (++t->n > CALLGRIND_MAX_ADDRESSES)
		return err_set(err, ERR_UNSUPPORTED, "more than %d different instructions",
			CALLGRIND_MAX_ADDRESSES);
	if (t->n > t->mask / 2)
		grow(t);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct callgrind_cost *x = a, *y = b;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	return (x->addr > y->addr) - (x->addr < y->addr);
}

struct callgrind_cost *cost_table_take(struct cost_table *t, size_t *n)
{
	struct callgrind_cost *costs = steal(&t->slots);
	size_t kept = 0;

	for (size_t i = 0; i <= t->mask; i++)
		if (costs[i].count)
			costs[kept++] = costs[i];
	sort_array(costs, kept, sizeof(*costs), compare);
	*n = kept;
	costs = xreallocarray(costs, kept ? kept : 1, sizeof(*costs));
	cost_table_release(t);
	return costs;
}
