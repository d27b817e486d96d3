/* Finds and reads the ELF files of an installation or of any folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "proc/parallel.h"
#include "python/python-internal.h"

#define MAX_FILES 2000000

const char *py_role_name(enum py_role role)
{
	static const char *const names[] = {
		"interpreter", "libpython", "stub", "extension", "library", "executable", "object"};

	return names[role];
}

void py_file_release(struct py_file *f)
{
	free(f->path);
	free(f->rel);
	free(f->problem);
	elf_facts_release(&f->facts);
	*f = (struct py_file){0};
}

void py_files_release(struct py_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		py_file_release(&files->v[i]);
	free(files->v);
	*files = (struct py_files){0};
}

/* ---- the list ------------------------------------------------------------------------------ */

struct listing {
	const struct python *dist; /* NULL for a plain folder */
	const char *below;         /* prefix to strip from displayed paths */
	struct py_files *files;
	bool site;
};

/* True for names of shared libraries: "libfoo.so", "libfoo.so.1.2". */
static bool is_shared_name(const char *name)
{
	const char *so = strstr(name, ".so");

	while (so && so[3] && so[strspn(so + 3, ".0123456789") + 3])
		so = strstr(so + 1, ".so");
	return so != NULL;
}

static int list_file(struct listing *l, const char *path, struct py_file **ret, struct err *err)
{
	const char *rel = strcmp(l->below, "/") ? py_below(l->below, path) : NULL;

	if (l->files->n == MAX_FILES)
		return err_set(err, ERR_INPUT, "there are more than %d files", MAX_FILES);
	*ret = ARRAY_ADD(l->files->v, l->files->n);
	(*ret)->path = xstrdup(path);
	(*ret)->rel = xstrdup(rel ? rel : path);
	(*ret)->site =
		l->site || strstr(path, "/site-packages/") || strstr(path, "/dist-packages/");
	return 0;
}

/* True for the kernel's virtual file systems, which hold no real files. */
static bool is_kernel_made(const char *dir)
{
	struct statfs fs;

	return statfs(dir, &fs) == 0 &&
	       (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC ||
		       fs.f_type == CGROUP2_SUPER_MAGIC || fs.f_type == DEBUGFS_MAGIC);
}

/* In a folder shared by several Pythons, a module's name tells which one it is for. */
static bool is_for_another(const struct python *dist, const char *name)
{
	const json_t *suffixes = dist ? json_object_get(dist->says, "extension_suffixes") : NULL;
	const char *tag = strstr(name, ".cpython-");
	const json_t *suffix;
	size_t i;

	if (!suffixes || !tag || !dist->system)
		return false;
	json_array_foreach (suffixes, i, suffix) {
		if (json_is_string(suffix) && !strcmp(tag, json_string_value(suffix)))
			return false;
	}
	return true;
}

static int list_entry(struct listing *l, const char *dir, const struct dirent *e,
	struct strv *folders, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", strcmp(dir, "/") ? dir : "", e->d_name);
	struct py_file *file;
	struct stat st;

	if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		(e->d_type != DT_UNKNOWN && e->d_type != DT_REG && e->d_type != DT_DIR) ||
		lstat(path, &st) < 0)
		return 0;
	if (S_ISDIR(st.st_mode)) {
		if (!is_kernel_made(path))
			strv_take(folders, steal(&path));
		return 0;
	}
	/* Anything shorter than a header cannot be an ELF file, but report empty libraries. */
	if (!S_ISREG(st.st_mode) || is_for_another(l->dist, e->d_name) ||
		(st.st_size < 52 && !is_shared_name(e->d_name)))
		return 0;
	if (list_file(l, path, &file, err) < 0)
		return -1;
	file->facts.file_size = (uint64_t)st.st_size;
	return 0;
}

/* Every regular file below `root`, not following links. Uses a list of folders, no recursion. */
static int list_tree(struct listing *l, const char *root, bool site, struct err *err)
{
	CLEANUP_STRV struct strv folders = STRV_INIT;
	int failed = 0;

	l->site = site;
	strv_add(&folders, root);
	while (folders.n > 0 && !failed) {
		size_t last = --folders.n;
		CLEANUP_FREE char *dir = steal(&folders.v[last]);
		DIR *stream = opendir(dir);
		struct err reason = ERR_INIT;
		struct py_file *unlisted;
		struct dirent *e;

		/* An unreadable folder is listed with the reason. */
		if (!stream) {
			err_sys(&reason, "cannot list the folder");
			if (list_file(l, dir, &unlisted, err) < 0)
				return -1;
			unlisted->problem = xstrdup(reason.msg);
		}
		failed = interrupt_check(err);
		while (stream && !failed && (e = readdir(stream)))
			failed = list_entry(l, dir, e, &folders, err);
		if (stream)
			closedir(stream);
	}
	return failed;
}

/* `dir` may be NULL, a link, or missing. */
static int list_real_tree(struct listing *l, const char *dir, bool site, struct err *err)
{
	CLEANUP_FREE char *real = dir ? realpath(dir, NULL) : NULL;

	return real && path_is_dir(real) ? list_tree(l, real, site, err) : 0;
}

/* The interpreter and libpython with its stub, wherever they are; then the prefix or, if it is
 * shared, Python's own parts of it. */
static int list_installation(struct listing *l, struct err *err)
{
	const struct python *dist = l->dist;
	const json_t *dirs = json_object_get(dist->says, "site_packages"), *dir;
	CLEANUP_FREE char *lib = dist->libpython_shared ? path_dir(dist->libpython_shared) : NULL;
	CLEANUP_FREE char *stub = lib ? xasprintf("%s/libpython3.so", lib) : NULL;
	CLEANUP_FREE char *venv_lib = dist->venv ? xasprintf("%s/lib", dist->venv) : NULL;
	struct py_file *file;
	struct stat st;
	size_t i;

	if (list_file(l, dist->interpreter, &file, err) < 0 ||
		(lib && list_file(l, dist->libpython_shared, &file, err) < 0) ||
		(stub && lstat(stub, &st) == 0 && S_ISREG(st.st_mode) &&
			list_file(l, stub, &file, err) < 0) ||
		(!dist->system && list_real_tree(l, dist->prefix, false, err) < 0) ||
		list_real_tree(l, dist->stdlib, false, err) < 0)
		return -1;
	json_array_foreach (dirs, i, dir) {
		if (list_real_tree(l, json_string_value(dir), true, err) < 0)
			return -1;
	}
	return list_real_tree(l, venv_lib, true, err);
}

static int compare_files(const void *a, const void *b)
{
	const struct py_file *x = a, *y = b;
	int r = strcmp(x->rel, y->rel);

	return r ? r : strcmp(x->path, y->path);
}

static int list_sorted(struct listing *l, struct err *err)
{
	struct py_files *files = l->files;
	size_t n = 0;

	*files = (struct py_files){0};
	if ((l->dist ? list_installation(l, err) : list_tree(l, l->below, false, err)) < 0) {
		py_files_release(files);
		return -1;
	}
	sort_array(files->v, files->n, sizeof(*files->v), compare_files);
	/* Remove duplicate paths. */
	for (size_t i = 0; i < files->n; i++) {
		if (n > 0 && !strcmp(files->v[n - 1].path, files->v[i].path)) {
			files->v[n - 1].site |= files->v[i].site;
			py_file_release(&files->v[i]);
		} else {
			files->v[n++] = files->v[i];
		}
	}
	files->n = n;
	return 0;
}

int py_folder_list(const char *dir, struct py_files *files, struct err *err)
{
	CLEANUP_FREE char *root = xstrdup(dir);
	struct listing l = {.files = files, .below = root};

	for (size_t len = strlen(root); len > 1 && root[len - 1] == '/';)
		root[--len] = '\0';
	return list_sorted(&l, err);
}

int py_files_list(const struct python *dist, struct py_files *files, struct err *err)
{
	struct listing l = {.dist = dist, .files = files, .below = dist->prefix};

	return list_sorted(&l, err);
}

/* ---- one file ------------------------------------------------------------------------------ */

enum look { LOOK_ELF, LOOK_OTHER, LOOK_BAD };

/* Decides by the first bytes; if they are not ELF, by the name. */
static enum look look_at(const char *path, char **problem, bool *unread)
{
	char head[513];
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : file_pread(fd, head, sizeof(head) - 1, 0);
	struct err err = ERR_INIT;

	if (n < 0) {
		/* An unreadable file, or a socket, is not a library just because of its name. */
		*unread = errno == EIO || errno == EMFILE || errno == ENFILE || errno == ENOMEM;
		if (!*unread && !is_shared_name(path_base(path)))
			return LOOK_OTHER;
		err_sys(&err, "cannot read it");
		*problem = xstrdup(err.msg);
		return LOOK_BAD;
	}
	head[n] = '\0';
	if (elf_is(head, (size_t)n))
		return LOOK_ELF;
	/* Linker scripts may be named like a library. */
	if (!is_shared_name(path_base(path)) || strstr(head, "INPUT") || strstr(head, "GROUP") ||
		strstr(head, "OUTPUT_FORMAT"))
		return LOOK_OTHER;
	*problem = xstrdup(n == 0 ? "it is empty" : "it is not an ELF file");
	return LOOK_BAD;
}

/* Of what lies under libpython's name: libpython3.so, or what programs are linked with instead of
 * the library. */
static bool is_stub(const struct py_file *f)
{
	const char *base = path_base(f->path);

	return !strcmp(base, "libpython3.so") || !strcmp(base, "libpython3t.so") ||
	       (py_is_libpython(base, true) && !f->problem && f->facts.n_needed == 1 &&
		       py_is_libpython(f->facts.needed[0], true));
}

static enum py_role role_of(const struct python *dist, const struct py_file *f)
{
	const char *base = path_base(f->path);

	if (dist && !strcmp(f->path, dist->interpreter))
		return PY_ROLE_INTERPRETER;
	/* Files that no loader maps: objects, and companions with debug information only. */
	if (!f->problem && (f->facts.kind == ELF_KIND_OBJECT || f->facts.debug_only))
		return PY_ROLE_OBJECT;
	if (is_stub(f))
		return PY_ROLE_STUB;
	if (py_is_libpython(base, false) && (f->problem || elf_exports(&f->facts, "Py_Initialize")))
		return PY_ROLE_LIBPYTHON;
	if (f->problem)
		return strstr(base, ".cpython-") || strstr(f->path, "/lib-dynload/")
			       ? PY_ROLE_EXTENSION
			       : PY_ROLE_LIBRARY;
	if (f->facts.kind == ELF_KIND_EXECUTABLE || f->facts.kind == ELF_KIND_PIE)
		return PY_ROLE_EXECUTABLE;
	for (size_t i = 0; i < f->facts.n_exports; i++) {
		if (!strncmp(f->facts.exports[i], "PyInit_", 7))
			return PY_ROLE_EXTENSION;
	}
	return PY_ROLE_LIBRARY;
}

bool py_file_read(const struct python *dist, struct py_file *f)
{
	struct err err = ERR_INIT;
	enum look look = f->problem ? LOOK_BAD : look_at(f->path, &f->problem, &f->unread);

	if (look == LOOK_OTHER)
		return false;
	if (look == LOOK_ELF && elf_facts_read(f->path, &f->facts, &err) < 0) {
		f->problem = xstrdup(err.msg);
		f->unread = err.code == ERR_ENVIRONMENT;
	}
	f->role = role_of(dist, f);
	return !dist || f->role != PY_ROLE_OBJECT;
}

/* ---- all of them --------------------------------------------------------------------------- */

struct reading {
	const struct python *dist;
	struct py_files *files;
};

static void read_nth(void *ctx, size_t i)
{
	struct reading *r = ctx;

	if (!py_file_read(r->dist, &r->files->v[i]))
		py_file_release(&r->files->v[i]);
}

int py_files_read(const struct python *dist, struct py_files *files, struct err *err)
{
	struct reading r = {dist, files};
	const struct parallel_work work = {.make = read_nth, .ctx = &r};
	size_t n = 0;

	if (py_files_list(dist, files, err) < 0)
		return -1;
	if (parallel(&work, files->n, err) < 0 || interrupt_check(err) < 0) {
		py_files_release(files);
		return -1;
	}
	for (size_t i = 0; i < files->n; i++) {
		if (files->v[i].path)
			files->v[n++] = files->v[i];
	}
	files->n = n;
	return 0;
}
