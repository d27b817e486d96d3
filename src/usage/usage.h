/* Command lines, described once.
 *
 * A command is a table of options and a function. The same table drives parsing, `--help`, the
 * man page and shell completion, so that they cannot disagree. Values land in a
 * struct of the command's own, at the offsets that the table names; fields keep their zero value
 * when the option is not given, unless the command's `defaults` sets them. Lists start empty.
 */
#ifndef SOLDER_USAGE_H
#define SOLDER_USAGE_H

#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

enum opt_kind {
	OPT_FLAG,   /* bool */
	OPT_STRING, /* const char *, borrowed from argv */
	OPT_CHOICE, /* const char *, one of `choices` */
	OPT_COUNT,  /* unsigned int, 1 to 4096 */
	OPT_LIST,   /* struct strv: each time that the option is given adds one */
};

struct opt {
	const char *name; /* without the two dashes */
	char letter;      /* 0: none */
	enum opt_kind kind;
	const char *arg; /* placeholder in help: "DIR"; for choices "a|b|c" */
	const char *help;
	size_t offset; /* of the value in the command's struct */
};

struct command {
	const char *name;
	const char *summary; /* one line, lower case, no full stop */
	const char *args;    /* "PACKAGE[@VERSION]", "[DIR]"; "" for none */
	const char *about;   /* paragraphs separated by an empty line, for help and man page */
	const char *example; /* lines, each a command */
	const struct opt *opts;
	size_t n_opts;
	size_t values_size;
	void (*defaults)(void *values); /* may be NULL */
	unsigned int min_args, max_args;
	/* Returns the exit code (0, or 1 for a finding), or -1 with err. */
	int (*run)(const void *values, const struct strv *args, struct err *err);
};

/* Parses what follows the command's name. Options and arguments mix; "--" ends options;
 * "--opt=value", "--opt value", "-o value" and "-ovalue" are understood. On success returns 0, or
 * 1 when help was asked for. Errors have ERR_USAGE and suggest the nearest option. */
int opt_parse(
	const struct command *cmd, char **argv, void *values, struct strv *args, struct err *err);

/* Handles argv[*i] if it is an option of every command (--color, --quiet), which opt_parse() takes
 * too, and moves *i to the last word that it used up: 1; else 0, or -1. */
int opt_global(char **argv, size_t *i, struct err *err);

/* Frees what lists hold; `values` itself is the caller's. */
void opt_release(const struct command *cmd, void *values);

/* Options of every command, before or after its name. */
extern const struct opt opt_globals[];
extern const size_t opt_n_globals;

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
