/* Pythons of another kind: free-threaded, debug, with a JIT, or interpreting by tail calls. Which
 * versions and compilers they take, what goes with them, and how their files are called. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cpython/cpython-internal.h"

/* A clang of this release or newer has preserve_none, with which a tail call costs no registers. */
#define PRESERVE_NONE 19

static bool yes(const char *value)
{
	return value && !strcmp(value, "yes");
}

const char *cpython_abiflags(const struct cpython_options *o)
{
	return yes(o->freethreaded) ? yes(o->debug) ? "td" : "t" : yes(o->debug) ? "d" : "";
}

void cpython_fill_abi(struct cpython_options *o)
{
	static const struct cpython_setting only = {"malloc", "mimalloc"};

	if (yes(o->freethreaded))
		cpython_fill(o, &only, 1);
}

int cpython_check_abi(const struct cpython_options *o, struct err *err)
{
	const bool own = strcmp(o->profile, "none") != 0 && strcmp(o->profile, "locked") != 0;
	const struct {
		bool is;
		const char *what, *why;
	} never[] = {
		{yes(o->freethreaded) && strcmp(o->malloc, "mimalloc") != 0,
			"--freethreaded with --malloc pymalloc",
			"without a GIL, objects are allocated by mimalloc alone"},
		{yes(o->freethreaded) && strcmp(o->arenas, "small") != 0,
			"--freethreaded with --arenas huge", "the arenas are pymalloc's"},
		{yes(o->freethreaded) && strcmp(o->jit, "no") != 0, "--freethreaded with --jit",
			"the JIT's code needs the GIL"},
		{yes(o->debug) && own, "--debug with a profile", "a debug build is not optimised"},
		{yes(o->debug) && yes(o->bolt), "--debug with --bolt",
			"a debug build is not optimised"},
		{yes(o->debug) && strcmp(o->optimize, "3") != 0, "--debug with --optimize",
			"a debug build is compiled with -Og"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (never[i].is) {
			err_set(err, ERR_USAGE, "%s cannot be built: %s", never[i].what,
				never[i].why);
			return err_hint(err, "leave one of them out");
		}
	return 0;
}

/* ---- versions -------------------------------------------------------------------------------- */

/* What the recipe says of an option in this version, or NULL. */
static const struct recipe_difference *difference(const struct chosen *c, const char *option)
{
	for (size_t i = 0; i < c->recipe->n_differs; i++) {
		const struct recipe_difference *d = &c->recipe->differs[i];

		if (d->option && !strcmp(d->option, option) &&
			version_matches(c->version, d->versions))
			return d;
	}
	return NULL;
}

static int check_options(const struct chosen *c, const struct cpython_options *o, struct err *err)
{
	for (size_t i = 0; i < c->recipe->n_differs; i++) {
		const struct recipe_difference *d = &c->recipe->differs[i];
		const char *first = d->versions + strspn(d->versions, "<>=");
		const int says = d->option ? cpython_option_says(o, d->option) : 0;

		if (says < 0)
			return err_set(err, ERR_INPUT,
				"%s/recipe.yaml: '%s' is not an option of a build and its value",
				c->recipe->dir, d->option);
		if (!says || difference(c, d->option))
			continue;
		err_set(err, ERR_USAGE, "CPython %s has no %s, which came with %.*s", c->version,
			d->what, (int)strcspn(first, ", "), first);
		return err_hint(err, "leave it out, or choose a newer version");
	}
	return 0;
}

void cpython_tell_differences(struct step *s, const struct chosen *c)
{
	CLEANUP_STRV struct strv arguments = STRV_INIT, lines = STRV_INIT;
	CLEANUP_FREE char *configure = NULL, *setup = NULL;

	for (size_t i = 0; i < c->recipe->n_differs; i++) {
		const struct recipe_difference *d = &c->recipe->differs[i];

		if (!version_matches(c->version, d->versions))
			continue;
		if (d->configure)
			strv_add(&arguments, d->configure);
		if (d->setup)
			strv_add(&lines, d->setup);
	}
	configure = strv_join(&arguments, " ");
	setup = strv_join(&lines, "\n");
	if (arguments.n)
		strv_addf(&s->env, "CONFIGURE=%s", configure);
	if (lines.n)
		strv_addf(&s->env, "SETUP=%s", setup);
}

#define JIT "jit!=no"

/* The programs that make its code, the compiler first. */
static void jit_programs(const char *llvm, struct strv *programs)
{
	strv_addf(programs, "clang-%s", llvm);
	strv_addf(programs, "llvm-readobj-%s", llvm);
	strv_add(programs, "python3");
}

static int check_jit(const struct chosen *c, struct err *err)
{
	const struct recipe_difference *jit = difference(c, JIT);
	const char *llvm = jit ? jit->llvm : NULL, *lacks = NULL;
	CLEANUP_STRV struct strv needs = STRV_INIT;

	if (!llvm)
		return err_set(err, ERR_INPUT,
			"the recipe does not say which LLVM makes the JIT of CPython %s",
			c->version);
	jit_programs(llvm, &needs);
	for (size_t i = 0; i < needs.n && !lacks; i++) {
		CLEANUP_FREE char *found = find_program(needs.v[i]);

		lacks = found ? NULL : needs.v[i];
	}
	if (!lacks)
		return 0;
	err_set(err, ERR_ENVIRONMENT,
		"the JIT of CPython %s is made with LLVM %s and a Python: there is no '%s' on PATH",
		c->version, llvm, lacks);
	return err_hint(err,
		"install the packages clang-%s, llvm-%s and python3, or leave out --jit", llvm,
		llvm);
}

/* What makes the JIT's code is in the code. */
int cpython_add_jit(struct step *s, const struct chosen *c, struct err *err)
{
	size_t first = s->programs.n;
	CLEANUP_FREE char *path = NULL;
	char hex[SHA256_HEX_SIZE];

	jit_programs(difference(c, JIT)->llvm, &s->programs);
	path = find_program(s->programs.v[first]);
	if (!path || sha256_file(path, hex, NULL, err) < 0)
		return path ? -1 : check_jit(c, err);
	step_input(s, "jit=%s", hex);
	return 0;
}

static int settle_tail_call(struct cpython_options *o, const struct chosen *c,
	const struct toolchain *t, struct err *err)
{
	const bool can = t->family == CC_CLANG && t->major >= PRESERVE_NONE &&
			 (!strncmp(t->triple, "x86_64-", 7) || !strncmp(t->triple, "aarch64-", 8));

	if (!strcmp(o->tail_call, "auto"))
		o->tail_call = can && difference(c, "tail-call=yes") ? "yes" : "no";
	if (!yes(o->tail_call) || can)
		return 0;
	err_set(err, ERR_USAGE,
		"--tail-call yes needs clang %d or newer, for x86-64 or AArch64, and the compiler is '%s'",
		PRESERVE_NONE, t->version);
	return err_hint(err, "choose one with --cc, or leave out --tail-call");
}

int cpython_check_version(struct cpython_options *o, const struct chosen *c,
	const struct toolchain *t, struct err *err)
{
	if (check_options(c, o, err) < 0)
		return -1;
	if (strcmp(o->jit, "no") != 0 && check_jit(c, err) < 0)
		return -1;
	return settle_tail_call(o, c, t, err);
}
