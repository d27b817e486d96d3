/* Locating solder's own data folders. */
#ifndef SOLDER_BASE_DATA_H
#define SOLDER_BASE_DATA_H

#include "base/err.h"

/* Finds one ("recipes", "probes", …): `given`, else the value of SOLDER_RECIPES (and so on), else
 * the one shipped with the program: next to it in a source tree, in ../share/solder when installed.
 * The caller frees *ret. */
int data_folder(const char *name, const char *given, char **ret, struct err *err);

#endif
