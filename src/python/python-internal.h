/* What the files of the dist room share. */
#ifndef SOLDER_PYTHON_DIST_INTERNAL_H
#define SOLDER_PYTHON_DIST_INTERNAL_H

#include "python/python.h"

/* Links, scripts and environments between a name and its ELF file. */
#define PY_MAX_HOPS 40

/* Follows `what` to the interpreter's ELF file; fills trail and venv. The caller frees *ret. */
int py_follow(const char *what, struct python *dist, char **ret, struct err *err);

/* The interpreter that a folder holds as a prefix or an environment, links left alone; NULL if
 * none. */
char *py_python_below(const char *dir);

/* What a pyvenv.cfg says; NULL where it is silent. */
struct pyvenv {
	char *home;
	char *executable;
};
#define CLEANUP_PYVENV CLEANUP(pyvenv_release)
void pyvenv_parse(const char *text, struct pyvenv *cfg);
void pyvenv_release(struct pyvenv *cfg);

/* The PYENV_ROOT that a script sets if it is one of pyenv's shims; NULL if it is none. */
char *pyenv_shim_root(const char *script);
/* What `pyenv which program` would print, by the same rules but without its hooks, and why. */
int pyenv_which(
	const char *root, const char *program, char **ret, struct strv *trail, struct err *err);

/* Is the last part of the path what a Python is called? */
bool py_python_name(const char *path);

/* Does the ELF file call, or have, what starts a CPython? */
bool py_starts_python(const struct elf_facts *facts);

/* The file that runs when the program at `path` is started, asked isolated from the Python that
 * then answers; options that Python 2 does not know are left out the second time. */
int py_ask_started(const char *path, char **exe, struct err *err);

/* Runs the interpreter and keeps what it says; one that does not run leaves why_not. -1 only on an
 * interrupt. */
int py_ask(struct python *dist, const struct elf_facts *facts, struct err *err);

/* ld.so.cache: the libraries of the new format in the file's order. ldcache_next() returns 1, and 0
 * after the last one; the strings end inside the data. Both return -1 for what is no such file;
 * ceilings and bounds are those of the bytes. */
struct ldcache {
	const uint8_t *p;
	size_t n;
	const uint8_t *hwcaps; /* offsets of names */
	size_t n_hwcaps;
	uint32_t count, next;
};
struct ldcache_entry {
	int32_t flags;
	const char *soname, *path;
	const char *hwcaps; /* the subfolder of glibc-hwcaps, or NULL */
	uint64_t hwcap;     /* the older way of saying so; 0: any processor */
};
int ldcache_open(const void *data, size_t len, struct ldcache *ret, struct err *err);
int ldcache_next(struct ldcache *c, struct ldcache_entry *ret, struct err *err);

void py_file_release(struct py_file *file);

/* What inspect knows of a file beyond its own facts. */
struct py_item {
	struct py_file file;
	bool wants_code; /* else it is not disassembled */
	bool has_code;
	struct code_counts code;
	char *code_problem; /* why not, when it was wanted */
	json_t *libraries;  /* [{"needed", "found", "why"}] */
};
/* The page of one file, of a static library. */
void py_item_page(struct doc *doc, const struct py_item *item, bool symbols);
void py_archive_page(struct doc *doc, uint64_t size, const struct elf_archive_facts *facts);
/* The sites of up to so many files with code, next to each other, and a picture of their calls. */
enum { PY_CODE_MAX = 2 };
void py_code_page(
	struct doc *doc, const struct py_item *const *items, const char *const *titles, size_t n);
/* A picture of the files' sizes. Sorts them, the largest first. */
struct py_size {
	char *name;
	uint64_t size;
};
void py_sizes_picture(struct doc *doc, struct py_size *sizes, size_t n);

#endif
