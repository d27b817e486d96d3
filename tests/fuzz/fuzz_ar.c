/* Any bytes, read as a static archive: facts or an error, and counts that add up.
 *
 * Source: src/elf/archive.c
 */
#include <stdlib.h>

#include "elf/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_archive_facts facts;
	struct err err = ERR_INIT;

	if (elf_archive_facts_from_memory(data, size, &facts, &err) < 0) {
		if (err.code == ERR_NONE || !err.msg[0])
			abort();
		return 0;
	}
	if (facts.bitcode_members + facts.lto_members + facts.foreign_members > facts.members ||
		facts.fat_lto_members > facts.members || facts.abs32_relocs > size ||
		facts.defined_globals > size)
		abort();
	return 0;
}
