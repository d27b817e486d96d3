/* Unpacks an archive after checking it against its publisher's digest. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tar/tar.h"
#include "pack/pack.h"
#include "pack/pack-internal.h"

#define STAGE ".solder-unpack"
#define HEX_LENGTH (SHA256_HEX_SIZE - 1)
#define PENDING                                                                                    \
	"a 'solder pack' is not done there, or was interrupted; packing into the folder again "    \
	"completes it"

/* Fails on a mismatch. `fd` is at its start, before and after. */
static int compare(
	int fd, const char *archive, const char *said, const char *wanted, struct err *err)
{
	char got[SHA256_HEX_SIZE];

	if (sha256_fd(fd, archive, got, NULL, err) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "cannot read '%s' twice", archive);
	return sums_compare(archive, said, got, wanted, err);
}

/* Compares the archive with the list, if that was read without failure. */
static int compare_listed(
	int fd, const char *archive, const char *folder, const struct sums *sums, struct err *err)
{
	char wanted[SHA256_HEX_SIZE];
	int found = sums_find(sums, folder, path_base(archive), wanted, err);

	if (found < 0)
		return -1;
	if (found)
		return compare(fd, archive, SUMS_FILE, wanted, err);
	err_set(err, ERR_INPUT, "'%s/" SUMS_FILE "' does not name '%s'", folder,
		path_base(archive));
	return err_hint(err,
		publish_is_pending(folder)
			? PENDING
			: "get the list that belongs to it, or give 'solder unpack' its digest with --sha256");
}

static int verify(
	int fd, const char *archive, const char *sha256, const char **said, struct err *err)
{
	CLEANUP_SUMS struct sums sums = {0};
	CLEANUP_FREE char *dir = path_dir(archive);
	int found;

	*said = NULL;
	if (sha256) {
		if (strlen(sha256) != HEX_LENGTH ||
			strspn(sha256, "0123456789abcdefABCDEF") != HEX_LENGTH)
			return err_set(err, ERR_USAGE, "'%s' is not a SHA-256 digest", sha256);
		*said = "the digest given";
		return compare(fd, archive, *said, sha256, err);
	}
	found = sums_read(dir, &sums, err);
	if (found <= 0)
		return found;
	*said = SUMS_FILE;
	return compare_listed(fd, archive, dir, &sums, err);
}

/* Reads nothing of the archive before the list that names it is verified to be the signer's. */
static int verify_signed(int fd, const char *archive, const char *key, struct err *err)
{
	CLEANUP_SUMS struct sums sums = {0};
	CLEANUP_KEY struct key k = {0};
	CLEANUP_FREE char *dir = path_dir(archive);

	if (key_read_public(key, &k, err) < 0)
		return -1;
	if (sums_read_signed(dir, &k, &sums, err) == 0)
		return compare_listed(fd, archive, dir, &sums, err);
	if (publish_is_pending(dir))
		err_hint(err, PENDING);
	return -1;
}

/* True if a new folder may replace `dir`: not if it is a mount point or would change owner, nor if
 * it is not empty, which extraction must refuse. */
static bool is_replaceable(const char *dir, const char *parent)
{
	struct stat st, above;
	struct err ignored = ERR_INIT;

	return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && stat(parent, &above) == 0 &&
	       st.st_dev == above.st_dev && st.st_uid == geteuid() && st.st_gid == getegid() &&
	       access(parent, W_OK | X_OK) == 0 && dir_is_empty(dir, &ignored) == 1;
}

/* Appears as a whole or not at all, where possible: a killed run leaves a scratch folder next to
 * it, which the next run clears. */
static int place(int fd, const char *archive, const char *dir, int strip,
	const struct tar_limits *limits, struct err *err)
{
	CLEANUP_FREE char *target = realpath(dir, NULL), *parent = NULL, *made = NULL;
	CLEANUP_FREE char *stage = NULL, *tree = NULL;
	struct err ignored = ERR_INIT;
	struct stat st;
	int failed;

	if (!target) {
		target = path_absolute(dir);
		for (size_t n = strlen(target); n > 1 && target[n - 1] == '/'; n--)
			target[n - 1] = '\0';
	}
	parent = path_dir(target);
	scratch_clear(parent, STAGE);
	if (path_exists(target) && !is_replaceable(target, parent))
		return tar_extract_fd(fd, archive, dir, strip, limits, err);
	made = dirs_missing(parent);
	failed = make_dirs(parent, err);
	stage = failed < 0 ? NULL : scratch_make(parent, STAGE, err);
	if (stage) {
		tree = xasprintf("%s/tree", stage);
		failed = tar_extract_fd(fd, archive, tree, strip, limits, err);
		if (failed == 0 && lstat(target, &st) == 0 && chmod(tree, st.st_mode & 07777) < 0)
			failed = err_sys(err, "cannot set the mode of '%s'", tree);
		if (failed == 0)
			failed = path_rename(tree, target, err);
		scratch_end(stage, &ignored);
	}
	if (!stage || failed < 0)
		dirs_remove(parent, made);
	return stage ? failed : -1;
}

int pack_unpack(const char *archive, const char *sha256, const char *dir, int strip,
	const struct tar_limits *limits, const char **said, struct err *err)
{
	CLEANUP_CLOSE int fd = file_open(archive, err);

	if (fd < 0)
		return -1;
	if (verify(fd, archive, sha256, said, err) < 0)
		return -1;
	return place(fd, archive, dir, strip, limits, err);
}

int pack_unpack_signed(const char *archive, const char *key, const char *dir, int strip,
	const struct tar_limits *limits, struct err *err)
{
	CLEANUP_CLOSE int fd = open(archive, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "cannot open '%s'", archive);
	if (verify_signed(fd, archive, key, err) < 0)
		return -1;
	return place(fd, archive, dir, strip, limits, err);
}
