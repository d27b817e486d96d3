#include "base/below.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

/* True for a path that, ignoring links, cannot leave its starting folder. */
static bool is_plain(const char *rel)
{
	if (!*rel || *rel == '/')
		return false;
	for (const char *p = rel; *p; p += strcspn(p, "/"), p += strspn(p, "/")) {
		if (p[0] == '.' && p[1] == '.' && (!p[2] || p[2] == '/'))
			return false;
	}
	return true;
}

/* A link in place of a folder fails with ENOTDIR; report it as a link. */
static int failed_at(int dir, const char *name)
{
	int why = errno;
	struct stat st;

	if (why == ENOTDIR && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISLNK(st.st_mode))
		why = ELOOP;
	errno = why;
	return -1;
}

static int open_by_walk(int top, const char *rel, int flags, mode_t mode)
{
	CLEANUP_CLOSE int at = -1;
	int dir = top;

	for (;;) {
		size_t n = strcspn(rel, "/");
		CLEANUP_FREE char *name = xstrndup(rel, n);
		const char *next = rel + n + strspn(rel + n, "/");
		int fd = *next ? openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
			       : openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);

		if (fd < 0)
			return failed_at(dir, name);
		if (!*next)
			return fd;
		if (at >= 0)
			close(at);
		dir = at = fd;
		rel = next;
	}
}

static int open_by_kernel(int top, const char *rel, int flags, mode_t mode)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS};

	return (int)syscall(SYS_openat2, top, rel, &how, sizeof(how));
}

int open_below(int top, const char *rel, int flags, mode_t mode, enum resolve how)
{
	int fd = -1;

	if (!is_plain(rel)) {
		errno = ELOOP;
		return -1;
	}
	if (how != RESOLVE_BY_WALK)
		fd = open_by_kernel(top, rel, flags, mode);
	/* A system call filter that does not know openat2() returns EPERM. */
	if (how == RESOLVE_BY_WALK ||
		(fd < 0 && how == RESOLVE_AS_CAN && (errno == ENOSYS || errno == EPERM)))
		return open_by_walk(top, rel, flags, mode);
	return fd;
}

/* The folder that holds *name: the top itself, or *made, which the caller closes. */
static int parent_of(const struct folder *top, const char *rel, int *made, const char **name)
{
	CLEANUP_FREE char *dir = path_dir(rel);

	*name = path_base(rel);
	if (!is_plain(*name) || *rel == '/') {
		errno = ELOOP;
		return -1;
	}
	if (*name == rel)
		return top->fd;
	*made = open_below(top->fd, dir, O_PATH | O_DIRECTORY, 0, RESOLVE_AS_CAN);
	return *made;
}

static int failed_open(const struct folder *top, const char *rel, struct err *err)
{
	if (errno != ELOOP)
		return err_sys(err, "cannot open '%s/%s'", top->path, rel);
	return err_set(err, ERR_INPUT,
		"'%s/%s' is a link or leads through one, which is not followed there", top->path,
		rel);
}

int folder_open(const char *path, struct folder *ret, struct err *err)
{
	ret->path = xstrdup(path);
	ret->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return ret->fd < 0 ? err_sys(err, "cannot open the folder '%s'", path) : 0;
}

void folder_close(struct folder *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	*f = (struct folder)FOLDER_INIT;
}

int folder_open_below(
	const struct folder *top, const char *rel, struct folder *ret, struct err *err)
{
	ret->path = xasprintf("%s/%s", top->path, rel);
	ret->fd = open_below(top->fd, rel, O_RDONLY | O_DIRECTORY, 0, RESOLVE_AS_CAN);
	return ret->fd < 0 ? failed_open(top, rel, err) : 0;
}

int stat_below(const struct folder *top, const char *rel, struct stat *st, struct err *err)
{
	CLEANUP_CLOSE int made = -1;
	const char *name;
	int dir = parent_of(top, rel, &made, &name);

	if (dir >= 0 && fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT || errno == ENOTDIR ? 0 : failed_open(top, rel, err);
}

int file_open_below(const struct folder *top, const char *rel, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", top->path, rel);
	struct stat st;
	/* Opening some devices triggers them, and opening a pipe affects its writer. */
	int there = stat_below(top, rel, &st, err), fd;

	if (there < 0)
		return -1;
	if (there && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return not_a_file(path, st.st_mode, err);
	fd = open_below(top->fd, rel, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, RESOLVE_AS_CAN);
	return fd < 0 ? failed_open(top, rel, err) : only_file(fd, path, err);
}

int file_read_below(
	const struct folder *top, const char *rel, size_t max, struct buf *out, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", top->path, rel);
	CLEANUP_CLOSE int fd = file_open_below(top, rel, err);

	return fd < 0 ? -1 : file_read_fd(fd, path, max, out, err);
}

int file_write_below(const struct folder *top, const char *rel, const void *data, size_t len,
	mode_t mode, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", top->path, rel);
	CLEANUP_CLOSE int made = -1;
	const char *name;
	int dir = parent_of(top, rel, &made, &name);

	if (dir < 0)
		return failed_open(top, rel, err);
	return write_in(dir, name, path, data, len, mode, FRESH_AS_CAN, err);
}

char *link_read_below(const struct folder *top, const char *rel, struct err *err)
{
	char target[PATH_MAX];
	CLEANUP_CLOSE int made = -1;
	const char *name;
	int dir = parent_of(top, rel, &made, &name);
	ssize_t n = dir < 0 ? -1 : readlinkat(dir, name, target, sizeof(target));

	if (n >= 0 && (size_t)n < sizeof(target))
		return xstrndup(target, (size_t)n);
	if (n >= 0)
		errno = ENAMETOOLONG;
	err_sys(err, "cannot read the link '%s/%s'", top->path, rel);
	return NULL;
}

int make_dirs_below(const struct folder *top, const char *rel, struct err *err)
{
	CLEANUP_CLOSE int at = -1;
	CLEANUP_STRV struct strv names = STRV_INIT;

	if (!is_plain(rel)) {
		errno = ELOOP;
		return failed_open(top, rel, err);
	}
	strv_split(&names, rel, "/");
	for (size_t i = 0; i < names.n; i++) {
		int dir = i ? at : top->fd, fd;

		if (mkdirat(dir, names.v[i], 0755) < 0 && errno != EEXIST)
			return err_sys(err, "cannot create the folder '%s/%s'", top->path, rel);
		fd = openat(dir, names.v[i], O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0) {
			failed_at(dir, names.v[i]);
			return failed_open(top, rel, err);
		}
		if (at >= 0)
			close(at);
		at = fd;
	}
	return 0;
}
