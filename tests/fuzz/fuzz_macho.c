/* Any bytes, read as a Mach-O file: facts or an error, and facts that are consistent.
 *
 * Source: src/macho/macho.c
 */
#include "fuzz.h"

#include "macho/macho.h"

static void check_slice(const struct macho_slice *s, size_t size)
{
	fuzz_check(s->offset <= size && s->size <= size - s->offset);
	for (size_t i = 0; i < s->n_exports; i++) {
		fuzz_check(macho_exports(s, s->exports[i]));
		fuzz_check(i == 0 || strcmp(s->exports[i - 1], s->exports[i]) < 0);
	}
	for (size_t i = 0; i < s->n_undefined; i++) {
		const struct macho_undefined *u = &s->undefined[i];

		fuzz_check(i == 0 || strcmp(u[-1].name, u->name) <= 0);
		fuzz_check(u->ordinal >= MACHO_ORDINAL_FLAT);
		fuzz_check(s->type == MACHO_OBJECT || u->ordinal <= (int)s->n_libraries);
		fuzz_check((u->ordinal == MACHO_ORDINAL_FLAT) == !(s->flags & MACHO_TWOLEVEL));
	}
	for (size_t i = 0; i < s->n_libraries; i++)
		fuzz_check(strlen(s->libraries[i].name) < size);
	for (size_t i = 0; i < s->n_rpaths; i++)
		fuzz_check(strlen(s->rpaths[i]) < size);
	fuzz_check(!s->unread || (!s->n_commands && !s->n_undefined && !s->n_exports));
	free(macho_version(s->minimum));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_MACHO_FACTS struct macho_facts facts = {0};
	struct err err = ERR_INIT;

	if (macho_facts_from_memory(data, size, &facts, &err) < 0) {
		fuzz_check_err(&err);
		fuzz_check(!facts.v && !facts.kept.v);
		return 0;
	}
	fuzz_check(macho_is(data, size) && facts.n > 0);
	for (size_t i = 0; i < facts.n; i++) {
		check_slice(&facts.v[i], size);
		fuzz_check(macho_slice_for(&facts, facts.v[i].cpu) != NULL);
	}
	return 0;
}
