/* Builds for musl: what goes without saying, what is refused, and what compilers are told. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cpython/cpython-internal.h"
#include "scratch.h"

static const struct target *target(const char *name)
{
	struct err err = ERR_INIT;
	const struct target *t = target_find(name, &err);

	assert_non_null(t);
	return t;
}

static void test_settle(void **state)
{
	const struct target *t = target("x86_64_v3-unknown-linux-musl");
	struct cpython_options o = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_string_equal(target_libc(t), "musl");
	assert_string_equal(target_libc(NULL), "glibc");
	assert_string_equal(target_libc(target("aarch64-unknown-linux-gnu")), "glibc");
	assert_string_equal(target_twin(t)->name, "x86_64-unknown-linux-gnu");
	assert_null(target_twin(target("x86_64-unknown-linux-gnu")));
	assert_null(target_twin(NULL));
	assert_int_equal(musl_settle(&o, t, &err), 0);
	assert_string_equal(o.tls, "desc");
	assert_string_equal(o.soname, "no");
	assert_string_equal(o.glibc, "native");
	/* What somebody said stays, but for a glibc that is not there. */
	o = (struct cpython_options){.tls = "global-dynamic", .soname = "yes", .glibc = "native"};
	assert_int_equal(musl_settle(&o, t, &err), 0);
	assert_string_equal(o.tls, "global-dynamic");
	assert_string_equal(o.soname, "yes");
	o.glibc = "2.28";
	assert_int_equal(musl_settle(&o, t, &err), -1);
	assert_string_equal(err.msg,
		"--glibc 2.28 and --target x86_64_v3-unknown-linux-musl exclude each other");
}

static void test_compilers(void **state)
{
	const struct target *t = target("x86_64-unknown-linux-musl");
	struct toolchain c = {.family = CC_GCC, .triple = xstrdup("x86_64-linux-gnu")};
	struct cpython_options o = {0};
	CLEANUP_FREE char *gcc = NULL, *clang = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_string_equal(musl_flags(&c), "");
	assert_false(musl_adopt(target("x86_64-unknown-linux-gnu"), &c));
	assert_false(musl_adopt(NULL, &c));
	assert_string_equal(c.triple, "x86_64-linux-gnu");
	assert_true(musl_adopt(t, &c));
	assert_string_equal(c.triple, "x86_64-linux-musl");
	assert_string_equal(musl_flags(&c), " -DTHREAD_STACK_SIZE=0x800000");
	/* Within steps programs run with the loader of the sysroot. */
	gcc = musl_arguments(&c, true, false);
	assert_string_equal(gcc,
		"-mmusl --sysroot=@S@/deps/sysroot -specs=@S@/deps/sysroot/gcc.specs "
		"-Wl,--dynamic-linker=@S@/deps/sysroot/lib/ld-musl-x86_64.so.1 -L@S@/deps/lib");
	cpython_defaults(&o);
	o.profile = "train";
	assert_int_equal(musl_check(&o, &c, &err), 0);
	c.family = CC_CLANG;
	clang = musl_arguments(&c, false, true);
	assert_string_equal(clang,
		"--target=x86_64-linux-musl --sysroot=@S@/deps/sysroot --start-no-unused-arguments "
		"-static-libgcc -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1 "
		"--end-no-unused-arguments");
	assert_int_equal(musl_check(&o, &c, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	o.profile = "locked";
	assert_int_equal(musl_check(&o, &c, &err), 0);
	o.bolt = "yes";
	assert_int_equal(musl_check(&o, &c, &err), -1);
	free(c.triple);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settle), cmocka_unit_test(test_compilers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
