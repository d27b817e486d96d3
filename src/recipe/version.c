#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "recipe/recipe.h"

/* The next number of a version, and whether a pre-release mark (a, b, rc) stands before it. */
static unsigned long next_number(const char **p, int *stage)
{
	char *end;
	unsigned long n;

	*stage = 0;
	if (**p == '.' || **p == '-' || **p == '+')
		++*p;
	if (isalpha((unsigned char)**p)) {
		*stage = **p == 'a' ? -3 : **p == 'b' ? -2 : -1;
		while (isalpha((unsigned char)**p))
			++*p;
	}
	if (!isdigit((unsigned char)**p)) {
		if (**p)
			++*p;
		return 0;
	}
	n = strtoul(*p, &end, 10);
	*p = end;
	return n;
}

int version_compare(const char *a, const char *b)
{
	while (*a || *b) {
		int stage_a = 0, stage_b = 0;
		unsigned long na = *a ? next_number(&a, &stage_a) : 0;
		unsigned long nb = *b ? next_number(&b, &stage_b) : 0;

		if (stage_a != stage_b)
			return stage_a < stage_b ? -1 : 1;
		if (na != nb)
			return na < nb ? -1 : 1;
	}
	return 0;
}

/* Without what makes it a pre-release: "3.15.0" of "3.15.0rc1". */
static char *release_of(const char *version)
{
	return xstrndup(version, strcspn(version, "abcdefghijklmnopqrstuvwxyz"));
}

bool version_matches(const char *version, const char *condition)
{
	CLEANUP_STRV struct strv parts = STRV_INIT;
	CLEANUP_FREE char *release = release_of(version);

	strv_split(&parts, condition ? condition : "", ", ");
	for (size_t i = 0; i < parts.n; i++) {
		const char *bound = parts.v[i] + strspn(parts.v[i], "<>=");
		CLEANUP_FREE char *bound_release = release_of(bound);
		bool exact = strcmp(bound, bound_release) != 0;
		int c = version_compare(exact ? version : release, bound);
		char way = c < 0 ? '<' : c > 0 ? '>' : '=';

		/* "3.13" alone means "=3.13". */
		if (!memchr(parts.v[i], way, (size_t)(bound - parts.v[i])) &&
			(bound != parts.v[i] || c))
			return false;
	}
	return true;
}

bool version_in_series(const char *version, const char *wanted)
{
	size_t n = strlen(wanted);

	return !strncmp(version, wanted, n) && (!version[n] || version[n] == '.');
}

char *version_series(const char *version, unsigned int n)
{
	const char *end = version;

	for (; n && *end; n--) {
		end += *end == '.';
		end += strspn(end, "0123456789");
		if (*end != '.')
			break;
	}
	return xstrndup(version, (size_t)(end - version));
}
