#include "explain/explain.h"

#include "python/python.h"
#include "elf/elf.h"

static json_t *integer(int64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *classes(const struct explain_weights *w)
{
	json_t *o = json_object();

	for (unsigned c = 0; c < CODE_N_CLASSES; c++) {
		json_t *class = json_pack("{s:o}", "instructions", integer(w->classes[c]));

		if (c < CODE_N_SITES) {
			json_object_set_new(class, "sites", integer((int64_t)w->class_sites[c]));
			json_object_set_new(
				class, "sites_in_files", integer((int64_t)w->class_in_files[c]));
			json_object_set_new(class, "executions", integer(w->class_executions[c]));
		}
		json_object_set_new(o, code_class_name(c), class);
	}
	return o;
}

json_t *explain_weights_json(const struct explain_weights *w)
{
	json_t *causes = json_object(), *objects = json_array();

	for (unsigned c = 0; c < EXPLAIN_N_CAUSES; c++)
		json_object_set_new(causes, explain_cause_name(c), integer(w->causes[c]));
	for (size_t i = 0; i < w->n_objects; i++)
		json_array_append_new(objects,
			json_pack("{s:o, s:o, s:o, s:o, s:b}", "path",
				py_ascii_json(w->objects[i].path), "total",
				integer(w->objects[i].total), "in_named",
				integer(w->objects[i].in_named), "unknown",
				integer(w->objects[i].unknown), "named", w->objects[i].named));
	return json_pack("{s:o, s:{s:o, s:o}, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "total",
		integer(w->total), "less", "addresses", integer((int64_t)w->n_less), "executed",
		integer(w->less), "forked", integer((int64_t)w->forked), "objects", objects,
		"causes", causes, "classes", classes(w), "tls_get_addr", "calls",
		integer(w->tls_calls), "stubs", integer(w->tls_stubs), "inside",
		integer(w->tls_get_addr));
}

static json_t *pair(const struct explain_result *r, const struct explain_pair *p)
{
	json_t *o = json_pack("{s:o}", "function", py_ascii_json(p->name));

	if (p->class) {
		json_object_set_new(o, "class", json_string(p->class));
		if (p->class_b != p->class)
			json_object_set_new(o, "class_b", json_string(p->class_b));
		json_object_set_new(o, "symbol", py_ascii_json(p->symbol));
	} else {
		json_object_set_new(o, "cause", json_string(explain_cause_name(p->most)));
	}
	json_object_set_new(o, "a", p->in_a ? integer(p->a) : json_null());
	if (r->pair)
		json_object_set_new(o, "b", p->in_b ? integer(p->b) : json_null());
	return o;
}

static json_t *row(const struct explain_result *r, const struct explain_row *row)
{
	int64_t difference = row->b - row->a;
	json_t *o = json_pack("{s:s, s:b, s:o}", "name", row->name, "explains", row->explained, "a",
		integer(row->a));

	if (!r->pair)
		return o;
	json_object_set_new(o, "b", integer(row->b));
	json_object_set_new(o, "difference", json_integer(difference));
	if (r->total_a)
		json_object_set_new(
			o, "share_of_a", json_real((double)difference / (double)r->total_a));
	return o;
}

json_t *explain_result_json(const struct explain_result *r)
{
	json_t *rows = json_array(), *functions = json_array(), *sites = json_array();
	json_t *o;

	for (size_t i = 0; i < r->n_rows; i++)
		json_array_append_new(rows, row(r, &r->rows[i]));
	for (size_t i = 0; i < r->n_functions; i++)
		json_array_append_new(functions, pair(r, &r->functions[i]));
	for (size_t i = 0; i < r->n_sites; i++)
		json_array_append_new(sites, pair(r, &r->sites[i]));
	o = json_pack("{s:o}", "total_a", integer(r->total_a));
	if (r->pair) {
		json_object_set_new(o, "total_b", integer(r->total_b));
		json_object_set_new(o, "explained", json_integer(r->explained));
		json_object_set_new(o, "functions_matched", json_boolean(r->matched));
	}
	json_object_set_new(o, "causes", rows);
	json_object_set_new(o, "functions", functions);
	json_object_set_new(o, "sites", sites);
	return o;
}

static json_t *inlined(const struct explain_inlined *f)
{
	json_t *into = json_array();

	for (size_t i = 0; i < f->n_hosts; i++)
		json_array_append_new(
			into, json_pack("{s:o, s:o}", "function", py_ascii_json(f->hosts[i].name),
				      "executed", integer(f->hosts[i].executed)));
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "function", py_ascii_json(f->name),
		"inlined_in", f->in_a ? "a" : "b", "into", into, "entries", integer(f->entries),
		"frame", integer(f->frame), "a", integer(f->a), "b", integer(f->b));
}

json_t *explain_inlining_json(const struct explain_inlining *inlining)
{
	json_t *functions = json_array(), *o = json_pack("{s:o}", "functions", functions);

	for (size_t i = 0; i < inlining->n; i++)
		json_array_append_new(functions, inlined(&inlining->v[i]));
	for (size_t side = 0; side < 2; side++) {
		const struct explain_alone *alone = &inlining->alone[side];
		json_t *missing = json_array();

		for (size_t i = 0; i < inlining->missing[side].n; i++)
			json_array_append_new(missing, py_ascii_json(inlining->missing[side].v[i]));
		json_object_set_new(o, side ? "b" : "a",
			json_pack("{s:o, s:o, s:o, s:o, s:o}", "alone",
				integer((int64_t)alone->functions), "inlined_in_other",
				integer((int64_t)alone->inlined), "frame", integer(alone->frame),
				"frame_inlined_in_other", integer(alone->inlined_frame), "missing",
				missing));
	}
	return o;
}
