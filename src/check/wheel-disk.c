/* Keeps what a run of wheels takes on disk within its budget.
 *
 * With a budget, a wheel and its environment go as soon as it is judged; what is left of the budget
 * is pip's, for what several wheels depend on. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "check/check-internal.h"

struct held_file {
	char *path;
	uint64_t size;
	time_t when;
};

struct held {
	struct held_file *v; /* of pip's cache */
	size_t n;
	uint64_t cached, other;
	bool in_cache;
};

static void held_release(struct held *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->v[i].path);
	free(h->v);
}

static int add_held(void *ctx, const struct tree_entry *e, struct err *err)
{
	struct held *h = ctx;
	uint64_t size = (uint64_t)e->st->st_blocks * 512;

	(void)err;
	*(h->in_cache ? &h->cached : &h->other) += size;
	if (h->in_cache && S_ISREG(e->st->st_mode))
		*ARRAY_ADD(h->v, h->n) = (struct held_file){
			.path = xstrdup(e->path), .size = size, .when = e->st->st_mtime};
	return 0;
}

static int older(const void *a, const void *b)
{
	const struct held_file *x = a, *y = b;

	return x->when < y->when ? -1 : x->when > y->when;
}

/* Others work in these folders meanwhile: what vanishes ends the walk of one folder, and the next
 * measurement counts it. */
static void measure(const char *dir, struct held *h)
{
	struct err ignored = ERR_INIT;

	if (path_is_dir(dir))
		tree_walk(dir, add_held, h, &ignored);
}

uint64_t wheel_disk_hold(const struct wheels *all)
{
	const uint64_t budget = (uint64_t)all->options->disk << 30;
	CLEANUP(held_release) struct held h = {0};

	measure(all->downloads, &h);
	measure(all->scratch, &h);
	h.in_cache = true;
	measure(all->pip_cache, &h);
	if (h.cached + h.other <= budget)
		return h.cached + h.other;
	/* To nine tenths, so that not every wheel has to make room. */
	qsort(h.v, h.n, sizeof(*h.v), older);
	for (size_t i = 0; i < h.n && h.cached + h.other > budget / 10 * 9; i++) {
		if (unlink(h.v[i].path) == 0)
			h.cached -= h.v[i].size;
	}
	return h.cached + h.other;
}

uint64_t wheel_disk_of(const char *dir)
{
	struct held h = {0};

	measure(dir, &h);
	return h.other;
}
