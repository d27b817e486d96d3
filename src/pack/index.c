/* downloads.json, a list that uv uses in place of its own. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/term.h"
#include "proc/lock.h"
#include "pack/pack-internal.h"
#include "report/json.h"

#define INDEX_MAX ((size_t)64 << 20)

/* The parts of an archive's name. */
struct archive_name {
	char *version, *date, *arch, *libc, *variant; /* variant: "", "freethreaded", … */
	unsigned int major, minor, patch;
	const char *prerelease; /* part of version: "b1"; NULL: none */
	int rank;               /* preference of uv among an archive's forms */
};

static void name_release(struct archive_name *n)
{
	free(n->version);
	free(n->date);
	free(n->arch);
	free(n->libc);
	free(n->variant);
	*n = (struct archive_name){0};
}

/* "freethreaded-install_only_stripped.tar.gz", "freethreaded+pgo-full.tar.zst" */
static bool split_form(struct archive_name *n, const char *form)
{
	static const struct {
		const char *end;
		int rank;
	} forms[] = {{"install_only_stripped.tar.gz", 3}, {"install_only.tar.gz", 2},
		{"full.tar.zst", 1}};
	CLEANUP_STRV struct strv words = STRV_INIT;
	CLEANUP_FREE char *options = NULL;
	bool freethreaded, debug;

	for (size_t i = 0; i < ARRAY_SIZE(forms) && !n->rank; i++) {
		size_t a = strlen(form), b = strlen(forms[i].end);

		if (!ends_with(form, forms[i].end) || (a > b && form[a - b - 1] != '-'))
			continue;
		n->rank = forms[i].rank;
		options = xstrndup(form, a > b ? a - b - 1 : 0);
	}
	if (!n->rank)
		return false;
	strv_split(&words, options, "+-");
	freethreaded = strv_has(&words, "freethreaded");
	debug = strv_has(&words, "debug");
	n->variant = xasprintf("%s%s%s", freethreaded ? "freethreaded" : "",
		freethreaded && debug ? "+" : "", debug ? "debug" : "");
	return true;
}

/* cpython-VERSION+DATE-ARCH-unknown-linux-LIBC-FORM */
static bool split_name(const char *name, struct archive_name *n)
{
	static const char os[] = "-unknown-linux-";
	const char *p = name + strlen("cpython-"), *plus, *at;
	int end = 0;

	if (strncmp(name, "cpython-", 8) != 0 || !(plus = strchr(p, '+')) ||
		name[strspn(name, LETTERS_AND_DIGITS "._+-")])
		return false;
	n->version = xstrndup(p, (size_t)(plus - p));
	p = plus + 1;
	n->date = xstrndup(p, strcspn(p, "-"));
	if (strlen(n->date) != 8 || strspn(n->date, "0123456789") != 8 || p[8] != '-')
		return false;
	p += 9;
	at = strstr(p, os);
	if (!at)
		return false;
	n->arch = xstrndup(p, (size_t)(at - p));
	p = at + strlen(os);
	n->libc = xstrndup(p, strcspn(p, "-"));
	p += strlen(n->libc);
	/* sscanf() would take signs. */
	if (sscanf(n->version, "%3u.%3u.%4u%n", &n->major, &n->minor, &n->patch, &end) != 3 ||
		!end || (int)strspn(n->version, "0123456789.") < end)
		return false;
	n->prerelease = n->version[end] ? n->version + end : NULL;
	return (!n->prerelease || isalpha((unsigned char)*n->prerelease)) && *p &&
	       split_form(n, p + 1);
}

static char *url_of(const char *base, const char *name)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_adds(&b, base);
	if (!b.len || b.data[b.len - 1] != '/')
		buf_adds(&b, "/");
	for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
		if (isalnum(*c) || strchr("-._~", *c))
			buf_addf(&b, "%c", *c);
		else
			buf_addf(&b, "%%%02X", *c);
	}
	return buf_steal(&b);
}

/* The folder as a file:// URL. */
static char *folder_url(const char *folder)
{
	CLEANUP_STRV struct strv parts = STRV_INIT;
	struct buf b = BUF_INIT;

	strv_split(&parts, folder, "/");
	buf_adds(&b, "file://");
	for (size_t i = 0; i < parts.n; i++) {
		CLEANUP_FREE char *part = url_of("", parts.v[i]);

		buf_adds(&b, part);
	}
	return buf_steal(&b);
}

static json_t *entry_json(const struct archive_name *n, const char *url, const char *hex)
{
	size_t v = strlen("x86_64_v");
	bool level = !strncmp(n->arch, "x86_64_v", v);

	return json_pack("{s:s, s:{s:s, s:s?}, s:s, s:s, s:i, s:i, s:i, s:s?, s:o, s:s, s:s?, s:s}",
		"name", "cpython", "arch", "family", level ? "x86_64" : n->arch, "variant",
		level ? n->arch + v - 1 : NULL, "os", "linux", "libc", n->libc, "major",
		(int)n->major, "minor", (int)n->minor, "patch", (int)n->patch, "prerelease",
		n->prerelease, "url", json_text(url), "sha256", hex, "variant",
		*n->variant ? n->variant : NULL, "build", n->date);
}

static char *key_of(const struct archive_name *n)
{
	return xasprintf("cpython-%s%s%s-linux-%s-%s", n->version, *n->variant ? "+" : "",
		n->variant, n->arch, n->libc);
}

/* True if a second archive of the same Python replaces the first. Among equals the last name wins,
 * so that the folder's order does not matter: "pgo+lto" comes after "noopt". */
static bool is_better(const char *name, const struct archive_name *n, const char *other)
{
	CLEANUP(name_release) struct archive_name o = {0};
	int newer = split_name(other, &o) ? strcmp(n->date, o.date) : 1;

	return newer ? newer > 0 : n->rank != o.rank ? n->rank > o.rank : strcmp(name, other) > 0;
}

static int choose(const char *folder, json_t *chosen, struct err *err)
{
	CLEANUP_STRV struct strv names = STRV_INIT;

	if (dir_list(folder, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP(name_release) struct archive_name n = {0};
		CLEANUP_FREE char *key = NULL;
		const char *other;

		if (!split_name(names.v[i], &n))
			continue;
		key = key_of(&n);
		other = json_word(chosen, key);
		if (!other || is_better(names.v[i], &n, other))
			json_object_set_new(chosen, key, json_text(names.v[i]));
	}
	return 0;
}

static int read_index(const char *path, json_t **ret, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	json_error_t error;

	if (!path_exists(path)) {
		*ret = json_object();
		return 0;
	}
	if (file_read(path, INDEX_MAX, &text, err) < 0)
		return -1;
	*ret = json_loadb(text.data, text.len, 0, &error);
	if (json_is_object(*ret))
		return 0;
	if (*ret)
		err_set(err, ERR_INPUT, "'%s' is not a list of downloads: it holds no object",
			path);
	else
		err_set(err, ERR_INPUT, "'%s' is not a list of downloads: line %d: %s", path,
			error.line, error.text);
	json_decref(*ret);
	*ret = NULL;
	return err_hint(err, "remove it, or name another folder");
}

/* The name of the file in the folder that `url`, below `base`, refers to; NULL if it is elsewhere.
 * The caller frees it. */
static char *file_of(const char *url, const char *base)
{
	CLEANUP_FREE char *top = url_of(base, "");
	size_t n = strlen(top);
	struct buf name = BUF_INIT;

	if (strncmp(url, top, n) != 0 || strchr(url + n, '/'))
		return NULL;
	for (const char *c = url + n; *c; c++) {
		char hex[3] = {0};

		if (*c == '%' && isxdigit((unsigned char)c[1]) && isxdigit((unsigned char)c[2])) {
			memcpy(hex, c + 1, 2);
			buf_addf(&name, "%c", (int)strtoul(hex, NULL, 16));
			c += 2;
		} else {
			buf_addf(&name, "%c", *c);
		}
	}
	return buf_steal(&name);
}

/* Drops entries whose archive is no longer in the folder. */
static void drop_gone(const char *folder, const char *base, json_t *index, json_t *result)
{
	const char *key;
	json_t *e;
	void *next;

	json_object_foreach_safe(index, next, key, e)
	{
		const char *url = json_word(e, "url");
		CLEANUP_FREE char *name = url ? file_of(url, base) : NULL;
		CLEANUP_FREE char *path = name ? xasprintf("%s/%s", folder, name) : NULL;

		if (!path || path_exists(path))
			continue;
		json_array_append_new(
			result, json_pack("{s:s, s:o, s:o, s:b}", "key", key, "file",
					json_text(name), "url", json_text(url), "dropped", 1));
		json_object_del(index, key);
	}
}

/* 1 if the file begins like gzip or zstd, 0 if not, or -1. */
static int is_compressed(const char *path, struct err *err)
{
	CLEANUP_CLOSE int fd = file_open(path, err);
	unsigned char magic[4];
	ssize_t n;

	if (fd < 0)
		return -1;
	n = file_pread(fd, magic, sizeof(magic), 0);
	if (n < 0)
		return err_sys(err, "cannot read '%s'", path);
	return n == (ssize_t)sizeof(magic) &&
	       !memcmp(magic, ends_with(path, ".gz") ? "\x1f\x8b" : "\x28\xb5\x2f\xfd",
		       ends_with(path, ".gz") ? 2 : 4);
}

/* Computes an archive's digest; refuses what nobody could install. 1: SHA256SUMS names it, 0: it
 * does not. */
static int digest(const char *folder, const char *file, char hex[SHA256_HEX_SIZE], struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", folder, file);
	CLEANUP_SUMS struct sums sums = {0};
	char wanted[SHA256_HEX_SIZE];
	int named;

	named = is_compressed(path, err);
	if (named < 0)
		return -1;
	if (!named) {
		err_set(err, ERR_INPUT, "'%s' is not an archive, whatever its name says", path);
		return err_hint(err, "pack it again, or remove it");
	}
	if (sha256_file(path, hex, NULL, err) < 0)
		return -1;
	if (sums_read(folder, &sums, err) < 0)
		return -1;
	named = sums_find(&sums, folder, file, wanted, err);
	if (named == 1 && sums_compare(path, SUMS_FILE, hex, wanted, err) < 0)
		return -1;
	return named;
}

static int enter(const char *folder, const char *base, const char *key, const char *file,
	json_t *index, json_t *result, struct err *err)
{
	CLEANUP_FREE char *url = url_of(base, file);
	CLEANUP(name_release) struct archive_name n = {0};
	char hex[SHA256_HEX_SIZE];
	int named = digest(folder, file, hex, err);

	if (named < 0)
		return -1;
	split_name(file, &n);
	json_object_set_new(index, key, entry_json(&n, url, hex));
	json_array_append_new(
		result, json_pack("{s:s, s:o, s:o, s:s, s:b}", "key", key, "file", json_text(file),
				"url", json_text(url), "sha256", hex, "verified", named == 1));
	return 0;
}

/* Sorts by version: 3.9 before 3.13. */
static json_t *sorted(json_t *object)
{
	CLEANUP_STRV struct strv keys = STRV_INIT;
	json_t *copy, *value;
	const char *key;

	if (!json_is_object(object))
		return json_incref(object);
	copy = json_object();
	json_object_foreach (object, key, value)
		strv_add(&keys, key);
	strv_sort_versions(&keys);
	for (size_t i = 0; i < keys.n; i++)
		json_object_set_new(copy, keys.v[i], sorted(json_object_get(object, keys.v[i])));
	return copy;
}

static int write_index(const char *path, json_t *index, struct err *err)
{
	json_t *ordered = sorted(index);
	CLEANUP_FREE char *text = json_dumps(ordered, JSON_INDENT(2));
	CLEANUP_FREE char *line = xasprintf("%s\n", text);

	json_decref(ordered);
	return file_write(path, line, strlen(line), 0644, err);
}

/* Renames from a scratch folder that the next run clears. */
static int replace_index(const char *folder, const char *path, json_t *index, struct err *err)
{
	CLEANUP_FREE char *stage = scratch_make(folder, SCRATCH, err);
	CLEANUP_FREE char *staged = stage ? xasprintf("%s/" INDEX_FILE, stage) : NULL;
	struct err ignored = ERR_INIT;
	int failed = -1;

	if (!stage)
		return -1;
	if (write_index(staged, index, err) == 0)
		failed = path_rename(staged, path, err);
	scratch_end(stage, &ignored);
	return failed;
}

int index_renew(const char *folder, const struct renewal *renewals, size_t n, const char *path,
	struct err *err)
{
	CLEANUP_FREE char *old = xasprintf("%s/" INDEX_FILE, folder);
	struct err ignored = ERR_INIT;
	bool renewed = false;
	json_t *index, *e;
	const char *key;
	int failed = 0;

	if (read_index(old, &index, &ignored) < 0)
		return 0;
	json_object_foreach (index, key, e) {
		const char *url = json_word(e, "url");
		const char *hex = json_word(e, "sha256");
		const char *slash = url && hex ? strrchr(url, '/') : NULL;
		CLEANUP_FREE char *base = slash ? xstrndup(url, (size_t)(slash - url)) : NULL;
		CLEANUP_FREE char *name = base ? file_of(url, base) : NULL;

		for (size_t i = 0; name && i < n; i++) {
			if (strcmp(name, renewals[i].name) || strcmp(hex, renewals[i].old))
				continue;
			json_object_set_new(e, "sha256", json_string(renewals[i].hex));
			renewed = true;
			break;
		}
	}
	if (renewed)
		failed = write_index(path, index, err);
	json_decref(index);
	return failed;
}

static int fill_index(
	const char *folder, const char *base_url, json_t *index, json_t *result, struct err *err)
{
	CLEANUP_FREE char *base = base_url ? xstrdup(base_url) : folder_url(folder);
	CLEANUP_STRV struct strv keys = STRV_INIT;
	json_t *chosen = json_object(), *file;
	const char *key;
	int failed = choose(folder, chosen, err);

	drop_gone(folder, base, index, result);
	if (failed == 0 && !json_object_size(chosen) && !json_array_size(result))
		failed = err_set(
			err, ERR_INPUT, "'%s' has no archive that 'solder pack' wrote", folder);
	json_object_foreach (chosen, key, file)
		strv_add(&keys, key);
	strv_sort_versions(&keys);
	for (size_t i = 0; failed == 0 && i < keys.n; i++)
		failed = enter(
			folder, base, keys.v[i], json_word(chosen, keys.v[i]), index, result, err);
	json_decref(chosen);
	return failed;
}

int pack_index(const char *folder, const char *base_url, struct progress *progress, json_t **result,
	struct err *err)
{
	CLEANUP_FREE char *real = realpath(folder, NULL);
	CLEANUP_FREE char *path = xasprintf("%s/" INDEX_FILE, folder);
	CLEANUP_FILE_LOCK struct file_lock *lock = NULL;
	json_t *index = NULL;
	int failed = -1;

	*result = json_array();
	if (!real)
		err_sys(err, "cannot open '%s'", folder);
	else if (folder_lock(folder, progress, &lock, err) >= 0 &&
		 publish_complete(folder, progress, err) == 0 &&
		 read_index(path, &index, err) == 0 &&
		 fill_index(real, base_url, index, *result, err) == 0)
		failed = replace_index(folder, path, index, err);
	json_decref(index);
	if (failed < 0) {
		json_decref(*result);
		*result = NULL;
	}
	return failed;
}

void pack_index_print(const json_t *result, FILE *out)
{
	const json_t *e;
	size_t i;

	json_array_foreach (result, i, e)
		term_line(out, "%s  %s%s", package_text(e, "key"), package_text(e, "url"),
			json_object_get(e, "dropped") ? "  is gone and was dropped"
			: json_is_true(json_object_get(e, "verified"))
				? ""
				: "  was not verified: SHA256SUMS does not name it");
}
