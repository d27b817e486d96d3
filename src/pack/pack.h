/* A finished distribution as archives that others install unchanged.
 *
 * pack_open() reads what a tree of `solder build` says of itself and asks its interpreter for the
 * rest; nothing else is asked for, so that the same tree gives the same archives on any machine:
 *
 *	NAME-BUILDOPTIONS-full.tar.zst         python/PYTHON.json, build, install, licenses
 *	NAME-install_only.tar.gz               the tree as python/, without CPython's own tests
 *	NAME-install_only_stripped.tar.gz      the same without debug information …
 *	NAME-debug.tar.zst                     … which is here, by build-id
 *	SHA256SUMS                             of these, and of what was packed there before
 *	SHA256SUMS.sig                         its signature, if one is wanted
 *
 * NAME is cpython-VERSION+DATE-TRIPLE, the date that of the source. Every tree holds a bill of
 * materials, share/solder/sbom.spdx.json.
 *
 *	CLEANUP_PACKAGE struct package *p = NULL;
 *
 *	if (pack_open(dir, &p, err) < 0 || pack_write(p, &options, &result, err) < 0)
 *		return -1;
 */
#ifndef SOLDER_PACK_H
#define SOLDER_PACK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/progress.h"
#include "report/report.h"

struct package;

#define CLEANUP_PACKAGE CLEANUP(cleanup_package)

/* `dir` is a distribution that solder built. ERR_INPUT if it is none. */
int pack_open(const char *dir, struct package **ret, struct err *err);
void pack_free(struct package *p);
void cleanup_package(struct package **p);

/* The tree's shared libpython; `build` of struct pack_write must be the folder that it was linked
 * in. NULL if it ships none. */
const char *pack_libpython(const struct package *p);
/* share/solder/build.json, borrowed. */
const json_t *pack_build(const struct package *p);

/* Of what the compile step left, the folder with objects and Makefile, and where it stood. */
struct pack_write {
	const char *out;   /* folder; created */
	const char *build; /* objects and Makefile of the compile; NULL: no full archive */
	const char *build_root;
	/* Tools/gdb/libpython.py of CPython's source, which goes with the debug information; NULL:
	 * without it. */
	const char *gdb_script;
	size_t gdb_script_len;
	const char *scratch; /* empty folder for stripped files; the caller removes it */
	/* A secret key, by the name of its file, that signs SHA256SUMS: of minisign, of signify
	 * without a password, or Ed25519 in PEM; NULL: not signed. `password` names the file of its
	 * password, or is NULL. */
	const char *sign, *password;
	bool without_archive_library;
	bool cyclonedx;
	int level;         /* see tar_write() */
	unsigned int jobs; /* archives and threads at a time */
	struct progress *progress;
};

/* Writes all archives and SHA256SUMS; none gets its name before all are ready, and a failure leaves
 * nothing; a run that is killed while they get their names is completed by the next one that writes
 * there. At every moment SHA256SUMS is true of each archive there that it names. An archive of the
 * same name and other content is replaced, with a warning, and "replaces_other": true in the
 *result; so is its digest in downloads.json.
 *
 * A signature of SHA256SUMS vouches for all that it names: where it names other archives, it is
 *only signed if it was signed by the same key before, and a signed one is not changed without the
 *key. ERR_USAGE if `out` is in the tree: what is written there would be packed the next time.
 **result becomes
 *
 *	{"python", "triple", "date", "options",
 *	 "archives": [{"name", "path", "size", "bytes", "entries", "sha256"}],
 *	 "left_out": [{"name", "why"}],
 *	 "public_key": what verifies the signature, if there is one}
 */
int pack_write(
	struct package *p, const struct pack_write *options, json_t **result, struct err *err);
/* What people read of it; to be freed. */
struct doc *pack_page(const json_t *result);

/* Writes FOLDER/downloads.json, uv's list of downloads, with an entry for each Python of which the
 * folder has an archive: the newest, stripped before whole before full. Entries of others that
 * stand in the file stay; those below the same URL whose archive is gone are dropped. URLs are
 * below `base_url`, or file:// URLs of the folder when it is NULL. An archive to be entered that is
 * none or not what SHA256SUMS says is an error, and then the file stays as it is. *result becomes
 * the list of what was entered or dropped: [{"key", "file", "url", "sha256", "verified"}, {"key",
 * "file", "url", "dropped"}]; verified: SHA256SUMS names it. */
int pack_index(const char *folder, const char *base_url, struct progress *progress, json_t **result,
	struct err *err);
void pack_index_print(const json_t *result, FILE *out);

struct tar_limits;
/* Does what tar_extract() does, if the digest of `archive` is `sha256`, or, when that is NULL,
 * what SHA256SUMS in the same folder says of it. What is unpacked is the open file that was
 * compared, whatever becomes of its name. *said receives (static) what it was compared with; NULL:
 * neither names it. */
int pack_unpack(const char *archive, const char *sha256, const char *dir, int strip,
	const struct tar_limits *limits, const char **said, struct err *err);
/* The same, but what counts is SHA256SUMS with SHA256SUMS.sig beside it, a signature in the form of
 * minisign or signify that `key` made: the name of a file of theirs or of Ed25519 in PEM, or the
 * "RW…" of theirs itself. The archive is not read before that is known. Whatever is missing, or
 * does not belong together, is an error. */
int pack_unpack_signed(const char *archive, const char *key, const char *dir, int strip,
	const struct tar_limits *limits, struct err *err);

/* Compares two trees byte by byte. Appends to `list`, up to `max` in all, an object for each path
 * that differs: {"path", "what", "section", "offset", "first", "second"}; section, offset and bytes
 * (in hexadecimal) are there for contents. Returns how many paths differ, or -1. Times and owners
 * are not compared; executable bits are. Left out are solder build's own key, which no archive
 * holds, and the bills of materials, which only archives hold. */
int pack_compare(const char *first, const char *second, size_t max, json_t *list, struct err *err);
/* The same for two archives with different digests, which are unpacked below `scratch` for that; a
 * path is "ARCHIVE: PATH". That they differ though no file does is said, too. */
int pack_compare_archives(const char *first, const char *second, const char *scratch, size_t max,
	json_t *list, struct err *err);

#endif
