/* The options of a build by name, out of the one table of cpython/cpython.h. */
#include <string.h>

#include "cpython/cpython.h"

#define ROW(name, variable, kind, choices, also, standard, compiles, always, help)                 \
	{#name, variable, offsetof(struct cpython_options, name), choices, standard, compiles,     \
		always},
const struct cpython_option cpython_option_table[] = {
	CPYTHON_OPTIONS_OF_WHAT(ROW) CPYTHON_OPTIONS_OF_HOW(ROW)};
const size_t cpython_n_options = ARRAY_SIZE(cpython_option_table);

void cpython_defaults(struct cpython_options *options)
{
	*options = (struct cpython_options){0};
	for (size_t i = 0; i < cpython_n_options; i++)
		cpython_option_set(
			options, &cpython_option_table[i], cpython_option_table[i].standard);
}

const struct cpython_option *cpython_find_option(const char *name)
{
	for (size_t i = 0; i < cpython_n_options; i++)
		if (!strcmp(cpython_option_table[i].name, name))
			return &cpython_option_table[i];
	return NULL;
}

const char *cpython_option_get(const struct cpython_options *o, const struct cpython_option *which)
{
	const char *value;

	memcpy(&value, (const char *)o + which->offset, sizeof(value));
	return value;
}

void cpython_option_set(
	struct cpython_options *o, const struct cpython_option *which, const char *value)
{
	memcpy((char *)o + which->offset, &value, sizeof(value));
}

bool cpython_option_is_default(const struct cpython_options *o, const struct cpython_option *which)
{
	return !strcmp(cpython_option_get(o, which), which->standard);
}

bool cpython_option_takes(const struct cpython_option *option, const char *value)
{
	CLEANUP_STRV struct strv choices = STRV_INIT;
	size_t digits = strspn(value, "0123456789");

	if (!strcmp(option->choices, "N"))
		return digits > 0 && digits < 10 && !value[digits] &&
		       (value[0] != '0' || digits == 1);
	strv_split(&choices, option->choices, "|");
	return strv_has(&choices, value);
}
