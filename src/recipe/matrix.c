/* Matrices: many builds, described by what they differ in. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "recipe/recipe.h"
#include "recipe/yaml-internal.h"

/* Far more than anybody builds; an axis is bounded first, so that the product cannot overflow. */
#define AXIS_MAX 256
#define PRODUCT_MAX 4096
#define ROWS_MAX 512
#define NAME_MAX_BYTES 64
#define NAME_LETTERS LETTERS_AND_DIGITS "._+-"

/* A named set of options. */
struct option_set {
	char *name;
	struct fy_node *key, *map;
};

/* What an entry of `exclude` or `with` is for; NULL: any. */
struct selection {
	char *version, *options, *target;
	struct fy_node *set; /* of `with`: a mapping of options */
};

struct selections {
	struct selection *v;
	size_t n;
};

struct raw_matrix {
	struct strv versions, targets;
	struct option_set *sets;
	size_t n_sets;
	struct selections exclude, with;
	preset_check *check;
};

static void release_selections(struct selections *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].version);
		free(s->v[i].options);
		free(s->v[i].target);
	}
	free(s->v);
}

static void release_raw(struct raw_matrix *raw)
{
	strv_release(&raw->versions);
	strv_release(&raw->targets);
	for (size_t i = 0; i < raw->n_sets; i++)
		free(raw->sets[i].name);
	free(raw->sets);
	release_selections(&raw->exclude);
	release_selections(&raw->with);
}

static void release_row(struct matrix_row *row)
{
	free(row->name);
	free(row->version);
	free(row->options);
	free(row->target);
	strv_release(&row->settings);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Names become names of folders and words of shells. */
static int check_name(const struct yaml *y, struct fy_node *at, const char *name, struct err *err)
{
	return name && *name && strlen(name) <= NAME_MAX_BYTES &&
			       strspn(name, NAME_LETTERS) == strlen(name) && *name != '.' &&
			       *name != '-'
		       ? 0
		       : yaml_error(y, at, err,
				 "a name has letters, digits, '.', '_', '+' and '-', %d at most, and "
				 "begins with none of '.' and '-'",
				 NAME_MAX_BYTES);
}

static const char *scalar_of(struct fy_node *node)
{
	return node && fy_node_is_scalar(node) ? fy_node_get_scalar0(node) : NULL;
}

/* An axis of plain names. */
static int read_names(
	const struct yaml *y, struct fy_node *list, struct strv *names, struct err *err)
{
	struct fy_node *item;
	void *iter = NULL;

	while ((item = fy_node_sequence_iterate(list, &iter))) {
		const char *name = scalar_of(item);

		if (check_name(y, item, name, err) < 0)
			return -1;
		if (strv_has(names, name))
			return yaml_error(y, item, err, "'%s' is listed twice", name);
		if (names->n == AXIS_MAX)
			return yaml_error(y, item, err, "more than %d are listed", AXIS_MAX);
		strv_add(names, name);
	}
	return 0;
}

/* Sets a row's options to those of a mapping: what comes later counts. */
static int add_settings(const struct yaml *y, struct fy_node *map, const struct raw_matrix *raw,
	struct matrix_row *row, struct err *err)
{
	struct fy_node_pair *pair;
	void *iter = NULL;

	while ((pair = fy_node_mapping_iterate(map, &iter))) {
		struct fy_node *key = fy_node_pair_key(pair);
		const char *name = scalar_of(key), *value = scalar_of(fy_node_pair_value(pair));
		struct err why = ERR_INIT;
		size_t i = 0;

		if (!name || !value || !*value)
			return yaml_error(
				y, key ? key : map, err, "an option is written 'name: value'");
		if (raw->check(name, value, &why) < 0) {
			yaml_error(y, key, err, "%s", why.msg);
			return *why.hint ? err_hint(err, "%s", why.hint) : -1;
		}
		while (i < row->settings.n && strcmp(row->settings.v[i], name) != 0)
			i += 2;
		if (i < row->settings.n) {
			free(row->settings.v[i + 1]);
			row->settings.v[i + 1] = xstrdup(value);
			continue;
		}
		strv_add(&row->settings, name);
		strv_add(&row->settings, value);
	}
	return 0;
}

/* Options that no row has are wrong nevertheless. */
static int check_settings(
	const struct yaml *y, struct fy_node *map, const struct raw_matrix *raw, struct err *err)
{
	CLEANUP(release_row) struct matrix_row nobody = {0};

	return add_settings(y, map, raw, &nobody, err);
}

static int read_sets(
	const struct yaml *y, struct fy_node *map, struct raw_matrix *raw, struct err *err)
{
	struct fy_node_pair *pair;
	void *iter = NULL;

	if (!fy_node_is_mapping(map))
		return yaml_error(y, map, err, "'options' must be a mapping of names and options");
	while ((pair = fy_node_mapping_iterate(map, &iter))) {
		struct fy_node *key = fy_node_pair_key(pair), *value = fy_node_pair_value(pair);
		const char *name = scalar_of(key);

		if (check_name(y, key ? key : map, name, err) < 0)
			return -1;
		if (!value || !fy_node_is_mapping(value))
			return yaml_error(y, key, err,
				"'%s' must be a mapping of options and values, or {}", name);
		if (raw->n_sets == AXIS_MAX)
			return yaml_error(y, key, err, "more than %d are listed", AXIS_MAX);
		*ARRAY_ADD(raw->sets, raw->n_sets) = (struct option_set){xstrdup(name), key, value};
		if (check_settings(y, value, raw, err) < 0)
			return -1;
	}
	return 0;
}

/* Reads one entry; those of `with` have the key "set", too. */
static int read_selection(const struct yaml *y, struct fy_node *entry, const struct raw_matrix *raw,
	bool with, struct selection *s, struct err *err)
{
	static const struct yaml_field fields[] = {
		{"version", YAML_MAYBE, offsetof(struct selection, version)},
		{"options", YAML_MAYBE, offsetof(struct selection, options)},
		{"target", YAML_MAYBE, offsetof(struct selection, target)},
		{"set", YAML_OTHER, 0},
	};
	size_t i = 0;

	if (yaml_read(y, entry, fields, ARRAY_SIZE(fields) - !with, s, err) < 0)
		return -1;
	if (s->version && !strv_has(&raw->versions, s->version))
		return yaml_error(y, yaml_get(entry, "version"), err,
			"'%s' is none of the matrix's versions", s->version);
	if (s->target && !strv_has(&raw->targets, s->target))
		return yaml_error(y, yaml_get(entry, "target"), err,
			"'%s' is none of the matrix's targets", s->target);
	while (s->options && i < raw->n_sets && strcmp(raw->sets[i].name, s->options) != 0)
		i++;
	if (s->options && i == raw->n_sets)
		return yaml_error(y, yaml_get(entry, "options"), err,
			"'%s' is none of the matrix's options", s->options);
	if (!with)
		return 0;
	s->set = yaml_get(entry, "set");
	if (!s->set || !fy_node_is_mapping(s->set))
		return yaml_error(y, s->set ? s->set : entry, err,
			"'set' must be a mapping of options and values");
	return check_settings(y, s->set, raw, err);
}

static int read_selections(const struct yaml *y, struct fy_node *list, const struct raw_matrix *raw,
	bool with, struct selections *ret, struct err *err)
{
	struct fy_node *entry;
	void *iter = NULL;

	while (list && (entry = fy_node_sequence_iterate(list, &iter))) {
		if (ret->n == AXIS_MAX)
			return yaml_error(y, entry, err, "more than %d entries", AXIS_MAX);
		if (read_selection(y, entry, raw, with, ARRAY_ADD(ret->v, ret->n), err) < 0)
			return -1;
	}
	return 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool selects(const struct selection *s, const struct matrix_row *row)
{
	return (!s->version || !strcmp(s->version, row->version)) &&
	       (!s->options || !strcmp(s->options, row->options)) &&
	       (!s->target || (row->target && !strcmp(s->target, row->target)));
}

/* "bind=now lto=full …", in order: equal of equal builds. */
static char *what_is_built(const struct matrix_row *row)
{
	CLEANUP_STRV struct strv words = STRV_INIT;

	for (size_t i = 0; i < row->settings.n; i += 2)
		strv_addf(&words, "%s=%s", row->settings.v[i], row->settings.v[i + 1]);
	strv_sort(&words);
	strv_addf(&words, "%s of %s", row->version, row->target ? row->target : "here");
	return strv_join(&words, "\n");
}

static int check_new(const struct yaml *y, const struct option_set *set, const struct matrix *m,
	const struct matrix_row *row, struct err *err)
{
	CLEANUP_FREE char *what = what_is_built(row);

	for (size_t i = 0; i < m->n; i++) {
		CLEANUP_FREE char *other = what_is_built(&m->rows[i]);

		if (!strcmp(m->rows[i].name, row->name))
			return yaml_error(y, set->key, err, "two rows are named '%s'", row->name);
		if (!strcmp(what, other))
			return yaml_error(y, set->key, err,
				"the rows '%s' and '%s' are the same build", m->rows[i].name,
				row->name);
	}
	return m->n < ROWS_MAX ? 0 : yaml_error(y, set->key, err, "more than %d rows", ROWS_MAX);
}

/* `target` may be NULL. */
static int add_row(const struct yaml *y, const struct raw_matrix *raw, const char *version,
	const struct option_set *set, const char *target, struct matrix *m, struct err *err)
{
	CLEANUP(release_row)
	struct matrix_row row = {.name = xasprintf("%s-%s%s%s", version, set->name,
					 target ? "-" : "", target ? target : ""),
		.version = xstrdup(version),
		.options = xstrdup(set->name),
		.target = target ? xstrdup(target) : NULL};

	for (size_t i = 0; i < raw->exclude.n; i++)
		if (selects(&raw->exclude.v[i], &row))
			return 0;
	if (add_settings(y, set->map, raw, &row, err) < 0)
		return -1;
	for (size_t i = 0; i < raw->with.n; i++)
		if (selects(&raw->with.v[i], &row) &&
			add_settings(y, raw->with.v[i].set, raw, &row, err) < 0)
			return -1;
	if (check_new(y, set, m, &row, err) < 0)
		return -1;
	*ARRAY_ADD(m->rows, m->n) = row;
	row = (struct matrix_row){0};
	return 0;
}

static int expand(
	const struct yaml *y, const struct raw_matrix *raw, struct matrix *m, struct err *err)
{
	const struct strv *targets = &raw->targets;

	if (raw->versions.n * raw->n_sets * (targets->n + !targets->n) > PRODUCT_MAX)
		return yaml_error(
			y, NULL, err, "more than %d rows, even before exclusions", PRODUCT_MAX);
	for (size_t v = 0; v < raw->versions.n; v++)
		for (size_t s = 0; s < raw->n_sets; s++)
			for (size_t t = 0; t < targets->n + !targets->n; t++)
				if (add_row(y, raw, raw->versions.v[v], &raw->sets[s],
					    targets->n ? targets->v[t] : NULL, m, err) < 0)
					return -1;
	return 0;
}

int matrix_load(const char *path, preset_check *check, struct matrix **ret, struct err *err)
{
	struct lists {
		struct fy_node *versions, *targets, *exclude, *with;
	} lists = {0};
	static const struct yaml_field fields[] = {
		{"versions", YAML_LIST, offsetof(struct lists, versions)},
		{"options", YAML_OTHER, 0},
		{"targets", YAML_LIST, offsetof(struct lists, targets)},
		{"exclude", YAML_LIST, offsetof(struct lists, exclude)},
		{"with", YAML_LIST, offsetof(struct lists, with)},
	};
	CLEANUP(cleanup_matrix) struct matrix *m = xcalloc(1, sizeof(*m));
	CLEANUP(release_raw) struct raw_matrix raw = {.check = check};
	CLEANUP(yaml_release) struct yaml y = {0};
	struct fy_node *root, *options;

	if (yaml_load(path, &y, err) < 0)
		return -1;
	root = fy_document_root(y.doc);
	if (yaml_read(&y, root, fields, ARRAY_SIZE(fields), &lists, err) < 0)
		return -1;
	options = yaml_get(root, "options");
	if (!lists.versions || !options)
		return yaml_error(&y, root, err, "the key '%s' is missing",
			lists.versions ? "options" : "versions");
	if (read_names(&y, lists.versions, &raw.versions, err) < 0 ||
		(lists.targets && read_names(&y, lists.targets, &raw.targets, err) < 0) ||
		read_sets(&y, options, &raw, err) < 0 ||
		read_selections(&y, lists.exclude, &raw, false, &raw.exclude, err) < 0 ||
		read_selections(&y, lists.with, &raw, true, &raw.with, err) < 0 ||
		expand(&y, &raw, m, err) < 0)
		return -1;
	if (!m->n)
		return yaml_error(&y, lists.exclude ? lists.exclude : root, err,
			"the matrix has no rows%s", raw.exclude.n ? ": all are excluded" : "");
	*ret = steal(&m);
	return 0;
}

void matrix_free(struct matrix *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		release_row(&m->rows[i]);
	free(m->rows);
	free(m);
}

void cleanup_matrix(struct matrix **m)
{
	matrix_free(*m);
}
