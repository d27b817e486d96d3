/* Removes debug information from a tree's files with the system's objcopy; with LLVM's from what
 * BOLT rewrote, since GNU's moves its segments: the program that it leaves crashes at start. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "pack/pack-internal.h"
#include "proc/proc.h"

#define LLVM_NEWEST 40
#define LLVM_OLDEST 14

/* One run of objcopy. */
struct task {
	struct strv argv;
	char *made; /* the file that must exist afterwards */
	int said;   /* objcopy's output, in memory, since the disk may be full */
};

struct strip {
	const struct package *p;
	const char *scratch;
	char *objcopy, *llvm; /* LLVM's is looked up when it is needed */
	struct tar_list *stripped, *debug;
	struct task *tasks;
	size_t n_tasks, n_started;
};

static void strip_release(struct strip *s)
{
	for (size_t i = 0; i < s->n_tasks; i++) {
		strv_release(&s->tasks[i].argv);
		free(s->tasks[i].made);
		if (s->tasks[i].said >= 0)
			close(s->tasks[i].said);
	}
	free(s->tasks);
	free(s->objcopy);
	free(s->llvm);
}

/* objcopy [-D] OPTION FROM TO; the output is named after the task's number. */
static const char *add_task(
	struct strip *s, const char *objcopy, const char *option, const char *from)
{
	struct task *t = ARRAY_ADD(s->tasks, s->n_tasks);

	*t = (struct task){.made = xasprintf("%s/%zu", s->scratch, s->n_tasks - 1), .said = -1};
	strv_add(&t->argv, objcopy);
	strv_add(&t->argv, "-D");
	strv_add(&t->argv, option);
	strv_add(&t->argv, from);
	strv_add(&t->argv, t->made);
	return t->made;
}

static void strip_file(
	struct strip *s, const char *objcopy, const char *path, const char *name, bool executable)
{
	tar_list_add_file(
		s->stripped, add_task(s, objcopy, "--strip-debug", path), name, executable);
}

static int find_llvm(struct strip *s, const struct py_file *f, struct err *err)
{
	for (unsigned int n = LLVM_NEWEST; n >= LLVM_OLDEST && !s->llvm; n--) {
		CLEANUP_FREE char *name = xasprintf("llvm-objcopy-%u", n);

		s->llvm = find_program(name);
	}
	if (!s->llvm)
		s->llvm = find_program("llvm-objcopy");
	if (s->llvm)
		return 0;
	err_set(err, ERR_ENVIRONMENT,
		"'%s' was laid out by BOLT, and only llvm-objcopy can strip it, which is not installed",
		f->rel);
	return err_hint(err, "install the package llvm");
}

/* Path where debuggers look for a file's debug information; NULL without a build-id. */
static char *companion_of(const struct py_file *f)
{
	const char *id = f->facts.build_id;

	if (!id || strlen(id) < 4)
		return NULL;
	return xasprintf("python/lib/debug/.build-id/%.2s/%s.debug", id, id + 2);
}

/* Without a build-id debuggers cannot find the debug information, so it is dropped along with the
 * sections. */
static int split_file(struct strip *s, const struct py_file *f, const char *name, struct err *err)
{
	CLEANUP_FREE char *companion = companion_of(f);
	const char *objcopy = s->objcopy;
	struct stat st;

	if (!f->facts.debug_info)
		return 0;
	if (f->facts.bolt.applied) {
		if (find_llvm(s, f, err) < 0)
			return -1;
		objcopy = s->llvm;
	}
	strip_file(s, objcopy, f->path, name, stat(f->path, &st) == 0 && st.st_mode & 0100);
	if (companion && !tar_list_find(s->debug, companion))
		tar_list_add_file(s->debug, add_task(s, objcopy, "--only-keep-debug", f->path),
			companion, false);
	return 0;
}

/* 1 if the content, not just the name, is an archive or object for linkers; 0 if not, or -1. */
static int is_linkable(const struct tar_entry *e, struct err *err)
{
	CLEANUP_CLOSE int fd = -1;
	char magic[8];
	ssize_t n;

	if (e->kind != TAR_FILE || !e->path ||
		(!ends_with(e->name, ".a") && !ends_with(e->name, ".o")))
		return 0;
	fd = tar_entry_open(e, err);
	if (fd < 0)
		return -1;
	n = file_pread(fd, magic, sizeof(magic), 0);
	if (n < 0)
		return err_sys(err, "cannot read '%s'", e->path);
	if (n < (ssize_t)sizeof(magic))
		return 0;
	return !memcmp(magic, "!<arch>\n", 8) || elf_is(magic, sizeof(magic));
}

/* Handles those of the tree's files that are in the archive. */
static int plan(struct strip *s, const struct tar_list *tree, struct err *err)
{
	for (size_t i = 0; i < s->p->files.n; i++) {
		const struct py_file *f = &s->p->files.v[i];
		CLEANUP_FREE char *name = xasprintf("python/%s", f->rel);
		const struct tar_entry *e = tar_list_find(tree, name);

		if (!f->problem && e && e->kind == TAR_FILE && split_file(s, f, name, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < tree->n; i++) {
		const struct tar_entry *e = &tree->v[i];
		int linkable = is_linkable(e, err);

		if (linkable < 0)
			return -1;
		if (linkable)
			strip_file(s, s->objcopy, e->path, e->name, e->executable);
	}
	return 0;
}

/* gdb loads "FILE-gdb.py" with FILE, even if FILE is a debug companion, provided it is below a
 * trusted folder; the one for debug information is trusted. */
void package_add_gdb(
	const struct package *p, const void *script, size_t len, struct tar_list *debug)
{
	bool any = false;

	for (size_t i = 0; i < p->files.n; i++) {
		const struct py_file *f = &p->files.v[i];
		CLEANUP_FREE char *companion = companion_of(f), *name = NULL;

		if ((f->role != PY_ROLE_INTERPRETER && f->role != PY_ROLE_LIBPYTHON) ||
			!companion || !tar_list_find(debug, companion))
			continue;
		name = xasprintf("%s-gdb.py", companion);
		tar_list_add_symlink(debug, "../../libpython.py", name);
		any = true;
	}
	if (any)
		tar_list_add_bytes(debug, script, len, "python/lib/debug/libpython.py");
}

static int start_objcopy(void *ctx, struct proc **ret, void **job, struct err *err)
{
	struct strip *s = ctx;
	struct task *t;

	if (s->n_started == s->n_tasks)
		return POOL_NO_MORE;
	*job = t = &s->tasks[s->n_started++];
	t->said = memfd_create("objcopy", MFD_CLOEXEC);
	return proc_start(&(struct proc_spec){.argv = &t->argv, .out = t->said, .err = -1}, ret,
		       err) < 0
		       ? -1
		       : POOL_STARTED;
}

/* Quotes objcopy's last line, which is the most informative. */
static int failed(const struct task *t, struct err *err)
{
	char said[4096];
	ssize_t n = t->said >= 0 ? pread(t->said, said, sizeof(said) - 1, 0) : 0;
	CLEANUP_STRV struct strv lines = STRV_INIT;
	const char *last = "it says nothing";

	said[n > 0 ? n : 0] = '\0';
	strv_split(&lines, said, "\n");
	if (lines.n)
		last = lines.v[lines.n - 1];
	err_wrap(err, "objcopy %s '%s': %s", t->argv.v[2], t->argv.v[3], last);
	if (!strstr(last, strerror(ENOSPC)))
		return -1;
	return err_hint(
		err, "make room where $TMPDIR is (or /tmp), or name another folder with it");
}

static int end_objcopy(void *ctx, void *job, struct proc *proc, struct err *err)
{
	struct task *t = job;

	(void)ctx;
	if (proc_result(proc, err) < 0)
		return failed(t, err);
	close(t->said);
	t->said = -1;
	if (!path_exists(t->made))
		return err_set(err, ERR_CHILD, "objcopy wrote no output for '%s'", t->argv.v[3]);
	return 0;
}

/* Of the tree's files: all are for one. */
static uint16_t machine_of(const struct package *p)
{
	for (size_t i = 0; i < p->files.n; i++)
		if (!p->files.v[i].problem)
			return p->files.v[i].facts.machine;
	return machine_here();
}

int package_strip(const struct package *p, const struct tar_list *tree, const char *scratch,
	unsigned int jobs, struct tar_list *stripped, struct tar_list *debug, struct err *err)
{
	CLEANUP(strip_release)
	struct strip s = {.p = p, .scratch = scratch, .stripped = stripped, .debug = debug};
	const struct proc_pool pool = {
		.jobs = jobs, .start = start_objcopy, .end = end_objcopy, .ctx = &s};

	CLEANUP_FREE char *name = machine_tool(machine_of(p), "objcopy");

	s.objcopy = find_program(name);
	if (!s.objcopy) {
		size_t prefix = strlen(name) - strlen("objcopy");

		err_set(err, ERR_ENVIRONMENT, "the program '%s' is not installed", name);
		return err_hint(err, "apt-get install binutils%s%.*s", prefix ? "-" : "",
			(int)(prefix ? prefix - 1 : 0), name);
	}
	return plan(&s, tree, err) < 0 ? -1 : proc_pool_run(&pool, err);
}
