/* The steps that build one CPython and the packages it needs.
 *
 *   glibc, musl          with a floor, or for musl: what CPython is compiled and linked against
 *   native-…             for another machine: what makes it runs here; planned in cross.c
 *   zlib, openssl, …     one per package, with the script of its recipe.yaml
 *   cpython-profile      with a profile: unpacked, or trained
 *   cpython-compile      the only compile: an installed tree, and the objects
 *   cpython-tree         that tree, relocated, with its bytecode
 *   cpython-link-LINK    an interpreter from the objects
 *   cpython-bolt-LINK    with BOLT: the same in another layout; planned in bolt.c
 *
 * Each is keyed by what it reads. For a recipe that lists the files of its steps, that is those
 * files and the patches that apply, and its script sees nothing else; for other recipes, it is
 * everything but recipe.yaml.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/below.h"
#include "base/file.h"
#include "cpython/cpython-internal.h"

/* Every step records where it was built and the date that stands for its source. */
#define PRELUDE                                                                                    \
	"set -eu\n"                                                                                \
	"SOURCE_DATE_EPOCH=$(find . -maxdepth 1 -type f -printf '%T@\\n' | sort -n | tail -n 1)\n" \
	"SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH%.*}\n"                                              \
	"export SOURCE_DATE_EPOCH\n"                                                               \
	"printf '%s' \"$S\" >\"$OUT/build-root\"\n"                                                \
	"printf '%s' \"$SOURCE_DATE_EPOCH\" >\"$OUT/source-date-epoch\"\n"

/* Limit for a line recorded by a step. */
#define FACT_MAX 4096

int cpython_check_tools(const struct sources *s, struct err *err)
{
	CLEANUP_BUF struct buf programs = BUF_INIT, packages = BUF_INIT;

	for (size_t i = 0; i < s->n; i++) {
		const struct recipe *r = s->chosen[i].recipe;

		for (size_t j = 0; j < r->n_tools; j++) {
			CLEANUP_FREE char *path = find_program(r->tools[j].program);

			if (path)
				continue;
			buf_addf(&programs, " '%s' (for %s)", r->tools[j].program, r->name);
			buf_addf(&packages, " %s", r->tools[j].package);
		}
	}
	if (!programs.len)
		return 0;
	err_set(err, ERR_ENVIRONMENT, "these programs are not installed:%s", programs.data);
	return err_hint(err, "apt-get install%s", packages.data);
}

int cpython_patches(
	const struct chosen *c, const struct cpython_options *o, json_t **ret, struct err *err)
{
	json_t *list = NULL;

	for (size_t i = 0; i < c->recipe->n_patches; i++) {
		const struct recipe_patch *p = &c->recipe->patches[i];
		CLEANUP_FREE char *path = recipe_patch_path(c->recipe, p);
		char hex[SHA256_HEX_SIZE];

		if (!cpython_patch_applies(c, p, o))
			continue;
		if (sha256_file(path, hex, NULL, err) < 0) {
			json_decref(list);
			return -1;
		}
		list = list ? list : json_array();
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "file", p->file, "reason",
						    p->reason, "sha256", hex));
	}
	*ret = list;
	return 0;
}

struct listing {
	struct step *step;
	const char *dir;
};

static int list_file(void *ctx, const struct tree_entry *e, struct err *err)
{
	struct listing *l = ctx;
	CLEANUP_FREE char *path = xasprintf("%s/%s", l->dir, e->rel);

	(void)err;
	if (!S_ISDIR(e->st->st_mode) && strcmp(e->rel, "recipe.yaml") != 0)
		step_file(l->step, path, e->rel);
	return 0;
}

/* `kind` is the recipe's name for the step. */
int step_recipe(struct step *s, const struct recipe *r, const char *kind, struct err *err)
{
	const struct strv *files = recipe_files(r, kind);
	struct listing l = {s, r->dir};

	for (size_t i = 0; i < r->n_tools; i++)
		strv_add(&s->programs, r->tools[i].program);
	if (!files)
		return tree_walk(r->dir, list_file, &l, err);
	for (size_t i = 0; i < files->n; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", r->dir, files->v[i]);

		step_file(s, path, files->v[i]);
	}
	return 0;
}

void step_source(
	struct step *s, const struct chosen *c, const struct cpython_options *o, struct buf *script)
{
	const struct recipe *r = c->recipe;

	if (c->source)
		s->source = xstrdup(c->source);
	step_input(s, "source %s=%s", r->name, c->lock ? c->lock->sha256 : c->source_digest);
	buf_adds(script, PRELUDE);
	for (size_t i = 0; i < r->n_patches; i++) {
		CLEANUP_FREE char *path = recipe_patch_path(r, &r->patches[i]);
		const char *rel = path + strlen(r->dir) + 1;

		if (!cpython_patch_applies(c, &r->patches[i], o))
			continue;
		step_file(s, path, rel);
		buf_addf(script, "patch -p1 -s -N -F0 --no-backup-if-mismatch <\"$RECIPE/%s\"\n",
			rel);
	}
}

/* Licence texts are shipped with what was built; at least one of the files must exist. */
static void add_licences(const struct chosen *c, struct buf *script)
{
	const char *name = c->recipe->name;

	buf_addf(script, "cd \"$SRC\"\nmkdir -p \"$OUT/licences/%s\"\n", name);
	for (size_t i = 0; i < c->recipe->licence_files.n; i++) {
		const char *file = c->recipe->licence_files.v[i];

		buf_addf(script, "if test -f '%s'; then cp '%s' \"$OUT/licences/%s/\"; fi\n", file,
			file, name);
	}
	buf_addf(script, "test -n \"$(ls \"$OUT/licences/%s\")\"\n", name);
}

void step_toolchain(struct step *s, const struct toolchain *t)
{
	toolchain_env(t, &s->env);
	step_input(s, "compiler=%s", t->version);
	step_input(s, "toolchain=%s", t->identity);
}

struct step *step_of_package(struct cpython_build *b, const struct chosen *c, const char *prefix,
	const struct toolchain *t, struct err *err)
{
	CLEANUP_FREE char *name = xasprintf("%s%s", prefix, c->recipe->name);
	CLEANUP_FREE char *title = xasprintf("%s %s", name, c->version);
	CLEANUP_FREE char *code = cpython_code_flags(&b->request.options, t);
	CLEANUP_BUF struct buf script = BUF_INIT;
	struct step *s;

	if (!c->recipe->build) {
		err_set(err, ERR_INPUT, "%s/recipe.yaml: the key 'build' is missing",
			c->recipe->dir);
		return NULL;
	}
	s = plan_add(&b->plan.plan, name, title);
	s->compiles = true;
	strv_addf(&s->env, "VERSION=%s", c->version);
	step_toolchain(s, t);
	if (sysroot_is_recipe(c->recipe->name))
		sysroot_plan(b, s);
	else if (!b->plan.floor)
		step_sysroot(b, s);
	strv_addf(&s->env, "CFLAGS=-O3 -fPIC %s -ffile-prefix-map=@S@=.", code);
	strv_addf(&s->env, "CXXFLAGS=-O3 -fPIC %s -ffile-prefix-map=@S@=.", code);
	strv_add(&s->env, "CPPFLAGS=-I@S@/deps/include");
	strv_add(&s->env, "LDFLAGS=-L@S@/deps/lib");
	strv_add(&s->env, "PATH=/usr/local/bin:/usr/bin:/bin");
	step_source(s, c, &b->request.options, &script);
	buf_addf(&script, "%s\n", c->recipe->build);
	add_licences(c, &script);
	s->script = buf_steal(&script);
	for (size_t i = 0; i < c->recipe->depends.n; i++) {
		CLEANUP_FREE char *needed = xstrdup(c->recipe->depends.v[i]);
		CLEANUP_FREE char *full = NULL;
		struct step *need;

		/* Without a condition. */
		needed[strcspn(needed, " <>=")] = '\0';
		full = xasprintf("%s%s", prefix, needed);
		need = plan_find(&b->plan.plan, full);
		if (need)
			step_need(s, need, true);
	}
	return step_recipe(s, c->recipe, "build", err) < 0 ? NULL : s;
}

/* For another machine, perhaps after the same for this one, which its script can run. */
static int plan_package(struct cpython_build *b, const struct chosen *c, struct err *err)
{
	struct step *native = NULL, *s;

	if (b->native && c->recipe->native) {
		native = step_of_package(b, c, CROSS_TOOL, b->native, err);
		if (!native)
			return -1;
	}
	s = step_of_package(b, c, "", b->plain, err);
	if (!s)
		return -1;
	if (b->native)
		cross_env(b, s);
	if (native)
		step_view(s, "NATIVE", native, "install");
	return 0;
}

const struct chosen *cpython_of(const struct cpython_build *b)
{
	return &b->sources.chosen[b->sources.n - 1];
}

/* Those that are linked with. */
static void need_packages(struct cpython_build *b, struct step *s)
{
	for (size_t i = 0; i + 1 < b->sources.n; i++) {
		struct step *made = plan_find(&b->plan.plan, b->sources.chosen[i].recipe->name);

		if (made != b->plan.sysroot)
			step_need(s, made, true);
	}
}

struct step *step_of_cpython(struct cpython_build *b, const char *kind, const char *more,
	const char *file, const char *prelude, struct err *err)
{
	const struct chosen *c = cpython_of(b);
	CLEANUP_FREE char *name = xasprintf("cpython-%s%s%s", kind, *more ? "-" : "", more);
	CLEANUP_FREE char *title =
		xasprintf("cpython %s %s%s%s", c->version, kind, *more ? " " : "", more);
	CLEANUP_FREE char *path = xasprintf("%s/%s", c->recipe->dir, file);
	CLEANUP_BUF struct buf text = BUF_INIT, script = BUF_INIT;
	struct step *s = plan_add(&b->plan.plan, name, title);

	strv_addf(&s->env, "VERSION=%s", c->version);
	strv_addf(&s->env, "MAJORMINOR=%s", b->plan.series);
	/* What programs and libraries are called, and the folder of the standard library: debug and
	 * release builds share that. */
	strv_addf(&s->env, "LDVERSION=%s%s", b->plan.series, b->plan.abiflags);
	strv_addf(
		&s->env, "STDLIB=python%s%s", b->plan.series, *b->plan.abiflags == 't' ? "t" : "");
	strv_add(&s->env, "PATH=/usr/local/bin:/usr/bin:/bin");
	if (prelude) {
		buf_adds(&script, prelude);
	} else {
		need_packages(b, s);
		cpython_tell_differences(s, c);
		step_source(s, c, &b->request.options, &script);
		buf_adds(&script, musl_script(b->full));
	}
	if (file_read(path, SCRIPT_MAX_BYTES, &text, err) < 0 ||
		step_recipe(s, c->recipe, kind, err) < 0)
		return NULL;
	buf_add(&script, text.data, text.len);
	s->script = buf_steal(&script);
	return s;
}

/* Flags for code, and the other options. Those at their default are left out, unless they are
 * always in keys: ordinary builds are not keyed by features that they do not use, and a new option
 * leaves caches valid. Link options have their defaults in a compile. */
static void add_options(
	struct step *s, const struct toolchain *t, const struct cpython_options *o, bool links)
{
	CLEANUP_FREE char *code = cpython_code_flags(o, t);

	strv_addf(&s->env, "CODE_FLAGS=%s%s", code, musl_flags(t));
	for (size_t i = 0; i < cpython_n_options; i++) {
		const struct cpython_option *option = &cpython_option_table[i];
		const char *value = links || option->compiles ? cpython_option_get(o, option)
							      : option->standard;

		if (*option->variable && (option->always || strcmp(value, option->standard) != 0))
			strv_addf(&s->env, "%s=%s", option->variable, value);
	}
}

/* A finished profile, or a run that trains one; or none. */
static int plan_profile(struct cpython_build *b, struct err *err)
{
	CLEANUP_FREE char *title = xasprintf("cpython %s profile", cpython_of(b)->version);
	const struct cpython_options *o = &b->request.options;
	const struct chosen_profile *p = &b->profile;
	struct cpython_options plain;
	struct step *s;

	if (!p->source && !p->train)
		return 0;
	if (p->source) {
		s = b->plan.profile = plan_add(&b->plan.plan, "cpython-profile", title);
		step_input(s, "profile=%s", p->digest);
		if (profile_is_file(p->source))
			step_file(s, p->source, PROFILE_FILE);
		else
			s->source = xstrdup(p->source);
		s->script =
			xasprintf("set -eu\nmkdir \"$OUT/profile\"\ncp -a %s \"$OUT/profile\"\n",
				s->source ? "." : "\"$RECIPE\"/" PROFILE_FILE);
		return 0;
	}
	s = b->plan.profile = step_of_cpython(b, "profile", "", "profile.sh", NULL, err);
	if (!s)
		return -1;
	/* A profile is independent of how code is accessed and linked, but not of what it is. */
	cpython_defaults(&plain);
	plain.freethreaded = o->freethreaded;
	plain.jit = o->jit;
	plain.tail_call = o->tail_call;
	/* gcc's does not fit where the C library's headers say something else. */
	if (b->full->family == CC_GCC)
		plain.fortify = o->fortify;
	step_toolchain(s, b->full);
	if (!b->plan.floor)
		step_sysroot(b, s);
	add_options(s, b->full, &plain, false);
	return profile_add_training(b, s, err);
}

/* Prepares the tree step, before its script compiles bytecode: copies the installed tree and
 * relocates it. */
static int prepare_tree(
	const struct step *s, const struct cache *cache, const char *root, struct err *err)
{
	const struct cpython_build *b = s->ctx;
	CLEANUP_FREE char *compiled = cache_tree(cache, b->plan.compile->id);
	CLEANUP_FREE char *tree = xasprintf("%s/out/python", root);
	CLEANUP_FOLDER struct folder from = FOLDER_INIT, to = FOLDER_INIT;
	CLEANUP_BUF struct buf build_root = BUF_INIT, epoch = BUF_INIT;
	CLEANUP_STRV struct strv tools = STRV_INIT;
	CLEANUP_FREE char *arguments = NULL, *loads = NULL;
	struct relocation r = {.tools = &tools};

	toolchain_names(b->full, &tools);
	if (folder_open(compiled, &from, err) < 0 || folder_open(root, &to, err) < 0 ||
		file_read_below(&from, "build-root", FACT_MAX, &build_root, err) < 0 ||
		file_read_below(&from, "source-date-epoch", FACT_MAX, &epoch, err) < 0 ||
		tree_copy_needed(&from, "install", &to, "out/python", err) < 0)
		return -1;
	r.root = build_root.data;
	r.arguments = arguments = sysroot_arguments(b, r.root);
	/* For musl, the compile's interpreter names its loader in there; that of the link does not.
	 */
	if (b->plan.sysroot && !b->plan.floor)
		loads = xasprintf("bin/python%s%s", b->plan.series, b->plan.abiflags);
	if (relocate_tree(tree, &r, err) < 0 || relocate_verify(tree, r.root, loads, err) < 0)
		return -1;
	return relocate_pin_times(tree, strtoll(epoch.data, NULL, 10), err);
}

int cpython_plan(struct cpython_build *b, struct err *err)
{
	const struct cpython_options *o = &b->request.options;
	const char *version = cpython_of(b)->version;
	CLEANUP_BUF struct buf licences = BUF_INIT;
	CLEANUP_FREE char *link = NULL;
	struct cpython_plan *p = &b->plan;
	unsigned int major, minor;
	char *script;

	if (sscanf(version, "%u.%u", &major, &minor) != 2)
		return err_set(err, ERR_INPUT, "'%s' is not a version of CPython", version);
	if (cpython_check_patches(cpython_of(b), o, err) < 0)
		return -1;
	snprintf(p->series, sizeof(p->series), "%u.%u", major % 100, minor % 1000);
	p->abiflags = cpython_abiflags(o);
	p->here = !strcmp(o->embed, "here");
	p->dual = !strcmp(o->link, "dual");
	for (size_t i = 0; i + 1 < b->sources.n; i++) {
		if (plan_package(b, &b->sources.chosen[i], err) < 0)
			return -1;
	}
	if ((b->native && cross_plan(b, err) < 0) || plan_profile(b, err) < 0)
		return -1;

	p->compile = step_of_cpython(b, "compile", "", "compile.sh", NULL, err);
	if (!p->compile)
		return -1;
	p->compile->compiles = !p->profile && !strcmp(o->lto, "none");
	step_toolchain(p->compile, b->full);
	step_sysroot(b, p->compile);
	if (b->native && cross_use(b, p->compile, err) < 0)
		return -1;
	add_options(p->compile, b->full, o, false);
	if (strcmp(o->jit, "no") != 0 && cpython_add_jit(p->compile, cpython_of(b), err) < 0)
		return -1;
	if (p->profile)
		step_view(p->compile, "PROFILE", p->profile, "profile");
	add_licences(cpython_of(b), &licences);
	script = xasprintf("%s\n%s", p->compile->script, licences.data);
	free(p->compile->script);
	p->compile->script = script;

	p->tree = step_of_cpython(b, "tree", "", "bytecode.sh", PRELUDE_VIEW, err);
	if (!p->tree)
		return -1;
	if (b->native)
		step_view(p->tree, "NATIVE", p->native, "install");
	p->tree->prepare = prepare_tree;
	p->tree->ctx = b;
	strv_add(&p->tree->env, "TREE=@S@/out/python");
	step_input(p->tree, "relocation=" RELOCATE_REVISION);
	step_view(p->tree, "COMPILED", p->compile, "");
	if (step_archive(b, p->tree, err) < 0)
		return -1;

	link = xasprintf(PRELUDE_VIEW "cd \"$BUILD\"\n%s", musl_link_script(b->full));
	p->link = step_of_cpython(b, "link", o->link, "link.sh", link, err);
	if (!p->link)
		return -1;
	step_toolchain(p->link, b->full);
	step_sysroot(b, p->link);
	add_options(p->link, b->full, o, true);
	step_view(p->link, "COMPILED", p->compile, "");
	step_view(p->link, "BUILD", p->compile, "build");
	/* What modules need that are built in. */
	if (!strcmp(o->modules, "static"))
		need_packages(b, p->link);
	p->last = p->link;
	return !strcmp(o->bolt, "yes") ? plan_bolt(b, err) : 0;
}
