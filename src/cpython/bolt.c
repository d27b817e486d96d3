/* The steps of BOLT, which lays out linked code anew: what runs together lies together.
 *
 *   cpython-bolt-profile   which way the code goes in a training run
 *   cpython-bolt-LINK      the interpreter and libpython.so by that profile, and the proof that
 *                          they still do the same
 *
 * Both work on the result of the link. A profile names functions and blocks by digests of their
 * code, so that of the interpreter fits libpython.so too, and one from elsewhere fits as far as the
 * code is the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cpython/cpython-internal.h"
#include "report/json.h"

#define REPORT_MAX ((size_t)1 << 20)

/* Options that give other machine code, in most functions or in all. */
static const char *const of_code[] = {"pie", "interposition", "plt", "visibility", "protector",
	"clash", "fortify", "cet", "frame-pointers", "optimize", "march", "tail-dup", "jit",
	"tail-call"};

/* The first option by which the code is another than that of locked profiles; NULL: it is the same.
 */
static const char *other_code(const struct cpython_options *o)
{
	if (strcmp(o->profile, "locked") != 0)
		return "profile";
	for (size_t i = 0; i < ARRAY_SIZE(of_code); i++)
		if (!cpython_option_is_default(o, cpython_find_option(of_code[i])))
			return of_code[i];
	return NULL;
}

int bolt_choose(struct cpython_build *b, struct err *err)
{
	const struct cpython_options *o = &b->request.options;
	struct chosen_profile *p = &b->bolt_profile;
	const char *other;

	if (strcmp(o->bolt, "yes") != 0)
		return 0;
	if (o->bolt_profile && strcmp(o->bolt_profile, "train") != 0)
		return profile_given(b, o->bolt_profile, p, err);
	if (!o->bolt_profile && (other = other_code(o)))
		p->words = xasprintf("a locked one is of code without this --%s", other);
	else if (!o->bolt_profile && profile_locked(b, "bolt", p, err) < 0)
		return -1;
	if (!p->source) {
		CLEANUP_FREE char *none = p->words;

		p->train = true;
		p->words = xasprintf(
			"trained with %s%s%s", o->train, none ? ", since " : "", none ? none : "");
	}
	return 0;
}

static struct step *add_step(struct cpython_build *b, const char *kind, const char *more,
	const char *script, struct err *err)
{
	struct cpython_plan *p = &b->plan;
	struct step *s = step_of_cpython(b, kind, more, script, PRELUDE_VIEW, err);

	if (!s)
		return NULL;
	step_toolchain(s, b->full);
	toolchain_bolt_env(b->full, &s->env);
	step_input(s, "bolt=%s", b->full->bolt_identity);
	strv_addf(&s->env, "LINK=%s", b->request.options.link);
	step_view(s, "COMPILED", p->compile, "");
	step_view(s, "TREE", p->tree, "python");
	step_view(s, "LINKED", p->link, "");
	return s;
}

static int plan_profile(struct cpython_build *b, struct err *err)
{
	const struct chosen_profile *chosen = &b->bolt_profile;
	struct cpython_plan *p = &b->plan;
	bool file = chosen->source && ends_with(chosen->source, ".yaml");

	if (chosen->train) {
		p->bolt_profile = add_step(b, "bolt-profile", "", "bolt-profile.sh", err);
		return p->bolt_profile ? profile_add_training(b, p->bolt_profile, err) : -1;
	}
	p->bolt_profile =
		plan_add(&p->plan, "cpython-bolt-profile", "cpython bolt-profile, finished");
	step_input(p->bolt_profile, "profile=%s", chosen->digest);
	if (file)
		step_file(p->bolt_profile, chosen->source, BOLT_PROFILE_NAME);
	else
		p->bolt_profile->source = xstrdup(chosen->source);
	p->bolt_profile->script =
		xasprintf("set -eu\nmkdir \"$OUT/%s\"\ncp %s \"$OUT/%s\"\n", BOLT_FOLDER,
			file ? "\"$RECIPE\"/" BOLT_PROFILE_NAME : BOLT_PROFILE_NAME, BOLT_FOLDER);
	return 0;
}

int plan_bolt(struct cpython_build *b, struct err *err)
{
	struct cpython_plan *p = &b->plan;

	if (plan_profile(b, err) < 0)
		return -1;
	p->bolt = add_step(b, "bolt", b->request.options.link, "bolt.sh", err);
	if (!p->bolt)
		return -1;
	step_view(p->bolt, "BOLT_PROFILE", p->bolt_profile, BOLT_FOLDER);
	strv_add(&p->bolt->programs, "valgrind");
	p->last = p->bolt;
	return 0;
}

int bolt_report(const struct cpython_build *b, json_t **ret, struct err *err)
{
	CLEANUP_FREE char *tree = NULL, *path = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;

	*ret = NULL;
	if (!b->plan.bolt)
		return 0;
	tree = cache_tree(b->cache, b->plan.bolt->id);
	path = xasprintf("%s/bolt.json", tree);
	if (file_read(path, REPORT_MAX, &text, err) < 0)
		return -1;
	*ret = json_loadb(text.data, text.len, 0, NULL);
	return *ret ? 0 : err_set(err, ERR_INPUT, "'%s' is damaged", path);
}

char *bolt_text(const json_t *report)
{
	const json_t *files = json_object_get(report, "files"), *file, *name;
	CLEANUP_STRV struct strv left = STRV_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *of;
	size_t i;

	json_object_foreach ((json_t *)files, of, file) {
		const char *unused = json_word(file, "unused");

		buf_addf(&text, "%s%s: ", text.len ? "; " : "", of);
		if (unused)
			buf_addf(&text, "as it was linked, since %s", unused);
		else
			buf_addf(&text,
				"%lld of %lld functions laid out by a profile that fits %.1f %%",
				(long long)json_integer_value(json_object_get(file, "profiled")),
				(long long)json_integer_value(json_object_get(file, "functions")),
				100 * json_number_value(json_object_get(file, "samples_fit")));
	}
	json_array_foreach (json_object_get(report, "left"), i, name)
		strv_add(&left, json_string_value(name));
	if (left.n) {
		CLEANUP_FREE char *names = strv_join(&left, ", ");

		buf_addf(&text, "; left as they were, since they fail: %s", names);
	}
	return report ? buf_steal(&text) : NULL;
}
