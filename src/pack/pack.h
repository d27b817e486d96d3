/* Packs a finished distribution into archives that others can install without changes.
 *
 * pack_open() reads the tree's own description and queries its interpreter for the rest. No other
 * input is used, so the same tree gives the same archives on any machine:
 *
 *	NAME-BUILDOPTIONS-full.tar.zst         python/PYTHON.json, build, install, licenses
 *	NAME-install_only.tar.gz               the tree as python/, without CPython's own tests
 *	NAME-install_only_stripped.tar.gz      the same without debug information …
 *	NAME-debug.tar.zst                     … which is here, by build-id
 *	SHA256SUMS                             of these, and of earlier archives in the folder
 *	SHA256SUMS.sig                         its signature, if requested
 *
 * NAME is cpython-VERSION+DATE-TRIPLE, where DATE is that of the source. Every tree holds a bill of
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

/* `dir` must be a distribution built by solder; otherwise ERR_INPUT. */
int pack_open(const char *dir, struct package **ret, struct err *err);
void pack_free(struct package *p);
void cleanup_package(struct package **p);

/* The tree's shared libpython, or NULL if it has none. `build` of struct pack_write must be the
 * folder that it was linked in. */
const char *pack_libpython(const struct package *p);
/* share/solder/build.json, borrowed. */
const json_t *pack_build(const struct package *p);

/* `build` is the folder of objects and Makefile left by the compile step, `build_root` its path
 * during the build. */
struct pack_write {
	const char *out;   /* output folder; created */
	const char *build; /* objects and Makefile of the compile; NULL: no full archive */
	const char *build_root;
	/* Tools/gdb/libpython.py of CPython's source, shipped with the debug information; NULL:
	 * omit. */
	const char *gdb_script;
	size_t gdb_script_len;
	const char *scratch; /* empty folder for stripped files; the caller removes it */
	/* `sign` is the file name of a secret key that signs SHA256SUMS: minisign, signify without
	 * a password, or Ed25519 in PEM; NULL: do not sign. `password` names the file with its
	 * password, or is NULL. */
	const char *sign, *password;
	bool without_archive_library;
	bool cyclonedx;
	int level;         /* see tar_write() */
	unsigned int jobs; /* number of concurrent archives and threads */
	struct progress *progress;
};

/* Writes all archives and SHA256SUMS. No archive gets its final name before all are ready, and a
 * failure leaves nothing behind. If a run is killed while renaming, the next one that writes there
 * finishes the job. At every moment SHA256SUMS is correct for each archive there that it names. An
 * existing archive with the same name and different content is replaced, with a warning and
 * "replaces_other": true in the result; so is its digest in downloads.json.
 *
 * A signature of SHA256SUMS vouches for everything that it names. A list that names other archives
 * is therefore only signed if the same key had signed it before, and a signed list is not changed
 * without the key. ERR_USAGE if `out` is inside the tree: its content would be packed the next
 * time. The result is
 *
 *	{"python", "triple", "date", "options",
 *	 "archives": [{"name", "path", "size", "bytes", "entries", "sha256"}],
 *	 "left_out": [{"name", "why"}],
 *	 "public_key": what verifies the signature, if there is one}
 */
int pack_write(
	struct package *p, const struct pack_write *options, json_t **result, struct err *err);
/* The human-readable form; the caller frees it. */
struct doc *pack_page(const json_t *result);

/* Writes FOLDER/downloads.json, uv's list of downloads, with one entry for each Python that has an
 * archive in the folder: the newest one, preferring stripped to whole, and whole to full. Entries
 * from elsewhere stay; those below the same URL whose archive is gone are dropped. URLs are below
 * `base_url`, or file:// URLs of the folder if it is NULL. If an archive to be listed is not an
 * archive or does not match SHA256SUMS, this fails and leaves the file unchanged. *result becomes
 * the list of added or dropped entries: [{"key", "file", "url", "sha256", "verified"}, {"key",
 * "file", "url", "dropped"}]; "verified" means that SHA256SUMS names it. */
int pack_index(const char *folder, const char *base_url, struct progress *progress, json_t **result,
	struct err *err);
void pack_index_print(const json_t *result, FILE *out);

struct tar_limits;
/* Like tar_extract(), after checking that the digest of `archive` is `sha256` or, if that is NULL,
 * the one in SHA256SUMS in the same folder. It extracts the very file that was checked, even if its
 * name is reassigned meanwhile. *said receives (static) what the digest was compared with; NULL:
 * neither gave one. */
int pack_unpack(const char *archive, const char *sha256, const char *dir, int strip,
	const struct tar_limits *limits, const char **said, struct err *err);
/* The same, but trusts SHA256SUMS only with SHA256SUMS.sig next to it, a minisign or signify
 * signature by `key`: the name of a minisign, signify or Ed25519 PEM file, or the "RW…" text
 * itself. The archive is not read before that is verified. Missing or mismatched parts are
 * errors. */
int pack_unpack_signed(const char *archive, const char *key, const char *dir, int strip,
	const struct tar_limits *limits, struct err *err);

/* Compares two trees byte by byte. Appends to `list`, up to `max` in all, an object for each path
 * that differs: {"path", "what", "section", "offset", "first", "second"}; section, offset and bytes
 * (in hexadecimal) are set for differing contents. Returns the number of differing paths, or -1.
 * Ignores times and owners, but not executable bits. Skips solder build's own key, which no archive
 * holds, and the bills of materials, which only archives hold. */
int pack_compare(const char *first, const char *second, size_t max, json_t *list, struct err *err);
/* The same for two archives with different digests, which are unpacked below `scratch`; paths read
 * "ARCHIVE: PATH". If the archives differ but no file does, that is reported too. */
int pack_compare_archives(const char *first, const char *second, const char *scratch, size_t max,
	json_t *list, struct err *err);

#endif
