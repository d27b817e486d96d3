/* solder explain: why one interpreter executes more instructions than another. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/data.h"
#include "base/file.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "cmd/explain-internal.h"
#include "study/study.h"
#include "python/python.h"

#define DEFAULT_WORKLOADS "calls,attributes,exceptions,binary_trees"

#define LOOPS 1
/* Of a campaign, at most. */
/* Of --intervene: a few workloads need many rounds until the copy can be told to be equal. */
#define ROUNDS 100

struct values {
	const char *workload, *workloads, *function, *scratch, *html;
	unsigned int loops, limit;
	bool from_callgrind, all_code, startup, json, whole;
	struct intervene_request intervene;
};

static void defaults(void *values)
{
	struct values *v = values;

	v->loops = LOOPS;
	v->intervene.rounds = ROUNDS;
}

/* All that a run of the command holds. */
struct explained {
	struct explain_side sides[2];
	size_t n_sides;
	struct strv workloads; /* names */
	struct strv scripts;   /* their files */
	char *workloads_dir;
	struct intervene_request request;
	struct intervention intervention; /* nothing without --intervene */
	char *scratch;                    /* ours, removed at the end */
	struct progress *progress;
};

static void release(struct explained *e)
{
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < e->n_sides; i++) {
		free(e->sides[i].name);
		free(e->sides[i].interpreter);
		explain_place_release(&e->sides[i].place);
		free(e->sides[i].version);
		free(e->sides[i].workloads);
		callgrind_release(&e->sides[i].run);
		explain_weights_release(&e->sides[i].weights);
		for (size_t c = 0; c < e->sides[i].n_codes; c++)
			explain_code_release(&e->sides[i].codes[c]);
		free(e->sides[i].codes);
		explain_start_release(&e->sides[i]);
		free(e->sides[i].no_counts);
	}
	strv_release(&e->workloads);
	strv_release(&e->scripts);
	free(e->workloads_dir);
	intervention_release(&e->intervention);
	if (e->scratch)
		tree_remove(e->scratch, &ignored);
	free(e->scratch);
	progress_free(e->progress);
}

/* "NAME=PYTHON", as solder bench takes it, unless there is a file of that name. */
static void take_name(struct explain_side *side, const char *word)
{
	const char *equals = strchr(word, '=');

	side->given = word;
	if (!equals || path_exists(word))
		return;
	side->name = xstrndup(word, (size_t)(equals - word));
	side->given = equals + 1;
	if (!bench_arm_name_ok(side->name)) {
		free(steal(&side->name));
		side->given = word;
	}
}

static int find_workloads(const struct values *v, struct explained *e, struct err *err)
{
	const char *dir;

	if (v->startup) {
		strv_add(&e->workloads, "start");
		return 0;
	}
	if (data_folder("workloads", v->workloads, &e->workloads_dir, err) < 0)
		return -1;
	dir = e->workloads_dir;
	strv_split(&e->workloads, v->workload ? v->workload : DEFAULT_WORKLOADS, ", ");
	if (!e->workloads.n)
		return err_set(err, ERR_USAGE, "--workload: no name is given");
	for (size_t i = 0; i < e->workloads.n; i++) {
		const char *name = e->workloads.v[i];
		CLEANUP_CLOSE int fd = -1;

		strv_addf(&e->scripts, "%s/%s.py", dir, name);
		if (strchr(name, '/') || !path_exists(e->scripts.v[i])) {
			err_set(err, ERR_USAGE, "--workload: there is no workload '%s'", name);
			return err_hint(err, "'%s' has them", dir);
		}
		fd = file_open(e->scripts.v[i], err);
		if (fd < 0)
			return -1;
	}
	return 0;
}

/* Both sides get folders with names of the same length. */
static char *folder(const struct explained *e, size_t i, const char *what)
{
	return xasprintf("%s/%s-%c", e->scratch, what, (char)('a' + i));
}

static int find_python(struct explained *e, size_t i, struct err *err)
{
	CLEANUP_PYTHON struct python dist = {0};
	CLEANUP_FREE char *root = folder(e, i, "python");
	struct explain_side *side = &e->sides[i];

	if (py_find(side->given, &dist, err) < 0)
		return -1;
	if (!dist.runs)
		return err_set(err, ERR_UNSUPPORTED, "'%s' does not run here: %s", side->given,
			dist.why_not);
	if (explain_place(&dist, root, &side->place, err) < 0)
		return err_wrap(err, "copying '%s'", dist.interpreter);
	side->interpreter = steal(&dist.interpreter);
	side->version = steal(&dist.version);
	side->link = py_link_name(dist.link);
	return 0;
}

static int check_versions(const struct explained *e, struct err *err)
{
	const char *a = e->sides[0].version, *b = e->sides[1].version;

	if (e->n_sides < 2 || !a || !b || !strcmp(a, b))
		return 0;
	err_set(err, ERR_INPUT, "'%s' is Python %s, '%s' is %s: their sources differ",
		e->sides[0].given, a, e->sides[1].given, b);
	return err_hint(err, "compare two builds of one version, or explain each alone");
}

static int count_side(
	const struct values *v, struct explained *e, size_t i, const char *scratch, struct err *err)
{
	struct explain_side *side = &e->sides[i];
	struct explain_run spec = {.interpreter = side->place.interpreter,
		.name = side->given,
		.loops = v->loops,
		.scratch = scratch,
		.limit = v->limit};

	if (explain_find_shift(&spec, &side->aligned, &spec.shift, err) < 0)
		return -1;
	side->workloads = xcalloc(e->workloads.n, sizeof(*side->workloads));
	for (size_t w = 0; w < e->workloads.n; w++) {
		CLEANUP_FREE char *what = xasprintf("%c: %s", (char)('A' + i), e->workloads.v[w]);
		int64_t before = side->run.total;
		int line = progress_start(e->progress, what, 0);

		spec.script = v->startup ? NULL : e->scripts.v[w];
		if ((v->whole || v->startup ? explain_run : explain_run_loops)(
			    &spec, &side->run, err) < 0) {
			progress_end(e->progress, line, "failed");
			return -1;
		}
		side->workloads[w] = side->run.total - before;
		progress_end(e->progress, line, "done");
	}
	explain_place_restore(&side->place, &side->run);
	return explain_weigh(&side->run, &side->weights, err);
}

static int run_side(const struct values *v, struct explained *e, size_t i, struct err *err)
{
	struct explain_side *side = &e->sides[i];
	CLEANUP_FREE char *scratch = folder(e, i, "files");

	if (make_dirs(scratch, err) < 0 || explain_start(side, scratch, err) < 0)
		return -1;
	if (count_side(v, e, i, scratch, err) == 0)
		return 0;
	/* The rest of what is known of starting is still worth to be shown. */
	if (!v->startup || err->code == ERR_INTERRUPTED)
		return -1;
	side->no_counts = *err->hint ? xasprintf("%s; %s", err->msg, err->hint) : xstrdup(err->msg);
	*err = (struct err)ERR_INIT;
	return 0;
}

static int prepare(const struct values *v, struct explained *e, struct err *err)
{
	if (find_workloads(v, e, err) < 0 ||
		!(e->scratch = cmd_scratch(v->scratch, "explain", err)))
		return -1;
	for (size_t i = 0; i < e->n_sides; i++)
		if (find_python(e, i, err) < 0)
			return -1;
	e->request = v->intervene;
	e->request.a = e->sides[0].given;
	e->request.b = e->sides[e->n_sides - 1].given;
	e->request.workloads = e->workloads_dir;
	e->request.names = &e->workloads;
	e->request.scripts = &e->scripts;
	e->request.scratch = v->scratch;
	e->request.limit = v->limit;
	return check_versions(e, err);
}

static int run_pythons(const struct values *v, struct explained *e, struct err *err)
{
	CLEANUP_FREE char *valgrind = NULL;

	if (prepare(v, e, err) < 0)
		return -1;
	if (!v->startup && !v->intervene.dry_run && explain_find_valgrind(&valgrind, err) < 0)
		return -1;
	if (v->intervene.factors && intervene_build(&e->request, &e->intervention, err) < 0)
		return -1;
	if (v->intervene.dry_run)
		return 0;
	e->progress = progress_new(stderr, PROGRESS_AUTO);
	for (size_t i = 0; i < e->n_sides; i++)
		if (run_side(v, e, i, err) < 0)
			return -1;
	return 0;
}

static int read_files(struct explained *e, struct err *err)
{
	for (size_t i = 0; i < e->n_sides; i++) {
		struct explain_side *side = &e->sides[i];

		if (callgrind_read(side->given, &side->run, err) < 0)
			return -1;
		if (explain_weigh(&side->run, &side->weights, err) < 0)
			return err_wrap(err, "'%s'", side->given);
		if (side->weights.version)
			side->version = xstrdup(side->weights.version);
	}
	return check_versions(e, err);
}

static void print_json(
	const struct values *v, const struct explained *e, const struct explain_page *page)
{
	json_t *o = explain_page_json(page);

	if (v->intervene.factors)
		json_object_set_new(o, "intervention", intervene_json(&e->intervention));
	report_json("solder-explain", o, stdout);
	json_decref(o);
}

static const char *nameless(const struct explain_side *side)
{
	for (size_t i = 0; i < side->weights.n_objects; i++)
		if (!side->weights.objects[i].named)
			return side->weights.objects[i].path;
	return NULL;
}

static int check_function(const struct explain_page *page, struct err *err)
{
	const struct explain_result *r = page->result;
	const char *object = nameless(page->a);

	for (size_t i = 0; i < r->n_functions; i++)
		if (!strcmp(r->functions[i].name, page->function))
			return 0;
	if (!object && page->b)
		object = nameless(page->b);
	err_set(err, ERR_INPUT, "no function '%s' was executed in the interpreter", page->function);
	if (object)
		return err_hint(err, "'%s' does not name all its functions (stripped)", object);
	return err_hint(err, "it may be inlined everywhere; --json lists all that were executed");
}

static int show(const struct values *v, struct explained *e, const struct explain_result *result,
	struct err *err)
{
	CLEANUP_INLINING struct explain_inlining inlining = {0};
	/* Copies and parts are one function with the rest, whichever is asked for. */
	CLEANUP_FREE char *function =
		v->function ? xstrndup(v->function, explain_fold(v->function)) : NULL;
	struct explain_page page = {.a = &e->sides[0],
		.b = e->n_sides == 2 ? &e->sides[1] : NULL,
		.workloads = &e->workloads,
		.loops = v->loops,
		.whole = v->whole,
		.result = result,
		.inlining = &inlining,
		.function = function,
		.all_code = v->all_code,
		.startup = v->startup};
	CLEANUP_FREE char *title =
		e->n_sides == 2 ? xasprintf("solder explain: %s, %s", page.a->given, page.b->given)
				: xasprintf("solder explain: %s", page.a->given);
	CLEANUP_DOC struct doc *doc = doc_new(title);

	if (function && check_function(&page, err) < 0)
		return -1;
	if (result->matched &&
		explain_find_inlined(&(struct explain_ran){&e->sides[0].run, &e->sides[0].weights},
			&(struct explain_ran){&e->sides[1].run, &e->sides[1].weights}, &inlining,
			err) < 0)
		return -1;
	if (v->function || v->html)
		explain_choose_code(&page);
	for (size_t i = 0; i < e->n_sides && page.n_codes; i++)
		if (explain_read_code(&page, &e->sides[i], err) < 0)
			return -1;
	explain_page(doc, &page);
	if (v->intervene.factors)
		intervene_page(doc, &e->intervention);
	/* Machine code that was not asked for is for the page alone: it would fill a terminal. */
	if (v->function)
		explain_page_code(doc, &page);
	if (v->json)
		print_json(v, e, &page);
	else
		cmd_print(doc);
	if (!v->function)
		explain_page_code(doc, &page);
	return v->html ? doc_save_html(doc, v->html, err) : 0;
}

/* --dry-run: what would be built. */
static int show_plan(const struct values *v, const struct explained *e, struct err *err)
{
	CLEANUP_FREE char *title = xasprintf(
		"solder explain: what would be built of %s", e->sides[e->n_sides - 1].given);
	CLEANUP_DOC struct doc *doc = doc_new(title);

	intervene_plan_page(doc, &e->intervention);
	if (v->json) {
		json_t *plan = intervene_plan_json(&e->intervention);

		report_json("solder-explain-plan", plan, stdout);
		json_decref(plan);
	} else {
		cmd_print(doc);
	}
	return v->html ? doc_save_html(doc, v->html, err) : 0;
}

static int check_options(const struct values *v, struct err *err)
{
	const struct intervene_request *rq = &v->intervene;

	if (v->from_callgrind && (v->workload || v->workloads || v->loops != LOOPS || v->whole ||
					 v->limit || v->scratch || rq->factors))
		return err_set(err, ERR_USAGE,
			"--from-callgrind runs nothing; it goes with none of --workload, "
			"--workloads, --loops, --whole, --limit, --scratch, --intervene");
	if (v->startup && (v->from_callgrind || v->workload || v->workloads || v->loops != LOOPS ||
				  v->whole || v->function || rq->factors))
		return err_set(err, ERR_USAGE,
			"--startup goes with none of --workload, --workloads, --loops, --whole, "
			"--function, --from-callgrind, --intervene");
	if (!rq->factors && (rq->dry_run || rq->source || rq->campaign || rq->cache ||
				    rq->max_time || rq->jobs || rq->load || rq->rounds != ROUNDS))
		return err_set(err, ERR_USAGE,
			"--rounds, --max-time, --load, --campaign, --source, --cache, --jobs and "
			"--dry-run go with --intervene");
	return 0;
}

static int run(const void *values, const struct strv *args, struct err *err)
{
	const struct values *v = values;
	CLEANUP(release) struct explained e = {0};
	CLEANUP_EXPLAIN_RESULT struct explain_result result = {0};

	/* Not only after hours of work. */
	if (check_options(v, err) < 0 || (v->html && cmd_check_output(v->html, err) < 0))
		return -1;
	for (e.n_sides = 0; e.n_sides < args->n; e.n_sides++)
		take_name(&e.sides[e.n_sides], args->v[e.n_sides]);
	if ((v->from_callgrind ? read_files(&e, err) : run_pythons(v, &e, err)) < 0)
		return -1;
	if (v->intervene.dry_run)
		return show_plan(v, &e, err);
	if (!e.sides[0].no_counts && !e.sides[1].no_counts &&
		explain_compare(&e.sides[0].weights, e.n_sides == 2 ? &e.sides[1].weights : NULL,
			&result, err) < 0)
		return -1;
	progress_free(steal(&e.progress));
	if (v->intervene.factors && intervene_measure(&e.intervention, err) < 0)
		return -1;
	return show(v, &e, &result, err);
}

static const struct opt opts[] = {
	{"workload", 0, OPT_STRING, "WORKLOADS", "run these workloads, comma-separated",
		offsetof(struct values, workload)},
	{"loops", 0, OPT_COUNT, "N", "run each workload N times (1)",
		offsetof(struct values, loops)},
	{"whole", 0, OPT_FLAG, NULL, "count whole processes, start and end included",
		offsetof(struct values, whole)},
	{"function", 0, OPT_STRING, "NAME", "show one function: its causes, sites and machine code",
		offsetof(struct values, function)},
	{"all-code", 0, OPT_FLAG, NULL, "show all machine code, not only what is hot",
		offsetof(struct values, all_code)},
	{"startup", 0, OPT_FLAG, NULL, "compare only how they start: loader, files, pages, modules",
		offsetof(struct values, startup)},
	{"from-callgrind", 0, OPT_FLAG, NULL,
		"run nothing: read the arguments as callgrind's files",
		offsetof(struct values, from_callgrind)},
	{"intervene", 0, OPT_STRING, "FACTORS",
		"build the last Python with one factor flipped, time it: all, or tls,symbolic,"
		"interposition,plt,bind,pie,visibility; tls=desc",
		offsetof(struct values, intervene.factors)},
	{"dry-run", 'n', OPT_FLAG, NULL, "say what --intervene would build, and stop",
		offsetof(struct values, intervene.dry_run)},
	{"rounds", 0, OPT_COUNT, "N", "with --intervene: stop after N rounds (100)",
		offsetof(struct values, intervene.rounds)},
	{"max-time", 0, OPT_COUNT, "MINUTES", "with --intervene: start no round after MINUTES",
		offsetof(struct values, intervene.max_time)},
	{"load", 0, OPT_COUNT, "PERCENT",
		"drop a round when others used more of its processor (10)",
		offsetof(struct values, intervene.load)},
	{"campaign", 0, OPT_STRING, "FILE", "save the times here, for solder bench --from",
		offsetof(struct values, intervene.campaign)},
	{"source", 0, OPT_STRING, "PATH", "rebuild from this CPython, if it was not a locked one",
		offsetof(struct values, intervene.source)},
	{"cache", 0, OPT_STRING, "DIR", "use this cache of builds ($XDG_CACHE_HOME/solder)",
		offsetof(struct values, intervene.cache)},
	{"jobs", 'j', OPT_COUNT, "N", "run N jobs at a time (all processors)",
		offsetof(struct values, intervene.jobs)},
	{"workloads", 0, OPT_STRING, "DIR", "take workloads from this folder",
		offsetof(struct values, workloads)},
	{"limit", 0, OPT_COUNT, "SECONDS", "kill a run after SECONDS (no limit)",
		offsetof(struct values, limit)},
	{"scratch", 0, OPT_STRING, "DIR", "put files of the runs here ($TMPDIR, /tmp)",
		offsetof(struct values, scratch)},
	{"json", 0, OPT_FLAG, NULL, "print everything as JSON", offsetof(struct values, json)},
	{"html", 0, OPT_STRING, "FILE", "write a page for a browser, too",
		offsetof(struct values, html)},
};

const struct command cmd_explain = {
	.name = "explain",
	.summary = "say why one interpreter executes more than another",
	.args = "[NAME=]PYTHON|FILE [[NAME=]PYTHON|FILE]",
	.about = "Runs the same workloads in one or two Pythons of the same version under "
		 "valgrind's\ncallgrind, finds out what every executed machine instruction was "
		 "for, and shows where\nthe difference comes from: thread-local access, PLT "
		 "stubs, GOT loads, calls, entry and\nexit of functions, the C library. All "
		 "instructions are counted, none is sampled; the parts\nadd up to the whole, and "
		 "what is not explained is shown as such.\n\n"
		 "Alone, for one Python, it shows where the overhead sits and what would remove "
		 "it.\n\n"
		 "With --intervene, the last Python, which solder must have built, is built again "
		 "with one\nfactor flipped at a time, and the time that each is worth, measured in "
		 "one campaign with the\nfirst as the reference, stands beside the instructions "
		 "that it saves. Where they disagree it\nsays layout or unknown.\n\n"
		 "Files for --from-callgrind are made with --dump-instr=yes --skip-plt=no; the "
		 "programs that\nran must still be where they were.",
	.example = "solder explain dist/cpython dist/shared\n"
		   "solder explain --startup dist/cpython\n"
		   "solder explain --workload calls,json_loads --html why.html A B\n"
		   "solder explain --intervene all --dry-run static shared\n"
		   "solder explain --intervene tls,bind --max-time 30 static shared\n"
		   "solder explain --from-callgrind a.out b.out",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct values),
	.defaults = defaults,
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
