/* SHA256SUMS in the format of sha256sum. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pack/pack-internal.h"

#define HEX_LENGTH (SHA256_HEX_SIZE - 1)
#define SUMS_MAX ((size_t)16 << 20)
#define SIGNATURE_MAX 4096

void sums_release(struct sums *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].name);
	free(s->v);
	strv_release(&s->comments);
	*s = (struct sums){0};
}

static void add(struct sums *s, const char *name, const char *hex)
{
	struct sum *sum = ARRAY_ADD(s->v, s->n);

	sum->name = xstrdup(name);
	for (size_t i = 0; i < HEX_LENGTH; i++)
		sum->hex[i] = (char)tolower((unsigned char)hex[i]);
	sum->hex[HEX_LENGTH] = '\0';
}

static bool begins_with_digest(const char *s)
{
	return strspn(s, "0123456789abcdefABCDEF") == HEX_LENGTH;
}

/* Works in place. False for anything that sha256sum would not write. */
static bool unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s != '\\') {
			*to++ = *s;
			continue;
		}
		s++;
		if (*s != 'n' && *s != 'r' && *s != '\\')
			return false;
		*to++ = *s == 'n' ? '\n' : *s == 'r' ? '\r' : '\\';
	}
	*to = '\0';
	return true;
}

/* Splits "(NAME) = DIGEST"; the last parenthesis ends the name. */
static bool split_tagged(char *s, char **name, char **hex)
{
	char *end = strrchr(s, ')');

	if (*s != '(' || !end)
		return false;
	*name = s + 1;
	*hex = end + 1 + strspn(end + 1, " \t");
	if (**hex != '=')
		return false;
	*hex += 1 + strspn(*hex + 1, " \t");
	*end = '\0';
	return begins_with_digest(*hex) && !(*hex)[HEX_LENGTH];
}

/* Number of spaces before names; the first unambiguous line decides for the whole file, as in
 * sha256sum. */
enum blanks { UNKNOWN, ONE, TWO };

static bool split_line(char *s, enum blanks *blanks, char **name, char **hex)
{
	bool escaped;

	s += strspn(s, " \t");
	escaped = *s == '\\';
	s += escaped;
	if (!strncmp(s, "SHA256", 6)) {
		s += 6;
		if (!split_tagged(s + (*s == ' '), name, hex))
			return false;
	} else {
		*hex = s;
		if (!begins_with_digest(s) || (s[HEX_LENGTH] != ' ' && s[HEX_LENGTH] != '\t'))
			return false;
		s += HEX_LENGTH + 1;
		if (*blanks != ONE && (*s == ' ' || *s == '*') && s[1]) {
			*blanks = TWO;
			s++;
		} else if (*blanks == TWO) {
			return false;
		} else {
			*blanks = ONE;
		}
		*name = s;
	}
	if (escaped && !unescape(*name))
		return false;
	while (!strncmp(*name, "./", 2))
		*name += 2;
	return **name;
}

int sums_parse(const char *text, size_t len, const char *path, struct sums *s, struct err *err)
{
	enum blanks blanks = UNKNOWN;
	size_t line = 0;

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	while (len) {
		const char *newline = memchr(text, '\n', len);
		size_t n = newline ? (size_t)(newline - text) : len;
		CLEANUP_FREE char *copy = xstrndup(text, n);
		char *name, *hex;
		bool whole; /* contains no NUL */

		line++;
		text += n + (newline != NULL);
		len -= n + (newline != NULL);
		whole = strlen(copy) == n;
		if (whole && n && copy[n - 1] == '\r')
			copy[--n] = '\0';
		if (whole && *copy == '#')
			strv_add(&s->comments, copy);
		if (!n || (whole && *copy == '#'))
			continue;
		if (!whole || !split_line(copy, &blanks, &name, &hex)) {
			err_set(err, ERR_INPUT,
				"line %zu of '%s' is none that 'sha256sum -c' would read", line,
				path);
			return err_hint(err, "get the file again, or mend the line");
		}
		add(s, name, hex);
	}
	return 0;
}

int sums_read(const char *folder, struct sums *s, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/" SUMS_FILE, folder);
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!path_exists(path))
		return 0;
	if (file_read(path, SUMS_MAX, &text, err) < 0 ||
		sums_parse(text.data, text.len, path, s, err) < 0)
		return -1;
	return 1;
}

int sums_read_signed(const char *folder, const struct key *key, struct sums *s, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/" SUMS_FILE, folder);
	CLEANUP_FREE char *signature_path = xasprintf("%s/" SIGNATURE_FILE, folder);
	CLEANUP_BUF struct buf text = BUF_INIT, signature = BUF_INIT;

	if (file_read(path, SUMS_MAX, &text, err) < 0 ||
		file_read(signature_path, SIGNATURE_MAX, &signature, err) < 0 ||
		sign_verify(key, text.data, text.len, signature.data, signature.len, signature_path,
			err) < 0)
		return -1;
	return sums_parse(text.data, text.len, path, s, err);
}

int sums_find(const struct sums *s, const char *folder, const char *name, char hex[SHA256_HEX_SIZE],
	struct err *err)
{
	const char *found = NULL;

	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->v[i].name, name) != 0)
			continue;
		if (found && strcmp(found, s->v[i].hex) != 0)
			return err_set(err, ERR_INPUT, "'%s/" SUMS_FILE "' has two digests of '%s'",
				folder, name);
		found = s->v[i].hex;
	}
	if (found)
		memcpy(hex, found, SHA256_HEX_SIZE);
	return found != NULL;
}

void sums_set(struct sums *s, const char *name, const char *hex)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->v[i].name, name) != 0)
			s->v[kept++] = s->v[i];
		else
			free(s->v[i].name);
	}
	s->n = kept;
	if (hex)
		add(s, name, hex);
}

static int by_name(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->hex, y->hex);
}

void sums_text(struct sums *s, struct buf *text)
{
	sort_array(s->v, s->n, sizeof(*s->v), by_name);
	for (size_t i = 0; i < s->comments.n; i++)
		buf_addf(text, "%s\n", s->comments.v[i]);
	for (size_t i = 0; i < s->n; i++) {
		const char *name = s->v[i].name;

		buf_addf(text, "%s%s  ", strpbrk(name, "\\\n\r") ? "\\" : "", s->v[i].hex);
		for (; *name; name++) {
			const char *as = *name == '\\'   ? "\\\\"
					 : *name == '\n' ? "\\n"
					 : *name == '\r' ? "\\r"
							 : NULL;

			buf_add(text, as ? as : name, as ? 2 : 1);
		}
		buf_adds(text, "\n");
	}
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
