/* Pictures: workloads by arm, a forest plot per arm, and the disturbances of each round. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench-internal.h"

static void add_picture(struct doc *doc, char *svg, const char *alt)
{
	doc_picture(doc, svg, alt, false);
	free(svg);
}

static void add_violins(struct doc *doc, const struct bench *b, const struct bench_result *r)
{
	static const struct chart_words words = {.title = "Workloads by arm",
		.about = "The distribution of the workloads' ratios to the reference in each arm, "
			 "with the geometric mean and its interval.",
		.less = "faster",
		.more = "slower"};
	CLEANUP_FREE double *ratios = xcalloc(b->n_arms * r->counting + 1, sizeof(*ratios));
	struct chart_arm arms[BENCH_ARMS_MAX];
	double *next = ratios;
	size_t n = 0;

	for (size_t a = 1; a < b->n_arms; a++) {
		const struct bench_arm_result *arm = &r->arms[a];

		arms[n++] = (struct chart_arm){.name = b->arms[a].name,
			.ratios = next,
			.n = r->counting,
			.mean = arm->ratio,
			.low = arm->suite.low,
			.high = arm->suite.high};
		for (size_t w = 0; w < b->n_workloads; w++) {
			if (!r->why[w])
				*next++ = arm->cells[w].ratio;
		}
	}
	add_picture(doc, chart_violins(&words, arms, n),
		"Time relative to the reference, one value for each workload; the bar is the mean "
		"with its interval. The copy is the reference itself.");
}

/* The rows are workloads, followed by one or two summaries. */
static void add_forest(struct doc *doc, const struct bench *b, const struct chart_words *words,
	const struct chart_interval *rows, size_t n)
{
	add_picture(doc, chart_forest(words, rows, n, b->options.margin),
		"Each workload with its interval; the band is what counts as equal.");
}

static struct chart_interval row_of(
	const char *name, double ratio, struct bench_interval i, enum doc_tone tone, bool summary)
{
	return (struct chart_interval){name, ratio, i.low, i.high, tone, summary};
}

static void add_workloads(
	struct doc *doc, const struct bench *b, const struct bench_result *r, size_t a)
{
	CLEANUP_FREE struct chart_interval *rows = xcalloc(r->counting + 2, sizeof(*rows));
	CLEANUP_FREE char *title = xasprintf("Workloads of %s", b->arms[a].name);
	const struct chart_words words = {.title = title,
		.about =
			"Each workload's ratio to the reference with its interval, and that of the suite.",
		.less = "faster",
		.more = "slower"};
	const struct bench_arm_result *arm = &r->arms[a];
	size_t n = 0;

	for (size_t w = 0; w < b->n_workloads; w++) {
		const struct bench_cell *c = &arm->cells[w];

		if (!r->why[w])
			rows[n++] = row_of(b->workloads[w].name, c->ratio, c->interval,
				bench_verdict_tone(c->verdict), false);
	}
	rows[n++] = row_of(
		"this suite", arm->ratio, arm->suite, bench_verdict_tone(arm->verdict), true);
	rows[n++] = row_of("other programs", arm->ratio, arm->general, DOC_PLAIN, true);
	add_forest(doc, b, &words, rows, n);
}

void charts_add_changes(struct doc *doc, const struct bench *before,
	const struct bench_comparison *c, const struct bench_arm_changes *arm)
{
	CLEANUP_FREE struct chart_interval *rows = xcalloc(c->n_workloads + 1, sizeof(*rows));
	CLEANUP_FREE char *title = xasprintf("Change of %s", before->arms[arm->before].name);
	const struct chart_words words = {.title = title,
		.about =
			"How each workload's ratio to the reference has changed from the first campaign to the second, with the interval, and that of the suite.",
		.less = "faster in the second",
		.more = "slower in the second"};

	for (size_t i = 0; i <= c->n_workloads; i++) {
		bool suite = i == c->n_workloads;
		const struct bench_change *ch = suite ? &arm->suite : &arm->workloads[i];

		rows[i] =
			row_of(suite ? "this suite" : before->workloads[c->workload_before[i]].name,
				ch->ratio, ch->interval, bench_verdict_tone(ch->verdict), suite);
	}
	add_forest(doc, before, &words, rows, c->n_workloads + 1);
}

void charts_add_pooled(struct doc *doc, const struct bench *b, const struct bench_pool *p, size_t a)
{
	CLEANUP_FREE struct chart_interval *rows = xcalloc(p->n + 2, sizeof(*rows));
	CLEANUP_FREE char *title = xasprintf("%s on each host", b->arms[a].name);
	const struct chart_words words = {.title = title,
		.about =
			"The ratio to the reference on each host with its interval, and that over hosts like these.",
		.less = "faster",
		.more = "slower"};
	const struct bench_pooled *arm = &p->arms[a];
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct bench_arm_result *own = &p->results[i].arms[a];

		rows[n++] = row_of(p->names.v[i], own->ratio, own->suite,
			bench_verdict_tone(own->verdict), false);
	}
	rows[n++] = row_of("hosts like these", arm->ratio, arm->interval,
		bench_verdict_tone(arm->verdict), true);
	if (isfinite(arm->other.high))
		rows[n++] = row_of("one more host", arm->ratio, arm->other, DOC_PLAIN, true);
	add_picture(doc, chart_forest(&words, rows, n, b->options.margin),
		"Each host with its interval; the band is what counts as equal.");
}

/* The geometric mean over workloads of the copy's ratio in one round, as deviation in percent. */
static double copy_deviation(
	const struct bench *b, const struct bench_result *r, const struct bench_round *round)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < round->n; i++) {
		const struct bench_observation *o = &round->v[i];
		double t = (double)bench_time(o, b->options.measure);

		if (r->why[o->workload] || t <= 0 ||
			(o->arm != 0 && b->arms[o->arm].role != BENCH_ROLE_COPY))
			continue;
		sum += o->arm == 0 ? -log(t) : log(t);
		n += o->arm != 0;
	}
	return n ? 100 * expm1(sum / (double)n) : NAN;
}

static double share(int64_t part, const struct bench_round *round)
{
	return part == BENCH_NONE || round->lasted <= 0
		       ? NAN
		       : 100 * (double)part / (double)round->lasted;
}

static void add_rounds(struct doc *doc, const struct bench *b, const struct bench_result *r)
{
	static const struct chart_words words = {.title = "Rounds",
		.about = "What disturbed each round, and how far the copy was from the reference."};
	size_t n = b->n_rounds;
	CLEANUP_FREE double *copy = xcalloc(n + 1, sizeof(double));
	CLEANUP_FREE double *steal_share = xcalloc(n + 1, sizeof(double));
	CLEANUP_FREE double *foreign = xcalloc(n + 1, sizeof(double));
	CLEANUP_FREE bool *dropped = xcalloc(n + 1, sizeof(bool));
	const struct chart_series series[] = {
		{"copy against reference", "%", copy, NAN},
		{"taken by the hypervisor", "%", steal_share, 100 * bench_steal_limit(b)},
		{"used by others", "%", foreign, 100 * b->options.foreign_limit},
	};

	for (size_t i = 0; i < n; i++) {
		copy[i] = copy_deviation(b, r, &b->rounds[i]);
		steal_share[i] = share(b->rounds[i].steal, &b->rounds[i]);
		foreign[i] = share(b->rounds[i].foreign, &b->rounds[i]);
		dropped[i] = b->rounds[i].dropped != NULL;
	}
	add_picture(doc, chart_rounds(&words, series, ARRAY_SIZE(series), dropped, n),
		"Noise over time; rounds above a dashed line were dropped for all arms.");
}

void charts_add(struct doc *doc, const struct bench *b, const struct bench_result *result)
{
	add_violins(doc, b, result);
	for (size_t a = 1; a < b->n_arms; a++) {
		if (b->arms[a].role == BENCH_ROLE_ARM)
			add_workloads(doc, b, result, a);
	}
	add_rounds(doc, b, result);
}
