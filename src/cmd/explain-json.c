/* All that solder explain shows, as JSON. */
#include "cmd/explain-internal.h"
#include "python/python.h"

static json_t *side_json(const struct explain_page *p, const struct explain_side *side)
{
	/* What ran before, or not at all, did so under conditions that are not known. */
	bool ran = side->interpreter && !side->no_counts;
	json_t *o = json_pack("{s:o, s:o, s:o, s:s?, s:o, s:o}", "given", py_text_json(side->given),
		"interpreter", py_text_json(side->interpreter), "version",
		py_text_json(side->version), "link", side->link, "from_copy",
		ran ? json_boolean(side->place.moved) : json_null(), "arenas_aligned",
		ran ? json_boolean(side->aligned) : json_null());
	json_t *counts = json_object();

	for (size_t i = 0; ran && i < p->workloads->n; i++)
		json_object_set_new(counts, p->workloads->v[i], json_integer(side->workloads[i]));
	json_object_set_new(o, "workloads", counts);
	json_object_set_new(o, "weights",
		side->no_counts ? json_pack("{s:o}", "not_known", py_text_json(side->no_counts))
				: explain_weights_json(&side->weights));
	if (side->startup)
		json_object_set_new(o, "startup", explain_startup_json(side->startup));
	return o;
}

static json_t *function_json(const struct explain_side *side, const char *name)
{
	const struct explain_function *f = explain_find_function(&side->weights, name);
	json_t *causes = json_object();

	for (unsigned c = 0; c < EXPLAIN_N_CAUSES; c++)
		json_object_set_new(
			causes, explain_cause_name(c), json_integer(f ? f->causes[c] : 0));
	return json_pack("{s:I, s:I, s:o}", "calls", (json_int_t)(f ? f->entries : 0), "total",
		(json_int_t)(f ? f->total : 0), "causes", causes);
}

json_t *explain_page_json(const struct explain_page *p)
{
	bool read = !p->a->interpreter; /* from files of callgrind */
	json_t *o = json_pack("{s:o, s:o}", "loops",
		read || p->startup ? json_null() : json_integer(p->loops), "whole",
		read ? json_null() : json_boolean(p->whole || p->startup));

	json_object_set_new(o, "a", side_json(p, p->a));
	if (p->b)
		json_object_set_new(o, "b", side_json(p, p->b));
	json_object_set_new(
		o, "result", explain_is_counted(p) ? explain_result_json(p->result) : json_null());
	if (p->result->matched)
		json_object_set_new(o, "inlined", explain_inlining_json(p->inlining));
	if (p->function) {
		json_t *function = json_pack("{s:o, s:o}", "name", py_ascii_json(p->function), "a",
			function_json(p->a, p->function));

		if (p->b)
			json_object_set_new(function, "b", function_json(p->b, p->function));
		json_object_set_new(o, "function", function);
		json_object_set_new(o, "code", explain_code_json(p));
	}
	return o;
}
