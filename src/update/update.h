/* Keeps the locks of sources current.
 *
 * A recipe's `releases` says where newer releases are listed, for each set: on a page that names
 * files, as tags of a git repository, or in the source index of a Debian mirror. A release is taken
 * only when something vouches for it: its signature, Debian's, or that of an HTTPS server. Names of
 * files and tags have a form, `match`, in which
 *
 *	{version}   numbers and dots: 3.5.7      {_version}  the same, with underscores: 3_5_7
 *	{packed}    SQLite's number: 3530100     {date}      eight digits
 *	{series}    "3.13" of a 3.13.5           {any}       anything without a slash
 *	*           lower-case letters and digits
 *
 * and `as` says how they form our version: "{version}", unless it is given. URLs are such forms,
 * too. Only releases that are final have such a name.
 */
#ifndef SOLDER_UPDATE_H
#define SOLDER_UPDATE_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

struct progress;

struct update_options {
	const char *recipes, *cache; /* folders; NULL: the usual ones */
	const char *set;             /* NULL: all sets */
	struct strv packages;        /* "openssl", "openssl@3.6"; empty: all that are locked */
	struct strv advisories;      /* files of OSV or of Debian's security tracker */
	const char *mirror;          /* a Debian mirror; NULL: apt's */
	const char *keyring;         /* of Debian's archive; NULL: Debian's own file */
	bool check;                  /* only look, download no release, write nothing */
	bool dry_run;                /* write nothing */
	bool offline;                /* look for nothing, judge by advisories alone */
	struct progress *progress;   /* may be NULL */
};

enum update_state {
	UPDATE_CURRENT, /* the newest patch release is locked */
	UPDATE_LOCKED,  /* a newer one was taken, or would be (dry_run) */
	UPDATE_NEWER,   /* there is a newer one (check) */
	UPDATE_SERIES,  /* there is one of a newer series, which is taken only if it is asked for */
	UPDATE_NO_RULE, /* the recipe does not say where to look */
	UPDATE_FAILED,
};

struct update_row {
	char *package, *set, *version; /* what is locked, or NULL */
	enum update_state state;
	char *newest;      /* NULL: none, or unknown */
	struct strv vouch; /* who vouches for it */
	char *source, *sha256;
	uint64_t size;
	char *notes; /* where its release notes are, or NULL */
	char *why;   /* for UPDATE_FAILED and UPDATE_NO_RULE */
};

struct advisory_row {
	char *package, *version, *set; /* what is locked */
	char *id, *summary, *fixed;    /* fixed: in which version, or NULL */
};

struct update_result {
	struct update_row *rows;
	size_t n;
	struct advisory_row *advisories;
	size_t n_advisories;
	struct strv written; /* the sets that were written */
};

/* Looks, downloads, verifies and writes. A package that fails does not stop the others: its row
 * says why, and the sets have everything else. Fails for what concerns all packages. */
int update_run(const struct update_options *options, struct update_result *ret, struct err *err);
void update_release(struct update_result *r);
/* "current", "locked", "newer", "new series", "no rule", "failed". */
const char *update_state_name(enum update_state state);

#endif
