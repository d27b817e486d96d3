#include "base/trust.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* In a user namespace root's folders may show as nobody's: whom "/" belongs to can do anything. */
static bool is_trusted(uid_t owner)
{
	struct stat root;

	return owner == geteuid() || owner == 0 || (stat("/", &root) == 0 && owner == root.st_uid);
}

int folder_trust(const char *path, bool sticky, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : err_sys(err, "cannot examine '%s'", path);
	if (!is_trusted(st.st_uid)) {
		err_set(err, ERR_ENVIRONMENT, "'%s' belongs to another user (%u)", path, st.st_uid);
		return err_hint(err, "what is in it could be anything; use a folder of your own");
	}
	if (st.st_mode & 022 && !(sticky && st.st_mode & S_ISVTX)) {
		err_set(err, ERR_ENVIRONMENT, "other users can write in '%s'", path);
		return err_hint(err, "if what is in it is to be trusted: chmod -R go-w '%s'", path);
	}
	return 0;
}

int folder_trust_above(const char *path, struct err *err)
{
	CLEANUP_FREE char *at = path_absolute(path), *real = NULL;

	for (;;) {
		char *above = path_dir(at);

		free(at);
		at = above;
		real = realpath(at, NULL);
		if (real || !strcmp(at, "/"))
			break;
	}
	while (real) {
		char *above;

		if (folder_trust(real, true, err) < 0)
			return -1;
		if (!strcmp(real, "/"))
			break;
		above = path_dir(real);
		free(real);
		real = above;
	}
	return 0;
}
