/* Tables for a terminal: as columns (libsmartcols) if they fit, else as blocks of lines. */
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "report/report-internal.h"

#define SEPARATOR 2
/* A column of text may be squeezed down to this, and below that the table becomes blocks. */
#define MIN_TEXT 16

struct layout {
	const struct doc_table *table;
	char **cells;    /* made safe, titles first */
	size_t *natural; /* the widest cell of each column */
	size_t *width;   /* what it gets */
};

static char *safe(const char *s)
{
	struct buf b = BUF_INIT;

	text_add_safe(&b, s ? s : "-", false);
	return buf_steal(&b);
}

static void measure(struct layout *l)
{
	const struct doc_table *t = l->table;
	size_t n = t->n_columns;

	l->cells = xcalloc((t->n_rows + 1) * n, sizeof(*l->cells));
	l->natural = xcalloc(n, sizeof(*l->natural));
	l->width = xcalloc(n, sizeof(*l->width));
	for (size_t i = 0; i < (t->n_rows + 1) * n; i++) {
		const char *raw = i < n ? t->columns[i].title : t->cells[i - n];
		size_t w;

		l->cells[i] = safe(raw);
		w = text_width(l->cells[i], strlen(l->cells[i]));
		if (w > l->natural[i % n])
			l->natural[i % n] = w;
	}
}

/* Shares `room` among the columns that `may_shrink` says: those that need less than an equal part
 * get what they need. False if one would get less than it can live with. */
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

/* False: it does not fit as columns. */
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

static const char *sequence_of(enum doc_tone tone)
{
	static const enum term_style styles[] = {[DOC_PLAIN] = TERM_PLAIN,
		[DOC_GOOD] = TERM_GREEN,
		[DOC_BAD] = TERM_RED,
		[DOC_DOUBT] = TERM_YELLOW};

	return term_sequence(styles[tone]);
}

/* The cell with a line feed at each break. What goes on in the first column is set in: a line of
 * ours may begin there, and none of a stranger's. */
static char *broken(const char *s, size_t width, bool first)
{
	struct buf b = BUF_INIT;
	size_t next, in = first && width > MIN_TEXT / 2 ? SEPARATOR : 0;

	for (; *s; s += next) {
		size_t n = text_line(s, width - (b.len ? in : 0), true, &next);

		if (b.len)
			buf_addf(&b, "\n%*s", (int)in, "");
		buf_add(&b, s, n);
		if (!next)
			break;
	}
	return buf_steal(&b);
}

static void set_cell(struct libscols_line *line, const struct layout *l, size_t row, size_t c)
{
	const struct doc_column *column = &l->table->columns[c];
	const char *text = l->cells[(row + 1) * l->table->n_columns + c];

	scols_line_refer_data(line, c, broken(text, l->width[c], c == 0));
	if (column->flags & DOC_VERDICT) {
		const char *on = sequence_of(l->table->tones[row * l->table->n_columns + c]);

		if (*on)
			scols_cell_set_color(scols_line_get_cell(line, c), on);
	}
}

static void print_columns(const struct layout *l, FILE *out, unsigned int width, bool colour)
{
	const struct doc_table *t = l->table;
	struct libscols_table *table = scols_new_table();
	CLEANUP_FREE char *text = NULL;
	size_t len;
	FILE *memory = open_memstream(&text, &len);

	/* The colours of a library are ours: cells are safe before it sees them. */
	scols_table_set_stream(table, memory);
	scols_table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
	scols_table_set_termwidth(table, width);
	/* Cells are safe already, and a second escaping would be seen. */
	scols_table_enable_noencoding(table, 1);
	scols_table_enable_colors(table, colour);
	scols_table_set_column_separator(table, "  ");
	for (size_t c = 0; c < t->n_columns; c++) {
		int flags = SCOLS_FL_WRAP | (t->columns[c].flags & DOC_RIGHT ? SCOLS_FL_RIGHT : 0);
		struct libscols_column *column =
			scols_table_new_column(table, l->cells[c], (double)l->width[c], flags);

		scols_column_set_safechars(column, "\n");
		scols_column_set_wrapfunc(
			column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
	}
	for (size_t r = 0; r < t->n_rows; r++) {
		struct libscols_line *line = scols_table_new_line(table, NULL);

		for (size_t c = 0; c < t->n_columns; c++)
			set_cell(line, l, r, c);
	}
	scols_print_table(table);
	scols_unref_table(table);
	fclose(memory);
	term_styled(out, text);
}

/* Each row as lines "title  cell", rows apart. */
static void print_blocks(const struct layout *l, FILE *out, size_t width, bool colour)
{
	const struct doc_table *t = l->table;
	size_t keys = 0, room;

	for (size_t c = 0; c < t->n_columns; c++) {
		size_t w = text_width(l->cells[c], strlen(l->cells[c]));

		keys = w > keys ? w : keys;
	}
	keys = keys > width / 2 ? width / 2 : keys;
	room = width - keys - SEPARATOR;
	for (size_t i = t->n_columns; i < (t->n_rows + 1) * t->n_columns; i++) {
		size_t c = i % t->n_columns, next, key = text_line(l->cells[c], keys, true, &next);
		size_t pad = keys - text_width(l->cells[c], key) + SEPARATOR;
		bool verdict = t->columns[c].flags & DOC_VERDICT;
		const char *s = l->cells[i];
		const char *on = verdict && colour ? sequence_of(t->tones[i - t->n_columns]) : "";

		fprintf(out, "%s%.*s%*s", c || i == t->n_columns ? "" : "\n", (int)key, l->cells[c],
			(int)pad, "");
		do {
			size_t n = text_line(s, room, true, &next);

			term_styled(out, on);
			fprintf(out, "%.*s", (int)n, s);
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
	struct layout l = {.table = &element->table};
	size_t n = l.table->n_columns;

	if (element->label)
		text_styled_line(out, colour ? TERM_BOLD : TERM_PLAIN, element->label);
	measure(&l);
	if (!l.table->n_rows)
		fputs("(none)\n", out);
	else if (fit(&l, width))
		print_columns(&l, out, width, colour);
	else
		print_blocks(&l, out, width, colour);
	for (size_t i = 0; i < (l.table->n_rows + 1) * n; i++)
		free(l.cells[i]);
	free(l.cells);
	free(l.natural);
	free(l.width);
}
