/* Prints what src/elf finds in one file, as "key value" lines for elf_oracle.py.
 *
 *	elf_dump FILE       an ELF file
 *	elf_dump -a FILE    a static archive
 *	elf_dump -c FILE    the code of an ELF file: counts
 *	elf_dump -s FILE    the same, then every site
 *	elf_dump -i FILE    the same, then every instruction
 *	elf_dump -k FILE    compares every instruction with Capstone's view of it; exits with 1 if
 *	                    one differs
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <elf.h>

#include <capstone/capstone.h>

#include "code/code.h"
#include "elf/elf.h"

static void text(const char *key, const char *value)
{
	if (value)
		printf("%s %s\n", key, value);
}

static void dump_head(const struct elf_facts *f)
{
	printf("size %" PRIu64 "\nkind %s\nbits %u\nbig_endian %d\n", f->file_size,
		elf_kind_name(f->kind), f->bits, f->big_endian);
	text("machine", elf_machine_name(f->machine));
	text("interp", f->interp);
	text("soname", f->soname);
	text("rpath", f->rpath);
	text("runpath", f->runpath);
	for (size_t i = 0; i < f->n_needed; i++)
		text("needed", f->needed[i]);
	printf("dynamic %d\nsymbolic %d\nbind_now %d\ntextrel %d\nstatic_tls %d\n", f->dynamic,
		f->symbolic, f->bind_now, f->textrel, f->static_tls);
	printf("wx_segment %d\nrelro %s\nstack %s\n", f->wx_segment, elf_relro_name(f->relro),
		elf_stack_name(f->stack));
	if (f->has_tls)
		printf("tls %" PRIu64 " %" PRIu64 "\n", f->tls_size, f->tls_align);
	text("build_id", f->build_id);
	text("debuglink", f->debuglink);
	printf("debug_info %d\nsymtab %d\n", f->debug_info, f->symtab);
	printf("properties %d %d %d %d %u\n", f->properties.ibt, f->properties.shstk,
		f->properties.bti, f->properties.pac, f->properties.isa_level);
}

static void dump_lists(const struct elf_facts *f)
{
	for (size_t i = 0; i < f->n_relocs; i++)
		printf("reloc %" PRIu32 " %s %" PRIu64 "\n", f->relocs[i].type,
			elf_reloc_name(f->machine, f->relocs[i].type)
				? elf_reloc_name(f->machine, f->relocs[i].type)
				: "-",
			f->relocs[i].count);
	printf("relr %" PRIu64 "\ntls_model %s\n", f->relr, elf_tls_model(f));
	printf("tls_relocs %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		f->tls_relocs.dtpmod, f->tls_relocs.dtpoff, f->tls_relocs.tpoff, f->tls_relocs.desc,
		f->tls_relocs.own);
	for (size_t i = 0; i < f->n_exports; i++)
		text("export", f->exports[i]);
	for (size_t i = 0; i < f->n_undefined; i++)
		printf("undefined %s %s %d\n", f->undefined[i].name,
			f->undefined[i].version ? f->undefined[i].version : "-",
			f->undefined[i].weak);
	for (size_t i = 0; i < f->n_versions; i++)
		printf("version %s %s\n", f->versions[i].file, f->versions[i].version);
	text("glibc", f->glibc);
}

static int dump_archive(const char *path, struct err *err)
{
	struct elf_archive_facts f;

	if (elf_archive_facts_read(path, &f, err) < 0)
		return -1;
	printf("members %zu\nbitcode %zu\nlto %zu\nfat_lto %zu\nforeign %zu\nbits %u\n", f.members,
		f.bitcode_members, f.lto_members, f.fat_lto_members, f.foreign_members, f.bits);
	text("machine", elf_machine_name(f.machine));
	printf("abs32 %" PRIu64 "\nglobals %zu\n", f.abs32_relocs, f.defined_globals);
	return 0;
}

static int dump_elf(const char *path, struct err *err)
{
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};

	if (elf_facts_read(path, &facts, err) < 0)
		return -1;
	dump_head(&facts);
	dump_lists(&facts);
	return 0;
}

static int dump_insns(void *ctx, const struct code_function *function,
	const struct code_insn *insns, size_t n, struct err *err)
{
	bool all = *(const bool *)ctx;

	(void)err;
	for (size_t i = 0; i < n; i++)
		if (all || insns[i].site)
			printf("%" PRIx64 " %u %s %d %" PRIx64 " %s %s\n", insns[i].addr,
				insns[i].len, code_class_name(insns[i].class), insns[i].site,
				insns[i].target, insns[i].symbol ? insns[i].symbol : "-",
				function->name ? function->name : "-");
	return 0;
}

struct comparison {
	csh capstone;
	cs_insn *insn;
	uint64_t same, different;
};

/* Capstone does not know the newest instructions; where it knows none, it has no say. */
static int compare_insns(void *ctx, const struct code_function *function,
	const struct code_insn *insns, size_t n, struct err *err)
{
	struct comparison *c = ctx;

	(void)function;
	(void)err;
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = insns[i].bytes;
		uint64_t addr = insns[i].addr;
		size_t left = insns[i].len;

		if (insns[i].class == CODE_INSN_UNKNOWN ||
			!cs_disasm_iter(c->capstone, &p, &left, &addr, c->insn))
			continue;
		c->same += left == 0;
		c->different += left > 0;
		if (left && c->different <= 10)
			printf("%" PRIx64 ": %u bytes, Capstone has %u: %s %s\n", insns[i].addr,
				insns[i].len, c->insn->size, c->insn->mnemonic, c->insn->op_str);
	}
	return 0;
}

static int compare_code(const char *path, struct err *err)
{
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};
	struct comparison c = {0};
	int r = elf_facts_read(path, &facts, err);
	bool arm = r == 0 && facts.machine == EM_AARCH64;

	if (r < 0)
		return -1;
	if (cs_open(arm ? CS_ARCH_ARM64 : CS_ARCH_X86, arm ? CS_MODE_LITTLE_ENDIAN : CS_MODE_64,
		    &c.capstone) != CS_ERR_OK)
		return err_set(err, ERR_ENVIRONMENT, "Capstone cannot be used");
	c.insn = cs_malloc(c.capstone);
	r = code_each(path, compare_insns, &c, NULL, err);
	cs_free(c.insn, 1);
	cs_close(&c.capstone);
	if (r < 0)
		return -1;
	printf("same %" PRIu64 "\ndifferent %" PRIu64 "\n", c.same, c.different);
	return c.different || !c.same;
}

static int dump_code(const char *path, char how, struct err *err)
{
	struct code_counts code;
	bool all = how == 'i';

	if (code_each(path, how == 'c' ? NULL : dump_insns, &all, &code, err) < 0)
		return -1;
	printf("functions %" PRIu64 "\ninstructions %" PRIu64 "\nunknown %" PRIu64 "\ngaps %" PRIu64
	       "\nstubs %" PRIu64 "\n",
		code.functions, code.instructions, code.unknown, code.gaps, code.stubs);
	for (size_t i = 0; i < CODE_N_SITES; i++)
		printf("%s %" PRIu64 "\n", code_class_name(i), code.sites[i]);
	return 0;
}

int main(int argc, char **argv)
{
	const char *how = argc == 3 ? argv[1] : "-f";
	struct err err = ERR_INIT;
	int r;

	if ((argc != 2 && argc != 3) || strlen(how) != 2 || !strchr("facsik", how[1])) {
		fprintf(stderr, "usage: elf_dump [-a|-c|-s|-i|-k] FILE\n");
		return 64;
	}
	if (how[1] == 'a')
		r = dump_archive(argv[2], &err);
	else if (how[1] == 'f')
		r = dump_elf(argv[argc - 1], &err);
	else if (how[1] == 'k')
		r = compare_code(argv[2], &err);
	else
		r = dump_code(argv[2], how[1], &err);
	if (r < 0) {
		printf("error %s\n", err.msg);
		return 2;
	}
	return r;
}
