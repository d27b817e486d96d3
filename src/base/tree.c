/* Whole trees: walk, copy, remove. Declared in base/file.h. */
#include "base/below.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interrupt.h"

/* Nothing that we build or unpack makes deeper trees. */
#define DEPTH_MAX 200
/* Bytes copied between two checks for an interrupt. */
#define CHUNK 65536
#define HUGE ((size_t)2 << 20)

int folder_list(const struct folder *f, struct strv *names, struct err *err)
{
	int fd = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int failed = 0;

	if (!dir) {
		err_sys(err, "cannot list '%s'", f->path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((errno = 0, e = readdir(dir))) {
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			strv_add(names, e->d_name);
	}
	if (errno)
		failed = err_sys(err, "cannot list '%s'", f->path);
	closedir(dir);
	strv_sort(names);
	return failed;
}

static int walk(const struct folder *in, const char *above, int depth, tree_visit visit, void *ctx,
	struct err *err)
{
	CLEANUP_STRV struct strv names = STRV_INIT;

	if (depth > DEPTH_MAX)
		return err_set(err, ERR_INPUT, "'%s' is nested too deeply", in->path);
	if (folder_list(in, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", in->path, names.v[i]);
		CLEANUP_FREE char *rel = xasprintf("%s%s%s", above, *above ? "/" : "", names.v[i]);
		CLEANUP_FOLDER struct folder below = FOLDER_INIT;
		struct stat st;
		struct tree_entry e = {in, names.v[i], path, rel, &st};

		if (interrupt_check(err) < 0)
			return -1;
		if (fstatat(in->fd, names.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(err, "cannot examine '%s'", path);
		if (visit(ctx, &e, err) < 0)
			return -1;
		if (S_ISDIR(st.st_mode) &&
			(folder_open_below(in, names.v[i], &below, err) < 0 ||
				walk(&below, rel, depth + 1, visit, ctx, err) < 0))
			return -1;
	}
	return 0;
}

int dir_list(const char *path, struct strv *names, struct err *err)
{
	CLEANUP_FOLDER struct folder f = FOLDER_INIT;

	return folder_open(path, &f, err) < 0 ? -1 : folder_list(&f, names, err);
}

int dir_is_empty(const char *path, struct err *err)
{
	CLEANUP_STRV struct strv names = STRV_INIT;

	return dir_list(path, &names, err) < 0 ? -1 : !names.n;
}

int tree_walk(const char *root, tree_visit visit, void *ctx, struct err *err)
{
	CLEANUP_FOLDER struct folder f = FOLDER_INIT;

	return folder_open(root, &f, err) < 0 ? -1 : walk(&f, "", 0, visit, ctx, err);
}

/* Gives the owner all permissions on a folder, but never touches the target of a link in its
 * place. */
static int unlock(int parent, const char *name)
{
	CLEANUP_CLOSE int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char self[32];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return fd < 0 ? -1 : chmod(self, 0700);
}

/* `top` is the folder that all this is below. Entries too deep below it, as left by configure
 * scripts that look for the longest path, are moved into it and handled later. */
static int remove_at(int parent, const char *name, int depth, int top)
{
	struct dirent *e;
	char aside[32];
	int fd, result;
	DIR *dir;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM && errno != EACCES)
		return -1;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && unlock(parent, name) == 0)
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	fchmod(fd, 0700);
	if (depth > DEPTH_MAX) {
		struct stat st;

		result = fstat(fd, &st);
		snprintf(aside, sizeof(aside), "deep-%ju", (uintmax_t)st.st_ino);
		close(fd);
		return result < 0 ? -1 : renameat(parent, name, top, aside);
	}
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -1;
	}
	do {
		rewinddir(dir);
		for (result = 0; result == 0 && (e = readdir(dir));) {
			if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
				result = remove_at(fd, e->d_name, depth + 1, depth ? top : fd);
		}
		if (result < 0)
			break;
		result = unlinkat(parent, name, AT_REMOVEDIR);
	} while (result < 0 && !depth && errno == ENOTEMPTY);
	closedir(dir);
	return result;
}

int tree_remove(const char *path, struct err *err)
{
	if (remove_at(AT_FDCWD, path, 0, -1) < 0 && errno != ENOENT)
		return err_sys(err, "cannot remove '%s'", path);
	return 0;
}

static int copy_bytes(int in, int out, off_t size, const char *to, struct err *err)
{
	/* Large folios of the page cache, which code is mapped from in huge pages, come of writes
	 * of their size; the kernel's own copies make small ones. */
	bool large = size >= (off_t)HUGE;
	size_t step = large ? HUGE : CHUNK;
	/* On the heap: compilers inline this into a function that calls itself. */
	CLEANUP_FREE char *chunk = NULL;
	ssize_t n = large ? 0 : 1;

	if (ioctl(out, FICLONE, in) == 0)
		return 0;
	while (n > 0 || (n < 0 && errno == EINTR)) {
		if (interrupt_check(err) < 0)
			return -1;
		n = copy_file_range(in, NULL, out, NULL, HUGE, 0);
		size -= n > 0 ? n : 0;
	}
	if (n < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return err_sys(err, "cannot write '%s'", to);
	/* Some file systems report that there is nothing to copy. */
	if (size > 0)
		chunk = xcalloc(1, step);
	while (size > 0) {
		if (interrupt_check(err) < 0)
			return -1;
		n = read(in, chunk, step);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			return 0;
		if (n < 0 || write_fully(out, chunk, (size_t)n) < 0)
			return err_sys(err, "cannot write '%s'", to);
		size -= n;
	}
	return 0;
}

static int copy_file(const struct folder *from, const char *name, const struct folder *to,
	const char *as, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", to->path, as);
	CLEANUP_CLOSE int in = file_open_below(from, name, err);
	CLEANUP_CLOSE int out = -1;
	struct stat st;
	int failed;

	if (in < 0)
		return -1;
	unlinkat(to->fd, as, 0);
	out = openat(to->fd, as, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0 || fstat(in, &st) < 0)
		return err_sys(err, "cannot create '%s'", path);
	failed = copy_bytes(in, out, st.st_size, path, err);
	if (failed == 0 && (fchmod(out, st.st_mode & 0777) < 0 ||
				   futimens(out, (struct timespec[]){st.st_atim, st.st_mtim}) < 0))
		failed = err_sys(err, "cannot set the mode and time of '%s'", path);
	if (failed < 0)
		unlinkat(to->fd, as, 0);
	return failed < 0 ? err_wrap(err, "copying '%s/%s'", from->path, name) : 0;
}

static int copy_content(
	const struct folder *from, const struct folder *to, int depth, struct err *err);

/* Copies an entry of one folder into another, possibly under another name. */
static int copy_entry(const struct folder *from, const char *name, const struct folder *to,
	const char *as, int depth, struct err *err)
{
	CLEANUP_FOLDER struct folder in = FOLDER_INIT, into = FOLDER_INIT;
	struct stat st, there;

	if (interrupt_check(err) < 0)
		return -1;
	if (fstatat(from->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "cannot examine '%s/%s'", from->path, name);
	if (S_ISREG(st.st_mode))
		return copy_file(from, name, to, as, err);
	if (S_ISLNK(st.st_mode)) {
		CLEANUP_FREE char *target = link_read_below(from, name, err);

		if (!target)
			return -1;
		unlinkat(to->fd, as, 0);
		if (symlinkat(target, to->fd, as) < 0)
			return err_sys(err, "cannot create the link '%s/%s'", to->path, as);
		return 0;
	}
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_INPUT, "'%s/%s' is neither a file, a folder nor a link",
			from->path, name);
	if (fstatat(to->fd, as, &there, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(there.st_mode))
		unlinkat(to->fd, as, 0);
	if (mkdirat(to->fd, as, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "cannot create '%s/%s'", to->path, as);
	if (folder_open_below(from, name, &in, err) < 0 ||
		folder_open_below(to, as, &into, err) < 0)
		return -1;
	if (fchmod(into.fd, (st.st_mode & 0777) | 0700) < 0)
		return err_sys(err, "cannot set the mode of '%s'", into.path);
	return copy_content(&in, &into, depth, err);
}

static int copy_content(
	const struct folder *from, const struct folder *to, int depth, struct err *err)
{
	CLEANUP_STRV struct strv names = STRV_INIT;

	if (depth > DEPTH_MAX)
		return err_set(err, ERR_INPUT, "'%s' is nested too deeply", from->path);
	if (folder_list(from, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		if (copy_entry(from, names.v[i], to, names.v[i], depth + 1, err) < 0)
			return -1;
	}
	return 0;
}

int tree_copy(const char *from, const char *to, struct err *err)
{
	CLEANUP_FOLDER struct folder source = FOLDER_INIT, target = FOLDER_INIT;
	CLEANUP_FREE char *real = realpath(from, NULL);
	struct stat st;

	if (!real || stat(real, &st) < 0)
		return err_sys(err, "cannot examine '%s'", from);
	if (S_ISDIR(st.st_mode)) {
		if (make_dirs(to, err) < 0 || folder_open(from, &source, err) < 0 ||
			folder_open(to, &target, err) < 0)
			return -1;
		return copy_content(&source, &target, 0, err);
	}
	CLEANUP_FREE char *in = path_dir(real), *into = path_dir(to);

	if (folder_open(in, &source, err) < 0 || folder_open(into, &target, err) < 0)
		return -1;
	return copy_entry(&source, path_base(real), &target, path_base(to), 0, err);
}

int tree_copy_below(const struct folder *from, const char *from_rel, const struct folder *to,
	const char *to_rel, struct err *err)
{
	CLEANUP_FOLDER struct folder source = FOLDER_INIT, target = FOLDER_INIT;
	CLEANUP_FREE char *in = path_dir(from_rel), *into = path_dir(to_rel);
	struct stat st;
	int there = stat_below(from, from_rel, &st, err);

	if (there != 1)
		return there;
	if (S_ISLNK(st.st_mode))
		return err_set(err, ERR_INPUT, "'%s/%s' is a link, which is not followed there",
			from->path, from_rel);
	if (make_dirs_below(to, into, err) < 0 || folder_open_below(from, in, &source, err) < 0 ||
		folder_open_below(to, into, &target, err) < 0)
		return -1;
	return copy_entry(&source, path_base(from_rel), &target, path_base(to_rel), 0, err) < 0 ? -1
												: 1;
}

int tree_copy_needed(const struct folder *from, const char *from_rel, const struct folder *to,
	const char *to_rel, struct err *err)
{
	int copied = tree_copy_below(from, from_rel, to, to_rel, err);

	if (copied == 0)
		err_set(err, ERR_INPUT, "'%s/%s' is missing", from->path, from_rel);
	return copied == 1 ? 0 : -1;
}

static int add_digest(void *ctx, const struct tree_entry *e, struct err *err)
{
	if (S_ISDIR(e->st->st_mode)) {
		buf_addf(ctx, "d %s\n", e->rel);
	} else if (S_ISLNK(e->st->st_mode)) {
		CLEANUP_FREE char *target = link_read_below(e->in, e->name, err);

		if (!target)
			return -1;
		buf_addf(ctx, "l %s %s\n", e->rel, target);
	} else {
		CLEANUP_CLOSE int fd = file_open_below(e->in, e->name, err);
		char hex[SHA256_HEX_SIZE];

		if (fd < 0 || sha256_fd(fd, e->path, hex, NULL, err) < 0)
			return -1;
		buf_addf(ctx, "%c %s %s\n", e->st->st_mode & 0100 ? 'x' : 'f', e->rel, hex);
	}
	return 0;
}

int tree_digest(const char *root, char hex[SHA256_HEX_SIZE], struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_reserve(&text, 0);
	if (tree_walk(root, add_digest, &text, err) < 0)
		return -1;
	sha256_hex(text.data, text.len, hex);
	return 0;
}
