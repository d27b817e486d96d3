/* The options of a build by name. Declared in cpython/cpython.h. */
#include <string.h>

#include "base/buf.h"
#include "cpython/cpython.h"

#define AT(field) offsetof(struct cpython_options, field)

const struct cpython_option cpython_option_table[] = {
	{"link", "LINK", AT(link), "static|shared", false, true},
	{"opt", "OPT", AT(opt), "none|pgo", true, true},
	{"lto", "LTO", AT(lto), "none|thin|full", true, true},
	{"tls", "TLS", AT(tls), "initial-exec|global-dynamic|desc", true, true},
	{"pie", "PIE", AT(pie), "yes|no", false, true},
	{"interposition", "INTERPOSITION", AT(interposition), "no|yes", true, false},
	{"plt", "PLT", AT(plt), "yes|no", true, false},
	{"visibility", "VISIBILITY", AT(visibility), "hidden|default", true, false},
	{"symbolic", "SYMBOLIC", AT(symbolic), "yes|no", false, false},
	{"bind", "BIND", AT(bind), "now|lazy", false, false},
	{"shuffle", "SHUFFLE", AT(shuffle), NULL, false, false},
};
const size_t cpython_n_options = ARRAY_SIZE(cpython_option_table);

void cpython_defaults(struct cpython_options *options)
{
	*options = (struct cpython_options){.link = "static",
		.opt = "none",
		.lto = "none",
		.tls = "initial-exec",
		.pie = "yes",
		.interposition = "no",
		.plt = "yes",
		.visibility = "hidden",
		.symbolic = "yes",
		.bind = "now",
		.shuffle = "0"};
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
	const char *value = cpython_option_get(o, which);
	const char *choices = which->choices ? which->choices : "0";
	size_t n = strcspn(choices, "|");

	return strlen(value) == n && !strncmp(value, choices, n);
}

bool cpython_option_takes(const struct cpython_option *option, const char *value)
{
	CLEANUP_STRV struct strv choices = STRV_INIT;
	size_t digits = strspn(value, "0123456789");

	if (!option->choices)
		return digits > 0 && digits < 10 && !value[digits] &&
		       (value[0] != '0' || digits == 1);
	strv_split(&choices, option->choices, "|");
	return strv_has(&choices, value);
}
