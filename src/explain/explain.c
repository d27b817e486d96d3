/* From a question to an answer: finds, runs and examines one or two Pythons. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "explain/explain-internal.h"

/* Folder names have the same length for both Pythons. */
static char *folder(const struct explain_answer *a, size_t i, const char *what)
{
	return xasprintf("%s/%s-%c", a->q->scratch, what, (char)('a' + i));
}

static int find_python(struct explain_answer *a, size_t i, struct err *err)
{
	CLEANUP_PYTHON struct python python = {0};
	CLEANUP_FREE char *root = folder(a, i, "python");
	struct explain_python *p = &a->pythons[i];

	if (py_find(p->given, &python, err) < 0)
		return -1;
	if (!python.runs)
		return err_set(err, ERR_UNSUPPORTED, "'%s' does not run here: %s", p->given,
			python.why_not);
	if (explain_place(&python, root, &p->place, err) < 0)
		return err_wrap(err, "copying '%s'", python.interpreter);
	p->interpreter = steal(&python.interpreter);
	p->version = steal(&python.version);
	p->link = py_link_name(python.link);
	return 0;
}

static int read_profile(struct explain_python *p, struct err *err)
{
	if (callgrind_read(p->given, &p->run, err) < 0)
		return -1;
	if (explain_weigh(&p->run, &p->weights, err) < 0)
		return err_wrap(err, "'%s'", p->given);
	p->version = p->weights.version ? xstrdup(p->weights.version) : NULL;
	return 0;
}

int explain_find(const struct explain_question *q, struct explain_answer **ret, struct err *err)
{
	struct explain_answer *a = xcalloc(1, sizeof(*a));
	size_t n = q->given[1] ? 2 : 1;
	const char *x, *y;

	*ret = NULL;
	a->q = q;
	a->a = &a->pythons[0];
	a->b = n == 2 ? &a->pythons[1] : NULL;
	a->function = q->function ? xstrndup(q->function, explain_fold(q->function)) : NULL;
	if (q->startup)
		strv_add(&a->workloads, "start");
	for (size_t i = 0; q->workloads && !q->startup && i < q->workloads->n; i++)
		strv_add(&a->workloads, q->workloads->v[i]);
	for (size_t i = 0; i < n; i++) {
		struct explain_python *p = &a->pythons[i];
		char letter = (char)('A' + i);

		p->given = q->given[i];
		p->label = n == 1       ? xstrdup(q->name[i] ? q->name[i] : p->given)
			   : q->name[i] ? xasprintf("%s (%c)", q->name[i], letter)
					: xasprintf("%c (%s)", letter, p->given);
		if ((q->from_callgrind ? read_profile(p, err) : find_python(a, i, err)) < 0) {
			explain_free(a);
			return -1;
		}
	}
	x = a->pythons[0].version;
	y = a->pythons[1].version;
	if (x && y && strcmp(x, y) != 0) {
		err_set(err, ERR_INPUT, "'%s' is Python %s, '%s' is %s: their sources differ",
			q->given[0], x, q->given[1], y);
		explain_free(a);
		return err_hint(err, "compare two builds of one version, or explain each alone");
	}
	*ret = a;
	return 0;
}

static int count_python(struct explain_answer *a, size_t i, const char *scratch,
	struct progress *progress, struct err *err)
{
	const struct explain_question *q = a->q;
	struct explain_python *p = &a->pythons[i];
	struct explain_run spec = {.interpreter = p->place.interpreter,
		.name = p->given,
		.loops = q->loops,
		.scratch = scratch,
		.limit = q->limit};

	if (explain_find_shift(&spec, &p->aligned, &spec.shift, err) < 0)
		return -1;
	p->workloads = xcalloc(a->workloads.n, sizeof(*p->workloads));
	for (size_t w = 0; w < a->workloads.n; w++) {
		CLEANUP_FREE char *what = xasprintf("%c: %s", (char)('A' + i), a->workloads.v[w]);
		int64_t before = p->run.total;
		int line = progress_start(progress, what, 0);
		int failed;

		spec.script = q->startup ? NULL : q->scripts->v[w];
		failed = q->whole || q->startup ? explain_run(&spec, &p->run, err)
						: explain_run_loops(&spec, &p->run, err);
		progress_end(progress, line, failed ? "failed" : "done");
		if (failed)
			return -1;
		p->workloads[w] = p->run.total - before;
	}
	explain_place_restore(&p->place, &p->run);
	return explain_weigh(&p->run, &p->weights, err);
}

static int run_python(
	struct explain_answer *a, size_t i, struct progress *progress, struct err *err)
{
	struct explain_python *p = &a->pythons[i];
	CLEANUP_FREE char *scratch = folder(a, i, "files");
	struct err why = ERR_INIT;

	if (make_dirs(scratch, err) < 0 ||
		explain_startup(p->interpreter, scratch, &p->startup, err) < 0)
		return -1;
	p->started = true;
	if (count_python(a, i, scratch, progress, &why) == 0)
		return 0;
	if (!a->q->startup || why.code == ERR_INTERRUPTED) {
		*err = why;
		return -1;
	}
	/* The startup results are still worth showing. */
	p->no_counts = *why.hint ? xasprintf("%s; %s", why.msg, why.hint) : xstrdup(why.msg);
	return 0;
}

static int check_function(const struct explain_answer *a, struct err *err)
{
	const struct explain_result *r = &a->result;

	for (size_t i = 0; i < r->n_functions; i++)
		if (!strcmp(r->functions[i].name, a->function))
			return 0;
	err_set(err, ERR_INPUT, "no function '%s' was executed in the interpreter", a->function);
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < a->pythons[i].weights.n_objects; k++) {
			const struct explain_object *o = &a->pythons[i].weights.objects[k];

			if (!o->named)
				return err_hint(err,
					"'%s' does not name all its functions (stripped)", o->path);
		}
	return err_hint(err, "it may be inlined everywhere; --json lists all that were executed");
}

/* Disassembles the requested function or, on a page, the heaviest ones, skipping stubs and unnamed
 * code. */
static int read_codes(struct explain_answer *a, struct err *err)
{
	const struct explain_result *r = &a->result;

	if (a->function)
		a->code_names[a->n_codes++] = a->function;
	for (size_t i = 0;
		!a->function && a->q->page && i < r->n_functions && a->n_codes < EXPLAIN_PAGE_CODES;
		i++)
		if (*r->functions[i].name && *r->functions[i].name != '.' &&
			explain_is_shown(a, &r->functions[i]))
			a->code_names[a->n_codes++] = r->functions[i].name;
	for (size_t i = 0; i < 2 && a->n_codes; i++)
		if (explain_code_read(&a->pythons[i].run, a->code_names, a->n_codes,
			    a->pythons[i].codes, err) < 0)
			return -1;
	return 0;
}

int explain_examine(struct explain_answer *a, struct progress *progress, struct err *err)
{
	for (size_t i = 0; i < 2 && !a->q->from_callgrind; i++)
		if (a->pythons[i].given && run_python(a, i, progress, err) < 0)
			return -1;
	a->counted = !a->pythons[0].no_counts && !a->pythons[1].no_counts;
	if (!a->counted)
		return 0;
	/* A function that is asked for by name is shown as it is in each. */
	if (a->b && !a->function) {
		explain_join(&a->pythons[0].weights, &a->b->weights);
		explain_join(&a->pythons[1].weights, &a->a->weights);
	}
	if (explain_compare(&a->a->weights, a->b ? &a->b->weights : NULL, &a->result, err) < 0 ||
		(a->function && check_function(a, err) < 0))
		return -1;
	if (a->result.matched &&
		explain_find_inlined(&(struct explain_ran){&a->a->run, &a->a->weights},
			&(struct explain_ran){&a->b->run, &a->b->weights}, &a->inlining, err) < 0)
		return -1;
	return read_codes(a, err);
}

void explain_free(struct explain_answer *a)
{
	for (size_t i = 0; a && i < 2; i++) {
		struct explain_python *p = &a->pythons[i];

		free(p->label);
		free(p->interpreter);
		explain_place_release(&p->place);
		free(p->version);
		free(p->workloads);
		callgrind_release(&p->run);
		explain_weights_release(&p->weights);
		for (size_t c = 0; c < EXPLAIN_PAGE_CODES; c++)
			explain_code_release(&p->codes[c]);
		explain_startup_release(&p->startup);
		free(p->no_counts);
	}
	if (!a)
		return;
	strv_release(&a->workloads);
	explain_result_release(&a->result);
	explain_inlining_release(&a->inlining);
	free(a->function);
	free(a);
}
