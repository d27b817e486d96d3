#include "code/code.h"
#include "explain/weigh-internal.h"

#include <stdlib.h>

#define PAGE 4096

struct finder {
	struct callgrind_loose_call *calls; /* of the object, sorted */
	size_t n, next;
	bool found, contradicted;
	uint64_t load;
};

static int by_address(const void *a, const void *b)
{
	const struct callgrind_loose_call *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return (x->target > y->target) - (x->target < y->target);
}

static int visit(void *ctx, const struct code_function *function, const struct code_insn *insns,
	size_t n, struct err *err)
{
	struct finder *f = ctx;

	(void)function;
	(void)err;
	for (size_t i = 0; i < n && f->next < f->n; i++) {
		while (f->next < f->n && f->calls[f->next].addr < insns[i].addr)
			f->next++;
		for (; f->next < f->n && f->calls[f->next].addr == insns[i].addr; f->next++) {
			uint64_t load;

			if (!insns[i].direct)
				continue;
			load = f->calls[f->next].target - insns[i].target;
			if (load % PAGE || (f->found && load != f->load))
				f->contradicted = true;
			f->load = load;
			f->found = true;
		}
	}
	return 0;
}

int weigh_find_load(
	const struct callgrind *run, uint32_t object, bool *found, uint64_t *load, struct err *err)
{
	struct finder f = {0};
	int result = 0;

	f.calls = xcalloc(run->n_calls ? run->n_calls : 1, sizeof(*f.calls));
	for (size_t i = 0; i < run->n_calls; i++)
		if (run->calls[i].object == object)
			f.calls[f.n++] = run->calls[i];
	sort_array(f.calls, f.n, sizeof(*f.calls), by_address);
	if (f.n)
		result = code_each(run->objects.v[object], visit, &f, NULL, err);
	free(f.calls);
	*found = f.found && !f.contradicted;
	*load = f.load;
	return result;
}
