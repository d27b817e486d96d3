/* From observations to verdicts; the statistics are in stats.c. */
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

/* Times of the rounds that count. */
struct grid {
	size_t arms, rounds;
	double *t; /* ns, [(workload * arms + arm) * rounds + round]; negative: not observed */
	unsigned int *layout; /* for each round, renumbered from 0 */
	unsigned int layouts;
};

static double *grid_times(const struct grid *g, size_t w, size_t a)
{
	return g->t + (w * g->arms + a) * g->rounds;
}

static void grid_fill(struct grid *g, const struct bench *b)
{
	unsigned int last = b->looks[b->n_looks - 1], kept = bench_kept(b);
	unsigned int number[BENCH_LAYOUTS_MAX] = {0};
	size_t n;

	*g = (struct grid){.arms = b->n_arms, .rounds = kept < last ? kept : last};
	n = b->n_workloads * g->arms * g->rounds;
	g->t = xcalloc(n + 1, sizeof(*g->t));
	g->layout = xcalloc(g->rounds + 1, sizeof(*g->layout));
	for (size_t i = 0; i < n; i++)
		g->t[i] = -1;
	for (size_t i = 0, r = 0; i < b->n_rounds && r < g->rounds; i++) {
		const struct bench_round *round = &b->rounds[i];

		if (round->dropped)
			continue;
		for (size_t j = 0; j < round->n; j++) {
			const struct bench_observation *o = &round->v[j];

			grid_times(g, o->workload, o->arm)[r] =
				fmax(0, (double)bench_time(o, b->options.measure));
		}
		if (!number[round->layout])
			number[round->layout] = ++g->layouts;
		g->layout[r++] = number[round->layout] - 1;
	}
}

static void grid_release(struct grid *g)
{
	free(g->t);
	free(g->layout);
}

/* Why a workload does not count, or NULL: it ended badly, even in a dropped round, or a time is
 * missing. The caller frees it. */
static char *why_not(const struct bench *b, const struct grid *g, size_t w)
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
	for (size_t r = 0; r < g->rounds; r++) {
		for (size_t a = 0; a < g->arms; a++) {
			double t = grid_times(g, w, a)[r];

			if (!(t > 0))
				return xasprintf("%s: %s", b->arms[a].name,
					t < 0 ? "not run in every round"
					      : "took no time that this machine can measure");
		}
	}
	return NULL;
}

/* Fills in an arm's cells, and the arm's result from all of them. */
static void judge_arm(const struct bench *b, const struct grid *g, const struct stats_input *in,
	const struct stats_estimate *e, const size_t *which, size_t a, struct bench_result *result)
{
	struct bench_arm_result *arm = &result->arms[a + 1];
	const struct stats_estimate *suite = &e[in->arms * in->workloads + a];
	const struct stats_estimate *general = suite + in->arms;
	size_t n = in->workloads, units = result->units;
	CLEANUP_FREE double *p = xcalloc(n, sizeof(*p)), *adjusted = xcalloc(n, sizeof(*adjusted));

	arm->ratio = exp(suite->log);
	arm->error = stats_error(suite->error, units);
	arm->suite = stats_interval(*suite, units, result->alpha, &arm->half_width);
	arm->general = stats_interval(*general, units < n ? units : n, result->alpha, NULL);
	arm->verdict = stats_judge(arm->suite, b->options.margin);
	for (size_t i = 0; i < n; i++)
		p[i] = stats_signed_rank(in->d + (a * n + i) * in->rounds, in->rounds);
	stats_adjust(p, n, adjusted);
	for (size_t i = 0; i < n; i++) {
		const struct stats_estimate *cell = &e[a * n + i];
		const double *base = grid_times(g, which[i], 0);
		const double *t = grid_times(g, which[i], a + 1);
		double least = t[0], base_least = base[0];
		struct bench_cell *c = &arm->cells[which[i]];

		for (size_t r = 1; r < g->rounds; r++) {
			least = fmin(least, t[r]);
			base_least = fmin(base_least, base[r]);
		}
		c->ratio = exp(cell->log);
		c->error = stats_error(cell->error, units);
		c->interval = stats_interval(*cell, units, result->alpha, NULL);
		c->p = p[i];
		c->adjusted = adjusted[i];
		c->minima = least / base_least;
		c->verdict =
			stats_judge_one(c->interval, b->options.margin, c->adjusted, result->alpha);
		arm->different += stats_differs(c->verdict);
	}
}

/* The largest distance of an interval's ends from the known ratio, in logs. */
static double noise_of(struct bench_interval i, double known)
{
	return fmax(fabs(log(i.low / known)), fabs(log(i.high / known)));
}

/* The verdict that remains if every measurement may be off by `noise`. */
static enum bench_verdict verdict_beyond(struct bench_interval i, double noise, double *at_least)
{
	double distance = i.low > 1 ? log(i.low) : -log(i.high);

	*at_least = 0;
	if (!(distance > noise))
		return BENCH_NO_VERDICT;
	*at_least = exp(distance - noise);
	return i.low > 1 ? BENCH_SLOWER : BENCH_FASTER;
}

/* After a gate failed, keeps only differences larger than the error that it reveals. */
static void withhold(const struct bench *b, struct bench_result *result)
{
	const struct bench_arm_result *copy = NULL;

	result->noise = result->copy == BENCH_GATE_NONE ? INFINITY : 0;
	for (size_t a = 1; a < b->n_arms; a++) {
		const struct bench_arm_result *arm = &result->arms[a];
		bool is_copy = b->arms[a].role == BENCH_ROLE_COPY;

		if (is_copy)
			copy = arm;
		if (b->arms[a].role != BENCH_ROLE_ARM)
			result->noise = fmax(result->noise,
				noise_of(arm->suite, is_copy ? 1 : 1 + b->arms[a].slowdown));
	}
	for (size_t a = 1; a < b->n_arms; a++) {
		struct bench_arm_result *arm = &result->arms[a];

		if (b->arms[a].role != BENCH_ROLE_ARM)
			continue;
		arm->verdict = verdict_beyond(arm->suite, result->noise, &arm->at_least);
		arm->different = 0;
		for (size_t w = 0; w < b->n_workloads; w++) {
			struct bench_cell *c = &arm->cells[w];
			double noise = result->noise;

			if (copy && !result->why[w])
				noise = fmax(noise, noise_of(copy->cells[w].interval, 1));
			c->verdict = stats_differs(c->verdict)
					     ? verdict_beyond(c->interval, noise, &c->at_least)
					     : BENCH_NO_VERDICT;
			arm->different += c->verdict != BENCH_NO_VERDICT;
		}
	}
}

static void apply_gates(const struct bench *b, struct bench_result *result)
{
	for (size_t a = 1; a < b->n_arms; a++) {
		const struct bench_arm_result *arm = &result->arms[a];
		enum bench_gate otherwise =
			arm->verdict == BENCH_UNDECIDED ? BENCH_GATE_NOISY : BENCH_GATE_FAILED;
		CLEANUP_FREE char *measured =
			xasprintf("measures as %.4f (%.4f to %.4f, %s)", arm->ratio, arm->suite.low,
				arm->suite.high, bench_verdict_name(arm->verdict));

		if (b->arms[a].role == BENCH_ROLE_COPY) {
			bool quiet = (size_t)arm->different * 10 <= result->counting &&
				     fabs(log(arm->ratio)) <= b->options.gate;

			result->copy = arm->verdict == BENCH_EQUAL && quiet ? BENCH_GATE_PASSED
									    : otherwise;
			free(result->copy_reason);
			result->copy_reason = xasprintf(
				"a byte-identical copy of %s %s, with %u of %zu workloads called different%s",
				b->arms[0].name, measured, arm->different, result->counting,
				bench_unwatched(b) ? "; the machine's load is unknown" : "");
		} else if (b->arms[a].role == BENCH_ROLE_SLOWED) {
			result->slowed =
				arm->verdict == BENCH_SLOWER ? BENCH_GATE_PASSED : otherwise;
			free(result->slowed_reason);
			result->slowed_reason = xasprintf("%s slowed by %.2f %% %s",
				b->arms[0].name, 100 * b->arms[a].slowdown, measured);
		}
	}
	if (result->copy == BENCH_GATE_NONE)
		result->copy_reason = xstrdup("the campaign has no copy of the reference");
	result->verdicts =
		result->copy == BENCH_GATE_PASSED &&
		(result->slowed == BENCH_GATE_NONE || result->slowed == BENCH_GATE_PASSED);
	if (!result->verdicts)
		withhold(b, result);
}

static int compute_result(const struct bench *b, const struct grid *g, const size_t *which,
	struct bench_result *result, struct err *err)
{
	size_t n = result->counting, rounds = g->rounds;
	CLEANUP_FREE double *d = xcalloc((b->n_arms - 1) * n * rounds + 1, sizeof(*d));
	CLEANUP_FREE double *times = xcalloc(rounds, sizeof(*times));
	CLEANUP_FREE struct stats_estimate *e = NULL;
	const struct stats_input in = {
		.arms = b->n_arms - 1,
		.workloads = n,
		.rounds = rounds,
		.d = d,
		.layout = b->options.layouts > 1 ? g->layout : NULL,
		.layouts = g->layouts,
		.resamples = result->resamples,
		.seed = b->options.seed,
	};

	for (size_t a = 0; a < b->n_arms; a++) {
		for (size_t i = 0; i < n; i++) {
			const double *t = grid_times(g, which[i], a);
			const double *base = grid_times(g, which[i], 0);

			for (size_t r = 0; a > 0 && r < rounds; r++)
				d[((a - 1) * n + i) * rounds + r] = log(t[r] / base[r]);
			memcpy(times, t, rounds * sizeof(*times));
			result->arms[a].cells[which[i]].time =
				stats_median(times, rounds) / (double)b->workloads[which[i]].loops;
		}
	}
	e = stats_bootstrap(&in, err);
	if (!e)
		return -1;
	result->units = in.layout ? in.layouts : rounds;
	result->arms[0].ratio = 1;
	result->arms[0].suite = result->arms[0].general = (struct bench_interval){1, 1};
	for (size_t a = 0; a < in.arms; a++) {
		judge_arm(b, g, &in, e, which, a, result);
		if (b->arms[a + 1].role == BENCH_ROLE_ARM)
			result->widest = fmax(result->widest, result->arms[a + 1].half_width);
	}
	apply_gates(b, result);
	return 0;
}

/* If rounds were dropped, reports the last reason for all of them. */
static int too_few(const struct bench *b, size_t rounds, struct err *err)
{
	const struct bench_round *last = NULL;

	for (size_t i = 0; i < b->n_rounds; i++)
		last = b->rounds[i].dropped ? &b->rounds[i] : last;
	if (!last) {
		err_set(err, ERR_INPUT, "the campaign has %zu usable %s, too few for any statement",
			rounds, rounds == 1 ? "round" : "rounds");
		return err_hint(err, "continue it with --resume");
	}
	err_set(err, ERR_INPUT,
		"no statement is possible: %zu of %zu rounds were dropped, the last because %s",
		b->n_rounds - bench_kept(b), b->n_rounds, last->dropped);
	if (bench_crowded(b, last))
		return err_hint(
			err, "wait until the machine is quiet, or measure anyway with --load 100");
	return err_hint(
		err, "try again later; the rehearsal measures what the hypervisor usually takes");
}

int bench_compute(const struct bench *b, struct bench_result *ret, struct err *err)
{
	CLEANUP_BENCH_RESULT struct bench_result result = {.n_workloads = 0};
	CLEANUP_FREE size_t *which = xcalloc(b->n_workloads + 1, sizeof(*which));
	CLEANUP(grid_release) struct grid g = {0};
	double levels[BENCH_LOOKS_MAX];
	bool any = false;

	*ret = result;
	if (b->n_arms == 0 || b->n_looks == 0)
		return err_set(err, ERR_INPUT, "the campaign has no arms");
	grid_fill(&g, b);
	for (size_t w = 0; w < b->n_workloads; w++)
		any = any || !b->workloads[w].failed;
	if (any && g.rounds < 2)
		return too_few(b, g.rounds, err);
	result = (struct bench_result){
		.rounds = (unsigned int)g.rounds,
		.dropped = (unsigned int)b->n_rounds - bench_kept(b),
		.resamples = b->options.resamples,
		.n_arms = b->n_arms,
		.n_workloads = b->n_workloads,
		.why = xcalloc(b->n_workloads + 1, sizeof(*result.why)),
		.arms = xcalloc(b->n_arms, sizeof(*result.arms)),
	};
	while (b->looks[result.look] < g.rounds)
		result.look++;
	bench_look_levels(b, levels);
	result.alpha = levels[result.look];
	for (size_t a = 0; a < b->n_arms; a++)
		result.arms[a].cells = xcalloc(b->n_workloads + 1, sizeof(*result.arms[a].cells));
	for (size_t w = 0; w < b->n_workloads; w++) {
		result.why[w] = why_not(b, &g, w);
		if (!result.why[w])
			which[result.counting++] = w;
	}
	if (result.counting == 0)
		return err_set(err, ERR_INPUT, "no workload ran in every arm; %s: %s",
			b->n_workloads ? b->workloads[0].name : "there is none",
			b->n_workloads ? result.why[0] : "nothing was chosen");
	if (compute_result(b, &g, which, &result, err) < 0)
		return -1;
	*ret = result;
	result = (struct bench_result){.n_workloads = 0};
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
	return result->copy != BENCH_GATE_NOISY && result->slowed != BENCH_GATE_NOISY &&
	       result->widest <= b->options.precision;
}
