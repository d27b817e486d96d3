/* Where archives are written, and what a failure leaves there. */
#include "packing.h"

#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include "base/file.h"
#include "elf/elf.h"
#include "proc/lock.h"
#include "proc/proc.h"
#include "pack/pack-internal.h"

#define NAME PACKED_NAME

static void test_archives(void **state)
{
	struct packing f;
	CLEANUP_FREE char *list = NULL;

	packing_setup(&f, *state);
	/* no archive library, whatever it is called, and so not for objcopy */
	scratch_file(f.tree, "share/notes.a", "some notes\n", 0644);
	json_decref(packing_write(&f));
	list = scratch_shell(*state, "LC_ALL=C ls -A out && cd out && sha256sum -c SHA256SUMS");
	assert_string_equal(list,
		"SHA256SUMS\n" NAME "install_only.tar.gz\n" NAME
		"install_only_stripped.tar.gz\n" NAME "install_only.tar.gz: OK\n" NAME
		"install_only_stripped.tar.gz: OK\n");
	packing_release(&f);
}

/* An archive does not say where the tree was that it was made of. */
static void test_place_forgotten(void **state)
{
	struct packing f;
	CLEANUP_BUF struct buf stub = BUF_INIT;
	CLEANUP_FREE char *path = NULL, *lib = NULL;
	struct err err = ERR_INIT;
	Dl_info info;

	packing_setup(&f, *state);
	lib = xasprintf("%s/lib", f.tree);
	path = xasprintf("%s/libpython3.13.so", lib);
	assert_true(dladdr(dlsym(RTLD_DEFAULT, "_cmocka_run_group_tests"), &info));
	if (make_dirs(lib, &err) < 0 || elf_stub_make(info.dli_fname, &stub, &err) < 0 ||
		elf_stub_rename(&stub, "/some/where/lib/libpython3.13.so", &err) < 0 ||
		file_write(path, stub.data, stub.len, 0644, &err) < 0)
		fail_msg("%s", err.msg);
	json_decref(packing_write(&f));
	for (size_t i = 0; i < 2; i++) {
		static const char *const forms[] = {"", "_stripped"};
		CLEANUP_BUF struct buf packed = BUF_INIT;

		free(scratch_shell(*state,
			"tar -xf out/" NAME "install_only%s.tar.gz python/lib/libpython3.13.so",
			forms[i]));
		free(path);
		path = xasprintf("%s/python/lib/libpython3.13.so", (char *)*state);
		if (file_read(path, 1 << 24, &packed, &err) < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(packed.len, stub.len);
		assert_string_equal(elf_stub_name(&packed), "libcmocka.so.0");
	}
	packing_release(&f);
}

/* What objcopy says of a library that is damaged. */
static void test_words_of_objcopy(void **state)
{
	struct packing f;

	packing_setup(&f, *state);
	scratch_file(f.tree, "lib/libdamaged.a", "!<arch>\nand no more\n", 0644);
	packing_refused(&f, "objcopy --strip-debug");
	if (!strstr(f.err.msg, "libdamaged.a:"))
		fail_msg("'%s' does not say why", f.err.msg);
	packing_release(&f);
}

/* The system's objcopy does not know files of other machines. */
static void test_objcopy_of_machine(void **state)
{
	const uint16_t s390 = 22;
	CLEANUP_FREE char *own = machine_tool(machine_here(), "objcopy");
	CLEANUP_FREE char *other = machine_tool(s390, "objcopy");

	(void)state;
	assert_string_equal(own, "objcopy");
	assert_string_equal(other, machine_runs(s390) ? "objcopy" : "s390x-linux-gnu-objcopy");
}

/* What is written into the tree would be packed the next time. */
static void test_not_into_the_tree(void **state)
{
	struct packing f;

	packing_setup(&f, *state);
	free(scratch_shell(*state, "ln -s tree/lib link && mkdir tree-beside"));
	for (int i = 0; i < 3; i++) {
		static const char *const below[] = {"tree", "tree/new/folder", "link/new"};
		CLEANUP_FREE char *out = xasprintf("%s/%s", (char *)*state, below[i]);

		f.o.out = out;
		packing_refused(&f, "it is in the distribution");
		assert_int_equal(f.err.code, ERR_USAGE);
	}
	free(scratch_shell(*state, "test $(find tree | wc -l) = 4"));
	CLEANUP_FREE char *beside = xasprintf("%s/tree-beside", (char *)*state);
	f.o.out = beside;
	json_decref(packing_write(&f));
	packing_release(&f);
}

/* Archives and digests are those of one run or of the other. */
static void test_failure_changes_nothing(void **state)
{
	CLEANUP_FREE char *before = NULL, *after = NULL;
	struct packing f;

	packing_setup(&f, *state);
	json_decref(packing_write(&f));
	free(scratch_shell(*state,
		"cd out && rm ./*stripped* && mkdir -p " NAME "install_only_stripped.tar.gz/x"));
	before = scratch_shell(*state, "ls -AR out && cat out/SHA256SUMS out/*only.tar.gz");
	scratch_file(f.tree, "lib/python3.13/os.py", "other", 0644);
	packing_refused(&f, "a folder is there");
	after = scratch_shell(*state, "ls -AR out && cat out/SHA256SUMS out/*only.tar.gz");
	assert_string_equal(before, after);
	packing_release(&f);
}

static void test_failure_leaves_no_folder(void **state)
{
	struct packing f;

	packing_setup(&f, *state);
	free(scratch_shell(*state, "mkfifo tree/pipe"));
	packing_refused(&f, "a pipe");
	assert_false(path_exists(f.out));
	free(f.out);
	f.out = xasprintf("%s/new/below/out", (char *)*state);
	f.o.out = f.out;
	packing_refused(&f, "a pipe");
	free(scratch_shell(*state, "test ! -e new"));
	packing_release(&f);
}

/* Digests that cannot be written are known of before an archive gets its name. */
static void test_no_digests(void **state)
{
	CLEANUP_FREE char *list = NULL;
	struct packing f;

	packing_setup(&f, *state);
	scratch_file(*state, "out/SHA256SUMS/file", "", 0644);
	packing_refused(&f, "SHA256SUMS");
	list = scratch_shell(*state, "ls -A out");
	assert_string_equal(list, "SHA256SUMS\n");
	packing_release(&f);
}

static void *pack_beside(void *ctx)
{
	json_decref(packing_write(ctx));
	return NULL;
}

/* Two that pack into one folder, or make an index of it, change its lists one after the other. */
static void test_waits(void **state)
{
	CLEANUP_FREE char *sums = xasprintf("%s/out/SHA256SUMS", (char *)*state);
	struct err err = ERR_INIT;
	struct packing f;
	pthread_t thread;
	struct file_lock *lock;

	packing_setup(&f, *state);
	assert_int_equal(make_dirs(f.out, &err), 0);
	assert_int_equal(folder_lock(f.out, NULL, &lock, &err), 0);
	assert_int_equal(pthread_create(&thread, NULL, pack_beside, &f), 0);
	usleep(500000);
	assert_false(path_exists(sums));
	lock_release(lock);
	pthread_join(thread, NULL);
	assert_true(path_exists(sums));
	packing_release(&f);
}

static const char *replaces(const json_t *result)
{
	const json_t *first = json_array_get(json_object_get(result, "archives"), 0);

	return json_is_true(json_object_get(first, "replaces_other")) ? "yes" : "no";
}

static void test_replaced(void **state)
{
	struct packing f;
	json_t *result;

	packing_setup(&f, *state);
	for (int i = 0; i < 3; i++) {
		static const char *const expected[] = {"no", "no", "yes"};

		if (i == 2)
			scratch_file(f.tree, "lib/python3.13/os.py", "other", 0644);
		result = packing_write(&f);
		assert_string_equal(replaces(result), expected[i]);
		json_decref(result);
	}
	free(scratch_shell(*state, "cd out && sha256sum -c SHA256SUMS"));
	packing_release(&f);
}

/* What the index of a mirror says of an archive that is replaced changes with it. */
static void test_index_is_renewed(void **state)
{
	CLEANUP_FREE char *before = NULL, *after = NULL, *sum = NULL;
	struct packing f;
	json_t *result = NULL;

	packing_setup(&f, *state);
	json_decref(packing_write(&f));
	assert_int_equal(pack_index(f.out, "https://example.org/a", NULL, &result, &f.err), 0);
	json_decref(result);
	before = scratch_read(*state, "out/downloads.json");
	json_decref(packing_write(&f));
	after = scratch_read(*state, "out/downloads.json");
	assert_string_equal(before, after);
	scratch_file(f.tree, "lib/python3.13/os.py", "other", 0644);
	json_decref(packing_write(&f));
	free(after);
	after = scratch_read(*state, "out/downloads.json");
	assert_string_not_equal(before, after);
	sum = scratch_shell(*state, "sha256sum <out/" NAME "install_only_stripped.tar.gz");
	sum[64] = '\0';
	assert_non_null(strstr(after, sum));
	packing_release(&f);
}

/* Versions are sorted as versions, not as text, in the list and in what is said of it. */
static void test_index_sorts_versions(void **state)
{
	CLEANUP_FREE char *folder = xasprintf("%s/mirror", (char *)*state), *text = NULL;
	const char *last = NULL;
	struct err err = ERR_INIT;
	json_t *result = NULL;

	free(scratch_shell(*state,
		"mkdir mirror && for v in 3.10.2 3.9.25 3.13.15 3.13.5; do "
		"printf '\\037\\213..' >mirror/cpython-$v+20260805-x86_64-unknown-linux-gnu-"
		"install_only.tar.gz; done"));
	assert_int_equal(pack_index(folder, NULL, NULL, &result, &err), 0);
	text = scratch_read(*state, "mirror/downloads.json");
	last = text;
	for (size_t i = 0; i < 4; i++) {
		static const char *const sorted[] = {"3.9.25", "3.10.2", "3.13.5", "3.13.15"};
		CLEANUP_FREE char *key = xasprintf("cpython-%s-linux-x86_64-gnu", sorted[i]);
		const char *found = strstr(text, key);

		assert_string_equal(package_text(json_array_get(result, i), "key"), key);
		assert_non_null(found);
		assert_true(found > last);
		last = found;
	}
	json_decref(result);
}

static void sign_with(struct packing *f, const char *root)
{
	scratch_file(root, "key",
		"untrusted comment: signify secret key\n"
		"RWRCSwAAAADmXEyPkBdLeflkfiNVfuyhr+7rZwVkbZdNpuUl962yLrcK8M7+"
		"KUh9V1Efm5tEhmmRFEh5RXcx"
		"QEA3qAR8Fpe7hWUiHDlYJlUtJw/TEgWIt2CIhJ26NmPsBn+jHxQFjCc=\n",
		0600);
	f->o.sign = xasprintf("%s/key", root);
}

#define PUBLIC "RWRNpuUl962yLoVlIhw5WCZVLScP0xIFiLdgiISdujZj7AZ/ox8UBYwn"

/* A signature is never left wrong, and never given to what it did not vouch for before. */
static void test_signed(void **state)
{
	CLEANUP_FREE char *key = NULL, *archive = NULL, *to = NULL;
	struct packing f;
	json_t *result;

	packing_setup(&f, *state);
	sign_with(&f, *state);
	key = (char *)f.o.sign;
	result = packing_write(&f);
	assert_string_equal(json_string_value(json_object_get(result, "public_key")), PUBLIC);
	json_decref(result);
	archive = xasprintf("%s/" NAME "install_only.tar.gz", f.out);
	to = xasprintf("%s/to", (char *)*state);
	assert_int_equal(pack_unpack_signed(archive, PUBLIC, to, 1, NULL, &f.err), 0);
	/* an index changes nothing that is signed */
	assert_int_equal(pack_index(f.out, NULL, NULL, &result, &f.err), 0);
	json_decref(result);
	free(scratch_shell(*state, "rm -r to"));
	assert_int_equal(pack_unpack_signed(archive, PUBLIC, to, 1, NULL, &f.err), 0);
	f.o.sign = NULL;
	packing_refused(&f, "SHA256SUMS.sig' would no longer be right");
	f.o.sign = key;
	json_decref(packing_write(&f));
	/* a line of somebody else */
	free(scratch_shell(*state, "cd out && sed 's/install_only/other/' SHA256SUMS >x && "
				   "cat x >>SHA256SUMS && rm x"));
	packing_refused(&f, "cannot sign for '" NAME "other");
	free(scratch_shell(*state, "rm out/SHA256SUMS.sig"));
	packing_refused(&f, "cannot sign for '" NAME "other");
	free(scratch_shell(*state, "echo bad >out/SHA256SUMS"));
	packing_refused(&f, "is none that 'sha256sum -c' would read");
	packing_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_archives),
		SCRATCH_TEST(test_place_forgotten), SCRATCH_TEST(test_words_of_objcopy),
		SCRATCH_TEST(test_objcopy_of_machine), SCRATCH_TEST(test_not_into_the_tree),
		SCRATCH_TEST(test_failure_changes_nothing),
		SCRATCH_TEST(test_failure_leaves_no_folder), SCRATCH_TEST(test_no_digests),
		SCRATCH_TEST(test_waits), SCRATCH_TEST(test_replaced),
		SCRATCH_TEST(test_index_is_renewed), SCRATCH_TEST(test_index_sorts_versions),
		SCRATCH_TEST(test_signed)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
