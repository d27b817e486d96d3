#include "recipe/recipe.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "recipe/yaml-internal.h"

static int read_tools(const struct yaml *y, struct fy_node *list, struct recipe *r, struct err *err)
{
	struct fy_node *item;
	void *iter = NULL;

	while (list && (item = fy_node_sequence_iterate(list, &iter))) {
		struct fy_node_pair *pair =
			fy_node_is_mapping(item) && fy_node_mapping_item_count(item) == 1
				? fy_node_mapping_get_by_index(item, 0)
				: NULL;
		const char *program = pair ? fy_node_get_scalar0(fy_node_pair_key(pair)) : NULL;
		const char *package = pair ? fy_node_get_scalar0(fy_node_pair_value(pair)) : NULL;

		if (!program || !package)
			return yaml_error(y, item, err, "a tool is written 'program: package'");
		*ARRAY_ADD(r->tools, r->n_tools) =
			(struct recipe_tool){xstrdup(program), xstrdup(package)};
	}
	return 0;
}

/* `option` is the value of a key of that name, or NULL. */
static int check_option(
	const struct yaml *y, struct fy_node *item, const char *option, struct err *err)
{
	return !option || strchr(option, '=')
		       ? 0
		       : yaml_error(y, yaml_get(item, "option"), err,
				 "'%s' is not an option with a value, as in 'startup=fast'",
				 option);
}

static int read_patches(
	const struct yaml *y, struct fy_node *list, struct recipe *r, struct err *err)
{
	static const struct yaml_field fields[] = {
		{"file", YAML_TEXT, offsetof(struct recipe_patch, file)},
		{"reason", YAML_TEXT, offsetof(struct recipe_patch, reason)},
		{"versions", YAML_MAYBE, offsetof(struct recipe_patch, versions)},
		{"option", YAML_MAYBE, offsetof(struct recipe_patch, option)},
	};
	struct fy_node *item;
	void *iter = NULL;

	while (list && (item = fy_node_sequence_iterate(list, &iter))) {
		struct recipe_patch *p = ARRAY_ADD(r->patches, r->n_patches);
		CLEANUP_FREE char *path = NULL;

		if (yaml_read(y, item, fields, ARRAY_SIZE(fields), p, err) < 0)
			return -1;
		path = recipe_patch_path(r, p);
		if (!path_exists(path))
			return yaml_error(
				y, yaml_get(item, "file"), err, "there is no file '%s'", path);
		if (check_option(y, item, p->option, err) < 0)
			return -1;
	}
	return 0;
}

static int read_differs(
	const struct yaml *y, struct fy_node *list, struct recipe *r, struct err *err)
{
	static const struct yaml_field fields[] = {
		{"what", YAML_TEXT, offsetof(struct recipe_difference, what)},
		{"versions", YAML_TEXT, offsetof(struct recipe_difference, versions)},
		{"option", YAML_MAYBE, offsetof(struct recipe_difference, option)},
		{"llvm", YAML_MAYBE, offsetof(struct recipe_difference, llvm)},
		{"configure", YAML_MAYBE, offsetof(struct recipe_difference, configure)},
		{"setup", YAML_MAYBE, offsetof(struct recipe_difference, setup)},
	};
	struct fy_node *item;
	void *iter = NULL;

	while (list && (item = fy_node_sequence_iterate(list, &iter))) {
		struct recipe_difference *d = ARRAY_ADD(r->differs, r->n_differs);

		if (yaml_read(y, item, fields, ARRAY_SIZE(fields), d, err) < 0)
			return -1;
		if (!!d->option + !!d->configure + !!d->setup != 1)
			return yaml_error(
				y, item, err, "it has one of 'option', 'configure' and 'setup'");
		if (check_option(y, item, d->option, err) < 0)
			return -1;
	}
	return 0;
}

static int read_files(const struct yaml *y, struct fy_node *map, struct recipe *r, struct err *err)
{
	static const char *const names[] = {"build", "profile", "compile", "tree", "link",
		"bolt-profile", "bolt", "native", "cross"};
	struct yaml_field fields[ARRAY_SIZE(names)];
	struct strv lists[ARRAY_SIZE(names)] = {0};
	int failed;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		fields[i] = (struct yaml_field){names[i], YAML_WORDS, i * sizeof(lists[0])};
	failed = map ? yaml_read(y, map, fields, ARRAY_SIZE(fields), lists, err) : 0;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct fy_node *list = map ? yaml_get(map, names[i]) : NULL;

		if (list)
			*ARRAY_ADD(r->steps, r->n_steps) =
				(struct recipe_step){xstrdup(names[i]), lists[i]};
		for (size_t k = 0; k < lists[i].n && failed == 0; k++) {
			CLEANUP_FREE char *path = xasprintf("%s/%s", r->dir, lists[i].v[k]);

			if (!path_exists(path))
				failed = yaml_error(y, list, err, "there is no file '%s'", path);
		}
	}
	return failed;
}

const struct strv *recipe_files(const struct recipe *r, const char *step)
{
	for (size_t i = 0; i < r->n_steps; i++)
		if (!strcmp(r->steps[i].name, step))
			return &r->steps[i].files;
	return NULL;
}

static int read_recipe(const struct yaml *y, struct recipe *r, struct err *err)
{
	struct raw_recipe {
		struct recipe kept;
		char *name, *summary;
		struct fy_node *tools, *patches, *differs;
	} raw = {0};
#define KEPT(member) offsetof(struct raw_recipe, kept.member)
#define RAW(member) offsetof(struct raw_recipe, member)
	static const struct yaml_field fields[] = {
		{"name", YAML_TEXT, RAW(name)},
		{"summary", YAML_TEXT, RAW(summary)},
		{"licence", YAML_TEXT, KEPT(licence)},
		{"licence-files", YAML_WORDS, KEPT(licence_files)},
		{"depends", YAML_WORDS, KEPT(depends)},
		{"tools", YAML_LIST, RAW(tools)},
		{"patches", YAML_LIST, RAW(patches)},
		{"differs", YAML_LIST, RAW(differs)},
		{"build", YAML_MAYBE, KEPT(build)},
		{"native", YAML_MAYBE, KEPT(native)},
		{"exports", YAML_WORDS, KEPT(exports)},
		{"files", YAML_OTHER, 0},
		{"releases", YAML_OTHER, 0},
	};
	struct fy_node *root = fy_document_root(y->doc);
	CLEANUP_FREE char *name = NULL, *summary = NULL;
	int failed;

	raw.kept = *r;
	failed = yaml_read(y, root, fields, ARRAY_SIZE(fields), &raw, err);
	*r = raw.kept;
	name = raw.name;
	summary = raw.summary; /* for who reads the file */
	if (failed < 0 || read_tools(y, raw.tools, r, err) < 0 ||
		read_patches(y, raw.patches, r, err) < 0 ||
		read_differs(y, raw.differs, r, err) < 0 ||
		read_files(y, yaml_get(root, "files"), r, err) < 0 ||
		releases_read(y, yaml_get(root, "releases"), &r->releases, err) < 0)
		return -1;
	if (strcmp(name, r->name))
		return yaml_error(y, yaml_get(root, "name"), err,
			"the recipe in the folder '%s' calls itself '%s'", r->name, name);
	if (!r->licence_files.n)
		return yaml_error(y, root, err, "the key 'licence-files' is missing");
	return 0;
}

int recipe_load(const char *dir, const char *name, struct recipe **ret, struct err *err)
{
	CLEANUP(cleanup_recipe) struct recipe *r = xcalloc(1, sizeof(*r));
	CLEANUP(yaml_release) struct yaml y = {0};
	CLEANUP_FREE char *path = xasprintf("%s/%s/recipe.yaml", dir, name);

	r->name = xstrdup(name);
	r->dir = xasprintf("%s/%s", dir, name);
	if (!path_exists(path)) {
		err_set(err, ERR_INPUT, "there is no recipe '%s' in '%s'", name, dir);
		return err_hint(err, "recipes are folders with a file recipe.yaml; --recipes DIR "
				     "names another place");
	}
	if (yaml_load(path, &y, err) < 0 || read_recipe(&y, r, err) < 0)
		return -1;
	*ret = steal(&r);
	return 0;
}

char *recipe_patch_path(const struct recipe *r, const struct recipe_patch *patch)
{
	char *path = xasprintf("%s/patches/%s", r->dir, patch->file);

	if (!path_exists(path)) {
		free(path);
		path = xasprintf("%s/%s", r->dir, patch->file);
	}
	return path;
}

void recipe_free(struct recipe *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_tools; i++) {
		free(r->tools[i].program);
		free(r->tools[i].package);
	}
	for (size_t i = 0; i < r->n_patches; i++) {
		free(r->patches[i].file);
		free(r->patches[i].reason);
		free(r->patches[i].versions);
		free(r->patches[i].option);
	}
	for (size_t i = 0; i < r->n_differs; i++) {
		free(r->differs[i].what);
		free(r->differs[i].versions);
		free(r->differs[i].option);
		free(r->differs[i].llvm);
		free(r->differs[i].configure);
		free(r->differs[i].setup);
	}
	for (size_t i = 0; i < r->n_steps; i++) {
		free(r->steps[i].name);
		strv_release(&r->steps[i].files);
	}
	releases_release(&r->releases);
	free(r->tools);
	free(r->patches);
	free(r->differs);
	free(r->steps);
	strv_release(&r->licence_files);
	strv_release(&r->depends);
	strv_release(&r->exports);
	free(r->name);
	free(r->dir);
	free(r->licence);
	free(r->build);
	free(r->native);
	free(r);
}

void cleanup_recipe(struct recipe **r)
{
	recipe_free(*r);
}
