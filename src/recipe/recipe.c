#include "recipe/recipe.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "recipe/yaml-internal.h"

static int read_tools(const struct yaml *y, struct fy_node *root, struct recipe *r, struct err *err)
{
	struct fy_node *list, *item;
	void *iter = NULL;

	if (yaml_sequence(y, root, "tools", &list, err) < 0)
		return -1;
	while (list && (item = fy_node_sequence_iterate(list, &iter))) {
		struct fy_node_pair *pair =
			fy_node_is_mapping(item) && fy_node_mapping_item_count(item) == 1
				? fy_node_mapping_get_by_index(item, 0)
				: NULL;
		const char *program = pair ? fy_node_get_scalar0(fy_node_pair_key(pair)) : NULL;
		const char *package = pair ? fy_node_get_scalar0(fy_node_pair_value(pair)) : NULL;

		if (!program || !package)
			return yaml_error(y, item, err, "a tool is written 'program: package'");
		r->tools = xreallocarray(r->tools, r->n_tools + 1, sizeof(*r->tools));
		r->tools[r->n_tools++] = (struct recipe_tool){xstrdup(program), xstrdup(package)};
	}
	return 0;
}

static int read_patches(
	const struct yaml *y, struct fy_node *root, struct recipe *r, struct err *err)
{
	static const char *const keys[] = {"file", "reason", "versions"};
	struct fy_node *list, *item;
	void *iter = NULL;

	if (yaml_sequence(y, root, "patches", &list, err) < 0)
		return -1;
	while (list && (item = fy_node_sequence_iterate(list, &iter))) {
		struct recipe_patch *p;

		r->patches = xreallocarray(r->patches, r->n_patches + 1, sizeof(*r->patches));
		p = &r->patches[r->n_patches++];
		*p = (struct recipe_patch){0};
		if (yaml_check_keys(y, item, keys, ARRAY_SIZE(keys), err) < 0 ||
			yaml_string(y, item, "file", true, &p->file, err) < 0 ||
			yaml_string(y, item, "reason", true, &p->reason, err) < 0 ||
			yaml_string(y, item, "versions", false, &p->versions, err) < 0)
			return -1;
		CLEANUP_FREE char *path = recipe_patch_path(r, p);

		if (!path_exists(path))
			return yaml_error(
				y, yaml_get(item, "file"), err, "there is no file '%s'", path);
	}
	return 0;
}

static int read_files(const struct yaml *y, struct fy_node *root, struct recipe *r, struct err *err)
{
	static const char *const keys[] = {"build", "profile", "compile", "tree", "link"};
	struct fy_node *map = yaml_get(root, "files");
	struct fy_node_pair *pair;
	void *iter = NULL;

	if (map && yaml_check_keys(y, map, keys, ARRAY_SIZE(keys), err) < 0)
		return -1;
	while (map && (pair = fy_node_mapping_iterate(map, &iter))) {
		struct recipe_step *step;

		r->steps = xreallocarray(r->steps, r->n_steps + 1, sizeof(*r->steps));
		step = &r->steps[r->n_steps++];
		*step = (struct recipe_step){
			.name = xstrdup(fy_node_get_scalar0(fy_node_pair_key(pair)))};
		if (yaml_strings(y, map, step->name, &step->files, err) < 0)
			return -1;
		for (size_t i = 0; i < step->files.n; i++) {
			CLEANUP_FREE char *path = xasprintf("%s/%s", r->dir, step->files.v[i]);

			if (!path_exists(path))
				return yaml_error(y, fy_node_pair_value(pair), err,
					"there is no file '%s'", path);
		}
	}
	return 0;
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
	static const char *const keys[] = {"name", "summary", "licence", "licence-files", "depends",
		"tools", "patches", "build", "exports", "files"};
	struct fy_node *root = fy_document_root(y->doc);
	CLEANUP_FREE char *name = NULL;

	if (yaml_check_keys(y, root, keys, ARRAY_SIZE(keys), err) < 0 ||
		yaml_string(y, root, "name", true, &name, err) < 0 ||
		yaml_string(y, root, "summary", true, &r->summary, err) < 0 ||
		yaml_string(y, root, "licence", true, &r->licence, err) < 0 ||
		yaml_string(y, root, "build", false, &r->build, err) < 0 ||
		yaml_strings(y, root, "licence-files", &r->licence_files, err) < 0 ||
		yaml_strings(y, root, "depends", &r->depends, err) < 0 ||
		yaml_strings(y, root, "exports", &r->exports, err) < 0 ||
		read_tools(y, root, r, err) < 0 || read_patches(y, root, r, err) < 0 ||
		read_files(y, root, r, err) < 0)
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
	}
	for (size_t i = 0; i < r->n_steps; i++) {
		free(r->steps[i].name);
		strv_release(&r->steps[i].files);
	}
	free(r->tools);
	free(r->patches);
	free(r->steps);
	strv_release(&r->licence_files);
	strv_release(&r->depends);
	strv_release(&r->exports);
	free(r->name);
	free(r->dir);
	free(r->summary);
	free(r->licence);
	free(r->build);
	free(r);
}

void cleanup_recipe(struct recipe **r)
{
	recipe_free(*r);
}
