/* Between the files about wheels.
 *
 * Each wheel is handled by a process of its own, forked from the one that shows progress: whatever
 * happens to it there, the list goes on. What it found comes back as one JSON file.
 */
#ifndef SOLDER_CHECK_WHEEL_INTERNAL_H
#define SOLDER_CHECK_WHEEL_INTERNAL_H

#include <jansson.h>
#include <stdbool.h>

#include "check/check.h"
#include "elf/elf.h"

/* Results of an older form are not reused. */
#define WHEEL_RESULT_FORM "2"

/* One of the two interpreters. */
struct wheel_python {
	const struct python *dist;
	struct elf_facts exe;
	struct elf_facts library; /* the libpython that is loaded with it; empty when none is */
	char identity[65];        /* digest of all that it consists of */
};

void wheel_python_release(struct wheel_python *p);
int wheel_python_read(const struct python *dist, struct wheel_python *p, struct err *err);
/* Is the symbol there for extensions? */
bool wheel_python_exports(const struct wheel_python *p, const char *name);

/* What all wheels have in common. */
struct wheels {
	const struct check_wheel_options *options;
	struct wheel_python here;
	struct wheel_python reference;
	bool compared;   /* is there a reference? */
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
/* Name and version from a file name of the form of PEP 427; false if it is none. */
bool wheel_name_parse(const char *file, char **name, char **version);

/* What is inside a wheel, for the interpreter under test. */
enum wheel_file_role {
	WHEEL_EXTENSION, /* a module that this interpreter can import */
	WHEEL_FOREIGN,   /* a module for another one */
	WHEEL_LIBRARY,   /* any other shared object or program */
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
	struct strv problems; /* files that could not be read, and why */
};

void wheel_audit_release(struct wheel_audit *audit);
/* Reads every ELF file below `dir`. */
int wheel_audit_read(
	const struct wheels *all, const char *dir, struct wheel_audit *audit, struct err *err);
/* Sets "audit", "prediction", "expected" and "because" of the wheel's model. */
int wheel_predict(
	const struct wheels *all, const struct wheel_audit *audit, json_t *model, struct err *err);

/* All about one wheel, in a folder of its own. */
struct wheel_work {
	const struct wheels *all;
	const struct wheel_item *item;
	char *dir;  /* scratch, removed by the caller */
	char *file; /* the wheel */
	json_t *model;
};

/* Sets `work->file`: 1, or 0 with the reason in the model, or -1. */
int wheel_obtain(struct wheel_work *work, struct err *err);
/* Installs the wheel and what it depends on into DIR/site: 1, 0 with the reason, or -1. */
int wheel_install(struct wheel_work *work, struct err *err);
/* The exercise for the wheel, or NULL; the caller frees it. */
char *wheel_exercise(const struct wheel_work *work);

/* Tries the modules and the exercise with one interpreter and appends, for each, an object to
 * `trials`: {"what", "ok", "error", "signal", "frame", "libpythons"}, the last four only for
 * failures. */
int wheel_try(struct wheel_work *work, const struct wheel_python *python,
	const struct strv *modules, json_t *trials, struct err *err);

/* Gives the wheel up: verdict "not checked" and why. */
__attribute__((format(printf, 2, 3))) void wheel_not_checked(json_t *model, const char *fmt, ...);
/* Sets "verdict", "modules", "failures", … from what the interpreters did; `reference` may be
 * NULL. */
void wheel_judge(json_t *model, const json_t *here, const json_t *reference);
/* Sets "outcome", which is what became of the prediction: "right", "wrong", "unsure", "not about
 * loading", or null. */
void wheel_weigh_prediction(json_t *wheel);
/* Adds the wheel with its outcome to the counts in "summary" of the whole model. */
void wheel_count(json_t *model, const json_t *wheel);

/* Everything about one wheel, start to end; runs in the forked process. */
int wheel_check(struct wheel_work *work, struct err *err);

/* The folder of the shared counterpart of a static build that solder made, if it stands beside it
 * (a sibling of the prefix, same version, compiler, optimisation and triple); NULL if not. The
 * caller frees it. */
char *wheel_find_counterpart(const struct python *dist);

#endif
