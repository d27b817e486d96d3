/* solder bench: which interpreter is faster, with a verdict that would be the same tomorrow. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/data.h"
#include "base/file.h"
#include "bench/bench.h"
#include "cmd/cmd.h"
#include "report/report.h"
#include "study/study.h"

/* Slowdown of the arm that --self-test adds. */
#define SLOWDOWN 0.02
#define PYPERFORMANCE "pyperformance"
/* --quick: at most so many workloads, and no round is started after so many seconds. */
#define QUICK_WORKLOADS 24
#define QUICK_SECONDS 150

/* Option values; 0 or NULL if not given. */
struct bench_values {
	unsigned int rounds, max_time, layouts, duration, limit;
	const char *precision, *load, *seed, *filter, *suite, *script, *workloads, *scratch,
		*output;
	const char *measure, *pyperf, *html;
	struct strv from, script_args;
	bool self_test, resume, json, all, count, count_only, packages, quick, pool;
};

#define VALUE(name) offsetof(struct bench_values, name)
static const struct opt opts[] = {
	{"rounds", 0, OPT_COUNT, "N", "stop after N rounds (40)", VALUE(rounds)},
	{"precision", 0, OPT_STRING, "PERCENT",
		"stop as soon as the half-width is PERCENT or less (0.5)", VALUE(precision)},
	{"max-time", 0, OPT_COUNT, "MINUTES", "start no round after MINUTES, rehearsal included",
		VALUE(max_time)},
	{"quick", 0, OPT_FLAG, NULL, "answer in 3 minutes or so, from few workloads and one look",
		VALUE(quick)},
	{"seed", 0, OPT_STRING, "N", "seed the order and everything else that is random",
		VALUE(seed)},
	{"measure", 0, OPT_CHOICE, "cpu|wall", "judge processor time or elapsed time (cpu)",
		VALUE(measure)},
	{"filter", 0, OPT_STRING, "WORKLOADS",
		"run workloads whose name contains one of these, comma-separated; -WORD leaves out",
		VALUE(filter)},
	{"suite", 0, OPT_STRING, "SUITE",
		"run own, pyperformance[:DIR] or own,pyperformance[:DIR] (own)", VALUE(suite)},
	{"packages", 0, OPT_FLAG, NULL, "run pyperformance's benchmarks that need packages, too",
		VALUE(packages)},
	{"script", 0, OPT_STRING, "FILE", "run this program as the only workload", VALUE(script)},
	{"script-arg", 0, OPT_LIST, "WORD", "pass this argument to the script", VALUE(script_args)},
	{"workloads", 0, OPT_STRING, "DIR", "take workloads from this folder", VALUE(workloads)},
	{"duration", 0, OPT_COUNT, "MS", "make a process last about MS milliseconds (60 to 400)",
		VALUE(duration)},
	{"limit", 0, OPT_COUNT, "SECONDS", "kill a process after SECONDS (120)", VALUE(limit)},
	{"load", 0, OPT_STRING, "PERCENT",
		"drop a round when others used more of its processor (10)", VALUE(load)},
	{"layouts", 0, OPT_COUNT, "N",
		"link each arm N times and draw one for each round (as many as are given)",
		VALUE(layouts)},
	{"scratch", 0, OPT_STRING, "DIR", "put the copies here ($TMPDIR, /tmp)", VALUE(scratch)},
	{"self-test", 0, OPT_FLAG, NULL, "add an arm slowed by 2 %, which must be found",
		VALUE(self_test)},
	{"count", 0, OPT_FLAG, NULL, "count instructions with valgrind too", VALUE(count)},
	{"count-only", 0, OPT_FLAG, NULL, "count instructions and take no times",
		VALUE(count_only)},
	{"output", 'o', OPT_STRING, "FILE", "save the campaign here after every round",
		VALUE(output)},
	{"resume", 0, OPT_FLAG, NULL, "continue the campaign in the file of -o", VALUE(resume)},
	{"from", 0, OPT_LIST, "FILE",
		"run nothing: recompute a campaign from its file, or compare it with a second",
		VALUE(from)},
	{"pool", 0, OPT_FLAG, NULL,
		"with --from: they are one campaign on several hosts; pool their ratios",
		VALUE(pool)},
	{"all", 0, OPT_FLAG, NULL, "list every workload, not only those that differ", VALUE(all)},
	{"json", 0, OPT_FLAG, NULL, "print everything observed and computed as JSON", VALUE(json)},
	{"html", 0, OPT_STRING, "FILE", "write a page for a browser, too", VALUE(html)},
	{"pyperf", 0, OPT_STRING, "DIR", "write ARM.json for each arm in pyperf's format",
		VALUE(pyperf)},
};

/* ---- usage --------------------------------------------------------------------------------- */

/* A campaign fixes these when it starts. */
static const char *const fixed_at_begin[] = {"rounds", "quick", "seed", "measure", "filter",
	"packages", "script", "script-arg", "limit", "layouts", "self-test", NULL};
/* These matter only when running; --measure, --precision and --filter also re-evaluate old data. */
static const char *const for_running[] = {"rounds", "max-time", "quick", "seed", "suite",
	"packages", "script", "script-arg", "workloads", "duration", "limit", "load", "layouts",
	"scratch", "self-test", "count", "count-only", "output", NULL};

/* The first of these options that was given, or NULL. */
static const char *first_given(const struct bench_values *v, const char *const *names)
{
	for (; *names; names++) {
		for (size_t i = 0; i < ARRAY_SIZE(opts); i++) {
			const char *value = (const char *)v + opts[i].offset;

			if (strcmp(opts[i].name, *names) != 0)
				continue;
			if (opts[i].kind == OPT_FLAG        ? *(const bool *)value
				: opts[i].kind == OPT_COUNT ? *(const unsigned int *)value > 0
				: opts[i].kind == OPT_LIST  ? ((const struct strv *)value)->n > 0
							    : *(const char *const *)value != NULL)
				return *names;
		}
	}
	return NULL;
}

static int check_from(const struct bench_values *v, const struct strv *args, struct err *err)
{
	const char *option = first_given(v, for_running);

	if (args->n || v->resume)
		return err_set(err, ERR_USAGE, "--from runs nothing: it takes no Pythons");
	if (option)
		return err_set(err, ERR_USAGE, "--from runs nothing: --%s has no meaning", option);
	if (v->from.n > 2 && !v->pool) {
		err_set(err, ERR_USAGE, "--from: two campaigns are compared, not %zu", v->from.n);
		return err_hint(err, "--pool pools one campaign of several hosts");
	}
	if (v->pyperf && v->from.n > 1)
		return err_set(err, ERR_USAGE, "--pyperf takes one campaign, not two");
	return 0;
}

static int check_resume(const struct bench_values *v, const struct strv *args, struct err *err)
{
	const char *option = first_given(v, fixed_at_begin);

	if (args->n)
		return err_set(err, ERR_USAGE, "--resume takes the Pythons from its file");
	if (!v->output)
		return err_set(err, ERR_USAGE, "--resume needs -o FILE, the campaign to continue");
	if (option)
		return err_set(err, ERR_USAGE,
			"--resume goes on with the --%s that the campaign began with", option);
	return 0;
}

/* What --suite asks for. */
struct suites {
	bool own, pyperformance;
	const char *dir; /* of pyperformance; NULL: the user's cache */
};

/* "own", "pyperformance", "pyperformance:DIR", "own,pyperformance:DIR"; false: none of them. */
static bool parse_suites(const char *text, struct suites *ret)
{
	size_t n = strlen(PYPERFORMANCE);

	*ret = (struct suites){.own = !text || !strcmp(text, "own") || !strncmp(text, "own,", 4)};
	if (ret->own && (!text || !text[3]))
		return true;
	text += ret->own ? 4 : 0;
	ret->pyperformance = !strncmp(text, PYPERFORMANCE, n);
	if (ret->pyperformance && text[n] == ':')
		ret->dir = text + n + 1;
	return ret->pyperformance && (ret->dir ? *ret->dir != 0 : !text[n]);
}

static int check_begin(const struct bench_values *v, struct err *err)
{
	struct suites suites;

	if (v->rounds == 1)
		return err_set(err, ERR_USAGE, "--rounds: one says nothing of noise; at least 2");
	if (v->layouts > BENCH_LAYOUTS_MAX)
		return err_set(
			err, ERR_USAGE, "--layouts: at most %d are possible", BENCH_LAYOUTS_MAX);
	if (v->script_args.n && !v->script)
		return err_set(err, ERR_USAGE, "--script-arg needs --script");
	if (v->output && path_exists(v->output)) {
		err_set(err, ERR_USAGE, "'%s' is there already", v->output);
		return err_hint(err, "--resume goes on with a campaign; or choose another name");
	}
	if (v->suite && v->script)
		return err_set(err, ERR_USAGE, "--suite and --script exclude each other");
	if (!parse_suites(v->suite, &suites)) {
		err_set(err, ERR_USAGE, "--suite: there is no suite '%s'", v->suite);
		return err_hint(err,
			"own, pyperformance, pyperformance:DIR, or own,pyperformance[:DIR] for both");
	}
	if (v->packages && !suites.pyperformance)
		return err_set(err, ERR_USAGE, "--packages needs --suite pyperformance");
	return 0;
}

/* Rejects options that conflict or would be ignored, and unwritable output paths, before anything
 * runs. */
static int check_usage(const struct bench_values *v, const struct strv *args, struct err *err)
{
	const char *const outputs[] = {v->output, v->html, v->pyperf};

	if (v->pool && (v->from.n < 2 || v->from.n > BENCH_HOSTS_MAX))
		return err_set(
			err, ERR_USAGE, "--pool takes --from for 2 to %d hosts", BENCH_HOSTS_MAX);
	if (v->count_only && v->pyperf)
		return err_set(err, ERR_USAGE, "--pyperf takes times, not instructions");
	if ((v->from.n          ? check_from(v, args, err)
		    : v->resume ? check_resume(v, args, err)
				: check_begin(v, err)) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
		if (outputs[i] && cmd_check_output(outputs[i], err) < 0)
			return -1;
	}
	return 0;
}

static int parse_percent(const char *option, const char *text, double *ret, struct err *err)
{
	char *end;
	double percent = strtod(text, &end);

	if (end == text || (*end && strcmp(end, "%") != 0) || !(percent >= 0 && percent <= 100)) {
		err_set(err, ERR_USAGE, "--%s: '%s' is not a percentage", option, text);
		return err_hint(err, "for example --%s 0.5", option);
	}
	*ret = percent / 100;
	return 0;
}

/* The given seed, or a random one, which is printed. */
static int choose_seed(const char *text, uint64_t *seed, struct err *err)
{
	char *end;

	if (!text) {
		if (getrandom(seed, sizeof(*seed), 0) != sizeof(*seed))
			return err_sys(err, "cannot get a random number");
		*seed %= 1000000000;
		return 0;
	}
	errno = 0;
	*seed = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || *seed >= BENCH_SEED_END)
		return err_set(
			err, ERR_USAGE, "--seed: '%s' is not a whole number below 2^53", text);
	return 0;
}

/* These may change when a campaign is resumed. */
static int limits_of(const struct bench_values *v, struct bench_options *o, struct err *err)
{
	if (v->max_time)
		o->max_time = v->max_time * 60;
	return (v->precision && parse_percent("precision", v->precision, &o->precision, err) < 0) ||
			       (v->load &&
				       parse_percent("load", v->load, &o->foreign_limit, err) < 0)
		       ? -1
		       : 0;
}

/* ---- running ------------------------------------------------------------------------------- */

/* Paths of a run. */
struct folders {
	const char *scratch;
	char *workloads;
	char *pyperformance;
	char *links; /* for relinked arms; ours, and removed at the end */
};

static void remove_folders(struct folders *f)
{
	struct err ignored = ERR_INIT;

	if (f->links)
		tree_remove(f->links, &ignored);
	free(f->workloads);
	free(f->pyperformance);
	free(f->links);
}

static int add_pyperformance(const struct bench_values *v, struct bench *b, struct folders *f,
	struct progress *progress, struct err *err)
{
	CLEANUP_FREE char *program = xasprintf("%s/pyperformance_index.py", f->workloads);
	struct suites suites;

	parse_suites(v->suite, &suites);
	f->pyperformance = suites.dir ? path_absolute(suites.dir) : NULL;
	if (!f->pyperformance && bench_install_pyperformance(b, &f->pyperformance, err) < 0)
		return -1;
	return bench_add_pyperformance(b, program, f->pyperformance, v->packages, progress, err);
}

/* Adds the workloads of --suite or --script. */
static int add_workloads(const struct bench_values *v, struct bench *b, struct folders *f,
	struct progress *progress, struct err *err)
{
	struct suites suites;

	if (v->script)
		return bench_add_script(b, v->script, &v->script_args, err);
	parse_suites(v->suite, &suites);
	if (suites.own && bench_add_suite(b, f->workloads, err) < 0)
		return -1;
	return suites.pyperformance ? add_pyperformance(v, b, f, progress, err) : 0;
}

static int begin_campaign(const struct bench_values *v, const struct strv *args, struct folders *f,
	struct progress *progress, struct bench **ret, struct err *err)
{
	CLEANUP_BENCH struct bench *b = NULL;
	struct bench_options options;

	bench_defaults(&options);
	options.rounds = v->rounds ? v->rounds : options.rounds;
	options.max_time = v->quick ? QUICK_SECONDS : 0;
	options.layouts = v->layouts ? v->layouts : options.layouts;
	options.limit = v->limit ? v->limit : options.limit;
	options.measure = v->measure && !strcmp(v->measure, "wall") ? BENCH_WALL : BENCH_CPU;
	if (limits_of(v, &options, err) < 0 || choose_seed(v->seed, &options.seed, err) < 0)
		return -1;
	b = bench_new(&options);
	if (v->quick)
		bench_look_once(b);
	for (size_t i = 0; i < args->n; i++) {
		if (bench_add_word(b, args->v[i], err) < 0)
			return -1;
	}
	if (bench_named(b) < 2) {
		err_set(err, ERR_USAGE, "there is nothing to compare: two Pythons are needed");
		return err_hint(err, "for example: solder bench python3.11 dist/cpython");
	}
	if (v->layouts > 1 && (!(f->links = cmd_scratch(f->scratch, "links", err)) ||
				      study_relink(b, f->links, progress, err) < 0))
		return -1;
	if (add_workloads(v, b, f, progress, err) < 0 ||
		bench_select(b, v->filter, v->quick ? QUICK_WORKLOADS : 0, err) < 0)
		return -1;
	bench_add_hidden(b, v->self_test ? SLOWDOWN : 0);
	*ret = steal(&b);
	return 0;
}

/* A campaign stopped for time or noise may be given more of both limits. */
static int resume_campaign(const struct bench_values *v, struct folders *f,
	struct progress *progress, struct bench **ret, struct err *err)
{
	struct bench *b;

	if (bench_load(v->output, ret, err) < 0)
		return -1;
	b = *ret;
	if (limits_of(v, &b->options, err) < 0)
		return -1;
	if (b->stopped && (!strcmp(b->stopped, "time") || !strcmp(b->stopped, "disturbed"))) {
		free(b->stopped);
		b->stopped = NULL;
	}
	if (study_has_relinks(b) && (!(f->links = cmd_scratch(f->scratch, "links", err)) ||
					    study_relink_again(b, f->links, err) < 0))
		return -1;
	return strstr(b->suite, PYPERFORMANCE) ? add_pyperformance(v, b, f, progress, err) : 0;
}

static int run_campaign(const struct bench_values *v, struct bench *b,
	const struct bench_setup *setup, struct err *err)
{
	CLEANUP_FREE char *counter = NULL;
	size_t named = bench_named(b);

	/* Fail now, not after an hour of rounds. */
	if ((v->count || v->count_only) && bench_counter(&counter, err) < 0)
		return -1;
	if (!v->count_only) {
		progress_say(setup->progress,
			"seed %llu; %zu workload%s, %zu arm%s and %zu hidden, up to %u round%s; until the half-width is %.2f %%",
			(unsigned long long)b->options.seed, b->n_workloads, plural(b->n_workloads),
			named, plural(named), b->n_arms - named, b->options.rounds,
			plural(b->options.rounds), 100 * b->options.precision);
		if (bench_run(b, setup, err) < 0)
			return -1;
	}
	return counter ? bench_count(b, setup, err) : 0;
}

static int measure_campaign(
	const struct bench_values *v, const struct strv *args, struct bench **ret, struct err *err)
{
	struct progress *p = progress_new(stderr, PROGRESS_AUTO);
	const char *tmp = getenv("TMPDIR");
	CLEANUP(remove_folders)
	struct folders f = {.scratch = v->scratch ? v->scratch : tmp && *tmp ? tmp : "/tmp"};
	struct bench_setup setup = {
		.scratch = f.scratch, .file = v->output, .duration = v->duration, .progress = p};
	int result = data_folder("workloads", v->workloads, &f.workloads, err);

	if (result == 0)
		result = v->resume ? resume_campaign(v, &f, p, ret, err)
				   : begin_campaign(v, args, &f, p, ret, err);
	if (result == 0) {
		setup.workloads = f.workloads;
		setup.pyperformance = f.pyperformance;
		result = run_campaign(v, *ret, &setup, err);
	}
	progress_free(p);
	/* The output can only be ours: an existing file would have been rejected. */
	if (result < 0 && err->code == ERR_INTERRUPTED && v->output && path_exists(v->output)) {
		CLEANUP_FREE char *duration =
			v->duration ? xasprintf(" --duration %u", v->duration) : xstrdup("");

		err_hint(err, "solder bench --resume -o %s%s%s continues it", v->output, duration,
			v->count_only ? " --count-only"
			: v->count    ? " --count"
				      : "");
	}
	return result;
}

/* ---- showing ------------------------------------------------------------------------------- */

static int load_campaign(
	const struct bench_values *v, const char *file, struct bench **ret, struct err *err)
{
	if (bench_load(file, ret, err) < 0)
		return -1;
	if (v->filter && bench_select(*ret, v->filter, 0, err) < 0)
		return -1;
	if (v->measure)
		(*ret)->options.measure = strcmp(v->measure, "wall") ? BENCH_CPU : BENCH_WALL;
	return v->precision
		       ? parse_percent("precision", v->precision, &(*ret)->options.precision, err)
		       : 0;
}

/* Prints the model (NULL: the text) and writes the page (NULL: none); takes ownership of all
 * three. */
static int show_result(const struct bench_values *v, const char *format, json_t *model,
	struct doc *text, struct doc *page, struct err *err)
{
	int result = page ? doc_save_html(page, v->html, err) : 0;

	if (model)
		report_json(format, model, stdout);
	else
		cmd_print(text);
	json_decref(model);
	doc_free(text);
	doc_free(page);
	return result;
}

/* After a failed gate, keeps only verdicts that its noise cannot change. */
static int conclude(const struct bench *b, const struct bench_result *result, struct err *err)
{
	bool copy = result->copy != BENCH_GATE_PASSED, withheld = false;
	enum bench_gate gate = copy ? result->copy : result->slowed;

	for (size_t a = 1; a < b->n_arms; a++) {
		if (b->arms[a].role != BENCH_ROLE_ARM)
			continue;
		if (result->arms[a].verdict == BENCH_SLOWER)
			return 1;
		withheld |= result->arms[a].verdict == BENCH_NO_VERDICT;
	}
	if (!withheld)
		return 0;
	err_set(err, ERR_ENVIRONMENT, "no verdict: %s",
		copy ? result->copy_reason : result->slowed_reason);
	return err_hint(
		err, gate == BENCH_GATE_NOISY
			     ? "it is too noisy: more rounds or workloads, or a quieter machine"
		     : gate == BENCH_GATE_NONE ? "without one, nobody can say how far to trust it"
					       : "what was measured cannot be trusted");
}

struct hosts {
	struct bench *v[BENCH_HOSTS_MAX];
	size_t n;
};

static void release_hosts(struct hosts *h)
{
	for (size_t i = 0; i < h->n; i++)
		bench_free(h->v[i]);
}

static int compare_campaigns(const struct bench_values *v, struct err *err)
{
	CLEANUP_BENCH struct bench *before = NULL, *after = NULL;
	CLEANUP_BENCH_COMPARISON struct bench_comparison c = {0};
	const char *const files[2] = {v->from.v[0], v->from.v[1]};

	if (load_campaign(v, files[0], &before, err) < 0 ||
		load_campaign(v, files[1], &after, err) < 0 ||
		bench_compare(before, after, &c, err) < 0 ||
		show_result(v, "solder-bench-comparison",
			v->json ? bench_comparison_json(before, after, &c) : NULL,
			bench_comparison_doc(before, after, &c, files, v->all),
			v->html ? bench_comparison_doc(before, after, &c, files, true) : NULL,
			err) < 0)
		return -1;
	if (!c.verdicts)
		return err_set(
			err, ERR_ENVIRONMENT, "no verdict: a campaign did not pass its gates");
	for (size_t i = 0; i < c.n_arms; i++) {
		if (before->arms[c.arms[i].before].role == BENCH_ROLE_ARM &&
			c.arms[i].suite.verdict == BENCH_SLOWER)
			return 1;
	}
	return 0;
}

static int pool_campaigns(const struct bench_values *v, struct err *err)
{
	CLEANUP(release_hosts) struct hosts h = {0};
	CLEANUP_BENCH_POOL struct bench_pool p = {0};

	for (; h.n < v->from.n; h.n++) {
		if (load_campaign(v, v->from.v[h.n], &h.v[h.n], err) < 0)
			return -1;
	}
	if (bench_pool_hosts(h.v, (const char *const *)v->from.v, h.n, &p, err) < 0 ||
		show_result(v, "solder-bench-pool", v->json ? bench_pool_json(h.v, &p) : NULL,
			bench_pool_doc(h.v, &p, v->all),
			v->html ? bench_pool_doc(h.v, &p, true) : NULL, err) < 0)
		return -1;
	if (!p.verdicts)
		return err_set(err, ERR_ENVIRONMENT,
			"no verdict: a host did not pass its gates, or the copy is not the same everywhere");
	for (size_t a = 1; a < p.n_arms; a++) {
		if (h.v[0]->arms[a].role == BENCH_ROLE_ARM &&
			(p.arms[a].verdict == BENCH_SLOWER || p.arms[a].same == BENCH_SAME_NOT))
			return 1;
	}
	return 0;
}

static int run_bench(const void *values, const struct strv *args, struct err *err)
{
	const struct bench_values *v = values;
	CLEANUP_BENCH struct bench *b = NULL;
	CLEANUP_BENCH_RESULT struct bench_result result = {0};
	const struct bench_result *r = &result;
	json_t *model = NULL;

	if (check_usage(v, args, err) < 0)
		return -1;
	if (v->from.n > 1)
		return v->pool ? pool_campaigns(v, err) : compare_campaigns(v, err);
	if ((v->from.n ? load_campaign(v, v->from.v[0], &b, err)
		       : measure_campaign(v, args, &b, err)) < 0)
		return -1;
	if (b->n_rounds == 0 && b->counts)
		r = NULL;
	else if (bench_compute(b, &result, err) < 0)
		return -1;
	if (v->json) {
		model = bench_to_json(b);
		json_object_set_new(model, "result", r ? bench_result_json(b, r) : json_null());
		json_object_set_new(model, "instructions", bench_instructions_json(b));
	}
	if (show_result(v, "solder-bench", model, bench_doc(b, r, v->all),
		    v->html ? bench_doc(b, r, true) : NULL, err) < 0 ||
		(v->pyperf && bench_save_pyperf(b, v->pyperf, err) < 0))
		return -1;
	return r ? conclude(b, r, err) : 0;
}

const struct command cmd_bench = {
	.name = "bench",
	.summary = "compare the speed of interpreters",
	.args = "[NAME=]PYTHON [NAME=]PYTHON...",
	.about =
		"Runs the same workloads in each of the Pythons (paths, distributions, names on PATH; the\n"
		"first is the reference), interleaved in random balanced order, one fresh process for each\n"
		"number, and says of each whether it is faster, slower or equal within 1 %, or that this\n"
		"is undecided.\n\n"
		"A byte-identical copy of the reference always runs along. If it does not come out as equal\n"
		"there is no verdict. Looks are taken after 10, 20 and 40 rounds; the level of 5 % is split\n"
		"among them.\n\n"
		"Two campaigns (--from twice) are compared by arms of the same name: how an arm's time\n"
		"relative to the reference changed from the first to the second. With --pool, one campaign\n"
		"that several hosts have measured (--from for each) is pooled: is that time the same on all of\n"
		"them, and what is it on average?\n\n"
		"A name that is given again (a=DIR1 a=DIR2) is another link of the same arm: one is drawn for\n"
		"each round, so that the luck of a layout becomes part of the interval.\n\n"
		"The first interval answers for these workloads, the second for other programs like them.\n"
		"Exit code 1: an arm is slower, or not the same on all hosts. 2: no verdict.",
	.example = "solder bench static=dist/cpython shared=/usr/bin/python3\n"
		   "solder bench --filter json,calls --rounds 20 -o c.json A=python3.11 "
		   "B=python3.12\n"
		   "solder bench --from c.json --html c.html\n"
		   "solder bench --from before.json --from after.json\n"
		   "solder bench --from here.json --from there.json --pool",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct bench_values),
	.min_args = 0,
	.max_args = BENCH_ARMS_MAX - 2,
	.run = run_bench,
};
