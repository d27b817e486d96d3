/* Access to build options by name, from the table in cpython/cpython.h. */
#include <stdlib.h>
#include <string.h>

#include "cpython/cpython.h"

#define ROW(field, name, variable, kind, choices, also, standard, compiles, always, help)          \
	{name, variable, offsetof(struct cpython_options, field), choices, also, standard,         \
		compiles, always},
const struct cpython_option cpython_option_table[] = {
	CPYTHON_OPTIONS_OF_WHAT(ROW) CPYTHON_OPTIONS_OF_HOW(ROW)};
const size_t cpython_n_options = ARRAY_SIZE(cpython_option_table);

void cpython_defaults(struct cpython_options *options)
{
	*options = (struct cpython_options){0};
	cpython_fill_defaults(options);
}

void cpython_fill_defaults(struct cpython_options *o)
{
	for (size_t i = 0; i < cpython_n_options; i++)
		if (!cpython_option_get(o, &cpython_option_table[i]))
			cpython_option_set(
				o, &cpython_option_table[i], cpython_option_table[i].standard);
	o->profile = o->profile ? o->profile : "locked";
	o->train = o->train ? o->train : "pgo";
}

void cpython_fill(
	struct cpython_options *o, const struct cpython_setting *settings, size_t n_settings)
{
	for (size_t i = 0; i < n_settings; i++) {
		const struct cpython_option *option = cpython_find_option(settings[i].option);

		if (!cpython_option_get(o, option))
			cpython_option_set(o, option, settings[i].value);
	}
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

const char *cpython_option_choice(const struct cpython_option *option, size_t i)
{
	static struct strv choices[ARRAY_SIZE(cpython_option_table)];
	struct strv *all = &choices[option - cpython_option_table];

	if (!all->n)
		strv_split(all, option->choices, "|");
	return i < all->n ? all->v[i] : NULL;
}

int cpython_option_says(const struct cpython_options *o, const char *condition)
{
	size_t n = strcspn(condition, "=");
	bool unless = n && condition[n] && condition[n - 1] == '!';
	CLEANUP_FREE char *name = xstrndup(condition, n - unless);
	const struct cpython_option *option = cpython_find_option(name);

	if (!option || !condition[n] || !cpython_option_takes(option, condition + n + 1))
		return -1;
	return !strcmp(cpython_option_get(o, option), condition + n + 1) != unless;
}

bool cpython_option_takes(const struct cpython_option *option, const char *value)
{
	size_t digits = strspn(value, "0123456789"), i = 0;
	const char *choice;

	if (!strcmp(option->choices, "N"))
		return digits > 0 && digits < 10 && !value[digits] &&
		       (value[0] != '0' || digits == 1);
	while ((choice = cpython_option_choice(option, i)) && strcmp(choice, value) != 0)
		i++;
	return choice != NULL;
}
