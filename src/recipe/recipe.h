/* Recipes (how one package is built) and locks (which source it is built from).
 *
 * recipes/NAME/recipe.yaml describes a package; recipes/sets/SET.yaml locks every source of a set
 * with version, place, size and SHA-256. Both are strict: an unknown key, a missing one or a value
 * of the wrong shape is an error that names file, line and column and shows the line with a caret.
 */
#ifndef SOLDER_RECIPE_H
#define SOLDER_RECIPE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct recipe_tool {
	char *program; /* must be on PATH */
	char *package; /* the Debian package that has it */
};

struct recipe_patch {
	char *file;     /* below the recipe's `patches` folder or the recipe's own */
	char *reason;   /* why upstream's sources leave no other way */
	char *versions; /* ">=3.11,<3.14"; NULL: all */
	char *option;   /* of the builds that it is for, "startup=fast"; NULL: all */
};

/* What only some releases have, besides patches and packages of their own. One of `option`,
 * `configure` and `setup` is there. */
struct recipe_difference {
	char *what;      /* for people: "free-threaded build" */
	char *versions;  /* ">=3.13" */
	char *option;    /* that no other release is built with: "freethreaded=yes", "jit!=no" */
	char *llvm;      /* the release of LLVM that the option needs; NULL: none */
	char *configure; /* an argument */
	char *setup;     /* a line that makes a module, of Modules/Setup */
};

struct recipe_step {
	char *name; /* "build" of a package; "compile", "link" and others of CPython */
	struct strv files;
};

/* Who signs the releases of some versions: with OpenPGP, or through Sigstore. */
struct release_signer {
	char *versions; /* ">=3.14"; NULL: all */
	char *suffix;   /* the signature's URL is the file's and this: ".asc" */
	/* Fingerprints of primary keys, in upper case. A release must have a signature by one. */
	struct strv openpgp;
	char *key;               /* the file of the keys, below DIR/keys */
	char *identity, *issuer; /* of Sigstore's certificate; NULL with openpgp */
};

/* Where a set's newer releases are listed. `match` is the form of a file's or a tag's name and `as`
 * that of the version, see update/update.h. */
struct release_place {
	char *index, *tags; /* a page that names files, or a git repository; both NULL: Debian's */
	char *match, *as;
	char *url; /* of the file; NULL: where the page says */
};

struct releases {
	unsigned int series; /* how many numbers of a version its patch releases share */
	char *notes;         /* URL of the release notes; NULL: none */
	struct strv names;   /* by which advisories know the package, besides its own */
	bool same;           /* Debian's .orig is the upstream file, byte for byte */
	struct release_place upstream, debian; /* without a `match`: there is no rule */
	struct release_signer *signers;
	size_t n_signers;
};

struct recipe {
	char *name;
	char *dir;     /* the recipe's folder */
	char *licence; /* SPDX expression */
	struct strv licence_files;
	/* Packages, perhaps with a condition: "zlib if zlib=classic"; CPython's, "zstd>=3.14". */
	struct strv depends;
	struct recipe_tool *tools;
	size_t n_tools;
	struct recipe_patch *patches;
	size_t n_patches;
	struct recipe_difference *differs;
	size_t n_differs;
	char *build; /* shell script; NULL when the recipe folder has scripts of its own */
	/* Why a build for another machine needs the package for this one, too; NULL: it does not.
	 */
	char *native;
	struct strv exports;
	struct recipe_step *steps; /* whose files are listed */
	size_t n_steps;
	struct releases releases;
};

/* Loads DIR/NAME/recipe.yaml. */
int recipe_load(const char *dir, const char *name, struct recipe **ret, struct err *err);
void recipe_free(struct recipe *r);
void cleanup_recipe(struct recipe **r);

/* Absolute path of a patch; the caller frees it. */
char *recipe_patch_path(const struct recipe *r, const struct recipe_patch *patch);

/* The files of the recipe's folder that a step uses, besides patches; NULL: they are not listed. */
const struct strv *recipe_files(const struct recipe *r, const char *step);

struct lock_entry {
	char *package;
	char *version;
	struct strv urls; /* full, or below the mirror's base when the lock's base is apt */
	uint64_t size;
	char *sha256; /* 64 lower-case hexadecimal digits */
};

struct lock {
	char *set;          /* "upstream" or "debian" */
	bool apt;           /* urls are below the mirror of the system's apt */
	struct strv suites; /* of Debian, where `solder lock` looks; may be empty */
	char *path;
	struct lock_entry *entries;
	size_t n;
};

/* All sets: "upstream" and "debian". */
#define N_LOCK_SETS 2
extern const char *const lock_sets[N_LOCK_SETS];

/* Loads DIR/sets/SET.yaml. */
int lock_load(const char *dir, const char *set, struct lock **ret, struct err *err);
void lock_free(struct lock *l);
void cleanup_lock(struct lock **l);
/* Frees what an entry owns. */
void lock_entry_release(struct lock_entry *e);

/* All entries of a package that fit `wanted` (NULL: any; "3.13": a series; "3.13.5": that one),
 * newest first. Returns how many; `out` has room for `max`. */
size_t lock_find(const struct lock *l, const char *package, const char *wanted,
	const struct lock_entry **out, size_t max);

/* Adds an entry to the text of a set, after the package's older ones. Everything else stays as it
 * is, comments too. The entry's texts must be plain words of YAML. */
void lock_text_add(struct buf *text, bool apt, const struct lock_entry *e);

/* A finished profile that is kept beside the recipe of CPython: DIR/cpython/profiles/FILE. */
struct locked_profile {
	char *file;
	char *kind;               /* "pgo", "bolt" */
	char *version;            /* of CPython */
	char *compiler, *release; /* "gcc" and "12.2.0"; "clang" and "22" */
	char *triple;
	char *abi; /* "t": free-threaded; NULL: of the usual one */
	char *lto; /* of the code that BOLT knows by it: "thin"; NULL: of any, as PGO's */
	uint64_t size;
	char *sha256;                    /* of the file */
	char *content;                   /* of the folder in it, by tree_digest() */
	char *training, *command, *date; /* how it was made */
};

struct profiles {
	char *dir;
	struct locked_profile *v;
	size_t n;
};

/* Loads DIR/cpython/profiles/index.yaml; without it there are none. */
int profiles_load(const char *dir, struct profiles **ret, struct err *err);
void profiles_free(struct profiles *p);
void cleanup_profiles(struct profiles **p);

/* The profile of this kind, compiler, machine (`triple`; NULL: any), ABI and LTO for a version of
 * CPython, else that of the newest version of its series; NULL: none. */
const struct locked_profile *profiles_find(
	const struct profiles *p, const struct locked_profile *wanted);
/* Sets *path (to be freed) to the file of a profile. An error unless it is what is locked. */
int profiles_check(
	const struct profiles *p, const struct locked_profile *which, char **path, struct err *err);

/* Where a project says how it builds. */
struct preset_source {
	char *project; /* "docker-library/python" */
	char *file;
	char *version; /* a commit or a release */
	char *date;
};

/* Options with which another project builds CPython. */
struct preset {
	char *name;
	char *summary;
	struct strv settings; /* pairs: an option and its value */
	struct strv differs;  /* what no option can say */
	struct preset_source *sources;
	size_t n_sources;
};

/* Fails if there is no such option, or if it does not take this value. */
typedef int preset_check(const char *option, const char *value, struct err *err);

/* Loads DIR/cpython/like/NAME.yaml. */
int preset_load(const char *dir, const char *name, preset_check *check, struct preset **ret,
	struct err *err);
void preset_free(struct preset *p);
void cleanup_preset(struct preset **p);
/* Adds the names of all presets, in order. */
int preset_list(const char *dir, struct strv *names, struct err *err);

/* One build of a matrix. */
struct matrix_row {
	char *name;    /* VERSION-OPTIONS or VERSION-OPTIONS-TARGET; of letters, digits, "._+-" */
	char *version; /* "3.13" */
	char *options; /* the name of its set of options */
	char *target;  /* NULL: this machine */
	struct strv settings; /* pairs: an option and its value; none twice */
};

/* Many builds, described by what they differ in:
 *
 *	versions: [3.13, 3.11]
 *	options:
 *	  plain: {}
 *	  shared: {link: shared, bind: lazy}
 *	targets: [x86_64-unknown-linux-gnu]         # may be left out: this machine
 *	exclude: [{version: 3.11, options: shared}] # no such rows
 *	with: [{version: 3.13, set: {lto: full}}]   # more options for such rows
 *
 * Each version with each set of options for each target is a row, in this order. */
struct matrix {
	struct matrix_row *rows; /* at least one; different builds, with different names */
	size_t n;
};

/* `check` is asked about every option. */
int matrix_load(const char *path, preset_check *check, struct matrix **ret, struct err *err);
void matrix_free(struct matrix *m);
void cleanup_matrix(struct matrix **m);

/* Compares dotted versions numerically, pre-releases ("3.15.0rc1") before their release. */
int version_compare(const char *a, const char *b);
/* True if `version` satisfies a condition such as ">=3.11,<3.14"; NULL and "" always hold. A
 * pre-release has what its release has: 3.15.0rc1 is not "<3.15", but it is "<3.15.0rc2". */
bool version_matches(const char *version, const char *condition);
/* True if `version` equals `wanted` or is of the series `wanted`. */
bool version_in_series(const char *version, const char *wanted);
/* The first `n` numbers of a version, "3.13" of "3.13.5"; to be freed. */
char *version_series(const char *version, unsigned int n);

#endif
