/* The machines that trees are made for.
 *
 * A target of this machine, or of a level of its processors, is an ordinary build, with musl too:
 * see musl.c. For the others compilers are found, and what is missing is named; cross.c plans the
 * rest.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cpython/cpython-internal.h"

#define GNU "-unknown-linux-gnu"
#define MUSL "-unknown-linux-musl"

/* The compilers' names for machines are Debian's and CPython's, too. */
static const struct target targets[] = {
	{"x86_64" GNU, "x86_64-linux-gnu", NULL, "amd64", EM_X86_64},
	{"x86_64_v2" GNU, "x86_64-linux-gnu", "v2", "amd64", EM_X86_64},
	{"x86_64_v3" GNU, "x86_64-linux-gnu", "v3", "amd64", EM_X86_64},
	{"x86_64_v4" GNU, "x86_64-linux-gnu", "v4", "amd64", EM_X86_64},
	{"aarch64" GNU, "aarch64-linux-gnu", NULL, "arm64", EM_AARCH64},
	{"riscv64" GNU, "riscv64-linux-gnu", NULL, "riscv64", EM_RISCV},
	{"ppc64le" GNU, "powerpc64le-linux-gnu", NULL, "ppc64el", EM_PPC64},
	{"s390x" GNU, "s390x-linux-gnu", NULL, "s390x", EM_S390},
	{"armv7" GNU "eabihf", "arm-linux-gnueabihf", NULL, "armhf", EM_ARM},
	{"x86_64" MUSL, "x86_64-linux-musl", NULL, "amd64", EM_X86_64},
	{"x86_64_v2" MUSL, "x86_64-linux-musl", "v2", "amd64", EM_X86_64},
	{"x86_64_v3" MUSL, "x86_64-linux-musl", "v3", "amd64", EM_X86_64},
	{"x86_64_v4" MUSL, "x86_64-linux-musl", "v4", "amd64", EM_X86_64},
};

const struct target *target_find(const char *name, struct err *err)
{
	const char *names[ARRAY_SIZE(targets)], *near;

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		names[i] = targets[i].name;
		if (!strcmp(name, names[i]))
			return &targets[i];
	}
	near = nearest_name(name, names, ARRAY_SIZE(names));
	err_set(err, ERR_USAGE, "there is no target '%s'", name);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	else
		err_hint(err, "'solder build --target list' lists what there is");
	return NULL;
}

bool target_is_crossed(const struct target *t, const struct cpython_options *o)
{
	return t && (t->machine != machine_here() || !strcmp(o->cross, "yes"));
}

/* The plain one of this machine, for --cross. */
static const struct target *target_here(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		if (targets[i].machine == machine_here())
			return &targets[i];
	return NULL;
}

const char *target_libc(const struct target *t)
{
	return t && ends_with(t->triple, "-musl") ? "musl" : "glibc";
}

const struct target *target_twin(const struct target *t)
{
	if (strcmp(target_libc(t), "musl") != 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		if (targets[i].machine == t->machine)
			return &targets[i];
	return NULL;
}

int target_settle(struct cpython_build *b, struct err *err)
{
	struct cpython_options *o = &b->request.options;
	const struct target *t;

	if (!b->request.target) {
		if (!o->cross || strcmp(o->cross, "yes") != 0)
			return 0;
		b->target = target_here();
		return b->target ? 0
				 : err_set(err, ERR_UNSUPPORTED,
					   "--cross yes: no target is a machine of this kind");
	}
	b->target = t = target_find(b->request.target, err);
	if (!t)
		return -1;
	if (t->march && o->march && strcmp(o->march, t->march) != 0) {
		err_set(err, ERR_USAGE, "--march %s and --target %s exclude each other", o->march,
			t->name);
		return err_hint(err, "the target says --march %s; leave out one of them", t->march);
	}
	if (t->march)
		o->march = t->march;
	return strcmp(target_libc(t), "musl") ? 0 : musl_settle(o, t, err);
}

char *target_packages(const struct target *t, bool clang, unsigned int release)
{
	if (!clang)
		return xasprintf("gcc-%s and libc6-dev-%s-cross", t->triple, t->package);
	return xasprintf("clang-%u, llvm-%u, lld-%u, libc6-dev-%s-cross and libgcc-12-dev-%s-cross",
		release, release, release, t->package, t->package);
}

/* ---- what there is --------------------------------------------------------------------------- */

/* The compiler that would make trees of this kind, or what is missing. */
static char *compiler_for(const struct target *t, bool clang)
{
	const struct toolchain_needs needs = {.target = t->machine != machine_here() ? t : NULL};
	CLEANUP(cleanup_toolchain) struct toolchain *found = NULL;
	CLEANUP_FREE char *packages = NULL;
	struct err why = ERR_INIT;
	unsigned int release = 0;

	if (clang ? toolchain_find_clang(&needs, &found, &release)
		  : toolchain_find("gcc", &needs, &found, &why) == 0)
		return xstrdup(path_base(found->cc));
	if (!needs.target)
		return xasprintf(
			"needs %s", clang ? "clang-22 and libc6-dev" : "gcc and libc6-dev");
	packages = target_packages(t, clang, release ? release : 22);
	return xasprintf("needs %s", packages);
}

static char *runs(const struct target *t)
{
	const char *qemu = machine_emulator(t->machine);
	CLEANUP_FREE char *found = qemu ? find_program(qemu) : NULL;

	if (found)
		return xasprintf("through %s", qemu);
	if (qemu)
		return xstrdup("not here: needs qemu-user");
	if (!machine_runs(t->machine))
		return xstrdup("not here");
	if (!strcmp(target_libc(t), "musl") && !musl_is_here(t))
		return xasprintf("not here: needs %s", MUSL_PACKAGE);
	return xstrdup(!t->march || t->march[1] <= cpython_level_here()
			       ? "here, natively"
			       : "not here: this processor lacks instructions");
}

void cpython_list_targets(json_t *rows)
{
	CLEANUP_FREE char *gcc = NULL, *clang = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		CLEANUP_FREE char *how = runs(&targets[i]);

		/* Levels of one machine have the same compilers, and asking takes its time. */
		if (!i || strcmp(targets[i].triple, targets[i - 1].triple) != 0) {
			free(gcc);
			free(clang);
			gcc = compiler_for(&targets[i], false);
			clang = compiler_for(&targets[i], true);
		}
		json_array_append_new(
			rows, json_pack("{s:s, s:s, s:s, s:s}", "target", targets[i].name, "gcc",
				      gcc, "clang", clang, "runs", how));
	}
}
