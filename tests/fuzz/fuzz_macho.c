/* Any bytes, read as a Mach-O file: facts or an error, and facts that are consistent.
 *
 * Source: src/macho/macho.c
 */
#include <stdlib.h>
#include <string.h>

#include "macho/macho.h"

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_slice(const struct macho_slice *s, size_t size)
{
	check(s->offset <= size && s->size <= size - s->offset);
	for (size_t i = 0; i < s->n_exports; i++) {
		check(macho_exports(s, s->exports[i]));
		check(i == 0 || strcmp(s->exports[i - 1], s->exports[i]) < 0);
	}
	for (size_t i = 0; i < s->n_undefined; i++) {
		const struct macho_undefined *u = &s->undefined[i];

		check(i == 0 || strcmp(u[-1].name, u->name) <= 0);
		check(u->ordinal >= MACHO_ORDINAL_FLAT);
		check(s->type == MACHO_OBJECT || u->ordinal <= (int)s->n_libraries);
		check((u->ordinal == MACHO_ORDINAL_FLAT) == !(s->flags & MACHO_TWOLEVEL));
	}
	for (size_t i = 0; i < s->n_libraries; i++)
		check(strlen(s->libraries[i].name) < size);
	for (size_t i = 0; i < s->n_rpaths; i++)
		check(strlen(s->rpaths[i]) < size);
	check(!s->unread || (!s->n_commands && !s->n_undefined && !s->n_exports));
	free(macho_version(s->minimum));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_MACHO_FACTS struct macho_facts facts = {0};
	struct err err = ERR_INIT;

	if (macho_facts_from_memory(data, size, &facts, &err) < 0) {
		check(err.code != ERR_NONE && err.msg[0] && !facts.v && !facts.kept.v);
		return 0;
	}
	check(macho_is(data, size) && facts.n > 0);
	for (size_t i = 0; i < facts.n; i++) {
		check_slice(&facts.v[i], size);
		check(macho_slice_for(&facts, facts.v[i].cpu) != NULL);
	}
	return 0;
}
