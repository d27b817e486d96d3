/* The document of solder explain: the answer in a sentence, totals, details, gaps, and finally what
 * was compared and how. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain-internal.h"

#define TOP 10
#define TOP_HOSTS 3
/* Shares below this, in percent, are shown as 0. */
#define SHOWN_SHARE 0.005

/* ---- cells --------------------------------------------------------------------------------- */

static const char *group_digits(struct explain_cell *cell, const char *sign, int64_t n)
{
	char digits[32];
	uint64_t size = n < 0 ? (uint64_t)0 - (uint64_t)n : (uint64_t)n;
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, size);
	size_t used = strlen(sign);

	memcpy(cell->text, sign, used);
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			cell->text[used++] = ',';
		cell->text[used++] = digits[i];
	}
	cell->text[used] = '\0';
	return cell->text;
}

double explain_share(int64_t part, int64_t total)
{
	return total ? (double)part / (double)total : 0;
}

const char *explain_cell_percent(struct explain_cell *cell, int64_t part, int64_t total)
{
	double percent = 100 * explain_share(part, total);

	snprintf(cell->text, sizeof(cell->text), "%.2f %%",
		fabs(percent) < SHOWN_SHARE ? 0 : percent);
	return cell->text;
}

const char *explain_cell_whole(struct explain_cell *cell, int64_t n)
{
	return group_digits(cell, n < 0 ? "-" : "", n);
}

const char *explain_cell_change(struct explain_cell *cell, int64_t a, int64_t b)
{
	return group_digits(cell, b < a ? "-" : b > a ? "+" : "", b - a);
}

const char *explain_cell_change_share(
	struct explain_cell *cell, int64_t a, int64_t b, int64_t total)
{
	format_change(cell->text, 100 * explain_share(b - a, total));
	return cell->text;
}

void explain_row(
	struct doc *doc, const char *what, const int64_t *a, const int64_t *b, int64_t total)
{
	struct explain_cell c[4];
	bool both = a && b;

	doc_row(doc, (const char *[]){what, a ? explain_cell_whole(&c[0], *a) : NULL,
			     b ? explain_cell_whole(&c[1], *b) : NULL,
			     both ? explain_cell_change(&c[2], *a, *b) : NULL,
			     both ? explain_cell_change_share(&c[3], *a, *b, total) : NULL});
}

/* ---- the answer ---------------------------------------------------------------------------- */

bool explain_is_shown(const struct explain_answer *a, const struct explain_pair *pair)
{
	if (a->function)
		return !strcmp(a->function, pair->name);
	return !a->b || a->result.matched || (pair->in_a && pair->in_b && *pair->name);
}

/* True if any function executed a different number of instructions in B. */
static bool functions_differ(const struct explain_answer *a)
{
	for (size_t i = 0; i < a->result.n_functions; i++) {
		const struct explain_pair *f = &a->result.functions[i];

		if (explain_is_shown(a, f) && f->a != f->b)
			return true;
	}
	return false;
}

/* The row that says most about how the files were made: the largest or, of two, the one that
 * contributes most to the difference. NULL if none would be shown as more than 0. */
static const struct explain_row *largest(
	const struct explain_row *rows, size_t n, bool pair, int64_t total_a, int64_t total_b)
{
	const struct explain_row *row = NULL;
	int64_t sign = pair && total_b < total_a ? -1 : 1, most = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t value = pair ? sign * (rows[i].b - rows[i].a) : rows[i].a;

		if (rows[i].explained && value > most) {
			most = value;
			row = &rows[i];
		}
	}
	return 100 * explain_share(most, total_a) < SHOWN_SHARE ? NULL : row;
}

/* `rows` cover everything, or the requested function; `alike` says that it does not differ. */
static void write_headline(const struct explain_answer *answer, struct doc *doc,
	const struct explain_row *rows, size_t n, bool alike)
{
	const char *function = answer->function;
	CLEANUP_FREE char *where = function ? xasprintf("In %s, ", function) : xstrdup("");
	CLEANUP_BUF struct buf text = BUF_INIT;
	int64_t a = 0, b = 0, explained = 0;
	const struct explain_row *most;
	struct explain_cell c[3];
	double percent;

	for (size_t i = 0; i < n; i++) {
		alike = alike && rows[i].a == rows[i].b;
		a += rows[i].a;
		b += rows[i].b;
		explained += rows[i].explained ? rows[i].b - rows[i].a : 0;
	}
	if (alike) {
		doc_text(doc,
			"%s%s and %s execute the same number of instructions, for each cause.",
			where, answer->a->label, answer->b->label);
		return;
	}
	most = largest(rows, n, true, a, b);
	percent = 100 * explain_share(b - a, a);
	buf_addf(&text, "%s%s ", where, answer->b->label);
	if (a == b)
		buf_addf(&text, "executes as many instructions as %s, but not the same",
			answer->a->label);
	else if (!a)
		buf_addf(&text, "executes %s instructions, %s none", explain_cell_whole(&c[0], b),
			answer->a->label);
	else if (fabs(percent) < SHOWN_SHARE)
		buf_addf(&text, "executes %s %s instructions than %s, less than 0.01 %%",
			explain_cell_whole(&c[0], llabs(b - a)), b < a ? "fewer" : "more",
			answer->a->label);
	else
		buf_addf(&text, "executes %.2f %% %s instructions than %s", fabs(percent),
			b < a ? "fewer" : "more", answer->a->label);
	if (most)
		buf_addf(&text, "; the largest %s is %s (%s)", a == b ? "change" : "cause",
			most->words, explain_cell_change_share(&c[0], most->a, most->b, a));
	else if (a && fabs(percent) >= SHOWN_SHARE)
		buf_adds(&text, ", by no known cause");
	doc_text(doc, "%s.", text.data);
	if (a != b)
		doc_text(doc,
			"B - A is %s instructions: %s by causes that tell how the files were made, loaded or called, %s by other work, which is not explained.",
			explain_cell_change(&c[0], a, b), explain_cell_change(&c[1], 0, explained),
			explain_cell_change(&c[2], explained, b - a));
}

static void write_headline_alone(const struct explain_answer *answer, struct doc *doc)
{
	const struct explain_result *r = &answer->result;
	const struct explain_row *most = largest(r->rows, r->n_rows, false, r->total_a, 0);
	int64_t explained = 0;
	struct explain_cell c[3];

	for (size_t i = 0; i < r->n_rows; i++)
		explained += r->rows[i].explained ? r->rows[i].a : 0;
	if (most)
		doc_text(doc,
			"%s of %s instructions have to do with how %s was made, loaded or called; the largest cause is %s (%s).",
			explain_cell_percent(&c[0], explained, r->total_a),
			explain_cell_whole(&c[1], r->total_a), answer->a->label, most->words,
			explain_cell_percent(&c[2], most->a, r->total_a));
}

/* ---- totals -------------------------------------------------------------------------------- */

static void write_rows(const struct explain_result *r, struct doc *doc)
{
	static const struct doc_column columns[] = {{"cause", DOC_WRAP | DOC_TERM},
		{"A", DOC_RIGHT}, {"B", DOC_RIGHT}, {"difference", DOC_RIGHT}, {"of A", DOC_RIGHT}};
	static const struct chart_words words = {.title = "What B executes more than A",
		.about =
			"One bar for each cause, in percent of the instructions that A executed, each starting where the one before ended."};
	struct chart_part parts[EXPLAIN_N_CAUSES + 1];
	CLEANUP_FREE char *svg = NULL;
	size_t n = 0;

	doc_table(doc, "Where the difference is", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i <= r->n_rows; i++) {
		const struct explain_row all = {.words = "all", .a = r->total_a, .b = r->total_b};
		const struct explain_row *row = i < r->n_rows ? &r->rows[i] : &all;

		if (row->a || row->b || row == &all)
			explain_row(doc, row->words, &row->a, &row->b, r->total_a);
		/* Bars too small to see only take space. */
		if (fabs(100 * explain_share(row->b - row->a, r->total_a)) < SHOWN_SHARE / 10 ||
			row == &all)
			continue;
		parts[n++] = (struct chart_part){row->words,
			100 * (explain_share(row->b, r->total_a) -
				      explain_share(row->a, r->total_a)),
			!row->explained   ? DOC_DOUBT
			: row->b < row->a ? DOC_GOOD
					  : DOC_BAD};
	}
	svg = chart_waterfall(&words, "%", parts, n, "B - A");
	doc_picture(doc, svg, "Executed instructions, in percent of A's.", false);
}

static void write_workloads(const struct explain_answer *a, struct doc *doc)
{
	static const struct doc_column columns[] = {{"workload", 0}, {"A", DOC_RIGHT},
		{"B", DOC_RIGHT}, {"difference", DOC_RIGHT}, {"of A", DOC_RIGHT}};

	if (a->workloads.n < 2)
		return;
	doc_table(doc, "Executed instructions by workload", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < a->workloads.n; i++)
		explain_row(doc, a->workloads.v[i], &a->a->workloads[i], &a->b->workloads[i],
			a->a->workloads[i]);
}

static void write_tls(const struct explain_weights *w, const char *letter, struct doc *doc)
{
	struct explain_cell c[4];

	if (w->tls_calls)
		doc_text(doc,
			"%s calls __tls_get_addr %s times: %s instructions in it, %s in PLT stubs on the way there, %s at the sites.",
			letter, explain_cell_whole(&c[0], w->tls_calls),
			explain_cell_whole(&c[1], w->tls_get_addr),
			explain_cell_whole(&c[2], w->tls_stubs),
			explain_cell_whole(
				&c[3], w->causes[EXPLAIN_TLS] - w->tls_get_addr - w->tls_stubs));
}

/* ---- details ------------------------------------------------------------------------------- */

static const char *name_or_none(const char *name)
{
	return *name ? name : "(without a name)";
}

static const char *whole_or_none(struct explain_cell *cell, bool there, int64_t n)
{
	return there ? explain_cell_whole(cell, n) : NULL;
}

static void write_functions(const struct explain_answer *a, struct doc *doc)
{
	const struct doc_column columns[] = {{"function", DOC_WRAP},
		{"mostly", DOC_WRAP | DOC_TERM}, {a->b ? "A" : "executed", DOC_RIGHT},
		{"B", DOC_RIGHT}, {"difference", DOC_RIGHT}};
	const struct explain_result *r = &a->result;
	size_t shown = 0;

	if (a->b && !functions_differ(a)) {
		doc_text(doc,
			r->matched ? "No function differs." : "No function named in both differs.");
		return;
	}
	for (size_t i = 0; i < r->n_functions && shown < TOP; i++) {
		const struct explain_pair *f = &r->functions[i];
		struct explain_cell c[3];

		if (!explain_is_shown(a, f) || (a->b && f->a == f->b))
			continue;
		if (!shown++)
			doc_table(doc,
				a->b && !r->matched ? "Functions that both name and that weigh most"
						    : "Functions that weigh most",
				columns, a->b ? 5 : 3);
		doc_row(doc, (const char *[]){name_or_none(f->name), explain_cause_words(f->most),
				     whole_or_none(&c[0], f->in_a, f->a),
				     whole_or_none(&c[1], f->in_b, f->b),
				     explain_cell_change(&c[2], f->a, f->b)});
	}
}

static void write_inlined(const struct explain_answer *a, struct doc *doc)
{
	static const struct doc_column columns[] = {{"function", DOC_WRAP}, {"inlined in", 0},
		{"into", DOC_WRAP}, {"calls", DOC_RIGHT}, {"A", DOC_RIGHT}, {"B", DOC_RIGHT}};
	const struct explain_inlining *in = &a->inlining;
	struct explain_cell c[4];
	size_t shown = 0;

	for (size_t i = 0; i < in->n && shown < TOP; i++) {
		const struct explain_inlined *f = &in->v[i];
		CLEANUP_BUF struct buf hosts = BUF_INIT;

		if (a->function && strcmp(a->function, f->name) != 0)
			continue;
		if (!shown++)
			doc_table(doc, "Functions inlined in one", columns, ARRAY_SIZE(columns));
		for (size_t h = 0; h < f->n_hosts && h < TOP_HOSTS; h++)
			buf_addf(&hosts, "%s%s", h ? ", " : "", name_or_none(f->hosts[h].name));
		if (f->n_hosts > TOP_HOSTS)
			buf_addf(&hosts, ", %zu more", f->n_hosts - TOP_HOSTS);
		doc_row(doc,
			(const char *[]){f->name, f->in_a ? "A" : "B", hosts.data,
				explain_cell_whole(&c[0], f->entries),
				explain_cell_whole(&c[1], f->a), explain_cell_whole(&c[2], f->b)});
	}
	/* Inlining of functions that ran out of line in only one. */
	for (size_t k = 0; k < 2 && !a->function; k++) {
		const struct explain_alone *alone = &in->alone[k];
		const struct strv *missing = &in->missing[!k];
		char here = k ? 'B' : 'A', there = k ? 'A' : 'B';

		if (alone->functions && (alone->inlined || !missing->n))
			doc_text(doc,
				"Functions that ran in %c only: %s, with %s instructions of entry and exit. Inlined in %c, by its debug information: %s of them, with %s.",
				here, explain_cell_whole(&c[0], (int64_t)alone->functions),
				explain_cell_whole(&c[1], alone->frame), there,
				explain_cell_whole(&c[2], (int64_t)alone->inlined),
				explain_cell_whole(&c[3], alone->inlined_frame));
		for (size_t i = 0; i < missing->n; i++)
			doc_text(doc, "%c: %s: some of what is inlined there is unknown.", there,
				missing->v[i]);
	}
}

/* Calls to known functions cost the same either way; they are not overhead. */
static bool is_overhead(unsigned kind)
{
	return kind != CODE_SITE_CALL_DIRECT && kind != CODE_SITE_CALL_INDIRECT;
}

static void write_sites(const struct explain_answer *a, struct doc *doc)
{
	const struct doc_column columns[] = {{"function", DOC_WRAP}, {"site", DOC_WRAP},
		{"leads to", DOC_WRAP}, {a->b ? "A" : "executed", DOC_RIGHT}, {"B", DOC_RIGHT}};
	const struct explain_result *r = &a->result;
	size_t shown = 0;

	doc_table(doc, "Sites that weigh most, and how often they were executed", columns,
		a->b ? 5 : 4);
	for (size_t i = 0; i < r->n_sites && shown < TOP; i++) {
		const struct explain_pair *s = &r->sites[i];
		CLEANUP_FREE char *kinds = NULL;
		struct explain_cell c[2];

		if (!explain_is_shown(a, s) ||
			(!a->function && !is_overhead(s->kind) && !is_overhead(s->kind_b)))
			continue;
		kinds = s->kind == s->kind_b ? xstrdup(code_site_words(s->kind))
					     : xasprintf("%s / %s", code_site_words(s->kind),
						       code_site_words(s->kind_b));
		doc_row(doc,
			(const char *[]){name_or_none(s->name), kinds,
				*s->symbol ? s->symbol : NULL, whole_or_none(&c[0], s->in_a, s->a),
				whole_or_none(&c[1], s->in_b, s->b)});
		shown++;
	}
}

/* The interpreter's sites by kind: how many of them ran, and how often. */
static void write_site_kinds(const struct explain_answer *answer, struct doc *doc)
{
	const struct doc_column columns[] = {{"site", 0},
		{answer->b ? "A: sites" : "sites", DOC_RIGHT}, {"executed", DOC_RIGHT},
		{"B: sites", DOC_RIGHT}, {"executed", DOC_RIGHT}};
	size_t n = answer->b ? 2 : 1;

	doc_table(doc, "Sites that were executed, of those in the files", columns, 1 + 2 * n);
	for (unsigned i = 0; i < CODE_N_SITES; i++) {
		const char *cells[5] = {code_site_words(i)};
		CLEANUP_STRV struct strv sites = STRV_INIT;
		struct explain_cell c[3 * 2];
		uint64_t in_files = 0;

		for (size_t k = 0; k < n; k++) {
			const struct explain_weights *w = &answer->pythons[k].weights;
			struct explain_cell *cell = &c[3 * k];

			in_files |= w->class_in_files[i];
			strv_addf(&sites, "%s of %s",
				explain_cell_whole(&cell[0], (int64_t)w->class_sites[i]),
				explain_cell_whole(&cell[1], (int64_t)w->class_in_files[i]));
			cells[1 + 2 * k] = sites.v[k];
			cells[2 + 2 * k] = explain_cell_whole(&cell[2], w->class_executions[i]);
		}
		if (in_files)
			doc_row(doc, cells);
	}
}

static void write_function(const struct explain_answer *answer, struct doc *doc)
{
	const struct doc_column columns[] = {{"cause", DOC_WRAP | DOC_TERM},
		{answer->b ? "A" : "executed", DOC_RIGHT}, {"B", DOC_RIGHT},
		{"difference", DOC_RIGHT}};
	static const struct explain_function none = {0};
	const char *name = answer->function;
	const struct explain_function *a = explain_find_function(&answer->a->weights, name);
	const struct explain_function *b =
		answer->b ? explain_find_function(&answer->b->weights, name) : &none;
	struct explain_row rows[EXPLAIN_N_CAUSES];
	struct explain_cell c[3];

	for (unsigned i = 0; i < EXPLAIN_N_CAUSES; i++)
		rows[i] = (struct explain_row){.words = explain_cause_words(i),
			.explained = explain_cause_explains(i),
			.a = a->causes[i],
			.b = b->causes[i]};
	if (answer->b)
		write_headline(answer, doc, rows, EXPLAIN_N_CAUSES, true);
	else
		doc_text(doc, "%s: %s of %s instructions of %s, in %s calls.", name,
			explain_cell_whole(&c[0], a->total),
			explain_cell_whole(&c[1], answer->result.total_a), answer->a->label,
			explain_cell_whole(&c[2], a->entries));
	doc_table(doc, name, columns, answer->b ? 4 : 2);
	for (unsigned i = 0; i <= EXPLAIN_N_CAUSES; i++) {
		bool calls = i == EXPLAIN_N_CAUSES;
		int64_t in_a = calls ? a->entries : rows[i].a,
			in_b = calls ? b->entries : rows[i].b;

		if (in_a || in_b || calls)
			explain_row(doc, calls ? "calls of it" : rows[i].words, &in_a, &in_b, 0);
	}
}

static void write_bolt(const struct explain_object *o, const char *letter, struct doc *doc)
{
	struct explain_cell parts, left;

	if (!o->bolt)
		return;
	if (!o->named)
		doc_text(doc,
			"%s: '%s' was optimised by BOLT and stripped: which code is a part of which function cannot be told.",
			letter, o->path);
	else
		doc_text(doc,
			"%s: '%s' was optimised by BOLT: %s of its instructions were executed in parts split off from functions (NAME.cold, NAME.warm), which count as their functions', %s in functions that BOLT left where they were.",
			letter, o->path, explain_cell_percent(&parts, o->in_parts, o->total),
			explain_cell_percent(&left, o->in_left, o->total));
}

/* Limits of the counts, and why. */
static void write_limits(const struct explain_weights *w, const char *letter, struct doc *doc)
{
	struct explain_cell c, less;

	if (w->n_less)
		doc_text(doc,
			"%s: %s addresses were executed less often with twice as many loops; their %s instructions are included in the sums.",
			letter, explain_cell_whole(&c, (int64_t)w->n_less),
			explain_cell_whole(&less, w->less));
	if (w->forked)
		doc_text(doc, "%s: %s forked processes are not counted, only their parents.",
			letter, explain_cell_whole(&c, (int64_t)w->forked));
	for (size_t i = 0; i < w->n_objects; i++) {
		const struct explain_object *o = &w->objects[i];

		write_bolt(o, letter, doc);
		if (!o->named)
			doc_text(doc,
				"%s: '%s' names the functions in which %s of what it executed lies (stripped): the others can be neither matched nor listed, and inlining is not told apart.",
				letter, o->path, explain_cell_percent(&c, o->in_named, o->total));
		if (explain_share(o->unknown, o->total) > 0.01)
			doc_text(doc,
				"%s: %s of what was executed in '%s' lies in no function that the file tells of. Is it the file that ran?",
				letter, explain_cell_percent(&c, o->unknown, o->total), o->path);
	}
}

/* Differences between the conditions of the two runs that should not exist. */
static void write_conditions(const struct explain_answer *a, struct doc *doc)
{
	if (!a->a->version || !a->b->version)
		doc_text(doc,
			"The versions were not compared: not both files tell theirs (Py_Version, from Python 3.11 on). Other sources would differ in all causes.");
	if (!a->workloads.n)
		return;
	if (!a->a->place.moved || !a->b->place.moved)
		doc_text(doc,
			"Not both work from a copy: their paths are not equally long, and their heaps may differ.");
	if (!a->a->aligned || !a->b->aligned)
		doc_text(doc,
			"Only one of the two has arenas of 1 MiB, so their memory could not be aligned alike, and the allocator may take different paths.");
}

/* The metadata: the Pythons, and how they were run. */
static void write_facts(const struct explain_answer *a, struct doc *doc)
{
	const struct explain_question *q = a->q;
	struct explain_cell c;

	for (size_t i = 0; i < 2 && (i == 0 || a->b); i++) {
		const struct explain_python *p = &a->pythons[i];
		CLEANUP_BUF struct buf text = BUF_INIT;

		if (q->name[i])
			buf_addf(&text, "%s: ", q->name[i]);
		buf_adds(&text, p->interpreter ? p->interpreter : p->given);
		if (p->version)
			buf_addf(&text, " (Python %s%s%s)", p->version, p->link ? ", " : "",
				p->link ? p->link : "");
		doc_fact(doc, !a->b ? "Python" : i ? "B" : "A", text.data);
	}
	if (q->startup) {
		doc_fact(doc, "measured", "starting: -c pass");
	} else if (a->workloads.n) {
		CLEANUP_FREE char *names = strv_join(&a->workloads, ", ");
		CLEANUP_FREE char *loops =
			xasprintf("%s; %u loop%s each", names, q->loops, plural(q->loops));

		doc_fact(doc, "workloads", loops);
		doc_fact(doc, "counted",
			q->whole
				? "whole processes"
				: "what running twice as many loops adds: no start, no first loop");
	}
	if (!a->counted)
		return;
	doc_fact(doc, a->b ? "A executed" : "executed", explain_cell_whole(&c, a->result.total_a));
	if (a->b)
		doc_fact(doc, "B executed", explain_cell_whole(&c, a->result.total_b));
}

/* Totals and details of executed instructions. */
static void write_counts(const struct explain_answer *a, struct doc *doc)
{
	const struct explain_result *r = &a->result;

	if (a->b) {
		write_rows(r, doc);
		write_workloads(a, doc);
	} else {
		explain_write_causes(a, doc);
	}
	write_tls(&a->a->weights, "A", doc);
	if (a->b)
		write_tls(&a->b->weights, "B", doc);
	write_functions(a, doc);
	explain_write_joined(&a->a->weights, 'A', 'B', doc);
	if (a->b)
		explain_write_joined(&a->b->weights, 'B', 'A', doc);
	write_inlined(a, doc);
	/* Sites made differently are paired within the same function. */
	if (!a->b || r->matched)
		write_sites(a, doc);
	write_site_kinds(a, doc);
}

void explain_write(const struct explain_answer *a, struct doc *doc)
{
	const struct explain_result *r = &a->result;

	if (a->function) {
		write_function(a, doc);
		write_inlined(a, doc);
		write_sites(a, doc);
	} else if (a->q->startup) {
		explain_write_startup(a, doc);
		if (a->counted) {
			doc_heading(doc, "Executed instructions");
			if (a->b)
				write_headline(a, doc, r->rows, r->n_rows, !functions_differ(a));
			write_counts(a, doc);
		}
	} else {
		if (a->b)
			write_headline(a, doc, r->rows, r->n_rows, !functions_differ(a));
		else
			write_headline_alone(a, doc);
		write_counts(a, doc);
	}
	if (a->counted) {
		write_limits(&a->a->weights, "A", doc);
		if (a->b)
			write_limits(&a->b->weights, "B", doc);
		if (a->b && !a->function)
			write_conditions(a, doc);
		doc_text(doc,
			"Executed instructions are not time. What they say is to be checked with solder bench.");
	}
	if (a->a->started && !a->q->startup && !a->function)
		explain_write_startup(a, doc);
	if (a->counted)
		explain_write_glossary(a, doc);
	write_facts(a, doc);
}
