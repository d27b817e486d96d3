/* solder lock: keeps the locked sources current. */
#include "base/progress.h"
#include "base/term.h"
#include "cmd/cmd.h"
#include "report/json.h"
#include "update/update.h"

struct values {
	struct update_options options;
	bool json;
};

static json_t *row_json(const struct update_row *r)
{
	return JSON_OBJECT({"package", json_text(r->package)}, {"set", json_text(r->set)},
		{"locked", json_text(r->version)},
		{"state", json_string(update_state_name(r->state))},
		{"newest", json_text(r->newest)},
		{"vouched_by", json_texts((const char *const *)r->vouch.v, r->vouch.n)},
		{"source", json_text(r->source)}, {"sha256", json_text(r->sha256)},
		{"size", r->size ? json_integer((json_int_t)r->size) : json_null()},
		{"release_notes", json_text(r->notes)}, {"why", json_text(r->why)});
}

static json_t *advisory_json(const struct advisory_row *a)
{
	return JSON_OBJECT({"id", json_text(a->id)}, {"package", json_text(a->package)},
		{"version", json_text(a->version)}, {"set", json_text(a->set)},
		{"fixed", json_text(a->fixed)}, {"summary", json_text(a->summary)});
}

static void print_json(const struct update_result *r)
{
	json_t *rows = json_array(), *advisories = json_array(), *model;

	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(rows, row_json(&r->rows[i]));
	for (size_t i = 0; i < r->n_advisories; i++)
		json_array_append_new(advisories, advisory_json(&r->advisories[i]));
	model = JSON_OBJECT({"packages", rows}, {"advisories", advisories},
		{"written", json_texts((const char *const *)r->written.v, r->written.n)});
	report_json("solder-lock", model, stdout);
	json_decref(model);
}

static void add_row(struct doc *doc, const struct update_row *r)
{
	CLEANUP_FREE char *vouch = r->vouch.n ? strv_join(&r->vouch, ", ") : NULL;
	const char *const cells[] = {r->package, r->set, r->version, r->newest,
		update_state_name(r->state), r->state == UPDATE_FAILED ? r->why : vouch};
	static const enum doc_tone tones[] = {[UPDATE_CURRENT] = DOC_GOOD,
		[UPDATE_LOCKED] = DOC_GOOD,
		[UPDATE_NEWER] = DOC_BAD,
		[UPDATE_FAILED] = DOC_BAD};

	doc_row(doc, cells);
	doc_cell_tone(doc, 4, r->state < ARRAY_SIZE(tones) ? tones[r->state] : DOC_PLAIN);
}

static void add_notes(struct doc *doc, const struct update_result *r)
{
	bool begun = false;

	for (size_t i = 0; i < r->n; i++) {
		const struct update_row *w = &r->rows[i];
		CLEANUP_FREE char *name =
			xasprintf("%s %s", w->package, w->newest ? w->newest : "");

		if ((w->state != UPDATE_LOCKED && w->state != UPDATE_NEWER) || !w->notes)
			continue;
		if (!begun)
			doc_heading(doc, "Release notes");
		begun = true;
		doc_fact(doc, name, w->notes);
	}
}

static void add_advisories(struct doc *doc, const struct update_result *r)
{
	static const struct doc_column columns[] = {
		{"advisory", 0}, {"package", 0}, {"set", 0}, {"fixed in", 0}, {"about", DOC_WRAP}};

	if (r->n_advisories)
		doc_table(doc, "Known advisories of what is locked", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < r->n_advisories; i++) {
		const struct advisory_row *a = &r->advisories[i];
		CLEANUP_FREE char *name = xasprintf("%s %s", a->package, a->version);
		const char *const cells[] = {a->id, name, a->set, a->fixed, a->summary};

		doc_row(doc, cells);
	}
}

static void print_text(const struct values *v, const struct update_result *r)
{
	static const struct doc_column columns[] = {{"package", 0}, {"set", 0}, {"locked", 0},
		{"newest", 0}, {"state", DOC_VERDICT}, {"vouched for by, or why not", DOC_WRAP}};
	CLEANUP_DOC struct doc *doc = doc_new(NULL);

	if (r->n)
		doc_table(doc, NULL, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < r->n; i++)
		add_row(doc, &r->rows[i]);
	add_notes(doc, r);
	add_advisories(doc, r);
	if (v->options.advisories.n && !r->n_advisories)
		doc_text(doc, "No known advisory is about what is locked.");
	for (size_t i = 0; i < r->written.n; i++)
		doc_text(doc, "Written: '%s'.", r->written.v[i]);
	cmd_print(doc);
}

/* What the rows come to: the exit code, or an error for what could not be done. */
static int conclude(const struct values *v, const struct update_result *r, struct err *err)
{
	const struct update_row *first = NULL;
	size_t failed = 0;
	bool newer = false;

	for (size_t i = 0; i < r->n; i++) {
		newer |= r->rows[i].state == UPDATE_NEWER;
		if (r->rows[i].state != UPDATE_FAILED)
			continue;
		failed++;
		first = first ? first : &r->rows[i];
	}
	if (failed == 1)
		return err_set(err, ERR_INPUT, "%s%s%s: %s", first->package,
			first->newest ? " " : "", first->newest ? first->newest : "", first->why);
	if (failed)
		return err_set(err, ERR_INPUT, "%zu packages could not be %s; the table says why",
			failed, v->options.check ? "looked up" : "locked");
	return v->options.check && (newer || r->n_advisories);
}

static int lock_run(const void *values, const struct strv *args, struct err *err)
{
	struct values v = *(const struct values *)values;
	struct update_result result = {0};
	struct progress *progress;
	int got;

	if (!v.options.check && (v.options.advisories.n || v.options.offline))
		return err_set(err, ERR_USAGE, "--%s goes with --check",
			v.options.offline ? "offline" : "advisories");
	if (v.options.check && v.options.dry_run)
		return err_set(err, ERR_USAGE, "--check and --dry-run exclude each other");
	if (v.options.offline && !v.options.advisories.n)
		return err_set(err, ERR_USAGE,
			"--offline needs --advisories: else there is nothing to check");
	v.options.packages = *args;
	progress = progress_new(stderr, PROGRESS_AUTO);
	v.options.progress = progress;
	got = update_run(&v.options, &result, err);
	progress_free(progress);
	if (got < 0)
		return -1;
	if (v.json)
		print_json(&result);
	else
		print_text(&v, &result);
	got = conclude(&v, &result, err);
	update_release(&result);
	return got;
}

#define AT(field) offsetof(struct values, field)

static const struct opt opts[] = {
	{"set", 0, OPT_CHOICE, "upstream|debian", "only this set (both)", AT(options.set)},
	{"check", 0, OPT_FLAG, NULL,
		"download and write nothing; a newer patch release is a finding",
		AT(options.check)},
	{"advisories", 0, OPT_LIST, "FILE",
		"with --check: an advisory of this file is a finding, too", AT(options.advisories)},
	{"offline", 0, OPT_FLAG, NULL, "with --check: judge by advisories alone",
		AT(options.offline)},
	{"dry-run", 'n', OPT_FLAG, NULL, "download and verify, but write nothing",
		AT(options.dry_run)},
	{"mirror", 0, OPT_STRING, "URL", "use this Debian mirror (the one that apt uses)",
		AT(options.mirror)},
	{"keyring", 0, OPT_STRING, "FILE", "verify Debian's index with these keys (Debian's own)",
		AT(options.keyring)},
	{"cache", 0, OPT_STRING, "DIR", "use this cache ($XDG_CACHE_HOME/solder)",
		AT(options.cache)},
	{"recipes", 0, OPT_STRING, "DIR", "take recipes from this folder, and write its sets",
		AT(options.recipes)},
	{"json", 0, OPT_FLAG, NULL, "print JSON instead of text", AT(json)},
};

const struct command cmd_lock = {
	.name = "lock",
	.summary = "lock newer releases of the sources, or check for them",
	.args = "[PACKAGE[@VERSION]]...",
	.about =
		"Looks for newer releases of every locked package, where its recipe says, downloads them,\n"
		"verifies who made them, and adds them to recipes/sets/SET.yaml. A signature is verified where\n"
		"the project publishes one, by the key or identity in the recipe; another one is an error. In\n"
		"the set 'debian' the archive's signature vouches for a file, in 'upstream' HTTPS alone for one\n"
		"that nobody signs; Debian's digest of the same file is compared.\n\n"
		"Without a version, patch releases of the series that are locked are taken. Older entries stay,\n"
		"for when the newest cannot be had; sets can be edited by hand as well. A package that fails\n"
		"does not stop the others.\n\n"
		"Advisories are files in OSV's format (one, a list, or an answer of its query) or the file\n"
		"'json' of Debian's security tracker. OpenPGP signatures need gpgv; those of Sigstore cosign or\n"
		"sigstore.\n\n"
		"Exit codes: 1 if --check finds a newer patch release or an advisory, 2 if a package could not\n"
		"be looked up, verified or locked.",
	.example = "solder lock --dry-run\nsolder lock --set upstream openssl xz\n"
		   "solder lock cpython@3.14\nsolder lock --check --advisories tracker.json",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct values),
	.max_args = 64,
	.run = lock_run,
};
