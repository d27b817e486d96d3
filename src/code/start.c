/* What a program's first instructions hand to the C library.
 *
 * _start calls __libc_start_main(main, argc, argv, init, …). Up to glibc 2.33 the start files put a
 * function of the program's own there, which runs its constructors; since then they pass NULL, and
 * the C library runs them itself. An older one that is given NULL runs none. */
#include <elf.h>

#include "code/code-internal.h"

/* _start is some 15 instructions long. */
#define MAX_INSTRUCTIONS 40

enum { ARGUMENT_X86 = 1 /* %rcx */, ARGUMENT_ARM64 = 3 };

static enum code_start start_x86(const uint8_t *p, size_t n)
{
	enum code_start start = CODE_START_UNKNOWN;
	struct x86_decoded in;

	for (unsigned i = 0; i < MAX_INSTRUCTIONS && x86_decode(p, n, &in); i++) {
		bool clears = (in.op == 0x31 || in.op == 0x33) && !in.memory && in.reg == in.rm &&
			      in.rm == ARGUMENT_X86;

		if (in.op == 0xe8 || (in.op == 0xff && (in.reg & 7) == 2))
			return start;
		if (clears)
			start = CODE_START_NO_INIT;
		else if (x86_writes(&in) & 1u << ARGUMENT_X86)
			start = CODE_START_INIT;
		p += in.len;
		n -= in.len;
	}
	return CODE_START_UNKNOWN;
}

static enum code_start start_arm64(const struct elf_image *img, const uint8_t *p, size_t n)
{
	enum code_start start = CODE_START_UNKNOWN;

	for (unsigned i = 0; i < MAX_INSTRUCTIONS && n >= 4; i++, p += 4, n -= 4) {
		uint32_t insn = elf_u32(img, p);

		if ((insn & 0xfc000000) == 0x94000000) /* bl */
			return start;
		if ((insn & 31) != ARGUMENT_ARM64)
			continue;
		/* mov x3, #0; mov w3, #0; mov x3, xzr */
		start = insn == 0xd2800003 || insn == 0x52800003 || insn == 0xaa1f03e3
				? CODE_START_NO_INIT
				: CODE_START_INIT;
	}
	return CODE_START_UNKNOWN;
}

int code_start(const char *path, enum code_start *start, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};
	struct err ignored = ERR_INIT;
	struct elf_image img;
	struct elf_slice s;

	*start = CODE_START_UNKNOWN;
	if (elf_map_open(path, &map, err) < 0)
		return -1;
	if (elf_image_init(&img, map.data, map.size, err) < 0)
		return err_wrap(err, "reading '%s'", path);
	if (!img.is64 || img.big_endian ||
		elf_at(&img, elf_u64(&img, img.data + offsetof(Elf64_Ehdr, e_entry)), "the entry",
			&s, &ignored) < 0)
		return 0;
	if (img.machine == EM_X86_64)
		*start = start_x86(s.p, s.n);
	else if (img.machine == EM_AARCH64)
		*start = start_arm64(&img, s.p, s.n);
	return 0;
}
