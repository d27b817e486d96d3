/* Compares two sets of weights: causes, functions, sites. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain-internal.h"

/* Limit on the sites of one function that are searched for counterparts. */
#define MAX_JOINED 4096

static uint64_t distance(int64_t a, int64_t b)
{
	return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

static bool all_named(const struct explain_weights *w)
{
	for (size_t i = 0; i < w->n_objects; i++)
		if (!w->objects[i].named)
			return false;
	return true;
}

/* Iterates over the functions of A and B by name; *x or *y is NULL if only one has it. */
struct function_walk {
	const struct explain_weights *a, *b;
	size_t i, j;
};

static bool next_function(struct function_walk *w, const struct explain_function **x,
	const struct explain_function **y)
{
	bool a = w->i < w->a->n_functions, b = w->j < w->b->n_functions;
	int d = !a ? 1 : !b ? -1 : strcmp(w->a->functions[w->i].name, w->b->functions[w->j].name);

	*x = a && d <= 0 ? &w->a->functions[w->i++] : NULL;
	*y = b && d >= 0 ? &w->b->functions[w->j++] : NULL;
	return a || b;
}

static void add_row(struct explain_result *r, enum explain_cause cause, int64_t a, int64_t b)
{
	bool explained = explain_cause_explains(cause);

	r->rows[r->n_rows++] = (struct explain_row){.name = explain_cause_name(cause),
		.words = explain_cause_words(cause),
		.cause = cause,
		.explained = explained,
		.a = a,
		.b = b};
	if (explained)
		r->explained += b - a;
}

static void make_rows(
	const struct explain_weights *a, const struct explain_weights *b, struct explain_result *r)
{
	struct function_walk walk = {a, b, 0, 0};
	const struct explain_function *x, *y;
	int64_t only_a = 0, only_b = 0; /* entry and exit of functions that run in only one */

	while (r->matched && next_function(&walk, &x, &y)) {
		only_a += x && !y ? x->causes[EXPLAIN_FRAME] : 0;
		only_b += y && !x ? y->causes[EXPLAIN_FRAME] : 0;
	}
	for (unsigned c = 0; c < EXPLAIN_N_CAUSES; c++) {
		if (c != EXPLAIN_FRAME || !r->matched) {
			add_row(r, c, a->causes[c], b->causes[c]);
			continue;
		}
		add_row(r, c, only_a, only_b);
		r->rows[r->n_rows - 1].name = "frame-one-only";
		r->rows[r->n_rows - 1].words = "entry and exit of functions inlined in one";
		add_row(r, c, a->causes[c] - only_a, b->causes[c] - only_b);
		r->rows[r->n_rows - 1].words = "entry and exit of functions that run in both";
	}
}

static void make_functions(
	const struct explain_weights *a, const struct explain_weights *b, struct explain_result *r)
{
	static const struct explain_function none = {0};
	struct function_walk walk = {a, b, 0, 0};
	const struct explain_function *x, *y;

	r->functions = xcalloc(a->n_functions + b->n_functions + 1, sizeof(*r->functions));
	while (next_function(&walk, &x, &y)) {
		struct explain_pair *p = &r->functions[r->n_functions++];
		uint64_t most = 0;
		bool differs;

		*p = (struct explain_pair){.name = x ? x->name : y->name, .in_a = x, .in_b = y};
		x = x ? x : &none;
		y = y ? y : &none;
		p->a = x->total;
		p->b = y->total;
		p->weight = (double)distance(p->a, p->b);
		differs = memcmp(x->causes, y->causes, sizeof(x->causes)) != 0;
		for (unsigned c = 0; c < EXPLAIN_N_CAUSES; c++) {
			uint64_t d = distance(x->causes[c], differs ? y->causes[c] : 0);

			if (d > most) {
				most = d;
				p->most = c;
			}
		}
	}
}

static bool is_tls(unsigned kind)
{
	return kind <= CODE_SITE_TLS_DESC;
}

/* True if both make the same access or call, in two ways. For thread-local access it is enough to
 * be in the same function: local-exec code does not name its variables. */
static bool same_site(const struct explain_pair *a, const struct explain_pair *b)
{
	if (b->in_a || !b->in_b || a->kind == b->kind)
		return false;
	if (is_tls(a->kind) || is_tls(b->kind))
		return is_tls(a->kind) && is_tls(b->kind);
	return a->kind != CODE_SITE_GOT_LOAD && b->kind != CODE_SITE_GOT_LOAD && *a->symbol &&
	       !strcmp(a->symbol, b->symbol);
}

/* Among the sites of a function, merges each one that is of one kind in A and of another in B.
 * Sites merged into another have neither `in_a` nor `in_b`. */
static void join_sites(struct explain_pair *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct explain_pair *a = &v[i];
		bool joined = false;

		for (size_t j = 0; j < n && a->in_a && (joined || !a->in_b); j++) {
			struct explain_pair *b = &v[j];

			if (!same_site(a, b) || (joined && b->kind != a->kind_b))
				continue;
			if (!joined)
				a->symbol = *a->symbol ? a->symbol : b->symbol;
			else if (strcmp(a->symbol, b->symbol) != 0)
				a->symbol = "";
			a->kind_b = b->kind;
			a->b += b->b;
			a->in_b = joined = true;
			b->in_b = false;
		}
	}
}

/* Instructions of an access or call: its own, and those of __tls_get_addr and the way there, which
 * take the same number each time. */
static double cost_of(const struct explain_weights *w, unsigned kind, int64_t executions)
{
	double each = 1;

	if ((kind == CODE_SITE_TLS_GD || kind == CODE_SITE_TLS_LD) && w->tls_calls)
		each += (double)(w->tls_stubs + w->tls_get_addr) / (double)w->tls_calls;
	return each * (double)executions;
}

static void make_sites(
	const struct explain_weights *a, const struct explain_weights *b, struct explain_result *r)
{
	struct explain_pair *v = xcalloc(a->n_sites + b->n_sites + 1, sizeof(*v));
	size_t all = 0;

	for (size_t i = 0, j = 0; i < a->n_sites || j < b->n_sites;) {
		int d = i == a->n_sites   ? 1
			: j == b->n_sites ? -1
					  : explain_compare_sites(&a->sites[i], &b->sites[j]);
		const struct explain_site *s = d <= 0 ? &a->sites[i] : &b->sites[j];

		v[all++] = (struct explain_pair){.name = s->function,
			.kind = s->kind,
			.kind_b = s->kind,
			.symbol = s->symbol,
			.a = d <= 0 ? s->executions : 0,
			.b = d >= 0 ? b->sites[j].executions : 0,
			.in_a = d <= 0,
			.in_b = d >= 0};
		i += d <= 0;
		j += d >= 0;
	}
	for (size_t i = 0, n; r->matched && i < all; i += n) {
		for (n = 1; i + n < all && !strcmp(v[i].name, v[i + n].name);)
			n++;
		if (n <= MAX_JOINED)
			join_sites(&v[i], n);
	}
	/* The weight of sites of the same kind is the difference in executions. If A and B make the
	 * access differently, the counts do not compare, and all of it differs. */
	for (size_t i = 0; i < all; i++) {
		double in_a = cost_of(a, v[i].kind, v[i].a), in_b = cost_of(b, v[i].kind_b, v[i].b);

		if (!v[i].in_a && !v[i].in_b)
			continue;
		v[i].weight = v[i].kind == v[i].kind_b ? fabs(in_a - in_b) : fmax(in_a, in_b);
		v[r->n_sites++] = v[i];
	}
	r->sites = v;
}

/* Heaviest first, then most executed. Names break ties, so that the order is deterministic. */
static int by_weight(const void *x, const void *y)
{
	const struct explain_pair *p = x, *q = y;
	int d;

	if (p->weight != q->weight)
		return p->weight > q->weight ? -1 : 1;
	if (p->a + p->b != q->a + q->b)
		return p->a + p->b > q->a + q->b ? -1 : 1;
	d = strcmp(p->name, q->name);
	if (d || !p->symbol)
		return d;
	d = strcmp(code_class_name(p->kind), code_class_name(q->kind));
	return d ? d : strcmp(p->symbol, q->symbol);
}

int explain_compare(const struct explain_weights *a, const struct explain_weights *b,
	struct explain_result *result, struct err *err)
{
	static const struct explain_weights none = {0};
	int64_t sum_a = 0, sum_b = 0;

	*result = (struct explain_result){
		.pair = b != NULL, .matched = b && all_named(a) && all_named(b)};
	b = b ? b : &none;
	result->total_a = a->total;
	result->total_b = b->total;
	make_rows(a, b, result);
	make_functions(a, b, result);
	make_sites(a, b, result);
	sort_array(result->functions, result->n_functions, sizeof(*result->functions), by_weight);
	sort_array(result->sites, result->n_sites, sizeof(*result->sites), by_weight);
	for (size_t i = 0; i < result->n_rows; i++) {
		sum_a += result->rows[i].a;
		sum_b += result->rows[i].b;
	}
	if (sum_a == a->total && sum_b == b->total)
		return 0;
	explain_result_release(result);
	return err_set(err, ERR_UNSUPPORTED,
		"the parts add up to %lld and %lld instructions, not to %lld and %lld",
		(long long)sum_a, (long long)sum_b, (long long)a->total, (long long)b->total);
}

void explain_result_release(struct explain_result *result)
{
	free(result->functions);
	free(result->sites);
	*result = (struct explain_result){0};
}
