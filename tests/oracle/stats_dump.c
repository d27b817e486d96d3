/* Prints what src/bench computes, for tests/oracle/stats.py.
 *
 *   stats_dump FILE...   the result of each campaign as JSON, or "error: …", a line each
 *   stats_dump --pyperf FILE DIR
 *                        the campaign in pyperf's format
 *   stats_dump           reads lines of a word and numbers from stdin, and answers each with one:
 *                        median X…, signed_rank X…, adjust P…, t DF TAIL, f F DF DF,
 *                        pool LOG ERROR DF …, random SEED STREAM N
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench-internal.h"

#define NUMBERS_MAX 1024

static int dump_campaign(const char *path)
{
	CLEANUP_BENCH struct bench *b = NULL;
	CLEANUP_BENCH_RESULT struct bench_result result = {0};
	struct err err = ERR_INIT;
	json_t *j;

	if (bench_load(path, &b, &err) < 0 || bench_compute(b, &result, &err) < 0) {
		printf("error: %s\n", err.msg);
		return 0;
	}
	j = bench_result_json(b, &result);
	json_dumpf(j, stdout, JSON_COMPACT | JSON_REAL_PRECISION(17));
	json_decref(j);
	putchar('\n');
	return 0;
}

static int dump_pyperf(const char *path, const char *dir)
{
	CLEANUP_BENCH struct bench *b = NULL;
	struct err err = ERR_INIT;

	if (bench_load(path, &b, &err) < 0 || bench_save_pyperf(b, dir, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	return 0;
}

static void answer_random(uint64_t seed, uint64_t number, size_t n)
{
	struct bench_random r;

	bench_random_seed(&r, seed, number);
	for (size_t i = 0; i < n; i++)
		printf("%llu ", (unsigned long long)bench_random_next(&r));
	for (size_t i = 0; i < n; i++)
		printf("%llu ", (unsigned long long)bench_random_below(&r, 3 * i + 1));
	putchar('\n');
}

/* Triples of a log ratio, its error and the degrees of freedom. */
static void answer_pool(const double *v, size_t n)
{
	struct stats_host hosts[BENCH_HOSTS_MAX];
	struct stats_pooled p;

	for (size_t i = 0; i < n; i++)
		hosts[i] = (struct stats_host){v[3 * i], v[3 * i + 1], v[3 * i + 2]};
	p = stats_pool(hosts, n, 0.05);
	printf("%.17g %.17g %.17g %.17g %.17g %.17g %.17g %d\n", p.log, p.half_width,
		n > 2 ? p.other : 0, p.tau, p.i2, p.q, p.p, stats_all_equal(hosts, n, 0.05, 0.01));
}

static void answer(const char *word, double *v, size_t n)
{
	if (!strcmp(word, "median") && n > 0) {
		printf("%.17g\n", stats_median(v, n));
	} else if (!strcmp(word, "signed_rank")) {
		printf("%.17g\n", stats_signed_rank(v, n));
	} else if (!strcmp(word, "t") && n == 2) {
		printf("%.17g\n", stats_t_quantile(v[0], v[1]));
	} else if (!strcmp(word, "f") && n == 3) {
		printf("%.17g\n", stats_f_test(v[0], v[1], v[2]));
	} else if (!strcmp(word, "pool") && n >= 6 && n % 3 == 0 && n <= 3 * BENCH_HOSTS_MAX) {
		answer_pool(v, n / 3);
	} else if (!strcmp(word, "adjust")) {
		double adjusted[NUMBERS_MAX];

		stats_adjust(v, n, adjusted);
		for (size_t i = 0; i < n; i++)
			printf("%.17g ", adjusted[i]);
		putchar('\n');
	} else if (!strcmp(word, "random") && n == 3) {
		answer_random((uint64_t)v[0], (uint64_t)v[1], (size_t)v[2]);
	} else {
		puts("unknown");
	}
}

int main(int argc, char **argv)
{
	char line[65536];

	if (argc == 4 && !strcmp(argv[1], "--pyperf"))
		return dump_pyperf(argv[2], argv[3]);
	for (int i = 1; i < argc; i++)
		dump_campaign(argv[i]);
	while (argc < 2 && fgets(line, sizeof(line), stdin)) {
		double v[NUMBERS_MAX];
		size_t n = 0;
		char *save = NULL, *word = strtok_r(line, " \n", &save), *next;

		while (word && n < NUMBERS_MAX && (next = strtok_r(NULL, " \n", &save)))
			v[n++] = strtod(next, NULL);
		answer(word ? word : "", v, n);
	}
	return 0;
}
