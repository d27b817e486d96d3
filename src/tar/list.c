/* The list of entries of an archive that is to be written. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tar/tar-internal.h"
#include "base/below.h"
#include "base/file.h"

static void entry_release(struct tar_entry *e)
{
	free(e->name);
	free(e->path);
	free(e->data);
	free(e->link);
	*e = (struct tar_entry){0};
}

void tar_list_release(struct tar_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		entry_release(&l->v[i]);
	free(l->v);
	*l = (struct tar_list){0};
}

/* Takes the name. */
static struct tar_entry *add_entry(struct tar_list *l, char *name, enum tar_kind kind)
{
	struct tar_entry *e = ARRAY_ADD(l->v, l->n);

	*e = (struct tar_entry){.name = name, .kind = kind, .order = l->added++};
	return e;
}

struct tree_source {
	struct tar_list *list;
	const char *as;
};

static int add_from_tree(void *ctx, const struct tree_entry *e, struct err *err)
{
	const struct tree_source *s = ctx;
	mode_t type = e->st->st_mode & S_IFMT;
	struct tar_entry *entry;

	if (type != S_IFDIR && type != S_IFLNK && type != S_IFREG)
		return err_set(err, ERR_INPUT,
			"cannot pack '%s': it is a device, a pipe or a socket", e->path);
	entry = add_entry(s->list, xasprintf("%s/%s", s->as, e->rel),
		type == S_IFDIR   ? TAR_FOLDER
		: type == S_IFLNK ? TAR_LINK
				  : TAR_FILE);
	if (type == S_IFLNK) {
		entry->link = link_read_below(e->in, e->name, err);
		return entry->link ? 0 : -1;
	}
	if (type == S_IFREG) {
		entry->path = xstrdup(e->path);
		entry->top = strlen(e->path) - strlen(e->rel) - 1;
		entry->executable = e->st->st_mode & 0100;
	}
	return 0;
}

int tar_list_add_tree(struct tar_list *l, const char *dir, const char *as, struct err *err)
{
	struct tree_source s = {l, as};

	add_entry(l, xstrdup(as), TAR_FOLDER);
	return tree_walk(dir, add_from_tree, &s, err);
}

int tar_entry_open(const struct tar_entry *e, struct err *err)
{
	CLEANUP_FREE char *top = xstrndup(e->path, e->top);
	CLEANUP_FOLDER struct folder f = FOLDER_INIT;

	if (!e->top)
		return file_open(e->path, err);
	return folder_open(top, &f, err) < 0 ? -1 : file_open_below(&f, e->path + e->top + 1, err);
}

void tar_list_add_file(struct tar_list *l, const char *path, const char *as, bool executable)
{
	struct tar_entry *e = add_entry(l, xstrdup(as), TAR_FILE);

	e->path = xstrdup(path);
	e->executable = executable;
}

void tar_list_add_bytes(struct tar_list *l, const void *data, size_t len, const char *as)
{
	struct tar_entry *e = add_entry(l, xstrdup(as), TAR_FILE);

	e->data = xcalloc(len + 1, 1);
	if (len)
		memcpy(e->data, data, len);
	e->len = len;
}

void tar_list_add_symlink(struct tar_list *l, const char *target, const char *as)
{
	add_entry(l, xstrdup(as), TAR_LINK)->link = xstrdup(target);
}

void tar_list_add_name(struct tar_list *l, const char *first, const char *as, bool executable)
{
	struct tar_entry *e = add_entry(l, xstrdup(as), TAR_NAME);

	e->link = xstrdup(first);
	e->executable = executable;
}

/* True for `top` itself and all below it. */
static bool is_below(const char *name, const char *top)
{
	size_t n = strlen(top);

	return !strncmp(name, top, n) && (!name[n] || name[n] == '/');
}

size_t tar_list_drop(struct tar_list *l, const char *top)
{
	size_t before = l->n, kept = 0;

	for (size_t i = 0; i < before; i++) {
		if (is_below(l->v[i].name, top))
			entry_release(&l->v[i]);
		else
			l->v[kept++] = l->v[i];
	}
	l->n = kept;
	return before - kept;
}

const struct tar_entry *tar_list_find(const struct tar_list *l, const char *name)
{
	const struct tar_entry *found = NULL;

	for (size_t i = 0; i < l->n; i++) {
		if (!strcmp(l->v[i].name, name))
			found = &l->v[i];
	}
	return found;
}

/* Every folder above an entry is an entry. */
static void add_folders(struct tar_list *l)
{
	CLEANUP_FREE char *last = xstrdup("");
	size_t n = l->n;

	for (size_t i = 0; i < n; i++) {
		CLEANUP_FREE char *dir = path_dir(l->v[i].name);

		if (!strcmp(dir, ".") || !strcmp(dir, last))
			continue;
		for (const char *p = strchr(dir, '/'); p; p = strchr(p + 1, '/'))
			add_entry(l, xstrndup(dir, (size_t)(p - dir)), TAR_FOLDER);
		add_entry(l, xstrdup(dir), TAR_FOLDER);
		free(last);
		last = steal(&dir);
	}
}

/* A folder sorts before what is in it, and that before any other name: '/' is the lowest. */
static int compare_names(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	if (*a == *b)
		return 0;
	if (!*a || !*b)
		return *a ? 1 : -1;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static int compare_entries(const void *a, const void *b)
{
	const struct tar_entry *x = a, *y = b;
	int c = compare_names(x->name, y->name);

	return c ? c : x->order < y->order ? -1 : 1;
}

/* Refuses what tar_extract() would refuse, also when it drops the topmost folder. */
static int check_entry(const struct tar_entry *e, struct err *err)
{
	const char *fault = NULL;
	size_t depth = 0;

	for (const char *c = e->name; *c; c++)
		depth += *c == '/';
	if (strlen(e->name) > TAR_PATH_MAX)
		fault = "has a path that is too long";
	else if (depth >= TAR_DEPTH_MAX)
		fault = "is nested too deep";
	else if (e->kind == TAR_LINK)
		fault = tar_link_fault(e->link, depth ? depth - 1 : 0);
	if (!fault)
		return 0;
	err_set(err, ERR_INPUT, "cannot pack '%s': it %s", e->name, fault);
	return err_hint(err, "remove it: no careful program would unpack it");
}

/* Of a settled list: what the i-th entry is another name of comes before it. */
static bool is_named_before(const struct tar_list *l, size_t i)
{
	const struct tar_entry *e = tar_list_find(l, l->v[i].link);

	return e && e->kind == TAR_FILE && e < &l->v[i];
}

int tar_list_settle(struct tar_list *l, const char *first, struct err *err)
{
	size_t n, kept = 0;

	add_folders(l);
	n = l->n;
	sort_array(l->v, n, sizeof(*l->v), compare_entries);
	/* Of entries with one name the last one added stays; a folder gives way to all others. */
	for (size_t i = 0; i < n; i++) {
		struct tar_entry *last = kept ? &l->v[kept - 1] : NULL;

		if (!last || strcmp(last->name, l->v[i].name) != 0) {
			l->v[kept++] = l->v[i];
		} else if (l->v[i].kind == TAR_FOLDER) {
			entry_release(&l->v[i]);
		} else {
			entry_release(last);
			*last = l->v[i];
		}
	}
	l->n = kept;
	for (size_t i = 0; i < l->n; i++) {
		if (check_entry(&l->v[i], err) < 0)
			return -1;
		if (i && l->v[i - 1].kind != TAR_FOLDER && is_below(l->v[i].name, l->v[i - 1].name))
			return err_set(err, ERR_INPUT, "cannot pack '%s': '%s' is not a folder",
				l->v[i].name, l->v[i - 1].name);
		if (l->v[i].kind == TAR_NAME && !is_named_before(l, i))
			return err_set(err, ERR_INPUT,
				"cannot pack '%s': '%s', of which it is another name, is no file before it",
				l->v[i].name, l->v[i].link);
	}
	for (size_t i = 0; first && i < l->n; i++) {
		struct tar_entry e = l->v[i];

		if (strcmp(e.name, first) != 0)
			continue;
		memmove(l->v + 1, l->v, i * sizeof(*l->v));
		l->v[0] = e;
		break;
	}
	return 0;
}

int tar_list_bytes(struct tar_list *l, const char *first, uint64_t *bytes, struct err *err)
{
	struct stat st;

	*bytes = 0;
	if (tar_list_settle(l, first, err) < 0)
		return -1;
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].path && lstat(l->v[i].path, &st) == 0)
			*bytes += (uint64_t)st.st_size;
	}
	return 0;
}
