/* Facts about a PE file (a DLL, a .pyd, a program of Windows), as it states them itself: what the
 * loader of Windows will look for.
 *
 * The reader trusts nothing: every address, size and count is checked against the bytes of the
 * file, and the work is within a small multiple of its size. A damaged file is ERR_INPUT; a file
 * for DOS alone is ERR_UNSUPPORTED. Read are the headers, the names of imported libraries with the
 * number of what is imported from each, and the names of exports: what a verdict needs.
 *
 * Written from Microsoft's "PE Format".
 */
#ifndef SOLDER_PE_PE_H
#define SOLDER_PE_PE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define PE_MACHINE_I386 0x014cu
#define PE_MACHINE_AMD64 0x8664u
#define PE_MACHINE_ARM64 0xaa64u

struct pe_import {
	const char *dll;  /* as written: "python313.dll", "KERNEL32.dll" */
	bool delayed;     /* loaded at its first use */
	uint32_t n_names; /* functions and variables, by name or number */
};

/* Owned by the caller: start from {0}, end with pe_facts_release(). All strings live as long as the
 * facts. */
struct pe_facts {
	uint16_t machine;
	unsigned bits; /* 32 or 64 */
	bool dll;
	uint16_t subsystem;
	/* The lowest version of Windows: 6.0 is Vista, 10.0 is 10 and 11. */
	uint16_t subsystem_major, subsystem_minor;
	struct pe_import *imports; /* in the file's order */
	size_t n_imports;
	const char **exports; /* names; sorted by strcmp(), each once */
	size_t n_exports;
	struct strv kept; /* private: what the strings point into */
};

/* True for the first bytes of what pe_facts_read() would take for a PE file. */
bool pe_is(const void *data, size_t len);

/* Both fill `facts`; after an error it is empty and needs no release. The memory is not used after
 * the return. */
int pe_facts_read(const char *path, struct pe_facts *facts, struct err *err);
int pe_facts_from_memory(const void *data, size_t len, struct pe_facts *facts, struct err *err);
/* Also fine for empty or already released facts. */
void pe_facts_release(struct pe_facts *facts);

#define CLEANUP_PE_FACTS CLEANUP(pe_facts_release)

/* "amd64", "arm64", "x86"; NULL for those without a name here. */
const char *pe_machine_name(uint16_t machine);

#endif
