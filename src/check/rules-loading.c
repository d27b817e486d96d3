/* Rules about loading: libraries, search paths, versions and thread-local storage. */
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "check/check-internal.h"

static void readable(struct rule_run *r)
{
	for (size_t i = 0; i < r->files->n; i++) {
		const struct py_file *f = &r->files->v[i];

		if (f->problem && !f->site)
			rule_find(r, f->path, "cannot be read: %s", f->problem);
	}
}

static void runs(struct rule_run *r)
{
	const struct python *d = r->dist;

	if (!py_runs(d))
		rule_find(r, d->interpreter, "cannot be run: %s",
			d->why_not ? d->why_not : "no reason is known");
}

static const char *machine_text(const struct elf_facts *f, char out[64])
{
	const char *name = elf_machine_name(f->machine);

	if (name)
		snprintf(out, 64, "%s, %u bits", name, f->bits);
	else
		snprintf(out, 64, "machine %u, %u bits", f->machine, f->bits);
	return out;
}

static bool same_machine(const struct rule_run *r, const struct py_file *f)
{
	return f->facts.machine == r->interpreter->facts.machine &&
	       f->facts.bits == r->interpreter->facts.bits;
}

static void machine(struct rule_run *r, const struct py_file *f)
{
	char here[64], there[64];

	if (!same_machine(r, f))
		rule_find(r, f->path, "is for %s; the interpreter is for %s",
			machine_text(&f->facts, there), machine_text(&r->interpreter->facts, here));
}

/* Sets *found to the path where the loader finds a library for the last file of the chain (NULL:
 * nowhere), and *why to the reason; the caller frees both. Returns false if unknown. */
static bool find_library(struct rule_run *r, const struct py_chain *chain, size_t n,
	const char *needed, char **found, char **why)
{
	struct err err = ERR_INIT;

	*found = *why = NULL;
	if (py_loader_find(chain, n, needed, found, why, &err) < 0)
		rule_unchecked(r, "%s", err.msg);
	else if (!*why)
		*why = xstrdup("no rule known");
	return *why;
}

static void needed_found(struct rule_run *r, const struct py_file *f)
{
	const struct py_file *interpreter = r->interpreter;
	/* Programs are loaded on their own, everything else into a process of the interpreter. */
	bool alone = f->role == PY_ROLE_EXECUTABLE || f == interpreter;
	const struct py_chain chain[] = {
		{interpreter->path, &interpreter->facts}, {f->path, &f->facts}};

	/* The stub is searched for through the library that needs it. */
	if (!same_machine(r, f) || f->role == PY_ROLE_STUB)
		return;
	for (size_t k = 0; k < f->facts.n_needed; k++) {
		CLEANUP_FREE char *found = NULL, *why = NULL;

		if (find_library(r, chain + alone, 2 - alone, f->facts.needed[k], &found, &why) &&
			!found)
			rule_find(r, f->path, "needs %s, which the loader does not find",
				f->facts.needed[k]);
	}
}

/* True if a file of the installation matches the name that `f` needs. */
static bool ships(const struct rule_run *r, const struct py_file *f, const char *needed)
{
	const struct py_chain self = {f->path, &f->facts};
	CLEANUP_FREE char *name = py_loader_expand(&self, 1, needed);

	if (name && strchr(name, '/'))
		return path_exists(name) && rule_path_below(name, r->dist->prefix);
	for (size_t i = 0; name && i < r->files->n; i++) {
		const struct py_file *other = &r->files->v[i];
		const struct py_chain library = {other->path, &other->facts};

		if (!other->problem && !other->site &&
			(py_loader_answers(&library, name) ||
				!strcmp(path_base(other->path), name)))
			return true;
	}
	return false;
}

/* True for libraries of every system with the interpreter's C library. */
static bool everywhere(const struct py_file *f, const char *needed)
{
	static const char names[] =
		"libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libutil.so.1 "
		"libgcc_s.so.1 libc.so ld-linux* ld64.so* ld-musl-* libc.musl-*";

	/* crypt() is not available anywhere else. */
	return check_listed(names, needed) || (check_listed("_crypt.*", path_base(f->path)) &&
						      check_listed("libcrypt.so.1*", needed));
}

static void needed_libraries(struct rule_run *r, const struct py_file *f)
{
	for (size_t k = 0; k < f->facts.n_needed; k++) {
		const char *needed = f->facts.needed[k];

		if (!everywhere(f, needed) && !ships(r, f, needed) &&
			!py_is_libpython(needed, true))
			rule_find(r, f->path, "needs %s, which is not everywhere and does not ship",
				needed);
	}
}

static void extensions_free(struct rule_run *r, const struct py_file *f)
{
	for (size_t k = 0; k < f->facts.n_needed; k++) {
		if (py_is_libpython(f->facts.needed[k], true))
			rule_find(r, f->path, "names %s in DT_NEEDED", f->facts.needed[k]);
	}
}

/* Models an extension linked with libpython, as any might be, without its own search path. */
static void overlinked(struct rule_run *r)
{
	const struct py_file *python = r->interpreter;
	const struct elf_facts none = {
		.machine = python->facts.machine,
		.bits = python->facts.bits,
		.kind = ELF_KIND_SHARED,
	};
	CLEANUP_FREE char *path =
		xasprintf("%s/probe.so", r->dist->dynload ? r->dist->dynload : r->dist->prefix);
	const struct py_chain chain[] = {{python->path, &python->facts}, {path, &none}};
	/* Another rule covers its SONAME. */
	const char *name = path_base(r->library->path), *runpath = python->facts.runpath;
	CLEANUP_FREE char *why = NULL, *found = NULL;

	if (!find_library(r, chain, 2, name, &found, &why))
		return;
	if (!found && runpath)
		rule_find(r, python->path,
			"has DT_RUNPATH (%s), which does not lead an extension to %s", runpath,
			name);
	else if (!found)
		rule_find(r, python->path, "has no DT_RPATH that leads an extension to %s", name);
	else if (!rule_same_file(found, r->dist->libpython_shared) &&
		 !rule_same_file(found, python->path))
		rule_find(r, python->path,
			"leads an extension that needs %s to another one: %s (%s)", name, found,
			why);
}

static void own_libpython(struct rule_run *r)
{
	const struct python *d = r->dist;
	const char *why = d->libpython_loaded_why ? d->libpython_loaded_why : "no rule known";

	if (!d->libpython_loaded)
		rule_unchecked(r, "none is found; see needed-found");
	else if (d->libpython_shared && !rule_same_file(d->libpython_loaded, d->libpython_shared))
		rule_find(r, d->interpreter, "loads %s (%s), not the library that ships",
			d->libpython_loaded, why);
	else if (!rule_path_below(d->libpython_loaded, d->prefix))
		rule_find(r, d->interpreter, "loads %s (%s), which is not below its prefix",
			d->libpython_loaded, why);
}

/* The loader drops an entry if it has no value for a token in it. */
static void search_paths(struct rule_run *r, const struct py_file *f)
{
	const char *const values[] = {f->facts.rpath, f->facts.runpath};
	const char *const tags[] = {"DT_RPATH", "DT_RUNPATH"};
	const struct py_chain self = {f->path, &f->facts};

	for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
		/* Empty entries count, so strv_split() cannot be used. */
		for (const char *p = values[k]; p;
			p = p[strcspn(p, ":")] ? strchr(p, ':') + 1 : NULL) {
			CLEANUP_FREE char *entry = xstrndup(p, strcspn(p, ":"));
			CLEANUP_FREE char *dir = py_loader_expand(&self, 1, entry);

			if (!dir || py_begins_with_origin(entry))
				continue;
			if (*dir != '/')
				rule_find(r, f->path,
					"%s has '%s', which depends on the current folder", tags[k],
					entry);
			else if (r->relocatable)
				rule_find(r, f->path, "%s has '%s': right in one place only",
					tags[k], entry);
			else if (!path_is_dir(dir))
				rule_find(r, f->path, "%s has '%s', which does not exist", tags[k],
					entry);
		}
	}
}

/* Without the executable's DT_RPATH, as in a program that embeds Python. */
static void extension_rpath(struct rule_run *r, const struct py_file *f)
{
	const struct py_chain self = {f->path, &f->facts};

	for (size_t k = 0; k < f->facts.n_needed; k++) {
		const char *needed = f->facts.needed[k];
		CLEANUP_FREE char *found = NULL, *why = NULL;

		if (py_is_libpython(needed, true) || everywhere(f, needed) || !ships(r, f, needed))
			continue;
		if (!find_library(r, &self, 1, needed, &found, &why))
			continue;
		if (!found || !rule_path_below(found, r->dist->prefix))
			rule_find(r, f->path, "needs %s, which ships, but has no search path to it",
				needed);
	}
}

static void glibc(struct rule_run *r, const struct py_file *f)
{
	const char *here = gnu_get_libc_version();

	if (f->facts.glibc && r->dist->musl)
		rule_find(
			r, f->path, "needs glibc %s; the interpreter is for musl", f->facts.glibc);
	else if (f->facts.glibc && elf_version_compare(f->facts.glibc, here) > 0)
		rule_find(r, f->path, "needs glibc %s; here is %s", f->facts.glibc, here);
}

static void glibc_said(struct rule_run *r)
{
	CLEANUP(promises_release) struct promises said = {0};
	const struct py_file *f;

	promises_of_tree(r->dist->prefix, &said);
	promises_of_platform(check_text(r->dist->says, "platform"), &said);
	if (r->dist->musl)
		rule_unchecked(r, "musl's symbols have no versions");
	else if (!said.n)
		rule_unchecked(r, "nothing here says which C library it needs");
	for (size_t i = 0; (f = rule_next(r, ROLES_ALL, &i));) {
		for (size_t k = 0; k < said.n && f->facts.glibc; k++) {
			if (elf_version_compare(f->facts.glibc, said.v[k].glibc) > 0)
				rule_find(r, f->path, "needs glibc %s; %s promises %s",
					f->facts.glibc, said.v[k].by, said.v[k].glibc);
		}
	}
}

static void interpreter_tls(struct rule_run *r)
{
	const struct elf_facts *f = &r->interpreter->facts;

	if (f->has_tls && f->tls_relocs.own)
		rule_find(r, r->interpreter->path,
			"reaches its own thread-local data by way of the loader (%s)",
			elf_tls_model(f));
}

/* By default, glibc reserves about 1,600 bytes for libraries that are loaded late, shared by all of
 * them. */
#define STATIC_TLS_MAX 512

static void static_tls(struct rule_run *r, const struct py_file *f)
{
	/* musl keeps nothing. */
	unsigned long long room = r->dist->musl ? 0 : STATIC_TLS_MAX;

	if (f->facts.kind == ELF_KIND_SHARED && f->facts.static_tls && f->facts.has_tls &&
		f->facts.tls_size > room)
		rule_find(r, f->path, "asks for %llu bytes of static thread-local storage",
			(unsigned long long)f->facts.tls_size);
}

static void library_tls(struct rule_run *r)
{
	const struct elf_facts *f = &r->library->facts;

	if (f->has_tls && (f->tls_relocs.dtpmod || !strcmp(elf_tls_model(f), "global-dynamic")))
		rule_find(r, r->library->path, "calls __tls_get_addr for the thread state");
}

static void soname(struct rule_run *r)
{
	const char *name = r->library->facts.soname;
	CLEANUP_FREE char *dir = path_dir(r->library->path);
	CLEANUP_FREE char *path = xasprintf("%s/%s", dir, name ? name : "");

	if (!name)
		rule_find(r, r->library->path, "has no SONAME");
	else if (strchr(name, '/') || !rule_same_file(path, r->library->path))
		rule_find(r, r->library->path, "calls itself %s, and no such file lies beside it",
			name);
}

/* Iterates over the shipped stubs, libpython3.so; records a reason if there are none. */
static const struct py_file *next_stub(struct rule_run *r, size_t *i)
{
	bool first = !*i;
	const struct py_file *f = rule_next(r, ROLE(PY_ROLE_STUB), i);

	if (first && !f)
		rule_unchecked(r, "no libpython3.so ships");
	return f;
}

/* The libpython next to a file that its k-th DT_NEEDED names; NULL if it names another library, or
 * the file is missing. The caller frees it. */
static char *libpython_beside(const struct py_file *f, size_t k)
{
	CLEANUP_FREE char *dir = path_dir(f->path);
	CLEANUP_FREE char *path = xasprintf("%s/%s", dir, path_base(f->facts.needed[k]));

	return py_is_libpython(f->facts.needed[k], true) && path_exists(path) ? steal(&path) : NULL;
}

static void stub(struct rule_run *r)
{
	const struct py_file *f;

	for (size_t i = 0; (f = next_stub(r, &i));) {
		bool leads = false;

		for (size_t k = 0; k < f->facts.n_needed; k++) {
			CLEANUP_FREE char *beside = libpython_beside(f, k);

			leads = leads || beside;
		}
		if (!leads)
			rule_find(r, f->path, "leads to no libpython beside it");
	}
}

/* Searches as for a program that is not Python and opens or links it. */
static void stub_search_path(struct rule_run *r)
{
	const struct py_file *f;

	for (size_t i = 0; (f = next_stub(r, &i));) {
		const struct py_chain self = {f->path, &f->facts};

		for (size_t k = 0; same_machine(r, f) && k < f->facts.n_needed; k++) {
			const char *needed = f->facts.needed[k];
			CLEANUP_FREE char *beside = libpython_beside(f, k), *found = NULL;
			CLEANUP_FREE char *why = NULL;

			/* Another rule covers missing ones. */
			if (!beside || !find_library(r, &self, 1, needed, &found, &why))
				continue;
			if (!found)
				rule_find(r, f->path,
					"needs %s, which lies beside it, but has no search path to "
					"it",
					needed);
			else if (!rule_same_file(found, beside))
				rule_find(r, f->path, "leads to another %s: %s (%s)", needed, found,
					why);
		}
	}
}

static void stub_place(struct rule_run *r)
{
	const struct py_file *f;

	for (size_t i = 0; (f = next_stub(r, &i));) {
		const char *place = f->facts.soname;

		if (place && place[0] == '/' && !rule_same_file(place, f->path))
			rule_find(r, f->path, "says that it lies at '%s'", place);
	}
}

/* Also as auditwheel renames them: "libgomp-a34b3233.so.1.0.0". */
#define OPENMP "libgomp.so* libgomp-* libomp.so* libomp-* libiomp5.so* libiomp5-*"

/* Adds a runtime that is not among `names` yet, and the file that it was found by. */
static void add_openmp(
	struct strv *names, struct strv *paths, const char *name, const struct py_file *f)
{
	if (!name || !check_listed(OPENMP, path_base(name)) || strv_has(names, path_base(name)))
		return;
	strv_add(names, path_base(name));
	strv_add(paths, f->path);
}

/* The loader takes libraries of one SONAME for the same, wherever they lie. */
static void one_openmp(struct rule_run *r)
{
	CLEANUP_STRV struct strv names = STRV_INIT, paths = STRV_INIT;

	for (size_t i = 0; i < r->files->n; i++) {
		const struct py_file *f = &r->files->v[i];

		if (f->problem)
			continue;
		add_openmp(&names, &paths, f->facts.soname, f);
		for (size_t k = 0; k < f->facts.n_needed; k++)
			add_openmp(&names, &paths, f->facts.needed[k], f);
	}
	for (size_t i = 0; names.n > 1 && i < names.n; i++)
		rule_find(r, paths.v[i], "brings or needs the OpenMP runtime %s", names.v[i]);
}

const struct check_rule rules_loading[] = {
	{"readable", CHECK_ERROR, ANY_PYTHON, "a damaged file does not load",
		"build or unpack the installation again",
		"Each file that should be an ELF file is a sound one.", .apply = readable},
	{"runs", CHECK_ERROR, ANY_PYTHON, "nothing works, and most rules cannot be applied",
		"see the reason; for another machine's Python, check it there",
		"The interpreter starts, isolated (-I -S) and with an empty environment, and says "
		"what it is; one of another machine through qemu-user, if that is installed.",
		.apply = runs},
	{"machine", CHECK_ERROR, NEEDS_FILE | ANY_PYTHON,
		"a file for another machine does not load",
		"replace it by one for the interpreter's machine",
		"All ELF files are for one machine and word size.", .roles = ROLES_ALL,
		.on_file = machine},
	{"needed-found", CHECK_ERROR, NEEDS_LOADER | ANY_PYTHON,
		"what needs a library that is not found does not load",
		"ship or install the library, or give the file a search path that leads to it",
		"For each DT_NEEDED of each file, the loader's search (DT_RPATH up to the "
		"interpreter, LD_LIBRARY_PATH, DT_RUNPATH, the system's cache and folders) finds a "
		"file on this machine.",
		.roles = ROLES_ALL, .on_file = needed_found},
	{"needed-libraries", CHECK_ERROR, NEEDS_RELOCATABLE,
		"the distribution works only where that library happens to be installed",
		"link the library statically and hide it, or ship it",
		"A distribution that is made to be moved needs only the C library's own files, "
		"libgcc_s, and what it ships itself. `_crypt` may need libcrypt.so.1 besides.",
		.roles = ROLES_ALL, .on_file = needed_libraries},
	{"extension-needs-libpython", CHECK_WARNING, 0,
		"where libpython is inside the interpreter, a second copy is loaded",
		"link extension modules without -lpython",
		"No extension module of the standard library names libpython in DT_NEEDED. Since "
		"3.8 extensions take the API from whatever runs them.",
		.roles = ROLE(PY_ROLE_EXTENSION), .on_file = extensions_free},
	{"overlinked-extensions", CHECK_ERROR, NEEDS_STATIC | NEEDS_LIBRARY | NEEDS_LOADER,
		"wheels whose extensions were linked with libpython fail with \"cannot open shared "
		"object file\"",
		"give the executable DT_RPATH $ORIGIN/../lib (-Wl,--disable-new-dtags): DT_RUNPATH "
		"is not inherited by what the executable loads",
		"Some wheels name libpython in DT_NEEDED without need. With a shared interpreter "
		"they load, as the name is loaded already; with a static one that has libpython's "
		"SONAME, too. With another the loader searches, "
		"and must find the library that ships: by the executable's DT_RPATH, or because "
		"the system's own folders hold it. Symbols still come from the executable.",
		.apply = overlinked},
	{"own-libpython", CHECK_ERROR, NEEDS_RUN | NEEDS_SHARED | NEEDS_LOADER,
		"the interpreter runs the code of another Python",
		"give the executable an absolute or $ORIGIN search path; do not rely on "
		"LD_LIBRARY_PATH",
		"An interpreter that needs libpython loads the one of its own installation, by the "
		"loader's real order of search.",
		.apply = own_libpython},
	{"search-paths", CHECK_ERROR, ANY_PYTHON,
		"whoever can write that folder, or moves the tree, decides what is loaded",
		"use $ORIGIN, and remove paths of the build",
		"DT_RPATH and DT_RUNPATH hold no relative or empty entries. In a distribution that "
		"can be moved all begin with $ORIGIN; elsewhere absolute ones exist.",
		.roles = ROLES_ALL, .on_file = search_paths},
	{"extension-search-path", CHECK_WARNING, NEEDS_RELOCATABLE | NEEDS_LOADER,
		"the module loads in this interpreter, but not in a program that embeds Python",
		"give the extension its own DT_RPATH or DT_RUNPATH ($ORIGIN/…)",
		"An extension module that needs a library of the distribution finds it by itself, "
		"not only with the executable's help.",
		.roles = ROLE(PY_ROLE_EXTENSION), .on_file = extension_rpath},
	{"glibc", CHECK_ERROR, ANY_PYTHON, "the file does not load here",
		"build on an older system, or run on a newer one",
		"No file needs a newer version of the GNU C library than this machine has.",
		.roles = ROLES_ALL, .on_file = glibc},
	{"glibc-said", CHECK_ERROR, 0,
		"the distribution is installed where it says that it runs, and does not",
		"build for the release that is promised, or promise the one that is needed; "
		"'solder check --glibc' names the functions",
		"No file needs a newer GNU C library than the distribution says: PYTHON.json by "
		"`glibc-max-symbol-version`, build.json by the option `glibc` of the build, "
		"sysconfig's platform by the name of a policy, such as manylinux_2_17.",
		.apply = glibc_said},
	{"interpreter-tls", CHECK_WARNING, NEEDS_STATIC,
		"each access to the thread state costs a call or a load more",
		"link with a linker that relaxes to local-exec; do not use -fPIC code with "
		"--no-relax",
		"A static interpreter has its thread-local data at fixed offsets (local-exec). "
		"Relocations into its own block show that it does not.",
		.apply = interpreter_tls},
	{"library-tls", CHECK_NOTE, NEEDS_LIBRARY,
		"whatever runs the library calls __tls_get_addr for each look at the thread state",
		"compile with -ftls-model=initial-exec where glibc is the C library, and with "
		"-mtls-dialect=gnu2 where it is musl",
		"libpython reaches its thread-local data without calls. General-dynamic works "
		"everywhere, also when musl loads the library late, and is slower.",
		.apply = library_tls},
	{"static-tls", CHECK_ERROR, ANY_PYTHON,
		"a program that loads the library late gets \"cannot allocate memory in static TLS "
		"block\"",
		"keep thread-local data of initial-exec libraries small",
		"A library with static thread-local storage (DF_STATIC_TLS) that is loaded at run "
		"time takes its block from a reserve of about 1,600 bytes that all share. More "
		"than 512 bytes is too much for one. musl has no reserve, and refuses any.",
		.roles = ROLES_ALL, .on_file = static_tls},
	{"soname", CHECK_ERROR, NEEDS_LIBRARY,
		"programs that were linked with the library do not find it",
		"link libpython with -Wl,-soname and its own file name",
		"The shared libpython has a SONAME, and a file or link of that name lies beside "
		"it.",
		.apply = soname},
	{"stub-library", CHECK_ERROR, 0,
		"extensions for the stable ABI that need libpython3.so do not load",
		"link libpython3.so with the library of this version",
		"libpython3.so, where it ships, needs the libpython that lies beside it.",
		.apply = stub},
	{"stub-search-path", CHECK_WARNING, NEEDS_LOADER,
		"a program that opens or links libpython3.so gets \"cannot open shared object "
		"file\"",
		"link libpython3.so with -Wl,-rpath,$ORIGIN",
		"The loader finds the libpython that libpython3.so needs by libpython3.so's own "
		"search path, or in the system's folders: a program that embeds Python has "
		"nothing that leads there.",
		.apply = stub_search_path},
	{"stub-place", CHECK_ERROR, 0,
		"programs that are linked with it look for libpython in another place",
		"let the tree write it: python3.X -m sysconfig; or run 'solder build' again",
		"What programs are linked with instead of the libpython that lies beside it, if "
		"it says where that is (--embed here), says where it is.",
		.apply = stub_place},
	{"one-openmp", CHECK_NOTE, ANY_PYTHON,
		"a process that loads both starts the threads of both, and LLVM's and Intel's "
		"runtime stops at a second one of theirs (\"OMP: Error #15\")",
		"take packages from one source, whose libraries share a runtime, or load only one "
		"of them in a process",
		"The files of the installation and its packages bring or need one OpenMP runtime "
		"(libgomp, libomp, libiomp5, by SONAME) at most.",
		.apply = one_openmp},
	{0},
};
