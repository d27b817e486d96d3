/* Steps that another machine makes: a command of the user's takes a step's folder there and back.
 * What the folder holds is the farm room's. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/below.h"
#include "base/file.h"
#include "plan/plan-internal.h"

bool elsewhere_takes(const struct plan_options *o, const struct step *s)
{
	return o->elsewhere && !s->prepare;
}

int elsewhere_start(const struct plan_options *o, const struct step *s,
	const struct elsewhere_start *start, struct proc **ret, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	CLEANUP_FREE char *dir = proc_quote(start->dir), *name = proc_quote(s->id);
	CLEANUP_FREE char *slot = xasprintf("%u", start->slot);
	const char *const places[][2] = {{"{slot}", slot}, {"{name}", name}, {"{dir}", dir}};
	CLEANUP_BUF struct buf command = BUF_INIT;

	buf_adds(&command, o->elsewhere->command);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		buf_replace(&command, places[i][0], places[i][1]);
	strv_add(&argv, "/bin/sh");
	strv_add(&argv, "-c");
	/* The shell waits for what it runs, which ends itself and what it began elsewhere. */
	strv_addf(&argv, "trap 'exit 143' TERM\n%s", command.data);
	/* It is the user's own: agents, clusters and queues are found by what is set there. */
	for (char **e = environ; *e; e++)
		strv_add(&env, *e);
	return proc_start(&(struct proc_spec){.argv = &argv,
				  .env = &env,
				  .out = start->out,
				  .err = -1,
				  .lock = start->lock,
				  .run = start->run,
				  .ctx = start->ctx},
		ret, err);
}

void elsewhere_take_log(const char *dir, const char *log)
{
	CLEANUP_CLOSE int to = open(log, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	CLEANUP_FOLDER struct folder top = FOLDER_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;

	/* A worker that never ran has left none. */
	if (to >= 0 && folder_open(dir, &top, &ignored) == 0 &&
		file_read_below(&top, "log", STEP_LOG_MAX, &text, &ignored) == 0 && text.len &&
		write_fully(to, text.data, text.len) < 0)
		return;
}
