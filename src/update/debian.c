/* Debian's source index. The archive's signature (InRelease) has the digest of each suite's index,
 * and the index those of all files, so that plain HTTP will do. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "update/update-internal.h"

#define RELEASE_MAX ((size_t)4 << 20)
#define INDEX_MAX ((uint64_t)128 << 20)
#define UNPACKED_MAX ((size_t)512 << 20)
#define TEXT_MAX ((size_t)64 << 20)
#define DEBIAN_KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"
#define OF_PATHS LETTERS_AND_DIGITS "._+~/-"

void debian_release(struct debian *d)
{
	buf_release(&d->text);
}

static uint64_t read_size(const char *s)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(s, &end, 10);
	return errno || *end || *s < '0' || *s > '9' ? 0 : n;
}

/* Of an index, the state between lines. */
struct index {
	char directory[256];
	bool checksums;
	/* A package's files come before or after its directory. */
	struct strv files;
	struct buf *out;
};

static void index_end(struct index *x)
{
	for (size_t i = 0; i < x->files.n && *x->directory && x->out->len < TEXT_MAX; i++) {
		CLEANUP_STRV struct strv words = STRV_INIT;

		strv_split(&words, x->files.v[i], " ");
		if (words.n == 3 && sha256_is_hex(words.v[0]) && read_size(words.v[1]) &&
			!strchr(words.v[2], '/') &&
			strspn(words.v[2], OF_PATHS) == strlen(words.v[2]))
			buf_addf(x->out, "%s %s %s/%s\n", words.v[0], words.v[1], x->directory,
				words.v[2]);
	}
	strv_clear(&x->files);
	*x->directory = '\0';
	x->checksums = false;
}

static void index_line(struct index *x, const char *line)
{
	static const char directory[] = "Directory: pool/", sums[] = "Checksums-Sha256:";
	size_t n = strlen(line);

	if (!n) {
		index_end(x);
	} else if (*line == ' ') {
		if (x->checksums && strstr(line, ".orig") && x->files.n < 1000)
			strv_add(&x->files, line + 1);
	} else {
		x->checksums = !strncmp(line, sums, strlen(sums));
		if (!strncmp(line, directory, strlen(directory)) && n < sizeof(x->directory) &&
			!strstr(line, "..")) {
			line += strlen("Directory: ");
			if (strspn(line, OF_PATHS) == strlen(line))
				snprintf(x->directory, sizeof(x->directory), "%s", line);
		}
	}
}

void index_read(const char *text, struct buf *out)
{
	struct index x = {.out = out};

	while (*text) {
		size_t n = strcspn(text, "\n");
		CLEANUP_FREE char *line = xstrndup(text, n);

		index_line(&x, line);
		text += n + (text[n] == '\n');
	}
	index_end(&x);
	strv_release(&x.files);
}

static int bad_index(const char *path, const char *why, struct err *err)
{
	return err_set(err, ERR_INPUT, "the index '%s' cannot be unpacked: %s", path,
		why ? why : "it is damaged");
}

static int unpack_into(struct archive *a, const char *path, struct buf *out, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct archive_entry *ignored;
	char chunk[1 << 16];
	ssize_t n;

	archive_read_support_filter_xz(a);
	archive_read_support_filter_gzip(a);
	archive_read_support_format_raw(a);
	if (archive_read_open_filename(a, path, 1 << 16) != ARCHIVE_OK ||
		archive_read_next_header(a, &ignored) != ARCHIVE_OK)
		return bad_index(path, archive_error_string(a), err);
	while ((n = archive_read_data(a, chunk, sizeof(chunk))) > 0) {
		if (interrupt_check(err) < 0)
			return -1;
		if (text.len + (size_t)n > UNPACKED_MAX)
			return bad_index(path, "it is too large", err);
		buf_add(&text, chunk, (size_t)n);
	}
	if (n < 0)
		return bad_index(path, archive_error_string(a), err);
	if (text.len)
		index_read(text.data, out);
	return 0;
}

static int unpack_index(const char *path, struct buf *out, struct err *err)
{
	struct archive *a = archive_read_new();
	int got = a ? unpack_into(a, path, out, err) : bad_index(path, "out of memory", err);

	archive_read_free(a);
	return got;
}

/* The lines " SHA256 SIZE NAME" of the section "SHA256:" of a Release file. Returns the index of
 * the first name that is there, or -1. */
static int release_sum(const char *text, const char *const *names, size_t n_names,
	char sha256[SHA256_HEX_SIZE], uint64_t *size)
{
	CLEANUP_STRV struct strv lines = STRV_INIT;
	bool inside = false;
	size_t best = n_names;

	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		CLEANUP_STRV struct strv words = STRV_INIT;

		if (lines.v[i][0] != ' ') {
			inside = !strcmp(lines.v[i], "SHA256:");
			continue;
		}
		strv_split(&words, lines.v[i], " ");
		if (!inside || words.n != 3 || !sha256_is_hex(words.v[0]))
			continue;
		for (size_t k = 0; k < best; k++) {
			if (!strcmp(words.v[2], names[k]) && read_size(words.v[1])) {
				best = k;
				*size = read_size(words.v[1]);
				memcpy(sha256, words.v[0], SHA256_HEX_SIZE);
			}
		}
	}
	return best < n_names ? (int)best : -1;
}

/* Old indexes may be sound and yet hide what came after them. */
static void warn_if_old(const char *suite, const char *text, struct progress *progress)
{
	const char *line = strstr(text, "\nValid-Until: ");
	struct tm tm = {0};

	if (line && strptime(line + 14, "%a, %d %b %Y %H:%M:%S UTC", &tm) &&
		timegm(&tm) < time(NULL))
		progress_warn(progress,
			"the mirror's index of %s was valid until %.*s: newer releases may be missing",
			suite, (int)strcspn(line + 14, "\n"), line + 14);
}

static int load_suite(struct debian *d, struct fetcher *f, const char *suite, const char *keyring,
	const char *scratch, struct progress *progress, struct err *err)
{
	static const char *const names[] = {"main/source/Sources.xz", "main/source/Sources.gz"};
	CLEANUP_FREE char *signed_url = xasprintf("dists/%s/InRelease", suite), *url = NULL;
	CLEANUP_FREE char *path = xasprintf("%s/%s.InRelease", scratch, suite);
	CLEANUP_FREE char *index = xasprintf("%s/%s.Sources", scratch, suite);
	CLEANUP_BUF struct buf text = BUF_INIT;
	char want[SHA256_HEX_SIZE], hex[SHA256_HEX_SIZE];
	uint64_t size = 0;
	int which;

	if (fetch_unlocked(f, signed_url, path, RELEASE_MAX, err) < 0)
		return -1;
	if (signature_open(keyring, path, scratch, &text, err) < 0)
		return err_wrap(err, "the mirror's '%s'", signed_url);
	warn_if_old(suite, text.data, progress);
	which = release_sum(text.data, names, ARRAY_SIZE(names), want, &size);
	if (which < 0 || size > INDEX_MAX)
		return err_set(err, ERR_INPUT,
			"the mirror's '%s' has no index of sources that can be read", signed_url);
	url = xasprintf("dists/%s/%s", suite, names[which]);
	if (fetch_unlocked(f, url, index, size, err) < 0 || sha256_file(index, hex, NULL, err) < 0)
		return -1;
	if (strcmp(hex, want) != 0)
		return err_set(err, ERR_INPUT,
			"the mirror's '%s' has the SHA-256 %s, its signed list says %s", url, hex,
			want);
	return unpack_index(index, &d->text, err);
}

static int load_all(struct debian *d, struct fetcher *f, const struct strv *suites,
	const char *keyring, const char *scratch, struct progress *progress, struct err *err)
{
	if (!keyring && !path_exists(DEBIAN_KEYRING)) {
		err_set(err, ERR_ENVIRONMENT,
			"there is no '" DEBIAN_KEYRING "' to verify Debian's index with");
		return err_hint(
			err, "install debian-archive-keyring, or name a keyring with --keyring");
	}
	if (!suites->n)
		return err_set(err, ERR_INPUT, "the set 'debian' names no suites to look in");
	for (size_t i = 0; i < suites->n; i++) {
		const char *s = suites->v[i];

		if (strspn(s, LETTERS_AND_DIGITS "-") != strlen(s))
			return err_set(err, ERR_INPUT, "'%s' cannot be the name of a suite", s);
		if (load_suite(d, f, s, keyring ? keyring : DEBIAN_KEYRING, scratch, progress,
			    err) < 0)
			return -1;
	}
	return 0;
}

int debian_load(struct debian *d, struct fetcher *f, const struct strv *suites, const char *keyring,
	const char *scratch, struct progress *progress, struct err *err)
{
	if (!d->tried) {
		d->tried = true;
		if (load_all(d, f, suites, keyring, scratch, progress, err) < 0)
			d->failed = *err;
	}
	if (d->failed.code == ERR_NONE)
		return 0;
	*err = d->failed;
	return -1;
}

/* The signature of a file stands beside it. */
static void add_signature(const struct debian *d, struct release *r)
{
	CLEANUP_FREE char *wanted = xasprintf(" %s.asc\n", r->url);
	const char *at = strstr(d->text.data, wanted), *line = at;
	CLEANUP_STRV struct strv words = STRV_INIT;
	CLEANUP_FREE char *copy = NULL;

	if (!at)
		return;
	while (line > d->text.data && line[-1] != '\n')
		line--;
	copy = xstrndup(line, strcspn(line, "\n"));
	strv_split(&words, copy, " ");
	r->signature_sha256 = xstrdup(words.v[0]);
	r->signature_size = read_size(words.v[1]);
	r->signature = xstrdup(words.v[2]);
}

void debian_find(const struct debian *d, const struct release_place *p, struct found *ret)
{
	const char *line = d->text.data;

	while (line && *line) {
		size_t n = strcspn(line, "\n");
		CLEANUP_FREE char *copy = xstrndup(line, n);
		char *size = strchr(copy, ' '), *path = size ? strchr(size + 1, ' ') : NULL;
		CLEANUP_FREE char *version = NULL;
		struct release *r;
		struct words w;

		line += n + 1;
		if (!path)
			continue;
		*size++ = *path++ = '\0';
		version = place_version(p, path_base(path), &w);
		if (!version || found_version(ret, version, path_base(path)))
			continue;
		r = ARRAY_ADD(ret->v, ret->n);
		*r = (struct release){.version = steal(&version),
			.words = w,
			.url = xstrdup(path),
			.sha256 = xstrdup(copy),
			.size = read_size(size)};
		add_signature(d, r);
	}
}
