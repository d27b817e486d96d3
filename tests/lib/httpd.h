/* A file server on the loopback for tests: one thread, one request per connection, and every way
 * in which a server can misbehave.
 */
#ifndef SOLDER_TESTS_HTTPD_H
#define SOLDER_TESTS_HTTPD_H

#include <stddef.h>

enum httpd_mode {
	HTTPD_PLAIN,       /* ignores Range */
	HTTPD_RANGES,      /* honours Range */
	HTTPD_CUT,         /* promises all, closes after `cut` bytes; honours Range */
	HTTPD_UNDECLARED,  /* without Content-Length, the end of the connection ends the body */
	HTTPD_REDIRECT,    /* 302 to `location` */
	HTTPD_STATUS,      /* answers with `status` and a short text */
	HTTPD_STALL,       /* sends `cut` bytes, then nothing until the client gives up */
	HTTPD_WRONG_RANGE, /* answers a Range with another part */
	HTTPD_GARBAGE,     /* as many bytes, all of them wrong */
	HTTPD_FLIP,        /* the byte in the middle is another */
	HTTPD_DROP,        /* no answer, the connection ends */
	HTTPD_HANG         /* no answer until the client gives up, nor is a body read */
};

struct httpd_page {
	const char *path;
	enum httpd_mode mode;
	const void *body;
	size_t size;
	size_t cut;
	int status;
	const char *location;
};

struct httpd;

/* The pages must outlive the server and may be changed between requests. */
struct httpd *httpd_start(const struct httpd_page *pages, size_t n);
/* A server that keeps what it is given with PUT: "/ac/x" in the file ROOT/ac-x. */
struct httpd *httpd_start_store(const char *root);
/* From now on it treats requests with this method, whose path begins as that of `how`, as `how`
 * says; the file's content is the body. NULL: it behaves. Both must outlive it. */
void httpd_misbehave(struct httpd *h, const char *method, const struct httpd_page *how);
void httpd_stop(struct httpd *h);
/* "http://127.0.0.1:PORT" */
const char *httpd_base(const struct httpd *h);
/* Requests for any page so far. */
unsigned int httpd_requests(struct httpd *h);
/* Where the last Range began; -1 if the last request had none. */
long httpd_last_range(struct httpd *h);

#endif
