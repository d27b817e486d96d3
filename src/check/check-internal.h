/* Private to this room. */
#ifndef SOLDER_CHECK_CHECK_INTERNAL_H
#define SOLDER_CHECK_CHECK_INTERNAL_H

#include "check/check.h"
#include "elf/elf.h"
#include "report/report.h"

/* The outcome of a rule, a probe or a wheel; a word in the model. */
enum check_verdict {
	CHECK_NO_VERDICT,
	CHECK_PASS,
	CHECK_FAIL, /* an error, or a probe's result differs from the expected one */
	CHECK_WARN,
	CHECK_REMARK, /* "note" */
	CHECK_NOT_CHECKED,
	CHECK_KNOWN, /* also in the baseline */
	/* wheels */
	CHECK_WORKS,
	CHECK_WORKS_ONLY_HERE,
	CHECK_BREAKS_ONLY_HERE,
	CHECK_FAILS_ON_BOTH,
	CHECK_FAILS, /* without a reference */
};

/* True for names of the C API: Py or _Py, followed by a capital or an underscore. */
bool check_is_api(const char *symbol);
/* True if an ELF file is for musl, by its interpreter and the libraries that it needs. */
bool check_is_musl(const struct elf_facts *f);
/* "a, b, c and 4 more"; empty if the list is. The caller frees it. */
char *check_first_names(const struct strv *names, size_t shown);
const char *check_verdict_word(enum check_verdict verdict);
enum doc_tone check_verdict_tone(enum check_verdict verdict);
/* The verdict of an element of the model; CHECK_NO_VERDICT if its word is unknown. */
enum check_verdict check_verdict_of(const json_t *item);

/* The same where it was not yet "known"; as a word. */
const char *check_own_verdict(const json_t *item);

/* Sets "wheels_new" of the model, if there are wheels in both. */
void check_news(json_t *model, const json_t *old_model);
void check_page_news(struct doc *doc, const json_t *model);

/* The text of a key, or NULL. */
const char *check_text(const json_t *object, const char *key);
/* Returns a member of the model, creating it if missing. */
json_t *check_list(json_t *model, const char *key);
json_t *check_object(json_t *model, const char *key);
void check_count(json_t *counts, const char *key, int by);

/* True if the name is in a blank-separated list. An entry ending in '*' matches every name with
 * that prefix. */
bool check_listed(const char *list, const char *name);
/* Returns 0 if all ids are among the `n` names; otherwise ERR_USAGE, suggesting the nearest of the
 * first `n_shown`. */
int check_ids_known(const char *kind, const struct strv *ids, const char *const *names, size_t n,
	size_t n_shown, const char *hint, struct err *err);

/* Rules. */

/* Preconditions of a rule; if one does not hold, the rule is "not checked". */
enum rule_needs {
	NEEDS_RUN = 1,         /* an interpreter that runs, or answers through an emulator */
	NEEDS_RELOCATABLE = 2, /* a relocatable distribution */
	NEEDS_OWN_PREFIX = 4,  /* a prefix not shared with other software */
	NEEDS_STATIC = 8,      /* libpython inside the interpreter */
	NEEDS_SHARED = 512,    /* an interpreter that needs libpython */
	NEEDS_LIBRARY = 16,    /* ships a shared libpython */
	NEEDS_ARCHIVE = 32,    /* ships a static libpython */
	NEEDS_FILE = 64,       /* a readable interpreter */
	NEEDS_LOADER = 128,    /* same, with a loader whose search order is known */
	ANY_PYTHON = 256,      /* CPython not required: the rule is about the loader */
	OF_WHEELS = 1024,      /* about files of wheels for other systems, not about a Python */
};

/* A rule while it is applied. */
struct rule_run {
	const struct python *dist;
	const struct py_files *files;
	const struct py_file *interpreter; /* NULL if it cannot be read */
	const struct py_file *library;     /* the shared libpython, or NULL */
	bool relocatable;
	char *built_for; /* the prefix given to configure, or NULL */

	json_t *findings;
	size_t more;
	char *why; /* why it was not checked */
};

/* Adds a finding: where (a path, shown relative to the prefix if below it) and what. */
__attribute__((format(printf, 3, 4))) void rule_find(
	struct rule_run *r, const char *where, const char *fmt, ...);
/* Records why the rule, or a part of it, was not checked. The first reason stays; it does not count
 * if there are findings. */
__attribute__((format(printf, 2, 3))) void rule_unchecked(struct rule_run *r, const char *fmt, ...);

/* An element of the model's list of rules; takes the findings over. `more`: how many were left out;
 * `why` (may be NULL): why it was not checked. */
json_t *rule_result(const struct check_rule *rule, json_t *findings, size_t more, const char *why);
/* Whether the user wants the rule; no `only`: all but those of `skip`. Both may be NULL. */
bool rule_wanted(const struct check_rule *rule, const struct strv *only, const struct strv *skip);

/* Sets of roles. */
#define ROLE(role) (1U << (role))
#define ROLES_ALL (~0U)
/* Python itself, without other libraries and programs that ship with it. */
#define ROLES_PYTHON (ROLE(PY_ROLE_INTERPRETER) | ROLE(PY_ROLE_LIBPYTHON) | ROLE(PY_ROLE_EXTENSION))

/* Parts of pages: how many of the list have each verdict ("2 failed, 7 passed"; the caller frees
 * it); a row for each finding, with what the rules mean; the rules of that verdict, in full with
 * `all`. */
struct check_tally {
	enum check_verdict verdict;
	const char *word;
};
char *check_page_counts(const json_t *list, const struct check_tally *counted, size_t n_counted);
void check_page_findings(struct doc *doc, const json_t *rules);
void check_page_others(struct doc *doc, const json_t *rules, enum check_verdict verdict, bool all);

/* Returns the next readable file that ships (nothing below site-packages) and has one of the roles,
 * from index *i on; NULL at the end. *i starts at 0. */
const struct py_file *rule_next(const struct rule_run *r, unsigned int roles, size_t *i);

/* A path relative to the installation's prefix, if below it; borrowed from `path`. */
const char *rule_short(const struct rule_run *r, const char *path);
/* True if both paths refer to the same file. */
bool rule_same_file(const char *a, const char *b);
/* True if `path` is the folder or lies below it; symbolic links are resolved as far as the path
 * exists. */
bool rule_path_below(const char *path, const char *dir);
/* Reads a text file of up to a megabyte; false if it is missing or too large. */
bool rule_read_text(const char *path, struct buf *out);
/* The path of sysconfig's module of build-time variables, which is named after the platform; NULL
 * if unknown. The caller frees it. */
char *rule_sysconfig_data(const struct python *d);
/* The name of the library that an exported symbol belongs to ("OpenSSL", "zlib"), or NULL. */
const char *rule_third_party(const char *symbol);

/* Tables of rules, one per file; the last entry has no id. */
extern const struct check_rule rules_symbols[], rules_loading[], rules_hardening[], rules_paths[],
	rules_layout[], rules_archive[], rules_build[], rules_start[], rules_macho[], rules_elf[],
	rules_pe[];

/* The GNU C library. */

/* What something says of the C library that it needs. */
struct promise {
	char *by; /* "PYTHON.json", "the tag manylinux_2_17_x86_64" */
	char *glibc;
};
struct promises {
	struct promise *v;
	size_t n;
};

void promises_release(struct promises *p);
/* Each adds what it finds, if anything: in the name of a wheel, in what sysconfig calls the
 * platform, in files of a tree (the folder of an installation, or of an archive that was unpacked).
 */
void promises_of_wheel(const char *file, struct promises *p);
void promises_of_platform(const char *platform, struct promises *p);
void promises_of_tree(const char *dir, struct promises *p);
/* True for "2.17" and "2.2.5". */
bool glibc_is_version(const char *text);

/* Probes.
 *
 * A probe is a script in probes/ (its first lines describe it), run in its own scratch folder. It
 * writes "KEY=VALUE" lines about what it saw; the table of probes has the expected values for each
 * link mode, with the reason. */

#define PROBE_MAX_EXPECTATIONS 6

enum probe_links {
	PROBE_STATIC = 1 << PY_LINK_STATIC,
	PROBE_SHARED = 1 << PY_LINK_SHARED,
	PROBE_DUAL = 1 << PY_LINK_DUAL,
	PROBE_ANY = PROBE_STATIC | PROBE_SHARED | PROBE_DUAL,
};

/* The first that applies is used. */
struct probe_expectation {
	unsigned int links;
	int since, before; /* minor versions of Python 3: since <= minor < before; 0: no limit */
	const char *when;  /* "KEY=PATTERN KEY=PATTERN": only if these match; NULL: always */
	/* "KEY=PATTERN KEY=PATTERN". A pattern is a list of alternatives separated by "|"; "crash"
	 * matches the signals of a crash. */
	const char *seen;
	const char *why;
};

struct probe {
	const char *id;
	const char *test;  /* "T1" … "T10" */
	const char *title; /* what it does */
	/* Words: cc c++ headers shared static module; program:NAME; python:MODULE[:PACKAGE], a
	 * module for the interpreter from a package of PyPI; tool:NAME[:PACKAGE], a program that is
	 * also on PyPI. */
	const char *needs;
	unsigned int seconds;
	struct probe_expectation expect[PROBE_MAX_EXPECTATIONS];
};

extern const struct probe probe_table[];
extern const size_t probe_table_n;

struct probe_seen {
	struct strv keys, values; /* the last value of each key */
	char *skip;               /* why the probe could not be run, or NULL */
	struct strv crashes;
};

/* Parses the output of a script; lines of unknown form are ignored. */
void probe_seen_parse(const char *text, struct probe_seen *seen);
void probe_seen_release(struct probe_seen *seen);
const char *probe_seen_value(const struct probe_seen *seen, const char *key);
/* "a=b, c=d"; the caller frees it. */
char *probe_seen_text(const struct probe_seen *seen);

bool probe_matches(const char *pattern, const char *value);
/* Returns NULL if none applies. */
const struct probe_expectation *probe_expectation_for(
	const struct probe *probe, enum py_link link, int minor, const struct probe_seen *seen);
/* True if everything matches; otherwise `wrong` (may be NULL) receives "KEY is VALUE, not PATTERN"
 * for each mismatch. */
bool probe_holds(
	const struct probe_expectation *e, const struct probe_seen *seen, struct strv *wrong);

/* A Python to probe, and the information that scripts get about it. */
struct probe_target {
	const struct python *dist;
	char *dir;  /* scratch */
	char *site; /* where consumers get installed */
	struct strv env;
	char *module;  /* an extension module in lib-dynload, or NULL */
	char *include; /* the folder of Python.h, or NULL */
	char *cc, *cxx;
};

int probe_target_init(struct probe_target *t, const struct python *dist, const char *scratch,
	const char *name, const char *probes_dir, bool offline, struct err *err);
void probe_target_release(struct probe_target *t);

/* The first requirement of a probe that the machine lacks ("needs cmake"), or NULL. The caller
 * frees it. */
char *probe_missing(const struct probe *probe, const struct probe_target *t);
/* Installs the missing PyPI packages for the chosen probes into t->site. A package that cannot be
 * installed is skipped with a warning: the probe will report it as missing. -1 only on an
 * interrupt. */
int probe_install(const struct probe *const *chosen, size_t n, const struct probe_target *t,
	struct progress *progress, struct err *err);

/* pip, whose own configuration decides where packages come from. */

/* Sets `argv` to the words that start pip for the interpreter: its own, or that of another Python
 * (a NULL-terminated list) working on its behalf. False if none of them has pip. */
bool pip_find(const char *interpreter, const char *const *others, struct strv *argv);
/* Runs pip with these words appended, in the folder `tmp` if not NULL: returns 0, or -1 (ERR_CHILD:
 * pip failed). `output` is set either way. */
int pip_run(const struct strv *pip, const struct strv *words, const char *tmp, size_t max_output,
	unsigned int limit_ms, struct buf *output, struct err *err);

/* The words that have it install into a folder that follows. */
#define PIP_INSTALL                                                                                \
	"-q install --only-binary :all: --progress-bar off --no-compile "                          \
	"--no-warn-script-location --root-user-action=ignore --target"
#define PIP_LIMIT_MS (30 * 60 * 1000)
#define PIP_MAX_OUTPUT ((size_t)4 << 20)
/* The first line of its last error. The caller frees it. */
char *pip_complaint(const struct buf *output);
/* Downloads the wheel of a requirement into an empty folder; `more` options may be NULL. Returns 1
 * with the file; 0: what pip `said`, with err set, or NULL: it brought none; or -1. */
int pip_download(const struct strv *pip, const struct strv *more, const char *requirement,
	const char *dir, const char *tmp, char **file, char **said, struct err *err);

/* Adds the names of well-known libraries that an ELF file is, shows, or has hidden in it, with the
 * version where it can be told: "OpenSSL 3.0.13", "libffi". Each name stands once for each
 * version. */
void bundled_find(const void *data, size_t size, const char *rel, const struct elf_facts *facts,
	struct strv *found);
/* Adds what was found in one file to what others have. */
void bundled_merge(struct strv *into, const struct strv *found);

/* Wheels.
 *
 * Each wheel is handled in its own process, forked from the one that shows progress: whatever
 * happens to it there, the list goes on. The result comes back as a JSON file. */

/* The largest wheels in use unpack to several gigabytes. */
#define WHEEL_MAX_BYTES ((uint64_t)6 << 30)
#define WHEEL_MAX_ENTRIES 200000
/* The largest file of a wheel that is kept in memory while it is read; others are on disk. */
#define WHEEL_MEMORY ((uint64_t)1 << 30)

/* Results with another form number are not reused. */
#define WHEEL_RESULT_FORM "6"

/* One of the two interpreters. */
struct wheel_python {
	const struct python *dist;
	struct elf_facts exe;
	struct elf_facts library; /* the libpython loaded with it; empty if none is */
	char identity[65];        /* digest of everything it consists of */
};

void wheel_python_release(struct wheel_python *p);
int wheel_python_read(const struct python *dist, struct wheel_python *p, struct err *err);

/* Shared by all wheels of a run. */
struct wheels {
	const struct check_wheel_options *options;
	struct wheel_python here;
	struct wheel_python reference;
	bool compared;   /* `reference` is set */
	struct strv pip; /* the words that start pip for the interpreter under test */
	char *downloads, *results, *scratch, *pip_cache; /* folders below state_dir */
	char *data, *runner, *exercises;                 /* data_dir, and in it */
};

/* An entry of the list: a requirement ("numpy", "numpy==2.3.4"), or a file. */
struct wheel_item {
	char *requirement; /* NULL for a file */
	char *name;        /* normalised: lower case, words joined by '-' */
	char *file;
};

struct wheel_list {
	struct wheel_item *v;
	size_t n;
	size_t whole; /* how many there are in all shards together */
};

void wheel_list_release(struct wheel_list *list);
/* Reads the list named by `options->what`. */
int wheel_list_read(
	const struct check_wheel_options *options, struct wheel_list *list, struct err *err);
/* A wheel of the list in a process of its own, which writes WHEEL_ANSWER into its folder. The
 * caller sets `dir`, and frees it. start() makes the folder, drop() and the caller of end() remove
 * it. end() takes what the process wrote (NULL: nothing that is JSON), and how it ended; -1:
 * interrupted, and dropped. */
#define WHEEL_ANSWER "answer.json"
struct wheel_child {
	char *dir;
	int line;
};
struct proc;
struct proc_spec;
int wheel_child_start(struct wheel_child *c, const struct wheel_list *list, size_t at,
	const struct proc_spec *spec, struct progress *progress, struct proc **ret,
	struct err *err);
void wheel_child_drop(const struct wheel_child *c, struct progress *progress);
int wheel_child_end(const struct wheel_child *c, struct proc *proc, struct progress *progress,
	json_t **answer, struct err *how, struct err *err);
/* A name, optionally followed by "==" and a version; nothing that pip could take for an option, a
 * file or a URL. *name_length receives the length of the name. */
bool wheel_is_requirement(const char *line, size_t *name_length);
/* Adds the parts of a file name of the form in PEP 427, of which the last three are the tags of
 * Python, ABI and platform; false for other names. */
bool wheel_name_split(const char *file, struct strv *parts);
/* Where a file of a wheel is installed, relative to site-packages: what is under NAME.data/platlib
 * (or purelib) next to the rest. NULL: elsewhere. Points into `rel`. */
const char *wheel_place(const char *rel);
/* Gets the name (normalised according to PEP 503) and the version; false for other names. */
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
	WHEEL_OFF_PATH, /* a library in the wheel, but not on any search path */
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

/* Everything known about one wheel. wheel.c has the corresponding names in the model. */
struct wheel {
	char *name, *version, *file, *sha256; /* NULL, here and below: unknown */
	int64_t size;                         /* -1, as for the other numbers: unknown */
	json_t *audit;                        /* relevant facts about its files */
	enum wheel_prediction prediction;
	enum wheel_expected expected;
	char *because;
	enum check_verdict verdict;
	int64_t modules, imported, imported_by_reference;
	enum wheel_exercised exercise;
	json_t *failures;  /* [{"what", "here", "reference"}] */
	char *why;         /* why it does not work, or was not checked */
	json_t *own_tests; /* NULL: not asked for */
	int64_t seconds;
	int64_t disk, memory; /* bytes: what was installed, the largest process */
	bool reused;
	enum wheel_outcome outcome;
};

#define WHEEL_INIT                                                                                 \
	{                                                                                          \
		.size = -1, .modules = -1, .imported = -1, .imported_by_reference = -1,            \
		.seconds = -1, .disk = -1, .memory = -1                                            \
	}
void wheel_release(struct wheel *w);
/* Converts to an element of the model, and back: false, with *w empty, if it has no verdict. */
json_t *wheel_json(const struct wheel *w);
bool wheel_from_json(const json_t *json, struct wheel *w);
const char *wheel_prediction_word(enum wheel_prediction prediction);
const char *wheel_expected_word(enum wheel_expected expected);
const char *wheel_outcome_word(enum wheel_outcome outcome);
/* Gives up on the wheel: records that it is not checked, and why. */
__attribute__((format(printf, 2, 3))) void wheel_not_checked(struct wheel *w, const char *fmt, ...);

/* How an interpreter handled a wheel's modules, in order, and finally its exercise. */
struct wheel_trial {
	char *what; /* the module, or "exercise" */
	/* {"ok"}; failures also have "error", "signal", "frame", "libpythons" (those that were
	 * loaded). */
	bool ok;
	json_t *said;
};
struct wheel_trials {
	struct wheel_trial *v;
	size_t n;
};
void wheel_trials_release(struct wheel_trials *trials);
/* Sets verdict, failures and related fields from the trials; `reference` may be NULL. */
void wheel_judge(
	struct wheel *w, const struct wheel_trials *here, const struct wheel_trials *reference);
/* Sets the outcome of the prediction. */
void wheel_weigh(struct wheel *w);
/* Adds the wheel with its outcome to the counts in "summary" of the model. */
void wheel_count(json_t *model, const struct wheel *w);

/* The contents of a wheel, as seen by the interpreter under test. */
enum wheel_file_role {
	WHEEL_EXTENSION, /* a module that this interpreter can import */
	WHEEL_FOREIGN,   /* a module for another interpreter */
	WHEEL_LIBRARY,   /* any other shared object or program */
	WHEEL_N_ROLES,
};

struct wheel_file {
	char *path;   /* as if the wheel lay below WHEEL_ROOT */
	char *rel;    /* in the wheel; points into path */
	char *module; /* dotted, for WHEEL_EXTENSION */
	enum wheel_file_role role;
	struct elf_facts facts;
	struct strv bundled; /* as bundled_find() finds */
};

struct wheel_audit {
	struct wheel_file *v,
		*bad; /* those that can be read, and others: of these little is known */
	size_t n, n_bad;
	size_t counts[WHEEL_N_ROLES];
	struct strv problems; /* of the others */
	struct strv folders;  /* all of the wheel, sorted */
	unsigned int date;    /* of the newest file: 20250525; 0: unknown */
};

/* Nothing of a wheel is on disk when it is audited. Paths of its files are as if it lay here. */
#define WHEEL_ROOT "/proc/wheel"

void wheel_audit_release(struct wheel_audit *audit);
/* Reads every ELF file of a wheel; `scratch` is a folder for very large ones. */
int wheel_audit_read(
	const char *wheel, const char *scratch, struct wheel_audit *audit, struct err *err);
/* What the date of a wheel with files that need libpython says of how it was made, to be put behind
 * a sentence; "" for none. The caller frees it. */
char *wheel_libpython_age(unsigned int date);
/* True for a path below WHEEL_ROOT, even if it leads out again. */
bool wheel_owns(const char *path);
/* The file of the wheel at such a path, or NULL; `missing` (may be NULL) receives the first folder
 * or file on the way there that is not in the wheel, relative to WHEEL_ROOT, or NULL: all are, or
 * the path leads out. The caller frees it. */
const struct wheel_file *wheel_at(
	const struct wheel_audit *audit, const char *path, char **missing);
/* Sets the files' roles for an interpreter, and how many have each. */
void wheel_audit_roles(const struct wheel_python *here, struct wheel_audit *audit);
/* Sets the roles, and of the wheel audit, prediction, expected and because. */
int wheel_predict(const struct wheel_python *here, struct wheel_audit *audit, struct wheel *w,
	struct err *err);

/* Work on one wheel, in its own folder. */
struct wheel_work {
	const struct wheels *all;
	const struct wheel_item *item;
	char *dir;      /* scratch, removed by the caller */
	char *exercise; /* a file in `dir`, or NULL */
	struct wheel *wheel;
};

/* Handles one wheel from start to end: obtains, unpacks, audits, predicts, installs and tries it.
 * Problems of the wheel go into its verdict; -1 is for an interrupt. */
int wheel_check(struct wheel_work *work, struct err *err);
/* Writes the exercise of a wheel into a file of its own, from the table `exercises`: sections that
 * begin with "[NAME]". Sets *ret to NULL if there is none. The caller frees it. */
int wheel_exercise(
	const char *exercises, const char *name, const char *dir, char **ret, struct err *err);

/* What the run takes on disk, in bytes, after the oldest files of pip's cache have gone if that is
 * more than the budget. */
uint64_t wheel_disk_hold(const struct wheels *all);
uint64_t wheel_disk_of(const char *dir);

/* A digest of both interpreters, which results are for. */
void wheel_pair(const struct wheels *all, char hex[65]);
/* Appends to the model the wheels of the files, results of all shards of one list for this pair of
 * interpreters, in the order of the list. */
int wheel_merge(const struct strv *files, const char *pair, json_t *model, struct err *err);

/* One run of wheels/run.py or wheels/tests.py. */
struct wheel_attempt {
	struct buf output; /* stdout and stderr */
	struct buf result;
	bool died;   /* exit status was not 0 */
	bool late;   /* because it took longer than it may, by the clock or on the processor */
	char *ended; /* how, in words */
};
void wheel_attempt_release(struct wheel_attempt *a);
/* Runs once. A failing child is not an error; `a` records it. */
int wheel_run(const struct wheel_work *work, const struct wheel_python *python, const char *kind,
	char *const *names, size_t n, struct wheel_attempt *a, struct err *err);
/* Runs the tests of the package's source distribution with both interpreters, after the wheel was
 * installed: sets own_tests, and the verdict if they differ. Returns 1, 0 if there are none to
 * run, or -1. */
int wheel_own_tests(struct wheel_work *work, struct err *err);

/* Tries the modules and the exercise with one interpreter. */
int wheel_try(const struct wheel_work *work, const struct wheel_python *python,
	const struct strv *modules, struct wheel_trials *trials, struct err *err);

/* The folder of the shared counterpart of a static build by solder, if it is next to it (a sibling
 * of the prefix with the same version, compiler, optimisation and triple); otherwise NULL. The
 * caller frees it. */
char *wheel_find_counterpart(const struct python *dist);

#endif
