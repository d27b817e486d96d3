/* Rules over the Mach-O files of wheels: what dyld, macOS's loader, will do with them.
 *
 * A Mach-O file names, for each symbol that it needs, the library that has it (two-level
 * namespaces). So what links libpython gets Python from that file, whatever interpreter has loaded
 * it: with an interpreter that contains Python, from a second one, which nobody has initialised. On
 * ELF systems the interpreter's symbols come first, and the same mistake stays unseen.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "check/foreign-internal.h"

#define NAMES_SHOWN 5

/* A slice while it is judged. */
struct judging {
	struct foreign_audit *audit;
	const struct foreign_file *file;
	const struct macho_slice *slice;
	const char *arch; /* "arm64: " in files that have more than one; else "" */
};

/* "libpython3.13.dylib", or the library in Python.framework; also a free-threaded one. */
static bool is_python(const char *name)
{
	const char *base = path_base(name);

	if (strstr(name, ".framework/"))
		return check_listed("Python Python3 PythonT", base);
	return !strncmp(base, "libpython", 9) && strchr("0123456789.", base[9]) &&
	       strstr(base, ".dylib");
}

static bool is_system(const char *name)
{
	return !strncmp(name, "/usr/lib/", 9) || !strncmp(name, "/System/", 8);
}

/* Symbols of the C API that are bound to the library of that number, or to all that is loaded. */
static size_t api_bound_to(const struct macho_slice *s, int ordinal)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_undefined; i++)
		n += s->undefined[i].ordinal == ordinal &&
		     foreign_is_api(s->undefined[i].name + (*s->undefined[i].name == '_'));
	return n;
}

/* ---- Python -------------------------------------------------------------------------------- */

static void links_python(const struct judging *j, const struct macho_library *library, int ordinal)
{
	struct foreign_audit *audit = j->audit;
	const char *rel = j->file->rel, *name = library->name;
	size_t n = api_bound_to(j->slice, ordinal);
	bool reexport = library->link == MACHO_REEXPORT, framework = strstr(name, ".framework/");
	bool bundled = foreign_named(audit, path_base(name));
	CLEANUP_FREE char *own = xasprintf(
		"/Library/Frameworks/Python.framework/Versions/3.%u/Python", audit->tags.minor);
	CLEANUP_FREE char *bound =
		reexport
			? xstrdup("re-exports it, so that what links this file gets Python from it")
			: xasprintf("%zu symbol%s of the C API %s bound to it", n, plural(n),
				  n == 1 ? "is" : "are");

	foreign_find(audit, "macho-libpython", j->file, "%slinks %s; %s", j->arch, name, bound);
	if (!n && !reexport) {
		if (!bundled)
			foreign_expect(audit, FOREIGN_ALL, WHEEL_UNSURE,
				"%s needs %s to be there, though it takes nothing from it", rel,
				name);
		return;
	}
	foreign_expect(audit, FOREIGN_STATIC, WHEEL_BREAKS,
		"%s takes Python from %s, a second one that nobody has initialised, not from the "
		"interpreter (OpenUSD 2371, pybind11 3907)",
		rel, name);
	if (framework || bundled)
		foreign_expect(audit, FOREIGN_SHARED, WHEEL_BREAKS,
			"%s takes Python from %s, not from the interpreter's libpython", rel, name);
	else
		foreign_expect(audit, FOREIGN_SHARED, WHEEL_UNSURE,
			"%s works where the interpreter's own libpython is %s", rel, name);
	if (!framework || bundled || (audit->tags.minor && strcmp(name, own) != 0))
		foreign_expect(audit, FOREIGN_FRAMEWORK, WHEEL_BREAKS,
			"%s takes Python from %s, not from the interpreter's framework", rel, name);
	else
		foreign_expect(audit, FOREIGN_FRAMEWORK, WHEEL_WORKS,
			"%s takes Python from python.org's framework, which is the interpreter's",
			rel);
}

/* ---- where libraries are found ------------------------------------------------------------- */

/* What follows "@loader_path" or such in a path; NULL: it begins with something else. */
static const char *after(const char *path, const char *variable)
{
	size_t n = strlen(variable);

	return !strncmp(path, variable, n) && (path[n] == '/' || !path[n]) ? path + n : NULL;
}

/* True if a search path of the file leads to that place of the wheel. `out` is set if one leads
 * out of the wheel, or to a folder that another has to fill (PyQt6's Qt6/lib). */
static bool rpath_reaches(const struct foreign_audit *audit, const struct foreign_file *file,
	const struct macho_slice *slice, const char *rest, bool *out)
{
	CLEANUP_FREE char *dir = path_dir(file->place);

	for (size_t i = 0; i < slice->n_rpaths; i++) {
		const char *relative = after(slice->rpaths[i], "@loader_path");
		CLEANUP_FREE char *folder = relative ? foreign_join(dir, relative) : NULL;
		CLEANUP_FREE char *place = folder ? foreign_join(folder, rest) : NULL;

		if (place && foreign_at(audit, place))
			return true;
		if (folder ? !foreign_has_folder(audit, folder) : !is_system(slice->rpaths[i]))
			*out = true;
	}
	return false;
}

/* dyld asks the search paths of all that led to a file: for a library, of any file of the wheel. */
static bool found_by_rpath(const struct judging *j, const char *rest, bool *out)
{
	const struct foreign_audit *audit = j->audit;

	if (rpath_reaches(audit, j->file, j->slice, rest, out))
		return true;
	for (size_t i = 0; !j->file->extension && i < audit->n; i++) {
		const struct foreign_file *f = &audit->v[i];
		const struct macho_slice *s = macho_slice_for(&f->macho, j->slice->cpu);

		if (s && f->place && rpath_reaches(audit, f, s, rest, out))
			return true;
	}
	return false;
}

static void check_library(const struct judging *j, const struct macho_library *library)
{
	struct foreign_audit *audit = j->audit;
	const char *name = library->name, *rest;
	CLEANUP_FREE char *dir = path_dir(j->file->place), *place = NULL;
	bool out = false, found = false;

	if ((rest = after(name, "@loader_path"))) {
		place = foreign_join(dir, rest);
		found = place && foreign_at(audit, place);
		out = !place;
	} else if ((rest = after(name, "@rpath"))) {
		found = found_by_rpath(j, rest, &out);
	}
	if (found)
		return;
	if (foreign_named(audit, path_base(name))) {
		foreign_find(audit, "macho-off-path", j->file,
			"%sneeds %s, which is in the wheel, but not where this leads", j->arch,
			name);
		foreign_expect(audit, FOREIGN_ALL, WHEEL_UNSURE,
			"%s finds %s only if something has loaded it before", j->file->rel, name);
	} else if (out) {
		foreign_expect(audit, FOREIGN_ALL, WHEEL_UNSURE,
			"%s needs %s of another wheel or of the interpreter's folder", j->file->rel,
			name);
	} else if (library->link != MACHO_WEAK) {
		foreign_find(audit, "macho-missing-library", j->file,
			"%sneeds %s, which neither the wheel nor macOS has", j->arch, name);
		foreign_expect(audit, FOREIGN_ALL, j->file->loaded ? WHEEL_BREAKS : WHEEL_UNSURE,
			"%s needs %s, which neither the wheel nor macOS has", j->file->rel, name);
	}
}

static void check_rpaths(const struct judging *j)
{
	struct foreign_audit *audit = j->audit;
	CLEANUP_FREE char *dir = path_dir(j->file->place);

	for (size_t i = 0; i < j->slice->n_rpaths; i++) {
		const char *rpath = j->slice->rpaths[i], *rest = after(rpath, "@loader_path");
		CLEANUP_FREE char *place = rest ? foreign_join(dir, rest) : NULL;

		for (size_t k = 0; k < i; k++) {
			if (strcmp(j->slice->rpaths[k], rpath) != 0)
				continue;
			foreign_find(audit, "macho-duplicate-rpath", j->file,
				"%shas the search path %s twice", j->arch, rpath);
			foreign_expect(audit, FOREIGN_ALL, WHEEL_UNSURE,
				"%s is refused from macOS 15.4 on: it has a search path twice",
				j->file->rel);
			break;
		}
		if (is_system(rpath) || !strcmp(rpath, "/usr/lib") || place)
			continue;
		foreign_find(audit, "macho-search-paths", j->file, "%slooks for libraries in %s%s",
			j->arch, rpath, rest ? ", outside of the wheel" : "");
	}
}

/* ---- symbols ------------------------------------------------------------------------------- */

static bool defined_in_wheel(const struct judging *j, const char *name)
{
	for (size_t i = 0; i < j->audit->n; i++) {
		const struct macho_slice *s = macho_slice_for(&j->audit->v[i].macho, j->slice->cpu);

		if (s && macho_exports(s, name))
			return true;
	}
	return false;
}

static void check_lookups(const struct judging *j)
{
	const struct macho_slice *s = j->slice;
	CLEANUP_STRV struct strv anyones = STRV_INIT, programs = STRV_INIT;
	CLEANUP_FREE char *names = NULL, *owned = NULL;

	for (size_t i = 0; i < s->n_undefined; i++) {
		const struct macho_undefined *u = &s->undefined[i];
		const char *name = u->name + (*u->name == '_');

		if (u->ordinal == MACHO_ORDINAL_EXECUTABLE)
			strv_add(&programs, name);
		else if (u->ordinal == MACHO_ORDINAL_DYNAMIC && !u->weak && !foreign_is_api(name) &&
			 !defined_in_wheel(j, u->name))
			strv_add(&anyones, name);
	}
	names = check_first_names(&anyones, NAMES_SHOWN);
	owned = check_first_names(&programs, NAMES_SHOWN);
	if (anyones.n) {
		foreign_find(j->audit, "macho-dynamic-lookup", j->file,
			"%sno library that it names has %s", j->arch, names);
		foreign_expect(j->audit, FOREIGN_ALL, WHEEL_UNSURE,
			"%s needs something else to have loaded %s", j->file->rel, names);
	}
	if (programs.n && s->type != MACHO_EXECUTE) {
		foreign_find(j->audit, "macho-bundle-loader", j->file,
			"%swants %s of the program itself", j->arch, owned);
		foreign_expect(j->audit, FOREIGN_SHARED | FOREIGN_FRAMEWORK, WHEEL_BREAKS,
			"%s wants %s of the program itself, which has its Python in a library",
			j->file->rel, owned);
	}
	if (!(s->flags & MACHO_TWOLEVEL) && s->type != MACHO_EXECUTE) {
		foreign_find(j->audit, "macho-flat-namespace", j->file,
			"%swas linked with -flat_namespace", j->arch);
		foreign_expect(j->audit, FOREIGN_ALL, WHEEL_UNSURE,
			"%s takes each symbol from whatever has loaded one of that name first",
			j->file->rel);
	}
}

/* ---- a slice, a file, all ------------------------------------------------------------------- */

static void check_promises(const struct judging *j)
{
	const struct macho_slice *s = j->slice;
	const struct foreign_tags *t = &j->audit->tags;
	uint32_t said = s->cpu == MACHO_CPU_ARM64 ? t->arm64 : t->x86_64;

	if (s->platform > 1) {
		foreign_find(j->audit, "macho-platform", j->file,
			"%sis for platform %u (1 is macOS)", j->arch, s->platform);
		foreign_expect(
			j->audit, FOREIGN_ALL, WHEEL_BREAKS, "%s is not for macOS", j->file->rel);
	}
	if (t->known && s->platform <= 1 && s->minimum > said) {
		CLEANUP_FREE char *least = macho_version(s->minimum), *tag = macho_version(said);

		foreign_find(j->audit, "macho-minimum", j->file,
			"%sis for macOS %s and later, and the wheel's tag says %s", j->arch, least,
			tag);
		foreign_expect(j->audit, FOREIGN_ALL, WHEEL_UNSURE,
			"%s is for macOS %s and later; before, what it uses may be missing",
			j->file->rel, least);
	}
	if (s->cpu == MACHO_CPU_ARM64 && !s->is_signed) {
		foreign_find(j->audit, "macho-signature", j->file, "%sis not signed", j->arch);
		foreign_expect(j->audit, FOREIGN_ALL, WHEEL_BREAKS,
			"%s is not signed, and macOS kills what loads such code on Apple silicon",
			j->file->rel);
	}
	if (j->file->extension && s->type == MACHO_DYLIB)
		foreign_find(j->audit, "macho-dylib-module", j->file,
			"%sis a library (MH_DYLIB), not a bundle", j->arch);
}

static void judge_slice(const struct judging *j)
{
	const struct macho_slice *s = j->slice;

	check_promises(j);
	check_lookups(j);
	if (j->file->place)
		check_rpaths(j);
	for (size_t i = 0; i < s->n_libraries; i++) {
		const struct macho_library *library = &s->libraries[i];

		/* A program may embed Python, and must say where it is. */
		if (is_python(library->name) && s->type != MACHO_EXECUTE)
			links_python(j, library, (int)i + 1);
		else if (library->link == MACHO_REEXPORT && !is_system(library->name))
			foreign_find(j->audit, "macho-reexport", j->file, "%sre-exports %s",
				j->arch, library->name);
		if (!is_python(library->name) && !is_system(library->name) && j->file->place)
			check_library(j, library);
	}
}

static void check_architecture(
	struct foreign_audit *audit, const struct foreign_file *f, uint32_t cpu)
{
	const struct macho_slice *s = macho_slice_for(&f->macho, cpu);

	if ((s && !s->unread) || !f->extension)
		return;
	foreign_find(audit, "macho-architecture", f,
		"has no code for %s, which the wheel's tag names", macho_cpu_name(cpu));
	foreign_expect(audit, FOREIGN_ALL, WHEEL_BREAKS, "%s has no code for %s", f->rel,
		macho_cpu_name(cpu));
}

void foreign_judge_macho(struct foreign_audit *audit)
{
	const struct foreign_tags *t = &audit->tags;

	for (size_t i = 0; i < audit->n && t->system == FOREIGN_MACOS; i++) {
		const struct foreign_file *f = &audit->v[i];

		if (t->arm64 && f->macho.n)
			check_architecture(audit, f, MACHO_CPU_ARM64);
		if (t->x86_64 && f->macho.n)
			check_architecture(audit, f, MACHO_CPU_X86_64);
		for (size_t k = 0; k < f->macho.n; k++) {
			const struct macho_slice *s = &f->macho.v[k];
			const char *cpu = macho_cpu_name(s->cpu);
			CLEANUP_FREE char *arch =
				f->macho.fat && cpu ? xasprintf("%s: ", cpu) : xstrdup("");
			const struct judging j = {audit, f, s, arch};
			bool wanted = s->cpu == MACHO_CPU_ARM64    ? t->arm64 || !t->known
				      : s->cpu == MACHO_CPU_X86_64 ? t->x86_64 || !t->known
								   : false;

			if (wanted && (s->type == MACHO_BUNDLE || s->type == MACHO_DYLIB ||
					      s->type == MACHO_EXECUTE))
				judge_slice(&j);
		}
	}
}

/* ---- the table ----------------------------------------------------------------------------- */

const struct check_rule rules_macho[] = {
	{"macho-libpython", CHECK_ERROR, OF_WHEELS,
		"with an interpreter that contains Python, a second one is used that nobody has "
		"initialised",
		"do not link libpython or Python.framework: -undefined dynamic_lookup for "
		"modules; Python::Module, not Python::Python, in CMake; programs alone link it",
		"No extension module, and no library that modules use, links libpython or "
		"Python.framework. A Mach-O file names the library of each symbol (two-level "
		"namespaces), so `Py_*` are bound to that file whatever interpreter loads the "
		"module. Under a static interpreter (conda's, python-build-standalone's, ours) "
		"this is a second copy of Python, whose state nobody has initialised: the import "
		"ends in a crash or in \"did not return an extension module\" "
		"(PixarAnimationStudios/OpenUSD#2371, pybind/pybind11#3907, where it was a library "
		"below the module). Under another shared or framework build it is a second copy, "
		"too, or \"Library not loaded\".",
		.apply = NULL},
	{"macho-bundle-loader", CHECK_ERROR, OF_WHEELS,
		"interpreters that have Python in a library cannot load it",
		"link with -undefined dynamic_lookup instead of -bundle_loader",
		"No symbol is bound to the program itself (-bundle_loader). Only a static "
		"interpreter has the C API in its own file; dyld does not look in its libraries.",
		.apply = NULL},
	{"macho-flat-namespace", CHECK_WARNING, OF_WHEELS,
		"its symbols come from whatever was loaded first", "link without -flat_namespace",
		"Files have two-level namespaces. Without, each symbol is looked for in all that is "
		"loaded, in the order of loading: another package's OpenSSL or C++ library answers "
		"as well.",
		.apply = NULL},
	{"macho-dynamic-lookup", CHECK_WARNING, OF_WHEELS,
		"it is loaded only after something else that has the symbol",
		"link the library that has it, or add the source that defines it",
		"With -undefined dynamic_lookup, as Python's modules are linked, the linker does not "
		"complain of symbols that nobody has. Besides the C API, none are left: each other "
		"one names its library, or is defined in the wheel.",
		.apply = NULL},
	{"macho-dylib-module", CHECK_NOTE, OF_WHEELS,
		"it was linked as a library, which brings libpython along where CMake does it",
		"make it a bundle: MODULE, not SHARED, in CMake; nothing for Rust, which makes "
		"libraries",
		"Extension modules are bundles (MH_BUNDLE), not libraries (MH_DYLIB). Both can be "
		"imported. In CMake, SHARED makes the second, and pybind11_add_module(SHARED) also "
		"links libpython (pybind/pybind11#6140).",
		.apply = NULL},
	{"macho-missing-library", CHECK_ERROR, OF_WHEELS,
		"it is loaded only on machines that have the library, such as the one that built it",
		"bundle it (delocate-wheel), or link it statically",
		"Every library is macOS's own or in the wheel. Paths of Homebrew or MacPorts work "
		"only where the same is installed. An @rpath is followed through the search paths "
		"of the file and, for libraries, of the others of the wheel.",
		.apply = NULL},
	{"macho-off-path", CHECK_WARNING, OF_WHEELS,
		"a library of the wheel is found only if something has loaded it before",
		"make its name lead to it: @loader_path/… (install_name_tool -change, or "
		"delocate-wheel)",
		"The name of a library that is in the wheel leads to it. Otherwise the package must "
		"load it by hand before its modules, under exactly this name.",
		.apply = NULL},
	{"macho-search-paths", CHECK_WARNING, OF_WHEELS,
		"libraries of another place may be loaded in the place of its own",
		"remove the search path (install_name_tool -delete_rpath), or begin it with "
		"@loader_path",
		"Every LC_RPATH leads into the wheel, from @loader_path, or into macOS. Others are "
		"left from the machine that built it, or count on another package's folder.",
		.apply = NULL},
	{"macho-duplicate-rpath", CHECK_ERROR, OF_WHEELS, "macOS 15.4 and later refuse to load it",
		"remove one (install_name_tool -delete_rpath), and sign it again",
		"No search path is there twice. dyld refuses such files from macOS 15.4 on: "
		"\"duplicate LC_RPATH\".",
		.apply = NULL},
	{"macho-minimum", CHECK_WARNING, OF_WHEELS,
		"installers take it for systems that may lack what it uses",
		"build with MACOSX_DEPLOYMENT_TARGET of the tag, bundled libraries too, or raise the "
		"tag",
		"No file is for a later macOS than the wheel's tag says (LC_BUILD_VERSION, "
		"LC_VERSION_MIN_MACOSX). For arm64 11.0 is the least that counts.",
		.apply = NULL},
	{"macho-reexport", CHECK_NOTE, OF_WHEELS,
		"symbols of the other library are bound to this one",
		"link the other library where it is used",
		"No file re-exports a library of the wheel (LC_REEXPORT_DYLIB): what is linked "
		"with it names this file for symbols of the other, and breaks if it stops.",
		.apply = NULL},
	{"macho-architecture", CHECK_ERROR, OF_WHEELS, "on that processor it cannot be loaded",
		"build it for each processor that the tag names (lipo -create), or change the tag",
		"Each extension module has code for each processor that the wheel's tag names: "
		"universal2 means arm64 and x86_64. macOS runs no 32-bit code since 10.15.",
		.apply = NULL},
	{"macho-platform", CHECK_ERROR, OF_WHEELS, "macOS does not load it",
		"build it with macOS's SDK", "Files are for macOS, not for iOS or a simulator.",
		.apply = NULL},
	{"macho-signature", CHECK_ERROR, OF_WHEELS, "Apple silicon kills the process that loads it",
		"sign it after its last change: codesign --force --sign -",
		"Code for arm64 is signed, ad hoc at least. Linkers do it; install_name_tool and "
		"strip of older tools leave it unsigned or invalid. Whether a signature holds is not "
		"looked at.",
		.apply = NULL},
	{"macho-damaged", CHECK_ERROR, OF_WHEELS, "it cannot be loaded", "build it again",
		"Every Mach-O file can be read from its header to its last symbol.", .apply = NULL},
	{0},
};
