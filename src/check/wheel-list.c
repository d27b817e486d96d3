/* The list of wheels: a folder, a file with names, or the top of the list that ships with
 * solder; and the table of exercises. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "check/check-internal.h"

#define LIST_MAX 10000
#define LIST_FILE_MAX ((size_t)1 << 20)

bool wheel_name_split(const char *file, struct strv *parts)
{
	const char *base = path_base(file);
	CLEANUP_FREE char *stem = NULL;

	if (!ends_with(base, ".whl"))
		return false;
	stem = xstrndup(base, strlen(base) - 4);
	strv_split(parts, stem, "-");
	return parts->n == 5 || parts->n == 6;
}

bool wheel_name_parse(const char *file, char **name, char **version)
{
	CLEANUP_STRV struct strv parts = STRV_INIT;

	if (!wheel_name_split(file, &parts))
		return false;
	*name = py_project_name(parts.v[0], strlen(parts.v[0]));
	*version = xstrdup(parts.v[1]);
	return true;
}

static void item_release(struct wheel_item *item)
{
	free(item->requirement);
	free(item->name);
	free(item->file);
}

void wheel_list_release(struct wheel_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		item_release(&list->v[i]);
	free(list->v);
	*list = (struct wheel_list){0};
}

static void add_file(struct wheel_list *list, const char *path)
{
	struct wheel_item *item = ARRAY_ADD(list->v, list->n);
	CLEANUP_FREE char *version = NULL;

	item->file = path_absolute(path);
	if (!wheel_name_parse(path, &item->name, &version))
		item->name = xstrdup(path_base(path));
}

static int visit_wheel(void *ctx, const struct tree_entry *e, struct err *err)
{
	(void)err;
	if (!strchr(e->rel, '/') && !S_ISDIR(e->st->st_mode) && ends_with(e->rel, ".whl"))
		add_file(ctx, e->path);
	return 0;
}

bool wheel_is_requirement(const char *line, size_t *name_length)
{
	static const char letters[] = "+ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-_.";
	size_t n = strspn(line, letters + 1), k;

	*name_length = n;
	if (!n || !isalnum((unsigned char)*line))
		return false;
	if (!line[n])
		return true;
	if (strncmp(line + n, "==", 2) != 0)
		return false;
	k = strspn(line + n + 2, letters);
	return k && !line[n + 2 + k];
}

static int add_line(struct wheel_list *list, const char *path, char *line, struct err *err)
{
	struct wheel_item *item;
	size_t n;

	line[strcspn(line, "#\r")] = '\0';
	line += strspn(line, " \t");
	for (n = strlen(line); n && strchr(" \t", line[n - 1]); n--)
		line[n - 1] = '\0';
	if (!*line)
		return 0;
	if (!wheel_is_requirement(line, &n)) {
		err_set(err, ERR_INPUT, "'%s' lists '%s', which is not the name of a package", path,
			line);
		return err_hint(err, "each line is NAME or NAME==VERSION");
	}
	if (list->n == LIST_MAX)
		return err_set(err, ERR_INPUT, "'%s' lists more than %d names", path, LIST_MAX);
	item = ARRAY_ADD(list->v, list->n);
	item->requirement = xstrdup(line);
	item->name = py_project_name(line, n);
	return 0;
}

static int read_names(const char *path, size_t max, struct wheel_list *list, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_STRV struct strv lines = STRV_INIT;

	if (file_read(path, LIST_FILE_MAX, &text, err) < 0)
		return err_wrap(err, "reading the names of packages");
	strv_split(&lines, text.data, "\n");
	for (size_t i = 0; i < lines.n && list->n < max; i++) {
		if (add_line(list, path, lines.v[i], err) < 0)
			return -1;
	}
	if (max < LIST_MAX && list->n < max)
		return err_set(err, ERR_USAGE, "'%s' has only %zu names", path, list->n);
	return 0;
}

/* Keeps every of-th item from `first` on, so that the most used are in all shards. */
static void keep_shard(struct wheel_list *list, size_t first, size_t of)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (i % of == first)
			list->v[kept++] = list->v[i];
		else
			item_release(&list->v[i]);
	}
	list->n = kept;
}

int wheel_list_read(
	const struct check_wheel_options *options, struct wheel_list *list, struct err *err)
{
	const char *what = options->what, *filter = options->filter;
	int failed = 0;
	size_t kept = 0;

	if (!strncmp(what, "top:", 4)) {
		CLEANUP_FREE char *path = xasprintf("%s/top-500.txt", options->data_dir);
		char *end;
		unsigned long n = strtoul(what + 4, &end, 10);

		if (!isdigit((unsigned char)what[4]) || *end || !n || n >= LIST_MAX)
			return err_set(err, ERR_USAGE, "'%s' has no number between 1 and %d", what,
				LIST_MAX - 1);
		failed = read_names(path, n, list, err);
	} else if (path_is_dir(what)) {
		failed = tree_walk(what, visit_wheel, list, err);
	} else if (ends_with(what, ".whl") && path_exists(what)) {
		add_file(list, what);
	} else {
		failed = read_names(what, LIST_MAX, list, err);
	}
	for (size_t i = 0; failed == 0 && filter && i < list->n; i++) {
		if (strstr(list->v[i].name, filter))
			list->v[kept++] = list->v[i];
		else
			item_release(&list->v[i]);
	}
	if (failed == 0 && filter)
		list->n = kept;
	if (failed == 0 && !list->n)
		failed = err_set(err, ERR_INPUT, "'%s' has no wheels%s%s%s", what,
			filter ? " whose names contain '" : "", filter ? filter : "",
			filter ? "'" : "");
	list->whole = list->n;
	if (failed == 0 && options->of_shards)
		keep_shard(list, options->shard - 1, options->of_shards);
	if (failed < 0)
		wheel_list_release(list);
	return failed;
}

/* The name in a line that begins a section of the table, or NULL. The caller frees it. */
static char *section_name(const char *line, size_t n)
{
	if (n < 3 || line[0] != '[' || line[n - 1] != ']' ||
		strspn(line + 1, "abcdefghijklmnopqrstuvwxyz0123456789-") != n - 2)
		return NULL;
	return xstrndup(line + 1, n - 2);
}

int wheel_exercise(
	const char *exercises, const char *name, const char *dir, char **ret, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *from = NULL;
	size_t n, length = 0;

	*ret = NULL;
	if (!path_exists(exercises))
		return 0;
	if (file_read(exercises, LIST_FILE_MAX, &text, err) < 0)
		return err_wrap(err, "reading the exercises");
	for (const char *p = text.data; *p; p += n + (p[n] == '\n')) {
		CLEANUP_FREE char *section = NULL;

		n = strcspn(p, "\n");
		section = section_name(p, n);
		if (section && from)
			break;
		if (from)
			length = (size_t)(p - from) + n + (p[n] == '\n');
		else if (section && !strcmp(section, name))
			from = p + n + (p[n] == '\n');
	}
	if (!from)
		return 0;
	*ret = xasprintf("%s/exercise.py", dir);
	return file_write(*ret, from, length, 0644, err);
}
