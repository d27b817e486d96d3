/* Files that are odd and load all the same: the loader reads segments, never sections. */
#include "scratch.h"

#include <elf.h>

#include "base/file.h"
#include "elf/elf.h"

#define REAL_FILE "tests/fuzz/corpus/elf/shared-gd.so"

struct image {
	struct buf bytes;
	Elf64_Ehdr *header;
	Elf64_Shdr *sections;
};

static void load(struct image *im)
{
	struct err err = ERR_INIT;

	if (file_read(REAL_FILE, 1 << 20, &im->bytes, &err) < 0)
		fail_msg("%s", err.msg);
	im->header = (Elf64_Ehdr *)im->bytes.data;
	im->sections = (Elf64_Shdr *)(im->bytes.data + im->header->e_shoff);
}

/* The facts of the whole file, but for what only sections show, and a note with this in it. */
static void odd(struct image *im, const char *message)
{
	CLEANUP_ELF_FACTS struct elf_facts whole = {0}, f = {0};
	struct err err = ERR_INIT;

	assert_int_equal(elf_facts_read(REAL_FILE, &whole, &err), 0);
	assert_null(whole.note);
	if (elf_facts_from_memory(im->bytes.data, im->bytes.len, &f, &err) < 0)
		fail_msg("%s", err.msg);
	if (!message)
		assert_null(f.note);
	else if (!f.note || !strstr(f.note, message))
		fail_msg("'%s' instead of '%s'", f.note ? f.note : "no note", message);
	assert_true(whole.n_exports && whole.n_undefined && whole.n_needed);
	assert_int_equal(f.n_exports, whole.n_exports);
	assert_int_equal(f.n_undefined, whole.n_undefined);
	assert_int_equal(f.n_needed, whole.n_needed);
	assert_string_equal(f.soname, whole.soname);
	buf_release(&im->bytes);
	load(im);
}

static void test_section_table(void **state)
{
	struct image im = {.bytes = BUF_INIT};
	uint64_t where;

	(void)state;
	load(&im);
	where = im.header->e_shoff;
	im.header->e_shoff = im.bytes.len + 4096;
	odd(&im, "section headers are beyond");
	im.header->e_shoff = UINT64_MAX - 8;
	odd(&im, "section headers are beyond");
	im.header->e_shnum = 0xfeff;
	odd(&im, "section headers are beyond");
	im.header->e_shentsize = 8;
	odd(&im, "section headers of 8 bytes");
	im.header->e_shstrndx = 0x7000;
	odd(&im, "section names does not exist");
	im.sections[0].sh_size = UINT64_MAX;
	im.header->e_shnum = 0;
	odd(&im, "too many sections");
	im.bytes.len = where;
	odd(&im, "section headers are beyond");
	/* An object is nothing without sections. */
	im.header->e_type = ET_REL;
	im.header->e_shnum = 0xfeff;
	struct elf_facts f = {0};
	struct err err = ERR_INIT;
	assert_int_equal(elf_facts_from_memory(im.bytes.data, im.bytes.len, &f, &err), -1);
	buf_release(&im.bytes);
}

static void test_sections(void **state)
{
	struct image im = {.bytes = BUF_INIT};

	(void)state;
	load(&im);
	for (size_t i = 1; i < im.header->e_shnum; i++) {
		if (im.sections[i].sh_type == SHT_NOBITS)
			continue;
		im.sections[i].sh_offset = im.bytes.len + 1;
		odd(&im, "is beyond the end of file");
		im.sections[i].sh_size = UINT64_MAX;
		odd(&im, "is beyond the end of file");
	}
	/* More dynamic symbols than hash tables know of: the bytes behind them are no symbols. */
	for (size_t i = 1; i < im.header->e_shnum; i++) {
		if (im.sections[i].sh_type == SHT_DYNSYM)
			im.sections[i].sh_size += 4 * sizeof(Elf64_Sym);
	}
	odd(&im, NULL);
	buf_release(&im.bytes);
}

/* patchelf grows a string table from a new segment into the next one, which begins where it ends.
 */
static void test_touching_segments(void **state)
{
	struct image im = {.bytes = BUF_INIT};
	Elf64_Phdr *ph, *first = NULL, *spare = NULL;
	const uint64_t part = 0x200;

	(void)state;
	load(&im);
	ph = (Elf64_Phdr *)(im.bytes.data + im.header->e_phoff);
	for (size_t i = 0; i < im.header->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD && !first)
			first = &ph[i];
		else if (ph[i].p_type == PT_GNU_EH_FRAME)
			spare = &ph[i];
	}
	assert_true(first && spare && first->p_filesz > part);
	*spare = *first;
	spare->p_offset += part;
	spare->p_vaddr += part;
	spare->p_filesz -= part;
	first->p_filesz = first->p_memsz = part;
	odd(&im, NULL);
	buf_release(&im.bytes);
}

/* It also leaves tables between the end of a segment and that of its page: they are mapped with it,
 * unless that is where variables are cleared. */
static void test_rest_of_page(void **state)
{
	struct image im = {.bytes = BUF_INIT};
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	struct err err = ERR_INIT;
	uint64_t end = 0;

	(void)state;
	for (uint64_t cleared = 0; cleared < 2; cleared++) {
		Elf64_Phdr *ph;

		if (!cleared)
			load(&im);
		ph = (Elf64_Phdr *)(im.bytes.data + im.header->e_phoff);
		while (ph->p_type != PT_LOAD)
			ph++;
		for (size_t i = 1; i < im.header->e_shnum; i++) {
			if (im.sections[i].sh_type == SHT_STRTAB &&
				im.sections[i].sh_flags & SHF_ALLOC)
				end = im.sections[i].sh_offset + 1;
		}
		assert_true(!ph->p_offset && end && end < ph->p_filesz && ph->p_filesz < 4096);
		ph->p_filesz = end;
		ph->p_memsz = end + cleared;
		if (!cleared)
			odd(&im, NULL); /* and the file as it was */
	}
	assert_int_equal(elf_facts_from_memory(im.bytes.data, im.bytes.len, &f, &err), -1);
	assert_non_null(strstr(err.msg, "larger than its segment"));
	buf_release(&im.bytes);
}

/* Reads a copy that ends where the sanitizer's guard begins. */
static int read_prefix(const void *data, size_t len, struct elf_facts *facts, struct err *err)
{
	CLEANUP_FREE char *copy = xcalloc(len ? len : 1, 1);

	memcpy(copy, data, len);
	return elf_facts_from_memory(copy, len, facts, err);
}

/* A compiler's own file, whole and cut off everywhere. */
static void test_compiled(void **state)
{
	char dir[] = "/tmp/test_elf.XXXXXX";
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	CLEANUP_BUF struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(dir));
	CLEANUP_FREE char *path = xasprintf("%s/lib.so", dir);
	CLEANUP_FREE char *command = xasprintf("echo 'int one(void) { return 1; }' | cc -x c - -g "
					       "-shared -fPIC -nostdlib -o %s "
					       "-Wl,-soname,libone.so,-z,now,-z,noseparate-code",
		path);

	if (system(command) != 0)
		skip();
	assert_int_equal(elf_facts_read(path, &f, &err), 0);
	assert_true(elf_exports(&f, "one") && f.debug_info && f.symtab && f.bind_now);
	assert_string_equal(f.soname, "libone.so");
	assert_int_equal(elf_section_read(path, ".debug_str", 1 << 20, &bytes, &err), 1);
	assert_true(memmem(bytes.data, bytes.len, "GNU C", 5) ||
		    memmem(bytes.data, bytes.len, "clang", 5));
	assert_int_equal(elf_section_read(path, ".debug_str", 3, &bytes, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_int_equal(elf_section_read(path, ".debug", 1 << 20, &bytes, &err), 0);
	assert_int_equal(elf_section_read("/nonexistent", ".text", 1, &bytes, &err), -1);
	assert_int_equal(file_read(path, 1 << 20, &bytes, &err), 0);
	/* One that has lost only what the loader does not read is told apart. */
	for (size_t n = 0; n < bytes.len; n++) {
		elf_facts_release(&f);
		if (read_prefix(bytes.data, n, &f, &err) == 0)
			assert_non_null(f.note);
	}
	assert_true(f.note && elf_exports(&f, "one"));
	assert_int_equal(tree_remove(dir, &err), 0);
}

static void test_releases(void **state)
{
	(void)state;
	assert_string_equal(elf_glibc_release("GLIBC_2.2.5"), "2.2.5");
	assert_string_equal(elf_glibc_release("GLIBC_ABI_DT_RELR"), "2.36");
	assert_null(elf_glibc_release("GLIBC_PRIVATE"));
	assert_null(elf_glibc_release("GLIBC_"));
	assert_null(elf_glibc_release("GLIBC_2.x"));
	assert_null(elf_glibc_release("GLIBCXX_3.4"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_section_table),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_touching_segments),
		cmocka_unit_test(test_rest_of_page),
		cmocka_unit_test(test_compiled),
		cmocka_unit_test(test_releases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
