/* The compressors. zstd is used directly: libarchive's filter cannot have both a checksum and
 * worker threads. gzip is libarchive's, around a format that adds nothing. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "tar/tar-internal.h"
#include "base/file.h"
#include "base/interrupt.h"

/* What one worker takes at a time, and how much it looks back into what came before. They are part
 * of the format of our archives: they decide on their bytes, as the number of workers does not. At
 * slow levels the looking back takes so long that half a window is the better bargain. */
#define JOB_SIZE (8 << 20)
#define SLOW_LEVEL 16
#define SLOW_JOB_SIZE (24 << 20)
#define SLOW_OVERLAP 8 /* of 9 for a whole window; each less halves it */
#define GZIP_LEVEL_MAX 9

struct sink {
	char *path, *beside;
	int fd;
	EVP_MD_CTX *sha256;
	uint64_t size;
	ZSTD_CCtx *zstd;
	struct archive *gzip;
	struct archive_entry *entry;
	char *out;
	size_t out_size;
	struct err err; /* of what libarchive called */
};

static int put(struct sink *s, const void *data, size_t len, struct err *err)
{
	const char *p = data;

	if (interrupt_check(err) < 0)
		return -1;
	if (EVP_DigestUpdate(s->sha256, data, len) != 1)
		return err_set(err, ERR_ENVIRONMENT, "libcrypto cannot compute SHA-256");
	s->size += len;
	while (len) {
		ssize_t n = write(s->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "cannot write '%s'", s->beside);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static la_ssize_t gzip_put(struct archive *a, void *ctx, const void *data, size_t len)
{
	struct sink *s = ctx;

	if (put(s, data, len, &s->err) == 0)
		return (la_ssize_t)len;
	archive_set_error(a, EIO, "not written");
	return -1;
}

static int gzip_failed(struct sink *s, struct err *err)
{
	if (s->err.code) {
		*err = s->err;
		return -1;
	}
	return err_set(
		err, ERR_ENVIRONMENT, "cannot compress '%s': %s", s->path, tar_reason(s->gzip));
}

static int gzip_open(struct sink *s, int level, struct err *err)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", level > GZIP_LEVEL_MAX ? GZIP_LEVEL_MAX : level);
	s->gzip = archive_write_new();
	s->entry = archive_entry_new();
	if (!s->gzip || !s->entry)
		bug("no memory for an archive");
	archive_entry_set_filetype(s->entry, AE_IFREG);
	if (archive_write_add_filter_gzip(s->gzip) != ARCHIVE_OK ||
		archive_write_set_filter_option(s->gzip, "gzip", "compression-level", number) !=
			ARCHIVE_OK ||
		archive_write_set_filter_option(s->gzip, "gzip", "timestamp", NULL) != ARCHIVE_OK ||
		archive_write_set_format_raw(s->gzip) != ARCHIVE_OK ||
		archive_write_set_bytes_in_last_block(s->gzip, 1) != ARCHIVE_OK ||
		archive_write_open(s->gzip, s, NULL, gzip_put, NULL) != ARCHIVE_OK ||
		archive_write_header(s->gzip, s->entry) != ARCHIVE_OK)
		return gzip_failed(s, err);
	return 0;
}

static int zstd_set(struct sink *s, ZSTD_cParameter parameter, int value, struct err *err)
{
	size_t r = ZSTD_CCtx_setParameter(s->zstd, parameter, value);

	if (!ZSTD_isError(r))
		return 0;
	return err_set(err, ERR_UNSUPPORTED, "this libzstd cannot compress as wanted: %s",
		ZSTD_getErrorName(r));
}

/* So many that memory stays under 512 MiB: what each needs grows with the level. */
static int workers_for(int level, unsigned int threads)
{
	unsigned int most = level >= SLOW_LEVEL ? 3 : level >= 12 ? 4 : 8;

	return (int)(threads < 1 ? 1 : threads > most ? most : threads);
}

static int zstd_open(struct sink *s, int level, unsigned int threads, struct err *err)
{
	bool slow = level >= SLOW_LEVEL;

	s->zstd = ZSTD_createCCtx();
	if (!s->zstd)
		bug("no memory for zstd");
	s->out_size = ZSTD_CStreamOutSize();
	s->out = xcalloc(1, s->out_size);
	if (zstd_set(s, ZSTD_c_compressionLevel, level, err) < 0 ||
		zstd_set(s, ZSTD_c_checksumFlag, 1, err) < 0 ||
		zstd_set(s, ZSTD_c_nbWorkers, workers_for(level, threads), err) < 0 ||
		zstd_set(s, ZSTD_c_jobSize, slow ? SLOW_JOB_SIZE : JOB_SIZE, err) < 0)
		return -1;
	return slow ? zstd_set(s, ZSTD_c_overlapLog, SLOW_OVERLAP, err) : 0;
}

static int zstd_write(struct sink *s, const void *data, size_t len, bool end, struct err *err)
{
	ZSTD_inBuffer in = {data, len, 0};
	size_t left;

	do {
		ZSTD_outBuffer out = {s->out, s->out_size, 0};

		left = ZSTD_compressStream2(s->zstd, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return err_set(err, ERR_ENVIRONMENT, "cannot compress '%s': %s", s->path,
				ZSTD_getErrorName(left));
		if (out.pos && put(s, s->out, out.pos, err) < 0)
			return -1;
	} while (end ? left != 0 : in.pos < in.size);
	return 0;
}

int sink_open(const char *path, enum sink_form form, int level, unsigned int threads,
	struct sink **ret, struct err *err)
{
	CLEANUP_FREE char *dir = path_dir(path);
	struct sink *s = xcalloc(1, sizeof(*s));

	*ret = s;
	s->fd = -1;
	s->path = xstrdup(path);
	s->sha256 = EVP_MD_CTX_new();
	if (!s->sha256 || EVP_DigestInit_ex(s->sha256, EVP_sha256(), NULL) != 1)
		return err_set(err, ERR_ENVIRONMENT, "libcrypto cannot compute SHA-256");
	if (make_dirs(dir, err) < 0)
		return -1;
	s->beside = xasprintf("%s/.%s.XXXXXX", dir, path_base(path));
	s->fd = mkostemp(s->beside, O_CLOEXEC);
	if (s->fd < 0) {
		err_sys(err, "cannot create a file in '%s'", dir);
		free(s->beside);
		s->beside = NULL;
		return -1;
	}
	if (form == SINK_GZIP)
		return gzip_open(s, level, err);
	return form == SINK_ZSTD ? zstd_open(s, level, threads, err) : 0;
}

int sink_write(struct sink *s, const void *data, size_t len, struct err *err)
{
	if (s->zstd)
		return zstd_write(s, data, len, false, err);
	if (!s->gzip)
		return put(s, data, len, err);
	return archive_write_data(s->gzip, data, len) == (la_ssize_t)len ? 0 : gzip_failed(s, err);
}

int sink_finish(struct sink *s, uint64_t *size, char hex[SHA256_HEX_SIZE], struct err *err)
{
	unsigned char digest[32];

	if (s->zstd && zstd_write(s, NULL, 0, true, err) < 0)
		return -1;
	if (s->gzip && archive_write_close(s->gzip) != ARCHIVE_OK)
		return gzip_failed(s, err);
	if (fchmod(s->fd, 0644) < 0 || fsync(s->fd) < 0)
		return err_sys(err, "cannot write '%s'", s->beside);
	if (EVP_DigestFinal_ex(s->sha256, digest, NULL) != 1)
		return err_set(err, ERR_ENVIRONMENT, "libcrypto cannot compute SHA-256");
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	*size = s->size;
	if (path_rename(s->beside, s->path, err) < 0)
		return -1;
	free(s->beside);
	s->beside = NULL;
	return 0;
}

void sink_free(struct sink *s)
{
	if (!s)
		return;
	archive_write_free(s->gzip);
	archive_entry_free(s->entry);
	ZSTD_freeCCtx(s->zstd);
	EVP_MD_CTX_free(s->sha256);
	if (s->fd >= 0)
		close(s->fd);
	if (s->beside)
		unlink(s->beside);
	free(s->beside);
	free(s->path);
	free(s->out);
	free(s);
}
