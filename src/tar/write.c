/* Writes tar. The format is small, and what a library would add to it (owners by name, times of
 * access, the character set of the locale) is what must not be there. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tar/tar-internal.h"
#include "base/file.h"

#define BLOCK 512
#define CHUNK (1 << 16)
#define OCTAL_MAX ((int64_t)1 << 33) /* 11 digits */

struct tar_header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6];
	char version[2];
	char user[32];
	char group[32];
	char major[8];
	char minor[8];
	char prefix[155];
	char rest[12];
};

_Static_assert(sizeof(struct tar_header) == BLOCK, "a header of tar has 512 bytes");

struct tar_writer {
	struct tar_sink *sink;
	int64_t mtime;
	char *chunk;
	struct tar_result *result;
	atomic_uint_least64_t *read;
};

/* Copies text that need not end in NUL there. */
static void set_text(char *field, size_t room, const char *text)
{
	size_t n = strlen(text);

	memcpy(field, text, n < room ? n : room);
}

static void set_octal(char *field, size_t room, uint64_t value)
{
	field[room - 1] = '\0';
	for (size_t i = room - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
}

static void set_checksum(struct tar_header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	unsigned int sum = 0;

	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += p[i];
	set_octal(h->checksum, 7, sum);
}

static void start_header(struct tar_header *h, char type, unsigned int mode)
{
	*h = (struct tar_header){.type = type,
		.magic = "ustar",
		.version = {'0', '0'},
		.user = "root",
		.group = "root"};
	set_octal(h->mode, sizeof(h->mode), mode);
	set_octal(h->uid, sizeof(h->uid), 0);
	set_octal(h->gid, sizeof(h->gid), 0);
	set_octal(h->major, sizeof(h->major), 0);
	set_octal(h->minor, sizeof(h->minor), 0);
}

/* Puts the name into the two fields that ustar has for it, if it goes in. */
static bool set_name(struct tar_header *h, const char *name)
{
	size_t n = strlen(name);

	if (n <= sizeof(h->name)) {
		set_text(h->name, sizeof(h->name), name);
		return true;
	}
	/* Splits as late as possible, at a slash that is in neither part. */
	for (size_t at = n < sizeof(h->prefix) ? n - 1 : sizeof(h->prefix); at > 0; at--) {
		if (name[at] != '/' || !name[at + 1])
			continue;
		if (n - at - 1 > sizeof(h->name))
			break;
		memcpy(h->prefix, name, at);
		memcpy(h->name, name + at + 1, n - at - 1);
		return true;
	}
	return false;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static void add_record(struct buf *b, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, n = rest + 1;
	char digits[24];

	while (n != rest + (size_t)snprintf(digits, sizeof(digits), "%zu", n))
		n = rest + strlen(digits);
	buf_addf(b, "%zu %s=%s\n", n, key, value);
}

static int pad(struct tar_writer *w, uint64_t size, struct err *err)
{
	static const char zeros[BLOCK];
	size_t over = size % BLOCK;

	return over ? tar_sink_write(w->sink, zeros, BLOCK - over, err) : 0;
}

static int write_header(
	struct tar_writer *w, const struct tar_entry *e, uint64_t size, struct err *err)
{
	static const char types[] = {
		[TAR_FILE] = '0', [TAR_FOLDER] = '5', [TAR_LINK] = '2', [TAR_NAME] = '1'};
	CLEANUP_FREE char *name = xasprintf("%s%s", e->name, e->kind == TAR_FOLDER ? "/" : "");
	bool big = size >= (uint64_t)OCTAL_MAX, far = w->mtime < 0 || w->mtime >= OCTAL_MAX;
	unsigned int mode = e->kind == TAR_LINK                      ? 0777
			    : e->kind == TAR_FOLDER || e->executable ? 0755
								     : 0644;
	CLEANUP_BUF struct buf records = BUF_INIT;
	struct tar_header h, pax;
	char number[32];

	start_header(&h, types[e->kind], mode);
	if (!set_name(&h, name)) {
		add_record(&records, "path", name);
		set_text(h.name, sizeof(h.name), path_base(e->name));
	}
	if (e->link)
		set_text(h.link, sizeof(h.link), e->link);
	if (e->link && strlen(e->link) > sizeof(h.link))
		add_record(&records, "linkpath", e->link);
	if (big) {
		snprintf(number, sizeof(number), "%" PRIu64, size);
		add_record(&records, "size", number);
	}
	if (far) {
		snprintf(number, sizeof(number), "%" PRId64, w->mtime);
		add_record(&records, "mtime", number);
	}
	set_octal(h.size, sizeof(h.size), big ? 0 : size);
	set_octal(h.mtime, sizeof(h.mtime), far ? 0 : (uint64_t)w->mtime);
	set_checksum(&h);
	if (records.len) {
		start_header(&pax, 'x', 0644);
		set_text(pax.name, sizeof(pax.name), "PaxHeader");
		set_octal(pax.size, sizeof(pax.size), records.len);
		set_octal(pax.mtime, sizeof(pax.mtime), 0);
		set_checksum(&pax);
		if (tar_sink_write(w->sink, &pax, sizeof(pax), err) < 0 ||
			tar_sink_write(w->sink, records.data, records.len, err) < 0 ||
			pad(w, records.len, err) < 0)
			return -1;
	}
	return tar_sink_write(w->sink, &h, sizeof(h), err);
}

static int write_file(struct tar_writer *w, const struct tar_entry *e, struct err *err)
{
	CLEANUP_CLOSE int fd = tar_entry_open(e, err);
	uint64_t size, done = 0;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_sys(err, "cannot examine '%s'", e->path);
	size = (uint64_t)st.st_size;
	w->result->bytes += size;
	if (write_header(w, e, size, err) < 0)
		return -1;
	do {
		n = read(fd, w->chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "cannot read '%s'", e->path);
		if ((uint64_t)n > size - done || (n == 0 && done < size))
			return err_set(err, ERR_INPUT, "'%s' changed while it was packed", e->path);
		if (n && tar_sink_write(w->sink, w->chunk, (size_t)n, err) < 0)
			return -1;
		done += (uint64_t)n;
		if (w->read)
			atomic_fetch_add(w->read, (uint64_t)n);
	} while (n);
	return pad(w, size, err);
}

static int write_all(struct tar_writer *w, const struct tar_list *l, struct err *err)
{
	static const char end[2 * BLOCK];

	for (size_t i = 0; i < l->n; i++) {
		const struct tar_entry *e = &l->v[i];

		w->result->entries++;
		if (e->path) {
			if (write_file(w, e, err) < 0)
				return -1;
			continue;
		}
		w->result->bytes += e->len;
		if (write_header(w, e, e->len, err) < 0 ||
			(e->len && tar_sink_write(w->sink, e->data, e->len, err) < 0) ||
			pad(w, e->len, err) < 0)
			return -1;
	}
	return tar_sink_write(w->sink, end, sizeof(end), err);
}

int tar_write(const char *archive, struct tar_list *list, const struct tar_options *options,
	struct tar_result *result, struct err *err)
{
	struct tar_writer w = {.mtime = options->mtime, .read = options->read, .result = result};
	enum tar_form form = ends_with(archive, ".tar.zst")  ? TAR_ZSTD
			     : ends_with(archive, ".tar.gz") ? TAR_GZIP
							     : TAR_PLAIN;
	int failed = -1;

	*result = (struct tar_result){0};
	if (form == TAR_PLAIN && !ends_with(archive, ".tar"))
		return err_set(err, ERR_USAGE,
			"cannot pack '%s': its name ends in none of .tar, .tar.gz and .tar.zst",
			archive);
	w.chunk = xcalloc(1, CHUNK);
	if (tar_list_settle(list, options->first, err) == 0 &&
		tar_sink_open(archive, form, options->level, options->threads, &w.sink, err) == 0 &&
		write_all(&w, list, err) == 0 &&
		tar_sink_finish(w.sink, &result->size, result->hex, err) == 0)
		failed = 0;
	tar_sink_free(w.sink);
	free(w.chunk);
	return failed < 0 ? err_wrap(err, "packing '%s'", archive) : 0;
}
