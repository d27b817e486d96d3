/* The experiment: plans counterfactuals of a tree, builds, counts and times them, and predicts. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/file.h"
#include "python/python.h"
#include "study/study-internal.h"

void study_free(struct study *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_arms; i++) {
		free(s->arms[i].name);
		free(s->arms[i].tree);
		free(s->arms[i].counted);
		free(s->arms[i].once);
		free(s->arms[i].twice);
	}
	free(s->scratch);
	cpython_record_release(&s->record);
	study_plan_release(&s->plan);
	bench_result_release(&s->result);
	bench_free(s->bench);
	free(s);
}

void cleanup_study(struct study **s)
{
	study_free(*s);
}

/* ---- planning ------------------------------------------------------------------------------ */

static const struct cpython_option *option_of(enum study_factor factor)
{
	return cpython_find_option(study_factor_name(factor));
}

static struct study_tree tree_of(const struct cpython_record *r)
{
	struct study_tree t = {.link = r->request.options.link, .triple = r->triple};

	for (size_t f = 0; f < STUDY_N_FACTORS; f++)
		t.settings[f] = cpython_option_get(&r->request.options, option_of(f));
	return t;
}

/* The build request for a flip, or for the unchanged tree if there is no such flip. */
static struct cpython_request request_for(const struct study *s, size_t i)
{
	struct cpython_request request = s->record.request;

	if (s->request->jobs)
		request.jobs = s->request->jobs;
	if (i < s->plan.n)
		cpython_option_set(
			&request.options, option_of(s->plan.flips[i].factor), s->plan.flips[i].to);
	return request;
}

static int plan_study(struct study *s, struct err *err)
{
	const struct study_request *rq = s->request;
	CLEANUP_PYTHON struct python a = {0}, b = {0};
	CLEANUP_CPYTHON_RECORD struct cpython_record of_a = {0};
	struct err ignored = ERR_INIT;
	struct study_tree tree_a, tree_b;
	bool known;

	if (py_find(rq->b, &b, err) < 0 ||
		cpython_record_read(b.prefix, rq->cache, rq->source, &s->record, err) < 0 ||
		py_find(rq->a, &a, err) < 0)
		return err_wrap(err, "--intervene");
	tree_b = tree_of(&s->record);
	/* The settings of A, if recorded; only used to find the flips that lead there. */
	known = cpython_record_read(a.prefix, rq->cache, rq->source, &of_a, &ignored) == 0;
	if (known)
		tree_a = tree_of(&of_a);
	if (study_plan_flips(known ? &tree_a : NULL, &tree_b, rq->factors, &s->plan, err) < 0)
		return err_wrap(err, "--intervene");
	for (size_t i = s->plan.n + 1; i-- > 0;) {
		struct cpython_request request = request_for(s, i);

		request.quiet = true;
		if ((i == s->plan.n || !s->plan.flips[i].why_not) &&
			cpython_look(&request, &s->outlook[i], err) < 0)
			return -1;
	}
	return 0;
}

/* ---- building ------------------------------------------------------------------------------ */

static size_t add_arm(struct study *s, char *name, const char *tree)
{
	s->arms[s->n_arms] = (struct study_arm){.name = name, .tree = xstrdup(tree)};
	return s->n_arms++;
}

/* Builds the i-th tree. Paths affect what a Python allocates and hashes, so those of all builds
 * have the same length. */
static int build_tree(struct study *s, size_t i, char **dir, struct err *err)
{
	struct cpython_request request = request_for(s, i);

	*dir = xasprintf("%s/tree-%02zu", s->scratch, i);
	request.output = *dir;
	return cpython_build(&request, err);
}

static bool same_file(const char *x, const char *y)
{
	char of_x[SHA256_HEX_SIZE], of_y[SHA256_HEX_SIZE];
	struct err ignored = ERR_INIT;

	return sha256_file(x, of_x, NULL, &ignored) == 0 &&
	       sha256_file(y, of_y, NULL, &ignored) == 0 && !strcmp(of_x, of_y);
}

/* True if both run the same interpreter and the same libpython. */
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

/* Rebuilds B from the recorded inputs: only builds by the same solder differ in a single factor. */
static int build_base(struct study *s, struct err *err)
{
	const struct study_request *rq = s->request;
	CLEANUP_CPYTHON_RECORD struct cpython_record built = {0};
	CLEANUP_FREE char *dir = NULL;

	if (build_tree(s, s->plan.n, &dir, err) < 0)
		return err_wrap(err, "building '%s' again", rq->b);
	if (cpython_record_read(dir, rq->cache, rq->source, &built, err) < 0)
		return -1;
	if (strcmp(s->record.compiler, built.compiler) != 0 ||
		!json_equal(json_object_get(s->record.all, "packages"),
			json_object_get(built.all, "packages"))) {
		err_set(err, ERR_UNSUPPORTED,
			"'%s' was built by a different compiler or from different sources than the current ones",
			rq->b);
		return err_hint(err, "build it again");
	}
	if (same_code(rq->b, dir))
		s->arms[s->base].counted = steal(&dir);
	else
		s->base = add_arm(s, xstrdup("rebuilt"), dir);
	return 0;
}

/* A factor whose build fails is reported, and the others go on. */
static int build_flip(struct study *s, size_t i, struct err *err)
{
	struct study_flip *flip = &s->plan.flips[i];
	CLEANUP_FREE char *name = xasprintf("%s-%s", study_factor_name(flip->factor), flip->to);
	CLEANUP_FREE char *dir = NULL;
	struct err failed = ERR_INIT;

	if (flip->why_not)
		return 0;
	if (build_tree(s, i, &dir, &failed) < 0) {
		if (failed.code != ERR_CHILD) {
			*err = failed;
			return err_wrap(err, "building '%s' with %s", s->request->b, name);
		}
		/* Only the first line, without the quoted log. */
		flip->why_not = xstrndup(failed.msg, strcspn(failed.msg, "\n"));
		flip->summed = false;
		return 0;
	}
	if (same_code(s->arms[s->base].tree, dir)) {
		flip->why_not = xstrdup("gives the same files");
		return tree_remove(dir, err);
	}
	s->arm_of[i] = add_arm(s, steal(&name), dir);
	return 0;
}

int study_open(const struct study_request *request, struct study **ret, struct err *err)
{
	CLEANUP_STUDY struct study *s = xcalloc(1, sizeof(*s));

	s->request = request;
	s->alone = !strcmp(request->a, request->b);
	if (plan_study(s, err) < 0)
		return -1;
	if (!request->dry_run) {
		s->scratch = xasprintf("%s/intervene", request->scratch);
		add_arm(s, xstrdup("A"), request->a);
		if (!s->alone)
			s->base = add_arm(s, xstrdup("B"), request->b);
		if (make_dirs(s->scratch, err) < 0 || build_base(s, err) < 0)
			return -1;
		for (size_t i = 0; i < s->plan.n; i++)
			if (build_flip(s, i, err) < 0)
				return -1;
	}
	*ret = steal(&s);
	return 0;
}

/* ---- counting ------------------------------------------------------------------------------ */

static int count_arm(
	struct study *s, struct study_arm *a, struct progress *progress, struct err *err)
{
	const struct study_request *rq = s->request;
	CLEANUP_PYTHON struct python dist = {0};
	/* One folder for all: its name affects hashes of paths. */
	CLEANUP_FREE char *cwd = xasprintf("%s/run", s->scratch);
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
		int line = progress_start(progress, what, 0), failed = 0;

		how.script = rq->scripts->v[w];
		for (how.loops = 1; how.loops <= 2 && !failed; how.loops++) {
			struct study_counts *counts = how.loops == 1 ? a->once : a->twice;
			int64_t causes[EXPLAIN_N_CAUSES];

			failed = explain_count(&how, causes, err);
			if (!failed)
				counts[w] = study_counts_of(causes);
		}
		progress_end(progress, line, failed ? "failed" : "done");
		if (failed)
			return -1;
	}
	return 0;
}

/* ---- timing -------------------------------------------------------------------------------- */

static int new_campaign(struct study *s, struct err *err)
{
	const struct study_request *rq = s->request;
	struct bench_options options;

	bench_defaults(&options);
	options.rounds = rq->rounds;
	options.max_time = rq->max_time * 60;
	if (rq->load)
		options.foreign_limit = rq->load / 100.0;
	if (getrandom(&options.seed, sizeof(options.seed), 0) != sizeof(options.seed))
		return err_sys(err, "cannot get a random number");
	options.seed %= 1000000000;
	s->bench = bench_new(&options);
	free(s->bench->suite);
	s->bench->suite = xstrdup("own");
	for (size_t i = 0; i < s->n_arms; i++)
		if (bench_add_python(s->bench, s->arms[i].name, s->arms[i].tree, err) < 0)
			return -1;
	for (size_t w = 0; w < rq->names->n; w++)
		bench_add_workload(s->bench, rq->names->v[w], "loop")->file =
			xasprintf("%s.py", rq->names->v[w]);
	bench_add_hidden(s->bench, 0);
	return 0;
}

static int run_campaign(struct study *s, struct progress *progress, struct err *err)
{
	const struct bench_setup setup = {.workloads = s->request->workloads,
		.scratch = s->scratch,
		.file = s->request->campaign,
		.progress = progress};

	progress_say(progress, "seed %llu; %zu workload%s, %zu arm%s and a copy, up to %u round%s",
		(unsigned long long)s->bench->options.seed, s->bench->n_workloads,
		plural(s->bench->n_workloads), s->n_arms, plural(s->n_arms),
		s->bench->options.rounds, plural(s->bench->options.rounds));
	return bench_run(s->bench, &setup, err);
}

/* ---- conclusions --------------------------------------------------------------------------- */

/* Extrapolates each arm's counts with one and two loops to the timed processes. */
static void predict(struct study *s, const size_t *summed, size_t n_summed)
{
	size_t n = s->request->names->n;
	CLEANUP_FREE struct study_counts *counts = xcalloc(n * s->n_arms, sizeof(*counts));
	bool used[BENCH_WORKLOADS_MAX];

	for (size_t w = 0; w < n; w++) {
		used[w] = !s->result.why[w];
		for (size_t a = 0; a < s->n_arms; a++)
			counts[a * n + w] = study_extrapolate(&s->arms[a].once[w],
				&s->arms[a].twice[w], s->bench->workloads[w].loops);
	}
	for (size_t a = 0; a < s->n_arms; a++)
		s->arms[a].predicted = study_predict(&counts[s->base * n], &counts[a * n], used, n);
	s->rest = s->arms[0].predicted;
	for (size_t i = 0; i < n_summed; i++) {
		const struct study_prediction *p = &s->arms[summed[i]].predicted;

		s->sum.all += p->all;
		s->rest.all -= p->all;
		for (size_t c = 0; c < EXPLAIN_N_CAUSES; c++) {
			s->sum.causes[c] += p->causes[c];
			s->rest.causes[c] -= p->causes[c];
		}
	}
}

int study_measure(struct study *s, struct err *err)
{
	struct progress *progress = progress_new(stderr, PROGRESS_AUTO);
	struct study_time times[BENCH_ARMS_MAX];
	size_t summed[STUDY_FLIPS_MAX], n = 0;
	int failed = new_campaign(s, err);

	for (size_t a = 0; a < s->n_arms && !failed; a++)
		failed = count_arm(s, &s->arms[a], progress, err);
	if (!failed)
		failed = run_campaign(s, progress, err);
	progress_free(progress);
	if (failed)
		return -1;
	if (bench_compute(s->bench, &s->result, err) < 0)
		return err_hint(err,
			"a quieter machine; or more --rounds, or --load, so that disturbed rounds count");
	for (size_t i = 0; i < s->plan.n; i++)
		if (s->plan.flips[i].summed && s->arm_of[i])
			summed[n++] = s->arm_of[i];
	if (study_measured(s->bench, s->base, summed, n, times, &s->sum_time, &s->rest_time, err) <
		0)
		return -1;
	for (size_t a = 0; a < s->n_arms; a++)
		s->arms[a].measured = times[a];
	predict(s, summed, n);
	return 0;
}
