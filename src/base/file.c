#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/below.h"
#include "base/interrupt.h"

#define NAME_ATTEMPTS 100

int not_a_file(const char *path, mode_t mode, struct err *err)
{
	static const struct {
		mode_t kind;
		const char *name;
	} kinds[] = {{S_IFDIR, "folder"}, {S_IFIFO, "pipe"}, {S_IFSOCK, "socket"},
		{S_IFCHR, "device"}, {S_IFBLK, "device"}};
	const char *name = "link";

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		name = (mode & S_IFMT) == kinds[i].kind ? kinds[i].name : name;
	err_set(err, ERR_INPUT, "'%s' is a %s, not a file", path, name);
	return S_ISFIFO(mode) ? err_hint(err, "save what it brings to a file first") : -1;
}

int only_file(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		err_sys(err, "cannot examine '%s'", path);
	else if (!S_ISREG(st.st_mode))
		not_a_file(path, st.st_mode, err);
	else
		return fd;
	close(fd);
	return -1;
}

int file_open(const char *path, struct err *err)
{
	struct stat st;
	int fd;

	/* Opening some devices triggers them, and opening a pipe affects its writer. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return not_a_file(path, st.st_mode, err);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? err_sys(err, "cannot open '%s'", path) : only_file(fd, path, err);
}

int file_read_fd(int fd, const char *path, size_t max, struct buf *out, struct err *err)
{
	buf_clear(out);
	for (;;) {
		buf_reserve(out, 65536);
		ssize_t n = read(fd, out->data + out->len, 65536);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "cannot read '%s'", path);
		if (n == 0)
			break;
		out->len += (size_t)n;
		if (out->len > max)
			return err_set(err, ERR_INPUT, "'%s' is larger than %zu bytes", path, max);
	}
	out->data[out->len] = '\0';
	return 0;
}

int file_read(const char *path, size_t max, struct buf *out, struct err *err)
{
	CLEANUP_CLOSE int fd = file_open(path, err);

	return fd < 0 ? -1 : file_read_fd(fd, path, max, out, err);
}

ssize_t file_pread(int fd, void *data, size_t n, off_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(fd, (char *)data + done, n - done, at + (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

int write_fully(int fd, const void *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, (const char *)data + done, len - done);

		if (n < 0 && errno != EINTR)
			return -1;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Gives an open file a name. On most kernels the first way needs a privilege; the second needs
 * /proc. */
static int link_fd(int fd, int dir, const char *name)
{
	char self[32];

	if (linkat(fd, "", dir, name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno == EEXIST)
		return -1;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, self, dir, name, AT_SYMLINK_FOLLOW);
}

/* Writers hold a lock on their file as long as they live, so an unlocked one is left from a
 * kill. */
static void clear_left(int dir, const char *name)
{
	CLEANUP_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat held, there;

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &held) == 0 &&
		fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(there.st_mode) &&
		held.st_dev == there.st_dev && held.st_ino == there.st_ino)
		unlinkat(dir, name, 0);
}

/* Gives the file, or a new one if fd is -1, a temporary name next to `name`, stored in `beside`.
 * The first name tried is always the same, so that the next writer finds what a kill left. Returns
 * the descriptor. */
static int name_beside(int dir, const char *name, int fd, char beside[NAME_MAX + 1])
{
	for (int i = 0; i < NAME_ATTEMPTS; i++) {
		unsigned int random = (unsigned int)getpid();
		int got = fd;
		struct stat st;

		if (i && getrandom(&random, sizeof(random), 0) < 0)
			return -1;
		snprintf(beside, NAME_MAX + 1, ".%.200s.%08x", name, i ? random : 0);
		if (!i)
			clear_left(dir, beside);
		if (fd >= 0 && link_fd(fd, dir, beside) == 0)
			return fd;
		if (fd < 0)
			got = openat(dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 && got >= 0) {
			/* Before we locked it, another writer may have removed it as left over. */
			flock(got, LOCK_EX | LOCK_NB);
			if (fstat(got, &st) == 0 && st.st_nlink)
				return got;
			close(got);
			continue;
		}
		if (errno != EEXIST)
			break;
	}
	beside[0] = '\0';
	return -1;
}

int write_in(int dir, const char *name, const char *path, const void *data, size_t len, mode_t mode,
	enum fresh how, struct err *err)
{
	char beside[NAME_MAX + 1] = "";
	CLEANUP_CLOSE int fd = -1;

	if (how != FRESH_NAMED)
		fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0)
		flock(fd, LOCK_EX | LOCK_NB);
	else if (how != FRESH_UNNAMED)
		fd = name_beside(dir, name, -1, beside);
	if (fd < 0)
		return err_sys(err, "cannot create a file beside '%s'", path);
	if (write_fully(fd, data, len) < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0)
		goto fail;
	/* A free name is linked directly. An existing one can only be replaced by a rename. */
	if (!*beside && link_fd(fd, dir, name) == 0)
		return 0;
	if (!*beside && name_beside(dir, name, fd, beside) < 0) {
		if (how == FRESH_AS_CAN)
			return write_in(dir, name, path, data, len, mode, FRESH_NAMED, err);
		goto fail;
	}
	if (renameat(dir, beside, dir, name) == 0)
		return 0;
fail:
	err_sys(err, "cannot write '%s'", path);
	if (*beside)
		unlinkat(dir, beside, 0);
	return -1;
}

/* Writes into a device or pipe, which a file must not replace. */
static int write_into(const char *path, const void *data, size_t len, struct err *err)
{
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0 && write_fully(fd, data, len) == 0)
		return 0;
	return interrupt_check(err) < 0 ? -1 : err_sys(err, "cannot write '%s'", path);
}

int file_write(const char *path, const void *data, size_t len, mode_t mode, struct err *err)
{
	CLEANUP_FREE char *real = realpath(path, NULL);
	CLEANUP_FREE char *in = path_dir(real ? real : path);
	CLEANUP_CLOSE int dir = -1;
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return write_into(path, data, len, err);
	dir = open(in, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, "cannot create a file beside '%s'", path);
	return write_in(
		dir, path_base(real ? real : path), path, data, len, mode, FRESH_AS_CAN, err);
}

bool path_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool path_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int make_dirs(const char *path, struct err *err)
{
	CLEANUP_FREE char *copy = xstrdup(path);

	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		/* mkdir() may fail for parents that exist but where we may not even try. */
		if (mkdir(copy, 0755) < 0 && errno != EEXIST) {
			int why = errno;

			if (!path_is_dir(copy)) {
				errno = why;
				return err_sys(err, "cannot create the folder '%s'", copy);
			}
		}
		*p = '/';
	}
	if (mkdir(copy, 0755) < 0 && !(errno == EEXIST && path_is_dir(copy)))
		return err_sys(err, "cannot create the folder '%s'", path);
	return 0;
}

char *dirs_missing(const char *path)
{
	CLEANUP_FREE char *at = xstrdup(path);
	char *first = NULL;

	while (!path_exists(at)) {
		free(first);
		first = at;
		at = path_dir(first);
	}
	return first;
}

void dirs_remove(const char *path, const char *first)
{
	CLEANUP_FREE char *at = xstrdup(path);

	while (first && (rmdir(at), strcmp(at, first) != 0)) {
		char *above = path_dir(at);

		free(at);
		at = above;
	}
}

int path_sync(const char *path, struct err *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fsync(fd) < 0)
		return err_sys(err, "cannot sync '%s'", path);
	return 0;
}

int path_rename(const char *from, const char *to, struct err *err)
{
	CLEANUP_FREE char *dir = path_dir(to);

	if (make_dirs(dir, err) < 0)
		return -1;
	if (rename(from, to) < 0)
		return err_sys(err, "cannot rename '%s' to '%s'", from, to);
	return path_sync(dir, err);
}

int path_exchange(const char *a, const char *b, struct err *err)
{
	CLEANUP_FREE char *dir = path_dir(b);

	if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0)
		return path_sync(dir, err);
	if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)
		return 1;
	return err_sys(err, "cannot exchange '%s' and '%s'", a, b);
}

int path_sync_all(const char *path, struct err *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0)
		return err_sys(err, "cannot sync '%s'", path);
	return 0;
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

char *path_absolute(const char *path)
{
	char *cwd, *full;

	if (path[0] == '/')
		return xstrdup(path);
	cwd = getcwd(NULL, 0);
	if (!cwd)
		bug("the current folder has no name");
	while (path[0] == '.' && path[1] == '/')
		path += 2 + strspn(path + 2, "/");
	full = !*path || !strcmp(path, ".") ? xstrdup(cwd) : xasprintf("%s/%s", cwd, path);
	free(cwd);
	return full;
}

char *user_cache(const char *what, struct err *err)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/')
		return xasprintf("%s/solder", xdg);
	if (home && home[0] == '/')
		return xasprintf("%s/.cache/solder", home);
	err_set(err, ERR_ENVIRONMENT, "neither XDG_CACHE_HOME nor HOME says where %s", what);
	return NULL;
}

char *find_program(const char *name)
{
	CLEANUP_STRV struct strv dirs = STRV_INIT;
	const char *path = getenv("PATH");
	struct stat st;

	if (strchr(name, '/'))
		strv_add(&dirs, "");
	else
		strv_split(&dirs, path ? path : "/usr/local/bin:/usr/bin:/bin", ":");
	for (size_t i = 0; i < dirs.n; i++) {
		CLEANUP_FREE char *full =
			*dirs.v[i] ? xasprintf("%s/%s", dirs.v[i], name) : xstrdup(name);

		if (access(full, X_OK) == 0 && stat(full, &st) == 0 && S_ISREG(st.st_mode))
			return steal(&full);
	}
	return NULL;
}

uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void hex_of(const unsigned char md[32], char hex[SHA256_HEX_SIZE])
{
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", md[i]);
}

bool sha256_is_hex(const char *s)
{
	return strlen(s) == SHA256_HEX_SIZE - 1 && !s[strspn(s, "0123456789abcdef")];
}

void sha256_hex(const void *data, size_t len, char hex[SHA256_HEX_SIZE])
{
	unsigned char md[32];

	if (!EVP_Digest(data, len, md, NULL, EVP_sha256(), NULL))
		bug("SHA-256 failed");
	hex_of(md, hex);
}

static void cleanup_digest(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}

int sha256_fd(int fd, const char *path, char hex[SHA256_HEX_SIZE], uint64_t *size, struct err *err)
{
	CLEANUP_FREE char *chunk = xcalloc(1, 1 << 18);
	CLEANUP(cleanup_digest) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char md[32];
	uint64_t total = 0;
	ssize_t n;

	if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL))
		bug("SHA-256 is not available");
	while ((n = read(fd, chunk, 1 << 18)) != 0) {
		int why = errno;

		if (interrupt_check(err) < 0)
			return -1;
		errno = why;
		if (n < 0 && errno != EINTR)
			return err_sys(err, "cannot read '%s'", path);
		EVP_DigestUpdate(ctx, chunk, n > 0 ? (size_t)n : 0);
		total += n > 0 ? (uint64_t)n : 0;
	}
	if (!EVP_DigestFinal_ex(ctx, md, NULL))
		bug("SHA-256 failed");
	hex_of(md, hex);
	if (size)
		*size = total;
	return 0;
}

int sha256_file(const char *path, char hex[SHA256_HEX_SIZE], uint64_t *size, struct err *err)
{
	CLEANUP_CLOSE int fd = file_open(path, err);

	return fd < 0 ? -1 : sha256_fd(fd, path, hex, size, err);
}
