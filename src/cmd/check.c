/* solder check: whether anything breaks with this Python. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "check/check.h"
#include "cmd/check-internal.h"
#include "cmd/cmd.h"
#include "pack/pack.h"
#include "report/report.h"

struct values {
	struct strv rules, skip;
	struct probe_values probes;
	struct wheel_values wheels;
	bool list_rules, markdown, all, json;
	const char *html, *format, *baseline, *fail_on, *explain;
};

static void set_defaults(void *values)
{
	struct values *v = values;

	v->format = "text";
	v->fail_on = "warning";
}

json_t *cmd_rules(void)
{
	json_t *rows = json_array();
	const struct check_rule *rule;

	for (size_t i = 0; (rule = check_rule_at(i)); i++)
		json_array_append_new(
			rows, json_pack("{s:s, s:s, s:s}", "id", check_rule_id(rule), "severity",
				      check_severity_name(check_rule_severity(rule)), "reason",
				      check_rule_reason(rule)));
	return rows;
}

static void list_rules(bool json)
{
	static const struct doc_column columns[] = {
		{"rule", 0}, {"severity", 0}, {"whom it hurts", DOC_WRAP}};
	CLEANUP_DOC struct doc *doc = doc_new("solder check: rules");
	json_t *model = json_object(), *rows = cmd_rules(), *row;
	size_t i;

	json_object_set_new(model, "rules", rows);
	doc_table(doc, NULL, columns, ARRAY_SIZE(columns));
	json_array_foreach (rows, i, row) {
		const char *const cells[] = {
			cmd_text(row, "id"), cmd_text(row, "severity"), cmd_text(row, "reason")};

		doc_row(doc, cells);
	}
	if (json)
		report_json("solder-rules", model, stdout);
	else
		cmd_print(doc);
	json_decref(model);
}

static int explain_rule(const char *id, struct err *err)
{
	CLEANUP_STRV struct strv ids = STRV_INIT;
	CLEANUP_DOC struct doc *doc = NULL;
	const struct check_rule *rule;

	strv_add(&ids, id);
	if (check_rules_known(&ids, err) < 0)
		return -1;
	rule = check_rule_find(id);
	doc = doc_new(id);
	doc_text(doc, "%s: %s.", check_severity_name(check_rule_severity(rule)),
		check_rule_reason(rule));
	doc_text(doc, "%s", check_rule_about(rule));
	doc_text(doc, "What to do: %s.", check_rule_todo(rule));
	cmd_print(doc);
	return 0;
}

static int print(
	const struct values *v, const struct python *dist, const json_t *model, struct err *err)
{
	if (v->json || !strcmp(v->format, "json")) {
		report_json("solder-check", model, stdout);
	} else if (strcmp(v->format, "text") != 0) {
		CLEANUP_BUF struct buf text = BUF_INIT;

		report_ci(model,
			!strcmp(v->format, "github")  ? REPORT_GITHUB
			: !strcmp(v->format, "sarif") ? REPORT_SARIF
						      : REPORT_JUNIT,
			&text);
		fwrite(text.data, 1, text.len, stdout);
	} else {
		CLEANUP_DOC struct doc *doc = cmd_check_doc(dist, model, v->all);

		cmd_print(doc);
	}
	if (v->html) {
		CLEANUP_DOC struct doc *page = cmd_check_doc(dist, model, true);

		return doc_save_html(page, v->html, err);
	}
	return 0;
}

static bool wants_probes(const struct values *v)
{
	return v->probes.all || v->probes.ids.n;
}

static int gather(const struct values *v, const struct python *dist, json_t *model, struct err *err)
{
	CLEANUP_PYTHON_FILES struct py_files files = {0};
	const struct check_input input = {dist, &files};

	if (py_files_read(dist, &files, err) < 0 ||
		check_rules(&input, &v->rules, &v->skip, model, err) < 0)
		return -1;
	if (v->wheels.what && cmd_check_wheels(&v->wheels, v->probes.against, dist, model, err) < 0)
		return -1;
	if (!wants_probes(v))
		return 0;
	/* That is a finding of a rule. */
	if (!dist->runs) {
		json_object_set_new(model, "probes_why",
			json_sprintf("the interpreter cannot be run: %s",
				dist->why_not ? dist->why_not : "no reason is known"));
		return 0;
	}
	return cmd_check_probes(&v->probes, dist, model, err);
}

/* What is checked is the archive; the place where it was unpacked is of no interest. */
static void set_origin(struct python *dist, const char *archive, const char *verified_by)
{
	CLEANUP_STRV struct strv hops = dist->trail;

	dist->trail = (struct strv)STRV_INIT;
	if (verified_by)
		strv_addf(&dist->trail, "unpacked from '%s', which is what %s says", archive,
			verified_by);
	else
		strv_addf(&dist->trail,
			"unpacked from '%s', which was not verified: no SHA256SUMS beside it "
			"names it",
			archive);
	for (size_t i = 0; i < hops.n; i++)
		strv_add(&dist->trail, hops.v[i]);
	free(dist->given);
	dist->given = xstrdup(archive);
}

static bool fails(const struct values *v, const json_t *model)
{
	for (enum check_severity s = CHECK_ERROR; s <= CHECK_NOTE; s++) {
		if (!strcmp(v->fail_on, check_severity_name(s)))
			return check_found(model, s);
	}
	return false; /* never */
}

/* `old`: the baseline; `archive`: what `what` was unpacked from, and `verified_by` the file that
 * has its digest; all three may be NULL. */
static int check(const struct values *v, const json_t *old, const char *what, const char *archive,
	const char *verified_by, struct err *err)
{
	CLEANUP_PYTHON struct python dist = {0};
	json_t *model;
	int result;

	if (py_find(what, &dist, err) < 0)
		return -1;
	if (archive)
		set_origin(&dist, archive, verified_by);
	model = json_object();
	json_object_set_new(model, "python", py_json(&dist));
	result = gather(v, &dist, model, err);
	if (result == 0) {
		if (old) {
			check_baseline(model, old);
			json_object_set_new(model, "baseline", json_string(v->baseline));
		}
		check_summarise(model);
		result = fails(v, model);
		if (print(v, &dist, model, err) < 0)
			result = -1;
	}
	json_decref(model);
	return result;
}

/* Said before anything of it is run, not only in the report. */
static void warn_of(const char *archive)
{
	struct progress *progress = progress_new(stderr, PROGRESS_AUTO);

	progress_warn(progress,
		"'%s' is not verified, since no SHA256SUMS beside it names it; its programs are "
		"run with your rights",
		archive);
	progress_free(progress);
}

/* What is shipped is what is checked. Nothing may depend on the place, so it has a blank in it. */
static int check_archive(
	const struct values *v, const json_t *old, const char *archive, struct err *err)
{
	CLEANUP_FREE char *scratch = cmd_scratch_exec("check", err);
	CLEANUP_FREE char *dir = NULL;
	struct err ignored = ERR_INIT;
	const char *said;
	int result = -1;

	if (!scratch)
		return -1;
	dir = xasprintf("%s/a place", scratch);
	if (pack_unpack(archive, NULL, dir, 1, NULL, &said, err) == 0) {
		CLEANUP_FREE char *install = xasprintf("%s/install", dir);

		if (!said)
			warn_of(archive);
		result = check(v, old, path_is_dir(install) ? install : dir, archive, said, err);
		if (result < 0)
			err_wrap(err, "checking '%s'", archive);
	}
	scratch_end(scratch, &ignored);
	return result;
}

static bool is_archive(const char *what)
{
	static const char *const ends[] = {".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar"};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (ends_with(what, ends[i]) && path_exists(what) && !path_is_dir(what))
			return true;
	}
	return false;
}

static int run(const void *values, const struct strv *args, struct err *err)
{
	const struct values *v = values;
	json_t *old = NULL;
	int result;

	if (v->list_rules && v->markdown) {
		check_rules_markdown(stdout);
		return 0;
	}
	if (v->list_rules) {
		list_rules(v->json || !strcmp(v->format, "json"));
		return 0;
	}
	if (v->explain)
		return explain_rule(v->explain, err);
	if (v->markdown) {
		err_set(err, ERR_USAGE, "--markdown goes with --list-rules");
		return err_hint(err, "--html FILE writes findings as a page");
	}
	if (!args->n) {
		err_set(err, ERR_USAGE, "'solder check' takes DIR|PYTHON|ARCHIVE");
		return err_hint(
			err, "name an interpreter, a prefix, an archive, or a command on PATH");
	}
	if (v->probes.install_consumers && !wants_probes(v))
		return err_set(err, ERR_USAGE, "--install-consumers is about probes: add --probes");
	if (v->probes.against && !wants_probes(v) && !v->wheels.what)
		return err_set(err, ERR_USAGE,
			"--against is about probes and wheels: add --probes or --wheels");
	if ((v->wheels.filter || v->wheels.state || v->wheels.jobs) && !v->wheels.what)
		return err_set(err, ERR_USAGE,
			"--wheels-like, --wheels-state and --jobs are about wheels: add --wheels");
	if (v->json && strcmp(v->format, "text") != 0 && strcmp(v->format, "json") != 0)
		return err_set(
			err, ERR_USAGE, "--json and --format %s exclude each other", v->format);
	for (size_t i = 0; i < v->skip.n; i++) {
		if (strv_has(&v->rules, v->skip.v[i]))
			return err_set(
				err, ERR_USAGE, "--rule and --skip both name '%s'", v->skip.v[i]);
	}
	/* Before anything is run. */
	if (check_rules_known(&v->rules, err) < 0 || check_rules_known(&v->skip, err) < 0 ||
		check_probes_known(&v->probes.ids, err) < 0)
		return -1;
	if (v->html && cmd_check_output(v->html, err) < 0)
		return -1;
	if (v->baseline && check_baseline_read(v->baseline, &old, err) < 0)
		return -1;
	if (is_archive(args->v[0]))
		result = check_archive(v, old, args->v[0], err);
	else
		result = check(v, old, args->v[0], NULL, NULL, err);
	json_decref(old);
	return result;
}

#define AT(field) offsetof(struct values, field)

static const struct opt opts[] = {
	{"rule", 0, OPT_LIST, "RULE", "check only this rule", AT(rules)},
	{"skip", 0, OPT_LIST, "RULE", "skip this rule", AT(skip)},
	{"probes", 0, OPT_FLAG, NULL, "compile and run the probes, too", AT(probes.all)},
	{"probe", 0, OPT_LIST, "PROBE", "run only this probe, or those of a test (T1 … T10)",
		AT(probes.ids)},
	{"against", 0, OPT_STRING, "PYTHON", "compare probes and wheels with this one",
		AT(probes.against)},
	{"install-consumers", 0, OPT_FLAG, NULL,
		"install what probes need from PyPI, into a scratch folder",
		AT(probes.install_consumers)},
	{"wheels", 0, OPT_STRING, "DIR|LIST",
		"check these wheels, too: a folder, a file with names, top:N", AT(wheels.what)},
	{"wheels-like", 0, OPT_STRING, "TEXT", "check only wheels whose names contain TEXT",
		AT(wheels.filter)},
	{"wheels-state", 0, OPT_STRING, "DIR",
		"keep downloads and results here ($XDG_CACHE_HOME/solder/wheels)",
		AT(wheels.state)},
	{"jobs", 'j', OPT_COUNT, "N", "check N wheels at a time (as many as processors)",
		AT(wheels.jobs)},
	{"baseline", 0, OPT_STRING, "FILE",
		"ignore findings that are in this JSON of an earlier check", AT(baseline)},
	{"fail-on", 0, OPT_CHOICE, "error|warning|note|never",
		"exit with 1 on findings of this severity or worse (warning)", AT(fail_on)},
	{"explain", 0, OPT_STRING, "RULE", "explain a rule, and check nothing", AT(explain)},
	{"list-rules", 0, OPT_FLAG, NULL, "list the rules, and check nothing", AT(list_rules)},
	{"markdown", 0, OPT_FLAG, NULL, "with --list-rules: print the whole manual of the rules",
		AT(markdown)},
	{"all", 'a', OPT_FLAG, NULL, "list what passed, too", AT(all)},
	{"html", 0, OPT_STRING, "FILE", "write a page with everything, too", AT(html)},
	{"format", 0, OPT_CHOICE, "text|json|github|sarif|junit",
		"print annotations for GitHub, SARIF 2.1.0, or JUnit's XML instead of text",
		AT(format)},
	{"json", 0, OPT_FLAG, NULL, "the same as --format json", AT(json)},
};

const struct command cmd_check = {
	.name = "check",
	.summary = "say what breaks with a Python, by rules, probes and wheels",
	.args = "DIR|PYTHON|ARCHIVE",
	.about =
		"Looks at any Python installation (an interpreter, a prefix, a virtual "
		"environment, a name on\nPATH, or an archive, which is unpacked for that) and says "
		"what would break or cost its users.\nRules judge facts from its files and from "
		"what the interpreter says of itself.\n\n"
		"Programs of the installation are run, with your rights, also those of an archive: "
		"check what you\nwould use. Before it is unpacked, an archive is compared with "
		"SHA256SUMS in its folder.\n\n"
		"With --probes it also compiles small programs with the system's cc and runs them "
		"against this\nPython, in child processes with limits: extension modules, programs "
		"that embed Python, and the\ntools of others, of those that are installed.\n\n"
		"With --wheels it takes wheels from a folder, or has pip download the named ones "
		"(top:50: the\nfirst 50 of a list of the most used packages with extension "
		"modules), predicts from their files\nwhat will come of them, installs each with "
		"what it depends on, imports every extension module,\nand runs a short exercise "
		"where there is one, with this Python and with the one of --against\n(default: "
		"the shared counterpart that solder built beside it). The verdict is about the "
		"difference.\nA later run reuses the results that are there.\n\n"
		"A rule that cannot be applied is \"not checked\", with the reason, and never "
		"counts as passed.\nErrors and warnings make the exit code 1; notes do not. "
		"--fail-on moves that line, and with\n--baseline only what is new counts.",
	.example = "solder check dist/cpython-3.13\nsolder check python3 --skip bind-now\n"
		   "solder check ~/.pyenv/versions/3.11.7 --html report.html\n"
		   "solder check dist/cpython --wheels top:50 --against dist/cpython-shared\n"
		   "solder check python3 --json >known.json\n"
		   "solder check python3 --baseline known.json\n"
		   "solder check --list-rules",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct values),
	.defaults = set_defaults,
	.max_args = 1,
	.run = run,
};
