#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/bench-internal.h"

/* So many digits of a digest tell files apart. */
#define DIGITS 12

char *bench_interval_text(struct bench_interval i)
{
	return isfinite(i.high) ? xasprintf("%.4f to %.4f", i.low, i.high) : xstrdup("unknown");
}

char *bench_change_text(double ratio)
{
	double percent = round(1000 * fabs(ratio - 1)) / 10;

	return ratio >= 2 ? xasprintf("%.2f times", ratio) : xasprintf("%.1f %%", percent);
}

char *bench_range_text(struct bench_interval i, bool slower)
{
	double low = slower ? i.low : 1 - i.high, high = slower ? i.high : 1 - i.low;

	if (slower && i.high >= 2)
		return xasprintf("%.2f to %.2f", low, high);
	return xasprintf(
		"%.1f to %.1f", 100 * (slower ? low - 1 : low), 100 * (slower ? high - 1 : high));
}

/* "1.23 ms" from ns; to be freed. */
static char *time_text(double ns)
{
	static const char *const units[] = {"ns", "µs", "ms", "s"};
	size_t u = 0;

	for (; ns >= 1000 && u + 1 < ARRAY_SIZE(units); u++)
		ns /= 1000;
	return xasprintf("%.3g %s", ns, units[u]);
}

/* The answer, before anything else. */
static void add_headline(
	struct doc *doc, const struct bench *b, const struct bench_result *r, size_t a)
{
	const struct bench_arm_result *arm = &r->arms[a];
	const char *name = b->arms[a].name, *reference = b->arms[0].name;
	bool slower = arm->verdict == BENCH_SLOWER, faster = arm->verdict == BENCH_FASTER;
	CLEANUP_FREE char *change = bench_change_text(slower ? arm->ratio : 2 - arm->ratio);
	CLEANUP_FREE char *range = bench_range_text(arm->suite, slower);
	CLEANUP_FREE char *noise = bench_change_text(exp(r->noise));

	if (arm->at_least > 0) {
		CLEANUP_FREE char *least = bench_change_text(arm->at_least);

		doc_text(doc,
			"%s is %s than %s by at least %s: it measures as %.4f, and the noise that "
			"the gate shows (%s) does not change that.",
			name, bench_verdict_name(arm->verdict), reference, least, arm->ratio,
			noise);
	} else if (slower || faster) {
		doc_text(doc, "%s is %s %s than %s (%s), %u of %zu workload%s.", name, change,
			bench_verdict_name(arm->verdict), reference, range, arm->different,
			r->counting, plural(r->counting));
	} else if (arm->verdict == BENCH_EQUAL) {
		doc_text(doc, "%s is as fast as %s: %.4f of its time (%.4f to %.4f).", name,
			reference, arm->ratio, arm->suite.low, arm->suite.high);
	} else if (arm->verdict == BENCH_UNDECIDED) {
		doc_text(doc,
			"It is undecided whether %s is faster or slower than %s: %.4f of its time "
			"(%.4f to %.4f).",
			name, reference, arm->ratio, arm->suite.low, arm->suite.high);
	} else {
		doc_text(doc,
			"No verdict on %s: it measures as %.4f of %s's time, which is within the "
			"noise (%s).",
			name, arm->ratio, reference,
			isfinite(r->noise) ? noise : "unknown without a copy");
	}
}

static const char *machine_text(const struct bench *b, const char *key)
{
	return json_string_value(json_object_get(b->machine, key));
}

/* "Xeon, 2 virtual ones, trials on number 1"; to be freed. */
static char *processor_text(const struct bench *b)
{
	const char *model = machine_text(b, "processor");
	const json_t *n = json_object_get(b->machine, "processors");
	const json_t *pinned = json_object_get(b->machine, "pinned_to");
	bool virtual = json_is_true(json_object_get(b->machine, "virtual"));
	CLEANUP_BUF struct buf out = BUF_INIT;

	buf_adds(&out, model ? model : "unknown");
	if (json_is_integer(n))
		buf_addf(&out, ", %" JSON_INTEGER_FORMAT "%s", json_integer_value(n),
			virtual ? ", virtual" : "");
	if (json_is_integer(pinned))
		buf_addf(&out, ", trials on number %" JSON_INTEGER_FORMAT,
			json_integer_value(pinned));
	return buf_steal(&out);
}

static void add_facts(struct doc *doc, const struct bench *b, const struct bench_result *r)
{
	CLEANUP_FREE char *rounds = xasprintf("%u%s, of at most %u; %u dropped", r->rounds,
		b->stopped ? "" : " so far", b->looks[b->n_looks - 1], r->dropped);
	CLEANUP_FREE char *seed = xasprintf("%llu", (unsigned long long)b->options.seed);
	CLEANUP_FREE char *level =
		xasprintf("%.2f %% at this look, 5 %% split among all; %u resamples",
			100 * r->alpha, r->resamples);
	CLEANUP_FREE char *workloads = xasprintf("%zu of %zu", r->counting, r->n_workloads);
	double own = bench_overhead(b);
	CLEANUP_FREE char *overhead =
		isfinite(own) ? xasprintf("%.2f ms for each process", own / 1e6) : NULL;
	CLEANUP_FREE char *processor = processor_text(b);
	const json_t *usual = json_object_get(b->machine, "usual_steal");
	CLEANUP_FREE char *load =
		bench_unwatched(b)
			? xasprintf("unknown in %u %s: the kernel does not account for what the "
				    "trials used, so none was dropped for it",
				  bench_unwatched(b), bench_unwatched(b) == 1 ? "round" : "rounds")
		: usual ? xasprintf("the hypervisor usually takes %.1f %%, rounds above %.1f %% "
				    "were dropped",
				  100 * json_number_value(usual), 100 * bench_steal_limit(b))
			: NULL;
	CLEANUP_FREE char *measurer =
		xasprintf("solder %s", machine_text(b, "solder") ? machine_text(b, "solder") : "?");
	char date[32] = "";
	struct tm when;
	time_t started = b->n_rounds ? (time_t)b->rounds[0].started : 0;

	if (started && gmtime_r(&started, &when))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &when);
	doc_fact(doc, "reference", b->arms[0].name);
	doc_fact(doc, "time", b->options.measure == BENCH_WALL ? "wall clock" : "user + system");
	if (strcmp(b->suite, "own") != 0)
		doc_fact(doc, "suite", b->suite);
	doc_fact(doc, "workloads", workloads);
	doc_fact(doc, "rounds", rounds);
	doc_fact(doc, "stopped by", b->stopped);
	doc_fact(doc, "load", load);
	doc_fact(doc, "overhead", overhead);
	doc_fact(doc, "level", level);
	doc_fact(doc, "seed", seed);
	doc_fact(doc, "begun", date[0] ? date : NULL);
	doc_fact(doc, "processor", processor);
	doc_fact(doc, "counters", machine_text(b, "counters"));
	doc_fact(doc, "address randomization", machine_text(b, "address_randomization"));
	doc_fact(doc, "kernel", machine_text(b, "kernel"));
	doc_fact(doc, "measured by", measurer);
}

/* What ran: a digest tells builds apart whose names and versions are the same. */
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

static void add_gates(struct doc *doc, const struct bench_result *r)
{
	doc_text(doc, "A/A gate %s: %s.", bench_gate_name(r->copy), r->copy_reason);
	if (r->slowed != BENCH_GATE_NONE)
		doc_text(
			doc, "Slowdown gate %s: %s.", bench_gate_name(r->slowed), r->slowed_reason);
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
		CLEANUP_FREE char *suite = bench_interval_text(arm->suite);
		CLEANUP_FREE char *general = bench_interval_text(arm->general);
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
		CLEANUP_FREE char *interval = bench_interval_text(c->interval);
		CLEANUP_FREE char *p = xasprintf("%.3g", c->adjusted);
		CLEANUP_FREE char *minima = xasprintf("%.4f", c->minima);
		const char *cells[] = {b->workloads[w].name, loop, ratio, interval, p, minima,
			bench_verdict_name(c->verdict)};

		if (r->why[w] || (!all && c->verdict != BENCH_FASTER && c->verdict != BENCH_SLOWER))
			continue;
		if (!begun)
			doc_table(doc, caption, columns, ARRAY_SIZE(columns));
		begun = true;
		doc_row(doc, cells);
		doc_cell_tone(doc, 6, bench_verdict_tone(c->verdict));
	}
}

static void add_left_out(struct doc *doc, const struct bench *b, const struct bench_result *r)
{
	static const struct doc_column columns[] = {{"workload", 0}, {"why", DOC_WRAP}};

	if (r->counting == r->n_workloads)
		return;
	doc_table(doc, "Left out for all arms", columns, ARRAY_SIZE(columns));
	for (size_t w = 0; w < b->n_workloads; w++) {
		const char *cells[] = {b->workloads[w].name, r->why[w]};

		if (r->why[w])
			doc_row(doc, cells);
	}
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

char *bench_arm_names(const struct bench *b)
{
	CLEANUP_STRV struct strv names = STRV_INIT;

	for (size_t a = 0; a < b->n_arms; a++) {
		if (b->arms[a].role == BENCH_ROLE_ARM)
			strv_add(&names, b->arms[a].name);
	}
	return strv_join(&names, ", ");
}

struct doc *bench_doc(const struct bench *b, const struct bench_result *result, bool all)
{
	CLEANUP_FREE char *names = bench_arm_names(b);
	CLEANUP_FREE char *title = xasprintf("solder bench: %s", names);
	struct doc *doc = doc_new(title);

	for (size_t a = 1; a < b->n_arms; a++) {
		if (b->arms[a].role == BENCH_ROLE_ARM)
			add_headline(doc, b, result, a);
	}
	add_arms(doc, b, result);
	add_gates(doc, result);
	if (all)
		bench_charts(doc, b, result);
	for (size_t a = 1; a < b->n_arms; a++) {
		if (b->arms[a].role == BENCH_ROLE_ARM || all)
			add_workloads(doc, b, result, a, all);
	}
	add_left_out(doc, b, result);
	add_notes(doc, b);
	bench_counts(doc, b);
	add_files(doc, b);
	doc_heading(doc, "How it was measured");
	add_facts(doc, b, result);
	return doc;
}
