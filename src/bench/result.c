/* From observations to verdicts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench-internal.h"

void bench_look_levels(const struct bench *b, double *levels)
{
	unsigned int before = 0;

	for (size_t i = 0; i < b->n_looks; i++) {
		levels[i] = b->options.alpha * (b->looks[i] - before) / b->looks[b->n_looks - 1];
		before = b->looks[i];
	}
}

/* The observations of the rounds that count, by place. */
struct grid {
	size_t arms, workloads, rounds;
	const struct bench_observation **v; /* [(r * workloads + w) * arms + a], or NULL */
	unsigned int *layout;               /* of each round */
};

static void grid_fill(struct grid *g, const struct bench *b, size_t limit)
{
	size_t kept = 0;

	*g = (struct grid){.arms = b->n_arms, .workloads = b->n_workloads};
	for (size_t i = 0; i < b->n_rounds; i++)
		kept += !b->rounds[i].dropped;
	kept = kept < limit ? kept : limit;
	g->v = xcalloc(kept * g->workloads * g->arms + 1, sizeof(*g->v));
	g->layout = xcalloc(kept + 1, sizeof(*g->layout));
	for (size_t i = 0; i < b->n_rounds && g->rounds < kept; i++) {
		const struct bench_round *round = &b->rounds[i];

		if (round->dropped)
			continue;
		for (size_t j = 0; j < round->n; j++) {
			const struct bench_observation *o = &round->v[j];

			g->v[(g->rounds * g->workloads + o->workload) * g->arms + o->arm] = o;
		}
		g->layout[g->rounds++] = round->layout;
	}
}

static void grid_release(struct grid *g)
{
	free(g->v);
	free(g->layout);
}

static const struct bench_observation *at(const struct grid *g, size_t r, size_t w, size_t a)
{
	return g->v[(r * g->workloads + w) * g->arms + a];
}

/* What became of a workload that ended badly, also in a round that was dropped. */
static char *failure(const struct bench *b, size_t w)
{
	if (b->workloads[w].failed)
		return xstrdup(b->workloads[w].failed);
	for (size_t i = 0; i < b->n_rounds; i++) {
		for (size_t j = 0; j < b->rounds[i].n; j++) {
			const struct bench_observation *o = &b->rounds[i].v[j];
			const char *arm = b->arms[o->arm].name;

			if (o->workload != w || o->status == BENCH_OK)
				continue;
			if (o->status == BENCH_TIMEOUT)
				return xasprintf("%s: no end within %u s in round %zu", arm,
					b->options.limit, i + 1);
			return xasprintf("%s: %s %lld in round %zu", arm,
				o->status == BENCH_EXIT ? "exit code" : "killed by signal",
				(long long)o->code, i + 1);
		}
	}
	return NULL;
}

static char *why_not(const struct bench *b, const struct grid *g, size_t w)
{
	char *why = failure(b, w);

	for (size_t r = 0; !why && r < g->rounds; r++) {
		for (size_t a = 0; !why && a < g->arms; a++) {
			const struct bench_observation *o = at(g, r, w, a);

			if (!o)
				why = xasprintf("%s: not run in every round", b->arms[a].name);
			else if (bench_time(o, b->options.measure) <= 0)
				why = xasprintf("%s: took no time that this machine can measure",
					b->arms[a].name);
		}
	}
	return why;
}

/* The log ratios of all arms but the reference, of the workloads in `which`. */
static double *log_ratios(
	const struct bench *b, const struct grid *g, const size_t *which, size_t n)
{
	double *d = xcalloc((g->arms - 1) * n * g->rounds + 1, sizeof(*d)), *next = d;
	enum bench_measure m = b->options.measure;

	for (size_t a = 1; a < g->arms; a++) {
		for (size_t i = 0; i < n; i++) {
			for (size_t r = 0; r < g->rounds; r++)
				*next++ = log((double)bench_time(at(g, r, which[i], a), m) /
					      (double)bench_time(at(g, r, which[i], 0), m));
		}
	}
	return d;
}

static double ratio_of_minima(const struct bench *b, const struct grid *g, size_t w, size_t a)
{
	int64_t least[2] = {INT64_MAX, INT64_MAX};

	for (size_t r = 0; r < g->rounds; r++) {
		for (int i = 0; i < 2; i++) {
			int64_t t = bench_time(at(g, r, w, i ? a : 0), b->options.measure);

			least[i] = t < least[i] ? t : least[i];
		}
	}
	return (double)least[1] / (double)least[0];
}

enum bench_verdict stats_judge(struct bench_interval i, double margin)
{
	if (i.low >= 1 / (1 + margin) && i.high <= 1 + margin)
		return BENCH_EQUAL;
	return i.high < 1 ? BENCH_FASTER : i.low > 1 ? BENCH_SLOWER : BENCH_UNDECIDED;
}

static void judge_arm(const struct bench *b, const struct grid *g, const struct stats_input *in,
	const struct stats_output *out, const size_t *which, size_t a, struct bench_result *result)
{
	struct bench_arm_result *arm = &result->arms[a + 1];
	CLEANUP_FREE double *p = xcalloc(in->workloads, sizeof(*p));
	CLEANUP_FREE double *adjusted = xcalloc(in->workloads, sizeof(*adjusted));
	size_t general = out->units < in->workloads ? out->units : in->workloads;
	double margin = b->options.margin;

	arm->ratio = exp(out->suite[a]);
	arm->error = stats_error(out->fixed[a], out->units);
	arm->suite = stats_interval(
		out->suite[a], out->fixed[a], out->units, result->alpha, &arm->half_width);
	arm->general = stats_interval(out->suite[a], out->general[a], general, result->alpha, NULL);
	arm->verdict = stats_judge(arm->suite, margin);
	for (size_t i = 0; i < in->workloads; i++)
		p[i] = stats_signed_rank(in->d + (a * in->workloads + i) * in->rounds, in->rounds);
	stats_adjust(p, in->workloads, adjusted);
	for (size_t i = 0; i < in->workloads; i++) {
		struct bench_cell *c = &arm->cells[which[i]];
		size_t cell = a * in->workloads + i;

		c->ratio = exp(out->median[cell]);
		c->error = stats_error(out->error[cell], out->units);
		c->interval = stats_interval(
			out->median[cell], out->error[cell], out->units, result->alpha, NULL);
		c->p = p[i];
		c->adjusted = adjusted[i];
		c->minima = ratio_of_minima(b, g, which[i], a + 1);
		c->verdict = stats_judge(c->interval, margin);
		if ((c->verdict == BENCH_FASTER || c->verdict == BENCH_SLOWER) &&
			c->adjusted > result->alpha)
			c->verdict = BENCH_UNDECIDED;
		arm->different += c->verdict == BENCH_FASTER || c->verdict == BENCH_SLOWER;
	}
}

static void gate_copy(const struct bench *b, size_t a, struct bench_result *result)
{
	const struct bench_arm_result *arm = &result->arms[a];
	bool quiet = (size_t)arm->different * 10 <= result->counting;

	if (arm->verdict == BENCH_EQUAL && fabs(log(arm->ratio)) <= b->options.gate && quiet)
		result->copy = BENCH_GATE_PASSED;
	else
		result->copy =
			arm->verdict == BENCH_UNDECIDED ? BENCH_GATE_NOISY : BENCH_GATE_FAILED;
	free(result->copy_reason);
	result->copy_reason = xasprintf(
		"a byte-identical copy of %s measures as %.4f (%.4f to %.4f, %s), with %u of %zu "
		"workloads called different%s",
		b->arms[0].name, arm->ratio, arm->suite.low, arm->suite.high,
		bench_verdict_name(arm->verdict), arm->different, result->counting,
		bench_unwatched(b) ? "; the machine's load is unknown" : "");
}

static void gate_slowed(const struct bench *b, size_t a, struct bench_result *result)
{
	const struct bench_arm_result *arm = &result->arms[a];

	result->slowed = arm->verdict == BENCH_SLOWER      ? BENCH_GATE_PASSED
			 : arm->verdict == BENCH_UNDECIDED ? BENCH_GATE_NOISY
							   : BENCH_GATE_FAILED;
	free(result->slowed_reason);
	result->slowed_reason =
		xasprintf("%s slowed by %.2f %% measures as %.4f (%.4f to %.4f, %s)",
			b->arms[0].name, 100 * b->arms[a].slowdown, arm->ratio, arm->suite.low,
			arm->suite.high, bench_verdict_name(arm->verdict));
}

/* How far from what is known an interval reaches, in logs. */
static double noise_of(struct bench_interval i, double known)
{
	return fmax(fabs(log(i.low / known)), fabs(log(i.high / known)));
}

/* What is left of a verdict when everything may be measured wrong by `noise`. */
static enum bench_verdict beyond(struct bench_interval i, double noise, double *at_least)
{
	double distance = i.low > 1 ? log(i.low) : -log(i.high);

	*at_least = 0;
	if (!(distance > noise))
		return BENCH_NO_VERDICT;
	*at_least = exp(distance - noise);
	return i.low > 1 ? BENCH_SLOWER : BENCH_FASTER;
}

/* A gate failed: only what is larger than the error that it shows is said. */
static void withhold(const struct bench *b, struct bench_result *result)
{
	const struct bench_arm_result *copy = NULL;

	result->noise = result->copy == BENCH_GATE_NONE ? INFINITY : 0;
	for (size_t a = 1; a < b->n_arms; a++) {
		const struct bench_arm_result *arm = &result->arms[a];

		if (b->arms[a].role == BENCH_ROLE_COPY)
			copy = arm;
		if (b->arms[a].role != BENCH_ROLE_ARM)
			result->noise = fmax(result->noise,
				noise_of(arm->suite, b->arms[a].role == BENCH_ROLE_COPY
							     ? 1
							     : 1 + b->arms[a].slowdown));
	}
	for (size_t a = 1; a < b->n_arms; a++) {
		struct bench_arm_result *arm = &result->arms[a];

		if (b->arms[a].role != BENCH_ROLE_ARM)
			continue;
		arm->verdict = beyond(arm->suite, result->noise, &arm->at_least);
		arm->different = 0;
		for (size_t w = 0; w < b->n_workloads; w++) {
			struct bench_cell *c = &arm->cells[w];
			double noise = result->noise;

			if (copy && !result->why[w])
				noise = fmax(noise, noise_of(copy->cells[w].interval, 1));
			if (c->verdict == BENCH_FASTER || c->verdict == BENCH_SLOWER)
				c->verdict = beyond(c->interval, noise, &c->at_least);
			else
				c->verdict = BENCH_NO_VERDICT;
			arm->different += c->verdict != BENCH_NO_VERDICT;
		}
	}
}

static void apply_gates(const struct bench *b, struct bench_result *result)
{
	for (size_t a = 1; a < b->n_arms; a++) {
		if (b->arms[a].role == BENCH_ROLE_COPY)
			gate_copy(b, a, result);
		else if (b->arms[a].role == BENCH_ROLE_SLOWED)
			gate_slowed(b, a, result);
	}
	if (result->copy == BENCH_GATE_NONE)
		result->copy_reason = xstrdup("the campaign has no copy of the reference");
	result->verdicts =
		result->copy == BENCH_GATE_PASSED &&
		(result->slowed == BENCH_GATE_NONE || result->slowed == BENCH_GATE_PASSED);
	if (!result->verdicts)
		withhold(b, result);
}

/* The median of what one loop of a workload took in an arm, in ns. */
static double loop_time(const struct bench *b, const struct grid *g, size_t w, size_t a)
{
	CLEANUP_FREE double *times = xcalloc(g->rounds, sizeof(*times));

	for (size_t r = 0; r < g->rounds; r++)
		times[r] = (double)bench_time(at(g, r, w, a), b->options.measure);
	return stats_median(times, g->rounds) / (double)b->workloads[w].loops;
}

/* Renumbers the layouts that occur from 0; returns how many there are. */
static unsigned int renumber(unsigned int *layout, size_t n)
{
	unsigned int number[BENCH_LAYOUTS_MAX] = {0}, found = 0;

	for (size_t i = 0; i < n; i++) {
		if (!number[layout[i]])
			number[layout[i]] = ++found;
		layout[i] = number[layout[i]] - 1;
	}
	return found;
}

static void compute(const struct bench *b, const struct grid *g, const size_t *which,
	unsigned int threads, struct bench_result *result)
{
	CLEANUP_FREE double *d = log_ratios(b, g, which, result->counting);
	struct stats_input in = {
		.arms = b->n_arms - 1,
		.workloads = result->counting,
		.rounds = g->rounds,
		.d = d,
		.layout = b->options.layouts > 1 ? g->layout : NULL,
		.resamples = result->resamples,
		.seed = b->options.seed,
	};
	struct stats_output out;

	in.layouts = renumber(g->layout, g->rounds);
	stats_bootstrap(&in, threads, &out);
	result->units = out.units;
	result->arms[0].ratio = 1;
	result->arms[0].suite = result->arms[0].general = (struct bench_interval){1, 1};
	for (size_t a = 0; a < in.arms; a++)
		judge_arm(b, g, &in, &out, which, a, result);
	for (size_t a = 0; a < b->n_arms; a++) {
		for (size_t i = 0; i < result->counting; i++)
			result->arms[a].cells[which[i]].time = loop_time(b, g, which[i], a);
	}
	stats_output_release(&out);
	apply_gates(b, result);
}

static void prepare(const struct bench *b, const struct grid *g, struct bench_result *result)
{
	double levels[BENCH_LOOKS_MAX];

	result->rounds = (unsigned int)g->rounds;
	result->dropped = (unsigned int)b->n_rounds - bench_kept(b);
	result->resamples = b->options.resamples;
	result->n_arms = b->n_arms;
	result->n_workloads = b->n_workloads;
	while (b->looks[result->look] < g->rounds)
		result->look++;
	bench_look_levels(b, levels);
	result->alpha = levels[result->look];
	result->why = xcalloc(b->n_workloads + 1, sizeof(*result->why));
	result->arms = xcalloc(b->n_arms, sizeof(*result->arms));
	for (size_t a = 0; a < b->n_arms; a++)
		result->arms[a].cells = xcalloc(b->n_workloads + 1, sizeof(*result->arms[a].cells));
}

bool bench_all_failed(const struct bench *b)
{
	for (size_t w = 0; w < b->n_workloads; w++) {
		if (!b->workloads[w].failed)
			return false;
	}
	return true;
}

static int none_counts(const struct bench *b, const char *why, struct err *err)
{
	return err_set(err, ERR_INPUT, "no workload ran in every arm; %s: %s",
		b->n_workloads ? b->workloads[0].name : "there is none",
		why ? why : "nothing was chosen");
}

/* Where rounds were dropped, the last reason stands for all. */
static int too_few(const struct bench *b, size_t rounds, struct err *err)
{
	const struct bench_round *last = NULL;
	unsigned int dropped = (unsigned int)b->n_rounds - bench_kept(b);

	for (size_t i = 0; i < b->n_rounds; i++)
		last = b->rounds[i].dropped ? &b->rounds[i] : last;
	if (!last) {
		err_set(err, ERR_INPUT, "the campaign has %zu usable %s, too few for any statement",
			rounds, rounds == 1 ? "round" : "rounds");
		return err_hint(err, "continue it with --resume");
	}
	err_set(err, ERR_INPUT,
		"no statement is possible: %u of %zu rounds were dropped, the last "
		"because %s",
		dropped, b->n_rounds, last->dropped);
	if (bench_crowded(b, last))
		return err_hint(err,
			"wait until the machine is quiet, or measure all the same with "
			"--load 100");
	return err_hint(err, "try again at another time; what the hypervisor usually takes is "
			     "learnt in the rehearsal");
}

int bench_compute(
	const struct bench *b, unsigned int threads, struct bench_result *result, struct err *err)
{
	CLEANUP_FREE size_t *which = xcalloc(b->n_workloads + 1, sizeof(*which));
	CLEANUP(grid_release) struct grid g = {0};

	*result = (struct bench_result){0};
	if (b->n_arms == 0 || b->n_looks == 0)
		return err_set(err, ERR_INPUT, "the campaign has no arms");
	if (bench_all_failed(b))
		return none_counts(b, b->n_workloads ? b->workloads[0].failed : NULL, err);
	grid_fill(&g, b, b->looks[b->n_looks - 1]);
	if (g.rounds < 2) {
		return too_few(b, g.rounds, err);
	}
	prepare(b, &g, result);
	for (size_t w = 0; w < b->n_workloads; w++) {
		result->why[w] = why_not(b, &g, w);
		if (!result->why[w])
			which[result->counting++] = w;
	}
	if (result->counting == 0) {
		none_counts(b, b->n_workloads ? result->why[0] : NULL, err);
		bench_result_release(result);
		return -1;
	}
	compute(b, &g, which, threads, result);
	return 0;
}

void bench_result_release(struct bench_result *result)
{
	for (size_t w = 0; w < result->n_workloads; w++)
		free(result->why[w]);
	for (size_t a = 0; a < result->n_arms; a++)
		free(result->arms[a].cells);
	free(result->why);
	free(result->arms);
	free(result->copy_reason);
	free(result->slowed_reason);
	*result = (struct bench_result){0};
}

bool bench_precise(const struct bench *b, const struct bench_result *result)
{
	if (result->copy == BENCH_GATE_NOISY || result->slowed == BENCH_GATE_NOISY)
		return false;
	for (size_t a = 1; a < b->n_arms; a++) {
		if (b->arms[a].role == BENCH_ROLE_ARM &&
			result->arms[a].half_width > b->options.precision)
			return false;
	}
	return true;
}
