/* Whose a folder is. What another user can write is not what we have put there. */
#ifndef SOLDER_BASE_TRUST_H
#define SOLDER_BASE_TRUST_H

#include <stdbool.h>

#include "base/err.h"

/* Fails (ERR_ENVIRONMENT, with a hint) if `path`, a folder, belongs to another user than this one,
 * root, or whom "/" belongs to, or if others can write in it. `sticky`: they may, where nobody can
 * rename what is another's, as in /tmp. A folder that is not there is fine. */
int folder_trust(const char *path, bool sticky, struct err *err);
/* The same for the folders above `path`, where sticky ones are fine. */
int folder_trust_above(const char *path, struct err *err);

#endif
