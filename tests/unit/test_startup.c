/* What the loader and the kernel say of a start. */
#include "scratch.h"

#include <string.h>

#include "explain/explain-internal.h"

static const char statistics[] =
	"     12797:\t\n"
	"     12797:\truntime linker statistics:\n"
	"     12797:\t  total startup time in dynamic loader: 1572835 cycles\n"
	"     12797:\t            time needed for relocation: 190021 cycles (12.0%)\n"
	"     12797:\t                 number of relocations: 790\n"
	"     12797:\t      number of relocations from cache: 4397\n"
	"     12797:\t        number of relative relocations: 18957\n"
	"     12797:\t           time needed to load objects: 38570 cycles (2.4%)\n"
	"     12797:\t\n"
	"     12797:\truntime linker statistics:\n"
	"     12797:\t           final number of relocations: 794\n"
	"     12797:\tfinal number of relocations from cache: 4398\n";

static const char lookups[] =
	"     12800:\tfile=libc.so.6 [0];  needed by /usr/bin/python3 [0]\n"
	"     12800:\tfile=libc.so.6 [0];  generating link map\n"
	"     12800:\t  dynamic: 0x00007f  base: 0x00007f   size: 0x1\n"
	"     12800:\tsymbol=free;  lookup in file=/usr/bin/python3 [0]\n"
	"     12800:\tsymbol=free;  lookup in file=/lib/libc.so.6 [0]\n"
	"     12800:\tbinding file /lib/libc.so.6 [0] to /lib/libc.so.6 [0]: normal symbol "
	"`free' [GLIBC_2.2.5]\n";

static void reads_the_loader(void **unused)
{
	struct explain_ld ld = {0};

	(void)unused;
	explain_ld_read(statistics, strlen(statistics), &ld);
	assert_true(ld.statistics);
	assert_int_equal(ld.cycles, 1572835);
	assert_int_equal(ld.cycles_relocating, 190021);
	assert_int_equal(ld.cycles_loading, 38570);
	assert_int_equal(ld.relocations, 794);
	assert_int_equal(ld.cached, 4398);
	assert_int_equal(ld.relative, 18957);
	assert_int_equal(ld.objects + ld.bindings + ld.searches, 0);
	explain_ld_read(lookups, strlen(lookups), &ld);
	assert_int_equal(ld.objects, 1);
	assert_int_equal(ld.searches, 2);
	assert_int_equal(ld.bindings, 1);
	assert_int_equal(ld.cycles, 1572835);
}

/* Cut off anywhere, too large, or something else altogether: no number that was not said. */
static void reads_damaged_words(void **unused)
{
	static const char *const texts[] = {"", ":", ":\t", "\n\n",
		"x:\tnumber of relocations:", "number of relocations: 99999999999999999999999",
		"number of relocations: x", "symbol=", "file=", "binding"};
	struct explain_ld ld = {0}, none = {0};

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		explain_ld_read(texts[i], strlen(texts[i]), &ld);
	assert_memory_equal(&ld, &none, sizeof(ld));
	for (size_t n = 0; n < strlen(statistics); n++) {
		char *part = malloc(n ? n : 1);

		memcpy(part, statistics, n);
		explain_ld_read(part, n, &ld);
		free(part);
	}
}

static void reads_mappings(void **unused)
{
	struct explain_trace trace = {0};

	(void)unused;
	explain_trace_read_smaps("55d0-55d1 r--p 00000000 08:01 42    /opt/a b/python3\n"
				 "Size:                  8 kB\n"
				 "Rss:                   4 kB\n"
				 "Private_Dirty:         4 kB\n"
				 "Anonymous:             0 kB\n"
				 "55d1-55d2 rw-p 00000000 08:01 42    /opt/a b/python3\n"
				 "Size:                  4 kB\n"
				 "Rss:                   4 kB\n"
				 "Private_Dirty:         4 kB\n"
				 "Anonymous:             4 kB\n"
				 "VmFlags: rd wr mr\n"
				 "7ffe-7fff rw-p 00000000 00:00 0 \n"
				 "Size:                 12 kB\n"
				 "7fff-8000 rw-p 00000000 00:00 0   [stack]",
		&trace);
	assert_int_equal(trace.n_mappings, 3);
	assert_string_equal(trace.mappings[0].path, "/opt/a b/python3");
	assert_int_equal(trace.mappings[0].size, 12 << 10);
	assert_int_equal(trace.mappings[0].resident, 8 << 10);
	assert_int_equal(trace.mappings[0].written, 4 << 10);
	assert_string_equal(trace.mappings[1].path, "");
	assert_string_equal(trace.mappings[2].path, "[stack]");
	explain_trace_release(&trace);
}

static char *run(const char *program, const char *script, struct explain_trace *trace)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	struct err err = ERR_INIT;
	char *why = NULL;

	strv_add(&argv, program);
	strv_add(&argv, "-c");
	strv_add(&argv, script);
	strv_add(&env, "A=1");
	assert_int_equal(explain_trace_run(&argv, &env, "/", trace, &why, &err), 0);
	return why;
}

static void traces_a_program(void **unused)
{
	struct explain_trace one = {0}, two = {0};
	CLEANUP_FREE char *why = run("/bin/sh", ":", &one);
	CLEANUP_FREE char *why_two =
		run("/bin/sh", "exec 3</etc/passwd; exec 4<nowhere/x || :", &two);

	(void)unused;
	assert_null(why);
	assert_int_equal(one.opens_failed, 0);
	assert_true(one.opens > 0 && one.faults > 0 && one.mapped > 0 && one.n_mappings > 2);
	/* sh ends with an error when a file cannot be opened. */
	assert_non_null(why_two);
	assert_int_equal(two.opens, one.opens + 1);
	assert_int_equal(two.opens_failed, 1);
	assert_true(strv_has(&two.files, "/etc/passwd"));
	assert_false(strv_has(&two.files, "nowhere/x"));
	explain_trace_release(&one);
	explain_trace_release(&two);
}

static void says_why_not(void **unused)
{
	struct explain_trace trace = {0};
	CLEANUP_FREE char *killed = run("/bin/sh", "kill -9 $$", &trace);
	CLEANUP_FREE char *gone = run("/nowhere/sh", ":", &trace);

	(void)unused;
	assert_string_equal(killed, "under ptrace it was killed by signal 9");
	assert_string_equal(gone, "under ptrace it ended with exit code 127");
	explain_trace_release(&trace);
}

static void starts_a_python(void **state)
{
	struct explain_startup s = {0};
	struct err err = ERR_INIT;
	const char *dir = *state;

	assert_int_equal(explain_startup("/usr/bin/python3", dir, &s, &err), 0);
	assert_null(s.no_trace);
	assert_true(strv_has(&s.modules, "sys"));
	assert_true(s.n_types > 0 && s.n_objects > 1);
	assert_true(s.ld.statistics && s.ld.bindings > 0 && s.ld.searches >= s.ld.bindings);
	explain_startup_release(&s);
	assert_int_equal(explain_startup("/bin/false", dir, &s, &err), -1);
	assert_string_equal(err.msg, "'/bin/false' does not start: exit code 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_loader),
		cmocka_unit_test(reads_damaged_words),
		cmocka_unit_test(reads_mappings),
		cmocka_unit_test(traces_a_program),
		cmocka_unit_test(says_why_not),
		SCRATCH_TEST(starts_a_python),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
