/* Predicts whether a wheel will work, before anything from it is loaded.
 *
 * The loader searches for each DT_NEEDED of an extension in its search path and in the system's
 * folders, and then for those of the libraries it found, breadth first; a library already loaded
 * under the same name is reused. Symbols are looked up in the interpreter, in the libraries that it
 * is linked with, and in those that came along. All of this can be traced in the files, with two
 * exceptions: the contents of other wheels, and libraries that a package loads by hand before it
 * imports an extension. In these cases the answer is "unsure", with the reason.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "check/check-internal.h"

#define NAMES_MAX 20  /* maximum listed, per kind */
#define NAMES_SHOWN 3 /* of them, in a sentence */

/* glibc's reserve for libraries that are loaded late and want static TLS: 1664 bytes in total, 1152
 * of them for nothing else (rtld.nns and rtld.optional_static_tls at their defaults). */
#define TLS_CERTAIN 1152
#define TLS_ALL 1664

/* The evidence for a prediction. */
enum sign {
	LIBPYTHON,    /* files that name it, if the loader finds it */
	NO_LIBPYTHON, /* same, if the loader does not find it */
	MISSING,      /* symbols */
	ELSEWHERE,    /* symbols that a library in another wheel may define */
	LIBRARIES,    /* DT_NEEDED found nowhere */
	OTHER_WHEELS, /* DT_NEEDED that another wheel may provide */
	PLACED,       /* same, with the folder given by a search path */
	WHEELS,       /* those folders */
	OFF_PATH,     /* libraries of the wheel on no search path, and the files that need them */
	COLLISIONS,   /* symbols */
	BUNDLED,
	N_SIGNS,
};

struct signs {
	const struct wheel_python *here;
	const struct wheel_audit *audit;
	struct strv lists[N_SIGNS]; /* sentences or names */
	uint64_t static_tls;
	const char *glibc;
};

static void signs_release(struct signs *s)
{
	for (size_t i = 0; i < N_SIGNS; i++)
		strv_release(&s->lists[i]);
}

__attribute__((format(printf, 3, 4))) static void add_sign(
	struct signs *s, enum sign sign, const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	if (!strv_has(&s->lists[sign], text))
		strv_add(&s->lists[sign], text);
}

/* True if extensions get the symbol from the interpreter. */
static bool python_exports(const struct signs *s, const char *name)
{
	return elf_exports(&s->here->exe, name) || elf_exports(&s->here->library, name);
}

/* For py_loader_find_in(): whether a path is the wheel's to answer, and with which file. */
static bool has_file(const void *ctx, const char *path, const struct elf_facts **facts)
{
	const struct wheel_audit *audit = ctx;
	const struct wheel_file *f;

	if (!wheel_owns(path))
		return false;
	f = wheel_at(audit, path, NULL);
	*facts = f ? &f->facts : NULL;
	return true;
}

/* The file of the wheel that matches the name by the loader's rules, on a search path or not, since
 * wheels also preload libraries. `needed` is expanded. */
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

/* The folder of another wheel in the same site-packages that a search path of the file leads to:
 * "$ORIGIN/../shiboken6" of PySide6/QtCore.so gives "shiboken6". NULL if there is no such path. The
 * caller frees it. */
static char *leads_out(const struct wheel_audit *audit, const struct wheel_file *f)
{
	const struct py_chain self = {f->path, &f->facts};
	const char *paths = f->facts.runpath ? f->facts.runpath : f->facts.rpath;
	CLEANUP_STRV struct strv parts = STRV_INIT;

	strv_split(&parts, paths ? paths : "", ":");
	for (size_t i = 0; i < parts.n; i++) {
		CLEANUP_FREE char *dir = py_loader_expand(&self, 1, parts.v[i]);
		char *missing;

		if (dir && !wheel_at(audit, dir, &missing) && missing)
			return missing;
	}
	return NULL;
}

static int find_needed(const struct signs *s, const struct wheel_file *f, const char *name,
	char **found, char **why, struct err *err)
{
	const struct python *dist = s->here->dist;
	const struct py_chain chain[] = {{dist->interpreter, &s->here->exe}, {f->path, &f->facts}};
	const struct py_chain libpython = {dist->libpython_loaded, &s->here->library};
	const struct py_view view = {has_file, s->audit};

	*found = *why = NULL;
	if (!libpython.path || !py_loader_answers(&libpython, name))
		return py_loader_find_in(&view, chain, ARRAY_SIZE(chain), name, found, why, err);
	/* already loaded under this name */
	*found = xstrdup(libpython.path);
	return 0;
}

static int look_at_needed(
	struct signs *s, const struct wheel_file *f, const char *needed, struct err *err)
{
	const struct py_chain self = {f->path, &f->facts};
	CLEANUP_FREE char *name = py_loader_expand(&self, 1, needed);
	CLEANUP_FREE char *found = NULL, *why = NULL, *other = NULL;
	CLEANUP_FREE char *age = wheel_libpython_age(s->audit->date);

	if (name && wheel_library(s->audit, name))
		return 0;
	if (find_needed(s, f, name ? name : needed, &found, &why, err) < 0)
		return -1;
	if (py_is_libpython(needed, true))
		add_sign(s, found ? LIBPYTHON : NO_LIBPYTHON, "%s needs %s%s%s%s", f->rel, needed,
			age, why ? ": " : "", why ? why : "");
	else if (!found && !(other = leads_out(s->audit, f)) && f->role != WHEEL_LIBRARY)
		add_sign(s, LIBRARIES, "%s", needed);
	else if (!found)
		add_sign(s, OTHER_WHEELS, "%s", needed);
	if (other) {
		add_sign(s, PLACED, "%s of '%s'", needed, other);
		add_sign(s, WHEELS, "%s", other);
	}
	return 0;
}

/* Simulates loading an extension with the wheel's libraries, and records those that the loader
 * would not find although they exist. */
static int look_for_paths(struct signs *s, const struct wheel_file *extension, struct err *err)
{
	const struct wheel_audit *audit = s->audit;
	const struct py_view view = {has_file, audit};
	CLEANUP_FREE size_t *queue = xcalloc(audit->n + 1, sizeof(*queue));
	CLEANUP_FREE size_t *loader =
		xcalloc(audit->n + 1, sizeof(*loader)); /* index into the queue */
	CLEANUP_FREE bool *loaded = xcalloc(audit->n, sizeof(*loaded));
	CLEANUP_FREE struct py_chain *chain = xcalloc(audit->n + 1, sizeof(*chain));
	size_t end = 1;

	queue[0] = (size_t)(extension - audit->v);
	loaded[queue[0]] = true;
	for (size_t head = 0; head < end; head++) {
		const struct wheel_file *f = &audit->v[queue[head]];
		const struct py_chain self = {f->path, &f->facts};

		for (size_t k = 0; k < f->facts.n_needed; k++) {
			CLEANUP_FREE char *name = py_loader_expand(&self, 1, f->facts.needed[k]);
			const struct wheel_file *library = name ? wheel_library(audit, name) : NULL;
			CLEANUP_FREE char *found = NULL, *why = NULL;
			size_t n = 0, at = library ? (size_t)(library - audit->v) : 0;
			const struct wheel_file *file;

			/* Files below NAME.data are installed elsewhere. */
			if (!library || loaded[at] || strstr(f->rel, ".data/") ||
				strstr(library->rel, ".data/"))
				continue;
			/* The chain from the interpreter to the file: the path back, reversed. */
			for (size_t p = head; n < audit->n; p = loader[p]) {
				const struct wheel_file *step = &audit->v[queue[p]];

				memmove(chain + 1, chain, n++ * sizeof(*chain));
				chain[0] = (struct py_chain){step->path, &step->facts};
				if (p == 0)
					break;
			}
			memmove(chain + 1, chain, n++ * sizeof(*chain));
			chain[0] = (struct py_chain){s->here->dist->interpreter, &s->here->exe};
			if (py_loader_find_in(&view, chain, n, name, &found, &why, err) < 0)
				return -1;
			if (!found) {
				add_sign(s, OFF_PATH, "%s (which %s needs)",
					path_base(library->rel), f->rel);
				continue;
			}
			file = wheel_at(audit, found, NULL);
			if (!file || file < audit->v || file >= audit->v + audit->n ||
				loaded[file - audit->v])
				continue;
			loaded[file - audit->v] = true;
			loader[end] = head;
			queue[end++] = (size_t)(file - audit->v);
		}
	}
	return 0;
}

/* Sets *ret if the file needs, directly or through libraries of the wheel, one that only another
 * wheel may provide: symbols that it misses may be defined there. `seen` has an element for each
 * file. */
static int reaches_out(
	const struct signs *s, const struct wheel_file *f, bool *seen, bool *ret, struct err *err)
{
	const struct py_chain self = {f->path, &f->facts};

	if (seen[f - s->audit->v])
		return 0;
	seen[f - s->audit->v] = true;
	for (size_t i = 0; !*ret && i < f->facts.n_needed; i++) {
		const char *needed = f->facts.needed[i];
		CLEANUP_FREE char *name = py_loader_expand(&self, 1, needed);
		CLEANUP_FREE char *found = NULL, *why = NULL;
		const struct wheel_file *next = wheel_library(s->audit, name ? name : needed);

		if (next && reaches_out(s, next, seen, ret, err) < 0)
			return -1;
		if (next || py_is_libpython(needed, true))
			continue;
		if (find_needed(s, f, name ? name : needed, &found, &why, err) < 0)
			return -1;
		*ret = *ret || !found;
	}
	return 0;
}

static int look_at_symbols(struct signs *s, const struct wheel_file *f, struct err *err)
{
	/* Linkers and start files define these in every program. */
	static const char linkers[] =
		"_init _fini _start main data_start __data_start _IO_stdin_used _edata _end "
		"__bss_start __end__ _bss_end__ __bss_end__ __bss_start__ PyInit_*";
	const struct wheel_audit *audit = s->audit;
	CLEANUP_FREE bool *seen = NULL;
	bool elsewhere = false;

	for (size_t i = 0; i < f->facts.n_undefined; i++) {
		const struct elf_undefined *u = &f->facts.undefined[i];
		bool defined = false;

		if (u->weak || !check_is_api(u->name) || python_exports(s, u->name))
			continue;
		for (size_t k = 0; !defined && k < audit->n; k++)
			defined = elf_exports(&audit->v[k].facts, u->name);
		if (defined)
			continue;
		/* A library's symbol search may end in a library that the loading extension brings
		 * along. */
		if (!seen) {
			seen = xcalloc(audit->n, sizeof(*seen));
			for (size_t k = 0; !elsewhere && k < audit->n; k++) {
				const struct wheel_file *from =
					f->role == WHEEL_LIBRARY ? &audit->v[k] : f;

				if (reaches_out(s, from, seen, &elsewhere, err) < 0)
					return -1;
			}
		}
		add_sign(s, elsewhere ? ELSEWHERE : MISSING, "%s", u->name);
	}
	for (size_t i = 0; i < f->facts.n_exports; i++) {
		const char *name = f->facts.exports[i];

		if (!check_listed(linkers, name) && python_exports(s, name))
			add_sign(s, COLLISIONS, "%s", name);
	}
	return 0;
}

static int look_at_file(struct signs *s, const struct wheel_file *f, struct err *err)
{
	uint64_t align = f->facts.tls_align ? f->facts.tls_align : 1;

	if (f->role == WHEEL_FOREIGN || f->facts.machine != s->here->exe.machine)
		return 0;
	if (look_at_symbols(s, f, err) < 0)
		return -1;
	bundled_merge(&s->lists[BUNDLED], &f->bundled);
	if (f->facts.static_tls && f->facts.has_tls && f->facts.tls_size < UINT32_MAX &&
		align < UINT32_MAX)
		s->static_tls += (f->facts.tls_size + align - 1) / align * align;
	if (f->facts.glibc && (!s->glibc || elf_version_compare(s->glibc, f->facts.glibc) < 0))
		s->glibc = f->facts.glibc;
	for (size_t k = 0; k < f->facts.n_needed; k++) {
		if (look_at_needed(s, f, f->facts.needed[k], err) < 0)
			return -1;
	}
	return f->role == WHEEL_EXTENSION ? look_for_paths(s, f, err) : 0;
}

/* The most serious sign decides. */
static void conclude(const struct signs *s, struct wheel *w)
{
	static const struct {
		enum sign sign;
		enum wheel_prediction prediction;
		enum wheel_expected expected;
		const char *before, *after; /* text around the names */
	} table[] = {
		{MISSING, WHEEL_MISSING_SYMBOLS, WHEEL_BREAKS, "the interpreter does not export ",
			""},
		{NO_LIBPYTHON, WHEEL_NEEDS_LIBPYTHON, WHEEL_BREAKS, "", ""},
		{LIBRARIES, WHEEL_MISSING_LIBRARY, WHEEL_BREAKS,
			"neither the wheel nor the system has ", ""},
		{N_SIGNS, WHEEL_TLS, WHEEL_UNSURE, "", ""},
		{COLLISIONS, WHEEL_COLLIDES, WHEEL_UNSURE, "the interpreter exports ",
			" too, and comes first"},
		{OTHER_WHEELS, WHEEL_NEEDS_OTHER, WHEEL_UNSURE, "",
			" must come from another wheel"},
		{OFF_PATH, WHEEL_OFF_PATH, WHEEL_UNSURE, "in the wheel, but on no search path: ",
			"; found only if something loads it first"},
		{LIBPYTHON, WHEEL_NEEDS_LIBPYTHON, WHEEL_WORKS, "", ""},
	};
	uintmax_t certain = s->here->dist->musl ? 0 : TLS_CERTAIN;
	size_t i = 0;

	while (i < ARRAY_SIZE(table) && !(table[i].sign == N_SIGNS ? s->static_tls > certain
								   : s->lists[table[i].sign].n > 0))
		i++;
	w->prediction = i < ARRAY_SIZE(table) ? table[i].prediction : WHEEL_FITS;
	w->expected = i < ARRAY_SIZE(table) ? table[i].expected : WHEEL_WORKS;
	if (w->prediction == WHEEL_FITS) {
		w->because = xstrdup("every symbol and library is there, nothing collides");
	} else if (w->prediction == WHEEL_TLS && s->here->dist->musl) {
		w->expected = WHEEL_BREAKS;
		w->because = xasprintf(
			"static TLS of %ju bytes; musl keeps none", (uintmax_t)s->static_tls);
	} else if (w->prediction == WHEEL_TLS && s->static_tls > TLS_ALL) {
		w->expected = WHEEL_BREAKS;
		w->because = xasprintf("static TLS of %ju bytes; glibc keeps %d",
			(uintmax_t)s->static_tls, TLS_ALL);
	} else if (w->prediction == WHEEL_TLS) {
		w->because = xasprintf(
			"static TLS of %ju bytes; glibc keeps %d, and %d more if no other library "
			"took them",
			(uintmax_t)s->static_tls, TLS_CERTAIN, TLS_ALL - TLS_CERTAIN);
	} else {
		bool other = w->prediction == WHEEL_NEEDS_OTHER;
		CLEANUP_FREE char *names = check_first_names(
			&s->lists[other && s->lists[PLACED].n ? PLACED : table[i].sign],
			NAMES_SHOWN);
		CLEANUP_FREE char *symbols = check_first_names(&s->lists[ELSEWHERE], NAMES_SHOWN);
		bool decides = other && *symbols;

		w->because = xasprintf("%s%s%s%s%s", table[i].before, names, table[i].after,
			decides ? ", which decides whether there is " : "", decides ? symbols : "");
	}
}

/* Adds the relevant facts about the files to the model. */
static void describe(const struct signs *s, struct wheel *w)
{
	static const struct {
		const char *key;
		enum sign sign;
	} keys[] = {{"bundled", BUNDLED}, {"needs_libpython", LIBPYTHON},
		{"missing_symbols", MISSING}, {"symbols_elsewhere", ELSEWHERE},
		{"missing_libraries", LIBRARIES}, {"other_wheels", OTHER_WHEELS},
		{"deciding_wheels", WHEELS}, {"off_path", OFF_PATH}, {"collisions", COLLISIONS},
		{"problems", N_SIGNS}};
	CLEANUP(promises_release) struct promises said = {0};
	const size_t *counts = s->audit->counts;

	w->audit = json_pack("{s:I, s:I, s:I}", "extensions", (json_int_t)counts[WHEEL_EXTENSION],
		"foreign", (json_int_t)counts[WHEEL_FOREIGN], "libraries",
		(json_int_t)counts[WHEEL_LIBRARY]);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		enum sign sign = keys[i].sign;
		const struct strv *list = sign == N_SIGNS ? &s->audit->problems : &s->lists[sign];
		json_t *texts = json_array();

		if (sign == LIBPYTHON && s->lists[NO_LIBPYTHON].n)
			list = &s->lists[NO_LIBPYTHON];
		for (size_t k = 0; k < list->n && k < NAMES_MAX; k++)
			json_array_append_new(texts, json_text(list->v[k]));
		json_object_set_new(w->audit, keys[i].key, texts);
	}
	json_object_set_new(w->audit, "static_tls", json_integer((json_int_t)s->static_tls));
	json_object_set_new(w->audit, "glibc", json_text(s->glibc));
	if (s->audit->date)
		json_object_set_new(w->audit, "date", json_integer(s->audit->date));
	if (w->file)
		promises_of_wheel(w->file, &said);
	json_object_set_new(w->audit, "glibc_said", json_text(said.n ? said.v[0].glibc : NULL));
}

int wheel_predict(const struct wheel_python *here, struct wheel_audit *audit, struct wheel *w,
	struct err *err)
{
	CLEANUP(signs_release) struct signs s = {.here = here, .audit = audit};

	wheel_audit_roles(here, audit);
	for (size_t i = 0; i < audit->n; i++) {
		if (look_at_file(&s, &audit->v[i], err) < 0)
			return -1;
	}
	describe(&s, w);
	conclude(&s, w);
	return 0;
}
