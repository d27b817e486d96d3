/* Any bytes, read as an ELF file: facts or an error, and facts that are consistent.
 *
 * Source: src/elf/image.c src/elf/facts.c src/elf/dynamic.c src/elf/relocs.c
 * Source: src/elf/query.c
 */
#include "fuzz.h"

#include "elf/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};
	struct err err = ERR_INIT;

	if (elf_facts_from_memory(data, size, &facts, &err) < 0) {
		fuzz_check_err(&err);
		fuzz_check(!facts.exports && !facts.kept.v);
		return 0;
	}
	for (size_t i = 0; i < facts.n_exports; i++) {
		fuzz_check(elf_exports(&facts, facts.exports[i]));
		fuzz_check(i == 0 || strcmp(facts.exports[i - 1], facts.exports[i]) < 0);
	}
	for (size_t i = 1; i < facts.n_undefined; i++)
		fuzz_check(strcmp(facts.undefined[i - 1].name, facts.undefined[i].name) <= 0);
	for (size_t i = 0; i < facts.n_undefined; i++)
		fuzz_check(!facts.undefined[i].version == !facts.undefined[i].library);
	for (size_t i = 0; i < facts.n_copies; i++)
		fuzz_check(facts.copies[i].version && elf_exports(&facts, facts.copies[i].name));
	for (size_t i = 0; i < facts.n_needed; i++)
		fuzz_check(strlen(facts.needed[i]) < size);
	for (size_t i = 0; i < facts.n_relocs; i++)
		fuzz_check(elf_reloc_count(&facts, facts.relocs[i].type) == facts.relocs[i].count);
	fuzz_check(elf_tls_model(&facts) != NULL);
	return 0;
}
