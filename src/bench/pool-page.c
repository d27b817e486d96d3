/* One campaign on several hosts, as a document and as JSON. */
#include <stdlib.h>
#include <string.h>

#include "bench/bench-internal.h"
#include "report/json.h"

static const struct {
	const char *word;
	enum doc_tone tone;
} sames[] = {
	[BENCH_SAME_NO_VERDICT] = {"no verdict", DOC_DOUBT},
	[BENCH_SAME] = {"the same", DOC_GOOD},
	[BENCH_SAME_NOT] = {"not the same", DOC_BAD},
	[BENCH_SAME_UNDECIDED] = {"undecided", DOC_DOUBT},
};

const char *bench_same_name(enum bench_same same)
{
	return sames[same].word;
}

/* ---- the document ---------------------------------------------------------------------------- */

/* The host with the lowest ratio, or the highest. */
static const char *extreme(const struct bench_pool *p, size_t a, bool highest)
{
	size_t found = 0;

	for (size_t i = 1; i < p->n; i++) {
		double d = p->results[i].arms[a].ratio - p->results[found].arms[a].ratio;

		if (highest ? d > 0 : d < 0)
			found = i;
	}
	return p->names.v[found];
}

static void add_headline(
	struct doc *doc, const struct bench *b, const struct bench_pool *p, size_t a)
{
	const struct bench_pooled *arm = &p->arms[a];
	const char *name = b->arms[a].name, *reference = b->arms[0].name;
	const char *low = extreme(p, a, false), *high = extreme(p, a, true);
	CLEANUP_FREE char *interval = page_interval(arm->interval);

	if (arm->same == BENCH_SAME)
		doc_text(doc,
			"%s takes the same time relative to %s on all %zu hosts, within %g %%: %.4f to %.4f.",
			name, reference, p->n, 100 * b->options.margin, arm->lowest, arm->highest);
	else if (arm->same == BENCH_SAME_NOT)
		doc_text(doc,
			"%s does not take the same time relative to %s everywhere: %.4f on %s, %.4f on %s. That is more than their errors explain (p = %.2g), and the mean stands for none of them.",
			name, reference, arm->lowest, low, arm->highest, high, arm->p);
	else
		doc_text(doc,
			"It is undecided whether %s takes the same time relative to %s everywhere: %.4f on %s, %.4f on %s (p = %.2g).",
			name, reference, arm->lowest, low, arm->highest, high, arm->p);
	doc_text(doc, "On hosts like these, %s is %s: %.4f of %s's time (%s).", name,
		arm->verdict == BENCH_EQUAL       ? "as fast on average"
		: arm->verdict == BENCH_UNDECIDED ? "not shown to be faster or slower"
		: arm->verdict == BENCH_SLOWER    ? "slower on average"
						  : "faster on average",
		arm->ratio, reference, interval);
}

/* Heterogeneity in a row: of an arm, or of a workload in the table of an arm. */
static void add_pooled(struct doc *doc, const char *name, const struct bench_pooled *x, bool arm)
{
	CLEANUP_FREE char *ratio = xasprintf("%.4f", x->ratio);
	CLEANUP_FREE char *interval = page_interval(x->interval);
	CLEANUP_FREE char *other = page_interval(x->other);
	CLEANUP_FREE char *hosts = xasprintf("%.4f to %.4f", x->lowest, x->highest);
	CLEANUP_FREE char *tau = xasprintf("%.2f %%", 100 * x->tau);
	CLEANUP_FREE char *i2 = xasprintf("%.0f %%", 100 * x->i2);
	CLEANUP_FREE char *p = xasprintf("%.3g", x->adjusted);
	const char *same = bench_same_name(x->same);
	const char *whole[] = {name, ratio, interval, other, hosts, tau, i2, p, same};
	const char *part[] = {name, ratio, interval, hosts, tau, i2, p, same};

	doc_row(doc, arm ? whole : part);
	doc_cell_tone(doc, arm ? 8 : 7, sames[x->same].tone);
}

static void add_arms(struct doc *doc, const struct bench *b, const struct bench_pool *p)
{
	static const struct doc_column columns[] = {{"arm", 0}, {"ratio", DOC_RIGHT},
		{"hosts like these", DOC_RIGHT}, {"one more host", DOC_RIGHT},
		{"on these", DOC_RIGHT}, {"tau", DOC_RIGHT}, {"I²", DOC_RIGHT},
		{"Q's p", DOC_RIGHT}, {"everywhere", DOC_VERDICT}};

	doc_table(doc, "Time relative to the reference, pooled; lower is faster", columns,
		ARRAY_SIZE(columns));
	for (size_t a = 1; a < p->n_arms; a++)
		add_pooled(doc, b->arms[a].name, &p->arms[a], true);
	if (p->n < 4)
		doc_text(doc,
			"%zu hosts say little about others: Student's t has %zu degree%s of freedom here, which makes the intervals over hosts wide. More hosts narrow them; more rounds do not.",
			p->n, p->n - 1, plural(p->n - 1));
}

/* Each host's own ratio, with the weight that it has in the mean. */
static void add_hosts(struct doc *doc, const struct bench *b, const struct bench_pool *p, size_t a)
{
	static const struct doc_column columns[] = {
		{"host", 0}, {"ratio", DOC_RIGHT}, {"interval", DOC_RIGHT}, {"weight", DOC_RIGHT}};
	CLEANUP_FREE char *caption = xasprintf("%s on each host", b->arms[a].name);
	double tau2 = p->arms[a].tau * p->arms[a].tau, all = 0;

	for (size_t i = 0; i < p->n; i++)
		all += stats_weight(p->results[i].arms[a].error, tau2);
	doc_table(doc, caption, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < p->n; i++) {
		const struct bench_arm_result *arm = &p->results[i].arms[a];
		CLEANUP_FREE char *ratio = xasprintf("%.4f", arm->ratio);
		CLEANUP_FREE char *interval = page_interval(arm->suite);
		CLEANUP_FREE char *weight =
			xasprintf("%.0f %%", 100 * stats_weight(arm->error, tau2) / all);

		doc_row(doc, (const char *[]){p->names.v[i], ratio, interval, weight});
	}
}

static void add_workloads(
	struct doc *doc, const struct bench *b, const struct bench_pool *p, size_t a, bool all)
{
	static const struct doc_column columns[] = {{"workload", 0}, {"ratio", DOC_RIGHT},
		{"hosts like these", DOC_RIGHT}, {"on these", DOC_RIGHT}, {"tau", DOC_RIGHT},
		{"I²", DOC_RIGHT}, {"p", DOC_RIGHT}, {"everywhere", DOC_VERDICT}};
	CLEANUP_FREE char *caption = xasprintf("%s, %s", b->arms[a].name,
		all ? "every workload" : "workloads that are not the same everywhere");
	bool begun = false;

	for (size_t w = 0; w < p->n_workloads; w++) {
		const struct bench_pooled *cell = &p->cells[a * p->n_workloads + w];

		if (p->results[0].why[w] || (!all && cell->same != BENCH_SAME_NOT))
			continue;
		if (!begun)
			doc_table(doc, caption, columns, ARRAY_SIZE(columns));
		begun = true;
		add_pooled(doc, b->workloads[w].name, cell, false);
	}
}

static void add_machines(struct doc *doc, struct bench *const *hosts, const struct bench_pool *p)
{
	static const struct doc_column columns[] = {{"host", 0}, {"processor", DOC_WRAP},
		{"kernel", DOC_WRAP}, {"rounds", DOC_RIGHT}, {"dropped", DOC_RIGHT}};

	doc_table(doc, "The hosts", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < p->n; i++) {
		CLEANUP_FREE char *rounds = xasprintf("%u", p->results[i].rounds);
		CLEANUP_FREE char *dropped = xasprintf("%u", p->results[i].dropped);

		doc_row(doc,
			(const char *[]){p->names.v[i], json_word(hosts[i]->machine, "processor"),
				json_word(hosts[i]->machine, "kernel"), rounds, dropped});
	}
}

struct doc *bench_pool_doc(struct bench *const *hosts, const struct bench_pool *p, bool all)
{
	const struct bench *b = hosts[0];
	CLEANUP_FREE char *names = strv_join(&p->names, ", ");
	CLEANUP_FREE char *title = xasprintf("solder bench: %s, pooled", names);
	struct doc *doc = doc_new(title);
	bool begun = false;

	for (size_t a = 1; p->verdicts && a < p->n_arms; a++) {
		if (b->arms[a].role == BENCH_ROLE_ARM)
			add_headline(doc, b, p, a);
	}
	if (!p->verdicts)
		doc_text(doc,
			"No verdict is given: a host did not pass its gates, or the copy is not the same everywhere.");
	add_arms(doc, b, p);
	for (size_t a = 1; a < p->n_arms; a++) {
		if (b->arms[a].role != BENCH_ROLE_ARM)
			continue;
		add_hosts(doc, b, p, a);
		if (all)
			charts_add_pooled(doc, b, p, a);
	}
	for (size_t i = 0; i < p->n; i++)
		page_add_gates(doc, p->names.v[i], &p->results[i]);
	for (size_t a = 1; a < p->n_arms; a++)
		add_workloads(doc, b, p, a, all);
	for (size_t w = 0; w < p->n_workloads; w++)
		page_add_why(doc, "Left out on all hosts", &begun, b->workloads[w].name,
			p->results[0].why[w]);
	add_machines(doc, hosts, p);
	doc_heading(doc, "How it was pooled");
	doc_fact(doc, "reference", b->arms[0].name);
	doc_fact(doc, "time", b->options.measure == BENCH_WALL ? "wall clock" : "user + system");
	doc_factf(doc, "workloads", "%zu of %zu", p->results[0].counting, p->n_workloads);
	doc_fact(doc, "model",
		"the host is a random effect; tau by Paule and Mandel, intervals by Hartung and Knapp");
	doc_fact(doc, "Q's p", "Welch's F; of workloads adjusted by Benjamini and Hochberg");
	doc_factf(doc, "the same", "any two hosts are equal within %g %%", 100 * b->options.margin);
	doc_factf(doc, "level", "%g %%", 100 * b->options.alpha);
	return doc;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* A ratio, pooled, with the hosts' own: of an arm, or (a cell) of a workload. */
static json_t *pooled_json(const char *name, const struct bench_pool *p, size_t a, size_t w)
{
	bool cell = w < p->n_workloads;
	const struct bench_pooled *x = cell ? &p->cells[a * p->n_workloads + w] : &p->arms[a];
	json_t *own = json_array();

	for (size_t i = 0; i < p->n; i++) {
		const struct bench_arm_result *arm = &p->results[i].arms[a];

		json_array_append_new(own,
			JSON_OBJECT({"ratio", json_number(cell ? arm->cells[w].ratio : arm->ratio)},
				{"error", json_number(cell ? arm->cells[w].error : arm->error)},
				{"interval", bench_interval_json(
						     cell ? arm->cells[w].interval : arm->suite)}));
	}
	return JSON_OBJECT({"name", json_text(name)}, {"ratio", json_number(x->ratio)},
		{"interval", bench_interval_json(x->interval)},
		{"interval_one_more", bench_interval_json(x->other)}, {"tau", json_number(x->tau)},
		{"i2", json_number(x->i2)}, {"q", json_number(x->q)}, {"p", json_number(x->p)},
		{"p_adjusted", json_number(x->adjusted)},
		{"verdict", json_string(bench_verdict_name(x->verdict))},
		{"everywhere", json_string(bench_same_name(x->same))}, {"hosts", own});
}

json_t *bench_pool_json(struct bench *const *hosts, const struct bench_pool *p)
{
	const struct bench *b = hosts[0];
	json_t *arms = json_array(), *all = json_array();

	for (size_t i = 0; i < p->n; i++)
		json_array_append_new(
			all, JSON_OBJECT({"file", json_text(p->names.v[i])},
				     {"machine", json_incref(hosts[i]->machine)},
				     {"result", bench_result_json(hosts[i], &p->results[i])}));
	for (size_t a = 1; a < p->n_arms; a++) {
		json_t *arm = pooled_json(b->arms[a].name, p, a, p->n_workloads);
		json_t *cells = json_array();

		for (size_t w = 0; w < p->n_workloads; w++) {
			if (!p->results[0].why[w])
				json_array_append_new(
					cells, pooled_json(b->workloads[w].name, p, a, w));
		}
		json_object_set_new(arm, "role", json_string(bench_role_names[b->arms[a].role]));
		json_object_set_new(arm, "differ", json_integer(p->differ[a]));
		json_object_set_new(arm, "workloads", cells);
		json_array_append_new(arms, arm);
	}
	return JSON_OBJECT({"verdicts", json_boolean(p->verdicts)},
		{"alpha", json_number(b->options.alpha)},
		{"margin", json_number(b->options.margin)}, {"hosts", all}, {"arms", arms});
}
