/* Two campaigns beside each other. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cmd/bench-internal.h"
#include "cmd/cmd.h"

static const char *sameness(const char *before, const char *after)
{
	return !before || !after ? "unknown" : strcmp(before, after) ? "another" : "the same";
}

static void add_gate(struct doc *doc, const char *which, const struct bench_result *r)
{
	doc_text(
		doc, "A/A gate of the %s %s: %s.", which, bench_gate_name(r->copy), r->copy_reason);
	if (r->slowed != BENCH_GATE_NONE)
		doc_text(doc, "Slowdown gate of the %s %s: %s.", which, bench_gate_name(r->slowed),
			r->slowed_reason);
}

static void add_facts(struct doc *doc, const struct bench *before, const struct bench *after,
	const struct bench_comparison *c, const struct strv *files)
{
	CLEANUP_FREE char *workloads = xasprintf("%zu in common, of %zu and %zu", c->n_workloads,
		before->n_workloads, after->n_workloads);
	CLEANUP_FREE char *rounds = xasprintf("%u and %u", c->before.rounds, c->after.rounds);
	CLEANUP_FREE char *level = xasprintf("%g %%", 100 * before->options.alpha);

	doc_fact(doc, "first", files->v[0]);
	doc_fact(doc, "second", files->v[1]);
	doc_fact(doc, "reference", before->arms[0].name);
	doc_fact(doc, "its file in the second",
		sameness(before->arms[0].sha256, after->arms[0].sha256));
	doc_fact(doc, "time",
		before->options.measure == BENCH_WALL ? "wall clock" : "user + system");
	doc_fact(doc, "workloads", workloads);
	doc_fact(doc, "rounds", rounds);
	doc_fact(doc, "level", level);
}

static void add_row(
	struct doc *doc, const char *name, const char *file, const struct bench_change *ch)
{
	CLEANUP_FREE char *before = xasprintf("%.4f", ch->before);
	CLEANUP_FREE char *after = xasprintf("%.4f", ch->after);
	CLEANUP_FREE char *ratio = xasprintf("%.4f", ch->ratio);
	CLEANUP_FREE char *p = xasprintf("%.3g", ch->adjusted);
	CLEANUP_FREE char *interval = bench_interval_text(ch->interval);
	const char *verdict = bench_verdict_name(ch->verdict);
	const char *arm[] = {name, file, before, after, ratio, interval, verdict};
	const char *workload[] = {name, before, after, ratio, interval, p, verdict};

	doc_row(doc, file ? arm : workload);
	doc_cell_tone(doc, 6, bench_verdict_tone(ch->verdict));
}

static void add_arms(struct doc *doc, const struct bench *before, const struct bench *after,
	const struct bench_comparison *c)
{
	static const struct doc_column columns[] = {{"arm", 0}, {"its file", 0},
		{"first", DOC_RIGHT}, {"second", DOC_RIGHT}, {"change", DOC_RIGHT},
		{"interval", DOC_RIGHT}, {"in the second", DOC_VERDICT}};

	doc_table(doc, "Time relative to the reference, in both campaigns", columns,
		ARRAY_SIZE(columns));
	for (size_t i = 0; i < c->n_arms; i++) {
		const struct bench_arm *first = &before->arms[c->arms[i].before];
		const struct bench_arm *second = &after->arms[c->arms[i].after];

		add_row(doc, first->name, sameness(first->sha256, second->sha256),
			&c->arms[i].suite);
	}
}

static void add_workloads(struct doc *doc, const struct bench *before,
	const struct bench_comparison *c, const struct bench_arm_changes *arm, bool all)
{
	static const struct doc_column columns[] = {{"workload", 0}, {"first", DOC_RIGHT},
		{"second", DOC_RIGHT}, {"change", DOC_RIGHT}, {"interval", DOC_RIGHT},
		{"p", DOC_RIGHT}, {"in the second", DOC_VERDICT}};
	CLEANUP_FREE char *caption = xasprintf("%s, %s", before->arms[arm->before].name,
		all ? "every workload" : "workloads that changed");
	bool begun = false;

	for (size_t i = 0; i < c->n_workloads; i++) {
		const struct bench_change *ch = &arm->workloads[i];

		if (!all && ch->verdict != BENCH_FASTER && ch->verdict != BENCH_SLOWER)
			continue;
		if (!begun)
			doc_table(doc, caption, columns, ARRAY_SIZE(columns));
		begun = true;
		add_row(doc, before->workloads[c->workload_before[i]].name, NULL, ch);
	}
}

/* Workloads of both campaigns that are not compared, each once. */
static void add_left_out(struct doc *doc, const struct bench *before, const struct bench *after,
	const struct bench_comparison *c)
{
	static const struct doc_column columns[] = {{"workload", 0}, {"why", DOC_WRAP}};
	bool begun = false;

	for (size_t w = 0; w < before->n_workloads + after->n_workloads; w++) {
		bool first = w < before->n_workloads;
		size_t i = first ? w : w - before->n_workloads;
		const struct bench *b = first ? before : after;
		const char *why = first ? c->before.why[i] : c->after.why[i];
		const char *cells[] = {b->workloads[i].name, why};
		bool seen = false;

		for (size_t k = 0; !first && k < before->n_workloads; k++)
			seen = seen || !strcmp(before->workloads[k].name, b->workloads[i].name);
		if (!why || seen)
			continue;
		if (!begun)
			doc_table(doc, "Not compared", columns, ARRAY_SIZE(columns));
		begun = true;
		doc_row(doc, cells);
	}
}

/* The answer for one arm, before anything else. */
static void add_headline(struct doc *doc, const struct bench *before,
	const struct bench_comparison *c, const struct bench_arm_changes *arm, const char *first,
	const char *second)
{
	const struct bench_change *ch = &arm->suite;
	const char *name = before->arms[arm->before].name;
	bool slower = ch->verdict == BENCH_SLOWER;
	CLEANUP_FREE char *change = bench_change_text(slower ? ch->ratio : 2 - ch->ratio);
	CLEANUP_FREE char *range = bench_range_text(ch->interval, slower);
	CLEANUP_FREE char *interval = bench_interval_text(ch->interval);

	if (slower || ch->verdict == BENCH_FASTER)
		doc_text(doc, "%s is %s %s in %s than in %s (%s), %u of %zu %s.", name, change,
			bench_verdict_name(ch->verdict), second, first, range, arm->different,
			c->n_workloads, c->n_workloads == 1 ? "workload" : "workloads");
	else if (ch->verdict == BENCH_EQUAL)
		doc_text(doc, "%s is as fast in %s as in %s: %.4f of its time (%s).", name, second,
			first, ch->ratio, interval);
	else
		doc_text(doc,
			"It is undecided whether %s is faster or slower in %s than in %s: %.4f of "
			"its time (%s).",
			name, second, first, ch->ratio, interval);
}

static void add_forest(struct doc *doc, const struct bench *before,
	const struct bench_comparison *c, const struct bench_arm_changes *arm)
{
	CLEANUP_FREE struct chart_interval *rows = xcalloc(c->n_workloads + 1, sizeof(*rows));
	CLEANUP_FREE char *title = xasprintf("Change of %s", before->arms[arm->before].name);
	const struct chart_words words = {.title = title,
		.about = "How each workload's ratio to the reference has changed from the first "
			 "campaign to the second, with the interval, and that of the suite.",
		.less = "faster in the second",
		.more = "slower in the second"};
	CLEANUP_FREE char *svg = NULL;

	for (size_t i = 0; i <= c->n_workloads; i++) {
		bool suite = i == c->n_workloads;
		const struct bench_change *ch = suite ? &arm->suite : &arm->workloads[i];

		rows[i] = (struct chart_interval){
			.name = suite ? "this suite"
				      : before->workloads[c->workload_before[i]].name,
			.point = ch->ratio,
			.low = ch->interval.low,
			.high = ch->interval.high,
			.tone = bench_verdict_tone(ch->verdict),
			.summary = suite};
	}
	svg = chart_forest(&words, rows, c->n_workloads + 1, before->options.margin);
	doc_picture(doc, svg, "Each workload with its interval; the band is what counts as equal.",
		false);
}

/* What a campaign is called: the file, without its folder if that tells them apart. */
static const char *name_of(const struct strv *files, size_t i)
{
	return strcmp(path_base(files->v[0]), path_base(files->v[1])) ? path_base(files->v[i])
								      : files->v[i];
}

static struct doc *make_doc(const struct bench *before, const struct bench *after,
	const struct bench_comparison *c, const struct strv *files, bool all)
{
	const char *first = name_of(files, 0), *second = name_of(files, 1);
	CLEANUP_FREE char *title = xasprintf("solder bench: %s against %s", second, first);
	struct doc *doc = doc_new(title);

	for (size_t i = 0; c->verdicts && i < c->n_arms; i++) {
		if (before->arms[c->arms[i].before].role == BENCH_ROLE_ARM)
			add_headline(doc, before, c, &c->arms[i], first, second);
	}
	if (!c->verdicts)
		doc_text(doc, "No verdict is given: a campaign did not pass its gates.");
	add_arms(doc, before, after, c);
	add_gate(doc, "first", &c->before);
	add_gate(doc, "second", &c->after);
	for (size_t i = 0; i < c->n_arms; i++) {
		if (all && before->arms[c->arms[i].before].role == BENCH_ROLE_ARM)
			add_forest(doc, before, c, &c->arms[i]);
	}
	for (size_t i = 0; i < c->n_arms; i++)
		add_workloads(doc, before, c, &c->arms[i], all);
	add_left_out(doc, before, after, c);
	doc_heading(doc, "What was compared");
	add_facts(doc, before, after, c, files);
	return doc;
}

int bench_show_comparison(struct bench *before, struct bench *after, const struct strv *files,
	const struct bench_view *view, struct err *err)
{
	CLEANUP_BENCH_COMPARISON struct bench_comparison c = {0};
	CLEANUP_DOC struct doc *text = NULL;

	if (bench_compare(before, after, &c, err) < 0)
		return -1;
	text = make_doc(before, after, &c, files, view->all);
	if (view->json) {
		json_t *j = bench_comparison_json(before, after, &c);

		report_json("solder-bench-comparison", j, stdout);
		json_decref(j);
	} else {
		cmd_print(text);
	}
	if (view->html) {
		CLEANUP_DOC struct doc *page = make_doc(before, after, &c, files, true);

		if (doc_save_html(page, view->html, err) < 0)
			return -1;
	}
	if (!c.verdicts)
		return err_set(
			err, ERR_ENVIRONMENT, "no verdict: a campaign did not pass its gates");
	for (size_t i = 0; i < c.n_arms; i++) {
		if (before->arms[c.arms[i].before].role == BENCH_ROLE_ARM &&
			c.arms[i].suite.verdict == BENCH_SLOWER)
			return 1;
	}
	return 0;
}
