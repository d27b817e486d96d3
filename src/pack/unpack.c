/* Is an archive what its publisher says? Then out it comes. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/archive.h"
#include "pack/pack.h"
#include "pack/sums-internal.h"

#define HEX_LENGTH (SHA256_HEX_SIZE - 1)

static int not_named(const char *archive, const char *folder, struct err *err)
{
	err_set(err, ERR_INPUT, "'%s/" SUMS_FILE "' does not name '%s'", folder,
		path_base(archive));
	return err_hint(err, "get the list that belongs to it, or give 'solder unpack' its digest "
			     "with --sha256");
}

/* Fails if it is not what it should be. `fd` is at its start, and is again afterwards. */
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

static int verify(
	int fd, const char *archive, const char *sha256, const char **said, struct err *err)
{
	CLEANUP_SUMS struct sums sums = {0};
	CLEANUP_FREE char *dir = path_dir(archive);
	char wanted[SHA256_HEX_SIZE];
	int found;

	*said = NULL;
	if (sha256) {
		if (strlen(sha256) != HEX_LENGTH ||
			strspn(sha256, "0123456789abcdefABCDEF") != HEX_LENGTH)
			return err_set(err, ERR_USAGE, "'%s' is no SHA-256 digest", sha256);
		*said = "the digest given";
		return compare(fd, archive, *said, sha256, err);
	}
	found = sums_read(dir, &sums, err);
	if (found <= 0)
		return found;
	found = sums_find(&sums, dir, path_base(archive), wanted, err);
	if (found <= 0)
		return found < 0 ? -1 : not_named(archive, dir, err);
	*said = SUMS_FILE;
	return compare(fd, archive, *said, wanted, err);
}

int pack_unpack(const char *archive, const char *sha256, const char *dir, int strip,
	const struct unpack_limits *limits, const char **said, struct err *err)
{
	CLEANUP_CLOSE int fd = open(archive, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "cannot open '%s'", archive);
	if (verify(fd, archive, sha256, said, err) < 0)
		return -1;
	return archive_unpack_fd(fd, archive, dir, strip, limits, err);
}
