/* Before anything counts: loops, bytecode, failures, and what machine this is. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/embed.h"
#include "base/file.h"
#include "python/python.h"
#include "base/interrupt.h"
#include "bench/run-internal.h"
#include "bench/trial-internal.h"
#include "proc/proc.h"

#define MS ((int64_t)1000000)
#define SHORTEST ((int64_t)BENCH_PROCESS_NS)
#define LONGEST (400 * MS)
/* A workload that is too short even so does nothing. */
#define LOOPS_MAX ((uint64_t)1 << 30)

EMBED(bench_lacking, "src/bench/lacking.py");

/* What a process lasts if nobody chose. Noise is of moments and of processes: a longer process has
 * no less of it, and is further from the one that it is compared with. So many short ones say more
 * in the same time. Of independent noise, n processes of length t in a given time with starts of
 * length s show an effect on the work with a weight of (t - s) / t * sqrt(n), n = 1 / t: most at t
 * = 3 s. */
static int64_t wanted_duration(const struct run *run, int64_t start)
{
	int64_t wanted = 3 * start;

	if (run->setup->duration)
		return run->setup->duration * MS;
	return wanted < SHORTEST ? SHORTEST : wanted > LONGEST ? LONGEST : wanted;
}

static int rehearse(struct run *run, size_t w, size_t arm, unsigned int layout, uint64_t loops,
	int64_t *time, struct err *err)
{
	const struct play play = {
		.workload = w, .arm = arm, .layout = layout, .loops = loops, .hash_seed = 1};
	struct bench_observation o = {.workload = (unsigned int)w, .arm = (unsigned int)arm};

	if (run_play(run, &play, &o, err) < 0)
		return -1;
	run_note_failure(run, &o);
	*time = bench_time(&o, run->b->options.measure);
	return 0;
}

/* One loop and many give the price of a loop and of the rest: so many that the difference is half
 * as long as what is wanted, since noise can be as long as a start. */
static int calibrate_loop(struct run *run, size_t w, struct err *err)
{
	struct bench_workload *workload = &run->b->workloads[w];
	int64_t once, many = 0, each, target;
	uint64_t tried = workload->loops < 2 ? 2 : workload->loops;

	if (rehearse(run, w, 0, 0, 1, &once, err) < 0 || workload->failed ||
		rehearse(run, w, 0, 0, 1, &once, err) < 0 || workload->failed)
		return workload->failed ? 0 : -1;
	for (;; tried *= 4) {
		if (rehearse(run, w, 0, 0, tried, &many, err) < 0)
			return -1;
		if (workload->failed || many - once >= wanted_duration(run, 0) / 2 ||
			tried >= LOOPS_MAX)
			break;
	}
	each = (many - once) / (int64_t)(tried - 1);
	each = each < 1 ? 1 : each;
	target = wanted_duration(run, once - each);
	workload->loops = target > once ? 1 + (uint64_t)((target - once) / each) : 1;
	workload->nominal = (uint64_t)(once + (int64_t)(workload->loops - 1) * each);
	return 0;
}

/* A start is repeated until it lasts half as long as other workloads: what it takes is short. */
static int calibrate_startup(struct run *run, size_t w, struct err *err)
{
	struct bench_workload *workload = &run->b->workloads[w];
	int64_t once, wanted = wanted_duration(run, 0) / 2;

	if (rehearse(run, w, 0, 0, 1, &once, err) < 0 || workload->failed ||
		rehearse(run, w, 0, 0, 1, &once, err) < 0 || workload->failed)
		return workload->failed ? 0 : -1;
	once = once < 1 ? 1 : once;
	workload->loops = wanted > once ? (uint64_t)(wanted / once) : 1;
	workload->nominal = (uint64_t)once * workload->loops;
	return 0;
}

static int calibrate_script(struct run *run, size_t w, struct err *err)
{
	struct bench_workload *workload = &run->b->workloads[w];
	int64_t once;

	if (rehearse(run, w, 0, 0, 1, &once, err) < 0 || workload->failed ||
		rehearse(run, w, 0, 0, 1, &once, err) < 0)
		return workload->failed ? 0 : -1;
	workload->nominal = once > 0 ? (uint64_t)once : 1;
	return 0;
}

static int calibrate(struct run *run, size_t w, struct err *err)
{
	const struct bench_workload *workload = &run->b->workloads[w];

	return workload_loops(workload)             ? calibrate_loop(run, w, err)
	       : !strcmp(workload->kind, "startup") ? calibrate_startup(run, w, err)
						    : calibrate_script(run, w, err);
}

/* The modules among `names` that the first copy of an arm cannot import. A Python that crashes
 * while it tries lacks nothing as far as this goes: the workload itself will show it. */
static int find_lacking(const struct run *run, size_t arm, const struct strv *names,
	struct strv *lacking, struct err *err)
{
	CLEANUP_STRV struct strv env = STRV_INIT;
	CLEANUP_FREE char *python = stage_python(&run->stage, arm, 0);
	CLEANUP_BUF struct buf output = BUF_INIT;
	const struct play play = {.arm = arm};
	const struct py_program program = {.interpreter = python,
		.code = bench_lacking,
		.args = names,
		.env = &env,
		.cwd = run->stage.cwd,
		.limit_ms = run->b->options.limit * 1000};
	struct err problem = ERR_INIT;

	run_make_env(run, &play, &env);
	strv_addf(&env, "PYTHONPYCACHEPREFIX=%s", run->stage.pycache);
	if (py_run(&program, &output, &problem) < 0) {
		if (problem.code != ERR_INTERRUPTED)
			return 0;
		*err = problem;
		return -1;
	}
	if (output.len)
		strv_split(lacking, output.data, "\n");
	return 0;
}

static int check_needs(struct run *run, size_t arm, struct err *err)
{
	struct bench *b = run->b;
	CLEANUP_STRV struct strv names = STRV_INIT, lacking = STRV_INIT;

	for (size_t w = 0; w < b->n_workloads; w++) {
		for (size_t i = 0; i < b->workloads[w].needs.n; i++) {
			if (!strv_has(&names, b->workloads[w].needs.v[i]))
				strv_add(&names, b->workloads[w].needs.v[i]);
		}
	}
	if (names.n && find_lacking(run, arm, &names, &lacking, err) < 0)
		return -1;
	for (size_t w = 0; lacking.n && w < b->n_workloads; w++) {
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

int run_check_needs(struct run *run, struct err *err)
{
	for (size_t a = 0; a < run->b->n_arms; a++) {
		if (check_needs(run, a, err) < 0)
			return -1;
	}
	return 0;
}

static int rehearse_everywhere(struct run *run, size_t w, struct err *err)
{
	const struct bench *b = run->b;
	int64_t ignored;

	for (size_t a = 0; a < b->n_arms; a++) {
		for (unsigned int l = 0; l < b->options.layouts && !b->workloads[w].failed; l++) {
			if (interrupt_check(err) < 0 ||
				rehearse(run, w, a, l, 1, &ignored, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* Two seconds show what the hypervisor usually takes; ticks are too coarse for less. */
static void note_usual_steal(const struct run *run, const struct cpu_times *before, uint64_t lasted)
{
	struct cpu_times after;

	if (lasted > 2000 * (uint64_t)MS && cpu_times(run->cpu, &after))
		json_object_set_new(run->b->machine, "usual_steal",
			json_real((double)(after.steal - before->steal) / (double)lasted));
}

int run_rehearse(struct run *run, struct err *err)
{
	struct bench *b = run->b;
	uint64_t begin = clock_ns();
	struct cpu_times before;
	bool known = cpu_times(run->cpu, &before);
	struct progress *p = run->setup->progress;
	int line = progress_start(p, "rehearsal", 0);
	int result = run_check_needs(run, err);

	for (size_t w = 0; result == 0 && w < b->n_workloads; w++) {
		progress_count(p, line, w, b->n_workloads);
		if (!b->workloads[w].failed && b->workloads[w].nominal == 0)
			result = calibrate(run, w, err);
		if (result == 0)
			result = rehearse_everywhere(run, w, err);
		if (result == 0)
			result = run_save(run, err);
	}
	if (known)
		note_usual_steal(run, &before, clock_ns() - begin);
	progress_end(p, line, result == 0 ? "done" : "stopped");
	return result;
}

/* The value of a line "KEY : VALUE" of /proc/cpuinfo; to be freed. */
static char *cpuinfo(const char *key)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_STRV struct strv lines = STRV_INIT;
	struct err err = ERR_INIT;

	if (file_read("/proc/cpuinfo", (size_t)8 << 20, &text, &err) < 0 || !text.len)
		return NULL;
	strv_split(&lines, text.data, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		char *colon = strchr(lines.v[i], ':');

		if (colon && !strncmp(lines.v[i], key, strlen(key)))
			return xstrdup(colon + 1 + strspn(colon + 1, " \t"));
	}
	return NULL;
}

static void set(json_t *machine, const char *key, const char *value)
{
	json_object_set_new(machine, key, py_text_json(value));
}

static char *first_line(const char *path)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (file_read(path, 4096, &text, &err) < 0 || !text.len)
		return NULL;
	text.data[strcspn(text.data, "\n")] = '\0';
	return buf_steal(&text);
}

void run_describe_machine(const struct run *run)
{
	json_t *m = run->b->machine;
	CLEANUP_FREE char *model = cpuinfo("model name"), *flags = cpuinfo("flags");
	CLEANUP_FREE char *aslr = first_line("/proc/sys/kernel/randomize_va_space");
	const char *counters = trial_counters();
	struct utsname u;

	set(m, "solder", SOLDER_VERSION);
	set(m, "processor", model);
	json_object_set_new(m, "processors", json_integer(run->processors));
	json_object_set_new(m, "pinned_to", run->cpu < 0 ? json_null() : json_integer(run->cpu));
	json_object_set_new(
		m, "virtual", json_boolean(flags && strstr(flags, " hypervisor") != NULL));
	if (uname(&u) == 0) {
		set(m, "kernel", u.release);
		set(m, "architecture", u.machine);
	}
	set(m, "address_randomization", !aslr || !strcmp(aslr, "0") ? "off" : "on");
	if (counters) {
		CLEANUP_FREE char *text = xasprintf("not supported: %s", counters);

		set(m, "counters", text);
	} else {
		set(m, "counters", "cycles, instructions and branch misses in user mode");
	}
}
