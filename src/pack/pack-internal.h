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

/* sys and sysconfig, from the interpreter itself. */
int package_ask(struct package *p, struct err *err);
/* What it answered, which must be of the right form. */
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

/* objects, archives, Makefile and how to link them. */
int package_add_build(const struct pack_write *o, struct tar_list *full, struct err *err);

#endif
