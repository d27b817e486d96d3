/* Two sides of code: on a terminal and on a page. */
#include <stdlib.h>
#include <string.h>

#include "report/report-internal.h"

/* Narrower than this, the sides stand one below the other. */
#define MIN_CODE 16

struct measured {
	const struct doc_table *table;
	bool two;
	size_t place, count, mark, code; /* widths; of the wider side */
	bool stacked;
};

static const char *cell(const struct doc_table *t, size_t row, size_t column)
{
	return t->cells[row * t->n_columns + column];
}

static size_t wide(const char *s)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;

	text_add_safe(&safe, s ? s : "", false);
	return safe.data ? text_width(safe.data, safe.len) : 0;
}

static void grow(size_t *width, const char *s)
{
	size_t w = wide(s);

	*width = w > *width ? w : *width;
}

static void measure(struct measured *m, size_t width)
{
	const struct doc_table *t = m->table;
	size_t sides = m->two ? 2 : 1, around, room;

	for (size_t r = 0; r < t->n_rows; r++) {
		grow(&m->place, cell(t, r, SIDES_PLACE));
		for (size_t c = SIDES_LEFT; c < SIDES_COLUMNS; c += 3) {
			grow(&m->count, cell(t, r, c));
			grow(&m->mark, cell(t, r, c + 1));
			grow(&m->code, cell(t, r, c + 2));
		}
	}
	/* Titles stand above a whole half. */
	for (size_t c = SIDES_LEFT; c < SIDES_COLUMNS; c += 3) {
		size_t w = wide(t->columns[c].title), beside = m->count + 1;

		beside += m->mark ? m->mark + 1 : 0;
		m->code = w > beside + m->code ? w - beside : m->code;
	}
	/* A space behind each column that is there, and " | " between the sides. */
	around = (m->place ? m->place + 1 : 0) + (sides - 1) * 3;
	around += sides * (m->count + 1 + (m->mark ? m->mark + 1 : 0));
	room = width > around ? (width - around) / sides : 0;
	m->stacked = m->two && room < MIN_CODE && room < m->code;
	if (m->stacked) {
		around = 2 + (m->place ? m->place + 1 : 0) + m->count + 1;
		around += m->mark ? m->mark + 1 : 0;
		room = width > around + MIN_CODE ? width - around : MIN_CODE;
	}
	room = room < MIN_CODE ? MIN_CODE : room;
	m->code = m->code < room ? m->code : room;
}

/* `s` in exactly `width` columns. */
static void put(struct buf *out, const char *s, size_t width, bool right)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;
	size_t used = 0, n = 0, all;

	text_add_safe(&safe, s ? s : "", false);
	all = safe.data ? text_width(safe.data, safe.len) : 0;
	while (n < safe.len) {
		uint32_t code;
		size_t len = utf8_decode(safe.data + n, safe.len - n, &code);
		size_t w = text_width(safe.data + n, len);

		if (used + w > width - (all > width ? 1 : 0))
			break;
		n += len;
		used += w;
	}
	if (right)
		buf_addf(out, "%*s", (int)(all > width ? 0 : width - all), "");
	buf_add(out, safe.data ? safe.data : "", n);
	if (all > width)
		buf_adds(out, "…");
	used += all > width;
	if (!right)
		buf_addf(out, "%*s", (int)(width - used), "");
}

static void put_half(struct buf *out, const struct measured *m, size_t row, size_t column)
{
	const struct doc_table *t = m->table;

	put(out, cell(t, row, column), m->count, true);
	buf_adds(out, " ");
	if (m->mark) {
		put(out, cell(t, row, column + 1), m->mark, false);
		buf_adds(out, " ");
	}
	put(out, cell(t, row, column + 2), m->code, false);
}

static void put_place(struct buf *out, const struct measured *m, size_t row)
{
	if (!m->place)
		return;
	put(out, cell(m->table, row, SIDES_PLACE), m->place, true);
	buf_adds(out, " ");
}

/* As sdiff marks them. */
static const char *between(const struct doc_table *t, size_t row)
{
	if (cell(t, row, SIDES_SAME))
		return "   ";
	return !cell(t, row, SIDES_RIGHT + 2)  ? " < "
	       : !cell(t, row, SIDES_LEFT + 2) ? " > "
					       : " | ";
}

static void end_line(struct buf *line, FILE *out)
{
	while (line->len && line->data[line->len - 1] == ' ')
		line->data[--line->len] = '\0';
	fprintf(out, "%s\n", line->data ? line->data : "");
	buf_clear(line);
}

static void row_text(const struct measured *m, size_t row, FILE *out)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	const struct doc_table *t = m->table;

	if (!m->stacked) {
		put_place(&line, m, row);
		put_half(&line, m, row, SIDES_LEFT);
		if (m->two) {
			buf_adds(&line, between(t, row));
			put_half(&line, m, row, SIDES_RIGHT);
		}
		end_line(&line, out);
		return;
	}
	for (size_t c = SIDES_LEFT; c < SIDES_COLUMNS; c += 3) {
		if (!cell(t, row, c + 2))
			continue;
		buf_adds(&line, c == SIDES_LEFT ? "A " : "B ");
		put_place(&line, m, row);
		put_half(&line, m, row, c);
		end_line(&line, out);
	}
}

static void titles_text(const struct measured *m, FILE *out)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	const struct doc_table *t = m->table;
	size_t half = m->count + 1 + (m->mark ? m->mark + 1 : 0) + m->code;

	if (m->stacked) {
		buf_adds(&line, "A: ");
		text_add_safe(&line, t->columns[SIDES_LEFT].title, false);
		buf_adds(&line, "; B: ");
		text_add_safe(&line, t->columns[SIDES_RIGHT].title, false);
		end_line(&line, out);
		return;
	}
	if (m->place)
		put(&line, "", m->place + 1, false);
	put(&line, t->columns[SIDES_LEFT].title, half, false);
	if (m->two) {
		buf_adds(&line, "   ");
		put(&line, t->columns[SIDES_RIGHT].title, half, false);
	}
	end_line(&line, out);
}

static void note_text(const char *note, FILE *out, size_t width, bool colour)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	size_t w = wide(note);

	put(&line, note, w < width ? w : width, false);
	text_styled_line(out, colour ? TERM_DIM : TERM_PLAIN, line.data ? line.data : "");
}

void sides_text(const struct doc_element *element, FILE *out, unsigned int width, bool colour)
{
	const struct doc_table *t = &element->table;
	struct measured m = {.table = t, .two = !strcmp(element->text, "two")};

	measure(&m, width);
	if (element->label)
		text_styled_line(out, colour ? TERM_BOLD : TERM_PLAIN, element->label);
	titles_text(&m, out);
	for (size_t r = 0; r < t->n_rows; r++) {
		if (cell(t, r, SIDES_NOTE))
			note_text(cell(t, r, SIDES_NOTE), out, width, colour);
		else
			row_text(&m, r, out);
	}
}

static void half_html(struct buf *out, const struct doc_table *t, size_t row, size_t column)
{
	bool left = column == SIDES_LEFT;
	const char *side = left ? "left" : "right";
	const char *gone = cell(t, row, column + 2) ? "" : " gone";
	static const char *const classes[] = {"num count", "mark", "code"};

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		const char *s = cell(t, row, column + i);

		buf_addf(
			out, "<td class=\"%s %s%s\"", classes[i], i == 0 || left ? side : "", gone);
		if (i == 0)
			buf_addf(out, " data-side=\"%s\"", left ? "A" : "B");
		buf_adds(out, ">");
		if (i == 0)
			buf_adds(out, "<span>");
		html_add_text(out, s ? s : "", false);
		buf_adds(out, i == 0 ? "</span></td>" : "</td>");
	}
}

static void row_html(struct buf *out, const struct doc_table *t, size_t row, bool two)
{
	const char *note = cell(t, row, SIDES_NOTE), *place = cell(t, row, SIDES_PLACE);

	if (note) {
		buf_addf(out, "<tr class=\"note\"><td colspan=\"%d\">", two ? 7 : 4);
		html_add_text(out, note, false);
		buf_adds(out, "</td></tr>\n");
		return;
	}
	buf_addf(out, "<tr%s><td class=\"place%s\">",
		two && !cell(t, row, SIDES_SAME) ? " class=\"apart\"" : "", place ? "" : " nil");
	html_add_text(out, place ? place : "", false);
	buf_adds(out, "</td>");
	half_html(out, t, row, SIDES_LEFT);
	if (two)
		half_html(out, t, row, SIDES_RIGHT);
	buf_adds(out, "</tr>\n");
}

void sides_html(struct buf *out, const struct doc_element *element)
{
	const struct doc_table *t = &element->table;
	bool two = !strcmp(element->text, "two");
	const char *label = element->label ? element->label : "Code";

	buf_adds(out, "<div class=\"sides\"><div class=\"caption\">");
	html_add_text(out, label, false);
	buf_adds(out, "</div><div class=\"frame\" tabindex=\"0\" role=\"region\" aria-label=\"");
	html_add_text(out, label, false);
	buf_adds(out, "\"><table><thead><tr><th scope=\"col\"></th>");
	for (size_t c = SIDES_LEFT; c <= (two ? SIDES_RIGHT : SIDES_LEFT); c += 3) {
		buf_addf(out, "<th scope=\"col\" colspan=\"3\" class=\"%s\">",
			c == SIDES_LEFT ? "left" : "right");
		html_add_text(out, t->columns[c].title, false);
		buf_adds(out, "</th>");
	}
	buf_adds(out, "</tr></thead><tbody>\n");
	for (size_t r = 0; r < t->n_rows; r++)
		row_html(out, t, r, two);
	buf_adds(out, "</tbody></table></div></div>\n");
}
