/* The format of pyperf 1.0: one suite per file, so one file per arm. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "bench/bench.h"

static bool complete(const struct bench *b, size_t w)
{
	if (b->workloads[w].failed)
		return false;
	for (size_t i = 0; i < b->n_rounds; i++) {
		const struct bench_round *round = &b->rounds[i];
		size_t found = 0;

		for (size_t j = 0; j < round->n; j++) {
			const struct bench_observation *o = &round->v[j];

			if (o->workload != w)
				continue;
			if (o->status != BENCH_OK || bench_time(o, b->options.measure) <= 0)
				return false;
			found++;
		}
		if (!round->dropped && found != b->n_arms)
			return false;
	}
	return bench_kept(b) > 0;
}

static json_t *run_json(
	const struct bench *b, const struct bench_round *round, const struct bench_observation *o)
{
	double loops = (double)b->workloads[o->workload].loops;
	double seconds = (double)bench_time(o, b->options.measure) / 1e9;
	json_t *run = json_object(), *metadata = json_object(), *values = json_array();
	char date[32];
	struct tm when;
	time_t started = (time_t)round->started;

	if (gmtime_r(&started, &when) && strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &when))
		json_object_set_new(metadata, "date", json_string(date));
	json_object_set_new(metadata, "duration", json_real((double)o->wall / 1e9));
	json_object_set_new(
		metadata, "python_hash_seed", json_integer((json_int_t)round->hash_seed));
	if (o->max_rss > 0)
		json_object_set_new(metadata, "command_max_rss", json_integer(o->max_rss * 1024));
	json_array_append_new(values, json_real(seconds / loops));
	json_object_set_new(run, "metadata", metadata);
	json_object_set_new(run, "values", values);
	return run;
}

static json_t *benchmark_json(const struct bench *b, size_t w, size_t arm)
{
	json_t *benchmark = json_object(), *metadata = json_object(), *runs = json_array();

	json_object_set_new(metadata, "name", json_string(b->workloads[w].name));
	json_object_set_new(metadata, "loops", json_integer((json_int_t)b->workloads[w].loops));
	if (b->workloads[w].stresses)
		json_object_set_new(metadata, "description", json_string(b->workloads[w].stresses));
	for (size_t i = 0; i < b->n_rounds; i++) {
		const struct bench_round *round = &b->rounds[i];

		for (size_t j = 0; !round->dropped && j < round->n; j++) {
			if (round->v[j].workload == w && round->v[j].arm == arm)
				json_array_append_new(runs, run_json(b, round, &round->v[j]));
		}
	}
	json_object_set_new(benchmark, "metadata", metadata);
	json_object_set_new(benchmark, "runs", runs);
	return benchmark;
}

static json_t *suite_json(const struct bench *b, size_t arm)
{
	json_t *suite = json_object(), *metadata = json_object(), *benchmarks = json_array();
	const char *random =
		json_string_value(json_object_get(b->machine, "address_randomization"));

	json_object_set_new(metadata, "unit", json_string("second"));
	json_object_set_new(metadata, "inner_loops", json_integer(1));
	json_object_set_new(metadata, "timer",
		json_string(b->options.measure == BENCH_WALL
				    ? "clock_gettime(CLOCK_MONOTONIC) around one process"
				    : "user and system time of one process"));
	json_object_set_new(metadata, "aslr",
		json_string(random && !strcmp(random, "on") ? "Full randomization"
							    : "No randomization"));
	if (b->arms[arm].version)
		json_object_set_new(metadata, "python_version", json_string(b->arms[arm].version));
	json_object_set_new(suite, "version", json_string("1.0"));
	json_object_set_new(suite, "metadata", metadata);
	for (size_t w = 0; w < b->n_workloads; w++) {
		if (complete(b, w))
			json_array_append_new(benchmarks, benchmark_json(b, w, arm));
	}
	json_object_set_new(suite, "benchmarks", benchmarks);
	return suite;
}

int bench_save_pyperf(const struct bench *b, const char *dir, struct err *err)
{
	if (make_dirs(dir, err) < 0)
		return -1;
	for (size_t a = 0; a < b->n_arms; a++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s.json", dir, b->arms[a].name);
		CLEANUP_FREE char *content = NULL;
		json_t *suite;

		if (b->arms[a].role != BENCH_ROLE_ARM)
			continue;
		suite = suite_json(b, a);
		if (json_array_size(json_object_get(suite, "benchmarks")) == 0) {
			json_decref(suite);
			return err_set(err, ERR_INPUT,
				"no workload ran in every arm: there is nothing to write for "
				"pyperf");
		}
		content = json_dumps(suite, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
		json_decref(suite);
		if (!content)
			bug("a suite cannot be written as JSON");
		if (file_write(path, content, strlen(content), 0644, err) < 0)
			return -1;
	}
	return 0;
}
