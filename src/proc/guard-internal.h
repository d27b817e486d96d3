/* The process between solder and each child of its own.
 *
 * A child can leave its group, its session and its parent, but not the subreaper above it. So each
 * child has one: the guardian, which does nothing but wait until the child ends or GUARD_END comes,
 * from solder or, when solder dies, from the kernel. Then it ends whatever is left below it, and
 * ends as the child did. Its own number is the only one that solder ever signals, and stays its own
 * until solder reaps it.
 */
#ifndef SOLDER_PROC_GUARD_INTERNAL_H
#define SOLDER_PROC_GUARD_INTERNAL_H

#include <signal.h>
#include <sys/types.h>

#define GUARD_END SIGUSR1

/* Makes the calling process, a fresh fork of `parent` with all signals blocked, a guardian and
 * forks its child. Returns as fork() does. */
pid_t guard_fork(pid_t parent);
/* The guardian's life. A SIGTERM is passed on to the group of the child. The descriptor `lock`
 * (0: none) stays open until nothing is left. */
_Noreturn void guard_watch(pid_t child, int lock);

/* close_range() of all from `from` on, also where the kernel does not have it. */
void guard_descriptors(int from, int flags);

#endif
