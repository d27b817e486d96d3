/* Writes the format of pyperf 1.0: one suite per file, so one file per arm. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "bench/bench-internal.h"
#include "python/python.h"
#include "report/json.h"

static bool in_every_round(const struct bench *b, size_t w)
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

static json_t *benchmark_json(const struct bench *b, size_t w, size_t arm)
{
	const struct bench_workload *workload = &b->workloads[w];
	json_t *runs = json_array();
	json_t *metadata = json_pack("{s:o, s:I}", "name", json_text(workload->name), "loops",
		(json_int_t)workload->loops);

	if (workload->stresses)
		json_object_set_new(metadata, "description", json_text(workload->stresses));
	for (size_t i = 0; i < b->n_rounds; i++) {
		const struct bench_round *round = &b->rounds[i];
		time_t started = (time_t)round->started;
		char date[32] = "";
		struct tm when;

		if (gmtime_r(&started, &when))
			strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &when);
		for (size_t j = 0; !round->dropped && j < round->n; j++) {
			const struct bench_observation *o = &round->v[j];
			double seconds = (double)bench_time(o, b->options.measure) / 1e9;
			json_t *about;

			if (o->workload != w || o->arm != arm)
				continue;
			about = json_pack("{s:s, s:f, s:I}", "date", date, "duration",
				(double)o->wall / 1e9, "python_hash_seed",
				(json_int_t)round->hash_seed);
			if (o->max_rss > 0)
				json_object_set_new(
					about, "command_max_rss", json_integer(o->max_rss * 1024));
			json_array_append_new(
				runs, json_pack("{s:o, s:[f]}", "metadata", about, "values",
					      seconds / (double)workload->loops));
		}
	}
	return json_pack("{s:o, s:o}", "metadata", metadata, "runs", runs);
}

static json_t *suite_json(const struct bench *b, size_t arm)
{
	const char *random = json_word(b->machine, "address_randomization");
	json_t *benchmarks = json_array();
	json_t *metadata = json_pack("{s:s, s:i, s:s, s:s}", "unit", "second", "inner_loops", 1,
		"timer",
		b->options.measure == BENCH_WALL
			? "clock_gettime(CLOCK_MONOTONIC) around one process"
			: "user and system time of one process",
		"aslr",
		random && !strcmp(random, "on") ? "Full randomization" : "No randomization");

	if (b->arms[arm].version)
		json_object_set_new(metadata, "python_version", json_text(b->arms[arm].version));
	for (size_t w = 0; w < b->n_workloads; w++) {
		if (in_every_round(b, w))
			json_array_append_new(benchmarks, benchmark_json(b, w, arm));
	}
	return json_pack("{s:s, s:o, s:o}", "version", "1.0", "metadata", metadata, "benchmarks",
		benchmarks);
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
				"no workload ran in every arm: there is nothing to write for pyperf");
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
