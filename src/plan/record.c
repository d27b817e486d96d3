/* Trees of files: what they may contain, and what they contained when they were made. */
#include "plan/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/file.h"

#define RECORD_MAX ((size_t)64 << 20)
#define ENTRIES_MAX ((size_t)1 << 20)
#define FIRST "solder record 1\n"
#define TOTAL "total "

void record_release(struct record *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].path);
	free(r->v);
	*r = (struct record){0};
}

/* Fills in kind, mode, time and inode; for a link also size and digest. `rel` is relative to
 * `in`. */
static int describe_entry(const struct folder *in, const char *rel, const struct stat *st,
	struct record_entry *e, struct err *err)
{
	e->kind = S_ISDIR(st->st_mode) ? 'd' : S_ISLNK(st->st_mode) ? 'l' : 'f';
	e->mode = st->st_mode & 07777;
	e->size = e->kind == 'd' ? 0 : (uint64_t)st->st_size;
	e->mtime_ns = (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec;
	e->inode = st->st_ino;
	snprintf(e->sha256, sizeof(e->sha256), "-");
	if (!S_ISDIR(st->st_mode) && !S_ISREG(st->st_mode) && !S_ISLNK(st->st_mode))
		return err_set(err, ERR_INPUT, "'%s/%s' is neither a file, a folder nor a link",
			in->path, rel);
	if (e->kind == 'l') {
		CLEANUP_FREE char *target = link_read_below(in, rel, err);

		if (!target)
			return -1;
		e->size = strlen(target);
		sha256_hex(target, e->size, e->sha256);
	}
	return 0;
}

static int digest_file(const struct folder *in, const char *rel, char hex[SHA256_HEX_SIZE],
	uint64_t *size, struct err *err)
{
	CLEANUP_CLOSE int fd = file_open_below(in, rel, err);

	return fd < 0 ? -1 : sha256_fd(fd, rel, hex, size, err);
}

struct record_making {
	struct record *record;
	bool (*leave_out)(const char *path);
};

static int add_to_record(void *ctx, const struct tree_entry *at, struct err *err)
{
	struct record_making *m = ctx;
	struct record_entry *e;

	if (m->leave_out && m->leave_out(at->rel))
		return 0;
	if (strchr(at->rel, '\n'))
		return err_set(err, ERR_INPUT, "the name '%s' has a line break", at->path);
	if (m->record->n == ENTRIES_MAX)
		return err_set(err, ERR_INPUT, "more than %zu files", ENTRIES_MAX);
	e = ARRAY_ADD(m->record->v, m->record->n);
	e->path = xstrdup(at->rel);
	if (describe_entry(at->in, at->name, at->st, e, err) < 0)
		return -1;
	return e->kind == 'f' ? digest_file(at->in, at->name, e->sha256, &e->size, err) : 0;
}

int record_make(
	const char *tree, bool (*leave_out)(const char *path), struct record *ret, struct err *err)
{
	struct record_making m = {ret, leave_out};

	*ret = (struct record){0};
	if (tree_walk(tree, add_to_record, &m, err) == 0)
		return 0;
	record_release(ret);
	return -1;
}

int record_write(const struct record *r, const char *path, bool anywhere, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	char hex[SHA256_HEX_SIZE];

	buf_adds(&text, FIRST);
	for (size_t i = 0; i < r->n; i++) {
		const struct record_entry *e = &r->v[i];

		buf_addf(&text, "%c %04o %" PRIu64 " %" PRIu64 " %" PRIu64 " %s %s\n", e->kind,
			e->mode, e->size, anywhere ? 0 : e->mtime_ns, anywhere ? 0 : e->inode,
			e->sha256, e->path);
	}
	sha256_hex(text.data, text.len, hex);
	buf_addf(&text, TOTAL "%s\n", hex);
	return file_write(path, text.data, text.len, 0644, err);
}

bool record_takes_path(const char *path)
{
	for (const char *p = path;; p++) {
		size_t n = strcspn(p, "/");

		if (n == 0 || (n == 1 && *p == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n;
		if (!*p)
			return true;
	}
}

static int parse_line(char *line, struct record *r)
{
	struct record_entry e = {0};
	unsigned int mode;
	int at = 0;

	if (sscanf(line, "%c %o %" SCNu64 " %" SCNu64 " %" SCNu64 " %64s%n", &e.kind, &mode,
		    &e.size, &e.mtime_ns, &e.inode, e.sha256, &at) != 6 ||
		!at || line[at] != ' ' || !strchr("fdl", e.kind) || mode > 07777 ||
		!record_takes_path(line + at + 1) || r->n == ENTRIES_MAX)
		return -1;
	e.mode = (mode_t)mode;
	e.path = xstrdup(line + at + 1);
	*ARRAY_ADD(r->v, r->n) = e;
	return 0;
}

int record_read(const char *path, struct record *ret, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_RECORD struct record r = {0};
	char hex[SHA256_HEX_SIZE], *total, *line;
	bool good;

	*ret = (struct record){0};
	if (file_read(path, RECORD_MAX, &text, err) < 0)
		return -1;
	total = text.data + (text.len > sizeof(TOTAL) + 64 ? text.len - sizeof(TOTAL) - 64 : 0);
	sha256_hex(text.data, (size_t)(total - text.data), hex);
	good = strlen(text.data) == text.len && !strncmp(text.data, FIRST, strlen(FIRST)) &&
	       !strncmp(total, TOTAL, strlen(TOTAL)) &&
	       !strncmp(total + strlen(TOTAL), hex, strlen(hex));
	for (line = text.data + strlen(FIRST); good && line < total;) {
		size_t n = strcspn(line, "\n");

		line[n] = '\0';
		good = parse_line(line, &r) == 0;
		line += n + 1;
	}
	if (!good)
		return err_set(err, ERR_INPUT, "'%s' is damaged", path);
	*ret = r;
	r = (struct record){0};
	return 0;
}

static const char *kind_name(char kind)
{
	return kind == 'd' ? "a folder" : kind == 'l' ? "a link" : "a file";
}

/* Like record_check_entry(), for `rel` below `in`. */
static int compare_entry(const struct record_entry *e, const struct folder *in, const char *rel,
	const struct stat *st, enum record_depth depth, char **why, struct err *err)
{
	mode_t modes = depth == RECORD_WITHIN ? 0100 : 07777;
	struct record_entry now = {0};

	if (!S_ISDIR(st->st_mode) && !S_ISREG(st->st_mode) && !S_ISLNK(st->st_mode)) {
		*why = xasprintf("%s is no longer %s", e->path, kind_name(e->kind));
		return 1;
	}
	if (describe_entry(in, rel, st, &now, err) < 0)
		return -1;
	if (now.kind != e->kind)
		*why = xasprintf(
			"%s is %s instead of %s", e->path, kind_name(now.kind), kind_name(e->kind));
	else if (now.size != e->size && e->kind == 'f')
		*why = xasprintf(
			"%s has %" PRIu64 " bytes instead of %" PRIu64, e->path, now.size, e->size);
	else if ((now.mode & modes) != (e->mode & modes))
		*why = xasprintf(
			"%s has the mode %04o instead of %04o", e->path, now.mode, e->mode);
	else if (e->kind == 'l' && strcmp(now.sha256, e->sha256) != 0)
		*why = xasprintf("%s leads elsewhere", e->path);
	if (*why)
		return 1;
	if (e->kind != 'f')
		return 0;
	if (depth == RECORD_LOOK)
		return now.mtime_ns == e->mtime_ns && now.inode == e->inode ? 0 : 2;
	if (digest_file(in, rel, now.sha256, NULL, err) < 0)
		return -1;
	if (strcmp(now.sha256, e->sha256) != 0)
		*why = xasprintf("%s has another content", e->path);
	return *why != NULL;
}

int record_check_entry(
	const struct record_entry *e, const struct folder *tree, char **why, struct err *err)
{
	struct stat st;
	struct err link = ERR_INIT;
	int got = stat_below(tree, e->path, &st, &link);

	*why = NULL;
	if (got == 1)
		return compare_entry(e, tree, e->path, &st, RECORD_WITHIN, why, err);
	if (got < 0 && link.code == ERR_ENVIRONMENT) {
		*err = link;
		return -1;
	}
	/* A parent may now be a file or a link, and is then itself a difference. */
	*why = xasprintf("%s is missing", e->path);
	return 1;
}

struct record_checking {
	const struct record *record;
	size_t at;
	enum record_depth depth;
	bool moved;
	char **why;
};

static int check_visited(void *ctx, const struct tree_entry *e, struct err *err)
{
	struct record_checking *c = ctx;
	const struct record *r = c->record;
	int got;

	if (c->at == r->n || strcmp(r->v[c->at].path, e->rel) != 0) {
		size_t later = c->at;

		while (later < r->n && strcmp(r->v[later].path, e->rel) != 0)
			later++;
		*c->why = later == r->n ? xasprintf("%s was added", e->rel)
					: xasprintf("%s is missing", r->v[c->at].path);
		return -1;
	}
	got = compare_entry(&r->v[c->at++], e->in, e->name, e->st, c->depth, c->why, err);
	c->moved |= got == 2;
	return got == 1 || got < 0 ? -1 : 0;
}

int record_check(const struct record *r, const char *tree, enum record_depth depth, char **why,
	struct err *err)
{
	struct record_checking c = {r, 0, depth, false, why};
	int got = 0;

	*why = NULL;
	if (depth == RECORD_WITHIN) {
		CLEANUP_FOLDER struct folder top = FOLDER_INIT;

		got = folder_open(tree, &top, err);
		for (size_t i = 0; got == 0 && i < r->n; i++)
			got = record_check_entry(&r->v[i], &top, why, err);
		return got;
	}
	got = tree_walk(tree, check_visited, &c, err);
	if (*why)
		return 1;
	if (got < 0)
		return -1;
	if (c.at < r->n) {
		*why = xasprintf("%s is missing", r->v[c.at].path);
		return 1;
	}
	return c.moved ? 2 : 0;
}

/* ---- outputs --------------------------------------------------------------------------------- */

/* True if the link at `rel` stays within the tree. ".." may only come first, so each one climbs a
 * real folder, among those the walk descended through. */
static bool link_stays_inside(const char *rel, const char *target)
{
	size_t depth = 0;

	for (const char *p = strchr(rel, '/'); p; p = strchr(p + 1, '/'))
		depth++;
	if (*target == '/')
		return false;
	for (bool named = false; *target; target += strspn(target, "/")) {
		size_t n = strcspn(target, "/");

		if (n == 2 && !strncmp(target, "..", 2)) {
			if (named || !depth--)
				return false;
		} else if (n != 1 || *target != '.') {
			named = true;
		}
		target += n;
	}
	return true;
}

static int check_link(const struct tree_entry *e, struct err *err)
{
	CLEANUP_FREE char *target = link_read_below(e->in, e->name, err);

	if (!target)
		return -1;
	if (link_stays_inside(e->rel, target))
		return 0;
	err_set(err, ERR_INPUT, "'%s' in the output is a link to '%s', which leads out of it",
		e->rel, target);
	return err_hint(err,
		"a recipe may leave relative links only, with '..' in front, that stay within $OUT");
}

static int check_output_entry(void *ctx, const struct tree_entry *e, struct err *err)
{
	mode_t mode = e->st->st_mode;

	(void)ctx;
	if (S_ISLNK(mode))
		return check_link(e, err);
	if (!S_ISREG(mode) && !S_ISDIR(mode))
		return err_set(err, ERR_INPUT, "'%s' in the output is a %s", e->rel,
			S_ISFIFO(mode)   ? "pipe"
			: S_ISSOCK(mode) ? "socket"
					 : "device");
	/* Files only: folders in some shared places inherit setgid from their parent. */
	if (S_ISREG(mode) && mode & (S_ISUID | S_ISGID))
		return err_set(err, ERR_INPUT,
			"'%s' in the output runs with the rights of its %s (mode %04o)", e->rel,
			mode & S_ISUID ? "owner" : "group", (unsigned int)(mode & 07777));
	return 0;
}

int output_check(const char *tree, struct err *err)
{
	struct stat st;

	if (lstat(tree, &st) < 0)
		return err_sys(err, "cannot examine '%s'", tree);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_INPUT, "the output is a %s, not a folder",
			S_ISLNK(st.st_mode) ? "link" : "file");
	return tree_walk(tree, check_output_entry, NULL, err);
}
