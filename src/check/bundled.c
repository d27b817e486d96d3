/* Well-known libraries that others bring along: by their file name, linked in and exported, or
 * linked in and hidden, by a sentence that they keep in their constants. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "check/check-internal.h"

#define CONSTANTS_MAX ((size_t)256 << 20)
#define VERSION_MAX 24

static const struct {
	const char *name, *file, *symbol; /* NULL: it does not tell */
	bool release;                     /* which a file name ends in */
	const char *mark;                 /* stands before the version; NULL: none is known */
	const char *after; /* and what then follows, '#' for a digit, if others have the mark */
} libraries[] = {
	{"OpenSSL", "libssl", "SSL_CTX_new", true, NULL, NULL},
	{"OpenSSL", "libcrypto", "EVP_EncryptInit_ex", true, "OpenSSL ", " #"},
	{"AWS-LC", NULL, NULL, false, "(compatible; AWS-LC ", NULL},
	{"zlib", "libz", "inflateInit2_", true, " inflate ", " Copyright"},
	{"zstd", "libzstd", "ZSTD_compress", true, NULL, NULL},
	{"bzip2", "libbz2", "BZ2_bzCompress", true, NULL, NULL},
	{"xz", "liblzma", "lzma_code", true, NULL, NULL},
	{"libffi", "libffi", "ffi_call", false, NULL, NULL},
	{"SQLite", "libsqlite3", "sqlite3_open_v2", false, NULL, NULL},
	{"expat", "libexpat", "XML_ParserCreate", false, "expat_", NULL},
	{"libxml2", "libxml2", "xmlParseMemory", true, NULL, NULL},
	{"libpq", "libpq", "PQconnectdb", false, NULL, NULL},
	{"libcurl", "libcurl", "curl_easy_perform", false, "libcurl/", NULL},
	{"libpng", "libpng16", "png_create_read_struct", false, "libpng version ", NULL},
	{"libstdc++", "libstdc++", "_ZNSaIcEC1Ev", true, NULL, NULL},
	{"libgcc", "libgcc_s", "_Unwind_Resume", false, NULL, NULL},
	{"libgomp", "libgomp", "GOMP_parallel", true, NULL, NULL},
	{"libgfortran", "libgfortran", "_gfortran_st_write", true, NULL, NULL},
	{"OpenBLAS", "libopenblas", "openblas_get_config", false, "OpenBLAS ", " "},
	{"OpenBLAS", "libscipy_openblas", "scipy_openblas_get_config64_", false, NULL, NULL},
	{"HDF5", "libhdf5", "H5open", false, "HDF5 library version ", NULL},
};

static size_t version_length(const char *p, const char *end)
{
	size_t n = 0, dots = 0;

	while (p + n < end && n < VERSION_MAX && (isalnum((unsigned char)p[n]) || p[n] == '.'))
		dots += p[n++] == '.';
	while (n && p[n - 1] == '.')
		n--;
	return n && n < VERSION_MAX && dots && isdigit((unsigned char)*p) ? n : 0;
}

static bool follows(const char *p, const char *after)
{
	for (; *after; after++, p++) {
		if (*after == '#' ? !isdigit((unsigned char)*p) : *p != *after)
			return false;
	}
	return true;
}

/* The version behind a mark in the constants of a file; NULL: none. The caller frees it. */
static char *marked_version(const struct buf *constants, const char *mark, const char *after)
{
	const char *p = constants->data, *end = p + constants->len;

	while (constants->len && (p = memmem(p, (size_t)(end - p), mark, strlen(mark)))) {
		size_t n;

		p += strlen(mark);
		n = version_length(p, end);
		/* The buffer ends in a NUL. */
		if (n && follows(p + n, after ? after : ""))
			return xstrndup(p, n);
	}
	return NULL;
}

/* "libz-1a2b.so.1.2.13" says "1.2.13"; NULL: it has less than three numbers. */
static char *named_version(const char *base)
{
	const char *so = strstr(base, ".so.");
	size_t n = so ? version_length(so + 4, so + strlen(so)) : 0;
	size_t dots = 0;

	for (size_t i = 0; i < n; i++)
		dots += so[4 + i] == '.';
	return dots >= 2 ? xstrndup(so + 4, n) : NULL;
}

/* Adds it once, and without a version only if no other file says one. */
static void add_library(struct strv *found, const char *text)
{
	size_t n = strcspn(text, " ");
	bool version = text[n];

	for (size_t i = 0; i < found->n; i++) {
		const char *other = found->v[i];

		if (!strcmp(other, text) ||
			(!version && !strncmp(other, text, n) && other[n] == ' '))
			return;
		if (strlen(other) == n && !strncmp(other, text, n)) {
			free(found->v[i]);
			found->v[i] = xstrdup(text);
			return;
		}
	}
	strv_add(found, text);
}

void bundled_find(const void *data, size_t size, const char *rel, const struct elf_facts *facts,
	struct strv *found)
{
	CLEANUP_BUF struct buf constants = BUF_INIT;
	struct err ignored = ERR_INIT;
	const char *base = path_base(rel);

	/* Without them, names and exports are all there is. */
	elf_section_from_memory(data, size, ".rodata", CONSTANTS_MAX, &constants, &ignored);
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		const char *file = libraries[i].file, *symbol = libraries[i].symbol;
		size_t n = file ? strlen(file) : 0;
		/* libz3 is another. */
		bool named = n && !strncmp(base, file, n) && base[n] &&
			     (strchr("-._", base[n]) || (n > 4 && isdigit((unsigned char)base[n])));
		CLEANUP_FREE char *version = NULL, *text = NULL;

		if (libraries[i].mark)
			version = marked_version(&constants, libraries[i].mark, libraries[i].after);
		if (!named && !version && !(symbol && elf_exports(facts, symbol)))
			continue;
		if (!version && named && libraries[i].release)
			version = named_version(base);
		text = xasprintf(
			"%s%s%s", libraries[i].name, version ? " " : "", version ? version : "");
		add_library(found, text);
	}
}

void bundled_merge(struct strv *into, const struct strv *found)
{
	for (size_t i = 0; i < found->n; i++)
		add_library(into, found->v[i]);
}
