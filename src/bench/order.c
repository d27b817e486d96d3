#include <string.h>

#include "bench/bench-internal.h"

uint64_t stream(enum bench_stream purpose, uint64_t index)
{
	return ((uint64_t)purpose << 32) + index;
}

static uint64_t splitmix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void bench_random_seed(struct bench_random *r, uint64_t seed, uint64_t stream_number)
{
	uint64_t state = seed ^ splitmix(&stream_number);

	for (size_t i = 0; i < ARRAY_SIZE(r->s); i++)
		r->s[i] = splitmix(&state);
}

static inline uint64_t rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

uint64_t bench_random_next(struct bench_random *r)
{
	uint64_t *s = r->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

uint64_t bench_random_below(struct bench_random *r, uint64_t n)
{
	unsigned __int128 product = (unsigned __int128)bench_random_next(r) * n;

	if ((uint64_t)product < n) {
		uint64_t least = -n % n;

		while ((uint64_t)product < least)
			product = (unsigned __int128)bench_random_next(r) * n;
	}
	return (uint64_t)(product >> 64);
}

void bench_random_shuffle(struct bench_random *r, unsigned int *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = (unsigned int)i;
	for (size_t i = n; i > 1; i--) {
		size_t j = bench_random_below(r, i);
		unsigned int held = v[i - 1];

		v[i - 1] = v[j];
		v[j] = held;
	}
}

size_t bench_square_rows(size_t arms)
{
	return arms % 2 ? 2 * arms : arms;
}

/* The first row is 0, 1, n-1, 2, n-2, …; each further row adds 1. With an odd number of arms,
 * followers are balanced only together with the mirrored rows. */
void bench_square_row(size_t arms, size_t row, unsigned int *order)
{
	bool mirrored = row >= arms;

	for (size_t i = 0; i < arms; i++) {
		size_t first = i % 2 ? (i + 1) / 2 : (arms - i / 2) % arms;
		size_t place = mirrored ? arms - 1 - i : i;

		order[place] = (unsigned int)((first + row) % arms);
	}
}

void bench_order(uint64_t seed, size_t index, size_t n_workloads, size_t n_arms,
	unsigned int *workloads, unsigned int *arms)
{
	unsigned int rows[2 * BENCH_ARMS_MAX];
	size_t n_rows = bench_square_rows(n_arms);
	struct bench_random r;

	bench_random_seed(&r, seed, stream(STREAM_WORKLOADS, index));
	bench_random_shuffle(&r, workloads, n_workloads);
	for (size_t i = 0; i < n_workloads; i++) {
		uint64_t block = index / n_rows * BENCH_WORKLOADS_MAX + workloads[i];

		bench_random_seed(&r, seed, stream(STREAM_ARMS, block));
		bench_random_shuffle(&r, rows, n_rows);
		bench_square_row(n_arms, rows[index % n_rows], arms + i * n_arms);
	}
}

unsigned int bench_order_layout(uint64_t seed, size_t index, unsigned int layouts)
{
	unsigned int order[BENCH_LAYOUTS_MAX];
	struct bench_random r;

	bench_random_seed(&r, seed, stream(STREAM_LAYOUT, index / layouts));
	bench_random_shuffle(&r, order, layouts);
	return order[index % layouts];
}
