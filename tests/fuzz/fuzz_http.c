/* Any bytes as what a server sends, a line of headers after the other and then a body: nothing is
 * written beyond what is locked, and a part only where it was asked for.
 *
 * The first two bytes say what status there is and where the download goes on.
 *
 * Source: src/fetch/http.c
 */
#include "fuzz.h"

#include "fetch/http.c"

#define LIMIT 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const long statuses[] = {200, 206, 302, 404};
	struct fetcher f = {.options = {.progress = NULL}};
	struct err err = ERR_INIT;
	struct download d = {.url = "http://host/file", .limit = LIMIT};
	struct transfer t = {.f = &f, .d = &d, .err = &err};
	size_t at = 2;
	off_t end;

	if (size < 2)
		return 0;
	d.status = statuses[data[0] % ARRAY_SIZE(statuses)];
	d.start = data[1];
	d.fd = memfd_create("fuzz", MFD_CLOEXEC);
	fuzz_check(d.fd >= 0 && ftruncate(d.fd, (off_t)d.start) == 0);
	t.at = d.start;
	t.range_start = t.range_total = UINT64_MAX;
	while (at < size) {
		const uint8_t *line_end = memchr(data + at, '\n', size - at);
		size_t n = line_end ? (size_t)(line_end - data) + 1 - at : size - at;
		/* Without bytes behind it. */
		CLEANUP_FREE char *line = xcalloc(1, n);

		memcpy(line, data + at, n);
		at += n;
		fuzz_check(on_header(line, 1, n, &t) == n);
		if (n <= 2)
			break;
	}
	for (size_t part; at < size; at += part) {
		part = size - at < 100 ? size - at : 100;
		if (on_body((char *)data + at, 1, part, &t) != part) {
			if (d.status / 100 != 3)
				fuzz_check(t.failed && err.msg[0]);
			break;
		}
	}
	end = lseek(d.fd, 0, SEEK_END);
	fuzz_check(end <= LIMIT && t.at <= LIMIT);
	fuzz_check(d.status != 206 || !t.begun || t.failed || t.range_start == data[1]);
	close(d.fd);
	return 0;
}
