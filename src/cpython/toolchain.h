/* Compilers, as whole families.
 *
 * A compiler brings its archiver, its profile merger and its linker: objects with LTO bitcode of
 * one LLVM release are unreadable for the tools of another, and the build would break in the
 * middle. So every tool is looked up for the compiler that was named, its release is compared,
 * and what is missing is said at once, with the package that has it.
 */
#ifndef SOLDER_PLAN_TOOLCHAIN_H
#define SOLDER_PLAN_TOOLCHAIN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum cc_family { CC_GCC, CC_CLANG };

struct toolchain {
	enum cc_family family;
	unsigned int major; /* release of the compiler */
	char *cc, *cxx;     /* absolute paths */
	char *ar, *ranlib, *nm, *strip, *objcopy;
	char *profdata; /* clang with PGO; else NULL */
	char *lld;      /* clang with LTO; else NULL */
	char *version;  /* the first line of --version */
	char *linker;   /* the same of lld, or of the ld that the compiler runs */
	char *triple;   /* "x86_64-linux-gnu", the vendor dropped */
	char *identity; /* digest over paths, versions and contents of compiler and tools */
};

struct toolchain_needs {
	bool lto, pgo;
};

/* Finds the toolchain that `name` stands for: a program ("gcc", "clang-19") or a path; "best" is
 * the newest complete clang from release 19 on, else gcc; NULL is gcc, else clang, else cc. */
int toolchain_find(const char *name, const struct toolchain_needs *needs, struct toolchain **ret,
	struct err *err);
/* Runs a tool with one word, or two (`b` may be NULL), and returns the first line that it prints;
 * to be freed. */
int toolchain_ask(const char *program, const char *a, const char *b, char **line, struct err *err);
void toolchain_free(struct toolchain *t);
void cleanup_toolchain(struct toolchain **t);

/* The variables by which scripts know it: CC, CXX, AR, …, CC_FAMILY. */
void toolchain_env(const struct toolchain *t, struct strv *env);

#endif
