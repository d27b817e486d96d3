/* Private to the room of CPython. */
#ifndef SOLDER_CPYTHON_INTERNAL_H
#define SOLDER_CPYTHON_INTERNAL_H

#include "cpython/cpython.h"

/* ---- toolchain.c ----------------------------------------------------------------------------- */

enum cc_family { CC_GCC, CC_CLANG };

struct toolchain {
	enum cc_family family;
	unsigned int major; /* release of the compiler */
	char *cc, *cxx;     /* absolute paths */
	char *ar, *ranlib, *nm, *strip, *objcopy;
	char *profdata; /* clang with PGO; else NULL */
	char *lld;      /* clang with LTO; else NULL */
	char *version;  /* the first line of --version */
	char *linker;   /* the same of lld, or of the ld that the compiler runs */
	char *triple;   /* "x86_64-linux-gnu", the vendor dropped */
	char *identity; /* digest over paths, versions and contents of compiler and tools */
	char *passed;   /* of "best": the newer compilers that cannot be used, and why; or NULL */
};

struct toolchain_needs {
	bool lto, pgo;
};

/* Finds the toolchain that `name` stands for: a program ("gcc", "clang-19") or a path; "best" is
 * the newest complete clang from release 19 on, else gcc; NULL is gcc, else clang, else cc. */
int toolchain_find(const char *name, const struct toolchain_needs *needs, struct toolchain **ret,
	struct err *err);
void toolchain_free(struct toolchain *t);
void cleanup_toolchain(struct toolchain **t);

/* The variables by which scripts know it (CC, CXX, AR, …), and CC_FAMILY and TRIPLE. */
void toolchain_env(const struct toolchain *t, struct strv *env);
/* Pairs: what those variables hold, and what it becomes in files that users get: "cc", "ar". */
void toolchain_names(const struct toolchain *t, struct strv *pairs);

/* ---- sources.c ------------------------------------------------------------------------------- */

/* Settles the set and a version for CPython and every package that it needs. */
int sources_choose(struct cpython_build *b, struct err *err);
void sources_release(struct sources *s);
/* Is it downloaded? Whether it is intact is verified before it is used. */
bool sources_has(const struct cache *cache, const struct lock_entry *e);
/* Takes from a folder whatever any set locks, so that it counts as downloaded. A file with a locked
 * name and other bytes is an error, and so is a folder that has none. */
int sources_import(const struct cpython_build *b, const char *dir, struct err *err);
/* Downloads one, unless it is; *path is to be freed. */
int sources_fetch(struct fetcher *f, const struct lock_entry *e, char **path, struct err *err);

/* ---- steps.c --------------------------------------------------------------------------------- */

/* Plans: of `b` it reads options, recipes' sources and toolchains. */
int cpython_plan(struct cpython_build *b, struct err *err);
/* Fails, naming program and Debian package, when a recipe's tools are not on PATH. */
int cpython_check_tools(const struct sources *s, struct err *err);
/* The patches that a source gets, with their reasons and digests; NULL: none. */
int cpython_patches(const struct chosen *c, json_t **ret, struct err *err);

/* ---- relocate.c ------------------------------------------------------------------------------ */

/* Where CPython is told that it will live. uv looks for this very word. */
#define INSTALL_PREFIX "/install"

/* Part of the key of relocated trees: raised when what relocate_tree() writes changes. */
#define RELOCATE_REVISION "2"

struct relocation {
	const char *root;         /* the folder that the build saw as $S */
	const struct strv *tools; /* see toolchain_names() */
};

/* Makes a tree that was installed for INSTALL_PREFIX right at any place. */
int relocate_tree(const char *tree, const struct relocation *r, struct err *err);
/* Fails if any file of the tree contains `text`; names the first few. */
int relocate_verify(const char *tree, const char *text, struct err *err);
/* Gives every file, folder and link of the tree the same modification time (seconds). */
int relocate_pin_times(const char *tree, long long epoch, struct err *err);

/* ---- assemble.c, record.c ---------------------------------------------------------------------
 */

/* The description of a distribution, share/solder/build.json: a function of the inputs alone, so
 * that the same ones give the same bytes. The steps must be finished. */
int cpython_manifest(const struct cpython_build *b, json_t **ret, struct err *err);

/* Puts the distribution together from the finished steps: the relocated tree with the interpreter
 * that was linked, licences, shared data and the manifest, in which the sources' date is added. It
 * is synced and then appears at `dir` by rename; a tree of ours that stands there is replaced,
 * anything else is an error. `key` identifies the content: returns 1 and changes nothing when the
 * tree at `dir` has it, says the same of itself and has the files that share/solder/files records.
 * Files that differ from the record are reported (`progress` may be NULL) and repaired; others are
 * left alone. The caller holds the output's lock. */
int cpython_assemble(const struct cpython_plan *p, const struct cache *cache, const char *dir,
	const char *key, json_t *manifest, struct progress *progress, struct err *err);
/* Fails if something stands at `dir` that is neither an empty folder nor a tree of ours. */
int cpython_check_output(const char *dir, struct err *err);

#endif
