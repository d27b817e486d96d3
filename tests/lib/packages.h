/* A package for the room `pack` that no folder stands behind but for its files. */
#ifndef SOLDER_TESTS_PACKAGES_H
#define SOLDER_TESTS_PACKAGES_H

#include "pack/pack-internal.h"
#include "scratch.h"

#define AWKWARD "lib/a \"quoted\" +\\ name.so"

extern char zlib_so[], readline_so[], array_so[], awkward_so[], site_so[], program[];

struct package_fixture {
	struct package p;
	struct py_file files[6]; /* program, awkward, array, readline, zlib, site */
};

void package_setup(struct package_fixture *f, char *root);
void package_release(struct package_fixture *f);

json_t *json_parsed(const char *text);
/* The member of a list of objects whose `key` is `value`, or NULL. */
const json_t *json_find(const json_t *list, const char *key, const char *value);
void assert_json_text(const json_t *o, const char *key, const char *expected);

#endif
