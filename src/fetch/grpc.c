/* Calls of gRPC methods with libcurl's HTTP/2. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fetch/fetch-internal.h"

#define STATUS_MESSAGE_MAX 200

struct call {
	struct transfer t;
	struct fetch_call *call;
	struct buf out; /* the message that is being sent, with its prefix */
	size_t out_at;
	struct frames in;
	char message[STATUS_MESSAGE_MAX + 1];
};

/* ---- messages in a stream of bytes ----------------------------------------------------------- */

void frames_release(struct frames *f)
{
	buf_release(&f->message);
	*f = (struct frames){0};
}

static void add_prefix(struct buf *b)
{
	buf_add(b, (const char[FETCH_PREFIX]){0}, FETCH_PREFIX);
}

static void fill_prefix(struct buf *b)
{
	size_t n = b->len - FETCH_PREFIX;

	for (int i = 0; i < 4; i++)
		b->data[1 + i] = (char)(n >> (24 - 8 * i));
}

/* The prefix is complete. */
static int begin_message(struct frames *f, struct err *err)
{
	f->size = 0;
	for (int i = 1; i < FETCH_PREFIX; i++)
		f->size = f->size << 8 | f->prefix[i];
	if (f->prefix[0])
		return err_set(err, ERR_INPUT, "the server sends no gRPC, or compressed messages");
	if (f->size > FETCH_MESSAGE_MAX)
		return err_set(err, ERR_INPUT,
			"the server sends a message of %zu bytes, more than the %zu of gRPC's limit",
			f->size, FETCH_MESSAGE_MAX);
	return 0;
}

int frames_feed(struct frames *f, const char *data, size_t n, const struct fetch_call *call,
	struct err *err)
{
	while (n) {
		size_t part =
			f->got < FETCH_PREFIX ? FETCH_PREFIX - f->got : f->size - f->message.len;

		part = part < n ? part : n;
		if (f->got < FETCH_PREFIX) {
			memcpy(f->prefix + f->got, data, part);
			f->got += part;
			if (f->got == FETCH_PREFIX && begin_message(f, err) < 0)
				return -1;
		} else {
			buf_add(&f->message, data, part);
		}
		data += part;
		n -= part;
		if (f->got < FETCH_PREFIX || f->message.len < f->size)
			continue;
		if (call->receive(call->ctx, f->message.len ? f->message.data : "", f->message.len,
			    err) < 0)
			return -1;
		buf_clear(&f->message);
		f->got = 0;
	}
	return 0;
}

/* ---- what libcurl calls ---------------------------------------------------------------------- */

static size_t on_send(char *to, size_t size, size_t n, void *ctx)
{
	struct call *c = ctx;

	n *= size;
	if (c->out_at == c->out.len) {
		int got;

		buf_clear(&c->out);
		add_prefix(&c->out);
		got = c->call->send(c->call->ctx, &c->out, c->t.err);
		c->t.failed = got < 0;
		c->out_at = 0;
		if (got <= 0) {
			buf_clear(&c->out);
			return got < 0 ? CURL_READFUNC_ABORT : 0;
		}
		fill_prefix(&c->out);
	}
	n = n < c->out.len - c->out_at ? n : c->out.len - c->out_at;
	memcpy(to, c->out.data + c->out_at, n);
	c->out_at += n;
	return n;
}

static size_t on_receive(char *data, size_t size, size_t n, void *ctx)
{
	struct call *c = ctx;

	n *= size;
	if (frames_feed(&c->in, data, n, c->call, c->t.err) == 0)
		return n;
	c->t.failed = true;
	return 0;
}

/* Of headers and trailers: gRPC's status and what it says of it. */
static size_t on_line(char *line, size_t size, size_t n, void *ctx)
{
	static const char status[] = "grpc-status:", message[] = "grpc-message:";
	struct call *c = ctx;
	CLEANUP_FREE char *text = NULL;
	char *end;

	n *= size;
	text = xstrndup(line, n);
	text[strcspn(text, "\r\n")] = '\0';
	if (!strncasecmp(text, status, sizeof(status) - 1)) {
		unsigned long number = strtoul(text + sizeof(status) - 1, &end, 10);

		c->call->status =
			*end || number > FETCH_STATUS_MAX ? FETCH_STATUS_MAX + 1 : (int)number;
	} else if (!strncasecmp(text, message, sizeof(message) - 1)) {
		const char *from = text + sizeof(message) - 1;

		from += strspn(from, " ");
		snprintf(c->message, sizeof(c->message), "%s", from);
	}
	return n;
}

/* ---- one call -------------------------------------------------------------------------------- */

/* https://grpc.io/docs/guides/status-codes/ */
static const char *const names[FETCH_STATUS_MAX + 1] = {"OK", "CANCELLED", "UNKNOWN",
	"INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
	"INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"};

/* What came of it. A server may answer before everything is sent, and break off; its status counts,
 * whatever the transport has to say then. */
static int conclude(struct call *c, CURLcode code, struct err *err)
{
	int status = c->call->status;

	if (c->t.failed || (status < 0 && code != CURLE_OK))
		return http_explain(&c->t, code, c->t.f->status);
	if (status < 0)
		return err_set(
			err, ERR_ENVIRONMENT, "HTTP status %ld, but none of gRPC", c->t.f->status);
	if (status)
		return err_set(err, ERR_ENVIRONMENT, "%s%s%s",
			status <= FETCH_STATUS_MAX ? names[status] : "an unknown status",
			*c->message ? ": " : "", c->message);
	return c->in.got ? err_set(err, ERR_INPUT, "the server's last message is cut short") : 0;
}

/* https://github.com/curl/curl/pull/10643: before 8.0.0 a second request on a connection that began
 * with HTTP/2 fails. */
#define REUSE_SINCE 0x080000

static int set_call(struct call *c, const char *url, struct curl_slist *headers, struct err *err)
{
	bool reuse = curl_version_info(CURLVERSION_NOW)->version_num >= REUSE_SINCE;
	bool tls = !strncasecmp(url, "https:", strlen("https:"));
	CURL *curl = c->t.f->curl;

	http_prepare(&c->t, url, NULL);
	if (curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
		    tls ? (long)CURL_HTTP_VERSION_2TLS
			: (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE) != CURLE_OK)
		return err_set(err, ERR_UNSUPPORTED, "this libcurl was built without HTTP/2");
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, (long)(!reuse && !tls));
	/* A proxy that is asked for a URL would speak HTTP/1. */
	curl_easy_setopt(curl, CURLOPT_HTTPPROXYTUNNEL, 1L);
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->call->size);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_send);
	curl_easy_setopt(curl, CURLOPT_READDATA, c);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_line);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, c);
	return 0;
}

int fetch_call(struct fetcher *f, struct fetch_call *call, struct err *err)
{
	static const char *const lines[] = {
		"Content-Type: application/grpc", "TE: trailers", "Expect:"};
	CLEANUP_FREE char *shown = url_shown(call->url), *url = NULL;
	struct call c = {.t = {.f = f, .upload = true, .err = err}, .call = call};
	struct curl_slist *headers = NULL;
	int got;

	/* grpc becomes http, and grpcs https */
	url = xasprintf("http%s", call->url + strlen("grpc"));
	call->status = -1;
	f->status = 0;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		headers = curl_slist_append(headers, lines[i]);
	got = set_call(&c, url, headers, err);
	if (got == 0) {
		CURLcode code = http_run(&c.t);

		curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &f->status);
		got = conclude(&c, code, err);
	}
	curl_slist_free_all(headers);
	frames_release(&c.in);
	buf_release(&c.out);
	return got < 0 ? err_wrap(err, "%s", shown) : 0;
}
