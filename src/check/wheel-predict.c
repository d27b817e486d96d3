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
	struct strv libraries;    /* DT_NEEDED that nothing has */
	struct strv other_wheels; /* DT_NEEDED that another wheel may have */
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
	strv_release(&s->libraries);
	strv_release(&s->other_wheels);
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

static bool wheel_has_library(const struct wheel_audit *audit, const char *name)
{
	for (size_t i = 0; i < audit->n; i++) {
		const struct wheel_file *f = &audit->v[i];

		if (!strcmp(path_base(f->rel), name) ||
			(f->facts.soname && !strcmp(f->facts.soname, name)))
			return true;
	}
	return false;
}

static void look_at_symbols(struct signs *s, const struct wheel_file *f)
{
	for (size_t i = 0; i < f->facts.n_undefined; i++) {
		const struct elf_undefined *u = &f->facts.undefined[i];

		if (!u->weak && is_python_name(u->name) &&
			!wheel_python_exports(&s->all->here, u->name) &&
			!wheel_defines(s->audit, u->name))
			note(&s->missing, u->name);
	}
	for (size_t i = 0; i < f->facts.n_exports; i++) {
		const char *name = f->facts.exports[i];

		if (!is_linkers_name(name) && wheel_python_exports(&s->all->here, name))
			note(&s->collisions, name);
	}
}

/* Does a path of the file lead out of the wheel, to where another may be installed? */
static bool leads_out(const struct wheel_file *f)
{
	const char *paths = f->facts.runpath ? f->facts.runpath : f->facts.rpath;
	CLEANUP_FREE char *dir = path_dir(f->path);
	CLEANUP_STRV struct strv parts = STRV_INIT;

	strv_split(&parts, paths ? paths : "", ":");
	for (size_t i = 0; i < parts.n; i++) {
		CLEANUP_BUF struct buf path = BUF_INIT;

		buf_adds(&path, parts.v[i]);
		buf_replace(&path, "${ORIGIN}", dir);
		buf_replace(&path, "$ORIGIN", dir);
		if (!path_is_dir(path.data))
			return true;
	}
	return false;
}

static int look_at_needed(
	struct signs *s, const struct wheel_file *f, const char *name, struct err *err)
{
	const struct wheel_python *here = &s->all->here;
	const struct dist_chain chain[] = {
		{here->dist->interpreter, &here->exe}, {f->path, &f->facts}};
	bool python = !strncmp(name, "libpython", 9);
	CLEANUP_FREE char *found = NULL, *why = NULL, *text = NULL;

	if (wheel_has_library(s->audit, name))
		return 0;
	/* loaded already, under this name */
	if (here->library.soname && !strcmp(here->library.soname, name))
		found = xstrdup(here->dist->libpython_loaded);
	else if (dist_loader_find(chain, ARRAY_SIZE(chain), name, &found, &why, err) < 0)
		return -1;
	if (python) {
		text = xasprintf("%s needs %s%s%s", f->rel, name, why ? ": " : "", why ? why : "");
		note(found ? &s->libpython : &s->no_libpython, text);
	} else if (!found) {
		note(leads_out(f) || f->role == WHEEL_LIBRARY ? &s->other_wheels : &s->libraries,
			name);
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
		look_at_symbols(s, f);
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
	json_object_set_new(model, "because", dist_text_json(because));
	free(because);
}

/* The gravest sign decides. */
static void conclude(const struct signs *s, json_t *model)
{
	CLEANUP_FREE char *missing = names(&s->missing), *libraries = names(&s->libraries);
	CLEANUP_FREE char *others = names(&s->other_wheels), *same = names(&s->collisions);
	CLEANUP_FREE char *libpython = names(&s->libpython), *none = names(&s->no_libpython);

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
			xasprintf("%s must come from a package that it depends on", others));
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
		json_array_append_new(a, dist_text_json(list->v[i]));
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
	set_list(audit, "missing_libraries", &s->libraries);
	set_list(audit, "other_wheels", &s->other_wheels);
	set_list(audit, "collisions", &s->collisions);
	set_list(audit, "problems", &s->audit->problems);
	json_object_set_new(audit, "static_tls", json_integer((json_int_t)s->static_tls));
	json_object_set_new(audit, "glibc", dist_text_json(s->glibc));
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
