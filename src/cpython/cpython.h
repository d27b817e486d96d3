/* The plan for one CPython: its packages, one compile, the links, the relocated tree. */
#ifndef SOLDER_PLAN_CPYTHON_H
#define SOLDER_PLAN_CPYTHON_H

#include "plan/plan.h"
#include "cpython/toolchain.h"

struct cpython_options {
	const char *link; /* static, shared */
	const char *opt;  /* none, pgo */
	const char *lto;  /* none, thin, full */
	const char *tls;  /* initial-exec, global-dynamic, desc */
	const char *pie;  /* yes, no */
	/* How functions and variables are reached. What the compiler is told: */
	const char *interposition; /* no: -fno-semantic-interposition; yes */
	const char *plt;           /* yes; no: -fno-plt */
	const char *visibility;    /* of what CPython does not export: hidden, default */
	/* What the linker is told, also of libpython.so: */
	const char *symbolic; /* yes: -Bsymbolic-functions; no */
	const char *bind;     /* now, lazy */
	const char *shuffle;  /* a whole number: the order of libpython's objects; 0: as it is */
	const char *train;    /* script that trains the profile; NULL: CPython's own task */
	const char *profile;  /* folder of a finished profile; NULL: train */
};

/* Options as solder build has them by default; `train` and `profile` are NULL. */
void cpython_defaults(struct cpython_options *options);

/* An option of those that can be named, by the name that solder build and build.json have for it.
 * What differs between compiles is part of the compile's key, the rest of the link's alone. */
struct cpython_option {
	const char *name;     /* "tls" */
	const char *variable; /* that recipes know it by: "TLS" */
	size_t offset;        /* of the value in struct cpython_options */
	const char *choices;  /* "a|b|c", the first is the default; NULL: a number, 0 */
	bool compiles;        /* a change needs a compile, not only links */
	bool always;          /* in keys even when it is the default */
};
extern const struct cpython_option cpython_option_table[];
extern const size_t cpython_n_options;
const struct cpython_option *cpython_find_option(const char *name);
/* May it have this value? */
bool cpython_option_takes(const struct cpython_option *option, const char *value);
/* The value of an option. */
const char *cpython_option_get(const struct cpython_options *o, const struct cpython_option *which);
void cpython_option_set(
	struct cpython_options *o, const struct cpython_option *which, const char *value);
/* Is it the default? */
bool cpython_option_is_default(const struct cpython_options *o, const struct cpython_option *which);

/* A recipe with the source it will be built from. */
struct chosen {
	struct recipe *recipe;
	const struct lock_entry *lock; /* NULL for a source that the user gave */
	const char *version;
	const char *source;     /* the user's own source, or NULL */
	char source_digest[65]; /* of the user's own source */
};

struct cpython_plan {
	struct plan plan;
	struct step *compile, *tree, *link;
	char series[16]; /* "3.13" */
};

/* `chosen` holds CPython last, the packages before it, dependencies first. `plain` builds the
 * packages; `full` CPython, with the tools that LTO and PGO need. */
int cpython_plan(const struct cpython_options *options, const struct chosen *chosen, size_t n,
	const struct toolchain *plain, const struct toolchain *full, struct cpython_plan *ret,
	struct err *err);

/* Fails, naming program and Debian package, when a recipe's tools are not on PATH. */
int cpython_check_tools(const struct chosen *chosen, size_t n, struct err *err);

/* Does CPython of this version need a package that its recipe lists as "zstd>=3.14"? Returns the
 * package's name (the caller frees it) or NULL. */
char *cpython_dependency(const char *listed, const char *version);

/* Puts the distribution together from the finished steps: the relocated tree with the
 * interpreter that was linked, licences, shared data and share/solder/build.json: `manifest`, a
 * JSON object, and in it what the steps know: "source_date_epoch", and "patches" of the
 * "packages". It is synced and then appears at `dir` by rename; a tree of ours that stands there is
 * replaced, anything else is an error. `key` identifies the content: returns 1 and changes nothing
 * when the tree at `dir` has it, says the same of itself and has the files that share/solder/files
 * records. What differs from the record is said (`progress` may be NULL) and replaced by what was
 * built; files beside that are left alone. The caller sees to it that nobody else does the same at
 * the same time. */
int cpython_assemble(const struct cpython_plan *p, const struct cache *cache, const char *dir,
	const char *key, const char *manifest, struct progress *progress, struct err *err);
/* Compares a tree with its record, share/solder/files: 0; 1 and *why (to be freed) says what
 * differs first; 2: it has none, being of an older solder or out of an archive; -1. What Python and
 * pip change themselves is not looked at: bytecode, site-packages and pip's programs. */
int cpython_check_tree(const char *dir, char **why, struct err *err);
/* Fails if something stands at `dir` that is neither an empty folder nor a tree of ours. */
int cpython_check_output(const char *dir, struct err *err);

#endif
