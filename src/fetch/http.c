/* One transfer with libcurl. Redirects are followed here and not by libcurl, which can restrict
 * their protocols for a whole chain but not from hop to hop.
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "fetch/fetch-internal.h"

#define STALL_SECONDS 30
#define STALL_BYTES 1024
#define CONNECT_SECONDS 20
#define PROBE_SECONDS 5
#define POLL_MS 100
#define REDIRECT_BODY ((uint64_t)1 << 20)

/* What a request sends. */
struct upload {
	struct fetcher *f;
	int fd, line;
	uint64_t at, size;
};

bool url_has_scheme(const char *url)
{
	return strstr(url, "://") != NULL;
}

/* The beginning of the host, after any user name, or NULL. */
static const char *find_host(const char *url, int *scheme)
{
	const char *host = strstr(url, "://"), *at;

	if (!host)
		return NULL;
	host += 3;
	*scheme = (int)(host - url);
	at = memrchr(host, '@', strcspn(host, "/?#"));
	return at ? at + 1 : host;
}

char *url_shown(const char *url)
{
	int scheme;
	const char *host = find_host(url, &scheme);

	return host ? xasprintf("%.*s%s", scheme, url, host) : xstrdup(url);
}

char *url_host(const char *url)
{
	int scheme;
	const char *host = find_host(url, &scheme);

	return host ? xstrndup(host, strcspn(host, *host == '[' ? "]/?#" : ":/?#")) : xstrdup("");
}

const char *redirect_refused(const char *from, const char *location)
{
	if (!strncasecmp(location, "https://", 8))
		return NULL;
	if (strncasecmp(location, "http://", 7) != 0)
		return "only http and https are allowed";
	return strncasecmp(from, "https://", 8) ? NULL : "https may not be left for http";
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
	static const char name[] = "content-range: bytes ";
	struct transfer *t = ctx;
	char text[128] = "";
	char *end;

	n *= size;
	memcpy(text, line, n < sizeof(text) ? n : sizeof(text) - 1);
	if (!strncmp(text, "HTTP/", 5)) { /* a new response begins */
		t->range_start = t->range_total = UINT64_MAX;
	} else if (!strncasecmp(text, name, sizeof(name) - 1)) {
		t->range_start = strtoull(text + sizeof(name) - 1, &end, 10);
		end = strchr(end, '/');
		if (end && end[1] >= '0' && end[1] <= '9')
			t->range_total = strtoull(end + 1, NULL, 10);
	}
	return n;
}

/* The first byte of a body: is it the one wanted, and of a file of the right size? Nothing that
 * arrived earlier is given up before that is known. */
static int begin_body(struct transfer *t)
{
	struct download *d = t->d;
	curl_off_t length = -1;
	uint64_t total;

	t->begun = true;
	if (d->status != 200 && d->status != 206)
		return err_set(t->err, ERR_ENVIRONMENT, "HTTP status %ld", d->status);
	if (d->status == 206 && t->range_start != d->start)
		return err_set(t->err, ERR_ENVIRONMENT,
			"the server sends another part of the file than was asked for");
	curl_easy_getinfo(t->f->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	total = d->status == 206 ? t->range_total : length >= 0 ? (uint64_t)length : UINT64_MAX;
	if (total != UINT64_MAX && d->ceiling && total > d->limit)
		return err_set(t->err, ERR_INPUT,
			"the server's file has %" PRIu64
			" bytes, more than the ceiling of %" PRIu64,
			total, d->limit);
	if (total != UINT64_MAX && !d->ceiling && total != d->limit)
		return err_set(t->err, ERR_INPUT,
			"the server's file has %" PRIu64 " bytes, locked are %" PRIu64, total,
			d->limit);
	if (d->status == 200)
		d->start = 0;
	t->at = d->start;
	d->fatal = ftruncate(d->fd, (off_t)d->start) < 0;
	return d->fatal ? err_sys(t->err, "cannot shorten the partial download") : 0;
}

/* What a server says besides the status. */
static size_t on_ignored(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	(void)data;
	t->ignored += size * n;
	return t->ignored > REDIRECT_BODY ? 0 : size * n;
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	struct download *d = t->d;

	curl_easy_getinfo(t->f->curl, CURLINFO_RESPONSE_CODE, &d->status);
	if (d->status / 100 == 3)
		return on_ignored(data, size, n, ctx);
	n *= size;
	t->failed = t->failed || (!t->begun && begin_body(t) < 0);
	if (t->failed)
		return 0;
	if (n > d->limit - t->at) {
		t->failed = true;
		err_set(t->err, ERR_INPUT,
			d->ceiling ? "the server sends more than the ceiling of %" PRIu64 " bytes"
				   : "the server sends more than the locked %" PRIu64 " bytes",
			d->limit);
		return 0;
	}
	if (lseek(d->fd, (off_t)t->at, SEEK_SET) < 0 || write_fully(d->fd, data, n) < 0) {
		t->failed = d->fatal = true;
		err_sys(t->err, "cannot write the download");
		return 0;
	}
	t->at += n;
	progress_update(t->f->options.progress, d->line, t->at, d->limit);
	return n;
}

void http_prepare(struct transfer *t, const char *url, const char *proxy)
{
	const struct fetch_options *o = &t->f->options;
	CURL *c = t->f->curl;
	/* as the curl program has it: for networks with certificates of their own */
	const char *ca = getenv("CURL_CA_BUNDLE");

	if (!ca || !*ca)
		ca = getenv("SSL_CERT_FILE");
	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->text);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "solder");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
	curl_easy_setopt(
		c, CURLOPT_LOW_SPEED_TIME, (long)(o->stall_s ? o->stall_s : STALL_SECONDS));
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	if (t->f->most_s)
		curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)t->f->most_s);
	if (o->netrc) {
		curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
		curl_easy_setopt(c, CURLOPT_NETRC_FILE, o->netrc);
	}
	if (o->certificate) {
		curl_easy_setopt(c, CURLOPT_SSLCERT, o->certificate);
		curl_easy_setopt(c, CURLOPT_SSLKEY, o->certificate);
	}
	if (proxy)
		curl_easy_setopt(c, CURLOPT_PROXY, proxy);
	if (ca && *ca)
		curl_easy_setopt(c, CURLOPT_CAINFO, ca);
}

/* libcurl's own loop would notice a signal only by the second. */
CURLcode http_run(struct transfer *t)
{
	CURLcode code = CURLE_FAILED_INIT;
	curl_off_t received = 0, sent = 0;
	bool done = false;

	curl_multi_add_handle(t->f->multi, t->f->curl);
	while (!done) {
		int running, left;
		CURLMsg *msg;

		if (curl_multi_perform(t->f->multi, &running) != CURLM_OK)
			break;
		while ((msg = curl_multi_info_read(t->f->multi, &left))) {
			if (msg->msg == CURLMSG_DONE) {
				code = msg->data.result;
				done = true;
			}
		}
		if (!t->failed && interrupt_check(t->err) < 0) {
			t->failed = true;
			if (t->d)
				t->d->fatal = true;
			break;
		}
		progress_tick(t->f->options.progress);
		if (!done)
			curl_multi_poll(t->f->multi, NULL, 0, POLL_MS, NULL);
	}
	curl_multi_remove_handle(t->f->multi, t->f->curl);
	curl_easy_getinfo(t->f->curl, CURLINFO_SIZE_DOWNLOAD_T, &received);
	curl_easy_getinfo(t->f->curl, CURLINFO_SIZE_UPLOAD_T, &sent);
	t->f->received += (uint64_t)received;
	t->f->sent += (uint64_t)sent;
	return code;
}

int http_explain(struct transfer *t, CURLcode code, long status)
{
	unsigned int stall = t->f->options.stall_s ? t->f->options.stall_s : STALL_SECONDS;
	curl_off_t ready = 0, took = 0;

	if (t->failed)
		return -1;
	if (code == CURLE_HTTP_RETURNED_ERROR)
		return err_set(t->err, ERR_ENVIRONMENT, "HTTP status %ld", status);
	curl_easy_getinfo(t->f->curl, CURLINFO_PRETRANSFER_TIME_T, &ready);
	curl_easy_getinfo(t->f->curl, CURLINFO_TOTAL_TIME_T, &took);
	if (code == CURLE_OPERATION_TIMEDOUT && t->f->most_s && took / 1000000 >= t->f->most_s)
		return err_set(t->err, ERR_ENVIRONMENT, "not done after %u s", t->f->most_s);
	if (code == CURLE_OPERATION_TIMEDOUT && ready > 0 && (t->d || t->upload))
		return err_set(
			t->err, ERR_ENVIRONMENT, "stalled: less than 1 KiB/s for %u s", stall);
	return err_set(
		t->err, ERR_ENVIRONMENT, "%s", *t->text ? t->text : curl_easy_strerror(code));
}

/* One request. Returns 0, -1, or 1 with the place that the server redirects to. */
static int request(
	struct fetcher *f, struct download *d, const char *url, char **location, struct err *err)
{
	struct transfer t = {.f = f,
		.d = d,
		.at = d->start,
		.range_start = UINT64_MAX,
		.range_total = UINT64_MAX,
		.err = err};
	char *to = NULL, range[32];
	CURLcode code;

	http_prepare(&t, url, d->proxy);
	curl_easy_setopt(f->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(f->curl, CURLOPT_WRITEDATA, &t);
	curl_easy_setopt(f->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(f->curl, CURLOPT_HEADERDATA, &t);
	if (d->start) { /* not RESUME_FROM, which fails where the server ignores it */
		snprintf(range, sizeof(range), "%" PRIu64 "-", d->start);
		curl_easy_setopt(f->curl, CURLOPT_RANGE, range);
	}
	d->status = 0;
	code = http_run(&t);
	curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &d->status);
	f->status = d->status;
	if (code != CURLE_OK || t.failed) {
		/* a server that stalls is likely to do it again */
		d->interrupted =
			!t.failed && code != CURLE_OPERATION_TIMEDOUT && t.begun && t.at > d->start;
		return http_explain(&t, code, d->status);
	}
	if (d->status / 100 == 3) {
		curl_easy_getinfo(f->curl, CURLINFO_REDIRECT_URL, &to);
		if (!to)
			return err_set(err, ERR_ENVIRONMENT, "HTTP status %ld", d->status);
		*location = xstrdup(to);
		return 1;
	}
	return t.begun ? 0 : err_set(err, ERR_ENVIRONMENT, "the server sends nothing");
}

int http_download(struct fetcher *f, struct download *d, struct err *err)
{
	CLEANUP_FREE char *url = xstrdup(d->url);

	d->interrupted = d->fatal = false;
	for (int hops = 0;; hops++) {
		CLEANUP_FREE char *to = NULL;
		CLEANUP_FREE char *shown = NULL;
		const char *why;
		int r = request(f, d, url, &to, err);

		if (r <= 0)
			return r;
		shown = url_shown(to);
		if (hops == REDIRECTS_MAX)
			return err_set(err, ERR_ENVIRONMENT,
				"more than %d redirects, the last to '%s'", REDIRECTS_MAX, shown);
		why = redirect_refused(url, to);
		if (why)
			return err_set(
				err, ERR_INPUT, "a redirect to '%s' is refused: %s", shown, why);
		free(url);
		url = steal(&to);
	}
}

int http_probe(struct fetcher *f, const char *url, const char *proxy, struct err *err)
{
	struct transfer t = {.f = f, .err = err};
	long status = 0;
	CURLcode code;

	http_prepare(&t, url, proxy);
	curl_easy_setopt(f->curl, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(f->curl, CURLOPT_FAILONERROR, 0L);
	curl_easy_setopt(f->curl, CURLOPT_CONNECTTIMEOUT, (long)PROBE_SECONDS);
	curl_easy_setopt(f->curl, CURLOPT_TIMEOUT, (long)PROBE_SECONDS);
	code = http_run(&t);
	curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OPERATION_TIMEDOUT && !t.failed)
		return err_set(err, ERR_ENVIRONMENT, "no answer within %d s", PROBE_SECONDS);
	if (code != CURLE_OK || t.failed)
		return http_explain(&t, code, status);
	/* a server that does not know HEAD is there all the same */
	if (status >= 400 && status != 405 && status != 501)
		return err_set(err, ERR_ENVIRONMENT, "HTTP status %ld", status);
	return 0;
}

static size_t on_send(char *data, size_t size, size_t n, void *ctx)
{
	struct upload *u = ctx;
	ssize_t got = file_pread(u->fd, data, size * n, (off_t)u->at);

	if (got < 0)
		return CURL_READFUNC_ABORT;
	u->at += (uint64_t)got;
	progress_update(u->f->options.progress, u->line, u->at, u->size);
	return (size_t)got;
}

/* A server that wants to know who asks says so after the first bytes. */
static int on_rewind(void *ctx, curl_off_t offset, int origin)
{
	struct upload *u = ctx;

	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_CANTSEEK;
	u->at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

int http_upload(
	struct fetcher *f, const char *url, int fd, uint64_t size, int line, struct err *err)
{
	struct transfer t = {.f = f, .upload = true, .err = err};
	struct upload u = {.f = f, .fd = fd, .line = line, .size = size};
	CURLcode code;

	http_prepare(&t, url, NULL);
	curl_easy_setopt(f->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(f->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)size);
	curl_easy_setopt(f->curl, CURLOPT_READFUNCTION, on_send);
	curl_easy_setopt(f->curl, CURLOPT_READDATA, &u);
	curl_easy_setopt(f->curl, CURLOPT_SEEKFUNCTION, on_rewind);
	curl_easy_setopt(f->curl, CURLOPT_SEEKDATA, &u);
	curl_easy_setopt(f->curl, CURLOPT_WRITEFUNCTION, on_ignored);
	curl_easy_setopt(f->curl, CURLOPT_WRITEDATA, &t);
	code = http_run(&t);
	curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &f->status);
	if (code != CURLE_OK || t.failed)
		return http_explain(&t, code, f->status);
	return f->status / 100 == 2 ? 0
				    : err_set(err, ERR_ENVIRONMENT, "HTTP status %ld", f->status);
}
