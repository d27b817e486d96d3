/* A campaign as a document: the answer first, then arms, gates and workloads, and finally how it
 * was measured. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "bench/bench-internal.h"
#include "report/json.h"

/* Enough digits of a digest to tell files apart. */
#define DIGITS 12
/* With more arms, their workload tables are folded on a page. */
#define ARMS_UNFOLDED 4

/* ---- words --------------------------------------------------------------------------------- */

char *page_interval(struct bench_interval i)
{
	return isfinite(i.high) ? xasprintf("%.4f to %.4f", i.low, i.high) : xstrdup("unknown");
}

/* A ratio as a change without direction: "5.1 %", or "2.24 times" from twice on; the caller frees
 * it. */
static char *change_text(double ratio)
{
	double percent = round(1000 * fabs(ratio - 1)) / 10;

	return ratio >= 2 ? xasprintf("%.2f times", ratio) : xasprintf("%.1f %%", percent);
}

/* An interval in one direction: "4.9 to 5.2"; the caller frees it. */
static char *range_text(struct bench_interval i, bool slower)
{
	double low = slower ? i.low - 1 : 1 - i.high, high = slower ? i.high - 1 : 1 - i.low;

	return slower && i.high >= 2 ? xasprintf("%.2f to %.2f", i.low, i.high)
				     : xasprintf("%.1f to %.1f", 100 * low, 100 * high);
}

/* Formats ns as "1.23 ms"; the caller frees it. */
static char *time_text(double ns)
{
	static const char *const units[] = {"ns", "µs", "ms", "s"};
	size_t u = 0;

	for (; ns >= 1000 && u + 1 < ARRAY_SIZE(units); u++)
		ns /= 1000;
	return xasprintf("%.3g %s", ns, units[u]);
}

static const char *machine_text(const struct bench *b, const char *key)
{
	return json_word(b->machine, key);
}

/* Creates a document with the compared arms in its title. */
static struct doc *doc_of_arms(const struct bench *b, const char *prefix)
{
	CLEANUP_STRV struct strv arms = STRV_INIT;
	CLEANUP_FREE char *names = NULL, *title = NULL;

	for (size_t a = 0; a < b->n_arms; a++) {
		if (b->arms[a].role == BENCH_ROLE_ARM)
			strv_add(&arms, b->arms[a].name);
	}
	names = strv_join(&arms, ", ");
	title = xasprintf("solder bench: %s%s", prefix, names);
	return doc_new(title);
}

void page_add_why(
	struct doc *doc, const char *caption, bool *begun, const char *workload, const char *why)
{
	static const struct doc_column columns[] = {{"workload", 0}, {"why", DOC_WRAP}};

	if (!why)
		return;
	if (!*begun)
		doc_table(doc, caption, columns, ARRAY_SIZE(columns));
	*begun = true;
	doc_row(doc, (const char *[]){workload, why});
}

/* ---- one campaign -------------------------------------------------------------------------- */

/* The answer for one arm. */
static void add_headline(
	struct doc *doc, const struct bench *b, const struct bench_result *r, size_t a)
{
	const struct bench_arm_result *arm = &r->arms[a];
	const char *name = b->arms[a].name, *reference = b->arms[0].name;
	const char *verdict = bench_verdict_name(arm->verdict);
	bool slower = arm->verdict == BENCH_SLOWER;
	CLEANUP_FREE char *change = change_text(slower ? arm->ratio : 2 - arm->ratio);
	CLEANUP_FREE char *range = range_text(arm->suite, slower);
	CLEANUP_FREE char *noise = change_text(exp(r->noise));
	CLEANUP_FREE char *least = change_text(arm->at_least);

	if (arm->at_least > 0)
		doc_text(doc,
			"%s is %s than %s by at least %s: it measures as %.4f, and the noise that the gate shows (%s) does not change that.",
			name, verdict, reference, least, arm->ratio, noise);
	else if (stats_differs(arm->verdict))
		doc_text(doc, "%s is %s %s than %s (%s), %u of %zu workload%s.", name, change,
			verdict, reference, range, arm->different, r->counting,
			plural(r->counting));
	else if (arm->verdict == BENCH_EQUAL)
		doc_text(doc, "%s is as fast as %s: %.4f of its time (%.4f to %.4f).", name,
			reference, arm->ratio, arm->suite.low, arm->suite.high);
	else if (arm->verdict == BENCH_UNDECIDED)
		doc_text(doc,
			"It is undecided whether %s is faster or slower than %s: %.4f of its time (%.4f to %.4f).",
			name, reference, arm->ratio, arm->suite.low, arm->suite.high);
	else
		doc_text(doc,
			"No verdict on %s: it measures as %.4f of %s's time, which is within the noise (%s).",
			name, arm->ratio, reference,
			isfinite(r->noise) ? noise : "unknown without a copy");
}

static void add_arms(struct doc *doc, const struct bench *b, const struct bench_result *r)
{
	static const struct doc_column columns[] = {{"arm", 0}, {"Python", 0}, {"link", 0},
		{"ratio", DOC_RIGHT}, {"this suite", DOC_RIGHT}, {"other programs", DOC_RIGHT},
		{"differ", DOC_RIGHT}, {"verdict", DOC_VERDICT}};

	doc_table(doc, "Time relative to the reference; lower is faster", columns,
		ARRAY_SIZE(columns));
	for (size_t a = 0; a < b->n_arms; a++) {
		const struct bench_arm_result *arm = &r->arms[a];
		CLEANUP_FREE char *ratio = xasprintf("%.4f", arm->ratio);
		CLEANUP_FREE char *suite = page_interval(arm->suite);
		CLEANUP_FREE char *general = page_interval(arm->general);
		CLEANUP_FREE char *differ = xasprintf("%u of %zu", arm->different, r->counting);
		const char *cells[] = {b->arms[a].name, b->arms[a].version, b->arms[a].link, ratio,
			a ? suite : NULL, a ? general : NULL, a ? differ : NULL,
			a ? bench_verdict_name(arm->verdict) : "reference"};

		if (b->arms[a].role != BENCH_ROLE_ARM)
			continue;
		doc_row(doc, cells);
		if (a)
			doc_cell_tone(doc, 7, bench_verdict_tone(arm->verdict));
	}
}

static void add_workloads(
	struct doc *doc, const struct bench *b, const struct bench_result *r, size_t a, bool all)
{
	static const struct doc_column columns[] = {{"workload", 0}, {"one loop", DOC_RIGHT},
		{"ratio", DOC_RIGHT}, {"interval", DOC_RIGHT}, {"p", DOC_RIGHT},
		{"minima", DOC_RIGHT}, {"verdict", DOC_VERDICT}};
	CLEANUP_FREE char *caption = xasprintf(
		"%s, %s", b->arms[a].name, all ? "every workload" : "workloads that differ");
	bool begun = false;

	for (size_t w = 0; w < b->n_workloads; w++) {
		const struct bench_cell *c = &r->arms[a].cells[w];
		CLEANUP_FREE char *loop = time_text(c->time);
		CLEANUP_FREE char *ratio = xasprintf("%.4f", c->ratio);
		CLEANUP_FREE char *interval = page_interval(c->interval);
		CLEANUP_FREE char *p = xasprintf("%.3g", c->adjusted);
		CLEANUP_FREE char *minima = xasprintf("%.4f", c->minima);

		if (r->why[w] || (!all && !stats_differs(c->verdict)))
			continue;
		if (!begun)
			doc_table(doc, caption, columns, ARRAY_SIZE(columns));
		begun = true;
		doc_row(doc, (const char *[]){b->workloads[w].name, loop, ratio, interval, p,
				     minima, bench_verdict_name(c->verdict)});
		doc_cell_tone(doc, 6, bench_verdict_tone(c->verdict));
	}
	if (begun && bench_named(b) > ARMS_UNFOLDED)
		doc_fold(doc);
}

static void add_notes(struct doc *doc, const struct bench *b)
{
	for (size_t a = 0; a < b->n_arms; a++) {
		if (b->arms[a].note)
			doc_text(doc, "%s: %s", b->arms[a].name, b->arms[a].note);
		if (b->arms[a].n_links && b->arms[a].role == BENCH_ROLE_ARM)
			doc_text(doc, "%s: %zu links of its objects, drawn by round",
				b->arms[a].name, b->arms[a].n_links + 1);
	}
	for (size_t i = 0; i < b->n_rounds; i++) {
		if (b->rounds[i].dropped)
			doc_text(doc, "round %zu was dropped: %s", i + 1, b->rounds[i].dropped);
	}
}

/* Digests distinguish builds with the same name and version. */
static void add_files(struct doc *doc, const struct bench *b)
{
	static const struct doc_column columns[] = {{"arm", 0}, {"named", DOC_WRAP},
		{"interpreter", DOC_WRAP}, {"its SHA-256", 0}, {"libpython's", 0}};

	doc_table(doc, "What was measured", columns, ARRAY_SIZE(columns));
	for (size_t a = 0; a < b->n_arms; a++) {
		const struct bench_arm *arm = &b->arms[a];
		CLEANUP_FREE char *sha256 = arm->sha256 ? xstrndup(arm->sha256, DIGITS) : NULL;
		CLEANUP_FREE char *lib = arm->lib_sha256 ? xstrndup(arm->lib_sha256, DIGITS) : NULL;

		if (arm->role == BENCH_ROLE_ARM)
			doc_row(doc, (const char *[]){
					     arm->name, arm->given, arm->interpreter, sha256, lib});
	}
}

static void add_load(struct doc *doc, const struct bench *b)
{
	unsigned int unwatched = bench_unwatched(b);
	const json_t *usual = json_object_get(b->machine, "usual_steal");
	double own = bench_overhead(b);

	if (unwatched)
		doc_factf(doc, "load",
			"unknown in %u round%s: the kernel does not account for what the trials used, so none was dropped for it",
			unwatched, plural(unwatched));
	else if (usual)
		doc_factf(doc, "load",
			"the hypervisor usually takes %.1f %%, rounds above %.1f %% were dropped",
			100 * json_number_value(usual), 100 * bench_steal_limit(b));
	else
		doc_fact(doc, "load", NULL);
	if (isfinite(own))
		doc_factf(doc, "overhead", "%.2f ms for each process", own / 1e6);
	else
		doc_fact(doc, "overhead", NULL);
}

static void add_facts(struct doc *doc, const struct bench *b, const struct bench_result *r)
{
	const char *model = machine_text(b, "processor"), *solder = machine_text(b, "solder");
	const json_t *n = json_object_get(b->machine, "processors");
	const json_t *pinned = json_object_get(b->machine, "pinned_to");
	bool virtual = json_is_true(json_object_get(b->machine, "virtual"));
	struct bench_outlook outlook;
	CLEANUP_FREE char *expected = NULL;
	CLEANUP_BUF struct buf processor = BUF_INIT;
	char date[32] = "";
	struct tm when;
	time_t started = b->n_rounds ? (time_t)b->rounds[0].started : 0;

	if (started && gmtime_r(&started, &when))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &when);
	buf_adds(&processor, model ? model : "unknown");
	if (json_is_integer(n))
		buf_addf(&processor, ", %" JSON_INTEGER_FORMAT "%s", json_integer_value(n),
			virtual ? ", virtual" : "");
	if (json_is_integer(pinned))
		buf_addf(&processor, ", trials on number %" JSON_INTEGER_FORMAT,
			json_integer_value(pinned));
	if (json_object_get(b->machine, "pair_noise")) {
		bench_expect(b, &outlook);
		expected = bench_outlook_text(&outlook);
	}
	doc_fact(doc, "reference", b->arms[0].name);
	doc_fact(doc, "time", b->options.measure == BENCH_WALL ? "wall clock" : "user + system");
	if (strcmp(b->suite, "own") != 0)
		doc_fact(doc, "suite", b->suite);
	doc_factf(doc, "workloads", "%zu of %zu", r->counting, r->n_workloads);
	doc_factf(doc, "rounds", "%u%s, of at most %u; %u dropped", r->rounds,
		b->stopped ? "" : " so far", b->looks[b->n_looks - 1], r->dropped);
	doc_fact(doc, "stopped by", b->stopped);
	if (expected)
		doc_fact(doc, "expected", expected);
	add_load(doc, b);
	doc_factf(doc, "level", "%.2f %% at this look, 5 %% split among all; %u resamples",
		100 * r->alpha, r->resamples);
	doc_factf(doc, "seed", "%llu", (unsigned long long)b->options.seed);
	doc_fact(doc, "begun", date[0] ? date : NULL);
	doc_fact(doc, "processor", processor.data);
	doc_fact(doc, "counters", machine_text(b, "counters"));
	doc_fact(doc, "address randomization", machine_text(b, "address_randomization"));
	doc_fact(doc, "kernel", machine_text(b, "kernel"));
	doc_factf(doc, "measured by", "solder %s", solder ? solder : "?");
}

/* ---- instructions -------------------------------------------------------------------------- */

static double count_ratio(const struct bench *b, size_t w, size_t a)
{
	return bench_instructions(b, w, a) / bench_instructions(b, w, 0);
}

/* For one workload; w = n_workloads adds the means of all. */
static void add_counts_row(struct doc *doc, const struct bench *b, size_t w)
{
	bool mean = w == b->n_workloads;
	CLEANUP_STRV struct strv cells = STRV_INIT;

	strv_add(&cells, mean ? "geometric mean" : b->workloads[w].name);
	if (mean)
		strv_add(&cells, "-");
	else
		strv_addf(&cells, "%.0f", bench_instructions(b, w, 0));
	for (size_t a = 1; a < b->n_arms; a++) {
		double ratio = mean ? bench_instructions_ratio(b, a, NULL) : count_ratio(b, w, a);

		if (b->arms[a].role != BENCH_ROLE_SLOWED && isfinite(ratio))
			strv_addf(&cells, "%.4f", ratio);
		else if (b->arms[a].role != BENCH_ROLE_SLOWED)
			strv_add(&cells, "-");
	}
	doc_row(doc, (const char *const *)cells.v);
}

static void add_counts(struct doc *doc, const struct bench *b)
{
	struct doc_column columns[BENCH_ARMS_MAX + 1] = {
		{"workload", 0}, {b->arms[0].name, DOC_RIGHT}};
	size_t n = 2, counted, where = 0, copy = 0;
	double worst = 0;
	bool begun = false;

	if (!b->counts)
		return;
	doc_heading(doc, "Instructions");
	doc_fact(doc, "counted by", b->counter);
	for (size_t a = 1; a < b->n_arms; a++) {
		if (b->arms[a].role != BENCH_ROLE_SLOWED)
			columns[n++] = (struct doc_column){b->arms[a].name, DOC_RIGHT};
		if (b->arms[a].role == BENCH_ROLE_COPY)
			copy = a;
	}
	doc_table(doc, "Instructions: those of the reference in one loop, and ratios to it",
		columns, n);
	bench_instructions_ratio(b, 0, &counted);
	for (size_t w = 0; w < b->n_workloads; w++) {
		double off = fabs(count_ratio(b, w, copy) - 1);

		if (isfinite(bench_instructions(b, w, 0)))
			add_counts_row(doc, b, w);
		if (isfinite(off) && off > worst) {
			worst = off;
			where = w;
		}
	}
	if (counted > 1)
		add_counts_row(doc, b, b->n_workloads);
	/* The copy shows how far the counts can be trusted. */
	if (copy && worst > 0)
		doc_text(doc,
			"The copy's counts differ from the reference's by up to %.4f %% (%s).",
			100 * worst, b->workloads[where].name);
	else if (copy)
		doc_text(doc, "The copy's counts are those of the reference, to the instruction.");
	for (size_t w = 0; w < b->n_workloads; w++)
		page_add_why(doc, "Not counted", &begun, b->workloads[w].name,
			b->workloads[w].uncounted);
}

struct doc *bench_doc(const struct bench *b, const struct bench_result *r, bool all)
{
	struct doc *doc = doc_of_arms(b, r ? "" : "instructions of ");
	bool begun = false;

	if (!r) {
		doc_fact(doc, "reference", b->arms[0].name);
		doc_fact(doc, "processor", machine_text(b, "processor"));
		add_counts(doc, b);
		return doc;
	}
	for (size_t a = 1; a < b->n_arms; a++) {
		if (b->arms[a].role == BENCH_ROLE_ARM)
			add_headline(doc, b, r, a);
	}
	add_arms(doc, b, r);
	doc_text(doc, "A/A gate %s: %s.", bench_gate_name(r->copy), r->copy_reason);
	if (r->slowed != BENCH_GATE_NONE)
		doc_text(
			doc, "Slowdown gate %s: %s.", bench_gate_name(r->slowed), r->slowed_reason);
	if (all)
		charts_add(doc, b, r);
	for (size_t a = 1; a < b->n_arms; a++) {
		if (b->arms[a].role == BENCH_ROLE_ARM || all)
			add_workloads(doc, b, r, a, all);
	}
	for (size_t w = 0; w < b->n_workloads; w++)
		page_add_why(doc, "Left out for all arms", &begun, b->workloads[w].name, r->why[w]);
	add_notes(doc, b);
	add_counts(doc, b);
	add_files(doc, b);
	doc_heading(doc, "How it was measured");
	add_facts(doc, b, r);
	return doc;
}

/* ---- two campaigns ------------------------------------------------------------------------- */

static void add_change_headline(struct doc *doc, const char *name, const struct bench_change *ch,
	const char *first, const char *second, unsigned int different, size_t n)
{
	bool slower = ch->verdict == BENCH_SLOWER;
	CLEANUP_FREE char *change = change_text(slower ? ch->ratio : 2 - ch->ratio);
	CLEANUP_FREE char *range = range_text(ch->interval, slower);
	CLEANUP_FREE char *interval = page_interval(ch->interval);

	if (stats_differs(ch->verdict))
		doc_text(doc, "%s is %s %s in %s than in %s (%s), %u of %zu workload%s.", name,
			change, bench_verdict_name(ch->verdict), second, first, range, different, n,
			plural(n));
	else if (ch->verdict == BENCH_EQUAL)
		doc_text(doc, "%s is as fast in %s as in %s: %.4f of its time (%s).", name, second,
			first, ch->ratio, interval);
	else
		doc_text(doc,
			"It is undecided whether %s is faster or slower in %s than in %s: %.4f of its time (%s).",
			name, second, first, ch->ratio, interval);
}

/* Adds a row to the table of arms, or of workloads if `file` is NULL. */
static void add_change(
	struct doc *doc, const char *name, const char *file, const struct bench_change *ch)
{
	CLEANUP_FREE char *before = xasprintf("%.4f", ch->before);
	CLEANUP_FREE char *after = xasprintf("%.4f", ch->after);
	CLEANUP_FREE char *ratio = xasprintf("%.4f", ch->ratio);
	CLEANUP_FREE char *p = xasprintf("%.3g", ch->adjusted);
	CLEANUP_FREE char *interval = page_interval(ch->interval);
	const char *verdict = bench_verdict_name(ch->verdict);
	const char *arm[] = {name, file, before, after, ratio, interval, verdict};
	const char *workload[] = {name, before, after, ratio, interval, p, verdict};

	doc_row(doc, file ? arm : workload);
	doc_cell_tone(doc, 6, bench_verdict_tone(ch->verdict));
}

static const char *sameness(const char *before, const char *after)
{
	return !before || !after ? "unknown" : strcmp(before, after) ? "another" : "the same";
}

static void add_changed_workloads(struct doc *doc, const struct bench *before,
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

		if (!all && !stats_differs(ch->verdict))
			continue;
		if (!begun)
			doc_table(doc, caption, columns, ARRAY_SIZE(columns));
		begun = true;
		add_change(doc, before->workloads[c->workload_before[i]].name, NULL, ch);
	}
}

void page_add_gates(struct doc *doc, const char *which, const struct bench_result *r)
{
	doc_text(doc, "A/A gate of %s %s: %s.", which, bench_gate_name(r->copy), r->copy_reason);
	if (r->slowed != BENCH_GATE_NONE)
		doc_text(doc, "Slowdown gate of %s %s: %s.", which, bench_gate_name(r->slowed),
			r->slowed_reason);
}

static void add_changed_arms(struct doc *doc, const struct bench *before, const struct bench *after,
	const struct bench_comparison *c)
{
	static const struct doc_column columns[] = {{"arm", 0}, {"its file", 0},
		{"first", DOC_RIGHT}, {"second", DOC_RIGHT}, {"change", DOC_RIGHT},
		{"interval", DOC_RIGHT}, {"in the second", DOC_VERDICT}};
	const struct bench_result *const results[] = {&c->before, &c->after};

	doc_table(doc, "Time relative to the reference, in both campaigns", columns,
		ARRAY_SIZE(columns));
	for (size_t i = 0; i < c->n_arms; i++) {
		const struct bench_arm *first = &before->arms[c->arms[i].before];
		const struct bench_arm *second = &after->arms[c->arms[i].after];

		add_change(doc, first->name, sameness(first->sha256, second->sha256),
			&c->arms[i].suite);
	}
	for (size_t i = 0; i < ARRAY_SIZE(results); i++)
		page_add_gates(doc, i ? "the second" : "the first", results[i]);
}

struct doc *bench_comparison_doc(const struct bench *before, const struct bench *after,
	const struct bench_comparison *c, const char *const files[2], bool all)
{
	/* Without folders, if the names differ. */
	bool same = !strcmp(path_base(files[0]), path_base(files[1]));
	const char *first = same ? files[0] : path_base(files[0]);
	const char *second = same ? files[1] : path_base(files[1]);
	CLEANUP_FREE char *title = xasprintf("solder bench: %s against %s", second, first);
	struct doc *doc = doc_new(title);
	bool begun = false;

	for (size_t i = 0; c->verdicts && i < c->n_arms; i++) {
		const struct bench_arm *arm = &before->arms[c->arms[i].before];

		if (arm->role == BENCH_ROLE_ARM)
			add_change_headline(doc, arm->name, &c->arms[i].suite, first, second,
				c->arms[i].different, c->n_workloads);
	}
	if (!c->verdicts)
		doc_text(doc, "No verdict is given: a campaign did not pass its gates.");
	add_changed_arms(doc, before, after, c);
	for (size_t i = 0; all && i < c->n_arms; i++) {
		if (before->arms[c->arms[i].before].role == BENCH_ROLE_ARM)
			charts_add_changes(doc, before, c, &c->arms[i]);
	}
	for (size_t i = 0; i < c->n_arms; i++)
		add_changed_workloads(doc, before, c, &c->arms[i], all);
	/* Workloads left out of the comparison, from both campaigns, each listed once. */
	for (size_t w = 0; w < before->n_workloads; w++)
		page_add_why(
			doc, "Not compared", &begun, before->workloads[w].name, c->before.why[w]);
	for (size_t w = 0; w < after->n_workloads; w++) {
		const char *name = after->workloads[w].name;

		if (bench_find_workload(before, name) == before->n_workloads)
			page_add_why(doc, "Not compared", &begun, name, c->after.why[w]);
	}
	doc_heading(doc, "What was compared");
	doc_fact(doc, "first", files[0]);
	doc_fact(doc, "second", files[1]);
	doc_fact(doc, "reference", before->arms[0].name);
	doc_fact(doc, "its file in the second",
		sameness(before->arms[0].sha256, after->arms[0].sha256));
	doc_fact(doc, "time",
		before->options.measure == BENCH_WALL ? "wall clock" : "user + system");
	doc_factf(doc, "workloads", "%zu in common, of %zu and %zu", c->n_workloads,
		before->n_workloads, after->n_workloads);
	doc_factf(doc, "rounds", "%u and %u", c->before.rounds, c->after.rounds);
	doc_factf(doc, "level", "%g %%", 100 * before->options.alpha);
	return doc;
}
