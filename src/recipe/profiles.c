/* The index of locked profiles. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "recipe/recipe.h"
#include "recipe/yaml-internal.h"

#define PROFILES_FOLDER "cpython/profiles"
#define NAME_LETTERS LETTERS_AND_DIGITS "._-"

static int read_profile(
	const struct yaml *y, struct fy_node *item, struct locked_profile *p, struct err *err)
{
	struct raw_profile {
		struct locked_profile kept;
		char *size;
	} raw = {0};
#define FIELD(member) offsetof(struct raw_profile, kept.member)
	static const struct yaml_field fields[] = {
		{"file", YAML_TEXT, FIELD(file)},
		{"kind", YAML_TEXT, FIELD(kind)},
		{"cpython", YAML_TEXT, FIELD(version)},
		{"compiler", YAML_TEXT, FIELD(compiler)},
		{"release", YAML_TEXT, FIELD(release)},
		{"triple", YAML_TEXT, FIELD(triple)},
		{"abi", YAML_MAYBE, FIELD(abi)},
		{"lto", YAML_MAYBE, FIELD(lto)},
		{"size", YAML_TEXT, offsetof(struct raw_profile, size)},
		{"sha256", YAML_TEXT, FIELD(sha256)},
		{"content", YAML_TEXT, FIELD(content)},
		{"training", YAML_TEXT, FIELD(training)},
		{"command", YAML_TEXT, FIELD(command)},
		{"date", YAML_TEXT, FIELD(date)},
	};
	int failed = yaml_read(y, item, fields, ARRAY_SIZE(fields), &raw, err);
	CLEANUP_FREE char *size = raw.size;

	*p = raw.kept; /* so that it is freed with the index */
	if (failed < 0)
		return -1;
	if (p->file[0] == '.' || strspn(p->file, NAME_LETTERS) != strlen(p->file))
		return yaml_error(y, yaml_get(item, "file"), err,
			"a profile is a file beside its index, named by letters, digits, '.', '_' and '-'");
	if (!strcmp(p->kind, "bolt") != !!p->lto)
		return yaml_error(y, yaml_get(item, "kind"), err,
			"the key 'lto' goes with the kind 'bolt', and this with it");
	if (yaml_size(y, item, size, &p->size, err) < 0 ||
		yaml_sha256(y, item, "sha256", p->sha256, err) < 0)
		return -1;
	return yaml_sha256(y, item, "content", p->content, err);
}

static int read_index(const struct yaml *y, struct profiles *p, struct err *err)
{
	static const struct yaml_field fields[] = {{"profiles", YAML_LIST, 0}};
	struct fy_node *list = NULL, *item;
	void *iter = NULL;

	if (yaml_read(y, fy_document_root(y->doc), fields, ARRAY_SIZE(fields), &list, err) < 0)
		return -1;
	while (list && (item = fy_node_sequence_iterate(list, &iter)))
		if (read_profile(y, item, ARRAY_ADD(p->v, p->n), err) < 0)
			return -1;
	return 0;
}

int profiles_load(const char *dir, struct profiles **ret, struct err *err)
{
	CLEANUP(cleanup_profiles) struct profiles *p = xcalloc(1, sizeof(*p));
	CLEANUP_FREE char *path = xasprintf("%s/" PROFILES_FOLDER "/index.yaml", dir);
	CLEANUP(yaml_release) struct yaml y = {0};

	p->dir = xasprintf("%s/" PROFILES_FOLDER, dir);
	if (path_exists(path) && (yaml_load(path, &y, err) < 0 || read_index(&y, p, err) < 0))
		return -1;
	*ret = steal(&p);
	return 0;
}

/* Both may be NULL. */
static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

const struct locked_profile *profiles_find(
	const struct profiles *p, const struct locked_profile *wanted)
{
	const struct locked_profile *best = NULL;
	const char *minor = strchr(wanted->version, '.');
	CLEANUP_FREE char *series = xstrndup(wanted->version,
		minor ? (size_t)(minor - wanted->version) + 1 + strspn(minor + 1, "0123456789")
		      : strlen(wanted->version));

	for (size_t i = 0; i < p->n; i++) {
		const struct locked_profile *q = &p->v[i];

		if (strcmp(q->kind, wanted->kind) || strcmp(q->compiler, wanted->compiler) ||
			strcmp(q->release, wanted->release) ||
			(wanted->triple && strcmp(q->triple, wanted->triple)) ||
			!same(q->abi, wanted->abi) || !same(q->lto, wanted->lto) ||
			!version_in_series(q->version, series))
			continue;
		if (!strcmp(q->version, wanted->version))
			return q;
		if (!best || version_compare(q->version, best->version) > 0)
			best = q;
	}
	return best;
}

int profiles_check(
	const struct profiles *p, const struct locked_profile *which, char **path, struct err *err)
{
	CLEANUP_FREE char *file = xasprintf("%s/%s", p->dir, which->file);
	char hex[SHA256_HEX_SIZE];
	uint64_t size = 0;

	if (sha256_file(file, hex, &size, err) < 0)
		return err_wrap(err, "the locked profile");
	if (size != which->size || strcmp(hex, which->sha256) != 0) {
		err_set(err, ERR_INPUT,
			"the profile '%s' is not the one that is locked: it has %llu bytes and the SHA-256 digest %s, not %llu and %s",
			file, (unsigned long long)size, hex, (unsigned long long)which->size,
			which->sha256);
		return err_hint(err, "restore it, or build with --%s",
			!strcmp(which->kind, "bolt") ? "bolt-profile train" : "profile none");
	}
	*path = steal(&file);
	return 0;
}

void profiles_free(struct profiles *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++) {
		struct locked_profile *q = &p->v[i];
		char *const texts[] = {q->file, q->kind, q->version, q->compiler, q->release,
			q->triple, q->abi, q->lto, q->sha256, q->content, q->training, q->command,
			q->date};

		for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
			free(texts[k]);
	}
	free(p->v);
	free(p->dir);
	free(p);
}

void cleanup_profiles(struct profiles **p)
{
	profiles_free(*p);
}
