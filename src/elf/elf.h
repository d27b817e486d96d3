/* Facts about an ELF file or a static archive, as it states them itself.
 *
 * The reader is our own and trusts nothing: every offset, size and count of the file is checked
 * against the bytes that are there, tables and names may not overlap beyond what linkers do (a
 * small file cannot ask for much work), memory stays within a small multiple of the file's size,
 * and nothing recurses on file data. A damaged file is ERR_INPUT; what is sound but not ours to
 * read (core dumps, thin archives, …) is ERR_UNSUPPORTED.
 *
 * Both classes and both byte orders are read. Everything dynamic (names, relocations, symbols,
 * versions) is found by way of the program headers, as the loader does, so that files without
 * section headers give the same facts; sections only add debug information, and the number of
 * symbols where the hash table cannot tell it.
 *
 * Files are mapped read-only for the length of one call, and no fact points into the mapping. The
 * size is taken once, at open: whoever shortens the file during the call makes the kernel raise
 * SIGBUS, as with every reader that maps. Read what no one is writing (our own outputs are renamed
 * into place, never changed there).
 *
 *	CLEANUP_ELF_FACTS struct elf_facts facts = {0};
 *
 *	if (elf_facts_read(path, &facts, err) < 0)
 *		return -1;
 *	if (!elf_exports(&facts, "Py_Initialize"))
 *		…
 */
#ifndef SOLDER_ELF_ELF_H
#define SOLDER_ELF_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

/* Larger files are refused. */
#define ELF_MAX_FILE_SIZE ((uint64_t)8 << 30)

enum elf_kind {
	ELF_KIND_OBJECT,     /* ET_REL */
	ELF_KIND_EXECUTABLE, /* ET_EXEC */
	ELF_KIND_PIE,        /* ET_DYN with DF_1_PIE, or with PT_INTERP and no DT_SONAME */
	ELF_KIND_SHARED,     /* any other ET_DYN; glibc's libc.so.6 has PT_INTERP and a soname */
};

enum elf_relro {
	ELF_RELRO_NONE,
	ELF_RELRO_PARTIAL, /* PT_GNU_RELRO */
	ELF_RELRO_FULL,    /* PT_GNU_RELRO and bind_now */
};

/* From PT_GNU_STACK. Missing means that the kernel's default for the machine applies, which
 * on older ones is an executable stack. */
enum elf_stack {
	ELF_STACK_MISSING,
	ELF_STACK_NONEXEC,
	ELF_STACK_EXEC,
};

struct elf_version_need {
	const char *file;    /* "libc.so.6" */
	const char *version; /* "GLIBC_2.34" */
	bool weak;           /* VER_FLG_WEAK: without it the file loads all the same */
};

struct elf_undefined {
	const char *name;
	const char *version; /* NULL, as the next, when the symbol is not versioned */
	const char *library; /* the file that has the version: "libc.so.6" */
	uint32_t index;      /* in the table of dynamic symbols */
	bool weak;
};

/* The type is the machine's R_… number. */
struct elf_reloc_count {
	uint32_t type;
	uint64_t count;
};

/* The type of relocations whose number no machine uses; their counts are taken together. */
#define ELF_RELOC_UNKNOWN UINT32_MAX

/* Dynamic TLS relocations. `own` counts those of all four kinds that resolve to the file's own
 * TLS block: without a symbol, or with one that the file defines. */
struct elf_tls_relocs {
	uint64_t dtpmod; /* R_X86_64_DTPMOD64, R_AARCH64_TLS_DTPMOD, … */
	uint64_t dtpoff; /* R_X86_64_DTPOFF64, R_AARCH64_TLS_DTPREL, … */
	uint64_t tpoff;  /* R_X86_64_TPOFF64, R_AARCH64_TLS_TPREL, … */
	uint64_t desc;   /* R_X86_64_TLSDESC, R_AARCH64_TLSDESC, … */
	uint64_t own;
};

/* From .note.gnu.property. The marks hold for the whole file: the linker sets one only if every
 * object had it. */
struct elf_properties {
	bool ibt;           /* x86: indirect branch tracking */
	bool shstk;         /* x86: shadow stack */
	bool bti;           /* AArch64: branch target identification */
	bool pac;           /* AArch64: return addresses are signed */
	bool gcs;           /* AArch64: guarded control stack */
	unsigned isa_level; /* x86-64-vN that the processor must have; 0: not said */
};

/* BOLT rewrites a linked program by a profile: it moves functions that ran to new sections, with
 * the parts that did not run far behind them, and leaves the old ones as .bolt.org.…. It says so in
 * .note.bolt_info, which strip removes. */
struct elf_bolt {
	bool applied;
	bool instrumented;    /* counts what runs, to be optimised afterwards: not for use */
	const char *revision; /* of LLVM, as written ("<unknown>" in many builds); NULL: no note */
	const char *command;  /* how it was called */
};

/* Owned by the caller: start from {0}, end with elf_facts_release(). All strings live as long as
 * the facts. A list without members may be NULL. */
struct elf_facts {
	uint64_t file_size;
	enum elf_kind kind;
	uint16_t machine; /* EM_… */
	unsigned bits;    /* 32 or 64 */
	bool big_endian;
	bool debug_only; /* a companion with debug information: code and data are not in it, and
			    nothing dynamic is read from it */

	const char *interp; /* NULL, as all strings below, when there is none */
	const char *soname;
	const char *rpath;   /* DT_RPATH as written */
	const char *runpath; /* DT_RUNPATH as written */
	const char **needed; /* DT_NEEDED in the file's order */
	size_t n_needed;

	bool dynamic;    /* has a dynamic section */
	bool sysv_hash;  /* DT_HASH */
	bool gnu_hash;   /* DT_GNU_HASH */
	uint64_t n_init; /* functions in DT_INIT_ARRAY */
	bool symbolic;   /* DT_SYMBOLIC or DF_SYMBOLIC; -Bsymbolic-functions leaves no trace */
	bool bind_now;   /* DT_BIND_NOW, DF_BIND_NOW or DF_1_NOW */
	bool textrel;    /* DT_TEXTREL or DF_TEXTREL */
	bool static_tls; /* DF_STATIC_TLS */
	bool wx_segment; /* a PT_LOAD that is writable and executable */
	enum elf_relro relro;
	enum elf_stack stack;

	bool has_tls; /* PT_TLS, with its size in memory and its alignment */
	uint64_t tls_size;
	uint64_t tls_align;

	const char *build_id;  /* lower-case hexadecimal */
	const char *debuglink; /* the file name in .gnu_debuglink */
	bool debug_info;       /* .debug_info, compressed or not */
	bool symtab;           /* .symtab: not stripped */
	struct elf_properties properties;
	struct elf_bolt bolt;
	/* Why the loader would not map what was meant: segments that overlap, and the like; NULL
	 * when all is well. */
	const char *misplaced;

	/* Over DT_RELA, DT_REL and DT_JMPREL, sorted by type. DT_RELR has only relative ones, and
	 * they are counted in `relr` as the addresses that its bitmaps stand for. */
	struct elf_reloc_count *relocs;
	size_t n_relocs;
	uint64_t relr;
	struct elf_tls_relocs tls_relocs;

	/* Names of the defined global, weak and unique dynamic symbols of default or protected
	 * visibility; sorted by strcmp(), each once, whatever its versions. */
	const char **exports;
	size_t n_exports;
	/* Sorted by name, then version. */
	struct elf_undefined *undefined;
	size_t n_undefined;
	/* The same for variables of libraries that a program keeps a copy of: the program defines
	 * them, but in a library's version. They are among the exports too. */
	struct elf_undefined *copies;
	size_t n_copies;
	/* In the file's order. */
	struct elf_version_need *versions;
	size_t n_versions;
	/* The lowest version of the GNU C library that has all of `versions` but the weak ones, and
	 * that knows DT_RELR if the file has it: "2.34", compared as numbers. NULL when no
	 * GLIBC_x.y is needed. */
	const char *glibc;

	/* An oddity that does not matter to the loader, or NULL. If section headers cannot be read,
	 * `symtab`, `debug_info` and `debuglink` are not known and read as absent. */
	const char *note;

	struct strv kept; /* private: what the strings above point into */
};

/* True for the first bytes of an ELF file, at least four of them. */
bool elf_is(const void *start, size_t n);
/* The class (32 or 64; 0: neither) and machine of a file by its first bytes, which need be no more
 * than the loader looks at: false if they are not those of an ELF file. */
bool elf_ident(const void *start, size_t n, unsigned *bits, uint16_t *machine);

/* Both fill `facts`; after an error it is empty and needs no release. The memory is not used
 * after the return. */
int elf_facts_read(const char *path, struct elf_facts *facts, struct err *err);
int elf_facts_from_memory(const void *data, size_t len, struct elf_facts *facts, struct err *err);
/* Also fine for empty or already released facts. */
void elf_facts_release(struct elf_facts *facts);

#define CLEANUP_ELF_FACTS CLEANUP(elf_facts_release)

/* True if the name is among the exports. */
bool elf_exports(const struct elf_facts *facts, const char *name);
/* True if the file uses a symbol of this name that others define. */
bool elf_wants(const struct elf_facts *facts, const char *name);

/* The number of dynamic relocations of this type. */
uint64_t elf_reloc_count(const struct elf_facts *facts, uint32_t type);

/* "R_X86_64_GLOB_DAT": the types that dynamic relocations have on the machines that have a name
 * here; NULL for others, and for ELF_RELOC_UNKNOWN. */
const char *elf_reloc_name(uint16_t machine, uint32_t type);

/* The TLS model that the *dynamic relocations* show, the first of these that holds:
 *
 *	"local-exec"      an executable (fixed or PIE) with PT_TLS and no relocation into its own
 *	                  TLS block: its own variables are at offsets known at link time. It may
 *	                  still use variables of libraries.
 *	"global-dynamic"  DTPMOD relocations: a module number is looked up at run time.
 *	                  Local-dynamic code shows the same.
 *	"descriptors"     TLSDESC relocations
 *	"initial-exec"    TPOFF relocations or DF_STATIC_TLS
 *	"global-dynamic"  an undefined __tls_get_addr, with none of the relocations above
 *	"none"            nothing of all this, or an object file
 *
 * This is not about each access: linkers relax accesses one by one, a library may use several
 * models, and only the most dynamic one is named. A library with PT_TLS whose accesses were all
 * removed is "none". */
const char *elf_tls_model(const struct elf_facts *facts);

/* The release of the GNU C library that brought a version: "2.34" for "GLIBC_2.34", "2.36" for
 * "GLIBC_ABI_DT_RELR". NULL for versions of other libraries, and for GLIBC_PRIVATE, which promises
 * nothing from one release to the next. */
const char *elf_glibc_release(const char *version);

/* Compares dotted numbers: "2.9" < "2.34" < "2.34.1". Anything that is no digit separates. */
int elf_version_compare(const char *a, const char *b);

/* "object", "executable", "pie", "shared"; "none", "partial", "full"; "missing", "nonexec",
 * "exec". elf_machine_name() gives a name such as "x86_64" or "aarch64", and NULL for a machine
 * that we have no name for. */
const char *elf_kind_name(enum elf_kind kind);
const char *elf_relro_name(enum elf_relro relro);
const char *elf_stack_name(enum elf_stack stack);
const char *elf_machine_name(uint16_t machine);

/* The bytes of the first section of that name, into `out` (replaced): 1 when there is one
 * (SHT_NOBITS: without bytes), 0 when there is none. More than `max` bytes, and compressed ones,
 * are ERR_UNSUPPORTED. */
int elf_section_read(
	const char *path, const char *name, size_t max, struct buf *out, struct err *err);
int elf_section_from_memory(const void *data, size_t len, const char *name, size_t max,
	struct buf *out, struct err *err);

/* The name of the section whose bytes in the file include the one at `offset`, to be freed: 1, or 0
 * when it is in none (a header, say), or the file is no ELF file. Of an archive of objects it is
 * ".text of ceval.o", or the member alone. */
int elf_section_at(const char *path, uint64_t offset, char **name, struct err *err);

/* The first word of an exported variable, a `long` say, as it is in the file: 1, or 0 if there is
 * no such variable, or it has no bytes in the file. */
int elf_export_word(const char *path, const char *name, uint64_t *word, struct err *err);

/* A library for linkers alone, made of the exports of a real one: what is linked with it needs it
 * by its name, and it needs the real one by that one's name, which it looks for beside itself.
 *Whoever opens it finds what the real one has. Its own name is at first the real one's; as the path
 * of where it lies it is found without a search. The name is the last ELF_STUB_ROOM bytes of the
 * file, filled up with NULs, and ELF_STUB_MARK with its NUL is in front of it.
 *
 *	CLEANUP_BUF struct buf file = BUF_INIT;
 *
 *	if (elf_stub_make("/py/lib/libpython3.13.so.1.0", &file, err) < 0 ||
 *		elf_stub_rename(&file, "/py/lib/libpython3.13.so", err) < 0)
 *		return -1;
 */
#define ELF_STUB_ROOM 4096
#define ELF_STUB_MARK "solder: the place of this library follows"
int elf_stub_make(const char *library, struct buf *out, struct err *err);
/* No stub is larger: what is, need not be read. */
#define ELF_STUB_MAX ((size_t)4 << 20)
/* The name in a stub; NULL: this is none. */
const char *elf_stub_name(const struct buf *file);
/* `file` is a stub. NULL: the real one's name again. Fails if the name is too long. */
int elf_stub_rename(struct buf *file, const char *name, struct err *err);

/* A member of an `ar` archive. Name and bytes are valid only during the call. */
struct elf_archive_member {
	const char *name;
	const void *data; /* not aligned */
	size_t size;
};

typedef int (*elf_archive_visit)(
	void *ctx, const struct elf_archive_member *member, struct err *err);

/* Calls `visit` for every member in order, without the symbol index and the table of long names.
 * Names are read in the System V and GNU forms; thin archives and BSD names are refused with
 * ERR_UNSUPPORTED. A return of -1 ends the walk. */
int elf_archive_each(
	const void *data, size_t len, elf_archive_visit visit, void *ctx, struct err *err);

/* Tells whether an archive can be linked by anyone. Every member is counted in `members` and in at
 * most one of bitcode_members, lto_members and foreign_members; members in none of them are machine
 * code for `machine`. */
struct elf_archive_facts {
	size_t members;
	size_t bitcode_members; /* LLVM bitcode */
	size_t lto_members;     /* ELF with an intermediate language (.gnu.lto_…, .llvm.lto) and
				   nothing that would be loaded: needs its compiler's plugin */
	size_t fat_lto_members; /* ELF with both; these are machine code too */
	size_t foreign_members; /* not ELF, not an object file, or for another machine or class */
	uint16_t machine;       /* of the first ELF object in the archive; 0 without one */
	unsigned bits;
	/* R_X86_64_32 and R_X86_64_32S on sections that are loaded: such code is not
	 * position-independent. Always 0 for other machines. */
	uint64_t abs32_relocs;
	/* Global, weak and unique symbols that the ELF objects define, hidden and common ones
	 * included; the same name in two members counts twice. Without lto_members, whose symbols
	 * are in the intermediate language. */
	size_t defined_globals;
};

/* An ELF member that is damaged is an error that names the member. */
int elf_archive_facts_read(const char *path, struct elf_archive_facts *facts, struct err *err);
int elf_archive_facts_from_memory(
	const void *data, size_t len, struct elf_archive_facts *facts, struct err *err);

#endif
