/* One CPython: its options, sources, compiler, the steps that build it, and the finished tree's
 * description.
 *
 * - A request says what to build: from the command line, or from an existing tree
 *   (cpython_record_read()).
 * - cpython_open() settles what the request leaves open (compiler, versions, kind of LTO) and
 *   plans.
 * - cpython_make() downloads, runs the steps that are not cached, and assembles the tree.
 *
 * cpython_look() and cpython_build() combine two of these.
 */
#ifndef SOLDER_CPYTHON_H
#define SOLDER_CPYTHON_H

#include <jansson.h>

#include "fetch/fetch.h"
#include "plan/plan.h"
#include "recipe/recipe.h"
#include "share/share.h"

/* ---- options --------------------------------------------------------------------------------- */

/* Declares each build option once. These rows generate the fields, defaults, command line, help,
 * build.json, keys and the environment of steps. Columns:
 *
 *   field, name, variable in recipes (none: it decides what is planned), kind on the command line
 *   (CHOICE, or STRING for an integer), choices, further choices for the command line alone,
 *   settled by cpython_open(), default, true if a change needs a compile (else a link), true if in
 *   keys even when default, help
 *
 * First what is built; then how functions and variables are accessed, as told to the compiler and
 * to the linker (of libpython.so, too), and what code is made of them. The default is the first
 * choice. */
#define CPYTHON_OPTIONS_OF_WHAT(X)                                                                 \
	X(link, "link", "LINK", CHOICE, "static|shared|dual", "", "static", false, true,           \
		"link libpython into the interpreter, or shared, or make one file that is both")   \
	X(lto, "lto", "LTO", CHOICE, "none|thin|full", "|best", "none", true, true,                \
		"optimise at link time; best: thin with clang, full with gcc")                     \
	X(bolt, "bolt", "BOLT", CHOICE, "no|yes", "|auto", "no", false, false,                     \
		"lay out the linked code anew by a profile (BOLT); auto: with clang and PGO")      \
	X(freethreaded, "freethreaded", "FREETHREADED", CHOICE, "no|yes", "", "no", true, false,   \
		"let threads run Python at the same time (--disable-gil), from CPython 3.13")      \
	X(debug, "debug", "PYDEBUG", CHOICE, "no|yes", "", "no", true, false,                      \
		"with assertions and checks (--with-pydebug), and without optimisation")           \
	X(jit, "jit", "JIT", CHOICE, "no|yes|yes-off", "", "no", true, false,                      \
		"with the experimental JIT; yes-off: PYTHON_JIT=1 turns it on (from 3.13)")        \
	X(tail_call, "tail-call", "TAIL_CALL", CHOICE, "no|yes", "|auto", "no", true, false,       \
		"interpret by tail calls, from 3.14 with clang; auto: where that can be built")    \
	X(zlib, "zlib", "ZLIB", CHOICE, "ng|classic", "", "ng", true, false,                       \
		"link zlib-ng, or zlib: slower, but packs to the bytes known from elsewhere")      \
	X(tk, "tk", "TK", CHOICE, "no|yes", "", "no", true, false,                                 \
		"with tkinter: Tcl and Tk 9 as libraries beside libpython (from 3.13)")            \
	X(glibc, "glibc", "", CHOICE, "2.17|2.26|2.27|2.28|2.31|2.34|2.35|2.36|native", "",        \
		"2.17", true, false,                                                               \
		"what is built runs with this C library and newer ones, or with this machine's")   \
	X(embed, "embed", "", CHOICE, "search|here", "", "search", false, false,                   \
		"programs linked with libpython.so look for it by name, or find it here alone")    \
	X(cross, "cross", "", CHOICE, "no|yes", "", "no", true, false,                             \
		"yes: build for this machine as for another, of which nothing can be run")
#define CPYTHON_OPTIONS_OF_HOW(X)                                                                  \
	X(tls, "tls", "TLS", CHOICE, "initial-exec|global-dynamic|desc", "", "initial-exec", true, \
		true, "set the TLS model of libpython.so")                                         \
	X(pie, "pie", "PIE", CHOICE, "yes|no", "", "yes", false, true,                             \
		"link a position-independent interpreter")                                         \
	X(soname, "soname", "SONAME", CHOICE, "yes|no", "", "yes", false, false,                   \
		"a static interpreter answers to libpython's name, so that nothing loads another") \
	X(interposition, "interposition", "INTERPOSITION", CHOICE, "no|yes", "", "no", true,       \
		false,                                                                             \
		"no: calls to exported functions may be inlined (-fno-semantic-interposition)")    \
	X(plt, "plt", "PLT", CHOICE, "yes|no", "", "yes", true, false,                             \
		"no: calls go through the GOT (-fno-plt)")                                         \
	X(visibility, "visibility", "VISIBILITY", CHOICE, "hidden|default", "", "hidden", true,    \
		false, "set the visibility of symbols that CPython does not export")               \
	X(symbolic, "symbolic", "SYMBOLIC", CHOICE, "yes|no", "", "yes", false, false,             \
		"libpython.so calls its own functions directly (-Bsymbolic-functions)")            \
	X(bind, "bind", "BIND", CHOICE, "now|lazy", "", "now", false, false,                       \
		"look up functions of other files at start, or when called")                       \
	X(shuffle, "shuffle", "SHUFFLE", STRING, "N", "", "0", false, false,                       \
		"link libpython's objects in another order (0: their own)")                        \
	X(startup, "startup", "STARTUP", CHOICE, "fast|plain", "", "fast", true, false,            \
		"fast: with patches that only make starts faster; plain: as CPython is")           \
	X(malloc, "malloc", "MALLOC", CHOICE, "pymalloc|mimalloc", "", "pymalloc", true, false,    \
		"allocate objects with one of CPython's allocators; PYTHONMALLOC chooses, too")    \
	X(arenas, "arenas", "ARENAS", CHOICE, "small|huge", "", "small", true, false,              \
		"let pymalloc's arenas after the first sixteen be huge pages, or none")            \
	X(modules, "modules", "MODULES", CHOICE, "seam|static|shared", "", "seam", true, false,    \
		"build into libpython the modules that need no library (seam), all, or none")      \
	X(protector, "protector", "PROTECTOR", CHOICE, "weak|none|strong", "", "weak", true,       \
		false,                                                                             \
		"guard the stack in functions with arrays of characters (-fstack-protector), in "  \
		"none, or in all with arrays or addresses of locals")                              \
	X(clash, "clash", "CLASH", CHOICE, "yes|no", "", "yes", true, false,                       \
		"touch each page of a growing stack (-fstack-clash-protection)")                   \
	X(fortify, "fortify", "FORTIFY", CHOICE, "2|0|3", "", "2", true, false,                    \
		"check the sizes of buffers in calls of the C library (_FORTIFY_SOURCE)")          \
	X(cet, "cet", "CET", CHOICE, "no|yes", "", "no", true, false,                              \
		"mark the targets of jumps (-fcf-protection, -mbranch-protection)")                \
	X(frame_pointers, "frame-pointers", "FRAME_POINTERS", CHOICE, "yes|no|leaf", "", "yes",    \
		true, false, "keep them for profilers, also in functions that call none (leaf)")   \
	X(optimize, "optimize", "OPTIMIZE", CHOICE, "3|2", "", "3", true, false,                   \
		"optimise CPython at this level, when linking with clang, too")                    \
	X(march, "march", "MARCH", CHOICE, "baseline|v2|v3|v4", "", "baseline", true, false,       \
		"compile CPython for this level of x86-64 processors")                             \
	X(tail_dup, "tail-dup", "TAIL_DUP", STRING, "N", "", "0", true, false,                     \
		"let clang copy a jump into up to N places that lead to it (0: its own limit)")    \
	X(icf, "icf", "ICF", CHOICE, "no|safe", "", "no", false, false,                            \
		"let lld fold functions with the same code, if nobody compares their addresses")   \
	X(relr, "relr", "RELR", CHOICE, "no|yes", "", "no", false, false,                          \
		"pack relative relocations; what is linked so needs glibc 2.36")                   \
	X(huge_text, "huge-text", "HUGE_TEXT", CHOICE, "no|yes", "", "no", false, false,           \
		"align code to 2 MiB, for kernels that cache files in large folios")               \
	X(partition, "partition", "PARTITION", CHOICE, "balanced|none", "", "balanced", false,     \
		false, "let gcc's LTO optimise in parts, in parallel, or all at once")

/* NULL: nobody has said; cpython_open() settles it. */
struct cpython_options {
#define CPYTHON_OPTION_FIELD(field, ...) const char *field;
	CPYTHON_OPTIONS_OF_WHAT(CPYTHON_OPTION_FIELD)
	CPYTHON_OPTIONS_OF_HOW(CPYTHON_OPTION_FIELD)
#undef CPYTHON_OPTION_FIELD
	/* "none", "locked" (the recipe's own), "train", or the path of a finished one */
	const char *profile;
	const char *train; /* "pgo", "extended", "own", "both", or the path of a script */
	/* For BOLT: "train", or the path of a finished one; NULL: the recipe's, or else a new one
	 */
	const char *bolt_profile;
};

struct cpython_option {
	const char *name, *variable;
	size_t offset;       /* of the value in struct cpython_options */
	const char *choices; /* "a|b|c", or "N" for an integer */
	const char *also;    /* "|best": further choices of requests */
	const char *standard;
	bool compiles, always;
};
extern const struct cpython_option cpython_option_table[];
extern const size_t cpython_n_options;

void cpython_defaults(struct cpython_options *options); /* with the locked profile */

const struct cpython_option *cpython_find_option(const char *name);
/* The i-th choice, valid for the life of the process; NULL past the last. */
const char *cpython_option_choice(const struct cpython_option *option, size_t i);
/* True if the value is allowed. */
bool cpython_option_takes(const struct cpython_option *option, const char *value);
const char *cpython_option_get(const struct cpython_options *o, const struct cpython_option *which);
void cpython_option_set(
	struct cpython_options *o, const struct cpython_option *which, const char *value);
/* True (1) or false (0) of settled options: "zlib=ng", a name and its value, or "glibc!=native";
 * -1: there is no such option, or no such value. */
int cpython_option_says(const struct cpython_options *o, const char *condition);
bool cpython_option_is_default(const struct cpython_options *o, const struct cpython_option *which);

/* Sets give several options under one name. Who speaks first counts: single options are said
 * before the sets that fill in the rest, and the defaults come last. */
struct cpython_setting {
	const char *option, *value; /* "bind", "now" */
};
/* Sets what nobody has said. */
void cpython_fill(
	struct cpython_options *o, const struct cpython_setting *settings, size_t n_settings);
void cpython_fill_defaults(struct cpython_options *o);
#define CPYTHON_HARDENING "standard|none|full"
void cpython_fill_hardening(struct cpython_options *o, const char *hardening);
/* The hardening that settled options amount to; NULL: none of those that have a name. */
const char *cpython_hardening_of(const struct cpython_options *o);

/* ---- builds ---------------------------------------------------------------------------------- */

/* A build request. All strings are borrowed. */
struct cpython_request {
	struct cpython_options options;
	const char *hardening, *like; /* for options that nobody has said; may be NULL */
	const char *version;          /* "3.13", "3.13.5"; NULL: the default series */
	const char *target;           /* "aarch64-unknown-linux-gnu"; NULL: this machine */
	const char *cc;               /* see toolchain_find() */
	const char *output;           /* NULL: dist/cpython-VERSION-... */
	const char *sources;          /* source set: "auto", "upstream" or "debian" */
	const char *source; /* the user's own CPython, folder or tarball; NULL: a locked one */
	const char *mirror, *cache, *recipes; /* NULL: the defaults */
	const char *sandbox;                  /* "auto", "bwrap" or "none" */
	struct share_options share;           /* a remote cache */
	unsigned int jobs;
	const char *launcher;   /* see struct plan_options */
	const char *executor;   /* see struct plan_elsewhere; NULL: every step is made here */
	unsigned int farm_jobs; /* see struct plan_options */
	bool offline, quiet, keep_work;
	struct progress *progress; /* NULL: the build's own */
};
/* Sets the defaults of solder build, but for the options, which are left unsaid. */
void cpython_request_defaults(struct cpython_request *request);

/* A recipe with the source that it is built from. */
struct chosen {
	struct recipe *recipe;
	const struct lock_entry *lock; /* NULL if the user supplied the source */
	const char *version;
	const char *source;     /* the user's own source, or NULL */
	char source_digest[65]; /* for the user's own source */
};

struct sources {
	struct lock *lock;
	char *reason;          /* why this set was chosen */
	struct chosen *chosen; /* dependencies first, CPython last */
	size_t n;
	char *version; /* for the user's own source */
};

/* A profile that a build uses: for PGO, or for BOLT. */
struct chosen_profile {
	bool train;
	char *source;     /* folder, archive or .profdata; NULL: trained, or none */
	char digest[65];  /* for keys: of the folder's content, or of the file */
	char *words;      /* for people: which one it is, or why there is none */
	const char *hint; /* what to do about that; may be NULL */
};

struct cpython_plan {
	struct plan plan;
	struct step *sysroot; /* NULL without a floor, and without musl */
	struct step *native;  /* the interpreter that builds for another machine, or NULL */
	const char *floor;    /* of glibc: "2.17", or NULL */
	bool here;            /* --embed */
	bool dual;            /* --link */
	struct step *profile, *compile, *tree, *link; /* profile may be NULL */
	struct step *bolt_profile, *bolt;             /* NULL without BOLT */
	struct step *last;                            /* has the interpreter: the link, or BOLT */
	char series[16];                              /* "3.13" */
	const char *abiflags;                         /* "", "t", "d", "td" */
};

/* A build whose request has been settled. */
struct cpython_build {
	struct cpython_request request; /* options settled, LTO kind resolved */
	bool glibc_said;                /* not the default */
	struct preset *preset;          /* or NULL */
	const struct target *target;    /* what the request names, or NULL */
	char *recipes, *output;         /* absolute */
	struct progress *progress;
	struct cache *cache;
	struct fetcher *fetcher;
	struct sources sources;
	struct toolchain *plain, *full; /* for the packages; for CPython */
	struct toolchain *native;       /* for what a crossed build runs; else NULL */
	struct chosen_profile profile, bolt_profile;
	enum sandbox sandbox;
	const char *sandbox_reason;
	struct cpython_plan plan;
	struct share *share; /* NULL without a remote cache */
	struct plan_elsewhere elsewhere;
};

int cpython_open(
	const struct cpython_request *request, struct cpython_build **ret, struct err *err);
int cpython_make(struct cpython_build *b, struct plan_result *result, struct err *err);
void cpython_close(struct cpython_build *b);
/* Packs the profile (PGO, or that for BOLT) of a finished build that has one for later builds, and
 * writes beside it, into FILE.yaml, what the index of locked profiles says of it. */
int cpython_save_profile(
	const struct cpython_build *b, bool of_bolt, const char *file, struct err *err);
void cleanup_cpython_build(struct cpython_build **b);
#define CLEANUP_CPYTHON_BUILD CLEANUP(cleanup_cpython_build)

/* For a worker (farm/farm.h): fails if this machine is not like the one that asks for a step.
 * `reason` is what sandbox_choose() said. */
int cpython_check_system(const char *compiler, const char *expected, enum sandbox sandbox,
	const char *reason, struct err *err);

/* Prints the plan as text, or returns it as JSON ("solder build -n"), with the graph of the steps.
 * An output that would be refused is an error. */
int cpython_outlook_print(const struct cpython_build *b, FILE *out, struct err *err);
int cpython_outlook_json(struct cpython_build *b, json_t **ret, struct err *err);

/* The work that a build would have to do. */
struct cpython_outlook {
	size_t steps;      /* not cached */
	bool compiles;     /* CPython itself is among them */
	uint64_t estimate; /* ns; 0: nothing to do, or unknown */
};
int cpython_look(
	const struct cpython_request *request, struct cpython_outlook *ret, struct err *err);
int cpython_build(const struct cpython_request *request, struct err *err);

/* ---- many builds ----------------------------------------------------------------------------- */

/* One build of a matrix. */
struct cpython_row {
	const struct matrix_row *of;
	struct cpython_request request;
	struct cpython_build *build; /* NULL: its request cannot be settled */
	char *output;
	char *failure;              /* why there is no tree; NULL: there is one, or not yet */
	bool up_to_date;            /* it was there before */
	size_t ran, shared, reused; /* steps: of its own, of another row, from the cache */
	uint64_t took;              /* ns, of those of its own */
};

/* Builds that are planned as one: what they share is made once, and what is ready runs side by
 * side. */
struct cpython_matrix {
	struct matrix *of;
	struct progress *progress;
	struct cpython_row *rows;
	size_t n, failed;
	struct plan plan; /* of all rows */
};

/* Reads the rows of a file. `base` says what they have in common: its options apply to all rows,
 * and none may be set by a row, too; its output (NULL: dist) is the folder for theirs. */
int cpython_matrix_load(const struct cpython_request *base, const char *file,
	struct cpython_matrix **ret, struct err *err);
/* The rows as a matrix of a CI:
 * {"include": [{"name", "version", "options", "target", "output", "args"}]}, where "args" are those
 * of 'solder build' for the row, quoted for a shell. What rows have in common is in them as
 * `common` says it, or (NULL) as options of the row's request. */
json_t *cpython_matrix_list(const struct cpython_matrix *m, const struct strv *common);

/* What a list of jobs is for. */
#define CPYTHON_JOBS "github|gitlab|slurm|parallel"
/* Adds the lines of a list of jobs, one job for each row, in one of these formats:
 *
 *	github    the line that fromJSON() makes a matrix of, as cpython_matrix_list() has it
 *	gitlab    the YAML of a child pipeline
 *	slurm     a script for sbatch, an array with a task for each row
 *	parallel  a command in each line, for GNU parallel or xargs
 *
 * A job runs 'solder build' and makes the row's output. `common`, options of 'solder build',
 * are in each. Words are quoted for the shell that reads them; one with control characters, or
 * others that change how a line reads, is an error, as are more rows than GitHub takes. */
int cpython_matrix_jobs(const struct cpython_matrix *m, const char *format,
	const struct strv *common, struct strv *lines, struct err *err);
/* Settles and plans all rows. With `keep_going`, one that cannot be built fails for itself. */
int cpython_matrix_open(struct cpython_matrix *m, bool keep_going, struct err *err);
/* Downloads, runs the steps, and assembles the trees. */
int cpython_matrix_make(
	struct cpython_matrix *m, bool keep_going, struct plan_result *result, struct err *err);
/* What would be done: {"rows": [{"row", "failure" or what cpython_outlook_json() says}]}. */
int cpython_matrix_outlook_json(const struct cpython_matrix *m, json_t **ret, struct err *err);
/* What was done: {"rows": [{"row", "result", "python", …}]}. */
json_t *cpython_matrix_json(const struct cpython_matrix *m);
void cpython_matrix_free(struct cpython_matrix *m);
void cleanup_cpython_matrix(struct cpython_matrix **m);

/* Downloads everything a build needs, first importing what the folder `from` (may be NULL) has:
 * {"set", "sources": [{"package", "version", "sha256", "path"}]}. */
int cpython_fetch(
	const struct cpython_request *request, const char *from, json_t **ret, struct err *err);
/* Adds the locked versions of CPython, newest first, or of the other packages: {"package",
 * "version", "set", "downloaded", "source"}. */
int cpython_list_locked(
	const char *recipes, const char *cache, bool cpython, json_t *rows, struct err *err);
/* Adds what --target takes: {"target", "gcc", "clang", "runs"}; of each the compiler, or what is
 * missing, and whether its trees can be run here. */
void cpython_list_targets(json_t *rows);
/* Adds the presets: {"preset", "like", "options", "differs", "sources"}. */
int cpython_list_presets(const char *recipes, json_t *rows, struct err *err);

/* ---- finished trees -------------------------------------------------------------------------- */

/* How a tree was built, and so how to rebuild it. */
struct cpython_record {
	json_t *all;                    /* share/solder/build.json */
	struct cpython_request request; /* no output set; borrows from the record */
	const char *compiler, *triple;
	char *profile, *bolt_profile; /* where they are; NULL: without */
};

/* Fails with ERR_UNSUPPORTED if solder did not build the tree or its inputs are unavailable: the
 * profile is neither locked nor in the cache any more (NULL: the default one), or the source was
 * the user's own and `source` (may be NULL) does not name it. */
int cpython_record_read(const char *tree, const char *cache, const char *source,
	struct cpython_record *ret, struct err *err);
void cpython_record_release(struct cpython_record *record);
#define CLEANUP_CPYTHON_RECORD CLEANUP(cpython_record_release)
/* Fails unless the compiler named in the record is unchanged. */
int cpython_record_check_compiler(const struct cpython_record *record, struct err *err);

/* Compares a tree with its record, share/solder/files. 0: equal; 1: different, and *why (the caller
 * frees it) names the first difference; 2: no record, as in trees from an older solder or an
 * archive; -1: error. Ignores what Python and pip change themselves: bytecode, site-packages and
 * pip's programs. */
int cpython_check_tree(const char *dir, char **why, struct err *err);

/* Tells what programs are linked with where the tree lies, if it was built with --embed here;
 * otherwise changes nothing. */
int cpython_place(const char *tree, struct err *err);

/* Finds the compile that produced the libpython.so at `library`, by content, or by what the tree's
 * build.json says of it if that library was linked anew; the most recently used if there are
 * several. 1: found, with its folder of objects and the root it was built in, which
 * the caller frees; 0: not in the cache. All of it is read: an error if it is damaged. */
int cpython_find_compile(const struct cache *c, const char *library, const json_t *manifest,
	char **objects, char **root, struct err *err);

/* Finds the downloaded CPython source of a tree with this build.json. 1: found, with its path,
 * which the caller frees; 0: not in the cache. */
int cpython_find_source(
	const struct cache *c, const json_t *manifest, char **path, struct err *err);

#endif
