/* Facts without judgement: about one file, or about many, read on all processors and shown in
 * order. */
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "proc/parallel.h"
#include "base/progress.h"
#include "python/python-internal.h"

#define N_COLUMNS 8
#define N_ROLES (PY_ROLE_OBJECT + 1)

/* Collects what is known of a file beyond its own facts. `python` is the program that would load
 * it; NULL: the file itself is first in the chain. Fails only on an interrupt. */
static int item_fill(struct py_item *item, const struct py_chain *python, struct err *err)
{
	const struct elf_facts *f = &item->file.facts;
	const struct py_chain self = {item->file.path, f};
	const struct py_chain chain[] = {python ? *python : self, self};
	bool alone = !python || !strcmp(python->path, item->file.path);
	struct err failed = ERR_INIT;

	item->libraries = json_array();
	if (item->file.problem)
		return 0;
	for (size_t i = 0; i < f->n_needed; i++) {
		CLEANUP_FREE char *found = NULL, *why = NULL;

		if (py_loader_find(chain, alone ? 1 : 2, f->needed[i], &found, &why, err) < 0)
			return -1;
		json_array_append_new(item->libraries,
			json_pack("{s:o, s:o, s:o}", "needed", json_text(f->needed[i]), "found",
				json_text(found), "why", json_text(why)));
	}
	if (!item->wants_code)
		return 0;
	item->has_code = code_each(item->file.path, NULL, NULL, &item->code, &failed) == 0;
	if (!item->has_code)
		item->code_problem = xstrdup(failed.msg);
	return 0;
}

static void item_release(struct py_item *item)
{
	py_file_release(&item->file);
	free(item->code_problem);
	json_decref(item->libraries);
	*item = (struct py_item){0};
}

static json_t *item_json(const struct py_item *item)
{
	json_t *o = py_file_json(&item->file);

	if (item->libraries)
		json_object_set(o, "libraries", item->libraries);
	json_object_set_new(o, "code", item->has_code ? py_code_json(&item->code) : json_null());
	json_object_set_new(o, "code_problem", json_text(item->code_problem));
	return o;
}

/* ---- one file ------------------------------------------------------------------------------ */

static struct doc *new_page(const char *what)
{
	CLEANUP_FREE char *title = xasprintf("solder inspect: %s", what);

	return doc_new(title);
}

static void print_one(FILE *json, const char *key, json_t *value)
{
	json_t *model = json_pack("{s:o}", key, value);

	report_json("solder-inspect", model, json);
	json_decref(model);
}

static int inspect_elf(
	const char *path, const struct py_inspect *o, FILE *json, struct doc **ret, struct err *err)
{
	CLEANUP(item_release)
	struct py_item item = {
		.wants_code = true, .file = {.path = path_absolute(path), .rel = xstrdup(path)}};

	if (!py_file_read(NULL, &item.file) || item.file.problem)
		return err_set(err, ERR_INPUT, "%s",
			item.file.problem ? item.file.problem : "the file changed meanwhile");
	if (item_fill(&item, NULL, err) < 0)
		return -1;
	if (json)
		print_one(json, "file", item_json(&item));
	*ret = new_page(path);
	py_item_page(*ret, &item, o->symbols);
	return 0;
}

static int inspect_archive(
	const char *path, const struct stat *st, FILE *json, struct doc **ret, struct err *err)
{
	CLEANUP_FREE char *full = path_absolute(path);
	struct elf_archive_facts facts;

	if (elf_archive_facts_read(path, &facts, err) < 0)
		return -1;
	if (json) {
		json_t *archive = py_archive_json(&facts);

		json_object_set_new(archive, "path", json_text(full));
		json_object_set_new(archive, "size", json_integer((json_int_t)st->st_size));
		print_one(json, "archive", archive);
	}
	*ret = new_page(path);
	doc_fact(*ret, "file", full);
	py_archive_page(*ret, (uint64_t)st->st_size, &facts);
	return 0;
}

/* ---- many files ---------------------------------------------------------------------------- */

/* A Python, or a folder with `dist` and `python` NULL. */
struct inspection {
	const struct py_inspect *o;
	FILE *out; /* for JSON, or NULL */
	const struct python *dist;
	const struct py_chain *python;
	struct py_files files;
	struct py_item *items;      /* one per file; kept for files with a page of their own */
	char **json;                /* per file, until printed */
	struct strv cells[N_ROLES]; /* cells of the file tables, row by row */
	struct strv bad, odd;       /* alternating path and reason */
	struct strv bolted;
	const struct py_item *interpreter, *library;
	struct py_size *sizes; /* of the n_elf readable files */
	size_t n_elf;
	char *glibc, *glibc_of;
	uint64_t bytes, bytes_taken;
	struct progress *progress;
	int line;
};

static bool is_main(const struct inspection *r, const struct py_file *f)
{
	return r->dist &&
	       (!strcmp(f->path, r->dist->interpreter) ||
		       (r->dist->libpython_shared && !strcmp(f->path, r->dist->libpython_shared)));
}

static bool has_page(const struct inspection *r, const struct py_file *f)
{
	const char *pattern = r->o->file;

	return pattern ? fnmatch(pattern, f->rel, 0) == 0 || strstr(f->rel, pattern) : r->o->all;
}

/* Runs on a worker. Interrupts are noticed on the consumer's side. */
static void inspect_nth(void *ctx, size_t i)
{
	struct inspection *r = ctx;
	struct py_item *item = &r->items[i];
	struct err interrupted = ERR_INIT;
	json_t *model;

	item->file = r->files.v[i];
	r->files.v[i] = (struct py_file){0};
	if (!py_file_read(r->dist, &item->file)) {
		item_release(item);
		return;
	}
	item->wants_code = r->o->code || is_main(r, &item->file) || has_page(r, &item->file);
	if (item_fill(item, r->python, &interrupted) < 0 || !r->out)
		return;
	model = item_json(item);
	r->json[i] = json_dumps(model, JSON_INDENT(2));
	json_decref(model);
}

static void drop_nth(void *ctx, size_t i)
{
	struct inspection *r = ctx;

	item_release(&r->items[i]);
	free(r->json[i]);
}

/* JSON strings contain no newlines, so whole lines can be indented. */
static void print_indented(FILE *out, const char *text, const char *indent)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		fwrite(text, 1, (size_t)(end + 1 - text), out);
		fputs(indent, out);
	}
	fputs(text, out);
}

static void count_file(struct inspection *r, const struct py_file *file)
{
	const struct elf_facts *f = &file->facts;
	CLEANUP_FREE char *exports = xasprintf("%zu", f->n_exports);
	char size[32];
	const char *const cells[N_COLUMNS] = {file->rel,
		f->debug_only                    ? "debug"
		: f->kind == ELF_KIND_PIE        ? "PIE"
		: f->kind == ELF_KIND_EXECUTABLE ? "fixed"
						 : elf_kind_name(f->kind),
		size, f->glibc ? f->glibc : "-", elf_tls_model(f), elf_relro_name(f->relro),
		exports,
		f->runpath ? "RUNPATH"
		: f->rpath ? "RPATH"
			   : "-"};

	format_bytes(size, f->file_size);
	for (size_t i = 0; i < N_COLUMNS; i++)
		strv_add(&r->cells[file->role], cells[i]);
	r->sizes[r->n_elf++] = (struct py_size){xstrdup(file->rel), f->file_size};
	if (f->bolt.applied)
		strv_add(&r->bolted, file->rel);
	if (f->note) {
		strv_add(&r->odd, file->rel);
		strv_add(&r->odd, f->note);
	}
	if (f->glibc && (!r->glibc || elf_version_compare(f->glibc, r->glibc) > 0)) {
		free(r->glibc);
		free(r->glibc_of);
		r->glibc = xstrdup(f->glibc);
		r->glibc_of = xstrdup(file->rel);
	}
}

static int take_nth(void *ctx, size_t i, struct err *err)
{
	struct inspection *r = ctx;
	struct py_item *item = &r->items[i];

	if (!item->file.path)
		return 0;
	r->bytes_taken += item->file.facts.file_size;
	if (r->json[i]) {
		fputs(r->n_elf + r->bad.n ? ",\n    " : "\n    ", r->out);
		print_indented(r->out, r->json[i], "    ");
		free(steal(&r->json[i]));
		if (ferror(r->out))
			return err_sys(err, "cannot write the output");
	}
	if (item->file.problem) {
		strv_add(&r->bad, item->file.rel);
		strv_add(&r->bad, item->file.problem);
	} else {
		count_file(r, &item->file);
	}
	if (r->dist && !strcmp(item->file.path, r->dist->interpreter))
		r->interpreter = item;
	else if (is_main(r, &item->file))
		r->library = item;
	else if (!has_page(r, &item->file))
		item_release(item);
	return 0;
}

static void show_progress(void *ctx, size_t taken)
{
	struct inspection *r = ctx;

	(void)taken;
	progress_update(r->progress, r->line, r->bytes_taken, r->bytes);
}

static void inspection_release(struct inspection *r)
{
	for (size_t i = 0; r->items && i < r->files.n; i++)
		item_release(&r->items[i]);
	py_files_release(&r->files);
	strv_release(&r->bad);
	strv_release(&r->odd);
	strv_release(&r->bolted);
	for (size_t i = 0; i < N_ROLES; i++)
		strv_release(&r->cells[i]);
	for (size_t i = 0; i < r->n_elf; i++)
		free(r->sizes[i].name);
	free(r->sizes);
	free(r->items);
	free(r->json);
	free(r->glibc);
	free(r->glibc_of);
}

/* What a module with libpython in DT_NEEDED and no search path of its own would get. If the
 * interpreter itself needs libpython, it is the one already loaded. */
static int show_for_modules(struct doc *doc, const struct inspection *r, struct err *err)
{
	const struct elf_facts none = {0};
	const struct py_chain chain[] = {*r->python, {"a module", &none}};
	const char *soname = r->library ? r->library->file.facts.soname : NULL;
	CLEANUP_FREE char *found = NULL, *why = NULL, *text = NULL;

	if (!soname || (r->dist->link != PY_LINK_STATIC && r->dist->link != PY_LINK_DUAL))
		return 0;
	if (py_answers(r->dist))
		text = xasprintf("the interpreter, which answers to %s", soname);
	else if (py_loader_find(chain, 2, soname, &found, &why, err) < 0)
		return -1;
	else
		text = found ? xasprintf("%s, by %s", found, why) : xasprintf("nothing: %s", why);
	doc_fact(doc, "for linked modules", text);
	return 0;
}

static void show_dist(struct doc *doc, const struct python *dist)
{
	static const char *const links[] = {
		[PY_LINK_UNKNOWN] = "unknown: the interpreter neither carries nor needs libpython",
		[PY_LINK_STATIC] = "static: libpython is in the interpreter",
		[PY_LINK_SHARED] = "shared: the interpreter needs libpython",
		[PY_LINK_DUAL] = "dual: one file is interpreter and library",
	};
	const char *why = dist->libpython_loaded_why;
	CLEANUP_FREE char *loaded = dist->libpython_loaded
					    ? xasprintf("%s, by %s", dist->libpython_loaded, why)
				    : why ? xasprintf("not found: %s", why)
					  : xstrdup("none: the interpreter does not need one");

	for (size_t i = 0; i < dist->trail.n; i++)
		doc_fact(doc, i ? "" : "found", dist->trail.v[i]);
	if (dist->venv)
		doc_fact(doc, "environment", dist->venv);
	doc_fact(doc, "interpreter", dist->interpreter);
	doc_fact(doc, "prefix", dist->prefix);
	if (dist->system)
		doc_fact(doc, "", "shared with other software: only Python's own files are shown");
	doc_fact(doc, "version", dist->version);
	if (dist->abiflags && strspn(dist->abiflags, "td"))
		doc_fact(doc, "build",
			!strcmp(dist->abiflags, "t")   ? "free-threaded (ABI t)"
			: !strcmp(dist->abiflags, "d") ? "debug (ABI d)"
						       : "free-threaded and debug (ABI td)");
	if (py_other_implementation(dist))
		doc_fact(doc, "implementation", py_other_implementation(dist));
	if (!dist->runs)
		doc_fact(doc, dist->no_run ? "not run" : "does not run",
			dist->no_run ? "as asked for; what follows is from files alone"
				     : dist->why_not);
	doc_fact(doc, "standard library", dist->stdlib);
	doc_fact(doc, "link mode", links[dist->link]);
	doc_fact(doc, "libpython.so", dist->libpython_shared);
	doc_fact(doc, "libpython.a", dist->libpython_static);
	doc_fact(doc, "loader maps", loaded);
}

static void show_counts(struct doc *doc, const struct inspection *r)
{
	CLEANUP_STRV struct strv roles = STRV_INIT;
	CLEANUP_FREE char *words = NULL, *files = NULL, *glibc = NULL;
	CLEANUP_FREE char *bad = xasprintf("%zu", r->bad.n / 2);

	for (size_t i = 0; i < N_ROLES; i++) {
		if (r->cells[i].n)
			strv_addf(&roles, "%s %zu", py_role_name(i), r->cells[i].n / N_COLUMNS);
	}
	words = strv_join(&roles, ", ");
	files = xasprintf("%zu (%s)", r->n_elf, words);
	glibc = r->glibc ? xasprintf("%s, by '%s'", r->glibc, r->glibc_of) : NULL;
	doc_fact(doc, "ELF files", files);
	if (r->bad.n)
		doc_fact(doc, "not readable", bad);
	doc_fact(doc, "highest glibc", glibc);
	if (r->bolted.n) {
		CLEANUP_FREE char *names = strv_join(&r->bolted, ", ");

		doc_fact(doc, "optimised by BOLT", names);
	}
}

static void show_rows(struct doc *doc, const char *title, const struct doc_column *columns,
	size_t n, const struct strv *cells)
{
	if (cells->n)
		doc_table(doc, title, columns, n);
	for (size_t i = 0; i < cells->n; i += n)
		doc_row(doc, (const char *const *)&cells->v[i]);
}

static int show_files(struct doc *doc, const struct inspection *r, struct err *err)
{
	static const struct doc_column columns[N_COLUMNS] = {{"file", DOC_WRAP}, {"type", 0},
		{"size", DOC_RIGHT}, {"glibc", 0}, {"TLS", 0}, {"RELRO", 0}, {"exports", DOC_RIGHT},
		{"path", 0}};
	static const struct doc_column why[] = {{"file", DOC_WRAP}, {"why", DOC_WRAP}};
	size_t shown = 0;

	for (size_t role = 0; !r->o->file && role < N_ROLES; role++)
		show_rows(doc, py_role_name(role), columns, N_COLUMNS, &r->cells[role]);
	show_rows(doc, "Could not be read", why, ARRAY_SIZE(why), &r->bad);
	show_rows(doc, "Odd, but not for the loader", why, ARRAY_SIZE(why), &r->odd);
	for (size_t i = 0; i < r->files.n; i++) {
		const struct py_item *item = &r->items[i];

		if (!item->file.path || !has_page(r, &item->file))
			continue;
		doc_heading(doc, item->file.rel);
		py_item_page(doc, item, r->o->symbols);
		shown++;
	}
	return r->o->file && !shown
		       ? err_set(err, ERR_INPUT, "no ELF file matches '%s'", r->o->file)
		       : 0;
}

/* Reads everything, printing JSON on the way, then makes the document. `what` is its title; `head`
 * is its description in the JSON, under `key`. */
static int inspect_many(struct inspection *r, const char *what, const char *key, json_t *head,
	struct doc **ret, struct err *err)
{
	const struct parallel_work work = {inspect_nth, take_nth, drop_nth, show_progress, r};
	CLEANUP_FREE char *text = json_dumps(head, JSON_INDENT(2) | JSON_ENCODE_ANY);
	const struct py_item *code[PY_CODE_MAX];
	const char *titles[PY_CODE_MAX];
	size_t n_code = 0;
	int failed;

	json_decref(head);
	r->items = xcalloc(r->files.n + 1, sizeof(*r->items));
	r->json = xcalloc(r->files.n + 1, sizeof(*r->json));
	r->sizes = xcalloc(r->files.n + 1, sizeof(*r->sizes));
	for (size_t i = 0; i < r->files.n; i++)
		r->bytes += r->files.v[i].facts.file_size;
	if (r->out) {
		report_json_begin("solder-inspect", r->out);
		fprintf(r->out, "\"%s\": ", key);
		print_indented(r->out, text, "  ");
		fputs(",\n  \"files\": [", r->out);
	}
	r->progress = progress_new(stderr, isatty(2) ? PROGRESS_AUTO : PROGRESS_QUIET);
	r->line = progress_start(r->progress, "reading files", 0);
	failed = parallel(&work, r->files.n, err);
	progress_free(r->progress);
	if (failed)
		return -1;
	if (r->out)
		fputs(r->n_elf + r->bad.n ? "\n  ]\n}\n" : "]\n}\n", r->out);
	if (r->n_elf + r->bad.n == 0)
		return err_set(err, ERR_INPUT, "'%s' holds neither a Python nor an ELF file", what);
	*ret = new_page(what);
	if (r->dist) {
		show_dist(*ret, r->dist);
		if (show_for_modules(*ret, r, err) < 0)
			return -1;
	}
	show_counts(*ret, r);
	if (r->interpreter && r->interpreter->has_code) {
		titles[n_code] = "interpreter";
		code[n_code++] = r->interpreter;
	}
	if (r->interpreter && r->library && r->library->has_code) {
		titles[n_code] = "libpython.so";
		code[n_code++] = r->library;
	}
	py_code_page(*ret, code, titles, n_code);
	py_sizes_picture(*ret, r->sizes, r->n_elf);
	return show_files(*ret, r, err);
}

static int inspect_python(
	const char *what, const struct py_inspect *o, FILE *json, struct doc **ret, struct err *err)
{
	CLEANUP_PYTHON struct python dist = {0};
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};
	CLEANUP(inspection_release)
	struct inspection r = {.o = o, .out = json, .dist = &dist};
	struct py_chain python;

	if ((o->no_run ? py_find_unrun : py_find)(what, &dist, err) < 0 ||
		elf_facts_read(dist.interpreter, &facts, err) < 0 ||
		py_files_list(&dist, &r.files, err) < 0)
		return -1;
	python = (struct py_chain){dist.interpreter, &facts};
	r.python = &python;
	return inspect_many(&r, what, "python", py_json(&dist), ret, err);
}

static int inspect_folder(
	const char *dir, const struct py_inspect *o, FILE *json, struct doc **ret, struct err *err)
{
	CLEANUP(inspection_release) struct inspection r = {.o = o, .out = json};
	CLEANUP_FREE char *full = path_absolute(dir);

	return py_folder_list(full, &r.files, err) < 0
		       ? -1
		       : inspect_many(&r, full, "folder", json_text(full), ret, err);
}

/* ---- dispatch ------------------------------------------------------------------------------ */

/* By content, not by name. */
static int inspect_regular(const char *path, const struct stat *st, const struct py_inspect *o,
	FILE *json, struct doc **ret, struct err *err)
{
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};
	CLEANUP_CLOSE int fd = file_open(path, err);
	char head[8] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof(head));

	if (fd < 0)
		return -1;
	if (n < 0)
		return err_sys(err, "cannot read '%s'", path);
	if (!memcmp(head, "!<arch>\n", 8) || !memcmp(head, "!<thin>\n", 8))
		return inspect_archive(path, st, json, ret, err);
	if (elf_is(head, (size_t)n)) {
		if (!o->alone && elf_facts_read(path, &facts, err) < 0)
			return -1;
		return !o->alone && py_is_interpreter(path, &facts)
			       ? inspect_python(path, o, json, ret, err)
			       : inspect_elf(path, o, json, ret, err);
	}
	if (!memcmp(head, "#!", 2) && !o->alone)
		return inspect_python(path, o, json, ret, err);
	err_set(err, ERR_INPUT, "'%s' is neither an ELF file nor a static library%s", path,
		n ? "" : ": it is empty");
	return err_hint(err, "name an ELF file, a static library, a folder, or a Python");
}

int py_inspect(
	const char *what, const struct py_inspect *o, FILE *json, struct doc **ret, struct err *err)
{
	CLEANUP_FREE char *cfg = xasprintf("%s/pyvenv.cfg", what);
	CLEANUP_DOC struct doc *doc = NULL;
	struct stat st;
	int failed;

	/* A name that does not exist here may be on PATH; a dangling link is explained hop by
	 * hop. */
	if (stat(what, &st) < 0)
		failed = inspect_python(what, o, json, &doc, err);
	else if (S_ISREG(st.st_mode))
		failed = inspect_regular(what, &st, o, json, &doc, err);
	else if (!S_ISDIR(st.st_mode))
		failed = err_set(err, ERR_INPUT, "'%s' is neither a file nor a folder", what);
	else if (!o->alone && (py_has_python(what) || path_exists(cfg)))
		failed = inspect_python(what, o, json, &doc, err);
	else
		failed = inspect_folder(what, o, json, &doc, err);
	if (!failed)
		*ret = steal(&doc);
	return failed;
}
