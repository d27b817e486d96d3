/* Two columns of code, on a terminal and on a page. */
#include <stdlib.h>
#include <string.h>

#include "report/report-internal.h"

/* If narrower, the sides are stacked. */
#define MIN_CODE 16

struct sides {
	const struct doc_table *table;
	bool two;
	size_t place, count, mark, code; /* widths; the larger of the two sides */
	bool stacked;
};

static const char *cell(const struct doc_table *t, size_t row, size_t column)
{
	return t->cells[row * t->n_columns + column];
}

static size_t width_of(const char *s)
{
	CLEANUP_FREE char *safe = text_safe(s ? s : "", false);

	return text_width(safe, strlen(safe));
}

static void widen(size_t *width, const char *s)
{
	size_t w = width_of(s);

	*width = w > *width ? w : *width;
}

/* The width of a column plus the space after it; 0 if the column is empty. */
static size_t with_space(size_t width)
{
	return width ? width + 1 : 0;
}

static void measure(struct sides *m, size_t width)
{
	const struct doc_table *t = m->table;
	size_t sides = m->two ? 2 : 1, around, half, room;

	for (size_t r = 0; r < t->n_rows; r++) {
		widen(&m->place, cell(t, r, SIDES_PLACE));
		for (size_t c = SIDES_LEFT; c < SIDES_COLUMNS; c += 3) {
			widen(&m->count, cell(t, r, c));
			widen(&m->mark, cell(t, r, c + 1));
			widen(&m->code, cell(t, r, c + 2));
		}
	}
	half = m->count + 1 + with_space(m->mark);
	/* A title spans its whole half. */
	for (size_t c = SIDES_LEFT; c < SIDES_COLUMNS; c += 3) {
		size_t w = width_of(t->columns[c].title);

		m->code = w > half + m->code ? w - half : m->code;
	}
	/* The sides are separated by " | ". */
	around = with_space(m->place) + (sides - 1) * 3 + sides * half;
	room = width > around ? (width - around) / sides : 0;
	m->stacked = m->two && room < MIN_CODE && room < m->code;
	if (m->stacked) {
		around = 2 + with_space(m->place) + half;
		room = width > around + MIN_CODE ? width - around : MIN_CODE;
	}
	room = room < MIN_CODE ? MIN_CODE : room;
	m->code = m->code < room ? m->code : room;
}

/* Appends `s` padded or cut to exactly `width` columns. */
static void add_cell(struct buf *out, const char *s, size_t width, bool right)
{
	CLEANUP_FREE char *safe = text_safe(s ? s : "", false);
	size_t len = strlen(safe), all = text_width(safe, len), n = len;

	if (all > width) {
		n = text_fit(safe, len, width - 1);
		all = text_width(safe, n) + 1;
	}
	buf_addf(out, "%*s%.*s%s%*s", right && n == len ? (int)(width - all) : 0, "", (int)n, safe,
		n < len ? "…" : "", right ? 0 : (int)(width - all), "");
}

static void add_half(struct buf *out, const struct sides *m, size_t row, size_t column)
{
	add_cell(out, cell(m->table, row, column), m->count, true);
	buf_adds(out, " ");
	if (m->mark) {
		add_cell(out, cell(m->table, row, column + 1), m->mark, false);
		buf_adds(out, " ");
	}
	add_cell(out, cell(m->table, row, column + 2), m->code, false);
}

static void add_place(struct buf *out, const struct sides *m, size_t row)
{
	if (!m->place)
		return;
	add_cell(out, cell(m->table, row, SIDES_PLACE), m->place, true);
	buf_adds(out, " ");
}

static void end_line(struct buf *line, FILE *out)
{
	while (line->len && line->data[line->len - 1] == ' ')
		line->data[--line->len] = '\0';
	fprintf(out, "%s\n", line->data ? line->data : "");
	buf_clear(line);
}

static void row_text(const struct sides *m, size_t row, FILE *out)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	const struct doc_table *t = m->table;
	const char *left = cell(t, row, SIDES_LEFT + 2), *right = cell(t, row, SIDES_RIGHT + 2);

	if (!m->stacked) {
		add_place(&line, m, row);
		add_half(&line, m, row, SIDES_LEFT);
		if (m->two) {
			/* The same marks as sdiff. */
			buf_adds(&line, cell(t, row, SIDES_SAME) ? "   "
					: !right                 ? " < "
					: !left                  ? " > "
								 : " | ");
			add_half(&line, m, row, SIDES_RIGHT);
		}
		end_line(&line, out);
		return;
	}
	for (size_t c = SIDES_LEFT; c < SIDES_COLUMNS; c += 3) {
		if (!cell(t, row, c + 2))
			continue;
		buf_adds(&line, c == SIDES_LEFT ? "A " : "B ");
		add_place(&line, m, row);
		add_half(&line, m, row, c);
		end_line(&line, out);
	}
}

void sides_text(const struct doc_element *element, FILE *out, unsigned int width, bool colour)
{
	const struct doc_table *t = &element->table;
	const char *left = t->columns[SIDES_LEFT].title, *right = t->columns[SIDES_RIGHT].title;
	struct sides m = {.table = t, .two = !strcmp(element->text, "two")};
	CLEANUP_BUF struct buf line = BUF_INIT;
	size_t half;

	measure(&m, width);
	if (element->label)
		text_styled_line(out, colour ? TERM_BOLD : TERM_PLAIN, element->label);
	half = m.count + 1 + with_space(m.mark) + m.code;
	if (m.stacked) {
		buf_adds(&line, "A: ");
		text_add_safe(&line, left, false);
		buf_adds(&line, "; B: ");
		text_add_safe(&line, right, false);
	} else {
		buf_addf(&line, "%*s", (int)with_space(m.place), "");
		add_cell(&line, left, half, false);
		buf_adds(&line, "   ");
		add_cell(&line, m.two ? right : "", half, false);
	}
	end_line(&line, out);
	for (size_t r = 0; r < t->n_rows; r++) {
		const char *note = cell(t, r, SIDES_NOTE);
		size_t w = note ? width_of(note) : 0;

		if (!note) {
			row_text(&m, r, out);
			continue;
		}
		buf_clear(&line);
		add_cell(&line, note, w < width ? w : width, false);
		text_styled_line(out, colour ? TERM_DIM : TERM_PLAIN, line.data ? line.data : "");
	}
}

static void half_html(struct buf *out, const struct doc_table *t, size_t row, size_t column)
{
	bool left = column == SIDES_LEFT;
	const char *side = left ? "left" : "right";
	const char *gone = cell(t, row, column + 2) ? "" : " gone";
	const char *count = cell(t, row, column), *mark = cell(t, row, column + 1);
	const char *code = cell(t, row, column + 2);

	html_addf(out, "<td class=\"num count %s%s\" data-side=\"%s\"><span>%s</span></td>", side,
		gone, left ? "A" : "B", count ? count : "");
	html_addf(out, "<td class=\"mark %s%s\">%s</td>", left ? side : "", gone, mark ? mark : "");
	html_addf(out, "<td class=\"code %s%s\">%s</td>", left ? side : "", gone, code ? code : "");
}

void sides_html(struct buf *out, const struct doc_element *element)
{
	const struct doc_table *t = &element->table;
	bool two = !strcmp(element->text, "two");
	const char *label = element->label ? element->label : "Code";

	html_addf(out,
		"<div class=\"sides\"><div class=\"caption\">%s</div><div class=\"frame\" "
		"tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table><thead><tr><th "
		"scope=\"col\"></th>",
		label, label);
	for (size_t c = SIDES_LEFT; c <= (two ? SIDES_RIGHT : SIDES_LEFT); c += 3)
		html_addf(out, "<th scope=\"col\" colspan=\"3\" class=\"%s\">%s</th>",
			c == SIDES_LEFT ? "left" : "right", t->columns[c].title);
	buf_adds(out, "</tr></thead><tbody>\n");
	for (size_t r = 0; r < t->n_rows; r++) {
		const char *note = cell(t, r, SIDES_NOTE), *place = cell(t, r, SIDES_PLACE);

		if (note) {
			html_addf(out, "<tr class=\"note\"><td colspan=\"%s\">%s</td></tr>\n",
				two ? "7" : "4", note);
			continue;
		}
		buf_adds(out, two && !cell(t, r, SIDES_SAME) ? "<tr class=\"apart\">" : "<tr>");
		html_addf(out, "<td class=\"place%s\">%s</td>", place ? "" : " nil",
			place ? place : "");
		half_html(out, t, r, SIDES_LEFT);
		if (two)
			half_html(out, t, r, SIDES_RIGHT);
		buf_adds(out, "</tr>\n");
	}
	buf_adds(out, "</tbody></table></div></div>\n");
}
