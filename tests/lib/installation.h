/* A Python installation as facts, made by hand: a static interpreter of a distribution that solder
 * made, sound in every way. Tests change one thing at a time. */
#ifndef SOLDER_TESTS_INSTALLATION_H
#define SOLDER_TESTS_INSTALLATION_H

#include "check/check.h"

enum { PYTHON, LIBRARY, EXTENSION, N_FILES };

struct world {
	struct python dist;
	struct py_files files;
	struct py_file v[N_FILES];
	char *prefix;
};

/* Writes no file; `prefix` need not exist. */
void world_facts(struct world *w, const char *prefix);
void world_release(struct world *w);
/* The names must outlive the world. */
void world_exports(struct world *w, int file, const char *const *names, size_t n);

/* The ids of the rules in `only` that do not pass, with their verdicts: "stack=fail pie=note".
 * The caller frees it. */
char *world_broken(const struct world *w, const struct strv *only);

/* What both files of api() export. */
#define N_API 10
extern const char *const world_api[N_API];

#endif
