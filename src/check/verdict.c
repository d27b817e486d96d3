/* Verdicts: words, tones and counts, and the baseline, whose findings are reported but do not fail
 * again. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "check/check-internal.h"
#include "report/json.h"

#define BASELINE_MAX ((size_t)64 << 20)

static const char *const lists[] = {"rules", "probes", "wheels", "files", "says"};

static const struct {
	const char *word;
	enum doc_tone tone;
	const char *counted; /* key in the summary */
} verdicts[] = {
	[CHECK_PASS] = {"pass", DOC_GOOD, "passed"},
	[CHECK_FAIL] = {"fail", DOC_BAD, "failed"},
	[CHECK_WARN] = {"warn", DOC_DOUBT, "warned"},
	[CHECK_REMARK] = {"note", DOC_PLAIN, "noted"},
	[CHECK_NOT_CHECKED] = {"not checked", DOC_DOUBT, "not_checked"},
	[CHECK_KNOWN] = {"known", DOC_PLAIN, "known"},
	[CHECK_WORKS] = {"works", DOC_GOOD, "passed"},
	[CHECK_WORKS_ONLY_HERE] = {"works only here", DOC_GOOD, "passed"},
	[CHECK_BREAKS_ONLY_HERE] = {"breaks only here", DOC_BAD, "failed"},
	/* no difference, or no known one */
	[CHECK_FAILS_ON_BOTH] = {"fails on both", DOC_DOUBT, "noted"},
	[CHECK_FAILS] = {"fails", DOC_BAD, "noted"},
};

bool check_is_api(const char *symbol)
{
	const char *name = symbol + (*symbol == '_');

	return name[0] == 'P' && name[1] == 'y' &&
	       (name[2] == '_' || (name[2] >= 'A' && name[2] <= 'Z'));
}

char *check_first_names(const struct strv *names, size_t shown)
{
	struct buf text = BUF_INIT;

	buf_reserve(&text, 0);
	for (size_t i = 0; i < names->n && i < shown; i++)
		buf_addf(&text, "%s%s", i ? ", " : "", names->v[i]);
	if (names->n > shown)
		buf_addf(&text, " and %zu more", names->n - shown);
	return buf_steal(&text);
}

const char *check_verdict_word(enum check_verdict verdict)
{
	return verdicts[verdict].word;
}

enum doc_tone check_verdict_tone(enum check_verdict verdict)
{
	return verdicts[verdict].tone;
}

enum check_verdict check_verdict_of(const json_t *item)
{
	const char *word = check_text(item, "verdict");

	for (enum check_verdict v = CHECK_PASS; word && v < ARRAY_SIZE(verdicts); v++) {
		if (!strcmp(word, verdicts[v].word))
			return v;
	}
	return CHECK_NO_VERDICT;
}

const char *check_text(const json_t *object, const char *key)
{
	return json_word(object, key);
}

static json_t *member(json_t *parent, const char *key, json_t *(*make)(void))
{
	if (!json_object_get(parent, key))
		json_object_set_new(parent, key, make());
	return json_object_get(parent, key);
}

json_t *check_list(json_t *model, const char *key)
{
	return member(model, key, json_array);
}

json_t *check_object(json_t *model, const char *key)
{
	return member(model, key, json_object);
}

void check_count(json_t *counts, const char *key, int by)
{
	json_int_t n = json_integer_value(json_object_get(counts, key));

	json_object_set_new(counts, key, json_integer(n + by));
}

bool check_listed(const char *list, const char *name)
{
	for (const char *p = list; *p;) {
		size_t n = strcspn(p, " ");
		bool begins = p[n - 1] == '*';

		if (!strncmp(p, name, n - begins) && (begins || !name[n]))
			return true;
		p += n + strspn(p + n, " ");
	}
	return false;
}

int check_ids_known(const char *kind, const struct strv *ids, const char *const *names, size_t n,
	size_t n_shown, const char *hint, struct err *err)
{
	for (size_t i = 0; ids && i < ids->n; i++) {
		const char *nearest;
		size_t k = 0;

		while (k < n && strcmp(ids->v[i], names[k]) != 0)
			k++;
		if (k < n)
			continue;
		err_set(err, ERR_USAGE, "there is no %s '%s'", kind, ids->v[i]);
		nearest = nearest_name(ids->v[i], names, n_shown);
		return nearest ? err_hint(err, "did you mean '%s'?", nearest)
		       : hint  ? err_hint(err, "%s", hint)
			       : -1;
	}
	return 0;
}

void check_summarise(json_t *model)
{
	static const enum check_verdict order[] = {
		CHECK_FAIL, CHECK_WARN, CHECK_REMARK, CHECK_PASS, CHECK_NOT_CHECKED, CHECK_KNOWN};
	json_t *summary = check_object(model, "summary"), *item; /* keeps the counts of wheels */
	size_t i;

	for (size_t k = 0; k < ARRAY_SIZE(order); k++)
		json_object_set_new(summary, verdicts[order[k]].counted, json_integer(0));
	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		json_array_foreach (json_object_get(model, lists[l]), i, item) {
			enum check_verdict v = check_verdict_of(item);

			if (v != CHECK_NO_VERDICT)
				check_count(summary, verdicts[v].counted, 1);
		}
	}
}

bool check_found(const json_t *model, enum check_severity least)
{
	static const char *const counts[] = {"failed", "warned", "noted"};
	const json_t *summary = json_object_get(model, "summary");

	for (size_t s = 0; s <= (size_t)least; s++) {
		if (json_integer_value(json_object_get(summary, counts[s])))
			return true;
	}
	return false;
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

/* Missing in both counts as equal. */
static bool same(const json_t *a, const json_t *b, const char *key)
{
	json_t *x = json_object_get(a, key), *y = json_object_get(b, key);

	return x == y || json_equal(x, y);
}

/* The text of a finding with the prefix replaced, since the tree may have moved. The caller frees
 * it. */
static char *placeless(const json_t *model, const json_t *finding)
{
	const char *prefix = check_text(json_object_get(model, "python"), "prefix");
	const char *what = check_text(finding, "what");
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_adds(&b, what ? what : "");
	if (prefix && *prefix)
		buf_replace(&b, prefix, "PREFIX");
	return buf_steal(&b);
}

/* True if all findings of `item` are known. Marks each known one. */
static bool is_known(
	const json_t *old_model, const json_t *old, const json_t *model, const json_t *item)
{
	json_t *findings = json_object_get(item, "findings"), *finding, *candidate;
	bool all = true;
	size_t i, k;

	/* The old one may have been held against a baseline, too. */
	if (!findings)
		return !strcmp(check_own_verdict(old), check_own_verdict(item)) &&
		       same(old, item, "seen");
	json_array_foreach (findings, i, finding) {
		CLEANUP_FREE char *what = placeless(model, finding);
		bool known = false;

		json_array_foreach (json_object_get(old, "findings"), k, candidate) {
			CLEANUP_FREE char *other = placeless(old_model, candidate);

			known = known ||
				(same(candidate, finding, "where") && !strcmp(what, other));
		}
		if (known)
			json_object_set_new(finding, "known", json_true());
		all = all && known;
	}
	/* Those over the limit are only counted. */
	return all && json_integer_value(json_object_get(item, "more")) <=
			      json_integer_value(json_object_get(old, "more"));
}

void check_baseline(json_t *model, const json_t *old_model)
{
	json_t *item, *old;
	size_t i, k;

	check_news(model, old_model);
	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		json_array_foreach (json_object_get(model, lists[l]), i, item) {
			enum check_verdict v = check_verdict_of(item);

			if (v != CHECK_FAIL && v != CHECK_WARN && v != CHECK_REMARK &&
				v != CHECK_BREAKS_ONLY_HERE)
				continue;
			json_array_foreach (json_object_get(old_model, lists[l]), k, old) {
				if (!same(old, item, "id") || !same(old, item, "link") ||
					!same(old, item, "name"))
					continue;
				if (!check_own_verdict(old) ||
					!is_known(old_model, old, model, item))
					break;
				json_object_set_new(
					item, "known_as", json_string(verdicts[v].word));
				json_object_set_new(
					item, "verdict", json_string(verdicts[CHECK_KNOWN].word));
				break;
			}
		}
	}
}
