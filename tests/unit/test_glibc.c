/* solder check --glibc: libraries that are linked with stubs of the C library's, which have the
 * versions that a test needs, and what is said of them. */
#include <elf.h>
#include <string.h>

#include "base/file.h"
#include "check/check-internal.h"
#include "scratch.h"

/* A C library of few functions, in versions of its own; what is linked with it needs nothing else,
 * and is never run. */
static void make_stub(const char *root)
{
	scratch_file(root, "stub.c",
		"void old(void) {} void late(void) {} void latest(void) {} void own(void) {}\n"
		"int variable;\n",
		0644);
	scratch_file(root, "stub.map",
		"GLIBC_2.2.5 { old; variable; };\nGLIBC_2.28 { late; };\n"
		"GLIBC_2.34 { latest; };\nGLIBC_PRIVATE { own; };\n",
		0644);
	free(scratch_shell(root, "cc -w -shared -fPIC -nostdlib -Wl,-soname,libc.so.6 "
				 "-Wl,--version-script=stub.map stub.c -o stub.so"));
}

/* ROOT/NAME from C, linked with the stub. */
static void make_library(const char *root, const char *name, const char *source, const char *flags)
{
	scratch_file(root, "lib.c", source, 0644);
	free(scratch_shell(root,
		"cc -w -O1 -shared -fPIC -nostdlib -Wl,--hash-style=both %s lib.c stub.so -o %s",
		flags, name));
}

static const char declared[] = "void old(void); void late(void); void latest(void); void own(void);"
			       "extern int variable;\n";

static json_t *judged(const char *root, const char *name, const char *glibc)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", root, name);
	CLEANUP_FREE char *scratch = xasprintf("%s/scratch", root);
	json_t *model = json_object();
	struct err err = ERR_INIT;

	scratch_remove(root, "scratch");
	if (make_dirs(scratch, &err) < 0 || check_glibc(path, glibc, scratch, model, &err) < 0)
		fail_msg("%s", err.msg);
	return model;
}

static json_t *file_at(const json_t *model, size_t i)
{
	return json_array_get(json_object_get(model, "files"), i);
}

/* "late GLIBC_2.28 libc.so.6: f call; …" of one file. The caller frees it. */
static char *symbols_of(const json_t *file)
{
	struct buf text = BUF_INIT;
	const json_t *symbol, *user;
	size_t i, k;

	buf_adds(&text, "");
	json_array_foreach (json_object_get(file, "symbols"), i, symbol) {
		buf_addf(&text, "%s%s %s %s%s:", i ? "; " : "", check_text(symbol, "symbol"),
			check_text(symbol, "version"), check_text(symbol, "library"),
			json_is_true(json_object_get(symbol, "weak")) ? " weak" : "");
		json_array_foreach (json_object_get(symbol, "users"), k, user)
			buf_addf(&text, "%s %s %s", k ? "," : "", check_text(user, "name"),
				check_text(user, "use"));
	}
	return buf_steal(&text);
}

static void expect(const json_t *model, const char *verdict, const char *symbols)
{
	CLEANUP_FREE char *found = symbols_of(file_at(model, 0));

	assert_string_equal(check_text(file_at(model, 0), "verdict"), verdict);
	assert_string_equal(found, symbols);
	assert_int_equal(check_found(model, CHECK_ERROR), !strcmp(verdict, "fail"));
}

/* Calls by way of a word are seen in code for x86-64 only. */
#ifdef __x86_64__
#define BY_WORD " k call,"
#else
#define BY_WORD ""
#endif

static void test_users(void **state)
{
	CLEANUP_FREE char *source = xasprintf("%s%s", declared,
		"void f(void) { late(); late(); old(); }\n"
		"void g(void) { latest(); old(); late(); }\n"
		"void (*table[])(void) = {old, latest};\n"
		"static void (*hidden[])(void) = {old, late};\n"
		"void set(int i) { hidden[i] = old; }\n"
		"void k(void) { hidden[1](); old(); }\n"
		"void *h(void) { return late; }\n");
	json_t *model;

	make_stub(*state);
	make_library(*state, "lib.so", source, "");
	model = judged(*state, "lib.so", "2.17");
	expect(model, "fail",
		"late GLIBC_2.28 libc.so.6: f call, g call," BY_WORD " h address, hidden data; "
		"latest GLIBC_2.34 libc.so.6: g call, table data");
	assert_string_equal(check_text(model, "needs"), "2.34");
	json_decref(model);
	model = judged(*state, "lib.so", "2.28");
	expect(model, "fail", "latest GLIBC_2.34 libc.so.6: g call, table data");
	json_decref(model);
	model = judged(*state, "lib.so", "2.34");
	expect(model, "pass", "");
	json_decref(model);
	/* Compared as numbers. */
	model = judged(*state, "lib.so", "2.4");
	assert_int_equal(json_array_size(json_object_get(file_at(model, 0), "symbols")), 2);
	json_decref(model);
}

static void test_private(void **state)
{
	CLEANUP_FREE char *source = xasprintf("%s%s", declared, "void f(void) { own(); }\n");
	json_t *model;

	make_stub(*state);
	make_library(*state, "lib.so", source, "");
	model = judged(*state, "lib.so", "2.99");
	expect(model, "fail", "own GLIBC_PRIVATE libc.so.6: f call");
	json_decref(model);
}

/* Where the record of a version lies in the file. */
static size_t find_version(const struct buf *file, const char *version)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)file->data;
	const Elf64_Shdr *sh = (const Elf64_Shdr *)(file->data + eh->e_shoff);

	for (unsigned i = 0; i < eh->e_shnum; i++) {
		const char *names = file->data + sh[sh[i].sh_link].sh_offset;

		if (sh[i].sh_type != SHT_GNU_verneed)
			continue;
		for (size_t at = sizeof(Elf64_Verneed); at < sh[i].sh_size;
			at += sizeof(Elf64_Vernaux)) {
			const Elf64_Vernaux *aux =
				(const Elf64_Vernaux *)(file->data + sh[i].sh_offset + at);

			if (!strcmp(names + aux->vna_name, version))
				return (size_t)((const char *)aux - file->data);
		}
	}
	fail_msg("no %s", version);
	return 0;
}

/* A weak symbol alone does not save the file: the loader looks at versions. */
static void test_weak(void **state)
{
	CLEANUP_FREE char *path = xasprintf("%s/lib.so", (char *)*state);
	CLEANUP_BUF struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	json_t *model;

	make_stub(*state);
	make_library(*state, "lib.so",
		"extern void late(void) __attribute__((weak));\n"
		"void f(void) { if (late) late(); }\n",
		"-Wl,--no-as-needed");
	model = judged(*state, "lib.so", "2.17");
	expect(model, "fail", "late GLIBC_2.28 libc.so.6: f call, f address");
	json_decref(model);
	assert_int_equal(file_read(path, 1 << 20, &file, &err), 0);
	((Elf64_Vernaux *)(file.data + find_version(&file, "GLIBC_2.28")))->vna_flags =
		VER_FLG_WEAK;
	assert_int_equal(file_write(path, file.data, file.len, 0644, &err), 0);
	model = judged(*state, "lib.so", "2.17");
	expect(model, "pass", "late GLIBC_2.28 libc.so.6 weak: f call, f address");
	assert_int_equal(json_array_size(json_object_get(file_at(model, 0), "notes")), 1);
	assert_null(check_text(model, "needs"));
	json_decref(model);
}

/* Sentences of the first file that contain the text. */
static size_t sentences(const json_t *model, const char *key, const char *text)
{
	const json_t *one;
	size_t i, n = 0;

	json_array_foreach (json_object_get(file_at(model, 0), key), i, one)
		n += strstr(json_string_value(one), text) != NULL;
	return n;
}

static void test_abilities(void **state)
{
	CLEANUP_FREE char *source = xasprintf("%s%s", declared, "void f(void) { late(); }\n");
	CLEANUP_FREE char *path = xasprintf("%s/lib.so", (char *)*state);
	CLEANUP_BUF struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	json_t *model;

	make_stub(*state);
	make_library(*state, "lib.so", source, "-Wl,--hash-style=gnu");
	model = judged(*state, "lib.so", "2.4");
	assert_int_equal(sentences(model, "findings", "DT_GNU_HASH"), 1);
	json_decref(model);
	model = judged(*state, "lib.so", "2.5");
	assert_int_equal(sentences(model, "findings", ""), 0);
	json_decref(model);
	/* A version that no symbol is of: it gets a number that none has. */
	assert_int_equal(file_read(path, 1 << 20, &file, &err), 0);
	((Elf64_Vernaux *)(file.data + find_version(&file, "GLIBC_2.28")))->vna_other = 77;
	assert_int_equal(file_write(path, file.data, file.len, 0644, &err), 0);
	model = judged(*state, "lib.so", "2.17");
	expect(model, "fail", "");
	assert_int_equal(sentences(model, "findings", "needs GLIBC_2.28 of libc.so.6"), 1);
	json_decref(model);
}

static void test_folder(void **state)
{
	CLEANUP_FREE char *source = xasprintf("%s%s", declared, "void f(void) { late(); }\n");
	json_t *model;

	make_stub(*state);
	free(scratch_shell(*state, "mkdir tree"));
	make_library(*state, "tree/a.so", source, "");
	make_library(*state, "tree/b.so", "int one(void) { return 1; }\n", "");
	scratch_file(*state, "tree/c.so",
		"\177ELF\2\1\1 and nothing else of it, for more than fifty", 0644);
	scratch_file(*state, "tree/d.txt", "text", 0644);
	free(scratch_shell(*state, "cc -c lib.c -o tree/e.o"));
	model = judged(*state, "tree", "2.17");
	assert_int_equal(json_array_size(json_object_get(model, "files")), 3);
	assert_string_equal(check_text(file_at(model, 0), "verdict"), "fail");
	assert_string_equal(check_text(file_at(model, 1), "verdict"), "pass");
	assert_string_equal(check_text(file_at(model, 2), "verdict"), "fail");
	assert_string_equal(check_text(model, "needs_of"), "a.so");
	json_decref(model);
	/* What it says of itself; a folder of what was packed by solder has it in build.json. */
	scratch_file(*state, "tree/share/solder/build.json", "{\"options\": {\"glibc\": \"2.17\"}}",
		0644);
	scratch_remove(*state, "tree/c.so");
	model = judged(*state, "tree", "2.31");
	assert_string_equal(check_text(file_at(model, 0), "verdict"), "pass");
	assert_true(check_found(model, CHECK_ERROR));
	json_decref(model);
	/* The same as an archive without a single top folder. */
	free(scratch_shell(*state, "tar -C tree -czf tree.tar.gz ."));
	model = judged(*state, "tree.tar.gz", "2.31");
	assert_int_equal(json_array_size(json_object_get(model, "files")), 2);
	assert_int_equal(json_array_size(json_object_get(model, "says")), 1);
	json_decref(model);
}

static void test_wheel(void **state)
{
	CLEANUP_FREE char *source = xasprintf("%s%s", declared, "void f(void) { late(); }\n");
	static const char name[] =
		"p-1.0-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl";
	const json_t *said;
	json_t *model;

	make_stub(*state);
	make_library(*state, "p.so", source, "");
	free(scratch_shell(*state, "python3 -m zipfile -c %s p.so", name));
	model = judged(*state, name, "2.28");
	assert_string_equal(check_text(file_at(model, 0), "verdict"), "pass");
	said = json_array_get(json_object_get(model, "says"), 0);
	assert_string_equal(check_text(said, "glibc"), "2.17");
	assert_string_equal(check_text(said, "needs"), "2.28");
	assert_string_equal(check_text(said, "verdict"), "fail");
	json_decref(model);
}

static void test_promises(void **state)
{
	static const struct {
		const char *name, *glibc; /* NULL: none */
	} wheels[] = {
		{"a-1-cp313-cp313-manylinux_2_28_x86_64.whl", "2.28"},
		{"a-1-cp313-cp313-manylinux2010_x86_64.whl", "2.12"},
		{"a-1-cp313-cp313-manylinux_2_28_x86_64.manylinux_2_5_x86_64.manylinux1_x86_64.whl",
			"2.5"},
		{"a-1-cp313-cp313-musllinux_1_2_x86_64.whl", NULL},
		{"a-1-py3-none-any.whl", NULL},
		{"a-1-cp313-cp313-linux_x86_64.whl", NULL},
		{"manylinux_2_17_x86_64", NULL},
		{"a-manylinux_2_x.whl", NULL},
		{"-.whl", NULL},
	};
	static const char *const good[] = {"2.17", "2.2.5", "2.34"};
	static const char *const bad[] = {
		"", "2", "2.", ".17", "2.17.", "2.17x", "2.1.2.3", "-2.17"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wheels); i++) {
		CLEANUP(promises_release) struct promises p = {0};

		promises_of_wheel(wheels[i].name, &p);
		assert_int_equal(p.n, wheels[i].glibc != NULL);
		if (p.n)
			assert_string_equal(p.v[0].glibc, wheels[i].glibc);
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(glibc_is_version(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(glibc_is_version(bad[i]));
}

/* Other machines: the symbol without its user, and why. */
static void test_other_machines(void **state)
{
	CLEANUP_FREE char *source = xasprintf("%s%s", declared, "void f(void) { late(); }\n");
	CLEANUP_FREE char *path = xasprintf("%s/lib.so", (char *)*state);
	CLEANUP_BUF struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	json_t *model;

	make_stub(*state);
	make_library(*state, "lib.so", source, "");
	assert_int_equal(file_read(path, 1 << 20, &file, &err), 0);
	((Elf64_Ehdr *)file.data)->e_machine = EM_RISCV;
	assert_int_equal(file_write(path, file.data, file.len, 0644, &err), 0);
	model = judged(*state, "lib.so", "2.17");
	expect(model, "fail", "late GLIBC_2.28 libc.so.6:");
	assert_non_null(strstr(check_text(file_at(model, 0), "users_why"), "machine"));
	json_decref(model);
}

/* Overwritten at every place: a verdict, and no access beyond the bytes. */
static void test_damage(void **state)
{
	CLEANUP_FREE char *source = xasprintf("%s%s", declared,
		"void f(void) { late(); }\nvoid (*table[])(void) = {old, latest};\n");
	CLEANUP_FREE char *path = xasprintf("%s/tree/lib.so", (char *)*state);
	CLEANUP_BUF struct buf file = BUF_INIT;
	struct err err = ERR_INIT;

	make_stub(*state);
	free(scratch_shell(*state, "mkdir tree"));
	make_library(*state, "tree/lib.so", source, "-s");
	assert_int_equal(file_read(path, 1 << 20, &file, &err), 0);
	for (size_t at = 4; at < file.len; at += 61) {
		char was = file.data[at];
		json_t *model;

		file.data[at] = (char)0xff;
		assert_int_equal(file_write(path, file.data, file.len, 0644, &err), 0);
		model = judged(*state, "tree", "2.17");
		assert_int_equal(json_array_size(json_object_get(model, "files")), 1);
		assert_non_null(check_text(file_at(model, 0), "verdict"));
		json_decref(model);
		file.data[at] = was;
	}
}

static void test_refused(void **state)
{
	json_t *model = json_object();
	struct err err = ERR_INIT;
	CLEANUP_FREE char *text = xasprintf("%s/text", (char *)*state);

	assert_int_equal(check_glibc("/", "2.x", *state, model, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	scratch_file(*state, "text", "neither a program nor an archive", 0644);
	assert_int_equal(check_glibc(text, "2.17", *state, model, &err), -1);
	assert_int_equal(err.code, ERR_INPUT);
	json_decref(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_users),
		SCRATCH_TEST(test_private),
		SCRATCH_TEST(test_weak),
		SCRATCH_TEST(test_abilities),
		SCRATCH_TEST(test_folder),
		SCRATCH_TEST(test_wheel),
		cmocka_unit_test(test_promises),
		SCRATCH_TEST(test_other_machines),
		SCRATCH_TEST(test_damage),
		SCRATCH_TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
