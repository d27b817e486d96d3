/* Counts instructions instead of time, with callgrind. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/term.h"
#include "bench/bench-internal.h"
#include "proc/proc.h"

/* Factor by which the time limit grows under valgrind. */
#define SLOWER 50
#define LOG_MAX ((size_t)1 << 20)
#define VERSION_MS 30000

int bench_counter(char **version, struct err *err)
{
	CLEANUP_FREE char *program = find_program("valgrind");
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_BUF struct buf output = BUF_INIT;
	const struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1};

	if (!program) {
		err_set(err, ERR_UNSUPPORTED,
			"counting instructions is not supported: needs valgrind");
		return err_hint(
			err, "install it (the package has the same name), or leave --count out");
	}
	strv_add(&argv, program);
	strv_add(&argv, "--version");
	if (proc_run(&spec, false, 256, VERSION_MS, &output, err) < 0)
		return err_wrap(err, "asking valgrind for its version");
	buf_adds(&output, "");
	output.data[strcspn(output.data, "\n")] = '\0';
	*version = buf_steal(&output);
	return 0;
}

static void note_uncounted(
	struct run *run, const struct play *play, const char *what, const char *said)
{
	struct bench_workload *w = &run->b->workloads[play->workload];

	w->uncounted = xasprintf("%s: %s%s%s", run->b->arms[play->arm].name, what, said ? ": " : "",
		said ? said : "");
	progress_warn(run->setup->progress, "'%s' is not counted: %s", w->name, w->uncounted);
}

/* Runs one process under callgrind. *n stays 0 if it failed. */
static int count_once(struct run *run, const struct play *play, int64_t *n, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	CLEANUP_BUF struct buf output = BUF_INIT, log = BUF_INIT;
	CLEANUP_FREE char *path = xasprintf("%s/valgrind.log", run->stage.root), *said = NULL;
	static const char label[] = " Collected : ";
	const struct proc_spec spec = {
		.argv = &argv, .env = &env, .cwd = run->stage.cwd, .out = -1, .err = -1};
	unsigned int limit = run->b->options.limit;
	struct err problem = ERR_INIT;

	strv_add(&argv, "valgrind");
	strv_add(&argv, "--tool=callgrind");
	strv_add(&argv, "--callgrind-out-file=/dev/null");
	strv_addf(&argv, "--log-file=%s", path);
	play_argv(run, play, &argv);
	play_env(run, play, &env);
	limit = limit < 1000000 / SLOWER ? limit * SLOWER : 1000000;
	if (proc_run(&spec, true, LOG_MAX, limit * 1000, &output, &problem) < 0) {
		if (problem.code != ERR_CHILD) {
			*err = problem;
			return -1;
		}
		said = last_line_safe(output.data);
		note_uncounted(run, play, problem.msg, said);
		return 0;
	}
	if (file_read(path, LOG_MAX, &log, err) < 0)
		return -1;
	/* A process that forks writes several lines "==PID== Collected : N". */
	for (const char *at = log.len ? log.data : ""; (at = strstr(at, label));) {
		at += sizeof(label) - 1;
		*n += strtoll(at, NULL, 10);
	}
	*n = *n < 0 ? 0 : *n;
	if (*n == 0)
		note_uncounted(run, play, "valgrind did not say how many", NULL);
	return 0;
}

static int count_workload(struct run *run, size_t w, size_t arm, struct err *err)
{
	struct bench *b = run->b;
	bool loop = play_loops(&b->workloads[w]);
	/* A fixed number of loops, since one chosen by a clock would change the counts; under
	 * valgrind even one is long. */
	struct play play = {.workload = w, .arm = arm, .loops = 1};
	struct bench_observation o = {.workload = (unsigned int)w, .arm = (unsigned int)arm};
	struct bench_count count = {.loops = loop ? 1 : 0};

	/* Writes the bytecode for the counted processes. */
	if (play_run(run, &play, &o, err) < 0)
		return -1;
	if (o.status != BENCH_OK) {
		CLEANUP_FREE char *said = stage_complaint(&run->stage);

		note_uncounted(run, &play, "fails", said);
		return 0;
	}
	play.timed = true;
	if (count_once(run, &play, &count.once, err) < 0)
		return -1;
	play.loops *= 2;
	if (loop && count.once && count_once(run, &play, &count.twice, err) < 0)
		return -1;
	if (!b->workloads[w].uncounted)
		b->counts[w * b->n_arms + arm] = count;
	return 0;
}

static int count_arm(struct run *run, size_t arm, int line, struct err *err)
{
	struct bench *b = run->b;
	size_t total = b->n_arms * b->n_workloads;

	for (size_t w = 0; w < b->n_workloads; w++) {
		const struct bench_workload *workload = &b->workloads[w];

		progress_count(run->setup->progress, line, arm * b->n_workloads + w, total);
		if (interrupt_check(err) < 0)
			return -1;
		if (workload->failed || workload->uncounted || b->counts[w * b->n_arms + arm].once)
			continue;
		if (count_workload(run, w, arm, err) < 0)
			return err_wrap(err, "counting the instructions of '%s' in '%s'",
				workload->name, b->arms[arm].name);
		if (play_save(run, err) < 0)
			return -1;
	}
	return 0;
}

int bench_count(struct bench *b, const struct bench_setup *setup, struct err *err)
{
	struct run run = {.b = b, .setup = setup};
	int before = personality(0xffffffff), line, result;
	char *version = NULL;

	if (bench_counter(&version, err) < 0)
		return -1;
	free(b->counter);
	b->counter = version;
	if (!b->counts)
		b->counts = xcalloc(b->n_arms * b->n_workloads + 1, sizeof(*b->counts));
	run.cpu = trial_cpu(&run.processors);
	if (json_object_size(b->machine) == 0)
		machine_describe(b->machine, run.cpu, run.processors);
	/* Where this is forbidden (in some containers), valgrind's own placement has to do. */
	if (before >= 0)
		personality((unsigned long)before | ADDR_NO_RANDOMIZE);
	result = stage_open(b, setup->scratch, &run.stage, err);
	line = progress_start(setup->progress, "instructions", 0);
	if (result == 0 && (play_save(&run, err) < 0 || play_check_needs(&run, err) < 0))
		result = -1;
	for (size_t a = 0; result == 0 && a < b->n_arms; a++) {
		if (b->arms[a].role != BENCH_ROLE_SLOWED &&
			(stage_isolate(&run.stage, a, true, err) < 0 ||
				count_arm(&run, a, line, err) < 0 ||
				stage_isolate(&run.stage, a, false, err) < 0))
			result = -1;
	}
	progress_end(setup->progress, line, result == 0 ? "done" : "stopped");
	stage_close(&run.stage);
	if (before >= 0)
		personality((unsigned long)before);
	return result;
}

double bench_instructions(const struct bench *b, size_t workload, size_t arm)
{
	const struct bench_count *c;

	if (!b->counts || b->workloads[workload].uncounted || b->workloads[workload].failed)
		return NAN;
	c = &b->counts[workload * b->n_arms + arm];
	if (!c->once || (c->loops && c->twice <= c->once))
		return NAN;
	return c->loops ? (double)(c->twice - c->once) / (double)c->loops : (double)c->once;
}

double bench_instructions_ratio(const struct bench *b, size_t arm, size_t *n)
{
	double sum = 0;
	size_t counted = 0;

	for (size_t w = 0; w < b->n_workloads; w++) {
		bool all = true;

		for (size_t a = 0; a < b->n_arms; a++)
			all = all && (b->arms[a].role == BENCH_ROLE_SLOWED ||
					     isfinite(bench_instructions(b, w, a)));
		if (!all)
			continue;
		sum += log(bench_instructions(b, w, arm) / bench_instructions(b, w, 0));
		counted++;
	}
	if (n)
		*n = counted;
	return counted ? exp(sum / (double)counted) : NAN;
}
