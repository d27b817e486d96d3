/* What options need of the machine and of the toolchain, said before a build instead of in it. */
#include <string.h>

#include "cpython/cpython-internal.h"

char cpython_level_here(void)
{
#ifdef __x86_64__
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt"))
		return '1';
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") ||
		!__builtin_cpu_supports("fma"))
		return '2';
	if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512cd") ||
		!__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
		return '3';
	return '4';
#else
	return '1';
#endif
}

static int check_march(const char *march, const struct toolchain *t, bool runs, struct err *err)
{
	char here = cpython_level_here();

	if (!strcmp(march, "baseline"))
		return 0;
	if (strncmp(t->triple, "x86_64-", 7) != 0)
		return err_set(err, ERR_USAGE, "--march %s is a level of x86-64, not of '%s'",
			march, t->triple);
	if (!runs || march[1] <= here)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "this processor lacks instructions of x86-64-%s", march);
	if (here == '1')
		return err_hint(err, "a build runs what it compiles; leave out --march");
	return err_hint(
		err, "a build runs what it compiles; here it can be at most --march v%c", here);
}

static int check_tail_dup(const char *limit, const struct toolchain *t, struct err *err)
{
	CLEANUP_FREE char *flags = xasprintf("-mllvm -tail-dup-pred-size=%s", limit);

	if (!strcmp(limit, "0") || (t->family == CC_CLANG && toolchain_takes(t, flags)))
		return 0;
	err_set(err, ERR_USAGE, "'%s' does not take '%s'", t->cc, flags);
	return err_hint(err, "leave out --tail-dup, or use clang 20 or newer with --cc");
}

/* The recipe's dual.c is where a dual interpreter starts. */
static int check_start(const char *link, const struct toolchain *t, struct err *err)
{
	if (strcmp(link, "dual") != 0 || !strncmp(t->triple, "x86_64-", 7) ||
		!strncmp(t->triple, "aarch64-", 8))
		return 0;
	err_set(err, ERR_UNSUPPORTED, "--link dual has no start for '%s'", t->triple);
	return err_hint(err, "leave it out: it is for x86-64 and AArch64");
}

int cpython_check_fit(
	const struct cpython_options *o, const struct toolchain *t, bool runs, struct err *err)
{
	if (check_march(o->march, t, runs, err) < 0 || check_start(o->link, t, err) < 0 ||
		check_tail_dup(o->tail_dup, t, err) < 0)
		return -1;
	if (!strcmp(o->icf, "safe") && !t->lld) {
		err_set(err, ERR_USAGE, "--icf safe needs lld, and '%s' would link",
			t->linker ? t->linker : "another linker");
		return err_hint(err, "lld links what clang optimises at link time: add --lto thin "
				     "and --cc clang");
	}
	if (strcmp(o->partition, "balanced") != 0 &&
		(t->family != CC_GCC || !strcmp(o->lto, "none"))) {
		err_set(err, ERR_USAGE, "--partition %s is about LTO with gcc", o->partition);
		return err_hint(err, "leave it out, or add --lto full and --cc gcc");
	}
	return 0;
}

bool cpython_patch_applies(
	const struct chosen *c, const struct recipe_patch *p, const struct cpython_options *o)
{
	return version_matches(c->version, p->versions) &&
	       (!p->option || cpython_option_says(o, p->option) == 1);
}

char *cpython_patch_words(const struct chosen *c, const struct cpython_options *o)
{
	CLEANUP_STRV struct strv names = STRV_INIT, with = STRV_INIT, without = STRV_INIT;
	CLEANUP_FREE char *listed = NULL, *options = NULL;

	for (size_t i = 0; i < c->recipe->n_patches; i++) {
		const struct recipe_patch *p = &c->recipe->patches[i];

		if (!cpython_patch_applies(c, p, o))
			continue;
		strv_addf(&names, "%.*s", (int)(strlen(p->file) - strlen(".patch")), p->file);
		if (p->option)
			strv_add(&with, p->option);
	}
	for (size_t i = 0; i < c->recipe->n_patches; i++) {
		const char *option = c->recipe->patches[i].option;

		if (option && cpython_option_says(o, option) == 1 && !strv_has(&with, option) &&
			!strv_has(&without, option))
			strv_add(&without, option);
	}
	listed = strv_join(&names, ", ");
	options = strv_join(&without, ", ");
	return xasprintf("%zu: %s%s%s", names.n, listed,
		without.n ? "; this version has none of " : "", options);
}

int cpython_check_patches(const struct chosen *c, const struct cpython_options *o, struct err *err)
{
	for (size_t i = 0; i < c->recipe->n_patches; i++) {
		const struct recipe_patch *p = &c->recipe->patches[i];
		CLEANUP_FREE char *name =
			p->option ? xstrndup(p->option, strcspn(p->option, "=")) : NULL;
		const struct cpython_option *option = name ? cpython_find_option(name) : NULL;

		if (!option || cpython_option_says(o, p->option) != 1 ||
			cpython_option_is_default(o, option) ||
			version_matches(c->version, p->versions))
			continue;
		/* Theirs without a patch. */
		if (!strcmp(name, "malloc") && !strcmp(o->freethreaded, "yes"))
			continue;
		err_set(err, ERR_USAGE, "--%s %s is a patch for CPython %s, not for %s", name,
			cpython_option_get(o, option), p->versions, c->version);
		return err_hint(err, "leave it out, or choose another version");
	}
	return 0;
}
