/* Chooses the sources of a build: the set, the versions, and where the files are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/data.h"
#include "base/file.h"
#include "cpython/cpython-internal.h"
#include "tar/tar.h"

#define CANDIDATES_MAX 32
#define DEPTH_MAX 16
#define HEADER "Include/patchlevel.h"
#define HEADER_MAX (1u << 20)
/* Built by default: that to which the locked profiles belong, else the newest of its series. */
#define DEFAULT_VERSION "3.13.15"
#define DEFAULT_SERIES "3.13"
/* Older ones build their modules by setup.py, have no getpath.py, and link the interpreter in a way
 * of their own. */
#define OLDEST "3.11"

/* A locked source as the fetch room wants it; valid as long as the lock. */
static struct source as_source(const struct lock_entry *e)
{
	return (struct source){.package = e->package,
		.version = e->version,
		.urls = (const char *const *)e->urls.v,
		.size = e->size,
		.sha256 = e->sha256,
		.file = path_base(e->urls.v[0])};
}

bool sources_has(const struct cache *cache, const struct lock_entry *e)
{
	CLEANUP_FREE char *path = cache_source(cache, e->sha256, path_base(e->urls.v[0]));

	return path_exists(path);
}

/* Reports what this set has, what another one has, and why that one was not used. */
static int none_locked(
	const struct cpython_build *b, const char *package, const char *wanted, struct err *err)
{
	const struct lock *l = b->sources.lock;
	const struct lock_entry *all[CANDIDATES_MAX], *found[CANDIDATES_MAX];
	size_t n = lock_find(l, package, NULL, all, ARRAY_SIZE(all));
	CLEANUP_BUF struct buf list = BUF_INIT, text = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		buf_addf(&list, "%s%s", i ? ", " : "", all[i]->version);
	buf_addf(&text, "the source set '%s' has no %s%s%s", l->set, package, wanted ? "@" : "",
		wanted ? wanted : "");
	for (size_t i = 0; i < N_LOCK_SETS; i++) {
		CLEANUP(cleanup_lock) struct lock *other = NULL;

		if (!strcmp(lock_sets[i], l->set))
			continue;
		if (lock_load(b->recipes, lock_sets[i], &other, err) < 0)
			return -1;
		if (!lock_find(other, package, wanted, found, ARRAY_SIZE(found)))
			continue;
		buf_addf(&text, "; '%s' has %s", other->set, found[0]->version);
		if (!strcmp(b->request.sources, "auto") && b->sources.reason)
			buf_addf(&text, ", but %s", b->sources.reason);
	}
	err_set(err, ERR_INPUT, "%s", text.data);
	if (!n)
		return err_hint(err, "'solder list packages' lists what there is");
	return err_hint(err, "it has %s %s; 'solder list versions' lists all", package, list.data);
}

/* The newest available version. Hosts are only probed if there is a choice. 1: not downloaded (with
 * `stored_only`). */
static int choose_version(const struct cpython_build *b, bool stored_only, const char *package,
	const char *wanted, const struct lock_entry **ret, struct err *err)
{
	const struct lock_entry *found[CANDIDATES_MAX];
	size_t n = lock_find(b->sources.lock, package, wanted, found, ARRAY_SIZE(found)), i = 0;
	size_t last = stored_only ? n : n - 1;
	bool offline = b->request.offline;
	CLEANUP_FREE char *why = NULL;

	if (!n)
		return stored_only ? 1 : none_locked(b, package, wanted, err);
	for (; i < last && !sources_has(b->cache, found[i]); i++) {
		CLEANUP_FREE char *reason = NULL;

		if (!offline && !stored_only &&
			fetch_probe(b->fetcher, found[i]->urls.v[0], &reason))
			break;
		if (!why)
			why = reason ? steal(&reason) : xstrdup("it is not downloaded");
	}
	if (i == n || (i && stored_only && !offline))
		return 1;
	/* None is downloaded: report the newest as missing. */
	if (offline && !sources_has(b->cache, found[i]))
		i = 0;
	if (i)
		progress_warn(b->progress,
			"%s %s, the newest locked, cannot be had (%s); taking %s", package,
			found[0]->version, why, found[i]->version);
	*ret = found[i];
	return 0;
}

#define LIBC "libc="
/* Splits an entry of `depends` ("zstd>=3.14": from that version of CPython on; "zlib-ng if
 * zlib=ng": with that option; "musl if libc=musl": for targets with that C library), and returns 1
 * if it applies, 0 if not. The caller frees *name. */
static int read_depends(const struct cpython_build *b, const struct recipe *of, const char *listed,
	const char *version, char **name, struct err *err)
{
	const char *when = strstr(listed, " if ");
	CLEANUP_FREE char *package =
		xstrndup(listed, when ? (size_t)(when - listed) : strlen(listed));
	size_t n = strcspn(package, "<>=");
	bool applies = version_matches(version, package[n] ? package + n : NULL);

	if (when) {
		const char *word = when + strlen(" if ");
		int says = !strncmp(word, LIBC, strlen(LIBC))
				   ? !strcmp(word + strlen(LIBC), target_libc(b->target))
				   : cpython_option_says(&b->request.options, word);

		if (says < 0)
			return err_set(err, ERR_INPUT,
				"the recipe '%s' depends on '%s': '%s' is not a build option and its value",
				of->name, listed, word);
		applies &= says;
	}
	*name = xstrndup(package, n);
	return applies;
}

/* Adds a recipe's dependencies at this version, each preceded by its own. 1 as for
 * choose_version(). */
static int add_depends(struct cpython_build *b, bool stored_only, const struct recipe *of,
	const char *version, int depth, struct err *err)
{
	if (depth > DEPTH_MAX)
		return err_set(err, ERR_INPUT, "the recipe '%s' depends on itself", of->name);
	for (size_t i = 0; i < of->depends.n; i++) {
		CLEANUP_FREE char *name = NULL;
		CLEANUP(cleanup_recipe) struct recipe *r = NULL;
		const struct lock_entry *e;
		int got = read_depends(b, of, of->depends.v[i], version, &name, err);
		size_t k = 0;

		if (got < 0)
			return -1;
		if (got == 0)
			continue;
		while (k < b->sources.n && strcmp(b->sources.chosen[k].recipe->name, name) != 0)
			k++;
		if (k < b->sources.n)
			continue;
		if (recipe_load(b->recipes, name, &r, err) < 0)
			return -1;
		got = choose_version(b, stored_only, name, NULL, &e, err);
		if (got == 0)
			got = add_depends(b, stored_only, r, e->version, depth + 1, err);
		if (got != 0)
			return got;
		*ARRAY_ADD(b->sources.chosen, b->sources.n) =
			(struct chosen){.recipe = steal(&r), .lock = e, .version = e->version};
	}
	return 0;
}

int source_file(const char *source, const char *name, size_t max, struct buf *text, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", source, name);
	struct err ignored = ERR_INIT;

	return path_is_dir(source) ? file_read(path, max, text, &ignored) == 0
				   : tar_member(source, name, max, text, err);
}

/* Uses the user's own CPython, a folder or tarball: reads its version, PY_VERSION in a header, and
 * its digest. */
static int use_own_source(
	const struct cpython_request *q, struct chosen *c, char **version, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	bool folder = path_is_dir(q->source);
	const char *p;
	int got;

	if (access(q->source, R_OK) < 0 && errno == EACCES)
		return err_sys(err, "cannot read the source '%s'", q->source);
	if (!path_exists(q->source))
		return err_set(err, ERR_INPUT, "there is no '%s'", q->source);
	if (!folder && sha256_file(q->source, c->source_digest, NULL, err) < 0)
		return err_wrap(err, "reading the source '%s'", q->source);
	got = source_file(q->source, HEADER, HEADER_MAX, &text, err);
	if (got < 0)
		return err_wrap(err, "reading the source '%s': cannot unpack it", q->source);
	p = got ? strstr(text.data, "#define PY_VERSION ") : NULL;
	p = p ? strchr(p, '"') : NULL;
	if (!p) {
		err_set(err, ERR_INPUT,
			"reading the source '%s': '%s' is not a source tree of CPython", q->source,
			q->source);
		return err_hint(err, "it should hold " HEADER);
	}
	c->version = *version = xstrndup(p + 1, strcspn(p + 1, "\"+"));
	if (!version_matches(c->version, ">=" OLDEST)) {
		err_set(err, ERR_UNSUPPORTED, "'%s' is CPython %s, which setup.py builds",
			q->source, c->version);
		return err_hint(err, "the recipe builds " OLDEST " and newer ones");
	}
	/* Only now: digesting a home folder given by mistake takes hours. */
	if (folder && tree_digest(q->source, c->source_digest, err) < 0)
		return err_wrap(err, "reading the source '%s'", q->source);
	c->source = q->source;
	if (q->version && !version_in_series(c->version, q->version))
		return err_set(err, ERR_INPUT, "'%s' is CPython %s, not %s", q->source, c->version,
			q->version);
	return 0;
}

/* Settles everything but the set. With `stored_only` considers only downloaded files, and returns 1
 * if one is missing. */
static int choose_packages(
	struct cpython_build *b, bool stored_only, const struct chosen *own, struct err *err)
{
	const struct lock_entry *usual[1];
	const char *standard = lock_find(b->sources.lock, "cpython", DEFAULT_VERSION, usual, 1)
				       ? DEFAULT_VERSION
				       : DEFAULT_SERIES;
	const char *wanted = b->request.version ? b->request.version : standard;
	CLEANUP(cleanup_recipe) struct recipe *r = NULL;
	const struct lock_entry *e = NULL;
	struct chosen cpython = *own;
	int got = 0;

	if (recipe_load(b->recipes, "cpython", &r, err) < 0)
		return -1;
	if (!own->source) {
		got = choose_version(b, stored_only, "cpython", wanted, &e, err);
		if (got != 0)
			return got;
		cpython.lock = e;
		cpython.version = e->version;
	}
	got = add_depends(b, stored_only, r, cpython.version, 0, err);
	if (got != 0)
		return got;
	cpython.recipe = steal(&r);
	*ARRAY_ADD(b->sources.chosen, b->sources.n) = cpython;
	return 0;
}

static void forget_choice(struct sources *s)
{
	for (size_t i = 0; i < s->n; i++)
		recipe_free(s->chosen[i].recipe);
	free(steal(&s->chosen));
	s->n = 0;
	free(steal(&s->reason));
	lock_free(steal(&s->lock));
}

void sources_release(struct sources *s)
{
	forget_choice(s);
	free(s->version);
	*s = (struct sources){0};
}

int sources_choose(struct cpython_build *b, struct err *err)
{
	const struct lock_entry *asked[CANDIDATES_MAX];
	bool automatic = !strcmp(b->request.sources, "auto");
	const char *set = automatic ? "upstream" : b->request.sources;
	struct sources *s = &b->sources;
	CLEANUP_FREE char *why = NULL;
	struct chosen own = {0};

	if (b->request.source) {
		CLEANUP_FREE char *features = NULL;

		if (use_own_source(&b->request, &own, &s->version, err) < 0)
			return -1;
		features = source_features(own.source);
		progress_say(
			b->progress, "'%s' is CPython %s %s", own.source, own.version, features);
	}
	/* A completely downloaded set is used without asking the network. */
	for (size_t i = 0; automatic && i < N_LOCK_SETS; i++) {
		int got = lock_load(b->recipes, lock_sets[i], &s->lock, err);

		if (got == 0)
			got = choose_packages(b, true, &own, err);
		if (got == 0)
			s->reason = xstrdup("its files are downloaded already");
		if (got <= 0)
			return got;
		forget_choice(s);
	}
	if (automatic && b->request.offline) {
		err_set(err, ERR_INPUT,
			"no source set is downloaded completely, and --offline forbids downloading the rest");
		return err_hint(err, "run 'solder fetch' while there is a network");
	}
	if (lock_load(b->recipes, set, &s->lock, err) < 0)
		return -1;
	if (!automatic) {
		s->reason = xstrdup("as asked for");
		return choose_packages(b, false, &own, err);
	}
	/* Upstream if its hosts respond, else Debian's. */
	if (lock_find(s->lock, "cpython", NULL, asked, ARRAY_SIZE(asked)) &&
		fetch_probe(b->fetcher, asked[0]->urls.v[0], &why)) {
		s->reason = xstrdup("its hosts answer");
		return choose_packages(b, false, &own, err);
	}
	lock_free(steal(&s->lock));
	s->reason = xasprintf("upstream does not answer: %s", why ? why : "it has no CPython");
	return lock_load(b->recipes, "debian", &s->lock, err) < 0
		       ? -1
		       : choose_packages(b, false, &own, err);
}

int sources_import(const struct cpython_build *b, const char *dir, struct err *err)
{
	size_t n = 0;

	if (!path_is_dir(dir))
		return err_set(err, ERR_INPUT, "there is no folder '%s'", dir);
	for (size_t i = 0; i < N_LOCK_SETS; i++) {
		CLEANUP(cleanup_lock) struct lock *lock = NULL;

		if (lock_load(b->recipes, lock_sets[i], &lock, err) < 0)
			return -1;
		for (size_t j = 0; j < lock->n; j++) {
			struct source source = as_source(&lock->entries[j]);
			CLEANUP_FREE char *path = xasprintf("%s/%s", dir, source.file);

			if (!path_exists(path))
				continue;
			if (fetch_import(b->fetcher, &source, dir, err) < 0)
				return -1;
			n++;
		}
	}
	if (!n) {
		err_set(err, ERR_INPUT, "'%s' has none of the locked sources", dir);
		return err_hint(err,
			"recipes/sets/*.yaml name them; 'solder fetch' without --from downloads them");
	}
	progress_say(b->progress, "%zu locked files taken from '%s'", n, dir);
	return 0;
}

int sources_fetch(struct fetcher *f, const struct lock_entry *e, char **path, struct err *err)
{
	struct source source = as_source(e);

	return fetch_source(f, &source, path, err);
}

int cpython_list_locked(
	const char *recipes, const char *cache_dir, bool cpython, json_t *rows, struct err *err)
{
	CLEANUP(cleanup_cache) struct cache *cache = NULL;
	CLEANUP_FREE char *folder = NULL;

	if (data_folder("recipes", recipes, &folder, err) < 0 ||
		cache_open_to_read(cache_dir, &cache, err) < 0)
		return -1;
	for (size_t s = 0; s < N_LOCK_SETS; s++) {
		CLEANUP(cleanup_lock) struct lock *lock = NULL;
		CLEANUP_FREE const struct lock_entry **found = NULL;
		size_t n = 0;

		if (lock_load(folder, lock_sets[s], &lock, err) < 0)
			return -1;
		found = xcalloc(lock->n + 1, sizeof(*found));
		if (cpython)
			n = lock_find(lock, "cpython", NULL, found, lock->n);
		for (size_t i = 0; !cpython && i < lock->n; i++) {
			if (strcmp(lock->entries[i].package, "cpython") != 0)
				found[n++] = &lock->entries[i];
		}
		for (size_t i = 0; i < n; i++)
			json_array_append_new(rows,
				json_pack("{s:s, s:s, s:s, s:b, s:s}", "package", found[i]->package,
					"version", found[i]->version, "set", lock->set,
					"downloaded", sources_has(cache, found[i]), "source",
					found[i]->urls.v[0]));
	}
	return 0;
}
