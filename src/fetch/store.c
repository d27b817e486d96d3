/* The store, and the partial downloads in it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "fetch/fetch-internal.h"
#include "proc/lock.h"

int source_check(const struct source *s, struct err *err)
{
	if (!sha256_is_hex(s->sha256))
		return err_set(err, ERR_INPUT,
			"the lock's SHA-256 of '%s' is not 64 lower-case hexadecimal digits",
			s->file);
	if (!*s->file || strchr(s->file, '/') || *s->file == '.' || strlen(s->file) > 200)
		return err_set(err, ERR_INPUT, "'%s' cannot be the name of a source", s->file);
	if (!s->size)
		return err_set(err, ERR_INPUT, "the lock has no size for '%s'", s->file);
	return 0;
}

int source_verify(const struct source *s, const char *path, struct err *err)
{
	char hex[SHA256_HEX_SIZE];
	uint64_t size;

	if (sha256_file(path, hex, &size, err) < 0)
		return -1;
	if (strcmp(hex, s->sha256) != 0)
		return err_set(err, ERR_INPUT,
			"its SHA-256 is %s (%" PRIu64 " bytes), locked is %s (%" PRIu64 " bytes)",
			hex, size, s->sha256, s->size);
	if (size != s->size)
		return err_set(err, ERR_INPUT, "it has %" PRIu64 " bytes, locked are %" PRIu64,
			size, s->size);
	return 0;
}

static char *final_path(const struct fetcher *f, const struct source *s)
{
	return xasprintf("%s/%s/%s", f->options.store, s->sha256, s->file);
}

/* Whoever was killed after the file landed has left its lock. */
static void clear_lock(const struct fetcher *f, const struct source *s)
{
	CLEANUP_FREE char *path = xasprintf("%s/partial/%s.lock", f->options.store, s->sha256);
	struct err ignored = ERR_INIT;
	int fd;

	if (path_exists(path) && lock_try(path, &fd, &ignored) == 1) {
		unlink(path);
		close(fd);
	}
}

int fetch_stored(struct fetcher *f, const struct source *s, char **path, struct err *err)
{
	CLEANUP_FREE char *final = NULL;

	if (source_check(s, err) < 0)
		return -1;
	final = final_path(f, s);
	if (!path_exists(final))
		return 0;
	if (source_verify(s, final, err) < 0)
		return err_wrap(err, "the stored file '%s' is damaged", final);
	clear_lock(f, s);
	if (path)
		*path = steal(&final);
	return 1;
}

int partial_open(struct fetcher *f, const struct source *s, struct partial *p, struct err *err)
{
	CLEANUP_FREE char *dir = xasprintf("%s/partial", f->options.store);
	CLEANUP_FREE char *busy = xasprintf("another solder is fetching %s", s->file);

	p->source = s;
	p->path = xasprintf("%s/%s", dir, s->sha256);
	p->lock_path = xasprintf("%s.lock", p->path);
	p->final = final_path(f, s);
	/* However long it takes: it is what we would have to do ourselves. */
	if (make_dirs(dir, err) < 0 ||
		lock_wait(p->lock_path, busy, UINT_MAX, f->options.progress, &p->lock, err) < 0)
		return -1;
	p->fd = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	return p->fd < 0 ? err_sys(err, "cannot open '%s'", p->path) : 0;
}

uint64_t partial_size(const struct partial *p)
{
	struct stat st;

	return fstat(p->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

int partial_clear(const struct partial *p, struct err *err)
{
	return ftruncate(p->fd, 0) == 0 ? 0 : err_sys(err, "cannot empty '%s'", p->path);
}

int partial_land(struct partial *p, struct err *err)
{
	if (fchmod(p->fd, 0644) < 0 || fsync(p->fd) < 0)
		return err_sys(err, "cannot sync '%s'", p->path);
	if (path_rename(p->path, p->final, err) < 0)
		return -1;
	close(p->fd);
	p->fd = -1;
	return 0;
}

void partial_release(struct partial *p)
{
	if (p->fd >= 0 && partial_size(p) == 0)
		unlink(p->path);
	if (p->fd >= 0)
		close(p->fd);
	/* Removed while it is still held: whoever waits sees that it is another one. */
	if (p->lock >= 0) {
		unlink(p->lock_path);
		close(p->lock);
	}
	free(p->path);
	free(p->lock_path);
	free(p->final);
	*p = (struct partial)PARTIAL_INIT;
}

static int copy_into(const struct partial *p, const char *from, struct err *err)
{
	CLEANUP_CLOSE int in = file_open(from, err);
	CLEANUP_FREE char *chunk = xcalloc(1, 1 << 16);
	ssize_t n;

	if (in < 0 || partial_clear(p, err) < 0)
		return -1;
	while ((n = read(in, chunk, 1 << 16)) != 0) {
		if (interrupt_check(err) < 0)
			return -1;
		if (n < 0 && errno != EINTR)
			return err_sys(err, "cannot read '%s'", from);
		if (n > 0 && write_fully(p->fd, chunk, (size_t)n) < 0)
			return err_sys(err, "cannot write '%s'", p->path);
	}
	return 0;
}

int fetch_import(struct fetcher *f, const struct source *s, const char *dir, struct err *err)
{
	CLEANUP_FREE char *from = xasprintf("%s/%s", dir, s->file);
	CLEANUP_PARTIAL struct partial p = PARTIAL_INIT;
	struct err ignored = ERR_INIT;

	if (source_check(s, err) < 0)
		return -1;
	if (fetch_stored(f, s, NULL, &ignored) > 0)
		return 1;
	if (!path_exists(from))
		return 0;
	if (source_verify(s, from, err) < 0)
		return err_wrap(err, "'%s' is not what is locked", from);
	if (partial_open(f, s, &p, err) < 0)
		return -1;
	if (copy_into(&p, from, err) < 0 || source_verify(s, p.path, err) < 0) {
		partial_clear(&p, &ignored);
		return -1;
	}
	return partial_land(&p, err) < 0 ? -1 : 1;
}
