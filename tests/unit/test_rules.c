/* Rules over facts made by hand: an installation in order, and one change at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "check/check-internal.h"
#include "installation.h"
#include "scratch.h"

static void set_dist_system(struct world *w)
{
	w->dist.libpython_shared = NULL;
}

static void set_unreadable(struct world *w)
{
	w->v[EXTENSION].problem = (char *)"cut off";
}

static void set_not_running(struct world *w)
{
	w->dist.runs = false;
	w->dist.why_not = (char *)"exit code 1";
}

static void set_other_machine(struct world *w)
{
	w->v[EXTENSION].facts.machine = EM_AARCH64;
}

static void set_other_class(struct world *w)
{
	w->v[LIBRARY].facts.bits = 32;
}

static void set_uncovered(struct world *w)
{
	static const char *const names[] = {"PyExc_ImportError", "PyInit_math", "PyList_New",
		"PyRun_SimpleString", "Py_CompileString", "Py_Initialize", "Py_Main", "_PyRuntime",
		"_Py_NoneStruct"};

	world_exports(w, PYTHON, names, ARRAY_SIZE(names));
}

static void set_no_init(struct world *w)
{
	json_array_append_new(json_object_get(w->dist.says, "builtins"), json_string("cmath"));
}

static void set_foreign(struct world *w)
{
	static const char *names[N_API + 2];

	memcpy(names, world_api, sizeof(world_api));
	names[N_API] = "environ";
	names[N_API + 1] = "my_free";
	world_exports(w, PYTHON, names, ARRAY_SIZE(names));
}

static void set_leak(struct world *w)
{
	static const char *const names[] = {"PyInit_zlib", "deflateInit_"};

	world_exports(w, EXTENSION, names, ARRAY_SIZE(names));
}

static void set_no_api(struct world *w)
{
	world_exports(w, LIBRARY, world_api, 5);
}

static void set_symbolic(struct world *w)
{
	w->v[LIBRARY].facts.symbolic = true;
}

static void set_yield(struct world *w)
{
	static const struct elf_undefined used[] = {{.name = "pthread_yield"}};

	w->v[EXTENSION].facts.undefined = (struct elf_undefined *)used;
	w->v[EXTENSION].facts.n_undefined = 1;
}

static void set_exec_stack(struct world *w)
{
	w->v[EXTENSION].facts.stack = ELF_STACK_EXEC;
}

static void set_no_stack(struct world *w)
{
	w->v[LIBRARY].facts.stack = ELF_STACK_MISSING;
}

static void set_wx(struct world *w)
{
	w->v[PYTHON].facts.wx_segment = true;
}

static void set_misplaced(struct world *w)
{
	w->v[PYTHON].facts.misplaced = "segment 7 begins at 0x2025d8, inside segment 3";
}

static void set_instrumented(struct world *w)
{
	w->v[LIBRARY].facts.bolt.applied = w->v[LIBRARY].facts.bolt.instrumented = true;
}

/* Optimised by BOLT is in order. */
static void set_bolted(struct world *w)
{
	w->v[PYTHON].facts.bolt = (struct elf_bolt){.applied = true, .revision = "1"};
}

static void set_textrel(struct world *w)
{
	w->v[LIBRARY].facts.textrel = true;
}

static void set_no_relro(struct world *w)
{
	w->v[EXTENSION].facts.relro = ELF_RELRO_NONE;
}

static void set_lazy(struct world *w)
{
	w->v[LIBRARY].facts.bind_now = false;
	w->v[LIBRARY].facts.relro = ELF_RELRO_PARTIAL;
}

static void set_lazy_extension(struct world *w)
{
	w->v[EXTENSION].facts.bind_now = false;
}

static void set_fixed(struct world *w)
{
	w->v[PYTHON].facts.kind = ELF_KIND_EXECUTABLE;
}

static void set_unfortified(struct world *w)
{
	w->v[PYTHON].facts.n_undefined = 1;
}

static void set_no_build_id(struct world *w)
{
	w->v[EXTENSION].facts.build_id = NULL;
}

static void set_new_glibc(struct world *w)
{
	w->v[EXTENSION].facts.glibc = "2.999";
}

static void set_own_dtpmod(struct world *w)
{
	w->v[PYTHON].facts.has_tls = true;
	w->v[PYTHON].facts.tls_relocs.own = 1;
	w->v[PYTHON].facts.tls_relocs.dtpmod = 1;
}

static void set_dynamic_library(struct world *w)
{
	w->v[LIBRARY].facts.has_tls = true;
	w->v[LIBRARY].facts.tls_relocs.dtpmod = 1;
}

static void set_large_tls(struct world *w)
{
	w->v[LIBRARY].facts.has_tls = true;
	w->v[LIBRARY].facts.static_tls = true;
	w->v[LIBRARY].facts.tls_size = 513;
}

static void set_enough_tls(struct world *w)
{
	set_large_tls(w);
	w->v[LIBRARY].facts.tls_size = 512;
}

static void set_overlinked(struct world *w)
{
	static const char *const needs[] = {"libpython3.13.so.1.0", "libc.so.6"};

	w->v[EXTENSION].facts.needed = (const char **)needs;
}

static void set_needy(struct world *w)
{
	static const char *const needs[] = {"libz.so.1", "libc.so.6"};

	w->v[EXTENSION].facts.needed = (const char **)needs;
}

static void set_absolute_path(struct world *w)
{
	w->v[EXTENSION].facts.runpath = "$ORIGIN/..:/usr/lib";
}

static void set_empty_path(struct world *w)
{
	w->v[EXTENSION].facts.rpath = "$ORIGIN/../lib::${ORIGIN}";
}

static void set_good_path(struct world *w)
{
	w->v[EXTENSION].facts.rpath = "$ORIGIN/../..:${ORIGIN}";
}

/* Two packages with runtimes of their own; and two that share one, with other libraries beside. */
static void set_two_openmp(struct world *w)
{
	static const char *one[] = {"libc.so.6", "libgomp-a34b3233.so.1.0.0"};
	static const char *other[] = {"libiomp5.so", "libc.so.6"};

	w->v[EXTENSION].facts.needed = one;
	w->v[LIBRARY].facts.needed = other;
	w->v[EXTENSION].facts.n_needed = w->v[LIBRARY].facts.n_needed = 2;
}

static void set_one_openmp(struct world *w)
{
	static const char *one[] = {"libompstuff.so", "libgomp.so.1"}, *other[] = {"libgomp.so.1"};

	w->v[EXTENSION].facts.needed = one;
	w->v[LIBRARY].facts.needed = other;
	w->v[EXTENSION].facts.n_needed = 2;
	w->v[LIBRARY].facts.n_needed = 1;
}

static void set_no_soname(struct world *w)
{
	w->v[LIBRARY].facts.soname = NULL;
}

static void set_odd_name(struct world *w)
{
	w->dist.series = (char *)"3.14";
}

/* What is below site-packages is not the distribution's. */
static void set_site(struct world *w)
{
	set_wx(w);
	set_exec_stack(w);
	w->v[PYTHON].facts.wx_segment = false;
	w->v[EXTENSION].site = true;
}

static void set_nothing(struct world *w)
{
	(void)w;
}

static const struct {
	void (*change)(struct world *w);
	const char *broken;
} changes[] = {
	{set_nothing, ""},
	{set_site, ""},
	{set_enough_tls, ""},
	{set_good_path, ""},
	{set_unreadable, "readable=fail"},
	{set_not_running, "init-functions=not checked runs=fail"},
	{set_other_machine, "machine=fail"},
	{set_other_class, "machine=fail"},
	{set_uncovered, "exports-covered=fail"},
	{set_no_init, "init-functions=warn"},
	{set_foreign, "foreign-exports=warn"},
	{set_leak, "third-party-exports=fail"},
	{set_no_api, "api-exported=fail"},
	{set_symbolic, "symbolic=fail"},
	{set_yield, "pthread-yield=warn"},
	{set_exec_stack, "stack=fail"},
	{set_no_stack, "stack=fail"},
	{set_wx, "writable-code=fail"},
	{set_misplaced, "segments=fail"},
	{set_instrumented, "instrumented=fail"},
	{set_bolted, ""},
	{set_textrel, "text-relocations=fail"},
	{set_no_relro, "relro=warn"},
	{set_lazy, "bind-now=warn"},
	{set_lazy_extension, "bind-now=warn"},
	{set_fixed, "pie=note"},
	{set_unfortified, "fortified=note"},
	{set_no_build_id, "build-id=note"},
	{set_new_glibc, "glibc=fail"},
	{set_own_dtpmod, "interpreter-tls=warn"},
	{set_dynamic_library, "library-tls=note"},
	{set_large_tls, "static-tls=fail"},
	{set_overlinked, "extension-needs-libpython=warn"},
	{set_needy, "needed-libraries=fail"},
	{set_absolute_path, "search-paths=fail"},
	{set_empty_path, "search-paths=fail"},
	{set_two_openmp, "needed-libraries=fail one-openmp=note"},
	{set_one_openmp, "needed-libraries=fail"},
	{set_no_soname, "soname=fail"},
	{set_odd_name, "interpreter-name=note"},
	{set_dist_system, "exports-covered=not checked library-tls=not checked soname=not checked"},
};

static void test_facts(void **state)
{
	static const char ids[] =
		"exports-covered init-functions foreign-exports third-party-exports api-exported "
		"symbolic pthread-yield readable runs machine needed-libraries "
		"extension-needs-libpython search-paths glibc interpreter-tls library-tls "
		"static-tls "
		"soname one-openmp stack writable-code segments instrumented text-relocations relro bind-now pie fortified build-id "
		"interpreter-name";
	CLEANUP_STRV struct strv only = STRV_INIT;

	scratch_file(*state, "share/solder/build.json", "{}", 0644);
	scratch_file(*state, "lib/libpython3.13.so.1.0", "", 0755);
	strv_split(&only, ids, " ");
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		CLEANUP_FREE char *found = NULL;
		struct world w;

		world_facts(&w, *state);
		changes[i].change(&w);
		found = world_broken(&w, &only);
		if (strcmp(found, changes[i].broken) != 0)
			fail_msg("change %zu: '%s' instead of '%s'", i, found, changes[i].broken);
		world_release(&w);
	}
}

static void test_ceiling(void **state)
{
	CLEANUP_STRV struct strv only = STRV_INIT;
	struct world w;
	json_t *model = json_object(), *rule;
	struct err err = ERR_INIT;

	world_facts(&w, *state);
	scratch_file(*state, "bin/python3", "", 0755);
	for (int i = 0; i < 120; i++) {
		CLEANUP_FREE char *name = xasprintf("bin/script%d", i);

		scratch_file(*state, name, "#!/nonexistent\n", 0755);
	}
	strv_add(&only, "shebangs");
	assert_int_equal(check_rules(&w.dist, &w.files, &only, NULL, model, &err), 0);
	rule = json_array_get(json_object_get(model, "rules"), 0);
	assert_int_equal(json_array_size(json_object_get(rule, "findings")), 100);
	assert_int_equal(json_integer_value(json_object_get(rule, "more")), 20);
	check_summarise(model);
	assert_true(check_found(model, CHECK_WARNING));
	json_decref(model);
	world_release(&w);
}

/* Only what is the loader's is asked of another implementation, however broken it is by the rules
 * of CPython. */
static void test_other_implementation(void **state)
{
	static const char *const any[] = {"readable", "runs", "machine", "needed-found",
		"search-paths", "glibc", "static-tls", "one-openmp"};
	struct world w;
	json_t *model = json_object(), *rule;
	struct err err = ERR_INIT;
	size_t i, applied = 0;

	world_facts(&w, *state);
	json_object_set_new(w.dist.says, "implementation", json_string("pypy"));
	set_exec_stack(&w);
	set_no_init(&w);
	assert_int_equal(check_rules(&w.dist, &w.files, NULL, NULL, model, &err), 0);
	json_array_foreach (json_object_get(model, "rules"), i, rule) {
		const char *id = json_string_value(json_object_get(rule, "id"));
		const char *why = json_string_value(json_object_get(rule, "why"));
		bool is_any = false;

		for (size_t k = 0; k < ARRAY_SIZE(any); k++)
			is_any = is_any || !strcmp(id, any[k]);
		applied += is_any;
		if (is_any != !(why && strstr(why, "this is PyPy")))
			fail_msg("%s: %s", id, why ? why : "applied");
	}
	assert_int_equal(applied, ARRAY_SIZE(any));
	check_summarise(model);
	assert_false(check_found(model, CHECK_NOTE));
	json_decref(model);
	world_release(&w);
}

static void test_choice(void **state)
{
	CLEANUP_STRV struct strv only = STRV_INIT, skip = STRV_INIT;
	struct world w;
	json_t *model = json_object();
	struct err err = ERR_INIT;

	world_facts(&w, *state);
	strv_split(&only, "stack relro pie", " ");
	strv_add(&skip, "relro");
	assert_int_equal(check_rules(&w.dist, &w.files, &only, &skip, model, &err), 0);
	assert_int_equal(json_array_size(json_object_get(model, "rules")), 2);
	check_summarise(model);
	assert_false(check_found(model, CHECK_WARNING));
	strv_add(&skip, "rello");
	assert_int_equal(check_rules(&w.dist, &w.files, &only, &skip, model, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.hint, "'relro'"));
	json_decref(model);
	world_release(&w);
}

/* Ctrl-C ends what the rules run, and that is no finding: in a child, since a signal stays. */
static void test_interrupt(void **state)
{
	json_t *model = json_object();
	struct err err = ERR_INIT;
	struct world w;
	int status;
	pid_t pid;

	world_facts(&w, *state);
	pid = fork();
	if (pid == 0) {
		interrupt_install();
		raise(SIGINT);
		_exit(check_rules(&w.dist, &w.files, NULL, NULL, model, &err) < 0 &&
					err.code == ERR_INTERRUPTED
				? 42
				: 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
	json_decref(model);
	world_release(&w);
}

static void test_summary(void **state)
{
	json_t *model = json_pack("{s:[{s:s},{s:s},{s:s}], s:[{s:s}], s:[{s:s},{s:s},{s:s}]}",
		"rules", "verdict", "pass", "verdict", "note", "verdict", "not checked", "probes",
		"verdict", "pass", "wheels", "verdict", "works", "verdict", "fails on both",
		"verdict", "works only here");

	(void)state;
	check_summarise(model);
	assert_false(check_found(model, CHECK_WARNING));
	assert_true(check_found(model, CHECK_NOTE));
	json_array_append_new(json_object_get(model, "wheels"),
		json_pack("{s:s}", "verdict", "breaks only here"));
	check_summarise(model);
	assert_true(check_found(model, CHECK_ERROR));
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(model, "summary"), "failed")),
		1);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(model, "summary"), "passed")),
		4);
	/* what fails on both is no difference */
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(model, "summary"), "noted")), 2);
	json_decref(model);
}

static void test_third_party(void **state)
{
	(void)state;
	assert_string_equal(rule_third_party("SSL_new"), "OpenSSL");
	assert_string_equal(rule_third_party("deflateInit_"), "zlib");
	assert_string_equal(rule_third_party("gzopen"), "zlib");
	assert_string_equal(rule_third_party("mpd_qadd"), "mpdecimal");
	assert_null(rule_third_party("gzopener"));
	assert_null(rule_third_party("PyList_New"));
	assert_null(rule_third_party(""));
	assert_null(rule_third_party("SSL"));
}

static void test_tables(void **state)
{
	const struct check_rule *rule;

	(void)state;
	for (size_t i = 0; (rule = check_rule_at(i)); i++) {
		const char *id = rule->id, *reason = rule->reason;

		assert_ptr_equal(check_rule_find(id), rule);
		assert_int_equal(strspn(id, "abcdefghijklmnopqrstuvwxyz-"), strlen(id));
		/* One line, that a sentence can go on with. */
		assert_null(strchr(reason, '\n'));
		assert_int_not_equal(reason[strlen(reason) - 1], '.');
		assert_int_not_equal(rule->todo[strlen(rule->todo) - 1], '.');
		assert_int_equal(rule->about[strlen(rule->about) - 1], '.');
	}
	assert_non_null(check_rule_at(40));
	assert_null(check_rule_find("no-such-rule"));
}

static void test_document(void **state)
{
	CLEANUP_BUF struct buf page = BUF_INIT;
	CLEANUP_FREE char *text = NULL;
	struct err err = ERR_INIT;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	check_rules_markdown(f);
	fclose(f);
	assert_int_equal(file_read("docs/rules.md", 1 << 20, &page, &err), 0);
	if (strcmp(page.data, text) != 0)
		fail_msg("docs/rules.md is not what the rules say: make accept");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_facts),
		SCRATCH_TEST(test_ceiling),
		SCRATCH_TEST(test_other_implementation),
		SCRATCH_TEST(test_choice),
		SCRATCH_TEST(test_interrupt),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_third_party),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_document),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
