/* Stubs for linkers, and the place of a tree in them. Whatever is loaded here serves as the
 * library: cmocka's. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/file.h"
#include "cpython/cpython-internal.h"
#include "elf/elf.h"
#include "scratch.h"

#define SYMBOL "_cmocka_run_group_tests"

static char *some_library(void)
{
	Dl_info info;

	assert_true(dladdr(dlsym(RTLD_DEFAULT, SYMBOL), &info));
	return xstrdup(info.dli_fname);
}

static void read_stub(const char *path, struct buf *file)
{
	struct err err = ERR_INIT;

	buf_clear(file);
	if (file_read(path, 1 << 24, file, &err) < 0)
		fail_msg("%s", err.msg);
}

/* A tree with the library under libpython's name, and the stub. */
static char *make_tree(const char *root)
{
	CLEANUP_FREE char *from = some_library(), *tree = xasprintf("%s/py", root);
	CLEANUP_FREE char *library = xasprintf("%s/lib/libpython3.14.so.1.0", tree);
	CLEANUP_FREE char *lib = xasprintf("%s/lib", tree);
	CLEANUP_FOLDER struct folder folder = FOLDER_INIT;
	CLEANUP_BUF struct buf file = BUF_INIT;
	struct err err = ERR_INIT;

	read_stub(from, &file);
	if (make_dirs(lib, &err) < 0 || file_write(library, file.data, file.len, 0755, &err) < 0 ||
		folder_open(tree, &folder, &err) < 0 ||
		place_add(&folder, "libpython3.14.so", "/some/where", &err) < 0)
		fail_msg("%s", err.msg);
	return steal(&tree);
}

static void test_stub_says_what_the_library_does(void **state)
{
	CLEANUP_FREE char *path = some_library();
	CLEANUP_ELF_FACTS struct elf_facts real = {0}, stub = {0};
	CLEANUP_BUF struct buf file = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	if (elf_facts_read(path, &real, &err) < 0 || elf_stub_make(path, &file, &err) < 0 ||
		elf_stub_rename(&file, "/a/b/libx.so", &err) < 0 ||
		elf_facts_from_memory(file.data, file.len, &stub, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(stub.soname, "/a/b/libx.so");
	assert_int_equal(stub.n_needed, 1);
	assert_string_equal(stub.needed[0], real.soname);
	assert_string_equal(stub.rpath, "$ORIGIN");
	assert_null(stub.misplaced);
	assert_int_equal(stub.kind, ELF_KIND_SHARED);
	assert_int_equal(stub.machine, real.machine);
	assert_int_equal(stub.relro, ELF_RELRO_FULL);
	assert_int_equal(stub.stack, ELF_STACK_NONEXEC);
	assert_int_equal(stub.n_exports, real.n_exports);
	for (size_t i = 0; i < real.n_exports; i++)
		assert_string_equal(stub.exports[i], real.exports[i]);
}

static void test_names(void **state)
{
	CLEANUP_FREE char *path = some_library(), *longest = NULL;
	CLEANUP_ELF_FACTS struct elf_facts real = {0};
	CLEANUP_BUF struct buf file = BUF_INIT, other = BUF_INIT;
	struct err err = ERR_INIT;
	size_t len;

	(void)state;
	if (elf_facts_read(path, &real, &err) < 0 || elf_stub_make(path, &file, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(elf_stub_name(&file), real.soname);
	len = file.len;
	longest = xcalloc(ELF_STUB_ROOM + 1, 1);
	memset(longest, 'x', ELF_STUB_ROOM - 1);
	assert_int_equal(elf_stub_rename(&file, longest, &err), 0);
	assert_string_equal(elf_stub_name(&file), longest);
	longest[ELF_STUB_ROOM - 1] = 'x';
	assert_int_equal(elf_stub_rename(&file, longest, &err), -1);
	assert_int_equal(elf_stub_rename(&file, NULL, &err), 0);
	assert_string_equal(elf_stub_name(&file), real.soname);
	assert_int_equal(file.len, len);
	/* Other files are none. */
	read_stub(path, &other);
	assert_null(elf_stub_name(&other));
	file.data[len - 1] = 'x';
	assert_null(elf_stub_name(&file));
	buf_clear(&file);
	buf_adds(&file, ELF_STUB_MARK);
	assert_null(elf_stub_name(&file));
	assert_int_equal(elf_stub_make("/dev/null", &file, &err), -1);
}

/* Whoever opens it gets what the real one has. */
static void test_loads(void **state)
{
	CLEANUP_FREE char *tree = make_tree(*state);
	CLEANUP_FREE char *path = xasprintf("%s/lib/libpython3.14.so", tree);
	void *handle = dlopen(path, RTLD_NOW);

	if (!handle)
		fail_msg("%s", dlerror());
	assert_ptr_equal(dlsym(handle, SYMBOL), dlsym(RTLD_DEFAULT, SYMBOL));
	assert_null(dlsym(handle, "no_such_name"));
	dlclose(handle);
}

static void check_place(const char *tree, const char *place)
{
	CLEANUP_FREE char *path = xasprintf("%s/lib/libpython3.14.so", tree);
	CLEANUP_FREE char *want = xasprintf("%s/lib/libpython3.14.so", place);
	CLEANUP_BUF struct buf file = BUF_INIT;

	read_stub(path, &file);
	assert_string_equal(elf_stub_name(&file), want);
}

static void test_placed(void **state)
{
	CLEANUP_FREE char *tree = make_tree(*state), *link = xasprintf("%s/link", (char *)*state);
	CLEANUP_FREE char *real = realpath(tree, NULL);
	CLEANUP_FREE char *path = xasprintf("%s/lib/libpython3.14.so", tree);
	struct err err = ERR_INIT;
	struct stat before, after;

	check_place(tree, "/some/where");
	/* By whatever name it is reached. */
	assert_int_equal(symlink("py", link), 0);
	if (cpython_place(link, &err) < 0)
		fail_msg("%s", err.msg);
	check_place(tree, real);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(cpython_place(tree, &err), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	/* What lies there otherwise is left alone. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("libpython3.14.so.1.0", path), 0);
	assert_int_equal(cpython_place(tree, &err), 0);
	assert_int_equal(lstat(path, &after), 0);
	assert_true(S_ISLNK(after.st_mode));
	assert_int_equal(cpython_place("/nowhere", &err), -1);
}

/* By Python, as soon as it asks for sysconfig's variables in another place. */
static void test_moved(void **state)
{
	CLEANUP_FREE char *tree = make_tree(*state),
			  *moved = xasprintf("%s/a new place", (char *)*state);
	CLEANUP_STRV struct strv tools = STRV_INIT;
	const struct relocation r = {.root = "/nothing/of/this", .tools = &tools};
	CLEANUP_FREE char *real = NULL, *out = NULL, *left = NULL;
	struct err err = ERR_INIT;

	scratch_file(tree, "lib/python3.14/_sysconfigdata__linux_x86.py",
		"# system configuration\nbuild_time_vars = {'LDVERSION': '3.14'}\n", 0644);
	if (relocate_tree(tree, &r, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(rename(tree, moved), 0);
	real = realpath(moved, NULL);
	out = scratch_shell(moved, "PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=lib/python3.14 "
				   "python3 -c 'import _sysconfigdata__linux_x86'");
	assert_string_equal(out, "");
	check_place(moved, real);
	left = scratch_shell(moved, "ls lib");
	assert_string_equal(left, "libpython3.14.so\nlibpython3.14.so.1.0\npython3.14\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stub_says_what_the_library_does),
		cmocka_unit_test(test_names),
		SCRATCH_TEST(test_loads),
		SCRATCH_TEST(test_placed),
		SCRATCH_TEST(test_moved),
	};

	return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
