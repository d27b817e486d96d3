/* Which file goes into which archive, and the writing of them side by side. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "proc/lock.h"
#include "pack/pack-internal.h"
#include "pack/publish-internal.h"
#include "pack/sign-internal.h"
#include "pack/sums-internal.h"

#define LOOK_NS 200000000 /* how often progress is shown */

enum { FULL, SMALL, STRIPPED, DEBUG, N_ARCHIVES };

/* One archive to be written. */
struct job {
	char *name, *path;
	char *staged;              /* where it stays until all are ready */
	bool replaces;             /* an archive of other content … */
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
	char *ready;    /* … and that in it which is published as a whole */
	struct key key; /* if it is to be signed */
	struct job jobs[N_ARCHIVES];
	atomic_bool stop;
	atomic_uint_least64_t read; /* by all who pack */
};

static void writer_release(struct writer *w)
{
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < N_ARCHIVES; i++) {
		tar_list_release(&w->jobs[i].list);
		free(w->jobs[i].name);
		free(w->jobs[i].path);
		free(w->jobs[i].staged);
	}
	key_release(&w->key);
	if (w->stage)
		scratch_end(w->stage, &ignored);
	free(w->stage);
	free(w->ready);
}

static void add_json(struct tar_list *l, const json_t *j, const char *as)
{
	CLEANUP_FREE char *text = json_dumps(j, JSON_INDENT(2));
	CLEANUP_FREE char *line = xasprintf("%s\n", text);

	tar_list_add_bytes(l, line, strlen(line), as);
}

/* The tree as `as`. What others left there that belongs to no distribution (bytecode of a run, say)
 * is the caller's matter; bills are of the archive that the tree was unpacked from. */
static int add_tree(const struct writer *w, struct tar_list *l, const char *as, struct err *err)
{
	static const char *const others[] = {KEY_FILE, FILES_FILE, SBOM_FILE, CYCLONEDX_FILE};

	if (tar_list_add_tree(l, w->p->dir, as, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		CLEANUP_FREE char *name = xasprintf("%s/%s", as, others[i]);

		tar_list_drop(l, name);
	}
	return 0;
}

/* The bill of what is in the list by now. */
static int add_bill(const struct writer *w, struct tar_list *l, const char *as, struct err *err)
{
	CLEANUP_FREE char *name = xasprintf("%s/" SBOM_FILE, as);
	CLEANUP_FREE char *other_name = xasprintf("%s/" CYCLONEDX_FILE, as);
	json_t *spdx;

	if (package_spdx(w->p, l, as, &spdx, err) < 0)
		return -1;
	add_json(l, spdx, name);
	if (w->o->cyclonedx) {
		json_t *other = package_cyclonedx(spdx);

		add_json(l, other, other_name);
		json_decref(other);
	}
	json_decref(spdx);
	return 0;
}

static void drop_tests(const struct package *p, struct tar_list *l)
{
	for (size_t i = 0; i < p->tests.n; i++) {
		CLEANUP_FREE char *folder = package_test_folder(p, p->tests.v[i]);
		CLEANUP_FREE char *name = xasprintf("python/%s", folder);

		tar_list_drop(l, name);
	}
}

/* libpython3.13.a and the link to it. */
static void drop_archive_library(struct tar_list *l)
{
	CLEANUP_STRV struct strv names = STRV_INIT;

	for (size_t i = 0; i < l->n; i++) {
		const char *base = path_base(l->v[i].name), *dot = strrchr(base, '.');

		if (!strncmp(base, "libpython", 9) && dot && !strcmp(dot, ".a"))
			strv_add(&names, l->v[i].name);
	}
	for (size_t i = 0; i < names.n; i++)
		tar_list_drop(l, names.v[i]);
}

static int fill_small(const struct writer *w, struct tar_list *l, struct err *err)
{
	if (add_tree(w, l, "python", err) < 0)
		return -1;
	drop_tests(w->p, l);
	if (w->o->without_archive_library)
		drop_archive_library(l);
	return 0;
}

static int fill_full(const struct writer *w, struct tar_list *l, struct err *err)
{
	CLEANUP_FREE char *licences = package_path(w->p, "share/licenses");
	CLEANUP_FREE char *json = NULL;

	if (add_tree(w, l, "python/install", err) < 0 ||
		add_bill(w, l, "python/install", err) < 0 ||
		tar_list_add_tree(l, licences, "python/licenses", err) < 0 ||
		package_add_build(w->o, l, err) < 0)
		return -1;
	json = python_json(w->p, l, err);
	if (!json)
		return -1;
	tar_list_add_bytes(l, json, strlen(json), "python/PYTHON.json");
	return 0;
}

/* Appends one list to the other, which then counts for names that both have. */
static void take_over(struct tar_list *to, const struct tar_list *from)
{
	for (size_t i = 0; i < from->n; i++)
		tar_list_add_file(to, from->v[i].path, from->v[i].name, from->v[i].executable);
}

static int fill_lists(struct writer *w, struct err *err)
{
	CLEANUP_TAR_LIST struct tar_list stripped = {0};
	struct job *jobs = w->jobs;
	int line = progress_start(w->o->progress, "strip", 0);

	if (fill_small(w, &jobs[SMALL].list, err) < 0 ||
		add_bill(w, &jobs[SMALL].list, "python", err) < 0 ||
		fill_small(w, &jobs[STRIPPED].list, err) < 0 ||
		(jobs[FULL].wanted && fill_full(w, &jobs[FULL].list, err) < 0) ||
		package_strip(w->p, &jobs[STRIPPED].list, w->o->scratch, w->o->jobs, &stripped,
			&jobs[DEBUG].list, err) < 0) {
		progress_end(w->o->progress, line, "failed");
		return -1;
	}
	progress_end(w->o->progress, line, "done");
	take_over(&jobs[STRIPPED].list, &stripped);
	if (add_bill(w, &jobs[STRIPPED].list, "python", err) < 0)
		return -1;
	jobs[DEBUG].wanted = jobs[DEBUG].list.n > 0;
	if (w->o->gdb_script)
		package_add_gdb(w->p, w->o->gdb_script, w->o->gdb_script_len, &jobs[DEBUG].list);
	return 0;
}

/* Writes the archives of one compressor. */
static void write_those(struct writer *w, const size_t which[2])
{
	for (size_t i = 0; i < 2; i++) {
		struct job *j = &w->jobs[which[i]];

		if (!j->wanted || atomic_load(&w->stop))
			continue;
		j->failed = tar_write(j->staged, &j->list, &j->options, &j->result, &j->err);
		if (j->failed < 0)
			atomic_store(&w->stop, true);
	}
}

static void *write_gzip(void *ctx)
{
	static const size_t which[] = {SMALL, STRIPPED};

	write_those(ctx, which);
	return NULL;
}

static void *write_zstd(void *ctx)
{
	static const size_t which[] = {FULL, DEBUG};

	write_those(ctx, which);
	return NULL;
}

static void *write_one_by_one(void *ctx)
{
	write_zstd(ctx);
	return write_gzip(ctx);
}

/* Runs it in a thread, or here when there can be none. */
static bool start(pthread_t *thread, void *(*run)(void *), struct writer *w)
{
	if (pthread_create(thread, NULL, run, w) == 0)
		return true;
	run(w);
	return false;
}

/* Shows how much has been read until the thread ends. */
static void wait_for(pthread_t thread, struct writer *w, int line, uint64_t total)
{
	struct timespec until;

	do {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += LOOK_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		progress_update(w->o->progress, line, atomic_load(&w->read), total);
	} while (pthread_timedjoin_np(thread, NULL, &until) == ETIMEDOUT);
}

static int count_bytes(struct writer *w, uint64_t *total, struct err *err)
{
	uint64_t bytes;

	*total = 0;
	for (size_t i = 0; i < N_ARCHIVES; i++) {
		struct job *j = &w->jobs[i];

		if (!j->wanted)
			continue;
		j->options.read = &w->read;
		if (tar_list_bytes(&j->list, j->options.first, &bytes, err) < 0)
			return err_wrap(err, "packing '%s'", j->staged);
		*total += bytes;
	}
	return 0;
}

/* gzip has one thread, so zstd works beside it. Two of zstd would take twice the memory. */
static int write_archives(struct writer *w, struct err *err)
{
	pthread_t first, second;
	bool one, two;
	uint64_t total;
	int line;

	if (count_bytes(w, &total, err) < 0)
		return -1;
	line = progress_start(w->o->progress, "pack", 0);
	two = w->o->jobs > 1 && start(&second, write_gzip, w);
	one = start(&first, w->o->jobs > 1 ? write_zstd : write_one_by_one, w);
	if (one)
		wait_for(first, w, line, total);
	if (two)
		wait_for(second, w, line, total);
	progress_end(w->o->progress, line, atomic_load(&w->stop) ? "failed" : "done");
	for (size_t i = 0; i < N_ARCHIVES; i++) {
		if (w->jobs[i].failed < 0) {
			*err = w->jobs[i].err;
			return -1;
		}
	}
	return 0;
}

static bool is_ours(const struct writer *w, const char *name)
{
	for (size_t i = 0; i < N_ARCHIVES; i++) {
		if (!strcmp(w->jobs[i].name, name))
			return true;
	}
	return false;
}

/* The list that is there. What is kept of it would be vouched for by the new signature, so it must
 * be signed already; and without a key it must not be, since it is going to change. */
static int read_sums(const struct writer *w, struct sums *sums, struct err *err)
{
	CLEANUP_FREE char *signature = xasprintf("%s/" SIGNATURE_FILE, w->o->out);
	CLEANUP_SUMS struct sums checked = {0};

	if (sums_read(w->o->out, sums, err) < 0)
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
		return err_hint(err, "name another folder, or sign the list yourself, when you "
				     "know that it is right");
	}
	return 0;
}

/* What a run that was killed left to do, and whether what is there lets us do our own. */
static int enter_folder(
	const struct writer *w, struct sums *sums, struct file_lock **lock, struct err *err)
{
	/* Where folders cannot be locked (NFS), without. */
	if (folder_lock(w->o->out, w->o->progress, lock, err) < 0 ||
		publish_complete(w->o->out, w->o->progress, err) < 0)
		return -1;
	return read_sums(w, sums, err);
}

static void plan_jobs(struct writer *w)
{
	const struct package *p = w->p;

	w->jobs[FULL].name = xasprintf("%s-%s-full.tar.zst", p->name, p->opts);
	w->jobs[SMALL].name = xasprintf("%s-%sinstall_only.tar.gz", p->name, p->flavour);
	w->jobs[STRIPPED].name =
		xasprintf("%s-%sinstall_only_stripped.tar.gz", p->name, p->flavour);
	w->jobs[DEBUG].name = xasprintf("%s-%sdebug.tar.zst", p->name, p->flavour);
	for (size_t i = 0; i < N_ARCHIVES; i++) {
		struct job *j = &w->jobs[i];

		j->path = xasprintf("%s/%s", w->o->out, j->name);
		j->wanted = i == SMALL || i == STRIPPED || (i == FULL && w->o->build);
		j->options = (struct tar_options){.level = w->o->level,
			.threads = w->o->jobs,
			.mtime = p->epoch,
			.first = i == FULL ? "python/PYTHON.json" : NULL};
	}
}

/* What would stop us after all the work is looked at before. */
static int prepare(struct writer *w, struct err *err)
{
	CLEANUP_SUMS struct sums sums = {0};
	CLEANUP_FILE_LOCK struct file_lock *lock = NULL;

	if (w->o->sign && key_read_secret(w->o->sign, w->o->password, &w->key, err) < 0)
		return -1;
	plan_jobs(w);
	if (enter_folder(w, &sums, &lock, err) < 0)
		return -1;
	w->stage = scratch_make(w->o->out, SCRATCH, err);
	if (!w->stage)
		return -1;
	w->ready = xasprintf("%s/ready", w->stage);
	if (mkdir(w->ready, 0700) < 0)
		return err_sys(err, "cannot create the folder '%s'", w->ready);
	for (size_t i = 0; i < N_ARCHIVES; i++)
		w->jobs[i].staged = xasprintf("%s/%s", w->ready, w->jobs[i].name);
	return 0;
}

static json_t *describe(const struct writer *w)
{
	json_t *j = json_object(), *archives = json_array(), *left_out = json_array();

	json_object_set_new(j, "python", json_string(package_text(w->p->says, "python_version")));
	json_object_set_new(j, "triple", json_string(w->p->triple));
	json_object_set_new(j, "date", json_string(w->p->date));
	json_object_set_new(j, "options", json_string(w->p->opts));
	for (size_t i = 0; i < N_ARCHIVES; i++) {
		const struct job *job = &w->jobs[i];
		json_t *a = json_object();

		json_object_set_new(a, "name", json_text(job->name));
		if (!job->wanted) {
			json_object_set_new(a, "why",
				json_string(i == FULL ? "the objects of the compile are not here"
						      : "no file has debug information"));
			json_array_append_new(left_out, a);
			continue;
		}
		json_object_set_new(a, "path", json_text(job->path));
		json_object_set_new(a, "size", json_integer((json_int_t)job->result.size));
		json_object_set_new(a, "bytes", json_integer((json_int_t)job->result.bytes));
		json_object_set_new(a, "entries", json_integer((json_int_t)job->result.entries));
		json_object_set_new(a, "sha256", json_string(job->result.hex));
		if (job->replaces)
			json_object_set_new(a, "replaces_other", json_true());
		json_array_append_new(archives, a);
	}
	if (!w->o->gdb_script && w->jobs[DEBUG].wanted) {
		json_t *a = json_object();

		json_object_set_new(a, "name", json_string("libpython.py of gdb"));
		json_object_set_new(a, "why", json_string("CPython's source is not here"));
		json_array_append_new(left_out, a);
	}
	json_object_set_new(j, "archives", archives);
	json_object_set_new(j, "left_out", left_out);
	if (w->o->sign) {
		CLEANUP_FREE char *key = key_public_text(&w->key);

		json_object_set_new(j, "public_key", json_string(key));
	}
	return j;
}

/* What stands at an archive's place is looked at before anything is moved. */
static int look_at_place(struct job *j, struct err *err)
{
	if (!path_exists(j->path))
		return 0;
	if (path_is_dir(j->path))
		return err_set(
			err, ERR_ENVIRONMENT, "cannot write '%s': a folder is there", j->path);
	if (sha256_file(j->path, j->old, NULL, err) < 0)
		return -1;
	j->replaces = strcmp(j->old, j->result.hex) != 0;
	return 0;
}

/* Names say little: what is replaced may be of another build, and so may what stays. */
static void warn_of_others(const struct writer *w, size_t replaced)
{
	if (replaced)
		progress_warn(w->o->progress,
			"%zu of the archives replace others of the same name in '%s': builds "
			"with other options have the same names",
			replaced, w->o->out);
	for (size_t i = 0; i < N_ARCHIVES; i++) {
		if (!w->jobs[i].wanted && path_exists(w->jobs[i].path))
			progress_warn(w->o->progress,
				"'%s' is left from another build: this one has no such archive",
				w->jobs[i].path);
	}
}

static int stage(const struct writer *w, const char *name, const struct buf *text, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", w->ready, name);

	return file_write(path, text->data, text->len, 0644, err);
}

/* The list without what is replaced, the whole one, and its signature. */
static int stage_lists(const struct writer *w, struct sums *sums, struct err *err)
{
	CLEANUP_BUF struct buf first = BUF_INIT, text = BUF_INIT, signature = BUF_INIT;

	for (size_t i = 0; i < N_ARCHIVES; i++) {
		const struct job *j = &w->jobs[i];

		if (j->wanted)
			sums_set(sums, j->name, j->replaces ? NULL : j->result.hex);
	}
	sums_text(sums, &first);
	for (size_t i = 0; i < N_ARCHIVES; i++) {
		const struct job *j = &w->jobs[i];

		if (j->replaces)
			sums_set(sums, j->name, j->result.hex);
	}
	sums_text(sums, &text);
	if (stage(w, FIRST_SUMS_FILE, &first, err) < 0 || stage(w, SUMS_FILE, &text, err) < 0)
		return -1;
	if (!w->o->sign)
		return 0;
	if (sign_text(&w->key, text.data, text.len, "file:" SUMS_FILE, &signature, err) < 0)
		return -1;
	return stage(w, SIGNATURE_FILE, &signature, err);
}

/* downloads.json, as far as it tells of what is replaced. */
static int stage_index(struct writer *w, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/" INDEX_FILE, w->ready);
	struct renewal renewals[N_ARCHIVES];
	size_t n = 0;

	for (size_t i = 0; i < N_ARCHIVES; i++) {
		const struct job *j = &w->jobs[i];

		if (j->replaces)
			renewals[n++] = (struct renewal){j->name, j->old, j->result.hex};
	}
	return n ? index_renew(w->o->out, renewals, n, path, err) : 0;
}

/* All archives are ready: they get their names, with the lists that tell of them. */
static int publish(struct writer *w, struct err *err)
{
	CLEANUP_SUMS struct sums sums = {0};
	CLEANUP_FILE_LOCK struct file_lock *lock = NULL;
	size_t replaced = 0;

	if (enter_folder(w, &sums, &lock, err) < 0)
		return -1;
	for (size_t i = 0; i < N_ARCHIVES; i++) {
		struct job *j = &w->jobs[i];

		if (j->wanted && look_at_place(j, err) < 0)
			return -1;
		replaced += j->replaces;
	}
	warn_of_others(w, replaced);
	if (stage_lists(w, &sums, err) < 0 || stage_index(w, err) < 0)
		return -1;
	return publish_commit(w->ready, w->o->out, err);
}

/* Is the folder, which need not be there yet, the tree or in it? */
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

static int write_all(
	struct package *p, const struct pack_write *options, json_t **result, struct err *err)
{
	CLEANUP(writer_release)
	struct writer w = {.p = p, .o = options};

	if (prepare(&w, err) < 0 || fill_lists(&w, err) < 0 || write_archives(&w, err) < 0 ||
		publish(&w, err) < 0)
		return -1;
	*result = describe(&w);
	return 0;
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
	if (make_dirs(options->out, err) == 0 && write_all(p, options, result, err) == 0)
		return 0;
	dirs_remove(options->out, made);
	return -1;
}
