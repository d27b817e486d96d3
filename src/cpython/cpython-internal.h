/* Private to the cpython room. */
#ifndef SOLDER_CPYTHON_INTERNAL_H
#define SOLDER_CPYTHON_INTERNAL_H

#include "cpython/cpython.h"

/* ---- build.c --------------------------------------------------------------------------------- */

/* The parts of cpython_make() around running the steps. */
/* What the build is made of, in one line; the caller frees it. */
char *build_words(const struct cpython_build *b);
/* Warns about folders that other users could replace (a cache owned by others is refused earlier),
 * and about damaged cache entries. */
void build_doubts(const struct cpython_build *b);
/* Takes steps from the remote cache, and gives it those that are finished, also after one that
 * failed: the others are good. Without one, the first only names the steps. */
int build_take(struct cpython_build *b, struct err *err);
int build_give(struct cpython_build *b, struct err *err);
/* How the steps are run. */
struct plan_options build_plan_options(const struct cpython_build *b);
/* Downloads what the steps need that must run. */
int build_fetch(struct cpython_build *b, struct err *err);
/* Assembles the tree. 1: it was there. */
int build_finish(struct cpython_build *b, struct err *err);

/* ---- target.c -------------------------------------------------------------------------------- */

struct target {
	const char *name;    /* "aarch64-unknown-linux-gnu" */
	const char *triple;  /* "aarch64-linux-gnu" */
	const char *march;   /* its level of x86-64; NULL: none */
	const char *package; /* Debian's word for it: "arm64" */
	uint16_t machine;    /* in ELF files */
};

/* NULL if there is none of this name. */
const struct target *target_find(const char *name, struct err *err);
/* True if what is built does not run here by itself, or is built as if it did not. */
bool target_is_crossed(const struct target *t, const struct cpython_options *o);
/* "glibc" or "musl"; of NULL: that of this machine. */
const char *target_libc(const struct target *t);
/* For the same machine with glibc; NULL unless the target is for musl. */
const struct target *target_twin(const struct target *t);
/* Finds the request's target, and fills in the options that it stands for. */
int target_settle(struct cpython_build *b, struct err *err);
/* The Debian packages that a crossed build needs, as words; the caller frees them. */
char *target_packages(const struct target *t, bool clang, unsigned int release);

/* ---- cross.c --------------------------------------------------------------------------------- */

/* Fails if an option needs to run what is built. Finds the compiler of what is run instead. */
int cross_settle(struct cpython_build *b, struct err *err);
/* Tells scripts of what is made for another machine which one it is, and which is this one. */
void cross_env(const struct cpython_build *b, struct step *s);
/* Plans the interpreter of the same source that does what the built one would do. */
int cross_plan(struct cpython_build *b, struct err *err);
/* Lets a step use it, with the recipe's files for that. */
int cross_use(const struct cpython_build *b, struct step *s, struct err *err);
/* What the names of steps begin with that are made for this machine alone, and not shipped. */
#define CROSS_TOOL "native-"
bool cross_is_tool(const struct step *s);

/* ---- toolchain.c ----------------------------------------------------------------------------- */

enum cc_family { CC_GCC, CC_CLANG };

struct toolchain {
	enum cc_family family;
	unsigned int major; /* the compiler's release */
	char *release;      /* what a profile must be of: "12.2.0" of gcc, "22" of clang */
	char *cc, *cxx;     /* absolute paths */
	/* What clang is told to make code for another machine, with a blank in front; or NULL. */
	char *cross_flags;
	char *ar, *ranlib, *nm, *strip, *objcopy;
	char *profdata;                    /* only for clang that trains; else NULL */
	char *lld;                         /* only for clang with LTO; else NULL */
	char *bolt, *fdata, *llvm_objcopy; /* only with BOLT; else NULL */
	char *version;                     /* the first line of --version */
	char *linker;        /* the same for lld, or for the ld that the compiler runs */
	char *triple;        /* "x86_64-linux-gnu", without the vendor */
	char *identity;      /* digest of the paths, versions and contents of compiler and tools */
	char *bolt_identity; /* release and digests of BOLT's programs; NULL without */
	char *passed;        /* for "best": newer compilers that are unusable, and why; or NULL */
};

struct toolchain_needs {
	bool lto, training, bolt;
	const struct target *target; /* another machine; NULL: this one */
};

/* Finds the toolchain for `name`: a program ("gcc", "clang-19") or a path. "best" is the newest
 * complete clang, release 19 or later, else gcc; NULL is gcc, else clang, else cc. */
int toolchain_find(const char *name, const struct toolchain_needs *needs, struct toolchain **ret,
	struct err *err);
/* The newest complete clang, if there is one; else *release is that of the newest that is not. */
bool toolchain_find_clang(
	const struct toolchain_needs *needs, struct toolchain **ret, unsigned int *release);
/* True if the compiler accepts these flags, which may be several. */
bool toolchain_takes(const struct toolchain *t, const char *flags);
void toolchain_free(struct toolchain *t);
void cleanup_toolchain(struct toolchain **t);

const char *toolchain_family(const struct toolchain *t); /* "gcc", "clang" */
/* Adds the variables for scripts: CC, CXX, AR, …, CC_FAMILY and TRIPLE. */
void toolchain_env(const struct toolchain *t, struct strv *env);
/* Adds those for steps that run BOLT: LLVM_BOLT, MERGE_FDATA, LLVM_OBJCOPY. */
void toolchain_bolt_env(const struct toolchain *t, struct strv *env);
/* Adds pairs of a value of those variables and its replacement in installed files: "cc", "ar". */
void toolchain_names(const struct toolchain *t, struct strv *pairs);

/* Adds the compiler's own words to a command. */
void toolchain_command(const struct toolchain *t, struct strv *argv);

/* ---- system.c -------------------------------------------------------------------------------- */

/* What a step sees of the machine besides the tools that are in its key: lines with the digests of
 * the C library's and the kernel's headers, of what the compiler links by itself, of the assembler;
 * and whether there is a sandbox. The caller frees them. */
int system_identify(const struct toolchain *t, enum sandbox sandbox, char **ret, struct err *err);

/* ---- launcher.c ------------------------------------------------------------------------------ */

/* Fails if there is a launcher and no sandbox, or if what it makes is not what the compiler makes
 * here: on each of the servers in DISTCC_HOSTS for distcc, which else compiles here in silence. */
int launcher_check(const struct cpython_build *b, struct err *err);

/* ---- sources.c ------------------------------------------------------------------------------- */

/* Chooses the set, and a version of CPython and of every package that it needs. */
int sources_choose(struct cpython_build *b, struct err *err);
void sources_release(struct sources *s);
/* True if the source is downloaded; it is verified before use. */
bool sources_has(const struct cache *cache, const struct lock_entry *e);
/* Imports every source locked by any set from a folder, so that it counts as downloaded. A file
 * with a locked name but other content is an error, and so is a folder without any. */
int sources_import(const struct cpython_build *b, const char *dir, struct err *err);
/* Reads a file of the user's own CPython, a folder or an archive. 1: done; 0: there is none that
 * can be read; -1: the archive cannot be. */
int source_file(
	const char *source, const char *name, size_t max, struct buf *text, struct err *err);
/* Downloads a source unless already there; the caller frees *path. */
int sources_fetch(struct fetcher *f, const struct lock_entry *e, char **path, struct err *err);

/* ---- features.c ------------------------------------------------------------------------------ */

/* What the user's own CPython (a folder or an archive) has of what only some releases have, and
 * what it lacks, for people; the caller frees it. */
char *source_features(const char *source);

/* ---- hardening.c ----------------------------------------------------------------------------- */

/* True for the options that have a value in each kind of hardening. */
bool cpython_is_hardening(const struct cpython_option *option);
/* Flags for the compiler, of CPython and of its libraries alike. */
char *cpython_code_flags(const struct cpython_options *o, const struct toolchain *t);

/* ---- preset.c -------------------------------------------------------------------------------- */

/* What files of options may name besides the rows of the table. */
struct request_option {
	const char *name;
	size_t offset; /* of the value in struct cpython_request */
	bool in_presets;
};
#define N_REQUEST_OPTIONS 6
extern const struct request_option request_options[N_REQUEST_OPTIONS];
/* The place in a request of one of these, or of a row of the table; NULL: there is no such option.
 */
const char **request_place(struct cpython_request *q, const char *name);
/* Says what else the option takes, `also` behind its choices. Returns -1. */
int option_refuses(
	const struct cpython_option *option, const char *value, const char *also, struct err *err);
/* Settles what the request leaves unsaid. */
int cpython_settle_options(struct cpython_build *b, struct err *err);

/* ---- abi.c ----------------------------------------------------------------------------------- */

/* "", "t", "d" or "td": what the names of files have behind the series. */
const char *cpython_abiflags(const struct cpython_options *o);
/* Sets what nobody has said, and what goes with a free-threaded build alone. */
void cpython_fill_abi(struct cpython_options *o);
/* Fails if free-threaded, debug or JIT contradict other options, all of which are settled. */
int cpython_check_abi(const struct cpython_options *o, struct err *err);
/* Fails if this version cannot be built so, or not with this compiler or without LLVM for its JIT.
 * Settles --tail-call auto. */
int cpython_check_version(struct cpython_options *o, const struct chosen *c,
	const struct toolchain *t, struct err *err);
/* Tells the step's script what configure and Modules/Setup of this version need besides. */
void cpython_tell_differences(struct step *s, const struct chosen *c);
/* Adds to the compile what makes the JIT. */
int cpython_add_jit(struct step *s, const struct chosen *c, struct err *err);

/* ---- fit.c ----------------------------------------------------------------------------------- */

/* Fails if this machine, which `runs` what is built or does not, or this toolchain cannot do what
 * the options ask for. */
int cpython_check_fit(
	const struct cpython_options *o, const struct toolchain *t, bool runs, struct err *err);
/* The level of x86-64 that this processor has, as a digit. */
char cpython_level_here(void);
/* Fails if an option that is not at its default needs a patch that is not for the chosen version.
 */
int cpython_check_patches(const struct chosen *c, const struct cpython_options *o, struct err *err);
/* A patch is of some versions, and perhaps of an option. */
bool cpython_patch_applies(
	const struct chosen *c, const struct recipe_patch *p, const struct cpython_options *o);
/* How many patches apply, which, and which options have none here. The caller frees it. */
char *cpython_patch_words(const struct chosen *c, const struct cpython_options *o);

/* ---- profile.c ------------------------------------------------------------------------------- */

/* Chooses the profile that the request asks for; the compiler and the sources are known. */
int profile_choose(struct cpython_build *b, struct err *err);
void profile_release(struct chosen_profile *p);
/* A profile of clang that is a file; others are folders and archives of folders. */
#define PROFILE_FILE "code.profclangd"
bool profile_is_file(const char *path);
/* Adds to a step what its run trains with. */
int profile_add_training(const struct cpython_build *b, struct step *s, struct err *err);
/* Finds a profile by its content: locked, or in the folder `below` of what a step of this name left
 * in the cache. NULL: neither; the caller frees it. */
char *profile_find(const char *recipes, const struct cache *cache, const char *step,
	const char *below, const char *digest, struct err *err);
/* Finds the locked profile of this kind ("pgo", "bolt"). p->source is NULL if there is none, and
 * p->words says which there is, or for what there is none. */
int profile_locked(
	const struct cpython_build *b, const char *kind, struct chosen_profile *p, struct err *err);
/* Takes the profile at `given`: a file, or a folder, which is known by its content. */
int profile_given(const struct cpython_build *b, const char *given, struct chosen_profile *p,
	struct err *err);
/* What a finished compile found: how many of the functions in a part of the source the profile
 * knows, and whether it was used. *words is for people; the caller frees it. */
int profile_fit(const struct cpython_build *b, bool *used, char **words, struct err *err);

/* ---- steps.c --------------------------------------------------------------------------------- */

/* CPython among the sources. */
const struct chosen *cpython_of(const struct cpython_build *b);
/* Builds the plan from the options, recipes, sources and toolchains in `b`. */
int cpython_plan(struct cpython_build *b, struct err *err);
/* Fails if a recipe's tools are not on PATH, naming the program and its Debian package. */
int cpython_check_tools(const struct sources *s, struct err *err);
/* The patches applied to a source, with reasons and digests; NULL: none. */
int cpython_patches(
	const struct chosen *c, const struct cpython_options *o, json_t **ret, struct err *err);

/* For steps without a source, which keep the date of the compile. */
#define PRELUDE_VIEW                                                                               \
	"set -eu\n"                                                                                \
	"SOURCE_DATE_EPOCH=$(cat \"$COMPILED/source-date-epoch\")\n"                               \
	"export SOURCE_DATE_EPOCH\n"

/* Limit for a script of a recipe. */
#define SCRIPT_MAX_BYTES (1u << 20)
/* Adds the source, and to the script the patches. */
void step_source(struct step *s, const struct chosen *c, const struct cpython_options *o,
	struct buf *script);
/* Adds the recipe's files that a kind of step uses, and the programs that it may run. */
int step_recipe(struct step *s, const struct recipe *r, const char *kind, struct err *err);
/* A step that makes a package with this toolchain, with `prefix` before its name. */
struct step *step_of_package(struct cpython_build *b, const struct chosen *c, const char *prefix,
	const struct toolchain *t, struct err *err);
/* A step of CPython, "link" with `more` appended, with the recipe's script for it. Steps that
 * compile have no `prelude` of their own and get the source and the packages. NULL on failure. */
struct step *step_of_cpython(struct cpython_build *b, const char *kind, const char *more,
	const char *file, const char *prelude, struct err *err);
/* Adds the toolchain to a step's environment and key. */
void step_toolchain(struct step *s, const struct toolchain *t);

/* ---- musl.c ---------------------------------------------------------------------------------- */

/* Debian's package of the loader. */
#define MUSL_PACKAGE "musl"
/* What old versions lack, where the step that fills libpython.a up looks for it. */
#define MUSL_NEWER "ln -s usr/lib/libc-newer.a \"$DEPS/sysroot/libc_nonshared.a\"\n"
/* Fills in what trees for musl need, and fails if options contradict it. */
int musl_settle(struct cpython_options *o, const struct target *t, struct err *err);
/* True if the loader is installed, so that finished trees run here. */
bool musl_is_here(const struct target *t);
/* Lets a compiler of this machine stand for one of the target, if that is for musl: true. */
bool musl_adopt(const struct target *t, struct toolchain *c);
/* Fails if options ask for what cannot be done for musl with this compiler. */
int musl_check(const struct cpython_options *o, const struct toolchain *c, struct err *err);
/* Fails for musl without a sandbox, where a step has its own name for its folder. */
int musl_check_sandbox(const struct cpython_build *b, struct err *err);
/* For CPython alone: what musl lacks, "" for another C library. */
const char *musl_flags(const struct toolchain *t);
/* What comes before the scripts that configure CPython, or "". */
const char *musl_script(const struct toolchain *t);
/* What comes before the script that links an interpreter from what was compiled, or "". */
const char *musl_link_script(const struct toolchain *t);
/* What makes a compiler use the step's own musl, @S@ for its folder, and for `cpython` find the
 * packages. Programs that are linked so run in steps alone, with musl's loader from there, unless
 * they are `final`. */
char *musl_arguments(const struct toolchain *t, bool cpython, bool final);

/* ---- sysroot.c ------------------------------------------------------------------------------- */

/* Where it is in a step. */
#define SYSROOT "@S@/deps/sysroot"
/* True for the recipes that make it. */
bool sysroot_is_recipe(const char *name);
/* Adds to the step of that recipe what it makes, and notes it in the plan. */
void sysroot_plan(struct cpython_build *b, struct step *s);
/* Settles which glibc, if nobody has said, and fails if this architecture has none so old, or if
 * what is built could not run with `here`, this machine's, since a build runs it (NULL: it does
 * not). */
int sysroot_settle(struct cpython_options *o, bool said, const struct toolchain *t,
	const char *here, struct err *err);
/* Lets the compilers in the step's environment use the sysroot, if there is one. */
void step_sysroot(const struct cpython_build *b, struct step *s);
/* With a sysroot, has the step's script put what old C libraries lack into the tree's libpython.a.
 */
int step_archive(const struct cpython_build *b, struct step *s, struct err *err);
/* What that adds to the name of a compiler, with the step's folder for its placeholder; NULL:
 * nothing. The caller frees it. */
char *sysroot_arguments(const struct cpython_build *b, const char *root);
/* Fails if a file of the tree needs a newer glibc than the floor (NULL: any), naming the symbol. */
int sysroot_check(const char *tree, const char *floor, struct err *err);

/* ---- bolt.c ---------------------------------------------------------------------------------- */

/* Chooses the profile for BOLT; the compiler and the sources are known. */
int bolt_choose(struct cpython_build *b, struct err *err);
/* Adds the steps after the link: those of a profile, and of the files in another layout. */
int plan_bolt(struct cpython_build *b, struct err *err);
/* What the finished step says that it did, as JSON: NULL without BOLT. */
int bolt_report(const struct cpython_build *b, json_t **ret, struct err *err);
/* The same in one line; NULL of NULL. The caller frees it. */
char *bolt_text(const json_t *report);
/* Where a profile is in its step. */
#define BOLT_FOLDER "bolt"
#define BOLT_PROFILE_NAME "profile.yaml"

/* ---- relocate.c ------------------------------------------------------------------------------ */

/* The prefix that CPython is configured with. uv looks for exactly this string. */
#define INSTALL_PREFIX "/install"

/* Part of the key of relocated trees: raised when the output of relocate_tree() changes. */
#define RELOCATE_REVISION "4"

struct relocation {
	const char *root;         /* the folder known to the build as $S */
	const char *arguments;    /* of the compilers, which tell of that folder; may be NULL */
	const struct strv *tools; /* see toolchain_names() */
};

/* Makes a tree installed for INSTALL_PREFIX work in any location. */
int relocate_tree(const char *tree, const struct relocation *r, struct err *err);
/* Fails if any file of the tree but `except` (may be NULL) contains `text`, naming the first few.
 */
int relocate_verify(const char *tree, const char *text, const char *except, struct err *err);
/* Sets the modification time (seconds) of every file, folder and link in the tree. */
int relocate_pin_times(const char *tree, long long epoch, struct err *err);

/* ---- place.c --------------------------------------------------------------------------------- */

/* Puts in place of the link `library` ("libpython3.13.so") in the tree's lib what tells programs
 * that are linked with it that the tree lies at `place`. */
struct folder;
int place_add(const struct folder *tree, const char *library, const char *place, struct err *err);

/* ---- assemble.c, record.c ---------------------------------------------------------------------
 */

/* The description of a distribution, share/solder/build.json: a function of the inputs alone, so
 * the same inputs give the same bytes. The steps must be finished. */
int cpython_manifest(const struct cpython_build *b, json_t **ret, struct err *err);

/* Assembles the distribution from the finished steps: the relocated tree with the linked
 * interpreter, licences, shared data and the manifest, to which the date of the sources is
 * added. The tree is synced and then renamed to `dir`; an existing tree of ours is replaced,
 * anything else is an error. `key` identifies the content: if the tree at `dir` has the same key
 * and manifest and is intact, returns 1 and changes nothing. Files that differ from the record,
 * share/solder/files, are reported (`progress` may be NULL) and repaired; other files are left
 * alone. A file that needs a newer glibc than the floor is an error. The caller holds the output's
 * lock. */
int cpython_assemble(const struct cpython_plan *p, const struct cache *cache, const char *dir,
	const char *key, json_t *manifest, struct progress *progress, struct err *err);
/* Fails unless `dir` is missing, an empty folder, or a tree of ours. */
int cpython_check_output(const char *dir, struct err *err);

#endif
