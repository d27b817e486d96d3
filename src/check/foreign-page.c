/* What check_foreign() found, as a document. */
#include <string.h>

#include "check/check-internal.h"

static const char *const pythons[] = {"static", "shared", "framework"};

static const char *expected(const json_t *wheel, const char *python)
{
	return check_text(
		json_object_get(json_object_get(wheel, "predictions"), python), "expected");
}

static enum doc_tone tone_of(const char *expected)
{
	return !expected                     ? DOC_PLAIN
	       : !strcmp(expected, "works")  ? DOC_GOOD
	       : !strcmp(expected, "breaks") ? DOC_BAD
					     : DOC_DOUBT;
}

static void add_headline(struct doc *doc, const json_t *model)
{
	static const struct check_tally counted[] = {{CHECK_FAIL, "would break"},
		{CHECK_WARN, "unsure"}, {CHECK_PASS, "would work"},
		{CHECK_NOT_CHECKED, "not checked"}, {CHECK_KNOWN, "known"}};
	const json_t *list = json_object_get(model, "wheels");
	CLEANUP_FREE char *line = check_page_counts(list, counted, ARRAY_SIZE(counted));

	doc_text(doc, "Judged by their files alone; nothing was run. Of %zu: %s.",
		json_array_size(list), line);
}

static void add_wheels(struct doc *doc, const json_t *list)
{
	static const struct doc_column columns[] = {{"wheel", DOC_WRAP}, {"static", DOC_VERDICT},
		{"shared", DOC_VERDICT}, {"framework", DOC_VERDICT}, {"modules", DOC_RIGHT},
		{"files", DOC_RIGHT}};
	const json_t *wheel;
	size_t i;

	doc_table(doc, "Predicted for interpreters", columns, ARRAY_SIZE(columns));
	json_array_foreach (list, i, wheel) {
		const char *version = check_text(wheel, "version");
		const json_t *modules = json_object_get(wheel, "modules"),
			     *files = json_object_get(wheel, "files");
		CLEANUP_FREE char *name = xasprintf("%s%s%s", check_text(wheel, "name"),
			version ? " " : "", version ? version : "");
		CLEANUP_FREE char *n_modules =
			xasprintf("%lld", (long long)json_integer_value(modules));
		CLEANUP_FREE char *n_files =
			xasprintf("%lld", (long long)json_integer_value(files));
		const char *cells[] = {
			name, NULL, NULL, NULL, modules ? n_modules : NULL, files ? n_files : NULL};

		for (size_t k = 0; k < ARRAY_SIZE(pythons); k++)
			cells[1 + k] = expected(wheel, pythons[k]);
		doc_row(doc, cells);
		for (size_t k = 0; k < ARRAY_SIZE(pythons); k++)
			doc_cell_tone(doc, 1 + k, tone_of(cells[1 + k]));
	}
}

static void add_whys(struct doc *doc, const json_t *list)
{
	static const struct doc_column columns[] = {
		{"verdict", DOC_VERDICT}, {"wheel", 0}, {"why", DOC_WRAP}};
	const json_t *wheel;
	bool begun = false;
	size_t i;

	json_array_foreach (list, i, wheel) {
		enum check_verdict verdict = check_verdict_of(wheel);
		const char *const cells[] = {check_verdict_word(verdict), check_text(wheel, "name"),
			check_text(wheel, "why")};

		if (!cells[2])
			continue;
		if (!begun)
			doc_table(doc, "Why", columns, ARRAY_SIZE(columns));
		begun = true;
		doc_row(doc, cells);
		doc_cell_tone(doc, 0, check_verdict_tone(verdict));
	}
}

struct doc *check_foreign_page(const json_t *model, bool all)
{
	const char *given = check_text(model, "given"), *platform = check_text(model, "platform");
	CLEANUP_FREE char *title = xasprintf(
		"solder check: %s%s%s", given, platform ? " for " : "", platform ? platform : "");
	const json_t *rules = json_object_get(model, "rules");
	const json_t *wheels = json_object_get(model, "wheels");
	struct doc *doc = doc_new(title);

	add_headline(doc, model);
	check_page_news(doc, model);
	add_wheels(doc, wheels);
	add_whys(doc, wheels);
	check_page_findings(doc, rules);
	check_page_others(doc, rules, CHECK_NOT_CHECKED, all);
	check_page_others(doc, rules, CHECK_PASS, all);
	return doc;
}
