#include "cpython/cpython.h"

#include <stdlib.h>
#include <string.h>

#include "base/below.h"
#include "base/file.h"
#include "cpython/relocate.h"

/* Every step leaves where it was built and the date that stands for its source. */
#define PRELUDE                                                                                    \
	"set -eu\n"                                                                                \
	"SOURCE_DATE_EPOCH=$(find . -maxdepth 1 -type f -printf '%T@\\n' | sort -n | tail -n 1)\n" \
	"SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH%.*}\n"                                              \
	"export SOURCE_DATE_EPOCH\n"                                                               \
	"printf '%s' \"$S\" >\"$OUT/build-root\"\n"                                                \
	"printf '%s' \"$SOURCE_DATE_EPOCH\" >\"$OUT/source-date-epoch\"\n"

/* For steps without a source, which go on with the date of the compile. */
#define PRELUDE_VIEW                                                                               \
	"set -eu\n"                                                                                \
	"SOURCE_DATE_EPOCH=$(cat \"$COMPILED/source-date-epoch\")\n"                               \
	"export SOURCE_DATE_EPOCH\n"

#define SCRIPT_MAX_BYTES (1u << 20)
/* Of a line that a step wrote down. */
#define FACT_MAX 4096

char *cpython_dependency(const char *listed, const char *version)
{
	size_t n = strcspn(listed, "<>=");

	return version_matches(version, listed[n] ? listed + n : NULL) ? xstrndup(listed, n) : NULL;
}

int cpython_check_tools(const struct chosen *chosen, size_t n, struct err *err)
{
	CLEANUP_BUF struct buf programs = BUF_INIT, packages = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < chosen[i].recipe->n_tools; j++) {
			const struct recipe_tool *tool = &chosen[i].recipe->tools[j];
			CLEANUP_FREE char *path = find_program(tool->program);

			if (path)
				continue;
			buf_addf(
				&programs, " '%s' (for %s)", tool->program, chosen[i].recipe->name);
			buf_addf(&packages, " %s", tool->package);
		}
	}
	if (!programs.len)
		return 0;
	err_set(err, ERR_ENVIRONMENT, "these programs are not installed:%s", programs.data);
	return err_hint(err, "apt-get install%s", packages.data);
}

static void add_patches(const struct chosen *c, struct buf *script)
{
	for (size_t i = 0; i < c->recipe->n_patches; i++) {
		const struct recipe_patch *p = &c->recipe->patches[i];
		CLEANUP_FREE char *path = NULL;

		if (!version_matches(c->version, p->versions))
			continue;
		path = recipe_patch_path(c->recipe, p);
		buf_addf(script, "patch -p1 -s -N --no-backup-if-mismatch <\"$RECIPE/%s\"\n",
			path + strlen(c->recipe->dir) + 1);
	}
}

/* Licence texts travel with what was built; at least one of the files must be there. */
static void add_licences(const struct chosen *c, struct buf *script)
{
	buf_addf(script, "cd \"$SRC\"\nmkdir -p \"$OUT/licences/%s\"\n", c->recipe->name);
	for (size_t i = 0; i < c->recipe->licence_files.n; i++)
		buf_addf(script, "if test -f '%s'; then cp '%s' \"$OUT/licences/%s/\"; fi\n",
			c->recipe->licence_files.v[i], c->recipe->licence_files.v[i],
			c->recipe->name);
	buf_addf(script, "test -n \"$(ls \"$OUT/licences/%s\")\"\n", c->recipe->name);
}

static void use_source(struct step *s, const struct chosen *c)
{
	s->recipe = c->recipe;
	s->version = xstrdup(c->version);
	s->lock = c->lock;
	if (c->source) {
		s->source = xstrdup(c->source);
		step_input(s, "source %s=%s", c->recipe->name, c->source_digest);
	}
	strv_addf(&s->env, "VERSION=%s", c->version);
}

static void use_toolchain(struct step *s, const struct toolchain *t)
{
	toolchain_env(t, &s->env);
	step_input(s, "compiler=%s", t->version);
	step_input(s, "toolchain=%s", t->identity);
}

static struct step *plan_package(
	struct plan *plan, const struct chosen *c, const struct toolchain *t, struct err *err)
{
	CLEANUP_FREE char *title = xasprintf("%s %s", c->recipe->name, c->version);
	CLEANUP_BUF struct buf script = BUF_INIT;
	struct step *s;

	if (!c->recipe->build) {
		err_set(err, ERR_INPUT, "%s/recipe.yaml: the key 'build' is missing",
			c->recipe->dir);
		return NULL;
	}
	s = plan_add(plan, c->recipe->name, title);
	use_source(s, c);
	use_toolchain(s, t);
	strv_add(&s->env, "CFLAGS=-O3 -fPIC -ffile-prefix-map=@S@=.");
	strv_add(&s->env, "CXXFLAGS=-O3 -fPIC -ffile-prefix-map=@S@=.");
	strv_add(&s->env, "CPPFLAGS=-I@S@/deps/include");
	strv_add(&s->env, "LDFLAGS=-L@S@/deps/lib");
	strv_add(&s->env, "PATH=/usr/local/bin:/usr/bin:/bin");
	buf_adds(&script, PRELUDE);
	add_patches(c, &script);
	buf_adds(&script, c->recipe->build);
	buf_adds(&script, "\n");
	add_licences(c, &script);
	s->script = buf_steal(&script);
	for (size_t i = 0; i < c->recipe->depends.n; i++) {
		struct step *need = plan_find(plan, c->recipe->depends.v[i]);

		if (need)
			step_need(s, need, true);
	}
	return s;
}

/* The shell text of a step of CPython: prelude, patches, the recipe's script. */
static int read_script(const struct chosen *c, const char *prelude, bool patches, const char *file,
	char **ret, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", c->recipe->dir, file);
	CLEANUP_BUF struct buf text = BUF_INIT, script = BUF_INIT;

	if (file_read(path, SCRIPT_MAX_BYTES, &text, err) < 0)
		return -1;
	buf_adds(&script, prelude);
	if (patches)
		add_patches(c, &script);
	buf_add(&script, text.data, text.len);
	*ret = buf_steal(&script);
	return 0;
}

struct context {
	const struct cpython_options *o;
	const struct chosen *cpython;
	const struct toolchain *t;
	struct cpython_plan *p;
};

/* What every step of CPython gets. */
static void common_env(const struct context *c, struct step *s)
{
	strv_addf(&s->env, "MAJORMINOR=%s", c->p->series);
	strv_add(&s->env, "PATH=/usr/local/bin:/usr/bin:/bin");
}

static void need_packages(const struct context *c, struct step *s)
{
	for (size_t i = 0; i < c->p->plan.n; i++) {
		struct step *need = c->p->plan.steps[i];

		if (strncmp(need->name, "cpython-", 8))
			step_need(s, need, true);
	}
}

/* Those that are not the default: keys of ordinary builds do not name them. What only links are
 * told is not for a compile. */
static void add_choices(const struct context *c, struct step *s, bool compiles)
{
	for (size_t i = 0; i < cpython_n_options; i++) {
		const struct cpython_option *option = &cpython_option_table[i];

		if (!option->always && (!compiles || option->compiles) &&
			!cpython_option_is_default(c->o, option))
			strv_addf(&s->env, "%s=%s", option->variable,
				cpython_option_get(c->o, option));
	}
}

static int plan_profile(const struct context *c, struct step **ret, struct err *err)
{
	CLEANUP_FREE char *title = xasprintf("cpython %s profile", c->cpython->version);
	struct step *s = plan_add(&c->p->plan, "cpython-profile", title);
	char hex[SHA256_HEX_SIZE];

	*ret = s;
	if (c->o->profile) {
		s->source = path_absolute(c->o->profile);
		s->script = xstrdup("set -eu\nmkdir \"$OUT/profile\"\ncp -a . \"$OUT/profile\"\n");
		if (tree_digest(s->source, hex, err) < 0)
			return -1;
		step_input(s, "profile=%s", hex);
		return 0;
	}
	use_source(s, c->cpython);
	use_toolchain(s, c->t);
	common_env(c, s);
	need_packages(c, s);
	strv_add(&s->env, "OPT=pgo");
	strv_addf(&s->env, "LTO=%s", c->o->lto);
	strv_add(&s->env, "TLS=initial-exec");
	strv_add(&s->env, "PIE=yes");
	strv_add(&s->env, "LINK=static");
	if (c->o->train) {
		CLEANUP_BUF struct buf text = BUF_INIT;

		if (file_read(c->o->train, SCRIPT_MAX_BYTES, &text, err) < 0)
			return -1;
		sha256_hex(text.data, text.len, hex);
		step_input(s, "training=%s", hex);
		s->extra_file = path_absolute(c->o->train);
		strv_add(&s->env, "TRAIN=@S@/recipe/train.py");
	} else {
		strv_add(&s->env, "TRAIN=");
	}
	return read_script(c->cpython, PRELUDE, true, "profile.sh", &s->script, err);
}

static int plan_compile(const struct context *c, struct step *profile, struct err *err)
{
	CLEANUP_FREE char *title = xasprintf("cpython %s compile", c->cpython->version);
	CLEANUP_BUF struct buf licences = BUF_INIT, script = BUF_INIT;
	struct step *s = plan_add(&c->p->plan, "cpython-compile", title);

	c->p->compile = s;
	use_source(s, c->cpython);
	use_toolchain(s, c->t);
	common_env(c, s);
	need_packages(c, s);
	strv_addf(&s->env, "OPT=%s", c->o->opt);
	strv_addf(&s->env, "LTO=%s", c->o->lto);
	strv_addf(&s->env, "TLS=%s", c->o->tls);
	strv_add(&s->env, "PIE=yes");
	strv_add(&s->env, "LINK=static");
	strv_add(&s->env, "TRAIN=");
	add_choices(c, s, true);
	if (profile) {
		step_need(s, profile, false);
		s->views[s->n_views++] = (struct step_view){"PROFILE", profile, "profile"};
	}
	if (read_script(c->cpython, PRELUDE, true, "compile.sh", &s->script, err) < 0)
		return -1;
	add_licences(c->cpython, &licences);
	buf_addf(&script, "%s\n%s", s->script, licences.data);
	free(s->script);
	s->script = buf_steal(&script);
	return 0;
}

/* The variables of the toolchain, back from the step's environment, and what they become. */
static void tool_names(const struct step *compile, struct strv *pairs)
{
	static const char *const names[][2] = {{"CXX=", "c++"}, {"CC=", "cc"}, {"AR=", "ar"},
		{"RANLIB=", "ranlib"}, {"NM=", "nm"}, {"STRIP=", "strip"}, {"OBJCOPY=", "objcopy"},
		{"LLVM_PROFDATA=", "llvm-profdata"}, {"LLD=", "ld.lld"}};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t n = strlen(names[i][0]);

		for (size_t j = 0; j < compile->env.n; j++) {
			if (strncmp(compile->env.v[j], names[i][0], n) || !compile->env.v[j][n])
				continue;
			strv_add(pairs, compile->env.v[j] + n);
			strv_add(pairs, names[i][1]);
		}
	}
}

/* The tree step, before its script compiles bytecode: copy what was installed and relocate it. */
static int prepare_tree(
	const struct step *s, const struct cache *cache, const char *root, struct err *err)
{
	const struct step *compile = s->views[0].step;
	CLEANUP_FREE char *compiled = cache_tree(cache, compile->id);
	CLEANUP_FREE char *tree = xasprintf("%s/out/python", root);
	CLEANUP_FOLDER struct folder from = FOLDER_INIT, to = FOLDER_INIT;
	CLEANUP_BUF struct buf build_root = BUF_INIT, epoch = BUF_INIT;
	CLEANUP_STRV struct strv tools = STRV_INIT;
	struct relocation r = {.tools = &tools};

	tool_names(compile, &tools);
	if (folder_open(compiled, &from, err) < 0 || folder_open(root, &to, err) < 0 ||
		file_read_below(&from, "build-root", FACT_MAX, &build_root, err) < 0 ||
		file_read_below(&from, "source-date-epoch", FACT_MAX, &epoch, err) < 0 ||
		tree_copy_needed(&from, "install", &to, "out/python", err) < 0)
		return -1;
	r.root = build_root.data;
	if (relocate_tree(tree, &r, err) < 0 || relocate_verify(tree, r.root, err) < 0)
		return -1;
	return relocate_pin_times(tree, strtoll(epoch.data, NULL, 10), err);
}

static int plan_tree(const struct context *c, struct err *err)
{
	CLEANUP_FREE char *title = xasprintf("cpython %s tree", c->cpython->version);
	struct step *s = plan_add(&c->p->plan, "cpython-tree", title);

	c->p->tree = s;
	s->version = xstrdup(c->cpython->version);
	s->recipe = c->cpython->recipe;
	s->prepare = prepare_tree;
	common_env(c, s);
	strv_addf(&s->env, "VERSION=%s", s->version);
	strv_add(&s->env, "TREE=@S@/out/python");
	step_input(s, "relocation=" RELOCATE_REVISION);
	step_need(s, c->p->compile, false);
	s->views[s->n_views++] = (struct step_view){"COMPILED", c->p->compile, ""};
	return read_script(c->cpython, PRELUDE_VIEW, false, "bytecode.sh", &s->script, err);
}

static int plan_link(const struct context *c, struct err *err)
{
	CLEANUP_FREE char *name = xasprintf("cpython-link-%s", c->o->link);
	CLEANUP_FREE char *title = xasprintf("cpython %s link %s", c->cpython->version, c->o->link);
	struct step *s = plan_add(&c->p->plan, name, title);

	c->p->link = s;
	s->version = xstrdup(c->cpython->version);
	s->recipe = c->cpython->recipe;
	use_toolchain(s, c->t);
	common_env(c, s);
	strv_addf(&s->env, "VERSION=%s", s->version);
	strv_addf(&s->env, "OPT=%s", c->o->opt);
	strv_addf(&s->env, "LTO=%s", c->o->lto);
	strv_addf(&s->env, "TLS=%s", c->o->tls);
	strv_addf(&s->env, "PIE=%s", c->o->pie);
	strv_addf(&s->env, "LINK=%s", c->o->link);
	add_choices(c, s, false);
	step_need(s, c->p->compile, false);
	s->views[s->n_views++] = (struct step_view){"COMPILED", c->p->compile, ""};
	s->views[s->n_views++] = (struct step_view){"BUILD", c->p->compile, "build"};
	return read_script(
		c->cpython, PRELUDE_VIEW "cd \"$BUILD\"\n", false, "link.sh", &s->script, err);
}

int cpython_plan(const struct cpython_options *options, const struct chosen *chosen, size_t n,
	const struct toolchain *plain, const struct toolchain *full, struct cpython_plan *ret,
	struct err *err)
{
	const struct chosen *cpython = &chosen[n - 1];
	struct context c = {options, cpython, full, ret};
	struct step *profile = NULL;
	unsigned int major, minor;

	if (sscanf(cpython->version, "%u.%u", &major, &minor) != 2)
		return err_set(
			err, ERR_INPUT, "'%s' is not a version of CPython", cpython->version);
	snprintf(ret->series, sizeof(ret->series), "%u.%u", major % 100, minor % 1000);
	for (size_t i = 0; i + 1 < n; i++) {
		if (!plan_package(&ret->plan, &chosen[i], plain, err))
			return -1;
	}
	if (!strcmp(options->opt, "pgo") && plan_profile(&c, &profile, err) < 0)
		return -1;
	if (plan_compile(&c, profile, err) < 0 || plan_tree(&c, err) < 0)
		return -1;
	return plan_link(&c, err);
}
