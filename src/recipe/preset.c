/* Presets: with which options other projects build, and where they say so. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "recipe/recipe.h"
#include "recipe/yaml-internal.h"

#define FOLDER "cpython/like"
#define SUFFIX ".yaml"

static int read_options(const struct yaml *y, struct fy_node *map, preset_check *check,
	struct preset *p, struct err *err)
{
	struct fy_node_pair *pair;
	void *iter = NULL;

	if (!fy_node_is_mapping(map))
		return yaml_error(y, map, err, "'options' must be a mapping of names and values");
	while ((pair = fy_node_mapping_iterate(map, &iter))) {
		struct fy_node *key = fy_node_pair_key(pair);
		const char *name = key ? fy_node_get_scalar0(key) : NULL;
		struct fy_node *node = fy_node_pair_value(pair);
		const char *value =
			node && fy_node_is_scalar(node) ? fy_node_get_scalar0(node) : NULL;
		struct err why = ERR_INIT;

		if (!name || !value)
			return yaml_error(
				y, key ? key : map, err, "an option is written 'name: value'");
		if (check(name, value, &why) < 0)
			return yaml_error(y, key, err, "%s", why.msg);
		strv_add(&p->settings, name);
		strv_add(&p->settings, value);
	}
	return 0;
}

static int read_sources(
	const struct yaml *y, struct fy_node *list, struct preset *p, struct err *err)
{
	static const struct yaml_field fields[] = {
		{"project", YAML_TEXT, offsetof(struct preset_source, project)},
		{"file", YAML_TEXT, offsetof(struct preset_source, file)},
		{"version", YAML_TEXT, offsetof(struct preset_source, version)},
		{"date", YAML_TEXT, offsetof(struct preset_source, date)},
	};
	struct fy_node *item;
	void *iter = NULL;

	while ((item = fy_node_sequence_iterate(list, &iter))) {
		if (yaml_read(y, item, fields, ARRAY_SIZE(fields),
			    ARRAY_ADD(p->sources, p->n_sources), err) < 0)
			return -1;
	}
	return 0;
}

static int read_preset(const struct yaml *y, preset_check *check, struct preset *p, struct err *err)
{
	struct raw_preset {
		struct preset kept;
		struct fy_node *sources;
	} raw = {.kept = *p};
	static const struct yaml_field fields[] = {
		{"summary", YAML_TEXT, offsetof(struct raw_preset, kept.summary)},
		{"options", YAML_OTHER, 0},
		{"differs", YAML_WORDS, offsetof(struct raw_preset, kept.differs)},
		{"sources", YAML_LIST, offsetof(struct raw_preset, sources)},
	};
	struct fy_node *root = fy_document_root(y->doc);
	int failed = yaml_read(y, root, fields, ARRAY_SIZE(fields), &raw, err);
	struct fy_node *options;

	*p = raw.kept;
	if (failed < 0)
		return -1;
	options = yaml_get(root, "options");
	if (!options || !raw.sources || !fy_node_sequence_item_count(raw.sources))
		return yaml_error(
			y, root, err, "the key '%s' is missing", options ? "sources" : "options");
	return read_options(y, options, check, p, err) < 0 ? -1
							   : read_sources(y, raw.sources, p, err);
}

int preset_list(const char *dir, struct strv *names, struct err *err)
{
	CLEANUP_FREE char *folder = xasprintf("%s/" FOLDER, dir);
	CLEANUP_STRV struct strv files = STRV_INIT;

	if (path_exists(folder) && dir_list(folder, &files, err) < 0)
		return -1;
	for (size_t i = 0; i < files.n; i++) {
		if (ends_with(files.v[i], SUFFIX))
			strv_addf(names, "%.*s", (int)(strlen(files.v[i]) - strlen(SUFFIX)),
				files.v[i]);
	}
	return 0;
}

int preset_load(const char *dir, const char *name, preset_check *check, struct preset **ret,
	struct err *err)
{
	CLEANUP(cleanup_preset) struct preset *p = xcalloc(1, sizeof(*p));
	CLEANUP_FREE char *path = xasprintf("%s/" FOLDER "/%s" SUFFIX, dir, name), *all = NULL;
	CLEANUP(yaml_release) struct yaml y = {0};
	CLEANUP_STRV struct strv names = STRV_INIT;

	if (preset_list(dir, &names, err) < 0)
		return -1;
	if (!strv_has(&names, name)) {
		all = strv_join(&names, ", ");
		err_set(err, ERR_USAGE, "there is no preset '%s'", name);
		return names.n ? err_hint(err, "the presets are %s", all)
			       : err_hint(err, "there is none at all in '%s/" FOLDER "'", dir);
	}
	p->name = xstrdup(name);
	if (yaml_load(path, &y, err) < 0 || read_preset(&y, check, p, err) < 0)
		return -1;
	*ret = steal(&p);
	return 0;
}

void preset_free(struct preset *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_sources; i++) {
		free(p->sources[i].project);
		free(p->sources[i].file);
		free(p->sources[i].version);
		free(p->sources[i].date);
	}
	free(p->sources);
	strv_release(&p->settings);
	strv_release(&p->differs);
	free(p->name);
	free(p->summary);
	free(p);
}

void cleanup_preset(struct preset **p)
{
	preset_free(*p);
}
