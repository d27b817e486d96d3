/* What an earlier check found is no news: only what is new fails. */
#include <string.h>

#include "base/file.h"
#include "check/check.h"

#define BASELINE_MAX ((size_t)64 << 20)

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static bool same(const json_t *a, const json_t *b, const char *key)
{
	json_t *x = json_object_get(a, key), *y = json_object_get(b, key);

	return x == y || json_equal(x, y); /* missing in both is the same, too */
}

/* A tree may have moved since: paths below the prefix count as the same. */
static char *placeless(const json_t *model, const char *what)
{
	const char *prefix = text(json_object_get(model, "python"), "prefix");
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_adds(&b, what);
	if (*prefix)
		buf_replace(&b, prefix, "PREFIX");
	return buf_steal(&b);
}

static bool has_finding(
	const json_t *old_model, const json_t *old, const json_t *model, const json_t *finding)
{
	CLEANUP_FREE char *what = placeless(model, text(finding, "what"));
	const json_t *candidate;
	size_t i;

	json_array_foreach (json_object_get(old, "findings"), i, candidate) {
		CLEANUP_FREE char *other = placeless(old_model, text(candidate, "what"));

		if (same(candidate, finding, "where") && !strcmp(what, other))
			return true;
	}
	return false;
}

/* The same rule, probe or wheel in the earlier model, or NULL. */
static const json_t *find(const json_t *list, const json_t *item)
{
	const json_t *candidate;
	size_t i;

	json_array_foreach (list, i, candidate) {
		if (same(candidate, item, "id") && same(candidate, item, "link") &&
			same(candidate, item, "name"))
			return candidate;
	}
	return NULL;
}

static bool is_finding(const json_t *item)
{
	static const char *const verdicts[] = {"fail", "warn", "note", "breaks only here"};

	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		if (!strcmp(text(item, "verdict"), verdicts[i]))
			return true;
	}
	return false;
}

/* Is everything that is wrong with `item` known? Marks each finding that is. */
static bool is_known(
	const json_t *old_model, const json_t *old, const json_t *model, const json_t *item)
{
	json_t *findings = json_object_get(item, "findings"), *finding;
	bool all = true;
	size_t i;

	if (!findings)
		return same(old, item, "verdict") && same(old, item, "seen");
	json_array_foreach (findings, i, finding) {
		if (has_finding(old_model, old, model, finding))
			json_object_set_new(finding, "known", json_true());
		else
			all = false;
	}
	/* Those past the ceiling are only counted. */
	return all && json_integer_value(json_object_get(item, "more")) <=
			      json_integer_value(json_object_get(old, "more"));
}

int check_baseline_read(const char *file, json_t **ret, struct err *err)
{
	CLEANUP_BUF struct buf content = BUF_INIT;
	json_error_t why;
	json_t *old;

	if (file_read(file, BASELINE_MAX, &content, err) < 0)
		return -1;
	old = json_loadb(content.data, content.len, JSON_REJECT_DUPLICATES, &why);
	if (json_is_array(json_object_get(old, "rules"))) {
		*ret = old;
		return 0;
	}
	if (old)
		err_set(err, ERR_INPUT, "'%s' is not a result of 'solder check --json'", file);
	else
		err_set(err, ERR_INPUT, "'%s', line %d: %s", file, why.line, why.text);
	json_decref(old);
	return err_hint(err, "write one with 'solder check … --json >FILE'");
}

void check_baseline(json_t *model, const json_t *old_model)
{
	static const char *const lists[] = {"rules", "probes", "wheels"};
	json_t *item;
	size_t i;

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		const json_t *old_list = json_object_get(old_model, lists[l]);

		json_array_foreach (json_object_get(model, lists[l]), i, item) {
			const json_t *old = find(old_list, item);

			if (old && is_finding(item) && is_known(old_model, old, model, item))
				json_object_set_new(item, "verdict", json_string("known"));
		}
	}
}
