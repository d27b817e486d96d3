/* Rules about libpython*.a, for those who link it. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "check/check-internal.h"

static char *in_folder(const struct python *d, const char *folder, const char *name)
{
	const char *dir = py_config(d, folder), *file = py_config(d, name);

	return dir && *dir && file && *file ? xasprintf("%s/%s", dir, file) : NULL;
}

static void present(struct rule_run *r)
{
	CLEANUP_FREE char *path = in_folder(r->dist, "LIBPL", "LIBRARY");
	const char *wanted = py_config(r->dist, "STATIC_LIBPYTHON");

	if (!path)
		rule_unchecked(r, "sysconfig has no LIBPL or LIBRARY");
	else if (!wanted || strcmp(wanted, "1") != 0)
		rule_unchecked(r, "sysconfig does not say that one was built (STATIC_LIBPYTHON)");
	else if (!path_is_dir(py_config(r->dist, "LIBPL")))
		rule_unchecked(r, "LIBPL is not a folder; see sysconfig-paths");
	else if (!path_exists(path))
		rule_find(r, path, "is not there, and sysconfig says that it was built");
}

static void both_places(struct rule_run *r)
{
	CLEANUP_FREE char *libpl = in_folder(r->dist, "LIBPL", "LIBRARY");
	CLEANUP_FREE char *libdir = in_folder(r->dist, "LIBDIR", "LIBRARY");

	if (!libpl || !libdir || !path_is_dir(py_config(r->dist, "LIBPL")) ||
		!path_is_dir(py_config(r->dist, "LIBDIR")))
		rule_unchecked(r, "LIBDIR, LIBPL and LIBRARY of sysconfig do not name folders");
	else if (path_exists(libpl) && !path_exists(libdir))
		rule_find(r, libdir, "is not there, only the one in LIBPL");
	else if (path_exists(libdir) && path_exists(libpl) && !rule_same_file(libpl, libdir)) {
		char a[SHA256_HEX_SIZE], b[SHA256_HEX_SIZE];
		struct err err = ERR_INIT;

		if (sha256_file(libpl, a, NULL, &err) < 0 || sha256_file(libdir, b, NULL, &err) < 0)
			rule_unchecked(r, "%s", err.msg);
		else if (strcmp(a, b) != 0)
			rule_find(r, libdir, "is not the same as the one in LIBPL");
	}
}

static void code(struct rule_run *r)
{
	const char *path = r->dist->libpython_static;
	struct elf_archive_facts f;
	struct err err = ERR_INIT;

	if (elf_archive_facts_read(path, &f, &err) < 0) {
		rule_find(r, path, "cannot be read: %s", err.msg);
		return;
	}
	if (f.bitcode_members)
		rule_find(r, path, "%zu of %zu members are LLVM bitcode", f.bitcode_members,
			f.members);
	if (f.lto_members)
		rule_find(r, path, "%zu of %zu members hold only a compiler's intermediate code",
			f.lto_members, f.members);
	if (f.foreign_members)
		rule_find(r, path, "%zu of %zu members are no object files for one machine",
			f.foreign_members, f.members);
	if (!f.members)
		rule_find(r, path, "is empty");
	else if (r->interpreter && f.machine &&
		 (f.machine != r->interpreter->facts.machine ||
			 f.bits != r->interpreter->facts.bits))
		rule_find(r, path, "is for another machine than the interpreter");
}

static void pic(struct rule_run *r)
{
	const char *path = r->dist->libpython_static, *libpl = py_config(r->dist, "LIBPL");
	const char *base = path_base(path);
	CLEANUP_FREE char *other = NULL;
	struct elf_archive_facts f;
	struct err err = ERR_INIT;

	if (elf_archive_facts_read(path, &f, &err) < 0) {
		rule_unchecked(r, "the archive cannot be read; see archive-code");
		return;
	}
	other = xasprintf("%s/%.*s-pic.a", libpl ? libpl : "", (int)strlen(base) - 2, base);
	if (f.abs32_relocs)
		rule_find(r, path, "has %llu relocations that only fit a fixed address%s",
			(unsigned long long)f.abs32_relocs,
			path_exists(other) ? "; the -pic.a in LIBPL is there for that" : "");
}

const struct check_rule rules_archive[] = {
	{"archive-present", CHECK_WARNING, NEEDS_RUN,
		"tools that link Python statically are told of a file that is not there",
		"ship libpython*.a, or say STATIC_LIBPYTHON 0",
		"If sysconfig says that a static libpython was built (STATIC_LIBPYTHON, 3.10 and "
		"later), LIBPL/LIBRARY exists.",
		.apply = present},
	{"archive-places", CHECK_WARNING, NEEDS_RUN | NEEDS_RELOCATABLE,
		"Nuitka and CMake look in one place, build systems in the other",
		"put it into LIBDIR and a link into LIBPL",
		"The static libpython of a distribution that can be moved lies in LIBDIR and in "
		"LIBPL, and both are the same.",
		.apply = both_places},
	{"archive-code", CHECK_ERROR, NEEDS_ARCHIVE,
		"whoever links it needs the very compiler that made it",
		"compile with fat objects (-ffat-lto-objects), or make the archive from machine "
		"code",
		"Every member of the static libpython is an object file with machine code for the "
		"interpreter's machine: no bitcode, no LTO objects without code.",
		.apply = code},
	{"archive-pic", CHECK_WARNING, NEEDS_ARCHIVE,
		"it cannot be linked into a position-independent program, which compilers make by "
		"default",
		"compile with -fPIC, or ship a -pic.a and name it where tools look",
		"No member has R_X86_64_32 or R_X86_64_32S relocations on what is loaded. Other "
		"machines are not looked at.",
		.apply = pic},
	{0},
};
