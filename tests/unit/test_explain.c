/* Weights and attribution, on small programs that execute a known number of each kind of site. */
#include "scratch.h"

#include <stdio.h>

#include "base/buf.h"
#include "code/code.h"
#include "elf/elf.h"
#include "explain/explain-internal.h"

/* What starts and ends a program is taken off. */
#define ROUNDS 200

static const char lib_c[] = "#include <unistd.h>\n"
			    "#define KEEP __attribute__((noinline))\n"
			    "__thread volatile int counter;\n"
			    "static __thread volatile int own_counter;\n"
			    "volatile int value;\n"
			    "KEEP int touch(void) { return counter++; }\n"
			    "KEEP int touch_own(void) { return own_counter++; }\n"
			    "KEEP int read_value(void) { return value; }\n"
			    "KEEP int callee(int x) { __asm__ volatile(\"\"); return x + value; }\n"
			    "KEEP int through(int x) { return callee(x) + 1; }\n"
			    "KEEP int other(void) { return getppid() + 1; }\n"
			    "KEEP int indirect(int (*f)(int), int x) { return f(x) + 1; }\n";
static const char main_c[] =
	"#include <stdlib.h>\n"
	"int touch(void), touch_own(void), read_value(void), through(int), other(void);\n"
	"int indirect(int (*)(int), int);\n"
	"static __attribute__((noinline)) int mine(int x) { __asm__ volatile(\"\"); return x; }\n"
	"int main(int argc, char **argv)\n"
	"{\n"
	"	int sum = 0;\n"
	"	for (int i = 0, n = atoi(argv[argc - 1]); i < n; i++)\n"
	"		sum += touch() + touch_own() + read_value() + through(i) + other() +\n"
	"			indirect(mine, i);\n"
	"	return sum == 12345;\n"
	"}\n";

/* Executions of sites in one round. main() makes six calls; `through` makes one to `callee`,
 * `other` one to the C library, `indirect` one through its argument. `touch` and `touch_own` are
 * two accesses, `read_value` and `callee` each read a variable that others could define. */
struct expected {
	unsigned le, ie, gd, ld, desc;
	unsigned direct, plt_own, plt_other, got, indirect, got_load;
	unsigned own_stub; /* instructions in stubs to itself */
	unsigned got_own;  /* of got_load: of symbols that others could define */
	unsigned markers;
	unsigned tls_calls;
};

struct form {
	const char *name, *cc, *lib_flags, *main_flags;
	const char *link; /* of the library; NULL: all in the program */
	struct expected expected;
};

/* A stub is one jump; with landing pads (IBT) two instructions. */
static const struct form forms[] = {
	{"gcc, static", "gcc", "-fPIE", "", NULL,
		{.le = 4, .direct = 7, .plt_other = 1, .indirect = 1}},
	{"gcc, static from position-independent objects", "gcc", "-fPIC", "", NULL,
		{.le = 2, .direct = 7, .plt_other = 1, .indirect = 1}},
	{"gcc, shared", "gcc", "-fPIC", "", "-Wl,-z,now",
		{.gd = 1,
			.ld = 1,
			.plt_own = 1,
			.plt_other = 7,
			.indirect = 1,
			.got_load = 2,
			.got_own = 2,
			.own_stub = 1,
			.tls_calls = 2}},
	{"gcc, shared, lazy", "gcc", "-fPIC", "-Wl,-z,lazy", "-Wl,-z,lazy",
		{.gd = 1,
			.ld = 1,
			.plt_own = 1,
			.plt_other = 7,
			.indirect = 1,
			.got_load = 2,
			.got_own = 2,
			.own_stub = 1,
			.tls_calls = 2}},
	{"gcc, shared, initial-exec", "gcc", "-fPIC -ftls-model=initial-exec", "", "-Wl,-z,now",
		{.ie = 2,
			.plt_own = 1,
			.plt_other = 7,
			.indirect = 1,
			.got_load = 2,
			.got_own = 2,
			.own_stub = 1}},
	{"gcc, shared, descriptors", "gcc", "-fPIC -mtls-dialect=gnu2", "", "-Wl,-z,now",
		{.desc = 2,
			.plt_own = 1,
			.plt_other = 7,
			.indirect = 1,
			.got_load = 2,
			.got_own = 2,
			.own_stub = 1}},
	{"gcc, shared, -Bsymbolic-functions", "gcc", "-fPIC", "",
		"-Wl,-z,now -Wl,-Bsymbolic-functions",
		{.gd = 1,
			.ld = 1,
			.direct = 1,
			.plt_other = 7,
			.indirect = 1,
			.got_load = 2,
			.got_own = 2,
			.tls_calls = 2}},
	{"gcc, shared, -fno-plt", "gcc", "-fPIC -fno-plt", "-fno-plt", "-Wl,-z,now",
		{.gd = 1,
			.ld = 1,
			.got = 8,
			.indirect = 1,
			.got_load = 2,
			.got_own = 2,
			.tls_calls = 2}},
	{"gcc, shared, landing pads", "gcc", "-fPIC -fcf-protection=full", "-fcf-protection=full",
		"-Wl,-z,now -Wl,-z,ibtplt",
		{.gd = 1,
			.ld = 1,
			.plt_own = 1,
			.plt_other = 7,
			.indirect = 1,
			.got_load = 2,
			.got_own = 2,
			.own_stub = 2,
			.markers = 8,
			.tls_calls = 2}},
	{"clang, static", "clang-14", "-fPIE", "", NULL,
		{.le = 4, .direct = 7, .plt_other = 1, .indirect = 1}},
	{"clang, shared", "clang-14", "-fPIC", "", "-Wl,-z,now",
		{.gd = 1,
			.ld = 1,
			.plt_own = 1,
			.plt_other = 7,
			.indirect = 1,
			.got_load = 2,
			.got_own = 2,
			.own_stub = 1,
			.tls_calls = 2}},
	/* What is called through the argument is known then. */
	{"gcc, static, LTO", "gcc", "-fPIE -flto", "-flto", NULL,
		{.le = 4, .direct = 8, .plt_other = 1}},
	{"gcc, shared, LTO", "gcc", "-fPIC -flto", "-flto", "-Wl,-z,now -flto",
		{.gd = 1,
			.ld = 1,
			.plt_own = 1,
			.plt_other = 7,
			.indirect = 1,
			.got_load = 2,
			.got_own = 2,
			.own_stub = 1,
			.tls_calls = 2}},
	{"clang, static, LTO", "clang-14", "-fPIE -flto", "-flto -fuse-ld=lld-14", NULL,
		{.le = 4, .direct = 8, .plt_other = 1}},
	{"clang, shared, LTO", "clang-14", "-fPIC -flto", "-flto -fuse-ld=lld-14",
		"-Wl,-z,now -flto -fuse-ld=lld-14",
		{.gd = 1,
			.ld = 1,
			.plt_own = 1,
			.plt_other = 7,
			.indirect = 1,
			.got_load = 2,
			.got_own = 2,
			.own_stub = 1,
			.tls_calls = 2}},
	{"gcc, shared, -Bsymbolic", "gcc", "-fPIC", "", "-Wl,-z,now -Wl,-Bsymbolic",
		{.gd = 1, .ld = 1, .direct = 1, .plt_other = 7, .indirect = 1, .tls_calls = 2}},
	{"clang, shared by lld", "clang-14", "-fPIC", "", "-Wl,-z,now -fuse-ld=lld-14",
		{.gd = 1,
			.ld = 1,
			.plt_own = 1,
			.plt_other = 7,
			.indirect = 1,
			.got_load = 2,
			.got_own = 2,
			.own_stub = 1,
			.tls_calls = 2}},
};

static void build(const char *dir, const struct form *f)
{
	free(scratch_shell(dir, "%s -O2 -c -o lib.o %s lib.c", f->cc, f->lib_flags));
	free(scratch_shell(dir, "%s -O2 -fPIE -c -o main.o %s main.c", f->cc, f->main_flags));
	if (!f->link) {
		free(scratch_shell(
			dir, "%s -O2 -pie %s -Wl,-z,now -o p main.o lib.o", f->cc, f->main_flags));
		return;
	}
	free(scratch_shell(dir, "%s -O2 -shared %s -o libpythontruth.so lib.o", f->cc, f->link));
	free(scratch_shell(dir,
		"%s -O2 -pie %s -o p main.o -L. -lpythontruth -Wl,-rpath,\"$PWD\" -Wl,--as-needed",
		f->cc, f->main_flags));
}

static void weigh(const char *dir, struct explain_weights *weights)
{
	CLEANUP_CALLGRIND struct callgrind run = {0};
	CLEANUP_FREE char *program = xasprintf("%s/p", dir);
	const struct explain_run spec = {
		.interpreter = program, .script = "rounds", .loops = ROUNDS, .scratch = dir};
	struct err err = ERR_INIT;
	int64_t sum = 0, classes = 0, objects = 0;

	if (explain_run_loops(&spec, &run, &err) < 0 || explain_weigh(&run, weights, &err) < 0)
		fail_msg("%s (%s)", err.msg, err.hint);
	for (unsigned c = 0; c < EXPLAIN_N_CAUSES; c++)
		sum += weights->causes[c];
	assert_int_equal(sum, run.total);
	assert_int_equal(sum, weights->total);
	for (unsigned c = 0; c < CODE_N_CLASSES; c++)
		classes += weights->classes[c];
	for (size_t i = 0; i < weights->n_objects; i++)
		objects += weights->objects[i].total;
	assert_int_equal(classes, objects);
	for (unsigned c = 0; c < CODE_N_SITES; c++)
		assert_true(weights->class_sites[c] <= weights->class_in_files[c]);
	assert_int_equal(weights->causes[EXPLAIN_UNKNOWN], 0);
	assert_int_equal(weights->causes[EXPLAIN_LOADER], 0);
	assert_int_equal(weights->n_less, 0);
}

static unsigned check(const struct form *f, const char *what, int64_t executed, unsigned expected)
{
	if (executed == (int64_t)expected * ROUNDS)
		return 0;
	print_error("%s: %s: %.3f in a round, not %u\n", f->name, what, (double)executed / ROUNDS,
		expected);
	return 1;
}

static unsigned check_form(const struct form *f, const struct explain_weights *w)
{
	const struct expected *e = &f->expected;
	const unsigned sites[CODE_N_SITES] = {
		[CODE_SITE_TLS_LE] = e->le,
		[CODE_SITE_TLS_IE] = e->ie,
		[CODE_SITE_TLS_GD] = e->gd,
		[CODE_SITE_TLS_LD] = e->ld,
		[CODE_SITE_TLS_DESC] = e->desc,
		[CODE_SITE_CALL_DIRECT] = e->direct,
		[CODE_SITE_CALL_PLT_OWN] = e->plt_own,
		[CODE_SITE_CALL_PLT_OTHER] = e->plt_other,
		[CODE_SITE_CALL_GOT] = e->got,
		[CODE_SITE_CALL_INDIRECT] = e->indirect,
		[CODE_SITE_GOT_LOAD] = e->got_load,
	};
	unsigned bad = 0;

	for (unsigned i = 0; i < CODE_N_SITES; i++)
		bad += check(f, code_class_name(i), w->class_executions[i], sites[i]);
	bad += check(f, "stubs to itself", w->causes[EXPLAIN_PLT_OWN], e->own_stub);
	bad += check(f, "interposable GOT loads", w->causes[EXPLAIN_GOT_OWN], e->got_own);
	bad += check(f, "markers", w->causes[EXPLAIN_MARKER], e->markers);
	bad += check(f, "calls of __tls_get_addr", w->tls_calls, e->tls_calls);
	bad += check(f, "code in no file", w->causes[EXPLAIN_NOWHERE], 0);
	return bad;
}

static void test_truth(void **state)
{
	const char *dir = *state;
	unsigned bad = 0;

	scratch_file(dir, "lib.c", lib_c, 0644);
	scratch_file(dir, "main.c", main_c, 0644);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		CLEANUP_WEIGHTS struct explain_weights weights = {0};

		build(dir, &forms[i]);
		weigh(dir, &weights);
		bad += check_form(&forms[i], &weights);
	}
	assert_int_equal(bad, 0);
}

/* Two libraries that differ by one flag: the causes that differ, and by how much in a round, or
 * only that there is more where that is the compiler's to say. Nothing else differs by a single
 * instruction. What is executed inside __tls_get_addr, which is the C library's, is not counted. */
static const struct one_flag {
	const char *name;
	const char *compile[2], *link[2];
	struct {
		const char *cause;
		bool known;
		int more;
	} rows[5];
} one_flags[] = {
	/* Accesses no longer name the thread pointer (work), the stack is aligned around calls. Of
	 * each of the two: a load of the offset, a load and a store; then lea, call, stub, load. */
	{"-ftls-model", {"-ftls-model=initial-exec", "-ftls-model=global-dynamic"}, {"", ""},
		{{"tls", true, 2}, {"frame", false, 0}, {"work", false, 0}}},
	{"-Bsymbolic-functions", {"", ""}, {"", "-Wl,-Bsymbolic-functions"},
		{{"plt-own", true, -1}}},
	{"-Bsymbolic", {"", ""}, {"", "-Wl,-Bsymbolic"},
		{{"plt-own", true, -1}, {"got-own", true, -2}, {"address", true, 2}}},
	/* One call to itself, one to the C library, two of __tls_get_addr. */
	{"-fno-plt", {"", "-fno-plt"}, {"", ""},
		{{"plt-own", true, -1}, {"plt-other", true, -1}, {"tls", true, -2}}},
	{"-fcf-protection", {"-fcf-protection=none", "-fcf-protection=branch"}, {"", ""},
		{{"control-flow-marker", true, 7}}},
};

static unsigned check_row(
	const struct one_flag *flag, const struct explain_row *row, int64_t in_tls_get_addr)
{
	int64_t more = row->b - row->a, expected = 0;
	bool known = true;

	if (!strcmp(row->name, "tls"))
		more -= in_tls_get_addr;
	for (size_t i = 0; i < ARRAY_SIZE(flag->rows) && flag->rows[i].cause; i++) {
		if (strcmp(flag->rows[i].cause, row->name) != 0)
			continue;
		expected = (int64_t)flag->rows[i].more * ROUNDS;
		known = flag->rows[i].known;
	}
	if (known ? more == expected : more > 0)
		return 0;
	print_error("%s: %s differs by %.3f in a round\n", flag->name, row->name,
		(double)more / ROUNDS);
	return 1;
}

static void test_one_flag(void **state)
{
	const char *dir = *state;
	unsigned bad = 0;

	scratch_file(dir, "lib.c", lib_c, 0644);
	scratch_file(dir, "main.c", main_c, 0644);
	for (size_t i = 0; i < ARRAY_SIZE(one_flags); i++) {
		const struct one_flag *flag = &one_flags[i];
		CLEANUP_WEIGHTS struct explain_weights a = {0}, b = {0};
		CLEANUP_EXPLAIN_RESULT struct explain_result r = {0};
		struct err err = ERR_INIT;
		int64_t sum = 0;

		for (int side = 0; side < 2; side++) {
			CLEANUP_FREE char *compile = xasprintf("-fPIC %s", flag->compile[side]);
			CLEANUP_FREE char *link = xasprintf("-Wl,-z,now %s", flag->link[side]);
			const struct form form = {
				.cc = "gcc", .lib_flags = compile, .main_flags = "", .link = link};

			build(dir, &form);
			weigh(dir, side ? &b : &a);
		}
		assert_int_equal(explain_compare(&a, &b, &r, &err), 0);
		assert_true(r.matched);
		for (size_t row = 0; row < r.n_rows; row++) {
			bad += check_row(flag, &r.rows[row], b.tls_get_addr - a.tls_get_addr);
			sum += r.rows[row].b - r.rows[row].a;
		}
		assert_int_equal(sum, b.total - a.total);
		assert_true(sum != 0);
	}
	assert_int_equal(bad, 0);
}

/* Without names nothing is matched, and that is said; the sums hold all the same. */
static void test_stripped(void **state)
{
	const char *dir = *state;
	struct form form = forms[0];
	CLEANUP_WEIGHTS struct explain_weights a = {0}, b = {0};
	CLEANUP_EXPLAIN_RESULT struct explain_result r = {0};
	struct err err = ERR_INIT;

	scratch_file(dir, "lib.c", lib_c, 0644);
	scratch_file(dir, "main.c", main_c, 0644);
	build(dir, &form);
	weigh(dir, &a);
	free(scratch_shell(dir, "strip p"));
	weigh(dir, &b);
	assert_true(a.objects[0].named);
	assert_false(b.objects[0].named);
	assert_int_equal(a.total, b.total);
	assert_int_equal(a.causes[EXPLAIN_TLS], b.causes[EXPLAIN_TLS]);
	assert_int_equal(explain_compare(&a, &b, &r, &err), 0);
	assert_false(r.matched);
}

static void test_failures(void **state)
{
	const char *dir = *state;
	CLEANUP_CALLGRIND struct callgrind run = {0};
	CLEANUP_FREE char *program = xasprintf("%s/p", dir);
	struct explain_weights weights = {0};
	const struct explain_run spec = {.interpreter = program, .script = "s", .scratch = dir};
	struct err err = ERR_INIT;

	scratch_file(dir, "p.c", "int main(void) { *(volatile int *)0 = 1; }\n", 0644);
	free(scratch_shell(dir, "gcc -o p p.c"));
	assert_int_equal(explain_run(&spec, &run, &err), -1);
	assert_non_null(strstr(err.msg, "fails, running 's': killed by SIGSEGV"));
	/* Only valgrind gives it this variable. */
	scratch_file(dir, "p.c",
		"#include <stdio.h>\n#include <stdlib.h>\n"
		"int main(void) { if (getenv(\"GLIBCPP_FORCE_NEW\")) { puts(\"so sorry\"); "
		"return 3; } return 0; }\n",
		0644);
	free(scratch_shell(dir, "gcc -o p p.c"));
	assert_int_equal(explain_run(&spec, &run, &err), -1);
	assert_non_null(strstr(err.msg, "fails under valgrind, running 's': exit code 3"));
	assert_non_null(strstr(err.hint, "so sorry"));
	/* Files that are gone, and runs of something else. */
	run.command = xstrdup("/nowhere/p 1");
	strv_add(&run.objects, "/nowhere/p");
	strv_add(&run.functions, "main");
	run.costs = xcalloc(1, sizeof(*run.costs));
	run.costs[0].count = run.total = 1;
	run.n_costs = 1;
	assert_int_equal(explain_weigh(&run, &weights, &err), -1);
	assert_non_null(strstr(err.msg, "/nowhere/p"));
	free(run.command);
	run.command = xstrdup("ls");
	assert_int_equal(explain_weigh(&run, &weights, &err), -1);
	assert_non_null(strstr(err.msg, "nothing was executed in 'ls'"));
}

/* What a forked process executes is not counted, and its profile does not take the parent's place,
 * even when it ends later. */
static void test_forks(void **state)
{
	const char *dir = *state;
	CLEANUP_CALLGRIND struct callgrind run = {0};
	CLEANUP_FREE char *program = xasprintf("%s/p", dir);
	const struct explain_run spec = {
		.interpreter = program, .script = "s", .loops = 3, .scratch = dir};
	struct err err = ERR_INIT;

	scratch_file(dir, "p.c",
		"#include <stdlib.h>\n#include <sys/wait.h>\n#include <unistd.h>\n"
		"int main(int argc, char **argv) {\n"
		"	for (int i = atoi(argv[argc - 1]); i > 0; i--)\n"
		"		if (fork() == 0) {\n"
		"			for (volatile int n = 0; n < 10000000; n++) continue;\n"
		"			return 0;\n"
		"		}\n"
		"	while (wait(0) > 0) continue;\n"
		"	return 0; }\n",
		0644);
	free(scratch_shell(dir, "gcc -O1 -o p p.c"));
	if (explain_run(&spec, &run, &err) < 0)
		fail_msg("%s (%s)", err.msg, err.hint);
	assert_int_equal(run.forked, 3);
	assert_in_range(run.total, 10000, 5000000);
	assert_int_equal(run.parts, 1);
}

/* The copy of an interpreter finds its way, and its profile names the original. */
static void test_place(void **state)
{
	const char *dir = *state;
	CLEANUP_FREE char *root = xasprintf("%s/place", dir), *inside = NULL;
	CLEANUP_CALLGRIND struct callgrind run = {0};
	CLEANUP_PYTHON struct python dist = {0};
	struct explain_place place = {0};
	struct err err = ERR_INIT;

	if (py_find("/usr/bin/python3", &dist, &err) < 0 ||
		explain_place(&dist, root, &place, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(place.moved);
	free(scratch_shell(dir, "place/bin/python -c 'import json'"));
	inside = xasprintf("%s/lib/x.so", place.root);
	run.command = xasprintf("%s s 1", place.interpreter);
	strv_add(&run.objects, place.interpreter);
	strv_add(&run.objects, inside);
	strv_add(&run.objects, "/elsewhere/x.so");
	explain_place_restore(&place, &run);
	assert_string_equal(run.objects.v[0], dist.interpreter);
	assert_string_equal(run.objects.v[1], "/usr/lib/x.so");
	assert_string_equal(run.objects.v[2], "/elsewhere/x.so");
	assert_true(explain_is_interpreter(run.objects.v[0], run.command));
	explain_place_release(&place);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(explain_fold("f"), 1);
	assert_int_equal(explain_fold("f.cold"), 1);
	assert_int_equal(explain_fold("f.isra.0.constprop.2.lto_priv.1"), 1);
	assert_int_equal(explain_fold("f.1"), 3);
	assert_int_equal(explain_fold(".cold"), 5);
	assert_true(explain_is_interpreter("/a b/bin/p", "/a b/bin/p x 1"));
	assert_true(explain_is_interpreter("/usr/bin/p", "./p x/q 1"));
	assert_true(explain_is_interpreter("/x/libpython3.13.so.1.0", "p"));
	assert_true(explain_is_interpreter("/usr/bin/python3.11", "/usr/bin/python3 -Sc pass"));
	assert_true(explain_is_interpreter("/x/bin/python3.13td", "link"));
	assert_true(explain_is_interpreter("/x/bin/python", NULL));
	assert_false(explain_is_interpreter("/x/lib/python3.so", "p"));
	assert_false(explain_is_interpreter("/usr/lib/libc.so.6", "./p libc.so.6"));
	assert_int_equal(explain_cause_of_object("/lib64/ld-linux-x86-64.so.2"), EXPLAIN_LOADER);
	assert_int_equal(explain_cause_of_object("/lib/libm.so.6"), EXPLAIN_LIBC);
	assert_int_equal(explain_cause_of_object("/x/libmpdec.so"), EXPLAIN_OBJECTS);
	assert_int_equal(explain_cause_of_object("???"), EXPLAIN_NOWHERE);
	assert_true(explain_is_tls_function("__tls_get_addr'2"));
	assert_false(explain_is_tls_function("__tls_get_addrs"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		SCRATCH_TEST(test_truth),
		SCRATCH_TEST(test_one_flag),
		SCRATCH_TEST(test_stripped),
		SCRATCH_TEST(test_failures),
		SCRATCH_TEST(test_forks),
		SCRATCH_TEST(test_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
