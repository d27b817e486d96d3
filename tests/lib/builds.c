#include "builds.h"

#include <string.h>

struct toolchain builds_toolchain(void)
{
	static char word[] = "gcc";

	return (struct toolchain){.family = CC_GCC,
		.cc = word,
		.cxx = word,
		.ar = word,
		.ranlib = word,
		.nm = word,
		.strip = word,
		.objcopy = word,
		.version = word,
		.triple = word,
		.identity = word};
}

void builds_plan(struct plans *p, const char *recipes, const struct cpython_options *o,
	struct cpython_build *b)
{
	static struct toolchain tools;
	static struct chosen chosen;

	tools = builds_toolchain();
	chosen = (struct chosen){.version = "3.13.15", .source = "/nowhere"};
	*b = (struct cpython_build){.request.options = *o,
		.sources = {.chosen = &chosen, .n = 1},
		.plain = &tools,
		.full = &tools,
		.profile.train = !strcmp(o->profile, "train")};
	if (recipe_load(recipes, "cpython", &chosen.recipe, &p->err) < 0 ||
		cpython_plan(b, &p->err) < 0 || plan_settle(&b->plan.plan, p->cache, &p->err) < 0)
		fail_msg("%s", p->err.msg);
}

void builds_unplan(struct cpython_build *b)
{
	plan_release(&b->plan.plan);
	recipe_free(b->sources.chosen->recipe);
}
