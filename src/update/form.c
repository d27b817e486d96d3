/* Forms of names: which version does a name say? */
#include <stdlib.h>
#include <string.h>

#include "update/update-internal.h"

#define DIGITS "0123456789"

static const char *const placeholders[] = {
	"{version}", "{_version}", "{packed}", "{date}", "{series}", "{any}"};
enum { VERSION, _VERSION, PACKED, DATE, SERIES, ANY, N_PLACEHOLDERS };

/* Which placeholder the form begins with, or N_PLACEHOLDERS. */
static int placeholder(const char *form)
{
	int i = 0;

	while (i < N_PLACEHOLDERS && strncmp(form, placeholders[i], strlen(placeholders[i])) != 0)
		i++;
	return i;
}

/* "3530100" is 3.53.1, "3460103" is 3.46.1.3. */
static bool unpack(const char *digits, struct words *w)
{
	unsigned long n = strtoul(digits, NULL, 10);
	unsigned int last = (unsigned int)(n % 100);
	int at = snprintf(w->version, sizeof(w->version), "%lu.%lu.%lu", n / 1000000,
		n / 10000 % 100, n / 100 % 100);

	if (last)
		snprintf(w->version + at, sizeof(w->version) - (size_t)at, ".%u", last);
	return n >= 1000000;
}

static bool take(char *out, size_t size, const char *text, size_t n)
{
	if (n >= size)
		return false;
	memcpy(out, text, n);
	out[n] = '\0';
	return true;
}

/* May the first n bytes of `name` stand for this placeholder? Keeps what they say. */
static bool accepts(int kind, const char *name, size_t n, struct words *w)
{
	char text[NAME_MAX_BYTES];

	if (!n && kind != ANY)
		return false;
	switch (kind) {
	case VERSION:
	case _VERSION:
		/* Numbers with single dots between them. */
		if (!strchr(DIGITS, name[0]) || !strchr(DIGITS, name[n - 1]) ||
			!take(w->version, sizeof(w->version), name, n))
			return false;
		for (char *p = w->version; *p; p++) {
			if (*p == '_')
				*p = '.';
			if (*p == '.' && (p[1] == '.' || p[1] == '_'))
				return false;
		}
		return true;
	case PACKED:
		return n == 7 && take(text, sizeof(text), name, n) && unpack(text, w);
	case DATE:
		return n == 8 && take(w->date, sizeof(w->date), name, n);
	case SERIES:
		return memchr(name, '.', n) && take(w->series, sizeof(w->series), name, n);
	}
	return true;
}

static bool match(const char *form, const char *name, struct words *w)
{
	static const char *const letters[] = {
		DIGITS ".", DIGITS "_", DIGITS, DIGITS, DIGITS ".", LETTERS_AND_DIGITS ".+~-"};
	int kind;
	size_t n;

	for (;; form++, name++) {
		kind = placeholder(form);
		if (kind < N_PLACEHOLDERS || *form == '*')
			break;
		if (*form != *name)
			return false;
		if (!*form)
			return true;
	}
	if (*form == '*') {
		n = strspn(name, "abcdefghijklmnopqrstuvwxyz" DIGITS);
		for (; n; n--)
			if (match(form + 1, name + n, w))
				return true;
		return false;
	}
	for (n = strspn(name, letters[kind]) + 1; n-- > 0;) {
		struct words before = *w;

		if (accepts(kind, name, n, w) &&
			match(form + strlen(placeholders[kind]), name + n, w))
			return true;
		*w = before;
	}
	return false;
}

bool form_match(const char *form, const char *name, struct words *ret)
{
	struct words w = {0};
	CLEANUP_FREE char *series = NULL;

	if (strlen(name) >= NAME_MAX_BYTES || !match(form, name, &w) || !*w.version)
		return false;
	series = version_series(w.version, 2);
	if (*w.series && strcmp(w.series, series) != 0)
		return false;
	take(w.series, sizeof(w.series), series, strlen(series));
	*ret = w;
	return true;
}

/* 3.53.1 is "3530100". */
static void add_packed(struct buf *out, const char *version)
{
	unsigned long parts[4] = {0};
	const char *p = version;

	for (size_t i = 0; i < ARRAY_SIZE(parts) && *p; i++) {
		char *end;

		parts[i] = strtoul(p, &end, 10);
		p = *end == '.' ? end + 1 : end;
	}
	buf_addf(out, "%lu%02lu%02lu%02lu", parts[0], parts[1], parts[2], parts[3]);
}

char *form_fill(const char *form, const struct words *w)
{
	struct buf out = BUF_INIT;

	buf_adds(&out, "");
	while (*form) {
		int kind = placeholder(form);
		CLEANUP_FREE char *underscored = xstrdup(w->version);

		for (char *p = underscored; *p; p++)
			*p = *p == '.' ? '_' : *p;
		if (kind == PACKED)
			add_packed(&out, w->version);
		else if (kind < ANY)
			buf_adds(&out, kind == VERSION    ? w->version
				       : kind == _VERSION ? underscored
				       : kind == DATE     ? w->date
							  : w->series);
		else
			buf_add(&out, form, 1);
		form += kind < ANY ? strlen(placeholders[kind]) : 1;
	}
	return buf_steal(&out);
}

char *place_version(const struct release_place *p, const char *name, struct words *ret)
{
	if (!p->match || !form_match(p->match, name, ret))
		return NULL;
	return form_fill(p->as ? p->as : "{version}", ret);
}
