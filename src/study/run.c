/* Counterfactuals of a tree: built, counted, timed. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "cmd/cmd.h"
#include "study/study.h"
#include "python/python.h"

void intervention_release(struct intervention *iv)
{
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < iv->n_arms; i++) {
		free(iv->arms[i].name);
		free(iv->arms[i].tree);
		free(iv->arms[i].counted);
		free(iv->arms[i].once);
		free(iv->arms[i].twice);
	}
	if (iv->scratch)
		tree_remove(iv->scratch, &ignored);
	free(iv->scratch);
	cpython_record_release(&iv->record);
	intervene_plan_release(&iv->plan);
	bench_result_release(&iv->result);
	bench_free(iv->bench);
	*iv = (struct intervention){0};
}

static size_t add_arm(struct intervention *iv, char *name, const char *tree)
{
	iv->arms[iv->n_arms] = (struct intervene_arm){.name = name, .tree = xstrdup(tree)};
	return iv->n_arms++;
}

/* ---- the plan ------------------------------------------------------------------------------ */

static const struct cpython_option *option_of(enum intervene_factor factor)
{
	return cpython_find_option(intervene_name(factor));
}

static struct intervene_tree tree_of(const struct cpython_record *r)
{
	struct intervene_tree t = {.link = r->request.options.link, .triple = r->triple};

	for (size_t f = 0; f < INTERVENE_N_FACTORS; f++)
		t.settings[f] = cpython_option_get(&r->request.options, option_of(f));
	return t;
}

static int prefix_of(const char *given, char **prefix, struct err *err)
{
	CLEANUP_PYTHON struct python dist = {0};

	if (py_find(given, &dist, err) < 0)
		return -1;
	*prefix = steal(&dist.prefix);
	return 0;
}

/* How A was built, if it says so: only to know which flips lead there. */
static int plan_flips(struct intervention *iv, struct err *err)
{
	const struct intervene_request *rq = iv->request;
	const struct intervene_tree b = tree_of(&iv->record);
	CLEANUP_CPYTHON_RECORD struct cpython_record other = {0};
	CLEANUP_FREE char *prefix = NULL;
	struct err ignored = ERR_INIT;
	struct intervene_tree a;
	bool known;

	if (prefix_of(rq->a, &prefix, err) < 0)
		return -1;
	known = cpython_record_read(prefix, rq->cache, rq->source, &other, &ignored) == 0;
	if (known)
		a = tree_of(&other);
	return intervene_plan(known ? &a : NULL, &b, rq->factors, &iv->plan, err);
}

/* What is built for a flip (for the tree as it is, where there is no such flip). */
static struct cpython_request request_for(const struct intervention *iv, size_t i)
{
	struct cpython_request request = iv->record.request;

	if (iv->request->jobs)
		request.jobs = iv->request->jobs;
	if (i < iv->plan.n)
		cpython_option_set(&request.options, option_of(iv->plan.flips[i].factor),
			iv->plan.flips[i].to);
	return request;
}

static int look(struct intervention *iv, size_t i, struct err *err)
{
	struct cpython_request request = request_for(iv, i);

	request.quiet = true;
	return cpython_look(&request, &iv->outlook[i], err);
}

static int look_all(struct intervention *iv, struct err *err)
{
	if (look(iv, iv->plan.n, err) < 0)
		return -1;
	for (size_t i = 0; i < iv->plan.n; i++)
		if (!iv->plan.flips[i].why_not && look(iv, i, err) < 0)
			return -1;
	return 0;
}

/* ---- the builds ---------------------------------------------------------------------------- */

static int build_one(struct intervention *iv, size_t i, const char *dir, struct err *err)
{
	struct cpython_request request = request_for(iv, i);

	request.output = dir;
	return cpython_build(&request, err);
}

/* The parts of two records that make them comparable: sources and compiler. */
static bool same_inputs(const struct cpython_record *x, const struct cpython_record *y)
{
	const json_t *of_x = json_object_get(x->all, "distribution");
	const json_t *of_y = json_object_get(y->all, "distribution");

	return json_equal(
		       json_object_get(x->all, "packages"), json_object_get(y->all, "packages")) &&
	       json_equal(json_object_get(of_x, "compiler"), json_object_get(of_y, "compiler"));
}

static bool same_file(const char *x, const char *y)
{
	char of_x[SHA256_HEX_SIZE], of_y[SHA256_HEX_SIZE];
	struct err ignored = ERR_INIT;

	return sha256_file(x, of_x, NULL, &ignored) == 0 &&
	       sha256_file(y, of_y, NULL, &ignored) == 0 && !strcmp(of_x, of_y);
}

/* Do the same interpreter and the same libpython run? */
static bool same_code(const char *x, const char *y)
{
	CLEANUP_PYTHON struct python of_x = {0}, of_y = {0};
	struct err ignored = ERR_INIT;

	if (py_find(x, &of_x, &ignored) < 0 || py_find(y, &of_y, &ignored) < 0 ||
		!same_file(of_x.interpreter, of_y.interpreter))
		return false;
	return !of_x.libpython_loaded || !of_y.libpython_loaded
		       ? of_x.libpython_loaded == of_y.libpython_loaded
		       : same_file(of_x.libpython_loaded, of_y.libpython_loaded);
}

/* Paths get into what a Python allocates and hashes: those of all builds are equally long. */
static char *folder_for(const struct intervention *iv, size_t i)
{
	return xasprintf("%s/tree-%02zu", iv->scratch, i);
}

/* What the recorded inputs give now: only builds of one solder differ in one factor alone. */
static int build_base(struct intervention *iv, struct err *err)
{
	const struct intervene_request *rq = iv->request;
	CLEANUP_FREE char *dir = folder_for(iv, iv->plan.n);
	CLEANUP_CPYTHON_RECORD struct cpython_record built = {0};

	if (build_one(iv, iv->plan.n, dir, err) < 0)
		return err_wrap(err, "building '%s' again", rq->b);
	if (cpython_record_read(dir, rq->cache, rq->source, &built, err) < 0)
		return -1;
	if (!same_inputs(&iv->record, &built)) {
		err_set(err, ERR_UNSUPPORTED,
			"'%s' was built by another compiler or from other sources than there are "
			"now",
			rq->b);
		return err_hint(err, "build it again");
	}
	if (same_code(rq->b, dir))
		iv->arms[iv->base].counted = steal(&dir);
	else
		iv->base = add_arm(iv, xstrdup("rebuilt"), dir);
	return 0;
}

/* The first line, without what a log said. */
static char *first_line(const char *text)
{
	return xstrndup(text, strcspn(text, "\n"));
}

/* A factor whose build fails is said to, and the others go on. */
static int build_flip(struct intervention *iv, size_t i, struct err *err)
{
	struct intervene_flip *flip = &iv->plan.flips[i];
	CLEANUP_FREE char *name = xasprintf("%s-%s", intervene_name(flip->factor), flip->to);
	CLEANUP_FREE char *dir = folder_for(iv, i);

	if (flip->why_not)
		return 0;
	if (build_one(iv, i, dir, err) < 0) {
		if (err->code != ERR_CHILD)
			return err_wrap(err, "building '%s' with %s", iv->request->b, name);
		flip->why_not = first_line(err->msg);
		flip->summed = false;
		*err = (struct err)ERR_INIT;
		return 0;
	}
	if (same_code(iv->arms[iv->base].tree, dir)) {
		flip->why_not = xstrdup("gives the same files");
		return tree_remove(dir, err);
	}
	iv->arm_of[i] = add_arm(iv, steal(&name), dir);
	return 0;
}

int intervene_build(
	const struct intervene_request *request, struct intervention *iv, struct err *err)
{
	CLEANUP_FREE char *prefix = NULL;

	iv->request = request;
	iv->alone = !strcmp(request->a, request->b);
	if (prefix_of(request->b, &prefix, err) < 0 ||
		cpython_record_read(prefix, request->cache, request->source, &iv->record, err) < 0)
		return err_wrap(err, "--intervene");
	if (plan_flips(iv, err) < 0)
		return err_wrap(err, "--intervene");
	if (look_all(iv, err) < 0)
		return -1;
	if (request->dry_run)
		return 0;
	if (!(iv->scratch = cmd_scratch(request->scratch, "intervene", err)))
		return -1;
	add_arm(iv, xstrdup("A"), request->a);
	if (!iv->alone)
		iv->base = add_arm(iv, xstrdup("B"), request->b);
	if (build_base(iv, err) < 0)
		return -1;
	for (size_t i = 0; i < iv->plan.n; i++)
		if (build_flip(iv, i, err) < 0)
			return -1;
	return 0;
}

/* ---- counted ------------------------------------------------------------------------------- */

static int weigh(const struct explain_run *how, const char *script, uint64_t loops,
	struct intervene_counts *counts, struct err *err)
{
	struct explain_run spec = *how;
	int64_t causes[EXPLAIN_N_CAUSES];

	spec.script = script;
	spec.loops = loops;
	if (explain_count(&spec, causes, err) < 0)
		return -1;
	*counts = intervene_counts_of(causes);
	return 0;
}

static int count_arm(
	struct intervention *iv, size_t arm, struct progress *progress, struct err *err)
{
	const struct intervene_request *rq = iv->request;
	struct intervene_arm *a = &iv->arms[arm];
	CLEANUP_PYTHON struct python dist = {0};
	/* One folder for all: hashes of paths depend on its name. */
	CLEANUP_FREE char *cwd = xasprintf("%s/run", iv->scratch);
	struct explain_run how = {.scratch = cwd, .limit = rq->limit};
	bool aligned;

	if (make_dirs(cwd, err) < 0 || py_find(a->counted ? a->counted : a->tree, &dist, err) < 0)
		return -1;
	how.interpreter = dist.interpreter;
	if (explain_find_shift(&how, &aligned, &how.shift, err) < 0)
		return -1;
	a->once = xcalloc(rq->names->n, sizeof(*a->once));
	a->twice = xcalloc(rq->names->n, sizeof(*a->twice));
	for (size_t w = 0; w < rq->names->n; w++) {
		CLEANUP_FREE char *what = xasprintf("count %s: %s", a->name, rq->names->v[w]);
		int line = progress_start(progress, what, 0);
		const char *script = rq->scripts->v[w];

		if (weigh(&how, script, 1, &a->once[w], err) < 0 ||
			weigh(&how, script, 2, &a->twice[w], err) < 0) {
			progress_end(progress, line, "failed");
			return -1;
		}
		progress_end(progress, line, "done");
	}
	return 0;
}

/* ---- timed --------------------------------------------------------------------------------- */

static int new_campaign(struct intervention *iv, struct err *err)
{
	const struct intervene_request *rq = iv->request;
	struct bench_options options;

	bench_defaults(&options);
	options.rounds = rq->rounds;
	options.max_time = rq->max_time * 60;
	if (rq->load)
		options.foreign_limit = rq->load / 100.0;
	if (getrandom(&options.seed, sizeof(options.seed), 0) != sizeof(options.seed))
		return err_sys(err, "cannot get a random number");
	options.seed %= 1000000000;
	iv->bench = bench_new(&options);
	free(iv->bench->suite);
	iv->bench->suite = xstrdup("own");
	for (size_t i = 0; i < iv->n_arms; i++)
		if (bench_add_python(iv->bench, iv->arms[i].name, iv->arms[i].tree, err) < 0)
			return -1;
	for (size_t w = 0; w < rq->names->n; w++) {
		struct bench_workload *workload =
			bench_add_workload(iv->bench, rq->names->v[w], "loop");

		workload->file = xasprintf("%s.py", rq->names->v[w]);
	}
	bench_add_hidden(iv->bench, 0);
	return 0;
}

static int run_campaign(struct intervention *iv, struct progress *progress, struct err *err)
{
	const struct bench_setup setup = {.workloads = iv->request->workloads,
		.scratch = iv->scratch,
		.file = iv->request->campaign,
		.progress = progress};

	progress_say(progress, "seed %llu; %zu workload%s, %zu arm%s and a copy, up to %u round%s",
		(unsigned long long)iv->bench->options.seed, iv->bench->n_workloads,
		plural(iv->bench->n_workloads), iv->n_arms, plural(iv->n_arms),
		iv->bench->options.rounds, plural(iv->bench->options.rounds));
	return bench_run(iv->bench, &setup, err);
}

static void add_times(
	struct intervene_prediction *p, double times, const struct intervene_prediction *q)
{
	p->all += times * q->all;
	for (size_t c = 0; c < EXPLAIN_N_CAUSES; c++)
		p->causes[c] += times * q->causes[c];
}

/* To the loops of the timed processes. */
static void extrapolate(const struct intervention *iv, const struct intervene_arm *arm,
	struct intervene_counts *counts)
{
	for (size_t w = 0; w < iv->request->names->n; w++)
		counts[w] = intervene_extrapolate(
			&arm->once[w], &arm->twice[w], iv->bench->workloads[w].loops);
}

static void predict(struct intervention *iv)
{
	size_t n = iv->request->names->n;
	CLEANUP_FREE struct intervene_counts *base = xcalloc(n, sizeof(*base));
	CLEANUP_FREE struct intervene_counts *flipped = xcalloc(n, sizeof(*flipped));

	for (size_t w = 0; w < n; w++)
		iv->counts[w] = !iv->result.why[w];
	extrapolate(iv, &iv->arms[iv->base], base);
	for (size_t a = 0; a < iv->n_arms; a++) {
		extrapolate(iv, &iv->arms[a], flipped);
		iv->arms[a].predicted = intervene_predict(base, flipped, iv->counts, n);
	}
	for (size_t i = 0; i < iv->plan.n; i++)
		if (iv->plan.flips[i].summed && iv->arm_of[i])
			add_times(&iv->sum, 1, &iv->arms[iv->arm_of[i]].predicted);
	add_times(&iv->rest, 1, &iv->arms[0].predicted);
	add_times(&iv->rest, -1, &iv->sum);
}

static int conclude(struct intervention *iv, struct err *err)
{
	struct intervene_time times[BENCH_ARMS_MAX];
	size_t summed[INTERVENE_FLIPS_MAX], n = 0;

	if (bench_compute(iv->bench, &iv->result, err) < 0)
		return err_hint(err, "a quieter machine; or more --rounds, or --load, so that "
				     "disturbed rounds count");
	for (size_t i = 0; i < iv->plan.n; i++)
		if (iv->plan.flips[i].summed && iv->arm_of[i])
			summed[n++] = iv->arm_of[i];
	if (intervene_measured(
		    iv->bench, iv->base, summed, n, times, &iv->sum_time, &iv->rest_time, err) < 0)
		return -1;
	for (size_t a = 0; a < iv->n_arms; a++)
		iv->arms[a].measured = times[a];
	predict(iv);
	return 0;
}

int intervene_measure(struct intervention *iv, struct err *err)
{
	struct progress *progress = progress_new(stderr, PROGRESS_AUTO);
	int failed = new_campaign(iv, err);

	for (size_t a = 0; a < iv->n_arms && !failed; a++)
		failed = count_arm(iv, a, progress, err);
	if (!failed)
		failed = run_campaign(iv, progress, err);
	progress_free(progress);
	return failed ? -1 : conclude(iv, err);
}
