/* The findings of `solder check` in the formats of continuous integration services.
 *
 *	github   workflow commands: "::error title=RULE::WHAT", shown as annotations of a run
 *	sarif    the Static Analysis Results Interchange Format 2.1.0 (OASIS)
 *	junit    the XML that Jenkins, GitLab and others accept as test results
 *
 * All three are written from one list of items: rules, probes and wheels with their findings.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/term.h"
#include "check/check-internal.h"

static const char *const suites[] = {"rules", "probes", "wheels"};

struct item {
	const char *suite;
	char *id;            /* owned; for a probe, includes the link mode */
	const char *level;   /* "error", "warning" or "note"; NULL: no finding */
	const char *skipped; /* why it was not checked, or NULL */
	const char *todo;    /* may be NULL */
	json_t *findings;    /* [{"where", "what", "known"}], owned */
};

static void item_release(struct item *it)
{
	free(it->id);
	json_decref(it->findings);
}

/* "known" comes from the baseline: the level is that of the verdict without a baseline. */
static const char *level_of(const json_t *j)
{
	const char *severity = check_text(j, "severity");

	switch (check_verdict_of(j)) {
	case CHECK_KNOWN:
		return severity ? severity : "error";
	case CHECK_FAIL:
	case CHECK_BREAKS_ONLY_HERE:
		return "error";
	case CHECK_WARN:
		return "warning";
	case CHECK_REMARK:
	case CHECK_FAILS:
	case CHECK_FAILS_ON_BOTH:
		return "note";
	default:
		return NULL;
	}
}

/* Probes and wheels have no list of findings: makes one from their other fields. */
static json_t *single_finding(const json_t *j)
{
	CLEANUP_BUF struct buf what = BUF_INIT;
	const char *why = check_text(j, "why"), *seen = check_text(j, "seen"),
		   *expected = check_text(j, "expected");
	bool known = check_verdict_of(j) == CHECK_KNOWN;

	if (seen && expected)
		buf_addf(&what, "expected %s, saw %s", expected, seen);
	if (why)
		buf_addf(&what, "%s%s", what.len ? ": " : "", why);
	return json_pack("[{s:s, s:o*}]", "what", what.len ? what.data : check_text(j, "verdict"),
		"known", known ? json_true() : NULL);
}

static struct item item_of(const char *suite, const json_t *j)
{
	const json_t *findings = json_object_get(j, "findings");
	json_int_t more = json_integer_value(json_object_get(j, "more"));
	const char *link = check_text(j, "link"), *why = check_text(j, "why");
	struct item it = {.suite = suite, .level = level_of(j), .todo = check_text(j, "todo")};

	it.id = link ? xasprintf("%s, %s", check_text(j, "id"), link)
		     : xstrdup(check_text(j, check_text(j, "id") ? "id" : "name"));
	if (check_verdict_of(j) == CHECK_NOT_CHECKED)
		it.skipped = why ? why : "no reason is known";
	it.findings = findings   ? json_deep_copy(findings)
		      : it.level ? single_finding(j)
				 : json_array();
	if (more)
		json_array_append_new(it.findings,
			json_pack("{s:o}", "what",
				json_sprintf("and %lld more findings", (long long)more)));
	return it;
}

/* "WHERE: WHAT" on one line, safe to show. */
static void add_message(struct buf *out, const json_t *finding)
{
	if (check_text(finding, "where")) {
		buf_add_safe(out, check_text(finding, "where"));
		buf_adds(out, ": ");
	}
	buf_add_safe(out, check_text(finding, "what") ? check_text(finding, "what") : "");
}

/* Property values end at a comma or colon, messages at a line feed (GitHub's documentation of
 * workflow commands, and its runner). */
static void add_command_text(struct buf *out, const char *s, bool property)
{
	for (; *s; s++) {
		if (*s == '%' || *s == '\n' || *s == '\r' || (property && strchr(",:", *s)))
			buf_addf(out, "%%%02X", (unsigned char)*s);
		else
			buf_add(out, s, 1);
	}
}

static void add_github(struct buf *out, const struct item *it)
{
	const json_t *finding;
	size_t i;

	json_array_foreach (it->findings, i, finding) {
		CLEANUP_BUF struct buf message = BUF_INIT;

		if (!it->level || json_is_true(json_object_get(finding, "known")))
			continue;
		add_message(&message, finding);
		if (it->todo)
			buf_addf(&message, "\nWhat to do: %s.", it->todo);
		buf_addf(out, "::%s title=solder check%%3A ",
			strcmp(it->level, "note") ? it->level : "notice");
		add_command_text(out, it->id, true);
		buf_adds(out, "::");
		add_command_text(out, message.data, false);
		buf_adds(out, "\n");
	}
}

/* Adds a path as a URI reference (RFC 3986): everything but unreserved characters and slashes as
 * %HH. */
static void add_uri(struct buf *out, const char *path)
{
	for (; *path; path++) {
		if (strchr(LETTERS_AND_DIGITS "-._~/", *path))
			buf_add(out, path, 1);
		else
			buf_addf(out, "%%%02X", (unsigned char)*path);
	}
}

static json_t *sarif_location(const char *where)
{
	CLEANUP_BUF struct buf uri = BUF_INIT;
	bool absolute = where[0] == '/';

	buf_adds(&uri, absolute ? "file://" : "");
	add_uri(&uri, where);
	return json_pack("[{s:{s:{s:s, s:s*}}}]", "physicalLocation", "artifactLocation", "uri",
		uri.data, "uriBaseId", absolute ? NULL : "PREFIX");
}

static json_t *sarif_result(const struct item *it, size_t rule, const json_t *finding,
	const char *prefix, bool baseline)
{
	const char *where = check_text(finding, "where");
	bool known = json_is_true(json_object_get(finding, "known"));
	CLEANUP_BUF struct buf message = BUF_INIT, same = BUF_INIT;
	char fingerprint[SHA256_HEX_SIZE];

	add_message(&message, finding);
	/* The same finding has the same fingerprint in every run, wherever the tree is. */
	buf_adds(&same, message.data);
	if (*prefix)
		buf_replace(&same, prefix, "PREFIX");
	buf_addf(&same, "\n%s\n%s", it->suite, it->id);
	sha256_hex(same.data, same.len, fingerprint);
	return json_pack("{s:s, s:i, s:s, s:{s:s}, s:{s:s}, s:o*, s:s*}", "ruleId", it->id,
		"ruleIndex", (int)rule, "level", it->level, "message", "text", message.data,
		"partialFingerprints", "solder/v1", fingerprint, "locations",
		where ? sarif_location(where) : NULL, "baselineState",
		!baseline ? NULL
		: known   ? "unchanged"
			  : "new");
}

static json_t *sarif_rule(const struct item *it, const json_t *j)
{
	const char *about =
		check_text(j, "reason") ? check_text(j, "reason") : check_text(j, "title");
	const char *severity = check_text(j, "severity");

	return json_pack("{s:s, s:{s:s}, s:o*, s:o*}", "id", it->id, "shortDescription", "text",
		about ? about : it->id, "help",
		it->todo ? json_pack("{s:s}", "text", it->todo) : NULL, "defaultConfiguration",
		severity ? json_pack("{s:s}", "level", severity) : NULL);
}

static void write_sarif(struct buf *out, const json_t *model)
{
	json_t *rules = json_array(), *results = json_array(), *notes = json_array(), *log;
	const char *prefix = check_text(json_object_get(model, "python"), "prefix");
	bool baseline = json_object_get(model, "baseline") != NULL;
	CLEANUP_BUF struct buf base = BUF_INIT;
	CLEANUP_FREE char *dump = NULL;
	const json_t *j, *finding;
	size_t i, k;

	prefix = prefix ? prefix : "";
	for (size_t s = 0; s < ARRAY_SIZE(suites); s++) {
		json_array_foreach (json_object_get(model, suites[s]), i, j) {
			struct item it = item_of(suites[s], j);
			size_t rule = json_array_size(rules);

			json_array_append_new(rules, sarif_rule(&it, j));
			json_array_foreach (it.level ? it.findings : NULL, k, finding)
				json_array_append_new(results,
					sarif_result(&it, rule, finding, prefix, baseline));
			if (it.skipped)
				json_array_append_new(
					notes, json_pack("{s:s, s:{s:s}, s:{s:i}}", "level", "note",
						       "message", "text", it.skipped,
						       "associatedRule", "index", (int)rule));
			item_release(&it);
		}
	}
	buf_adds(&base, "file://");
	add_uri(&base, prefix);
	buf_adds(&base, "/");
	log = json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:{s:{s:s}}, s:[{s:b, s:o}], s:o}]}",
		"$schema", "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0",
		"runs", "tool", "driver", "name", "solder", "version", SOLDER_VERSION, "rules",
		rules, "originalUriBaseIds", "PREFIX", "uri", base.data, "invocations",
		"executionSuccessful", 1, "toolExecutionNotifications", notes, "results", results);
	dump = json_dumps(log, JSON_INDENT(2));
	json_decref(log);
	buf_addf(out, "%s\n", dump);
}

static void add_junit_case(struct buf *out, const struct item *it, bool *ret_failed)
{
	CLEANUP_BUF struct buf what = BUF_INIT;
	const json_t *finding;
	bool failed = false;
	size_t i;

	json_array_foreach (it->findings, i, finding) {
		bool known = json_is_true(json_object_get(finding, "known"));

		/* Notes are not failures, as in the exit code. */
		failed |= it->level && strcmp(it->level, "note") != 0 && !known;
		buf_adds(&what, known ? "known: " : "");
		add_message(&what, finding);
		buf_adds(&what, "\n");
	}
	failed = failed && !it->skipped;
	html_addf(out, "  <testcase classname=\"solder.%s\" name=\"%s\">", it->suite, it->id);
	if (it->skipped) {
		html_addf(out, "<skipped message=\"%s\"/>", it->skipped);
	} else if (failed) {
		html_addf(out, "<failure type=\"%s\" message=\"%s\">", it->level,
			it->todo ? it->todo : it->id);
		html_add_text(out, what.data, true);
		buf_adds(out, "</failure>");
	} else if (what.len) {
		buf_adds(out, "<system-out>");
		html_add_text(out, what.data, true);
		buf_adds(out, "</system-out>");
	}
	buf_adds(out, "</testcase>\n");
	*ret_failed = failed;
}

static void add_junit_suite(struct buf *out, const char *suite, const json_t *list)
{
	CLEANUP_BUF struct buf cases = BUF_INIT;
	size_t failures = 0, skipped = 0, i;
	const json_t *j;

	if (!json_array_size(list))
		return;
	json_array_foreach (list, i, j) {
		struct item it = item_of(suite, j);
		bool failed;

		add_junit_case(&cases, &it, &failed);
		failures += failed;
		skipped += it.skipped != NULL;
		item_release(&it);
	}
	buf_addf(out,
		" <testsuite name=\"solder check: %s\" tests=\"%zu\" failures=\"%zu\" "
		"skipped=\"%zu\">\n%s </testsuite>\n",
		suite, json_array_size(list), failures, skipped, cases.data);
}

void check_ci(const json_t *model, enum check_ci_form form, struct buf *out)
{
	const json_t *j;
	size_t i;

	if (form == CHECK_SARIF) {
		write_sarif(out, model);
		return;
	}
	if (form == CHECK_JUNIT)
		buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	for (size_t s = 0; s < ARRAY_SIZE(suites); s++) {
		const json_t *list = json_object_get(model, suites[s]);

		if (form == CHECK_JUNIT)
			add_junit_suite(out, suites[s], list);
		json_array_foreach (form == CHECK_GITHUB ? list : NULL, i, j) {
			struct item it = item_of(suites[s], j);

			add_github(out, &it);
			item_release(&it);
		}
	}
	if (form == CHECK_JUNIT)
		buf_adds(out, "</testsuites>\n");
}
