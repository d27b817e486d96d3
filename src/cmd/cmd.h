/* The subcommands: options in, rooms called, words out. */
#ifndef SOLDER_CMD_H
#define SOLDER_CMD_H

#include <jansson.h>

#include "usage/usage.h"
#include "report/report.h"

/* All of them, in the order of `solder --help`: the one place where a command is entered. The
 * makefile and tests ask the program. */
#define COMMANDS(each)                                                                             \
	each(bench) each(build) each(cache) each(check) each(explain) each(fetch) each(inspect)    \
		each(list) each(pack) each(show) each(unpack) each(man) each(completion)
#define DECLARE_COMMAND(name) extern const struct command cmd_##name;
COMMANDS(DECLARE_COMMAND)

extern const struct command *const commands[];
extern const size_t n_commands;
/* NULL: there is none of that name. */
const struct command *cmd_find(const char *name);
/* What solder is, in a sentence. */
extern const char solder_about[];

/* Splits "cpython", "cpython@3.13", "cpython@3.13.5" or "3.13"; *version points into word, or is
 * NULL. */
int cmd_parse_package(const char *word, const char **version, struct err *err);

/* A new folder solder-NAME.XXXXXX in `within` (NULL: in TMPDIR if that is an absolute path, else in
 * /tmp), as an absolute path, to be freed; NULL on failure. The caller removes it. */
char *cmd_scratch(const char *within, const char *name, struct err *err);

/* The same for what is run there: fails where the file system is mounted noexec, and would make
 * every program look as if it were broken. */
char *cmd_scratch_exec(const char *name, struct err *err);

/* Could a file or folder be made, or written over, at `path`? Asked before long work, not after. */
int cmd_check_output(const char *path, struct err *err);

/* Prints a document to stdout, in colour on a terminal unless NO_COLOR is set. */
void cmd_print(const struct doc *doc);

/* The text of a key of a JSON object, or NULL. */
const char *cmd_text(const json_t *object, const char *key);

#endif
