/* solder explain: why one interpreter executes more instructions than another. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/data.h"
#include "base/file.h"
#include "cmd/cmd.h"
#include "explain/explain.h"
#include "study/study.h"

#define DEFAULT_WORKLOADS "calls,attributes,exceptions,binary_trees"
#define LOOPS 1
/* For --intervene: a few workloads need many rounds before the copy can be shown to be equal. */
#define ROUNDS 100

struct values {
	const char *workload, *workloads, *function, *scratch, *html;
	unsigned int loops, limit;
	bool from_callgrind, all_code, startup, json, whole;
	struct study_request intervene;
};

static void defaults(void *values)
{
	struct values *v = values;

	v->loops = LOOPS;
	v->intervene.rounds = ROUNDS;
}

/* State of one run of the command. */
struct explained {
	char *names[2]; /* NAME in "NAME=PYTHON" */
	struct strv workloads, scripts;
	char *workloads_dir, *scratch; /* `scratch` is ours; removed at the end */
	struct explain_question question;
	struct explain_answer *answer;
	struct study_request request;
	struct study *study; /* NULL without --intervene */
};

static void release(struct explained *e)
{
	struct err ignored = ERR_INIT;

	explain_free(e->answer);
	study_free(e->study);
	if (e->scratch)
		tree_remove(e->scratch, &ignored);
	free(e->scratch);
	free(e->workloads_dir);
	strv_release(&e->workloads);
	strv_release(&e->scripts);
	free(e->names[0]);
	free(e->names[1]);
}

/* Parses "NAME=PYTHON", like solder bench, unless a file of that name exists. */
static void take_word(struct explained *e, size_t i, const char *word)
{
	const char *equals = strchr(word, '=');
	CLEANUP_FREE char *name = NULL;

	e->question.given[i] = word;
	if (!equals || path_exists(word))
		return;
	name = xstrndup(word, (size_t)(equals - word));
	if (!bench_arm_name_ok(name))
		return;
	e->question.given[i] = equals + 1;
	e->question.name[i] = e->names[i] = steal(&name);
}

static int find_workloads(const struct values *v, struct explained *e, struct err *err)
{
	if (data_folder("workloads", v->workloads, &e->workloads_dir, err) < 0)
		return -1;
	strv_split(&e->workloads, v->workload ? v->workload : DEFAULT_WORKLOADS, ", ");
	if (!e->workloads.n)
		return err_set(err, ERR_USAGE, "--workload: no name is given");
	for (size_t i = 0; i < e->workloads.n; i++) {
		const char *name = e->workloads.v[i];
		CLEANUP_CLOSE int fd = -1;

		strv_addf(&e->scripts, "%s/%s.py", e->workloads_dir, name);
		if (strchr(name, '/') || !path_exists(e->scripts.v[i])) {
			err_set(err, ERR_USAGE, "--workload: there is no workload '%s'", name);
			return err_hint(err, "'%s' has them", e->workloads_dir);
		}
		fd = file_open(e->scripts.v[i], err);
		if (fd < 0)
			return -1;
	}
	return 0;
}

static int check_options(const struct values *v, struct err *err)
{
	const struct study_request *rq = &v->intervene;

	if (v->from_callgrind && (v->workload || v->workloads || v->loops != LOOPS || v->whole ||
					 v->limit || v->scratch || rq->factors))
		return err_set(err, ERR_USAGE,
			"--from-callgrind runs nothing; it goes with none of --workload, --workloads, --loops, --whole, --limit, --scratch, --intervene");
	if (v->startup && (v->from_callgrind || v->workload || v->workloads || v->loops != LOOPS ||
				  v->whole || v->function || rq->factors))
		return err_set(err, ERR_USAGE,
			"--startup goes with none of --workload, --workloads, --loops, --whole, --function, --from-callgrind, --intervene");
	if (!rq->factors && (rq->dry_run || rq->source || rq->campaign || rq->cache ||
				    rq->max_time || rq->jobs || rq->load || rq->rounds != ROUNDS))
		return err_set(err, ERR_USAGE,
			"--rounds, --max-time, --load, --campaign, --source, --cache, --jobs and --dry-run go with --intervene");
	return 0;
}

static int find(const struct values *v, struct explained *e, struct err *err)
{
	struct explain_question *q = &e->question;
	CLEANUP_FREE char *valgrind = NULL;

	q->from_callgrind = v->from_callgrind;
	q->startup = v->startup;
	q->whole = v->whole;
	q->all_code = v->all_code;
	q->page = v->html != NULL;
	q->workloads = &e->workloads;
	q->scripts = &e->scripts;
	q->loops = v->loops;
	q->limit = v->limit;
	q->function = v->function;
	if (!v->from_callgrind) {
		if (!v->startup && find_workloads(v, e, err) < 0)
			return -1;
		e->scratch = cmd_scratch(v->scratch, "explain", err);
		if (!e->scratch)
			return -1;
		q->scratch = e->scratch;
	}
	if (explain_find(q, &e->answer, err) < 0)
		return -1;
	if (!v->from_callgrind && !v->startup && !v->intervene.dry_run &&
		explain_find_valgrind(&valgrind, err) < 0)
		return -1;
	if (!v->intervene.factors)
		return 0;
	e->request = v->intervene;
	e->request.a = q->given[0];
	e->request.b = q->given[1] ? q->given[1] : q->given[0];
	e->request.workloads = e->workloads_dir;
	e->request.names = &e->workloads;
	e->request.scripts = &e->scripts;
	e->request.scratch = e->scratch;
	e->request.limit = v->limit;
	return study_open(&e->request, &e->study, err);
}

/* --dry-run: shows what would be built. */
static int show_plan(const struct values *v, const struct explained *e, struct err *err)
{
	CLEANUP_FREE char *title =
		xasprintf("solder explain: what would be built of %s", e->request.b);
	CLEANUP_DOC struct doc *doc = doc_new(title);

	study_plan_page(doc, e->study);
	if (v->json) {
		json_t *plan = study_plan_json(e->study);

		report_json("solder-explain-plan", plan, stdout);
		json_decref(plan);
	} else {
		cmd_print(doc);
	}
	return v->html ? doc_save_html(doc, v->html, err) : 0;
}

static int show(const struct values *v, const struct explained *e, struct err *err)
{
	const struct explain_question *q = &e->question;
	const char *a = q->name[0] ? q->name[0] : q->given[0];
	const char *b = q->name[1] ? q->name[1] : q->given[1];
	CLEANUP_FREE char *title =
		xasprintf("solder explain: %s%s%s", a, b ? ", " : "", b ? b : "");
	CLEANUP_DOC struct doc *doc = doc_new(title);

	explain_write(e->answer, doc);
	if (v->intervene.factors)
		study_page(doc, e->study);
	/* Unrequested machine code goes only to the page: it would flood a terminal. */
	if (v->function)
		explain_write_code(e->answer, doc);
	if (v->json) {
		json_t *o = explain_json(e->answer);

		if (v->intervene.factors)
			json_object_set_new(o, "intervention", study_json(e->study));
		report_json("solder-explain", o, stdout);
		json_decref(o);
	} else {
		cmd_print(doc);
	}
	if (!v->function)
		explain_write_code(e->answer, doc);
	return v->html ? doc_save_html(doc, v->html, err) : 0;
}

static int run(const void *values, const struct strv *args, struct err *err)
{
	const struct values *v = values;
	CLEANUP(release) struct explained e = {0};
	struct progress *progress;
	int result;

	/* Fail now, not after hours of work. */
	if (check_options(v, err) < 0 || (v->html && cmd_check_output(v->html, err) < 0))
		return -1;
	for (size_t i = 0; i < args->n; i++)
		take_word(&e, i, args->v[i]);
	if (find(v, &e, err) < 0)
		return -1;
	if (v->intervene.dry_run)
		return show_plan(v, &e, err);
	progress = progress_new(stderr, PROGRESS_AUTO);
	result = explain_examine(e.answer, progress, err);
	progress_free(progress);
	if (result < 0 || (v->intervene.factors && study_measure(e.study, err) < 0))
		return -1;
	return show(v, &e, err);
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
