/* Tables for a terminal: columns if they fit, otherwise blocks of lines. */
#include <stdlib.h>
#include <string.h>

#include "report/report-internal.h"

#define SEPARATOR 2
/* Text columns may shrink to this width; below that the table becomes blocks. */
#define MIN_TEXT 16

struct layout {
	const struct doc_table *table;
	char **cells;    /* made safe, titles first */
	size_t *natural; /* widest cell of each column */
	size_t *width;   /* width assigned to each column */
};

/* Distributes `room` among the columns. Those with a flag in `may_not` (and, if `must` is nonzero,
 * those without a flag in it) keep their natural width; of the rest, columns that need less than an
 * equal share get what they need. False if a column would get less than its minimum. */
static bool share(struct layout *l, unsigned int may_not, unsigned int must, size_t room)
{
	size_t n = l->table->n_columns, open = 0;

	for (size_t c = 0; c < n; c++) {
		unsigned int flags = l->table->columns[c].flags;

		l->width[c] = (flags & may_not) || (must && !(flags & must)) ? l->natural[c] : 0;
		open += !l->width[c];
		if (l->width[c] > room)
			return false;
		room -= l->width[c];
	}
	while (open) {
		size_t part = room / open, before = open;

		for (size_t c = 0; c < n; c++) {
			if (l->width[c] || l->natural[c] > part)
				continue;
			l->width[c] = l->natural[c] ? l->natural[c] : 1;
			room -= l->natural[c];
			open--;
		}
		if (open != before)
			continue;
		if (part < MIN_TEXT)
			return false;
		for (size_t c = 0; c < n; c++)
			l->width[c] = l->width[c] ? l->width[c] : part;
		return true;
	}
	return true;
}

/* False if the table does not fit as columns. */
static bool fit(struct layout *l, size_t width)
{
	size_t gaps = SEPARATOR * (l->table->n_columns - 1), sum = gaps;

	for (size_t c = 0; c < l->table->n_columns; c++)
		sum += l->natural[c];
	if (sum <= width) {
		memcpy(l->width, l->natural, l->table->n_columns * sizeof(*l->width));
		return true;
	}
	if (width <= gaps)
		return false;
	return share(l, 0, DOC_WRAP, width - gaps) ||
	       share(l, DOC_RIGHT | DOC_VERDICT, 0, width - gaps);
}

/* The escape sequence for cell `i` of `cells`; "" if plain. */
static const char *tone_sequence(const struct layout *l, size_t i, bool colour)
{
	static const enum term_style styles[] = {[DOC_PLAIN] = TERM_PLAIN,
		[DOC_GOOD] = TERM_GREEN,
		[DOC_BAD] = TERM_RED,
		[DOC_DOUBT] = TERM_YELLOW};

	if (!colour || i < l->table->n_columns)
		return "";
	return term_sequence(styles[l->table->tones[i - l->table->n_columns]]);
}

/* Each row is as high as its highest cell. In the first column, continuation lines are indented, so
 * that untrusted text never begins a line the way our own does. */
static void print_columns(const struct layout *l, FILE *out, bool colour)
{
	size_t n = l->table->n_columns;
	CLEANUP_FREE const char **rest = xcalloc(n, sizeof(*rest));
	CLEANUP_BUF struct buf line = BUF_INIT;

	for (size_t r = 0; r <= l->table->n_rows; r++) {
		bool more = true;

		for (size_t c = 0; c < n; c++)
			rest[c] = l->cells[r * n + c];
		for (bool first = true; more; first = false) {
			more = false;
			buf_clear(&line);
			for (size_t c = 0; c < n; c++) {
				bool in = !first && c == 0 && l->width[0] > MIN_TEXT / 2;
				size_t left = in ? SEPARATOR : 0, room = l->width[c] - left, next;
				size_t len = text_line(rest[c], room, true, &next);
				size_t right = room - text_width(rest[c], len);
				const char *on = tone_sequence(l, r * n + c, colour && len);

				if (l->table->columns[c].flags & DOC_RIGHT) {
					left += right;
					right = 0;
				}
				buf_addf(&line, "%*s%s%.*s%s%*s", (int)left, "", on, (int)len,
					rest[c], *on ? term_reset : "",
					(int)(c + 1 < n ? right + SEPARATOR : 0), "");
				rest[c] += next;
				more = more || *rest[c];
			}
			buf_adds(&line, "\n");
			term_styled(out, line.data);
		}
	}
}

/* Each row as lines "title  cell", with a blank line between rows. */
static void print_blocks(const struct layout *l, FILE *out, size_t width, bool colour)
{
	size_t n = l->table->n_columns, keys = 0, room;

	for (size_t c = 0; c < n; c++) {
		size_t w = text_width(l->cells[c], strlen(l->cells[c]));

		keys = w > keys ? w : keys;
	}
	keys = keys > width / 2 ? width / 2 : keys;
	room = width - keys - SEPARATOR;
	for (size_t i = n; i < (l->table->n_rows + 1) * n; i++) {
		size_t c = i % n, next, key = text_line(l->cells[c], keys, true, &next);
		size_t pad = keys - text_width(l->cells[c], key) + SEPARATOR;
		const char *s = l->cells[i], *on = tone_sequence(l, i, colour);

		fprintf(out, "%s%.*s%*s", c || i == n ? "" : "\n", (int)key, l->cells[c], (int)pad,
			"");
		do {
			size_t len = text_line(s, room, true, &next);

			term_styled(out, on);
			fprintf(out, "%.*s", (int)len, s);
			term_styled(out, *on ? term_reset : "");
			fputc('\n', out);
			s += next;
			if (*s)
				fprintf(out, "%*s", (int)(keys + SEPARATOR), "");
		} while (*s);
	}
}

void text_table(const struct doc_element *element, FILE *out, unsigned int width, bool colour)
{
	const struct doc_table *t = &element->table;
	size_t n = t->n_columns, all = (t->n_rows + 1) * n;
	struct layout l = {.table = t,
		.cells = xcalloc(all, sizeof(*l.cells)),
		.natural = xcalloc(n, sizeof(*l.natural)),
		.width = xcalloc(n, sizeof(*l.width))};

	for (size_t i = 0; i < all; i++) {
		const char *raw = i < n ? t->columns[i].title : t->cells[i - n];
		size_t w;

		l.cells[i] = text_safe(raw ? raw : "-", false);
		w = text_width(l.cells[i], strlen(l.cells[i]));
		l.natural[i % n] = w > l.natural[i % n] ? w : l.natural[i % n];
	}
	if (element->label)
		text_styled_line(out, colour ? TERM_BOLD : TERM_PLAIN, element->label);
	if (!t->n_rows)
		fputs("(none)\n", out);
	else if (fit(&l, width))
		print_columns(&l, out, colour);
	else
		print_blocks(&l, out, width, colour);
	for (size_t i = 0; i < all; i++)
		free(l.cells[i]);
	free(l.cells);
	free(l.natural);
	free(l.width);
}
