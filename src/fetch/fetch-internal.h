/* Between the files of this room, and for its tests. */
#ifndef SOLDER_FETCH_FETCH_INTERNAL_H
#define SOLDER_FETCH_FETCH_INTERNAL_H

#include <curl/curl.h>
#include <stddef.h>

#include "fetch/fetch.h"

#define REDIRECTS_MAX 5

struct fetcher {
	struct fetch_options options;
	CURL *curl;
	CURLM *multi; /* keeps connections between downloads */
	bool mirrors_known;
	struct strv mirrors;
	char *apt_config;    /* what apt-config says; NULL when it has no say */
	long status;         /* see fetch_status() */
	unsigned int most_s; /* see fetch_limit() */
	uint64_t received, sent;
};

/* store.c: files at rest */

/* A file on its way into the store: the partial download, open, and locked by a file next to it. */
struct partial {
	const struct source *source;
	char *path;  /* <store>/partial/<sha256> */
	char *final; /* <store>/<sha256>/<file> */
	int fd;
	char *lock_path;
	int lock;
};

#define PARTIAL_INIT                                                                               \
	{                                                                                          \
		.fd = -1, .lock = -1                                                               \
	}
#define CLEANUP_PARTIAL CLEANUP(partial_release)

/* Checks that digest and file name can form a path in the store. */
int source_check(const struct source *source, struct err *err);
/* 0: the file has the locked size and digest. -1 with ERR_INPUT and both digests: it has not. */
int source_verify(const struct source *source, const char *path, struct err *err);
/* Opens the partial and waits for its lock; meanwhile the file may have been stored by others. */
int partial_open(
	struct fetcher *f, const struct source *source, struct partial *p, struct err *err);
uint64_t partial_size(const struct partial *p);
int partial_clear(const struct partial *p, struct err *err);
/* Gives the verified partial its final name. */
int partial_land(struct partial *p, struct err *err);
/* Unlocks; an empty partial is removed. */
void partial_release(struct partial *p);

/* http.c: one transfer */

struct download {
	const char *url;
	const char *proxy; /* NULL: as the environment says; "" none */
	int fd;
	uint64_t start;   /* go on from here; 0 afterwards when the server sent all of it */
	uint64_t limit;   /* how many bytes the file has */
	bool ceiling;     /* `limit` is only how many it may have */
	int line;         /* of progress */
	long status;      /* afterwards: the last HTTP status, 0 without one */
	bool interrupted; /* afterwards: the connection broke after bytes had come */
	bool fatal;       /* afterwards: the trouble is ours, other places will not help */
};

/* What the callbacks of libcurl know. */
struct transfer {
	struct fetcher *f;
	struct download *d;   /* NULL: something else */
	uint64_t at;          /* where the next byte goes */
	uint64_t range_start; /* from Content-Range; UINT64_MAX without it */
	uint64_t range_total; /* UINT64_MAX: unknown */
	uint64_t ignored;
	bool begun;
	bool failed; /* err is set */
	bool upload;
	char text[CURL_ERROR_SIZE];
	struct err *err;
};

/* Sets libcurl up for a URL, with what is the same for all requests. */
void http_prepare(struct transfer *t, const char *url, const char *proxy);
/* Runs what is set up, and counts its bytes. */
CURLcode http_run(struct transfer *t);
/* Says why it failed; returns -1. `status` is that of HTTP. */
int http_explain(struct transfer *t, CURLcode code, long status);
/* On failure the reason is in err, without the URL. The file keeps what arrived. */
int http_download(struct fetcher *f, struct download *d, struct err *err);
/* PUT of `size` bytes; sets the reason in err. */
int http_upload(
	struct fetcher *f, const char *url, int fd, uint64_t size, int line, struct err *err);
/* The URLs to try, in order: a path is tried below every mirror. */
int list_places(struct fetcher *f, const char *const *urls, struct strv *places, struct err *err);
/* apt's proxy for apt's mirrors; NULL for all else. To be freed. */
char *place_proxy(const struct fetcher *f, const char *url);
/* HEAD, one try; sets the reason in err. */
int http_probe(struct fetcher *f, const char *url, const char *proxy, struct err *err);
/* Why a redirect may not be followed, or NULL. `location` is absolute. */
const char *redirect_refused(const char *from, const char *location);
bool url_has_scheme(const char *url);
/* For messages: without user and password. To be freed. */
char *url_shown(const char *url);
/* The host, without port or user. To be freed. */
char *url_host(const char *url);

/* grpc.c: messages in a stream of bytes */

struct frames {
	unsigned char prefix[FETCH_PREFIX];
	size_t got; /* bytes of the prefix; 0: between messages */
	size_t size;
	struct buf message; /* as far as it came */
};

void frames_release(struct frames *f);
/* Takes the next bytes, in parts of any size, and calls call->receive() for each message that they
 * complete. */
int frames_feed(struct frames *f, const char *data, size_t n, const struct fetch_call *call,
	struct err *err);

/* mirror.c: apt's configuration */

/* The base URLs (no slash at the end) of the Debian archives that apt is configured with below
 * `root` (NULL: "/"), in apt's order, each once. Archives of security updates and of other vendors
 * are left out, they do not keep the files. No apt, or none that fits, gives an empty list. */
int apt_mirrors(const char *root, struct strv *bases, struct err *err);
/* The proxy that apt uses for a URL according to `apt-config dump`: NULL none is set, "" go
 * directly. To be freed. */
char *apt_proxy(const char *dump, const char *url);
/* The output of `apt-config dump`; "" without apt. To be freed. */
char *apt_config_dump(void);

#endif
