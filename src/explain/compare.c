#include "explain/explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elf.h"

/* Sites of one function that are looked through for equals. */
#define MAX_JOINED 4096

/* Causes that tell of how the file was made: linked, laid out, inlined. What was explained is the
 * difference in these. A module's code is work wherever it is, built in or in a file of its own. */
static bool explains(enum explain_cause cause)
{
	return cause != EXPLAIN_WORK && cause != EXPLAIN_UNKNOWN && cause != EXPLAIN_OBJECTS &&
	       cause != EXPLAIN_NOWHERE;
}

/* Functions of one name in A and B, by name; either may be NULL. */
typedef void (*function_visit)(
	void *ctx, const struct explain_function *a, const struct explain_function *b);

static void each_function(const struct explain_weights *a, const struct explain_weights *b,
	function_visit visit, void *ctx)
{
	size_t i = 0, j = 0, n_b = b ? b->n_functions : 0;

	while (i < a->n_functions || j < n_b) {
		int d = i == a->n_functions ? 1
			: j == n_b          ? -1
					    : strcmp(a->functions[i].name, b->functions[j].name);

		visit(ctx, d <= 0 ? &a->functions[i] : NULL, d >= 0 ? &b->functions[j] : NULL);
		i += d <= 0;
		j += d >= 0;
	}
}

static bool all_named(const struct explain_weights *w)
{
	for (size_t i = 0; i < w->n_objects; i++)
		if (!w->objects[i].named)
			return false;
	return true;
}

static uint64_t distance(int64_t a, int64_t b)
{
	return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

struct lone_frames {
	int64_t a, b;
};

static void add_lone(void *ctx, const struct explain_function *a, const struct explain_function *b)
{
	struct lone_frames *lone = ctx;

	if (a && !b)
		lone->a += a->causes[EXPLAIN_FRAME];
	if (b && !a)
		lone->b += b->causes[EXPLAIN_FRAME];
}

static void add_row(struct explain_result *r, const struct explain_row *row)
{
	r->rows[r->n_rows++] = *row;
	if (row->explained)
		r->explained += row->b - row->a;
}

static void make_rows(
	const struct explain_weights *a, const struct explain_weights *b, struct explain_result *r)
{
	struct lone_frames lone = {0};

	if (r->matched)
		each_function(a, b, add_lone, &lone);
	for (unsigned c = 0; c < EXPLAIN_N_CAUSES; c++) {
		struct explain_row row = {.name = explain_cause_name(c),
			.words = explain_cause_words(c),
			.explained = explains(c),
			.a = a->causes[c],
			.b = b ? b->causes[c] : 0};

		if (c == EXPLAIN_FRAME && r->matched) {
			row.a -= lone.a;
			row.b -= lone.b;
			row.words = "entry and exit of functions that run in both";
			add_row(r, &(struct explain_row){.name = "frame-one-only",
					   .words = "entry and exit of functions inlined in one",
					   .explained = true,
					   .a = lone.a,
					   .b = lone.b});
		}
		add_row(r, &row);
	}
}

struct pairs {
	struct explain_pair *v;
	size_t n;
};

static void add_function(
	void *ctx, const struct explain_function *a, const struct explain_function *b)
{
	static const struct explain_function none = {0};
	struct pairs *pairs = ctx;
	struct explain_pair pair = {.name = a ? a->name : b->name,
		.a = a ? a->total : 0,
		.b = b ? b->total : 0,
		.in_a = a != NULL,
		.in_b = b != NULL};
	uint64_t most = 0;
	bool differs = false;

	pair.weight = (double)distance(pair.a, pair.b);
	a = a ? a : &none;
	b = b ? b : &none;
	for (unsigned c = 0; c < EXPLAIN_N_CAUSES; c++)
		differs = differs || a->causes[c] != b->causes[c];
	for (unsigned c = 0; c < EXPLAIN_N_CAUSES; c++) {
		uint64_t d = distance(a->causes[c], differs ? b->causes[c] : 0);

		if (d > most) {
			most = d;
			pair.most = c;
		}
	}
	pairs->v[pairs->n++] = pair;
}

static int compare_sites(const struct explain_site *a, const struct explain_site *b)
{
	int d = strcmp(a->function, b->function);

	if (d == 0)
		d = strcmp(a->class, b->class);
	return d ? d : strcmp(a->symbol, b->symbol);
}

static void add_sites(
	const struct explain_weights *a, const struct explain_weights *b, struct pairs *pairs)
{
	size_t i = 0, j = 0, n_b = b ? b->n_sites : 0;

	while (i < a->n_sites || j < n_b) {
		int d = i == a->n_sites ? 1
			: j == n_b      ? -1
					: compare_sites(&a->sites[i], &b->sites[j]);
		const struct explain_site *s = d <= 0 ? &a->sites[i] : &b->sites[j];

		pairs->v[pairs->n++] = (struct explain_pair){.name = s->function,
			.class = s->class,
			.class_b = s->class,
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
}

static bool is_tls(unsigned kind)
{
	return kind <= CODE_SITE_TLS_DESC;
}

/* Are these the same accesses or calls, made in two ways? For thread-local access it is enough to
 * be in one function: local-exec code does not name its variables. */
static bool same_site(const struct explain_pair *a, const struct explain_pair *b)
{
	if (b->in_a || !b->in_b || a->kind == b->kind)
		return false;
	if (is_tls(a->kind) || is_tls(b->kind))
		return is_tls(a->kind) && is_tls(b->kind);
	return a->kind != CODE_SITE_GOT_LOAD && b->kind != CODE_SITE_GOT_LOAD && *a->symbol &&
	       !strcmp(a->symbol, b->symbol);
}

/* Makes one of each site that is of one class in A and of another in B, among those of a function.
 */
static void join_sites(struct explain_pair *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct explain_pair *a = &v[i];
		bool joined = false;

		if (!a->class || !a->in_a || a->in_b)
			continue;
		for (size_t j = 0; j < n; j++) {
			struct explain_pair *b = &v[j];

			if (!b->class || !same_site(a, b) || (joined && b->kind != a->kind_b))
				continue;
			if (!joined)
				a->symbol = *a->symbol ? a->symbol : b->symbol;
			else if (strcmp(a->symbol, b->symbol) != 0)
				a->symbol = "";
			a->class_b = b->class;
			a->kind_b = b->kind;
			a->b += b->b;
			a->in_b = joined = true;
			b->class = NULL;
		}
	}
}

/* The sites are by function. */
static void join_all_sites(struct pairs *sites)
{
	size_t kept = 0;

	for (size_t i = 0, n; i < sites->n; i += n) {
		for (n = 1; i + n < sites->n && !strcmp(sites->v[i].name, sites->v[i + n].name);)
			n++;
		if (n <= MAX_JOINED)
			join_sites(&sites->v[i], n);
	}
	for (size_t i = 0; i < sites->n; i++)
		if (sites->v[i].class)
			sites->v[kept++] = sites->v[i];
	sites->n = kept;
}

/* Instructions of an access or a call: its own, and those of __tls_get_addr and the way there,
 * which take as many each time. */
static double cost_of(const struct explain_weights *w, unsigned kind, int64_t executions)
{
	double each = 1;

	if ((kind == CODE_SITE_TLS_GD || kind == CODE_SITE_TLS_LD) && w->tls_calls)
		each += (double)(w->tls_stubs + w->tls_get_addr) / (double)w->tls_calls;
	return each * (double)executions;
}

/* Sites of one class weigh as much as they were executed more in one; of what is made in another
 * way the number says nothing, and all of it differs. */
static void weigh_sites(
	const struct explain_weights *a, const struct explain_weights *b, struct pairs *sites)
{
	for (size_t i = 0; i < sites->n; i++) {
		struct explain_pair *p = &sites->v[i];
		double in_a = cost_of(a, p->kind, p->a);
		double in_b = b ? cost_of(b, p->kind_b, p->b) : 0;

		p->weight = p->kind == p->kind_b ? fabs(in_a - in_b) : fmax(in_a, in_b);
	}
}

/* What weighs most, first; of what weighs the same what was executed most. Names settle the rest,
 * so that the order is always the same. */
static int by_weight(const void *x, const void *y)
{
	const struct explain_pair *p = x, *q = y;
	int d;

	if (p->weight != q->weight)
		return p->weight > q->weight ? -1 : 1;
	if (p->a + p->b != q->a + q->b)
		return p->a + p->b > q->a + q->b ? -1 : 1;
	d = strcmp(p->name, q->name);
	if (d == 0 && p->class)
		d = strcmp(p->class, q->class);
	return d || !p->symbol ? d : strcmp(p->symbol, q->symbol);
}

int explain_compare(const struct explain_weights *a, const struct explain_weights *b,
	struct explain_result *result, struct err *err)
{
	struct pairs functions, sites;
	int64_t sum_a = 0, sum_b = 0;

	*result = (struct explain_result){.pair = b != NULL,
		.matched = b && all_named(a) && all_named(b),
		.total_a = a->total,
		.total_b = b ? b->total : 0};
	functions = (struct pairs){
		xcalloc(a->n_functions + (b ? b->n_functions : 0) + 1, sizeof(struct explain_pair)),
		0};
	sites = (struct pairs){
		xcalloc(a->n_sites + (b ? b->n_sites : 0) + 1, sizeof(struct explain_pair)), 0};
	make_rows(a, b, result);
	each_function(a, b, add_function, &functions);
	add_sites(a, b, &sites);
	if (result->matched)
		join_all_sites(&sites);
	weigh_sites(a, b, &sites);
	sort_array(functions.v, functions.n, sizeof(*functions.v), by_weight);
	sort_array(sites.v, sites.n, sizeof(*sites.v), by_weight);
	result->functions = functions.v;
	result->n_functions = functions.n;
	result->sites = sites.v;
	result->n_sites = sites.n;
	for (size_t i = 0; i < result->n_rows; i++) {
		sum_a += result->rows[i].a;
		sum_b += result->rows[i].b;
	}
	if (sum_a == result->total_a && sum_b == result->total_b)
		return 0;
	explain_result_release(result);
	return err_set(err, ERR_UNSUPPORTED,
		"the parts add up to %lld and %lld instructions, not to %lld and %lld",
		(long long)sum_a, (long long)sum_b, (long long)a->total,
		(long long)(b ? b->total : 0));
}

void explain_result_release(struct explain_result *result)
{
	free(result->functions);
	free(result->sites);
	*result = (struct explain_result){0};
}
