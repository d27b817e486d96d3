/* The engine: applies the tables of the other files. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "check/check-internal.h"

/* Findings of one rule that are listed; the others are counted. */
#define FINDINGS_MAX 100

static const struct {
	const char *title;
	const struct check_rule *rules;
	const size_t *n;
} groups[] = {
	{"Symbols", rules_symbols, &n_rules_symbols},
	{"Loading", rules_loading, &n_rules_loading},
	{"Hardening", rules_hardening, &n_rules_hardening},
	{"Static library", rules_archive, &n_rules_archive},
	{"What describes the installation", rules_paths, &n_rules_paths},
	{"Layout", rules_layout, &n_rules_layout},
	{"Starting", rules_start, &n_rules_start},
	{"Build", rules_build, &n_rules_build},
};

size_t check_rule_count(void)
{
	size_t n = 0;

	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		n += *groups[g].n;
	return n;
}

const struct check_rule *check_rule_at(size_t i)
{
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
		if (i < *groups[g].n)
			return &groups[g].rules[i];
		i -= *groups[g].n;
	}
	return NULL;
}

const char *check_rule_id(const struct check_rule *rule)
{
	return rule->id;
}

enum check_severity check_rule_severity(const struct check_rule *rule)
{
	return rule->severity;
}

const char *check_rule_reason(const struct check_rule *rule)
{
	return rule->reason;
}

const char *check_rule_todo(const struct check_rule *rule)
{
	return rule->todo;
}

const char *check_rule_about(const struct check_rule *rule)
{
	return rule->about;
}

const char *check_severity_name(enum check_severity severity)
{
	static const char *const names[] = {"error", "warning", "note"};

	return names[severity];
}

const struct check_rule *check_rule_find(const char *id)
{
	const struct check_rule *rule;

	for (size_t i = 0; (rule = check_rule_at(i)); i++) {
		if (!strcmp(rule->id, id))
			return rule;
	}
	return NULL;
}

static int unknown_rule(const char *id, struct err *err)
{
	size_t n = check_rule_count();
	CLEANUP_FREE const char **names = xcalloc(n, sizeof(*names));
	const char *near;

	for (size_t i = 0; i < n; i++)
		names[i] = check_rule_at(i)->id;
	err_set(err, ERR_USAGE, "there is no rule '%s'", id);
	near = nearest_name(id, names, n);
	if (near)
		return err_hint(err, "did you mean '%s'?", near);
	return err_hint(err, "'solder check --list-rules' lists them");
}

int check_rules_known(const struct strv *ids, struct err *err)
{
	for (size_t i = 0; ids && i < ids->n; i++) {
		if (!check_rule_find(ids->v[i]))
			return unknown_rule(ids->v[i], err);
	}
	return 0;
}

void rule_find(struct rule_run *r, const char *where, const char *fmt, ...)
{
	CLEANUP_FREE char *what = NULL;
	va_list ap;

	if (json_array_size(r->findings) >= FINDINGS_MAX) {
		r->more++;
		return;
	}
	va_start(ap, fmt);
	if (vasprintf(&what, fmt, ap) < 0)
		bug("cannot format a finding");
	va_end(ap);
	/* Names in files need not be UTF-8. */
	json_array_append_new(r->findings,
		json_pack("{s:o*, s:o}", "where",
			rule_short(r, where) ? py_text_json(rule_short(r, where)) : NULL, "what",
			py_text_json(what)));
}

void rule_unchecked(struct rule_run *r, const char *fmt, ...)
{
	va_list ap;

	if (r->why)
		return;
	va_start(ap, fmt);
	if (vasprintf(&r->why, fmt, ap) < 0)
		bug("cannot format a reason");
	va_end(ap);
}

/* Says why a rule cannot be applied to this installation, if it cannot. */
static void check_needs(struct rule_run *r, unsigned int needs)
{
	const struct check_subject *s = r->s;
	const struct python *d = s->dist;
	const char *other = py_other_implementation(d);

	if (other && !(needs & ANY_PYTHON))
		rule_unchecked(r, "this is %s, and the rule is CPython's", other);
	if ((needs & NEEDS_RUN) && !d->runs)
		rule_unchecked(r, "needs an interpreter that runs: %s",
			d->why_not ? d->why_not : "this one does not");
	if ((needs & NEEDS_RELOCATABLE) && !s->relocatable)
		rule_unchecked(r, "for distributions that can be moved; this one was built for %s",
			s->built_for ? s->built_for : "one place");
	if ((needs & NEEDS_OWN_PREFIX) && d->system)
		rule_unchecked(r, "'%s' is shared with other software", d->prefix);
	if ((needs & NEEDS_STATIC) && d->link != PY_LINK_STATIC)
		rule_unchecked(r,
			"for interpreters that carry libpython; this one's link mode is %s",
			py_link_name(d->link));
	if ((needs & NEEDS_STATIC) && !s->interpreter)
		rule_unchecked(r, "needs an interpreter that can be read");
	if ((needs & NEEDS_LIBRARY) && !s->library)
		rule_unchecked(r, "no shared libpython ships");
	if ((needs & NEEDS_ARCHIVE) && !d->libpython_static)
		rule_unchecked(r, "no static libpython ships");
}

enum doc_tone check_verdict_tone(const char *verdict)
{
	static const struct {
		const char *verdict;
		enum doc_tone tone;
	} tones[] = {{"pass", DOC_GOOD}, {"fail", DOC_BAD}, {"warn", DOC_DOUBT},
		{"note", DOC_PLAIN}, {"known", DOC_PLAIN}, {"not checked", DOC_DOUBT},
		{"works", DOC_GOOD}, {"works only here", DOC_GOOD}, {"breaks only here", DOC_BAD},
		{"fails", DOC_BAD}, {"fails on both", DOC_DOUBT}};

	for (size_t i = 0; i < ARRAY_SIZE(tones); i++) {
		if (!strcmp(tones[i].verdict, verdict))
			return tones[i].tone;
	}
	return DOC_PLAIN;
}

static const char *verdict_of(const struct check_rule *rule, const struct rule_run *r)
{
	static const char *const broken[] = {"fail", "warn", "note"};

	if (json_array_size(r->findings))
		return broken[rule->severity];
	return r->why ? "not checked" : "pass";
}

static json_t *apply(const struct check_rule *rule, const struct check_subject *s)
{
	struct rule_run r = {.s = s, .findings = json_array()};
	json_t *result;

	check_needs(&r, rule->needs);
	if (!r.why)
		rule->run(&r);
	result = json_pack("{s:s, s:s, s:s, s:s}", "id", rule->id, "severity",
		check_severity_name(rule->severity), "verdict", verdict_of(rule, &r), "reason",
		rule->reason);
	if (json_array_size(r.findings))
		json_object_set_new(result, "todo", json_string(rule->todo));
	if (r.why)
		json_object_set_new(result, "why", py_text_json(r.why));
	json_object_set_new(result, "findings", r.findings);
	if (r.more)
		json_object_set_new(result, "more", json_integer((json_int_t)r.more));
	free(r.why);
	return result;
}

int check_rules(const struct check_input *input, const struct strv *only, const struct strv *skip,
	json_t *model, struct err *err)
{
	struct check_subject s;
	const struct check_rule *rule;
	json_t *list = json_object_get(model, "rules");

	if (check_rules_known(only, err) < 0 || check_rules_known(skip, err) < 0)
		return -1;
	if (!list) {
		list = json_array();
		json_object_set_new(model, "rules", list);
	}
	check_subject_init(&s, input);
	for (size_t i = 0; (rule = check_rule_at(i)); i++) {
		if (only && only->n && !strv_has(only, rule->id))
			continue;
		if (!skip || !strv_has(skip, rule->id))
			json_array_append_new(list, apply(rule, &s));
		/* Programs that it ended would be findings. */
		if (interrupt_check(err) < 0)
			break;
	}
	check_subject_release(&s);
	return interrupt_check(err);
}

void check_summarise(json_t *model)
{
	static const char *const words[][2] = {{"failed", "fail"}, {"warned", "warn"},
		{"noted", "note"}, {"passed", "pass"}, {"not_checked", "not checked"},
		{"known", "known"}};
	static const char *const lists[] = {"rules", "probes", "wheels"};
	json_int_t counts[ARRAY_SIZE(words)] = {0};
	json_t *summary = json_object_get(model, "summary"), *item;
	size_t i;

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		json_array_foreach (json_object_get(model, lists[l]), i, item) {
			const char *verdict = json_string_value(json_object_get(item, "verdict"));

			if (verdict && !strcmp(verdict, "breaks only here"))
				verdict = "fail";
			else if (verdict && !strncmp(verdict, "works", 5))
				verdict = "pass";
			else if (verdict && !strncmp(verdict, "fails", 5))
				verdict = "note"; /* no difference, or none known */
			for (size_t w = 0; verdict && w < ARRAY_SIZE(words); w++)
				counts[w] += !strcmp(verdict, words[w][1]);
		}
	}
	/* the counts of wheels stay */
	summary = summary ? json_incref(summary) : json_object();
	for (size_t w = 0; w < ARRAY_SIZE(words); w++)
		json_object_set_new(summary, words[w][0], json_integer(counts[w]));
	json_object_set_new(model, "summary", summary);
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

/* Prints paragraphs with lines of at most 100 columns. */
static void put_wrapped(FILE *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t n = strcspn(text, " \n");

		if (column && column + 1 + n > 100) {
			fputc('\n', out);
			column = 0;
		} else if (column) {
			fputc(' ', out);
			column++;
		}
		fwrite(text, 1, n, out);
		column += n;
		text += n;
		if (!strncmp(text, "\n\n", 2)) {
			fputs("\n\n", out);
			column = 0;
			text += 2;
		} else if (*text) {
			text++;
		}
	}
	fputs("\n\n", out);
}

static void put_rule(FILE *out, const struct check_rule *rule)
{
	static const struct {
		unsigned int bit;
		const char *text;
	} needs[] = {
		{NEEDS_RUN, "an interpreter that runs here"},
		{NEEDS_RELOCATABLE, "a distribution that can be moved"},
		{NEEDS_OWN_PREFIX, "a prefix of its own (not /usr)"},
		{NEEDS_STATIC, "a static interpreter"},
		{NEEDS_LIBRARY, "a shared libpython"},
		{NEEDS_ARCHIVE, "a static libpython"},
	};
	CLEANUP_STRV struct strv list = STRV_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		if (rule->needs & needs[i].bit)
			strv_add(&list, needs[i].text);
	}
	fprintf(out, "### %s\n\n", rule->id);
	buf_addf(&text, "**%s**: %s.", check_severity_name(rule->severity), rule->reason);
	text.data[2] = (char)(text.data[2] - 'a' + 'A');
	put_wrapped(out, text.data);
	put_wrapped(out, rule->about);
	buf_clear(&text);
	buf_addf(&text, "*What to do:* %s.", rule->todo);
	put_wrapped(out, text.data);
	if (list.n) {
		CLEANUP_FREE char *joined = strv_join(&list, ", ");

		buf_clear(&text);
		buf_addf(&text, "*Needs* %s; otherwise not checked.", joined);
		put_wrapped(out, text.data);
	}
}

void check_rules_markdown(FILE *out)
{
	fputs("# Rules\n\n", out);
	put_wrapped(out,
		"What `solder check` holds an installation against. This page is written by "
		"`solder check --list-rules --markdown`; a test keeps it so.\n\n"
		"An error breaks someone, a warning costs someone, a note is worth knowing. Only "
		"errors and warnings make `solder check` exit with 1. A rule that cannot be "
		"applied is *not checked*, with the reason, and never counts as passed. What was "
		"installed into site-packages is not looked at: see `--wheels`.\n\n"
		"The rules are CPython's. To what says that it is another implementation (PyPy, "
		"GraalPy) only those are applied that are the loader's: readable, runs, machine, "
		"needed-found, search-paths, glibc, static-tls.");
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
		fprintf(out, "## %s\n\n", groups[g].title);
		for (size_t i = 0; i < *groups[g].n; i++)
			put_rule(out, &groups[g].rules[i]);
	}
}
