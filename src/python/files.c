/* The ELF files of an installation or of any folder. */
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
#include "python/python-internal.h"
#include "base/parallel.h"

#define MAX_FILES 2000000

struct list {
	const struct python *dist; /* NULL for a plain folder */
	const char *below;         /* paths below it are shown without it */
	struct py_files *files;
	size_t cap;
	bool site;
};

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

/* "libfoo.so", "libfoo.so.1.2": what should be an ELF file by its name. */
static bool is_shared_name(const char *name)
{
	const char *so = strstr(name, ".so");

	while (so && so[3] && so[strspn(so + 3, ".0123456789") + 3])
		so = strstr(so + 1, ".so");
	return so != NULL;
}

/* Scripts of the linker have the name of a library. */
static bool is_linker_script(const char *head)
{
	return strstr(head, "INPUT") || strstr(head, "GROUP") || strstr(head, "OUTPUT_FORMAT");
}

enum look { LOOK_ELF, LOOK_OTHER, LOOK_BAD };

/* Decides by the first bytes, and by the name where they are no ELF file's. */
static enum look look_at(const char *path, char **problem, bool *unread)
{
	char head[513];
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : file_pread(fd, head, sizeof(head) - 1, 0);
	struct err err = ERR_INIT;

	if (n < 0) {
		/* What may not be read, or is a socket, is no library by its name alone. */
		*unread = errno == EIO || errno == EMFILE || errno == ENFILE || errno == ENOMEM;
		if (!*unread && !is_shared_name(path_base(path)))
			return LOOK_OTHER;
		err_sys(&err, "cannot read it");
		*problem = xstrdup(err.msg);
		return LOOK_BAD;
	}
	head[n] = '\0';
	if (n >= 4 && !memcmp(head, "\177ELF", 4))
		return LOOK_ELF;
	if (!is_shared_name(path_base(path)) || is_linker_script(head))
		return LOOK_OTHER;
	*problem = xstrdup(n == 0 ? "it is empty" : "it is not an ELF file");
	return LOOK_BAD;
}

static int add_path(struct list *l, const char *path, struct err *err)
{
	struct py_files *f = l->files;
	size_t len = strlen(l->below);
	bool below = len > 1 && !strncmp(path, l->below, len) && path[len] == '/';

	if (f->n == MAX_FILES)
		return err_set(err, ERR_INPUT, "there are more than %d files", MAX_FILES);
	if (f->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 256;
		f->v = xreallocarray(f->v, l->cap, sizeof(*f->v));
	}
	f->v[f->n++] = (struct py_file){.path = xstrdup(path),
		.rel = xstrdup(below ? path + len + 1 : path),
		.site = l->site || strstr(path, "/site-packages/") ||
			strstr(path, "/dist-packages/")};
	return 0;
}

/* A folder that cannot be listed stands in the list with the reason. */
static int add_unreadable(struct list *l, const char *dir, struct err *err)
{
	struct err reason = ERR_INIT;

	err_sys(&reason, "cannot list the folder");
	if (add_path(l, dir, err) < 0)
		return -1;
	l->files->v[l->files->n - 1].problem = xstrdup(reason.msg);
	return 0;
}

/* The kernel's own file systems hold no files. */
static bool is_kernel_made(const char *dir)
{
	struct statfs fs;

	return statfs(dir, &fs) == 0 &&
	       (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC ||
		       fs.f_type == CGROUP2_SUPER_MAGIC || fs.f_type == DEBUGFS_MAGIC);
}

/* Modules in a folder that several Pythons share are named for one of them. */
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

static int add_entry(struct list *l, const char *dir, const struct dirent *e, struct strv *folders,
	struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", strcmp(dir, "/") ? dir : "", e->d_name);
	struct stat st;

	if (e->d_type != DT_UNKNOWN && e->d_type != DT_REG && e->d_type != DT_DIR)
		return 0;
	if (lstat(path, &st) < 0)
		return 0;
	if (S_ISDIR(st.st_mode)) {
		if (!is_kernel_made(path))
			strv_take(folders, steal(&path));
		return 0;
	}
	/* Less than a header cannot be one, but an empty library is worth a note. */
	if (!S_ISREG(st.st_mode) || is_for_another(l->dist, e->d_name) ||
		(st.st_size < 52 && !is_shared_name(e->d_name)))
		return 0;
	if (add_path(l, path, err) < 0)
		return -1;
	l->files->v[l->files->n - 1].facts.file_size = (uint64_t)st.st_size;
	return 0;
}

/* Every regular file below `root`, links not followed, with a list of folders instead of
 * recursion. */
static int add_tree(struct list *l, const char *root, bool site, struct err *err)
{
	CLEANUP_STRV struct strv folders = STRV_INIT;
	int failed = 0;

	l->site = site;
	strv_add(&folders, root);
	while (folders.n > 0 && !failed) {
		CLEANUP_FREE char *dir = folders.v[--folders.n];
		DIR *stream = opendir(dir);
		struct dirent *e;

		folders.v[folders.n] = NULL;
		failed = interrupt_check(err);
		if (!stream && !failed)
			failed = add_unreadable(l, dir, err);
		while (stream && !failed && (e = readdir(stream))) {
			if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
				failed = add_entry(l, dir, e, &folders, err);
		}
		if (stream)
			closedir(stream);
	}
	return failed;
}

static int compare_files(const void *a, const void *b)
{
	const struct py_file *x = a, *y = b;
	int r = strcmp(x->rel, y->rel);

	return r ? r : strcmp(x->path, y->path);
}

/* Sorted, each path once. */
static void settle(struct py_files *files)
{
	size_t n = 0;

	sort_array(files->v, files->n, sizeof(*files->v), compare_files);
	for (size_t i = 0; i < files->n; i++) {
		if (n > 0 && !strcmp(files->v[n - 1].path, files->v[i].path)) {
			files->v[n - 1].site |= files->v[i].site;
			py_file_release(&files->v[i]);
		} else {
			if (n != i) {
				files->v[n] = files->v[i];
				files->v[i] = (struct py_file){0};
			}
			n++;
		}
	}
	files->n = n;
}

int py_folder_list(const char *dir, struct py_files *files, struct err *err)
{
	CLEANUP_FREE char *root = xstrdup(dir);
	struct list l = {.files = files, .below = root};
	size_t len = strlen(root);

	*files = (struct py_files){0};
	while (len > 1 && root[len - 1] == '/')
		root[--len] = '\0';
	if (add_tree(&l, root, false, err) < 0) {
		py_files_release(files);
		return -1;
	}
	settle(files);
	return 0;
}

static int add_real_tree(struct list *l, const char *dir, bool site, struct err *err)
{
	CLEANUP_FREE char *real = dir ? realpath(dir, NULL) : NULL;

	return real && path_is_dir(real) ? add_tree(l, real, site, err) : 0;
}

static int add_site_packages(struct list *l, struct err *err)
{
	const json_t *dirs = json_object_get(l->dist->says, "site_packages"), *dir;
	CLEANUP_FREE char *venv_lib = l->dist->venv ? xasprintf("%s/lib", l->dist->venv) : NULL;
	size_t i;

	json_array_foreach (dirs, i, dir) {
		if (add_real_tree(l, json_string_value(dir), true, err) < 0)
			return -1;
	}
	return add_real_tree(l, venv_lib, true, err);
}

/* The library and the stub beside it, wherever they are. */
static int add_libpython(struct list *l, struct err *err)
{
	const char *library = l->dist->libpython_shared;
	CLEANUP_FREE char *dir = library ? path_dir(library) : NULL;
	CLEANUP_FREE char *stub = dir ? xasprintf("%s/libpython3.so", dir) : NULL;
	struct stat st;

	l->site = false;
	if (library && add_path(l, library, err) < 0)
		return -1;
	if (stub && lstat(stub, &st) == 0 && S_ISREG(st.st_mode))
		return add_path(l, stub, err);
	return 0;
}

int py_files_list(const struct python *dist, struct py_files *files, struct err *err)
{
	struct list l = {.dist = dist, .files = files, .below = dist->prefix};

	*files = (struct py_files){0};
	if (add_path(&l, dist->interpreter, err) < 0 || add_libpython(&l, err) < 0 ||
		(!dist->system && add_real_tree(&l, dist->prefix, false, err) < 0) ||
		add_real_tree(&l, dist->stdlib, false, err) < 0 || add_site_packages(&l, err) < 0) {
		py_files_release(files);
		return -1;
	}
	settle(files);
	return 0;
}

static bool exports_init(const struct elf_facts *facts)
{
	size_t low = 0, high = facts->n_exports;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(facts->exports[middle], "PyInit_") < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < facts->n_exports && !strncmp(facts->exports[low], "PyInit_", 7);
}

/* What no loader maps: objects, and companions that hold debug information only. */
static bool is_loadable(const struct py_file *f)
{
	return f->problem || (f->facts.kind != ELF_KIND_OBJECT && !f->facts.debug_only);
}

static enum py_role role_of(const struct python *dist, const struct py_file *f)
{
	const char *base = path_base(f->path);

	if (dist && !strcmp(f->path, dist->interpreter))
		return PY_ROLE_INTERPRETER;
	if (!is_loadable(f))
		return PY_ROLE_OBJECT;
	if (!strcmp(base, "libpython3.so") || !strcmp(base, "libpython3t.so"))
		return PY_ROLE_STUB;
	if (py_is_libpython(base, false) && (f->problem || elf_exports(&f->facts, "Py_Initialize")))
		return PY_ROLE_LIBPYTHON;
	if (f->problem)
		return strstr(base, ".cpython-") || strstr(f->path, "/lib-dynload/")
			       ? PY_ROLE_EXTENSION
			       : PY_ROLE_LIBRARY;
	if (f->facts.kind == ELF_KIND_EXECUTABLE || f->facts.kind == ELF_KIND_PIE)
		return PY_ROLE_EXECUTABLE;
	return exports_init(&f->facts) ? PY_ROLE_EXTENSION : PY_ROLE_LIBRARY;
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
	return !dist || is_loadable(f);
}

struct reading {
	const struct python *dist;
	struct py_files *files;
};

static void read_nth(void *ctx, size_t i)
{
	struct reading *r = ctx;
	struct py_file *f = &r->files->v[i];

	if (!py_file_read(r->dist, f))
		py_file_release(f);
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
