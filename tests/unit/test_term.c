/* What leaves for a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/term.h"

/* Runs `print` in a process whose stdout and stderr are one pipe; returns all that arrives. */
static char *seen_of(void (*print)(void))
{
	struct buf seen = BUF_INIT;
	struct err err = ERR_INIT;
	char chunk[4096];
	int ends[2], status;
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	if (fork() == 0) {
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		close(ends[0]);
		close(ends[1]);
		term_open();
		print();
		_exit(term_finish(&err) < 0);
	}
	close(ends[1]);
	buf_adds(&seen, "");
	while ((n = read(ends[0], chunk, sizeof(chunk))) > 0)
		buf_add(&seen, chunk, (size_t)n);
	close(ends[0]);
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	return buf_steal(&seen);
}

static void print_hostile(void)
{
	printf("plain\tänd 漢字\n");
	printf("\033[31mred\033[m \033]0;title\007 \r over\b\177\n");
	fputs("c1 \xc2\x9b bare \x9b half \xe6\xbc|\n", stdout);
	fputs("right \u202e left \u2066 line \u2028 none \u200b tag \U000e0041\n", stdout);
	fwrite("nul \0|\n", 1, 7, stdout);
}

static void test_filter(void **state)
{
	CLEANUP_FREE char *seen = seen_of(print_hostile);

	(void)state;
	assert_string_equal(seen,
		"plain\tänd 漢字\n"
		"\\x1b[31mred\\x1b[m \\x1b]0;title\\x07 \\x0d over\\x08\\u007f\n"
		"c1 \\u009b bare \\x9b half \\xe6\\xbc|\n"
		"right \\u202e left \\u2066 line \\u2028 none \\u200b tag \\udb40\\udc41\n"
		"nul \\x00|\n");
}

static void print_pieces(void)
{
	static const char text[] = "a漢🐍\033é\xf0\x9f";

	for (const char *p = text; *p; p++) {
		fputc(*p, stdout);
		fflush(stdout);
	}
}

/* A character that comes byte by byte is one; what never becomes one is shown at the end. */
static void test_pieces(void **state)
{
	CLEANUP_FREE char *seen = seen_of(print_pieces);

	(void)state;
	assert_string_equal(seen, "a漢🐍\\x1bé\\xf0\\x9f");
}

static void print_styles(void)
{
	term_styled(stdout, "\033[1;31mred\033[0m \033[2J \033[31");
	printf("\033[31m\n");
	term_erase_line(stdout);
	term_set_colour(TERM_ALWAYS);
	printf("%d\n", term_colour(stdout));
	term_set_colour(TERM_NEVER);
	printf("%d\n", term_colour(stdout));
}

static void test_styles(void **state)
{
	CLEANUP_FREE char *seen = seen_of(print_styles);

	(void)state;
	assert_string_equal(
		seen, "\033[1;31mred\033[0m \\x1b[2J \\x1b[31\\x1b[31m\n\033[1A\033[2K1\n0\n");
}

static void print_forged(void)
{
	term_line(stdout, "%s", "a\nsolder: forged\tb");
	fflush(stdout);
	term_block(stderr, TERM_PLAIN, "solder:", "'a\nhint: forged\n one\n  ours\r\n\n'\nend");
	term_block(stderr, TERM_BOLD, "hint:", "\033[1m");
	term_block(stderr, TERM_PLAIN, "", "said\n");
}

static void test_forged(void **state)
{
	CLEANUP_FREE char *seen = seen_of(print_forged);

	(void)state;
	assert_string_equal(seen, "a\\nsolder: forged\\tb\n"
				  "solder: 'a\n  hint: forged\n   one\n  ours\\x0d\n\n  '\n  end\n"
				  "\033[1mhint:\033[0m \\x1b[1m\n"
				  "said\n\n");
}

static void test_cut(void **state)
{
	(void)state;
	assert_int_equal(utf8_cut("abc", 9), 3);
	assert_int_equal(utf8_cut("abc", 2), 2);
	assert_int_equal(utf8_cut("aé", 2), 1);
	assert_int_equal(utf8_cut("aé", 3), 3);
	assert_int_equal(utf8_cut("🐍", 3), 0);
	assert_int_equal(utf8_cut("\x80\x80\x80\x80\x80\x80", 5), 5);
	assert_int_equal(utf8_cut("", 0), 0);
}

static void test_messages(void **state)
{
	CLEANUP_FREE char *big = xcalloc(1, 6000);
	struct err err = ERR_INIT;

	(void)state;
	memset(big, 'x', 5999);
	/* No half of a character, wherever the end falls. */
	for (size_t lead = 0; lead < 4; lead++) {
		for (size_t i = 0; i + 4 < 5999; i += 2)
			memcpy(big + lead + i, "é", 2);
		err_set(&err, ERR_INPUT, "%s", big);
		assert_string_equal(err.msg + strlen(err.msg) - 5, "é…");
		err_set(&err, ERR_INPUT, "short");
		err_wrap(&err, "%s", big);
		assert_string_equal(err.msg + strlen(err.msg) - 5, "é…");
	}
}

static void test_last_line(void **state)
{
	CLEANUP_FREE char *last = last_line_safe("one\ntwo \033[m\r\n\n");

	(void)state;
	assert_string_equal(last, "two \\x1b[m");
	assert_null(last_line_safe("\n"));
	assert_null(last_line_safe(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_styles),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_last_line),
	};

	return cmocka_run_group_tests_name("term", tests, NULL, NULL);
}
