/* Machine code of a function in two builds: aligned and printed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain-internal.h"

/* Rows are marked until they cover this share of the executions and of the difference, up to a
 * maximum; then context is added around each. */
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

/* Pairs by full name, then by name without the compiler's numbers. Functions of the same name from
 * several files are in the same order in both. */
static void pair_parts(
	const struct explain_code *a, const struct explain_code *b, struct explain_listing *listing)
{
	CLEANUP_FREE bool *taken = xcalloc(b->n + 1, sizeof(*taken));

	listing->parts = xcalloc(a->n + b->n + 1, sizeof(*listing->parts));
	listing->n = a->n;
	for (size_t i = 0; i < a->n; i++)
		listing->parts[i].a = &a->parts[i];
	for (int numbers = 1; numbers >= 0; numbers--)
		for (size_t i = 0; i < a->n; i++)
			for (size_t j = 0; j < b->n && !listing->parts[i].b; j++)
				if (!taken[j] &&
					same_name(a->parts[i].name, b->parts[j].name, numbers)) {
					taken[j] = true;
					listing->parts[i].b = &b->parts[j];
				}
	for (size_t j = 0; j < b->n; j++)
		if (!taken[j])
			listing->parts[listing->n++].b = &b->parts[j];
}

static int64_t executions(const struct explain_listing_part *p)
{
	return (p->a ? p->a->count : 0) + (p->b ? p->b->count : 0);
}

static int by_executions(const void *a, const void *b)
{
	int64_t n = executions(a), m = executions(b);

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

static void align_part(struct explain_listing_part *p)
{
	CLEANUP_FREE uint64_t *a = shapes(p->a);
	CLEANUP_FREE uint64_t *b = shapes(p->b);
	CLEANUP_FREE struct explain_aligned *rows = NULL;

	p->n = explain_align(
		a, p->a ? p->a->n : 0, b, p->b ? p->b->n : 0, EXPLAIN_ALIGN_EFFORT, &rows);
	p->rows = xcalloc(p->n + 1, sizeof(*p->rows));
	for (size_t i = 0; i < p->n; i++)
		p->rows[i] = (struct explain_listing_row){
			.a = rows[i].a == EXPLAIN_NONE ? NULL : &p->a->v[rows[i].a],
			.b = rows[i].b == EXPLAIN_NONE ? NULL : &p->b->v[rows[i].b],
			.same = rows[i].same};
}

struct ranked {
	struct explain_listing_row *row;
	double share;
};

static int by_share(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->share != y->share)
		return x->share < y->share ? 1 : -1;
	return (x->row > y->row) - (x->row < y->row);
}

/* A place executed less with more loops weighs as much as one executed more. */
static uint64_t count(const struct explain_code_insn *insn)
{
	int64_t n = insn ? insn->count : 0;

	return n < 0 ? (uint64_t)0 - (uint64_t)n : (uint64_t)n;
}

static uint64_t distance(const struct explain_listing_row *row)
{
	int64_t a = row->a ? row->a->count : 0, b = row->b ? row->b->count : 0;

	return a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b;
}

static double part_of(uint64_t n, uint64_t total)
{
	return total ? (double)n / (double)total : 0;
}

/* Adds context around hot rows and closes gaps of a row or two: the line that replaces them takes
 * as much space. */
static void widen(struct explain_listing_part *p)
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

static void find_hot(struct explain_listing *listing)
{
	uint64_t a = 0, b = 0, apart = 0;
	struct ranked *ranked;
	size_t n = 0, k = 0;
	double sum = 0, seen = 0;

	for (size_t i = 0; i < listing->n; i++)
		n += listing->parts[i].n;
	ranked = xcalloc(n + 1, sizeof(*ranked));
	for (size_t i = 0; i < listing->n; i++)
		for (size_t r = 0; r < listing->parts[i].n; r++) {
			ranked[k].row = &listing->parts[i].rows[r];
			a += count(ranked[k].row->a);
			b += count(ranked[k].row->b);
			apart += distance(ranked[k++].row);
		}
	/* A small difference is no reason to show code that hardly runs. */
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
	for (size_t i = 0; i < listing->n; i++)
		widen(&listing->parts[i]);
}

void explain_listing_make(
	const struct explain_code *a, const struct explain_code *b, struct explain_listing *listing)
{
	static const struct explain_code none = {0};

	*listing = (struct explain_listing){0};
	pair_parts(a, b ? b : &none, listing);
	sort_array(listing->parts, listing->n, sizeof(*listing->parts), by_executions);
	for (size_t i = 0; i < listing->n; i++)
		align_part(&listing->parts[i]);
	find_hot(listing);
}

void explain_listing_release(struct explain_listing *listing)
{
	for (size_t i = 0; i < listing->n; i++)
		free(listing->parts[i].rows);
	free(listing->parts);
	*listing = (struct explain_listing){0};
}

/* ---- shown --------------------------------------------------------------------------------- */

static struct doc_half half_of(const struct explain_code_insn *insn, struct explain_cell *count)
{
	if (!insn)
		return (struct doc_half){0};
	return (struct doc_half){explain_cell_whole(count, insn->count),
		*insn->mark ? insn->mark : NULL, insn->text};
}

/* `last` is the row above: file and line are printed when they change. */
static void show_row(struct doc *doc, const struct explain_listing_row *row,
	const struct explain_code_insn **last)
{
	const struct explain_code_insn *insn = row->a ? row->a : row->b;
	CLEANUP_FREE char *line = NULL;
	struct explain_cell a, b;
	bool new_file = insn->file && (!*last || strcmp((*last)->file, insn->file) != 0);

	if (new_file)
		doc_sides_note(doc, insn->file);
	if (insn->file && (new_file || insn->line != (*last)->line))
		line = xasprintf("%u", insn->line);
	if (insn->file)
		*last = insn;
	doc_sides_row(doc, &(struct doc_sides_row){.place = line,
				   .left = half_of(row->a, &a),
				   .right = half_of(row->b, &b),
				   .same = row->same});
}

static void show_hidden(
	struct doc *doc, const struct explain_listing_part *p, size_t from, size_t to)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int64_t insns[2] = {0, 0}, counts[2] = {0, 0};
	struct explain_cell n;

	for (size_t i = from; i < to; i++) {
		insns[0] += p->rows[i].a != NULL;
		insns[1] += p->rows[i].b != NULL;
		counts[0] += p->rows[i].a ? p->rows[i].a->count : 0;
		counts[1] += p->rows[i].b ? p->rows[i].b->count : 0;
	}
	buf_adds(&text, "… ");
	for (int k = 0; k < 2; k++) {
		if (!insns[k])
			continue;
		if (insns[0] && insns[1])
			buf_adds(&text, k ? "; B: " : "A: ");
		buf_addf(&text, "%s instruction%s, ", explain_cell_whole(&n, insns[k]),
			plural(insns[k]));
		buf_addf(&text, "%s execution%s", explain_cell_whole(&n, counts[k]),
			plural(counts[k]));
	}
	buf_adds(&text, " not shown");
	doc_sides_note(doc, text.data);
}

static char *title_of(const struct explain_code_part *part, const char *letter)
{
	return part ? xasprintf("%s%s at 0x%" PRIx64, letter, part->name, part->addr)
		    : xasprintf("%snot there", letter);
}

static void show_part(struct doc *doc, const struct explain_listing_part *p, bool pair, bool all)
{
	CLEANUP_FREE char *left = title_of(p->a, pair ? "A: " : "");
	CLEANUP_FREE char *right = pair ? title_of(p->b, "B: ") : NULL;
	CLEANUP_FREE char *label =
		xasprintf("%s%s", p->a ? p->a->name : p->b->name, all ? "" : ", hot regions");
	const struct explain_code_insn *last = NULL;
	size_t hidden = 0;

	doc_sides(doc, label, left, right);
	for (size_t i = 0; i <= p->n; i++) {
		if (i < p->n && !all && !p->rows[i].hot)
			continue;
		if (hidden < i) {
			show_hidden(doc, p, hidden, i);
			last = NULL;
		}
		if (i < p->n)
			show_row(doc, &p->rows[i], &last);
		hidden = i + 1;
	}
}

void explain_write_code(const struct explain_answer *answer, struct doc *doc)
{
	for (size_t i = 0; i < answer->n_codes; i++) {
		CLEANUP_EXPLAIN_LISTING struct explain_listing listing = {0};
		const struct explain_code *a = &answer->a->codes[i];
		const struct explain_code *b = answer->b ? &answer->b->codes[i] : NULL;
		CLEANUP_FREE char *heading = NULL;

		if (!a->n && (!b || !b->n))
			continue;
		heading = xasprintf("Machine code: %s", answer->code_names[i]);
		doc_heading(doc, heading);
		if (a->why_no_lines)
			doc_text(doc, "%sNo source lines: %s.", b ? "A: " : "", a->why_no_lines);
		if (b && b->why_no_lines)
			doc_text(doc, "B: No source lines: %s.", b->why_no_lines);
		explain_listing_make(a, b, &listing);
		for (size_t k = 0; k < listing.n; k++)
			show_part(doc, &listing.parts[k], b, answer->q->all_code);
	}
}
