/* Facts about a Mach-O file, as it states them itself: what macOS's loader (dyld) will look for,
 * and where.
 *
 * A file is thin, for one architecture, or "universal" (fat): a table of thin files. Each of them
 * is a slice here. The reader trusts nothing: every offset, size and count is checked against the
 * bytes of the slice, names may not overlap beyond what linkers do, memory stays within a small
 * multiple of the file's size, and nothing recurses on file data. A damaged file is ERR_INPUT; what
 * is sound but not ours to read is ERR_UNSUPPORTED: 32-bit and big-endian files, which macOS has
 * not run since 2019. A 32-bit slice next to others is counted and not read.
 *
 * Undefined symbols and their libraries come from LC_SYMTAB. dyld itself binds by opcodes
 * (LC_DYLD_INFO) or by chained fixups, in which the static linker repeats what it wrote into the
 * symbol table; tests/oracle/macho_oracle.py compares both over real files. A stripped table would
 * show here as `symtab` false.
 *
 * Written from mach-o/loader.h, mach-o/nlist.h and mach-o/fat.h of Apple's open sources, by way of
 * LLVM's BinaryFormat/MachO.h.
 *
 *	CLEANUP_MACHO_FACTS struct macho_facts facts = {0};
 *
 *	if (macho_facts_read(path, &facts, err) < 0)
 *		return -1;
 *	for (size_t i = 0; i < facts.n; i++)
 *		… facts.v[i].libraries …
 */
#ifndef SOLDER_MACHO_MACHO_H
#define SOLDER_MACHO_MACHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

/* The types of files that are of interest; others are as the file says. */
enum macho_type {
	MACHO_OBJECT = 1,
	MACHO_EXECUTE = 2,
	MACHO_DYLIB = 6,  /* can be linked with, as CMake's SHARED */
	MACHO_BUNDLE = 8, /* can only be opened, as CMake's MODULE */
};

/* A flag of the header. */
#define MACHO_TWOLEVEL 0x80u /* an undefined symbol names its library */

enum macho_link {
	MACHO_LOAD,
	MACHO_WEAK,     /* may be missing */
	MACHO_REEXPORT, /* its symbols are this file's, too */
	MACHO_UPWARD,   /* needs this file in turn */
	MACHO_LAZY,
};

/* Versions of libraries: X.Y.Z as 0xXXXXYYZZ. */
struct macho_library {
	const char *name; /* the install name, as written: "@rpath/libpython3.13.dylib" */
	enum macho_link link;
	uint32_t current, compatible;
};

/* Where an undefined symbol is looked for. Positive: in the library of that number, from 1 on. */
enum {
	MACHO_ORDINAL_SELF = 0,
	MACHO_ORDINAL_DYNAMIC = -2,    /* in all that is loaded (-undefined dynamic_lookup) */
	MACHO_ORDINAL_EXECUTABLE = -1, /* in the program (-bundle_loader) */
	MACHO_ORDINAL_FLAT = -3,       /* the file does not say: no two-level namespace */
};

struct macho_undefined {
	const char *name; /* with the leading underscore: "_PyList_New" */
	int ordinal;
	bool weak; /* NULL where it is missing */
};

/* A lowest version of a system, X.Y.Z as 0xXXXXYYZZ. */
struct macho_slice {
	uint32_t cpu, subtype; /* CPU_TYPE_…; the subtype without its capability bits */
	uint64_t offset, size; /* in the file */
	bool unread;           /* 32-bit: nothing below is known */
	uint32_t type;         /* enum macho_type, or another number */
	uint32_t flags;
	uint32_t n_commands;

	const char *id; /* LC_ID_DYLIB; NULL: none */
	uint32_t id_current, id_compatible;
	struct macho_library *libraries; /* in the file's order: ordinals count from 1 */
	size_t n_libraries;
	const char **rpaths; /* LC_RPATH, in order */
	size_t n_rpaths;

	uint32_t platform; /* 1: macOS; 0: not said */
	uint32_t minimum, sdk;

	bool symtab;    /* LC_SYMTAB is there, and not empty */
	bool dyld_info; /* binds by opcodes */
	bool chained;   /* binds by chained fixups */
	bool is_signed; /* LC_CODE_SIGNATURE; whose, or whether it holds, is not looked at */

	/* Sorted by name. Names are as in the file, with the leading underscore. */
	struct macho_undefined *undefined;
	size_t n_undefined;
	const char **exports; /* defined and external; each once */
	size_t n_exports;
};

/* Owned by the caller: start from {0}, end with macho_facts_release(). All strings live as long as
 * the facts. */
struct macho_facts {
	bool fat;
	struct macho_slice *v;
	size_t n;
	struct strv kept; /* private: what the strings point into */
};

#define MACHO_CPU_X86_64 0x01000007u
#define MACHO_CPU_ARM64 0x0100000cu

/* True for the first bytes of what macho_facts_read() would take for Mach-O, of any kind. Java's
 * classes, which have the magic of universal files, are told by their high version. */
bool macho_is(const void *data, size_t len);

/* Both fill `facts`; after an error it is empty and needs no release. The memory is not used after
 * the return. */
int macho_facts_read(const char *path, struct macho_facts *facts, struct err *err);
int macho_facts_from_memory(
	const void *data, size_t len, struct macho_facts *facts, struct err *err);
/* Also fine for empty or already released facts. */
void macho_facts_release(struct macho_facts *facts);

#define CLEANUP_MACHO_FACTS CLEANUP(macho_facts_release)

/* True if the name, with its underscore, is among the exports. */
bool macho_exports(const struct macho_slice *slice, const char *name);
/* The slice for that architecture, or NULL. */
const struct macho_slice *macho_slice_for(const struct macho_facts *facts, uint32_t cpu);

/* "arm64", "x86_64"; NULL for those without a name here. */
const char *macho_cpu_name(uint32_t cpu);
/* "11.0" for 0x000b0000, "10.9.1" for 0x000a0901; the caller frees it. */
char *macho_version(uint32_t version);

#endif
