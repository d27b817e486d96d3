/* Campaigns in memory, and facts about them that need no statistics. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench-internal.h"

/* Words used in files and tables. */
const char *const bench_role_names[] = {"arm", "copy", "slowed", NULL};
const char *const bench_status_names[] = {"ok", "exit", "signal", "timeout", NULL};

bool bench_same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : !a && !b;
}

static const struct {
	const char *word;
	enum doc_tone tone;
} verdicts[] = {
	[BENCH_NO_VERDICT] = {"no verdict", DOC_DOUBT},
	[BENCH_FASTER] = {"faster", DOC_GOOD},
	[BENCH_SLOWER] = {"slower", DOC_BAD},
	[BENCH_EQUAL] = {"equal", DOC_PLAIN},
	[BENCH_UNDECIDED] = {"undecided", DOC_DOUBT},
};

const char *bench_verdict_name(enum bench_verdict verdict)
{
	return verdicts[verdict].word;
}

enum doc_tone bench_verdict_tone(enum bench_verdict verdict)
{
	return verdicts[verdict].tone;
}

const char *bench_gate_name(enum bench_gate gate)
{
	static const char *const names[] = {"none", "passed", "failed", "too noisy"};

	return names[gate];
}

void bench_defaults(struct bench_options *options)
{
	*options = (struct bench_options){
		.rounds = 40,
		.layouts = 1,
		.alpha = 0.05,
		.margin = 0.01,
		.precision = 0.005,
		.gate = 0.005,
		.limit = 120,
		.steal_limit = 0.05,
		.foreign_limit = 0.10,
		.resamples = 10000,
	};
}

struct bench *bench_new(const struct bench_options *options)
{
	/* options->rounds is always the last look. */
	static const unsigned int looks[] = {10, 20, 40};
	struct bench *b = xcalloc(1, sizeof(*b));

	b->options = *options;
	for (size_t i = 0; i < ARRAY_SIZE(looks) && looks[i] < options->rounds; i++)
		b->looks[b->n_looks++] = looks[i];
	b->looks[b->n_looks++] = options->rounds;
	b->machine = json_object();
	b->suite = xstrdup("own");
	return b;
}

void bench_look_once(struct bench *b)
{
	b->looks[0] = b->options.rounds;
	b->n_looks = 1;
}

void bench_link_release(struct bench_link *link)
{
	free(link->given);
	free(link->interpreter);
	free(link->sha256);
	free(link->lib_sha256);
}

void bench_workload_release(struct bench_workload *w)
{
	free(w->name);
	free(w->stresses);
	free(w->kind);
	free(w->file);
	free(w->packages);
	free(w->failed);
	free(w->uncounted);
	strv_release(&w->args);
	strv_release(&w->needs);
}

void bench_free(struct bench *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n_arms; i++) {
		struct bench_arm *arm = &b->arms[i];

		free(arm->name);
		free(arm->given);
		free(arm->interpreter);
		free(arm->version);
		free(arm->link);
		free(arm->sha256);
		free(arm->lib_sha256);
		free(arm->note);
		free(arm->packages);
		for (size_t k = 0; k < arm->n_links; k++)
			bench_link_release(&arm->links[k]);
		free(arm->links);
	}
	for (size_t i = 0; i < b->n_workloads; i++)
		bench_workload_release(&b->workloads[i]);
	for (size_t i = 0; i < b->n_rounds; i++) {
		free(b->rounds[i].dropped);
		free(b->rounds[i].v);
	}
	free(b->arms);
	free(b->workloads);
	free(b->rounds);
	free(b->suite);
	free(b->stopped);
	free(b->counter);
	free(b->counts);
	json_decref(b->machine);
	free(b);
}

void cleanup_bench(struct bench **b)
{
	bench_free(*b);
}

struct bench_arm *bench_add_arm(struct bench *b, const char *name, enum bench_role role)
{
	struct bench_arm *arm;

	b->arms = xreallocarray(b->arms, b->n_arms + 1, sizeof(*b->arms));
	arm = &b->arms[b->n_arms++];
	*arm = (struct bench_arm){.name = xstrdup(name), .role = role};
	return arm;
}

struct bench_link *bench_add_link(struct bench_arm *arm)
{
	arm->links = xreallocarray(arm->links, arm->n_links + 1, sizeof(*arm->links));
	arm->links[arm->n_links] = (struct bench_link){.given = NULL};
	return &arm->links[arm->n_links++];
}

struct bench_workload *bench_add_workload(struct bench *b, const char *name, const char *kind)
{
	struct bench_workload *w;

	b->workloads = xreallocarray(b->workloads, b->n_workloads + 1, sizeof(*b->workloads));
	w = &b->workloads[b->n_workloads++];
	*w = (struct bench_workload){.name = xstrdup(name), .kind = xstrdup(kind), .loops = 1};
	return w;
}

struct bench_round *bench_add_round(struct bench *b, size_t room)
{
	struct bench_round *round;

	if (b->n_rounds == b->cap_rounds) {
		b->cap_rounds = b->cap_rounds ? 2 * b->cap_rounds : 16;
		b->rounds = xreallocarray(b->rounds, b->cap_rounds, sizeof(*b->rounds));
	}
	round = &b->rounds[b->n_rounds++];
	*round = (struct bench_round){
		.v = xcalloc(room + 1, sizeof(*round->v)),
		.foreign = BENCH_NONE,
	};
	return round;
}

bool bench_arm_name_ok(const char *name)
{
	size_t n = strspn(name, LETTERS_AND_DIGITS "._+-");

	return n > 0 && n <= 40 && !name[n] && name[0] != '.';
}

struct bench_arm *bench_find_arm(const struct bench *b, const char *name)
{
	for (size_t i = 0; i < b->n_arms; i++) {
		if (!strcmp(b->arms[i].name, name))
			return &b->arms[i];
	}
	return NULL;
}

size_t bench_find_workload(const struct bench *b, const char *name)
{
	size_t w = 0;

	while (w < b->n_workloads && strcmp(b->workloads[w].name, name) != 0)
		w++;
	return w;
}

size_t bench_named(const struct bench *b)
{
	size_t n = 0;

	for (size_t a = 0; a < b->n_arms; a++)
		n += b->arms[a].role == BENCH_ROLE_ARM;
	return n;
}

int64_t bench_time(const struct bench_observation *o, enum bench_measure measure)
{
	return measure == BENCH_WALL ? o->wall : o->user + o->system;
}

unsigned int bench_kept(const struct bench *b)
{
	unsigned int kept = 0;

	for (size_t i = 0; i < b->n_rounds; i++)
		kept += !b->rounds[i].dropped;
	return kept;
}

unsigned int bench_unwatched(const struct bench *b)
{
	unsigned int n = 0;

	for (size_t i = 0; i < b->n_rounds; i++)
		n += b->rounds[i].foreign == BENCH_NONE;
	return n;
}

bool bench_crowded(const struct bench *b, const struct bench_round *round)
{
	return round->foreign != BENCH_NONE &&
	       (double)round->foreign > b->options.foreign_limit * (double)round->lasted;
}

double bench_steal_limit(const struct bench *b)
{
	double usual = json_number_value(json_object_get(b->machine, "usual_steal"));

	return b->options.steal_limit + 2 * (usual > 0 ? usual : 0);
}

double bench_overhead(const struct bench *b)
{
	double own = 0, processes = 0;

	for (size_t i = 0; i < b->n_rounds; i++) {
		own += (double)b->rounds[i].lasted;
		for (size_t k = 0; k < b->rounds[i].n; k++) {
			const struct bench_observation *o = &b->rounds[i].v[k];
			const struct bench_workload *w = &b->workloads[o->workload];

			own -= (double)o->wall;
			processes += strcmp(w->kind, "startup") ? 1 : (double)w->loops;
		}
	}
	return processes > 0 && own >= 0 ? own / processes : NAN;
}
