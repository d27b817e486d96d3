/* A loopback mirror with releases of the package "demo", recipes that say where to look, and keys
 * to sign with. */
#ifndef SOLDER_TESTS_RELEASES_H
#define SOLDER_TESTS_RELEASES_H

#include "scratch.h"
#include "base/file.h"
#include "httpd.h"
#include "update/update-internal.h"

/* The pages of the server, which a test may change. */
enum releases_page {
	PAGE_INDEX,      /* names demo-1.2.3.tar.gz, demo-1.2.4.tar.gz, demo-2.0.tar.gz */
	PAGE_FILE,       /* demo-1.2.4.tar.gz */
	PAGE_ASC,        /* its signature */
	PAGE_TAGS,       /* of git */
	PAGE_IN_RELEASE, /* of the suite sid */
	PAGE_SOURCES,
	PAGE_POOL,     /* demo_1.2.4.orig.tar.gz */
	PAGE_POOL_ASC, /* its signature */
	N_PAGES,
};

struct releases_world {
	char *root; /* with recipes/ and cache/ */
	struct httpd *server;
	struct httpd_page pages[N_PAGES];
	char *bodies[N_PAGES];
	char *recipes, *cache, *mirror, *keyring;
	const char *keys;             /* the home of gpg */
	char *signer, *other;         /* fingerprints */
	char sha256[SHA256_HEX_SIZE]; /* of demo-1.2.4.tar.gz */
	struct update_options options;
	struct update_result result;
	struct err err;
};

/* The keys are made once for all tests of a program; so is their teardown. */
int releases_keys(void **state);
int releases_no_keys(void **state);
int releases_setup(void **state);
int releases_teardown(void **state);
/* Runs it; what came of it is in `result` and `err`. */
int releases_run(struct releases_world *w);
/* The row of the package with this state in a set; fails the test without one. */
const struct update_row *releases_row(
	const struct releases_world *w, const char *set, enum update_state state);
/* Replaces `from` in the recipe by `to`. */
void releases_recipe(struct releases_world *w, const char *from, const char *to);
/* The text of a set. */
char *releases_set(const struct releases_world *w, const char *set);
/* Signs ROOT/NAME with one of the keys: the signature is ROOT/NAME.asc. */
void releases_sign(const struct releases_world *w, const char *fingerprint, const char *name);
/* Serves ROOT/NAME on a page. */
void releases_serve(struct releases_world *w, enum releases_page page, const char *name);
/* Signs Debian's list, with the digest of what PAGE_SOURCES serves. */
void releases_sign_debian(struct releases_world *w, const char *fingerprint);
/* Fails unless both sets are as they were, and nothing is left in the cache but sources. */
void releases_untouched(struct releases_world *w);

#define RELEASES_TEST(f) cmocka_unit_test_setup_teardown(f, releases_setup, releases_teardown)

#endif
