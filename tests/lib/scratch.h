/* A scratch folder for each test, removed afterwards; *state is its path. */
#ifndef SOLDER_TESTS_SCRATCH_H
#define SOLDER_TESTS_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

int scratch_setup(void **state);
int scratch_teardown(void **state);
/* Writes ROOT/NAME, creating the folders above it. */
void scratch_file(const char *root, const char *name, const char *content, mode_t mode);
void scratch_remove(const char *root, const char *name);
/* The content of ROOT/NAME, to be freed; fails the test when there is none. */
char *scratch_read(const char *root, const char *name);
/* How many entries a folder has. */
unsigned int scratch_entries(const char *dir);
/* Runs a shell command in ROOT with the stderr of ours; returns stdout, to be freed. A failing
 * command fails the test. */
__attribute__((format(printf, 2, 3))) char *scratch_shell(const char *root, const char *fmt, ...);

/* Of tarball.c; its header cannot be included beside this one. */
void assert_content(const char *dir, const char *name, const char *content);

#define SCRATCH_TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

#endif
