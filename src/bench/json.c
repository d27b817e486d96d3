/* Results as JSON. */
#include "bench/bench-internal.h"
#include "report/json.h"

json_t *bench_interval_json(struct bench_interval i)
{
	return json_pack("[o, o]", json_number(i.low), json_number(i.high));
}

static void set_at_least(json_t *j, double at_least)
{
	if (at_least > 0)
		json_object_set_new(j, "at_least", json_number(at_least));
}

static json_t *arm_json(const struct bench *b, const struct bench_result *result, size_t a)
{
	const struct bench_arm_result *arm = &result->arms[a];
	json_t *cells = json_array();
	json_t *j = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:s}", "name", b->arms[a].name,
		"role", bench_role_names[b->arms[a].role], "ratio", json_number(arm->ratio),
		"interval_suite", bench_interval_json(arm->suite), "interval_general",
		bench_interval_json(arm->general), "half_width", json_number(arm->half_width),
		"verdict", bench_verdict_name(arm->verdict));

	set_at_least(j, arm->at_least);
	json_object_set_new(j, "different", json_integer(arm->different));
	for (size_t w = 0; a > 0 && w < b->n_workloads; w++) {
		const struct bench_cell *c = &arm->cells[w];
		json_t *cell;

		if (result->why[w])
			continue;
		cell = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "name",
			json_text(b->workloads[w].name), "ratio", json_number(c->ratio), "interval",
			bench_interval_json(c->interval), "p", json_number(c->p), "p_adjusted",
			json_number(c->adjusted), "ratio_of_minima", json_number(c->minima),
			"loop_ns", json_number(c->time), "verdict", bench_verdict_name(c->verdict));
		set_at_least(cell, c->at_least);
		json_array_append_new(cells, cell);
	}
	json_object_set_new(j, "workloads", cells);
	return j;
}

static json_t *gate_json(enum bench_gate gate, const char *reason)
{
	return json_pack(
		"{s:s, s:o}", "outcome", bench_gate_name(gate), "reason", json_text(reason));
}

json_t *bench_result_json(const struct bench *b, const struct bench_result *result)
{
	json_t *left_out = json_array(), *arms = json_array();
	struct bench_outlook outlook;

	bench_expect(b, &outlook);
	for (size_t w = 0; w < b->n_workloads; w++) {
		if (result->why[w])
			json_array_append_new(left_out,
				json_pack("{s:o, s:o}", "name", json_text(b->workloads[w].name),
					"why", json_text(result->why[w])));
	}
	for (size_t a = 0; a < b->n_arms; a++)
		json_array_append_new(arms, arm_json(b, result, a));
	return json_pack(
		"{s:i, s:i, s:o, s:f, s:f, s:i, s:i, s:b, s:b, s:{s:o, s:o}, s:o, s:o, s:o}",
		"rounds", (int)result->rounds, "dropped", (int)result->dropped, "overhead_ns",
		json_number(bench_overhead(b)), "alpha", result->alpha, "margin", b->options.margin,
		"resamples", (int)result->resamples, "workloads", (int)result->counting,
		"load_known", !bench_unwatched(b), "verdicts", result->verdicts, "gates", "copy",
		gate_json(result->copy, result->copy_reason), "slowed",
		gate_json(result->slowed, result->slowed_reason), "expected",
		bench_outlook_json(&outlook), "left_out", left_out, "arms", arms);
}

static json_t *change_json(const char *key, const char *name, const struct bench_change *c)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", key, json_text(name), "before",
		json_number(c->before), "after", json_number(c->after), "ratio",
		json_number(c->ratio), "interval", bench_interval_json(c->interval), "p",
		json_number(c->p), "p_adjusted", json_number(c->adjusted), "verdict",
		bench_verdict_name(c->verdict));
}

json_t *bench_comparison_json(
	const struct bench *before, const struct bench *after, const struct bench_comparison *c)
{
	json_t *changes = json_array();

	for (size_t a = 0; a < c->n_arms; a++) {
		const struct bench_arm_changes *arm = &c->arms[a];
		const struct bench_arm *named = &before->arms[arm->before];
		json_t *one = change_json("arm", named->name, &arm->suite), *cells = json_array();

		for (size_t i = 0; i < c->n_workloads; i++)
			json_array_append_new(cells,
				change_json("name", before->workloads[c->workload_before[i]].name,
					&arm->workloads[i]));
		json_object_set_new(one, "role", json_string(bench_role_names[named->role]));
		json_object_set_new(one, "different", json_integer(arm->different));
		json_object_set_new(one, "workloads", cells);
		json_array_append_new(changes, one);
	}
	return json_pack("{s:b, s:o, s:o, s:o}", "verdicts", c->verdicts, "before",
		bench_result_json(before, &c->before), "after", bench_result_json(after, &c->after),
		"changes", changes);
}

json_t *bench_instructions_json(const struct bench *b)
{
	json_t *arms = json_array();

	for (size_t a = 0; b->counts && a < b->n_arms; a++) {
		json_t *workloads = json_array();

		for (size_t w = 0; w < b->n_workloads; w++) {
			double n = bench_instructions(b, w, a);

			json_array_append_new(
				workloads, json_pack("{s:o, s:o, s:o}", "name",
						   json_text(b->workloads[w].name), "instructions",
						   json_number(n), "ratio",
						   json_number(n / bench_instructions(b, w, 0))));
		}
		if (b->arms[a].role == BENCH_ROLE_SLOWED)
			json_decref(workloads);
		else
			json_array_append_new(
				arms, json_pack("{s:s, s:s, s:o, s:o}", "name", b->arms[a].name,
					      "role", bench_role_names[b->arms[a].role], "ratio",
					      json_number(bench_instructions_ratio(b, a, NULL)),
					      "workloads", workloads));
	}
	if (b->counts)
		return json_pack("{s:o, s:o}", "counter", json_text(b->counter), "arms", arms);
	json_decref(arms);
	return json_null();
}
