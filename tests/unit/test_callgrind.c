/* The reader of callgrind's output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "explain/explain-internal.h"

#define HEAD "version: 1\ncmd: ./p 1\npositions: instr line\nevents: Ir\n"
#define PLACE "ob=(1) p\nfn=(1) main\n"

static int parse(const char *text, struct callgrind *run, struct err *err)
{
	/* Without bytes behind it. */
	size_t n = strlen(text);
	CLEANUP_FREE char *copy = xcalloc(n ? n : 1, 1);

	memcpy(copy, text, n);
	return callgrind_from_memory(copy, n, run, err);
}

static int64_t at(const struct callgrind *run, const char *object, uint64_t addr)
{
	for (size_t i = 0; i < run->n_costs; i++)
		if (run->costs[i].addr == addr &&
			!strcmp(run->objects.v[run->costs[i].object], object))
			return run->costs[i].count;
	return 0;
}

static void test_compressed(void **state)
{
	static const char text[] = "# callgrind format\n" HEAD "summary: 131\n\n" PLACE
				   "fl=(1) a file.c\n0x1000 10 1\n+3 +1 20\nfi=(2) b.h\n* * 5\n"
				   "-3 -1 4\ncob=(2) lib.so\ncfi=(1)\ncfn=(2) f: g\n"
				   "calls=7 0x400 12\n+8 +4 1000\n+1 * 1\n"
				   "fn=(3) third\n0x1000 1 50\n"
				   "ob=(2)\nfn=(2)\n4096 1 50\ntotals: 131\n";
	CLEANUP_CALLGRIND struct callgrind run = {0};
	struct err err = ERR_INIT;

	(void)state;
	if (parse(text, &run, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(run.total, 131);
	assert_int_equal(run.n_costs, 4);
	assert_int_equal(at(&run, "p", 0x1000), 55);
	assert_int_equal(at(&run, "p", 0x1003), 25);
	assert_int_equal(at(&run, "p", 0x1009), 1);
	assert_int_equal(at(&run, "lib.so", 0x1000), 50);
	assert_string_equal(run.functions.v[run.costs[0].function], "main");
	assert_string_equal(run.functions.v[run.costs[3].function], "f: g");
	assert_string_equal(run.command, "./p 1");
	assert_int_equal(run.parts, 1);
}

/* The first part has a summary that is one off, as --cache-sim=yes writes it. */
static void test_parts_and_columns(void **state)
{
	static const char text[] = "events: Dr Ir Dw\npositions: instr\npart: 1\nsummary: 9 4\n"
				   "ob=p\nfn=main\n0x10 9 1 9\n0x14 9 2\n0x18 9\ntotals: 9 3\n"
				   "part: 2\nsummary: 0 7 1\nob=p\nfn=main\n0x10 1 7 1\n"
				   "jump=4 0x20\n0x10\n";
	CLEANUP_CALLGRIND struct callgrind run = {0};
	struct err err = ERR_INIT;

	(void)state;
	if (parse(text, &run, &err) < 0 || parse(text, &run, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(run.parts, 4);
	assert_int_equal(run.total, 20);
	assert_int_equal(at(&run, "p", 0x10), 16);
	assert_int_equal(at(&run, "p", 0x14), 4);
	assert_int_equal(run.n_costs, 2);
}

static void test_loose_calls(void **state)
{
	static const char text[] = HEAD PLACE "0x10 1 1\ncob=(2) ???\ncfn=(2) 0x9\n"
					      "calls=2 0x40020 0\n* * 8\n"
					      "cfn=(2)\ncalls=2 0x40030 0\n+5 * 8\n"
					      "totals: 1\n";
	CLEANUP_CALLGRIND struct callgrind run = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse(text, &run, &err), 0);
	assert_int_equal(run.n_calls, 1);
	assert_int_equal(run.calls[0].addr, 0x10);
	assert_int_equal(run.calls[0].target, 0x40020);
}

static void test_damage(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "not callgrind's format"},
		{"\x7f"
		 "ELF\n",
			"line 1"},
		{HEAD, ""},
		{HEAD PLACE "0x10 1 5\n", "cut off"},
		{HEAD PLACE "0x10 1 5\ntotals: 6\n", "add up to 5, not to 6"},
		{HEAD "summary: 4\n" PLACE "0x10 1 5\n", "add up to 5, not to 4"},
		{HEAD "summary: 5\n" PLACE "0x10 1 5\ntotals: 4\n", "add up to 5, not to 4"},
		{HEAD "summary: 4\n", "add up to 0, not to 4"},
		{HEAD "0x10 1 5\ntotals: 5\n", "without an object"},
		{HEAD "ob=p\n0x10 1 5\ntotals: 5\n", "without a function"},
		{HEAD PLACE "calls=1 0x5 1\n", "cost of a call is missing"},
		{HEAD PLACE "calls=x\n", "no number of calls"},
		{HEAD PLACE "calls=1 y\n", "no target"},
		{HEAD PLACE "-5 1 5\ntotals: 5\n", "no position"},
		{HEAD PLACE "0x10 1 5 6\ntotals: 5\n", "too many"},
		{HEAD PLACE "0x10 1 5x\ntotals: 5\n", "no numbers"},
		{HEAD PLACE "0x10 1 -5\ntotals: 5\n", "no numbers"},
		{HEAD PLACE "0x11112222333344445 1 5\n", "no position"},
		{HEAD PLACE "18446744073709551616 1 5\n", "no position"},
		{HEAD PLACE "0x 1 5\n", "no position"},
		{HEAD PLACE "0x10 1 18446744073709551615\n+1 1 1\n", "too large"},
		{HEAD "ob=(1)\n", "not defined"},
		{HEAD "ob=(1 x\n", "no number of a name"},
		{HEAD "ob=(99999999999) x\n", "no number of a name"},
		{HEAD "nonsense\n", "neither costs"},
		{"positions: instr\n" PLACE "0x10 5\n", "without a line \"events:\""},
		{"events: Dr\n" PLACE "0x10 5\n", "not among the events"},
		{"events: Ir\n" PLACE "10 5\n", "not by instruction"},
		{"events: Ir\npositions: line\n" PLACE "10 5\n", "not by instruction"},
		{"positions: a b c\n", "too many positions"},
		{HEAD "summary: x\n", "no number"},
		{HEAD "totals: x\n", "no numbers"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_CALLGRIND struct callgrind run = {0};
		struct err err = ERR_INIT;
		int result = parse(cases[i].text, &run, &err);

		if (!cases[i].message[0]) {
			assert_int_equal(result, 0);
			assert_int_equal(run.total, 0);
		} else if (result == 0 || !strstr(err.msg, cases[i].message)) {
			fail_msg("case %zu: %s", i, result ? err.msg : "no error");
		}
	}
}

/* Wherever the end is missing, it is asked whether the file is whole. */
static void test_cut(void **state)
{
	static const char text[] = "# callgrind format\nversion: 1\n" HEAD PLACE
				   "fl=(1) a.c\n0x10 1 7\ncob=(2) lib.so\ncfn=(2) f\n"
				   "calls=7 0x400 12\n+8 +4 1000\n+1 * 11\n\ntotals: 18\n";
	size_t whole = sizeof(text) - 2;

	(void)state;
	for (size_t n = strlen("# callgrind format\nversion:"); n < whole; n++) {
		CLEANUP_CALLGRIND struct callgrind run = {0};
		CLEANUP_FREE char *cut = xstrndup(text, n);
		struct err err = ERR_INIT;

		if (parse(cut, &run, &err) == 0 ? run.total != 0
						: strcmp(err.hint, "is the file whole?") != 0 &&
							  !strstr(err.msg, "cut off"))
			fail_msg("%zu bytes: %s (%s)", n, err.msg, err.hint);
	}
}

/* What the file says is shown on terminals. */
static void test_control_characters(void **state)
{
	CLEANUP_CALLGRIND struct callgrind run = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse("cmd: \x1b[31mp\x7f\t\xc3\xa9\n" HEAD, &run, &err), 0);
	assert_string_equal(run.command, "?[31mp??\xc3\xa9");
	assert_int_equal(parse(HEAD "ob=\x1b]0;x\n", &run, &err), -1);
	assert_non_null(strstr(err.msg, "a control character"));
	assert_int_equal(parse(HEAD PLACE "fn=f\rg\n", &run, &err), -1);
}

/* After an error nothing of earlier runs is left. */
static void test_empty_after_error(void **state)
{
	CLEANUP_CALLGRIND struct callgrind run = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse(HEAD PLACE "0x10 1 5\ntotals: 5\n", &run, &err), 0);
	assert_int_equal(parse(HEAD PLACE "0x10 1 5\ntotals: 6\n", &run, &err), -1);
	assert_null(run.costs);
	assert_null(run.objects.v);
	assert_int_equal(callgrind_read("/nonexistent", &run, &err), -1);
	assert_non_null(strstr(err.msg, "/nonexistent"));
}

/* Many addresses, in an order that is not sorted: the table grows, nothing is lost. */
static void test_many(void **state)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_CALLGRIND struct callgrind run = {0};
	struct err err = ERR_INIT;
	const unsigned n = 50000;

	(void)state;
	buf_adds(&text, HEAD PLACE);
	for (unsigned i = 0; i < 2 * n; i++)
		buf_addf(&text, "0x%x 1 %u\n", (i * 7919 % n) * 3, i % 2 + 1);
	buf_addf(&text, "totals: %u\n", 3 * n);
	if (parse(text.data, &run, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(run.n_costs, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(run.costs[i].addr, i * 3);
	assert_int_equal(run.total, 3 * n);
}

/* Objects and functions have other numbers in the other file. */
static void test_subtract(void **state)
{
	static const char many[] = HEAD PLACE "0x10 1 50\n0x14 1 7\n0x20 1 3\n"
					      "ob=(2) lib.so\nfn=(2) f\n0x10 1 9\ntotals: 69\n";
	static const char few[] = HEAD "ob=(7) lib.so\nfn=(4) f\n0x10 1 4\n0x30 1 2\n"
				       "ob=(8) p\nfn=(5) main\n0x14 1 7\n0x20 1 5\n"
				       "ob=(9) q\n0x1 1 1\ntotals: 19\n";
	CLEANUP_CALLGRIND struct callgrind run = {0}, less = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse(many, &run, &err), 0);
	assert_int_equal(parse(few, &less, &err), 0);
	assert_int_equal(callgrind_subtract(&run, &less, &err), 0);
	assert_int_equal(run.total, 50);
	assert_int_equal(run.n_costs, 5);
	assert_int_equal(at(&run, "p", 0x10), 50);
	assert_int_equal(at(&run, "p", 0x20), -2);
	assert_int_equal(at(&run, "lib.so", 0x10), 5);
	assert_int_equal(at(&run, "lib.so", 0x30), -2);
	assert_int_equal(at(&run, "q", 0x1), -1);
	for (size_t i = 1; i < run.n_costs; i++)
		assert_true(run.costs[i - 1].object <= run.costs[i].object);
	assert_string_equal(run.functions.v[run.costs[run.n_costs - 1].function], "main");
}

static void add_part(struct buf *text, unsigned from, unsigned to)
{
	buf_addf(text, HEAD PLACE);
	for (unsigned i = from; i < to; i++)
		buf_addf(text, "0x%x 1 1\n", 0x1000 + 4 * i);
	buf_addf(text, "totals: %u\n", to - from);
}

/* What a run took off comes back in the next: counts that come to 0 amid others lose nothing. */
static void test_subtract_and_go_on(void **state)
{
	CLEANUP_CALLGRIND struct callgrind run = {0}, less = {0};
	CLEANUP_BUF struct buf first = BUF_INIT, all = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	add_part(&first, 0, 3000);
	add_part(&all, 0, 20000);
	assert_int_equal(parse(first.data, &less, &err), 0);
	assert_int_equal(callgrind_subtract(&run, &less, &err), 0);
	assert_int_equal(run.total, -3000);
	assert_int_equal(parse(all.data, &run, &err), 0);
	assert_int_equal(parse(first.data, &run, &err), 0);
	assert_int_equal(run.total, 20000);
	assert_int_equal(run.n_costs, 20000);
	for (size_t i = 0; i < run.n_costs; i++)
		assert_int_equal(run.costs[i].count, 1);
}

/* Reads a part with `line` in it, whatever it adds up to. */
static int parse_line(const char *line, struct callgrind *run, struct err *err)
{
	static const char form[] =
		"positions: instr\nevents: Ir\nob=p\nfn=f\n0x1000 5\n%s\n* 1\n"
		"# so that the end is further away than any line is long: %064d\n"
		"totals: %llu\n";
	CLEANUP_FREE char *first = xasprintf(form, line, 0, 1ull);
	unsigned long long sum;
	int result = parse(first, run, err);

	if (result == 0 || sscanf(err->msg, "the costs add up to %llu,", &sum) != 1)
		return result;
	free(first);
	first = xasprintf(form, line, 0, sum);
	return parse(first, run, err);
}

/* Lines of the plainest form are read in another way than those with a blank at their end: both
 * give the same, for good lines and bad ones. */
static void test_plain_lines(void **state)
{
	static const char *const lines[] = {"+4 17", "-4 17", "* 17", "0x40 17", "64 17", "+0x4 1",
		"+4 0", "+4", "*", "-17 3", "-4096 1", "-4097 1", "0xffffffffffffffff 1",
		"0x10000000000000000 1", "+18446744073709551615 1", "+999999999999999999 5",
		"+9999999999999999999 5", "0x 1", "+ 1", "* x", "*1", "* 1 2",
		"+4 999999999999999999", "+4 18446744073709551609", "+4 18446744073709551615",
		"+4 18446744073709551616", "+4\t17", "+4  17", "--4 1", "0X40 1", "+4 17x",
		"calls=2 0x40\n* 99", "calls=2 0x40\n+4 99"};
	unsigned good = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		CLEANUP_CALLGRIND struct callgrind quick = {0}, slow = {0};
		CLEANUP_FREE char *blank = xasprintf("%s ", lines[i]);
		struct err a = ERR_INIT, b = ERR_INIT;
		int result = parse_line(lines[i], &quick, &a);

		if (result != parse_line(blank, &slow, &b) || strcmp(a.msg, b.msg) != 0)
			fail_msg("%s: '%s', but '%s' with a blank", lines[i], a.msg, b.msg);
		assert_int_equal(quick.total, slow.total);
		assert_int_equal(quick.n_costs, slow.n_costs);
		for (size_t c = 0; c < quick.n_costs; c++) {
			assert_int_equal(quick.costs[c].addr, slow.costs[c].addr);
			assert_int_equal(quick.costs[c].count, slow.costs[c].count);
		}
		good += result == 0;
	}
	assert_in_range(good, 12, ARRAY_SIZE(lines) - 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_parts_and_columns),
		cmocka_unit_test(test_loose_calls),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_control_characters),
		cmocka_unit_test(test_empty_after_error),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_plain_lines),
		cmocka_unit_test(test_subtract),
		cmocka_unit_test(test_subtract_and_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
