/* What solder explain --intervene shows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/study.h"

static char *change_of(const struct intervene_flip *flip)
{
	return xasprintf("%s to %s", flip->from, flip->to);
}

/* ---- the plan ------------------------------------------------------------------------------ */

/* Counterfactuals that will take part, if all can be built. */
static size_t n_planned(const struct intervention *iv)
{
	size_t n = 0;

	for (size_t i = 0; i < iv->plan.n; i++)
		n += !iv->plan.flips[i].why_not;
	return n;
}

static const char *how(const struct cpython_outlook *o)
{
	return o->compiles ? "compile" : o->steps ? "link" : "in the cache";
}

static void add_plan_row(
	struct doc *doc, const char *what, const char *change, const struct cpython_outlook *o)
{
	char about[32] = "";
	const char *cells[] = {what, change, how(o), *about ? about : NULL};

	if (o->estimate) {
		format_duration(about, o->estimate);
		cells[3] = about;
	}
	doc_row(doc, cells);
}

static uint64_t campaign_length(const struct intervention *iv)
{
	const struct intervene_request *rq = iv->request;
	uint64_t arms = n_planned(iv) + (iv->alone ? 2 : 3);
	uint64_t all = arms * rq->names->n * rq->rounds * BENCH_PROCESS_NS;
	uint64_t most = (uint64_t)rq->max_time * 60000000000ull;

	return most && most < all ? most : all;
}

static void add_not_flipped(struct doc *doc, const struct intervention *iv)
{
	static const struct doc_column columns[] = {
		{"factor", 0}, {"change", 0}, {"why not", DOC_WRAP}};
	bool begun = false;

	for (size_t i = 0; i < iv->plan.n; i++) {
		const struct intervene_flip *flip = &iv->plan.flips[i];
		CLEANUP_FREE char *change = change_of(flip);
		const char *cells[] = {intervene_words(flip->factor), change, flip->why_not};

		if (!flip->why_not)
			continue;
		if (!begun)
			doc_table(doc, "Not flipped", columns, ARRAY_SIZE(columns));
		begun = true;
		doc_row(doc, cells);
	}
}

void intervene_plan_page(struct doc *doc, const struct intervention *iv)
{
	static const struct doc_column columns[] = {
		{"factor", 0}, {"change", 0}, {"how", 0}, {"about", DOC_RIGHT}};
	const struct intervene_request *rq = iv->request;
	size_t n = n_planned(iv);
	char length[32];

	doc_table(doc, "Builds", columns, ARRAY_SIZE(columns));
	add_plan_row(doc, "B as it is", "none", &iv->outlook[iv->plan.n]);
	for (size_t i = 0; i < iv->plan.n; i++) {
		const struct intervene_flip *flip = &iv->plan.flips[i];
		CLEANUP_FREE char *change = change_of(flip);

		if (!flip->why_not)
			add_plan_row(doc, intervene_words(flip->factor), change, &iv->outlook[i]);
	}
	add_not_flipped(doc, iv);
	format_duration(length, campaign_length(iv));
	doc_text(doc,
		"Then %zu Pythons are counted, %zu workload%s each, twice under valgrind; and "
		"timed, with a copy of A, in up to %u round%s: at most about %s on a quiet "
		"machine. Each factor's estimate is as if it were built first.",
		n + (iv->alone ? 1 : 2), rq->names->n, plural(rq->names->n), rq->rounds,
		plural(rq->rounds), length);
}

/* ---- results ------------------------------------------------------------------------------- */

/* Shares of A's: (F - B) / A = (F / B - 1) * B / A. */
struct scale {
	double instructions, time;
};

static struct scale scale_of(const struct intervention *iv)
{
	return (struct scale){exp(-iv->arms[0].predicted.all), exp(-iv->arms[0].measured.log)};
}

/* A cause's part of what `all` amounts to. */
static double part(double log_part, double log_all, double scale)
{
	double mean = fabs(log_all) < 1e-12 ? 1 : expm1(log_all) / log_all;

	return 100 * log_part * mean * scale;
}

static double percent(double log, double scale)
{
	return 100 * expm1(log) * scale;
}

struct shown {
	double instructions, cause; /* cause is NAN where there is none */
	double time, low, high;
	const char *verdict;
	enum doc_tone tone;
};

static struct shown shown_of(const struct intervention *iv, const struct intervene_prediction *p,
	double cause, const struct intervene_time *t)
{
	struct scale scale = scale_of(iv);
	bool judged = iv->result.copy == BENCH_GATE_PASSED;
	enum intervene_verdict verdict = intervene_judge(p->all, t, iv->bench->options.margin);

	return (struct shown){.instructions = percent(p->all, scale.instructions),
		.cause = part(cause, p->all, scale.instructions),
		.time = percent(t->log, scale.time),
		.low = percent(t->low, scale.time),
		.high = percent(t->high, scale.time),
		.verdict = judged ? intervene_verdict_name(verdict) : "no verdict",
		.tone = judged ? intervene_verdict_tone(verdict) : DOC_PLAIN};
}

static struct shown shown_flip(const struct intervention *iv, size_t i)
{
	const struct intervene_arm *arm = &iv->arms[iv->arm_of[i]];

	return shown_of(iv, &arm->predicted,
		intervene_moved(&arm->predicted, iv->plan.flips[i].factor), &arm->measured);
}

struct number {
	char text[80];
};

static const char *signed_percent(struct number *n, double value)
{
	if (isnan(value))
		return NULL;
	format_change(n->text, value);
	return n->text;
}

static const char *interval(struct number *n, const struct shown *s)
{
	char low[32], high[32];

	format_change(low, s->low);
	format_change(high, s->high);
	snprintf(n->text, sizeof(n->text), "%s .. %s", low, high);
	return n->text;
}

/* "tls=initial-exec" */
static char *flip_name(const struct intervene_flip *flip)
{
	return xasprintf("%s=%s", intervene_name(flip->factor), flip->to);
}

/* What each factor that was flipped should move. */
static void add_causes(struct doc *doc, const struct intervention *iv)
{
	CLEANUP_STRV struct strv words = STRV_INIT;
	CLEANUP_FREE char *all = NULL;

	for (size_t i = 0; i < iv->plan.n; i++) {
		enum intervene_factor factor = iv->plan.flips[i].factor;
		CLEANUP_FREE char *word =
			xasprintf("%s: %s", intervene_name(factor), intervene_moves_words(factor));

		if (iv->arm_of[i] && !strv_has(&words, word))
			strv_add(&words, word);
	}
	all = strv_join(&words, "; ");
	doc_text(doc, "By its cause: what the factor should move. %s.", all);
}

static void add_flips(struct doc *doc, const struct intervention *iv)
{
	static const struct doc_column columns[] = {{"flipped", 0}, {"instructions", DOC_RIGHT},
		{"by its cause", DOC_RIGHT}, {"time", DOC_RIGHT}, {"interval", DOC_RIGHT},
		{"verdict", DOC_VERDICT}};

	doc_table(
		doc, "B with one factor flipped, in percent of A's", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < iv->plan.n; i++) {
		CLEANUP_FREE char *name = flip_name(&iv->plan.flips[i]);
		const struct shown s = shown_flip(iv, i);
		struct number n[4];
		const char *cells[] = {name, signed_percent(&n[0], s.instructions),
			signed_percent(&n[1], s.cause), signed_percent(&n[2], s.time),
			interval(&n[3], &s), s.verdict};

		if (!iv->arm_of[i])
			continue;
		doc_row(doc, cells);
		doc_cell_tone(doc, 5, s.tone);
	}
	add_causes(doc, iv);
}

static void add_picture(struct doc *doc, const struct intervention *iv)
{
	static const struct chart_words words = {.title = "B with one factor flipped",
		.about = "The time of each build relative to B's, with its interval.",
		.less = "faster",
		.more = "slower"};
	struct chart_interval rows[INTERVENE_FLIPS_MAX];
	CLEANUP_FREE char *svg = NULL;
	size_t n = 0;

	for (size_t i = 0; i < iv->plan.n; i++) {
		const struct intervene_arm *arm = &iv->arms[iv->arm_of[i]];

		if (iv->arm_of[i])
			rows[n++] = (struct chart_interval){.name = arm->name,
				.point = exp(arm->measured.log),
				.low = exp(arm->measured.low),
				.high = exp(arm->measured.high),
				.tone = shown_flip(iv, i).tone};
	}
	if (!n)
		return;
	svg = chart_forest(&words, rows, n, iv->bench->options.margin);
	doc_picture(doc, svg, "Time relative to B. The band is what counts as equal.", false);
}

/* Which flips are summed; "" if none is. */
static char *summed_words(const struct intervention *iv)
{
	CLEANUP_STRV struct strv words = STRV_INIT;

	for (size_t i = 0; i < iv->plan.n; i++)
		if (iv->plan.flips[i].summed && iv->arm_of[i])
			strv_take(&words, flip_name(&iv->plan.flips[i]));
	return strv_join(&words, ", ");
}

static void add_sum(struct doc *doc, const struct intervention *iv)
{
	static const struct doc_column columns[] = {{"from B to A", DOC_WRAP},
		{"instructions", DOC_RIGHT}, {"time", DOC_RIGHT}, {"interval", DOC_RIGHT}};
	CLEANUP_FREE char *names = summed_words(iv);
	CLEANUP_FREE char *sum = xasprintf("flips, each alone: %s", *names ? names : "none");
	const struct {
		const char *what;
		const struct intervene_prediction *p;
		const struct intervene_time *t;
	} rows[] = {{sum, &iv->sum, &iv->sum_time}, {"the rest", &iv->rest, &iv->rest_time},
		{"all: A - B", &iv->arms[0].predicted, &iv->arms[0].measured}};

	doc_table(doc, "The sum of the flips, and the whole difference", columns,
		ARRAY_SIZE(columns));
	for (size_t i = *names ? 0 : 2; i < ARRAY_SIZE(rows); i++) {
		const struct shown s = shown_of(iv, rows[i].p, NAN, rows[i].t);
		struct number n[3];
		const char *cells[] = {rows[i].what, signed_percent(&n[0], s.instructions),
			signed_percent(&n[1], s.time), interval(&n[2], &s)};

		doc_row(doc, cells);
	}
	doc_text(doc, "%s Effects multiply: sum and rest give the whole by their product.",
		iv->plan.towards
			? "Summed are the flips that give B what A has; how libpython is linked "
			  "is in the rest."
			: "A does not say how it was built: summed is one flip of each factor.");
}

static void add_doubts(struct doc *doc, const struct intervention *iv)
{
	if (iv->base > 1 || (iv->alone && iv->base))
		doc_text(doc,
			"B is not what the same inputs give with this solder: flipped, and called "
			"B here, is what was built again.");
	if (iv->result.copy != BENCH_GATE_PASSED)
		doc_text(doc, "No verdict: %s",
			iv->result.copy_reason ? iv->result.copy_reason : "there is no copy of A");
	for (size_t w = 0; w < iv->bench->n_workloads; w++)
		if (iv->result.why[w])
			doc_text(doc, "'%s' is left out: %s", iv->bench->workloads[w].name,
				iv->result.why[w]);
	doc_text(doc,
		"Time is of %u round%s, at %.2f %%. A build without the predicted effect, or with "
		"another, is of another layout, or there is a cause that is not known: a relink "
		"moves all code.",
		iv->result.rounds, plural(iv->result.rounds), 100 * iv->result.alpha);
}

/* What was flipped, from where. */
static void add_settings(struct doc *doc, const struct intervention *iv)
{
	const struct cpython_options *o = &iv->record.request.options;
	CLEANUP_BUF struct buf all = BUF_INIT;

	for (size_t f = 0; f < INTERVENE_N_FACTORS; f++)
		buf_addf(&all, "%s%s=%s", f ? ", " : "", intervene_name(f),
			cpython_option_get(o, cpython_find_option(intervene_name(f))));
	doc_fact(doc, "B has", all.data);
}

void intervene_page(struct doc *doc, const struct intervention *iv)
{
	doc_heading(doc, "Interventions");
	add_settings(doc, iv);
	if (iv->n_arms > iv->base + 1) {
		add_flips(doc, iv);
		add_picture(doc, iv);
	} else {
		doc_text(doc, "No factor could be flipped.");
	}
	add_not_flipped(doc, iv);
	if (!iv->alone)
		add_sum(doc, iv);
	add_doubts(doc, iv);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static json_t *outlook_json(const struct cpython_outlook *o)
{
	return json_pack("{s:s, s:I, s:I}", "how", how(o), "steps", (json_int_t)o->steps,
		"estimate_ns", (json_int_t)o->estimate);
}

static json_t *flip_json(const struct intervention *iv, size_t i)
{
	const struct intervene_flip *flip = &iv->plan.flips[i];
	json_t *o = json_pack("{s:s, s:s, s:s, s:s?, s:b}", "factor", intervene_name(flip->factor),
		"from", flip->from, "to", flip->to, "why_not", flip->why_not, "summed",
		flip->summed);

	if (!flip->why_not)
		json_object_set_new(o, "build", outlook_json(&iv->outlook[i]));
	return o;
}

json_t *intervene_plan_json(const struct intervention *iv)
{
	json_t *flips = json_array();

	for (size_t i = 0; i < iv->plan.n; i++)
		json_array_append_new(flips, flip_json(iv, i));
	return json_pack("{s:o, s:o, s:b, s:I}", "base", outlook_json(&iv->outlook[iv->plan.n]),
		"flips", flips, "sum_leads_to_a", iv->plan.towards, "campaign_at_most_ns",
		(json_int_t)campaign_length(iv));
}

static json_t *time_json(const struct intervene_time *t)
{
	return json_pack(
		"{s:f, s:f, s:f}", "ratio", exp(t->log), "low", exp(t->low), "high", exp(t->high));
}

static json_t *prediction_json(const struct intervene_prediction *p)
{
	json_t *causes = json_object();

	for (size_t c = 0; c < EXPLAIN_N_CAUSES; c++)
		if (p->causes[c] != 0)
			json_object_set_new(causes, explain_cause_name(c), json_real(p->causes[c]));
	return json_pack(
		"{s:f, s:f, s:o}", "ratio", exp(p->all), "log", p->all, "causes_log", causes);
}

/* Ratios are to B. */
static json_t *both_json(
	const struct intervene_prediction *p, const struct intervene_time *t, json_t *o)
{
	json_object_set_new(o, "instructions", prediction_json(p));
	json_object_set_new(o, "time", time_json(t));
	return o;
}

json_t *intervene_json(const struct intervention *iv)
{
	json_t *o = json_object(), *flips = json_array();

	for (size_t i = 0; i < iv->plan.n; i++) {
		json_t *flip = flip_json(iv, i);
		const struct intervene_arm *arm = &iv->arms[iv->arm_of[i]];

		if (iv->arm_of[i]) {
			both_json(&arm->predicted, &arm->measured, flip);
			json_object_set_new(
				flip, "verdict", json_string(shown_flip(iv, i).verdict));
		}
		json_array_append_new(flips, flip);
	}
	json_object_set_new(o, "rebuilt", json_boolean(iv->base > (iv->alone ? 0 : 1)));
	json_object_set_new(o, "flips", flips);
	if (!iv->alone) {
		json_object_set_new(o, "sum_leads_to_a", json_boolean(iv->plan.towards));
		json_object_set_new(o, "sum", both_json(&iv->sum, &iv->sum_time, json_object()));
		json_object_set_new(o, "rest", both_json(&iv->rest, &iv->rest_time, json_object()));
		json_object_set_new(o, "whole",
			both_json(&iv->arms[0].predicted, &iv->arms[0].measured, json_object()));
	}
	json_object_set_new(o, "campaign", bench_result_json(iv->bench, &iv->result));
	return o;
}
