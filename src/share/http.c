/* A server of files: GET and PUT of URL/ac/NAME and URL/cas/SHA256. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "share/share-internal.h"

/* After a request that failed: that the server has no such file is no trouble. */
static int lacks(const struct server *s, const struct err *err)
{
	long status = fetch_status(s->fetcher);

	return (status == 404 || status == 410) && err->code != ERR_INTERRUPTED ? 0 : -1;
}

static int get_entry(const struct server *s, const char *name, struct buf *text, struct err *err)
{
	CLEANUP_FREE char *url = xasprintf("%s/ac/%s", s->base, name);

	return fetch_page(s->fetcher, url, ENTRY_MAX, text, err) == 0 ? 1 : lacks(s, err);
}

static int get(const struct server *s, const struct blob *b, const char *path, struct err *err)
{
	CLEANUP_FREE char *url = xasprintf("%s/cas/%s", s->base, b->hex);

	return fetch_unlocked(s->fetcher, url, path, b->size, err) == 0 ? 1 : lacks(s, err);
}

/* One that cannot be asked will be given the archive, and then say what is wrong. */
static int has(const struct server *s, const struct blob *b, struct err *err)
{
	CLEANUP_FREE char *url = xasprintf("%s/cas/%s", s->base, b->hex), *reason = NULL;

	(void)err;
	return fetch_probe(s->fetcher, url, &reason);
}

static int put(const struct server *s, const char *kind, const char *name, int fd, struct err *err)
{
	CLEANUP_FREE char *url = xasprintf("%s/%s/%s", s->base, kind, name);

	return fetch_put(s->fetcher, url, fd, err) == 0 ? 1 : -1;
}

static int put_archive(const struct server *s, const struct blob *b, int fd, struct err *err)
{
	return put(s, "cas", b->hex, fd, err);
}

static int put_entry(const struct server *s, const char *name, const struct entry *e,
	const char *text, struct err *err)
{
	CLEANUP_CLOSE int fd = memory_file(text, strlen(text), err);

	(void)e;
	return fd < 0 ? -1 : put(s, "ac", name, fd, err);
}

const struct protocol protocol_http = {
	.get_entry = get_entry,
	.get = get,
	.has = has,
	.put = put_archive,
	.put_entry = put_entry,
};
