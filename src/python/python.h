/* A Python installation as found on a machine: ours, a distribution's, pyenv's, conda's, a venv.
 *
 * py_find() takes whatever a user would name (an interpreter, a prefix, a virtual environment, a
 * name on PATH) and follows it to the real files, keeping a trail of every hop. Facts in files are
 * read from the files; facts only the interpreter knows (sysconfig, paths) are asked of the
 * interpreter itself, isolated (-I -S, empty environment, limits on time and output). If it cannot
 * run, for example because it is for another machine, `runs` is false, `why_not` has the reason,
 * and everything that depends on its answers is NULL.
 *
 *	CLEANUP_PYTHON struct python dist = {0};
 *
 *	if (py_find("python3.11", &dist, err) < 0)
 *		return -1;
 */
#ifndef SOLDER_PYTHON_H
#define SOLDER_PYTHON_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "code/code.h"
#include "elf/elf.h"
#include "report/report.h"
#include "report/json.h"

/* How the interpreter is linked to libpython. */
enum py_link {
	PY_LINK_UNKNOWN, /* neither: a launcher, a script, a stripped-down build */
	PY_LINK_STATIC,  /* libpython is in the executable */
	PY_LINK_SHARED,  /* the executable needs libpython*.so */
	PY_LINK_DUAL,    /* the executable is the library: one file to run and to link against */
};

struct python {
	char *given;       /* as requested by the caller */
	struct strv trail; /* one sentence per hop: "'…/shims/python3' is pyenv's shim:
			      version 3.11.7 is selected" */
	char *venv;        /* the virtual environment that was named, or NULL */
	char *interpreter; /* ELF file, all links resolved */
	char *prefix; /* sys.base_prefix; derived from the path of the interpreter if it does not
			 run */
	bool system;  /* the prefix is shared with other software (/usr, /usr/local): only Python's
			 own files below it belong to the installation */

	bool answers; /* the ELF file shows no sign of a Python, but answered as one when started */
	bool no_run;  /* running it was not allowed: the rest is from files */
	bool runs;
	char *why_not; /* NULL if it runs */
	/* "qemu-aarch64": the interpreter is for another machine, and answered through this
	 * emulator, as py_run() goes through it, too. What the interpreter starts in turn does not,
	 * and its times mean nothing: `runs` is false. NULL: not so. */
	const char *emulator;
	int major, minor, micro;
	char *version;  /* "3.13.15", "3.15.0b1" */
	char *series;   /* "3.13" */
	char *abiflags; /* "", "t", "d", … */
	char *stdlib;   /* …/lib/python3.13 */
	char *dynload;  /* …/lib-dynload, or NULL */
	/* Its own answers; NULL if it does not run. The objects include "config_vars" from
	 * sysconfig.get_config_vars() and "paths" from sysconfig.get_paths(); "builtins" is a
	 * list. */
	json_t *says;

	enum py_link link;
	bool musl;              /* its loader is musl's */
	char *soname;           /* of the interpreter; NULL: it has none, as is usual */
	char *libpython_shared; /* the library shipped with it (its real path), or NULL */
	char *libpython_static; /* the libpython*.a shipped with it, or NULL */
	/* The file that the system's loader maps for the interpreter's DT_NEEDED libpython, and the
	 * rule that leads to it ("DT_RPATH of …", "/etc/ld.so.cache"); NULL if none is needed or
	 * found. */
	char *libpython_loaded;
	char *libpython_loaded_why;
};

#define CLEANUP_PYTHON CLEANUP(py_release)

int py_find(const char *what, struct python *dist, struct err *err);
/* Like py_find(), from files only: runs neither the Python nor a script that starts one. */
int py_find_unrun(const char *what, struct python *dist, struct err *err);
void py_release(struct python *dist);

/* A config variable as text: strings as they are, numbers in decimal; NULL if not set. The text
 * lives as long as the dist. Not thread-safe. */
const char *py_config(const struct python *dist, const char *name);

/* "static", "shared", "dual", "unknown". */
const char *py_link_name(enum py_link link);

/* Derived from one file's facts only. */
enum py_link py_link_of(const struct elf_facts *facts);

/* True if a static or dual interpreter has the SONAME of the libpython that ships with it: glibc's
 * loader then takes the interpreter for whoever asks for libpython by that name. musl's does not.
 */
bool py_answers(const struct python *dist);

/* True if it can be run: by itself, or through an emulator of its machine. */
bool py_runs(const struct python *dist);

/* True if the ELF file at `path` is meant to start Python, judging by the functions it calls or by
 * its name. */
bool py_is_interpreter(const char *path, const struct elf_facts *facts);

/* True if an entry of DT_NEEDED, or a SONAME, names libpython ("libpython3.13.so.1.0", also as a
 * path). The stub counts only if `stub` is true. */
bool py_is_libpython(const char *name, bool stub);

/* "PyPy", "GraalPy", …: as reported by itself, or from its name if it does not run; NULL for
 * CPython, whose rules apply to no other. */
const char *py_other_implementation(const struct python *dist);

/* A program that runs in a Python until it exits, with nothing on stdin and a minimal
 * environment. */
struct py_program {
	const char *interpreter;
	const char *options;     /* separated by blanks, such as PY_ISOLATED; may be NULL */
	const char *code;        /* NULL: none, for options that need no code */
	const struct strv *args; /* sys.argv[1:]; may be NULL */
	const struct strv *env;  /* the entire environment; NULL: proc_ask_environment(), with
				    LD_LIBRARY_PATH */
	const char *cwd;         /* NULL: "/" */
	bool with_stderr;        /* capture stderr with stdout; otherwise discard it */
	size_t max_output;       /* more is an error; 0: 64 KiB */
	unsigned int limit_ms;   /* 0: 30 seconds */
};
/* Isolated, without site, and without writing bytecode. */
#define PY_ISOLATED "-I -S -B"

/* The environment for running pip: its own configuration decides where packages come from. `tmp` is
 * its folder for temporary files; NULL: ours. */
void py_pip_environment(const char *tmp, struct strv *env);

/* Fails like proc_run(); `output` is set even on failure. */
int py_run(const struct py_program *program, struct buf *output, struct err *err);
/* Asks an interpreter started like this (`how` without code) where it finds itself. Adds its
 * prefix, the folder of its standard library and, if there is one, the libpython it maps. */
int py_home(const struct py_program *how, struct strv *lines, struct err *err);

/* The role of a file in the installation. */
enum py_role {
	PY_ROLE_INTERPRETER,
	PY_ROLE_LIBPYTHON,
	PY_ROLE_STUB, /* libpython3.so and the like, which only refer to the real one */
	PY_ROLE_EXTENSION,
	PY_ROLE_LIBRARY,    /* any other shared object */
	PY_ROLE_EXECUTABLE, /* any other program */
	PY_ROLE_OBJECT,     /* for a linker or a debugger; never in an installation's list */
};

/* One ELF file, or a file that should be one. */
struct py_file {
	char *path;
	char *rel; /* below the prefix, or the absolute path if outside it */
	enum py_role role;
	bool site; /* below site-packages or dist-packages: installed, not shipped */
	struct elf_facts facts;
	char *problem; /* why `facts` is empty, else NULL */
	bool unread;   /* the system failed to read it: the file itself may be fine */
};

struct py_files {
	struct py_file *v; /* sorted by rel */
	size_t n;
};

/* Reads every ELF file of the installation that a loader may map (so neither objects nor companions
 * with debug information only), not following links, on all processors. A bad file or an unreadable
 * folder gets a `problem`; the rest goes on. Of a `system` prefix, reads only the interpreter, its
 * libpython, its standard library and its site-packages. */
int py_files_read(const struct python *dist, struct py_files *files, struct err *err);
void py_files_release(struct py_files *files);

/* The same in two steps, for callers that read file by file: list all regular files that may be ELF
 * files, then read each. py_file_read() returns false for a file that neither is ELF nor has the
 * name of one and, in an installation, for a file that no loader maps. Several threads may call it
 * for different files. The list already has facts.file_size, for progress. `dist` is NULL for a
 * plain folder, where `rel` is below the folder and objects count too. */
int py_files_list(const struct python *dist, struct py_files *files, struct err *err);
int py_folder_list(const char *dir, struct py_files *files, struct err *err);
bool py_file_read(const struct python *dist, struct py_file *file);
#define CLEANUP_PYTHON_FILES CLEANUP(py_files_release)

const char *py_role_name(enum py_role role);

/* The part of the path after "FOLDER/"; NULL if it is elsewhere. */
const char *py_below(const char *folder, const char *path);
/* Makes the folder `root` a prefix: a copy of the interpreter at `python` in ROOT/bin, and links to
 * everything next to the original's bin. */
int py_copy(const struct python *dist, const char *root, const char *python, struct err *err);
/* Then copies the libpython it loads, if that is below the prefix, to the same place below `root`;
 * the folders on the way become real ones, filled with links. Python derives its prefix from the
 * path of that file. */
int py_copy_library(const struct python *dist, const char *root, struct err *err);

/* True if the folder holds a Python as prefixes do (bin/python3), possibly below python/ or
 * install/. */
bool py_has_python(const char *dir);

/* The normalized name of a PyPI project (n bytes): lower case, words joined by single dashes (PEP
 * 503). The caller frees it. */
char *py_project_name(const char *name, size_t n);

/* Loads a JSON file of at most 16 MiB; NULL if it cannot be read or is not JSON. */
json_t *py_json_load(const char *path, struct err *err);
/* "R_X86_64_RELATIVE", "type 99"; the caller frees it. */
char *py_reloc_text(uint16_t machine, uint32_t type);

/* All facts as JSON objects with the field names as keys. py_elf_json() has every fact of a file,
 * including the names of all exported and undefined symbols. */
json_t *py_json(const struct python *dist);
json_t *py_file_json(const struct py_file *file);
json_t *py_elf_json(const struct elf_facts *facts);
json_t *py_code_json(const struct code_counts *code);
json_t *py_archive_json(const struct elf_archive_facts *facts);
/* The facts about the artifacts of a distribution built by solder: {"distribution": {"path", …},
 * "artifacts": [{"name", "file", "size", …}]}. */
int py_artifacts_json(const char *dir, json_t **ret, struct err *err);

/* The output of `solder inspect`: about an ELF file, a static library, a folder, or a Python. */
struct py_inspect {
	const char *file; /* page of each file whose path matches; NULL: none */
	bool all;         /* page of every file */
	bool symbols;     /* pages include symbol names */
	bool code;        /* disassemble every file, not only the interpreter and libpython */
	bool alone;       /* the file or folder itself, not the Python it belongs to */
	bool no_run;
};
/* The document is in *ret. JSON is written to `json` (may be NULL) as files are read. */
int py_inspect(const char *what, const struct py_inspect *how, FILE *json, struct doc **ret,
	struct err *err);

/* Where the loader of the GNU C library would find `needed` for the file at `path`, loaded by the
 * chain of `n_chain` files that starts with the executable and ends with the file itself. Order:
 * DT_RPATH up the chain unless a DT_RUNPATH forbids it, LD_LIBRARY_PATH, DT_RUNPATH, ld.so.cache,
 * the default folders, each with its glibc-hwcaps for this processor first. Skips files of another
 * class or machine. *found is NULL if it would not be found. The caller frees both. `why` names the
 * rule, or the obstacle.
 *
 * The default folders, $LIB and the processor's levels are obtained from the loader that the first
 * file names (ld.so --list-diagnostics, glibc 2.33), else assumed. Not implemented: DF_1_NODEFLIB,
 * the older subfolders for processors ("haswell", before glibc 2.37), and libraries already loaded
 * under the same name. musl's loader has its own order: *found is NULL. */
struct py_chain {
	const char *path;
	const struct elf_facts *facts;
};
int py_loader_find(const struct py_chain *chain, size_t n_chain, const char *needed, char **found,
	char **why, struct err *err);

/* The same with files that are not on disk. `at` says whether it decides what is at a path, and
 * gives the facts of the ELF file there, or NULL: there is none. Of the facts `bits` and `machine`
 * count. `view` may be NULL. */
struct py_view {
	bool (*at)(const void *ctx, const char *path, const struct elf_facts **facts);
	const void *ctx;
};
int py_loader_find_in(const struct py_view *view, const struct py_chain *chain, size_t n_chain,
	const char *needed, char **found, char **why, struct err *err);

/* Expands $ORIGIN, $LIB and $PLATFORM, as the loader does, in an entry of DT_NEEDED or in one
 * folder of a search path, of the last file of the chain. NULL if the loader has no value for
 * one. */
char *py_loader_expand(const struct py_chain *chain, size_t n_chain, const char *text);
/* True if the text starts with $ORIGIN (or ${ORIGIN}), as the loader parses it. */
bool py_begins_with_origin(const char *text);
/* True if the library, once loaded, satisfies that name in DT_NEEDED ($… expanded): by its SONAME
 * or by the path it was loaded from, either exactly. */
bool py_loader_answers(const struct py_chain *library, const char *needed);

#endif
