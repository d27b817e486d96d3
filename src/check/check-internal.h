/* Inside the room: what a rule is and what it works with. */
#ifndef SOLDER_CHECK_CHECK_INTERNAL_H
#define SOLDER_CHECK_CHECK_INTERNAL_H

#include "check/check.h"

/* What must be there before a rule can be applied; where it is not, the rule is "not checked". */
enum rule_needs {
	NEEDS_RUN = 1,         /* an interpreter that can be asked */
	NEEDS_RELOCATABLE = 2, /* a distribution that is made to be moved */
	NEEDS_OWN_PREFIX = 4,  /* a prefix that is not shared with other software */
	NEEDS_STATIC = 8,      /* libpython inside the interpreter */
	NEEDS_LIBRARY = 16,    /* a shared libpython that ships */
	NEEDS_ARCHIVE = 32,    /* a static one */
	ANY_PYTHON = 64,       /* not CPython: the rule is the loader's, and holds for others too */
};

struct rule_run;

struct check_rule {
	const char *id;
	enum check_severity severity;
	unsigned int needs;
	const char *reason;
	const char *todo;
	const char *about;
	void (*run)(struct rule_run *r);
};

/* The files that most rules are about. */
struct check_subject {
	const struct python *dist;
	const struct py_files *files;
	const struct py_file *interpreter; /* NULL if it could not be read */
	const struct py_file *library;     /* the shared libpython, or NULL */
	bool relocatable;
	char *built_for; /* the prefix that it was configured with, or NULL */
};

void check_subject_init(struct check_subject *s, const struct check_input *input);
void check_subject_release(struct check_subject *s);

/* One rule at work. */
struct rule_run {
	const struct check_subject *s;
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

/* Bits for rule_next(). */
#define ROLE(role) (1U << (role))
#define ROLES_ALL (~0U)
/* What Python itself consists of. */
#define ROLES_PYTHON (ROLE(PY_ROLE_INTERPRETER) | ROLE(PY_ROLE_LIBPYTHON) | ROLE(PY_ROLE_EXTENSION))

/* The next readable file with one of the roles that ships (nothing below site-packages), from
 * index *i on; NULL at the end. *i starts at 0. */
const struct py_file *rule_next(const struct rule_run *r, unsigned int roles, size_t *i);

/* A path of the installation, shown below its prefix; borrowed from `path`. */
const char *rule_short(const struct rule_run *r, const char *path);

/* Do both paths lead to one file? */
bool same_file(const char *a, const char *b);
/* Is `path`, links resolved as far as it exists, the folder or below it? */
bool path_below(const char *path, const char *dir);

/* Reads a text file of up to a megabyte; false when it is not there or too large. */
bool read_text(const char *path, struct buf *out);

/* The path of sysconfig's module of build-time variables, which is named after the platform; NULL
 * if that is not known. The caller frees it. */
char *sysconfig_data(const struct python *d);

/* The name of the library that an exported symbol belongs to ("OpenSSL", "zlib"), or NULL. */
const char *third_party_of(const char *symbol);

/* The tables, one for each file. */
extern const struct check_rule rules_symbols[], rules_loading[], rules_hardening[], rules_paths[],
	rules_layout[], rules_archive[], rules_build[], rules_start[];
extern const size_t n_rules_symbols, n_rules_loading, n_rules_hardening, n_rules_paths,
	n_rules_layout, n_rules_archive, n_rules_build, n_rules_start;

#endif
