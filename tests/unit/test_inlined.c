/* Functions inlined in one of two programs: found through debug information, with exact counts. */
#include "scratch.h"

#include <stdio.h>

#include "base/buf.h"
#include "explain/explain-internal.h"

#define ROUNDS 100

/* Nothing but what stands in the assembler is left of an inlined copy. In one round `inner` is
 * called four times, three of them by `outer`. */
static const char lib_c[] = "#ifdef INLINED\n"
			    "#define PART static inline __attribute__((always_inline))\n"
			    "#else\n"
			    "#define PART static __attribute__((noinline))\n"
			    "#endif\n"
			    "#define KEEP __attribute__((noinline))\n"
			    "#define NOP(n) __asm__ volatile(\".rept \" #n \"\\n nop\\n .endr\")\n"
			    "PART void inner(void) { NOP(2); }\n"
			    "PART void outer(void) { NOP(1); inner(); NOP(1); }\n"
			    "KEEP void first(void) { NOP(5); outer(); NOP(6); }\n"
			    "KEEP void second(void) { outer(); NOP(7); outer(); NOP(8); }\n"
			    "KEEP void third(void) { NOP(9); inner(); NOP(10); }\n";
static const char main_c[] = "#include <stdlib.h>\n"
			     "void first(void), second(void), third(void);\n"
			     "int main(int argc, char **argv)\n"
			     "{\n"
			     "	for (int i = 0, n = atoi(argv[argc - 1]); i < n; i++) {\n"
			     "		first();\n"
			     "		second();\n"
			     "		third();\n"
			     "	}\n"
			     "	return 0;\n"
			     "}\n";

struct side {
	struct callgrind run;
	struct explain_weights weights;
};

static void release_side(struct side *s)
{
	callgrind_release(&s->run);
	explain_weights_release(&s->weights);
}

/* Runs DIR/NAME/PROGRAM. Valgrind 3.19 does not read the debug information of clang 14, so what
 * runs is without; it is there again afterwards, as it is needed then. */
static void run_side(const char *dir, const char *name, const char *program, struct side *s)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s/%s", dir, name, program);
	const struct explain_run spec = {
		.interpreter = path, .script = "rounds", .loops = ROUNDS, .scratch = dir};
	struct err err = ERR_INIT;

	free(scratch_shell(
		dir, "rm -rf whole && cp -a %s whole && strip --strip-debug %s/*", name, name));
	if (explain_run(&spec, &s->run, &err) < 0 || explain_weigh(&s->run, &s->weights, &err) < 0)
		fail_msg("%s (%s)", err.msg, err.hint);
	free(scratch_shell(dir, "cp -a whole/* %s", name));
}

static void find(const struct side *a, const struct side *b, struct explain_inlining *found)
{
	const struct explain_ran ran_a = {&a->run, &a->weights}, ran_b = {&b->run, &b->weights};
	struct err err = ERR_INIT;

	if (explain_find_inlined(&ran_a, &ran_b, found, &err) < 0)
		fail_msg("%s (%s)", err.msg, err.hint);
}

static void check_host(const struct explain_inlined *f, size_t i, const char *name, unsigned n)
{
	assert_string_equal(f->hosts[i].name, name);
	assert_int_equal(f->hosts[i].executed, n * ROUNDS);
}

/* `inner` is two nops; as a function it returns, too. */
static void check_found(const struct explain_inlining *found, bool in_a)
{
	const struct explain_inlined *inner = &found->v[0], *outer = &found->v[1];

	assert_int_equal(found->n, 2);
	assert_string_equal(inner->name, "inner");
	assert_int_equal(inner->in_a, in_a);
	assert_int_equal(inner->entries, 4 * ROUNDS);
	assert_int_equal(inner->frame, 4 * ROUNDS);
	assert_int_equal(in_a ? inner->b : inner->a, 12 * ROUNDS);
	assert_int_equal(in_a ? inner->a : inner->b, 8 * ROUNDS);
	assert_int_equal(inner->n_hosts, 3);
	check_host(inner, 0, "second", 4);
	check_host(inner, 1, "first", 2);
	check_host(inner, 2, "third", 2);
	assert_string_equal(outer->name, "outer");
	assert_int_equal(outer->entries, 3 * ROUNDS);
	/* With the copy of `inner` that is in it. */
	assert_int_equal(in_a ? outer->a : outer->b, 12 * ROUNDS);
	assert_int_equal(outer->n_hosts, 2);
	check_host(outer, 0, "second", 8);
	check_host(outer, 1, "first", 4);
	assert_int_equal(found->alone[!in_a ? 0 : 1].functions, 2);
	assert_int_equal(found->alone[!in_a ? 0 : 1].inlined, 2);
	assert_int_equal(found->alone[in_a ? 0 : 1].functions, 0);
	assert_int_equal(found->missing[0].n + found->missing[1].n, 0);
}

static const struct form {
	const char *name, *cc, *flags;
	bool shared;
} forms[] = {
	{"gcc", "gcc", "-gdwarf-5", false},
	{"gcc, DWARF 4, shared", "gcc", "-gdwarf-4 -fPIC", true},
	{"gcc, LTO", "gcc", "-g -flto", false},
	{"clang", "clang-14", "-gdwarf-5", false},
	{"clang, DWARF 4, shared", "clang-14", "-gdwarf-4 -fPIC", true},
	{"clang, LTO", "clang-14", "-g -flto -fuse-ld=lld-14", false},
};

static void build(const char *dir, const struct form *f, const char *name, const char *more)
{
	free(scratch_shell(dir, "mkdir -p %s", name));
	if (!f->shared) {
		free(scratch_shell(
			dir, "%s -O2 %s %s -o %s/p main.c lib.c", f->cc, f->flags, more, name));
		return;
	}
	free(scratch_shell(dir, "%s -O2 %s %s -shared -o %s/libpythonx.so lib.c", f->cc, f->flags,
		more, name));
	free(scratch_shell(dir, "%s -O2 %s -o %s/p main.c -L%s -lpythonx -Wl,-rpath,\"$PWD/%s\"",
		f->cc, f->flags, name, name, name));
}

static void test_counts(void **state)
{
	const char *dir = *state;

	scratch_file(dir, "lib.c", lib_c, 0644);
	scratch_file(dir, "main.c", main_c, 0644);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		CLEANUP(release_side) struct side a = {0}, b = {0};
		CLEANUP_INLINING struct explain_inlining found = {0}, reverse = {0};

		print_message("%s\n", forms[i].name);
		build(dir, &forms[i], "apart", "");
		build(dir, &forms[i], "inlined", "-DINLINED");
		run_side(dir, "apart", "p", &a);
		run_side(dir, "inlined", "p", &b);
		find(&a, &b, &found);
		check_found(&found, false);
		find(&b, &a, &reverse);
		check_found(&reverse, true);
	}
}

/* Without debug information that is said, where something was to be looked for. */
static void test_none(void **state)
{
	const char *dir = *state;
	CLEANUP(release_side) struct side a = {0}, b = {0};
	CLEANUP_INLINING struct explain_inlining found = {0};

	scratch_file(dir, "lib.c", lib_c, 0644);
	scratch_file(dir, "main.c", main_c, 0644);
	build(dir, &(struct form){.cc = "gcc", .flags = "-g0"}, "apart", "");
	build(dir, &(struct form){.cc = "gcc", .flags = "-g0"}, "inlined", "-DINLINED");
	run_side(dir, "apart", "p", &a);
	run_side(dir, "inlined", "p", &b);
	find(&a, &b, &found);
	assert_int_equal(found.n, 0);
	assert_int_equal(found.alone[0].functions, 2);
	assert_int_equal(found.alone[0].inlined, 0);
	assert_int_equal(found.missing[0].n, 0);
	assert_int_equal(found.missing[1].n, 1);
	assert_non_null(strstr(found.missing[1].v[0], "/inlined/p' has no debug information"));
}

/* One instruction of `program` was executed, in a function that no file has. */
static void find_by_hand(const char *program, struct explain_inlining *found)
{
	static struct callgrind_cost cost = {.addr = 0x1000, .count = 1};
	static struct explain_function lone = {.name = (char *)"lone", .total = 1};
	static char *function = (char *)"f";
	char *object = (char *)program;
	struct side a = {.run = {.command = object,
				 .objects = {.v = &object, .n = 1},
				 .functions = {.v = &function, .n = 1},
				 .costs = &cost,
				 .n_costs = 1,
				 .total = 1}};
	struct side b = a;

	b.weights.functions = &lone;
	b.weights.n_functions = 1;
	find(&a, &b, found);
}

/* Units of LEVELS namespaces, each in the one before. With siblings, each says that the next on its
 * level is the one that is in it: 2^LEVELS ways. */
static void write_nested(const char *dir, unsigned levels, bool siblings)
{
	CLEANUP_BUF struct buf s = BUF_INIT;

	buf_adds(&s, ".section .debug_abbrev,\"\",@progbits\n"
		     ".uleb128 1, 0x11\n.byte 1\n.uleb128 0, 0\n"
		     ".uleb128 2, 0x39\n.byte 1\n");
	buf_addf(&s, "%s.uleb128 0, 0\n.byte 0\n", siblings ? ".uleb128 1, 0x13\n" : "");
	buf_adds(&s, ".section .debug_info,\"\",@progbits\n"
		     "begin: .long end - 1f\n1: .value 4\n.long .debug_abbrev\n.byte 8\n"
		     ".uleb128 1\n");
	for (unsigned i = 0; i < levels; i++) {
		buf_addf(&s, "d%u: .uleb128 2\n", i);
		if (siblings)
			buf_addf(&s, ".long d%u - begin\n", i + 1);
	}
	buf_addf(&s, "d%u:\n.fill %u, 1, 0\nend:\n", levels, levels + 1);
	scratch_file(dir, "nested.s", s.data, 0644);
	free(scratch_shell(dir, "gcc -g0 -o nested main.c nested.s"));
}

static void test_nested(void **state)
{
	const char *dir = *state;
	CLEANUP_FREE char *program = xasprintf("%s/nested", dir);
	static const struct {
		unsigned levels;
		bool siblings;
		const char *says;
	} cases[] = {
		{100, false, NULL},
		{300, false, "nested too deeply"},
		{100, true, "leads in circles"},
	};

	scratch_file(dir, "main.c", "int main(void) { return 0; }\n", 0644);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_INLINING struct explain_inlining found = {0};
		const struct strv *missing = &found.missing[0];

		write_nested(dir, cases[i].levels, cases[i].siblings);
		find_by_hand(program, &found);
		assert_int_equal(found.n, 0);
		assert_int_equal(missing->n, 1);
		assert_int_equal(strstr(missing->v[0], "cannot be read whole") != NULL,
			cases[i].says != NULL);
		if (cases[i].says)
			assert_non_null(strstr(missing->v[0], cases[i].says));
	}
}

/* A copy within a copy of the same function: no instruction counts twice. */
static void test_itself(void **state)
{
	static const char nested_s[] =
		".section .debug_abbrev,\"\",@progbits\n"
		/* A unit; a function and a copy, with a name and addresses; a copy without
		 * children. */
		".uleb128 1, 0x11\n.byte 1\n.uleb128 0, 0\n"
		".uleb128 2, 0x2e\n.byte 1\n.uleb128 3, 8, 0x11, 1, 0x12, 6, 0, 0\n"
		".uleb128 3, 0x1d\n.byte 1\n.uleb128 3, 8, 0x11, 1, 0x12, 6, 0, 0\n"
		".uleb128 4, 0x1d\n.byte 0\n.uleb128 3, 8, 0x11, 1, 0x12, 6, 0, 0\n"
		".byte 0\n"
		".section .debug_info,\"\",@progbits\n"
		".long 2f - 1f\n1: .value 4\n.long .debug_abbrev\n.byte 8\n"
		".uleb128 1\n"
		".uleb128 2\n.string \"host\"\n.quad 0x1000\n.long 0x20\n"
		".uleb128 3\n.string \"lone\"\n.quad 0x1000\n.long 0x10\n"
		".uleb128 4\n.string \"lone\"\n.quad 0x1000\n.long 4\n"
		".byte 0, 0, 0\n2:\n";
	const char *dir = *state;
	CLEANUP_FREE char *program = xasprintf("%s/nested", dir);
	CLEANUP_INLINING struct explain_inlining found = {0};

	scratch_file(dir, "main.c", "int main(void) { return 0; }\n", 0644);
	scratch_file(dir, "nested.s", nested_s, 0644);
	free(scratch_shell(dir, "gcc -g0 -o nested main.c nested.s"));
	find_by_hand(program, &found);
	assert_int_equal(found.missing[0].n, 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.v[0].a, 1);
	assert_int_equal(found.v[0].n_hosts, 1);
	assert_string_equal(found.v[0].hosts[0].name, "host");
	assert_int_equal(found.v[0].hosts[0].executed, 1);
}

/* Bytes of the debug information changed at random: an answer, whatever it is. */
static void test_damage(void **state)
{
	const char *dir = *state;
	CLEANUP(release_side) struct side a = {0}, b = {0};
	CLEANUP_FREE char *at = NULL, *path = xasprintf("%s/inlined/p", dir);
	unsigned long offset, size, seed = 1, whole = 0;

	scratch_file(dir, "lib.c", lib_c, 0644);
	scratch_file(dir, "main.c", main_c, 0644);
	build(dir, &(struct form){.cc = "gcc", .flags = "-g"}, "apart", "");
	build(dir, &(struct form){.cc = "gcc", .flags = "-g"}, "inlined", "-DINLINED");
	run_side(dir, "apart", "p", &a);
	run_side(dir, "inlined", "p", &b);
	at = scratch_shell(dir, "readelf -SW inlined/p | sed -n 's/.* .debug_info *PROGBITS *"
				"[0-9a-f]* //p'");
	assert_int_equal(sscanf(at, "%lx %lx", &offset, &size), 2);
	for (unsigned i = 0; i < 300; i++) {
		CLEANUP_INLINING struct explain_inlining found = {0};
		unsigned char old[2];
		unsigned long where[2];
		FILE *f = fopen(path, "r+b");

		assert_non_null(f);
		for (unsigned k = 0; k < 2; k++) {
			seed = seed * 6364136223846793005UL + 1442695040888963407UL;
			where[k] = offset + (seed >> 33) % size;
			fseek(f, (long)where[k], SEEK_SET);
			old[k] = (unsigned char)fgetc(f);
			fseek(f, (long)where[k], SEEK_SET);
			fputc((int)(seed >> 56), f);
		}
		fflush(f);
		find(&a, &b, &found);
		assert_true(found.n <= 2);
		whole += found.n == 2 && !found.missing[1].n;
		for (unsigned k = 2; k-- > 0;) {
			fseek(f, (long)where[k], SEEK_SET);
			fputc(old[k], f);
		}
		fclose(f);
	}
	assert_in_range(whole, 1, 299);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_counts),
		SCRATCH_TEST(test_none),
		SCRATCH_TEST(test_nested),
		SCRATCH_TEST(test_itself),
		SCRATCH_TEST(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
