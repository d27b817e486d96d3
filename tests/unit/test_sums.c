/* SHA256SUMS: what sha256sum takes is taken, and what it does not is refused. */
#include "scratch.h"

#include "pack/pack-internal.h"

#define HEX "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define CAPITALS "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"

/* Of the file "f", and of "a b", which hold "hello". */
static const char *const forms[] = {
	HEX "  f\n",
	HEX "  f",
	HEX " *f\n",
	HEX " f\n",
	HEX "\tf\n",
	HEX "\t f\n",
	HEX "\t*f\n",
	HEX "  f\r\n",
	HEX " *f\r\n",
	CAPITALS "  f\n",
	"  " HEX "  f\n",
	" \t" HEX " *f\n",
	"\\" HEX "  f\n",
	"\\" HEX "  b\\\\s\n",
	"\\" HEX "  n\\nl\n",
	"\\" HEX "  f\\t\n",
	"\\" HEX "  f\\\n",
	HEX "  b\\s\n",
	HEX "  ./f\n",
	"SHA256 (f) = " HEX "\n",
	"SHA256 (f) = " CAPITALS "\r\n",
	"SHA256(f)= " HEX "\n",
	"SHA256 (f)=" HEX "\n",
	"SHA256 (f) \t = \t" HEX "\n",
	"\\SHA256 (b\\\\s) = " HEX "\n",
	"SHA256 (a) b) = " HEX "\n",
	"SHA256  (f) = " HEX "\n",
	"sha256 (f) = " HEX "\n",
	"SHA512 (f) = " HEX "\n",
	"SHA256 (f) = " HEX " \n",
	"SHA256 (f) = " HEX "0\n",
	"SHA256 f = " HEX "\n",
	"SHA256 () = " HEX "\n",
	HEX "0  f\n",
	"x" HEX "  f\n",
	"cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824  f\n",
	HEX "f\n",
	HEX "\n",
	HEX " \n",
	HEX "  \n",
	HEX "-f\n",
	HEX " f\n" HEX " f\n",
	HEX " f\n" HEX "  f\n",
	HEX "  f\n" HEX " f\n",
	HEX " f\n" HEX " *f\n",
	"SHA256 (f) = " HEX "\n" HEX " f\n",
	"# f\n" HEX "  f\n",
	"\n" HEX "  f\n\n",
	"\r\n" HEX "  f\n",
	" # f\n" HEX "  f\n",
	"hello\n" HEX "  f\n",
};

static int parse(const char *text, size_t len, struct sums *s)
{
	struct err err = ERR_INIT;
	int code = sums_parse(text, len, "SHA256SUMS", s, &err);

	assert_int_equal(err.code, code < 0 ? ERR_INPUT : ERR_NONE);
	return code;
}

/* sha256sum says which lines are right; it finds the file that we take the name for. */
static void test_as_sha256sum(void **state)
{
	static const char *const names[] = {"f", " f", "*f", "b\\s", "n\nl", "a) b", " "};
	unsigned int taken = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		scratch_file(*state, names[i], "hello", 0644);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		CLEANUP_SUMS struct sums s = {0};
		CLEANUP_FREE char *said = NULL;
		bool read = parse(forms[i], strlen(forms[i]), &s) == 0;

		scratch_file(*state, "SHA256SUMS", forms[i], 0644);
		said = scratch_shell(*state,
			"LC_ALL=C sha256sum --strict -c SHA256SUMS >said 2>&1 && "
			"test $(grep -c ': OK$' said) = %zu && echo taken || echo refused",
			s.n ? s.n : 1);
		if (strcmp(said, read ? "taken\n" : "refused\n") != 0)
			fail_msg("sha256sum has %s '%s'", said, forms[i]);
		for (size_t k = 0; read && k < s.n; k++) {
			CLEANUP_FREE char *path = xasprintf("%s/%s", (char *)*state, s.v[k].name);

			assert_true(path_exists(path));
			assert_string_equal(s.v[k].hex, HEX);
		}
		taken += read;
	}
	assert_in_range(taken, 20, ARRAY_SIZE(forms) - 15);
}

static void test_beyond_sha256sum(void **state)
{
	static const char marked[] = "\xef\xbb\xbf" HEX "  f\n", zero[] = HEX "  f\0x\n";
	CLEANUP_SUMS struct sums s = {0};

	(void)state;
	assert_int_equal(parse(marked, sizeof(marked) - 1, &s), 0);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.v[0].name, "f");
	assert_int_equal(parse(zero, sizeof(zero) - 1, &s), -1);
	assert_int_equal(parse("\xef\xbb\xbf\n", 4, &s), 0);
}

static void test_written_as_sha256sum_does(void **state)
{
	static const char *const names[] = {"f", "a b", "b\\s", "n\nl", "c\rr", " g"};
	CLEANUP_SUMS struct sums s = {0};
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_FREE char *theirs = NULL, *checked = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		scratch_file(*state, names[i], "hello", 0644);
		sums_set(&s, names[i], CAPITALS);
	}
	sums_set(&s, "f", CAPITALS);
	sums_set(&s, "gone", HEX);
	sums_set(&s, "gone", NULL);
	sums_text(&s, &text);
	theirs = scratch_shell(*state,
		"LC_ALL=C; export LC_ALL; sha256sum -- ' g' 'a b' 'b\\s' \"$(printf 'c\\rr')\" "
		"f \"$(printf 'n\\nl')\"");
	assert_string_equal(text.data, theirs);
	scratch_file(*state, "SHA256SUMS", text.data, 0644);
	checked = scratch_shell(*state, "sha256sum --strict -c SHA256SUMS");
}

static void test_find(void **state)
{
	static const char text[] = HEX "  f\n" HEX "  ./f\n0" HEX "  g\n";
	CLEANUP_SUMS struct sums s = {0};
	char hex[SHA256_HEX_SIZE];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse(text, strlen(text), &s), -1);
	assert_int_equal(sums_find(&s, ".", "f", hex, &err), 1);
	assert_string_equal(hex, HEX);
	assert_int_equal(sums_find(&s, ".", "g", hex, &err), 0);
	sums_set(&s, "g", HEX);
	assert_int_equal(parse("0000000000000000000000000000000000000000000000000000000000000000"
			       "  g\n",
				 68, &s),
		0);
	assert_int_equal(sums_find(&s, ".", "g", hex, &err), -1);
	assert_non_null(strstr(err.msg, "two digests of 'g'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_as_sha256sum),
		SCRATCH_TEST(test_beyond_sha256sum), SCRATCH_TEST(test_written_as_sha256sum_does),
		SCRATCH_TEST(test_find)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
