/* Unpacks an archive into a new or empty folder. Path traversal is refused here: whatever the
 * archive says, nothing is put outside of the folder.
 *
 * An archive could try with an absolute name, with "..", with an entry placed through a link that
 * an entry before it has made, with a hard link, or with links that lead out only together. Names
 * are split, and absolute ones and '..' refused (split_path); every folder on the way is opened
 * below the one before it with O_NOFOLLOW, so that no link is followed by construction
 * (open_folder); and the targets of links are followed in thought, '..' by '..' (tar_link_fault).
 * libarchive's own disk writer works on path names, and would need a chdir() to keep absolute paths
 * refused. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tar/tar-internal.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"

#define FOLDERS_MAX 65536

struct unpacked_folder {
	char *path; /* below the root, components joined by '/' */
	mode_t mode;
	struct timespec mtime;
};

struct unpacking {
	struct tar_reader reader;
	int root;                        /* the folder unpacked into */
	int strip;                       /* leading components that are dropped, … */
	struct strv top;                 /* … and what they must be */
	uint64_t bytes;                  /* sizes of all files */
	char entry[256];                 /* the current entry's name, fit for a message */
	struct unpacked_folder *folders; /* whose modes and times are set when nothing more comes */
	size_t n_folders;
	struct err *err;
};

static void set_entry(struct unpacking *u, const char *name)
{
	snprintf(u->entry, sizeof(u->entry), "%s", name);
	tar_make_harmless(u->entry);
}

/* The current entry is bad. */
__attribute__((format(printf, 2, 3))) static int refuse_entry(
	struct unpacking *u, const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return tar_refuse(&u->reader, u->err, "its entry '%s' %s", u->entry, text);
}

/* The system refused; errno says why. */
static int fail_entry(struct unpacking *u, const char *what)
{
	return err_sys(
		u->err, "cannot unpack '%s': cannot %s '%s'", u->reader.name, what, u->entry);
}

const char *tar_path_split(const char *path, struct strv *parts)
{
	if (*path == '/')
		return "has an absolute path";
	if (strlen(path) > TAR_PATH_MAX)
		return "has a path of more than " TAR_TEXT(TAR_PATH_MAX) " bytes";
	while (*(path += strspn(path, "/"))) {
		size_t n = strcspn(path, "/");

		if (n == 2 && !memcmp(path, "..", 2))
			return "has a '..' component";
		if (n != 1 || *path != '.')
			strv_take(parts, xstrndup(path, n));
		path += n;
	}
	return parts->n > TAR_DEPTH_MAX
		       ? "is nested deeper than " TAR_TEXT(TAR_DEPTH_MAX) " folders"
		       : NULL;
}

/* Splits a path of the archive into its components. */
static int split_path(struct unpacking *u, const char *what, const char *path, struct strv *parts)
{
	const char *fault = tar_path_split(path, parts);

	return fault ? refuse_entry(u, "%s%s", fault, what) : 0;
}

/* Drops the leading components. None are left when the path is a top folder itself. */
static int strip_path(struct unpacking *u, struct strv *parts)
{
	size_t n = 0;

	for (; n < (size_t)u->strip && n < parts->n; n++) {
		if (n == u->top.n)
			strv_add(&u->top, parts->v[n]);
		else if (strcmp(u->top.v[n], parts->v[n]) != 0)
			return refuse_entry(u, "is not in the single top folder '%s'", u->top.v[n]);
		free(parts->v[n]);
	}
	parts->n -= n;
	if (n)
		memmove(parts->v, parts->v + n, (parts->n + 1) * sizeof(*parts->v));
	return 0;
}

/* Opens the folder made of the first n components, creating what is missing. */
static int open_folder(struct unpacking *u, const struct strv *parts, size_t n)
{
	int at = fcntl(u->root, F_DUPFD_CLOEXEC, 0);

	for (size_t i = 0; i < n && at >= 0; i++) {
		const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
		const char *name = parts->v[i];
		CLEANUP_CLOSE int parent = at;

		at = openat(parent, name, flags);
		if (at < 0 && errno == ENOENT && mkdirat(parent, name, 0755) == 0)
			at = openat(parent, name, flags);
		if (at < 0 && (errno == ELOOP || errno == ENOTDIR))
			return refuse_entry(
				u, "would be placed through '%s', which is not a folder", name);
	}
	return at >= 0 ? at : fail_entry(u, "create the folder of");
}

/* Makes room for a file or link, `kind` by its S_IFMT, which may replace one of the same kind. Not
 * in a zip archive: of two with one name some readers take the first, others the last. */
static int make_room(struct unpacking *u, int parent, const char *name, mode_t kind)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail_entry(u, "create");
	if (!u->reader.raw || (st.st_mode & S_IFMT) != kind)
		return refuse_entry(u, "would replace %s of the same name",
			S_ISREG(st.st_mode)   ? "a file"
			: S_ISDIR(st.st_mode) ? "a folder"
					      : "a link");
	return unlinkat(parent, name, 0) == 0 ? 0 : fail_entry(u, "replace");
}

static struct timespec entry_mtime(struct archive_entry *e)
{
	struct timespec t = {
		.tv_sec = archive_entry_mtime(e), .tv_nsec = archive_entry_mtime_nsec(e)};

	if (!archive_entry_mtime_is_set(e))
		t.tv_nsec = UTIME_NOW;
	else if (t.tv_nsec < 0 || t.tv_nsec > 999999999)
		t.tv_nsec = 0;
	return t;
}

static int write_content(struct unpacking *u, int fd, uint64_t size)
{
	struct tar_reader *r = &u->reader;
	uint64_t end = 0;
	const void *data;
	la_int64_t offset;
	size_t n;
	int got;

	while (r->held = 0,
		(got = archive_read_data_block(r->entries, &data, &n, &offset)) == ARCHIVE_OK) {
		if (offset < 0 || __builtin_add_overflow((uint64_t)offset, n, &end) || end > size)
			return refuse_entry(u, "holds more than it declares");
		if (interrupt_check(u->err) < 0)
			return -1;
		if (lseek(fd, (off_t)offset, SEEK_SET) < 0 || write_fully(fd, data, n) < 0)
			return fail_entry(u, "write");
	}
	if (got != ARCHIVE_EOF)
		return refuse_entry(u, "is truncated or corrupt: %s", tar_reason(r->entries));
	if (!r->raw && end != size)
		return refuse_entry(u, "holds less than it declares");
	/* a hole at the end of a sparse file */
	if (end < size && ftruncate(fd, (off_t)size) < 0)
		return fail_entry(u, "write");
	return 0;
}

static int add_size(struct unpacking *u, struct archive_entry *e)
{
	la_int64_t size = archive_entry_size(e);

	if (size < 0 || __builtin_add_overflow(u->bytes, (uint64_t)size, &u->bytes) ||
		u->bytes > u->reader.limits.max_bytes)
		return tar_refuse_size(&u->reader, u->err);
	return 0;
}

static int unpack_file(struct unpacking *u, struct archive_entry *e, int parent, const char *name)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, entry_mtime(e)};
	CLEANUP_CLOSE int fd = -1;

	if (add_size(u, e) < 0 || make_room(u, parent, name, S_IFREG) < 0)
		return -1;
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_entry(u, "create");
	if (write_content(u, fd, (uint64_t)archive_entry_size(e)) < 0)
		return -1;
	if (fchmod(fd, (archive_entry_perm(e) & 0755) | 0400) < 0 || futimens(fd, times) < 0)
		return fail_entry(u, "set mode and time of");
	return 0;
}

/* '..' may only stand at the start of a target, where it leaves a folder that is known to be real:
 * after a name it could leave what a link of the archive points to, and so the root. */
const char *tar_link_fault(const char *target, size_t depth)
{
	bool named = false;

	if (!target || !*target)
		return "is a link to nothing";
	if (*target == '/')
		return "is a link that leads outside, to an absolute path";
	if (strlen(target) > TAR_PATH_MAX)
		return "is a link to a path that is too long";
	while (*(target += strspn(target, "/"))) {
		size_t n = strcspn(target, "/");

		if (n == 2 && !memcmp(target, "..", 2)) {
			if (named)
				return "is a link that may lead outside by '..'";
			if (!depth--)
				return "is a link that leads outside by '..'";
		} else if (n != 1 || *target != '.') {
			named = true;
		}
		target += n;
	}
	return NULL;
}

static int unpack_symlink(
	struct unpacking *u, struct archive_entry *e, int parent, const char *name, size_t depth)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, entry_mtime(e)};
	const char *target = archive_entry_symlink(e), *fault = tar_link_fault(target, depth);

	if (fault)
		return refuse_entry(u, "%s", fault);
	if (u->reader.limits.wheel)
		return refuse_entry(u, TAR_WHEEL_LINK);
	if (make_room(u, parent, name, S_IFLNK) < 0)
		return -1;
	if (symlinkat(target, parent, name) < 0 ||
		utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_entry(u, "create the link");
	return 0;
}

/* As GNU tar does: also of a symbolic link, and what is there already, or is the file itself, is
 * fine. */
static int unpack_hardlink(
	struct unpacking *u, const char *target, int parent, const char *name, size_t depth)
{
	CLEANUP_STRV struct strv parts = STRV_INIT;
	CLEANUP_CLOSE int from = -1;
	char text[TAR_PATH_MAX + 2];
	const char *fault;
	struct stat st, there;
	ssize_t n;

	if (split_path(u, " in its link target", target, &parts) < 0 || strip_path(u, &parts) < 0)
		return -1;
	if (!parts.n)
		return refuse_entry(u, "is a hard link to a folder");
	from = open_folder(u, &parts, parts.n - 1);
	if (from < 0)
		return -1;
	target = parts.v[parts.n - 1];
	if (fstatat(from, target, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		(!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)))
		return refuse_entry(
			u, "is a hard link to what is no file or link unpacked before it");
	if (fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_dev == st.st_dev &&
		there.st_ino == st.st_ino)
		return 0;
	/* From another depth a second name of a symbolic link leads elsewhere. */
	if (S_ISLNK(st.st_mode)) {
		n = readlinkat(from, target, text, sizeof(text) - 1);
		text[n < 0 ? 0 : n] = '\0';
		fault = n < 0 ? "is a hard link to a link that cannot be read"
			      : tar_link_fault(text, depth);
		if (fault)
			return refuse_entry(u, "%s", fault);
	}
	if (make_room(u, parent, name, st.st_mode & S_IFMT) < 0)
		return -1;
	return linkat(from, target, parent, name, 0) == 0 ? 0 : fail_entry(u, "create the link");
}

static int unpack_folder(struct unpacking *u, struct archive_entry *e, const struct strv *parts)
{
	CLEANUP_CLOSE int fd = open_folder(u, parts, parts->n);

	if (fd < 0)
		return -1;
	if (u->n_folders == FOLDERS_MAX)
		return tar_refuse(&u->reader, u->err, "it has more than %d folders", FOLDERS_MAX);
	*ARRAY_ADD(u->folders, u->n_folders) = (struct unpacked_folder){
		.path = strv_join(parts, "/"),
		.mode = (archive_entry_perm(e) & 0755) | 0700,
		.mtime = entry_mtime(e),
	};
	return 0;
}

static int unpack_entry(struct unpacking *u, struct archive_entry *e)
{
	const char *name = archive_entry_pathname(e), *link = archive_entry_hardlink(e);
	bool folder = !link && archive_entry_filetype(e) == AE_IFDIR;
	CLEANUP_STRV struct strv parts = STRV_INIT;
	CLEANUP_CLOSE int parent = -1;

	set_entry(u, name ? name : "");
	if (!name || !*name)
		return refuse_entry(u, "has no name");
	if (!link && !folder && archive_entry_filetype(e) != AE_IFREG &&
		archive_entry_filetype(e) != AE_IFLNK)
		return refuse_entry(u, "is a device, a pipe or a socket");
	if (split_path(u, "", name, &parts) < 0)
		return -1;
	if (!folder && !parts.n)
		return refuse_entry(u, "is the root, but not a folder");
	if (!folder && parts.n <= (size_t)u->strip)
		return refuse_entry(u, "is not in a top folder");
	if (strip_path(u, &parts) < 0)
		return -1;
	if (!parts.n)
		return 0;
	if (folder)
		return unpack_folder(u, e, &parts);
	parent = open_folder(u, &parts, parts.n - 1);
	if (parent < 0)
		return -1;
	name = parts.v[parts.n - 1];
	if (link)
		return unpack_hardlink(u, link, parent, name, parts.n - 1);
	if (archive_entry_filetype(e) == AE_IFLNK)
		return unpack_symlink(u, e, parent, name, parts.n - 1);
	return unpack_file(u, e, parent, name);
}

static int finish_folders(struct unpacking *u)
{
	for (size_t i = 0; i < u->n_folders; i++) {
		const struct unpacked_folder *f = &u->folders[i];
		struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, f->mtime};
		CLEANUP_STRV struct strv parts = STRV_INIT;
		CLEANUP_CLOSE int fd = -1;

		set_entry(u, f->path);
		strv_split(&parts, f->path, "/");
		fd = open_folder(u, &parts, parts.n);
		if (fd < 0)
			return -1;
		if (fchmod(fd, f->mode) < 0 || futimens(fd, times) < 0)
			return fail_entry(u, "set mode and time of");
	}
	return 0;
}

static void release_unpacking(struct unpacking *u)
{
	tar_reader_release(&u->reader);
	for (size_t i = 0; i < u->n_folders; i++)
		free(u->folders[i].path);
	free(u->folders);
	strv_release(&u->top);
	if (u->root >= 0)
		close(u->root);
}

/* Opens the folder to unpack into, which must be empty, and locks it: of two that unpack into one
 * at the same time, the one that fails would remove what the other wrote. */
static int open_root(const char *dir, const char *made, struct err *err)
{
	CLEANUP_CLOSE int fd = -1;
	int root, empty;

	if (make_dirs(dir, err) < 0) {
		dirs_remove(dir, made);
		return -1;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "cannot list '%s'", dir);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return err_set(err, ERR_ENVIRONMENT,
			"cannot unpack into '%s': another program is unpacking there", dir);
	empty = dir_is_empty(dir, err);
	if (empty < 0)
		return -1;
	if (!empty)
		return err_set(
			err, ERR_ENVIRONMENT, "cannot unpack into '%s': it is not empty", dir);
	root = fd;
	fd = -1;
	return root;
}

/* Removes what is in a folder. A failure leaves rubbish and changes nothing else, so the error
 * that brought us here is the one to report. */
static void empty_folder(const char *dir)
{
	CLEANUP_STRV struct strv names = STRV_INIT;
	struct err ignored = ERR_INIT;

	dir_list(dir, &names, &ignored);
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", dir, names.v[i]);

		tree_remove(path, &ignored);
	}
}

static int unpack_all(struct unpacking *u, int fd)
{
	struct archive_entry *e;
	int r = tar_reader_open(&u->reader, fd, u->err);

	if (r < 0)
		return -1;
	while ((r = tar_reader_next(&u->reader, &e, u->err)) == 1)
		if (unpack_entry(u, e) < 0)
			return -1;
	if (r == 0 && !u->reader.n)
		return tar_refuse(&u->reader, u->err, "it holds nothing");
	return r < 0 ? -1 : finish_folders(u);
}

int tar_extract_fd(int fd, const char *archive, const char *dir, int strip,
	const struct tar_limits *limits, struct err *err)
{
	CLEANUP(release_unpacking)
	struct unpacking u = {.reader = {.name = archive,
				      .verb = "unpack",
				      .limits = limits ? *limits : TAR_LIMITS_DEFAULT},
		.root = -1,
		.strip = strip,
		.err = err};
	CLEANUP_FREE char *made = dirs_missing(dir);
	struct stat st;

	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		err_set(err, ERR_INPUT, "cannot unpack '%s': it is no file", archive);
		return err_hint(err, "save what a pipe brings to a file first");
	}
	u.root = open_root(dir, made, err);
	if (u.root < 0)
		return -1;
	if (unpack_all(&u, fd) == 0)
		return 0;
	empty_folder(dir);
	dirs_remove(dir, made);
	return -1;
}

int tar_extract(const char *archive, const char *dir, int strip, const struct tar_limits *limits,
	struct err *err)
{
	CLEANUP_CLOSE int fd = file_open(archive, err);

	if (fd < 0)
		return -1;
	return tar_extract_fd(fd, archive, dir, strip, limits, err);
}
