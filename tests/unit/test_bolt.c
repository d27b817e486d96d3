/* A program that BOLT rewrote, before and after; tests/fuzz/bolted.sh makes them. */
#include "scratch.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "code/code-internal.h"
#include "elf/elf.h"

#define UNBOLTED "tests/fuzz/corpus/code/unbolted"
#define BOLTED "tests/fuzz/corpus/code/bolted"
#define DAMAGED "tests/fuzz/corpus/elf/bolted-damaged"

static void load(const char *path, struct buf *file, struct elf_image *img)
{
	struct err err = ERR_INIT;

	assert_int_equal(file_read(path, 1 << 20, file, &err), 0);
	assert_int_equal(elf_image_init(img, file->data, file->len, &err), 0);
}

/* The section's header, in the file. */
static Elf64_Shdr *section(struct elf_image *img, const char *name)
{
	Elf64_Shdr *all = (Elf64_Shdr *)img->shdrs;

	for (uint32_t i = 1; i < img->shnum; i++)
		if (elf_section_is(img, &all[i], name))
			return &all[i];
	fail_msg("no section %s", name);
	return NULL;
}

static void test_facts(void **state)
{
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	CLEANUP_BUF struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	struct elf_image img;

	(void)state;
	assert_int_equal(elf_facts_read(UNBOLTED, &f, &err), 0);
	assert_false(f.bolt.applied || f.bolt.revision || f.misplaced);
	elf_facts_release(&f);
	assert_int_equal(elf_facts_read(BOLTED, &f, &err), 0);
	assert_true(f.bolt.applied && !f.bolt.instrumented);
	assert_string_equal(f.bolt.revision, "<unknown>");
	assert_non_null(strstr(f.bolt.command, " -split-strategy=cdsplit "));
	assert_null(f.misplaced);
	elf_facts_release(&f);
	/* Without the note the sections still tell, and a note without a command line is fine. */
	load(BOLTED, &file, &img);
	section(&img, ".note.bolt_info")->sh_type = SHT_PROGBITS;
	assert_int_equal(elf_facts_from_memory(file.data, file.len, &f, &err), 0);
	assert_true(f.bolt.applied && !f.bolt.revision && !f.bolt.command);
	elf_facts_release(&f);
	load(BOLTED, &file, &img);
	memcpy(memmem(file.data, file.len, ", command", 9), "; Command", 9);
	assert_int_equal(elf_facts_from_memory(file.data, file.len, &f, &err), 0);
	assert_true(f.bolt.applied && !strncmp(f.bolt.revision, "<unknown>; Command", 18));
	assert_null(f.bolt.command);
}

/* GNU strip puts the second text segment where the data are. */
static void test_damaged_segments(void **state)
{
	CLEANUP_BUF struct buf file = BUF_INIT;
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	struct err err = ERR_INIT;
	struct elf_image img;
	Elf64_Phdr *ph;

	(void)state;
	assert_int_equal(elf_facts_read(DAMAGED, &f, &err), 0);
	assert_string_equal(f.misplaced, "segment 7 begins at 0x2025d8, inside segment 3");
	for (int i = 0; i < 4; i++) {
		static const char *const messages[] = {"below segment 2",
			"differ below its alignment",
			"the table of program headers (segment 0, at 0x208000)",
			"the unwind table (segment 4"};

		elf_facts_release(&f);
		load(BOLTED, &file, &img);
		ph = (Elf64_Phdr *)img.phdrs;
		if (i == 0)
			ph[3].p_vaddr = ph[2].p_vaddr - 4096;
		else if (i == 1)
			ph[7].p_offset -= 64;
		else if (i == 2)
			ph[0].p_vaddr = 0x208000;
		else
			ph[4].p_offset += 8;
		assert_int_equal(elf_facts_from_memory(file.data, file.len, &f, &err), 0);
		if (!f.misplaced || !strstr(f.misplaced, messages[i]))
			fail_msg("%d: %s", i, f.misplaced ? f.misplaced : "nothing");
	}
}

static void test_parts_of_names(void **state)
{
	static const struct {
		const char *name;
		size_t of;
	} names[] = {{"foo", 0}, {"foo.cold", 3}, {"foo.cold.0", 3}, {"foo.warm", 3},
		{"foo.__part.1", 3}, {"foo.llvm.123.cold", 12}, {"foo.constprop.0.cold.1", 15},
		{"foo.colder", 0}, {".cold", 0}, {"a.cold.warm", 1}, {"foo.part.0", 0}, {"", 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (code_part_of(names[i].name) != names[i].of)
			fail_msg("%s: %zu", names[i].name, code_part_of(names[i].name));
}

/* What BOLT prints when it makes the file: 4 of 8 functions with a profile, 1 folded. */
static void test_counts(void **state)
{
	struct code_counts before, after;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(code_each(UNBOLTED, NULL, NULL, &before, &err), 0);
	assert_int_equal(before.functions, 8);
	assert_int_equal(before.parts + before.split + before.moved + before.left + before.old, 0);
	assert_int_equal(code_each(BOLTED, NULL, NULL, &after, &err), 0);
	/* work, begin, same_a (also same_b) and pick; _start, report and left stay. */
	assert_int_equal(after.moved, 4);
	assert_int_equal(after.left, 3);
	/* begin.cold, begin.warm, pick.cold, work.cold */
	assert_int_equal(after.parts, 4);
	assert_int_equal(after.split, 3);
	assert_int_equal(after.functions, 7 + 4);
	/* The frame descriptions of what was moved. */
	assert_int_equal(after.old, 119 + 200 + 23 + 23 + 126);
	/* Branches between the parts of a function are no calls, and old copies are not read. */
	assert_int_equal(after.sites[CODE_SITE_CALL_DIRECT], before.sites[CODE_SITE_CALL_DIRECT]);
}

static int find_names(void *ctx, const struct code_function *f, const struct code_insn *insns,
	size_t n, struct err *err)
{
	struct strv *names = ctx;

	(void)insns;
	(void)n;
	(void)err;
	strv_addf(names, "%s%s", f->name, f->left ? " left" : "");
	for (size_t i = 0; i < f->n_aliases; i++)
		strv_addf(names, "= %s", f->aliases[i].name);
	return 0;
}

static void test_names(void **state)
{
	CLEANUP_STRV struct strv names = STRV_INIT;
	CLEANUP_FREE char *all = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(code_each(BOLTED, find_names, &names, NULL, &err), 0);
	all = strv_join(&names, ", ");
	assert_string_equal(all,
		"_start left, report left, left left, work, begin, same_a, = same_b, pick, "
		"begin.warm, work.cold, begin.cold, pick.cold");
}

/* Static functions of one name in two files: begin and work become two of "same", each split. */
static void test_equal_names(void **state)
{
	CLEANUP_BUF struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	struct elf_image img;
	struct code_counts code;
	char *names;

	(void)state;
	load(BOLTED, &file, &img);
	names = (char *)file.data + section(&img, ".strtab")->sh_offset;
	for (size_t i = 1, n = section(&img, ".strtab")->sh_size; i + 5 < n; i++) {
		if (!memcmp(names + i, "begin.", 6))
			memcpy(names + i, "equal", 5);
		if (!memcmp(names + i, "pick.cold", 10))
			memcpy(names + i, "work.cold", 9);
	}
	assert_int_equal(code_each_in_memory(file.data, file.len, NULL, NULL, &code, &err), 0);
	assert_int_equal(code.parts, 4);
	assert_int_equal(code.split, 3);
}

/* Nothing tells an old copy from a function that was left. */
static void test_stripped(void **state)
{
	CLEANUP_BUF struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	struct elf_image img;
	struct code_counts code;

	(void)state;
	load(BOLTED, &file, &img);
	section(&img, ".symtab")->sh_type = SHT_PROGBITS;
	assert_int_equal(code_each_in_memory(file.data, file.len, NULL, NULL, &code, &err), 0);
	assert_int_equal(code.parts + code.split + code.old, 0);
	assert_true(code.functions > 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_damaged_segments),
		cmocka_unit_test(test_parts_of_names),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_equal_names),
		cmocka_unit_test(test_stripped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
