#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "recipe/recipe.h"
#include "recipe/yaml-internal.h"

static int read_place(
	const struct yaml *y, struct fy_node *item, bool apt, struct lock_entry *e, struct err *err)
{
	char *path = NULL;

	if (apt) {
		if (yaml_string(y, item, "path", true, &path, err) < 0)
			return -1;
		strv_take(&e->urls, path);
		return 0;
	}
	if (yaml_strings(y, item, "urls", &e->urls, err) < 0)
		return -1;
	return e->urls.n ? 0 : yaml_error(y, item, err, "the key 'urls' is missing");
}

static int read_entry(
	const struct yaml *y, struct fy_node *item, bool apt, struct lock_entry *e, struct err *err)
{
	static const char *const keys_apt[] = {"package", "version", "path", "size", "sha256"};
	static const char *const keys_url[] = {"package", "version", "urls", "size", "sha256"};
	CLEANUP_FREE char *size = NULL;
	char *end;

	if (yaml_check_keys(y, item, apt ? keys_apt : keys_url, ARRAY_SIZE(keys_apt), err) < 0 ||
		yaml_string(y, item, "package", true, &e->package, err) < 0 ||
		yaml_string(y, item, "version", true, &e->version, err) < 0 ||
		yaml_string(y, item, "size", true, &size, err) < 0 ||
		yaml_string(y, item, "sha256", true, &e->sha256, err) < 0 ||
		read_place(y, item, apt, e, err) < 0)
		return -1;
	errno = 0;
	e->size = strtoull(size, &end, 10);
	if (errno || *end || !e->size || *size == '-')
		return yaml_error(y, yaml_get(item, "size"), err, "a size is a number of bytes");
	if (strlen(e->sha256) != 64 || strspn(e->sha256, "0123456789abcdef") != 64)
		return yaml_error(y, yaml_get(item, "sha256"), err,
			"a SHA-256 digest has 64 lower-case hexadecimal digits");
	return 0;
}

static int read_lock(const struct yaml *y, struct lock *l, struct err *err)
{
	static const char *const keys[] = {"set", "base", "sources"};
	struct fy_node *root = fy_document_root(y->doc), *list, *item;
	CLEANUP_FREE char *base = NULL, *set = NULL;
	void *iter = NULL;

	if (yaml_check_keys(y, root, keys, ARRAY_SIZE(keys), err) < 0 ||
		yaml_string(y, root, "set", true, &set, err) < 0 ||
		yaml_string(y, root, "base", true, &base, err) < 0 ||
		yaml_sequence(y, root, "sources", &list, err) < 0)
		return -1;
	if (strcmp(set, l->set))
		return yaml_error(y, yaml_get(root, "set"), err, "the set should be '%s'", l->set);
	if (strcmp(base, "apt") && strcmp(base, "url"))
		return yaml_error(y, yaml_get(root, "base"), err, "'base' is 'apt' or 'url'");
	if (!list)
		return yaml_error(y, root, err, "the key 'sources' is missing");
	l->apt = !strcmp(base, "apt");
	while ((item = fy_node_sequence_iterate(list, &iter))) {
		l->entries = xreallocarray(l->entries, l->n + 1, sizeof(*l->entries));
		l->entries[l->n] = (struct lock_entry){0};
		if (read_entry(y, item, l->apt, &l->entries[l->n++], err) < 0)
			return -1;
	}
	return 0;
}

int lock_load(const char *dir, const char *set, struct lock **ret, struct err *err)
{
	CLEANUP(cleanup_lock) struct lock *l = xcalloc(1, sizeof(*l));
	CLEANUP(yaml_release) struct yaml y = {0};

	l->set = xstrdup(set);
	l->path = xasprintf("%s/sets/%s.yaml", dir, set);
	if (yaml_load(l->path, &y, err) < 0 || read_lock(&y, l, err) < 0)
		return -1;
	*ret = steal(&l);
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	const struct lock_entry *const *x = a, *const *y = b;

	return version_compare((*y)->version, (*x)->version);
}

size_t lock_find(const struct lock *l, const char *package, const char *wanted,
	const struct lock_entry **out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n && n < max; i++) {
		const struct lock_entry *e = &l->entries[i];

		if (!strcmp(e->package, package) &&
			(!wanted || version_in_series(e->version, wanted)))
			out[n++] = e;
	}
	sort_array(out, n, sizeof(*out), newest_first);
	return n;
}

void lock_free(struct lock *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++) {
		free(l->entries[i].package);
		free(l->entries[i].version);
		free(l->entries[i].sha256);
		strv_release(&l->entries[i].urls);
	}
	free(l->entries);
	free(l->set);
	free(l->path);
	free(l);
}

void cleanup_lock(struct lock **l)
{
	lock_free(*l);
}
