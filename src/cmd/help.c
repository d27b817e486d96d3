/* solder man, solder completion. */
#include <string.h>

#include "cmd/cmd.h"
#include "usage/usage.h"

const char solder_about[] =
	"solder builds relocatable CPython distributions whose interpreter carries libpython,\n"
	"and that still ship libpython.so and libpython.a: from one compile.";

const struct command *cmd_find(const char *name)
{
	for (size_t i = 0; i < n_commands; i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	}
	return NULL;
}

static int run_man(const void *values, const struct strv *args, struct err *err)
{
	const struct command *cmd = args->n ? cmd_find(args->v[0]) : NULL;

	(void)values;
	if (!args->n || !strcmp(args->v[0], "solder")) {
		usage_man_all(stdout, solder_about, commands, n_commands);
		return 0;
	}
	if (!cmd)
		return err_set(err, ERR_USAGE, "there is no command '%s'", args->v[0]);
	usage_man(stdout, cmd, commands, n_commands);
	return 0;
}

static int run_completion(const void *values, const struct strv *args, struct err *err)
{
	(void)values;
	return usage_completion(stdout, args->v[0], commands, n_commands, err);
}

const struct command cmd_man = {
	.name = "man",
	.summary = "print the man page of a command",
	.args = "[COMMAND]",
	.about = "Prints the man page of a command in roff. Without one: that of solder itself.",
	.example = "solder man build | man -l -",
	.max_args = 1,
	.run = run_man,
};

const struct command cmd_completion = {
	.name = "completion",
	.summary = "print shell completion",
	.args = "bash|zsh|fish",
	.about = "Prints a script that completes commands, options and their values.",
	.example = "solder completion bash > ~/.local/share/bash-completion/completions/solder",
	.min_args = 1,
	.max_args = 1,
	.run = run_completion,
};
