/* Results as JSON. */
#include <math.h>

#include "bench/bench.h"

/* JSON knows no infinity. */
static json_t *real(double x)
{
	return isfinite(x) ? json_real(x) : json_null();
}

static json_t *interval_json(struct bench_interval i)
{
	json_t *j = json_array();

	json_array_append_new(j, real(i.low));
	json_array_append_new(j, real(i.high));
	return j;
}

static json_t *cell_json(const struct bench_workload *w, const struct bench_cell *c)
{
	json_t *j = json_object();

	json_object_set_new(j, "name", json_string(w->name));
	json_object_set_new(j, "ratio", real(c->ratio));
	json_object_set_new(j, "interval", interval_json(c->interval));
	json_object_set_new(j, "p", real(c->p));
	json_object_set_new(j, "p_adjusted", real(c->adjusted));
	json_object_set_new(j, "ratio_of_minima", real(c->minima));
	json_object_set_new(j, "loop_ns", real(c->time));
	json_object_set_new(j, "verdict", json_string(bench_verdict_name(c->verdict)));
	if (c->at_least > 0)
		json_object_set_new(j, "at_least", real(c->at_least));
	return j;
}

static json_t *arm_json(const struct bench *b, const struct bench_result *result, size_t a)
{
	const struct bench_arm_result *arm = &result->arms[a];
	json_t *j = json_object(), *cells = json_array();

	json_object_set_new(j, "name", json_string(b->arms[a].name));
	json_object_set_new(j, "role", json_string(bench_role_name(b->arms[a].role)));
	json_object_set_new(j, "ratio", real(arm->ratio));
	json_object_set_new(j, "interval_suite", interval_json(arm->suite));
	json_object_set_new(j, "interval_general", interval_json(arm->general));
	json_object_set_new(j, "half_width", real(arm->half_width));
	json_object_set_new(j, "verdict", json_string(bench_verdict_name(arm->verdict)));
	if (arm->at_least > 0)
		json_object_set_new(j, "at_least", real(arm->at_least));
	json_object_set_new(j, "different", json_integer(arm->different));
	for (size_t w = 0; a > 0 && w < b->n_workloads; w++) {
		if (!result->why[w])
			json_array_append_new(cells, cell_json(&b->workloads[w], &arm->cells[w]));
	}
	json_object_set_new(j, "workloads", cells);
	return j;
}

static json_t *gate_json(enum bench_gate gate, const char *reason)
{
	json_t *j = json_object();

	json_object_set_new(j, "outcome", json_string(bench_gate_name(gate)));
	json_object_set_new(j, "reason", reason ? json_string(reason) : json_null());
	return j;
}

json_t *bench_result_json(const struct bench *b, const struct bench_result *result)
{
	json_t *j = json_object(), *gates = json_object(), *left_out = json_array();
	json_t *arms = json_array();

	json_object_set_new(j, "rounds", json_integer(result->rounds));
	json_object_set_new(j, "dropped", json_integer(result->dropped));
	json_object_set_new(j, "overhead_ns", real(bench_overhead(b)));
	json_object_set_new(j, "alpha", json_real(result->alpha));
	json_object_set_new(j, "margin", json_real(b->options.margin));
	json_object_set_new(j, "resamples", json_integer(result->resamples));
	json_object_set_new(j, "workloads", json_integer((json_int_t)result->counting));
	json_object_set_new(j, "load_known", json_boolean(!bench_unwatched(b)));
	json_object_set_new(j, "verdicts", json_boolean(result->verdicts));
	json_object_set_new(gates, "copy", gate_json(result->copy, result->copy_reason));
	json_object_set_new(gates, "slowed", gate_json(result->slowed, result->slowed_reason));
	json_object_set_new(j, "gates", gates);
	for (size_t w = 0; w < b->n_workloads; w++) {
		json_t *entry;

		if (!result->why[w])
			continue;
		entry = json_object();
		json_object_set_new(entry, "name", json_string(b->workloads[w].name));
		json_object_set_new(entry, "why", json_string(result->why[w]));
		json_array_append_new(left_out, entry);
	}
	json_object_set_new(j, "left_out", left_out);
	for (size_t a = 0; a < b->n_arms; a++)
		json_array_append_new(arms, arm_json(b, result, a));
	json_object_set_new(j, "arms", arms);
	return j;
}

static json_t *change_json(const char *key, const char *name, const struct bench_change *c)
{
	json_t *j = json_object();

	json_object_set_new(j, key, json_string(name));
	json_object_set_new(j, "before", real(c->before));
	json_object_set_new(j, "after", real(c->after));
	json_object_set_new(j, "ratio", real(c->ratio));
	json_object_set_new(j, "interval", interval_json(c->interval));
	json_object_set_new(j, "p", real(c->p));
	json_object_set_new(j, "p_adjusted", real(c->adjusted));
	json_object_set_new(j, "verdict", json_string(bench_verdict_name(c->verdict)));
	return j;
}

json_t *bench_comparison_json(
	const struct bench *before, const struct bench *after, const struct bench_comparison *c)
{
	json_t *j = json_object(), *changes = json_array();

	json_object_set_new(j, "verdicts", json_boolean(c->verdicts));
	json_object_set_new(j, "before", bench_result_json(before, &c->before));
	json_object_set_new(j, "after", bench_result_json(after, &c->after));
	for (size_t a = 0; a < c->n_arms; a++) {
		const struct bench_arm_changes *arm = &c->arms[a];
		const struct bench_arm *named = &before->arms[arm->before];
		json_t *one = change_json("arm", named->name, &arm->suite), *cells = json_array();

		json_object_set_new(one, "role", json_string(bench_role_name(named->role)));
		json_object_set_new(one, "different", json_integer(arm->different));
		for (size_t i = 0; i < c->n_workloads; i++)
			json_array_append_new(cells,
				change_json("name", before->workloads[c->workload_before[i]].name,
					&arm->workloads[i]));
		json_object_set_new(one, "workloads", cells);
		json_array_append_new(changes, one);
	}
	json_object_set_new(j, "changes", changes);
	return j;
}
