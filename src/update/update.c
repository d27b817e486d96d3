/* The sets, package by package. */
#include "update/update.h"

#include <stdlib.h>
#include <string.h>

#include "base/data.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "plan/cache.h"
#include "update/update-internal.h"

#define ENTRIES_MAX 64
#define SET_MAX ((size_t)1 << 20)

const char *update_state_name(enum update_state state)
{
	static const char *const names[] = {
		"current", "locked", "newer", "new series", "no rule", "failed"};

	return names[state];
}

void update_release(struct update_result *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct update_row *w = &r->rows[i];
		char *const texts[] = {w->package, w->set, w->version, w->newest, w->source,
			w->sha256, w->notes, w->why};

		for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
			free(texts[k]);
		strv_release(&w->vouch);
	}
	for (size_t i = 0; i < r->n_advisories; i++) {
		struct advisory_row *a = &r->advisories[i];
		char *const texts[] = {a->package, a->version, a->set, a->id, a->summary, a->fixed};

		for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
			free(texts[k]);
	}
	free(r->rows);
	free(r->advisories);
	strv_release(&r->written);
	*r = (struct update_result){0};
}

/* One set on its way. */
struct updating {
	struct run *run;
	const struct lock *lock;
	const struct advisories *advisories;
	struct update_result *ret;
	struct buf text; /* of the set, with what was added */
	size_t added;
};

static struct update_row *add_row(struct updating *u, const char *package, const char *version,
	enum update_state state, const char *newest)
{
	struct update_row *row = ARRAY_ADD(u->ret->rows, u->ret->n);

	row->package = xstrdup(package);
	row->set = xstrdup(u->lock->set);
	row->version = version ? xstrdup(version) : NULL;
	row->state = state;
	row->newest = newest ? xstrdup(newest) : NULL;
	return row;
}

/* An interrupt and a full disk end everything, all else this package. */
static int failed_row(struct update_row *row, const struct err *why, struct err *err)
{
	if (interrupt_check(err) < 0)
		return -1;
	row->state = UPDATE_FAILED;
	row->why = why->hint[0] ? xasprintf("%s (%s)", why->msg, why->hint) : xstrdup(why->msg);
	return 0;
}

static int take(struct updating *u, const struct recipe *r, const char *version,
	const struct release *what, struct err *err)
{
	struct update_row *row = add_row(u, r->name, version, UPDATE_LOCKED, what->version);
	CLEANUP(lock_entry_release) struct lock_entry e = {0};
	struct err why = ERR_INIT;

	if (u->run->o->check) {
		row->state = UPDATE_NEWER;
		row->source = xstrdup(what->url);
		if (r->releases.notes)
			row->notes = form_fill(r->releases.notes, &what->words);
		return 0;
	}
	if (take_release(u->run, r, what, u->lock->apt, row, &e, &why) < 0)
		return failed_row(row, &why, err);
	lock_text_add(&u->text, u->lock->apt, &e);
	u->added++;
	return 0;
}

/* The newest of a series, or of those that fit `wanted`, or of all. */
static const struct release *newest_of(
	const struct found *f, unsigned int numbers, const char *series, const char *wanted)
{
	const struct release *best = NULL;

	for (size_t i = 0; i < f->n; i++) {
		const struct release *r = &f->v[i];
		CLEANUP_FREE char *own = version_series(r->version, numbers);

		if ((series && strcmp(own, series) != 0) ||
			(wanted && !version_in_series(r->version, wanted)) ||
			(best && version_compare(r->version, best->version) <= 0))
			continue;
		best = r;
	}
	return best;
}

/* Each series that is locked, newest first. */
static int look_at_series(
	struct updating *u, const struct recipe *r, const struct found *found, struct err *err)
{
	const struct lock_entry *all[ENTRIES_MAX];
	size_t n = lock_find(u->lock, r->name, NULL, all, ENTRIES_MAX);
	CLEANUP_STRV struct strv seen = STRV_INIT;
	unsigned int numbers = r->releases.series;
	const struct release *newest = newest_of(found, numbers, NULL, NULL);
	CLEANUP_FREE char *newest_series = newest ? version_series(newest->version, numbers) : NULL;

	for (size_t i = 0; i < n; i++) {
		CLEANUP_FREE char *series = version_series(all[i]->version, numbers);
		const struct release *best = newest_of(found, numbers, series, NULL);

		if (strv_has(&seen, series))
			continue;
		strv_add(&seen, series);
		if (!best || version_compare(best->version, all[i]->version) <= 0)
			add_row(u, r->name, all[i]->version, UPDATE_CURRENT,
				best ? best->version : NULL);
		else if (take(u, r, all[i]->version, best, err) < 0)
			return -1;
	}
	if (newest && !strv_has(&seen, newest_series) &&
		(!n || version_compare(newest->version, all[0]->version) > 0))
		add_row(u, r->name, n ? all[0]->version : NULL, UPDATE_SERIES, newest->version);
	return 0;
}

/* What was asked for by its version. */
static int look_at_wanted(struct updating *u, const struct recipe *r, const struct found *found,
	const char *wanted, struct err *err)
{
	const struct release *best = newest_of(found, 0, NULL, wanted);
	const struct lock_entry *have[1];
	struct err why = ERR_INIT;

	if (!best) {
		err_set(&why, ERR_INPUT, "there is no release %s", wanted);
		return failed_row(add_row(u, r->name, NULL, UPDATE_FAILED, NULL), &why, err);
	}
	if (lock_find(u->lock, r->name, best->version, have, 1))
		add_row(u, r->name, best->version, UPDATE_CURRENT, best->version);
	else
		return take(u, r, NULL, best, err);
	return 0;
}

static int find_releases(
	struct updating *u, const struct release_place *p, struct found *found, struct err *err)
{
	struct run *run = u->run;

	if (!u->lock->apt)
		return upstream_find(run->f, p, found, err);
	if (debian_load(&run->debian, run->f, &run->suites, run->o->keyring, run->scratch,
		    run->o->progress, err) < 0)
		return -1;
	debian_find(&run->debian, p, found);
	return found->n ? 0 : err_set(err, ERR_INPUT, "Debian's index has no '%s'", p->match);
}

static void judge_locked(struct updating *u, const struct recipe *r)
{
	const struct lock_entry *all[ENTRIES_MAX];
	size_t n = lock_find(u->lock, r->name, NULL, all, ENTRIES_MAX);
	CLEANUP_STRV struct strv seen = STRV_INIT;

	/* Older ones of a series are fallbacks, for when the newest cannot be had. */
	for (size_t i = 0; i < n && u->advisories; i++) {
		CLEANUP_FREE char *series = version_series(all[i]->version, r->releases.series);

		if (strv_has(&seen, series))
			continue;
		strv_add(&seen, series);
		advisories_judge(u->advisories, r, all[i]->version, u->lock->set, u->ret);
	}
}

static int update_package(
	struct updating *u, const char *package, const char *wanted, struct err *err)
{
	CLEANUP(cleanup_recipe) struct recipe *r = NULL;
	CLEANUP(found_release) struct found found = {0};
	const struct release_place *p;
	const struct lock_entry *have[1];
	size_t n = lock_find(u->lock, package, NULL, have, 1);
	struct err why = ERR_INIT;

	if (recipe_load(u->run->recipes, package, &r, err) < 0)
		return -1;
	judge_locked(u, r);
	if (u->run->o->offline)
		return 0;
	p = u->lock->apt ? &r->releases.debian : &r->releases.upstream;
	if (!p->match) {
		add_row(u, package, n ? have[0]->version : NULL, UPDATE_NO_RULE, NULL)->why =
			xstrdup("its recipe does not say where to look");
		return 0;
	}
	if (find_releases(u, p, &found, &why) < 0)
		return failed_row(
			add_row(u, package, n ? have[0]->version : NULL, UPDATE_FAILED, NULL), &why,
			err);
	return wanted ? look_at_wanted(u, r, &found, wanted, err)
		      : look_at_series(u, r, &found, err);
}

/* The set as it would be is read once more before it takes the place of the old one. */
static int write_set(struct updating *u, const struct buf *before, struct err *err)
{
	const struct lock *l = u->lock;
	CLEANUP_FREE char *dir = xasprintf("%s/sets", u->run->scratch);
	CLEANUP_FREE char *trial = xasprintf("%s/%s.yaml", dir, l->set);
	CLEANUP(cleanup_lock) struct lock *after = NULL;
	CLEANUP_BUF struct buf now = BUF_INIT;

	if (make_dirs(dir, err) < 0 ||
		file_write(trial, u->text.data, u->text.len, 0644, err) < 0 ||
		lock_load(u->run->scratch, l->set, &after, err) < 0)
		return err_wrap(err, "the set '%s' as it would be", l->set);
	if (after->n != l->n + u->added)
		return err_set(err, ERR_INPUT, "'%s' is not written as its entries can be added to",
			l->path);
	if (u->run->o->dry_run)
		return 0;
	if (file_read(l->path, SET_MAX, &now, err) < 0)
		return -1;
	if (now.len != before->len || memcmp(now.data, before->data, now.len) != 0) {
		err_set(err, ERR_ENVIRONMENT, "'%s' was changed by someone else meanwhile",
			l->path);
		return err_hint(err, "run the command again: what was downloaded is kept");
	}
	if (file_write(l->path, u->text.data, u->text.len, 0644, err) < 0)
		return -1;
	strv_add(&u->ret->written, l->path);
	return 0;
}

/* Everything that was asked of a package ("openssl", "openssl@3.6"); nothing asked is all. */
static int update_asked(struct updating *u, const char *name, struct err *err)
{
	const struct strv *packages = &u->run->o->packages;
	size_t n = strlen(name);

	if (!packages->n)
		return update_package(u, name, NULL, err);
	for (size_t i = 0; i < packages->n; i++) {
		const char *p = packages->v[i];

		if (strncmp(p, name, n) || (p[n] && p[n] != '@'))
			continue;
		if (update_package(u, name, p[n] ? p + n + 1 : NULL, err) < 0)
			return -1;
	}
	return 0;
}

static int update_set(struct run *run, const char *set, const struct advisories *advisories,
	struct update_result *ret, struct err *err)
{
	CLEANUP(cleanup_lock) struct lock *lock = NULL;
	CLEANUP_STRV struct strv names = STRV_INIT;
	CLEANUP_BUF struct buf before = BUF_INIT;
	struct updating u = {.run = run, .advisories = advisories, .ret = ret};
	int failed = 0;

	if (lock_load(run->recipes, set, &lock, err) < 0 ||
		file_read(lock->path, SET_MAX, &before, err) < 0)
		return -1;
	u.lock = lock;
	buf_add(&u.text, before.data, before.len);
	for (size_t i = 0; i < lock->n; i++)
		if (!strv_has(&names, lock->entries[i].package))
			strv_add(&names, lock->entries[i].package);
	for (size_t i = 0; i < names.n && failed == 0; i++)
		failed = update_asked(&u, names.v[i], err);
	if (failed == 0 && u.added)
		failed = write_set(&u, &before, err);
	buf_release(&u.text);
	return failed;
}

/* Every package that is asked for is locked somewhere. */
static int check_packages(const struct run *run, struct err *err)
{
	const struct strv *packages = &run->o->packages;
	CLEANUP_STRV struct strv known = STRV_INIT;

	for (size_t s = 0; s < N_LOCK_SETS; s++) {
		CLEANUP(cleanup_lock) struct lock *lock = NULL;

		if (lock_load(run->recipes, lock_sets[s], &lock, err) < 0)
			return -1;
		for (size_t i = 0; i < lock->n; i++)
			strv_add(&known, lock->entries[i].package);
	}
	for (size_t i = 0; i < packages->n; i++) {
		const char *p = packages->v[i], *at = strchr(p, '@'), *near;
		CLEANUP_FREE char *name = xstrndup(p, at ? (size_t)(at - p) : strlen(p));

		if (strv_has(&known, name) && (!at || at[1]))
			continue;
		near = nearest_name(name, (const char *const *)known.v, known.n);
		if (strv_has(&known, name))
			return err_set(err, ERR_USAGE, "'%s' has no version after the '@'", p);
		err_set(err, ERR_USAGE, "no set locks a package '%s'", name);
		return near ? err_hint(err, "did you mean '%s'?", near)
			    : err_hint(err, "'solder list packages' lists them");
	}
	return 0;
}

static int prepare(struct run *run, struct err *err)
{
	CLEANUP(cleanup_lock) struct lock *debian = NULL;
	CLEANUP_FREE char *work = NULL;

	if (data_folder("recipes", run->o->recipes, &run->recipes, err) < 0 ||
		check_packages(run, err) < 0 ||
		lock_load(run->recipes, "debian", &debian, err) < 0 ||
		cache_open(run->o->cache, &run->cache, err) < 0)
		return -1;
	for (size_t i = 0; i < debian->suites.n; i++)
		strv_add(&run->suites, debian->suites.v[i]);
	work = xasprintf("%s/work", run->cache->dir);
	run->scratch = scratch_make(work, "lock", err);
	if (!run->scratch)
		return -1;
	run->f = fetcher_new(&(struct fetch_options){.store = run->cache->sources,
		.mirror = run->o->mirror,
		.offline = run->o->offline,
		.progress = run->o->progress});
	return 0;
}

static void finish(struct run *run)
{
	struct err ignored = ERR_INIT;

	fetcher_free(run->f);
	if (run->scratch)
		scratch_end(run->scratch, &ignored);
	cache_free(run->cache);
	debian_release(&run->debian);
	strv_release(&run->suites);
	free(run->recipes);
	free(run->scratch);
}

int update_run(const struct update_options *options, struct update_result *ret, struct err *err)
{
	CLEANUP(finish) struct run run = {.o = options, .debian = {.failed = ERR_INIT}};
	CLEANUP(cleanup_advisories) struct advisories *advisories = NULL;
	struct update_result result = {0};
	int failed = 0;

	if (options->advisories.n && advisories_load(&options->advisories, &advisories, err) < 0)
		return -1;
	if (prepare(&run, err) < 0)
		return -1;
	for (size_t i = 0; i < N_LOCK_SETS && failed == 0; i++)
		if (!options->set || !strcmp(options->set, lock_sets[i]))
			failed = update_set(&run, lock_sets[i], advisories, &result, err);
	if (failed < 0)
		update_release(&result);
	else
		*ret = result;
	return failed;
}
