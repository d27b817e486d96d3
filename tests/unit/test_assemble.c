/* The tree that users get: put together once, and again when what it says of itself changes. */
#include "scratch.h"

#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cpython/cpython-internal.h"

#define EPOCH 1234567890

/* A cache with what the steps of a build leave, and their plan. */
struct fixture {
	struct cache cache;
	struct step compile, tree, link;
	struct cpython_plan plan;
	char *out;
};

static void setup(struct fixture *f, char *root)
{
	*f = (struct fixture){.cache = {.dir = root},
		.compile = {.id = "cpython-compile-1"},
		.tree = {.id = "cpython-tree-2"},
		.link = {.id = "cpython-link-3"}};
	f->plan = (struct cpython_plan){.compile = &f->compile,
		.tree = &f->tree,
		.link = &f->link,
		.last = &f->link,
		.series = "3.13",
		.abiflags = ""};
	f->out = xasprintf("%s/out", root);
	scratch_file(root, "store/cpython-compile-1/tree/source-date-epoch", "1234567890", 0644);
	scratch_file(root, "store/cpython-tree-2/tree/python/lib/os.py", "pass", 0644);
	scratch_file(root, "store/cpython-link-3/tree/python3.13", "linked", 0755);
	free(scratch_shell(root, "mkdir -p store/cpython-tree-2/tree/python/bin; "
				 "ln -s libpython3.13.so store/cpython-tree-2/tree/python/lib/"
				 "libpython3.so"));
}

static int assemble(const struct fixture *f, const char *key, const char *manifest)
{
	struct err err = ERR_INIT;
	json_t *j = json_loads(manifest, 0, NULL);
	int got = cpython_assemble(&f->plan, &f->cache, f->out, key, j, NULL, &err);

	json_decref(j);
	if (got < 0)
		fail_msg("%s", err.msg);
	return got;
}

static json_t *manifest_of(const struct fixture *f)
{
	CLEANUP_FREE char *text = scratch_read(f->out, "share/solder/build.json");
	json_t *j = json_loads(text, 0, NULL);

	assert_non_null(j);
	return j;
}

static void test_content(void **state)
{
	struct fixture f;
	struct stat st;

	setup(&f, *state);
	assert_int_equal(assemble(&f, "key", "{}"), 0);
	assert_content(f.out, "bin/python3.13", "linked");
	assert_content(f.out, "lib/os.py", "pass");
	CLEANUP_FREE char *file = xasprintf("%s/lib/os.py", f.out);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mtime, EPOCH);
	free(f.out);
}

/* The interpreter is the library, whatever the tree had by that name; a tree that lost one of the
 * names, or has two files, gets what it had. */
static void test_dual(void **state)
{
	struct fixture f;
	struct stat program, library;

	setup(&f, *state);
	f.plan.dual = true;
	scratch_file(
		*state, "store/cpython-tree-2/tree/python/lib/libpython3.13.so.1.0", "other", 0644);
	assert_int_equal(assemble(&f, "key", "{}"), 0);
	CLEANUP_FREE char *one = xasprintf("%s/bin/python3.13", f.out);
	CLEANUP_FREE char *two = xasprintf("%s/lib/libpython3.13.so.1.0", f.out);
	assert_content(f.out, "lib/libpython3.13.so.1.0", "linked");
	assert_int_equal(stat(one, &program), 0);
	assert_int_equal(stat(two, &library), 0);
	assert_int_equal(program.st_ino, library.st_ino);
	assert_int_equal(library.st_mode & 0777, 0755);
	assert_int_equal(assemble(&f, "key", "{}"), 1);
	assert_int_equal(unlink(two), 0);
	assert_int_equal(assemble(&f, "key", "{}"), 0);
	assert_content(f.out, "lib/libpython3.13.so.1.0", "linked");
	free(f.out);
}

/* A copy of the tree has other times; the date must not be lost with them. */
static void test_date(void **state)
{
	struct fixture f;
	json_t *j;

	setup(&f, *state);
	assemble(&f, "key", "{\"series\": \"3.13\"}");
	j = manifest_of(&f);
	assert_string_equal(json_string_value(json_object_get(j, "series")), "3.13");
	assert_int_equal(json_integer_value(json_object_get(j, "source_date_epoch")), EPOCH);
	json_decref(j);
	free(f.out);
}

static const char *text_of_first(const json_t *patches, const char *key)
{
	return json_string_value(json_object_get(json_array_get(patches, 0), key));
}

/* Those that apply to the version, and to the build's options. */
static void test_patches(void **state)
{
	static struct recipe_patch patches[] = {
		{.file = (char *)"a.patch", .reason = (char *)"why"},
		{.file = (char *)"b.patch", .reason = (char *)"old", .versions = (char *)"<3.11"},
		{.file = (char *)"a.patch",
			.reason = (char *)"quick",
			.option = (char *)"startup=fast"}};
	struct recipe recipe = {.name = (char *)"cpython",
		.dir = *state,
		.patches = patches,
		.n_patches = ARRAY_SIZE(patches)};
	struct chosen chosen = {.recipe = &recipe, .version = "3.13.15"};
	struct cpython_options options;
	struct err err = ERR_INIT;
	json_t *found;
	char hex[SHA256_HEX_SIZE];

	scratch_file(*state, "a.patch", "content", 0644);
	scratch_file(*state, "b.patch", "content", 0644);
	cpython_defaults(&options);
	assert_int_equal(cpython_patches(&chosen, &options, &found, &err), 0);
	assert_int_equal(json_array_size(found), 2);
	json_decref(found);
	options.startup = "plain";
	assert_int_equal(cpython_patches(&chosen, &options, &found, &err), 0);
	assert_int_equal(json_array_size(found), 1);
	sha256_hex("content", 7, hex);
	assert_string_equal(text_of_first(found, "file"), "a.patch");
	assert_string_equal(text_of_first(found, "reason"), "why");
	assert_string_equal(text_of_first(found, "sha256"), hex);
	json_decref(found);
	recipe.n_patches = 0;
	assert_int_equal(cpython_patches(&chosen, &options, &found, &err), 0);
	assert_null(found);
}

static void test_current(void **state)
{
	struct fixture f;

	setup(&f, *state);
	assert_int_equal(assemble(&f, "key", "{}"), 0);
	assert_int_equal(assemble(&f, "key", "{}"), 1);
	assert_int_equal(assemble(&f, "other", "{}"), 0);
	/* of a solder that wrote no date down */
	scratch_file(f.out, "share/solder/build.json", "{}", 0644);
	assert_int_equal(assemble(&f, "other", "{}"), 0);
	assert_int_equal(assemble(&f, "other", "{}"), 1);
	free(f.out);
}

/* Entries that an older solder, or somebody else, put into the cache: nothing is written, and
 * nothing read, where their links lead. */
static void test_links_in_entries(void **state)
{
	static const char *const plant[] = {
		"ln -s \"$PWD/away\" store/cpython-tree-2/tree/python/share",
		"rmdir store/cpython-tree-2/tree/python/bin && "
		"ln -s \"$PWD/away\" store/cpython-tree-2/tree/python/bin",
		"mv store/cpython-tree-2/tree/python store/p && "
		"ln -s ../../p store/cpython-tree-2/tree/python",
		"ln -sf /etc/passwd store/cpython-link-3/tree/python3.13",
		"ln -sf \"$PWD/away/file\" store/cpython-compile-1/tree/source-date-epoch",
		"ln -s \"$PWD/away\" store/cpython-tree-2/tree/python/lib/elsewhere",
	};
	char *root = *state;
	CLEANUP_FREE char *away = xasprintf("%s/away", root);

	for (size_t i = 0; i < ARRAY_SIZE(plant); i++) {
		struct err err = ERR_INIT;
		json_t *j = json_object();
		struct fixture f;

		free(scratch_shell(root, "rm -rf * && mkdir away && echo 1 >away/file"));
		setup(&f, root);
		free(scratch_shell(root, "%s", plant[i]));
		if (cpython_assemble(&f.plan, &f.cache, f.out, "key", j, NULL, &err) != -1)
			fail_msg("taken: %s", plant[i]);
		json_decref(j);
		if (!strstr(err.msg, "is a link"))
			fail_msg("%s: %s", plant[i], err.msg);
		assert_int_equal(scratch_entries(away), 1);
		assert_false(path_exists(f.out));
		free(f.out);
	}
}

/* What was built comes back, and what a user has put beside it stays. */
static void test_damaged(void **state)
{
	static const char *const changes[] = {"printf l >bin/python3.13", "rm bin/python3.13",
		"printf L | dd of=bin/python3.13 conv=notrunc 2>/dev/null", "rm -r lib",
		"chmod 644 bin/python3.13", "rm lib/libpython3.so; mkdir lib/libpython3.so",
		"ln -sf os.py lib/libpython3.so", "echo >share/solder/build.json",
		"rm share/solder/build.json", "rm share/solder/files", "echo >share/solder/files"};
	CLEANUP_FREE char *before = NULL;
	struct fixture f;

	setup(&f, *state);
	assert_int_equal(assemble(&f, "key", "{}"), 0);
	before = scratch_read(f.out, "share/solder/files");
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		CLEANUP_FREE char *after = NULL;

		scratch_file(f.out, "site/mine", "dear", 0644);
		free(scratch_shell(f.out, "%s", changes[i]));
		assert_int_equal(assemble(&f, "key", "{}"), 0);
		assert_int_equal(assemble(&f, "key", "{}"), 1);
		assert_content(f.out, "bin/python3.13", "linked");
		assert_content(f.out, "lib/os.py", "pass");
		assert_content(f.out, "site/mine", "dear");
		after = scratch_read(f.out, "share/solder/files");
		assert_string_equal(before, after);
		assert_int_equal(scratch_entries(*state), 2);
	}
	free(f.out);
}

/* A folder that became a link is made anew; nothing is written where it led. */
static void test_damaged_folder(void **state)
{
	struct fixture f;

	setup(&f, *state);
	assert_int_equal(assemble(&f, "key", "{}"), 0);
	free(scratch_shell(*state, "mkdir other; echo mine >other/os.py; rm -r out/lib; "
				   "ln -s ../other out/lib"));
	assert_int_equal(assemble(&f, "key", "{}"), 0);
	assert_int_equal(assemble(&f, "key", "{}"), 1);
	assert_content(*state, "other/os.py", "mine\n");
	assert_content(f.out, "lib/os.py", "pass");
	free(f.out);
}

/* What Python and pip change themselves is no damage. */
static void test_changeable(void **state)
{
	struct fixture f;

	setup(&f, *state);
	scratch_file(*state, "store/cpython-tree-2/tree/python/bin/pip3", "old", 0755);
	scratch_file(*state, "store/cpython-tree-2/tree/python/lib/python3.13/site-packages/pip/a",
		"old", 0644);
	scratch_file(
		*state, "store/cpython-tree-2/tree/python/lib/__pycache__/os.pyc", "old", 0644);
	assert_int_equal(assemble(&f, "key", "{}"), 0);
	scratch_file(f.out, "bin/pip3", "newer", 0755);
	scratch_file(f.out, "lib/python3.13/extra", "", 0644);
	free(scratch_shell(f.out, "rm -r lib/python3.13/site-packages/pip lib/__pycache__"));
	assert_int_equal(assemble(&f, "key", "{}"), 1);
	free(f.out);
}

/* Left by a kill: while the trees were put together, between two renames, and after the exchange.
 */
static void test_leftovers(void **state)
{
	struct fixture f;

	setup(&f, *state);
	assert_int_equal(assemble(&f, "key", "{}"), 0);
	scratch_file(*state, "out.solder.abcdef/.lock", "", 0600);
	scratch_file(*state, "out.solder.abcdef/new/half", "", 0644);
	assert_int_equal(assemble(&f, "key", "{}"), 1);
	assert_int_equal(scratch_entries(*state), 2);
	scratch_file(*state, "out.solder.ghijkl/.lock", "", 0600);
	free(scratch_shell(*state, "touch out/mine; mv out out.solder.ghijkl/old"));
	assert_int_equal(assemble(&f, "key", "{}"), 1);
	assert_content(f.out, "mine", "");
	assert_int_equal(scratch_entries(*state), 2);
	free(f.out);
}

/* Names that were put beside the output are not followed. */
static void test_planted(void **state)
{
	struct fixture f;

	setup(&f, *state);
	scratch_file(*state, "dear/old/file", "dear", 0644);
	free(scratch_shell(*state, "ln -s dear out.solder-new; ln -s dear out.solder-old; ln -s "
				   "dear out.solder.abcdef"));
	assert_int_equal(assemble(&f, "key", "{}"), 0);
	assert_content(*state, "dear/old/file", "dear");
	assert_content(f.out, "bin/python3.13", "linked");
	assert_int_equal(scratch_entries(*state), 6);
	free(f.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_content), SCRATCH_TEST(test_dual),
		SCRATCH_TEST(test_date), SCRATCH_TEST(test_patches), SCRATCH_TEST(test_current),
		SCRATCH_TEST(test_links_in_entries), SCRATCH_TEST(test_damaged),
		SCRATCH_TEST(test_damaged_folder), SCRATCH_TEST(test_changeable),
		SCRATCH_TEST(test_leftovers), SCRATCH_TEST(test_planted)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
