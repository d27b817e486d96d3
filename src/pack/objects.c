/* python/build of the full archive: what the interpreter was linked from. */
#include <string.h>

#include "base/file.h"
#include "pack/pack-internal.h"

#define TEXT_MAX ((size_t)16 << 20)

/* How link.sh links, but with any compiler of the same kind and at any place. */
static const char relink[] =
	"#!/bin/sh\n"
	"# Links the interpreter again from the objects beside this script:\n"
	"#\n"
	"#\tsh relink.sh OUTPUT [LINKER FLAG]...\n"
	"#\n"
	"# CC names the compiler. Objects of an LTO build need the one that made them.\n"
	"set -eu\n"
	"output=$(realpath -m \"$1\")\n"
	"shift\n"
	"cd \"$(dirname \"$0\")\"\n"
	"make -s -o Makefile -o Programs/python.o CC=\"${CC:-cc}\" LINKCC=\"${CC:-cc}\" \\\n"
	"\tLINK_PYTHON_DEPS= BUILDPYTHON=python-relinked MACHDEP_OBJS=\"$(cat hacl)\" \\\n"
	"\tLINK_PYTHON_OBJS='$(LIBRARY_OBJS)' LINKFORSHARED='-Wl,--export-dynamic -pie' \\\n"
	"\tLDFLAGS_NODIST=\"-Wl,-z,relro,-z,now -Wl,--disable-new-dtags \\\n"
	"\t\t-Wl,-rpath,'\\$\\$ORIGIN/../lib' $*\" python-relinked\n"
	"mv python-relinked \"$output\"\n";

static const char run_tests[] =
	"\"\"\"Runs CPython's own tests with the interpreter of this archive.\"\"\"\n"
	"import os\n"
	"import sys\n"
	"\n"
	"root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))\n"
	"python = os.path.join(root, 'install', 'bin', 'python3')\n"
	"os.execv(python, [python, '-m', 'test'] + sys.argv[1:])\n";

/* The Makefile names the folder of the build and the tools that it found. */
static int add_makefile(const struct pack_write *o, struct tar_list *full, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/Makefile", o->build);
	CLEANUP_FREE char *source = xasprintf("%s/src", o->build_root);
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (file_read(path, TEXT_MAX, &text, err) < 0)
		return -1;
	if (*o->build_root) {
		buf_replace(&text, source, ".");
		buf_replace(&text, o->build_root, "/build");
	}
	tar_list_add_bytes(full, text.data, text.len, "python/build/Makefile");
	return 0;
}

/* The libraries stand in install, and the program for embedding tests is none of ours. */
static void drop_linked(struct tar_list *full)
{
	CLEANUP_STRV struct strv names = STRV_INIT;

	for (size_t i = 0; i < full->n; i++) {
		if (!strncmp(full->v[i].name, "python/build/libpython", 22))
			strv_add(&names, full->v[i].name);
	}
	for (size_t i = 0; i < names.n; i++)
		tar_list_drop(full, names.v[i]);
	tar_list_drop(full, "python/build/Programs/_testembed");
}

int package_add_build(const struct pack_write *o, struct tar_list *full, struct err *err)
{
	if (tar_list_add_tree(full, o->build, "python/build", err) < 0)
		return -1;
	drop_linked(full);
	tar_list_add_bytes(full, relink, strlen(relink), "python/build/relink.sh");
	tar_list_add_bytes(full, run_tests, strlen(run_tests), "python/build/run_tests.py");
	return add_makefile(o, full, err);
}
