/* gRPC's messages in a stream of bytes, and the protocol buffers of the Remote Execution API. */
#include <stdio.h>
#include <string.h>

#include "fetch/fetch-internal.h"
#include "scratch.h"
#include "share/share-internal.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* ---- frames ---------------------------------------------------------------------------------- */

static int note(void *ctx, const char *message, size_t n, struct err *err)
{
	struct buf *b = ctx;

	buf_add(b, message, n);
	buf_adds(b, ";");
	return b->len > 1000 ? err_set(err, ERR_INPUT, "enough") : 0;
}

/* Feeds parts of this size; what comes of it, or what is wrong. */
static char *feed(const char *bytes, size_t n, size_t part, struct err *err)
{
	CLEANUP_BUF struct buf got = BUF_INIT;
	const struct fetch_call call = {.receive = note, .ctx = &got};
	struct frames f = {0};
	bool fine = true;

	for (size_t at = 0; at < n && fine; at += part)
		fine = frames_feed(&f, bytes + at, n - at < part ? n - at : part, &call, err) == 0;
	if (fine && f.got)
		buf_adds(&got, "...");
	frames_release(&f);
	return fine ? buf_steal(&got) : NULL;
}

static void test_frames(void **state)
{
	static const char stream[] = "\0\0\0\0\3abc\0\0\0\0\0\0\0\0\0\1x";
	static const char *const cut[] = {
		"", "...", "...", "...", "...", "...", "...", "...", "abc;", "abc;..."};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t part = 1; part < sizeof(stream); part++) {
		CLEANUP_FREE char *got = feed(stream, sizeof(stream) - 1, part, &err);

		assert_string_equal(got, "abc;;x;");
	}
	for (size_t n = 0; n < ARRAY_SIZE(cut); n++) {
		CLEANUP_FREE char *got = feed(stream, n, 4, &err);

		assert_string_equal(got, cut[n]);
	}
}

static void test_frames_refused(void **state)
{
	/* compressed; a page of HTML; 4 MiB and a byte; 4 GiB - 1 */
	static const char *const bad[] = {
		"\1\0\0\0\1x", "<html>", "\0\0\x40\0\1", "\0\xff\xff\xff\xff"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = ERR_INIT;

		assert_null(feed(bad[i], 5, 5, &err));
		assert_int_equal(err.code, ERR_INPUT);
	}
}

/* ---- protocol buffers ------------------------------------------------------------------------ */

/* The numbers of the manual's examples: 150 is 96 01, field 2 "testing" is 12 07 ... */
static void test_written(void **state)
{
	CLEANUP_BUF struct buf m = BUF_INIT;

	(void)state;
	proto_add_number(&m, 1, 150);
	proto_add_text(&m, 2, "testing");
	proto_add_number(&m, 3, 0);
	proto_add_text(&m, 4, "");
	proto_add_bytes(&m, 16, "", 0);
	assert_int_equal(m.len, 3 + 9 + 3);
	assert_memory_equal(m.data, "\x08\x96\x01\x12\x07testing\x82\x01\x00", m.len);
}

static void test_found(void **state)
{
	static const uint64_t values[] = {1, 127, 128, 16383, 16384, 1ull << 35, UINT64_MAX};
	/* 1: 7, as 64 and as 32 bits, 1: 8 as a number, 2: "a", 2: "bc", 1: "no number" */
	static const char mixed[] =
		"\x09\7\0\0\0\0\0\0\0\x0d\7\0\0\0\x08\x08\x12\1a\x12\2bc\x0a\1n";
	struct proto_field f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		CLEANUP_BUF struct buf m = BUF_INIT;

		proto_add_number(&m, 536870911, values[i]);
		assert_int_equal(proto_find(m.data, m.len, 536870911, PROTO_NUMBER, &f), 1);
		assert_int_equal(f.value, values[i]);
		for (size_t n = 1; n < m.len; n++)
			assert_int_equal(proto_find(m.data, n, 1, PROTO_NUMBER, &f), -1);
	}
	assert_int_equal(proto_find(mixed, sizeof(mixed) - 1, 1, PROTO_NUMBER, &f), 1);
	assert_int_equal(f.value, 8);
	assert_int_equal(proto_find(mixed, sizeof(mixed) - 1, 2, PROTO_BYTES, &f), 1);
	assert_int_equal(f.n, 2);
	assert_memory_equal(f.data, "bc", 2);
	assert_int_equal(proto_find(mixed, sizeof(mixed) - 1, 2, PROTO_NUMBER, &f), 0);
	assert_null(f.data);
	assert_int_equal(proto_find("", 0, 1, PROTO_BYTES, &f), 0);
	/* what was found in the beginning of no message does not count */
	assert_int_equal(proto_find("\x08\x08\x0c", 3, 1, PROTO_NUMBER, &f), -1);
	assert_int_equal(f.value, 0);
}

static void test_no_messages(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
		{"\x80", 1},                                              /* no end */
		{"\x00\x01", 2},                                          /* field 0 */
		{"\x0b\x0c", 2},                                          /* a group */
		{"\x0e", 1},                                              /* no kind */
		{"\x12\x02x", 3},                                         /* too short */
		{"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", 12},    /* by very much */
		{"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11},     /* 65 bits */
		{"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12}, /* 11 bytes */
		{"\x09\1\2\3\4\5\6\7", 8}, {"\x0d\1\2\3", 4},
		{"\xf8\xff\xff\xff\x7f\1", 6}, /* field 2^32 - 1 */
	};
	struct proto_field f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(proto_find(bad[i].bytes, bad[i].n, 1, PROTO_NUMBER, &f), -1);
}

static void add_stored(struct buf *m, const char *hex, uint64_t size)
{
	CLEANUP_BUF struct buf digest = BUF_INIT;

	proto_add_text(&digest, 1, hex);
	proto_add_number(&digest, 2, size);
	proto_add_bytes(m, 6, digest.data, digest.len);
}

/* In the message, by its digest, both, neither; and digests that are none. */
static void test_results(void **state)
{
	CLEANUP_BUF struct buf m = BUF_INIT, text = BUF_INIT;
	struct err err = ERR_INIT;
	struct blob stored;

	(void)state;
	proto_add_number(&m, 4, 1);
	assert_int_equal(reapi_result(m.data, m.len, &text, &stored, &err), -1);
	add_stored(&m, HEX, 7);
	assert_int_equal(reapi_result(m.data, m.len, &text, &stored, &err), 0);
	assert_string_equal(stored.hex, HEX);
	assert_int_equal(stored.size, 7);
	proto_add_text(&m, 5, "{}");
	assert_int_equal(reapi_result(m.data, m.len, &text, &stored, &err), 1);
	assert_string_equal(text.data, "{}");
	buf_clear(&m);
	add_stored(&m, "../../../../../../../../../../../../../../../../../../../etc/passwd", 7);
	assert_int_equal(reapi_result(m.data, m.len, &text, &stored, &err), -1);
	add_stored(&m, HEX "0", 7);
	assert_int_equal(reapi_result(m.data, m.len, &text, &stored, &err), -1);
	add_stored(&m, HEX, ENTRY_MAX + 1);
	assert_int_equal(reapi_result(m.data, m.len, &text, &stored, &err), -1);
	add_stored(&m, HEX, ENTRY_MAX);
	assert_int_equal(reapi_result(m.data, m.len, &text, &stored, &err), 0);
}

static void test_servers(void **state)
{
	static const struct {
		const char *url, *base, *instance, *prefix;
	} urls[] = {
		{"http://h:1/a/", "http://h:1/a", NULL, NULL},
		{"GRPC://h:1", "GRPC://h:1", "", ""},
		{"grpc://h:1///", "grpc://h:1", "", ""},
		{"grpcs://u:p@h:1/a/b/", "grpcs://u:p@h:1", "a/b", "a/b/"},
	};
	struct server s = {0};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		assert_int_equal(server_name(&s, urls[i].url, &err), 0);
		assert_string_equal(s.base, urls[i].base);
		if (urls[i].instance) {
			assert_string_equal(s.instance, urls[i].instance);
			assert_string_equal(s.prefix, urls[i].prefix);
			assert_int_equal(strlen(s.uuid), 36);
		}
		server_release(&s);
	}
	assert_int_equal(server_name(&s, "file:///x", &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	server_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_frames_refused),
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_no_messages),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
