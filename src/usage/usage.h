/* What a command says of itself, from its table of options: help, man pages, completion. */
#ifndef SOLDER_USAGE_H
#define SOLDER_USAGE_H

#include <stdio.h>

#include "base/err.h"
#include "usage/opt.h"

/* Fits 80 columns. Line ends within a paragraph of `about` mean nothing; a line "word  text", with
 * two spaces or more, begins a term of a list. */
void usage_help(FILE *out, const struct command *cmd);
/* The lines of the options that every command takes. */
void usage_help_globals(FILE *out);
/* A man page in section 1, in man(7) macros, that names the other commands, too. */
void usage_man(FILE *out, const struct command *cmd, const struct command *const *cmds, size_t n);
/* That of the program as a whole: `about`, and the commands with their summaries. */
void usage_man_all(FILE *out, const char *about, const struct command *const *cmds, size_t n);
/* Completion for "bash", "zsh" or "fish" over all commands; -1 for another shell. */
int usage_completion(
	FILE *out, const char *shell, const struct command *const *cmds, size_t n, struct err *err);

#endif
