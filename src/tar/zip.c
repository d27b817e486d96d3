/* A zip archive says everything twice: in a header before each file and in the central directory at
 * its end. Python's installers go by the directory, readers of streams by the headers, libarchive
 * by some of both. Here the two must agree in all that decides what is unpacked, the parts must
 * fill the file without gap or overlap, and what libarchive makes of them must be what the
 * directory says: then everybody sees the same files.
 *
 * libzip's check for consistency knows neither gaps and overlaps nor descriptors, and libarchive's
 * readers have none.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tar/tar-internal.h"
#include "base/file.h"
#include "base/mem.h"

#define END_SIZE 22
#define COMMENT_MAX 65535
#define LOCATOR_SIZE 20
#define END64_SIZE 56
#define CENTRAL_SIZE 46
#define LOCAL_SIZE 30
#define VERSION_MAX 63      /* 6.3, the newest that Python reads */
#define ALL_ONES UINT32_MAX /* the value is in the zip64 field */
#define DIRECTORY_MAX ((uint64_t)64 << 20)

enum {
	FLAG_ENCRYPTED = 1 << 0,
	FLAG_DESCRIPTOR = 1 << 3, /* CRC and sizes follow the data */
	FLAG_PATCH = 1 << 5,
	FLAG_STRONG = 1 << 6,
	FLAG_UTF8 = 1 << 11,
	FLAG_MASKED = 1 << 13,
	FLAGS_REFUSED = FLAG_ENCRYPTED | FLAG_PATCH | FLAG_STRONG | FLAG_MASKED,
	FLAGS_COMPARED = FLAGS_REFUSED | FLAG_DESCRIPTOR | FLAG_UTF8,
};

enum { EXTRA_ZIP64 = 1, EXTRA_UNICODE_PATH = 0x7075 };

/* Place and size of the directory. */
struct zip_place {
	uint64_t start, size, count;
};

static uint16_t get16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const unsigned char *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const unsigned char *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static int refuse(const struct zip_entry *e, const char *what, struct err *err)
{
	return err_set(err, ERR_INPUT, "its entry '%.*s' %s",
		(int)(e->length < 200 ? e->length : 200), e->name, what);
}

static int read_at(int fd, uint64_t at, void *to, size_t n, struct err *err)
{
	ssize_t got = file_pread(fd, to, n, (off_t)at);

	if (got < 0)
		return err_sys(err, "it cannot be read");
	return (size_t)got < n ? err_set(err, ERR_INPUT, "it is truncated") : 0;
}

bool zip_is(int fd)
{
	char magic[4];

	/* Those with something in front (programs that unpack themselves) are not ours to read. */
	return file_pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) &&
	       !memcmp(magic, "PK\3\4", 4);
}

static bool same(uint64_t narrow, uint64_t ones, uint64_t wide)
{
	return narrow == ones || narrow == wide;
}

/* A file with a locator must have a sound zip64 record, and readers that know only the short one
 * must come to the same. `at` is where the ends begin. */
static int find_zip64(
	int fd, const unsigned char *end, uint64_t *at, struct zip_place *p, struct err *err)
{
	unsigned char locator[LOCATOR_SIZE], record[END64_SIZE];

	if (*at < LOCATOR_SIZE)
		return 0;
	if (read_at(fd, *at - LOCATOR_SIZE, locator, LOCATOR_SIZE, err) < 0)
		return -1;
	if (memcmp(locator, "PK\6\7", 4) != 0)
		return 0;
	if (*at < LOCATOR_SIZE + END64_SIZE ||
		get64(locator + 8) != *at - LOCATOR_SIZE - END64_SIZE)
		return err_set(
			err, ERR_INPUT, "it is corrupt: its zip64 record is not where it says");
	*at -= LOCATOR_SIZE + END64_SIZE;
	if (read_at(fd, *at, record, END64_SIZE, err) < 0)
		return -1;
	*p = (struct zip_place){get64(record + 48), get64(record + 40), get64(record + 32)};
	if (memcmp(record, "PK\6\6", 4) != 0 || get64(record + 4) != END64_SIZE - 12 ||
		get32(locator + 4) || get32(locator + 16) > 1 || get32(record + 16) ||
		get32(record + 20) || get64(record + 24) != p->count ||
		!same(get16(end + 10), UINT16_MAX, p->count) ||
		!same(get32(end + 12), ALL_ONES, p->size) ||
		!same(get32(end + 16), ALL_ONES, p->start))
		return err_set(err, ERR_INPUT, "it is corrupt: its two ends contradict each other");
	return 0;
}

static int find_directory(int fd, struct zip_place *p, struct err *err)
{
	CLEANUP_FREE unsigned char *tail = NULL;
	const unsigned char *end = NULL;
	struct stat st;
	uint64_t at;
	size_t n;

	if (fstat(fd, &st) < 0)
		return err_sys(err, "it cannot be read");
	n = st.st_size < END_SIZE + COMMENT_MAX ? (size_t)st.st_size : END_SIZE + COMMENT_MAX;
	tail = xcalloc(1, n + 1);
	if (read_at(fd, (uint64_t)st.st_size - n, tail, n, err) < 0)
		return -1;
	/* The last mark of an end counts, as it does for Python; its comment reaches to the end of
	 * the file, so that no comment can hold an end of its own. */
	for (size_t i = n >= 4 ? n - 3 : 0; i-- > 0 && !end;)
		end = memcmp(tail + i, "PK\5\6", 4) ? NULL : tail + i;
	n -= end ? (size_t)(end - tail) : 0;
	if (!end || n < END_SIZE || n - END_SIZE != get16(end + 20))
		return err_set(err, ERR_INPUT,
			"it is truncated or corrupt: it does not end in the end of a central directory");
	at = (uint64_t)st.st_size - n;
	*p = (struct zip_place){get32(end + 16), get32(end + 12), get16(end + 10)};
	if (get16(end + 4) || get16(end + 6) || get16(end + 8) != get16(end + 10))
		return err_set(err, ERR_INPUT, "it is one part of several");
	if (find_zip64(fd, end, &at, p, err) < 0)
		return -1;
	if (p->size > at || p->start != at - p->size)
		return err_set(err, ERR_INPUT,
			"it is corrupt: its central directory does not reach from where it says to the end");
	if (p->size > DIRECTORY_MAX)
		return err_set(err, ERR_INPUT, "its central directory has over %ju MiB",
			(uintmax_t)(DIRECTORY_MAX >> 20));
	return 0;
}

/* Those of the values that are too narrow are in the zip64 field, in this order. */
static int read_extra(const struct zip_entry *e, const unsigned char *p, size_t n,
	uint64_t *const values[3], struct err *err)
{
	bool found = false;
	size_t wide = 0;

	for (size_t i = 0; i < 3; i++)
		wide += values[i] && *values[i] == ALL_ONES;

	while (n) {
		size_t len = n >= 4 ? get16(p + 2) : 0;

		if (n < 4 || len > n - 4)
			return refuse(e, "is corrupt: its extra fields do not fit", err);
		if (get16(p) == EXTRA_UNICODE_PATH)
			return refuse(e, "has a second name", err);
		if (get16(p) == EXTRA_ZIP64) {
			const unsigned char *value = p + 4;

			if (found || len < 8 * wide)
				return refuse(e, "is corrupt: its zip64 field is", err);
			found = true;
			for (size_t i = 0; i < 3; i++) {
				if (!values[i] || *values[i] != ALL_ONES)
					continue;
				*values[i] = get64(value);
				value += 8;
			}
		}
		p += 4 + len;
		n -= 4 + len;
	}
	return wide && !found ? refuse(e, "is corrupt: it has no zip64 field", err) : 0;
}

static bool is_ascii(const struct zip_entry *e)
{
	for (size_t i = 0; i < e->length; i++) {
		if ((unsigned char)e->name[i] >= 0x80)
			return false;
	}
	return true;
}

/* Readers disagree about these, whatever the header says. */
static int check_entry(const struct zip_entry *e, struct err *err)
{
	uint32_t type = e->mode & S_IFMT;
	bool folder = e->length && e->name[e->length - 1] == '/';
	const struct {
		bool holds;
		const char *what;
	} faults[] = {
		{memchr(e->name, '\0', e->length) || memchr(e->name, '\\', e->length),
			"has a NUL or a backslash in its name"},
		{!(e->flags & FLAG_UTF8) && !is_ascii(e), "has a name in an unknown encoding"},
		{e->flags & FLAGS_REFUSED, "is encrypted or a patch"},
		{e->method != ZIP_STORED && e->method != ZIP_DEFLATED,
			"is neither stored nor deflated"},
		{e->method == ZIP_STORED && e->packed != e->size,
			"is stored, but its two sizes differ"},
		{type && type != S_IFREG && type != S_IFDIR && type != S_IFLNK,
			"is neither file, folder nor link"},
		{type && (type == S_IFDIR) != folder, "is a folder by one of name and mode only"},
		{folder && e->size, "is a folder with content"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		if (faults[i].holds)
			return refuse(e, faults[i].what, err);
	return 0;
}

static int read_central(const unsigned char **p, size_t *left, struct zip_entry *e, struct err *err)
{
	const unsigned char *h = *p;
	size_t extra, whole;

	if (*left < CENTRAL_SIZE || memcmp(h, "PK\1\2", 4) != 0)
		return err_set(err, ERR_INPUT, "its central directory is corrupt");
	extra = get16(h + 30);
	*e = (struct zip_entry){.name = (const char *)h + CENTRAL_SIZE,
		.length = get16(h + 28),
		.flags = get16(h + 8),
		.method = get16(h + 10),
		.date = get16(h + 14),
		.crc = get32(h + 16),
		.packed = get32(h + 20),
		.size = get32(h + 24),
		.offset = get32(h + 42),
		.mode = h[5] == 3 ? get32(h + 38) >> 16 : 0};
	whole = CENTRAL_SIZE + e->length + extra + get16(h + 32);
	if (whole > *left)
		return err_set(err, ERR_INPUT, "its central directory is corrupt");
	if (get16(h + 34))
		return refuse(e, "is on another disk", err);
	if (h[6] > VERSION_MAX)
		return refuse(e, "is for newer readers", err);
	if (read_extra(e, h + CENTRAL_SIZE + e->length, extra,
		    (uint64_t *const[3]){&e->size, &e->packed, &e->offset}, err) < 0)
		return -1;
	*p += whole;
	*left -= whole;
	return check_entry(e, err);
}

/* With a descriptor the header before the data may leave the values open. */
static bool agrees(const struct zip_entry *e, uint64_t there, uint64_t here)
{
	return there == here || (!there && (e->flags & FLAG_DESCRIPTOR));
}

/* Nothing but a descriptor stands between the data and the next header: CRC and sizes, with or
 * without a mark, in 32 or 64 bits. */
static int check_end(
	int fd, const struct zip_entry *e, uint64_t end, uint64_t next, struct err *err)
{
	unsigned char bytes[24], *d = bytes;
	uint64_t gap = next - end;
	bool marked = gap == 16 || gap == 24, wide = gap >= 20;

	if (end > next)
		return refuse(e, "overlaps what follows it", err);
	if (!(e->flags & FLAG_DESCRIPTOR))
		return gap ? refuse(e, "is followed by bytes that belong to no entry", err) : 0;
	if (gap != 12 && gap != 16 && gap != 20 && gap != 24)
		return refuse(e, "is followed by bytes that are not its descriptor", err);
	if (read_at(fd, end, bytes, (size_t)gap, err) < 0)
		return -1;
	d += marked ? 4 : 0;
	if ((marked && memcmp(bytes, "PK\7\10", 4) != 0) || get32(d) != e->crc ||
		(wide ? get64(d + 4) : get32(d + 4)) != e->packed ||
		(wide ? get64(d + 12) : get32(d + 8)) != e->size)
		return refuse(e, "is not what the descriptor behind it says", err);
	return 0;
}

static int check_local(int fd, struct zip_entry *e, uint64_t next, struct err *err)
{
	CLEANUP_FREE unsigned char *rest = NULL;
	unsigned char h[LOCAL_SIZE];
	uint64_t packed, size, end;
	size_t name, extra;

	if (read_at(fd, e->offset, h, LOCAL_SIZE, err) < 0)
		return -1;
	name = get16(h + 26);
	extra = get16(h + 28);
	packed = get32(h + 18);
	size = get32(h + 22);
	if (memcmp(h, "PK\3\4", 4) != 0)
		return refuse(e, "does not begin where the central directory says", err);
	rest = xcalloc(1, name + extra + 1);
	if (read_at(fd, e->offset + LOCAL_SIZE, rest, name + extra, err) < 0)
		return -1;
	if (name != e->length || memcmp(rest, e->name, name) != 0)
		return refuse(
			e, "has another name in the central directory than before its data", err);
	if (read_extra(e, rest + name, extra, (uint64_t *const[3]){&size, &packed}, err) < 0)
		return -1;
	if (get16(h + 8) != e->method)
		return refuse(e, "is compressed in two ways", err);
	if ((get16(h + 6) ^ e->flags) & FLAGS_COMPARED)
		return refuse(
			e, "has other flags in the central directory than before its data", err);
	if (!agrees(e, get32(h + 14), e->crc))
		return refuse(e, "has two checksums", err);
	if (!agrees(e, packed, e->packed) || !agrees(e, size, e->size))
		return refuse(e, "has two sizes", err);
	e->data = e->offset + LOCAL_SIZE + name + extra;
	if (__builtin_add_overflow(e->data, e->packed, &end))
		return refuse(e, "overlaps what follows it", err);
	return check_end(fd, e, end, next, err);
}

static int by_offset(const void *a, const void *b)
{
	const struct zip_entry *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

int zip_read(int fd, uint64_t max_entries, struct zip_list *l, struct err *err)
{
	const unsigned char *p;
	struct zip_place place = {0};
	size_t left;

	if (find_directory(fd, &place, err) < 0)
		return -1;
	if (place.count > max_entries)
		return err_set(err, ERR_INPUT, "it has more than %" PRIu64 " entries", max_entries);
	if (place.count > place.size / CENTRAL_SIZE)
		return err_set(err, ERR_INPUT, "its central directory is corrupt");
	left = (size_t)place.size;
	l->directory = xcalloc(1, left + 1);
	if (read_at(fd, place.start, l->directory, left, err) < 0)
		return -1;
	p = l->directory;
	l->v = xcalloc(place.count + 1, sizeof(*l->v));
	for (; l->n < place.count; l->n++) {
		if (read_central(&p, &left, &l->v[l->n], err) < 0)
			return -1;
	}
	if (left)
		return err_set(err, ERR_INPUT,
			"it is corrupt: its central directory has more than its entries");
	sort_array(l->v, l->n, sizeof(*l->v), by_offset);
	l->v[l->n].offset = place.start;
	if (l->v[0].offset)
		return err_set(err, ERR_INPUT,
			"it begins with bytes that no entry of its central directory has");
	for (size_t i = 0; i < l->n; i++) {
		if (check_local(fd, &l->v[i], l->v[i + 1].offset, err) < 0)
			return -1;
	}
	return 0;
}

void zip_release(struct zip_list *l)
{
	free(l->directory);
	free(l->v);
	*l = (struct zip_list){0};
}

/* libarchive does not hold the target of a link against its checksum. */
static bool is_target(const struct zip_entry *e, const char *target)
{
	size_t n = target ? strlen(target) : 0;

	return n == e->size &&
	       crc32(0, (const Bytef *)(n ? target : ""), (unsigned int)n) == e->crc;
}

int zip_next(struct zip_list *l, struct archive_entry *a, struct err *err)
{
	const struct zip_entry *e = &l->v[l->next];
	CLEANUP_FREE char *name = NULL;
	const char *got = archive_entry_pathname(a);
	mode_t type;

	if (l->next == l->n)
		return err_set(err, ERR_INPUT,
			"it is corrupt: it has more than its central directory says");
	l->next++;
	name = xstrndup(e->name, e->length);
	/* In some locales libarchive cannot say other names. */
	if (is_ascii(e) && (!got || strcmp(got, name) != 0))
		return refuse(e, "can be read with another name, too", err);
	type = e->length && name[e->length - 1] == '/' ? AE_IFDIR
	       : (e->mode & S_IFMT) == S_IFLNK         ? AE_IFLNK
						       : AE_IFREG;
	if (archive_entry_filetype(a) != type)
		return refuse(e, "can be read as something of another kind, too", err);
	if (type == AE_IFREG && (uint64_t)archive_entry_size(a) != e->size)
		return refuse(e, "has two sizes", err);
	if (type == AE_IFLNK && !is_target(e, archive_entry_symlink(a)))
		return refuse(e, "is a link whose target is not what its checksum says", err);
	archive_entry_copy_pathname(a, name);
	return 0;
}

int zip_finish(const struct zip_list *l, struct err *err)
{
	return l->next == l->n
		       ? 0
		       : err_set(err, ERR_INPUT,
				 "it is corrupt: it has less than its central directory says");
}
