/* Small programs, each of which does one thing a known number of times: that many executions are
 * found, by cause and by kind of site, in a program alone and in a library, by gcc and by clang. */
#include "scratch.h"

#include <stdio.h>

#include "base/buf.h"
#include "elf/elf.h"
#include "explain/explain-internal.h"

/* What starts and ends a program is taken off. */
#define ROUNDS 100

static const char main_c[] = "#include <stdlib.h>\n"
			     "long run(long);\n"
			     "int main(int argc, char **argv)\n"
			     "{\n"
			     "	long sum = 0;\n"
			     "	for (long i = 0, n = atol(argv[argc - 1]); i < n; i++)\n"
			     "		sum += run(i);\n"
			     "	return sum == 12345;\n"
			     "}\n";

/* What is in a third file, for both forms. */
static const char other_c[] = "__thread volatile long there;\n"
			      "long elsewhere(long x) { return x; }\n";

/* main() calls run(): directly, or through a stub to another file, which is one more. */
static const struct program {
	const char *name, *flags, *source;
	/* In one round: executions of `what`, a cause or a kind of site, in a function, or in all
	 * the interpreter's files. */
	struct want {
		const char *function, *what;
		int alone, shared;
	} wants[8];
} programs[] = {
	/* The value is loaded, kept, and loaded again; a comparison and a jump. */
	{"stack protector", "-fstack-protector-all",
		"long run(long x) { volatile char kept[16]; kept[0] = (char)x; return kept[0]; }\n",
		{{"run", "stack-protector", 5, 5}, {NULL, "stack-protector", 5, 5},
			{"run", "spill", 0, 0}, {"run", "entries", 1, 1}}},
	{"tail call", "",
		"KEEP long other(long x) { HIDE(x); return x; }\n"
		"long run(long x) { return other(x + 1); }\n",
		{{"run", "call", 1, 1}, {"run", "call-direct", 1, 0}, {"run", "call-plt-own", 0, 1},
			{NULL, "plt-own", 0, 1}, {"run", "frame", 0, 0}, {"other", "frame", 1, 1}}},
	{"tail call through the GOT", "-fno-plt", "long run(long x) { return elsewhere(x + 1); }\n",
		{{"run", "call", 1, 1}, {"run", "call-got", 1, 1}, {NULL, "plt-own", 0, 0},
			{NULL, "plt-other", 0, 1}, {"run", "got", 0, 0}, {"run", "frame", 0, 0}}},
	{"function pointer", "",
		"static long other(long x) { return x; }\n"
		"static long (*volatile pointer)(long) = other;\n"
		"long run(long x) { return pointer(x) + pointer(x); }\n",
		{{"run", "call", 2, 2}, {"run", "call-indirect", 2, 2}, {"other", "entries", 2, 2},
			{NULL, "plt-own", 0, 0}}},
	{"switch", "",
		"long run(long x) {\n"
		"	switch (x & 7) {\n"
		"	case 0: HIDE(x); return 7;\n"
		"	case 1: HIDE(x); return x * 3;\n"
		"	case 2: HIDE(x); return x - 9;\n"
		"	case 3: HIDE(x); return x | 6;\n"
		"	case 4: HIDE(x); return x ^ 5;\n"
		"	case 5: HIDE(x); return x / 4;\n"
		"	case 6: HIDE(x); return x & 3;\n"
		"	case 7: HIDE(x); return -x;\n"
		"	default: __builtin_unreachable();\n"
		"	}\n"
		"}\n",
		{{NULL, "jump-indirect", 1, 1}, {"run", "call", 0, 0}, {"run", "address", 1, 1}}},
	/* Of two functions, since one may call itself directly, whatever others define. */
	{"recursion", "-fno-inline -fno-optimize-sibling-calls",
		"long odd(long n);\n"
		"long even(long n) { return n ? odd(n - 1) + 1 : 0; }\n"
		"long odd(long n) { return n ? even(n - 1) + 2 : 0; }\n"
		"long run(long x) { return even(5) + x; }\n",
		{{"even", "entries", 3, 3}, {"odd", "entries", 3, 3}, {"even", "call", 3, 3},
			{"odd", "call", 2, 2}, {"odd", "call-plt-own", 0, 2}, {"run", "call", 1, 1},
			{NULL, "plt-own", 0, 6}}},
	{"addresses of data", "",
		"__attribute__((visibility(\"hidden\"))) long hidden[4];\n"
		"long exported[4];\n"
		"KEEP long *of_hidden(void) { long *p = hidden; HIDE(p); return p; }\n"
		"KEEP long *of_exported(void) { long *p = exported; HIDE(p); return p; }\n"
		"long run(long x) { return of_hidden()[x & 3] + of_exported()[x & 3]; }\n",
		{{"of_hidden", "address", 1, 1}, {"of_exported", "address", 1, 0},
			{"of_exported", "got-own", 0, 1}, {NULL, "got", 0, 0},
			{"run", "call", 2, 2}}},
	{"address of another file's function", "",
		"KEEP void *of_other(void) { void *p = elsewhere; HIDE(p); return p; }\n"
		"long run(long x) { return of_other() == (void *)x; }\n",
		{{"of_other", "got", 1, 1}, {"of_other", "got-own", 0, 0},
			{"of_other", "got-load", 1, 1}, {"of_other", "call", 0, 0}}},
	{"calls of another file", "",
		"long run(long x) { return elsewhere(x) + elsewhere(-x) + elsewhere(x - 7); }\n",
		{{"run", "call-plt-other", 3, 3}, {NULL, "plt-other", 3, 4}, {"run", "call", 3, 3},
			{NULL, "plt-own", 0, 0}, {NULL, "objects", 6, 6}}},
	{"hidden function", "",
		"KEEP __attribute__((visibility(\"hidden\"))) long other(long x)\n"
		"{ HIDE(x); return x; }\n"
		"long run(long x) { return other(x) + 1; }\n",
		{{"run", "call-direct", 1, 1}, {NULL, "plt-own", 0, 0}, {"run", "call", 1, 1}}},
	/* Linkers make local-exec of initial-exec where they can; what another file has they leave.
	 */
	{"two models of thread-local storage", "",
		"static __thread volatile long own;\n"
		"extern __thread volatile long there\n"
		"	__attribute__((tls_model(\"initial-exec\")));\n"
		"KEEP long of_own(void) { return own; }\n"
		"KEEP long of_there(void) { return there; }\n"
		"long run(long x) { return of_own() + of_there() + x; }\n",
		{{"of_own", "tls-local-exec", 1, 0}, {"of_own", "tls-local-dynamic", 0, 1},
			{"of_there", "tls-initial-exec", 1, 1}, {"of_there", "tls", 2, 2},
			{"of_own", "got", 0, 0}, {"of_there", "got", 0, 0}}},
	{"stack", "",
		"__attribute__((naked)) long run(long x) { __asm__(\n"
		"	\"push %rbx\\n sub $16, %rsp\\n mov %rdi, 8(%rsp)\\n mov 8(%rsp), "
		"%rax\\n\"\n"
		"	\"lea 1(%rax), %rax\\n add $16, %rsp\\n pop %rbx\\n ret\"); }\n",
		{{"run", "frame", 5, 5}, {"run", "spill", 2, 2}, {"run", "work", 1, 1},
			{"run", "address", 0, 0}}},
	{"loop", "",
		"__attribute__((naked)) long run(long x) { __asm__(\n"
		"	\"mov $5, %eax\\n 0: dec %eax\\n jnz 0b\\n ret\"); }\n",
		{{"run", "work", 11, 11}, {"run", "frame", 1, 1}, {"run", "entries", 1, 1}}},
};

/* HIDE(x): compilers know nothing of x any more. */
static void build(const char *dir, const struct program *p, const char *cc, bool shared)
{
	CLEANUP_FREE char *source = xasprintf("#define KEEP __attribute__((noinline))\n"
					      "#define HIDE(x) __asm__ volatile(\"\" : \"+r\"(x))\n"
					      "long elsewhere(long);\n%s",
		p->source);

	scratch_file(dir, "lib.c", source, 0644);
	if (shared) {
		free(scratch_shell(dir,
			"%s -O2 -fPIC -w %s -shared -Wl,-z,now -o libpythontruth.so lib.c", cc,
			p->flags));
		free(scratch_shell(dir,
			"%s -O2 -fPIE -pie -Wl,-z,now -o p main.c -L. -lpythontruth -lother "
			"-Wl,-rpath,\"$PWD\"",
			cc));
		return;
	}
	free(scratch_shell(dir, "%s -O2 -fPIE -w %s -c lib.c", cc, p->flags));
	free(scratch_shell(dir,
		"%s -O2 -fPIE -pie -Wl,-z,now -o p main.c lib.o -L. -lother -Wl,-rpath,\"$PWD\"",
		cc));
}

static void weigh(const char *dir, struct explain_weights *weights)
{
	CLEANUP_CALLGRIND struct callgrind run = {0};
	CLEANUP_FREE char *program = xasprintf("%s/p", dir);
	const struct explain_run spec = {
		.interpreter = program, .script = "rounds", .loops = ROUNDS, .scratch = dir};
	struct err err = ERR_INIT;

	if (explain_run_loops(&spec, &run, &err) < 0 || explain_weigh(&run, weights, &err) < 0)
		fail_msg("%s (%s)", err.msg, err.hint);
	assert_int_equal(weights->causes[EXPLAIN_UNKNOWN], 0);
	assert_int_equal(weights->n_less, 0);
}

static int64_t in_function(const struct explain_weights *w, const char *function, const char *what)
{
	int64_t n = 0;

	for (size_t i = 0; i < w->n_functions; i++) {
		const struct explain_function *f = &w->functions[i];

		for (unsigned c = 0; c < EXPLAIN_N_CAUSES; c++)
			if (!strcmp(f->name, function) && !strcmp(explain_cause_name(c), what))
				return f->causes[c];
		if (!strcmp(f->name, function) && !strcmp(what, "entries"))
			return f->entries;
	}
	for (size_t i = 0; i < w->n_sites; i++)
		if (!strcmp(w->sites[i].function, function) &&
			!strcmp(code_class_name(w->sites[i].kind), what))
			n += w->sites[i].executions;
	return n;
}

static int64_t in_all(const struct explain_weights *w, const char *what)
{
	for (unsigned c = 0; c < EXPLAIN_N_CAUSES; c++)
		if (!strcmp(explain_cause_name(c), what))
			return w->causes[c];
	for (unsigned c = 0; c < CODE_N_CLASSES; c++)
		if (!strcmp(code_class_name(c), what))
			return w->classes[c];
	fail_msg("there is no '%s'", what);
	return 0;
}

static unsigned check(
	const struct program *p, const char *cc, bool shared, const struct explain_weights *w)
{
	unsigned bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(p->wants) && p->wants[i].what; i++) {
		const struct want *want = &p->wants[i];
		int64_t n = want->function ? in_function(w, want->function, want->what)
					   : in_all(w, want->what);
		int wanted = shared ? want->shared : want->alone;

		if (n == (int64_t)wanted * ROUNDS)
			continue;
		bad++;
		print_error("%s, %s, %s: %s in %s: %.2f in a round, not %d\n", p->name, cc,
			shared ? "shared" : "alone", want->what,
			want->function ? want->function : "all", (double)n / ROUNDS, wanted);
	}
	return bad;
}

static void test_programs(void **state)
{
	static const char *const compilers[] = {"gcc", "clang-14"};
	const char *dir = *state;
	unsigned bad = 0;

	scratch_file(dir, "main.c", main_c, 0644);
	scratch_file(dir, "other.c", other_c, 0644);
	free(scratch_shell(dir, "gcc -O2 -fPIC -shared -o libother.so other.c"));
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		for (size_t c = 0; c < 2 * ARRAY_SIZE(compilers); c++) {
			CLEANUP_WEIGHTS struct explain_weights weights = {0};
			bool shared = c % 2;

			build(dir, &programs[i], compilers[c / 2], shared);
			weigh(dir, &weights);
			bad += check(&programs[i], compilers[c / 2], shared, &weights);
		}
	assert_int_equal(bad, 0);
}

/* A program that uses the library's variable has a copy of it, which is empty in its file. */
static void test_version(void **state)
{
	static const struct program version = {
		.source = "const unsigned long Py_Version = 0x030f00b1;\n"
			  "long run(long x) { return x; }\n",
		.flags = ""};
	const char *dir = *state;
	CLEANUP_WEIGHTS struct explain_weights weights = {0};

	scratch_file(dir, "main.c",
		"#include <stdlib.h>\n"
		"extern const unsigned long Py_Version;\n"
		"long run(long);\n"
		"int main(int argc, char **argv)\n"
		"{\n"
		"	long sum = 0;\n"
		"	for (long i = 0, n = atol(argv[argc - 1]); i < n; i++)\n"
		"		sum += run(i);\n"
		"	return sum == (long)Py_Version;\n"
		"}\n",
		0644);
	scratch_file(dir, "other.c", other_c, 0644);
	free(scratch_shell(dir, "gcc -O2 -fPIC -shared -o libother.so other.c"));
	build(dir, &version, "gcc", true);
	weigh(dir, &weights);
	assert_string_equal(weights.version, "3.15.0b1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_programs),
		SCRATCH_TEST(test_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
