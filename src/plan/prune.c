/* Disk usage of the cache, and removal of entries. Declared in plan/cache.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "plan/cache.h"

/* Counts a file once per name: the one removed may be the last. */
static int add_size(void *ctx, const struct tree_entry *e, struct err *err)
{
	struct cache_part *sum = ctx;

	(void)err;
	sum->size += (uint64_t)e->st->st_blocks * 512;
	sum->files += !S_ISDIR(e->st->st_mode);
	return 0;
}

int cache_measure(const struct cache *c, struct cache_part ret[CACHE_N_PARTS], struct err *err)
{
	static const char *const names[CACHE_N_PARTS] = {
		"store", "sources", "logs", "work", "wheels"};

	for (size_t i = 0; i < CACHE_N_PARTS; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", c->dir, names[i]);

		ret[i] = (struct cache_part){.name = names[i]};
		if (path_is_dir(path) && tree_walk(path, add_size, &ret[i], err) < 0)
			return -1;
	}
	return 0;
}

void cache_items_release(struct cache_items *items)
{
	for (size_t i = 0; i < items->n; i++) {
		free(items->v[i].id);
		free(items->v[i].title);
	}
	free(items->v);
	*items = (struct cache_items){0};
}

int cache_list(const struct cache *c, struct cache_items *ret, struct err *err)
{
	CLEANUP_STRV struct strv ids = STRV_INIT;

	cache_entries(c, NULL, &ids);
	*ret = (struct cache_items){.v = xcalloc(ids.n + 1, sizeof(*ret->v))};
	for (size_t i = ids.n; i-- > 0;) {
		CLEANUP_FREE char *path = cache_entry(c, ids.v[i]);
		struct cache_part sum = {0};
		struct stat st;

		if (stat(path, &st) < 0)
			continue;
		if (tree_walk(path, add_size, &sum, err) < 0) {
			cache_items_release(ret);
			return -1;
		}
		ret->v[ret->n++] = (struct cache_item){.id = xstrdup(ids.v[i]),
			.title = cache_title(c, ids.v[i]),
			.size = sum.size,
			.used = st.st_mtime};
	}
	return 0;
}

int cache_prune(const struct cache *c, const struct cache_limits *limits,
	const struct cache_items *items, struct err *err)
{
	uint64_t left = 0;

	for (size_t i = 0; i < items->n; i++)
		left += items->v[i].size;
	for (size_t i = 0; i < items->n; i++) {
		struct cache_item *item = &items->v[i];
		CLEANUP_FREE char *wrong = NULL;
		struct err ignored = ERR_INIT;
		int got = 0;

		if (limits->damaged && cache_check(c, item->id, true, &wrong, &ignored) > 0)
			item->why = "damaged";
		else if (limits->by_age && item->used <= limits->before)
			item->why = "old";
		else if (limits->by_size && left > limits->most)
			item->why = "too much";
		if (item->why && !limits->dry_run)
			got = cache_remove(c, item->id, err);
		if (got < 0)
			return -1;
		item->in_use = got == 1;
		if (item->why && !item->in_use)
			left -= item->size;
	}
	return 0;
}
