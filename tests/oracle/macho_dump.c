/* Prints what src/macho or src/pe finds in files, for macho_oracle.py: each file's name after "file
 *", then "key value" lines, or "error TEXT".
 *
 *	macho_dump FILE…
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "macho/macho.h"
#include "pe/pe.h"

static void dump_slice(const struct macho_slice *s)
{
	static const char *const links[] = {"load", "weak", "reexport", "upward", "lazy"};

	printf("slice %" PRIu32 " %" PRIu32 "\n", s->cpu, s->subtype);
	if (s->unread) {
		printf("unread\n");
		return;
	}
	printf("header %" PRIu32 " 0x%08" PRIx32 " %" PRIu32 "\n", s->type, s->flags,
		s->n_commands);
	if (s->id)
		printf("id %s %" PRIu32 " %" PRIu32 "\n", s->id, s->id_current, s->id_compatible);
	for (size_t i = 0; i < s->n_libraries; i++)
		printf("library %s %s %" PRIu32 " %" PRIu32 "\n", links[s->libraries[i].link],
			s->libraries[i].name, s->libraries[i].current, s->libraries[i].compatible);
	for (size_t i = 0; i < s->n_rpaths; i++)
		printf("rpath %s\n", s->rpaths[i]);
	printf("platform %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", s->platform, s->minimum, s->sdk);
	printf("has %d %d %d %d\n", s->symtab, s->dyld_info, s->chained, s->is_signed);
	for (size_t i = 0; i < s->n_undefined; i++)
		printf("undefined %s %d %d\n", s->undefined[i].name, s->undefined[i].ordinal,
			s->undefined[i].weak);
	for (size_t i = 0; i < s->n_exports; i++)
		printf("export %s\n", s->exports[i]);
}

static void dump_pe(const struct pe_facts *f)
{
	printf("pe %u %u %d %u %u.%u\n", f->machine, f->bits, f->dll, f->subsystem,
		f->subsystem_major, f->subsystem_minor);
	for (size_t i = 0; i < f->n_imports; i++)
		printf("import %s %d %" PRIu32 "\n", f->imports[i].dll, f->imports[i].delayed,
			f->imports[i].n_names);
	for (size_t i = 0; i < f->n_exports; i++)
		printf("export %s\n", f->exports[i]);
}

static void dump(const char *path)
{
	CLEANUP_MACHO_FACTS struct macho_facts macho = {0};
	CLEANUP_PE_FACTS struct pe_facts pe = {0};
	CLEANUP_CLOSE int fd = -1;
	struct err err = ERR_INIT;
	char magic[2] = "";

	printf("file %s\n", path);
	fd = file_open(path, &err);
	if (fd >= 0 && file_pread(fd, magic, sizeof(magic), 0) == 2 && pe_is(magic, 2)) {
		if (pe_facts_read(path, &pe, &err) == 0)
			dump_pe(&pe);
	} else if (macho_facts_read(path, &macho, &err) == 0) {
		printf("fat %d %zu\n", macho.fat, macho.n);
		for (size_t i = 0; i < macho.n; i++)
			dump_slice(&macho.v[i]);
	}
	if (err.code != ERR_NONE)
		printf("error %s\n", err.msg);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		dump(argv[i]);
	return 0;
}
