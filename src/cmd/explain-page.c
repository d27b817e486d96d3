/* The pages of solder explain. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/explain-internal.h"
#include "code/code.h"
#include "elf/elf.h"

#define TOP 10
#define TOP_HOSTS 3

/* The difference as a share of all that A executed. */
static const char *change_share(struct cell *cell, int64_t a, int64_t b, int64_t total)
{
	format_change(cell->text, 100 * cell_share(b - a, total));
	return cell->text;
}

static void add_side(struct doc *doc, const char *letter, const struct explain_side *side)
{
	CLEANUP_FREE char *text = NULL;

	if (side->interpreter)
		text = xasprintf("%s%s%s (Python %s, %s)", side->name ? side->name : "",
			side->name ? ": " : "", side->interpreter, side->version, side->link);
	else if (side->version)
		text = xasprintf("%s (Python %s)", side->given, side->version);
	else
		text = xstrdup(side->given);
	doc_fact(doc, letter, text);
}

static void add_facts(struct doc *doc, const struct explain_page *p)
{
	const struct explain_result *r = p->result;
	CLEANUP_FREE char *names = strv_join(p->workloads, ", ");
	CLEANUP_FREE char *what = NULL;
	struct cell a, b;

	add_side(doc, "A", p->a);
	if (p->b)
		add_side(doc, "B", p->b);
	if (p->startup)
		doc_fact(doc, "what", "starting: -c pass");
	else if (p->workloads->n) {
		what = xasprintf("%s; %u loop%s each", names, p->loops, plural(p->loops));
		doc_fact(doc, "workloads", what);
		doc_fact(doc, "counted",
			p->whole ? "whole processes"
				 : "what running twice as many loops adds: no start, no "
				   "first loop");
	}
	if (!explain_is_counted(p))
		return;
	doc_fact(doc, p->b ? "A executed" : "executed", cell_whole(&a, r->total_a));
	if (p->b) {
		doc_fact(doc, "B executed", cell_whole(&b, r->total_b));
		doc_fact(doc, "difference", change_share(&a, r->total_a, r->total_b, r->total_a));
	}
}

static void add_workloads(struct doc *doc, const struct explain_page *p)
{
	static const struct doc_column columns[] = {{"workload", 0}, {"A", DOC_RIGHT},
		{"B", DOC_RIGHT}, {"difference", DOC_RIGHT}, {"of A", DOC_RIGHT}};

	if (!p->b || p->workloads->n < 2)
		return;
	doc_table(doc, "Executed instructions by workload", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < p->workloads->n; i++) {
		int64_t a = p->a->workloads[i], b = p->b->workloads[i];
		struct cell c[4];
		const char *cells[] = {p->workloads->v[i], cell_whole(&c[0], a),
			cell_whole(&c[1], b), cell_change(&c[2], a, b),
			change_share(&c[3], a, b, a)};

		doc_row(doc, cells);
	}
}

static void add_waterfall(struct doc *doc, const struct explain_result *r)
{
	static const struct chart_words words = {.title = "What B executes more than A",
		.about = "One bar for each cause, in percent of the instructions that A executed, "
			 "each starting where the one before ended."};
	struct chart_part parts[EXPLAIN_N_CAUSES + 1];
	CLEANUP_FREE char *svg = NULL;
	size_t n = 0;

	for (size_t i = 0; i < r->n_rows; i++) {
		const struct explain_row *row = &r->rows[i];
		double value =
			100 * (cell_share(row->b, r->total_a) - cell_share(row->a, r->total_a));

		if (row->a != row->b)
			parts[n++] = (struct chart_part){row->words, value,
				!row->explained ? DOC_DOUBT
				: value < 0     ? DOC_GOOD
						: DOC_BAD};
	}
	svg = chart_waterfall(&words, "%", parts, n, "B - A");
	doc_picture(doc, svg, "Executed instructions, in percent of A's.", false);
}

static void add_rows(struct doc *doc, const struct explain_result *r)
{
	static const struct doc_column columns[] = {{"cause", DOC_WRAP | DOC_TERM},
		{"A", DOC_RIGHT}, {"B", DOC_RIGHT}, {"difference", DOC_RIGHT}, {"of A", DOC_RIGHT}};
	struct cell c[4];

	doc_table(doc, "Where the difference is", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < r->n_rows; i++) {
		const struct explain_row *row = &r->rows[i];
		const char *cells[] = {row->words, cell_whole(&c[0], row->a),
			cell_whole(&c[1], row->b), cell_change(&c[2], row->a, row->b),
			change_share(&c[3], row->a, row->b, r->total_a)};

		if (row->a || row->b)
			doc_row(doc, cells);
	}
	{
		const char *cells[] = {"all", cell_whole(&c[0], r->total_a),
			cell_whole(&c[1], r->total_b), cell_change(&c[2], r->total_a, r->total_b),
			change_share(&c[3], r->total_a, r->total_b, r->total_a)};

		doc_row(doc, cells);
	}
}

static const char *sites_of(struct cell *cell, const struct explain_weights *w, unsigned class)
{
	struct cell ran, all;

	cell_whole(&ran, (int64_t)w->class_sites[class]);
	cell_whole(&all, (int64_t)w->class_in_files[class]);
	snprintf(cell->text, sizeof(cell->text), "%.20s of %.20s", ran.text, all.text);
	return cell->text;
}

/* Sites of the interpreter by class: how many ran of those that it has, how often. */
static void add_classes(struct doc *doc, const struct explain_page *p)
{
	static const struct doc_column columns[] = {{"site", 0}, {"A: sites", DOC_RIGHT},
		{"executed", DOC_RIGHT}, {"B: sites", DOC_RIGHT}, {"executed", DOC_RIGHT}};
	static const struct explain_weights none = {0};
	const struct explain_weights *a = &p->a->weights, *b = p->b ? &p->b->weights : &none;
	struct cell c[4];

	doc_table(doc, "Sites that were executed, of those in the files", columns, p->b ? 5 : 3);
	for (unsigned i = 0; i < CODE_N_SITES; i++) {
		const char *cells[] = {code_class_name(i), sites_of(&c[0], a, i),
			cell_whole(&c[1], a->class_executions[i]), sites_of(&c[2], b, i),
			cell_whole(&c[3], b->class_executions[i])};

		if (a->class_in_files[i] || b->class_in_files[i])
			doc_row(doc, cells);
	}
}

static void say_tls(struct doc *doc, const char *letter, const struct explain_weights *w)
{
	struct cell c[4];

	if (!w->tls_calls)
		return;
	doc_text(doc,
		"%s calls __tls_get_addr %s times: %s instructions in it, %s in PLT stubs on the "
		"way there, %s at the sites.",
		letter, cell_whole(&c[0], w->tls_calls), cell_whole(&c[1], w->tls_get_addr),
		cell_whole(&c[2], w->tls_stubs),
		cell_whole(&c[3], w->causes[EXPLAIN_TLS] - w->tls_get_addr - w->tls_stubs));
}

static const char *or_none(struct cell *cell, bool there, int64_t n)
{
	return there ? cell_whole(cell, n) : NULL;
}

bool explain_is_shown(const struct explain_page *p, const struct explain_pair *pair)
{
	if (p->function)
		return !strcmp(p->function, pair->name);
	return !p->b || p->result->matched || (pair->in_a && pair->in_b && *pair->name);
}

/* Is there a function that was executed otherwise in B? */
static bool differs(const struct explain_page *p)
{
	for (size_t i = 0; i < p->result->n_functions; i++) {
		const struct explain_pair *f = &p->result->functions[i];

		if (explain_is_shown(p, f) && f->a != f->b)
			return true;
	}
	return false;
}

static void add_functions(struct doc *doc, const struct explain_page *p)
{
	static const struct doc_column columns[] = {{"function", DOC_WRAP}, {"mostly", 0},
		{"A", DOC_RIGHT}, {"B", DOC_RIGHT}, {"difference", DOC_RIGHT}};
	const struct explain_result *r = p->result;
	const char *caption = p->function           ? "Function"
			      : p->b && !r->matched ? "Functions that both name and that weigh most"
						    : "Functions that weigh most";
	size_t shown = 0;

	if (p->b && !p->function && !differs(p)) {
		doc_text(doc, r->matched ? "No function differs."
					 : "No function that both name differs.");
		return;
	}
	for (size_t i = 0; i < r->n_functions && shown < TOP; i++) {
		const struct explain_pair *f = &r->functions[i];
		struct cell c[3];
		const char *cells[] = {*f->name ? f->name : "(without a name)",
			explain_cause_name(f->most), or_none(&c[0], f->in_a, f->a),
			or_none(&c[1], f->in_b, f->b), cell_change(&c[2], f->a, f->b)};

		if (!explain_is_shown(p, f) || (p->b && !p->function && f->a == f->b))
			continue;
		if (!shown++)
			doc_table(doc, caption, columns, p->b ? 5 : 3);
		doc_row(doc, cells);
	}
}

static char *list_hosts(const struct explain_inlined *f)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	for (size_t i = 0; i < f->n_hosts && i < TOP_HOSTS; i++)
		buf_addf(&out, "%s%s", i ? ", " : "",
			*f->hosts[i].name ? f->hosts[i].name : "(without a name)");
	if (f->n_hosts > TOP_HOSTS)
		buf_addf(&out, ", %zu more", f->n_hosts - TOP_HOSTS);
	return buf_steal(&out);
}

/* Of the functions that ran in one only, A (0) or B (1): what the other tells. */
static void say_alone(struct doc *doc, const struct explain_inlining *in, size_t side)
{
	const struct explain_alone *alone = &in->alone[side];
	const struct strv *missing = &in->missing[!side];
	char here = side ? 'B' : 'A', there = side ? 'A' : 'B';
	struct cell c[4];

	if (alone->functions && (alone->inlined || !missing->n))
		doc_text(doc,
			"Functions that ran in %c only: %s, with %s instructions of entry and "
			"exit. Inlined in %c, by its debug information: %s of them, with %s.",
			here, cell_whole(&c[0], (int64_t)alone->functions),
			cell_whole(&c[1], alone->frame), there,
			cell_whole(&c[2], (int64_t)alone->inlined),
			cell_whole(&c[3], alone->inlined_frame));
	for (size_t i = 0; i < missing->n; i++)
		doc_text(doc, "%c: %s: not all that is inlined there is known.", there,
			missing->v[i]);
}

static void add_inlined(struct doc *doc, const struct explain_page *p)
{
	static const struct doc_column columns[] = {{"function", DOC_WRAP}, {"inlined in", 0},
		{"into", DOC_WRAP}, {"calls", DOC_RIGHT}, {"A", DOC_RIGHT}, {"B", DOC_RIGHT}};
	const struct explain_inlining *in = p->inlining;
	size_t shown = 0;

	for (size_t i = 0; i < in->n && shown < TOP; i++) {
		const struct explain_inlined *f = &in->v[i];
		CLEANUP_FREE char *hosts = NULL;
		struct cell c[3];

		if (p->function && strcmp(p->function, f->name) != 0)
			continue;
		if (!shown++)
			doc_table(doc, "Functions inlined in one", columns, ARRAY_SIZE(columns));
		hosts = list_hosts(f);
		doc_row(doc, (const char *[]){f->name, f->in_a ? "A" : "B", hosts,
				     cell_whole(&c[0], f->entries), cell_whole(&c[1], f->a),
				     cell_whole(&c[2], f->b)});
	}
	for (size_t side = 0; side < 2 && !p->function; side++)
		say_alone(doc, in, side);
}

/* Calls to known functions cost no more one way than another; they are not what is looked for. */
static bool is_overhead(unsigned kind)
{
	return kind != CODE_SITE_CALL_DIRECT && kind != CODE_SITE_CALL_INDIRECT;
}

static void add_sites(struct doc *doc, const struct explain_page *p)
{
	static const struct doc_column columns[] = {{"function", DOC_WRAP}, {"site", DOC_WRAP},
		{"leads to", DOC_WRAP}, {"A", DOC_RIGHT}, {"B", DOC_RIGHT}};
	const struct explain_result *r = p->result;
	size_t shown = 0;

	doc_table(doc, "Sites that weigh most, and how often they were executed", columns,
		p->b ? 5 : 4);
	for (size_t i = 0; i < r->n_sites && shown < TOP; i++) {
		const struct explain_pair *s = &r->sites[i];
		CLEANUP_FREE char *class =
			s->class_b != s->class ? xasprintf("%s / %s", s->class, s->class_b)
					       : xstrdup(s->class);
		struct cell c[2];
		const char *cells[] = {*s->name ? s->name : "(without a name)", class,
			*s->symbol ? s->symbol : NULL, or_none(&c[0], s->in_a, s->a),
			or_none(&c[1], s->in_b, s->b)};

		if (!explain_is_shown(p, s) ||
			(!p->function && !is_overhead(s->kind) && !is_overhead(s->kind_b)))
			continue;
		doc_row(doc, cells);
		shown++;
	}
}

const struct explain_function *explain_find_function(
	const struct explain_weights *w, const char *name)
{
	for (size_t i = 0; i < w->n_functions; i++)
		if (!strcmp(w->functions[i].name, name))
			return &w->functions[i];
	return NULL;
}

static void add_function(struct doc *doc, const struct explain_page *p)
{
	static const struct doc_column columns[] = {{"cause", DOC_WRAP | DOC_TERM},
		{"A", DOC_RIGHT}, {"B", DOC_RIGHT}, {"difference", DOC_RIGHT}};
	const struct explain_function *a = explain_find_function(&p->a->weights, p->function);
	const struct explain_function *b =
		p->b ? explain_find_function(&p->b->weights, p->function) : NULL;
	struct cell c[3];

	doc_table(doc, p->function, columns, p->b ? 4 : 2);
	for (unsigned i = 0; i < EXPLAIN_N_CAUSES; i++) {
		int64_t in_a = a ? a->causes[i] : 0, in_b = b ? b->causes[i] : 0;
		const char *cells[] = {explain_cause_words(i), cell_whole(&c[0], in_a),
			cell_whole(&c[1], in_b), cell_change(&c[2], in_a, in_b)};

		if (in_a || in_b)
			doc_row(doc, cells);
	}
	doc_row(doc, (const char *[]){"calls of it", cell_whole(&c[0], a ? a->entries : 0),
			     cell_whole(&c[1], b ? b->entries : 0),
			     cell_change(&c[2], a ? a->entries : 0, b ? b->entries : 0)});
}

/* What is missing, and why. */
static void add_limits(struct doc *doc, const char *letter, const struct explain_weights *w)
{
	struct cell c, less;

	if (w->n_less)
		doc_text(doc,
			"%s: %s addresses were executed less often with twice as many loops; "
			"their %s instructions are included in the sums.",
			letter, cell_whole(&c, (int64_t)w->n_less), cell_whole(&less, w->less));
	if (w->forked)
		doc_text(doc, "%s: %s forked processes are not counted, only their parents.",
			letter, cell_whole(&c, (int64_t)w->forked));
	for (size_t i = 0; i < w->n_objects; i++) {
		const struct explain_object *o = &w->objects[i];

		if (!o->named)
			doc_text(doc,
				"%s: '%s' names the functions in which %s of what it executed "
				"lies (stripped): the others can be neither matched nor listed, "
				"and inlining is not told apart.",
				letter, o->path, cell_percent(&c, o->in_named, o->total));
		if (cell_share(o->unknown, o->total) > 0.01)
			doc_text(doc,
				"%s: %s of what was executed in '%s' lies in no function that the "
				"file tells of. Is it the file that ran?",
				letter, cell_percent(&c, o->unknown, o->total), o->path);
	}
}

/* What keeps the two from being alike in all that is not looked for. */
static void add_conditions(struct doc *doc, const struct explain_page *p)
{
	if (!p->a->version || !p->b->version)
		doc_text(doc, "The versions were not compared: not both files tell theirs "
			      "(Py_Version, from Python 3.11 on). Other sources would differ in "
			      "all causes.");
	if (!p->workloads->n)
		return;
	if (!p->a->place.moved || !p->b->place.moved)
		doc_text(doc, "Not both work from a copy: their paths are not equally long, and "
			      "their heaps may differ.");
	if (!p->a->aligned || !p->b->aligned)
		doc_text(doc, "Not both have arenas of 1 MiB: where their memory begins was not "
			      "made alike, and the allocator may go other ways.");
}

static const char *name_of(const struct explain_side *side, const char *letter)
{
	return side->name ? side->name : letter;
}

/* The cause that adds (or takes) most of what explains the difference; NULL if none does. */
static const struct explain_row *largest(const struct explain_result *r)
{
	const struct explain_row *most = NULL;
	int64_t sign = r->total_b < r->total_a ? -1 : 1;

	for (size_t i = 0; i < r->n_rows; i++) {
		const struct explain_row *row = &r->rows[i];

		if (row->explained && sign * (row->b - row->a) > 0 &&
			(!most || sign * (row->b - row->a) > sign * (most->b - most->a)))
			most = row;
	}
	return most;
}

/* The answer in a sentence, and how much of it is explained. */
static void add_headline(struct doc *doc, const struct explain_page *p)
{
	const struct explain_result *r = p->result;
	int64_t difference = r->total_b - r->total_a;
	const struct explain_row *most = largest(r);
	const char *a = name_of(p->a, "A"), *b = name_of(p->b, "B");
	struct cell c[3];

	if (!difference && !differs(p)) {
		doc_text(doc, "%s and %s execute the same instructions.", a, b);
		return;
	}
	if (most)
		doc_text(doc,
			"%s executes %.2f %% %s instructions than %s; the largest cause is %s "
			"(%s).",
			b, fabs(100 * cell_share(difference, r->total_a)),
			difference < 0 ? "fewer" : "more", a, most->words,
			change_share(&c[0], most->a, most->b, r->total_a));
	else
		doc_text(doc,
			"%s executes %.2f %% %s instructions than %s, by no cause that is known.",
			b, fabs(100 * cell_share(difference, r->total_a)),
			difference < 0 ? "fewer" : "more", a);
	doc_text(doc,
		"B - A is %s instructions: %s by causes that tell how the files were made, loaded "
		"or called, %s by other work, which is not explained.",
		cell_change(&c[0], 0, difference), cell_change(&c[1], 0, r->explained),
		cell_change(&c[2], r->explained, difference));
}

/* Of one: how much is due to how it was made, loaded or called. */
static void add_headline_alone(struct doc *doc, const struct explain_page *p)
{
	const struct explain_result *r = p->result;
	const struct explain_row *most = NULL;
	int64_t explained = 0;
	struct cell c[3];

	for (size_t i = 0; i < r->n_rows; i++) {
		if (!r->rows[i].explained)
			continue;
		explained += r->rows[i].a;
		most = !most || r->rows[i].a > most->a ? &r->rows[i] : most;
	}
	if (!explained)
		return;
	doc_text(doc,
		"%s of %s instructions have to do with how %s was made, loaded or called; the "
		"largest cause is %s (%s).",
		cell_percent(&c[0], explained, r->total_a), cell_whole(&c[1], r->total_a),
		name_of(p->a, "it"), most->words, cell_percent(&c[2], most->a, r->total_a));
}

static void say_not_counted(struct doc *doc, const char *side, const struct explain_side *s)
{
	if (s->no_counts)
		doc_text(doc, "%sExecuted instructions are not known: %s.", side, s->no_counts);
}

bool explain_is_counted(const struct explain_page *p)
{
	return !p->a->no_counts && !(p->b && p->b->no_counts);
}

void explain_page(struct doc *doc, const struct explain_page *p)
{
	if (p->function) {
		add_facts(doc, p);
		add_function(doc, p);
		add_inlined(doc, p);
		add_sites(doc, p);
		explain_page_glossary(doc, p);
		add_limits(doc, "A", &p->a->weights);
		if (p->b)
			add_limits(doc, "B", &p->b->weights);
		return;
	}
	if (!p->startup && explain_is_counted(p))
		p->b ? add_headline(doc, p) : add_headline_alone(doc, p);
	add_facts(doc, p);
	if (p->startup)
		explain_page_startup(doc, p, true);
	if (!explain_is_counted(p)) {
		say_not_counted(doc, p->b ? "A: " : "", p->a);
		if (p->b)
			say_not_counted(doc, "B: ", p->b);
		return;
	}
	if (p->startup)
		doc_heading(doc, "Executed instructions");
	if (p->b) {
		if (p->startup)
			add_headline(doc, p);
		add_rows(doc, p->result);
		add_waterfall(doc, p->result);
		add_workloads(doc, p);
	} else {
		explain_page_causes(doc, p);
	}
	say_tls(doc, "A", &p->a->weights);
	if (p->b)
		say_tls(doc, "B", &p->b->weights);
	add_functions(doc, p);
	add_inlined(doc, p);
	/* How an access is made on the other side is looked for in the same function. */
	if (!p->b || p->result->matched)
		add_sites(doc, p);
	add_classes(doc, p);
	add_limits(doc, "A", &p->a->weights);
	if (p->b) {
		add_limits(doc, "B", &p->b->weights);
		add_conditions(doc, p);
	}
	doc_text(doc, "Executed instructions are not time. What they say is to be checked with "
		      "solder bench.");
	explain_page_glossary(doc, p);
	if (!p->startup && p->a->startup)
		explain_page_startup(doc, p, false);
}
