/* Programs of other machines. Declared in proc/proc.h. */
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "proc/proc.h"

/* Of the packages qemu-user and qemu-user-static. */
#define QEMU(name)                                                                                 \
	{                                                                                          \
		name, name "-static"                                                               \
	}

static const struct machine {
	uint16_t elf;
	const char *qemu[2], *triple;
} machines[] = {
	{EM_X86_64, QEMU("qemu-x86_64"), "x86_64-linux-gnu"},
	{EM_AARCH64, QEMU("qemu-aarch64"), "aarch64-linux-gnu"},
	{EM_RISCV, QEMU("qemu-riscv64"), "riscv64-linux-gnu"},
	{EM_PPC64, QEMU("qemu-ppc64le"), "powerpc64le-linux-gnu"},
	{EM_S390, QEMU("qemu-s390x"), "s390x-linux-gnu"},
	{EM_ARM, QEMU("qemu-arm"), "arm-linux-gnueabihf"},
};

static const struct machine *find_machine(uint16_t elf)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i].elf == elf)
			return &machines[i];
	return NULL;
}

uint16_t machine_here(void)
{
#if defined(__x86_64__)
	return EM_X86_64;
#elif defined(__aarch64__)
	return EM_AARCH64;
#elif defined(__riscv)
	return EM_RISCV;
#elif defined(__powerpc64__)
	return EM_PPC64;
#elif defined(__s390x__)
	return EM_S390;
#elif defined(__arm__)
	return EM_ARM;
#else
	return EM_NONE;
#endif
}

bool machine_runs(uint16_t elf)
{
	uint16_t here = machine_here();

	return elf == here || here == EM_NONE || (here == EM_X86_64 && elf == EM_386);
}

const char *machine_emulator(uint16_t elf)
{
	const struct machine *m = machine_runs(elf) ? NULL : find_machine(elf);

	for (size_t i = 0; m && i < ARRAY_SIZE(m->qemu); i++) {
		CLEANUP_FREE char *found = find_program(m->qemu[i]);

		if (found)
			return m->qemu[i];
	}
	return m ? m->qemu[0] : NULL;
}

/* The machine of an ELF file; EM_NONE: it is something else. */
static uint16_t machine_of(const char *program)
{
	struct err ignored = ERR_INIT;
	CLEANUP_CLOSE int fd = file_open(program, &ignored);
	unsigned char head[EI_NIDENT + 4];

	if (fd < 0 || file_pread(fd, head, sizeof(head), 0) != sizeof(head) ||
		memcmp(head, ELFMAG, SELFMAG) != 0)
		return EM_NONE;
	/* e_machine is at the same place in both classes. */
	return head[EI_DATA] == ELFDATA2MSB ? (uint16_t)(head[18] << 8 | head[19])
					    : (uint16_t)(head[19] << 8 | head[18]);
}

char *machine_root(uint16_t elf)
{
	const struct machine *m = find_machine(elf);
	CLEANUP_FREE char *root = m ? xasprintf("/usr/%s", m->triple) : NULL;

	return root && path_is_dir(root) ? steal(&root) : NULL;
}

char *machine_tool(uint16_t elf, const char *tool)
{
	const struct machine *m = machine_runs(elf) ? NULL : find_machine(elf);

	return m ? xasprintf("%s-%s", m->triple, tool) : xstrdup(tool);
}

void machine_prefix(const char *program, struct strv *argv)
{
	uint16_t elf = strchr(program, '/') ? machine_of(program) : EM_NONE;
	const char *emulator = elf == EM_NONE ? NULL : machine_emulator(elf);
	CLEANUP_FREE char *qemu = emulator ? find_program(emulator) : NULL;
	CLEANUP_FREE char *root = qemu ? machine_root(elf) : NULL;

	if (!qemu)
		return;
	strv_add(argv, qemu);
	/* What is not in the root is looked for on this machine. */
	if (root) {
		strv_add(argv, "-L");
		strv_add(argv, root);
	}
}
