#include "elf/image.h"

#include <stdio.h>
#include <string.h>

#define MAGIC "!<arch>\n"
#define MAGIC_THIN "!<thin>\n"
#define MAGIC_SIZE 8
#define HEADER_SIZE 60
#define NAME_SIZE 16
#define SIZE_AT 48
#define SIZE_SIZE 10
#define FMAG_AT 58
#define MAX_NAME 4096

struct ar_reader {
	const char *data;
	size_t size;
	size_t pos;
	struct elf_slice long_names; /* the member "//" */
	char name[MAX_NAME + 1];
};

/* Digits, then spaces. Ten digits always fit. */
static int parse_number(const char *p, size_t n, uint64_t *out, const char *what, struct err *err)
{
	size_t i = 0;

	*out = 0;
	while (i < n && p[i] >= '0' && p[i] <= '9')
		*out = *out * 10 + (uint64_t)(p[i++] - '0');
	if (i == 0)
		return err_set(err, ERR_INPUT, "%s is no number", what);
	while (i < n && p[i] == ' ')
		i++;
	if (i < n)
		return err_set(err, ERR_INPUT, "%s is no number", what);
	return 0;
}

static int copy_name(struct ar_reader *r, const char *p, size_t n, struct err *err)
{
	if (n > MAX_NAME)
		return err_set(err, ERR_INPUT, "a member has a name of %zu bytes", n);
	if (n == 0 || memchr(p, '\0', n))
		return err_set(err, ERR_INPUT, "a member has no proper name");
	memcpy(r->name, p, n);
	r->name[n] = '\0';
	return 0;
}

/* "/123": at that place in the table of long names, ended by "/\n" (GNU) or "\n". */
static int long_name(struct ar_reader *r, const char *field, struct err *err)
{
	const char *p, *end;
	uint64_t offset;
	size_t left;

	if (parse_number(field + 1, NAME_SIZE - 1, &offset, "the place of a long name", err) < 0)
		return -1;
	if (offset >= r->long_names.n)
		return err_set(err, ERR_INPUT, "a long name is beyond the table of long names");
	p = (const char *)r->long_names.p + offset;
	left = r->long_names.n - (size_t)offset;
	if (left > MAX_NAME + 2)
		left = MAX_NAME + 2;
	end = memchr(p, '\n', left);
	if (!end)
		return err_set(err, ERR_INPUT, "a long name has no end");
	if (end > p && end[-1] == '/')
		end--;
	return copy_name(r, p, (size_t)(end - p), err);
}

static int read_name(struct ar_reader *r, const char *field, struct err *err)
{
	size_t n = NAME_SIZE;
	const char *slash;

	if (!memcmp(field, "#1/", 3))
		return err_set(err, ERR_UNSUPPORTED, "an archive with names in the BSD form");
	if (field[0] == '/')
		return long_name(r, field, err);
	slash = memchr(field, '/', n);
	if (slash)
		n = (size_t)(slash - field);
	else
		while (n > 0 && field[n - 1] == ' ')
			n--;
	return copy_name(r, field, n, err);
}

static bool is_field(const char *field, const char *name)
{
	size_t n = strlen(name);

	return !memcmp(field, name, n) && field[n] == ' ';
}

/* Reads one header and moves past the member. `real` tells members from the archive's tables. */
static int next_member(
	struct ar_reader *r, struct elf_archive_member *m, bool *real, struct err *err)
{
	const char *h = r->data + r->pos;
	uint64_t size;

	if (r->size - r->pos < HEADER_SIZE)
		return err_set(err, ERR_INPUT, "the archive is cut off in a member's header");
	if (h[FMAG_AT] != '`' || h[FMAG_AT + 1] != '\n')
		return err_set(err, ERR_INPUT, "no member's header where one should be");
	if (parse_number(h + SIZE_AT, SIZE_SIZE, &size, "a member's size", err) < 0)
		return -1;
	r->pos += HEADER_SIZE;
	if (size > r->size - r->pos)
		return err_set(err, ERR_INPUT, "the archive is cut off in a member");
	*m = (struct elf_archive_member){NULL, r->data + r->pos, (size_t)size};
	r->pos += (size_t)size;
	/* Members begin at even places; the last one may lack its padding. */
	if (r->pos < r->size)
		r->pos += r->pos & 1;
	*real = false;
	if (is_field(h, "/") || is_field(h, "/SYM64/"))
		return 0;
	if (is_field(h, "//")) {
		r->long_names = (struct elf_slice){m->data, m->size};
		return 0;
	}
	*real = true;
	m->name = r->name;
	return read_name(r, h, err);
}

int elf_archive_each_in_memory(
	const void *data, size_t len, elf_archive_visit visit, void *ctx, struct err *err)
{
	CLEANUP_FREE struct ar_reader *r = xcalloc(1, sizeof(*r));

	if (len >= MAGIC_SIZE && !memcmp(data, MAGIC_THIN, MAGIC_SIZE)) {
		err_set(err, ERR_UNSUPPORTED, "a thin archive, which only names its members");
		return err_hint(err, "make a full one with 'ar rcs' from the same objects");
	}
	if (len < MAGIC_SIZE || memcmp(data, MAGIC, MAGIC_SIZE) != 0)
		return err_set(err, ERR_INPUT, "not an archive");
	r->data = data;
	r->size = len;
	r->pos = MAGIC_SIZE;
	while (r->pos < len) {
		struct elf_archive_member member;
		bool real;

		if (next_member(r, &member, &real, err) < 0)
			return -1;
		if (real && visit(ctx, &member, err) < 0)
			return -1;
	}
	return 0;
}

int elf_archive_each(const char *path, elf_archive_visit visit, void *ctx, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};

	if (elf_map_open(path, &map, err) < 0)
		return -1;
	if (elf_archive_each_in_memory(map.data, map.size, visit, ctx, err) < 0)
		return err_wrap(err, "reading '%s'", path);
	return 0;
}
