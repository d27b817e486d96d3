/* What the loader finds, and what it needs for that. */
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "check/check-internal.h"

static void readable(struct rule_run *r)
{
	for (size_t i = 0; i < r->s->files->n; i++) {
		const struct py_file *f = &r->s->files->v[i];

		if (f->problem && !f->site)
			rule_find(r, f->path, "cannot be read: %s", f->problem);
	}
}

static void runs(struct rule_run *r)
{
	const struct python *d = r->s->dist;

	if (!d->runs)
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

static void machine(struct rule_run *r)
{
	const struct py_file *interpreter = r->s->interpreter, *f;
	char here[64], there[64];

	if (!interpreter) {
		rule_unchecked(r, "needs an interpreter that can be read");
		return;
	}
	for (size_t i = 0; (f = rule_next(r, ROLES_ALL, &i));) {
		if (f->facts.machine != interpreter->facts.machine ||
			f->facts.bits != interpreter->facts.bits)
			rule_find(r, f->path, "is for %s; the interpreter is for %s",
				machine_text(&f->facts, there),
				machine_text(&interpreter->facts, here));
	}
}

static bool same_machine(const struct rule_run *r, const struct py_file *f)
{
	return r->s->interpreter && f->facts.machine == r->s->interpreter->facts.machine &&
	       f->facts.bits == r->s->interpreter->facts.bits;
}

/* Where the loader finds a library for a file in a process of the interpreter; NULL if nowhere. */
static char *find_for(
	const struct rule_run *r, const struct py_file *f, const char *needed, char **why)
{
	const struct py_file *interpreter = r->s->interpreter;
	struct py_chain chain[2] = {{interpreter->path, &interpreter->facts}};
	size_t n = 1;
	char *found = NULL;
	struct err err = ERR_INIT;

	/* Programs are loaded on their own. */
	if (f->role == PY_ROLE_EXECUTABLE)
		chain[0] = (struct py_chain){f->path, &f->facts};
	else if (f != interpreter)
		chain[n++] = (struct py_chain){f->path, &f->facts};
	if (py_loader_find(chain, n, needed, &found, why, &err) < 0)
		rule_unchecked((struct rule_run *)r, "%s", err.msg);
	return found;
}

/* musl's loader searches in an order of its own, which the dist room does not follow. */
static bool loader_known(struct rule_run *r)
{
	const struct py_file *f = r->s->interpreter;

	if (!f)
		rule_unchecked(r, "needs an interpreter that can be read");
	else if (f->facts.interp && strstr(f->facts.interp, "ld-musl"))
		rule_unchecked(r, "musl's loader has an order of search of its own");
	return !r->why;
}

static void needed_found(struct rule_run *r)
{
	const struct py_file *f;

	if (!loader_known(r))
		return;
	for (size_t i = 0; (f = rule_next(r, ROLES_ALL, &i));) {
		for (size_t k = 0; same_machine(r, f) && k < f->facts.n_needed; k++) {
			CLEANUP_FREE char *why = NULL, *found = NULL;

			/* Through the library that needs it. */
			if (f->role == PY_ROLE_STUB)
				continue;
			found = find_for(r, f, f->facts.needed[k], &why);
			if (!found)
				rule_find(r, f->path, "needs %s, which the loader does not find",
					f->facts.needed[k]);
		}
	}
}

/* Does a file of the installation answer to the name that `f` needs? */
static bool ships(const struct rule_run *r, const struct py_file *f, const char *needed)
{
	const struct py_chain self = {f->path, &f->facts};
	CLEANUP_FREE char *name = py_loader_expand(&self, 1, needed);

	if (name && strchr(name, '/'))
		return path_exists(name) && path_below(name, r->s->dist->prefix);
	for (size_t i = 0; name && i < r->s->files->n; i++) {
		const struct py_file *other = &r->s->files->v[i];
		const struct py_chain library = {other->path, &other->facts};

		if (!other->problem && !other->site &&
			(py_loader_answers(&library, name) ||
				!strcmp(path_base(other->path), name)))
			return true;
	}
	return false;
}

/* What every system with the C library of the interpreter has. */
static bool everywhere(const struct py_file *f, const char *needed)
{
	static const char *const names[] = {"libc.so.6", "libm.so.6", "libdl.so.2",
		"libpthread.so.0", "librt.so.1", "libutil.so.1", "libgcc_s.so.1", "libc.so"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(needed, names[i]))
			return true;
	}
	if (!strncmp(needed, "ld-linux", 8) || !strncmp(needed, "ld64.so", 7) ||
		!strncmp(needed, "ld-musl-", 8) || !strncmp(needed, "libc.musl-", 10))
		return true;
	/* crypt() has no other place. */
	return !strncmp(path_base(f->path), "_crypt.", 7) && !strncmp(needed, "libcrypt.so.", 12);
}

static void needed_libraries(struct rule_run *r)
{
	const struct py_file *f;

	for (size_t i = 0; (f = rule_next(r, ROLES_ALL, &i));) {
		for (size_t k = 0; k < f->facts.n_needed; k++) {
			const char *needed = f->facts.needed[k];

			if (!everywhere(f, needed) && !ships(r, f, needed) &&
				!py_is_libpython(needed, true))
				rule_find(r, f->path,
					"needs %s, which is not everywhere and does not ship",
					needed);
		}
	}
}

static void extensions_free(struct rule_run *r)
{
	const struct py_file *f;

	for (size_t i = 0; (f = rule_next(r, ROLE(PY_ROLE_EXTENSION), &i));) {
		for (size_t k = 0; k < f->facts.n_needed; k++) {
			if (py_is_libpython(f->facts.needed[k], true))
				rule_find(r, f->path, "names %s in DT_NEEDED", f->facts.needed[k]);
		}
	}
}

/* An extension that was linked with libpython, as any may be; it has no search path of its own. */
static void overlinked(struct rule_run *r)
{
	const struct python *d = r->s->dist;
	const struct elf_facts none = {
		.machine = r->s->interpreter->facts.machine,
		.bits = r->s->interpreter->facts.bits,
		.kind = ELF_KIND_SHARED,
	};
	CLEANUP_FREE char *path = xasprintf("%s/probe.so", d->dynload ? d->dynload : d->prefix);
	CLEANUP_FREE char *found = NULL, *why = NULL;
	const struct py_chain chain[] = {
		{r->s->interpreter->path, &r->s->interpreter->facts}, {path, &none}};
	/* Its SONAME has a rule of its own. */
	const char *name = path_base(r->s->library->path);
	const char *runpath = r->s->interpreter->facts.runpath;
	struct err err = ERR_INIT;

	if (!loader_known(r))
		return;
	if (py_loader_find(chain, 2, name, &found, &why, &err) < 0)
		rule_unchecked(r, "%s", err.msg);
	else if (!found && runpath)
		rule_find(r, r->s->interpreter->path,
			"has DT_RUNPATH (%s), which does not lead an extension to %s", runpath,
			name);
	else if (!found)
		rule_find(r, r->s->interpreter->path,
			"has no DT_RPATH that leads an extension to %s", name);
	else if (!same_file(found, d->libpython_shared))
		rule_find(r, r->s->interpreter->path,
			"leads an extension that needs %s to another one: %s (%s)", name, found,
			why ? why : "no rule known");
}

static void own_libpython(struct rule_run *r)
{
	const struct python *d = r->s->dist;

	if (d->link != PY_LINK_SHARED)
		rule_unchecked(r,
			"for interpreters that need libpython; this one's link mode is %s",
			py_link_name(d->link));
	else if (!loader_known(r))
		return;
	else if (!d->libpython_loaded)
		rule_unchecked(r, "none is found, which is the business of needed-found");
	else if (d->libpython_shared && !same_file(d->libpython_loaded, d->libpython_shared))
		rule_find(r, d->interpreter, "loads %s (%s), not the library that ships",
			d->libpython_loaded,
			d->libpython_loaded_why ? d->libpython_loaded_why : "no rule known");
	else if (!path_below(d->libpython_loaded, d->prefix))
		rule_find(r, d->interpreter, "loads %s (%s), which is not below its prefix",
			d->libpython_loaded,
			d->libpython_loaded_why ? d->libpython_loaded_why : "no rule known");
}

/* One entry of a search path, which the loader drops where it has no value for what it names. */
static void check_entry(
	struct rule_run *r, const struct py_file *f, const char *tag, const char *entry)
{
	const struct py_chain self = {f->path, &f->facts};
	CLEANUP_FREE char *dir = py_loader_expand(&self, 1, entry);

	if (!dir || py_begins_with_origin(entry))
		return;
	if (*dir != '/')
		rule_find(
			r, f->path, "%s has '%s', which depends on the current folder", tag, entry);
	else if (r->s->relocatable)
		rule_find(r, f->path, "%s has '%s': right in one place only", tag, entry);
	else if (!path_is_dir(dir))
		rule_find(r, f->path, "%s has '%s', which does not exist", tag, entry);
}

static void search_paths(struct rule_run *r)
{
	const struct py_file *f;

	for (size_t i = 0; (f = rule_next(r, ROLES_ALL, &i));) {
		const char *const values[] = {f->facts.rpath, f->facts.runpath};

		for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
			/* An empty entry counts, so no strv_split(). */
			for (const char *p = values[k]; p;) {
				size_t n = strcspn(p, ":");
				CLEANUP_FREE char *entry = xstrndup(p, n);

				check_entry(r, f, k ? "DT_RUNPATH" : "DT_RPATH", entry);
				p = p[n] ? p + n + 1 : NULL;
			}
		}
	}
}

/* Without the help of the executable's DT_RPATH, as in a program that embeds Python. */
static void extension_rpath(struct rule_run *r)
{
	const struct py_file *f;

	if (!loader_known(r))
		return;
	for (size_t i = 0; (f = rule_next(r, ROLE(PY_ROLE_EXTENSION), &i));) {
		const struct py_chain chain[] = {{f->path, &f->facts}};

		for (size_t k = 0; k < f->facts.n_needed; k++) {
			const char *needed = f->facts.needed[k];
			CLEANUP_FREE char *found = NULL, *why = NULL;
			struct err err = ERR_INIT;

			if (py_is_libpython(needed, true) || everywhere(f, needed) ||
				!ships(r, f, needed))
				continue;
			if (py_loader_find(chain, 1, needed, &found, &why, &err) < 0)
				rule_unchecked(r, "%s", err.msg);
			else if (!found || !path_below(found, r->s->dist->prefix))
				rule_find(r, f->path,
					"needs %s, which ships, but has no search path to it",
					needed);
		}
	}
}

static void glibc(struct rule_run *r)
{
	const struct py_file *f;
	const char *here = gnu_get_libc_version();

	for (size_t i = 0; (f = rule_next(r, ROLES_ALL, &i));) {
		if (f->facts.glibc && elf_version_compare(f->facts.glibc, here) > 0)
			rule_find(r, f->path, "needs glibc %s; here is %s", f->facts.glibc, here);
	}
}

static void interpreter_tls(struct rule_run *r)
{
	const struct elf_facts *f = &r->s->interpreter->facts;

	if (f->has_tls && f->tls_relocs.own)
		rule_find(r, r->s->interpreter->path,
			"reaches its own thread-local data by way of the loader (%s)",
			elf_tls_model(f));
}

/* glibc's reserve for libraries that are loaded late is about 1,600 bytes by default, and
 * everything that is loaded shares it. */
#define STATIC_TLS_MAX 512

static void static_tls(struct rule_run *r)
{
	const struct py_file *f;

	for (size_t i = 0; (f = rule_next(r, ROLES_ALL, &i));) {
		if (f->facts.kind == ELF_KIND_SHARED && f->facts.static_tls && f->facts.has_tls &&
			f->facts.tls_size > STATIC_TLS_MAX)
			rule_find(r, f->path, "asks for %llu bytes of static thread-local storage",
				(unsigned long long)f->facts.tls_size);
	}
}

static void library_tls(struct rule_run *r)
{
	const struct elf_facts *f = &r->s->library->facts;

	if (f->has_tls && (f->tls_relocs.dtpmod || !strcmp(elf_tls_model(f), "global-dynamic")))
		rule_find(r, r->s->library->path, "calls __tls_get_addr for the thread state");
}

static void soname(struct rule_run *r)
{
	const char *name = r->s->library->facts.soname;
	CLEANUP_FREE char *dir = path_dir(r->s->library->path), *path = NULL;

	if (!name) {
		rule_find(r, r->s->library->path, "has no SONAME");
		return;
	}
	path = xasprintf("%s/%s", dir, name);
	if (strchr(name, '/') || !same_file(path, r->s->library->path))
		rule_find(r, r->s->library->path,
			"calls itself %s, and no such file lies beside it", name);
}

static void stub(struct rule_run *r)
{
	const struct py_file *f;
	bool any = false;

	for (size_t i = 0; (f = rule_next(r, ROLE(PY_ROLE_STUB), &i));) {
		CLEANUP_FREE char *dir = path_dir(f->path);
		bool leads = false;

		any = true;
		for (size_t k = 0; k < f->facts.n_needed; k++) {
			CLEANUP_FREE char *path =
				xasprintf("%s/%s", dir, path_base(f->facts.needed[k]));

			leads = leads ||
				(py_is_libpython(f->facts.needed[k], true) && path_exists(path));
		}
		if (!leads)
			rule_find(r, f->path, "leads to no libpython beside it");
	}
	if (!any)
		rule_unchecked(r, "no libpython3.so ships");
}

/* As for a program that is no Python and opens or links it. */
static void stub_search_path(struct rule_run *r)
{
	const struct py_file *f;
	bool any = false;

	if (!loader_known(r))
		return;
	for (size_t i = 0; (f = rule_next(r, ROLE(PY_ROLE_STUB), &i));) {
		const struct py_chain chain[] = {{f->path, &f->facts}};

		any = true;
		for (size_t k = 0; same_machine(r, f) && k < f->facts.n_needed; k++) {
			const char *needed = f->facts.needed[k];
			CLEANUP_FREE char *dir = path_dir(f->path), *found = NULL, *why = NULL;
			CLEANUP_FREE char *beside = xasprintf("%s/%s", dir, path_base(needed));
			struct err err = ERR_INIT;

			/* One that is not there has a rule of its own. */
			if (!py_is_libpython(needed, true) || !path_exists(beside))
				continue;
			if (py_loader_find(chain, 1, needed, &found, &why, &err) < 0)
				rule_unchecked(r, "%s", err.msg);
			else if (!found)
				rule_find(r, f->path,
					"needs %s, which lies beside it, but has no search path to "
					"it",
					needed);
			else if (!same_file(found, beside))
				rule_find(r, f->path, "leads to another %s: %s (%s)", needed, found,
					why ? why : "no rule known");
		}
	}
	if (!any)
		rule_unchecked(r, "no libpython3.so ships");
}

const struct check_rule rules_loading[] = {
	{"readable", CHECK_ERROR, ANY_PYTHON, "a damaged file does not load",
		"build or unpack the installation again",
		"Each file that should be an ELF file is a sound one.", readable},
	{"runs", CHECK_ERROR, ANY_PYTHON, "nothing works, and most rules cannot be applied",
		"see the reason; for another machine's Python, check it there",
		"The interpreter starts, isolated (-I -S) and with an empty environment, and says "
		"what it is.",
		runs},
	{"machine", CHECK_ERROR, ANY_PYTHON, "a file for another machine does not load",
		"replace it by one for the interpreter's machine",
		"All ELF files are for one machine and word size.", machine},
	{"needed-found", CHECK_ERROR, ANY_PYTHON,
		"what needs a library that is not found does not load",
		"ship or install the library, or give the file a search path that leads to it",
		"For each DT_NEEDED of each file, the loader's search (DT_RPATH up to the "
		"interpreter, LD_LIBRARY_PATH, DT_RUNPATH, the system's cache and folders) finds a "
		"file on this machine.",
		needed_found},
	{"needed-libraries", CHECK_ERROR, NEEDS_RELOCATABLE,
		"the distribution works only where that library happens to be installed",
		"link the library statically and hide it, or ship it",
		"A distribution that is made to be moved needs only the C library's own files, "
		"libgcc_s, and what it ships itself. `_crypt` may need libcrypt.so.1 besides.",
		needed_libraries},
	{"extension-needs-libpython", CHECK_WARNING, 0,
		"where libpython is inside the interpreter, a second copy is loaded",
		"link extension modules without -lpython",
		"No extension module of the standard library names libpython in DT_NEEDED. Since "
		"3.8 extensions take the API from whatever runs them.",
		extensions_free},
	{"overlinked-extensions", CHECK_ERROR, NEEDS_STATIC | NEEDS_LIBRARY,
		"wheels whose extensions were linked with libpython fail with \"cannot open shared "
		"object file\"",
		"give the executable DT_RPATH $ORIGIN/../lib (-Wl,--disable-new-dtags): DT_RUNPATH "
		"is not inherited by what the executable loads",
		"Some wheels name libpython in DT_NEEDED without need. With a shared interpreter "
		"they load, as the name is loaded already. With a static one the loader searches, "
		"and must find the library that ships: by the executable's DT_RPATH, or because "
		"the system's own folders hold it. Symbols still come from the executable.",
		overlinked},
	{"own-libpython", CHECK_ERROR, NEEDS_RUN, "the interpreter runs the code of another Python",
		"give the executable an absolute or $ORIGIN search path; do not rely on "
		"LD_LIBRARY_PATH",
		"An interpreter that needs libpython loads the one of its own installation, by the "
		"loader's real order of search.",
		own_libpython},
	{"search-paths", CHECK_ERROR, ANY_PYTHON,
		"whoever can write that folder, or moves the tree, decides what is loaded",
		"use $ORIGIN, and remove paths of the build",
		"DT_RPATH and DT_RUNPATH hold no relative or empty entries. In a distribution that "
		"can be moved all begin with $ORIGIN; elsewhere absolute ones exist.",
		search_paths},
	{"extension-search-path", CHECK_WARNING, NEEDS_RELOCATABLE,
		"the module loads in this interpreter, but not in a program that embeds Python",
		"give the extension its own DT_RPATH or DT_RUNPATH ($ORIGIN/…)",
		"An extension module that needs a library of the distribution finds it by itself, "
		"not only with the executable's help.",
		extension_rpath},
	{"glibc", CHECK_ERROR, ANY_PYTHON, "the file does not load here",
		"build on an older system, or run on a newer one",
		"No file needs a newer version of the GNU C library than this machine has.", glibc},
	{"interpreter-tls", CHECK_WARNING, NEEDS_STATIC,
		"each access to the thread state costs a call or a load more",
		"link with a linker that relaxes to local-exec; do not use -fPIC code with "
		"--no-relax",
		"A static interpreter has its thread-local data at fixed offsets (local-exec). "
		"Relocations into its own block show that it does not.",
		interpreter_tls},
	{"library-tls", CHECK_NOTE, NEEDS_LIBRARY,
		"whatever runs the library calls __tls_get_addr for each look at the thread state",
		"compile with -ftls-model=initial-exec where glibc is the C library",
		"libpython reaches its thread-local data without calls. General-dynamic works "
		"everywhere, also when musl loads the library late, and is slower.",
		library_tls},
	{"static-tls", CHECK_ERROR, ANY_PYTHON,
		"a program that loads the library late gets \"cannot allocate memory in static TLS "
		"block\"",
		"keep thread-local data of initial-exec libraries small",
		"A library with static thread-local storage (DF_STATIC_TLS) that is loaded at run "
		"time takes its block from a reserve of about 1,600 bytes that all share. More "
		"than 512 bytes is too much for one.",
		static_tls},
	{"soname", CHECK_ERROR, NEEDS_LIBRARY,
		"programs that were linked with the library do not find it",
		"link libpython with -Wl,-soname and its own file name",
		"The shared libpython has a SONAME, and a file or link of that name lies beside "
		"it.",
		soname},
	{"stub-library", CHECK_ERROR, 0,
		"extensions for the stable ABI that need libpython3.so do not load",
		"link libpython3.so with the library of this version",
		"libpython3.so, where it ships, needs the libpython that lies beside it.", stub},
	{"stub-search-path", CHECK_WARNING, 0,
		"a program that opens or links libpython3.so gets \"cannot open shared object "
		"file\"",
		"link libpython3.so with -Wl,-rpath,$ORIGIN",
		"The loader finds the libpython that libpython3.so needs by libpython3.so's own "
		"search path, or in the system's folders: a program that embeds Python has "
		"nothing that leads there.",
		stub_search_path},
};
const size_t n_rules_loading = ARRAY_SIZE(rules_loading);
