/* solder bench: which interpreter is faster, said so that it would come out the same tomorrow. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/data.h"
#include "base/file.h"
#include "bench/bench.h"
#include "cmd/bench-internal.h"
#include "study/study.h"
#include "cmd/cmd.h"
#include "report/report.h"

/* What --self-test slows its arm by. */
#define SLOWDOWN 0.02

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

/* The seed given, or one of our own, which is printed. */
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

/* What may be chosen anew when a campaign goes on. */
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

static int options_of(const struct bench_values *v, struct bench_options *o, struct err *err)
{
	bench_defaults(o);
	o->rounds = v->rounds ? v->rounds : o->rounds;
	o->layouts = v->layouts ? v->layouts : o->layouts;
	o->limit = v->limit ? v->limit : o->limit;
	o->measure = v->measure && !strcmp(v->measure, "wall") ? BENCH_WALL : BENCH_CPU;
	if (limits_of(v, o, err) < 0)
		return -1;
	return choose_seed(v->seed, &o->seed, err);
}

static bool is_arm(const struct bench *b, const char *name)
{
	for (size_t i = 0; i < b->n_arms; i++) {
		if (!strcmp(b->arms[i].name, name))
			return true;
	}
	return false;
}

/* "NAME=PYTHON", or PYTHON alone, which gets the letter of its place or the next that is free. */
static int add_arm(struct bench *b, const char *word, struct err *err)
{
	const char *equals = strchr(word, '=');
	CLEANUP_FREE char *name = equals ? xstrndup(word, (size_t)(equals - word)) : NULL;
	char letter[] = {(char)('A' + (int)b->n_arms), '\0'};

	/* A path may hold a "=", too. */
	if (name && (bench_arm_name_ok(name) || !path_exists(word)))
		return bench_add_python(b, name, equals + 1, err);
	while (is_arm(b, letter))
		letter[0] = letter[0] == 'Z' ? 'A' : (char)(letter[0] + 1);
	return bench_add_python(b, letter, word, err);
}

/* Where things are; the last two are ours and removed at the end. */
struct folders {
	const char *scratch;
	char *workloads;
	char *pyperformance;
	char *links; /* of arms that were linked again */
};

static void remove_folders(struct folders *f)
{
	struct err ignored = ERR_INIT;

	if (f->pyperformance)
		tree_remove(f->pyperformance, &ignored);
	if (f->links)
		tree_remove(f->links, &ignored);
	free(f->workloads);
	free(f->pyperformance);
	free(f->links);
}

/* Pyperformance takes the place of our own workloads. */
static int add_pyperformance(
	const struct bench_values *v, struct bench *b, struct folders *f, struct err *err)
{
	const char *given = v->suite ? strchr(v->suite, ':') : NULL;
	CLEANUP_FREE char *index = xasprintf("%s/pyperformance_index.py", f->workloads);

	if (given) {
		free(f->workloads);
		f->workloads = path_absolute(given + 1);
	} else {
		f->pyperformance = cmd_scratch(f->scratch, "pyperformance", err);
		if (!f->pyperformance)
			return -1;
		free(f->workloads);
		f->workloads = xstrdup(f->pyperformance);
		if (bench_install_pyperformance(b, f->workloads, err) < 0)
			return -1;
	}
	return bench_add_pyperformance(b, index, f->workloads, v->filter, err);
}

static int add_workloads(
	const struct bench_values *v, struct bench *b, struct folders *f, struct err *err)
{
	if (v->suite && strcmp(v->suite, "own") != 0)
		return add_pyperformance(v, b, f, err);
	return v->script ? bench_add_script(b, v->script, &v->script_args, err)
			 : bench_add_suite(b, f->workloads, v->filter, err);
}

static int begin(const struct bench_values *v, const struct strv *args, struct folders *f,
	struct progress *progress, struct bench **ret, struct err *err)
{
	CLEANUP_BENCH struct bench *b = NULL;
	struct bench_options options;

	if (options_of(v, &options, err) < 0)
		return -1;
	b = bench_new(&options);
	for (size_t i = 0; i < args->n; i++) {
		if (add_arm(b, args->v[i], err) < 0)
			return -1;
	}
	if (bench_named(b) < 2) {
		err_set(err, ERR_USAGE, "there is nothing to compare: two Pythons are needed");
		return err_hint(err, "for example: solder bench python3.11 dist/cpython");
	}
	if (v->layouts > 1 && (!(f->links = cmd_scratch(f->scratch, "links", err)) ||
				      study_relink(b, f->links, progress, err) < 0))
		return -1;
	if (add_workloads(v, b, f, err) < 0)
		return -1;
	bench_add_hidden(b, v->self_test ? SLOWDOWN : 0);
	*ret = steal(&b);
	return 0;
}

/* A campaign that ran out of time or quiet may get more of both. */
static int resume(
	const struct bench_values *v, struct folders *f, struct bench **ret, struct err *err)
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
	return strncmp(b->suite, PYPERFORMANCE, strlen(PYPERFORMANCE))
		       ? 0
		       : add_pyperformance(v, b, f, err);
}

static void say_plan(struct progress *p, const struct bench *b)
{
	progress_say(p,
		"seed %llu; %zu workload%s, %zu arm%s and %zu hidden, up to %u round%s; until the "
		"half-width is %.2f %%",
		(unsigned long long)b->options.seed, b->n_workloads, plural(b->n_workloads),
		bench_named(b), plural(bench_named(b)), b->n_arms - bench_named(b),
		b->options.rounds, plural(b->options.rounds), 100 * b->options.precision);
}

static int run_campaign(const struct bench_values *v, struct bench *b,
	const struct bench_setup *setup, struct err *err)
{
	CLEANUP_FREE char *counter = NULL;

	/* Not only after an hour of rounds. */
	if ((v->count || v->count_only) && bench_counter(&counter, err) < 0)
		return -1;
	if (!v->count_only) {
		say_plan(setup->progress, b);
		if (bench_run(b, setup, err) < 0)
			return -1;
	}
	return counter ? bench_count(b, setup, err) : 0;
}

static void hint_resume(const struct bench_values *v, struct err *err)
{
	CLEANUP_FREE char *duration =
		v->duration ? xasprintf(" --duration %u", v->duration) : xstrdup("");

	err_hint(err, "solder bench --resume -o %s%s%s continues it", v->output, duration,
		v->count_only ? " --count-only"
		: v->count    ? " --count"
			      : "");
}

static int measure(
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
		result = v->resume ? resume(v, &f, ret, err) : begin(v, args, &f, p, ret, err);
	if (result == 0) {
		setup.workloads = f.workloads;
		result = run_campaign(v, *ret, &setup, err);
	}
	progress_free(p);
	/* A file that was there before would have been refused. */
	if (result < 0 && err->code == ERR_INTERRUPTED && v->output && path_exists(v->output))
		hint_resume(v, err);
	return result;
}

static int load(const struct bench_values *v, const char *file, struct bench **ret, struct err *err)
{
	if (bench_load(file, ret, err) < 0)
		return -1;
	if (v->measure)
		(*ret)->options.measure = strcmp(v->measure, "wall") ? BENCH_CPU : BENCH_WALL;
	return v->precision
		       ? parse_percent("precision", v->precision, &(*ret)->options.precision, err)
		       : 0;
}

/* `result` is NULL when there are only counts. */
static int show(const struct bench_values *v, const struct bench *b,
	const struct bench_result *result, struct err *err)
{
	CLEANUP_DOC struct doc *text = result ? bench_doc(b, result, v->all) : bench_counts_doc(b);

	if (v->json) {
		json_t *j = bench_to_json(b);

		json_object_set_new(
			j, "result", result ? bench_result_json(b, result) : json_null());
		json_object_set_new(j, "instructions", bench_instructions_json(b));
		report_json("solder-bench", j, stdout);
		json_decref(j);
	} else {
		cmd_print(text);
	}
	if (v->html) {
		CLEANUP_DOC struct doc *page =
			result ? bench_doc(b, result, true) : bench_counts_doc(b);

		if (doc_save_html(page, v->html, err) < 0)
			return -1;
	}
	return v->pyperf ? bench_save_pyperf(b, v->pyperf, err) : 0;
}

/* A failed gate leaves verdicts that its noise cannot change. */
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

static int compare(const struct bench_values *v, struct err *err)
{
	const struct bench_view view = {.all = v->all, .json = v->json, .html = v->html};
	CLEANUP_BENCH struct bench *before = NULL, *after = NULL;

	if (load(v, v->from.v[0], &before, err) < 0 || load(v, v->from.v[1], &after, err) < 0)
		return -1;
	return bench_show_comparison(before, after, &v->from, &view, err);
}

static int run(const void *values, const struct strv *args, struct err *err)
{
	const struct bench_values *v = values;
	CLEANUP_BENCH struct bench *b = NULL;
	CLEANUP_BENCH_RESULT struct bench_result result = {0};

	if (bench_check_usage(v, args, err) < 0)
		return -1;
	if (v->from.n == 2)
		return compare(v, err);
	if ((v->from.n ? load(v, v->from.v[0], &b, err) : measure(v, args, &b, err)) < 0)
		return -1;
	if (b->n_rounds == 0 && b->counts)
		return show(v, b, NULL, err);
	if (bench_compute(b, &result, err) < 0 || show(v, b, &result, err) < 0)
		return -1;
	return conclude(b, &result, err);
}

static const struct opt opts[] = {
	{"rounds", 0, OPT_COUNT, "N", "stop after N rounds (40)",
		offsetof(struct bench_values, rounds)},
	{"precision", 0, OPT_STRING, "PERCENT",
		"stop as soon as the half-width is PERCENT or less (0.5)",
		offsetof(struct bench_values, precision)},
	{"max-time", 0, OPT_COUNT, "MINUTES", "start no round after MINUTES, rehearsal included",
		offsetof(struct bench_values, max_time)},
	{"seed", 0, OPT_STRING, "N", "seed the order and everything else that is random",
		offsetof(struct bench_values, seed)},
	{"measure", 0, OPT_CHOICE, "cpu|wall", "judge processor time or elapsed time (cpu)",
		offsetof(struct bench_values, measure)},
	{"filter", 0, OPT_STRING, "WORKLOADS",
		"run workloads whose name contains one of these, comma-separated",
		offsetof(struct bench_values, filter)},
	{"suite", 0, OPT_STRING, "SUITE",
		"run our own workloads, or pyperformance[:DIR]'s that need no packages (own)",
		offsetof(struct bench_values, suite)},
	{"script", 0, OPT_STRING, "FILE", "run this program as the only workload",
		offsetof(struct bench_values, script)},
	{"script-arg", 0, OPT_LIST, "WORD", "pass this argument to the script",
		offsetof(struct bench_values, script_args)},
	{"workloads", 0, OPT_STRING, "DIR", "take workloads from this folder",
		offsetof(struct bench_values, workloads)},
	{"duration", 0, OPT_COUNT, "MS", "make a process last about MS milliseconds (60 to 400)",
		offsetof(struct bench_values, duration)},
	{"limit", 0, OPT_COUNT, "SECONDS", "kill a process after SECONDS (120)",
		offsetof(struct bench_values, limit)},
	{"load", 0, OPT_STRING, "PERCENT",
		"drop a round when others used more of its processor (10)",
		offsetof(struct bench_values, load)},
	{"layouts", 0, OPT_COUNT, "N",
		"link each arm N times and draw one for each round (as many as are given)",
		offsetof(struct bench_values, layouts)},
	{"scratch", 0, OPT_STRING, "DIR", "put the copies here ($TMPDIR, /tmp)",
		offsetof(struct bench_values, scratch)},
	{"self-test", 0, OPT_FLAG, NULL, "add an arm slowed by 2 %, which must be found",
		offsetof(struct bench_values, self_test)},
	{"count", 0, OPT_FLAG, NULL, "count instructions with valgrind too",
		offsetof(struct bench_values, count)},
	{"count-only", 0, OPT_FLAG, NULL, "count instructions and take no times",
		offsetof(struct bench_values, count_only)},
	{"output", 'o', OPT_STRING, "FILE", "save the campaign here after every round",
		offsetof(struct bench_values, output)},
	{"resume", 0, OPT_FLAG, NULL, "continue the campaign in the file of -o",
		offsetof(struct bench_values, resume)},
	{"from", 0, OPT_LIST, "FILE",
		"run nothing: recompute a campaign from its file, or compare it with a second",
		offsetof(struct bench_values, from)},
	{"all", 0, OPT_FLAG, NULL, "list every workload, not only those that differ",
		offsetof(struct bench_values, all)},
	{"json", 0, OPT_FLAG, NULL, "print everything observed and computed as JSON",
		offsetof(struct bench_values, json)},
	{"html", 0, OPT_STRING, "FILE", "write a page for a browser, too",
		offsetof(struct bench_values, html)},
	{"pyperf", 0, OPT_STRING, "DIR", "write ARM.json for each arm in pyperf's format",
		offsetof(struct bench_values, pyperf)},
};

const struct command cmd_bench = {
	.name = "bench",
	.summary = "compare the speed of interpreters",
	.args = "[NAME=]PYTHON [NAME=]PYTHON...",
	.about = "Runs the same workloads in each of the Pythons (paths, distributions, names on "
		 "PATH; the\nfirst is the reference), interleaved in random balanced order, one "
		 "fresh process for each\nnumber, and says of each whether it is faster, slower or "
		 "equal within 1 %, or that this\nis undecided.\n\n"
		 "A byte-identical copy of the reference always runs along. If it does not come "
		 "out as equal\nthere is no verdict. Looks are taken after 10, 20 and 40 rounds; "
		 "the level of 5 % is split\namong them.\n\n"
		 "Two campaigns (--from twice) are compared by arms of the same name: how an arm's "
		 "time\nrelative to the reference changed from the first to the second.\n\n"
		 "A name that is given again (a=DIR1 a=DIR2) is another link of the same arm: one "
		 "is "
		 "drawn for\neach round, so that the luck of a layout becomes part of the "
		 "interval.\n\n"
		 "The first interval answers for these workloads, the second for other programs "
		 "like them.\nExit code 1: an arm is slower. 2: no verdict.",
	.example = "solder bench static=dist/cpython shared=/usr/bin/python3\n"
		   "solder bench --filter json,calls --rounds 20 -o c.json A=python3.11 "
		   "B=python3.12\n"
		   "solder bench --from c.json --html c.html\n"
		   "solder bench --from before.json --from after.json",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct bench_values),
	.min_args = 0,
	.max_args = BENCH_ARMS_MAX - 2,
	.run = run,
};
