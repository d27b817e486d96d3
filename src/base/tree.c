/* Whole trees: walk, copy, remove. Declared in base/file.h. */
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

/* Deeper trees than this are not made by anything that we build or unpack. */
#define DEPTH_MAX 200

static int list_dir(const char *path, struct strv *names, struct err *err)
{
	DIR *dir = opendir(path);
	struct dirent *e;

	if (!dir)
		return err_sys(err, "cannot list '%s'", path);
	while ((e = readdir(dir))) {
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			strv_add(names, e->d_name);
	}
	closedir(dir);
	strv_sort(names);
	return 0;
}

static int walk(
	const char *path, const char *rel, int depth, tree_visit visit, void *ctx, struct err *err)
{
	CLEANUP_STRV struct strv names = STRV_INIT;

	if (depth > DEPTH_MAX)
		return err_set(err, ERR_INPUT, "'%s' is nested too deeply", path);
	if (list_dir(path, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *child = xasprintf("%s/%s", path, names.v[i]);
		CLEANUP_FREE char *child_rel =
			*rel ? xasprintf("%s/%s", rel, names.v[i]) : xstrdup(names.v[i]);
		struct stat st;

		if (lstat(child, &st) < 0)
			return err_sys(err, "cannot examine '%s'", child);
		if (visit(ctx, child, child_rel, &st, err) < 0)
			return -1;
		if (S_ISDIR(st.st_mode) && walk(child, child_rel, depth + 1, visit, ctx, err) < 0)
			return -1;
	}
	return 0;
}

bool dir_is_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	bool empty = dir != NULL;

	while (empty && (e = readdir(dir)))
		empty = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
	if (dir)
		closedir(dir);
	return empty;
}

int tree_walk(const char *root, tree_visit visit, void *ctx, struct err *err)
{
	return walk(root, "", 0, visit, ctx, err);
}

static int remove_at(int parent, const char *name, int depth, int top);

static int empty_dir(DIR *dir, int depth, int top)
{
	struct dirent *e;

	rewinddir(dir);
	while ((e = readdir(dir))) {
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
			remove_at(dirfd(dir), e->d_name, depth + 1, top) < 0)
			return -1;
	}
	return 0;
}

/* `top` is the folder that all this is below. What is too deep below it, as configure scripts that
 * look for the longest path leave it, is moved there, to have its turn once more. */
static int remove_at(int parent, const char *name, int depth, int top)
{
	char aside[32];
	int fd, result;
	DIR *dir;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM && errno != EACCES)
		return -1;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
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
	do
		result = empty_dir(dir, depth, depth ? top : fd);
	while (result == 0 && (result = unlinkat(parent, name, AT_REMOVEDIR)) < 0 && !depth &&
		errno == ENOTEMPTY);
	closedir(dir);
	return result;
}

int tree_remove(const char *path, struct err *err)
{
	if (remove_at(AT_FDCWD, path, 0, -1) < 0 && errno != ENOENT)
		return err_sys(err, "cannot remove '%s'", path);
	return 0;
}

static int copy_bytes(int in, int out, off_t size)
{
	if (ioctl(out, FICLONE, in) == 0)
		return 0;
	while (size > 0) {
		ssize_t n = copy_file_range(in, NULL, out, NULL, (size_t)size, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS ||
				     errno == EOPNOTSUPP))
			break;
		if (n < 0)
			return -1;
		if (n == 0)
			return 0;
		size -= n;
	}
	while (size > 0) {
		char chunk[65536];
		ssize_t n = read(in, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		for (ssize_t at = 0, w; at < n; at += w) {
			if ((w = write(out, chunk + at, (size_t)(n - at))) < 0)
				return -1;
		}
		size -= n;
	}
	return 0;
}

static int copy_file(const char *from, const char *to, const struct stat *st, struct err *err)
{
	CLEANUP_CLOSE int in = open(from, O_RDONLY | O_CLOEXEC);
	CLEANUP_CLOSE int out = -1;
	struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (in < 0)
		return err_sys(err, "cannot open '%s'", from);
	unlink(to);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0 || copy_bytes(in, out, st->st_size) < 0 ||
		fchmod(out, st->st_mode & 07777) < 0 || futimens(out, times) < 0)
		return err_sys(err, "cannot copy '%s' to '%s'", from, to);
	return 0;
}

static int copy_link(const char *from, const char *to, struct err *err)
{
	char target[4096];
	ssize_t n = readlink(from, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(err, "cannot read the link '%s'", from);
	target[n] = '\0';
	unlink(to);
	if (symlink(target, to) < 0)
		return err_sys(err, "cannot create the link '%s'", to);
	return 0;
}

static int copy_entry(
	void *ctx, const char *path, const char *rel, const struct stat *st, struct err *err)
{
	CLEANUP_FREE char *to = xasprintf("%s/%s", (const char *)ctx, rel);
	struct stat there;

	if (S_ISDIR(st->st_mode)) {
		/* A link that leads to a folder is none: writing through it would change another.
		 */
		if (lstat(to, &there) == 0 && !S_ISDIR(there.st_mode))
			unlink(to);
		if (mkdir(to, 0777) < 0 && errno != EEXIST)
			return err_sys(err, "cannot create '%s'", to);
		chmod(to, (st->st_mode & 07777) | 0700);
		return 0;
	}
	if (S_ISLNK(st->st_mode))
		return copy_link(path, to, err);
	if (S_ISREG(st->st_mode))
		return copy_file(path, to, st, err);
	return err_set(err, ERR_INPUT, "'%s' is neither a file, a folder nor a link", path);
}

int tree_copy(const char *from, const char *to, struct err *err)
{
	struct stat st;

	if (stat(from, &st) < 0)
		return err_sys(err, "cannot examine '%s'", from);
	if (S_ISREG(st.st_mode))
		return copy_file(from, to, &st, err);
	if (make_dirs(to, err) < 0)
		return -1;
	return tree_walk(from, copy_entry, (void *)to, err);
}

static int add_digest(
	void *ctx, const char *path, const char *rel, const struct stat *st, struct err *err)
{
	char hex[SHA256_HEX_SIZE], target[4096];
	ssize_t n;

	if (S_ISDIR(st->st_mode)) {
		buf_addf(ctx, "d %s\n", rel);
	} else if (S_ISLNK(st->st_mode)) {
		n = readlink(path, target, sizeof(target) - 1);
		buf_addf(ctx, "l %s %.*s\n", rel, (int)(n > 0 ? n : 0), target);
	} else if (S_ISREG(st->st_mode)) {
		if (sha256_file(path, hex, NULL, err) < 0)
			return -1;
		buf_addf(ctx, "%c %s %s\n", st->st_mode & 0100 ? 'x' : 'f', rel, hex);
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
