/* Instructions beside the times, or alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/bench-internal.h"

static char *ratio_text(double ratio)
{
	return isfinite(ratio) ? xasprintf("%.4f", ratio) : xstrdup("-");
}

/* One row; the cells are freed once the document has copied them. */
static void add_row(struct doc *doc, const struct bench *b, const char *name, char *first,
	double (*ratio)(const struct bench *b, size_t w, size_t a), size_t w)
{
	char *cells[BENCH_ARMS_MAX + 1] = {NULL};
	size_t n = 0;

	cells[n++] = xstrdup(name);
	cells[n++] = first;
	for (size_t a = 1; a < b->n_arms; a++) {
		if (b->arms[a].role != BENCH_ROLE_SLOWED)
			cells[n++] = ratio_text(ratio(b, w, a));
	}
	doc_row(doc, (const char *const *)cells);
	while (n > 0)
		free(cells[--n]);
}

static double workload_ratio(const struct bench *b, size_t w, size_t a)
{
	return bench_instructions(b, w, a) / bench_instructions(b, w, 0);
}

static double suite_ratio(const struct bench *b, size_t w, size_t a)
{
	(void)w;
	return bench_instructions_ratio(b, a, NULL);
}

static void add_table(struct doc *doc, const struct bench *b)
{
	struct doc_column columns[BENCH_ARMS_MAX + 1] = {{"workload", 0}};
	size_t n = 1, counted;

	columns[n++] = (struct doc_column){b->arms[0].name, DOC_RIGHT};
	for (size_t a = 1; a < b->n_arms; a++) {
		if (b->arms[a].role != BENCH_ROLE_SLOWED)
			columns[n++] = (struct doc_column){b->arms[a].name, DOC_RIGHT};
	}
	doc_table(doc, "Instructions: those of the reference in one loop, and ratios to it",
		columns, n);
	for (size_t w = 0; w < b->n_workloads; w++) {
		double first = bench_instructions(b, w, 0);

		if (isfinite(first))
			add_row(doc, b, b->workloads[w].name, xasprintf("%.0f", first),
				workload_ratio, w);
	}
	bench_instructions_ratio(b, 0, &counted);
	if (counted > 1)
		add_row(doc, b, "geometric mean", NULL, suite_ratio, 0);
}

/* The copy says how far counts are to be believed. */
static void add_copy(struct doc *doc, const struct bench *b)
{
	double worst = 0;
	size_t where = 0, copy = 0;

	for (size_t a = 1; a < b->n_arms; a++) {
		if (b->arms[a].role == BENCH_ROLE_COPY)
			copy = a;
	}
	if (!copy)
		return;
	for (size_t w = 0; w < b->n_workloads; w++) {
		double off = fabs(workload_ratio(b, w, copy) - 1);

		if (isfinite(off) && off > worst) {
			worst = off;
			where = w;
		}
	}
	if (worst > 0)
		doc_text(doc,
			"The copy's counts differ from the reference's by up to %.4f %% (%s).",
			100 * worst, b->workloads[where].name);
	else
		doc_text(doc, "The copy's counts are those of the reference, to the instruction.");
}

void bench_counts(struct doc *doc, const struct bench *b)
{
	static const struct doc_column columns[] = {{"workload", 0}, {"why", DOC_WRAP}};
	bool begun = false;

	if (!b->counts)
		return;
	doc_heading(doc, "Instructions");
	doc_fact(doc, "counted by", b->counter);
	add_table(doc, b);
	add_copy(doc, b);
	for (size_t w = 0; w < b->n_workloads; w++) {
		const char *cells[] = {b->workloads[w].name, b->workloads[w].uncounted};

		if (!b->workloads[w].uncounted)
			continue;
		if (!begun)
			doc_table(doc, "Not counted", columns, ARRAY_SIZE(columns));
		begun = true;
		doc_row(doc, cells);
	}
}

struct doc *bench_counts_doc(const struct bench *b)
{
	CLEANUP_FREE char *names = bench_arm_names(b);
	CLEANUP_FREE char *title = xasprintf("solder bench: instructions of %s", names);
	struct doc *doc = doc_new(title);

	doc_fact(doc, "reference", b->arms[0].name);
	doc_fact(doc, "processor", json_string_value(json_object_get(b->machine, "processor")));
	bench_counts(doc, b);
	return doc;
}
