/* The parts of a function in two builds, side by side. */
#include <stdlib.h>
#include <string.h>

#include "python/python.h"
#include "explain/explain.h"

/* Rows are shown until they make up this share of the executions and of the difference, or are so
 * many, and so many around each. */
#define HOT_SHARE 0.8
#define HOT_ROWS 240
#define AROUND 2

static bool same_name(const char *a, const char *b, bool numbers)
{
	while (*a || *b) {
		if (!numbers) {
			a += strspn(a, "0123456789");
			b += strspn(b, "0123456789");
		}
		if (*a != *b)
			return false;
		a += *a != '\0';
		b += *b != '\0';
	}
	return true;
}

static void add_part(struct explain_sides *sides, const struct explain_code_part *a,
	const struct explain_code_part *b)
{
	sides->parts = xreallocarray(sides->parts, sides->n + 1, sizeof(*sides->parts));
	sides->parts[sides->n++] = (struct explain_side_part){.a = a, .b = b};
}

/* By the whole name; then without the numbers that compilers give. Functions of one name, which
 * are in several files, are in the same order on both sides. */
static void pair_parts(
	const struct explain_code *a, const struct explain_code *b, struct explain_sides *sides)
{
	bool *taken_b = xcalloc((b ? b->n : 0) + 1, sizeof(*taken_b));
	size_t *partner = xcalloc(a->n + 1, sizeof(*partner)); /* index + 1 */

	for (int numbers = 1; numbers >= 0; numbers--)
		for (size_t i = 0; i < a->n; i++)
			for (size_t j = 0; b && j < b->n && !partner[i]; j++)
				if (!taken_b[j] &&
					same_name(a->parts[i].name, b->parts[j].name, numbers)) {
					taken_b[j] = true;
					partner[i] = j + 1;
				}
	for (size_t i = 0; i < a->n; i++)
		add_part(sides, &a->parts[i], partner[i] ? &b->parts[partner[i] - 1] : NULL);
	for (size_t j = 0; b && j < b->n; j++)
		if (!taken_b[j])
			add_part(sides, NULL, &b->parts[j]);
	free(partner);
	free(taken_b);
}

static int64_t executions(const struct explain_side_part *p)
{
	return (p->a ? p->a->count : 0) + (p->b ? p->b->count : 0);
}

static int by_executions(const void *a, const void *b)
{
	const struct explain_side_part *x = a, *y = b;
	int64_t n = executions(x), m = executions(y);

	return (n < m) - (n > m);
}

static uint64_t *shapes(const struct explain_code_part *part)
{
	size_t n = part ? part->n : 0;
	uint64_t *v = xcalloc(n + 1, sizeof(*v));

	for (size_t i = 0; i < n; i++)
		v[i] = part->v[i].shape;
	return v;
}

static void align_part(struct explain_side_part *p)
{
	CLEANUP_FREE uint64_t *a = shapes(p->a);
	CLEANUP_FREE uint64_t *b = shapes(p->b);
	struct explain_aligned *rows;

	p->n = explain_align(
		a, p->a ? p->a->n : 0, b, p->b ? p->b->n : 0, EXPLAIN_ALIGN_EFFORT, &rows);
	p->rows = xcalloc(p->n + 1, sizeof(*p->rows));
	for (size_t i = 0; i < p->n; i++)
		p->rows[i] = (struct explain_side_row){
			.a = rows[i].a == EXPLAIN_NONE ? NULL : &p->a->v[rows[i].a],
			.b = rows[i].b == EXPLAIN_NONE ? NULL : &p->b->v[rows[i].b],
			.same = rows[i].same};
	free(rows);
}

struct ranked {
	struct explain_side_row *row;
	double share;
};

static int by_share(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->share != y->share)
		return x->share < y->share ? 1 : -1;
	return (x->row > y->row) - (x->row < y->row);
}

/* A place that was executed less with more loops weighs as one that was executed more. */
static uint64_t count(const struct explain_code_insn *insn)
{
	int64_t n = insn ? insn->count : 0;

	return n < 0 ? (uint64_t)0 - (uint64_t)n : (uint64_t)n;
}

static uint64_t distance(const struct explain_side_row *row)
{
	int64_t a = row->a ? row->a->count : 0, b = row->b ? row->b->count : 0;

	return a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b;
}

static double part_of(uint64_t n, uint64_t total)
{
	return total ? (double)n / (double)total : 0;
}

/* Gaps of a row or two are no gain: the line that stands for them takes as much. */
static void widen(struct explain_side_part *p)
{
	bool *core = xcalloc(p->n + 1, sizeof(*core));

	for (size_t i = 0; i < p->n; i++)
		core[i] = p->rows[i].hot;
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = i < AROUND ? 0 : i - AROUND; core[i] && k < p->n && k <= i + AROUND;
			k++)
			p->rows[k].hot = true;
	for (size_t i = 1; i + 1 < p->n; i++)
		p->rows[i].hot |= p->rows[i - 1].hot &&
				  (p->rows[i + 1].hot || (i + 2 < p->n && p->rows[i + 2].hot));
	free(core);
}

static void find_hot(struct explain_sides *sides)
{
	uint64_t a = 0, b = 0, apart = 0;
	struct ranked *ranked;
	size_t n = 0, k = 0;
	double sum = 0, seen = 0;

	for (size_t i = 0; i < sides->n; i++)
		n += sides->parts[i].n;
	ranked = xcalloc(n + 1, sizeof(*ranked));
	for (size_t i = 0; i < sides->n; i++)
		for (size_t r = 0; r < sides->parts[i].n; r++) {
			ranked[k].row = &sides->parts[i].rows[r];
			a += count(ranked[k].row->a);
			b += count(ranked[k].row->b);
			apart += distance(ranked[k++].row);
		}
	/* A small difference is no reason to show what hardly runs. */
	apart += (a + b) / 20;
	for (size_t i = 0; i < n; i++) {
		ranked[i].share = part_of(count(ranked[i].row->a), a) +
				  part_of(count(ranked[i].row->b), b) +
				  part_of(distance(ranked[i].row), apart);
		sum += ranked[i].share;
	}
	sort_array(ranked, n, sizeof(*ranked), by_share);
	for (size_t i = 0; i < n && i < HOT_ROWS && seen < HOT_SHARE * sum; i++) {
		ranked[i].row->hot = ranked[i].share > 0;
		seen += ranked[i].share;
	}
	free(ranked);
	for (size_t i = 0; i < sides->n; i++)
		widen(&sides->parts[i]);
}

void explain_sides_make(
	const struct explain_code *a, const struct explain_code *b, struct explain_sides *sides)
{
	*sides = (struct explain_sides){0};
	pair_parts(a, b, sides);
	sort_array(sides->parts, sides->n, sizeof(*sides->parts), by_executions);
	for (size_t i = 0; i < sides->n; i++)
		align_part(&sides->parts[i]);
	find_hot(sides);
}

void explain_sides_release(struct explain_sides *sides)
{
	for (size_t i = 0; i < sides->n; i++)
		free(sides->parts[i].rows);
	free(sides->parts);
	*sides = (struct explain_sides){0};
}

static json_t *insn_json(const struct explain_code_insn *i)
{
	if (!i)
		return json_null();
	return json_pack("{s:I, s:I, s:s, s:b, s:o, s:o, s:o}", "addr", (json_int_t)i->addr,
		"executions", (json_int_t)i->count, "class", i->class, "site", i->site, "text",
		py_ascii_json(i->text), "file", py_ascii_json(i->file), "line",
		i->file ? json_integer(i->line) : json_null());
}

json_t *explain_sides_json(const struct explain_sides *sides)
{
	json_t *parts = json_array();

	for (size_t i = 0; i < sides->n; i++) {
		const struct explain_side_part *p = &sides->parts[i];
		json_t *rows = json_array();

		for (size_t r = 0; r < p->n; r++)
			json_array_append_new(
				rows, json_pack("{s:o, s:o, s:b, s:b}", "a",
					      insn_json(p->rows[r].a), "b", insn_json(p->rows[r].b),
					      "same", p->rows[r].same, "hot", p->rows[r].hot));
		json_array_append_new(parts,
			json_pack("{s:o, s:o, s:o}", "a", py_ascii_json(p->a ? p->a->name : NULL),
				"b", py_ascii_json(p->b ? p->b->name : NULL), "rows", rows));
	}
	return parts;
}
