/* What `solder check` found, as a document: the answer, the findings, and at last what was checked.
 */
#include <string.h>

#include "cmd/check-internal.h"
#include "cmd/cmd.h"

static bool has_verdict(const json_t *item, const char *verdict)
{
	return !strcmp(cmd_text(item, "verdict"), verdict);
}

static size_t count_verdict(const json_t *list, const char *verdict)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(list); i++)
		n += has_verdict(json_array_get(list, i), verdict);
	return n;
}

/* The ids of the rules, and the names of all else, that have the verdict; to be freed. */
static char *names_of(const json_t *model, const char *verdict)
{
	static const char *const lists[] = {"rules", "probes", "wheels"};
	CLEANUP_STRV struct strv names = STRV_INIT;

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		const json_t *list = json_object_get(model, lists[l]);

		for (size_t i = 0; i < json_array_size(list); i++) {
			const json_t *item = json_array_get(list, i);
			const char *id = cmd_text(item, "id");

			id = id ? id : cmd_text(item, "name");
			if (has_verdict(item, verdict) && !strv_has(&names, id))
				strv_add(&names, id);
		}
	}
	return names.n ? strv_join(&names, ", ") : xstrdup("");
}

/* The answer in a sentence. */
static void add_headline(struct doc *doc, const json_t *model)
{
	CLEANUP_FREE char *fail = names_of(model, "fail"), *warn = names_of(model, "warn");
	CLEANUP_FREE char *breaks = names_of(model, "breaks only here");
	const char *both = *fail && *breaks ? ", " : "";

	if (*fail || *breaks)
		doc_text(doc, "This Python breaks something: %s%s%s.", fail, both, breaks);
	else if (*warn)
		doc_text(doc, "Nothing breaks, but this costs users something: %s.", warn);
	else
		doc_text(doc, "Nothing that was checked breaks with this Python.");
}

/* Rules, probes and wheels are counted apart: a rule is no probe. */
static void add_counts(struct doc *doc, const json_t *model)
{
	static const struct {
		const char *list, *title;
	} kinds[] = {{"rules", "Rules"}, {"probes", "Probes"}};
	static const char *const words[][2] = {{"fail", "failed"}, {"warn", "warned"},
		{"note", "noted"}, {"pass", "passed"}, {"not checked", "not checked"},
		{"known", "known"}};

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		const json_t *list = json_object_get(model, kinds[k].list);
		CLEANUP_STRV struct strv parts = STRV_INIT;
		CLEANUP_FREE char *line = NULL;

		if (!json_array_size(list))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
			size_t n = count_verdict(list, words[i][0]);

			if (n)
				strv_addf(&parts, "%zu %s", n, words[i][1]);
		}
		line = strv_join(&parts, ", ");
		doc_text(doc, "%s: %s.", kinds[k].title, line);
	}
}

/* One row for each finding of a rule. */
static void finding_rows(struct doc *doc, const json_t *rule)
{
	const char *verdict = cmd_text(rule, "verdict"), *id = cmd_text(rule, "id");
	const json_t *findings = json_object_get(rule, "findings");
	json_int_t more = json_integer_value(json_object_get(rule, "more"));

	for (size_t i = 0; i < json_array_size(findings); i++) {
		const json_t *f = json_array_get(findings, i);
		const char *const cells[] = {
			verdict, id, cmd_text(f, "where"), cmd_text(f, "what")};

		doc_row(doc, cells);
		doc_cell_tone(doc, 0, check_verdict_tone(verdict));
	}
	if (more) {
		CLEANUP_FREE char *text = xasprintf("and %lld findings more", (long long)more);
		const char *const cells[] = {verdict, id, NULL, text};

		doc_row(doc, cells);
		doc_cell_tone(doc, 0, check_verdict_tone(verdict));
	}
}

/* What a rule is about; on a terminal only if `shown`. */
static void add_term(struct doc *doc, const json_t *item, bool shown)
{
	const char *id = cmd_text(item, "id");
	const struct check_rule *rule = check_rule_find(id);
	CLEANUP_FREE char *text =
		xasprintf("%s. What to do: %s.", cmd_text(item, "reason"), cmd_text(item, "todo"));
	CLEANUP_FREE char *all = xasprintf("%s%s%s", shown ? "" : text, shown ? "" : "\n\n",
		rule ? check_rule_about(rule) : "");

	doc_term(doc, id, shown ? text : NULL, all);
}

/* The worst first. */
static void add_findings(struct doc *doc, const json_t *rules)
{
	static const struct doc_column columns[] = {{"verdict", DOC_VERDICT}, {"rule", DOC_TERM},
		{"where", DOC_WRAP}, {"what", DOC_WRAP}};
	static const char *const order[] = {"fail", "warn", "note", "known"};
	bool begun = false;

	for (size_t o = 0; o < ARRAY_SIZE(order); o++) {
		for (size_t i = 0; i < json_array_size(rules); i++) {
			const json_t *rule = json_array_get(rules, i);

			if (!has_verdict(rule, order[o]))
				continue;
			if (!begun)
				doc_table(doc, "Findings", columns, ARRAY_SIZE(columns));
			begun = true;
			finding_rows(doc, rule);
		}
	}
	if (begun)
		doc_glossary(doc, "What they mean");
	for (size_t o = 0; o < ARRAY_SIZE(order); o++) {
		for (size_t i = 0; i < json_array_size(rules); i++) {
			const json_t *rule = json_array_get(rules, i);

			if (has_verdict(rule, order[o]))
				add_term(doc, rule, strcmp(order[o], "known") != 0);
		}
	}
}

/* The first sentence of what a rule is about: what was verified where it holds; to be freed. */
static char *verified(const char *id)
{
	const struct check_rule *rule = check_rule_find(id);
	const char *about = rule ? check_rule_about(rule) : "", *end = strstr(about, ". ");
	const char *paragraph = strstr(about, "\n\n");

	if (paragraph && (!end || paragraph < end))
		end = paragraph;
	return end ? xstrndup(about, (size_t)(end - about)) : xstrdup(about);
}

/* Rules without a finding: what holds, or why it could not be told. */
static void add_others(struct doc *doc, const json_t *rules, const char *verdict,
	const char *caption, const char *column, bool all)
{
	const struct doc_column columns[] = {{"rule", DOC_TERM}, {column, DOC_WRAP}};
	size_t n = count_verdict(rules, verdict);
	CLEANUP_STRV struct strv names = STRV_INIT;

	if (!n)
		return;
	if (all) {
		doc_table(doc, caption, columns, ARRAY_SIZE(columns));
		doc_fold(doc);
	}
	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i);
		CLEANUP_FREE char *holds = verified(cmd_text(rule, "id"));
		const char *why = cmd_text(rule, "why");
		const char *const cells[] = {cmd_text(rule, "id"), why ? why : holds};

		if (!has_verdict(rule, verdict))
			continue;
		strv_add(&names, cells[0]);
		if (all)
			doc_row(doc, cells);
	}
	if (!all && !strcmp(verdict, "not checked")) {
		CLEANUP_FREE char *list = strv_join(&names, ", ");

		doc_text(doc, "Not checked (--all says why): %s.", list);
	}
}

/* The text of the rules without a finding, for the links of their names. */
static void add_terms(struct doc *doc, const json_t *rules)
{
	bool begun = false;

	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i);

		if (!has_verdict(rule, "pass") && !has_verdict(rule, "not checked"))
			continue;
		if (!begun)
			doc_glossary(doc, "What the rules without findings are about");
		begun = true;
		add_term(doc, rule, false);
	}
	if (begun)
		doc_fold(doc);
}

struct doc *cmd_check_doc(const struct python *dist, const json_t *model, bool all)
{
	CLEANUP_FREE char *title = xasprintf("solder check: %s", dist->given);
	const json_t *rules = json_object_get(model, "rules");
	struct doc *doc = doc_new(title);

	add_headline(doc, model);
	add_counts(doc, model);
	add_findings(doc, rules);
	if (cmd_text(model, "probes_why"))
		doc_text(doc, "Probes: not checked: %s.", cmd_text(model, "probes_why"));
	cmd_check_add_probes(doc, json_object_get(model, "probes"), all);
	cmd_check_add_wheels(doc, model, all);
	add_others(doc, rules, "not checked", "Rules that were not checked", "why", all);
	add_others(doc, rules, "pass", "Rules that hold", "what was verified", all);
	add_terms(doc, rules);
	doc_heading(doc, "What was checked");
	for (size_t i = 0; i < dist->trail.n; i++)
		doc_text(doc, "%s", dist->trail.v[i]);
	doc_fact(doc, "Python", dist->version);
	if (py_other_implementation(dist))
		doc_fact(doc, "implementation", py_other_implementation(dist));
	doc_fact(doc, "interpreter", dist->interpreter);
	doc_fact(doc, "prefix", dist->prefix);
	doc_fact(doc, "link mode", py_link_name(dist->link));
	doc_fact(doc, "libpython.so", dist->libpython_shared);
	doc_fact(doc, "libpython.a", dist->libpython_static);
	return doc;
}
