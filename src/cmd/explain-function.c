/* Code side by side, as solder explain shows it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/explain-internal.h"

static void fill(struct doc_half *half, const struct explain_code_insn *insn, struct cell *count)
{
	if (!insn)
		return;
	*half = (struct doc_half){
		cell_whole(count, insn->count), *insn->mark ? insn->mark : NULL, insn->text};
}

/* What the last rows told of the source. */
struct place {
	const char *file;
	unsigned line;
};

static void add_row(struct doc *doc, const struct explain_side_row *row, struct place *last)
{
	struct cell a, b;
	const struct explain_code_insn *insn = row->a ? row->a : row->b;
	CLEANUP_FREE char *line = NULL;
	struct doc_sides_row shown = {.same = row->same};

	fill(&shown.left, row->a, &a);
	fill(&shown.right, row->b, &b);
	if (insn->file && (!last->file || strcmp(last->file, insn->file) != 0)) {
		doc_sides_note(doc, insn->file);
		last->line = 0;
	}
	if (insn->file && insn->line != last->line)
		shown.place = line = xasprintf("%u", insn->line);
	if (insn->file)
		*last = (struct place){insn->file, insn->line};
	doc_sides_row(doc, &shown);
}

static void add_hidden(struct doc *doc, const struct explain_side_part *p, size_t from, size_t to)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int64_t insns[2] = {0, 0}, counts[2] = {0, 0};
	struct cell n;

	for (size_t i = from; i < to; i++) {
		insns[0] += p->rows[i].a != NULL;
		insns[1] += p->rows[i].b != NULL;
		counts[0] += p->rows[i].a ? p->rows[i].a->count : 0;
		counts[1] += p->rows[i].b ? p->rows[i].b->count : 0;
	}
	buf_adds(&text, "… ");
	for (int side = 0; side < 2; side++) {
		if (!insns[side])
			continue;
		if (insns[0] && insns[1])
			buf_adds(&text, side ? "; B: " : "A: ");
		buf_addf(&text, "%s instruction%s, ", cell_whole(&n, insns[side]),
			plural(insns[side]));
		buf_addf(&text, "%s execution%s", cell_whole(&n, counts[side]),
			plural(counts[side]));
	}
	buf_adds(&text, " not shown");
	doc_sides_note(doc, text.data);
}

static char *title_of(const struct explain_code_part *part, const char *letter)
{
	return part ? xasprintf("%s%s at 0x%" PRIx64, letter, part->name, part->addr)
		    : xasprintf("%snot there", letter);
}

static void add_part(struct doc *doc, const struct explain_side_part *p, bool two, bool all)
{
	CLEANUP_FREE char *left = title_of(p->a, two ? "A: " : "");
	CLEANUP_FREE char *right = two ? title_of(p->b, "B: ") : NULL;
	CLEANUP_FREE char *label = NULL;
	struct place last = {0};
	size_t hidden = 0;

	label = xasprintf("%s%s", p->a ? p->a->name : p->b->name, all ? "" : ", hot regions");
	doc_sides(doc, label, left, right);
	for (size_t i = 0; i <= p->n; i++) {
		bool shown = i < p->n && (all || p->rows[i].hot);

		if (!shown && i < p->n)
			continue;
		if (hidden < i) {
			add_hidden(doc, p, hidden, i);
			last = (struct place){0};
		}
		if (shown)
			add_row(doc, &p->rows[i], &last);
		hidden = i + 1;
	}
}

static void say_lines(struct doc *doc, const char *side, const struct explain_code *code)
{
	if (code->why_no_lines)
		doc_text(doc, "%sOf the source nothing is known: %s.", side, code->why_no_lines);
}

void explain_page_code(struct doc *doc, const struct explain_page *p)
{
	for (size_t i = 0; i < p->n_codes; i++) {
		CLEANUP_EXPLAIN_SIDES struct explain_sides sides = {0};
		const struct explain_code *a = &p->a->codes[i], *b = p->b ? &p->b->codes[i] : NULL;

		CLEANUP_FREE char *heading = NULL;

		if (!a->n && (!b || !b->n))
			continue;
		heading = xasprintf("Machine code: %s", p->code_names[i]);
		doc_heading(doc, heading);
		say_lines(doc, b ? "A: " : "", a);
		if (b)
			say_lines(doc, "B: ", b);
		explain_sides_make(a, b, &sides);
		for (size_t k = 0; k < sides.n; k++)
			add_part(doc, &sides.parts[k], p->b, p->all_code);
	}
}

json_t *explain_code_json(const struct explain_page *p)
{
	json_t *o = json_object();

	for (size_t i = 0; i < p->n_codes; i++) {
		CLEANUP_EXPLAIN_SIDES struct explain_sides sides = {0};

		explain_sides_make(&p->a->codes[i], p->b ? &p->b->codes[i] : NULL, &sides);
		json_object_set_new(o, p->code_names[i], explain_sides_json(&sides));
	}
	return o;
}

int explain_read_code(const struct explain_page *p, struct explain_side *side, struct err *err)
{
	side->codes = xcalloc(p->n_codes + 1, sizeof(*side->codes));
	side->n_codes = p->n_codes;
	return explain_code_read(&side->run, p->code_names, p->n_codes, side->codes, err);
}

/* Functions of the page; stubs, and what has no name, are no functions. */
void explain_choose_code(struct explain_page *p)
{
	const struct explain_result *r = p->result;

	if (p->function) {
		p->code_names[p->n_codes++] = p->function;
		return;
	}
	for (size_t i = 0; i < r->n_functions && p->n_codes < EXPLAIN_PAGE_CODES; i++)
		if (*r->functions[i].name && *r->functions[i].name != '.' &&
			explain_is_shown(p, &r->functions[i]))
			p->code_names[p->n_codes++] = r->functions[i].name;
}
