/* What will come of a wheel, said before it is loaded. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "check/wheel-internal.h"

#define NAMES_MAX 20 /* of each kind that are listed */

/* glibc's reserve for libraries that are loaded late and want static TLS: 1664 bytes for all, 1152
 * of them for nothing else (rtld.nns and rtld.optional_static_tls at their defaults). */
#define TLS_CERTAIN 1152
#define TLS_ALL 1664

/* What the prediction rests on; each list is of sentences or names. */
struct signs {
	const struct wheels *all;
	const struct wheel_audit *audit;
	struct strv libpython;    /* files that name it, where the loader finds it */
	struct strv no_libpython; /* the same, where it does not */
	struct strv missing;      /* symbols */
	struct strv elsewhere;    /* symbols that a library of another wheel may have */
	struct strv libraries;    /* DT_NEEDED that nothing has */
	struct strv other_wheels; /* DT_NEEDED that another wheel may have */
	struct strv placed;       /* the same, as a search path says in which folder it has them */
	struct strv wheels;       /* these folders */
	struct strv collisions;   /* symbols */
	struct strv bundled;
	uint64_t static_tls;
	const char *glibc;
};

static void signs_release(struct signs *s)
{
	strv_release(&s->libpython);
	strv_release(&s->no_libpython);
	strv_release(&s->missing);
	strv_release(&s->elsewhere);
	strv_release(&s->libraries);
	strv_release(&s->other_wheels);
	strv_release(&s->placed);
	strv_release(&s->wheels);
	strv_release(&s->collisions);
	strv_release(&s->bundled);
}

static void note(struct strv *list, const char *text)
{
	if (!strv_has(list, text))
		strv_add(list, text);
}

/* The C API's names: Py or _Py, then a capital or an underscore. */
static bool is_python_name(const char *name)
{
	name += *name == '_';
	return name[0] == 'P' && name[1] == 'y' &&
	       (name[2] == '_' || (name[2] >= 'A' && name[2] <= 'Z'));
}

/* What linkers and start files define in every program. */
static bool is_linkers_name(const char *name)
{
	static const char *const names[] = {"_init", "_fini", "_start", "main", "data_start",
		"__data_start", "_IO_stdin_used", "_edata", "_end", "__bss_start", "__end__",
		"_bss_end__", "__bss_end__", "__bss_start__"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i]))
			return true;
	}
	return !strncmp(name, "PyInit_", 7);
}

static bool wheel_defines(const struct wheel_audit *audit, const char *name)
{
	for (size_t i = 0; i < audit->n; i++) {
		if (elf_exports(&audit->v[i].facts, name))
			return true;
	}
	return false;
}

/* The file of the wheel that answers to the name as the loader has it, whatever leads there: wheels
 * preload libraries, too. `needed` is expanded. */
static const struct wheel_file *wheel_library(const struct wheel_audit *audit, const char *needed)
{
	for (size_t i = 0; i < audit->n; i++) {
		const struct wheel_file *f = &audit->v[i];
		const struct py_chain library = {f->path, &f->facts};

		if (py_loader_answers(&library, needed) ||
			!strcmp(path_base(f->rel), path_base(needed)))
			return f;
	}
	return NULL;
}

/* The folder of another wheel below the same site-packages that a search path of the file leads to:
 * "$ORIGIN/../shiboken6" of PySide6/QtCore.so gives "shiboken6". NULL: none. */
static char *leads_out(const struct wheel_file *f)
{
	const struct py_chain self = {f->path, &f->facts};
	const char *paths = f->facts.runpath ? f->facts.runpath : f->facts.rpath;
	CLEANUP_FREE char *root = xstrndup(f->path, strlen(f->path) - strlen(f->rel));
	CLEANUP_FREE char *real_root = realpath(root, NULL);
	size_t len = real_root ? strlen(real_root) : 0;
	CLEANUP_STRV struct strv parts = STRV_INIT;

	strv_split(&parts, paths ? paths : "", ":");
	for (size_t i = 0; len && i < parts.n; i++) {
		CLEANUP_FREE char *expanded = py_loader_expand(&self, 1, parts.v[i]);
		CLEANUP_FREE char *dir = path_absolute(expanded ? expanded : "/");
		CLEANUP_FREE char *missing = NULL, *real = NULL;

		/* The first part that is missing, below what is there. */
		while (!(real = realpath(dir, NULL))) {
			char *above = path_dir(dir);

			free(missing);
			missing = xstrdup(path_base(dir));
			free(dir);
			dir = above;
		}
		if (missing && !strncmp(real, real_root, len) && (!real[len] || real[len] == '/'))
			return xasprintf("%s%s%s", real[len] ? real + len + 1 : "",
				real[len] ? "/" : "", missing);
	}
	return NULL;
}

static int find_needed(const struct signs *s, const struct wheel_file *f, const char *name,
	char **found, char **why, struct err *err)
{
	const struct wheel_python *here = &s->all->here;
	const struct py_chain chain[] = {
		{here->dist->interpreter, &here->exe}, {f->path, &f->facts}};
	const struct py_chain libpython = {here->dist->libpython_loaded, &here->library};

	*found = *why = NULL;
	/* loaded already, under this name */
	if (libpython.path && py_loader_answers(&libpython, name)) {
		*found = xstrdup(libpython.path);
		return 0;
	}
	return py_loader_find(chain, ARRAY_SIZE(chain), name, found, why, err);
}

static int look_at_needed(
	struct signs *s, const struct wheel_file *f, const char *needed, struct err *err)
{
	const struct py_chain self = {f->path, &f->facts};
	CLEANUP_FREE char *name = py_loader_expand(&self, 1, needed);
	CLEANUP_FREE char *found = NULL, *why = NULL, *text = NULL, *other = NULL;

	if (name && wheel_library(s->audit, name))
		return 0;
	if (find_needed(s, f, name ? name : needed, &found, &why, err) < 0)
		return -1;
	if (py_is_libpython(needed, true)) {
		text = xasprintf(
			"%s needs %s%s%s", f->rel, needed, why ? ": " : "", why ? why : "");
		note(found ? &s->libpython : &s->no_libpython, text);
		return 0;
	}
	if (found)
		return 0;
	other = leads_out(f);
	if (!other && f->role != WHEEL_LIBRARY) {
		note(&s->libraries, needed);
		return 0;
	}
	note(&s->other_wheels, needed);
	if (other) {
		text = xasprintf("%s of '%s'", needed, other);
		note(&s->placed, text);
		note(&s->wheels, other);
	}
	return 0;
}

/* Does the file need, by itself or through libraries of the wheel, one that only another wheel may
 * have? Then what it does not find may be defined there. `seen` has a place for each file. */
static int reaches_out(
	const struct signs *s, const struct wheel_file *f, bool *seen, bool *ret, struct err *err)
{
	const struct py_chain self = {f->path, &f->facts};

	seen[f - s->audit->v] = true;
	for (size_t i = 0; !*ret && i < f->facts.n_needed; i++) {
		const char *needed = f->facts.needed[i];
		CLEANUP_FREE char *name = py_loader_expand(&self, 1, needed);
		CLEANUP_FREE char *found = NULL, *why = NULL;
		const struct wheel_file *next = wheel_library(s->audit, name ? name : needed);

		if (next && !seen[next - s->audit->v] && reaches_out(s, next, seen, ret, err) < 0)
			return -1;
		if (next || py_is_libpython(needed, true))
			continue;
		if (find_needed(s, f, name ? name : needed, &found, &why, err) < 0)
			return -1;
		*ret = *ret || !found;
	}
	return 0;
}

/* A library's own search may end in what the extension that loads it brings along. */
static int may_be_elsewhere(
	const struct signs *s, const struct wheel_file *f, bool *ret, struct err *err)
{
	CLEANUP_FREE bool *seen = xcalloc(s->audit->n, sizeof(*seen));

	*ret = false;
	for (size_t i = 0; !*ret && i < s->audit->n; i++) {
		const struct wheel_file *from = f->role == WHEEL_LIBRARY ? &s->audit->v[i] : f;

		if (!seen[from - s->audit->v] && reaches_out(s, from, seen, ret, err) < 0)
			return -1;
	}
	return 0;
}

static int look_at_symbols(struct signs *s, const struct wheel_file *f, struct err *err)
{
	int elsewhere = -1;

	for (size_t i = 0; i < f->facts.n_undefined; i++) {
		const struct elf_undefined *u = &f->facts.undefined[i];

		if (u->weak || !is_python_name(u->name) ||
			wheel_python_exports(&s->all->here, u->name) ||
			wheel_defines(s->audit, u->name))
			continue;
		if (elsewhere < 0) {
			bool out;

			if (may_be_elsewhere(s, f, &out, err) < 0)
				return -1;
			elsewhere = out;
		}
		note(elsewhere ? &s->elsewhere : &s->missing, u->name);
	}
	for (size_t i = 0; i < f->facts.n_exports; i++) {
		const char *name = f->facts.exports[i];

		if (!is_linkers_name(name) && wheel_python_exports(&s->all->here, name))
			note(&s->collisions, name);
	}
	return 0;
}

/* A copy of a well-known library: under its file's name, or linked in and exported. */
static void look_for_copies(struct signs *s, const struct wheel_file *f)
{
	static const struct {
		const char *name, *file, *symbol;
	} known[] = {
		{"OpenSSL", "libssl", "SSL_CTX_new"},
		{"OpenSSL", "libcrypto", "EVP_EncryptInit_ex"},
		{"zlib", "libz", "inflateInit2_"},
		{"zstd", "libzstd", "ZSTD_compress"},
		{"bzip2", "libbz2", "BZ2_bzCompress"},
		{"xz", "liblzma", "lzma_code"},
		{"libffi", "libffi", "ffi_call"},
		{"SQLite", "libsqlite3", "sqlite3_open_v2"},
		{"expat", "libexpat", "XML_ParserCreate"},
		{"libxml2", "libxml2", "xmlParseMemory"},
		{"libpq", "libpq", "PQconnectdb"},
		{"libstdc++", "libstdc++", "_ZNSaIcEC1Ev"},
		{"libgcc", "libgcc_s", "_Unwind_Resume"},
		{"libgomp", "libgomp", "GOMP_parallel"},
		{"libgfortran", "libgfortran", "_gfortran_st_write"},
		{"OpenBLAS", "libopenblas", "openblas_get_config"},
		{"OpenBLAS", "libscipy_openblas", "scipy_openblas_get_config64_"},
	};
	const char *base = path_base(f->rel);

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		size_t n = strlen(known[i].file);

		if ((!strncmp(base, known[i].file, n) && base[n] &&
			    strchr("-._0123456789", base[n])) ||
			elf_exports(&f->facts, known[i].symbol))
			note(&s->bundled, known[i].name);
	}
}

static int collect(struct signs *s, struct err *err)
{
	for (size_t i = 0; i < s->audit->n; i++) {
		const struct wheel_file *f = &s->audit->v[i];
		uint64_t align = f->facts.tls_align ? f->facts.tls_align : 1;

		if (f->role == WHEEL_FOREIGN || f->facts.machine != s->all->here.exe.machine)
			continue;
		if (look_at_symbols(s, f, err) < 0)
			return -1;
		look_for_copies(s, f);
		if (f->facts.static_tls && f->facts.has_tls && f->facts.tls_size < UINT32_MAX &&
			align < UINT32_MAX)
			s->static_tls += (f->facts.tls_size + align - 1) / align * align;
		if (f->facts.glibc &&
			(!s->glibc || elf_version_compare(s->glibc, f->facts.glibc) < 0))
			s->glibc = f->facts.glibc;
		for (size_t k = 0; k < f->facts.n_needed; k++) {
			if (look_at_needed(s, f, f->facts.needed[k], err) < 0)
				return -1;
		}
	}
	return 0;
}

static char *names(const struct strv *list)
{
	struct buf text = BUF_INIT;

	buf_reserve(&text, 0);
	for (size_t i = 0; i < list->n && i < 3; i++)
		buf_addf(&text, "%s%s", i ? ", " : "", list->v[i]);
	if (list->n > 3)
		buf_addf(&text, " and %zu more", list->n - 3);
	return buf_steal(&text);
}

static void predict(json_t *model, const char *prediction, const char *expected, char *because)
{
	json_object_set_new(model, "prediction", json_string(prediction));
	json_object_set_new(model, "expected", json_string(expected));
	json_object_set_new(model, "because", py_text_json(because));
	free(because);
}

/* The gravest sign decides. */
static void conclude(const struct signs *s, json_t *model)
{
	CLEANUP_FREE char *missing = names(&s->missing), *libraries = names(&s->libraries);
	CLEANUP_FREE char *others = names(s->placed.n ? &s->placed : &s->other_wheels);
	CLEANUP_FREE char *same = names(&s->collisions);
	CLEANUP_FREE char *libpython = names(&s->libpython), *none = names(&s->no_libpython);
	CLEANUP_FREE char *elsewhere = names(&s->elsewhere);

	if (s->missing.n)
		predict(model, "missing symbols", "breaks",
			xasprintf("the interpreter does not export %s", missing));
	else if (s->no_libpython.n)
		predict(model, "needs libpython.so", "breaks", xasprintf("%s", none));
	else if (s->libraries.n)
		predict(model, "missing library", "breaks",
			xasprintf("neither the wheel nor the system has %s", libraries));
	else if (s->static_tls > TLS_ALL)
		predict(model, "TLS may not fit", "breaks",
			xasprintf("static TLS of %ju bytes; glibc keeps %d",
				(uintmax_t)s->static_tls, TLS_ALL));
	else if (s->static_tls > TLS_CERTAIN)
		predict(model, "TLS may not fit", "unsure",
			xasprintf("static TLS of %ju bytes; glibc keeps %d, and %d more if no "
				  "other library took them",
				(uintmax_t)s->static_tls, TLS_CERTAIN, TLS_ALL - TLS_CERTAIN));
	else if (s->collisions.n)
		predict(model, "may collide", "unsure",
			xasprintf("the interpreter exports %s too, and comes first", same));
	else if (s->other_wheels.n)
		predict(model, "needs another wheel", "unsure",
			xasprintf("%s must come from another wheel%s%s", others,
				s->elsewhere.n ? ", which decides whether there is " : "",
				elsewhere));
	else if (s->libpython.n)
		predict(model, "needs libpython.so", "works", xasprintf("%s", libpython));
	else
		predict(model, "works", "works",
			xstrdup("every symbol and library is there, nothing collides"));
}

static void set_list(json_t *audit, const char *key, const struct strv *list)
{
	json_t *a = json_array();

	for (size_t i = 0; i < list->n && i < NAMES_MAX; i++)
		json_array_append_new(a, py_text_json(list->v[i]));
	json_object_set_new(audit, key, a);
}

static void describe(const struct signs *s, json_t *model)
{
	static const char *const roles[] = {"extensions", "foreign", "libraries"};
	json_int_t counts[3] = {0};
	json_t *audit = json_object();

	for (size_t i = 0; i < s->audit->n; i++)
		counts[s->audit->v[i].role]++;
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
		json_object_set_new(audit, roles[i], json_integer(counts[i]));
	set_list(audit, "bundled", &s->bundled);
	set_list(audit, "needs_libpython", s->no_libpython.n ? &s->no_libpython : &s->libpython);
	set_list(audit, "missing_symbols", &s->missing);
	set_list(audit, "symbols_elsewhere", &s->elsewhere);
	set_list(audit, "missing_libraries", &s->libraries);
	set_list(audit, "other_wheels", &s->other_wheels);
	set_list(audit, "deciding_wheels", &s->wheels);
	set_list(audit, "collisions", &s->collisions);
	set_list(audit, "problems", &s->audit->problems);
	json_object_set_new(audit, "static_tls", json_integer((json_int_t)s->static_tls));
	json_object_set_new(audit, "glibc", py_text_json(s->glibc));
	json_object_set_new(model, "audit", audit);
}

int wheel_predict(
	const struct wheels *all, const struct wheel_audit *audit, json_t *model, struct err *err)
{
	CLEANUP(signs_release) struct signs s = {.all = all, .audit = audit};

	if (collect(&s, err) < 0)
		return -1;
	describe(&s, model);
	conclude(&s, model);
	return 0;
}
