/* A Python installation as found on a machine: ours, a distribution's, pyenv's, conda's, a venv.
 *
 * py_find() takes what a person would name (an interpreter, a prefix, a virtual environment, a
 * name on PATH) and follows it to the real files, keeping a trail of every hop. What the files
 * say is read from the files; what only the interpreter knows (sysconfig, paths) is asked of the
 * interpreter itself, isolated (-I -S, empty environment, limits of time and output). One that
 * cannot be run, because it is for another machine say, leaves `runs` false with the reason, and
 * everything that depends on it NULL.
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

/* How the interpreter gets at libpython. */
enum py_link {
	PY_LINK_UNKNOWN, /* neither form: a launcher, a script, a stripped-down build */
	PY_LINK_STATIC,  /* libpython is in the executable */
	PY_LINK_SHARED,  /* the executable needs libpython*.so */
	PY_LINK_DUAL,    /* the executable is the library: one file that runs and is linked */
};

struct python {
	char *given;       /* what was asked for */
	struct strv trail; /* each hop as a sentence: "'…/shims/python3' is pyenv's shim: version
			      3.11.7 is selected" */
	char *venv;        /* the virtual environment that was named, or NULL */
	char *interpreter; /* the ELF file, all links resolved */
	char *prefix; /* sys.base_prefix; from the place of the interpreter if it does not run */
	bool system;  /* the prefix is shared with other software (/usr, /usr/local): only what
			 is Python's own below it belongs to the installation */

	bool answers; /* the ELF file shows nothing of a Python, but started it answered as one */
	bool no_run;  /* it was not to be run: what follows is from files */
	bool runs;
	char *why_not; /* NULL when it runs */
	int major, minor, micro;
	char *version;  /* "3.13.15", "3.15.0b1" */
	char *series;   /* "3.13" */
	char *abiflags; /* "", "t", "d", … */
	char *stdlib;   /* …/lib/python3.13 */
	char *dynload;  /* …/lib-dynload, or NULL */
	/* What it says of itself; NULL if it does not run. Of the objects, "config_vars" is
	 * sysconfig.get_config_vars(), "paths" sysconfig.get_paths(); "builtins" is a list. */
	json_t *says;

	enum py_link link;
	char *libpython_shared; /* the library that ships with it (its real file), or NULL */
	char *libpython_static; /* libpython*.a that ships, or NULL */
	/* Which file the system's loader maps for the interpreter's DT_NEEDED libpython, and by
	 * which rule ("DT_RPATH of …", "/etc/ld.so.cache"); NULL where none is needed or found. */
	char *libpython_loaded;
	char *libpython_loaded_why;
};

#define CLEANUP_PYTHON CLEANUP(py_release)

int py_find(const char *what, struct python *dist, struct err *err);
/* The same from files alone: neither the Python nor a script that starts one is run. */
int py_find_unrun(const char *what, struct python *dist, struct err *err);
void py_release(struct python *dist);

/* A config variable as text: strings as they are, numbers in decimal; NULL if it has none. The
 * text lives as long as the dist. Not for several threads at a time. */
const char *py_config(const struct python *dist, const char *name);

/* "static", "shared", "dual", "unknown". */
const char *py_link_name(enum py_link link);

/* The same from one file's facts alone. */
enum py_link py_link_of(const struct elf_facts *facts);

/* Is the ELF file at `path` made to start Python, by what it calls or by its name? */
bool py_is_interpreter(const char *path, const struct elf_facts *facts);

/* Does an entry of DT_NEEDED, or a SONAME, name libpython ("libpython3.13.so.1.0", also as a path)?
 * Not the stub, when `stub` is false. */
bool py_is_libpython(const char *name, bool stub);

/* "PyPy", "GraalPy", …: what it says that it is, or is by its name if it does not run; NULL for
 * CPython, whose rules hold for no other. */
const char *py_other_implementation(const struct python *dist);

/* A program that runs in a Python to its end, with nothing on stdin and as little around it as can
 * be. */
struct py_program {
	const char *interpreter;
	const char *options;     /* separated by blanks, such as PY_ISOLATED; may be NULL */
	const char *code;        /* NULL: none, for options that make do without */
	const struct strv *args; /* sys.argv[1:]; may be NULL */
	const struct strv *env;  /* all of its environment; NULL: proc_ask_environment(), with
				    LD_LIBRARY_PATH */
	const char *cwd;         /* NULL: "/" */
	bool with_stderr;        /* captured with stdout; else it is lost */
	size_t max_output;       /* more is an error; 0: 64 KiB */
	unsigned int limit_ms;   /* 0: half a minute */
};
/* Isolated, without site, and leaving no bytecode behind. */
#define PY_ISOLATED "-I -S -B"

/* Fails as proc_run() does; `output` is there all the same. */
int py_run(const struct py_program *program, struct buf *output, struct err *err);
/* Where an interpreter that is run so (`how` without code) finds itself: adds its prefix, the
 * folder of its standard library, and, if there is one, the libpython that is mapped. */
int py_home(const struct py_program *how, struct strv *lines, struct err *err);

/* What a file of the installation is for. */
enum py_role {
	PY_ROLE_INTERPRETER,
	PY_ROLE_LIBPYTHON,
	PY_ROLE_STUB, /* libpython3.so, which only names the other */
	PY_ROLE_EXTENSION,
	PY_ROLE_LIBRARY,    /* any other shared object */
	PY_ROLE_EXECUTABLE, /* any other program */
	PY_ROLE_OBJECT,     /* for a linker or a debugger, never in an installation's list */
};

/* One ELF file, or a file that should be one. */
struct py_file {
	char *path;
	char *rel; /* below the prefix, or the absolute path if it is elsewhere */
	enum py_role role;
	bool site; /* below site-packages or dist-packages: installed, not shipped */
	struct elf_facts facts;
	char *problem; /* why `facts` is empty; NULL when it is not */
	bool unread;   /* the system refused to read it: the file may be in order */
};

struct py_files {
	struct py_file *v; /* sorted by rel */
	size_t n;
};

/* Reads every ELF file of the installation that a loader may map (so no objects, and no companions
 * with debug information only), links not followed, using all processors. A bad file, or a folder
 * that cannot be listed, gets a `problem` and the rest goes on. Of a `system` prefix only the
 * interpreter, its libpython, its standard library and its site-packages are read. */
int py_files_read(const struct python *dist, struct py_files *files, struct err *err);
void py_files_release(struct py_files *files);

/* In two steps, for who reads file by file: all regular files that may be ELF files, and then one
 * of them. py_file_read() returns false for what is no ELF file and has not the name of one, and
 * in an installation for what no loader maps; it may be called by several threads for different
 * files. In the list, facts.file_size is set already, for whoever shows progress. `dist` is NULL
 * for a plain folder, whose `rel` is below the folder, and where objects count too. */
int py_files_list(const struct python *dist, struct py_files *files, struct err *err);
int py_folder_list(const char *dir, struct py_files *files, struct err *err);
bool py_file_read(const struct python *dist, struct py_file *file);
#define CLEANUP_PYTHON_FILES CLEANUP(py_files_release)

const char *py_role_name(enum py_role role);

/* What follows "FOLDER/" in the path; NULL: it is elsewhere. */
const char *py_below(const char *folder, const char *path);
/* Makes the folder `root` a prefix: a copy of the interpreter at `python`, in ROOT/bin, and links
 * to all else that is beside the original's bin. */
int py_copy(const struct python *dist, const char *root, const char *python, struct err *err);
/* Then puts a copy of the libpython that it loads into the same place below `root`, if it comes
 * from below the prefix; the folders on the way become real ones, full of links. Python takes its
 * prefix from where that file is. */
int py_copy_library(const struct python *dist, const char *root, struct err *err);

/* Does the folder hold a Python as prefixes do (bin/python3), also below python/ or install/? */
bool py_has_python(const char *dir);

/* The name of a project on PyPI (n bytes) as names are compared: lower case, words joined by one
 * dash (PEP 503). To be freed. */
char *py_project_name(const char *name, size_t n);

/* A JSON file of at most 16 MiB; NULL: it cannot be read or is no JSON. */
json_t *py_json_load(const char *path, struct err *err);
/* "R_X86_64_RELATIVE", "type 99"; the caller frees it. */
char *py_reloc_text(uint16_t machine, uint32_t type);

/* All of it as JSON objects; keys are the names of the fields. `py_elf_json` has every fact of a
 * file, the names of all exported and undefined symbols included. */
json_t *py_json(const struct python *dist);
json_t *py_file_json(const struct py_file *file);
json_t *py_elf_json(const struct elf_facts *facts);
json_t *py_code_json(const struct code_counts *code);
json_t *py_archive_json(const struct elf_archive_facts *facts);
/* The facts of the artifacts of a distribution that solder built: {"distribution": {"path", …},
 * "artifacts": [{"name", "file", "size", …}]}. */
int py_artifacts_json(const char *dir, json_t **ret, struct err *err);

/* What `solder inspect` shows: of an ELF file, a static library, a folder, or a Python. */
struct py_inspect {
	const char *file; /* the page of each file whose path matches; NULL: none */
	bool all;         /* the page of every file */
	bool symbols;     /* pages with the names of symbols */
	bool code;        /* disassemble every file, not only the interpreter and libpython */
	bool alone;       /* the file or folder itself, not the Python it belongs to */
	bool no_run;
};
/* The document is in *ret. JSON is written to `json` (may be NULL) on the way, as files are read.
 */
int py_inspect(const char *what, const struct py_inspect *how, FILE *json, struct doc **ret,
	struct err *err);

/* Where the loader of the GNU C library would find `needed` for the file at `path`, loaded by the
 * chain of `n_chain` files that starts with the executable and ends with the file itself: DT_RPATH
 * up the chain unless a DT_RUNPATH forbids it, LD_LIBRARY_PATH, DT_RUNPATH, ld.so.cache, the
 * default folders, each with its glibc-hwcaps for this processor first; files of another class or
 * machine are passed over. *found is NULL when it would not be found. The caller frees both. `why`
 * names the rule, or says what is in the way.
 *
 * The folders compiled into the loader, $LIB and the processor's levels are asked of the loader
 * that the first file names (ld.so --list-diagnostics, glibc 2.33), else assumed. Not followed:
 * DF_1_NODEFLIB, the older subfolders for processors ("haswell", before glibc 2.37), and what is
 * loaded already under the same name. musl's loader has an order of its own: found is NULL. */
struct py_chain {
	const char *path;
	const struct elf_facts *facts;
};
int py_loader_find(const struct py_chain *chain, size_t n_chain, const char *needed, char **found,
	char **why, struct err *err);

/* An entry of DT_NEEDED, or one folder of a search path, of the last file of the chain, with
 * $ORIGIN, $LIB and $PLATFORM as the loader has them. NULL: the loader has no value for one. */
char *py_loader_expand(const struct py_chain *chain, size_t n_chain, const char *text);
/* Is there $ORIGIN (or ${ORIGIN}) at the beginning, by the loader's reading? */
bool py_begins_with_origin(const char *text);
/* Does the library, once it is loaded, answer to that name in DT_NEEDED ($… expanded)? By its
 * SONAME or by the path that it was loaded from, and both exactly. */
bool py_loader_answers(const struct py_chain *library, const char *needed);

#endif
