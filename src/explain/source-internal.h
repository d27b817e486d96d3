/* Inside the room: what a file's debug information and symbols say about addresses. */
#ifndef SOLDER_EXPLAIN_SOURCE_INTERNAL_H
#define SOLDER_EXPLAIN_SOURCE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct source;

/* Addresses are those of the file. */
int source_open(const char *path, struct source **ret, struct err *err);
void source_free(struct source *s);
void cleanup_source(struct source **s);
#define CLEANUP_SOURCE CLEANUP(cleanup_source)

/* libdw's handle, the source's own; NULL: no debug information. */
struct Dwarf *source_debug(struct source *s);
bool source_has_lines(const struct source *s);
/* *file is the last component of its path, and lives as long as the source. */
bool source_line(struct source *s, uint64_t addr, const char **file, unsigned *line);
/* The variable or function that holds the address, and how far into it; NULL: none. */
const char *source_symbol(const struct source *s, uint64_t addr, uint64_t *offset);

#endif
