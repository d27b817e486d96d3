/* Trees for musl, on a machine with glibc.
 *
 * The recipe of musl makes a sysroot: musl's headers and start files, and its library, which is the
 * loader, too. The machine's own gcc or clang compile for it, as it is a C library and not another
 * machine. So nothing is crossed: configure, the modules and the tests of the build run, with the
 * loader of the step, and the loader that the finished interpreter names has to be installed only
 * where that is run. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cpython/cpython-internal.h"
#include "proc/proc.h"

/* So that recursion in a thread goes as deep as with glibc, whose stacks have this size: musl's
 * have 128 KiB, too little for Python's own limit of recursion. Only what is touched takes memory.
 */
#define THREAD_STACK " -DTHREAD_STACK_SIZE=0x800000"

static bool is_musl(const struct toolchain *t)
{
	return ends_with(t->triple, "-musl");
}

/* "/lib/ld-musl-x86_64.so.1" */
static char *loader_of(const char *triple)
{
	return xasprintf("/lib/ld-musl-%.*s.so.1", (int)strcspn(triple, "-"), triple);
}

int musl_settle(struct cpython_options *o, const struct target *t, struct err *err)
{
	if (o->glibc && strcmp(o->glibc, "native") != 0) {
		err_set(err, ERR_USAGE, "--glibc %s and --target %s exclude each other", o->glibc,
			t->name);
		return err_hint(
			err, "leave out --glibc: what is built for musl runs with 1.2.0 and newer");
	}
	if (t->machine != machine_here() || (o->cross && !strcmp(o->cross, "yes"))) {
		err_set(err, ERR_UNSUPPORTED,
			"trees for musl are built on a machine of their kind");
		return err_hint(err, "leave out --cross, or build on such a machine");
	}
	if (o->link && !strcmp(o->link, "dual")) {
		err_set(err, ERR_UNSUPPORTED, "--link dual is made for glibc alone");
		return err_hint(err, "leave it out, or --target");
	}
	o->glibc = "native";
	/* musl refuses to open a library that has initial-exec accesses: it keeps no reserve. */
	if (!o->tls)
		o->tls = "desc";
	/* Nor does it ask a program's name. */
	if (!o->soname)
		o->soname = "no";
	return 0;
}

bool musl_is_here(const struct target *t)
{
	CLEANUP_FREE char *loader = loader_of(t->triple);

	return path_exists(loader);
}

bool musl_adopt(const struct target *t, struct toolchain *c)
{
	if (strcmp(target_libc(t), "musl") != 0)
		return false;
	free(c->triple);
	c->triple = xstrdup(t->triple);
	return true;
}

int musl_check(const struct cpython_options *o, const struct toolchain *c, struct err *err)
{
	if (!strcmp(o->bolt, "yes")) {
		err_set(err, ERR_UNSUPPORTED,
			"BOLT proves what it makes by running it here, and that is not done with musl");
		return err_hint(err, "build with --bolt no");
	}
	/* Debian's calls functions that check buffers, which are glibc's. */
	if (c->family == CC_CLANG && !strcmp(o->profile, "train")) {
		err_set(err, ERR_UNSUPPORTED,
			"what clang trains a profile with is a library for glibc");
		return err_hint(err,
			"leave out --profile: the locked profile, trained with glibc, serves musl, too");
	}
	return 0;
}

int musl_check_sandbox(const struct cpython_build *b, struct err *err)
{
	if (b->sandbox != SANDBOX_NONE || !is_musl(b->full))
		return 0;
	err_set(err, ERR_ENVIRONMENT,
		"a build for musl needs a sandbox, in which each step finds musl's loader where the last one did");
	return err_hint(err, "install the package bubblewrap, and leave out --sandbox none");
}

const char *musl_flags(const struct toolchain *t)
{
	return is_musl(t) ? THREAD_STACK : "";
}

const char *musl_script(const struct toolchain *t)
{
	/* gcc says the name of its own C library, whatever it is told to use, and configure takes
	 * the difference for an error; it does without an answer. */
	return is_musl(t) ? "sed -i 's/=$($CC --print-multiarch /=$(: /' configure\n"
			    /* Of musl 1.2.3, for CPython's tests alone. */
			    "export ac_cv_func_pthread_getname_np=no\n"
			  : "";
}

const char *musl_link_script(const struct toolchain *t)
{
	/* The Makefile of the compile has the compiler that links for steps alone. */
	return is_musl(t) ? "make() {\n    command make CC=\"$CC\" \"$@\"\n}\n" : "";
}

char *musl_arguments(const struct toolchain *t, bool cpython, bool final)
{
	CLEANUP_FREE char *path = loader_of(t->triple);
	/* LIBRARY_PATH is in none of the paths that are left. */
	CLEANUP_FREE char *linked = xasprintf("-Wl,--dynamic-linker=%s%s%s", final ? "" : SYSROOT,
		path, cpython ? " -L@S@/deps/lib" : "");

	/* No libgcc_s: musl ends threads without unwinding, and nothing else here needs it. */
	if (t->family == CC_GCC)
		return xasprintf(
			"-mmusl --sysroot=" SYSROOT " -specs=" SYSROOT "/gcc.specs %s", linked);
	return xasprintf("--target=%s --sysroot=" SYSROOT
			 " --start-no-unused-arguments -static-libgcc %s --end-no-unused-arguments",
		t->triple, linked);
}
