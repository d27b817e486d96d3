/* Between the files of this room. */
#ifndef SOLDER_PACK_PACK_INTERNAL_H
#define SOLDER_PACK_PACK_INTERNAL_H

#include "tar/tar.h"
#include "base/buf.h"
#include "python/python.h"
#include "pack/pack.h"

/* By which solder build knows what it made; named after the steps, not the content. */
#define KEY_FILE "share/solder/key"
#define FILES_FILE "share/solder/files"
#define SBOM_FILE "share/solder/sbom.spdx.json"
#define CYCLONEDX_FILE "share/solder/sbom.cdx.json"

struct package {
	char *dir; /* absolute */
	struct python dist;
	struct py_files files;
	json_t *build; /* build.json */
	json_t *says;  /* of the interpreter; the keys are those of PYTHON.json */
	int64_t epoch;
	char date[16];     /* "20260805" */
	char created[32];  /* "2026-08-05T12:25:43Z" */
	char *triple;      /* "x86_64-unknown-linux-gnu" */
	char *opts;        /* "pgo+lto", "noopt", "freethreaded+pgo" */
	char *flavour;     /* "", "freethreaded-", "debug-": in the names of small archives */
	char *name;        /* "cpython-3.13.15+20260805-x86_64-unknown-linux-gnu" */
	char *lib_rel;     /* "lib/python3.13" */
	char *config_rel;  /* "lib/python3.13/config-3.13-x86_64-linux-gnu" */
	struct strv tests; /* the standard library's test packages: "test", "idlelib.idle_test" */
};

/* A file of the tree below its root, to be freed. */
char *package_path(const struct package *p, const char *rel);
const char *package_text(const json_t *object, const char *key);
/* The name of an extension module from that of its file, to be freed. */
char *package_module(const char *path);
/* The folder of a test package, below the root; to be freed. */
char *package_test_folder(const struct package *p, const char *test);

/* Takes what the interpreter answered, which must be of the right form. */
int package_answer(struct package *p, const char *text, size_t len, struct err *err);

/* The folder where the build left what describes it, by what the interpreter says: one of the tree
 * itself. */
int package_find_config(struct package *p, struct err *err);

/* Which of our packages a module of the standard library has linked in: NULL-terminated, or
 * NULL. */
const char *const *package_libraries(const char *module);

/* In a bill of materials; what begins with the second is a tool. */
#define DISTRIBUTION "SPDXRef-distribution"
#define TOOL "SPDXRef-toolchain"

/* The bill of materials of the archive that holds `list`, with the tree as `as`: files are digested
 * as they are there, and what the archive leaves out is left out. The second form is made from the
 * first. */
int package_spdx(const struct package *p, const struct tar_list *list, const char *as, json_t **ret,
	struct err *err);
json_t *package_cyclonedx(const json_t *spdx);

/* The text of PYTHON.json, to be freed. `full` is the list of the archive that it stands in: paths
 * are listed as they are there. NULL if a file of the config folder cannot be read. */
char *python_json(const struct package *p, const struct tar_list *full, struct err *err);

/* Fills `stripped` with names of the tree's files as they are in `tree` and their stripped forms,
 * and `debug` with what was taken out of them. Files are made in `scratch`. */
int package_strip(const struct package *p, const struct tar_list *tree, const char *scratch,
	unsigned int jobs, struct tar_list *stripped, struct tar_list *debug, struct err *err);

/* Adds CPython's extension of gdb, where gdb loads it for the interpreter and libpython by itself:
 * beside what `debug` holds of them. */
void package_add_gdb(
	const struct package *p, const void *script, size_t len, struct tar_list *debug);

/* ---- keys and signatures
 * ------------------------------------------------------------------------- */

struct key {
	unsigned char id[8]; /* chosen when the key was made; it only says which key to take */
	bool has_id;         /* not in PEM */
	unsigned char public[32];
	unsigned char seed[32]; /* the secret */
};

#define CLEANUP_KEY CLEANUP(key_release)

/* Overwrites the secret. */
void key_release(struct key *k);
/* A secret key of `minisign -G` or `signify -G -n`, or PEM (PKCS #8). `password` names a file whose
 * first line opens it; may be NULL. Files that others can read are refused. */
int key_read_secret(const char *path, const char *password, struct key *k, struct err *err);
/* The same of a text; `password` is the word itself, or NULL. `path` is for messages. */
int key_parse_secret(const char *text, size_t len, const char *path, const char *password,
	struct key *k, struct err *err);
/* A public key: a file of minisign or signify, PEM, or the 56 characters ("RW…") themselves. */
int key_read_public(const char *given, struct key *k, struct err *err);
int key_parse_public(
	const char *text, size_t len, const char *path, struct key *k, struct err *err);
/* "RW…", as `minisign -P` takes it; to be freed. */
char *key_public_text(const struct key *k);

/* The same key, text and comment always give the same bytes. */
int sign_text(const struct key *k, const char *text, size_t len, const char *comment,
	struct buf *signature, struct err *err);
/* Is `signature` (a file's content, `path` for messages) one of this key over the text? Else
 * ERR_INPUT. */
int sign_verify(const struct key *k, const char *text, size_t len, const char *signature,
	size_t signature_len, const char *path, struct err *err);

/* To be freed. */
char *base64_text(const void *data, size_t n);
/* Exactly n bytes, without a blank or anything else around them. */
bool base64_bytes(const char *text, void *out, size_t n);
/* "A545CEA3E8DF0118", as minisign shows it. */
void key_id_text(const unsigned char id[8], char text[17]);

/* ---- SHA256SUMS
 * ---------------------------------------------------------------------------------- */

#define SUMS_FILE "SHA256SUMS"
#define SIGNATURE_FILE "SHA256SUMS.sig"

struct sum {
	char *name; /* without a leading "./" */
	char hex[SHA256_HEX_SIZE];
};

struct sums {
	struct sum *v;
	size_t n, cap;
	struct strv comments;
};

#define CLEANUP_SUMS CLEANUP(sums_release)

void sums_release(struct sums *s);
/* Every form that `sha256sum -c` takes: two blanks, " *", one blank (in the whole file, as there),
 * "SHA256 (NAME) = DIGEST", escaped names, digests in capitals, CRLF; empty lines and "#" comments.
 * Further a byte order mark. A line in no such form makes the whole file unreadable (ERR_INPUT):
 * it may be the one that counts. `path` is for messages. */
int sums_parse(const char *text, size_t len, const char *path, struct sums *s, struct err *err);
/* FOLDER/SHA256SUMS. 1: read; 0: there is none. */
int sums_read(const char *folder, struct sums *s, struct err *err);
/* The same, if FOLDER/SHA256SUMS.sig is this key's signature of it; that either is missing is an
 * error, too. */
int sums_read_signed(const char *folder, const struct key *key, struct sums *s, struct err *err);
/* 1 and the digest if it names the file, 0 if not; ERR_INPUT if it has two digests of it. */
int sums_find(const struct sums *s, const char *folder, const char *name, char hex[SHA256_HEX_SIZE],
	struct err *err);
/* In place of others of that name; NULL: takes the name out. */
void sums_set(struct sums *s, const char *name, const char *hex);
/* As sha256sum writes it, sorted by name, comments first. */
void sums_text(struct sums *s, struct buf *text);
/* Fails if an archive's digest is not the one that `said` (a file, say) has. */
int sums_compare(const char *archive, const char *said, const char *got, const char *wanted,
	struct err *err);

/* ---- publishing
 * ---------------------------------------------------------------------------------- */

/* The list in a journal that comes before the archives. */
#define FIRST_SUMS_FILE "SHA256SUMS.first"
#define INDEX_FILE "downloads.json"
/* Of scratch folders beside what is published. */
#define SCRATCH ".solder-pack"

/* Has a run that was killed, or still runs, left something to be done in the folder? */
bool publish_is_pending(const char *folder);
/* Does it, and says so. The folder is locked by the caller. ERR_ENVIRONMENT if somebody else made
 * the journal, or could change it. */
int publish_complete(const char *folder, struct progress *progress, struct err *err);
/* `stage`, a folder of mode 0700 on the same file system, holds the files, each synced; it is gone
 * afterwards. The folder is locked, and nothing is pending. After a failure something may be. */
int publish_commit(const char *stage, const char *folder, struct err *err);

/* An archive that is replaced by another of the same name. */
struct renewal {
	const char *name, *old, *hex;
};

/* If FOLDER/downloads.json has digests of archives that are replaced, writes one with the new ones
 * to `path`. What it cannot read it leaves to pack_index() to complain of. */
int index_renew(const char *folder, const struct renewal *renewals, size_t n, const char *path,
	struct err *err);

#endif
