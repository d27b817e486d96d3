/* Inside the room: how interpreters are run. */
#ifndef SOLDER_EXPLAIN_RUN_INTERNAL_H
#define SOLDER_EXPLAIN_RUN_INTERNAL_H

#include "explain/explain.h"

/* The whole environment of every run. */
void run_environment(struct strv *env);

/* Runs `argv` in the folder `cwd` under ptrace. *why receives why nothing is known (to be freed):
 * the kernel does not allow it, the program failed. -1 only when interrupted. */
int trace_run(const struct strv *argv, const struct strv *env, const char *cwd,
	struct explain_trace *trace, char **why, struct err *err);
/* Adds the mappings of the text of /proc/PID/smaps. */
void trace_read_smaps(const char *text, struct explain_trace *trace);
void trace_release(struct explain_trace *trace);

#endif
