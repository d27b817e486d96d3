/* A campaign under way. */
#ifndef SOLDER_BENCH_RUN_INTERNAL_H
#define SOLDER_BENCH_RUN_INTERNAL_H

#include "bench/bench.h"
#include "bench/stage-internal.h"

struct run {
	struct bench *b;
	const struct bench_setup *setup;
	struct stage stage;
	int cpu, processors;
	uint64_t begin, earlier; /* ns: when this process began, and what rounds before it lasted */
};

struct play {
	size_t workload, arm;
	unsigned int layout;
	uint64_t loops;
	uint64_t hash_seed, padding;
	bool timed; /* else bytecode may be written */
};

/* The command and the environment of a process. */
void run_make_argv(const struct run *run, const struct play *play, struct strv *argv);
void run_make_env(const struct run *run, const struct play *play, struct strv *env);

/* Runs one observation's process or processes. */
int run_play(const struct run *run, const struct play *play, struct bench_observation *o,
	struct err *err);
/* Records that a workload is left out from now on, if `o` ended badly. */
void run_note_failure(struct run *run, const struct bench_observation *o);

/* Keeps the campaign as it is now, if it has a file. */
int run_save(const struct run *run, struct err *err);

/* Leaves out workloads for which an arm lacks a module: no failure, and said as it is. */
int run_check_needs(struct run *run, struct err *err);
/* Runs each workload once in each copy of each arm, which makes bytecode and shows what does not
 * work; on the reference first, to choose the loops of workloads that have no nominal time. */
int run_rehearse(struct run *run, struct err *err);

/* Adds the workloads of an index (JSON) that came `from` somewhere, as bench_add_suite() says. */
int suite_add_index(struct bench *b, const char *text, size_t size, const char *from,
	const char *filter, struct err *err);
/* Is this the kind of a workload whose loops can be chosen? */
bool workload_loops(const struct bench_workload *w);

/* What the campaign runs on, into b->machine. */
void run_describe_machine(const struct run *run);

#endif
