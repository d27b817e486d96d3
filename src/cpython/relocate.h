/* Makes a tree that was installed for the prefix /install right at any place.
 *
 * After `make install` many files name the prefix, the build's folders and the build's compiler.
 * relocate_tree() rewrites them once, so that whatever reads them later finds the tree where it
 * is, without an installer's help:
 *
 *   _sysconfigdata_*.py   keeps the header and the dict that uv's parser needs; code behind the
 *                         dict replaces the prefix when the module is imported
 *   config-*\/Makefile    a last assignment computes the prefix from the Makefile's own place
 *   *.pc                  prefix is ${pcfiledir}/../..
 *   bin/ scripts          start the interpreter beside them, by way of /bin/sh
 *   build-details.json    paths relative to base_prefix, which is relative to the file (PEP 739)
 *
 * Build folders and the names of the build's compilers become cc, c++, ar and the like.
 */
#ifndef SOLDER_PLAN_RELOCATE_H
#define SOLDER_PLAN_RELOCATE_H

#include "base/buf.h"
#include "base/err.h"

/* Where CPython is told that it will live. uv looks for this very word. */
#define INSTALL_PREFIX "/install"

/* Part of the key of relocated trees: raised when what relocate_tree() writes changes. */
#define RELOCATE_REVISION "2"

struct relocation {
	const char *root; /* the folder that the build saw as $S */
	/* Pairs "from", "to": compiler and tool names in variables that users read. */
	const struct strv *tools;
};

int relocate_tree(const char *tree, const struct relocation *r, struct err *err);

/* Fails if any file of the tree contains `text`; names the first few. */
int relocate_verify(const char *tree, const char *text, struct err *err);

/* Gives every file, folder and link of the tree the same modification time (seconds). */
int relocate_pin_times(const char *tree, long long epoch, struct err *err);

#endif
