#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/term.h"
#include "proc/lock.h"
#include "cmd/cmd.h"

char *cmd_scratch(const char *within, const char *name, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	/* Programs run there use another working directory. */
	CLEANUP_FREE char *folder = path_absolute(within               ? within
						  : tmp && *tmp == '/' ? tmp
								       : "/tmp");
	CLEANUP_FREE char *prefix = xasprintf("solder-%s", name);

	if (!within && folder_trust(folder, true, err) < 0) {
		err_hint(err, "name another folder with TMPDIR");
		return NULL;
	}
	return scratch_make(folder, prefix, err);
}

char *cmd_scratch_exec(const char *name, struct err *err)
{
	CLEANUP_FREE char *path = cmd_scratch(NULL, name, err);
	struct err ignored = ERR_INIT;
	struct statvfs fs;

	if (!path || statvfs(path, &fs) < 0 || !(fs.f_flag & ST_NOEXEC))
		return steal(&path);
	tree_remove(path, &ignored);
	err_set(err, ERR_ENVIRONMENT, "no program can be run in '%s': it is mounted noexec", path);
	err_hint(err, "name another folder with TMPDIR");
	return NULL;
}

int cmd_check_output(const char *path, struct err *err)
{
	CLEANUP_FREE char *dir = path_dir(path);
	const char *asked = path_exists(path) ? path : dir;

	return access(asked, path_is_dir(asked) ? W_OK | X_OK : W_OK) < 0
		       ? err_sys(err, "cannot write '%s'", path)
		       : 0;
}

void cmd_print(const struct doc *doc)
{
	doc_write_text(doc, stdout, 0, term_colour(stdout));
}

int cmd_parse_package(const char *word, const char **version, struct err *err)
{
	size_t n = strcspn(word, "@");

	/* "3.14" alone is unambiguous. */
	if (word[0] >= '0' && word[0] <= '9') {
		*version = word;
		return 0;
	}
	*version = word[n] ? word + n + 1 : NULL;
	if (n == 7 && !strncmp(word, "cpython", n) && (!word[n] || word[n + 1]))
		return 0;
	err_set(err, ERR_USAGE, "'%s' cannot be built; only cpython can", word);
	return err_hint(err, "write cpython, 3.13 or cpython@3.13.5");
}
