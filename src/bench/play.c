/* Runs one observation of a workload in an arm: command, environment, and result. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/embed.h"
#include "base/file.h"
#include "bench/bench-internal.h"
#include "python/python.h"

EMBED(bench_lacking, "src/bench/lacking.py");

bool play_loops(const struct bench_workload *w)
{
	return !strcmp(w->kind, "loop") || !strcmp(w->kind, "pyperformance");
}

void play_argv(const struct run *run, const struct play *play, struct strv *argv)
{
	const struct bench_workload *w = &run->b->workloads[play->workload];
	bool pyperf = !strcmp(w->kind, "pyperformance");
	const char *base = pyperf ? run->setup->pyperformance : run->setup->workloads;

	strv_take(argv, stage_python(&run->stage, play->arm, play->layout));
	strv_addf(argv, "-Xpycache_prefix=%s", run->stage.pycache);
	if (play->timed)
		strv_add(argv, "-B");
	if (w->file)
		strv_addf(argv, "%s%s%s", w->file[0] == '/' ? "" : base,
			w->file[0] == '/' ? "" : "/", w->file);
	if (pyperf) {
		/* One value of that many loops, in this process. */
		strv_split(argv, "--worker --values=1 --warmups=0", " ");
		strv_addf(argv, "--loops=%llu", (unsigned long long)play->loops);
	}
	for (size_t i = 0; i < w->args.n; i++)
		strv_add(argv, w->args.v[i]);
	if (!strcmp(w->kind, "loop"))
		strv_addf(argv, "%llu", (unsigned long long)play->loops);
}

void play_env(const struct run *run, const struct play *play, struct strv *env)
{
	CLEANUP_FREE char *padding = xcalloc(play->padding + 1, 1);
	const struct bench_workload *w = &run->b->workloads[play->workload];

	memset(padding, 'x', play->padding);
	strv_add(env, "PATH=/usr/local/bin:/usr/bin:/bin");
	strv_add(env, "LC_ALL=C.UTF-8");
	strv_add(env, "TZ=UTC");
	strv_addf(env, "HOME=%s", run->stage.home);
	strv_addf(env, "TMPDIR=%s", run->stage.cwd);
	strv_add(env, "PYTHONNOUSERSITE=1");
	strv_addf(env, "PYTHONHASHSEED=%llu", (unsigned long long)play->hash_seed);
	if (!strcmp(w->kind, "pyperformance")) {
		/* Its folder of the suite and of the packages have the same name. */
		CLEANUP_FREE char *folder = w->file ? path_dir(w->file) : xstrdup("");

		if (w->packages)
			strv_addf(env, "PYTHONPATH=%s:%s/%s", run->setup->pyperformance,
				run->b->arms[play->arm].packages, path_base(folder));
		else
			strv_addf(env, "PYTHONPATH=%s", run->setup->pyperformance);
	}
	strv_addf(env, "SOLDER_BENCH_PADDING=%s", padding);
}

int play_run(const struct run *run, const struct play *play, struct bench_observation *o,
	struct err *err)
{
	const struct bench *b = run->b;
	const struct bench_workload *w = &b->workloads[play->workload];
	uint64_t times = strcmp(w->kind, "startup") ? 1 : play->loops;
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	struct trial trial = {.argv = &argv,
		.env = &env,
		.cwd = run->stage.cwd,
		.output = run->stage.output,
		.cpu = run->cpu,
		.limit = b->options.limit,
		.randomize = play->timed};

	play_argv(run, play, &argv);
	play_env(run, play, &env);
	o->padding = (int64_t)play->padding;
	if (play->timed)
		trial.spin = (uint64_t)(b->arms[play->arm].slowdown * (double)w->nominal /
					(double)times);
	if (ftruncate(run->stage.output, 0) < 0)
		return err_sys(err, "cannot empty the file for output");
	for (uint64_t i = 0; i < times && o->status == BENCH_OK; i++) {
		if (trial_run(&trial, o, err) < 0)
			return err_wrap(
				err, "running '%s' in '%s'", w->name, b->arms[play->arm].name);
	}
	return 0;
}

void play_note_failure(struct run *run, const struct bench_observation *o)
{
	struct bench_workload *w = &run->b->workloads[o->workload];
	const char *arm = run->b->arms[o->arm].name;
	CLEANUP_FREE char *said = NULL, *what = NULL;

	if (o->status == BENCH_OK || w->failed)
		return;
	said = stage_complaint(&run->stage);
	what = o->status == BENCH_TIMEOUT
		       ? xasprintf("no end within %u s", run->b->options.limit)
		       : xasprintf("%s %lld",
				 o->status == BENCH_EXIT ? "exit code" : "killed by signal",
				 (long long)o->code);
	w->failed = xasprintf("%s: %s%s%s", arm, what, said ? ": " : "", said ? said : "");
	progress_warn(
		run->setup->progress, "'%s' is left out for all arms: %s", w->name, w->failed);
}

/* Leaves out workloads that need a module that the arm lacks. If Python crashes during the import,
 * it does not count as lacking anything: the workload itself will reveal it. */
static int check_needs(struct run *run, size_t arm, struct err *err)
{
	struct bench *b = run->b;
	CLEANUP_STRV struct strv names = STRV_INIT, env = STRV_INIT, lacking = STRV_INIT;
	CLEANUP_FREE char *python = stage_python(&run->stage, arm, 0);
	CLEANUP_BUF struct buf output = BUF_INIT;
	const struct play play = {.arm = arm};
	const struct py_program program = {.interpreter = python,
		.code = bench_lacking,
		.args = &names,
		.env = &env,
		.cwd = run->stage.cwd,
		.limit_ms = b->options.limit * 1000};
	struct err problem = ERR_INIT;

	for (size_t w = 0; w < b->n_workloads; w++) {
		for (size_t i = 0; i < b->workloads[w].needs.n; i++) {
			if (!strv_has(&names, b->workloads[w].needs.v[i]))
				strv_add(&names, b->workloads[w].needs.v[i]);
		}
	}
	if (!names.n)
		return 0;
	play_env(run, &play, &env);
	strv_addf(&env, "PYTHONPYCACHEPREFIX=%s", run->stage.pycache);
	if (py_run(&program, &output, &problem) < 0) {
		if (problem.code == ERR_INTERRUPTED)
			*err = problem;
		return problem.code == ERR_INTERRUPTED ? -1 : 0;
	}
	strv_split(&lacking, output.len ? output.data : "", "\n");
	for (size_t w = 0; w < b->n_workloads; w++) {
		struct bench_workload *workload = &b->workloads[w];

		for (size_t i = 0; !workload->failed && i < workload->needs.n; i++) {
			if (!strv_has(&lacking, workload->needs.v[i]))
				continue;
			workload->failed = xasprintf("not run: '%s' has no module '%s'",
				b->arms[arm].name, workload->needs.v[i]);
			progress_warn(run->setup->progress, "'%s' is left out for all arms: %s",
				workload->name, workload->failed);
		}
	}
	return 0;
}

int play_check_needs(struct run *run, struct err *err)
{
	for (size_t a = 0; a < run->b->n_arms; a++) {
		if (check_needs(run, a, err) < 0)
			return -1;
	}
	return 0;
}

int play_save(const struct run *run, struct err *err)
{
	return run->setup->file ? bench_save(run->b, run->setup->file, err) : 0;
}
