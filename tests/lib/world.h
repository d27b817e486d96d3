/* A store, a server with one good file and a source that is locked to it. */
#ifndef SOLDER_TESTS_WORLD_H
#define SOLDER_TESTS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "fetch/fetch-internal.h"
#include "httpd.h"

#define BODY_SIZE 300000

/* What is locked, something else of that size, and the digest of what is locked. */
extern char good_body[BODY_SIZE], wrong_body[BODY_SIZE];
extern char digest[SHA256_HEX_SIZE];

struct world {
	char root[64];
	char *store, *stored, *partial;
	struct httpd *server;
	struct httpd_page pages[8];
	struct fetch_options options;
	const char *urls[4];
	char *url[3];
	struct source source;
};

int world_setup(void **state);
int world_teardown(void **state);
int world_fetch(struct world *w, struct err *err);
void put_file(const char *path, const void *data, size_t n);
long size_of(const char *path);
void assert_fetched(struct world *w);
void assert_fails(struct world *w, const char *message);

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

#endif
