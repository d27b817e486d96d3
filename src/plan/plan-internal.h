/* Between the files of this room. */
#ifndef SOLDER_PLAN_INTERNAL_H
#define SOLDER_PLAN_INTERNAL_H

#include "plan/plan.h"

/* ---- failure.c ------------------------------------------------------------------------------- */

/* Adds information from the log to a step's failure: the likely cause (as the hint), the last lines
 * and the log's path. */
void explain_failure(const char *log, struct err *err);

/* ---- elsewhere.c ----------------------------------------------------------------------------- */

/* True if the step is to be made elsewhere: it consists of its script alone. */
bool elsewhere_takes(const struct plan_options *o, const struct step *s);
/* Starts the command for the folder `dir`, after `run` in the child, which is given `ctx`. `slot`
 * is from 1; no two commands that run at the same time have the same. */
struct elsewhere_start {
	const char *dir;
	unsigned int slot;
	int out, lock;
	int (*run)(void *ctx, struct err *err);
	void *ctx;
};
int elsewhere_start(const struct plan_options *o, const struct step *s,
	const struct elsewhere_start *start, struct proc **ret, struct err *err);
/* Appends what the step's programs printed, which the command may have brought, to the log. */
void elsewhere_take_log(const char *dir, const char *log);

/* ---- launch.c -------------------------------------------------------------------------------- */

bool launch_takes(const struct plan_options *o, const struct step *s);
/* The launcher's program; NULL: it is not installed. */
char *launch_program(const char *launcher);
/* Adds what our environment tells it: DISTCC_HOSTS, ICECC_..., CCACHE_DIR. */
void launch_env(const char *launcher, struct strv *env);
/* What sandbox_prefix() is to open: the script stands for the compilers. `root` is the step's
 * folder. */
int launch_open(const struct plan_options *o, const struct step *s, const char *root,
	struct strv *opened, struct err *err);

#endif
