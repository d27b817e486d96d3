/* A tree without an interpreter, packed without a full archive: two small archives and their
 * digests. */
#ifndef SOLDER_TESTS_PACKING_H
#define SOLDER_TESTS_PACKING_H

#include "scratch.h"

#include "pack/pack-internal.h"

#define PACKED_NAME "cpython-3.13.15+20260805-x86_64-unknown-linux-gnu-"

struct packing {
	struct package p;
	struct pack_write o;
	char *tree, *out, *scratch;
	struct err err;
};

/* ROOT/tree, ROOT/out (not made), ROOT/tmp. */
void packing_setup(struct packing *f, const char *root);
void packing_release(struct packing *f);
/* Fails the test when it cannot; the result is the caller's. */
json_t *packing_write(struct packing *f);
void packing_refused(struct packing *f, const char *message);

#endif
