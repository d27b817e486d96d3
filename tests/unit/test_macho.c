/* Mach-O and PE files made by hand or damaged, and what the names of wheels say. */
#include "scratch.h"

#include <string.h>

#include "base/file.h"
#include "check/foreign-internal.h"

#define SEEDS "tests/fuzz/corpus/"

static void load(const char *name, struct buf *bytes)
{
	CLEANUP_FREE char *path = xasprintf(SEEDS "%s", name);
	struct err err = ERR_INIT;

	if (file_read(path, 1 << 20, bytes, &err) < 0)
		fail_msg("%s", err.msg);
}

static void refused(const void *data, size_t n, enum err_code code, const char *message)
{
	struct macho_facts f = {0};
	struct err err = ERR_INIT;

	assert_int_equal(macho_facts_from_memory(data, n, &f, &err), -1);
	assert_int_equal(err.code, code);
	if (!strstr(err.msg, message))
		fail_msg("'%s' instead of '%s'", err.msg, message);
	assert_null(f.v);
}

static void test_module(void **state)
{
	CLEANUP_MACHO_FACTS struct macho_facts f = {0};
	CLEANUP_FREE char *minimum = NULL;
	const struct macho_slice *s;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(macho_facts_read(SEEDS "macho/framework", &f, &err), 0);
	assert_false(f.fat);
	s = macho_slice_for(&f, MACHO_CPU_X86_64);
	assert_non_null(s);
	assert_null(macho_slice_for(&f, MACHO_CPU_ARM64));
	assert_int_equal(s->type, MACHO_BUNDLE);
	assert_true(s->flags & MACHO_TWOLEVEL);
	assert_true(macho_exports(s, "_PyInit_m"));
	assert_int_equal(s->n_rpaths, 1);
	assert_string_equal(s->rpaths[0], "/usr/local/lib");
	assert_true(s->n_libraries >= 1 && s->platform == 1);
	minimum = macho_version(s->minimum);
	assert_string_equal(minimum, "11.0");
	for (size_t i = 0; i < s->n_undefined; i++) {
		const struct macho_undefined *u = &s->undefined[i];

		if (!strcmp(u->name, "__Py_NoneStruct"))
			assert_true(strstr(s->libraries[u->ordinal - 1].name, "Python.framework"));
	}
}

static void test_universal(void **state)
{
	CLEANUP_MACHO_FACTS struct macho_facts f = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(macho_facts_read(SEEDS "macho/universal", &f, &err), 0);
	assert_true(f.fat);
	assert_int_equal(f.n, 3);
	assert_non_null(macho_slice_for(&f, MACHO_CPU_ARM64));
	assert_false(macho_slice_for(&f, MACHO_CPU_ARM64)->unread);
	assert_true(macho_slice_for(&f, 7)->unread);
}

static void test_refused(void **state)
{
	static const uint8_t big[] = {0xfe, 0xed, 0xfa, 0xcf}, small[] = {0xce, 0xfa, 0xed, 0xfe};
	static const uint8_t java[] = {0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52, 0, 16, 0, 0};
	static const uint8_t none[] = {0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 0, 0, 16, 0, 0};

	(void)state;
	refused("", 0, ERR_INPUT, "cut off");
	refused("text", 4, ERR_INPUT, "not a Mach-O file");
	refused(big, sizeof(big), ERR_UNSUPPORTED, "big-endian");
	refused(small, sizeof(small), ERR_UNSUPPORTED, "32-bit");
	refused(java, sizeof(java), ERR_INPUT, "table of a universal file");
	refused(none, sizeof(none), ERR_INPUT, "table of a universal file");
	assert_false(macho_is(java, sizeof(java)));
	assert_true(macho_is(small, sizeof(small)));
}

/* However much is missing at the end, it is an error or facts, never more. */
static void test_cut(void **state)
{
	static const char *const names[] = {"macho/bundle", "macho/universal", "macho/chained",
		"pe/delayed.dll", "pe/abi3.pyd"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_BUF struct buf bytes = BUF_INIT;
		size_t refusals = 0;

		load(names[i], &bytes);
		for (size_t n = 0; n < bytes.len; n += 7) {
			CLEANUP_FREE char *copy = memcpy(xcalloc(1, n + 1), bytes.data, n);
			CLEANUP_MACHO_FACTS struct macho_facts macho = {0};
			CLEANUP_PE_FACTS struct pe_facts pe = {0};
			struct err err = ERR_INIT;

			refusals += names[i][0] == 'm'
					    ? macho_facts_from_memory(copy, n, &macho, &err) < 0
					    : pe_facts_from_memory(copy, n, &pe, &err) < 0;
		}
		assert_true(refusals > 10);
	}
}

static void test_pe(void **state)
{
	CLEANUP_PE_FACTS struct pe_facts f = {0}, none = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(pe_facts_read(SEEDS "pe/delayed.dll", &f, &err), 0);
	assert_int_equal(f.machine, PE_MACHINE_AMD64);
	assert_true(f.dll && f.bits == 64);
	assert_int_equal(f.n_imports, 2);
	assert_string_equal(f.imports[0].dll, "python313.dll");
	assert_int_equal(f.imports[0].n_names, 2);
	assert_true(f.imports[1].delayed && !f.imports[0].delayed);
	assert_int_equal(f.n_exports, 1);
	assert_string_equal(f.exports[0], "PyInit_m");
	assert_int_equal(pe_facts_read(SEEDS "pe/dos", &none, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
}

static void test_tags(void **state)
{
	struct foreign_tags t;

	(void)state;
	assert_true(foreign_tags_read("a-1-cp313-cp313-macosx_10_9_universal2.whl", &t));
	assert_int_equal(t.system, FOREIGN_MACOS);
	assert_int_equal(t.arm64, 0xb0000);
	assert_int_equal(t.x86_64, 0xa0900);
	assert_int_equal(t.minor, 13);
	assert_true(foreign_tags_read(
		"a-1-cp39-abi3-macosx_12_0_x86_64.macosx_10_13_x86_64.macosx_14_0_arm64.whl", &t));
	assert_true(t.abi3);
	assert_int_equal(t.x86_64, 0xa0d00);
	assert_int_equal(t.arm64, 0xe0000);
	assert_true(foreign_tags_read("a-1-cp313-cp313t-musllinux_1_2_aarch64.whl", &t));
	assert_true(t.musl && t.threads);
	assert_int_equal(t.elf_machine, 183);
	assert_true(foreign_tags_read("a-1-2-cp313-cp313-win_amd64.whl", &t));
	assert_int_equal(t.pe_machine, PE_MACHINE_AMD64);
	assert_false(foreign_tags_read("a-1-py3-none-any.whl", &t));
	assert_false(foreign_tags_read("a-1.whl", &t));
	assert_false(foreign_tags_read("a-1-cp313-cp313-macosx_99999999999_0_arm64.whl", &t));
}

static void test_places(void **state)
{
	static const struct {
		const char *folder, *path, *place;
	} cases[] = {{"pkg", "/lib/x", "pkg/lib/x"}, {"pkg", "../y", "y"}, {".", "x", "x"},
		{"a/b", "/../../c", "c"}, {"a", "../../c", NULL}, {"", "/..", NULL},
		{"a", "//./b/", "a/b"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *place = foreign_join(cases[i].folder, cases[i].path);

		if (!cases[i].place)
			assert_null(place);
		else
			assert_string_equal(place, cases[i].place);
	}
	assert_true(foreign_is_api("PyList_New") && foreign_is_api("_Py_NoneStruct"));
	assert_false(foreign_is_api("PyInit_m") || foreign_is_api("Pyrex") || foreign_is_api("P"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_module),
		cmocka_unit_test(test_universal),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_pe),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
