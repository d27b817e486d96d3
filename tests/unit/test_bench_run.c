/* Trials and whole small campaigns, with the python3 of this machine. */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <unistd.h>

#include "base/file.h"
#include "bench/bench.h"
#include "bench/bench-internal.h"
#include "proc/proc.h"
#include "scratch.h"

/* Runs a shell command as a trial. */
static struct bench_observation try_shell(
	const char *root, const char *command, unsigned int limit, uint64_t spin)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	CLEANUP_FREE char *path = xasprintf("%s/output", root);
	CLEANUP_CLOSE int output = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int count;
	const struct trial trial = {.argv = &argv,
		.env = &env,
		.cwd = root,
		.output = output,
		.cpu = trial_cpu(&count),
		.limit = limit,
		.spin = spin};
	struct bench_observation o = {0};
	struct err err = ERR_INIT;

	strv_add(&argv, "/bin/sh");
	strv_add(&argv, "-c");
	strv_add(&argv, command);
	strv_add(&env, "A=1");
	if (trial_run(&trial, &o, &err) < 0)
		fail_msg("%s", err.msg);
	return o;
}

static void test_trial(void **state)
{
	struct bench_observation o;

	o = try_shell(*state, "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done", 60, 0);
	assert_int_equal(o.status, BENCH_OK);
	assert_true(o.wall > 0 && o.user + o.system > 0);
	assert_true(o.user + o.system <= o.wall + 20000000);
	assert_true(o.minor_faults > 0);
	o = try_shell(*state, "exit 3", 60, 0);
	assert_int_equal(o.status, BENCH_EXIT);
	assert_int_equal(o.code, 3);
	o = try_shell(*state, "kill -SEGV $$", 60, 0);
	assert_int_equal(o.status, BENCH_SIGNAL);
	assert_int_equal(o.code, SIGSEGV);
	o = try_shell(*state, "sleep 100 & sleep 100", 1, 0);
	assert_int_equal(o.status, BENCH_TIMEOUT);
}

/* The environment is what was given, the output of errors is kept, the folder is ours. */
static void test_trial_surroundings(void **state)
{
	CLEANUP_FREE char *text = NULL;

	try_shell(*state, "echo hidden; echo $A >&2; pwd >&2; taskset -pc $$ 2>/dev/null; cat", 60,
		0);
	text = scratch_read(*state, "output");
	assert_non_null(strstr(text, "1\n"));
	assert_non_null(strstr(text, path_base(*state)));
	assert_null(strstr(text, "hidden"));
}

/* What the slowed arm burns is CPU time of the same process. */
static void test_trial_spin(void **state)
{
	struct bench_observation o = try_shell(*state, "exit 0", 60, 50000000);

	assert_int_equal(o.status, BENCH_OK);
	assert_in_range(o.user + o.system, 50000000, 1000000000);
}

static void test_trial_missing(void **state)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	const struct trial trial = {
		.argv = &argv, .env = &env, .cwd = *state, .output = 2, .cpu = -1, .limit = 5};
	struct bench_observation o = {0};
	struct err err = ERR_INIT;

	strv_add(&argv, "/nowhere/python");
	strv_add(&env, "A=1");
	assert_int_equal(trial_run(&trial, &o, &err), -1);
	assert_string_equal(err.msg, "cannot run '/nowhere/python': No such file or directory");
}

static struct bench *small(unsigned int rounds, double slowdown)
{
	struct bench_options options;
	struct err err = ERR_INIT;
	struct bench *b;

	bench_defaults(&options);
	options.seed = 5;
	options.rounds = rounds;
	options.resamples = 100;
	/* No luck with two rounds ends the campaign early. */
	options.precision = 1e-9;
	options.limit = 20;
	/* Other tests run at the same time. */
	options.foreign_limit = options.steal_limit = 1;
	b = bench_new(&options);
	if (bench_add_python(b, "one", "python3", &err) < 0 ||
		bench_add_python(b, "two", "python3", &err) < 0)
		fail_msg("%s", err.msg);
	bench_add_hidden(b, slowdown);
	return b;
}

static void add_suite(struct bench *b, const char *root)
{
	struct err err = ERR_INIT;

	scratch_file(root, "work/index.json",
		"[{\"name\": \"sum\", \"file\": \"sum.py\", \"stresses\": \"adding\", \"loops\": "
		"4, "
		"\"kind\": \"loop\", \"args\": []},\n"
		"{\"name\": \"start\", \"file\": null, \"stresses\": \"starting\", \"loops\": 1, "
		"\"kind\": \"startup\", \"args\": [\"-S\", \"-E\", \"-c\", \"pass\"]},\n"
		"{\"name\": \"ill\", \"file\": \"ill.py\", \"stresses\": \"failing\", \"loops\": "
		"4, "
		"\"kind\": \"loop\", \"args\": []},\n"
		"{\"name\": \"needy\", \"file\": \"sum.py\", \"stresses\": \"asking\", \"loops\": "
		"4, "
		"\"kind\": \"loop\", \"args\": [], \"needs\": [\"json\", \"no_such_module\"]},\n"
		"{\"name\": \"crash\", \"file\": \"crash.py\", \"stresses\": \"crashing\", "
		"\"loops\": 4, \"kind\": \"loop\", \"args\": []}]",
		0644);
	/* In the second arm only, and not before it is timed. */
	scratch_file(root, "work/crash.py",
		"import os, signal, sys, time\n"
		"time.process_time() and sum(range(1000 * int(sys.argv[1])))\n"
		"if sys.dont_write_bytecode and '/a01' in sys.executable:\n"
		"    os.kill(os.getpid(), signal.SIGSEGV)\n",
		0644);
	scratch_file(root, "work/sum.py",
		"import sys, os\n"
		"for _ in range(int(sys.argv[1])):\n    sum(range(1000))\n"
		"assert os.path.realpath(sys.executable) == sys.executable, sys.executable\n"
		"assert os.getcwd().endswith('/work') and sys.argv[0][0] == '/'\n"
		"assert sys.executable.startswith(sys.prefix), (sys.prefix, sys.executable)\n"
		"assert len(os.environ['SOLDER_BENCH_PADDING']) < 4096\n",
		0644);
	scratch_file(root, "work/ill.py", "raise RuntimeError('not today')\n", 0644);
	{
		CLEANUP_FREE char *dir = xasprintf("%s/work", root);

		if (bench_add_suite(b, dir, &err) < 0)
			fail_msg("%s", err.msg);
	}
}

static int run_in(struct bench *b, const char *root, struct err *err)
{
	CLEANUP_FREE char *dir = xasprintf("%s/work", root);
	CLEANUP_FREE char *file = xasprintf("%s/campaign.json", root);
	const struct bench_setup setup = {.workloads = dir,
		.pyperformance = dir,
		.scratch = root,
		.file = file,
		.duration = 60};

	return bench_run(b, &setup, err);
}

static void test_campaign(void **state)
{
	CLEANUP_BENCH struct bench *b = small(2, 0.02), *read = NULL;
	CLEANUP_FREE char *file = xasprintf("%s/campaign.json", (const char *)*state);
	CLEANUP_BENCH_RESULT struct bench_result result;
	struct err err = ERR_INIT;

	add_suite(b, *state);
	if (run_in(b, *state, &err) < 0 || bench_load(file, &read, &err) < 0 ||
		bench_compute(read, &result, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(read->stopped, "rounds");
	assert_int_equal(read->n_rounds, 2);
	assert_int_equal(read->n_arms, 4);
	/* Four arms of two workloads, and of the third what ran until it crashed. */
	assert_in_range(read->rounds[0].n, 9, 12);
	assert_int_equal(read->rounds[1].n, 8);
	assert_int_equal(result.counting, 2);
	assert_null(result.why[0]);
	assert_null(result.why[1]);
	assert_string_equal(result.why[2], "one: exit code 1: RuntimeError: not today");
	assert_string_equal(result.why[3], "not run: 'one' has no module 'no_such_module'");
	assert_string_equal(result.why[4], "two: killed by signal 11");
	/* How many loops fit depends on what else the machine does. */
	assert_true(read->workloads[0].nominal > 0 && read->workloads[1].nominal > 0);
	assert_int_not_equal(read->rounds[0].hash_seed, read->rounds[1].hash_seed);
	assert_non_null(json_object_get(read->machine, "counters"));
	/* Nothing is left in the scratch folder but what the test put there and the file. */
	assert_int_equal(scratch_entries(*state), 2);
}

/* A campaign whose rounds were cut short goes on as if it had not been. */
static void test_resume(void **state)
{
	CLEANUP_BENCH struct bench *b = small(3, 0), *again = NULL;
	CLEANUP_FREE char *file = xasprintf("%s/campaign.json", (const char *)*state);
	struct err err = ERR_INIT;
	uint64_t loops;

	add_suite(b, *state);
	assert_int_equal(run_in(b, *state, &err), 0);
	loops = b->workloads[0].loops;
	free(b->rounds[--b->n_rounds].v);
	free(b->stopped);
	b->stopped = NULL;
	assert_int_equal(bench_save(b, file, &err), 0);
	assert_int_equal(bench_load(file, &again, &err), 0);
	if (run_in(again, *state, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(again->n_rounds, 3);
	assert_int_equal(again->workloads[0].loops, loops);
	assert_int_equal(again->rounds[1].v[2].user, b->rounds[1].v[2].user);
	free(again->stopped);
	again->stopped = NULL;
	free(again->arms[1].lib_sha256);
	again->arms[1].lib_sha256 = xstrdup("0");
	if (again->arms[0].lib_sha256) {
		assert_int_equal(run_in(again, *state, &err), -1);
		assert_non_null(strstr(err.msg, "is not the file that the campaign began with"));
	}
	again->arms[1].sha256[0] = again->arms[1].sha256[0] == '0' ? '1' : '0';
	assert_int_equal(run_in(again, *state, &err), -1);
	assert_non_null(strstr(err.msg, "is not the file that the campaign began with"));
}

/* A pyperformance of two benchmarks that can be run and others that need something, on a pyperf
 * that checks how it is called. */
static void add_pyperformance(const char *root)
{
	static const char script[] = "import pyperf, sys\nrunner = pyperf.Runner()\n"
				     "more = '--more' in sys.argv\n"
				     "for name in ['more'] if more else ['first', 'second']:\n"
				     "    runner.bench_func(name, lambda: sum(range(100000)))\n"
				     "    more and pyperf.ran and sys.exit('this one fails')\n";
	static const char needy[] =
		"import django, pyperf\npyperf.Runner().bench_func('wants', django.work)\n";
	static const char *const files[][2] = {
		{"MANIFEST", "[benchmarks]\n\nname\tmetafile\none\t<local>\none_more\t<local:one>\n"
			     "needy\t<local>\nlisted\t<local>\ngone\t<local>\n\n"
			     "[group default]\none\n"},
		{"bm_one/pyproject.toml",
			"[project]\nname = \"one\"\ndependencies = [\"pyperf\"]\n"},
		{"bm_one/bm_one_more.toml",
			"[project]\ndependencies = [\n  \"pyperf>=2\",\n]\n"
			"[tool.pyperformance]\nextra_opts = [\"--more\", \"fail\"]\n"},
		{"bm_one/run_benchmark.py", script},
		{"bm_needy/pyproject.toml", "[project]\ndependencies = [\"pyperf\", \"django\"]\n"},
		{"bm_needy/run_benchmark.py", needy},
		{"bm_listed/pyproject.toml", "[project]\ndependencies = [\"pyperf\"]\n"},
		{"bm_listed/requirements.txt", "# what it needs\ntornado==6.1\n"},
		{"bm_listed/run_benchmark.py", script},
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP_FREE char *path =
			xasprintf("work/pyperformance/data-files/benchmarks/%s", files[i][0]);

		scratch_file(root, path, files[i][1], 0644);
	}
	scratch_file(root, "work/pyperf-9.8.dist-info/METADATA", "", 0644);
	scratch_file(root, "work/pyperf/__init__.py",
		"import sys\n"
		"ran = 0\n"
		"class Runner:\n"
		"    task = 0\n"
		"    def bench_func(self, name, func):\n"
		"        global ran\n"
		"        words = sys.argv[1:]\n"
		"        assert words[:3] == ['--worker', '--values=1', '--warmups=0'], words\n"
		"        key, loops = words[3].split('=')\n"
		"        assert key == '--loops', words\n"
		"        wanted = [int(w[14:]) for w in words if w.startswith('--worker-task=')]\n"
		"        if [self.task] == (wanted or [0]):\n"
		"            for _ in range(int(loops)):\n                func()\n"
		"            ran += 1\n"
		"        self.task += 1\n",
		0644);
}

/* As pip would have installed it, for the kind of Python that an arm is. */
static void add_package(const char *root, const char *folder)
{
	const char *kind = path_base(folder);
	static const char *const files[][2] = {
		{"django.py", "def work():\n    return sum(range(100000))\n"},
		{"Django-3.2.dist-info/METADATA",
			"Metadata-Version: 2.1\nName: Django\nVersion: 3.2\n"}};

	scratch_file(
		root, "work/pip/__main__.py", "raise SystemExit('there is no network')\n", 0644);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP_FREE char *path =
			xasprintf("work/packages/%s/bm_needy/%s", kind, files[i][0]);

		scratch_file(root, path, files[i][1], 0644);
	}
}

static void test_pyperformance(void **state)
{
	CLEANUP_BENCH struct bench *b = small(2, 0);
	CLEANUP_FREE char *dir = xasprintf("%s/work", (const char *)*state);
	CLEANUP_FREE char *metadata = xasprintf("%s/pyperf-9.8.dist-info", dir);
	CLEANUP_FREE char *other = xasprintf("%s/pyperf-9.9.dist-info", dir);
	const char *index = "workloads/pyperformance_index.py";
	struct err err = ERR_INIT;

	add_pyperformance(*state);
	assert_int_equal(bench_add_pyperformance(b, index, *state, false, NULL, &err), -1);
	assert_non_null(strstr(err.msg, "has no 'pyperformance/data-files/benchmarks/MANIFEST'"));
	if (bench_add_pyperformance(b, index, dir, false, NULL, &err) < 0 ||
		run_in(b, *state, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(b->suite, "pyperformance unknown, pyperf 9.8");
	assert_int_equal(b->n_workloads, 3);
	/* Each result of a file is a workload. */
	assert_string_equal(b->workloads[0].name, "first");
	assert_null(b->workloads[0].failed);
	assert_true(b->workloads[0].nominal > 0);
	assert_string_equal(b->workloads[1].name, "second");
	assert_string_equal(b->workloads[1].args.v[0], "--worker-task=1");
	assert_null(b->workloads[1].failed);
	assert_int_equal(b->rounds[1].n, 6);
	assert_string_equal(b->workloads[2].name, "more");
	assert_string_equal(b->workloads[2].failed, "one: exit code 1: this one fails");
	/* Continued, it must be the same. */
	assert_int_equal(bench_add_pyperformance(b, index, dir, false, NULL, &err), 0);
	assert_int_equal(b->n_workloads, 3);
	assert_int_equal(rename(metadata, other), 0);
	assert_int_equal(bench_add_pyperformance(b, index, dir, false, NULL, &err), -1);
	assert_non_null(strstr(err.msg, "but the campaign began with pyperformance unknown, "
					"pyperf 9.8"));
}

/* Benchmarks that need packages: one has them, one cannot be installed. */
static void test_packages(void **state)
{
	CLEANUP_BENCH struct bench *b = small(2, 0);
	CLEANUP_FREE char *dir = xasprintf("%s/work", (const char *)*state);
	const char *index = "workloads/pyperformance_index.py";
	struct err err = ERR_INIT;

	add_pyperformance(*state);
	assert_int_equal(bench_add_pyperformance(b, index, dir, true, NULL, &err), -1);
	assert_non_null(strstr(err.msg, "has no 'pip/__main__.py'"));
	err = (struct err)ERR_INIT;
	/* Our own workloads come first: names say whose the others are. */
	bench_add_workload(b, "first", "script");
	b->workloads[0].failed = xstrdup("not run: there is no file");
	add_package(*state, "nothing yet");
	if (bench_add_pyperformance(b, index, dir, false, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(b->suite, "own; pyperformance unknown, pyperf 9.8");
	assert_string_equal(b->workloads[1].name, "pyperformance:first");
	add_package(*state, b->arms[0].packages);
	free(b->suite);
	b->suite = xstrdup("own");
	while (b->n_workloads)
		bench_workload_release(&b->workloads[--b->n_workloads]);
	if (bench_add_pyperformance(b, index, dir, true, NULL, &err) < 0 ||
		bench_select(b, "wants,listed", 0, &err) < 0 || run_in(b, *state, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(b->n_workloads, 2);
	assert_string_equal(b->workloads[0].name, "wants");
	assert_string_equal(b->workloads[0].packages, "django==3.2");
	assert_null(b->workloads[0].failed);
	assert_int_equal(b->rounds[1].n, 3);
	assert_string_equal(b->workloads[1].failed,
		"not run: its packages cannot be installed: there is no network");
	/* Continued with other packages, it is refused. */
	free(b->workloads[0].packages);
	b->workloads[0].packages = xstrdup("django==3.1");
	assert_int_equal(bench_add_pyperformance(b, index, dir, false, NULL, &err), -1);
	assert_non_null(strstr(err.msg, "began with the packages django==3.1, now: django==3.2"));
}

static void test_all_fail(void **state)
{
	CLEANUP_BENCH struct bench *b = small(2, 0);
	CLEANUP_FREE char *script = xasprintf("%s/work/ill.py", (const char *)*state);
	CLEANUP_STRV struct strv args = STRV_INIT;
	struct bench_result result;
	struct err err = ERR_INIT;

	scratch_file(*state, "work/ill.py", "import sys; sys.exit(len(sys.argv))\n", 0644);
	strv_add(&args, "x");
	assert_int_equal(bench_add_script(b, script, &args, &err), 0);
	assert_int_equal(run_in(b, *state, &err), 0);
	assert_string_equal(b->stopped, "every workload failed");
	assert_string_equal(b->workloads[0].failed, "one: exit code 2");
	assert_int_equal(bench_compute(b, &result, &err), -1);
}

static int count_in(struct bench *b, const char *root, struct err *err)
{
	CLEANUP_FREE char *dir = xasprintf("%s/work", root);
	CLEANUP_FREE char *file = xasprintf("%s/campaign.json", root);
	const struct bench_setup setup = {.workloads = dir, .scratch = root, .file = file};

	return bench_count(b, &setup, err);
}

/* The same binary, three times over, in three arms: the same number. */
static void test_count(void **state)
{
	CLEANUP_BENCH struct bench *b = small(2, 0.02), *read = NULL;
	CLEANUP_FREE char *file = xasprintf("%s/campaign.json", (const char *)*state);
	CLEANUP_FREE char *counter = NULL;
	struct err err = ERR_INIT;
	size_t n;

	if (bench_counter(&counter, &err) < 0) {
		assert_int_equal(err.code, ERR_UNSUPPORTED);
		print_message("# skip: %s\n", err.msg);
		skip();
	}
	assert_non_null(strstr(counter, "valgrind-"));
	add_suite(b, *state);
	if (count_in(b, *state, &err) < 0 || bench_load(file, &read, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(read->counter, counter);
	assert_int_equal(read->n_rounds, 0);
	/* A loop adds a thousand numbers; the start-up alone is millions. */
	assert_true(bench_instructions(read, 0, 0) > 5000);
	assert_true(bench_instructions(read, 0, 0) < 200000);
	assert_int_equal(bench_instructions(read, 0, 1), bench_instructions(read, 0, 0));
	assert_int_equal(bench_instructions(read, 0, 2), bench_instructions(read, 0, 0));
	assert_true(bench_instructions(read, 1, 0) > 1000000);
	assert_int_equal(read->counts[3].once, 0);
	assert_true(isnan(bench_instructions(read, 2, 0)));
	assert_string_equal(read->workloads[2].uncounted, "one: fails: RuntimeError: not today");
	assert_true(fabs(bench_instructions_ratio(read, 2, &n) - 1) < 0.01);
	assert_int_equal(n, 3);
	assert_int_equal(scratch_entries(*state), 2);
}

static void test_names(void **state)
{
	struct bench_options options;
	CLEANUP_BENCH struct bench *b = NULL;
	struct err err = ERR_INIT;

	(void)state;
	bench_defaults(&options);
	b = bench_new(&options);
	assert_int_equal(bench_add_python(b, "a", "python3", &err), 0);
	assert_int_equal(bench_add_python(b, "a", "python3", &err), -1);
	assert_string_equal(err.msg, "two arms are called 'a'");
	assert_int_equal(bench_add_python(b, "b/c", "python3", &err), -1);
	assert_int_equal(bench_add_python(b, "copy", "python3", &err), 0);
	bench_add_hidden(b, 0.02);
	assert_string_equal(b->arms[2].name, "copy-2");
	assert_int_equal(b->arms[2].role, BENCH_ROLE_COPY);
	assert_int_equal(b->arms[3].role, BENCH_ROLE_SLOWED);
	assert_string_equal(b->arms[3].interpreter, b->arms[0].interpreter);
}

/* The same name with another file: both are the arm, and take turns. */
static void test_links(void **state)
{
	static const char make[] =
		"mkdir -p other/bin && ln -s \"$(python3 -c 'import sys; "
		"print(sys.base_prefix)')/lib\" "
		"other/lib && cp \"$(python3 -c 'import os, sys; "
		"print(os.path.realpath(sys.executable))')\" other/bin/python3 && "
		"echo >>other/bin/python3";
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_BUF struct buf output = BUF_INIT;
	const struct proc_spec spec = {.argv = &argv, .cwd = *state, .out = -1, .err = -1};
	CLEANUP_FREE char *other = xasprintf("%s/other/bin/python3", (const char *)*state);
	CLEANUP_FREE char *file = xasprintf("%s/campaign.json", (const char *)*state);
	CLEANUP_BENCH struct bench *b = NULL, *read = NULL;
	struct bench_options options;
	struct err err = ERR_INIT;

	strv_add(&argv, "/bin/sh");
	strv_add(&argv, "-ec");
	strv_add(&argv, make);
	if (proc_run(&spec, true, 4096, 60000, &output, &err) < 0)
		fail_msg("%s: %s", err.msg, output.data ? output.data : "");
	bench_defaults(&options);
	options.rounds = 2;
	options.foreign_limit = options.steal_limit = 1;
	b = bench_new(&options);
	if (bench_add_python(b, "a", "python3", &err) < 0 ||
		bench_add_python(b, "a", other, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(bench_add_python(b, "a", other, &err), -1);
	assert_string_equal(err.msg, "two arms are called 'a'");
	bench_add_hidden(b, 0);
	assert_int_equal(b->n_arms, 2);
	assert_int_equal(b->arms[1].n_links, 1);
	assert_int_equal(b->options.layouts, 2);
	add_suite(b, *state);
	if (run_in(b, *state, &err) < 0 || bench_load(file, &read, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(read->arms[0].n_links, 1);
	assert_string_equal(read->arms[0].links[0].given, other);
	assert_string_not_equal(read->arms[0].links[0].sha256, read->arms[0].sha256);
	assert_int_not_equal(read->rounds[0].layout, read->rounds[1].layout);
}

static void test_bad_index(void **state)
{
	static const char *const bad[] = {"", "{}", "[{}]", "[1]",
		"[{\"name\": \"x\", \"kind\": \"loop\", \"loops\": 1}]",
		"[{\"name\": \"x\", \"kind\": \"other\", \"loops\": 1, \"file\": \"x.py\"}]",
		"[{\"name\": \"x\", \"kind\": \"loop\", \"loops\": 0, \"file\": \"x.py\"}]",
		"[{\"name\": \"x\", \"kind\": \"loop\", \"loops\": 1, \"file\": \"../x.py\"}]",
		"[{\"name\": \"x\", \"kind\": \"startup\", \"loops\": 1, \"args\": [1]}]"};
	struct bench_options options;

	bench_defaults(&options);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP_BENCH struct bench *b = bench_new(&options);
		struct err err = ERR_INIT;

		scratch_file(*state, "index.json", bad[i], 0644);
		if (bench_add_suite(b, *state, &err) == 0 || err.code != ERR_INPUT)
			fail_msg("%s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_trial),
		SCRATCH_TEST(test_trial_surroundings),
		SCRATCH_TEST(test_trial_spin),
		SCRATCH_TEST(test_trial_missing),
		SCRATCH_TEST(test_campaign),
		SCRATCH_TEST(test_resume),
		SCRATCH_TEST(test_pyperformance),
		SCRATCH_TEST(test_packages),
		SCRATCH_TEST(test_all_fail),
		SCRATCH_TEST(test_count),
		SCRATCH_TEST(test_names),
		SCRATCH_TEST(test_links),
		SCRATCH_TEST(test_bad_index),
	};

	return cmocka_run_group_tests_name("bench_run", tests, NULL, NULL);
}
