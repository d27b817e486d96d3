/* Hardening: the names for what its options amount to, and the compiler's flags for them. */
#include <stdlib.h>
#include <string.h>

#include "cpython/cpython-internal.h"

#define PER_SET 5

/* Each set has the same options. Without any hardening, functions of other files are looked up at
 * start all the same: that is the faster way, too. */
static const struct {
	const char *name;
	struct cpython_setting settings[PER_SET];
} sets[] = {
	/* That of python-build-standalone. */
	{"standard", {{"protector", "weak"}, {"clash", "yes"}, {"fortify", "2"}, {"cet", "no"},
			     {"bind", "now"}}},
	{"none", {{"protector", "none"}, {"clash", "no"}, {"fortify", "0"}, {"cet", "no"},
			 {"bind", "now"}}},
	{"full", {{"protector", "strong"}, {"clash", "yes"}, {"fortify", "3"}, {"cet", "yes"},
			 {"bind", "now"}}},
};

bool cpython_is_hardening(const struct cpython_option *option)
{
	for (size_t i = 0; i < PER_SET; i++)
		if (!strcmp(sets[0].settings[i].option, option->name))
			return true;
	return false;
}

void cpython_fill_hardening(struct cpython_options *o, const char *hardening)
{
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (!strcmp(sets[i].name, hardening))
			cpython_fill(o, sets[i].settings, PER_SET);
}

const char *cpython_hardening_of(const struct cpython_options *o)
{
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		size_t same = 0;

		for (size_t k = 0; k < PER_SET; k++) {
			const struct cpython_setting *s = &sets[i].settings[k];

			same += !strcmp(
				cpython_option_get(o, cpython_find_option(s->option)), s->value);
		}
		if (same == PER_SET)
			return sets[i].name;
	}
	return NULL;
}

/* Said both ways, whatever a distribution has made its compiler's default. */
static const struct {
	const char *option, *value, *machine, *flags; /* machine: NULL: any */
} code[] = {
	{"protector", "none", NULL, "-fno-stack-protector"},
	{"protector", "weak", NULL, "-fstack-protector"},
	{"protector", "strong", NULL, "-fstack-protector-strong"},
	{"clash", "no", "x86_64", "-fno-stack-clash-protection"},
	{"clash", "yes", "x86_64", "-fstack-clash-protection"},
	{"clash", "no", "aarch64", "-fno-stack-clash-protection"},
	{"clash", "yes", "aarch64", "-fstack-clash-protection"},
	{"fortify", "0", NULL, "-U_FORTIFY_SOURCE"},
	{"fortify", "2", NULL, "-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"},
	{"fortify", "3", NULL, "-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"},
	{"cet", "no", "x86_64", "-fcf-protection=none"},
	{"cet", "yes", "x86_64", "-fcf-protection=full"},
	{"cet", "no", "aarch64", "-mbranch-protection=none"},
	{"cet", "yes", "aarch64", "-mbranch-protection=standard"},
	{"frame-pointers", "no", NULL, "-fomit-frame-pointer"},
	{"frame-pointers", "yes", NULL, "-fno-omit-frame-pointer"},
	{"frame-pointers", "leaf", NULL, "-fno-omit-frame-pointer"},
	{"frame-pointers", "yes", "x86_64", "-momit-leaf-frame-pointer"},
	{"frame-pointers", "leaf", "x86_64", "-mno-omit-leaf-frame-pointer"},
	{"frame-pointers", "yes", "aarch64", "-momit-leaf-frame-pointer"},
	{"frame-pointers", "leaf", "aarch64", "-mno-omit-leaf-frame-pointer"},
};

char *cpython_code_flags(const struct cpython_options *o, const struct toolchain *t)
{
	size_t machine = strcspn(t->triple, "-");
	struct buf flags = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(code); i++) {
		const char *value = cpython_option_get(o, cpython_find_option(code[i].option));

		if (strcmp(value, code[i].value) != 0 ||
			(code[i].machine && (strlen(code[i].machine) != machine ||
						    strncmp(code[i].machine, t->triple, machine))))
			continue;
		buf_addf(&flags, "%s%s", flags.len ? " " : "", code[i].flags);
	}
	return buf_steal(&flags);
}
