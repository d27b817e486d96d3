/* One campaign on several hosts, pooled: is a ratio the same everywhere, and what is it on average?
 *
 * Host i gives the log of an arm's ratio, y[i], with the standard error s[i] of its own bootstrap
 * and n[i] - 1 degrees of freedom (n: rounds, or layouts). Hosts are a sample of others like them:
 * y[i] = mu + u[i] + e[i], where u has the standard deviation tau between hosts and e[i] the known
 * s[i] within one. Times of different hosts never meet; only ratios do.
 *
 *   - Q = sum of w[i] (y[i] - m)^2 with w[i] = 1 / s[i]^2 and m their weighted mean (Cochran, "The
 *     Combination of Estimates from Different Experiments", Biometrics 10, 1954). Its p is that of
 *     Welch's F (with k hosts, h = sum of (1 - w[i] / sum of w)^2 / (n[i] - 1)),
 *
 *	F = Q / (k - 1) / (1 + 2 (k - 2) h / (k^2 - 1))  with k - 1 and (k^2 - 1) / (3 h) df
 *
 *     since the errors are estimates, too ("On the Comparison of Several Mean Values: An
 *     Alternative Approach", Biometrika 38, 1951). For two hosts it is the test of bench_compare().
 *   - I^2 = max(0, (Q - (k - 1)) / Q), the share of the variance that is between hosts (Higgins and
 *     Thompson, "Quantifying Heterogeneity in a Meta-analysis", Statistics in Medicine 21, 2002).
 *   - tau^2 is Paule's and Mandel's: what makes sum of (y[i] - mu)^2 / (s[i]^2 + tau^2) equal to
 *     k - 1, or 0 ("Consensus Values and Weighting Factors", Journal of Research of the NBS 87,
 *     1982). mu is the mean with the weights 1 / (s[i]^2 + tau^2).
 *   - The interval of mu is mu ± t(k - 1, 1 - alpha/2) / sqrt(sum of these weights): Hartung's and
 *     Knapp's ("A Refined Method for the Meta-analysis of Controlled Clinical Trials with Binary
 *     Outcome", Statistics in Medicine 20, 2001), whose factor tau^2 makes 1 here, and which is
 *     never taken as less (Röver, Knapp and Friede, BMC Medical Research Methodology 15, 2015). Few
 *     hosts make it wide: with two, t is 12.7 at 5 %.
 *   - One more host: mu ± t(k - 2, 1 - alpha/2) * sqrt(tau^2 + 1 / sum of weights) (Higgins,
 *     Thompson and Spiegelhalter, "A Re-evaluation of Random-effects Meta-analysis", JRSS A 172,
 *     2009).
 *
 * "The same everywhere" is a claim of its own, not the lack of a small p. It is made if Welch's
 * interval of every difference between two hosts lies within the margin (all of them have to, so
 * that each may have the whole level: Berger, "Multiparameter Hypothesis Testing and Acceptance
 * Sampling", Technometrics 24, 1982). Otherwise hosts differ if p is at most alpha, adjusted for a
 * workload over the workloads of its arm; else it is undecided.
 *
 * Gates: one host that did not pass its own withholds all verdicts, and so does a copy that is not
 * the same on all hosts. What a loaded machine's error misses, Q would take for heterogeneity.
 *
 * What differs between hosts is all that differs between the campaigns: the processor, the
 * neighbours, the day, and the luck of one link. One host measured twice shows the last three.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "bench/bench-internal.h"
#include "report/json.h"

/* A spread of nothing would have infinite weight. */
#define ERROR_MIN 1e-9

static double square(double x)
{
	return x * x;
}

double stats_weight(double error, double tau2)
{
	return 1 / (square(fmax(error, ERROR_MIN)) + tau2);
}

/* The mean with these weights; *weights receives their sum. */
static double weighted_mean(const struct stats_host *v, size_t n, double tau2, double *weights)
{
	double sum = 0;

	*weights = 0;
	for (size_t i = 0; i < n; i++) {
		double w = stats_weight(v[i].error, tau2);

		*weights += w;
		sum += w * v[i].log;
	}
	return sum / *weights;
}

/* The weighted squares about that mean. */
static double squares(const struct stats_host *v, size_t n, double tau2)
{
	double weights, mean = weighted_mean(v, n, tau2, &weights), sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += square(v[i].log - mean) * stats_weight(v[i].error, tau2);
	return sum;
}

static double paule_mandel(const struct stats_host *v, size_t n)
{
	double df = (double)n - 1, low = 0, high = square(ERROR_MIN);

	if (squares(v, n, 0) <= df)
		return 0;
	while (squares(v, n, high) > df)
		high *= 2;
	for (int i = 0; i < 200 && high - low > 1e-14 * high; i++) {
		double middle = (low + high) / 2;

		if (squares(v, n, middle) > df)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/* The p of Q. */
static double welch_p(const struct stats_host *v, size_t n, double q)
{
	double k = (double)n, h = 0, weights;

	weighted_mean(v, n, 0, &weights);
	for (size_t i = 0; i < n; i++)
		h += square(1 - stats_weight(v[i].error, 0) / weights) / v[i].df;
	return stats_f_test(
		q / (k - 1) / (1 + 2 * (k - 2) * h / (k * k - 1)), k - 1, (k * k - 1) / (3 * h));
}

struct stats_pooled stats_pool(const struct stats_host *v, size_t n, double alpha)
{
	double k = (double)n, tau2 = paule_mandel(v, n), weights;
	struct stats_pooled p = {.log = weighted_mean(v, n, tau2, &weights),
		.tau = sqrt(tau2),
		.q = squares(v, n, 0),
		.other = INFINITY};

	p.p = welch_p(v, n, p.q);
	p.i2 = p.q > k - 1 ? 1 - (k - 1) / p.q : 0;
	p.half_width = stats_t_quantile(k - 1, alpha / 2) / sqrt(weights);
	if (n > 2)
		p.other = stats_t_quantile(k - 2, alpha / 2) * sqrt(tau2 + 1 / weights);
	return p;
}

bool stats_all_equal(const struct stats_host *v, size_t n, double alpha, double margin)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = i + 1; j < n; j++) {
			const double errors[] = {v[i].error, v[j].error};
			const double df[] = {v[i].df, v[j].df};
			double d = v[j].log - v[i].log;

			if (fabs(d) + stats_welch(d, errors, df, alpha).half_width > log1p(margin))
				return false;
		}
	}
	return true;
}

/* ---- the same campaign ----------------------------------------------------------------------- */

static int differ(struct err *err, const char *first, const char *other, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static int differ(struct err *err, const char *first, const char *other, const char *fmt, ...)
{
	CLEANUP_FREE char *what = NULL;
	va_list ap;

	va_start(ap, fmt);
	what = xvasprintf(fmt, ap);
	va_end(ap);
	err_set(err, ERR_INPUT, "'%s' and '%s' are not the same campaign: %s", first, other, what);
	return err_hint(err, "the same Pythons, workloads and options on each host; --from twice "
			     "without --pool compares two that differ");
}

static bool same_links(const struct bench_arm *a, const struct bench_arm *b)
{
	if (a->n_links != b->n_links)
		return false;
	for (size_t i = 0; i < a->n_links; i++) {
		if (!bench_same_text(a->links[i].sha256, b->links[i].sha256) ||
			!bench_same_text(a->links[i].lib_sha256, b->links[i].lib_sha256))
			return false;
	}
	return true;
}

static int check_arms(const struct bench *a, const struct bench *b, const char *first,
	const char *other, struct err *err)
{
	if (a->n_arms != b->n_arms)
		return differ(
			err, first, other, "one has %zu arms, the other %zu", a->n_arms, b->n_arms);
	for (size_t i = 0; i < a->n_arms; i++) {
		const struct bench_arm *x = &a->arms[i], *y = &b->arms[i];

		if (strcmp(x->name, y->name) != 0 || x->role != y->role)
			return differ(err, first, other,
				"arm %zu is '%s' in one, '%s' in the other", i + 1, x->name,
				y->name);
		if (!bench_same_text(x->version, y->version))
			return differ(err, first, other,
				"'%s' is Python %s in one, %s in the other", x->name,
				x->version ? x->version : "?", y->version ? y->version : "?");
		if (x->role == BENCH_ROLE_ARM && !x->sha256)
			return differ(
				err, first, other, "no digest says which file '%s' is", x->name);
		if (!bench_same_text(x->sha256, y->sha256) ||
			!bench_same_text(x->lib_sha256, y->lib_sha256) || !same_links(x, y))
			return differ(err, first, other, "'%s' is another file in each (SHA-256)",
				x->name);
		if (fabs(x->slowdown - y->slowdown) > 0)
			return differ(err, first, other, "'%s' is slowed in another way", x->name);
	}
	return 0;
}

static int check_workloads(const struct bench *a, const struct bench *b, const char *first,
	const char *other, struct err *err)
{
	if (!bench_same_text(a->suite, b->suite))
		return differ(err, first, other, "one has the suite '%s', the other '%s'", a->suite,
			b->suite);
	if (a->n_workloads != b->n_workloads)
		return differ(err, first, other, "one has %zu workloads, the other %zu",
			a->n_workloads, b->n_workloads);
	for (size_t w = 0; w < a->n_workloads; w++) {
		const struct bench_workload *x = &a->workloads[w], *y = &b->workloads[w];
		CLEANUP_FREE char *given = strv_join(&x->args, "\n");
		CLEANUP_FREE char *others = strv_join(&y->args, "\n");

		if (strcmp(x->name, y->name) != 0)
			return differ(err, first, other,
				"workload %zu is '%s' in one, '%s' in the other", w + 1, x->name,
				y->name);
		if (!bench_same_text(x->kind, y->kind) || !bench_same_text(x->file, y->file) ||
			!bench_same_text(x->packages, y->packages) || strcmp(given, others) != 0)
			return differ(
				err, first, other, "'%s' is another program in each", x->name);
	}
	return 0;
}

/* No two measurements have the same times in their first round. */
static bool same_times(const struct bench *a, const struct bench *b)
{
	const struct bench_round *x = a->rounds, *y = b->rounds;

	if (!a->n_rounds || !b->n_rounds || !x->n || x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++) {
		if (x->v[i].wall != y->v[i].wall || x->v[i].user != y->v[i].user)
			return false;
	}
	return true;
}

static int check_same(const struct bench *a, const struct bench *b, const char *first,
	const char *other, struct err *err)
{
	const char *x = json_word(a->machine, "solder"), *y = json_word(b->machine, "solder");

	if (a->options.measure != b->options.measure) {
		differ(err, first, other, "one judges CPU time, the other wall time");
		return err_hint(err, "--measure chooses for both");
	}
	/* Its workloads come with solder, and have no version of their own. */
	if (!bench_same_text(x, y))
		return differ(err, first, other, "one is of solder %s, the other of %s",
			x ? x : "?", y ? y : "?");
	if (a->options.layouts != b->options.layouts)
		return differ(err, first, other, "one has %u layouts, the other %u",
			a->options.layouts, b->options.layouts);
	if (check_arms(a, b, first, other, err) < 0 || check_workloads(a, b, first, other, err) < 0)
		return -1;
	if (same_times(a, b)) {
		err_set(err, ERR_INPUT, "'%s' and '%s' are one and the same measurement", first,
			other);
		return err_hint(err, "it says nothing about a second host");
	}
	return 0;
}

static int check_hosts(
	struct bench *const *hosts, const char *const *files, size_t n, struct err *err)
{
	if (n < 2 || n > BENCH_HOSTS_MAX)
		return err_set(err, ERR_USAGE, "campaigns of 2 to %d hosts are pooled, not of %zu",
			BENCH_HOSTS_MAX, n);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = i + 1; j < n; j++) {
			if (check_same(hosts[i], hosts[j], files[i], files[j], err) < 0)
				return -1;
		}
	}
	return 0;
}

/* ---- results --------------------------------------------------------------------------------- */

static int compute(struct bench *const *hosts, struct bench_pool *p, struct err *err)
{
	for (size_t i = 0; i < p->n; i++) {
		bench_result_release(&p->results[i]);
		if (bench_compute(hosts[i], &p->results[i], err) < 0)
			return err_wrap(err, "'%s'", p->names.v[i]);
		if (p->results[i].units < 2)
			return err_set(err, ERR_INPUT,
				"'%s' has a single layout, which has no error to weigh it by",
				p->names.v[i]);
	}
	return 0;
}

/* Leaves out everywhere what does not count on one host; returns the number of workloads. */
static size_t leave_out(struct bench *const *hosts, const struct bench_pool *p)
{
	size_t n = 0;

	for (size_t w = 0; w < p->n_workloads; w++) {
		size_t bad = 0;
		bool news = false;

		while (bad < p->n && !p->results[bad].why[w])
			bad++;
		for (size_t i = 0; bad < p->n && i < p->n; i++) {
			if (p->results[i].why[w])
				continue;
			free(hosts[i]->workloads[w].failed);
			hosts[i]->workloads[w].failed =
				xasprintf("in '%s': %s", p->names.v[bad], p->results[bad].why[w]);
			news = true;
		}
		n += news;
	}
	return n;
}

static void pool_ratios(const struct stats_host *v, const struct bench_pool *p,
	const struct bench_options *o, struct bench_pooled *ret)
{
	struct stats_pooled s = stats_pool(v, p->n, o->alpha);

	*ret = (struct bench_pooled){.ratio = exp(s.log),
		.interval = {exp(s.log - s.half_width), exp(s.log + s.half_width)},
		.other = {exp(s.log - s.other), exp(s.log + s.other)},
		.lowest = INFINITY,
		.tau = s.tau,
		.i2 = s.i2,
		.q = s.q,
		.p = s.p,
		.adjusted = s.p};
	for (size_t i = 0; i < p->n; i++) {
		ret->lowest = fmin(ret->lowest, exp(v[i].log));
		ret->highest = fmax(ret->highest, exp(v[i].log));
	}
	ret->verdict = stats_judge(ret->interval, o->margin);
	ret->same =
		stats_all_equal(v, p->n, o->alpha, o->margin) ? BENCH_SAME : BENCH_SAME_UNDECIDED;
}

/* After p is adjusted: the last word on whether it is the same. */
static void judge_same(double alpha, struct bench_pooled *ret)
{
	if (ret->same == BENCH_SAME_UNDECIDED && ret->adjusted <= alpha)
		ret->same = BENCH_SAME_NOT;
}

static void pool_arm(struct bench_pool *p, const struct bench_options *o, size_t a)
{
	struct bench_pooled *cells = p->cells + a * p->n_workloads;
	CLEANUP_FREE double *raw = xcalloc(p->n_workloads + 1, sizeof(*raw));
	CLEANUP_FREE double *adjusted = xcalloc(p->n_workloads + 1, sizeof(*adjusted));
	struct stats_host v[BENCH_HOSTS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		v[i] = (struct stats_host){log(p->results[i].arms[a].ratio),
			p->results[i].arms[a].error, (double)p->results[i].units - 1};
	pool_ratios(v, p, o, &p->arms[a]);
	judge_same(o->alpha, &p->arms[a]);
	for (size_t w = 0; w < p->n_workloads; w++) {
		if (p->results[0].why[w])
			continue;
		for (size_t i = 0; i < p->n; i++) {
			v[i].log = log(p->results[i].arms[a].cells[w].ratio);
			v[i].error = p->results[i].arms[a].cells[w].error;
		}
		pool_ratios(v, p, o, &cells[w]);
		raw[n++] = cells[w].p;
	}
	stats_adjust(raw, n, adjusted);
	n = 0;
	for (size_t w = 0; w < p->n_workloads; w++) {
		if (p->results[0].why[w])
			continue;
		cells[w].adjusted = adjusted[n++];
		judge_same(o->alpha, &cells[w]);
		p->differ[a] += cells[w].same == BENCH_SAME_NOT;
	}
}

/* Applies the gates. */
static void withhold(const struct bench *b, struct bench_pool *p)
{
	p->verdicts = true;
	for (size_t i = 0; i < p->n; i++)
		p->verdicts &= p->results[i].verdicts;
	for (size_t a = 1; a < p->n_arms; a++)
		p->verdicts &=
			b->arms[a].role != BENCH_ROLE_COPY || p->arms[a].same != BENCH_SAME_NOT;
	for (size_t i = 0; !p->verdicts && i < p->n_arms * p->n_workloads; i++) {
		p->cells[i].verdict = BENCH_NO_VERDICT;
		p->cells[i].same = BENCH_SAME_NO_VERDICT;
	}
	for (size_t a = 1; !p->verdicts && a < p->n_arms; a++) {
		p->arms[a].verdict = BENCH_NO_VERDICT;
		p->arms[a].same = BENCH_SAME_NO_VERDICT;
		p->differ[a] = 0;
	}
}

/* Without folders, if the names differ. */
static void name_hosts(const char *const *files, struct bench_pool *p)
{
	bool same = false;

	for (size_t i = 0; i < p->n; i++) {
		for (size_t j = 0; j < i; j++)
			same |= !strcmp(path_base(files[i]), path_base(files[j]));
	}
	for (size_t i = 0; i < p->n; i++)
		strv_add(&p->names, same ? files[i] : path_base(files[i]));
}

int bench_pool_hosts(struct bench *const *hosts, const char *const *files, size_t n,
	struct bench_pool *ret, struct err *err)
{
	CLEANUP_BENCH_POOL struct bench_pool p = {0};

	*ret = p;
	if (check_hosts(hosts, files, n, err) < 0)
		return -1;
	p = (struct bench_pool){.n = n,
		.results = xcalloc(n, sizeof(*p.results)),
		.n_arms = hosts[0]->n_arms,
		.n_workloads = hosts[0]->n_workloads};
	name_hosts(files, &p);
	p.arms = xcalloc(p.n_arms, sizeof(*p.arms));
	p.cells = xcalloc(p.n_arms * p.n_workloads + 1, sizeof(*p.cells));
	p.differ = xcalloc(p.n_arms, sizeof(*p.differ));
	if (compute(hosts, &p, err) < 0)
		return -1;
	if (leave_out(hosts, &p) && compute(hosts, &p, err) < 0)
		return -1;
	for (size_t a = 1; a < p.n_arms; a++)
		pool_arm(&p, &hosts[0]->options, a);
	withhold(hosts[0], &p);
	*ret = p;
	p = (struct bench_pool){0};
	return 0;
}

void bench_pool_release(struct bench_pool *p)
{
	for (size_t i = 0; i < p->n; i++)
		bench_result_release(&p->results[i]);
	strv_release(&p->names);
	free(p->results);
	free(p->arms);
	free(p->cells);
	free(p->differ);
	*p = (struct bench_pool){0};
}
