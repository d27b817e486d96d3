/* Decides which file goes into which archive, and writes the archives in parallel. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/embed.h"
#include "base/file.h"
#include "elf/elf.h"
#include "proc/lock.h"
#include "proc/parallel.h"
#include "pack/pack-internal.h"

#define MAKEFILE_MAX ((size_t)16 << 20)

/* Links like link.sh, but with any compiler of the same kind and in any location. */
EMBED(pack_relink, "src/pack/relink.sh");
EMBED(pack_run_tests, "src/pack/run_tests.py");

enum { FULL, SMALL, STRIPPED, DEBUG, N_ARCHIVES };

/* An archive to be written. */
struct archive {
	char *name, *path;
	char *staged;              /* its path until all are ready */
	bool replaces;             /* an existing archive of different content … */
	char old[SHA256_HEX_SIZE]; /* … with this digest */
	struct tar_list list;
	struct tar_options options;
	struct tar_result result;
	struct err err;
	int failed;
	bool wanted;
};

struct writer {
	struct package *p;
	const struct pack_write *o;
	char *stage;    /* a scratch folder … */
	char *ready;    /* … and the part of it that is published as a unit */
	struct key key; /* set if signing */
	struct archive archives[N_ARCHIVES];
	int line;                   /* progress line */
	uint64_t bytes;             /* to be read … */
	atomic_uint_least64_t read; /* … and read so far, by all workers */
	atomic_bool stop;
};

static void writer_release(struct writer *w)
{
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < N_ARCHIVES; i++) {
		tar_list_release(&w->archives[i].list);
		free(w->archives[i].name);
		free(w->archives[i].path);
		free(w->archives[i].staged);
	}
	key_release(&w->key);
	if (w->stage)
		scratch_end(w->stage, &ignored);
	free(w->stage);
	free(w->ready);
}

/* ---- contents ------------------------------------------------------------------------------ */

/* An archive does not know where its files will lie: what programs are linked with instead of
 * libpython says no place in it. */
static int forget_place(struct tar_list *l, const char *as, struct err *err)
{
	CLEANUP_FREE char *start = xasprintf("%s/lib/libpython", as);

	for (size_t i = 0; i < l->n; i++) {
		CLEANUP_BUF struct buf file = BUF_INIT;
		struct stat st;

		if (l->v[i].kind != TAR_FILE || strncmp(l->v[i].name, start, strlen(start)) != 0 ||
			!ends_with(l->v[i].name, ".so"))
			continue;
		if (stat(l->v[i].path, &st) == 0 && (size_t)st.st_size > ELF_STUB_MAX)
			continue;
		if (file_read(l->v[i].path, ELF_STUB_MAX, &file, err) < 0)
			return -1;
		if (!elf_stub_name(&file))
			continue;
		if (elf_stub_rename(&file, NULL, err) < 0)
			return -1;
		tar_list_add_bytes(l, file.data, file.len, l->v[i].name);
		return 0;
	}
	return 0;
}

/* An interpreter that is libpython, too, is one file in archives, also of a tree that was copied by
 * who makes two of it. */
static int name_dual(const struct package *p, struct tar_list *l, const char *as, struct err *err)
{
	const char *program = py_below(p->dir, p->dist.interpreter);
	const char *library = py_below(p->dir, p->dist.libpython_shared);
	CLEANUP_FREE char *first = xasprintf("%s/%s", as, program ? program : "");
	CLEANUP_FREE char *other = xasprintf("%s/%s", as, library ? library : "");
	char of_program[SHA256_HEX_SIZE], of_library[SHA256_HEX_SIZE];

	if (p->dist.link != PY_LINK_DUAL || !program || !library || !strcmp(program, library))
		return 0;
	if (sha256_file(p->dist.interpreter, of_program, NULL, err) < 0 ||
		sha256_file(p->dist.libpython_shared, of_library, NULL, err) < 0)
		return -1;
	if (!strcmp(of_program, of_library))
		tar_list_add_name(l, first, other, true);
	return 0;
}

/* Adds the tree as `as`, without our own files: a bill there describes the archive that the tree
 * was unpacked from. Stray files (bytecode from a run, for instance) are the caller's concern. */
static int add_tree(const struct writer *w, struct tar_list *l, const char *as, struct err *err)
{
	static const char *const others[] = {KEY_FILE, FILES_FILE, SBOM_FILE, CYCLONEDX_FILE};

	if (tar_list_add_tree(l, w->p->dir, as, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		CLEANUP_FREE char *name = xasprintf("%s/%s", as, others[i]);

		tar_list_drop(l, name);
	}
	return name_dual(w->p, l, as, err) < 0 ? -1 : forget_place(l, as, err);
}

static void add_json(struct tar_list *l, const json_t *j, const char *as, const char *rel)
{
	CLEANUP_FREE char *text = json_dumps(j, JSON_INDENT(2));
	CLEANUP_FREE char *line = xasprintf("%s\n", text), *name = xasprintf("%s/%s", as, rel);

	tar_list_add_bytes(l, line, strlen(line), name);
}

/* Adds a bill of the list's current content. */
static int add_bill(const struct writer *w, struct tar_list *l, const char *as, struct err *err)
{
	json_t *spdx, *other;

	if (package_spdx(w->p, l, as, &spdx, err) < 0)
		return -1;
	add_json(l, spdx, as, SBOM_FILE);
	other = w->o->cyclonedx ? package_cyclonedx(spdx) : NULL;
	if (other)
		add_json(l, other, as, CYCLONEDX_FILE);
	json_decref(other);
	json_decref(spdx);
	return 0;
}

/* The tree without CPython's own tests and, if requested, without libpython3.13.a and the link to
 * it. */
static int fill_small(const struct writer *w, struct tar_list *l, struct err *err)
{
	CLEANUP_STRV struct strv drop = STRV_INIT;

	if (add_tree(w, l, "python", err) < 0)
		return -1;
	for (size_t i = 0; i < w->p->tests.n; i++) {
		CLEANUP_FREE char *folder = package_test_folder(w->p, w->p->tests.v[i]);

		strv_addf(&drop, "python/%s", folder);
	}
	for (size_t i = 0; w->o->without_archive_library && i < l->n; i++) {
		if (!strncmp(path_base(l->v[i].name), "libpython", 9) &&
			ends_with(l->v[i].name, ".a"))
			strv_add(&drop, l->v[i].name);
	}
	for (size_t i = 0; i < drop.n; i++)
		tar_list_drop(l, drop.v[i]);
	return 0;
}

/* python/build: what the interpreter was linked from, without files that are in install and the
 * program for embedding tests; and a script to link it again. The Makefile names the build folder
 * and the tools that it found. */
static int add_build(const struct pack_write *o, struct tar_list *l, struct err *err)
{
	CLEANUP_FREE char *makefile = xasprintf("%s/Makefile", o->build);
	CLEANUP_FREE char *source = xasprintf("%s/src", o->build_root);
	CLEANUP_STRV struct strv drop = STRV_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (tar_list_add_tree(l, o->build, "python/build", err) < 0 ||
		file_read(makefile, MAKEFILE_MAX, &text, err) < 0)
		return -1;
	strv_add(&drop, "python/build/Programs/_testembed");
	for (size_t i = 0; i < l->n; i++) {
		if (!strncmp(l->v[i].name, "python/build/libpython", 22))
			strv_add(&drop, l->v[i].name);
	}
	for (size_t i = 0; i < drop.n; i++)
		tar_list_drop(l, drop.v[i]);
	if (*o->build_root) {
		buf_replace(&text, source, ".");
		buf_replace(&text, o->build_root, "/build");
	}
	tar_list_add_bytes(l, text.data, text.len, "python/build/Makefile");
	tar_list_add_bytes(l, pack_relink, strlen(pack_relink), "python/build/relink.sh");
	tar_list_add_bytes(l, pack_run_tests, strlen(pack_run_tests), "python/build/run_tests.py");
	return 0;
}

static int fill_full(const struct writer *w, struct tar_list *l, struct err *err)
{
	CLEANUP_FREE char *licences = package_path(w->p, "share/licenses");
	CLEANUP_FREE char *json = NULL;

	if (add_tree(w, l, "python/install", err) < 0 ||
		add_bill(w, l, "python/install", err) < 0 ||
		tar_list_add_tree(l, licences, "python/licenses", err) < 0 ||
		add_build(w->o, l, err) < 0)
		return -1;
	json = python_json(w->p, l, err);
	if (!json)
		return -1;
	tar_list_add_bytes(l, json, strlen(json), "python/PYTHON.json");
	return 0;
}

static int fill_lists(struct writer *w, struct err *err)
{
	CLEANUP_TAR_LIST struct tar_list stripped = {0};
	struct archive *a = w->archives;
	int line = progress_start(w->o->progress, "strip", 0);

	if (fill_small(w, &a[SMALL].list, err) < 0 ||
		add_bill(w, &a[SMALL].list, "python", err) < 0 ||
		fill_small(w, &a[STRIPPED].list, err) < 0 ||
		(a[FULL].wanted && fill_full(w, &a[FULL].list, err) < 0) ||
		package_strip(w->p, &a[STRIPPED].list, w->o->scratch, w->o->jobs, &stripped,
			&a[DEBUG].list, err) < 0) {
		progress_end(w->o->progress, line, "failed");
		return -1;
	}
	progress_end(w->o->progress, line, "done");
	/* Of two files with the same name the later one wins. */
	for (size_t i = 0; i < stripped.n; i++)
		tar_list_add_file(&a[STRIPPED].list, stripped.v[i].path, stripped.v[i].name,
			stripped.v[i].executable);
	if (add_bill(w, &a[STRIPPED].list, "python", err) < 0)
		return -1;
	a[DEBUG].wanted = a[DEBUG].list.n > 0;
	if (w->o->gdb_script)
		package_add_gdb(w->p, w->o->gdb_script, w->o->gdb_script_len, &a[DEBUG].list);
	return 0;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Writes one compressor's archives, or all of them. */
static void write_archives(void *ctx, size_t group)
{
	static const size_t order[] = {FULL, DEBUG, SMALL, STRIPPED};
	struct writer *w = ctx;
	size_t first = 2 * group, end = w->o->jobs > 1 ? first + 2 : N_ARCHIVES;

	for (size_t i = first; i < end; i++) {
		struct archive *a = &w->archives[order[i]];

		if (!a->wanted || atomic_load(&w->stop))
			continue;
		a->failed = tar_write(a->staged, &a->list, &a->options, &a->result, &a->err);
		if (a->failed < 0)
			atomic_store(&w->stop, true);
	}
}

static void show_read(void *ctx, size_t taken)
{
	struct writer *w = ctx;

	(void)taken;
	progress_update(w->o->progress, w->line, atomic_load(&w->read), w->bytes);
}

/* gzip uses one thread, so zstd runs in parallel with it. Two zstd archives at once would take
 * twice the memory. */
static int write_all_archives(struct writer *w, struct err *err)
{
	const struct parallel_work work = {.make = write_archives, .wait = show_read, .ctx = w};
	uint64_t bytes;
	int failed;

	for (size_t i = 0; i < N_ARCHIVES; i++) {
		struct archive *a = &w->archives[i];

		if (!a->wanted)
			continue;
		a->options.read = &w->read;
		if (tar_list_bytes(&a->list, a->options.first, &bytes, err) < 0)
			return err_wrap(err, "packing '%s'", a->staged);
		w->bytes += bytes;
	}
	w->line = progress_start(w->o->progress, "pack", 0);
	failed = parallel(&work, w->o->jobs > 1 ? 2 : 1, err);
	for (size_t i = 0; failed == 0 && i < N_ARCHIVES; i++) {
		failed = w->archives[i].failed;
		if (failed < 0)
			*err = w->archives[i].err;
	}
	progress_end(w->o->progress, w->line, failed < 0 ? "failed" : "done");
	return failed;
}

/* ---- publishing ---------------------------------------------------------------------------- */

static bool is_ours(const struct writer *w, const char *name)
{
	for (size_t i = 0; i < N_ARCHIVES; i++) {
		if (!strcmp(w->archives[i].name, name))
			return true;
	}
	return false;
}

/* Finishes what a killed run left, and reads the existing list. The new signature would vouch for
 * the entries kept, so the list must already be signed. Without a key it must not be signed, since
 * it is about to change. */
static int enter_folder(
	const struct writer *w, struct sums *sums, struct file_lock **lock, struct err *err)
{
	CLEANUP_FREE char *signature = xasprintf("%s/" SIGNATURE_FILE, w->o->out);
	CLEANUP_SUMS struct sums checked = {0};

	/* Unlocked where folders cannot be locked (NFS). */
	if (folder_lock(w->o->out, w->o->progress, lock, err) < 0 ||
		publish_complete(w->o->out, w->o->progress, err) < 0 ||
		sums_read(w->o->out, sums, err) < 0)
		return -1;
	if (!w->o->sign && path_exists(signature)) {
		err_set(err, ERR_INPUT, "'%s' would no longer be right", signature);
		return err_hint(err, "sign with --sign KEY, name another folder, or remove it");
	}
	for (size_t i = 0; w->o->sign && i < sums->n; i++) {
		if (is_ours(w, sums->v[i].name))
			continue;
		if (sums_read_signed(w->o->out, &w->key, &checked, err) == 0)
			return 0;
		err_wrap(err, "cannot sign for '%s', which " SUMS_FILE " names", sums->v[i].name);
		return err_hint(err,
			"name another folder, or sign the list yourself, when you know that it is right");
	}
	return 0;
}

/* Checks up front for anything that would make us fail after all the work. */
static int prepare(struct writer *w, struct err *err)
{
	const struct package *p = w->p;
	CLEANUP_SUMS struct sums sums = {0};
	CLEANUP_FILE_LOCK struct file_lock *lock = NULL;

	if (w->o->sign && key_read_secret(w->o->sign, w->o->password, &w->key, err) < 0)
		return -1;
	w->archives[FULL].name = xasprintf("%s-%s-full.tar.zst", p->name, p->opts);
	w->archives[SMALL].name = xasprintf("%s-%sinstall_only.tar.gz", p->name, p->flavour);
	w->archives[STRIPPED].name =
		xasprintf("%s-%sinstall_only_stripped.tar.gz", p->name, p->flavour);
	w->archives[DEBUG].name = xasprintf("%s-%sdebug.tar.zst", p->name, p->flavour);
	if (enter_folder(w, &sums, &lock, err) < 0)
		return -1;
	w->stage = scratch_make(w->o->out, SCRATCH, err);
	if (!w->stage)
		return -1;
	w->ready = xasprintf("%s/ready", w->stage);
	if (mkdir(w->ready, 0700) < 0)
		return err_sys(err, "cannot create the folder '%s'", w->ready);
	for (size_t i = 0; i < N_ARCHIVES; i++) {
		struct archive *a = &w->archives[i];

		a->path = xasprintf("%s/%s", w->o->out, a->name);
		a->staged = xasprintf("%s/%s", w->ready, a->name);
		a->wanted = i == SMALL || i == STRIPPED || (i == FULL && w->o->build);
		a->options = (struct tar_options){.level = w->o->level,
			.threads = w->o->jobs,
			.mtime = p->epoch,
			.first = i == FULL ? "python/PYTHON.json" : NULL};
	}
	return 0;
}

static int stage(const struct writer *w, const char *name, const struct buf *text, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", w->ready, name);

	return file_write(path, text->data, text->len, 0644, err);
}

/* Stages the list without replaced archives, the complete one and its signature; and
 * downloads.json, if it mentions replaced archives. */
static int stage_lists(const struct writer *w, struct sums *sums, struct err *err)
{
	CLEANUP_BUF struct buf first = BUF_INIT, text = BUF_INIT, signature = BUF_INIT;
	CLEANUP_FREE char *index = xasprintf("%s/" INDEX_FILE, w->ready);
	struct renewal renewals[N_ARCHIVES];
	size_t n = 0;

	for (size_t i = 0; i < N_ARCHIVES; i++) {
		const struct archive *a = &w->archives[i];

		if (a->wanted)
			sums_set(sums, a->name, a->replaces ? NULL : a->result.hex);
		if (a->replaces)
			renewals[n++] = (struct renewal){a->name, a->old, a->result.hex};
	}
	sums_text(sums, &first);
	for (size_t i = 0; i < n; i++)
		sums_set(sums, renewals[i].name, renewals[i].hex);
	sums_text(sums, &text);
	if (stage(w, FIRST_SUMS_FILE, &first, err) < 0 || stage(w, SUMS_FILE, &text, err) < 0)
		return -1;
	if (w->o->sign &&
		(sign_text(&w->key, text.data, text.len, "file:" SUMS_FILE, &signature, err) < 0 ||
			stage(w, SIGNATURE_FILE, &signature, err) < 0))
		return -1;
	return n ? index_renew(w->o->out, renewals, n, index, err) : 0;
}

/* All archives are ready: gives them their names, together with the lists that name them. Their
 * destinations are checked before anything is moved. Equal names do not imply the same build:
 * neither for replaced archives nor for those that stay. */
static int publish(struct writer *w, struct err *err)
{
	CLEANUP_SUMS struct sums sums = {0};
	CLEANUP_FILE_LOCK struct file_lock *lock = NULL;
	size_t replaced = 0;

	if (enter_folder(w, &sums, &lock, err) < 0)
		return -1;
	for (size_t i = 0; i < N_ARCHIVES; i++) {
		struct archive *a = &w->archives[i];

		if (!a->wanted || !path_exists(a->path))
			continue;
		if (path_is_dir(a->path))
			return err_set(err, ERR_ENVIRONMENT, "cannot write '%s': a folder is there",
				a->path);
		if (sha256_file(a->path, a->old, NULL, err) < 0)
			return -1;
		a->replaces = strcmp(a->old, a->result.hex) != 0;
		replaced += a->replaces;
	}
	if (replaced)
		progress_warn(w->o->progress,
			"%zu of the archives replace others of the same name in '%s': builds with other options have the same names",
			replaced, w->o->out);
	for (size_t i = 0; i < N_ARCHIVES; i++) {
		if (!w->archives[i].wanted && path_exists(w->archives[i].path))
			progress_warn(w->o->progress,
				"'%s' is left from another build: this one has no such archive",
				w->archives[i].path);
	}
	if (stage_lists(w, &sums, err) < 0)
		return -1;
	return publish_commit(w->ready, w->o->out, err);
}

static json_t *describe(const struct writer *w)
{
	json_t *archives = json_array(), *left_out = json_array();
	CLEANUP_FREE char *key = w->o->sign ? key_public_text(&w->key) : NULL;

	for (size_t i = 0; i < N_ARCHIVES; i++) {
		const struct archive *a = &w->archives[i];

		if (a->wanted)
			json_array_append_new(archives,
				json_pack("{s:o, s:o, s:I, s:I, s:I, s:s, s:o*}", "name",
					json_text(a->name), "path", json_text(a->path), "size",
					(json_int_t)a->result.size, "bytes",
					(json_int_t)a->result.bytes, "entries",
					(json_int_t)a->result.entries, "sha256", a->result.hex,
					"replaces_other", a->replaces ? json_true() : NULL));
		else
			json_array_append_new(left_out,
				json_pack("{s:o, s:s}", "name", json_text(a->name), "why",
					i == FULL ? "the objects of the compile are not here"
						  : "no file has debug information"));
	}
	if (!w->o->gdb_script && w->archives[DEBUG].wanted)
		json_array_append_new(
			left_out, json_pack("{s:s, s:s}", "name", "libpython.py of gdb", "why",
					  "CPython's source is not here"));
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:s*}", "python",
		package_text(w->p->says, "python_version"), "triple", w->p->triple, "date",
		w->p->date, "options", w->p->opts, "archives", archives, "left_out", left_out,
		"public_key", key);
}

struct doc *pack_page(const json_t *result)
{
	static const struct doc_column columns[] = {{"archive", 0}, {"size", DOC_RIGHT},
		{"unpacked", DOC_RIGHT}, {"entries", DOC_RIGHT}};
	struct doc *doc = doc_new("solder pack");
	const json_t *key = json_object_get(result, "public_key"), *a;
	size_t i;

	doc_table(doc, NULL, columns, ARRAY_SIZE(columns));
	json_array_foreach (json_object_get(result, "archives"), i, a) {
		char size[32], bytes[32], entries[32];
		const char *const cells[] = {package_text(a, "name"), size, bytes, entries};

		format_bytes(size, (uint64_t)json_integer_value(json_object_get(a, "size")));
		format_bytes(bytes, (uint64_t)json_integer_value(json_object_get(a, "bytes")));
		snprintf(entries, sizeof(entries), "%lld",
			(long long)json_integer_value(json_object_get(a, "entries")));
		doc_row(doc, cells);
	}
	json_array_foreach (json_object_get(result, "left_out"), i, a)
		doc_text(doc, "not written: %s (%s)", package_text(a, "name"),
			package_text(a, "why"));
	if (key)
		doc_text(doc,
			"signed: minisign -V -m SHA256SUMS -x SHA256SUMS.sig -P %s verifies it",
			json_string_value(key));
	return doc;
}

/* True if the folder, which need not exist yet, is the tree or inside it. */
static bool is_in_tree(const struct package *p, const char *folder)
{
	CLEANUP_FREE char *at = path_absolute(folder), *real = NULL;
	size_t n = strlen(p->dir);

	while (!(real = realpath(at, NULL)) && strcmp(at, "/") != 0) {
		char *above = path_dir(at);

		free(at);
		at = above;
	}
	return real && !strncmp(real, p->dir, n) && (!real[n] || real[n] == '/');
}

int pack_write(
	struct package *p, const struct pack_write *options, json_t **result, struct err *err)
{
	CLEANUP_FREE char *made = NULL;

	if (is_in_tree(p, options->out)) {
		err_set(err, ERR_USAGE, "cannot pack into '%s': it is in the distribution '%s'",
			options->out, p->dir);
		return err_hint(err, "name another folder with -o DIR");
	}
	made = dirs_missing(options->out);
	if (make_dirs(options->out, err) == 0) {
		CLEANUP(writer_release) struct writer w = {.p = p, .o = options};

		if (prepare(&w, err) == 0 && fill_lists(&w, err) == 0 &&
			write_all_archives(&w, err) == 0 && publish(&w, err) == 0) {
			*result = describe(&w);
			return 0;
		}
	}
	dirs_remove(options->out, made);
	return -1;
}
