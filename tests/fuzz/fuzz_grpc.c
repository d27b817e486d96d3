/* Any bytes as what a server of the Remote Execution API answers: they are cut into messages in the
 * same way whatever parts they come in, and fields lie within their messages.
 *
 * The first byte says how large the parts are.
 *
 * Source: src/share/proto.c
 */
#include "fuzz.h"

#include "fetch/fetch-internal.h"
#include "share/share-internal.h"

static void check_field(const char *message, size_t n, unsigned int number, enum proto_kind kind)
{
	struct proto_field f;

	if (proto_find(message, n, number, kind, &f) != 1)
		fuzz_check(!f.data && !f.n && !f.value);
	else if (kind == PROTO_BYTES)
		fuzz_check(f.data >= message && f.n <= n && f.data + f.n <= message + n);
}

static int receive(void *ctx, const char *message, size_t n, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct buf *all = ctx;
	struct blob stored;
	int got;

	/* Without bytes behind it. */
	CLEANUP_FREE char *copy = xcalloc(1, n ? n : 1);

	memcpy(copy, message, n);
	for (unsigned int number = 1; number <= 10; number++) {
		check_field(copy, n, number, PROTO_BYTES);
		check_field(copy, n, number, PROTO_NUMBER);
	}
	got = reapi_result(copy, n, &text, &stored, err);
	if (got < 0)
		fuzz_check_err(err);
	else
		fuzz_check(got ? text.len && text.len <= ENTRY_MAX
			       : sha256_is_hex(stored.hex) && stored.size <= ENTRY_MAX);
	buf_add(all, message, n);
	buf_adds(all, "|");
	return 0;
}

static void feed(const uint8_t *data, size_t size, size_t part, struct buf *all)
{
	const struct fetch_call call = {.receive = receive, .ctx = all};
	struct err err = ERR_INIT;
	struct frames f = {0};

	for (size_t at = 0, n; at < size; at += n) {
		n = size - at < part ? size - at : part;
		if (frames_feed(&f, (const char *)data + at, n, &call, &err) < 0) {
			fuzz_check_err(&err);
			break;
		}
	}
	fuzz_check(f.message.len <= size);
	frames_release(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BUF struct buf parts = BUF_INIT, whole = BUF_INIT;

	if (size < 2)
		return 0;
	feed(data + 1, size - 1, data[0] % 16 + 1, &parts);
	feed(data + 1, size - 1, size, &whole);
	fuzz_check(parts.len == whole.len &&
		   (!parts.len || !memcmp(parts.data, whole.data, parts.len)));
	return 0;
}
