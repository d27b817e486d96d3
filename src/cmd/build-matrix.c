/* solder build --matrix: many builds, as one. */
#include <string.h>

#include "base/file.h"
#include "base/term.h"
#include "cmd/cmd.h"
#include "cpython/cpython.h"

static long long number(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

/* The table of results, with what failed below it. */
static void print_rows(const json_t *model)
{
	static const struct doc_column columns[] = {{"row", 0}, {"result", DOC_VERDICT},
		{"CPython", 0}, {"ran", DOC_RIGHT}, {"shared", DOC_RIGHT}, {"reused", DOC_RIGHT},
		{"took", DOC_RIGHT}, {"at", DOC_WRAP}};
	const json_t *rows = json_object_get(model, "rows"), *row;
	CLEANUP_DOC struct doc *doc = doc_new(NULL);
	char took[32], size[32];
	size_t i;

	doc_table(doc, NULL, columns, ARRAY_SIZE(columns));
	json_array_foreach (rows, i, row) {
		CLEANUP_FREE char *ran = xasprintf("%lld", number(row, "ran"));
		CLEANUP_FREE char *shared = xasprintf("%lld", number(row, "shared"));
		CLEANUP_FREE char *reused = xasprintf("%lld", number(row, "reused"));
		const char *result = json_string_value(json_object_get(row, "result"));

		format_duration(took, (uint64_t)number(row, "took_ns"));
		doc_row(doc, (const char *const[]){json_string_value(json_object_get(row, "row")),
				     result, json_string_value(json_object_get(row, "python")), ran,
				     shared, reused, number(row, "took_ns") ? took : NULL,
				     json_string_value(json_object_get(row, "output"))});
		doc_cell_tone(doc, 1, strcmp(result, "failed") != 0 ? DOC_GOOD : DOC_BAD);
	}
	json_array_foreach (rows, i, row) {
		const char *failure = json_string_value(json_object_get(row, "failure"));

		if (failure)
			doc_listing(doc, json_string_value(json_object_get(row, "row")), failure);
	}
	format_duration(took, (uint64_t)number(model, "took_ns"));
	format_bytes(size, (uint64_t)number(model, "largest_process"));
	doc_text(doc, "%zu row%s in %s: %lld step%s run, %lld from the cache%s%s",
		json_array_size(rows), plural(json_array_size(rows)), took, number(model, "run"),
		plural((unsigned long long)number(model, "run")), number(model, "reused"),
		number(model, "largest_process") ? "; memory of the largest process: " : "",
		number(model, "largest_process") ? size : "");
	cmd_print(doc);
}

static int print_outlook(const struct cpython_matrix *m, const struct cmd_matrix_run *c,
	const struct cpython_request *base, struct err *err)
{
	CLEANUP_FREE char *steps = plan_outlook_text(&m->plan, base->jobs);
	json_t *outlook;

	if (cpython_matrix_outlook_json(m, &outlook, err) < 0)
		return -1;
	if (c->json) {
		report_json("solder-build-matrix-plan", outlook, stdout);
	} else {
		plan_explain(&m->plan, stdout);
		for (size_t i = 0; i < m->n; i++)
			term_line(stdout, "%-10s %s: %s", i ? "" : "rows", m->rows[i].of->name,
				m->rows[i].failure ? m->rows[i].failure : m->rows[i].build->output);
		term_line(stdout, "%-10s %s", "steps", steps);
	}
	json_decref(outlook);
	return 0;
}

static int print_result(const struct cpython_matrix *m, const struct plan_result *r, uint64_t start,
	bool json, struct err *err)
{
	json_t *model = cpython_matrix_json(m);

	json_object_set_new(model, "run", json_integer((json_int_t)r->run));
	json_object_set_new(model, "reused", json_integer((json_int_t)r->reused));
	json_object_set_new(model, "largest_process", json_integer((json_int_t)r->largest));
	json_object_set_new(model, "took_ns", json_integer((json_int_t)(clock_ns() - start)));
	if (json)
		report_json("solder-build-matrix", model, stdout);
	else
		print_rows(model);
	json_decref(model);
	return m->failed ? err_set(err, ERR_CHILD, "%zu of %zu rows failed", m->failed, m->n) : 0;
}

int cmd_build_matrix(
	const struct cmd_matrix_run *c, const struct cpython_request *base, struct err *err)
{
	CLEANUP(cleanup_cpython_matrix) struct cpython_matrix *m = NULL;
	struct plan_result result;
	uint64_t start = clock_ns();

	if (cpython_matrix_load(base, c->file, &m, err) < 0)
		return -1;
	if (c->list) {
		json_t *list = cpython_matrix_list(m, NULL);
		CLEANUP_FREE char *text = json_dumps(list, JSON_COMPACT);

		/* In one line, as the variables of a CI want it. */
		term_line(stdout, "%s", text);
		json_decref(list);
		return 0;
	}
	if (cpython_matrix_open(m, c->keep_going, err) < 0)
		return -1;
	if (c->dry_run)
		return print_outlook(m, c, base, err);
	if (c->why)
		plan_explain(&m->plan, c->json ? stderr : stdout);
	if (cpython_matrix_make(m, c->keep_going, &result, err) < 0)
		return -1;
	return print_result(m, &result, start, c->json, err);
}
