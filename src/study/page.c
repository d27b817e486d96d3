/* Output of an experiment: its plan before anything is built, its results, and both as JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/study-internal.h"

static char *change_of(const struct study_flip *flip)
{
	return xasprintf("%s to %s", flip->from, flip->to);
}

/* ---- the plan ------------------------------------------------------------------------------ */

/* Counterfactuals that will take part if all builds succeed. */
static size_t n_planned(const struct study *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->plan.n; i++)
		n += !s->plan.flips[i].why_not;
	return n;
}

static const char *way_to_build(const struct cpython_outlook *o)
{
	return o->compiles ? "compile" : o->steps ? "link" : "in the cache";
}

static void add_build(
	struct doc *doc, const char *what, const char *change, const struct cpython_outlook *o)
{
	char about[32];

	format_duration(about, o->estimate);
	doc_row(doc, (const char *[]){what, change, way_to_build(o), o->estimate ? about : NULL});
}

/* Upper bound, in ns. */
static uint64_t campaign_length(const struct study *s)
{
	const struct study_request *rq = s->request;
	uint64_t arms = n_planned(s) + (s->alone ? 2 : 3);
	uint64_t all = arms * rq->names->n * rq->rounds * BENCH_PROCESS_NS;
	uint64_t most = (uint64_t)rq->max_time * 60000000000ull;

	return most && most < all ? most : all;
}

static void add_not_flipped(struct doc *doc, const struct study *s)
{
	static const struct doc_column columns[] = {
		{"factor", 0}, {"change", 0}, {"why not", DOC_WRAP}};

	if (n_planned(s) < s->plan.n)
		doc_table(doc, "Not flipped", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < s->plan.n; i++) {
		const struct study_flip *flip = &s->plan.flips[i];
		CLEANUP_FREE char *change = change_of(flip);

		if (flip->why_not)
			doc_row(doc, (const char *[]){study_factor_words(flip->factor), change,
					     flip->why_not});
	}
}

void study_plan_page(struct doc *doc, const struct study *s)
{
	static const struct doc_column columns[] = {
		{"factor", DOC_WRAP}, {"change", DOC_WRAP}, {"how", 0}, {"about", DOC_RIGHT}};
	const struct study_request *rq = s->request;
	char length[32];

	doc_table(doc, "Builds", columns, ARRAY_SIZE(columns));
	add_build(doc, "B as it is", "none", &s->outlook[s->plan.n]);
	for (size_t i = 0; i < s->plan.n; i++) {
		const struct study_flip *flip = &s->plan.flips[i];
		CLEANUP_FREE char *change = change_of(flip);

		if (!flip->why_not)
			add_build(doc, study_factor_words(flip->factor), change, &s->outlook[i]);
	}
	add_not_flipped(doc, s);
	format_duration(length, campaign_length(s));
	doc_text(doc,
		"Then %zu Pythons are counted, %zu workload%s each, twice under valgrind; and timed, with a copy of A, in up to %u round%s: at most about %s on a quiet machine. Each factor's estimate is as if it were built first.",
		n_planned(s) + (s->alone ? 1 : 2), rq->names->n, plural(rq->names->n), rq->rounds,
		plural(rq->rounds), length);
}

/* ---- results ------------------------------------------------------------------------------- */

/* Percent of A's: (F - B) / A = (F / B - 1) * B / A. */
struct study_row {
	double instructions, cause; /* cause: the one the factor should move */
	double time, low, high;
	enum study_verdict verdict;
};

static struct study_row row_of(const struct study *s, const struct study_prediction *p,
	double cause, const struct study_time *t)
{
	double instructions = 100 * exp(-s->arms[0].predicted.all);
	double time = 100 * exp(-s->arms[0].measured.log);
	/* A cause's part of the total change that `all` stands for. */
	double mean = fabs(p->all) < 1e-12 ? 1 : expm1(p->all) / p->all;

	return (struct study_row){.instructions = expm1(p->all) * instructions,
		.cause = cause * mean * instructions,
		.time = expm1(t->log) * time,
		.low = expm1(t->low) * time,
		.high = expm1(t->high) * time,
		.verdict = s->result.copy == BENCH_GATE_PASSED
				   ? study_judge(p->all, t, s->bench->options.margin)
				   : STUDY_NOT_JUDGED};
}

static struct study_row row_of_flip(const struct study *s, size_t i)
{
	const struct study_arm *arm = &s->arms[s->arm_of[i]];

	return row_of(s, &arm->predicted, study_moved(&arm->predicted, s->plan.flips[i].factor),
		&arm->measured);
}

/* A row's numbers as text. */
struct study_cells {
	char instructions[32], cause[32], time[32], low[32], interval[80];
};

static void write_cells(struct study_cells *cells, const struct study_row *row)
{
	char high[32];

	format_change(cells->instructions, row->instructions);
	format_change(cells->cause, row->cause);
	format_change(cells->time, row->time);
	format_change(cells->low, row->low);
	format_change(high, row->high);
	snprintf(cells->interval, sizeof(cells->interval), "%s .. %s", cells->low, high);
}

/* "tls=initial-exec" */
static char *flip_name(const struct study_flip *flip)
{
	return xasprintf("%s=%s", study_factor_name(flip->factor), flip->to);
}

static void add_flips(struct doc *doc, const struct study *s)
{
	static const struct doc_column columns[] = {{"flipped", 0}, {"instructions", DOC_RIGHT},
		{"by its cause", DOC_RIGHT}, {"time", DOC_RIGHT}, {"interval", DOC_RIGHT},
		{"verdict", DOC_VERDICT}};
	static const struct chart_words words = {.title = "B with one factor flipped",
		.about = "The time of each build relative to B's, with its interval.",
		.less = "faster",
		.more = "slower"};
	struct chart_interval bars[STUDY_FLIPS_MAX];
	CLEANUP_STRV struct strv causes = STRV_INIT;
	CLEANUP_FREE char *all = NULL, *svg = NULL;
	size_t n = 0;

	doc_table(
		doc, "B with one factor flipped, in percent of A's", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < s->plan.n; i++) {
		const struct study_arm *arm = &s->arms[s->arm_of[i]];
		const struct study_row row = row_of_flip(s, i);
		enum study_factor factor = s->plan.flips[i].factor;
		CLEANUP_FREE char *name = flip_name(&s->plan.flips[i]);
		CLEANUP_FREE char *cause =
			xasprintf("%s: %s", study_factor_name(factor), study_moves_words(factor));
		struct study_cells c;

		if (!s->arm_of[i])
			continue;
		write_cells(&c, &row);
		doc_row(doc, (const char *[]){name, c.instructions, c.cause, c.time, c.interval,
				     study_verdict_name(row.verdict)});
		doc_cell_tone(doc, 5, study_verdict_tone(row.verdict));
		if (!strv_has(&causes, cause))
			strv_add(&causes, cause);
		bars[n++] = (struct chart_interval){.name = arm->name,
			.point = exp(arm->measured.log),
			.low = exp(arm->measured.low),
			.high = exp(arm->measured.high),
			.tone = study_verdict_tone(row.verdict)};
	}
	all = strv_join(&causes, "; ");
	doc_text(doc, "By its cause: what the factor should move. %s.", all);
	if (!n)
		return;
	svg = chart_forest(&words, bars, n, s->bench->options.margin);
	doc_picture(doc, svg, "Time relative to B. The band is what counts as equal.", false);
}

static void add_sum(struct doc *doc, const struct study *s)
{
	static const struct doc_column columns[] = {{"from B to A", DOC_WRAP},
		{"instructions", DOC_RIGHT}, {"time", DOC_RIGHT}, {"interval", DOC_RIGHT}};
	CLEANUP_STRV struct strv names = STRV_INIT;
	CLEANUP_FREE char *joined = NULL, *sum = NULL;

	for (size_t i = 0; i < s->plan.n; i++)
		if (s->plan.flips[i].summed && s->arm_of[i])
			strv_take(&names, flip_name(&s->plan.flips[i]));
	joined = strv_join(&names, ", ");
	sum = xasprintf("flips, each alone: %s", joined);
	doc_table(doc, "The sum of the flips, and the whole difference", columns,
		ARRAY_SIZE(columns));
	for (size_t i = names.n ? 0 : 2; i < 3; i++) {
		const struct study_row row =
			i == 0   ? row_of(s, &s->sum, 0, &s->sum_time)
			: i == 1 ? row_of(s, &s->rest, 0, &s->rest_time)
				 : row_of(s, &s->arms[0].predicted, 0, &s->arms[0].measured);
		const char *const titles[] = {sum, "the rest", "all: A - B"};
		struct study_cells c;

		write_cells(&c, &row);
		doc_row(doc, (const char *[]){titles[i], c.instructions, c.time, c.interval});
	}
	doc_text(doc, "%s Effects multiply: sum and rest give the whole by their product.",
		s->plan.towards
			? "The sum covers the flips that give B what A has; how libpython is linked is part of the rest."
			: "A does not say how it was built: summed is one flip of each factor.");
}

/* True if the flips start from a rebuild of B's recorded inputs, not from B itself. */
static bool is_rebuilt(const struct study *s)
{
	return s->base > (s->alone ? 0 : 1);
}

void study_page(struct doc *doc, const struct study *s)
{
	CLEANUP_BUF struct buf settings = BUF_INIT;

	doc_heading(doc, "Interventions");
	for (size_t f = 0; f < STUDY_N_FACTORS; f++)
		buf_addf(&settings, "%s%s=%s", f ? ", " : "", study_factor_name(f),
			cpython_option_get(&s->record.request.options,
				cpython_find_option(study_factor_name(f))));
	doc_fact(doc, "B has", settings.data);
	if (s->n_arms > s->base + 1)
		add_flips(doc, s);
	else
		doc_text(doc, "No factor could be flipped.");
	add_not_flipped(doc, s);
	if (!s->alone)
		add_sum(doc, s);
	if (is_rebuilt(s))
		doc_text(doc,
			"B is not what the same inputs give with this solder: flipped, and called B here, is what was built again.");
	if (s->result.copy != BENCH_GATE_PASSED)
		doc_text(doc, "No verdict: %s",
			s->result.copy_reason ? s->result.copy_reason : "there is no copy of A");
	for (size_t w = 0; w < s->bench->n_workloads; w++)
		if (s->result.why[w])
			doc_text(doc, "'%s' is left out: %s", s->bench->workloads[w].name,
				s->result.why[w]);
	doc_text(doc,
		"Times are from %u round%s, at %.2f %%. Where a build lacks the predicted effect, or has another, its layout differs or there is an unknown cause: a relink moves all code.",
		s->result.rounds, plural(s->result.rounds), 100 * s->result.alpha);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static json_t *outlook_json(const struct cpython_outlook *o)
{
	return json_pack("{s:s, s:I, s:I}", "how", way_to_build(o), "steps", (json_int_t)o->steps,
		"estimate_ns", (json_int_t)o->estimate);
}

static json_t *flip_json(const struct study *s, size_t i)
{
	const struct study_flip *flip = &s->plan.flips[i];

	return json_pack("{s:s, s:s, s:s, s:s?, s:b, s:o*}", "factor",
		study_factor_name(flip->factor), "from", flip->from, "to", flip->to, "why_not",
		flip->why_not, "summed", flip->summed, "build",
		flip->why_not ? NULL : outlook_json(&s->outlook[i]));
}

json_t *study_plan_json(const struct study *s)
{
	json_t *flips = json_array();

	for (size_t i = 0; i < s->plan.n; i++)
		json_array_append_new(flips, flip_json(s, i));
	return json_pack("{s:o, s:o, s:b, s:I}", "base", outlook_json(&s->outlook[s->plan.n]),
		"flips", flips, "sum_leads_to_a", s->plan.towards, "campaign_at_most_ns",
		(json_int_t)campaign_length(s));
}

/* Adds the prediction and the measurement, relative to B. */
static json_t *with_both(const struct study_prediction *p, const struct study_time *t, json_t *o)
{
	json_t *causes = json_object();

	for (size_t c = 0; c < EXPLAIN_N_CAUSES; c++)
		if (p->causes[c] != 0)
			json_object_set_new(causes, explain_cause_name(c), json_real(p->causes[c]));
	json_object_set_new(o, "instructions",
		json_pack("{s:f, s:f, s:o}", "ratio", exp(p->all), "log", p->all, "causes_log",
			causes));
	json_object_set_new(o, "time",
		json_pack("{s:f, s:f, s:f}", "ratio", exp(t->log), "low", exp(t->low), "high",
			exp(t->high)));
	return o;
}

json_t *study_json(const struct study *s)
{
	const struct study_arm *a = &s->arms[0];
	json_t *o, *flips = json_array();

	for (size_t i = 0; i < s->plan.n; i++) {
		const struct study_arm *arm = &s->arms[s->arm_of[i]];
		json_t *flip = flip_json(s, i);

		if (s->arm_of[i]) {
			with_both(&arm->predicted, &arm->measured, flip);
			json_object_set_new(flip, "verdict",
				json_string(study_verdict_name(row_of_flip(s, i).verdict)));
		}
		json_array_append_new(flips, flip);
	}
	o = json_pack("{s:b, s:o}", "rebuilt", is_rebuilt(s), "flips", flips);
	if (!s->alone) {
		json_object_set_new(o, "sum_leads_to_a", json_boolean(s->plan.towards));
		json_object_set_new(o, "sum", with_both(&s->sum, &s->sum_time, json_object()));
		json_object_set_new(o, "rest", with_both(&s->rest, &s->rest_time, json_object()));
		json_object_set_new(
			o, "whole", with_both(&a->predicted, &a->measured, json_object()));
	}
	json_object_set_new(o, "campaign", bench_result_json(s->bench, &s->result));
	return o;
}
