/* Two trees that should be the same, and digests beside archives. */
#include "scratch.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "pack/pack.h"

static json_t *compared(const char *root, int expected, size_t max)
{
	CLEANUP_FREE char *a = xasprintf("%s/a", root), *b = xasprintf("%s/b", root);
	json_t *list = json_array();
	struct err err = ERR_INIT;

	assert_int_equal(pack_compare(a, b, max, list, &err), expected);
	return list;
}

static const char *what(const json_t *list, size_t i, const char *key)
{
	return json_string_value(json_object_get(json_array_get(list, i), key));
}

static void test_same(void **state)
{
	const char *root = *state;
	json_t *list;

	scratch_file(root, "a/d/f", "text", 0644);
	free(scratch_shell(root, "ln -s f a/d/l && cp -R a b && touch -d @1 b/d/f"));
	/* solder build's own key does not count */
	scratch_file(root, "a/share/solder/key", "1", 0644);
	scratch_file(root, "b/share/solder/key", "2", 0644);
	list = compared(root, 0, 10);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	/* nor do bills, in a tree that was unpacked from an archive */
	scratch_remove(root, "a/share/solder/key");
	scratch_file(root, "a/share/solder/sbom.spdx.json", "{}", 0644);
	scratch_file(root, "b/share/solder/sbom.cdx.json", "{}", 0644);
	list = compared(root, 0, 10);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
}

static void test_differences(void **state)
{
	const char *root = *state;
	json_t *list;

	scratch_file(root, "a/cut", "same and more", 0644);
	scratch_file(root, "b/cut", "same", 0644);
	scratch_file(root, "a/mode", "x", 0755);
	scratch_file(root, "b/mode", "x", 0644);
	scratch_file(root, "a/only", "x", 0644);
	scratch_file(root, "b/other", "x", 0644);
	free(scratch_shell(root, "ln -s x a/link && ln -s y b/link"));
	list = compared(root, 5, 10);
	assert_int_equal(json_array_size(list), 5);
	assert_string_equal(what(list, 0, "path"), "cut");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "offset")), 4);
	assert_string_equal(what(list, 0, "first"), "20616e64206d6f7265");
	assert_string_equal(what(list, 0, "second"), "");
	assert_string_equal(what(list, 1, "what"), "the links lead elsewhere");
	assert_string_equal(what(list, 2, "what"), "one is executable, one is not");
	assert_string_equal(what(list, 3, "what"), "only the first has it");
	assert_string_equal(what(list, 4, "what"), "only the second has it");
	json_decref(list);
	list = compared(root, 5, 2);
	assert_int_equal(json_array_size(list), 2);
	json_decref(list);
}

/* The section is named, and the byte in it. */
static void test_section(void **state)
{
	const char *root = *state;
	json_t *list;

	free(scratch_shell(root, "mkdir a b && echo 'const char v[] = \"one\";' >s.c && "
				 "cc -c -o a/o s.c && sed s/one/owe/ s.c >t.c && mv t.c s.c && "
				 "cc -c -o b/o s.c && for d in a b; do "
				 "(cd $d && ar rcsD x.a o); done"));
	list = compared(root, 2, 10);
	assert_string_equal(what(list, 0, "section"), ".rodata");
	assert_string_equal(what(list, 1, "path"), "x.a");
	assert_string_equal(what(list, 1, "section"), ".rodata of o");
	assert_memory_equal(what(list, 0, "first"), "6e", 2);
	assert_memory_equal(what(list, 0, "second"), "77", 2);
	json_decref(list);
}

/* Of archives the file is named, and where it differs. */
static void test_archives(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *a = xasprintf("%s/a.tar", root), *b = xasprintf("%s/b.tar", root);
	CLEANUP_FREE char *cut = xasprintf("%s/cut.tar", root);
	CLEANUP_FREE char *scratch = xasprintf("%s/scratch", root);
	struct err err = ERR_INIT;
	json_t *list = json_array();

	scratch_file(root, "x/python/f", "text", 0644);
	free(scratch_shell(root, "mkdir scratch && tar -C x -cf a.tar python && printf tent "
				 ">x/python/f && tar -C x -cf b.tar python"));
	assert_int_equal(pack_compare_archives(a, b, scratch, 10, list, &err), 1);
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(what(list, 0, "path"), "a.tar: python/f");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "offset")), 2);
	/* other times */
	free(scratch_shell(root, "touch -d @1 x/python/f && tar -C x -cf a.tar python"));
	assert_int_equal(pack_compare_archives(a, b, scratch, 10, list, &err), 0);
	assert_string_equal(what(list, 1, "path"), "a.tar");
	assert_string_equal(
		what(list, 1, "what"), "the archives differ, but not in what is in them");
	free(scratch_shell(root, "head -c 700 a.tar >cut.tar"));
	assert_int_equal(pack_compare_archives(a, cut, scratch, 10, list, &err), -1);
	assert_int_equal(scratch_entries(scratch), 0);
	json_decref(list);
}

static void test_digests(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *file = xasprintf("%s/f.tar", root), *to = xasprintf("%s/to", root);
	CLEANUP_FREE char *again = xasprintf("%s/again", root), *no = xasprintf("%s/no", root);
	struct err err = ERR_INIT;
	const char *said;

	free(scratch_shell(root, "mkdir f && echo x >f/x && tar -cf f.tar f"));
	assert_int_equal(pack_unpack(file, NULL, to, 1, NULL, &said, &err), 0);
	assert_null(said);
	assert_content(root, "to/x", "x\n");
	free(scratch_shell(root, "sha256sum -b f.tar >SHA256SUMS"));
	assert_int_equal(pack_unpack(file, NULL, again, 1, NULL, &said, &err), 0);
	assert_string_equal(said, "SHA256SUMS");
	assert_content(root, "again/x", "x\n");
	free(scratch_shell(root, "echo y >f/x && tar -cf f.tar f"));
	assert_int_equal(pack_unpack(file, NULL, no, 1, NULL, &said, &err), -1);
	assert_int_equal(err.code, ERR_INPUT);
	assert_false(path_exists(no));
}

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_same), SCRATCH_TEST(test_differences),
		SCRATCH_TEST(test_section), SCRATCH_TEST(test_archives),
		SCRATCH_TEST(test_digests)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
