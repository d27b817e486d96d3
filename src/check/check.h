/* Checks whether anything breaks with a Python: rules over facts, probes that are compiled and run,
 * and real wheels.
 *
 * All results go into one model, a JSON object:
 *
 *	{"python":  {…},                the Python that was checked, from py_json()
 *	 "rules":   [{"id", "severity", "verdict", "reason", "todo", "why", "more",
 *	              "findings": [{"where", "what"}]}],
 *	 "probes":  [{"id", "test", "title", "python", "link", "verdict", "expected", "seen",
 *	              "why", "crashes", "log", "difference"}],
 *	 "probes_why":                  why there are no probes, if they were requested
 *	 "wheels":  [{"name", "version", "verdict", "prediction", …}],
 *	 "against": PATH or null,       the reference for wheels
 *	 "baseline": FILE,               if given
 *	 "wheels_new": [{"name", "now": {"version", "verdict", "prediction"}, "before": the same
 *	              or null, "why"}],  if the baseline has wheels: those whose verdict or
 *	                                 prediction is another, or that are not in it
 *	 "summary": {"failed", "warned", "noted", "passed", "not_checked", "known"}}
 *
 * Verdicts are "pass", "fail" and "not checked"; the last has a reason in "why" and never counts as
 * a pass. A broken rule has the verdict "fail", "warn" or "note", depending on its severity; its
 * findings are listed up to a limit, and "more" counts the rest. Wheels have "works", "fails on
 * both", "breaks only here", "works only here", "fails" (without a reference) and "not checked".
 * Anything already in the baseline becomes "known" ("known_as" keeps the verdict), and its findings
 * have "known": true.
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

/* An error breaks users' programs; a warning costs users something; a note is worth knowing. Only
 * errors and warnings make `solder check` exit with 1. */
enum check_severity { CHECK_ERROR, CHECK_WARNING, CHECK_NOTE };

struct doc;
struct rule_run;

struct check_rule {
	const char *id;
	enum check_severity severity;
	unsigned int needs; /* check-internal.h */
	const char *reason; /* one line: who is affected, and how */
	const char *todo;   /* how to fix it */
	const char *about;  /* paragraphs, for docs/rules.md */
	/* Adds the findings: all at once, or for each file with one of the roles. Rules about
	 * wheels for other systems have neither: see check_foreign(). */
	void (*apply)(struct rule_run *r);
	unsigned int roles;
	void (*on_file)(struct rule_run *r, const struct py_file *file);
};

/* All rules, in the order of docs/rules.md; NULL after the last. */
const struct check_rule *check_rule_at(size_t i);
const struct check_rule *check_rule_find(const char *id);
const char *check_severity_name(enum check_severity severity);
/* Appends {"id", "severity", "reason"} of every rule to the array. */
void check_rules_list(json_t *list);

/* Returns 0 if all ids name rules; otherwise ERR_USAGE, suggesting the nearest id. */
int check_rules_known(const struct strv *ids, struct err *err);

/* Applies the rules in `only` (empty: all) except those in `skip` to an installation and all its
 * files, and appends to the array "rules" of the model. Unknown ids are ERR_USAGE. Rules read files
 * of the installation, and run its interpreter and its python3-config. */
int check_rules(const struct python *dist, const struct py_files *files, const struct strv *only,
	const struct strv *skip, json_t *model, struct err *err);

/* Prints docs/rules.md. */
void check_rules_markdown(FILE *out);

/* Reads an earlier model, as written by `solder check --json`; the caller owns *ret. */
int check_baseline_read(const char *file, json_t **ret, struct err *err);
/* Sets the verdict of each rule, probe or wheel with findings to "known" if the old model has all
 * of the findings, and "wheels_new". Paths below the two prefixes count as equal. */
void check_baseline(json_t *model, const json_t *old_model);

/* Counts the verdicts of "rules", "probes" and "wheels" into "summary". For wheels, "breaks only
 * here" counts as failed, "works" and "works only here" as passed, and failures on both or without
 * a reference as noted. */
void check_summarise(json_t *model);

/* True if the "summary" of the model counts anything of this severity or worse. */
bool check_found(const json_t *model, enum check_severity least);

/* The findings for people: the answer in a sentence, findings with the worst first, and a
 * description of the Python; with `all`, also the rules that hold and the reasons for those not
 * checked. The caller frees it. */
struct doc *check_page(const struct python *dist, const json_t *model, bool all);
/* All rules in a table, or one of them in full; `id` must be that of a rule. */
struct doc *check_rules_page(void);
struct doc *check_rule_page(const char *id);

/* Writes the model for continuous integration: GitHub's workflow commands, SARIF 2.1.0, or JUnit's
 * XML. Findings in the baseline ("known") are omitted from the first, "unchanged" in the second,
 * and not failures in the third. */
enum check_ci_form { CHECK_GITHUB, CHECK_SARIF, CHECK_JUNIT };
void check_ci(const json_t *model, enum check_ci_form form, struct buf *out);

/* Judges whether files would load with that release of the GNU C library ("2.17"). `what` is an ELF
 * file, a folder, a wheel or another archive, which is unpacked into the folder `scratch`, or the
 * name of a Python on PATH. Nothing is run. The model becomes:
 *
 *	{"given", "glibc": "2.17",
 *	 "files": [{"file", "machine", "needs": "2.34", "verdict": "pass", "fail" or "not checked",
 *	            "why",               why it was not checked
 *	            "symbols": [{"symbol", "version": "GLIBC_2.34", "library": "libc.so.6",
 *	                         "since": "2.34", "weak", "weak_symbol", "users": [{"name",
 *	                         "address", "use", "sites"}], "more_users"}],
 *	            "users_why",         why no users are known
 *	            "findings", "notes"}],   sentences
 *	 "needs", "needs_of":            the highest release needed, and the file that does
 *	 "says": [{"by", "glibc", "needs", "needs_of", "verdict"}],
 *	                                 what the tag of a wheel, or a file of a tree, promises
 *	 "summary": {…}}
 *
 * Symbols are those that the release lacks. "weak" ones do not keep the file from loading; a weak
 * symbol whose version is not weak does. */
int check_glibc(
	const char *what, const char *glibc, const char *scratch, json_t *model, struct err *err);
/* True if files, or wheels of check_foreign(), are there, and none could be checked. */
bool check_nothing(const json_t *model);
/* The caller frees it. With `all`, also the files that load. */
struct doc *check_glibc_page(const json_t *model, bool all);

struct check_probe_options {
	const struct strv *only, *skip; /* ids; NULL: all, none */
	const char *against;            /* the shared counterpart, or NULL */
	const char *probes_dir;         /* the folder that holds the probes */
	bool install_consumers;
	const char *scratch; /* a folder for created files, removed by the caller */
};

/* Returns 0 if all names are ids of probes or of tests ("T2"); otherwise ERR_USAGE, suggesting the
 * nearest id. */
int check_probes_known(const struct strv *ids, struct err *err);

/* Appends {"id", "test", "title"} of every probe to the array. */
void check_probes_list(json_t *list);

/* Runs the probes, as many in parallel as there are processors, and appends to the array "probes"
 * of the model: for each probe the result here and, with `against`, the result there; "difference"
 * lists the keys whose values differ. "expected" and "seen" are lists of KEY=VALUE; "why" has the
 * reason for the expectation, or for not checking. An id may also be that of a test, T1 to T10, for
 * all its probes. Processes that a probe leaves running are killed. A probe that cannot run is "not
 * checked"; -1 only if no work was possible, or on an interrupt. */
int check_probes(const struct python *dist, const struct check_probe_options *options,
	struct progress *progress, json_t *model, struct err *err);

/* Judges from its files alone, without running anything of it, whether a wheel will work with a
 * Python, or with every python3.N on PATH and every version of pyenv if `dist` is NULL. `file` is a
 * wheel; it is unpacked into the folder `scratch`. Adds to the model:
 *
 *	"with": [{"answer": a sentence, "python", "python_version", and of what check_wheels() says
 *	          "name", "version", "file", "audit", "prediction", "expected", "because",
 *	          "verdict" ("works", "fails", "not checked": that cannot be told), "why"}] */
int check_with(const struct python *dist, const char *file, const char *scratch, json_t *model,
	struct err *err);
/* Has pip download a wheel by its name ("numpy", "numpy==2.3.4") for this Python into the folder
 * `scratch`. The caller frees *file. */
int check_with_download(const struct python *dist, const char *requirement, const char *scratch,
	char **file, struct err *err);
/* The caller frees it. */
struct doc *check_with_page(const json_t *model);

struct check_wheel_options {
	const char *what;      /* a folder of wheels, a wheel, a file with names, or "top:N" */
	const char *against;   /* the reference interpreter; NULL: see below */
	const char *data_dir;  /* solder's folder wheels/: top-500.txt, run.py, exercises.txt */
	const char *state_dir; /* downloads and results, kept for the next run */
	const char *filter;    /* only names that contain this, or NULL */
	unsigned int jobs;     /* 0: one per processor */
	/* GiB for downloads, pip's cache and what is being tried; a wheel's download goes when it
	 * is judged. 0: downloads are kept. */
	unsigned int disk;
	unsigned int memory, seconds;  /* GiB and seconds for each process; 0: 8 and 300 */
	unsigned int shard, of_shards; /* only each of_shards-th, beginning with this; 0: all */
	/* Results of all shards, from files of the model, instead of trying any; `what` is then not
	 * looked at. NULL or empty: none. */
	const struct strv *merge;
	bool own_tests; /* run those of the packages' source distributions, too */
	bool audit;     /* nothing is installed or run: predictions only */
};

/* Audits, installs and exercises wheels, and appends to the array "wheels" of the model. For each:
 *
 *	"name", "version", "file", "sha256", "size"
 *	"audit"       counts of ELF files, and the relevant facts about them: bundled libraries,
 *	              missing symbols and libraries, collisions, libpython, static TLS, glibc, and
 *	              what the tag promises of it (glibc_said)
 *	"prediction"  "works", "needs libpython.so", "missing symbols", "missing library",
 *	              "needs another wheel", "may collide", "TLS may not fit", "library on no
 *	              path"; from the files alone
 *	"because"     the reason for it; "expected": "works", "breaks" or "unsure"
 *	"verdict", "why" (not for "works")
 *	"modules", "imported", "imported_by_reference", "exercise" ("passed", "failed", "none")
 *	"failures"    [{"what", "here", "reference"}], the last two {"ok", "error", "signal",
 *	              "frame", "libpythons" (those that were loaded)} or null
 *	"outcome"     whether the prediction came true; see below
 *	"own_tests"   {"here", "reference": {"passed", "failed", "skipped"} or {"ended"},
 *	              "fail_only_here", "fail_only_there"} or {"why"} there are none
 *	"seconds"; "disk" and "memory" in bytes, of what was installed and of the largest process;
 *	"reused": true for a result from an earlier run
 *
 * "wheels_run" has what the run took: {"pair": a digest of both interpreters, "listed": the length
 * of the list, "seconds", "peak_disk" (with a budget), "shard": [I, N]}.
 *
 * It also counts into "summary": {"wheels": {VERDICT: N, …, "predictions": {"right", "wrong",
 * "unsure", "not about loading"}}}. The last is for wheels that fail with both interpreters, or
 * without a reference, with an exception unrelated to linking.
 *
 * The reference must have the same version and ABI. Without `against`, it is the shared counterpart
 * next to a build by solder; if there is none, "against" is null and the verdicts are "works" and
 * "fails". The interpreter's own pip (or the reference's, with --python) downloads and installs
 * wheels only, from the index that its configuration names.
 *
 * Results are kept in state_dir, one file per wheel and pair of interpreters; a second concurrent
 * run on the same state_dir is refused. A wheel that cannot be checked is "not checked" and does
 * not stop the run. Processes that it leaves running are killed. -1 is for problems that stop
 * everything: no pip, a bad list, an interrupt. The model then has the results so far. */
int check_wheels(const struct python *dist, const struct check_wheel_options *options,
	struct progress *progress, json_t *model, struct err *err);

struct check_foreign_options {
	const char *platform;           /* "macos-arm64", … */
	const char *what;               /* as in check_wheel_options */
	const char *data_dir, *filter;  /* same */
	const char *scratch;            /* a folder for downloads, removed by the caller */
	const struct strv *only, *skip; /* ids of rules */
	unsigned int jobs;              /* 0: one per processor */
};

/* Judges wheels for another system by their files alone: Mach-O, ELF of any machine, PE. pip of the
 * interpreter downloads them for its version of Python and the platform; each is removed when it is
 * judged. The model becomes:
 *
 *	{"given", "platform", "series": "3.13",
 *	 "rules":   as above, those of the system; "where" is WHEEL/FILE
 *	 "wheels":  [{"name", "version", "file", "sha256", "size", "files", "modules",
 *	              "predictions": {"static", "shared", "framework": {"expected": "works",
 *	                              "breaks" or "unsure", "because"}},
 *	              "verdict": "pass", "fail" (one breaks), "warn" (one is unsure) or
 *	                         "not checked", "why"}], "summary"}
 *
 * Predictions are for an interpreter that contains Python, one that has it in libpython, and on
 * macOS one that has it in Python.framework. -1 is for what stops everything, such as an interrupt;
 * the model then has the results so far. */
int check_foreign(const struct python *dist, const struct check_foreign_options *options,
	struct progress *progress, json_t *model, struct err *err);
/* The same for one wheel, or for a Mach-O or PE file alone, for which the rules about tags hold
 * nothing. Of the options it uses scratch, only and skip. */
int check_foreign_file(const char *path, const struct check_foreign_options *options, json_t *model,
	struct err *err);
/* True for files that check_foreign_file() takes. */
bool check_foreign_is(const char *path);
/* The caller frees it. */
struct doc *check_foreign_page(const json_t *model, bool all);

#endif
