#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/bench-internal.h"

/* So many digits of a digest tell files apart. */
#define DIGITS 12

size_t bench_named(const struct bench *b)
{
	size_t n = 0;

	for (size_t a = 0; a < b->n_arms; a++)
		n += b->arms[a].role == BENCH_ROLE_ARM;
	return n;
}

char *bench_interval_text(struct bench_interval i)
{
	return isfinite(i.high) ? xasprintf("%.4f to %.4f", i.low, i.high) : xstrdup("unknown");
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
	if (!r->verdicts)
		doc_text(doc, "No verdict is given: the campaign did not pass its gates.");
}

static void add_arms(struct doc *doc, const struct bench *b, const struct bench_result *r)
{
	static const struct doc_column columns[] = {{"arm", 0}, {"Python", 0}, {"link", 0},
		{"time", DOC_RIGHT}, {"this suite", DOC_RIGHT}, {"other programs", DOC_RIGHT},
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
			a ? suite : NULL, a ? general : NULL, a && r->verdicts ? differ : NULL,
			a ? bench_verdict_name(arm->verdict) : "reference"};

		if (b->arms[a].role == BENCH_ROLE_ARM)
			doc_row(doc, cells);
	}
}

static void add_workloads(
	struct doc *doc, const struct bench *b, const struct bench_result *r, size_t a, bool all)
{
	static const struct doc_column columns[] = {{"workload", 0}, {"time", DOC_RIGHT},
		{"interval", DOC_RIGHT}, {"p", DOC_RIGHT}, {"minima", DOC_RIGHT},
		{"verdict", DOC_VERDICT}};
	CLEANUP_FREE char *caption = xasprintf(
		"%s, %s", b->arms[a].name, all ? "every workload" : "workloads that differ");
	bool begun = false;

	for (size_t w = 0; w < b->n_workloads; w++) {
		const struct bench_cell *c = &r->arms[a].cells[w];
		CLEANUP_FREE char *ratio = xasprintf("%.4f", c->ratio);
		CLEANUP_FREE char *interval = bench_interval_text(c->interval);
		CLEANUP_FREE char *p = xasprintf("%.3g", c->adjusted);
		CLEANUP_FREE char *minima = xasprintf("%.4f", c->minima);
		const char *cells[] = {b->workloads[w].name, ratio, interval, p, minima,
			bench_verdict_name(c->verdict)};

		if (r->why[w] || (!all && c->verdict != BENCH_FASTER && c->verdict != BENCH_SLOWER))
			continue;
		if (!begun)
			doc_table(doc, caption, columns, ARRAY_SIZE(columns));
		begun = true;
		doc_row(doc, cells);
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

struct doc *bench_doc(const struct bench *b, const struct bench_result *result, bool all)
{
	struct doc *doc = doc_new("solder bench");

	add_facts(doc, b, result);
	add_gates(doc, result);
	add_arms(doc, b, result);
	if (all)
		bench_charts(doc, b, result);
	for (size_t a = 1; a < b->n_arms; a++) {
		if (b->arms[a].role == BENCH_ROLE_ARM || all)
			add_workloads(doc, b, result, a, all);
	}
	add_left_out(doc, b, result);
	add_files(doc, b);
	add_notes(doc, b);
	bench_counts(doc, b);
	return doc;
}
