/* Inside the room. */
#ifndef SOLDER_CHECK_CHECK_INTERNAL_H
#define SOLDER_CHECK_CHECK_INTERNAL_H

#include "check/check.h"
#include "elf/elf.h"
#include "report/report.h"

/* The outcome of a rule, a probe or a wheel; a word in the model. */
enum check_verdict {
	CHECK_NO_VERDICT,
	CHECK_PASS,
	CHECK_FAIL, /* an error, or a probe saw something else than what is expected */
	CHECK_WARN,
	CHECK_REMARK, /* "note" */
	CHECK_NOT_CHECKED,
	CHECK_KNOWN, /* the baseline has it, too */
	/* wheels */
	CHECK_WORKS,
	CHECK_WORKS_ONLY_HERE,
	CHECK_BREAKS_ONLY_HERE,
	CHECK_FAILS_ON_BOTH,
	CHECK_FAILS, /* there is no reference */
};

const char *check_verdict_word(enum check_verdict verdict);
enum doc_tone check_verdict_tone(enum check_verdict verdict);
/* That of an element of the model; CHECK_NO_VERDICT if its word is none of ours. */
enum check_verdict check_verdict_of(const json_t *item);

/* The text of a key, or NULL. */
const char *check_text(const json_t *object, const char *key);
/* A member of the model that is made where it is not there yet. */
json_t *check_list(json_t *model, const char *key);
json_t *check_object(json_t *model, const char *key);
void check_count(json_t *counts, const char *key, int by);

/* True if the name is in a list separated by blanks. An entry that ends with '*' matches every name
 * that begins with it. */
bool check_listed(const char *list, const char *name);
/* 0 if all ids are among the `n` names; else ERR_USAGE, suggesting the nearest of the first
 * `n_shown`. */
int check_ids_known(const char *kind, const struct strv *ids, const char *const *names, size_t n,
	size_t n_shown, const char *hint, struct err *err);

/* Rules. */

/* Preconditions of a rule; where one does not hold, the rule is "not checked". */
enum rule_needs {
	NEEDS_RUN = 1,         /* an interpreter that can be asked */
	NEEDS_RELOCATABLE = 2, /* a distribution that is made to be moved */
	NEEDS_OWN_PREFIX = 4,  /* a prefix that is not shared with other software */
	NEEDS_STATIC = 8,      /* libpython inside the interpreter */
	NEEDS_SHARED = 512,    /* an interpreter that needs libpython */
	NEEDS_LIBRARY = 16,    /* a shared libpython that ships */
	NEEDS_ARCHIVE = 32,    /* a static one */
	NEEDS_FILE = 64,       /* an interpreter that can be read */
	NEEDS_LOADER = 128,    /* the same, and a loader whose order of search is known */
	ANY_PYTHON = 256,      /* not CPython: the rule is the loader's, and holds for others too */
};

/* One rule at work. */
struct rule_run {
	const struct python *dist;
	const struct py_files *files;
	const struct py_file *interpreter; /* NULL if it could not be read */
	const struct py_file *library;     /* the shared libpython, or NULL */
	bool relocatable;
	char *built_for; /* the prefix that it was configured with, or NULL */

	json_t *findings;
	size_t more;
	char *why; /* why it was not checked */
};

/* A finding: where (a path, shown below the prefix if it is there) and what. */
__attribute__((format(printf, 3, 4))) void rule_find(
	struct rule_run *r, const char *where, const char *fmt, ...);
/* Says why the rule, or a part of it, was not checked. The first reason stays; with findings it
 * does not count. */
__attribute__((format(printf, 2, 3))) void rule_unchecked(struct rule_run *r, const char *fmt, ...);

/* Sets of roles. */
#define ROLE(role) (1U << (role))
#define ROLES_ALL (~0U)
/* Python itself, without the other libraries and programs that ship with it. */
#define ROLES_PYTHON (ROLE(PY_ROLE_INTERPRETER) | ROLE(PY_ROLE_LIBPYTHON) | ROLE(PY_ROLE_EXTENSION))

/* The next readable file with one of the roles that ships (nothing below site-packages), from
 * index *i on; NULL at the end. *i starts at 0. */
const struct py_file *rule_next(const struct rule_run *r, unsigned int roles, size_t *i);

/* A path of the installation, shown below its prefix; borrowed from `path`. */
const char *rule_short(const struct rule_run *r, const char *path);
/* True if both paths lead to the same file. */
bool rule_same_file(const char *a, const char *b);
/* True if `path` is the folder or lies below it; links are resolved as far as it exists. */
bool rule_path_below(const char *path, const char *dir);
/* Reads a text file of up to a megabyte; false when it is not there or too large. */
bool rule_read_text(const char *path, struct buf *out);
/* The path of sysconfig's module of build-time variables, which is named after the platform; NULL
 * if that is not known. The caller frees it. */
char *rule_sysconfig_data(const struct python *d);
/* The name of the library that an exported symbol belongs to ("OpenSSL", "zlib"), or NULL. */
const char *rule_third_party(const char *symbol);

/* The tables, one for each file; the last entry has no id. */
extern const struct check_rule rules_symbols[], rules_loading[], rules_hardening[], rules_paths[],
	rules_layout[], rules_archive[], rules_build[], rules_start[];

/* Probes.
 *
 * A probe is a script in probes/ (its first lines say what it does), run in a scratch folder of its
 * own. It writes "KEY=VALUE" lines of what it saw; the table of probes holds what should be seen,
 * for each link mode, with the reason. */

#define PROBE_MAX_EXPECTATIONS 6

enum probe_links {
	PROBE_STATIC = 1 << PY_LINK_STATIC,
	PROBE_SHARED = 1 << PY_LINK_SHARED,
	PROBE_DUAL = 1 << PY_LINK_DUAL,
	PROBE_ANY = PROBE_STATIC | PROBE_SHARED | PROBE_DUAL,
};

/* The first one that applies counts. */
struct probe_expectation {
	unsigned int links;
	int since, before; /* minor versions of Python 3: since <= minor < before; 0: no limit */
	const char *when;  /* "KEY=PATTERN KEY=PATTERN": only if that was seen; NULL: always */
	/* "KEY=PATTERN KEY=PATTERN". A pattern is alternatives separated by "|"; "crash" stands for
	 * the signals of one. */
	const char *seen;
	const char *why;
};

struct probe {
	const char *id;
	const char *test;  /* "T1" … "T10" */
	const char *title; /* what it does */
	/* Words: cc c++ headers shared static module; program:NAME; python:MODULE[:PACKAGE], a
	 * module for the interpreter from a package of PyPI; tool:NAME[:PACKAGE], a program that
	 * PyPI has, too. */
	const char *needs;
	unsigned int seconds;
	struct probe_expectation expect[PROBE_MAX_EXPECTATIONS];
};

extern const struct probe probe_table[];
extern const size_t probe_table_n;

struct probe_seen {
	struct strv keys, values; /* of each key the last value */
	char *skip;               /* why the probe could not be made, or NULL */
	struct strv crashes;
};

/* Reads what a script wrote; lines that are none of the known forms are ignored. */
void probe_seen_parse(const char *text, struct probe_seen *seen);
void probe_seen_release(struct probe_seen *seen);
const char *probe_seen_value(const struct probe_seen *seen, const char *key);
/* "a=b, c=d"; the caller frees it. */
char *probe_seen_text(const struct probe_seen *seen);

bool probe_matches(const char *pattern, const char *value);
/* NULL if none applies. */
const struct probe_expectation *probe_expectation_for(
	const struct probe *probe, enum py_link link, int minor, const struct probe_seen *seen);
/* True if everything holds; otherwise `wrong` (may be NULL) gets "KEY is VALUE, not PATTERN" for
 * each that does not. */
bool probe_holds(
	const struct probe_expectation *e, const struct probe_seen *seen, struct strv *wrong);

/* A Python that is probed, and what scripts are told about it. */
struct probe_target {
	const struct python *dist;
	char *dir;  /* scratch */
	char *site; /* where consumers are installed */
	struct strv env;
	char *module;  /* an extension module in lib-dynload, or NULL */
	char *include; /* where Python.h is, or NULL */
	char *cc, *cxx;
};

int probe_target_init(struct probe_target *t, const struct python *dist, const char *scratch,
	const char *name, const char *probes_dir, bool offline, struct err *err);
void probe_target_release(struct probe_target *t);

/* The first thing that a probe needs and the machine lacks ("needs cmake"), or NULL. The caller
 * frees it. */
char *probe_missing(const struct probe *probe, const struct probe_target *t);
/* Installs from PyPI into t->site what the chosen probes need and is not there. What cannot be
 * installed is left out, with a warning: the probe will say that it is missing. -1 only on an
 * interrupt. */
int probe_install(const struct probe *const *chosen, size_t n, const struct probe_target *t,
	struct progress *progress, struct err *err);

/* pip, which decides from where packages come by its own configuration. */

/* Adds what pip gets of our environment: what every program gets, with `tmp` as TMPDIR if that is
 * not NULL, and by name what tells pip where packages come from. */
void pip_environment(const char *tmp, struct strv *env);
/* Sets the words that start pip for the interpreter: its own, or that of another Python (a list
 * that ends with NULL) working on its behalf. False: none has one. */
bool pip_find(const char *interpreter, const char *const *others, struct strv *argv);
/* Runs it with further words, in the folder `tmp` if that is not NULL: 0, or -1 (ERR_CHILD: it
 * failed). `output` is there all the same. */
int pip_run(const struct strv *pip, const struct strv *words, const char *tmp, size_t max_output,
	unsigned int limit_ms, struct buf *output, struct err *err);

/* Wheels.
 *
 * Each is handled by a process of its own, forked from the one that shows progress: whatever
 * happens to it there, the list goes on. What it found comes back as one JSON file. */

/* Results of an older form are not reused. */
#define WHEEL_RESULT_FORM "3"

/* One of the two interpreters. */
struct wheel_python {
	const struct python *dist;
	struct elf_facts exe;
	struct elf_facts library; /* the libpython that is loaded with it; empty when none is */
	char identity[65];        /* digest of all that it consists of */
};

void wheel_python_release(struct wheel_python *p);
int wheel_python_read(const struct python *dist, struct wheel_python *p, struct err *err);

/* Shared by all wheels of a run. */
struct wheels {
	struct wheel_python here;
	struct wheel_python reference;
	bool compared;   /* `reference` is set */
	struct strv pip; /* the words that start pip for the interpreter under test */
	char *downloads, *results, *scratch; /* folders below state_dir */
	char *runner, *exercises;            /* in data_dir */
};

/* One of the list: a requirement ("numpy", "numpy==2.3.4"), or a file. */
struct wheel_item {
	char *requirement; /* NULL for a file */
	char *name;        /* normalised: lower case, words joined by '-' */
	char *file;
};

struct wheel_list {
	struct wheel_item *v;
	size_t n;
};

void wheel_list_release(struct wheel_list *list);
/* Reads what `options->what` names. */
int wheel_list_read(
	const struct check_wheel_options *options, struct wheel_list *list, struct err *err);
/* Name (normalised as PEP 503 has it) and version from a file name of the form of PEP 427; false if
 * it is none. */
bool wheel_name_parse(const char *file, char **name, char **version);

enum wheel_prediction {
	WHEEL_UNPREDICTED,
	WHEEL_FITS,
	WHEEL_MISSING_SYMBOLS,
	WHEEL_NEEDS_LIBPYTHON,
	WHEEL_MISSING_LIBRARY,
	WHEEL_TLS,
	WHEEL_COLLIDES,
	WHEEL_NEEDS_OTHER,
	WHEEL_OFF_PATH, /* a library that is in the wheel, and on no search path */
};
enum wheel_expected { WHEEL_NOT_EXPECTED, WHEEL_WORKS, WHEEL_BREAKS, WHEEL_UNSURE };
/* How a prediction turned out. */
enum wheel_outcome {
	WHEEL_NO_OUTCOME,
	WHEEL_WAS_RIGHT,
	WHEEL_WAS_WRONG,
	WHEEL_WAS_UNSURE,
	WHEEL_NOT_ABOUT_LOADING,
};
enum wheel_exercised { WHEEL_NOT_TRIED, WHEEL_NO_EXERCISE, WHEEL_PASSED, WHEEL_FAILED };

/* All that is known of one wheel. wheel.c has the names that this goes by in the model. */
struct wheel {
	char *name, *version, *file, *sha256; /* NULL, as all below: not known */
	int64_t size;                         /* -1, as other numbers: not known */
	json_t *audit;                        /* what in its files matters */
	enum wheel_prediction prediction;
	enum wheel_expected expected;
	char *because;
	enum check_verdict verdict;
	int64_t modules, imported, imported_by_reference;
	enum wheel_exercised exercise;
	json_t *failures; /* [{"what", "here", "reference"}] */
	char *why;        /* why it does not work, or was not checked */
	int64_t seconds;
	bool reused;
	enum wheel_outcome outcome;
};

#define WHEEL_INIT                                                                                 \
	{                                                                                          \
		.size = -1, .modules = -1, .imported = -1, .imported_by_reference = -1,            \
		.seconds = -1                                                                      \
	}
void wheel_release(struct wheel *w);
/* An element of the model, and from one: false, with *w empty, if it has no verdict. */
json_t *wheel_json(const struct wheel *w);
bool wheel_from_json(const json_t *json, struct wheel *w);
const char *wheel_prediction_word(enum wheel_prediction prediction);
const char *wheel_outcome_word(enum wheel_outcome outcome);
/* Gives the wheel up: it is not checked, and why. */
__attribute__((format(printf, 2, 3))) void wheel_not_checked(struct wheel *w, const char *fmt, ...);

/* How an interpreter got on with a wheel's modules, in order, and finally with the exercise. */
struct wheel_trial {
	char *what; /* the module, or "exercise" */
	/* {"ok"}; for failures also "error", "signal", "frame", "libpythons" (those that were
	 * loaded). */
	bool ok;
	json_t *said;
};
struct wheel_trials {
	struct wheel_trial *v;
	size_t n;
};
void wheel_trials_release(struct wheel_trials *trials);
/* Sets verdict, failures and the like from what the interpreters did; `reference` may be NULL. */
void wheel_judge(
	struct wheel *w, const struct wheel_trials *here, const struct wheel_trials *reference);
/* Sets what became of the prediction. */
void wheel_weigh(struct wheel *w);
/* Adds the wheel with its outcome to the counts in "summary" of the whole model. */
void wheel_count(json_t *model, const struct wheel *w);

/* The contents of a wheel, as the interpreter under test sees them. */
enum wheel_file_role {
	WHEEL_EXTENSION, /* a module that this interpreter can import */
	WHEEL_FOREIGN,   /* a module for another one */
	WHEEL_LIBRARY,   /* any other shared object or program */
	WHEEL_N_ROLES,
};

struct wheel_file {
	char *path;
	char *rel;
	char *module; /* dotted, for WHEEL_EXTENSION */
	enum wheel_file_role role;
	struct elf_facts facts;
};

struct wheel_audit {
	struct wheel_file *v;
	size_t n;
	size_t counts[WHEEL_N_ROLES];
	struct strv problems; /* files that could not be read, and why */
};

void wheel_audit_release(struct wheel_audit *audit);
/* Reads every ELF file below `dir`. */
int wheel_audit_read(
	const struct wheels *all, const char *dir, struct wheel_audit *audit, struct err *err);
/* Sets audit, prediction, expected and because. */
int wheel_predict(const struct wheels *all, const struct wheel_audit *audit, struct wheel *w,
	struct err *err);

/* All about one wheel, in a folder of its own. */
struct wheel_work {
	const struct wheels *all;
	const struct wheel_item *item;
	char *dir;      /* scratch, removed by the caller */
	char *exercise; /* NULL: there is none */
	struct wheel *wheel;
};

/* Everything about one wheel, start to end: obtains, unpacks, audits, predicts, installs and tries
 * it. What is wrong with the wheel is its verdict; -1 is for an interrupt. */
int wheel_check(struct wheel_work *work, struct err *err);
/* Tries the modules and the exercise with one interpreter. */
int wheel_try(const struct wheel_work *work, const struct wheel_python *python,
	const struct strv *modules, struct wheel_trials *trials, struct err *err);

/* The folder of the shared counterpart of a static build that solder made, if it stands beside it
 * (a sibling of the prefix, same version, compiler, optimisation and triple); NULL if not. The
 * caller frees it. */
char *wheel_find_counterpart(const struct python *dist);

#endif
