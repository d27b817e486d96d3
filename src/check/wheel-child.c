/* A wheel of a list in a process of its own. */
#include <stdlib.h>

#include "base/file.h"
#include "check/check-internal.h"
#include "proc/proc.h"

int wheel_child_start(struct wheel_child *c, const struct wheel_list *list, size_t at,
	const struct proc_spec *spec, struct progress *progress, struct proc **ret, struct err *err)
{
	CLEANUP_FREE char *label = NULL;

	if (make_dirs(c->dir, err) < 0 || proc_start(spec, ret, err) < 0)
		return -1;
	label = xasprintf("%s (%zu of %zu)", list->v[at].name, at + 1, list->n);
	c->line = progress_start(progress, label, 0);
	return 0;
}

void wheel_child_drop(const struct wheel_child *c, struct progress *progress)
{
	struct err ignored = ERR_INIT;

	progress_end(progress, c->line, "ended");
	tree_remove(c->dir, &ignored);
}

int wheel_child_end(const struct wheel_child *c, struct proc *proc, struct progress *progress,
	json_t **answer, struct err *how, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/" WHEEL_ANSWER, c->dir);
	struct err ignored = ERR_INIT;

	*how = (struct err)ERR_INIT;
	if (proc_result(proc, how) < 0 && how->code == ERR_INTERRUPTED) {
		wheel_child_drop(c, progress);
		*err = *how;
		return -1;
	}
	*answer = py_json_load(path, &ignored);
	return 0;
}
