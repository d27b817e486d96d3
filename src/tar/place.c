/* Puts the entries of an archive into a folder.
 *
 * libarchive's own disk writer works on path names, so it would need a chdir() to keep absolute
 * paths refused. Here every component is opened below the one before it with O_NOFOLLOW; a link in
 * the way cannot be followed by construction.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tar/tar-internal.h"
#include "base/interrupt.h"
#include "base/mem.h"

#define FOLDERS_MAX 65536

/* How many bytes the character at `s` has; 0 for what a terminal would obey (C0 and C1 controls) or
 * what is no UTF-8. */
static size_t harmless(const unsigned char *s)
{
	size_t n = *s < 0x80   ? 1
		   : *s < 0xc2 ? 0
		   : *s < 0xe0 ? 2
		   : *s < 0xf0 ? 3
		   : *s < 0xf5 ? 4
			       : 0;

	if (*s < 0x20 || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0))
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

/* The archive chooses its names, and messages go to terminals. */
static void make_harmless(char *text)
{
	while (*text) {
		size_t n = harmless((const unsigned char *)text);

		if (!n)
			*text = '?';
		text += n ? n : 1;
	}
}

static void set_entry(struct unpack *u, const char *name)
{
	snprintf(u->entry, sizeof(u->entry), "%s", name);
	make_harmless(u->entry);
}

int unpack_refuse(struct unpack *u, const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	if (u->failed)
		return -1;
	u->failed = true;
	if (u->input.error) {
		errno = u->input.error;
		return err_sys(u->err, "cannot read '%s'", u->archive);
	}
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	/* some of libarchive's messages end in a newline */
	text[strcspn(text, "\n")] = '\0';
	make_harmless(text);
	return err_set(u->err, ERR_INPUT, "cannot unpack '%s': %s", u->archive, text);
}

int unpack_refuse_size(struct unpack *u)
{
	if (u->failed)
		return -1;
	unpack_refuse(u, "it unpacks to more than %" PRIu64 " bytes", u->limits.max_bytes);
	return err_hint(u->err, "if you trust it, 'solder unpack --max-gib N' takes more");
}

/* The current entry is bad. */
__attribute__((format(printf, 2, 3))) static int refuse_entry(
	struct unpack *u, const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return unpack_refuse(u, "its entry '%s' %s", u->entry, text);
}

/* The system refused; errno says why. */
static int fail_entry(struct unpack *u, const char *what)
{
	if (!u->failed)
		err_sys(u->err, "cannot unpack '%s': cannot %s '%s'", u->archive, what, u->entry);
	u->failed = true;
	return -1;
}

int unpack_check_interrupt(struct unpack *u)
{
	if (u->failed || interrupt_check(u->err) == 0)
		return u->failed ? -1 : 0;
	u->failed = true;
	return -1;
}

/* Splits a path of the archive into its components. */
static int split_path(struct unpack *u, const char *what, const char *path, struct strv *parts)
{
	if (*path == '/')
		return refuse_entry(u, "has an absolute path%s", what);
	if (strlen(path) > PATH_LENGTH_MAX)
		return refuse_entry(u, "has a path of more than %d bytes%s", PATH_LENGTH_MAX, what);
	while (*(path += strspn(path, "/"))) {
		size_t n = strcspn(path, "/");

		if (n == 2 && !memcmp(path, "..", 2))
			return refuse_entry(u, "has a '..' component%s", what);
		if (n != 1 || *path != '.')
			strv_take(parts, xstrndup(path, n));
		path += n;
	}
	if (parts->n > DEPTH_MAX)
		return refuse_entry(u, "is nested deeper than %d folders%s", DEPTH_MAX, what);
	return 0;
}

/* Drops the leading components. None are left when the path is a top folder itself. */
static int strip_path(struct unpack *u, struct strv *parts)
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
static int open_folder(struct unpack *u, const struct strv *parts, size_t n)
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
static int make_room(struct unpack *u, int parent, const char *name, mode_t kind)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail_entry(u, "create");
	if (!u->raw || (st.st_mode & S_IFMT) != kind)
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

static int write_block(struct unpack *u, int fd, const char *data, size_t n, off_t offset)
{
	while (n) {
		ssize_t done = pwrite(fd, data, n, offset);

		if (done < 0 && errno == EINTR && unpack_check_interrupt(u) == 0)
			continue;
		if (done < 0)
			return fail_entry(u, "write");
		data += done;
		offset += done;
		n -= (size_t)done;
	}
	return 0;
}

static int next_block(struct unpack *u, const void **data, size_t *n, la_int64_t *offset)
{
	u->held = 0;
	return archive_read_data_block(u->reader, data, n, offset);
}

static int write_content(struct unpack *u, int fd, uint64_t size)
{
	uint64_t end = 0;
	const void *data;
	la_int64_t offset;
	size_t n;
	int r;

	while ((r = next_block(u, &data, &n, &offset)) == ARCHIVE_OK) {
		if (offset < 0 || __builtin_add_overflow((uint64_t)offset, n, &end) || end > size)
			return refuse_entry(u, "holds more than it declares");
		if (unpack_check_interrupt(u) < 0 || write_block(u, fd, data, n, offset) < 0)
			return -1;
	}
	if (r != ARCHIVE_EOF)
		return refuse_entry(u, "is truncated or corrupt: %s", tar_reason(u->reader));
	if (!u->raw && end != size)
		return refuse_entry(u, "holds less than it declares");
	/* a hole at the end of a sparse file */
	if (end < size && ftruncate(fd, (off_t)size) < 0)
		return fail_entry(u, "write");
	return 0;
}

static int unpack_file(struct unpack *u, struct archive_entry *e, int parent, const char *name)
{
	la_int64_t size = archive_entry_size(e);
	struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, entry_mtime(e)};
	CLEANUP_CLOSE int fd = -1;

	if (size < 0 || __builtin_add_overflow(u->file_bytes, (uint64_t)size, &u->file_bytes) ||
		u->file_bytes > u->limits.max_bytes)
		return unpack_refuse_size(u);
	if (make_room(u, parent, name, S_IFREG) < 0)
		return -1;
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_entry(u, "create");
	if (write_content(u, fd, (uint64_t)size) < 0)
		return -1;
	if (fchmod(fd, (archive_entry_perm(e) & 0755) | 0400) < 0 || futimens(fd, times) < 0)
		return fail_entry(u, "set mode and time of");
	return 0;
}

/* '..' may only stand at the start of a target, where it leaves a folder that is known to be real:
 * behind a name it could leave what a link of the archive points to, and so the root. */
const char *tar_link_fault(const char *target, size_t depth)
{
	bool named = false;

	if (!target || !*target)
		return "is a link to nothing";
	if (*target == '/')
		return "is a link that leads outside, to an absolute path";
	if (strlen(target) > PATH_LENGTH_MAX)
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
	struct unpack *u, struct archive_entry *e, int parent, const char *name, size_t depth)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, entry_mtime(e)};
	const char *target = archive_entry_symlink(e), *fault = tar_link_fault(target, depth);

	if (fault)
		return refuse_entry(u, "%s", fault);
	if (u->limits.wheel)
		return refuse_entry(u, "is a link, which would be installed as a file");
	if (make_room(u, parent, name, S_IFLNK) < 0)
		return -1;
	if (symlinkat(target, parent, name) < 0 ||
		utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_entry(u, "create the link");
	return 0;
}

/* A second name of a symbolic link may be at another depth, from which it leads elsewhere. */
static const char *moved_link_fault(int from, const char *target, size_t depth)
{
	char text[PATH_LENGTH_MAX + 2];
	ssize_t n = readlinkat(from, target, text, sizeof(text) - 1);

	if (n < 0)
		return "is a hard link to a link that cannot be read";
	text[n] = '\0';
	return tar_link_fault(text, depth);
}

/* As GNU tar does: also of a symbolic link, and what is there already, or is the file itself, is
 * fine. */
static int unpack_hardlink(
	struct unpack *u, const char *target, int parent, const char *name, size_t depth)
{
	CLEANUP_STRV struct strv parts = STRV_INIT;
	CLEANUP_CLOSE int from = -1;
	const char *fault = NULL;
	struct stat st, there;

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
	if (S_ISLNK(st.st_mode))
		fault = moved_link_fault(from, target, depth);
	if (fault)
		return refuse_entry(u, "%s", fault);
	if (make_room(u, parent, name, st.st_mode & S_IFMT) < 0)
		return -1;
	return linkat(from, target, parent, name, 0) == 0 ? 0 : fail_entry(u, "create the link");
}

static int unpack_folder(struct unpack *u, struct archive_entry *e, const struct strv *parts)
{
	CLEANUP_CLOSE int fd = open_folder(u, parts, parts->n);

	if (fd < 0)
		return -1;
	if (u->n_folders == FOLDERS_MAX)
		return unpack_refuse(u, "it has more than %d folders", FOLDERS_MAX);
	if (!(u->n_folders & (u->n_folders + 1)))
		u->folders = xreallocarray(u->folders, 2 * (u->n_folders + 1), sizeof(*u->folders));
	u->folders[u->n_folders++] = (struct unpacked_folder){
		.path = strv_join(parts, "/"),
		.mode = (archive_entry_perm(e) & 0755) | 0700,
		.mtime = entry_mtime(e),
	};
	return 0;
}

int unpack_entry(struct unpack *u, struct archive_entry *e)
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
	if (split_path(u, "", name, &parts) < 0 || (!folder && !parts.n))
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

int unpack_finish_folders(struct unpack *u)
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
