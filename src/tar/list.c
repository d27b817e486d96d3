/* What an archive will hold, before it is written. */
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

static struct tar_entry *add(struct tar_list *l, char *name, enum pack_kind kind)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 256;
		l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
	}
	l->v[l->n] = (struct tar_entry){.name = name, .kind = kind, .order = l->added++};
	return &l->v[l->n++];
}

struct tree_source {
	struct tar_list *list;
	const char *as;
};

static int add_link(
	const struct tree_source *s, char *name, const struct tree_entry *e, struct err *err)
{
	char *target = link_read_below(e->in, e->name, err);

	add(s->list, name, PACK_LINK)->link = target;
	return target ? 0 : -1;
}

static int visit(void *ctx, const struct tree_entry *e, struct err *err)
{
	const struct tree_source *s = ctx;
	char *name = xasprintf("%s/%s", s->as, e->rel);
	struct tar_entry *file;

	if (S_ISDIR(e->st->st_mode)) {
		add(s->list, name, PACK_FOLDER);
		return 0;
	}
	if (S_ISLNK(e->st->st_mode))
		return add_link(s, name, e, err);
	if (!S_ISREG(e->st->st_mode)) {
		free(name);
		return err_set(err, ERR_INPUT,
			"cannot pack '%s': it is a device, a pipe or a socket", e->path);
	}
	file = add(s->list, name, PACK_FILE);
	file->path = xstrdup(e->path);
	file->top = strlen(e->path) - strlen(e->rel) - 1;
	file->executable = e->st->st_mode & 0100;
	return 0;
}

int tar_list_add_tree(struct tar_list *l, const char *dir, const char *as, struct err *err)
{
	struct tree_source s = {l, as};

	add(l, xstrdup(as), PACK_FOLDER);
	return tree_walk(dir, visit, &s, err);
}

int pack_entry_open(const struct tar_entry *e, struct err *err)
{
	CLEANUP_FREE char *top = xstrndup(e->path, e->top);
	CLEANUP_FOLDER struct folder f = FOLDER_INIT;

	if (!e->top)
		return file_open(e->path, err);
	return folder_open(top, &f, err) < 0 ? -1 : file_open_below(&f, e->path + e->top + 1, err);
}

void tar_list_add_file(struct tar_list *l, const char *path, const char *as, bool executable)
{
	struct tar_entry *e = add(l, xstrdup(as), PACK_FILE);

	e->path = xstrdup(path);
	e->executable = executable;
}

void tar_list_add_bytes(struct tar_list *l, const void *data, size_t len, const char *as)
{
	struct tar_entry *e = add(l, xstrdup(as), PACK_FILE);

	e->data = xcalloc(len + 1, 1);
	if (len)
		memcpy(e->data, data, len);
	e->len = len;
}

void tar_list_add_symlink(struct tar_list *l, const char *target, const char *as)
{
	add(l, xstrdup(as), PACK_LINK)->link = xstrdup(target);
}

/* Is `name` `top`, or below it? */
static bool is_below(const char *name, const char *top)
{
	size_t n = strlen(top);

	return !strncmp(name, top, n) && (!name[n] || name[n] == '/');
}

size_t tar_list_drop(struct tar_list *l, const char *top)
{
	size_t kept = 0, dropped;

	for (size_t i = 0; i < l->n; i++) {
		if (is_below(l->v[i].name, top))
			entry_release(&l->v[i]);
		else
			l->v[kept++] = l->v[i];
	}
	dropped = l->n - kept;
	l->n = kept;
	return dropped;
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
		free(last);
		last = xstrdup(dir);
		for (char *p = strchr(dir, '/');; p = strchr(p + 1, '/')) {
			if (p)
				*p = '\0';
			add(l, xstrdup(dir), PACK_FOLDER);
			if (!p)
				break;
			*p = '/';
		}
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

static int compare(const void *a, const void *b)
{
	const struct tar_entry *x = a, *y = b;
	int c = compare_names(x->name, y->name);

	if (c)
		return c;
	return x->order < y->order ? -1 : 1;
}

/* Of entries with one name the last that was added stays; a folder gives way to all others. */
static void drop_duplicates(struct tar_list *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct tar_entry *last = kept ? &l->v[kept - 1] : NULL;

		if (!last || strcmp(last->name, l->v[i].name) != 0) {
			l->v[kept++] = l->v[i];
		} else if (l->v[i].kind == PACK_FOLDER) {
			entry_release(&l->v[i]);
		} else {
			entry_release(last);
			*last = l->v[i];
		}
	}
	l->n = kept;
}

/* Would tar_extract() take it, also when it drops the topmost folder? */
static int check_entry(const struct tar_entry *e, struct err *err)
{
	const char *fault = NULL;
	size_t depth = 0;

	for (const char *c = e->name; *c; c++)
		depth += *c == '/';
	if (strlen(e->name) > PATH_LENGTH_MAX)
		fault = "has a path that is too long";
	else if (depth >= DEPTH_MAX)
		fault = "is nested too deep";
	else if (e->kind == PACK_LINK)
		fault = tar_link_fault(e->link, depth ? depth - 1 : 0);
	if (!fault)
		return 0;
	err_set(err, ERR_INPUT, "cannot pack '%s': it %s", e->name, fault);
	return err_hint(err, "remove it: no careful program would unpack it");
}

int tar_list_settle(struct tar_list *l, const char *first, struct err *err)
{
	add_folders(l);
	sort_array(l->v, l->n, sizeof(*l->v), compare);
	drop_duplicates(l);
	for (size_t i = 0; i < l->n; i++) {
		if (check_entry(&l->v[i], err) < 0)
			return -1;
		if (i && l->v[i - 1].kind != PACK_FOLDER &&
			is_below(l->v[i].name, l->v[i - 1].name))
			return err_set(err, ERR_INPUT, "cannot pack '%s': '%s' is not a folder",
				l->v[i].name, l->v[i - 1].name);
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
