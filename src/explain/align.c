/* Aligns two sequences by the shortest edit script of Myers (1986), searched from both ends at once
 * and split where they meet, so that space stays linear. */
#include <stdlib.h>

#include "explain/explain-internal.h"

/* Still to do: a[a0..a1) against b[b0..b1). */
struct box {
	long a0, a1, b0, b1;
};

struct aligner {
	const uint64_t *a, *b;
	long *partner; /* for each element of `a`: its index in `b`, or -1 */
	/* How far the paths from the beginning and from the end reach, by diagonal (index in a
	 * minus index in b); diagonal 0 is in the middle of the arrays. */
	long *ahead, *back;
	long effort;
	struct box *todo;
	size_t n;
};

/* The diagonals of one direction: every second one from `low` to `high` is current. */
struct fan {
	long low, high;
};

/* Extends the paths from the beginning (way 1) or from the end (-1) by one edit; true if one of
 * them meets a path from the other side. */
static bool step(struct aligner *w, const struct box *box, struct fan *f, const struct fan *other,
	int way, bool may_meet, long *x, long *y)
{
	long *reach = way > 0 ? w->ahead : w->back, *met = way > 0 ? w->back : w->ahead;
	long outside = way > 0 ? -1 : box->a1 + 1, at = way > 0 ? 0 : -1;

	if (f->low > box->a0 - box->b1)
		reach[--f->low - 1] = outside;
	else
		f->low++;
	if (f->high < box->a1 - box->b0)
		reach[++f->high + 1] = outside;
	else
		f->high--;
	for (long d = f->high; d >= f->low; d -= 2) {
		long in_b = reach[d + way], in_a = reach[d - way] + way;

		*x = way * in_a > way * in_b ? in_a : in_b;
		for (*y = *x - d; (way > 0 ? *x < box->a1 && *y < box->b1
					   : *x > box->a0 && *y > box->b0) &&
				  w->a[*x + at] == w->b[*y + at];
			*y += way)
			*x += way;
		reach[d] = *x;
		if (may_meet && d >= other->low && d <= other->high && way * met[d] <= way * *x)
			return true;
	}
	return false;
}

/* The farthest point that the paths of one direction have reached, in *x, *y. */
static long farthest(
	const struct box *box, const struct fan *f, const long *reach, int way, long *x, long *y)
{
	long most = -1;

	for (long d = f->low; d <= f->high; d += 2) {
		long px = reach[d], gone;

		if (way > 0) {
			px = px < box->a1 ? px : box->a1;
			px = px - d > box->b1 ? box->b1 + d : px;
			gone = px + px - d - box->a0 - box->b0;
		} else {
			px = px > box->a0 ? px : box->a0;
			px = px - d < box->b0 ? box->b0 + d : px;
			gone = box->a1 + box->b1 - (px + px - d);
		}
		if (gone > most) {
			most = gone;
			*x = px;
			*y = px - d;
		}
	}
	return most;
}

/* Finds a point on a best path through a box whose corners differ. */
static void find_middle(struct aligner *w, const struct box *box, long *x, long *y)
{
	long first = box->a0 - box->b0, last = box->a1 - box->b1;
	struct fan ahead = {first, first}, back = {last, last};
	long back_x = 0, back_y = 0;
	bool odd = (first - last) % 2 != 0;

	w->ahead[first] = box->a0;
	w->back[last] = box->a1;
	for (long edits = 1; edits <= w->effort; edits++)
		if (step(w, box, &ahead, &back, 1, odd, x, y) ||
			step(w, box, &back, &ahead, -1, !odd, x, y))
			return;
	/* The farthest point so far: not the best place to split, but one that costs no more. */
	if (farthest(box, &back, w->back, -1, &back_x, &back_y) >
		farthest(box, &ahead, w->ahead, 1, x, y)) {
		*x = back_x;
		*y = back_y;
	}
}

static void push(struct aligner *w, struct box box)
{
	if (box.a0 == box.a1 || box.b0 == box.b1)
		return;
	*ARRAY_ADD(w->todo, w->n) = box;
}

static void align_box(struct aligner *w, struct box box)
{
	long x = 0, y = 0;

	for (; box.a0 < box.a1 && box.b0 < box.b1 && w->a[box.a0] == w->b[box.b0]; box.a0++)
		w->partner[box.a0] = box.b0++;
	for (; box.a0 < box.a1 && box.b0 < box.b1 && w->a[box.a1 - 1] == w->b[box.b1 - 1];)
		w->partner[--box.a1] = --box.b1;
	if (box.a0 == box.a1 || box.b0 == box.b1)
		return;
	find_middle(w, &box, &x, &y);
	push(w, (struct box){box.a0, x, box.b0, y});
	push(w, (struct box){x, box.a1, y, box.b1});
}

/* Unmatched elements between two equal pairs share rows too. */
static size_t write_rows(const struct aligner *w, size_t n, size_t m, struct explain_aligned *rows)
{
	size_t i = 0, j = 0, k = 0;

	while (i < n || j < m) {
		size_t until_a = i, until_b;

		while (until_a < n && w->partner[until_a] < 0)
			until_a++;
		until_b = until_a < n ? (size_t)w->partner[until_a] : m;
		while (i < until_a || j < until_b)
			rows[k++] = (struct explain_aligned){
				.a = i < until_a ? i++ : EXPLAIN_NONE,
				.b = j < until_b ? j++ : EXPLAIN_NONE,
			};
		if (i < n)
			rows[k++] = (struct explain_aligned){.a = i++, .b = j++, .same = true};
	}
	return k;
}

size_t explain_align(const uint64_t *a, size_t n, const uint64_t *b, size_t m, unsigned effort,
	struct explain_aligned **rows)
{
	struct aligner w = {.a = a, .b = b, .effort = effort ? effort : 1};
	size_t diagonals = n + m + 3;
	long *reach = xcalloc(2 * diagonals, sizeof(*reach));

	w.partner = xcalloc(n + 1, sizeof(*w.partner));
	for (size_t i = 0; i < n; i++)
		w.partner[i] = -1;
	w.ahead = reach + m + 1;
	w.back = w.ahead + diagonals;
	push(&w, (struct box){0, (long)n, 0, (long)m});
	while (w.n)
		align_box(&w, w.todo[--w.n]);
	*rows = xcalloc(n + m + 1, sizeof(**rows));
	n = write_rows(&w, n, m, *rows);
	free(w.todo);
	free(w.partner);
	free(reach);
	return n;
}

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.';
}

static void mix(uint64_t *hash, char c)
{
	*hash = (*hash ^ (unsigned char)c) * 0x100000001b3u;
}

uint64_t explain_shape(const char *mnemonic, const char *operands)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *mnemonic; mnemonic++)
		mix(&hash, *mnemonic);
	mix(&hash, ' ');
	while (*operands) {
		bool digit = *operands >= '0' && *operands <= '9';

		if (!word_char(*operands)) {
			if (*operands != '-' && *operands != ' ')
				mix(&hash, *operands);
			operands++;
			continue;
		}
		mix(&hash, digit ? '0' : 'r');
		while (word_char(*operands))
			operands++;
	}
	return hash;
}
