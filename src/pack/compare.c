/* Compares two trees that should be identical. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "pack/pack-internal.h"
#include "report/json.h"

#define CHUNK (1 << 16)
#define SHOWN 16 /* bytes */

struct comparison {
	const char *first, *second;
	size_t max, differ;
	json_t *list;
};

/* Files that by design only a built tree or only an unpacked archive has. */
static bool is_ours(const char *rel)
{
	return !strcmp(rel, KEY_FILE) || !strcmp(rel, FILES_FILE) || !strcmp(rel, SBOM_FILE) ||
	       !strcmp(rel, CYCLONEDX_FILE);
}

/* Records a differing path; returns its object, to which more may be added, or NULL beyond the
 * limit. */
static json_t *add_difference(struct comparison *c, const char *rel, const char *what)
{
	json_t *o;

	c->differ++;
	if (json_array_size(c->list) >= c->max)
		return NULL;
	o = json_pack("{s:o, s:s}", "path", json_text(rel), "what", what);
	json_array_append_new(c->list, o);
	return o;
}

static json_t *hex_json(const unsigned char *p, size_t n)
{
	char hex[2 * SHOWN + 1] = "";

	for (size_t i = 0; i < n && i < SHOWN; i++)
		snprintf(hex + 2 * i, 3, "%02x", p[i]);
	return json_string(hex);
}

static int compare_content(struct comparison *c, const char *first, const char *second,
	const char *rel, struct err *err)
{
	CLEANUP_CLOSE int a = open(first, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	CLEANUP_CLOSE int b = open(second, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	CLEANUP_FREE unsigned char *p = xcalloc(1, CHUNK), *q = xcalloc(1, CHUNK);
	CLEANUP_FREE char *section = NULL;
	struct err ignored = ERR_INIT;
	size_t same = 0, n, m;
	off_t at;
	json_t *o;

	if (a < 0 || b < 0)
		return err_sys(err, "cannot open '%s'", a < 0 ? first : second);
	for (at = 0;; at += CHUNK) {
		ssize_t got = file_pread(a, p, CHUNK, at), other = file_pread(b, q, CHUNK, at);

		if (got < 0 || other < 0)
			return err_sys(err, "cannot read '%s'", got < 0 ? first : second);
		n = (size_t)got;
		m = (size_t)other;
		if (n != m || memcmp(p, q, n) != 0)
			break;
		if (n < CHUNK)
			return 0;
	}
	while (same < n && same < m && p[same] == q[same])
		same++;
	o = add_difference(c, rel, "their contents differ");
	if (o)
		json_object_update_new(o,
			json_pack("{s:o*, s:I, s:o, s:o}", "section",
				elf_section_at(first, (uint64_t)at + same, &section, &ignored) == 1
					? json_text(section)
					: NULL,
				"offset", (json_int_t)at + (json_int_t)same, "first",
				hex_json(p + same, n - same), "second",
				hex_json(q + same, m - same)));
	return 0;
}

static char *target_of(const char *path)
{
	char text[4096];
	ssize_t n = readlink(path, text, sizeof(text));

	return xstrndup(text, n > 0 ? (size_t)n : 0);
}

static int compare_entry(void *ctx, const struct tree_entry *e, struct err *err)
{
	struct comparison *c = ctx;
	CLEANUP_FREE char *other = xasprintf("%s/%s", c->second, e->rel);
	const char *rel = e->rel, *path = e->path;
	const struct stat *st = e->st;
	struct stat so;

	if (is_ours(rel))
		return 0;
	if (interrupt_check(err) < 0)
		return -1;
	if (lstat(other, &so) < 0) {
		add_difference(c, rel, "only the first has it");
		return 0;
	}
	if ((st->st_mode & S_IFMT) != (so.st_mode & S_IFMT)) {
		add_difference(c, rel, "they are of different kinds");
		return 0;
	}
	if (S_ISLNK(st->st_mode)) {
		CLEANUP_FREE char *a = target_of(path), *b = target_of(other);

		if (strcmp(a, b) != 0)
			add_difference(c, rel, "the links lead elsewhere");
		return 0;
	}
	if (!S_ISREG(st->st_mode))
		return 0;
	if ((st->st_mode ^ so.st_mode) & 0100)
		add_difference(c, rel, "one is executable, one is not");
	return compare_content(c, path, other, rel, err);
}

static int find_extra(void *ctx, const struct tree_entry *e, struct err *err)
{
	struct comparison *c = ctx;
	CLEANUP_FREE char *other = xasprintf("%s/%s", c->first, e->rel);

	(void)err;
	if (!is_ours(e->rel) && !path_exists(other))
		add_difference(c, e->rel, "only the second has it");
	return 0;
}

int pack_compare(const char *first, const char *second, size_t max, json_t *list, struct err *err)
{
	struct comparison c = {.first = first, .second = second, .max = max, .list = list};

	if (tree_walk(first, compare_entry, &c, err) < 0 ||
		tree_walk(second, find_extra, &c, err) < 0)
		return -1;
	return c.differ > INT32_MAX ? INT32_MAX : (int)c.differ;
}

/* Adds the differences `inside` an archive, with its name in front. */
static void add_inside(json_t *list, const char *archive, json_t *inside)
{
	json_t *d;
	size_t i;

	json_array_foreach (inside, i, d) {
		json_object_set_new(
			d, "path", json_sprintf("%s: %s", archive, json_word(d, "path")));
		json_array_append(list, d);
	}
}

int pack_compare_archives(const char *first, const char *second, const char *scratch, size_t max,
	json_t *list, struct err *err)
{
	CLEANUP_FREE char *a = xasprintf("%s/of the first", scratch);
	CLEANUP_FREE char *b = xasprintf("%s/of the second", scratch);
	struct comparison c = {.max = SIZE_MAX, .list = list};
	json_t *inside = json_array();
	struct err ignored = ERR_INIT;
	int differ = -1;

	if (tar_extract(first, a, 0, NULL, err) == 0 && tar_extract(second, b, 0, NULL, err) == 0)
		differ = pack_compare(a, b, max, inside, err);
	if (differ == 0)
		add_difference(
			&c, path_base(first), "the archives differ, but not in what is in them");
	add_inside(list, path_base(first), inside);
	json_decref(inside);
	tree_remove(a, &ignored);
	tree_remove(b, &ignored);
	return differ;
}
