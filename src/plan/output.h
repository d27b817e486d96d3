/* What a step may leave as its output.
 *
 * A step's script is a stranger's, and its output is copied, packed and merged by programs outside
 * of the sandbox: ours, tar, the user's. So it holds nothing but folders, files and links that stay
 * within it, wherever it is laid.
 */
#ifndef SOLDER_PLAN_OUTPUT_H
#define SOLDER_PLAN_OUTPUT_H

#include "base/err.h"

/* Refuses a tree that is a link itself or that holds a device, a pipe, a socket, a file with setuid
 * or setgid, or a link that is absolute or climbs out of the tree. ".." behind a name in a link is
 * refused, too, since the name may be a link. A link that leads nowhere within the tree is fine. */
int output_check(const char *tree, struct err *err);

#endif
