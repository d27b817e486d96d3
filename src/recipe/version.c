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

static bool holds(const char *version, const char *op, size_t n, const char *bound)
{
	int c = version_compare(version, bound);

	if (n == 2 && !strncmp(op, ">=", 2))
		return c >= 0;
	if (n == 2 && !strncmp(op, "<=", 2))
		return c <= 0;
	if (n == 1 && *op == '<')
		return c < 0;
	if (n == 1 && *op == '>')
		return c > 0;
	return c == 0;
}

bool version_matches(const char *version, const char *condition)
{
	CLEANUP_STRV struct strv parts = STRV_INIT;

	if (!condition)
		return true;
	strv_split(&parts, condition, ", ");
	for (size_t i = 0; i < parts.n; i++) {
		size_t n = strspn(parts.v[i], "<>=");

		if (!holds(version, parts.v[i], n, parts.v[i] + n))
			return false;
	}
	return true;
}

bool version_in_series(const char *version, const char *wanted)
{
	size_t n = strlen(wanted);

	return !strncmp(version, wanted, n) && (!version[n] || version[n] == '.');
}
