/* Builds for another machine.
 *
 * What is built cannot be run, so an interpreter of the same source, built for this machine, does
 * what CPython's Makefile would have the new one do: it freezes modules, finds out what sysconfig
 * says, installs pip and compiles bytecode. It is optimised for nothing, and one serves all
 * targets. Packages whose own programs run while they are built have a step for this machine, too:
 * their recipes say why (`native`).
 *
 * Autoconf takes the machines from the environment as well as from arguments, so every configure
 * script learns them from cross_env(). What a script would find out by running a program is
 * answered in recipes/cpython/cross.site. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cpython/cpython-internal.h"

static int refuse(
	const struct cpython_build *b, const char *option, const char *why, struct err *err)
{
	err_set(err, ERR_UNSUPPORTED, "--%s is not for %s on this machine: %s", option,
		b->target->name, why);
	return err_hint(err, "leave it out, or build on a machine of that kind");
}

int cross_settle(struct cpython_build *b, struct err *err)
{
	const struct cpython_options *o = &b->request.options;
	const struct toolchain_needs plain = {0};

	if (!strcmp(o->profile, "train"))
		return refuse(b, "profile train", "training runs what is built", err);
	if (!strcmp(o->bolt, "yes"))
		return refuse(b, "bolt yes", "BOLT's result is proven by running it", err);
	if (!strcmp(o->tk, "yes"))
		return refuse(b, "tk yes", "Tk's libraries run their own programs", err);
	if (strcmp(o->jit, "no") != 0)
		return refuse(b, "jit yes", "the JIT is not tried for other machines", err);
	if (toolchain_find(NULL, &plain, &b->native, err) < 0)
		return err_wrap(err, "for the interpreter that builds for %s", b->target->name);
	return 0;
}

void cross_env(const struct cpython_build *b, struct step *s)
{
	const char *machine = b->native->triple;

	strv_addf(&s->env, "host_alias=%s", b->target->triple);
	/* Never the same as a target's. */
	strv_addf(&s->env, "build_alias=%.*s-build-linux-gnu", (int)strcspn(machine, "-"), machine);
	/* The same for scripts that are not autoconf's, and the compiler for what they run. */
	strv_addf(&s->env, "CHOST=%s", b->target->triple);
	strv_addf(&s->env, "BUILD_CC=%s", b->native->cc);
	strv_addf(&s->env, "CC_FOR_BUILD=%s", b->native->cc);
	step_input(s, "native=%s", b->native->identity);
}

int cross_plan(struct cpython_build *b, struct err *err)
{
	const struct chosen *c = cpython_of(b);
	CLEANUP_FREE char *title = xasprintf(CROSS_TOOL "cpython %s", c->version);
	CLEANUP_FREE char *path = xasprintf("%s/native.sh", c->recipe->dir);
	CLEANUP_BUF struct buf text = BUF_INIT, script = BUF_INIT;
	struct cpython_plan *p = &b->plan;
	struct step *s = plan_add(&p->plan, CROSS_TOOL "cpython", title);

	if (file_read(path, SCRIPT_MAX_BYTES, &text, err) < 0)
		return -1;
	strv_addf(&s->env, "MAJORMINOR=%s", p->series);
	strv_add(&s->env, "PATH=/usr/local/bin:/usr/bin:/bin");
	step_toolchain(s, b->native);
	step_source(s, c, &b->request.options, &script);
	buf_add(&script, text.data, text.len);
	s->script = buf_steal(&script);
	for (size_t i = 0; i < p->plan.n; i++)
		if (p->plan.steps[i] != s && cross_is_tool(p->plan.steps[i]))
			step_need(s, p->plan.steps[i], true);
	p->native = s;
	return step_recipe(s, c->recipe, "native", err);
}

int cross_use(const struct cpython_build *b, struct step *s, struct err *err)
{
	cross_env(b, s);
	step_view(s, "NATIVE", b->plan.native, "install");
	return step_recipe(s, cpython_of(b)->recipe, "cross", err);
}

bool cross_is_tool(const struct step *s)
{
	return !strncmp(s->name, CROSS_TOOL, strlen(CROSS_TOOL));
}
