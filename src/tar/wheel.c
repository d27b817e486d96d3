/* Reads a wheel in memory, a file at a time: what is audited need not be on disk. Files are
 * inflated in one go, into as many bytes as the central directory says, in half the time of block
 * by block. No large pages are asked for: a process that ends with its wheel loses more by having
 * them cleared than it gains. Only very large files have one without a name behind them, so that
 * the kernel may write them out. */
#include <fcntl.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tar/tar-internal.h"
#include "base/file.h"
#include "base/interrupt.h"

#define ROUND ((size_t)64 << 10)
/* Deflate makes at most 258 bytes of two bits. */
#define RATIO_MAX 1032

struct reading {
	struct tar_reader reader; /* for its messages and its zip.c */
	struct tar_wheel *wheel;
	struct libdeflate_decompressor *inflate;
	const unsigned char *archive;
	size_t size;
	unsigned char *room; /* for content */
	size_t room_size;
	bool backed;   /* by a file */
	uint64_t left; /* bytes that entries may still have */
	struct strv names;
	struct err *err;
};

static void release(struct reading *r)
{
	zip_release(&r->reader.zip);
	inflateEnd(&r->reader.inflate);
	if (r->inflate)
		libdeflate_free_decompressor(r->inflate);
	if (r->archive)
		munmap((void *)r->archive, r->size);
	if (r->room)
		munmap(r->room, r->room_size);
	strv_release(&r->names);
}

static int refuse(struct reading *r, const struct zip_entry *e, const char *what)
{
	return tar_refuse(&r->reader, r->err, "its entry '%.*s' %s",
		(int)(e->length < 200 ? e->length : 200), e->name, what);
}

static int map_archive(struct reading *r, int fd)
{
	struct stat st;
	void *data;

	if (fstat(fd, &st) < 0)
		return err_sys(r->err, "cannot examine '%s'", r->reader.name);
	r->size = (size_t)st.st_size;
	data = mmap(NULL, r->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return err_sys(r->err, "cannot map '%s'", r->reader.name);
	r->archive = data;
	return 0;
}

/* A file without a name in the scratch folder, with all its bytes on disk. */
static int backing(const struct reading *r, size_t size)
{
	CLEANUP_FREE char *path = xasprintf("%s/large.XXXXXX", r->wheel->scratch);
	CLEANUP_CLOSE int fd = mkostemp(path, O_CLOEXEC);
	int no, ready;

	if (fd < 0)
		return err_sys(r->err, "cannot create a file in '%s'", r->wheel->scratch);
	unlink(path);
	no = posix_fallocate(fd, 0, (off_t)size);
	if (no)
		return err_set(r->err, ERR_ENVIRONMENT, "no room for %zu MiB in '%s': %s",
			size >> 20, r->wheel->scratch, strerror(no));
	ready = fd;
	fd = -1;
	return ready;
}

/* How much small files need: their pages are zeroed by the kernel once, when the first touches
 * them. */
static uint64_t largest_small(const struct reading *r)
{
	const struct zip_list *l = &r->reader.zip;
	uint64_t most = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].size <= r->wheel->memory && l->v[i].size > most)
			most = l->v[i].size;
	}
	return most;
}

/* Makes room for that much content. */
static int make_room(struct reading *r, uint64_t n)
{
	bool backed = n > r->wheel->memory;
	uint64_t room = backed ? n : largest_small(r);
	size_t size = ((size_t)room + ROUND - 1) & ~(ROUND - 1);
	CLEANUP_CLOSE int fd = -1;
	void *data;

	if (r->room && n <= r->room_size && r->backed == backed)
		return 0;
	if (r->room)
		munmap(r->room, r->room_size);
	r->room = NULL;
	if (backed && (fd = backing(r, size)) < 0)
		return -1;
	data = mmap(NULL, size, PROT_READ | PROT_WRITE,
		backed ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);
	if (data == MAP_FAILED)
		return err_sys(r->err, "no memory for a file of '%s'", r->reader.name);
	r->room = data;
	r->room_size = size;
	r->backed = backed;
	return 0;
}

/* The whole content of a file, held against its checksum. */
static int read_content(struct reading *r, const struct zip_entry *e, const unsigned char **content)
{
	const unsigned char *packed = r->archive + e->data;
	enum libdeflate_result got;
	size_t in, out;

	*content = packed;
	if (e->method == ZIP_DEFLATED) {
		if (e->size / RATIO_MAX > e->packed)
			return refuse(r, e, "holds less than it declares");
		if (make_room(r, e->size) < 0)
			return -1;
		got = libdeflate_deflate_decompress_ex(
			r->inflate, packed, (size_t)e->packed, r->room, (size_t)e->size, &in, &out);
		if (got == LIBDEFLATE_INSUFFICIENT_SPACE)
			return refuse(r, e, "holds more than it declares");
		if (got != LIBDEFLATE_SUCCESS)
			return refuse(r, e, "is truncated or corrupt");
		if (out != e->size)
			return refuse(r, e, "holds less than it declares");
		if (in != e->packed)
			return refuse(r, e, "has bytes behind its end");
		*content = r->room;
	}
	if (libdeflate_crc32(0, *content, (size_t)e->size) != e->crc)
		return refuse(r, e, "is truncated or corrupt: its checksum is another");
	return 0;
}

/* The first bytes of a file's content, up to n: how many there are, or -1 if it is damaged. */
static int read_start(struct reading *r, const struct zip_entry *e, unsigned char *to, size_t n)
{
	z_stream *z = &r->reader.inflate;
	int got;

	n = n < e->size ? n : (size_t)e->size;
	if (e->method == ZIP_STORED) {
		memcpy(to, r->archive + e->data, n);
		return (int)n;
	}
	inflateReset(z);
	z->next_in = (Bytef *)(r->archive + e->data);
	z->avail_in = (unsigned int)(e->packed < UINT_MAX ? e->packed : UINT_MAX);
	z->next_out = to;
	z->avail_out = (unsigned int)n;
	got = n ? inflate(z, Z_SYNC_FLUSH) : Z_STREAM_END;
	return !z->avail_out || got == Z_STREAM_END ? (int)(n - z->avail_out) : -1;
}

/* The name without what a path may repeat, a folder's with a '/' at its end; NULL if it is
 * refused. */
static char *read_name(struct reading *r, const struct zip_entry *e)
{
	CLEANUP_FREE char *raw = xstrndup(e->name, e->length), *name = NULL;
	CLEANUP_STRV struct strv parts = STRV_INIT;
	bool folder = ends_with(raw, "/");
	const char *fault = *raw ? tar_path_split(raw, &parts) : "has no name";

	if (!fault && (e->mode & S_IFMT) == S_IFLNK)
		fault = TAR_WHEEL_LINK;
	if (!fault && !folder && !parts.n)
		fault = "is the root, but not a folder";
	if (fault) {
		refuse(r, e, fault);
		return NULL;
	}
	name = strv_join(&parts, "/");
	return folder && *name ? xasprintf("%s/", name) : steal(&name);
}

static int read_entry(struct reading *r, const struct zip_entry *e)
{
	CLEANUP_FREE char *name = read_name(r, e);
	const unsigned char *content;
	unsigned char start[8];
	int n;

	if (!name || interrupt_check(r->err) < 0)
		return -1;
	if (e->size > r->left)
		return tar_refuse_size(&r->reader, r->err);
	r->left -= e->size;
	/* The archive itself as a folder. */
	if (!*name)
		return 0;
	strv_add(&r->names, name);
	if (!e->size)
		return 0;
	n = read_start(r, e, start, sizeof(start));
	if (n >= 0 && !r->wheel->wants(start, (size_t)n))
		return 0;
	if (read_content(r, e, &content) < 0)
		return -1;
	return r->wheel->visit(r->wheel->ctx, name, content, (size_t)e->size, r->err);
}

int tar_place_compare(const char *a, const char *b)
{
	const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;

	while (*x && *x == *y) {
		x++;
		y++;
	}
	return (*x == '/' ? 1 : *x * 2) - (*y == '/' ? 1 : *y * 2);
}

static int by_place(const void *a, const void *b)
{
	return tar_place_compare(*(const char *const *)a, *(const char *const *)b);
}

/* Of two entries with one name some readers take the first, others the last; and no file has files
 * in it. */
static int check_names(struct reading *r)
{
	struct strv *names = &r->names;

	sort_array(names->v, names->n, sizeof(*names->v), by_place);
	for (size_t i = 0; i + 1 < names->n; i++) {
		const char *next = names->v[i + 1];
		size_t n = strlen(names->v[i]);

		if (names->v[i][n - 1] != '/' && !strncmp(names->v[i], next, n) &&
			(!next[n] || next[n] == '/'))
			return tar_refuse(&r->reader, r->err,
				"its entry '%s' would replace a file of the same name", next);
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All folders that entries are or lie in. */
static int list_folders(struct reading *r)
{
	struct strv *all = &r->wheel->folders;
	size_t kept = 0;

	for (size_t i = 0; i < r->names.n; i++) {
		const char *name = r->names.v[i], *before = i ? r->names.v[i - 1] : "";

		for (const char *end = strchr(name, '/'); end; end = strchr(end + 1, '/')) {
			size_t n = (size_t)(end - name);

			if (!strncmp(before, name, n + 1))
				continue;
			if (all->n == r->wheel->limits.max_entries)
				return tar_refuse(&r->reader, r->err, "it has too many folders");
			strv_take(all, xstrndup(name, n));
		}
	}
	sort_array(all->v, all->n, sizeof(*all->v), by_name);
	for (size_t i = 0; i < all->n; i++) {
		if (kept && !strcmp(all->v[kept - 1], all->v[i]))
			free(all->v[i]);
		else
			all->v[kept++] = all->v[i];
	}
	all->n = kept;
	if (all->v)
		all->v[kept] = NULL;
	return 0;
}

/* Archives that shall come out the same whenever they are packed have the first day of all. */
static unsigned int newest_date(const struct zip_list *l)
{
	unsigned int newest = 1 << 5 | 1;

	for (size_t i = 0; i < l->n; i++)
		newest = l->v[i].date > newest ? l->v[i].date : newest;
	return newest == (1 << 5 | 1)
		       ? 0
		       : ((newest >> 9) + 1980) * 10000 + (newest >> 5 & 15) * 100 + (newest & 31);
}

int tar_wheel_read(const char *archive, struct tar_wheel *wheel, struct err *err)
{
	CLEANUP_CLOSE int fd = file_open(archive, err);
	CLEANUP(release)
	struct reading r = {.reader = {.name = archive, .verb = "unpack", .limits = wheel->limits},
		.wheel = wheel,
		.left = wheel->limits.max_bytes,
		.err = err};
	const struct zip_list *list = &r.reader.zip;
	struct err bad = ERR_INIT;

	if (fd < 0)
		return -1;
	if (!zip_is(fd))
		return tar_refuse(&r.reader, err, "it does not begin as a zip archive");
	if (zip_read(fd, wheel->limits.max_entries, &r.reader.zip, &bad) < 0)
		return tar_refuse(&r.reader, err, "%s", bad.msg);
	if (!list->n)
		return tar_refuse(&r.reader, err, "it holds nothing");
	wheel->date = newest_date(list);
	r.inflate = libdeflate_alloc_decompressor();
	if (!r.inflate || inflateInit2(&r.reader.inflate, -MAX_WBITS) != Z_OK)
		bug("out of memory");
	if (map_archive(&r, fd) < 0)
		return -1;
	for (size_t i = 0; i < list->n; i++) {
		const struct zip_entry *e = &list->v[i];

		/* It may have become shorter since. */
		if (e->data > r.size || e->packed > r.size - e->data)
			return tar_refuse(&r.reader, err, "it is truncated");
		if (read_entry(&r, e) < 0)
			return -1;
	}
	if (check_names(&r) < 0)
		return -1;
	return list_folders(&r);
}
