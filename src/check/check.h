/* Checks whether anything breaks with a Python: rules over facts, probes that are compiled and run,
 * and real wheels.
 *
 * Everything found goes into one model, a JSON object:
 *
 *	{"python":  {…},                what was checked, from py_json()
 *	 "rules":   [{"id", "severity", "verdict", "reason", "todo", "why", "more",
 *	              "findings": [{"where", "what"}]}],
 *	 "probes":  [{"id", "test", "title", "python", "link", "verdict", "expected", "seen",
 *	              "why", "crashes", "log", "difference"}],
 *	 "probes_why":                  why there are no probes, if they were wanted
 *	 "wheels":  [{"name", "version", "verdict", "prediction", …}],
 *	 "against": PATH or null,   the reference for wheels
 *	 "baseline": FILE,               if one was given
 *	 "summary": {"failed", "warned", "noted", "passed", "not_checked", "known"}}
 *
 * Verdicts are "pass", "fail" and "not checked"; the last comes with a reason in "why" and is never
 * counted as a pass. A broken rule has the verdict "fail", "warn" or "note", by its severity; its
 * findings are listed up to a ceiling, and "more" counts the others. Wheels have "works", "fails on
 * both", "breaks only here", "works only here" and "not checked". What a baseline had, too, becomes
 * "known", and its findings have "known": true.
 */
#ifndef SOLDER_CHECK_H
#define SOLDER_CHECK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/progress.h"
#include "python/python.h"

/* An error breaks someone; a warning costs someone; a note is worth knowing. Only errors and
 * warnings make `solder check` exit with 1. */
enum check_severity { CHECK_ERROR, CHECK_WARNING, CHECK_NOTE };

struct doc;
struct rule_run;

struct check_rule {
	const char *id;
	enum check_severity severity;
	unsigned int needs; /* check-internal.h */
	const char *reason; /* one line: whom it hurts and how */
	const char *todo;   /* what to do about it */
	const char *about;  /* paragraphs, for docs/rules.md */
	/* Adds what it finds: in one go, or in each file that has one of the roles. */
	void (*apply)(struct rule_run *r);
	unsigned int roles;
	void (*on_file)(struct rule_run *r, const struct py_file *file);
};

/* All rules, in the order of docs/rules.md; NULL past the last. */
const struct check_rule *check_rule_at(size_t i);
const struct check_rule *check_rule_find(const char *id);
const char *check_severity_name(enum check_severity severity);
/* Appends {"id", "severity", "reason"} of every rule to the array. */
void check_rules_list(json_t *list);

/* 0 if all ids are those of rules; else ERR_USAGE, naming the nearest. */
int check_rules_known(const struct strv *ids, struct err *err);

/* Applies the rules named in `only` (all when empty) but those in `skip` to an installation and all
 * its files, and appends to the array "rules" of the model. Unknown ids are ERR_USAGE. Rules read
 * files of the installation, and run its interpreter and its python3-config. */
int check_rules(const struct python *dist, const struct py_files *files, const struct strv *only,
	const struct strv *skip, json_t *model, struct err *err);

/* docs/rules.md. */
void check_rules_markdown(FILE *out);

/* Reads an earlier model, which `solder check --json` wrote; the caller owns *ret. */
int check_baseline_read(const char *file, json_t **ret, struct err *err);
/* Gives each rule, probe or wheel with findings the verdict "known" if all of them were there then.
 * Paths below the two prefixes count as the same. */
void check_baseline(json_t *model, const json_t *old_model);

/* Counts the verdicts of "rules" and "probes" into "summary", and those of "wheels": "breaks only
 * here" as failed, what works as passed, what fails on both (or without a reference) as noted. */
void check_summarise(json_t *model);

/* True if the "summary" of the model counts anything of this severity or worse. */
bool check_found(const json_t *model, enum check_severity least);

/* The findings for people: the answer in a sentence, findings from the worst on, and what was
 * checked; with `all`, what holds and why the rest was not checked. The caller frees it. */
struct doc *check_page(const struct python *dist, const json_t *model, bool all);
/* The rules, and one of them at length; `id` is that of a rule. */
struct doc *check_rules_page(void);
struct doc *check_rule_page(const char *id);

/* The model for continuous integration: GitHub's workflow commands, SARIF 2.1.0, or JUnit's XML.
 * Findings that a baseline has ("known") are left out of the first, "unchanged" in the second, and
 * no failures in the third. */
enum check_ci_form { CHECK_GITHUB, CHECK_SARIF, CHECK_JUNIT };
void check_ci(const json_t *model, enum check_ci_form form, struct buf *out);

struct check_probe_options {
	const struct strv *only, *skip; /* ids; NULL: all, none */
	const char *against;            /* the shared counterpart, or NULL */
	const char *probes_dir;         /* where probes/ is */
	bool install_consumers;
	const char *scratch; /* a folder for what is made, removed by the caller */
};

/* 0 if all are ids of probes, or of tests ("T2"); else ERR_USAGE, naming the nearest. */
int check_probes_known(const struct strv *ids, struct err *err);

/* Appends {"id", "test", "title"} of every probe to the array. */
void check_probes_list(json_t *list);

/* Runs the probes, as many at a time as there are processors, and appends to the array "probes" of
 * the model: for each probe the result here and, with `against`, the result there; "difference"
 * says what was seen otherwise there. "expected" and "seen" are lists of KEY=VALUE; the reason for
 * what is expected, or why it could not be checked, is in "why". An id may also be that of a test,
 * T1 to T10, for all of its probes. Ends every child of this process that is left. A probe that
 * cannot be run is "not checked"; -1 only if no work could be done at all, or on an interrupt. */
int check_probes(const struct python *dist, const struct check_probe_options *options,
	struct progress *progress, json_t *model, struct err *err);

struct check_wheel_options {
	const char *what;      /* a folder of wheels, a wheel, a file with names, or "top:N" */
	const char *against;   /* the reference interpreter; NULL: see below */
	const char *data_dir;  /* top.txt, run.py and exercises/: the folder wheels/ of solder */
	const char *state_dir; /* downloads and results, kept for the next run */
	const char *filter;    /* only names that contain it, or NULL */
	unsigned int jobs;     /* 0: as many as processors */
};

/* Audits, installs and exercises wheels, and appends to the array "wheels" of the model. For each:
 *
 *	"name", "version", "file", "sha256", "size"
 *	"audit"       counts of ELF files, and what in them matters: bundled libraries, symbols and
 *	              libraries that are missing, collisions, libpython, static TLS, glibc
 *	"prediction"  "works", "needs libpython.so", "missing symbols", "missing library",
 *	              "needs another wheel", "may collide", "TLS may not fit", "library on no
 *	              path"; from the files alone
 *	"because"     the reason for it; "expected": "works", "breaks" or "unsure"
 *	"verdict", "why" (not for "works")
 *	"modules", "imported", "imported_by_reference", "exercise" ("passed", "failed", "none")
 *	"failures"    [{"what", "here", "reference"}], each of the two {"ok", "error", "signal",
 *	              "frame", "libpythons" (those that were loaded)} or null
 *	"outcome"     what became of the prediction; see below
 *	"seconds", and "reused": true for a result of an earlier run
 *
 * and counts into "summary": {"wheels": {VERDICT: N, …, "predictions": {"right", "wrong",
 * "unsure", "not about loading"}}}. The last is for wheels that fail with both interpreters, or
 * without a reference, by an exception that linking has no part in.
 *
 * The reference must be of the same version and ABI. Without `against` it is the shared counterpart
 * of a build by solder that stands beside it; where there is none, "against" is null and the
 * verdicts are "works" and "fails". The interpreter's own pip downloads and installs (or that of
 * the reference, with --python), wheels only, from where its configuration says.
 *
 * Results are kept in state_dir, one file for each wheel and pair of interpreters; a second run on
 * the same state_dir at the same time is refused. A wheel that cannot be checked is "not checked"
 * and stops nothing. All children of this process are ended at the end. -1 is for what stops all:
 * no pip, a bad list, an interrupt. What was found until then is in the model. */
int check_wheels(const struct python *dist, const struct check_wheel_options *options,
	struct progress *progress, json_t *model, struct err *err);

#endif
