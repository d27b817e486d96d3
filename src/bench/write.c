/* A campaign as JSON. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "bench/file-internal.h"
#include "python/python.h"

#define WHOLE(name, min, max)                                                                      \
	{                                                                                          \
#name, offsetof(struct bench_options, name), min, max                              \
	}
const struct whole_option whole_options[] = {
	WHOLE(rounds, 1, BENCH_ROUNDS_MAX),
	WHOLE(layouts, 1, BENCH_LAYOUTS_MAX),
	WHOLE(max_time, 0, 100000000),
	WHOLE(limit, 1, 1000000),
	WHOLE(resamples, 2, 100000),
};
const size_t n_whole_options = ARRAY_SIZE(whole_options);

#define REAL(name, min, max)                                                                       \
	{                                                                                          \
#name, offsetof(struct bench_options, name), min, max                              \
	}
const struct real_option real_options[] = {
	REAL(alpha, 1e-6, 0.5),
	REAL(margin, 0, 1),
	REAL(precision, 0, 1),
	REAL(gate, 0, 1),
	REAL(steal_limit, 0, 1),
	REAL(foreign_limit, 0, 1),
};
const size_t n_real_options = ARRAY_SIZE(real_options);

#define COLUMN(name, optional)                                                                     \
	{                                                                                          \
#name, offsetof(struct bench_observation, name), optional                          \
	}
const struct column columns[] = {
	COLUMN(code, false),
	COLUMN(wall, false),
	COLUMN(user, false),
	COLUMN(system, false),
	COLUMN(voluntary, false),
	COLUMN(involuntary, false),
	COLUMN(minor_faults, false),
	COLUMN(major_faults, false),
	COLUMN(max_rss, true),
	COLUMN(steal, true),
	COLUMN(cycles, true),
	COLUMN(instructions, true),
	COLUMN(branch_misses, true),
	COLUMN(padding, false),
};
const size_t n_columns = ARRAY_SIZE(columns);

#define TEXT(name, optional)                                                                       \
	{                                                                                          \
#name, offsetof(struct bench_arm, name), optional                                  \
	}
const struct arm_text arm_texts[] = {
	TEXT(given, true),
	TEXT(interpreter, true),
	TEXT(version, true),
	TEXT(link, true),
	TEXT(sha256, true),
	TEXT(lib_sha256, true),
	TEXT(note, true),
};
const size_t n_arm_texts = ARRAY_SIZE(arm_texts);

#define LINK_TEXT(name, optional)                                                                  \
	{                                                                                          \
#name, offsetof(struct bench_link, name), optional                                 \
	}
const struct arm_text link_texts[] = {
	LINK_TEXT(given, true),
	LINK_TEXT(interpreter, true),
	LINK_TEXT(sha256, true),
	LINK_TEXT(lib_sha256, true),
};
const size_t n_link_texts = ARRAY_SIZE(link_texts);

static json_t *number(int64_t n)
{
	return n == BENCH_NONE ? json_null() : json_integer(n);
}

static json_t *options_json(const struct bench_options *o)
{
	json_t *j = json_object();

	json_object_set_new(j, "seed", json_integer((json_int_t)o->seed));
	json_object_set_new(j, "measure", json_string(o->measure == BENCH_WALL ? "wall" : "cpu"));
	for (size_t i = 0; i < n_whole_options; i++)
		json_object_set_new(j, whole_options[i].key,
			json_integer(*(
				const unsigned int *)((const char *)o + whole_options[i].offset)));
	for (size_t i = 0; i < n_real_options; i++)
		json_object_set_new(j, real_options[i].key,
			json_real(*(const double *)((const char *)o + real_options[i].offset)));
	return j;
}

static json_t *arm_json(const struct bench_arm *arm)
{
	json_t *j = json_object(), *links = json_array();

	json_object_set_new(j, "name", py_ascii_json(arm->name));
	json_object_set_new(j, "role", json_string(bench_role_name(arm->role)));
	json_object_set_new(j, "slowdown", json_real(arm->slowdown));
	for (size_t i = 0; i < n_arm_texts; i++)
		json_object_set_new(j, arm_texts[i].key,
			py_ascii_json(*(char *const *)((const char *)arm + arm_texts[i].offset)));
	for (size_t i = 0; i < arm->n_links; i++) {
		json_t *link = json_object();

		for (size_t k = 0; k < n_link_texts; k++)
			json_object_set_new(link, link_texts[k].key,
				py_ascii_json(*(char *const *)((const char *)&arm->links[i] +
							       link_texts[k].offset)));
		json_array_append_new(links, link);
	}
	json_object_set_new(j, "links", links);
	return j;
}

static json_t *workload_json(const struct bench_workload *w)
{
	json_t *j = json_object(), *args = json_array();

	json_object_set_new(j, "name", py_ascii_json(w->name));
	json_object_set_new(j, "kind", py_ascii_json(w->kind));
	json_object_set_new(j, "stresses", py_ascii_json(w->stresses));
	json_object_set_new(j, "file", py_ascii_json(w->file));
	for (size_t i = 0; i < w->args.n; i++)
		json_array_append_new(args, py_ascii_json(w->args.v[i]));
	json_object_set_new(j, "args", args);
	json_object_set_new(j, "failed", py_ascii_json(w->failed));
	if (w->uncounted)
		json_object_set_new(j, "uncounted", py_ascii_json(w->uncounted));
	json_object_set_new(j, "loops", json_integer((json_int_t)w->loops));
	json_object_set_new(j, "nominal", json_integer((json_int_t)w->nominal));
	return j;
}

static json_t *row_json(const struct bench_observation *o)
{
	json_t *row = json_array();

	json_array_append_new(row, json_integer(o->workload));
	json_array_append_new(row, json_integer(o->arm));
	json_array_append_new(row, json_string(bench_status_name(o->status)));
	for (size_t i = 0; i < n_columns; i++)
		json_array_append_new(
			row, number(*(const int64_t *)((const char *)o + columns[i].offset)));
	return row;
}

static json_t *round_json(const struct bench_round *round)
{
	json_t *j = json_object(), *rows = json_array();

	json_object_set_new(j, "layout", json_integer(round->layout));
	json_object_set_new(j, "hash_seed", json_integer((json_int_t)round->hash_seed));
	json_object_set_new(j, "started", json_integer(round->started));
	json_object_set_new(j, "lasted", json_integer(round->lasted));
	json_object_set_new(j, "steal", number(round->steal));
	json_object_set_new(j, "foreign", number(round->foreign));
	json_object_set_new(j, "dropped", py_ascii_json(round->dropped));
	for (size_t i = 0; i < round->n; i++)
		json_array_append_new(rows, row_json(&round->v[i]));
	json_object_set_new(j, "observations", rows);
	return j;
}

static json_t *column_names(void)
{
	json_t *names = json_array();

	json_array_append_new(names, json_string("workload"));
	json_array_append_new(names, json_string("arm"));
	json_array_append_new(names, json_string("status"));
	for (size_t i = 0; i < n_columns; i++)
		json_array_append_new(names, json_string(columns[i].name));
	return names;
}

/* Rows of workload, arm, loops, and the instructions of both processes. */
static json_t *counts_json(const struct bench *b)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < b->n_workloads * b->n_arms; i++) {
		const struct bench_count *c = &b->counts[i];
		json_t *row;

		if (!c->once)
			continue;
		row = json_array();
		json_array_append_new(row, json_integer((json_int_t)(i / b->n_arms)));
		json_array_append_new(row, json_integer((json_int_t)(i % b->n_arms)));
		json_array_append_new(row, json_integer((json_int_t)c->loops));
		json_array_append_new(row, json_integer(c->once));
		json_array_append_new(row, json_integer(c->twice));
		json_array_append_new(rows, row);
	}
	return rows;
}

json_t *bench_to_json(const struct bench *b)
{
	json_t *j = json_object(), *looks = json_array(), *arms = json_array();
	json_t *workloads = json_array(), *rounds = json_array();

	json_object_set_new(j, "format", json_string(FILE_FORMAT));
	json_object_set_new(j, "version", json_integer(FILE_VERSION));
	json_object_set(j, "machine", b->machine);
	json_object_set_new(j, "suite", py_ascii_json(b->suite));
	json_object_set_new(j, "options", options_json(&b->options));
	for (size_t i = 0; i < b->n_looks; i++)
		json_array_append_new(looks, json_integer(b->looks[i]));
	json_object_set_new(j, "looks", looks);
	json_object_set_new(j, "stopped", py_ascii_json(b->stopped));
	for (size_t i = 0; i < b->n_arms; i++)
		json_array_append_new(arms, arm_json(&b->arms[i]));
	json_object_set_new(j, "arms", arms);
	for (size_t i = 0; i < b->n_workloads; i++)
		json_array_append_new(workloads, workload_json(&b->workloads[i]));
	json_object_set_new(j, "workloads", workloads);
	json_object_set_new(j, "columns", column_names());
	for (size_t i = 0; i < b->n_rounds; i++)
		json_array_append_new(rounds, round_json(&b->rounds[i]));
	json_object_set_new(j, "rounds", rounds);
	if (b->counts) {
		json_object_set_new(j, "counter", py_ascii_json(b->counter));
		json_object_set_new(j, "counts", counts_json(b));
	}
	return j;
}

int bench_save(const struct bench *b, const char *path, struct err *err)
{
	json_t *j = bench_to_json(b);
	CLEANUP_FREE char *content = json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(17));
	size_t n;

	json_decref(j);
	if (!content)
		bug("a campaign cannot be written as JSON");
	n = strlen(content);
	content[n++] = '\n';
	if (file_write(path, content, n, 0644, err) < 0)
		return err_wrap(err, "saving the campaign");
	return 0;
}
