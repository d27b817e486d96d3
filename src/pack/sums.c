#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "archive/archive.h"
#include "pack/pack.h"
#include "pack/sums-internal.h"

#define SUMS_MAX ((size_t)16 << 20)
#define HEX_LENGTH (SHA256_HEX_SIZE - 1)

/* "DIGEST  NAME" or "DIGEST *NAME": the name, or NULL for a line that is no such. */
static const char *name_of(const char *line)
{
	if (strspn(line, "0123456789abcdefABCDEF") != HEX_LENGTH || line[HEX_LENGTH] != ' ' ||
		(line[HEX_LENGTH + 1] != ' ' && line[HEX_LENGTH + 1] != '*'))
		return NULL;
	line += HEX_LENGTH + 2;
	return line + (strncmp(line, "./", 2) ? 0 : 2);
}

static int read_lines(const char *folder, struct strv *lines, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/" SUMS_FILE, folder);
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!path_exists(path))
		return 0;
	if (file_read(path, SUMS_MAX, &text, err) < 0)
		return -1;
	if (text.len)
		strv_split(lines, text.data, "\r\n");
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	const char *m = name_of(x), *n = name_of(y);

	return strcmp(m ? m : x, n ? n : y);
}

static bool names_one_of(const char *line, const struct sum *sums, size_t n)
{
	const char *name = name_of(line);

	for (size_t i = 0; name && i < n; i++) {
		if (!strcmp(name, sums[i].name))
			return true;
	}
	return false;
}

int sums_write(
	const char *path, const char *folder, const struct sum *sums, size_t n, struct err *err)
{
	CLEANUP_STRV struct strv lines = STRV_INIT, kept = STRV_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (read_lines(folder, &lines, err) < 0)
		return -1;
	for (size_t i = 0; i < lines.n; i++) {
		if (!names_one_of(lines.v[i], sums, n))
			strv_add(&kept, lines.v[i]);
	}
	for (size_t i = 0; i < n; i++)
		strv_addf(&kept, "%s  %s", sums[i].hex, sums[i].name);
	sort_array(kept.v, kept.n, sizeof(*kept.v), by_name);
	for (size_t i = 0; i < kept.n; i++)
		buf_addf(&text, "%s\n", kept.v[i]);
	return file_write(path, text.data, text.len, 0644, err);
}

int sums_get(const char *folder, const char *name, char hex[SHA256_HEX_SIZE], struct err *err)
{
	CLEANUP_STRV struct strv lines = STRV_INIT;
	bool found = false;

	if (read_lines(folder, &lines, err) < 0)
		return -1;
	for (size_t i = 0; i < lines.n; i++) {
		const char *other = name_of(lines.v[i]);

		if (!other || strcmp(other, name) != 0)
			continue;
		if (found && strncasecmp(hex, lines.v[i], HEX_LENGTH) != 0)
			return err_set(err, ERR_INPUT, "'%s/" SUMS_FILE "' has two digests of '%s'",
				folder, name);
		memcpy(hex, lines.v[i], HEX_LENGTH);
		hex[HEX_LENGTH] = '\0';
		found = true;
	}
	return found;
}

int sums_compare(
	const char *archive, const char *said, const char *got, const char *wanted, struct err *err)
{
	if (!strcasecmp(got, wanted))
		return 0;
	err_set(err, ERR_INPUT, "'%s' is not what %s says: its SHA-256 is %s, not %s", archive,
		said, got, wanted);
	return err_hint(err, "it is damaged or was replaced; get it again");
}

/* Is it what it should be? `fd` is at its start, and is again afterwards. */
static int verify(
	int fd, const char *archive, const char *sha256, const char **said, struct err *err)
{
	CLEANUP_FREE char *dir = path_dir(archive);
	char wanted[SHA256_HEX_SIZE] = "", got[SHA256_HEX_SIZE];
	int found = 1;

	*said = sha256 ? "the digest given" : SUMS_FILE;
	if (sha256 && (strlen(sha256) != HEX_LENGTH ||
			      strspn(sha256, "0123456789abcdefABCDEF") != HEX_LENGTH))
		return err_set(err, ERR_USAGE, "'%s' is no SHA-256 digest", sha256);
	if (sha256)
		memcpy(wanted, sha256, sizeof(wanted));
	else
		found = sums_get(dir, path_base(archive), wanted, err);
	if (found < 0)
		return -1;
	if (!found) {
		*said = NULL;
		return 0;
	}
	if (sha256_fd(fd, archive, got, NULL, err) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "cannot read '%s' twice", archive);
	return sums_compare(archive, *said, got, wanted, err);
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
