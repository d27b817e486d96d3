/* Resampling rounds, layouts and workloads. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench-internal.h"

/* Sums are taken in pieces of so many resamples and added in their order, which makes the result
 * the same for any number of threads. */
#define PIECE 100u
#define THREADS_MAX 16u

/* First and second moment about the estimate. */
struct moments {
	double s1, s2;
};

struct job {
	const struct stats_input *in;
	const struct stats_output *out;
	const unsigned int *sorted; /* for each cell the rounds in ascending order of d */
	size_t cells, quantities;   /* cells, then per arm fixed, then per arm general */
	unsigned int pieces;
	struct moments *sums; /* [piece * quantities + quantity] */
	atomic_uint next;
};

struct scratch {
	unsigned int *weight;          /* how often each round was drawn */
	unsigned int *drawn_layouts;   /* how often each layout was */
	unsigned int *drawn_workloads; /* how often each workload was */
};

static void add(struct moments *m, double deviation)
{
	m->s1 += deviation;
	m->s2 += deviation * deviation;
}

/* The median of d with each round counted `weight` times, `total` of them altogether. */
static double weighted_median(
	const double *d, const unsigned int *sorted, const unsigned int *weight, unsigned int total)
{
	unsigned int low = (total - 1) / 2, high = total / 2, passed = 0;
	size_t i = 0;
	double first;

	for (passed = weight[sorted[0]]; passed <= low; passed += weight[sorted[i]])
		i++;
	first = d[sorted[i]];
	while (passed <= high)
		passed += weight[sorted[++i]];
	return (first + d[sorted[i]]) / 2;
}

/* Draws the rounds of one resample; returns how many, counted as often as they were drawn. */
static unsigned int draw_rounds(
	const struct stats_input *in, struct bench_random *r, struct scratch *s)
{
	unsigned int total = 0;

	if (!in->layout) {
		memset(s->weight, 0, in->rounds * sizeof(*s->weight));
		for (size_t i = 0; i < in->rounds; i++)
			s->weight[bench_random_below(r, in->rounds)]++;
		return (unsigned int)in->rounds;
	}
	memset(s->drawn_layouts, 0, in->layouts * sizeof(*s->drawn_layouts));
	for (size_t i = 0; i < in->layouts; i++)
		s->drawn_layouts[bench_random_below(r, in->layouts)]++;
	for (size_t i = 0; i < in->rounds; i++)
		total += s->weight[i] = s->drawn_layouts[in->layout[i]];
	return total;
}

static void resample(struct job *job, uint64_t number, struct moments *sums, struct scratch *s)
{
	const struct stats_input *in = job->in;
	const struct stats_output *out = job->out;
	struct bench_random r;
	unsigned int total;
	double w = (double)in->workloads;

	bench_random_seed(&r, in->seed, stream(STREAM_BOOTSTRAP, number));
	total = draw_rounds(in, &r, s);
	memset(s->drawn_workloads, 0, in->workloads * sizeof(*s->drawn_workloads));
	for (size_t i = 0; i < in->workloads; i++)
		s->drawn_workloads[bench_random_below(&r, in->workloads)]++;
	for (size_t a = 0; a < in->arms; a++) {
		double fixed = 0, general = 0;

		for (size_t i = 0; i < in->workloads; i++) {
			size_t cell = a * in->workloads + i;
			double m = weighted_median(in->d + cell * in->rounds,
				job->sorted + cell * in->rounds, s->weight, total);

			add(&sums[cell], m - out->median[cell]);
			fixed += m;
			general += m * s->drawn_workloads[i];
		}
		add(&sums[job->cells + a], fixed / w - out->suite[a]);
		add(&sums[job->cells + in->arms + a], general / w - out->suite[a]);
	}
}

static void *work(void *arg)
{
	struct job *job = arg;
	const struct stats_input *in = job->in;
	struct scratch s = {
		.weight = xcalloc(in->rounds, sizeof(*s.weight)),
		.drawn_layouts = xcalloc(in->layouts + 1, sizeof(*s.drawn_layouts)),
		.drawn_workloads = xcalloc(in->workloads, sizeof(*s.drawn_workloads)),
	};
	unsigned int piece;

	while ((piece = atomic_fetch_add(&job->next, 1)) < job->pieces) {
		unsigned int end = (piece + 1) * PIECE;

		for (unsigned int i = piece * PIECE; i < end && i < in->resamples; i++)
			resample(job, i, job->sums + piece * job->quantities, &s);
	}
	free(s.weight);
	free(s.drawn_layouts);
	free(s.drawn_workloads);
	return NULL;
}

static void run_threads(struct job *job, unsigned int threads)
{
	pthread_t ids[THREADS_MAX];
	unsigned int started = 0;

	while (started + 1 < threads && started < THREADS_MAX &&
		pthread_create(&ids[started], NULL, work, job) == 0)
		started++;
	work(job);
	while (started > 0)
		pthread_join(ids[--started], NULL);
}

struct place {
	double d;
	unsigned int round;
};

static int by_d(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->d < y->d || x->d > y->d)
		return x->d < y->d ? -1 : 1;
	return (x->round > y->round) - (x->round < y->round);
}

/* Orders the rounds of each cell and takes the estimates. */
static void estimate(const struct stats_input *in, struct stats_output *out, unsigned int *sorted)
{
	CLEANUP_FREE struct place *v = xcalloc(in->rounds, sizeof(*v));
	size_t n = in->rounds;

	for (size_t a = 0; a < in->arms; a++) {
		for (size_t w = 0; w < in->workloads; w++) {
			size_t cell = a * in->workloads + w;

			for (size_t r = 0; r < n; r++)
				v[r] = (struct place){in->d[cell * n + r], (unsigned int)r};
			sort_array(v, n, sizeof(*v), by_d);
			for (size_t r = 0; r < n; r++)
				sorted[cell * n + r] = v[r].round;
			out->median[cell] = (v[(n - 1) / 2].d + v[n / 2].d) / 2;
			out->suite[a] += out->median[cell];
		}
		out->suite[a] /= (double)in->workloads;
	}
}

static double deviation(const struct job *job, size_t quantity)
{
	double n = job->in->resamples, s1 = 0, s2 = 0;

	for (unsigned int i = 0; i < job->pieces; i++) {
		s1 += job->sums[i * job->quantities + quantity].s1;
		s2 += job->sums[i * job->quantities + quantity].s2;
	}
	return n < 2 ? 0 : sqrt(fmax(0, (s2 - s1 * s1 / n) / (n - 1)));
}

void stats_bootstrap(const struct stats_input *in, unsigned int threads, struct stats_output *out)
{
	size_t cells = in->arms * in->workloads;
	CLEANUP_FREE unsigned int *sorted = xcalloc(cells * in->rounds + 1, sizeof(*sorted));
	CLEANUP_FREE struct moments *sums = NULL;
	struct job job = {
		.in = in,
		.out = out,
		.sorted = sorted,
		.cells = cells,
		.quantities = cells + 2 * in->arms,
		.pieces = (in->resamples + PIECE - 1) / PIECE,
	};

	*out = (struct stats_output){
		.units = in->layout ? in->layouts : in->rounds,
		.median = xcalloc(cells + 1, sizeof(double)),
		.error = xcalloc(cells + 1, sizeof(double)),
		.suite = xcalloc(in->arms + 1, sizeof(double)),
		.fixed = xcalloc(in->arms + 1, sizeof(double)),
		.general = xcalloc(in->arms + 1, sizeof(double)),
	};
	estimate(in, out, sorted);
	job.sums = sums = xcalloc(job.pieces * job.quantities + 1, sizeof(*sums));
	run_threads(&job, threads);
	for (size_t i = 0; i < cells; i++)
		out->error[i] = deviation(&job, i);
	for (size_t a = 0; a < in->arms; a++) {
		out->fixed[a] = deviation(&job, cells + a);
		out->general[a] = deviation(&job, cells + in->arms + a);
	}
}

void stats_output_release(struct stats_output *out)
{
	free(out->median);
	free(out->error);
	free(out->suite);
	free(out->fixed);
	free(out->general);
	*out = (struct stats_output){0};
}
