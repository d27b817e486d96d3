/* Pythons and folders: many files, read by all processors, shown in order. */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "cmd/inspect-internal.h"
#include "base/parallel.h"

#define N_COLUMNS 8
#define N_ROLES (PY_ROLE_OBJECT + 1)

struct run {
	const struct inspect_options *o;
	const struct python *dist;     /* NULL for a folder */
	const struct py_chain *python; /* NULL for a folder */
	struct py_files files;
	struct inspect_item
		*items; /* one for each file; kept after it was taken if it has a page */
	char **json;    /* when JSON is printed */
	struct strv cells[N_ROLES]; /* of the tables of files, row after row */
	const struct inspect_item *interpreter, *library;
	uint64_t bytes, bytes_taken;
	size_t n_elf, n_bad;
	size_t roles[N_ROLES];
	struct inspect_size *sizes; /* of the n_elf files */
	char *glibc, *glibc_of;
	struct strv bad, odd; /* path and reason by turns */
	struct progress *progress;
	int line;
};

static bool is_main(const struct run *r, const struct py_file *f)
{
	return r->dist &&
	       (!strcmp(f->path, r->dist->interpreter) ||
		       (r->dist->libpython_shared && !strcmp(f->path, r->dist->libpython_shared)));
}

static bool is_wanted(const struct run *r, const struct py_file *f)
{
	const char *pattern = r->o->file;

	if (!pattern)
		return r->o->all;
	return fnmatch(pattern, f->rel, 0) == 0 || strstr(f->rel, pattern);
}

/* On a worker. An interrupt is noticed where things are taken. */
static void make(void *ctx, size_t i)
{
	struct run *r = ctx;
	struct inspect_item *item = &r->items[i];
	struct err interrupted = ERR_INIT;
	json_t *model;

	item->file = r->files.v[i];
	r->files.v[i] = (struct py_file){0};
	if (!py_file_read(r->dist, &item->file)) {
		inspect_release(item);
		return;
	}
	item->wants_code = r->o->code || is_main(r, &item->file) || is_wanted(r, &item->file);
	if (inspect_fill(item, r->python, &interrupted) < 0 || !r->o->json)
		return;
	model = inspect_json(item);
	r->json[i] = json_dumps(model, JSON_INDENT(2));
	json_decref(model);
}

static void dropped(void *ctx, size_t i)
{
	struct run *r = ctx;

	inspect_release(&r->items[i]);
	free(r->json[i]);
}

/* Strings of JSON hold no line ends, so that whole lines can be moved to the right. */
static void print_indented(const char *text, const char *indent)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		fwrite(text, 1, (size_t)(end + 1 - text), stdout);
		fputs(indent, stdout);
	}
	fputs(text, stdout);
}

static void print_json(const char *text, bool first)
{
	fputs(first ? "\n    " : ",\n    ", stdout);
	print_indented(text, "    ");
}

static const char *short_kind(const struct elf_facts *f)
{
	return f->debug_only                    ? "debug"
	       : f->kind == ELF_KIND_PIE        ? "PIE"
	       : f->kind == ELF_KIND_EXECUTABLE ? "fixed"
						: elf_kind_name(f->kind);
}

static void add_row(struct run *r, const struct inspect_item *item)
{
	const struct elf_facts *f = &item->file.facts;
	CLEANUP_FREE char *exports = xasprintf("%zu", f->n_exports);
	char size[32];
	const char *const cells[N_COLUMNS] = {item->file.rel, short_kind(f), size,
		f->glibc ? f->glibc : "-", elf_tls_model(f), elf_relro_name(f->relro), exports,
		f->runpath ? "RUNPATH"
		: f->rpath ? "RPATH"
			   : "-"};

	format_bytes(size, f->file_size);
	for (size_t i = 0; i < N_COLUMNS; i++)
		strv_add(&r->cells[item->file.role], cells[i]);
}

static void keep_highest(struct run *r, const struct py_file *f)
{
	if (!f->facts.glibc || (r->glibc && elf_version_compare(f->facts.glibc, r->glibc) <= 0))
		return;
	free(r->glibc);
	free(r->glibc_of);
	r->glibc = xstrdup(f->facts.glibc);
	r->glibc_of = xstrdup(f->rel);
}

static int take(void *ctx, size_t i, struct err *err)
{
	struct run *r = ctx;
	struct inspect_item *item = &r->items[i];

	(void)err;
	if (!item->file.path)
		return 0;
	r->bytes_taken += item->file.facts.file_size;
	if (r->json[i]) {
		print_json(r->json[i], r->n_elf + r->n_bad == 0);
		free(steal(&r->json[i]));
	}
	if (item->file.problem) {
		r->n_bad++;
		strv_add(&r->bad, item->file.rel);
		strv_add(&r->bad, item->file.problem);
	} else {
		r->sizes[r->n_elf++] =
			(struct inspect_size){xstrdup(item->file.rel), item->file.facts.file_size};
		r->roles[item->file.role]++;
		if (item->file.facts.note) {
			strv_add(&r->odd, item->file.rel);
			strv_add(&r->odd, item->file.facts.note);
		}
		keep_highest(r, &item->file);
		add_row(r, item);
	}
	if (r->dist && !strcmp(item->file.path, r->dist->interpreter))
		r->interpreter = item;
	else if (is_main(r, &item->file))
		r->library = item;
	else if (!is_wanted(r, &item->file))
		inspect_release(item);
	return ferror(stdout) ? err_sys(err, "cannot write the output") : 0;
}

static void show_progress(void *ctx, size_t taken)
{
	struct run *r = ctx;

	(void)taken;
	progress_update(r->progress, r->line, r->bytes_taken, r->bytes);
}

static int read_all(struct run *r, struct err *err)
{
	const struct parallel_work work = {make, take, dropped, show_progress, r};
	int failed;

	r->items = xcalloc(r->files.n + 1, sizeof(*r->items));
	r->json = xcalloc(r->files.n + 1, sizeof(*r->json));
	r->sizes = xcalloc(r->files.n + 1, sizeof(*r->sizes));
	for (size_t i = 0; i < r->files.n; i++)
		r->bytes += r->files.v[i].facts.file_size;
	r->progress = progress_new(stderr, isatty(2) ? PROGRESS_AUTO : PROGRESS_QUIET);
	r->line = progress_start(r->progress, "reading files", 0);
	failed = parallel(&work, r->files.n, err);
	progress_free(r->progress);
	return failed;
}

static void run_release(struct run *r)
{
	for (size_t i = 0; r->items && i < r->files.n; i++)
		inspect_release(&r->items[i]);
	py_files_release(&r->files);
	strv_release(&r->bad);
	strv_release(&r->odd);
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

/* "29 extensions, 1 interpreter": how many of each role. */
static char *role_counts(const struct run *r)
{
	CLEANUP_STRV struct strv words = STRV_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(r->roles); i++) {
		if (r->roles[i])
			strv_addf(&words, "%s %zu", py_role_name(i), r->roles[i]);
	}
	return strv_join(&words, ", ");
}

static void show_counts(struct doc *doc, const struct run *r)
{
	CLEANUP_FREE char *roles = role_counts(r);
	CLEANUP_FREE char *files = xasprintf("%zu (%s)", r->n_elf, roles);
	CLEANUP_FREE char *bad = xasprintf("%zu", r->n_bad);
	CLEANUP_FREE char *glibc =
		r->glibc ? xasprintf("%s, by '%s'", r->glibc, r->glibc_of) : NULL;

	doc_fact(doc, "ELF files", files);
	if (r->n_bad)
		doc_fact(doc, "not readable", bad);
	doc_fact(doc, "highest glibc", glibc);
}

static void show_files(struct doc *doc, const struct run *r)
{
	static const struct doc_column columns[N_COLUMNS] = {{"file", DOC_WRAP}, {"type", 0},
		{"size", DOC_RIGHT}, {"glibc", 0}, {"TLS", 0}, {"RELRO", 0}, {"exports", DOC_RIGHT},
		{"path", 0}};
	static const struct doc_column why[] = {{"file", DOC_WRAP}, {"why", DOC_WRAP}};
	const struct {
		const char *title;
		const struct strv *rows;
	} lists[] = {{"Could not be read", &r->bad}, {"Odd, but not for the loader", &r->odd}};

	for (size_t role = 0; !r->o->file && role < N_ROLES; role++) {
		const struct strv *cells = &r->cells[role];

		if (!cells->n)
			continue;
		doc_table(doc, py_role_name(role), columns, N_COLUMNS);
		for (size_t i = 0; i < cells->n; i += N_COLUMNS)
			doc_row(doc, (const char *const *)&cells->v[i]);
	}
	for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
		if (!lists[k].rows->n)
			continue;
		doc_table(doc, lists[k].title, why, ARRAY_SIZE(why));
		for (size_t i = 0; i < lists[k].rows->n; i += 2)
			doc_row(doc, (const char *const *)&lists[k].rows->v[i]);
	}
}

static int show_pages(struct doc *doc, const struct run *r, struct err *err)
{
	size_t shown = 0;

	for (size_t i = 0; i < r->files.n; i++) {
		const struct inspect_item *item = &r->items[i];

		if (!item->file.path || !is_wanted(r, &item->file))
			continue;
		doc_heading(doc, item->file.rel);
		inspect_page(doc, item, r->o->symbols);
		shown++;
	}
	if (r->o->file && !shown)
		return err_set(err, ERR_INPUT, "no ELF file matches '%s'", r->o->file);
	return 0;
}

static void show_trail(struct doc *doc, const struct python *dist)
{
	for (size_t i = 0; i < dist->trail.n; i++)
		doc_fact(doc, i ? "" : "found", dist->trail.v[i]);
}

static void show_link(struct doc *doc, const struct python *dist)
{
	static const char *const words[] = {
		[PY_LINK_UNKNOWN] = "unknown: the interpreter neither carries nor needs libpython",
		[PY_LINK_STATIC] = "static: libpython is in the interpreter",
		[PY_LINK_SHARED] = "shared: the interpreter needs libpython",
		[PY_LINK_DUAL] = "dual: the interpreter is libpython",
	};
	CLEANUP_FREE char *loaded =
		dist->libpython_loaded
			? xasprintf("%s, by %s", dist->libpython_loaded, dist->libpython_loaded_why)
		: dist->libpython_loaded_why
			? xasprintf("not found: %s", dist->libpython_loaded_why)
			: xstrdup("none: the interpreter does not need one");

	doc_fact(doc, "link mode", words[dist->link]);
	doc_fact(doc, "libpython.so", dist->libpython_shared);
	doc_fact(doc, "libpython.a", dist->libpython_static);
	doc_fact(doc, "loader maps", loaded);
}

/* What a module that names libpython in DT_NEEDED, and has no paths of its own, would get; of an
 * interpreter that needs libpython, it is the one that is loaded already. */
static int find_for_modules(const struct run *r, char **found, char **why, struct err *err)
{
	const struct elf_facts none = {0};
	const struct py_chain chain[] = {*r->python, {"a module", &none}};
	const char *soname = r->library ? r->library->file.facts.soname : NULL;

	*found = *why = NULL;
	return soname && r->dist->link == PY_LINK_STATIC
		       ? py_loader_find(chain, 2, soname, found, why, err)
		       : 0;
}

static int show_modules(struct doc *doc, const struct run *r, struct err *err)
{
	CLEANUP_FREE char *found = NULL, *why = NULL, *text = NULL;

	if (find_for_modules(r, &found, &why, err) < 0)
		return -1;
	if (!why)
		return 0;
	text = found ? xasprintf("%s, by %s", found, why) : xasprintf("nothing: %s", why);
	doc_fact(doc, "for linked modules", text);
	return 0;
}

static int show_head(struct doc *doc, const struct run *r, struct err *err)
{
	const struct python *dist = r->dist;
	const struct inspect_item *both[] = {r->interpreter, r->library};
	static const char *const titles[] = {"interpreter", "libpython.so"};

	show_trail(doc, dist);
	if (dist->venv)
		doc_fact(doc, "environment", dist->venv);
	doc_fact(doc, "interpreter", dist->interpreter);
	doc_fact(doc, "prefix", dist->prefix);
	if (dist->system)
		doc_fact(doc, "", "shared with other software: only Python's own files are shown");
	doc_fact(doc, "version", dist->version);
	if (py_other_implementation(dist))
		doc_fact(doc, "implementation", py_other_implementation(dist));
	if (!dist->runs)
		doc_fact(doc, dist->no_run ? "not run" : "does not run",
			dist->no_run ? "as asked for; what follows is from files alone"
				     : dist->why_not);
	doc_fact(doc, "standard library", dist->stdlib);
	show_link(doc, dist);
	if (show_modules(doc, r, err) < 0)
		return -1;
	show_counts(doc, r);
	if (both[0] && both[1])
		inspect_code_table(doc, both, titles, 2);
	else if (both[0])
		inspect_code_table(doc, both, titles, 1);
	if (both[0])
		inspect_calls_picture(doc, both, titles, both[1] ? 2 : 1);
	return 0;
}

static void print_json_begin(const char *key, const json_t *value)
{
	CLEANUP_FREE char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);

	report_json_begin("solder-inspect", stdout);
	printf("\"%s\": ", key);
	print_indented(text, "  ");
	fputs(",\n  \"files\": [", stdout);
}

static void print_json_end(const struct run *r)
{
	fputs(r->n_elf + r->n_bad ? "\n  ]\n}\n" : "]\n}\n", stdout);
}

/* Reads everything, printing JSON on the way, and then the document. */
static int run_and_show(struct run *r, const char *key, json_t *head, struct err *err)
{
	CLEANUP_FREE char *title =
		xasprintf("solder inspect: %s", r->dist ? r->dist->given : json_string_value(head));
	CLEANUP_DOC struct doc *doc = doc_new(title);

	if (r->o->json)
		print_json_begin(key, head);
	if (read_all(r, err) < 0)
		return -1;
	if (r->o->json)
		print_json_end(r);
	if (r->n_elf + r->n_bad == 0)
		return err_set(err, ERR_INPUT, "'%s' holds neither a Python nor an ELF file",
			json_string_value(head));
	if (r->dist ? show_head(doc, r, err) < 0 : (show_counts(doc, r), 0))
		return -1;
	inspect_sizes_picture(doc, r->sizes, r->n_elf);
	show_files(doc, r);
	return show_pages(doc, r, err) < 0 ? -1 : inspect_show(doc, r->o, err);
}

int inspect_python(const char *what, const struct inspect_options *o, struct err *err)
{
	CLEANUP_PYTHON struct python dist = {0};
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};
	CLEANUP(run_release) struct run r = {.o = o, .dist = &dist};
	struct py_chain python;
	json_t *head;
	int failed;

	if ((o->no_run ? py_find_unrun : py_find)(what, &dist, err) < 0 ||
		elf_facts_read(dist.interpreter, &facts, err) < 0 ||
		py_files_list(&dist, &r.files, err) < 0)
		return -1;
	python = (struct py_chain){dist.interpreter, &facts};
	r.python = &python;
	head = py_json(&dist);
	failed = run_and_show(&r, "python", head, err);
	json_decref(head);
	return failed;
}

int inspect_folder(const char *dir, const struct inspect_options *o, struct err *err)
{
	CLEANUP(run_release) struct run r = {.o = o};
	CLEANUP_FREE char *full = path_absolute(dir);
	json_t *head;
	int failed;

	if (py_folder_list(full, &r.files, err) < 0)
		return -1;
	head = py_text_json(full);
	failed = run_and_show(&r, "folder", head, err);
	json_decref(head);
	return failed;
}
