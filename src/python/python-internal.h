/* Shared by the files of this room; private to it. */
#ifndef SOLDER_PYTHON_INTERNAL_H
#define SOLDER_PYTHON_INTERNAL_H

#include "python/python.h"

/* Limit on links, scripts and environments between a name and its ELF file. */
#define PY_MAX_HOPS 40

/* Follows `what` to the interpreter's ELF file; fills trail and venv. The caller frees *ret. */
int py_follow(const char *what, struct python *dist, char **ret, struct err *err);

/* The interpreter in a folder that is a prefix or a virtual environment, without resolving links;
 * NULL if none. */
char *py_python_below(const char *dir);

/* Values of a pyvenv.cfg; NULL if not set. */
struct pyvenv {
	char *home;
	char *executable;
};
#define CLEANUP_PYVENV CLEANUP(pyvenv_release)
void pyvenv_parse(const char *text, struct pyvenv *cfg);
void pyvenv_release(struct pyvenv *cfg);

/* The PYENV_ROOT that the script sets if it is a pyenv shim; else NULL. */
char *pyenv_shim_root(const char *script);
/* The path that `pyenv which program` would print, by the same rules but without its hooks, with
 * the reasons in `trail`. */
int pyenv_which(
	const char *root, const char *program, char **ret, struct strv *trail, struct err *err);

/* True if the last component of the path is a Python's name. */
bool py_python_name(const char *path);

/* True if the ELF file calls, or defines, the functions that start CPython. */
bool py_starts_python(const struct elf_facts *facts);

/* The file that ends up running when the program at `path` is started, as reported by the Python
 * that answers, started isolated. The second attempt drops the options that Python 2 does not
 * know. */
int py_ask_started(const char *path, char **exe, struct err *err);

/* True for the loader of musl, by its path (may be NULL). */
bool py_is_musl(const char *interp);

/* Runs the interpreter and keeps its answers; if it does not run, sets why_not. -1 only on an
 * interrupt. */
int py_ask(struct python *dist, const struct elf_facts *facts, struct err *err);

/* ld.so.cache: the libraries of the new format, in file order. ldcache_next() returns 1, or 0 after
 * the last one; the strings end inside the data. Both return -1 if the data is malformed; only the
 * size of the data limits what they accept. */
struct ldcache {
	const uint8_t *p;
	size_t n;
	const uint8_t *hwcaps; /* table of offsets of names */
	size_t n_hwcaps;
	uint32_t count, next;
};
struct ldcache_entry {
	int32_t flags;
	const char *soname, *path;
	const char *hwcaps; /* subfolder of glibc-hwcaps, or NULL */
	uint64_t hwcap;     /* the older mechanism; 0: any processor */
};
int ldcache_open(const void *data, size_t len, struct ldcache *ret, struct err *err);
int ldcache_next(struct ldcache *c, struct ldcache_entry *ret, struct err *err);

void py_file_release(struct py_file *file);

/* A file, with what inspect knows beyond its own facts. */
struct py_item {
	struct py_file file;
	bool wants_code; /* false: do not disassemble */
	bool has_code;
	struct code_counts code;
	char *code_problem; /* why there are no counts although they were wanted */
	json_t *libraries;  /* [{"needed", "found", "why"}] */
};
/* The page of one file; that of a static library. */
void py_item_page(struct doc *doc, const struct py_item *item, bool symbols);
void py_archive_page(struct doc *doc, uint64_t size, const struct elf_archive_facts *facts);
/* The sites of up to PY_CODE_MAX files with code, side by side, and a chart of their calls. */
enum { PY_CODE_MAX = 2 };
void py_code_page(
	struct doc *doc, const struct py_item *const *items, const char *const *titles, size_t n);
/* A chart of file sizes. Sorts them, largest first. */
struct py_size {
	char *name;
	uint64_t size;
};
void py_sizes_picture(struct doc *doc, struct py_size *sizes, size_t n);

#endif
