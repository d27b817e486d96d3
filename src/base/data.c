#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/data.h"
#include "base/file.h"

int data_folder(const char *name, const char *given, char **ret, struct err *err)
{
	static const char *const places[] = {"..", "../share/solder"};
	CLEANUP_FREE char *variable = xasprintf("SOLDER_%s", name), *dir = NULL;
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	for (char *p = variable; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	if (!given)
		given = getenv(variable);
	if (given && path_is_dir(given)) {
		*ret = path_absolute(given);
		return 0;
	}
	if (given)
		return err_set(err, ERR_INPUT, "there is no folder '%s'", given);
	exe[n > 0 ? n : 0] = '\0';
	dir = path_dir(exe);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s/%s", dir, places[i], name);

		if (path_is_dir(path) && (*ret = realpath(path, NULL)))
			return 0;
	}
	err_set(err, ERR_INPUT, "the %s are not where they should be, next to the program", name);
	return err_hint(err, "install solder as a whole, or name their folder in $%s", variable);
}
