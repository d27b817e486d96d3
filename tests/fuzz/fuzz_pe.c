/* Any bytes, read as a PE file: facts or an error, and facts that are consistent.
 *
 * Source: src/pe/pe.c
 */
#include "fuzz.h"

#include "pe/pe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_PE_FACTS struct pe_facts facts = {0};
	struct err err = ERR_INIT;

	if (pe_facts_from_memory(data, size, &facts, &err) < 0) {
		fuzz_check_err(&err);
		fuzz_check(!facts.imports && !facts.kept.v);
		return 0;
	}
	fuzz_check(pe_is(data, size) && (facts.bits == 32 || facts.bits == 64));
	for (size_t i = 0; i < facts.n_imports; i++) {
		fuzz_check(facts.imports[i].dll[0] && strlen(facts.imports[i].dll) < size);
		fuzz_check(facts.imports[i].n_names <= size);
	}
	for (size_t i = 1; i < facts.n_exports; i++)
		fuzz_check(strcmp(facts.exports[i - 1], facts.exports[i]) < 0);
	return 0;
}
