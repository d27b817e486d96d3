#include "cpython/sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tar/tar.h"
#include "base/file.h"
#include "base/interrupt.h"

#define CANDIDATES_MAX 32
#define HEADER_MAX (1u << 20)
#define LOCK_POLL_US 100000

/* The fetch room's view of a locked source; valid as long as the lock. */
static struct source as_source(const struct lock_entry *e)
{
	return (struct source){.package = e->package,
		.version = e->version,
		.urls = (const char *const *)e->urls.v,
		.size = e->size,
		.sha256 = e->sha256,
		.file = path_base(e->urls.v[0])};
}

/* A choice under way. */
struct chooser {
	const struct sources_options *o;
	struct sources *s;
	bool stored_only; /* consider nothing but what is downloaded */
};

bool sources_is_stored(const struct cache *cache, const struct lock_entry *e)
{
	CLEANUP_FREE char *path = cache_source(cache, e->sha256, path_base(e->urls.v[0]));

	return path_exists(path);
}

static const char *const sets[] = {"upstream", "debian"};

/* Says what this set has, what another one has, and why that one was not taken. */
static int none_locked(
	const struct chooser *c, const char *package, const char *wanted, struct err *err)
{
	const struct lock *l = c->s->lock;
	const struct lock_entry *all[CANDIDATES_MAX];
	size_t n = lock_find(l, package, NULL, all, ARRAY_SIZE(all));
	CLEANUP_BUF struct buf list = BUF_INIT, text = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		buf_addf(&list, "%s%s", i ? ", " : "", all[i]->version);
	buf_addf(&text, "the source set '%s' has no %s%s%s", l->set, package, wanted ? "@" : "",
		wanted ? wanted : "");
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		CLEANUP(cleanup_lock) struct lock *other = NULL;
		const struct lock_entry *found[CANDIDATES_MAX];

		if (!strcmp(sets[i], l->set))
			continue;
		if (lock_load(c->o->recipes, sets[i], &other, err) < 0)
			return -1;
		if (!lock_find(other, package, wanted, found, ARRAY_SIZE(found)))
			continue;
		buf_addf(&text, "; '%s' has %s", other->set, found[0]->version);
		if (!strcmp(c->o->set, "auto") && c->s->reason)
			buf_addf(&text, ", but %s", c->s->reason);
	}
	err_set(err, ERR_INPUT, "%s", text.data);
	return err_hint(err,
		n ? "it has %s %s; 'solder list versions' lists all"
		  : "'solder list packages' lists what there is%s%s",
		n ? package : "", n ? list.data : "");
}

/* The newest version that can be had. Places are asked only when there is a choice. */
static int choose_version(const struct chooser *c, const char *package, const char *wanted,
	const struct lock_entry **ret, struct err *err)
{
	const struct lock_entry *found[CANDIDATES_MAX];
	size_t n = lock_find(c->s->lock, package, wanted, found, ARRAY_SIZE(found)), i = 0;
	size_t last = c->stored_only ? n : n - 1;
	CLEANUP_FREE char *why = NULL;

	if (!n)
		return none_locked(c, package, wanted, err);
	for (; i < last && !sources_is_stored(c->o->cache, found[i]); i++) {
		CLEANUP_FREE char *reason = NULL;

		if (!c->o->offline && !c->stored_only &&
			fetch_probe(c->o->fetcher, found[i]->urls.v[0], &reason))
			break;
		if (!why)
			why = reason ? steal(&reason) : xstrdup("it is not downloaded");
	}
	if (i == n || (i && c->stored_only && !c->o->offline))
		return err_set(err, ERR_INPUT, "%s is not downloaded", package);
	/* Nothing is there: what is missing is the newest. */
	if (c->o->offline && !sources_is_stored(c->o->cache, found[i]))
		i = 0;
	if (i)
		progress_warn(c->o->progress,
			"%s %s, the newest locked, cannot be had (%s); taking %s", package,
			found[0]->version, why, found[i]->version);
	*ret = found[i];
	return 0;
}

static void add_chosen(struct sources *s, struct recipe *recipe, const struct lock_entry *e)
{
	s->chosen = xreallocarray(s->chosen, s->n + 1, sizeof(*s->chosen));
	s->chosen[s->n++] =
		(struct chosen){.recipe = recipe, .lock = e, .version = e ? e->version : NULL};
}

static bool has_chosen(const struct sources *s, const char *package)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!strcmp(s->chosen[i].recipe->name, package))
			return true;
	}
	return false;
}

/* Adds a package and, before it, what it depends on. */
static int add_package(const struct chooser *c, const char *name, int depth, struct err *err)
{
	CLEANUP(cleanup_recipe) struct recipe *r = NULL;
	const struct lock_entry *e;

	if (has_chosen(c->s, name))
		return 0;
	if (depth > 16)
		return err_set(err, ERR_INPUT, "the recipe '%s' depends on itself", name);
	if (recipe_load(c->o->recipes, name, &r, err) < 0 ||
		choose_version(c, name, NULL, &e, err) < 0)
		return -1;
	for (size_t i = 0; i < r->depends.n; i++) {
		CLEANUP_FREE char *need = cpython_dependency(r->depends.v[i], e->version);

		if (need && add_package(c, need, depth + 1, err) < 0)
			return -1;
	}
	add_chosen(c->s, steal(&r), e);
	return 0;
}

/* The version that a CPython tree says it is: PY_VERSION of Include/patchlevel.h. */
static int tree_version(const char *dir, char **version, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/Include/patchlevel.h", dir);
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *p;

	if (file_read(path, HEADER_MAX, &text, err) < 0) {
		err_set(err, ERR_INPUT, "'%s' is not a source tree of CPython", dir);
		return err_hint(err, "it should hold Include/patchlevel.h");
	}
	p = strstr(text.data, "#define PY_VERSION ");
	p = p ? strchr(p, '"') : NULL;
	if (!p)
		return err_set(err, ERR_INPUT, "'%s' does not say its version", path);
	*version = xstrndup(p + 1, strcspn(p + 1, "\"+"));
	return 0;
}

/* An archive must be unpacked to see the version; the answer is kept by digest. */
static int archive_version(const struct sources_options *o, const char *path, const char *digest,
	char **version, struct err *err)
{
	CLEANUP_FREE char *sources = cache_sources(o->cache);
	CLEANUP_FREE char *note = xasprintf("%s/%s.version", sources, digest);
	CLEANUP_FREE char *id = xasprintf("source-%.16s", digest);
	CLEANUP_FREE char *work = NULL, *src = NULL;
	CLEANUP_BUF struct buf known = BUF_INIT;
	struct err ignored = ERR_INIT;
	CLEANUP_CLOSE int lock = -1;
	uint64_t start = clock_ns();
	int failed;

	while ((failed = cache_lock(o->cache, id, &lock, err)) == 0) {
		if (interrupt_check(err) < 0 || cache_lock_waited(o->cache, id, start, err) < 0)
			return -1;
		usleep(LOCK_POLL_US);
	}
	if (failed < 0)
		return -1;
	if (file_read(note, 64, &known, &ignored) == 0) {
		*version = buf_steal(&known);
		return 0;
	}
	if (cache_work(o->cache, id, &work, err) < 0)
		return -1;
	src = xasprintf("%s/src", work);
	failed = tar_extract(path, src, 1, NULL, err) < 0 || tree_version(src, version, err) < 0;
	cache_work_remove(o->cache, work);
	if (failed)
		return -1;
	return file_write(note, *version, strlen(*version), 0644, err);
}

static int use_own_source(
	const struct sources_options *o, struct sources *s, struct chosen *c, struct err *err)
{
	int failed;

	if (access(o->source, R_OK) < 0 && errno == EACCES)
		return err_sys(err, "cannot read the source '%s'", o->source);
	if (!path_exists(o->source))
		return err_set(err, ERR_INPUT, "there is no '%s'", o->source);
	/* Whether it is CPython at all comes first: a digest of a home folder takes hours. */
	if (path_is_dir(o->source))
		failed = tree_version(o->source, &s->version, err) < 0 ||
			 tree_digest(o->source, c->source_digest, err) < 0;
	else
		failed = sha256_file(o->source, c->source_digest, NULL, err) < 0 ||
			 archive_version(o, o->source, c->source_digest, &s->version, err) < 0;
	if (failed)
		return err_wrap(err, "reading the source '%s'", o->source);
	c->source = o->source;
	c->version = s->version;
	if (o->wanted && !version_in_series(c->version, o->wanted))
		return err_set(err, ERR_INPUT, "'%s' is CPython %s, not %s", o->source, c->version,
			o->wanted);
	return 0;
}

/* Settles everything but the set. With `stored_only` nothing but downloaded files is considered. */
static int choose_packages(
	const struct sources_options *o, bool stored_only, struct sources *ret, struct err *err)
{
	CLEANUP(cleanup_recipe) struct recipe *r = NULL;
	const char *wanted = o->wanted ? o->wanted : CPYTHON_DEFAULT;
	const struct lock_entry *e = NULL;
	struct chosen own = {0};
	struct chooser c = {o, ret, stored_only};

	if (recipe_load(o->recipes, "cpython", &r, err) < 0)
		return -1;
	if (o->source && use_own_source(o, ret, &own, err) < 0)
		return -1;
	if (!o->source && choose_version(&c, "cpython", wanted, &e, err) < 0)
		return -1;
	for (size_t i = 0; i < r->depends.n; i++) {
		CLEANUP_FREE char *need =
			cpython_dependency(r->depends.v[i], e ? e->version : own.version);

		if (need && add_package(&c, need, 0, err) < 0)
			return -1;
	}
	add_chosen(ret, NULL, e);
	if (!e)
		ret->chosen[ret->n - 1] = own;
	ret->chosen[ret->n - 1].recipe = steal(&r);
	return 0;
}

/* Succeeds if all that a build from this set takes is downloaded. */
static int try_stored(
	const struct sources_options *o, const char *set, struct sources *ret, struct err *err)
{
	if (lock_load(o->recipes, set, &ret->lock, err) == 0 &&
		choose_packages(o, true, ret, err) == 0) {
		ret->reason = xstrdup("its files are downloaded already");
		return 0;
	}
	sources_release(ret);
	return -1;
}

/* "auto": upstream if its hosts answer, else Debian's. */
static int choose_set(const struct sources_options *o, struct sources *s, struct err *err)
{
	const struct lock_entry *asked[CANDIDATES_MAX];
	CLEANUP_FREE char *why = NULL;

	if (strcmp(o->set, "auto")) {
		s->reason = xstrdup("as asked for");
		return lock_load(o->recipes, o->set, &s->lock, err);
	}
	if (o->offline) {
		err_set(err, ERR_INPUT,
			"no source set is downloaded completely, and --offline "
			"forbids downloading the rest");
		return err_hint(err, "run 'solder fetch' while there is a network");
	}
	if (lock_load(o->recipes, "upstream", &s->lock, err) < 0)
		return -1;
	lock_find(s->lock, "cpython", NULL, asked, ARRAY_SIZE(asked));
	if (fetch_probe(o->fetcher, asked[0]->urls.v[0], &why)) {
		s->reason = xstrdup("its hosts answer");
		return 0;
	}
	lock_free(steal(&s->lock));
	s->reason = xasprintf("upstream does not answer: %s", why);
	return lock_load(o->recipes, "debian", &s->lock, err);
}

int sources_import(const struct sources_options *o, const char *dir, size_t *n, struct err *err)
{
	*n = 0;
	if (!path_is_dir(dir))
		return err_set(err, ERR_INPUT, "there is no folder '%s'", dir);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		CLEANUP(cleanup_lock) struct lock *lock = NULL;

		if (lock_load(o->recipes, sets[i], &lock, err) < 0)
			return -1;
		for (size_t j = 0; j < lock->n; j++) {
			struct source source = as_source(&lock->entries[j]);
			CLEANUP_FREE char *path = xasprintf("%s/%s", dir, source.file);

			if (!path_exists(path))
				continue;
			if (fetch_import(o->fetcher, &source, dir, err) < 0)
				return -1;
			++*n;
		}
	}
	return 0;
}

int sources_choose(const struct sources_options *o, struct sources *ret, struct err *err)
{
	*ret = (struct sources){0};
	for (size_t i = 0; !strcmp(o->set, "auto") && i < ARRAY_SIZE(sets); i++) {
		struct err ignored = ERR_INIT;

		if (try_stored(o, sets[i], ret, &ignored) == 0)
			return 0;
		/* A recipe with an error must not pass for a set that is not downloaded. */
		if (ignored.code == ERR_INPUT && strstr(ignored.msg, ".yaml:")) {
			*err = ignored;
			return -1;
		}
	}
	if (choose_set(o, ret, err) < 0)
		return -1;
	return choose_packages(o, false, ret, err);
}

void sources_release(struct sources *s)
{
	for (size_t i = 0; i < s->n; i++)
		recipe_free(s->chosen[i].recipe);
	free(s->chosen);
	free(s->reason);
	free(s->version);
	lock_free(s->lock);
	*s = (struct sources){0};
}

int sources_fetch(struct plan *plan, struct fetcher *f, struct err *err)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct step *s = plan->steps[i];

		if (s->cached || !s->lock || s->source)
			continue;
		struct source source = as_source(s->lock);

		if (fetch_source(f, &source, &s->source, err) < 0)
			return -1;
	}
	return 0;
}

int sources_fetch_all(
	const struct sources *s, struct fetcher *f, struct strv *paths, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		CLEANUP_FREE char *path = NULL;

		if (!s->chosen[i].lock)
			continue;
		struct source source = as_source(s->chosen[i].lock);

		if (fetch_source(f, &source, &path, err) < 0)
			return -1;
		if (paths)
			strv_add(paths, path);
	}
	return 0;
}
