/* Compares two campaigns, by arms with the same name. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench-internal.h"

/* Finds the counterpart of `arm` in another campaign: the copy for the copy, otherwise the arm with
 * the same name. Returns 0, the reference, if not found. */
static size_t find_arm(const struct bench *b, const struct bench_arm *arm)
{
	for (size_t a = 1; a < b->n_arms; a++) {
		if (b->arms[a].role == arm->role &&
			(arm->role == BENCH_ROLE_COPY || !strcmp(b->arms[a].name, arm->name)))
			return a;
	}
	return 0;
}

/* Leaves out of `b` the workloads that do not count in `other`, which messages call `which`;
 * returns their number. */
static size_t leave_out_uncommon(struct bench *b, const struct bench_result *result,
	const struct bench *other, const struct bench_result *others, const char *which)
{
	size_t n = 0;

	for (size_t w = 0; w < b->n_workloads; w++) {
		size_t o = bench_find_workload(other, b->workloads[w].name);

		if (result->why[w] || (o < other->n_workloads && !others->why[o]))
			continue;
		free(b->workloads[w].failed);
		b->workloads[w].failed =
			o < other->n_workloads
				? xasprintf("in the %s campaign: %s", which, others->why[o])
				: xasprintf("is not in the %s campaign", which);
		n++;
	}
	return n;
}

/* Computes both results over the workloads that count in both. */
static int compute_both(
	struct bench *before, struct bench *after, struct bench_comparison *c, struct err *err)
{
	size_t left_out;

	if (bench_compute(before, &c->before, err) < 0)
		return err_wrap(err, "the first campaign");
	if (bench_compute(after, &c->after, err) < 0)
		return err_wrap(err, "the second campaign");
	left_out = leave_out_uncommon(before, &c->before, after, &c->after, "second") +
		   leave_out_uncommon(after, &c->after, before, &c->before, "first");
	if (!left_out)
		return 0;
	bench_result_release(&c->before);
	bench_result_release(&c->after);
	if (bench_compute(before, &c->before, err) < 0 || bench_compute(after, &c->after, err) < 0)
		return err->code == ERR_INTERRUPTED
			       ? -1
			       : err_set(err, ERR_INPUT,
					 "the campaigns have no workload in common");
	return 0;
}

static void judge_change(const struct bench_comparison *c, double before_error, double after_error,
	const struct bench_options *o, struct bench_change *ch)
{
	const double errors[] = {before_error, after_error};
	const double df[] = {(double)(c->before.units - 1), (double)(c->after.units - 1)};
	double log_ratio = log(ch->after / ch->before);
	struct stats_difference d = stats_welch(log_ratio, errors, df, o->alpha);

	ch->ratio = exp(log_ratio);
	ch->adjusted = ch->p = d.p;
	ch->interval = (struct bench_interval){
		exp(log_ratio - d.half_width), exp(log_ratio + d.half_width)};
	ch->verdict = stats_judge(ch->interval, o->margin);
}

static void compare_arm(
	struct bench_comparison *c, const struct bench_options *o, size_t before, size_t after)
{
	struct bench_arm_changes *arm = &c->arms[c->n_arms++];
	const struct bench_arm_result *first = &c->before.arms[before];
	const struct bench_arm_result *second = &c->after.arms[after];
	CLEANUP_FREE double *p = xcalloc(c->n_workloads + 1, sizeof(*p));
	CLEANUP_FREE double *adjusted = xcalloc(c->n_workloads + 1, sizeof(*adjusted));

	*arm = (struct bench_arm_changes){.before = before,
		.after = after,
		.suite = {.before = first->ratio, .after = second->ratio},
		.workloads = xcalloc(c->n_workloads + 1, sizeof(*arm->workloads))};
	judge_change(c, first->error, second->error, o, &arm->suite);
	for (size_t i = 0; i < c->n_workloads; i++) {
		const struct bench_cell *x = &first->cells[c->workload_before[i]];
		const struct bench_cell *y = &second->cells[c->workload_after[i]];
		struct bench_change *ch = &arm->workloads[i];

		*ch = (struct bench_change){.before = x->ratio, .after = y->ratio};
		judge_change(c, x->error, y->error, o, ch);
		p[i] = ch->p;
	}
	stats_adjust(p, c->n_workloads, adjusted);
	for (size_t i = 0; i < c->n_workloads; i++) {
		struct bench_change *ch = &arm->workloads[i];

		ch->adjusted = adjusted[i];
		ch->verdict = stats_judge_one(ch->interval, o->margin, ch->adjusted, o->alpha);
		arm->different += stats_differs(ch->verdict);
		if (!c->verdicts)
			ch->verdict = BENCH_NO_VERDICT;
	}
	if (!c->verdicts)
		arm->suite.verdict = BENCH_NO_VERDICT;
}

int bench_compare(
	struct bench *before, struct bench *after, struct bench_comparison *ret, struct err *err)
{
	static const enum bench_role roles[] = {BENCH_ROLE_ARM, BENCH_ROLE_COPY};
	CLEANUP_BENCH_COMPARISON struct bench_comparison c = {0};

	*ret = c;
	if (before->options.measure != after->options.measure) {
		err_set(err, ERR_INPUT, "one campaign judges CPU time, the other wall time");
		return err_hint(err, "--measure chooses for both");
	}
	if (compute_both(before, after, &c, err) < 0)
		return -1;
	c.verdicts = c.before.verdicts && c.after.verdicts;
	c.workload_before = xcalloc(before->n_workloads + 1, sizeof(*c.workload_before));
	c.workload_after = xcalloc(before->n_workloads + 1, sizeof(*c.workload_after));
	for (size_t w = 0; w < before->n_workloads; w++) {
		if (c.before.why[w])
			continue;
		c.workload_before[c.n_workloads] = w;
		c.workload_after[c.n_workloads++] =
			bench_find_workload(after, before->workloads[w].name);
	}
	c.arms = xcalloc(before->n_arms, sizeof(*c.arms));
	for (size_t r = 0; r < ARRAY_SIZE(roles); r++) {
		for (size_t a = 1; a < before->n_arms; a++) {
			size_t other = find_arm(after, &before->arms[a]);

			if (before->arms[a].role == roles[r] && other)
				compare_arm(&c, &before->options, a, other);
		}
	}
	if (!c.n_arms || before->arms[c.arms[0].before].role != BENCH_ROLE_ARM) {
		err_set(err, ERR_INPUT, "the campaigns have no arm in common but the reference");
		return err_hint(
			err, "arms are compared by name: solder bench NAME=PYTHON NAME=PYTHON");
	}
	*ret = c;
	c = (struct bench_comparison){0};
	return 0;
}

void bench_comparison_release(struct bench_comparison *c)
{
	for (size_t a = 0; a < c->n_arms; a++)
		free(c->arms[a].workloads);
	free(c->arms);
	free(c->workload_before);
	free(c->workload_after);
	bench_result_release(&c->before);
	bench_result_release(&c->after);
	*c = (struct bench_comparison){0};
}
