/* Keys: which steps have to run, and why.
 *
 * Each step has a list of labelled lines, "CFLAGS=-O3", "file link.sh=9f86…", "needs
 * openssl=1a2b…": everything that its result depends on. The digest of the lines is its key; name
 * and key identify its cache entry. The key of each need is one of the lines, so a change
 * propagates to all steps that depend on it, and no further. The lines are kept in the entry: to
 * explain why a step runs, they are compared with those of the most recently used entry of the same
 * name.
 */
#include "plan/plan.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/term.h"
#include "plan/record.h"

/* Part of every key: raised when the meaning of a step's folder or environment changes, or the
 * choice of needs to merge or view. */
#define ENGINE_REVISION "2"

struct step *plan_add(struct plan *p, const char *name, const char *title)
{
	struct step *s = xcalloc(1, sizeof(*s));

	s->name = xstrdup(name);
	s->title = xstrdup(title);
	*ARRAY_ADD(p->steps, p->n) = s;
	return s;
}

static void step_free(struct step *s)
{
	free(s->name);
	free(s->title);
	free(s->source);
	free(s->script);
	free(s->reason);
	free(s->failure);
	free(s->system);
	strv_release(&s->files);
	strv_release(&s->env);
	strv_release(&s->inputs);
	strv_release(&s->programs);
	free(s);
}

void plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->n && !p->joined; i++)
		step_free(p->steps[i]);
	free(p->steps);
	*p = (struct plan){0};
}

struct step *plan_find(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		if (!strcmp(p->steps[i]->name, name))
			return p->steps[i];
	}
	return NULL;
}

void step_need(struct step *s, const struct step *need, bool merge)
{
	if (s->n_needs == ARRAY_SIZE(s->needs))
		bug("step '%s' needs too many others", s->name);
	s->merge[s->n_needs] = merge;
	s->needs[s->n_needs++] = need;
}

void step_view(struct step *s, const char *name, const struct step *need, const char *below)
{
	if (s->n_views == ARRAY_SIZE(s->views))
		bug("step '%s' has too many views", s->name);
	s->views[s->n_views].name = name;
	s->views[s->n_views].step = need;
	s->views[s->n_views++].below = below;
	step_need(s, need, false);
}

void step_file(struct step *s, const char *path, const char *name)
{
	for (size_t i = 0; i < s->files.n; i += 2)
		if (!strcmp(s->files.v[i + 1], name))
			return;
	strv_add(&s->files, path);
	strv_add(&s->files, name);
}

void step_tools(const struct step *s, struct strv *paths)
{
	for (size_t i = 0; i < s->env.n; i++) {
		const char *value = strchr(s->env.v[i], '=');
		struct stat st;

		if (value && value[1] == '/' && stat(value + 1, &st) == 0 && S_ISREG(st.st_mode) &&
			!strv_has(paths, value + 1))
			strv_add(paths, value + 1);
	}
}

void step_input(struct step *s, const char *fmt, ...)
{
	CLEANUP_FREE char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	line = xvasprintf(fmt, ap);
	va_end(ap);
	for (char *p = line; *p; p++) {
		if (*p == '\n')
			*p = ' ';
	}
	strv_add(&s->inputs, line);
}

/* The value of the line with the same label as `line`, or NULL if there is none. */
static const char *find_label(const struct strv *lines, const char *line)
{
	size_t n = strcspn(line, "=") + 1;

	for (size_t i = 0; i < lines->n; i++) {
		if (!strncmp(lines->v[i], line, n))
			return lines->v[i] + n;
	}
	return NULL;
}

/* Why a step's key differs from its most recently used entry: the first line that differs. */
static char *why_run(const struct step *s, const struct cache *cache, const char *latest)
{
	CLEANUP_STRV struct strv lines = STRV_INIT;

	if (!latest || !cache_inputs(cache, latest, &lines))
		return xstrdup("never built");
	for (size_t i = 0; i < s->inputs.n; i++) {
		const char *line = s->inputs.v[i], *before = find_label(&lines, line);
		int n = (int)strcspn(line, "=");
		const char *after = line + n + 1;

		if (!before)
			return xasprintf("%.*s is new", n, line);
		if (!strcmp(before, after))
			continue;
		/* Digests mean nothing to people; other values are shown if they are short. */
		if ((strlen(after) >= 16 && strspn(after, "0123456789abcdef") == strlen(after)) ||
			strlen(before) + strlen(after) > 60)
			return xasprintf("%.*s changed", n, line);
		return xasprintf("%.*s was '%s', now '%s'", n, line, before, after);
	}
	for (size_t i = 0; i < lines.n; i++) {
		if (!find_label(&s->inputs, lines.v[i]))
			return xasprintf("%.*s is gone", (int)strcspn(lines.v[i], "="), lines.v[i]);
	}
	return xstrdup("its inputs were reordered");
}

/* Decides whether a step is reused: only if the cache has an intact entry under its key. */
static int settle_step(struct step *s, const struct cache *cache, struct err *err)
{
	CLEANUP_FREE char *text = NULL, *wrong = NULL;
	CLEANUP_STRV struct strv entries = STRV_INIT;
	const char *latest;
	char hex[SHA256_HEX_SIZE];

	if (strlen(s->name) > 64)
		return err_set(err, ERR_INPUT, "the name '%s' is too long", s->name);
	step_input(s, "engine=" ENGINE_REVISION);
	sha256_hex(s->script, strlen(s->script), hex);
	step_input(s, "script=%s", hex);
	for (size_t i = 0; i < s->files.n; i += 2) {
		if (!record_takes_path(s->files.v[i + 1]))
			return err_set(err, ERR_INPUT, "%s: '%s' is not below the recipe's folder",
				s->title, s->files.v[i + 1]);
		if (sha256_file(s->files.v[i], hex, NULL, err) < 0)
			return -1;
		step_input(s, "file %s=%s", s->files.v[i + 1], hex);
	}
	for (size_t i = 0; i < s->env.n; i++)
		step_input(s, "%s", s->env.v[i]);
	for (size_t i = 0; i < s->n_needs; i++)
		step_input(s, "needs %s=%s", s->needs[i]->name, strrchr(s->needs[i]->id, '-') + 1);
	text = strv_join(&s->inputs, "\n");
	sha256_hex(text, strlen(text), hex);
	snprintf(s->id, sizeof(s->id), "%s-%.16s", s->name, hex);
	s->cached = cache_use(cache, s->id, &wrong);
	s->damaged = wrong != NULL;
	cache_entries(cache, s->name, &entries);
	latest = s->cached ? s->id : entries.n ? entries.v[0] : NULL;
	s->reason = s->cached    ? xstrdup("same inputs as before")
		    : s->damaged ? xasprintf("the cache entry is damaged: %s", wrong)
				 : why_run(s, cache, latest);
	s->estimate = latest ? cache_took(cache, latest) : 0;
	return 0;
}

int plan_settle(struct plan *p, const struct cache *cache, struct err *err)
{
	for (size_t i = 0; i < p->n; i++)
		if (settle_step(p->steps[i], cache, err) < 0)
			return -1;
	return 0;
}

static struct step *find_id(const struct plan *p, const char *id)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->steps[i]->id, id))
			return p->steps[i];
	return NULL;
}

void plan_join(struct plan *all, struct plan *p)
{
	all->joined = true;
	for (size_t i = 0; i < p->n; i++) {
		struct step *s = p->steps[i];

		s->same = find_id(all, s->id);
		if (s->same)
			continue;
		for (size_t k = 0; k < s->n_needs; k++)
			if (s->needs[k]->same)
				s->needs[k] = s->needs[k]->same;
		*ARRAY_ADD(all->steps, all->n) = s;
	}
}

void plan_share(struct plan *p, const char *system)
{
	for (size_t i = 0; i < p->n; i++) {
		struct step *s = p->steps[i];
		CLEANUP_BUF struct buf text = BUF_INIT;

		for (size_t k = 0; k < s->inputs.n; k++)
			buf_addf(&text, "%s\n", s->inputs.v[k]);
		buf_addf(&text, "%s\n", system);
		for (size_t k = 0; k < s->n_needs; k++)
			buf_addf(&text, "needs %s=%s\n", s->needs[k]->name, s->needs[k]->shared);
		sha256_hex(text.data, text.len, s->shared);
		free(s->system);
		s->system = xstrdup(system);
	}
}

bool step_is_shared(const struct step *s, const struct cache *cache)
{
	CLEANUP_FREE char *noted = cache_shared(cache, s->id);

	return noted && !strcmp(noted, s->shared);
}

static uint64_t step_left(const struct step *s, uint64_t now)
{
	uint64_t spent = s->started ? now - s->started : 0;

	return s->cached || spent > s->estimate ? 0 : s->estimate - spent;
}

struct plan_outlook plan_look(const struct plan *p, unsigned int jobs)
{
	CLEANUP_FREE uint64_t *ends = xcalloc(p->n + 1, sizeof(*ends));
	struct plan_outlook o = {0};
	uint64_t sum = 0, now = clock_ns();

	/* The longest chain, or the sum divided by the number of jobs, whichever is larger. */
	for (size_t i = 0; i < p->n; i++) {
		const struct step *s = p->steps[i];

		for (size_t k = 0; k < i; k++) {
			for (size_t d = 0; d < s->n_needs; d++) {
				if (s->needs[d] == p->steps[k] && ends[k] > ends[i])
					ends[i] = ends[k];
			}
		}
		ends[i] += step_left(s, now);
		sum += step_left(s, now);
		o.left = ends[i] > o.left ? ends[i] : o.left;
		o.steps += !s->cached;
		o.unknown += !s->cached && !s->estimate;
	}
	if (jobs && sum / jobs > o.left)
		o.left = sum / jobs;
	return o;
}

char *plan_outlook_text(const struct plan *p, unsigned int jobs)
{
	struct plan_outlook o = plan_look(p, jobs);
	CLEANUP_BUF struct buf text = BUF_INIT;
	char about[32];

	format_duration(about, o.left);
	buf_addf(&text, "%zu step%s to run, %zu from the cache", o.steps, plural(o.steps),
		p->n - o.steps);
	if (o.left)
		buf_addf(&text, ", about %s", about);
	if (o.unknown)
		buf_addf(&text, "%s%zu never built", o.left ? " and what is unknown: " : ", ",
			o.unknown);
	return buf_steal(&text);
}

void plan_explain(const struct plan *p, FILE *out)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct step *s = p->steps[i];
		char about[32] = "";

		if (!s->cached && s->estimate)
			format_duration(about, s->estimate);
		term_line(out, "%-6s %-26s %s%s%s%s", s->cached ? "reuse" : "run", s->title,
			s->reason, *about ? " (about " : "", about, *about ? ")" : "");
	}
}
