/* The answer as JSON. Names and paths come from files, hence json_ascii(), which takes any
 * bytes. */
#include "explain/explain-internal.h"

#define I(n) ((json_int_t)(n))

static json_t *causes_json(const int64_t causes[EXPLAIN_N_CAUSES])
{
	json_t *o = json_object();

	for (unsigned c = 0; c < EXPLAIN_N_CAUSES; c++)
		json_object_set_new(o, explain_cause_name(c), json_integer(I(causes[c])));
	return o;
}

static json_t *weights_json(const struct explain_weights *w)
{
	json_t *classes = json_object(), *objects = json_array(), *joined = json_array();

	for (unsigned c = 0; c < CODE_N_CLASSES; c++) {
		json_t *class = json_pack("{s:I}", "instructions", I(w->classes[c]));

		if (c < CODE_N_SITES)
			json_object_update_new(
				class, json_pack("{s:I, s:I, s:I}", "sites", I(w->class_sites[c]),
					       "sites_in_files", I(w->class_in_files[c]),
					       "executions", I(w->class_executions[c])));
		json_object_set_new(classes, code_class_name(c), class);
	}
	for (size_t i = 0; i < w->n_objects; i++) {
		const struct explain_object *object = &w->objects[i];

		json_array_append_new(objects,
			json_pack("{s:o, s:I, s:I, s:I, s:b, s:o, s:I, s:I}", "path",
				json_ascii(object->path), "total", I(object->total), "in_named",
				I(object->in_named), "unknown", I(object->unknown), "named",
				object->named, "bolt", json_ascii(object->bolt), "in_parts",
				I(object->in_parts), "in_left", I(object->in_left)));
	}
	for (size_t i = 0; i < w->n_joined; i++)
		json_array_append_new(
			joined, json_pack("{s:o, s:o}", "function", json_ascii(w->joined[i].name),
					"as", json_ascii(w->joined[i].of)));
	return json_pack("{s:I, s:{s:I, s:I}, s:I, s:o, s:o, s:o, s:{s:I, s:I, s:I}, s:o}", "total",
		I(w->total), "less", "addresses", I(w->n_less), "executed", I(w->less), "forked",
		I(w->forked), "objects", objects, "causes", causes_json(w->causes), "classes",
		classes, "tls_get_addr", "calls", I(w->tls_calls), "stubs", I(w->tls_stubs),
		"inside", I(w->tls_get_addr), "joined", joined);
}

static json_t *pairs_json(const struct explain_result *r, const struct explain_pair *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct explain_pair *p = &v[i];
		json_t *o = json_pack("{s:o}", "function", json_ascii(p->name));

		if (p->symbol) {
			json_object_set_new(o, "class", json_string(code_class_name(p->kind)));
			if (p->kind_b != p->kind)
				json_object_set_new(
					o, "class_b", json_string(code_class_name(p->kind_b)));
			json_object_set_new(o, "symbol", json_ascii(p->symbol));
		} else {
			json_object_set_new(o, "cause", json_string(explain_cause_name(p->most)));
		}
		json_object_set_new(o, "a", p->in_a ? json_integer(I(p->a)) : json_null());
		if (r->pair)
			json_object_set_new(o, "b", p->in_b ? json_integer(I(p->b)) : json_null());
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *result_json(const struct explain_result *r)
{
	json_t *rows = json_array();
	json_t *o = json_pack("{s:I}", "total_a", I(r->total_a));

	for (size_t i = 0; i < r->n_rows; i++) {
		const struct explain_row *row = &r->rows[i];
		int64_t difference = row->b - row->a;
		json_t *cause = json_pack("{s:s, s:b, s:I}", "name", row->name, "explains",
			row->explained, "a", I(row->a));

		if (r->pair)
			json_object_update_new(cause, json_pack("{s:I, s:I}", "b", I(row->b),
							      "difference", I(difference)));
		if (r->pair && r->total_a)
			json_object_set_new(cause, "share_of_a",
				json_real((double)difference / (double)r->total_a));
		json_array_append_new(rows, cause);
	}
	if (r->pair)
		json_object_update_new(
			o, json_pack("{s:I, s:I, s:b}", "total_b", I(r->total_b), "explained",
				   I(r->explained), "functions_matched", r->matched));
	json_object_set_new(o, "causes", rows);
	json_object_set_new(o, "functions", pairs_json(r, r->functions, r->n_functions));
	json_object_set_new(o, "sites", pairs_json(r, r->sites, r->n_sites));
	return o;
}

static json_t *inlining_json(const struct explain_inlining *inlining)
{
	json_t *functions = json_array(), *o = json_pack("{s:o}", "functions", functions);

	for (size_t i = 0; i < inlining->n; i++) {
		const struct explain_inlined *f = &inlining->v[i];
		json_t *into = json_array();

		for (size_t h = 0; h < f->n_hosts; h++)
			json_array_append_new(into,
				json_pack("{s:o, s:I}", "function", json_ascii(f->hosts[h].name),
					"executed", I(f->hosts[h].executed)));
		json_array_append_new(
			functions, json_pack("{s:o, s:s, s:o, s:I, s:I, s:I, s:I}", "function",
					   json_ascii(f->name), "inlined_in", f->in_a ? "a" : "b",
					   "into", into, "entries", I(f->entries), "frame",
					   I(f->frame), "a", I(f->a), "b", I(f->b)));
	}
	for (size_t k = 0; k < 2; k++) {
		const struct explain_alone *alone = &inlining->alone[k];
		json_t *missing = json_array();

		for (size_t i = 0; i < inlining->missing[k].n; i++)
			json_array_append_new(missing, json_ascii(inlining->missing[k].v[i]));
		json_object_set_new(o, k ? "b" : "a",
			json_pack("{s:I, s:I, s:I, s:I, s:o}", "alone", I(alone->functions),
				"inlined_in_other", I(alone->inlined), "frame", I(alone->frame),
				"frame_inlined_in_other", I(alone->inlined_frame), "missing",
				missing));
	}
	return o;
}

static json_t *insn_json(const struct explain_code_insn *i)
{
	if (!i)
		return json_null();
	return json_pack("{s:I, s:I, s:s, s:b, s:o, s:o, s:o}", "addr", I(i->addr), "executions",
		I(i->count), "class", i->class, "site", i->site, "text", json_ascii(i->text),
		"file", json_ascii(i->file), "line", i->file ? json_integer(i->line) : json_null());
}

/* All rows, including those that are not hot. */
static json_t *code_json(const struct explain_answer *a)
{
	json_t *o = json_object();

	for (size_t i = 0; i < a->n_codes; i++) {
		CLEANUP_EXPLAIN_LISTING struct explain_listing listing = {0};
		json_t *parts = json_array();

		explain_listing_make(&a->a->codes[i], a->b ? &a->b->codes[i] : NULL, &listing);
		for (size_t k = 0; k < listing.n; k++) {
			const struct explain_listing_part *p = &listing.parts[k];
			json_t *rows = json_array();

			for (size_t r = 0; r < p->n; r++)
				json_array_append_new(
					rows, json_pack("{s:o, s:o, s:b, s:b}", "a",
						      insn_json(p->rows[r].a), "b",
						      insn_json(p->rows[r].b), "same",
						      p->rows[r].same, "hot", p->rows[r].hot));
			json_array_append_new(
				parts, json_pack("{s:o, s:o, s:o}", "a",
					       json_ascii(p->a ? p->a->name : NULL), "b",
					       json_ascii(p->b ? p->b->name : NULL), "rows", rows));
		}
		json_object_set_new(o, a->code_names[i], parts);
	}
	return o;
}

static json_t *python_json(const struct explain_answer *a, const struct explain_python *p)
{
	/* The conditions of an earlier run are unknown. */
	bool ran = p->interpreter && !p->no_counts;
	json_t *workloads = json_object();
	json_t *o = json_pack("{s:o, s:o, s:o, s:s?, s:o, s:o, s:o, s:o}", "given",
		json_text(p->given), "interpreter", json_text(p->interpreter), "version",
		json_text(p->version), "link", p->link, "from_copy",
		ran ? json_boolean(p->place.moved) : json_null(), "arenas_aligned",
		ran ? json_boolean(p->aligned) : json_null(), "workloads", workloads, "weights",
		p->no_counts ? json_pack("{s:o}", "not_known", json_text(p->no_counts))
			     : weights_json(&p->weights));

	for (size_t i = 0; ran && i < a->workloads.n; i++)
		json_object_set_new(workloads, a->workloads.v[i], json_integer(I(p->workloads[i])));
	if (p->started)
		json_object_set_new(o, "startup", explain_startup_json(&p->startup));
	return o;
}

static json_t *function_json(const struct explain_python *p, const char *name)
{
	const struct explain_function *f = explain_find_function(&p->weights, name);

	return json_pack("{s:I, s:I, s:o}", "calls", I(f->entries), "total", I(f->total), "causes",
		causes_json(f->causes));
}

json_t *explain_json(const struct explain_answer *a)
{
	const struct explain_question *q = a->q;
	bool read = q->from_callgrind;
	json_t *o = json_pack("{s:o, s:o, s:o}", "loops",
		read || q->startup ? json_null() : json_integer(q->loops), "whole",
		read ? json_null() : json_boolean(q->whole || q->startup), "a",
		python_json(a, a->a));

	if (a->b)
		json_object_set_new(o, "b", python_json(a, a->b));
	json_object_set_new(o, "result", a->counted ? result_json(&a->result) : json_null());
	if (a->result.matched)
		json_object_set_new(o, "inlined", inlining_json(&a->inlining));
	if (!a->function)
		return o;
	json_object_set_new(o, "function",
		json_pack("{s:o, s:o}", "name", json_ascii(a->function), "a",
			function_json(a->a, a->function)));
	if (a->b)
		json_object_set_new(
			json_object_get(o, "function"), "b", function_json(a->b, a->function));
	json_object_set_new(o, "code", code_json(a));
	return o;
}
