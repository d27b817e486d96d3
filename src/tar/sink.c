/* The compressors. Both libraries are used directly: libarchive's filter for zstd cannot have both
 * a checksum and worker threads, and the one for gzip is a detour to zlib. */
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "tar/tar-internal.h"
#include "base/file.h"
#include "base/interrupt.h"

/* The bytes that one worker takes at a time, and how far it looks back before them. They are part
 * of the format of our archives: they decide on their bytes, as the number of workers does not. At
 * slow levels the looking back takes so long that half a window is the better bargain. */
#define JOB_SIZE (8 << 20)
#define SLOW_LEVEL 16
#define SLOW_JOB_SIZE (24 << 20)
#define SLOW_OVERLAP 8 /* of 9 for a whole window; each less halves it */
#define GZIP_LEVEL_MAX 9
#define GZIP_WINDOW (15 + 16) /* the largest; with gzip's header, without name and time */
#define GZIP_MEMORY 8         /* as every gzip has it: decides on the bytes too */

struct tar_sink {
	char *path, *temporary;
	int fd;
	EVP_MD_CTX *sha256;
	uint64_t size;
	enum tar_form form;
	ZSTD_CCtx *zstd;
	z_stream deflate;
	unsigned char *out;
	size_t out_size;
};

/* Bytes of the file. */
static int put_bytes(struct tar_sink *s, const void *data, size_t len, struct err *err)
{
	if (interrupt_check(err) < 0)
		return -1;
	if (EVP_DigestUpdate(s->sha256, data, len) != 1)
		return err_set(err, ERR_ENVIRONMENT, "libcrypto cannot compute SHA-256");
	s->size += len;
	return write_fully(s->fd, data, len) == 0 ? 0
						  : err_sys(err, "cannot write '%s'", s->temporary);
}

static int zstd_open(struct tar_sink *s, int level, unsigned int threads, struct err *err)
{
	/* So many that memory stays under 512 MiB: what each needs grows with the level. */
	unsigned int most = level >= SLOW_LEVEL ? 3 : level >= 12 ? 4 : 8;
	bool slow = level >= SLOW_LEVEL;
	const struct {
		ZSTD_cParameter parameter;
		int value;
	} settings[] = {
		{ZSTD_c_compressionLevel, level},
		{ZSTD_c_checksumFlag, 1},
		{ZSTD_c_nbWorkers, (int)(threads < 1        ? 1
					   : threads > most ? most
							    : threads)},
		{ZSTD_c_jobSize, slow ? SLOW_JOB_SIZE : JOB_SIZE},
		{ZSTD_c_overlapLog, slow ? SLOW_OVERLAP : 0},
	};

	s->zstd = ZSTD_createCCtx();
	if (!s->zstd)
		bug("no memory for zstd");
	s->out_size = ZSTD_CStreamOutSize();
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		size_t r =
			ZSTD_CCtx_setParameter(s->zstd, settings[i].parameter, settings[i].value);

		if (ZSTD_isError(r))
			return err_set(err, ERR_UNSUPPORTED,
				"this libzstd cannot compress as wanted: %s", ZSTD_getErrorName(r));
	}
	return 0;
}

static int zstd_write(struct tar_sink *s, const void *data, size_t len, bool end, struct err *err)
{
	ZSTD_inBuffer in = {data, len, 0};
	size_t left;

	do {
		ZSTD_outBuffer out = {s->out, s->out_size, 0};

		left = ZSTD_compressStream2(s->zstd, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return err_set(err, ERR_ENVIRONMENT, "cannot compress '%s': %s", s->path,
				ZSTD_getErrorName(left));
		if (out.pos && put_bytes(s, s->out, out.pos, err) < 0)
			return -1;
	} while (end ? left != 0 : in.pos < in.size);
	return 0;
}

static int gzip_write(struct tar_sink *s, const void *data, size_t len, bool end, struct err *err)
{
	z_stream *z = &s->deflate;
	size_t n;

	z->next_in = (z_const Bytef *)data;
	z->avail_in = (unsigned int)len;
	do {
		z->next_out = s->out;
		z->avail_out = (unsigned int)s->out_size;
		if (deflate(z, end ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_ERROR)
			return err_set(err, ERR_ENVIRONMENT, "cannot compress '%s'", s->path);
		n = s->out_size - z->avail_out;
		if (n && put_bytes(s, s->out, n, err) < 0)
			return -1;
	} while (!z->avail_out);
	return 0;
}

int tar_sink_open(const char *path, enum tar_form form, int level, unsigned int threads,
	struct tar_sink **ret, struct err *err)
{
	CLEANUP_FREE char *dir = path_dir(path);
	struct tar_sink *s = xcalloc(1, sizeof(*s));

	*ret = s;
	s->fd = -1;
	s->form = form;
	s->path = xstrdup(path);
	s->out_size = 1 << 16;
	s->sha256 = EVP_MD_CTX_new();
	if (!s->sha256 || EVP_DigestInit_ex(s->sha256, EVP_sha256(), NULL) != 1)
		return err_set(err, ERR_ENVIRONMENT, "libcrypto cannot compute SHA-256");
	if (make_dirs(dir, err) < 0)
		return -1;
	s->temporary = xasprintf("%s/.%s.XXXXXX", dir, path_base(path));
	s->fd = mkostemp(s->temporary, O_CLOEXEC);
	if (s->fd < 0) {
		err_sys(err, "cannot create a file in '%s'", dir);
		free(steal(&s->temporary));
		return -1;
	}
	if (form == TAR_ZSTD && zstd_open(s, level, threads, err) < 0)
		return -1;
	s->out = xcalloc(1, s->out_size);
	if (form == TAR_GZIP &&
		deflateInit2(&s->deflate, level > GZIP_LEVEL_MAX ? GZIP_LEVEL_MAX : level,
			Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		bug("zlib cannot be used");
	return 0;
}

int tar_sink_write(struct tar_sink *s, const void *data, size_t len, struct err *err)
{
	return s->form == TAR_ZSTD   ? zstd_write(s, data, len, false, err)
	       : s->form == TAR_GZIP ? gzip_write(s, data, len, false, err)
				     : put_bytes(s, data, len, err);
}

int tar_sink_finish(struct tar_sink *s, uint64_t *size, char hex[SHA256_HEX_SIZE], struct err *err)
{
	unsigned char digest[32];

	if ((s->form == TAR_ZSTD && zstd_write(s, NULL, 0, true, err) < 0) ||
		(s->form == TAR_GZIP && gzip_write(s, NULL, 0, true, err) < 0))
		return -1;
	if (fchmod(s->fd, 0644) < 0 || fsync(s->fd) < 0)
		return err_sys(err, "cannot write '%s'", s->temporary);
	if (EVP_DigestFinal_ex(s->sha256, digest, NULL) != 1)
		return err_set(err, ERR_ENVIRONMENT, "libcrypto cannot compute SHA-256");
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	*size = s->size;
	if (path_rename(s->temporary, s->path, err) < 0)
		return -1;
	free(steal(&s->temporary));
	return 0;
}

void tar_sink_free(struct tar_sink *s)
{
	if (!s)
		return;
	ZSTD_freeCCtx(s->zstd);
	deflateEnd(&s->deflate);
	EVP_MD_CTX_free(s->sha256);
	if (s->fd >= 0)
		close(s->fd);
	if (s->temporary)
		unlink(s->temporary);
	free(s->temporary);
	free(s->path);
	free(s->out);
	free(s);
}
