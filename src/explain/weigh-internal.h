/* Inside the room: what an instruction was for. */
#ifndef SOLDER_EXPLAIN_WEIGH_INTERNAL_H
#define SOLDER_EXPLAIN_WEIGH_INTERNAL_H

#include "code/code.h"
#include "elf/elf.h"
#include "explain/explain.h"

/* By CODE_SITE_… and CODE_INSN_…, for the interpreter's own files. */
enum explain_cause weigh_cause_of_class(unsigned class);
/* Of all other files, by name. */
enum explain_cause weigh_cause_of_object(const char *path);
/* Is it __tls_get_addr, a descriptor's function, or what only these call? */
bool weigh_is_tls_function(const char *name);

/* Is the object a file of the interpreter: the program of the command, one that is called python,
 * or libpython? */
bool weigh_is_interpreter(const char *object, const char *command);

/* Where the object was loaded: what is added to an address of its file. From calls of its PLT
 * stubs, all of which must agree; *found is false when nothing tells, or they do not. */
int weigh_find_load(
	const struct callgrind *run, uint32_t object, bool *found, uint64_t *load, struct err *err);

#endif
