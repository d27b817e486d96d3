/* Private to the pack room. */
#ifndef SOLDER_PACK_PACK_INTERNAL_H
#define SOLDER_PACK_PACK_INTERNAL_H

#include "tar/tar.h"
#include "base/buf.h"
#include "python/python.h"
#include "pack/pack.h"
#include "sign/sign.h"

/* Lets solder build recognise its own output; named after the steps, not the content. */
#define KEY_FILE "share/solder/key"
#define FILES_FILE "share/solder/files"
#define SBOM_FILE "share/solder/sbom.spdx.json"
#define CYCLONEDX_FILE "share/solder/sbom.cdx.json"

struct package {
	char *dir; /* absolute */
	struct python dist;
	struct py_files files;
	json_t *build; /* build.json */
	json_t *says;  /* reported by the interpreter; keys as in PYTHON.json */
	int64_t epoch;
	char date[16];     /* "20260805" */
	char created[32];  /* "2026-08-05T12:25:43Z" */
	char *triple;      /* "x86_64-unknown-linux-gnu" */
	char *opts;        /* "pgo+lto", "noopt", "freethreaded+pgo" */
	char *flavour;     /* "", "freethreaded-", "debug-": used in the names of small archives */
	char *name;        /* "cpython-3.13.15+20260805-x86_64-unknown-linux-gnu" */
	char *lib_rel;     /* "lib/python3.13" */
	char *config_rel;  /* "lib/python3.13/config-3.13-x86_64-linux-gnu" */
	struct strv tests; /* the standard library's test packages: "test", "idlelib.idle_test" */
};

/* Absolute path of `rel`, relative to the tree's root; the caller frees it. */
char *package_path(const struct package *p, const char *rel);
const char *package_text(const json_t *object, const char *key);
/* Derives an extension module's name from its file name; the caller frees it. */
char *package_module(const char *path);
/* The folder of a test package, relative to the root; the caller frees it. */
char *package_test_folder(const struct package *p, const char *test);

/* What other projects call the machine that the tree is for: as its build was told with --target;
 * else "x86_64-linux-gnu" is x86_64-unknown-linux-gnu. The caller frees it. */
char *package_triple(const struct package *p);
/* Stores the interpreter's answer after checking its form. */
int package_answer(struct package *p, const char *text, size_t len, struct err *err);

/* Finds the folder that holds the build's description, as the interpreter reports it; it must lie
 * in the tree. */
int package_find_config(struct package *p, struct err *err);

/* The packages of ours that a standard library module is linked with: NULL-terminated, or NULL. */
const char *const *package_libraries(const char *module);

/* SPDX identifiers in bills of materials; those beginning with TOOL are tools. */
#define DISTRIBUTION "SPDXRef-distribution"
#define TOOL "SPDXRef-toolchain"

/* The bill of materials of the archive that holds `list`, with the tree as `as`: files are digested
 * as they appear in it, and files that it omits are omitted. The second function converts the first
 * one's result. */
int package_spdx(const struct package *p, const struct tar_list *list, const char *as, json_t **ret,
	struct err *err);
json_t *package_cyclonedx(const json_t *spdx);

/* The text of PYTHON.json; the caller frees it. `full` lists the archive that will hold it: paths
 * are those of the archive. NULL if a file of the config folder cannot be read. */
char *python_json(const struct package *p, const struct tar_list *full, struct err *err);

/* Fills `stripped` with the stripped forms of the tree's files, under their names in `tree`, and
 * `debug` with the debug information removed from them. Files are created in `scratch`. */
int package_strip(const struct package *p, const struct tar_list *tree, const char *scratch,
	unsigned int jobs, struct tar_list *stripped, struct tar_list *debug, struct err *err);

/* Adds CPython's gdb extension where gdb loads it automatically for the interpreter and libpython:
 * next to their files in `debug`. */
void package_add_gdb(
	const struct package *p, const void *script, size_t len, struct tar_list *debug);

/* ---- SHA256SUMS ------------------------------------------------------------------------------ */

#define SUMS_FILE "SHA256SUMS"
#define SIGNATURE_FILE "SHA256SUMS.sig"

struct sum {
	char *name; /* without a leading "./" */
	char hex[SHA256_HEX_SIZE];
};

struct sums {
	struct sum *v;
	size_t n;
	struct strv comments;
};

#define CLEANUP_SUMS CLEANUP(sums_release)

void sums_release(struct sums *s);
/* Accepts every form that `sha256sum -c` does: two spaces, " *", one space (if used throughout the
 * file, as there), "SHA256 (NAME) = DIGEST", escaped names, upper-case digests, CRLF; empty lines
 * and "#" comments. Also accepts a byte order mark. Any other line makes the whole file invalid
 * (ERR_INPUT), since it may be the one that matters. `path` is for messages. */
int sums_parse(const char *text, size_t len, const char *path, struct sums *s, struct err *err);
/* Reads FOLDER/SHA256SUMS. 1: read; 0: no such file. */
int sums_read(const char *folder, struct sums *s, struct err *err);
/* The same, but also fails unless FOLDER/SHA256SUMS.sig is this key's signature of it, or if either
 * file is missing. */
int sums_read_signed(const char *folder, const struct key *key, struct sums *s, struct err *err);
/* 1 and the digest if the list names the file, 0 if not; ERR_INPUT if it has two different digests
 * for it. */
int sums_find(const struct sums *s, const char *folder, const char *name, char hex[SHA256_HEX_SIZE],
	struct err *err);
/* Replaces any entry of that name; NULL removes it. */
void sums_set(struct sums *s, const char *name, const char *hex);
/* Formats as sha256sum does, sorted by name, comments first. */
void sums_text(struct sums *s, struct buf *text);
/* Fails if an archive's digest differs from the one given by `said` (a file, for instance). */
int sums_compare(const char *archive, const char *said, const char *got, const char *wanted,
	struct err *err);

/* ---- publishing ------------------------------------------------------------------------------ */

/* In a journal, the list that is moved before the archives. */
#define FIRST_SUMS_FILE "SHA256SUMS.first"
#define INDEX_FILE "downloads.json"
/* Prefix of scratch folders next to published files. */
#define SCRATCH ".solder-pack"

/* True if a run that was killed, or is still running, left work to finish in the folder. */
bool publish_is_pending(const char *folder);
/* Finishes that work and reports it. The caller holds the folder's lock. ERR_ENVIRONMENT if another
 * user created the journal or could change it. */
int publish_complete(const char *folder, struct progress *progress, struct err *err);
/* Publishes the files in `stage`, a folder of mode 0700 on the same file system, each already
 * synced; consumes `stage`. The caller holds the folder's lock, and nothing is pending; after a
 * failure, something may be. */
int publish_commit(const char *stage, const char *folder, struct err *err);

/* An archive being replaced by another of the same name. */
struct renewal {
	const char *name, *old, *hex;
};

/* If FOLDER/downloads.json has digests of replaced archives, writes an updated copy to `path`. An
 * unreadable one is left for pack_index() to report. */
int index_renew(const char *folder, const struct renewal *renewals, size_t n, const char *path,
	struct err *err);

#endif
