/* Recipes and locks: versions, order, and errors that show where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "recipe/recipe.h"
#include "scratch.h"

#define DIGEST "60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb"

static void test_version_compare(void **state)
{
	/* In ascending order. */
	static const char *const versions[] = {"0.9", "1", "1.0.1", "1.2", "1.10", "1.10.0.1",
		"2.0", "3.9.20", "3.11.2", "3.13.0a1", "3.13.0a7", "3.13.0b1", "3.13.0rc1",
		"3.13.0rc2", "3.13.0", "3.13.5", "3.13.15", "3.15.0a10", "3.15.0", "20240808"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(versions); j++) {
			int c = version_compare(versions[i], versions[j]);

			if ((c < 0) != (i < j) || (c > 0) != (i > j))
				fail_msg("%s and %s: %d", versions[i], versions[j], c);
		}
	}
	assert_int_equal(version_compare("", ""), 0);
	assert_int_equal(version_compare("1.0", "1"), 0);
	assert_int_equal(version_compare("1.3-1", "1.3.1"), 0);
	assert_true(version_compare("3.1-20240808", "3.1-20250104") < 0);
}

static void test_version_matches(void **state)
{
	static const struct {
		const char *version, *condition;
		bool fits;
	} cases[] = {{"3.13.5", NULL, true}, {"3.13.5", "", true}, {"3.13.5", ">=3.13", true},
		{"3.13.5", ">=3.11,<3.14", true}, {"3.14.0", ">=3.11,<3.14", false},
		{"3.14.0rc1", "<3.14", false}, {"3.14.0rc1", ">=3.14", true},
		{"3.14.0rc1", "<3.14.0rc2", true}, {"3.14.0", "<3.14.0rc2", false},
		{"3.16.0a0", ">=3.11,<3.17", true}, {"3.10.9", ">=3.11, <3.14", false},
		{"3.13.5", "==3.13.5", true}, {"3.13.5", "3.13.5", true},
		{"3.13.5", ">3.13.5", false}, {"3.13.5", "<=3.13.5", true},
		{"3.9.1", ">=3.13", false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (version_matches(cases[i].version, cases[i].condition) != cases[i].fits)
			fail_msg("%s %s", cases[i].version,
				cases[i].condition ? cases[i].condition : "NULL");
	}
}

static void test_series(void **state)
{
	(void)state;
	assert_true(version_in_series("3.13.5", "3.13"));
	assert_true(version_in_series("3.13.5", "3"));
	assert_true(version_in_series("3.13.5", "3.13.5"));
	assert_false(version_in_series("3.13.15", "3.13.1"));
	assert_false(version_in_series("3.13.5", "3.1"));
	assert_false(version_in_series("3.1", "3.13"));
}

#define ENTRY(package, version)                                                                    \
	"  - package: " package "\n    version: " version "\n    urls: [\"https://h/" package      \
	".tgz\"]\n"                                                                                \
	"    size: 10\n    sha256: " DIGEST "\n"

static void test_lock(void **state)
{
	const char *root = *state;
	CLEANUP(cleanup_lock) struct lock *l = NULL;
	const struct lock_entry *found[8];
	struct err err = ERR_INIT;

	scratch_file(root, "sets/s.yaml",
		"set: s\nbase: url\nsources:\n" ENTRY("py", "3.13.5") ENTRY("py", "3.13.15")
			ENTRY("py", "3.11.2") ENTRY("py", "3.13.0rc1") ENTRY("z", "1.3"),
		0644);
	if (lock_load(root, "s", &l, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(l->n, 5);
	assert_false(l->apt);
	assert_int_equal(l->entries[0].size, 10);
	assert_string_equal(l->entries[0].urls.v[0], "https://h/py.tgz");
	assert_int_equal(lock_find(l, "py", "3.13", found, 8), 3);
	assert_string_equal(found[0]->version, "3.13.15");
	assert_string_equal(found[1]->version, "3.13.5");
	assert_string_equal(found[2]->version, "3.13.0rc1");
	assert_int_equal(lock_find(l, "py", "3.13.5", found, 8), 1);
	assert_int_equal(lock_find(l, "py", NULL, found, 8), 4);
	assert_int_equal(lock_find(l, "py", NULL, found, 2), 2);
	assert_string_equal(found[0]->version, "3.13.15");
	assert_int_equal(lock_find(l, "none", NULL, found, 8), 0);
	assert_int_equal(lock_load(root, "t", &(struct lock *){NULL}, &err), -1);
}

/* The whole message, with "R" for the scratch folder. */
static void assert_message(const char *root, struct err *err, const char *want)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_adds(&text, err->msg);
	buf_replace(&text, root, "R");
	assert_string_equal(text.data, want);
	assert_int_equal(err->code, ERR_INPUT);
}

static void test_lock_errors(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"set: s\nbase: url\nsources:\n  - package: z\n    version: 1\n    urls: [u]\n"
		 "    size: 1\n    sha256: 60dd\n",
			"R/sets/s.yaml:8:13: a SHA-256 digest has 64 lower-case hexadecimal "
			"digits\n"
			"        sha256: 60dd\n                ^"},
		{"set: s\nbase: url\nsources:\n  - package: z\n    version: 1\n    urls: [u]\n"
		 "    size: 1k\n    sha256: " DIGEST "\n",
			"R/sets/s.yaml:7:11: a size is a number of bytes\n"
			"        size: 1k\n              ^"},
		{"set: s\nbase: url\nsources:\n  - package: z\n    version: 1\n    urls: [u]\n"
		 "    size: -1\n    sha256: " DIGEST "\n",
			"R/sets/s.yaml:7:11: a size is a number of bytes\n"
			"        size: -1\n              ^"},
		{"set: s\nbase: url\nsources:\n  - package: z\n    version: 1\n"
		 "    size: 1\n    sha256: " DIGEST "\n",
			"R/sets/s.yaml:4:5: the key 'urls' is missing\n"
			"      - package: z\n        ^"},
		{"set: t\nbase: url\nsources: []\n",
			"R/sets/s.yaml:1:6: the set should be 's'\n    set: t\n         ^"},
		{"set: s\nbase: ftp\nsources: []\n",
			"R/sets/s.yaml:2:7: 'base' is 'apt' or 'url'\n    base: ftp\n          ^"},
		{"set: s\nbase: apt\nsources: x\n", "R/sets/s.yaml:3:10: 'sources' must be a "
						    "list\n    sources: x\n             ^"},
		{"set: s\nbase: apt\nsources:\n  - x\n", "R/sets/s.yaml:4:5: expected a mapping of "
							 "keys and values\n      - x\n        ^"},
		{"[]\n", "R/sets/s.yaml:1:1: expected a mapping of keys and values\n    []\n    ^"},
	};
	const char *root = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct lock *l = NULL;
		struct err err = ERR_INIT;

		scratch_file(root, "sets/s.yaml", cases[i].text, 0644);
		assert_int_equal(lock_load(root, "s", &l, &err), -1);
		assert_message(root, &err, cases[i].message);
	}
}

#define RECIPE "name: z\nsummary: text\nlicence: Zlib\nlicence-files: [LICENSE]\n"

static void test_recipe(void **state)
{
	const char *root = *state;
	CLEANUP(cleanup_recipe) struct recipe *r = NULL;
	CLEANUP_FREE char *path = NULL;
	struct err err = ERR_INIT;

	scratch_file(root, "z/patches/p.patch", "", 0644);
	scratch_file(root, "z/recipe.yaml",
		RECIPE "depends: [a, b>=2]\ntools: [perl: perl, makeinfo: texinfo]\n"
		       "patches:\n  - file: p.patch\n    reason: why not\n    versions: '>=1'\n"
		       "build: |\n  make\n  make install\nexports: [f]\n"
		       "files: {build: [patches/p.patch]}\n",
		0644);
	if (recipe_load(root, "z", &r, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(r->build, "make\nmake install\n");
	assert_int_equal(r->depends.n, 2);
	assert_string_equal(r->depends.v[1], "b>=2");
	assert_int_equal(r->n_tools, 2);
	assert_string_equal(r->tools[1].program, "makeinfo");
	assert_string_equal(r->tools[1].package, "texinfo");
	assert_int_equal(r->n_patches, 1);
	path = recipe_patch_path(r, &r->patches[0]);
	assert_true(path_exists(path));
	assert_int_equal(recipe_files(r, "build")->n, 1);
	assert_string_equal(recipe_files(r, "build")->v[0], "patches/p.patch");
	assert_null(recipe_files(r, "link"));
}

static void test_recipe_errors(void **state)
{
	static const struct {
		const char *text, *message, *hint;
	} cases[] = {
		{RECIPE "licences: x\n",
			"R/z/recipe.yaml:5:1: unknown key 'licences'\n    licences: x\n    ^",
			"licence"},
		{"name: z\nlicence: Zlib\nlicence-files: [L]\n",
			"R/z/recipe.yaml:1:1: the key 'summary' is missing\n    name: z\n    ^",
			""},
		{"name: y\nsummary: text\nlicence: Zlib\nlicence-files: [L]\n",
			"R/z/recipe.yaml:1:7: the recipe in the folder 'z' calls itself 'y'\n"
			"    name: y\n          ^",
			""},
		{RECIPE "patches:\n  - file: none.patch\n    reason: r\n",
			"R/z/recipe.yaml:6:11: there is no file 'R/z/none.patch'\n"
			"      - file: none.patch\n              ^",
			""},
		{RECIPE "patches:\n  - file: none.patch\n",
			"R/z/recipe.yaml:6:5: the key 'reason' is missing\n"
			"      - file: none.patch\n        ^",
			""},
		{RECIPE "patches:\n  - file: p.patch\n    reason: r\n    option: fast\n",
			"R/z/recipe.yaml:8:13: 'fast' is not an option with a value, as in "
			"'startup=fast'\n"
			"        option: fast\n                ^",
			""},
		{RECIPE "differs:\n  - {what: w, versions: '<3'}\n",
			"R/z/recipe.yaml:6:6: it has one of 'option', 'configure' and 'setup'\n"
			"      - {what: w, versions: '<3'}\n         ^",
			""},
		{RECIPE "tools: [perl]\n",
			"R/z/recipe.yaml:5:9: a tool is written 'program: package'\n"
			"    tools: [perl]\n            ^",
			""},
		{RECIPE "files: {link: [none.sh]}\n",
			"R/z/recipe.yaml:5:16: there is no file 'R/z/none.sh'\n"
			"    files: {link: [none.sh]}\n                   ^",
			""},
		{RECIPE "files: {lnk: [none.sh]}\n",
			"R/z/recipe.yaml:5:9: unknown key 'lnk'\n"
			"    files: {lnk: [none.sh]}\n            ^",
			"link"},
		{RECIPE "depends: [[a]]\n",
			"R/z/recipe.yaml:5:12: 'depends' must be a list of words\n"
			"    depends: [[a]]\n               ^",
			""},
		{"name: z\nsummary: [x]\nlicence: Zlib\nlicence-files: [L]\n",
			"R/z/recipe.yaml:2:11: 'summary' must be a text\n"
			"    summary: [x]\n              ^",
			""},
	};
	const char *root = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct recipe *r = NULL;
		struct err err = ERR_INIT;

		scratch_file(root, "z/recipe.yaml", cases[i].text, 0644);
		scratch_file(root, "z/p.patch", "", 0644);
		assert_int_equal(recipe_load(root, "z", &r, &err), -1);
		assert_message(root, &err, cases[i].message);
		assert_non_null(strstr(err.hint, cases[i].hint));
	}
}

/* What is no YAML at all: the place counts, the words are the library's. */
static void test_syntax_errors(void **state)
{
	static const struct {
		const char *text, *place;
	} cases[] = {
		{"", ":1:1: "},
		{"name: z\nsummary: \"open\n", ":2:"},
		{"name: z\n\tsummary: x\n", ":1:7: "},
		{"name: [z\nsummary: x\n", ":"},
		{"name: z\nname: z\n", ":2:1: "},
		{"a: b: c\n", ":1:"},
		{"\xff\xfe\x00", ":1:"},
	};
	const char *root = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct recipe *r = NULL;
		struct err err = ERR_INIT;

		scratch_file(root, "z/recipe.yaml", cases[i].text, 0644);
		assert_int_equal(recipe_load(root, "z", &r, &err), -1);
		assert_int_equal(err.code, ERR_INPUT);
		if (!strstr(err.msg, "z/recipe.yaml:") || !strstr(err.msg, cases[i].place))
			fail_msg("%zu: %s", i, err.msg);
	}
	assert_int_equal(recipe_load(root, "none", &(struct recipe *){NULL}, &(struct err){0}), -1);
}

/* Those that we ship. */
static void test_own_recipes(void **state)
{
	static const char *const sets[] = {"upstream", "debian"};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		CLEANUP(cleanup_lock) struct lock *l = NULL;

		if (lock_load("recipes", sets[i], &l, &err) < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(l->apt, i == 1);
		for (size_t j = 0; j < l->n; j++) {
			CLEANUP(cleanup_recipe) struct recipe *r = NULL;

			if (recipe_load("recipes", l->entries[j].package, &r, &err) < 0)
				fail_msg("%s", err.msg);
		}
	}
}

static int only_pie(const char *option, const char *value, struct err *err)
{
	return !strcmp(option, "pie") && !strcmp(value, "no")
		       ? 0
		       : err_set(err, ERR_INPUT, "no %s %s", option, value);
}

static void test_preset(void **state)
{
#define FROM "sources:\n  - {project: a, file: b, version: c, date: d}\n"
	static const struct {
		const char *text, *error; /* NULL: it loads */
	} cases[] = {
		{"summary: x\noptions:\n  pie: no\n" FROM, NULL},
		{"summary: x\noptions: {}\ndiffers: [y]\n" FROM, NULL},
		{"summary: x\noptions:\n  pie: yes\n" FROM, ":3:3: no pie yes"},
		{"summary: x\noptions:\n  pie: no\n  pi: no\n" FROM, ":4:3: no pi no"},
		{"summary: x\noptions:\n  pie: [no]\n" FROM,
			":3:3: an option is written 'name: value'"},
		{"summary: x\noptions:\n  [a]: no\n" FROM,
			":3:4: an option is written 'name: value'"},
		{"summary: x\noptions: no\n" FROM,
			":2:10: 'options' must be a mapping of names and values"},
		{"summary: x\n" FROM, ":1:1: the key 'options' is missing"},
		{"summary: x\noptions: {}\n", ":1:1: the key 'sources' is missing"},
		{"summary: x\noptions: {}\nsources: []\n", ":1:1: the key 'sources' is missing"},
		{"summary: x\noptions: {}\nsources: [{project: a}]\n",
			":3:12: the key 'file' is missing"},
		{"summary: x\noptions: {}\nsource: []\n", ":3:1: unknown key 'source'"},
		{"summary: x\noptions: {pie: no\n" FROM, "preset.yaml:"},
		{"", "preset.yaml"},
	};
	CLEANUP_FREE char *root = xasprintf("%s/presets", (const char *)*state);
	CLEANUP_FREE char *dir = xasprintf("%s/cpython/like", root);
	CLEANUP_FREE char *path = xasprintf("%s/preset.yaml", dir);
	CLEANUP_STRV struct strv names = STRV_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(preset_list(root, &names, &err), 0);
	assert_int_equal(names.n, 0);
	assert_int_equal(make_dirs(dir, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(cleanup_preset) struct preset *p = NULL;

		assert_int_equal(
			file_write(path, cases[i].text, strlen(cases[i].text), 0644, &err), 0);
		err = (struct err)ERR_INIT;
		if ((preset_load(root, "preset", only_pie, &p, &err) < 0) !=
			(cases[i].error != NULL))
			fail_msg("%s: %s", cases[i].text, err.msg);
		if (cases[i].error && !strstr(err.msg, cases[i].error))
			fail_msg("%s: %s", cases[i].text, err.msg);
	}
	assert_int_equal(preset_list(root, &names, &err), 0);
	assert_string_equal(names.v[0], "preset");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_preset),
		SCRATCH_TEST(test_version_compare),
		SCRATCH_TEST(test_version_matches),
		SCRATCH_TEST(test_series),
		SCRATCH_TEST(test_lock),
		SCRATCH_TEST(test_lock_errors),
		SCRATCH_TEST(test_recipe),
		SCRATCH_TEST(test_recipe_errors),
		SCRATCH_TEST(test_syntax_errors),
		SCRATCH_TEST(test_own_recipes),
	};

	return cmocka_run_group_tests_name("recipe", tests, NULL, NULL);
}
