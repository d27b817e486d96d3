/* Rules over the ELF files of wheels for Linux, for any machine and C library: what the loader of
 * glibc or of musl will do with them.
 *
 * The two differ in what counts here. glibc compares versions (DT_VERNEED); musl has none. glibc's
 * DT_RUNPATH serves the file that has it, and DT_RPATH what that file loads, too; for musl both are
 * the second. musl places thread-local variables of what it loads late where no initial-exec access
 * reaches them.
 */
#include <stdlib.h>
#include <string.h>

#include <elf.h>

#include "base/file.h"
#include "check/foreign-internal.h"

static bool wants_glibc(const struct elf_facts *f)
{
	for (size_t i = 0; i < f->n_needed; i++) {
		if (!strcmp(f->needed[i], "libc.so.6"))
			return true;
	}
	return f->glibc != NULL;
}

/* What no wheel must bring: for glibc the libraries of PEP 600; for musl its own, and zlib, which
 * auditwheel leaves out as Alpine's package manager needs it. */
bool foreign_is_system(const struct foreign_tags *t, const char *needed)
{
	static const char musl[] = "libc.musl-* ld-musl-* libc.so libz.so.1";
	static const char glibc[] =
		"libc.so.6 libm.so.6 libdl.so.2 librt.so.1 libpthread.so.0 libutil.so.1 "
		"libresolv.so.2 libnsl.so.1 libanl.so.1 libmvec.so.1 libcrypt.so.1 libgcc_s.so.1 "
		"libstdc++.so.6 libatomic.so.1 ld-linux* ld64.so.* libX11.so.6 libXext.so.6 "
		"libXrender.so.1 libICE.so.6 libSM.so.6 libGL.so.1 libgobject-2.0.so.0 "
		"libgthread-2.0.so.0 libglib-2.0.so.0 libz.so.1 libexpat.so.1";

	return check_listed(t->musl ? musl : glibc, path_base(needed));
}

/* What follows "$ORIGIN" in a search path; NULL: it begins with something else. */
static const char *after_origin(const char *path)
{
	static const char *const forms[] = {"$ORIGIN", "${ORIGIN}"};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		size_t n = strlen(forms[i]);

		if (!strncmp(path, forms[i], n) && (path[n] == '/' || !path[n]))
			return path + n;
	}
	return NULL;
}

/* Splits the file's search paths; the folder of the file, from which $ORIGIN counts. NULL and none
 * if it is not installed with the modules. The caller frees it. */
static char *search_paths(const struct foreign_file *f, struct strv *list)
{
	const char *paths = f->elf.runpath ? f->elf.runpath : f->elf.rpath;

	if (!f->place)
		return NULL;
	strv_split(list, paths ? paths : "", ":");
	return path_dir(f->place);
}

static void find_folders(const struct foreign_audit *audit, struct foreign_file *f)
{
	CLEANUP_STRV struct strv list = STRV_INIT;
	CLEANUP_FREE char *dir = search_paths(f, &list);

	for (size_t i = 0; i < list.n; i++) {
		const char *rest = after_origin(list.v[i]);
		char *folder = rest ? foreign_join(dir, rest) : NULL;

		f->outside =
			f->outside || (rest && (!folder || !foreign_has_folder(audit, folder)));
		if (folder)
			strv_take(&f->folders, folder);
	}
}

/* True if a search path of the file leads to that name in the wheel. */
static bool reaches(
	const struct foreign_audit *audit, const struct foreign_file *f, const char *needed)
{
	for (size_t i = 0; i < f->folders.n; i++) {
		CLEANUP_FREE char *place = foreign_join(f->folders.v[i], needed);

		if (place && foreign_at(audit, place))
			return true;
	}
	return false;
}

/* True if the search paths of one file, which lead to that name, find it for another: because the
 * loader takes them for what the file loads, too, or because the file itself needs that name, and
 * what is in memory is not searched for. */
static bool helps(const struct foreign_tags *t, const struct foreign_file *file, const char *needed)
{
	if (t->musl || !file->elf.runpath)
		return true;
	for (size_t i = 0; i < file->elf.n_needed; i++) {
		if (!strcmp(file->elf.needed[i], needed))
			return true;
	}
	return false;
}

/* Which files lead to which is not followed: any of the wheel may, but no module to another. If it
 * is not found, `out` says whether a path leads out of the wheel, or to a folder that another has
 * to fill. */
static bool is_found(const struct foreign_audit *audit, const struct foreign_file *f,
	const char *needed, bool *out)
{
	if (reaches(audit, f, needed))
		return true;
	*out = f->outside;
	for (size_t i = 0; i < audit->n; i++) {
		const struct foreign_file *other = &audit->v[i];

		if (other == f || (f->extension && other->extension))
			continue;
		if (helps(&audit->tags, other, needed) && reaches(audit, other, needed))
			return true;
		*out = *out || other->outside;
	}
	return false;
}

static void check_needed(
	struct foreign_audit *audit, const struct foreign_file *f, const char *needed)
{
	bool out = false;

	if (py_is_libpython(needed, true)) {
		CLEANUP_FREE char *age = wheel_libpython_age(audit->date);

		foreign_find(audit, "elf-libpython", f, "needs %s%s", needed, age);
		foreign_expect(audit, FOREIGN_STATIC, WHEEL_UNSURE,
			"%s needs %s, which a static interpreter has only if it ships it and the "
			"loader is told where",
			f->rel, needed);
		return;
	}
	if (foreign_is_system(&audit->tags, needed) || !f->place ||
		is_found(audit, f, needed, &out))
		return;
	if (foreign_named(audit, path_base(needed))) {
		foreign_find(audit, "elf-off-path", f,
			"needs %s, which is in the wheel, but on no search path", needed);
		foreign_expect(audit, FOREIGN_ALL, WHEEL_UNSURE,
			"%s finds %s only if something has loaded it before", f->rel, needed);
	} else if (out) {
		foreign_expect(audit, FOREIGN_ALL, WHEEL_UNSURE, "%s needs %s of another wheel",
			f->rel, needed);
	} else {
		foreign_find(audit, "elf-missing-library", f,
			"needs %s, which neither the wheel nor every system of its tag has",
			needed);
		foreign_expect(audit, FOREIGN_ALL, f->loaded ? WHEEL_BREAKS : WHEEL_UNSURE,
			"%s needs %s, which neither the wheel nor every system of its tag has",
			f->rel, needed);
	}
}

static void check_paths(struct foreign_audit *audit, const struct foreign_file *f)
{
	CLEANUP_STRV struct strv list = STRV_INIT;
	CLEANUP_FREE char *dir = search_paths(f, &list);

	for (size_t i = 0; i < list.n; i++) {
		const char *rest = after_origin(list.v[i]);
		CLEANUP_FREE char *place = rest ? foreign_join(dir, rest) : NULL;

		if (!place)
			foreign_find(audit, "elf-search-paths", f, "looks for libraries in %s%s",
				list.v[i], rest ? ", outside of the wheel" : "");
	}
}

/* The C library: which, and how new. False if it is another one. */
static bool check_libc(
	struct foreign_audit *audit, const struct foreign_file *f, const char *promised)
{
	bool musl = audit->tags.musl;

	if (musl ? wants_glibc(&f->elf) : check_is_musl(&f->elf)) {
		foreign_find(audit, "elf-libc", f, "is for %s, and the wheel's tag says %s",
			musl ? "glibc" : "musl", musl ? "musl" : "glibc");
		foreign_expect(
			audit, FOREIGN_ALL, WHEEL_BREAKS, "%s is for another C library", f->rel);
		return false;
	}
	if (promised && f->elf.glibc && elf_version_compare(f->elf.glibc, promised) > 0) {
		foreign_find(audit, "elf-glibc-tag", f,
			"needs glibc %s, and the wheel's tag promises %s", f->elf.glibc, promised);
		foreign_expect(audit, FOREIGN_ALL, WHEEL_UNSURE,
			"%s needs glibc %s, and installers take it from %s on", f->rel,
			f->elf.glibc, promised);
	}
	if (musl && f->elf.kind == ELF_KIND_SHARED && f->elf.tls_relocs.tpoff) {
		foreign_find(audit, "elf-musl-tls", f,
			"has %ju initial-exec accesses to thread-local variables",
			(uintmax_t)f->elf.tls_relocs.tpoff);
		foreign_expect(audit, FOREIGN_ALL, WHEEL_BREAKS,
			"%s uses initial-exec thread-local storage, which musl refuses in what is "
			"loaded late",
			f->rel);
	}
	return true;
}

void foreign_judge_elf(struct foreign_audit *audit)
{
	CLEANUP(promises_release) struct promises promises = {0};
	const struct foreign_tags *t = &audit->tags;
	const char *glibc;

	promises_of_wheel(audit->wheel ? audit->wheel : "", &promises);
	glibc = promises.n ? promises.v[0].glibc : NULL;
	for (size_t i = 0; i < audit->n && t->system == FOREIGN_LINUX; i++)
		find_folders(audit, &audit->v[i]);
	for (size_t i = 0; i < audit->n && t->system == FOREIGN_LINUX; i++) {
		const struct foreign_file *f = &audit->v[i];

		if (f->form != FOREIGN_ELF || !f->elf.machine || f->elf.kind == ELF_KIND_OBJECT ||
			f->elf.debug_only)
			continue;
		if (t->elf_machine && f->elf.machine != t->elf_machine) {
			foreign_other_machine(audit, "elf-machine", f,
				elf_machine_name(f->elf.machine), elf_machine_name(t->elf_machine));
			continue;
		}
		/* A program is started, and not loaded into Python. */
		if (!check_libc(audit, f, glibc) || f->elf.kind != ELF_KIND_SHARED)
			continue;
		check_paths(audit, f);
		foreign_check_claims(audit, f);
		for (size_t k = 0; k < f->elf.n_needed; k++)
			check_needed(audit, f, f->elf.needed[k]);
	}
	if (t->system == FOREIGN_LINUX)
		foreign_check_cet(audit);
}

const struct check_rule rules_elf[] = {
	{"elf-libpython", CHECK_WARNING, OF_WHEELS,
		"a static interpreter may not have the library, though it has what is in it",
		"do not link libpython: on Linux modules get the C API from the interpreter; repair with "
		"auditwheel 6.4.0 or newer, which removes it",
		"No module, and no library that modules use, needs libpython. With a static "
		"interpreter the loader must find a file of which nothing is used; with a shared one "
		"of another name it maps a second copy.",
		.apply = NULL},
	{"elf-libc", CHECK_ERROR, OF_WHEELS, "it cannot be loaded",
		"build it in the image of the tag, bundled libraries too",
		"Files in a musllinux wheel are for musl, in a manylinux wheel for glibc.",
		.apply = NULL},
	{"elf-glibc-tag", CHECK_ERROR, OF_WHEELS,
		"installers take it for systems on which it cannot be loaded",
		"build it in the image of the tag, or let auditwheel choose the tag",
		"No file needs a later glibc than the wheel's tag promises (the lowest of several).",
		.apply = NULL},
	{"elf-musl-tls", CHECK_ERROR, OF_WHEELS,
		"musl refuses it: \"initial-exec TLS resolves to dynamic definition\"",
		"compile without -ftls-model=initial-exec",
		"Files for musl access thread-local variables by a dynamic model. glibc keeps a "
		"reserve for libraries that are loaded late, musl does not.",
		.apply = NULL},
	{"elf-missing-library", CHECK_ERROR, OF_WHEELS,
		"it is loaded only where the library is installed", "bundle it (auditwheel repair)",
		"Every library is in the wheel or among those that every system of the tag has: for "
		"manylinux those of PEP 600, for musllinux musl and zlib, and no libstdc++.",
		.apply = NULL},
	{"elf-off-path", CHECK_WARNING, OF_WHEELS,
		"a library of the wheel is found only if something has loaded it before",
		"add $ORIGIN/… to its DT_RUNPATH (patchelf --set-rpath)",
		"The name of a library that is in the wheel is found: by the search paths of the "
		"file, or of another that brings it.",
		.apply = NULL},
	{"elf-search-paths", CHECK_WARNING, OF_WHEELS,
		"libraries of another place may be loaded in the place of its own",
		"remove it (patchelf --set-rpath), or begin it with $ORIGIN",
		"Every entry of DT_RPATH and DT_RUNPATH leads from $ORIGIN into the wheel. Others "
		"are left from the machine that built it, or count on another package's folder.",
		.apply = NULL},
	{"elf-stable-abi", CHECK_ERROR, OF_WHEELS,
		"it works with some of the versions of Python that its tag claims",
		"define Py_LIMITED_API as the lowest version of the tag before Python.h, and use no "
		"name that begins with _Py; or drop the tag abi3",
		"A module for the stable ABI (the tag abi3, or .abi3. in its name) uses only what is "
		"in it, and nothing that came after the version in the tag: CPython may change or "
		"drop the rest in any release. Held against the list of CPython 3.15 "
		"(Misc/stable_abi.toml). Weak symbols do not count; where a file of the wheel needs a "
		"library of another, which may define such names, only versions are judged.",
		.apply = NULL},
	{"elf-free-threading", CHECK_ERROR, OF_WHEELS,
		"it crashes, or destroys objects: the two kinds of Python lay them out differently",
		"compile it with the headers of the Python that the tag names (Py_GIL_DISABLED)",
		"What is in a wheel for a Python without a GIL (cp313t) was compiled for one, and what "
		"is in another was not. It shows in the function that a Py_DECREF in the code ends "
		"in: _Py_Dealloc, or _Py_DecRefShared and _Py_MergeZeroLocalRefcount. A file that "
		"calls neither, or both, is not judged; whether a module says that it needs no GIL "
		"(Py_mod_gil) is in tables that only running it fills.",
		.apply = NULL},
	{"elf-module-name", CHECK_ERROR, OF_WHEELS,
		"no Python that installs the wheel looks for a module of that name",
		"name it by EXT_SUFFIX of the Python that it is for; .abi3.so or .so for several",
		"The version in a module's name (.cpython-313-…, .cpython-313t-…) is that of the "
		"wheel's tag, or the same module is there under such a name, too.",
		.apply = NULL},
	{"elf-overlinked", CHECK_NOTE, OF_WHEELS,
		"each import loads and relocates a library for nothing, and fails where it is missing",
		"link with -Wl,--as-needed, or leave the -l away",
		"Files take something from each library that they need: a symbol that a library of the "
		"wheel defines, or a version of glibc's or gcc's libraries. Other libraries leave no "
		"trace in the file, and are not judged. A library that is only wanted for what it does "
		"when it is loaded is named, too.",
		.apply = NULL},
	{"elf-bundled", CHECK_NOTE, OF_WHEELS,
		"fixes of that library reach users only with another wheel",
		"follow its releases and advisories; with the system's library, or one wheel for all "
		"who need it, others do",
		"No file is, shows, or hides a copy of a well-known library (OpenSSL, zlib, libstdc++, "
		"libgomp, …). Versions are those of a text in the file's constants (OpenSSL, zlib, "
		"expat, libpng, libcurl, OpenBLAS, HDF5), else of its name.",
		.apply = NULL},
	{"elf-stack", CHECK_ERROR, OF_WHEELS,
		"glibc 2.41 and later refuse to load it into a running program, as does SELinux",
		"give assembler files .section .note.GNU-stack,\"\",@progbits, use no nested functions; "
		"or clear it: patchelf --clear-execstack",
		"No file asks for an executable stack (PT_GNU_STACK).", .apply = NULL},
	{"elf-text-relocations", CHECK_WARNING, OF_WHEELS,
		"hardened systems refuse it, and its code is in memory once for each process",
		"compile all of it with -fPIC, assembler too",
		"No file has relocations in its code (DT_TEXTREL).", .apply = NULL},
	{"elf-cet", CHECK_NOTE, OF_WHEELS,
		"a process that loads it runs without Intel's protection of control flow",
		"compile with -fcf-protection, and mark assembler files for it",
		"Every file for x86-64 is marked for indirect branch tracking and shadow stacks "
		"(.note.gnu.property). One that is not turns them off for the process, or is refused "
		"where they are enforced.",
		.apply = NULL},
	{"elf-isa", CHECK_NOTE, OF_WHEELS,
		"on older processors it may end with \"illegal instruction\" (SIGILL)",
		"compile for the baseline, and choose faster code at run time: target_clones, ifunc, "
		"cpuid",
		"The code of files for x86-64 needs nothing that not every such processor has: the "
		"levels x86-64-v2 (SSE4.2, POPCNT), v3 (AVX2, BMI, FMA) and v4 (AVX-512), told by "
		"decoding all of it, with one instruction and the function that has most of them. "
		"Whether it is reached on a processor that lacks them, files do not say: where "
		"something in the file asks the processor (cpuid, xgetbv, ifuncs), it is probably "
		"chosen; where nothing does, another file or the package may still choose whether to "
		"load it.",
		.apply = NULL},
	{"elf-machine", CHECK_ERROR, OF_WHEELS, "it cannot be loaded",
		"build it for the machine of the tag",
		"Modules are for the machine of the wheel's tag.", .apply = NULL},
	{"elf-damaged", CHECK_ERROR, OF_WHEELS, "it cannot be loaded", "build it again",
		"Every ELF file can be read.", .apply = NULL},
	{0},
};
