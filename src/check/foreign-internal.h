/* Private to foreign*.c: wheels of other systems, judged by their files alone. */
#ifndef SOLDER_CHECK_FOREIGN_INTERNAL_H
#define SOLDER_CHECK_FOREIGN_INTERNAL_H

#include "check/check-internal.h"
#include "code/code.h"
#include "macho/macho.h"
#include "pe/pe.h"

enum foreign_system { FOREIGN_MACOS, FOREIGN_LINUX, FOREIGN_WINDOWS };

/* The ways in which an interpreter may have the C API: in its own file, in libpythonX.Y.dylib or
 * .so, in Python.framework. Windows has one way, the second. */
enum foreign_python {
	FOREIGN_STATIC = 1,
	FOREIGN_SHARED = 2,
	FOREIGN_FRAMEWORK = 4,
	FOREIGN_ALL = 7,
};
#define FOREIGN_N_PYTHONS 3

/* What the name of a wheel says. */
struct foreign_tags {
	bool known; /* false: a file alone, without a name that says anything */
	enum foreign_system system;
	unsigned int minor; /* of Python 3; 0: not said */
	bool abi3, threads; /* the limited API; the free-threaded ABI */
	bool musl;
	uint16_t elf_machine, pe_machine; /* 0: not said */
	/* macOS: the lowest versions of the tags for x86_64 and for arm64, as in Mach-O files; 0:
	 * no tag for it. */
	uint32_t x86_64, arm64;
};

/* Reads them from the file name of a wheel; false if it is for none of the systems. */
bool foreign_tags_read(const char *file, struct foreign_tags *tags);

enum foreign_form { FOREIGN_MACHO, FOREIGN_ELF, FOREIGN_PE };

struct foreign_file {
	char *rel;
	const char *place; /* where it is installed, relative to site-packages; NULL: elsewhere */
	bool extension;    /* exports the init function of a module of its name */
	bool loaded; /* by a module: it is one, or one names it, or a library that one loads */
	enum foreign_form form;
	struct macho_facts macho; /* one of the three */
	struct elf_facts elf;
	struct pe_facts pe;
	/* ELF, of a wheel for Linux: what only its bytes tell. */
	struct code_isa isa;
	struct strv bundled; /* as bundled_find() finds */
	/* ELF: where its search paths lead in the wheel; whether one leads elsewhere, or to a
	 * folder that has no compiled file. */
	struct strv folders;
	bool outside;
};

struct foreign_audit {
	struct foreign_tags tags;
	unsigned int date; /* of its newest file: 20250525; 0: unknown */
	const char *wheel; /* its file name, for promises_of_wheel() */
	struct foreign_file *v;
	size_t n;
	size_t *by_place, *by_base; /* indexes into v, sorted */
	size_t modules;
	json_t *findings; /* [{"rule", "where", "what"}] */
	struct {
		enum wheel_expected expected;
		struct strv because;
	} of[FOREIGN_N_PYTHONS];
};

void foreign_audit_release(struct foreign_audit *audit);
/* Reads the files of a wheel that are of one of the forms, or a file alone, and judges them;
 * `scratch` is a folder for very large ones. */
int foreign_audit_wheel(
	struct foreign_audit *audit, const char *wheel, const char *scratch, struct err *err);
int foreign_audit_file(struct foreign_audit *audit, const char *path, struct err *err);

/* Adds a finding. */
__attribute__((format(printf, 4, 5))) void foreign_find(struct foreign_audit *audit,
	const char *rule, const struct foreign_file *file, const char *fmt, ...);
/* Says what will happen with some of enum foreign_python; the gravest counts, with its reasons. */
__attribute__((format(printf, 4, 5))) void foreign_expect(struct foreign_audit *audit,
	unsigned int pythons, enum wheel_expected expected, const char *fmt, ...);

/* Both, for a module that is not for the machine of the tag; `is` may be NULL. */
void foreign_other_machine(struct foreign_audit *audit, const char *rule,
	const struct foreign_file *file, const char *is, const char *tag);

/* The place that a path leads to from a folder ("pkg/lib" and "../x" give "pkg/x"); NULL if it
 * leads out of the wheel. The caller frees it. */
char *foreign_join(const char *folder, const char *path);
/* The file at a place, or the first of that name wherever it is; NULL: none. */
const struct foreign_file *foreign_at(const struct foreign_audit *audit, const char *place);
const struct foreign_file *foreign_named(const struct foreign_audit *audit, const char *base);
/* True if a compiled file is below that folder. Where none is, another wheel may put its own. */
bool foreign_has_folder(const struct foreign_audit *audit, const char *folder);
/* True for "PyList_New" and "_Py_NoneStruct", and not for a module's "PyInit_name". */
bool foreign_is_api(const char *symbol);

/* True for a library that every system of the tag has. */
bool foreign_is_system(const struct foreign_tags *t, const char *needed);
/* The rules of foreign-claims.c: over a shared ELF file for Linux, and over all of a wheel. */
void foreign_check_claims(struct foreign_audit *audit, const struct foreign_file *f);
void foreign_check_cet(struct foreign_audit *audit);

/* Each judges all files of its form. */
void foreign_judge_macho(struct foreign_audit *audit);
void foreign_judge_elf(struct foreign_audit *audit);
void foreign_judge_pe(struct foreign_audit *audit);

#endif
