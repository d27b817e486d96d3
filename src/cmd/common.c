#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/cmd.h"

int cmd_recipes(const char *given, char **ret, struct err *err)
{
	static const char *const beside[] = {"../recipes", "../share/solder/recipes"};
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (!given)
		given = getenv("SOLDER_RECIPES");
	if (given && path_is_dir(given)) {
		*ret = path_absolute(given);
		return 0;
	}
	if (given)
		return err_set(err, ERR_INPUT, "there is no folder '%s'", given);
	exe[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		CLEANUP_FREE char *dir = path_dir(exe);
		CLEANUP_FREE char *path = xasprintf("%s/%s", dir, beside[i]);

		if (path_is_dir(path) && (*ret = realpath(path, NULL)))
			return 0;
	}
	err_set(err, ERR_INPUT, "the recipes are not where they should be, beside the program");
	return err_hint(err, "name their folder with --recipes DIR");
}

int cmd_parse_package(const char *word, const char **version, struct err *err)
{
	size_t n = strcspn(word, "@");

	*version = word[n] ? word + n + 1 : NULL;
	if (n == 7 && !strncmp(word, "cpython", n) && (!word[n] || word[n + 1]))
		return 0;
	err_set(err, ERR_USAGE, "'%s' cannot be built, only cpython", word);
	return err_hint(err, "write cpython, cpython@3.13 or cpython@3.13.5");
}
