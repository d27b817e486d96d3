#include "elf/image.h"

#include <string.h>

bool elf_exports(const struct elf_facts *facts, const char *name)
{
	size_t low = 0, high = facts->n_exports;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = strcmp(name, facts->exports[middle]);

		if (r == 0)
			return true;
		if (r < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

uint64_t elf_reloc_count(const struct elf_facts *facts, uint32_t type)
{
	for (size_t i = 0; i < facts->n_relocs; i++)
		if (facts->relocs[i].type == type)
			return facts->relocs[i].count;
	return 0;
}

static bool needs_tls_get_addr(const struct elf_facts *facts)
{
	for (size_t i = 0; i < facts->n_undefined; i++) {
		const char *name = facts->undefined[i].name;

		/* i386 has a second one, with its own way of passing the argument. */
		if (!strcmp(name, "__tls_get_addr") || !strcmp(name, "___tls_get_addr"))
			return true;
	}
	return false;
}

const char *elf_tls_model(const struct elf_facts *facts)
{
	const struct elf_tls_relocs *r = &facts->tls_relocs;

	if (facts->has_tls && r->own == 0 &&
		(facts->kind == ELF_KIND_EXECUTABLE || facts->kind == ELF_KIND_PIE))
		return "local-exec";
	if (r->dtpmod)
		return "global-dynamic";
	if (r->desc)
		return "descriptors";
	if (r->tpoff || facts->static_tls)
		return "initial-exec";
	return needs_tls_get_addr(facts) ? "global-dynamic" : "none";
}

int elf_version_compare(const char *a, const char *b)
{
	for (;;) {
		size_t n, m;
		int r;

		/* Without leading zeros, the longer number is the larger one. */
		a += strspn(a, "0");
		b += strspn(b, "0");
		n = strspn(a, "0123456789");
		m = strspn(b, "0123456789");
		if (n != m)
			return n < m ? -1 : 1;
		r = memcmp(a, b, n);
		if (r)
			return r < 0 ? -1 : 1;
		a += n + strcspn(a + n, "0123456789");
		b += n + strcspn(b + n, "0123456789");
		if (!*a || !*b)
			return (*a != '\0') - (*b != '\0');
	}
}

const char *elf_kind_name(enum elf_kind kind)
{
	static const char *const names[] = {"object", "executable", "pie", "shared"};

	return names[kind];
}

const char *elf_relro_name(enum elf_relro relro)
{
	static const char *const names[] = {"none", "partial", "full"};

	return names[relro];
}

const char *elf_stack_name(enum elf_stack stack)
{
	static const char *const names[] = {"missing", "nonexec", "exec"};

	return names[stack];
}

const char *elf_machine_name(uint16_t machine)
{
	switch (machine) {
	case EM_X86_64:
		return "x86_64";
	case EM_AARCH64:
		return "aarch64";
	case EM_386:
		return "i686";
	case EM_ARM:
		return "arm";
	case EM_RISCV:
		return "riscv";
	case EM_PPC64:
		return "ppc64";
	case EM_S390:
		return "s390x";
	default:
		return NULL;
	}
}
