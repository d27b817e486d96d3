/* Downloading sources; and keeping files on a server that takes them, by PUT or by calls of gRPC.
 *
 * Sources are locked: name, size and SHA-256 are known before the first byte is asked for. The
 * digest is what is trusted, not the place, so plain HTTP mirrors are fine and any place that has
 * the bytes will do. Verified files live in a store, <store>/<sha256>/<file>; what is still being
 * downloaded is <store>/partial/<sha256>, locked (by a file <sha256>.lock next to it) while
 * somebody works on it, and goes on from there the next time. Several processes may share a store.
 */
#ifndef SOLDER_FETCH_FETCH_H
#define SOLDER_FETCH_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct progress;

/* One file as locked. Owned by the recipe; nothing here is kept after a call. */
struct source {
	const char *package, *version;
	/* Tried in order. What has no scheme ("pool/main/…") is a path below a Debian mirror. */
	const char *const *urls;
	uint64_t size;      /* exact */
	const char *sha256; /* lower-case hexadecimal */
	const char *file;   /* base name to store as */
};

struct fetch_options {
	const char *store;         /* the folder; created when first needed */
	bool offline;              /* never use the network */
	const char *mirror;        /* base URL for paths; NULL: those that apt is configured with */
	const char *apt_root;      /* whose configuration of apt to read; NULL: "/" */
	uint64_t max_bytes;        /* ceiling for any download, 0: 1 GiB */
	unsigned int stall_s;      /* give up below 1 KiB/s for so long, 0: 30 s */
	const char *netrc;         /* user names and passwords, as in ~/.netrc; NULL: none */
	const char *certificate;   /* in PEM, with its key, to show to servers; NULL: none */
	struct progress *progress; /* may be NULL */
};

struct fetcher;

/* The options' strings and progress must outlive the fetcher. One thread at a time may use it. */
struct fetcher *fetcher_new(const struct fetch_options *options);
void fetcher_free(struct fetcher *f);

/* Reads the whole file in the store. 1: it is intact, and `path` (to be freed, may be
 * NULL) names it; 0: it is not there; -1: it is there but not what was locked. */
int fetch_stored(struct fetcher *f, const struct source *source, char **path, struct err *err);

/* Returns in `path` (to be freed) the stored file, downloading it when it is missing. Its size and
 * SHA-256 have been verified by this very call. A stored file that is damaged is set aside as
 * <file>.damaged with a warning and fetched again; offline it is an error and stays. A redirect
 * may go from http to https but never back, and to nothing else. The error names every place tried
 * and its reason; an interrupt or a full disk ends the search and keeps what can be resumed. */
int fetch_source(struct fetcher *f, const struct source *source, char **path, struct err *err);

/* Takes the file from a folder of tarballs that somebody downloaded before: copies <dir>/<file>
 * into the store if it is what was locked. 1: stored (or was already), 0: the folder has no such
 * file, -1: it has one with another size or digest. */
int fetch_import(struct fetcher *f, const struct source *source, const char *dir, struct err *err);

/* What is not locked yet: `path` becomes the file at `url` (or at a path below the first mirror
 * that has it), of at most `max` bytes. Nothing vouches for it, not even for its being whole where
 * the server does not declare a length. On failure there is no file. */
int fetch_unlocked(
	struct fetcher *f, const char *url, const char *path, uint64_t max, struct err *err);
/* The same into memory. */
int fetch_page(struct fetcher *f, const char *url, size_t max, struct buf *out, struct err *err);
/* Sends the whole of an open file to `url`, with PUT. Redirects are not followed. */
int fetch_put(struct fetcher *f, const char *url, int fd, struct err *err);
/* From now on a transfer fails that is not done after so many seconds; 0: stalling alone counts. */
void fetch_limit(struct fetcher *f, unsigned int seconds);
/* The bytes of all bodies so far. */
void fetch_moved(const struct fetcher *f, uint64_t *received, uint64_t *sent);
/* The HTTP status of the last place that the last of these, or fetch_source(), asked; 0: none. */
long fetch_status(const struct fetcher *f);

/* A call of a gRPC method: messages go to the server, and others come back. What precedes each is,
 * by https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md ("Length-Prefixed-Message"), a
 * byte that is 0 unless it is compressed, and its size, big-endian. */
#define FETCH_PREFIX 5
#define FETCH_MESSAGE_MAX ((size_t)4 << 20) /* what gRPC accepts by default */
#define FETCH_NOT_FOUND 5
#define FETCH_STATUS_MAX 16

struct fetch_call {
	const char *url; /* grpc://HOST:PORT/PACKAGE.SERVICE/METHOD, or grpcs:// for TLS */
	/* Appends the next message to send to `message`. 1; 0: there is none; -1: failed. */
	int (*send)(void *ctx, struct buf *message, struct err *err);
	/* Is given each message that comes, of at most FETCH_MESSAGE_MAX bytes. */
	int (*receive)(void *ctx, const char *message, size_t n, struct err *err);
	void *ctx;
	uint64_t size; /* of all that is sent: its messages, and FETCH_PREFIX for each */
	int status;    /* afterwards: 0 to FETCH_STATUS_MAX as gRPC numbers them; -1: none came */
};
/* Fails unless the status is 0. Needs HTTP/2; compressed messages are refused. */
int fetch_call(struct fetcher *f, struct fetch_call *call, struct err *err);

/* Where a link of the page `base` leads, or NULL where it is no http or https URL, leads from https
 * to http, or to another host or port. To be freed. */
char *fetch_link(const char *base, const char *link);

/* Asks the host of a URL (or of a path, any mirror) for the header, once, and waits for at most 5
 * s. True if it answers. If not, `reason` (to be freed) receives a text for the user; otherwise
 * NULL. */
bool fetch_probe(struct fetcher *f, const char *url, char **reason);

#endif
