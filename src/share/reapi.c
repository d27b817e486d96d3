/* A server that speaks the Remote Execution API, of which only the caches are asked. A step is an
 * Action there, though none that could be executed; share-internal.h says how it is written. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "share/share-internal.h"

#define ACTION_CACHE "build.bazel.remote.execution.v2.ActionCache/"
#define STORAGE "build.bazel.remote.execution.v2.ContentAddressableStorage/"
#define BYTE_STREAM "google.bytestream.ByteStream/"

/* Of data in one message; gRPC's limit for a whole one is 4 MiB. */
#define CHUNK ((uint64_t)1 << 20)
/* No bytes: the Directory that has no entries. */
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* ---- messages -------------------------------------------------------------------------------- */

static void add_digest(struct buf *m, unsigned int field, const struct blob *b)
{
	CLEANUP_BUF struct buf digest = BUF_INIT;

	proto_add_text(&digest, 1, b->hex);
	proto_add_number(&digest, 2, b->size);
	proto_add_bytes(m, field, digest.data, digest.len);
}

static void add_file(struct buf *m, const char *path, const struct blob *b)
{
	CLEANUP_BUF struct buf file = BUF_INIT;

	proto_add_text(&file, 1, path);
	add_digest(&file, 2, b);
	proto_add_bytes(m, 2, file.data, file.len);
}

static struct blob blob_of(const struct buf *data)
{
	struct blob b = {.size = data->len};

	sha256_hex(data->data, data->len, b.hex);
	return b;
}

/* The Command and the Action that stand for a step. */
static void describe(const char *name, struct buf *command, struct buf *action)
{
	const struct blob none = {.hex = EMPTY};
	struct blob b;

	proto_add_text(command, 1, "solder-step");
	proto_add_text(command, 1, name);
	proto_add_text(command, 7, LOG_FILE);
	proto_add_text(command, 7, TREE_FILE);
	b = blob_of(command);
	add_digest(action, 1, &b);
	add_digest(action, 2, &none);
}

int reapi_result(const char *data, size_t n, struct buf *text, struct blob *stored, struct err *err)
{
	struct proto_field f, hex;

	if (proto_find(data, n, 5, PROTO_BYTES, &f) > 0 && f.n && f.n <= ENTRY_MAX) {
		buf_add(text, f.data, f.n);
		return 1;
	}
	if (proto_find(data, n, 6, PROTO_BYTES, &f) <= 0 ||
		proto_find(f.data, f.n, 1, PROTO_BYTES, &hex) <= 0 ||
		hex.n != SHA256_HEX_SIZE - 1 || proto_find(f.data, f.n, 2, PROTO_NUMBER, &f) <= 0 ||
		f.value > ENTRY_MAX)
		return err_set(err, ERR_INPUT, "its ActionResult is not of a step");
	*stored = (struct blob){.size = f.value};
	memcpy(stored->hex, hex.data, hex.n);
	return sha256_is_hex(stored->hex)
		       ? 0
		       : err_set(err, ERR_INPUT, "the digest in its ActionResult is none");
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* What is sent, and what comes: one message, or the parts of a blob. */
struct exchange {
	const struct buf *request;
	const char *name;        /* of a blob that is sent */
	const struct blob *blob; /* sent from fd, or coming to it; `at` says how far it is */
	int fd;
	uint64_t at;
	bool sent, answered;
	struct buf answer;
};

static int send_request(void *ctx, struct buf *message, struct err *err)
{
	struct exchange *x = ctx;

	(void)err;
	if (x->sent)
		return 0;
	buf_add(message, x->request->data, x->request->len);
	x->sent = true;
	return 1;
}

static int receive_answer(void *ctx, const char *message, size_t n, struct err *err)
{
	struct exchange *x = ctx;

	if (x->answered)
		return err_set(err, ERR_INPUT, "the server answers twice");
	buf_add(&x->answer, message, n);
	x->answered = true;
	return 0;
}

static int receive_part(void *ctx, const char *message, size_t n, struct err *err)
{
	struct exchange *x = ctx;
	struct proto_field data;

	if (proto_find(message, n, 10, PROTO_BYTES, &data) < 0)
		return err_set(err, ERR_INPUT, "the server's ReadResponse is damaged");
	if (data.n > x->blob->size - x->at)
		return err_set(err, ERR_INPUT, "the server sends more than %" PRIu64 " bytes",
			x->blob->size);
	if (data.n && write_fully(x->fd, data.data, data.n) < 0)
		return err_sys(err, "cannot write the download");
	x->at += data.n;
	return 0;
}

/* 1; 0 for NOT_FOUND; -1. Sets err unless it is 1. */
static int call(const struct server *s, const char *method, struct fetch_call *c, struct err *err)
{
	CLEANUP_FREE char *url = xasprintf("%s/%s", s->base, method);

	c->url = url;
	if (fetch_call(s->fetcher, c, err) == 0)
		return 1;
	return c->status == FETCH_NOT_FOUND && err->code != ERR_INTERRUPTED ? 0 : -1;
}

/* The same with one message each way. */
static int ask(const struct server *s, const char *method, const struct buf *request,
	struct buf *answer, struct err *err)
{
	struct exchange x = {.request = request};
	struct fetch_call c = {.send = send_request, .receive = receive_answer, .ctx = &x};
	int got;

	c.size = FETCH_PREFIX + request->len;
	got = call(s, method, &c, err);

	if (got == 1 && !x.answered)
		got = err_set(err, ERR_INPUT, "the server has no answer to %s", method);
	buf_swap(answer, &x.answer);
	buf_release(&x.answer);
	return got;
}

static int get(const struct server *s, const struct blob *b, int fd, struct err *err)
{
	CLEANUP_FREE char *name = xasprintf("%sblobs/%s/%" PRIu64, s->prefix, b->hex, b->size);
	CLEANUP_BUF struct buf request = BUF_INIT;
	struct exchange x = {.request = &request, .blob = b, .fd = fd};
	struct fetch_call c = {.send = send_request, .receive = receive_part, .ctx = &x};

	proto_add_text(&request, 1, name);
	c.size = FETCH_PREFIX + request.len;
	return call(s, BYTE_STREAM "Read", &c, err);
}

static int has(const struct server *s, const struct blob *b, struct err *err)
{
	CLEANUP_BUF struct buf request = BUF_INIT, answer = BUF_INIT;
	struct proto_field f;
	int got;

	proto_add_text(&request, 1, s->instance);
	add_digest(&request, 2, b);
	if (ask(s, STORAGE "FindMissingBlobs", &request, &answer, err) != 1)
		return -1;
	got = proto_find(answer.data, answer.len, 2, PROTO_BYTES, &f);
	return got < 0 ? err_set(err, ERR_INPUT, "the server's FindMissingBlobsResponse is damaged")
		       : !got;
}

/* All of the WriteRequest for what begins at x->at but its data, whose size is returned. */
static size_t begin_part(struct exchange *x, struct buf *message)
{
	uint64_t left = x->blob->size - x->at, n = left < CHUNK ? left : CHUNK;

	if (!x->at)
		proto_add_text(message, 1, x->name);
	proto_add_number(message, 2, x->at);
	proto_add_number(message, 3, n == left);
	proto_add_head(message, 10, n);
	x->sent = n == left;
	x->at += n;
	return (size_t)n;
}

static int send_part(void *ctx, struct buf *message, struct err *err)
{
	struct exchange *x = ctx;
	uint64_t at = x->at;
	size_t n;

	if (x->sent)
		return 0;
	n = begin_part(x, message);
	buf_reserve(message, n);
	if (file_pread(x->fd, message->data + message->len, n, (off_t)at) != (ssize_t)n)
		return err_set(err, ERR_INPUT, "the archive %.12s... was cut short", x->blob->hex);
	message->len += n;
	message->data[message->len] = '\0';
	return 1;
}

/* Of all WriteRequests together. */
static uint64_t count_parts(struct exchange x)
{
	CLEANUP_BUF struct buf head = BUF_INIT;
	uint64_t size = 0;

	while (!x.sent) {
		buf_clear(&head);
		size += begin_part(&x, &head);
		size += FETCH_PREFIX + head.len;
	}
	return size;
}

static int put(const struct server *s, const struct blob *b, int fd, struct err *err)
{
	CLEANUP_FREE char *name =
		xasprintf("%suploads/%s/blobs/%s/%" PRIu64, s->prefix, s->uuid, b->hex, b->size);
	struct exchange x = {.name = name, .blob = b, .fd = fd};
	struct fetch_call c = {
		.send = send_part, .receive = receive_answer, .ctx = &x, .size = count_parts(x)};
	struct proto_field size = {0};
	int got = call(s, BYTE_STREAM "Write", &c, err);

	if (got == 1)
		proto_find(x.answer.data, x.answer.len, 1, PROTO_NUMBER, &size);
	buf_release(&x.answer);
	if (got == 1 && size.value != b->size)
		return err_set(err, ERR_ENVIRONMENT,
			"the server took %" PRIu64 " bytes of %" PRIu64, size.value, b->size);
	return got == 1 ? 1 : -1;
}

/* ---- the protocol ---------------------------------------------------------------------------- */

static int get_archive(
	const struct server *s, const struct blob *b, const char *path, struct err *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	return fd < 0 ? err_sys(err, "cannot create '%s'", path) : get(s, b, fd, err);
}

static int put_archive(const struct server *s, const struct blob *b, int fd, struct err *err)
{
	int got = has(s, b, err);

	return got ? got : put(s, b, fd, err);
}

static int put_bytes(const struct server *s, const struct buf *data, struct err *err)
{
	CLEANUP_CLOSE int fd = memory_file(data->data, data->len, err);
	struct blob b = blob_of(data);

	return fd < 0 ? -1 : put(s, &b, fd, err);
}

/* The action goes first: a server may want to see of what it keeps the result. */
static int put_entry(const struct server *s, const char *name, const struct entry *e,
	const char *text, struct err *err)
{
	CLEANUP_BUF struct buf command = BUF_INIT, action = BUF_INIT, entry = BUF_INIT;
	CLEANUP_BUF struct buf result = BUF_INIT, request = BUF_INIT, answer = BUF_INIT;
	const struct blob log = blob_named(e->log_sha256, e->log_size);
	const struct blob tree = blob_named(e->archive_sha256, e->archive_size);
	struct blob key, stored;

	describe(name, &command, &action);
	buf_adds(&entry, text);
	if (put_bytes(s, &command, err) != 1 || put_bytes(s, &action, err) != 1 ||
		put_bytes(s, &entry, err) != 1)
		return -1;
	key = blob_of(&action);
	stored = blob_of(&entry);
	add_file(&result, LOG_FILE, &log);
	add_file(&result, TREE_FILE, &tree);
	add_digest(&result, 6, &stored);
	proto_add_text(&request, 1, s->instance);
	add_digest(&request, 2, &key);
	proto_add_bytes(&request, 3, result.data, result.len);
	return ask(s, ACTION_CACHE "UpdateActionResult", &request, &answer, err) == 1 ? 1 : -1;
}

static int get_text(const struct server *s, const struct blob *b, struct buf *text, struct err *err)
{
	CLEANUP_CLOSE int fd = memory_file("", 0, err);
	struct blob found;
	int got = fd < 0 ? -1 : get(s, b, fd, err);

	if (got != 1)
		return got;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "cannot read an entry");
	if (file_read_fd(fd, "entry", ENTRY_MAX, text, err) < 0)
		return -1;
	found = blob_of(text);
	return strcmp(found.hex, b->hex) != 0
		       ? err_set(err, ERR_INPUT, "an entry is not what it is called")
		       : 1;
}

static int get_entry(const struct server *s, const char *name, struct buf *text, struct err *err)
{
	CLEANUP_BUF struct buf command = BUF_INIT, action = BUF_INIT, request = BUF_INIT;
	CLEANUP_BUF struct buf answer = BUF_INIT;
	struct blob key, stored;
	int got;

	describe(name, &command, &action);
	key = blob_of(&action);
	proto_add_text(&request, 1, s->instance);
	add_digest(&request, 2, &key);
	proto_add_number(&request, 3, 1);
	got = ask(s, ACTION_CACHE "GetActionResult", &request, &answer, err);
	if (got != 1)
		return got;
	got = reapi_result(answer.data, answer.len, text, &stored, err);
	return got ? got : get_text(s, &stored, text, err);
}

const struct protocol protocol_reapi = {
	.get_entry = get_entry,
	.get = get_archive,
	.has = has,
	.put = put_archive,
	.put_entry = put_entry,
};
