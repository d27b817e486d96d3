/* Command lines: parsing, suggestions, and what is made from the tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "usage/usage.h"

struct values {
	bool flag, other;
	const char *text, *choice;
	unsigned int count;
	struct strv list;
};

static void defaults(void *values)
{
	struct values *v = values;

	v->choice = "static";
	v->count = 7;
}

static int run(const void *values, const struct strv *args, struct err *err)
{
	(void)values, (void)args, (void)err;
	return 0;
}

#define AT(field) offsetof(struct values, field)

static const struct opt opts[] = {
	{"flag", 'f', OPT_FLAG, NULL, "a flag", AT(flag)},
	{"dry-run", 0, OPT_FLAG, NULL, "another", AT(other)},
	{"output", 'o', OPT_STRING, "DIR", "a text", AT(text)},
	{"link", 0, OPT_CHOICE, "static|shared", "a choice", AT(choice)},
	{"jobs", 'j', OPT_COUNT, "N", "a number", AT(count)},
	{"rule", 'r', OPT_LIST, "ID", "a list", AT(list)},
};

static const struct command cmd = {
	.name = "make",
	.summary = "make something",
	.args = "[THING]",
	.about = ".leading dot and back\\slash\n\nanother 'paragraph' - of words",
	.example = "solder make x\nsolder make --flag",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct values),
	.defaults = defaults,
	.max_args = 2,
	.run = run,
};

static const struct command bare = {
	.name = "bare", .summary = "bare", .args = "", .about = "Bare.", .run = run};

/* Parses the words of a line; "''" stands for an empty word. */
static int parse_as(const struct command *c, const char *line, struct values *v, struct strv *args,
	struct strv *words, struct err *err)
{
	*err = (struct err)ERR_INIT;
	*v = (struct values){0};
	strv_clear(args);
	strv_clear(words);
	strv_add(words, "");
	strv_split(words, line, " ");
	for (size_t i = 0; i < words->n; i++) {
		if (!strcmp(words->v[i], "''"))
			words->v[i][0] = '\0';
	}
	return opt_parse(c, words->v + 1, v, args, err);
}

static void test_forms(void **state)
{
	static const char *const same[] = {"-f -o x -j3 a b", "a b --flag --output x --jobs 3",
		"--output=x a --jobs=3 -f b", "-ox a -j 3 --flag -- b"};
	CLEANUP_STRV struct strv args = STRV_INIT, words = STRV_INIT;
	struct values v;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		assert_int_equal(parse_as(&cmd, same[i], &v, &args, &words, &err), 0);
		assert_true(v.flag);
		assert_string_equal(v.text, "x");
		assert_string_equal(v.choice, "static");
		assert_int_equal(v.count, 3);
		assert_int_equal(args.n, 2);
		assert_string_equal(args.v[0], "a");
		assert_string_equal(args.v[1], "b");
	}
	assert_int_equal(parse_as(&cmd, "--link shared -- --flag -", &v, &args, &words, &err), 0);
	assert_string_equal(v.choice, "shared");
	assert_false(v.flag);
	assert_int_equal(v.count, 7);
	assert_string_equal(args.v[0], "--flag");
	assert_string_equal(args.v[1], "-");
	/* A value may look like an option, and may hold '='. */
	assert_int_equal(parse_as(&cmd, "--output --flag", &v, &args, &words, &err), 0);
	assert_string_equal(v.text, "--flag");
	assert_int_equal(parse_as(&cmd, "--output=a=b", &v, &args, &words, &err), 0);
	assert_string_equal(v.text, "a=b");
	/* The last one counts. */
	assert_int_equal(parse_as(&cmd, "-j1 -j2", &v, &args, &words, &err), 0);
	assert_int_equal(v.count, 2);
}

static void test_list(void **state)
{
	CLEANUP_STRV struct strv args = STRV_INIT, words = STRV_INIT;
	struct values v;
	struct err err;

	(void)state;
	assert_int_equal(parse_as(&cmd, "--rule a x -rb --rule=c", &v, &args, &words, &err), 0);
	assert_int_equal(v.list.n, 3);
	assert_string_equal(v.list.v[0], "a");
	assert_string_equal(v.list.v[1], "b");
	assert_string_equal(v.list.v[2], "c");
	assert_int_equal(args.n, 1);
	opt_release(&cmd, &v);
	assert_int_equal(v.list.n, 0);
	/* What was taken before an error is released as well. */
	assert_int_equal(parse_as(&cmd, "--rule a --rule=", &v, &args, &words, &err), -1);
	assert_non_null(strstr(err.msg, "--rule needs a value: ID"));
	opt_release(&cmd, &v);
	assert_int_equal(parse_as(&cmd, "x", &v, &args, &words, &err), 0);
	assert_int_equal(v.list.n, 0);
	opt_release(&cmd, &v);
}

static void test_help_wins(void **state)
{
	CLEANUP_STRV struct strv args = STRV_INIT, words = STRV_INIT;
	struct values v;
	struct err err;

	(void)state;
	assert_int_equal(parse_as(&cmd, "--help --nonsense", &v, &args, &words, &err), 1);
	assert_int_equal(parse_as(&cmd, "a b c -h", &v, &args, &words, &err), 1);
	assert_int_equal(parse_as(&cmd, "-- -h", &v, &args, &words, &err), 0);
}

static void test_errors(void **state)
{
	static const struct {
		const char *line, *message, *hint;
	} cases[] = {
		{"--ouput x", "'--ouput' is not an option of 'solder make'", "--output"},
		{"--xyzzyxyzzy", "'--xyzzyxyzzy' is not an option", "solder make --help"},
		{"-x", "'-x' is not an option", ""},
		{"-fx", "'-fx' is not an option", ""},
		{"--flag=yes", "--flag takes no value", "solder make --help"},
		{"--output", "--output needs a value: DIR", "solder make --help"},
		{"-o", "--output needs a value: DIR", ""},
		{"--output=", "--output needs a DIR", ""},
		{"--link dynamic", "--link cannot be 'dynamic', only static|shared", ""},
		{"--link stat", "--link cannot be 'stat'", ""},
		{"--link static|shared", "--link cannot be", ""},
		{"--link=", "--link cannot be ''", ""},
		{"--jobs 0", "from 1 to 4096, not '0'", ""},
		{"--jobs 4097", "not '4097'", ""},
		{"--jobs=-1", "not '-1'", ""},
		{"--jobs 2x", "not '2x'", ""},
		{"--jobs 99999999999999999999", "from 1 to 4096", ""},
		{"--jobs ''", "from 1 to 4096", ""},
		{"a b c", "'solder make' takes [THING], and no more", "--help"},
	};
	CLEANUP_STRV struct strv args = STRV_INIT, words = STRV_INIT;
	struct values v;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (parse_as(&cmd, cases[i].line, &v, &args, &words, &err) != -1)
			fail_msg("'%s' was accepted", cases[i].line);
		assert_int_equal(err.code, ERR_USAGE);
		if (!strstr(err.msg, cases[i].message) || !strstr(err.hint, cases[i].hint))
			fail_msg("'%s': '%s' / '%s'", cases[i].line, err.msg, err.hint);
	}
	assert_int_equal(parse_as(&bare, "x", &v, &args, &words, &err), -1);
	assert_non_null(strstr(err.msg, "takes no arguments"));
}

static void test_nearest(void **state)
{
	static const char *const names[] = {"build", "fetch", "show", "man", "completion"};
	char long_word[200];

	(void)state;
	assert_string_equal(nearest_name("biuld", names, 5), "build");
	assert_string_equal(nearest_name("fetsh", names, 5), "fetch");
	assert_string_equal(nearest_name("complete", names, 5), "completion");
	assert_null(nearest_name("zzzzzz", names, 5));
	memset(long_word, 'x', sizeof(long_word));
	long_word[sizeof(long_word) - 1] = '\0';
	assert_null(nearest_name(long_word, names, 5));
}

/* The text that a function prints; the caller frees it. */
static char *printed(void (*print)(FILE *, const struct command *), const struct command *c)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	print(f, c);
	fclose(f);
	return text;
}

static void test_help_text(void **state)
{
	CLEANUP_FREE char *text = printed(usage_help, &cmd), *plain = printed(usage_help, &bare);

	(void)state;
	assert_non_null(strstr(text, "Usage: solder make [OPTION]... [THING]\n"));
	assert_non_null(strstr(text, "  -f, --flag  "));
	assert_non_null(strstr(text, "      --link static|shared  "));
	assert_non_null(strstr(text, "a list; may be repeated\n"));
	assert_non_null(strstr(text, "  solder make --flag\n"));
	assert_non_null(strstr(plain, "Usage: solder bare\n"));
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 80);
}

/* Paragraphs are filled whatever their line ends; terms keep a line of their own. */
static void test_help_fills(void **state)
{
	static const struct command long_one = {.name = "long",
		.summary = "long",
		.args = "[aaaaaaaaaaaaaaaaaaaaaaaaa|bbbbbbbbbbbbbbbbbbbbbbbbb|ccccccccccccc]",
		.about = "one two\nthree four five six seven eight nine ten eleven twelve thirteen "
			 "fourteen fifteen\n\nterm     the words about it\nother    and those, "
			 "which "
			 "are so many that they surely need a second line, set in\n\nend",
		.run = run};
	CLEANUP_FREE char *text = printed(usage_help, &long_one);

	(void)state;
	assert_non_null(strstr(text, "one two three four"));
	assert_non_null(strstr(text, "fourteen\nfifteen\n\nterm"));
	assert_non_null(strstr(text, "\nother    and those"));
	assert_non_null(strstr(text, "\n         in\n\nend\n"));
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 80);
}

/* Options of every command, behind its name and before it. */
static void test_globals(void **state)
{
	CLEANUP_STRV struct strv args = STRV_INIT, words = STRV_INIT, before = STRV_INIT;
	struct err err = ERR_INIT;
	struct values v;
	size_t i = 0;

	(void)state;
	assert_int_equal(parse_as(&cmd, "-f a --color never b", &v, &args, &words, &err), 0);
	assert_int_equal(args.n, 2);
	assert_int_equal(parse_as(&bare, "--color=never", &v, &args, &words, &err), 0);
	assert_int_equal(parse_as(&cmd, "--color blue", &v, &args, &words, &err), -1);
	assert_non_null(strstr(err.msg, "--color cannot be 'blue', only auto|always|never"));
	assert_int_equal(parse_as(&cmd, "--colour auto", &v, &args, &words, &err), -1);
	assert_non_null(strstr(err.hint, "--color"));
	strv_split(&before, "--color=never -q --color auto --flag", " ");
	assert_int_equal(opt_global(before.v, &i, &err), 1);
	assert_int_equal(i++, 0);
	assert_int_equal(opt_global(before.v, &i, &err), 1);
	assert_int_equal(i++, 1);
	assert_int_equal(opt_global(before.v, &i, &err), 1);
	assert_int_equal(i++, 3);
	assert_int_equal(opt_global(before.v, &i, &err), 0);
	assert_int_equal(i, 4);
}

static void man_page(FILE *out, const struct command *c)
{
	const struct command *const cmds[] = {&cmd, &bare};

	usage_man(out, c, cmds, 2);
}

static void test_man_escapes(void **state)
{
	CLEANUP_FREE char *text = printed(man_page, &cmd);

	(void)state;
	assert_non_null(strstr(text, "\n\\&.leading dot and back\\eslash\n.PP\n"));
	assert_non_null(strstr(text, "\\-\\-dry\\-run"));
	assert_null(strstr(text, " --"));
	assert_non_null(strstr(text, "\n.SH ENVIRONMENT\n"));
	assert_non_null(strstr(text, "\n.SH FILES\n"));
	assert_non_null(
		strstr(text, "\n.SH SEE ALSO\n\\fBsolder\\fR(1), \\fBsolder\\-bare\\fR(1)\n"));
}

static void test_completion(void **state)
{
	static const struct command *const cmds[] = {&cmd, &bare};
	static const char *const shells[] = {"bash", "zsh", "fish"};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		CLEANUP_FREE char *text = NULL;
		size_t size;
		FILE *f = open_memstream(&text, &size);

		assert_int_equal(usage_completion(f, shells[i], cmds, 2, &err), 0);
		fclose(f);
		assert_non_null(strstr(text, "make"));
		assert_non_null(strstr(text, "static shared"));
	}
	assert_int_equal(usage_completion(stdout, "tcsh", cmds, 2, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_help_wins),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_help_text),
		cmocka_unit_test(test_help_fills),
		cmocka_unit_test(test_globals),
		cmocka_unit_test(test_man_escapes),
		cmocka_unit_test(test_completion),
	};

	return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
