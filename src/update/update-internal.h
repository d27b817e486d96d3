/* Between the files of this room, and for its tests. */
#ifndef SOLDER_UPDATE_INTERNAL_H
#define SOLDER_UPDATE_INTERNAL_H

#include "fetch/fetch.h"
#include "recipe/recipe.h"
#include "update/update.h"

/* form.c */

#define NAME_MAX_BYTES 200

/* What a name said. */
struct words {
	char version[64], date[16], series[32];
};

/* True if the name has the form; then `ret` has its words. */
bool form_match(const char *form, const char *name, struct words *ret);
/* The form with the words in it; to be freed. */
char *form_fill(const char *form, const struct words *w);
/* The version that a name of this place says, or NULL; to be freed. */
char *place_version(const struct release_place *p, const char *name, struct words *ret);

/* upstream.c, debian.c: what there is */

struct release {
	char *version;
	struct words words;
	char *url; /* of the file, or its path below a mirror */
	/* Debian's index has these; NULL and 0 elsewhere. */
	char *sha256, *signature, *signature_sha256;
	uint64_t size, signature_size;
};

struct found {
	struct release *v;
	size_t n;
};

void found_release(struct found *f);
/* A release of that version, perhaps with a file name that ends in `suffix` (may be NULL). */
const struct release *found_version(const struct found *f, const char *version, const char *suffix);

/* Reads the page or the tags that the rule names. */
int upstream_find(
	struct fetcher *f, const struct release_place *p, struct found *ret, struct err *err);
/* The same from their text. */
void page_find(
	const char *base, const struct buf *text, const struct release_place *p, struct found *ret);
void tags_find(const struct buf *text, const struct release_place *p, struct found *ret);

/* The source indexes of a mirror, verified by the signature of the archive. */
struct debian {
	bool tried;
	struct err failed; /* why there is none, if `tried` and no text */
	struct buf text;   /* a line "SHA256 SIZE PATH" for each upstream file of all packages */
};

void debian_release(struct debian *d);
/* Downloads them, once: later calls give the same answer. `scratch` is a folder for files. An index
 * that is out of date is said to `progress`. */
int debian_load(struct debian *d, struct fetcher *f, const struct strv *suites, const char *keyring,
	const char *scratch, struct progress *progress, struct err *err);
void debian_find(const struct debian *d, const struct release_place *p, struct found *ret);
/* Adds such lines from the text of an index; lines that are not sound are left out. */
void index_read(const char *text, struct buf *out);

/* signature.c */

/* Of the recipe's signers the one for this version, or NULL: it is not signed. */
const struct release_signer *signer_of(const struct releases *r, const char *version);
/* Fails unless `signature` is one of `file` by the signer; else adds to `vouch` who made it. */
int signature_verify(const struct release_signer *s, const char *recipes, const char *file,
	const char *signature, const char *scratch, struct strv *vouch, struct err *err);
/* Verifies a text that is signed in itself, and appends what is signed to `out`. */
int signature_open(const char *keyring, const char *file, const char *scratch, struct buf *out,
	struct err *err);

/* take.c */

struct run {
	const struct update_options *o;
	char *recipes, *scratch; /* folders; the second is for files */
	struct cache *cache;
	struct fetcher *f;
	struct strv suites;
	struct debian debian;
	bool not_compared; /* it was said that Debian's digests cannot be had */
};

/* Downloads a release and has it vouched for; fills the row and an entry for the lock, which the
 * caller frees. */
int take_release(struct run *run, const struct recipe *r, const struct release *what, bool apt,
	struct update_row *row, struct lock_entry *e, struct err *err);

/* advisories.c */

/* Adds what the files know about a locked version. */
struct advisories;
int advisories_load(const struct strv *files, struct advisories **ret, struct err *err);
void advisories_free(struct advisories *a);
void cleanup_advisories(struct advisories **a);
void advisories_judge(const struct advisories *a, const struct recipe *r, const char *version,
	const char *set, struct update_result *ret);

#endif
