/* The findings as a document: the answer first, then the details, and finally what was checked. */
#include <stdlib.h>
#include <string.h>

#include "check/check-internal.h"

/* Adds the ids of rules and probes, and the names of wheels, with this verdict. */
static void add_names(const json_t *list, enum check_verdict verdict, struct strv *names)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		const char *id = check_text(item, "id");

		id = id ? id : check_text(item, "name");
		if (check_verdict_of(item) == verdict && !strv_has(names, id))
			strv_add(names, id);
	}
}

char *check_page_counts(const json_t *list, const struct check_tally *counted, size_t n_counted)
{
	CLEANUP_STRV struct strv parts = STRV_INIT;
	const json_t *item;
	size_t i;

	for (size_t c = 0; c < n_counted; c++) {
		size_t n = 0;

		json_array_foreach (list, i, item)
			n += check_verdict_of(item) == counted[c].verdict;
		if (n)
			strv_addf(&parts, "%zu %s", n, counted[c].word);
	}
	return strv_join(&parts, ", ");
}

/* The answer in a sentence, and the counts of each verdict. Rules, probes and wheels are counted
 * separately. */
static void add_headline(struct doc *doc, const json_t *model)
{
	static const char *const lists[] = {"rules", "probes", "wheels"};
	static const char *const titles[] = {"Rules", "Probes"};
	static const struct check_tally counted[] = {{CHECK_FAIL, "failed"}, {CHECK_WARN, "warned"},
		{CHECK_REMARK, "noted"}, {CHECK_PASS, "passed"}, {CHECK_NOT_CHECKED, "not checked"},
		{CHECK_KNOWN, "known"}};
	CLEANUP_STRV struct strv broken = STRV_INIT, costly = STRV_INIT;
	CLEANUP_STRV struct strv verdicts = STRV_INIT, outcomes = STRV_INIT;
	CLEANUP_FREE char *breaks = NULL, *costs = NULL, *wheels = NULL, *predictions = NULL;
	const json_t *summary;
	const char *key;
	json_t *value;

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++)
		add_names(json_object_get(model, lists[l]), CHECK_FAIL, &broken);
	add_names(json_object_get(model, "wheels"), CHECK_BREAKS_ONLY_HERE, &broken);
	for (size_t l = 0; l < ARRAY_SIZE(lists); l++)
		add_names(json_object_get(model, lists[l]), CHECK_WARN, &costly);
	breaks = strv_join(&broken, ", ");
	costs = strv_join(&costly, ", ");
	if (broken.n)
		doc_text(doc, "This Python breaks something: %s.", breaks);
	else if (costly.n)
		doc_text(doc, "Nothing breaks, but this costs users something: %s.", costs);
	else
		doc_text(doc, "Nothing that was checked breaks with this Python.");

	for (size_t l = 0; l < ARRAY_SIZE(titles); l++) {
		CLEANUP_FREE char *line = check_page_counts(
			json_object_get(model, lists[l]), counted, ARRAY_SIZE(counted));

		if (*line)
			doc_text(doc, "%s: %s.", titles[l], line);
	}

	summary = json_object_get(json_object_get(model, "summary"), "wheels");
	json_object_foreach ((json_t *)summary, key, value) {
		if (json_is_integer(value))
			strv_addf(&verdicts, "%lld %s", (long long)json_integer_value(value), key);
	}
	json_object_foreach (json_object_get(summary, "predictions"), key, value)
		strv_addf(&outcomes, "%lld %s", (long long)json_integer_value(value), key);
	wheels = strv_join(&verdicts, ", ");
	predictions = strv_join(&outcomes, ", ");
	if (verdicts.n)
		doc_text(doc, "Wheels: %s. Predictions: %s.", wheels, predictions);
}

/* Adds the text of a rule; shown on a terminal only if `shown`. */
static void add_term(struct doc *doc, const json_t *item, bool shown)
{
	const char *id = check_text(item, "id"), *todo = check_text(item, "todo");
	const struct check_rule *rule = check_rule_find(id);
	const char *about = rule ? rule->about : "";
	CLEANUP_FREE char *text = xasprintf("%s. What to do: %s.", check_text(item, "reason"),
		todo   ? todo
		: rule ? rule->todo
		       : "nothing is known");
	CLEANUP_FREE char *all = xasprintf("%s\n\n%s", text, about);

	doc_term(doc, id, shown ? text : NULL, shown ? about : all);
}

/* One row per finding, the worst first. */
void check_page_findings(struct doc *doc, const json_t *rules)
{
	static const struct doc_column columns[] = {{"verdict", DOC_VERDICT}, {"rule", DOC_TERM},
		{"where", DOC_WRAP}, {"what", DOC_WRAP}};
	static const enum check_verdict order[] = {
		CHECK_FAIL, CHECK_WARN, CHECK_REMARK, CHECK_KNOWN};
	const json_t *rule, *finding;
	bool begun = false;
	size_t i, k;

	for (size_t o = 0; o < ARRAY_SIZE(order); o++) {
		json_array_foreach (rules, i, rule) {
			json_int_t more = json_integer_value(json_object_get(rule, "more"));
			const char *cells[] = {
				check_verdict_word(order[o]), check_text(rule, "id"), NULL, NULL};

			if (check_verdict_of(rule) != order[o])
				continue;
			if (!begun)
				doc_table(doc, "Findings", columns, ARRAY_SIZE(columns));
			begun = true;
			json_array_foreach (json_object_get(rule, "findings"), k, finding) {
				cells[2] = check_text(finding, "where");
				cells[3] = check_text(finding, "what");
				doc_row(doc, cells);
				doc_cell_tone(doc, 0, check_verdict_tone(order[o]));
			}
			if (more) {
				CLEANUP_FREE char *text =
					xasprintf("and %lld more findings", (long long)more);

				cells[2] = NULL;
				cells[3] = text;
				doc_row(doc, cells);
				doc_cell_tone(doc, 0, check_verdict_tone(order[o]));
			}
		}
	}
	if (begun)
		doc_glossary(doc, "What they mean");
	for (size_t o = 0; o < ARRAY_SIZE(order); o++) {
		json_array_foreach (rules, i, rule) {
			if (check_verdict_of(rule) == order[o])
				add_term(doc, rule, order[o] != CHECK_KNOWN);
		}
	}
}

static void add_probes(struct doc *doc, const json_t *probes, bool all)
{
	static const struct doc_column columns[] = {{"verdict", DOC_VERDICT}, {"probe", 0},
		{"link", 0}, {"seen", DOC_WRAP}, {"why", DOC_WRAP}};
	const json_t *p, *crash;
	bool begun = false;
	size_t i, k;

	json_array_foreach (probes, i, p) {
		const char *const cells[] = {check_text(p, "verdict"), check_text(p, "id"),
			check_text(p, "link"), check_text(p, "seen"), check_text(p, "why")};

		if (!all && check_verdict_of(p) == CHECK_PASS)
			continue;
		if (!begun)
			doc_table(doc, "Probes", columns, ARRAY_SIZE(columns));
		begun = true;
		doc_row(doc, cells);
		doc_cell_tone(doc, 0, check_verdict_tone(check_verdict_of(p)));
	}
	json_array_foreach (probes, i, p) {
		CLEANUP_FREE char *label =
			xasprintf("%s, %s", check_text(p, "id"), check_text(p, "link"));
		bool failed = check_verdict_of(p) == CHECK_FAIL;

		if (!failed && !all)
			continue;
		json_array_foreach (json_object_get(p, "crashes"), k, crash)
			doc_text(doc, "%s: %s", label, json_string_value(crash));
		if (failed)
			doc_listing(doc, label, check_text(p, "log"));
	}
}

/* Rules without findings: the reason why they were not checked, or what holds, which is the first
 * sentence of the rule's description. */
void check_page_others(struct doc *doc, const json_t *rules, enum check_verdict verdict, bool all)
{
	const bool holds = verdict == CHECK_PASS;
	const struct doc_column columns[] = {
		{"rule", DOC_TERM}, {holds ? "what was verified" : "why", DOC_WRAP}};
	CLEANUP_STRV struct strv names = STRV_INIT;
	CLEANUP_FREE char *list = NULL;
	const json_t *item;
	size_t i;

	add_names(rules, verdict, &names);
	list = strv_join(&names, ", ");
	if (!all && names.n && !holds)
		doc_text(doc, "Not checked (--all says why): %s.", list);
	if (!all || !names.n)
		return;
	doc_table(doc, holds ? "Rules that hold" : "Rules that were not checked", columns,
		ARRAY_SIZE(columns));
	doc_fold(doc);
	json_array_foreach (rules, i, item) {
		const char *id = check_text(item, "id"), *why = check_text(item, "why");
		const struct check_rule *rule = check_rule_find(id);
		const char *about = rule ? rule->about : "", *end = strstr(about, ". ");
		const char *paragraph = strstr(about, "\n\n");
		CLEANUP_FREE char *first = NULL;

		if (check_verdict_of(item) != verdict)
			continue;
		end = paragraph && (!end || paragraph < end) ? paragraph : end;
		first = end ? xstrndup(about, (size_t)(end - about)) : xstrdup(about);
		doc_row(doc, (const char *const[]){id, why ? why : first});
	}
}

/* One row per failing module or exercise. */
static void add_failures(struct doc *doc, const struct wheel *w)
{
	const json_t *f, *one;
	size_t i, k;

	json_array_foreach (w->failures, i, f) {
		const json_t *here = json_object_get(f, "here");
		const char *error = check_text(here, "error"), *frame = check_text(here, "frame");
		CLEANUP_BUF struct buf text = BUF_INIT;

		buf_adds(&text, error ? error : "fails with the reference only");
		if (frame)
			buf_addf(&text, " at %s", frame);
		json_array_foreach (json_object_get(here, "libpythons"), k, one)
			buf_addf(&text, "%s%s", k ? ", " : "; loaded: ", json_string_value(one));
		doc_row(doc, (const char *const[]){w->name, check_text(f, "what"), text.data});
	}
}

/* Marks a verdict that rests on imports only, and a prediction that did not come true. */
static void add_wheel(struct doc *doc, const struct wheel *w)
{
	bool works = w->verdict == CHECK_WORKS || w->verdict == CHECK_WORKS_ONLY_HERE;
	bool marked = w->outcome == WHEEL_WAS_WRONG || w->outcome == WHEEL_WAS_UNSURE;
	CLEANUP_FREE char *verdict = xasprintf("%s%s", check_verdict_word(w->verdict),
		works && w->exercise == WHEEL_NO_EXERCISE ? " (imports only)" : "");
	CLEANUP_FREE char *name =
		xasprintf("%s%s%s", w->name, w->version ? " " : "", w->version ? w->version : "");
	CLEANUP_FREE char *prediction =
		xasprintf("%s%s%s", marked ? wheel_outcome_word(w->outcome) : "",
			marked ? ": " : "", wheel_prediction_word(w->prediction));
	CLEANUP_FREE char *imported =
		xasprintf("%lld of %lld", (long long)w->imported, (long long)w->modules);

	doc_row(doc, (const char *const[]){verdict, name, w->prediction ? prediction : NULL,
			     w->modules >= 0 ? imported : NULL});
	doc_cell_tone(doc, 0, check_verdict_tone(w->verdict));
	doc_cell_tone(doc, 2,
		w->outcome == WHEEL_WAS_WRONG    ? DOC_BAD
		: w->outcome == WHEEL_WAS_UNSURE ? DOC_DOUBT
		: w->prediction == WHEEL_FITS    ? DOC_GOOD
						 : DOC_PLAIN);
}

/* A tag that promises less than the files need; NULL: none. The caller frees it. */
static char *broken_promise(const struct wheel *w)
{
	const char *needs = check_text(w->audit, "glibc");
	const char *said = check_text(w->audit, "glibc_said");

	return needs && said && elf_version_compare(needs, said) > 0
		       ? xasprintf("its tag promises glibc %s, its files need %s", said, needs)
		       : NULL;
}

/* "160 passed, 1 failed", or how they ended. The caller frees it. */
static char *own_counts(const json_t *run)
{
	const char *ended = check_text(run, "ended");

	return ended ? xstrdup(ended)
		     : xasprintf("%lld passed, %lld failed",
			       (long long)json_integer_value(json_object_get(run, "passed")),
			       (long long)json_integer_value(json_object_get(run, "failed")));
}

static void add_own_tests(struct doc *doc, const json_t *list)
{
	static const struct doc_column columns[] = {{"wheel", 0}, {"here", DOC_WRAP},
		{"reference", DOC_WRAP}, {"fail only here", DOC_WRAP}};
	const json_t *item;
	bool begun = false;
	size_t i;

	json_array_foreach (list, i, item) {
		const json_t *tests = json_object_get(item, "own_tests");
		const json_t *only = json_object_get(tests, "fail_only_here");
		const char *why = check_text(tests, "why");
		CLEANUP_FREE char *here = NULL, *there = NULL;

		if (!tests)
			continue;
		if (!begun)
			doc_table(doc, "The packages' own tests", columns, ARRAY_SIZE(columns));
		begun = true;
		here = why ? xasprintf("none: %s", why)
			   : own_counts(json_object_get(tests, "here"));
		there = why ? NULL : own_counts(json_object_get(tests, "reference"));
		doc_row(doc, (const char *const[]){check_text(item, "name"), here, there,
				     json_string_value(json_array_get(only, 0))});
	}
}

static void add_wheels(struct doc *doc, const json_t *model, bool all)
{
	static const struct doc_column columns[] = {{"verdict", DOC_VERDICT | DOC_WRAP},
		{"wheel", DOC_WRAP}, {"prediction", DOC_VERDICT | DOC_WRAP}, {"imported", 0}};
	static const struct doc_column whys[] = {{"wheel", 0}, {"why", DOC_WRAP}};
	static const struct doc_column failed[] = {
		{"wheel", 0}, {"what failed", DOC_WRAP}, {"how", DOC_WRAP}};
	const json_t *list = json_object_get(model, "wheels");
	size_t n = json_array_size(list);
	CLEANUP_FREE struct wheel *wheels = xcalloc(n + 1, sizeof(*wheels));
	bool begun = false;

	if (!n)
		return;
	doc_fact(doc, "reference", check_text(model, "against"));
	doc_table(doc, "Wheels", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < n; i++) {
		wheel_from_json(json_array_get(list, i), &wheels[i]);
		add_wheel(doc, &wheels[i]);
	}
	/* In a table of their own, where long sentences have room. */
	for (size_t i = 0; i < n; i++) {
		const struct wheel *w = &wheels[i];
		bool predicted =
			w->because && (w->expected != WHEEL_WORKS || w->outcome == WHEEL_WAS_WRONG);
		CLEANUP_STRV struct strv parts = STRV_INIT;
		CLEANUP_FREE char *promise = broken_promise(w), *text = NULL;

		if (w->why)
			strv_add(&parts, w->why);
		if (predicted)
			strv_addf(&parts, "predicted: %s", w->because);
		if (promise)
			strv_add(&parts, promise);
		if (!parts.n)
			continue;
		text = strv_join(&parts, "; ");
		if (!begun)
			doc_table(doc, "Why", whys, ARRAY_SIZE(whys));
		begun = true;
		doc_row(doc, (const char *const[]){w->name, text});
	}
	begun = false;
	for (size_t i = 0; i < n; i++) {
		if (json_array_size(wheels[i].failures) &&
			(all || wheels[i].verdict == CHECK_BREAKS_ONLY_HERE)) {
			if (!begun)
				doc_table(doc, "What failed", failed, ARRAY_SIZE(failed));
			begun = true;
			add_failures(doc, &wheels[i]);
		}
		wheel_release(&wheels[i]);
	}
	add_own_tests(doc, list);
}

struct doc *check_page(const struct python *dist, const json_t *model, bool all)
{
	CLEANUP_FREE char *title = xasprintf("solder check: %s", dist->given);
	const json_t *rules = json_object_get(model, "rules"), *rule;
	struct doc *doc = doc_new(title);
	bool begun = false;
	size_t i;

	add_headline(doc, model);
	check_page_news(doc, model);
	check_page_findings(doc, rules);
	if (check_text(model, "probes_why"))
		doc_text(doc, "Probes: not checked: %s.", check_text(model, "probes_why"));
	add_probes(doc, json_object_get(model, "probes"), all);
	add_wheels(doc, model, all);
	check_page_others(doc, rules, CHECK_NOT_CHECKED, all);
	check_page_others(doc, rules, CHECK_PASS, all);
	/* Targets for the links from rule names. */
	json_array_foreach (rules, i, rule) {
		enum check_verdict v = check_verdict_of(rule);

		if (v != CHECK_PASS && v != CHECK_NOT_CHECKED)
			continue;
		if (!begun)
			doc_glossary(doc, "What the rules without findings are about");
		begun = true;
		add_term(doc, rule, false);
	}
	if (begun)
		doc_fold(doc);
	doc_heading(doc, "What was checked");
	for (i = 0; i < dist->trail.n; i++)
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

struct doc *check_rules_page(void)
{
	static const struct doc_column columns[] = {
		{"rule", 0}, {"severity", 0}, {"whom it hurts", DOC_WRAP}};
	struct doc *doc = doc_new("solder check: rules");
	const struct check_rule *rule;

	doc_table(doc, NULL, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; (rule = check_rule_at(i)); i++)
		doc_row(doc, (const char *const[]){
				     rule->id, check_severity_name(rule->severity), rule->reason});
	return doc;
}

struct doc *check_rule_page(const char *id)
{
	const struct check_rule *rule = check_rule_find(id);
	struct doc *doc = doc_new(id);

	doc_text(doc, "%s: %s.", check_severity_name(rule->severity), rule->reason);
	doc_text(doc, "%s", rule->about);
	doc_text(doc, "What to do: %s.", rule->todo);
	return doc;
}
