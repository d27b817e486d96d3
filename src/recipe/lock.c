#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "recipe/recipe.h"
#include "recipe/yaml-internal.h"

const char *const lock_sets[N_LOCK_SETS] = {"upstream", "debian"};

/* As it is written. */
struct raw_entry {
	struct lock_entry entry;
	char *size, *path;
};
#define ENTRY(member) offsetof(struct raw_entry, member)

static void raw_release(struct raw_entry *raw)
{
	free(raw->size);
	free(raw->path);
}

static int read_entry(
	const struct yaml *y, struct fy_node *item, bool apt, struct lock_entry *e, struct err *err)
{
	const struct yaml_field fields[] = {
		{"package", YAML_TEXT, ENTRY(entry.package)},
		{"version", YAML_TEXT, ENTRY(entry.version)},
		{"size", YAML_TEXT, ENTRY(size)},
		{"sha256", YAML_TEXT, ENTRY(entry.sha256)},
		apt ? (struct yaml_field){"path", YAML_TEXT, ENTRY(path)}
		    : (struct yaml_field){"urls", YAML_WORDS, ENTRY(entry.urls)},
	};
	CLEANUP(raw_release) struct raw_entry raw = {0};
	int failed = yaml_read(y, item, fields, ARRAY_SIZE(fields), &raw, err);

	*e = raw.entry; /* so that it is freed with the lock */
	if (failed < 0)
		return -1;
	if (apt)
		strv_take(&e->urls, steal(&raw.path));
	if (!e->urls.n)
		return yaml_error(y, item, err, "the key 'urls' is missing");
	if (yaml_size(y, item, raw.size, &e->size, err) < 0)
		return -1;
	return yaml_sha256(y, item, "sha256", e->sha256, err);
}

static int read_lock(const struct yaml *y, struct lock *l, struct err *err)
{
	struct raw_lock {
		char *set, *base;
		struct strv suites;
		struct fy_node *sources;
	} raw = {0};
	static const struct yaml_field fields[] = {
		{"set", YAML_TEXT, offsetof(struct raw_lock, set)},
		{"base", YAML_TEXT, offsetof(struct raw_lock, base)},
		{"suites", YAML_WORDS, offsetof(struct raw_lock, suites)},
		{"sources", YAML_LIST, offsetof(struct raw_lock, sources)},
	};
	struct fy_node *root = fy_document_root(y->doc), *item;
	int failed = yaml_read(y, root, fields, ARRAY_SIZE(fields), &raw, err);
	CLEANUP_FREE char *set = raw.set, *base = raw.base;
	void *iter = NULL;

	l->suites = raw.suites;
	if (failed < 0)
		return -1;
	if (strcmp(set, l->set))
		return yaml_error(y, yaml_get(root, "set"), err, "the set should be '%s'", l->set);
	if (strcmp(base, "apt") && strcmp(base, "url"))
		return yaml_error(y, yaml_get(root, "base"), err, "'base' is 'apt' or 'url'");
	if (!raw.sources)
		return yaml_error(y, root, err, "the key 'sources' is missing");
	l->apt = !strcmp(base, "apt");
	while ((item = fy_node_sequence_iterate(raw.sources, &iter))) {
		if (read_entry(y, item, l->apt, ARRAY_ADD(l->entries, l->n), err) < 0)
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

/* The value of a line "  - KEY: VALUE" or "    KEY: VALUE", or NULL; to be freed. */
static char *line_value(const char *line, const char *mark, const char *key)
{
	CLEANUP_FREE char *start = xasprintf("%s%s: ", mark, key);
	size_t n = strlen(start);

	return strncmp(line, start, n) ? NULL : xstrndup(line + n, strcspn(line + n, " \n"));
}

/* Where a new entry belongs: the end of the package's last entry that is older, else of its last
 * one, else of the text. */
static size_t place_for(const struct buf *text, const struct lock_entry *e)
{
	size_t at = text->len, any = SIZE_MAX, older = SIZE_MAX;
	bool ours = false, is_older = false;

	for (size_t i = 0, end; i < text->len; i = end) {
		const char *line = text->data + i;
		CLEANUP_FREE char *package = line_value(line, "  - ", "package");
		CLEANUP_FREE char *version = line_value(line, "    ", "version");

		end = i + strcspn(line, "\n");
		end += end < text->len;
		if (package) {
			ours = !strcmp(package, e->package);
			is_older = false;
		} else if (strncmp(line, "    ", 4) != 0) {
			ours = false;
		}
		if (version && ours)
			is_older = version_compare(version, e->version) < 0;
		if (ours)
			any = end;
		if (ours && is_older)
			older = end;
	}
	return older != SIZE_MAX ? older : any != SIZE_MAX ? any : at;
}

void lock_text_add(struct buf *text, bool apt, const struct lock_entry *e)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_FREE char *urls = strv_join(&e->urls, ", ");
	size_t at;

	if (text->len && text->data[text->len - 1] != '\n')
		buf_adds(text, "\n");
	at = place_for(text, e);
	buf_add(&out, text->data, at);
	buf_addf(&out, "  - package: %s\n    version: %s\n", e->package, e->version);
	buf_addf(&out, apt ? "    path: %s\n" : "    urls: [%s]\n", urls);
	buf_addf(&out, "    size: %llu\n    sha256: %s\n", (unsigned long long)e->size, e->sha256);
	buf_add(&out, text->data + at, text->len - at);
	buf_swap(text, &out);
}

void lock_entry_release(struct lock_entry *e)
{
	free(e->package);
	free(e->version);
	free(e->sha256);
	strv_release(&e->urls);
	*e = (struct lock_entry){0};
}

void lock_free(struct lock *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++)
		lock_entry_release(&l->entries[i]);
	strv_release(&l->suites);
	free(l->entries);
	free(l->set);
	free(l->path);
	free(l);
}

void cleanup_lock(struct lock **l)
{
	lock_free(*l);
}
