/* What is new of wheels since an earlier run: verdicts and predictions that are others now. */
#include <stdlib.h>
#include <string.h>

#include "check/check-internal.h"

const char *check_own_verdict(const json_t *item)
{
	const char *known = check_text(item, "known_as");

	return known ? known : check_text(item, "verdict");
}

static const json_t *find_wheel(const json_t *model, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(model, "wheels"), i, item) {
		const char *other = check_text(item, "name");

		if (name && other && !strcmp(other, name))
			return item;
	}
	return NULL;
}

static bool differ(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) != 0 : a != b;
}

/* What is said of a wheel then, or now. */
static json_t *state_of(const json_t *wheel)
{
	return json_pack("{s:o, s:o, s:o}", "version", json_text(check_text(wheel, "version")),
		"verdict", json_text(check_own_verdict(wheel)), "prediction",
		json_text(check_text(wheel, "prediction")));
}

void check_news(json_t *model, const json_t *old_model)
{
	const json_t *wheel;
	json_t *news;
	size_t i;

	if (!json_array_size(json_object_get(old_model, "wheels")) ||
		!json_array_size(json_object_get(model, "wheels")))
		return;
	news = check_list(model, "wheels_new");
	json_array_foreach (json_object_get(model, "wheels"), i, wheel) {
		const char *name = check_text(wheel, "name"), *why = check_text(wheel, "why");
		const json_t *old = find_wheel(old_model, name);

		if (old && !differ(check_own_verdict(old), check_own_verdict(wheel)) &&
			!differ(check_text(old, "prediction"), check_text(wheel, "prediction")))
			continue;
		why = why ? why : check_text(wheel, "because");
		json_array_append_new(
			news, json_pack("{s:o, s:o, s:o, s:o}", "name", json_text(name), "now",
				      state_of(wheel), "before", old ? state_of(old) : json_null(),
				      "why", json_text(why)));
	}
}

/* "works, with 2.4.1; predicted: may collide". The caller frees it. */
static char *then_text(const json_t *item)
{
	const json_t *now = json_object_get(item, "now"), *then = json_object_get(item, "before");
	const char *version = check_text(then, "version"), *word = check_text(then, "verdict");
	const char *prediction = check_text(then, "prediction");
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!json_is_object(then))
		return xstrdup("was not there");
	buf_adds(&text, word ? word : "no verdict");
	if (version && differ(version, check_text(now, "version")))
		buf_addf(&text, ", with %s", version);
	if (prediction && differ(prediction, check_text(now, "prediction")))
		buf_addf(&text, "; predicted: %s", prediction);
	return buf_steal(&text);
}

static void add_news(struct doc *doc, const json_t *item)
{
	const json_t *now = json_object_get(item, "now"), *then = json_object_get(item, "before");
	const char *version = check_text(now, "version"), *name = check_text(item, "name");
	const char *prediction = check_text(now, "prediction");
	bool other = prediction && json_is_object(then) &&
		     differ(prediction, check_text(then, "prediction"));
	CLEANUP_FREE char *title =
		xasprintf("%s%s%s", name ? name : "?", version ? " " : "", version ? version : "");
	CLEANUP_FREE char *before = then_text(item);
	CLEANUP_FREE char *verdict = xasprintf("%s%s%s", check_text(now, "verdict"),
		other ? "; predicted: " : "", other ? prediction : "");

	doc_row(doc, (const char *const[]){verdict, title, before, check_text(item, "why")});
	doc_cell_tone(doc, 0, check_verdict_tone(check_verdict_of(now)));
}

void check_page_news(struct doc *doc, const json_t *model)
{
	static const struct doc_column columns[] = {{"verdict", DOC_VERDICT | DOC_WRAP},
		{"wheel", DOC_WRAP}, {"before", DOC_WRAP}, {"why", DOC_WRAP}};
	const json_t *news = json_object_get(model, "wheels_new"), *item;
	const char *since = check_text(model, "baseline");
	CLEANUP_FREE char *title = xasprintf("New since %s", since ? since : "the baseline");
	size_t i;

	if (!news)
		return;
	if (!json_array_size(news)) {
		doc_text(doc, "Wheels: no verdict and no prediction is new since %s.",
			since ? since : "the baseline");
		return;
	}
	doc_table(doc, title, columns, ARRAY_SIZE(columns));
	/* What breaks comes first. */
	for (int bad = 1; bad >= 0; bad--) {
		json_array_foreach (news, i, item) {
			enum check_verdict v = check_verdict_of(json_object_get(item, "now"));

			if ((v == CHECK_BREAKS_ONLY_HERE || v == CHECK_FAILS || v == CHECK_FAIL) ==
				bad)
				add_news(doc, item);
		}
	}
}
