/* Which wheels: a folder, a file with names, or the first of the list that ships with solder. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "check/wheel-internal.h"

#define LIST_MAX 10000
#define LIST_FILE_MAX ((size_t)1 << 20)

static bool has_suffix(const char *text, const char *suffix)
{
	size_t n = strlen(text), k = strlen(suffix);

	return n > k && !strcmp(text + n - k, suffix);
}

bool wheel_name_parse(const char *file, char **name, char **version)
{
	CLEANUP_STRV struct strv parts = STRV_INIT;
	const char *base = path_base(file);
	CLEANUP_FREE char *stem = NULL;

	if (!has_suffix(base, ".whl"))
		return false;
	stem = xstrndup(base, strlen(base) - 4);
	strv_split(&parts, stem, "-");
	if (parts.n != 5 && parts.n != 6)
		return false;
	*name = py_project_name(parts.v[0], strlen(parts.v[0]));
	*version = xstrdup(parts.v[1]);
	return true;
}

void wheel_list_release(struct wheel_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].requirement);
		free(list->v[i].name);
		free(list->v[i].file);
	}
	free(list->v);
	*list = (struct wheel_list){0};
}

static struct wheel_item *add(struct wheel_list *list)
{
	if (!(list->n & (list->n + 1)))
		list->v = xreallocarray(list->v, 2 * (list->n + 1), sizeof(*list->v));
	list->v[list->n] = (struct wheel_item){0};
	return &list->v[list->n++];
}

static void add_file(struct wheel_list *list, const char *path)
{
	struct wheel_item *item = add(list);
	CLEANUP_FREE char *version = NULL;

	item->file = path_absolute(path);
	if (!wheel_name_parse(path, &item->name, &version))
		item->name = xstrdup(path_base(path));
}

static int visit_wheel(void *ctx, const struct tree_entry *e, struct err *err)
{
	(void)err;
	if (!strchr(e->rel, '/') && !S_ISDIR(e->st->st_mode) && has_suffix(e->rel, ".whl"))
		add_file(ctx, e->path);
	return 0;
}

/* A name, and optionally "==" and a version. Nothing that pip could take for an option, a file or
 * an address. */
static bool is_requirement(const char *line, size_t *name_length)
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
	if (!is_requirement(line, &n)) {
		err_set(err, ERR_INPUT, "'%s' lists '%s', which is not the name of a package", path,
			line);
		return err_hint(err, "each line is NAME or NAME==VERSION");
	}
	if (list->n == LIST_MAX)
		return err_set(err, ERR_INPUT, "'%s' lists more than %d names", path, LIST_MAX);
	item = add(list);
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

static int read_top(
	const char *data_dir, const char *number, struct wheel_list *list, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/top.txt", data_dir);
	char *end;
	unsigned long n = strtoul(number, &end, 10);

	if (!isdigit((unsigned char)*number) || *end || !n || n >= LIST_MAX)
		return err_set(err, ERR_USAGE, "'top:%s' has no number between 1 and %d", number,
			LIST_MAX - 1);
	return read_names(path, n, list, err);
}

static void filter(struct wheel_list *list, const char *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (strstr(list->v[i].name, text)) {
			struct wheel_item item = list->v[kept];

			list->v[kept++] = list->v[i];
			list->v[i] = item;
		}
	}
	for (size_t i = kept; i < list->n; i++) {
		free(list->v[i].requirement);
		free(list->v[i].name);
		free(list->v[i].file);
	}
	list->n = kept;
}

int wheel_list_read(
	const struct check_wheel_options *options, struct wheel_list *list, struct err *err)
{
	const char *what = options->what;
	int failed = 0;

	if (!strncmp(what, "top:", 4))
		failed = read_top(options->data_dir, what + 4, list, err);
	else if (path_is_dir(what))
		failed = tree_walk(what, visit_wheel, list, err);
	else if (has_suffix(what, ".whl") && path_exists(what))
		add_file(list, what);
	else
		failed = read_names(what, LIST_MAX, list, err);
	if (failed == 0 && options->filter)
		filter(list, options->filter);
	if (failed == 0 && !list->n)
		failed = err_set(err, ERR_INPUT, "'%s' has no wheels%s%s%s", what,
			options->filter ? " whose names contain '" : "",
			options->filter ? options->filter : "", options->filter ? "'" : "");
	if (failed < 0)
		wheel_list_release(list);
	return failed;
}
