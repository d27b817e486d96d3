/* Gives what callgrind assigns to no file back to the file it is in.
 *
 * callgrind knows a file by its .text only. What is executed in .plt or .init, and in a file that
 * BOLT rewrote in .text.cold, .text.warm and .bolt.org.text, is booked under "???", at the absolute
 * addresses of the run. So the load address must be determined: callgrind gives the calling
 * instruction (in the file) and the called address (in the run), and the instruction itself gives
 * the called address in the file. All such calls must agree. */
#include <stdlib.h>
#include <string.h>

#include "explain/explain-internal.h"

struct settler {
	struct callgrind_loose_call *calls; /* of the object, sorted */
	size_t n, next;
	bool found, contradicted;
	uint64_t load;
	/* Functions and PLTs, by address. */
	struct code_function *spans;
	size_t n_spans;
};

static int by_call(const void *a, const void *b)
{
	const struct callgrind_loose_call *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return (x->target > y->target) - (x->target < y->target);
}

static int find_load_in(void *ctx, const struct code_function *function,
	const struct code_insn *insns, size_t n, struct err *err)
{
	struct settler *s = ctx;

	(void)err;
	if (!s->n_spans || s->spans[s->n_spans - 1].addr != function->addr)
		*ARRAY_ADD(s->spans, s->n_spans) = *function;
	for (size_t i = 0; i < n; i++) {
		while (s->next < s->n && s->calls[s->next].addr < insns[i].addr)
			s->next++;
		for (; s->next < s->n && s->calls[s->next].addr == insns[i].addr; s->next++) {
			uint64_t load;

			if (!insns[i].direct)
				continue;
			load = s->calls[s->next].target - insns[i].target;
			if (load % EXPLAIN_PAGE || (s->found && load != s->load))
				s->contradicted = true;
			s->load = load;
			s->found = true;
		}
	}
	return 0;
}

/* Moves what lies in the object's code into `out`, which has room. Both lists go by address. */
static size_t claim(const struct settler *s, struct callgrind_cost *v, size_t n, uint32_t object,
	struct callgrind_cost *out)
{
	size_t span = 0, moved = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t addr = v[i].addr - s->load;

		if (v[i].count == 0 || v[i].addr < s->load)
			continue;
		while (span < s->n_spans && addr >= s->spans[span].addr &&
			addr - s->spans[span].addr >= s->spans[span].size)
			span++;
		if (span == s->n_spans)
			break;
		if (addr < s->spans[span].addr)
			continue;
		out[moved] = v[i];
		out[moved].addr = addr;
		out[moved++].object = object;
		v[i].count = 0;
	}
	return moved;
}

/* A run whose costs are sorted and have no duplicates, and what was moved out of its "???". */
struct settled {
	struct callgrind_cost *loose; /* in the run; without a count once they are moved */
	size_t n_loose;
	struct callgrind_cost *moved; /* as sorted as `loose`, object by object */
	size_t n_moved;
};

static int settle_object(const struct callgrind *run, const struct callgrind_object *object,
	struct settled *settled, struct err *err)
{
	struct settler s = {0};
	int result = 0;

	s.calls = xcalloc(run->n_calls + 1, sizeof(*s.calls));
	for (size_t i = 0; i < run->n_calls; i++)
		if (run->calls[i].object == object->id)
			s.calls[s.n++] = run->calls[i];
	sort_array(s.calls, s.n, sizeof(*s.calls), by_call);
	if (s.n)
		result = code_each(object->path, find_load_in, &s, NULL, err);
	if (result == 0 && s.found && !s.contradicted)
		settled->n_moved += claim(&s, settled->loose, settled->n_loose, object->id,
			settled->moved + settled->n_moved);
	free(s.calls);
	free(s.spans);
	return result;
}

static bool before(const struct callgrind_cost *a, const struct callgrind_cost *b)
{
	return a->object != b->object ? a->object < b->object : a->addr < b->addr;
}

/* Two sorted lists become one, without what was moved away. */
static int merge(struct callgrind *run, const struct settled *settled, struct err *err)
{
	const struct callgrind_cost *b = settled->moved, *b_end = b + settled->n_moved;
	const struct callgrind_cost *a = run->costs, *a_end = a + run->n_costs;
	CLEANUP_FREE struct callgrind_cost *all =
		xcalloc(run->n_costs + settled->n_moved + 1, sizeof(*all));
	size_t n = 0;

	while (a < a_end || b < b_end) {
		bool from_a = b == b_end || (a < a_end && !before(b, a));
		const struct callgrind_cost *next = from_a ? a++ : b++;

		if (!next->count)
			continue;
		if (n && !before(&all[n - 1], next)) {
			if (__builtin_add_overflow(
				    all[n - 1].count, next->count, &all[n - 1].count))
				return err_set(err, ERR_INPUT, "the counts are too large");
			continue;
		}
		all[n++] = *next;
	}
	free(run->costs);
	run->costs = steal(&all);
	run->n_costs = n;
	return 0;
}

int callgrind_settle(struct callgrind *run, struct err *err)
{
	CLEANUP_FREE struct callgrind_object *objects =
		xcalloc(run->objects.n + 1, sizeof(*objects));
	CLEANUP_FREE struct callgrind_cost *moved = NULL;
	struct callgrind_object object = {0};
	struct settled settled = {0};
	size_t n = 0;

	while (callgrind_next_object(run, &object)) {
		if (object.interpreter)
			objects[n++] = object;
		if (!object.nowhere)
			continue;
		settled.loose = run->costs + (object.costs - run->costs);
		settled.n_loose = object.n;
	}
	settled.moved = moved = xcalloc(settled.n_loose + 1, sizeof(*moved));
	for (size_t i = 0; i < n && settled.n_loose; i++)
		if (settle_object(run, &objects[i], &settled, err) < 0)
			return -1;
	return settled.n_moved ? merge(run, &settled, err) : 0;
}
