/* Functions in parts: what compilers split off, and what BOLT moved. */
#include <stdlib.h>

#include "code/code-internal.h"

size_t code_part_of(const char *name)
{
	/* GCC and BOLT write .cold, BOLT also .cold.1 and .warm, LLVM's splitter .__part.1. */
	static const char *const suffixes[] = {".cold", ".warm", ".__part"};

	for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.'))
		for (size_t i = 0; i < ARRAY_SIZE(suffixes) && dot > name; i++) {
			size_t n = strlen(suffixes[i]);

			if (!strncmp(dot, suffixes[i], n) && (dot[n] == '\0' || dot[n] == '.'))
				return (size_t)(dot - name);
		}
	return 0;
}

struct part {
	const char *name;
	size_t of; /* the length of the function's name */
};

static int by_function(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int d = memcmp(x->name, y->name, x->of < y->of ? x->of : y->of);

	if (d || x->of != y->of)
		return d ? d : x->of < y->of ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Static functions of several files share a name, and so do their parts: as many were split as have
 * the same part. */
static uint64_t count_split(struct part *v, size_t n)
{
	uint64_t split = 0, most = 0, equal = 0;

	sort_array(v, n, sizeof(*v), by_function);
	for (size_t i = 0; i < n; i++) {
		bool same =
			i && v[i].of == v[i - 1].of && !memcmp(v[i].name, v[i - 1].name, v[i].of);

		equal = same && !strcmp(v[i].name, v[i - 1].name) ? equal + 1 : 1;
		if (!same) {
			split += most;
			most = 0;
		}
		most = equal > most ? equal : most;
	}
	return split + most;
}

void code_count_parts(const struct code *code, struct code_counts *counts)
{
	CLEANUP_FREE struct part *parts = xcalloc(code->n_functions + 1, sizeof(*parts));
	size_t n = 0;

	for (size_t i = 0; i < code->n_functions; i++) {
		const struct code_span *f = &code->functions[i];
		const struct code_span *region = code_region_at(code, f->start);
		size_t of = f->name ? code_part_of(f->name) : 0;

		if (of)
			parts[n++] = (struct part){f->name, of};
		else if (region && region->bolt == CODE_BOLT_NEW)
			counts->moved++;
		else if (region && region->bolt == CODE_BOLT_OLD)
			counts->left++;
	}
	counts->parts = n;
	counts->split = count_split(parts, n);
	counts->old = code->old;
}
