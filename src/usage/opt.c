#include "usage/usage.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "base/term.h"

/* Their values. */
struct global {
	const char *colour;
	bool quiet;
};

const struct opt opt_globals[] = {
	{"color", 0, OPT_CHOICE, "auto|always|never", "colours and bold; auto: on a terminal",
		offsetof(struct global, colour)},
	{"quiet", 'q', OPT_FLAG, NULL, "no progress, only warnings and errors",
		offsetof(struct global, quiet)},
};
const size_t opt_n_globals = ARRAY_SIZE(opt_globals);

/* The option that a word such as "--name=value" or "-nvalue" is about. */
static const struct opt *find(const struct opt *opts, size_t n_opts, const char *word)
{
	size_t n = word[1] == '-' ? strcspn(word + 2, "=") : 0;

	for (size_t i = 0; i < n_opts; i++) {
		if (n ? strlen(opts[i].name) == n && !strncmp(opts[i].name, word + 2, n)
		      : word[1] != '-' && opts[i].letter == word[1])
			return &opts[i];
	}
	return NULL;
}

static int unknown(const struct command *cmd, const char *word, struct err *err)
{
	const char *names[64], *near;
	size_t n = 0;

	for (; n < cmd->n_opts && n < ARRAY_SIZE(names) - opt_n_globals; n++)
		names[n] = cmd->opts[n].name;
	for (size_t i = 0; i < opt_n_globals; i++)
		names[n++] = opt_globals[i].name;
	err_set(err, ERR_USAGE, "'%s' is not an option of 'solder %s'", word, cmd->name);
	near = nearest_name(word + strspn(word, "-"), names, n);
	if (near)
		return err_hint(err, "did you mean '--%s'?", near);
	return err_hint(err, "'solder %s --help' lists the options", cmd->name);
}

static bool is_choice(const char *choices, const char *value)
{
	size_t n = strcspn(value, "|");

	if (value[n])
		return false;
	for (const char *p = choices; p && n; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL) {
		if (!strncmp(p, value, n) && (p[n] == '|' || !p[n]))
			return true;
	}
	return false;
}

static int store(const struct opt *o, const char *value, void *values, struct err *err)
{
	void *slot = (char *)values + o->offset;
	char *end;
	unsigned long number;

	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)slot = true;
		return 0;
	case OPT_CHOICE:
		if (!is_choice(o->arg, value))
			return err_set(err, ERR_USAGE, "--%s cannot be '%s', only %s", o->name,
				value, o->arg);
		*(const char **)slot = value;
		return 0;
	case OPT_STRING:
		if (!*value)
			return err_set(err, ERR_USAGE, "--%s needs a %s", o->name, o->arg);
		*(const char **)slot = value;
		return 0;
	case OPT_COUNT:
		errno = 0;
		number = strtoul(value, &end, 10);
		if (errno || end == value || *end || *value == '-' || number < 1 || number > 4096)
			return err_set(err, ERR_USAGE,
				"--%s takes a number from 1 to 4096, not '%s'", o->name, value);
		*(unsigned int *)slot = (unsigned int)number;
		return 0;
	case OPT_LIST:
		if (!*value)
			return err_set(err, ERR_USAGE, "--%s needs a value: %s", o->name, o->arg);
		strv_add(slot, value);
		return 0;
	}
	bug("option '%s' has no kind", o->name);
}

/* Handles argv[*i], which is about the option `o`; moves *i to the last word that it used up. */
static int parse_option(const struct opt *o, char **argv, size_t *i, void *values, struct err *err)
{
	const char *word = argv[*i], *value = NULL;

	if (word[1] != '-')
		value = word[2] ? word + 2 : NULL;
	else if (strchr(word, '='))
		value = strchr(word, '=') + 1;
	if (o->kind == OPT_FLAG && value)
		return err_set(err, ERR_USAGE, "--%s takes no value", o->name);
	if (o->kind != OPT_FLAG && !value) {
		value = argv[*i + 1];
		if (!value)
			return err_set(err, ERR_USAGE, "--%s needs a value: %s", o->name, o->arg);
		++*i;
	}
	return store(o, value, values, err);
}

int opt_global(char **argv, size_t *i, struct err *err)
{
	const struct opt *o = find(opt_globals, opt_n_globals, argv[*i]);
	struct global given = {0};

	if (!o || (argv[*i][1] != '-' && argv[*i][2]))
		return 0;
	if (parse_option(o, argv, i, &given, err) < 0)
		return -1;
	if (given.colour)
		term_set_colour(!strcmp(given.colour, "always")  ? TERM_ALWAYS
				: !strcmp(given.colour, "never") ? TERM_NEVER
								 : TERM_AUTO);
	if (given.quiet)
		progress_set_quiet();
	return 1;
}

/* An option of the command, or one of all. */
static int parse_any(
	const struct command *cmd, char **argv, size_t *i, void *values, struct err *err)
{
	const struct opt *o = find(cmd->opts, cmd->n_opts, argv[*i]);
	int got;

	if (o && (o->kind != OPT_FLAG || argv[*i][1] == '-' || !argv[*i][2]))
		return parse_option(o, argv, i, values, err);
	got = o ? 0 : opt_global(argv, i, err);
	return got ? got : unknown(cmd, argv[*i], err);
}

int opt_parse(
	const struct command *cmd, char **argv, void *values, struct strv *args, struct err *err)
{
	bool options = true;

	if (cmd->defaults)
		cmd->defaults(values);
	for (size_t i = 0; argv[i]; i++) {
		if (!options || argv[i][0] != '-' || !argv[i][1]) {
			strv_add(args, argv[i]);
		} else if (!strcmp(argv[i], "--")) {
			options = false;
		} else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			return 1;
		} else if (parse_any(cmd, argv, &i, values, err) < 0) {
			if (!err->hint[0])
				err_hint(err, "see 'solder %s --help'", cmd->name);
			return -1;
		}
	}
	if (args->n < cmd->min_args || args->n > cmd->max_args) {
		err_set(err, ERR_USAGE, "'solder %s' takes %s%s", cmd->name,
			*cmd->args ? cmd->args : "no arguments",
			args->n > cmd->max_args ? ", and no more" : "");
		return err_hint(err, "see 'solder %s --help'", cmd->name);
	}
	return 0;
}

void opt_release(const struct command *cmd, void *values)
{
	for (size_t i = 0; i < cmd->n_opts; i++) {
		if (cmd->opts[i].kind == OPT_LIST)
			strv_release((struct strv *)((char *)values + cmd->opts[i].offset));
	}
}
