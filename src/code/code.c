#include "code/code-internal.h"

#include <stdlib.h>
#include <string.h>

static int by_address(const void *a, const void *b)
{
	const struct code_region *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

static void add_region(struct code *code, uint64_t addr, const struct elf_slice *s)
{
	uint64_t end;

	if (s->n == 0 || __builtin_add_overflow(addr, (uint64_t)s->n, &end))
		return;
	code->regions = xreallocarray(code->regions, code->n_regions + 1, sizeof(*code->regions));
	code->regions[code->n_regions++] = (struct code_region){.addr = addr, .p = s->p, .n = s->n};
}

static const char *plt_name(const struct elf_image *img, const Elf64_Shdr *sh)
{
	static const char *const names[] = {".plt", ".plt.sec", ".plt.got", ".plt.bnd", ".iplt"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (elf_section_is(img, sh, names[i]))
			return names[i];
	return NULL;
}

static int sections(struct code *code, struct err *err)
{
	const struct elf_image *img = &code->img;
	struct elf_slice s;
	Elf64_Shdr sh;

	for (uint32_t i = 1; i < img->shnum; i++) {
		elf_shdr(img, i, &sh);
		if (!(sh.sh_flags & SHF_ALLOC))
			continue;
		if ((elf_section_is(img, &sh, ".got") || elf_section_is(img, &sh, ".got.plt")) &&
			code->n_got < CODE_MAX_GOT)
			code->got[code->n_got++] =
				(struct code_range){sh.sh_addr, sh.sh_addr + sh.sh_size};
		if (!(sh.sh_flags & SHF_EXECINSTR) || sh.sh_size == 0)
			continue;
		if (sh.sh_type == SHT_NOBITS)
			return err_set(err, ERR_UNSUPPORTED,
				"the code is not in the file, which holds only debug information");
		if (!elf_section_bytes(img, &sh, &s))
			return err_set(err, ERR_INPUT, "section %u is beyond the end of file", i);
		add_region(code, sh.sh_addr, &s);
		if (code->n_regions) {
			struct code_region *last = &code->regions[code->n_regions - 1];

			last->name = plt_name(img, &sh);
			last->plt = last->name != NULL;
		}
	}
	return 0;
}

static int segments(struct code *code, struct err *err)
{
	const struct elf_image *img = &code->img;
	struct elf_slice s;
	Elf64_Phdr ph;

	for (uint32_t i = 0; i < img->phnum; i++) {
		elf_phdr(img, i, &ph);
		if (ph.p_type != PT_LOAD || !(ph.p_flags & PF_X))
			continue;
		if (!elf_bytes(img, ph.p_offset, ph.p_filesz, &s))
			return err_set(err, ERR_INPUT, "a segment is beyond the end of file");
		add_region(code, ph.p_vaddr, &s);
	}
	return 0;
}

/* Real sections do not overlap, neither in memory nor in the file; so the bytes to read are at most
 * those of the file. */
static int check_regions(struct code *code, struct err *err)
{
	uint64_t end = 0, total = 0;

	sort_array(code->regions, code->n_regions, sizeof(*code->regions), by_address);
	for (size_t i = 0; i < code->n_regions; i++) {
		const struct code_region *r = &code->regions[i];

		total += r->n;
		if (r->addr < end || total > code->img.size)
			return err_set(err, ERR_INPUT, "executable sections overlap");
		end = r->addr + r->n;
	}
	return 0;
}

static int check_kind(const struct elf_image *img, struct err *err)
{
	if (img->type == ET_REL)
		return err_set(err, ERR_UNSUPPORTED,
			"the code of an object file, whose calls have no targets yet");
	if ((img->machine != EM_X86_64 && img->machine != EM_AARCH64) || !img->is64 ||
		img->big_endian)
		return err_set(err, ERR_UNSUPPORTED,
			"code for this machine (only x86-64 and little-endian AArch64 are read)");
	return 0;
}

int code_open(struct code *code, const void *data, size_t len, struct err *err)
{
	*code = (struct code){0};
	if (elf_image_init(&code->img, data, len, err) < 0 || check_kind(&code->img, err) < 0)
		return -1;
	if ((code->img.shnum ? sections(code, err) : segments(code, err)) < 0 ||
		check_regions(code, err) < 0 || code_read_slots(code, err) < 0 ||
		code_read_functions(code, err) < 0) {
		code_close(code);
		return -1;
	}
	return 0;
}

void code_close(struct code *code)
{
	free(code->regions);
	free(code->slots);
	free(code->functions);
	*code = (struct code){0};
}

const struct code_region *code_region_at(const struct code *code, uint64_t addr)
{
	size_t low = 0, high = code->n_regions;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct code_region *r = &code->regions[middle];

		if (addr < r->addr)
			high = middle;
		else if (addr - r->addr >= r->n)
			low = middle + 1;
		else
			return r;
	}
	return NULL;
}

const struct code_slot *code_stub(const struct code *code, uint64_t addr)
{
	const struct code_region *r = code_region_at(code, addr);
	const struct code_slot *slot;
	uint64_t at;
	size_t from;

	if (!r || (!r->plt && code->img.shnum))
		return NULL;
	from = (size_t)(addr - r->addr);
	at = code->img.machine == EM_AARCH64 ? code_stub_arm64(r->p + from, r->n - from, addr)
					     : code_stub_x86(r->p + from, r->n - from, addr);
	slot = at ? code_slot_at(code, at) : NULL;
	/* Without section headers a function that only jumps on would look the same. */
	if (slot && !r->plt && slot->kind != SLOT_LAZY)
		return NULL;
	return slot;
}

int code_each_in_memory(const void *data, size_t len, code_visit visit, void *ctx,
	struct code_counts *totals, struct err *err)
{
	CLEANUP_CODE struct code code = {0};
	struct code_counts mine;

	if (!totals)
		totals = &mine;
	*totals = (struct code_counts){0};
	if (code_open(&code, data, len, err) < 0)
		return -1;
	return code_walk(&code, visit != NULL, visit, ctx, totals, err);
}

int code_each(
	const char *path, code_visit visit, void *ctx, struct code_counts *totals, struct err *err)
{
	CLEANUP_ELF_MAP struct elf_map map = {0};

	if (elf_map_open(path, &map, err) < 0)
		return -1;
	if (code_each_in_memory(map.data, map.size, visit, ctx, totals, err) < 0)
		return err_wrap(err, "reading the code of '%s'", path);
	return 0;
}

int code_counts_from_memory(const void *data, size_t len, struct code_counts *code, struct err *err)
{
	return code_each_in_memory(data, len, NULL, NULL, code, err);
}

int code_counts_read(const char *path, struct code_counts *code, struct err *err)
{
	return code_each(path, NULL, NULL, code, err);
}

const char *code_class_name(unsigned class)
{
	static const char *const names[CODE_N_CLASSES] = {
		[CODE_SITE_TLS_LE] = "tls-local-exec",
		[CODE_SITE_TLS_IE] = "tls-initial-exec",
		[CODE_SITE_TLS_GD] = "tls-general-dynamic",
		[CODE_SITE_TLS_LD] = "tls-local-dynamic",
		[CODE_SITE_TLS_DESC] = "tls-descriptor",
		[CODE_SITE_CALL_DIRECT] = "call-direct",
		[CODE_SITE_CALL_PLT_OWN] = "call-plt-own",
		[CODE_SITE_CALL_PLT_OTHER] = "call-plt-other",
		[CODE_SITE_CALL_GOT] = "call-got",
		[CODE_SITE_CALL_INDIRECT] = "call-indirect",
		[CODE_SITE_GOT_LOAD] = "got-load",
		[CODE_INSN_STACK_PROTECTOR] = "stack-protector",
		[CODE_INSN_CONTROL_FLOW] = "control-flow-marker",
		[CODE_INSN_FRAME] = "frame",
		[CODE_INSN_SPILL] = "spill",
		[CODE_INSN_PLT_STUB] = "plt-stub",
		[CODE_INSN_JUMP_INDIRECT] = "jump-indirect",
		[CODE_INSN_OTHER] = "other",
		[CODE_INSN_UNKNOWN] = "unknown",
	};

	return names[class];
}

const char *code_site_name(enum code_site site)
{
	return code_class_name(site);
}

const char *code_site_words(enum code_site site)
{
	static const char *const words[CODE_N_SITES] = {
		[CODE_SITE_TLS_LE] = "TLS access, local-exec",
		[CODE_SITE_TLS_IE] = "TLS access, initial-exec",
		[CODE_SITE_TLS_GD] = "TLS access, general-dynamic",
		[CODE_SITE_TLS_LD] = "TLS access, local-dynamic",
		[CODE_SITE_TLS_DESC] = "TLS access, descriptor",
		[CODE_SITE_CALL_DIRECT] = "call, direct",
		[CODE_SITE_CALL_PLT_OWN] = "call through the PLT to the same file",
		[CODE_SITE_CALL_PLT_OTHER] = "call through the PLT to other files",
		[CODE_SITE_CALL_GOT] = "call through the GOT",
		[CODE_SITE_CALL_INDIRECT] = "call, indirect",
		[CODE_SITE_GOT_LOAD] = "load of an address from the GOT",
	};

	return words[site];
}

bool code_is_lea(uint16_t machine, const struct code_insn *insn)
{
	return machine == EM_X86_64 && insn->class == CODE_INSN_OTHER && insn->len == 7 &&
	       (insn->bytes[0] & 0xf8) == 0x48 && insn->bytes[1] == 0x8d &&
	       (insn->bytes[2] & 0xc7) == 5;
}

bool code_loads_by_rax(uint16_t machine, const struct code_insn *insn)
{
	const uint8_t *p = insn->bytes;
	unsigned n = insn->len;

	if (n > 2 && (p[0] & 0xfb) == 0x48) {
		p++;
		n--;
	}
	return machine == EM_X86_64 && n >= 2 && p[0] == 0x8b && (p[1] & 7) == 0 && p[1] < 0xc0;
}

bool code_direct_target(uint16_t machine, const struct code_insn *insn, uint64_t *target)
{
	int32_t distance;

	if (machine != EM_X86_64) {
		*target = insn->target;
		return insn->class == CODE_SITE_CALL_PLT_OWN ||
		       insn->class == CODE_SITE_CALL_PLT_OTHER;
	}
	if (insn->len < 5 || (insn->bytes[insn->len - 5] & 0xfe) != 0xe8)
		return false;
	memcpy(&distance, insn->bytes + insn->len - 4, sizeof(distance));
	*target = insn->addr + insn->len + (uint64_t)(int64_t)distance;
	return true;
}
