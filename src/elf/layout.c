/* Whether the segments are where their own headers need them.
 *
 * Loaders map what the program headers say and check little of it. A tool that moves segments it
 * does not understand leaves a file that looks whole to readers of sections and crashes when it
 * runs: GNU strip 2.40 does so to programs that BOLT gave a second text segment. */
#include "elf/image.h"

/* PT_LOADs go by address, do not overlap, and keep their place in the page: the first two are ELF's
 * rules, glibc refuses what breaks the third. */
static char *misplaced_load(
	const Elf64_Phdr *ph, uint32_t i, const Elf64_Phdr *last, uint32_t last_i, bool has_last)
{
	uint64_t align = ph->p_align;

	if (has_last && ph->p_vaddr < last->p_vaddr)
		return xasprintf("segment %u is at 0x%llx, below segment %u at 0x%llx", i,
			(unsigned long long)ph->p_vaddr, last_i, (unsigned long long)last->p_vaddr);
	if (has_last && ph->p_vaddr - last->p_vaddr < last->p_memsz)
		return xasprintf("segment %u begins at 0x%llx, inside segment %u", i,
			(unsigned long long)ph->p_vaddr, last_i);
	if (align > 1 && !(align & (align - 1)) && (ph->p_vaddr - ph->p_offset) & (align - 1))
		return xasprintf(
			"segment %u is at 0x%llx in memory and at 0x%llx in the file, which differ below its alignment of 0x%llx",
			i, (unsigned long long)ph->p_vaddr, (unsigned long long)ph->p_offset,
			(unsigned long long)align);
	return NULL;
}

/* True if the file's bytes at this place are what a PT_LOAD puts at this address. */
static bool is_loaded(const struct elf_image *img, const Elf64_Phdr *part)
{
	Elf64_Phdr ph;

	for (uint32_t i = 0; i < img->phnum; i++) {
		elf_phdr(img, i, &ph);
		if (ph.p_type == PT_LOAD && part->p_vaddr >= ph.p_vaddr &&
			part->p_vaddr - ph.p_vaddr < ph.p_filesz + elf_rest_of_page(img, i) &&
			part->p_vaddr - ph.p_vaddr == part->p_offset - ph.p_offset)
			return true;
	}
	return false;
}

static const char *part_name(const Elf64_Phdr *ph)
{
	static const struct {
		uint32_t type;
		const char *name;
	} names[] = {{PT_PHDR, "the table of program headers"}, {PT_DYNAMIC, "the dynamic section"},
		{PT_INTERP, "the loader's name"}, {PT_TLS, "the thread-local data"},
		{PT_GNU_RELRO, "the read-only data"}, {PT_GNU_EH_FRAME, "the unwind table"}};

	for (size_t i = 0; ph->p_filesz && i < ARRAY_SIZE(names); i++)
		if (names[i].type == ph->p_type)
			return names[i].name;
	return NULL;
}

char *elf_misplaced(const struct elf_image *img)
{
	Elf64_Phdr ph, last = {0};
	uint32_t last_i = 0;
	bool has_last = false;

	for (uint32_t i = 0; i < img->phnum; i++) {
		char *why;

		elf_phdr(img, i, &ph);
		if (ph.p_type != PT_LOAD)
			continue;
		why = misplaced_load(&ph, i, &last, last_i, has_last);
		if (why)
			return why;
		last = ph;
		last_i = i;
		has_last = true;
	}
	for (uint32_t i = 0; has_last && i < img->phnum; i++) {
		elf_phdr(img, i, &ph);
		if (part_name(&ph) && !is_loaded(img, &ph))
			return xasprintf("%s (segment %u, at 0x%llx) is not what is loaded there",
				part_name(&ph), i, (unsigned long long)ph.p_vaddr);
	}
	return NULL;
}
