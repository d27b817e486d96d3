/* Many builds in one plan. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cpython/cpython-internal.h"
#include "report/json.h"

#define OUTPUT "dist"

static bool is_choice(const char *choices, const char *value)
{
	CLEANUP_STRV struct strv all = STRV_INIT;

	strv_split(&all, choices, "|");
	return strv_has(&all, value);
}

static int unknown(const char *name, struct err *err)
{
	CLEANUP_STRV struct strv names = STRV_INIT;
	const char *near;

	for (size_t i = 0; i < cpython_n_options; i++)
		strv_add(&names, cpython_option_table[i].name);
	for (size_t i = 0; i < N_REQUEST_OPTIONS; i++)
		strv_add(&names, request_options[i].name);
	near = nearest_name(name, (const char *const *)names.v, names.n);
	err_set(err, ERR_INPUT, "'%s' is not an option that a matrix can set", name);
	return near ? err_hint(err, "did you mean '%s'?", near) : -1;
}

static int check_option(const char *name, const char *value, struct err *err)
{
	const struct cpython_option *option = cpython_find_option(name);
	struct cpython_request any;

	if (!request_place(&any, name))
		return unknown(name, err);
	if (!strcmp(name, "hardening"))
		return is_choice(CPYTHON_HARDENING, value)
			       ? 0
			       : err_set(err, ERR_INPUT, "'%s' cannot be '%s', only %s", name,
					 value, CPYTHON_HARDENING);
	if (!option || cpython_option_takes(option, value) || is_choice(option->also, value))
		return 0;
	return option_refuses(option, value, option->also, err);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int fill_row(const struct cpython_request *base, const struct matrix_row *of,
	struct cpython_row *row, struct err *err)
{
	row->of = of;
	row->request = *base;
	row->request.version = of->version;
	row->output = xasprintf("%s/%s", base->output ? base->output : OUTPUT, of->name);
	row->request.output = row->output;
	if (of->target && base->target)
		return err_set(err, ERR_USAGE, "--target is given, and the matrix has targets");
	if (of->target)
		row->request.target = of->target;
	for (size_t i = 0; i < of->settings.n; i += 2) {
		const char **place = request_place(&row->request, of->settings.v[i]);

		if (*place)
			return err_set(err, ERR_USAGE,
				"--%s is given, and the row '%s' of the matrix sets it, too",
				of->settings.v[i], of->name);
		*place = of->settings.v[i + 1];
	}
	return 0;
}

int cpython_matrix_load(const struct cpython_request *base, const char *file,
	struct cpython_matrix **ret, struct err *err)
{
	CLEANUP(cleanup_cpython_matrix) struct cpython_matrix *m = xcalloc(1, sizeof(*m));

	if (matrix_load(file, check_option, &m->of, err) < 0)
		return -1;
	m->progress = progress_new(stderr, base->quiet ? PROGRESS_QUIET : PROGRESS_AUTO);
	m->rows = xcalloc(m->of->n, sizeof(*m->rows));
	for (; m->n < m->of->n; m->n++) {
		if (fill_row(base, &m->of->rows[m->n], &m->rows[m->n], err) < 0)
			return -1;
		m->rows[m->n].request.progress = m->progress;
	}
	*ret = steal(&m);
	return 0;
}

void cpython_matrix_free(struct cpython_matrix *m)
{
	if (!m)
		return;
	plan_release(&m->plan);
	for (size_t i = 0; m->rows && i < m->of->n; i++) {
		cpython_close(m->rows[i].build);
		free(m->rows[i].output);
		free(m->rows[i].failure);
	}
	free(m->rows);
	matrix_free(m->of);
	progress_free(m->progress);
	free(m);
}

void cleanup_cpython_matrix(struct cpython_matrix **m)
{
	cpython_matrix_free(*m);
}

/* ---- one plan -------------------------------------------------------------------------------- */

/* Notes why there will be no tree, or gives up. */
static int row_failed(struct cpython_matrix *m, struct cpython_row *row, bool keep_going,
	const struct err *why, struct err *err)
{
	if (!keep_going || why->code == ERR_INTERRUPTED) {
		*err = *why;
		return err_wrap(err, "row '%s'", row->of->name);
	}
	progress_warn(m->progress, "row '%s': %s", row->of->name, why->msg);
	row->failure = xstrdup(why->msg);
	m->failed++;
	return 0;
}

/* Rows that say the same in other words: "3.13" and "3.13.15", a preset and its options. */
static int check_different(
	const struct cpython_matrix *m, const struct cpython_row *row, struct err *err)
{
	const struct cpython_plan *p = &row->build->plan;

	for (const struct cpython_row *other = m->rows; other < row; other++)
		if (other->build && !strcmp(other->build->plan.last->id, p->last->id) &&
			!strcmp(other->build->plan.tree->id, p->tree->id))
			return err_set(err, ERR_INPUT, "it is the same build as the row '%s'",
				other->of->name);
	return 0;
}

int cpython_matrix_open(struct cpython_matrix *m, bool keep_going, struct err *err)
{
	for (size_t i = 0; i < m->n; i++) {
		struct cpython_row *row = &m->rows[i];
		struct err why = ERR_INIT;

		if (cpython_open(&row->request, &row->build, &why) < 0) {
			if (row_failed(m, row, keep_going, &why, err) < 0)
				return -1;
			continue;
		}
		if (check_different(m, row, &why) < 0)
			return row_failed(m, row, false, &why, err);
		plan_join(&m->plan, &row->build->plan.plan);
	}
	return 0;
}

/* The step that runs in the place of this one. */
static const struct step *actual(const struct step *s)
{
	return s->same ? s->same : s;
}

/* Sets what became of the row's steps. *failed is one that failed or that was lost. */
static void count_steps(struct cpython_row *row, const struct step **failed)
{
	const struct plan *p = &row->build->plan.plan;

	*failed = NULL;
	for (size_t i = 0; i < p->n; i++) {
		const struct step *s = actual(p->steps[i]);

		if (s->lost && (!*failed || s->failure))
			*failed = s;
		if (!s->ran)
			row->reused += s->cached;
		else if (p->steps[i]->same)
			row->shared++;
		else
			row->ran++;
		if (s->ran && !p->steps[i]->same)
			row->took += cache_took(row->build->cache, s->id);
	}
}

static int finish_row(
	struct cpython_matrix *m, struct cpython_row *row, bool keep_going, struct err *err)
{
	const struct step *failed;
	struct err why = ERR_INIT;
	int got;

	count_steps(row, &failed);
	if (failed) {
		err_set(&why, ERR_CHILD, "%s",
			failed->failure ? failed->failure : "a step that it needs failed");
		row->failure = xstrdup(why.msg);
		m->failed++;
		return 0;
	}
	got = build_finish(row->build, &why);
	if (got < 0)
		return row_failed(m, row, keep_going, &why, err);
	row->up_to_date = got == 1;
	progress_say(m->progress, got ? "'%s' is up to date" : "'%s' is ready", row->build->output);
	return 0;
}

/* What to do before steps run. */
static int prepare_row(struct cpython_row *row, struct strv *said, struct err *err)
{
	CLEANUP_FREE char *words = build_words(row->build);

	if (!strv_has(said, words))
		progress_say(row->build->progress, "%s", words);
	strv_add(said, words);
	build_doubts(row->build);
	return cpython_check_output(row->build->output, err) < 0 || build_take(row->build, err) < 0
		       ? -1
		       : build_fetch(row->build, err);
}

static int give_rows(struct cpython_matrix *m, struct err *err)
{
	for (size_t i = 0; i < m->n; i++)
		if (!m->rows[i].failure && build_give(m->rows[i].build, err) < 0)
			return -1;
	return 0;
}

int cpython_matrix_make(
	struct cpython_matrix *m, bool keep_going, struct plan_result *result, struct err *err)
{
	CLEANUP_STRV struct strv said = STRV_INIT;
	const struct cpython_build *first = NULL;
	struct err ignored = ERR_INIT;
	struct plan_options po;

	*result = (struct plan_result){0};
	for (size_t i = 0; i < m->n; i++) {
		struct cpython_row *row = &m->rows[i];

		if (row->failure)
			continue;
		first = first ? first : row->build;
		if (prepare_row(row, &said, err) < 0)
			return err_wrap(err, "row '%s'", row->of->name);
	}
	if (!first)
		return 0;
	po = build_plan_options(first);
	po.keep_going = keep_going;
	if (plan_run(&m->plan, &po, result, err) < 0) {
		if (err->code != ERR_INTERRUPTED)
			give_rows(m, &ignored);
		return -1;
	}
	if (give_rows(m, err) < 0)
		return -1;
	for (size_t i = 0; i < m->n; i++)
		if (!m->rows[i].failure && finish_row(m, &m->rows[i], keep_going, err) < 0)
			return -1;
	return 0;
}

/* ---- what is said of it ---------------------------------------------------------------------- */

int cpython_matrix_outlook_json(const struct cpython_matrix *m, json_t **ret, struct err *err)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < m->n; i++) {
		const struct cpython_row *row = &m->rows[i];
		json_t *all = JSON_OBJECT({"row", json_text(row->of->name)}), *outlook;

		json_array_append_new(rows, all);
		if (row->failure) {
			json_object_set_new(all, "failure", json_text(row->failure));
			continue;
		}
		if (cpython_outlook_json(row->build, &outlook, err) < 0) {
			json_decref(rows);
			return err_wrap(err, "row '%s'", row->of->name);
		}
		json_object_update(all, outlook);
		json_decref(outlook);
	}
	*ret = JSON_OBJECT({"rows", rows});
	return 0;
}

static json_t *row_json(const struct cpython_row *row)
{
	const struct cpython_build *b = row->build;
	json_t *steps = json_array();

	for (size_t i = 0; b && i < b->plan.plan.n; i++)
		json_array_append_new(steps, json_text(b->plan.plan.steps[i]->id));
	return JSON_OBJECT({"row", json_text(row->of->name)},
		{"result", json_text(row->failure      ? "failed"
				     : row->up_to_date ? "up to date"
						       : "built")},
		{"failure", json_text(row->failure)},
		{"python", json_text(b ? cpython_of(b)->version : NULL)},
		{"output", json_text(b ? b->output : row->output)},
		{"ran", json_integer((json_int_t)row->ran)},
		{"shared", json_integer((json_int_t)row->shared)},
		{"reused", json_integer((json_int_t)row->reused)},
		{"took_ns", json_integer((json_int_t)row->took)}, {"steps", steps});
}

json_t *cpython_matrix_json(const struct cpython_matrix *m)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < m->n; i++)
		json_array_append_new(rows, row_json(&m->rows[i]));
	return JSON_OBJECT({"rows", rows});
}
