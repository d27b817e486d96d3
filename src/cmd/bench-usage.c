/* What solder bench refuses before it begins. */
#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "cmd/bench-internal.h"
#include "cmd/cmd.h"

struct given {
	const char *name;
	bool is;
};

static const char *first_given(const struct given *options, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (options[i].is)
			return options[i].name;
	}
	return NULL;
}

/* What a campaign keeps from its beginning. */
static const char *fixed_at_begin(const struct bench_values *v)
{
	const struct given options[] = {{"rounds", v->rounds}, {"seed", v->seed},
		{"measure", v->measure}, {"filter", v->filter}, {"script", v->script},
		{"script-arg", v->script_args.n}, {"limit", v->limit}, {"layouts", v->layouts},
		{"self-test", v->self_test}};

	return first_given(options, ARRAY_SIZE(options));
}

/* What only matters when something is run; --measure and --precision judge anew. */
static const char *for_running(const struct bench_values *v)
{
	const struct given options[] = {{"rounds", v->rounds}, {"max-time", v->max_time},
		{"seed", v->seed}, {"filter", v->filter}, {"suite", v->suite},
		{"script", v->script}, {"script-arg", v->script_args.n},
		{"workloads", v->workloads}, {"duration", v->duration}, {"limit", v->limit},
		{"load", v->load}, {"layouts", v->layouts}, {"scratch", v->scratch},
		{"self-test", v->self_test}, {"count", v->count}, {"count-only", v->count_only},
		{"output", v->output}};

	return first_given(options, ARRAY_SIZE(options));
}

/* "own", "pyperformance" or "pyperformance:DIR". */
static int check_suite(const struct bench_values *v, struct err *err)
{
	size_t n = strlen(PYPERFORMANCE);

	if (!v->suite || !strcmp(v->suite, "own"))
		return 0;
	if (v->script)
		return err_set(err, ERR_USAGE, "--suite and --script exclude each other");
	if (strncmp(v->suite, PYPERFORMANCE, n) != 0 ||
		(v->suite[n] && (v->suite[n] != ':' || !v->suite[n + 1])))
		return err_set(err, ERR_USAGE,
			"--suite: '%s' is neither own, pyperformance nor pyperformance:DIR",
			v->suite);
	return 0;
}

static int check_from(const struct bench_values *v, const struct strv *args, struct err *err)
{
	const char *option = for_running(v);

	if (args->n || v->resume)
		return err_set(err, ERR_USAGE, "--from runs nothing: it takes no Pythons");
	if (option)
		return err_set(err, ERR_USAGE, "--from runs nothing: --%s has no meaning", option);
	if (v->from.n > 2)
		return err_set(
			err, ERR_USAGE, "--from: two campaigns are compared, not %zu", v->from.n);
	if (v->pyperf && v->from.n == 2)
		return err_set(err, ERR_USAGE, "--pyperf takes one campaign, not two");
	return 0;
}

static int check_resume(const struct bench_values *v, const struct strv *args, struct err *err)
{
	const char *option = fixed_at_begin(v);

	if (args->n)
		return err_set(err, ERR_USAGE, "--resume takes the Pythons from its file");
	if (!v->output)
		return err_set(err, ERR_USAGE, "--resume needs -o FILE, the campaign to continue");
	if (option)
		return err_set(err, ERR_USAGE,
			"--resume goes on with the --%s that the campaign began with", option);
	return 0;
}

static int check_begin(const struct bench_values *v, struct err *err)
{
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
	return check_suite(v, err);
}

int bench_check_usage(const struct bench_values *v, const struct strv *args, struct err *err)
{
	const char *const outputs[] = {v->output, v->html, v->pyperf};

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
