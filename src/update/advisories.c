/* Known advisories, in the format of OSV and in that of Debian's security tracker.
 *
 * Ours are upstream's sources, without Debian's patches: a fix that Debian made in a revision of an
 * upstream version does not count, only the upstream version that has it. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/json.h"
#include "update/update-internal.h"

#define FILE_MAX ((size_t)512 << 20)

struct advisories {
	json_t **roots;
	size_t n;
};

/* Whom we ask about, and where the answers go. */
struct asking {
	const struct recipe *recipe;
	const char *version, *set;
	struct strv names;
	struct update_result *ret;
};

static void report(struct asking *a, const char *id, const char *summary, const char *fixed)
{
	for (size_t i = 0; i < a->ret->n_advisories; i++) {
		const struct advisory_row *r = &a->ret->advisories[i];

		if (!strcmp(r->package, a->recipe->name) && !strcmp(r->version, a->version) &&
			!strcmp(r->set, a->set) && !strcmp(r->id, id))
			return;
	}
	*ARRAY_ADD(a->ret->advisories, a->ret->n_advisories) =
		(struct advisory_row){.package = xstrdup(a->recipe->name),
			.version = xstrdup(a->version),
			.set = xstrdup(a->set),
			.id = xstrdup(id),
			.summary = xstrndup(summary ? summary : "", 300),
			.fixed = fixed ? xstrdup(fixed) : NULL};
}

/* What is known of one release or branch that has the package. */
struct fix {
	char *upstream; /* the upstream part of the version, or of the one that is fixed */
	bool open;      /* not fixed there */
	bool patched;   /* perhaps fixed by a patch of Debian's, upstream's file having the flaw */
};

struct fixes {
	struct fix *v;
	size_t n;
};

static void fixes_release(struct fixes *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].upstream);
	free(f->v);
}

/* "1:1.3.dfsg+really1.3.1-1" is 1.3.1. */
static char *upstream_part(const char *version)
{
	const char *colon = strchr(version, ':'), *start = colon ? colon + 1 : version;
	const char *really = strstr(start, "+really"), *dash, *cut;
	CLEANUP_FREE char *v = NULL;

	start = really ? really + strlen("+really") : start;
	dash = strrchr(start, '-');
	v = xstrndup(start, dash ? (size_t)(dash - start) : strlen(start));
	cut = strpbrk(v, "~");
	for (const char *mark = "+dfsg\0+ds\0"; *mark && !cut; mark += strlen(mark) + 1)
		cut = strstr(v, mark);
	return xstrndup(v, cut ? (size_t)(cut - v) : strlen(v));
}

/* Is it Debian's first revision of an upstream version ("-1", "-1~deb13u1")? Later ones may be
 * patched. */
static bool is_first(const char *version)
{
	const char *dash = strrchr(version, '-');
	size_t n;

	if (!dash)
		return true;
	n = strspn(dash + 1, "0123456789");
	if (n != 1 || dash[1] > '1')
		return false;
	return !dash[2] || ((dash[2] == '~' || dash[2] == '+') && ends_with(dash, "u1"));
}

static void fixes_add(struct fixes *f, const char *fixed, const char *has)
{
	struct fix *x = ARRAY_ADD(f->v, f->n);

	x->open = !fixed;
	x->upstream = upstream_part(fixed ? fixed : has ? has : "");
	x->patched = fixed && !is_first(fixed);
}

/* The versions of one's own series decide, if there are any; else it is fixed where it is nowhere
 * open and ours is the newest. Sets *fixed to what has the fix, if anything has. */
static bool is_affected(const struct fixes *f, const struct asking *a, const char **fixed)
{
	unsigned int n = a->recipe->releases.series;
	CLEANUP_FREE char *ours = version_series(a->version, n);
	bool own = false, own_affected = false, affected = false;

	*fixed = NULL;
	for (size_t i = 0; i < f->n; i++) {
		const struct fix *x = &f->v[i];
		CLEANUP_FREE char *series = version_series(x->upstream, n);
		int c = version_compare(a->version, x->upstream);
		bool bad = x->open || c < 0 || (c == 0 && x->patched);

		if (!strcmp(series, ours)) {
			own_affected = own ? own_affected && bad : bad;
			own = true;
			if (!x->open && c < 0)
				*fixed = x->upstream;
		} else if (bad && !own) {
			affected = true;
			if (!x->open && c < 0)
				*fixed = x->upstream;
		}
	}
	return own ? own_affected : affected;
}

static void judge_tracked(struct asking *a, const char *id, const json_t *issue)
{
	CLEANUP(fixes_release) struct fixes f = {0};
	json_t *releases = json_object_get(issue, "releases"), *release;
	const char *name, *fixed;

	json_object_foreach (releases, name, release) {
		json_t *repositories = json_object_get(release, "repositories");
		void *first = json_object_iter(repositories);
		const char *has = first ? json_string_value(json_object_iter_value(first)) : NULL;
		const char *status = json_word(release, "status");
		const char *urgency = json_word(release, "urgency");
		const char *in = json_word(release, "fixed_version");

		if (!status || (urgency && !strcmp(urgency, "unimportant")))
			continue;
		if (!strcmp(status, "resolved") && in && !strcmp(in, "0"))
			fixes_add(&f, has ? has : "0", NULL); /* never had it */
		else if (!strcmp(status, "resolved") && in)
			fixes_add(&f, in, NULL);
		else if (!strcmp(status, "open"))
			fixes_add(&f, NULL, has);
	}
	if (is_affected(&f, a, &fixed))
		report(a, id, json_word(issue, "description"), fixed);
}

/* {"openssl": {"CVE-2026-1": {"releases": …}}} */
static void judge_tracker(struct asking *a, json_t *root)
{
	json_t *issue;
	const char *id;

	for (size_t i = 0; i < a->names.n; i++)
		json_object_foreach (json_object_get(root, a->names.v[i]), id, issue)
			judge_tracked(a, id, issue);
}

static bool is_named(const struct asking *a, const char *name)
{
	CLEANUP_FREE char *plain = NULL;
	size_t n = name ? strlen(name) : 0;

	if (!n)
		return false;
	n -= ends_with(name, ".git") ? 4 : 0;
	plain = xstrndup(name, n);
	for (char *p = plain; *p; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
	return strv_has(&a->names, plain);
}

/* "v3.13.5", "openssl-3.5.6", "R_2_7_0" */
static bool is_version(const struct asking *a, const char *listed)
{
	CLEANUP_FREE char *v = xstrdup(listed + strcspn(listed, "0123456789"));

	for (char *p = v; *p; p++)
		*p = *p == '_' ? '.' : *p;
	return *v && version_compare(v, a->version) == 0;
}

/* Events in their order: from where on it is there, and from where on no longer. */
static bool in_range(const struct asking *a, const json_t *range, const char **fixed)
{
	json_t *event;
	bool affected = false;
	size_t i;

	json_array_foreach (json_object_get(range, "events"), i, event) {
		const char *from = json_word(event, "introduced"), *to = json_word(event, "fixed");
		const char *last = json_word(event, "last_affected");

		if (from && version_compare(a->version, from) >= 0)
			affected = true;
		if (to && version_compare(a->version, to) >= 0)
			affected = false;
		else if (to && affected && !*fixed)
			*fixed = to;
		if (last && version_compare(a->version, last) > 0)
			affected = false;
	}
	return affected;
}

/* Debian's versions: what is fixed where. */
static void add_fixes(const json_t *affected, struct fixes *f)
{
	json_t *range, *event;
	size_t i, k;

	json_array_foreach (json_object_get(affected, "ranges"), i, range) {
		const char *fixed = NULL;

		json_array_foreach (json_object_get(range, "events"), k, event)
			fixed = json_word(event, "fixed") ? json_word(event, "fixed") : fixed;
		fixes_add(f, fixed, NULL);
	}
}

static void judge_osv(struct asking *a, json_t *entry)
{
	const char *id = json_word(entry, "id"), *summary = json_word(entry, "summary");
	CLEANUP(fixes_release) struct fixes f = {0};
	const char *fixed = NULL;
	json_t *one, *range, *version;
	bool affected = false;
	size_t i, k;

	if (!id || json_object_get(entry, "withdrawn"))
		return;
	json_array_foreach (json_object_get(entry, "affected"), i, one) {
		json_t *package = json_object_get(one, "package");
		const char *ecosystem = json_word(package, "ecosystem");
		bool named = is_named(a, json_word(package, "name"));

		json_array_foreach (json_object_get(one, "ranges"), k, range)
			named |= is_named(a, json_word(range, "repo"));
		if (!named)
			continue;
		if (ecosystem && !strncmp(ecosystem, "Debian", 6)) {
			add_fixes(one, &f);
			continue;
		}
		json_array_foreach (json_object_get(one, "versions"), k, version)
			if (json_is_string(version))
				affected |= is_version(a, json_string_value(version));
		json_array_foreach (json_object_get(one, "ranges"), k, range) {
			const char *type = json_word(range, "type");

			if (type && strcmp(type, "GIT") != 0)
				affected |= in_range(a, range, &fixed);
		}
	}
	if (!affected)
		affected = f.n && is_affected(&f, a, &fixed);
	if (affected)
		report(a, id, summary ? summary : json_word(entry, "details"), fixed);
}

static void judge_list(struct asking *a, json_t *list)
{
	json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry)
		judge_osv(a, entry);
}

static bool is_osv(const json_t *root)
{
	return json_is_array(root) || json_object_get(root, "vulns") ||
	       json_is_string(json_object_get(root, "id"));
}

/* The tracker's values are objects of objects that have "releases". */
static bool is_tracker(json_t *root)
{
	void *package = json_object_iter(root);
	json_t *issues = package ? json_object_iter_value(package) : NULL;
	void *issue = json_object_iter(issues);

	return json_is_object(root) &&
	       (!package || (issue && json_is_object(json_object_get(
					      json_object_iter_value(issue), "releases"))));
}

int advisories_load(const struct strv *files, struct advisories **ret, struct err *err)
{
	CLEANUP(cleanup_advisories) struct advisories *a = xcalloc(1, sizeof(*a));

	for (size_t i = 0; i < files->n; i++) {
		CLEANUP_BUF struct buf text = BUF_INIT;
		json_error_t why;
		json_t *root;

		if (file_read(files->v[i], FILE_MAX, &text, err) < 0)
			return -1;
		root = json_loadb(text.data ? text.data : "", text.len, 0, &why);
		if (root)
			*ARRAY_ADD(a->roots, a->n) = root;
		if (!root)
			return err_set(err, ERR_INPUT, "'%s' is not JSON: line %d: %s", files->v[i],
				why.line, why.text);
		if (!is_osv(root) && !is_tracker(root)) {
			err_set(err, ERR_INPUT, "'%s' holds no advisories", files->v[i]);
			return err_hint(err,
				"an advisory or a list of them in OSV's format, or the file "
				"'json' of Debian's security tracker");
		}
	}
	*ret = steal(&a);
	return 0;
}

void advisories_free(struct advisories *a)
{
	for (size_t i = 0; a && i < a->n; i++)
		json_decref(a->roots[i]);
	if (a)
		free(a->roots);
	free(a);
}

void cleanup_advisories(struct advisories **a)
{
	advisories_free(*a);
}

void advisories_judge(const struct advisories *all, const struct recipe *r, const char *version,
	const char *set, struct update_result *ret)
{
	struct asking a = {.recipe = r, .version = version, .set = set, .ret = ret};
	CLEANUP_FREE char *series = version_series(version, 2);
	const char *tags = r->releases.upstream.tags;
	struct words w = {0};

	snprintf(w.version, sizeof(w.version), "%s", version);
	snprintf(w.series, sizeof(w.series), "%s", series);
	strv_add(&a.names, r->name);
	if (tags)
		strv_addf(&a.names, "%.*s", (int)(strlen(tags) - (ends_with(tags, ".git") ? 4 : 0)),
			tags);
	for (size_t i = 0; i < r->releases.names.n; i++)
		strv_take(&a.names, form_fill(r->releases.names.v[i], &w));
	for (size_t i = 0; i < all->n; i++) {
		json_t *root = all->roots[i];

		if (json_is_array(root))
			judge_list(&a, root);
		else if (json_object_get(root, "vulns"))
			judge_list(&a, json_object_get(root, "vulns"));
		else if (is_osv(root))
			judge_osv(&a, root);
		else
			judge_tracker(&a, root);
	}
	strv_release(&a.names);
}
