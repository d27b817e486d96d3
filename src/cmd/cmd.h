/* The subcommands: parse options, call the rooms, print results. */
#ifndef SOLDER_CMD_H
#define SOLDER_CMD_H

#include <jansson.h>

#include "usage/usage.h"
#include "report/report.h"

/* All commands, in the order of `solder --help`: the only place where a command is registered. The
 * makefile and tests query the program. */
#define COMMANDS(each)                                                                             \
	each(bench) each(build) each(cache) each(check) each(explain) each(fetch) each(inspect)    \
		each(list) each(lock) each(matrix) each(pack) each(show) each(step) each(unpack)   \
			each(man) each(completion)
#define DECLARE_COMMAND(name) extern const struct command cmd_##name;
COMMANDS(DECLARE_COMMAND)

extern const struct command *const commands[];
extern const size_t n_commands;
/* NULL if there is no such command. */
const struct command *cmd_find(const char *name);
/* One-sentence description of solder. */
extern const char solder_about[];

/* What 'solder list targets' prints. */
int cmd_list_targets(bool json, struct err *err);

/* What 'solder build --matrix' does with a file of rows; `base` is what they have in common. */
struct cmd_matrix_run {
	const char *file;
	bool list, keep_going, why, dry_run, json;
};
struct cpython_request;
int cmd_build_matrix(
	const struct cmd_matrix_run *c, const struct cpython_request *base, struct err *err);
/* Reads options of 'solder build' that all rows of a matrix have in common, from words that the
 * request then borrows; those that make no sense for all are an error. */
int cmd_build_common(const struct strv *words, struct cpython_request *ret, struct err *err);

/* Splits "cpython", "cpython@3.13", "cpython@3.13.5" or "3.13"; *version points into word, or is
 * NULL. */
int cmd_parse_package(const char *word, const char **version, struct err *err);

/* Creates a new folder solder-NAME.XXXXXX in `within` (NULL: in TMPDIR if that is an absolute path,
 * else in /tmp). Returns its absolute path, which the caller frees, or NULL on failure. The caller
 * removes the folder. */
char *cmd_scratch(const char *within, const char *name, struct err *err);

/* The same for programs to be run there: fails if the file system is mounted noexec, which would
 * make every program look broken. */
char *cmd_scratch_exec(const char *name, struct err *err);

/* Checks that a file or folder could be created, or overwritten, at `path`. To be called before
 * long work, not after. */
int cmd_check_output(const char *path, struct err *err);

/* Prints a document to stdout; uses colour on a terminal unless NO_COLOR is set. */
void cmd_print(const struct doc *doc);

#endif
