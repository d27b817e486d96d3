/* Static archives and object files, made by hand; paths that hold neither; and
 * the order of versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "elf/elf.h"

enum { SEC_NULL, SEC_TEXT, SEC_RELA, SEC_SYMTAB, SEC_NAMES, SEC_EXTRA, SEC_COUNT };

struct object {
	Elf64_Ehdr eh;
	Elf64_Shdr sh[SEC_COUNT];
	Elf64_Rela rela[3];
	Elf64_Sym sym[4];
	char names[32];
};

static void make(struct object *o)
{
	static const char names[] = "\0.debug_info\0.gnu.lto_x";

	memset(o, 0, sizeof(*o));
	memcpy(o->eh.e_ident, ELFMAG, SELFMAG);
	o->eh.e_ident[EI_CLASS] = ELFCLASS64;
	o->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	o->eh.e_ident[EI_VERSION] = EV_CURRENT;
	o->eh.e_type = ET_REL;
	o->eh.e_machine = EM_X86_64;
	o->eh.e_shoff = offsetof(struct object, sh);
	o->eh.e_shentsize = sizeof(Elf64_Shdr);
	o->eh.e_shnum = SEC_COUNT;
	o->eh.e_shstrndx = SEC_NAMES;
	memcpy(o->names, names, sizeof(names));
	o->sh[SEC_TEXT] = (Elf64_Shdr){
		.sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_size = 16};
	o->sh[SEC_RELA] = (Elf64_Shdr){.sh_type = SHT_RELA,
		.sh_info = SEC_TEXT,
		.sh_offset = offsetof(struct object, rela),
		.sh_size = sizeof(o->rela)};
	o->sh[SEC_SYMTAB] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
		.sh_offset = offsetof(struct object, sym),
		.sh_size = sizeof(o->sym)};
	o->sh[SEC_NAMES] = (Elf64_Shdr){.sh_type = SHT_STRTAB,
		.sh_offset = offsetof(struct object, names),
		.sh_size = sizeof(o->names)};
	o->rela[0].r_info = ELF64_R_INFO(1, R_X86_64_32);
	o->rela[1].r_info = ELF64_R_INFO(1, R_X86_64_32S);
	o->rela[2].r_info = ELF64_R_INFO(1, R_X86_64_PC32);
	o->sym[1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
	o->sym[1].st_shndx = SEC_TEXT;
	o->sym[2].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
	o->sym[3].st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
	o->sym[3].st_shndx = SEC_TEXT;
}

static void begin(struct buf *b)
{
	buf_clear(b);
	buf_adds(b, "!<arch>\n");
}

static void add(struct buf *b, const char *name, const void *data, size_t n)
{
	buf_addf(b, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name, 0, 0, 0, "644", n);
	buf_add(b, data, n);
	if (n & 1)
		buf_adds(b, "\n");
}

static int collect(void *ctx, const struct elf_archive_member *m, struct err *err)
{
	if (!strcmp(m->name, "stop"))
		return err_set(err, ERR_USAGE, "stopped");
	strv_addf(ctx, "%s=%.*s", m->name, (int)m->size, (const char *)m->data);
	return 0;
}

static int each(const struct buf *b, struct strv *out, struct err *err)
{
	void *copy = malloc(b->len);
	int r;

	memcpy(copy, b->data, b->len);
	strv_clear(out);
	r = elf_archive_each(copy, b->len, collect, out, err);
	free(copy);
	return r;
}

static void bad(const struct buf *b, const char *message)
{
	CLEANUP_STRV struct strv names = STRV_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(each(b, &names, &err), -1);
	if (!strstr(err.msg, message))
		fail_msg("'%s' instead of '%s'", err.msg, message);
}

static void test_members(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	CLEANUP_STRV struct strv names = STRV_INIT;
	struct err err = ERR_INIT;

	(void)state;
	begin(&b);
	assert_int_equal(each(&b, &names, &err), 0);
	assert_int_equal(names.n, 0);
	add(&b, "/", "index", 5);
	add(&b, "/SYM64/", "index", 5);
	add(&b, "//", "a_very_long_name.o/\nanother_long_name.o/\n", 41);
	add(&b, "short.o/", "odd", 3);
	add(&b, "/20", "1", 1);
	add(&b, "/0", "", 0);
	add(&b, "plain", "22", 2);
	assert_int_equal(each(&b, &names, &err), 0);
	CLEANUP_FREE char *all = strv_join(&names, ",");
	assert_string_equal(all, "short.o=odd,another_long_name.o=1,a_very_long_name.o=,plain=22");
	add(&b, "stop/", "", 0);
	bad(&b, "stopped");
}

static void test_damage(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	buf_adds(&b, "!<thin>\nrest");
	bad(&b, "thin archive");
	b.data[2] = 'x';
	bad(&b, "not an archive");
	begin(&b);
	add(&b, "#1/4", "name", 4);
	bad(&b, "BSD form");
	begin(&b);
	add(&b, "/5", "", 0);
	bad(&b, "beyond the table");
	begin(&b);
	add(&b, "//", "no end", 6);
	add(&b, "/0", "", 0);
	bad(&b, "has no end");
	begin(&b);
	add(&b, "/x", "", 0);
	bad(&b, "is no number");
	begin(&b);
	add(&b, "", "", 0);
	bad(&b, "no proper name");
	begin(&b);
	add(&b, "a/", "1234", 4);
	b.len--;
	bad(&b, "cut off in a member");
	b.len = 8 + 59;
	bad(&b, "cut off in a member's header");
	b.len = 8 + 60;
	b.data[8 + 58] = 'x';
	bad(&b, "no member's header");
	b.data[8 + 58] = '`';
	memcpy(b.data + 8 + 48, "9999999999", 10);
	bad(&b, "cut off in a member");
	memcpy(b.data + 8 + 48, "-1        ", 10);
	bad(&b, "is no number");
}

static void test_archive_facts(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct elf_archive_facts f;
	struct err err = ERR_INIT;
	struct object o;

	(void)state;
	begin(&b);
	make(&o);
	add(&b, "code.o/", &o, sizeof(o));
	o.sh[SEC_TEXT].sh_flags = 0; /* relocations of what is not loaded do not count */
	add(&b, "debug.o/", &o, sizeof(o));
	o.sh[SEC_EXTRA] = (Elf64_Shdr){.sh_type = SHT_PROGBITS, .sh_name = 13};
	add(&b, "slim.o/", &o, sizeof(o));
	o.sh[SEC_TEXT].sh_flags = SHF_ALLOC;
	add(&b, "fat.o/", &o, sizeof(o));
	make(&o);
	o.eh.e_machine = EM_AARCH64;
	add(&b, "other.o/", &o, sizeof(o));
	add(&b, "clang.o/", "BC\xc0\xde", 4);
	add(&b, "README/", "text", 4);
	add(&b, "empty/", "", 0);
	assert_int_equal(elf_archive_facts_from_memory(b.data, b.len, &f, &err), 0);
	assert_int_equal(f.members, 8);
	assert_int_equal(f.bitcode_members, 1);
	assert_int_equal(f.lto_members, 1);
	assert_int_equal(f.fat_lto_members, 1);
	assert_int_equal(f.foreign_members, 3);
	assert_int_equal(f.machine, EM_X86_64);
	assert_int_equal(f.bits, 64);
	assert_int_equal(f.abs32_relocs, 4);
	assert_int_equal(f.defined_globals, 3);
	make(&o);
	o.sh[SEC_SYMTAB].sh_size = 1 << 20;
	add(&b, "damaged.o/", &o, sizeof(o));
	assert_int_equal(elf_archive_facts_from_memory(b.data, b.len, &f, &err), -1);
	assert_non_null(strstr(err.msg, "damaged.o"));
}

static void test_overlapping_sections(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct elf_archive_facts f;
	struct err err = ERR_INIT;
	struct object o;

	(void)state;
	make(&o);
	o.sh[SEC_SYMTAB].sh_offset = 0;
	o.sh[SEC_SYMTAB].sh_size = sizeof(o);
	begin(&b);
	add(&b, "a.o/", &o, sizeof(o));
	assert_int_equal(elf_archive_facts_from_memory(b.data, b.len, &f, &err), -1);
	assert_non_null(strstr(err.msg, "sections overlap"));
}

static void test_object_facts(void **state)
{
	CLEANUP_ELF_FACTS struct elf_facts f = {0};
	struct err err = ERR_INIT;
	struct object o;

	(void)state;
	make(&o);
	o.sh[SEC_EXTRA] = (Elf64_Shdr){.sh_type = SHT_PROGBITS, .sh_name = 1, .sh_size = 8};
	assert_int_equal(elf_facts_from_memory(&o, sizeof(o), &f, &err), 0);
	assert_int_equal(f.kind, ELF_KIND_OBJECT);
	assert_true(f.debug_info && f.symtab);
	assert_string_equal(elf_tls_model(&f), "none");
	o.eh.e_shstrndx = SEC_COUNT;
	assert_int_equal(elf_facts_from_memory(&o, sizeof(o), &f, &err), -1);
}

static void test_paths(void **state)
{
	char path[] = "/tmp/test_elf.XXXXXX";
	struct elf_facts f;
	struct err err = ERR_INIT;

	(void)state;
	close(mkstemp(path));
	assert_int_equal(elf_facts_read(path, &f, &err), -1);
	assert_non_null(strstr(err.msg, path));
	assert_non_null(strstr(err.msg, "not an ELF file"));
	unlink(path);
	assert_int_equal(elf_facts_read(path, &f, &err), -1);
	assert_int_equal(err.code, ERR_ENVIRONMENT);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(elf_facts_read(path, &f, &err), -1);
	assert_non_null(strstr(err.msg, "is a pipe, not a file"));
	unlink(path);
	assert_int_equal(elf_facts_read("/tmp", &f, &err), -1);
}

static void test_version_compare(void **state)
{
	(void)state;
	assert_true(elf_version_compare("2.9", "2.34") < 0);
	assert_true(elf_version_compare("2.34", "2.9") > 0);
	assert_true(elf_version_compare("2.34", "2.34.1") < 0);
	assert_int_equal(elf_version_compare("2.34", "2.034"), 0);
	assert_true(elf_version_compare("99999999999999999999", "100000000000000000000") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_archive_facts),
		cmocka_unit_test(test_overlapping_sections),
		cmocka_unit_test(test_object_facts),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_version_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
